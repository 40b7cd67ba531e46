"""Times of two programs, taken in turn so that what else the machine does falls on both."""

import dataclasses
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import jax


@dataclasses.dataclass(frozen=True)
class Pair:
    """The times of two programs, measured in turn.

    Attributes:
      ours: the median of our times, in seconds.
      theirs: the median of theirs.
      ratio: the median of ours / theirs over the pairs.
      first: our first call, in seconds: with what it traces and compiles.
    """

    ours: float
    theirs: float
    ratio: float
    first: float


def seconds(fun: Callable[[], Any]) -> float:
    """The time of one call, until its result is there."""
    start = time.perf_counter()
    jax.block_until_ready(fun())  # type: ignore[no-untyped-call]
    return time.perf_counter() - start


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> Pair:
    """Calls each once to warm up, then both `repeats` times, the one that goes first changing from pair to pair."""
    first = seconds(ours)
    seconds(theirs)
    pairs = []
    for i in range(repeats):
        if i % 2:
            theirs_took, ours_took = seconds(theirs), seconds(ours)
        else:
            ours_took, theirs_took = seconds(ours), seconds(theirs)
        pairs.append((ours_took, theirs_took))
    return Pair(
        ours=median(took for took, _ in pairs),
        theirs=median(took for _, took in pairs),
        ratio=median(ours_took / theirs_took for ours_took, theirs_took in pairs),
        first=first,
    )


def many(fun: Callable[[], Any], calls: int) -> Callable[[], Any]:
    """A function that calls fun so many times, for what takes microseconds."""

    def repeated() -> Any:
        return [fun() for _ in range(calls)]

    return repeated


def shown(duration: float) -> str:
    """A time in the unit that it is read in: 1.23 s, 4.56 ms, 7.89 us."""
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if duration * factor >= 1:
            return f"{duration * factor:.3g} {unit}"
    return f"{duration * 1e6:.3g} us"
