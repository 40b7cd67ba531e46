"""What the command line is given by name: the user's files, and what fails in them."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import typer

import jaxlr
from jaxlr._arguments import numbers
from jaxlr._torch.drivers import is_of_a_framework


def torch_recipe(target: str) -> list[Any] | Callable[[int], Any] | np.ndarray:
    """The torch scheduler, or schedulers, that FILE.py:NAME names, or a function of that name returns.

    Or learning rates: an array or a list of them, or a function of the count.
    """
    loaded = _loaded(target)
    if inspect.isroutine(loaded) and _takes_argument(loaded):
        return loaded
    named = _called(target, loaded)
    if not isinstance(named, str) and np.ndim(named) == 1 and np.asarray(named).dtype.kind in "fiu":
        return np.asarray(named)
    schedulers = list(named) if isinstance(named, list | tuple) else [named]
    for one in schedulers or [named]:
        if not hasattr(one, "optimizer") and not is_of_a_framework(one):
            raise typer.BadParameter(f"{target} must be a torch scheduler, or return one, got {type(one).__name__}")
    return schedulers


def side_of(target: str) -> Any:
    """A side of verify: what FILE.py:NAME names, or a function without an argument returns; or a jaxlr expression."""
    if ".py:" in target:
        loaded = _loaded(target)
        if callable(loaded) and not isinstance(loaded, jaxlr.Schedule) and not _takes_argument(loaded):
            return _called(target, loaded)
        return loaded
    try:
        value = eval(target, {"jaxlr": jaxlr, **{name: getattr(jaxlr, name) for name in jaxlr.__all__}})
    except (Exception, SystemExit) as error:
        raise typer.BadParameter(f"{target!r} is neither FILE.py:NAME nor a jaxlr expression: {error}") from None
    if not isinstance(value, jaxlr.Schedule):
        raise typer.BadParameter(f"{target!r} must be a jaxlr schedule, got {type(value).__name__}")
    return value


def numbers_of(target: str | None) -> np.ndarray | None:
    """The metrics that FILE.py:NAME names, or a function of that name returns."""
    if target is None:
        return None
    return reported(numbers, f"--metrics: {target}", _called(target, _loaded(target)))  # type: ignore[no-any-return]


def reported(call: Callable[..., Any], *args: Any, targets: Iterable[str | None] = (), **options: Any) -> Any:
    """What the call returns; an error of ours without its traceback, one of the user's sides with theirs."""
    try:
        return call(*args, **options)
    except (Exception, SystemExit) as error:
        frames = {Path(frame.filename).resolve() for frame in traceback.extract_tb(error.__traceback__)}
        files = [target.rpartition(":")[0] for target in targets if target is not None]
        own = next((file for file in files if Path(file).resolve() in frames), None)
        if own is not None:
            raise _failed(own, error) from None
        if hasattr(error, "__notes__"):  # a side has raised, outside the user's own file
            raise _failed("a side", error) from None
        if not isinstance(error, ValueError | TypeError):
            raise
        typer.echo(f"jaxlr: {str(error).removeprefix('verify: ')}", err=True)
        raise typer.Exit(2) from None


def _called(target: str, loaded: Any) -> Any:
    """What a function of the user's returns; a schedule or scheduler is no such function."""
    if not callable(loaded) or hasattr(loaded, "step") or isinstance(loaded, jaxlr.Schedule):
        return loaded
    try:
        return loaded()
    except (Exception, SystemExit) as error:
        raise _failed(target.rpartition(":")[0], error) from None


def _takes_argument(function: Callable[..., Any]) -> bool:
    """Whether it is a function of the count, and not one that returns a recipe."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # a builtin that does not tell
        return True
    return False


def _loaded(target: str) -> Any:
    """The object that FILE.py:NAME names; what a function of no argument returns."""
    file, _, name = target.rpartition(":")
    if not file.endswith(".py") or not name:
        raise typer.BadParameter(f"must be FILE.py:NAME, got {target!r}")
    path = Path(file)
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {file!r}, in {target!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:  # pragma: no cover: of a .py file there is one; what types it says less
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
    except (Exception, SystemExit) as error:
        raise _failed(file, error) from None
    finally:
        sys.path.remove(str(path.parent))


def _failed(file: str, error: BaseException) -> typer.Exit:
    """Shows the traceback of what the user named, without our frames above it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if Path(frame.filename).name == Path(file).name]
    ours = [i for i, frame in enumerate(frames) if Path(frame.filename).is_relative_to(Path(jaxlr.__file__).parent)]
    begin = own[0] if own else ours[-1] + 1 if ours else 0
    first, last = frames[begin:][:3], frames[begin:][3:][-2:]
    shown = [*traceback.format_list([*first, *last]), *traceback.format_exception_only(error)]
    typer.echo(f"jaxlr: {file} failed:\n{''.join(shown)}", err=True)
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        typer.echo("jaxlr: torch is missing: pip install 'jaxlr[torch]'", err=True)
    return typer.Exit(2)
