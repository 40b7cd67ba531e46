"""A line of the learning rate's factor, from 0 too."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import LAST_EPOCH, duration, real
from jaxlr._schedules.base import Absolute, Integer, Scalar


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class LinearRamp(Absolute):
    r"""Changes the learning rate's factor linearly, from 0 too: the warm-up that recipes write as a LambdaLR.

    .. math:: \eta_t = \eta_0 \left( a + (b - a) \, \frac{\min(t, T)}{T} \right)

    with :math:`\eta_0` = lr, :math:`a` = start_factor, :math:`b` = end_factor, :math:`T` = total_iters, and
    :math:`t` = last_epoch + 1 + count. Torch's LinearLR multiplies its way up, and so refuses a start_factor of 0, and
    a factor above 1; its length is an integer. A step gives the value of the formula, whatever rate it finds.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      total_iters: the epochs from start_factor to end_factor: a finite number > 0, whole or not, or a traced scalar.
      start_factor: the factor at epoch 0: a finite number >= 0, or a traced scalar.
      end_factor: the factor from epoch total_iters on: a finite number >= 0, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      transformers.get_constant_schedule_with_warmup; where both can say it, torch.optim.lr_scheduler.LinearLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.LinearRamp(0.1, total_iters=4)
      >>> print(schedule(0), schedule(1), schedule(4), schedule(5))
      0.0 0.025 0.1 0.1
    """

    lr: Scalar
    total_iters: Scalar
    start_factor: Scalar = 0.0
    end_factor: Scalar = 1.0
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            total_iters=duration,
            start_factor=real(at_least=0),
            end_factor=real(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        T, done = self.total_iters, jnp.minimum(t, self.total_iters)
        # The same with one division, the last: XLA divides as it multiplies by a rounded reciprocal.
        return self.lr * (self.start_factor * (T - done) + self.end_factor * done) / T
