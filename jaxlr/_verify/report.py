"""How two curves compare."""

import csv
import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jaxlr._ulp import Comparison, compare
from jaxlr._verify.page import ROUNDING, page

if TYPE_CHECKING:
    from jaxlr._curves.cause import Cause
    from jaxlr._curves.pieces import Segment

Verdict = Literal["equal", "equal in float32 arithmetic", "within tolerance", "different"]
VERDICTS: tuple[Verdict, ...] = ("equal", "equal in float32 arithmetic", "within tolerance", "different")

# Shares of the peak.
SEEN = 1e-3  # a difference that a person would see


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What verify has found. It prints as a page; ``to_json`` and ``to_csv`` give it as data, ``plot`` as a picture.

    Its numbers are those of the learning rate. Where the momentum was compared too, ``momentum`` is a Report of it.
    Where several parameter groups were, ``groups`` has a Report of each, and the numbers are those of the group that is
    furthest apart. Verdict and passed are those of all of them.

    Attributes:
      names: what the reference is called, and what the other side is.
      theirs: the reference's values at counts start .. start + steps - 1, in float64.
      ours: the other side's, in the float in which it gives them.
      own_verdict: the verdict on these values alone.
      proof: how it is known that they are equal in float32 arithmetic; "" where they are not.
      accept_float32: whether that passes.
      start: the first count.
      causes: why they differ. Each item holds causes that account for the whole difference together; of several items
        any may be true; there is none where nothing known makes them equal.
      segments: the two curves as they were read, where they differ.
      momentum: a Report of the momentum (or beta1), where either side drives it; else None.
      groups: a Report of each parameter group, by its label; empty where one was compared.
      notes: what was left out, or taken as given.
    """

    names: tuple[str, str]
    theirs: np.ndarray = dataclasses.field(repr=False)
    ours: np.ndarray = dataclasses.field(repr=False)
    own_verdict: Verdict
    proof: str = ""
    accept_float32: bool = False
    start: int = 0
    causes: "tuple[tuple[Cause, ...], ...]" = ()
    segments: "tuple[tuple[Segment, ...], tuple[Segment, ...]]" = dataclasses.field(default=((), ()), repr=False)
    momentum: "Report | None" = dataclasses.field(default=None, repr=False)
    groups: "Mapping[str, Report]" = dataclasses.field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """One of "equal", "equal in float32 arithmetic", "within tolerance" or "different"."""
        parts = [*self.groups.values(), *([] if self.momentum is None else [self.momentum])]
        return max([self.own_verdict, *(part.verdict for part in parts)], key=VERDICTS.index)

    @property
    def passed(self) -> bool:
        """Whether they are equal, or as near to it as was asked for."""
        groups = list(self.groups.values()) or [self]
        parts = [part for group in groups for part in (group, group.momentum) if part is not None]
        accepted = {"equal", "within tolerance"} | ({"equal in float32 arithmetic"} if self.accept_float32 else set())
        return all(part.own_verdict in accepted for part in parts)

    @property
    def steps(self) -> int:
        """The counts compared."""
        return len(self.theirs)

    @cached_property
    def peak(self) -> float:
        """The largest of the reference's values, signs apart; of ours where all of them are 0."""
        return peak(self.theirs, self.ours)

    @cached_property
    def shares(self) -> np.ndarray:
        """The difference at each count as a share of the peak, ours less theirs in the dtype of ours."""
        rounded = self.theirs.astype(self.ours.dtype).astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):  # of NaN; of a peak near the least float
            shares: np.ndarray = (self.ours.astype(np.float64) - rounded) / self.peak
        return shares

    @cached_property
    def argmax(self) -> int:
        """The count at which they differ most; a NaN is further off than any number."""
        sizes = np.abs(self.shares)
        return self.start + int(np.argmax(np.where(np.isnan(sizes), np.inf, sizes)))

    @property
    def largest(self) -> float:
        """The largest difference, as a share of the peak."""
        return abs(float(self.shares[self.argmax - self.start]))

    @property
    def differing(self) -> float:
        """The share of the counts at which they differ by more than 0.1 % of the peak."""
        return float(np.mean(~(np.abs(self.shares) <= SEEN)))

    @property
    def area(self) -> float:
        """By how much the area under our curve is larger than that under the reference's, as a share of it."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            theirs = np.sum(self.theirs)
            return float((np.sum(self.ours, dtype=np.float64) - theirs) / np.abs(theirs))

    @cached_property
    def spans(self) -> tuple[tuple[int, int, bool], ...]:
        """The first and the last count of each span, and whether they are equal in it, but for 1e-6 of the peak."""
        equal = np.abs(self.shares) <= ROUNDING
        if equal.all() and self.own_verdict == "different":
            equal = self.ours == self.theirs.astype(self.ours.dtype)
        firsts = [0, *(np.flatnonzero(np.diff(equal)) + 1).tolist()]
        lasts = [*(first - 1 for first in firsts[1:]), self.steps - 1]
        return tuple(
            (self.start + first, self.start + last, bool(equal[first]))
            for first, last in zip(firsts, lasts, strict=True)
        )

    @property
    def max_ulp(self) -> float:
        """The largest distance in float32 ulps, beyond torch's own rounding noise."""
        return self._comparison.max_ulp

    @property
    def bit_equal(self) -> float:
        """The share of the counts at which ours is the reference's value, rounded to the dtype of ours."""
        return self._comparison.bit_equal

    @property
    def first_difference(self) -> int | None:
        """The first count with other bits, None where there is none."""
        first = self._comparison.first_difference
        return None if first is None else self.start + first

    @cached_property
    def _comparison(self) -> Comparison:
        return compare(self.ours, self.theirs, before=self.start)

    @property
    def diagnosis(self) -> str | None:
        """Why they differ, in words; None where they do not, or where no cause is known."""
        alternatives = ["; ".join(cause.text for cause in causes) for causes in self.causes]
        own = [alternatives[0]] if len(alternatives) == 1 else []
        own += [f"consistent with: {'; or: '.join(alternatives)}"] if len(alternatives) > 1 else []
        ofs = [] if self.momentum is None else [self.momentum.diagnosis]
        return "; ".join([*own, *(of for of in ofs if of is not None)]) or None

    def __str__(self) -> str:
        return page(self)

    @property
    def by_name(self) -> tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]:
        """What both sides are called, and their values."""
        return (self.names[0], self.theirs), (self.names[1], self.ours)

    def to_json(self) -> str:
        """The verdict, the cause and the numbers, as JSON; of several parameter groups likewise each, by its label."""
        versions = {
            name: str(sys.modules[name].__version__)
            for name in ("jaxlr", "jax", "optax", "numpy", "torch")
            if name in sys.modules
        }
        return json.dumps(_plain({**self._data(), "versions": versions}), indent=2, allow_nan=False)

    def _data(self) -> dict[str, Any]:
        if self.groups:
            groups = {label: report._data() for label, report in self.groups.items()}
            own = ("passed", "verdict", "names", "notes")
            return {**{name: getattr(self, name) for name in own}, "groups": groups}
        at = {name: values[self.argmax - self.start] for name, values in self.by_name}
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "proof": self.proof,
            "diagnosis": self.diagnosis,
            "causes": [[vars(cause) for cause in causes] for causes in self.causes],
            "names": self.names,
            "notes": self.notes,
            "start": self.start,
            "steps": self.steps,
            "largest": self.largest,
            "argmax": self.argmax,
            "at_argmax": at,
            "differing": self.differing,
            "area": self.area,
            "spans": [{"first": first, "last": last, "equal": equal} for first, last, equal in self.spans],
            "segments": {
                name: [str(segment) for segment in segments]
                for name, segments in zip(self.names, self.segments, strict=True)
            },
            "max_ulp": self.max_ulp,
            "bit_equal": self.bit_equal,
            "first_difference": self.first_difference,
            "momentum": None if self.momentum is None else self.momentum._data(),
        }

    def to_csv(self, path: str | Path) -> None:
        """Writes both curves, a count a row; the momentum's too where it was compared, of each parameter group."""
        columns: dict[str, Iterable[Any]] = {"count": range(self.start, self.start + self.steps)}
        for label, report in (self.groups or {"": self}).items():
            for quantity, one in (("", report), ("momentum", report.momentum)):
                for name, values in [] if one is None else one.by_name:
                    columns[" ".join(filter(None, (label, name, quantity)))] = values.tolist()
        with Path(path).open("w", newline="") as file:
            csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])

    def plot(self, path: str | Path) -> None:
        """Draws both curves, and below their difference as a share of the peak.

        The spans that differ are shaded, and where they do a line marks each end of a segment. Of several parameter
        groups it is the one that is furthest apart.

        Raises:
          ModuleNotFoundError: matplotlib is missing.
        """
        try:
            from jaxlr._cli.plot import overlay  # noqa: PLC0415 matplotlib is an extra
        except ModuleNotFoundError as error:
            message = "jaxlr.Report.plot needs matplotlib: pip install 'jaxlr[plot]'"
            raise ModuleNotFoundError(message, name=error.name) from error

        overlay(self, Path(path))


def peak(theirs: np.ndarray, ours: np.ndarray) -> float:
    """The largest value of theirs, signs apart; of ours where theirs are 0, and 1 where all are."""
    largest = (float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0)) for values in (theirs, ours))
    return next(filter(None, largest), 1.0)


def _plain(value: Any) -> Any:
    """What JSON can hold: of a number that is not finite None, of what it has no word for the text."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bool() | int() | str() | None:
            return value
        case float() | np.number():
            number = value.item() if isinstance(value, np.number) else value
            return number if math.isfinite(number) else None
        case _:
            return str(value)
