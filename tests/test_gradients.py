"""Derivatives with respect to every float hyperparameter, through every transformation."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import of_which
from jax import lax

import jaxlr
from parity.cases import ENTRIES

COUNTS = np.array([0, 1, 3, 4, 9], np.int32)
EPS = 2.0**-53
RECIPES = [(entry.build, *point) for entry in ENTRIES for point in entry.smooth]
FIRST = [(entry.build, *entry.smooth[0]) for entry in ENTRIES if entry.smooth]
HYPERPARAMETERS = ("cls", "hyperparameters", "others")


def named(value):
    return getattr(value, "__name__", None) or ", ".join(value)


each_recipe = pytest.mark.parametrize(HYPERPARAMETERS, of_which(RECIPES, RECIPES[::3]), ids=named)


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


@pytest.mark.parametrize(HYPERPARAMETERS, of_which(RECIPES, FIRST), ids=named)
def test_eager_grad(cls, hyperparameters, others):
    def lr(hyperparameters):
        return cls(**hyperparameters, **others)(4)

    point = single(hyperparameters)
    expected = central_differences(lr, point)
    assert_derivatives(jax.grad(lr)(point), expected, "grad")
    value, gradient = jax.value_and_grad(lr)(point)
    assert value == lr(point)
    assert_derivatives(gradient, expected, "value_and_grad")


@pytest.mark.parametrize(HYPERPARAMETERS, of_which(FIRST, FIRST[::4]), ids=named)
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
        with jax.default_matmul_precision("highest"):  # a GPU multiplies matrices of float32 in tf32
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


WAYS = {
    "jit(grad)": lambda final: jax.jit(jax.grad(final)),
    "grad(jit)": lambda final: jax.grad(jax.jit(final)),
    "grad of scan": jax.grad,
    "grad of checkpoint in scan": lambda final: jax.grad(lambda values: final(values, jax.checkpoint)),
}


@pytest.mark.parametrize("how", of_which(WAYS, ["grad(jit)", "grad of checkpoint in scan"]))
@pytest.mark.parametrize(
    ("cls", "hyperparameters", "others", "stateful"),
    [
        (jaxlr.ExponentialLR, {"lr": 0.1, "gamma": 0.9}, {}, True),
        (jaxlr.CosineAnnealingLR, {"lr": 0.1, "eta_min": 0.02}, {"T_max": 20}, False),
    ],
    ids=["ExponentialLR, stateful", "CosineAnnealingLR, closed"],
)
def test_a_hypergradient_through_the_training_of_a_network(cls, hyperparameters, others, stateful, how):
    def final(hyperparameters, wrap=lambda step: step):
        schedule = cls(**hyperparameters, **others)
        return loss_after_training(schedule.stateful() if stateful else schedule, wrap)

    point = single(hyperparameters)
    expected = central_differences(final, point)
    for name, derivative in WAYS[how](final)(point).items():
        assert derivative.dtype == np.float32, name
        # Measured 5 * 2**-24: what 20 steps in float32 round. A partial derivative that is lost is 1 % or more.
        np.testing.assert_allclose(derivative, expected[name][0], rtol=2.0**-19, err_msg=name)
    with jax.enable_x64(True):
        precise = WAYS[how](final)({name: np.float64(value) for name, value in point.items()})
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


CLOSURES = [  # a schedule that closes over x, and its derivative at count 3
    (lambda x: jaxlr.LambdaLR(0.1, lambda epoch: x**epoch), 0.9, 0.1 * 3 * 0.9**2),
    (lambda x: jaxlr.LambdaLR(x, lambda epoch: x * epoch), 0.5, 2 * 0.5 * 3),
    (lambda x: jaxlr.LambdaLR(0.1, lambda epoch: x[4 - epoch]), np.arange(5.0), [0, 0.1, 0, 0, 0]),
    (lambda x: jaxlr.MultiplicativeLR(0.1, lambda epoch: x), 0.9, 0.1 * 3 * 0.9**2),
    (lambda x: jaxlr.CyclicLR(0.0, 1.0, 4, scale_fn=lambda at: x**at, scale_mode="iterations"), 0.9, 0.75 * 3 * 0.9**2),
]


@pytest.mark.parametrize(("build", "x", "expected"), of_which(CLOSURES, lambda closure: closure in CLOSURES[::2]))
def test_what_a_function_closes_over_has_a_derivative(build, x, expected):
    def closed(x):
        return build(x)(3)

    def recursive(x):
        stateful = build(x).stateful()
        state = stateful.init()
        for _ in range(3):
            state = stateful.update(state)
        return stateful(state)

    ones = jax.tree.map(jnp.ones_like, x)
    for lr, derivatives in (
        (closed, (jax.grad(closed), jax.jit(jax.grad(closed)), jax.jacfwd(closed))),
        (jax.jit(recursive), (jax.jit(jax.grad(recursive)),)),
    ):
        for derivative in derivatives:
            np.testing.assert_allclose(derivative(x), expected, rtol=2.0**-20, atol=1e-9)
        tangent = jax.jvp(lr, (x,), (ones if np.ndim(x) else 1.0,))[1]
        np.testing.assert_allclose(tangent, np.sum(expected), rtol=2.0**-20)
        many = jax.jit(jax.vmap(jax.grad(lr)))(jnp.stack([jnp.asarray(x), 2 * jnp.asarray(x)]))
        np.testing.assert_allclose(many[0], expected, rtol=2.0**-20, atol=1e-9)


def test_the_elements_of_a_closed_over_array_are_not_those_of_the_counts():
    def lrs(x):
        return jaxlr.LambdaLR(0.1, lambda epoch: x[2 - epoch])(np.arange(3))

    derivative = jax.jacrev(lrs)(jnp.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(derivative, 0.1 * np.eye(3)[::-1], rtol=2.0**-20)


def test_a_function_may_close_over_an_integer_beside_what_is_differentiated():
    derivative = jax.jit(jax.grad(lambda lr, n: jaxlr.LambdaLR(lr, lambda epoch: epoch * n)(3)))
    assert derivative(0.1, 2) == 6
