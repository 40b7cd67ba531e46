"""The momentum that the members of a composite drive between them."""

import dataclasses
from typing import TYPE_CHECKING, Any, Never

import jax

from jaxlr._schedules.base import Integer, Schedule, Wrapper, cycles_momentum


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Momentum(Wrapper):
    """The momentum (or beta1) that the members of a composite drive: SequentialLR(...).momentum.

    It has no closed form: step ``.stateful()``, or take ``tabulate(schedule, steps)``.

    Args:
      schedule: a schedule with a member that cycles the momentum.

    Raises:
      TypeError, ValueError: it is no schedule, or no member has cycle_momentum=True.

    Example:
      >>> import jaxlr
      >>> flat = jaxlr.ConstantLR(0.1, factor=0.5, total_iters=2)
      >>> schedule = jaxlr.SequentialLR(0.1, [flat, jaxlr.OneCycleLR(0.1, total_steps=20)], milestones=[2])
      >>> print(jaxlr.tabulate(schedule.momentum, 8).values[7])
      0.85
    """

    schedule: Schedule
    _momentum = None

    if TYPE_CHECKING:  # no call, for it has no closed form

        def __call__(self, count: Never) -> jax.Array: ...  # type: ignore[override]

    def __post_init__(self) -> None:
        self._check_schedule()
        if not cycles_momentum(self.schedule):
            raise ValueError(f"Momentum: schedule must have a member with cycle_momentum=True, got {self.schedule!r}")

    @property
    def last_epoch(self) -> Integer:  # type: ignore[override]
        """The epoch before count 0, the schedule's."""
        return self.schedule.last_epoch

    @property
    def _final_epoch(self) -> Any:
        return self.schedule._final_epoch
