"""A float64 kept where there are none: as three float32."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.export import register_namedtuple_serialization

_LARGEST = np.finfo(np.float32).max.item()


class Parts(NamedTuple):
    """The three inside a program, a scalar each."""

    high: Any
    middle: Any
    low: Any

    @classmethod
    def of(cls, x: Any) -> "Parts":
        """A float64, split."""
        high = _float32(jnp.clip(x, -_LARGEST, _LARGEST))
        rest = jnp.where(jnp.abs(x) < 2 * _LARGEST, x - high.astype(jnp.float64), high.astype(jnp.float64))
        middle = _float32(rest)
        return cls(high, middle, _float32(rest - middle.astype(jnp.float64)))

    def sum(self) -> Any:
        """The float64."""
        high, middle, low = (part.astype(jnp.float64) for part in self)
        infinity = jnp.where(middle > 0, jnp.inf, -jnp.inf)
        return jnp.where(jnp.abs(self.middle) == _LARGEST, infinity, (high + middle) + low)


class Wide(NamedTuple):
    """A float64 as the exact sum of three float32; infinity as twice the largest, so that jax_debug_infs lets it pass.

    Attributes:
      parts: float32 of shape (3,): the nearest to it, the nearest to what that leaves, and the rest.

    Example:
      >>> import jaxlr
      >>> state = jaxlr.ExponentialLR(0.1, gamma=0.5).stateful().init()
      >>> float(state.lr) == 0.1
      True
    """

    parts: jax.Array

    def __float__(self) -> float:
        if np.shape(self.parts) != (3,):
            raise TypeError(f"Wide: parts must be of shape (3,) to be one number, got {np.shape(self.parts)}")
        high, middle, low = np.asarray(self.parts).tolist()
        return math.copysign(math.inf, middle) if abs(middle) == _LARGEST else high + middle + low

    @classmethod
    def of(cls, x: Any) -> "Wide":
        """A float64, split; or each of an array, the parts along its last axis."""
        return cls(jnp.stack(Parts.of(x), axis=-1))

    def sum(self) -> Any:
        """The float64."""
        return Parts(*(self.parts[..., i] for i in range(3))).sum()


register_namedtuple_serialization(Wide, serialized_name="jaxlr.Wide")


def apart(tree: Any) -> Any:
    """The tree with Parts for each Wide: a program that computes elementwise takes scalars."""
    return jax.tree.map(lambda x: Parts(*x.parts) if isinstance(x, Wide) else x, tree, is_leaf=_is(Wide))


def together(tree: Any) -> Any:
    """The tree with a Wide for all Parts."""
    return jax.tree.map(lambda x: Wide(jnp.stack(x)) if isinstance(x, Parts) else x, tree, is_leaf=_is(Parts))


def _is(cls: type) -> Any:
    return lambda x: isinstance(x, cls)


def _float32(x: Any) -> Any:
    """The float32 nearest to it; the barrier, since a GPU's compiler leaves out a conversion to float32 and back."""
    return lax.optimization_barrier(x.astype(jnp.float32))  # type: ignore[no-untyped-call]
