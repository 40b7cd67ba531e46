"""A whole trajectory, in both forms, beside stepping the real torch scheduler."""

from functools import partial
from statistics import median
from typing import Literal

import jaxlr
from benchmarks._measure import seconds, shown
from benchmarks._recipes import PLATEAU, recipes
from benchmarks._row import Point, Result, Row, Sizes
from benchmarks._torch import TorchRun, torch_run
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._schedules.lambdas import is_sequential
from parity.case import Case

Form = Literal["closed", "recursive"]
FORMS: dict[Form, int] = {"closed": 150, "recursive": 80}  # and how many times faster each has to be
OF_ONE = {  # where it is another number
    ("StepLR", "closed"): 200,
    ("CosineAnnealingWarmRestarts", "closed"): 200,
    ("LambdaLR", "closed"): 200,
    ("ReduceLROnPlateau", "recursive"): 100,
}
PARTS = 10  # that torch's run is cut into, ours between them
PICTURED = "SequentialLR"


def trajectories(sizes: Sizes) -> Result:
    """Every class, and chained and nested ones; then the time of one of them over the number of steps."""
    rows = []
    for name, case in [*recipes(sizes.steps).items(), ("ReduceLROnPlateau", PLATEAU)]:
        rows += _rows(name, case, sizes)
    return Result(rows, _scaling(sizes))


def _rows(name: str, case: Case, sizes: Sizes) -> list[Row]:
    schedule, metrics = case.schedule(), case.metrics(sizes.steps)
    without_closed = is_sequential(schedule) or not has_closed_form(schedule)
    ours = {
        form: partial(jaxlr.trajectory, schedule, sizes.steps, form=form, metrics=metrics)
        for form in FORMS
        if form == "recursive" or not without_closed
    }
    first = {form: seconds(call) for form, call in ours.items()}
    theirs = torch_run(name, sizes.steps)
    took: dict[Form, list[float]] = {form: [] for form in ours}
    for _ in range(PARTS):
        for form, call in ours.items():
            took[form].append(seconds(call))
        theirs.advance(sizes.steps // PARTS)
    total = sum(theirs.seconds)
    return [
        Row(
            "trajectories",
            f"{name}, {form}, {sizes.steps:,} steps",
            "stepping torch",
            median(PARTS * part / mine for part, mine in zip(theirs.seconds, took[form], strict=True)),
            "x faster",
            at_least=OF_ONE.get((name, form), FORMS[form]),
            note=f"{shown(median(took[form]))}, torch {shown(total)}; the first call, with compiling, "
            f"{shown(first[form])}",
        )
        for form in ours
    ]


def _scaling(sizes: Sizes) -> list[Point]:
    points = []
    case = recipes(sizes.steps)[PICTURED]
    schedule = case.schedule()
    steps = sizes.steps
    while steps >= 100:
        for form in FORMS:
            ours = partial(jaxlr.trajectory, schedule, steps, form=form)
            ours()
            took = median(seconds(ours) for _ in range(sizes.repeats))
            points.append(Point("steps of a trajectory", f"jaxlr, {form} form", steps, took))
        theirs = TorchRun(case, steps)
        theirs.advance(steps)
        points.append(Point("steps of a trajectory", "torch", steps, sum(theirs.seconds)))
        steps //= 10
    return points
