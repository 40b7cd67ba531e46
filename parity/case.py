"""A recipe as data, and what is asked of a class besides its recipes."""

import dataclasses
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import jaxlr
from jaxlr import Schedule
from parity.twins import FACTORS, inverse_power_in_a_chain


@dataclasses.dataclass(frozen=True)
class Case:
    """A recipe as data, from which both the torch scheduler and its jaxlr port are built.

    Attributes:
      scheduler: torch's class name, or that of jaxlr's own.
      arguments: torch's arguments after the optimizer, by name; of jaxlr's own those after lr.
      lr: the optimizer's learning rate.
      printed: the first learning rates, as a tutorial prints them.
      last_epoch: where the port resumes; torch runs through from the start.
      total_steps: jaxlr's own argument: the length of the table.
      fractional: the batches of an epoch, where torch's scheduler.step takes the fractional epoch.
      torch_overflows_at: the count at which torch itself raises an OverflowError.
      seed: of the metrics, where a step takes one.
      closed: whether the port has a closed form.
      quirk: what surprises people in it.
    """

    scheduler: str
    arguments: Mapping[str, Any]
    lr: float = 0.1
    printed: str = ""
    last_epoch: int = -1
    total_steps: int | None = None
    fractional: int | None = None
    torch_overflows_at: int | None = None
    seed: int | None = None
    closed: bool = True
    quirk: str = ""

    def __str__(self) -> str:
        return self._text(self.lr)

    def _text(self, lr: float | None) -> str:
        arguments = {} if lr is None else {"lr": lr}
        arguments |= self.arguments
        arguments |= {} if self.last_epoch == -1 else {"last_epoch": self.last_epoch}
        arguments |= {} if self.total_steps is None else {"total_steps": self.total_steps}
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())
        text = f"{self.scheduler}({shown})"
        return text if self.fractional is None else f"per_epoch({text}, {self.fractional}, fractional=True)"

    def schedule(self) -> Schedule:
        """The jaxlr port."""
        return self._port(self.lr)

    def _port(self, lr: float) -> Schedule:
        cls = getattr(jaxlr, self.scheduler)
        fields = {field.name for field in dataclasses.fields(cls)}
        arguments = dict(self.arguments)
        if "schedulers" in arguments:
            arguments["schedulers"] = [member._port(lr) for member in arguments["schedulers"]]
        if "schedule" in arguments:
            arguments["schedule"] = arguments["schedule"]._port(lr)
        arguments |= {"lr": lr} if "lr" in fields else {}
        arguments |= {} if self.total_steps is None else {"total_steps": self.total_steps}
        arguments |= {} if self.last_epoch == -1 else {"last_epoch": self.last_epoch}
        schedule: Schedule = cls(**arguments)
        return schedule if self.fractional is None else jaxlr.per_epoch(schedule, self.fractional, fractional=True)

    def torch_scheduler(self) -> Any:
        """The torch scheduler, on an SGD with momentum of its own; for Together and InTurn the list of them."""
        import torch  # noqa: PLC0415 tests/ runs without torch

        return self.torch_on(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=self.lr, momentum=0.9))

    def torch_on(self, optimizer: Any) -> Any:
        """The torch scheduler of the optimizer given."""
        import torch  # noqa: PLC0415 tests/ runs without torch

        arguments = dict(self.arguments)
        if "schedule" in arguments:
            scheduler = arguments["schedule"].torch_on(optimizer)
            for i in range(arguments.get("by", 0)):
                arguments["schedule"].torch_step(scheduler, i, None)
            return scheduler
        if self.scheduler in FACTORS:
            return self._torch_lambda(optimizer)
        if "schedulers" in arguments:
            arguments["schedulers"] = [self._torch_member(member, optimizer) for member in arguments["schedulers"]]
        if self.scheduler in ("Together", "InTurn"):
            return arguments["schedulers"]
        if self.scheduler == "ChainedScheduler":
            return torch.optim.lr_scheduler.ChainedScheduler(**arguments)
        module = torch.optim.swa_utils if self.scheduler == "SWALR" else torch.optim.lr_scheduler
        return getattr(module, self.scheduler)(optimizer, **arguments)

    def _torch_member(self, member: "Case", optimizer: Any) -> Any:
        if member.scheduler == "InversePower" and self.scheduler != "SequentialLR":  # a LambdaLR overwrites
            return inverse_power_in_a_chain(optimizer, **member.arguments)
        return member._torch_lambda(optimizer) if member.scheduler == "Shifted" else member.torch_on(optimizer)

    def _torch_lambda(self, optimizer: Any) -> Any:
        import torch  # noqa: PLC0415 tests/ runs without torch

        group = optimizer.param_groups[0]
        factor = FACTORS[self.scheduler](group.get("initial_lr", group["lr"]), **self.arguments)
        return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    def torch_step(self, scheduler: Any, i: int, metric: float | None) -> None:
        """What the training loop does between count i and count i + 1."""
        if self.scheduler == "Together":
            for member, torch_member in zip(self.arguments["schedulers"], scheduler, strict=True):
                member.torch_step(torch_member, i, metric)
        elif self.scheduler == "InTurn":
            turn = bisect_right(self.arguments["milestones"], i)
            self.arguments["schedulers"][turn].torch_step(scheduler[turn], i, metric)
        elif self.scheduler == "ReduceLROnPlateau":
            scheduler.step(metric)
        elif self.fractional is not None:
            scheduler.step((i + 1) // self.fractional + (i + 1) % self.fractional / self.fractional)
        else:
            scheduler.step()

    @property
    def of_torch(self) -> bool:
        """Whether torch has a class for all of it."""
        inner = [*self.arguments.get("schedulers", ()), *filter(None, [self.arguments.get("schedule")])]
        return self.scheduler not in (*FACTORS, "Until") and all(case.of_torch for case in inner)

    def steps(self, steps: int) -> int:
        """The counts below steps that the recipe has a value for, in torch as well."""
        schedule = self.schedule()
        end: int | None = schedule._final_epoch
        ends = [] if end is None else [end - schedule._first_epoch + 1]
        ends += [] if self.torch_overflows_at is None else [self.torch_overflows_at]
        return min([steps, *ends])

    def metrics(self, steps: int) -> np.ndarray | None:
        """What scheduler.step receives: a noisy loss that falls, rests and rises, NaN at times; from the seed."""
        if self.seed is None:
            return None
        random = np.random.default_rng(self.seed)
        loss = np.exp(-np.arange(steps) / random.uniform(5, 200)) + random.uniform(-0.5, 0.5)
        loss += random.normal(0, 10.0 ** random.uniform(-5, 0), steps)
        loss[random.random(steps) < random.choice([0.0, 0.02])] = np.nan
        return loss if random.random() < 0.5 else loss.astype(np.float32).astype(np.float64)


def _shown(value: Any) -> str:
    if isinstance(value, Case):
        return value._text(None)
    if isinstance(value, list | tuple) and value and isinstance(value[0], Case):
        return f"[{', '.join(member._text(None) for member in value)}]"
    text = getattr(value, "__name__", repr(value))
    return text if len(text) < 60 else f"{text[:50]} ...]"


class Range(NamedTuple):
    """A random number: an integer where least is one."""

    least: float
    most: float


class Several(NamedTuple):
    """At least so many, at most so many random numbers."""

    of: Range
    least: int
    most: int


@dataclasses.dataclass(frozen=True)
class Entry:
    """All that is asked of a public class.

    Attributes:
      name: of the class.
      arguments: jaxlr's, a few that are legal.
      refused: for each of jaxlr's parameters its kind, which tests/test_errors.py knows, and what else it refuses.
      smooth: jaxlr's hyperparameters at a point where the schedule is smooth in them, and the other arguments.
      recipes: torch's, beside those of the tutorials.
      moving: a recipe that moves at most steps of MOVING.
      wrong: the argument of it that is put wrong.
      million: recipes that run for a million steps.
      compiled: recipes that are compiled for an accelerator, beside those of a million steps that need no table.
      drawn: torch's arguments where they are random: a Range, Several, a list to choose from, or a value.
      member: likewise of a member of a composite, where they are others.
      measured: what the benchmarks measure: the recipes for a run of so many steps, by what follows the name.
      nearest: the name of what Optax has, and the schedule that is nearest to one of ours; None where it has none.
    """

    name: str
    arguments: Mapping[str, Any]
    refused: Mapping[str, tuple[Any, ...]]
    smooth: tuple[tuple[Mapping[str, float], Mapping[str, Any]], ...] = ()
    recipes: tuple[Case, ...] = ()
    moving: Case | None = None
    wrong: str = ""
    million: tuple[Case, ...] = ()
    compiled: tuple[Case, ...] = ()
    drawn: Mapping[str, Any] | None = None
    member: Mapping[str, Any] | None = None
    measured: Callable[[int], Mapping[str, Case]] = lambda steps: {}
    nearest: tuple[str, Callable[[Any], Callable[[Any], Any]]] | None = None

    @property
    def build(self) -> Any:
        """The class."""
        return getattr(jaxlr, self.name)
