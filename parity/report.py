"""The table of a verification, for the terminal, as Markdown and as JSON."""

import dataclasses
import json
from importlib.metadata import version

from rich import box
from rich.table import Table
from rich.text import Text

from parity.compare import Row

_HEADINGS = ("scheduler", "form", "steps", "max ulp", "bit-equal", "differs at", "")


def _cells(row: Row) -> tuple[str, ...]:
    comparison = row.comparison
    return (
        row.recipe,
        row.form,
        f"{comparison.steps:,}",
        f"{comparison.max_ulp:.2g}",
        f"{comparison.bit_equal:.4%}",
        "" if comparison.first_difference is None else f"{comparison.first_difference:,}",
        "PASS" if comparison.passed else "FAIL",
    )


def versions() -> str:
    """The packages that a verification depends on."""
    return ", ".join(f"{package} {version(package)}" for package in ("jaxlr", "torch", "jax", "optax", "numpy"))


def summary(rows: list[Row]) -> str:
    """The last line."""
    failed = sum(not row.comparison.passed for row in rows)
    steps = sum(row.comparison.steps for row in rows)
    recipes = len({row.recipe for row in rows})
    verdict = "all PASS" if not failed else f"{failed} FAIL"
    worst = max(row.comparison.max_ulp for row in rows)
    counted = f"{recipes} recipes, {len(rows)} comparisons, {steps:,} steps"
    return f"{counted}: {verdict}, at most {worst:.2g} ulp ({versions()})"


def table(rows: list[Row]) -> Table:
    """The table for the terminal."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in _HEADINGS:
        left = heading in ("scheduler", "form", "")
        shown.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=heading != "scheduler")
    above = ""
    for row in rows:
        recipe, *cells, verdict = _cells(row)
        shown.add_row(
            "" if recipe == above else Text(recipe),
            *cells,
            f"[green]{verdict}[/]" if row.comparison.passed else f"[bold red]{verdict}[/]",
        )
        above = recipe
    return shown


def markdown(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "# Every recipe, stepped beside torch",
        "",
        summary(rows),
        "",
        "Distances are in float32 ulps of torch's value, beyond torch's own rounding noise of 4 * steps * 2^-53 of the",
        "largest value; bit-equal is the share of steps at which jaxlr's float32 is torch's value rounded to float32.",
        "A learning rate below 1.2e-38, no normal float32, is 0 in a compiled program: there the bits differ.",
        "",
        "| " + " | ".join(_HEADINGS) + " |",
        "|" + "---|" * len(_HEADINGS),
    ]
    lines += ["| `" + "` | ".join((_cells(row)[0], " | ".join(_cells(row)[1:]))) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def as_json(rows: list[Row]) -> str:
    """The table as JSON."""
    records = [
        {"recipe": row.recipe, "form": row.form, "passed": row.comparison.passed, **dataclasses.asdict(row.comparison)}
        for row in rows
    ]
    return json.dumps({"summary": summary(rows), "rows": records}, indent=2) + "\n"
