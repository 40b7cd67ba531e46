"""detectron2: its hook steps an LRMultiplier, of a ParamScheduler of fvcore's, after each iteration."""

from typing import Any

from jaxlr._torch.drivers.driver import Driver, check_left_out, is_from


def knows(schedulers: list[Any]) -> bool:
    """Whether all are detectron2's."""
    return all(is_from(scheduler, "detectron2.solver") for scheduler in schedulers)


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """As detectron2.engine.hooks.LRScheduler: step() after each iteration."""
    check_left_out(parameter, "a scheduler of detectron2, which counts iterations", steps_per_epoch)
    return Driver(schedulers)
