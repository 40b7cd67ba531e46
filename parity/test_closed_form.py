"""The closed form against torch's own _get_closed_form_lr, where torch has one."""

import warnings

import numpy as np
import pytest

from jaxlr._machine.trajectory import trajectory
from jaxlr._ulp import compare
from parity.cases import CASES, Case

# What the stepped torch object does is not what torch's closed form says; the stepped value counts.
DIFFERENT = {
    "ConstantLR(lr=0.1, factor=0.5, total_iters=0)": "the factor stays for ever; the closed form never has it",
    "MultiStepLR(lr=0.1, milestones=[-3, 4, 10000000], gamma=0.2)": "-3 is never reached; the closed form counts it",
    "LinearLR(lr=0.1, start_factor=0.5, total_iters=0)": "start_factor stays; the closed form divides by zero",
}


def torch_closed_form(case: Case, steps: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = case.torch_scheduler()
    values = []
    for i in range(steps):
        scheduler.last_epoch = case.last_epoch + 1 + i
        values += scheduler._get_closed_form_lr()
    return np.array(values, np.float64)


WITH_CLOSED_FORM = [case for case in CASES if hasattr(case.torch_scheduler(), "_get_closed_form_lr")]


def test_seven_classes_have_a_closed_form():
    assert len({case.scheduler for case in WITH_CLOSED_FORM}) == 7


@pytest.mark.parametrize("case", [case for case in WITH_CLOSED_FORM if str(case) not in DIFFERENT], ids=str)
def test_within_one_ulp_of_torchs_closed_form(case):
    ours = trajectory(case.schedule(), 2_000, form="closed")
    assert ours.dtype == np.float32
    comparison = compare(ours, torch_closed_form(case, 2_000))
    assert comparison.passed, comparison


@pytest.mark.parametrize("text", DIFFERENT)
def test_where_torchs_closed_form_is_not_its_stepped_value(text):
    (case,) = (case for case in CASES if str(case) == text)
    if case.scheduler == "LinearLR":
        with pytest.raises(ZeroDivisionError):
            torch_closed_form(case, 20)
    else:
        ours = trajectory(case.schedule(), 20, form="closed")
        assert not compare(ours, torch_closed_form(case, 20)).passed
