"""A warm-up laid over another schedule: the curve divided by the one of the two that can be read."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from jaxlr._curves.boundaries import cycle_earlier
from jaxlr._curves.families import Constant, Held, Linear, Restarts, Staircase
from jaxlr._curves.members import Part, member
from jaxlr._curves.pieces import FEW, Segment
from jaxlr._curves.sequence import is_whole, parts_of, sequences
from jaxlr._schedules.base import Multiplicative, Schedule, lr_of
from jaxlr._schedules.compose import ChainedScheduler
from jaxlr._schedules.derived import Product
from jaxlr._schedules.per_epoch import per_epoch

_HEADS = 32  # pieces in which a warm-up may end
_NEAR = 1e-6  # relative, of a quotient


def overlaid(pieces: Sequence[Segment], y: np.ndarray) -> Iterator[Schedule]:
    """A warm-up, and what it is laid over: that which the curve is once the warm-up has ended."""
    for i in range(1, min(len(pieces), _HEADS)):
        k, tail = _from_0(pieces[i:])
        parts = None if pieces[i].end - pieces[i].start < FEW * k else parts_of(tail)
        if parts is None or isinstance(parts[0].formula, Constant):
            continue
        counts = np.arange(pieces[i].start)
        under = parts[0].formula(counts // k)
        shown = (under != 0) | (y[: len(counts)] != 0)  # both are 0: whatever the factor is
        with np.errstate(all="ignore"):
            warm_up = _warm_up(counts[shown], (y[: len(counts)] / under)[shown])
        if warm_up is not None:
            for schedule in sequences(parts):
                yield from _laid(warm_up, schedule if k == 1 else per_epoch(schedule, k))
    yield from _over_drops(pieces, y)


def _from_0(pieces: Sequence[Segment]) -> tuple[int, list[Segment]]:
    """The pieces, the first of them from 0 on: those that are stepped once in k counts in epochs, and k."""
    first = pieces[0].formula
    if isinstance(first, Held):
        if isinstance(first.formula, Restarts):
            first = dataclasses.replace(first, formula=cycle_earlier(first.formula))
        epochs = [_in_epochs(piece, first.k) for piece in (dataclasses.replace(pieces[0], formula=first), *pieces[1:])]
        known = [piece for piece in epochs if piece is not None]
        if first.origin % first.k == 0 and len(known) == len(pieces):
            return first.k, [dataclasses.replace(known[0], start=0), *known[1:]]
    if isinstance(first, Staircase):
        first = _earlier(first, pieces[0].start)
    if isinstance(first, Restarts):
        first = cycle_earlier(first)
    return 1, [Segment(0, pieces[0].end, first), *pieces[1:]]


def _in_epochs(piece: Segment, k: int) -> Segment | None:
    """A piece that is stepped once in k counts, in those steps."""
    start, end = -(-piece.start // k), -(-piece.end // k)
    match piece.formula:
        case Held(formula=formula, k=of, origin=origin) if of == k and origin % k == 0:
            return Segment(start, end, formula)
        case Constant() if piece.start % k == 0:
            return Segment(start, end, piece.formula)
        case Staircase(levels=levels, milestones=milestones) if not any(at % k for at in milestones):
            return Segment(start, end, Staircase(levels, tuple(at // k for at in milestones)))
    return None


def _earlier(stairs: Staircase, start: int) -> Staircase:
    """A staircase whose steps are all of one length and factor, from 0 on."""
    gamma, every = stairs.gamma, stairs.milestones[0] - start
    lengths = {every, *np.diff(stairs.milestones).tolist()}
    k = max(lengths)
    if gamma is None or lengths - {every, k} or stairs.milestones[0] % k:
        return stairs
    n = stairs.milestones[0] // k - 1  # steps before the start
    with np.errstate(all="ignore"):
        levels = tuple((stairs.levels[0] / np.float64(gamma) ** np.arange(n, 0, -1)).tolist())
    if not np.all(np.isfinite(levels)):
        return stairs
    return Staircase((*levels, *stairs.levels), (*(k * (j + 1) for j in range(n)), *stairs.milestones))


def _warm_up(t: np.ndarray, factors: np.ndarray) -> Linear | None:
    """The line to 1 that the factors are at the counts t, where they are one."""
    if not np.all(np.isfinite(factors)):
        return None
    below = np.flatnonzero(np.abs(factors - 1) > _NEAR)
    if not len(below) or below[-1] < 1:
        return None
    n = below[-1] + 1
    slope = float(factors[n - 1] - factors[0]) / float(t[n - 1] - t[0])
    line = Linear(float(factors[0]) - slope * float(t[0]), slope, 0)
    straight = np.max(np.abs(line(t[:n]) - factors[:n])) <= _NEAR
    ends = (1 - line.value) / slope if slope > 0 else math.inf
    meets = t[n - 1] < ends <= t[n - 1] + 1 + 1e-3 and (n >= FEW or is_whole(ends))
    return line if straight and meets and line.value > -_NEAR else None


def _over_drops(pieces: Sequence[Segment], y: np.ndarray) -> Iterator[Schedule]:
    """A warm-up over drops the first of which come before it has ended: lines, then levels."""
    lines = next((i for i, piece in enumerate(pieces) if not isinstance(piece.formula, Linear)), 0)
    if lines < 2 or not isinstance(pieces[lines].formula, Constant | Staircase):
        return
    first, last = pieces[0].formula, pieces[lines - 1].formula
    end = pieces[lines].start
    if (
        not isinstance(first, Linear)
        or not isinstance(last, Linear)
        or first.slope <= 0
        or last.slope <= 0
        or y[end] <= 0
    ):
        return
    top = float(y[end]) * first.slope / last.slope  # without the drops
    line = Linear(first.value_at(0) / top, first.slope / top, 0)
    if not end - 1 < (1 - line.value) / line.slope <= end + 1e-3:
        return
    factors = np.minimum(line(np.arange(len(y))), 1.0)
    from_0 = int(factors[0] == 0)
    drops = _levels(y[from_0:] / factors[from_0:], from_0)
    parts = None if drops is None else parts_of([Segment(0, len(y), drops)])
    for under in sequences(parts):
        yield from _laid(line, under)


def _levels(values: np.ndarray, first: int) -> Staircase | None:
    """The values as levels, the first of which holds from 0 on."""
    drops = np.flatnonzero(np.abs(np.diff(values)) > _NEAR * np.abs(values[:-1])) + 1
    if not 0 < len(drops) < len(values) // 4:
        return None
    return Staircase(tuple(values[[0, *drops]].tolist()), tuple((drops + first).tolist()))


def _laid(line: Linear, under: Schedule) -> Iterator[Schedule]:
    """The warm-up over the other schedule: in torch's words, where both only multiply."""
    lr = lr_of(under)
    if lr is None:
        return
    scaled = Linear(lr * line.value, lr * line.slope, 0)
    over = member(Part(0, 2, scaled, level=lr, rests=True), lr)
    if over is None:
        return
    if isinstance(over, Multiplicative) and isinstance(under, Multiplicative):
        yield ChainedScheduler([over, under])
        return
    under_parts = under.schedulers if isinstance(under, Product) else (under,)
    yield Product(lr, [over, *under_parts])
