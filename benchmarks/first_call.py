"""The first eager call of a schedule that is new to its process, beside that of Optax's nearest."""

import time
from statistics import median
from typing import Literal

import jax
import jax.numpy as jnp

from benchmarks._measure import shown
from benchmarks._nearest import nearest
from benchmarks._process import fresh
from benchmarks._recipes import recipes
from benchmarks._row import Result, Row, Sizes

Whose = Literal["ours", "theirs"]


def first_call(sizes: Sizes) -> Result:
    """Every class that Optax has a schedule near to; each figure is of as many processes of its own."""
    rows = []
    for name, case in recipes(sizes.steps).items():
        theirs = nearest(case.schedule())
        if theirs is None:
            continue
        took: dict[Whose, list[float]] = {"ours": [], "theirs": []}
        for _ in range(sizes.processes):
            for whose, of in took.items():
                call = f"seconds_of({name!r}, {sizes.steps}, {whose!r})"
                of.append(float(fresh(f"from benchmarks.first_call import seconds_of; print({call})")))
        ratio = median(ours / of_optax for ours, of_optax in zip(*took.values(), strict=True))
        note = f"{shown(median(took['ours']))}, theirs {shown(median(took['theirs']))}"
        rows.append(Row("first_call", f"{name}, the first (5)", theirs.name, ratio, "x", at_most=1, note=note))
    return Result(rows)


def seconds_of(name: str, steps: int, whose: Whose) -> float:
    """What the first call takes in this process, which has compiled one trivial operation before."""
    ours = recipes(steps)[name].schedule()
    theirs = nearest(ours)
    assert theirs is not None
    schedule = ours if whose == "ours" else theirs.schedule
    jax.block_until_ready(jnp.ones(3) + 1)  # type: ignore[no-untyped-call]
    start = time.perf_counter()
    jax.block_until_ready(schedule(5))  # type: ignore[no-untyped-call]
    return time.perf_counter() - start
