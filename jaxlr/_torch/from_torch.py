"""The bridge from torch: a live scheduler becomes the jaxlr value that goes on as it would."""

import math
import warnings
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, Protocol, overload

from jaxlr._arguments import integer, parameter_group, shown
from jaxlr._schedules.base import Integer, Schedule, cycles_momentum
from jaxlr._schedules.compose import Together
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.swa import SWALR
from jaxlr._torch.driven import schedules_of
from jaxlr._torch.drivers import driver_of
from jaxlr._torch.drivers.driver import optimizer_of
from jaxlr._torch.formulas import as_formulas
from jaxlr._torch.functions import values_of
from jaxlr._torch.held import WAY_OUT, is_rounded, momentum_of, number_of, rounding
from jaxlr._torch.ports import PORTS, Source, port
from jaxlr._torch.state import found, started, state_of
from jaxlr._torch.versions import check_rules, warn_if_untried

_TOTAL_STEPS = "from_torch: total_steps"


class _Steps(Protocol):
    """A scheduler: torch's, or of a framework with a driver."""

    optimizer: Any

    def step(self, *args: Any, **kwargs: Any) -> Any: ...


class _Wraps(Protocol):
    """What a framework wraps a scheduler in."""

    scheduler: Any


_Steppable = _Steps | _Wraps | Mapping[str, Any]


@overload
def from_torch(
    scheduler: _Steppable | Sequence[_Steppable],
    *,
    group: int | None = None,
    total_steps: Integer | None = None,
    steps_per_epoch: Integer | None = None,
) -> Schedule: ...
@overload
def from_torch(
    scheduler: _Steppable | Sequence[_Steppable],
    *,
    group: Literal["all"],
    total_steps: Integer | None = None,
    steps_per_epoch: Integer | None = None,
) -> list[Schedule]: ...
def from_torch(
    scheduler: _Steppable | Sequence[_Steppable],
    *,
    group: int | Literal["all"] | None = None,
    total_steps: Integer | None = None,
    steps_per_epoch: Integer | None = None,
) -> Schedule | list[Schedule]:
    """The jaxlr value of a live torch scheduler: what it does from now on, at every step.

    All fifteen schedulers and SWALR, composites in any legal nesting, fresh, in mid-run, or restored by
    load_state_dict. Count 0 is now. The value prints as jaxlr code that needs no torch: the plain schedule, with
    last_epoch, where that says it all, and else a ``Resumed``: the schedule and the state to start from.

    A tensor as learning rate makes torch round in its dtype. The value starts within one such rounding of what the
    optimizer holds, and from there follows the float64 recipe. So does torch, within one rounding, where a step gives a
    value of its own; where it edits the rate that it finds, torch drifts by up to one rounding a step: in float32 by
    3e-5 of the value in 10,000 steps, while in bfloat16 it may stand still.

    What a framework's own trainer steps is converted as it steps it: the schedulers of timm, mmengine and detectron2;
    the AcceleratedScheduler of accelerate; what Lightning's configure_optimizers returns, {"scheduler": ...,
    "interval": "step" or "epoch", "frequency": 1}, or a list of such dicts, which is any training loop of two clocks. A
    count is then one update of the optimizer, and count 0 the begin of an epoch. Where torch's schedulers are stepped
    on one clock that is their schedule, in per_epoch where it is the epoch; else all is stepped for real, on a copy,
    into a Table.

    Args:
      scheduler: a torch scheduler, or a list of schedulers that are stepped one after another on one optimizer, a
        ReduceLROnPlateau among them; or those of one framework.
      group: the parameter group: needed where the optimizer has several whose schedules differ, since one schedule
        drives one group; "all" for a list, one schedule a group, in order.
      total_steps: the learning rates of the whole run, from epoch 0: a lr_lambda, or what has no port, is called for
        them, and becomes the formulas that give every value, in an ``Until`` (``recognize``); where there are none, a
        lr_lambda that JAX cannot trace stays a LambdaLR with that total_steps (``tabulate`` prints it as code), and the
        rest a Table.
      steps_per_epoch: the updates of an epoch, where the recipe counts epochs; for a torch scheduler alone, which does
        not say what it counts, take ``per_epoch``.

    Returns:
      A schedule, for "all" a list of them; its ``.momentum`` where the scheduler cycles the momentum.

    Raises:
      TypeError: it is no scheduler, or one of a class that has neither port nor driver (``record`` is the way out).
      ValueError: group is missing where the schedules differ, or out of range; an argument of the scheduler is one
        that its port refuses; the optimizer's learning rate is not the one that the schedulers given have left in it;
        a lr_lambda or scale_fn gives other values now, or when it is called again; the torch that is imported goes on
        by other rules than torch 2.13 (docs/versions.md); total_steps or steps_per_epoch is missing; a recipe of two
        clocks is in mid-run.

    Warns:
      UserWarning: one gives the same value at every epoch, and reads an object: the state of a trainer, perhaps; a
        table never changes; the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> jaxlr.from_torch(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
      StepLR(lr=0.1, step_size=30)
      >>> cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=90)
      >>> jaxlr.from_torch({"scheduler": cosine, "interval": "epoch"}, steps_per_epoch=500)
      per_epoch(schedule=CosineAnnealingLR(lr=0.1, T_max=90), steps_per_epoch=500)
    """
    warn_if_untried()
    driver = driver_of("from_torch: scheduler", scheduler, steps_per_epoch)
    schedulers = list(driver.schedulers)
    ported = driver.in_step and all(map(_is_torchs, schedulers))
    if not driver.own:
        for one in schedulers:
            _check_class(one)
    groups, notes = optimizer_of("from_torch: scheduler", driver).param_groups, list[str]()
    recorded = [] if ported else schedules_of("from_torch: scheduler", driver, total_steps, notes)

    total = None if total_steps is None else -(-integer(at_least=1)(_TOTAL_STEPS, total_steps) // driver.every)
    formulas = cache(as_formulas)  # of many groups that are alike, once

    def converted(index: int) -> Schedule:
        if not ported:
            return formulas(recorded[index], total)
        schedule = formulas(_converted(schedulers, Source(groups[index], index, total, notes)), total)
        return schedule if driver.every == 1 else per_epoch(schedule, driver.every)

    schedule: Schedule | list[Schedule]
    if isinstance(group, str) and group == "all":
        schedule = [converted(i) for i in range(len(groups))]
    elif group is None and len(groups) > 1:
        schedule = _shared([converted(i) for i in range(len(groups))])
    else:
        schedule = converted(parameter_group("from_torch", group, len(groups)))
    for note in dict.fromkeys(notes):
        warnings.warn(note, UserWarning, stacklevel=2)
    return schedule


def _shared(schedules: list[Schedule]) -> Schedule:
    """The one schedule of all groups."""
    others = [str(i) for i, schedule in enumerate(schedules) if schedule != schedules[0]]
    if others:
        raise ValueError(
            f"from_torch: group must be given for an optimizer of {len(schedules)} parameter groups of different "
            f'schedules, one of 0 .. {len(schedules) - 1}, or "all" for a list of them: group 0 has '
            f"{shown(schedules[0])}, another than group {', '.join(others)}"
        )
    return schedules[0]


def _converted(schedulers: list[Any], source: Source) -> Schedule:
    """The schedule of one parameter group."""
    index = source.index
    for one in schedulers:
        _check_knows(one, index)
    held = number_of("from_torch: the optimizer's lr", source.group["lr"])
    _check_explained(schedulers, index, source.group["lr"])
    for one in schedulers:
        _check_functions(one, index)

    lr = _initial_lr(schedulers, source, held)
    ports = [port(one, lr, source) for one in schedulers]
    schedule = ports[0] if len(ports) == 1 else Together(ports)
    state = state_of("from_torch", schedule, schedulers[0] if len(ports) == 1 else {"_schedulers": schedulers})
    check_rules("from_torch", schedule, state)
    momentum = momentum_of("from_torch", source.group) if cycles_momentum(schedule) else None
    resumed = started(schedule, state, held, momentum, rounding=rounding(source.group["lr"]))
    if not isinstance(schedule, SWALR):  # it takes over wherever the others have left the learning rate
        _check_order(schedule, [base for one in schedulers for base in _live_bases(one, index)], source.group)
    return resumed


def _check_order(schedule: Schedule, live: list[Any], group: dict[str, Any]) -> None:
    """Refuses schedulers that were built in another order: their entries in the group are others than ours."""
    bases, entries = found(schedule)
    names = ("base_momentum", "max_momentum")
    bases += [None if getattr(entries, name) is None else float(getattr(entries, name)) for name in names]
    live = [*live, *(group.get(name) for name in names)]
    pairs = [(ours, base) for ours, base in zip(bases, live, strict=True) if base is not None and ours is not None]
    if not all(is_rounded(base, ours) for ours, base in pairs):
        raise ValueError(
            f"from_torch: the schedulers must have been built in the order in which they are listed, got initial "
            f"learning rates, and momentums, {[None if base is None else float(base) for base in live]} where {bases} "
            f"would be: {WAY_OUT}"
        )


def _is_torchs(scheduler: Any) -> bool:
    """Whether it is a scheduler that has a port, with members that have."""
    cls = type(scheduler)
    has_port = cls.__module__ in ("torch.optim.lr_scheduler", "torch.optim.swa_utils") and cls.__name__ in PORTS
    return has_port and all(map(_is_torchs, getattr(scheduler, "_schedulers", ())))


def _check_class(scheduler: Any) -> None:
    cls = type(scheduler)
    if cls.__module__ not in ("torch.optim.lr_scheduler", "torch.optim.swa_utils") or cls.__name__ not in PORTS:
        what = "a torch scheduler" if not hasattr(scheduler, "optimizer") else "a scheduler of torch's own, no subclass"
        raise TypeError(
            f"from_torch: scheduler must be {what}, got {scheduler!r} of {cls.__module__}.{cls.__name__}: {WAY_OUT}"
        )
    for member in getattr(scheduler, "_schedulers", ()):
        _check_class(member)


def _check_knows(scheduler: Any, index: int) -> None:
    """Refuses a group that was added to the optimizer after the scheduler was built."""
    for member in getattr(scheduler, "_schedulers", ()):
        _check_knows(member, index)
    if index >= len(scheduler._last_lr):
        raise ValueError(
            f"from_torch: group must be one that the optimizer had when {type(scheduler).__name__} was built, one of "
            f"0 .. {len(scheduler._last_lr) - 1}, got {index}, added later: {WAY_OUT}"
        )


def _check_explained(schedulers: list[Any], index: int, held: Any) -> None:
    """Refuses a learning rate that was set by hand, or by a scheduler that is not given."""
    left = [one._last_lr[index] for one in schedulers]
    numbers = [number_of("from_torch: the scheduler's last lr", lr) for lr in left]
    if not any(is_rounded(held, lr) or is_rounded(lr, held) for lr in left):
        names = ", ".join(type(one).__name__ for one in schedulers)
        raise ValueError(
            f"from_torch: the optimizer holds lr={float(held)!r}, which {names} did not leave in it (they left "
            f"{', '.join(map(repr, numbers))}): pass all the schedulers that are stepped on it, as a list, in the "
            "order in which they are stepped; a learning rate set by hand counts from the next step on"
        )


def _check_functions(scheduler: Any, index: int) -> None:
    """Refuses a lr_lambda that gives another learning rate now than the one that torch has got from it."""
    match type(scheduler).__name__:
        case "ChainedScheduler":
            for member in scheduler._schedulers:
                _check_functions(member, index)
        case "SequentialLR":  # the others have been undone, or have ended
            running = bisect_right(scheduler._milestones, scheduler.last_epoch)
            _check_functions(scheduler._schedulers[running], index)
        case "LambdaLR":
            fn, epoch, left = scheduler.lr_lambdas[index], scheduler.last_epoch, scheduler._last_lr[index]
            (factor,) = values_of(fn, [epoch])
            lr = math.nan if factor is None else float(scheduler.base_lrs[index]) * factor
            if abs(lr - float(left)) > 1e-6 * abs(lr) + rounding(left):  # the function's own float may be float32
                raise ValueError(
                    f"from_torch: lr_lambda must be a function of the epoch alone, got {fn!r}, which now makes the "
                    f"learning rate {lr!r} at epoch {epoch}, where torch has {float(left)!r}: {WAY_OUT}"
                )


def _initial_lr(schedulers: list[Any], source: Source, held: float) -> float:
    """The learning rate that the optimizer was built with, as far as it counts."""
    if len(schedulers) == 1 and type(schedulers[0]).__name__ == "SWALR" and schedulers[0]._step_count == 1:
        return held  # where it takes over, whatever the initial one was
    bases = [base for one in schedulers for base in _live_bases(one, source.index) if base is not None]
    return number_of("from_torch: an initial lr", bases[0]) if bases else held


def _live_bases(scheduler: Any, index: int) -> list[Any]:
    """The initial learning rate that each scheduler found; None of one that brings its own."""
    if hasattr(scheduler, "_schedulers"):
        return [base for member in scheduler._schedulers for base in _live_bases(member, index)]
    if type(scheduler).__name__ in ("CyclicLR", "OneCycleLR", "ReduceLROnPlateau"):
        return [None]
    return [scheduler.base_lrs[index]]
