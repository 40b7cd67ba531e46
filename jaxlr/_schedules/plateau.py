"""The schedule that a metric drives."""

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.export import register_namedtuple_serialization

from jaxlr._arguments import choice, length, real
from jaxlr._schedules.base import Length, Scalar, Schedule, walk

if TYPE_CHECKING:
    from jaxlr._machine.stateful import State
    from jaxlr._wide import Wide


@partial(register_namedtuple_serialization, serialized_name="jaxlr.PlateauState")
class PlateauState(NamedTuple):
    """What torch's ReduceLROnPlateau remembers.

    Attributes:
      last_epoch: the steps so far.
      best: the best metric, a float64.
      cooldown_counter: the steps of cooldown that are left.
      num_bad_epochs: the steps since the best metric.

    Example:
      >>> import jaxlr
      >>> plateau = jaxlr.ReduceLROnPlateau(0.1)
      >>> state = plateau.update(plateau.init(), value=0.5)
      >>> print(float(state.schedulers["ReduceLROnPlateau"].best))
      0.5
    """

    last_epoch: jax.Array
    best: "Wide"
    cooldown_counter: jax.Array
    num_bad_epochs: jax.Array


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class ReduceLROnPlateau(Schedule):
    r"""Multiplies the learning rate by factor when a metric has stopped improving: torch's ReduceLROnPlateau.

    .. math:: \eta \leftarrow \max(\eta f, \eta_{min}) \quad \text{if } n > p \text{ and } \eta - \max(\eta f,
      \eta_{min}) > \epsilon

    with :math:`f` = factor, :math:`\eta_{min}` = min_lr, :math:`\epsilon` = eps, :math:`p` = patience, and :math:`n`
    the number of steps, outside the cooldown after a cut, since the metric :math:`a` was last better than the best:

    * min, rel: :math:`a < best (1 - threshold)`; min, abs: :math:`a < best - threshold`
    * max, rel: :math:`a > best (1 + threshold)`; max, abs: :math:`a > best + threshold`

    Compared in float64, as torch does. NaN is never better. It is Optax's StatefulSchedule itself: ``update`` takes the
    metric as ``value``. In ``optax.inject_hyperparams(optax.adam)(learning_rate=plateau)`` every
    ``tx.update(grads, state, params, value=loss)`` is a step. A loop that steps once an epoch keeps the state itself,
    ``state = plateau.update(state, value=metric)``, and trains with ``plateau(state)``.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      mode: "min" or "max".
      factor: a finite number < 1, or a traced scalar.
      patience: the bad steps that are let pass: an integer >= 0, or a traced one.
      threshold: how much better is better: a finite number, or a traced scalar.
      threshold_mode: "rel" or "abs".
      cooldown: the steps after a cut that do not count: an integer >= 0, or a traced one.
      min_lr: the least learning rate: a finite number, or a traced scalar.
      eps: the least cut that is made: a finite number, or a traced scalar.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.ReduceLROnPlateau

    Example:
      >>> import jaxlr
      >>> plateau = jaxlr.ReduceLROnPlateau(0.1, patience=0)
      >>> state = plateau.init()
      >>> for metric in (1.0, 1.0):
      ...     state = plateau.update(state, value=metric)
      >>> print(plateau(state))
      0.01
    """

    lr: Scalar
    mode: Literal["min", "max"] = "min"
    factor: Scalar = 0.1
    patience: Length = 10
    threshold: Scalar = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: Length = 0
    min_lr: Scalar = 0.0
    eps: Scalar = 1e-8
    _final_epoch = None
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            lr=real(at_least=0),
            mode=choice("min", "max"),
            factor=real(below=1),
            patience=length(at_least=0),
            threshold=real(),
            threshold_mode=choice("rel", "abs"),
            cooldown=length(at_least=0),
            min_lr=real(),
            eps=real(),
        )

    def init(self) -> "State":
        """The state after torch's constructor; that of ``.stateful().init()``."""
        return self.stateful().init()

    def update(self, state: "State", *, value: Scalar | np.ndarray | None = None, **extra_args: Any) -> "State":
        """The state after torch's ``scheduler.step(value)``.

        Args:
          state: the state before it.
          value: the metric: a scalar of any real dtype.
          **extra_args: those of other transformations, ignored.

        Raises:
          TypeError: the metric is missing, or not a number; the state belongs to another schedule.
          ValueError: the metric is not a scalar.
        """
        return self.stateful().update(state, value=value, **extra_args)

    def __call__(self, state: "State", **extra_args: Any) -> jax.Array:  # type: ignore[override]
        """The learning rate in the state.

        Args:
          state: that of init or update.
          **extra_args: those of other transformations, ignored.

        Returns:
          A scalar; float32, or float64 where jax_enable_x64 is on.

        Raises:
          TypeError: the state belongs to another schedule.
        """
        return self.stateful()(state, **extra_args)

    def _is_better(self, metric: Any, best: Any) -> Any:
        match self.mode, self.threshold_mode:
            case "min", "rel":
                return metric < best * (1 - self.threshold)
            case "min", "abs":
                return metric < best - self.threshold
            case "max", "rel":
                return metric > best * (1 + self.threshold)
            case _:
                return metric > best + self.threshold

    def _reduced(self, state: Any, lr: Any, metric: Any) -> tuple[PlateauState, Any]:
        """Torch's step: the state after the metric, and the learning rate."""
        last_epoch, best, cooldown_counter, num_bad_epochs = state

        better = self._is_better(metric, best)
        best = jnp.where(better, metric, best)
        in_cooldown = cooldown_counter > 0
        num_bad_epochs = jnp.where(better | in_cooldown, 0, num_bad_epochs + 1)
        cooldown_counter = jnp.where(in_cooldown, cooldown_counter - 1, cooldown_counter)

        reduce = num_bad_epochs > self.patience
        new_lr = jnp.maximum(lr * self.factor, self.min_lr)
        lr = jnp.where(reduce & (lr - new_lr > self.eps), new_lr, lr)
        cooldown_counter = jnp.where(reduce, self.cooldown, cooldown_counter)
        num_bad_epochs = jnp.where(reduce, 0, num_bad_epochs)

        return PlateauState._make((last_epoch + 1, best, cooldown_counter, num_bad_epochs)), lr


def takes_metric(schedule: Schedule) -> bool:
    """Whether a step of it receives a metric."""
    return any(isinstance(part, ReduceLROnPlateau) for part in walk(schedule))
