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
from parity.case import Case
from parity.cases import CASES, COUNT_DRIVEN, MOVING, OWN
from parity.compare import torch_trajectory


def judged(ours: np.ndarray, case: Case) -> bool:
    return compare(ours, torch_trajectory(case, len(ours))["lr"]).passed


def test_every_class_is_put_wrong():
    assert {entry.moving.scheduler for entry in COUNT_DRIVEN} == {case.scheduler for case in CASES}


# A step of the others gives their closed form.
FORMS = [(entry, form) for entry in COUNT_DRIVEN for form in ("closed", "recursive")]
FORMS += [(entry, "recursive" if entry.name == "InversePower" else "closed") for entry in OWN]


@pytest.mark.parametrize(("entry", "form"), FORMS, ids=[f"{entry.name}-{form}" for entry, form in FORMS])
def test_a_wrong_port_fails(entry, form):
    case, factor = entry.moving, entry.wrong
    schedule = case.schedule()
    right = trajectory(schedule, MOVING, form=form)
    assert judged(right, case)
    assert not judged(np.concatenate([right[:1], right[:-1]]), case), "one step late"
    assert not judged(np.concatenate([right[1:], right[-1:]]), case), "one step early"
    if factor == "lr":
        off = schedule.with_lr(case.lr * (1 + 1e-6))
    else:
        off = dataclasses.replace(schedule, **{factor: getattr(schedule, factor) * (1 + 1e-6)})
    assert not judged(trajectory(off, MOVING, form=form), case), f"{factor} off by a millionth"
    two_ulp = np.nextafter(np.nextafter(right, np.float32(np.inf)), np.float32(np.inf))
    assert not judged(two_ulp, case), "two ulp"


def test_float32_arithmetic_fails():
    @jax.jit
    def recursion(lr, gamma):
        return jax.lax.scan(lambda lr, _: (lr * gamma, lr), lr, length=MOVING)[1]

    ours = np.asarray(recursion(jnp.float32(0.1), jnp.float32(0.999)))
    assert not judged(ours, Case("ExponentialLR", {"gamma": 0.999}))
    counts = jnp.arange(MOVING)
    for case, schedule in (
        (Case("ExponentialLR", {"gamma": 0.999}), optax.exponential_decay(0.1, 1, 0.999)),
        (Case("PolynomialLR", {"total_iters": MOVING, "power": 0.9}), optax.polynomial_schedule(0.1, 0.0, 0.9, MOVING)),
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
