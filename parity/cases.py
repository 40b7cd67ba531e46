"""The one list of recipes that the tests, the parity suite and the benchmarks go through."""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np

import jaxlr
from jaxlr import Schedule


@dataclasses.dataclass(frozen=True)
class Case:
    """A recipe as data, from which both the torch scheduler and its jaxlr port are built.

    Attributes:
      scheduler: torch's class name.
      arguments: torch's arguments after the optimizer, by name.
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
        if "schedulers" in arguments:
            arguments["schedulers"] = [member.torch_on(optimizer) for member in arguments["schedulers"]]
        if self.scheduler in ("Together", "InTurn"):
            return arguments["schedulers"]
        if self.scheduler == "ChainedScheduler":
            return torch.optim.lr_scheduler.ChainedScheduler(**arguments)
        module = torch.optim.swa_utils if self.scheduler == "SWALR" else torch.optim.lr_scheduler
        return getattr(module, self.scheduler)(optimizer, **arguments)

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
    if isinstance(value, list | tuple) and value and isinstance(value[0], Case):
        return f"[{', '.join(member._text(None) for member in value)}]"
    text = getattr(value, "__name__", repr(value))
    return text if len(text) < 60 else f"{text[:50]} ...]"


def inverse(epoch: Any) -> Any:
    return 1 / (epoch + 1)


def tenth(epoch: Any) -> Any:
    return epoch / 10


def hand_written(epoch: Any) -> Any:
    return 0.1 ** (epoch // 30)


def exponential(epoch: Any) -> Any:
    return 0.95**epoch


def inverse_root(epoch: Any) -> Any:
    return (epoch + 1) ** -0.5


def branching(epoch: Any) -> Any:
    return (epoch + 1) / 5 if epoch < 5 else 0.9 ** (epoch // 7)


def cosine(epoch: Any) -> Any:
    return (1 + math.cos(math.pi * epoch / 90)) / 2


def looked_up(epoch: Any) -> Any:
    return {0: 0.1, 1: 0.5}.get(epoch, 1.0)


def one(epoch: Any) -> Any:
    return 1.0


def constant(epoch: Any) -> Any:
    return 0.95


def shrinking(epoch: Any) -> Any:
    return 1 - 1 / (epoch + 10)


def wave(epoch: Any) -> Any:
    return 1 + (epoch % 7 - 3) / 30


def alternating(epoch: Any) -> Any:
    return 0.5 + 1.499 * (epoch % 2 == 1)


def stepped(epoch: Any) -> Any:
    return 0.5 if epoch % 1000 == 0 else 1.0


def damped(cycle: Any) -> Any:
    return 0.9 ** (cycle - 1)


def sawtooth(step: Any) -> Any:
    return 0.5 + (step % 100) / 200


def damped_branching(cycle: Any) -> Any:
    return 1.0 if cycle < 3 else 1 / cycle


# "A visual guide to learning rate schedulers in PyTorch", 32 steps each, with the three classes that it leaves out.
VISUAL_GUIDE: tuple[Case, ...] = (
    Case("StepLR", {"step_size": 4, "gamma": 0.5}, lr=1e-3),
    Case("MultiStepLR", {"milestones": [8, 24, 28], "gamma": 0.5}, lr=1e-3),
    Case("ConstantLR", {"factor": 0.5, "total_iters": 8}, lr=1e-3),
    Case("LinearLR", {"start_factor": 0.5, "total_iters": 8}, lr=1e-3),
    Case("ExponentialLR", {"gamma": 0.5}, lr=1e-3),
    Case("PolynomialLR", {"total_iters": 8, "power": 1}, lr=1e-3),
    Case("PolynomialLR", {"total_iters": 8, "power": 2}, lr=1e-3),
    Case("CosineAnnealingLR", {"T_max": 32, "eta_min": 1e-4}, lr=1e-3),
    Case("CosineAnnealingWarmRestarts", {"T_0": 8, "T_mult": 1, "eta_min": 1e-4}, lr=1e-3),
    Case("CyclicLR", {"base_lr": 1e-4, "max_lr": 1e-3, "step_size_up": 4}, lr=1e-3),
    Case(
        "CyclicLR",
        {"base_lr": 1e-4, "max_lr": 1e-3, "step_size_up": 4, "mode": "triangular2"},
        lr=1e-3,
        torch_overflows_at=8192,  # 2.0 ** 1024, after as many cycles
    ),
    Case("CyclicLR", {"base_lr": 1e-4, "max_lr": 1e-3, "step_size_up": 4, "mode": "exp_range", "gamma": 0.9}, lr=1e-3),
    Case("OneCycleLR", {"max_lr": 1e-3, "steps_per_epoch": 8, "epochs": 4}, lr=1e-3),
    Case("OneCycleLR", {"max_lr": 1e-3, "steps_per_epoch": 8, "epochs": 4, "anneal_strategy": "linear"}, lr=1e-3),
    Case("LambdaLR", {"lr_lambda": exponential}, lr=1e-3),
    Case("MultiplicativeLR", {"lr_lambda": shrinking}, lr=1e-3),
    Case("SWALR", {"swa_lr": 1e-4, "anneal_epochs": 20}, lr=1e-3),
)

# Recipes of the tutorials, with the learning rates that they print.
TUTORIALS: tuple[Case, ...] = (
    Case(
        "LambdaLR",
        {"lr_lambda": inverse},
        printed="0.100000 0.050000 0.033333 0.025000 0.020000 0.016667 0.014286 0.012500 0.011111 0.010000",
    ),
    Case("StepLR", {"step_size": 3, "gamma": 0.1}, printed="0.1 0.1 0.1 0.01 0.01 0.01 0.001 0.001 0.001 0.0001"),
    Case(
        "MultiStepLR",
        {"milestones": [3, 7], "gamma": 0.1},
        printed="0.1 0.1 0.1 0.01 0.01 0.01 0.01 0.001 0.001 0.001",
    ),
    Case("ExponentialLR", {"gamma": 0.1}, printed="0.1 0.01 0.001 0.0001 0.00001 0.000001 0.0000001 0.00000001"),
    Case("LambdaLR", {"lr_lambda": tenth}, printed="0.00 0.01 0.02 0.03 0.04 0.05 0.06 0.07 0.08 0.09"),
    Case("MultiplicativeLR", {"lr_lambda": constant}, printed="0.1 0.095"),
    Case("StepLR", {"step_size": 30, "gamma": 0.1}, lr=0.05),
    Case("MultiStepLR", {"milestones": [30, 80], "gamma": 0.1}, lr=0.05),
    Case("StepLR", {"step_size": 2, "gamma": 0.65}),
    Case("StepLR", {"step_size": 10, "gamma": 0.65}),
    Case("CosineAnnealingLR", {"T_max": 150, "eta_min": 0}),
    Case("LambdaLR", {"lr_lambda": hand_written}),
)

CASES: tuple[Case, ...] = (
    *TUTORIALS,
    *VISUAL_GUIDE,
    Case("StepLR", {"step_size": 1, "gamma": 0.999}),
    Case("StepLR", {"step_size": 1, "gamma": 0.5}),
    Case("StepLR", {"step_size": 1000, "gamma": 0.99}),
    Case("StepLR", {"step_size": 10_000, "gamma": 1.5}, lr=1e-3),
    Case("StepLR", {"step_size": 7, "gamma": 1.0}),
    Case("StepLR", {"step_size": 5, "gamma": -0.9}),
    Case("StepLR", {"step_size": 3, "gamma": 0.0}),
    Case("StepLR", {"step_size": 1_000_000, "gamma": 0.1}, lr=3e-4),
    Case("StepLR", {"step_size": 30}, last_epoch=58),
    Case("StepLR", {"step_size": 30}, last_epoch=59),
    Case("MultiStepLR", {"milestones": [80, 30, 55], "gamma": 0.3}),
    Case("MultiStepLR", {"milestones": [5, 5, 5, 20], "gamma": 0.5}),
    Case("MultiStepLR", {"milestones": [0, 10], "gamma": 0.5}),
    Case("MultiStepLR", {"milestones": [], "gamma": 0.5}),
    Case("MultiStepLR", {"milestones": [1], "gamma": 2.0}),
    Case("MultiStepLR", {"milestones": [-3, 4, 10_000_000], "gamma": 0.2}),
    Case("MultiStepLR", {"milestones": list(range(100, 100_000, 100)), "gamma": 0.997}),
    Case("MultiStepLR", {"milestones": [30, 80]}, last_epoch=29),
    Case("ConstantLR", {}),
    Case("ConstantLR", {"factor": 0.5, "total_iters": 1}),
    Case("ConstantLR", {"factor": 0.5, "total_iters": 0}),
    Case("ConstantLR", {"factor": 1.0, "total_iters": 10}),
    Case("ConstantLR", {"factor": 0.3, "total_iters": 100}, lr=3e-4),
    Case("ConstantLR", {"factor": 1e-8, "total_iters": 50}, lr=1.0),
    Case("ConstantLR", {"factor": 0.7, "total_iters": 1_000_000}),
    Case("ConstantLR", {"factor": 0.1, "total_iters": 4}, lr=0.0),
    Case("ConstantLR", {"factor": 0.3, "total_iters": 40}, last_epoch=39),
    Case("LinearLR", {}),
    Case("LinearLR", {"start_factor": 0.001, "total_iters": 1}),
    Case("LinearLR", {"start_factor": 0.5, "total_iters": 0}),
    Case("LinearLR", {"start_factor": 0.1, "end_factor": 0.9, "total_iters": 1000}),
    Case("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 500}),
    Case("LinearLR", {"start_factor": 1.0, "end_factor": 1.0, "total_iters": 10}),
    Case("LinearLR", {"start_factor": 1e-10, "total_iters": 1999}, lr=1.7486e-3),
    Case("LinearLR", {"start_factor": 1e-3, "total_iters": 1_000_000}),
    Case("LinearLR", {"start_factor": 0.01, "total_iters": 100}, last_epoch=50),
    Case("ExponentialLR", {"gamma": 0.98}),
    Case("ExponentialLR", {"gamma": 0.99999}),
    Case("ExponentialLR", {"gamma": 1.00001}, lr=1e-3),
    Case("ExponentialLR", {"gamma": 1.0}),
    Case("ExponentialLR", {"gamma": 0.5}),
    Case("ExponentialLR", {"gamma": 0.0}),
    Case("ExponentialLR", {"gamma": -0.99}),
    Case("ExponentialLR", {"gamma": 0.999999}, lr=1.0),
    Case("ExponentialLR", {"gamma": 0.9999}, last_epoch=999),
    Case("PolynomialLR", {}),
    Case("PolynomialLR", {"total_iters": 1}),
    Case("PolynomialLR", {"total_iters": 1000, "power": 0.9}),
    Case("PolynomialLR", {"total_iters": 1000, "power": 2.0}),
    Case("PolynomialLR", {"total_iters": 100, "power": 0.0}),
    Case("PolynomialLR", {"total_iters": 100, "power": 0.5}),
    Case("PolynomialLR", {"total_iters": 5000, "power": 7.5}, lr=5.0),
    Case("PolynomialLR", {"total_iters": 1_000_000, "power": 0.9}),
    Case("PolynomialLR", {"total_iters": 1000, "power": 0.9}, last_epoch=499),
    Case("CosineAnnealingLR", {"T_max": 1}),
    Case("CosineAnnealingLR", {"T_max": 2, "eta_min": 0.01}),
    Case("CosineAnnealingLR", {"T_max": 3, "eta_min": 1e-4}),
    Case("CosineAnnealingLR", {"T_max": 1000, "eta_min": 0.5}),
    Case("CosineAnnealingLR", {"T_max": 1000, "eta_min": 0.1}),
    Case("CosineAnnealingLR", {"T_max": 7777}, lr=3e-4),
    Case("CosineAnnealingLR", {"T_max": 88_001}, lr=1.7486e-3),
    Case("CosineAnnealingLR", {"T_max": 1_000_000}),
    Case("CosineAnnealingLR", {"T_max": 100, "eta_min": 1e-5}, last_epoch=149),
    Case("CosineAnnealingWarmRestarts", {"T_0": 8}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2, "eta_min": 1e-5}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 3, "eta_min": 0.2}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 10}, lr=3e-4),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1_000_000}),
    Case("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2}, last_epoch=69),
    Case("CosineAnnealingWarmRestarts", {"T_0": 10}, fractional=7),
    Case("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2, "eta_min": 1e-5}, fractional=100),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}, fractional=3),
    Case("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 5}, fractional=1),
    Case("LambdaLR", {"lr_lambda": exponential}, lr=0.05),
    Case("LambdaLR", {"lr_lambda": one}),
    Case("LambdaLR", {"lr_lambda": inverse_root}, lr=1e-3),
    Case("LambdaLR", {"lr_lambda": branching}, total_steps=10_000),
    Case("LambdaLR", {"lr_lambda": cosine}, total_steps=10_000),
    Case("LambdaLR", {"lr_lambda": looked_up}, total_steps=10),
    Case("LambdaLR", {"lr_lambda": hand_written}, last_epoch=29),
    Case("MultiplicativeLR", {"lr_lambda": one}),
    Case("MultiplicativeLR", {"lr_lambda": hand_written}),
    Case("MultiplicativeLR", {"lr_lambda": shrinking}),
    Case("MultiplicativeLR", {"lr_lambda": alternating}),
    Case("MultiplicativeLR", {"lr_lambda": wave}, lr=1e-3),
    Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=100_000),
    Case("MultiplicativeLR", {"lr_lambda": looked_up}, total_steps=10),
    Case("MultiplicativeLR", {"lr_lambda": constant}, total_steps=1000),
    Case("MultiplicativeLR", {"lr_lambda": shrinking}, last_epoch=99),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 1}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 30, "step_size_down": 70}),
    Case("CyclicLR", {"base_lr": 0.0, "max_lr": 0.1, "step_size_up": 7, "step_size_down": 3}),
    Case("CyclicLR", {"base_lr": 0.0, "max_lr": 0.1, "step_size_up": 10, "step_size_down": 0}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 2.5, "step_size_down": 3.25}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 200, "mode": "triangular2"}),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 33, "mode": "exp_range", "gamma": 0.9999}),
    Case("CyclicLR", {"base_lr": 0.2, "max_lr": 0.1, "step_size_up": 50, "cycle_momentum": False}),
    Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": damped}),
    Case(
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": sawtooth, "scale_mode": "iterations"},
    ),
    Case(
        "CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": damped_branching}, total_steps=999
    ),
    Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 20}, last_epoch=19),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 100}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 100, "anneal_strategy": "linear"}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 1000, "three_phase": True}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 1000, "three_phase": True, "anneal_strategy": "linear"}),
    Case("OneCycleLR", {"max_lr": 0.01, "epochs": 10, "steps_per_epoch": 97}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 50, "pct_start": 0.0}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 50, "pct_start": 0.01, "three_phase": True}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 37, "pct_start": 0.77, "three_phase": True}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 1}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 2}),
    Case("OneCycleLR", {"max_lr": 1.0, "total_steps": 300, "div_factor": 0.5, "final_div_factor": 0.1}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 77, "cycle_momentum": False}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 100_000, "base_momentum": 0.0}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 1_000_000}),
    Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 100}, last_epoch=49),
    Case("SWALR", {"swa_lr": 0.05}),
    Case("SWALR", {"swa_lr": 0.05, "anneal_strategy": "linear"}),
    Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 0}),
    Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 1}),
    Case("SWALR", {"swa_lr": 0.5, "anneal_epochs": 333}),
    Case("SWALR", {"swa_lr": 0.0, "anneal_epochs": 1000, "anneal_strategy": "linear"}),
    Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 100_000}),
    Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 1_000_000, "anneal_strategy": "linear"}, lr=0.8),
    Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 20}, last_epoch=9),
)


def _chained(*schedulers: Case, **options: Any) -> Case:
    return Case("ChainedScheduler", {"schedulers": schedulers}, **options)


def _sequential(milestones: list[int], *schedulers: Case, **options: Any) -> Case:
    return Case("SequentialLR", {"schedulers": schedulers, "milestones": milestones}, **options)


def _plateau(seed: int = 0, lr: float = 0.1, quirk: str = "", **arguments: Any) -> Case:
    return Case("ReduceLROnPlateau", arguments, lr=lr, seed=seed, closed=False, quirk=quirk)


_WARMUP = Case("LinearLR", {"start_factor": 0.1, "total_iters": 10})
_CONSTANT = Case("ConstantLR", {"factor": 0.5, "total_iters": 7})
_STEP = Case("StepLR", {"step_size": 20, "gamma": 0.5})
_EXPONENTIAL = Case("ExponentialLR", {"gamma": 0.99})
_HALF = Case("ExponentialLR", {"gamma": 0.5})
_COSINE = Case("CosineAnnealingLR", {"T_max": 90})
_RESTARTS = Case("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2})
_CYCLIC = Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5})
_ONE_CYCLE = Case("OneCycleLR", {"max_lr": 0.3, "total_steps": 400})
_MULTIPLICATIVE = Case("MultiplicativeLR", {"lr_lambda": constant})
_SWA = Case("SWALR", {"swa_lr": 0.05})

# A sequence of many members of a class has one program for them all: each class, with three sets of numbers.
_NUMBERED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("StepLR", {"step_size": 2, "gamma": 0.3}),
    ("MultiStepLR", {"milestones": (2, 3), "gamma": 0.3}),
    ("ConstantLR", {"factor": 0.3, "total_iters": 2}),
    ("LinearLR", {"start_factor": 0.3, "end_factor": 0.2, "total_iters": 3}),
    ("ExponentialLR", {"gamma": 0.3}),
    ("PolynomialLR", {"total_iters": 3, "power": 0.7}),
    ("CosineAnnealingLR", {"T_max": 3, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": inverse}),
    ("MultiplicativeLR", {"lr_lambda": constant}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2, "base_momentum": 0.3, "max_momentum": 0.31}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 1000, "div_factor": 10.0}),
    ("SWALR", {"swa_lr": 0.1, "anneal_epochs": 2}),
)


def _numbered(name: str, arguments: dict[str, Any], i: int) -> Case:
    return Case(name, {key: value if callable(value) else value * i for key, value in arguments.items()})


# Schedulers that act on one another, or on a metric. Nothing of a recipe but the outermost lr counts.
COMPOSITES: tuple[Case, ...] = (
    # torchvision's EfficientNetV2, and AlgoPerf's warm-up and cosine, 5 % past the end
    _sequential(
        [5],
        Case("LinearLR", {"start_factor": 0.01, "total_iters": 5}),
        Case("CosineAnnealingLR", {"T_max": 595}),
        lr=0.5,
    ),
    _sequential(
        [1999],
        Case("LinearLR", {"start_factor": 1e-10, "total_iters": 1999}),
        Case("CosineAnnealingLR", {"T_max": 88_001}),
        lr=1.7486e-3,
    ),
    _sequential(
        [30],
        Case("CyclicLR", {"base_lr": 0.005, "max_lr": 0.1, "step_size_up": 15, "step_size_down": 15}),
        Case("LinearLR", {"start_factor": 0.05, "end_factor": 0.001}),
    ),
    _sequential([10], _WARMUP, _STEP),
    _sequential([10, 20, 30, 40], _WARMUP, _COSINE, _EXPONENTIAL, _RESTARTS, _STEP),
    _sequential([0], _WARMUP, _COSINE),
    _sequential([0, 0, 25], _WARMUP, _CONSTANT, _COSINE, _STEP),
    _sequential([5, 5, 15], _WARMUP, _CONSTANT, _COSINE, _STEP),
    _sequential([5, 5], _WARMUP, _chained(_STEP, _COSINE), _EXPONENTIAL),
    _sequential(
        [7 * i for i in range(1, 31)],
        _WARMUP,
        *(
            _numbered(name, arguments, i)
            for i in (1, 2, 3)
            for name, arguments in _NUMBERED
            if name not in ("MultiplicativeLR", "OneCycleLR", "SWALR")
        ),
    ),
    _sequential([10], _WARMUP, _COSINE, last_epoch=24),
    _sequential([12, 40], _EXPONENTIAL, _MULTIPLICATIVE, _SWA, closed=False),
    _sequential([9, 20], _CYCLIC, _ONE_CYCLE, _EXPONENTIAL),
    _sequential([], _COSINE),
    _sequential(
        [7 * i for i in range(1, 40)],
        _WARMUP,
        *(_numbered(name, arguments, i) for i in (1, 2, 3) for name, arguments in _NUMBERED),
        closed=False,
    ),
    _sequential(
        [3],
        _HALF,
        Case("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
        quirk="LinearLR starts from initial_lr",
    ),
    _sequential(
        [4], _sequential([2], _HALF, _STEP), _EXPONENTIAL, closed=False, quirk="a nested sequence starts one step ahead"
    ),
    _sequential(
        [4], _chained(_EXPONENTIAL, _STEP), _COSINE, closed=False, quirk="a nested chain starts one step ahead"
    ),
    _sequential(
        [2],
        _CONSTANT,
        Case("OneCycleLR", {"max_lr": 2.0, "total_steps": 200}),
        closed=False,
        quirk="OneCycleLR overwrites initial_lr",
    ),
    _sequential(
        [50], _ONE_CYCLE, Case("OneCycleLR", {"max_lr": 1.0, "total_steps": 99}), quirk="the last max_lr counts"
    ),
    _sequential(
        [5],
        _STEP,
        Case("ConstantLR", {"factor": 0.5, "total_iters": 0}),
        closed=False,
        quirk="the factor is never applied",
    ),
    _sequential(
        [5],
        _STEP,
        Case("MultiStepLR", {"milestones": [-1, 9]}),
        closed=False,
        quirk="enters below a negative milestone",
    ),
    _sequential([5], _STEP, _SWA, closed=False, quirk="SWALR counts its own steps"),
    _chained(
        Case("CosineAnnealingLR", {"T_max": 5000, "eta_min": 1e-5}),
        Case("LinearLR", {"start_factor": 0.001, "end_factor": 1.0, "total_iters": 500}),
        closed=False,
    ),
    _chained(_CONSTANT, _EXPONENTIAL),
    _chained(_WARMUP, _STEP, _EXPONENTIAL),
    _chained(_MULTIPLICATIVE, _STEP),
    _chained(_COSINE, Case("MultiStepLR", {"milestones": [3, 9]}), closed=False),
    _chained(_sequential([10], _WARMUP, _COSINE), _EXPONENTIAL, closed=False),
    _chained(_chained(_WARMUP, _SWA), _sequential([7], _STEP, _COSINE), closed=False),
    _chained(_CYCLIC, _EXPONENTIAL, closed=False, quirk="CyclicLR brings base_lr"),
    _chained(
        _EXPONENTIAL, Case("LambdaLR", {"lr_lambda": inverse}), closed=False, quirk="an absolute member overwrites"
    ),
    _chained(_EXPONENTIAL, _ONE_CYCLE, _RESTARTS, closed=False, quirk="an absolute member overwrites"),
    _plateau(1),
    _plateau(2, mode="max", threshold_mode="abs", patience=3),
    _plateau(3, threshold=0.05, cooldown=4, patience=2, factor=0.5),
    _plateau(4, mode="max", threshold=0.01, min_lr=0.01, factor=0.3, patience=0),
    _plateau(5, threshold_mode="abs", threshold=0.0, patience=1, eps=1e-3),
    _plateau(6, factor=0.0, patience=5),
    _plateau(7, lr=2e-8, factor=0.5, patience=1, quirk="no cut smaller than eps"),
    _plateau(8, lr=0.8, patience=50, factor=0.9),
    Case("Together", {"schedulers": (_WARMUP, _plateau(patience=3, factor=0.5))}, seed=9, closed=False),
    Case("Together", {"schedulers": (_plateau(patience=2, factor=0.9), _EXPONENTIAL, _SWA)}, seed=10, closed=False),
    Case(
        "InTurn",
        {
            "schedulers": (
                _plateau(patience=50),
                Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 1, "anneal_strategy": "linear"}),
            ),
            "milestones": [150],
        },
        lr=0.8,
        seed=11,
        closed=False,
    ),
    Case(
        "InTurn", {"schedulers": (_WARMUP, _plateau(patience=1, factor=0.7)), "milestones": [10]}, seed=12, closed=False
    ),
    Case("InTurn", {"schedulers": (_EXPONENTIAL, _SWA, _MULTIPLICATIVE), "milestones": [10, 30]}, closed=False),
)

RECIPES: tuple[Case, ...] = (*CASES, *COMPOSITES)

PICTURED: tuple[Case, ...] = (
    *VISUAL_GUIDE,
    _sequential([8], _WARMUP, Case("CosineAnnealingLR", {"T_max": 24}), lr=1e-3),
    _chained(_CONSTANT, Case("ExponentialLR", {"gamma": 0.9}), lr=1e-3),
    _plateau(36, lr=1e-3, patience=3, factor=0.5),
)
