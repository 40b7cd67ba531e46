"""schedule(5), outside jit, beside Optax's nearest schedule."""

from benchmarks._measure import in_turn, many, shown
from benchmarks._nearest import nearest
from benchmarks._recipes import recipes
from benchmarks._row import Result, Row, Sizes

CALLS = 100


def eager(sizes: Sizes) -> Result:
    """Every class that Optax has a schedule near to."""
    rows = []
    for name, case in recipes(sizes.steps).items():
        schedule = case.schedule()
        theirs = nearest(schedule)
        if theirs is None:
            continue
        pair = in_turn(
            many(lambda schedule=schedule: schedule(5), CALLS),  # type: ignore[misc]
            many(lambda theirs=theirs: theirs.schedule(5), CALLS),  # type: ignore[misc]
            sizes.repeats,
        )
        note = f"{shown(pair.ours / CALLS)}, theirs {shown(pair.theirs / CALLS)}"
        rows.append(Row("eager", f"{name}(5)", theirs.name, pair.ratio, "x", at_most=1.0, note=note))
    return Result(rows)
