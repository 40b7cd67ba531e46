"""The recursive form: Optax's StatefulSchedule, stepped, saved and resumed."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import ONE_OF_EACH, each_case, of_which, one_of_each
from jax import lax

import jaxlr
from jaxlr._ulp import compare
from parity.cases import COMPOSITES, RECIPES, looked_up
from parity.compare import stepped

KINDS = [
    jaxlr.StepLR(0.1, step_size=3),
    jaxlr.CosineAnnealingLR(0.1, T_max=3, eta_min=0.01),
    jaxlr.OneCycleLR(0.1, total_steps=20),
    jaxlr.per_epoch(jaxlr.LinearLR(0.1), 4),
    jaxlr.per_epoch(jaxlr.per_epoch(jaxlr.ExponentialLR(0.1, 0.9), 2), 2),
    jaxlr.per_epoch(jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=3), 4, fractional=True),
    jaxlr.Table([0.1 / (i + 1) for i in range(30)]),
]
each_kind = pytest.mark.parametrize("schedule", KINDS, ids=repr)
ENDING = [
    jaxlr.OneCycleLR(0.1, total_steps=4),
    jaxlr.OneCycleLR(0.1, total_steps=4).momentum,
    jaxlr.Table([0.5, 0.4, 0.3, 0.2, 0.1]),
    jaxlr.LambdaLR(0.1, looked_up, total_steps=5),
    jaxlr.MultiplicativeLR(0.1, looked_up, total_steps=5),
    jaxlr.LambdaLR(0.1, looked_up, total_steps=7, last_epoch=1),
    jaxlr.Until(jaxlr.LinearRamp(0.1, 7, last_epoch=1), total_steps=5),
]


def snapshot(state):
    """Structure, shapes and dtypes of a state."""
    return jax.tree.structure(state), [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(state)]


def run(stateful, state, steps):
    """The learning rates of the next steps, and the state after them, step by step."""
    lrs = []
    for _ in range(steps):
        lrs.append(stateful(state))
        state = stateful.update(state)
    return np.array(lrs), state


@each_case
def test_a_plain_schedule_is_no_stateful_one(case):
    schedule = case.schedule()
    # Optax takes whatever has both for a StatefulSchedule.
    assert not hasattr(schedule, "init")
    assert not hasattr(schedule, "update")
    stateful = schedule.stateful()
    assert stateful.schedule is schedule
    assert callable(stateful.init)
    assert callable(stateful.update)


@each_kind
def test_satisfies_optax_protocol(schedule):
    from optax._src import base  # noqa: PLC0415 Optax does not export the protocol

    assert getattr(base.StatefulSchedule, "_is_runtime_protocol", True)
    assert isinstance(schedule.stateful(), base.StatefulSchedule)
    assert not isinstance(schedule, base.StatefulSchedule)


@one_of_each
def test_stays_beside_the_closed_form(case):
    schedule, steps = case.schedule(), case.steps(300)
    closed = jaxlr.trajectory(schedule, steps, form="closed")
    recursive = jaxlr.trajectory(schedule, steps, form="recursive")
    assert closed.dtype == recursive.dtype == np.float32
    # Torch's own recursion accumulates this much of rounding.
    noise = 4 * steps * 2.0**-53 * np.max(np.abs(closed)).astype(np.float64)
    distance = np.abs(closed.astype(np.float64) - recursive.astype(np.float64))
    assert np.all(distance <= np.spacing(np.abs(closed)).astype(np.float64) + noise)


FLOATS = {False: RECIPES, True: [*ONE_OF_EACH, *COMPOSITES[::4]]}
SOME = [*ONE_OF_EACH[::2], *COMPOSITES[::8]]


@pytest.mark.parametrize(
    ("case", "x64"),
    of_which(
        [(case, x64) for x64, cases in FLOATS.items() for case in cases], lambda both: both[0] in SOME[both[1] :: 2]
    ),
    ids=str,
)
def test_a_recursive_trajectory_is_what_a_loop_steps(case, x64):
    schedule, steps = case.schedule(), case.steps(120)
    metrics = case.metrics(steps)
    with jax.enable_x64(x64):
        looped = stepped(schedule, steps, metrics)
        trajectory = jaxlr.trajectory(schedule, steps, form="recursive", metrics=metrics)
    assert looped.dtype == trajectory.dtype == (np.float64 if x64 else np.float32)
    assert compare(trajectory, looped.astype(np.float64)).passed
    if not x64:  # three float32 hold a float64 exactly, but for one below 1e-22
        exact = np.abs(looped) >= 1e-22
        np.testing.assert_array_equal(trajectory[exact], looped[exact])


@one_of_each
def test_a_step_is_the_same_eagerly_and_in_scan(case):
    stateful, steps = case.schedule().stateful(), case.steps(5)
    state = stateful.init()
    states, lrs = [], []
    for i in range(steps):
        states.append(state)
        lrs.append(stateful(state))
        state = stateful.update(state) if i < steps - 1 else state
    assert {(lr.shape, lr.dtype) for lr in lrs} == {((), np.dtype(np.float32))}
    assert len({str(snapshot(state)) for state in states}) == 1
    assert {leaf.dtype for leaf in jax.tree.leaves(state.schedulers)} == {np.dtype(np.int32)}
    assert (state.lr.parts.shape, state.lr.parts.dtype) == ((3,), np.float32)
    _, (scanned, scanned_lrs) = lax.scan(
        lambda state, _: (stateful.update(state), (state, stateful(state))), stateful.init(), length=steps
    )
    assert scanned_lrs.dtype == np.float32
    np.testing.assert_array_equal(scanned_lrs, np.array(lrs))
    # XLA's CPU rounds one of the products in SWALR's a * b + c * d, and chooses anew in every program which one.
    maxulp = steps if isinstance(stateful.schedule, jaxlr.SWALR) else 0
    with jax.enable_x64(True):
        wide = np.asarray(scanned.lr.sum())
    np.testing.assert_array_max_ulp(wide, np.array([float(state.lr) for state in states]), maxulp)
    jax.tree.map(
        lambda *leaves: np.testing.assert_array_equal(leaves[0], np.array(leaves[1:])),
        *(state._replace(lr=None) for state in (scanned, *states)),
    )


@one_of_each
def test_the_first_state_has_the_first_value(case):
    stateful = case.schedule().stateful()
    lr = stateful(stateful.init())
    np.testing.assert_array_max_ulp(np.asarray(lr), np.asarray(case.schedule()(0)), maxulp=1)


@pytest.mark.parametrize("x64", [False, True])
@each_kind
def test_compiles_once(schedule, x64):
    with jax.enable_x64(x64):
        stateful = schedule.stateful()
        update, lr = jax.jit(stateful.update), jax.jit(stateful)
        state = stateful.init()
        first = snapshot(state)
        values = []
        for _ in range(6):
            values.append(lr(state))
            state = update(state)
            assert snapshot(state) == first
        assert update._cache_size() == lr._cache_size() == 1
        assert {value.dtype for value in values} == {np.dtype(np.float64 if x64 else np.float32)}
        assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype(np.int32), np.dtype(np.float32)}


@pytest.mark.parametrize("schedule", of_which(KINDS, KINDS[::3]), ids=repr)
def test_jit_gives_the_eager_state(schedule):
    stateful = schedule.stateful()
    eager = jitted = stateful.init()
    jax.tree.map(np.testing.assert_array_equal, jax.jit(stateful.init)(), eager)
    for _ in range(9):
        eager, jitted = stateful.update(eager), jax.jit(stateful.update)(jitted)
        jax.tree.map(np.testing.assert_array_equal, jitted, eager)
        np.testing.assert_array_equal(jax.jit(stateful)(jitted), stateful(eager))


@each_kind
def test_extra_arguments_are_those_of_others(schedule):
    stateful = schedule.stateful()
    state = stateful.update(stateful.init(), value=jnp.zeros(()), grad=None)
    jax.tree.map(np.testing.assert_array_equal, state, stateful.update(stateful.init()))
    np.testing.assert_array_equal(stateful(state, value=1.0), stateful(state))


@each_kind
def test_a_pickled_state_goes_on(schedule):
    stateful = schedule.stateful()
    _, state = run(stateful, stateful.init(), 5)
    saved = pickle.loads(pickle.dumps((stateful, jax.device_get(state))))
    expected, last = run(stateful, state, 6)
    resumed, resumed_last = run(*saved, 6)
    np.testing.assert_array_equal(resumed, expected)
    jax.tree.map(np.testing.assert_array_equal, resumed_last, last)


@pytest.mark.parametrize(("before", "after"), of_which([(False, True), (True, False)], [(False, True)]))
@each_kind
def test_a_state_goes_on_with_x64_changed(schedule, before, after):
    stateful = schedule.stateful()
    with jax.enable_x64(before):
        _, state = run(stateful, stateful.init(), 5)
        expected, _ = run(stateful, state, 6)
    saved = jax.device_get(state)
    with jax.enable_x64(after):
        resumed, last = run(stateful, saved, 6)
    assert {expected.dtype, resumed.dtype} == {np.dtype(np.float32), np.dtype(np.float64)}
    np.testing.assert_array_equal(resumed.astype(np.float32), expected.astype(np.float32))
    assert {leaf.dtype for leaf in jax.tree.leaves(last)} == {np.dtype(np.int32), np.dtype(np.float32)}


def test_a_rate_keeps_its_float64_between_steps():
    stateful = jaxlr.ExponentialLR(0.1, 0.9).stateful()
    expected = 0.1
    state = stateful.init()
    for _ in range(200):
        expected *= 0.9
        state = stateful.update(state)
    high, middle, low = state.lr.parts.tolist()
    assert (high + middle) + low == expected
    assert abs(high) > abs(middle) > abs(low)


@pytest.mark.parametrize("schedule", ENDING, ids=repr)
def test_a_concrete_state_past_the_end_raises(schedule):
    stateful = schedule.stateful()
    _, state = run(stateful, stateful.init(), 4)
    assert np.isfinite(stateful(state))
    with pytest.raises(ValueError, match=r"ends at count 4: there is no step after it"):
        stateful.update(state)
    with pytest.raises(ValueError, match=r"ends at count 9: there is no step after it"):
        run(jaxlr.per_epoch(schedule, 2).stateful(), jaxlr.per_epoch(schedule, 2).stateful().init(), 11)


@pytest.mark.parametrize("schedule", ENDING, ids=repr)
def test_a_concrete_state_is_stepped_inside_jit(schedule):
    stateful = schedule.stateful()
    state = stateful.init()
    assert jax.jit(lambda: stateful(stateful.update(state)))() == stateful(stateful.update(state))


@pytest.mark.parametrize("schedule", ENDING, ids=repr)
@pytest.mark.parametrize("batches", of_which([None, 2], [2]))
def test_a_traced_state_past_the_end_stays(schedule, batches):
    schedule = schedule if batches is None else jaxlr.per_epoch(schedule, batches)
    counts = 5 * (batches or 1)
    stateful = schedule.stateful()

    def step(state, _):
        return stateful.update(state), (stateful(state), state)

    _, (lrs, states) = lax.scan(step, stateful.init(), length=counts + 4)
    np.testing.assert_array_max_ulp(
        np.asarray(lrs), np.asarray(jax.jit(schedule)(np.arange(counts + 4, dtype=np.int32))), maxulp=1
    )
    np.testing.assert_array_equal(lrs[counts:], np.full(4, lrs[counts - 1]))
    last = jax.tree.map(lambda leaf: leaf[-1], states)
    with pytest.raises(ValueError, match="there is no step after it"):
        stateful.update(last)


def test_the_state_is_optax_own_under_vmap():
    stateful = jaxlr.StepLR(0.1, step_size=1, gamma=0.5).stateful()
    states = jax.vmap(lambda _: stateful.init())(jnp.arange(3))
    states = jax.vmap(stateful.update)(states)
    np.testing.assert_array_equal(jax.vmap(stateful)(states), np.full(3, 0.05, np.float32))


def test_a_traced_hyperparameter():
    def lrs(gamma):
        stateful = jaxlr.StepLR(0.1, step_size=2, gamma=gamma).stateful()
        return lax.scan(lambda state, _: (stateful.update(state), stateful(state)), stateful.init(), length=6)[1]

    expected = jaxlr.trajectory(jaxlr.StepLR(0.1, step_size=2, gamma=0.5), 6, form="recursive")
    np.testing.assert_array_equal(jax.jit(lrs)(0.5), expected)


def test_a_resumed_recursion_is_the_rest_of_the_run():
    whole = jaxlr.trajectory(jaxlr.MultiStepLR(0.1, [3, 5]), 10, form="recursive")
    for last_epoch in range(-1, 6):
        rest = jaxlr.trajectory(jaxlr.MultiStepLR(0.1, [3, 5], last_epoch=last_epoch), 3, form="recursive")
        np.testing.assert_array_equal(rest, whole[last_epoch + 1 :][:3])


def test_optax_serves_the_value_of_the_state():
    schedule = jaxlr.ExponentialLR(0.1, 0.5)
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=schedule.stateful())
    state = optimizer.init(jnp.ones(2))
    for count in range(4):
        updates, state = optimizer.update(jnp.ones(2), state)
        np.testing.assert_array_equal(updates, np.full(2, -schedule(count)))
