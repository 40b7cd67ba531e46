"""The float64 rule: scalar operations in float64 inside the caller's program, the result in the caller's float."""

import contextlib
from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero, zero_from_primal

from jaxlr._wide import apart, together


def float64() -> contextlib.AbstractContextManager[Any]:
    """Inside, JAX computes in float64, whatever the caller has set."""
    x64 = jax.enable_x64(True)
    promotion = jax.config.jax_numpy_dtype_promotion  # type: ignore[attr-defined]
    # Entered only where it changes something: it takes longer than the other.
    return x64 if promotion == "standard" else _promoting(x64)


@contextlib.contextmanager
def _promoting(x64: contextlib.AbstractContextManager[Any]) -> Iterator[None]:
    with x64, jax.numpy_dtype_promotion("standard"):
        yield


def in_float64(fun: Callable[..., Any], structure: Hashable, *operands: Any, closes: bool = False) -> Any:
    """fun(structure, *operands) computed in float64; a float64 result leaves as the caller's float.

    Works inside any transformed function. One compiled program serves all operands of the same shapes. Derivatives are
    taken with respect to the floats in operands, each a scalar or of the shape of the result, and to those that fun
    closes over. Where closes is true it closes over traced values: then the program is used once.
    """
    dtype = jax.dtypes.canonicalize_dtype(float)
    operands = _copied(operands)
    if not closes:
        with float64():
            return _compiled(fun, structure, dtype)(operands, [])
    with float64():
        pure, closed_over = _closed(partial(fun, structure), apart(operands))
    closed_over = _copied(closed_over)
    with float64():
        return jax.jit(partial(_evaluate, pure, dtype))(operands, closed_over)


def _copied(operands: Any) -> Any:
    """Copies of those that are traced: JAX takes a differentiated Python float for a float32, and passes a float64."""
    if not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(operands)):
        return operands
    return jax.tree.map(lambda x: jnp.array(x) if isinstance(x, jax.core.Tracer) else x, operands)


@lru_cache(maxsize=512)  # a program takes some 0.3 MB, and what a function of the user's closes over
def _compiled(fun: Callable[..., Any], structure: Hashable, dtype: Any) -> Any:
    return jax.jit(partial(_evaluate, lambda *operands: fun(structure, *operands[:-1]), dtype))


def _closed(fun: Callable[..., Any], operands: Any) -> tuple[Callable[..., Any], list[Any]]:
    """The function with the traced values that it closes over as one more operand."""
    from jax.extend.core import ClosedJaxpr, jaxpr_as_fun  # noqa: PLC0415 it takes Pallas along, a fifth of the import

    program, returned = jax.make_jaxpr(fun, return_shape=True)(*operands)
    traced = [const for const in program.consts if isinstance(const, jax.core.Tracer)]
    # The function holds nothing traced: JAX keeps it with the compiled program, which outlives the trace.
    consts = [None if isinstance(const, jax.core.Tracer) else const for const in program.consts]
    known, tree = ClosedJaxpr(program.jaxpr, consts), jax.tree.structure(returned)

    def closed(*operands: Any) -> Any:
        *own, closed_over = operands
        values = iter(closed_over)
        consts = [
            # Of a differentiated Python float jax 0.8 makes a float64 in here, a float32 outside.
            next(values).astype(variable.aval.dtype) if const is None else const
            for variable, const in zip(known.jaxpr.constvars, known.consts, strict=True)
        ]
        return jax.tree.unflatten(tree, jaxpr_as_fun(ClosedJaxpr(known.jaxpr, consts))(*jax.tree.leaves(own)))

    return closed, traced


def _evaluate(fun: Callable[..., Any], dtype: Any, operands: Any, closed_over: Any) -> Any:
    return together(_evaluated(fun, dtype, apart(operands), closed_over))


def _evaluated(fun: Callable[..., Any], dtype: Any, operands: Any, closed_over: Any) -> Any:
    def pure(*operands: Any) -> Any:
        result = fun(*operands)
        return jax.tree.map(lambda x: x.astype(dtype) if x.dtype == jnp.float64 else x, result)

    # Differentiated from outside, a float64 program would meet float32 tangents: each partial derivative is
    # computed inside, and leaves as the caller's float.
    @jax.custom_jvp
    def value(operands: Any, closed_over: Any) -> Any:
        with float64():
            operands = (*jax.tree.map(_opaque, operands), closed_over)
            if any(jnp.ndim(operand) == 0 for operand in jax.tree.leaves(operands)):
                result = lax.platform_dependent(*operands, tpu=partial(_in_two_lanes, pure), default=pure)
            else:
                result = pure(*operands)
            # The barrier keeps XLA from computing the scalar again for every element that it multiplies.
            return lax.optimization_barrier(result)  # type: ignore[no-untyped-call]

    @partial(value.defjvp, symbolic_zeros=True)
    def _(primals: Any, tangents: Any) -> Any:
        leaves, tree = jax.tree.flatten(primals)
        result = value(*primals)
        tangent = jax.tree.map(partial(zero_from_primal, symbolic_zeros=True), result)
        own = len(jax.tree.leaves(primals[0]))
        with float64():
            for i, dx in enumerate(jax.tree.leaves(tangents)):
                if isinstance(dx, SymbolicZero) or not jnp.issubdtype(jnp.result_type(leaves[i]), jnp.floating):
                    continue

                def of_leaf(x: Any, i: int = i) -> Any:
                    operands, closed_over = jax.tree.unflatten(tree, [*leaves[:i], x, *leaves[i + 1 :]])
                    return pure(*operands, closed_over)

                x = jnp.array(leaves[i], leaves[i].dtype)  # of a weakly typed base JAX derives no power
                # An operand acts elementwise, on the count; what is closed over may act on every element.
                slopes = jax.jvp(of_leaf, (x,), (jnp.ones_like(x),))[1] if i < own else jax.jacfwd(of_leaf)(x)
                tangent = jax.tree.map(partial(_added, dx), result, tangent, slopes)
        return result, tangent

    return _without_types(value, operands)(operands, closed_over)


def _without_types(value: Callable[..., Any], operands: Any) -> Callable[..., Any]:
    """The same; where an operand is sharded over explicit axes, computed over automatic ones, and so sharded.

    In its types JAX has no sharding for a look-up by a sharded count, nor for a loop as long as one.
    """
    for x in jax.tree.leaves(operands):
        sharding = jax.typeof(x).sharding
        if any(sharding.spec):
            axes = sharding.mesh.explicit_axes
            value = jax.sharding.auto_axes(value, axes=axes, out_sharding=sharding)
            break
    return value


def _opaque(x: Any) -> Any:
    """The operand, hidden from the compiler's constant folding.

    It would divide by a constant as it multiplies by its rounded reciprocal, and a value would have other bits in a
    program that knows its numbers. Each has a barrier of its own: in shard_map some vary over devices, some do not.
    """
    return lax.optimization_barrier(jnp.asarray(x)) if jnp.ndim(x) == 0 else x  # type: ignore[no-untyped-call]


def _in_two_lanes(pure: Callable[..., Any], *operands: Any) -> Any:
    """The same, of vectors that hold every scalar operand twice.

    A TPU's compiler computes float64 in pairs of float32. Of a scalar it then adds the constants up, (x + a) + b as
    x + (a + b), and the lower half is lost: a cosine or a power is left with the accuracy of float32.
    """

    def lanes(x: Any) -> Any:
        return lax.optimization_barrier(jnp.broadcast_to(x, (2,))) if jnp.ndim(x) == 0 else x  # type: ignore[no-untyped-call]

    axes = jax.tree.map(lambda x: 0 if jnp.ndim(x) == 0 else None, operands)
    result = jax.vmap(pure, in_axes=axes)(*jax.tree.map(lanes, operands))
    return jax.tree.map(lambda x: x[0], result)


def _added(dx: Any, result: Any, tangent: Any, slope: Any) -> Any:
    """The tangent, and what the slope in one more operand adds to it; that of an integer result stays zero."""
    # In shard_map what does not vary over the devices, where the operand does, does not depend on it.
    if not jnp.issubdtype(result.dtype, jnp.floating) or not _varying(dx) <= _varying(result):
        return tangent
    dx = jnp.asarray(dx, slope.dtype)
    added = slope * dx if slope.shape == result.shape else jnp.tensordot(slope, dx, jnp.ndim(dx))
    return added if isinstance(tangent, SymbolicZero) else tangent + added


def _varying(x: Any) -> frozenset[str]:
    """The axes of a shard_map over which it varies."""
    aval = jax.typeof(x)
    axes: frozenset[str] = aval.vma if hasattr(aval, "vma") else aval.manual_axis_type.varying  # jax 0.8; 0.10
    return axes


def power(base: Any, exponent: Any) -> Any:
    """Torch's base ** exponent, within 1e-12 of it; exponent >= 0, a negative base only to a whole one.

    As an exponential, for which XLA takes a quarter of the time of a float64 power.
    """
    magnitude = jnp.exp(exponent * jnp.log(jnp.where(base == 0, 1.0, jnp.abs(base))))
    signed = jnp.where((base < 0) & (exponent % 2 == 1), -magnitude, magnitude)
    # Of 0: XLA flushes a subnormal exponent to 0, and on a TPU 0 ** 0 is NaN.
    return jnp.where((base == 0) & (exponent > 0), base * (exponent == 1), signed)
