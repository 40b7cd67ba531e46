"""A run of 1,000,000 steps for every class, both forms."""

import pytest
from each import of_which

from parity.cases import CASES, COUNT_DRIVEN, MILLION
from parity.compare import compare_case

LONG = [case for entry in COUNT_DRIVEN for case in entry.million]


def test_every_class_has_a_long_run():
    assert {case.scheduler for case in LONG} == {case.scheduler for case in CASES}


ONE_OF_EACH = {case.scheduler: case for case in LONG}
LENGTHS = [(case, steps) for case in LONG for steps in (MILLION // 20, MILLION)]


@pytest.mark.parametrize(
    ("case", "steps"), of_which(LENGTHS, [(case, MILLION // 20) for case in ONE_OF_EACH.values()]), ids=str
)
def test_a_million_steps_within_one_ulp(case, steps):
    rows = compare_case(case, steps)
    assert max(row.comparison.steps for row in rows) == steps
    for row in rows:
        assert row.comparison.passed, row
