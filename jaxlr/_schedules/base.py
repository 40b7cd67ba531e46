"""What every schedule is: a value, called with a count, with a recursive form."""

import abc
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, reduce
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxlr._arguments import Check, is_integer, is_traced, shown, unwrapped
from jaxlr._float64 import float64
from jaxlr._numbers import Numbers, Slot

if TYPE_CHECKING:
    from jaxlr._machine.stateful import Stateful

# What is given; what is read is Python's, or a traced scalar.
Scalar = float | np.floating | np.integer | jax.Array
Length = int | np.integer | jax.Array  # a number of steps or epochs
Integer = int | np.integer  # one that is known when the program is traced
Flag = bool | np.bool_
Metrics = Sequence[float | np.floating | np.integer] | np.ndarray | jax.Array
_M_co = TypeVar("_M_co", bound="Schedule", covariant=True)


class _Drives(Protocol[_M_co]):
    """A schedule, by the class of its momentum."""

    @property
    def _momentum(self) -> _M_co | None: ...


class Schedule(abc.ABC):
    """A learning rate as a function of the number of scheduler steps: torch's, as a value.

    A schedule is a frozen dataclass of scalars, tuples and tables: its repr is the code that builds it; it compares,
    hashes, pickles and ``dataclasses.replace``s. What compares equal computes equal. Called with a count it is the
    closed form; ``.stateful()`` is the recursive one. A number may be traced: it is then equal to itself alone.
    """

    last_epoch: Integer = -1
    _fractional: ClassVar[bool] = False  # whether a count may be a float

    @property
    def _parts(self) -> "Sequence[Schedule]":
        """The schedules that it is made of: its `schedulers`, or its `schedule`."""
        fields = vars(self)
        parts: Sequence[Schedule] = fields.get("schedulers", (fields["schedule"],) if "schedule" in fields else ())
        return parts

    @property
    @abc.abstractmethod
    def _final_epoch(self) -> Any:
        """The last epoch that has a value; None where there is no last one. Where it is traced no count is refused."""

    @property
    @abc.abstractmethod
    def _momentum(self) -> "Schedule | None":
        """The schedule that drives the momentum, where there is one."""

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
        return _value()(self, self._checked(count))

    def stateful(self) -> "Stateful":
        """The recursive (chainable) form, as Optax's own StatefulSchedule."""
        from jaxlr._machine.stateful import Stateful  # noqa: PLC0415 the machine knows every class

        return Stateful(self)

    @property
    def momentum(self: _Drives[_M_co]) -> _M_co:
        """The schedule that torch drives the momentum (or beta1) with.

        Raises:
          AttributeError: the schedule leaves the momentum alone.
        """
        momentum = self._momentum
        if momentum is None:
            raise AttributeError(f"{type(self).__name__}: momentum is driven by no scheduler of {shown(self)}")
        return momentum

    def with_lr(self, lr: Scalar) -> Self:
        """The same recipe at another learning rate of the optimizer, members and all.

        Args:
          lr: a finite number >= 0, or a traced scalar.

        Raises:
          TypeError: no scheduler in it takes the optimizer's learning rate (OneCycleLR and CyclicLR bring their own).

        Example:
          >>> import jaxlr
          >>> jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1), jaxlr.StepLR(0.1, 30)], [5]).with_lr(0.2)
          SequentialLR(lr=0.2, schedulers=(LinearLR(lr=0.2), StepLR(lr=0.2, step_size=30)), milestones=(5,))
        """
        if not any(hasattr(part, "lr") for part in walk(self)):
            raise TypeError(f"with_lr: the schedule must have an lr, got {shown(self)}, which brings its own")
        if any(isinstance(part, Wrapper) and hasattr(part, "lr") for part in walk(self)):
            raise TypeError(f"with_lr: the schedule must be one from its start, got {shown(self)}: see State.with_lr")

        def changed(schedule: Any) -> Any:
            fields: dict[str, Any] = {"lr": lr} if hasattr(schedule, "lr") else {}
            if hasattr(schedule, "schedulers"):
                fields["schedulers"] = tuple(map(changed, schedule.schedulers))
            elif hasattr(schedule, "schedule"):
                fields["schedule"] = changed(schedule.schedule)
            return dataclasses.replace(schedule, **fields) if fields else schedule

        return changed(self)  # type: ignore[no-any-return]

    @property
    def _first_epoch(self) -> int:
        """The epoch at count 0."""
        return self.last_epoch + 1

    def _checked(self, count: Any) -> Any:
        """The count, where it is one: Python's and NumPy's numbers in 64 bits."""
        end = self._final_epoch
        if type(count) is int and abs(count) <= 2**53 and _is_before(end, self._first_epoch + count):
            return np.int64(count)  # most are: what follows takes longer than the call
        count = unwrapped(count)
        if not isinstance(count, (int, float, np.number, np.ndarray, jax.Array)):
            raise TypeError(f"count must be an integer or an array of integers, got {count!r}")
        dtype = np.asarray(count).dtype if not isinstance(count, jax.Array) else count.dtype
        if self._fractional and jnp.issubdtype(dtype, jnp.floating):
            wide: Any = np.float64
        elif is_integer(dtype) or (dtype.kind == "O" and isinstance(count, int)):
            wide = np.int64
        else:
            raise TypeError(f"count must be an integer or an array of integers, got {count!r} of dtype {dtype}")
        end = None if is_traced(end) else end
        if isinstance(count, jax.Array):
            unbounded = end is None and wide is np.int64 and dtype.itemsize < 8
            if isinstance(count, jax.core.Tracer) or unbounded or not count.is_fully_addressable:
                return count
        concrete = _extremes(count)
        if not np.all(abs(concrete) <= 2**53):
            raise ValueError(f"count must be finite, and exact in float64: at most 2**53, got {count!r}")
        if end is not None and np.any(concrete > end - self._first_epoch):
            raise ValueError(
                f"count must be at most {end - self._first_epoch} for {shown(self)}: there it ends, "
                f"got {concrete.max()}"
            )
        return count if isinstance(count, jax.Array) else concrete.astype(wide)

    def _check(self, **checks: Check) -> None:
        """Replaces each field named by what its check makes of it."""
        for name, check in checks.items():
            object.__setattr__(self, name, check(f"{type(self).__name__}: {name}", getattr(self, name)))

    def _check_last_epoch(self) -> None:
        """Refuses to resume past the end."""
        end = self._final_epoch
        if end is not None and not is_traced(end) and self._first_epoch > end:
            raise ValueError(
                f"{type(self).__name__}: last_epoch must be at most {end - 1}, where the schedule ends, "
                f"got {self._first_epoch - 1}"
            )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and comparable(self) == comparable(other)

    def __hash__(self) -> int:
        return hash(comparable(self))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))  # at once: another thread may call it
        state.pop("_split", None)
        return state

    def __repr__(self) -> str:
        return _call(self, _code)

    def __str__(self) -> str:
        """The same, but of a long table its first numbers: JAX names a function so, each time that it compiles one."""
        return _call(self, _short)


class Formula(Schedule):
    """A scheduler that is two functions of its own epoch t, written in float64.

    ``_closed_form(t)`` is the value that the stepped torch object has, and ``_recursive_form(lr, t, initial)`` torch's
    ``get_lr``, which edits what the optimizer holds. Where it has an end, neither is asked for an epoch past it. In a
    program its numbers are arrays, and it has no other attributes than its fields: those are what it compares by.
    """

    @abc.abstractmethod
    def _closed_form(self, t: jax.Array) -> Any:
        """The learning rate at epoch t."""

    @abc.abstractmethod
    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        """The learning rate at epoch t, from the one before it; initial is true in torch's constructor."""


class Multiplicative(Formula):
    """A scheduler each of whose steps multiplies the rate that it finds: its closed form is proportional to lr."""

    lr: Scalar

    @abc.abstractmethod
    def _factor(self, t: Any, initial: bool) -> Any:
        """What the step to epoch t multiplies by; initial is true in torch's constructor."""

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return lr * self._factor(t, initial)


class Absolute(Formula):
    """A scheduler each of whose steps gives its closed form, whatever rate it finds."""

    def _recursive_form(self, lr: Any, t: Any, initial: bool) -> Any:
        return self._closed_form(t)


class Wrapper(Schedule):
    """A schedule that steps another one."""

    schedule: Schedule

    def _check_schedule(self) -> None:
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"{type(self).__name__}: schedule must be a jaxlr schedule, got {self.schedule!r}")


@cache
def _value() -> Callable[[Schedule, Any], jax.Array]:
    """closed_form.value: an import in a call takes as long as a tenth of it."""
    from jaxlr._machine.closed_form import value  # noqa: PLC0415 the machine knows every class

    return value


def walk(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule, and all that it is made of."""
    yield schedule
    for part in schedule._parts:
        yield from walk(part)


def replaced(schedule: Any, /, **fields: Any) -> Any:
    """A copy with the fields given, where dataclasses.replace would check them again; of fields alone."""
    cls: type = type(schedule)
    copied: Any = object.__new__(cls)
    for name in names_of(cls):
        object.__setattr__(copied, name, fields[name] if name in fields else getattr(schedule, name))
    return copied


def lr_of(schedule: Schedule) -> Any:
    """The optimizer's learning rate, as the first scheduler says it that takes one; None where none does."""
    return next((part.lr for part in walk(schedule) if hasattr(part, "lr")), None)


def schedules(name: str, value: Any) -> tuple[Schedule, ...]:
    """A list of schedules, at least one."""
    if isinstance(value, Schedule | str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of jaxlr schedules, got {value!r}")
    members = tuple(value)
    if not members:
        raise ValueError(f"{name} must hold at least one schedule, got none")
    for i, member in enumerate(members):
        if not isinstance(member, Schedule):
            raise TypeError(f"{name}[{i}] must be a jaxlr schedule, got {member!r}")
    return members


def check_one_lr(schedule: Schedule) -> None:
    """Refuses members that are of several learning rates."""
    name, lrs = type(schedule).__name__, [part.lr for part in walk(schedule) if hasattr(part, "lr")]
    if any(map(is_traced, lrs)):
        if any(lr is not lrs[0] for lr in lrs):
            raise ValueError(
                f"{name}: all of lr must be the one learning rate of the optimizer, the same traced value, "
                f"got {lrs}: compute it once, lr = ..., and give that lr to each"
            )
    elif len(set(lrs)) > 1:
        raise ValueError(f"{name}: all of lr must be the one learning rate of the optimizer, got {lrs}")


def least_end(ends: Iterable[Any]) -> Any:
    """The first of the ends that there are, some of which may be traced; None where there is none."""
    known = [end for end in ends if end is not None]
    return reduce(jnp.minimum, known) if any(isinstance(end, jax.Array) for end in known) else min(known, default=None)


def cycles_momentum(schedule: Schedule) -> bool:
    """Whether a scheduler in it drives the momentum."""
    return any(isinstance(part, Formula) and part._momentum is not None for part in walk(schedule))


def _is_before(end: Any, epoch: int) -> bool:
    """Whether the epoch is seen at a glance to be no later than the end."""
    return end is None or (type(end) is int and epoch <= end)


def _extremes(count: Any) -> np.ndarray:
    """An array that has the least of the counts, and the greatest: of those on devices no other comes to the host."""
    if not isinstance(count, jax.Array) or count.size < 2:
        return np.asarray(count)
    with float64(), jax.ensure_compile_time_eval():
        return np.asarray([jnp.min(count), jnp.max(count)])


def comparable(x: Any) -> Any:
    """The value as what compares and hashes: what does not hash as itself alone."""
    if type(x) in (int, float, Slot, str):  # most are, and to ask an abstract class takes its time
        return x
    if type(x) is tuple:
        return tuple(map(comparable, x))
    if isinstance(x, Schedule):
        return (type(x), *[comparable(getattr(x, name)) for name in names_of(type(x))])
    if isinstance(x, tuple):
        return (type(x), *map(comparable, x))
    # A traced number, and a function's object that does not hash.
    return (type(x), id(x)) if isinstance(x, jax.Array) or type(x).__hash__ is None else x


@cache
def names_of(cls: type) -> tuple[str, ...]:
    """The names of its fields: dataclasses.fields takes as long as the rest of an eager call."""
    return tuple(field.name for field in dataclasses.fields(cls))


def _same(a: Any, b: Any) -> bool:
    return a is b or (not isinstance(a, jax.Array) and bool(a == b))


def _call(schedule: Schedule, written: Callable[[Any], str]) -> str:
    """The call that builds it."""
    arguments = [
        f"{field.name}={written(getattr(schedule, field.name))}"
        for field in dataclasses.fields(cast(Any, schedule))
        if field.init and not _same(getattr(schedule, field.name), field.default)
    ]
    return f"{type(schedule).__name__}({', '.join(arguments)})"


def _short(x: Any) -> str:
    match x:
        case Schedule() | Numbers():
            return str(x)
        case (Schedule(), *_):
            return f"({', '.join(map(str, x))}{',' if len(x) == 1 else ''})"
        case _:
            return _code(x)


def _code(x: Any) -> str:
    """The value as Python code; a function of a module by its name."""
    name = getattr(x, "__qualname__", "<")
    return repr(x) if "<" in name or not callable(x) else name
