"""The bridge from a torch checkpoint: the state_dict of a scheduler, and the recipe that it is of."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxlr._arguments import parameter_group, shown
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._machine.machine import Group
from jaxlr._schedules.base import Schedule, cycles_momentum, lr_of
from jaxlr._schedules.compose import Chain, Composite, Together
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._schedules.until import Until
from jaxlr._torch.held import is_rounded, momentum_of, number_of, rounding, strategy_of
from jaxlr._torch.state import at_epoch, found, started, state_of
from jaxlr._torch.versions import check_rules, warn_if_untried


def from_state_dict(
    schedule: Schedule,
    state_dict: dict[str, Any] | list[dict[str, Any]],
    *,
    optimizer: dict[str, Any] | None = None,
    group: int | None = None,
) -> Schedule:
    """The schedule in the state of a torch checkpoint.

    A checkpoint does not say which torch has saved it. It goes on as in the torch that is imported; where that has
    other rules than torch 2.13 for what lies ahead it is refused, and where none is imported torch 2.13's rules hold.

    Args:
      schedule: the recipe, from its start: what ``from_torch`` made of the fresh torch scheduler, or the same by hand;
        of a ``Resumed`` its schedule. Where torch has the whole recipe as one LambdaLR, any schedule of it, of which
        the initial learning rate and the one at the epoch are checked.
      state_dict: the torch scheduler's, as ``torch.load(path, weights_only=True)`` gives it; for a ``Together`` a list
        of those of its schedulers. Nothing is unpickled here.
      optimizer: the torch optimizer's state_dict: needed where the schedule cycles the momentum. It alone knows the
        max_lr of a OneCycleLR and the swa_lr of a SWALR.
      group: the parameter group: 0 where it is None.

    Returns:
      The schedule with last_epoch where that says it all, and else a ``Resumed``. Count 0 is where it was saved; of a
      learning rate in a tensor, within one rounding in its dtype, as ``from_torch``.

    Raises:
      TypeError, ValueError: an argument is of another type; state_dict is not that of the schedule's recipe; optimizer
        is missing, or holds another learning rate; the torch that is imported goes on by other rules
        (docs/versions.md).

    Warns:
      UserWarning: the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
      >>> scheduler.step(0.5)
      >>> jaxlr.from_state_dict(jaxlr.ReduceLROnPlateau(0.1), scheduler.state_dict())
      Resumed(schedule=ReduceLROnPlateau(lr=0.1), state=(1, 0.5, 0, 0), lr=0.1)
    """
    warn_if_untried()
    if isinstance(schedule, Resumed):  # a fresh composite of an older torch begins in a state that ours do not
        schedule = schedule.schedule
    if not isinstance(schedule, Schedule):
        raise TypeError(f"from_state_dict: schedule must be a jaxlr schedule, got {schedule!r}")
    if isinstance(schedule, Together) and isinstance(state_dict, list) and state_dict:
        last = state_dict[-1] if isinstance(state_dict[-1], dict) else {}
        state_dict = {"_schedulers": state_dict, "_last_lr": last.get("_last_lr")}
    if not isinstance(state_dict, dict):
        raise TypeError(
            f"from_state_dict: state_dict must be a torch scheduler's state_dict, for a Together a list of them, "
            f"got {shown(state_dict)}"
        )
    if schedule._first_epoch != 0:
        raise ValueError(f"from_state_dict: schedule must have last_epoch=-1, got {schedule!r}")
    if isinstance(schedule, Until):
        return _of_known_steps(schedule, state_dict, optimizer, group)
    of_function = "lr_lambdas" in state_dict and not isinstance(schedule, LambdaLR | MultiplicativeLR)
    if not of_function:
        _check_recipe(schedule, state_dict)
    last_lr = _last_lr(state_dict)
    index = parameter_group("from_state_dict", group or 0, len(last_lr))
    bases, entries_of_ours = found(schedule)
    if of_function:
        _check_base(schedule, state_dict, index)
    else:
        _check_numbers(schedule, iter(bases), state_dict, index)
    lr, held = last_lr[index], number_of("from_state_dict: the scheduler's last lr", last_lr[index])
    momentum = None
    if optimizer is not None:
        entries = _group(optimizer, index)
        _check_entries(schedule, entries_of_ours, entries)
        lr, number = entries["lr"], number_of("from_state_dict: the optimizer's lr", entries["lr"])
        if not is_rounded(lr, held) and not is_rounded(last_lr[index], number):
            raise ValueError(f"from_state_dict: optimizer must hold lr={held!r}, the scheduler's, got {lr!r}")
        held = number
        momentum = momentum_of("from_state_dict", entries) if cycles_momentum(schedule) else None
    if of_function:
        return _at_epoch(schedule, state_dict["last_epoch"], held, rounding(lr))
    state = state_of("from_state_dict", schedule, state_dict)
    check_rules("from_state_dict", schedule, state)
    return started(schedule, state, held, momentum, rounding=rounding(lr))


def _of_known_steps(
    schedule: Until, state_dict: dict[str, Any], optimizer: dict[str, Any] | None, group: int | None
) -> Schedule:
    """What is known for so many steps, from the epoch of the state_dict on."""
    inner, epoch = schedule.schedule, _epoch_of(state_dict)
    if isinstance(inner, Resumed):
        raise ValueError(f"from_state_dict: schedule must be one from its start, got {shown(schedule)}")
    left = schedule.total_steps - epoch
    if left < 1:
        raise ValueError(
            f"from_state_dict: state_dict must be at an epoch of 0 .. {schedule.total_steps - 1}, for which "
            f"{shown(schedule)} is known, got {epoch}"
        )
    if not _calls_functions(state_dict) or not has_closed_form(inner):
        return Until(from_state_dict(inner, state_dict, optimizer=optimizer, group=group), left)
    held = _last_lr(state_dict)
    lr = held[parameter_group("from_state_dict", group or 0, len(held))]
    return Until(_at_epoch(inner, epoch, float(lr), rounding(lr)), left)


def _epoch_of(state_dict: Any) -> int:
    """The steps that a scheduler has taken; a ChainedScheduler counts none of its own."""
    found = state_dict
    while isinstance(found, dict) and "last_epoch" not in found and found.get("_schedulers"):
        found = found["_schedulers"][0]
    epoch = found.get("last_epoch") if isinstance(found, dict) else None
    if type(epoch) is not int or epoch < 0:
        raise ValueError(
            f"from_state_dict: state_dict must be a torch scheduler's state_dict, with a last_epoch >= 0, got "
            f"{shown(state_dict)}"
        )
    return epoch


def _calls_functions(state_dict: Any) -> bool:
    """Whether a scheduler in it calls a function of the user's, which may be what formulas were found for."""
    return "lr_lambdas" in state_dict or any(map(_calls_functions, state_dict.get("_schedulers", ())))


def _last_lr(state_dict: dict[str, Any]) -> list[Any]:
    """The learning rates, one for each parameter group, that the scheduler has left in the optimizer."""
    last_lr = state_dict.get("_last_lr")
    if not isinstance(last_lr, list):
        raise ValueError(f"from_state_dict: state_dict must have been stepped, with a _last_lr, got {last_lr!r}")
    return last_lr


def _check_base(schedule: Schedule, state_dict: dict[str, Any], index: int) -> None:
    """Refuses the state_dict of a LambdaLR that has found another initial learning rate."""
    ours, theirs = lr_of(schedule), state_dict["base_lrs"][index]
    if ours is not None and not is_rounded(theirs, ours):
        raise ValueError(
            f"from_state_dict: state_dict must be that of {shown(schedule)}, got one with base_lrs="
            f"{state_dict['base_lrs']!r}, where {ours!r} would be"
        )


def _at_epoch(schedule: Schedule, epoch: int, held: float, rounding: float) -> Schedule:
    """The schedule of a recipe that torch has as functions: its epoch says all, and the learning rate is checked."""
    resumed: Any = at_epoch(schedule, epoch)
    if resumed is None:
        raise TypeError(
            f"from_state_dict: schedule must be one that starts at any epoch, got {shown(schedule)}: restore the torch "
            "scheduler by load_state_dict, and take from_torch"
        )
    with jax.enable_x64(True):
        lr = float(resumed(0))
    if abs(lr - held) > np.spacing(np.float32(abs(held))) + rounding:
        raise ValueError(
            f"from_state_dict: state_dict must be that of {shown(schedule)}, whose learning rate at epoch {epoch} is "
            f"{lr!r}, got one that holds {held!r}"
        )
    return resumed  # type: ignore[no-any-return]


def _check_numbers(port: Any, bases: Iterator[float | None], state_dict: Any, index: int) -> None:
    """Refuses a state_dict whose numbers, one for each parameter group, are not the schedule's."""
    if isinstance(port, Composite):
        for member, of_member in zip(port.schedulers, state_dict["_schedulers"], strict=True):
            _check_numbers(member, bases, of_member, index)
        return
    base = next(bases)
    ours: dict[str, Any]
    match port:
        case CyclicLR():
            ours = {"base_lrs": port.base_lr, "max_lrs": port.max_lr}
        case OneCycleLR():
            ours = {"base_lrs": port._initial_lr}
            ends = [phase["end_step"] for phase in state_dict["_schedule_phases"]]
            if ends != port._ends:
                raise ValueError(
                    f"from_state_dict: state_dict must be that of {port!r}, with phases that end at {port._ends}, "
                    f"got {ends}"
                )
        case ReduceLROnPlateau():
            ours = {"min_lrs": port.min_lr}
        case SWALR():  # it takes over wherever the others have left the learning rate
            ours = {}
        case _:
            ours = {"base_lrs": base}
    for name, value in ours.items():
        theirs = state_dict.get(name)
        if isinstance(theirs, list) and index < len(theirs) and not is_rounded(theirs[index], value):
            raise ValueError(
                f"from_state_dict: state_dict must be that of {shown(port)}, got one with {name}={theirs!r}, "
                f"where {value!r} would be"
            )


def _check_entries(port: Schedule, group: Group, entries: dict[str, Any]) -> None:
    """Refuses what schedulers have left in the optimizer's parameter group, where it is not the schedule's."""
    ours = {"swa_lr": group.swa_lr, "base_momentum": group.base_momentum, "max_momentum": group.max_momentum}
    if group.one_cycle is not None:
        ours["max_lr"] = group.one_cycle
    for name, value in ours.items():
        if value is not None and name in entries and not is_rounded(entries[name], value):
            raise ValueError(
                f"from_state_dict: optimizer must be that of {shown(port)}, got one with {name}={entries[name]!r}"
            )


def _group(optimizer: Any, index: int) -> dict[str, Any]:
    """The parameter group of a torch optimizer's state_dict."""
    groups = optimizer.get("param_groups") if isinstance(optimizer, dict) else None
    if not isinstance(groups, list) or index >= len(groups) or "lr" not in groups[index]:
        raise TypeError(
            f"from_state_dict: optimizer must be the state_dict of a torch optimizer of at least {index + 1} "
            f"parameter groups, got {shown(optimizer)}"
        )
    group: dict[str, Any] = groups[index]
    return group


def _check_recipe(port: Any, state_dict: Any) -> None:
    """Refuses a state_dict that another recipe has left."""
    kind = type(port).__name__
    if kind not in _SAVED:
        raise TypeError(f"from_state_dict: schedule must be a scheduler of torch's, got {port!r}")
    saved = _SAVED[kind](port) | ({} if isinstance(port, Chain) else {"last_epoch": ...})
    if not isinstance(state_dict, dict) or not saved.keys() <= state_dict.keys():
        raise ValueError(
            f"from_state_dict: state_dict must be that of a torch {kind}, with {', '.join(saved)}, "
            f"got {shown(state_dict)}"
        )
    for name, ours in saved.items():
        if ours is not ... and state_dict[name] != ours:
            raise ValueError(
                f"from_state_dict: state_dict must be that of {port!r}, got one with {name}={state_dict[name]!r}"
            )
    if isinstance(port, OneCycleLR | SWALR):
        _check_strategy(port, state_dict)
    if isinstance(port, Composite):
        members = state_dict["_schedulers"]
        if len(members) != len(port.schedulers):
            raise ValueError(
                f"from_state_dict: state_dict must have {len(port.schedulers)} members, got {len(members)}"
            )
        for member, of_member in zip(port.schedulers, members, strict=True):
            _check_recipe(member, of_member)


def _check_strategy(port: OneCycleLR | SWALR, state_dict: dict[str, Any]) -> None:
    """Refuses the state of another anneal_strategy: an old one holds torch's function, or says nothing of it."""
    name = "_anneal_func_type" if isinstance(port, OneCycleLR) else "_anneal_strategy"
    if name not in state_dict and "anneal_func" not in state_dict:
        return
    saved = state_dict[name] if name in state_dict else strategy_of(state_dict["anneal_func"])
    if saved != port.anneal_strategy:
        theirs = state_dict.get(name, state_dict.get("anneal_func"))
        raise ValueError(
            f"from_state_dict: state_dict must be that of {port!r}, got one with anneal_strategy={theirs!r}"
        )


# What a torch scheduler's state_dict says of its arguments; ... where it says something, but not to compare.
_SAVED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "StepLR": lambda s: {"step_size": s.step_size, "gamma": s.gamma},
    "MultiStepLR": lambda s: {"milestones": Counter(s.milestones), "gamma": s.gamma},
    "ConstantLR": lambda s: {"factor": s.factor, "total_iters": s.total_iters},
    "LinearLR": lambda s: {"start_factor": s.start_factor, "end_factor": s.end_factor, "total_iters": s.total_iters},
    "ExponentialLR": lambda s: {"gamma": s.gamma},
    "PolynomialLR": lambda s: {"total_iters": s.total_iters, "power": s.power},
    "CosineAnnealingLR": lambda s: {"T_max": s.T_max, "eta_min": s.eta_min},
    "CosineAnnealingWarmRestarts": lambda s: {"T_0": s.T_0, "T_mult": s.T_mult, "eta_min": s.eta_min},
    **dict.fromkeys(
        ("LambdaLR", "LinearRamp", "PolynomialDecay", "InversePower", "Shifted", "Product"),
        lambda s: {"lr_lambdas": ...},
    ),
    "MultiplicativeLR": lambda s: {"lr_lambdas": ...},
    "CyclicLR": lambda s: {
        "total_size": s._cycle_length,
        "step_ratio": s.step_size_up / s._cycle_length,
        "mode": s.mode,
        "gamma": s.gamma,
    },
    "OneCycleLR": lambda s: {"total_steps": s._total, "_schedule_phases": ...},
    "SWALR": lambda s: {"anneal_epochs": s.anneal_epochs},
    "ReduceLROnPlateau": lambda s: {
        name: getattr(s, name)
        for name in ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps")
    },
    "SequentialLR": lambda s: {"_milestones": list(s.milestones), "_schedulers": ...},
    "ChainedScheduler": lambda s: {"_schedulers": ...},
    "Together": lambda s: {"_schedulers": ...},
}
