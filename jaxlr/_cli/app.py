"""The command line: convert, verify, plot, gallery."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import jaxlr
from jaxlr._arguments import parameter_group
from jaxlr._cli.progress import tracked
from jaxlr._cli.targets import numbers_of, reported, side_of, torch_recipe
from jaxlr._schedules.base import walk
from jaxlr._torch.functions import functions_of, longest_said
from jaxlr._verify.length import length_of
from jaxlr._verify.side import Run
from jaxlr._verify.sides import kind_of, sides_of
from jaxlr._verify.verify import report_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)

_STEPS = 10_000  # where nothing says how long a recipe is

Recipe = Annotated[
    str, typer.Argument(metavar="FILE.py:NAME", help="A torch scheduler, learning rates, or what returns them.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
Metrics = Annotated[str | None, typer.Option(help="FILE.py:NAME of what a plateau's step receives.")]
StepsPerEpoch = Annotated[int | None, typer.Option(min=1, help="Updates of an epoch, for a recipe that counts epochs.")]
Group = Annotated[int | None, typer.Option(min=0, help="The parameter group, where the optimizer has several.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jaxlr {jaxlr.__version__}")
        raise typer.Exit


@app.callback()
def _jaxlr(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """PyTorch's learning rates in JAX, exactly.

    A torch recipe is named as `FILE.py:NAME`: a scheduler, a list of schedulers, or a function that returns one.
    """


@app.command()
def convert(
    recipe: Recipe,
    group: Group = None,
    total_steps: Annotated[int | None, typer.Option(min=1, help="The learning rates of the whole run.")] = None,
    steps_per_epoch: StepsPerEpoch = None,
    state: Annotated[Path | None, typer.Option(help="A .pt file with the scheduler's state_dict to restore.")] = None,
    key: Annotated[str | None, typer.Option(help="The state_dict's key in that file.")] = None,
    optimizer_key: Annotated[str | None, typer.Option(help="Likewise the optimizer's, for its momentum.")] = None,
) -> None:
    """Prints the jaxlr code of a torch scheduler; or of learning rates: an array, a list, a function of the count."""
    for option, value in (("--key", key), ("--optimizer-key", optimizer_key)):
        if value is not None and state is None:
            raise typer.BadParameter("needs --state", param_hint=option)
    scheduler = torch_recipe(recipe)
    if not isinstance(scheduler, list):
        typer.echo(_code(_of_values(recipe, scheduler, total_steps)))
        return
    _need("torch", extra="torch")
    functions = any(map(functions_of, scheduler))
    steps = total_steps or longest_said(scheduler) or (_STEPS if functions else None)
    schedule = reported(jaxlr.from_torch, scheduler, group=group, total_steps=steps, steps_per_epoch=steps_per_epoch)
    if total_steps is None and schedule._final_epoch is not None and functions:
        _say_called(steps)
    if state is not None:
        optimizer = None if optimizer_key is None else _state_dict(state, optimizer_key)
        schedule = reported(jaxlr.from_state_dict, schedule, _state_dict(state, key), optimizer=optimizer, group=group)
    if "<" in repr(schedule) and steps is not None:
        schedule = reported(jaxlr.tabulate, schedule, steps)
    if any(isinstance(part, jaxlr.Table) for part in walk(schedule)):
        _say_table()
    if "<" in repr(schedule):
        typer.echo(
            "jaxlr: a function without a name is no code: define it in a module, or give --total-steps for a table; "
            f"got {schedule!r}",
            err=True,
        )
        raise typer.Exit(2)
    typer.echo(_code(schedule))


def _of_values(target: str, values: Any, total_steps: int | None) -> jaxlr.Schedule:
    """The formulas of learning rates, or of a function of the count; a table where there are none."""
    if callable(values):
        steps, function = total_steps or _STEPS, values
        if total_steps is None:
            _say_called(steps)
        values = reported(lambda: [float(function(count)) for count in range(steps)], targets=(target,))
    found = reported(jaxlr.recognize, values)
    if found is None:
        _say_table()
        return jaxlr.Table(values)
    return jaxlr.Until(found, len(values))


def _say_called(steps: int | None) -> None:
    typer.echo(f"jaxlr: a function was called for {steps:,} steps: --total-steps reads more, or fewer", err=True)


def _say_table() -> None:
    typer.echo("jaxlr: no formula was found that gives every value: the values themselves are the schedule", err=True)


@app.command()
def verify(
    recipe: Annotated[str, typer.Argument(metavar="FILE.py:NAME", help="The reference.")],
    against: Annotated[str | None, typer.Option(help="The other side: FILE.py:NAME, or a jaxlr expression.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Counts. [default: the whole recipe, or 10000]")] = None,
    start: Annotated[int, typer.Option(min=0, help="The first count.")] = 0,
    metrics: Metrics = None,
    group: Group = None,
    steps_per_epoch: StepsPerEpoch = None,
    accept_float32: Annotated[bool, typer.Option("--accept-float32", help="Equal but for float32 passes.")] = False,
    rtol: Annotated[float | None, typer.Option(help="So far off the reference's value passes, as a share.")] = None,
    atol: Annotated[float | None, typer.Option(help="So far off the reference's value passes.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw both curves and their difference.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write both curves.")] = None,
    force: Force = False,
) -> None:
    """Compares two learning rates at every count; prints where and why they differ, and then exits with 1.

    Either side is a torch scheduler or a list of them, what a framework's trainer steps, a schedule, an array or a
    list of learning rates, or a list or dict of schedules, one a parameter group; or a function that returns one.
    Without --against the other side is what `convert` makes of a scheduler.
    """
    _check_free([plot], force, "--plot")
    _check_free([csv], force, "--csv", suffixes=(".csv",))
    if plot is not None:
        _need("matplotlib", extra="plot")

    reference, other = side_of(recipe), None if against is None else side_of(against)
    received = numbers_of(metrics)
    sides = {recipe: reference} if against is None else {recipe: reference, against: other}
    covered = None
    if steps is None:
        steps, covered = reported(_counts, sides, start, received, steps_per_epoch)
    report = reported(
        report_of,
        reference,
        other,
        steps=steps,
        start=start,
        metrics=received,
        group=group,
        steps_per_epoch=steps_per_epoch,
        accept_float32=accept_float32,
        rtol=rtol,
        atol=atol,
        names=(recipe, against),
        each=tracked(steps),
        targets=(recipe, against),
    )
    if covered is not None:
        report = dataclasses.replace(report, notes=(covered, *report.notes))
    if plot is not None:
        _written(report.plot, plot)
    if csv is not None:
        _written(report.to_csv, csv)
    typer.echo(report.to_json() if json else str(report))
    if not report.passed:
        raise typer.Exit(1)


def _counts(
    sides: dict[str, Any], start: int, metrics: np.ndarray | None, steps_per_epoch: int | None
) -> tuple[int, str]:
    """How many counts are compared where the user did not say, and what they cover."""
    lengths = [length_of(target, side, steps_per_epoch) for target, side in sides.items()]
    ends = [length.end for length in lengths if length.end is not None]
    ends += [] if metrics is None else [len(metrics) + 1]
    arrays = {target: len(side) for target, side in sides.items() if kind_of(target, side) == "array"}
    if len(set(arrays.values())) > 1:
        sizes = " and ".join(f"{size} in {target}" for target, size in arrays.items())
        raise ValueError(f"verify: --steps must be given for learning rates of different length, got {sizes}")
    wholes = {target: length.whole for target, length in zip(sides, lengths, strict=True)}
    unknown = [target for target, whole in wholes.items() if whole is None]
    whole = max((whole for whole in wholes.values() if whole is not None), default=0)
    stop = min([whole or start + _STEPS, *ends])
    if stop <= start:
        raise ValueError(f"verify: --start must be at most {stop - 1}, where the recipe ends, got {start}")
    if not unknown and stop == whole:
        return stop - start, "covers the whole recipe" + (f", from count {start:,}" if start else "")
    if stop in ends:
        left_out = f"; {whole - stop:,} of the recipe are left out" if whole > stop else ""
        return stop - start, f"covers all counts that both sides have a value for, {stop:,}{left_out}"
    known = f"covers the whole of {next(target for target in wholes if wholes[target] == whole)}; " if whole else ""
    return stop - start, f"{known}how long {unknown[0]} is is not known: --steps compares more counts, or fewer"


@app.command()
def plot(
    recipes: Annotated[list[str], typer.Argument(help="FILE.py:NAME, torch's or JAX's, or a jaxlr expression.")],
    output: Annotated[Path, typer.Option(help="The picture.")] = Path("schedules.png"),
    steps: Annotated[int | None, typer.Option(min=1, help="Counts. [default: 100, or where the recipe ends]")] = None,
    metrics: Metrics = None,
    group: Group = None,
    steps_per_epoch: StepsPerEpoch = None,
    force: Force = False,
) -> None:
    """Draws learning rates, several on one axis.

    For example: `jaxlr plot "StepLR(0.1, 30)" recipe.py:scheduler --steps 90`
    """
    _need("matplotlib", extra="plot")
    _check_free([output], force, "--output")
    from jaxlr._cli.plot import curves  # noqa: PLC0415 matplotlib is an extra

    received = numbers_of(metrics)
    drawn = {recipe: _drawn(recipe, steps, received, group, steps_per_epoch) for recipe in recipes}
    _written(curves, drawn, output)
    typer.echo(f"wrote {output}")


@app.command()
def gallery(
    output: Annotated[Path, typer.Option(help="The picture.")] = Path("gallery.png"), force: Force = False
) -> None:
    """Draws the cheat sheet of all schedulers."""
    _need("matplotlib", extra="plot")
    _check_free([output], force, "--output")
    from jaxlr._cli.gallery import draw  # noqa: PLC0415 matplotlib is an extra

    _written(draw, output)
    typer.echo(f"wrote {output}")


def _code(schedule: jaxlr.Schedule) -> str:
    """The schedule as code that runs after ``import jaxlr``, with the import of each function of the user's."""
    names = "|".join(jaxlr.__all__)
    imports = [f"from {function.__module__} import {function.__name__}" for function in _functions(schedule)]
    return "\n".join([*dict.fromkeys(imports), re.sub(rf"\b({names})\(", r"jaxlr.\1(", repr(schedule))])


def _functions(value: Any) -> list[Any]:
    """The functions in a schedule."""
    if isinstance(value, jaxlr.Schedule):
        return [function for field in dataclasses.fields(value) for function in _functions(getattr(value, field.name))]  # type: ignore[arg-type]
    if isinstance(value, tuple):
        return [function for item in value for function in _functions(item)]
    return [value] if callable(value) else []


def _need(package: str, *, extra: str) -> None:
    try:
        __import__(package)
    except ImportError:
        typer.echo(f"jaxlr: {package} is missing: pip install 'jaxlr[{extra}]'", err=True)
        raise typer.Exit(2) from None


def _check_free(
    paths: Iterable[Path | None], force: bool, option: str, suffixes: tuple[str, ...] = (".png", ".svg", ".pdf")
) -> None:
    for path in paths:
        if path is None:
            continue
        if path.exists() and not force:
            raise typer.BadParameter(f"{path} exists: name another, or give --force", param_hint=option)
        if path.suffix not in suffixes:
            *others, last = suffixes
            allowed = f"{', '.join(others)} or {last}" if others else last
            raise typer.BadParameter(f"{path} must end in {allowed}", param_hint=option)


def _written(draw: Callable[..., None], *args: Any, **options: Any) -> None:
    """Draws into the file that is the last of args, in a folder that is made where there is none."""
    path = args[-1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(*args, **options)
    except OSError as error:
        typer.echo(f"jaxlr: cannot write {path}: {error.strerror or error}", err=True)
        raise typer.Exit(2) from None


def _drawn(
    target: str, steps: int | None, metrics: np.ndarray | None, group: int | None, steps_per_epoch: int | None
) -> np.ndarray:
    """The learning rates of a recipe, torch's or JAX's, at counts 0 .. steps - 1; as many as there are up to 100."""
    side = side_of(target)
    if steps is None:
        end = reported(length_of, target, side, steps_per_epoch).end
        steps = min([100 if metrics is None else len(metrics) + 1, *([] if end is None else [end])])
    run = Run(range(steps), metrics, steps_per_epoch)
    drawn: np.ndarray = reported(_lrs, target, side, run, group, targets=(target,))
    return drawn


def _lrs(target: str, side: Any, run: Run, group: int | None) -> np.ndarray:
    if kind_of(target, side) == "groups":
        raise TypeError(f"plot: {target} must be one schedule, or its learning rates, got {len(side)} of them")
    sides = sides_of(target, side, target, group, run, wide=False)
    if len(sides) > 1:
        parameter_group("plot", group, len(sides))
    return next(iter(sides.values())).lrs


def _state_dict(path: Path, key: str | None) -> Any:
    import torch  # noqa: PLC0415 jaxlr itself never imports torch

    if not path.is_file():
        raise typer.BadParameter(f"there is no file {str(path)!r}", param_hint="--state")
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise typer.BadParameter(f"{path} is no file of plain data: {error}", param_hint="--state") from None
    if key is not None:
        if key not in saved:
            raise typer.BadParameter(f"{path} has no {key!r}; it has {', '.join(map(str, saved))}", param_hint="--key")
        return saved[key]
    return saved
