"""A run of 1,000,000 steps for every class, both forms."""

import pytest

from parity.cases import CASES, Case, shrinking, stepped
from parity.compare import compare_case

MILLION = 1_000_000

LONG = [
    Case("StepLR", {"step_size": 1000, "gamma": 0.99}),
    Case("MultiStepLR", {"milestones": list(range(1000, MILLION, 1000)), "gamma": 0.99}),
    Case("ConstantLR", {"factor": 0.3, "total_iters": MILLION // 2}),
    Case("LinearLR", {"start_factor": 1e-3, "total_iters": MILLION}),
    Case("ExponentialLR", {"gamma": 0.99999}),
    Case("PolynomialLR", {"total_iters": MILLION, "power": 0.9}),
    Case("CosineAnnealingLR", {"T_max": MILLION}),
    Case("CosineAnnealingLR", {"T_max": 333_333, "eta_min": 1e-5}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1000, "T_mult": 2, "eta_min": 1e-5}),
    Case("LambdaLR", {"lr_lambda": shrinking}),
    Case("MultiplicativeLR", {"lr_lambda": shrinking}, total_steps=MILLION),
    Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=MILLION),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "triangular2"}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "exp_range", "gamma": 0.999997}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MILLION}),
    Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": MILLION}),
]


def test_every_class_has_a_long_run():
    assert {case.scheduler for case in LONG} == {case.scheduler for case in CASES}


@pytest.mark.parametrize("case", LONG, ids=str)
def test_a_million_steps_within_one_ulp(case):
    rows = compare_case(case, MILLION)
    assert max(row.comparison.steps for row in rows) == MILLION
    for row in rows:
        assert row.comparison.passed, row
