"""What a schedule costs and gives on a GPU, where one is at hand: python -m benchmarks.gpu."""

import dataclasses
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from benchmarks._classes import (
    ACTING_ON_ONE_ANOTHER,
    CLASSES,
    Form,
    adamw,
    forms,
    learning_rates,
    train_step,
)
from benchmarks._hlo import Launches, float64_in, launches
from jaxlr._schedules.lambdas import is_sequential
from jaxlr._ulp import compare
from parity.cases import Case

CHUNK = 1 << 16  # counts that one call evaluates
STEPPED_COUNTS = 2_000  # of a form that takes them one after another
MORE_KERNELS = 1  # than with a constant learning rate
HEADINGS = ("recipe", "form", "step ms", "constant", "ratio", "kernels", "loops", "float64", "counts", "differ", "ulp")


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
      recipe: as it is printed.
      form: "closed" or "recursive".
      seconds: the median time of a step of adamw with the recipe in it.
      constant_seconds: that of a float as the learning rate, the steps of both taken in turn.
      launches: what the optimised step launches.
      constant_launches: what it launches with a float.
      float64: the operations on float64 that are done again for every parameter.
      counts: the counts that both platforms have evaluated.
      different: at how many of them the bits differ from the CPU's.
      max_ulp: the largest distance from the CPU's value.
    """

    recipe: str
    form: Form
    seconds: float
    constant_seconds: float
    launches: Launches
    constant_launches: Launches
    float64: int
    counts: int
    different: int
    max_ulp: float

    @property
    def more_kernels(self) -> int:
        """The kernels that the schedule adds."""
        return self.launches.kernels - self.constant_launches.kernels


class Step:
    """A compiled train step of adamw with its own parameters, on a device."""

    def __init__(self, schedule: Any, form: Form, parameters: int, device: jax.Device) -> None:
        optimizer = adamw(schedule, form)
        self.gradient, self.metric, params = jax.device_put(
            (jnp.full(parameters, 1e-3), jnp.float32(1.0), jnp.zeros(parameters)), device
        )
        state = jax.device_put(optimizer.init(params), device)
        step = jax.jit(train_step(optimizer), donate_argnums=(0, 1))
        self._compiled = step.lower(params, state, self.gradient, self.metric).compile()
        self.program = self._compiled.as_text() or ""
        self._carried = (params, state)

    def seconds(self, steps: int) -> float:
        """The time of a step, of this many one after another."""
        begin = time.perf_counter()
        for _ in range(steps):
            self._carried = self._compiled(*self._carried, self.gradient, self.metric)
        jax.block_until_ready(self._carried)  # type: ignore[no-untyped-call]
        return (time.perf_counter() - begin) / steps


def in_turn(first: Step, second: Step, rounds: int, steps: int) -> tuple[float, float]:
    """The median times of a step of each, measured in turn so that both see the same machine."""
    first.seconds(steps), second.seconds(steps)  # warm up
    times = [(first.seconds(steps), second.seconds(steps)) for _ in range(rounds)]
    one, other = zip(*times, strict=True)
    return statistics.median(one), statistics.median(other)


def values(case: Case, form: Form, counts: int, device: jax.Device) -> np.ndarray:
    """The learning rates at the first counts, computed on the device."""
    schedule = case.schedule()
    if form == "closed":
        chunks = [np.arange(i, min(i + CHUNK, counts), dtype=np.int32) for i in range(0, counts, CHUNK)]
        return np.concatenate([np.asarray(jax.jit(schedule)(jax.device_put(chunk, device))) for chunk in chunks])
    metrics = case.metrics(counts)
    taken = np.zeros(counts, np.float32) if metrics is None else metrics.astype(np.float32)
    return np.asarray(jax.jit(learning_rates(schedule))(jax.device_put(taken, device)))


def measure(case: Case, form: Form, device: jax.Device, parameters: int, counts: int, rounds: int) -> Row:
    """Measures one form of a recipe."""
    schedule = case.schedule()
    one_by_one = form == "recursive" or is_sequential(schedule)
    counts = case.steps(min(counts, STEPPED_COUNTS) if one_by_one else counts)
    there, here = (values(case, form, counts, platform) for platform in (device, jax.devices("cpu")[0]))
    scheduled, constant = Step(schedule, form, parameters, device), Step(0.1, form, parameters, device)
    seconds, constant_seconds = in_turn(scheduled, constant, rounds, steps=10)
    return Row(
        str(case),
        form,
        seconds=seconds,
        constant_seconds=constant_seconds,
        launches=launches(scheduled.program),
        constant_launches=launches(constant.program),
        float64=float64_in(scheduled.program, str(parameters)),
        counts=counts,
        different=int(np.sum(there.view(np.uint32) != here.view(np.uint32))),
        max_ulp=compare(there, here.astype(np.float64)).max_ulp,
    )


def cells(row: Row) -> tuple[str, ...]:
    """What the table shows of a row."""
    return (
        row.recipe,
        row.form,
        f"{row.seconds * 1e3:.3f}",
        f"{row.constant_seconds * 1e3:.3f}",
        f"{row.seconds / row.constant_seconds:.3f}",
        f"{row.launches.kernels} ({row.more_kernels:+})",
        str(row.launches.loops),
        str(row.float64),
        f"{row.counts:,}",
        f"{row.different:,}",
        f"{row.max_ulp:.2g}",
    )


def summary(rows: list[Row], device: jax.Device, parameters: int) -> str:
    """The last line."""
    ratio = statistics.median(row.seconds / row.constant_seconds for row in rows)
    launching = sum(row.more_kernels > MORE_KERNELS for row in rows)
    different, most = sum(row.different > 0 for row in rows), max(row.max_ulp for row in rows)
    versions = ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "optax"))
    return (
        f"{device.device_kind}, {parameters:,} parameters: a step takes {ratio:.3f} of a constant's (median); "
        f"{launching} of {len(rows)} launch over {MORE_KERNELS} kernel more; "
        f"{different} differ from the CPU, at most {most:.2g} ulp ({versions})"
    )


def markdown(rows: list[Row], last: str) -> str:
    """The table as Markdown."""
    lines = [last, "", f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    lines += [f"| `{cells(row)[0]}` | {' | '.join(cells(row)[1:])} |" for row in rows]
    return "\n".join(lines) + "\n"


def _table(rows: list[Row]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in HEADINGS:
        left = heading in ("recipe", "form")
        shown.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=heading != "recipe")
    for row in rows:
        recipe, *others = cells(row)
        shown.add_row(Text(recipe), *others)
    return shown


def main(
    only: Annotated[str, typer.Option(help="Only the recipes whose text contains this.")] = "",
    parameters: Annotated[int, typer.Option(min=1, help="Parameters of the train step.")] = 100_000_000,
    counts: Annotated[int, typer.Option(min=1, help="Counts to compare with the CPU's.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of ten steps each.")] = 20,
    output: Annotated[Path | None, typer.Option(help="A folder for the table as Markdown.")] = None,
    platform: Annotated[str, typer.Option(hidden=True)] = "gpu",
) -> None:
    """Measures adamw with every class in it on a GPU, and compares its values with the CPU's."""
    try:
        device = jax.devices(platform)[0]
    except RuntimeError:
        typer.echo(f"no {platform.upper()}: skipped")
        raise typer.Exit from None
    recipes = [case for case in (*CLASSES, *ACTING_ON_ONE_ANOTHER) if only in str(case)]
    if not recipes:
        raise typer.BadParameter(f"must be part of a recipe's text, got {only!r}", param_hint="--only")
    wanted = [(case, form) for case in recipes for form in forms(case)]
    rows = [
        measure(case, form, device, parameters, counts, rounds)
        for case, form in track(wanted, "measuring", console=Console(stderr=True), transient=True)
    ]
    last = summary(rows, device, parameters)
    Console(width=None if Console().is_terminal else 170).print(_table(rows), last, sep="\n")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "gpu.md").write_text(markdown(rows, last))


if __name__ == "__main__":
    typer.run(main)
