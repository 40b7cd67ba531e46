"""What every schedule shares: the value, torch's object as a state machine, and its recursive form."""

import abc
import dataclasses
from functools import lru_cache, partial
from typing import Any, ClassVar, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxlr._arguments import Check, is_integer, shown
from jaxlr._float64 import in_float64, replaced

Scalar = float | jax.Array  # a hyperparameter: a Python float, or a traced scalar


class Group(NamedTuple):
    """What schedulers read and write of torch's optimizer.param_groups[0]; None where there is no such entry."""

    lr: Any
    initial_lr: Any = None
    momentum: Any = None
    base_momentum: Any = None
    max_momentum: Any = None
    one_cycle: Any = None  # the OneCycleLR built last: all of them read its max_lr, initial_lr and min_lr
    swa_lr: Any = None

    def with_initial_lr(self) -> "Group":
        """What torch's LRScheduler does first: the learning rate found becomes the initial one, if there is none."""
        return self if self.initial_lr is not None else self._replace(initial_lr=self.lr)


class Schedule(abc.ABC):
    """A learning rate as a function of the number of scheduler steps: torch's, as a value.

    A schedule is a frozen dataclass of Python scalars and tuples: it prints as the code that builds it, compares,
    hashes, pickles and ``dataclasses.replace``s. Called with a count it is the closed form; ``.stateful()`` is the
    recursive one: torch's object as a state machine, of which a node is what the object remembers, and a group what it
    shares with others through the optimizer.
    """

    lr: Scalar  # the optimizer's; CyclicLR, OneCycleLR and Table bring their own
    _fractional: ClassVar[bool] = False  # whether a count may be a float
    _multiplies: ClassVar[bool] = False  # whether a step only multiplies the learning rate it finds
    _absolute: ClassVar[bool] = False  # whether a step gives a value of its own, whatever it finds

    @abc.abstractmethod
    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        """Torch's constructor: the schedule with the initial_lr it found, its node, and the group."""

    @abc.abstractmethod
    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        """Torch's step; past the end everything stays as it is."""

    @property
    def _has_closed_form(self) -> bool:
        """Whether a closed form is known to be the value that the stepped torch object has."""
        return False

    def _closed_form(self, t: jax.Array) -> Any:
        """The learning rate at epoch t, where _has_closed_form."""
        del t
        raise self._no_closed_form()

    @property
    def _first_epoch(self) -> int:
        """The epoch at count 0."""
        return 0

    @property
    def _final_epoch(self) -> int | None:
        """The last epoch that has a value, None where there is no last."""
        return None

    @property
    def _initial_lr(self) -> Any:
        """What the optimizer holds when torch's constructor takes its first step."""
        return self.lr

    @property
    def _lrs(self) -> tuple[Any, ...]:
        """Every mention of the optimizer's learning rate; none where the schedule brings its own."""
        return (self.lr,)

    @property
    def _own_momentum(self) -> Any:
        """The schedule that drives the momentum, where there is one."""
        return None

    @property
    def _cycles_momentum(self) -> bool:
        """Whether a scheduler in it drives the momentum."""
        return self._own_momentum is not None

    @property
    def _sets_initial_lr(self) -> bool:
        """Whether torch's constructor overwrites the group's initial_lr."""
        return False

    @property
    def _starts(self) -> bool:
        """Whether it begins where torch's constructor does: only then is it a member."""
        return True

    @property
    def _torchs(self) -> bool:
        """Whether it is a scheduler of torch's, all through."""
        return True

    @property
    def _takes_metric(self) -> bool:
        """Whether a step receives a metric."""
        return False

    @property
    def _sequential(self) -> bool:
        """Whether a call takes as many operations as the count is large."""
        return False

    def __call__(self, count: ArrayLike) -> jax.Array:
        """The learning rate after `count` scheduler steps: torch's, within 1 float32 ulp.

        Args:
          count: an integer or an array of integers of any shape (elementwise); a negative one is treated as 0.

        Returns:
          An array of the shape of count; float32, or float64 where jax_enable_x64 is on.

        Raises:
          TypeError: count is not an integer (CosineAnnealingWarmRestarts takes floats as well), or the schedule has no
            closed form.
          ValueError: a concrete count past the end, where the schedule has one; a traced one holds the last value.
        """
        if not self._has_closed_form:
            raise self._no_closed_form()
        lr: jax.Array = in_float64(_value_at, self, self._checked(count))
        return lr

    def stateful(self) -> "Stateful":
        """The recursive (chainable) form, as Optax's own StatefulSchedule."""
        return Stateful(self)

    @property
    def momentum(self) -> Any:
        """The schedule that torch drives the momentum (or beta1) with.

        Raises:
          AttributeError: the schedule leaves the momentum alone.
        """
        if self._own_momentum is None:
            raise AttributeError(f"{type(self).__name__}: momentum is driven by no scheduler of {shown(self)}")
        return self._own_momentum

    def _no_closed_form(self) -> TypeError:
        way_out = "" if self._takes_metric else ", or take tabulate(schedule, steps)"
        return TypeError(
            f"{type(self).__name__} has no closed form that is known to be torch's value at any count: step its "
            f".stateful(), in optax.inject_hyperparams(...)(learning_rate=...){way_out}; got {shown(self)}"
        )

    def _checked(self, count: ArrayLike) -> Any:
        """The count, where it is one: Python's and NumPy's numbers in 64 bits."""
        if not isinstance(count, (int, float, np.number, np.ndarray, jax.Array)):
            raise TypeError(f"count must be an integer or an array of integers, got {count!r}")
        dtype = np.asarray(count).dtype if not isinstance(count, jax.Array) else count.dtype
        if self._fractional and jnp.issubdtype(dtype, jnp.floating):
            wide: Any = np.float64
        elif is_integer(dtype) or (dtype.kind == "O" and isinstance(count, int)):
            wide = np.int64
        else:
            raise TypeError(f"count must be an integer or an array of integers, got {count!r} of dtype {dtype}")
        if isinstance(count, jax.core.Tracer):
            return count
        concrete = np.asarray(count)
        if not np.all(abs(concrete) <= 2.0**53):
            raise ValueError(f"count must be finite, and exact in float64: at most 2**53, got {count!r}")
        end = self._final_epoch
        if end is not None and np.any(concrete > end - self._first_epoch):
            raise ValueError(
                f"count must be at most {end - self._first_epoch} for {shown(self)}: there it ends, "
                f"got {concrete.max()}"
            )
        return concrete.astype(wide)

    def _check(self, **checks: Check) -> None:
        """Replaces each field named by what its check makes of it."""
        for name, check in checks.items():
            object.__setattr__(self, name, check(f"{type(self).__name__}: {name}", getattr(self, name)))

    def _check_last_epoch(self) -> None:
        """Refuses to resume past the end."""
        end = self._final_epoch
        if end is not None and self._first_epoch > end:
            raise ValueError(
                f"{type(self).__name__}: last_epoch must be at most {end - 1}, where the schedule ends, "
                f"got {self._first_epoch - 1}"
            )

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={_code(getattr(self, field.name))}"
            for field in dataclasses.fields(cast(Any, self))
            if field.init and not _same(getattr(self, field.name), field.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _linked(self, group: Group) -> Any:
        """The schedule with what later constructors have written over its entries in the group."""
        del group
        return self

    def _node(self, remembered: Any) -> Any:
        return {type(self).__name__: remembered}

    def _remembered(self, node: Any) -> Any:
        return node[type(self).__name__]

    def _epoch(self, node: Any) -> Any:
        """The schedule's own epoch."""
        return self._remembered(node)

    def _built(self) -> tuple[Any, Any, Group]:
        """The schedule, its node and the group when all constructors have run."""
        built, node, group = self._construct(Group(lr=self._initial_lr))
        return built._linked(group), node, group

    def _start(self) -> tuple[Any, Group]:
        """Node and group right after torch's constructor, or where last_epoch resumes."""
        _, node, group = self._built()
        return node, group

    def _held(self, group: Group) -> Any:
        """What the schedule gives, of the group."""
        return group.lr

    def _refuse_past_end(self, node: Any) -> None:
        """Raises where a concrete state has no next value."""
        end = self._final_epoch
        if end is None:
            return
        t = self._epoch(node)
        if not isinstance(t, jax.core.Tracer) and np.any(np.asarray(t) >= end):
            raise ValueError(f"{shown(self)} ends at count {end - self._first_epoch}: there is no step after it")


class Formula(Schedule):
    """A scheduler that is two functions of its own epoch t, written in float64.

    ``_closed_form(t)`` is the value that the stepped torch object has, and ``_recursive_form(lr, t, initial)`` torch's
    ``get_lr``, which edits what the optimizer holds. Its node is its epoch.
    """

    last_epoch: int
    _numbers: ClassVar[tuple[str, ...]] = ("lr",)  # the fields that may be traced inside a composite
    _undoes: ClassVar[int] = 1  # the epochs that torch's recursive_undo takes back

    @abc.abstractmethod
    def _closed_form(self, t: jax.Array) -> Any:
        """The learning rate at epoch t."""

    @abc.abstractmethod
    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        """The learning rate at epoch t, from the one before it; initial is true in torch's constructor."""

    @property
    def _first_epoch(self) -> int:
        return self.last_epoch + 1

    @property
    def _has_closed_form(self) -> bool:
        return True

    @property
    def _enters(self) -> bool:
        """Whether torch's closed form at 0, with which a SequentialLR enters, has a value."""
        return True

    @property
    def _closed_after_entering(self) -> bool:
        """Whether the closed form is what follows when a SequentialLR has entered."""
        return True

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        built, group = self._registered(group)
        return built, self._node(0), built._edited(group, 0, initial=True)

    def _registered(self, group: Group) -> tuple[Any, Group]:
        """Torch's constructor but for the learning rate of its first step."""
        group = group.with_initial_lr()
        return replaced(self, lr=group.initial_lr), group

    def _edited(self, group: Group, t: Any, initial: bool) -> Group:
        """The group with the learning rate, and the momentum, of epoch t."""
        t = jnp.asarray(t, jnp.int64)
        group = group._replace(lr=jnp.asarray(self._recursive_form(group.lr, t, initial), jnp.float64))
        momentum = self._own_momentum
        return group if momentum is None else group._replace(momentum=momentum._closed_form(t))

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        del metric
        t = self._epoch(node)
        stepped = self._edited(group, t + 1, initial=False)
        end = self._final_epoch
        if end is None:
            return self._node(t + 1), stepped
        return self._node(jnp.minimum(t + 1, end)), jax.tree.map(partial(jnp.where, t < end), stepped, group)

    def _initial_step(self, node: Any, group: Group) -> tuple[Any, Group]:
        """Torch's _initial_step, which a SequentialLR calls on the member that runs at 0."""
        t = self._epoch(node) + 1
        return self._node(t), self._edited(group, t, initial=True)

    def _undone(self, node: Any) -> Any:
        """Torch's recursive_undo: the epoch before."""
        return self._node(self._epoch(node) - self._undoes)

    def _enter(self, node: Any, group: Group) -> tuple[Any, Group]:
        """Torch's _update_lr(0), with which a SequentialLR enters a member: its closed form at 0."""
        del node
        group = self._edited(group, 0, initial=False)
        lr = jnp.asarray(self._entry_lr(group), jnp.float64)
        return self._node(jnp.asarray(0, jnp.int64)), group._replace(lr=lr)

    def _entry_lr(self, group: Group) -> Any:
        """Torch's closed form at 0, or else its recursive form there."""
        del group
        return self._closed_form(jnp.asarray(0, jnp.int64))

    def _start(self) -> tuple[Any, Group]:
        built, node, group = self._built()
        if self._first_epoch == 0:
            return node, group
        t = jnp.asarray(self._first_epoch, jnp.int64)
        group = group._replace(lr=self._closed_form(t))
        momentum = self._own_momentum
        group = group if momentum is None else group._replace(momentum=momentum._closed_form(t))
        return built._node(t), group


class Wrapper(Schedule):
    """A schedule that steps another one."""

    schedule: Schedule

    @property
    def _final_epoch(self) -> int | None:
        return self.schedule._final_epoch

    @property
    def _initial_lr(self) -> Any:
        return self.schedule._initial_lr

    @property
    def _lrs(self) -> tuple[Any, ...]:
        return self.schedule._lrs

    @property
    def _sets_initial_lr(self) -> bool:
        return self.schedule._sets_initial_lr

    @property
    def _torchs(self) -> bool:
        return False

    @property
    def _takes_metric(self) -> bool:
        return self.schedule._takes_metric

    @property
    def _sequential(self) -> bool:
        return self.schedule._sequential

    def _check_schedule(self) -> None:
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"{type(self).__name__}: schedule must be a jaxlr schedule, got {self.schedule!r}")


class Wide(NamedTuple):
    """A float64 as the exact sum of three float32.

    Attributes:
      high: the float32 nearest to it.
      middle: the float32 nearest to what is left.
      low: the rest.

    Example:
      >>> import jaxlr
      >>> state = jaxlr.ExponentialLR(0.1, gamma=0.5).stateful().init()
      >>> float(state.lr) == 0.1
      True
    """

    high: Any
    middle: Any
    low: Any

    def __float__(self) -> float:
        return (float(self.high) + float(self.middle)) + float(self.low)


class State(NamedTuple):
    """The state of a recursive form: what torch's schedulers, and its optimizer, remember.

    Attributes:
      schedulers: by the name of its class, what each scheduler remembers; its last_epoch, an int32.
      lr: the learning rate, a float64 as the exact sum of three float32.
      momentum: likewise the momentum (or beta1), None where no scheduler cycles it.
    """

    schedulers: Any
    lr: Wide
    momentum: Wide | None


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
        state: State = in_float64(_start, self.schedule)
        return state

    def update(self, state: State, *, value: Any = None, **extra_args: Any) -> State:
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
        self.schedule._refuse_past_end(state.schedulers)
        metric = () if not self.schedule._takes_metric else (_metric(type(self.schedule).__name__, value),)
        stepped: State = in_float64(_step, self.schedule, state, *metric)
        return stepped

    def __call__(self, state: State, **extra_args: Any) -> jax.Array:
        """The learning rate in the state: a scalar, float32 (float64 where jax_enable_x64 is on)."""
        del extra_args
        self._check_state(state)
        lr: jax.Array = in_float64(_current, self.schedule, state)
        return lr

    def _check_state(self, state: State) -> None:
        if not isinstance(state, State):
            raise TypeError(
                f"state must be one of {shown(self.schedule)}, which init or update gives, got {shown(state)}: it "
                "takes no count, and goes into optax.inject_hyperparams(optax.sgd)(learning_rate=...)"
            )
        try:
            expected = _state_shape(self.schedule)
        except TypeError:  # not hashable: it holds a traced hyperparameter
            expected = _state_shape.__wrapped__(self.schedule)
        if _shape(state) != expected:
            raise TypeError(
                f"state must be one of {shown(self.schedule)}, which is {shown(expected)}, got {shown(_shape(state))}"
            )


@lru_cache(maxsize=4096)
def _state_shape(schedule: Schedule) -> Any:
    return _shape(jax.eval_shape(partial(in_float64, _start, schedule)))


def _shape(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(np.shape(leaf))}", tree)


def _metric(name: str, value: Any) -> Any:
    if value is None:
        raise TypeError(f"{name}: update needs value=, the metric that torch's scheduler.step receives")
    if not isinstance(value, (int, float, np.number, np.ndarray, jax.Array)) or not jnp.isrealobj(value):
        raise TypeError(f"{name}: value must be a real number, got {value!r}")
    if np.shape(value) != ():
        raise ValueError(f"{name}: value must be a scalar, got an array of shape {np.shape(value)}")
    return value


def _value_at(schedule: Schedule, count: jax.Array) -> jax.Array:
    count = count.astype(jnp.float64 if jnp.issubdtype(count.dtype, jnp.floating) else jnp.int64)

    def value(count: jax.Array) -> jax.Array:
        t = jnp.maximum(count, 0) + schedule._first_epoch
        end = schedule._final_epoch
        return jnp.asarray(schedule._closed_form(t if end is None else jnp.minimum(t, end)), jnp.float64)

    flat: jax.Array = jax.vmap(value)(count.ravel()) if count.ndim else value(count)
    return flat.reshape(count.shape)


def _start(schedule: Schedule) -> State:
    return _packed(*schedule._start())


def _step(schedule: Schedule, state: State, metric: Any = None) -> State:
    node, group = _unpacked(state)
    built, _, _ = schedule._built()
    return _packed(*built._step(node, group, None if metric is None else metric.astype(jnp.float64)))


def _current(schedule: Schedule, state: State) -> Any:
    return schedule._held(_unpacked(state)[1])


def _packed(node: Any, group: Group) -> State:
    def pack(x: Any) -> Any:
        x = jnp.asarray(x)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            return x.astype(jnp.int32)
        high = x.astype(jnp.float32)
        rest = jnp.where(jnp.isfinite(x), x - high.astype(jnp.float64), 0.0)
        middle = rest.astype(jnp.float32)
        return Wide(high, middle, (rest - middle.astype(jnp.float64)).astype(jnp.float32))

    return State(*jax.tree.map(pack, (node, group.lr, group.momentum)))


def _unpacked(state: State) -> tuple[Any, Group]:
    def unpack(x: Any) -> Any:
        if not isinstance(x, Wide):
            return x.astype(jnp.int64)
        high, middle, low = (part.astype(jnp.float64) for part in x)
        return (high + middle) + low

    node, lr, momentum = jax.tree.map(unpack, tuple(state), is_leaf=lambda x: isinstance(x, Wide))
    return node, Group(lr=lr, momentum=momentum)


def _same(a: Any, b: Any) -> bool:
    return a is b or (not isinstance(a, jax.Array) and bool(a == b))


def _code(x: Any) -> str:
    """The value as Python code; a function of a module by its name."""
    name = getattr(x, "__qualname__", "<")
    return repr(x) if "<" in name or not callable(x) else name
