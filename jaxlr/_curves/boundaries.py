"""Where the segments of a curve begin: of the counts that the values admit, the ones that say least."""

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jaxlr._curves.families import Cosine, Family, Power, Restarts
from jaxlr._curves.pieces import FEW, Segment

_FAR = 4096  # counts by which two segments may be told apart in another place


def at_round_counts(pieces: Sequence[Segment], y: np.ndarray, tolerance: float) -> list[Segment]:
    """The pieces, each from the count at which a formula says so, or the roundest, of those that the values admit."""
    pieces = _absorbed(pieces, y, tolerance)
    begun = list(pieces[:1])
    for piece in pieces[1:]:
        before = begun[-1]
        early = np.arange(max(before.start + 2, piece.start - _FAR), piece.start)
        late = np.arange(piece.start, min(piece.end - 2, piece.start + _FAR))
        # The last of the early ones, and the first of the late ones, that the other formula does not give.
        ours = np.flatnonzero(~(np.abs(piece.formula(early) - y[early]) <= tolerance))
        theirs = np.flatnonzero(~(np.abs(before.formula(late) - y[late]) <= tolerance))
        first = int(early[ours[-1]]) + 1 if len(ours) else int(early[0]) if len(early) else piece.start
        last = int(late[theirs[0]]) if len(theirs) else piece.start + len(late)
        start = _roundest(first, last, piece.start, [*_ends(before.formula), *_begins(piece.formula)])
        begun[-1] = dataclasses.replace(before, end=start)
        begun.append(dataclasses.replace(piece, start=start))
    return begun


def _ends(formula: Family) -> list[float]:
    match formula:
        case Cosine(T=T, origin=origin):
            return [origin + T]
        case Power(origin=origin):
            return [origin]
    return []


def _begins(formula: Family) -> list[float]:
    return [formula.origin] if isinstance(formula, Cosine | Restarts | Power) else []


def _roundest(first: int, last: int, at: int, known: list[float]) -> int:
    """Of first .. last a count that is known, or else that with the fewest digits, the nearest."""
    told = [round(count) for count in known if first <= count <= last and abs(count - round(count)) < 1e-2]
    if told:
        return told[0]
    for unit in (10**6, 10**5, 10**4, 10**3, 100, 10):
        multiples = range(-(-first // unit) * unit, last + 1, unit)
        if multiples:
            return min(multiples, key=lambda count: abs(count - at))
    return at


def _absorbed(pieces: Sequence[Segment], y: np.ndarray, tolerance: float) -> list[Segment]:
    """The pieces without those of a few counts that the one before, or after, gives as well."""
    left = _with_first_cycle(_with_restarts(pieces, y, tolerance), y, tolerance)
    for i in reversed(range(1, len(left) - 1)):
        t = np.arange(left[i].start, left[i].end)
        if len(t) < FEW:
            if np.max(np.abs(left[i + 1].formula(t) - y[t])) <= tolerance:
                left[i : i + 2] = [dataclasses.replace(left[i + 1], start=left[i].start)]
            elif np.max(np.abs(left[i - 1].formula(t) - y[t])) <= tolerance:
                left[i - 1 : i + 1] = [dataclasses.replace(left[i - 1], end=left[i].end)]
    return left


def _with_restarts(pieces: Sequence[Segment], y: np.ndarray, tolerance: float) -> list[Segment]:
    """The pieces, cosines that start again as one wave, as far as it goes on."""
    left = list(pieces)
    for i, (piece, following) in enumerate(pairwise(pieces)):
        one, two = piece.formula, following.formula
        if isinstance(one, Cosine) and isinstance(two, Cosine) and _starts_again(one, two, following.start):
            wave = Restarts(one.start, one.end, one.T, float(round(two.T / one.T)), one.origin)
            t = np.arange(piece.start, len(y))
            off = np.flatnonzero(np.abs(wave(t) - y[t]) > tolerance)
            end = int(t[off[0]]) if len(off) else len(y)
            if end >= following.end:
                rest = [other for other in left[i + 1 :] if other.end > end]
                rest[:1] = [dataclasses.replace(other, start=end) for other in rest[:1]]
                return [*left[:i], Segment(piece.start, end, wave), *rest]
    return left


def _starts_again(one: Cosine, two: Cosine, at: int) -> bool:
    """Whether the second starts from the top, at a count, where the first has come to the bottom."""
    span, times = abs(one.start - one.end), two.T / one.T
    levels = max(abs(one.start - two.start), abs(one.end - two.end)) <= 1e-5 * span
    lengths = max(abs(one.origin + one.T - at), abs(two.origin - at), one.T * abs(times - round(times))) <= 1e-2
    return levels and lengths and round(times) >= 1


def _with_first_cycle(pieces: Sequence[Segment], y: np.ndarray, tolerance: float) -> list[Segment]:
    """The pieces, of warm restarts with the first cycle, which is too short to be read."""
    left = list(pieces)
    for i in reversed(range(1, len(left))):
        formula = left[i].formula
        if isinstance(formula, Restarts) and formula.T_mult > 1:
            earlier = cycle_earlier(formula)
            t = np.arange(max(0, round(earlier.origin)), left[i].start)
            if len(t) and np.max(np.abs(earlier(t) - y[t])) <= tolerance:
                before = [piece for piece in left[:i] if piece.start < t[0]]
                before[-1:] = [dataclasses.replace(piece, end=int(t[0])) for piece in before[-1:]]
                return [*before, Segment(int(t[0]), left[i].end, earlier), *left[i + 1 :]]
    return left


def cycle_earlier(waves: Restarts) -> Restarts:
    """Warm restarts with the cycle before the first one that was read."""
    T = waves.T / waves.T_mult
    return dataclasses.replace(waves, T=T, origin=waves.origin - T) if waves.origin >= T == round(T) else waves
