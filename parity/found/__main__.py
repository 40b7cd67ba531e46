"""The command: python -m parity.found: every recipe as it is found, and the value that it becomes."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parity.found import held_out, looked_at
from parity.found.found import Found
from parity.found.judged import good_enough, judge, markdown, summary, unusable

SETS: Mapping[str, tuple[Found, ...]] = {"looked at": looked_at.FOUND, "held out": held_out.FOUND}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    only: Annotated[
        list[str] | None, typer.Option("--set", help="looked at, or held out; several times for several.")
    ] = None,
) -> None:
    """Converts every recipe and prints the table; exits with 1 unless enough are native and nothing is wrong."""
    for name in only or ():
        if name not in SETS:
            raise typer.BadParameter(f"must be one of {', '.join(SETS)}, got {name!r}", param_hint="--set")
    chosen = [found for name, recipes in SETS.items() if not only or name in only for found in recipes]

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        judgements = [judge(found) for found in progress.track(chosen, description="converting")]
    broken = unusable(judgements)

    typer.echo(markdown(judgements))
    typer.echo()
    for line in broken:
        typer.echo(f"not code, or no pickle, without torch: {line}\n")
    for judged in judgements:
        if not judged.right:
            typer.echo(f"WRONG: {judged.found}: {judged.max_ulp:.3g} ulp: {judged}\n")
    missed = [str(judged.found) for judged in judgements if judged.found.expect == "native" and not judged.native]
    if missed:
        typer.echo(f"not native, though a value of formulas is known to exist: {'; '.join(missed)}\n")
    typer.echo(summary(judgements))
    if broken or not good_enough(judgements):
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m parity.found")
