"""Random legal arguments of every class, and random nested recipes of them.

A recipe is drawn in two parts: first a pattern, a recipe whose numbers are still ranges, and then the numbers. What
decides on the compiled program is in the pattern: more recipes of one pattern cost little.
"""

import dataclasses
import math
from functools import partial
from itertools import count
from typing import Any

import jax
from hypothesis import strategies as st

from parity.case import Case, Entry, Range, Several
from parity.cases import COUNT_DRIVEN, LRS
from parity.compare import compare_case


def check(data: Any, pattern: Case, steps: int, *, stateful: int, others: int) -> None:
    """Compares recipes of a pattern with torch: so many with ``.stateful()``, others in one program for all."""
    for i in range(stateful + others):
        recipe = dataclasses.replace(data.draw(numbers(pattern)), lr=data.draw(numbers(LRS)))
        for row in compare_case(recipe, steps, stateful=i < stateful):
            assert row.comparison.passed, row
    if next(_checked) % 60 == 0:
        jax.clear_caches()  # a thousand programs are gigabytes


_checked = count(1)


def numbers(spec: Any) -> st.SearchStrategy[Any]:
    """What a pattern stands for: a Case of a Case, a number of a Range."""
    match spec:
        case Case():
            arguments = st.fixed_dictionaries({name: numbers(of) for name, of in spec.arguments.items()})
            return arguments.map(partial(_recipe, spec)).filter(has_phases)
        case Range(int(least), most):
            return st.integers(least, int(most))
        case Range(least, most):
            return st.floats(least, most)
        case tuple():
            return st.tuples(*map(numbers, spec)).map(list)
        case list():
            return st.one_of(map(numbers, spec))
        case _:
            return st.just(spec)


def _recipe(pattern: Case, arguments: dict[str, Any]) -> Case:
    if pattern.scheduler == "SequentialLR":
        arguments["milestones"] = sorted(arguments["milestones"])
    return dataclasses.replace(pattern, arguments=arguments)


def has_phases(case: Case) -> bool:
    """Whether no phase of a OneCycleLR has the length 0, nor one that rounding decides."""
    if case.scheduler != "OneCycleLR":
        return True
    pct_start, total_steps = case.arguments.get("pct_start", 0.3), case.arguments["total_steps"]
    three_phase = case.arguments.get("three_phase", False)
    ends = [pct_start * total_steps - 1, total_steps - 1]
    ends[1:1] = [2 * pct_start * total_steps - 2] if three_phase else []
    return not any(math.isclose(a, b, abs_tol=1e-6) for a, b in zip([0, *ends], ends, strict=False))


def of_class(entry: Entry) -> st.SearchStrategy[Case]:
    """The patterns of a class."""
    return _patterns(entry.name, entry.drawn)


def of_member(entry: Entry, steps: int) -> st.SearchStrategy[Case]:
    """The patterns of a member of a composite that runs for so many steps: it changes, and does not end, in them."""
    return _patterns(entry.name, _of_member(entry, steps))


def first_of_member(entry: Entry, steps: int) -> Case:
    """The one of them with the first of all choices."""
    return Case(entry.name, {name: _first(spec) for name, spec in _of_member(entry, steps).items()})


def members(steps: int) -> st.SearchStrategy[Case]:
    """Likewise of a member of any class."""
    return st.sampled_from(COUNT_DRIVEN).flatmap(partial(of_member, steps=steps))


def _of_member(entry: Entry, steps: int) -> dict[str, Any]:
    return {name: _within(steps, name, spec) for name, spec in (entry.member or entry.drawn).items()}


def _within(steps: int, name: str, spec: Any) -> Any:
    match spec:
        case Range(int(least), most):
            return Range(steps + 50, 2 * steps) if name == "total_steps" else Range(least, min(most, steps * 3 // 4))
        case Several(of, least, most):
            return Several(_within(steps, name, of), least, most)
        case list():
            return [_within(steps, name, one) for one in spec]
        case _:
            return spec


def _patterns(name: str, arguments: Any) -> st.SearchStrategy[Case]:
    chosen = {name: _chosen(spec) for name, spec in arguments.items()}
    return st.fixed_dictionaries(chosen).map(lambda arguments: Case(name, arguments))


def _chosen(spec: Any) -> st.SearchStrategy[Any]:
    if isinstance(spec, Several):
        return st.integers(spec.least, spec.most).map(lambda n: (spec.of,) * n)
    return st.sampled_from(spec) if _is_choice(spec) else st.just(spec)


def _first(spec: Any) -> Any:
    if isinstance(spec, Several):
        return (spec.of,) * spec.most
    return spec[0] if _is_choice(spec) else spec


def _is_choice(spec: Any) -> bool:
    """Whether it is a list to choose from, on which a program depends."""
    return isinstance(spec, list) and not all(isinstance(one, float | Range) for one in spec)


def chain(*members: Case) -> Case:
    """The pattern of a ChainedScheduler."""
    return Case("ChainedScheduler", {"schedulers": members})


def sequence(*members: Case, steps: int, at_0: int = 0) -> Case:
    """The pattern of a SequentialLR that runs for so many steps, in which so many members are skipped at once."""
    milestones = (0,) * at_0 + (Range(1, steps * 3 // 4),) * (len(members) - 1 - at_0)
    return Case("SequentialLR", {"schedulers": members, "milestones": milestones})


@st.composite
def sequences(draw: st.DrawFn, first: st.SearchStrategy[Case], later: st.SearchStrategy[Case], steps: int) -> Case:
    """The patterns of a SequentialLR of one to six members; one that takes over must be no composite."""
    at_0, after = draw(st.integers(0, 1)), draw(st.integers(0, 4))
    others = st.sampled_from(draw(st.lists(later, min_size=1, max_size=3)))  # members that are alike have one program
    drawn = [*(draw(first) for _ in range(at_0)), draw(first), *(draw(others) for _ in range(after))]
    return sequence(*drawn, steps=steps, at_0=at_0)


def composites(depth: int, steps: int) -> dict[str, st.SearchStrategy[Case]]:
    """The patterns of composites of each class that run for so many steps, nested up to the depth given."""
    plain = members(steps)
    nested = st.one_of(plain, *composites(depth - 1, steps).values()) if depth > 1 else plain
    chains = st.lists(nested, min_size=1, max_size=3).map(lambda drawn: chain(*drawn))
    return {"ChainedScheduler": chains, "SequentialLR": sequences(nested, plain, steps)}


def recipes(depth: int, steps: int) -> st.SearchStrategy[Case]:
    """Recipes that run for so many steps: of a class, or nested up to the depth given."""
    return st.one_of(members(steps), *composites(depth, steps).values()).flatmap(numbers)
