"""Inside Optax: chains, injected hyperparameters, dtypes, and what XLA makes of the update."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import of_which

import jaxlr
from parity.cases import CASES, exponential

ONE_OF_EACH = list({case.scheduler: case for case in reversed(CASES)}.values())
each_class = pytest.mark.parametrize("case", of_which(ONE_OF_EACH, ONE_OF_EACH[::2]), ids=str)
each_form = pytest.mark.parametrize("form", [lambda s: s, lambda s: s.stateful()], ids=["closed", "recursive"])
STEPS = 8


def run(optimizer, params, steps=STEPS):
    """Steps the optimizer on a gradient of ones, compiled; the parameters, the states and the jitted function."""

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.tree.map(jnp.ones_like, params), state, params)
        return optax.apply_updates(params, updates), state

    history, states = [params], [optimizer.init(params)]
    for _ in range(steps):
        params, state = step(history[-1], states[-1])
        history.append(params)
        states.append(state)
    return history, states, step


@each_class
def test_sgd_subtracts_the_learning_rate_of_the_count(case):
    schedule = case.schedule()
    history, _, step = run(optax.sgd(schedule), jnp.zeros(3))
    # A float32 sum of the float32 rates, in the order of the steps.
    expected = np.zeros(3, np.float32)
    for count in range(STEPS):
        expected = expected - np.float32(schedule(count))
        np.testing.assert_array_equal(history[count + 1], expected)
    assert step._cache_size() == 1


@pytest.mark.parametrize("momentum", [0.9, None])
def test_sgd_with_momentum(momentum):
    schedule = jaxlr.StepLR(0.5, step_size=2, gamma=0.5)
    history, _, _ = run(optax.sgd(schedule, momentum=momentum), jnp.zeros(()), 4)
    velocities = np.cumsum((momentum or 0) ** np.arange(4.0)) if momentum else np.ones(4)
    expected = -np.cumsum(np.array([0.5, 0.5, 0.25, 0.25]) * velocities)
    np.testing.assert_allclose(np.array(history[1:]), expected, rtol=8 * 2.0**-24)


def test_adamw_and_a_chain():
    schedule = jaxlr.CosineAnnealingLR(0.5, T_max=10)
    chain = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.scale_by_adam(),
        optax.add_decayed_weights(0.1),
        optax.scale_by_learning_rate(schedule),
    )
    adamw = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.1))
    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
    history, _, step = run(chain, params)
    jax.tree.map(np.testing.assert_array_equal, history[-1], run(adamw, params)[0][-1])
    assert step._cache_size() == 1
    constant = run(optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.5, weight_decay=0.1)), params, 1)
    jax.tree.map(np.testing.assert_array_equal, history[1], constant[0][1])


@each_form
@each_class
def test_injected_learning_rate_is_the_schedules(case, form):
    schedule = case.schedule()
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=form(schedule))
    history, states, step = run(optimizer, jnp.zeros(2), 6)
    read = [state.hyperparams["learning_rate"] for state in states]
    assert {lr.dtype for lr in read} == {np.dtype(np.float32)}
    assert step._cache_size() == 1
    name = "closed" if form(schedule) is schedule else "recursive"
    expected = jaxlr.trajectory(schedule, 6, form=name)
    # Optax shows the rate of the step just taken; the first state holds that of count 0.
    np.testing.assert_array_equal(np.array(read), expected[[0, *range(6)]])
    np.testing.assert_array_equal(history[1], np.full(2, -expected[0]))


@pytest.mark.parametrize(
    "schedule", [jaxlr.OneCycleLR(0.1, total_steps=10), jaxlr.CyclicLR(0.01, 0.1, step_size_up=3)], ids=repr
)
@each_form
def test_momentum_and_beta1_follow_their_own_schedule(schedule, form):
    expected = jaxlr.trajectory(schedule.momentum, 8)
    sgd = optax.inject_hyperparams(optax.sgd)(learning_rate=form(schedule), momentum=form(schedule.momentum))
    adam = optax.inject_hyperparams(optax.adam)(learning_rate=form(schedule), b1=form(schedule.momentum))
    for optimizer, name in [(sgd, "momentum"), (adam, "b1")]:
        _, states, step = run(optimizer, jnp.zeros(2), 8)
        np.testing.assert_array_equal([state.hyperparams[name] for state in states[1:]], expected)
        np.testing.assert_array_equal(
            [state.hyperparams["learning_rate"] for state in states[1:]], jaxlr.trajectory(schedule, 8)
        )
        assert step._cache_size() == 1


def test_multi_steps_counts_updates():
    schedule = jaxlr.ExponentialLR(0.5, 0.5)
    history, _, _ = run(optax.MultiSteps(optax.sgd(schedule), every_k_schedule=2), jnp.zeros(()), 6)
    np.testing.assert_array_equal(np.array(history), [0, 0, -0.5, -0.5, -0.75, -0.75, -0.875])


def test_one_schedule_for_each_group():
    schedules = {"w": jaxlr.StepLR(0.5, step_size=1, gamma=0.5), "b": jaxlr.ConstantLR(0.25, factor=0.5, total_iters=2)}
    optimizer = optax.partition(
        {name: optax.sgd(schedule) for name, schedule in schedules.items()}, {"w": "w", "b": "b"}
    )
    history, _, _ = run(optimizer, {"w": jnp.zeros(2), "b": jnp.zeros(3)}, 4)
    for name, size in [("w", 2), ("b", 3)]:
        lrs = jaxlr.trajectory(schedules[name], 4)
        np.testing.assert_array_equal(history[-1][name], np.full(size, -lrs.sum()))


def test_per_epoch_counts_batches():
    schedule = jaxlr.per_epoch(jaxlr.ExponentialLR(0.5, 0.5), steps_per_epoch=3)
    for form in (schedule, schedule.stateful()):
        _, states, _ = run(optax.inject_hyperparams(optax.sgd)(learning_rate=form), jnp.zeros(()), 7)
        read = [state.hyperparams["learning_rate"] for state in states[1:]]
        np.testing.assert_array_equal(read, [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125])


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
@each_form
def test_parameters_keep_their_dtype(dtype, form):
    schedule = jaxlr.CosineAnnealingLR(0.5, T_max=4)
    params = {"w": jnp.zeros((2, 3), dtype), "b": jnp.zeros(3, jnp.float32)}
    # Not adam: under inject_hyperparams Optax itself changes the dtype of its moments in the first step.
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=form(schedule))
    history, states, step = run(optimizer, params, 3)
    assert {params["w"].dtype for params in history} == {np.dtype(dtype)}
    assert {params["b"].dtype for params in history} == {np.dtype(np.float32)}
    assert not np.array_equal(history[0]["w"], history[-1]["w"])
    assert step._cache_size() == 1
    assert jax.tree.map(lambda leaf: leaf.dtype, states[0]) == jax.tree.map(lambda leaf: leaf.dtype, states[-1])
    history, _, step = run(optax.sgd(schedule, momentum=0.9), params, 3)
    assert {params["w"].dtype for params in history} == {np.dtype(dtype)}
    assert step._cache_size() == 1


@each_form
def test_x64_training(form):
    with jax.enable_x64(True):
        schedule = jaxlr.ExponentialLR(0.1, 0.9)
        optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=form(schedule))
        history, states, step = run(optimizer, jnp.zeros(2, jnp.float64), 5)
        assert {params.dtype for params in history} == {np.dtype(np.float64)}
        read = np.array([state.hyperparams["learning_rate"] for state in states[1:]])
        assert step._cache_size() == 1
    np.testing.assert_array_max_ulp(read.astype(np.float32), (0.1 * 0.9 ** np.arange(5)).astype(np.float32), maxulp=1)


@each_class
def test_a_scan_over_the_training_equals_the_loop(case):
    optimizer = optax.sgd(case.schedule(), momentum=0.9)
    params = jnp.ones(3)

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(params, state, params)
        return (optax.apply_updates(params, updates), state), params

    (scanned, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), length=4)
    looped = (params, optimizer.init(params))
    for _ in range(4):
        looped, _ = jax.jit(step)(looped, None)
    # The rates are the same bits; XLA may contract the updates of a loop in another way.
    np.testing.assert_array_max_ulp(np.asarray(scanned), np.asarray(looped[0]), maxulp=2)


def optimised(schedule, size):
    """The optimised program of an update of sgd."""
    optimizer = optax.sgd(schedule)
    params = jnp.ones(size)

    def step(params, state):
        updates, state = optimizer.update(params, state)
        return optax.apply_updates(params, updates), state

    return jax.jit(step).lower(params, optimizer.init(params)).compile().as_text()


@each_class
def test_the_rate_is_computed_once_and_not_for_every_element(case):
    size = 100_003  # a prime: no other shape of the program has it
    program = optimised(case.schedule(), size)
    assert f"f32[{size}]" in program
    assert re.findall(rf"f64\[{size}[^\]]*\].*", program) == []
    # Nor inside a fusion over the vector: no operation of a cosine, a power or a division has its shape.
    costly = rf"f32\[{size}\][^=]* (power|cosine|divide|floor|select|gather|sort|exponential|log)\("
    assert re.findall(costly, program) == []


@each_class
def test_the_rate_needs_neither_host_nor_loop(case):
    schedule = case.schedule()
    program = optimised(schedule, 7)
    assert "callback" not in program
    assert re.findall(r"(infeed|outfeed|send|recv)\(", program) == []
    loops = re.findall(r" while\(", program)
    # searchsorted is a loop of the logarithm of the table; MultiplicativeLR one of the count.
    allowed = (jaxlr.MultiplicativeLR, jaxlr.MultiStepLR)
    assert bool(loops) <= isinstance(schedule, allowed)


def test_the_float64_stays_inside():
    schedule = jaxlr.LambdaLR(0.1, exponential)
    jaxpr = jax.make_jaxpr(lambda params, count: params * schedule(count))(jnp.ones(5), jnp.int32(3))
    assert jaxpr.out_avals[0].dtype == np.float32
    outer = {variable.aval.dtype for eqn in jaxpr.eqns for variable in eqn.outvars}
    assert np.dtype(np.float64) not in outer
