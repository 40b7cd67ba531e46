"""Optax's nearest schedule to each of torch's, as a user of Optax writes it."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optax

import jaxlr
from jaxlr._machine.closed_form import has_closed_form

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
    known = _NEAREST.get(type(schedule))
    theirs = None if known is None else known[1](schedule)
    return None if known is None or theirs is None else Nearest(f"optax.{known[0]}", theirs)


def _restarts(s: Any) -> OptaxSchedule:
    # As many cosines as end within 1,000 times T_0, the length of the run.
    n = 1000 if s.T_mult == 1 else math.ceil(math.log(1000 * (s.T_mult - 1) + 1, s.T_mult))
    lengths = [s.T_0 * s.T_mult**i for i in range(n)]
    cosines = [optax.cosine_decay_schedule(s.lr, length, alpha=s.eta_min / s.lr) for length in lengths]
    restarts: OptaxSchedule = optax.join_schedules(cosines, np.cumsum(lengths)[:-1].tolist())
    return restarts


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
    return lambda count: s._initial_lr * math.prod(factor(count) for factor in known)


_NEAREST: dict[type, tuple[str, Callable[[Any], OptaxSchedule | None]]] = {
    jaxlr.StepLR: (
        "exponential_decay",
        lambda s: optax.exponential_decay(s.lr, s.step_size, s.gamma, staircase=True),
    ),
    jaxlr.MultiStepLR: (
        "piecewise_constant_schedule",
        lambda s: optax.piecewise_constant_schedule(s.lr, dict.fromkeys(s.milestones, s.gamma)),
    ),
    jaxlr.ConstantLR: (
        "piecewise_constant_schedule",
        lambda s: optax.piecewise_constant_schedule(s.lr * s.factor, {s.total_iters: 1 / s.factor}),
    ),
    jaxlr.LinearLR: (
        "linear_schedule",
        lambda s: optax.linear_schedule(s.lr * s.start_factor, s.lr * s.end_factor, s.total_iters),
    ),
    jaxlr.ExponentialLR: ("exponential_decay", lambda s: optax.exponential_decay(s.lr, 1, s.gamma)),
    jaxlr.PolynomialLR: ("polynomial_schedule", lambda s: optax.polynomial_schedule(s.lr, 0.0, s.power, s.total_iters)),
    jaxlr.CosineAnnealingLR: (
        "cosine_decay_schedule",
        lambda s: optax.cosine_decay_schedule(s.lr, s.T_max, alpha=s.eta_min / s.lr),
    ),
    jaxlr.CosineAnnealingWarmRestarts: ("join_schedules", _restarts),
    jaxlr.SWALR: (
        "cosine_decay_schedule",
        lambda s: optax.cosine_decay_schedule(s.lr, s.anneal_epochs, alpha=s.swa_lr / s.lr),
    ),
    jaxlr.OneCycleLR: (
        "cosine_onecycle_schedule",  # torch's last value is at total_steps - 1, Optax's at transition_steps
        lambda s: optax.cosine_onecycle_schedule(s.total_steps - 1, s.max_lr),
    ),
    jaxlr.SequentialLR: ("join_schedules", _joined),
    jaxlr.ChainedScheduler: ("linear_schedule and another, multiplied", _product),
}
