"""The command line: `jaxlr verify`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jaxlr._cases import PICTURED, RECIPES
from jaxlr._compare import Row, compare_case

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _jaxlr() -> None:
    """PyTorch's learning rates in JAX, exactly."""


@app.command()
def verify(  # noqa: PLR0917 typer makes options of them
    steps: Annotated[int, typer.Option(min=1, help="Counts to compare, each.")] = 100_000,
    only: Annotated[str, typer.Option(help="Only the recipes whose text contains this.")] = "",
    markdown: Annotated[Path | None, typer.Option(help="Write the table here, as Markdown.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the table here, as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw each schedule's curve, with torch's points on it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files named.")] = False,
) -> None:
    """Steps every torch scheduler beside its port and prints how far they are apart.

    Exits with 1 when a value is more than 1 float32 ulp from torch's.
    """
    _need("torch", extra="torch")
    from jaxlr import _report  # noqa: PLC0415 rich is an extra

    cases = [case for case in RECIPES if only in str(case)]
    if not cases:
        raise typer.BadParameter(f"no recipe contains {only!r}", param_hint="--only")
    for path, option in ((markdown, "--markdown"), (json, "--json"), (plot, "--plot")):
        if path is not None and path.exists() and not force:
            raise typer.BadParameter(f"{path} exists: name another file, or give --force", param_hint=option)
    if plot is not None:
        _need("matplotlib", extra="plot")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    rows: list[Row] = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("stepping", total=len(cases))
        for case in cases:
            progress.update(task, description=case.scheduler)
            rows += compare_case(case, steps)
            progress.advance(task)

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=160)
    console.print(_report.table(rows))
    for path, text in ((markdown, _report.markdown(rows)), (json, _report.as_json(rows))):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if plot is not None:
        from jaxlr._plot import small_multiples  # noqa: PLC0415 matplotlib is an extra

        plot.parent.mkdir(parents=True, exist_ok=True)
        small_multiples(PICTURED, 33, plot)
    typer.echo(_report.summary(rows))
    if not all(row.comparison.passed for row in rows):
        raise typer.Exit(1)


def _need(package: str, *, extra: str) -> None:
    try:
        __import__(package)
    except ImportError:
        typer.echo(f"jaxlr: {package} is missing: pip install 'jaxlr[{extra}]'", err=True)
        raise typer.Exit(2) from None
