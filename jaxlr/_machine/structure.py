"""A schedule as a hashable structure and its numbers: a compiled program belongs to the one, and takes the others."""

import dataclasses
import math
import sys
from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxlr._arguments import is_traced
from jaxlr._float64 import in_float64
from jaxlr._numbers import Numbers, Slot
from jaxlr._schedules.base import Schedule, comparable, names_of, replaced
from jaxlr._schedules.lambdas import closes_over_traced


def compute(fun: Callable[..., Any], schedule: Schedule, *operands: Any, known: tuple[Hashable, ...] = ()) -> Any:
    """fun(schedule, *known, *operands) in float64, compiled once for all schedules of the same structure.

    What fun receives is the schedule with arrays in place of its numbers, and Members in place of its members.
    """
    structure, numbers = split(schedule)
    closes = not _is_kept(schedule) and closes_over_traced(schedule)
    return in_float64(_of_joined, (fun, structure, known), numbers, *operands, closes=closes)


def _of_joined(what: tuple[Any, ...], numbers: list[Any], *operands: Any) -> Any:
    fun, structure, known = what
    return fun(joined(structure, numbers), *known, *operands)


@dataclasses.dataclass(frozen=True)
class Members(Sequence[Any]):
    """The members of a composite; those that are alike but for their numbers are one schedule, their numbers stacked.

    Attributes:
      kinds: a schedule for each kind; where it has several members its numbers have a leading axis, of those.
      kind_of: which of them each member is.
    """

    kinds: tuple[Any, ...]
    kind_of: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.kind_of)

    def __getitem__(self, i: Any) -> Any:
        k = self.kind_of[i]
        return self.row(k, self.kind_of[:i].count(k))

    def row(self, k: int, i: Any) -> Any:
        """The schedule in a row of a kind; i may be traced."""
        return self.kinds[k] if self.kind_of.count(k) == 1 else _mapped(lambda x: at_row(x, i), self.kinds[k])

    def of_kind(self, k: int) -> list[int]:
        """The members of a kind."""
        return [i for i, kind in enumerate(self.kind_of) if kind == k]


def split(schedule: Schedule) -> tuple[Any, list[Any]]:
    """The structure, and the numbers in the order of its slots.

    A number is what stands in a field whose type admits a jax.Array; a table of them is a Numbers, or a tuple.
    """
    structure, numbers = _kept(schedule)
    return structure, [x.on_device if type(x) is Numbers else x for x in numbers]


def _kept(schedule: Schedule) -> tuple[Any, list[Any]]:
    """The same with the tables as they are: what it is split into once."""
    if not _is_kept(schedule):
        structure, numbers = _of_scalars(schedule) or _of_any(schedule)
        if closes_over_traced(schedule):  # nothing of it may outlive its trace
            return structure, numbers
        structure = _interned(structure)
        if any(map(is_traced, numbers)):
            return structure, numbers
        object.__setattr__(schedule, "_split", (structure, numbers))
    return vars(schedule)["_split"]  # type: ignore[no-any-return]


def _of_any(schedule: Schedule) -> tuple["Structure", list[Any]]:
    numbers: list[Any] = []
    emptied = _split(schedule, numbers)
    return Structure(comparable(emptied), emptied), numbers


def _of_scalars(schedule: Schedule) -> tuple["Structure", list[Any]] | None:
    """The same of a schedule whose fields are all scalars, as most are; else None. It takes a third of the time."""
    key: list[Any] = [type(schedule)]
    numbers: list[Any] = []
    dtypes = _split_fields(type(schedule))
    for name in names_of(type(schedule)):
        x = getattr(schedule, name)
        if name in dtypes and type(x) in (int, float):
            dtype: Any = dtypes[name] or type(x)
            numbers.append(_number(x, dtype))
            key.append(_scalar(dtype))
        elif x is None or (name not in dtypes and type(x) in (int, float, str, bool)):
            key.append(x)
        else:
            return None
    return Structure(tuple(key), schedule), numbers


def _is_kept(schedule: Schedule) -> bool:
    """Whether it is split: then it is not traced."""
    return "_split" in vars(schedule)


class Structure:
    """A schedule with a Slot in place of each number, and Members in place of members; hashed once.

    Args:
      key: the same as what compares.
      schedule: that schedule; or, until it is interned, one that still has its numbers.
    """

    __slots__ = ("_hash", "_key", "schedule")

    def __init__(self, key: tuple[Any, ...], schedule: Any) -> None:
        self.schedule = schedule
        self._key, self._hash = key, hash(key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Structure) and self._key == other._key)


@lru_cache(maxsize=512)
def _interned(structure: Structure) -> Structure:
    """The one that is kept of all that are equal."""
    structure.schedule = _split(structure.schedule, [])
    return structure


def _split(x: Any, numbers: list[Any], dtype: Any = None) -> Any:
    """dtype: that of the field; None where its values say."""
    match x:
        case int() | float():
            dtype = dtype or type(x)
            numbers.append(_number(x, dtype))
            return _scalar(dtype)
        case Schedule():
            fields = _split_fields(type(x))
            return replaced(x, **{name: _split(getattr(x, name), numbers, of) for name, of in fields.items()})
        case Numbers():
            numbers.append(x)
            return Slot(float, x.array.shape)
        case tuple() if x and isinstance(x[0], Schedule):
            return _split_members(x, numbers)
        case tuple() if dtype is int or all(isinstance(item, int) for item in x):
            numbers.append(_column(x, int))
            return Slot(int, (len(x),))
        case tuple():
            return tuple(_split(item, numbers) for item in x)
        case jax.Array():
            numbers.append(x if is_traced(x) else np.asarray(x, dtype))
            return Slot(dtype or type(x), ())
        case _:
            return x


def _number(x: float, dtype: Any) -> np.ndarray:
    if isinstance(x, float) and 0 < abs(x) < sys.float_info.min:
        x = math.copysign(sys.float_info.min, x)  # XLA would flush it to 0
    return np.asarray(x, dtype)


@cache
def _scalar(dtype: type) -> Slot:
    return Slot(dtype, ())


def _split_members(members: tuple[Schedule, ...], numbers: list[Any]) -> Members:
    alike: dict[Any, list[list[Any]]] = {}
    structures = []
    for member in members:
        structure, own = _kept(member)
        alike.setdefault(structure, []).append(own)
        structures.append(structure)
    places = {structure: k for k, structure in enumerate(alike)}
    for of_kind in alike.values():
        numbers += of_kind[0] if len(of_kind) == 1 else [_column(column, None) for column in zip(*of_kind, strict=True)]
    kinds = tuple(structure.schedule for structure in alike)
    return Members(kinds, tuple(places[structure] for structure in structures))


def _column(items: Sequence[Any], dtype: Any) -> Any:
    """An array where all is known, else what to stack when the program is traced."""
    if any(is_traced(item) for item in items) or any(isinstance(item, tuple) for item in items):
        return tuple(items)
    return np.array(items, dtype)


@cache
def _split_fields(cls: type) -> dict[str, Any]:
    """The fields that hold numbers or schedules, and the dtype of the numbers."""

    def named(annotation: Any) -> set[Any]:
        return set() if isinstance(annotation, list) else {annotation}.union(*map(named, get_args(annotation)))

    types = {field.name: named(field.type) for field in dataclasses.fields(cls)}
    numbers = {name: of for name, of in types.items() if of & {jax.Array, Numbers, Schedule}}
    return {name: None if Any in of or Schedule in of else int if int in of else float for name, of in numbers.items()}


def joined(structure: Any, numbers: Sequence[Any]) -> Any:
    """The schedule again, with float64 and int64 arrays for its numbers."""
    remaining = iter(numbers)
    return _mapped(lambda slot: _stacked(next(remaining), slot.dtype), structure.schedule)


def _stacked(x: Any, dtype: type) -> jax.Array:
    if isinstance(x, tuple):
        return jnp.stack([_stacked(item, dtype) for item in x])
    return jnp.asarray(x, jnp.float64 if dtype is float else jnp.int64)


def _mapped(fun: Callable[[Any], Any], x: Any) -> Any:
    """The schedule with fun of each of its slots, or where it is joined of each of its arrays."""
    match x:
        case Slot() | jax.Array():
            return fun(x)
        case Members():
            return Members(_mapped(fun, x.kinds), x.kind_of)
        case Schedule():
            return replaced(x, **{name: _mapped(fun, getattr(x, name)) for name in _split_fields(type(x))})
        case tuple():
            return tuple(_mapped(fun, item) for item in x)
        case _:
            return x


def kind_of_rows(schedules: Sequence[Any]) -> Any:
    """The kind whose members are the schedules given, all of one structure."""
    if len(schedules) == 1:
        return schedules[0]
    numbers: list[list[Any]] = [[] for _ in schedules]
    for own, schedule in zip(numbers, schedules, strict=True):
        _mapped(own.append, schedule)
    columns = iter([jnp.stack(column) for column in zip(*numbers, strict=True)])
    return _mapped(lambda _: next(columns), schedules[0])


def at_row(table: jax.Array, i: Any) -> jax.Array:
    """The row of a table; of a short one by selection, since JAX looks nothing up for a sharded vector of counts."""
    if not is_traced(i):
        return lax.index_in_dim(table, i, keepdims=False)
    if len(table) > 8:
        return lax.dynamic_index_in_dim(table, i, keepdims=False)  # type: ignore[no-any-return]
    found = table[0]
    for j in range(1, len(table)):
        found = jnp.where(i == j, table[j], found)
    return found
