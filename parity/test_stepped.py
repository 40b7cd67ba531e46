"""Every case, both forms, float32 and float64, against the stepped torch scheduler."""

import jax
import numpy as np
import pytest
from each import ONE_OF_EACH, of_which

from jaxlr._machine.trajectory import trajectory
from parity.cases import COMPOSITES, RECIPES, TUTORIALS
from parity.compare import compare_case, torch_trajectory

STEPS = 3_000
IN_FLOAT64 = [*ONE_OF_EACH, *COMPOSITES[::4]]
BOTH = [(case, x64) for case in RECIPES for x64 in (False, True)]


@pytest.mark.parametrize(("case", "x64"), of_which(BOTH, lambda both: not both[1] or both[0] in IN_FLOAT64), ids=str)
def test_both_forms_are_within_one_ulp_of_torch(case, x64):
    with jax.enable_x64(x64):
        schedule = case.schedule()
        first = trajectory(schedule, 1, form="recursive", metrics=case.metrics(1))
        assert first.dtype == (np.float64 if x64 else np.float32)
        rows = compare_case(case, STEPS)
    assert {row.form for row in rows} >= ({"closed", "recursive"} if case.closed else {"recursive"})
    for row in rows:
        assert row.comparison.passed, row


@pytest.mark.parametrize("case", [case for case in TUTORIALS if case.printed], ids=str)
def test_the_tutorials_printed_values(case):
    printed = case.printed.split()
    ours = trajectory(case.schedule(), len(printed))
    theirs = torch_trajectory(case, len(printed))["lr"]
    for text, our, their in zip(printed, ours, theirs, strict=True):
        decimals = len(text.split(".")[1])
        assert f"{our:.{decimals}f}" == f"{their:.{decimals}f}" == text
