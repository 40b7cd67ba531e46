"""Lightning: what configure_optimizers returns says how often its trainer steps a scheduler.

``{"scheduler": ..., "interval": "step" | "epoch", "frequency": 1, "monitor": ...}``. The dict needs no Lightning: a
list of them is any loop of two cadences, as torchvision's detection reference has: a warm-up of the batch, milestones
of the epoch.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from jaxlr._arguments import choice, integer
from jaxlr._torch.drivers.driver import Driver, caller_of, check_at_start, is_from, is_plateau, needed, needs_metric


@dataclasses.dataclass(frozen=True)
class Config:
    """Lightning's LRSchedulerConfig."""

    scheduler: Any
    interval: str = "epoch"
    frequency: int = 1

    def period(self, steps_per_epoch: int | None) -> int:
        """The updates from one step to the next, within an epoch or over epochs."""
        return self.frequency * (1 if self.interval == "step" else steps_per_epoch or 1)

    def is_due(self, update: int, steps_per_epoch: int | None) -> bool:
        """Whether a step follows the update: frequency counts the batches of an epoch anew in each."""
        batch = update if steps_per_epoch is None else (update - 1) % steps_per_epoch + 1
        if self.interval == "step":
            return batch % self.frequency == 0
        return update % self.period(steps_per_epoch) == 0


def knows(schedulers: list[Any]) -> bool:
    """Whether one is a config."""
    return any(isinstance(scheduler, Mapping) or _is_config(scheduler) for scheduler in schedulers)


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """As Lightning's training loop, without gradient accumulation where frequency > 1."""
    configs = [_config(parameter, scheduler) for scheduler in schedulers]
    # after a batch: the schedulers of the batch, then those of the epoch; a plateau after validation
    configs.sort(key=lambda config: (is_plateau(config.scheduler), config.interval == "epoch"))
    n = steps_per_epoch
    for config in configs:
        if config.interval == "epoch":
            n = needed(parameter, f"{type(config.scheduler).__name__} with interval='epoch'", steps_per_epoch)
        elif config.frequency > 1:
            n = needed(
                parameter, f"{type(config.scheduler).__name__} with frequency={config.frequency}", steps_per_epoch
            )
    members = [config.scheduler for config in configs]
    periods = [config.period(n) for config in configs]
    # in each epoch a frequency counts anew: where it does not divide the epoch, it is of no one period
    anew = [n for config in configs if config.interval == "step" and config.frequency > 1 and n is not None]
    every = math.gcd(*periods, *anew)
    in_step = all(period == every for period in periods)
    if not in_step or any(config.frequency > 1 for config in configs):
        check_at_start(parameter, "a recipe of two clocks, or of a frequency", members, _steps_taken)

    def after_update(members: Sequence[Any], update: int) -> None:
        for config, scheduler in zip(configs, members, strict=True):
            if config.is_due(update, n):
                scheduler.step()

    for scheduler in members:
        if not in_step and is_plateau(scheduler):
            raise needs_metric(parameter, scheduler)
    return Driver(members, after_update, every, in_step)


def _is_config(scheduler: Any) -> bool:
    return any(is_from(scheduler, module) for module in ("lightning.pytorch.utilities", "pytorch_lightning.utilities"))


def _config(parameter: str, given: Any) -> Config:
    if not isinstance(given, Mapping) and not _is_config(given):
        raise TypeError(
            f"{parameter} must say when it is stepped where another does, as "
            f'{{"scheduler": ..., "interval": "step" | "epoch"}}, got {given!r}'
        )
    entries = dict(given) if isinstance(given, Mapping) else vars(given)
    if "lr_scheduler" in entries:  # all that configure_optimizers returns
        inner = entries["lr_scheduler"]
        return _config(parameter, inner if isinstance(inner, Mapping) or _is_config(inner) else {"scheduler": inner})
    if "scheduler" not in entries:
        raise TypeError(
            f'{parameter} must be a dict with the key "scheduler", or "lr_scheduler", got one with '
            f"{', '.join(map(repr, entries))}"
        )
    interval = choice("step", "epoch")(f'{caller_of(parameter)}: "interval"', entries.get("interval", "epoch"))
    frequency = integer(at_least=1)(f'{caller_of(parameter)}: "frequency"', entries.get("frequency", 1))
    return Config(entries["scheduler"], interval, frequency)


def _steps_taken(scheduler: Any) -> int:
    members = getattr(scheduler, "_schedulers", None)
    if hasattr(scheduler, "last_epoch") or not members:
        return getattr(scheduler, "last_epoch", 0)
    return max(map(_steps_taken, members))
