"""A schedule that is known for so many steps."""

import dataclasses
from typing import Any

import jax.numpy as jnp

from jaxlr._arguments import length
from jaxlr._schedules.base import Length, Schedule, Wrapper, least_end, replaced


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Until(Wrapper):
    r"""A schedule that is known for the counts 0 .. total_steps - 1 alone.

    .. math:: \eta_i = f(\min(i, n - 1))

    with :math:`f` = schedule, :math:`n` = total_steps, and :math:`i` = count. Past the end a concrete count raises, and
    a traced one holds the last value, as with the total_steps of a LambdaLR. It is what ``from_torch`` makes of a
    recipe whose formula it has found from so many values: what lies beyond was never seen.

    Args:
      schedule: a jaxlr schedule.
      total_steps: the counts that it is known for: an integer >= 1, or a traced one. With a traced one no count is
        refused: past the end the last value holds.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Example:
      >>> import jaxlr
      >>> import jax
      >>> schedule = jaxlr.Until(jaxlr.ExponentialLR(0.1, gamma=0.5), total_steps=3)
      >>> print(schedule(2), jax.jit(schedule)(9))
      0.025 0.025
    """

    schedule: Schedule
    total_steps: Length

    def __post_init__(self) -> None:
        self._check_schedule()
        self._check(total_steps=length(at_least=1))

    @property
    def _final_epoch(self) -> Any:
        end = self.schedule._final_epoch
        return least_end([self.total_steps - 1, None if end is None else end - self.schedule._first_epoch])

    @property
    def _momentum(self) -> "Until | None":
        momentum = self.schedule._momentum
        return None if momentum is None else replaced(self, schedule=momentum)

    def _epoch(self, count: Any) -> Any:
        """The epoch of the schedule at a count."""
        return self.schedule._first_epoch + jnp.minimum(count, self._final_epoch)
