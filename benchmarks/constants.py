"""The constants in the compiled program of every closed form: a long schedule must not become a long table."""

import re

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._row import Result, Row, Sizes
from parity.cases import RECIPES, Case

_BYTES = {"pred": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "f16": 2, "bf16": 2, "s64": 8, "u64": 8, "f64": 8}


def constants(sizes: Sizes) -> Result:
    """Every recipe of `make verify` that has a closed form, but those whose user asked for a table."""
    del sizes
    cases = [case for case in RECIPES if case.closed]
    tables = [case for case in cases if case.total_steps is not None]
    largest = {str(case): largest_constant(case) for case in cases}
    untabled = {text: largest[text] for text in largest if text not in set(map(str, tables))}
    worst = max(untabled, key=lambda text: untabled[text])
    row = Row(
        "constants",
        f"the largest constant in {len(untabled)} compiled closed forms",
        "",
        untabled[worst] / 1024,
        "KiB",
        at_most=64,
        note=f"{worst}; {len(tables)} recipes left out, whose table the user asks for with total_steps",
    )
    return Result([row])


def largest_constant(case: Case) -> int:
    """The bytes of the largest constant in the optimised program of a call."""
    program = jax.jit(case.schedule()).lower(jnp.int32(0)).compile().as_text()
    found = re.findall(r"(\w+)\[([\d,]*)\]\S* constant\(", str(program))
    return max((_size(dtype, shape) for dtype, shape in found), default=0)


def _size(dtype: str, shape: str) -> int:
    return _BYTES.get(dtype, 4) * int(np.prod([int(n) for n in shape.split(",") if n], dtype=np.int64))
