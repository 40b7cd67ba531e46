"""A stateful form's init, update and call, outside jit, of a schedule whose like has run before."""

from statistics import median
from typing import Any

import jaxlr
from benchmarks._measure import seconds, shown
from benchmarks._recipes import PLATEAU, recipes
from benchmarks._row import Result, Row, Sizes


def second_state(sizes: Sizes) -> Result:
    """Every class that takes an lr, each time with another one: its structure is known, its numbers are new."""
    rows = []
    for name, case in [*recipes(sizes.steps).items(), ("ReduceLROnPlateau", PLATEAU)]:
        schedule = case.schedule()
        if isinstance(schedule, jaxlr.OneCycleLR | jaxlr.CyclicLR):  # they bring their own
            continue
        first, *later = [_seconds(schedule.with_lr(1 / i)) for i in range(1, sizes.repeats + 2)]
        note = f"the first of this structure {shown(first)}"
        what = f"{name}, init + update + call"
        rows.append(Row("second_state", what, "", median(later) * 1e3, "ms", at_most=2, note=note))
    return Result(rows)


def _seconds(schedule: Any) -> float:
    metric = {"value": 0.5} if isinstance(schedule, jaxlr.ReduceLROnPlateau) else {}

    def run() -> Any:
        stateful = schedule.stateful()
        return stateful(stateful.update(stateful.init(), **metric))

    return seconds(run)
