"""Schedules that follow a cosine between the learning rate and eta_min."""

import dataclasses
import math
from itertools import count, takewhile
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jaxlr._arguments import LAST_EPOCH, integer, real
from jaxlr._schedules.base import Formula, Scalar


@dataclasses.dataclass(frozen=True, repr=False)
class CosineAnnealingLR(Formula):
    r"""Follows half a cosine from lr to eta_min in T_max epochs, and back, and so on: torch's CosineAnnealingLR.

    .. math:: \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) \left( 1 + \cos \frac{\pi t}{T} \right)

    with :math:`\eta_0` = lr, :math:`\eta_{min}` = eta_min, :math:`T` = T_max, and :math:`t` = last_epoch + 1 + count.
    Past T_max the period is 2 T_max.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      T_max: the epochs from lr to eta_min: an integer >= 1.
      eta_min: the least learning rate: a finite number, or a traced scalar.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov & Hutter, SGDR, arXiv:1608.03983

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.CosineAnnealingLR(0.1, T_max=100)
      >>> print(schedule(0), schedule(50), schedule(100))
      0.1 0.05 0.0
    """

    lr: Scalar
    T_max: int
    eta_min: Scalar = 0.0
    last_epoch: int = -1
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "T_max", "eta_min")

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), T_max=integer(at_least=1), eta_min=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        return self.eta_min + (self.lr - self.eta_min) * (1 + jnp.cos(math.pi * t / self.T_max)) / 2

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        if initial:
            return lr
        rising = lr + (self.lr - self.eta_min) * (1 - jnp.cos(math.pi / self.T_max)) / 2
        ratio = (1 + jnp.cos(math.pi * t / self.T_max)) / (1 + jnp.cos(math.pi * (t - 1) / self.T_max))
        at_bottom = (t - 1 - self.T_max) % (2 * self.T_max) == 0
        return jnp.where(at_bottom, rising, ratio * (lr - self.eta_min) + self.eta_min)


@dataclasses.dataclass(frozen=True, repr=False)
class CosineAnnealingWarmRestarts(Formula):
    r"""Follows half a cosine from lr to eta_min, then starts again: torch's CosineAnnealingWarmRestarts.

    .. math:: \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) \left( 1 + \cos \frac{\pi T_{cur}}{T_i} \right)

    with :math:`\eta_0` = lr, :math:`\eta_{min}` = eta_min, :math:`T_i` = T_0 * T_mult**i the length of cycle
    :math:`i`, :math:`T_{cur}` the epochs since it began, and epoch :math:`t` = last_epoch + 1 + count.

    A count may be a float: it is then the epoch that torch's ``scheduler.step(epoch)`` takes, and cycles begin where
    torch's floating-point logarithm makes them begin, which for some T_mult is one rounding after the whole epoch.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      T_0: the epochs of the first cycle: an integer >= 1.
      T_mult: the factor from one cycle's length to the next: an integer >= 1.
      eta_min: the least learning rate: a finite number, or a traced scalar. Not reached on whole epochs.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; Loshchilov & Hutter, SGDR, arXiv:1608.03983

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=4, T_mult=2)
      >>> print(schedule(0), schedule(2), schedule(4), schedule(4.5))
      0.1 0.05 0.1 0.099039264
    """

    lr: Scalar
    T_0: int
    T_mult: int = 1
    eta_min: Scalar = 0.0
    last_epoch: int = -1
    _fractional: ClassVar[bool] = True
    _absolute: ClassVar[bool] = True
    _numbers: ClassVar[tuple[str, ...]] = ("lr", "eta_min")

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            T_0=integer(at_least=1),
            T_mult=integer(at_least=1),
            eta_min=real(),
            last_epoch=LAST_EPOCH,
        )

    def _cycle(self, t: Any) -> tuple[Any, Any]:
        """T_cur and T_i at epoch t."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        if jnp.issubdtype(t.dtype, jnp.floating):
            return self._fractional_cycle(t)
        begin: Any = 0.0
        T_i: Any = float(self.T_0)
        for n in (32, 16, 8, 4, 2, 1):  # a binary search, over the next n cycles, that needs no table of them all
            if self._begin(n) < 2**53:
                end = begin + T_i * (self._begin(n) // self.T_0)
                begin, T_i = jnp.where(t >= end, end, begin), jnp.where(t >= end, T_i * float(self.T_mult**n), T_i)
        return t - begin, T_i

    def _fractional_cycle(self, t: Any) -> tuple[Any, Any]:
        """T_cur and T_i at the epoch t that torch's scheduler.step(epoch) takes."""
        cycles = range(sum(1 for _ in takewhile(lambda i: self._begin(i) < 2**53, count())))
        n = jnp.searchsorted(jnp.asarray([self._fractional_restart(i) for i in cycles]), t, side="right") - 1
        begins = jnp.asarray([float(self._begin(i)) for i in cycles])
        return t - begins[n], jnp.asarray([float(self.T_0 * self.T_mult**i) for i in cycles])[n]

    def _begin(self, i: int) -> int:
        """The epoch at which cycle i begins."""
        return sum(self.T_0 * self.T_mult**j for j in range(i))

    def _fractional_restart(self, i: int) -> float:
        """The least float epoch that torch's scheduler.step(epoch) counts to cycle i."""

        def n(epoch: float) -> int:
            return int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult)) if epoch >= self.T_0 else 0

        epoch = float(self._begin(i))
        while n(epoch) < i:
            epoch = math.nextafter(epoch, math.inf)
        while epoch > 0 and n(math.nextafter(epoch, 0.0)) >= i > 0:
            epoch = math.nextafter(epoch, 0.0)
        return epoch

    def _closed_form(self, t: jax.Array) -> Any:
        T_cur, T_i = self._cycle(t)
        return self.eta_min + (self.lr - self.eta_min) * (1 + jnp.cos(math.pi * T_cur / T_i)) / 2

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return self._closed_form(t)
