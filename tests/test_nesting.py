"""What wraps what: per_epoch, Resumed and Momentum around composites, and what is no member of one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxlr
from jaxlr import trajectory

SEQUENCE = jaxlr.SequentialLR(0.1, [jaxlr.ConstantLR(0.1, total_iters=2), jaxlr.OneCycleLR(0.1, total_steps=20)], [2])
RESUMED = jaxlr.Resumed(SEQUENCE, (4, 4, (2,)), lr=0.05, held_momentum=0.9)
PLATEAU = jaxlr.Resumed(jaxlr.ReduceLROnPlateau(0.1, patience=0), (3, 1.0, 0, 0), lr=0.05)


@pytest.mark.parametrize("schedule", [SEQUENCE, RESUMED, jaxlr.CyclicLR(0.1, 0.2, 3)], ids=lambda s: type(s).__name__)
def test_per_epoch_of_a_schedule_and_of_its_momentum(schedule):
    batches = jaxlr.per_epoch(schedule, 3)
    np.testing.assert_array_equal(trajectory(batches, 30), np.repeat(trajectory(schedule, 10), 3))
    expected = np.repeat(trajectory(schedule.momentum, 10), 3)
    assert len(set(expected)) > 3
    np.testing.assert_array_equal(trajectory(batches.momentum, 30), expected)
    np.testing.assert_array_equal(trajectory(jaxlr.tabulate(batches.momentum, 30), 30), expected)


def test_per_epoch_of_a_plateau_in_mid_run():
    lrs = trajectory(jaxlr.per_epoch(PLATEAU, 2), 7, metrics=[2.0] * 6)
    np.testing.assert_array_max_ulp(lrs, np.float32([0.05, 0.05, 0.005, 0.005, 0.0005, 0.0005, 0.00005]), 1)


def test_a_resumed_schedule_goes_on_where_the_other_is():
    stateful = SEQUENCE.stateful()
    state = stateful.init()
    for _ in range(5):
        state = stateful.update(state)
    lr, momentum = float(state.lr), float(state.momentum)
    epoch, first, later = state.schedulers["SequentialLR"]
    schedule = jaxlr.Resumed(SEQUENCE, (int(epoch), int(first["ConstantLR"]), tuple(map(int, later))), lr, momentum)
    np.testing.assert_array_equal(trajectory(schedule, 10), trajectory(SEQUENCE, 15, form="recursive")[5:])
    np.testing.assert_array_equal(trajectory(schedule.momentum, 10), trajectory(SEQUENCE.momentum, 15)[5:])


@pytest.mark.parametrize("member", [RESUMED, jaxlr.per_epoch(PLATEAU, 2), SEQUENCE.momentum], ids=str)
@pytest.mark.parametrize("composite", [jaxlr.Together, jaxlr.ChainedScheduler, lambda m: jaxlr.InTurn(m, [])])
def test_what_does_not_start_at_its_start_is_no_member(composite, member):
    with pytest.raises((TypeError, ValueError), match=r"schedulers\[0\] must"):
        composite([member])
    with pytest.raises(TypeError, match="schedule must be a jaxlr schedule from its start"):
        jaxlr.Resumed(RESUMED, (4, 4, (2,)), 0.05, 0.9)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: jaxlr.SequentialLR(
                0.1, [jaxlr.LinearLR(0.1), jaxlr.OneCycleLR(0.1, 20, cycle_momentum=False)], [3], last_epoch=30
            ),
            ValueError,
            "last_epoch must be at most 22",
        ),
        (
            lambda: jaxlr.SequentialLR(0.1, [jaxlr.ChainedScheduler([jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 2)])], []),
            TypeError,
            r"schedulers\[0\] must be a scheduler of torch's",
        ),
        (
            lambda: jaxlr.Resumed(jaxlr.OneCycleLR(0.1, 5, cycle_momentum=False), 9, lr=0.1),
            ValueError,
            "state must not be past the end",
        ),
        (
            lambda: trajectory(
                jaxlr.Resumed(
                    jaxlr.ChainedScheduler(
                        [jaxlr.OneCycleLR(0.1, 5, cycle_momentum=False), jaxlr.ExponentialLR(0.1, 0.9)]
                    ),
                    (3, 3),
                    lr=0.1,
                ),
                4,
            ),
            ValueError,
            "steps must be at most 3",
        ),
    ],
    ids=["last_epoch", "chain of per_epoch", "past the end", "to the end"],
)
def test_what_ends_or_cannot_nest_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_a_traced_learning_rate_is_that_of_every_member():
    def at(lr):
        return jaxlr.SequentialLR(lr, [jaxlr.LinearLR(0.7), jaxlr.StepLR(lr, 9)], [3])(1)

    with pytest.raises(ValueError, match="the one learning rate of the optimizer"):
        jax.vmap(at)(jnp.ones(2))
