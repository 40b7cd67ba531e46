"""The schedules near to a known one that give another curve."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from jaxlr._curves.cause import Cause, Curve, Side
from jaxlr._curves.families import as_ratio, shortest
from jaxlr._curves.near import find_root, find_whole_root, shown_by, values_near
from jaxlr._float64 import float64
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Schedule, walk
from jaxlr._schedules.compose import Composite
from jaxlr._schedules.derived import Product
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR, is_sequential
from jaxlr._schedules.plateau import takes_metric
from jaxlr._schedules.table import Table

_SAMPLED = 96  # counts at which a schedule is tried first
_STEPPED = 4_096  # counts of one that has to be stepped
_EVALUATIONS = 1_000  # of schedules, for one curve
_STEPS = 20_000_000  # of those that have to be stepped
_MOST = 4  # answers
_FIXED = {"last_epoch", "T_mult"}  # each value of them needs a program of its own


@dataclasses.dataclass(frozen=True)
class Change:
    """Another value of one field.

    Attributes:
      path: the places of the members that lead to the schedule that has it.
      name: the field's.
      value: the one that it is changed to.
    """

    path: tuple[int, ...]
    name: str
    value: Any


def of_one_structure(theirs: Curve, ours: Curve) -> tuple[Cause, ...]:
    """The fields in which two schedules of the same classes differ; () where they are not, or not the two curves."""
    one, two = theirs.schedule, ours.schedule
    if one is None or two is None:
        return ()
    changes = _differences(one, two, ())
    if not changes or not (_is_curve(one, theirs) and _is_curve(two, ours)):
        return ()
    # A field that this part of the curve does not depend on is no cause.
    for change in list(changes) if len(changes) > 1 else []:
        rest = [other for other in changes if other is not change]
        changed = _changed(one, rest)
        if changed is not None and _is_curve(changed, ours):
            changes = rest
    return tuple(_cause(theirs.name, one, change, _at(one, change), known=True) for change in changes)


def neighbours(reference: Side, other: Side, *, changes: int) -> list[tuple[Cause, ...]]:
    """So many changes of the schedule that one side is that make it the other curve."""
    found: list[tuple[Cause, ...]] = []
    if np.ptp(reference.curve.values) == 0 or np.ptp(other.curve.values) == 0:
        return found  # many a number would make it constant
    theirs, ours = reference.curve.schedule, other.curve.schedule
    if theirs is not None:
        for made in _Search(reference, theirs, other).found(changes):
            found.append(tuple(_cause(reference.name, theirs, change, _at(theirs, change)) for change in made))
    if not found and ours is not None:
        for made in _Search(other, ours, reference).found(changes):
            back = [dataclasses.replace(change, value=_at(ours, change)) for change in made]
            pairs = zip(back, made, strict=True)
            found.append(tuple(_cause(reference.name, ours, change, their.value) for change, their in pairs))
    return found[:_MOST]


def _differences(one: Any, two: Any, path: tuple[int, ...]) -> list[Change] | None:
    """What of the one has another value in the other; None where they are not of the same classes."""
    if type(one) is not type(two):
        return None
    changes = []
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if not field.init or field.name in {"schedulers", "schedule"} or (field.name == "lr" and path):
            continue
        if a is not b and a != b:
            if not all(isinstance(value, int | float | str | tuple | None) for value in (a, b)):
                return None  # two functions, or two tables
            changes.append(Change(path, field.name, b))
    parts, others = _members(one), _members(two)
    if len(parts) != len(others):
        return None
    for i, (a, b) in enumerate(zip(parts, others, strict=True)):
        inner = _differences(a, b, (*path, i))
        if inner is None:
            return None
        changes += inner
    return changes


def _members(schedule: Schedule) -> tuple[Schedule, ...]:
    return tuple(schedule._parts)


def _at(schedule: Any, change: Change) -> Any:
    """The value that the schedule has where the change has another."""
    for i in change.path:
        schedule = _members(schedule)[i]
    return getattr(schedule, change.name)


def _changed(schedule: Any, changes: list[Change]) -> Any:
    """The schedule with the changes made; None where they are refused."""
    try:
        for change in changes:
            schedule = schedule.with_lr(change.value) if change.name == "lr" else _with(schedule, change, change.path)
    except (TypeError, ValueError, NotImplementedError, ArithmeticError):
        return None
    return schedule


def _with(schedule: Any, change: Change, path: tuple[int, ...]) -> Any:
    if not path:
        return dataclasses.replace(schedule, **{change.name: change.value})
    if isinstance(schedule, Composite | Product):
        members = list(schedule.schedulers)
        members[path[0]] = _with(members[path[0]], change, path[1:])
        return dataclasses.replace(cast(Any, schedule), schedulers=tuple(members))
    return dataclasses.replace(schedule, schedule=_with(schedule.schedule, change, path[1:]))


def _cause(R: str, schedule: Any, change: Change, theirs: Any, *, known: bool = False) -> Cause:
    of, parts = "", list(walk(schedule))
    for i in change.path:
        place, schedule = i, _members(schedule)[i]
        alike = sum(type(part) is type(schedule) for part in parts) > 1
        of = f"schedulers[{place}]." if alike else f"{type(schedule).__name__}."
    ratio = as_ratio(change.value, theirs) if isinstance(change.value, int) and isinstance(theirs, int) else ""
    text = f"{of}{change.name}={change.value!r} where {R} has {theirs!r}{ratio}"
    if change.name == "patience" and not known and change.value == theirs - 1:
        text = f"patience compared with >= where {R} has >: as {text}"
    return Cause("parameter", change.name, change.value, theirs, text)


def _is_curve(schedule: Any, curve: Curve) -> bool:
    """Whether the schedule gives every value of the curve."""
    end = curve.start + len(curve.values)
    values = _trajectory(schedule, end, curve.metrics)
    if values is None:
        return False
    return bool(np.all(np.abs(values[curve.start :] - curve.values) <= 2 * curve.tolerance))


def _trajectory(schedule: Any, steps: int, metrics: np.ndarray | None) -> np.ndarray | None:
    """The schedule's values; None where it has none."""
    needed = takes_metric(schedule)
    if needed and metrics is None:
        return None
    try:
        with float64():
            return np.asarray(trajectory(schedule, steps, metrics=metrics if needed else None), np.float64)
    except (TypeError, ValueError):
        return None


class _Search:
    """The neighbourhood of one side's schedule, in which the other side's curve is looked for."""

    def __init__(self, known: Side, schedule: Schedule, wanted: Side) -> None:
        self.known, self.schedule, self.wanted = known, schedule, wanted
        curve = wanted.curve
        self.metrics = known.curve.metrics if known.curve.metrics is not None else curve.metrics
        self.tolerance = known.curve.tolerance + curve.tolerance
        differ = np.abs(known.curve.values - curve.values) > self.tolerance
        first = int(np.argmax(differ))
        self.stepped = not has_closed_form(self.schedule) or is_sequential(self.schedule)
        n = len(curve.values)
        if self.stepped:
            n = min(n, max(_STEPPED, first + 2))
            self.places = np.arange(n)
        else:
            last = n - 1 - int(np.argmax(differ[::-1]))
            around = [place for segment in wanted.segments[1:16] for place in (segment.start - 1, segment.start)]
            spread = np.linspace(0, n - 1, _SAMPLED).astype(int)
            others = np.flatnonzero(differ)[:: max(1, n // 16)]
            places = np.r_[first, last, np.array(around, int) - curve.start, spread, others]
            # Always as many: a compiled program belongs to a number of counts.
            places = np.unique(np.clip(places, 0, n - 1))
            self.places = np.resize(places, 4 * _SAMPLED)
        self.values = curve.values[self.places]
        self.left = _EVALUATIONS if not self.stepped else max(4, min(_EVALUATIONS, _STEPS // (curve.start + n)))

    def found(self, changes: int) -> list[tuple[Change, ...]]:
        """The sets of so many changes that give the wanted curve."""
        if not self._explains_itself():
            return []
        found: list[tuple[Change, ...]] = []
        if changes == 1:
            # A number that is another needs no other program, but a plateau's choices are worth one.
            tried = list(self._changes(many=True))
            chosen = [change for change in tried if change.name == "T_mult" or isinstance(change.value, str | bool)]
            found = [(change,) for change in tried if change not in chosen and self._fits((change,))]
            if not found or takes_metric(self.schedule):
                found += [(change,) for change in chosen if self._fits((change,))]
            return self._nearest(found) or [(change,) for change in self._fitted(())]
        few = list(self._changes(many=False))
        fields = [(change.path, change.name) for change in few]
        rank = [fields[:i].count(field) for i, field in enumerate(fields)]
        places = [(i, j) for i in range(len(few)) for j in range(i) if fields[i] != fields[j]]
        # Those that are likely in both first: a default, a choice, one more or less.
        places.sort(key=lambda pair: rank[pair[0]] + rank[pair[1]])
        found = self._nearest([(few[j], few[i]) for i, j in places if self._fits((few[j], few[i]))])
        if not found:
            for one in few:
                found += [(one, two) for two in self._fitted((one,)) if (two.path, two.name) != (one.path, one.name)]
        return found

    def _nearest(self, found: list[tuple[Change, ...]]) -> list[tuple[Change, ...]]:
        """Of the values of one field that all fit the shortest number, or the one that is nearest to the schedule's."""
        nearest: dict[Any, tuple[Change, ...]] = {}
        for made in found:
            key = tuple((change.path, change.name) for change in made)
            if key not in nearest or self._away(made) < self._away(nearest[key]):
                nearest[key] = made
        return list(nearest.values())

    def _away(self, made: tuple[Change, ...]) -> tuple[int, float]:
        digits, away = 0, 0.0
        for change in made:
            a, b = change.value, _at(self.schedule, change)
            if isinstance(a, tuple):
                away += abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False))
            elif isinstance(a, int | float) and isinstance(b, int | float):
                away += abs(a - b)
                digits += len(repr(a)) if isinstance(a, float) else 0
        return digits, away

    def _explains_itself(self) -> bool:
        """Whether the schedule is the curve that it is said to be."""
        values = self._values(self.schedule)
        own = self.known.curve.values[self.places]
        return values is not None and bool(np.all(np.abs(values - own) <= 2 * self.known.curve.tolerance))

    def _values(self, schedule: Any) -> np.ndarray | None:
        """The schedule at the places that are tried; None where it has no value at one."""
        if schedule is None or self.left <= 0:
            return None
        self.left -= 1
        start = self.known.curve.start
        if self.stepped:
            values = _trajectory(schedule, start + len(self.places), self.metrics)
            return None if values is None else values[start:]
        try:
            with float64():
                return np.asarray(schedule(self.places + start), np.float64)
        except (TypeError, ValueError):
            return None

    def _fits(self, changes: tuple[Change, ...]) -> bool:
        """Whether the schedule with the changes is the wanted curve, at every count."""
        schedule = _changed(self.schedule, list(changes))
        values = self._values(schedule)
        if values is None or not np.all(np.abs(values - self.values) <= self.tolerance):
            return False
        curve = dataclasses.replace(self.wanted.curve, tolerance=self.tolerance / 2, metrics=self.metrics)
        return _is_curve(schedule, curve)

    def _changes(self, *, many: bool) -> Iterator[Change]:
        counts, rates = shown_by(self.wanted, self.known)
        for path, schedule in _nodes(self.schedule, ()):
            for field in dataclasses.fields(schedule):
                if not field.init or field.name == "last_epoch" or (field.name == "lr" and path):
                    continue
                value = getattr(schedule, field.name)
                for near in values_near(field, value, counts, rates, many=many):
                    if near != value or type(near) is not type(value):
                        yield Change(path, field.name, near)

    def _fitted(self, before: tuple[Change, ...]) -> Iterator[Change]:
        """The changes of one number that make the curves equal where they are farthest apart, and then everywhere."""
        base = _changed(self.schedule, list(before))
        values = None if base is None else self._values(base)
        if values is None:
            return
        at = int(np.argmax(np.abs(values - self.values)))
        for path, schedule in _nodes(base, ()):
            for field in dataclasses.fields(schedule):
                value = getattr(schedule, field.name)
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if not field.init or not number or field.name in _FIXED or (field.name == "lr" and path):
                    continue

                def off(x: float, path: Any = path, name: str = field.name) -> float:
                    tried = self._values(_changed(base, [Change(path, name, x)]))
                    return math.nan if tried is None else float(tried[at] - self.values[at])

                find = find_whole_root if isinstance(value, int) else find_root
                root = find(off, value, self.tolerance)
                short = root if root is None or isinstance(root, int) else shortest(root, 1e-7 * abs(root))
                for x in () if root is None else dict.fromkeys((short, root)):
                    change = Change(path, field.name, x)
                    if x != value and self._fits((*before, change)):
                        yield change
                        break


def _nodes(schedule: Any, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Each schedule in it that has numbers, and the way to it."""
    if not isinstance(schedule, LambdaLR | MultiplicativeLR | Table):
        yield path, schedule
        for i, member in enumerate(_members(schedule)):
            yield from _nodes(member, (*path, i))
