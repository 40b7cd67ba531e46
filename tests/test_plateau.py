"""ReduceLROnPlateau in training loops: every batch, and once an epoch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax._src import base

import jaxlr

PLATEAU = jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=1, threshold=0.0)
METRICS = [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, float("nan"), 1.0, 0.5]


def expected(metrics):
    return jaxlr.trajectory(PLATEAU, len(metrics) + 1, metrics=metrics)


def test_it_is_optaxs_stateful_schedule():
    assert isinstance(PLATEAU, base.StatefulSchedule)
    assert not isinstance(jaxlr.StepLR(0.1, 3), base.StatefulSchedule)
    assert len(set(expected(METRICS))) == 4


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_a_step_every_batch_inside_scan_and_inject_hyperparams(dtype):
    # Up to Optax 0.2.7 a rate would else be cast to the parameters' dtype.
    optimizer = optax.inject_hyperparams(optax.sgd, hyperparam_dtype=jnp.float32)(learning_rate=PLATEAU)
    params = {"w": jnp.ones(4, dtype)}

    @jax.jit
    def train(params, state, losses):
        def step(carry, loss):
            params, state = carry
            updates, state = optimizer.update(jax.tree.map(jnp.ones_like, params), state, params, value=loss)
            return (optax.apply_updates(params, updates), state), state.hyperparams["learning_rate"]

        return jax.lax.scan(step, (params, state), losses)

    (params, _), lrs = train(params, optimizer.init(params), jnp.float32(METRICS))
    assert params["w"].dtype == dtype
    assert lrs.dtype == jnp.float32
    np.testing.assert_array_equal(lrs, expected(METRICS)[:-1])


def test_torchs_loop_train_validate_step_the_next_batch_uses_the_new_rate():
    batches = jnp.float32([1.0, 2.0, 3.0])

    @jax.jit
    def train_epoch(params, plateau_state):
        def batch(params, x):
            lr = PLATEAU(plateau_state)
            updates, _ = optax.sgd(lr).update(x, optax.sgd(lr).init(params))
            return optax.apply_updates(params, updates), lr

        return jax.lax.scan(batch, params, batches)

    validate_and_step = jax.jit(lambda state, metric: PLATEAU.update(state, value=metric))
    params, state, lrs = jnp.float32(0), PLATEAU.init(), []
    for metric in METRICS:
        params, used = train_epoch(params, state)
        lrs.append(used)
        state = validate_and_step(state, metric)
    assert train_epoch._cache_size() == validate_and_step._cache_size() == 1
    np.testing.assert_array_equal(np.stack(lrs), np.repeat(expected(METRICS)[:-1, None], 3, axis=1))
    np.testing.assert_allclose(params, -6 * expected(METRICS)[:-1].sum(), rtol=1e-5)


def test_a_warm_up_then_a_plateau_in_one_value():
    warmup = jaxlr.LinearLR(0.1, 0.1, total_iters=3)
    schedule = jaxlr.InTurn([warmup, PLATEAU], [3]).stateful()
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=schedule)
    params = jnp.ones(2)
    state = optimizer.init(params)
    step = jax.jit(lambda state, loss: optimizer.update(params, state, params, value=loss)[1])
    lrs = []
    for _ in range(9):
        state = step(state, 1.0)
        lrs.append(float(state.hyperparams["learning_rate"]))
    np.testing.assert_array_max_ulp(
        np.float32(lrs), np.float32([0.01, 0.04, 0.07, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025]), 1
    )


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16, jnp.int32])
@pytest.mark.parametrize("x64", [False, True])
def test_the_state_has_fixed_dtypes(dtype, x64):
    with jax.enable_x64(x64):
        update = jax.jit(lambda state, value: PLATEAU.update(state, value=value))
        state = PLATEAU.init()
        for _ in range(3):
            before, state = state, update(state, dtype(1))
            assert jax.tree.map(jnp.result_type, before) == jax.tree.map(jnp.result_type, state)
        assert update._cache_size() == 1
        assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype("int32"), np.dtype("float32")}
        assert PLATEAU(state).dtype == (jnp.float64 if x64 else jnp.float32)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        ({}, TypeError, "update needs value="),
        ({"value": None}, TypeError, "update needs value="),
        ({"value": jnp.ones(3)}, ValueError, r"value must be a scalar, got an array of shape \(3,\)"),
        ({"value": jnp.ones((), jnp.complex64)}, TypeError, "value must be a real number"),
    ],
    ids=["missing", "None", "vector", "complex"],
)
def test_a_bad_metric_is_refused_when_traced(metric, error, message, wrap):
    with pytest.raises(error, match=message):
        wrap(lambda state, metric: PLATEAU.update(state, **metric))(PLATEAU.init(), metric)
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=PLATEAU)
    with pytest.raises(error, match=message):
        wrap(lambda params, metric: optimizer.update(params, optimizer.init(params), params, **metric))(
            jnp.ones(2), metric
        )


def test_a_metric_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="value must be a real number, got 'low'"):
        PLATEAU.update(PLATEAU.init(), value="low")


def test_the_state_of_another_schedule_is_refused():
    with pytest.raises(TypeError, match="state must be one of ReduceLROnPlateau"):
        PLATEAU.update(jaxlr.StepLR(0.1, 3).stateful().init(), value=1.0)
    with pytest.raises(TypeError, match="state must be one of ReduceLROnPlateau"):
        PLATEAU(3)


BAD = [
    ({"mode": "minimum"}, ValueError, "mode must be one of 'min', 'max', got 'minimum'"),
    ({"factor": 1.0}, ValueError, "factor must be a finite number < 1, got 1.0"),
    ({"factor": float("nan")}, ValueError, "factor .* got nan"),
    ({"patience": -1}, ValueError, "patience must be an integer >= 0, got -1"),
    ({"patience": 2.5}, TypeError, "patience must be an integer >= 0, got 2.5"),
    ({"threshold": "small"}, TypeError, "threshold must be a finite number or a scalar array, got 'small'"),
    ({"threshold_mode": "relative"}, ValueError, "threshold_mode must be one of"),
    ({"cooldown": True}, TypeError, "cooldown must be an integer >= 0, got True"),
    ({"min_lr": [0.1, 0.2]}, TypeError, r"min_lr .* got \[0.1, 0.2\]"),
    ({"eps": float("inf")}, ValueError, "eps must be a finite number, got inf"),
    ({"lr": -1.0}, ValueError, "lr must be a finite number >= 0, got -1.0"),
]


@pytest.mark.parametrize(
    ("arguments", "error", "message"), BAD, ids=[next(iter(bad[0])) + str(i) for i, bad in enumerate(BAD)]
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        jaxlr.ReduceLROnPlateau(**{"lr": 0.1, **arguments})


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_first_best_passes_jax_debug_infs(mode):
    plateau = jaxlr.ReduceLROnPlateau(0.1, mode, patience=0)
    with jax.debug_infs(True), jax.debug_nans(True):
        states = [plateau.init(), jax.jit(plateau.init)()]
        for state in states:
            best = state.schedulers["ReduceLROnPlateau"].best
            assert float(best) == (np.inf if mode == "min" else -np.inf)
            stepped = jax.jit(plateau.update)(state, value=1.0)
            assert float(stepped.schedulers["ReduceLROnPlateau"].best) == 1.0
            assert plateau(stepped) == np.float32(0.1)


@pytest.mark.parametrize("best", [np.inf, -np.inf, 1e300, -1e300, 3.41e38, 0.1, -0.1, 0.0])
def test_a_wide_number_is_exact_or_infinite(best):
    expected = best if abs(best) < 1e300 else np.copysign(np.inf, best)
    with jax.enable_x64(True):
        wide = jaxlr.Wide.of(jnp.asarray(best))
        assert float(wide) == wide.sum() == expected
        several = jaxlr.Wide.of(jnp.full((2, 4), best))
        assert several.parts.shape == (2, 4, 3)
        np.testing.assert_array_equal(several.sum(), np.full((2, 4), expected))
    assert np.isfinite(wide.parts).all()


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4,), ()])
def test_several_wide_numbers_are_no_float(shape):
    with pytest.raises(TypeError, match=r"Wide: parts must be of shape \(3,\) to be one number, got \("):
        float(jaxlr.Wide(jnp.zeros(shape)))


def test_an_infinite_part_is_an_infinity():
    with jax.enable_x64(True):
        wide = jaxlr.Wide(jnp.array([np.inf, 0, 0], jnp.float32))
        assert float(wide) == wide.sum() == np.inf
