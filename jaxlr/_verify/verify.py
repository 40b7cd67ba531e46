"""Two training runs see the same learning rate, or where and why they do not."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxlr._arguments import flag, integer, numbers, optional, parameter_group, real
from jaxlr._schedules.base import Integer, Metrics, Scalar, Schedule
from jaxlr._torch.drivers import driver_of
from jaxlr._torch.from_torch import from_torch
from jaxlr._torch.versions import warn_if_untried
from jaxlr._verify.report import VERDICTS, Report
from jaxlr._verify.side import Each, Run, Side
from jaxlr._verify.sides import Kind, kind_of, name_of, needs_metrics, optimizer_of, schedulers_of, sides_of

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler

ScheduleOrValues = Schedule | Callable[[Any], Any] | Metrics
Sides = ScheduleOrValues | Sequence[ScheduleOrValues] | Mapping[str, ScheduleOrValues]


def verify(
    reference: "LRScheduler | Sequence[LRScheduler] | Sides",
    other: "LRScheduler | Sequence[LRScheduler] | Sides | None" = None,
    *,
    steps: Integer,
    start: Integer = 0,
    metrics: Metrics | None = None,
    group: int | None = None,
    steps_per_epoch: Integer | None = None,
    accept_float32: bool = False,
    rtol: Scalar | None = None,
    atol: Scalar | None = None,
) -> Report:
    """Compares two learning rates at every count, and says whether they are equal, and where and why they are not.

    Either side may be a live torch scheduler, or a list of schedulers that are stepped one after another on one
    optimizer; what a framework's trainer steps, as ``from_torch`` takes it; an Optax schedule: a function of the
    count, jaxlr's or not, or a StatefulSchedule; an array or a list of learning rates, or the Table that ``record``
    made. The momentum (or beta1) is compared as well where either side drives it, unless the other is an array; an
    Optax function drives none.

    Args:
      reference: the side that is right. A torch scheduler is stepped start + steps - 1 times, and stays there: give
        each call a fresh one; what a framework's trainer steps is stepped as it does, on a copy.
      other: the side that should equal it; None for what ``from_torch`` makes of the reference. A list or dict of
        schedules compares all parameter groups: it has one for each, in order, or by the ``name`` of each group.
      steps: how many counts: an integer >= 1.
      start: the first count: an integer >= 0.
      metrics: what a ReduceLROnPlateau receives between one count and the next: at least start + steps - 1 numbers.
      group: the parameter group of a torch optimizer that has several; None for all of them.
      steps_per_epoch: the updates of an epoch, where a trainer's recipe counts epochs.
      accept_float32: whether two sides pass that are equal but for float32 arithmetic: evaluated again in float64 they
        agree to 1e-9 of the peak. Where a side cannot be, an array or a function that itself casts to float32, values
        at most 1e-6 of the peak apart.
      rtol, atol: numpy.allclose's, that pass at every count; a finite number >= 0, None for 0. Without either, and
        without accept_float32, what passes is equal: at most 1 float32 ulp apart at every count.

    Returns:
      A Report.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; the window goes past the end of a
        side; a side gives no number. What a side itself raises is left as it is, with a note that names the side.

    Warns:
      UserWarning: the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr, optax
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
      >>> late = optax.exponential_decay(0.1, 1, 0.9, transition_begin=1)
      >>> print(jaxlr.verify(scheduler, late, steps=20).diagnosis)
      schedule reads count - 1: it is 1 step late
    """
    return report_of(
        reference,
        other,
        steps=steps,
        start=start,
        metrics=metrics,
        group=group,
        steps_per_epoch=steps_per_epoch,
        accept_float32=accept_float32,
        rtol=rtol,
        atol=atol,
    )


def assert_equivalent(
    reference: "LRScheduler | Sequence[LRScheduler] | Sides",
    other: "LRScheduler | Sequence[LRScheduler] | Sides | None" = None,
    *,
    steps: Integer,
    start: Integer = 0,
    metrics: Metrics | None = None,
    group: int | None = None,
    steps_per_epoch: Integer | None = None,
    accept_float32: bool = False,
    rtol: Scalar | None = None,
    atol: Scalar | None = None,
) -> None:
    """Raises an AssertionError with verify's report unless the two are equal at every count.

    Args:
      reference, other, steps, start, metrics, group, steps_per_epoch, accept_float32, rtol, atol: those of verify.

    Raises:
      AssertionError: the report has not passed.
      TypeError, ValueError: as verify.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)
      >>> jaxlr.assert_equivalent(scheduler, jaxlr.StepLR(0.1, step_size=30), steps=100)
    """
    report = report_of(
        reference,
        other,
        steps=steps,
        start=start,
        metrics=metrics,
        group=group,
        steps_per_epoch=steps_per_epoch,
        accept_float32=accept_float32,
        rtol=rtol,
        atol=atol,
    )
    if not report.passed:
        raise AssertionError(f"the learning rates differ\n{report}")


def report_of(
    reference: Any,
    other: Any = None,
    *,
    steps: Integer,
    start: Integer = 0,
    metrics: Metrics | None = None,
    group: int | None = None,
    steps_per_epoch: Integer | None = None,
    accept_float32: bool = False,
    rtol: Scalar | None = None,
    atol: Scalar | None = None,
    names: tuple[str | None, str | None] = (None, None),
    each: Each = lambda items, what: items,
) -> Report:
    """What verify does; names: what the sides are called; each: goes through counts, with a progress bar perhaps."""
    from jaxlr._verify.judge import Question, report  # noqa: PLC0415 what reads curves is a third of the import

    warn_if_untried()
    integer(at_least=1)("verify: steps", steps)
    integer(at_least=0)("verify: start", start)
    received = None if metrics is None else numbers("verify: metrics", metrics)
    n = optional(integer(at_least=1))("verify: steps_per_epoch", steps_per_epoch)
    run = Run(range(int(start), int(start) + int(steps)), received, n, each)
    tolerance = optional(real(at_least=0, static=True))
    question = Question(
        run,
        flag("verify: accept_float32", accept_float32),
        tolerance("verify: rtol", rtol),
        tolerance("verify: atol", atol),
    )
    parameters = tuple(given or parameter for given, parameter in zip(names, ("reference", "other"), strict=True))
    kind = kind_of(parameters[0], reference)
    if other is None:
        if kind not in ("torch", "framework"):
            raise TypeError(f"verify: other must be given where the reference is no torch scheduler, got {reference!r}")
        other = _converted(parameters[0], kind, reference, group, run)
    other_kind = kind_of(parameters[1], other)
    _check_together((kind, reference), (other_kind, other), group, run)
    called = _names((kind, reference), (other_kind, other), names)
    theirs, ours = (
        sides_of(parameter, value, name, group, run, wide=value is reference)
        for parameter, value, name in zip(parameters, (reference, other), called, strict=True)
    )
    reports = {label: report(*pair, question) for label, pair in _paired(theirs, ours).items()}
    worst = max(reports.values(), key=lambda one: (VERDICTS.index(one.verdict), np.nan_to_num(one.largest, nan=np.inf)))
    return worst if len(reports) == 1 else dataclasses.replace(worst, groups=reports)


def _check_together(theirs: tuple[Kind, Any], ours: tuple[Kind, Any], group: int | None, run: Run) -> None:
    """Raises where the sides do not go together with one another, with the metrics or with the group."""
    needed, received = run.window.stop - 1, -1 if run.metrics is None else len(run.metrics)
    if received < needed and any(needs_metrics(*side) for side in (theirs, ours)):
        got = "None" if run.metrics is None else received
        raise ValueError(f"verify: metrics must be at least {needed} numbers for a ReduceLROnPlateau, got {got}")
    sides = zip(("reference", "other"), (theirs, ours), strict=True)
    optimizers = [optimizer_of(parameter, kind, value, run) for parameter, (kind, value) in sides]
    if group is not None and optimizers == [None, None]:
        raise ValueError(f"verify: group must be None where no side is torch's, got {group!r}")
    if run.steps_per_epoch is not None and "framework" not in (theirs[0], ours[0]):
        raise ValueError(
            "verify: steps_per_epoch must be left out where no side is what a framework's trainer steps, got "
            f'{run.steps_per_epoch}: of torch\'s own pass {{"scheduler": scheduler, "interval": "epoch"}}'
        )
    if optimizers[0] is not None and optimizers[0] is optimizers[1]:
        raise ValueError("verify: other must be on an optimizer of its own, got the reference's: both are stepped")


def _converted(parameter: str, kind: Kind, reference: Any, group: int | None, run: Run) -> Any:
    """What from_torch makes of the reference: one schedule, or one for each of several parameter groups."""
    groups = optimizer_of(parameter, kind, reference, run).param_groups
    several = group is None and len(groups) > 1
    if group is not None:
        parameter_group("verify", group, len(groups))
    schedulers = (
        schedulers_of(reference)
        if kind == "torch"
        else driver_of(f"verify: {parameter}", reference, run.steps_per_epoch).schedulers
    )
    stepped = max(getattr(one, "last_epoch", 0) for one in schedulers)
    return from_torch(
        reference,
        group="all" if several else group,
        total_steps=run.window.stop + stepped * (run.steps_per_epoch or 1),
        steps_per_epoch=run.steps_per_epoch,
    )


def _names(
    reference: tuple[Kind, Any], other: tuple[Kind, Any], names: tuple[str | None, str | None]
) -> tuple[str, str]:
    """What the user called the sides; where both would be called the same, first and second."""
    first, second = (given or name_of(*side) for given, side in zip(names, (reference, other), strict=True))
    return ("first", "second") if first == second else (first, second)


def _paired(theirs: dict[str, Side], ours: dict[str, Side]) -> dict[str, tuple[Side, Side]]:
    """The two sides of each parameter group: by its name where both have one, else in order."""
    if len(theirs) == 1 or len(ours) == 1:
        return {"": (_shared(theirs), _shared(ours))}
    if len(theirs) != len(ours):
        raise ValueError(
            f"verify: other must have a schedule for each of {len(theirs)} parameter groups, got {len(ours)}"
        )
    if theirs.keys() == ours.keys():
        return {label: (theirs[label], ours[label]) for label in theirs}
    if not any(label.startswith("group ") for side in (theirs, ours) for label in side):
        names = [", ".join(map(repr, side)) for side in (theirs, ours)]
        raise ValueError(f"verify: other must name the parameter groups {names[0]}, got {names[1]}")
    return {label: (theirs[of], ours[label]) for of, label in zip(theirs, ours, strict=True)}


def _shared(sides: dict[str, Side]) -> Side:
    """The one side; where there are several, they must be the same."""
    first, *others = sides.values()
    same = (np.array_equal(side.lrs, first.lrs) and _same(side.momentums, first.momentums) for side in others)
    if not all(same):
        raise ValueError(
            f"verify: group must be given, one of 0 .. {len(sides) - 1}, or a schedule for each of the {len(sides)} "
            "parameter groups, whose learning rates or momentums differ, got one schedule"
        )
    return first


def _same(one: np.ndarray | None, two: np.ndarray | None) -> bool:
    return one is two or (one is not None and two is not None and np.array_equal(one, two, equal_nan=True))
