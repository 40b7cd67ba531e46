"""What a count may be, and what happens before the first and past the last."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from each import each_case
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jaxlr
from parity.cases import CASES, inverse_root, looked_up

LAST = 2**31 - 1  # the largest int32
ENDING = [
    (jaxlr.OneCycleLR(0.1, total_steps=10), 10),
    (jaxlr.OneCycleLR(0.1, total_steps=10).momentum, 10),
    (jaxlr.OneCycleLR(0.1, epochs=5, steps_per_epoch=2, last_epoch=3), 6),
    (jaxlr.Table([0.3, 0.2, 0.1]), 2),
    (jaxlr.Table([0.3, 0.2, 0.1], last_epoch=0), 1),
    (jaxlr.LambdaLR(0.1, looked_up, total_steps=6), 5),
    (jaxlr.MultiplicativeLR(0.1, looked_up, total_steps=6), 5),
    (jaxlr.CyclicLR(0.1, 0.2, scale_fn=inverse_root, total_steps=6), 5),
    (jaxlr.per_epoch(jaxlr.Table([0.3, 0.2, 0.1]), 4), 11),
    (jaxlr.per_epoch(jaxlr.OneCycleLR(0.1, total_steps=10), 4), 43),
]
each_ending = pytest.mark.parametrize(("schedule", "last"), ENDING, ids=repr)
fractional = jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=4)


@each_case
def test_a_negative_count_is_0(case):
    schedule = case.schedule()
    first = schedule(0)
    for count in (-1, np.int64(-7), np.iinfo(np.int64).min):
        np.testing.assert_array_equal(schedule(count), first)


@each_ending
def test_a_traced_negative_count_is_0(schedule, last):
    counts = np.array([-(2**31), -3, -1, 0], np.int32)
    np.testing.assert_array_equal(jax.jit(schedule)(counts), np.full(4, schedule(0)))


@pytest.mark.parametrize(
    "count",
    [
        0.5, 3.0, np.float32(3), np.ones(2), jnp.ones(2), True, np.True_, jnp.asarray(True), np.ones(2, bool), "3",
        b"3", [3], (3,), [], {}, None, 1j, np.complex64(1), jnp.ones(2, complex), np.array("3"), np.array([None]),
        np.timedelta64(3, "s"), np.datetime64(3, "s"), object, float("nan"),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize(
    "schedule",
    [jaxlr.StepLR(0.1, 3), jaxlr.Table([0.1] * 9), jaxlr.per_epoch(fractional, 4, fractional=True)],
    ids=repr,
)
def test_what_is_no_integer_is_refused(schedule, count):
    with pytest.raises(TypeError, match="count must be an integer"):
        schedule(count)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_floats_are_for_warm_restarts_alone(case):
    schedule = case.schedule()
    if type(schedule) is jaxlr.CosineAnnealingWarmRestarts:
        np.testing.assert_array_equal(schedule(1.0).dtype, np.float32)
        return
    with pytest.raises(TypeError, match="count must be an integer"):
        schedule(1.0)
    with pytest.raises(TypeError, match="count must be an integer"):
        jax.jit(schedule)(1.0)


@pytest.mark.parametrize("count", [True, "3", [0.5], None, 1j, np.ones(2, bool), np.array("0.5")], ids=repr)
def test_warm_restarts_refuse_what_is_no_number(count):
    with pytest.raises(TypeError, match="count must be an integer"):
        fractional(count)


@pytest.mark.parametrize(
    "count", [np.nan, np.inf, -np.inf, np.float32(np.nan), np.array([0.5, np.nan]), jnp.asarray(np.inf)], ids=repr
)
def test_a_count_that_is_not_finite_is_refused(count):
    with pytest.raises(ValueError, match="count must be finite"):
        fractional(count)


def test_a_fractional_count():
    t = np.array([0.0, 0.25, 1.0, 3.999, 4.0, 6.5])
    expected = (0.05 * (1 + np.cos(np.pi * (t % 4) / 4))).astype(np.float32)
    np.testing.assert_array_max_ulp(np.asarray(fractional(t)), expected, maxulp=1)
    np.testing.assert_array_equal([fractional(count) for count in t.tolist()], fractional(t))
    np.testing.assert_array_equal(fractional(np.array([0, 1, 4])), fractional(np.array([0.0, 1.0, 4.0])))


def test_a_python_float_stays_a_double():
    t = 4 - 2.0**-40  # float32 has 4.0, where the next cycle begins
    assert fractional(t) < 1e-6
    assert fractional(np.float32(t)) == np.float32(0.1)
    assert jax.jit(fractional)(np.float32(t)) == np.float32(0.1)


def test_too_large_a_count_does_not_wrap_around():
    schedule = jaxlr.StepLR(0.1, step_size=1, gamma=0.5)
    for count in (2**63, np.uint64(2**64 - 1), np.array([2**63], np.uint64)):
        try:
            lr = schedule(count)
        except (TypeError, ValueError) as error:
            assert "count" in str(error)  # noqa: PT017 to refuse it is as good
        else:
            np.testing.assert_array_equal(lr, 0)


def boundary(last_epoch):
    """Schedules with their only change at the epoch of count 2**31 - 1."""
    epoch = LAST + last_epoch + 1
    return [
        jaxlr.StepLR(0.1, step_size=epoch, gamma=0.5, last_epoch=last_epoch),
        jaxlr.MultiStepLR(0.1, milestones=[epoch], gamma=0.5, last_epoch=last_epoch),
    ]


@pytest.mark.parametrize("last_epoch", [-1, 5, LAST - 1])
def test_large_counts_are_exact(last_epoch):
    for schedule in boundary(last_epoch):
        expected = np.array([0.1, 0.1, 0.05], np.float32)
        counts = [LAST - 2, LAST - 1, LAST]
        np.testing.assert_array_equal([schedule(count) for count in counts], expected)
        np.testing.assert_array_equal(schedule(np.array(counts, np.int32)), expected)
        np.testing.assert_array_equal(schedule(jnp.asarray(counts, jnp.int32)), expected)
        np.testing.assert_array_equal(jax.jit(schedule)(np.array(counts, np.int32)), expected)
        np.testing.assert_array_equal(jax.jit(jax.vmap(schedule))(np.array(counts, np.uint32)), expected)
        with jax.enable_x64(True):
            assert jax.jit(schedule)(LAST - 1) == 0.1
            assert jax.jit(schedule)(LAST) == 0.05


def test_large_counts_of_the_other_schedules():
    counts = np.array([LAST - 1, LAST], np.int32)
    for schedule, expected in [
        (jaxlr.LinearLR(0.1, total_iters=LAST, start_factor=1.0, end_factor=0.0), [0.1 / LAST, 0]),
        (jaxlr.PolynomialLR(0.1, total_iters=LAST), [0.1 / LAST, 0]),
        (jaxlr.ConstantLR(0.1, factor=0.5, total_iters=LAST), [0.05, 0.1]),
        (jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=LAST), [0.1 * (np.pi / 2 / LAST) ** 2, 0.1]),
        (jaxlr.CyclicLR(0.0, 0.1, step_size_up=LAST), [0.1 * (LAST - 1) / LAST, 0.1]),
        (jaxlr.per_epoch(jaxlr.StepLR(0.1, step_size=1, gamma=0.5), LAST), [0.1, 0.05]),
    ]:
        lrs = jax.jit(schedule)(counts)
        np.testing.assert_array_equal(schedule(counts), lrs)
        if isinstance(schedule, jaxlr.LinearLR | jaxlr.CosineAnnealingWarmRestarts):
            # Near 0 the formula, torch's too, is a difference: what float64 has left of it.
            assert abs(lrs[0] - expected[0]) <= 2.0**-53
            assert abs(lrs[1] - np.float32(expected[1])) <= 2.0**-53
        else:
            np.testing.assert_array_max_ulp(np.asarray(lrs), np.array(expected, np.float32), maxulp=1)


@each_ending
def test_the_last_count_is_allowed(schedule, last):
    assert np.isfinite(schedule(last))
    assert schedule(np.arange(last + 1)).shape == (last + 1,)


@each_ending
def test_a_concrete_count_past_the_end_raises(schedule, last):
    bad = [
        last + 1,
        LAST,
        np.int64(last + 1),
        jnp.asarray(last + 1),
        np.array([0, last + 1]),
        jnp.array([[last + 1], [0]]),
    ]
    for count in bad:
        with pytest.raises(ValueError, match=rf"count must be at most {last} for .*ends, got {int(np.max(count))}"):
            schedule(count)


@each_ending
def test_a_traced_count_past_the_end_holds_the_last_value(schedule, last):
    counts = np.array([last - 1, last, last + 1, last + 2, LAST], np.int32)
    expected = np.array([schedule(last - 1)] + [schedule(last)] * 4)
    np.testing.assert_array_equal(jax.jit(schedule)(counts), expected)
    np.testing.assert_array_equal(jax.jit(jax.vmap(schedule))(counts), expected)


def test_one_cycle_rebounds_one_step_past_its_end():
    schedule = jaxlr.OneCycleLR(0.1, total_steps=10)
    assert schedule(8) > schedule(9) < schedule(10)
    with pytest.raises(ValueError, match="count must be at most 10"):
        schedule(11)


def test_a_schedule_without_an_end_goes_on():
    schedule = jaxlr.LinearLR(0.1, total_iters=5)
    assert schedule(LAST) == schedule(2**53) == np.float32(0.1)


class Held:
    """What has an array, as a flax.nnx.Variable has."""

    def __init__(self, array):
        self.array = array

    def __jax_array__(self):
        return self.array


@pytest.mark.parametrize("count", [3, np.int64(3), jnp.asarray(3), jnp.arange(4)], ids=repr)
def test_what_holds_a_count(count):
    schedule = jaxlr.StepLR(0.1, step_size=3)
    np.testing.assert_array_equal(schedule(Held(count)), schedule(count))
    np.testing.assert_array_equal(jax.jit(lambda count: schedule(Held(count)))(count), schedule(count))


@pytest.mark.parametrize("count", [0.5, jnp.ones(2), None], ids=repr)
def test_what_holds_no_count_is_refused(count):
    with pytest.raises(TypeError, match="count must be an integer"):
        jaxlr.StepLR(0.1, step_size=3)(Held(count))


def test_a_plateau_takes_what_holds_a_metric():
    plateau = jaxlr.ReduceLROnPlateau(0.1)
    held, plain = (plateau.update(plateau.init(), value=value) for value in (Held(jnp.asarray(0.5)), 0.5))
    jax.tree.map(np.testing.assert_array_equal, held, plain)
    with pytest.raises(TypeError, match="value must be a real number"):
        plateau.update(plateau.init(), value=Held("0.5"))


def test_counts_that_are_sharded_over_an_explicit_axis_keep_their_sharding():
    # tests/test_devices.py has several devices, each in a process of its own.
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(AxisType.Explicit,))
    counts = jax.device_put(jnp.arange(8), NamedSharding(mesh, PartitionSpec("batch")))
    schedule = jaxlr.StepLR(0.1, step_size=3)
    with jax.set_mesh(mesh):
        lrs = jax.jit(schedule)(counts)
    assert jax.typeof(lrs).sharding.spec == PartitionSpec("batch")
    np.testing.assert_array_equal(lrs, schedule(np.arange(8)))
