"""Torch recipes step once an epoch, Optax counts batches."""

import dataclasses
from typing import Any

from jaxlr._arguments import flag, length
from jaxlr._schedules.base import Flag, Length, Schedule, Wrapper, replaced


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class per_epoch(Wrapper):
    r"""A schedule that is stepped once an epoch, as a schedule of the batch.

    .. math::
      \eta_i = f(\lfloor i / n \rfloor), \qquad
      \text{fractional: } \eta_i = f(\lfloor i / n \rfloor + (i \bmod n) / n)

    with :math:`f` = schedule, :math:`n` = steps_per_epoch, and :math:`i` = count, in batches.
    A schedule that has no closed form (a plateau, most composites) is stepped through ``.stateful()``, once a batch; a
    ReduceLROnPlateau then takes the value of every steps_per_epoch-th update.

    Args:
      schedule: a jaxlr schedule whose count is the epoch.
      steps_per_epoch: the batches of an epoch: an integer >= 1, or a traced one.
      fractional: whether to call the schedule with the fractional epoch, as torch's
        ``scheduler.step(epoch + i / steps_per_epoch)`` does; for CosineAnnealingWarmRestarts alone.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.step

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.per_epoch(jaxlr.StepLR(0.1, step_size=30), steps_per_epoch=500)
      >>> print(schedule(14_999), schedule(15_000))
      0.1 0.01
    """

    schedule: Schedule
    steps_per_epoch: Length
    fractional: Flag = False

    def __post_init__(self) -> None:
        self._check_schedule()
        self._check(steps_per_epoch=length(at_least=1), fractional=flag)
        if self.fractional and not self.schedule._fractional:
            raise ValueError(
                "per_epoch: fractional must be False for a schedule that takes no fractional count, "
                f"got True for {type(self.schedule).__name__}"
            )

    @property
    def _final_epoch(self) -> Any:
        end = self.schedule._final_epoch
        return None if end is None else (end - self.schedule._first_epoch + 1) * self.steps_per_epoch - 1

    @property
    def _momentum(self) -> "per_epoch | None":
        momentum = self.schedule._momentum
        return None if momentum is None else replaced(self, schedule=momentum)

    def _epoch(self, batch: Any) -> Any:
        """The epoch of the schedule at a batch."""
        epoch = self.schedule._first_epoch + batch // self.steps_per_epoch
        if not self.fractional:
            return epoch
        return epoch + batch % self.steps_per_epoch / self.steps_per_epoch
