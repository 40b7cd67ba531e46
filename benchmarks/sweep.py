"""Many different schedules of one class, each called once, as a search over hyperparameters builds them."""

import time
from collections.abc import Callable
from pathlib import Path
from resource import getpagesize
from statistics import median
from typing import Any, Literal

import jax
import optax

import jaxlr
from benchmarks._measure import shown
from benchmarks._process import fresh
from benchmarks._row import Result, Row, Sizes

Whose = Literal["ours", "theirs"]
GROWTH_AT_MOST = 10  # MB

# By class: ours, Optax's name, and Optax's, each of the i-th of n numbers between 0 and 1.
SWEPT: dict[str, tuple[Callable[[float], Any], str, Callable[[float], Any]]] = {
    "ExponentialLR": (
        lambda x: jaxlr.ExponentialLR(0.1 + x, gamma=0.9 + x / 10),
        "optax.exponential_decay",
        lambda x: optax.exponential_decay(0.1 + x, 1, 0.9 + x / 10),
    ),
    "CosineAnnealingLR": (
        lambda x: jaxlr.CosineAnnealingLR(0.1 + x, T_max=100, eta_min=x / 10),
        "optax.cosine_decay_schedule",
        lambda x: optax.cosine_decay_schedule(0.1 + x, 100, x / 10 / (0.1 + x)),
    ),
}


def sweep(sizes: Sizes) -> Result:
    """A sweep of each class, in processes of their own."""
    rows = []
    for name, (_, against, _) in SWEPT.items():
        pairs = [
            (_swept(name, sizes.swept, "ours"), _swept(name, sizes.swept, "theirs")) for _ in range(sizes.processes)
        ]
        ratio = median(ours / theirs for (ours, _), (theirs, _) in pairs)
        ours, growth, theirs, of_theirs = (median(column) for column in zip(*(a + b for a, b in pairs), strict=True))
        what = f"{name}, {sizes.swept:,} different ones called once"
        note = f"{shown(ours / sizes.swept)} each, theirs {shown(theirs / sizes.swept)}"
        rows.append(Row("sweep", what, against, ratio, "x", at_most=1, note=note))
        note = f"theirs {of_theirs:.3g} MB"
        rows.append(Row("sweep", f"{what}: memory", "", growth, "MB more", at_most=GROWTH_AT_MOST, note=note))
    return Result(rows)


def _swept(name: str, n: int, whose: Whose) -> tuple[float, float]:
    seconds, growth = fresh(f"from benchmarks.sweep import run; print(*run({name!r}, {n}, {whose!r}))").split()
    return float(seconds), float(growth)


def run(name: str, n: int, whose: Whose) -> tuple[float, float]:
    """The seconds that a sweep takes in this process, and the MB that the process grows by after the first call."""
    ours, _, theirs = SWEPT[name]
    build = ours if whose == "ours" else theirs
    start = time.perf_counter()
    jax.block_until_ready(build(0.0)(5))  # type: ignore[no-untyped-call]
    before = _megabytes()
    for i in range(1, n):
        jax.block_until_ready(build(i / n)(5))  # type: ignore[no-untyped-call]
    return time.perf_counter() - start, _megabytes() - before


def _megabytes() -> float:
    """The memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 1e6
