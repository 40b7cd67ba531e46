"""Anything that edits an optimizer's parameter groups, stepped for real, as exact tables."""

import contextlib
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxlr._arguments import integer, real
from jaxlr._schedules.base import Integer
from jaxlr._schedules.table import Table
from jaxlr._torch.versions import warn_if_untried

if TYPE_CHECKING:
    from torch.optim import Optimizer


def record(step: Callable[[], Any] | Callable[[int], Any], optimizer: "Optimizer", steps: Integer) -> tuple[Table, ...]:
    """The learning rates, and momentums, that a function leaves in a torch optimizer, as one table a parameter group.

    For what has no port: a hand-written ``adjust_learning_rate``, a scheduler of timm, mmengine or fvcore, a custom
    LRScheduler.

    Args:
      step: what the training loop calls. A function of no argument, as a scheduler's bound ``step`` is, is called
        between one count and the next. A function of one argument, as ``lambda epoch: adjust_learning_rate(optimizer,
        epoch)`` is, is called with each count from 0 on, before that count's learning rate is read; ``step`` or
        ``step_update`` of a timm scheduler from 1 on, as in timm's own training script: it set count 0 when it was
        built. A step that takes a metric is given it by such a function, as
        ``lambda count: count and plateau.step(metrics[count - 1])``.
      optimizer: the torch optimizer that it edits. The optimizer itself is not stepped; its parameter groups are left
        as they are at the last count.
      steps: how many counts: an integer >= 1.

    Returns:
      A Table for each of optimizer.param_groups, in order; count 0 is now. Its ``.momentum`` is the table of the
      momentum (or beta1) where the group has one.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; a learning rate is no finite number;
        a parameter group is added or removed in mid-run.

    Warns:
      UserWarning: the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> def adjust_learning_rate(epoch):
      ...     optimizer.param_groups[0]["lr"] = 0.1 * 0.5 ** (epoch // 2)
      >>> jaxlr.record(adjust_learning_rate, optimizer, 5)
      (Table(values=(0.1, 0.1, 0.05, 0.05, 0.025), momentums=(0.0, 0.0, 0.0, 0.0, 0.0)),)
    """
    warn_if_untried()
    if not callable(step):
        raise TypeError(f"record: step must be a function, such as scheduler.step, got {step!r}")
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"record: optimizer must be a torch optimizer, got {optimizer!r}")
    integer(at_least=1)("record: steps", steps)
    takes_count = _takes_count(step)
    # A timm scheduler's step(0) is not what its constructor left: noise is added, a plateau without a warm-up gives 0.
    is_timm = hasattr(getattr(step, "__self__", None), "step_update")
    first = 0 if takes_count and not is_timm else 1

    counts: list[list[tuple[float, float | None]]] = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*scheduler\.step\(\)")  # the optimizer is not stepped
        for count in range(steps):
            if count >= first:
                step(*[count] if takes_count else [])
            counts.append(_held(optimizer, count))
            if len(counts[-1]) != len(counts[0]):
                raise ValueError(
                    f"record: step must leave the optimizer its {len(counts[0])} parameter groups, "
                    f"got {len(counts[-1])} at count {count}: add or remove groups before, and record from there"
                )
    tables = []
    for group in zip(*counts, strict=True):
        lrs, momentums = zip(*group, strict=True)
        tables.append(Table(lrs, None if None in momentums else momentums))
    return tuple(tables)


def _held(optimizer: Any, count: int) -> list[tuple[float, float | None]]:
    """Each parameter group's learning rate, and its momentum (or beta1) where it has one."""
    held = []
    for i, group in enumerate(optimizer.param_groups):
        name = f"record: optimizer.param_groups[{i}]"
        momentum = group["betas"][0] if group.get("betas") else group.get("momentum")
        momentum = None if momentum is None else _number(f"{name}'s momentum at count {count}", momentum)
        held.append((_number(f"{name}['lr'] at count {count}", group.get("lr")), momentum))
    return held


def _number(name: str, value: Any) -> float:
    with contextlib.suppress(TypeError, ValueError, RuntimeError):  # the check below refuses it
        value = float(value)
    return real(static=True)(name, value)  # type: ignore[no-any-return]


def _takes_count(step: Callable[..., Any]) -> bool:
    allowed = "record: step must take no argument, or the count alone"
    try:
        parameters = inspect.signature(step).parameters.values()
    except (TypeError, ValueError):  # a builtin, such as next
        raise TypeError(f"{allowed}, got {step!r}, whose arguments Python cannot tell: pass a lambda") from None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    keywords = [p for p in parameters if p.kind == p.KEYWORD_ONLY and p.default is p.empty]
    needed = [p for p in positional if p.default is p.empty]
    if len(needed) > 1 or keywords:
        raise TypeError(f"{allowed}, got {step!r} of {len(needed) + len(keywords)} arguments")
    # A plateau would take the count for its metric, or without one do nothing.
    if positional and positional[0].name in ("metric", "metrics"):
        raise TypeError(
            f"{allowed}, got {step!r}, which takes {positional[0].name}: "
            "pass lambda count: count and scheduler.step(metrics[count - 1]), or lambda: scheduler.step() for none"
        )
    return bool(needed)
