"""The command line: convert, verify, plot, gallery."""

import dataclasses
import importlib.util
import inspect
import json as json_module
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

import jaxlr
from jaxlr._arguments import numbers, parameter_group
from jaxlr._curves.verify import Report, jax_lrs, report_of, torch_lrs
from jaxlr._schedules.plateau import takes_metric

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)

Recipe = Annotated[str, typer.Argument(metavar="FILE.py:NAME", help="A torch scheduler, or what returns one.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
Metrics = Annotated[str | None, typer.Option(help="FILE.py:NAME of what a plateau's step receives.")]
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
    total_steps: Annotated[int | None, typer.Option(min=1, help="Length of a lambda's table.")] = None,
    state: Annotated[Path | None, typer.Option(help="A .pt file with the scheduler's state_dict to restore.")] = None,
    key: Annotated[str | None, typer.Option(help="The state_dict's key in that file.")] = None,
    optimizer_key: Annotated[str | None, typer.Option(help="Likewise the optimizer's, for its momentum.")] = None,
) -> None:
    """Prints the jaxlr code of a torch scheduler."""
    _need("torch", extra="torch")
    for option, value in (("--key", key), ("--optimizer-key", optimizer_key)):
        if value is not None and state is None:
            raise typer.BadParameter("needs --state", param_hint=option)
    scheduler = _torch_recipe(recipe)
    if state is None:
        schedule = _reported(jaxlr.from_torch, scheduler, group=group, total_steps=total_steps)
    else:
        fresh = _reported(jaxlr.from_torch, scheduler, group=group, total_steps=total_steps)
        optimizer = None if optimizer_key is None else _state_dict(state, optimizer_key)
        schedule = _reported(jaxlr.from_state_dict, fresh, _state_dict(state, key), optimizer=optimizer, group=group)
    if "<" in repr(schedule) and total_steps is not None:
        schedule = _reported(jaxlr.tabulate, schedule, total_steps)
    if "<" in repr(schedule):
        typer.echo(
            "jaxlr: a function without a name is no code: define it in a module, or give --total-steps for a table; "
            f"got {schedule!r}",
            err=True,
        )
        raise typer.Exit(2)
    typer.echo(_code(schedule))


@app.command()
def verify(
    recipe: Recipe,
    against: Annotated[str | None, typer.Option(help="FILE.py:NAME of a schedule, or a jaxlr expression.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Counts.")] = 1_000,
    metrics: Metrics = None,
    group: Group = None,
    plot: Annotated[Path | None, typer.Option(help="Draw both curves and their difference.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Force = False,
) -> None:
    """Steps a torch scheduler beside a schedule and prints how far they are apart; exits with 1 when they differ.

    The schedule is what --against names, or else what `convert` makes of the scheduler.
    """
    _need("torch", extra="torch")
    _check_free([plot], force, "--plot")
    if plot is not None:
        _need("matplotlib", extra="plot")

    report = _reported(
        report_of,
        _torch_recipe(recipe),
        None if against is None else _jax_recipe(against),
        steps=steps,
        metrics=_numbers(metrics),
        group=group,
        each=_tracked,
        targets=(recipe, against),
    )
    if plot is not None:
        _written(report.plot, plot)
    typer.echo(_json(report) if json else str(report))
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def plot(
    recipes: Annotated[list[str], typer.Argument(help="FILE.py:NAME, torch's or JAX's, or a jaxlr expression.")],
    output: Annotated[Path, typer.Option(help="The picture.")] = Path("schedules.png"),
    steps: Annotated[int | None, typer.Option(min=1, help="Counts. [default: 100, or where the recipe ends]")] = None,
    metrics: Metrics = None,
    group: Group = None,
    force: Force = False,
) -> None:
    """Draws learning rates, several on one axis.

    For example: `jaxlr plot "StepLR(0.1, 30)" recipe.py:scheduler --steps 90`
    """
    _need("matplotlib", extra="plot")
    _check_free([output], force, "--output")
    from jaxlr._cli.plot import curves  # noqa: PLC0415 matplotlib is an extra

    received = _numbers(metrics)
    drawn = {recipe: _drawn(recipe, steps, received, group) for recipe in recipes}
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


def _check_free(paths: Iterable[Path | None], force: bool, option: str) -> None:
    for path in paths:
        if path is None:
            continue
        if path.exists() and not force:
            raise typer.BadParameter(f"{path} exists: name another, or give --force", param_hint=option)
        if path.suffix not in (".png", ".svg", ".pdf"):
            raise typer.BadParameter(f"{path} must end in .png, .svg or .pdf", param_hint=option)


def _written(draw: Callable[..., None], *args: Any, **options: Any) -> None:
    """Draws into the file that is the last of args, in a folder that is made where there is none."""
    path = args[-1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(*args, **options)
    except OSError as error:
        typer.echo(f"jaxlr: cannot write {path}: {error.strerror or error}", err=True)
        raise typer.Exit(2) from None


def _reported(call: Callable[..., Any], *args: Any, targets: Iterable[str | None] = (), **options: Any) -> Any:
    """What the call returns; an error of ours without its traceback, one of the user's files with theirs."""
    try:
        return call(*args, **options)
    except Exception as error:
        frames = {Path(frame.filename).name for frame in traceback.extract_tb(error.__traceback__)}
        files = [target.rpartition(":")[0] for target in targets if target is not None]
        own = next((file for file in files if Path(file).name in frames), None)
        if own is not None:
            raise _failed(own, error) from None
        if not isinstance(error, ValueError | TypeError):
            raise
        typer.echo(f"jaxlr: {error}", err=True)
        raise typer.Exit(2) from None


def _loaded(target: str) -> Any:
    """The object that FILE.py:NAME names; what a function of no argument returns."""
    file, _, name = target.rpartition(":")
    if not file.endswith(".py") or not name:
        raise typer.BadParameter(f"must be FILE.py:NAME, got {target!r}")
    path = Path(file)
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {file!r}, in {target!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise typer.BadParameter(f"cannot import {file!r}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
        if not hasattr(module, name):
            public = ", ".join(sorted(public for public in vars(module) if not public.startswith("_")))
            raise typer.BadParameter(f"{file} has no {name!r}; it has {public}")
        return getattr(module, name)
    except typer.BadParameter:
        raise
    except Exception as error:
        raise _failed(file, error) from None
    finally:
        sys.path.remove(str(path.parent))


def _failed(file: str, error: Exception) -> typer.Exit:
    """Shows the traceback of the user's own file, without our frames above it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((i for i, frame in enumerate(frames) if Path(frame.filename).name == Path(file).name), 0)
    shown = [*traceback.format_list(frames[own:][:5]), *traceback.format_exception_only(error)]
    typer.echo(f"jaxlr: {file} failed:\n{''.join(shown)}", err=True)
    return typer.Exit(2)


def _torch_recipe(target: str) -> list[Any]:
    """The torch scheduler, or schedulers, that FILE.py:NAME names, or a function of that name returns."""
    return _schedulers(target, _called(target, _loaded(target)))


def _schedulers(target: str, loaded: Any) -> list[Any]:
    schedulers = list(loaded) if isinstance(loaded, list | tuple) else [loaded]
    for one in schedulers or [loaded]:
        if not hasattr(one, "optimizer"):
            raise typer.BadParameter(f"{target} must be a torch scheduler, or return one, got {type(one).__name__}")
    return schedulers


def _called(target: str, loaded: Any) -> Any:
    """What a function of the user's returns; a schedule or scheduler is no such function."""
    if not callable(loaded) or hasattr(loaded, "step") or isinstance(loaded, jaxlr.Schedule):
        return loaded
    try:
        return loaded()
    except Exception as error:
        raise _failed(target.rpartition(":")[0], error) from None


def _jax_recipe(target: str) -> Any:
    """An Optax schedule: FILE.py:NAME of one, or a jaxlr expression."""
    if ".py:" in target:
        loaded = _loaded(target)
        if callable(loaded) and not _takes_argument(loaded):
            loaded = _called(target, loaded)
        if not callable(loaded):
            raise typer.BadParameter(f"{target} must be an Optax schedule, got {type(loaded).__name__}")
        return loaded
    try:
        value = eval(target, {"jaxlr": jaxlr, **{name: getattr(jaxlr, name) for name in jaxlr.__all__}})
    except Exception as error:
        raise typer.BadParameter(f"{target!r} is neither FILE.py:NAME nor a jaxlr expression: {error}") from None
    if not isinstance(value, jaxlr.Schedule):
        raise typer.BadParameter(f"{target!r} must be a jaxlr schedule, got {type(value).__name__}")
    return value


def _takes_argument(function: Callable[..., Any]) -> bool:
    """Whether it is a function of the count, and not one that returns a recipe."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # a builtin that does not tell
        return True
    return False


def _numbers(target: str | None) -> np.ndarray | None:
    """The metrics that FILE.py:NAME names, or a function of that name returns."""
    if target is None:
        return None
    return _reported(numbers, f"--metrics: {target}", _called(target, _loaded(target)))  # type: ignore[no-any-return]


def _drawn(target: str, steps: int | None, metrics: np.ndarray | None, group: int | None) -> np.ndarray:
    """The learning rates of a recipe, torch's or JAX's, at counts 0 .. steps - 1; as many as there are up to 100."""
    loaded = _loaded(target) if ".py:" in target else _jax_recipe(target)
    if callable(loaded) and not isinstance(loaded, jaxlr.Schedule) and not _takes_argument(loaded):
        loaded = _called(target, loaded)
    most = 100 if metrics is None else len(metrics) + 1
    if isinstance(loaded, jaxlr.Schedule):
        end = loaded._final_epoch
        n = steps or (most if end is None else min(most, end - loaded._first_epoch + 1))
        received = metrics if takes_metric(loaded) else None
        return _reported(jaxlr.trajectory, loaded, n, metrics=received)  # type: ignore[no-any-return]
    if callable(loaded):
        return _reported(jax_lrs, loaded, steps or most, metrics, targets=(target,))  # type: ignore[no-any-return]
    schedulers = _schedulers(target, loaded)
    groups = schedulers[0].optimizer.param_groups
    held = groups[_reported(parameter_group, "plot", group, len(groups))]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*lr_scheduler\.step\(\)")  # the optimizer is not stepped
        drawn = _reported(list, islice(torch_lrs(schedulers, held, metrics), steps or most))
    if steps is not None and len(drawn) < steps:
        typer.echo(f"jaxlr: {target} ends after {len(drawn)} counts: --steps must be at most that", err=True)
        raise typer.Exit(2)
    return np.array(drawn, np.float64)


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


def _tracked(counts: range) -> Iterable[int]:
    """The counts, with a progress bar where they take long."""
    few = len(counts) < 100_000
    return track(counts, "stepping", console=Console(stderr=True), transient=True, disable=few)


def _json(report: Report) -> str:
    values = {
        name: getattr(report, name)
        for name in ("passed", "steps", "max_ulp", "max_relative", "bit_equal", "first_difference", "diagnosis")
    }
    if report.first_difference is not None:
        values["torch"] = float(report.theirs[report.first_difference])
        values["jax"] = float(report.ours[report.first_difference])
    return json_module.dumps(values, indent=2)
