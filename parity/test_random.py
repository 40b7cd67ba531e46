"""Random legal arguments of every class, both forms, against the stepped torch scheduler."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.cases import COUNT_DRIVEN
from parity.strategies import check, of_class

STEPS = 400


@pytest.mark.parametrize("entry", COUNT_DRIVEN, ids=lambda entry: entry.name)
@given(data=st.data())
def test_random_arguments_are_within_one_ulp_of_torch(entry, data):
    check(data, data.draw(of_class(entry)), STEPS, stateful=1, others=9)
