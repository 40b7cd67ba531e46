"""A Table of 10^6 values: built, compared, called, lowered and written down."""

import pickle
import re
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxlr
from benchmarks._measure import in_turn, many, seconds, shown
from benchmarks._row import Result, Row, Sizes

CALLS = 20
AT_MOST = 20  # milliseconds


def tables(sizes: Sizes) -> Result:
    """A table as long as a trajectory."""
    values = np.linspace(0.1, 0.2, sizes.steps)
    table = jaxlr.Table(values)
    exponential = jaxlr.ExponentialLR(0.1, gamma=0.999)
    eager = in_turn(many(lambda: table(5), CALLS), many(lambda: exponential(5), CALLS), sizes.repeats)
    rows = [
        Row(
            "tables",
            f"Table of {sizes.steps:,} values, (5)",
            "ExponentialLR(5)",
            eager.ratio,
            "x",
            at_most=1.5,
            note=f"{shown(eager.ours / CALLS)}, theirs {shown(eager.theirs / CALLS)}",
        )
    ]
    equal = jaxlr.Table(values)
    verbs: dict[str, Callable[[], Any]] = {
        "build from an array": lambda: jaxlr.Table(values),
        "build and hash": lambda: hash(jaxlr.Table(values)),
        "== to an equal one": lambda: table == equal,
        "build and lower": lambda: jax.jit(jaxlr.Table(values)).lower(jnp.int32(0)),
    }
    for verb, fun in verbs.items():
        took = median(seconds(fun) for _ in range(sizes.repeats))
        rows.append(_row(sizes, verb, took * 1e3, "ms", AT_MOST))
    rows += [
        _row(sizes, "pickle", len(pickle.dumps(table)) / sizes.steps, "bytes a value", 8.01),
        _row(sizes, "repr", len(repr(table)), "bytes", 1000),
        _row(sizes, "in the program of two groups", _constants(table), "constants", 1),
    ]
    return Result(rows)


def _row(sizes: Sizes, what: str, figure: float, unit: str, at_most: float) -> Row:
    return Row("tables", f"Table of {sizes.steps:,} values, {what}", "", figure, unit, at_most=at_most)


def _constants(table: Any) -> int:
    """How often the program of two parameter groups that share the table holds it."""
    program = jax.jit(lambda count: (table(count), 2 * table(count + 1))).lower(jnp.int32(0)).compile()
    return len(re.findall(rf"f64\[{len(table.values)}\]\S* constant", str(program.as_text())))
