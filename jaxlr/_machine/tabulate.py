"""A schedule as a table of its first values."""

import jax

from jaxlr._arguments import integer
from jaxlr._machine.trajectory import trajectory
from jaxlr._numbers import Numbers
from jaxlr._schedules.base import Integer, Schedule
from jaxlr._schedules.plateau import takes_metric
from jaxlr._schedules.table import Table


def tabulate(schedule: Schedule, steps: Integer) -> Table:
    """The same schedule as a table of its learning rates at counts 0 .. steps - 1, in float64.

    For what has no closed form, or a slow one: a table is looked up in constant time.

    Args:
      schedule: a jaxlr schedule.
      steps: how many: an integer >= 1. The table ends there.

    Returns:
      A Table, which equals the schedule at every count below steps.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Example:
      >>> import jaxlr
      >>> table = jaxlr.tabulate(jaxlr.MultiplicativeLR(0.1, lambda epoch: 0.5), 3)
      >>> table
      Table(values=(0.1, 0.05, 0.025))
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(f"tabulate: schedule must be a jaxlr schedule, got {schedule!r}")
    if takes_metric(schedule):
        raise TypeError(f"tabulate: schedule must take no metric, got {schedule!r}: step its .stateful()")
    integer(at_least=1)("tabulate: steps", steps)
    with jax.enable_x64(True):
        return Table(Numbers(trajectory(schedule, steps)))
