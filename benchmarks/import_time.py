"""import jaxlr beside import optax, each in a fresh process."""

from statistics import median

from benchmarks._process import fresh
from benchmarks._row import Result, Row, Sizes


def import_time(sizes: Sizes) -> Result:
    """The difference between the two, and what import jaxlr takes where optax has been imported."""
    for module in ("optax", "jaxlr"):
        _seconds(module)
    took: dict[str, list[float]] = {"optax": [], "jaxlr": [], "after": []}
    for i in range(sizes.repeats):
        for module in ("optax", "jaxlr") if i % 2 else ("jaxlr", "optax"):
            took[module].append(_seconds(module))
        took["after"].append(_seconds("jaxlr", before="optax"))
    difference = median(ours - theirs for ours, theirs in zip(took["jaxlr"], took["optax"], strict=True))
    note = f"{median(took['jaxlr']) * 1e3:.0f} ms, theirs {median(took['optax']) * 1e3:.0f} ms"
    note += "; less, as import jaxlr does not import optax" if difference < 0 else ""
    row = Row("import_time", "import jaxlr", "import optax", difference * 1e3, "ms more", at_most=30, note=note)
    after = median(took["after"]) * 1e3
    return Result([row, Row("import_time", "import jaxlr, after import optax", "", after, "ms", at_most=30)])


def _seconds(module: str, *, before: str = "time") -> float:
    # What was imported before is out of the collector's sight: where it next runs is chance, and takes 30 ms there.
    code = (
        f"import gc, time, {before}; gc.collect(); gc.freeze(); start = time.perf_counter()\n"
        f"import {module}; print(time.perf_counter() - start)"
    )
    return float(fresh(code))
