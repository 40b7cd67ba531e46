"""A schedule has one value at a count, however JAX comes to evaluate it."""

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from each import one_of_each
from jax import lax
from jax.sharding import Mesh, PartitionSpec

import jaxlr
from parity.cases import exponential, shrinking

each_kind = pytest.mark.parametrize(
    "schedule",
    [
        jaxlr.StepLR(0.1, step_size=7),
        jaxlr.MultiStepLR(0.1, [3, 9]),
        jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=3, T_mult=2),
        jaxlr.MultiplicativeLR(0.1, shrinking),
        jaxlr.CyclicLR(0.1, 0.5, step_size_up=3, mode="exp_range", gamma=0.9),
        jaxlr.OneCycleLR(0.1, total_steps=20),
        jaxlr.OneCycleMomentum(0.8, 0.9, total_steps=20),
        jaxlr.SWALR(0.1, 0.01),
        jaxlr.per_epoch(jaxlr.LambdaLR(0.1, exponential), 4),
        jaxlr.per_epoch(jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=3), 4, fractional=True),
        jaxlr.Table([0.1 / (i + 1) for i in range(30)]),
    ],
    ids=repr,
)
COUNTS = np.array([0, 3, 4, 9, 14, 20], np.int32)


def spread(case):
    """Six counts of the case, the ends among them."""
    return np.linspace(0, case.steps(60) - 1, 6).astype(np.int32)


def everywhere(schedule, counts):
    """The values at the six counts, by every way of tracing the schedule."""

    def body(carry):
        i, lrs = carry
        lr = lax.cond(counts[i] >= 0, schedule, lambda count: jnp.full((), -1.0), counts[i])
        return i + 1, lrs.at[i].set(lr)

    return {
        "a vector": schedule(counts),
        "vmap": jax.vmap(schedule)(counts),
        "scan": lax.scan(lambda carry, count: (carry, schedule(count)), None, counts)[1],
        "cond in a while_loop": lax.while_loop(lambda carry: carry[0] < 6, body, (0, jnp.zeros(6)))[1],
    }


@each_kind
def test_the_value_without_jit(schedule):
    expected = [schedule(count) for count in (0, 3, 20)]
    with jax.disable_jit():
        assert [schedule(count) for count in (0, 3, 20)] == expected


@one_of_each
def test_every_transformation_gives_the_eager_value(case):
    schedule, counts = case.schedule(), spread(case)
    eager = [schedule(count) for count in counts.tolist()]
    assert {(lr.shape, lr.dtype) for lr in eager} == {((), np.dtype(np.float32))}
    for how, lrs in jax.jit(everywhere, static_argnums=0)(schedule, counts).items():
        assert lrs.dtype == np.float32, how
        np.testing.assert_array_equal(lrs, np.array(eager), err_msg=how)


@one_of_each
def test_x64_gives_float64_of_the_same_value(case):
    schedule, counts = case.schedule(), spread(case)
    single = schedule(counts)
    assert single.dtype == np.float32
    with jax.enable_x64(True):
        double = schedule(counts)
    assert double.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(double).astype(np.float32), single)


@each_kind
def test_every_transformation_gives_the_eager_value_with_x64(schedule):
    with jax.enable_x64(True):
        eager = [schedule(count) for count in COUNTS.tolist()]
        assert {(lr.shape, lr.dtype) for lr in eager} == {((), np.dtype(np.float64))}
        for how, lrs in jax.jit(everywhere, static_argnums=0)(schedule, COUNTS).items():
            assert lrs.dtype == np.float64, how
            # A loop over a vector and a lone scalar may be compiled to another order of roundings.
            np.testing.assert_array_max_ulp(np.asarray(lrs), np.array(eager), maxulp=4)


@each_kind
def test_elementwise(schedule):
    eager = np.array([schedule(count) for count in COUNTS.tolist()])
    for shape in [(6,), (2, 3)]:
        lrs = schedule(COUNTS.reshape(shape))
        assert (lrs.shape, lrs.dtype) == (shape, np.float32)
        np.testing.assert_array_equal(lrs.ravel(), eager)
        np.testing.assert_array_equal(jax.jit(schedule)(COUNTS.reshape(shape)), lrs)
    assert schedule(np.array(3)).shape == ()
    assert schedule(jnp.asarray(3)).shape == ()
    assert schedule(np.zeros((0, 3), int)).shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int32, np.int64, np.uint64])
@each_kind
def test_every_integer_type(schedule, dtype):
    expected = [schedule(count) for count in COUNTS.tolist()]
    lrs = [schedule(dtype(count)) for count in COUNTS.tolist()]
    assert {lr.dtype for lr in lrs} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(lrs, expected)
    np.testing.assert_array_equal(schedule(COUNTS.astype(dtype)), expected)
    np.testing.assert_array_equal(jax.jit(schedule)(COUNTS.astype(dtype)), expected)


@pytest.mark.parametrize("x64", [False, True])
@each_kind
def test_jax_integers(schedule, x64):
    with jax.enable_x64(x64):
        for dtype in [jnp.int8, jnp.uint8, jnp.int32, *([jnp.int64] if x64 else [])]:
            lr = schedule(jnp.asarray(9, dtype))
            assert lr.dtype == (np.float64 if x64 else np.float32)
            np.testing.assert_array_equal(lr, schedule(9))


@each_kind
def test_strict_promotion(schedule):
    expected = schedule(COUNTS)
    with jax.numpy_dtype_promotion("strict"):
        np.testing.assert_array_equal(schedule(COUNTS), expected)
        np.testing.assert_array_equal(jax.jit(schedule)(COUNTS), expected)


@pytest.mark.parametrize(
    "schedule",
    [
        jaxlr.OneCycleLR(0.1, total_steps=20),
        jaxlr.MultiplicativeLR(0.1, shrinking),
        jaxlr.per_epoch(jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=3), 4, fractional=True),
    ],
    ids=repr,
)
def test_nothing_leaks(schedule):
    expected = schedule(COUNTS)
    with jax.checking_leaks():
        np.testing.assert_array_equal(jax.jit(jax.vmap(schedule))(COUNTS), expected)


@each_kind
def test_the_callers_precision_is_left_alone(schedule):
    def program(count):
        before = jnp.zeros(())
        lr = schedule(count)
        return before.dtype, lr.dtype, jnp.zeros(()).dtype, jnp.asarray(1).dtype

    seen = []
    jax.jit(lambda count: seen.extend(program(count)))(3)
    assert seen == [np.float32, np.float32, np.float32, np.int32]


@each_kind
def test_shard_map_and_pmap(schedule):
    expected = schedule(COUNTS)
    mesh = Mesh(np.array(jax.devices()[:1]), ("batch",))
    spec = PartitionSpec("batch")
    sharded = jax.shard_map(schedule, mesh=mesh, in_specs=spec, out_specs=spec)
    np.testing.assert_array_equal(jax.jit(sharded)(COUNTS), expected)
    np.testing.assert_array_equal(jax.pmap(schedule)(COUNTS[None])[0], expected)


@each_kind
def test_an_exported_schedule_gives_the_same_value(schedule):
    # Called without being serialised: that needs flatbuffers, which JAX does not bring.
    exported = jax.export.export(jax.jit(schedule))(jax.ShapeDtypeStruct((6,), np.int32))
    lrs = jax.jit(exported.call)(COUNTS)
    assert lrs.dtype == np.float32
    np.testing.assert_array_equal(lrs, schedule(COUNTS))


@each_kind
def test_equal_schedules_are_compiled_once(schedule):
    compiled = jax.jit(lambda schedule, count: schedule(count), static_argnums=0)
    compiled(schedule, 3)
    compiled(eval(repr(schedule), {**vars(jaxlr), "exponential": exponential, "shrinking": shrinking}), 4)
    assert compiled._cache_size() == 1
