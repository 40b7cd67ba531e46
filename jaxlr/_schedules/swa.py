"""The schedule of stochastic weight averaging."""

import dataclasses
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxlr._arguments import LAST_EPOCH, choice, length, real
from jaxlr._schedules.base import Formula, Integer, Length, Scalar


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class SWALR(Formula):
    r"""Anneals the learning rate to swa_lr, then keeps it there: torch's SWALR.

    .. math::
      \eta_t = \alpha_t \, \eta_{swa} + (1 - \alpha_t) \, \eta_0, \qquad
      \alpha_t = \begin{cases} (1 - \cos \pi p) / 2 & \text{cos} \\ p & \text{linear} \end{cases}, \qquad
      p = \min(t / T, 1)

    with :math:`\eta_0` = lr, :math:`\eta_{swa}` = swa_lr, :math:`T` = anneal_epochs, "cos" or "linear" =
    anneal_strategy, and :math:`t` = last_epoch + 1 + count. With anneal_epochs = 0 it is swa_lr from the start.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      swa_lr: the learning rate to anneal to: a finite number, or a traced scalar.
      anneal_epochs: the epochs of annealing: an integer >= 0, or a traced one.
      anneal_strategy: "cos" or "linear".
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.swa_utils.SWALR; Izmailov et al., Averaging Weights Leads to Wider Optima, arXiv:1803.05407

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.SWALR(0.1, swa_lr=0.05, anneal_epochs=10)
      >>> print(schedule(0), schedule(5), schedule(10))
      0.1 0.075 0.05
    """

    lr: Scalar
    swa_lr: Scalar
    anneal_epochs: Length = 10
    anneal_strategy: Literal["cos", "linear"] = "cos"
    last_epoch: Integer = -1
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            swa_lr=real(),
            anneal_epochs=length(at_least=0),
            anneal_strategy=choice("cos", "linear"),
            last_epoch=LAST_EPOCH,
        )

    def _at_least_1(self, t: Any) -> Any:
        """The epoch, where anneal_epochs is 0 at least 1: then the first step anneals all the way."""
        return jnp.where(self.anneal_epochs == 0, jnp.maximum(t, 1), t)

    def _alpha(self, t: Any) -> Any:
        """The part of the way from lr to swa_lr that is done at epoch t."""
        p = jnp.clip(t / jnp.maximum(1, self.anneal_epochs), 0, 1)
        return (1 - jnp.cos(math.pi * p)) / 2 if self.anneal_strategy == "cos" else p

    def _closed_form(self, t: jax.Array) -> Any:
        alpha = self._alpha(self._at_least_1(t))
        return self.swa_lr * alpha + self.lr * (1 - alpha)

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        t = self._at_least_1(t)
        prev_alpha, alpha = self._alpha(t - 1), self._alpha(t)
        prev_lr = jnp.where(prev_alpha == 1, self.swa_lr, (lr - prev_alpha * self.swa_lr) / (1 - prev_alpha))
        return self.swa_lr * alpha + prev_lr * (1 - alpha)
