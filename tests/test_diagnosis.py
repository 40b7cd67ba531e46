"""Why two curves differ: what is planted is found, in the field's words, and what has no cause is given none."""

import dataclasses
import math
import time

import numpy as np
import pytest
from curves import curve, of, said
from each import of_which

import jaxlr
from jaxlr._curves.diagnosis import diagnose, diagnose_momentum

PI = math.pi
N = 10_000


def said_of(theirs, ours, steps, metrics=None):
    """Likewise of a schedule that is known, and the values of another one."""
    return said(of(theirs, steps, metrics), of(ours, steps, metrics), theirs, metrics)


def warmup_cosine(t, lr=0.1, warmup=500, T=9_500, begin=None, bottom=0.0, first=0.0):
    begin = warmup if begin is None else begin
    x = np.clip((t - begin) / T, 0, 1)
    rising = first + (lr - first) * t / max(warmup, 1)
    return np.where(t < warmup, rising, bottom + (lr - bottom) * (1 + np.cos(PI * x)) / 2)


def warmup_linear(t, lr=5e-5, warmup=500, total=N, end=0.0):
    return np.where(t < warmup, lr * t / warmup, end + (lr - end) * np.clip((total - t) / (total - warmup), 0, 1))


def stable_decay(t, warmup=200, begin=8_000):
    rising = t / warmup if warmup else np.ones(len(t))
    return np.where(t < warmup, rising, np.where(t < begin, 1.0, (N - t) / (N - begin)))


def steps(t, milestones=(3_000, 6_000, 8_000), gamma=0.1, warmup=0):
    rising = np.minimum(t / warmup, 1) if warmup else 1.0
    return 0.1 * rising * gamma ** np.sum([t >= milestone for milestone in milestones], axis=0)


def square_roots(t, warmup=4_000, scale=1.0):
    return scale * np.minimum((t + 1.0) ** -0.5, (t + 1.0) * warmup**-1.5)


RECIPES = {"cosine": warmup_cosine, "linear": warmup_linear, "square roots": square_roots}
t = np.arange(N)

WARPS = {
    "late": (lambda f: f(np.maximum(t - 1, 0)), "O reads count - 1: it is 1 step late"),
    "early": (lambda f: f(t + 3), "O reads count + 3: it is 3 steps early"),
    "halved": (lambda f: 0.5 * f(t), "O is 0.5 x R"),
    "negated": (lambda f: -f(t), "O is -1 x R"),
    "late and halved": (
        lambda f: 0.5 * f(np.maximum(t - 1, 0)),
        "O reads count - 1: it is 1 step late; O is 0.5 x R",
    ),
    "fast": (lambda f: f(4 * t), "O runs 4 times as fast: its count t is R's 4t"),
    "slow": (lambda f: f(t / 4), "O runs 4 times as slowly: its count 4t is R's t"),
    "by a fraction": (lambda f: f(t * 390 / 391), "O runs 390/391 times as fast: its count 391t is R's 390t"),
    "held": (lambda f: f(t // 50 * 50), "O is stepped once in 50 counts, R at every count"),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("warp", WARPS)
def test_a_warp_of_the_whole_curve(warp, recipe, dtype):
    warped, words = WARPS[warp]
    assert said(RECIPES[recipe](t), warped(RECIPES[recipe]), dtype=dtype) == [words]


def test_the_reference_may_be_the_one_that_is_held():
    held = warmup_cosine(t // 50 * 50)
    assert said(held, warmup_cosine(t)) == ["R is stepped once in 50 counts, O at every count"]
    in_epochs = warmup_cosine(t // 50, warmup=5, T=100)
    (found,) = said(in_epochs, warmup_cosine(t, warmup=250, T=4_750))
    assert (
        found == "R is stepped once in 50 counts, O at every count; in steps of 50 counts: cosine: T 95 where R has 100"
    )


def test_a_phase_before_a_recipe_makes_it_late():
    ours = np.r_[np.linspace(0.5, 0.3, 600, endpoint=False), warmup_cosine(t)[: N - 600]]
    assert said(warmup_cosine(t), ours) == ["only O has: 0..599 linear 0.5 -> 0.3"]


NUMBERS = [
    (warmup_cosine, {"T": 9_000}, ["cosine: T 9,000 where R has 9,500 (x 18/19)"]),
    (warmup_cosine, {"T": 9_499}, ["cosine: T 9,499 where R has 9,500"]),
    (warmup_cosine, {"warmup": 501, "T": 9_499}, ["linear: warm-up length 501 where R has 500"]),
    (warmup_cosine, {"bottom": 1e-3}, ["cosine: bottom 0.001 where R has 0"]),
    (warmup_cosine, {"first": 1e-3}, ["linear: start value 0.001 where R has 0"]),
    (warmup_cosine, {"begin": 0}, ["cosine: counted from 0 where R has 500"]),
    (
        warmup_cosine,
        {"begin": 0, "T": N},
        ["cosine: T 10,000 where R has 9,500 (x 20/19); cosine: counted from 0 where R has 500"],
    ),
    (
        warmup_cosine,
        {"bottom": 1e-3, "T": 9_000},
        ["cosine: T 9,000 where R has 9,500 (x 18/19); cosine: bottom 0.001 where R has 0"],
    ),
    (warmup_linear, {"warmup": 600}, ["linear: warm-up length 600 where R has 500 (x 6/5)"]),
    (warmup_linear, {"total": 9_999}, ["linear: T 9,499 where R has 9,500"]),
    (stable_decay, {"begin": 7_000}, ["linear: begins at 7,000 where R has 8,000"]),
    (stable_decay, {"warmup": 0}, ["only R has: 0..199 linear 0 -> 1"]),
    (
        stable_decay,
        {"warmup": 300, "begin": 7_000},
        ["linear: warm-up length 300 where R has 200 (x 3/2); linear: begins at 7,000 where R has 8,000"],
    ),
    (steps, {"milestones": (3_000, 6_000, 8_001)}, ["staircase: milestone 8,001 where R has 8,000"]),
    (steps, {"milestones": (3_000, 6_000)}, ["staircase: milestone 3,000, 6,000 where R has 3,000, 6,000, 8,000"]),
    (steps, {"gamma": 0.2}, ["staircase: gamma 0.2 where R has 0.1"]),
    (steps, {"warmup": 300}, ["only O has: 0..299 linear 0 -> 0.1"]),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("recipe", "other", "words"), NUMBERS, ids=lambda x: getattr(x, "__name__", None) or str(x))
def test_a_number_of_a_segment(recipe, other, words, dtype):
    assert said(recipe(t), recipe(t, **other), dtype=dtype) == words


def test_a_line_is_another_by_its_end_or_by_its_length():
    theirs, ours = warmup_linear(t, warmup=1_000), warmup_linear(t, warmup=1_000, end=5e-6)
    assert said(theirs, ours) == [
        "linear: T 10,000 where R has 9,000 (x 10/9)",
        "linear: end value 5e-06 where R has 0",
    ]


def test_a_family():
    (found,) = said(warmup_cosine(t), warmup_linear(t, lr=0.1))
    assert found.startswith("linear where R has cosine: 500..9,999 linear 0.1 -> 0 where R has 500..9,999 cosine")


def test_where_both_are_stepped_once_an_epoch_the_numbers_are_those_of_epochs():
    def recipe(T):
        return 0.05 * (1 + np.cos(PI * (t // 100) / T))

    assert said(recipe(90), recipe(91)) == ["in steps of 100 counts: cosine: T 91 where R has 90"]


def test_counts_are_those_of_the_curve():
    def recipe(T):
        return warmup_cosine(t + 300, T=T)

    assert said(recipe(9_500), recipe(9_000), start=300) == ["cosine: T 9,000 where R has 9,500 (x 18/19)"]


SEQUENCE = jaxlr.SequentialLR(
    0.1, [jaxlr.LinearLR(0.1, start_factor=0.01, total_iters=500), jaxlr.CosineAnnealingLR(0.1, T_max=9_500)], [500]
)


def with_cosine(**fields):
    warmup, cosine = SEQUENCE.schedulers
    return dataclasses.replace(SEQUENCE, schedulers=(warmup, dataclasses.replace(cosine, **fields)))


KNOWN = [
    (jaxlr.CosineAnnealingLR(0.1, T_max=1_000), jaxlr.CosineAnnealingLR(0.1, T_max=999), "T_max=999 where R has 1000"),
    (SEQUENCE, with_cosine(T_max=9_499), "CosineAnnealingLR.T_max=9499 where R has 9500"),
    (
        SEQUENCE,
        with_cosine(T_max=9_499, eta_min=1e-4),
        "CosineAnnealingLR.T_max=9499 where R has 9500; CosineAnnealingLR.eta_min=0.0001 where R has 0.0",
    ),
    (jaxlr.ExponentialLR(0.1, 0.999), jaxlr.ExponentialLR(0.1, 0.99876), "gamma=0.99876 where R has 0.999"),
    (jaxlr.PolynomialLR(0.1, 1_000, 0.9), jaxlr.PolynomialLR(0.1, 1_000, 1.0), "power=1.0 where R has 0.9"),
    (jaxlr.StepLR(0.1, 300), jaxlr.StepLR(0.1, 301), "step_size=301 where R has 300"),
    (
        jaxlr.MultiStepLR(0.1, [300, 600]),
        jaxlr.MultiStepLR(0.1, [300, 601]),
        "milestones=(300, 601) where R has (300, 600)",
    ),
    (
        jaxlr.OneCycleLR(0.1, 1_000),
        jaxlr.OneCycleLR(0.1, 1_000, anneal_strategy="linear"),
        "anneal_strategy='linear' where R has 'cos'",
    ),
    (jaxlr.OneCycleLR(0.1, 1_000), jaxlr.OneCycleLR(0.1, 1_000, div_factor=10.0), "div_factor=10.0 where R has 25.0"),
    (
        jaxlr.CosineAnnealingWarmRestarts(0.1, 100, 2),
        jaxlr.CosineAnnealingWarmRestarts(0.1, 100),
        "T_mult=1 where R has 2",
    ),
    (jaxlr.CyclicLR(0.001, 0.1, 100), jaxlr.CyclicLR(0.001, 0.1, 101), "step_size_up=101.0 where R has 100.0"),
    (
        jaxlr.ChainedScheduler([jaxlr.CosineAnnealingLR(0.1, 900), jaxlr.ExponentialLR(0.1, 0.999)]),
        jaxlr.ChainedScheduler([jaxlr.CosineAnnealingLR(0.1, 900), jaxlr.ExponentialLR(0.1, 0.9987)]),
        "ExponentialLR.gamma=0.9987 where R has 0.999",
    ),
    (
        jaxlr.per_epoch(jaxlr.CosineAnnealingLR(0.1, T_max=10), 100),
        jaxlr.per_epoch(jaxlr.CosineAnnealingLR(0.1, T_max=11), 100),
        "CosineAnnealingLR.T_max=11 where R has 10",
    ),
]


@pytest.mark.parametrize(
    ("theirs", "ours", "words"), of_which(KNOWN, KNOWN[::3]), ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_field_of_a_known_schedule_beside_values_and_beside_a_schedule(theirs, ours, words):
    assert words in said_of(theirs, ours, 1_000 if "9499" not in words else N)
    values = [of(schedule, 1_000 if "9499" not in words else N) for schedule in (theirs, ours)]
    found = diagnose(curve("R", values[0], theirs), curve("O", values[1], ours)).alternatives
    assert ["; ".join(cause.text for cause in causes) for causes in found] == [words]
    back = diagnose(curve("R", values[0]), curve("O", values[1], ours)).alternatives
    assert words in ["; ".join(cause.text for cause in causes) for causes in back]


def test_a_cause_holds_the_values():
    theirs, ours = KNOWN[0][:2]
    ((cause,),) = diagnose(curve("R", of(theirs, 1_000), theirs), curve("O", of(ours, 1_000), ours)).alternatives
    assert (cause.kind, cause.parameter, cause.ours, cause.theirs) == ("parameter", "T_max", 999, 1_000)


random = np.random.default_rng(5)
LOSS = 2 + 8 * np.exp(-np.arange(800) / 150) + 0.05 * random.standard_normal(800)
PLATEAU = jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=8, threshold=1e-2)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"patience": 7}, "patience compared with >= where R has >: as patience=7 where R has 8"),
        ({"patience": 15}, "patience=15 where R has 8"),
        ({"threshold_mode": "abs"}, "threshold_mode='abs' where R has 'rel'"),
        ({"cooldown": 5}, "cooldown=5 where R has 0"),
        ({"factor": 0.1}, "factor=0.1 where R has 0.5 (x 1/5)"),
        ({"min_lr": 0.01}, "min_lr=0.01 where R has 0.0"),
        (
            {"patience": 7, "threshold_mode": "abs"},
            "patience compared with >= where R has >: as patience=7 where R has 8; "
            "threshold_mode='abs' where R has 'rel'",
        ),
    ],
    ids=str,
)
def test_a_plateau_by_its_metrics(fields, words):
    found = said_of(PLATEAU, dataclasses.replace(PLATEAU, **fields), 800, LOSS)
    assert found == [words.replace(" (x 1/5)", "")]


def test_a_nan():
    values = warmup_cosine(t)
    ours = np.where(t < 17, values, np.nan)
    assert said(values, ours) == ["O is NaN from count 17 on"]
    assert said(ours, values) == ["R is NaN from count 17 on"]
    assert said(values, np.where(t < 5_000, 0.5 * values, np.nan)) == ["O is NaN from count 5,000 on; O is 0.5 x R"]
    assert said(ours, ours) == []


def test_momentum():
    one_cycle = jaxlr.OneCycleLR(0.1, 1_000)
    cycled, held = curve("R", of(one_cycle.momentum, 1_000)), curve("O", np.full(1_000, 0.9))
    ((cause,),) = diagnose_momentum(cycled, held).alternatives
    assert (cause.kind, cause.text) == ("momentum", "momentum is not cycled: O holds 0.9 where R cycles 0.85..0.95")
    lower = jaxlr.OneCycleLR(0.1, 1_000, base_momentum=0.8)
    ours = curve("O", of(lower.momentum, 1_000), lower.momentum)
    ((cause,),) = diagnose_momentum(curve("R", cycled.values, one_cycle.momentum), ours).alternatives
    assert cause.text == "momentum: base_momentum=0.8 where R has 0.85"
    assert diagnose_momentum(cycled, cycled).alternatives == ()


def test_equal_curves_have_no_cause():
    values = warmup_cosine(t)
    assert said(values, values) == []
    assert said(values, values, dtype=np.float32) == []


def tanh():
    return 0.1 * np.tanh(1 - t / 5_000)


@pytest.mark.parametrize(
    "ours",
    [
        random.random(N),
        warmup_cosine(t) * (1 + 0.01 * random.standard_normal(N)),
        tanh(),
        warmup_cosine(t) + 1e-4 * np.sin(t**1.5),
        np.where(t < 4_000, warmup_cosine(t), tanh()),
    ],
    ids=["noise", "noise on it", "a hyperbolic tangent", "a ripple on it", "another end"],
)
def test_what_no_cause_explains_is_given_none(ours):
    assert said(warmup_cosine(t), ours) == []


def test_nor_beside_a_known_schedule():
    assert said(of(SEQUENCE, N), tanh(), SEQUENCE) == []


def test_the_counts_must_be_the_same():
    with pytest.raises(ValueError, match="same counts, got 5 from 0 on and 4 from 0 on"):
        diagnose(curve("R", np.ones(5)), curve("O", np.ones(4)))


def test_a_hundred_thousand_counts_take_two_seconds():
    n = 100_000
    theirs = dataclasses.replace(
        SEQUENCE,
        schedulers=(jaxlr.LinearLR(0.1, 0.01, total_iters=5_000), jaxlr.CosineAnnealingLR(0.1, 95_000)),
        milestones=(5_000,),
    )
    values = of(theirs, n)
    counts = np.arange(n)
    for ours in (np.r_[values[0], values[:-1]], values * (1 + 0.01 * np.sin(counts**1.5)), 0.3 * values + 0.01):
        begin = time.process_time()
        said(values, ours, theirs)
        assert time.process_time() - begin < 2


def test_a_cause_accounts_for_every_count():
    t = np.arange(1_000)
    cosine = 0.05 * (1 + np.cos(PI * t / 1_000))
    level = np.where(t < 100, 0.05 * (1 + np.cos(PI * t / 100)), 0.05)
    assert said(cosine, level) == ["cosine: T 100 where R has 1,000 (x 1/10); only O has: 100..999 constant 0.05"]
    late = np.concatenate([[7.0], 0.1 * 0.9 ** t[:-1]])
    assert "O reads count - 1: it is 1 step late" not in said(0.1 * 0.9**t, late)


def test_what_the_reference_holds_is_theirs():
    t = np.arange(2_000)
    reference, other = (
        curve(name, 0.05 * (1 + np.cos(PI * at / 2_000))) for name, at in (("R", t // 50 * 50), ("O", t))
    )
    ((cause,),) = diagnose(reference, other).alternatives
    assert (cause.kind, cause.ours, cause.theirs) == ("held", 1, 50)


def test_a_curve_of_no_formula_that_is_held_as_the_other_one_is():
    epochs = np.arange(6_000) // 100
    values = np.where(epochs < 5, 1e-6 + epochs * (5e-4 - 1e-6) / 5, 1e-5 + 2.45e-4 * (1 + np.cos(np.pi * epochs / 60)))
    rounded = np.array([float(f"{value:.6g}") for value in values])  # as a log prints them
    causes = said(rounded, values)
    assert not any("stepped once" in text or "constant" in text for text in causes), causes
