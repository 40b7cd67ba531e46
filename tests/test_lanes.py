"""On a TPU a scalar is computed in two lanes, elsewhere as it is."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import jaxlr
from jaxlr import _float64
from jaxlr._machine import closed_form
from jaxlr._machine.structure import joined, split
from parity.cases import shrinking

COSINE = jaxlr.CosineAnnealingLR(0.1, T_max=10)


def lowered(function, platform, *arguments):
    """The program for a platform that need not be there."""
    return jax.jit(function).trace(*arguments).lower(lowering_platforms=(platform,)).as_text()


def cosines(program):
    return re.findall(r"stablehlo.cosine %\S+ : tensor<([^>]*)>", program)


@pytest.mark.parametrize(
    ("platform", "count", "shapes"),
    [
        ("tpu", jnp.int32(3), ["2xf64"]),
        ("tpu", jnp.zeros(1, jnp.int32), ["2x1xf64"]),
        ("tpu", jnp.arange(5), ["2x5xf64"]),  # the schedule's numbers are scalars
        ("cpu", jnp.int32(3), ["f64"]),
        ("cpu", jnp.arange(5), ["5xf64"]),
        ("cuda", jnp.int32(3), ["f64"]),
    ],
)
def test_the_closed_form(platform, count, shapes):
    assert cosines(lowered(COSINE, platform, count)) == shapes


@pytest.mark.parametrize(("platform", "shape"), [("tpu", "2xf64"), ("cpu", "f64")])
def test_the_recursive_form_and_traced_numbers(platform, shape):
    stateful = COSINE.stateful()
    assert set(cosines(lowered(stateful.update, platform, stateful.init()))) - {"f64"} == {shape} - {"f64"}
    traced = lowered(lambda lr, count: jaxlr.CosineAnnealingLR(lr, T_max=10)(count), platform, 0.1, jnp.int32(3))
    assert cosines(traced) == [shape]


@pytest.mark.parametrize(("platform", "shapes"), [("tpu", {"2xf64"}), ("cpu", {"f64"})])
def test_the_parts_of_a_state_are_summed_in_two_lanes_too(platform, shapes):
    stateful = jaxlr.ExponentialLR(0.1, gamma=0.9).stateful()
    program = lowered(stateful.update, platform, stateful.init())
    assert set(re.findall(r"stablehlo.(?:add|multiply) .* : tensor<(\S*f64)>", program)) == shapes


@pytest.mark.parametrize("platform", ["cpu", "cuda", "tpu"])
def test_a_state_is_split_without_a_conversion_that_a_compiler_may_leave_out(platform):
    stateful = jaxlr.ReduceLROnPlateau(0.1).stateful()

    def update(state, value):
        return stateful.update(state, value=value)

    program = lowered(update, platform, stateful.init(), jnp.float32(1.0))
    narrowed = set(re.findall(r"(%\S+) = stablehlo.convert %\S+ : \(tensor<[^>]*f64>\) -> tensor<[^>]*f32>", program))
    widened = set(re.findall(r"stablehlo.convert (%\S+) : \(tensor<[^>]*f32>\) -> tensor<[^>]*f64>", program))
    assert narrowed
    assert not narrowed & widened


def test_a_vector_of_counts_is_not_doubled_by_vmap_elsewhere():
    assert cosines(lowered(jax.vmap(COSINE), "cpu", jnp.arange(5))) == ["5xf64"]
    assert cosines(lowered(jax.vmap(COSINE), "tpu", jnp.arange(5))) in (["2x5xf64"], ["5x2xf64"])


def test_one_export_for_every_platform():
    exported = export.export(jax.jit(COSINE), platforms=("cpu", "cuda", "tpu"))(jax.ShapeDtypeStruct((), jnp.int32))
    assert exported.call(jnp.int32(3)) == COSINE(3)


@pytest.mark.parametrize(
    "schedule",
    [
        COSINE,
        jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1, total_iters=3), jaxlr.ExponentialLR(0.1, 0.9), COSINE], [3, 6]),
        jaxlr.MultiplicativeLR(0.1, shrinking),
    ],
    ids=repr,
)
def test_the_lanes_give_the_same_bits(schedule):
    with jax.enable_x64(True):
        structure, numbers = split(schedule)
        alone = jax.jit(lambda count: closed_form._value(joined(structure, numbers), count))
        lanes = jax.jit(lambda count: _float64._in_two_lanes(alone, count))
        ours, theirs = ([how(jnp.int32(i)) for i in range(12)] for how in (lanes, alone))
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.float32(ours), [schedule(i) for i in range(12)])


@pytest.mark.parametrize("power", [5e-324, 1e-310, 1e-300, 0.5, 1.0, 2.0])
def test_a_power_of_zero_is_zero_and_a_tiny_power_of_another_is_one(power):
    lrs = jaxlr.trajectory(jaxlr.PolynomialLR(0.1, total_iters=2, power=power), 4)
    np.testing.assert_array_max_ulp(lrs, np.float32([0.1, 0.1 * 0.5**power, 0, 0]), 1)


def test_zero_to_the_power_of_zero_is_one():
    with jax.enable_x64(True):
        base, exponent = jnp.asarray([0.0, 0.0, 0.5, 2.0, -0.5]), jnp.asarray([0.0, 1.0, 0.0, 1.0, 0.0])
        np.testing.assert_array_equal(_float64.power(base, exponent), [1, 0, 1, 2, 1])
        np.testing.assert_array_equal(_float64.power(jnp.asarray(0.0), jnp.arange(3)), [1, 0, 0])
        # A TPU's own 0 ** 0 is NaN: it is not asked for.
        assert "stablehlo.power" not in lowered(lambda t: _float64.power(jnp.asarray(0.0), t), "tpu", jnp.arange(3))


def test_the_derivatives_of_a_power():
    with jax.enable_x64(True):
        of_exponent = jax.grad(lambda power: _float64.power(jnp.asarray(0.5), power))
        assert of_exponent(0.0) == np.log(0.5)
        of_base = jax.vmap(jax.grad(_float64.power), (0, 0))
        bases, exponents = jnp.asarray([0.0, 0.0, 0.5, -0.5, 2.0]), jnp.asarray([1, 2, 3, 3, 1])
        np.testing.assert_allclose(of_base(bases, exponents), [1, 0, 0.75, 0.75, 1], rtol=1e-15)


@pytest.mark.parametrize("base", [0.999, -0.999, 1.7, -3.0])
def test_a_power_is_that_of_python(base):
    with jax.enable_x64(True):
        exponents = np.arange(300)
        expected = [base ** int(n) for n in exponents]
        np.testing.assert_allclose(_float64.power(jnp.asarray(base), jnp.asarray(exponents)), expected, rtol=1e-12)
