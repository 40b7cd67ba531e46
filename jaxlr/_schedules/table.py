"""A schedule that is a table of its values."""

import dataclasses
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxlr._arguments import LAST_EPOCH, is_real, is_traced, listed, optional, real, shown
from jaxlr._numbers import Numbers
from jaxlr._schedules.base import Absolute, Integer, Scalar, replaced


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Table(Absolute):
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

    values: Numbers
    momentums: Numbers | None = None
    last_epoch: Integer = -1

    if TYPE_CHECKING:  # what is given, where the fields say what is read

        def __init__(
            self, values: Iterable[Scalar], momentums: Iterable[Scalar] | None = None, last_epoch: Integer = -1
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check(values=table, momentums=optional(table), last_epoch=LAST_EPOCH)
        if self.momentums is not None and len(self.momentums) != len(self.values):
            raise ValueError(
                f"Table: momentums must be as many as values, {len(self.values)}, "
                f"got {len(self.momentums)}: {shown(self.momentums)}"
            )
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> int:
        return len(self.values) - 1

    @property
    def _momentum(self) -> "Table | None":
        return None if self.momentums is None else replaced(self, values=self.momentums, momentums=None)

    def _closed_form(self, t: jax.Array) -> Any:
        return jnp.asarray(self.values)[t]


def table(name: str, value: Any) -> Numbers:
    """A sequence, or an array of one dimension, of finite numbers, at least one."""
    if isinstance(value, Numbers):
        return value
    allowed = "a sequence, or an array of one dimension, of finite numbers"
    if is_traced(value):
        raise TypeError(
            f"{name} must be {allowed}, known when the program is traced, got {value}: "
            "write the schedule as a function, lambda count: values[count]"
        )
    if isinstance(value, (np.ndarray, jax.Array)):
        if value.ndim != 1 or not is_real(value.dtype):
            raise TypeError(
                f"{name} must be {allowed}, got one of shape {value.shape} and dtype {value.dtype}: {value}"
            )
        array = np.asarray(value, np.float64)
    else:
        items = listed(name, value, "finite numbers")
        if set(map(type, items)) <= {float, int}:
            array = np.array([_float(item) for item in items])
        else:
            each = real(static=True)
            array = np.array([each(f"{name}[{i}]", item) for i, item in enumerate(items)], np.float64)
    if not len(array):
        raise ValueError(f"{name} must hold at least one number, got {value!r}")
    if not np.all(np.isfinite(array)):
        i = int(np.argmin(np.isfinite(array)))
        raise ValueError(f"{name}[{i}] must be a finite number, got {array[i]} in {shown(value)}")
    return Numbers(array)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf
