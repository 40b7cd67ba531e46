"""Trace and compile, with many milestones and with many members, beside Optax."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

import jaxlr
from benchmarks._measure import in_turn, many, shown
from benchmarks._nearest import Nearest, nearest
from benchmarks._row import Point, Result, Row, Sizes

CALLS = 100
MILESTONES, MEMBERS = "milestones of a MultiStepLR", "members of a SequentialLR"


def compile_time(sizes: Sizes) -> Result:
    """MultiStepLR and SequentialLR."""
    rows, points = [], []
    for panel, largest, recipe, at_most in (
        (MILESTONES, sizes.milestones, many_milestones, 0.1),
        (MEMBERS, sizes.members, many_members, 0.25),
    ):
        n = largest
        while n >= 2:
            ours = recipe(n)
            theirs = nearest(ours)
            assert theirs is not None
            repeats = max(1, sizes.repeats // 5 if n == largest else 2)
            pair = in_turn(partial(_compiled, ours), partial(_compiled, theirs.schedule), repeats)
            points += [Point(panel, "jaxlr", n, pair.ours), Point(panel, theirs.name, n, pair.theirs)]
            if n == largest:
                note = f"{shown(pair.ours)}, theirs {shown(pair.theirs)}"
                what = f"{type(ours).__name__}, {n:,} {panel.split()[0]}"
                rows.append(
                    Row("compile_time", f"{what}: trace + compile", theirs.name, pair.ratio, "x", at_most, note=note)
                )
                if panel == MEMBERS:
                    rows += _one_call(what, ours, theirs, sizes)
            n //= 4
    return Result(rows, points)


def many_milestones(n: int) -> Any:
    """A drop every 1,000 steps."""
    return jaxlr.MultiStepLR(0.1, milestones=range(1000, 1000 * (n + 1), 1000), gamma=0.99)


def many_members(n: int) -> Any:
    """Members of four classes in turn, each with numbers of its own, 1,000 steps each."""
    members = [
        (
            jaxlr.LinearLR(0.1, start_factor=1 / (i + 2), total_iters=500 + i),
            jaxlr.CosineAnnealingLR(0.1, T_max=1000 + i),
            jaxlr.ExponentialLR(0.1, gamma=1 - 1 / (i + 1000)),
            jaxlr.PolynomialLR(0.1, total_iters=1000 + i, power=0.9),
        )[i % 4]
        for i in range(n)
    ]
    return jaxlr.SequentialLR(0.1, members, milestones=range(1000, 1000 * n, 1000))


def _compiled(schedule: Callable[[Any], Any]) -> Any:
    """The program of a call, as a fresh process makes it."""
    jax.clear_caches()  # type: ignore[no-untyped-call]
    return jax.jit(schedule).lower(jnp.int32(0)).compile()


def _one_call(what: str, ours: Any, theirs: Nearest, sizes: Sizes) -> list[Row]:
    count = jnp.int32(1234)
    ours_compiled, theirs_compiled = _compiled(ours), _compiled(theirs.schedule)
    compiled = in_turn(
        many(lambda: ours_compiled(count), CALLS), many(lambda: theirs_compiled(count), CALLS), sizes.repeats * 2
    )
    eager = in_turn(lambda: ours(1234), lambda: theirs.schedule(1234), max(3, sizes.repeats // 3))
    return [
        Row(
            "compile_time",
            f"{what}: one compiled call",
            theirs.name,
            compiled.ratio,
            "x",
            at_most=1.0,
            note=f"{shown(compiled.ours / CALLS)}, theirs {shown(compiled.theirs / CALLS)}",
        ),
        Row(
            "compile_time",
            f"{what}: one eager call",
            theirs.name,
            eager.ratio,
            "x",
            at_most=1.0,
            note=f"{shown(eager.ours)}, theirs {shown(eager.theirs)}; the first call {shown(eager.first)}",
        ),
    ]
