"""A curve as the simplest schedule that gives every value of it."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from jaxlr._curves.boundaries import at_round_counts
from jaxlr._curves.cycles import cyclic, one_cycle, waves
from jaxlr._curves.families import Constant, Staircase
from jaxlr._curves.overlaid import overlaid
from jaxlr._curves.proof import Target, cost, evaluated, proved
from jaxlr._curves.segments import segments
from jaxlr._curves.sequence import parts_of, sequences
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._ulp import compare

_LEAST_RATE, _LARGEST = (float(x) for x in (np.finfo(np.float32).tiny, np.finfo(np.float32).max))
_LEAST = 8  # values: of fewer every formula is one
_TRIED = 5  # candidates of one kind, the simplest, that are tried
_FLOAT64, _FLOAT32 = 3e-9, 3e-7  # of the peak: what the reader takes for rounding


def read(values: np.ndarray, momentums: np.ndarray | None = None) -> Schedule | None:
    """The schedule that gives them, and drives the momentums where there are any; None where none is found."""
    found = _recognized(values)
    return found if found is None or momentums is None else _with_momentum(found, momentums)


def _recognized(y: np.ndarray) -> Schedule | None:
    peak = float(np.max(np.abs(y)))
    if len(y) < _LEAST or peak > _LARGEST or 0 < peak < _LEAST_RATE:  # beyond them there is no float32 ulp
        return None
    target = Target.of(y)
    shares = (_FLOAT32, _FLOAT64) if np.array_equal(y, y.astype(np.float32)) else (_FLOAT64, _FLOAT32)
    for share in shares:
        for candidates in _candidates(y, share * peak):
            for candidate in sorted(candidates, key=cost)[:_TRIED]:
                found = proved(candidate, target)
                if found is not None:
                    return found
    return None


def _candidates(y: np.ndarray, tolerance: float) -> Iterator[Iterable[Schedule]]:
    """Schedules that may be the curve, those of a kind together, the simplest kind first."""
    yield waves(y, tolerance)
    pieces = segments(y, tolerance)
    parts = parts_of(pieces) or []
    if len(parts) == 1:
        yield sequences(parts)
    k = _held(y)
    if k > 1:
        inner = _recognized(y[::k])
        yield [] if inner is None else [per_epoch(inner, k)]
        yield sequences(parts) if all(isinstance(part.formula, Constant | Staircase) for part in parts) else []
        return
    yield one_cycle(pieces, y)
    yield cyclic(pieces)
    rounded = at_round_counts(pieces, y, tolerance)
    cut = [pieces] if rounded == list(pieces) else [pieces, rounded]
    yield [schedule for pieces in cut for schedule in (*sequences(parts_of(pieces)), *overlaid(pieces, y))]


def _held(y: np.ndarray) -> int:
    """The counts in which it is stepped once."""
    steps = np.flatnonzero(np.diff(y)) + 1
    return int(np.gcd.reduce(steps)) if len(steps) else 1


def _with_momentum(schedule: Any, momentums: np.ndarray) -> Schedule | None:
    """The schedule that drives the momentums as well; None where it does not."""
    if isinstance(schedule, per_epoch):
        inner = _with_momentum(schedule.schedule, momentums[:: schedule.steps_per_epoch])
        found: Any = None if inner is None else per_epoch(inner, schedule.steps_per_epoch)
    elif isinstance(schedule, CyclicLR | OneCycleLR):
        low, high = float(np.min(momentums)), float(np.max(momentums))
        found = dataclasses.replace(schedule, cycle_momentum=True, base_momentum=low, max_momentum=high)
    else:
        return None
    if found is None:
        return None
    ours = evaluated(found.momentum, np.arange(len(momentums)))
    return found if compare(ours, momentums).passed else None
