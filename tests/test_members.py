"""What the segments of a curve are as schedules; those that are none, at a learning rate, are None."""

import numpy as np
import pytest
from curves import of

import jaxlr
from jaxlr import LinearLR, LinearRamp, Product
from jaxlr._curves.boundaries import at_round_counts
from jaxlr._curves.families import (
    Constant,
    Cosine,
    Exponential,
    Family,
    Held,
    Linear,
    Other,
    Power,
    Restarts,
    Staircase,
    Triangular,
)
from jaxlr._curves.members import Part, member, rates
from jaxlr._curves.overlaid import _earlier, _laid, _levels
from jaxlr._curves.pieces import Segment
from jaxlr._curves.sequence import parts_of, sequences

STEPS = 200


SCHEDULES = {
    "a wave, entered": (
        Part(30, 130, Triangular(0.01, 0.1, 10, 10, 1.0, 20)),
        0.1,
        jaxlr.Shifted(jaxlr.CyclicLR(0.01, 0.1, 10, cycle_momentum=False), by=10),
    ),
    "a wave that is halved, of other lengths there and back": (
        Part(20, 120, Triangular(0.01, 0.1, 10, 30, 0.5, 20)),
        0.1,
        jaxlr.CyclicLR(0.01, 0.1, 10, 30, "triangular2", cycle_momentum=False),
    ),
    "warm restarts at another rate": (
        Part(0, 90, Restarts(0.1, 0.01, 10, 2, 0)),
        0.2,
        Product(0.2, [LinearLR(0.2, 0.5, 0.5), jaxlr.CosineAnnealingWarmRestarts(0.2, 10, 2, 0.02)]),
    ),
    "a power whose length is no whole number": (
        Part(37, 49, Power(0.01, 1.0, 49.5, 0.0)),
        0.125,
        jaxlr.PolynomialDecay(0.125, 12.5, 1.0, 0.0),
    ),
    "a power so low that no count is long enough to come from the rate": (
        Part(0, 90, Power(0.1, -0.001, -10, 0.0)),
        0.05,
        Product(0.05, [LinearRamp(0.05, 1, 2 * 10**-0.001, 2 * 10**-0.001), jaxlr.InversePower(0.05, 10, 0.001)]),
    ),
    "a rate of 0 that stays": (Part(0, 9, Constant(0.0)), 0.0, LinearLR(0.0, 1.0, 1.0)),
    "a level above the rate": (Part(0, 9, Constant(0.3)), 0.1, LinearRamp(0.1, 1, 3.0, 3.0)),
}


@pytest.mark.parametrize(("part", "lr", "expected"), SCHEDULES.values(), ids=SCHEDULES)
def test_a_part_is_a_schedule_that_gives_its_values(part, lr, expected):
    found = member(part, lr)
    assert type(found) is type(expected)
    n = part.end - part.start
    np.testing.assert_allclose(of(found, n), part.formula(np.arange(part.start, part.end)), rtol=1e-12)
    np.testing.assert_allclose(of(found, STEPS), of(expected, STEPS), rtol=1e-12)


NONE = {
    "values of no family": (Other(), 0.1),
    "a level, where the rate is 0": (Constant(0.1), 0.0),
    "a line that begins below 0": (Linear(-0.1, 0.001, 0), 0.1),
    "an exponential to a floor": (Exponential(0.1, 0.9, 0.01, 0), 0.1),
    "a power that falls to above the rate": (Power(1e-3, 2.0, 50, 0.2), 0.0),
    "a power that takes less than a count": (Power(1.0, 1.0, 50, 0.0), 0.0),
    "a root that grows": (Power(0.1, 0.5, -10, 0.0), 0.1),
    "a wave whose cycles shrink by other than a half": (Triangular(0.01, 0.1, 10, 10, 0.7, 0), 0.1),
    "held levels of no one factor": (Held(Staircase((0.1, 0.05, 0.04), (5, 10)), 5, 0), 0.2),
}


@pytest.mark.parametrize(("formula", "lr"), NONE.values(), ids=NONE)
def test_a_part_that_is_no_schedule_is_none(formula, lr):
    assert member(Part(0, 50, formula), lr) is None


def test_a_power_that_takes_less_than_a_count_from_the_rate_is_one_at_its_own():
    found = member(Part(0, 50, Power(1.0, 1.0, 50, 0.0)), 0.1)
    np.testing.assert_allclose(of(found, 50), 50 - np.arange(50), rtol=1e-12)


@pytest.mark.parametrize("formula", [Triangular(0.01, 0.1, 10, 10, 1.0, 0), Other()])
def test_what_brings_its_own_rate_has_none(formula):
    assert list(rates(Part(0, 50, formula))) == []


def test_a_level_below_0_is_no_schedule():
    assert jaxlr.recognize(np.full(20, -0.1)) is None
    assert list(sequences([Part(0, 20, Constant(-0.1))])) == []


def test_a_level_that_a_staircase_has_reached_is_one_with_it():
    pieces = [Segment(0, 20, Staircase((0.1, 0.01), (10,))), Segment(20, 40, Constant(0.01))]
    assert parts_of(pieces) == [Part(0, 40, Staircase((0.1, 0.01), (10,)))]


def test_a_cosine_before_restarts_of_other_levels_is_another_part():
    one, waves = Cosine(0.1, 0.0, 20, -5), Restarts(0.05, 0.0, 20, 1, 15)
    first, second = parts_of([Segment(0, 15, one), Segment(15, 75, waves)])
    assert (first.formula, second.formula) == (one, waves)


def pieces_of(*formulas: tuple[int, int, Family]):
    """The segments given, and their values."""
    pieces = [Segment(*formula) for formula in formulas]
    values = [piece.formula(np.arange(piece.start, piece.end)) for piece in pieces]
    return pieces, np.concatenate(values)


@pytest.mark.parametrize("times", [1, 2])
def test_cosines_that_start_again_are_one_wave(times):
    wave = Restarts(0.1, 0.0, 10, float(times), 0)
    whole = 10 * (1 + times)
    pieces, y = pieces_of(
        (0, 10, Cosine(0.1, 0.0, 10, 0)),
        (10, whole, Cosine(0.1, 0.0, 10 * times, 10)),
        (whole, whole + 9, wave),
        (whole + 9, 90, Constant(0.05)),
    )
    assert at_round_counts(pieces, y, 1e-9) == [Segment(0, whole + 9, wave), Segment(whole + 9, 90, Constant(0.05))]


def test_a_cosine_that_starts_again_and_breaks_off_is_no_wave():
    pieces, y = pieces_of((0, 10, Cosine(0.1, 0.0, 10, 0)), (10, 20, Cosine(0.1, 0.0, 10, 10)), (20, 40, Constant(0.1)))
    y[15] = 0.3
    assert at_round_counts(pieces, y, 1e-9) == pieces


def test_restarts_take_in_the_first_cycle_which_was_too_short_to_be_read():
    whole, read = Restarts(0.1, 0.0, 3, 2, 4), Restarts(0.1, 0.0, 6, 2, 7)
    pieces = [Segment(0, 4, Constant(0.1)), Segment(4, 7, Other()), Segment(7, 60, read)]
    y = np.concatenate([np.full(4, 0.1), whole(np.arange(4, 60))])
    assert at_round_counts(pieces, y, 1e-9) == [Segment(0, 4, Constant(0.1)), Segment(4, 60, whole)]


def test_drops_before_the_start_that_no_float_holds_are_left_out():
    stairs = Staircase((0.1, 1e-201), (30,))
    assert _earlier(stairs, 20) == stairs
    assert _earlier(Staircase((0.1, 0.05), (30,)), 20) == Staircase((0.4, 0.2, 0.1, 0.05), (10, 20, 30))


@pytest.mark.parametrize("values", [np.full(40, 0.1), np.arange(40) / 100])
def test_values_of_no_drop_or_of_nothing_else_are_no_levels(values):
    assert _levels(values, 0) is None


def test_a_warm_up_lies_over_what_has_a_rate_and_from_no_less_than_0():
    line = Linear(0.25, 0.0375, 0)
    (found,) = _laid(line, jaxlr.StepLR(1.0, 30))
    assert found == jaxlr.ChainedScheduler([LinearLR(1.0, 0.25, total_iters=20), jaxlr.StepLR(1.0, 30)])
    assert list(_laid(line, jaxlr.CyclicLR(0.01, 0.1, 30, cycle_momentum=False))) == []
    assert list(_laid(Linear(-0.2, 0.04, 0), jaxlr.StepLR(0.1, 30))) == []
