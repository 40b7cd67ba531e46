"""The numbers in which the segments of two curves differ."""

import dataclasses
import math
from typing import Any

import numpy as np

from jaxlr._curves.cause import Cause, Side
from jaxlr._curves.families import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    NotANumber,
    Other,
    Power,
    Restarts,
    Staircase,
    as_ratio,
    count,
    number,
)
from jaxlr._curves.pieces import Segment
from jaxlr._curves.warps import only

_MOST = 6  # causes: beyond that they are two curves, not one that was changed


_LENGTHS = {"T", "T_0", "warm-up length", "step size"}
_COUNTS = _LENGTHS | {"counted from", "counts there", "counts back", "begins at", "held counts"}


@dataclasses.dataclass(frozen=True)
class Pair:
    """A segment of the reference beside one of the other side; None where only one side has it."""

    theirs: Segment | None
    ours: Segment | None


def difference(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """What differs between the segments, one beside the other; [] where that is not all of the difference.

    A line is given by its end value, or by where it comes to 0: where both differ, each is an answer.
    """
    theirs, ours = _without_waves(reference.segments, other.segments)
    pairs = aligned(theirs, ours)
    by_length = _difference(reference, other, pairs, to_zero=True)
    by_end = _difference(reference, other, pairs, to_zero=False)
    answers = [answer for answer in (by_length, by_end) if 0 < len(answer) <= _MOST]
    if len(answers) == 2 and (by_length == by_end or not all(map(_is_round, by_end))):
        return answers[:1]
    return answers


def _is_round(cause: Cause) -> bool:
    """Whether an end value is one that somebody has written."""
    return cause.parameter != "end value" or all(len(f"{x:.6g}") < len("0.00123") for x in (cause.ours, cause.theirs))


def _difference(reference: Side, other: Side, pairs: list[Pair], *, to_zero: bool) -> tuple[Cause, ...]:
    causes: list[Cause] = []
    moved = False  # whether what comes just before explains that a segment begins elsewhere
    for i, pair in enumerate(pairs):
        theirs, ours = pair.theirs, pair.ours
        if _agree(reference, other, pair):
            moved = moved and (theirs is None or ours is None)
            continue
        if theirs is None or ours is None:
            lone, side = (theirs, reference) if theirs is not None else (ours, other)
            if lone is None or isinstance(lone.formula, Other):
                return ()
            if not _is_past_the_end(pairs, i):
                causes.append(only(side.name, lone, theirs=ours is None))
            moved = True
            continue
        if isinstance(theirs.formula, Other | NotANumber) or isinstance(ours.formula, Other | NotANumber):
            return ()
        following = pairs[i + 1] if i + 1 < len(pairs) else Pair(None, None)
        found = _between(reference, other, theirs, ours, following, first=i == 0, to_zero=to_zero)
        if found is None:
            return ()
        begins = theirs.start != ours.start and not moved
        if begins:
            found.append(_parameter(reference.name, ours.family, "begins at", ours.start, theirs.start))
        along = ours.end - theirs.end == ours.start - theirs.start
        moved = bool(found) or (moved and along)
        causes += found
    return tuple(causes)


def _without_waves(
    theirs: tuple[Segment, ...], ours: tuple[Segment, ...]
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """The segments, warm restarts as the cosines that they are where only one side has them."""
    sides = (theirs, ours)
    waves = [any(isinstance(segment.formula, Restarts) for segment in side) for side in sides]
    if waves[0] == waves[1]:
        return sides
    theirs, ours = (tuple(part for segment in side for part in _cycles(segment)) for side in sides)
    return theirs, ours


def _cycles(segment: Segment) -> list[Segment]:
    formula = segment.formula
    if not isinstance(formula, Restarts):
        return [segment]
    parts: list[Segment] = []
    begin, T = formula.origin, formula.T
    while begin < segment.end and len(parts) < 2 * _MOST:
        end = min(round(begin + T), segment.end)
        parts.append(Segment(round(begin), end, Cosine(formula.top, formula.bottom, T, begin)))
        begin, T = begin + T, T * formula.T_mult
    return parts if parts and parts[-1].end == segment.end else [segment]


def aligned(theirs: tuple[Segment, ...], ours: tuple[Segment, ...]) -> list[Pair]:
    """The segments of both in order, beside one another where they are of one family, or at least at one place."""
    score = np.zeros((len(theirs) + 1, len(ours) + 1))
    for i in reversed(range(len(theirs))):
        for j in reversed(range(len(ours))):
            beside = _likeness(theirs[i], ours[j]) + score[i + 1, j + 1]
            score[i, j] = max(beside, score[i + 1, j], score[i, j + 1])
    pairs, i, j = [], 0, 0
    while i < len(theirs) or j < len(ours):
        both = i < len(theirs) and j < len(ours)
        if both and score[i, j] == _likeness(theirs[i], ours[j]) + score[i + 1, j + 1]:
            pairs.append(Pair(theirs[i], ours[j]))
            i, j = i + 1, j + 1
        elif i < len(theirs) and (j == len(ours) or score[i, j] == score[i + 1, j]):
            pairs.append(Pair(theirs[i], None))
            i += 1
        else:
            pairs.append(Pair(None, ours[j]))
            j += 1
    return pairs


def _likeness(one: Segment, two: Segment) -> float:
    common = max(0, min(one.end, two.end) - max(one.start, two.start))
    overlap = common / (max(one.end, two.end) - min(one.start, two.start))
    opposite = isinstance(one.formula, Linear) and _rises(one) != _rises(two)
    if one.family != two.family or opposite:
        return overlap if overlap > 0.3 else -1.0
    return 1 + overlap + (_rises(one) == _rises(two))


def _rises(segment: Segment) -> bool:
    first, last = segment.formula(np.array([segment.start, segment.end - 1]))
    return bool(first < last)


def _agree(reference: Side, other: Side, pair: Pair) -> bool:
    """Whether both curves have the same values wherever either segment is."""
    both = [segment for segment in (pair.theirs, pair.ours) if segment is not None]
    begin = reference.curve.start
    part = slice(min(segment.start for segment in both) - begin, max(segment.end for segment in both) - begin)
    off = np.abs(reference.curve.values[part] - other.curve.values[part])
    return bool(np.all(off <= _tolerance(reference, other)))


def _tolerance(reference: Side, other: Side) -> float:
    return reference.curve.tolerance + other.curve.tolerance


def _is_past_the_end(pairs: list[Pair], i: int) -> bool:
    """Whether a constant that one side ends with is where its formula ends, which the other side's has not reached."""
    theirs, ours = pairs[i].theirs, pairs[i].ours
    lone = theirs or ours
    if i == 0 or i + 1 < len(pairs) or lone is None or not isinstance(lone.formula, Constant):
        return False
    last = pairs[i - 1]
    before, beside = (last.theirs, last.ours) if ours is None else (last.ours, last.theirs)
    if before is None or beside is None or before.family != beside.family:
        return False
    if not (before.end < beside.end and _end(beside) >= beside.end - 1 and abs(_end(before) - before.end) <= 1):
        return False
    first, last = before.formula(np.array([before.start, _end(before)]))
    return math.isclose(lone.formula.value, last, rel_tol=1e-6, abs_tol=1e-6 * abs(first))


def _end(segment: Segment) -> float:
    """Where the formula comes to its end; -inf where it has none."""
    match segment.formula:
        case Cosine(T=T, origin=origin):
            return origin + T
        case Power() as power if power.ends(segment.end):
            return power.origin
        case Linear():
            return math.inf if segment.formula.slope == 0 else max(_zero(segment), float(segment.end))
    return -math.inf


def _zero(segment: Segment) -> float:
    """Where a line comes to 0."""
    line = segment.formula
    return line.origin - line.value / line.slope if isinstance(line, Linear) and line.slope else math.inf


def _between(
    reference: Side, other: Side, theirs: Segment, ours: Segment, following: Pair, *, first: bool, to_zero: bool
) -> list[Cause] | None:
    """What differs between two segments, but for where they begin; None where it cannot be said."""
    R, tolerance = reference.name, _tolerance(reference, other)
    if theirs.family != ours.family:
        powers = _powers(theirs, ours)
        if powers is not None:
            return [_parameter(R, "power", "power", powers[1], powers[0])]
        text = f"{ours.family} where {R} has {theirs.family}: {ours} where {R} has {theirs}"
        return [Cause("family", None, ours.family, theirs.family, text)]
    if _one_formula(theirs, ours, tolerance) or _one_shape(theirs, ours, tolerance):
        return []
    before = _numbers(theirs, ours, following.theirs, theirs, first=first, to_zero=to_zero)
    after = _numbers(ours, theirs, following.ours, theirs, first=first, to_zero=to_zero)
    if before.keys() != after.keys():
        return None
    differ = [name for name in before if not _same(name, before[name], after[name], tolerance)]
    told = [name for name in differ if not _follows(name, theirs, ours, before, after)]
    return [_parameter(R, ours.family, name, after[name], before[name]) for name in told] if differ else None


def _one_formula(theirs: Segment, ours: Segment, tolerance: float) -> bool:
    """Whether both formulas give the same values where both segments are."""
    t = np.arange(max(theirs.start, ours.start), min(theirs.end, ours.end))
    return len(t) > 0 and bool(np.max(np.abs(theirs.formula(t) - ours.formula(t))) <= tolerance)


def _one_shape(theirs: Segment, ours: Segment, tolerance: float) -> bool:
    """Whether both segments are the same, counted from where each begins."""
    t = np.arange(min(theirs.end - theirs.start, ours.end - ours.start))
    return bool(np.max(np.abs(theirs.formula(theirs.start + t) - ours.formula(ours.start + t))) <= tolerance)


def _numbers(
    segment: Segment, beside: Segment, following: Segment | None, theirs: Segment, *, first: bool, to_zero: bool
) -> dict[str, Any]:
    """The numbers of a segment by the names that people give them, those that the one beside it has too."""
    formula = segment.formula
    numbers = formula.parameters(segment.start, segment.end)
    if isinstance(formula, Staircase) and isinstance(beside.formula, Staircase):
        return _of_stairs(segment, formula, beside, beside.formula)
    if isinstance(formula, Power) and isinstance(beside.formula, Power) and not beside.formula.ends(beside.end):
        return formula.parameters(segment.start, segment.end)
    if not isinstance(formula, Linear) or not isinstance(beside.formula, Linear):
        return numbers
    if formula.slope > 0 and beside.formula.slope > 0 and first and following is not None:
        end = _meeting(segment, following)
        last = float(formula(end))
        return {"start value": numbers["start value"], "end value": last, "warm-up length": end - segment.start}
    if to_zero and all(_comes_to_zero(line) for line in (segment, beside)):
        return {"start value": numbers["start value"], "T": _zero(segment) - segment.start}
    if segment.end == beside.end and isinstance(theirs.formula, Linear):  # of both the value at one count
        numbers["end value"] = formula.value_at(
            theirs.end if theirs.formula.comes_after(theirs.end) else theirs.end - 1
        )
    return numbers


def _of_stairs(segment: Segment, stairs: Staircase, beside: Segment, others: Staircase) -> dict[str, Any]:
    numbers: dict[str, Any] = {"start value": stairs.levels[0]}
    numbers |= {"levels": stairs.levels[1:]} if None in (stairs.gamma, others.gamma) else {"gamma": stairs.gamma}
    if stairs.every(segment.start) and others.every(beside.start):
        return numbers | {"step size": stairs.every(segment.start)}
    return numbers | {"milestone": stairs.milestones}


def _comes_to_zero(segment: Segment) -> bool:
    zero = _zero(segment)
    return math.isfinite(zero) and zero > segment.end - 1.001 and abs(zero - round(zero)) < 1e-3


def _meeting(line: Segment, following: Segment) -> float:
    """The real count at which a line meets what follows; where it does not, the count that ends it."""
    t, step = float(line.end), 0.5
    for _ in range(8):
        gap = float(line.formula(t) - following.formula(t))
        slope = (float(line.formula(t - step) - following.formula(t - step)) - gap) / -step
        if slope == 0 or not math.isfinite(slope):
            return float(line.end)
        t -= gap / slope
        if abs(t - line.end) > 1.5:
            return float(line.end)
    return float(round(t)) if abs(t - round(t)) < 1e-3 else t


def _same(name: str, a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_same(name, x, y, tolerance) for x, y in zip(a, b, strict=True))
    if name in _COUNTS:
        return bool(abs(a - b) <= 1e-3 + 1e-7 * abs(a))
    if name in {"gamma", "power", "T_mult", "factor of a cycle"}:
        return bool(abs(a - b) <= 1e-9 * abs(a))
    return bool(abs(a - b) <= max(2 * tolerance, 1e-9 * abs(a)))


def _follows(name: str, theirs: Segment, ours: Segment, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether it differs because the segment begins elsewhere: counted from its start, or to the same end."""
    moved = ours.start - theirs.start
    if not moved:
        return False
    origins = (before.get("counted from", theirs.start), after.get("counted from", ours.start))
    along = abs(origins[1] - origins[0] - moved) <= 1e-3
    if name == "counted from":
        return bool(along)
    if name == "T":
        return bool(along and abs(origins[1] + after["T"] - origins[0] - before["T"]) <= 1e-3)
    if name != "start value" or not isinstance(theirs.formula, Exponential | Power):
        return False
    # They are counted from one place, and the one is entered later.
    values = [float(segment.formula(theirs.start)) for segment in (theirs, ours)]
    return math.isclose(*values, rel_tol=1e-6)


def _powers(theirs: Segment, ours: Segment) -> tuple[float, float] | None:
    """The powers of two segments that begin, and come to their end, at one place, where one of them is a line."""
    match theirs.formula, ours.formula:
        case (Linear() as line, Power() as curve) | (Power() as curve, Linear() as line):
            at = np.array([max(theirs.start, ours.start), curve.origin])
            if np.max(np.abs(line(at) - curve(at))) > 1e-6 * abs(float(curve(at[:1])[0])):
                return None
            return (1.0, curve.power) if line is theirs.formula else (curve.power, 1.0)
    return None


def _parameter(R: str, family: str, name: str, ours: Any, theirs: Any) -> Cause:
    ours_shown, theirs_shown = ours, theirs
    if isinstance(ours, tuple) and len(ours) == len(theirs):
        different = [i for i, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b]
        ours_shown, theirs_shown = (tuple(side[i] for i in different) for side in (ours, theirs))
    text = f"{family}: {name} {_shown(name, ours_shown)} where {R} has {_shown(name, theirs_shown)}"
    return Cause("parameter", name, ours, theirs, text + _ratio(name, ours, theirs))


def _shown(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        shown = [_shown(name, item) for item in value]
        return ", ".join(shown if len(shown) <= 6 else [*shown[:5], "..."]) or "none"
    if name in _COUNTS or name == "milestone":
        return count(value)
    return f"{value:.8g}" if name in {"gamma", "power"} else number(value)


def _ratio(name: str, ours: Any, theirs: Any) -> str:
    """The ratio of two lengths, where it is that of small integers."""
    return as_ratio(ours, theirs) if name in _LENGTHS else ""
