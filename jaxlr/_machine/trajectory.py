"""A schedule as a NumPy array of its first learning rates."""

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from jaxlr._arguments import choice, integer, is_traced, numbers, shown
from jaxlr._float64 import float64
from jaxlr._machine.closed_form import has_closed_form, no_closed_form
from jaxlr._machine.epochs import before_first_step
from jaxlr._machine.machine import Group, build, held, start, step
from jaxlr._machine.structure import joined, split
from jaxlr._schedules.base import Integer, Metrics, Schedule
from jaxlr._schedules.lambdas import is_sequential
from jaxlr._schedules.plateau import takes_metric

_CHUNK = 1 << 16  # counts that one compiled call evaluates


def trajectory(
    schedule: Schedule,
    steps: Integer,
    *,
    form: Literal["auto", "closed", "recursive"] = "auto",
    metrics: Metrics | None = None,
) -> NDArray[np.floating]:
    """The learning rates at counts 0 .. steps - 1.

    Args:
      schedule: a jaxlr schedule.
      steps: how many: an integer >= 1.
      form: "closed" calls the schedule at every count; "recursive" steps its stateful form, as torch steps its
        scheduler; "auto" takes the closed form where there is one that does not grow with the count.
      metrics: what ``scheduler.step`` receives: metrics[i] between count i and count i + 1, so steps - 1 numbers (more
        are ignored); None for a schedule that takes none.

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
    if is_traced(schedule):
        raise TypeError(
            "trajectory: schedule must have no traced hyperparameter, to be a NumPy array: inside a traced function "
            f"call the schedule, or step its .stateful() in lax.scan; got {schedule!r}"
        )
    steps = int(integer(at_least=1)("trajectory: steps", steps))
    choice("auto", "closed", "recursive")("trajectory: form", form)
    received = None if metrics is None else numbers("trajectory: metrics", metrics)
    if not takes_metric(schedule) and received is not None:
        raise ValueError(f"trajectory: metrics must be None for {type(schedule).__name__}, which takes none")
    if takes_metric(schedule) and (received is None or len(received) < steps - 1):
        raise ValueError(
            f"trajectory: metrics must be at least {steps - 1} numbers for {type(schedule).__name__}, "
            f"got {'None' if received is None else len(received)}"
        )
    end = schedule._final_epoch
    if end is not None and steps > end - schedule._first_epoch + 1:
        raise ValueError(
            f"trajectory: steps must be at most {end - schedule._first_epoch + 1} for {shown(schedule)}: "
            f"there it ends, got {steps}"
        )
    if form == "closed" and not has_closed_form(schedule):
        raise no_closed_form(schedule)
    recursive = form == "recursive" or (form == "auto" and (is_sequential(schedule) or not has_closed_form(schedule)))
    with jax.ensure_compile_time_eval():
        if recursive or received is not None:
            dtype = jnp.result_type(float)
            structure, operands = split(schedule)
            with float64():
                length = _length(steps)
                metrics = None if received is None else np.pad(received[: steps - 1], (0, length - steps + 1))
                lrs = _stepped(structure, before_first_step(schedule), length, dtype, operands, metrics, steps)
                return np.asarray(lrs)[:steps]
        # Of a closed form that grows with the count each one takes its time.
        length = steps if is_sequential(schedule) else _length(steps)
        spans = [(i, min(i + _CHUNK, length)) for i in range(0, steps, _CHUNK)]
        chunks = [schedule(np.minimum(np.arange(*span), steps - 1)) for span in spans]  # each beside the next
        return np.concatenate([np.asarray(chunk) for chunk in chunks])[:steps]


def _length(steps: int) -> int:
    """That of the arrays which a program is compiled for: it serves all numbers of steps up to a power of two."""
    return max(128, 1 << (steps - 1).bit_length())


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _stepped(
    structure: Any, before: Any, length: int, dtype: Any, operands: list[Any], metrics: jax.Array | None, steps: int
) -> jax.Array:
    """What ``.stateful()`` does, in a state that stays float64: between its steps nobody else's program runs."""
    schedule = joined(structure, operands)
    built, _ = build(schedule)

    def step_once(i: Any, carry: Any) -> Any:
        (node, lr, momentum), lrs = carry
        group = Group(lr=lr, momentum=momentum)
        lrs = lrs.at[i].set(held(schedule, group).astype(dtype))
        node, stepped = step(built, node, group, None if metrics is None else metrics[i])
        return (node, stepped.lr, stepped.momentum), lrs

    node, group = start(schedule, before)
    first = jax.tree.map(jnp.asarray, (node, group.lr, group.momentum))
    (_, lr, momentum), lrs = jax.lax.fori_loop(0, steps - 1, step_once, (first, jnp.zeros(length, dtype)))
    return lrs.at[steps - 1].set(held(schedule, Group(lr=lr, momentum=momentum)).astype(dtype))  # type: ignore[no-any-return]
