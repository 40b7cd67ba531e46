"""Where things happen in two curves: the shifts and the ratios between them, and what is held."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from jaxlr._curves.cause import Side
from jaxlr._curves.families import Cosine, Exponential, Held, Linear, Power, Restarts, Staircase, Triangular
from jaxlr._curves.pieces import Segment

_MOST = 24  # shifts, or ratios, that are tried: those in which segments differ
_STAIRS = 3  # steps that are at one distance: fewer may be drops


def shifts(reference: Side, other: Side) -> list[int]:
    """The differences of where things happen, the least first."""
    theirs, ours = _marks(reference), _marks(other)
    found = {1.0, -1.0}
    found |= {a - b for name in theirs.keys() & ours.keys() for a in theirs[name] for b in ours[name]}
    for a, b in _pairs(reference, other, Exponential):
        one, two = a.formula, b.formula
        if 0 < one.gamma == two.gamma != 1 and one.value and two.value and (one.value > 0) == (two.value > 0):
            # Their ratio may be beyond what a float holds.
            found.add((math.log(abs(two.value)) - math.log(abs(one.value))) / math.log(one.gamma))
    n = len(reference.curve.values)
    whole = {round(shift) for shift in found if abs(shift - round(shift)) < 1e-3 and 0 < abs(shift) < n}
    return sorted(whole, key=abs)[:_MOST]


def _marks(side: Side) -> dict[str, list[float]]:
    """Where segments begin, where formulas are counted from, where steps are, and where the extremes are."""
    values = side.curve.values
    finite = np.where(np.isfinite(values), values, 0)
    marks: dict[str, list[float]] = {
        "start": [float(segment.start) for segment in side.segments[1:8]],
        "first": [float(side.segments[0].start)],
        "peak": [float(np.argmax(finite))],
        "bottom": [float(np.argmin(finite))],
    }
    marks["start"] += marks["first"]
    for segment in side.segments[:8]:
        match segment.formula:
            case Cosine(origin=origin) | Power(origin=origin) | Restarts(origin=origin) | Triangular(origin=origin):
                marks.setdefault("origin", []).append(float(origin))
            case Staircase(milestones=milestones):
                marks.setdefault("milestone", []).extend(map(float, milestones[:4]))
    return marks


def _pairs(reference: Side, other: Side, family: type) -> Iterator[tuple[Any, Any]]:
    theirs = [segment for segment in reference.segments[:8] if isinstance(segment.formula, family)]
    ours = [segment for segment in other.segments[:8] if isinstance(segment.formula, family)]
    for a in theirs:
        for b in ours:
            yield a, b


def ratios(reference: Side, other: Side) -> list[Fraction]:
    """The ratios of lengths; of curves of one formula, which has a length of its own, the whole ones alone."""
    ratios: dict[Fraction, None] = {}

    def add(theirs: float, ours: float) -> None:
        if theirs > 0 and ours > 0 and math.isfinite(theirs / ours):
            for most, within in ((1, 1e-4), (1000, 1e-6)):
                large = max(theirs / ours, ours / theirs)
                ratio = Fraction(large).limit_denominator(most)
                if ratio != 1 and abs(float(ratio) / large - 1) < within:
                    ratios[ratio if theirs > ours else 1 / ratio] = None

    theirs, ours = _lengths(reference), _lengths(other)
    for name in theirs.keys() & ours.keys():
        for a in theirs[name]:
            for b in ours[name]:
                add(a, b)
    for one, two in _pairs(reference, other, Exponential):
        if 0 < one.formula.gamma != 1 and 0 < two.formula.gamma != 1:
            add(abs(math.log(two.formula.gamma)), abs(math.log(one.formula.gamma)))
    one_formula = len(reference.segments) == 1 and not isinstance(reference.segments[0].formula, Held | Staircase)
    whole = [ratio for ratio in ratios if 1 in (ratio.numerator, ratio.denominator)]
    if one_formula:
        return whole[:_MOST]
    both = [_drops(side) for side in (reference, other)]
    if all(both):  # of drops alone many a ratio would give the same counts
        pairs = list(zip(*both, strict=False))
        return [ratio for ratio in ratios if all(ours * ratio == theirs for theirs, ours in pairs)]
    return (whole + [ratio for ratio in ratios if ratio not in whole])[:_MOST]


def _drops(side: Side) -> list[int]:
    """The counts of the steps of a curve that is one staircase."""
    formula = side.segments[0].formula
    return list(formula.milestones) if isinstance(formula, Staircase) and len(side.segments) == 1 else []


def _lengths(side: Side) -> dict[str, list[float]]:
    lengths: dict[str, list[float]] = {"start": [float(segment.start) for segment in side.segments[1:8]]}
    for segment in side.segments[:8]:
        formula = segment.formula
        match formula:
            case Cosine(T=T) | Restarts(T=T):
                lengths.setdefault("T", []).append(T)
            case Power():
                lengths.setdefault("origin", []).append(abs(formula.origin - segment.start))
            case Triangular(up=up):
                lengths.setdefault("up", []).append(up)
            case Staircase(milestones=milestones):
                lengths.setdefault("milestone", []).extend(map(float, milestones[:4]))
            case Held(k=k):
                lengths.setdefault("held", []).append(float(k))
            case Linear(slope=slope) if slope:
                lengths.setdefault("slope", []).append(abs(1 / slope))
    return lengths


def held_by(side: Side) -> tuple[int, int] | None:
    """The counts between two steps of the side, and where one of them is; None where it moves at every count."""
    holds = [hold for segment in side.segments if (hold := _hold(segment)) is not None]
    return holds[0] if holds and all(hold == holds[0] for hold in holds) else None


def _hold(segment: Segment) -> tuple[int, int] | None:
    match segment.formula:
        case Held(k=k, origin=origin):
            return k, origin % k
        case Staircase(milestones=milestones) if len(milestones) >= _STAIRS:
            lengths = np.diff(milestones)
            return (int(lengths[0]), milestones[0] % int(lengths[0])) if np.all(lengths == lengths[0]) else None
    return None


def moves(side: Side) -> bool:
    """Whether the curve moves at every count, but where it rests."""
    return not has(side, Held, Staircase)


def has(side: Side, *families: type) -> bool:
    return any(isinstance(segment.formula, families) for segment in side.segments)
