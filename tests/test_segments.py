"""A curve read as segments: the recipes that people have, and the words for each."""

import math

import numpy as np
import pytest
from curves import of, read, written

import jaxlr
from jaxlr._curves.segments import segments

PI = math.pi


def warmup_cosine(t, warmup, total, begin=None, T=None):
    begin = warmup if begin is None else begin
    T = total - begin if T is None else T
    return 0.1 * t / warmup if t < warmup else 0.05 * (1 + math.cos(PI * (t - begin) / T))


def nanogpt(t):
    if t < 2_000:
        return 6e-4 * (t + 1) / 2_001
    return 6e-5 if t > 18_000 else 6e-5 + 0.5 * (1 + math.cos(PI * (t - 2_000) / 16_000)) * 5.4e-4


RECIPES = {
    "warm-up, cosine": (
        written(lambda t: warmup_cosine(t, 500, 10_000), 10_000),
        ["0..499 linear 0 -> 0.1", "500..9,999 cosine 0.1 -> 0, T=9,500 counted from 500"],
    ),
    "a cosine that counts the warm-up": (
        written(lambda t: warmup_cosine(t, 1_000, 0, begin=0, T=30_000), 20_000),
        ["0..999 linear 0 -> 0.1", "1,000..19,999 cosine 0.1 -> 0, T=30,000 counted from 0"],
    ),
    "nanoGPT": (
        written(nanogpt, 20_000),
        [
            "0..1,999 linear 2.9985e-07 -> 0.0006",
            "2,000..17,999 cosine 0.0006 -> 6e-05, T=16,000 counted from 2,000",
            "18,000..19,999 constant 6e-05",
        ],
    ),
    "a warm-up whose length is no integer": (
        written(lambda t: min(t / 552.5, 1.0), 1_000),
        ["0..552 linear 0 -> 0.999095", "553..999 constant 1"],
    ),
    "warm-up to a rate that a count has": (
        written(lambda t: 0.1 * min(1, (t + 1) / 5) * 0.1 ** sum(t >= m for m in (30, 60, 80)), 90),
        ["0..3 linear 0.02 -> 0.1", "4..89 staircase from 0.1, x 0.1 at 30, 60, 80"],
    ),
    "three counts of warm-up": (
        written(lambda t: 0.1 * t / 3 if t < 3 else 0.05 * (1 + math.cos(PI * (t - 3) / 97)), 100),
        ["0..2 linear 0 -> 0.1", "3..99 cosine 0.1 -> 0, T=97 counted from 3"],
    ),
    "warm-up, plateau, decay": (
        written(lambda t: t / 100 if t < 100 else 1 if t < 800 else 1 - (t - 800) / 200, 1_000),
        ["0..99 linear 0 -> 1", "100..799 constant 1", "800..999 linear 1 -> 0"],
    ),
    "a square root at the end": (
        written(lambda t: 1 if t < 800 else 1 - math.sqrt((t - 800) / 200), 1_000),
        ["0..799 constant 1", "800..999 power 1 -> 0.00250313, power=0.5, counted from 800"],
    ),
    "polynomial, past its end": (
        of(jaxlr.PolynomialLR(0.1, total_iters=1_000, power=0.9), 1_200),
        ["0..999 power 0.1 -> 0, power=0.9, T=1,000 counted from 0", "1,000..1,199 constant 0"],
    ),
    "polynomial with a floor": (
        written(lambda t: 1e-4 + (0.01 - 1e-4) * (1 - t / 950) ** 0.9, 950),
        ["0..949 power 0.01 -> 0.0001, power=0.9, T=950 counted from 0"],
    ),
    "a parabola": (
        of(jaxlr.PolynomialLR(0.1, total_iters=1_000, power=2.0), 1_000),
        ["0..999 power 0.1 -> 0, power=2, T=1,000 counted from 0"],
    ),
    "Noam": (
        written(lambda t: min((t + 1) ** -0.5, (t + 1) * 4_000**-1.5), 20_000),
        [
            "0..3,998 linear 3.95285e-06 -> 0.0158114",
            "3,999..19,999 inverse square root 0.0158114 -> 0.00707107, counted from -1",
        ],
    ),
    "inverse time": (
        written(lambda t: 0.1 / (1 + 0.001 * t), 5_000),
        ["0..4,999 inverse time 0.1 -> 0.0166694, counted from -1,000"],
    ),
    "exponential to a floor that cuts it": (
        written(lambda t: max(0.1 * 0.99**t, 1e-3), 1_000),
        ["0..458 exponential from 0.1, gamma=0.99", "459..999 constant 0.001"],
    ),
    "exponential to a floor that it nears": (
        written(lambda t: 1e-3 + 0.099 * 0.995**t, 1_000),
        ["0..999 exponential from 0.1, gamma=0.995, to 0.001"],
    ),
    "StepLR": (of(jaxlr.StepLR(0.1, 30), 90), ["0..89 staircase from 0.1, x 0.1 every 30"]),
    "many steps": (of(jaxlr.StepLR(0.1, 7, gamma=0.5), 300), ["0..299 staircase from 0.1, x 0.5 every 7"]),
    "MultiStepLR": (
        of(jaxlr.MultiStepLR(0.1, [30_001, 60_004]), 90_000),
        ["0..89,999 staircase from 0.1, x 0.1 at 30,001, 60,004"],
    ),
    "OneCycleLR": (
        of(jaxlr.OneCycleLR(0.1, total_steps=1_000), 1_000),
        [
            "0..298 cosine 0.004 -> 0.1, T=299 counted from 0",
            "299..999 cosine 0.1 -> 4e-07, T=700 counted from 299",
        ],
    ),
    "CosineAnnealingLR, past its end": (
        of(jaxlr.CosineAnnealingLR(0.1, T_max=50), 400),
        ["0..399 cosine 0.1 -> 0, T=50 counted from 0"],
    ),
    "warm restarts": (
        of(jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=10, T_mult=2), 300),
        ["0..299 cosine with warm restarts 0.1 -> 0, T_0=10, T_mult=2, counted from 0"],
    ),
    "warm restarts of one length": (
        of(jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=50, eta_min=1e-4), 3_000),
        ["0..2,999 cosine with warm restarts 0.1 -> 0.0001, T_0=50, T_mult=1, counted from 0"],
    ),
    "CyclicLR": (
        of(jaxlr.CyclicLR(0.001, 0.1, 20, 30), 1_000),
        ["0..999 triangular wave 0.001 -> 0.1, 20 there and 30 back, counted from 0"],
    ),
    "CyclicLR whose cycles shrink": (
        of(jaxlr.CyclicLR(0.001, 0.1, 20, mode="triangular2"), 1_000),
        ["0..999 triangular wave 0.001 -> 0.1, 20 there and 20 back, counted from 0, each cycle x 0.5"],
    ),
    "a cosine stepped once an epoch": (
        of(jaxlr.per_epoch(jaxlr.CosineAnnealingLR(0.1, T_max=90), 390), 90 * 390),
        ["0..35,099 stepped once in 390: cosine 0.1 -> 0, T=90 counted from 0"],
    ),
    "a warm-up at every count, a cosine once an epoch": (
        written(lambda t: 0.1 * t / 1_950 if t < 1_950 else 0.05 * (1 + math.cos(PI * (t // 390) / 90)), 35_100),
        ["0..1,949 linear 0 -> 0.1", "1,950..35,099 stepped once in 390: cosine 0.1 -> 0, T=90 counted from 0"],
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_read_in_the_words_of_its_field(recipe, dtype):
    values, words = RECIPES[recipe]
    seen = read(values, dtype)
    if recipe == "nanoGPT" and dtype == np.float32:
        words = [words[0].replace("2.9985e-07", "2.998e-07"), *words[1:]]  # below the tolerance
    if recipe == "Noam" and dtype == np.float32:
        words = [words[0].replace("3.95285e-06", "3.953e-06"), *words[1:]]
    assert seen == words


@pytest.mark.parametrize("recipe", ["warm-up, cosine", "MultiStepLR", "warm restarts"])
def test_counts_are_those_of_the_curve(recipe):
    values, words = RECIPES[recipe]
    later = segments(values, 1e-10, start=700)
    assert later[0].start == 700
    assert later[-1].end == 700 + len(values)
    t = np.arange(700, 700 + len(values))
    for segment in later:
        inside = (t >= segment.start) & (t < segment.end)
        np.testing.assert_allclose(segment.formula(t[inside]), values[inside], rtol=0, atol=3e-10)
    assert len(later) == len(words)


def test_a_nan_is_a_segment_of_its_own():
    values = np.where(np.arange(100) < 17, 0.1 * 0.9 ** np.arange(100), np.nan)
    assert read(values) == ["0..16 exponential from 0.1, gamma=0.9", "17..99 NaN"]


@pytest.mark.parametrize(
    "values",
    [np.random.default_rng(0).random(1_000), np.tanh(1 - np.arange(5_000) / 2_500), np.sin(np.arange(50) ** 2.0)],
    ids=["noise", "a hyperbolic tangent", "a chirp"],
)
def test_what_follows_no_formula_is_called_so(values):
    assert read(values) == [f"0..{len(values) - 1:,} other"]


def test_an_edited_value_stands_alone():
    values = 0.05 * (1 + np.cos(PI * np.arange(1_000) / 1_000))
    values[321] *= 1.5
    assert [segment.split()[0] for segment in read(values)] == ["0..320", "321", "322..999"]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_curves_of_a_few_counts(n):
    found = segments(np.linspace(1.0, 2.0, n) if n > 1 else np.ones(1), 1e-9)
    assert [(segment.start, segment.end) for segment in found] == [(0, n)]
    assert found[0].family == ("linear" if n > 1 else "constant")
