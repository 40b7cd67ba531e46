"""The schedule that a segment of a curve is, at the learning rate of the whole."""

import dataclasses
import math
from collections.abc import Iterator

from jaxlr._curves.families import (
    Constant,
    Cosine,
    Exponential,
    Family,
    Held,
    Linear,
    Power,
    Restarts,
    Staircase,
    Triangular,
)
from jaxlr._curves.pieces import FEW
from jaxlr._curves.proof import digits
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR
from jaxlr._schedules.decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._schedules.derived import Product, Shifted
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.power import InversePower, PolynomialDecay
from jaxlr._schedules.ramp import LinearRamp

_LONGEST = 1e15  # counts, all of which are exact
_NEAR = 1e-6  # relative: what was read is one number, as far as the reading shows


@dataclasses.dataclass(frozen=True)
class Part:
    """A segment, and what it comes to.

    Attributes:
      start: its first count.
      end: the count after its last.
      formula: of the count.
      level: the value at which it rests once its formula has ended, or with which the next part begins; None where
        nothing follows.
      rests: whether it rests at the level, up to its end.
    """

    start: int
    end: int
    formula: Family
    level: float | None = None
    rests: bool = False

    def at(self, count: float) -> float:
        """The value of its formula at a count."""
        return float(self.formula(count))


def rates(part: Part) -> Iterator[float]:
    """The learning rates at which a part is a schedule, the likeliest first."""
    match part.formula:
        case Constant(value=value):
            yield value
        case Linear():
            yield max(part.at(part.start), *_line_ends(part))
        case Cosine(start=first, end=last):
            yield max(first, last)
        case Restarts(top=top):
            yield top
        case Staircase(levels=levels):
            yield levels[0]
        case Exponential() | Power():
            yield part.at(part.start)
            yield part.at(0)
        case Held(formula=formula, k=k):
            yield from rates(Part(part.start // k, -(-part.end // k), formula))


def member(part: Part, lr: float) -> Schedule | None:
    """The schedule of this learning rate that gives the values of a part, counted from its start; None if none does.

    One of another learning rate is laid over the factor between the two.
    """
    found = _member(part, lr)
    for rate in () if found is not None or lr <= 0 else rates(part):
        factor = rate / lr
        if factor > 0 and (scaled := _scaled(part.formula, 1 / factor)) is not None:
            over, under = _constant(factor, lr), _member(dataclasses.replace(part, formula=scaled), lr)
            if over is not None and under is not None:
                return Product(lr, [over, under])
    return found


def _scaled(formula: Family, by: float) -> Family | None:
    match formula:
        case Cosine(start=first, end=last):
            return dataclasses.replace(formula, start=first * by, end=last * by)
        case Restarts(top=top, bottom=bottom):
            return dataclasses.replace(formula, top=top * by, bottom=bottom * by)
        case Exponential(value=value, floor=floor):
            return dataclasses.replace(formula, value=value * by, floor=floor * by)
        case Power(scale=scale, floor=floor):
            return dataclasses.replace(formula, scale=scale * by, floor=floor * by)
        case Staircase(levels=levels):
            return dataclasses.replace(formula, levels=tuple(level * by for level in levels))
    return None


def _member(part: Part, lr: float) -> Schedule | None:
    match part.formula:
        case Constant(value=value):
            factor, n = _factor(value, lr), part.end - part.start
            return ConstantLR(lr, factor, n) if n < FEW and 0 < factor < 1 else _constant(factor, lr)
        case Linear():
            return _line(part, lr)
        case Exponential():
            return _exponential(part, part.formula, lr)
        case Cosine():
            return _cosine(part, part.formula, lr)
        case Power() if part.formula.ends(part.end) or part.rests:
            return _polynomial(part, part.formula, lr)
        case Power():
            return _inverse(part, part.formula, lr)
        case Staircase():
            return _stairs(part, part.formula, lr)
        case Restarts():
            return _restarts(part, part.formula, lr)
        case Triangular():
            return _triangles(part, part.formula)
        case Held():
            return _held(part, part.formula, lr)
    return None


def _is(x: float, y: float, scale: float) -> bool:
    return abs(x - y) <= _NEAR * abs(scale)


def _factor(value: float, lr: float) -> float:
    """The value over lr; 0 and 1 where it is as good as that."""
    if lr == 0:
        return 1.0 if value == 0 else math.nan
    factor = value / lr
    return next((whole for whole in (0.0, 1.0) if _is(factor, whole, 1.0)), factor)


def _whole(x: float) -> int | None:
    """The number of counts that a length is."""
    return round(x) if 0.5 < x < _LONGEST else None


def _root(x: float, power: float) -> float:
    """The x ** (1 / power) of a positive x; infinite where that is too large."""
    log = math.log(x) / power
    return math.exp(log) if log < math.log(_LONGEST) else math.inf


def _entered(schedule: Schedule, by: float) -> Schedule | None:
    """The schedule, by so many counts ahead."""
    if not -0.1 <= by < _LONGEST or abs(by - round(by)) > 0.1:
        return None
    return Shifted(schedule, by=round(by)) if round(by) else schedule


def _constant(factor: float, lr: float) -> Schedule | None:
    if 0 < factor <= 1:
        return LinearLR(lr, start_factor=factor, end_factor=factor)
    return LinearRamp(lr, 1, factor, factor) if factor >= 0 else None


def _line(part: Part, lr: float) -> Schedule | None:
    """A line that ends where it rests; else at a level that makes its numbers round."""
    a = _factor(part.at(part.start), lr)
    found = []
    for level in _line_ends(part) if part.rests else (*_line_ends(part), lr, 0.0):
        T, b = _counts_to(part, level), _factor(level, lr)
        reaches = 0 < T < _LONGEST and (part.rests or part.end - part.start - 1 - 1e-3 <= T)
        if reaches and a >= 0 and b >= 0:
            T = round(T) if abs(T - round(T)) < 1e-3 else T
            found.append((digits(T) + digits(b), T, b))
    if not found:
        return None
    _, T, b = min(found)
    if isinstance(T, int) and 0 < a <= 1 and b <= 1:
        return LinearLR(lr, start_factor=a, end_factor=b, total_iters=T)
    return LinearRamp(lr, T, a, b)


def _line_ends(part: Part) -> list[float]:
    """The level that a line comes to, that at which the next part begins, or else those of its last counts."""
    if part.rests and part.level is not None:
        return [part.level]
    return [*([] if part.level is None else [part.level]), part.at(part.end - 1), part.at(part.end)]


def _counts_to(part: Part, level: float) -> float:
    """The counts, from its start, in which a line comes to a level."""
    slope = part.at(part.start + 1) - part.at(part.start)
    return (level - part.at(part.start)) / slope if slope else math.inf


def _exponential(part: Part, formula: Exponential, lr: float) -> Schedule | None:
    first = part.at(part.start)
    if formula.floor or lr <= 0 or first / lr <= 0 or formula.gamma <= 0 or formula.gamma == 1:
        return None
    ahead = 0.0 if _is(first, lr, lr) else math.log(first / lr) / math.log(formula.gamma)
    return _entered(ExponentialLR(lr, formula.gamma), ahead)


def _cosine(part: Part, formula: Cosine, lr: float) -> Schedule | None:
    """A cosine that counts from the one of its extremes that is the learning rate."""
    T = abs(formula.T)
    T = round(T) if abs(T - round(T)) < 0.1 else T
    for first, last, origin in (
        (formula.start, formula.end, formula.origin),
        (formula.end, formula.start, formula.origin + formula.T),
    ):
        if T >= 1 and lr >= 0 and _is(first, lr, max(abs(first), abs(last))):
            by = part.start - origin
            by = 0.0 if abs(by) < 0.1 else by % (2 * T)
            return _entered(CosineAnnealingLR(lr, T, last), by)
    return None


def _polynomial(part: Part, formula: Power, lr: float) -> Schedule | None:
    """A power that ends, of as many counts as it takes from lr."""
    rise, power = (lr - formula.floor) / formula.scale, formula.power
    if rise <= 0 or power <= 0:
        return None
    T = _root(rise, power)
    by = part.start - (formula.origin - T)
    if not 0.5 < T < math.inf:
        return None
    if abs(T - round(T)) > 1e-2:
        return _entered(PolynomialDecay(lr, T, power, formula.floor), by)
    if formula.floor:
        return _entered(PolynomialDecay(lr, round(T), power, formula.floor), by)
    return _entered(PolynomialLR(lr, round(T), power), by)


def _inverse(part: Part, formula: Power, lr: float) -> Schedule | None:
    if formula.power >= 0 or formula.floor or lr / formula.scale <= 0 or formula.origin >= part.start:
        return None
    timescale = _root(lr / formula.scale, formula.power)
    if timescale == math.inf:
        return None
    by = part.start - formula.origin - timescale
    if abs(by) < 1e-3:
        by, timescale = 0, part.start - formula.origin
    whole = abs(timescale - round(timescale)) < 1e-3
    return _entered(InversePower(lr, round(timescale) if whole else timescale, -formula.power), by)


def _stairs(part: Part, formula: Staircase, lr: float) -> Schedule | None:
    if not _is(formula.levels[0], lr, lr) or formula.gamma is None:
        return None
    every = formula.every(part.start)
    if every and part.end - formula.milestones[-1] <= every:
        return StepLR(lr, every, formula.gamma)
    return MultiStepLR(lr, [milestone - part.start for milestone in formula.milestones], formula.gamma)


def _restarts(part: Part, formula: Restarts, lr: float) -> Schedule | None:
    T_0 = _whole(formula.T)
    if T_0 is None or not _is(formula.top, lr, lr):
        return None
    by = part.start - formula.origin
    by = by % T_0 if formula.T_mult == 1 else by
    return _entered(CosineAnnealingWarmRestarts(lr, T_0, int(formula.T_mult), formula.bottom), by)


def _triangles(part: Part, formula: Triangular) -> Schedule | None:
    modes = {1.0: "triangular", 0.5: "triangular2"}
    if formula.factor not in modes:
        return None
    base, top = formula.first, formula.second
    down = None if formula.down == formula.up else formula.down
    wave = CyclicLR(base, top, formula.up, down, modes[formula.factor], cycle_momentum=False)  # type: ignore[arg-type]
    return _entered(wave, part.start - formula.origin)


def _held(part: Part, formula: Held, lr: float) -> Schedule | None:
    """A member that is stepped once in k counts: in a SequentialLR the one member of a product."""
    first, ahead = divmod(part.start - formula.origin, formula.k)
    last = (part.end - 1 - formula.origin) // formula.k
    inner = member(Part(first, last + 1, formula.formula), lr)
    return None if inner is None else _entered(Product(lr, [per_epoch(inner, formula.k)]), ahead)
