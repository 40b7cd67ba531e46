"""Arguments are checked where they are given: the error names the parameter and shows the value."""

import dataclasses
import math
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from each import of_which
from jax import lax

import jaxlr
from jaxlr._arguments import traceable
from parity.case import Entry
from parity.cases import ENTRIES, half

inf, nan = math.inf, math.nan
FLAT = jaxlr.StepLR(0.1, step_size=3)


# What each kind of parameter refuses, whatever its range.
NUMBER = [
    "0.1", None, [0.1], (0.1,), {}, True, np.True_, 1j, np.complex64(1), nan, inf, -inf, np.float32(nan),
    np.ones(2), np.ones((1, 1)), np.array(True), np.array(1j), np.array(nan),
    np.array([None]), jnp.ones(1), jnp.asarray(1j), jnp.asarray(inf), jnp.asarray(True),
]  # fmt: skip
INTEGER = [
    "3", None, [3], (3,), {}, True, np.True_, 3.0, 2.5, np.float32(3), nan, inf, 1j, np.ones(2), np.ones(2, int),
    np.array(3.0), jnp.ones(2, int), jnp.asarray(3.0), jnp.asarray(True),
]  # fmt: skip
FLOAT = ["0.1", None, [0.1], True, 0, 1, nan, inf, -inf, -0.1, 1.1, 1j, np.ones(2), jnp.ones(2)]
INTEGERS = [
    3, None, "12", b"12", [1.5], [1, 2.0], ["3"], [True], [None], [[1, 2]], [nan], np.ones(2), np.ones((2, 2), int),
    1j, jnp.ones(2),
]  # fmt: skip
NUMBERS = [
    0.1, None, "12", b"12", [], (), ["0.1"], [nan], [0.1, inf], [True], [[0.1]], [1j], [None], np.ones((2, 2)),
    np.zeros(0), jnp.asarray(0.1), np.array(["0.1"]),
]  # fmt: skip
KINDS = {
    "number": NUMBER,
    "duration": NUMBER,
    "momentum": [bad for bad in NUMBER if bad is not None],
    "fraction": FLOAT,
    "length": INTEGER,
    "integer": INTEGER,
    "lengths": INTEGERS,
    "numbers": NUMBERS,
    "flag": [1, 0, None, "yes", "True", [True], 1.0, np.ones(2, bool), np.array(1)],
    "choice": ["", "Cos", "unknown", None, 1, True, ["cos"], ("cos",), {}, b"cos"],
    "function": [0.5, "half", None, [half], (half,), {}, np.ones(2), True],
    "schedule": [0.1, None, "StepLR", jaxlr.StepLR, half, [FLAT], np.ones(2), FLAT.stateful()],
    "schedules": [0.1, None, jaxlr.StepLR, [], (), [FLAT, 0.1], [None], [jaxlr.StepLR], np.ones(2), FLAT],
    "state": [None, "3", 1.5, nan, True, (3,), [1, 2], np.ones(2), 2**40],
    "metrics": [[1.0, 2.0], 1.0, np.ones(3), "12"],  # for a schedule that takes none
}
KINDS |= {f"optional {kind}": [bad for bad in values if bad is not None] for kind, values in KINDS.items()}
STATIC = {"integer", "numbers", "flag", "state"}

FUNCTIONS = (
    Entry(
        "trajectory",
        arguments={"schedule": FLAT, "steps": 3},
        refused={
            "schedule": ("schedule",),
            "steps": ("integer", 0, -1),
            "form": ("choice", "open"),
            "metrics": ("metrics",),
        },
    ),
    Entry("tabulate", {"schedule": FLAT, "steps": 3}, {"schedule": ("schedule",), "steps": ("integer", 0, -1)}),
)
ARGUMENTS = {entry.build: entry.arguments for entry in (*ENTRIES, *FUNCTIONS)}
REFUSED = {entry.build: entry.refused for entry in (*ENTRIES, *FUNCTIONS)}
PARAMETERS = [(build, name) for build, refused in REFUSED.items() for name in refused]
each_parameter = pytest.mark.parametrize(
    ("build", "name"), PARAMETERS, ids=[f"{build.__name__}.{name}" for build, name in PARAMETERS]
)


def shown(value):
    """What of the value an error shows: itself, or for an array and a list at least a part of it."""
    if isinstance(value, np.ndarray | jax.Array):
        parts = [repr(value), repr(value.tolist()), str(value.dtype), f"shape {value.shape}"]
        return parts + ([repr(value[0])] if value.shape not in [(), (0,)] else [])
    if isinstance(value, list | tuple):
        return [repr(value), *(map(repr, value) if value else ["got none"])]
    return [repr(value)]


@each_parameter
def test_a_bad_argument_is_refused_by_name(build, name):
    arguments = ARGUMENTS[build]
    build(**arguments)
    wrong = []
    kind, *more = REFUSED[build][name]
    for bad in [*KINDS[kind], *more]:
        what = f"{name}={str(bad)[:20]!r} ({type(bad).__name__})"
        try:
            build(**{**arguments, name: bad})
        except (TypeError, ValueError) as error:
            if not re.search(rf"\b{name}\b", str(error)):
                wrong.append(f"{what}: the error does not name it: {str(error)[:150]}")
            elif name != "metrics" and not any(part in str(error) for part in shown(bad)):
                wrong.append(f"{what}: the error does not show it: {str(error)[:150]}")
        except Exception as error:
            wrong.append(f"{what}: {type(error).__name__}: {str(error)[:150]}")
        else:
            wrong.append(f"{what}: accepted")
    assert wrong == []


@pytest.mark.parametrize(
    ("cls", "name", "bad"),
    [
        (jaxlr.StepLR, "lr", 10**400),
        (jaxlr.StepLR, "gamma", -(10**400)),
        (jaxlr.StepLR, "lr", np.array("0.1")),
        (jaxlr.StepLR, "lr", np.array("x")),
        (jaxlr.StepLR, "lr", np.array(None)),
        (jaxlr.SWALR, "anneal_strategy", np.array(["cos", "linear"])),
        (jaxlr.CyclicLR, "mode", np.array(["triangular", "exp_range"])),
        (jaxlr.MultiStepLR, "milestones", np.array(3)),
        (jaxlr.Table, "values", np.array(0.1)),
        (jaxlr.Table, "values", [10**400]),
    ],
    ids=lambda value: str(getattr(value, "__name__", value))[:20],
)
def test_what_python_fails_to_convert_is_refused_by_name_too(cls, name, bad):
    with pytest.raises((TypeError, ValueError), match=rf"{cls.__name__}: {name}\b"):
        cls(**{**ARGUMENTS[cls], name: bad})


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (jaxlr.StepLR, "step_size"),
        (jaxlr.StepLR, "last_epoch"),
        (jaxlr.MultiStepLR, "milestones"),
        (jaxlr.LinearLR, "total_iters"),
        (jaxlr.CosineAnnealingLR, "T_max"),
        (jaxlr.CosineAnnealingWarmRestarts, "T_0"),
        (jaxlr.CosineAnnealingWarmRestarts, "T_mult"),
    ],
    ids=str,
)
def test_an_integer_beyond_64_bits_is_refused_by_name_or_works(cls, name):
    huge = [2**63] if name == "milestones" else 2**63
    arguments = {**ARGUMENTS[cls], name: huge}
    try:
        schedule = cls(**arguments)
    except ValueError as error:
        assert name in str(error)  # noqa: PT017
    else:
        assert np.isfinite(schedule(3))


def test_every_parameter_of_every_class_is_tried():
    classes = {
        value
        for name, value in vars(jaxlr).items()
        if name in jaxlr.__all__ and dataclasses.is_dataclass(value) and value is not jaxlr.Report
    }
    assert classes == {build for build in REFUSED if isinstance(build, type)}
    for cls in classes:
        assert list(REFUSED[cls]) == [field.name for field in dataclasses.fields(cls) if field.init]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"epochs": 3},
        {"steps_per_epoch": 3},
        {"total_steps": None, "epochs": None, "steps_per_epoch": 7},
    ],
    ids=repr,
)
def test_one_cycle_needs_a_length(arguments):
    with pytest.raises(ValueError, match=r"total_steps must be .* got total_steps=None, epochs=.*, steps_per_epoch="):
        jaxlr.OneCycleLR(0.1, **arguments)


@pytest.mark.parametrize(
    ("arguments", "phase"),
    [
        ({"total_steps": 10, "pct_start": 0.1}, "first"),
        ({"total_steps": 1, "pct_start": 1.0}, "first"),
        ({"epochs": 2, "steps_per_epoch": 2, "pct_start": 0.25}, "first"),
        ({"total_steps": 10, "pct_start": 1.0}, "last"),
        ({"total_steps": 9, "pct_start": 5 / 9, "three_phase": True}, "last"),
    ],
    ids=repr,
)
def test_a_phase_without_a_length_is_refused(arguments, phase):
    with pytest.raises(ValueError, match=rf"pct_start must leave each phase a length.*{phase} phase"):
        jaxlr.OneCycleLR(0.1, **arguments)


@pytest.mark.parametrize("cls", [jaxlr.CyclicLR, jaxlr.OneCycleLR])
def test_no_momentum_without_cycle_momentum(cls):
    schedule = ARGUMENTS[cls] | {"cycle_momentum": False}
    with pytest.raises(AttributeError, match=r"momentum is driven by no scheduler of .*cycle_momentum=False"):
        cls(**schedule).momentum  # noqa: B018
    assert hasattr(cls(**ARGUMENTS[cls]), "momentum")


def warmup(epoch):
    return epoch / 5 if epoch < 5 else 1.0


def cosine(epoch):
    return math.cos(epoch / 90)


def lookup(epoch):
    return {0: 0.1, 1: 0.5}.get(epoch, 1.0)


def listed(epoch):
    return [1.0, 0.5, 0.1][min(epoch, 2)]


def integer_power(epoch):
    return 2 ** -min(epoch, 60) if isinstance(epoch, int) else 2**-epoch


def type_test(epoch):
    return 0.5 if isinstance(epoch, int) else 0.25


# What follows works on a number that Python knows, and in a program whose own floats are float64.
def constant_in_python(epoch):
    return float(jnp.sqrt(0.25)) * epoch


def selected(epoch):
    return jnp.select([epoch < 3, epoch < 6], [1.0, 0.5], 0.1)


def nearest(epoch):
    return 1 / (1 + jnp.argmin(abs(jnp.array([0, 5, 10]) - epoch)))


def jittered(epoch):
    return jax.random.uniform(jax.random.fold_in(jax.random.key(0), epoch))


def weakly_typed(epoch):
    return jax.nn.sigmoid(jnp.where(epoch < 3, 0.0, 1.0))


UNTRACEABLE = [warmup, cosine, lookup, listed, integer_power, type_test, lambda epoch: 2**-epoch]
UNTRACEABLE += [constant_in_python, selected, nearest, jittered, weakly_typed]


def with_function(cls, function, **arguments):
    if cls is jaxlr.CyclicLR:
        return cls(0.1, 0.2, step_size_up=3, scale_fn=function, **arguments)
    return cls(0.1, function, **arguments)


@pytest.mark.parametrize("function", UNTRACEABLE, ids=lambda function: function.__name__)
@pytest.mark.parametrize("cls", of_which([jaxlr.LambdaLR, jaxlr.MultiplicativeLR, jaxlr.CyclicLR], [jaxlr.LambdaLR]))
def test_a_function_that_cannot_be_traced_needs_total_steps(cls, function):
    name = "scale_fn" if cls is jaxlr.CyclicLR else "lr_lambda"
    with pytest.raises(ValueError, match=rf"{cls.__name__}: {name} .*give total_steps="):
        with_function(cls, function)
    schedule = with_function(cls, function, total_steps=20)
    assert np.isfinite(schedule(np.arange(20))).all()


@pytest.mark.parametrize("x64", [False, True])
def test_whether_a_function_is_refused_does_not_depend_on_the_float_of_the_caller(x64):
    with jax.enable_x64(x64):
        jaxlr.LambdaLR(0.1, lambda epoch: jax.nn.sigmoid(epoch / 10))
        with pytest.raises(ValueError, match="lr_lambda is one that JAX cannot compile in a training step"):
            jaxlr.LambdaLR(0.1, selected)


COMPILED = {
    "power": lambda epoch: 0.95**epoch,
    "constant": lambda epoch: 0.95,
    "where": lambda epoch: jnp.where(epoch < 3, 1.0, 0.5),
    "sigmoid": lambda epoch: jax.nn.sigmoid(-epoch / 10),
    "interp": lambda epoch: jnp.interp(epoch, jnp.array([0, 10]), jnp.array([1.0, 0.1])),
    "searchsorted": lambda epoch: 0.5 ** jnp.searchsorted(jnp.array([3, 6]), epoch, side="right"),
    "index": lambda epoch: jnp.array([1.0, 0.5, 0.1])[jnp.minimum(epoch, 2)],
    "cond": lambda epoch: lax.cond(epoch < 3, lambda: 1.0, lambda: 0.5),
    "scan": lambda epoch: lax.scan(lambda lr, factor: (lr * factor, None), 1.0, jnp.array([0.9, 0.8]))[0] / (epoch + 1),
    "gradient": lambda epoch: jax.grad(lambda x: x**3)(1 / (epoch + 1)),
}


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("name", of_which(COMPILED, list(COMPILED)[::3]))
def test_a_function_that_is_accepted_compiles_in_a_training_step(name, x64):
    function = COMPILED[name]
    with jax.enable_x64(x64):
        schedule = jaxlr.LambdaLR(0.1, function)
        expected = [0.1 * float(function(epoch)) for epoch in range(5)]
        scanned = jax.jit(lambda: lax.scan(lambda count, _: (count + 1, schedule(count)), jnp.int32(0), length=5)[1])
        resumed = jax.jit(lambda lr: jaxlr.LambdaLR(lr, function)(np.arange(5)))
        for lrs in (jax.jit(schedule)(np.arange(5)), scanned(), resumed(0.1)):
            np.testing.assert_allclose(lrs, expected, rtol=2e-7)
        others = [jaxlr.MultiplicativeLR(0.1, function)]
        others += [] if x64 else [with_function(jaxlr.CyclicLR, function)]
        for other in others:
            stateful = other.stateful()
            state = jax.jit(stateful.update)(stateful.init())
            assert np.isfinite(stateful(state))


@pytest.mark.parametrize("cls", [jaxlr.LambdaLR, jaxlr.MultiplicativeLR, jaxlr.CyclicLR])
def test_a_function_that_fails_is_refused_by_name(cls):
    def piecewise(epoch):
        return jnp.piecewise(1.0 * epoch, [epoch < 3, epoch >= 3], [lambda x: 1.0, lambda x: 0.5])

    name = "scale_fn" if cls is jaxlr.CyclicLR else "lr_lambda"
    for arguments in ({}, {"total_steps": 20}):
        with pytest.raises(ValueError, match=rf"{cls.__name__}: {name} must return .* raises AttributeError at [01]$"):
            with_function(cls, piecewise, **arguments)


@pytest.mark.parametrize("trace", [jax.jit, jax.grad], ids=lambda trace: trace.__name__)
@pytest.mark.parametrize("cls", [jaxlr.LambdaLR, jaxlr.MultiplicativeLR, jaxlr.CyclicLR])
def test_a_function_may_close_over_a_traced_value_but_in_a_table(cls, trace):
    def build(gamma):
        with_function(cls, lambda epoch: gamma**epoch)
        with_function(cls, lambda epoch: gamma)
        with pytest.raises(TypeError, match="must not close over a traced value to be evaluated in Python"):
            with_function(cls, lambda epoch: gamma**epoch, total_steps=20)
        for returned in (jnp.stack([gamma, gamma]), [gamma, gamma], 1j * gamma):
            with pytest.raises(TypeError, match="must return one finite number"):
                with_function(cls, lambda epoch, returned=returned: returned)
        return gamma

    trace(build)(0.9)


def test_a_traceable_function_is_known_by_its_values():
    assert traceable("f", lambda epoch: 1 / epoch, first=1)[:5] == (1, 1 / 2, 1 / 3, 1 / 4, 1 / 6)
    assert traceable("f", lambda epoch: 1 / (10 - epoch), first=0)[4:6] == (1 / 5, -1 / 90)  # at 10 Python has none

    def closing(gamma):
        assert traceable("f", lambda epoch: gamma**epoch, first=0) == ()
        return gamma

    jax.jit(closing)(0.9)


@pytest.mark.parametrize("returned", [[0.5, 0.5], None, "0.5", 1j, np.ones(2), nan, inf, np.array([0.5])], ids=repr)
def test_a_function_must_return_one_finite_number(returned):
    for arguments in ({}, {"total_steps": 20}):
        with pytest.raises((TypeError, ValueError), match="LambdaLR: lr_lambda"):
            jaxlr.LambdaLR(0.1, lambda epoch: returned, **arguments)


def of_classes(kinds):
    chosen = [
        (cls, name)
        for cls, name in PARAMETERS
        if isinstance(cls, type) and REFUSED[cls][name][0].removeprefix("optional ") in kinds
    ]
    return pytest.mark.parametrize(("cls", "name"), chosen, ids=[f"{cls.__name__}.{name}" for cls, name in chosen])


def first_value(schedule):
    return schedule.stateful()(schedule.stateful().init())


@of_classes(STATIC)
def test_a_traced_static_argument_is_refused(cls, name):
    kind = REFUSED[cls][name][0].removeprefix("optional ")
    traced = {"numbers": np.ones(2), "flag": True}.get(kind, 3)
    allowed = "known when the program is traced" if kind == "integer" else ""
    with pytest.raises(TypeError, match=rf"{cls.__name__}: {name}\b.*{allowed}"):
        jax.jit(lambda value: first_value(cls(**{**ARGUMENTS[cls], name: value})))(traced)


@of_classes({"length", "lengths"})
def test_a_traced_length_is_an_operand(cls, name):
    make = jax.jit(lambda value: first_value(cls(**{**ARGUMENTS[cls], name: value})))
    one = ARGUMENTS[cls].get(name, 3)
    one = list(one) if name == "milestones" else one
    make(one)
    for bad in (np.float32(3), np.ones(2, np.int32), np.True_):
        with pytest.raises(TypeError, match=rf"{cls.__name__}: {name} must be an i"):
            make([bad] if name == "milestones" and np.ndim(bad) else bad)


@of_classes({"number", "fraction", "duration"})
def test_a_traced_vector_is_refused(cls, name):
    make = jax.jit(lambda value: first_value(cls(**{**ARGUMENTS[cls], name: value})))
    for bad in (np.full(2, 0.5, np.float32), np.full((1, 1), 0.5, np.float32), np.complex64(0.5), np.True_):
        with pytest.raises(TypeError, match=rf"{cls.__name__}: {name} must be .* got an array of shape"):
            make(bad)
    if cls in (jaxlr.SequentialLR, jaxlr.Product):  # whose members have another
        with pytest.raises(ValueError, match="the one learning rate of the optimizer"):
            make(np.float32(0.5))
    else:
        assert make(np.float32(0.5)).dtype == np.float32


@pytest.mark.parametrize(
    "arguments",
    [
        (jaxlr.OneCycleLR, {"max_lr": 0.1, "total_steps": 10, "last_epoch": 10}),
        (jaxlr.OneCycleMomentum, {"base_momentum": 0.8, "max_momentum": 0.9, "total_steps": 10, "last_epoch": 20}),
        (jaxlr.Table, {"values": [0.1, 0.2], "last_epoch": 1}),
        (jaxlr.LambdaLR, {"lr": 0.1, "lr_lambda": half, "total_steps": 3, "last_epoch": 2}),
        (jaxlr.MultiplicativeLR, {"lr": 0.1, "lr_lambda": half, "total_steps": 3, "last_epoch": 2}),
        (jaxlr.CyclicLR, {"base_lr": 0.1, "max_lr": 0.2, "scale_fn": half, "total_steps": 3, "last_epoch": 2}),
    ],
    ids=lambda arguments: arguments[0].__name__,
)
def test_a_last_epoch_with_nothing_after_it_is_refused(arguments):
    cls, arguments = arguments
    cls(**{**arguments, "last_epoch": 0})
    with pytest.raises(ValueError, match="last_epoch"):
        cls(**arguments)


REPORT = jaxlr.Report(("torch", "jax"), np.ones(1), np.ones(1), "equal")


@pytest.mark.parametrize(
    ("missing", "call", "message"),
    [
        ("torch", lambda: jaxlr.to_torch(FLAT, None), "jaxlr.to_torch needs torch: pip install 'jaxlr[torch]'"),
        ("matplotlib", lambda: REPORT.plot("a.png"), "jaxlr.Report.plot needs matplotlib: pip install 'jaxlr[plot]'"),
    ],
)
def test_a_missing_extra_is_named(missing, call, message, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "jaxlr._cli.plot", raising=False)
    with pytest.raises(ModuleNotFoundError, match=re.escape(message)):
        call()
