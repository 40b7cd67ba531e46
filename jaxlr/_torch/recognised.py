"""A table of a recipe's values, said as the formulas that give every one of them."""

import dataclasses
from typing import Any

import jax

from jaxlr._curves.recognize import recognize
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Schedule, walk
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.table import Table
from jaxlr._schedules.until import Until
from jaxlr._torch.state import resumes_at_any_epoch

_VALUES = (Table, LambdaLR, MultiplicativeLR)  # what says values, and no formula


def recognised(schedule: Any, total_steps: Any) -> Schedule:
    """The schedule as formulas, for as many steps as were seen; itself where no formula is found for it.

    Args:
      schedule: what a live scheduler has become, on its own clock.
      total_steps: the learning rates of the whole run, from epoch 0; None where nothing is to be looked for.
    """
    if isinstance(schedule, per_epoch):
        return dataclasses.replace(schedule, schedule=recognised(schedule.schedule, total_steps))
    says_values = any(isinstance(part, _VALUES) for part in walk(schedule))
    drives_more = schedule._momentum is not None and not isinstance(schedule, Table)
    if total_steps is None or not says_values or drives_more or isinstance(schedule, Resumed):
        return schedule  # type: ignore[no-any-return]
    end = total_steps - 1 if schedule._final_epoch is None else schedule._final_epoch
    if schedule.last_epoch == -1:
        found = _found(schedule, end + 1)
    else:
        found = _found(dataclasses.replace(schedule, last_epoch=-1), end + 1)
        if found is not None and resumes_at_any_epoch(found):
            found = dataclasses.replace(found, last_epoch=schedule.last_epoch)
        else:
            found = _found(schedule, end - schedule.last_epoch)
    return schedule if found is None else Until(found, end - schedule.last_epoch)


def _found(schedule: Any, steps: int) -> Any:
    """The formulas of so many steps; of a table with momentums, from its start, with theirs."""
    with jax.enable_x64(True):
        whole = isinstance(schedule, Table) and schedule.last_epoch == -1
        return recognize(schedule if whole else trajectory(schedule, steps))
