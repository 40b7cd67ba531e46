"""Planted differences, and pairs without any, that nobody tunes the diagnosis on."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
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
    together,
)
from parity.corpus.recipes import BOTTOM, plateau, restarts, torch_curve

T = "T|T_max|T_0|total_iters|length"
WARMUP = "warm-up length|total_iters"
TOP = "top|start value|first value"
JOINT = "counted from|milestones?"


def warmup_and_drops(warmup: int, drops: dict[int, float], start: float = 0.0) -> Callable[[int], float]:
    """A linear warm-up from a share of the learning rate, then that of the last drop: Detectron2's, DeepSeek's."""

    def factor(count: int) -> float:
        if count < warmup:
            return start + (1 - start) * count / warmup
        return ([1.0] + [share for milestone, share in drops.items() if count >= milestone])[-1]

    return factor


def jax_warmup_and_drops(
    lr: float, warmup: int, drops: dict[int, float], start: float = 0.0
) -> Callable[[Any], jax.Array]:
    def schedule(count: Any) -> jax.Array:
        value = jnp.where(count < warmup, start + (1 - start) * count / warmup, 1.0)
        for milestone, share in drops.items():
            value = jnp.where(count >= milestone, share, value)
        return lr * value

    return schedule


def root_decay(warmup: int, decay: int, total: int) -> Callable[[int], float]:
    """Warm-up, a stable phase, and 1 - sqrt of the share that is over (Hägele et al.)."""

    def factor(count: int) -> float:
        over = min(1.0, max(0, count - decay) / (total - decay))
        return min(1.0, count / warmup) * (1 - math.sqrt(over))

    return factor


def jax_root_decay(lr: float, warmup: int, decay: int, total: int) -> Callable[[Any], jax.Array]:
    def schedule(count: Any) -> jax.Array:
        over = jnp.clip((count - decay) / (total - decay), 0.0, 1.0)
        return lr * jnp.minimum(1.0, count / warmup) * (1 - jnp.sqrt(over))

    return schedule


def floored(warmup: int, T: int, floor: float, start: float = 0.0) -> Callable[[int], float]:
    """A linear warm-up and a cosine to a share of the learning rate: Llama's, DINO's."""

    def factor(count: int) -> float:
        if count < warmup:
            return start + (1 - start) * count / warmup
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, (count - warmup) / T)))

    return factor


def jax_floored(lr: float, warmup: int, T: int, floor: float, start: float = 0.0) -> Callable[[Any], jax.Array]:
    def schedule(count: Any) -> jax.Array:
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip((count - warmup) / T, 0.0, 1.0)))
        return lr * jnp.where(count < warmup, start + (1 - start) * count / warmup, floor + (1 - floor) * cosine)

    return schedule


def warmup_poly(warmup: int, total: int, power: float) -> Callable[[int], float]:
    """A linear warm-up, then the decay of DeepLab, counted from the warm-up's end."""
    return lambda t: t / warmup if t < warmup else max(0.0, 1 - (t - warmup) / (total - warmup)) ** power


def jax_warmup_poly(lr: float, warmup: int, total: int, power: float, start: int) -> Callable[[Any], jax.Array]:
    def schedule(count: Any) -> jax.Array:
        left = jnp.maximum(0.0, 1 - (count - start) / (total - start))
        return jnp.where(count < warmup, lr * count / warmup, lr * left**power)

    return schedule


def slanted(cut: int, total: int) -> Callable[[int], float]:
    """The slanted triangle of ULMFiT, from a 32nd and back."""
    return lambda t: (1 + 31 * max(0.0, min(t / cut, 1 - (t - cut) / (total - cut)))) / 32


def jax_slanted(lr: float, cut: int, total: int) -> Callable[[Any], jax.Array]:
    return lambda t: lr * (1 + 31 * jnp.maximum(0.0, jnp.minimum(t / cut, 1 - (t - cut) / (total - cut)))) / 32


def warmup_multistep(lr: float, start: float, warmup: int, milestones: list[int]) -> Callable[[], Any]:
    """The recipe of a ResNet: LinearLR, then MultiStepLR by the counts of the whole."""

    def build(optimizer: Any) -> Any:
        drops = MultiStepLR(optimizer, [milestone - warmup for milestone in milestones])
        return SequentialLR(optimizer, [LinearLR(optimizer, start, total_iters=warmup), drops], milestones=[warmup])

    return on_sgd(lr, build)


def warmup_stairs(lr: float, warmup: int, step_size: int, gamma: float) -> Callable[[], Any]:
    """The recipe of an EfficientNet: LinearLR from a hundredth, then StepLR."""

    def build(optimizer: Any) -> Any:
        first = LinearLR(optimizer, 0.01, total_iters=warmup)
        return SequentialLR(optimizer, [first, StepLR(optimizer, step_size, gamma)], milestones=[warmup])

    return on_sgd(lr, build)


def jax_warmup_stairs(lr: float, warmup: int, begin: int, step_size: int, gamma: float) -> Callable[[Any], jax.Array]:
    """Likewise, the stairs counted from begin."""

    def schedule(count: Any) -> jax.Array:
        stairs = gamma ** (jnp.maximum(count - begin, 0) // step_size)
        return lr * jnp.where(count < warmup, 0.01 + 0.99 * count / warmup, stairs)

    return schedule


def cut_when_as_many(losses: Sequence[float], lr: float, factor: float, patience: int, threshold: float) -> np.ndarray:
    """A plateau written by hand on a loss: cuts when the bad epochs are as many as the patience."""
    best, bad, rates = math.inf, 0, []
    for loss in losses:
        rates.append(lr)
        bad = 0 if loss < best * (1 - threshold) else bad + 1
        best = loss if bad == 0 else best
        if bad >= patience:
            lr, bad = lr * factor, 0
    return np.array(rates)


def risen_by(scores: Sequence[float], lr: float, factor: float, patience: int, threshold: float) -> np.ndarray:
    """A plateau written by hand on a score, whose threshold is a difference."""
    best, bad, rates = -math.inf, 0, []
    for score in scores:
        rates.append(lr)
        bad = 0 if score > best + threshold else bad + 1
        best = score if bad == 0 else best
        if bad > patience:
            lr, bad = lr * factor, 0
    return np.array(rates)


def bits(steps: int) -> list[float]:
    """Bits per dimension that fall from 8 to 3, noisily."""
    noise = np.random.default_rng(41).normal(0, 0.01, steps)
    return [float(value) for value in 3 + 5 * np.exp(-np.arange(steps) / 150) + noise]


def bleu(steps: int) -> list[float]:
    """A score that rises to 28, noisily."""
    noise = np.random.default_rng(42).normal(0, 0.15, steps)
    return [float(value) for value in 28 * (1 - np.exp(-(np.arange(steps) + 5) / 120)) + noise]


def curriculum(steps: int) -> list[float]:
    """A score that rises by 7 at each of four lessons, noisily."""
    count, noise = np.arange(steps), np.random.default_rng(43).normal(0, 0.15, steps)
    return [float(value) for value in 2 + 7 * (count // 175 + 1 - np.exp(-(count % 175) / 20)) + noise]


BITS = bits(1_000)
BLEU = bleu(700)
CURRICULUM = curriculum(700)
DEEPSEEK = {8_000: 0.316, 9_000: 0.1}

SHIFTS = (
    Pair(
        "Detectron2's warm-up and drops, the counter raised before it is read",
        "shift",
        lambda_lr(0.02, warmup_and_drops(1_000, {6_000: 0.1, 8_000: 0.01}, 0.001)),
        lambda: lambda count: jax_warmup_and_drops(0.02, 1_000, {6_000: 0.1, 8_000: 0.01}, 0.001)(count + 1),
        steps=9_000,
        must=(early(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "a root decay three counts late",
        "shift",
        lambda_lr(4e-4, root_decay(600, 8_000, 10_000)),
        lambda: lambda count: jax_root_decay(4e-4, 600, 8_000, 10_000)(jnp.maximum(count - 3, 0)),
        steps=10_500,
        must=(late(3),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "DINO's cosine that waits as long as its warm-up",
        "shift",
        lambda_lr(5e-4, floored(1_250, 11_250, 0.002, 0.002)),
        lambda: lambda count: jax_floored(5e-4, 1_250, 11_250, 0.002, 0.002)(jnp.maximum(count - 1_250, 0)),
        steps=13_000,
        must=(late(1_250),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "a fine-tuning that begins where the warm-up ends",
        "shift",
        lambda_lr(7e-5, floored(800, 9_200, 0.0)),
        lambda: lambda count: jax_floored(7e-5, 800, 9_200, 0.0)(count + 800),
        steps=9_000,
        must=(
            either(
                early(800),
                only_has(0, 799, "linear"),  # and what follows is the same, counted from its begin
                together(family("cosine", "linear"), differs("counted from", 0, 800)),
            ),
        ),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

SCALES = (
    Pair(
        "four times the learning rate of a ResNet",
        "scale",
        warmup_multistep(0.1, 0.1, 980, [5_880, 11_760, 15_680]),
        lambda: jax_warmup_and_drops(0.4, 980, {5_880: 0.1, 11_760: 0.01, 15_680: 0.001}, 0.1),
        steps=17_500,
        must=(scaled(4),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "three quarters of a polynomial",
        "scale",
        on_sgd(0.01, lambda optimizer: PolynomialLR(optimizer, total_iters=12_500, power=0.9)),
        lambda: jaxlr.PolynomialLR(0.0075, total_iters=12_500, power=0.9),
        steps=13_000,
        must=(either(scaled(0.75, "3/4"), differs(f"lr|{TOP}", 0.0075, 0.01)),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "2.9988e-3 where 3e-3 was meant, of T5's inverse square root",
        "scale",
        lambda_lr(3e-3, lambda count: math.sqrt(5_000 / max(count, 5_000))),
        lambda: lambda count: 2.9988e-3 * jnp.sqrt(5_000 / jnp.maximum(count, 5_000)),
        steps=20_000,
        must=(scaled(0.9996),),
        must_not=(SHIFT, STRETCH, HELD, "rounding", "float32"),
    ),
)

SHIFTS_AND_SCALES = (
    Pair(
        "DeepSeek's drops two late at 0.7 of the learning rate",
        "shift and scale",
        lambda_lr(4.2e-4, warmup_and_drops(2_000, DEEPSEEK)),
        lambda: lambda count: 0.7 * jax_warmup_and_drops(4.2e-4, 2_000, DEEPSEEK)(jnp.maximum(count - 2, 0)),
        steps=10_000,
        must=(late(2), scaled(0.7)),
        must_not=(STRETCH, HELD),
    ),
    Pair(
        "DINO's cosine five early at 1.25 times the learning rate",
        "shift and scale",
        lambda_lr(5e-4, floored(1_000, 9_000, 0.01, 0.002)),
        lambda: lambda count: jax_floored(6.25e-4, 1_000, 9_000, 0.01, 0.002)(count + 5),
        steps=9_500,
        must=(early(5), scaled(1.25)),
        must_not=(STRETCH, HELD),
    ),
)

STRETCHES = (
    Pair(
        "a slanted triangle in batches of a third",
        "stretch",
        lambda_lr(0.01, slanted(400, 4_000)),
        lambda: jax_slanted(0.01, 1_200, 12_000),
        steps=12_500,
        must=(either(slower(3), together(differs(WARMUP, 1_200, 400), differs(T, 10_800, 3_600))),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "batches of 640 for 256",
        "stretch",
        lambda_lr(5e-4, floored(2_000, 14_000, 0.02)),
        lambda: jax_floored(5e-4, 800, 5_600, 0.02),
        steps=16_000,
        must=(either(faster("5/2"), faster(2.5), together(differs(WARMUP, 800, 2_000), differs(T, 5_600, 14_000))),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

HOLDS = (
    Pair(
        "a root decay read once an epoch of 125",
        "held",
        lambda_lr(1e-3, root_decay(1_000, 7_500, 10_000)),
        lambda: lambda count: jax_root_decay(1e-3, 1_000, 7_500, 10_000)(count // 125 * 125),
        steps=10_000,
        must=(rf"(?<!torch ){held(125)}",),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "timm's cosine by the epoch of 320 in torch alone",
        "held",
        lambda_lr(8e-4, lambda count: floored(1_600, 14_400, 0.01, 0.00125)(count // 320 * 320)),
        lambda: jax_floored(8e-4, 1_600, 14_400, 0.01, 0.00125),
        steps=16_000,
        must=(rf"torch {held(320)}",),
        must_not=(SHIFT, SCALE),
    ),
)

OFFSETS = (
    Pair(
        "restarts counted from 0 beside a warm-up of 900",
        "offset",
        on_sgd(
            0.05,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.1, total_iters=900), CosineAnnealingWarmRestarts(optimizer, 3_000)],
                milestones=[900],
            ),
        ),
        lambda: (
            lambda count: jnp.where(
                count < 900, 0.005 + 0.045 * count / 900, 0.025 * (1 + jnp.cos(jnp.pi * (count % 3_000) / 3_000))
            )
        ),
        steps=9_000,
        # The first cycle of which the whole is seen is counted from 3,000.
        must=(either(*(differs(JOINT, *numbers) for numbers in ((0, 900), (3_000, 3_900), (3_000, 900)))),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        # of a power to 0 another origin is as truly another first value
        "DeepLab's decay counted from 0 beside a warm-up of 1,500",
        "offset",
        lambda_lr(0.01, warmup_poly(1_500, 30_000, 0.9)),
        lambda: jax_warmup_poly(0.01, 1_500, 30_000, 0.9, start=0),
        steps=27_000,
        must=(
            either(
                together(differs("counted from", 0, 1_500), differs(T, 30_000, 28_500)),
                differs(TOP, 0.01 * 0.95**0.9, 0.01),
                together(scaled(0.95**0.9), number(1_500)),
            ),
        ),
        must_not=(SHIFT, STRETCH, HELD),
    ),
)

LENGTHS = (
    Pair(
        "the length of the whole for that of Llama's cosine",
        "T",
        lambda_lr(3e-4, floored(2_000, 18_000, 0.1)),
        lambda: jax_floored(3e-4, 2_000, 20_000, 0.1),
        steps=20_000,
        must=(differs(T, 20_000, 18_000),),
        must_not=WARPS,
    ),
    Pair(
        # restarts alone of another length are as truly slower
        "T_0 of 1,024 for 1,000",
        "T",
        restarts(0.025, 1_000, eta_min=1e-4),
        lambda: jaxlr.CosineAnnealingWarmRestarts(0.025, T_0=1_024, eta_min=1e-4),
        steps=6_000,
        must=(either(differs(T, 1_024, 1_000), slower("128/125"), slower(1.024), faster("125/128")),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

WARMUPS = (
    Pair(
        "250 for 300 before the same stairs",
        "warm-up length",
        on_sgd(
            0.1,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.02, total_iters=300), StepLR(optimizer, 1_000, 0.3)],
                milestones=[300],
            ),
        ),
        lambda: jaxlr.SequentialLR(
            0.1, [jaxlr.LinearLR(0.1, 0.02, total_iters=250), jaxlr.StepLR(0.1, 1_000, 0.3)], milestones=[300]
        ),
        steps=4_000,
        must=(differs(WARMUP, 250, 300),),
        must_not=WARPS,
    ),
    Pair(
        "1,500 for 1,000 before a root decay",
        "warm-up length",
        lambda_lr(6e-4, root_decay(1_000, 9_000, 11_000)),
        lambda: jax_root_decay(6e-4, 1_500, 9_000, 11_000),
        steps=11_000,
        must=(differs(f"{WARMUP}|milestones?", 1_500, 1_000),),
        must_not=WARPS,
    ),
)

MILESTONES = (
    Pair(
        "DeepSeek's first drop 200 late",
        "milestone",
        lambda_lr(2e-4, warmup_and_drops(2_000, DEEPSEEK)),
        lambda: jax_warmup_and_drops(2e-4, 2_000, {8_200: 0.316, 9_000: 0.1}),
        steps=10_000,
        must=(differs("milestones?", 8_200, 8_000),),
        must_not=WARPS,
    ),
    Pair(
        "4,500 for the second of two drops to a fifth",
        "milestone",
        on_sgd(0.05, lambda optimizer: MultiStepLR(optimizer, [3_000, 4_000], gamma=0.2)),
        lambda: jaxlr.MultiStepLR(0.05, milestones=[3_000, 4_500], gamma=0.2),
        steps=6_000,
        must=(differs("milestones?", 4_500, 4_000),),
        must_not=WARPS,
    ),
)

GAMMAS = (
    Pair(
        "stairs of 0.96 for 0.97 after a warm-up",
        "gamma",
        warmup_stairs(0.016, 600, 300, 0.97),
        lambda: jax_warmup_stairs(0.016, 600, 600, 300, 0.96),
        steps=7_800,
        must=(differs("gamma", 0.96, 0.97),),
        must_not=WARPS,
    ),
    Pair(
        "three drops to 0.3 for 0.316",
        "gamma",
        on_sgd(0.04, lambda optimizer: MultiStepLR(optimizer, [2_500, 5_500, 7_000], gamma=0.316)),
        lambda: jaxlr.MultiStepLR(0.04, milestones=[2_500, 5_500, 7_000], gamma=0.3),
        steps=8_000,
        must=(differs("gamma", 0.3, 0.316),),
        must_not=WARPS,
    ),
)

END_VALUES = (
    Pair(
        "Llama's cosine to a twentieth for a tenth",
        "end value",
        lambda_lr(3e-4, floored(1_500, 13_500, 0.1)),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 3e-4, 1_500, 15_000, 1.5e-5),
        steps=16_000,
        must=(differs(BOTTOM, 1.5e-5, 3e-5),),
        must_not=WARPS,
    ),
    Pair(
        "YOLO's lrf of 0.05 for 0.01",
        "end value",
        lambda_lr(0.01, lambda count: max(1 - count / 7_300, 0.0) * 0.99 + 0.01),
        lambda: lambda count: 0.01 * (jnp.maximum(1 - count / 7_300, 0.0) * 0.95 + 0.05),
        steps=9_000,
        must=(differs(BOTTOM, 5e-4, 1e-4),),
        must_not=WARPS,
    ),
)

POWERS = (
    Pair(
        "DeepLab's power 1.2 for 0.9 after a warm-up",
        "power",
        lambda_lr(0.01, warmup_poly(1_500, 30_000, 0.9)),
        lambda: jax_warmup_poly(0.01, 1_500, 30_000, 1.2, start=1_500),
        steps=30_000,
        must=(differs("power", 1.2, 0.9),),
        must_not=WARPS,
    ),
    Pair(
        "a square root for linear",
        "power",
        on_sgd(0.08, lambda optimizer: PolynomialLR(optimizer, total_iters=6_400, power=1.0)),
        lambda: jaxlr.PolynomialLR(0.08, total_iters=6_400, power=0.5),
        steps=7_000,
        must=(either(differs("power", 0.5, 1), family(r"(?:square[- ]root|power\S* ?0\.5)", "linear")),),
        must_not=WARPS,
    ),
)

RATIOS = (
    Pair(
        "a root decay of 50 epochs of 313 batches for 312",
        "ratio",
        lambda_lr(9e-4, root_decay(2 * 312, 40 * 312, 50 * 312)),
        lambda: jax_root_decay(9e-4, 2 * 313, 40 * 313, 50 * 313),
        steps=50 * 312,
        must=(
            either(
                slower("313/312"),
                faster("312/313"),
                together(differs(WARMUP, 626, 624), differs(JOINT, 12_520, 12_480), differs(T, 3_130, 3_120)),
            ),
        ),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "a ResNet's epochs of 196 batches for 195",
        "ratio",
        warmup_multistep(0.1, 0.1, 5 * 195, [30 * 195, 60 * 195, 80 * 195]),
        lambda: jax_warmup_and_drops(0.1, 5 * 196, {30 * 196: 0.1, 60 * 196: 0.01, 80 * 196: 0.001}, 0.1),
        steps=90 * 195,
        must=(
            either(
                slower("196/195"),
                faster("195/196"),
                together(
                    differs(WARMUP, 980, 975),
                    *(differs("milestones?", n * 196, n * 195) for n in (30, 60, 80)),
                ),
            ),
        ),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

FAMILIES = (
    Pair(
        "exponential for linear after a warm-up",
        "family",
        lambda_lr(1e-3, lambda t: t / 300 if t < 300 else 1 - 0.99 * (t - 300) / 10_000),
        lambda: optax.warmup_exponential_decay_schedule(0.0, 1e-3, 300, 10_000, 0.01),
        steps=10_300,
        must=(family("exponential", "linear"),),
        must_not=WARPS,
    ),
    Pair(
        "cosine for power 0.9",
        "family",
        on_sgd(0.02, lambda optimizer: PolynomialLR(optimizer, total_iters=9_000, power=0.9)),
        lambda: optax.cosine_decay_schedule(0.02, 9_000),
        steps=9_000,
        must=(family("cosine", r"(?:power|polynomial)"),),
        must_not=WARPS,
    ),
)

PHASES = (
    Pair(
        "no cosine after a stable phase",
        "phase",
        lambda_lr(2e-3, lambda t: min(1.0, t / 400) * (1.0 if t < 5_000 else floored(5_000, 4_000, 0.0)(t))),
        lambda: optax.linear_schedule(0.0, 2e-3, 400),
        steps=9_000,
        must=(
            either(
                only_has(5_000, 8_999, "cosine"),
                family("constant", "cosine"),
            ),
        ),
        must_not=(*WARPS, r"only (?!torch)\S+ has"),
    ),
    Pair(
        "a linear decay to 0 after the last drop",
        "phase",
        on_sgd(0.05, lambda optimizer: MultiStepLR(optimizer, [2_000, 5_000], gamma=0.4)),
        lambda: (
            lambda count: (
                jnp.where(count < 2_000, 0.05, jnp.where(count < 5_000, 0.02, 0.008))
                * jnp.clip((8_000 - count) / 1_500, 0.0, 1.0)
            )
        ),
        steps=8_000,
        must=(either(only_has(6_500, 7_999, "linear"), family("linear", "constant")),),
        must_not=(*WARPS, "only torch has"),
    ),
)

MOMENTA = (
    Pair(
        "a wide momentum of a OneCycleLR left alone",
        "momentum",
        on_sgd(
            0.1,
            lambda optimizer: OneCycleLR(
                optimizer, max_lr=0.3, total_steps=3_600, base_momentum=0.8, max_momentum=0.98
            ),
        ),
        lambda: jaxlr.OneCycleLR(0.3, total_steps=3_600, base_momentum=0.8, max_momentum=0.98, cycle_momentum=False),
        steps=3_600,
        must=(
            either(
                together("momentum is not cycled", r"cycles 0\.80?\.\.0\.98"),
                differs("cycle_momentum", "False", "True"),
            ),
        ),
        must_not=WARPS,
    ),
    Pair(
        "the highest momentum of a CyclicLR",
        "momentum",
        on_sgd(0.1, lambda optimizer: CyclicLR(optimizer, 0.005, 0.08, step_size_up=600)),
        lambda: jaxlr.CyclicLR(0.005, 0.08, step_size_up=600, max_momentum=0.95),
        steps=4_200,
        must=("momentum", differs("max_momentum|top|start value|end value", 0.95, 0.9)),
        must_not=("not cycled", *WARPS),
    ),
)

PATIENCE = (
    Pair(
        "patience 6 for 4 beside a cooldown",
        "patience",
        plateau(0.03, mode="max", factor=0.4, patience=4, threshold=2e-3, cooldown=2),
        lambda: jaxlr.ReduceLROnPlateau(0.03, mode="max", factor=0.4, patience=6, threshold=2e-3, cooldown=2),
        steps=700,
        metrics=BLEU,
        must=(differs("patience", 6, 4),),
        must_not=("threshold", "cooldown"),
    ),
    Pair(
        "an array that was cut when the bad epochs were as many as the patience",
        "patience",
        plateau(2e-3, factor=0.6, patience=8, threshold=2e-3, eps=0.0),
        lambda: cut_when_as_many(BITS, 2e-3, 0.6, 8, 2e-3),
        steps=1_000,
        metrics=BITS,
        must=(differs("patience", 7, 8),),
        must_not=("threshold", "cooldown"),
    ),
)

THRESHOLDS = (
    Pair(
        "a threshold of a thousandth for a hundredth",
        "threshold",
        plateau(0.1, factor=0.5, patience=10, threshold=1e-2),
        lambda: jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=10, threshold=1e-3),
        steps=1_000,
        metrics=BITS,
        must=(differs("threshold", 1e-3, 1e-2),),
        must_not=("patience", "threshold_mode"),
    ),
    Pair(
        "an array that was cut by a threshold that is a difference",
        "threshold",
        plateau(0.04, mode="max", factor=0.7, patience=5, threshold=5e-2, eps=0.0),
        lambda: risen_by(CURRICULUM, 0.04, 0.7, 5, 5e-2),
        steps=700,
        metrics=CURRICULUM,
        must=(differs("threshold_mode", "abs", "rel"),),
        must_not=("patience", "cooldown"),
    ),
)

T_MULTS = (
    Pair(
        "T_mult 4 for 2",
        "T_mult",
        restarts(2e-3, 400, 2, eta_min=2e-5),
        lambda: jaxlr.CosineAnnealingWarmRestarts(2e-3, 400, T_mult=4, eta_min=2e-5),
        steps=8_400,
        must=(differs("T_mult", 4, 2),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "a remainder where torch triples its cycles",
        "T_mult",
        restarts(0.12, 700, 3),
        lambda: lambda count: 0.06 * (1 + jnp.cos(jnp.pi * (count % 700) / 700)),
        steps=9_100,
        must=(differs("T_mult", 1, 3),),
        must_not=(SHIFT, SCALE, HELD),
    ),
)

RESTARTS = (
    Pair(
        "cycles each half as high as the last",
        "restarts",
        restarts(0.1, 1_500),
        lambda: lambda count: 0.05 * 0.5 ** (count // 1_500) * (1 + jnp.cos(jnp.pi * (count % 1_500) / 1_500)),
        steps=4_500,
        must=(
            either(
                together(differs(TOP, 0.05, 0.1), differs(TOP, 0.025, 0.1)),
                differs("gamma|m_mul", 0.5, 1),
            ),
        ),
        must_not=(SHIFT, STRETCH, HELD),
    ),
    Pair(
        "restarts where torch goes up again",
        "restarts",
        on_sgd(0.06, lambda optimizer: CosineAnnealingLR(optimizer, 2_500)),
        lambda: lambda count: 0.03 * (1 + jnp.cos(jnp.pi * (count % 2_500) / 2_500)),
        steps=7_500,
        must=(
            either(
                differs("counted from", 2_500, 0),
                together(differs(TOP, 0.06, 0.0), differs(BOTTOM, 0.0, 0.06)),
                only_has(2_500, 4_999, "cosine"),
                "CosineAnnealingWarmRestarts where",
            ),
        ),
        must_not=(SCALE, STRETCH, HELD),
    ),
)

ACCUMULATION = (
    Pair(
        # its count t is torch's 32t: it is 32 times as fast, and torch held
        "torch steps a polynomial once in 32 micro-batches, the other side at each",
        "accumulation",
        lambda_lr(5e-3, lambda count: max(0.0, 1 - (count // 32) / 500) ** 0.9),
        lambda: lambda count: 5e-3 * jnp.maximum(0.0, 1 - count / 500) ** 0.9,
        steps=16_000,
        must=(either(rf"torch {held(32)}", faster(32)),),
        must_not=(SHIFT, SCALE, slower(32)),
    ),
    Pair(
        # its count t is torch's t // 6: held, and six times as slow
        "the other side steps DINO's cosine once in 6 micro-batches, torch at each",
        "accumulation",
        lambda_lr(1e-3, floored(250, 1_750, 0.01, 0.001)),
        lambda: lambda count: jax_floored(1e-3, 250, 1_750, 0.01, 0.001)(count // 6),
        steps=12_000,
        must=(either(rf"(?<!torch ){held(6)}", slower(6)),),
        must_not=(SHIFT, SCALE, faster(6)),
    ),
)

TWO = (
    Pair(
        "the length and the floor of Llama's cosine",
        "two causes",
        lambda_lr(1.5e-4, floored(2_000, 18_000, 0.1)),
        lambda: jax_floored(1.5e-4, 2_000, 17_000, 0.04),
        steps=21_000,
        must=(together(differs(T, 17_000, 18_000), differs(BOTTOM, 6e-6, 1.5e-5)),),
        must_not=WARPS,
    ),
    Pair(
        "a shorter warm-up and stairs of 0.95 for 0.97",
        "two causes",
        warmup_stairs(0.048, 600, 300, 0.97),
        lambda: jax_warmup_stairs(0.048, 500, 600, 300, 0.95),
        steps=6_000,
        must=(together(differs(WARMUP, 500, 600), differs("gamma", 0.95, 0.97)),),
        must_not=WARPS,
    ),
    Pair(
        "the first phase of a OneCycleLR, and its momentum left alone",
        "two causes",
        on_sgd(0.1, lambda optimizer: OneCycleLR(optimizer, max_lr=0.05, total_steps=3_000)),
        lambda: jaxlr.OneCycleLR(0.05, total_steps=3_000, pct_start=0.2, cycle_momentum=False),
        steps=3_000,
        must=(
            either(
                differs("pct_start", 0.2, 0.3),
                together(
                    differs(f"{WARMUP}|{T}", 599, 899), either(differs(T, 2_400, 2_100), differs(JOINT, 599, 899))
                ),
            ),
            either("momentum is not cycled", differs("cycle_momentum", "False", "True")),
        ),
        must_not=WARPS,
    ),
)

NANS = (
    Pair(
        "a stable phase whose root decay goes past its end",
        "nan",
        lambda_lr(3e-3, lambda t: 1.0 if t < 5_000 else math.sqrt(max(0.0, (6_000 - t) / 1_000))),
        lambda: lambda count: 3e-3 * jnp.sqrt(jnp.minimum(1.0, (6_000 - count) / 1_000)),
        steps=6_500,
        must=(rf"NaN from count {number(6_001)}",),
        must_not=WARPS,
    ),
)


def jagged(steps: int) -> np.ndarray:
    """A product of random factors."""
    return 0.02 * np.exp(np.cumsum(np.random.default_rng(51).standard_t(3, steps) * 0.003))


def rippled(curve: np.ndarray, height: float) -> np.ndarray:
    return curve + height * np.sin(np.arange(len(curve)) / 97.3)


def exchanged(curve: np.ndarray, first: int, second: int, length: int) -> np.ndarray:
    ours, theirs = curve[first : first + length].copy(), curve[second : second + length].copy()
    curve[first : first + length], curve[second : second + length] = theirs, ours
    return curve


# What a curve that no cause explains may be told: nothing, the very counts, or the numbers it is rounded to.
TRAPS = (
    Pair(
        "a product of random factors",
        "trap",
        lambda_lr(0.02, floored(500, 4_500, 0.1)),
        lambda: jagged(5_000),
        steps=5_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "a ripple of a fiftieth",
        "trap",
        on_sgd(0.1, lambda optimizer: CosineAnnealingLR(optimizer, T_max=6_000)),
        lambda: rippled(
            torch_curve(on_sgd(0.1, lambda optimizer: CosineAnnealingLR(optimizer, T_max=6_000)), 6_000), 0.002
        ),
        steps=6_000,
        must=("none found",),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "two stretches of an exponential exchanged",
        "trap",
        on_sgd(0.03, lambda optimizer: ExponentialLR(optimizer, 0.9996)),
        lambda: exchanged(
            torch_curve(on_sgd(0.03, lambda optimizer: ExponentialLR(optimizer, 0.9996)), 5_000), 1_100, 3_300, 700
        ),
        steps=5_000,
        must=(either("none found", number(1_100)),),
        must_not=(*WARPS, "rounding"),
    ),
    Pair(
        "a slanted triangle in half precision",
        "trap",
        lambda_lr(0.01, slanted(500, 5_000)),
        lambda: torch_curve(lambda_lr(0.01, slanted(500, 5_000)), 5_000).astype(np.float16).astype(np.float64),
        steps=5_000,
        must=(either("none found", "float16", "half precision"),),
        must_not=(*WARPS, "float32"),
    ),
)


def exponential_triangles(count: Any) -> Any:
    """The triangles of a CyclicLR that shrink exponentially."""
    height = jnp.maximum(0.0, 1 - jnp.abs((count % 1_000) / 500 - 1))
    return 0.002 + 0.048 * height * 0.9998**count


CONTROLS = (
    Pair(
        "jaxlr's own polynomial",
        "control",
        on_sgd(0.025, lambda optimizer: PolynomialLR(optimizer, total_iters=11_000, power=1.5)),
        lambda: jaxlr.PolynomialLR(0.025, total_iters=11_000, power=1.5),
        steps=12_000,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own sequence of a warm-up and restarts",
        "control",
        on_sgd(
            0.05,
            lambda optimizer: SequentialLR(
                optimizer,
                [LinearLR(optimizer, 0.1, total_iters=900), CosineAnnealingWarmRestarts(optimizer, 1_300, 2, 1e-3)],
                milestones=[900],
            ),
        ),
        lambda: jaxlr.SequentialLR(
            0.05,
            [jaxlr.LinearLR(0.05, 0.1, total_iters=900), jaxlr.CosineAnnealingWarmRestarts(0.05, 1_300, 2, 1e-3)],
            milestones=[900],
        ),
        steps=7_000,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own plateau with a cooldown",
        "control",
        plateau(0.03, factor=0.4, patience=4, threshold=2e-2, threshold_mode="abs", cooldown=3),
        lambda: jaxlr.ReduceLROnPlateau(0.03, factor=0.4, patience=4, threshold=2e-2, threshold_mode="abs", cooldown=3),
        steps=1_000,
        metrics=BITS,
        verdict="equal",
    ),
    Pair(
        "jaxlr's own three phases of a OneCycleLR, momentum too",
        "control",
        on_sgd(
            0.1,
            lambda optimizer: OneCycleLR(
                optimizer, max_lr=0.2, total_steps=2_700, pct_start=0.4, three_phase=True, anneal_strategy="linear"
            ),
        ),
        lambda: jaxlr.OneCycleLR(0.2, total_steps=2_700, pct_start=0.4, three_phase=True, anneal_strategy="linear"),
        steps=2_700,
        verdict="equal",
    ),
    Pair(
        "a list of two schedulers beside a chain of them",
        "control",
        on_sgd(0.4, lambda optimizer: [LinearLR(optimizer, 0.2, total_iters=350), StepLR(optimizer, 800, 0.6)]),
        on_sgd(
            0.4,
            lambda optimizer: ChainedScheduler(
                [LinearLR(optimizer, 0.2, total_iters=350), StepLR(optimizer, 800, 0.6)]
            ),
        ),
        steps=4_000,
        verdict="equal",
    ),
    Pair(
        "an array of the drops of a ResNet",
        "control",
        warmup_multistep(0.1, 0.1, 980, [5_880, 11_760, 15_680]),
        lambda: torch_curve(warmup_multistep(0.1, 0.1, 980, [5_880, 11_760, 15_680]), 17_500),
        steps=17_500,
        verdict="equal",
    ),
    Pair(
        "DeepLab's decay in float32",
        "control",
        lambda_lr(0.01, warmup_poly(1_500, 30_000, 0.9)),
        lambda: jax_warmup_poly(0.01, 1_500, 30_000, 0.9, start=1_500),
        steps=30_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a slanted triangle in float32",
        "control",
        lambda_lr(0.01, slanted(900, 9_000)),
        lambda: jax_slanted(0.01, 900, 9_000),
        steps=9_500,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "T5's inverse square root in float32",
        "control",
        lambda_lr(0.01, lambda count: math.sqrt(10_000 / max(count, 10_000))),
        lambda: lambda count: jax.lax.rsqrt(jnp.maximum(count, 10_000) * 1.0),
        steps=40_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "a root decay in float32",
        "control",
        lambda_lr(4e-4, root_decay(600, 8_000, 10_000)),
        lambda: jax_root_decay(4e-4, 600, 8_000, 10_000),
        steps=10_500,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "triangles that shrink exponentially in float32",
        "control",
        on_sgd(
            0.1,
            lambda optimizer: CyclicLR(
                optimizer, 0.002, 0.05, step_size_up=500, mode="exp_range", gamma=0.9998, cycle_momentum=False
            ),
        ),
        lambda: exponential_triangles,
        steps=8_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Optax's warm-up and cosine to a tenth",
        "control",
        lambda_lr(3e-4, floored(1_500, 13_500, 0.1)),
        lambda: optax.warmup_cosine_decay_schedule(0.0, 3e-4, 1_500, 15_000, 3e-5),
        steps=16_000,
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
