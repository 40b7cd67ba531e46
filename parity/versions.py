"""The command: python -m parity.versions 2.6 steps the schedulers of another torch beside their ports.

The torch that is installed runs them from their source, two pure-Python files of the release's wheel.
"""

import dataclasses
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from jaxlr import from_torch, trajectory
from jaxlr._schedules.base import cycles_momentum
from jaxlr._torch.versions import NEWEST, OLDEST, release
from jaxlr._ulp import compare
from parity.case import Case
from parity.cases import RECIPES
from parity.compare import compare_case, forms_of

FILES = ("lr_scheduler", "swa_utils")
CACHE = Path("build/torch-versions")
_SMALLEST = "macosx_14_0_arm64"  # the wheel of some 100 MB, on any machine: it is read, not installed
_MOMENTS, _AFTER = (0, 7), 60  # the counts at which a live scheduler is converted, and how long it goes on from there

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclasses.dataclass(frozen=True)
class Difference:
    """What an older torch does by another rule.

    Attributes:
      name: the recipes that differ.
      until: the torch that has changed it.
      change: what it has changed.
      has: whether it is in a SequentialLR.
    """

    name: str
    until: tuple[int, int]
    change: str
    has: Callable[[Case], bool]


def _later(name: str) -> Callable[[Case], bool]:
    return lambda sequence: any(member.scheduler == name for member in sequence.arguments["schedulers"][1:])


DIFFERENCES = (
    Difference(
        "a milestone at 0",
        (2, 13),
        "the member that runs at 0 takes the first step, before that the first member",
        lambda sequence: bool(sequence.arguments["milestones"]) and sequence.arguments["milestones"][0] <= 0,
    ),
    Difference(
        "SWALR as a later member",
        (2, 9),
        "entering calls `_update_lr(0)`, before that `step(0)`, which SWALR counts as a step",
        _later("SWALR"),
    ),
    Difference(
        "MultiplicativeLR as a later member",
        (2, 8),
        "`_is_initial` says what a first step is, before that `last_epoch == 0`: entering did not multiply",
        _later("MultiplicativeLR"),
    ),
    Difference(
        "a composite as first member",
        (2, 8),
        "likewise: its members' first steps at epoch 0 changed nothing",
        lambda sequence: "schedulers" in sequence.arguments["schedulers"][0].arguments,
    ),
    Difference(
        "a composite as a member",
        (2, 6),
        "its members are undone, before that its own epoch, which a ChainedScheduler lacks (AttributeError)",
        lambda sequence: any("schedulers" in member.arguments for member in sequence.arguments["schedulers"]),
    ),
)


def named(case: Case, version: str) -> str:
    """The differences that the recipe has in that torch; "" where it has none."""
    sequences = list(_sequences(case))
    number = release(version)
    changed = [difference for difference in DIFFERENCES if number is not None and number < difference.until]
    return ", ".join(difference.name for difference in changed if any(map(difference.has, sequences)))


def _sequences(case: Case) -> Iterator[Case]:
    if case.scheduler == "SequentialLR":
        yield case
    for member in case.arguments.get("schedulers", ()):
        yield from _sequences(member)


def fetch(version: str, cache: Path = CACHE) -> Path:
    """The folder with the release's two files, out of its wheel, which pip downloads."""
    folder = cache / version
    if all((folder / f"{name}.py").exists() for name in FILES):
        return folder
    wanted = version if version.count(".") > 1 else f"{version}.*"
    with tempfile.TemporaryDirectory() as wheels:
        options = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", f"--platform={_SMALLEST}"]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", *options, "-d", wheels, f"torch=={wanted}"],
            env={**os.environ, "PIP_CONSTRAINT": os.devnull},  # it asks for this torch, and installs nothing
            check=True,
        )
        (wheel,) = Path(wheels).glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as opened:
            for name in FILES:
                (folder / f"{name}.py").write_bytes(opened.read(f"torch/optim/{name}.py"))
    return folder


def load(version: str, folder: Path) -> None:
    """Makes the files torch.optim's, for the rest of the process, and the version torch's."""
    import torch  # noqa: PLC0415 tests/ runs without torch

    for name in FILES:
        spec = importlib.util.spec_from_file_location(f"torch.optim.{name}", folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        setattr(torch.optim, name, module)
        spec.loader.exec_module(module)
    torch.__version__ = torch.torch_version.TorchVersion(version)


def compared(case: Case, steps: int) -> list[str | None]:
    """Of each form of the recipe's port, what is other than in that torch; None where nothing is."""
    try:
        rows = compare_case(case, steps, stateful=False)
    except AttributeError as error:  # torch's own
        return [f"torch raises {error!r}"] * len(forms_of(case))
    return [None if row.comparison.passed else f"count {row.comparison.first_difference}" for row in rows]


def converted(case: Case, at: int) -> str:
    """What becomes of from_torch at that count: "equal", "refused" or "different"."""
    try:
        scheduler = case.torch_scheduler()
    except AttributeError:  # torch's own
        return "refused"
    one = scheduler[0] if isinstance(scheduler, list) else scheduler
    group, steps = one.optimizer.param_groups[0], case.steps(at + _AFTER)
    metrics = case.metrics(steps)
    schedule: Any = None
    theirs: list[tuple[float, float]] = []
    for i in range(steps):
        if i == at:
            try:
                schedule = from_torch(scheduler, total_steps=steps)
            except ValueError as error:
                if "by another rule than torch 2.13" not in str(error):
                    raise
                return "refused"
        if i >= at:
            theirs.append((float(group["lr"]), float(group["momentum"])))
        if i < steps - 1:
            case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    received = None if metrics is None else metrics[at : steps - 1]
    lrs, momentums = np.array(theirs).T.copy()
    equal = compare(trajectory(schedule, len(lrs), metrics=received), lrs).passed
    if cycles_momentum(schedule):
        momentum = trajectory(schedule.momentum, len(lrs), metrics=received)
        equal = equal and compare(momentum, momentums).passed
    return "equal" if equal else "different"


def convertible(case: Case) -> bool:
    """Whether torch's scheduler is from its start, and stepped as torch steps it."""
    return case.last_epoch == -1 and case.fractional is None and case.scheduler != "InTurn" and case.steps(60) == 60


@app.command()
def main(
    version: Annotated[str, typer.Argument(help="Of torch, as 2.6 or 2.6.0.")],
    steps: Annotated[int, typer.Option(min=1, help="Counts.")] = 2_000,
) -> None:
    """Compares every recipe with the schedulers of another torch; exits with 1 where a difference has no name."""
    number = release(version)
    if number is None or not OLDEST <= number <= NEWEST:
        typer.echo(f"torch {version} is none of those supported, {OLDEST} to {NEWEST}", err=True)
    load(version, fetch(version))
    warnings.simplefilter("ignore")  # the optimizer itself is not stepped
    comparisons, unnamed = 0, 0
    differences, conversions = Counter[str](), Counter[str]()
    for case in filter(attrgetter("of_torch"), RECIPES):
        name = named(case, version)
        for what in compared(case, steps):
            comparisons += 1
            if what is not None:
                typer.echo(f"{name or 'WITHOUT A NAME'}: {case}: {what}")
                differences[name or "without a name"] += 1
                unnamed += not name
        for at in _MOMENTS if convertible(case) else ():
            outcome = converted(case, at)
            conversions[outcome] += 1
            if outcome == "different":
                typer.echo(f"WRONGLY CONVERTED at {at}: {case}")
    different = differences.total()
    names = "".join(f"; {n} {name}" for name, n in differences.items())
    typer.echo(
        f"torch {version}: {comparisons - different} of {comparisons} comparisons equal, "
        f"{different - unnamed} named differences{names}; {conversions['equal']} of {conversions.total()} conversions "
        f"equal, {conversions['refused']} refused"
    )
    if unnamed or conversions["different"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m parity.versions")
