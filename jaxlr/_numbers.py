"""A table of numbers as a value."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Numbers(Sequence[float]):
    """Float64 numbers that never change: an array that compares, hashes, pickles and prints as a tuple does.

    Attributes:
      array: the numbers, read-only.
    """

    __slots__ = ("array",)

    array: NDArray[np.float64]

    def __init__(self, numbers: ArrayLike) -> None:
        self.array = (
            np.asarray(numbers, np.float64) + 0.0
        )  # a copy, in which -0.0 is 0.0: what compares equal computes equal
        self.array.flags.writeable = False

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
        return isinstance(other, Numbers | tuple) and np.array_equal(self.array, np.asarray(other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> Any:
        return Numbers, (self.array,)
