"""One side of verify: the curves that it gives."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxlr._schedules.base import Schedule

Each = Callable[[Sequence[Any], str], Iterable[Any]]  # goes through the items, with a progress bar perhaps


@dataclasses.dataclass(frozen=True)
class Run:
    """What both sides go through.

    Attributes:
      window: the counts compared.
      metrics: what a plateau receives between one count and the next, from count 0 on.
      steps_per_epoch: the updates of an epoch, where a trainer counts epochs.
      each: how to go through many of them.
    """

    window: range
    metrics: np.ndarray | None = None
    steps_per_epoch: int | None = None
    each: Each = lambda items, what: items

    def past_end(self, name: str, end: int) -> ValueError:
        """What is raised where a side has no value from the count `end` on."""
        window = self.window
        what, got = ("steps", f"{len(window)}") if window.start == 0 else ("start + steps", f"{window.stop}")
        return ValueError(f"verify: {what} must be at most {end}, where {name} ends, got {got}")


class Float64Curve(NamedTuple):
    """A curve in float64.

    Attributes:
      values: the numbers.
      obstacle: why not all of it was computed in float64; "" where it was.
    """

    values: np.ndarray
    obstacle: str = ""


@dataclasses.dataclass(frozen=True)
class Side:
    """What one side gives one parameter group, at the counts of a window.

    Attributes:
      name: what the user calls it.
      lrs: the learning rates, in the float in which it gives them.
      momentums: the momentums (or beta1); None where it drives none.
      in_float64: evaluates the learning rates again, in float64 with counts of 64 bits; None where they are numbers.
      float32: whether they come from float32 arithmetic, as far as is known.
      schedule: the jaxlr value, where it is one, or where from_torch made it.
      only_lrs: whether it is an array, which says nothing of a momentum.
    """

    name: str
    lrs: np.ndarray
    momentums: np.ndarray | None = None
    in_float64: Callable[[], Float64Curve] | None = None
    float32: bool = False
    schedule: Schedule | None = None
    only_lrs: bool = False
