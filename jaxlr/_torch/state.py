"""What a torch scheduler remembers, live or saved, and the schedule that goes on from there."""

import dataclasses
import math
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxlr._machine.machine import Group, build
from jaxlr._machine.structure import compute
from jaxlr._schedules.base import Schedule, cycles_momentum, lr_of
from jaxlr._schedules.compose import Chain, Composite, SequentialLR
from jaxlr._schedules.cosine import CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.derived import Product
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._torch.held import WAY_OUT
from jaxlr._wide import Wide


def started(schedule: Schedule, state: Any, held: float, momentum: float | None, *, rounding: float = 0.0) -> Schedule:
    """The schedule in the state given: by its last_epoch where that says it all, else Resumed.

    rounding: how far the learning rate may be from the one held, which a tensor has rounded.
    """
    epoch = state[0] if isinstance(schedule, SequentialLR) else state
    candidates: list[Schedule] = [schedule]
    if isinstance(epoch, int) and epoch > 0 and resumes_at_any_epoch(schedule):
        candidates.append(dataclasses.replace(schedule, last_epoch=epoch - 1))  # type: ignore[type-var]
    for candidate in candidates:
        if _is_in(candidate, state, held, momentum, rounding):
            return candidate
    if momentum is None and cycles_momentum(schedule):
        raise ValueError("from_state_dict: optimizer must be given, the state_dict that holds the momentum, got None")
    return Resumed(schedule, state, held, momentum)


def resumes_at_any_epoch(schedule: Any) -> bool:
    """Whether its last_epoch may be given."""
    return "last_epoch" in {field.name for field in dataclasses.fields(schedule)}


def at_epoch(schedule: Any, epoch: int) -> Schedule | None:
    """A schedule that has a closed form, from an epoch on; None where nothing says so."""
    if epoch == 0:
        return schedule  # type: ignore[no-any-return]
    if resumes_at_any_epoch(schedule):
        return dataclasses.replace(schedule, last_epoch=epoch - 1)  # type: ignore[no-any-return]
    lr = lr_of(schedule)
    if lr is None or schedule._momentum is not None:
        return None
    return Product(lr, schedule.schedulers if isinstance(schedule, Chain) else [schedule], last_epoch=epoch - 1)


def _is_in(schedule: Schedule, state: Any, held: float, momentum: float | None, rounding: float) -> bool:
    """Whether the schedule starts in the state, with what the optimizer holds; but for torch's rounding."""
    with jax.enable_x64(True):
        started = jax.tree.map(np.asarray, schedule.stateful().init())
    numbers = [
        float(x) if isinstance(x, Wide) else x
        for x in jax.tree.leaves(started.schedulers, is_leaf=lambda x: isinstance(x, Wide))
    ]
    flat = np.concatenate([np.atleast_1d(np.asarray(x, np.float64)) for x in numbers])
    expected = np.asarray(jax.tree.leaves(state), np.float64)
    steps = float(np.max(np.abs(flat[np.isfinite(flat)]), initial=0)) + 1
    scale = max(abs(held), *(abs(lr) for lr in _leaf_lrs(schedule)), 0.0)
    same_lr = abs(float(started.lr) - held) <= 8 * steps * 2**-53 * scale + rounding
    same_momentum = momentum is None or math.isclose(float(started.momentum), momentum, rel_tol=1e-12)
    return flat.shape == expected.shape and bool(np.all(flat == expected)) and same_lr and same_momentum


def _leaf_lrs(schedule: Any) -> list[float]:
    if isinstance(schedule, Composite):
        return [lr for member in schedule.schedulers for lr in _leaf_lrs(member)]
    return [float(getattr(schedule, name)) for name in ("lr", "base_lr", "max_lr") if hasattr(schedule, name)]


def found(schedule: Schedule) -> tuple[list[float | None], Group]:
    """The initial learning rate that each scheduler finds, None of one that brings its own; and the group's entries."""

    def of(built: Any) -> list[Any]:
        if isinstance(built, Composite):
            return [base for member in built.schedulers for base in of(member)]
        if isinstance(built, CyclicLR | OneCycleLR | ReduceLROnPlateau):
            return [None]
        return [lr_of(built)]

    def all_of(schedule: Any) -> Any:
        built, group = build(schedule)
        return of(built), group._replace(one_cycle=None if group.one_cycle is None else group.one_cycle.max_lr)

    with jax.enable_x64(True):
        bases, group = compute(all_of, schedule)
    return [None if base is None else float(base) for base in bases], group


def state_of(caller: str, port: Any, scheduler: Any) -> Any:
    """What a torch scheduler, or its state_dict, remembers, as Resumed takes it."""
    torch = _remembered(scheduler)
    match port:
        case ReduceLROnPlateau():
            return (torch["last_epoch"], float(torch["best"]), torch["cooldown_counter"], torch["num_bad_epochs"])
        case Chain():
            return tuple(map(partial(state_of, caller), port.schedulers, torch["_schedulers"]))
        case SequentialLR():
            pairs = list(zip(port.schedulers, torch["_schedulers"], strict=True))
            later = tuple(
                0 if isinstance(m, Composite) else state_of(caller, m, s) for m, s in pairs[port._first + 1 :]
            )
            return (torch["last_epoch"], state_of(caller, *pairs[port._first]), later)
        case SWALR():
            return torch["_step_count"] - 1
        case CosineAnnealingWarmRestarts():
            _check_whole_epochs(caller, torch)
            return torch["last_epoch"]
        case _:
            return torch["last_epoch"]


def _remembered(scheduler: Any) -> dict[str, Any]:
    return scheduler if isinstance(scheduler, dict) else vars(scheduler)


def _check_whole_epochs(caller: str, torch: dict[str, Any]) -> None:
    T_cur, T_i = max(torch["last_epoch"], 0), torch["T_0"]
    while T_cur >= T_i:
        T_cur, T_i = T_cur - T_i, T_i * torch["T_mult"]
    if torch["last_epoch"] >= 0 and (torch["T_cur"], torch["T_i"]) != (T_cur, T_i):
        raise ValueError(
            f"{caller}: CosineAnnealingWarmRestarts must have been stepped from its start by whole epochs, got "
            f"T_cur={torch['T_cur']!r}, T_i={torch['T_i']!r} at epoch {torch['last_epoch']}: for fractional ones take "
            "jaxlr.per_epoch(..., fractional=True); where torch's own last_epoch= has resumed it, within a later "
            f"cycle, torch has lost count of the cycles; {WAY_OUT}"
        )
