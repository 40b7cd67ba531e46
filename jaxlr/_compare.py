"""Torch's learning rates, stepped for real, and the distance of ours from them in ulps."""

import dataclasses
import warnings
from typing import Any

import numpy as np

from jaxlr._base import Schedule
from jaxlr._cases import Case
from jaxlr._trajectory import trajectory

_SEQUENTIAL_STEPS = 2_000  # of a closed form that takes as many operations as the count is large


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What stepping a torch scheduler beside its port has shown.

    Attributes:
      steps: the counts compared.
      max_ulp: the largest distance, in float32 ulps, beyond torch's own rounding noise.
      bit_equal: the share of counts with the same bits, torch's value rounded to our dtype.
      first_difference: the first count with other bits, None where there is none.
    """

    steps: int
    max_ulp: float
    bit_equal: float
    first_difference: int | None

    @property
    def passed(self) -> bool:
        """Whether every value is within 1 ulp."""
        return self.max_ulp <= 1


def compare(ours: np.ndarray, theirs: np.ndarray) -> Comparison:
    """Compares our values, in their own dtype, with torch's in float64.

    The distance of ours from torch's value, rounded to our dtype, is counted in float32 ulps of that value. Torch's
    recursion accumulates float64 rounding: 4 * steps * 2**-53 of the largest value is taken off first.
    """
    if ours.shape != theirs.shape or theirs.dtype != np.float64 or ours.dtype not in (np.float32, np.float64):
        raise ValueError(f"cannot compare {ours.dtype}{ours.shape} with {theirs.dtype}{theirs.shape}")
    rounded = theirs.astype(ours.dtype)
    noise = 4 * len(theirs) * 2.0**-53 * np.max(np.abs(theirs))
    distance = np.abs(ours.astype(np.float64) - rounded.astype(np.float64))
    ulps = np.maximum(distance - noise, 0) / np.spacing(np.abs(theirs.astype(np.float32))).astype(np.float64)
    ulps = np.where(np.isnan(ulps), np.inf, ulps)
    different = np.flatnonzero(~(ours == rounded))
    return Comparison(
        steps=len(theirs),
        max_ulp=float(ulps.max()),
        bit_equal=1 - len(different) / len(theirs),
        first_difference=int(different[0]) if len(different) else None,
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: a recipe, a form of its port, and how it compares with the stepped torch scheduler."""

    recipe: str
    form: str
    comparison: Comparison


def compare_case(case: Case, steps: int) -> list[Row]:
    """Steps torch's scheduler, and compares both forms of the port with it, learning rate and momentum."""
    steps = case.steps(steps)
    theirs = torch_trajectory(case, steps)
    metrics = case.metrics(steps)
    schedule = case.schedule()
    ported: dict[str, Schedule] = {"lr": schedule}
    if schedule._own_momentum is not None:
        ported["momentum"] = schedule._own_momentum
    recipe = f"{case}: {case.quirk}" if case.quirk else str(case)
    rows = []
    for name, port in ported.items():
        for form in ("closed", "recursive"):
            if form == "closed" and not port._has_closed_form:
                continue
            n = min(steps, _SEQUENTIAL_STEPS) if form == "closed" and port._sequential else steps
            ours = trajectory(port, n, form=form, metrics=metrics)
            label = form if name == "lr" else f"{form}, momentum"
            rows.append(Row(recipe, label, compare(ours, theirs[name][:n])))
    return rows


def torch_trajectory(case: Case, steps: int) -> dict[str, np.ndarray]:
    """The learning rate, and the momentum, that the stepped torch scheduler leaves in its optimizer, in float64."""
    import torch  # noqa: PLC0415 jaxlr itself never imports torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer itself is not stepped
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=case.lr, momentum=0.9)
        scheduler = case.torch_on(optimizer)
        first = case.last_epoch + 1
        metrics = case.metrics(first + steps)
        group: dict[str, Any] = optimizer.param_groups[0]
        lrs, momentums = np.empty((2, first + steps))
        for i in range(first + steps):
            lrs[i], momentums[i] = group["lr"], group["momentum"]
            if i < first + steps - 1:
                case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    return {"lr": lrs[first:], "momentum": momentums[first:]}
