"""braintools.optim's schedulers, which have torch's names, stepped in a compiled loop of its own framework."""

import dataclasses
import importlib.util
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_SAME_ARGUMENTS = (
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "PolynomialLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
)
_ARGUMENTS = {
    "OneCycleLR": ("max_lr", "total_steps"),
    "CyclicLR": ("base_lr", "max_lr", "step_size_up", "step_size_down", "mode", "gamma"),
}


def missing() -> str:
    """Why it cannot be measured, "" where it can."""
    if importlib.util.find_spec("braintools") is None:
        return "braintools is not installed: pip install 'jaxlr[bench]'"
    try:
        import braintools.optim  # noqa: PLC0415 an extra, and slow to import
    except Exception as error:  # whatever a package raises that does not know this jax
        return f"import braintools.optim: {type(error).__name__}: {error}"
    del braintools
    return ""


def braintools_trajectory(schedule: Any, steps: int) -> np.ndarray | None:
    """The learning rates at counts 0 .. steps - 1, None where it has no such scheduler."""
    import brainstate  # noqa: PLC0415 an extra, and slow to import
    import braintools.optim  # noqa: PLC0415

    name = type(schedule).__name__
    if name in _SAME_ARGUMENTS:
        fields = [field.name for field in dataclasses.fields(schedule) if field.init]
        arguments = {name: getattr(schedule, name) for name in fields if name not in ("lr", "last_epoch")}
        arguments["base_lr"] = schedule.lr
    elif name in _ARGUMENTS:
        arguments = {argument: getattr(schedule, argument) for argument in _ARGUMENTS[name]}
    else:
        return None
    scheduler = getattr(braintools.optim, name)(**arguments)
    scheduler.last_epoch.value = jnp.asarray(scheduler.last_epoch.value)

    def step(_: jax.Array) -> jax.Array:
        lr = jnp.asarray(scheduler.current_lrs.value[0])
        scheduler.step()
        return lr

    return np.asarray(brainstate.transform.for_loop(step, jnp.arange(steps)))
