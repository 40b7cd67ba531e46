"""ReduceLROnPlateau against torch on random metric series: every decision, and the whole state, bit for bit."""

import math
import random
import warnings
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import settings

import jaxlr

STEPS = 120
SERIES = 50
RECIPES = 100 if settings.default.max_examples > 100 else 10


def random_arguments(draw: random.Random) -> dict:
    return {
        "mode": draw.choice(["min", "max"]),
        "factor": draw.choice([0.1, 0.5, 0.8, 0.0, draw.uniform(0, 0.99)]),
        "patience": draw.randint(0, 6),
        "threshold": draw.choice([1e-4, 0.0, 0.1, 1e-2, draw.uniform(0, 0.2)]),
        "threshold_mode": draw.choice(["rel", "abs"]),
        "cooldown": draw.randint(0, 5),
        "min_lr": draw.choice([0.0, 1e-3, 1e-2]),
        "eps": draw.choice([1e-8, 1e-3, 1e-6]),
    }


def random_metrics(draw: random.Random, arguments: dict) -> np.ndarray:
    """A series of one of the kinds on which implementations disagree."""
    numbers = np.random.default_rng(draw.randint(0, 2**32))
    falling = np.exp(-np.arange(STEPS) / draw.uniform(3, 60)) * draw.choice([1, -1]) + draw.choice([0, 0.5, -0.5])
    kind = draw.randint(0, 4)
    if kind == 0:
        metrics = falling + numbers.normal(0, draw.choice([0.0, 0.1, 1.0]), STEPS)
    elif kind == 1:
        metrics = np.round(falling + numbers.normal(0, 0.1, STEPS), 2)
    elif kind == 2:
        metrics = np.full(STEPS, draw.choice([-1.0, 0.0, 1.0]))
    else:
        metrics = at_the_threshold(draw, **arguments)
    metrics[numbers.random(STEPS) < draw.choice([0.0, 0.05])] = math.nan
    metrics[numbers.random(STEPS) < draw.choice([0.0, 0.0, 0.05])] = draw.choice([math.inf, -math.inf])
    return metrics


def at_the_threshold(
    draw: random.Random, *, mode: str, threshold: float, threshold_mode: str, **_: object
) -> np.ndarray:
    """Each metric exactly as much better as the threshold asks, or one rounding more."""
    best, metrics = 1.0, []
    for _ in range(STEPS):
        metrics.append(best)
        sign = -1 if mode == "min" else 1
        best = best * (1 + sign * threshold) if threshold_mode == "rel" else best + sign * threshold
        if draw.random() < 0.3:
            best = float(np.nextafter(best, sign * math.inf))
    return np.array(metrics)


def stepped(lr: float, arguments: dict, metrics: np.ndarray) -> tuple[list[float], dict]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
        lrs = []
        for metric in metrics:
            lrs.append(optimizer.param_groups[0]["lr"])
            scheduler.step(float(metric))
    return lrs, scheduler.state_dict()


@partial(jax.jit, static_argnums=0)
def driven(plateau: jaxlr.ReduceLROnPlateau, metrics: jax.Array) -> tuple[jax.Array, jaxlr.State]:
    def step(state: jaxlr.State, metric: jax.Array) -> tuple[jaxlr.State, jax.Array]:
        return plateau.update(state, value=metric), plateau(state)

    state, lrs = jax.vmap(lambda series: jax.lax.scan(step, plateau.init(), series))(metrics)
    return lrs, state


DTYPES = [np.float32, np.float64, np.float32, np.float64, jnp.bfloat16, np.float16]


@pytest.mark.parametrize(("seed", "dtype"), [(seed, DTYPES[seed % len(DTYPES)]) for seed in range(RECIPES)])
def test_every_decision_is_torchs(seed, dtype):
    draw = random.Random(seed)
    lr, arguments = draw.choice([0.1, 0.5, 1.0, 2e-8, 1e-7]), random_arguments(draw)
    with np.errstate(over="ignore"):  # an infinite metric is one of them
        metrics = np.stack([random_metrics(draw, arguments) for _ in range(SERIES)]).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        lrs, state = driven(jaxlr.ReduceLROnPlateau(lr, **arguments), jnp.asarray(metrics))
        assert lrs.dtype == (np.float64 if dtype == np.float64 else np.float32)
    remembered = state.schedulers["ReduceLROnPlateau"]
    for i, series in enumerate(metrics):
        theirs, torch_state = stepped(lr, arguments, series)
        np.testing.assert_array_equal(np.asarray(lrs[i]), np.array(theirs).astype(lrs.dtype))
        assert remembered.last_epoch[i] == torch_state["last_epoch"]
        assert remembered.num_bad_epochs[i] == torch_state["num_bad_epochs"]
        assert remembered.cooldown_counter[i] == torch_state["cooldown_counter"]
        assert float(jaxlr.Wide(remembered.best.parts[i])) == torch_state["best"]


def test_float32_comparisons_would_be_caught():
    """The threshold rounded to float32 flips decisions: what the series above are for."""
    flips = 0
    for seed in range(50):
        draw = random.Random(seed)
        arguments = {"mode": "min", "threshold": draw.choice([1e-4, 0.1]), "threshold_mode": "rel", "patience": 0}
        metrics = at_the_threshold(draw, **arguments).astype(np.float32)
        best = np.float32(np.inf)
        ours = []
        for metric in metrics:
            ours.append(metric < best * np.float32(1 - arguments["threshold"]))
            best = metric if ours[-1] else best
        lrs, _ = stepped(0.1, {**arguments, "factor": 0.999999, "eps": 0.0}, metrics)
        cuts = [after < before for before, after in pairwise(lrs)]
        flips += [not better for better in ours[: len(cuts)]] != cuts
    assert flips > 10


def test_python_metrics_are_float64_where_x64_is_off():
    plateau = jaxlr.ReduceLROnPlateau(0.1, patience=0, threshold=0.0)
    state = plateau.update(plateau.init(), value=1.0 + 2.0**-40)
    assert plateau(plateau.update(state, value=1.0)) == jnp.float32(0.1)
    assert plateau(plateau.update(state, value=1.0 + 2.0**-40)) == jnp.float32(0.01)
