"""The value at a count, without the ones before it."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import is_traced, shown
from jaxlr._machine.machine import build, by_kind
from jaxlr._machine.structure import compute
from jaxlr._schedules.base import Absolute, Formula, Multiplicative, Schedule, replaced
from jaxlr._schedules.compose import Chain, Composite, SequentialLR
from jaxlr._schedules.cycle import OneCycleLR
from jaxlr._schedules.decay import ConstantLR, MultiStepLR
from jaxlr._schedules.derived import Derived, acting
from jaxlr._schedules.lambdas import MultiplicativeLR
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import takes_metric
from jaxlr._schedules.swa import SWALR
from jaxlr._schedules.until import Until


def value(schedule: Schedule, count: Any) -> jax.Array:
    """The learning rate at a count, or at an array of them."""
    if not has_closed_form(schedule):
        raise no_closed_form(schedule)
    lr: jax.Array = compute(_value, schedule, count)
    return lr


def _value(schedule: Any, count: jax.Array) -> jax.Array:
    count = count.astype(jnp.float64 if jnp.issubdtype(count.dtype, jnp.floating) else jnp.int64)
    built, _ = build(schedule)

    def at(count: jax.Array) -> jax.Array:
        t = jnp.maximum(count, 0) + built._first_epoch
        return jnp.asarray(closed_form(built, t), jnp.float64)

    for _ in range(count.ndim):  # a dimension at a time, each keeps its sharding
        at = jax.vmap(at)
    return at(count)


def closed_form(schedule: Any, t: Any) -> Any:
    """The learning rate at epoch t of a schedule that is built; past an end the last one."""
    match schedule:
        case Formula():
            end = schedule._final_epoch
            lr = schedule._closed_form(t if end is None else jnp.minimum(t, end))
            return _kept_at_0(schedule.lr, lr) if isinstance(schedule, Multiplicative) else lr
        case per_epoch() | Until():
            return closed_form(schedule.schedule, schedule._epoch(t))
        case Chain():  # all members only multiply
            members: Any = schedule.schedulers
            ones, lr = [replaced(member, lr=1.0) for member in members], members[0].lr
            return _kept_at_0(lr, lr * math.prod(closed_form(member, t) for member in ones))
        case SequentialLR():
            return _of_sequence(schedule, t)
    raise no_closed_form(schedule)


def _kept_at_0(initial_lr: Any, lr: Any) -> Any:
    """A rate of 0 stays 0, whatever it is multiplied by; of a factor that overflows the product is NaN."""
    return jnp.where((initial_lr == 0) & jnp.isnan(lr), 0.0, lr)


def _of_sequence(schedule: SequentialLR, t: Any) -> Any:
    """The closed form of the member whose turn it is at t, counted from its milestone."""
    members: Any = schedule.schedulers
    first = schedule._first
    if len(members) == 1:
        return closed_form(members[0], t)
    milestones = jnp.asarray(schedule.milestones)
    turn = jnp.sum(milestones <= t)
    begin = jnp.max(jnp.where(milestones <= t, milestones, 0))
    in_first = jnp.where(turn == first, t, 0)
    in_later = jnp.where(turn == first, 0, t - begin)
    return by_kind(
        members,
        first,
        turn,
        lambda: jnp.asarray(closed_form(members[first], in_first), jnp.float64),
        lambda member: jnp.asarray(closed_form(member, in_later), jnp.float64),
    )


def has_closed_form(schedule: Any) -> bool:
    """Whether a closed form is known to be the value that the stepped torch object has."""
    match schedule:
        case Formula():
            return True
        case per_epoch() | Until():
            return has_closed_form(schedule.schedule)
        case Chain():
            return all(isinstance(member, Multiplicative) for member in schedule.schedulers)
        case SequentialLR():
            first, later = schedule.schedulers[schedule._first], schedule.schedulers[schedule._first + 1 :]
            if isinstance(first, Composite):
                return False
            # A OneCycleLR overwrites the initial_lr that the others start from.
            overwritten = any(isinstance(part, OneCycleLR) for member in later for part in acting(member))
            if overwritten and not isinstance(first, Absolute | Derived):
                return False
            return all(_goes_on_as_it_enters(schedule.schedulers[i]) for i in schedule._entered)
        case _:
            return False


def _goes_on_as_it_enters(member: Any) -> bool:
    """Whether the closed form is what follows when a SequentialLR has entered the member."""
    match member:
        case SWALR() | MultiplicativeLR():
            return False
        case MultiStepLR():  # torch's closed form counts the milestones below 0
            return is_traced(member.milestones) or all(bool(milestone >= 0) for milestone in member.milestones)
        case ConstantLR():
            return is_traced(member.total_iters) or bool(member.total_iters > 0)
        case _:
            return True


def no_closed_form(schedule: Schedule) -> TypeError:
    """What calling it with a count raises."""
    way_out = "" if takes_metric(schedule) else ", or take tabulate(schedule, steps)"
    return TypeError(
        f"{type(schedule).__name__} has no closed form that is known to be torch's value at any count: step its "
        f".stateful(), in optax.inject_hyperparams(...)(learning_rate=...){way_out}; got {shown(schedule)}"
    )
