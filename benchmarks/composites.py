"""Long and deep composites: first init, first update, and the compilation of a call or a step."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import jaxlr
from benchmarks._measure import seconds, shown
from benchmarks._nearest import nearest
from benchmarks._row import Result, Row, Sizes
from benchmarks.compile_time import many_members


def composites(sizes: Sizes) -> Result:
    """A SequentialLR of many members beside Optax's; a SequentialLR in a SequentialLR, and so on."""
    return Result([_long(sizes), _deep(sizes)])


def _long(sizes: Sizes) -> Row:
    ours, shorter = many_members(sizes.many_members), many_members(sizes.of_theirs)
    took = [*_first_steps(ours), _seconds(lambda: jax.jit(ours).lower(jnp.int32(0)).compile())]
    theirs = nearest(shorter)
    assert theirs is not None
    of_theirs = _seconds(lambda: jax.jit(theirs.schedule).lower(jnp.int32(0)).compile())
    at_least = of_theirs * sizes.many_members / sizes.of_theirs
    return Row(
        "composites",
        f"SequentialLR, {sizes.many_members:,} members: {_VERBS}",
        theirs.name,
        sum(took) / at_least,
        "x",
        at_most=0.1,
        note=f"{_all(took)}; theirs of {sizes.of_theirs:,} compiles in {shown(of_theirs)}, and of more members longer "
        "in proportion at least",
    )


def _deep(sizes: Sizes) -> Row:
    ours = nested(sizes.depth)
    took = _first_steps(ours)
    state = ours.stateful().init()
    took.append(_seconds(lambda: jax.jit(ours.stateful().update).lower(state).compile()))
    what = f"SequentialLR nested {sizes.depth} deep: {_VERBS}"
    return Row("composites", what, "", sum(took), "s", at_most=5, note=_all(took))


_VERBS = "first init, first update, compile"


def nested(depth: int) -> Any:
    """A SequentialLR whose first member is a SequentialLR, and so on."""
    schedule: Any = jaxlr.ExponentialLR(0.1, gamma=0.99)
    for i in range(depth):
        schedule = jaxlr.SequentialLR(0.1, [schedule, jaxlr.CosineAnnealingLR(0.1, T_max=100 + i)], [5 * (i + 1)])
    return schedule


def _first_steps(schedule: Any) -> list[float]:
    """The seconds of the first init, and of the first update, as a fresh process makes them."""
    jax.clear_caches()  # type: ignore[no-untyped-call]
    stateful, states = schedule.stateful(), []
    init = seconds(lambda: states.append(stateful.init()))
    return [init, seconds(lambda: stateful.update(states[0]))]


def _seconds(fun: Callable[[], Any]) -> float:
    jax.clear_caches()  # type: ignore[no-untyped-call]
    return seconds(fun)


def _all(took: list[float]) -> str:
    return ", ".join(map(shown, took))
