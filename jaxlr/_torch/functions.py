"""A function of the user's: what it gives in Python, and what it reads beside its argument."""

import inspect
import math
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Number
from types import ModuleType
from typing import Any

import jax

TRIED = (*range(20), 50, 100, 1_000, 10_000, 100_000)  # the epochs at which a function of the user's is tried


def functions_of(scheduler: Any) -> list[Callable[[int], Any]]:
    """The functions of the user's that a scheduler of torch's, or a member of it, calls."""
    of_members = [fn for member in getattr(scheduler, "_schedulers", ()) for fn in functions_of(member)]
    return [*getattr(scheduler, "lr_lambdas", ()), *of_members]


def longest_said(schedulers: Iterable[Any]) -> int | None:
    """The steps of the whole run, where a function of one of the schedulers says them."""
    said = [_steps_said(fn) for scheduler in schedulers for fn in functions_of(scheduler)]
    return max((steps for steps in said if steps is not None), default=None)


def _steps_said(fn: Any) -> int | None:
    """The steps of the whole run, where the arguments that transformers and diffusers bind to a function say it."""
    said = fn.keywords if isinstance(fn, partial) else {}
    if isinstance(total := said.get("num_training_steps"), int):
        return total
    phases = [said.get(f"num_{phase}_steps") for phase in ("warmup", "stable", "decay")]  # of warmup-stable-decay
    return sum(steps) if len(steps := [phase for phase in phases if isinstance(phase, int)]) == 3 else None


def values_of(fn: Callable[[Any], Any], epochs: Iterable[int]) -> list[float | None]:
    """What a function of the user's gives in Python; None where that is no number: the port then says so."""

    def value(epoch: int) -> float | None:
        try:
            number = float(fn(epoch))
        except Exception:
            return None
        return None if math.isnan(number) else number

    return [value(epoch) for epoch in epochs]


def state_read(fn: Any, seen: tuple[Any, ...] = ()) -> list[str]:
    """What a function reads beside its argument that may change from one call to the next."""
    fn = inspect.unwrap(fn)
    if inspect.isbuiltin(fn) or any(fn is one for one in seen):
        return []
    if isinstance(fn, partial):
        read = {"its function": fn.func, **{f"argument {i}": value for i, value in enumerate(fn.args)}, **fn.keywords}
    elif inspect.isfunction(fn):
        parameters, variables = inspect.signature(fn).parameters.values(), inspect.getclosurevars(fn)
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        read = {**defaults, **variables.globals, **variables.nonlocals}
    else:
        read = {"its object": getattr(fn, "__self__", fn)}
    return [item for name, value in read.items() for item in _changing(name, value, (*seen, fn))]


def _changing(name: str, value: Any, seen: tuple[Any, ...]) -> list[str]:
    """The value, or what it reads, where that may change."""
    if isinstance(value, tuple | frozenset):
        return [item for part in value for item in _changing(name, part, seen)]
    if inspect.isroutine(value) or isinstance(value, partial):
        return state_read(value, seen)
    fixed = value is None or isinstance(value, Number | str | bytes | ModuleType | type | jax.Array)
    return [] if fixed else [f"{name} (a {type(value).__name__})"]
