"""Tune a learning rate and its decay by gradient descent through the training run itself."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxlr

STEPS, ROUNDS = 40, 30
START = {"lr": 0.03, "gamma": 0.9}


class Result(NamedTuple):
    """The loss that the training ends with, at the start of each round and after the last; and what was tuned."""

    losses: list[float]
    tuned: dict[str, jax.Array]


def loss(params: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.mean((jnp.tanh(x @ params["in"] + params["bias"]) @ params["out"] - y) ** 2)


def final_loss(hyperparameters: dict[str, jax.Array]) -> jax.Array:
    """The loss of a small network after STEPS steps on the schedule of these hyperparameters."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(64, 2)))
    y = jnp.sin(2 * x[:, 0]) * x[:, 1]
    params = {"in": rng.normal(size=(2, 16)), "bias": np.zeros(16), "out": rng.normal(size=16) / 4}
    params = jax.tree.map(jnp.asarray, params)
    optimizer = optax.sgd(jaxlr.ExponentialLR(**hyperparameters), momentum=0.9)

    @jax.checkpoint  # the backward pass computes each step again, and so keeps no more than the weights of each
    def step(carry: tuple, _: None) -> tuple:
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params, x, y), state)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), length=STEPS)
    return loss(params, x, y)


def main() -> Result:
    hypergradient = jax.jit(jax.value_and_grad(final_loss))
    hyperparameters = jax.tree.map(jnp.asarray, START)
    tuner = optax.adam(0.003)
    state = tuner.init(hyperparameters)
    losses = []
    for tuned in range(ROUNDS + 1):
        value, gradients = hypergradient(hyperparameters)
        losses.append(value.item())
        if tuned % 10 == 0:
            lr, gamma = hyperparameters["lr"], hyperparameters["gamma"]
            print(f"round {tuned:2d}  lr {lr:.4f}  gamma {gamma:.4f}  final loss {value:.4f}")
        if tuned < ROUNDS:
            updates, state = tuner.update(gradients, state)
            hyperparameters = optax.apply_updates(hyperparameters, updates)
    return Result(losses, hyperparameters)


if __name__ == "__main__":
    main()
