"""Anything that edits an optimizer's parameter groups, stepped for real, as exact tables."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from jaxlr._arguments import integer
from jaxlr._table import Table


def record(step: Callable[..., Any], optimizer: Any, steps: int) -> tuple[Table, ...]:
    """The learning rates, and momentums, that a function leaves in a torch optimizer, as one table a parameter group.

    For what has no port: a hand-written ``adjust_learning_rate``, a scheduler of timm, mmengine or fvcore, a custom
    LRScheduler.

    Args:
      step: what the training loop calls. A function of no argument, as a scheduler's bound ``step`` is, is called
        between one count and the next. A function of one argument, as ``lambda epoch: adjust_learning_rate(optimizer,
        epoch)`` is, is called with each count from 0 on, before that count's learning rate is read.
      optimizer: the torch optimizer that it edits. The optimizer itself is not stepped.
      steps: how many counts: an integer >= 1.

    Returns:
      A Table for each of optimizer.param_groups, in order; count 0 is now. Its ``.momentum`` is the table of the
      momentum (or beta1) where the group has one.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; a learning rate is no finite number.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> def adjust_learning_rate(epoch):
      ...     optimizer.param_groups[0]["lr"] = 0.1 * 0.5 ** (epoch // 2)
      >>> jaxlr.record(adjust_learning_rate, optimizer, 5)
      (Table(values=(0.1, 0.1, 0.05, 0.05, 0.025), momentums=(0.0, 0.0, 0.0, 0.0, 0.0)),)
    """
    if not callable(step):
        raise TypeError(f"record: step must be a function, such as scheduler.step, got {step!r}")
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"record: optimizer must be a torch optimizer, got {optimizer!r}")
    integer(at_least=1)("record: steps", steps)
    takes_count = _takes_count(step)

    lrs: list[list[float]] = [[] for _ in optimizer.param_groups]
    momentums: list[list[float]] = [[] for _ in optimizer.param_groups]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*lr_scheduler\.step\(\)")  # the optimizer is not stepped
        for count in range(steps):
            if takes_count:
                step(count)
            elif count:
                step()
            for group, group_lrs, group_momentums in zip(optimizer.param_groups, lrs, momentums, strict=True):
                group_lrs.append(float(group["lr"]))
                if "betas" in group or "momentum" in group:
                    group_momentums.append(float(group["betas"][0] if "betas" in group else group["momentum"]))
    return tuple(Table(lr, momentum or None) for lr, momentum in zip(lrs, momentums, strict=True))


def _takes_count(step: Callable[..., Any]) -> bool:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(step).parameters.values()
    needed = [p for p in parameters if p.kind in positional and p.default is inspect.Parameter.empty]
    if len(needed) > 1:
        raise TypeError(
            f"record: step must take no argument, or the count alone, got {step!r} of {len(needed)} arguments"
        )
    return bool(needed)
