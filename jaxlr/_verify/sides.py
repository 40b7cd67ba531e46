"""What may stand on a side of verify, and what it is called."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, Literal

import numpy as np

from jaxlr._arguments import shown
from jaxlr._machine.stateful import Stateful
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.plateau import takes_metric
from jaxlr._torch.drivers import driver_of, is_of_a_framework
from jaxlr._torch.drivers.driver import optimizer_of as framework_optimizer
from jaxlr._verify.driven import of_framework
from jaxlr._verify.evaluated import of_array, of_function, of_schedule
from jaxlr._verify.side import Run, Side
from jaxlr._verify.stepped import of_torch, receives_metric

Kind = Literal["torch", "framework", "jaxlr", "function", "array", "groups"]


def kind_of(parameter: str, value: Any) -> Kind:
    """What it is, so that it can be a side; parameter: what an error calls it."""
    if is_of_a_framework(value):
        return "framework"
    match value:
        case Schedule() | Stateful():
            return "jaxlr"
        case list() | tuple() | Mapping() if not value:
            raise ValueError(f"verify: {parameter} must hold a scheduler, a schedule or learning rates, got {value!r}")
        case Mapping():
            return "groups"
        case list() | tuple():
            if all(isinstance(item, Real | np.number) or getattr(item, "ndim", None) == 0 for item in value):
                return "array"
            return "torch" if all(map(_is_torch, value)) else "groups"
        case _ if _is_torch(value):
            return "torch"
        case _ if callable(value) and not isinstance(value, type):
            return "function"
        case _ if getattr(value, "ndim", 0) > 0:
            return "array"
    raise TypeError(
        f"verify: {parameter} must be a torch scheduler or a list of them, an Optax schedule, a function of the count, "
        "an array or a list of learning rates, or a list or dict of schedules, one a parameter group, "
        f"got {shown(value)}: jaxlr.record steps anything else into a table"
    )


def _is_torch(value: Any) -> bool:
    return hasattr(value, "optimizer") and hasattr(value, "step")


def schedulers_of(value: Any) -> list[Any]:
    """Torch's schedulers, which are stepped one after another."""
    return list(value) if isinstance(value, Sequence) else [value]


def optimizer_of(parameter: str, kind: Kind, value: Any, run: Run) -> Any:
    """The torch optimizer that a side edits; None where it edits none."""
    match kind:
        case "torch":
            return schedulers_of(value)[0].optimizer
        case "framework":
            return framework_optimizer(
                f"verify: {parameter}", driver_of(f"verify: {parameter}", value, run.steps_per_epoch)
            )
        case _:
            return None


def _in_groups(parameter: str, value: Any) -> Iterable[tuple[str, Any, Kind]]:
    """The label of each parameter group, what drives it, and what that is."""
    labelled = value.items() if isinstance(value, Mapping) else ((f"group {i}", item) for i, item in enumerate(value))
    for label, item in labelled:
        kind = kind_of(f"{parameter}, {label}", item)
        if kind in ("torch", "framework", "groups"):
            raise TypeError(
                f"verify: {parameter} must hold torch schedulers or schedules, not both, got {shown(value)}"
            )
        yield str(label), item, kind


def name_of(kind: Kind, value: Any) -> str:
    """What a side is called where the user gave it no name."""
    match kind:
        case "torch" | "framework":
            return "torch"
        case "array":
            return "values"
        case "groups":
            names = {name_of(of_item, item) for _, item, of_item in _in_groups("a side", value)}
            return names.pop() if len(names) == 1 else "jax"
        case _:
            name = "<" if kind == "jaxlr" else str(getattr(value, "__name__", "<"))
            return "jax" if "<" in name else name


def needs_metrics(kind: Kind, value: Any) -> bool:
    """Whether a step of it receives a metric."""
    match kind:
        case "groups":
            return any(needs_metrics(of_item, item) for _, item, of_item in _in_groups("a side", value))
        case "torch":
            return any(map(receives_metric, schedulers_of(value)))
        case "jaxlr":
            return takes_metric(value.schedule if isinstance(value, Stateful) else value)
        case _:
            return False


def sides_of(parameter: str, value: Any, name: str, group: int | None, run: Run, *, wide: bool) -> dict[str, Side]:
    """What the value gives each parameter group, by its label; one side where it gives all of them the same.

    wide: whether a jaxlr value is evaluated in float64, as the reference is.
    """
    kind = kind_of(parameter, value)
    if kind == "framework":
        return of_framework(parameter, value, name, group, run)
    if kind == "torch":
        return of_torch(parameter, schedulers_of(value), name, group, run)
    if kind != "groups":
        return {"": _of_one(parameter, value, name, kind, run, wide)}
    if group is not None:
        raise ValueError(f"verify: group must be None beside a list or dict of schedules, got {group!r}")
    return {
        label: _of_one(f"{parameter}, {label}", item, name, of_item, run, wide)
        for label, item, of_item in _in_groups(parameter, value)
    }


def _of_one(parameter: str, value: Any, name: str, kind: Kind, run: Run, wide: bool) -> Side:
    match kind:
        case "jaxlr":
            return of_schedule(value, name, run, wide=wide)
        case "function":
            return of_function(value, name, run)
        case _:
            return of_array(parameter, value, name, run)
