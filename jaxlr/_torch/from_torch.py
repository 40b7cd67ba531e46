"""The bridge from torch: a live scheduler becomes the jaxlr value that goes on as it would."""

import dataclasses
import inspect
import math
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from numbers import Number
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, overload

import jax
import numpy as np

from jaxlr._arguments import parameter_group, shown
from jaxlr._machine.machine import Group, build
from jaxlr._machine.stateful import Wide
from jaxlr._machine.structure import compute
from jaxlr._schedules.base import Integer, Schedule, cycles_momentum
from jaxlr._schedules.compose import Chain, ChainedScheduler, Composite, SequentialLR, Together
from jaxlr._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler

_WAY_OUT = "jaxlr.record steps anything, for real, into an exact table"
_TRIED = (*range(20), 50, 100, 1_000, 10_000, 100_000)  # the epochs at which a function of the user's is tried


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where the numbers come from: torch's optimizer.param_groups[group], and the steps that a table may have.

    notes: what to warn of.
    """

    group: dict[str, Any]
    index: int
    total_steps: Integer | None
    notes: list[str]

    def number(self, values: Any) -> float:
        """The group's number in a list of torch's, one for each group."""
        return number_of("the scheduler's value", values[self.index])

    def of_function(self, name: str, fn: Callable[[Any], Any], build: Callable[..., Schedule]) -> Schedule:
        """The schedule of a function of the user's: as it is where JAX can trace it, or else as a table."""
        tried = [epoch for epoch in _TRIED if self.total_steps is None or epoch < self.total_steps]
        values = _values(fn, tried)
        again_values = reversed(_values(fn, tried[::-1]))  # in another order, as what counts its calls may recur
        for epoch, first, again in zip(tried, values, again_values, strict=True):
            if first != again:
                raise ValueError(
                    f"from_torch: {name} must be a function of the epoch alone, got {fn!r}, which gives {first!r} at "
                    f"epoch {epoch}, and {again!r} when it is called again: {_WAY_OUT}"
                )
        try:
            schedule = build(total_steps=None)
        except ValueError:
            if self.total_steps is None:
                raise
            schedule = build(total_steps=self.total_steps)
        self._note_constant(name, fn, {*values})
        return schedule

    def _note_constant(self, name: str, fn: Callable[[Any], Any], values: set[float | None]) -> None:
        """Notes a constant that may be the state of something else, of which the schedule knows nothing."""
        state = _state_of(fn) if len(values - {None}) == 1 else []
        if state and self.total_steps is not None:
            values = {*_values(fn, range(self.total_steps))}
        if state and len(values - {None}) == 1:
            (value,) = values - {None}
            self.notes.append(
                f"from_torch: {name} gives {value!r} at every epoch tried, and reads {', '.join(state)}: where that "
                f"changes while training goes on, the schedule does not follow it; {_WAY_OUT}"
            )


@overload
def from_torch(
    scheduler: "LRScheduler | Sequence[LRScheduler]", *, group: int | None = None, total_steps: Integer | None = None
) -> Schedule: ...
@overload
def from_torch(
    scheduler: "LRScheduler | Sequence[LRScheduler]", *, group: Literal["all"], total_steps: Integer | None = None
) -> list[Schedule]: ...
def from_torch(
    scheduler: "LRScheduler | Sequence[LRScheduler]",
    *,
    group: int | Literal["all"] | None = None,
    total_steps: Integer | None = None,
) -> Schedule | list[Schedule]:
    """The jaxlr value of a live torch scheduler: what it does from now on, at every step.

    All fifteen schedulers and SWALR, composites in any legal nesting, fresh, in mid-run, or restored by
    load_state_dict. Count 0 is now. The value prints as jaxlr code that needs no torch: the plain schedule, with
    last_epoch, where that says it all, and else a ``Resumed``: the schedule and the state to start from.

    A tensor as learning rate makes torch round in its dtype. The value starts within one such rounding of what the
    optimizer holds, and from there follows the float64 recipe. So does torch, within one rounding, where a step gives a
    value of its own; where it edits the rate that it finds, torch drifts by up to one rounding a step: in float32 by
    3e-5 of the value in 10,000 steps, while in bfloat16 it may stand still.

    Args:
      scheduler: a torch scheduler, or a list of schedulers that are stepped one after another on one optimizer, a
        ReduceLROnPlateau among them.
      group: the parameter group: needed where the optimizer has several whose schedules differ, since one schedule
        drives one group; "all" for a list, one schedule a group, in order.
      total_steps: the learning rates of the whole run, from epoch 0: turns a lr_lambda that JAX cannot trace into a
        table.

    Returns:
      A schedule, for "all" a list of them; its ``.momentum`` where the scheduler cycles the momentum.

    Raises:
      TypeError: it is no torch scheduler, or one of a class that has no port (``record`` is the way out).
      ValueError: group is missing where the schedules differ, or out of range; an argument of the scheduler is one
        that its port refuses; the optimizer's learning rate is not the one that the schedulers given have left in it;
        a lr_lambda or scale_fn gives other values now, or when it is called again.

    Warns:
      UserWarning: one gives the same value at every epoch, and reads an object: the state of a trainer, perhaps.

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
    groups, notes = optimizer.param_groups, list[str]()

    def converted(index: int) -> Schedule:
        return _converted(schedulers, _Source(groups[index], index, total_steps, notes))

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


def _converted(schedulers: list[Any], source: _Source) -> Schedule:
    """The schedule of one parameter group."""
    index = source.index
    for one in schedulers:
        _check_knows(one, index)
    held = number_of("the optimizer's lr", source.group["lr"])
    _check_explained(schedulers, index, source.group["lr"])
    for one in schedulers:
        _check_functions(one, index)

    lr = _initial_lr(schedulers, source, held)
    ports = [_port(one, lr, source) for one in schedulers]
    schedule = ports[0] if len(ports) == 1 else Together(ports)
    state = state_of(schedule, schedulers[0] if len(ports) == 1 else {"_schedulers": schedulers})
    momentum = momentum_of(source.group) if cycles_momentum(schedule) else None
    resumed = started(schedule, state, held, momentum, rounding=rounding(source.group["lr"]))
    if not isinstance(schedule, SWALR):  # it takes over wherever the others have left the learning rate
        _check_order(schedule, [base for one in schedulers for base in _live_bases(one, index)], source.group)
    return resumed


def started(schedule: Schedule, state: Any, held: float, momentum: float | None, *, rounding: float = 0.0) -> Schedule:
    """The schedule in the state given: by its last_epoch where that says it all, else Resumed.

    rounding: how far the learning rate may be from the one held, which a tensor has rounded.
    """
    epoch = state[0] if isinstance(schedule, SequentialLR) else state
    candidates: list[Schedule] = [schedule]
    if isinstance(epoch, int) and epoch > 0 and "last_epoch" in {f.name for f in dataclasses.fields(schedule)}:  # type: ignore[arg-type]
        candidates.append(dataclasses.replace(schedule, last_epoch=epoch - 1))  # type: ignore[type-var]
    for candidate in candidates:
        if _is_in(candidate, state, held, momentum, rounding):
            return candidate
    if momentum is None and cycles_momentum(schedule):
        raise ValueError("from_state_dict: optimizer must be given, the state_dict that holds the momentum, got None")
    return Resumed(schedule, state, held, momentum)


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
            f"would be: {_WAY_OUT}"
        )


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


def _check_knows(scheduler: Any, index: int) -> None:
    """Refuses a group that was added to the optimizer after the scheduler was built."""
    for member in getattr(scheduler, "_schedulers", ()):
        _check_knows(member, index)
    if index >= len(scheduler._last_lr):
        raise ValueError(
            f"from_torch: group must be one that the optimizer had when {type(scheduler).__name__} was built, one of "
            f"0 .. {len(scheduler._last_lr) - 1}, got {index}, added later: {_WAY_OUT}"
        )


def _check_explained(schedulers: list[Any], index: int, held: Any) -> None:
    """Refuses a learning rate that was set by hand, or by a scheduler that is not given."""
    left = [one._last_lr[index] for one in schedulers]
    numbers = [number_of("the scheduler's last lr", lr) for lr in left]
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
            (factor,) = _values(fn, [epoch])
            lr = math.nan if factor is None else float(scheduler.base_lrs[index]) * factor
            if abs(lr - float(left)) > 1e-6 * abs(lr) + rounding(left):  # the function's own float may be float32
                raise ValueError(
                    f"from_torch: lr_lambda must be a function of the epoch alone, got {fn!r}, which now makes the "
                    f"learning rate {lr!r} at epoch {epoch}, where torch has {float(left)!r}: {_WAY_OUT}"
                )


def _values(fn: Callable[[Any], Any], epochs: Iterable[int]) -> list[float | None]:
    """What a function of the user's gives in Python; None where that is no number: the port then says so."""

    def value(epoch: int) -> float | None:
        try:
            number = float(fn(epoch))
        except Exception:
            return None
        return None if math.isnan(number) else number

    return [value(epoch) for epoch in epochs]


def _state_of(fn: Any, seen: tuple[Any, ...] = ()) -> list[str]:
    """What a function reads beside its argument that may change from one call to the next."""
    fn = inspect.unwrap(fn)
    if inspect.isbuiltin(fn) or any(fn is one for one in seen):
        return []
    if isinstance(fn, partial):
        read = {"its function": fn.func, **{f"argument {i}": value for i, value in enumerate(fn.args)}, **fn.keywords}
    elif inspect.isfunction(fn):
        parameters, variables = inspect.signature(fn).parameters.values(), inspect.getclosurevars(fn)
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        read = {**defaults, **variables.globals, **variables.nonlocals}
    else:
        read = {"its object": getattr(fn, "__self__", fn)}
    return [item for name, value in read.items() for item in _changing(name, value, (*seen, fn))]


def _changing(name: str, value: Any, seen: tuple[Any, ...]) -> list[str]:
    """The value, or what it reads, where that may change."""
    if isinstance(value, tuple | frozenset):
        return [item for part in value for item in _changing(name, part, seen)]
    if inspect.isroutine(value) or isinstance(value, partial):
        return _state_of(value, seen)
    fixed = value is None or isinstance(value, Number | str | bytes | ModuleType | type | jax.Array)
    return [] if fixed else [f"{name} (a {type(value).__name__})"]


def number_of(name: str, value: Any) -> float:
    if getattr(value, "numel", lambda: 1)() != 1:
        raise ValueError(f"from_torch: {name} must be one number, got a tensor of shape {tuple(value.shape)}")
    return float(value)


def is_rounded(theirs: Any, ours: Any) -> bool:
    """Whether torch's number is ours, but for the rounding of a tensor's dtype."""
    return getattr(theirs, "numel", lambda: 1)() == 1 and abs(float(theirs) - float(ours)) <= rounding(theirs)


def rounding(value: Any) -> float:
    """From one number to the next in a tensor's dtype, at its value; 0 for a Python number."""
    if not hasattr(value, "is_floating_point") or not value.is_floating_point():
        return 0.0
    import torch  # noqa: PLC0415 jaxlr itself never imports torch

    dtype = torch.finfo(value.dtype)
    _, exponent = math.frexp(max(abs(float(value)), dtype.smallest_normal))
    return float(math.ldexp(dtype.eps, exponent - 1))


def momentum_of(group: dict[str, Any]) -> float:
    if not {"betas", "momentum"} & group.keys():
        raise ValueError(f"from_torch: the optimizer must have a momentum or betas, its group has {', '.join(group)}")
    return float(group["betas"][0] if "betas" in group else group["momentum"])


def _initial_lr(schedulers: list[Any], source: _Source, held: float) -> float:
    """The learning rate that the optimizer was built with, as far as it counts."""
    if len(schedulers) == 1 and type(schedulers[0]).__name__ == "SWALR" and schedulers[0]._step_count == 1:
        return held  # where it takes over, whatever the initial one was
    bases = [base for one in schedulers for base in _live_bases(one, source.index) if base is not None]
    return number_of("an initial lr", bases[0]) if bases else held


def _live_bases(scheduler: Any, index: int) -> list[Any]:
    """The initial learning rate that each scheduler found; None of one that brings its own."""
    if hasattr(scheduler, "_schedulers"):
        return [base for member in scheduler._schedulers for base in _live_bases(member, index)]
    if type(scheduler).__name__ in ("CyclicLR", "OneCycleLR", "ReduceLROnPlateau"):
        return [None]
    return [scheduler.base_lrs[index]]


def found(schedule: Schedule) -> tuple[list[float | None], Group]:
    """The initial learning rate that each scheduler finds, None of one that brings its own; and the group's entries."""

    def of(built: Any) -> list[Any]:
        if isinstance(built, Composite):
            return [base for member in built.schedulers for base in of(member)]
        return [None if isinstance(built, CyclicLR | OneCycleLR | ReduceLROnPlateau) else built.lr]

    def all_of(schedule: Any) -> Any:
        built, group = build(schedule)
        return of(built), group._replace(one_cycle=None if group.one_cycle is None else group.one_cycle.max_lr)

    with jax.enable_x64(True):
        bases, group = compute(all_of, schedule)
    return [None if base is None else float(base) for base in bases], group


def state_of(port: Any, scheduler: Any) -> Any:
    """What a torch scheduler, or its state_dict, remembers, as Resumed takes it."""
    torch = _remembered(scheduler)
    match port:
        case ReduceLROnPlateau():
            return (torch["last_epoch"], float(torch["best"]), torch["cooldown_counter"], torch["num_bad_epochs"])
        case Chain():
            return tuple(map(state_of, port.schedulers, torch["_schedulers"]))
        case SequentialLR():
            pairs = list(zip(port.schedulers, torch["_schedulers"], strict=True))
            later = tuple(0 if isinstance(m, Composite) else state_of(m, s) for m, s in pairs[port._first + 1 :])
            return (torch["last_epoch"], state_of(*pairs[port._first]), later)
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
            f"from_torch: CosineAnnealingWarmRestarts must have been stepped from its start by whole epochs, got "
            f"T_cur={torch['T_cur']!r}, T_i={torch['T_i']!r} at epoch {torch['last_epoch']}: for fractional ones take "
            "jaxlr.per_epoch(..., fractional=True); where torch's own last_epoch= has resumed it, within a later "
            f"cycle, torch has lost count of the cycles; {_WAY_OUT}"
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


def _ratio(a: float, b: Any, *, otherwise: float) -> float:
    """The factor from b to a; any will do where both are 0."""
    return _simplest(a / float(b), lambda factor: is_rounded(b, a / factor)) if b else otherwise


def _of_function(cls: Any, scheduler: Any, lr: float, source: _Source) -> Any:
    lr_lambda = scheduler.lr_lambdas[source.index]
    return source.of_function("lr_lambda", lr_lambda, partial(cls, lr, lr_lambda))


def _cyclic(scheduler: Any, lr: float, source: _Source) -> Schedule:
    del lr
    total = scheduler.total_size
    up = _simplest(scheduler.step_ratio * total, lambda up: up / total == scheduler.step_ratio)
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
    scale_fn = scheduler._scale_fn_custom
    build = partial(CyclicLR, **arguments, scale_fn=scale_fn, scale_mode=scheduler.scale_mode)
    return source.of_function("scale_fn", scale_fn, build)


def _one_cycle(scheduler: Any, lr: float, source: _Source) -> OneCycleLR:
    del lr
    total, phases, group = scheduler.total_steps, scheduler._schedule_phases, source.group
    first_end = phases[0]["end_step"]
    max_lr, initial_lr = number_of("max_lr", group["max_lr"]), number_of("initial_lr", group["initial_lr"])
    div_factor = _ratio(max_lr, group["initial_lr"], otherwise=25.0)
    own_initial_lr = source.number(scheduler.base_lrs)
    if own_initial_lr != initial_lr:  # a OneCycleLR built later has overwritten all but what it left to the others
        max_lr, div_factor = own_initial_lr, 1.0
    momentums: dict[str, Any] = {}
    if scheduler.cycle_momentum:
        momentums = {name: float(group[name]) for name in ("base_momentum", "max_momentum")}
    return OneCycleLR(
        max_lr,
        total,
        pct_start=_simplest((first_end + 1) / total, lambda pct: float(pct * total) - 1 == first_end),
        # an old checkpoint holds the function alone
        anneal_strategy=_anneal_strategy(scheduler, getattr(scheduler, "_anneal_func_type", None)),
        cycle_momentum=scheduler.cycle_momentum,
        div_factor=div_factor,
        final_div_factor=_ratio(initial_lr, group["min_lr"], otherwise=1e4),
        three_phase=len(phases) == 3,
        **momentums,
    )


def _anneal_strategy(scheduler: Any, named: Any) -> Literal["cos", "linear"]:
    """The strategy that is named, or else that of the function that torch then calls."""
    strategy = strategy_of(scheduler.anneal_func) if named is None else named
    if strategy is None:
        raise ValueError(
            f"from_torch: the anneal_func of {type(scheduler).__name__} must be torch's own, "
            f"got {scheduler.anneal_func!r}: {_WAY_OUT}"
        )
    return strategy


def strategy_of(anneal_func: Any) -> Literal["cos", "linear"] | None:
    """The anneal_strategy that a function of torch's is of."""
    cos, linear = ("_annealing_cos", "_cosine_anneal"), ("_annealing_linear", "_linear_anneal")
    name = getattr(anneal_func, "__name__", None)
    return "cos" if name in cos else "linear" if name in linear else None


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
        lr, number_of("swa_lr", source.group["swa_lr"]), s.anneal_epochs, _anneal_strategy(s, None)
    ),
    "ReduceLROnPlateau": lambda s, lr, source: ReduceLROnPlateau(
        lr, s.mode, s.factor, s.patience, s.threshold, s.threshold_mode, s.cooldown, source.number(s.min_lrs), s.eps
    ),
    "SequentialLR": lambda s, lr, source: SequentialLR(
        lr, [_port(member, lr, source) for member in s._schedulers], s._milestones
    ),
    "ChainedScheduler": lambda s, lr, source: ChainedScheduler([_port(member, lr, source) for member in s._schedulers]),
}
