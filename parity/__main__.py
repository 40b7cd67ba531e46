"""The command: python -m parity [--steps N] [--output FOLDER]."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parity import report
from parity.cases import PICTURED, RECIPES
from parity.compare import Row, compare_case
from parity.picture import small_multiples

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    steps: Annotated[int, typer.Option(min=1, help="Counts.")] = 100_000,
    only: Annotated[str, typer.Option(help="Only the recipes whose text contains this.")] = "",
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for table.md, table.json and curves.png.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Steps every torch scheduler beside its port and prints how far they are apart; exits with 1 when they differ."""
    cases = [case for case in RECIPES if only in str(case)]
    if not cases:
        raise typer.BadParameter(f"no recipe contains {only!r}", param_hint="--only")
    for name in ("table.md", "table.json", "curves.png"):
        if output is not None and (output / name).exists() and not force:
            raise typer.BadParameter(f"{output / name} exists: name another, or give --force", param_hint="--output")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    rows: list[Row] = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("stepping", total=len(cases))
        for case in cases:
            progress.update(task, description=case.scheduler)
            rows += compare_case(case, steps)
            progress.advance(task)

    if json:
        typer.echo(report.as_json(rows))
    else:
        terminal = Console()
        console = terminal if terminal.is_terminal else Console(width=160)
        console.print(report.table(rows))
        typer.echo(report.summary(rows))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "table.md").write_text(report.markdown(rows))
        (output / "table.json").write_text(report.as_json(rows))
        small_multiples(PICTURED, 33, output / "curves.png")
    if not all(row.comparison.passed for row in rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m parity")
