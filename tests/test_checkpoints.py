"""A state is data: saved in the middle of a training and restored, it goes on as if nothing had been."""

import pickle
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import of_which

import jaxlr
from parity.cases import COMPOSITES

STEPS, AT = 24, 9
NESTED = [
    case
    for case in COMPOSITES
    if any("schedulers" in member.arguments for member in case.arguments.get("schedulers", ()))
]
SCHEDULES = [
    jaxlr.StepLR(0.1, step_size=4),
    jaxlr.CyclicLR(0.01, 0.1, step_size_up=5, mode="triangular2"),
    jaxlr.OneCycleLR(0.1, total_steps=STEPS),
    jaxlr.per_epoch(jaxlr.ExponentialLR(0.1, 0.9), 3),
    *(case.schedule() for case in NESTED),
    jaxlr.ReduceLROnPlateau(0.1, factor=0.7, patience=0, cooldown=1),
    jaxlr.InTurn([jaxlr.LinearLR(0.1, 0.1, total_iters=5), jaxlr.ReduceLROnPlateau(0.1, factor=0.7, patience=0)], [5]),
    jaxlr.Together([jaxlr.ReduceLROnPlateau(0.1, factor=0.7, patience=1), jaxlr.ExponentialLR(0.1, 0.99)]),
]
BATCHES = np.random.default_rng(0).normal(1, 0.5, (STEPS, 3)).astype(np.float32)


def start(schedule):
    """An optimizer that the schedule drives, and what it begins with: parameters and a state."""
    driven = {} if schedule._momentum is None else {"momentum": schedule.momentum.stateful()}
    rate = schedule if isinstance(schedule, jaxlr.ReduceLROnPlateau) else schedule.stateful()
    # Up to Optax 0.2.7 a rate would else be cast to the parameters' dtype.
    injected = optax.inject_hyperparams(optax.sgd, hyperparam_dtype=jnp.result_type(float))
    optimizer = injected(learning_rate=rate, **driven)
    params = {"w": jnp.zeros(3, jnp.float32), "b": jnp.zeros((), jnp.float32)}
    return optimizer, (params, optimizer.init(params))


def train(optimizer, trained, batches):
    """The learning rates of the batches, and the parameters and the state after them."""

    @jax.jit
    def step(params, state, batch):
        loss, gradients = jax.value_and_grad(lambda p: jnp.mean((p["w"] + p["b"] - batch) ** 2))(params)
        updates, state = optimizer.update(gradients, state, params, value=loss)
        return optax.apply_updates(params, updates), state

    lrs = []
    for batch in batches:
        trained = step(*trained, batch)
        lrs.append(trained[1].hyperparams["learning_rate"])
    return np.array(lrs), trained


@cache
def uninterrupted(schedule):
    """A training: what it has halfway, the learning rates of the rest, and what it ends with."""
    optimizer, fresh = start(schedule)
    before, halfway = train(optimizer, fresh, BATCHES[:AT])
    after, last = train(optimizer, halfway, BATCHES[AT:])
    assert len({*before}) > 1
    assert len({*after}) > 1
    return halfway, after, last


def by_orbax(trained, fresh, folder):
    checkpoint = pytest.importorskip("orbax.checkpoint")
    with checkpoint.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder / "saved", trained)
    with checkpoint.StandardCheckpointer() as checkpointer:
        return checkpointer.restore(folder / "saved", jax.tree.map(checkpoint.utils.to_shape_dtype_struct, fresh))


def by_pickle(trained, fresh, folder):
    (folder / "saved").write_bytes(pickle.dumps(jax.tree.map(np.asarray, trained)))
    return pickle.loads((folder / "saved").read_bytes())


each_way = pytest.mark.parametrize("restored_by", [by_orbax, by_pickle])


@each_way
@pytest.mark.parametrize("schedule", of_which(SCHEDULES, SCHEDULES[::4]), ids=repr)
def test_a_restored_training_goes_on_bit_equal(schedule, restored_by, tmp_path):
    halfway, expected, last = uninterrupted(schedule)
    optimizer, fresh = start(schedule)
    restored = restored_by(halfway, fresh, tmp_path)
    assert jax.tree.structure(restored) == jax.tree.structure(fresh)
    jax.tree.map(np.testing.assert_array_equal, restored, halfway)
    lrs, resumed = train(optimizer, restored, BATCHES[AT:])
    np.testing.assert_array_equal(lrs, expected)
    jax.tree.map(np.testing.assert_array_equal, resumed, last)


@each_way
@pytest.mark.parametrize("schedule", of_which([SCHEDULES[0], SCHEDULES[2], SCHEDULES[-2]], [SCHEDULES[-2]]), ids=repr)
def test_a_training_saved_with_x64_off_goes_on_with_x64_on(schedule, restored_by, tmp_path):
    halfway, expected, last = uninterrupted(schedule)
    with jax.enable_x64(True):
        optimizer, fresh = start(schedule)
        restored = restored_by(halfway, fresh, tmp_path)
        lrs, resumed = train(optimizer, restored, BATCHES[AT:])
        state = resumed[1].hyperparams_states["learning_rate"]
        assert jaxlr.Stateful(schedule)(state).dtype == np.float64
    assert lrs.dtype == np.float64
    np.testing.assert_array_equal(lrs.astype(np.float32), expected)
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype("int32"), np.dtype("float32")}
    # The float64 rate is not rounded before it multiplies the gradient.
    for resumed_leaf, leaf in zip(jax.tree.leaves(resumed[0]), jax.tree.leaves(last[0]), strict=True):
        np.testing.assert_allclose(resumed_leaf, leaf, rtol=1e-5)
