"""The command: python -m parity.diagnose: what verify says of each pair of the corpus, and how much of it is right."""

import dataclasses
import re
import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

import jaxlr
from parity.corpus import held_out, looked_at, public, tuned
from parity.corpus.pair import Pair

SETS: Mapping[str, tuple[Pair, ...]] = {
    "tuned": tuned.PAIRS,
    "looked at": looked_at.PAIRS,
    "public": public.PAIRS,
    "held out": held_out.PAIRS,
}
ENOUGH = 0.9

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What verify says of a pair, and whether that is so.

    Attributes:
      pair: the pair.
      verdict: what the report says first.
      cause: its lines that begin with "cause", one after another.
      score: of a difference "named", "not named" or "WRONG"; of a control "accepted", "refused" or "WRONG".
      seconds: what verify took.
    """

    pair: Pair
    verdict: str
    cause: str
    score: Literal["named", "not named", "WRONG", "accepted", "refused"]
    seconds: float


def judge(pair: Pair) -> Judgement:
    """Runs verify on a pair, and compares what it says with the words that are right."""
    reference, other = pair.reference(), pair.other()
    start = time.perf_counter()
    try:
        report = jaxlr.verify(reference, other, steps=pair.steps, metrics=pair.metrics, accept_float32=True)
    except Exception as error:
        error.add_note(f"in the pair {pair.name!r}")
        raise
    seconds = time.perf_counter() - start
    lines = str(report).splitlines()
    verdict = lines[0].split(maxsplit=1)[-1]
    cause = "; ".join(line.removeprefix("cause").strip() for line in lines if line.startswith("cause"))
    return Judgement(pair, verdict, cause, _score(pair, report.passed, cause), seconds)


def _score(pair: Pair, passed: bool, cause: str) -> Literal["named", "not named", "WRONG", "accepted", "refused"]:
    silent = all("none found" in clause for clause in filter(None, cause.split("; ")))
    if pair.verdict != "different":
        if not silent:
            return "WRONG"
        return "accepted" if passed else "refused"
    if not passed and _found(pair.must, cause) == len(pair.must) and not _found(pair.must_not, cause):
        return "named"
    return "not named" if silent and not passed else "WRONG"


def _found(patterns: Iterable[str], cause: str) -> int:
    return sum(re.search(pattern, cause, re.IGNORECASE) is not None for pattern in patterns)


def good_enough(judgements: list[Judgement]) -> bool:
    """Whether nothing is wrong, every control is accepted, and nine in ten differences are named."""
    scores = [judgement.score for judgement in judgements]
    differences = scores.count("named") + scores.count("not named")
    right = "WRONG" not in scores and "refused" not in scores
    return right and scores.count("named") >= ENOUGH * differences


def summary(name: str, judgements: list[Judgement]) -> str:
    """The score of a set."""
    differ = [judgement.score for judgement in judgements if judgement.pair.verdict == "different"]
    agree = [judgement.score for judgement in judgements if judgement.pair.verdict != "different"]
    wrong = differ.count("WRONG") + agree.count("WRONG")
    return (
        f"{name}: {differ.count('named')} of {len(differ)} named, {wrong} wrong, "
        f"{agree.count('accepted')} of {len(agree)} controls accepted"
    )


def table(judged: Mapping[str, list[Judgement]]) -> Table:
    """Every pair on a line."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in ("set", "pair", "kind", "verdict", "", "seconds"):
        shown.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")
    for name, judgements in judged.items():
        for i, judgement in enumerate(judgements):
            good = judgement.score in ("named", "accepted")
            shown.add_row(
                "" if i else name,
                Text(judgement.pair.name),
                judgement.pair.kind,
                Text(judgement.verdict),
                Text(judgement.score, style="green" if good else "yellow" if judgement.score == "not named" else "red"),
                f"{judgement.seconds:.2f}",
            )
    return shown


@app.command()
def main(
    only: Annotated[
        list[str] | None, typer.Option("--set", help="tuned, looked at, public or held out; several times for several.")
    ] = None,
) -> None:
    """Verifies every pair of the corpus and prints what was named; exits with 1 unless that is enough."""
    for name in only or ():
        if name not in SETS:
            raise typer.BadParameter(f"must be one of {', '.join(SETS)}, got {name!r}", param_hint="--set")
    chosen = {name: pairs for name, pairs in SETS.items() if not only or name in only}

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    judged: dict[str, list[Judgement]] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for name, pairs in chosen.items():
            judged[name] = [judge(pair) for pair in progress.track(pairs, description=name)]

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=160)
    console.print(table(judged))
    for judgement in (judgement for judgements in judged.values() for judgement in judgements):
        if judgement.score in ("WRONG", "refused"):
            typer.echo(f"{judgement.score}: {judgement.pair.name}\n{judgement.cause}\n")
    typer.echo("; ".join(summary(name, judgements) for name, judgements in judged.items()))
    if not all(map(good_enough, judged.values())):
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m parity.diagnose")
