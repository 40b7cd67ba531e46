"""Torch's schedulers, stepped for real."""

import inspect
import itertools
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from jaxlr._arguments import parameter_group, shown
from jaxlr._schedules.base import Schedule
from jaxlr._torch.from_torch import from_torch
from jaxlr._torch.functions import functions_of
from jaxlr._torch.held import rounding
from jaxlr._verify.side import Float64Curve, Run, Side


def of_torch(parameter: str, schedulers: list[Any], name: str, group: int | None, run: Run) -> dict[str, Side]:
    """A side for each parameter group of their optimizer, or for the one given, by its label."""
    _check(parameter, schedulers)
    groups = schedulers[0].optimizer.param_groups
    chosen = list(range(len(groups))) if group is None else [parameter_group("verify", group, len(groups))]
    ported = [ported_of(schedulers, schedulers, i) for i in chosen]
    rounded = [rounding(groups[i]["lr"]) > np.spacing(float(groups[i]["lr"])) for i in chosen]

    window = run.window
    lrs, momentums = np.empty((2, len(chosen), len(window)))
    counts = stepped(schedulers, name, run.metrics)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*lr_scheduler\.step\(\)")  # the optimizer is not stepped
        for count in run.each(range(window.stop), f"stepping {name}"):
            if next(counts, None) is None:
                raise run.past_end(name, count)
            if count >= window.start:
                for row, i in enumerate(chosen):
                    lrs[row, count - window.start] = float(groups[i]["lr"])
                    momentums[row, count - window.start] = _momentum(groups[i])
    labels = labels_of(groups, chosen)
    return {
        labels[row]: Side(
            name,
            lrs[row],
            None if np.isnan(momentums[row]).all() else momentums[row],
            None if rounded[row] else partial(Float64Curve, lrs[row]),
            rounded[row],
            ported[row],
        )
        for row, i in enumerate(chosen)
    }


def labels_of(groups: list[dict[str, Any]], chosen: list[int]) -> list[str]:
    """What the parameter groups are called: by their names, where those differ."""
    names = [str(groups[i].get("name", f"group {i}")) for i in chosen]
    return names if len(set(names)) == len(names) else [f"group {i}" for i in chosen]


def stepped(schedulers: list[Any], name: str, metrics: np.ndarray | None) -> Iterator[int]:
    """The counts, the schedulers stepped between one and the next, until a OneCycleLR ends."""
    for count in itertools.count():  # pragma: no branch: it has no end
        yield count
        for scheduler in schedulers:
            if receives_metric(scheduler) and (metrics is None or count >= len(metrics)):
                raise ValueError(f"verify: metrics must be at least {count + 1} numbers for a ReduceLROnPlateau")
            try:
                scheduler.step(*[float(metrics[count])] if metrics is not None and receives_metric(scheduler) else [])
            except Exception as error:
                if "Tried to step" in str(error) or "there is no step after it" in str(error):
                    return
                error.add_note(f"verify: {name} raised in its step from count {count:,} to the next")
                raise


def receives_metric(scheduler: Any) -> bool:
    """Whether torch's step receives a metric: a ReduceLROnPlateau's, and that of what to_torch makes of ours."""
    plateau = any(cls.__name__ == "ReduceLROnPlateau" for cls in type(scheduler).__mro__)
    return plateau or getattr(scheduler, "takes_metric", False)


def _check(parameter: str, schedulers: list[Any]) -> None:
    """Raises unless they can be stepped as torch's are, on one optimizer."""
    if any(one.optimizer is not schedulers[0].optimizer for one in schedulers):
        raise ValueError(f"verify: {parameter} must be one scheduler, or a list of one optimizer's, got {schedulers!r}")
    for one in schedulers:
        try:
            inspect.signature(one.step).bind(*[0.0] if receives_metric(one) else [])
        except TypeError:
            raise TypeError(
                f"verify: {parameter} must be a torch scheduler, whose step takes no argument, got {shown(one)}: "
                "jaxlr.record steps anything else into a table"
            ) from None


def _momentum(group: dict[str, Any]) -> float:
    """The momentum, or beta1, that a parameter group holds; NaN where it has none."""
    return float(group["betas"][0] if group.get("betas") else group.get("momentum", np.nan))


def ported_of(value: Any, schedulers: Sequence[Any], index: int, steps_per_epoch: int | None = None) -> Schedule | None:
    """The jaxlr value, where there is one; a function of the user's has no parameters that would be compared."""
    if any(map(functions_of, schedulers)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return from_torch(value, group=index, steps_per_epoch=steps_per_epoch)
        except (TypeError, ValueError):
            return None
