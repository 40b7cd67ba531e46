"""What a trainer steps, stepped for real on copies, as exact tables."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from jaxlr._arguments import integer
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._torch.drivers.driver import Driver, caller_of, is_plateau, needs_metric, optimizer_of
from jaxlr._torch.held import WAY_OUT
from jaxlr._torch.record import moves, stepped, table_of


def schedules_of(parameter: str, driver: Driver, total_steps: Any, notes: list[str]) -> list[Schedule]:
    """The schedule of each parameter group, for so many updates; the schedulers and the optimizer stay as they are.

    parameter: what an error calls the schedulers, "from_torch: scheduler".
    """
    caller, optimizer = caller_of(parameter), optimizer_of(parameter, driver)
    names = ", ".join(type(one).__name__ for one in driver.schedulers)
    for scheduler in driver.schedulers:
        if is_plateau(scheduler):
            raise needs_metric(parameter, scheduler)
    if total_steps is None:
        raise ValueError(
            f"{caller}: total_steps must be given for {names}, stepped for real into a table of so many updates"
        )
    counts = -(-integer(at_least=1)(f"{caller}: total_steps", total_steps) // driver.every)
    try:
        schedulers = copy.deepcopy(list(driver.schedulers), {id(optimizer): optimizer})
    except Exception as error:
        raise ValueError(
            f"{parameter} must be one that can be copied, to be stepped, got {names} "
            f"({type(error).__name__}: {error}): {WAY_OUT}"
        ) from error

    def advance(count: int) -> None:
        if count:
            driver.after_update(schedulers, count * driver.every)

    with _as_it_was(optimizer):
        lrs, momentums, _ = stepped(caller, advance, optimizer, counts)
    if counts > 1 and not any(map(moves, (*lrs, *momentums))):
        notes.append(f"{parameter} must change the learning rate, got {names}, which never does in {counts} steps")
    tables = map(table_of, lrs, momentums)
    return [table if driver.every == 1 else per_epoch(table, driver.every) for table in tables]


@contextlib.contextmanager
def _as_it_was(optimizer: Any) -> Iterator[None]:
    """Gives the parameter groups back as they were; a tensor as the same object."""
    groups = optimizer.param_groups
    held = [{name: value for name, value in group.items() if name != "params"} for group in groups]
    tensors = [
        (value, value.detach().clone()) for group in held for value in group.values() if hasattr(value, "detach")
    ]
    try:
        yield
    finally:
        for value, before in tensors:
            value.detach().copy_(before)
        for group, entries in zip(groups, held, strict=False):
            for name in group.keys() - entries.keys() - {"params"}:
                del group[name]
            group.update(entries)
