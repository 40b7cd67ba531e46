"""A schedule of JAX's, evaluated: a jaxlr value, a function of the count, a StatefulSchedule; or its values."""

import contextlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxlr._arguments import is_real, shown
from jaxlr._machine.stateful import Stateful
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.plateau import takes_metric
from jaxlr._verify.side import Float64Curve, Run, Side


def of_schedule(schedule: Any, name: str, run: Run, *, wide: bool) -> Side:
    """A jaxlr value, or its stateful form; wide: its learning rates in float64."""
    form: Literal["recursive", "auto"] = "recursive" if isinstance(schedule, Stateful) else "auto"
    value: Schedule = schedule.schedule if isinstance(schedule, Stateful) else schedule
    end = value._final_epoch
    if end is not None and run.window.stop > end - value._first_epoch + 1:
        raise run.past_end(name, end - value._first_epoch + 1)

    def evaluated(part: Schedule, wide: bool) -> np.ndarray:
        received = run.metrics if takes_metric(part) else None
        with jax.enable_x64(True) if wide else contextlib.nullcontext():
            return trajectory(part, run.window.stop, form=form, metrics=received)[run.window.start :]

    return Side(
        name,
        evaluated(value, wide),
        None if value._momentum is None else evaluated(value._momentum, wide),
        cache(lambda: Float64Curve(evaluated(value, wide=True))),
        schedule=value,
    )


def of_function(function: Any, name: str, run: Run) -> Side:
    """A function of the count, or a StatefulSchedule."""
    lrs, _ = _evaluated(function, name, run)

    def in_float64() -> Float64Curve:
        with jax.enable_x64(True):
            values, casts = _evaluated(function, name, run)
        if casts or values.dtype != np.float64:
            return Float64Curve(values.astype(np.float64), "it casts to float32")
        # XLA rounds 1 - count / T to -1e-16 at the end of one side's float alone, and a power of it is NaN.
        other = np.flatnonzero(np.isfinite(values) != np.isfinite(lrs))
        return Float64Curve(values, f"it is {values[other[0]]} at count {run.window[other[0]]:,}" if len(other) else "")

    return Side(name, lrs, in_float64=cache(in_float64), float32=lrs.dtype == np.float32)


def of_array(parameter: str, value: Any, name: str, run: Run) -> Side:
    """The learning rates from count 0 on, as numbers."""
    array = np.asarray(value)
    if array.ndim != 1 or not is_real(array.dtype):
        raise TypeError(f"verify: {parameter} must hold one number at each count, got {shown(value)}")
    if run.window.stop > len(array):
        raise run.past_end(name, len(array))
    lrs = _as_float(array[run.window.start : run.window.stop])
    return Side(name, lrs, float32=bool(np.all(lrs == lrs.astype(np.float32))), only_lrs=True)


def _as_float(values: np.ndarray) -> np.ndarray:
    """In float64 where they are that, or integers; else in float32."""
    return values.astype(np.float64 if values.dtype.kind in "iu" or values.dtype.itemsize > 4 else np.float32)


def is_stateful(schedule: Any) -> bool:
    """Whether it is a StatefulSchedule of Optax's."""
    return hasattr(schedule, "init") and hasattr(schedule, "update")


def _evaluated(function: Any, name: str, run: Run) -> tuple[np.ndarray, bool]:
    """The values at the counts of the window; in 64 bits, whether float32 occurs in the program that computes them."""
    loop, over = _loop(function, run)
    try:
        program = jax.jit(loop).trace(over)
        values = np.asarray(program.lower().compile()(over))
        casts = jnp.result_type(float) == np.float64 and "f32[" in str(program.jaxpr)
    except (jax.errors.JAXTypeError, TypeError):  # it branches on the count in Python
        values, casts = np.asarray(list(_called(function, name, run))), False
    except Exception as error:
        error.add_note(f"verify: {name} raised")
        raise
    if is_stateful(function):
        values = values[run.window.start :]
    if values.shape != (len(run.window),) or not is_real(values.dtype):
        raise ValueError(
            f"verify: {name} must give one number at each count, got shape {values.shape[1:]} of {values.dtype} "
            f"from {shown(function)}"
        )
    return _as_float(values), casts


def _loop(function: Any, run: Run) -> tuple[Callable[[Any], Any], Any]:
    """All counts in one loop, each a scalar as a training step has it; and what the loop goes over."""
    if not is_stateful(function):
        counts = np.arange(run.window.start, run.window.stop, dtype=jnp.result_type(int))
        return partial(jax.lax.map, function), counts

    def step(state: Any, metric: Any) -> tuple[Any, Any]:
        return function.update(state, **_received(metric)), function(state)

    def scan(metrics: Any) -> Any:
        return jax.lax.scan(step, function.init(), metrics, length=run.window.stop)[1]

    # Nobody reads the state after the last step.
    return scan, None if run.metrics is None else np.append(run.metrics[: run.window.stop - 1], np.nan)


def _received(metric: Any) -> dict[str, Any]:
    return {} if metric is None else {"value": metric}


def _called(function: Any, name: str, run: Run) -> Iterator[Any]:
    """The same in Python, a call at each count."""
    state = function.init() if is_stateful(function) else None
    counts = run.window if state is None else range(run.window.stop)
    for count in run.each(counts, f"evaluating {name}"):
        try:
            if state is not None and count:
                state = function.update(state, **_received(None if run.metrics is None else run.metrics[count - 1]))
            yield function(count if state is None else state)
        except Exception as error:
            error.add_note(f"verify: {name} raised at count {count:,}")
            raise
