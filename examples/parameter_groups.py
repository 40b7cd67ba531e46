"""Three parameter groups, each on a schedule of its own: torch's param_groups, as optax.partition."""

import jax
import jax.numpy as jnp
import optax

import jaxlr

STEPS = 100

# torch: OneCycleLR(optimizer, max_lr=..., total_steps=100) drives the learning rate and the momentum of its group.
one_cycle = jaxlr.OneCycleLR(max_lr=0.05, total_steps=STEPS)
optimizer = optax.partition(
    {
        "backbone": optax.inject_hyperparams(optax.sgd)(learning_rate=one_cycle, momentum=one_cycle.momentum),
        "head": optax.sgd(jaxlr.CosineAnnealingLR(0.1, T_max=STEPS), momentum=0.9),
        "biases": optax.sgd(jaxlr.StepLR(0.2, step_size=30)),
    },
    lambda params: {
        layer: {name: "biases" if name == "bias" else layer for name in leaves} for layer, leaves in params.items()
    },
)


def loss(params: dict, x: jax.Array, y: jax.Array) -> jax.Array:
    hidden = jnp.tanh(x @ params["backbone"]["kernel"] + params["backbone"]["bias"])
    return jnp.mean((hidden @ params["head"]["kernel"] + params["head"]["bias"] - y) ** 2)


@jax.jit
def train_step(params: dict, state: optax.OptState, x: jax.Array, y: jax.Array) -> tuple:
    value, gradients = jax.value_and_grad(loss)(params, x, y)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state, value


def main() -> list[float]:
    keys = jax.random.split(jax.random.key(0), 4)
    params = {
        "backbone": {"kernel": 0.5 * jax.random.normal(keys[0], (4, 16)), "bias": jnp.zeros(16)},
        "head": {"kernel": 0.5 * jax.random.normal(keys[1], (16, 1)), "bias": jnp.zeros(1)},
    }
    x = jax.random.normal(keys[2], (256, 4))
    y = jnp.sin(x.sum(axis=1, keepdims=True))
    state = optimizer.init(params)
    losses = []
    for step in range(STEPS):
        params, state, value = train_step(params, state, x, y)
        losses.append(float(value))
        if step % 20 == 0:
            used = state.inner_states["backbone"].inner_state.hyperparams
            print(f"{step:3d}  loss {value:.4f}  lr {used['learning_rate']:.6f}  momentum {used['momentum']:.4f}")
    return losses


if __name__ == "__main__":
    main()
