"""Torch recipes step once an epoch, Optax counts batches."""

import dataclasses
from typing import Any

import jax

from jaxlr._arguments import flag, integer
from jaxlr._float64 import replaced
from jaxlr._schedules.base import Group, Schedule, Wrapper


@dataclasses.dataclass(frozen=True, repr=False)
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
      steps_per_epoch: the batches of an epoch: an integer >= 1.
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
    steps_per_epoch: int
    fractional: bool = False

    def __post_init__(self) -> None:
        self._check_schedule()
        self._check(steps_per_epoch=integer(at_least=1), fractional=flag)
        if self.fractional and not self.schedule._fractional:
            raise ValueError(
                "per_epoch: fractional must be False for a schedule that takes no fractional count, "
                f"got True for {type(self.schedule).__name__}"
            )

    @property
    def _final_epoch(self) -> int | None:
        end = self.schedule._final_epoch
        return None if end is None else (end - self.schedule._first_epoch + 1) * self.steps_per_epoch - 1

    @property
    def _has_closed_form(self) -> bool:
        return self.schedule._has_closed_form

    @property
    def _starts(self) -> bool:
        return self.schedule._starts

    @property
    def _cycles_momentum(self) -> bool:
        return self.schedule._cycles_momentum

    @property
    def _own_momentum(self) -> "per_epoch | None":
        momentum = self.schedule._own_momentum
        return None if momentum is None else replaced(self, schedule=momentum)

    def _held(self, group: Group) -> Any:
        return self.schedule._held(group)

    def _closed_form(self, t: jax.Array) -> Any:
        epoch = self.schedule._first_epoch + t // self.steps_per_epoch
        return self.schedule._closed_form(
            epoch + t % self.steps_per_epoch / self.steps_per_epoch if self.fractional else epoch
        )

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        schedule, node, group = self.schedule._construct(group)
        return replaced(self, schedule=schedule), self._node((0, node)), group

    def _linked(self, group: Group) -> "per_epoch":
        linked: per_epoch = replaced(self, schedule=self.schedule._linked(group))
        return linked

    def _start(self) -> tuple[Any, Group]:
        node, group = self.schedule._start()
        return self._node((0, node)), group

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        batch, epoch = self._remembered(node)
        batch = batch + 1
        if self.fractional:
            return self._node((batch, epoch)), group._replace(lr=self._closed_form(batch))

        def step(epoch: Any, group: Group) -> tuple[Any, Group]:
            return self.schedule._step(epoch, group, metric)

        new_epoch = batch % self.steps_per_epoch == 0
        epoch, group = jax.lax.cond(new_epoch, step, lambda *unchanged: unchanged, epoch, group)
        return self._node((batch, epoch)), group

    def _epoch(self, node: Any) -> Any:
        batch, _ = self._remembered(node)
        return batch
