"""Curves of one scheduler of torch's that read as several segments, or as none: one cycle, and cycles that shrink."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from jaxlr._curves.families import Cosine, Linear, shortest
from jaxlr._curves.pieces import FEW, Segment
from jaxlr._curves.proof import digits
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR

_NEAR = 1e-6  # relative
_LONGEST = 10**15  # steps
_ROUND = 4  # digits of a factor that somebody has written


def one_cycle(pieces: Sequence[Segment], y: np.ndarray) -> Iterator[Schedule]:
    """A rise and a fall, or a rise and two falls, along cosines or lines: torch's OneCycleLR."""
    phases = [piece.formula for piece in pieces]
    if len(phases) == 2 and isinstance(phases[0], Cosine) and pieces[0].end > phases[0].origin + phases[0].T + 1:
        back = Cosine(phases[0].end, phases[0].start, phases[0].T, phases[0].origin + phases[0].T)
        phases.insert(1, back)  # there and back is one cosine
    last = phases[-1]
    if isinstance(last, Cosine) and 0 < last.origin < FEW:  # too few counts before it to be read
        yield from _one_cycle(y, last.origin, last.start, last, round(last.origin + last.T) + 1, three_phase=False)
    if not 2 <= len(phases) <= 3:
        return
    up, down = phases[:2]
    three_phase = len(phases) == 3
    if isinstance(up, Cosine) and isinstance(down, Cosine) and isinstance(last, Cosine):
        if abs(up.origin) < 1e-3 * abs(up.T):
            total = round(last.origin + last.T) + 1
            yield from _one_cycle(y, up.origin + up.T, up.end, last, total, three_phase=three_phase)
    elif isinstance(up, Linear) and isinstance(down, Linear) and isinstance(last, Linear):
        peak = _meeting(up, down)
        for total in (len(y), len(y) - 1):
            yield from _one_cycle(y, peak, float(up(peak)), last, total, three_phase=three_phase)


def _one_cycle(
    y: np.ndarray, peak: float, top: float, last: Cosine | Linear, total: int, *, three_phase: bool
) -> Iterator[Schedule]:
    first, bottom = float(y[0]), float(y[total - 1] if total <= len(y) else last(total - 1))
    if not (1 <= peak <= total - 2 < _LONGEST and top > first and first * bottom > 0):
        return
    pct, div, final_div = (peak + 1) / total, top / first, first / bottom
    written = [shortest(x, 1e-5 * abs(x)) for x in (pct, div, final_div)]
    is_line = isinstance(last, Linear)
    if is_line and (final_div <= 1 or any(digits(x) > _ROUND for x in written)):
        return  # a warm-up, and a line down
    try:
        found = OneCycleLR(
            top,
            total,
            pct_start=shortest(pct, _NEAR),
            anneal_strategy="linear" if is_line else "cos",
            cycle_momentum=False,
            div_factor=div,
            final_div_factor=final_div,
            three_phase=three_phase,
        )
    except ValueError:  # its last phase would have no length
        return
    yield found


def cyclic(pieces: Sequence[Segment]) -> Iterator[Schedule]:
    """A triangle that comes again, of lines that are too few to be read as a wave."""
    lines = [piece.formula for piece in pieces[:3] if isinstance(piece.formula, Linear)]
    if len(lines) == 3 and lines[0].slope * lines[1].slope < 0 < lines[0].slope * lines[2].slope:
        up, end = _meeting(*lines[:2]), _meeting(*lines[1:])
        modes = {1.0: "triangular", 0.5: "triangular2"}
        mode = modes.get(shortest(lines[2].slope / lines[0].slope, 1e-4))
        if mode is not None and 0 < up < end:
            yield _wave(float(lines[0](0)), float(lines[0](up)), up, end - up, mode, 1.0)


def waves(y: np.ndarray, tolerance: float) -> Iterator[Schedule]:
    """Triangles from a base to which they come back: as high, half as high, or gamma times as high at every count."""
    distance = y - y[0]
    moves = np.abs(distance) > 4 * tolerance
    back = np.flatnonzero(~moves[1:]) + 1
    if not len(back) or not 3 <= back[0] <= len(y) - 3 or not np.all(moves[1 : back[0]]):
        return
    S = int(back[0])
    t = np.arange(1, min(S, len(y) - S))
    ratio = float(np.dot(distance[t + S], distance[t]) / np.dot(distance[t], distance[t]))
    modes = [(mode, 1.0) for mode, once in (("triangular", 1.0), ("triangular2", 0.5)) if abs(ratio - once) < 1e-5]
    if ratio > 0 and not abs(ratio - 1) < 1e-6:
        modes.append(("exp_range", ratio ** (1 / S)))
    for mode, gamma in modes:
        level = distance[1:S] / gamma ** np.arange(1, S)
        top = int(np.argmax(np.abs(level))) + 1
        rise, fall = (_slope(side) for side in (level[: max(1, top - 1)], level[: min(top, S - 3) : -1]))
        if rise * fall <= 0:
            continue
        up = S * fall / (rise + fall)
        wave = rise * np.minimum(t, (S - t) * up / (S - up)) * gamma**t
        if np.max(np.abs(wave - distance[t])) <= 4 * tolerance:
            yield _wave(float(y[0]), float(y[0]) + rise * up, up, S - up, mode, gamma)


def _slope(y: np.ndarray) -> float:
    """The slope of the line from 0 that is nearest to the values at 1, 2, ..."""
    t = np.arange(1, len(y) + 1)
    return float(np.dot(t, y) / np.dot(t, t))


def _wave(base: float, top: float, up: float, down: float, mode: str, gamma: float) -> Schedule:
    up, down = (float(round(length)) if abs(length - round(length)) < 1e-3 else length for length in (up, down))
    same = abs(up - down) < 1e-3
    return CyclicLR(base, top, up, None if same else down, mode, gamma, cycle_momentum=False)  # type: ignore[arg-type]


def _meeting(one: Linear, two: Linear) -> float:
    """The count at which two lines meet."""
    if one.slope == two.slope:
        return math.nan
    return float((float(two(0)) - float(one(0))) / (one.slope - two.slope))
