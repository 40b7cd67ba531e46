"""Schedulers of packages that the tests do without, rebuilt from their sources: the interface and the formula."""

import bisect
import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from parity.found.found import sgd

Curve = Callable[[float, float], float]  # of the time after the warm-up, and the base learning rate


class TimmScheduler:
    """timm's (scheduler/scheduler.py): heeds the epoch or the update, and ramps up to the base learning rate."""

    __module__ = "timm.scheduler.scheduler"
    param_group_field = "lr"

    def __init__(
        self,
        optimizer: Any,
        curve: Curve,
        *,
        warmup_t: int = 0,
        warmup_lr_init: float = 0.0,
        warmup_prefix: bool = False,
        t_in_epochs: bool = True,
    ) -> None:
        self.optimizer, self.curve = optimizer, curve
        self.warmup_t, self.warmup_lr_init = warmup_t, warmup_lr_init
        self.warmup_prefix, self.t_in_epochs = warmup_prefix, t_in_epochs
        self.base_values = [group["lr"] for group in optimizer.param_groups]
        if warmup_t:
            self._write([warmup_lr_init] * len(self.base_values))

    def step(self, epoch: int) -> None:
        if self.t_in_epochs:
            self._write([self._value(epoch, base) for base in self.base_values])

    def step_update(self, num_updates: int) -> None:
        if not self.t_in_epochs:
            self._write([self._value(num_updates, base) for base in self.base_values])

    def _value(self, t: int, base: float) -> float:
        if t < self.warmup_t:
            return self.warmup_lr_init + t * ((base - self.warmup_lr_init) / self.warmup_t)
        return self.curve(t - self.warmup_t if self.warmup_prefix else t, base)

    def _write(self, values: Sequence[float]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = value


def timm(lr: float, curve: Curve, **options: Any) -> Callable[[], TimmScheduler]:
    """A fresh one."""
    return lambda: TimmScheduler(sgd(lr), curve, **options)


def timm_cycles(
    shape: Callable[[float], float],
    t_initial: int,
    lr_min: float = 0.0,
    *,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    k_decay: float = 1.0,
) -> Curve:
    """What its cosine_lr.py, poly_lr.py and tanh_lr.py share: a shape of the share of a cycle, falling to lr_min."""

    def curve(t: float, base: float) -> float:
        cycle, length = 0, float(t_initial)
        while t >= length and cycle < cycle_limit:
            cycle, t, length = cycle + 1, t - length, length * cycle_mul
        if cycle >= cycle_limit:
            return lr_min
        return lr_min + (base * cycle_decay**cycle - lr_min) * shape(t**k_decay / length**k_decay)

    return curve


def half_cosine(share: float) -> float:
    """From 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))


def timm_tanh(lb: float = -7.0, ub: float = 3.0) -> Callable[[float], float]:
    """The shape of tanh_lr.py."""
    return lambda share: 0.5 * (1 - math.tanh(lb * (1 - share) + ub * share))


def timm_steps(decay_t: float, decay_rate: float) -> Curve:
    """step_lr.py."""
    return lambda t, base: base * decay_rate ** (t // decay_t)


def timm_milestones(decay_t: Sequence[int], decay_rate: float) -> Curve:
    """multistep_lr.py, which compares the milestones with t + 1."""
    return lambda t, base: base * decay_rate ** bisect.bisect_right(decay_t, t + 1)


class LRMultiplier(LRScheduler):
    """detectron2's (solver/lr_scheduler.py): the initial learning rate times a multiplier of the share of the run."""

    __module__ = "detectron2.solver.lr_scheduler"

    def __init__(self, optimizer: Any, multiplier: Callable[[float], float], max_iter: int) -> None:
        self.multiplier, self.max_iter = multiplier, max_iter
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Any]:
        return [base * self.multiplier(self.last_epoch / self.max_iter) for base in self.base_lrs]


def fvcore() -> Any:
    """The package's schedulers."""
    return importlib.import_module("fvcore.common.param_scheduler")


def detectron2(lr: float, main: Any, max_iter: int, warmup_iters: int, *, rescale: bool = False) -> LRMultiplier:
    """What build_lr_scheduler makes: a linear warm-up from 0.001 to what `main` has where it takes over."""
    length = warmup_iters / max_iter
    multiplier = fvcore().CompositeParamScheduler(
        [fvcore().LinearParamScheduler(0.001 * main(0.0), main(0.0 if rescale else length)), main],
        interval_scaling=["rescaled", "rescaled" if rescale else "fixed"],
        lengths=[length, 1 - length],
    )
    return LRMultiplier(sgd(lr), multiplier, max_iter)
