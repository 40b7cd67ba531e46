"""Why two curves differ: what, changed in one of them, makes it the other."""

import dataclasses

import numpy as np

from jaxlr._curves.cause import Cause, Curve, Diagnosis, Side
from jaxlr._curves.neighbours import neighbours, of_one_structure
from jaxlr._curves.parameters import difference
from jaxlr._curves.segments import segments
from jaxlr._curves.warps import at_steps, held_by, is_held, unheld, warps

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
    theirs, ours = reference.curve, other.curve
    nan = [np.flatnonzero(~np.isfinite(curve.values)) for curve in (theirs, ours)]
    if len(nan[0]) or len(nan[1]):
        return _not_a_number(reference, other, *nan)
    if np.max(np.abs(theirs.values - ours.values)) <= theirs.tolerance + ours.tolerance:
        return []
    known = of_one_structure(theirs, ours)
    if known:
        return [known]
    warped, near = warps(reference, other), neighbours(reference, other, changes=1)
    read = _read(reference, other)
    found = [*(causes for causes in warped if len(causes) == 1), *near]
    if found:
        return [*found, *(causes for causes in read if _is_another(causes, found, near))]
    near = neighbours(reference, other, changes=2)
    # The numbers of segments say again what the fields of a known schedule say.
    read = [causes for causes in read if not near or _numbers(causes) < 2]
    found = [*warped, *near, *read, *_held(reference, other)]
    fewest = min(map(_numbers, found), default=0)
    return list(dict.fromkeys(causes for causes in found if _numbers(causes) == fewest))


def _numbers(causes: tuple[Cause, ...]) -> int:
    """How many numbers would have to be changed."""
    tuples = [(cause.ours, cause.theirs) for cause in causes if isinstance(cause.ours, tuple)]
    changed: int = sum(abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False)) for a, b in tuples)
    return len(causes) - len(tuples) + changed


def _is_another(causes: tuple[Cause, ...], found: list[tuple[Cause, ...]], near: list[tuple[Cause, ...]]) -> bool:
    """Whether what was read from the segments says something else than what was found."""
    if len(causes) != 1:
        return False
    stretched = any(cause.kind == "stretch" for one in found for cause in one)
    return causes[0].kind in ("phase", "family") or (stretched and not near)


def _read(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """What differs between the segments; where both are stepped once in k counts, between those of their steps."""
    hold = held_by(reference) or held_by(other)
    curves = (reference.curve, other.curve)
    if hold is None or not all(is_held(curve, *hold) for curve in curves):
        return difference(reference, other)
    k, origin = hold
    sides = [_side(at_steps(curve, k, origin)) for curve in curves]
    each = f"in steps of {k:,} counts: "
    return [
        tuple(dataclasses.replace(cause, text=each + cause.text) for cause in causes) for causes in difference(*sides)
    ]


def _side(curve: Curve) -> Side:
    return Side(curve, segments(curve.values, curve.tolerance, curve.start))


def _held(reference: Side, other: Side) -> list[tuple[Cause, ...]]:
    """Of two curves one of which is stepped once in k counts: that, and what differs at those counts."""
    for held, *curves in unheld(reference, other):
        sides = [_side(curve) for curve in curves]
        found = warps(*sides) or difference(*sides)
        if found:
            return [(held, *causes) for causes in found]
    return []


def _not_a_number(reference: Side, other: Side, theirs: np.ndarray, ours: np.ndarray) -> list[tuple[Cause, ...]]:
    """That a side is NaN where the other is not, if they agree elsewhere."""
    a, b = reference.curve, other.curve
    both = np.isfinite(a.values) & np.isfinite(b.values)
    agree = np.all(np.abs(a.values[both] - b.values[both]) <= a.tolerance + b.tolerance)
    if np.array_equal(theirs, ours) or not agree:
        return []
    curve, at = (b, ours) if len(ours) else (a, theirs)
    last = at[-1] - at[0] + 1 == len(at) and at[-1] == len(curve.values) - 1
    kind = "NaN" if np.all(np.isnan(curve.values[at])) else "not finite"
    count = curve.start + int(at[0])
    text = f"{curve.name} is {kind} from count {count:,} on" if last else f"{curve.name} is {kind} at count {count:,}"
    return [(Cause("nan", None, count if curve is b else None, count if curve is a else None, text),)]
