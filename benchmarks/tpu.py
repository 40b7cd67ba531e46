"""Compiles every class for a TPU, on a machine that has none, and runs the programs: python -m benchmarks.tpu."""

import dataclasses
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import typer
from jax.experimental import topologies
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from benchmarks._classes import (
    ACTING_ON_ONE_ANOTHER,
    CLASSES,
    MILLION,
    Form,
    adamw,
    forms,
    learning_rates,
    train_step,
    with_float32_metrics,
)
from benchmarks._hlo import stripped
from benchmarks._run import on_cpu, program_of
from jaxlr._schedules.lambdas import is_sequential
from jaxlr._ulp import Comparison, compare
from parity.cases import RECIPES, Case
from parity.compare import torch_trajectory

COUNTS = 20_000  # that a program is run at
VERIFIED = 100_000  # counts of `make verify`, where torch has a value for all of its recipes
SEQUENTIAL_COUNTS = 2_000  # of a closed form that takes as many operations as the count is large
MAX_ULP = 2
SHAPE = (1024, 1024)  # of the parameters that are trained
HEADINGS = ("recipe", "form", "compile s", "code", "estimate", "counts to", "max ulp", "bit-equal", "")


@dataclasses.dataclass(frozen=True)
class Cost:
    """What the compiler says of a train step.

    Attributes:
      compile_seconds: the time that it took.
      code_bytes: the size of the generated code.
      estimate_seconds: its own estimate of the time that a step takes.
    """

    compile_seconds: float
    code_bytes: int
    estimate_seconds: float


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
      recipe: as it is printed.
      form: "closed" or "recursive".
      cost: of adamw with the recipe in it, None where it does not compile.
      last_count: the largest count that the program was run at, None for a constant.
      comparison: the program's values beside torch's, None where there are none.
      error: why there is no cost, or no comparison.
    """

    recipe: str
    form: Form
    cost: Cost | None = None
    last_count: int | None = None
    comparison: Comparison | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it compiles, and the program's values are torch's."""
        return not self.error and (self.comparison is None or self.comparison.max_ulp <= MAX_ULP)


def _shaped(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


class Tpu:
    """The compiler for one device of a topology that need not be there."""

    def __init__(self, topology: str) -> None:
        # What libtpu would ask the machine for; and other processes may be compiling.
        described = {"TPU_ACCELERATOR_TYPE": "v5litepod-4", "TPU_WORKER_HOSTNAMES": "localhost"}
        for name, value in (described | {"TPU_SKIP_MDS_QUERY": "1", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1"}).items():
            os.environ.setdefault(name, value)
        self.device = topologies.get_topology_desc(platform="tpu", topology_name=topology).devices[0]

    def compile(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function compiled for arguments of these shapes."""
        sharding = jax.sharding.SingleDeviceSharding(self.device)
        jitted = jax.jit(function, in_shardings=sharding, out_shardings=sharding, keep_unused=True)
        return jitted.trace(*arguments).lower().compile()

    def cost(self, schedule: Any, form: Form) -> Cost:
        """What adamw costs with the schedule, or the float, as its learning rate."""
        optimizer = adamw(schedule, form)
        params, metric = _shaped(SHAPE, jnp.float32), _shaped((), jnp.float32)
        arguments = (params, jax.eval_shape(optimizer.init, params), params, metric)
        begin = time.perf_counter()
        compiled = self.compile(train_step(optimizer), *arguments)
        seconds = time.perf_counter() - begin
        code = compiled.memory_analysis().generated_code_size_in_bytes
        return Cost(seconds, code, compiled.cost_analysis()["optimal_seconds"])

    def values(self, case: Case, form: Form, counts: np.ndarray, quotient: float) -> np.ndarray:
        """What the program compiled for the TPU gives at the counts, run on the CPU."""
        schedule = case.schedule()
        if form == "closed":
            # A scalar, as in a train step: the compiler folds the constants of a scalar's operations in another way.
            compiled = self.compile(schedule, _shaped((), jnp.int32))
            run = on_cpu(stripped(program_of(compiled), quotient))
            return np.array([run(count) for count in counts])
        metrics = case.metrics(len(counts))
        values = np.zeros(len(counts), np.float32) if metrics is None else metrics.astype(np.float32)
        compiled = self.compile(learning_rates(schedule), _shaped(values.shape, jnp.float32))
        return on_cpu(stripped(program_of(compiled), quotient))(values)


def counts_of(case: Case, form: Form, below: int = MILLION) -> np.ndarray:
    """Where a program is run: every count of the first half of COUNTS, the other half spread over those below."""
    if form == "recursive":
        return np.arange(case.steps(COUNTS), dtype=np.int32)
    steps = case.steps(SEQUENTIAL_COUNTS if is_sequential(case.schedule()) else below)
    if steps <= COUNTS:
        return np.arange(steps, dtype=np.int32)
    return np.append(np.arange(COUNTS // 2), np.linspace(COUNTS // 2, steps - 1, COUNTS // 2)).astype(np.int32)


def measure(tpu: Tpu, case: Case, quotient: float, below: int) -> list[Row]:
    """Compiles each form of a recipe, runs it, and steps the torch scheduler for real."""
    case = with_float32_metrics(case, case.steps(COUNTS))
    counts = {form: counts_of(case, form, below) for form in forms(case)}
    theirs = torch_trajectory(case, 1 + int(max(of_form[-1] for of_form in counts.values())))["lr"]
    rows = []
    for form, at in counts.items():
        row = Row(str(case), form, last_count=int(at[-1]))
        try:
            row = dataclasses.replace(row, cost=tpu.cost(case.schedule(), form))
            comparison = compare(tpu.values(case, form, at, quotient), theirs[at])
            row = dataclasses.replace(row, comparison=comparison)
        except Exception as error:  # whatever it is, the table shows it and the other recipes go on
            row = dataclasses.replace(row, error=f"{type(error).__name__}: {error}".splitlines()[0])
        rows.append(row)
    return rows


def constants(tpu: Tpu) -> list[Row]:
    """The same train steps with a float as their learning rate."""
    return [
        Row("0.1", "closed", cost=tpu.cost(0.1, "closed")),
        Row("0.1", "recursive", cost=tpu.cost(0.1, "recursive")),
    ]


def cells(row: Row) -> tuple[str, ...]:
    """What the table shows of a row."""
    cost, comparison = row.cost, row.comparison
    return (
        row.recipe,
        row.form,
        *(
            ("", "", "")
            if cost is None
            else (f"{cost.compile_seconds:.2f}", f"{cost.code_bytes:,}", _microseconds(cost.estimate_seconds))
        ),
        "" if row.last_count is None else f"{row.last_count:,}",
        *(("", "") if comparison is None else (f"{comparison.max_ulp:.2g}", f"{comparison.bit_equal:.2%}")),
        row.error or ("PASS" if row.passed else "FAIL"),
    )


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} us" if seconds > 0 else "none"  # a program with a conditional in it has none


def summary(rows: list[Row], topology: str) -> str:
    """The last line."""
    ulps = [row.comparison.max_ulp for row in rows if row.comparison is not None]
    compiled = sum(row.cost is not None for row in rows)
    worst = f", at most {max(ulps):.2g} ulp from torch" if ulps else ""
    versions = ", ".join(f"{name} {version(name)}" for name in ("jax", "libtpu", "optax", "torch"))
    return f"{compiled} of {len(rows)} programs compile for {topology}{worst} ({versions})"


def markdown(rows: list[Row], topology: str) -> str:
    """The table as Markdown."""
    lines = [summary(rows, topology), "", f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    lines += [f"| `{cells(row)[0]}` | {' | '.join(cells(row)[1:])} |" for row in rows]
    return "\n".join(lines) + "\n"


def _table(rows: list[Row]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in HEADINGS:
        left = heading in ("recipe", "form", "")
        shown.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=heading != "recipe")
    for row in rows:
        recipe, *others, verdict = cells(row)
        shown.add_row(Text(recipe), *others, Text(verdict, "green" if row.passed else "bold red"))
    return shown


def main(
    only: Annotated[str, typer.Option(help="Only the recipes whose text contains this.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every recipe of `make verify`.")] = False,
    quotient: Annotated[float, typer.Option(help="Multiply every float32 quotient by this.")] = 1.0,
    topology: Annotated[str, typer.Option(help="What to compile for.")] = "v5e:2x2",
    output: Annotated[Path | None, typer.Option(help="A folder for the table as Markdown.")] = None,
) -> None:
    """Compiles every class for a TPU, alone and in an adamw step, and runs the programs on the CPU beside torch.

    Exits with 1 where a program does not compile, or is more than 2 ulp from the stepped torch scheduler.
    """
    jax.config.update("jax_platforms", "cpu")  # type: ignore[no-untyped-call]
    recipes = RECIPES if everything else (*CLASSES, *ACTING_ON_ONE_ANOTHER)
    recipes = tuple(case for case in recipes if only in str(case))
    if not recipes:
        raise typer.BadParameter(f"must be part of a recipe's text, got {only!r}", param_hint="--only")
    tpu = Tpu(topology)
    rows = constants(tpu)
    for case in track(recipes, "compiling", console=Console(stderr=True), transient=True):
        rows += measure(tpu, case, quotient, VERIFIED if everything else MILLION)
    Console(width=None if Console().is_terminal else 170).print(_table(rows), summary(rows, topology), sep="\n")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "tpu.md").write_text(markdown(rows, topology))
    raise typer.Exit(0 if all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    typer.run(main)
