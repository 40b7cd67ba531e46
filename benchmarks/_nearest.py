"""Optax's nearest schedule to each of torch's, as a user of Optax writes it."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import optax

import jaxlr
from jaxlr._machine.closed_form import has_closed_form
from parity.cases import COUNT_DRIVEN

OptaxSchedule = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Nearest:
    """What Optax has.

    Attributes:
      name: of what it is built with.
      schedule: the schedule.
    """

    name: str
    schedule: OptaxSchedule


def nearest(schedule: Any) -> Nearest | None:
    """What Optax has for a schedule, None where it has nothing."""
    warmup_cosine = _warmup_cosine(schedule)
    if warmup_cosine is not None:
        return Nearest("optax.warmup_cosine_decay_schedule", warmup_cosine)
    known = _NEAREST.get(type(schedule).__name__)
    theirs = None if known is None else known[1](schedule)
    return None if known is None or theirs is None else Nearest(f"optax.{known[0]}", theirs)


def _warmup_cosine(s: Any) -> OptaxSchedule | None:
    """The most common recipe of all, which Optax has a name for."""
    match s:
        case jaxlr.SequentialLR(
            schedulers=(jaxlr.LinearLR(end_factor=1.0) as warmup, jaxlr.CosineAnnealingLR() as decay), milestones=(end,)
        ) if end == warmup.total_iters:
            begin, steps = s.lr * warmup.start_factor, end + decay.T_max
            return optax.warmup_cosine_decay_schedule(begin, s.lr, end, steps, decay.eta_min)  # type: ignore[no-any-return]
    return None


def _joined(s: Any) -> OptaxSchedule | None:
    if not has_closed_form(s):
        return None
    members = [nearest(member) for member in s.schedulers]
    known = [member.schedule for member in members if member is not None]
    return optax.join_schedules(known, list(s.milestones)) if len(known) == len(members) else None


def _product(s: Any) -> OptaxSchedule | None:
    if not has_closed_form(s):
        return None
    factors = [nearest(dataclasses.replace(member, lr=1.0)) for member in s.schedulers]
    known = [factor.schedule for factor in factors if factor is not None]
    if len(known) < len(factors):
        return None
    return lambda count: s.schedulers[0].lr * math.prod(factor(count) for factor in known)


_NEAREST: dict[str, tuple[str, Callable[[Any], OptaxSchedule | None]]] = {
    **{entry.name: entry.nearest for entry in COUNT_DRIVEN if entry.nearest is not None},
    "SequentialLR": ("join_schedules", _joined),
    "ChainedScheduler": ("linear_schedule and another, multiplied", _product),
}
