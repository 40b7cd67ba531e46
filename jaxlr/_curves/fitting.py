"""The formula that a window of a curve follows."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jaxlr._curves.families import Constant, Cosine, Exponential, Family, Linear, Power, shortest

_SAMPLED = 160  # counts of a window that a fit looks at
_SHORTEST = 3  # counts of a cosine: what alternates faster is a pattern
_STEPS = 12  # of Gauss and Newton


def fit(t: np.ndarray, y: np.ndarray, tolerance: float) -> Family | None:
    """The simplest formula that gives the values y at the equally spaced counts t, within tolerance; None if none does.

    One that is less simple is preferred where it is nearer by far: a cosine begins like a parabola.
    """
    best, distance = None, math.inf
    for formula in _candidates(t, y):
        off = _distance(formula, t, y)
        if off <= tolerance and off < distance / 30:
            best, distance = formula, off
        if distance <= tolerance / 1000:
            break
    return best


def window(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equally spaced places, and the values there."""
    t = np.arange(0, len(y), max(1, (len(y) - 1) // _SAMPLED))
    return t, y[t]


def snapped(formula: Family, t: np.ndarray, y: np.ndarray, tolerance: float) -> Family:
    """The formula with integers and short numbers where the values admit them."""
    within = max(3 * _distance(formula, t, y), tolerance / 30)
    for simpler in _simpler(formula, t, y, within):
        if _distance(simpler, t, y) <= within:
            return simpler
    return formula


def _distance(formula: Family, t: np.ndarray, y: np.ndarray) -> float:
    off = float(np.max(np.abs(formula(t) - y)))
    return off if math.isfinite(off) else math.inf


def _candidates(t: np.ndarray, y: np.ndarray) -> Iterator[Family]:
    """A formula of each family that the window has counts for, the simplest first; of one count the constant fits."""
    n, origin = len(t), int(t[0])
    yield Constant(float(y[0] if np.ptp(y) == 0 else (y.min() + y.max()) / 2))
    length = float(t[-1] - origin)
    u = (t - origin) / length
    (a, b), _ = _solved(_columns(np.ones(n), u), y)
    yield Linear(float(a), float(b / length), origin)
    if n >= 5:
        yield from filter(None, [_exponential(t, y), _parabola(u, y, origin, length)])
    if n >= 6:
        yield from _recurrent(u, y, origin, length)
        yield from _powers(u, y, origin, length)


def _columns(*columns: np.ndarray) -> np.ndarray:
    return np.stack(columns, axis=1)


def _solved(columns: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """The coefficients of least squares, and the largest distance."""
    coefficients, *_ = np.linalg.lstsq(columns, y, rcond=None)
    return coefficients, float(np.max(np.abs(columns @ coefficients - y)))


def _exponential(t: np.ndarray, y: np.ndarray) -> Family | None:
    if not (np.all(y > 0) or np.all(y < 0)):
        return None
    x = (t - t[0]) / (t[-1] - t[0])
    (a, b), _ = _solved(_columns(np.ones(len(t)), x), np.log(np.abs(y)))
    gamma = math.exp(b / float(t[-1] - t[0]))
    return Exponential(math.copysign(math.exp(a), y[0]), gamma, 0.0, int(t[0]))


def _parabola(u: np.ndarray, y: np.ndarray, origin: int, length: float) -> Family | None:
    (c, b, a), _ = _solved(_columns(np.ones(len(u)), u, u * u), y)
    if a == 0:
        return None
    vertex = -b / (2 * a)
    if 0.01 < vertex < 0.99:  # it would go back up: no schedule does
        return None
    return Power(float(a / length**2), 2.0, float(origin + vertex * length), float(c - a * vertex**2))


def _recurrent(u: np.ndarray, y: np.ndarray, origin: int, length: float) -> Iterator[Family]:
    """A cosine, or an exponential with a floor: y[t + s] + y[t - s] = a y[t] + b of both, |a| < 2 of a cosine."""
    n = len(y)
    for s in sorted({n // 4, n // 16, 1} - {0}, reverse=True):
        both, middle = y[2 * s :] + y[: -2 * s], y[s:-s]
        scale = np.ptp(middle)
        if len(middle) < 2 or scale == 0:
            continue
        (a, _), off = _solved(_columns((middle - middle[0]) / scale, np.ones(len(middle))), both / scale)
        if off > 1e-3:
            continue
        step = s * float(u[1] - u[0])
        frequency = math.acos(a / 2) / step if -2 < a < 2 else 0.0
        if frequency and math.pi * length / frequency >= _SHORTEST:
            yield _cosine(u, y, frequency, origin, length)
        if a > 2:
            falls = abs(y[-1] - y[n // 2]) < abs(y[n // 2] - y[0])  # towards its floor, or away from it
            yield _with_floor(u, y, math.acosh(a / 2) / step * (-1 if falls else 1), origin, length)


def _cosine(u: np.ndarray, y: np.ndarray, frequency: float, origin: int, length: float) -> Family:
    def columns(theta: np.ndarray) -> Any:
        return _columns(np.ones(len(u)), np.cos(theta[0] * u), np.sin(theta[0] * u))

    def slopes(theta: np.ndarray, c: np.ndarray) -> Any:
        return _columns(u * (c[2] * np.cos(theta[0] * u) - c[1] * np.sin(theta[0] * u)))

    theta, (middle, a, b) = _gauss_newton(columns, slopes, np.array([frequency]), y)
    T = math.pi * length / theta[0]
    height, peak = math.hypot(a, b), origin + math.atan2(b, a) / theta[0] * length
    # Counted from the last extreme before the window.
    half_turns = math.floor((origin - peak) / T + 1e-3)
    start = middle + height * (-1) ** half_turns
    return Cosine(float(start), float(2 * middle - start), float(T), float(peak + half_turns * T))


def _with_floor(u: np.ndarray, y: np.ndarray, rate: float, origin: int, length: float) -> Family:
    def grown(theta: np.ndarray) -> np.ndarray:
        grown: np.ndarray = np.exp(np.minimum(theta[0] * (u if theta[0] < 0 else u - 1), 0))
        return grown

    def columns(theta: np.ndarray) -> Any:
        return _columns(np.ones(len(u)), grown(theta))

    def slopes(theta: np.ndarray, c: np.ndarray) -> Any:
        return _columns(c[1] * (u if theta[0] < 0 else u - 1) * grown(theta))

    theta, (floor, height) = _gauss_newton(columns, slopes, np.array([rate]), y)
    first = height if theta[0] < 0 else height * math.exp(-theta[0])
    return Exponential(float(floor + first), math.exp(theta[0] / length), float(floor), origin)


def _powers(u: np.ndarray, y: np.ndarray, origin: int, length: float) -> Iterator[Family]:
    """A power of the distance from a count, without a floor, and with one."""
    for floor, theta in _first_guesses(u, y):
        power, singular = theta
        if 0 < singular < 1:
            singular = 0.0 if singular < 0.5 else 1.0
        if abs(power) < 20 and abs(singular) < 1e4:
            formula = _power(u, y, np.array([singular, power]), origin, length, floor=floor)
            if formula is not None:
                yield formula


def _first_guesses(u: np.ndarray, y: np.ndarray) -> Iterator[tuple[bool, tuple[float, float]]]:
    """Whether there is a floor, the power and the singularity."""
    if np.all(y > 0):
        for power in (-0.5, -1.0):  # y ** (1 / p) is a straight line
            with np.errstate(over="ignore"):
                straight = y ** (1 / power)
            if np.all(np.isfinite(straight)):
                (b, a), _ = _solved(_columns(np.ones(len(u)), u), straight)
                if a != 0:
                    yield False, (power, -b / a)
    n = len(y)
    s = max(1, n // 16)
    step = s * float(u[1] - u[0])
    first, second = (y[2 * s :] - y[: -2 * s]) / (2 * step), (y[2 * s :] - 2 * y[s:-s] + y[: -2 * s]) / step**2
    inner = slice(2 * s, -2 * s) if n >= 8 * s else slice(None)  # away from the singularity, where slopes are rough
    at = u[s:-s][inner]
    for floor, upper, lower in ((False, y[s:-s], first), (True, first, second)):
        if len(at) < 2 or np.any(lower[inner] == 0):
            continue
        # y / y' = (t - s) / p, and y' / y'' = (t - s) / (p - 1).
        (b, a), _ = _solved(_columns(np.ones(len(at)), at), upper[inner] / lower[inner])
        if a != 0:
            yield floor, (1 / a + floor, -b / a)
    yield True, (0.5, 0.0)  # a square root from the start of the window, where slopes are infinite


def _power(
    u: np.ndarray, y: np.ndarray, theta: np.ndarray, origin: int, length: float, *, floor: bool
) -> Family | None:
    """The power nearest to y, from a first guess of the singularity and the power."""
    left = theta[0] <= 0.5

    def distance(theta: np.ndarray) -> np.ndarray:
        distance: np.ndarray = np.maximum(u - theta[0] if left else theta[0] - u, 0)
        return distance

    def columns(theta: np.ndarray) -> Any:
        raised = distance(theta) ** theta[1]
        return _columns(raised, np.ones(len(u))) if floor else _columns(raised)

    def slopes(theta: np.ndarray, c: np.ndarray) -> Any:
        d = distance(theta)
        safe = np.where(d > 0, d, 1.0)
        by_origin = np.where(d > 0, c[0] * theta[1] * safe ** (theta[1] - 1) * (-1 if left else 1), 0)
        return _columns(by_origin, np.where(d > 0, c[0] * safe ** theta[1] * np.log(safe), 0))

    with np.errstate(all="ignore"):
        X = columns(theta)
        if not np.all(np.isfinite(X)) or _solved(X, y)[1] > 0.05 * np.ptp(y):
            return None  # too far to be led anywhere
        theta, c = _gauss_newton(columns, slopes, theta, y)
        scale = float(c[0] / np.float64(length) ** theta[1])
    if not np.all(np.isfinite([*theta, *c, scale])) or scale == 0:
        return None
    singular = float(origin + theta[0] * length)
    if abs(singular - round(singular)) < 1e-7:  # the root of so little would be seen
        singular = float(round(singular))
    return Power(scale, float(theta[1]), singular, float(c[1]) if floor else 0.0)


def _gauss_newton(
    columns: Callable[[np.ndarray], np.ndarray],
    slopes: Callable[[np.ndarray, np.ndarray], np.ndarray],
    theta: np.ndarray,
    y: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The theta, and the coefficients of the columns, that are nearest to y."""

    def solved(theta: np.ndarray) -> tuple[np.ndarray, float]:
        X = columns(theta)
        if not np.all(np.isfinite(X)):
            return np.zeros(X.shape[1]), math.inf
        c, *_ = np.linalg.lstsq(X, y, rcond=None)
        return c, float(np.sum((X @ c - y) ** 2))

    c, off = solved(theta)
    for _ in range(_STEPS):
        if not math.isfinite(off) or off == 0:
            break
        X = columns(theta)
        J = np.concatenate([X, slopes(theta, c)], axis=1)
        if not np.all(np.isfinite(J)):
            break
        step = np.linalg.lstsq(J, y - X @ c, rcond=None)[0][X.shape[1] :]
        for _ in range(6):
            c_next, off_next = solved(theta + step)
            if off_next < off:
                break
            step = step / 4
        else:
            break
        small = np.all(np.abs(step) <= 1e-14 * np.abs(theta)) or off_next > 0.9 * off
        theta, c, off = theta + step, c_next, off_next
        if small:
            break
    return theta, c


def _simpler(formula: Family, t: np.ndarray, y: np.ndarray, within: float) -> Iterator[Family]:
    """The formula with rounder numbers, the roundest first."""
    start, end = int(t[0]), int(t[-1])
    match formula:
        case Constant():
            yield Constant(shortest(formula.value, within))
        case Linear():
            length = end + max(1, int(t[1] - t[0]) if len(t) > 1 else 1) - start
            for last in dict.fromkeys((length, end - start)):
                a, b = shortest(float(formula(start)), within), shortest(float(formula(start + last)), within)
                yield Linear(a, (b - a) / max(last, 1), start)
        case Exponential():
            for floor in dict.fromkeys((shortest(formula.floor, within), formula.floor)):
                for digits in range(1, 16):
                    yield _of_gamma(formula, float(f"{formula.gamma:.{digits}g}"), floor, t, y, within)
        case Cosine():
            for T, origin in _rounded_pairs(formula.T, formula.origin):
                yield from _of_levels(Cosine(1.0, 0.0, T, origin), t, y, within)
        case Power():
            for power in dict.fromkeys((round(formula.power, 2), formula.power)):
                for origin in dict.fromkeys((float(round(formula.origin)), formula.origin)):
                    yield from _of_floor(formula, power, origin, t, y, within)


def _of_gamma(
    formula: Exponential, gamma: float, floor: float, t: np.ndarray, y: np.ndarray, within: float
) -> Exponential:
    """Of a gamma and a floor the exponential that is nearest."""
    raised = gamma ** (t - formula.origin)
    height = float(np.dot(raised, y - floor) / np.dot(raised, raised))
    return Exponential(shortest(floor + height, within), gamma, floor, formula.origin)


def _rounded_pairs(T: float, origin: float) -> list[tuple[float, float]]:
    lengths = dict.fromkeys((float(round(T)), T)) if T > 0.5 else {T: None}
    return [(a, b) for a in lengths for b in dict.fromkeys((float(round(origin)), origin))]


def _of_levels(unit: Cosine, t: np.ndarray, y: np.ndarray, within: float) -> Iterator[Family]:
    """The cosine from 1 to 0 between the levels that are nearest, short ones first."""
    (bottom, height), _ = _solved(_columns(np.ones(len(t)), unit(t)), y)
    for digits in (within, 0.0):
        start, end = shortest(bottom + height, digits), shortest(bottom, digits)
        yield dataclasses.replace(unit, start=float(start), end=float(end))


def _of_floor(
    formula: Power, power: float, origin: float, t: np.ndarray, y: np.ndarray, within: float
) -> Iterator[Family]:
    """Of a power and an origin the scale that is nearest, with no floor, a short one, any."""
    with np.errstate(all="ignore"):
        raised = np.abs(t - origin) ** power
    if not np.all(np.isfinite(raised)):
        return
    scale = float(np.dot(raised, y) / np.dot(raised, raised))
    yield Power(scale, power, origin, 0.0)
    if formula.floor:
        (scale, floor), _ = _solved(_columns(raised / np.max(raised), np.ones(len(t))), y)
        short = shortest(float(floor), within)
        scale = float(np.dot(raised, y - short) / np.dot(raised, raised))
        yield Power(scale, power, origin, short)
        yield Power(scale, power, origin, float(floor))
