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
from parity.cases import COMPOSITES, Case, inverse, inverse_root, shrinking, stepped

Form = Literal["closed", "recursive"]
MILLION = 1_000_000

# Long ones: their counts go up to a million.
CLASSES: tuple[Case, ...] = (
    Case("StepLR", {"step_size": 1000, "gamma": 0.99}),
    Case("StepLR", {"step_size": 3, "gamma": 0.0}),  # 0 ** 0
    Case("MultiStepLR", {"milestones": [30_000, 60_000, 80_000]}),
    Case("MultiStepLR", {"milestones": list(range(1000, MILLION, 1000)), "gamma": 0.99}),
    Case("ConstantLR", {"factor": 0.3, "total_iters": MILLION // 2}),
    Case("LinearLR", {"start_factor": 1e-3, "total_iters": MILLION}),
    Case("ExponentialLR", {"gamma": 0.99999}),
    Case("PolynomialLR", {"total_iters": MILLION, "power": 0.9}),
    Case("PolynomialLR", {"total_iters": 1000, "power": 0.0}),  # 0 ** 0
    Case("CosineAnnealingLR", {"T_max": MILLION}),
    Case("CosineAnnealingLR", {"T_max": 3333, "eta_min": 1e-5}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1000}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1000, "T_mult": 2, "eta_min": 1e-5}),
    Case("LambdaLR", {"lr_lambda": inverse}),
    Case("LambdaLR", {"lr_lambda": inverse_root}),
    Case("MultiplicativeLR", {"lr_lambda": shrinking}),
    Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=100_000),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "triangular2"}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "exp_range", "gamma": 0.999997}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MILLION}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MILLION, "anneal_strategy": "linear"}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 10_000, "three_phase": True}),
    Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": MILLION}),
    Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 1000, "anneal_strategy": "linear"}),
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
