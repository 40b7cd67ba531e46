"""How many counts show the whole of a recipe."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jaxlr._machine.stateful import Stateful
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.compose import Chain, InTurn, SequentialLR
from jaxlr._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR
from jaxlr._schedules.decay import ConstantLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._schedules.derived import Product, Shifted
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.power import PolynomialDecay
from jaxlr._schedules.ramp import LinearRamp
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._torch.from_torch import from_torch
from jaxlr._verify.sides import kind_of, schedulers_of

_FEW = 100  # a shorter recipe is followed a little further


class Length(NamedTuple):
    """Counts from 0 on.

    Attributes:
      whole: as many as show all of the recipe, None where that is not known.
      end: as many as it has a value for, None where there is no end.
    """

    whole: int | None
    end: int | None


def length_of(parameter: str, value: Any) -> Length:
    """The length of a side of verify; parameter: what an error calls it."""
    match kind_of(parameter, value):
        case "array":
            return Length(len(value), len(value))
        case "jaxlr":
            return _of_schedule(value.schedule if isinstance(value, Stateful) else value)
        case "groups":
            items = value.values() if isinstance(value, Mapping) else value
            return _longest(length_of(parameter, item) for item in items)
        case "torch":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    return _longest(map(_of_schedule, from_torch(schedulers_of(value), group="all")))
                except (TypeError, ValueError):  # it has no port
                    return Length(None, None)
        case _:
            return Length(None, None)


def _longest(lengths: Iterable[Length]) -> Length:
    wholes, ends = zip(*lengths, strict=True)
    known = [end for end in ends if end is not None]
    return Length(None if None in wholes else max(wholes), min(known) if known else None)


def _of_schedule(schedule: Schedule) -> Length:
    end = None if schedule._final_epoch is None else int(schedule._final_epoch) - schedule._first_epoch + 1
    whole = _whole(schedule)
    if whole is not None:
        whole = max(whole - schedule._first_epoch, _FEW)
    return Length(end if whole is None or (end is not None and end < whole) else whole, end)


def _whole(schedule: Any) -> int | None:
    """The epochs from 0 on that show all of it; what ends in a level is followed a tenth further."""
    match schedule:
        case CosineAnnealingLR():
            return int(schedule.T_max) + 1
        case CosineAnnealingWarmRestarts():  # two cycles, and the start of the third
            return int(schedule.T_0 * (1 + schedule.T_mult)) + 1
        case CyclicLR():
            return int(2 * schedule._cycle_length) + 1
        case StepLR():  # five of its steps
            return int(5 * schedule.step_size) + 1
        case MultiStepLR():
            return _level(max(schedule.milestones, default=0))
        case ConstantLR() | LinearLR() | PolynomialLR() | LinearRamp() | PolynomialDecay():
            return _level(schedule.total_iters)
        case SWALR():
            return _level(schedule.anneal_epochs)
        case SequentialLR() | InTurn():
            last = _whole(schedule.schedulers[-1])
            return None if last is None else int(max(schedule.milestones, default=0)) + last
        case Chain() | Product():
            lengths = [_whole(member) for member in schedule.schedulers]
            return None if None in lengths else max(filter(None, lengths))
        case per_epoch():
            epochs = _whole(schedule.schedule)
            return None if epochs is None else epochs * int(schedule.steps_per_epoch)
        case Resumed() | Momentum() | Shifted():
            return _whole(schedule.schedule)
        case _:  # without an end, or with one that says how long it is
            end = schedule._final_epoch
            return None if end is None else int(end) + 1


def _level(epoch: Any) -> int:
    return int(epoch) + int(epoch) // 10 + 1
