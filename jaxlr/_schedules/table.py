"""A schedule that is a table of its values."""

import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxlr._arguments import LAST_EPOCH, finite_numbers, integer, optional
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Formula, Schedule


@dataclasses.dataclass(frozen=True, repr=False)
class Table(Formula):
    r"""The learning rates themselves.

    .. math:: \eta_t = v_t

    with :math:`v` = values and :math:`t` = last_epoch + 1 + count. Past the end of the table a concrete count raises,
    and a traced one holds the last value.

    Args:
      values: the learning rates from epoch 0 on: finite numbers, at least one.
      momentums: likewise the momentums (or beta1), as many: the table ``.momentum``; None where there are none.
      last_epoch: the epoch before count 0: an integer >= -1.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.Table([0.1, 0.05, 0.01])
      >>> print(schedule(1))
      0.05
    """

    values: Iterable[float]
    momentums: Iterable[float] | None = None
    last_epoch: int = -1
    _absolute: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        self._check(values=finite_numbers, momentums=optional(finite_numbers), last_epoch=LAST_EPOCH)
        if self.momentums is not None and len(tuple(self.momentums)) != len(self._values):
            raise ValueError(
                f"Table: momentums must be as many as values, {len(self._values)}, got {list(self.momentums)}"
            )
        self._check_last_epoch()

    @property
    def _initial_lr(self) -> float:
        return self._values[0]

    @property
    def _values(self) -> tuple[float, ...]:
        return self.values  # type: ignore[return-value]

    @property
    def _final_epoch(self) -> int:
        return len(self._values) - 1

    @property
    def _lrs(self) -> tuple[()]:
        return ()

    @property
    def _own_momentum(self) -> "Table | None":
        return None if self.momentums is None else Table(self.momentums, last_epoch=self.last_epoch)

    def _closed_form(self, t: jax.Array) -> Any:
        return jnp.asarray(np.array(self._values))[t]

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return self._closed_form(t)


def tabulate(schedule: Schedule, steps: int) -> Table:
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
    if schedule._takes_metric:
        raise TypeError(f"tabulate: schedule must take no metric, got {schedule!r}: step its .stateful()")
    integer(at_least=1)("tabulate: steps", steps)
    with jax.enable_x64(True):
        return Table(trajectory(schedule, steps).tolist())
