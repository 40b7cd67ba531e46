"""The distance from the stepped torch scheduler: ours, Optax's and braintools'."""

import math

import jax
import jax.numpy as jnp
import numpy as np

import jaxlr
from benchmarks._braintools import braintools_trajectory, missing
from benchmarks._nearest import nearest
from benchmarks._recipes import recipes
from benchmarks._row import Result, Row, Sizes
from benchmarks._torch import torch_lrs
from jaxlr._ulp import compare


def accuracy(sizes: Sizes) -> Result:
    """Every recipe; the others where they have such a schedule."""
    why_not = missing()
    rows = []
    for name, case in recipes(sizes.steps).items():
        schedule = case.schedule()
        torchs = torch_lrs(name, sizes.steps)
        rows.append(_row(f"{name}, jaxlr", jaxlr.trajectory(schedule, sizes.steps), torchs, at_most=1))
        theirs = nearest(schedule)
        if theirs is not None:
            lrs = np.asarray(jax.jit(jax.vmap(theirs.schedule))(jnp.arange(sizes.steps)))
            rows.append(_row(f"{name}, {theirs.name}", lrs, torchs))
        stepped_lrs = None if why_not else braintools_trajectory(schedule, sizes.steps)
        if stepped_lrs is not None:
            rows.append(_row(f"{name}, braintools.optim.{case.scheduler}", stepped_lrs, torchs))
    if why_not:
        rows.append(Row("accuracy", "braintools.optim", "stepping torch", math.nan, "ulp", note=why_not))
    return Result(rows)


def _row(what: str, lrs: np.ndarray, torchs: np.ndarray, at_most: float | None = None) -> Row:
    comparison = compare(lrs, torchs)
    relative = np.max(np.abs(lrs - torchs)) / np.max(np.abs(torchs))
    note = f"{comparison.bit_equal:.4%} of {len(lrs):,} steps bit-equal; at most {relative:.2g} of the largest lr off"
    return Row("accuracy", what, "stepping torch", comparison.max_ulp, "ulp", at_most, note=note)
