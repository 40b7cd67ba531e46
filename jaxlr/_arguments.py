"""Argument checks: each returns the normalised value, or raises naming parameter, value and allowed range."""

import math
import numbers
import operator
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Check = Callable[[str, Any], Any]


def real(
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    nonzero: bool = False,
    static: bool = False,
) -> Check:
    """A finite number or a scalar array; a concrete one becomes a Python float, a traced one is kept or refused."""
    allowed = "a finite number"
    allowed += f" >= {at_least:g}" if at_least > -math.inf else ""
    allowed += f" > {above:g}" if above > -math.inf else ""
    allowed += f" <= {at_most:g}" if at_most < math.inf else ""
    allowed += f" < {below:g}" if below < math.inf else ""
    allowed += " other than 0" if nonzero else ""

    def check(name: str, value: Any) -> Any:
        if isinstance(value, (np.ndarray, jax.Array)):
            if value.shape != () or not np.isrealobj(value) or value.dtype == bool:
                raise TypeError(
                    f"{name} must be {allowed} or a scalar array of a real dtype, "
                    f"got an array of shape {value.shape} and dtype {value.dtype}"
                )
            if isinstance(value, jax.core.Tracer):
                if static:
                    raise TypeError(f"{name} must be {allowed} known when the program is traced, got {value}")
                return value
        elif isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be {allowed} or a scalar array, got {value!r}")
        number = float(value)
        in_range = at_least <= number <= at_most and above < number < below
        if not math.isfinite(number) or not in_range or (nonzero and number == 0):
            raise ValueError(f"{name} must be {allowed}, got {value!r}")
        return number

    return check


def integer(*, at_least: int) -> Check:
    """A Python or NumPy integer, never a bool, a float or a traced value."""

    def check(name: str, value: Any) -> int:
        try:
            if isinstance(value, (bool, np.bool_)):
                raise TypeError
            number = operator.index(value)
        except (TypeError, jax.errors.JAXTypeError):
            raise TypeError(f"{name} must be an integer >= {at_least}, got {value!r}") from None
        if number < at_least:
            raise ValueError(f"{name} must be an integer >= {at_least}, got {value!r}")
        return number

    return check


def integers(name: str, value: Any) -> tuple[int, ...]:
    """An iterable of integers, kept in the order given."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be an iterable of integers, got {value!r}")
    items = list(value)
    for item in items:
        if isinstance(item, (bool, np.bool_)) or not isinstance(item, (int, np.integer)):
            raise TypeError(f"{name} must be an iterable of integers, got {item!r} in {items!r}")
    return tuple(int(item) for item in items)


def choice(*allowed: str) -> Check:
    """One of the strings given."""

    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
        return str(value)

    return check


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def function(name: str, value: Any) -> Callable[[Any], Any]:
    """A callable of one argument."""
    if not callable(value):
        raise TypeError(f"{name} must be one function (one schedule, one parameter group), got {value!r}")
    return value  # type: ignore[no-any-return]


def optional(check: Check) -> Check:
    """None, or what the check given accepts."""
    return lambda name, value: None if value is None else check(name, value)


def traceable(name: str, fn: Callable[[Any], Any], *, first: int) -> None:
    """Raises unless JAX traces fn and the compiled fn agrees with Python's own on a handful of integers >= first.

    The comparison catches what traces without an error and yet means something else in a compiled program:
    ``2 ** -epoch`` (an integer power), ``isinstance(epoch, int)``, a random number.
    """
    way_out = "give total_steps= to have it evaluated in Python, once, into a table"
    epochs = first + np.array([0, 1, 2, 3, 5, 10, 100], np.int64)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.ensure_compile_time_eval():
        try:
            traced = np.asarray(jax.vmap(fn)(jnp.asarray(epochs)), np.float64)
        except Exception as error:
            raise ValueError(
                f"{name} is a function that JAX cannot trace ({type(error).__name__}); {way_out}"
            ) from error
        if traced.shape != epochs.shape:
            raise ValueError(f"{name} must return one number, got an array of shape {traced.shape[1:]}")
        for epoch, compiled in zip(epochs.tolist(), traced.tolist(), strict=True):
            try:
                python = float(fn(epoch))
            except ArithmeticError:
                if epoch == first:  # torch's constructor fails there as well
                    raise
                continue
            if not math.isclose(compiled, python, rel_tol=1e-12, abs_tol=1e-300):
                raise ValueError(
                    f"{name} is {python!r} at {epoch} in Python but {compiled!r} when JAX traces it "
                    f"(an integer power, a type test, a random number?); {way_out}"
                )


def evaluated(name: str, fn: Callable[[Any], Any], arguments: Iterable[int]) -> np.ndarray:
    """The values of fn at the integers given, called in Python, as a float64 array."""
    values = [float(fn(argument)) for argument in arguments]
    for argument, value in zip(arguments, values, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"{name} must return a finite number, got {value!r} at {argument}")
    return np.array(values, np.float64)
