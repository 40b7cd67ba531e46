"""The lines of docs/migrate.md that read the learning rate give the one that the step applied."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxlr

PAGE = (Path(__file__).parent.parent / "docs" / "migrate.md").read_text()
SECTION = PAGE.split("## Read the learning rate")[1].split("\n## ")[0]
BEFORE, AFTER = [row.split("|")[3].strip().strip("`") for row in SECTION.splitlines() if re.match(r"\| `", row)]

SCHEDULE = jaxlr.StepLR(0.1, step_size=2, gamma=0.5)
PARAMS = {"weight": jnp.ones(3), "bias": jnp.zeros(2)}
ONES = jax.tree.map(jnp.ones_like, PARAMS)


def stepped(optimizer, line, steps=7, **extra_args):
    """The learning rates that the line reads, and those that the updates of SGD on gradients of 1 show."""
    read, applied = [], []
    update = jax.jit(optimizer.update)
    state = optimizer.init(PARAMS)
    for _ in range(steps):
        names = {"optax": optax, "schedule": SCHEDULE}
        before = state
        updates, state = update(ONES, state, PARAMS, **extra_args)
        read.append(eval(line, names, {"state": before if line == BEFORE else state}))
        applied.append(-updates["weight"][0])
    return np.array(read), np.array(applied)


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.sgd(SCHEDULE),
        optax.sgd(SCHEDULE, momentum=0.0),
        optax.chain(optax.clip_by_global_norm(1e9), optax.sgd(SCHEDULE)),
        optax.partition({"all": optax.sgd(SCHEDULE)}, {"weight": "all", "bias": "all"}),
    ],
)
def test_of_a_schedule_before_the_update(optimizer):
    read, applied = stepped(optimizer, BEFORE)
    np.testing.assert_array_equal(read, applied)
    assert len(set(applied.tolist())) > 2


def test_of_an_adamw_that_counts_too():
    state = optax.adamw(SCHEDULE).init(PARAMS)
    assert eval(BEFORE, {"optax": optax, "schedule": SCHEDULE, "state": state}) == np.float32(0.1)


def test_of_gradients_that_are_accumulated_before_the_update():
    read, applied = stepped(optax.MultiSteps(optax.sgd(SCHEDULE), 2), BEFORE, steps=12)
    np.testing.assert_array_equal(read[1::2], applied[1::2])
    assert len(set(applied.tolist())) > 3  # 0 among them


@pytest.mark.parametrize("learning_rate", [SCHEDULE, SCHEDULE.stateful(), jaxlr.ReduceLROnPlateau(0.1, patience=1)])
def test_of_an_injected_learning_rate_after_the_update(learning_rate):
    optimizer = optax.chain(optax.clip_by_global_norm(1e9), optax.inject_hyperparams(optax.sgd)(learning_rate))
    read, applied = stepped(optimizer, AFTER, value=1.0)
    np.testing.assert_array_equal(read, applied)
    assert len(set(applied.tolist())) > 2


def test_two_schedules_in_one_optimizer_are_not_mistaken():
    both = {"weight": optax.sgd(SCHEDULE), "bias": optax.sgd(jaxlr.ExponentialLR(0.1, 0.5))}
    state = optax.partition(both, {"weight": "weight", "bias": "bias"}).init(PARAMS)
    with pytest.raises(KeyError, match="multiple values"):
        eval(BEFORE, {"optax": optax, "schedule": SCHEDULE, "state": state})
