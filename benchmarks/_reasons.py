"""Why a target is missed, where it is: what was found by measuring, shown beside the figure."""

from benchmarks._row import Row

_POWER = "a float64 power takes 10 ns a step, ten parts in eleven of it"
_PACKING = "each step splits its float64 state into three float32, 10 ns, as a state that lives between steps has to be"

# By benchmark and a part of what is measured; the longest part counts. Take out what is no longer so.
_REASONS = {
    ("train_step", "ReduceLROnPlateau, recursive, 1,000 "): (
        "its float64 state is three float32 each: 18 scalar fusions and 9 copies a step, against 10 and a conditional"
    ),
    ("train_step", "CosineAnnealingWarmRestarts"): "jnp.searchsorted, over the beginnings of all cycles, is a loop",
    ("train_step", "MultiStepLR"): "jnp.searchsorted is a loop in the program",
    ("train_step", "SequentialLR, 1,000 "): "lax.switch is a conditional in the program; optax computes every member",
    ("trajectories", "StepLR, closed"): _POWER,
    ("trajectories", "ExponentialLR, closed"): _POWER,
    ("trajectories", "PolynomialLR, closed"): _POWER,
    ("trajectories", "LambdaLR, closed"): _POWER,
    ("trajectories", "MultiStepLR, closed"): "a binary search that is a loop, and a float64 power",
    ("trajectories", "CosineAnnealingWarmRestarts"): "a float64 cosine, 8 ns, and a binary search that is a loop",
    ("trajectories", "ReduceLROnPlateau"): f"torch's own step takes 0.6 us only; {_PACKING}",
    ("trajectories", ", recursive"): _PACKING,
}


def reason(row: Row) -> str:
    """The reason of a row that misses its target, "" where there is none to give."""
    if row.reached is not False:
        return ""
    parts = [part for benchmark, part in _REASONS if benchmark == row.benchmark and part in row.what]
    return _REASONS[row.benchmark, max(parts, key=len)] if parts else ""
