"""Whether a schedule gives every value of a curve, and with which numbers it does so most simply."""

import dataclasses
import math
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

import jax
import numpy as np

from jaxlr._curves.families import shortest
from jaxlr._float64 import float64
from jaxlr._schedules.base import Schedule, lr_of, walk
from jaxlr._ulp import compare

_BLOCK = 2048  # counts that one compiled call evaluates: one program for curves of every length
_LEVELS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)  # how far numbers are rounded, relative
_SHORT, _WRITTEN = 6, 4  # digits of a number that somebody may have written, and of one that he has
_DENOMINATOR = 200_000  # of a factor that is one count of a warm-up
_STEPS = 6  # of Gauss and Newton
_FAR = 1e6  # tolerances: a candidate that is farther off is led nowhere

_LENGTHS = {"step_size_up", "step_size_down"}  # whole, as a rule, though they are floats
_READ = {"lr", "power"}  # a power comes rounded from the reader; lr is one number, wherever it stands
_FACTORS = {"start_factor", "end_factor"}

Path = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Target:
    """The values that a schedule must give, at counts 0, 1, ..., and by how much each may be off."""

    values: np.ndarray
    allowed: np.ndarray
    sample: np.ndarray  # counts that a fit looks at

    @staticmethod
    def of(values: np.ndarray) -> "Target":
        """One float32 ulp of each, and what torch's recursion rounds."""
        noise = 4 * len(values) * 2.0**-53 * float(np.max(np.abs(values)))
        ulp = np.spacing(np.abs(values).astype(np.float32)).astype(np.float64)
        n = len(values)
        ends = np.r_[np.arange(min(n, 256)), np.arange(max(0, n - 256), n)]
        spread = np.linspace(0, n - 1, min(n, _BLOCK - len(ends))).round().astype(np.int64)
        return Target(values, ulp + noise, np.unique(np.r_[ends, spread]))

    def misfit(self, schedule: Schedule) -> float:
        """The largest distance at the sampled counts, over the one that is allowed."""
        off = float(np.max(np.abs(self._residuals(schedule))))
        return off if math.isfinite(off) else math.inf

    def _residuals(self, schedule: Schedule) -> np.ndarray:
        residuals: np.ndarray = (evaluated(schedule, self.sample) - self.values[self.sample]) / self.allowed[
            self.sample
        ]
        return residuals

    def proves(self, schedule: Schedule) -> bool:
        """Whether the schedule gives every value."""
        ours = evaluated(schedule, np.arange(len(self.values)))
        return bool(np.all(np.isfinite(ours))) and compare(ours, self.values).passed


def evaluated(schedule: Schedule, counts: np.ndarray) -> np.ndarray:
    """The closed form at the counts, in float64."""
    end = schedule._final_epoch
    if end is not None and len(counts) and counts[-1] > end:
        return np.full(len(counts), np.nan)
    padded = np.full(-(-len(counts) // _BLOCK) * _BLOCK, counts[-1])
    padded[: len(counts)] = counts
    with float64(), jax.ensure_compile_time_eval():  # in a traced function too
        values = [np.asarray(schedule(block), np.float64) for block in padded.reshape(-1, _BLOCK)]
    return np.concatenate(values)[: len(counts)]


def proved(candidate: Schedule, target: Target) -> Schedule | None:
    """The candidate, its numbers fitted, then as short as the proof allows; None where it has none."""
    if not target.misfit(candidate) <= _FAR:
        return None
    fitted = _fitted(candidate, target)
    snapped = _snapped(fitted, target) or _snapped(_refitted(fitted, target), target)
    return snapped if snapped is not None and target.proves(snapped) else None


def cost(schedule: Schedule) -> int:
    """How much there is to say: schedules, and the digits of their numbers; more where lr is not the peak."""
    lr = lr_of(schedule) or 0.0
    told = digits(lr)
    for part in walk(schedule):
        numbers = [(name, x) for name, x in _given(part) if name != "lr"]
        above = [x for name, x in numbers if (name in _FACTORS and x > 1) or (name == "eta_min" and x > lr)]
        told += 2 + sum(digits(x) for _, x in numbers) + 2 * len(above)
    return told


def _given(part: Any) -> Iterator[tuple[str, Any]]:
    """The numbers of one schedule that are not its defaults."""
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if field.init and value is not field.default and value != field.default:
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, int | float) and not isinstance(item, bool):
                    yield field.name, item


def digits(x: float) -> int:
    """The digits that a number is written with, but for zeros at its ends; none of 0 and 1."""
    if x in (0, 1):
        return 0
    text = f"{shortest(float(x), 1e-7 * abs(x)):.15g}".split("e")[0].lstrip("-").replace(".", "")
    return max(1, len(text.strip("0")))


def _paths(schedule: Any, path: Path = ()) -> list[Path]:
    """Where the numbers of a schedule stand that the values decide: all but lengths, and what is its default."""
    found: list[Path] = [("lr",)] if not path and lr_of(schedule) is not None else []
    for field in dataclasses.fields(schedule):
        value = getattr(schedule, field.name)
        if field.name == "schedulers":
            found += [p for i, member in enumerate(value) for p in _paths(member, (*path, ("schedulers", i)))]
        elif field.name == "schedule":
            found += _paths(value, (*path, "schedule"))
        elif field.name not in _READ and field.init and isinstance(value, float) and value != field.default:
            found.append((*path, field.name))
    return found


def _get(schedule: Any, path: Path) -> float:
    if path == ("lr",):
        return lr_of(schedule) or 0.0
    for step in path:
        schedule = schedule.schedulers[step[1]] if isinstance(step, tuple) else getattr(schedule, step)
    return float(schedule)


def _with(schedule: Any, path: Path, x: float) -> Any:
    if path == ("lr",):
        return schedule.with_lr(x)
    step, *rest = path
    if isinstance(step, tuple):
        members = list(schedule.schedulers)
        members[step[1]] = _with(members[step[1]], tuple(rest), x)
        return dataclasses.replace(schedule, schedulers=tuple(members))
    value = _with(getattr(schedule, step), tuple(rest), x) if rest else x
    return dataclasses.replace(schedule, **{step: value})


def _with_all(schedule: Schedule, numbers: dict[Path, float]) -> Schedule | None:
    """The schedule with other numbers; None where one of them is out of its range."""
    try:
        for path, x in numbers.items():
            schedule = _with(schedule, path, x)
    except ValueError:
        return None
    return schedule


def _refitted(schedule: Schedule, target: Target) -> Schedule:
    """The schedule with the numbers that somebody may have written as such, and the others fitted again."""
    numbers = {path: _get(schedule, path) for path in _paths(schedule)}
    short = {path: shortest(x, 1e-6 * abs(x)) for path, x in numbers.items()}
    written = {path: x for path, x in short.items() if digits(x) <= _WRITTEN}
    rounded = _with_all(schedule, written)
    return schedule if rounded is None else _fitted(rounded, target, kept=set(written))


def _fitted(schedule: Schedule, target: Target, kept: Collection[Path] = ()) -> Schedule:
    """The schedule with the numbers that are nearest to the values, each weighed by what it may be off.

    Zeros, ones, whole lengths and what is kept stay: they are no measurements.
    """
    numbers = {path: _get(schedule, path) for path in _paths(schedule)}
    whole = {path for path, x in numbers.items() if x in (0, 1) or (path[-1] in _LENGTHS and x == round(x))}
    free = [path for path in numbers if path not in whole and path not in kept]
    residuals = target._residuals(schedule)
    for _ in range(_STEPS if free else 0):
        columns = []
        for path in free:
            x = numbers[path]
            nudged = _with_all(schedule, {path: x * (1 - 1e-6)})
            if nudged is None:
                return schedule
            columns.append((target._residuals(nudged) - residuals) / -1e-6)
        J = np.stack(columns, axis=1)
        if not np.all(np.isfinite(J)):
            return schedule
        norms = np.linalg.norm(J, axis=0)
        scale = np.where(norms > 0, norms, 1.0)
        step = np.linalg.lstsq(J / scale, -residuals, rcond=1e-11)[0] / scale  # relative
        moved = numbers | {path: numbers[path] * (1 + float(s)) for path, s in zip(free, step, strict=True)}
        nearer = _with_all(schedule, {path: moved[path] for path in free})
        if nearer is None:
            return schedule
        left = target._residuals(nearer)
        if not np.sum(left**2) < np.sum(residuals**2):
            return schedule
        schedule, numbers, residuals = nearer, moved, left
    return schedule


def _snapped(schedule: Schedule, target: Target) -> Schedule | None:
    """The schedule with the shortest numbers that keep it within what is allowed."""
    raw = {path: _get(schedule, path) for path in _paths(schedule)}
    exact = target.misfit(schedule)
    for level in (*_LEVELS, 0.0):
        told = {path: _rounded(path, x, level, raw) for path, x in raw.items()}
        snapped = _with_all(schedule, told)
        if snapped is not None and target.misfit(snapped) <= 1:
            break
    else:
        return None
    for path, x in raw.items():
        snapped = _shortened(snapped, path, x, told, exact, target)
    return snapped


def _rounded(path: Path, x: float, level: float, raw: dict[Path, float]) -> float:
    if level == 0:
        return x
    name = path[-1]
    scale = 1.0 if name in _FACTORS else abs(raw.get(("lr",), x)) if name == "eta_min" else abs(x)
    return shortest(x, level * scale)


def _shortened(
    schedule: Schedule, path: Path, x: float, told: dict[Path, float], exact: float, target: Target
) -> Schedule:
    """The schedule with one of its numbers in fewer digits, or, of one that nobody has written, in all of them."""
    now = told[path]
    if now == 0:
        return schedule
    for n in range(1, _SHORT + 1):
        shorter = float(f"{x:.{n}g}")
        if shorter == now:
            return schedule
        tried = _with_all(schedule, {path: shorter})
        if tried is not None and target.misfit(tried) <= 1:
            return tried
    ratio = float(Fraction(x).limit_denominator(_DENOMINATOR))
    for exactly in (ratio, shortest(x, 1e-12 * abs(x)), x):
        tried = _with_all(schedule, {path: exactly})
        if tried is not None and abs(exactly - x) <= 1e-7 * abs(x) and target.misfit(tried) <= max(2 * exact, 1e-3):
            return tried
    return schedule
