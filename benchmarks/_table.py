"""The table, for the terminal, as Markdown and as JSON."""

import dataclasses
import json
import math
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version

from rich import box
from rich.table import Table
from rich.text import Text

from benchmarks._reasons import reason
from benchmarks._row import Row, Sizes

_HEADINGS = ("what", "against", "figure", "target", "", "note")
_COLOURS = {"reached": "green", "NOT REACHED": "bold red", "": ""}


def versions() -> str:
    """What the figures depend on."""
    packages = ", ".join(f"{package} {version(package)}" for package in ("jaxlr", "torch", "jax", "optax", "numpy"))
    return f"Python {platform.python_version()}, {packages}; {os.cpu_count()} CPU cores, {platform.machine()}"


def summary(rows: list[Row]) -> str:
    """The last line."""
    judged = [row for row in rows if row.reached is not None]
    reached = sum(row.reached is True for row in judged)
    return f"{reached} of {len(judged)} targets reached ({versions()})"


def table(rows: list[Row]) -> Table:
    """The table for the terminal."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in _HEADINGS:
        right = heading in ("figure", "target")
        shown.add_column(heading, justify="right" if right else "left", no_wrap=right, overflow="fold")
    for benchmark, members in _by_benchmark(rows):
        shown.add_row(Text(benchmark, style="bold"))
        for row in members:
            *cells, verdict, note = _cells(row)
            shown.add_row(*map(Text, cells), Text(verdict, style=_COLOURS[verdict]), Text(note))
    return shown


def markdown(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        f"{summary(rows)}.",
        "",
        "Printed by `make bench`. Each figure is measured beside what it is compared with, in one run: the median of",
        "the ratios of pairs that are taken in turn. A torch scheduler is stepped once for all of its steps, in ten",
        "parts, with a call of ours before each. Times are those of a call that is already compiled, but for",
        "`compile_time`.",
        "",
        "![Time over the number of steps, milestones and members](scaling.png)",
    ]
    for benchmark, members in _by_benchmark(rows):
        lines += ["", f"## {benchmark}", "", "| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in members]
    return "\n".join(lines) + "\n"


def as_json(rows: list[Row], sizes: Sizes) -> str:
    """The table as JSON."""
    records = [
        {
            **dataclasses.asdict(row),
            "figure": row.figure if math.isfinite(row.figure) else None,
            "target": row.target,
            "reached": row.reached,
            "reason": reason(row),
        }
        for row in rows
    ]
    document = {"summary": summary(rows), "sizes": dataclasses.asdict(sizes), "rows": records}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _by_benchmark(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for benchmark in dict.fromkeys(row.benchmark for row in rows):
        yield benchmark, [row for row in rows if row.benchmark == benchmark]


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "" if row.reached is None else "reached" if row.reached else "NOT REACHED"
    note = "; ".join(filter(None, (row.note, reason(row))))
    return row.what, row.against, f"{_figure(row.figure)} {row.unit}", row.target, verdict, note


def _figure(figure: float) -> str:
    if not math.isfinite(figure):
        return "-"
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
