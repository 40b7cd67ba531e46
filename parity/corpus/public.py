"""Public pairs: a torch recipe and its JAX counterpart, each rebuilt from its formula."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, ReduceLROnPlateau, SequentialLR, StepLR

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
    faster,
    held,
    lambda_lr,
    late,
    on_sgd,
    scaled,
    slower,
)


def once_in(counts: int, lr: float, build: Callable[[torch.optim.Optimizer], Any], steps: int) -> Callable[[], Any]:
    """A table of what a loop leaves that steps its scheduler once in so many counts."""

    def recorded() -> Any:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
        scheduler = build(optimizer)

        def step(count: int) -> None:
            if count % counts == 0:
                scheduler.step()

        return jaxlr.record(step, optimizer, steps, counts_from=1)[0]

    return recorded


# openpi and lerobot: pi0's cosine from 2.5e-5 to 2.5e-6 beside a warm-up of 1,000.
def _pi0_start(step: int) -> float:
    return 1 / 1_001 + (1 - 1 / 1_001) * step / 1_000


def lerobot(step: int) -> float:
    return _pi0_start(step) if step < 1_000 else 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(step, 30_000) / 30_000))


def openpi_torch(step: int) -> float:
    progress = min(1.0, (step - 1_000) / 29_000)
    return _pi0_start(step) if step < 1_000 else 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress))


def openpi() -> Any:
    return optax.warmup_cosine_decay_schedule(2.5e-5 / 1_001, 2.5e-5, 1_000, 30_000, 2.5e-6)


# MACE: the plateau of mace-jax keeps its state in Python.
class MacePlateau:
    """Cuts when the bad epochs reach the patience; its threshold is a difference."""

    def __init__(self, lr: float, factor: float, patience: int, threshold: float) -> None:
        self.lr, self.factor, self.patience, self.threshold = lr, factor, patience, threshold
        self.best, self.bad = math.inf, 0

    def __call__(self, count: Any) -> float:
        return self.lr

    def update(self, loss: float) -> None:
        if loss + self.threshold < self.best:
            self.best, self.bad = loss, 0
            return
        self.bad += 1
        if self.bad >= self.patience:
            self.lr, self.bad = self.lr * self.factor, 0


def mace_loss(epochs: int) -> list[float]:
    """A noisy validation loss; a ten-thousandth is a share of it that a difference is not."""
    noise = np.random.default_rng(11).standard_normal(epochs)
    loss = 0.004 + 0.05 * np.exp(-np.arange(epochs) / 300) + 5e-4 * noise
    return [float(value) for value in loss]


def mace_jax(losses: list[float]) -> np.ndarray:
    """What its loop has where every epoch reads the rate anew."""
    plateau = MacePlateau(0.01, 0.8, 50, 1e-4)
    rates: list[float] = []
    for loss in losses:
        rates.append(plateau(len(rates)))
        plateau.update(loss)
    return np.array(rates)


def mace_torch() -> Callable[[], Any]:
    return on_sgd(0.01, lambda optimizer: ReduceLROnPlateau(optimizer, factor=0.8, patience=50))


MACE_LOSS = mace_loss(1_500)


# DeiT III: timm's cosine, stepped with the epoch that has just ended; deit3-jax counts batches. An epoch here has 20.
def deit(count: int) -> float:
    epoch = max(count // 20 - 1, 0)
    if epoch < 5:
        return (1e-6 + epoch * (3e-3 - 1e-6) / 5) / 3e-3
    return (1e-5 + 0.5 * (3e-3 - 1e-5) * (1 + math.cos(math.pi * epoch / 400))) / 3e-3


def deit3_jax() -> Any:
    return optax.warmup_cosine_decay_schedule(1e-6, 3e-3, 5 * 20, 400 * 20, 1e-5)


# transformers' GLUE examples on MRPC: 3,668 pairs in batches of 32, five epochs.
def glue(total: int) -> Callable[[int], float]:
    return lambda step: max(0.0, (total - step) / total)


def flax_glue(total: int, warmup: int = 0) -> Any:
    rise = optax.linear_schedule(0.0, 5e-5, warmup)
    return optax.join_schedules([rise, optax.linear_schedule(5e-5, 0.0, total - warmup)], [warmup])


# ViT: the PyTorch fine-tuning loop steps its scheduler before the optimizer.
def vit_torch(count: int) -> float:
    step = count + 1
    return step / 500 if step < 500 else max(0.0, 0.5 * (1 + math.cos(math.pi * (step - 500) / 9_500)))


def vit_jax(step: Any) -> jax.Array:
    progress = jnp.clip((step - 500) / 9_500, 0.0, 1.0)
    return 0.03 * 0.5 * (1 + jnp.cos(jnp.pi * progress)) * jnp.minimum(1.0, step / 500)


# mip-NeRF: log-linear from 5e-4 to 5e-6, eased in; the JAX loop counts from 1.
def mipnerf_torch(step: int) -> float:
    ease = 0.01 + 0.99 * math.sin(0.5 * math.pi * min(step / 500, 1.0))
    share = min(step / 20_000, 1.0)
    return ease * math.exp(math.log(5e-4) * (1 - share) + math.log(5e-6) * share)


def mipnerf_jax(count: Any) -> jax.Array:
    step = count + 1
    ease = 0.01 + 0.99 * jnp.sin(0.5 * jnp.pi * jnp.clip(step / 500, 0, 1))
    share = jnp.clip(step / 20_000, 0, 1)
    return ease * jnp.exp(jnp.log(5e-4) * (1 - share) + jnp.log(5e-6) * share)


# AlgoPerf's CIFAR submissions, 5 and 45 epochs of 390 batches.
def algoperf_cifar(optimizer: torch.optim.Optimizer) -> Any:
    warmup = LinearLR(optimizer, start_factor=1e-5, end_factor=1.0, total_iters=5)
    return SequentialLR(optimizer, [warmup, CosineAnnealingLR(optimizer, T_max=45)], milestones=[5])


def algoperf_cifar_jax() -> Any:
    rise = optax.linear_schedule(0.0, 0.1, 5 * 390)
    return optax.join_schedules([rise, optax.cosine_decay_schedule(0.1, 45 * 390)], [5 * 390])


# AlgoPerf's AdamW on fastMRI: a twentieth of 18,094 steps is 904.7, which torch takes as it is.
def algoperf_adamw(optimizer: torch.optim.Optimizer) -> Any:
    steps: Any = 0.05 * 18_094
    warmup = LinearLR(optimizer, start_factor=1e-10, end_factor=1.0, total_iters=steps)
    return SequentialLR(optimizer, [warmup, CosineAnnealingLR(optimizer, T_max=18_094 - steps)], milestones=[steps])


def algoperf_adamw_jax() -> Any:
    rise = optax.linear_schedule(0.0, 1e-3, 904)
    return optax.join_schedules([rise, optax.cosine_decay_schedule(1e-3, 18_094 - 904)], [904])


# DETR: dropped at epoch 200 of 300; Scenic's boundaries are passed, not reached. An epoch here has 24 batches.
def scenic_detr(step: Any) -> jax.Array:
    index = jnp.sum(jnp.array([4_800]) < step)
    return 1e-4 * jnp.array([1.0, 0.1])[index]


# nanoGPT, with the warm-up of today and with that of 2023.
def nanogpt(first: Callable[[int], float]) -> Callable[[int], float]:
    def factor(it: int) -> float:
        if it < 2_000:
            return first(it)
        if it > 30_000:
            return 0.1
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * (it - 2_000) / 28_000))

    return factor


def nanogpt_jax() -> Any:
    return optax.warmup_cosine_decay_schedule(0.0, 6e-4, 2_000, 30_000, 6e-5)


# spd: progress is step / (steps - 1) in torch; a JAX cosine has step / steps.
def spd(step: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / (10_000 - 1)))


# S5: a warm-up of one epoch of 1,000 batches, then a cosine of 24 that goes on counting from the start.
def s5_meant(step: int) -> float:
    return (step + 1) / 1_000 if step < 1_000 else 0.5 * (1 + math.cos(math.pi * min(step - 1_000, 24_000) / 24_000))


def s5(step: Any) -> jax.Array:
    anneal = 0.5 * 4e-3 * (1 + jnp.cos(jnp.pi * jnp.minimum(step, 24_000) / 24_000))
    return jnp.where(step < 1_000, 4e-3 * (step + 1) / 1_000, anneal)


# PPO of cleanrl: 4 epochs of 4 minibatches an iteration.
def cleanrl(count: int) -> float:
    return 1.0 - (count // 16) / 976


def cleanrl_jax(count: Any) -> Any:
    return 2.5e-4 * (1.0 - (count // 16) / 976)


DIFFERENT = (
    Pair(
        "openpi beside lerobot, pi0",
        "offset",
        lambda_lr(2.5e-5, lerobot),
        openpi,
        steps=30_000,
        must=(differs("T|T_max", 29_000, 30_000), differs("counted from", 1_000, 0)),
        must_not=WARPS,
    ),
    Pair(
        "MACE's plateau in Python",
        "plateau",
        mace_torch(),
        lambda: mace_jax(MACE_LOSS),
        steps=1_500,
        metrics=MACE_LOSS,
        must=(differs("patience", 49, 50), differs("threshold_mode", "abs", "rel")),
        must_not=WARPS,
    ),
    Pair(
        # a compiled step has the rate that it was traced with; a factor of 1 says the same
        "MACE's plateau, compiled",
        "plateau",
        mace_torch(),
        lambda: MacePlateau(0.01, 0.8, 50, 1e-4),
        steps=1_500,
        metrics=MACE_LOSS,
        must=(either("constant", "never", differs("factor", 1, 0.8)),),
        must_not=WARPS,
    ),
    Pair(
        "DeiT III",
        "several",
        lambda_lr(3e-3, deit),
        deit3_jax,
        steps=8_000,
        must=(held(20), either(differs("T|T_max", 7_900, 8_000), differs("T|T_max", 395, 400))),
        must_not=(SCALE, STRETCH),
    ),
    Pair(
        # a line alone of another length is as truly one that runs faster
        "GLUE on MRPC, floor for ceil",
        "ratio",
        lambda_lr(5e-5, glue(575)),
        lambda: flax_glue(570),
        steps=570,
        must=(either(differs("T|length|total_iters|end", 570, 575), faster("115/114")),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "ViT",
        "shift",
        lambda_lr(0.03, vit_torch),
        lambda: vit_jax,
        steps=10_000,
        must=(late(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "mip-NeRF",
        "shift",
        lambda_lr(1.0, mipnerf_torch),
        lambda: mipnerf_jax,
        steps=20_000,
        must=(early(1),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "AlgoPerf, CIFAR",
        "held",
        once_in(390, 0.1, algoperf_cifar, 50 * 390),
        algoperf_cifar_jax,
        steps=50 * 390,
        must=(held(390),),
        must_not=(SHIFT, SCALE),
    ),
    Pair(
        "AlgoPerf, AdamW",
        "warm-up length",
        on_sgd(1e-3, algoperf_adamw),
        algoperf_adamw_jax,
        steps=18_000,
        must=(
            either(
                differs("warm-up length|total_iters|milestones?", 904, 904.7),
                differs("T|T_max", 17_190, 17_189.3),
                differs("top|peak|end value", 1e-3, 1e-3 * 904 / 904.7),
            ),
        ),
        must_not=WARPS,
    ),
    Pair(
        # of one drop a shift is as true, and that it is stepped once in as many counts
        "DETR",
        "milestone",
        once_in(24, 1e-4, lambda optimizer: StepLR(optimizer, 200), 300 * 24),
        lambda: scenic_detr,
        steps=300 * 24,
        must=(either(differs("milestones?", 4_801, 4_800), late(1)),),
        must_not=(SCALE,),
    ),
    Pair(
        "nanoGPT",
        "warm-up",
        lambda_lr(6e-4, nanogpt(lambda it: (it + 1) / 2_001)),
        nanogpt_jax,
        steps=30_000,
        must=(
            either(
                differs("start value", 0.0, 6e-4 / 2_001),
                differs("warm-up length", 2_000, 2_001),
                differs("counted from", 0, -1),
            ),
        ),
        must_not=WARPS,
    ),
    Pair(
        # a cosine alone of another length is as truly one that runs more slowly
        "spd",
        "T",
        lambda_lr(3e-3, spd),
        lambda: optax.cosine_decay_schedule(3e-3, 10_000),
        steps=10_000,
        must=(either(differs("T|T_max", 10_000, 9_999), slower("10000/9999"), slower("10,000/9,999")),),
        must_not=(SHIFT, SCALE, HELD),
    ),
    Pair(
        "S5",
        "offset",
        lambda_lr(4e-3, s5_meant),
        lambda: s5,
        steps=25_000,
        must=(differs("counted from", 0, 1_000),),
        must_not=(SCALE, STRETCH, HELD),
    ),
    Pair(
        "IQL",
        "scale",
        on_sgd(3e-4, lambda optimizer: CosineAnnealingLR(optimizer, T_max=20_000)),
        lambda: optax.cosine_decay_schedule(-3e-4, 20_000),
        steps=20_000,
        must=(scaled(-1),),
        must_not=(SHIFT, STRETCH, HELD),
    ),
)

AGREEING = (
    Pair(
        "score_sde",
        "control",
        lambda_lr(2e-4, lambda step: min(step / 5_000, 1.0)),
        lambda: lambda step: 2e-4 * jnp.minimum(step / 5_000, 1.0),
        steps=15_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "cleanrl, PPO",
        "control",
        lambda_lr(2.5e-4, cleanrl),
        lambda: cleanrl_jax,
        steps=976 * 16,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "IQL, its sign turned",
        "control",
        on_sgd(3e-4, lambda optimizer: CosineAnnealingLR(optimizer, T_max=20_000)),
        lambda: lambda count: -optax.cosine_decay_schedule(-3e-4, 20_000)(count),
        steps=20_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "openpi beside its own torch",
        "control",
        lambda_lr(2.5e-5, openpi_torch),
        openpi,
        steps=30_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "GLUE on MRPC, of one length",
        "control",
        lambda_lr(5e-5, glue(575)),
        lambda: flax_glue(575),
        steps=600,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "nanoGPT of 2023",
        "control",
        lambda_lr(6e-4, nanogpt(lambda it: it / 2_000)),
        nanogpt_jax,
        steps=32_000,
        verdict="equal in float32 arithmetic",
    ),
    Pair(
        "Deformable DETR",
        "control",
        once_in(100, 2e-4, lambda optimizer: StepLR(optimizer, 40), 50 * 100),
        lambda: optax.piecewise_constant_schedule(2e-4, {50 * 4 // 5 * 100: 0.1}),
        steps=50 * 100,
        verdict="equal",
    ),
)

PAIRS: tuple[Pair, ...] = (*DIFFERENT, *AGREEING)
