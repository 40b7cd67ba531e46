"""Random composites, both sides built from the same data, against the stepped torch objects."""

import pytest
from each import of_which
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.cases import COUNT_DRIVEN
from parity.strategies import chain, check, composites, first_of_member, sequence

STEPS = 80  # a member changes within 60 of them
COMPOSITES = composites(depth=3, steps=STEPS)
EXAMPLES = max(12, settings.default.max_examples)
PARTS = 1 if EXAMPLES == 12 else 10  # a worker takes one after the other
OTHERS = 8 if EXAMPLES == 12 else 4  # recipes of a structure: a hundred of each class, five thousand in make fuzz


@pytest.mark.parametrize("fifth", of_which(range(5), [0]))
@pytest.mark.parametrize("entry", COUNT_DRIVEN, ids=lambda entry: entry.name)
@settings(max_examples=2)  # the smallest numbers, and others
@given(data=st.data())
def test_every_class_before_every_other_is_within_one_ulp_of_torch(entry, fifth, data):
    first = first_of_member(entry, STEPS)
    for other in COUNT_DRIVEN[(COUNT_DRIVEN.index(entry) + fifth) % 5 :: 5]:
        later = first_of_member(other, STEPS)
        if entry.name <= other.name:  # random recipes chain them in the other order too
            check(data, chain(first, later), STEPS, stateful=0, others=1)
        check(data, sequence(first, later, later, steps=STEPS), STEPS, stateful=0, others=1)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("cls", COMPOSITES)
@settings(max_examples=EXAMPLES // PARTS)
@given(data=st.data())
def test_random_nested_recipes_are_within_one_ulp_of_torch(cls, part, data):
    check(data, data.draw(COMPOSITES[cls]), STEPS, stateful=1, others=OTHERS)
