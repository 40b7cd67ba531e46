"""Curves that few people have: what they are read as, recognised as and told apart by is right of them too."""

import dataclasses
import math

import numpy as np
import pytest
from curves import of, proved, read, said

import jaxlr
from jaxlr import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    InversePower,
    LambdaLR,
    LinearLR,
    LinearRamp,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    Shifted,
    StepLR,
    Table,
    per_epoch,
)
from jaxlr._curves.diagnosis import Curve, diagnose
from jaxlr._curves.families import Constant, Cosine, Exponential, NotANumber, Other, Power
from jaxlr._curves.fitting import _parabola, fit, snapped
from jaxlr._curves.proof import Target, _fitted
from jaxlr._curves.segments import segments

PI = math.pi
t = np.arange(1_000)


def half_cosine(n, top=0.1, bottom=0.0):
    return bottom + (top - bottom) * (1 + np.cos(PI * np.arange(n) / n)) / 2


RECOGNISED = {
    "a triangle whose sides are no whole counts": (
        of(CyclicLR(0.01, 0.1, 20.5, 30.25, cycle_momentum=False), 75),
        CyclicLR(0.01, 0.1, 20.5, 30.25, cycle_momentum=False),
    ),
    "a triangle of such sides that comes again half as high": (
        of(CyclicLR(0.01, 0.1, 20.5, mode="triangular2", cycle_momentum=False), 60),
        CyclicLR(0.01, 0.1, 20.5, mode="triangular2", cycle_momentum=False),
    ),
    "two lines side by side": (
        np.where(t < 100, t / 200, 0.25 + (t - 100) / 200)[:200],
        SequentialLR(0.75, (LinearRamp(0.75, 150), LinearLR(0.75, total_iters=100)), (100,)),
    ),
    "a warm-up along a cosine, and a cosine that turns up again": (
        np.r_[0.11 - half_cosine(30), 0.01 + 0.05 * (1 + np.cos(PI * np.arange(90) / 60))],
        SequentialLR(
            0.11,
            (Shifted(CosineAnnealingLR(0.11, 30, eta_min=0.01), 30), CosineAnnealingLR(0.11, 60, eta_min=0.01)),
            (30,),
        ),
    ),
    "a rate that is switched off": (
        np.where(t < 50, 0.1, 0.0)[:100],
        SequentialLR(0.1, (LinearLR(0.1, start_factor=1.0), LinearRamp(0.1, 1, end_factor=0.0)), (50,)),
    ),
    "a root of which less than a count is missing": (0.1 / np.sqrt(t + 0.3), InversePower(0.18257418582829005, 0.3)),
    "a level, then a cosine, once an epoch": (
        np.r_[np.full(9, 0.1), half_cosine(111)].repeat(10),
        per_epoch(SequentialLR(0.1, (LinearLR(0.1, start_factor=1.0), CosineAnnealingLR(0.1, 111)), (9,)), 10),
    ),
}


@pytest.mark.parametrize("recipe", RECOGNISED)
def test_a_rare_curve_is_recognised(recipe):
    values, schedule = RECOGNISED[recipe]
    found = jaxlr.recognize(values)
    assert found == schedule
    assert proved(found, values)


def test_numbers_that_nobody_has_written_are_given_in_as_many_digits_as_the_values_need():
    rate, gamma = 1 / 30, 0.987654321987654
    found = jaxlr.recognize(rate * gamma ** t[:300])
    assert isinstance(found, ExponentialLR)
    assert (found.lr, found.gamma) == pytest.approx((rate, gamma), rel=1e-9)
    assert proved(found, rate * gamma ** t[:300])


UP_AND_DOWN = np.interp(np.arange(24), [0, 12, 24], [0.01, 0.1, 0.01])
TANH = 0.000677 * np.tanh(1 - np.arange(315) / 309)
NO_SCHEDULE = {
    "a sine about its first value": 0.05 + 0.04 * np.sin(2 * PI * np.arange(55) / 11),
    "two rates that take turns": np.tile([0.1, 0.2], 10),
    "a Gaussian, down to what a float64 can hardly say": 0.1 * np.exp(-((np.arange(100) / 4) ** 2)),
    "a triangle, and two values below it": np.r_[UP_AND_DOWN, 0.005, 0.001],
    "a sigmoid": 0.01 / (1 + np.exp((np.maximum(np.arange(381) - 25, 0) - 178) / 35.6)),
    "a hyperbolic tangent": TANH,
}


@pytest.mark.parametrize("kind", NO_SCHEDULE)
def test_a_rare_curve_that_is_no_schedule_is_none(kind):
    assert jaxlr.recognize(NO_SCHEDULE[kind]) is None


def test_the_momentum_of_a_one_cycle_that_is_stepped_once_an_epoch_is_given_too():
    schedule = per_epoch(OneCycleLR(0.1, total_steps=40), 10)
    table = Table(of(schedule, 400), of(schedule.momentum, 400))
    assert jaxlr.recognize(table) == schedule


def test_a_cosine_once_an_epoch_drives_no_momentum():
    values = of(per_epoch(CosineAnnealingLR(0.1, 40), 10), 400)
    assert jaxlr.recognize(Table(values, np.full(400, 0.9))) is None
    assert jaxlr.recognize(values) == per_epoch(CosineAnnealingLR(0.1, 40), 10)


def near_its_start(n, power):
    """A rate, a power that falls at once as fast as it can, far below it, and another rate."""
    return np.r_[np.full(30, 1.0), 1e-4 * (1 - (np.arange(n) / n) ** power), np.full(30, 0.5)]


READ = {
    "one count before a level": (
        np.r_[0.01, np.full(4, 0.1), half_cosine(94, 0.04)],
        ["0 constant 0.01", "1..4 constant 0.1", "5..98 cosine 0.04 -> 0, T=94 counted from 5"],
    ),
    "one count before a level, and one after it": (
        np.r_[0.1, np.full(4, 0.2), 0.3, 0.05 * 0.97 ** np.arange(94)],
        [
            "0 constant 0.1",
            "1..4 constant 0.2",
            "5 constant 0.3",
            "6..99 exponential from 0.05, gamma=0.97",
        ],
    ),
    "a power of 0.63": (
        near_its_start(1_146, 0.63),
        [
            "0..29 constant 1",
            "30..1,175 power 0.0001 -> 5.49827e-08, power=0.63, counted from 30",
            "1,176..1,205 constant 0.5",
        ],
    ),
    "a power of 0.65": (
        near_its_start(2_497, 0.65),
        [
            "0..29 constant 1",
            "30..2,526 power 0.0001 -> 2.60331e-08, power=0.65, counted from 30",
            "2,527..2,556 constant 0.5",
        ],
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_a_rare_curve_is_read_in_the_words_of_its_field(kind):
    values, words = READ[kind]
    assert read(values) == words


@pytest.mark.parametrize(("rest", "power", "tolerance"), [(8, 4, 0.0094), (4, 3, 0.0069)])
def test_a_power_that_is_seen_late_is_one_formula_with_the_rest_before_it(rest, power, tolerance):
    counts = np.arange(30)
    values = np.maximum(counts - rest, 0.0) ** power / 30**power
    (found,) = segments(values, tolerance)
    assert (found.start, found.end, found.formula.power, found.formula.origin) == (0, 30, power, rest)
    assert np.abs(found.formula(counts) - values).max() <= tolerance


def test_of_a_curve_that_is_nan_again_and_again_no_more_is_read_than_anybody_would():
    values = np.where(t % 10 == 0, np.nan, 0.1)
    words = read(values)
    assert words[:3] == ["0 NaN", "1..9 constant 0.1", "10 NaN"]
    assert words[-2:] == ["311..319 constant 0.1", "320..999 other"]
    assert len(words) == 65


def test_what_is_too_large_for_any_rate_is_read_as_nothing():
    values = 1e200 * np.random.default_rng(0).random(40)
    assert all(segment.family in {"other", "constant"} for segment in segments(values, 3e191))


@pytest.mark.parametrize("formula", [Other(), NotANumber()])
def test_what_is_no_formula_has_no_values_and_no_numbers(formula):
    assert formula.parameters(3, 9) == {}
    assert np.isnan(formula(np.arange(3, 9))).all()


def test_one_count_is_a_constant():
    assert fit(np.array([7]), np.array([0.1]), 1e-9) == Constant(0.1)


def test_what_has_no_curvature_is_no_parabola():
    u = np.linspace(0, 1, 9)
    assert _parabola(u, np.zeros(9), 0, 8.0) is None
    assert _parabola(u, (1 - u) ** 2, 0, 8.0)(np.array([0, 4, 8])) == pytest.approx([1, 0.25, 0])


@pytest.mark.parametrize(
    "formula",
    [
        Exponential(PI / 30, math.exp(-1 / 70), math.e / 1_000, 0),
        Cosine(PI / 30, math.e / 1_000, 70 * math.sqrt(2), 10 / PI),
        Power(PI / 3e6, math.sqrt(3), 70 * math.sqrt(2), math.e / 1_000),
    ],
    ids=lambda formula: formula.name,
)
def test_a_formula_that_no_shorter_numbers_give_to_the_bit_keeps_its_own(formula):
    counts = np.arange(60)
    values = formula(counts)
    np.testing.assert_array_equal(snapped(formula, counts, values, 0.0)(counts), values)


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (LinearLR(0.1, start_factor=0.5, total_iters=10), of(LinearRamp(0.1, 10, 1.5, 1.0), 40)),
        # With a little less of pct_start its last phase would have no length.
        (
            OneCycleLR(0.1, 25, pct_start=0.52 / (1 - 1e-6), three_phase=True, cycle_momentum=False),
            1.001 * of(OneCycleLR(0.1, 25, pct_start=0.5, three_phase=True, cycle_momentum=False), 25),
        ),
        (ExponentialLR(0.1, gamma=1e10), np.full(100, 0.1)),
    ],
    ids=["out of its range", "at the edge of it", "beyond all numbers"],
)
def test_a_schedule_that_has_no_number_nearer_to_the_values_is_left_as_it_is(schedule, values):
    with np.errstate(all="ignore"):
        assert _fitted(schedule, Target.of(values)) == schedule


def test_a_schedule_that_has_is_fitted():
    found = _fitted(LinearLR(0.1, start_factor=0.5, total_iters=10), Target.of(of(LinearRamp(0.1, 10, 0.75, 1.0), 40)))
    assert (found.lr, found.start_factor, found.total_iters) == pytest.approx((0.1, 0.75, 10))


def ramp(n, slope, values):
    return np.where(t < n, slope * t, values)


WAVE = of(CyclicLR(0.001, 0.1, 20, 30, cycle_momentum=False), 1_000)
RESTARTS = of(CosineAnnealingWarmRestarts(0.1, 100), 1_000)
NOISE = 0.1 * np.random.default_rng(3).random(1_000)
COSINE = half_cosine(1_000)
ONE_CYCLE = OneCycleLR(0.1, 1_000, cycle_momentum=False)
LONG_WARMUP = dataclasses.replace(ONE_CYCLE, pct_start=0.4, final_div_factor=100.0)

TOLD = {
    "a line and a floor where there is a cosine": (
        COSINE,
        np.maximum(0.1 - t / 7_000, 0.1 / 7),
        "linear where R has cosine: 0..599 linear 0.1 -> 0.0142857 where R has "
        "0..999 cosine 0.1 -> 0, T=1,000 counted from 0; only O has: 600..999 constant 0.0142857",
    ),
    "a power that has not come to its end": (
        of(PolynomialLR(0.1, 800, 0.9), 1_000),
        1e-3 + 0.099 * (1 - t / 1_200) ** 0.9,
        "power: T 1,200 where R has 800 (x 3/2); power: bottom 0.001 where R has 0",
    ),
    "an exponential that no floor cuts": (
        np.maximum(0.1 * 0.99**t, 1e-3),
        0.1 * 0.99**t,
        "only R has: 459..999 constant 0.001",
    ),
    "a wave that goes on": (np.where(t < 700, WAVE, 0.001), WAVE, "only R has: 700..999 constant 0.001"),
    "restarts that go on": (np.where(t < 700, RESTARTS, 0.001), RESTARTS, "only R has: 700..999 constant 0.001"),
    "a line that goes on at the same slope": (
        ramp(320, 1 / 640, (t - 320) / 640),
        ramp(384, 1 / 640, (t - 320) / 640),
        "linear: begins at 384 where R has 320",
    ),
    "a warm-up before what nobody knows": (
        ramp(320, 1 / 3_200, NOISE),
        ramp(320, 1 / 1_600, NOISE),
        "linear: end value 0.2 where R has 0.1",
    ),
    "a warm-up that jumps at its end": (
        ramp(100, 1 / 2_000, 0.1),
        ramp(100, 1 / 4_000, 0.1),
        "linear: end value 0.025 where R has 0.05",
    ),
    "a power that ends elsewhere than a line": (
        0.1 * (1 - t / 1_000),
        0.1 * (1 - t / 2_000) ** 2,
        "power where R has linear: 0..999 power 0.1 -> 0, power=2, T=2,000 counted from 0 where R has "
        "0..999 linear 0.1 -> 0",
    ),
    "a one-cycle of half the rate and another warm-up": (
        of(ONE_CYCLE, 1_000),
        0.5 * of(LONG_WARMUP, 1_000),
        "O is 0.5 x R; cosine: T 399 where R has 299; cosine: bottom 2e-05 where R has 2e-07",
    ),
    "a warm-up and a cosine where there is nothing": (
        np.zeros(1_000),
        np.r_[0.1 * t[:100] / 100, half_cosine(700, 0.1, 0.01), np.full(200, 0.01)],
        "only O has: 0..99 linear 0 -> 0.1; only O has: 100..799 cosine 0.1 -> 0.01, T=700 counted from 100; "
        "constant: value 0.01 where R has 0",
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_differs_between_two_rare_curves_is_told(case):
    theirs, ours, words = TOLD[case]
    assert said(theirs, ours) == [words]


def test_a_power_that_is_longer_is_a_stretched_one_too():
    theirs, ours = (of(PolynomialLR(0.1, T, 0.9), 1_000) for T in (800, 1_200))
    assert said(theirs, ours) == [
        "O runs 2/3 times as fast: its count 3t is R's 2t",
        "power: T 1,200 where R has 800 (x 3/2)",
    ]


@pytest.mark.parametrize("gamma", [0.9, 0.99])
def test_an_exponential_too_small_to_be_told_from_0_is_told_of_where_it_begins(gamma):
    theirs, ours = (np.r_[np.full(n, 0.1), 1e-12 * gamma ** np.arange(200 - n)] for n in (100, 90))
    assert "O reads count + 10: it is 10 steps early" in said(theirs, ours)
    assert said(theirs, 0.5 * theirs) == ["O is 0.5 x R"]


def test_two_exponentials_whose_ratio_no_float_holds_are_told_apart():
    decay = 0.9 ** np.arange(60.0)
    report = jaxlr.verify(1e-310 * decay, decay, steps=60)
    assert not report.passed
    assert "different" in str(report)


@pytest.mark.parametrize("where", [t == 500, t < 3], ids=["at a count", "at the first counts"])
def test_of_a_nan_that_comes_to_an_end_and_another_difference_no_cause_is_named(where):
    assert said(COSINE, np.where(where, np.nan, 0.5 * COSINE)) == []
    assert said(COSINE, np.where(where, np.nan, COSINE))[0].startswith("O is NaN at count")


def test_beside_a_curve_that_is_stepped_once_an_epoch_one_of_no_formula_is_given_no_cause():
    held = half_cosine(100).repeat(10)
    assert said(held, 0.1 * np.tanh(1 - t / 500)) == []


def test_of_one_count_that_is_off_by_less_than_can_be_told_no_cause_is_named():
    sides = [Curve(name, np.array([value]), 0.0) for name, value in (("R", 1.0), ("O", 1 + 1e-10))]
    assert diagnose(*sides).alternatives == ()


def test_of_two_functions_the_curves_are_compared():
    theirs, ours = LambdaLR(0.1, lambda epoch: 0.9**epoch), LambdaLR(0.1, lambda epoch: 1 / (1 + epoch))
    ((cause,),) = jaxlr.verify(theirs, ours, steps=100).causes
    assert (cause.kind, cause.ours, cause.theirs) == ("family", "inverse time", "exponential")


WARMUP = LinearLR(0.1, 0.1, total_iters=100)
SEQUENCE = SequentialLR(0.1, [WARMUP, CosineAnnealingLR(0.1, 900)], [100])


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (
            SequentialLR(0.1, [WARMUP, CosineAnnealingLR(0.1, 700), LinearRamp(0.1, 1, 0.0, 0.0)], [100, 800]),
            "cosine: T 700 where first has 900 (x 7/9)",
        ),
        (SequentialLR(0.1, [WARMUP, ExponentialLR(0.1, 0.99)], [100]), "exponential where first has cosine: "),
    ],
    ids=["one member more", "another member"],
)
def test_of_sequences_that_are_not_of_the_same_members_the_curves_are_compared(ours, words):
    causes = [cause.text for causes in jaxlr.verify(SEQUENCE, ours, steps=1_000).causes for cause in causes]
    assert causes[0].startswith(words)


PLATEAU = ReduceLROnPlateau(0.1, patience=10, factor=0.5)
LOSS = np.r_[np.linspace(2, 1, 20), np.ones(80)]


def test_a_plateau_of_which_no_metrics_are_known_is_only_a_curve():
    hasty, patient = (dataclasses.replace(PLATEAU, patience=patience) for patience in (3, 4))
    theirs, ours = of(hasty, 60, np.ones(60)), of(patient, 60, np.ones(60))
    assert said(theirs, ours, hasty, other=patient) == ["staircase: step size 5 where R has 4"]
    assert said(theirs, ours, hasty, np.ones(60), other=patient) == ["patience=4 where R has 3"]


def test_of_the_cooldowns_that_all_give_the_curve_one_is_told():
    resting, told = (dataclasses.replace(PLATEAU, cooldown=cooldown) for cooldown in (90, 99))
    theirs, ours = of(PLATEAU, 100, LOSS), of(resting, 100, LOSS)
    np.testing.assert_array_equal(ours, of(told, 100, LOSS))
    assert said(theirs, ours, PLATEAU, LOSS) == ["cooldown=99 where R has 0", "min_lr=0.05 where R has 0.0"]


def test_a_threshold_that_makes_a_plateau_drop_earlier_is_told_beside_the_shift_that_it_is():
    demanding = dataclasses.replace(PLATEAU, threshold=0.1)
    found = said(of(PLATEAU, 100, LOSS), of(demanding, 100, LOSS), PLATEAU, LOSS)
    assert found == ["O reads count + 1: it is 1 step early", "threshold=0.1 where R has 0.0001"]


def test_of_milestones_that_all_give_the_curve_the_fewest_are_told():
    theirs, ours = MultiStepLR(0.1, [300, 600]), MultiStepLR(0.1, [300, 2_000])
    assert said(of(theirs, 1_000), of(ours, 1_000), theirs) == ["milestones=(300,) where R has (300, 600)"]


def test_of_modes_that_give_the_same_curve_the_plain_one_is_told():
    theirs, ours = (CyclicLR(0.001, 0.1, 100, mode=m, cycle_momentum=False) for m in ("triangular2", "triangular"))
    assert said(of(theirs, 1_000), of(ours, 1_000), theirs) == ["mode='triangular' where R has 'triangular2'"]


def test_a_schedule_that_is_not_the_curve_it_is_said_to_be_is_not_asked():
    theirs, ours = (of(CosineAnnealingLR(0.1, T), 1_000) for T in (1_000, 999))
    assert said(theirs, ours, StepLR(0.1, 30)) == ["cosine: T 999 where R has 1,000"]


def test_a_change_that_ends_a_schedule_before_the_curve_is_no_cause():
    def stepped(total):
        one_cycle = OneCycleLR(0.1, total, cycle_momentum=False)
        return SequentialLR(0.1, [MultiplicativeLR(0.1, lambda epoch: 0.99), one_cycle], [30])

    theirs, ours = stepped(100), stepped(120)
    assert said(of(theirs, 120), of(ours, 120), theirs) == ["OneCycleLR.total_steps=120 where R has 100 (x 6/5)"]
