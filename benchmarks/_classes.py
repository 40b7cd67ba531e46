"""The recipes that are compiled for an accelerator: each class, and schedulers that act on one another."""

import dataclasses
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Literal

import jax
import numpy as np
import optax

from jaxlr._machine.closed_form import has_closed_form
from jaxlr._machine.stateful import Stateful
from jaxlr._schedules.base import Schedule
from parity.case import Case
from parity.cases import COMPOSITES, COUNT_DRIVEN, OWN

Form = Literal["closed", "recursive"]

# Those of a million steps, but for what needs a table of as many, and others that a compiler may take in another way.
CLASSES: tuple[Case, ...] = tuple(
    case
    for entry in (*COUNT_DRIVEN, *OWN)
    for case in (*(case for case in entry.million if case.total_steps is None), *entry.compiled)
)


def _first(scheduler: str, *members: str) -> Case:
    """The first of jaxlr's own composites with these members."""
    for case in COMPOSITES:
        names = [member.scheduler for member in case.arguments.get("schedulers", ())]
        if case.scheduler == scheduler and names == list(members):
            return case
    raise LookupError(f"parity.cases.COMPOSITES has no {scheduler} of {members}")


ACTING_ON_ONE_ANOTHER: tuple[Case, ...] = (
    _first("SequentialLR", "LinearLR", "CosineAnnealingLR"),
    _first("SequentialLR", "CyclicLR", "OneCycleLR", "ExponentialLR"),
    _first("SequentialLR", "ExponentialLR", "MultiplicativeLR", "SWALR"),
    _first("SequentialLR", "ChainedScheduler", "CosineAnnealingLR"),
    _first("ChainedScheduler", "CosineAnnealingLR", "LinearLR"),
    _first("ChainedScheduler", "SequentialLR", "ExponentialLR"),
    _first("ChainedScheduler", "ExponentialLR", "LambdaLR"),
    _first("ReduceLROnPlateau"),
    Case("ReduceLROnPlateau", {"mode": "max", "threshold_mode": "abs", "patience": 3, "cooldown": 2}, seed=2),
    _first("Together", "LinearLR", "ReduceLROnPlateau"),
    _first("InTurn", "LinearLR", "ReduceLROnPlateau"),
)


def forms(case: Case) -> tuple[Form, ...]:
    """The forms that a recipe has."""
    return ("closed", "recursive") if has_closed_form(case.schedule()) else ("recursive",)


def with_float32_metrics(case: Case, steps: int) -> Case:
    """The recipe with the first seed whose metrics are float32: those are what a compiled step receives."""
    if case.seed is None:
        return case
    seeded: Iterator[Case] = (dataclasses.replace(case, seed=seed) for seed in count(case.seed))
    return next(case for case in seeded if _float32(case.metrics(steps)))


def _float32(metrics: np.ndarray | None) -> bool:
    return metrics is not None and np.array_equal(metrics, metrics.astype(np.float32), equal_nan=True)


def adamw(schedule: Schedule | float, form: Form) -> optax.GradientTransformationExtraArgs:
    """Optax's adamw with the schedule in it; the recursive form, and the float beside it, injected."""
    if form == "closed":
        return optax.adamw(schedule)
    learning_rate = Stateful(schedule) if isinstance(schedule, Schedule) else schedule
    return optax.inject_hyperparams(optax.adamw)(learning_rate=learning_rate)


def train_step(optimizer: optax.GradientTransformationExtraArgs) -> Callable[..., Any]:
    """A step of a training loop: parameters, state, gradient, metric -> parameters, state."""
    optimizer = optax.with_extra_args_support(optimizer)

    def step(params: Any, state: Any, gradient: Any, metric: jax.Array) -> tuple[Any, Any]:
        updates, state = optimizer.update(gradient, state, params, value=metric)
        return optax.apply_updates(params, updates), state

    return step


def learning_rates(schedule: Schedule) -> Callable[[jax.Array], jax.Array]:
    """The recursive form's learning rates, before each of the steps that receive the metrics."""
    stateful = Stateful(schedule)

    def step(state: Any, metric: jax.Array) -> tuple[Any, jax.Array]:
        return stateful.update(state, value=metric), stateful(state)

    return lambda metrics: jax.lax.scan(step, stateful.init(), metrics)[1]
