"""A curve read as segments, each of one formula."""

import dataclasses
from itertools import pairwise

import numpy as np

from jaxlr._curves.families import (
    Constant,
    Exponential,
    Family,
    Held,
    Linear,
    NotANumber,
    Other,
    Staircase,
)
from jaxlr._curves.pieces import FEW, MOST, Segment, Values, moving

__all__ = ["Segment", "segments"]


def segments(values: np.ndarray, tolerance: float, start: int = 0) -> tuple[Segment, ...]:
    """Reads a curve.

    A segment is as long as one formula gives every value of it. A kink belongs to the segment that it begins: where
    two formulas meet is where the first ends.

    Args:
      values: at counts start, start + 1, ..., in float64.
      tolerance: by how much a value may be off, absolute.
      start: the count of the first value.

    Returns:
      The segments, in order, without gaps.
    """
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values)
    edges = [0, *(np.flatnonzero(np.diff(finite)) + 1).tolist(), len(values)]
    pieces: list[Segment] = []
    for i, j in pairwise(edges):
        if len(pieces) >= MOST:
            pieces.append(Segment(start + i, start + len(values), Other()))
            break
        if finite[i]:
            pieces += _read(Values(values[i:j], start + i, tolerance))
        else:
            pieces.append(Segment(start + i, start + j, NotANumber()))
    return tuple(pieces)


def _read(values: Values) -> list[Segment]:
    """The segments of finite values: of the stretches that are held, and of those that move."""
    pieces: list[Segment] = []
    at = values.first
    for start, end, k, origin in _held_stretches(values):
        if start > at:
            pieces += moving(dataclasses.replace(values, y=values.part(at, start), first=at))
        pieces += _held(values, start, end, k, origin)
        at = end
    if at < values.last:
        pieces += moving(dataclasses.replace(values, y=values.part(at, values.last), first=at))
    return _arrived(_stairs(pieces))


def _arrived(pieces: list[Segment]) -> list[Segment]:
    """The pieces, of the lines whether they meet what follows."""
    arrived = []
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        line = piece.formula
        if isinstance(line, Linear) and following is not None:
            gap = float(line(piece.end) - following.formula(piece.end))
            meets = abs(gap) <= 0.02 * abs(line.slope)
            line = dataclasses.replace(line, meets=meets)
        arrived.append(dataclasses.replace(piece, formula=line))
    return arrived


def _held_stretches(values: Values) -> list[tuple[int, int, int, int]]:
    """The stretches that step once in k counts, each as start, end, k, and a count at which it steps."""
    y = values.y
    steps = np.flatnonzero(y[1:] != y[:-1]) + 1
    if len(steps) < FEW:
        return []
    starts, lengths = np.r_[0, steps], np.diff(np.r_[0, steps, len(y)])
    found = []
    long = np.r_[False, lengths >= 2, False]
    edges = np.flatnonzero(long[1:] != long[:-1])
    for i, j in zip(edges[::2], edges[1::2], strict=True):  # runs i .. j - 1
        inner = lengths[i + 1 : j - 1]
        if len(inner) < FEW:
            continue
        k = int(np.gcd.reduce(inner))
        jumps = np.abs(np.diff(y[starts[i:j]]))
        if k < 2 or np.median(inner) != k or np.sum(jumps > 4 * values.tolerance) < FEW:
            continue
        end = starts[j] if j < len(starts) else len(y)
        found.append((values.first + int(starts[i]), values.first + int(end), k, values.first + int(starts[i + 1])))
    return found


def _held(values: Values, start: int, end: int, k: int, origin: int) -> list[Segment]:
    """The segments of a stretch that is held, read once in k counts."""
    origin %= k
    epochs = np.arange((start - origin) // k, (end - 1 - origin) // k + 1)
    y = values.part(start, end)[np.maximum(origin + k * epochs, start) - start]
    pieces = []
    for piece in moving(Values(y, int(epochs[0]), values.tolerance)):
        begins, ends = max(start, origin + k * piece.start), min(end, origin + k * piece.end)
        formula: Family = Held(piece.formula, k, origin)
        if isinstance(piece.formula, Exponential) and piece.formula.floor == 0:
            levels = piece.formula(np.arange(piece.start, piece.end))
            formula = Staircase(tuple(levels.tolist()), tuple(range(origin + k * (piece.start + 1), ends, k)))
        elif isinstance(piece.formula, Constant | Other):
            formula = piece.formula
        pieces.append(Segment(begins, ends, formula))
    return pieces


def _stairs(pieces: list[Segment]) -> list[Segment]:
    """The pieces, those that hold one value after another as one staircase."""
    joined: list[Segment] = []
    for piece in pieces:
        stairs = _joined(joined[-1], piece) if joined else None
        if stairs is None:
            joined.append(piece)
        else:
            joined[-1] = Segment(joined[-1].start, piece.end, stairs)
    return joined


def _joined(one: Segment, two: Segment) -> Staircase | None:
    """Both as one staircase, where the second goes on from the first one step further down."""
    before, after = _as_stairs(one.formula), _as_stairs(two.formula)
    if before is None or after is None:
        return None
    last, first = before.levels[-1], after.levels[0]
    if last == 0 or not 0 < first / last < 1:
        return None
    return Staircase((*before.levels, *after.levels), (*before.milestones, two.start, *after.milestones))


def _as_stairs(formula: Family) -> Staircase | None:
    """The formula as a staircase, of one level where it is constant; None where it is neither."""
    if isinstance(formula, Constant):
        return Staircase((formula.value,), ())
    return formula if isinstance(formula, Staircase) else None
