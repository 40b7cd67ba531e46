"""verify without torch: Optax beside a jaxlr value, functions, arrays, tables."""

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxlr
from jaxlr._verify.length import _whole

COSINE = jaxlr.CosineAnnealingLR(0.1, 200)
TWIN = optax.cosine_decay_schedule(0.1, 200)
VALUES = 0.05 * (1 + np.cos(np.pi * np.arange(200) / 200))


@pytest.mark.parametrize(
    ("reference", "other", "names"),
    [
        (COSINE, COSINE, ("first", "second")),
        (VALUES, COSINE, ("values", "jax")),
        (VALUES.tolist(), COSINE.stateful(), ("values", "jax")),
        (COSINE, jnp.asarray(VALUES), ("jax", "values")),
        (jaxlr.Table(VALUES), COSINE, ("first", "second")),
        (TWIN, TWIN, ("first", "second")),
        ([1, 2, 3] * 70, np.array([1, 2, 3] * 70), ("first", "second")),
    ],
)
def test_two_sides_that_are_equal(reference, other, names):
    report = jaxlr.verify(reference, other, steps=200)
    assert (report.verdict, report.passed) == ("equal", True)
    assert report.names == names
    jaxlr.assert_equivalent(reference, other, steps=200)


@pytest.mark.parametrize(
    ("reference", "other", "proved"),
    [(COSINE, TWIN, True), (TWIN, COSINE, True), (VALUES, TWIN, True), (COSINE, np.float32(VALUES) + 2e-9, False)],
)
def test_two_sides_that_are_equal_but_for_float32(reference, other, proved):
    report = jaxlr.verify(reference, other, steps=200, accept_float32=True)
    assert (report.verdict, report.passed) == ("equal in float32 arithmetic", True)
    assert ("in float64 is within" in report.proof) == proved
    assert ("cannot be evaluated in float64" in report.proof) != proved
    with pytest.raises(AssertionError, match="equal in float32 arithmetic"):
        jaxlr.assert_equivalent(reference, other, steps=200)


def test_a_stateful_schedule_of_anybodys():
    class Halving(optax.schedules.StatefulSchedule):
        def init(self):
            return jnp.asarray(0.1)

        def update(self, state, **extra_args):
            return jnp.where(extra_args["value"] > 0.5, state / 2, state)

        def __call__(self, state, **extra_args):
            return state

    metrics = [0.0] * 5 + [1.0] + [0.0] * 20
    report = jaxlr.verify(jaxlr.MultiStepLR(0.1, [6], gamma=0.5), Halving(), steps=12, metrics=metrics)
    assert report.passed, report
    window = jaxlr.verify([0.1] * 6 + [0.05] * 6, Halving(), steps=8, start=4, metrics=metrics)
    assert window.passed, window


def test_a_function_that_jax_cannot_trace_is_called_in_python():
    def table(count):
        return VALUES.tolist()[count]

    assert jaxlr.verify(COSINE, table, steps=100, start=100).passed


def test_x64():
    with jax.enable_x64(True):
        report = jaxlr.verify(COSINE, TWIN, steps=200)
    assert report.verdict == "equal"
    assert report.ours.dtype == np.float64


def test_groups_of_tables():
    tables = (jaxlr.Table(VALUES), jaxlr.Table(2 * VALUES))
    report = jaxlr.verify(tables, [COSINE, COSINE.with_lr(0.2)], steps=200)
    assert report.passed
    assert list(report.groups) == ["group 0", "group 1"]
    report = jaxlr.verify(tables, {"a": COSINE, "b": COSINE}, steps=200)
    assert [group.passed for group in report.groups.values()] == [True, False]
    assert str(report).splitlines()[0] == "verdict             different, b"


def test_it_says_where_they_differ():
    other = np.where(np.arange(200) % 100 == 7, 0.0, VALUES)
    report = jaxlr.verify(VALUES, other, steps=150, start=50)
    assert report.spans == ((50, 106, True), (107, 107, False), (108, 199, True))
    assert report.argmax == report.first_difference == 107
    assert report.largest == pytest.approx(VALUES[107] / VALUES[50])
    assert report.differing == 1 / 150
    assert report.area == pytest.approx(-VALUES[107] / VALUES[50:].sum())
    assert json.loads(report.to_json())["spans"][1] == {"first": 107, "last": 107, "equal": False}


def test_zeros():
    report = jaxlr.verify(np.zeros(9), np.zeros(9), steps=9)
    assert report.passed
    report = jaxlr.verify(np.zeros(9), np.full(9, 0.5), steps=9)
    assert (report.passed, report.largest) == (False, 1.0)
    assert json.loads(report.to_json())["area"] is None


def test_verify_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; import jaxlr; "
        "print(jaxlr.verify(jaxlr.StepLR(0.1, 3), lambda count: jaxlr.StepLR(0.1, 3)(count - 1), steps=9))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.startswith("verdict             different\n")


def test_a_function_that_is_no_number_in_float64_alone_is_compared_in_float32():
    def decay(power):  # at its end 1 - 5000 * (1 / 5000) is -2e-16 in float64, 0 in float32
        return optax.polynomial_schedule(0.01, 0.0, power=power, transition_steps=5000)

    reference = jaxlr.PolynomialLR(0.01, total_iters=5000, power=0.9)
    report = jaxlr.verify(reference, decay(0.9), steps=5_010, accept_float32=True)
    assert report.passed
    assert report.proof.endswith("cannot be evaluated in float64: it is nan at count 5,000")
    assert "power=0.95 where" in jaxlr.verify(reference, decay(0.95), steps=5_010).diagnosis


def test_a_cosine_of_which_little_is_seen_is_told_of():
    twin, short = (optax.cosine_decay_schedule(0.1, steps) for steps in (1_000, 990))
    assert jaxlr.verify(twin, short, steps=600).notes == ()
    assert jaxlr.verify(twin, short, steps=400).notes == (
        "first's cosine would go on to count 1,000: compare as many",
        "second's cosine would go on to count 990: compare as many",
    )


def test_a_stateful_schedule_that_python_alone_can_step():
    class Drop:
        def init(self):
            return 0

        def update(self, state, **_):
            return state + 1

        def __call__(self, state, **_):
            return 0.1 if state < 3 else 0.01

    assert jaxlr.verify([0.1] * 3 + [0.01] * 2, Drop(), steps=5).verdict == "equal"
    assert jaxlr.verify([0.1] * 3 + [0.01] * 2, jaxlr.MultiStepLR(0.1, [3]), steps=5).verdict == "equal"


def test_the_whole_of_a_shifted_schedule_is_that_of_its_own():
    steps = jaxlr.StepLR(0.1, step_size=30)
    assert _whole(jaxlr.Shifted(steps, by=5)) == _whole(steps) == 151


def test_of_what_is_hardly_more_than_rounding_no_cause_is_named():
    warmup, cosine = jaxlr.LinearLR(1e-3, 1e-8, total_iters=100), jaxlr.CosineAnnealingLR(1e-3, T_max=900)
    from_0 = jaxlr.SequentialLR(1e-3, [jaxlr.LinearRamp(1e-3, 100), cosine], [100])
    report = jaxlr.verify(jaxlr.SequentialLR(1e-3, [warmup, cosine], [100]), from_0, steps=1_000)
    assert report.verdict == "different"
    assert report.causes == ()  # a start at half of 1e-8 is no nearer to the truth
    assert "to 1e-6 of the peak" not in str(report)  # they are told apart to the bit
