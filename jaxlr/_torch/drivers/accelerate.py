"""accelerate: AcceleratedScheduler.step, called in each batch, steps what it wraps where the optimizer was stepped."""

import sys
from collections.abc import Sequence
from typing import Any

from jaxlr._torch.drivers.driver import Driver, check_left_out, is_from, is_plateau, needs_metric
from jaxlr._torch.held import WAY_OUT


def knows(schedulers: list[Any]) -> bool:
    """Whether all are accelerate's."""
    return all(is_from(scheduler, "accelerate.scheduler") for scheduler in schedulers)


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """As AcceleratedScheduler.step, called once a batch: num_processes steps an update, but for split_batches."""
    check_left_out(parameter, "a scheduler of accelerate, which is stepped with the optimizer", steps_per_epoch)
    for scheduler in schedulers:
        if type(scheduler).__name__ != "AcceleratedScheduler":
            raise TypeError(
                f"{parameter} must be an AcceleratedScheduler, got a {type(scheduler).__name__}, whose "
                f"steps another library takes: {WAY_OUT}"
            )
    wrapped = [scheduler.scheduler for scheduler in schedulers]
    rules = [_Rules(parameter, scheduler) for scheduler in schedulers]
    if all(rule.is_one_step(scheduler) for rule, scheduler in zip(rules, wrapped, strict=True)):
        return Driver(wrapped)
    for scheduler in wrapped:
        if is_plateau(scheduler):
            raise needs_metric(parameter, scheduler)

    def after_update(wrapped: Sequence[Any], update: int) -> None:
        del update
        for rule, scheduler in zip(rules, wrapped, strict=True):
            rule.step(scheduler)

    return Driver(wrapped, after_update, in_step=False)


class _Rules:
    """What an AcceleratedScheduler does in the batches of one update."""

    def __init__(self, parameter: str, scheduler: Any) -> None:
        gradients = scheduler.gradient_state
        self.with_optimizer = scheduler.step_with_optimizer
        self.split = scheduler.split_batches
        self.processes = 1
        if self.with_optimizer and not self.split:
            self.processes = sys.modules["accelerate.state"].AcceleratorState().num_processes
        elif not self.with_optimizer and gradients.num_steps > 1:
            raise ValueError(
                f"{parameter} must be stepped with the optimizer where gradients are accumulated, got "
                f"step_scheduler_with_optimizer=False with {gradients.num_steps} batches an update, between which the "
                f"learning rate changes: {WAY_OUT}"
            )
        # where accelerate counts a batch that is no update as a step, a OneCycleLR ends early
        self.counted = gradients.num_steps - 1 if self.with_optimizer and gradients.adjust_scheduler else 0

    def is_one_step(self, scheduler: Any) -> bool:
        """Whether that is one step of the scheduler."""
        return bool(self.processes == 1 and not (self._may_end(scheduler) and self.counted))

    def step(self, scheduler: Any) -> None:
        """The steps of one update."""
        scheduler._step_count += self.counted
        for _ in range(self.processes):
            if not self._may_end(scheduler) or scheduler._step_count <= scheduler.total_steps:
                scheduler.step()

    def _may_end(self, scheduler: Any) -> bool:
        return self.with_optimizer and not self.split and hasattr(scheduler, "total_steps")
