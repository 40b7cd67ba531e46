"""The formulas that a piece of a curve may follow."""

import abc
import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np


class Family(abc.ABC):
    """A formula of the count: frozen, called with an array of counts."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What people call it."""

    @abc.abstractmethod
    def __call__(self, t: Any) -> Any:
        """The value at each count."""

    @abc.abstractmethod
    def words(self, start: int, end: int) -> str:
        """The formula in words, as it is on start .. end - 1."""

    @abc.abstractmethod
    def parameters(self, start: int, end: int) -> dict[str, Any]:
        """Its numbers by the names that people give them, as it is on start .. end - 1."""


@dataclasses.dataclass(frozen=True)
class Constant(Family):
    """One value."""

    value: float
    name = "constant"

    def __call__(self, t: Any) -> Any:
        return np.full(np.shape(t), self.value)

    def words(self, start: int, end: int) -> str:
        return f"constant {number(self.value)}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        return {"value": self.value}


@dataclasses.dataclass(frozen=True)
class Linear(Family):
    """A straight line through `value` at count `origin`; whether it meets what follows, if that is known."""

    value: float
    slope: float
    origin: int
    meets: bool | None = None
    name = "linear"

    def __call__(self, t: Any) -> Any:
        return self.value + self.slope * (np.asarray(t) - self.origin)

    def comes_after(self, end: int) -> bool:
        """Whether the value that it comes to is that at the count after its last: where it meets it, or is rounder."""
        last, after = (number(self.value_at(t)) for t in (end - 1, end))
        return bool(self.meets) or len(last) - len(after) >= (1 if self.meets is None else 3)

    def value_at(self, t: int) -> float:
        """The value at a count; 0 where it passes 0 there."""
        value = float(self(t))
        return 0.0 if abs(value) < 1e-3 * abs(self.slope) else value

    def last(self, end: int) -> float:
        """The value that it comes to."""
        return self.value_at(end if self.comes_after(end) else end - 1)

    def words(self, start: int, end: int) -> str:
        return f"linear {number(self(start))} -> {number(self.last(end))}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        return {"start value": float(self(start)), "end value": self.last(end)}


@dataclasses.dataclass(frozen=True)
class Exponential(Family):
    """floor + (value - floor) gamma ** (t - origin)."""

    value: float
    gamma: float
    floor: float
    origin: int
    name = "exponential"

    def __call__(self, t: Any) -> Any:
        # Where the formula is tried far from its piece it may overflow: it is then merely wrong there.
        with np.errstate(over="ignore", invalid="ignore"):
            return self.floor + (self.value - self.floor) * self.gamma ** (np.asarray(t) - self.origin)

    def words(self, start: int, end: int) -> str:
        to = f", to {number(self.floor)}" if self.floor else ""
        return f"exponential from {number(self(start))}, gamma={self.gamma:.8g}{to}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        return {"start value": float(self(start)), "gamma": self.gamma, "floor": self.floor}


@dataclasses.dataclass(frozen=True)
class Cosine(Family):
    """Half a cosine from `start` at count `origin` to `end` at origin + T, and back, and so on."""

    start: float
    end: float
    T: float
    origin: float
    name = "cosine"

    def __call__(self, t: Any) -> Any:
        return self.end + (self.start - self.end) * (1 + np.cos(math.pi * (np.asarray(t) - self.origin) / self.T)) / 2

    def words(self, start: int, end: int) -> str:
        of = f"T={count(self.T)} counted from {count(self.origin)}"
        return f"cosine {number(self.start)} -> {number(self.end)}, {of}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        first, last = ("top", "bottom") if self.start > self.end else ("bottom", "top")
        return {"T": self.T, "counted from": self.origin, first: self.start, last: self.end}


@dataclasses.dataclass(frozen=True)
class Power(Family):
    """floor + scale |t - origin| ** power; origin is where it ends, or where it is counted from."""

    scale: float
    power: float
    origin: float
    floor: float

    @property
    def name(self) -> str:
        return {-0.5: "inverse square root", -1.0: "inverse time"}.get(self.power, "power")

    def __call__(self, t: Any) -> Any:
        # A negative power is infinite at its origin, where no piece that has it can be.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return self.floor + self.scale * np.abs(np.asarray(t) - self.origin) ** self.power

    def ends(self, end: int) -> bool:
        """Whether it ends at origin, of a piece that ends at `end`."""
        return self.origin >= end - 1

    def words(self, start: int, end: int) -> str:
        way = f"{number(self(start))} -> {number(self(end - 1))}"
        if self.ends(end):
            T = f"T={count(self.origin - start)} counted from {count(start)}"
            return f"power {number(self(start))} -> {number(self.floor)}, power={self.power:.6g}, {T}"
        power = f"power={self.power:.6g}, " if self.name == "power" else ""
        to = f" over {number(self.floor)}" if self.floor and self.power < 0 else ""
        return f"{self.name} {way}{to}, {power}counted from {count(self.origin)}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        if self.ends(end):
            length = {"T": self.origin - start}
            return {"power": self.power, **length, "top": float(self(start)), "bottom": self.floor}
        origin = {"power": self.power, "counted from": self.origin}
        return {**origin, "start value": float(self(start)), "end value": float(self(end - 1))}


@dataclasses.dataclass(frozen=True)
class Restarts(Family):
    """Half a cosine from top to bottom in T counts, then again in T_mult times as many, and so on."""

    top: float
    bottom: float
    T: float
    T_mult: float
    origin: float
    name = "cosine with warm restarts"

    def __call__(self, t: Any) -> Any:
        t = np.asarray(t, np.float64) - self.origin
        if self.T_mult == 1:
            begin, T = np.floor(t / self.T) * self.T, np.full(t.shape, self.T)
        else:
            # The rounding of the logarithm decides at a restart: the next integer holds there.
            cycle = np.floor(np.log1p(np.maximum(t, 0) / self.T * (self.T_mult - 1)) / math.log(self.T_mult) + 1e-12)
            begin, T = self.T * (self.T_mult**cycle - 1) / (self.T_mult - 1), self.T * self.T_mult**cycle
        return self.bottom + (self.top - self.bottom) * (1 + np.cos(math.pi * (t - begin) / T)) / 2

    def words(self, start: int, end: int) -> str:
        of = f"T_0={count(self.T)}, T_mult={self.T_mult:.6g}, counted from {count(self.origin)}"
        return f"{self.name} {number(self.top)} -> {number(self.bottom)}, {of}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        shape = {"T_0": self.T, "T_mult": self.T_mult, "counted from": self.origin}
        return {**shape, "top": self.top, "bottom": self.bottom}


@dataclasses.dataclass(frozen=True)
class Triangular(Family):
    """From first to second in `up` counts and back in `down`, and so on; a cycle is `factor` x as high as the last."""

    first: float
    second: float
    up: float
    down: float
    factor: float
    origin: float
    name = "triangular wave"

    def __call__(self, t: Any) -> Any:
        t = np.asarray(t, np.float64) - self.origin
        cycle = np.floor(t / (self.up + self.down))
        t = t - cycle * (self.up + self.down)
        height = np.minimum(t / self.up, (self.up + self.down - t) / self.down)
        return self.first + (self.second - self.first) * self.factor**cycle * height

    def words(self, start: int, end: int) -> str:
        lengths = f"{count(self.up)} there and {count(self.down)} back, counted from {count(self.origin)}"
        scaled = f", each cycle x {self.factor:.6g}" if self.factor != 1 else ""
        return f"{self.name} {number(self.first)} -> {number(self.second)}, {lengths}{scaled}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        lengths = {"counts there": self.up, "counts back": self.down, "counted from": self.origin}
        first, last = ("bottom", "top") if self.first < self.second else ("top", "bottom")
        return {**lengths, first: self.first, last: self.second, "factor of a cycle": self.factor}


@dataclasses.dataclass(frozen=True)
class Staircase(Family):
    """levels[0], and from each of the milestones on the next level."""

    levels: tuple[float, ...]
    milestones: tuple[int, ...]
    name = "staircase"

    def __call__(self, t: Any) -> Any:
        return np.asarray(self.levels)[np.searchsorted(self.milestones, t, side="right")]

    @property
    def gamma(self) -> float | None:
        """The factor of every step, where it is one."""
        if not all(self.levels):
            return None
        ratios = np.asarray(self.levels[1:]) / np.asarray(self.levels[:-1])
        gamma = float(np.median(ratios))
        same = np.max(np.abs(ratios - gamma)) <= 1e-6 * abs(gamma)
        return shortest(gamma, 1e-6 * abs(gamma)) if same else None

    def every(self, start: int) -> int | None:
        """The counts of every step, where they are equal, and several."""
        lengths = np.diff([start, *self.milestones])
        return int(lengths[0]) if len(lengths) > 1 and np.all(lengths == lengths[0]) else None

    def words(self, start: int, end: int) -> str:
        at = f"every {count(self.every(start))}" if self.every(start) else f"at {_some(self.milestones, count)}"
        if self.gamma is None:
            return f"staircase {_some(self.levels, number)} {at}"
        return f"staircase from {number(self.levels[0])}, x {self.gamma:.6g} {at}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        levels = {"levels": self.levels} if self.gamma is None else {"gamma": self.gamma}
        every = {"step size": self.every(start)} if self.every(start) else {"milestone": self.milestones}
        return {"start value": self.levels[0], **levels, **every}


@dataclasses.dataclass(frozen=True)
class Held(Family):
    """A formula that is stepped once in k counts: its value at the last origin + k n."""

    formula: Family
    k: int
    origin: int

    @property
    def name(self) -> str:
        return self.formula.name

    def _epoch(self, t: Any) -> Any:
        return (np.asarray(t) - self.origin) // self.k

    def __call__(self, t: Any) -> Any:
        return self.formula(self._epoch(t))

    def _epochs(self, start: int, end: int) -> tuple[int, int]:
        return int(self._epoch(start)), int(self._epoch(end - 1)) + 1

    def words(self, start: int, end: int) -> str:
        return f"stepped once in {count(self.k)}: {self.formula.words(*self._epochs(start, end))}"

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        return {"held counts": self.k, **self.formula.parameters(*self._epochs(start, end))}


class Unread(Family):
    """Values that no formula gives."""

    def __call__(self, t: Any) -> Any:
        return np.full(np.shape(t), np.nan)

    def words(self, start: int, end: int) -> str:
        return self.name

    def parameters(self, start: int, end: int) -> dict[str, Any]:
        return {}


@dataclasses.dataclass(frozen=True)
class Other(Unread):
    """None of the formulas."""

    name = "other"


@dataclasses.dataclass(frozen=True)
class NotANumber(Unread):
    """Values that are NaN or infinite."""

    name = "NaN"


def number(x: Any) -> str:
    """A learning rate as people write it."""
    return f"{float(x) + 0.0:.6g}"


def count(x: Any) -> str:
    """A count, or a number of them: an integer where it is one."""
    x = float(x)
    return f"{round(x):,}" if abs(x - round(x)) <= 1e-3 else f"{x:,.2f}".rstrip("0")


def as_ratio(ours: float, theirs: float) -> str:
    """The ratio of two lengths in brackets, where it is one of smaller integers."""
    if ours <= 0 or theirs <= 0:
        return ""
    ratio = Fraction(ours / theirs).limit_denominator(1000)
    small = ratio.numerator > 0 and 10 * ratio.denominator <= theirs
    return f" (x {ratio})" if small and abs(float(ratio) * theirs - ours) <= 1e-9 * ours else ""


def shortest(x: float, within: float) -> float:
    """The number of the fewest digits that is near enough."""
    if abs(x) <= within:
        return 0.0
    return next((y for digits in range(1, 16) if abs((y := float(f"{x:.{digits}g}")) - x) <= within), x)


def _some(items: Any, shown: Any) -> str:
    texts = [shown(item) for item in items]
    return ", ".join(texts if len(texts) <= 6 else [*texts[:4], f"... ({len(texts) - 5} more)", texts[-1]])
