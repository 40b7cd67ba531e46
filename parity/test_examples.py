"""The examples run, and do what they say: the learning rates are torch's, and so the training is."""

import contextlib
import dataclasses
import importlib.util
import io
import re
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from each import thorough

import jaxlr

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name):
    specification = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits():
    importlib.import_module("sklearn")
    return example("digits")


@pytest.fixture(scope="module")
def migration(digits):
    """What main returns, and what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = digits.main()
    return result, printed.getvalue()


# Of the final weights, in torch and in JAX, relative to the largest weight of the layer. Measured on a CPU: 4e-7, as
# far apart as two runs of torch whose initial weights differ by an ulp: float32 sums in another order, 360 steps long.
# A learning rate that is off by a ten-thousandth gives 5e-5, one that is a step early 8e-3.
NOISE = 1e-5


def distance(weights, others):
    assert weights.keys() == others.keys()
    assert {array.dtype for array in [*weights.values(), *others.values()]} == {np.dtype(np.float32)}
    return max(np.abs(weights[name] - others[name]).max() / np.abs(weights[name]).max() for name in weights)


def test_digits_learning_rates_are_equal_at_every_step(digits, migration):
    result, _ = migration
    assert result.torch.lrs.shape == result.jax.lrs.shape == (digits.STEPS,)
    assert result.torch.lrs.dtype == result.jax.lrs.dtype == np.float32
    np.testing.assert_array_equal(result.jax.lrs, result.torch.lrs)
    np.testing.assert_array_equal(jaxlr.trajectory(result.schedule, digits.STEPS), result.torch.lrs)
    # They rise until the milestone, and then fall.
    np.testing.assert_array_equal(np.diff(result.torch.lrs) > 0, np.arange(1, digits.STEPS) <= digits.WARMUP)
    assert result.torch.lrs[digits.WARMUP] == np.float32(digits.LR)


def test_digits_weights_and_accuracies_are_torchs(digits, migration):
    result, _ = migration
    assert distance(result.torch.weights, result.jax.weights) < NOISE
    assert abs(result.torch.accuracy - result.jax.accuracy) < 1.5 / digits.TEST  # at most one digit
    assert min(result.torch.accuracy, result.jax.accuracy) > 0.9


@pytest.mark.parametrize(
    ("wrong", "equal", "at_least"),
    [
        (lambda schedule: dataclasses.replace(schedule, last_epoch=0), 0.01, 100 * NOISE),
        (lambda schedule: lambda count: schedule(count) * (1 + 1e-4), 0.01, 2 * NOISE),
    ],
    ids=["a step early", "off by 1e-4"],
)
def test_digits_a_wrong_schedule_is_seen(digits, migration, wrong, equal, at_least):
    result, _ = migration
    model, _, _ = digits.recipe()
    run = digits.train_jax(wrong(result.schedule), digits.numpy_weights(model), digits.digits())
    assert np.mean(run.lrs == result.torch.lrs) < equal
    assert distance(result.torch.weights, run.weights) > at_least


def test_digits_prints_the_code_and_the_agreement(digits, migration):
    result, printed = migration
    code = re.search(r"^schedule +(.*)$", printed, re.MULTILINE).group(1)
    assert eval(code, vars(jaxlr)) == result.schedule
    assert f"equal at {digits.STEPS} of {digits.STEPS} steps" in printed
    assert f"torch {result.torch.accuracy:.4f}, JAX {result.jax.accuracy:.4f}" in printed


def test_parameter_groups_trains_each_group_by_its_schedule(monkeypatch, capsys):
    module = example("parameter_groups")
    train_step, steps = module.train_step, []

    def recorded(params, state, x, y):
        """The step of the example; and beside it the updates that it applies, not compiled, so not contracted."""
        gradients = jax.grad(module.loss)(params, x, y)
        updates, _ = module.optimizer.update(gradients, state, params)
        after = train_step(params, state, x, y)
        steps.append((params, state, gradients, updates, after))
        return after

    monkeypatch.setattr(module, "train_step", recorded)
    losses = module.main()
    assert len(losses) == len(steps) == module.STEPS
    assert losses[-1] < 0.05 * losses[0]
    assert len(capsys.readouterr().out.splitlines()) == 5

    one_cycle = jaxlr.OneCycleLR(max_lr=0.05, total_steps=100)
    lrs = {
        "backbone": jaxlr.trajectory(one_cycle, 100),
        "head": jaxlr.trajectory(jaxlr.CosineAnnealingLR(0.1, T_max=100), 100),
        "biases": jaxlr.trajectory(jaxlr.StepLR(0.2, step_size=30), 100),
    }
    momentums = {"backbone": jaxlr.trajectory(one_cycle.momentum, 100), "head": np.full(100, 0.9, np.float32)}
    for step, (params, state, gradients, updates, (new_params, new_state, _)) in enumerate(steps):
        used = new_state.inner_states["backbone"].inner_state.hyperparams
        assert used["learning_rate"] == lrs["backbone"][step]
        assert used["momentum"] == momentums["backbone"][step]
        for layer, leaves in gradients.items():
            velocity = optax.tree.get(state.inner_states[layer], "trace")[layer]["kernel"]
            velocity = leaves["kernel"] + momentums[layer][step] * velocity
            np.testing.assert_array_equal(updates[layer]["kernel"], -lrs[layer][step] * velocity)
            np.testing.assert_array_equal(updates[layer]["bias"], -lrs["biases"][step] * leaves["bias"])
        for new, expected in zip(
            jax.tree.leaves(new_params), jax.tree.leaves(optax.apply_updates(params, updates)), strict=True
        ):
            # Compiled, the gradient's sums are in another order: measured 1e-7, an ulp of the largest weight.
            np.testing.assert_allclose(new, expected, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def sweep():
    """The example; what main returns and prints; and how often it traced the training."""
    importlib.import_module("sklearn")
    module = example("sweep")
    train, traced = module.train, []

    def counted(warmup, T_max, *data):
        traced.append(warmup)
        return train(warmup, T_max, *data)

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setattr(module, "train", counted)
        with jax.default_matmul_precision("float32"):  # accelerators may take a shorter one
            runs = module.main()
    return module, runs, printed.getvalue(), traced


def test_sweep_is_one_compiled_run_of_a_thousand(sweep):
    module, runs, printed, traced = sweep
    assert runs.loss.shape == runs.accuracy.shape == module.WARMUPS.shape == module.T_MAXES.shape == (1000,)
    assert len(set(zip(module.WARMUPS, module.T_MAXES, strict=True))) == 1000
    assert len(traced) == 2  # the thousand, and the one beside which they are timed
    best = np.nanargmin(runs.loss)
    assert repr(module.recipe(module.WARMUPS[best], module.T_MAXES[best])) in printed
    assert f"test accuracy {runs.accuracy[best]:.4f}" in printed
    assert runs.accuracy[best] > 0.95
    assert re.search(r"1000 runs at once \d+\.\d+ s; one alone \d+\.\d+ s", printed)


@jax.default_matmul_precision("float32")
@thorough
def test_sweep_runs_are_those_of_each_pair_alone(sweep):
    module, runs, _, _ = sweep
    data, alone = module.digits(), jax.jit(module.train)
    for i in np.random.default_rng(0).choice(1000, size=12, replace=False):
        run = alone(module.WARMUPS[i], module.T_MAXES[i], *data)
        for name, weights in run.weights.items():
            assert weights.dtype == np.float32
            # Batched, the sums are in another order: measured 2e-7 of the largest weight. The next pair is 1e-2 away.
            np.testing.assert_allclose(runs.weights[name][i], weights, rtol=0, atol=4e-6 * np.abs(weights).max())
        np.testing.assert_allclose(runs.loss[i], run.loss, rtol=4e-6)
        # And the learning rates are those of the pair: plain SGD steps over the values of the schedule.
        schedule = module.recipe(module.WARMUPS[i], module.T_MAXES[i])
        assert distance(looped(module, schedule, *data), run.weights) < 4e-6


def looped(module, schedule, images, labels):
    keys = jax.random.split(jax.random.key(0))
    weights = {"in": jax.random.normal(keys[0], (64, 16)) / 8, "out": jax.random.normal(keys[1], (16, 10)) / 4}
    gradient = jax.jit(jax.grad(module.loss))
    for i, lr in enumerate(jaxlr.trajectory(schedule, module.STEPS)):
        rows = (i * module.BATCH + np.arange(module.BATCH)) % module.TRAIN
        weights = jax.tree.map(lambda w, g, lr=lr: w - lr * g, weights, gradient(weights, images[rows], labels[rows]))
    return jax.tree.map(np.asarray, weights)


@pytest.fixture(scope="module")
def hypergradient():
    module = example("hypergradient")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = module.main()
    return module, result, printed.getvalue()


@thorough
def test_hypergradient_is_that_of_finite_differences(hypergradient):
    module, result, _ = hypergradient
    final = {name: np.float32(value) for name, value in result.tuned.items()}
    for point in ({name: np.float32(value) for name, value in module.START.items()}, final):
        single = jax.jit(jax.grad(module.final_loss))(point)
        with jax.enable_x64(True):
            loss = jax.jit(module.final_loss)
            double = {name: np.float64(value) for name, value in point.items()}
            exact = jax.jit(jax.grad(module.final_loss))(double)
            for name, value in double.items():
                h = 2.0**-20 * value
                above, below = loss({**double, name: value + h}), loss({**double, name: value - h})
                assert above.dtype == exact[name].dtype == np.float64
                # The differences are off by h**2 / 6 and a third derivative: measured 1e-7.
                np.testing.assert_allclose(exact[name], (above - below) / (2 * h), rtol=1e-6, err_msg=name)
        for name, derivative in single.items():
            assert derivative.dtype == np.float32
            # What 40 steps of training in float32 round: measured 9e-7.
            np.testing.assert_allclose(derivative, exact[name], rtol=1e-5, err_msg=name)


def test_hypergradient_lowers_the_loss_that_the_training_ends_with(hypergradient):
    module, result, printed = hypergradient
    assert len(result.losses) == module.ROUNDS + 1
    assert result.losses[-1] < 0.6 * result.losses[0]
    for hyperparameters, value in ((module.START, result.losses[0]), (result.tuned, result.losses[-1])):
        np.testing.assert_allclose(module.final_loss(hyperparameters), value, rtol=1e-5)
    assert f"round {module.ROUNDS}  lr {result.tuned['lr']:.4f}" in printed
