"""A schedule, and the state to start from."""

import dataclasses
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Never

import jax
import numpy as np

from jaxlr._arguments import integer, is_traced, optional, real
from jaxlr._schedules.base import Scalar, Schedule, Wrapper, cycles_momentum, walk
from jaxlr._schedules.compose import Chain, InTurn, SequentialLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.until import Until


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Resumed(Wrapper):
    r"""A schedule that starts from a state: what a single last_epoch cannot tell.

    A plateau in mid-run, a learning rate edited by hand, a nested composite: count 0 is the state given, and from there
    the schedule's recursive form goes on. Step ``.stateful()``, or take ``tabulate(schedule, steps)``.

    Args:
      schedule: the schedule, as it is built at its start.
      state: what its schedulers remember, as numbers in nested tuples: of a scheduler its last_epoch; of a
        ReduceLROnPlateau last_epoch, best, cooldown_counter and num_bad_epochs; of a SequentialLR its last_epoch, the
        state of the member that ran first, and the last_epochs of those that take over; of a ChainedScheduler or
        Together the states of the members; of an InTurn its epoch and those.
      lr: the learning rate that the optimizer holds: a finite number, or a traced scalar. Torch's recursions go on
        below 0 from a rate that was edited by hand.
      held_momentum: the momentum (or beta1) that it holds: a finite number, or a traced scalar; None where no
        scheduler cycles it.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; state is none of the schedule's.

    Example:
      >>> import jaxlr
      >>> plateau = jaxlr.ReduceLROnPlateau(0.1, patience=2)
      >>> schedule = jaxlr.Resumed(plateau, (7, 0.5, 0, 2), lr=0.01)
      >>> print(jaxlr.trajectory(schedule, 3, metrics=[0.6, 0.6]))
      [0.01  0.001 0.001]
    """

    schedule: Schedule
    state: Scalar | Sequence[Any]
    lr: Scalar
    held_momentum: Scalar | None = None

    if TYPE_CHECKING:  # no call, for it has no closed form

        def __call__(self, count: Never) -> jax.Array: ...  # type: ignore[override]

    def __post_init__(self) -> None:
        self._check_schedule()
        if any(isinstance(part, Momentum | Resumed) for part in walk(self.schedule)):
            raise TypeError(f"Resumed: schedule must be a jaxlr schedule from its start, got {self.schedule!r}")
        if self.schedule._first_epoch != 0:
            raise ValueError(f"Resumed: schedule must have last_epoch=-1, got {self.schedule!r}")
        self._check(lr=real(), held_momentum=optional(real()), state=_state)
        if cycles_momentum(self.schedule) != (self.held_momentum is not None):
            needed = "a number" if cycles_momentum(self.schedule) else "None"
            raise ValueError(
                f"Resumed: held_momentum must be {needed} for {self.schedule!r}, got {self.held_momentum!r}"
            )
        like = first_state(self.schedule)
        if not _alike(self.state, like):
            raise ValueError(f"Resumed: state must be like {like!r} for {self.schedule!r}, got {self.state!r}")
        end = self._final_epoch
        if end is not None and end < 0:
            raise ValueError(f"Resumed: state must not be past the end of {self.schedule!r}, got {self.state!r}")

    @property
    def _final_epoch(self) -> Any:
        return steps_left(self.schedule, self.state)

    @property
    def _momentum(self) -> Momentum | None:
        return Momentum(self) if cycles_momentum(self.schedule) else None


def steps_left(schedule: Any, state: Any) -> Any:
    """How far it is from a state to the end of the schedule, where both are known."""
    if isinstance(schedule, Chain):
        left = [steps_left(member, of_member) for member, of_member in zip(schedule.schedulers, state, strict=True)]
        known = [steps for steps in left if steps is not None]
        return reduce(np.minimum, known) if known else None
    end, t = schedule._final_epoch, state[0] if isinstance(state, tuple) else state
    if end is None or is_traced(end) or is_traced(t):
        return None
    return end - (t if isinstance(t, int) else np.asarray(t))


def _state(name: str, state: Any) -> Any:
    """Numbers in nested tuples: epochs, and the floats among what a plateau remembers."""
    if isinstance(state, Sequence) and not isinstance(state, str):
        return tuple(_state(name, part) for part in state)
    if isinstance(state, float):
        return real(static=True, infinite=True)(name, state)
    return integer(at_least=-(2**31), at_most=2**31 - 1)(name, state)


def first_state(schedule: Any) -> Any:
    """A state of the schedule: 0 where it has an integer, 0.0 where a float."""
    match schedule:
        case Momentum() | Resumed():
            return first_state(schedule.schedule)
        case ReduceLROnPlateau():
            return (0, 0.0, 0, 0)
        case per_epoch() | Until():
            return (0, first_state(schedule.schedule))
        case Chain():
            return tuple(map(first_state, schedule.schedulers))
        case InTurn():
            return (0, tuple(map(first_state, schedule.schedulers)))
        case SequentialLR():
            first = schedule._first
            return (0, first_state(schedule.schedulers[first]), (0,) * (len(schedule.schedulers) - first - 1))
        case _:
            return 0


def _alike(state: Any, like: Any) -> bool:
    """Whether the state has the form, and the types, of another one."""
    if isinstance(like, tuple):
        return isinstance(state, tuple) and len(state) == len(like) and all(map(_alike, state, like))
    return type(state) is type(like)
