"""Schedules that multiply the learning rate by a factor of the epoch."""

import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import lax

from jaxlr._arguments import LAST_EPOCH, integer, integers, real
from jaxlr._float64 import power
from jaxlr._schedules.base import Formula, Group, Scalar


@dataclasses.dataclass(frozen=True, repr=False)
class StepLR(Formula):
    r"""Multiplies the learning rate by gamma every step_size epochs: torch's StepLR.

    .. math:: \eta_t = \eta_0 \, \gamma^{\lfloor t / s \rfloor}

    with :math:`\eta_0` = lr, :math:`\gamma` = gamma, :math:`s` = step_size, and :math:`t` = last_epoch + 1 + count.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      step_size: the epochs between two drops: an integer >= 1.
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
    step_size: int
    gamma: Scalar = 0.1
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "step_size", "gamma")

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), step_size=integer(at_least=1), gamma=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        drops = lax.div(t, jnp.asarray(self.step_size, jnp.int64))  # t is not negative: // would look at its sign
        return self.lr * power(self.gamma, drops)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return jnp.where((t == 0) | (t % self.step_size != 0), lr, lr * self.gamma)


@dataclasses.dataclass(frozen=True, repr=False)
class MultiStepLR(Formula):
    r"""Multiplies the learning rate by gamma at each milestone: torch's MultiStepLR.

    .. math:: \eta_t = \eta_0 \, \gamma^{\,|\{m \in M : 0 \le m \le t\}|}

    with :math:`\eta_0` = lr, :math:`\gamma` = gamma, :math:`M` = milestones, and :math:`t` = last_epoch + 1 + count.
    A milestone that is given twice counts twice; a negative one is never reached.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      milestones: the epochs of the drops: an iterable of integers, in any order.
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
    milestones: Iterable[int]
    gamma: Scalar = 0.1
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "gamma")

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), milestones=integers, gamma=real(), last_epoch=LAST_EPOCH)

    def _drops(self, t: Any) -> Any:
        """The milestones that lie in 0 .. t."""
        milestones = jnp.asarray(sorted(m for m in self.milestones if m >= 0), jnp.int64)
        return jnp.searchsorted(milestones, t, side="right", method="scan_unrolled")

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * power(self.gamma, self._drops(t))

    @property
    def _closed_after_entering(self) -> bool:
        return all(milestone >= 0 for milestone in self.milestones)

    def _entry_lr(self, group: Group) -> Any:
        return self.lr * self.gamma ** sum(milestone <= 0 for milestone in self.milestones)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return lr * power(self.gamma, self._drops(t) - self._drops(t - 1))


@dataclasses.dataclass(frozen=True, repr=False)
class ConstantLR(Formula):
    r"""Multiplies the learning rate by a constant factor for the first total_iters epochs: torch's ConstantLR.

    .. math:: \eta_t = \eta_0 \cdot \begin{cases} f & t < T \\ 1 & t \ge T \end{cases}

    with :math:`\eta_0` = lr, :math:`f` = factor, :math:`T` = total_iters, and :math:`t` = last_epoch + 1 + count.
    With total_iters = 0 the factor stays for ever, as it does in the stepped torch object.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      factor: the factor: a number > 0 and <= 1 (at 0 torch divides by zero at the end), or a traced scalar.
      total_iters: the epochs that the factor holds: an integer >= 0.
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
    total_iters: int = 5
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "factor", "total_iters")

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            factor=real(above=0, at_most=1),
            total_iters=integer(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * jnp.where((t < self.total_iters) | (self.total_iters == 0), self.factor, 1.0)

    @property
    def _closed_after_entering(self) -> bool:
        return self.total_iters > 0

    def _entry_lr(self, group: Group) -> Any:
        return self.lr * jnp.where(self.total_iters <= 0, 1.0, self.factor)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        restored = jnp.where(t == self.total_iters, lr * (1 / self.factor), lr)
        return jnp.where(t == 0, lr * self.factor, restored)


@dataclasses.dataclass(frozen=True, repr=False)
class LinearLR(Formula):
    r"""Changes the learning rate's factor linearly over total_iters epochs: torch's LinearLR.

    .. math:: \eta_t = \eta_0 \left( a + (b - a) \, \frac{\min(t, T)}{T} \right)

    with :math:`\eta_0` = lr, :math:`a` = start_factor, :math:`b` = end_factor, :math:`T` = total_iters, and
    :math:`t` = last_epoch + 1 + count. With total_iters = 0 it stays at start_factor, as the stepped torch object does.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      start_factor: the factor at epoch 0: a number > 0 and <= 1, or a traced scalar.
      end_factor: the factor from epoch total_iters on: a number >= 0 and <= 1, or a traced scalar.
      total_iters: the epochs from start_factor to end_factor: an integer >= 0.
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
    total_iters: int = 5
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "start_factor", "end_factor", "total_iters")

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            start_factor=real(above=0, at_most=1),
            end_factor=real(at_least=0, at_most=1),
            total_iters=integer(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    @property
    def _enters(self) -> bool:
        return self.total_iters > 0

    def _closed_form(self, t: jax.Array) -> Any:
        T, done = jnp.maximum(self.total_iters, 1), jnp.minimum(t, self.total_iters)
        # The same with one division, the last: XLA divides as it multiplies by a rounded reciprocal.
        return self.lr * (self.start_factor * (T - done) + self.end_factor * done) / T

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        rise = self.end_factor - self.start_factor
        grown = lr * (1 + rise / (self.total_iters * self.start_factor + (t - 1) * rise))
        warming = (t <= self.total_iters) & (not initial)
        return jnp.where(t == 0, lr * self.start_factor, jnp.where(warming, grown, lr))


@dataclasses.dataclass(frozen=True, repr=False)
class ExponentialLR(Formula):
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
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "gamma")

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), gamma=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * power(self.gamma, t)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return lr if initial else lr * self.gamma


@dataclasses.dataclass(frozen=True, repr=False)
class PolynomialLR(Formula):
    r"""Decays the learning rate to zero by a power over total_iters epochs: torch's PolynomialLR.

    .. math:: \eta_t = \eta_0 \left( 1 - \frac{\min(t, T)}{T} \right)^p

    with :math:`\eta_0` = lr, :math:`T` = total_iters, :math:`p` = power, and :math:`t` = last_epoch + 1 + count.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      total_iters: the epochs to zero: an integer >= 1.
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
    total_iters: int = 5
    power: Scalar = 1.0
    last_epoch: int = -1
    _multiplies: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "total_iters", "power")

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            total_iters=integer(at_least=1),
            power=real(at_least=0),
            last_epoch=LAST_EPOCH,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        # 1 - t / T would not be 0 at t = T: XLA divides by a constant as it multiplies by its rounded reciprocal.
        left = (self.total_iters - jnp.minimum(t, self.total_iters)) / self.total_iters
        return self.lr * power(left, self.power)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        decay_factor = power((self.total_iters - t) / (self.total_iters - (t - 1)), self.power)
        return jnp.where((t > self.total_iters) | initial, lr, lr * decay_factor)
