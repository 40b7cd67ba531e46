"""Why a target is missed, where it is: what was found by measuring, shown beside the figure."""

from benchmarks._row import Row

# By benchmark and a part of what is measured; the longest part counts. Take out what is no longer so.
_REASONS = {
    ("train_step", ", 1,000,000 parameters"): "between 0.99 and 1.04 from run to run, of a step of a millisecond",
    ("train_step", ", 1,000 parameters"): (
        "float64 scalars in place of float32, tens of ns a step; between 0.95 and 1.09 from run to run"
    ),
    ("train_step", "ReduceLROnPlateau, recursive, 1,000 "): (
        "its float64 state is three float32 each: 18 scalar fusions and 9 copies a step, against 10 and a conditional"
    ),
    ("train_step", "SequentialLR, 1,000 "): "lax.switch is a conditional in the program; optax computes every member",
    ("trajectories", "StepLR, closed"): "an integer division of 64 bits, which the CPU has no vector instruction for",
    ("trajectories", "LambdaLR, closed"): "a float64 power, in the user's function, takes 8 ns of it",
    ("trajectories", "CosineAnnealingLR, closed"): "a float64 cosine takes 7 ns of it",
    ("trajectories", "CosineAnnealingWarmRestarts, closed"): "a float64 cosine takes 7 ns of it",
    ("trajectories", "ReduceLROnPlateau"): "torch's own step takes 0.6 us only",
}


def reason(row: Row) -> str:
    """The reason of a row that misses its target, "" where there is none to give."""
    if row.reached is not False:
        return ""
    parts = [part for benchmark, part in _REASONS if benchmark == row.benchmark and part in row.what]
    return _REASONS[row.benchmark, max(parts, key=len)] if parts else ""
