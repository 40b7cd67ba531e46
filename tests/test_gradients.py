"""Derivatives with respect to every float hyperparameter, through every transformation."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

import jaxlr
from parity.cases import exponential, shrinking

COUNTS = np.array([0, 1, 3, 4, 9], np.int32)
EPS = 2.0**-53
# The hyperparameters, each at a point where the schedule is smooth in it, and the other arguments.
RECIPES = [
    (jaxlr.StepLR, {"lr": 0.1, "gamma": 0.7}, {"step_size": 3}),
    (jaxlr.StepLR, {"lr": 0.1, "gamma": -0.7}, {"step_size": 3}),
    (jaxlr.MultiStepLR, {"lr": 0.1, "gamma": 0.7}, {"milestones": [1, 4]}),
    (jaxlr.ConstantLR, {"lr": 0.1, "factor": 0.4}, {"total_iters": 4}),
    (jaxlr.LinearLR, {"lr": 0.1, "start_factor": 0.2, "end_factor": 0.9}, {"total_iters": 4}),
    (jaxlr.LinearLR, {"lr": 0.1, "start_factor": 0.2}, {"total_iters": 0}),
    (jaxlr.ExponentialLR, {"lr": 0.1, "gamma": 0.9}, {}),
    (jaxlr.ExponentialLR, {"lr": 0.1, "gamma": 0.0}, {}),
    (jaxlr.PolynomialLR, {"lr": 0.1, "power": 1.5}, {"total_iters": 4}),
    (jaxlr.CosineAnnealingLR, {"lr": 0.1, "eta_min": 0.01}, {"T_max": 3}),
    (jaxlr.CosineAnnealingWarmRestarts, {"lr": 0.1, "eta_min": 0.01}, {"T_0": 3, "T_mult": 2}),
    (jaxlr.LambdaLR, {"lr": 0.1}, {"lr_lambda": exponential}),
    (jaxlr.MultiplicativeLR, {"lr": 0.1}, {"lr_lambda": shrinking, "total_steps": 10}),
    (jaxlr.MultiplicativeLR, {"lr": 0.1}, {"lr_lambda": shrinking}),
    (jaxlr.CyclicLR, {"base_lr": 0.01, "max_lr": 0.1, "gamma": 0.9}, {"step_size_up": 3, "mode": "exp_range"}),
    (jaxlr.CyclicLR, {"base_lr": 0.01, "max_lr": 0.1}, {"step_size_up": 3, "step_size_down": 0, "mode": "triangular2"}),
    (jaxlr.OneCycleLR, {"max_lr": 0.1, "div_factor": 10.0, "final_div_factor": 50.0}, {"total_steps": 11}),
    (
        jaxlr.OneCycleLR,
        {"max_lr": 0.1, "div_factor": 10.0, "final_div_factor": 50.0},
        {"total_steps": 11, "three_phase": True, "anneal_strategy": "linear"},
    ),
    (jaxlr.OneCycleMomentum, {"base_momentum": 0.8, "max_momentum": 0.9}, {"total_steps": 11}),
    (jaxlr.SWALR, {"lr": 0.1, "swa_lr": 0.04}, {"anneal_epochs": 4}),
    (jaxlr.SWALR, {"lr": 0.1, "swa_lr": 0.04}, {"anneal_epochs": 4, "anneal_strategy": "linear"}),
]
each_recipe = pytest.mark.parametrize(
    ("cls", "hyperparameters", "others"),
    RECIPES,
    ids=lambda value: getattr(value, "__name__", None) or ", ".join(value),
)


def single(hyperparameters):
    return {name: np.float32(value) for name, value in hyperparameters.items()}


def central_differences(f, hyperparameters):
    """The derivatives of f, a vector, in float64, and how far rounding may have moved them."""
    with jax.enable_x64(True):
        f = jax.jit(f)
        point = {name: np.float64(value) for name, value in hyperparameters.items()}
        derivatives = {}
        for name, value in point.items():
            h = 2.0**-17 * max(abs(value), 2.0**-7)
            above, below = f({**point, name: value + h}), f({**point, name: value - h})
            assert above.dtype == np.float64
            rounding = 4 * EPS * np.max(np.abs([above, below])) / h
            derivatives[name] = (np.asarray(above - below) / (2 * h), rounding)
    return derivatives


def assert_derivatives(actual, expected, how):
    assert actual.keys() == expected.keys()
    for name, (derivative, rounding) in expected.items():
        assert actual[name].dtype == np.float32, (how, name)
        # The last rounding is to float32, 2**-24; the differences are off by h**2, some 2**-34 and factorials.
        np.testing.assert_allclose(actual[name], derivative, rtol=2.0**-22, atol=rounding, err_msg=f"{how}: {name}")


@each_recipe
def test_every_transformation_has_the_derivative(cls, hyperparameters, others):
    def lr(hyperparameters, count):
        return cls(**hyperparameters, **others)(count)

    def scanned(hyperparameters, weights):
        def body(total, x):
            count, weight = x
            return total + weight * lr(hyperparameters, count), None

        return lax.scan(body, jnp.zeros(()), (COUNTS, weights))[0]

    point = single(hyperparameters)
    expected = central_differences(lambda values: lr(values, COUNTS), point)
    one_hot = np.eye(len(COUNTS), dtype=np.float32)

    def stacked(gradient):
        rows = [gradient(point, count) for count in COUNTS]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    along = jax.vmap(jax.grad(jax.jit(lr)), in_axes=(None, 0))
    ways = {
        "jit(grad)": stacked(jax.jit(jax.grad(lr))),
        "grad(jit)": stacked(jax.grad(jax.jit(lr))),
        "vmap(grad(jit))": along(point, COUNTS),
        "grad(checkpoint)": jax.vmap(jax.grad(jax.checkpoint(lr)), in_axes=(None, 0))(point, COUNTS),
        "grad of scan": jax.jit(jax.vmap(jax.grad(scanned), in_axes=(None, 0)))(point, one_hot),
        "jacfwd": jax.jacfwd(lr)(point, COUNTS),
    }
    for how, derivatives in ways.items():
        assert_derivatives(derivatives, expected, how)


@each_recipe
def test_eager_grad(cls, hyperparameters, others):
    def lr(hyperparameters):
        return cls(**hyperparameters, **others)(4)

    point = single(hyperparameters)
    expected = central_differences(lr, point)
    assert_derivatives(jax.grad(lr)(point), expected, "grad")
    value, gradient = jax.value_and_grad(lr)(point)
    assert value == lr(point)
    assert_derivatives(gradient, expected, "value_and_grad")


@each_recipe
def test_the_derivative_through_the_recursion(cls, hyperparameters, others):
    def lrs(hyperparameters):
        stateful = cls(**hyperparameters, **others).stateful()
        return lax.scan(lambda state, _: (stateful.update(state), stateful(state)), stateful.init(), length=10)[1]

    point = single(hyperparameters)
    expected = central_differences(lrs, point)
    # Ten steps, each of whose partial derivatives leaves as a float32.
    derivatives = jax.jit(jax.jacrev(lrs))(point)
    for name, (derivative, rounding) in expected.items():
        assert derivatives[name].dtype == np.float32
        tolerance = rounding + 2.0**-20 * np.max(np.abs(derivative))
        np.testing.assert_array_less(np.abs(derivatives[name] - derivative), tolerance, err_msg=name)


@each_recipe
def test_vmap_over_a_hyperparameter_is_a_loop(cls, hyperparameters, others):
    point = single(hyperparameters)
    for name in point:
        values = (point[name] * np.array([0.5, 1.1])).astype(np.float32)

        def lrs(value, name=name):
            return cls(**{**point, name: value}, **others)(COUNTS)

        looped = np.stack([lrs(value) for value in values])
        for how in (jax.vmap(lrs), jax.jit(jax.vmap(lrs))):
            batched = how(values)
            assert batched.dtype == np.float32
            np.testing.assert_array_equal(batched, looped, err_msg=name)


def test_vmap_of_the_recursion_over_a_hyperparameter_is_a_loop():
    def lrs(gamma):
        stateful = jaxlr.ExponentialLR(0.1, gamma).stateful()
        return lax.scan(lambda state, _: (stateful.update(state), stateful(state)), stateful.init(), length=50)[1]

    gammas = np.array([0.5, 0.9, 1.0, 1.1], np.float32)
    np.testing.assert_array_equal(jax.vmap(lrs)(gammas), np.stack([lrs(gamma) for gamma in gammas]))


def test_with_x64_the_derivative_is_float64():
    with jax.enable_x64(True):
        derivative = jax.jit(jax.grad(lambda gamma: jaxlr.ExponentialLR(0.1, gamma)(10)))(0.9)
    assert derivative.dtype == np.float64
    np.testing.assert_array_max_ulp(np.asarray(derivative), np.float64(0.1 * 10 * 0.9**9), maxulp=4)


def test_nothing_flows_through_an_integer_count():
    gradient = jax.grad(lambda lr, count: jaxlr.ExponentialLR(lr, 0.5)(count), argnums=1, allow_int=True)
    assert gradient(0.1, 3).dtype == jax.dtypes.float0


def test_the_derivative_in_a_fractional_count():
    schedule = jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=4)
    count = np.float32(2.7)
    expected = -0.05 * np.pi / 4 * np.sin(np.pi * float(count) / 4)
    for gradient in (jax.grad(schedule), jax.jit(jax.grad(schedule)), jax.grad(jax.jit(schedule))):
        assert gradient(count).dtype == np.float32
        np.testing.assert_array_max_ulp(np.asarray(gradient(count)), np.float32(expected), maxulp=1)
    assert jax.vmap(jax.grad(schedule))(jnp.full(3, count)).shape == (3,)


def test_per_epoch_passes_the_derivative_on():
    def lr(gamma):
        return jaxlr.per_epoch(jaxlr.ExponentialLR(0.1, gamma), 4)(13)

    expected = np.float32(0.1 * 3 * float(np.float32(0.9)) ** 2)
    for gradient in (jax.grad(lr), jax.jit(jax.grad(lr)), jax.grad(jax.jit(lr))):
        np.testing.assert_array_max_ulp(np.asarray(gradient(np.float32(0.9))), expected, maxulp=1)


def test_a_hypergradient_through_a_training_run():
    def final(lr):
        schedule = jaxlr.StepLR(lr, step_size=2, gamma=0.5)
        return lax.fori_loop(0, 5, lambda i, w: w - schedule(i) * w, jnp.ones(()))

    # w_5 = (1 - lr)^2 (1 - lr/2)^2 (1 - lr/4)
    lr = float(np.float32(0.1))
    a, b, c = 1 - lr, 1 - lr / 2, 1 - lr / 4
    expected = -2 * a * b**2 * c - a**2 * b * c - a**2 * b**2 / 4
    np.testing.assert_allclose(jax.jit(jax.grad(final))(0.1), expected, rtol=16 * 2.0**-24)
    np.testing.assert_allclose(jax.grad(jax.jit(final))(0.1), expected, rtol=16 * 2.0**-24)


def loss_after_training(schedule, wrap=lambda step: step):
    """The loss of a small network after 20 steps of SGD with momentum, in the float that is the default."""
    rng = np.random.default_rng(0)
    dtype = jnp.result_type(float)
    x, y = jnp.asarray(rng.normal(size=(16, 3)), dtype), jnp.asarray(rng.normal(size=16), dtype)
    params = {"in": jnp.asarray(rng.normal(size=(3, 4)) / 2, dtype), "out": jnp.asarray(rng.normal(size=4) / 2, dtype)}

    def loss(params):
        return jnp.mean((jnp.tanh(x @ params["in"]) @ params["out"] - y) ** 2)

    # A schedule that is a function of the count, or a stateful one.
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=schedule, momentum=0.9)

    @wrap
    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = lax.scan(step, (params, optimizer.init(params)), length=20)
    return loss(params)


TRAININGS = [
    (jaxlr.ExponentialLR, {"lr": 0.1, "gamma": 0.9}, {}),
    (jaxlr.CosineAnnealingLR, {"lr": 0.1, "eta_min": 0.02}, {"T_max": 20}),
]


@pytest.mark.parametrize("stateful", [False, True], ids=["closed", "stateful"])
@pytest.mark.parametrize(
    ("cls", "hyperparameters", "others"), TRAININGS, ids=[", ".join([t[0].__name__, *t[1]]) for t in TRAININGS]
)
def test_a_hypergradient_through_the_training_of_a_network(cls, hyperparameters, others, stateful):
    def final(hyperparameters, wrap=lambda step: step):
        schedule = cls(**hyperparameters, **others)
        return loss_after_training(schedule.stateful() if stateful else schedule, wrap)

    point = single(hyperparameters)
    expected = central_differences(final, point)
    ways = {
        "jit(grad)": jax.jit(jax.grad(final)),
        "grad(jit)": jax.grad(jax.jit(final)),
        "grad of scan": jax.grad(final),
        "grad of checkpoint in scan": jax.grad(lambda values: final(values, jax.checkpoint)),
    }
    for how, gradient in ways.items():
        for name, derivative in gradient(point).items():
            assert derivative.dtype == np.float32, (how, name)
            # Measured 5 * 2**-24: what 20 steps in float32 round. A partial derivative that is lost is 1 % or more.
            np.testing.assert_allclose(derivative, expected[name][0], rtol=2.0**-19, err_msg=f"{how}: {name}")
    with jax.enable_x64(True):
        precise = jax.grad(jax.jit(final))({name: np.float64(value) for name, value in point.items()})
    for name, derivative in precise.items():
        assert derivative.dtype == np.float64
        # Of the differences: h**2 / 6 and a third derivative, measured 5e-9. A stateful form keeps float32 tangents.
        rtol = 2.0**-20 if stateful else 2.0**-25
        np.testing.assert_allclose(derivative, expected[name][0], rtol=rtol, err_msg=f"x64: {name}")


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_the_derivative_has_the_hyperparameters_dtype(dtype):
    gradient = jax.grad(lambda lr: jaxlr.StepLR(lr, step_size=3)(0).astype(jnp.float32))(dtype(0.5))
    assert gradient.dtype == dtype
    assert gradient == 1
