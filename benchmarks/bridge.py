"""The ways to torch and back: record beside torch's stepping, and a step of what to_torch gives."""

from functools import partial
from statistics import median
from typing import Any

import numpy as np

import jaxlr
from benchmarks._measure import in_turn, many, seconds, shown
from benchmarks._recipes import PLATEAU, recipes
from benchmarks._row import Result, Row, Sizes
from benchmarks._torch import TorchRun
from parity.case import Case

RECORDED = ("StepLR", "OneCycleLR", "SequentialLR")
CALLS = 20


def bridge(sizes: Sizes) -> Result:
    """A few recipes recorded; to_torch of formulas, of a plateau, and of tables of two lengths."""
    return Result([*_recorded(sizes), *_driven(sizes)])


def _recorded(sizes: Sizes) -> list[Row]:
    rows = []
    for name in RECORDED:
        case = recipes(sizes.recorded)[name]
        pair = in_turn(partial(_record, case, sizes.recorded), partial(_step, case, sizes.recorded), sizes.repeats)
        note = f"{shown(pair.ours / sizes.recorded)} a step, theirs {shown(pair.theirs / sizes.recorded)}"
        what = f"record, {name}, {sizes.recorded:,} steps"
        rows.append(Row("bridge", what, "stepping torch", pair.ratio, "x", at_most=3, note=note))
    return rows


def _record(case: Case, steps: int) -> None:
    scheduler = case.torch_scheduler()
    jaxlr.record(scheduler.step, scheduler.optimizer, steps)


def _step(case: Case, steps: int) -> None:
    TorchRun(case, steps).advance(steps)


def _driven(sizes: Sizes) -> list[Row]:
    cases = recipes(sizes.steps)
    schedules: dict[str, Any] = {name: cases[name].schedule() for name in ("StepLR", "SequentialLR", "OneCycleLR")}
    schedules["ReduceLROnPlateau"] = PLATEAU.schedule()
    for length in (sizes.recorded, sizes.steps):
        schedules[f"Table of {length:,} values"] = jaxlr.Table(np.linspace(0.1, 0.2, length))
    took = {name: _step_of(schedule, sizes.repeats) for name, schedule in schedules.items()}
    rows = [
        Row("bridge", f"to_torch, {name}, a step", "", seconds * 1e6, "us", at_most=100)
        for name, seconds in took.items()
    ]
    short, long = [seconds for name, seconds in took.items() if name.startswith("Table")]
    what = f"to_torch, Table, a step at {sizes.steps:,} values"
    return [*rows, Row("bridge", what, f"at {sizes.recorded:,} values", long / short, "x", at_most=1.1)]


def _step_of(schedule: Any, repeats: int) -> float:
    import torch  # noqa: PLC0415 slow to import: the command needs it only here

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    driven = jaxlr.to_torch(schedule, optimizer)
    step = partial(driven.step, 0.5) if isinstance(schedule, jaxlr.ReduceLROnPlateau) else driven.step
    optimizer.step()
    step()  # compiles
    return median(seconds(many(step, CALLS)) for _ in range(repeats)) / CALLS
