"""What every schedule shares: the value, the float64 rule, and the two forms."""

import abc
import contextlib
import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxlr._arguments import Check

Scalar = float | jax.Array  # a hyperparameter: a Python float, or a traced scalar
Float32s = tuple[jax.Array, jax.Array, jax.Array]  # a float64 as the exact sum of three float32, largest first


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
        lr: jax.Array = in_float64(_value_at, self, self._checked(count))
        return lr

    def stateful(self) -> "Stateful":
        """The recursive (chainable) form, as Optax's own StatefulSchedule."""
        return Stateful(self)

    def _checked(self, count: ArrayLike) -> Any:
        """The count, where it is one: Python's and NumPy's numbers in 64 bits."""
        if not isinstance(count, (int, float, np.number, np.ndarray, jax.Array)):
            raise TypeError(f"count must be an integer or an array of integers, got {count!r}")
        dtype = np.result_type(count) if not isinstance(count, jax.Array) else count.dtype
        if self._fractional and jnp.issubdtype(dtype, jnp.floating):
            wide: Any = np.float64
        elif jnp.issubdtype(dtype, jnp.integer):
            wide = np.int64
        else:
            raise TypeError(f"count must be an integer or an array of integers, got {count!r} of dtype {dtype}")
        if isinstance(count, jax.core.Tracer):
            return count
        concrete = np.asarray(count)
        if not np.all(np.isfinite(concrete)):
            raise ValueError(f"count must be finite, got {count!r}")
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

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={_code(getattr(self, field.name))}"
            for field in dataclasses.fields(cast(Any, self))
            if field.init and not _same(getattr(self, field.name), field.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    # The state machine of one torch object. Its state is the epoch; the learning rate is threaded through.

    def _start(self) -> tuple[Any, Any]:
        """Epoch and learning rate right after torch's constructor, or where last_epoch resumes."""
        t = jnp.asarray(self._first_epoch, jnp.int64)
        if self._first_epoch == 0:
            return t, self._recursive_form(self._initial_lr, t, initial=True)
        return t, self._closed_form(t)

    def _step(self, t: Any, lr: Any) -> tuple[Any, Any]:
        """Epoch and learning rate after one scheduler step; both stay as they are past the end."""
        stepped = self._recursive_form(lr, t + 1, initial=False)
        end = self._final_epoch
        if end is None:
            return t + 1, stepped
        return jnp.minimum(t + 1, end), jnp.where(t < end, stepped, lr)

    def _refuse_past_end(self, t: Any) -> None:
        """Raises where a concrete state has no next value."""
        end = self._final_epoch
        if end is not None and not isinstance(t, jax.core.Tracer) and np.any(np.asarray(t) >= end):
            raise ValueError(f"{self!r} ends at epoch {end}: there is no step after it")


class State(NamedTuple):
    """The state of a recursive form: what torch's schedulers and its optimizer remember.

    Attributes:
      schedulers: torch's last_epoch, an int32 scalar for each scheduler.
      lr: the learning rate in float64, as the exact sum of three float32, largest first.
    """

    schedulers: Any
    lr: Float32s


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

    def init(self) -> State:
        """The state after torch's constructor."""
        state: State = in_float64(_start, self.schedule)
        return state

    def update(self, state: State, **extra_args: Any) -> State:
        """The state after one more scheduler step; extra arguments are those of other transformations."""
        del extra_args
        self.schedule._refuse_past_end(state.schedulers)
        stepped: State = in_float64(_step, self.schedule, state)
        return stepped

    def __call__(self, state: State, **extra_args: Any) -> jax.Array:
        """The learning rate in the state: a scalar, float32 (float64 where jax_enable_x64 is on)."""
        del extra_args
        lr: jax.Array = in_float64(_current, self.schedule, state)
        return lr


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


def _step(schedule: Schedule, state: State) -> State:
    t = jax.tree.map(lambda leaf: leaf.astype(jnp.int64), state.schedulers)
    return _packed(*schedule._step(t, _current(schedule, state)))


def _current(schedule: Schedule, state: State) -> jax.Array:
    del schedule
    high, middle, low = (part.astype(jnp.float64) for part in state.lr)
    return (high + middle) + low


def _packed(t: Any, lr: Any) -> State:
    lr = jnp.asarray(lr, jnp.float64)
    high = lr.astype(jnp.float32)
    middle = (lr - high.astype(jnp.float64)).astype(jnp.float32)
    low = (lr - high.astype(jnp.float64) - middle.astype(jnp.float64)).astype(jnp.float32)
    return State(jax.tree.map(lambda leaf: leaf.astype(jnp.int32), t), (high, middle, low))


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
                if not jnp.issubdtype(leaves[i].dtype, jnp.floating):
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
        wide = copy.copy(x)
        for field in dataclasses.fields(cast(Any, x)):
            object.__setattr__(wide, field.name, _widened(getattr(x, field.name)))
        return wide
    return x


def _same(a: Any, b: Any) -> bool:
    return a is b or (not isinstance(a, jax.Array) and bool(a == b))


def _code(x: Any) -> str:
    """The value as Python code; a function of a module by its name."""
    name = getattr(x, "__qualname__", "<")
    return repr(x) if "<" in name or not callable(x) else name
