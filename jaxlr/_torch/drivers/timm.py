"""timm: train.py calls step_update(n) after update n, and step(epoch) after epoch; a scheduler heeds one of them."""

from collections.abc import Sequence
from typing import Any

from jaxlr._torch.drivers.driver import Driver, is_from, needed, needs_metric
from jaxlr._torch.held import WAY_OUT


def knows(schedulers: list[Any]) -> bool:
    """Whether all are timm's."""
    return all(is_from(scheduler, "timm.scheduler") for scheduler in schedulers)


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """As timm's train.py."""
    if len(schedulers) > 1:
        raise ValueError(f"{parameter} must be one scheduler of timm, got a list of {len(schedulers)}")
    (scheduler,) = schedulers
    if type(scheduler).__name__ == "PlateauLRScheduler":
        raise needs_metric(parameter, scheduler)
    if scheduler.param_group_field != "lr":
        raise ValueError(f"{parameter} must be one of the learning rate, got one of {scheduler.param_group_field!r}")
    _check_at_start(parameter, scheduler)
    if not scheduler.t_in_epochs:
        return Driver(schedulers, _step_update, in_step=False)
    n = needed(parameter, f"{type(scheduler).__name__} of timm with t_in_epochs=True", steps_per_epoch)

    def step_epoch(schedulers: Sequence[Any], update: int) -> None:
        schedulers[0].step(update // n)

    return Driver(schedulers, step_epoch, every=n, in_step=False)


def _step_update(schedulers: Sequence[Any], update: int) -> None:
    schedulers[0].step_update(update)


def _check_at_start(parameter: str, scheduler: Any) -> None:
    """Refuses one in mid-run: it does not hold how often it was stepped."""
    built = scheduler.base_values
    if getattr(scheduler, "warmup_t", 0):
        built = [scheduler.warmup_lr_init] * len(built)
    for group, value in zip(scheduler.optimizer.param_groups, built, strict=True):
        if group["lr"] != value * group.get("lr_scale", 1):
            raise ValueError(
                f"{parameter} must be at its start, since {type(scheduler).__name__} of timm does not hold "
                f"its epoch, got an optimizer of lr={group['lr']!r} where its constructor leaves {value!r}: {WAY_OUT}"
            )
