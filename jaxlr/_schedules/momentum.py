"""The momentum that the members of a composite drive between them."""

import dataclasses
from typing import Any

from jaxlr._schedules.base import Group, Schedule, Wrapper


@dataclasses.dataclass(frozen=True, repr=False)
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

    def __post_init__(self) -> None:
        self._check_schedule()
        if not self.schedule._cycles_momentum:
            raise ValueError(f"Momentum: schedule must have a member with cycle_momentum=True, got {self.schedule!r}")

    @property
    def _first_epoch(self) -> int:
        return self.schedule._first_epoch

    @property
    def _starts(self) -> bool:
        return False

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        return self.schedule._construct(group)

    def _built(self) -> tuple[Any, Any, Group]:
        return self.schedule._built()

    def _start(self) -> tuple[Any, Group]:
        return self.schedule._start()

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        return self.schedule._step(node, group, metric)

    def _held(self, group: Group) -> Any:
        return group.momentum

    def _refuse_past_end(self, node: Any) -> None:
        self.schedule._refuse_past_end(node)
