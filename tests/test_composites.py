"""SequentialLR, ChainedScheduler, Together, InTurn: forms, state, resuming, bad inputs."""

import dataclasses
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import of_which

import jaxlr
from jaxlr._machine.closed_form import has_closed_form
from parity import cases
from parity.cases import COMPOSITES, RECIPES

STEP = jaxlr.StepLR(0.1, step_size=3)
EXPONENTIAL = jaxlr.ExponentialLR(0.1, gamma=0.9)
COSINE = jaxlr.CosineAnnealingLR(0.1, T_max=10)
PLATEAU = jaxlr.ReduceLROnPlateau(0.1)

COUNT_DRIVEN = [case for case in COMPOSITES if case.seed is None]
CALLABLE = [case for case in COUNT_DRIVEN if case.closed]
OTHERS = [case for case in COUNT_DRIVEN if not case.closed]


def test_those_have_a_closed_form_that_are_said_to():
    assert (len(CALLABLE), len(OTHERS)) == (20, 16)
    for case in RECIPES:
        assert has_closed_form(case.schedule()) == case.closed, case


@pytest.mark.parametrize("case", of_which(CALLABLE, CALLABLE[::3]), ids=str)
def test_the_closed_form_is_the_recursive_one(case):
    schedule, n = case.schedule(), case.steps(150)
    closed = jaxlr.trajectory(schedule, n, form="closed")
    recursive = jaxlr.trajectory(schedule, n, form="recursive")
    assert closed.dtype == recursive.dtype == np.float32
    noise = 4 * n * 2.0**-53 * recursive.max()
    assert np.all(np.abs(closed - recursive) <= np.spacing(recursive) + noise)
    in_jit = jax.jit(lambda counts: jax.lax.map(schedule, counts))(jnp.arange(n))
    np.testing.assert_array_equal(in_jit, closed)


@pytest.mark.parametrize("case", of_which(OTHERS, OTHERS[::3]), ids=str)
def test_without_a_closed_form_calling_raises_and_tabulate_works(case):
    schedule = case.schedule()
    for call in (schedule, jax.jit(schedule)):
        with pytest.raises(TypeError, match=r"\.stateful\(\), in optax.*, or take tabulate\(schedule, steps\)"):
            call(3)
    table = jaxlr.tabulate(schedule, 20)
    np.testing.assert_array_equal(jaxlr.trajectory(table, 20), jaxlr.trajectory(schedule, 20))
    assert jax.jit(table)(7) == jaxlr.trajectory(schedule, 20)[7]


@pytest.mark.parametrize("case", COMPOSITES, ids=str)
def test_a_value_prints_compares_hashes_and_pickles(case):
    schedule = case.schedule()
    assert eval(repr(schedule), {**vars(jaxlr), **vars(cases)}) == schedule
    assert hash(case.schedule()) == hash(schedule)
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.schedulers = ()


@pytest.mark.parametrize("case", of_which(COMPOSITES[::2], COMPOSITES[::8]), ids=str)
def test_a_saved_state_goes_on_bit_equal(case):
    stateful = jaxlr.Stateful(case.schedule())
    metrics = case.metrics(60) if case.seed is not None else np.zeros(60)
    update = jax.jit(lambda state, metric: stateful.update(state, value=metric))
    state, states = stateful.init(), []
    for metric in metrics:
        states.append(state)
        state = update(state, float(metric))
    assert update._cache_size() == 1
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype("int32"), np.dtype("float32")}

    for at in (1, 17, 40):
        restored = pickle.loads(pickle.dumps(jax.tree.map(np.asarray, states[at])))
        for metric, expected in zip(metrics[at:], [*states[at + 1 :], state], strict=True):
            restored = update(restored, float(metric))
            jax.tree.map(np.testing.assert_array_equal, restored, expected)


def test_the_state_of_another_schedule_is_refused_when_traced():
    one, two = STEP.stateful(), EXPONENTIAL.stateful()
    sequence = jaxlr.SequentialLR(0.1, [STEP, EXPONENTIAL], [5]).stateful()
    shorter = jaxlr.SequentialLR(0.1, [STEP], []).stateful()
    for stateful, state in (
        (one, two.init()),
        (one, sequence.init()),
        (sequence, shorter.init()),
        (one, None),
        (one, 3),
    ):
        for call in (stateful.update, stateful, jax.jit(stateful.update), jax.jit(stateful)):
            with pytest.raises(TypeError, match="state must be one of"):
                call(state)
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float16), one.init())
    with pytest.raises(TypeError, match="state must be one of"):
        one.update(wide)


def test_four_hundred_members_compile_to_a_program_of_a_few():
    def sequence(n):
        members = [
            jaxlr.LinearLR(0.1, 0.5, total_iters=2 + i) if i % 2 else jaxlr.ExponentialLR(0.1, 0.9 + i / 1e4)
            for i in range(n)
        ]
        return jaxlr.SequentialLR(0.1, members, [10 * (i + 1) for i in range(n - 1)])

    def instructions(schedule):
        closed = jax.jit(schedule).lower(3).compile().as_text()
        stateful = schedule.stateful()
        step = jax.jit(stateful.update).lower(stateful.init()).compile().as_text()
        return closed.count(" = ") + step.count(" = ")

    # A binary search: for each doubling of the members one more look at the milestones, and no more programs.
    assert instructions(sequence(400)) <= 2.5 * instructions(sequence(8))
    values = jaxlr.trajectory(sequence(400), 4_000, form="recursive")
    np.testing.assert_array_equal(values[::10], np.float32([0.05 if i % 2 else 0.1 for i in range(400)]))


def test_gradients_and_vmap_over_the_learning_rate():
    def at(lr, gamma, count):
        members = [jaxlr.LinearLR(lr, 0.5, total_iters=4), jaxlr.ExponentialLR(lr, gamma)]
        return jaxlr.SequentialLR(lr, members, [4])(count)

    lrs = jnp.float32([0.1, 0.2, 0.3])
    ours = jax.jit(jax.vmap(at, (0, None, None)))(lrs, 0.9, 7)
    np.testing.assert_array_max_ulp(np.asarray(ours), np.float32(np.float64(lrs) * np.float64(np.float32(0.9)) ** 3), 1)
    for gradient in (jax.grad(at, (0, 1)), jax.jit(jax.grad(at, (0, 1))), jax.grad(jax.jit(at), (0, 1))):
        d_lr, d_gamma = gradient(0.1, 0.9, 7)
        np.testing.assert_allclose([d_lr, d_gamma], [0.9**3, 0.1 * 3 * 0.9**2], rtol=1e-6)


def test_in_an_optax_loop_the_learning_rate_and_the_momentum_are_read_in_one_line():
    cycle = jaxlr.OneCycleLR(0.1, total_steps=20)
    schedule = jaxlr.SequentialLR(0.1, [jaxlr.ConstantLR(0.1, 0.5, total_iters=3), cycle], [3])
    optimizer = optax.inject_hyperparams(optax.sgd)(
        learning_rate=schedule.stateful(), momentum=schedule.momentum.stateful()
    )
    params = jnp.ones(3)
    state = optimizer.init(params)
    step = jax.jit(lambda state: optimizer.update(params, state, params)[1])
    lrs, momentums = jaxlr.trajectory(schedule, 10), jaxlr.trajectory(schedule.momentum, 10)
    for lr, momentum in zip(lrs, momentums, strict=True):
        state = step(state)
        assert state.hyperparams["learning_rate"] == lr
        assert state.hyperparams["momentum"] == momentum
    assert step._cache_size() == 1


def test_together_and_in_turn_step_what_a_loop_steps():
    warmup, decay = jaxlr.LinearLR(0.1, 0.5, total_iters=2), jaxlr.per_epoch(STEP, 4)
    together = jaxlr.trajectory(jaxlr.Together([warmup, decay]), 13)
    np.testing.assert_array_equal(together[[0, 1, 2, 11, 12]], np.float32([0.05, 0.075, 0.1, 0.1, 0.01]))
    turns = jaxlr.trajectory(jaxlr.InTurn([EXPONENTIAL, STEP], [2]), 6)
    np.testing.assert_array_max_ulp(turns, np.float32([0.1, 0.09, 0.081, 0.081, 0.081, 0.0081]), 1)


def test_in_turn_ends_where_a_member_has_no_next_step():
    cycle = jaxlr.OneCycleLR(0.1, 5)
    turns = jaxlr.InTurn([cycle, EXPONENTIAL], [5])
    np.testing.assert_array_equal(jaxlr.trajectory(turns, 6), jaxlr.trajectory(cycle, 6))
    assert len(jaxlr.trajectory(turns, 30)) == 30
    for ends, steps in ((jaxlr.InTurn([cycle, EXPONENTIAL], [6]), 6), (jaxlr.InTurn([EXPONENTIAL, cycle], [3]), 9)):
        assert len(jaxlr.trajectory(ends, steps)) == steps
        with pytest.raises(ValueError, match=f"steps must be at most {steps}"):
            jaxlr.trajectory(ends, steps + 1)


def test_past_the_end_of_a_member_a_concrete_count_raises_and_a_traced_one_holds():
    schedule = jaxlr.SequentialLR(0.1, [EXPONENTIAL, jaxlr.CyclicLR(0.0, 1.0, 5), jaxlr.OneCycleLR(0.1, 20)], [5, 9])
    with pytest.raises(TypeError, match="no closed form"):
        schedule(3)
    assert len(jaxlr.trajectory(schedule, 30)) == 30
    with pytest.raises(ValueError, match="at most 30"):
        jaxlr.trajectory(schedule, 31)
    chained = jaxlr.ChainedScheduler([jaxlr.OneCycleLR(0.1, 5), EXPONENTIAL]).stateful()
    state = chained.init()
    for _ in range(5):
        state = chained.update(state)
    with pytest.raises(ValueError, match="ends at count 5"):
        chained.update(state)


BAD = [
    (lambda: jaxlr.SequentialLR(0.1, [], []), ValueError, "schedulers must hold at least one"),
    (lambda: jaxlr.ChainedScheduler([]), ValueError, "schedulers must hold at least one"),
    (lambda: jaxlr.SequentialLR(0.1, STEP, []), TypeError, "schedulers must be a list"),
    (lambda: jaxlr.SequentialLR(0.1, None, []), TypeError, "schedulers must be a list"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, 3], [5]), TypeError, r"schedulers\[1\] must be a jaxlr schedule, got 3"),
    (lambda: jaxlr.ChainedScheduler([optax.constant_schedule(0.1)]), TypeError, r"schedulers\[0\] must be a jaxlr"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, COSINE], []), ValueError, "milestones must be 1, .* got 0"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, COSINE], [3, 5]), ValueError, "milestones must be 1, .* got 2"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, COSINE], [3.0]), TypeError, "milestones must be an iterable of integers"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, COSINE, STEP], [5, 3]), ValueError, "milestones must be in ascending"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, COSINE], [3], last_epoch=-2), ValueError, "last_epoch .* -2"),
    (lambda: jaxlr.SequentialLR(-0.1, [STEP], []), ValueError, "lr must be a finite number >= 0, got -0.1"),
    (lambda: jaxlr.SequentialLR(0.2, [STEP], []), ValueError, r"one learning rate of the optimizer, got \[0.2, 0.1\]"),
    (lambda: jaxlr.ChainedScheduler([STEP, jaxlr.StepLR(0.3, 2)]), ValueError, r"got \[0.1, 0.3\]"),
    (lambda: jaxlr.SequentialLR(0.1, [STEP, PLATEAU], [3]), ValueError, r"schedulers\[1\] must take no metric"),
    (lambda: jaxlr.ChainedScheduler([PLATEAU]), ValueError, r"schedulers\[0\] must take no metric"),
    (
        lambda: jaxlr.SequentialLR(0.1, [STEP, jaxlr.ChainedScheduler([COSINE])], [3]),
        NotImplementedError,
        r"schedulers\[1\] must not be a composite",
    ),
    (
        lambda: jaxlr.SequentialLR(0.1, [STEP, jaxlr.LinearLR(0.1, total_iters=0)], [3]),
        ValueError,
        r"schedulers\[1\] must have total_iters >= 1",
    ),
    (
        lambda: jaxlr.SequentialLR(0.1, [STEP, jaxlr.per_epoch(STEP, 3)], [3]),
        TypeError,
        r"schedulers\[1\] must be a scheduler of torch's",
    ),
    (
        lambda: jaxlr.ChainedScheduler([jaxlr.StepLR(0.1, 3, last_epoch=4)]),
        ValueError,
        r"schedulers\[0\] must have last_epoch=-1",
    ),
    (lambda: jaxlr.InTurn([STEP, COSINE], [5, 4]), ValueError, "milestones must be in ascending"),
    (lambda: jaxlr.InTurn([STEP, COSINE], [4, 5]), ValueError, "milestones must be 1"),
    (lambda: jaxlr.InTurn([STEP, COSINE], ["4"]), TypeError, "milestones must be an iterable of integers"),
    (lambda: jaxlr.Together([STEP, "x"]), TypeError, r"schedulers\[1\]"),
    (lambda: jaxlr.Momentum(STEP), ValueError, "must have a member with cycle_momentum=True"),
    (lambda: jaxlr.ChainedScheduler([STEP]).momentum, AttributeError, "driven by no scheduler of ChainedScheduler"),
    (lambda: jaxlr.trajectory(jaxlr.Together([PLATEAU]), 3), ValueError, "metrics must be at least 2 numbers"),
    (lambda: jaxlr.trajectory(PLATEAU, 5, metrics=[1.0]), ValueError, "metrics must be at least 4 numbers .* got 1"),
    (lambda: jaxlr.trajectory(STEP, 5, metrics=[1.0] * 5), ValueError, "metrics must be None"),
    (lambda: jaxlr.trajectory(PLATEAU, 3, form="closed", metrics=[1, 2]), TypeError, "no closed form"),
]


@pytest.mark.parametrize(("build", "error", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_inputs_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
