"""What a driver says."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any


def step_each(schedulers: Sequence[Any], update: int) -> None:
    """One step of each, in order."""
    del update
    for scheduler in schedulers:
        scheduler.step()


@dataclasses.dataclass(frozen=True)
class Driver:
    """How a trainer steps its schedulers, on one optimizer.

    Attributes:
      schedulers: what it steps.
      after_update: after_update(schedulers, n) makes the calls that follow the n-th update of the optimizer, from 1 on.
      every: it makes any after every so many updates alone.
      in_step: whether those calls are one step of each, in the order of schedulers, and nothing else.
      own: whether schedulers that are no plain torch ones are its own, and may be stepped for real.
    """

    schedulers: Sequence[Any]
    after_update: Callable[[Sequence[Any], int], None] = step_each
    every: int = 1
    in_step: bool = True
    own: bool = True


def is_from(value: Any, module: str) -> bool:
    """Whether the class, or one that it is derived from, is of the module, or of one in it."""
    return any(f"{cls.__module__}.".startswith(f"{module}.") for cls in type(value).__mro__)


def is_plateau(scheduler: Any) -> bool:
    """Whether it is torch's ReduceLROnPlateau, or derived from it."""
    return any(
        (cls.__module__, cls.__name__) == ("torch.optim.lr_scheduler", "ReduceLROnPlateau")
        for cls in type(scheduler).__mro__
    )


def optimizer_of(parameter: str, driver: Driver) -> Any:
    """The one optimizer that the schedulers edit; parameter: what an error calls them."""
    optimizers = [getattr(scheduler, "optimizer", None) for scheduler in driver.schedulers]
    for scheduler, optimizer in zip(driver.schedulers, optimizers, strict=True):
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"{parameter} must be one of a torch optimizer, got {scheduler!r}")
    if any(optimizer is not optimizers[0] for optimizer in optimizers):
        caller = caller_of(parameter)
        raise ValueError(f"{caller}: schedulers of a list must belong to the same optimizer, got several optimizers")
    return optimizers[0]


def caller_of(parameter: str) -> str:
    """Who calls a parameter so: "verify" of "verify: reference"."""
    return parameter.partition(":")[0]


def needed(parameter: str, what: str, steps_per_epoch: int | None) -> int:
    """The batches of an epoch, where the recipe counts epochs; parameter: what an error calls the scheduler."""
    if steps_per_epoch is None:
        raise ValueError(
            f"{caller_of(parameter)}: steps_per_epoch must be given for {what}: a count is one update of the "
            "optimizer; steps_per_epoch=1 gives the schedule of the epoch"
        )
    return steps_per_epoch


def check_left_out(parameter: str, what: str, steps_per_epoch: int | None) -> None:
    """Refuses the batches of an epoch where nothing counts epochs."""
    if steps_per_epoch is not None:
        raise ValueError(f"{caller_of(parameter)}: steps_per_epoch must be left out for {what}, got {steps_per_epoch}")


def check_at_start(parameter: str, what: str, schedulers: Sequence[Any], taken: Callable[[Any], int]) -> None:
    """Refuses one in mid-run, which does not say where in its epoch the other clock is."""
    for scheduler in schedulers:
        if taken(scheduler) > 0:
            raise ValueError(
                f"{parameter} must be at its start for {what}, got {type(scheduler).__name__} after "
                f"{taken(scheduler)} steps: convert the recipe as it is built"
            )


def needs_metric(parameter: str, scheduler: Any) -> ValueError:
    """What is raised for one that cannot be stepped into a table."""
    return ValueError(
        f"{parameter} must be a function of the count to be stepped into a table, got "
        f"{type(scheduler).__name__}, which reads a metric: on the metrics of a run it is stepped by "
        "jaxlr.record(lambda count: scheduler.step(metrics[count - 1]), optimizer, steps, counts_from=1)"
    )
