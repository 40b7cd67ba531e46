"""The one list: all recipes, and for each class all that the tests, the suite and the benchmarks ask of it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optax

import jaxlr
from parity.case import Case, Entry, Range, Several

MOVING = 3_000
MILLION = 1_000_000


def inverse(epoch: Any) -> Any:
    return 1 / (epoch + 1)


def half(epoch: Any) -> Any:
    return 0.5


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

# What a parameter is, and what is refused beside what its kind refuses.
_LR: tuple[Any, ...] = ("number", -0.1)
_NUMBER: tuple[Any, ...] = ("number",)
_POSITIVE: tuple[Any, ...] = ("number", 0, 0.0)
_LENGTH: tuple[Any, ...] = ("length", 0, -1)
_DURATION: tuple[Any, ...] = ("duration", 0, -1, 0.0)
_LAST_EPOCH: tuple[Any, ...] = ("integer", -2)
_TABLE_LENGTH: tuple[Any, ...] = ("optional integer", 0, -1)
_CHOICE: tuple[Any, ...] = ("choice",)
_MODE: tuple[Any, ...] = ("choice", "exp", "triangular3")
_FLAG: tuple[Any, ...] = ("flag",)
_SCHEDULE: tuple[Any, ...] = ("schedule",)
_SCHEDULES: tuple[Any, ...] = ("schedules",)
_MEMBERS = [jaxlr.StepLR(0.1, step_size=3)] * 2

# Ranges of random arguments.
LRS = Range(1e-6, 10.0)
_SMALL = [0.0, Range(1e-6, 1e-3), Range(1e-3, 0.1), Range(0.1, 1.0)]  # near 1.2e-38 a compiled program has 0
_FACTORS = [Range(0.5, 1.0), Range(0.9, 1.01)]
_EPOCHS = Range(1, 150)


def _restarts(s: Any) -> Callable[[Any], Any]:
    # As many cosines as end within 1,000 times T_0, the length of the run.
    n = 1000 if s.T_mult == 1 else math.ceil(math.log(1000 * (s.T_mult - 1) + 1, s.T_mult))
    lengths = [s.T_0 * s.T_mult**i for i in range(n)]
    cosines = [optax.cosine_decay_schedule(s.lr, length, alpha=s.eta_min / s.lr) for length in lengths]
    restarts: Callable[[Any], Any] = optax.join_schedules(cosines, np.cumsum(lengths)[:-1].tolist())
    return restarts


# torch's classes that a count drives.
COUNT_DRIVEN: tuple[Entry, ...] = (
    Entry(
        "StepLR",
        arguments={"lr": 0.1, "step_size": 3},
        refused={"lr": _LR, "step_size": _LENGTH, "gamma": _NUMBER, "last_epoch": _LAST_EPOCH},
        smooth=(({"lr": 0.1, "gamma": 0.7}, {"step_size": 3}), ({"lr": 0.1, "gamma": -0.7}, {"step_size": 3})),
        recipes=(
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
        ),
        moving=Case("StepLR", {"step_size": 1, "gamma": 0.999}),
        wrong="gamma",
        million=(Case("StepLR", {"step_size": 1000, "gamma": 0.99}),),
        compiled=(Case("StepLR", {"step_size": 3, "gamma": 0.0}),),  # 0 ** 0
        drawn={"step_size": _EPOCHS, "gamma": _FACTORS},
        measured=lambda steps: {"": Case("StepLR", {"step_size": steps // 1000, "gamma": 0.99})},
        nearest=("exponential_decay", lambda s: optax.exponential_decay(s.lr, s.step_size, s.gamma, staircase=True)),
    ),
    Entry(
        "MultiStepLR",
        arguments={"lr": 0.1, "milestones": [3]},
        refused={
            "lr": ("number", -1e-9),
            "milestones": ("lengths",),
            "gamma": _NUMBER,
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(({"lr": 0.1, "gamma": 0.7}, {"milestones": [1, 4]}),),
        recipes=(
            Case("MultiStepLR", {"milestones": [80, 30, 55], "gamma": 0.3}),
            Case("MultiStepLR", {"milestones": [5, 5, 5, 20], "gamma": 0.5}),
            Case("MultiStepLR", {"milestones": [0, 10], "gamma": 0.5}),
            Case("MultiStepLR", {"milestones": [], "gamma": 0.5}),
            Case("MultiStepLR", {"milestones": [1], "gamma": 2.0}),
            Case("MultiStepLR", {"milestones": [-3, 4, 10_000_000], "gamma": 0.2}),
            Case("MultiStepLR", {"milestones": list(range(100, 100_000, 100)), "gamma": 0.997}),
            Case("MultiStepLR", {"milestones": [30, 80]}, last_epoch=29),
        ),
        moving=Case("MultiStepLR", {"milestones": range(1, MOVING), "gamma": 0.999}),
        wrong="gamma",
        million=(Case("MultiStepLR", {"milestones": list(range(1000, MILLION, 1000)), "gamma": 0.99}),),
        compiled=(Case("MultiStepLR", {"milestones": [30_000, 60_000, 80_000]}),),
        drawn={"milestones": Several(Range(0, 400), 0, 12), "gamma": _FACTORS},
        measured=lambda steps: {
            "": Case("MultiStepLR", {"milestones": [steps * 3 // 10, steps * 6 // 10, steps * 8 // 10]})
        },
        nearest=(
            "piecewise_constant_schedule",
            lambda s: optax.piecewise_constant_schedule(s.lr, dict.fromkeys(s.milestones, s.gamma)),
        ),
    ),
    Entry(
        "ConstantLR",
        arguments={"lr": 0.1},
        refused={
            "lr": _LR,
            "factor": (*_POSITIVE, -0.5, 1.5),
            "total_iters": ("length", -1),
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(({"lr": 0.1, "factor": 0.4}, {"total_iters": 4}),),
        recipes=(
            Case("ConstantLR", {}),
            Case("ConstantLR", {"factor": 0.5, "total_iters": 1}),
            Case("ConstantLR", {"factor": 0.5, "total_iters": 0}),
            Case("ConstantLR", {"factor": 1.0, "total_iters": 10}),
            Case("ConstantLR", {"factor": 0.3, "total_iters": 100}, lr=3e-4),
            Case("ConstantLR", {"factor": 1e-8, "total_iters": 50}, lr=1.0),
            Case("ConstantLR", {"factor": 0.7, "total_iters": 1_000_000}),
            Case("ConstantLR", {"factor": 0.1, "total_iters": 4}, lr=0.0),
            Case("ConstantLR", {"factor": 0.3, "total_iters": 40}, last_epoch=39),
        ),
        moving=Case("ConstantLR", {"factor": 0.3, "total_iters": 500}),
        wrong="factor",
        million=(Case("ConstantLR", {"factor": 0.3, "total_iters": MILLION // 2}),),
        drawn={"factor": Range(1e-6, 1.0), "total_iters": Range(0, 200)},
        measured=lambda steps: {"": Case("ConstantLR", {"factor": 0.3, "total_iters": steps // 2})},
        nearest=(
            "piecewise_constant_schedule",
            lambda s: optax.piecewise_constant_schedule(s.lr * s.factor, {s.total_iters: 1 / s.factor}),
        ),
    ),
    Entry(
        "LinearLR",
        arguments={"lr": 0.1},
        refused={
            "lr": _LR,
            "start_factor": (*_POSITIVE, -0.5, 1.5),
            "end_factor": ("number", -0.5, 1.5),
            "total_iters": ("length", -1),
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(
            ({"lr": 0.1, "start_factor": 0.2, "end_factor": 0.9}, {"total_iters": 4}),
            ({"lr": 0.1, "start_factor": 0.2}, {"total_iters": 0}),
        ),
        recipes=(
            Case("LinearLR", {}),
            Case("LinearLR", {"start_factor": 0.001, "total_iters": 1}),
            Case("LinearLR", {"start_factor": 0.5, "total_iters": 0}),
            Case("LinearLR", {"start_factor": 0.1, "end_factor": 0.9, "total_iters": 1000}),
            Case("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 500}),
            Case("LinearLR", {"start_factor": 1.0, "end_factor": 1.0, "total_iters": 10}),
            Case("LinearLR", {"start_factor": 1e-10, "total_iters": 1999}, lr=1.7486e-3),
            Case("LinearLR", {"start_factor": 1e-3, "total_iters": 1_000_000}),
            Case("LinearLR", {"start_factor": 0.01, "total_iters": 100}, last_epoch=50),
        ),
        moving=Case("LinearLR", {"start_factor": 0.1, "total_iters": MOVING}),
        wrong="start_factor",
        million=(Case("LinearLR", {"start_factor": 1e-3, "total_iters": MILLION}),),
        drawn={"start_factor": Range(1e-6, 1.0), "end_factor": _SMALL, "total_iters": Range(0, 200)},
        # torch divides by zero where it enters one of length 0
        member={"start_factor": Range(1e-3, 1.0), "end_factor": _SMALL, "total_iters": Range(1, 200)},
        measured=lambda steps: {"": Case("LinearLR", {"start_factor": 1e-3, "total_iters": steps})},
        nearest=(
            "linear_schedule",
            lambda s: optax.linear_schedule(s.lr * s.start_factor, s.lr * s.end_factor, s.total_iters),
        ),
    ),
    Entry(
        "ExponentialLR",
        arguments={"lr": 0.1, "gamma": 0.9},
        refused={"lr": _LR, "gamma": _NUMBER, "last_epoch": _LAST_EPOCH},
        smooth=(({"lr": 0.1, "gamma": 0.9}, {}), ({"lr": 0.1, "gamma": 0.0}, {})),
        recipes=(
            Case("ExponentialLR", {"gamma": 0.98}),
            Case("ExponentialLR", {"gamma": 0.99999}),
            Case("ExponentialLR", {"gamma": 1.00001}, lr=1e-3),
            Case("ExponentialLR", {"gamma": 1.0}),
            Case("ExponentialLR", {"gamma": 0.5}),
            Case("ExponentialLR", {"gamma": 0.0}),
            Case("ExponentialLR", {"gamma": -0.99}),
            Case("ExponentialLR", {"gamma": 0.999999}, lr=1.0),
            Case("ExponentialLR", {"gamma": 0.9999}, last_epoch=999),
        ),
        moving=Case("ExponentialLR", {"gamma": 0.999}),
        wrong="gamma",
        million=(Case("ExponentialLR", {"gamma": 0.99999}),),
        drawn={"gamma": _FACTORS},
        measured=lambda steps: {"": Case("ExponentialLR", {"gamma": 1 - 10 / steps})},
        nearest=("exponential_decay", lambda s: optax.exponential_decay(s.lr, 1, s.gamma)),
    ),
    Entry(
        "PolynomialLR",
        arguments={"lr": 0.1},
        refused={"lr": _LR, "total_iters": _LENGTH, "power": ("number", -0.5), "last_epoch": _LAST_EPOCH},
        smooth=(({"lr": 0.1, "power": 1.5}, {"total_iters": 4}),),
        recipes=(
            Case("PolynomialLR", {}),
            Case("PolynomialLR", {"total_iters": 1}),
            Case("PolynomialLR", {"total_iters": 1000, "power": 0.9}),
            Case("PolynomialLR", {"total_iters": 1000, "power": 2.0}),
            Case("PolynomialLR", {"total_iters": 100, "power": 0.0}),
            Case("PolynomialLR", {"total_iters": 100, "power": 0.5}),
            Case("PolynomialLR", {"total_iters": 5000, "power": 7.5}, lr=5.0),
            Case("PolynomialLR", {"total_iters": 1_000_000, "power": 0.9}),
            Case("PolynomialLR", {"total_iters": 1000, "power": 0.9}, last_epoch=499),
        ),
        moving=Case("PolynomialLR", {"total_iters": MOVING, "power": 0.9}),
        wrong="power",
        million=(Case("PolynomialLR", {"total_iters": MILLION, "power": 0.9}),),
        compiled=(Case("PolynomialLR", {"total_iters": 1000, "power": 0.0}),),  # 0 ** 0
        drawn={"total_iters": _EPOCHS, "power": Range(0.0, 5.0)},
        measured=lambda steps: {"": Case("PolynomialLR", {"total_iters": steps, "power": 0.9})},
        nearest=("polynomial_schedule", lambda s: optax.polynomial_schedule(s.lr, 0.0, s.power, s.total_iters)),
    ),
    Entry(
        "CosineAnnealingLR",
        arguments={"lr": 0.1, "T_max": 3},
        refused={"lr": _LR, "T_max": _DURATION, "eta_min": _NUMBER, "last_epoch": _LAST_EPOCH},
        smooth=(({"lr": 0.1, "T_max": 3.5, "eta_min": 0.01}, {}),),
        recipes=(
            Case("CosineAnnealingLR", {"T_max": 1}),
            Case("CosineAnnealingLR", {"T_max": 2, "eta_min": 0.01}),
            Case("CosineAnnealingLR", {"T_max": 3, "eta_min": 1e-4}),
            Case("CosineAnnealingLR", {"T_max": 1000, "eta_min": 0.5}),
            Case("CosineAnnealingLR", {"T_max": 1000, "eta_min": 0.1}),
            Case("CosineAnnealingLR", {"T_max": 7777}, lr=3e-4),
            Case("CosineAnnealingLR", {"T_max": 2.5, "eta_min": 0.01}),
            Case("CosineAnnealingLR", {"T_max": 777.77}, lr=0.03),
            Case("CosineAnnealingLR", {"T_max": 88_001}, lr=1.7486e-3),
            Case("CosineAnnealingLR", {"T_max": 1_000_000}),
            Case("CosineAnnealingLR", {"T_max": 100, "eta_min": 1e-5}, last_epoch=149),
        ),
        moving=Case("CosineAnnealingLR", {"T_max": MOVING, "eta_min": 0.01}),
        wrong="eta_min",
        million=(
            Case("CosineAnnealingLR", {"T_max": MILLION}),
            Case("CosineAnnealingLR", {"T_max": 333_333, "eta_min": 1e-5}),
        ),
        compiled=(Case("CosineAnnealingLR", {"T_max": 3333, "eta_min": 1e-5}),),
        drawn={"T_max": _EPOCHS, "eta_min": _SMALL},
        measured=lambda steps: {"": Case("CosineAnnealingLR", {"T_max": steps})},
        nearest=(
            "cosine_decay_schedule",
            lambda s: optax.cosine_decay_schedule(s.lr, s.T_max, alpha=s.eta_min / s.lr),
        ),
    ),
    Entry(
        "CosineAnnealingWarmRestarts",
        arguments={"lr": 0.1, "T_0": 3},
        refused={
            "lr": _LR,
            "T_0": _LENGTH,
            "T_mult": ("integer", 0, -1),
            "eta_min": _NUMBER,
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(({"lr": 0.1, "eta_min": 0.01}, {"T_0": 3, "T_mult": 2}),),
        recipes=(
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
        ),
        moving=Case("CosineAnnealingWarmRestarts", {"T_0": 100, "eta_min": 0.01}),
        wrong="eta_min",
        million=(Case("CosineAnnealingWarmRestarts", {"T_0": 1000, "T_mult": 2, "eta_min": 1e-5}),),
        compiled=(Case("CosineAnnealingWarmRestarts", {"T_0": 1000}),),
        drawn={"T_0": _EPOCHS, "T_mult": Range(1, 4), "eta_min": _SMALL},
        measured=lambda steps: {
            "": Case("CosineAnnealingWarmRestarts", {"T_0": steps // 1000, "T_mult": 2, "eta_min": 1e-5})
        },
        nearest=("join_schedules", _restarts),
    ),
    Entry(
        "LambdaLR",
        arguments={"lr": 0.1, "lr_lambda": half},
        refused={"lr": _LR, "lr_lambda": ("function",), "last_epoch": _LAST_EPOCH, "total_steps": _TABLE_LENGTH},
        smooth=(({"lr": 0.1}, {"lr_lambda": exponential}),),
        recipes=(
            Case("LambdaLR", {"lr_lambda": exponential}, lr=0.05),
            Case("LambdaLR", {"lr_lambda": one}),
            Case("LambdaLR", {"lr_lambda": inverse_root}, lr=1e-3),
            Case("LambdaLR", {"lr_lambda": branching}, total_steps=10_000),
            Case("LambdaLR", {"lr_lambda": cosine}, total_steps=10_000),
            Case("LambdaLR", {"lr_lambda": looked_up}, total_steps=10),
            Case("LambdaLR", {"lr_lambda": hand_written}, last_epoch=29),
        ),
        moving=Case("LambdaLR", {"lr_lambda": exponential}),
        wrong="lr",
        million=(Case("LambdaLR", {"lr_lambda": shrinking}),),
        compiled=(Case("LambdaLR", {"lr_lambda": inverse}), Case("LambdaLR", {"lr_lambda": inverse_root})),
        drawn={"lr_lambda": [inverse, exponential, hand_written, shrinking]},
        measured=lambda steps: {"": Case("LambdaLR", {"lr_lambda": inverse_root})},
    ),
    Entry(
        "MultiplicativeLR",
        arguments={"lr": 0.1, "lr_lambda": half},
        refused={"lr": _LR, "lr_lambda": ("function",), "last_epoch": _LAST_EPOCH, "total_steps": _TABLE_LENGTH},
        smooth=(
            ({"lr": 0.1}, {"lr_lambda": shrinking, "total_steps": 10}),
            ({"lr": 0.1}, {"lr_lambda": shrinking}),
        ),
        recipes=(
            Case("MultiplicativeLR", {"lr_lambda": one}),
            Case("MultiplicativeLR", {"lr_lambda": hand_written}),
            Case("MultiplicativeLR", {"lr_lambda": shrinking}),
            Case("MultiplicativeLR", {"lr_lambda": alternating}),
            Case("MultiplicativeLR", {"lr_lambda": wave}, lr=1e-3),
            Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=100_000),
            Case("MultiplicativeLR", {"lr_lambda": looked_up}, total_steps=10),
            Case("MultiplicativeLR", {"lr_lambda": constant}, total_steps=1000),
            Case("MultiplicativeLR", {"lr_lambda": shrinking}, last_epoch=99),
        ),
        moving=Case("MultiplicativeLR", {"lr_lambda": exponential}),
        wrong="lr",
        million=(
            Case("MultiplicativeLR", {"lr_lambda": shrinking}, total_steps=MILLION),
            Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=MILLION),
        ),
        compiled=(
            Case("MultiplicativeLR", {"lr_lambda": shrinking}),
            Case("MultiplicativeLR", {"lr_lambda": stepped}, total_steps=100_000),
        ),
        drawn={"lr_lambda": [constant, inverse, shrinking, alternating]},
        measured=lambda steps: {
            suffix: Case("MultiplicativeLR", {"lr_lambda": constant if steps < 1000 else shrinking}, total_steps=table)
            for suffix, table in (("", None), (", total_steps", steps))
        },
    ),
    Entry(
        "CyclicLR",
        arguments={"base_lr": 0.1, "max_lr": 0.2},
        refused={
            "base_lr": _NUMBER,
            "max_lr": _NUMBER,
            "step_size_up": ("number", 0, -1, 0.0),
            "step_size_down": ("optional number", -1, -0.5),
            "mode": _MODE,
            "gamma": _NUMBER,
            "scale_fn": ("optional function",),
            "scale_mode": _MODE,
            "cycle_momentum": _FLAG,
            "base_momentum": _NUMBER,
            "max_momentum": _NUMBER,
            "last_epoch": _LAST_EPOCH,
            "total_steps": (*_TABLE_LENGTH, 5),  # without a scale_fn there is nothing to tabulate
        },
        smooth=(
            ({"base_lr": 0.01, "max_lr": 0.1, "gamma": 0.9}, {"step_size_up": 3, "mode": "exp_range"}),
            ({"base_lr": 0.01, "max_lr": 0.1}, {"step_size_up": 3, "step_size_down": 0, "mode": "triangular2"}),
        ),
        recipes=(
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 1}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 30, "step_size_down": 70}),
            Case("CyclicLR", {"base_lr": 0.0, "max_lr": 0.1, "step_size_up": 7, "step_size_down": 3}),
            Case("CyclicLR", {"base_lr": 0.0, "max_lr": 0.1, "step_size_up": 10, "step_size_down": 0}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 2.5, "step_size_down": 3.25}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 200, "mode": "triangular2"}),
            Case(
                "CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 33, "mode": "exp_range", "gamma": 0.9999}
            ),
            Case("CyclicLR", {"base_lr": 0.2, "max_lr": 0.1, "step_size_up": 50, "cycle_momentum": False}),
            Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": damped}),
            Case(
                "CyclicLR",
                {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": sawtooth, "scale_mode": "iterations"},
            ),
            Case(
                "CyclicLR",
                {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": damped_branching},
                total_steps=999,
            ),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 20}, last_epoch=19),
        ),
        moving=Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
        wrong="max_lr",
        million=(
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "triangular2"}),
            Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "exp_range", "gamma": 0.999997}),
        ),
        drawn={
            "base_lr": _SMALL,
            "max_lr": _SMALL,
            "step_size_up": _EPOCHS,
            "step_size_down": [None, Range(0, 150)],
            "mode": ["triangular", "triangular2", "exp_range"],
            "gamma": Range(0.9, 1.0),
            "scale_fn": [None, damped],
            "scale_mode": ["cycle", "iterations"],
            "base_momentum": _SMALL,
            "max_momentum": _SMALL,
        },
        measured=lambda steps: {
            "": Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1}),
            ", triangular2": Case("CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "triangular2"}),
            ", exp_range": Case(
                "CyclicLR", {"base_lr": 1e-3, "max_lr": 0.1, "mode": "exp_range", "gamma": 1 - 3 / steps}
            ),
        },
    ),
    Entry(
        "OneCycleLR",
        arguments={"max_lr": 0.1, "total_steps": 10},
        refused={
            "max_lr": _NUMBER,
            "total_steps": _LENGTH,
            "epochs": ("optional length", 0, -1),
            "steps_per_epoch": ("optional length", 0, -1),
            "pct_start": ("fraction", 1.0, 0.1),  # 0.1 * total_steps = 1: the first phase has no length
            "anneal_strategy": _CHOICE,
            "cycle_momentum": _FLAG,
            "base_momentum": _NUMBER,
            "max_momentum": _NUMBER,
            "div_factor": (*_POSITIVE, -0.0),
            "final_div_factor": _POSITIVE,
            "three_phase": _FLAG,
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(
            ({"max_lr": 0.1, "div_factor": 10.0, "final_div_factor": 50.0}, {"total_steps": 11}),
            (
                {"max_lr": 0.1, "div_factor": 10.0, "final_div_factor": 50.0},
                {"total_steps": 11, "three_phase": True, "anneal_strategy": "linear"},
            ),
        ),
        recipes=(
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
        ),
        moving=Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MOVING}),
        wrong="max_lr",
        million=(Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MILLION}),),
        compiled=(
            Case("OneCycleLR", {"max_lr": 0.1, "total_steps": MILLION, "anneal_strategy": "linear"}),
            Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 10_000, "three_phase": True}),
        ),
        drawn={
            "max_lr": LRS,
            "total_steps": Range(1, 400),
            "pct_start": Range(0.0, 0.99),
            "anneal_strategy": ["cos", "linear"],
            "base_momentum": _SMALL,
            "max_momentum": _SMALL,
            "div_factor": Range(0.5, 100.0),
            "final_div_factor": Range(0.5, 1e4),
            "three_phase": [False, True],
        },
        member={
            "max_lr": LRS,
            "total_steps": Range(250, 400),  # a recipe of 200 steps does not end
            "anneal_strategy": ["cos", "linear"],
            "cycle_momentum": [True, False],
            "base_momentum": _SMALL,
            "div_factor": Range(0.5, 100.0),
            "three_phase": [False, True],
        },
        measured=lambda steps: {"": Case("OneCycleLR", {"max_lr": 0.1, "total_steps": steps})},
        nearest=(
            "cosine_onecycle_schedule",  # torch's last value is at total_steps - 1, Optax's at transition_steps
            lambda s: optax.cosine_onecycle_schedule(s.total_steps - 1, s.max_lr),
        ),
    ),
    Entry(
        "SWALR",
        arguments={"lr": 0.1, "swa_lr": 0.05},
        refused={
            "lr": _LR,
            "swa_lr": _NUMBER,
            "anneal_epochs": ("length", -1),
            "anneal_strategy": _CHOICE,
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(
            ({"lr": 0.1, "swa_lr": 0.04}, {"anneal_epochs": 4}),
            ({"lr": 0.1, "swa_lr": 0.04}, {"anneal_epochs": 4, "anneal_strategy": "linear"}),
        ),
        recipes=(
            Case("SWALR", {"swa_lr": 0.05}),
            Case("SWALR", {"swa_lr": 0.05, "anneal_strategy": "linear"}),
            Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 0}),
            Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 1}),
            Case("SWALR", {"swa_lr": 0.5, "anneal_epochs": 333}),
            Case("SWALR", {"swa_lr": 0.0, "anneal_epochs": 1000, "anneal_strategy": "linear"}),
            Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 100_000}),
            Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 1_000_000, "anneal_strategy": "linear"}, lr=0.8),
            Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 20}, last_epoch=9),
        ),
        moving=Case("SWALR", {"swa_lr": 0.01, "anneal_epochs": MOVING}),
        wrong="swa_lr",
        million=(Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": MILLION}),),
        compiled=(Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": 1000, "anneal_strategy": "linear"}),),
        drawn={"swa_lr": _SMALL, "anneal_epochs": Range(0, 200), "anneal_strategy": ["cos", "linear"]},
        measured=lambda steps: {"": Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": steps})},
        nearest=(
            "cosine_decay_schedule",
            lambda s: optax.cosine_decay_schedule(s.lr, s.anneal_epochs, alpha=s.swa_lr / s.lr),
        ),
    ),
)

_RAMP = Case("LinearRamp", {"total_iters": 40})
_FLOORED = Case("CosineAnnealingLR", {"T_max": 300, "eta_min": 0.01})

# jaxlr's own, which torch carries as a LambdaLR.
OWN: tuple[Entry, ...] = (
    Entry(
        "LinearRamp",
        arguments={"lr": 0.1, "total_iters": 3},
        refused={
            "lr": _LR,
            "total_iters": _DURATION,
            "start_factor": ("number", -0.5),
            "end_factor": ("number", -0.5),
            "last_epoch": _LAST_EPOCH,
        },
        recipes=(Case("LinearRamp", {"total_iters": 552.32, "start_factor": 0.1, "end_factor": 2.5}, last_epoch=9),),
        moving=Case("LinearRamp", {"total_iters": MOVING, "start_factor": 0.01}),
        wrong="start_factor",
        million=(Case("LinearRamp", {"total_iters": MILLION}),),
    ),
    Entry(
        "PolynomialDecay",
        arguments={"lr": 0.1, "total_iters": 3},
        refused={
            "lr": _LR,
            "total_iters": _DURATION,
            "power": ("number", -0.5),
            "eta_min": _NUMBER,
            "last_epoch": _LAST_EPOCH,
        },
        recipes=(Case("PolynomialDecay", {"total_iters": 99.5, "power": 0.9, "eta_min": 0.3}, last_epoch=9),),
        moving=Case("PolynomialDecay", {"total_iters": MOVING, "power": 0.9, "eta_min": 0.01}),
        wrong="eta_min",
        million=(Case("PolynomialDecay", {"total_iters": MILLION, "power": 0.9, "eta_min": 1e-3}),),
    ),
    Entry(
        "InversePower",
        arguments={"lr": 0.1, "timescale": 3},
        refused={
            "lr": _LR,
            "timescale": _DURATION,
            "power": ("number", -0.5),
            "last_epoch": _LAST_EPOCH,
        },
        recipes=(Case("InversePower", {"timescale": 0.5, "power": 1.0}, last_epoch=9),),
        moving=Case("InversePower", {"timescale": 100}),
        wrong="power",
        million=(Case("InversePower", {"timescale": 10_000}),),
    ),
    Entry(
        "Shifted",
        arguments={"schedule": _MEMBERS[0], "by": 3},
        refused={
            "schedule": ("schedule", jaxlr.StepLR(0.1, 3, last_epoch=4), jaxlr.ChainedScheduler(_MEMBERS)),
            "by": ("length", -1),
            "last_epoch": _LAST_EPOCH,
        },
        recipes=(Case("Shifted", {"schedule": Case("OneCycleLR", {"max_lr": 0.3, "total_steps": 400}), "by": 100}),),
        moving=Case("Shifted", {"schedule": Case("CosineAnnealingLR", {"T_max": 2 * MOVING}), "by": 700}),
        wrong="lr",
        compiled=(Case("Shifted", {"schedule": _FLOORED, "by": 50}),),
    ),
    Entry(
        "Product",
        arguments={"lr": 0.1, "schedulers": _MEMBERS},
        refused={
            "lr": ("number", -0.1, 0.2),
            "schedulers": (
                "schedules",
                [jaxlr.OneCycleLR(0.1, 9)],
                [jaxlr.StepLR(0.1, 3, last_epoch=4)],
                [jaxlr.InTurn(_MEMBERS, [2])],
            ),
            "last_epoch": _LAST_EPOCH,
        },
        recipes=(Case("Product", {"schedulers": (_RAMP, _FLOORED, Case("StepLR", {"step_size": 70}))}, last_epoch=9),),
        moving=Case("Product", {"schedulers": (Case("LinearRamp", {"total_iters": MOVING, "start_factor": 0.1}),) * 2}),
        wrong="lr",
        compiled=(Case("Product", {"schedulers": (_RAMP, _FLOORED)}),),
    ),
    Entry(
        "Until",
        arguments={"schedule": _MEMBERS[0], "total_steps": 3},
        refused={"schedule": _SCHEDULE, "total_steps": _LENGTH},
        recipes=(
            Case("Until", {"schedule": Case("OneCycleLR", {"max_lr": 0.3, "total_steps": 400}), "total_steps": 300}),
        ),
        moving=Case("Until", {"schedule": Case("ExponentialLR", {"gamma": 0.999}), "total_steps": MOVING}),
        wrong="lr",
        compiled=(Case("Until", {"schedule": _FLOORED, "total_steps": 10_000}),),
    ),
)

# Those that step others, or that a metric drives, and what a torch scheduler becomes.
OTHERS: tuple[Entry, ...] = (
    Entry(
        "ReduceLROnPlateau",
        arguments={"lr": 0.1},
        refused={
            "lr": _LR,
            "mode": _MODE,
            "factor": ("number", 1.0, 1.5),
            "patience": ("length", -1),
            "threshold": _NUMBER,
            "threshold_mode": ("choice", "min"),
            "cooldown": ("length", -1),
            "min_lr": _NUMBER,
            "eps": _NUMBER,
        },
    ),
    Entry("ChainedScheduler", {"schedulers": _MEMBERS}, {"schedulers": _SCHEDULES}),
    Entry("Together", {"schedulers": _MEMBERS}, {"schedulers": _SCHEDULES}),
    Entry(
        "SequentialLR",
        arguments={"lr": 0.1, "schedulers": _MEMBERS, "milestones": [2]},
        refused={
            "lr": ("number", -0.1, 0.2),
            "schedulers": _SCHEDULES,
            "milestones": ("lengths", [], [1, 2]),
            "last_epoch": _LAST_EPOCH,
        },
    ),
    Entry(
        "InTurn",
        arguments={"schedulers": _MEMBERS, "milestones": [2]},
        refused={"schedulers": _SCHEDULES, "milestones": ("lengths", [], [1, 2])},
    ),
    Entry(
        "OneCycleMomentum",
        arguments={"base_momentum": 0.8, "max_momentum": 0.9, "total_steps": 10},
        refused={
            "base_momentum": _NUMBER,
            "max_momentum": _NUMBER,
            "total_steps": _LENGTH,
            "pct_start": ("fraction", 1.0, 0.1),
            "anneal_strategy": _CHOICE,
            "three_phase": _FLAG,
            "last_epoch": _LAST_EPOCH,
        },
        smooth=(({"base_momentum": 0.8, "max_momentum": 0.9}, {"total_steps": 11}),),
    ),
    Entry(
        "Table",
        arguments={"values": [0.1, 0.2, 0.3]},
        refused={"values": ("numbers",), "momentums": ("optional numbers", [0.9]), "last_epoch": _LAST_EPOCH},
    ),
    Entry(
        "Resumed",
        arguments={"schedule": _MEMBERS[0], "state": 3, "lr": 0.1},
        refused={
            "schedule": ("schedule", jaxlr.StepLR(0.1, 3, last_epoch=4)),
            "state": ("state",),
            "lr": _NUMBER,
            "held_momentum": ("momentum", 0.9),
        },
    ),
    Entry(
        "per_epoch",
        arguments={"schedule": _MEMBERS[0], "steps_per_epoch": 3},
        refused={"schedule": _SCHEDULE, "steps_per_epoch": _LENGTH, "fractional": ("flag", True)},
    ),
    Entry(
        "Momentum",
        arguments={"schedule": jaxlr.ChainedScheduler([jaxlr.CyclicLR(0.1, 0.2)])},
        refused={"schedule": ("schedule", _MEMBERS[0])},
    ),
    Entry("Stateful", {"schedule": _MEMBERS[0]}, {"schedule": _SCHEDULE}),
)

ENTRIES: tuple[Entry, ...] = (*COUNT_DRIVEN, *OWN, *OTHERS)
CASES: tuple[Case, ...] = (*TUTORIALS, *VISUAL_GUIDE, *(case for entry in COUNT_DRIVEN for case in entry.recipes))


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
    # timm's, whose cosine counts on under its warm-up, and all the others that torch lacks
    _sequential(
        [40, 200, 250, 290],
        _RAMP,
        Case("Shifted", {"schedule": _FLOORED, "by": 40}),
        Case("Product", {"schedulers": (_RAMP, _STEP)}),
        Case("InversePower", {"timescale": 40}),
        Case("PolynomialDecay", {"total_iters": 100, "eta_min": 0.02}),
    ),
    _chained(Case("InversePower", {"timescale": 30}), _STEP),
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

RECIPES: tuple[Case, ...] = (*CASES, *(case for entry in OWN for case in entry.recipes), *COMPOSITES)

PICTURED: tuple[Case, ...] = (
    *VISUAL_GUIDE,
    _sequential([8], _WARMUP, Case("CosineAnnealingLR", {"T_max": 24}), lr=1e-3),
    _chained(_CONSTANT, Case("ExponentialLR", {"gamma": 0.9}), lr=1e-3),
    _plateau(36, lr=1e-3, patience=3, factor=0.5),
)
