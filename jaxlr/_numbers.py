"""Numbers as values: a table of them, and the place of one in a structure."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from jaxlr._float64 import float64


class Numbers(Sequence[float]):
    """Float64 numbers that never change: an array that compares, hashes and pickles, and prints as a tuple does.

    Attributes:
      array: the numbers, read-only.
    """

    __slots__ = ("_on_device", "array")

    array: NDArray[np.float64]
    _on_device: jax.Array

    def __init__(self, numbers: ArrayLike) -> None:
        # A copy, in which -0.0 is 0.0: what compares equal computes equal.
        self.array = np.asarray(numbers, np.float64) + 0.0
        self.array.flags.writeable = False

    @property
    def on_device(self) -> jax.Array | NDArray[np.float64]:
        """The same for a program to take: copied to its device once, not at each call."""
        if not jax.sharding.get_abstract_mesh().empty:  # an array that is made under a mesh belongs to it
            return self.array
        if not hasattr(self, "_on_device") or self._on_device.is_deleted():
            with float64(), jax.ensure_compile_time_eval():
                self._on_device = jnp.asarray(self.array)
        return self._on_device

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, i: int) -> float: ...
    @overload
    def __getitem__(self, i: slice) -> "Numbers": ...
    def __getitem__(self, i: int | slice) -> "float | Numbers":
        return Numbers(self.array[i]) if isinstance(i, slice) else float(self.array[i])

    def __iter__(self) -> Iterator[float]:
        return iter(self.array.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Numbers) and np.array_equal(self.array, other.array))

    def __hash__(self) -> int:
        # Of some of them: of a million it would take longer than to compare two tables.
        return hash((len(self), self.array[:: len(self) // 1000 + 1].tobytes()))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __str__(self) -> str:
        if len(self) <= 20:
            return repr(self)
        return f"({', '.join(map(repr, self[:10]))}, ... {len(self) - 10} more)"

    def __reduce__(self) -> Any:
        return Numbers, (self.array,)


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """The place of a number, or of a table of them, in the structure of a schedule (_machine/structure.py)."""

    dtype: type
    shape: tuple[int, ...]
