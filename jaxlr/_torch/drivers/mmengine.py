"""mmengine: its runner's hook steps those of by_epoch=False after each iteration, then the others after each epoch."""

from collections.abc import Sequence
from typing import Any

from jaxlr._torch.drivers.driver import Driver, check_at_start, is_from, needed, needs_metric


def knows(schedulers: list[Any]) -> bool:
    """Whether all are mmengine's."""
    return all(is_from(scheduler, "mmengine.optim.scheduler") for scheduler in schedulers)


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """As mmengine.hooks.ParamSchedulerHook of an EpochBasedTrainLoop."""
    for scheduler in schedulers:
        if getattr(scheduler, "need_val_args", False):
            raise needs_metric(parameter, scheduler)
        accumulated = getattr(scheduler.optimizer, "_accumulative_counts", 1)
        if accumulated != 1:
            raise ValueError(
                f"{parameter} must be of an OptimWrapper with accumulative_counts=1, since mmengine steps "
                f"once an iteration, and not once an update of the optimizer, got accumulative_counts={accumulated}"
            )
    by_epoch = [bool(scheduler.by_epoch) for scheduler in schedulers]
    if not any(by_epoch):
        return Driver(schedulers)
    n = needed(parameter, "a scheduler of mmengine with by_epoch=True", steps_per_epoch)
    if all(by_epoch):
        return Driver(schedulers, every=n)
    check_at_start(
        parameter, "a list of both by_epoch=True and by_epoch=False", schedulers, lambda one: one._global_step
    )

    def after_update(schedulers: Sequence[Any], update: int) -> None:
        for of_epochs in (False, True):
            if not of_epochs or update % n == 0:
                for scheduler in schedulers:
                    if scheduler.by_epoch == of_epochs:
                        scheduler.step()

    return Driver(schedulers, after_update, in_step=False)
