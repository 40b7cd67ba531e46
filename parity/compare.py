"""A recipe's learning rates, stepped in torch for real, and ours beside them."""

import contextlib
import dataclasses
import warnings
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxlr import Schedule, Stateful, trajectory
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._schedules.lambdas import is_sequential
from jaxlr._ulp import Comparison, compare
from parity.case import Case

_SEQUENTIAL_STEPS = 2_000  # of a closed form that takes as many operations as the count is large


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: a recipe, a form of its port, and how it compares with the stepped torch scheduler."""

    recipe: str
    form: str
    comparison: Comparison


def compare_case(case: Case, steps: int, *, stateful: bool = True) -> list[Row]:
    """Steps torch's scheduler, and compares both forms of the port with it, learning rate and momentum.

    stateful: whether the recursive form is ``.stateful()``, in a program of its own; else it is trajectory's, whose
    program serves all schedules of a kind.
    """
    steps = case.steps(steps)
    theirs = torch_trajectory(case, steps)
    metrics = case.metrics(steps)
    recipe = f"{case}: {case.quirk}" if case.quirk else str(case)
    rows = []
    for name, form, port in forms_of(case):
        n = min(steps, _SEQUENTIAL_STEPS) if form == "closed" and is_sequential(port) else steps
        if form == "recursive" and stateful:
            ours = stepped(port, n, metrics)
        else:
            ours = trajectory(port, n, form=form, metrics=metrics)
        label = form if name == "lr" else f"{form}, momentum"
        rows.append(Row(recipe, label, compare(ours, theirs[name][:n])))
    return rows


def forms_of(case: Case) -> list[tuple[Literal["lr", "momentum"], Literal["closed", "recursive"], Schedule]]:
    """What of the recipe's port is compared, in which form."""
    schedule = case.schedule()
    ported: list[tuple[Literal["lr", "momentum"], Schedule]] = [("lr", schedule)]
    if schedule._momentum is not None:
        ported.append(("momentum", schedule._momentum))
    forms: list[tuple[Literal["lr", "momentum"], Literal["closed", "recursive"], Schedule]] = []
    for name, port in ported:
        forms += [(name, "closed", port)] if has_closed_form(port) else []
        forms.append((name, "recursive", port))
    return forms


def stepped(schedule: Schedule, steps: int, metrics: np.ndarray | None) -> np.ndarray:
    """The learning rates at counts 0 .. steps - 1 as a training loop has them: ``.stateful()``, stepped in a scan."""
    received = None if metrics is None else metrics[: steps - 1]
    dtype = jnp.result_type(float)
    with contextlib.nullcontext() if received is None else jax.enable_x64(True):  # torch's metrics are float64
        return np.asarray(_scanned(Stateful(schedule), steps, received)).astype(dtype)


@partial(jax.jit, static_argnums=(0, 1))
def _scanned(stateful: Stateful, steps: int, metrics: jax.Array | None) -> jax.Array:
    def step(state: Any, metric: Any) -> tuple[Any, jax.Array]:
        return stateful.update(state, value=metric), stateful(state)

    state, lrs = jax.lax.scan(step, stateful.init(), metrics, length=steps - 1)
    return jnp.append(lrs, stateful(state))


def torch_trajectory(case: Case, steps: int) -> dict[str, np.ndarray]:
    """The learning rate, and the momentum, that the stepped torch scheduler leaves in its optimizer, in float64."""
    import torch  # noqa: PLC0415 tests/ runs without torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer itself is not stepped
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=case.lr, momentum=0.9)
        scheduler = case.torch_on(optimizer)
        first = case.last_epoch + 1
        metrics = case.metrics(first + steps)
        group: dict[str, Any] = optimizer.param_groups[0]
        lrs, momentums = np.empty((2, first + steps))
        for i in range(first + steps):
            lrs[i], momentums[i] = group["lr"], group["momentum"]
            if i < first + steps - 1:
                case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    return {"lr": lrs[first:], "momentum": momentums[first:]}
