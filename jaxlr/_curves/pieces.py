"""Values that move, cut into pieces of one formula each."""

import dataclasses
import math
from itertools import pairwise

import numpy as np

from jaxlr._curves.families import (
    Constant,
    Cosine,
    Family,
    Linear,
    Other,
    Power,
    Restarts,
    Staircase,
    Triangular,
    count,
    shortest,
)
from jaxlr._curves.fitting import fit, snapped, window

MOST = 64  # segments that are told apart; what follows is one of no family
_TRIES = 48  # to find a formula
FEW = 5  # counts that say nothing: a formula of four numbers gives them all


@dataclasses.dataclass(frozen=True)
class Segment:
    """A piece of a curve that follows one formula.

    Attributes:
      start: its first count.
      end: the count after its last.
      formula: of the count.
    """

    start: int
    end: int
    formula: Family

    @property
    def family(self) -> str:
        """What people call the formula."""
        return self.formula.name

    def __str__(self) -> str:
        return f"{self.span} {self.formula.words(self.start, self.end)}"

    @property
    def span(self) -> str:
        """Its first and its last count."""
        return f"{count(self.start)}..{count(self.end - 1)}" if self.end - self.start > 1 else count(self.start)


@dataclasses.dataclass(frozen=True)
class Values:
    """Finite values at counts first, first + 1, ..."""

    y: np.ndarray
    first: int
    tolerance: float

    @property
    def last(self) -> int:
        """The count after them."""
        return self.first + len(self.y)

    def part(self, start: int, end: int) -> np.ndarray:
        """The values at start .. end - 1."""
        return self.y[start - self.first : end - self.first]

    def fit(self, start: int, end: int) -> Family | None:
        """The simplest formula of start .. end - 1, as far as a sample of them shows."""
        t, y = window(self.part(start, end))
        return fit(t + start, y, self.tolerance)

    def snapped(self, formula: Family, start: int, end: int) -> Family:
        """The formula with the roundest numbers that start .. end - 1 admit."""
        t, y = window(self.part(start, end))
        return snapped(formula, t + start, y, self.tolerance)

    def agrees(self, formula: Family, start: int, end: int) -> np.ndarray:
        """Whether the formula gives the value, at each of start .. end - 1."""
        agrees: np.ndarray = np.abs(formula(np.arange(start, end)) - self.part(start, end)) <= self.tolerance
        return agrees

    def end_of(self, formula: Family, start: int) -> int:
        """The first count from start on at which the formula does not give the value."""
        size = 64
        while start < self.last:
            agrees = self.agrees(formula, start, min(start + size, self.last))
            if not np.all(agrees):
                return start + int(np.argmin(agrees))
            start, size = start + len(agrees), min(4 * size, 1 << 18)
        return self.last

    def start_of(self, formula: Family, end: int, least: int) -> int:
        """The count, at least `least`, from which on the formula gives all the values up to end."""
        size = 64
        while end > least:
            agrees = self.agrees(formula, max(least, end - size), end)
            if not np.all(agrees):
                return end - int(np.argmin(agrees[::-1]))
            end, size = end - len(agrees), min(4 * size, 1 << 18)
        return least


def moving(values: Values) -> list[Segment]:
    """The segments of values that are not held, each as long as it can be."""
    pieces: list[Segment] = []
    at, tries = values.first, _TRIES
    while at < values.last and len(pieces) < MOST:
        start, end, formula, tries = _next(values, at, tries)
        if formula is None:
            break
        start = values.start_of(formula, start, pieces[-1].start if pieces else values.first)
        if pieces and start < at and not isinstance(pieces[-1].formula, Other):
            start = _join(values, pieces[-1], formula, start)
        while pieces and start <= pieces[-1].start:
            pieces.pop()
        if pieces and (start < pieces[-1].end or isinstance(pieces[-1].formula, Other)):
            pieces[-1:] = _ended(values, pieces[-1], start)
        elif start > at:
            pieces += _short(values, at, start)
        pieces.append(Segment(start, end, formula))
        pieces = _wave(values, pieces)
        at = pieces[-1].end
        if len(pieces) > 3 and all(_is_smooth(*two, values.tolerance) for two in pairwise(pieces[-4:])):
            # A curve of no family, approximated: the next piece is looked for further on.
            begin = pieces[-4].start
            pieces = [*pieces[:-4], Segment(begin, at, Other())]
            at, tries = min(values.last, at + (at - begin)), tries // 4
    if at < values.last or (pieces and pieces[-1].end < values.last):
        pieces.append(Segment(pieces[-1].end if pieces else values.first, values.last, Other()))
    pieces = _merged([dataclasses.replace(piece, formula=_final(values, piece)) for piece in pieces], values.tolerance)
    return _settled(values, pieces)


def _settled(values: Values, pieces: list[Segment]) -> list[Segment]:
    """The pieces, each from where its formula, now that it has its numbers, begins."""
    settled = pieces[:1]
    for piece in pieces[1:]:
        before, start = settled[-1], piece.start
        if not isinstance(piece.formula, Other) and not isinstance(before.formula, Other):
            earlier = values.start_of(piece.formula, start, before.start + 1)
            start = _join(values, before, piece.formula, earlier) if earlier < start else start
        settled[-1] = dataclasses.replace(before, end=start)
        settled.append(dataclasses.replace(piece, start=start))
    return settled


def _final(values: Values, piece: Segment) -> Family:
    formula = values.snapped(piece.formula, piece.start, piece.end)
    odd = isinstance(formula, Power) and formula.power != round(formula.power, 2)  # an approximation
    return Other() if odd else formula


def _merged(pieces: list[Segment], tolerance: float) -> list[Segment]:
    """The pieces; those of no family as one, with what lies between them and only approximates."""
    unknown = [isinstance(piece.formula, Other) for piece in pieces]
    curved = [not isinstance(piece.formula, Constant | Linear | Staircase) for piece in pieces]
    for i in range(1, len(pieces) - 1):
        onward = unknown[i + 1] or _is_smooth(pieces[i], pieces[i + 1], tolerance)
        unknown[i] = unknown[i] or (unknown[i - 1] and curved[i] and onward)
    merged: list[Segment] = []
    for piece, is_unknown in zip(pieces, unknown, strict=True):
        if is_unknown and merged and isinstance(merged[-1].formula, Other):
            merged[-1] = dataclasses.replace(merged[-1], end=piece.end)
        else:
            merged.append(dataclasses.replace(piece, formula=Other()) if is_unknown else piece)
    return merged


def _ended(values: Values, piece: Segment, end: int) -> list[Segment]:
    """The piece up to a count before its end: what lay beyond may have bent its formula."""
    shorter = dataclasses.replace(piece, end=end)
    if isinstance(piece.formula, Other):
        return [shorter]
    if end - piece.start < FEW:
        return _short(values, piece.start, end)
    fitted = values.fit(piece.start, end)
    return [shorter if fitted is None else dataclasses.replace(shorter, formula=fitted)]


def _join(values: Values, piece: Segment, formula: Family, start: int) -> int:
    """Where the piece ends and the formula begins, both of which give the values from start to the piece's end."""
    t = np.arange(start - 1, piece.end + 2)
    gap = piece.formula(t) - formula(t)
    gap, beside = gap[1:-1], np.maximum(np.abs(gap[2:]), np.abs(gap[:-2]))
    nearest = int(np.argmin(np.abs(gap)))
    crossed = np.flatnonzero(gap[1:] * gap[:-1] < 0)
    if abs(gap[nearest]) > 0.02 * beside[nearest] and len(crossed) == 1:
        return start + int(crossed[0]) + 1  # they meet between two counts
    return start + nearest


def _short(values: Values, start: int, end: int) -> list[Segment]:
    """The few counts before a formula begins: constants, lines, or one formula of them all."""
    if end - start >= FEW and (fitted := values.fit(start, end)) is not None and values.end_of(fitted, start) >= end:
        return [Segment(start, end, fitted)]
    pieces: list[Segment] = []
    at = start
    while at < end and len(pieces) < 4:
        y = values.part(at, min(at + 2, end))
        constant, line = Constant(float(y[0])), Linear(float(y[0]), float(y[-1] - y[0]), at)
        held, straight = (min(values.end_of(formula, at), end) for formula in (constant, line))
        formula, until = (constant, held) if held >= straight else (line, straight)
        if pieces and isinstance(pieces[-1].formula, Linear) and pieces[-1].end - pieces[-1].start == 2 < until - at:
            # Two counts are no line: the one that they share belongs to the longer one.
            pieces[-1] = Segment(pieces[-1].start, at - 1, Constant(float(values.part(at - 2, at - 1)[0])))
            at -= 1
            continue
        pieces.append(Segment(at, until, formula))
        at = until
    return pieces if at == end else [Segment(start, end, Other())]


def _next(values: Values, at: int, tries: int) -> tuple[int, int, Family | None, int]:
    """The next segment that is more than a few counts long, after perhaps a few others: its start, its end.

    tries: how often it may look for one; what is left of them is returned.
    """
    ahead = 0
    while at + ahead < values.last and tries:
        start = at + ahead
        end, formula = _longest(values, start)
        if formula is not None and (end - start > FEW or end == values.last):
            return start, end, formula, tries - 1
        ahead, tries = ahead + 1 if ahead < 4 else ahead * 3 // 2, tries - 1
    return at, at, None, 0


def _longest(values: Values, start: int) -> tuple[int, Family | None]:
    """The end of the longest window from start on that one formula gives, and the formula."""
    y = values.part(start, min(start + 9, values.last))
    if len(y) > 8 and np.ptp(y) == 0:
        rest = Constant(float(y[0]))
        end = values.end_of(rest, start)
        if end == values.last or abs(values.part(end, end + 1)[0] - y[0]) > 4 * values.tolerance:
            return end, rest  # a step ends it
    whole = values.fit(start, values.last)
    if whole is not None and values.end_of(whole, start) == values.last:
        return values.last, whole
    best, end, failed = None, start, values.last
    size, misses = 6, 0
    while misses < 2 and start + size < values.last:
        formula = values.fit(start, start + size)
        reached = start if formula is None else values.end_of(formula, start)
        if formula is None or reached < start + size:
            failed, misses = min(failed, start + size), misses + 1
        else:
            misses = 0
        if formula is not None and reached > end:
            best, end, failed = formula, reached, values.last
        size = max(4 * size, end - start) if misses == 0 else 2 * size
    if best is None:
        return start, None
    return _longer(values, start, end, failed, best)


def _longer(values: Values, start: int, end: int, failed: int, formula: Family) -> tuple[int, Family]:
    """The same window as far as it goes: the numbers of a formula are known the better the longer it is."""
    tries = [end, end + max(1, (failed - end) // 4)]
    for _ in range(12):
        for until in tries:
            fitted = values.fit(start, min(until, values.last))
            if fitted is not None and (reached := values.end_of(fitted, start)) > end:
                formula, end = fitted, reached
                break
        else:
            break
        tries = [end, end + max(1, (end - start) // 4)]
    return end, formula


def _wave(values: Values, pieces: list[Segment]) -> list[Segment]:
    """The pieces, the last of them as one wave that goes on for as long as it does, where they begin one."""
    tolerance = values.tolerance
    for formula, n in ((_restarts(pieces[-2:], tolerance), 2), (_triangles(pieces[-4:], tolerance), 4)):
        if formula is not None:
            start = pieces[-n].start
            end = values.end_of(formula, start)
            if end >= pieces[-1].end:
                return [*pieces[:-n], Segment(start, end, formula)]
    return pieces


def _restarts(pieces: list[Segment], tolerance: float) -> Restarts | None:
    """Two cosines, the second of which starts again from the top where the first has come to the bottom."""
    if len(pieces) < 2:
        return None
    (a, one), (b, two) = [(piece, piece.formula) for piece in pieces]
    if not isinstance(one, Cosine) or not isinstance(two, Cosine):
        return None
    mult = two.T / one.T
    span = abs(one.start - one.end)
    if (
        max(abs(one.start - two.start), abs(one.end - two.end)) > 1e-6 * span
        or max(abs(one.origin - a.start), abs(two.origin - b.start), abs(one.T - (a.end - a.start))) > 1e-3 * one.T
        or abs(mult - round(mult)) > 1e-4
    ):
        return None
    top, bottom = shortest(one.start, tolerance / 2), shortest(one.end, tolerance / 2)
    return Restarts(top, bottom, float(a.end - a.start), float(round(mult)), float(a.start))


def _triangles(pieces: list[Segment], tolerance: float) -> Triangular | None:
    """Four lines that go there and back twice."""
    lines = [piece.formula for piece in pieces if isinstance(piece.formula, Linear)]
    if len(lines) < 4:
        return None
    up, down, again, back = [piece.end - piece.start for piece in pieces]
    there, turn, here = (lines[i](pieces[i].start) for i in range(3))
    height = there - turn
    if height == 0 or up != again or back > down + 1 or abs(there - here) > 1e-6 * abs(height):
        return None
    factor = shortest(float((here - lines[3](pieces[3].start)) / height), 1e-6)
    first, second = shortest(float(there), tolerance / 2), shortest(float(turn), tolerance / 2)
    return Triangular(first, second, float(up), float(down), factor, float(pieces[0].start))


def _is_smooth(one: Segment, two: Segment, tolerance: float) -> bool:
    """Whether two pieces that move join in value and in slope."""
    if any(isinstance(piece.formula, Constant | Linear | Staircase | Other) for piece in (one, two)):
        return False
    t = np.array([two.start - 1, two.start, two.start + 1])
    before, after = one.formula(t), two.formula(t)
    slope, later = float(before[2] - before[0]), float(after[2] - after[0])
    meets = bool(abs(before[1] - after[1]) <= max(2 * tolerance, 0.02 * abs(slope)))
    return meets and math.isfinite(slope) and slope != 0 and abs(slope - later) <= 0.05 * abs(slope)
