"""Two training runs see the same learning rate, or where and why they do not."""

import dataclasses
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxlr._arguments import integer, is_real, numbers, parameter_group, shown
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Integer, Metrics, Schedule
from jaxlr._schedules.plateau import takes_metric
from jaxlr._torch.from_torch import from_torch
from jaxlr._torch.versions import warn_if_untried
from jaxlr._ulp import compare

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler


@dataclasses.dataclass(frozen=True)
class Report:
    """What stepping a torch scheduler beside a schedule has shown. It prints as a table.

    Attributes:
      theirs: torch's learning rates at counts 0 .. steps - 1, in float64.
      ours: the schedule's, in its own dtype.
      steps: the counts compared.
      max_ulp: the largest distance in float32 ulps, beyond torch's own rounding noise.
      max_relative: the largest distance relative to torch's value.
      bit_equal: the share of counts at which ours is torch's value rounded to the dtype of ours.
      first_difference: the first count with other bits, None where there is none.
      diagnosis: where they are not equal, what would make them so, None where nothing known does.
      passed: whether every value is within 1 ulp.
    """

    theirs: np.ndarray = dataclasses.field(repr=False)
    ours: np.ndarray = dataclasses.field(repr=False)
    steps: int
    max_ulp: float
    max_relative: float
    bit_equal: float
    first_difference: int | None
    diagnosis: str | None
    passed: bool

    def __str__(self) -> str:
        lines = [
            ("result", "equal at every step" if self.passed else "DIFFERENT"),
            ("steps compared", f"{self.steps:,}"),
            ("max distance", f"{self.max_ulp:.3g} ulp, {self.max_relative:.3g} relative"),
            ("bit-equal", f"{self.bit_equal:.4%}"),
        ]
        if self.first_difference is not None:
            i = self.first_difference
            lines.append(("first that differs", f"count {i:,}: torch {self.theirs[i]:.9g}, jax {self.ours[i]:.9g}"))
        if not self.passed:
            lines.append(("diagnosis", self.diagnosis or "no known misalignment makes them equal"))
        return "\n".join(f"{name:<20}{value}" for name, value in lines)

    def plot(self, path: str | Path) -> None:
        """Draws both learning rates, and their difference below.

        Raises:
          ModuleNotFoundError: matplotlib is missing.
        """
        try:
            from jaxlr._cli.plot import overlay  # noqa: PLC0415 matplotlib is an extra
        except ModuleNotFoundError as error:
            message = "jaxlr.Report.plot needs matplotlib: pip install 'jaxlr[plot]'"
            raise ModuleNotFoundError(message, name=error.name) from error

        overlay(self.theirs, self.ours, Path(path))


def verify(
    scheduler: "LRScheduler | Sequence[LRScheduler]",
    schedule: Callable[[Any], Any] | None = None,
    *,
    steps: Integer,
    metrics: Metrics | None = None,
    group: int | None = None,
) -> Report:
    """Steps a real torch scheduler and compares a schedule with it at every count.

    Args:
      scheduler: a torch scheduler, or a list of schedulers that are stepped one after another on one optimizer. It is
        stepped steps - 1 times.
      schedule: any Optax schedule: a function of the count, jaxlr's or not, or a StatefulSchedule. None for what
        ``from_torch`` makes of the scheduler.
      steps: how many counts: an integer >= 1.
      metrics: what a ReduceLROnPlateau receives between one count and the next: at least steps - 1 numbers.
      group: the parameter group, needed where the optimizer has several.

    Returns:
      A Report, which says where they differ, and which known misalignment (one step late or early, stepped once an
      epoch, offset by a warm-up, scaled, float32 arithmetic) would make them equal.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; steps is past the end of a OneCycleLR.

    Warns:
      UserWarning: the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr, optax
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
      >>> late = optax.exponential_decay(0.1, 1, 0.9, transition_begin=1)
      >>> print(jaxlr.verify(scheduler, late, steps=20).diagnosis)
      equal if the JAX side is shifted by one step: it is one step late
    """
    return report_of(scheduler, schedule, steps=steps, metrics=metrics, group=group)


def report_of(
    scheduler: "LRScheduler | Sequence[LRScheduler]",
    schedule: Callable[[Any], Any] | None = None,
    *,
    steps: Integer,
    metrics: Metrics | None = None,
    group: int | None = None,
    each: Callable[[range], Iterable[int]] = iter,
) -> Report:
    """What verify does; each: goes through the counts, with a progress bar perhaps."""
    warn_if_untried()
    integer(at_least=1)("verify: steps", steps)
    if schedule is not None and not callable(schedule):
        raise TypeError(f"verify: schedule must be an Optax schedule, a function of the count, got {schedule!r}")
    schedulers = list(scheduler) if isinstance(scheduler, Sequence) else [scheduler]
    for one in schedulers:
        if not hasattr(one, "optimizer") or not hasattr(one, "step"):
            raise TypeError(
                f"verify: scheduler must be a torch scheduler, or a list of them, got {shown(one)}: "
                "jaxlr.record steps anything else into a table, which to_torch makes a scheduler of"
            )
    if not schedulers or any(one.optimizer is not schedulers[0].optimizer for one in schedulers):
        raise ValueError(f"verify: scheduler must be one, or a list of one optimizer's, got {schedulers!r}")
    groups = schedulers[0].optimizer.param_groups
    index = parameter_group("verify", group, len(groups))
    needed = any(map(_takes_metric, schedulers)) or (isinstance(schedule, Schedule) and takes_metric(schedule))
    received = None if metrics is None else numbers("verify: metrics", metrics)
    if needed and (received is None or len(received) < steps - 1):
        raise ValueError(
            f"verify: metrics must be at least {steps - 1} numbers for a ReduceLROnPlateau, "
            f"got {'None' if received is None else len(received)}"
        )
    if schedule is None:
        stepped = max(getattr(one, "last_epoch", 0) for one in schedulers)
        schedule = from_torch(scheduler, group=group, total_steps=steps + stepped)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*lr_scheduler\.step\(\)")  # the optimizer is not stepped
        lrs = [lr for _, lr in zip(each(range(steps)), torch_lrs(schedulers, groups[index], received), strict=False)]
    if len(lrs) < steps:
        raise ValueError(f"verify: steps must be at most {len(lrs)}, where torch's OneCycleLR ends, got {steps}")
    theirs = np.array(lrs, np.float64)
    ours = jax_lrs(schedule, steps, received)
    comparison = compare(ours, theirs)
    with np.errstate(divide="ignore", invalid="ignore"):
        rounded = theirs.astype(ours.dtype).astype(np.float64)
        relative = np.abs(ours.astype(np.float64) - rounded) / np.abs(rounded)
    return Report(
        theirs,
        ours,
        comparison.steps,
        comparison.max_ulp,
        float(np.max(np.where(ours == rounded, 0.0, relative))),
        comparison.bit_equal,
        comparison.first_difference,
        None if comparison.passed else _diagnosis(ours, theirs),
        comparison.passed,
    )


def assert_equivalent(
    scheduler: "LRScheduler | Sequence[LRScheduler]",
    schedule: Callable[[Any], Any] | None = None,
    *,
    steps: Integer,
    metrics: Metrics | None = None,
    group: int | None = None,
) -> None:
    """Raises an AssertionError with verify's report unless the two are equal at every step.

    Args:
      scheduler, schedule, steps, metrics, group: those of verify.

    Raises:
      AssertionError: a value is more than 1 float32 ulp from torch's.
      TypeError, ValueError: as verify.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)
      >>> jaxlr.assert_equivalent(scheduler, jaxlr.StepLR(0.1, step_size=30), steps=100)
    """
    report = verify(scheduler, schedule, steps=steps, metrics=metrics, group=group)
    if not report.passed:
        raise AssertionError(f"the learning rates differ\n{report}")


def _takes_metric(scheduler: Any) -> bool:
    """Whether torch's step receives a metric: a ReduceLROnPlateau's, and that of what to_torch makes of ours."""
    plateau = any(cls.__name__ == "ReduceLROnPlateau" for cls in type(scheduler).__mro__)
    return plateau or getattr(scheduler, "takes_metric", False)


def torch_lrs(schedulers: list[Any], group: dict[str, Any], metrics: np.ndarray | None) -> Iterator[float]:
    """The learning rate that the stepped schedulers leave in the group, at each count, until a OneCycleLR ends."""
    for count in itertools.count():
        yield float(group["lr"])
        try:
            for scheduler in schedulers:
                if not _takes_metric(scheduler):
                    scheduler.step()
                elif metrics is not None and count < len(metrics):
                    scheduler.step(float(metrics[count]))
                else:
                    raise ValueError(f"metrics must be at least {count + 1} numbers for a ReduceLROnPlateau")
        except ValueError as error:
            if "Tried to step" not in str(error) and "there is no step after it" not in str(error):
                raise
            return


def jax_lrs(schedule: Any, steps: Integer, metrics: np.ndarray | None) -> np.ndarray:
    """What any Optax schedule gives at counts 0 .. steps - 1: a function of the count, or a StatefulSchedule."""
    if isinstance(schedule, Schedule):
        return trajectory(schedule, steps, metrics=metrics if takes_metric(schedule) else None)
    if hasattr(schedule, "init") and hasattr(schedule, "update"):
        state, lrs = schedule.init(), []
        for i in range(steps):
            lrs.append(schedule(state))
            value = {} if metrics is None or i >= len(metrics) else {"value": metrics[i]}
            state = schedule.update(state, **value)
        values = np.asarray(lrs)
    else:
        try:
            values = np.asarray(jax.jit(lambda counts: jax.lax.map(schedule, counts))(np.arange(steps, dtype=np.int32)))
        except (jax.errors.JAXTypeError, TypeError):  # it branches on the count in Python
            values = np.asarray([schedule(count) for count in range(steps)])
    if values.shape != (steps,) or not is_real(values.dtype):
        raise ValueError(
            f"schedule must give one number at each count, got shape {values.shape[1:]} of {values.dtype} "
            f"from {shown(schedule)}"
        )
    return values if values.dtype == np.float64 else values.astype(np.float32)


def _diagnosis(ours: np.ndarray, theirs: np.ndarray) -> str | None:
    """The known misalignment that makes them equal, where one does."""
    largest = np.max(np.abs(theirs))

    def exactly(mine: np.ndarray, torchs: np.ndarray) -> bool:
        return compare(mine, torchs.astype(np.float64)).max_ulp <= 4

    def nearly(mine: np.ndarray, torchs: np.ndarray) -> bool:
        return np.allclose(mine, torchs, rtol=1e-4, atol=1e-6 * largest)

    text = next((text for text, mine, torchs in _misaligned(ours, theirs) if _equal(mine, torchs, exactly)), None)
    if text is None and np.allclose(ours, theirs, rtol=2e-2, atol=1e-6 * largest):
        text = "the same curve but for rounding: the JAX side is computed in float32"
    if text is None:
        text = next((text for text, mine, torchs in _misaligned(ours, theirs) if _equal(mine, torchs, nearly)), None)
    if text is None and (scale := _scale(ours, theirs)) is not None:
        text = f"equal if the JAX side is scaled by {scale:.6g}"
    if text is None and (end := _end(ours, theirs)) is not None:
        tails = _shifted(ours, theirs, end)
        text = next((text for text, mine, torchs in tails if _equal(mine, torchs, nearly)), None)
        text = f"equal up to count {end - 1}; from {end} on {text or 'different: the end of one of them, a milestone?'}"
    return text


def _equal(mine: np.ndarray, torchs: np.ndarray, same: Callable[[np.ndarray, np.ndarray], bool]) -> bool:
    if len(np.unique(torchs)) < 2:  # a constant is equal to itself however it is shifted
        return False
    some = np.unique(np.linspace(0, len(mine) - 1, 16).astype(int))
    return same(mine[some], torchs[some]) and same(mine, torchs)


def _misaligned(ours: np.ndarray, theirs: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each known misalignment: what to say of it, and the two sides that it would make equal."""
    yield from _shifted(ours, theirs)
    steps = len(theirs)
    for k in range(2, min(steps // 3, 2_000) + 1):
        n = -(-steps // k)
        repeated = np.repeat(theirs[:n], k)[:steps]
        yield f"equal if the JAX side is not stepped per epoch: it is, of {k} steps", ours, repeated
        repeated = np.repeat(ours[:n], k)[:steps]
        yield f"equal if the JAX side is per_epoch(schedule, {k}): torch is stepped once in {k}", repeated, theirs
        stretched = f"every {k} counts of the JAX side are one of torch's: it counts batches, torch epochs of {k}?"
        yield stretched, ours[::k], theirs[:n]
        stretched = f"every {k} counts of torch are one of the JAX side: it counts epochs of {k}, torch batches?"
        yield stretched, ours[:n], theirs[::k]


def _shifted(ours: np.ndarray, theirs: np.ndarray, begin: int = 0) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Likewise each shift by a number of steps, from a count on."""
    steps = len(theirs) - begin
    for shift in (1, 2, *range(3, min(steps // 2, 2_000))):
        by = "one step" if shift == 1 else f"{shift} steps"
        why = "" if shift <= 2 and not begin else ", offset by a warm-up?"
        late, early = begin + shift, len(theirs) - shift
        yield f"equal if the JAX side is shifted by {by}: it is {by} late{why}", ours[late:], theirs[begin:early]
        yield f"equal if the JAX side is shifted by {by}: it is {by} early{why}", ours[begin:early], theirs[late:]


def _end(ours: np.ndarray, theirs: np.ndarray) -> int | None:
    """The count from which on they differ at every step, where they are equal before it."""
    same = np.isclose(ours, theirs, rtol=1e-5, atol=1e-6 * np.max(np.abs(theirs)))
    end = int(np.argmin(same))
    return end if end > 1 and np.mean(~same[end:]) > 0.9 else None


def _scale(ours: np.ndarray, theirs: np.ndarray) -> float | None:
    moving = (ours != 0) & (theirs != 0)
    if not moving.any():
        return None
    ratios = theirs[moving] / ours[moving].astype(np.float64)
    scale = float(np.median(ratios))
    scaled = np.allclose(ours * scale, theirs, rtol=1e-4, atol=1e-6 * np.max(np.abs(theirs)))
    return scale if scaled and not math.isclose(scale, 1, rel_tol=1e-6) else None
