"""The way back: a torch scheduler that a jaxlr value drives."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, SupportsFloat

import jax
import numpy as np

from jaxlr._machine.stateful import Stateful
from jaxlr._schedules.base import Schedule, cycles_momentum
from jaxlr._schedules.plateau import takes_metric
from jaxlr._torch.versions import warn_if_untried

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    class Driven(LRScheduler):
        """What it returns."""

        def step(self, metrics: SupportsFloat | None = None) -> None: ...


def to_torch(schedule: Schedule | Sequence[Schedule], optimizer: "Optimizer") -> "Driven":
    """A torch LRScheduler that steps the jaxlr value, in float64, and writes what it holds into the optimizer.

    One value drives both frameworks. As a torch scheduler it is built, stepped, saved by ``state_dict`` and restored by
    ``load_state_dict``; its state is plain numbers in lists. Where the schedule cycles the momentum it drives momentum,
    or beta1, as well; where a ReduceLROnPlateau is in it, ``step(metric)`` takes the metric.

    Args:
      schedule: a jaxlr schedule, which drives every parameter group, or a list of them, one for each group.
      optimizer: the torch optimizer. Its learning rate is overwritten with the schedule's at count 0.

    Returns:
      A torch.optim.lr_scheduler.LRScheduler.

    Raises:
      TypeError, ValueError: schedule is no jaxlr schedule, or there is not one for each group; optimizer is no
        torch optimizer, or has no momentum to drive.

    Warns:
      UserWarning: the torch that is imported is older, or newer, than those tried.

    Example:
      >>> import torch, jaxlr
      >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
      >>> scheduler = jaxlr.to_torch(jaxlr.ExponentialLR(0.2, gamma=0.5), optimizer)
      >>> optimizer.step()
      >>> scheduler.step()
      >>> scheduler.get_last_lr()
      [0.1]
    """
    torch = _torch("to_torch")
    warn_if_untried()
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"to_torch: optimizer must be a torch optimizer, got {optimizer!r}")
    groups = len(optimizer.param_groups)
    if isinstance(schedule, Schedule):
        schedules = [schedule] * groups
    else:
        schedules = list(schedule) if isinstance(schedule, Sequence) else [schedule]
    for one in schedules:
        if not isinstance(one, Schedule):
            raise TypeError(
                f"to_torch: schedule must be a jaxlr schedule, or one for each parameter group, got {one!r}"
            )
        if cycles_momentum(one) and not {"betas", "momentum"} & optimizer.defaults.keys():
            raise ValueError(f"to_torch: optimizer must have a momentum or beta1 for {one!r}, got {optimizer!r}")
    if len(schedules) != groups:
        raise ValueError(f"to_torch: schedule must be one for each of {groups} parameter groups, got {len(schedules)}")
    return _driven()(optimizer, schedules)  # type: ignore[no-any-return]


def _torch(caller: str) -> Any:
    try:
        import torch  # noqa: PLC0415 jaxlr itself never imports torch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"jaxlr.{caller} needs torch: pip install 'jaxlr[torch]'", name=error.name) from error
    return torch


@cache
def _driven() -> Any:
    torch = _torch("to_torch")

    class Driven(torch.optim.lr_scheduler.LRScheduler):  # type: ignore[misc,name-defined]
        """A torch scheduler that jaxlr schedules drive."""

        def __init__(self, optimizer: Any, schedules: list[Schedule]) -> None:
            self._drivers = [Stateful(schedule) for schedule in schedules]
            with jax.enable_x64(True):
                self._states = [driver.init() for driver in self._drivers]
            super().__init__(optimizer)

        @property
        def takes_metric(self) -> bool:
            return any(takes_metric(driver.schedule) for driver in self._drivers)

        def step(self, metrics: Any = None) -> None:
            self._step_count += 1
            self.last_epoch += 1
            if self.last_epoch > 0:
                value = None if metrics is None else float(metrics)
                with jax.enable_x64(True):
                    updated = zip(self._drivers, self._states, strict=True)
                    self._states = [driver._updated(state, value) for driver, state in updated]
            self._write()

        def _write(self) -> None:
            for group, state in zip(self.optimizer.param_groups, self._states, strict=True):
                lr = float(state.lr)
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(lr)
                else:
                    group["lr"] = lr
                if state.momentum is not None:
                    momentum = float(state.momentum)
                    if "betas" in group:
                        group["betas"] = (momentum, *group["betas"][1:])
                    else:
                        group["momentum"] = momentum
            self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

        def state_dict(self) -> dict[str, Any]:
            own = {name: value for name, value in self.__dict__.items() if name not in ("optimizer", "_drivers")}
            own["schedules"] = [repr(driver.schedule) for driver in self._drivers]
            own["_states"] = [[np.asarray(leaf).tolist() for leaf in jax.tree.leaves(state)] for state in self._states]
            return own

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            state_dict = dict(state_dict)
            recipes = [repr(driver.schedule) for driver in self._drivers]
            if state_dict.get("schedules") != recipes:
                raise ValueError(
                    f"to_torch: state_dict must be one of the same schedules, {recipes}, "
                    f"got one of {state_dict.get('schedules')}"
                )
            saved = state_dict.pop("_states")
            states = []
            for state, leaves in zip(self._states, saved, strict=True):
                like = jax.tree.leaves(state)
                arrays = [np.asarray(x, leaf.dtype) for x, leaf in zip(leaves, like, strict=True)]
                states.append(jax.tree.unflatten(jax.tree.structure(state), arrays))
            self.__dict__.update(state_dict)
            self._states = states

    return Driven
