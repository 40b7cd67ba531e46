"""A recipe as it is found, and how its own training loop steps it."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from parity.loops import held

Loop = Callable[[Any, int, int | None], None]


def each_update(recipe: Any, update: int, steps_per_epoch: int | None) -> None:
    """One step of each after each update."""
    del update, steps_per_epoch
    for scheduler in recipe if isinstance(recipe, list) else [recipe]:
        scheduler.step()


def by_interval(recipe: Any, update: int, steps_per_epoch: int | None) -> None:
    """As Lightning: a dict says how often; a frequency counts the batches of an epoch anew."""
    assert steps_per_epoch is not None
    for config in recipe if isinstance(recipe, list) else [recipe]:
        frequency = config.get("frequency", 1)
        if config.get("interval", "epoch") == "step":
            due = ((update - 1) % steps_per_epoch + 1) % frequency == 0
        else:
            due = update % (frequency * steps_per_epoch) == 0
        if due:
            config["scheduler"].step()


def as_timm(recipe: Any, update: int, steps_per_epoch: int | None) -> None:
    """As timm's train.py, which calls both, each with its count."""
    recipe.step_update(num_updates=update)
    if steps_per_epoch is not None and update % steps_per_epoch == 0:
        recipe.step(update // steps_per_epoch)


def as_mmengine(recipe: Any, update: int, steps_per_epoch: int | None) -> None:
    """As mmengine's hook: those of the iteration, and after an epoch the others."""
    for scheduler in recipe:
        if not scheduler.by_epoch:
            scheduler.step()
    if steps_per_epoch is not None and update % steps_per_epoch == 0:
        for scheduler in recipe:
            if scheduler.by_epoch:
                scheduler.step()


@dataclasses.dataclass(frozen=True)
class Found:
    """A recipe, and what is expected of it.

    Attributes:
      package: where it is found.
      name: what it is called there.
      code: what the user writes.
      make: makes a fresh one: what from_torch takes, or the learning rates that an adjust_learning_rate writes.
      steps: the updates of a whole run.
      source: the file, in its repository, that the recipe is in.
      expect: "native" where a value of formulas is known to be the same curve, decided from the formula; else "table".
      steps_per_epoch: the updates of an epoch, where the recipe counts epochs.
      loop: loop(recipe, n, steps_per_epoch) does what follows the n-th update.
      rebuilt: whether the scheduler, or the formula, is rebuilt from the source, and not the package's own object.
      control: whether it is no recipe but a curve that must not become a formula.
    """

    package: str
    name: str
    code: str
    make: Callable[[], Any]
    steps: int
    source: str
    expect: Literal["native", "table"] = "native"
    steps_per_epoch: int | None = None
    loop: Loop = each_update
    rebuilt: bool = False
    control: bool = False

    def __str__(self) -> str:
        return f"{self.package}: {self.name}"

    def stepped(self) -> tuple[np.ndarray, np.ndarray]:
        """The learning rates and momentums of a whole run, stepped by the recipe's own loop on a torch optimizer."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the frameworks, of their imports; torch, that no optimizer is stepped
            recipe = self.make()
            if isinstance(recipe, np.ndarray):
                return recipe, np.full(len(recipe), np.nan)
            optimizer, rows = optimizer_of(recipe), []
            for update in range(1, self.steps + 1):
                rows += held(optimizer)
                if update < self.steps:  # a multiplier of the share of the run ends there
                    self.loop(recipe, update, self.steps_per_epoch)
        lrs, momentums = np.array(rows, np.float64).T
        return lrs, momentums


def optimizer_of(recipe: Any) -> Any:
    """The optimizer that a recipe was built on."""
    first = recipe[0] if isinstance(recipe, list) else recipe
    return (first["scheduler"] if isinstance(first, Mapping) else first).optimizer


def sgd(lr: float) -> torch.optim.SGD:
    """A fresh optimizer of one group."""
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


def control(name: str, code: str, lr_of: Callable[[int], float], steps: int) -> Found:
    """A curve that must not become a formula."""
    return by_hand("control", name, code, lr_of, steps, "", expect="table", rebuilt=False, control=True)


def by_hand(
    package: str,
    name: str,
    code: str,
    lr_of: Callable[[int], float],
    steps: int,
    source: str,
    *,
    rebuilt: bool = True,
    **rest: Any,
) -> Found:
    """A recipe that is no scheduler: the script writes the learning rate of each count into the optimizer."""
    return Found(package, name, code, partial(written, lr_of, steps), steps, source, rebuilt=rebuilt, **rest)


def written(lr_of: Callable[[int], float], steps: int) -> np.ndarray:
    """What the parameter group holds where lr_of(count) is written into it before each update."""
    optimizer = sgd(1.0)
    (group,) = optimizer.param_groups
    lrs = np.empty(steps)
    for count in range(steps):
        group["lr"] = lr_of(count)
        lrs[count] = group["lr"]
    return lrs


def lambda_lr(lr: float, factor: Callable[[int], float]) -> Callable[[], Any]:
    """A LambdaLR on a fresh optimizer."""
    return lambda: torch.optim.lr_scheduler.LambdaLR(sgd(lr), factor)
