"""The bridge from torch: a live scheduler becomes the jaxlr value that goes on as it would."""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from jaxlr._base import Schedule
from jaxlr._compose import ChainedScheduler, Composite, SequentialLR, Together
from jaxlr._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._cycle import CyclicLR, OneCycleLR
from jaxlr._decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._lambda import LambdaLR, MultiplicativeLR
from jaxlr._plateau import ReduceLROnPlateau
from jaxlr._resumed import Resumed
from jaxlr._swa import SWALR

_WAY_OUT = "jaxlr.record steps anything, for real, into an exact table"


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where the numbers come from: torch's optimizer.param_groups[group], and the steps that a table may have."""

    group: dict[str, Any]
    index: int
    total_steps: int | None

    def number(self, values: Any) -> float:
        """The group's number in a list of torch's, one for each group."""
        return _number("the scheduler's value", values[self.index])

    def functions(self, scheduler: Any) -> dict[str, Any]:
        """The function of a LambdaLR or MultiplicativeLR, and the length of its table."""
        return {"lr_lambda": scheduler.lr_lambdas[self.index], "total_steps": self.total_steps}


def from_torch(scheduler: Any, *, group: int | None = None, total_steps: int | None = None) -> Schedule:
    """The jaxlr value of a live torch scheduler: what it does from now on, at every step.

    All fifteen schedulers and SWALR, composites in any legal nesting, fresh, in mid-run, or restored by
    load_state_dict. Count 0 is now. The value prints as jaxlr code that needs no torch: the plain schedule, with
    last_epoch, where that says it all, and else a ``Resumed``: the schedule and the state to start from.

    Args:
      scheduler: a torch scheduler, or a list of schedulers that are stepped one after another on one optimizer, a
        ReduceLROnPlateau among them.
      group: the parameter group: needed where the optimizer has several. One schedule drives one group.
      total_steps: the learning rates of the whole run, from epoch 0: turns a lr_lambda that JAX cannot trace into a
        table.

    Returns:
      A schedule; its ``.momentum`` where the scheduler cycles the momentum.

    Raises:
      TypeError: it is no torch scheduler, or one of a class that has no port (``record`` is the way out).
      ValueError: group is missing or out of range; an argument of the scheduler is one that its port refuses; the
        optimizer's learning rate is not the one that the schedulers given have left in it.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> jaxlr.from_torch(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
      StepLR(lr=0.1, step_size=30)
    """
    schedulers = list(scheduler) if isinstance(scheduler, Sequence) else [scheduler]
    if not schedulers:
        raise ValueError("from_torch: scheduler must be a torch scheduler, or a list of them, got an empty list")
    for one in schedulers:
        _check_class(one)
    optimizer = _optimizer(schedulers[0])
    if any(_optimizer(one) is not optimizer for one in schedulers):
        raise ValueError("from_torch: schedulers of a list must belong to the same optimizer, got several optimizers")
    index = _group_index(optimizer, group)
    source = _Source(optimizer.param_groups[index], index, total_steps)
    held = _number("the optimizer's lr", source.group["lr"])
    _check_explained(schedulers, index, held)

    lr = _initial_lr(schedulers, source, held)
    ports = [_port(one, lr, source) for one in schedulers]
    schedule = ports[0] if len(ports) == 1 else Together(ports)
    state = _state(schedule, schedulers[0] if len(ports) == 1 else {"_schedulers": schedulers})
    momentum = _momentum(source.group) if schedule._cycles_momentum else None
    started = _started(schedule, state, held, momentum)
    if not isinstance(schedule, SWALR):  # it takes over wherever the others have left the learning rate
        _check_order(schedule, [base for one in schedulers for base in _live_bases(one, index)], source.group)
    return started


def from_state_dict(
    schedule: Schedule, state_dict: dict[str, Any], *, optimizer: dict[str, Any] | None = None, group: int | None = None
) -> Schedule:
    """The schedule in the state of a torch checkpoint.

    Args:
      schedule: the recipe, from its start: what ``from_torch`` made of the fresh torch scheduler, or the same by hand.
      state_dict: the torch scheduler's, as ``torch.load(path, weights_only=True)`` gives it. Nothing is unpickled here.
      optimizer: the torch optimizer's state_dict: needed where the schedule cycles the momentum.
      group: the parameter group: 0 where it is None.

    Returns:
      The schedule with last_epoch where that says it all, and else a ``Resumed``. Count 0 is where it was saved.

    Raises:
      TypeError, ValueError: an argument is of another type; state_dict is not that of the schedule's recipe; optimizer
        is missing, or holds another learning rate.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
      >>> scheduler.step(0.5)
      >>> jaxlr.from_state_dict(jaxlr.ReduceLROnPlateau(0.1), scheduler.state_dict())
      Resumed(schedule=ReduceLROnPlateau(lr=0.1), state=(1, 0.5, 0, 0), lr=0.1)
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(f"from_state_dict: schedule must be a jaxlr schedule, got {schedule!r}")
    if not isinstance(state_dict, dict):
        raise TypeError(f"from_state_dict: state_dict must be a torch scheduler's state_dict, got {state_dict!r}")
    _check_recipe(schedule, state_dict)
    if schedule._first_epoch != 0:
        raise ValueError(f"from_state_dict: schedule must have last_epoch=-1, got {schedule!r}")
    index = group or 0
    if not (isinstance(index, int) and 0 <= index < len(state_dict["_last_lr"])):
        raise ValueError(f"from_state_dict: group must be one of 0 .. {len(state_dict['_last_lr']) - 1}, got {group!r}")
    held = _number("the scheduler's last lr", state_dict["_last_lr"][index])
    momentum = None
    if optimizer is not None:
        entries = optimizer["param_groups"][index]
        if _number("the optimizer's lr", entries["lr"]) != held:
            raise ValueError(
                f"from_state_dict: optimizer must hold lr={held!r}, the scheduler's, got {entries['lr']!r}"
            )
        momentum = _momentum(entries) if schedule._cycles_momentum else None
    return _started(schedule, _state(schedule, state_dict), held, momentum)


def _check_recipe(port: Any, state_dict: Any) -> None:
    """Refuses a state_dict that another recipe has left."""
    kind = type(port).__name__
    if kind not in _SAVED:
        raise TypeError(f"from_state_dict: schedule must be a scheduler of torch's, got {port!r}")
    saved = _SAVED[kind](port)
    if not isinstance(state_dict, dict) or not saved.keys() <= state_dict.keys():
        raise ValueError(
            f"from_state_dict: state_dict must be that of a torch {kind}, with {', '.join(saved)}, got {state_dict!r}"
        )
    for name, ours in saved.items():
        if ours is not ... and state_dict[name] != ours:
            raise ValueError(
                f"from_state_dict: state_dict must be that of {port!r}, got one with {name}={state_dict[name]!r}"
            )
    if isinstance(port, Composite):
        members = state_dict["_schedulers"]
        if len(members) != len(port._members):
            raise ValueError(f"from_state_dict: state_dict must have {len(port._members)} members, got {len(members)}")
        for member, of_member in zip(port._members, members, strict=True):
            _check_recipe(member, of_member)


def _started(schedule: Schedule, state: Any, held: float, momentum: float | None) -> Schedule:
    """The schedule in the state given: by its last_epoch where that says it all, else Resumed."""
    epoch = state[0] if isinstance(schedule, SequentialLR) else state
    candidates: list[Schedule] = [schedule]
    if isinstance(epoch, int) and epoch > 0 and "last_epoch" in {f.name for f in dataclasses.fields(schedule)}:  # type: ignore[arg-type]
        candidates.append(dataclasses.replace(schedule, last_epoch=epoch - 1))  # type: ignore[type-var]
    for candidate in candidates:
        if _is_in(candidate, state, held, momentum):
            return candidate
    if momentum is None and schedule._cycles_momentum:
        raise ValueError("from_state_dict: optimizer must be given, the state_dict that holds the momentum, got None")
    return Resumed(schedule, state, held, momentum)


def _check_order(schedule: Schedule, live: list[float | None], group: dict[str, Any]) -> None:
    """Refuses schedulers that were built in another order: their entries in the group are others than ours."""
    bases = _bases(schedule)
    with jax.enable_x64(True):
        entries = schedule._built()[2]
    names = ("base_momentum", "max_momentum")
    bases += [None if getattr(entries, name) is None else float(getattr(entries, name)) for name in names]
    live = [*live, *(None if name not in group else float(group[name]) for name in names)]
    if any(base is not None and ours is not None and base != ours for ours, base in zip(bases, live, strict=True)):
        raise ValueError(
            f"from_torch: the schedulers must have been built in the order in which they are listed, got initial "
            f"learning rates, and momentums, {live} where {bases} would be: {_WAY_OUT}"
        )


def _is_in(schedule: Schedule, state: Any, held: float, momentum: float | None) -> bool:
    """Whether the schedule starts in the state, with what the optimizer holds; but for torch's rounding."""
    with jax.enable_x64(True):
        started = jax.tree.map(np.asarray, schedule.stateful().init())
    numbers = [
        x if isinstance(x, np.ndarray) and x.dtype == np.int32 else sum(map(np.float64, x))
        for x in jax.tree.leaves(started.schedulers, is_leaf=lambda x: hasattr(x, "middle"))
    ]
    flat = np.concatenate([np.atleast_1d(np.asarray(x, np.float64)) for x in numbers])
    expected = np.asarray(jax.tree.leaves(state), np.float64)
    steps = float(np.max(np.abs(flat[np.isfinite(flat)]), initial=0)) + 1
    scale = max(abs(held), *(abs(lr) for lr in _leaf_lrs(schedule)), 0.0)
    same_lr = abs(sum(map(float, started.lr)) - held) <= 8 * steps * 2**-53 * scale
    same_momentum = momentum is None or math.isclose(sum(map(float, started.momentum)), momentum, rel_tol=1e-12)
    return flat.shape == expected.shape and bool(np.all(flat == expected)) and same_lr and same_momentum


def _leaf_lrs(schedule: Any) -> list[float]:
    if isinstance(schedule, Composite):
        return [lr for member in schedule._members for lr in _leaf_lrs(member)]
    return [float(getattr(schedule, name)) for name in ("lr", "base_lr", "max_lr") if hasattr(schedule, name)]


def _check_class(scheduler: Any) -> None:
    cls = type(scheduler)
    if cls.__module__ not in ("torch.optim.lr_scheduler", "torch.optim.swa_utils") or cls.__name__ not in _PORTS:
        what = "a torch scheduler" if not hasattr(scheduler, "optimizer") else "a scheduler of torch's own, no subclass"
        raise TypeError(
            f"from_torch: scheduler must be {what}, got {scheduler!r} of {cls.__module__}.{cls.__name__}: {_WAY_OUT}"
        )
    for member in getattr(scheduler, "_schedulers", ()):
        _check_class(member)


def _optimizer(scheduler: Any) -> Any:
    return scheduler.optimizer


def _group_index(optimizer: Any, group: int | None) -> int:
    groups = len(optimizer.param_groups)
    if group is None and groups > 1:
        raise ValueError(
            f"from_torch: group must be given for an optimizer of {groups} parameter groups, one of 0 .. {groups - 1}: "
            "one schedule drives one group, for use with optax.partition"
        )
    if group is not None and not (isinstance(group, int) and 0 <= group < groups):
        raise ValueError(f"from_torch: group must be one of 0 .. {groups - 1}, got {group!r}")
    return group or 0


def _check_explained(schedulers: list[Any], index: int, held: float) -> None:
    left = [_number("the scheduler's last lr", one._last_lr[index]) for one in schedulers]
    if held not in left:
        names = ", ".join(type(one).__name__ for one in schedulers)
        raise ValueError(
            f"from_torch: the optimizer holds lr={held!r}, which {names} did not leave in it (they left "
            f"{', '.join(map(repr, left))}): pass all the schedulers that are stepped on it, as a list, in the order "
            "in which they are stepped; a learning rate set by hand counts from the next step on"
        )


def _number(name: str, value: Any) -> float:
    if getattr(value, "numel", lambda: 1)() != 1:
        raise ValueError(f"from_torch: {name} must be one number, got a tensor of shape {tuple(value.shape)}")
    return float(value)


def _momentum(group: dict[str, Any]) -> float:
    return float(group["betas"][0] if "betas" in group else group["momentum"])


def _initial_lr(schedulers: list[Any], source: _Source, held: float) -> float:
    """The learning rate that the optimizer was built with, as far as it counts."""
    if len(schedulers) == 1 and type(schedulers[0]).__name__ == "SWALR" and schedulers[0]._step_count == 1:
        return held  # where it takes over, whatever the initial one was
    bases = [base for one in schedulers for base in _live_bases(one, source.index) if base is not None]
    return bases[0] if bases else held


def _live_bases(scheduler: Any, index: int) -> list[float | None]:
    """The initial learning rate that each scheduler found; None of one that brings its own."""
    if hasattr(scheduler, "_schedulers"):
        return [base for member in scheduler._schedulers for base in _live_bases(member, index)]
    if type(scheduler).__name__ in ("CyclicLR", "OneCycleLR", "ReduceLROnPlateau"):
        return [None]
    return [_number("an initial lr", scheduler.base_lrs[index])]


def _bases(schedule: Schedule) -> list[float | None]:
    """The initial learning rate that each scheduler finds in ours."""

    def of(built: Any) -> list[float | None]:
        if isinstance(built, Composite):
            return [base for member in built._members for base in of(member)]
        own = isinstance(built, CyclicLR | OneCycleLR | ReduceLROnPlateau)
        return [None if own else float(built.lr)]

    with jax.enable_x64(True):
        return of(schedule._built()[0])


def _state(port: Any, scheduler: Any) -> Any:
    """What a torch scheduler, or its state_dict, remembers, as Resumed takes it."""
    torch = _remembered(scheduler)
    match port:
        case ReduceLROnPlateau():
            return (torch["last_epoch"], float(torch["best"]), torch["cooldown_counter"], torch["num_bad_epochs"])
        case ChainedScheduler():
            return tuple(map(_state, port._members, torch["_schedulers"]))
        case SequentialLR():
            pairs = list(zip(port._members, torch["_schedulers"], strict=True))
            later = tuple(0 if isinstance(m, Composite) else _state(m, s) for m, s in pairs[port._first + 1 :])
            return (torch["last_epoch"], _state(*pairs[port._first]), later)
        case SWALR():
            return torch["_step_count"] - 1
        case CosineAnnealingWarmRestarts():
            _check_whole_epochs(torch)
            return torch["last_epoch"]
        case _:
            return torch["last_epoch"]


def _remembered(scheduler: Any) -> dict[str, Any]:
    return scheduler if isinstance(scheduler, dict) else vars(scheduler)


def _check_whole_epochs(torch: dict[str, Any]) -> None:
    T_cur, T_i = max(torch["last_epoch"], 0), torch["T_0"]
    while T_cur >= T_i:
        T_cur, T_i = T_cur - T_i, T_i * torch["T_mult"]
    if torch["last_epoch"] >= 0 and (torch["T_cur"], torch["T_i"]) != (T_cur, T_i):
        raise ValueError(
            f"from_torch: CosineAnnealingWarmRestarts must have been stepped by whole epochs, got T_cur="
            f"{torch['T_cur']!r}, T_i={torch['T_i']!r} at epoch {torch['last_epoch']}: for fractional ones take "
            f"jaxlr.per_epoch(..., fractional=True), or else {_WAY_OUT}"
        )


def _port(scheduler: Any, lr: float, source: _Source) -> Any:
    return _PORTS[type(scheduler).__name__](scheduler, lr, source)


def _whole(value: Any) -> Any:
    """Torch takes 100.0 where it means 100."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _simplest(value: float, is_exact: Callable[[float], bool]) -> float:
    """The shortest decimal that gives torch's number back, or else the value."""
    for digits in range(1, 17):
        candidate = float(f"{value:.{digits}g}")
        if is_exact(candidate):
            return candidate
    return value


def _ratio(a: float, b: float, *, otherwise: float) -> float:
    """The factor from b to a; any will do where both are 0."""
    return _simplest(a / b, lambda factor: a / factor == b) if b else otherwise


def _of_function(cls: Any, scheduler: Any, lr: float, source: _Source) -> Any:
    arguments = source.functions(scheduler)
    try:
        return cls(lr, arguments["lr_lambda"])
    except ValueError:
        if source.total_steps is None:
            raise
        return cls(lr, **arguments)


def _cyclic(scheduler: Any, lr: float, source: _Source) -> CyclicLR:
    del lr
    total = scheduler.total_size
    up = _simplest(scheduler.step_ratio * total, lambda up: up / total == scheduler.step_ratio)
    scale = {"scale_fn": scheduler._scale_fn_custom, "scale_mode": scheduler.scale_mode}
    momentums = {}
    if scheduler.cycle_momentum:
        momentums = {
            "base_momentum": source.number(scheduler.base_momentums),
            "max_momentum": source.number(scheduler.max_momentums),
        }
    arguments = {
        "base_lr": source.number(scheduler.base_lrs),
        "max_lr": source.number(scheduler.max_lrs),
        "step_size_up": up,
        "step_size_down": None if up == total - up else total - up,
        "mode": scheduler.mode,
        "gamma": scheduler.gamma,
        "cycle_momentum": scheduler.cycle_momentum,
        **momentums,
    }
    if scheduler._scale_fn_custom is None:
        return CyclicLR(**arguments)
    try:
        return CyclicLR(**arguments, **scale)
    except ValueError:
        if source.total_steps is None:
            raise
        return CyclicLR(**arguments, **scale, total_steps=source.total_steps)


def _one_cycle(scheduler: Any, lr: float, source: _Source) -> OneCycleLR:
    del lr
    total, phases, group = scheduler.total_steps, scheduler._schedule_phases, source.group
    first_end = phases[0]["end_step"]
    max_lr, initial_lr, min_lr = (_number(name, group[name]) for name in ("max_lr", "initial_lr", "min_lr"))
    div_factor, own_initial_lr = _ratio(max_lr, initial_lr, otherwise=25.0), source.number(scheduler.base_lrs)
    if own_initial_lr != initial_lr:  # a OneCycleLR built later has overwritten all but what it left to the others
        max_lr, div_factor = own_initial_lr, 1.0
    momentums: dict[str, Any] = {}
    if scheduler.cycle_momentum:
        momentums = {name: float(group[name]) for name in ("base_momentum", "max_momentum")}
    return OneCycleLR(
        max_lr,
        total,
        pct_start=_simplest((first_end + 1) / total, lambda pct: float(pct * total) - 1 == first_end),
        anneal_strategy=scheduler._anneal_func_type,
        cycle_momentum=scheduler.cycle_momentum,
        div_factor=div_factor,
        final_div_factor=_ratio(initial_lr, min_lr, otherwise=1e4),
        three_phase=len(phases) == 3,
        **momentums,
    )


_PORTS: dict[str, Callable[[Any, float, _Source], Any]] = {
    "StepLR": lambda s, lr, _: StepLR(lr, _whole(s.step_size), s.gamma),
    "MultiStepLR": lambda s, lr, _: MultiStepLR(lr, [_whole(m) for m in sorted(s.milestones.elements())], s.gamma),
    "ConstantLR": lambda s, lr, _: ConstantLR(lr, s.factor, _whole(s.total_iters)),
    "LinearLR": lambda s, lr, _: LinearLR(lr, s.start_factor, s.end_factor, _whole(s.total_iters)),
    "ExponentialLR": lambda s, lr, _: ExponentialLR(lr, s.gamma),
    "PolynomialLR": lambda s, lr, _: PolynomialLR(lr, _whole(s.total_iters), s.power),
    "CosineAnnealingLR": lambda s, lr, _: CosineAnnealingLR(lr, _whole(s.T_max), s.eta_min),
    "CosineAnnealingWarmRestarts": lambda s, lr, _: CosineAnnealingWarmRestarts(lr, s.T_0, s.T_mult, s.eta_min),
    "LambdaLR": lambda s, lr, source: _of_function(LambdaLR, s, lr, source),
    "MultiplicativeLR": lambda s, lr, source: _of_function(MultiplicativeLR, s, lr, source),
    "CyclicLR": _cyclic,
    "OneCycleLR": _one_cycle,
    "SWALR": lambda s, lr, source: SWALR(
        lr, _number("swa_lr", source.group["swa_lr"]), s.anneal_epochs, s._anneal_strategy
    ),
    "ReduceLROnPlateau": lambda s, lr, source: ReduceLROnPlateau(
        lr, s.mode, s.factor, s.patience, s.threshold, s.threshold_mode, s.cooldown, source.number(s.min_lrs), s.eps
    ),
    "SequentialLR": lambda s, lr, source: SequentialLR(
        lr, [_port(member, lr, source) for member in s._schedulers], s._milestones
    ),
    "ChainedScheduler": lambda s, lr, source: ChainedScheduler([_port(member, lr, source) for member in s._schedulers]),
}

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
    "LambdaLR": lambda s: {"lr_lambdas": ...},
    "MultiplicativeLR": lambda s: {"lr_lambdas": ...},
    "CyclicLR": lambda s: {
        "total_size": s._cycle_length,
        "step_ratio": s.step_size_up / s._cycle_length,
        "mode": s.mode,
        "gamma": s.gamma,
    },
    "OneCycleLR": lambda s: {"total_steps": s._total, "_anneal_func_type": s.anneal_strategy, "_schedule_phases": ...},
    "SWALR": lambda s: {"anneal_epochs": s.anneal_epochs, "_anneal_strategy": s.anneal_strategy},
    "ReduceLROnPlateau": lambda s: {
        name: getattr(s, name)
        for name in ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps")
    },
    "SequentialLR": lambda s: {"_milestones": list(s.milestones), "_schedulers": ...},
    "ChainedScheduler": lambda s: {"_schedulers": ...},
}
