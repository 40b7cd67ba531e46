"""Planted differences, and pairs without any, that were held out until they were looked at while tuning."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CyclicLR,
    ExponentialLR,
    LinearLR,
    MultiplicativeLR,
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


def noam(warmup: int) -> Callable[[int], float]:
    """The Transformer's: a linear warm-up to 1, then the inverse square root, counted from 1."""
    return lambda count: math.sqrt(warmup) * min((count + 1) ** -0.5, (count + 1) * warmup**-1.5)


def rsqrt(lr: float, warmup: int, step: Any) -> jax.Array:
    """Likewise in JAX, of the step as it is given."""
    step = jnp.maximum(step, 1)
    return lr * math.sqrt(warmup) * jnp.minimum(jax.lax.rsqrt(step * 1.0), step * warmup**-1.5)


def stable(warmup: int, decay: int, total: int) -> Callable[[int], float]:
    """Warm-up, a stable phase, a linear decay to 0: MiniCPM's WSD."""
    return lambda count: max(0.0, min(1.0, count / warmup, (total - count) / (total - decay)))


def jax_stable(lr: float, warmup: int, decay: int, total: int) -> Callable[[Any], jax.Array]:
    def schedule(count: Any) -> jax.Array:
        falling = (total - count) / (total - decay)
        return lr * jnp.clip(jnp.minimum(count / warmup, falling), 0.0, 1.0)

    return schedule


def three_phases(lr: float, warmup: int, T: int, eta_min: float) -> Callable[[], Any]:
    """A warm-up from a third, a cosine to eta_min, and eta_min from there on."""

    def build(optimizer: Any) -> Any:
        members = [
            LinearLR(optimizer, total_iters=warmup),
            CosineAnnealingLR(optimizer, T, eta_min),
            ConstantLR(optimizer, eta_min / lr, total_iters=10**9),
        ]
        return SequentialLR(optimizer, members, milestones=[warmup, warmup + T])

    return on_sgd(lr, build)


def jax_three_phases(lr: float, warmup: int, T: int, eta_min: float) -> Any:
    return optax.warmup_cosine_decay_schedule(lr / 3, lr, warmup, warmup + T, eta_min)


def half_cosine(share: Any) -> jax.Array:
    return 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(share, 0.0, 1.0)))


def exponential(lr: float, gamma: float) -> Callable[[], Any]:
    return on_sgd(lr, lambda optimizer: ExponentialLR(optimizer, gamma))


def one_cycle_on_adam() -> Any:
    """A OneCycleLR whose momentum is beta1."""
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    return OneCycleLR(optimizer, max_lr=1e-2, total_steps=2_500)


def recorded(reference: Callable[[], Any], steps: int, *, once_in: int = 1) -> jaxlr.Table:
    """A table of what a loop leaves that steps the scheduler once in so many counts."""
    scheduler = reference()

    def step(count: int) -> None:
        if count % once_in == 0:
            scheduler.step()

    return jaxlr.record(step, scheduler.optimizer, steps, counts_from=1)[0]


class Patient:
    """A plateau as a StatefulSchedule, written by hand: cuts when the bad steps are as many as the patience."""

    def __init__(self, lr: float, factor: float, patience: int, threshold: float) -> None:
        self.lr, self.factor, self.patience, self.threshold = lr, factor, patience, threshold

    def init(self) -> tuple[float, float, int]:
        return self.lr, math.inf, 0

    def __call__(self, state: tuple[float, float, int]) -> float:
        return state[0]

    def update(self, state: tuple[float, float, int], *, value: float) -> tuple[float, float, int]:
        lr, best, bad = state
        if value < best * (1 - self.threshold):
            return lr, float(value), 0
        return (lr * self.factor, best, 0) if bad + 1 >= self.patience else (lr, best, bad + 1)


class Absolute(Patient):
    """Likewise, patient for one bad step more, with a threshold that is a difference."""

    def update(self, state: tuple[float, float, int], *, value: float) -> tuple[float, float, int]:
        lr, best, bad = state
        if value < best - self.threshold:
            return lr, float(value), 0
        return (lr * self.factor, best, 0) if bad >= self.patience else (lr, best, bad + 1)


def accuracy(steps: int) -> list[float]:
    """In per cent: rises to 76, noisily."""
    random = np.random.default_rng(21)
    curve = 76 - 70 * np.exp(-np.arange(steps) / 90) + random.normal(0, 0.4, steps)
    return [float(value) for value in curve]


def perplexity(steps: int) -> list[float]:
    """Falls from 300 to 20 as a power, noisily."""
    random = np.random.default_rng(22)
    curve = 20 + 280 * (1 + np.arange(steps) / 20) ** -1.1 + random.normal(0, 0.3, steps)
    return [float(value) for value in curve]


ACCURACY = accuracy(800)
PERPLEXITY = perplexity(1_200)

SHIFTS = (
    Pair(
        "inverse square root counted from 0 for 1",
        "shift",
        lambda_lr(1e-3, noam(4_000)),
        lambda: lambda count: rsqrt(1e-3, 4_000, count),
        steps=20_000,
        must=(late(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "warm-up, stable phase and decay, two counts early",
        "shift",
        lambda_lr(8e-4, stable(700, 9_000, 11_000)),
        lambda: lambda count: jax_stable(8e-4, 700, 9_000, 11_000)(count + 2),
        steps=11_000,
        must=(early(2),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        # a wave of 2,600 counts that is 300 late is 2,300 early
        "triangles 300 late",
        "shift",
        on_sgd(0.1, lambda optimizer: CyclicLR(optimizer, 0.002, 0.05, step_size_up=1_300, cycle_momentum=False)),
        lambda: lambda count: 0.05 - 0.048 * jnp.abs(((count - 300) % 2_600) / 1_300 - 1),
        steps=9_000,
        must=(either(late(300), early(2_300), only_has(0, 299, "linear")),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "three phases that wait as long as the warm-up",
        "shift",
        three_phases(0.3, 750, 6_000, 0.003),
        lambda: lambda count: jax_three_phases(0.3, 750, 6_000, 0.003)(jnp.maximum(count - 750, 0)),
        steps=9_000,
        must=(late(750),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

SCALES = (
    Pair(
        "a third of the learning rate of restarts",
        "scale",
        restarts(0.3, 600, 2),
        lambda: optax.sgdr_schedule(
            [
                {"init_value": 0.1, "peak_value": 0.1, "warmup_steps": 0, "decay_steps": length}
                for length in (600, 1_200, 2_400)
            ]
        ),
        steps=4_200,
        must=(either(scaled(1 / 3, "1/3"), differs("lr", 0.1, 0.3)),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "the square root of a doubled batch",
        "scale",
        lambda_lr(5e-4, noam(1_500)),
        lambda: lambda count: math.sqrt(2) * rsqrt(5e-4, 1_500, count + 1),
        steps=12_000,
        must=(scaled(math.sqrt(2), "sqrt(2)"),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "3.0003e-4 where 3e-4 was meant",
        "scale",
        lambda_lr(3e-4, stable(400, 6_000, 8_000)),
        lambda: jax_stable(3.0003e-4, 400, 6_000, 8_000),
        steps=8_000,
        must=(scaled(1.0001),),
        must_not=(SHIFT, STRETCH, HELD, "rounding", "float32"),
    ),
)

SHIFTS_AND_SCALES = (
    Pair(
        "exponential three late at twice the learning rate",
        "shift and scale",
        exponential(0.02, 0.9985),
        lambda: optax.exponential_decay(0.04, 1, 0.9985, transition_begin=3),
        steps=2_500,
        must=(late(3), scaled(2)),
        must_not=(STRETCH, HELD),
    ),
    Pair(
        "stable phase and decay four early at 0.3 of the learning rate",
        "shift and scale",
        lambda_lr(6e-4, stable(1_000, 12_000, 15_000)),
        lambda: lambda count: 0.3 * jax_stable(6e-4, 1_000, 12_000, 15_000)(count + 4),
        steps=15_000,
        must=(early(4), scaled(0.3)),
        must_not=(STRETCH, HELD),
    ),
)

STRETCHES = (
    Pair(
        "three phases in micro-batches of an eighth",
        "stretch",
        three_phases(0.2, 150, 1_850, 0.002),
        lambda: jax_three_phases(0.2, 1_200, 14_800, 0.002),
        steps=18_000,
        must=(slower(8),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "batches of 384 for 256",
        "stretch",
        lambda_lr(4e-4, stable(900, 15_000, 18_000)),
        lambda: jax_stable(4e-4, 600, 10_000, 12_000),
        steps=18_000,
        must=(either(faster("3/2"), faster(1.5)),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

HOLDS = (
    Pair(
        "torch decays once an epoch of 250, the other side at every batch",
        "held",
        lambda_lr(0.05, lambda count: 0.97 ** (count // 250)),
        lambda: lambda count: 0.05 * 0.97 ** (count / 250),
        steps=15_000,
        must=(held(250),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "a quadratic in stairs of 64",
        "held",
        on_sgd(0.03, lambda optimizer: PolynomialLR(optimizer, total_iters=9_600, power=2.0)),
        lambda: lambda count: 0.03 * jnp.maximum(0.0, 1 - (count // 64 * 64) / 9_600) ** 2,
        steps=9_600,
        must=(held(64),),
        must_not=(SHIFT, SCALE),
    ),
)

OFFSETS = (
    Pair(
        "exponential counted from 0 beside a warm-up of 400",
        "offset",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.05, total_iters=400), ExponentialLR(optimizer, 0.9995)],
                milestones=[400],
            ),
        ),
        lambda: lambda count: jnp.where(count < 400, 0.005 + 0.095 * count / 400, 0.1 * 0.9995**count),
        steps=6_000,
        must=(
            either(
                differs("counted from", 0, 400),
                differs("start value|first value|top", 0.1 * 0.9995**400, 0.1),
            ),
        ),
        must_not=(STRETCH, HELD),
    ),
    Pair(
        "the smaller of a warm-up and a cosine that is counted from 0",
        "offset",
        lambda_lr(
            2e-3,
            lambda t: t / 800 if t < 800 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (t - 800) / 15_200)),
        ),
        lambda: lambda count: jnp.minimum(2e-3 * count / 800, 2e-5 + 1.98e-3 * half_cosine(count / 16_000)),
        steps=16_000,
        must=(differs(T, 16_000, 15_200), differs("counted from", 0, 800)),
        must_not=WARPS,
    ),
)

LENGTHS = (
    Pair(
        # a cosine alone of another length is as truly one that runs faster
        "a length rounded down to whole batches of 64",
        "T",
        on_sgd(0.04, lambda optimizer: CosineAnnealingLR(optimizer, T_max=20_000, eta_min=0.001)),
        lambda: lambda count: 0.001 + 0.039 * half_cosine(count / 19_968),
        steps=19_968,
        must=(either(differs(T, 19_968, 20_000), faster("625/624")),),
        must_not=(SHIFT, SCALE, HELD, "rounding", "float32"),
    ),
    Pair(
        "the cosine of three phases 200 short",
        "T",
        three_phases(0.15, 400, 7_000, 0.005),
        lambda: jax_three_phases(0.15, 400, 6_800, 0.005),
        steps=8_000,
        must=(differs(T, 6_800, 7_000),),
        must_not=WARPS,
    ),
)

WARMUPS = (
    Pair(
        "inverse square root after twice the warm-up",
        "warm-up length",
        lambda_lr(1e-3, noam(2_000)),
        lambda: lambda count: rsqrt(1e-3 / math.sqrt(2), 4_000, count + 1),
        steps=16_000,
        must=(either(differs(WARMUP, 4_000, 2_000), differs(WARMUP, 3_999, 1_999)),),
        must_not=WARPS,
    ),
    Pair(
        "the first phase of a OneCycleLR",
        "warm-up length",
        on_sgd(0.1, lambda optimizer: OneCycleLR(optimizer, max_lr=0.2, total_steps=4_000)),
        lambda: jaxlr.OneCycleLR(0.2, total_steps=4_000, pct_start=0.25),
        steps=4_000,
        must=(either(differs("pct_start", 0.25, 0.3), differs(f"{WARMUP}|{T}", 999, 1_199)),),
        must_not=WARPS,
    ),
    Pair(
        "2,001 for 2,000 before a stable phase",
        "warm-up length",
        lambda_lr(5e-4, stable(2_000, 10_000, 12_000)),
        lambda: jax_stable(5e-4, 2_001, 10_000, 12_000),
        steps=12_000,
        must=(differs(WARMUP, 2_001, 2_000),),
        must_not=(*WARPS, "rounding", "float32"),
    ),
)

MILESTONES = (
    Pair(
        "the third of four drops 500 early",
        "milestone",
        on_sgd(0.2, lambda optimizer: MultiStepLR(optimizer, [2_500, 5_000, 7_500, 9_000], 0.5)),
        lambda: optax.piecewise_constant_schedule(0.2, dict.fromkeys([2_500, 5_000, 7_000, 9_000], 0.5)),
        steps=11_000,
        must=(differs("milestones?", 7_000, 7_500),),
        must_not=WARPS,
    ),
    Pair(
        # after a constant phase a later second phase is as truly a shift
        "the second phase of a sequence 200 late",
        "milestone",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer,
                [ConstantLR(optimizer, 1.0, total_iters=10_000), ExponentialLR(optimizer, 0.999)],
                milestones=[1_000],
            ),
        ),
        lambda: jaxlr.SequentialLR(
            0.1, [jaxlr.ConstantLR(0.1, 1.0, total_iters=10_000), jaxlr.ExponentialLR(0.1, 0.999)], milestones=[1_200]
        ),
        steps=5_000,
        must=(either(differs("milestones?|counted from", 1_200, 1_000), late(200)),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

GAMMAS = (
    Pair(
        "0.9998 for 0.9999 after a warm-up",
        "gamma",
        on_sgd(
            0.06,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.1, total_iters=1_000), ExponentialLR(optimizer, 0.9999)],
                milestones=[1_000],
            ),
        ),
        lambda: optax.warmup_exponential_decay_schedule(0.006, 0.06, 1_000, 1, 0.9998),
        steps=12_000,
        must=(differs("gamma", 0.9998, 0.9999),),
        must_not=WARPS,
    ),
    Pair(
        "of triangles that shrink",
        "gamma",
        on_sgd(
            0.1,
            lambda optimizer: CyclicLR(
                optimizer, 0.001, 0.1, step_size_up=400, mode="exp_range", gamma=0.9999, cycle_momentum=False
            ),
        ),
        lambda: jaxlr.CyclicLR(0.001, 0.1, step_size_up=400, mode="exp_range", gamma=0.99995, cycle_momentum=False),
        steps=5_000,
        must=(differs("gamma", 0.99995, 0.9999),),
        must_not=WARPS,
    ),
)

END_VALUES = (
    Pair(
        "a linear decay to a fifth for a tenth",
        "end value",
        on_sgd(0.1, lambda optimizer: LinearLR(optimizer, 1.0, 0.1, total_iters=6_000)),
        lambda: optax.linear_schedule(0.1, 0.02, 6_000),
        steps=7_500,
        must=(either(differs("end_factor", 0.2, 0.1), differs(BOTTOM, 0.02, 0.01)),),
        must_not=WARPS,
    ),
    Pair(
        "the floor of restarts",
        "end value",
        restarts(1e-3, 1_250, eta_min=1e-6),
        lambda: lambda count: 1e-5 + 9.9e-4 * half_cosine((count % 1_250) / 1_250),
        steps=5_000,
        must=(differs(BOTTOM, 1e-5, 1e-6),),
        must_not=WARPS,
    ),
)

POWERS = (
    Pair(
        "cubic for quadratic",
        "power",
        on_sgd(0.05, lambda optimizer: PolynomialLR(optimizer, total_iters=7_000, power=2.0)),
        lambda: optax.polynomial_schedule(0.05, 0.0, 3, 7_000),
        steps=7_500,
        must=(either(differs("power", 3, 2), family("cubic", "quadratic")),),
        must_not=WARPS,
    ),
    Pair(
        "quadratic for linear after a warm-up",
        "power",
        lambda_lr(1e-4, lambda t: t / 600 if t < 600 else 0.02 + 0.98 * max(0.0, 1 - (t - 600) / 9_400)),
        lambda: optax.join_schedules(
            [optax.linear_schedule(0.0, 1e-4, 600), optax.polynomial_schedule(1e-4, 2e-6, 2, 9_400)], [600]
        ),
        steps=10_000,
        must=(either(differs("power", 2, 1), family("quadratic", "linear")),),
        must_not=WARPS,
    ),
    Pair(
        "0.9001 for 0.9",
        "power",
        on_sgd(0.007, lambda optimizer: PolynomialLR(optimizer, total_iters=15_000, power=0.9)),
        lambda: lambda count: 0.007 * (1 - count / 15_000) ** 0.9001,
        steps=15_000,
        must=(differs("power", 0.9001, 0.9),),
        must_not=(*WARPS, "rounding", "float32"),
    ),
)

RATIOS = (
    Pair(
        "a stable phase of 20 epochs of 1,251 batches for 1,252",
        "ratio",
        lambda_lr(1e-3, stable(1_252, 16 * 1_252, 20 * 1_252)),
        lambda: jax_stable(1e-3, 1_251, 16 * 1_251, 20 * 1_251),
        steps=20 * 1_251,
        must=(either(faster("1252/1251"), differs(WARMUP, 1_251, 1_252)),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "3 and 37 epochs of 98 batches for 97",
        "ratio",
        three_phases(0.1, 3 * 97, 37 * 97, 0.001),
        lambda: jax_three_phases(0.1, 3 * 98, 37 * 98, 0.001),
        steps=45 * 97,
        must=(either(slower("98/97"), faster("97/98")),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

FAMILIES = (
    Pair(
        "inverse square root for cosine after a warm-up",
        "family",
        lambda_lr(2e-3, lambda t: (t + 1) / 1_000 if t < 999 else 0.5 * (1 + math.cos(math.pi * (t - 999) / 9_000))),
        lambda: lambda count: rsqrt(2e-3, 1_000, count + 1),
        steps=10_000,
        must=(family(r"(?:inverse[- ]s\w+[- ]root|inverse root|rsqrt|power\S*)", "cosine"),),
        must_not=WARPS,
    ),
    Pair(
        "linear for exponential, from 0.03 to 0.0003",
        "family",
        exponential(0.03, 0.01 ** (1 / 8_000)),
        lambda: optax.linear_schedule(0.03, 0.0003, 8_000),
        steps=8_000,
        must=(family("linear", "exponential"),),
        must_not=WARPS,
    ),
)

PHASES = (
    Pair(
        "a last decay to 0 that torch has not",
        "phase",
        three_phases(0.1, 500, 7_500, 0.01),
        lambda: optax.join_schedules(
            [jax_three_phases(0.1, 500, 7_500, 0.01), optax.linear_schedule(0.01, 0.0, 2_000)], [8_000]
        ),
        steps=10_000,
        must=(either(only_has(8_000, 9_999, "linear"), family("linear", "constant")),),
        must_not=WARPS,
    ),
    Pair(
        "no second cosine",
        "phase",
        on_sgd(
            0.08,
            lambda optimizer: SequentialLR(
                optimizer,
                [
                    LinearLR(optimizer, 0.02, total_iters=500),
                    CosineAnnealingLR(optimizer, 6_000),
                    CosineAnnealingLR(optimizer, 4_000),
                ],
                milestones=[500, 6_500],
            ),
        ),
        lambda: optax.warmup_cosine_decay_schedule(0.0016, 0.08, 500, 6_500),
        steps=10_500,
        must=(either(only_has(6_500, 10_499, "cosine"), family("constant", "cosine")),),
        must_not=WARPS,
    ),
)

MOMENTA = (
    Pair(
        "beta1 of a OneCycleLR on Adam left alone",
        "momentum",
        one_cycle_on_adam,
        lambda: jaxlr.OneCycleLR(1e-2, total_steps=2_500, cycle_momentum=False),
        steps=2_500,
        must=("not cycled", r"cycles 0\.85\.\.0\.95"),
        must_not=WARPS,
    ),
    Pair(
        "momentum cycled where torch holds it",
        "momentum",
        on_sgd(0.1, lambda optimizer: CyclicLR(optimizer, 0.01, 0.2, step_size_up=700, cycle_momentum=False)),
        lambda: jaxlr.CyclicLR(0.01, 0.2, step_size_up=700),
        steps=3_500,
        must=("momentum", "cycle", r"0\.80?\.\.0\.90?"),
        must_not=("momentum is not cycled", *WARPS),
    ),
)

PATIENCE = (
    Pair(
        "patience 3 for 2 on an accuracy",
        "patience",
        plateau(0.1, mode="max", factor=0.5, patience=2, threshold=1e-3),
        lambda: jaxlr.ReduceLROnPlateau(0.1, mode="max", factor=0.5, patience=3, threshold=1e-3),
        steps=800,
        metrics=ACCURACY,
        must=(differs("patience", 3, 2),),
        must_not=("threshold",),
    ),
    Pair(
        "a stateful schedule that cuts at the patience",
        "patience",
        plateau(0.02, factor=0.7, patience=12, threshold=5e-4, eps=0.0),
        lambda: Patient(0.02, 0.7, 12, 5e-4),
        steps=1_200,
        metrics=PERPLEXITY,
        must=(differs("patience", 11, 12),),
        must_not=("threshold",),
    ),
)

THRESHOLDS = (
    Pair(
        "an absolute threshold on an accuracy",
        "threshold",
        plateau(0.1, mode="max", factor=0.6, patience=6, threshold=5e-2),
        lambda: jaxlr.ReduceLROnPlateau(0.1, mode="max", factor=0.6, patience=6, threshold=5e-2, threshold_mode="abs"),
        steps=800,
        metrics=ACCURACY,
        must=(differs("threshold_mode", "abs", "rel"),),
        must_not=("patience",),
    ),
    Pair(
        "a stateful schedule whose threshold is a difference",
        "threshold",
        plateau(0.05, factor=0.8, patience=7, threshold=3e-2, eps=0.0),
        lambda: Absolute(0.05, 0.8, 7, 3e-2),
        steps=1_200,
        metrics=PERPLEXITY,
        must=(differs("threshold_mode", "abs", "rel"),),
        must_not=("patience",),
    ),
)

T_MULTS = (
    Pair(
        "cycles that double where torch repeats one",
        "T_mult",
        restarts(0.2, 900),
        lambda: (
            lambda count: (
                0.2
                * half_cosine(
                    (count - 900 * (2 ** jnp.floor(jnp.log2(count / 900 + 1)) - 1))
                    / (900 * 2 ** jnp.floor(jnp.log2(count / 900 + 1)))
                )
            )
        ),
        steps=6_300,
        must=(differs("T_mult", 2, 1),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "another torch scheduler with T_mult 2 for 3",
        "T_mult",
        restarts(5e-3, 300, 3, eta_min=1e-4),
        restarts(5e-3, 300, 2, eta_min=1e-4),
        steps=3_900,
        must=(differs("T_mult", 2, 3),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

RESTARTS = (
    Pair(
        "hard restarts without the remainder",
        "restarts",
        lambda_lr(
            1e-3,
            lambda t: t / 500 if t < 500 else 0.5 * (1 + math.cos(math.pi * (((t - 500) % 4_000) / 4_000))),
        ),
        lambda: (
            lambda count: jnp.where(
                count < 500, 1e-3 * count / 500, 5e-4 * (1 + jnp.cos(jnp.pi * 3 * (count - 500) / 12_000))
            )
        ),
        steps=12_500,
        must=(either(differs("counted from", 500, 4_500), only_has(4_500, 8_499, "cosine"), "restart"),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "no restart after the second",
        "restarts",
        restarts(0.07, 1_500, 2),
        lambda: optax.join_schedules(
            [optax.cosine_decay_schedule(0.07, 1_500), optax.cosine_decay_schedule(0.07, 3_000)], [1_500]
        ),
        steps=10_500,
        must=(either(only_has(4_500, 10_499, "cosine"), family("constant", "cosine")),),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

ACCUMULATION = (
    Pair(
        "torch steps once in 16 micro-batches, the other side decays at each",
        "accumulation",
        lambda: recorded(on_sgd(0.02, lambda o: PolynomialLR(o, total_iters=600, power=1.0)), 9_600, once_in=16),
        lambda: optax.linear_schedule(0.02, 0.0, 9_600),
        steps=9_600,
        must=(held(16),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        # its count t is torch's t // 4: held, and four times as slow
        "the other side steps once in 4 micro-batches, torch at each",
        "accumulation",
        lambda_lr(3e-4, stable(300, 2_000, 2_600)),
        lambda: lambda count: jax_stable(3e-4, 300, 2_000, 2_600)(count // 4),
        steps=10_400,
        must=(either(held(4), slower(4)),),
        must_not=(SHIFT, SCALE),
    ),
)

TWO = (
    Pair(
        "a cosine one late with another floor",
        "two causes",
        on_sgd(0.05, lambda optimizer: CosineAnnealingLR(optimizer, T_max=7_000, eta_min=0.001)),
        lambda: lambda count: 0.002 + 0.048 * half_cosine((count - 1) / 7_000),
        steps=7_000,
        must=(either(late(1), differs("counted from|begins at", 1, 0)), differs(BOTTOM, 0.002, 0.001)),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "half the learning rate and a cosine 500 short",
        "two causes",
        three_phases(0.1, 1_000, 9_500, 0.01),
        lambda: jax_three_phases(0.05, 1_000, 9_000, 0.005),
        steps=11_000,
        must=(either(scaled(0.5), differs("top|lr", 0.05, 0.1)), differs(T, 9_000, 9_500)),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "step_size and gamma",
        "two causes",
        on_sgd(0.3, lambda optimizer: StepLR(optimizer, 1_000, 0.5)),
        lambda: jaxlr.StepLR(0.3, step_size=1_250, gamma=0.6),
        steps=6_000,
        must=(either(differs("step_size|milestones?", 1_250, 1_000), slower("5/4")), differs("gamma", 0.6, 0.5)),
        must_not=(SHIFT, SCALE),
    ),
)

NANS = (
    Pair(
        "a root past its end",
        "nan",
        lambda_lr(0.01, lambda t: max(0.0, 1 - t / 4_096) ** 0.5),
        lambda: lambda count: 0.01 * jnp.sqrt(1 - count / 4_096),
        steps=5_000,
        must=(rf"NaN from count {number(4_097)}",),
        must_not=WARPS,
    ),
)


def swapped(curve: np.ndarray, first: int, second: int) -> np.ndarray:
    curve[[first, second]] = curve[[second, first]]
    return curve


def silenced(curve: np.ndarray, counts: slice) -> np.ndarray:
    curve[counts] = 0.0
    return curve


def walk(steps: int) -> np.ndarray:
    return 0.05 + np.cumsum(np.random.default_rng(31).normal(0, 2e-4, steps))


# What a curve that no cause explains may be told: nothing, or the very counts.
TRAPS = (
    Pair(
        "a random walk",
        "trap",
        exponential(0.05, 0.9997),
        lambda: walk(4_000),
        steps=4_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "two values swapped",
        "trap",
        lambda_lr(1e-3, stable(500, 6_000, 8_000)),
        lambda: swapped(torch_curve(lambda_lr(1e-3, stable(500, 6_000, 8_000)), 8_000), 250, 7_250),
        steps=8_000,
        must=(either("none found", number(250)),),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "a hundred values of a cosine lost",
        "trap",
        on_sgd(0.2, lambda optimizer: CosineAnnealingLR(optimizer, T_max=9_000)),
        lambda: silenced(
            torch_curve(on_sgd(0.2, lambda o: CosineAnnealingLR(o, T_max=9_000)), 9_000), slice(5_050, 5_150)
        ),
        steps=9_000,
        must=(either("none found", number(5_050)),),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "one hundredth of a per cent of noise",
        "trap",
        exponential(0.1, 0.9995),
        lambda: (
            torch_curve(exponential(0.1, 0.9995), 5_000) * (1 + 1e-4 * np.random.default_rng(32).standard_normal(5_000))
        ),
        steps=5_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
)


def cast(count: Any) -> Any:
    """A half cosine that turns its count into float32 itself, so that it cannot be proved in float64."""
    share = jnp.asarray(count).astype(jnp.float32) / jnp.float32(6_000)
    return jnp.float32(0.05) * (jnp.float32(1) + jnp.cos(jnp.float32(jnp.pi) * share))


CONTROLS = (
    Pair(
        "jaxlr's own CyclicLR, momentum too",
        "control",
        on_sgd(0.1, lambda optimizer: CyclicLR(optimizer, 0.001, 0.1, step_size_up=300, mode="triangular2")),
        lambda: jaxlr.CyclicLR(0.001, 0.1, step_size_up=300, mode="triangular2"),
        steps=3_000,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own chain",
        "control",
        on_sgd(
            0.2,
            lambda optimizer: ChainedScheduler(
                [LinearLR(optimizer, 0.1, total_iters=500), ExponentialLR(optimizer, 0.9996)]
            ),
        ),
        lambda: jaxlr.ChainedScheduler([jaxlr.LinearLR(0.2, 0.1, total_iters=500), jaxlr.ExponentialLR(0.2, 0.9996)]),
        steps=4_000,
        verdict="equal",
    ),
    Pair(
        "two schedulers stepped one after another",
        "control",
        on_sgd(
            0.2,
            lambda optimizer: [LinearLR(optimizer, 0.1, total_iters=500), MultiStepLR(optimizer, [1_500, 2_500])],
        ),
        lambda: (
            lambda count: (
                (0.02 + 0.18 * jnp.minimum(count, 500) / 500)
                * jnp.where(count < 1_500, 1.0, jnp.where(count < 2_500, 0.1, 0.01))
            )
        ),
        steps=3_500,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a table that record made",
        "control",
        lambda_lr(3e-4, stable(400, 6_000, 8_000)),
        lambda: recorded(lambda_lr(3e-4, stable(400, 6_000, 8_000)), 8_000),
        steps=8_000,
        verdict="equal",
    ),
    Pair(
        "a table beside a function",
        "control",
        lambda: recorded(lambda_lr(3e-4, stable(400, 6_000, 8_000)), 8_000),
        lambda: jax_stable(3e-4, 400, 6_000, 8_000),
        steps=8_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "an inverse square root in float32",
        "control",
        lambda_lr(1e-3, noam(4_000)),
        lambda: lambda count: rsqrt(1e-3, 4_000, count + 1),
        steps=30_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "three phases of Optax",
        "control",
        three_phases(0.2, 500, 8_500, 0.002),
        lambda: jax_three_phases(0.2, 500, 8_500, 0.002),
        steps=11_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a product of factors beside stairs",
        "control",
        on_sgd(0.5, lambda optimizer: MultiplicativeLR(optimizer, lambda epoch: 0.9 if epoch % 200 == 0 else 1.0)),
        lambda: optax.exponential_decay(0.5, 200, 0.9, staircase=True),
        steps=5_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a cosine that is float32 whatever it is given",
        "control",
        on_sgd(0.1, lambda optimizer: CosineAnnealingLR(optimizer, T_max=6_000)),
        lambda: cast,
        steps=6_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "jaxlr's own plateau on an accuracy",
        "control",
        plateau(0.1, mode="max", factor=0.5, patience=2, threshold=1e-3),
        lambda: jaxlr.ReduceLROnPlateau(0.1, mode="max", factor=0.5, patience=2, threshold=1e-3),
        steps=800,
        metrics=ACCURACY,
        verdict="equal",
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
