"""The values of a field that are worth a trial: near to its own, or shown by a curve."""

import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

import numpy as np

from jaxlr._curves.cause import Side
from jaxlr._curves.families import Cosine, Exponential, Held, Power, Restarts, Staircase, Triangular, shortest

_FACTORS = (2, 3, 4, 5, 8, 10)


def find_root(off: Callable[[float], float], x: float, tolerance: float) -> float | None:
    """Where the distance is 0, by secants; of what is positive in its logarithm, as factors multiply."""
    if x > 0:
        root = _secants(lambda log: off(math.exp(min(log, 700.0))), math.log(x), tolerance)
        return None if root is None else math.exp(root)
    return _secants(off, x, tolerance)


def _secants(off: Callable[[float], float], x: float, tolerance: float) -> float | None:
    a, at_a = x, off(x)
    small = min(1e-3, 0.01 * abs(x)) or 1e-3
    # Downwards first: many a number is at most 1.
    b, at_b = next(((b, y) for step in (-small, small) if math.isfinite(y := off(b := x + step))), (x, math.nan))
    for _ in range(16):
        if not (math.isfinite(at_a) and math.isfinite(at_b)) or at_a == at_b:
            return None
        step = -at_b * (b - a) / (at_b - at_a)
        a, b, at_a = b, b + max(-2.0, min(2.0, step)), at_b
        if abs(b - a) <= 1e-15 * max(1.0, abs(b)):
            break
        at_b = off(b)
    return b if abs(at_b) <= tolerance else None


def find_whole_root(off: Callable[[int], float], x: int, tolerance: float) -> int | None:
    """The whole number nearest to where the distance changes its sign, by halving."""
    around = [x // 8, x // 4, x // 2, x, 2 * x, 4 * x, 8 * x]
    seen = [(n, y) for n in around if math.isfinite(y := off(n))]
    between = next((pair for pair in pairwise(seen) if pair[0][1] * pair[1][1] <= 0), None)
    if between is None:
        return None
    (a, at_a), (b, at_b) = between
    while b - a > 1:
        middle = (a + b) // 2
        if at_a * (at_middle := off(middle)) > 0:
            a, at_a = middle, at_middle
        else:
            b, at_b = middle, at_middle
    return next((n for n, y in ((a, at_a), (b, at_b)) if abs(y) <= tolerance), None)


def shown_by(side: Side, known: Side) -> tuple[list[int], list[float]]:
    """The counts and lengths, and the rates and ratios, that a curve shows."""
    counts: dict[float, None] = {}
    rates: dict[float, None] = {}
    values = side.curve.values
    first = float(values[0])
    for segment in side.segments[:12]:
        formula = segment.formula.formula if isinstance(segment.formula, Held) else segment.formula
        counts |= dict.fromkeys((segment.start, segment.end, segment.end - segment.start))
        match formula:
            case Cosine():
                counts |= dict.fromkeys((formula.T, formula.origin + formula.T, formula.origin))
                rates |= dict.fromkeys((formula.start, formula.end))
            case Restarts():
                counts |= dict.fromkeys((formula.T, formula.origin, int(formula.T_mult)))
                rates |= dict.fromkeys((formula.top, formula.bottom))
            case Triangular():
                counts |= dict.fromkeys((formula.up, formula.down))
                rates |= dict.fromkeys((formula.first, formula.second))
            case Exponential():
                rates |= dict.fromkeys((formula.gamma, formula.floor))
            case Power():
                counts |= dict.fromkeys((formula.origin, formula.origin - segment.start))
                rates |= dict.fromkeys((formula.power, formula.floor))
            case Staircase():
                counts |= dict.fromkeys((*formula.milestones[:8], formula.every(segment.start) or 0))
                rates |= dict.fromkeys((formula.gamma or 0.0, *formula.levels[:4]))
        if isinstance(segment.formula, Held):
            counts[segment.formula.k] = None
    rates |= dict.fromkeys((first, float(values[-1]), float(np.max(values)), float(np.min(values))))
    # As shares of the peak of either side, and what divides it.
    for curve in (side.curve, known.curve):
        peak = float(np.max(np.abs(curve.values))) or 1.0
        shares = [shortest(rate / peak, 1e-9) for rate in rates]
        rates |= dict.fromkeys(shares)
    rates |= dict.fromkeys(1 / share for share in list(rates) if share)
    rates |= dict.fromkeys([first / values[-1]] if values[-1] else [])
    whole = [round(count) for count in counts if abs(count - round(count)) < 1e-3 and count > 0]
    return list(dict.fromkeys(whole)), [shortest(rate, 1e-9 * abs(rate)) for rate in rates]


def values_near(field: Any, value: Any, counts: list[int], rates: list[float], *, many: bool) -> list[Any]:
    """Values near to a field's; few of them where pairs are tried."""
    default = [] if field.default is dataclasses.MISSING else [field.default]
    choices = [item for part in _literals(field.type) for item in part]
    if choices:
        return [choice for choice in choices if choice != value]
    if isinstance(value, bool):
        return [not value] if many and field.name not in {"cycle_momentum", "fractional"} else []
    if field.name == "T_mult":
        return [1, 2, 3] if many else [1, 2]
    if isinstance(value, int):
        near = [value - 1, value + 1, *counts[:12]]
        if many:
            times = [k * value for k in _FACTORS] + [value // k for k in _FACTORS if value % k == 0]
            near += range(2 * value + 12) if value < 100 else ()
            near += [value - 2, value + 2, *counts[12:40], *(n + d for n in counts[:12] for d in (-1, 1)), *times]
        return list(dict.fromkeys([*default, *near]))
    if isinstance(value, float):
        if value >= 2 and value == round(value):  # a length
            return list(dict.fromkeys([*default, value - 1, value + 1, *map(float, counts[:24])]))
        round_ones = [0.0, 1.0, value * 10, value / 10, value * 2, value / 2] if many else []
        return list(dict.fromkeys([*default, *rates[: 60 if many else 12], *round_ones]))
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return _near_tuples(value, counts, many=many)
    return []


def _literals(annotation: Any) -> list[tuple[Any, ...]]:
    if get_origin(annotation) is Literal:
        return [get_args(annotation)]
    return [found for part in get_args(annotation) for found in _literals(part)]


def _near_tuples(value: tuple[int, ...], counts: list[int], *, many: bool) -> list[tuple[int, ...]]:
    near = [tuple(item + d for item in value) for d in (-1, 1)]
    for i in range(len(value)):
        by = [value[i] - 1, value[i] + 1, *counts[: 12 if many else 6]]
        near += [tuple(sorted((*value[:i], other, *value[i + 1 :]))) for other in by]
    fewer = [value[:i] + value[i + 1 :] for i in range(len(value))] if many else []
    return list(dict.fromkeys([*fewer, *near]))
