"""How a framework's own trainer steps what it was given: a file a framework, none of which imports it."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxlr._arguments import integer, optional
from jaxlr._torch.drivers import accelerate, detectron2, lightning, mmengine, plain, timm
from jaxlr._torch.drivers.driver import Driver, caller_of

_FRAMEWORKS = (timm, mmengine, lightning, accelerate, detectron2)


def is_of_a_framework(scheduler: Any) -> bool:
    """Whether a framework's trainer steps it, or the first of a list of them, and no loop of the user's."""
    first = scheduler[0] if isinstance(scheduler, Sequence) and scheduler else scheduler
    if isinstance(first, Mapping):
        return bool(first.keys() & {"scheduler", "lr_scheduler"})
    return any(module.knows([first]) for module in _FRAMEWORKS)


def driver_of(parameter: str, scheduler: Any, steps_per_epoch: Any) -> Driver:
    """The driver of one scheduler, or of a list of those that one trainer steps on one optimizer.

    parameter: what an error calls it, "from_torch: scheduler".
    """
    n = optional(integer(at_least=1))(f"{caller_of(parameter)}: steps_per_epoch", steps_per_epoch)
    schedulers = list(scheduler) if isinstance(scheduler, Sequence) else [scheduler]
    if not schedulers:
        raise ValueError(f"{parameter} must be a torch scheduler, or a list of them, got an empty list")
    if isinstance(scheduler, Mapping) and scheduler and all(isinstance(value, list) for value in scheduler.values()):
        raise TypeError(
            f"{parameter} must be of one optimizer, got a dict of lists, {', '.join(map(repr, scheduler))}: "
            "pass one of the lists"
        )
    for module in _FRAMEWORKS:
        if module.knows(schedulers):
            driver: Driver = module.driver(parameter, schedulers, n)
            return driver
    return plain.driver(parameter, schedulers, n)
