"""from_torch of functions that are no code: the formulas that give every value of the run, beside torch, stepped."""

import functools
import math
import pickle

import jax
import numpy as np
import pytest
import torch
from each import of_which

import jaxlr

lr_scheduler = torch.optim.lr_scheduler
STEPS, WARMUP = 400, 40


def warmup_cosine(step, *, num_warmup_steps, num_training_steps, min_lr_rate=0.0):
    """As transformers writes it."""
    if step < num_warmup_steps:
        return step / max(1, num_warmup_steps)
    progress = (step - num_warmup_steps) / max(1, num_training_steps - num_warmup_steps)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress))) * (1 - min_lr_rate) + min_lr_rate


COSINE = functools.partial(warmup_cosine, num_warmup_steps=WARMUP, num_training_steps=STEPS)
FLOORED = functools.partial(COSINE, min_lr_rate=0.1)
VALUE = jaxlr.SequentialLR(
    6e-4, [jaxlr.LinearRamp(6e-4, WARMUP), jaxlr.CosineAnnealingLR(6e-4, T_max=STEPS - WARMUP)], [WARMUP]
)


def sgd(*lrs):
    return torch.optim.SGD([{"params": [torch.zeros(1)], "lr": lr} for lr in lrs or (6e-4,)], lr=0.1)


def stepped(scheduler, steps):
    """The learning rates of the first group, from now on."""
    lrs = [scheduler.optimizer.param_groups[0]["lr"]]
    for _ in range(steps - 1):
        scheduler.optimizer.step()
        scheduler.step()
        lrs.append(scheduler.optimizer.param_groups[0]["lr"])
    return np.float32(lrs)


def assert_equal_curves(schedule, lrs):
    for form in ("closed", "recursive"):
        ours = jaxlr.trajectory(schedule, len(lrs), form=form)
        assert ours.dtype == np.float32
        np.testing.assert_array_max_ulp(ours, lrs, maxulp=1)


def test_a_function_that_jax_cannot_trace():
    scheduler = lr_scheduler.LambdaLR(sgd(), COSINE)
    schedule = jaxlr.from_torch(scheduler, total_steps=STEPS)
    assert schedule == jaxlr.Until(VALUE, STEPS)
    assert schedule == jaxlr.from_torch(lr_scheduler.LambdaLR(sgd(), COSINE), total_steps=STEPS)
    assert eval(repr(schedule), vars(jaxlr)) == schedule
    assert b"warmup_cosine" not in pickle.dumps(schedule)
    assert_equal_curves(schedule, stepped(scheduler, STEPS))
    with pytest.raises(ValueError, match=f"count must be at most {STEPS - 1}"):
        schedule(STEPS)
    assert jax.jit(schedule)(STEPS + 5) == schedule(STEPS - 1)


@pytest.mark.parametrize("taken", [1, 39, 40, 250])
def test_in_mid_run(taken):
    scheduler = lr_scheduler.LambdaLR(sgd(), FLOORED)
    stepped(scheduler, taken + 1)
    schedule = jaxlr.from_torch(scheduler, total_steps=STEPS)
    assert isinstance(schedule, jaxlr.Until)
    assert schedule.schedule.last_epoch == taken - 1
    lrs = stepped(scheduler, STEPS - taken)
    assert_equal_curves(schedule, lrs)
    with pytest.raises(ValueError, match="count must be at most"):
        schedule(len(lrs))


def test_every_group():
    scheduler = lr_scheduler.LambdaLR(sgd(6e-4, 6e-5), COSINE)
    assert jaxlr.from_torch(scheduler, group="all", total_steps=STEPS) == [
        jaxlr.Until(VALUE, STEPS),
        jaxlr.Until(VALUE.with_lr(6e-5), STEPS),
    ]


def test_a_member_that_is_a_function():
    def make():
        optimizer = sgd(0.1)
        ramp = lr_scheduler.LambdaLR(optimizer, lambda epoch: (epoch + 1) / 10 if epoch < 10 else 1.0)
        return lr_scheduler.SequentialLR(optimizer, [ramp, lr_scheduler.StepLR(optimizer, 30)], [10])

    schedule = jaxlr.from_torch(make(), total_steps=120)
    assert "LambdaLR" not in repr(schedule)
    assert_equal_curves(schedule, stepped(make(), 120))


@pytest.mark.parametrize(
    "fn",
    [
        lambda epoch: math.exp(-((epoch / 100) ** 2)),
        lambda epoch: 1.0 if epoch != 77 else 0.9,
        lambda epoch: 1 + 1e-3 * math.sin(epoch * epoch),
    ],
    ids=["gaussian", "one edited", "noise"],
)
def test_what_is_no_formula_stays_a_table(fn):
    schedule = jaxlr.from_torch(lr_scheduler.LambdaLR(sgd(), fn), total_steps=STEPS)
    assert isinstance(schedule, jaxlr.LambdaLR)
    assert schedule.total_steps == STEPS
    assert_equal_curves(schedule, stepped(lr_scheduler.LambdaLR(sgd(), fn), STEPS))


def halved(epoch):
    return 0.5**epoch


def inverse_of_square(epoch):
    return 1 / (1 + epoch * epoch)


def test_a_function_that_jax_can_trace():
    scheduler = lr_scheduler.LambdaLR(sgd(0.1), halved)
    assert jaxlr.from_torch(scheduler) == jaxlr.LambdaLR(0.1, halved)
    assert jaxlr.from_torch(scheduler, total_steps=50) == jaxlr.Until(jaxlr.ExponentialLR(0.1, gamma=0.5), 50)
    no_formula = lr_scheduler.LambdaLR(sgd(0.1), inverse_of_square)
    assert jaxlr.from_torch(no_formula, total_steps=50) == jaxlr.LambdaLR(0.1, inverse_of_square)


def test_its_checkpoint():
    fresh = jaxlr.from_torch(lr_scheduler.LambdaLR(sgd(), COSINE), total_steps=STEPS)
    scheduler = lr_scheduler.LambdaLR(sgd(), COSINE)
    stepped(scheduler, 101)
    assert jaxlr.from_state_dict(fresh, scheduler.state_dict()) == jaxlr.from_torch(scheduler, total_steps=STEPS)
    other = lr_scheduler.LambdaLR(sgd(), FLOORED)
    stepped(other, 101)
    with pytest.raises(ValueError, match="state_dict must be that of"):
        jaxlr.from_state_dict(fresh, other.state_dict())
    stepped(scheduler, STEPS)
    with pytest.raises(ValueError, match=r"state_dict must be at an epoch of 0 \.\. 399, .* got 499"):
        jaxlr.from_state_dict(fresh, scheduler.state_dict())


def ramp(epoch):
    return (epoch + 1) / 10 if epoch < 10 else 1.0


RESTORED = {
    "a member": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.LambdaLR(optimizer, ramp), lr_scheduler.CosineAnnealingLR(optimizer, 90)],
        milestones=[10],
    ),
    "a chain": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: ramp(epoch) * 0.1 ** (epoch // 30)),
    "held": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: math.cos(epoch // 10 / 10)),
    "over held": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: ramp(epoch) * 0.95 ** (epoch // 15)),
}


@pytest.mark.parametrize("taken", of_which([1, 10, 37], [10]))
@pytest.mark.parametrize("name", RESTORED)
def test_every_checkpoint_of_what_holds_functions(name, taken):
    fresh = jaxlr.from_torch(RESTORED[name](sgd(0.1)), total_steps=100)
    assert isinstance(fresh, jaxlr.Until)
    scheduler = RESTORED[name](sgd(0.1))
    stepped(scheduler, taken + 1)
    restored = jaxlr.from_state_dict(fresh, scheduler.state_dict())
    live = jaxlr.from_torch(scheduler, total_steps=100)
    lrs = stepped(scheduler, 100 - taken)
    for schedule in (restored, live):
        assert_equal_curves(schedule, lrs)


def test_a_plateau_beside_a_function():
    optimizer = sgd(0.1)
    schedulers = [lr_scheduler.LambdaLR(optimizer, ramp), lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)]
    schedule = jaxlr.from_torch(schedulers, total_steps=60)
    assert isinstance(schedule, jaxlr.Together)
    assert jaxlr.verify(schedulers, schedule, steps=60, metrics=[1.0] * 60).verdict == "equal"


def test_fewer_steps_than_were_taken():
    scheduler = lr_scheduler.LambdaLR(sgd(0.1), halved)
    stepped(scheduler, 51)
    for total_steps in (20, 50):
        schedule = jaxlr.from_torch(scheduler, total_steps=total_steps)
        assert schedule == jaxlr.LambdaLR(0.1, halved, last_epoch=49)


@pytest.mark.parametrize(
    ("schedule", "state", "message"),
    [
        (jaxlr.Until(VALUE, 400), {}, "state_dict must be a torch scheduler's state_dict, with a last_epoch >= 0"),
        (jaxlr.Until(VALUE, 400), {"scheduler": {}}, "state_dict must be a torch scheduler's state_dict"),
        (
            jaxlr.Until(jaxlr.Resumed(jaxlr.ReduceLROnPlateau(0.1), (7, 0.5, 0, 2), 0.1), 13),
            {"last_epoch": 3},
            "schedule must be one from its start",
        ),
        (
            jaxlr.LinearRamp(0.2, 14),
            {"last_epoch": 7, "lr_lambdas": [None], "_last_lr": [0.1], "base_lrs": [0.1]},
            r"got one with base_lrs=\[0.1\], where 0.2 would be",
        ),
    ],
)
def test_a_checkpoint_of_something_else_is_named(schedule, state, message):
    with pytest.raises(ValueError, match=f"^from_state_dict: .*{message}"):
        jaxlr.from_state_dict(schedule, state)
