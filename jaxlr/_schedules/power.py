"""Schedules that follow a power of the epoch: down to a floor, or ever slower."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import LAST_EPOCH, duration, real
from jaxlr._float64 import power
from jaxlr._schedules.base import Absolute, Integer, Multiplicative, Scalar


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class PolynomialDecay(Absolute):
    r"""Decays the learning rate to eta_min by a power over total_iters epochs: torch's PolynomialLR with a floor.

    .. math:: \eta_t = \eta_{min} + (\eta_0 - \eta_{min}) \left( 1 - \frac{\min(t, T)}{T} \right)^p

    with :math:`\eta_0` = lr, :math:`\eta_{min}` = eta_min, :math:`T` = total_iters, :math:`p` = power, and
    :math:`t` = last_epoch + 1 + count. A step gives the value of the formula, whatever rate it finds.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      total_iters: the epochs to eta_min: a finite number > 0, whole or not, or a traced scalar.
      power: the power: a finite number >= 0, or a traced scalar.
      eta_min: the learning rate from epoch total_iters on: a finite number, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      transformers.get_polynomial_decay_schedule_with_warmup (lr_end), mmengine.optim.PolyLR (eta_min), and for
      eta_min=0 torch.optim.lr_scheduler.PolynomialLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.PolynomialDecay(0.1, total_iters=4, power=2.0, eta_min=0.02)
      >>> print(schedule(0), schedule(2), schedule(4))
      0.1 0.04 0.02
    """

    lr: Scalar
    total_iters: Scalar
    power: Scalar = 1.0
    eta_min: Scalar = 0.0
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            total_iters=duration,
            power=real(at_least=0),
            eta_min=real(),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        # 1 - t / T would not be 0 at t = T: XLA divides by a constant as it multiplies by its rounded reciprocal.
        left = (self.total_iters - jnp.minimum(t, self.total_iters)) / self.total_iters
        return self.eta_min + (self.lr - self.eta_min) * power(left, self.power)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class InversePower(Multiplicative):
    r"""Decays the learning rate as a power of the inverse time: the inverse square root of transformers.

    .. math:: \eta_t = \eta_0 \left( \frac{s}{s + t} \right)^p

    with :math:`\eta_0` = lr, :math:`s` = timescale, :math:`p` = power, and :math:`t` = last_epoch + 1 + count. With
    power=1 it is the decay in inverse time. Noam's schedule enters it at the end of a warm-up of W epochs with
    timescale=W.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      timescale: the epochs until the time has doubled: a finite number > 0, whole or not, or a traced scalar.
      power: the power: a finite number >= 0, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      transformers.get_inverse_sqrt_schedule; Vaswani et al., Attention Is All You Need, arXiv:1706.03762

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.InversePower(0.1, timescale=100)
      >>> print(schedule(0), schedule(300))
      0.1 0.05
      >>> noam = jaxlr.SequentialLR(0.1, [jaxlr.LinearRamp(0.1, 100), schedule], milestones=[100])
      >>> print(noam(50), noam(100), noam(400))
      0.05 0.1 0.05
    """

    lr: Scalar
    timescale: Scalar
    power: Scalar = 0.5
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), timescale=duration, power=real(at_least=0), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * power(self.timescale / (self.timescale + t), self.power)

    def _factor(self, t: Any, initial: bool) -> Any:
        before = self.timescale + jnp.maximum(t - 1, 0)
        return power(before / (self.timescale + t), self.power)
