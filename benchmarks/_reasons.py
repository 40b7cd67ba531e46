"""Why a target is missed, where it is: what was found by measuring, shown beside the figure."""

from benchmarks._row import Row

_CONCURRENT = (
    "a constant's loop has 8 kernels, this one {}; with a ninth, whatever it is, XLA's CPU takes 0.84 us for 0.53, "
    "with a thirteenth 1.8: see the row of the float32 that count"
)

# By benchmark and a part of what is measured; the longest part counts. Take out what is no longer so.
_REASONS = {
    ("train_step", ", 1,000,000 parameters"): "between 0.98 and 1.12 from run to run",
    ("train_step", ", 1,000 parameters"): (
        "float64 scalars in place of float32, tens of ns a step; between 0.95 and 1.09 from run to run"
    ),
    ("train_step", "ReduceLROnPlateau, recursive, 1,000 "): (
        "16 fusions and 5 copies a step, against 10, 3 and a conditional"
    ),
    ("train_step", "SequentialLR, 1,000 "): (
        "each of its two float64 divisions is a kernel of its own: 11 kernels a step, where optax's has 9"
    ),
    ("train_step", "ChainedScheduler, recursive, 1,000 "): _CONCURRENT.format(15),
    ("train_step", "SequentialLR in ChainedScheduler, recursive, 1,000 "): _CONCURRENT.format(18),
    ("train_step", "ChainedScheduler in SequentialLR, recursive, 1,000 "): _CONCURRENT.format(19),
    ("trajectories", "StepLR, closed"): "an integer division of 64 bits, which the CPU has no vector instruction for",
    ("trajectories", "LambdaLR, closed"): "a float64 power, in the user's function, takes 8 ns of it",
    ("trajectories", "CosineAnnealingLR, closed"): "a float64 cosine takes 7 ns of it",
    ("trajectories", "CosineAnnealingWarmRestarts, closed"): "a float64 cosine takes 7 ns of it",
    ("trajectories", "CosineAnnealingWarmRestarts, recursive"): (
        "of 25 ns a step a float64 cosine takes 10, and T_mult=2 another 10"
    ),
    ("trajectories", "ReduceLROnPlateau"): "torch's own step takes about 1 us only",
    ("compile_time", "one compiled call"): "its program is 9 kernels, four count the milestones; optax's is one",
    (
        "composites",
        "nested",
    ): "three fifths are XLA's, which makes a kernel for each of the state's 62 numbers, the rest JAX's tracing",
    (
        "first_call",
        "the first (5)",
    ): "XLA compiles the class's program, once; optax's operations are compiled one by one",
    ("second_state", "total_steps"): "a table of all factors is copied to the device",
    (
        "tables",
        "build and lower",
    ): "all but a millisecond are JAX's tracing and lowering",
    (
        "import_time",
        "import jaxlr",
    ): "half of it makes forty dataclasses",
    ("tables", "repr"): "repr is the code that rebuilds it, which jaxlr convert prints; str, which JAX takes, is cut",
    ("bridge", "to_torch"): "half of it is JAX's dispatch of its numbers and of its state",
}


def reason(row: Row) -> str:
    """The reason of a row that misses its target, "" where there is none to give."""
    if row.reached is not False:
        return ""
    parts = [part for benchmark, part in _REASONS if benchmark == row.benchmark and part in row.what]
    return _REASONS[row.benchmark, max(parts, key=len)] if parts else ""
