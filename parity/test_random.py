"""Random legal arguments of every class, both forms, against the stepped torch scheduler."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.cases import CASES, Case
from parity.compare import compare_case
from parity.strategies import ARGUMENTS, STEPS, has_phases, lrs


def test_every_class_is_drawn():
    assert set(ARGUMENTS) == {case.scheduler for case in CASES}


@pytest.mark.parametrize("scheduler", ARGUMENTS)
@given(data=st.data())
def test_random_arguments_are_within_one_ulp_of_torch(scheduler, data):
    cases = st.builds(Case, st.just(scheduler), ARGUMENTS[scheduler], lrs).filter(has_phases)
    case = data.draw(cases)
    for row in compare_case(case, STEPS):
        assert row.comparison.passed, row
