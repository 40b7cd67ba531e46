"""import jaxlr beside import optax, each in a fresh process."""

import os
import subprocess
import sys
from statistics import median

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
    # Bytecode is written, as pip does for an installed package: compiling the source is no part of an import.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(ran.stdout)
