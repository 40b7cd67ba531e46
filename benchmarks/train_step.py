"""A jitted train step with adamw inside a scan: what the learning rate of each class adds to it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks._measure import Pair, in_turn, shown
from benchmarks._nearest import nearest
from benchmarks._recipes import PLATEAU, recipes
from benchmarks._row import Result, Row, Sizes
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._schedules.compose import Composite
from jaxlr._schedules.lambdas import is_sequential
from jaxlr._schedules.plateau import takes_metric

LR = 1e-3
COUNTERS = 6


def train_step(sizes: Sizes) -> Result:
    """Large steps beside a constant learning rate, small ones beside Optax's nearest schedule."""
    rows = [_noise(sizes), _counters(sizes)]
    for name, case in [*recipes(sizes.steps).items(), ("ReduceLROnPlateau", PLATEAU)]:
        schedule = case.schedule()
        closed = has_closed_form(schedule) and not is_sequential(schedule)
        form = "" if closed else ", recursive"
        ours = optax.adamw(schedule) if closed else _injected(schedule.stateful())
        constant = optax.adamw(LR) if closed else _injected(LR)

        large = _steps(ours, constant, sizes.large, sizes.large_scan, sizes.repeats * 4)
        rows.append(
            Row(
                "train_step",
                f"{name}{form}, {sizes.large:,} parameters",
                "a constant lr",
                large.ratio,
                "x",
                at_most=1.02,
                note=_per_step(large, sizes.large_scan),
            )
        )
        theirs = _nearest_optimizer(schedule)
        against, optimizer = ("a constant lr: optax has no such schedule", constant) if theirs is None else theirs
        small = _steps(ours, optimizer, sizes.small, sizes.small_scan, sizes.repeats * 2)
        rows.append(
            Row(
                "train_step",
                f"{name}{form}, {sizes.small:,} parameters",
                against,
                small.ratio,
                "x",
                at_most=_at_most(schedule, closed, theirs),
                note=_per_step(small, sizes.small_scan),
            )
        )
    return Result(rows)


def _at_most(schedule: Any, closed: bool, theirs: Any) -> float | None:
    if takes_metric(schedule):
        return 1.1
    if not closed and isinstance(schedule, Composite):
        return 2
    return None if theirs is None else 1


def _noise(sizes: Sizes) -> Row:
    """How far two programs that are the same seem to be apart: what the other figures are to be read with."""
    pair = _steps(optax.adamw(LR), optax.adamw(LR), sizes.large, sizes.large_scan, sizes.repeats * 4)
    what = f"a constant lr, {sizes.large:,} parameters"
    return Row("train_step", what, "itself", pair.ratio, "x", note=_per_step(pair, sizes.large_scan))


def _counters(sizes: Sizes) -> Row:
    """What a few numbers in the state cost that a step changes, whatever they are."""

    def changed(updates: Any, counters: Any, params: Any = None) -> tuple[Any, Any]:
        return updates, [jnp.where(counter > 3, counter / 2, counter + i) for i, counter in enumerate(counters, 1)]

    counters = optax.GradientTransformation(lambda _: [jnp.zeros(())] * COUNTERS, changed)
    ours, theirs = optax.chain(_injected(LR), counters), _injected(LR)
    pair = _steps(ours, theirs, sizes.small, sizes.small_scan, sizes.repeats * 2)
    what = f"a constant lr and {COUNTERS} float32 that count, {sizes.small:,} parameters"
    return Row("train_step", what, "a constant lr", pair.ratio, "x", note=_per_step(pair, sizes.small_scan))


def _injected(learning_rate: Any) -> Any:
    return optax.inject_hyperparams(optax.adamw)(learning_rate=learning_rate)


def _nearest_optimizer(schedule: Any) -> tuple[str, Any] | None:
    if takes_metric(schedule):
        plateau = optax.contrib.reduce_on_plateau(
            factor=schedule.factor, patience=schedule.patience, cooldown=schedule.cooldown
        )
        return "optax.contrib.reduce_on_plateau", optax.chain(optax.adamw(LR), plateau)
    theirs = nearest(schedule)
    return None if theirs is None else (theirs.name, optax.adamw(theirs.schedule))


def _steps(ours: Any, theirs: Any, parameters: int, steps: int, repeats: int) -> Pair:
    return in_turn(_training(ours, parameters, steps), _training(theirs, parameters, steps), repeats)


def _training(optimizer: Any, parameters: int, steps: int) -> Callable[[], Any]:
    """So many steps on half the squared norm of the parameters: its gradient costs nothing, they are themselves."""
    optimizer = optax.with_extra_args_support(optimizer)

    @jax.jit
    def train(params: jax.Array, state: Any, losses: jax.Array) -> Any:
        def step(carry: Any, loss: jax.Array) -> tuple[Any, None]:
            params, state = carry
            updates, state = optimizer.update(params, state, params, value=loss)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, state), losses)[0]

    params = jnp.ones(parameters)
    # The losses are given: one that is read from the parameters may cost a copy of them, whatever reads it.
    return partial(train, params, optimizer.init(params), jnp.asarray(PLATEAU.metrics(steps), jnp.float32))


def _per_step(pair: Pair, steps: int) -> str:
    return f"{shown(pair.ours / steps)} a step, theirs {shown(pair.theirs / steps)}"
