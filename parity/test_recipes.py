"""Random nested recipes, both sides built from the same data, against the stepped torch objects."""

import dataclasses

from hypothesis import given

from parity.compare import compare_case
from parity.strategies import lrs, recipes


@given(recipe=recipes(depth=3), lr=lrs)
def test_random_nested_recipes_are_within_one_ulp_of_torch(recipe, lr):
    recipe = dataclasses.replace(recipe, lr=lr)
    for row in compare_case(recipe, 200):
        assert row.comparison.passed, row
