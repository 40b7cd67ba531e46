"""Argument checks: each returns the normalised value, or raises naming parameter, value and allowed range."""

import dataclasses
import math
import operator
from collections.abc import Callable, Iterable
from functools import cache
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Check = Callable[[str, Any], Any]
_EXACT = 2**53  # integers up to here are exact in float64


@cache
def real(
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    nonzero: bool = False,
    static: bool = False,
    infinite: bool = False,
) -> Check:
    """A finite number or a scalar array; a concrete one becomes a Python float, a traced one is kept or refused."""
    bounds = [f">= {at_least:g}"] if at_least > -math.inf else []
    bounds += [f"> {above:g}"] if above > -math.inf else []
    bounds += [f"<= {at_most:g}"] if at_most < math.inf else []
    bounds += [f"< {below:g}"] if below < math.inf else []
    bounds += ["other than 0"] if nonzero else []
    allowed = " ".join(["a finite number", " and ".join(bounds)]).strip()

    def check(name: str, value: Any) -> Any:
        if type(value) is float:
            pass  # most are: what follows takes its time
        elif isinstance(value, (np.ndarray, jax.Array)):
            if value.shape != () or not is_real(value.dtype):
                raise TypeError(
                    f"{name} must be {allowed} or a scalar array of a real dtype, "
                    f"got an array of shape {value.shape} and dtype {value.dtype}: {value}"
                )
            if isinstance(value, jax.core.Tracer):
                if static:
                    raise TypeError(f"{name} must be {allowed} known when the program is traced, got {value}")
                return value
        elif isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            raise TypeError(f"{name} must be {allowed} or a scalar array, got {value!r}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        in_range = math.isfinite(number) and at_least <= number <= at_most and above < number < below
        if not (in_range or (infinite and math.isinf(number))) or (nonzero and number == 0):
            raise ValueError(f"{name} must be {allowed}, got {value!r}")
        return number

    return check


def is_traced(x: Any) -> bool:
    """Whether the value is, or holds, a traced number."""
    if type(x) in (int, float, np.ndarray):  # most are: what follows takes its time
        return False
    if isinstance(x, tuple):
        return any(map(is_traced, x))
    if dataclasses.is_dataclass(x):
        return any(is_traced(getattr(x, field.name)) for field in dataclasses.fields(x))
    return isinstance(x, jax.core.Tracer)


def unwrapped(x: Any) -> Any:
    """What has ``__jax_array__``, as a flax.nnx.Variable has, as its array."""
    to_array = getattr(x, "__jax_array__", None)  # None of a tracer
    return x if to_array is None else to_array()


def is_real(dtype: Any) -> bool:
    """Whether the dtype is one of integers or floats, bfloat16 and its like among them."""
    return is_integer(dtype) or bool(jnp.issubdtype(dtype, jnp.floating))


def is_integer(dtype: Any) -> bool:
    """Whether the dtype is one of integers; NumPy counts its time differences as such."""
    return np.dtype(dtype).kind in "iu"


@cache
def integer(*, at_least: int, at_most: int = _EXACT) -> Check:
    """A Python or NumPy integer, never a bool, a float or a traced value."""
    allowed = f"an integer >= {at_least}" + ("" if at_most == _EXACT else f" and <= {at_most}")

    def check(name: str, value: Any) -> int:
        if type(value) is int and at_least <= value <= at_most:  # most are: what follows takes its time
            return value
        if isinstance(value, jax.core.Tracer):
            raise TypeError(
                f"{name} must be {allowed}, known when the program is traced since it decides what the program is, "
                f"got {value}: pass it through static_argnums, or close over a Python int"
            )
        try:
            if isinstance(value, (bool, np.bool_, np.timedelta64)):
                raise TypeError
            number = operator.index(value)
        except (TypeError, jax.errors.JAXTypeError):
            raise TypeError(f"{name} must be {allowed}, got {value!r}") from None
        if not at_least <= number <= at_most:
            beyond = f"{allowed} and <= {_EXACT}" if number > _EXACT else allowed
            raise ValueError(f"{name} must be {beyond}, got {value!r}")
        return number

    return check


@cache
def length(*, at_least: int) -> Check:
    """A number of steps or epochs: an integer, or a traced integer scalar."""
    concrete = integer(at_least=at_least)

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, jax.core.Tracer):
            return concrete(name, value)
        if value.shape != () or not is_integer(value.dtype):
            raise TypeError(
                f"{name} must be an integer >= {at_least} or a traced scalar of an integer dtype, "
                f"got an array of shape {value.shape} and dtype {value.dtype}: {value}"
            )
        return value

    return check


def duration(name: str, value: Any) -> Any:
    """A number of steps > 0 that need not be whole: a Python int where it is, else a float; or a traced scalar."""
    number = real(above=0)(name, value)
    return int(number) if isinstance(number, float) and number.is_integer() and number <= _EXACT else number


# A state counts epochs in 32 bits.
LAST_EPOCH = integer(at_least=-1, at_most=2**31 - 2)


def listed(name: str, value: Any, what: str) -> list[Any]:
    """The items of an iterable that is no text."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return list(value)
    except TypeError:
        raise TypeError(f"{name} must be an iterable of {what}, got {value!r}") from None


def lengths(name: str, value: Any) -> tuple[Any, ...]:
    """An iterable of integers, or of traced integer scalars, kept in the order given."""
    items = listed(name, value, "integers")
    try:
        return tuple(length(at_least=-_EXACT)(name, item) for item in items)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must be an iterable of integers, each at most 2**53, got {items!r}") from None


def numbers(name: str, value: Any) -> np.ndarray:
    """A sequence of real numbers, NaN and infinities among them, as a float64 array."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, jax.errors.JAXTypeError):
        array = np.asarray(None)
    if array.ndim != 1 or not (is_real(array.dtype) or array.size == 0):
        raise TypeError(f"{name} must be a sequence of numbers, got {shown(value)}")
    return array.astype(np.float64)


def shown(value: Any) -> str:
    """The value as code, cut where an error message would become a page."""
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:250]} ... {text[-40:]}"


def parameter_group(caller: str, group: Any, groups: int) -> int:
    """The index of one of an optimizer's parameter groups, which needs no naming where there is one alone."""
    if group is None and groups > 1:
        raise ValueError(
            f"{caller}: group must be given for an optimizer of {groups} parameter groups, one of 0 .. {groups - 1}: "
            "one schedule drives one group, for use with optax.partition"
        )
    if group is not None and (isinstance(group, bool) or not isinstance(group, int) or not 0 <= group < groups):
        raise ValueError(f"{caller}: group must be one of 0 .. {groups - 1}, got {group!r}")
    return group or 0


@cache
def choice(*allowed: str) -> Check:
    """One of the strings given."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
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


def traceable(name: str, fn: Callable[[Any], Any], *, first: int) -> tuple[float, ...]:
    """Raises unless a training step can call fn, and fn then means what it means in Python, at integers >= first.

    Returns fn's values in Python at a handful of integers, those at which it has one; () where it closes over a traced
    value, of which Python cannot tell. Comparing them catches what traces without an error and yet means something
    else in a compiled program: ``2 ** -epoch`` (an integer power), ``isinstance(epoch, int)``, a random number.
    """
    way_out = "give total_steps= to have it evaluated in Python, once, into a table"
    epochs = first + np.array([0, 1, 2, 3, 5, 10, 100, 1_000, 10_000, 100_000, 1_000_000], np.int64)
    values: list[float] = []
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        try:
            program, returned = jax.make_jaxpr(fn, return_shape=True)(epochs[0])
        except Exception as error:
            with jax.ensure_compile_time_eval():
                number(name, _called(name, fn, first), first)
            raise ValueError(f"{name} is one that JAX cannot trace ({type(error).__name__}); {way_out}") from error
        if any(isinstance(value, jax.core.Tracer) for value in program.consts):
            if getattr(returned, "shape", None) != () or not (returned.dtype == bool or is_real(returned.dtype)):
                raise TypeError(f"{name} must return one finite number, got {returned}")
            return ()
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.ensure_compile_time_eval():
        number(name, _called(name, fn, first), first)
        traced = jax.vmap(fn)(jnp.asarray(epochs))
        largest = 0.0
        for epoch, compiled in zip(epochs.tolist(), np.asarray(traced, np.float64).tolist(), strict=True):
            try:
                python = number(name, fn(epoch), epoch)
            except (ArithmeticError, LookupError):
                continue
            except (TypeError, ValueError):
                if epoch < first + 100:
                    raise
                continue  # beyond its end perhaps: the power of a negative number is complex
            values.append(python)
            largest = max(largest, abs(python))
            noise = 4 * epoch * 2.0**-53  # of a sine, say, of an angle that grows with the epoch
            if not math.isclose(compiled, python, rel_tol=1e-12 + noise, abs_tol=1e-300 + noise * largest):
                raise ValueError(
                    f"{name} is {python!r} at {epoch} in Python but {compiled!r} when JAX traces it "
                    f"(an integer power, an integer beyond 64 bits, a type test, a random number?); {way_out}"
                )
    try:
        _lower(fn, epochs)
    except Exception as error:
        raise ValueError(
            f"{name} is one that JAX cannot compile in a training step ({type(error).__name__}); {way_out}"
        ) from error
    return tuple(values)


def _lower(fn: Callable[[Any], Any], epochs: np.ndarray) -> None:
    """Lowers fn as a float32 training step does: traced with x64 on, lowered with x64 off, as the step around it is.

    Some parts (an argmax, a random number, the sigmoid of a weakly typed number) JAX traces no sooner than it lowers
    them: they meet 64 bits there, and it fails.
    """
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        program = jax.jit(lambda one, many: (fn(one), jax.vmap(fn)(many))).trace(epochs[0], epochs)
    with jax.enable_x64(False):
        program.lower()


def evaluated(name: str, fn: Callable[[Any], Any], arguments: Iterable[int]) -> np.ndarray:
    """The values of fn at the integers given, called in Python, as a float64 array."""
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        return np.array([number(name, _called(name, fn, argument), argument) for argument in arguments], np.float64)


def _called(name: str, fn: Callable[[Any], Any], argument: int) -> Any:
    try:
        return fn(argument)
    except Exception as error:
        what = f"raises {type(error).__name__} at {argument}"
        raise ValueError(f"{name} must return one finite number, but {what}") from error


def number(name: str, value: Any, argument: int) -> float:
    """The value that a function of the user's has returned, where it is one finite real number."""
    if isinstance(value, jax.core.Tracer):
        raise TypeError(f"{name} must not close over a traced value to be evaluated in Python, got {value!r}")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, jax.errors.JAXTypeError):
        array = np.asarray(None)
    if array.shape != () or not (array.dtype == bool or is_real(array.dtype)):
        raise TypeError(f"{name} must return one finite number, got {value!r} at {argument}")
    if not math.isfinite(array):
        raise ValueError(f"{name} must return one finite number, got {value!r} at {argument}")
    return float(array)
