"""A table of a recipe's values, said as the formulas that give every one of them."""

import dataclasses
from typing import Any

import jax

from jaxlr._curves.recognize import recognize
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Schedule, walk
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import takes_metric
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.table import Table
from jaxlr._schedules.until import Until
from jaxlr._torch.state import at_epoch

_VALUES = (Table, LambdaLR, MultiplicativeLR)  # what says values, and no formula


def as_formulas(schedule: Any, total_steps: Any) -> Schedule:
    """The schedule as formulas, for as many steps as were seen; itself where no formula is found for it.

    Args:
      schedule: what a live scheduler has become, on its own clock.
      total_steps: the learning rates of the whole run, from epoch 0; None where nothing is to be looked for.
    """
    if isinstance(schedule, per_epoch):
        return dataclasses.replace(schedule, schedule=as_formulas(schedule.schedule, total_steps))
    if total_steps is None or not _is_readable(schedule):
        return schedule  # type: ignore[no-any-return]
    epoch = schedule._first_epoch
    steps = (total_steps if schedule._final_epoch is None else schedule._final_epoch + 1) - epoch
    if steps < 1:
        return schedule  # type: ignore[no-any-return]
    found = _found(dataclasses.replace(schedule, last_epoch=-1) if epoch else schedule, epoch + steps)
    if found is not None and epoch:
        found = at_epoch(found, epoch) or _found(schedule, steps)
    return schedule if found is None else Until(found, steps)


def _is_readable(schedule: Any) -> bool:
    """Whether its learning rates are all that it is: values, from a start, that no metric and no momentum goes with."""
    says_values = any(isinstance(part, _VALUES) for part in walk(schedule))
    drives_more = schedule._momentum is not None and not isinstance(schedule, Table)
    return says_values and not drives_more and not takes_metric(schedule) and not isinstance(schedule, Resumed)


def _found(schedule: Any, steps: int) -> Any:
    """The formulas of so many steps; of a table with momentums, with theirs."""
    with jax.enable_x64(True):
        return recognize(schedule if isinstance(schedule, Table) else trajectory(schedule, steps))
