"""A schedule as a NumPy array of its first learning rates."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import jax
import numpy as np

from jaxlr._arguments import choice, integer
from jaxlr._base import Schedule, Stateful

_CHUNK = 1 << 16  # counts that one compiled call evaluates


def trajectory(
    schedule: Schedule,
    steps: int,
    *,
    form: Literal["auto", "closed", "recursive"] = "auto",
    metrics: Sequence[float] | None = None,
) -> np.ndarray:
    """The learning rates at counts 0 .. steps - 1.

    Args:
      schedule: a jaxlr schedule.
      steps: how many: an integer >= 1.
      form: "closed" calls the schedule at every count; "recursive" steps its stateful form, as torch steps its
        scheduler; "auto" takes the closed form where there is one that does not grow with the count.
      metrics: what ``scheduler.step`` receives between one count and the next; None for a schedule that takes none.

    Returns:
      An array of shape (steps,); float32, or float64 where jax_enable_x64 is on.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range, or steps is past the end of the
        schedule.

    Example:
      >>> import jaxlr
      >>> print(jaxlr.trajectory(jaxlr.StepLR(0.1, step_size=2), 4))
      [0.1  0.1  0.01 0.01]
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(f"trajectory: schedule must be a jaxlr schedule, got {schedule!r}")
    integer(at_least=1)("trajectory: steps", steps)
    choice("auto", "closed", "recursive")("trajectory: form", form)
    if metrics is not None:
        raise ValueError(f"trajectory: metrics must be None for {type(schedule).__name__}, which takes none")
    schedule._checked(steps - 1)
    if form == "recursive" or (form == "auto" and schedule._sequential):
        return np.asarray(_stepped(schedule.stateful(), steps))
    chunks = [schedule(np.arange(i, min(i + _CHUNK, steps))) for i in range(0, steps, _CHUNK)]
    return np.concatenate([np.asarray(chunk) for chunk in chunks])


@partial(jax.jit, static_argnums=(0, 1))
def _stepped(stateful: Stateful, steps: int) -> jax.Array:
    def step(state: Any, _: None) -> tuple[Any, jax.Array]:
        return stateful.update(state), stateful(state)

    _, lrs = jax.lax.scan(step, stateful.init(), length=steps)
    return lrs
