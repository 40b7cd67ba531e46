# pyright: strict
"""A user's program: `right` type-checks and runs; each line of `wrong` is an error to a type checker, and when it runs.

Checked by parity/test_types.py with mypy and pyright, both strict.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, assert_type

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.typing import ArrayLike
from numpy.typing import NDArray

import jaxlr

OptaxSchedule = Callable[[ArrayLike], ArrayLike]  # as Optax defines it, which has no py.typed

weight = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
step = jaxlr.StepLR(0.1, step_size=3)
multistep = jaxlr.MultiStepLR(0.1, [3, 5])
one_cycle = jaxlr.OneCycleLR(0.1, total_steps=9)
sequence = jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1), step], [2])
plateau = jaxlr.ReduceLROnPlateau(0.1, mode="max")
together = jaxlr.Together([step, plateau])
in_turn = jaxlr.InTurn([step, plateau], [2])
resumed = jaxlr.Resumed(plateau, (7, 0.5, 0, 2), lr=0.01)
momentum = jaxlr.ChainedScheduler([step, one_cycle]).momentum
table = jaxlr.Table([0.1, 0.2])
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)


def adamw(learning_rate: OptaxSchedule | float) -> ArrayLike:
    """As optax.adamw takes it."""
    return learning_rate(0) if callable(learning_rate) else learning_rate


def right() -> None:  # noqa: PLR0915
    """What is true."""
    # A number is Python's, NumPy's or JAX's; of several any iterable, or an array.
    jaxlr.StepLR(np.float32(0.1), step_size=np.int64(3), gamma=np.float64(0.5), last_epoch=np.int32(-1))
    jaxlr.StepLR(jnp.float32(0.1), step_size=jnp.int32(3), gamma=1)
    jaxlr.OneCycleLR(np.float32(1), total_steps=np.int64(9), anneal_strategy="linear", three_phase=np.True_)
    jaxlr.CyclicLR(0, np.float16(1), np.int8(4), mode="exp_range", scale_mode="iterations", cycle_momentum=False)
    jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=np.int64(3), T_mult=np.int64(2))
    jaxlr.ReduceLROnPlateau(np.float32(0.1), "min", patience=np.int64(3), threshold_mode="abs")
    jaxlr.MultiStepLR(0.1, np.array([3, 5]))
    jaxlr.MultiStepLR(0.1, jnp.int32([3, 5]))
    jaxlr.MultiStepLR(0.1, (epoch for epoch in (3, np.int64(5))))
    jaxlr.ChainedScheduler([step, jaxlr.ExponentialLR(0.1, 0.5)])
    jaxlr.InTurn((step, plateau), range(3, 4))
    jaxlr.Table(np.array([0.1, 0.2]), momentums=[0.9, np.float32(0.8)])
    jaxlr.LambdaLR(0.1, lambda epoch: 0.95**epoch, total_steps=np.int64(9))

    # What is read is what is kept.
    assert_type(multistep.milestones, tuple[int | jax.Array, ...])
    assert_type(sequence.schedulers, tuple[jaxlr.Schedule, ...])
    assert_type(table.values[0], float)
    assert_type(plateau.mode, Literal["min", "max"])
    assert_type(step.with_lr(np.float32(0.2)), jaxlr.StepLR)
    assert_type(dataclasses.replace(step, gamma=np.float32(0.5)), jaxlr.StepLR)
    print(2 * step.lr, sequence.lr, plateau.lr, resumed.lr, step.last_epoch + 1)

    # A schedule is a function of the count; a momentum has the class of its formula.
    assert_type(step(np.arange(3)), jax.Array)
    schedules: list[OptaxSchedule] = [step, multistep, sequence, jaxlr.per_epoch(step, np.int64(5))]
    print(adamw(step), [schedule(3) for schedule in schedules])
    assert_type(one_cycle.momentum, jaxlr.OneCycleMomentum)
    assert_type(jaxlr.CyclicLR(0.1, 0.2).momentum(4), jax.Array)
    assert_type(jaxlr.Table([0.1, 0.2], [0.9, 0.8]).momentum, jaxlr.Table)
    assert_type(jaxlr.per_epoch(one_cycle, 5).momentum, jaxlr.per_epoch)
    assert_type(momentum, jaxlr.Momentum)

    # A state is what the recursive form takes and gives.
    stateful = together.stateful()
    assert_type(stateful, jaxlr.Stateful)
    state = stateful.update(stateful.init(), value=np.float32(0.5), another=0)
    assert_type(state, jaxlr.State)
    assert_type(stateful(state), jax.Array)
    assert_type(state.schedulers, dict[str, Any])
    assert_type(state.with_lr(np.float32(0.1)).lr, jaxlr.Wide)
    assert_type(float(state.lr), float)
    assert_type(plateau.update(plateau.init(), value=0.5), jaxlr.State)
    assert_type(plateau(plateau.init()), jax.Array)
    remembered: jaxlr.PlateauState = plateau.init().schedulers["ReduceLROnPlateau"]
    assert_type(float(remembered.best), float)

    assert_type(jaxlr.tabulate(step, np.int64(5)), jaxlr.Table)
    values = jaxlr.trajectory(together, 3, form="recursive", metrics=np.array([0.5, 0.6]))
    assert_type(values, NDArray[np.floating])
    jaxlr.trajectory(plateau, 3, metrics=[1, np.float32(0.5)])

    # The bridge.
    assert_type(jaxlr.from_torch(scheduler), jaxlr.Schedule)
    assert_type(jaxlr.from_torch([scheduler], group="all"), list[jaxlr.Schedule])
    clocked = {"scheduler": scheduler, "interval": "step", "frequency": 1}
    assert_type(jaxlr.from_torch([clocked], total_steps=np.int64(9), steps_per_epoch=np.int64(3)), jaxlr.Schedule)
    assert_type(jaxlr.from_state_dict(step, scheduler.state_dict(), optimizer=optimizer.state_dict()), jaxlr.Schedule)
    assert_type(jaxlr.verify(scheduler, step, steps=3).diagnosis, str | None)
    report = jaxlr.verify(step, np.array([0.1] * 9), steps=np.int64(5), start=1, accept_float32=True, rtol=1, atol=0.1)
    assert_type(report.passed, bool)
    assert_type(report.names, tuple[str, str])
    assert_type(report.momentum, jaxlr.Report | None)
    assert_type(report.spans[0], tuple[int, int, bool])
    assert_type(report.to_json(), str)
    jaxlr.verify([0.1, 0.2], table, steps=2)
    jaxlr.verify({"a": step, "b": table}, [step, table], steps=2)
    jaxlr.verify((table, table), jaxlr.record(scheduler.step, optimizer, 1) * 2, steps=1)
    jaxlr.verify(plateau, together, steps=2, metrics=[1.0])
    jaxlr.verify(step, step.stateful(), steps=2)
    jaxlr.assert_equivalent(torch.optim.lr_scheduler.StepLR(optimizer, 3), lambda count: 0.1, steps=3)
    assert_type(jaxlr.record(scheduler.step, optimizer, 9), tuple[jaxlr.Table, ...])
    decays = jaxlr.record(lambda epoch: scheduler.step(), optimizer, np.int64(9), counts_from=0, weight_decay=True)
    assert_type(decays, tuple[tuple[jaxlr.Table, jaxlr.Table], ...])
    driven = jaxlr.to_torch([plateau], optimizer)
    as_torch: torch.optim.lr_scheduler.LRScheduler = driven
    print(as_torch.get_last_lr())
    driven.step(0.5)


def wrong() -> None:  # noqa: PLR0915
    """What is not: a line an error."""
    jaxlr.StepLR("0.1", 3)
    jaxlr.StepLR(0.1, 3.5)
    jaxlr.StepLR(0.1, np.float32(3))
    jaxlr.StepLR(0.1, None)
    jaxlr.StepLR(0.1, 3, last_epoch=0.5)
    jaxlr.MultiStepLR(0.1, 3)
    jaxlr.MultiStepLR(0.1, [0.5])
    jaxlr.SequentialLR(0.1, step, [])
    jaxlr.SequentialLR(0.1, [step, 0.1], [2])
    jaxlr.ChainedScheduler([adamw])
    jaxlr.Table(0.1)
    jaxlr.Table(["0.1"])
    jaxlr.ReduceLROnPlateau(0.1, mode="maximum")
    jaxlr.ReduceLROnPlateau(0.1, threshold_mode="relative")
    jaxlr.OneCycleLR(0.1, total_steps=9, anneal_strategy="cosine")
    jaxlr.SWALR(0.1, 0.05, anneal_strategy="exp")
    jaxlr.CyclicLR(0.1, 0.2, mode="triangle")
    jaxlr.CyclicLR(0.1, 0.2, scale_fn=lambda x: x, scale_mode="epochs")
    jaxlr.LambdaLR(0.1, 0.95)
    jaxlr.per_epoch(adamw, 5)
    print(one_cycle.lr)
    print(table.lr)
    print(together.lr)
    print(jaxlr.CyclicLR(0.1, 0.2).lr)
    step.lr = 0.2
    multistep.milestones = (1,)
    step.with_lr("0.2")
    adamw(plateau)
    adamw(together)
    adamw(in_turn)
    adamw(resumed)
    adamw(momentum)
    plateau(3)
    together(3)
    plateau.update(plateau.init(), value="0.5")
    step.stateful().update(3)
    step.stateful()(3)
    plateau.init().with_lr("0.1")
    step("3")
    jaxlr.tabulate(adamw, 5)
    jaxlr.trajectory(step, 5.5)
    jaxlr.trajectory(step, 5, form="open")
    jaxlr.trajectory(plateau, 2, metrics=0.5)
    jaxlr.from_torch(optimizer)
    jaxlr.from_torch(scheduler, steps_per_epoch=0.5)
    jaxlr.from_state_dict(step, step)
    jaxlr.to_torch(step, weight)
    jaxlr.to_torch(0.1, optimizer)
    jaxlr.record(3, optimizer, 2)
    jaxlr.record(lambda: None, weight, 2)
    jaxlr.record(lambda epoch: epoch, optimizer, 2)
    jaxlr.record(lambda: None, optimizer, 2, counts_from=0)
    jaxlr.record(lambda epoch: epoch, optimizer, 2, counts_from=2)
    jaxlr.verify(optimizer, step, steps=3)
    jaxlr.verify(torch.optim.lr_scheduler.StepLR(optimizer, 3), 0.1, steps=3)
    jaxlr.verify(step, step, steps=3.5)
    jaxlr.verify(step, step, steps=3, start="0")
    jaxlr.verify(step, step, steps=3, rtol="0.1")
    jaxlr.verify(step, step, steps=3, accept_float32="yes")
    jaxlr.assert_equivalent(step, "step", steps=3)
