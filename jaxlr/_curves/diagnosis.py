"""Why two curves differ: what, changed in one of them, makes it the other."""

import dataclasses

import numpy as np

from jaxlr._curves.cause import Cause, Curve, Diagnosis, Side
from jaxlr._curves.families import Held, Other
from jaxlr._curves.neighbours import neighbours, of_one_structure
from jaxlr._curves.parameters import difference
from jaxlr._curves.segments import segments
from jaxlr._curves.warps import at_steps, is_held, partly, unheld, warps

_MANY = 8  # numbers, more than are ever told

__all__ = ["Cause", "Curve", "Diagnosis", "diagnose", "diagnose_momentum"]


def diagnose(reference: Curve, other: Curve) -> Diagnosis:
    """Finds what makes two curves different: of that alone which accounts for all of it.

    Args:
      reference: one curve.
      other: the other, of the same counts.

    Returns:
      The causes, and both curves as segments. No cause where the curves are equal, or where none is proved.

    Raises:
      ValueError: the curves are not of the same counts.
    """
    if reference.start != other.start or len(reference.values) != len(other.values):
        spans = [f"{len(curve.values)} from {curve.start} on" for curve in (reference, other)]
        raise ValueError(f"diagnose: reference and other must be of the same counts, got {spans[0]} and {spans[1]}")
    sides = [_side(curve) for curve in (reference, other)]
    return Diagnosis(tuple(_alternatives(*sides)), (sides[0].segments, sides[1].segments))


def diagnose_momentum(reference: Curve, other: Curve) -> Diagnosis:
    """The same for the momentum that the two sides drive: its causes say so.

    Args:
      reference: one momentum.
      other: the other, of the same counts.

    Returns:
      As diagnose.
    """
    found = diagnose(reference, other)
    held, cycled = other.values, reference.values
    if np.ptp(held) == 0 and np.ptp(cycled) > 0:
        cycle = f"{np.min(cycled):.6g}..{np.max(cycled):.6g}"
        text = f"momentum is not cycled: {other.name} holds {held[0]:.6g} where {reference.name} cycles {cycle}"
        cause = Cause("momentum", None, float(held[0]), (float(np.min(cycled)), float(np.max(cycled))), text)
        return Diagnosis(((cause,),), found.segments)
    alternatives = tuple(tuple(map(_of_momentum, causes)) for causes in found.alternatives)
    return Diagnosis(alternatives, found.segments)


def _of_momentum(cause: Cause) -> Cause:
    return Cause("momentum", cause.parameter, cause.ours, cause.theirs, f"momentum: {cause.text}")


def _alternatives(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """What each makes the curves equal: one cause where one does, else the fewest."""
    theirs, ours = reference.curve, other.curve
    nan = [np.flatnonzero(~np.isfinite(curve.values)) for curve in (theirs, ours)]
    if len(nan[0]) or len(nan[1]):
        return _not_a_number(reference, other, *nan)
    # Of what is hardly more than rounding, half a cause would seem to account for all.
    if np.max(np.abs(theirs.values - ours.values)) <= 10 * (theirs.tolerance + ours.tolerance):
        return []
    known = of_one_structure(theirs, ours)
    if known:
        return [known]
    read = _read(reference, other)
    warped, near = warps(reference, other), neighbours(reference, other, changes=1)
    single: list[tuple[Cause, ...]] = [causes for causes in warped if len(causes) == 1]
    if any(causes[0].kind == "scale" for causes in single):
        near = [causes for causes in near if causes[0].parameter not in {"lr", "max_lr"}]  # the same, said again
    if single or near:
        return [*single, *near, *(causes for causes in read if _is_another(causes, single, near))]
    if len(read) and min(map(_numbers, read)) == 1:
        return [causes for causes in read if _numbers(causes) == 1]
    found = warped or [*neighbours(reference, other, changes=2), *_held(reference, other)]
    fewest = min(map(_numbers, [*found, *read]), default=_MANY)
    mixed = _warped_and_read(reference, other) if fewest > 2 else []
    # The numbers of segments say again what a warp, or the fields of a known schedule, say.
    for answers, most in ((mixed, fewest - 1), (found, fewest), (read, fewest)):
        simplest = [causes for causes in answers if _numbers(causes) <= most]
        if simplest:
            return [causes for causes in simplest if _numbers(causes) == min(map(_numbers, simplest))]
    return []


def _is_another(causes: tuple[Cause, ...], warped: list[tuple[Cause, ...]], near: list[tuple[Cause, ...]]) -> bool:
    """Whether one cause that was read from the segments says something else than what was found."""
    if len(causes) != 1:
        return False
    cause, kinds = causes[0], {found[0].kind for found in warped}
    if not kinds:
        return cause.kind in {"phase", "family"}
    one_drop = cause.parameter == "milestone" and _numbers(causes) == 1
    return not near and (kinds == {"stretch"} or (one_drop and kinds == {"shift"}))


def _numbers(causes: tuple[Cause, ...]) -> int:
    """How many numbers would have to be changed."""
    tuples = [(cause.ours, cause.theirs) for cause in causes if isinstance(cause.ours, tuple)]
    changed: int = sum(abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False)) for a, b in tuples)
    return len(causes) - len(tuples) + changed


def _read(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """What differs between the segments; where both are stepped once in k counts, between those of their steps."""
    curves = (reference.curve, other.curve)
    holds = [segment.formula for segment in reference.segments + other.segments if isinstance(segment.formula, Held)]
    if not holds or not all(is_held(curve, holds[0].k, holds[0].origin) for curve in curves):
        return difference(reference, other)
    k, origin = holds[0].k, holds[0].origin
    sides = [_side(at_steps(curve, k, origin)) for curve in curves]
    return [_in_steps(k, causes) for causes in difference(*sides)]


def _in_steps(k: int, causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """Causes whose counts are steps, one in k counts."""
    return tuple(dataclasses.replace(cause, text=f"in steps of {k:,} counts: {cause.text}") for cause in causes)


def _side(curve: Curve) -> Side:
    return Side(curve, segments(curve.values, curve.tolerance, curve.start))


def _held(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """Of two curves one of which is stepped once in k counts: that, and what differs at those counts."""
    for held, *curves in unheld(reference, other):
        sides = [_side(curve) for curve in curves]
        found = warps(*sides) or difference(*sides)
        if found:
            return [(held, *_in_steps(max(held.ours, held.theirs), causes)) for causes in found]
    return []


def _warped_and_read(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """A warp of the whole curve, and what else differs between the segments."""
    if any(isinstance(segment.formula, Other) for segment in reference.segments + other.segments):
        return []
    found = []
    for warp, *curves in partly(reference, other):
        found += [(*warp, *causes) for causes in difference(*map(_side, curves))]
    return found


def _not_a_number(reference: Side, other: Side, theirs: np.ndarray, ours: np.ndarray) -> list[tuple[Cause, ...]]:
    """That a side is NaN where the other is not, and what differs before."""
    if np.array_equal(theirs, ours) or (len(theirs) and len(ours)):
        return []
    side, at = (other, ours) if len(ours) else (reference, theirs)
    first, n = int(at[0]), len(side.curve.values)
    count = side.curve.start + first
    kind = "NaN" if np.all(np.isnan(side.curve.values[at])) else "not finite"
    where = f"from count {count:,} on" if len(at) == n - first else f"at count {count:,}"
    ours_at, theirs_at = (count, None) if side is other else (None, count)
    cause = Cause("nan", None, ours_at, theirs_at, f"{side.name} is {kind} {where}")
    a, b = reference.curve, other.curve
    both = np.isfinite(a.values) & np.isfinite(b.values)
    if np.all(np.abs(a.values[both] - b.values[both]) <= a.tolerance + b.tolerance):
        return [(cause,)]
    if len(at) < n - first or first == 0:
        return []
    before = [_side(dataclasses.replace(curve, values=curve.values[:first])) for curve in (a, b)]
    return [(cause, *causes) for causes in _alternatives(*before)]
