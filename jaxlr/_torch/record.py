"""Anything that edits an optimizer's parameter groups, stepped for real, as exact tables."""

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from jaxlr._arguments import flag, integer, real
from jaxlr._schedules.base import Integer
from jaxlr._schedules.table import Table
from jaxlr._torch.versions import warn_if_untried

if TYPE_CHECKING:
    from torch.optim import Optimizer


@overload
def record(
    step: Callable[[], Any],
    optimizer: "Optimizer",
    steps: Integer,
    *,
    counts_from: None = None,
    weight_decay: Literal[False] = False,
) -> tuple[Table, ...]: ...
@overload
def record(
    step: Callable[[], Any],
    optimizer: "Optimizer",
    steps: Integer,
    *,
    counts_from: None = None,
    weight_decay: Literal[True],
) -> tuple[tuple[Table, Table], ...]: ...
@overload
def record(
    step: Callable[[int], Any],
    optimizer: "Optimizer",
    steps: Integer,
    *,
    counts_from: Literal[0, 1],
    weight_decay: Literal[False] = False,
) -> tuple[Table, ...]: ...
@overload
def record(
    step: Callable[[int], Any],
    optimizer: "Optimizer",
    steps: Integer,
    *,
    counts_from: Literal[0, 1],
    weight_decay: Literal[True],
) -> tuple[tuple[Table, Table], ...]: ...
def record(
    step: Callable[..., Any],
    optimizer: "Optimizer",
    steps: Integer,
    *,
    counts_from: Literal[0, 1] | None = None,
    weight_decay: bool = False,
) -> tuple[Table, ...] | tuple[tuple[Table, Table], ...]:
    """The learning rates, and momentums, that a function leaves in a torch optimizer, as one table a parameter group.

    For what has no port: a hand-written ``adjust_learning_rate``, a custom LRScheduler, a scheduler of fairseq or
    Megatron. What the trainer of timm, mmengine, Lightning, detectron2 or accelerate steps, ``from_torch`` takes.

    Args:
      step: what the training loop calls. It takes no argument, as a scheduler's bound ``step`` does, and is called
        between one count and the next; or counts_from is given, and it takes the count.
      optimizer: the torch optimizer that it edits. The optimizer itself is not stepped; its parameter groups are left
        as they are at the last count.
      steps: how many counts: an integer >= 1.
      counts_from: the first count that step is called with: ``step(count)`` sets the learning rate of that count. 0
        where count 0 is set so too: ``lambda epoch: adjust_learning_rate(optimizer, epoch)``, fairseq's
        ``step_update``. 1 where a constructor has set count 0: ``lambda count: plateau.step(metrics[count - 1])``.
        None: step takes no argument, as in ``lambda: scheduler.step(increment)`` of Megatron.
      weight_decay: whether to record the weight decay of each group too.

    Returns:
      A Table for each of optimizer.param_groups, in order; count 0 is now. Its ``.momentum`` is the table of the
      momentum (or beta1) where that moves. With weight_decay=True each is a pair: the Table of the learning rate, and
      the Table of the weight decay.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; step takes an argument and
        counts_from is not given, or takes none and it is; a learning rate is no finite number; a parameter group is
        added or removed in mid-run.

    Warns:
      UserWarning: nothing that is recorded ever changes; the torch that is imported is older, or newer, than those
        tried.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> def adjust_learning_rate(epoch):
      ...     optimizer.param_groups[0]["lr"] = 0.1 * 0.5 ** (epoch // 2)
      >>> jaxlr.record(adjust_learning_rate, optimizer, 5, counts_from=0)
      (Table(values=(0.1, 0.1, 0.05, 0.05, 0.025)),)
    """
    warn_if_untried()
    if not callable(step):
        raise TypeError(f"record: step must be a function, such as scheduler.step, got {step!r}")
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"record: optimizer must be a torch optimizer, got {optimizer!r}")
    counts = integer(at_least=1)("record: steps", steps)
    if counts_from is not None:
        integer(at_least=0, at_most=1)("record: counts_from", counts_from)
    flag("record: weight_decay", weight_decay)
    _check_argument(step, takes_count=counts_from is not None)

    def advance(count: int) -> None:
        if counts_from is not None:
            if count >= counts_from:
                step(count)
        elif count:
            step()

    lrs, momentums, decays = stepped("record", advance, optimizer, counts, weight_decay=weight_decay)
    if counts > 1 and not any(moves(values) for values in (*lrs, *momentums, *decays)):
        warnings.warn(
            f"record: step must be what changes the learning rate, got {step!r}, which changed nothing in {steps} "
            "counts: is it another method that the training loop calls, or one that is called on another clock?",
            UserWarning,
            stacklevel=2,
        )
    tables = tuple(map(table_of, lrs, momentums))
    return tuple(zip(tables, map(Table, decays), strict=True)) if weight_decay else tables


def stepped(
    caller: str, advance: Callable[[int], Any], optimizer: Any, steps: int, *, weight_decay: bool = False
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """What each group holds at each count, after advance(count): learning rates, momentums, weight decays."""
    number = len(optimizer.param_groups)
    keys = ["lr", *(["weight_decay"] if weight_decay else [])]
    held: list[list[Any]] = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*scheduler\.step\(\)")  # the optimizer is not stepped
        for count in range(steps):
            advance(count)
            groups = optimizer.param_groups
            if len(groups) != number:
                raise ValueError(
                    f"{caller}: step must leave the optimizer its {number} parameter groups, "
                    f"got {len(groups)} at count {count}: add or remove groups before, and record from there"
                )
            row = [group.get(key) for key in keys for group in groups]
            row += [group["betas"][0] if group.get("betas") else group.get("momentum") for group in groups]
            if not _PLAIN.issuperset(map(type, row)):  # a tensor is edited in place: read it now
                row = list(_numbers(caller, keys, number, count, row))
            held.append(row)
    array = np.array(held, np.float64)  # None becomes NaN
    columns = list(array.T)
    for count, i in np.argwhere(~np.isfinite(array)).tolist():
        if i < number * len(keys) or held[count][i] is not None:
            list(_numbers(caller, keys, number, count, held[count]))
    lrs, rest = columns[:number], columns[number:]
    decays, momentums = rest[:-number], rest[-number:]
    return lrs, momentums, decays


_PLAIN = frozenset({float, int, np.float64, type(None)})


def _numbers(caller: str, keys: list[str], groups: int, count: int, row: list[Any]) -> Iterator[float | None]:
    """The row as floats, refusing what is no finite number."""
    names = [f"['{key}']" for key in keys] + ["'s momentum"]
    for i, value in enumerate(row):
        what, group = divmod(i, groups)
        if value is None and what == len(keys):
            yield None
        else:
            yield _number(f"{caller}: optimizer.param_groups[{group}]{names[what]} at count {count}", value)


def _number(name: str, value: Any) -> float:
    with contextlib.suppress(TypeError, ValueError, RuntimeError):  # the check below refuses it
        value = float(value)
    return real(static=True)(name, value)  # type: ignore[no-any-return]


def moves(values: np.ndarray) -> bool:
    """Whether the numbers, of which none may be missing, are not all the same."""
    return bool(np.isfinite(values).all() and (values != values[0]).any())


def table_of(lrs: np.ndarray, momentums: np.ndarray) -> Table:
    """The table, with the momentums where they move."""
    return Table(lrs, momentums if moves(momentums) else None)


def _check_argument(step: Callable[..., Any], *, takes_count: bool) -> None:
    """Refuses a step that cannot be called as asked, or whose argument is no count."""
    try:
        signature = inspect.signature(step)
    except (TypeError, ValueError):  # a builtin, such as next: the call says it
        return
    first = next(iter(signature.parameters), None)
    if first in ("metric", "metrics", "increment"):
        raise TypeError(
            f"record: step must take no argument, or the count alone, got {step!r}, which takes {first}: pass "
            f"lambda: scheduler.step(...) with what your training loop gives it, or lambda count: "
            f"scheduler.step({first}[count - 1]) with counts_from=1"
        )
    try:
        signature.bind(*[0] if takes_count else [])
    except TypeError as error:
        what, given = ("the count alone", "given") if takes_count else ("no argument", "not given")
        raise TypeError(
            f"record: step must take {what} where counts_from is {given}, got {step!r}: {error}. Give counts_from=0 "
            "where step(count) sets every count, counts_from=1 where a constructor has set count 0; or pass "
            "lambda: step(...) with the arguments that your training loop gives it"
        ) from None
