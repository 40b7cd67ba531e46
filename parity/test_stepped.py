"""Every case, both forms, float32 and float64, against the stepped torch scheduler."""

import jax
import numpy as np
import pytest
from each import ONE_OF_EACH, of_which

from jaxlr._machine.trajectory import trajectory
from parity.cases import COMPOSITES, RECIPES, TUTORIALS
from parity.compare import compare_case, torch_trajectory

STEPS = 3_000
ONE_OF_EACH_KIND = [*ONE_OF_EACH, *COMPOSITES[::4]]
ALONE, SHARED = True, False  # a program of its own, or trajectory's, which all of a structure share
HOW = [(case, stateful, x64) for case in RECIPES for stateful in (ALONE, SHARED) for x64 in (False, True)]


def is_quick(how):
    case, stateful, x64 = how
    return stateful == ALONE if case in ONE_OF_EACH_KIND else (stateful, x64) == (SHARED, False)


@pytest.mark.parametrize(("case", "stateful", "x64"), of_which(HOW, is_quick), ids=str)
def test_both_forms_are_within_one_ulp_of_torch(case, stateful, x64):
    with jax.enable_x64(x64):
        schedule = case.schedule()
        first = trajectory(schedule, 1, form="recursive", metrics=case.metrics(1))
        assert first.dtype == (np.float64 if x64 else np.float32)
        rows = compare_case(case, STEPS, stateful=stateful)
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
