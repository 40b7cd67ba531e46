"""Schedules that a function of the user's gives."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxlr._arguments import LAST_EPOCH, evaluated, function, integer, optional, real, traceable
from jaxlr._numbers import Numbers
from jaxlr._schedules.base import Absolute, Integer, Multiplicative, Scalar, Schedule, walk


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class LambdaLR(Absolute):
    r"""Multiplies the initial learning rate by a function of the epoch: torch's LambdaLR.

    .. math:: \eta_t = \eta_0 \, f(t)

    with :math:`\eta_0` = lr, :math:`f` = lr_lambda, and :math:`t` = last_epoch + 1 + count.

    A function that JAX can trace (``0.95 ** epoch``, jnp code) is used as it is, in float64. One that it cannot (``if
    epoch < 5``, ``math.cos``, a dict) is refused, unless total_steps is given. It may close over a traced value: then
    nothing but its type is checked, and the schedule compiles anew where it is built anew.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      lr_lambda: a pure function of an integer epoch that returns a number.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.
      total_steps: where given, an integer >= 1, lr_lambda is evaluated in Python, once, at the epochs
        0 .. total_steps - 1, and the schedule ends there: past it a concrete count raises, and a traced one holds the
        last value.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; lr_lambda cannot be traced, and
        total_steps is not given.

    Reference:
      torch.optim.lr_scheduler.LambdaLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.LambdaLR(0.1, lambda epoch: 0.1 ** (epoch // 30))
      >>> print(schedule(29), schedule(30))
      0.1 0.01
      >>> schedule = jaxlr.LambdaLR(0.1, lambda epoch: min(1, (epoch + 1) / 5), total_steps=90)
      >>> print(schedule(0), schedule(4), schedule(5))
      0.02 0.1 0.1
    """

    lr: Scalar
    lr_lambda: Callable[[Any], Any]
    last_epoch: Integer = -1
    total_steps: Integer | None = dataclasses.field(default=None, kw_only=True)
    _factors: Numbers | None = dataclasses.field(default=None, init=False)  # the table, where there is one
    _sampled: tuple[Any, ...] = dataclasses.field(default=(), init=False)  # what lr_lambda gave, where there is none
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            lr_lambda=function,
            last_epoch=LAST_EPOCH,
            total_steps=optional(integer(at_least=1)),
        )
        if self.total_steps is None:
            sampled = traceable("LambdaLR: lr_lambda", self.lr_lambda, first=self.last_epoch + 1)
            object.__setattr__(self, "_sampled", sampled or (Traced(),))
        else:
            factors = evaluated("LambdaLR: lr_lambda", self.lr_lambda, range(self.total_steps))
            object.__setattr__(self, "_factors", Numbers(factors))
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> int | None:
        return None if self.total_steps is None else self.total_steps - 1

    def _closed_form(self, t: jax.Array) -> Any:
        return self.lr * (self.lr_lambda(t) if self._factors is None else jnp.asarray(self._factors)[t])


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class MultiplicativeLR(Multiplicative):
    r"""Multiplies the learning rate, every epoch, by a function of the epoch: torch's MultiplicativeLR.

    .. math:: \eta_t = \eta_0 \prod_{i=1}^{t} f(i)

    with :math:`\eta_0` = lr, :math:`f` = lr_lambda, and :math:`t` = last_epoch + 1 + count.

    Without total_steps the function must be one that JAX can trace, and a call multiplies t factors: inside a long
    training run take ``.stateful()``, or total_steps.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      lr_lambda: a pure function of an integer epoch >= 1 that returns a number.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.
      total_steps: where given, an integer >= 1, lr_lambda is evaluated in Python, once, at the epochs
        1 .. total_steps - 1, and the schedule ends there: past it a concrete count raises, and a traced one holds the
        last value.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; lr_lambda cannot be traced, and
        total_steps is not given.

    Reference:
      torch.optim.lr_scheduler.MultiplicativeLR

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.MultiplicativeLR(0.1, lambda epoch: 0.95)
      >>> print(schedule(0), schedule(1), schedule(2))
      0.1 0.095 0.09025
    """

    lr: Scalar
    lr_lambda: Callable[[Any], Any]
    last_epoch: Integer = -1
    total_steps: Integer | None = dataclasses.field(default=None, kw_only=True)
    _factors: Numbers | None = dataclasses.field(default=None, init=False)  # the table, where there is one
    _products: Numbers | None = dataclasses.field(default=None, init=False)
    _sampled: tuple[Any, ...] = dataclasses.field(default=(), init=False)  # what lr_lambda gave, where there is none
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            lr_lambda=function,
            last_epoch=LAST_EPOCH,
            total_steps=optional(integer(at_least=1)),
        )
        if self.total_steps is None:
            sampled = traceable("MultiplicativeLR: lr_lambda", self.lr_lambda, first=1)
            object.__setattr__(self, "_sampled", sampled or (Traced(),))
        else:
            factors = evaluated("MultiplicativeLR: lr_lambda", self.lr_lambda, range(1, self.total_steps))
            object.__setattr__(self, "_factors", Numbers([_at_0(self.lr_lambda), *factors]))
            object.__setattr__(self, "_products", Numbers(np.cumprod([1.0, *factors])))
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> int | None:
        return None if self.total_steps is None else self.total_steps - 1

    def _closed_form(self, t: jax.Array) -> Any:
        if self._products is None:
            start = jnp.asarray(self.lr, jnp.float64)
            return lax.fori_loop(1, t + 1, lambda i, lr: lr * self.lr_lambda(jnp.asarray(i, jnp.int64)), start)
        return self.lr * jnp.asarray(self._products)[t]

    def _factor(self, t: Any, initial: bool) -> Any:
        if initial:
            return 1.0
        return self.lr_lambda(t) if self._factors is None else jnp.asarray(self._factors)[t]


def is_sequential(schedule: Schedule) -> bool:
    """Whether a call of it takes as many operations as the count is large."""
    return any(isinstance(part, MultiplicativeLR) and part.total_steps is None for part in walk(schedule))


def _at_0(lr_lambda: Callable[[Any], Any]) -> float:
    """The factor with which a SequentialLR enters; NaN where the function has none."""
    try:
        return float(evaluated("lr_lambda", lr_lambda, [0])[0])
    except Exception:
        return math.nan


class Traced:
    """Stands for the values of a function that closes over a traced one: it is equal to itself alone."""


def closes_over_traced(schedule: Schedule) -> bool:
    """Whether a function in it closes over a traced value."""
    return any(isinstance(value, Traced) for part in walk(schedule) for value in getattr(part, "_sampled", ())[:1])
