"""Two curves that are one curve, read or stepped otherwise: shifted, scaled, stretched, held."""

import dataclasses
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from jaxlr._curves.cause import Cause, Curve, Side
from jaxlr._curves.families import Constant, Cosine, Held, Linear, Staircase, shortest
from jaxlr._curves.families import count as counted
from jaxlr._curves.marks import has, held_by, moves, ratios, shifts
from jaxlr._curves.pieces import Segment

_OFF_BY_ONE = (-1, 1)  # the shifts that are tried beside other causes, at the cost of reading two curves
_SAMPLED = 64  # counts that refuse most of them
_TELLING = 0.5  # the part of a curve that a warp must explain


@dataclasses.dataclass(frozen=True)
class Warp:
    """The other side at count t is scale x the reference at count ratio * (t held) + shift.

    Attributes:
      shift: in counts of the reference.
      ratio: counts of the reference to one of the other side.
      held: the other side's counts between two steps, and where one of them is; None where it is not held.
      counting: whether each step goes on to the next count of the reference, not to the one where the step is.
      scale: the factor.
    """

    shift: int = 0
    ratio: Fraction = Fraction(1)
    held: tuple[int, int] | None = None
    counting: bool = False
    scale: float = 1.0

    def places(self, t: np.ndarray) -> np.ndarray:
        """Where in the reference the other side is at each count."""
        if self.held is not None:
            k, origin = self.held
            t = (t - origin) // k
            t = t if self.counting else np.maximum(origin + k * t, 0)
        if self.ratio == 1:
            return t + self.shift
        return t * self.ratio.numerator / self.ratio.denominator + self.shift


def warps(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """What each makes the reference the other curve: one cause where one does, else two."""
    if np.ptp(reference.curve.values) == 0 or np.ptp(other.curve.values) == 0:
        return []  # a constant is equal to itself, however it is shifted
    for candidates in (_single, _double):
        found = [causes for warp in candidates(reference, other) if (causes := _proved(reference, other, warp))]
        found += _reversed(reference, other)
        if found:
            # Of several shifts, or ratios, the first is the least.
            least: dict[tuple[str, ...], tuple[Cause, ...]] = {}
            for causes in found:
                least.setdefault(tuple(cause.kind for cause in causes), causes)
            return sorted(least.values(), key=len)
    return []


def _single(reference: Side, other: Side) -> Iterator[Warp]:
    for shift in shifts(reference, other):
        yield Warp(shift=shift)
    yield Warp(scale=math.nan)
    for ratio in ratios(reference, other):
        yield Warp(ratio=ratio)
    yield from _holds(reference, other)


def _double(reference: Side, other: Side) -> Iterator[Warp]:
    for shift in shifts(reference, other):
        yield Warp(shift=shift, scale=math.nan)
    for ratio in ratios(reference, other):
        yield Warp(ratio=ratio, scale=math.nan)
        yield from (Warp(ratio=ratio, shift=shift) for shift in (-1, 1))
    for hold in _holds(reference, other):
        yield dataclasses.replace(hold, scale=math.nan)
        step = 1 if hold.counting or hold.held is None else hold.held[0]
        yield from (dataclasses.replace(hold, shift=shift) for shift in (-step, step, -1, 1))


def _holds(reference: Side, other: Side) -> Iterator[Warp]:
    ours, theirs = held_by(other), held_by(reference)
    finer = theirs is not None and ours is not None and ours[0] > theirs[0] and ours[0] % theirs[0] == 0
    if ours is not None and (finer or moves(reference)):
        yield from (Warp(held=ours, counting=counting) for counting in (False, True))


def _reversed(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """Where the reference is the one that is stepped once in k counts."""
    found = [_proved(other, reference, warp) for warp in _holds(other, reference)]
    return [tuple(map(_turned, causes)) for causes in found if causes]


def _turned(cause: Cause) -> Cause:
    """The cause where the sides were taken the other way round."""
    return dataclasses.replace(cause, ours=cause.theirs, theirs=cause.ours)


def _proved(reference: Side, other: Side, warp: Warp) -> tuple[Cause, ...]:
    """The causes that the warp is, where it makes the reference the other curve; () where it does not."""
    t = np.arange(other.curve.start, other.curve.start + len(other.curve.values))
    few = t[np.unique(np.linspace(0, len(t) - 1, _SAMPLED).astype(int))]
    if math.isnan(warp.scale):
        warp = dataclasses.replace(warp, scale=_scale(reference, other, warp, few))
        if warp.scale in (0.0, 1.0):
            return ()
    if _explained(reference, other, warp, few) is None:
        return ()
    explained = _explained(reference, other, warp, t)
    if explained is None or np.sum(explained) < 4:
        return ()
    reached = np.ptp(warp.places(t)[explained]) + 1
    values = other.curve.values[explained]
    if max(np.sum(explained), reached) < _TELLING * len(t) or np.ptp(values) <= 4 * other.curve.tolerance:
        return ()
    if not _stays(other, int(t[np.flatnonzero(explained)[-1]])):
        return ()
    phases = _phases(reference, other, warp)
    often, _ = held_by(reference) or (1, 0)
    return () if phases is None else (*phases, *_causes(reference.name, other.name, warp, often))


def _stays(other: Side, last: int) -> bool:
    """Whether the other side, after the last count that is explained, goes on as it was or stays where it came to."""
    values = other.curve.values
    for segment in other.segments:
        i = segment.start - other.curve.start
        if segment.start > last and i > 1:
            step = abs(values[i - 1] - values[i - 2]) + other.curve.tolerance
            if not isinstance(segment.formula, Constant) or abs(values[i] - values[i - 1]) > 2 * step:
                return False
    return True


def _explained(reference: Side, other: Side, warp: Warp, t: np.ndarray) -> np.ndarray | None:
    """At which of the counts the warp has a value; None where one of them is not the other side's."""
    predicted = warp.scale * _warped(reference, warp.places(t))
    known: np.ndarray = np.isfinite(predicted)
    off = np.abs(predicted[known] - other.curve.values[t[known] - other.curve.start])
    return None if np.any(off > _tolerance(reference, other, warp)) else known


def _tolerance(reference: Side, other: Side, warp: Warp) -> float:
    return abs(warp.scale) * reference.curve.tolerance + other.curve.tolerance


def _scale(reference: Side, other: Side, warp: Warp, t: np.ndarray) -> float:
    """The ratio of the sides where the reference is largest, in few digits if the tolerances admit them."""
    predicted = np.nan_to_num(_warped(reference, warp.places(t)))
    largest = int(np.argmax(np.abs(predicted)))
    theirs, ours = float(predicted[largest]), float(other.curve.values[t[largest] - other.curve.start])
    if theirs == 0:
        return 1.0
    tolerance = reference.curve.tolerance + other.curve.tolerance
    return shortest(ours / theirs, tolerance / abs(theirs))


def _warped(reference: Side, places: np.ndarray) -> np.ndarray:
    """The reference at the places given, real ones by its formulas; NaN where it has no value."""
    curve = reference.curve
    index = places - curve.start
    within = (index >= 0) & (index <= len(curve.values) - 1)
    values = np.full(len(places), np.nan)
    if index.dtype.kind == "i":
        values[within] = curve.values[index[within]]
        return values
    values[within] = reference.at(places[within])
    whole = within & (index == np.floor(index))
    values[whole] = curve.values[index[whole].astype(int)]
    return values


def _phases(reference: Side, other: Side, warp: Warp) -> tuple[Cause, ...] | None:
    """What only one side has before the shifted curves are one; None where the other side has what nothing explains."""
    if warp.ratio != 1 or warp.held is not None:
        return ()
    if warp.shift > 0:
        lost = [segment for segment in reference.segments if segment.end <= reference.curve.start + warp.shift]
        whole = lost and lost[-1].end == reference.curve.start + warp.shift
        return tuple(only(reference.name, segment, theirs=True) for segment in lost) if whole else ()
    head = other.curve.values[: -warp.shift]
    end = other.curve.start - warp.shift
    clamped = np.all(np.abs(head - warp.scale * reference.curve.values[0]) <= _tolerance(reference, other, warp))
    along = other.segments[0].end > end and not isinstance(other.segments[0].formula, Staircase)
    if clamped or along:
        return ()
    added = [segment for segment in other.segments if segment.end <= end]
    return (
        tuple(only(other.name, segment, theirs=False) for segment in added) if added and added[-1].end == end else None
    )


def only(name: str, segment: Segment, *, theirs: bool) -> Cause:
    """A phase that one side alone has."""
    text = f"only {name} has: {segment}"
    return Cause("phase", None, None if theirs else segment, segment if theirs else None, text)


def _causes(reference: str, other: str, warp: Warp, often: int = 1) -> tuple[Cause, ...]:
    causes = []
    if warp.held is not None:
        k = warp.held[0]
        counting = f": its count t is {reference}'s t // {counted(k)}" if warp.counting else ""
        each = f"once in {counted(often)}" if often > 1 else "at every count"
        text = f"{other} is stepped once in {counted(k)} counts, {reference} {each}{counting}"
        causes.append(Cause("held", None, k, often, text))
    if warp.ratio != 1:
        causes.append(Cause("stretch", None, warp.ratio, 1, _stretch(reference, other, warp.ratio)))
    if warp.shift:
        steps = f"{counted(abs(warp.shift))} step{'s' if abs(warp.shift) > 1 else ''}"
        sign, side = ("-", "late") if warp.shift < 0 else ("+", "early")
        text = f"{other} reads count {sign} {counted(abs(warp.shift))}: it is {steps} {side}"
        causes.append(Cause("shift", None, warp.shift, 0, text))
    if warp.scale != 1:
        text = f"{other} is {warp.scale:.6g} x {reference}"
        causes.append(Cause("scale", None, warp.scale, 1.0, text))
    return tuple(causes)


def _stretch(reference: str, other: str, ratio: Fraction) -> str:
    if ratio.denominator == 1:
        return f"{other} runs {ratio} times as fast: its count t is {reference}'s {ratio}t"
    if ratio.numerator == 1:
        k = ratio.denominator
        return f"{other} runs {k} times as slowly: its count {k}t is {reference}'s t"
    return f"{other} runs {ratio} times as fast: its count {ratio.denominator}t is {reference}'s {ratio.numerator}t"


def partly(reference: Side, other: Side) -> Iterator[tuple[tuple[Cause, ...], Curve, Curve]]:
    """Warps that may be one cause of several: each, the reference so warped, and the other side at the same counts."""
    theirs, ours = reference.curve, other.curve
    t = np.arange(ours.start, ours.start + len(ours.values))
    scales = dict.fromkeys(
        _ratio_of(a, b, reference, other) for a, b in zip(_tops(reference), _tops(other), strict=True)
    )
    late_or_early = [Warp(shift=shift) for shift in _OFF_BY_ONE]
    for warp in [*(Warp(scale=scale) for scale in scales if _is_written(scale)), *late_or_early]:
        values = warp.scale * _warped(reference, warp.places(t))
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < _TELLING * len(t):
            continue
        first, last = known[0], known[-1] + 1
        warped = dataclasses.replace(theirs, values=values[first:last], start=int(t[first]), schedule=None)
        warped = dataclasses.replace(warped, tolerance=abs(warp.scale) * theirs.tolerance)
        beside = dataclasses.replace(ours, values=ours.values[first:last], start=int(t[first]), schedule=None)
        yield _causes(reference.name, other.name, warp), warped, beside


def _is_written(scale: float) -> bool:
    """Whether it is a factor that somebody has written, other than 0 and 1."""
    return scale not in (0.0, 1.0) and float(f"{scale:.4g}") == scale


def _tops(side: Side) -> tuple[float, float]:
    """The largest value, and the one that the first line or cosine has at its upper end."""
    values = side.curve.values
    peak = float(values[np.argmax(np.abs(values))])
    for segment in side.segments:
        match segment.formula:
            case Cosine(start=start, end=end):
                return peak, max(start, end, key=abs)
            case Linear() as line:
                return peak, max(line.value, line.last(segment.end), key=abs)
    return peak, peak


def _ratio_of(theirs: float, ours: float, reference: Side, other: Side) -> float:
    if theirs == 0 or ours == 0:
        return 1.0
    within = reference.curve.tolerance / abs(theirs) + other.curve.tolerance / abs(ours)
    return shortest(ours / theirs, within * abs(ours / theirs))


def unheld(reference: Side, other: Side) -> list[tuple[Cause, Curve, Curve]]:
    """Where one side alone is stepped once in k counts: that, and both curves at those counts, or at the first ones."""
    theirs, ours = (hold if has(side, Held) else None for side in (reference, other) for hold in [held_by(side)])
    if not ((ours and moves(reference)) or (theirs and moves(other))):
        return []
    k, origin = theirs or ours or (1, 0)
    if is_held(reference.curve, k, origin) and is_held(other.curve, k, origin):
        return []  # both are, and one of them is of no formula
    found = []
    for counting in (False, True):
        names = (other.name, reference.name) if ours is None else (reference.name, other.name)
        cause = _causes(*names, Warp(held=(k, origin), counting=counting))[0]
        curves = [at_steps(side.curve, k, origin) for side in (reference, other)]
        if counting:
            for i, side, hold in ((0, reference, theirs), (1, other, ours)):
                if hold is None:
                    first = dataclasses.replace(side.curve, values=side.curve.values[: len(curves[i].values)])
                    curves[i] = dataclasses.replace(first, start=0, schedule=None, metrics=None)
        found.append((cause, curves[0], curves[1]))
    return found


def at_steps(curve: Curve, k: int, origin: int) -> Curve:
    """The curve at origin, origin + k, ..., from the first of them that it has."""
    values = curve.values[(origin - curve.start) % k :: k]
    return dataclasses.replace(curve, values=values, start=0, schedule=None, metrics=None)


def is_held(curve: Curve, k: int, origin: int) -> bool:
    """Whether the curve moves at those counts alone."""
    steps = np.flatnonzero(np.diff(curve.values)) + 1 + curve.start
    return bool(np.all(steps % k == origin % k))
