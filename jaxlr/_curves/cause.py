"""What a diagnosis is given, and what it finds."""

import dataclasses
from typing import Any

import numpy as np

from jaxlr._curves.pieces import Segment
from jaxlr._schedules.base import Schedule


@dataclasses.dataclass(frozen=True)
class Curve:
    """One side of a comparison, one quantity.

    Attributes:
      name: what the user called it.
      values: in float64, at counts start, start + 1, ...
      tolerance: by how much a value may be off by rounding, absolute.
      start: the count of the first value.
      schedule: the jaxlr schedule, where the side is one.
      metrics: what a ReduceLROnPlateau receives.
    """

    name: str
    values: np.ndarray
    tolerance: float
    start: int = 0
    schedule: Schedule | None = None
    metrics: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Cause:
    """One thing that is other.

    Attributes:
      kind: "shift", "scale", "stretch", "held", "parameter", "family", "phase", "momentum", "nan" or "rounding".
      parameter: what differs, by the name that people give it; None where it is the whole curve.
      ours: the other side's.
      theirs: the reference's.
      text: the clause that says so, names in it.
    """

    kind: str
    parameter: str | None
    ours: Any
    theirs: Any
    text: str


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """Why two curves differ.

    Attributes:
      alternatives: what would each make them equal, each all that has to be changed; the simplest first. None: nothing
        that is known does. Several: the curves cannot tell them apart.
      segments: the reference's, and the other's.
    """

    alternatives: tuple[tuple[Cause, ...], ...]
    segments: tuple[tuple[Segment, ...], tuple[Segment, ...]]


@dataclasses.dataclass(frozen=True)
class Side:
    """A curve, and how it reads."""

    curve: Curve
    segments: tuple[Segment, ...]

    @property
    def name(self) -> str:
        """What the user called it."""
        return self.curve.name

    def at(self, t: np.ndarray) -> np.ndarray:
        """The values at real counts, by the formulas; NaN where there is none."""
        values = np.full(len(t), np.nan)
        for segment in self.segments:
            inside = (t >= segment.start) & (t < segment.end)
            values[inside] = segment.formula(t[inside])
        return values
