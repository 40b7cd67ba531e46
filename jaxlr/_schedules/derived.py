"""Formulas of other schedules: one that enters in mid-curve, and several that are laid over one another."""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import LAST_EPOCH, is_traced, length, real, shown
from jaxlr._schedules.base import (
    Formula,
    Integer,
    Length,
    Scalar,
    Schedule,
    check_one_lr,
    least_end,
    replaced,
    schedules,
    walk,
)
from jaxlr._schedules.plateau import takes_metric


class Derived(Formula):
    """A formula of the closed forms of other schedules, which nobody steps: a step gives its own closed form."""

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return self._closed_form(t)

    def _check_part(self, name: str, part: Schedule) -> None:
        """Refuses what has no closed form from its start."""
        from jaxlr._machine.closed_form import has_closed_form  # noqa: PLC0415 the machine knows every class

        own = type(self).__name__
        if not has_closed_form(part):
            way_out = "" if takes_metric(part) else ": take tabulate(it, steps)"
            raise TypeError(f"{own}: {name} must have a closed form, got {shown(part)}{way_out}")
        if any(schedule._first_epoch != 0 for schedule in walk(part)):
            raise ValueError(f"{own}: {name} must have last_epoch=-1, got {shown(part)}: resume the {own} as a whole")


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Shifted(Derived):
    r"""A schedule that is already so many epochs ahead: a member that enters in mid-curve.

    .. math:: \eta_t = f(t + b)

    with :math:`f` = the closed form of schedule, :math:`b` = by, and :math:`t` = last_epoch + 1 + count. As a member of
    a SequentialLR it takes over in mid-curve, as the cosine of timm does that counts on under its warm-up. A step gives
    the value of the formula, whatever rate it finds.

    Args:
      schedule: a schedule that is one formula, from its start: none that steps others.
      by: the epochs that it is ahead: an integer >= 0, or a traced one.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; schedule steps others, or ends before
        the epoch `by`.

    Reference:
      timm.scheduler.CosineLRScheduler with warmup_prefix=False

    Example:
      >>> import jaxlr
      >>> cosine = jaxlr.Shifted(jaxlr.CosineAnnealingLR(0.1, T_max=100), by=50)
      >>> print(cosine(0), cosine(50))
      0.05 0.0
      >>> schedule = jaxlr.SequentialLR(0.1, [jaxlr.LinearRamp(0.1, 50), cosine], milestones=[50])
      >>> print(schedule(49), schedule(50), schedule(100))
      0.098 0.05 0.0
    """

    schedule: Schedule
    by: Length
    last_epoch: Integer = -1

    def __post_init__(self) -> None:
        self._check(by=length(at_least=0), last_epoch=LAST_EPOCH)
        if not isinstance(self.schedule, Formula):
            raise TypeError(
                f"Shifted: schedule must be a jaxlr schedule that is one formula, got {self.schedule!r}: "
                "one that steps others resumes with last_epoch"
            )
        self._check_part("schedule", self.schedule)
        end = self._final_epoch
        if end is not None and not is_traced(end) and end < 0:
            raise ValueError(
                f"Shifted: by must be at most {self.schedule._final_epoch} for {shown(self.schedule)}: "
                f"there it ends, got {self.by}"
            )
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> Any:
        end = self.schedule._final_epoch
        return None if end is None else end - self.by

    @property
    def _momentum(self) -> "Shifted | None":
        momentum = self.schedule._momentum
        return None if momentum is None else replaced(self, schedule=momentum)

    def _closed_form(self, t: jax.Array) -> Any:
        return _closed_form(self.schedule, t + self.by)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Product(Derived):
    r"""Schedules laid over one another: the product of their factors.

    .. math:: \eta_t = \eta_0 \prod_i \frac{f_i(t)}{\eta_0}

    with :math:`\eta_0` = lr, :math:`f_i` = the closed form of scheduler :math:`i` of schedulers, all of which count
    from 0, and :math:`t` = last_epoch + 1 + count. A warm-up laid over milestones, or over a cosine that counts from
    the start. At a learning rate of 0 it is 0. A step gives the value of the formula, whatever rate it finds: unlike in
    a ChainedScheduler no scheduler takes its rate from another one.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      schedulers: schedules that have a closed form and drive no momentum, each with the optimizer's learning rate as
        its lr.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; a member has no closed form, drives a
        momentum, has a last_epoch, or another lr.

    Reference:
      detectron2.solver.WarmupMultiStepLR; timm.scheduler.CosineLRScheduler with warmup_prefix=False

    Example:
      >>> import jaxlr
      >>> drops = jaxlr.MultiStepLR(0.1, milestones=[6, 8])
      >>> schedule = jaxlr.Product(0.1, [jaxlr.LinearRamp(0.1, total_iters=4), drops])
      >>> print(schedule(2), schedule(4), schedule(6))
      0.05 0.1 0.01
    """

    lr: Scalar
    schedulers: tuple[Schedule, ...]
    last_epoch: Integer = -1
    _momentum = None

    if TYPE_CHECKING:  # what is given, where the fields say what is read

        def __init__(self, lr: Scalar, schedulers: Iterable[Schedule], last_epoch: Integer = -1) -> None: ...

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), schedulers=schedules, last_epoch=LAST_EPOCH)
        for i, member in enumerate(self.schedulers):
            self._check_part(f"schedulers[{i}]", member)
            if member._momentum is not None:
                raise ValueError(
                    f"Product: schedulers[{i}] must drive no momentum, got {shown(member)}: take cycle_momentum=False, "
                    "and its .momentum beside the Product"
                )
        check_one_lr(self)
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> Any:
        return least_end(member._final_epoch for member in self.schedulers)

    def _closed_form(self, t: jax.Array) -> Any:
        divisor = jnp.where(self.lr == 0, 1.0, self.lr)
        return self.lr * math.prod(_closed_form(member, t) / divisor for member in self.schedulers)


def acting(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule, and all that it steps: not what a formula is computed from."""
    yield schedule
    if not isinstance(schedule, Derived):
        for part in schedule._parts:
            yield from acting(part)


def _closed_form(part: Any, t: Any) -> Any:
    """The closed form of a part at epoch t; past its end the last one."""
    from jaxlr._machine.closed_form import closed_form  # noqa: PLC0415 the machine knows every class

    return closed_form(part, t)
