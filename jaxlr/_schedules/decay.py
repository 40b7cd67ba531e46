"""Schedules that multiply the learning rate by a factor of the epoch."""

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxlr._arguments import LAST_EPOCH, length, lengths, real
from jaxlr._float64 import power
from jaxlr._schedules.base import Integer, Length, Multiplicative, Scalar


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class StepLR(Multiplicative):
    r"""Multiplies the learning rate by gamma every step_size epochs: torch's StepLR.

    .. math:: \eta_t = \eta_0 \, \gamma^{\lfloor t / s \rfloor}

    with :math:`\eta_0` = lr, :math:`\gamma` = gamma, :math:`s` = step_size, and :math:`t` = last_epoch + 1 + count.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      step_size: the epochs between two drops: an integer >= 1, or a traced one.
      gamma: the factor: a finite number, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.StepLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.StepLR(0.1, step_size=30)
      >>> print(schedule(29), schedule(30))
      0.1 0.01
    """

    lr: Scalar
    step_size: Length
    gamma: Scalar = 0.1
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), step_size=length(at_least=1), gamma=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        drops = lax.div(t, self.step_size)  # t is not negative: // would look at its sign
        return self.lr * power(self.gamma, drops)

    def _factor(self, t: Any, initial: bool) -> Any:
        return jnp.where((t == 0) | (t % self.step_size != 0), 1.0, self.gamma)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class MultiStepLR(Multiplicative):
    r"""Multiplies the learning rate by gamma at each milestone: torch's MultiStepLR.

    .. math:: \eta_t = \eta_0 \, \gamma^{\,|\{m \in M : 0 \le m \le t\}|}

    with :math:`\eta_0` = lr, :math:`\gamma` = gamma, :math:`M` = milestones, and :math:`t` = last_epoch + 1 + count.
    A milestone that is given twice counts twice; a negative one is never reached.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      milestones: the epochs of the drops: integers, or traced ones, in any order.
      gamma: the factor: a finite number, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.MultiStepLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.MultiStepLR(0.05, milestones=[30, 80])
      >>> print(schedule(29), schedule(30), schedule(80))
      0.05 0.005 0.0005
    """

    lr: Scalar
    milestones: tuple[int | jax.Array, ...]
    gamma: Scalar = 0.1
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    if TYPE_CHECKING:  # what is given, where the fields say what is read

        def __init__(
            self, lr: Scalar, milestones: Iterable[Length], gamma: Scalar = 0.1, last_epoch: Integer = -1
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), milestones=lengths, gamma=real(), last_epoch=LAST_EPOCH)

    def _drops(self, t: Any) -> Any:
        """The milestones that lie in 0 .. t."""
        milestones = jnp.asarray(self.milestones)
        return jnp.sum((milestones >= 0) & (milestones <= t))

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * power(self.gamma, self._drops(t))

    def _factor(self, t: Any, initial: bool) -> Any:
        return power(self.gamma, self._drops(t) - self._drops(t - 1))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class ConstantLR(Multiplicative):
    r"""Multiplies the learning rate by a constant factor for the first total_iters epochs: torch's ConstantLR.

    .. math:: \eta_t = \eta_0 \cdot \begin{cases} f & t < T \\ 1 & t \ge T \end{cases}

    with :math:`\eta_0` = lr, :math:`f` = factor, :math:`T` = total_iters, and :math:`t` = last_epoch + 1 + count.
    With total_iters = 0 the factor stays for ever, as it does in the stepped torch object.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      factor: the factor: a number > 0 and <= 1 (at 0 torch divides by zero at the end), or a traced scalar.
      total_iters: the epochs that the factor holds: an integer >= 0, or a traced one.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.ConstantLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.ConstantLR(0.1, factor=0.5, total_iters=4)
      >>> print(schedule(3), schedule(4))
      0.05 0.1
    """

    lr: Scalar
    factor: Scalar = 1 / 3
    total_iters: Length = 5
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            factor=real(above=0, at_most=1),
            total_iters=length(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * jnp.where((t < self.total_iters) | (self.total_iters == 0), self.factor, 1.0)

    def _factor(self, t: Any, initial: bool) -> Any:
        restored = jnp.where(t == self.total_iters, 1 / self.factor, 1.0)
        return jnp.where(t == 0, self.factor, restored)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class LinearLR(Multiplicative):
    r"""Changes the learning rate's factor linearly over total_iters epochs: torch's LinearLR.

    .. math:: \eta_t = \eta_0 \left( a + (b - a) \, \frac{\min(t, T)}{T} \right)

    with :math:`\eta_0` = lr, :math:`a` = start_factor, :math:`b` = end_factor, :math:`T` = total_iters, and
    :math:`t` = last_epoch + 1 + count. With total_iters = 0 it stays at start_factor, as the stepped torch object does.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      start_factor: the factor at epoch 0: a number > 0 and <= 1, or a traced scalar.
      end_factor: the factor from epoch total_iters on: a number >= 0 and <= 1, or a traced scalar.
      total_iters: the epochs from start_factor to end_factor: an integer >= 0, or a traced one.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.LinearLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.LinearLR(0.1, start_factor=0.5, total_iters=4)
      >>> print(schedule(0), schedule(2), schedule(4))
      0.05 0.075 0.1
    """

    lr: Scalar
    start_factor: Scalar = 1 / 3
    end_factor: Scalar = 1.0
    total_iters: Length = 5
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            start_factor=real(above=0, at_most=1),
            end_factor=real(at_least=0, at_most=1),
            total_iters=length(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        T, done = jnp.maximum(self.total_iters, 1), jnp.minimum(t, self.total_iters)
        # The same with one division, the last: XLA divides as it multiplies by a rounded reciprocal.
        return self.lr * (self.start_factor * (T - done) + self.end_factor * done) / T

    def _factor(self, t: Any, initial: bool) -> Any:
        rise = self.end_factor - self.start_factor
        growth = 1 + rise / (self.total_iters * self.start_factor + (t - 1) * rise)
        warming = (t <= self.total_iters) & (not initial)
        return jnp.where(t == 0, self.start_factor, jnp.where(warming, growth, 1.0))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class ExponentialLR(Multiplicative):
    r"""Multiplies the learning rate by gamma every epoch: torch's ExponentialLR.

    .. math:: \eta_t = \eta_0 \, \gamma^t

    with :math:`\eta_0` = lr, :math:`\gamma` = gamma, and :math:`t` = last_epoch + 1 + count.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      gamma: the factor: a finite number, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.ExponentialLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.ExponentialLR(0.1, gamma=0.5)
      >>> print(schedule(0), schedule(1), schedule(2))
      0.1 0.05 0.025
    """

    lr: Scalar
    gamma: Scalar
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), gamma=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * power(self.gamma, t)

    def _factor(self, t: Any, initial: bool) -> Any:
        return 1.0 if initial else self.gamma


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class PolynomialLR(Multiplicative):
    r"""Decays the learning rate to zero by a power over total_iters epochs: torch's PolynomialLR.

    .. math:: \eta_t = \eta_0 \left( 1 - \frac{\min(t, T)}{T} \right)^p

    with :math:`\eta_0` = lr, :math:`T` = total_iters, :math:`p` = power, and :math:`t` = last_epoch + 1 + count.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      total_iters: the epochs to zero: an integer >= 1, or a traced one.
      power: the power: a finite number >= 0 (below 0 torch divides by zero at the end), or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.PolynomialLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.PolynomialLR(0.1, total_iters=4, power=2.0)
      >>> print(schedule(0), schedule(2), schedule(4))
      0.1 0.025 0.0
    """

    lr: Scalar
    total_iters: Length = 5
    power: Scalar = 1.0
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            total_iters=length(at_least=1),
            power=real(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        # 1 - t / T would not be 0 at t = T: XLA divides by a constant as it multiplies by its rounded reciprocal.
        left = (self.total_iters - jnp.minimum(t, self.total_iters)) / self.total_iters
        return self.lr * power(left, self.power)

    def _factor(self, t: Any, initial: bool) -> Any:
        decay_factor = power((self.total_iters - t) / (self.total_iters - (t - 1)), self.power)
        return jnp.where((t > self.total_iters) | initial, 1.0, decay_factor)
