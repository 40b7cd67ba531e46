"""Planted differences, and pairs without any, that the diagnosis is tuned on."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CyclicLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)

import jaxlr
from parity.corpus.pair import (
    HELD,
    SCALE,
    SHIFT,
    STRETCH,
    WARPS,
    Pair,
    differs,
    early,
    either,
    family,
    faster,
    held,
    lambda_lr,
    late,
    number,
    on_sgd,
    only_has,
    scaled,
    slower,
)
from parity.corpus.recipes import BOTTOM, plateau, restarts, torch_curve

T = "T|T_max|T_0"
WARMUP = "warm-up length|total_iters|milestones?"


def hf_cosine(warmup: int, total: int) -> Callable[[int], float]:
    """The factor of transformers' get_cosine_schedule_with_warmup."""

    def factor(step: int) -> float:
        if step < warmup:
            return step / max(1, warmup)
        return max(0.0, 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))))

    return factor


def hf_linear(warmup: int, total: int) -> Callable[[int], float]:
    """The factor of transformers' get_linear_schedule_with_warmup."""

    def factor(step: int) -> float:
        if step < warmup:
            return step / max(1, warmup)
        return max(0.0, (total - step) / max(1, total - warmup))

    return factor


def warmup_cosine(lr: float, warmup: int, T: int, *, counted_from: int | None = None) -> Callable[[Any], jax.Array]:
    """What people write in JAX: a linear warm-up, then a cosine of length T, counted from the warm-up's end or not."""
    begin = warmup if counted_from is None else counted_from

    def schedule(count: Any) -> jax.Array:
        progress = jnp.clip((count - begin) / T, 0.0, 1.0)
        return jnp.where(count < warmup, lr * count / warmup, 0.5 * lr * (1 + jnp.cos(jnp.pi * progress)))

    return schedule


def warmup_linear(lr: float, warmup: int, total: int, end: float = 0.0) -> Callable[[Any], jax.Array]:
    """Likewise a linear warm-up, then a linear decay."""

    def schedule(count: Any) -> jax.Array:
        left = jnp.clip((total - count) / (total - warmup), 0.0, 1.0)
        return jnp.where(count < warmup, lr * count / warmup, end + (lr - end) * left)

    return schedule


def torch_warmup_cosine(lr: float, warmup: int, T: int, eta_min: float = 0.0) -> Callable[[], Any]:
    """The recipe of torchvision's references: LinearLR from a hundredth, then CosineAnnealingLR."""

    def build(optimizer: Any) -> Any:
        first = LinearLR(optimizer, start_factor=0.01, total_iters=warmup)
        return SequentialLR(optimizer, [first, CosineAnnealingLR(optimizer, T, eta_min)], milestones=[warmup])

    return on_sgd(lr, build)


def cosine(lr: float, T: int, eta_min: float = 0.0) -> Callable[[], Any]:
    return on_sgd(lr, lambda optimizer: CosineAnnealingLR(optimizer, T_max=T, eta_min=eta_min))


def multistep(lr: float, milestones: list[int], gamma: float = 0.1) -> Callable[[], Any]:
    return on_sgd(lr, lambda optimizer: MultiStepLR(optimizer, milestones, gamma))


def one_cycle(**arguments: Any) -> Callable[[], Any]:
    return on_sgd(0.1, lambda optimizer: OneCycleLR(optimizer, **arguments))


def piecewise(lr: float, gamma: float, milestones: list[int]) -> Any:
    return optax.piecewise_constant_schedule(lr, dict.fromkeys(milestones, gamma))


def validation_loss(steps: int, *, start: float, end: float, rate: float, noise: float, seed: int) -> list[float]:
    """A noisy loss that falls exponentially."""
    random = np.random.default_rng(seed)
    loss = end + (start - end) * np.exp(-np.arange(steps) / rate) + random.normal(0, noise, steps)
    return [float(value) for value in loss]


def cut_at_patience(losses: list[float], lr: float, factor: float, patience: int, threshold: float) -> list[float]:
    """A plateau written by hand, as people remember it: it cuts when the bad epochs reach the patience."""
    best, bad, rates = math.inf, 0, [lr]
    for loss in losses:
        if loss < best * (1 - threshold):
            best, bad = loss, 0
        else:
            bad += 1
        if bad >= patience:
            lr, bad = lr * factor if lr - lr * factor > 1e-8 else lr, 0
        rates.append(lr)
    return rates


def improved_by(losses: list[float], lr: float, factor: float, patience: int, threshold: float) -> list[float]:
    """A plateau written by hand whose threshold is a difference, not a share."""
    best, bad, rates = math.inf, 0, [lr]
    for loss in losses:
        if loss < best - threshold:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            lr, bad = lr * factor if lr - lr * factor > 1e-8 else lr, 0
        rates.append(lr)
    return rates


LOSS = validation_loss(600, start=2.3, end=0.4, rate=60, noise=0.02, seed=0)
LONG_LOSS = validation_loss(1_500, start=9.0, end=2.0, rate=300, noise=0.05, seed=1)

SHIFTS = (
    Pair(
        "cosine of Optax read one count late",
        "shift",
        cosine(0.1, 10_000),
        lambda: lambda count: optax.cosine_decay_schedule(0.1, 10_000)(jnp.maximum(count - 1, 0)),
        steps=10_000,
        must=(late(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "warm-up and linear decay, the step counter raised before it is read",
        "shift",
        lambda_lr(5e-5, hf_linear(500, 10_000)),
        lambda: lambda count: warmup_linear(5e-5, 500, 10_000)(count + 1),
        steps=9_000,
        must=(early(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        # of drops alone a shift is as true as other milestones
        "drops two counts late",
        "shift",
        multistep(0.1, [3_000, 6_000]),
        lambda: piecewise(0.1, 0.1, [3_002, 6_002]),
        steps=9_000,
        must=(either(late(2), differs("milestones?", 3_002, 3_000)),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "restarts, resumed 700 counts too far",
        "shift",
        restarts(0.05, 1_000, 2),
        lambda: lambda count: jaxlr.CosineAnnealingWarmRestarts(0.05, 1_000, 2)(count + 700),
        steps=7_000,
        must=(early(700),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "a recipe with a warm-up that starts after a first phase at its start value",
        "shift",
        torch_warmup_cosine(0.4, 600, 11_400),
        lambda: optax.join_schedules(
            [optax.constant_schedule(0.004), optax.warmup_cosine_decay_schedule(0.004, 0.4, 600, 12_000)], [600]
        ),
        steps=12_000,
        must=(late(600),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

SCALES = (
    Pair(
        "twice the learning rate of a warm-up and cosine",
        "scale",
        lambda_lr(3e-4, hf_cosine(1_000, 20_000)),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 6e-4, 1_000, 20_000),
        steps=20_000,
        must=(scaled(2),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "drops at an eighth of the learning rate",
        "scale",
        multistep(0.1, [2_000, 5_000]),
        lambda: jaxlr.MultiStepLR(0.0125, milestones=[2_000, 5_000]),
        steps=6_000,
        must=(either(scaled(0.125), differs("lr", 0.0125, 0.1)),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "0.1015 where 0.1 was meant",
        "scale",
        cosine(0.1, 5_000),
        lambda: optax.cosine_decay_schedule(0.1015, 5_000),
        steps=5_000,
        must=(either(scaled(1.015), differs("lr|top", 0.1015, 0.1)),),
        must_not=(SHIFT, STRETCH, HELD, "rounding", "float32"),
    ),
)

SHIFTS_AND_SCALES = (
    Pair(
        "one late at half the learning rate",
        "shift and scale",
        torch_warmup_cosine(0.2, 500, 9_500),
        lambda: (
            lambda count: 0.5 * optax.warmup_cosine_decay_schedule(0.002, 0.2, 500, 10_000)(jnp.maximum(count - 1, 0))
        ),
        steps=10_000,
        must=(late(1), scaled(0.5)),
        must_not=(STRETCH, HELD),
    ),
    Pair(
        "polynomial one early at ten times the learning rate",
        "shift and scale",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=20_000, power=0.9)),
        lambda: lambda count: optax.polynomial_schedule(0.1, 0.0, 0.9, 20_000)(count + 1),
        steps=15_000,
        must=(early(1), scaled(10)),
        must_not=(STRETCH, HELD),
    ),
    Pair(
        "restarts 250 late at 1.6 times the learning rate",
        "shift and scale",
        restarts(0.05, 1_000, 2),
        lambda: lambda count: 1.6 * jaxlr.CosineAnnealingWarmRestarts(0.05, 1_000, 2)(jnp.maximum(count - 250, 0)),
        steps=7_000,
        must=(late(250), scaled(1.6)),
        must_not=(STRETCH, HELD),
    ),
)

STRETCHES = (
    Pair(
        "the length in micro-batches where torch counts updates",
        "stretch",
        lambda_lr(1e-3, hf_cosine(250, 5_000)),
        lambda: warmup_cosine(1e-3, 1_000, 19_000),
        steps=20_000,
        must=(slower(4),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "epochs for steps",
        "stretch",
        lambda_lr(0.1, hf_cosine(5 * 391, 90 * 391)),
        lambda: warmup_cosine(0.1, 5, 85),
        steps=90 * 391,
        must=(faster(391),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        # of drops alone a stretch is as true as other milestones
        "drops twice as early, on two devices",
        "stretch",
        multistep(0.1, [4_000, 8_000, 11_000], 0.2),
        lambda: piecewise(0.1, 0.2, [2_000, 4_000, 5_500]),
        steps=12_000,
        must=(either(faster(2), differs("milestones?", 2_000, 4_000)),),
        must_not=(SHIFT, SCALE),
    ),
)

HOLDS = (
    Pair(
        "cosine stepped once an epoch of 390",
        "held",
        cosine(0.1, 30 * 390),
        lambda: jaxlr.per_epoch(jaxlr.CosineAnnealingLR(0.1, T_max=30), 390),
        steps=30 * 390,
        must=(held(390),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "torch stepped once an epoch of 500, the other side at every count",
        "held",
        lambda_lr(0.05, lambda count: 0.5 * (1 + math.cos(math.pi * (count // 500) / 20))),
        lambda: optax.cosine_decay_schedule(0.05, 10_000),
        steps=10_000,
        must=(held(500),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "exponential in stairs of 100",
        "held",
        on_sgd(0.1, lambda optimizer: ExponentialLR(optimizer, 0.999)),
        lambda: optax.exponential_decay(0.1, 100, 0.999**100, staircase=True),
        steps=3_000,
        must=(held(100),),
        must_not=(SHIFT, SCALE),
    ),
)

OFFSETS = (
    Pair(
        "cosine counted from 0 beside a warm-up, to the same end",
        "offset",
        torch_warmup_cosine(0.1, 500, 9_500),
        lambda: (
            lambda count: jnp.where(
                count < 500, 0.001 + 0.099 * count / 500, 0.05 * (1 + jnp.cos(jnp.pi * count / 10_000))
            )
        ),
        steps=10_000,
        must=(differs(T, 10_000, 9_500), differs("counted from", 0, 500)),
        must_not=WARPS,
    ),
    Pair(
        "cosine counted from the warm-up's end where torch counts from 0",
        "offset",
        lambda_lr(0.1, lambda t: t / 1_000 if t < 1_000 else 0.5 * (1 + math.cos(math.pi * t / 30_000))),
        lambda: warmup_cosine(0.1, 1_000, 30_000),
        steps=30_000,
        must=(differs("counted from", 1_000, 0),),
        must_not=(SCALE, STRETCH, HELD, differs(T, 29_000, 30_000)),
    ),
    Pair(
        "drops every 1,000 counted from 0 beside a warm-up of 300",
        "offset",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer, [LinearLR(optimizer, 0.1, total_iters=300), StepLR(optimizer, 1_000, 0.5)], milestones=[300]
            ),
        ),
        lambda: lambda count: jnp.where(count < 300, 0.01 + 0.09 * count / 300, 0.1 * 0.5 ** (count // 1_000)),
        steps=5_000,
        must=(either(differs("counted from", 0, 300), differs("milestones?", 1_000, 1_300)),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

LENGTHS = (
    Pair(
        "T_max one short",
        "T",
        cosine(0.1, 1_000),
        lambda: jaxlr.CosineAnnealingLR(0.1, T_max=999),
        steps=1_000,
        must=(differs("T_max|T", 999, 1_000),),
        must_not=(SHIFT, SCALE, HELD, "rounding"),
    ),
    Pair(
        # a cosine alone of another length is as truly one that runs faster
        "9,990 where 10,000 was meant",
        "T",
        cosine(0.1, 10_000),
        lambda: optax.cosine_decay_schedule(0.1, 9_990),
        steps=10_000,
        must=(either(differs(T, 9_990, 10_000), faster("1000/999")),),
        must_not=(SHIFT, SCALE, HELD, "rounding", "float32"),
    ),
    Pair(
        "the warm-up taken off the length twice",
        "T",
        torch_warmup_cosine(0.1, 500, 9_500),
        lambda: optax.warmup_cosine_decay_schedule(0.001, 0.1, 500, 9_500),
        steps=9_500,
        must=(differs(T, 9_000, 9_500),),
        must_not=WARPS,
    ),
)

WARMUPS = (
    Pair(
        "600 where 500 was meant, to the same end",
        "warm-up length",
        lambda_lr(2e-5, hf_linear(500, 10_000)),
        lambda: warmup_linear(2e-5, 600, 10_000),
        steps=10_000,
        must=(differs(WARMUP, 600, 500),),
        must_not=WARPS,
    ),
    Pair(
        # of a warm-up alone it is as true that it runs at half the speed
        "a warm-up alone, twice as long",
        "warm-up length",
        on_sgd(3e-4, lambda optimizer: LinearLR(optimizer, start_factor=0.001, total_iters=1_000)),
        lambda: optax.linear_schedule(3e-7, 3e-4, 2_000),
        steps=5_000,
        must=(either(differs(WARMUP, 2_000, 1_000), slower(2)),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "100 for 1,000 before drops at fixed counts",
        "warm-up length",
        lambda_lr(0.1, lambda t: min(1.0, t / 1_000) * 0.1 ** ((t >= 8_000) + (t >= 12_000))),
        lambda: lambda count: piecewise(0.1, 0.1, [8_000, 12_000])(count) * jnp.minimum(1.0, count / 100),
        steps=15_000,
        must=(differs(WARMUP, 100, 1_000),),
        must_not=WARPS,
    ),
)

MILESTONES = (
    Pair(
        "the second drop one late",
        "milestone",
        multistep(0.1, [3_000, 6_000]),
        lambda: jaxlr.MultiStepLR(0.1, milestones=[3_000, 6_001]),
        steps=9_000,
        must=(differs("milestones?", 6_001, 6_000),),
        must_not=WARPS,
    ),
    Pair(
        "the third drop at 20,000 where 24,000 was meant",
        "milestone",
        multistep(0.05, [8_000, 15_000, 24_000], 0.3),
        lambda: piecewise(0.05, 0.3, [8_000, 15_000, 20_000]),
        steps=30_000,
        must=(differs("milestones?", 20_000, 24_000),),
        must_not=WARPS,
    ),
    Pair(
        # of one drop a shift is as true, and that it is stepped once in as many counts
        "one drop, at count > 2,000 for >=",
        "milestone",
        on_sgd(1e-3, lambda optimizer: StepLR(optimizer, 2_000, 0.1)),
        lambda: lambda count: jnp.where(count > 2_000, 1e-4, 1e-3),
        steps=3_500,
        must=(either(differs("milestones?|step_size", 2_001, 2_000), late(1)),),
        must_not=(SCALE,),
    ),
)

GAMMAS = (
    Pair(
        "0.9501 where 0.95 was meant",
        "gamma",
        on_sgd(0.1, lambda optimizer: ExponentialLR(optimizer, 0.95)),
        lambda: optax.exponential_decay(0.1, 1, 0.9501),
        steps=500,
        must=(differs("gamma", 0.9501, 0.95),),
        must_not=(*WARPS, "rounding", "float32"),
    ),
    Pair(
        "drops to a fifth where a tenth was meant",
        "gamma",
        multistep(0.1, [2_000, 4_000]),
        lambda: jaxlr.MultiStepLR(0.1, milestones=[2_000, 4_000], gamma=0.2),
        steps=6_000,
        must=(differs("gamma", 0.2, 0.1),),
        must_not=WARPS,
    ),
    Pair(
        "0.7 for 0.5 every 1,000",
        "gamma",
        on_sgd(0.02, lambda optimizer: StepLR(optimizer, 1_000, 0.5)),
        lambda: lambda count: 0.02 * 0.7 ** (count // 1_000),
        steps=7_000,
        must=(differs("gamma", 0.7, 0.5),),
        must_not=WARPS,
    ),
)

END_VALUES = (
    Pair(
        "eta_min",
        "end value",
        cosine(1e-3, 8_000),
        lambda: jaxlr.CosineAnnealingLR(1e-3, T_max=8_000, eta_min=1e-5),
        steps=8_000,
        must=(differs(BOTTOM, 1e-5, 0.0),),
        must_not=WARPS,
    ),
    Pair(
        "linear decay to a tenth after a warm-up",
        "end value",
        lambda_lr(5e-5, hf_linear(1_000, 10_000)),
        lambda: warmup_linear(5e-5, 1_000, 10_000, end=5e-6),
        steps=10_001,
        must=(differs(BOTTOM, 5e-6, 0.0),),
        must_not=WARPS,
    ),
    Pair(
        "the last factor of a OneCycleLR",
        "end value",
        one_cycle(max_lr=0.1, total_steps=6_000),
        lambda: jaxlr.OneCycleLR(0.1, total_steps=6_000, final_div_factor=10),
        steps=6_000,
        must=(either(differs("final_div_factor", 10, 10_000.0), differs(BOTTOM, 0.0004, 4e-7)),),
        must_not=WARPS,
    ),
)

POWERS = (
    Pair(
        "linear for power 0.9",
        "power",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=10_000, power=0.9)),
        lambda: lambda count: 0.01 * (1 - jnp.minimum(count, 10_000) / 10_000),
        steps=10_000,
        must=(either(differs("power", 1.0, 0.9), family("linear", r"\S+,? power[ =]0\.9"), family("linear", "power")),),
        must_not=WARPS,
    ),
    Pair(
        "power 2 for linear",
        "power",
        on_sgd(0.1, lambda optimizer: PolynomialLR(optimizer, total_iters=5_000, power=1.0)),
        lambda: optax.polynomial_schedule(0.1, 0.0, 2, 5_000),
        steps=5_000,
        must=(either(differs("power", 2, 1), family("quadratic", "linear")),),
        must_not=WARPS,
    ),
    Pair(
        "power 0.8 for 0.9",
        "power",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=20_000, power=0.9)),
        lambda: optax.polynomial_schedule(0.01, 0.0, 0.8, 20_000),
        steps=20_000,
        must=(differs("power", 0.8, 0.9),),
        must_not=WARPS,
    ),
)

RATIOS = (
    Pair(
        # a cosine alone of another length is as truly one that runs faster
        "30 epochs of 390 batches for 391",
        "ratio",
        cosine(0.1, 30 * 391),
        lambda: optax.cosine_decay_schedule(0.1, 30 * 390),
        steps=30 * 390,
        must=(either(differs(T, 11_700, 11_730), faster("391/390")), "39[01]/39[01]"),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "5 and 55 epochs of 391 batches for 390",
        "ratio",
        lambda_lr(0.1, hf_cosine(5 * 390, 60 * 390)),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 0.1, 5 * 391, 60 * 391),
        steps=60 * 390,
        must=(either(slower("391/390"), faster("390/391")),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        # of drops alone other milestones are as true, and that torch is stepped once in 782 counts
        "drops after 10, 20 and 25 epochs of 781 batches for 782",
        "ratio",
        multistep(0.1, [10 * 782, 20 * 782, 25 * 782]),
        lambda: jaxlr.MultiStepLR(0.1, milestones=[10 * 781, 20 * 781, 25 * 781]),
        steps=25_000,
        must=(either(faster("782/781"), differs("milestones?", 7_810, 7_820)),),
        must_not=(SHIFT, SCALE),
    ),
)

FAMILIES = (
    Pair(
        "linear for cosine after a warm-up",
        "family",
        lambda_lr(1e-4, hf_cosine(500, 10_000)),
        lambda: warmup_linear(1e-4, 500, 10_000),
        steps=10_000,
        must=(family("linear", "cosine"),),
        must_not=WARPS,
    ),
    Pair(
        "exponential for cosine, from 0.1 to 0.001",
        "family",
        cosine(0.1, 10_000, eta_min=0.001),
        lambda: optax.exponential_decay(0.1, 10_000, 0.01),
        steps=10_000,
        must=(family("exponential", "cosine"),),
        must_not=WARPS,
    ),
    Pair(
        "linear phases of a OneCycleLR",
        "family",
        one_cycle(max_lr=0.1, total_steps=4_000),
        lambda: jaxlr.OneCycleLR(0.1, total_steps=4_000, anneal_strategy="linear"),
        steps=4_000,
        must=(either(differs("anneal_strategy", "linear", "cos"), family("linear", "cosine")),),
        must_not=WARPS,
    ),
)

PHASES = (
    Pair(
        "no warm-up before drops at the same counts",
        "phase",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.01, total_iters=500), MultiStepLR(optimizer, [2_500, 5_500])],
                milestones=[500],
            ),
        ),
        lambda: piecewise(0.1, 0.1, [3_000, 6_000]),
        steps=8_000,
        must=(either(only_has(0, 499, "linear"), family("constant", "linear")),),
        must_not=WARPS,
    ),
    Pair(
        "no decay at the end",
        "phase",
        lambda_lr(3e-4, lambda t: min(1.0, t / 500) * min(1.0, (10_000 - t) / 2_000)),
        lambda: lambda count: 3e-4 * jnp.minimum(1.0, count / 500),
        steps=10_000,
        must=(
            either(only_has(8_000, 9_999, "linear"), only_has(8_001, 9_999, "linear"), family("constant", "linear")),
        ),
        must_not=WARPS,
    ),
    Pair(
        "a warm-up laid over a cosine that has none",
        "phase",
        cosine(0.1, 12_000),
        lambda: lambda count: jnp.where(count < 200, 0.1 * count / 200, 0.05 * (1 + jnp.cos(jnp.pi * count / 12_000))),
        steps=12_000,
        must=(either(only_has(0, 199, "linear"), family("linear", "cosine")), number(199)),
        must_not=WARPS,
    ),
)

MOMENTA = (
    Pair(
        "momentum of a OneCycleLR left alone",
        "momentum",
        one_cycle(max_lr=0.1, total_steps=5_000),
        lambda: jaxlr.OneCycleLR(0.1, total_steps=5_000, cycle_momentum=False),
        steps=5_000,
        must=("momentum is not cycled", r"cycles 0\.85\.\.0\.95"),
        must_not=WARPS,
    ),
    Pair(
        "momentum of a CyclicLR left alone",
        "momentum",
        on_sgd(0.1, lambda optimizer: CyclicLR(optimizer, 0.001, 0.1, step_size_up=500)),
        lambda: jaxlr.CyclicLR(0.001, 0.1, step_size_up=500, cycle_momentum=False),
        steps=4_000,
        must=("momentum is not cycled", r"cycles 0\.80?\.\.0\.90?"),
        must_not=WARPS,
    ),
    Pair(
        "the lowest momentum of a OneCycleLR",
        "momentum",
        one_cycle(max_lr=0.05, total_steps=3_000),
        lambda: jaxlr.OneCycleLR(0.05, total_steps=3_000, base_momentum=0.8),
        steps=3_000,
        must=("momentum", differs("base_momentum|bottom|start value|end value", 0.8, 0.85)),
        must_not=("not cycled", *WARPS),
    ),
)

PATIENCE = (
    Pair(
        "patience 9 for 10",
        "patience",
        plateau(0.1, patience=10),
        lambda: jaxlr.ReduceLROnPlateau(0.1, patience=9),
        steps=600,
        metrics=LOSS,
        must=(differs("patience", 9, 10),),
        must_not=("threshold",),
    ),
    Pair(
        "a plateau written by hand that cuts at the patience",
        "patience",
        plateau(1e-3, factor=0.5, patience=5, threshold=1e-3),
        lambda: np.array(cut_at_patience(LONG_LOSS, 1e-3, 0.5, 5, 1e-3)[:1_500]),
        steps=1_500,
        metrics=LONG_LOSS,
        must=(differs("patience", 4, 5),),
        must_not=("threshold",),
    ),
    Pair(
        "patience 20 for 5",
        "patience",
        plateau(0.01, factor=0.2, patience=5, threshold=1e-2),
        lambda: jaxlr.ReduceLROnPlateau(0.01, factor=0.2, patience=20, threshold=1e-2),
        steps=1_500,
        metrics=LONG_LOSS,
        must=(differs("patience", 20, 5),),
        must_not=("threshold",),
    ),
)

THRESHOLDS = (
    Pair(
        "an absolute threshold on a loss from 9 to 2",
        "threshold",
        plateau(0.1, factor=0.5, patience=8, threshold=2e-2),
        lambda: jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=8, threshold=2e-2, threshold_mode="abs"),
        steps=1_500,
        metrics=LONG_LOSS,
        must=(differs("threshold_mode", "abs", "rel"),),
        must_not=("patience",),
    ),
    Pair(
        "a plateau written by hand whose threshold is a difference",
        "threshold",
        plateau(0.02, factor=0.3, patience=4, threshold=1e-2),
        lambda: np.array(improved_by(LOSS, 0.02, 0.3, 4, 1e-2)[:600]),
        steps=600,
        metrics=LOSS,
        must=(differs("threshold_mode", "abs", "rel"),),
        must_not=("patience",),
    ),
    Pair(
        "a relative threshold where torch has an absolute one",
        "threshold",
        plateau(0.05, patience=10, threshold=1e-2, threshold_mode="abs"),
        lambda: jaxlr.ReduceLROnPlateau(0.05, patience=10, threshold=1e-2),
        steps=1_500,
        metrics=LONG_LOSS,
        must=(differs("threshold_mode", "rel", "abs"),),
        must_not=("patience",),
    ),
)

T_MULTS = (
    Pair(
        "T_mult 1 for 2",
        "T_mult",
        restarts(0.1, 1_000, 2),
        lambda: jaxlr.CosineAnnealingWarmRestarts(0.1, 1_000),
        steps=7_000,
        must=(differs("T_mult", 1, 2),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "T_mult 3 for 2",
        "T_mult",
        restarts(1e-3, 500, 2, eta_min=1e-5),
        lambda: jaxlr.CosineAnnealingWarmRestarts(1e-3, 500, T_mult=3, eta_min=1e-5),
        steps=6_500,
        must=(differs("T_mult", 3, 2),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "cycles of one length written by hand",
        "T_mult",
        restarts(0.05, 2_000, 2),
        lambda: lambda count: 0.025 * (1 + jnp.cos(jnp.pi * (count % 2_000) / 2_000)),
        steps=14_000,
        must=(differs("T_mult", 1, 2),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

RESTARTS = (
    Pair(
        "a cosine that goes up again where torch restarts",
        "restarts",
        restarts(0.1, 2_000),
        lambda: lambda count: 0.05 * (1 + jnp.cos(jnp.pi * count / 2_000)),
        steps=8_000,
        must=(either(differs("counted from", 0, 2_000), only_has(2_000, 3_999, "cosine"), "CosineAnnealingLR where"),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "a cosine that ends where torch restarts",
        "restarts",
        restarts(3e-4, 3_000),
        lambda: optax.cosine_decay_schedule(3e-4, 3_000),
        steps=9_000,
        must=(either(only_has(3_000, 5_999, "cosine"), family("constant", "cosine")),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "the second of two cosines counted on from the first",
        "restarts",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer,
                [CosineAnnealingLR(optimizer, 4_000), CosineAnnealingLR(optimizer, 6_000)],
                milestones=[4_000],
            ),
        ),
        lambda: lambda count: 0.05 * (1 + jnp.cos(jnp.pi * count / jnp.where(count < 4_000, 4_000, 6_000))),
        steps=10_000,
        must=(differs("counted from", 0, 4_000),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

ACCUMULATION = (
    Pair(
        # its count t is torch's 8t: it is eight times as fast, and torch held
        "torch steps once in 8 micro-batches, the other side at each with the length in updates",
        "accumulation",
        lambda_lr(1e-3, lambda count: hf_cosine(100, 1_000)(count // 8)),
        lambda: warmup_cosine(1e-3, 100, 900),
        steps=8_000,
        must=(either(held(8), faster(8)),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "torch steps once in 4 micro-batches, the other side at each with the length in micro-batches",
        "accumulation",
        lambda_lr(2e-4, lambda count: hf_linear(200, 2_500)(count // 4)),
        lambda: warmup_linear(2e-4, 800, 10_000),
        steps=10_000,
        must=(held(4),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "the length not divided by 16 micro-batches",
        "accumulation",
        torch_warmup_cosine(1e-3, 60, 940),
        lambda: optax.warmup_cosine_decay_schedule(1e-5, 1e-3, 960, 16_000),
        steps=16_000,
        # past its end torch's cosine goes up again, so of the counts beyond 1,000 only the first 1,000 are a stretch
        must=(either(slower(16), differs(T, 15_040, 940)),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

TWO = (
    Pair(
        "T_max one short and eta_min",
        "two causes",
        cosine(0.1, 3_000),
        lambda: jaxlr.CosineAnnealingLR(0.1, T_max=2_999, eta_min=1e-4),
        steps=3_000,
        must=(differs("T_max|T", 2_999, 3_000), differs(BOTTOM, 1e-4, 0.0)),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "another warm-up length and linear for cosine",
        "two causes",
        lambda_lr(1e-4, hf_cosine(1_000, 15_000)),
        lambda: warmup_linear(1e-4, 800, 15_000),
        steps=15_000,
        must=(differs(WARMUP, 800, 1_000), family("linear", "cosine")),
        must_not=WARPS,
    ),
    Pair(
        "a milestone and gamma",
        "two causes",
        multistep(0.1, [4_000, 7_000], 0.1),
        lambda: piecewise(0.1, 0.2, [4_000, 7_500]),
        steps=9_000,
        must=(differs("milestones?", 7_500, 7_000), differs("gamma", 0.2, 0.1)),
        must_not=WARPS,
    ),
)

NANS = (
    Pair(
        "a fraction to a power past its end",
        "nan",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=8_192, power=0.9)),
        lambda: lambda count: 0.01 * (1 - count / 8_192) ** 0.9,
        steps=9_000,
        must=(rf"NaN from count {number(8_193)}",),
        must_not=WARPS,
    ),
)


def edited(values: np.ndarray, counts: slice, factor: float) -> np.ndarray:
    values[counts] *= factor
    return values


def noisy(values: np.ndarray, share: float, seed: int) -> np.ndarray:
    return values * (1 + share * np.random.default_rng(seed).standard_normal(len(values)))


# What a curve that no cause explains may be told: nothing, or the very counts.
TRAPS = (
    Pair(
        "a random curve",
        "trap",
        cosine(0.1, 2_000),
        lambda: np.random.default_rng(3).uniform(0, 0.1, 2_000),
        steps=2_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "one value edited",
        "trap",
        cosine(0.1, 10_000),
        lambda: edited(torch_curve(cosine(0.1, 10_000), 10_000), slice(4_321, 4_322), 1.5),
        steps=10_000,
        must=(either("none found", number(4_321)),),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "one per cent of noise",
        "trap",
        torch_warmup_cosine(0.1, 500, 4_500),
        lambda: noisy(torch_curve(torch_warmup_cosine(0.1, 500, 4_500), 5_000), 0.01, seed=4),
        steps=5_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "a hundred values of a constant phase edited",
        "trap",
        multistep(0.1, [3_000, 6_000]),
        lambda: edited(torch_curve(multistep(0.1, [3_000, 6_000]), 8_000), slice(1_200, 1_300), 0.9),
        steps=8_000,
        must=(either("none found", number(1_200)),),
        must_not=(*WARPS, "rounding"),
    ),
)

CONTROLS = (
    Pair(
        "jaxlr's own CosineAnnealingLR",
        "control",
        cosine(0.1, 5_000, eta_min=1e-4),
        lambda: jaxlr.CosineAnnealingLR(0.1, T_max=5_000, eta_min=1e-4),
        steps=12_000,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own OneCycleLR, momentum too",
        "control",
        one_cycle(max_lr=0.1, total_steps=3_000),
        lambda: jaxlr.OneCycleLR(0.1, total_steps=3_000),
        steps=3_000,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own plateau",
        "control",
        plateau(0.1, patience=5),
        lambda: jaxlr.ReduceLROnPlateau(0.1, patience=5),
        steps=600,
        metrics=LOSS,
        verdict="equal",
    ),
    Pair(
        "another torch scheduler of the same values",
        "control",
        multistep(0.1, [3_000, 6_000], 0.5),
        on_sgd(0.1, lambda optimizer: StepLR(optimizer, 3_000, 0.5)),
        steps=9_000,
        verdict="equal",
    ),
    Pair(
        "an array of torch's values",
        "control",
        torch_warmup_cosine(0.1, 500, 9_500),
        lambda: torch_curve(torch_warmup_cosine(0.1, 500, 9_500), 10_000),
        steps=10_000,
        verdict="equal",
    ),
    Pair(
        "a cosine written by hand in float32",
        "control",
        cosine(0.1, 10_000),
        lambda: lambda count: 0.05 * (1 + jnp.cos(jnp.pi * count / 10_000)),
        steps=10_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Optax's warm-up and cosine",
        "control",
        lambda_lr(3e-4, hf_cosine(1_000, 20_000)),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 3e-4, 1_000, 20_000),
        steps=20_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Optax's exponential, 1.3 % off by rounding at its end",
        "control",
        on_sgd(0.1, lambda optimizer: ExponentialLR(optimizer, 0.999)),
        lambda: optax.exponential_decay(0.1, 1, 0.999),
        steps=30_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Optax's polynomial",
        "control",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=10_000, power=0.9)),
        lambda: optax.polynomial_schedule(0.01, 0.0, 0.9, 10_000),
        steps=10_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a linear warm-up and decay written by hand in float32",
        "control",
        lambda_lr(5e-5, hf_linear(500, 10_000)),
        lambda: warmup_linear(5e-5, 500, 10_000),
        steps=10_500,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Optax's drops",
        "control",
        multistep(0.1, [3_000, 6_000]),
        lambda: piecewise(0.1, 0.1, [3_000, 6_000]),
        steps=9_000,
        verdict="equal",
    ),
    Pair(
        "restarts written by hand in float32",
        "control",
        restarts(0.05, 2_000, 1, eta_min=1e-4),
        lambda: lambda count: 1e-4 + 0.5 * (0.05 - 1e-4) * (1 + jnp.cos(jnp.pi * (count % 2_000) / 2_000)),
        steps=8_000,
        verdict="equal in float32 arithmetic",
    ),
)

PAIRS: tuple[Pair, ...] = (
    *SHIFTS,
    *SCALES,
    *SHIFTS_AND_SCALES,
    *STRETCHES,
    *HOLDS,
    *OFFSETS,
    *LENGTHS,
    *WARMUPS,
    *MILESTONES,
    *GAMMAS,
    *END_VALUES,
    *POWERS,
    *RATIOS,
    *FAMILIES,
    *PHASES,
    *MOMENTA,
    *PATIENCE,
    *THRESHOLDS,
    *T_MULTS,
    *RESTARTS,
    *ACCUMULATION,
    *TWO,
    *NANS,
    *TRAPS,
    *CONTROLS,
)
