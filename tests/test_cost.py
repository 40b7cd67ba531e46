"""What a schedule costs besides its value: compilations, and constants in the program."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import ONE_OF_EACH, of_which

import jaxlr
from parity.cases import RECIPES

LARGEST = 64 * 1024  # bytes of a constant
SIZES = {"pred": 1, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}

# total_steps asks for a table.
CLOSED = [case for case in RECIPES if case.total_steps is None and case.closed]


def test_a_step_that_takes_the_learning_rate_compiles_once():
    @jax.jit
    def step(params, lr):
        return params - jaxlr.StepLR(lr, step_size=2)(3) * params

    rates = (0.1, 0.05, 0.01)
    results = [step(jnp.ones(3), lr) for lr in rates]
    np.testing.assert_array_max_ulp(np.array(results)[:, 0], np.float32(1 - 0.1 * np.array(rates)), maxulp=1)
    assert step._cache_size() == 1


def test_a_step_that_takes_what_a_schedule_gives_compiles_once():
    @jax.jit
    def step(params, lr):
        return params - lr * params

    schedule = jaxlr.CosineAnnealingLR(0.1, T_max=10)
    for epoch in range(3):
        step(jnp.ones(3), schedule(epoch))
    state = schedule.stateful().init()
    for _ in range(3):
        step(jnp.ones(3), schedule.stateful()(state))
        state = schedule.stateful().update(state)
    assert step._cache_size() == 1


@pytest.mark.parametrize("injected", [False, True])
def test_a_chain_compiles_once(injected):
    def chain(learning_rate):
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(learning_rate))

    schedule = jaxlr.SequentialLR(
        0.1, [jaxlr.LinearLR(0.1, total_iters=3), jaxlr.CosineAnnealingLR(0.1, T_max=9)], milestones=[3]
    )
    optimizer = optax.inject_hyperparams(chain)(learning_rate=schedule) if injected else chain(schedule)
    traced = []

    @jax.jit
    def step(params, state):
        traced.append(True)
        updates, state = optimizer.update(params, state, params)
        return optax.apply_updates(params, updates), state

    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
    state = optimizer.init(params)
    for _ in range(6):
        params, state = step(params, state)
    assert traced == [True]
    assert step._cache_size() == 1


def largest_constant(schedule):
    """The bytes of the largest constant in the optimised program of a call."""
    program = jax.jit(schedule).lower(jnp.int32(0)).compile().as_text()
    found = re.findall(r"(\w+)\[([\d,]*)\]\S* constant\(", program)
    return max((SIZES[dtype] * int(np.prod([int(n) for n in shape.split(",") if n])) for dtype, shape in found))


@pytest.mark.parametrize("case", of_which(CLOSED, ONE_OF_EACH), ids=str)
def test_no_constant_is_large(case):
    assert largest_constant(case.schedule()) <= LARGEST


def test_a_table_is_a_constant_that_is_seen():
    values = np.linspace(0.1, 0.2, 10_000).tolist()
    assert largest_constant(jaxlr.Table(values)) == 8 * 10_000
