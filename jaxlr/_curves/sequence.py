"""Segments of a curve as the members of one SequentialLR."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from jaxlr._curves.families import Constant, Cosine, Held, Linear, Other, Power, Restarts, Staircase
from jaxlr._curves.members import Part, member, rates
from jaxlr._curves.pieces import FEW, Segment
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.compose import SequentialLR
from jaxlr._schedules.decay import ConstantLR
from jaxlr._schedules.derived import Product

_MOST = 8  # members: more are a table in other words
_LINES = 4  # members that are one: more of them come near to any curve
_LINE = 3  # counts on one line are one, where a curve begins
_WHOLE, _MEETS = 1e-5, 2e-2  # counts, of a few of them and of many
_SAME = 1e-6  # relative: levels, and ratios of them, that are one as far as the reading shows


def parts_of(pieces: Iterable[Segment]) -> list[Part] | None:
    """The segments as parts of a sequence; None where they say no less than the values do."""
    parts: list[Part] = []
    for segment in _stairs(pieces):
        merged = (_rested(parts[-1], segment) or _restarted(parts[-1], segment)) if parts else None
        if merged is not None:
            parts[-1] = merged
            continue
        if parts and not parts[-1].rests:
            parts[-1] = dataclasses.replace(parts[-1], level=float(segment.formula(segment.start)))
        parts.append(Part(segment.start, segment.end, segment.formula))
    parts = _begun(parts)
    lines = sum(isinstance(part.formula, Linear) for part in parts)
    few = len(parts) <= _MOST and lines <= _LINES
    economical = few and all(_is_economical(parts, i) for i in range(len(parts)))
    return parts if economical else None


def sequences(parts: Sequence[Part] | None) -> Iterator[Schedule]:
    """The parts as one schedule, of each of the learning rates that one of them has."""
    if not parts:
        return
    if len(parts) == 1 and isinstance(parts[0].formula, Constant):
        if parts[0].formula.value >= 0:
            yield ConstantLR(parts[0].formula.value, factor=1.0)
        return
    for lr in _rates(parts):
        members = [member(part, lr) for part in parts]
        if None not in members:
            known = [schedule for schedule in members if schedule is not None]
            yield _alone(known[0]) if len(known) == 1 else SequentialLR(lr, known, [part.start for part in parts[1:]])


def _alone(schedule: Schedule) -> Schedule:
    """The schedule, out of the product of one that a SequentialLR needs."""
    return schedule.schedulers[0] if isinstance(schedule, Product) and len(schedule.schedulers) == 1 else schedule


def _rates(parts: Sequence[Part]) -> list[float]:
    """Learning rates that the parts have, each once."""
    found: list[float] = []
    for rate in (rate for part in parts for rate in rates(part)):
        if math.isfinite(rate) and rate > 0 and not any(abs(rate - other) <= _SAME * other for other in found):
            found.append(rate)
    return found or [1.0]


def _stairs(pieces: Iterable[Segment]) -> list[Segment]:
    """The pieces; levels that follow one another by one factor as one staircase, by several as constants."""
    joined: list[Segment] = []
    run: list[tuple[int, float]] = []  # where a level begins, and what it is
    end = 0

    def rise(start: int, level: float) -> None:
        if not run or abs(level - run[-1][1]) > _SAME * abs(level):
            run.append((start, level))

    def close() -> None:
        starts, levels = [start for start, _ in run], tuple(level for _, level in run)
        whole = len(run) > 1 and _gamma(starts, levels) is not None
        floored = len(run) > 3 and _gamma(starts[:-1], levels[:-1]) is not None
        on_stairs = len(run) if whole else len(run) - 1 if floored else 0
        if on_stairs:
            first, after = Staircase(levels[:on_stairs], tuple(starts[1:on_stairs])), [*starts[on_stairs:], end]
            joined.append(Segment(starts[0], after[0], first))
            starts, levels = starts[on_stairs:], levels[on_stairs:]
        for span, level in zip(pairwise([*starts, end]), levels, strict=True):
            joined.append(Segment(*span, Constant(level)))
        run.clear()

    for piece in pieces:
        match piece.formula:
            case Constant(value=value):
                rise(piece.start, value)
            case Staircase(levels=levels, milestones=milestones):
                for start, level in zip((piece.start, *milestones), levels, strict=True):
                    rise(start, level)
            case _:
                close()
                joined.append(piece)
        end = piece.end
    close()
    return joined


def _gamma(starts: Sequence[int], levels: tuple[float, ...]) -> float | None:
    """The one factor from each level to the next; None where there are several."""
    return Staircase(levels, tuple(starts[1:])).gamma


def _rested(part: Part, segment: Segment) -> Part | None:
    """The part with the level at which it rests, where the segment is that."""
    formula, level = part.formula, segment.formula
    if part.rests or not isinstance(level, Constant):
        return None
    if isinstance(formula, Linear) and formula.slope and part.end - part.start > 1:
        ends = formula.origin + (level.value - formula.value) / formula.slope
    elif isinstance(formula, Power) and formula.ends(part.end):
        within = 1e-6 * abs(part.at(part.start) - formula.floor)
        ends = formula.origin if abs(formula.floor - level.value) <= within else math.inf
        ends = min(ends, part.end) if ends <= segment.end else ends  # it is flat where it ends
    else:
        return None
    if not part.end - 1 - _MEETS <= ends <= part.end + _MEETS:
        return None
    if segment.end - segment.start < FEW and not is_whole(ends):
        return None
    return dataclasses.replace(part, end=segment.end, level=level.value, rests=True)


def _restarted(part: Part, segment: Segment) -> Part | None:
    """A cosine that was entered in mid-curve and the restarts that follow it as one, where they are."""
    cosine, waves = part.formula, segment.formula
    if not isinstance(cosine, Cosine) or not isinstance(waves, Restarts):
        return None
    T = waves.T / waves.T_mult
    levels = max(abs(cosine.start - waves.top), abs(cosine.end - waves.bottom)) / abs(waves.top - waves.bottom)
    lengths = max(abs(cosine.T - T), abs(cosine.origin + T - waves.origin)) / T
    if max(levels, lengths) > 1e-3:
        return None
    return Part(part.start, segment.end, dataclasses.replace(waves, T=T, origin=waves.origin - T))


def _begun(parts: list[Part]) -> list[Part]:
    """The parts; a first count of 0 as a line to what follows."""
    if len(parts) < 2 or parts[0].end > 1 or not isinstance(parts[0].formula, Constant) or parts[0].formula.value:
        return parts
    level = parts[1].at(parts[1].start)
    if level == 0:
        return parts
    return [Part(0, 1, Linear(0.0, level, 0), level), *parts[1:]]


def _is_economical(parts: Sequence[Part], i: int) -> bool:
    """Whether a part has more values than it takes numbers to say it: one that was edited is no part.

    A few counts are enough of a warm-up, which comes to where the next part begins; of the first value of the next
    part, which begins late; and of the end, where it is the level that the part before has come to.
    """
    part, n = parts[i], parts[i].end - parts[i].start
    match part.formula:
        case Other():
            return False
        case Staircase(milestones=milestones):
            lengths = np.diff([part.start, *milestones, part.end])
            if len(milestones) == 1:
                return bool(min(lengths) >= FEW)
            return n >= 2 * len(lengths)
        case Held(k=k):
            return n >= FEW * k
        case Linear(slope=slope) if i == 0 and len(parts) > 1 and n < FEW and part.level is not None:
            if n >= _LINE:
                return True
            if n == 1:
                return part.at(0) == 0
            ends = (part.level - part.at(0)) / slope if slope else math.inf
            rises = slope > 0 and not isinstance(parts[1].formula, Linear)
            return rises and is_whole(ends) and n - 1 <= round(ends) <= n
        case Constant(value=value) if i == 0 and len(parts) > 1 and n < FEW:
            late = parts[1].at(parts[1].start)
            return abs(late - value) <= _SAME * abs(value)
        case Constant(value=value) if i == len(parts) - 1 and i > 0 and n < FEW:
            before = parts[i - 1]
            reached = (before.at(before.end - 1), before.at(before.end))
            return any(abs(level - value) <= _SAME * abs(value) for level in reached)
    return n >= FEW


def is_whole(counts: float) -> bool:
    """Whether a length, of a few counts, is a whole number of them: one that was made by a single value is not."""
    return math.isfinite(counts) and abs(counts - round(counts)) <= _WHOLE
