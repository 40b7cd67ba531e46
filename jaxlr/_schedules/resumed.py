"""A schedule, and the state to start from."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxlr._arguments import integer, optional, real
from jaxlr._schedules.base import Group, Scalar, Schedule, Wrapper
from jaxlr._schedules.compose import Chain
from jaxlr._schedules.momentum import Momentum


@dataclasses.dataclass(frozen=True, repr=False)
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
      initial_momentum: the momentum (or beta1) that it holds: a finite number, or a traced scalar; None where no
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
    state: Any
    lr: Scalar
    initial_momentum: Scalar | None = None

    def __post_init__(self) -> None:
        self._check_schedule()
        if not self.schedule._starts:
            raise TypeError(f"Resumed: schedule must be a jaxlr schedule from its start, got {self.schedule!r}")
        if self.schedule._first_epoch != 0:
            raise ValueError(f"Resumed: schedule must have last_epoch=-1, got {self.schedule!r}")
        self._check(lr=real(), initial_momentum=optional(real()))
        if self.schedule._cycles_momentum != (self.initial_momentum is not None):
            needed = "a number" if self.schedule._cycles_momentum else "None"
            raise ValueError(
                f"Resumed: initial_momentum must be {needed} for {self.schedule!r}, got {self.initial_momentum!r}"
            )
        object.__setattr__(self, "state", _tuples(self.state))
        with jax.enable_x64(True):
            template = jax.eval_shape(lambda: self.schedule._start()[0])
            numbers = _numbers(template)
        alike = str(jax.tree.structure(numbers)) == str(jax.tree.structure(self.state))
        pairs = zip(jax.tree.leaves(numbers), jax.tree.leaves(self.state), strict=False)
        if not alike or any(type(number) is not type(given) for number, given in pairs):
            raise ValueError(f"Resumed: state must be like {numbers!r} for {self.schedule!r}, got {self.state!r}")

        end = self._final_epoch
        if end is not None and end < 0:
            raise ValueError(f"Resumed: state must be within {self.schedule!r}, which ends, got {self.state!r}")

    @property
    def _final_epoch(self) -> int | None:
        return _steps_left(self.schedule, self.state)

    @property
    def _starts(self) -> bool:
        return False

    @property
    def _cycles_momentum(self) -> bool:
        return self.schedule._cycles_momentum

    @property
    def _own_momentum(self) -> Momentum | None:
        return Momentum(self) if self._cycles_momentum else None

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        built, _, group = self.schedule._built()
        node, held = self._start()
        return built, node, group._replace(lr=held.lr, momentum=held.momentum)

    def _built(self) -> tuple[Any, Any, Group]:
        return self.schedule._built()

    def _start(self) -> tuple[Any, Group]:
        node, _ = self.schedule._start()
        numbers = iter(jax.tree.leaves(self.state))
        momentum = None if self.initial_momentum is None else jnp.asarray(self.initial_momentum, jnp.float64)
        return _filled(node, numbers), Group(lr=jnp.asarray(self.lr, jnp.float64), momentum=momentum)

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        return self.schedule._step(node, group, metric)

    def _refuse_past_end(self, node: Any) -> None:
        self.schedule._refuse_past_end(node)


def _steps_left(schedule: Any, state: Any) -> int | None:
    """How far it is to the end of the schedule, where it has one."""
    if isinstance(schedule, Chain):
        left = [_steps_left(member, of_member) for member, of_member in zip(schedule._members, state, strict=True)]
        return min((steps for steps in left if steps is not None), default=None)
    end = schedule._final_epoch
    if end is None:
        return None
    return int(end - (state[0] if isinstance(state, tuple) else state))


def _tuples(state: Any) -> Any:
    if isinstance(state, Sequence) and not isinstance(state, str):
        return tuple(map(_tuples, state))
    kind = (
        real(static=True, infinite=True) if isinstance(state, float) else integer(at_least=-(2**31), at_most=2**31 - 1)
    )
    return kind("Resumed: state", state)


def _numbers(node: Any) -> Any:
    """The shape of a state, as nested tuples: 0 where it has an integer, 0.0 where a float."""
    if isinstance(node, dict):
        (inner,) = node.values()
        return _numbers(inner)
    if isinstance(node, tuple):
        return tuple(map(_numbers, node))
    zero = 0.0 if jnp.issubdtype(node.dtype, jnp.floating) else 0
    return (zero,) * node.shape[0] if node.ndim else zero


def _filled(node: Any, numbers: Any) -> Any:
    """The node with the numbers given, in order."""
    return jax.tree.map(
        lambda leaf: jnp.asarray([next(numbers) for _ in range(leaf.size)], leaf.dtype).reshape(leaf.shape),
        jax.tree.map(jnp.asarray, node),
    )
