"""The command: python -m benchmarks [NAMES] [--output FOLDER]."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks._row import QUICK, Point, Result, Row, Sizes
from benchmarks._table import as_json, markdown, summary, table
from benchmarks.accuracy import accuracy
from benchmarks.bridge import bridge
from benchmarks.compile_time import compile_time
from benchmarks.composites import composites
from benchmarks.eager import eager
from benchmarks.first_call import first_call
from benchmarks.import_time import import_time
from benchmarks.second_state import second_state
from benchmarks.sweep import sweep
from benchmarks.tables import tables
from benchmarks.train_step import train_step
from benchmarks.trajectories import trajectories

# The trajectories come before the accuracy, which takes what torch was stepped to there.
BENCHMARKS: dict[str, Callable[[Sizes], Result]] = {
    "train_step": train_step,
    "trajectories": trajectories,
    "accuracy": accuracy,
    "compile_time": compile_time,
    "composites": composites,
    "eager": eager,
    "first_call": first_call,
    "second_state": second_state,
    "sweep": sweep,
    "tables": tables,
    "bridge": bridge,
    "import_time": import_time,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(BENCHMARKS)}; none: all of them.")] = None,
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for table.md, table.json and scaling.png.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: it runs, its figures mean nothing.")] = False,
) -> None:
    """Measures jaxlr beside torch, Optax and braintools, and prints a table."""
    unknown = [name for name in names or () if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    sizes = QUICK if quick else Sizes()
    rows: list[Row] = []
    points: list[Point] = []
    progress = Console(stderr=True)
    for name, benchmark in BENCHMARKS.items():
        if names and name not in names:
            continue
        start = time.perf_counter()
        with progress.status(name):
            result = benchmark(sizes)
        progress.print(f"{name}: {time.perf_counter() - start:.0f} s")
        rows += result.rows
        points += result.points

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=200)
    console.print(table(rows))
    typer.echo(summary(rows))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "table.md").write_text(markdown(rows))
        (output / "table.json").write_text(as_json(rows, sizes))
        if points:
            from benchmarks._picture import scaling  # noqa: PLC0415 matplotlib is slow to import

            scaling(points, output / "scaling.png")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
