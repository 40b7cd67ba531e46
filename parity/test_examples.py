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
