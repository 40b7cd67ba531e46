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


def recognised(schedule: Any, total_steps: Any) -> Schedule:
    """The schedule as formulas, for as many steps as were seen; itself where it is no table, or no formula is found.

    Args:
      schedule: what a live scheduler has become, on its own clock.
      total_steps: the learning rates of the whole run, from epoch 0; None where nothing is to be looked for.
    """
    if isinstance(schedule, per_epoch):
        return dataclasses.replace(schedule, schedule=recognised(schedule.schedule, total_steps))
    if total_steps is None or isinstance(schedule, Resumed) or not any(map(_is_no_formula, walk(schedule))):
        return schedule  # type: ignore[no-any-return]
    if schedule._momentum is not None and not isinstance(schedule, Table):
        return schedule  # type: ignore[no-any-return]
    resumes = schedule.last_epoch >= 0
    whole = dataclasses.replace(schedule, last_epoch=-1) if resumes else schedule
    end = total_steps - 1 if whole._final_epoch is None else whole._final_epoch
    with jax.enable_x64(True):
        found = recognize(whole if isinstance(whole, Table) else trajectory(whole, end + 1))
    if found is None or (resumes and isinstance(found, per_epoch)):
        return schedule  # type: ignore[no-any-return]
    if resumes:
        found = dataclasses.replace(found, last_epoch=schedule.last_epoch)  # type: ignore[type-var]
    return Until(found, end - schedule.last_epoch)


def _is_no_formula(part: Schedule) -> bool:
    """Whether it is a table, or a function that has no name to print."""
    match part:
        case LambdaLR() | MultiplicativeLR():
            return part._factors is not None or "<" in repr(part)
        case _:
            return isinstance(part, Table)
