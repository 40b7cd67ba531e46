"""A wrong port is caught: one step late, a factor off by a millionth, float32 arithmetic."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxlr
from jaxlr._machine.trajectory import trajectory
from jaxlr._ulp import compare
from parity.cases import CASES, Case, exponential
from parity.compare import torch_trajectory

STEPS = 3_000

# A recipe of each class that moves at most steps, and the factor of it that is put wrong.
MOVING = [
    (Case("StepLR", {"step_size": 1, "gamma": 0.999}), "gamma"),
    (Case("MultiStepLR", {"milestones": range(1, STEPS), "gamma": 0.999}), "gamma"),
    (Case("ConstantLR", {"factor": 0.3, "total_iters": 500}), "factor"),
    (Case("LinearLR", {"start_factor": 0.1, "total_iters": STEPS}), "start_factor"),
    (Case("ExponentialLR", {"gamma": 0.999}), "gamma"),
    (Case("PolynomialLR", {"total_iters": STEPS, "power": 0.9}), "power"),
    (Case("CosineAnnealingLR", {"T_max": STEPS, "eta_min": 0.01}), "eta_min"),
    (Case("CosineAnnealingWarmRestarts", {"T_0": 100, "eta_min": 0.01}), "eta_min"),
    (Case("LambdaLR", {"lr_lambda": exponential}), "lr"),
    (Case("MultiplicativeLR", {"lr_lambda": exponential}), "lr"),
    (Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}), "max_lr"),
    (Case("OneCycleLR", {"max_lr": 0.1, "total_steps": STEPS}), "max_lr"),
    (Case("SWALR", {"swa_lr": 0.01, "anneal_epochs": STEPS}), "swa_lr"),
]


def judged(ours: np.ndarray, case: Case) -> bool:
    return compare(ours, torch_trajectory(case, len(ours))["lr"]).passed


def test_every_class_is_put_wrong():
    assert {case.scheduler for case, _ in MOVING} == {case.scheduler for case in CASES}


@pytest.mark.parametrize("form", ["closed", "recursive"])
@pytest.mark.parametrize(("case", "factor"), MOVING, ids=lambda value: str(value)[:40])
def test_a_wrong_port_fails(case, factor, form):
    schedule = case.schedule()
    right = trajectory(schedule, STEPS, form=form)
    assert judged(right, case)
    assert not judged(np.concatenate([right[:1], right[:-1]]), case), "one step late"
    assert not judged(np.concatenate([right[1:], right[-1:]]), case), "one step early"
    off = dataclasses.replace(schedule, **{factor: getattr(schedule, factor) * (1 + 1e-6)})
    assert not judged(trajectory(off, STEPS, form=form), case), f"{factor} off by a millionth"
    two_ulp = np.nextafter(np.nextafter(right, np.float32(np.inf)), np.float32(np.inf))
    assert not judged(two_ulp, case), "two ulp"


def test_float32_arithmetic_fails():
    @jax.jit
    def recursion(lr, gamma):
        return jax.lax.scan(lambda lr, _: (lr * gamma, lr), lr, length=STEPS)[1]

    ours = np.asarray(recursion(jnp.float32(0.1), jnp.float32(0.999)))
    assert not judged(ours, Case("ExponentialLR", {"gamma": 0.999}))
    counts = jnp.arange(STEPS)
    for case, schedule in (
        (Case("ExponentialLR", {"gamma": 0.999}), optax.exponential_decay(0.1, 1, 0.999)),
        (Case("PolynomialLR", {"total_iters": STEPS, "power": 0.9}), optax.polynomial_schedule(0.1, 0.0, 0.9, STEPS)),
    ):
        assert not judged(np.asarray(schedule(counts)), case)


def test_a_value_that_is_not_a_number_fails():
    theirs = np.full(3, 0.1)
    assert not compare(np.array([0.1, np.nan, 0.1], np.float32), theirs).passed
    assert compare(np.full(3, 0.1, np.float32), theirs).passed


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (np.ones(3, np.float16), np.ones(3)),
        (np.ones(3, np.float32), np.ones(3, np.float32)),
        (np.ones(3, np.float32), np.ones(4)),
    ],
    ids=["half", "torch rounded", "lengths"],
)
def test_what_cannot_be_compared_is_refused(ours, theirs):
    with pytest.raises(ValueError, match="cannot compare"):
        compare(ours, theirs)


def test_the_public_name_is_the_one_that_is_judged():
    assert jaxlr.trajectory is trajectory
