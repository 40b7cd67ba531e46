"""The torch that the user has imported: whether it was tried, and where it goes on by other rules than torch 2.13."""

import math
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from jaxlr._arguments import shown
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.compose import Chain, SequentialLR
from jaxlr._schedules.cosine import CosineAnnealingLR
from jaxlr._schedules.decay import ExponentialLR, PolynomialLR
from jaxlr._schedules.lambdas import MultiplicativeLR
from jaxlr._schedules.swa import SWALR
from jaxlr._torch.functions import values_of

OLDEST, NEWEST = (2, 4), (2, 15)  # the versions tried: python -m parity.versions


def torch_version() -> str:
    """The version of the torch that is imported; "" where none is."""
    return str(getattr(sys.modules.get("torch"), "__version__", ""))


def warn_if_untried() -> None:
    """Warns, once a process, of a torch that is older, or newer, than those tried."""
    version = torch_version()
    if (number := release(version)) and not OLDEST <= number <= NEWEST:
        _warn(version, "older" if number < OLDEST else "newer")


@cache
def _warn(version: str, how: str) -> None:
    tried = " to ".join(f"{major}.{minor}" for major, minor in (OLDEST, NEWEST))
    warnings.warn(
        f"jaxlr: torch {version} is {how} than those tried, {tried}: its rules may be others", UserWarning, stacklevel=4
    )


def check_rules(caller: str, schedule: Schedule, state: Any) -> None:
    """Refuses a schedule that the torch that is imported takes on from the state by other rules than torch 2.13."""
    version = torch_version()
    number = release(version)
    differing = [rule for rule in _older_rules(schedule, state, math.inf) if number and number < rule[0]]
    if differing:
        (major, minor), what = max(differing)
        raise ValueError(
            f"{caller}: torch {version} steps this scheduler by another rule than torch 2.13: {what}, got "
            f"{shown(schedule)}: upgrade torch to {major}.{minor} or newer, or take "
            "jaxlr.record(scheduler.step, optimizer, steps), which steps the scheduler itself"
        )


def release(version: str) -> tuple[int, int] | None:
    """2.6.0 is (2, 6); None where it is no version."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return None if found is None else (int(found[1]), int(found[2]))


def _older_rules(schedule: Any, state: Any, steps: float) -> Iterator[tuple[tuple[int, int], str]]:
    """Of each step still to come, within so many, that an older torch does otherwise: which one changed it, from what.

    How a composite begins has changed too, in 2.6, 2.8 and 2.13: but what it has left is in the state.
    """
    match schedule:
        case Chain():
            for member, of_member in zip(schedule.schedulers, state, strict=True):
                yield from _older_rules(member, of_member, steps)
        case SequentialLR():
            epoch, of_first, _ = state
            first, milestones = schedule._first, schedule.milestones
            for i in schedule._entered:
                if epoch < milestones[i - 1] <= epoch + steps:
                    yield from _entered(schedule.schedulers[i])
            end = milestones[first] if first < len(milestones) else math.inf
            yield from _older_rules(schedule.schedulers[first], of_first, min(steps, end - epoch - 1))
        case ExponentialLR() | PolynomialLR() | CosineAnnealingLR() | MultiplicativeLR() if state == -1 and steps > 0:
            if not (isinstance(schedule, MultiplicativeLR) and _is_1_at_0(schedule)):
                yield (2, 8), f"after a milestone at 0 the first step of a {type(schedule).__name__} changes nothing"


def _entered(member: Schedule) -> Iterator[tuple[tuple[int, int], str]]:
    """Likewise where a SequentialLR enters a member at its milestone."""
    if isinstance(member, SWALR) and member.anneal_epochs != 0:
        yield (2, 9), "a SWALR that takes over at a milestone is one step ahead"
    if isinstance(member, MultiplicativeLR) and not _is_1_at_0(member):
        yield (2, 8), "a MultiplicativeLR that takes over at a milestone does not multiply there"


def _is_1_at_0(schedule: MultiplicativeLR) -> bool:
    return values_of(schedule.lr_lambda, [0]) == [1.0]
