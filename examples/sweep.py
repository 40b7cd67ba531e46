"""A thousand schedules in one compiled training run: vmap over the length of a warm-up and of the cosine after it.

Needs scikit-learn. A small network learns scikit-learn's handwritten digits, once for each pair.
"""

import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

import jaxlr

TRAIN, BATCH, STEPS = 1400, 100, 100  # digits
LR = 1.0
WARMUPS, T_MAXES = (grid.ravel() for grid in np.meshgrid(np.arange(1, 41), np.arange(60, 160, 4)))  # steps


class Run(NamedTuple):
    """What a training leaves: the loss on the digits held out, the accuracy there, and the weights."""

    loss: jax.Array
    accuracy: jax.Array
    weights: dict[str, jax.Array]


def digits() -> tuple[jax.Array, jax.Array]:
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    return jnp.asarray(images[order] / 16, jnp.float32), jnp.asarray(labels[order], jnp.int32)


def logits(weights: dict[str, jax.Array], images: jax.Array) -> jax.Array:
    return jnp.tanh(images @ weights["in"]) @ weights["out"]


def loss(weights: dict[str, jax.Array], images: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(logits(weights, images), labels).mean()


def recipe(warmup: int | jax.Array, T_max: int | jax.Array) -> jaxlr.SequentialLR:
    members = [jaxlr.LinearLR(LR, start_factor=0.01, total_iters=warmup), jaxlr.CosineAnnealingLR(LR, T_max)]
    return jaxlr.SequentialLR(LR, members, milestones=[warmup])


def train(warmup: jax.Array, T_max: jax.Array, images: jax.Array, labels: jax.Array) -> Run:
    optimizer = optax.sgd(recipe(warmup, T_max))
    keys = jax.random.split(jax.random.key(0))
    weights = {"in": jax.random.normal(keys[0], (64, 16)) / 8, "out": jax.random.normal(keys[1], (16, 10)) / 4}

    def step(carry: tuple, i: jax.Array) -> tuple:
        weights, state = carry
        rows = (i * BATCH + jnp.arange(BATCH)) % TRAIN
        updates, state = optimizer.update(jax.grad(loss)(weights, images[rows], labels[rows]), state)
        return (optax.apply_updates(weights, updates), state), None

    (weights, _), _ = jax.lax.scan(step, (weights, optimizer.init(weights)), jnp.arange(STEPS))
    held_out = images[TRAIN:], labels[TRAIN:]
    accuracy = jnp.mean(logits(weights, held_out[0]).argmax(axis=1) == held_out[1])
    return Run(loss(weights, *held_out), accuracy, weights)


def timed(run: jax.stages.Wrapped, *args: jax.Array) -> tuple[Run, float]:
    jax.block_until_ready(run(*args))  # compiles
    start = time.perf_counter()
    result = jax.block_until_ready(run(*args))
    return result, time.perf_counter() - start


def main() -> Run:
    data = digits()
    warmups, T_maxes = jnp.asarray(WARMUPS), jnp.asarray(T_MAXES)
    runs, seconds = timed(jax.jit(jax.vmap(train, in_axes=(0, 0, None, None))), warmups, T_maxes, *data)
    best = int(runs.loss.argmin())
    _, alone = timed(jax.jit(train), warmups[best], T_maxes[best], *data)
    print(f"best  {recipe(WARMUPS[best], T_MAXES[best])}: test accuracy {runs.accuracy[best]:.4f}")
    runs_at_once = len(warmups)
    in_turn = alone * runs_at_once
    print(f"time  {runs_at_once} runs at once {seconds:.2f} s; one alone {alone:.4f} s, so in turn {in_turn:.2f} s")
    return runs


if __name__ == "__main__":
    main()
