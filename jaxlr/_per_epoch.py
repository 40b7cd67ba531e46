"""Torch recipes step once an epoch, Optax counts batches."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import flag, integer
from jaxlr._base import Schedule


@dataclasses.dataclass(frozen=True, repr=False)
class per_epoch(Schedule):
    r"""A schedule that is stepped once an epoch, as a schedule of the batch.

    .. math::
      \eta_i = f(\lfloor i / n \rfloor), \qquad
      \text{fractional: } \eta_i = f(\lfloor i / n \rfloor + (i \bmod n) / n)

    with :math:`f` = schedule, :math:`n` = steps_per_epoch, and :math:`i` = count, in batches.

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
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"per_epoch: schedule must be a jaxlr schedule, got {self.schedule!r}")
        self._check(steps_per_epoch=integer(at_least=1), fractional=flag)
        if self.fractional and not self.schedule._fractional:
            raise ValueError(
                "per_epoch: fractional must be False for a schedule that takes no fractional count, "
                f"got True for {type(self.schedule).__name__}"
            )

    @property
    def _first_epoch(self) -> int:
        return 0

    @property
    def _final_epoch(self) -> int | None:
        end = self.schedule._final_epoch
        return None if end is None else (end - self.schedule._first_epoch + 1) * self.steps_per_epoch - 1

    @property
    def _sequential(self) -> bool:
        return self.schedule._sequential

    @property
    def momentum(self) -> "per_epoch":
        """The momentum of the schedule given, as a schedule of the batch.

        Raises:
          AttributeError, ValueError: the schedule has no momentum.
        """
        return dataclasses.replace(self, schedule=self.schedule.momentum)  # type: ignore[attr-defined]

    def _closed_form(self, t: jax.Array) -> Any:
        epoch = self.schedule._first_epoch + t // self.steps_per_epoch
        return self.schedule._closed_form(
            epoch + t % self.steps_per_epoch / self.steps_per_epoch if self.fractional else epoch
        )

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        raise NotImplementedError("per_epoch steps the schedule given instead: see _step")

    def _start(self) -> tuple[Any, Any]:
        t, lr = self.schedule._start()
        return (jnp.zeros((), jnp.int64), t), lr

    def _step(self, t: Any, lr: Any) -> tuple[Any, Any]:
        batch, epoch = t[0] + 1, t[1]
        if self.fractional:
            return (batch, epoch), self._closed_form(batch)
        new_epoch = batch % self.steps_per_epoch == 0
        epoch, lr = jax.lax.cond(new_epoch, self.schedule._step, lambda *unchanged: unchanged, epoch, lr)
        return (batch, epoch), lr

    def _refuse_past_end(self, t: Any) -> None:
        if self._final_epoch is not None and not isinstance(t[0], jax.core.Tracer) and int(t[0]) >= self._final_epoch:
            raise ValueError(f"{self!r} ends at batch {self._final_epoch}: there is no step after it")
