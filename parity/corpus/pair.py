"""Two sides of verify whose difference is known, and the words that say it."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch

SHIFT = r"reads count"
SCALE = r"\bis \S+ x "
STRETCH = r"times as (fast|slow)"
HELD = r"stepped once in"
WARPS = (SHIFT, SCALE, STRETCH, HELD)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two learning rates, and what is to be said of them.

    Attributes:
      name: what the case is.
      kind: of the difference; "control" where there is none, "trap" where no cause is to be found.
      reference: makes a fresh reference, a live torch scheduler mostly.
      other: makes the other side: an Optax schedule, a function of the count, a jaxlr value, an array.
      steps: the counts compared.
      metrics: what a ReduceLROnPlateau receives.
      verdict: what verify finds.
      must: patterns, each of which the cause has somewhere, upper or lower case.
      must_not: patterns that it has nowhere: they would be false.
    """

    name: str
    kind: str
    reference: Callable[[], Any]
    other: Callable[[], Any]
    steps: int
    metrics: Sequence[float] | None = None
    verdict: Literal["different", "equal", "equal in float32 arithmetic"] = "different"
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()


def on_sgd(lr: float, build: Callable[[torch.optim.Optimizer], Any]) -> Callable[[], Any]:
    """What build makes of a fresh SGD with momentum 0.9 and one parameter."""
    return lambda: build(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9))


def lambda_lr(lr: float, factor: Callable[[int], float]) -> Callable[[], Any]:
    """A LambdaLR on a fresh SGD."""
    return on_sgd(lr, lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, factor))


def number(value: float) -> str:
    """A pattern of the number: 9,990 or 9990, 0.001 or 1e-3 or 1e-03, no other digits around it."""
    texts = {repr(value), f"{value:,}"}
    texts |= {f"{value:{comma}.{digits}g}" for digits in range(6, 13) for comma in ("", ",")}
    texts |= {f"{value:,.0f}", f"{value:.0f}", f"{value:.1f}"} if value == int(value) else set()
    mantissa, exponent = re.sub(r"\.?0*e", "e", f"{value:.5e}").split("e")
    texts |= {f"{mantissa}e{int(exponent)}", f"{mantissa}e{exponent}"}
    return rf"(?<!\d)(?<!\d[.,])(?:{'|'.join(map(re.escape, sorted(texts)))})(?!\d|[.,]\d)"


def differs(parameter: str, ours: float | str, theirs: float | str) -> str:
    """`parameter 9,990 where R has 10,000`, or `parameter=9990 where R has 10000`; either may stand in a tuple."""
    mine, others = (number(value) if not isinstance(value, str) else re.escape(value) for value in (ours, theirs))
    return rf"\b(?:{parameter})[ =][^;\n]*?{mine}[^;\n]* where [^;\n]* has [^;\n]*?{others}"


def late(steps: int) -> str:
    """`O reads count - 1: it is 1 step late`."""
    return rf"reads count - {number(steps)}: it is {number(steps)} steps? late"


def early(steps: int) -> str:
    """`O reads count + 1: it is 1 step early`."""
    return rf"reads count \+ {number(steps)}: it is {number(steps)} steps? early"


def scaled(*factors: float | str) -> str:
    """`O is 0.5 x R`, the factor written in any of the ways that are given."""
    return rf"is (?:{'|'.join(re.escape(f) if isinstance(f, str) else number(f) for f in factors)}) x "


def faster(ratio: float | str) -> str:
    """`O runs 4 times as fast`."""
    return rf"runs {re.escape(ratio) if isinstance(ratio, str) else number(ratio)} times as fast"


def slower(ratio: float | str) -> str:
    """`O runs 4 times as slowly`."""
    return rf"runs {re.escape(ratio) if isinstance(ratio, str) else number(ratio)} times as slowly"


def held(counts: int) -> str:
    """`O is stepped once in 390 counts`, or R is."""
    return rf"is stepped once in {number(counts)} counts"


def family(ours: str, theirs: str) -> str:
    """`linear where R has cosine`."""
    return rf"{ours} where [^;\n]* has {theirs}"


def only_has(start: int, last: int, family: str) -> str:
    """`only R has: 0..499 linear 0 -> 0.1`; one count fewer or more where the phases join."""
    lasts = "|".join(number(end) for end in (last - 1, last, last + 1))
    starts = "|".join(number(begin) for begin in (start, start + 1))
    return rf"only [^;\n]* has:? (?:{starts})\.\.(?:{lasts}) {family}"


def either(*patterns: str) -> str:
    """Any of the patterns: where each is true."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def together(*patterns: str) -> str:
    """All of the patterns, in one of the causes that a line holds."""
    return r"(?:(?m:^)|; or: )" + "".join(rf"(?=(?:(?!; or: )[^\n])*?(?:{pattern}))" for pattern in patterns)
