"""The float64 rule: scalar operations in float64 inside the caller's program, the result in the caller's float."""

import contextlib
import copy
import dataclasses
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


@contextlib.contextmanager
def float64() -> Iterator[None]:
    """Inside, JAX computes in float64, whatever the caller has set."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def in_float64(fun: Callable[..., Any], schedule: Any, *args: Any) -> Any:
    """fun(schedule, *args) computed in float64; a float64 result leaves as the caller's float.

    Works inside any transformed function. Derivatives are taken with respect to the schedule's traced
    hyperparameters and the floats in args, each a scalar or of the shape of the result.
    """
    dtype = jnp.result_type(float)
    with float64():
        try:
            hash(schedule)
        except TypeError:  # it holds a traced hyperparameter
            return _evaluate(fun, schedule, dtype, *args)
        return _evaluate_compiled(fun, schedule, dtype, *args)


def _evaluate(fun: Callable[..., Any], schedule: Any, dtype: Any, *args: Any) -> Any:
    def outcome(*args: Any) -> Any:
        result = fun(_widened(schedule), *args)
        return jax.tree.map(lambda x: x.astype(dtype) if x.dtype == jnp.float64 else x, result)

    args = jax.tree.map(jnp.asarray, args)
    pure, hyperparameters = jax.closure_convert(outcome, *args)

    # Differentiated from outside, a float64 program would meet float32 tangents: each partial derivative is
    # computed inside, and leaves as the caller's float.
    @jax.custom_jvp
    def value(inputs: Any) -> Any:
        with float64():
            operands = (*inputs[0], *inputs[1])
            if any(jnp.size(operand) == 1 for operand in jax.tree.leaves(operands)):
                result = lax.platform_dependent(*operands, tpu=partial(_in_two_lanes, pure), default=pure)
            else:
                result = pure(*operands)
            # The barrier keeps XLA from computing the scalar again for every element that it multiplies.
            return lax.optimization_barrier(result)  # type: ignore[no-untyped-call]

    @value.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        leaves, tree = jax.tree.flatten(primals[0])
        result = value(*primals)
        tangent = jax.tree.map(_zero_tangent, result)
        with float64():
            for i, dx in enumerate(jax.tree.leaves(tangents[0])):
                if not jnp.issubdtype(jnp.result_type(leaves[i]), jnp.floating):
                    continue

                def of_leaf(x: Any, i: int = i) -> Any:
                    inputs = jax.tree.unflatten(tree, [*leaves[:i], x, *leaves[i + 1 :]])
                    return pure(*inputs[0], *inputs[1])

                _, partials = jax.jvp(of_leaf, (leaves[i],), (jnp.ones_like(leaves[i]),))
                tangent = jax.tree.map(
                    lambda t, partial, dx=dx: (
                        t if t.dtype == jax.dtypes.float0 else t + partial * jnp.asarray(dx, t.dtype)
                    ),
                    tangent,
                    partials,
                )
        return result, tangent

    return value((args, hyperparameters))


def _in_two_lanes(pure: Callable[..., Any], *operands: Any) -> Any:
    """The same, of vectors that hold every operand twice.

    A TPU's compiler computes float64 in pairs of float32. Of a scalar it then adds the constants up, (x + a) + b as
    x + (a + b), and the lower half is lost: a cosine or a power is left with the accuracy of float32.
    """
    lanes = jax.tree.map(lambda x: jnp.broadcast_to(x, (2, *jnp.shape(x))), operands)
    result = jax.vmap(pure)(*lax.optimization_barrier(lanes))  # type: ignore[no-untyped-call]
    return jax.tree.map(lambda x: x[0], result)


_evaluate_compiled = partial(jax.jit, static_argnums=(0, 1, 2))(_evaluate)


def _zero_tangent(x: jax.Array) -> Any:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.zeros_like(x)
    return np.zeros(x.shape, jax.dtypes.float0)


def _widened(x: Any) -> Any:
    """The same value with every traced hyperparameter in float64."""
    if isinstance(x, jax.Array):
        return x.astype(jnp.float64)
    if isinstance(x, tuple):
        return tuple(map(_widened, x))
    if dataclasses.is_dataclass(x):
        fields = dataclasses.fields(x)
        return replaced(x, **{field.name: _widened(getattr(x, field.name)) for field in fields})
    return x


def power(base: Any, exponent: Any) -> Any:
    """Torch's base ** exponent; base is at least 0 where the exponent is a number known when the program is traced.

    As an exponential, for which XLA takes a quarter of the time of a float64 power: within 1e-12 of it. 0 ** 0 is 1, of
    which a TPU's float64 makes NaN.
    """
    if isinstance(base, float) and base > 0:
        return jnp.exp(exponent * math.log(base))
    if isinstance(exponent, float) and exponent > 0:
        # XLA flushes a subnormal exponent to 0, and 0 times the logarithm of 0 is no number.
        return base if exponent == 1 else jnp.where(base > 0, jnp.exp(exponent * jnp.log(base)), 0.0)
    return jnp.where((base == 0) & (exponent == 0), 1.0, base**exponent)


def is_traced(x: Any) -> bool:
    """Whether the value holds a traced hyperparameter."""
    if isinstance(x, tuple):
        return any(map(is_traced, x))
    if dataclasses.is_dataclass(x):
        return any(is_traced(getattr(x, field.name)) for field in dataclasses.fields(x))
    return isinstance(x, jax.core.Tracer)


def replaced(schedule: Any, /, **fields: Any) -> Any:
    """A copy with the fields given, where dataclasses.replace would check them again."""
    copied = copy.copy(schedule)
    for name, value in fields.items():
        object.__setattr__(copied, name, value)
    return copied
