"""What each class of torch's is in jaxlr: its constructor's arguments, read from the live scheduler."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from jaxlr._schedules.base import Integer, Schedule
from jaxlr._schedules.compose import ChainedScheduler, SequentialLR
from jaxlr._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.swa import SWALR
from jaxlr._torch.functions import TRIED, state_read, values_of
from jaxlr._torch.held import WAY_OUT, is_rounded, number_of, strategy_of


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the numbers come from: torch's optimizer.param_groups[group], and the steps that a table may have.

    notes: what to warn of.
    """

    group: dict[str, Any]
    index: int
    total_steps: Integer | None
    notes: list[str]

    def number(self, values: Any) -> float:
        """The group's number in a list of torch's, one for each group."""
        return number_of("from_torch: the scheduler's value", values[self.index])

    def of_function(self, name: str, fn: Callable[[Any], Any], build: Callable[..., Schedule]) -> Schedule:
        """The schedule of a function of the user's: as it is where JAX can trace it, or else as a table."""
        tried = [epoch for epoch in TRIED if self.total_steps is None or epoch < self.total_steps]
        values = values_of(fn, tried)
        again_values = reversed(values_of(fn, tried[::-1]))  # in another order, as what counts its calls may recur
        for epoch, first, again in zip(tried, values, again_values, strict=True):
            if first != again:
                raise ValueError(
                    f"from_torch: {name} must be a function of the epoch alone, got {fn!r}, which gives {first!r} at "
                    f"epoch {epoch}, and {again!r} when it is called again: {WAY_OUT}"
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
        state = state_read(fn) if len(values - {None}) == 1 else []
        if state and self.total_steps is not None:
            values = {*values_of(fn, range(self.total_steps))}
        if state and len(values - {None}) == 1:
            (value,) = values - {None}
            self.notes.append(
                f"from_torch: {name} gives {value!r} at every epoch tried, and reads {', '.join(state)}: where that "
                f"changes while training goes on, the schedule does not follow it; {WAY_OUT}"
            )


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


def _of_function(cls: Any, scheduler: Any, lr: float, source: Source) -> Any:
    lr_lambda = scheduler.lr_lambdas[source.index]
    return source.of_function("lr_lambda", lr_lambda, partial(cls, lr, lr_lambda))


def _cyclic(scheduler: Any, lr: float, source: Source) -> Schedule:
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


def _one_cycle(scheduler: Any, lr: float, source: Source) -> OneCycleLR:
    del lr
    total, phases, group = scheduler.total_steps, scheduler._schedule_phases, source.group
    first_end = phases[0]["end_step"]
    max_lr, initial_lr = (
        number_of("from_torch: max_lr", group["max_lr"]),
        number_of("from_torch: initial_lr", group["initial_lr"]),
    )
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
    function = getattr(scheduler, "anneal_func", None)
    strategy = strategy_of(function) if named is None else named
    if strategy is None:
        raise ValueError(
            f"from_torch: the anneal_func of {type(scheduler).__name__} must be torch's own, "
            f"got {function!r}: {WAY_OUT}"
        )
    return strategy


PORTS: dict[str, Callable[[Any, float, Source], Any]] = {
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
        lr, number_of("from_torch: swa_lr", source.group["swa_lr"]), s.anneal_epochs, _anneal_strategy(s, None)
    ),
    "ReduceLROnPlateau": lambda s, lr, source: ReduceLROnPlateau(
        lr, s.mode, s.factor, s.patience, s.threshold, s.threshold_mode, s.cooldown, source.number(s.min_lrs), s.eps
    ),
    "SequentialLR": lambda s, lr, source: SequentialLR(
        lr, [port(member, lr, source) for member in s._schedulers], s._milestones
    ),
    "ChainedScheduler": lambda s, lr, source: ChainedScheduler([port(member, lr, source) for member in s._schedulers]),
}


def port(scheduler: Any, lr: float, source: Source) -> Any:
    """The schedule of a torch scheduler, from its start."""
    return PORTS[type(scheduler).__name__](scheduler, lr, source)
