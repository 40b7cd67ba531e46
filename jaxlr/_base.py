"""What every schedule shares: the value, the float64 rule, and the two forms."""

import abc
import contextlib
import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, ClassVar, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxlr._arguments import Check, is_integer

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
    hashes, pickles and ``dataclasses.replace``s. A scheduler is its two forms in the epoch t, written in float64:
    ``_closed_form(t)``, the value that the stepped torch object has, and ``_recursive_form(lr, t, initial)``,
    torch's ``get_lr``, which edits what the optimizer holds.
    """

    lr: Scalar  # the optimizer's; CyclicLR and OneCycleLR bring their own
    last_epoch: int
    _fractional: ClassVar[bool] = False  # whether a count may be a float
    _multiplies: ClassVar[bool] = False  # whether a step only multiplies the learning rate it finds
    _absolute: ClassVar[bool] = False  # whether a step gives a value of its own, whatever it finds
    _sets_initial_lr: ClassVar[bool] = False  # whether torch's constructor overwrites the group's initial_lr
    _starts: ClassVar[bool] = True  # whether it begins where torch's constructor does: only then is it a member
    _numbers: ClassVar[tuple[str, ...]] = ("lr",)  # the fields that may be traced inside a composite

    @abc.abstractmethod
    def _closed_form(self, t: jax.Array) -> Any:
        """The learning rate at epoch t."""

    @abc.abstractmethod
    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        """The learning rate at epoch t, from the one before it; initial is true in torch's constructor."""

    @property
    def _first_epoch(self) -> int:
        """The epoch at count 0."""
        return self.last_epoch + 1

    @property
    def _initial_lr(self) -> Any:
        """What the optimizer holds when torch's constructor takes its first step."""
        return self.lr

    @property
    def _final_epoch(self) -> int | None:
        """The last epoch that has a value, None where there is no last."""
        return None

    @property
    def _own_momentum(self) -> Any:
        """The schedule that drives the momentum, where there is one."""
        return None

    @property
    def _cycles_momentum(self) -> bool:
        """Whether a scheduler in it drives the momentum."""
        return self._own_momentum is not None

    @property
    def _has_closed_form(self) -> bool:
        """Whether a closed form is known to be the value that the stepped torch object has."""
        return True

    @property
    def _enters(self) -> bool:
        """Whether torch's closed form at 0, with which a SequentialLR enters, has a value."""
        return True

    @property
    def _closed_after_entering(self) -> bool:
        """Whether the closed form is what follows when a SequentialLR has entered."""
        return self._has_closed_form

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
          TypeError: count is not an integer (CosineAnnealingWarmRestarts takes floats as well).
          ValueError: a concrete count past the end, where the schedule has one; a traced one holds the last value.
        """
        self._require_closed_form()
        lr: jax.Array = in_float64(_value_at, self, self._checked(count))
        return lr

    def _require_closed_form(self) -> None:
        if not self._has_closed_form:
            raise TypeError(
                f"{type(self).__name__} has no closed form that is known to be torch's value at any count: "
                f"step its .stateful(), or take tabulate(schedule, steps); got {self!r}"
            )

    def stateful(self) -> "Stateful":
        """The recursive (chainable) form, as Optax's own StatefulSchedule."""
        return Stateful(self)

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
                f"count must be at most {end - self._first_epoch} for {self!r}: there it ends, got {concrete.max()}"
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
                f"got {self.last_epoch}"
            )

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={_code(getattr(self, field.name))}"
            for field in dataclasses.fields(cast(Any, self))
            if field.init and not _same(getattr(self, field.name), field.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    # Torch's object as a state machine. A node is what it remembers, a group what it shares through the optimizer.

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        """Torch's constructor: the schedule with the initial_lr it found, its node, and the group."""
        built, group = self._registered(group)
        return built, self._node(0), built._edited(group, 0, initial=True)

    def _registered(self, group: Group) -> tuple[Any, Group]:
        """Torch's constructor but for the learning rate of its first step."""
        group = group.with_initial_lr()
        return replaced(self, lr=group.initial_lr), group

    def _linked(self, group: Group) -> Any:
        """The schedule with what later constructors have written over its entries in the group."""
        del group
        return self

    def _edited(self, group: Group, t: Any, initial: bool) -> Group:
        """The group with the learning rate, and the momentum, of epoch t."""
        t = jnp.asarray(t, jnp.int64)
        group = group._replace(lr=jnp.asarray(self._recursive_form(group.lr, t, initial), jnp.float64))
        momentum = self._own_momentum
        return group if momentum is None else group._replace(momentum=momentum._closed_form(t))

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        """Torch's step; past the end everything stays as it is."""
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
        return self._node(self._epoch(node) - 1)

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

    def _node(self, t: Any) -> Any:
        return {type(self).__name__: t}

    def _epoch(self, node: Any) -> Any:
        return node[type(self).__name__]

    def _built(self) -> tuple[Any, Any, Group]:
        """The schedule, its node and the group when all constructors have run."""
        built, node, group = self._construct(Group(lr=self._initial_lr))
        return built._linked(group), node, group

    def _start(self) -> tuple[Any, Group]:
        """Node and group right after torch's constructor, or where last_epoch resumes."""
        built, node, group = self._built()
        if self._first_epoch == 0:
            return node, group
        t = jnp.asarray(self._first_epoch, jnp.int64)
        group = group._replace(lr=self._closed_form(t))
        momentum = self._own_momentum
        group = group if momentum is None else group._replace(momentum=momentum._closed_form(t))
        return built._node(t), group

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
            raise ValueError(f"{self!r} ends at epoch {end}: there is no step after it")


class Wide(NamedTuple):
    """A float64 as the exact sum of three float32, largest first."""

    high: Any
    middle: Any
    low: Any


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
        try:
            expected = _state_shape(self.schedule)
        except TypeError:  # not hashable: it holds a traced hyperparameter
            expected = _state_shape.__wrapped__(self.schedule)
        if _shape(state) != expected:
            raise TypeError(f"state must be one of {self.schedule!r}, which is {expected}, got {_shape(state)}")


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


@contextlib.contextmanager
def _float64() -> Iterator[None]:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def in_float64(fun: Callable[..., Any], schedule: Any, *args: Any) -> Any:
    """fun(schedule, *args) computed in float64; a float64 result leaves as the caller's float.

    Works inside any transformed function. Derivatives are taken with respect to the schedule's traced
    hyperparameters and the floats in args, each a scalar or of the shape of the result.
    """
    dtype = jnp.result_type(float)
    with _float64():
        try:
            hash(schedule)
        except TypeError:  # it holds a traced hyperparameter
            return _evaluate(fun, schedule, dtype, *args)
        return _evaluate_compiled(fun, schedule, dtype, *args)


def _evaluate(fun: Callable[..., Any], schedule: Any, dtype: Any, *args: Any) -> Any:
    def outcome(*args: Any) -> Any:
        result = fun(_widened(schedule), *args)
        return jax.tree.map(lambda x: x.astype(dtype) if x.dtype == jnp.float64 else x, result)

    args = jax.tree.map(jnp.asarray, args)
    pure, hyperparameters = jax.closure_convert(outcome, *args)

    # Differentiated from outside, a float64 program would meet float32 tangents: each partial derivative is
    # computed inside, and leaves as the caller's float.
    @jax.custom_jvp
    def value(inputs: Any) -> Any:
        with _float64():
            # The barrier keeps XLA from computing the scalar again for every element that it multiplies.
            return lax.optimization_barrier(pure(*inputs[0], *inputs[1]))  # type: ignore[no-untyped-call]

    @value.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        leaves, tree = jax.tree.flatten(primals[0])
        result = value(*primals)
        tangent = jax.tree.map(_zero_tangent, result)
        with _float64():
            for i, dx in enumerate(jax.tree.leaves(tangents[0])):
                if not jnp.issubdtype(jnp.result_type(leaves[i]), jnp.floating):
                    continue

                def of_leaf(x: Any, i: int = i) -> Any:
                    inputs = jax.tree.unflatten(tree, [*leaves[:i], x, *leaves[i + 1 :]])
                    return pure(*inputs[0], *inputs[1])

                _, partials = jax.jvp(of_leaf, (leaves[i],), (jnp.ones_like(leaves[i]),))
                tangent = jax.tree.map(
                    lambda t, partial, dx=dx: t if t.dtype == jax.dtypes.float0 else t + partial * dx.astype(t.dtype),
                    tangent,
                    partials,
                )
        return result, tangent

    return value((args, hyperparameters))


_evaluate_compiled = partial(jax.jit, static_argnums=(0, 1, 2))(_evaluate)


def _zero_tangent(x: jax.Array) -> Any:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.zeros_like(x)
    return np.zeros(x.shape, jax.dtypes.float0)


def _widened(x: Any) -> Any:
    """The same value with every traced hyperparameter in float64."""
    if isinstance(x, jax.Array):
        return x.astype(jnp.float64)
    if isinstance(x, tuple):
        return tuple(map(_widened, x))
    if isinstance(x, Schedule):
        fields = dataclasses.fields(cast(Any, x))
        return replaced(x, **{field.name: _widened(getattr(x, field.name)) for field in fields})
    return x


def replaced(schedule: Any, /, **fields: Any) -> Any:
    """A copy with the fields given, where dataclasses.replace would check them again."""
    copied = copy.copy(schedule)
    for name, value in fields.items():
        object.__setattr__(copied, name, value)
    return copied


def _same(a: Any, b: Any) -> bool:
    return a is b or (not isinstance(a, jax.Array) and bool(a == b))


def _code(x: Any) -> str:
    """The value as Python code; a function of a module by its name."""
    name = getattr(x, "__qualname__", "<")
    return repr(x) if "<" in name or not callable(x) else name
