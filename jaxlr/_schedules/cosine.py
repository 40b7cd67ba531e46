"""Schedules that follow a cosine between the learning rate and eta_min."""

import dataclasses
import math
from functools import cache
from itertools import count
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxlr._arguments import LAST_EPOCH, duration, integer, is_traced, length, real
from jaxlr._numbers import Numbers
from jaxlr._schedules.base import Absolute, Formula, Integer, Length, Scalar


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class CosineAnnealingLR(Formula):
    r"""Follows half a cosine from lr to eta_min in T_max epochs, and back, and so on: torch's CosineAnnealingLR.

    .. math:: \eta_t = \eta_{min} + \tfrac{1}{2} (\eta_0 - \eta_{min}) \left( 1 + \cos \frac{\pi t}{T} \right)

    with :math:`\eta_0` = lr, :math:`\eta_{min}` = eta_min, :math:`T` = T_max, and :math:`t` = last_epoch + 1 + count.
    Past T_max the period is 2 T_max. As in torch T_max need not be whole, although its annotation says so. Past one
    that is nearly whole torch's own recursion drifts, and where an odd multiple of it is whole torch divides by zero:
    there this follows the formula.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      T_max: the epochs from lr to eta_min: a finite number > 0, whole or not, or a traced scalar.
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
    T_max: Scalar
    eta_min: Scalar = 0.0
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), T_max=duration, eta_min=real(), last_epoch=LAST_EPOCH)

    def _closed_form(self, t: jax.Array) -> Any:
        return self.eta_min + (self.lr - self.eta_min) * (1 + jnp.cos(math.pi * t / self.T_max)) / 2

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        if initial:
            return lr
        rising = lr + (self.lr - self.eta_min) * (1 - jnp.cos(math.pi / self.T_max)) / 2
        ratio = (1 + jnp.cos(math.pi * t / self.T_max)) / (1 + jnp.cos(math.pi * (t - 1) / self.T_max))
        past_bottom = t - 1 - self.T_max
        at_bottom = abs(past_bottom - 2 * self.T_max * jnp.round(past_bottom / (2 * self.T_max))) < 1e-6
        return jnp.where(at_bottom, rising, ratio * (lr - self.eta_min) + self.eta_min)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class CosineAnnealingWarmRestarts(Absolute):
    r"""Follows half a cosine from lr to eta_min, then starts again: torch's CosineAnnealingWarmRestarts.

    .. math:: \eta_t = \eta_{min} + \tfrac{1}{2} (\eta_0 - \eta_{min}) \left( 1 + \cos \frac{\pi T_{cur}}{T_i} \right)

    with :math:`\eta_0` = lr, :math:`\eta_{min}` = eta_min, :math:`T_i` = T_0 * T_mult**i the length of cycle
    :math:`i`, :math:`T_{cur}` the epochs since it began, and epoch :math:`t` = last_epoch + 1 + count.

    A count may be a float: it is then the epoch that torch's ``scheduler.step(epoch)`` takes, and cycles begin where
    torch's floating-point logarithm makes them begin, which for some T_mult is one rounding after the whole epoch.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      T_0: the epochs of the first cycle: an integer >= 1, or a traced one.
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
    T_0: Length
    T_mult: Integer = 1
    eta_min: Scalar = 0.0
    last_epoch: Integer = -1
    _restarts: Numbers | None = dataclasses.field(default=None, init=False)  # for fractional epochs
    _fractional: ClassVar[bool] = True
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            T_0=length(at_least=1),
            T_mult=integer(at_least=1),
            eta_min=real(),
            last_epoch=LAST_EPOCH,
        )
        if self.T_mult > 1 and not is_traced(self.T_0):
            restarts = [_fractional_restart(self.T_0, self.T_mult, i) for i in range(_cycles(self.T_mult))]
            object.__setattr__(self, "_restarts", Numbers(restarts))

    def _cycle(self, t: Any) -> tuple[Any, Any]:
        """T_cur and T_i at epoch t."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        if jnp.issubdtype(t.dtype, jnp.floating):
            return self._fractional_cycle(t)
        begin, T_i = jnp.zeros(()), self.T_0 * 1.0
        for n in (32, 16, 8, 4, 2, 1):  # a binary search, over the next n cycles, that needs no table of them all
            if n < _cycles(self.T_mult):
                end = begin + T_i * _begin(self.T_mult, n)
                begin, T_i = jnp.where(t >= end, end, begin), jnp.where(t >= end, T_i * float(self.T_mult**n), T_i)
        return t - begin, T_i

    def _fractional_cycle(self, t: Any) -> tuple[Any, Any]:
        """T_cur and T_i at the epoch t that torch's scheduler.step(epoch) takes."""
        if self._restarts is None:
            raise TypeError(
                f"CosineAnnealingWarmRestarts: T_0 must be known when the program is traced, for a fractional epoch "
                f"with T_mult={self.T_mult} > 1, got {self.T_0}"
            )
        ended = t >= jnp.asarray(self._restarts)[1:]  # the cycles before the one that t is in
        lengths = np.array([float(self.T_mult**i) for i in range(_cycles(self.T_mult))])  # in units of T_0
        begin = jnp.sum(jnp.where(ended, lengths[:-1], 0.0))
        T_i = jnp.max(jnp.where(ended, lengths[1:], 1.0))
        return t - self.T_0 * begin, self.T_0 * T_i

    def _closed_form(self, t: jax.Array) -> Any:
        T_cur, T_i = self._cycle(t)
        return self.eta_min + (self.lr - self.eta_min) * (1 + jnp.cos(math.pi * T_cur / T_i)) / 2


def _begin(T_mult: Any, i: int) -> int:
    """The epoch at which cycle i begins, in units of T_0."""
    return sum(T_mult**j for j in range(i))


@cache
def _cycles(T_mult: int) -> int:
    """How many cycles begin at an epoch that is exact in float64."""
    return next(i for i in count() if _begin(T_mult, i) >= 2**53)


def _fractional_restart(T_0: Any, T_mult: Any, i: int) -> float:
    """The least float epoch that torch's scheduler.step(epoch) counts to cycle i."""

    def n(epoch: float) -> int:
        return int(math.log(epoch / T_0 * (T_mult - 1) + 1, T_mult)) if epoch >= T_0 else 0

    epoch = float(T_0 * _begin(T_mult, i))
    while n(epoch) < i:
        epoch = math.nextafter(epoch, math.inf)
    while epoch > 0 and n(math.nextafter(epoch, 0.0)) >= i > 0:
        epoch = math.nextafter(epoch, 0.0)
    return epoch
