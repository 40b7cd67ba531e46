"""The recursive form: Optax's StatefulSchedule."""

import dataclasses
import operator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.export import register_namedtuple_serialization

from jaxlr._arguments import real, shown, unwrapped
from jaxlr._float64 import in_float64
from jaxlr._machine.epochs import before_first_step
from jaxlr._machine.machine import Group, build, held, start, step
from jaxlr._machine.structure import compute
from jaxlr._schedules.base import Scalar, Schedule, cycles_momentum
from jaxlr._schedules.compose import Chain, InTurn, SequentialLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import PlateauState, ReduceLROnPlateau, takes_metric
from jaxlr._schedules.resumed import Resumed, first_state, steps_left
from jaxlr._schedules.until import Until
from jaxlr._wide import Parts, Wide


@partial(register_namedtuple_serialization, serialized_name="jaxlr.State")
class State(NamedTuple):
    """The state of a recursive form: what torch's schedulers, and its optimizer, remember.

    Attributes:
      schedulers: by the name of its class, what each scheduler remembers; its last_epoch, an int32.
      lr: the learning rate, a float64 as the exact sum of three float32.
      momentum: likewise the momentum (or beta1), None where no scheduler cycles it.
    """

    schedulers: dict[str, Any]
    lr: Wide
    momentum: Wide | None

    def with_lr(self, lr: Scalar) -> "State":
        """The state in which the optimizer holds another learning rate, as torch's ``param_group["lr"] = lr`` does.

        What the schedule does with it at the next step is what torch's scheduler does: one that multiplies goes on from
        it, one that gives a value of its own overwrites it.

        Args:
          lr: a finite number, or a traced scalar.

        Raises:
          TypeError, ValueError: lr is no finite number.

        Example:
          >>> import jaxlr
          >>> stateful = jaxlr.ExponentialLR(0.1, gamma=0.5).stateful()
          >>> state = stateful.update(stateful.init().with_lr(0.4))
          >>> print(stateful(state))
          0.2
        """
        wide: Wide = in_float64(_split_lr, None, real()("State.with_lr: lr", lr))
        return self._replace(lr=wide)


@dataclasses.dataclass(frozen=True)
class Stateful:
    """The recursive form of a schedule: Optax's StatefulSchedule.

    What ``optax.inject_hyperparams`` takes as a learning rate. Its values are those of the stepped torch scheduler,
    computed as torch computes them: each from the one before it.

    Attributes:
      schedule: the schedule to step.

    Example:
      >>> import jaxlr
      >>> stateful = jaxlr.ExponentialLR(0.1, gamma=0.5).stateful()
      >>> state = stateful.init()
      >>> print(stateful(state))
      0.1
      >>> print(stateful(stateful.update(state)))
      0.05
    """

    schedule: Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"Stateful: schedule must be a jaxlr schedule, got {self.schedule!r}")

    def init(self) -> State:
        """The state after torch's constructor."""
        state: State = compute(_start, self.schedule, known=(before_first_step(self.schedule),))
        return state

    def update(self, state: State, *, value: Scalar | np.ndarray | None = None, **extra_args: Any) -> State:
        """The state after one more scheduler step.

        Args:
          state: the state before it.
          value: the metric that a ReduceLROnPlateau receives: a scalar of any real dtype. Others ignore it.
          **extra_args: those of other transformations, ignored.

        Raises:
          TypeError: a metric is missing, or not a number; the state belongs to another schedule.
          ValueError: the metric is not a scalar; a concrete state is at the end of the schedule.
        """
        del extra_args
        self._check_state(state)
        return self._updated(state, value)

    def _updated(self, state: State, value: Any) -> State:
        """The same, of a state that is known to be one of this schedule."""
        _refuse_past_end(self.schedule, _unnamed(state.schedulers))
        metric = () if not takes_metric(self.schedule) else (_metric(type(self.schedule).__name__, value),)
        stepped: State = compute(_step, self.schedule, state, *metric)
        return stepped

    def __call__(self, state: State, **extra_args: Any) -> jax.Array:
        """The learning rate in the state: a scalar, float32 (float64 where jax_enable_x64 is on)."""
        del extra_args
        self._check_state(state)
        lr: jax.Array = compute(_current, self.schedule, state)
        return lr

    def _check_state(self, state: State) -> None:
        if not isinstance(state, State):
            raise TypeError(
                f"state must be one of {shown(self.schedule)}, which init or update gives, got {shown(state)}: it "
                "takes no count, and goes into optax.inject_hyperparams(optax.sgd)(learning_rate=...)"
            )
        form = State(_form(self.schedule), _WIDE, _WIDE if cycles_momentum(self.schedule) else None)
        if _shape(state) != form:
            raise TypeError(
                f"state must be one of {shown(self.schedule)}, which is {shown(form)}, got {shown(_shape(state))}"
            )


_WIDE = Wide("float32[3]")  # type: ignore[arg-type]


def _form(schedule: Schedule) -> Any:
    """The dtypes and shapes of what its schedulers remember."""

    def form(x: Any) -> Any:
        match x:
            case dict():
                return {name: form(node) for name, node in x.items()}
            case tuple() if all(isinstance(epoch, int) for epoch in x):  # of the members that take over
                return f"int32[{len(x)}]"
            case PlateauState():
                return PlateauState._make(map(form, x))
            case tuple():
                return tuple(map(form, x))
            case _:
                return "int32[]" if isinstance(x, int) else _WIDE

    return form(_named(schedule, first_state(_unwrapped(schedule))))


def _shape(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(np.shape(leaf))}", tree)


def _named(schedule: Any, node: Any) -> Any:
    """The node as it is kept: each under the name of its scheduler's class."""
    match schedule:
        case Momentum() | Resumed():
            return _named(schedule.schedule, node)
        case ReduceLROnPlateau():
            node = PlateauState._make(node)
        case per_epoch() | Until():
            node = (node[0], _named(schedule.schedule, node[1]))
        case Chain():
            node = tuple(map(_named, schedule.schedulers, node))
        case InTurn():
            node = (node[0], tuple(map(_named, schedule.schedulers, node[1])))
        case SequentialLR():
            node = (node[0], _named(schedule.schedulers[schedule._first], node[1]), node[2])
    return {type(schedule).__name__: node}


def _unnamed(node: Any) -> Any:
    match node:
        case dict():
            (inner,) = node.values()
            return _unnamed(inner)
        case tuple() if not isinstance(node, PlateauState):
            return tuple(map(_unnamed, node))
        case _:
            return node


def _unwrapped(schedule: Any) -> Any:
    """The schedule that its states are of."""
    return _unwrapped(schedule.schedule) if isinstance(schedule, Momentum | Resumed) else schedule


def _refuse_past_end(schedule: Any, node: Any) -> None:
    """Raises where a concrete state has no next value."""
    left = steps_left(_unwrapped(schedule), node)
    if left is not None and np.any(np.asarray(left) <= 0):
        end = schedule._final_epoch - schedule._first_epoch
        raise ValueError(f"{shown(schedule)} ends at count {end}: there is no step after it")


def _metric(name: str, value: Any) -> Any:
    if value is None:
        raise TypeError(f"{name}: update needs value=, the metric that torch's scheduler.step receives")
    value = unwrapped(value)
    if not isinstance(value, (int, float, np.number, np.ndarray, jax.Array)) or not jnp.isrealobj(value):
        raise TypeError(f"{name}: value must be a real number, got {value!r}")
    if np.shape(value) != ():
        raise ValueError(f"{name}: value must be a scalar, got an array of shape {np.shape(value)}")
    return value


def _split_lr(_: None, lr: Any) -> Parts:
    return Parts.of(jnp.asarray(lr, jnp.float64))


def _start(schedule: Any, before: Any) -> State:
    return _packed(schedule, *start(schedule, before))


def _step(schedule: Any, state: State, metric: Any = None) -> State:
    node, group = _unpacked(state)
    built, _ = build(schedule)
    if metric is None:
        return _packed(schedule, *step(built, node, group, None))
    return _packed(schedule, *jax.tree.map(_once, step(built, node, group, metric.astype(jnp.float64))))


def _once(x: Any) -> Any:
    """The same number, divided by one on the CPU, where a plateau's step then takes half the time.

    Of a float three parts are made. XLA's CPU computes it again for each of them, unless it is a quotient; the barrier
    hides from it that this one is by 1. Elsewhere nothing is divided: on a TPU a quotient need not be exact.
    """
    if not jnp.issubdtype(jnp.result_type(x), jnp.floating):
        return x
    one = lax.optimization_barrier(jnp.ones((), jnp.float64))  # type: ignore[no-untyped-call]
    return lax.platform_dependent(x, one, cpu=operator.truediv, default=lambda x, _: x)


def _current(schedule: Any, state: State) -> Any:
    return held(schedule, _unpacked(state)[1])


def _packed(schedule: Any, node: Any, group: Group) -> State:
    def pack(x: Any) -> Any:
        x = jnp.asarray(x)
        return Parts.of(x) if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.int32)

    return State(*jax.tree.map(pack, (_named(schedule, node), group.lr, group.momentum)))


def _unpacked(state: State) -> tuple[Any, Group]:
    def unpack(x: Any) -> Any:
        return x.sum() if isinstance(x, Parts) else x.astype(jnp.int64)

    node, lr, momentum = jax.tree.map(unpack, tuple(state), is_leaf=lambda x: isinstance(x, Parts))
    return _unnamed(node), Group(lr=lr, momentum=momentum)
