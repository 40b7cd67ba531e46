"""A curve that is a formula comes back as the schedule that gives it; what is none comes back as None."""

import math
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from curves import of, proved
from curves import written as w
from each import of_which

import jaxlr
from jaxlr import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    InversePower,
    LinearLR,
    LinearRamp,
    MultiStepLR,
    OneCycleLR,
    PolynomialDecay,
    PolynomialLR,
    Product,
    SequentialLR,
    Shifted,
    StepLR,
    per_epoch,
)

PI = math.pi


def warmcos(lr, W, N, floor=0.0):
    return w(lambda t: lr * t / W if t < W else floor + (lr - floor) * 0.5 * (1 + math.cos(PI * (t - W) / (N - W))), N)


WARM_UP = LinearLR(0.1, start_factor=0.05, total_iters=19)


def in_epochs(schedule):
    """A warm-up of 20 batches over a schedule of epochs of 5 batches."""
    return np.minimum(1, np.arange(1, 1001) / 20) * of(per_epoch(schedule, 5), 1000)


RECIPES = {
    "constant": (np.full(100, 3e-4), ConstantLR(0.0003, factor=1.0)),
    "a line to 0, past its end": (
        w(lambda t: 1e-3 * max(0, 1 - t / 1000), 1300),
        LinearLR(0.001, start_factor=1.0, end_factor=0.0, total_iters=1000),
    ),
    "a warm-up alone": (w(lambda t: 5e-5 * min(1, t / 500), 5000), LinearRamp(5e-05, 500)),
    "transformers: linear": (
        w(lambda t: 5e-5 * (t / 300 if t < 300 else max(0, (3000 - t) / (2700))), 3000),
        SequentialLR(
            5e-05, (LinearRamp(5e-05, 300), LinearLR(5e-05, start_factor=1.0, end_factor=0.0, total_iters=2700)), (300,)
        ),
    ),
    "transformers: cosine": (
        warmcos(6e-4, 500, 10000),
        SequentialLR(0.0006, (LinearRamp(0.0006, 500), CosineAnnealingLR(0.0006, 9500)), (500,)),
    ),
    "100,000 counts": (
        warmcos(6e-4, 2000, 100000),
        SequentialLR(0.0006, (LinearRamp(0.0006, 2000), CosineAnnealingLR(0.0006, 98000)), (2000,)),
    ),
    "transformers: cosine with min lr": (
        warmcos(6e-4, 500, 10000, 6e-5),
        SequentialLR(0.0006, (LinearRamp(0.0006, 500), CosineAnnealingLR(0.0006, 9500, eta_min=6e-05)), (500,)),
    ),
    "a warm-up of 5 epochs": (
        warmcos(0.1, 5, 90),
        SequentialLR(0.1, (LinearRamp(0.1, 5), CosineAnnealingLR(0.1, 85)), (5,)),
    ),
    "a warm-up of 3 epochs": (
        warmcos(0.1, 3, 100),
        SequentialLR(0.1, (LinearRamp(0.1, 3), CosineAnnealingLR(0.1, 97)), (3,)),
    ),
    "nanoGPT of 2023": (
        w(
            lambda t: (
                6e-4 * t / 2000
                if t < 2000
                else (6e-5 if t > 18000 else 6e-5 + 0.5 * (1 + math.cos(PI * (t - 2000) / 16000)) * 5.4e-4)
            ),
            20000,
        ),
        SequentialLR(
            0.0006,
            (
                LinearRamp(0.0006, 2000),
                CosineAnnealingLR(0.0006, 16000, eta_min=6e-05),
                LinearLR(0.0006, start_factor=0.1, end_factor=0.1),
            ),
            (2000, 18000),
        ),
    ),
    "nanoGPT": (
        w(
            lambda t: (
                6e-4 * (t + 1) / 2001
                if t < 2000
                else (6e-5 if t > 18000 else 6e-5 + 0.5 * (1 + math.cos(PI * (t - 2000) / 16000)) * 5.4e-4)
            ),
            20000,
        ),
        SequentialLR(
            0.0006,
            (
                LinearLR(0.0006, start_factor=0.0004997501249375312, total_iters=2000),
                CosineAnnealingLR(0.0006, 16000, eta_min=6e-05),
                LinearLR(0.0006, start_factor=0.1, end_factor=0.1),
            ),
            (2000, 18000),
        ),
    ),
    "transformers: polynomial": (
        w(
            lambda t: (
                1e-3 * t / 100 if t < 100 else (1e-7 if t > 1000 else (1e-3 - 1e-7) * (1 - (t - 100) / 900) ** 2 + 1e-7)
            ),
            1100,
        ),
        SequentialLR(0.001, (LinearRamp(0.001, 100), PolynomialDecay(0.001, 900, power=2.0, eta_min=1e-07)), (100,)),
    ),
    "polynomial, past its end": (
        of(jaxlr.PolynomialLR(0.01, total_iters=1000, power=0.9), 1200),
        PolynomialLR(0.01, 1000, power=0.9),
    ),
    "mmengine: PolyLR": (
        w(lambda t: 1e-4 + (0.01 - 1e-4) * (1 - t / 40000) ** 0.9, 40000),
        PolynomialDecay(0.01, 40000, power=0.9, eta_min=0.0001),
    ),
    "transformers: inverse sqrt": (
        w(lambda t: 5e-4 * t / 4000 if t < 4000 else 5e-4 / math.sqrt((t + 10000 - 4000) / 10000), 50000),
        SequentialLR(0.0005, (LinearRamp(0.0005, 4000), InversePower(0.0005, 10000)), (4000,)),
    ),
    "fairseq: inverse sqrt": (
        w(lambda t: 1e-7 + t * (5e-4 - 1e-7) / 4000 if t < 4000 else 5e-4 * 4000**0.5 * t**-0.5, 20000),
        SequentialLR(
            0.0005, (LinearLR(0.0005, start_factor=0.0002, total_iters=4000), InversePower(0.0005, 4000)), (4000,)
        ),
    ),
    "Noam": (
        w(lambda t: 512**-0.5 * min((t + 1) ** -0.5, (t + 1) * 4000**-1.5), 20000),
        SequentialLR(
            0.000698771242969,
            (
                LinearLR(0.000698771242969, start_factor=0.00025, total_iters=3999),
                InversePower(0.000698771242969, 4000),
            ),
            (3999,),
        ),
    ),
    "exponential": (w(lambda t: 0.1 * 0.95**t, 200), ExponentialLR(0.1, gamma=0.95)),
    "an exponential cut by a floor": (
        w(lambda t: max(0.1 * 0.99**t, 1e-3), 1000),
        SequentialLR(0.1, (ExponentialLR(0.1, gamma=0.99), LinearLR(0.1, start_factor=0.01, end_factor=0.01)), (459,)),
    ),
    "a warm-up over an exponential": (
        w(lambda t: 1e-3 * min(1, (t + 1) / 10) * 0.97**t, 300),
        ChainedScheduler((LinearLR(0.001, start_factor=0.1, total_iters=9), ExponentialLR(0.001, gamma=0.97))),
    ),
    "StepLR": (of(jaxlr.StepLR(0.1, 30), 90), StepLR(0.1, 30)),
    "many steps": (
        w(lambda t: 0.256 * 0.97 ** (t // 2.4) if 0 else 0.016 * 0.97 ** (t // 24), 2400),
        StepLR(0.016, 24, gamma=0.97),
    ),
    "two milestones": (of(jaxlr.MultiStepLR(0.1, [30000, 60000]), 90000), StepLR(0.1, 30000)),
    "unequal steps": (
        w(lambda t: 0.1 if t < 100 else 0.02 if t < 150 else 0.01, 200),
        SequentialLR(
            0.1,
            (
                LinearLR(0.1, start_factor=1.0),
                LinearLR(0.1, start_factor=0.2, end_factor=0.2),
                LinearLR(0.1, start_factor=0.1, end_factor=0.1),
            ),
            (100, 150),
        ),
    ),
    "a warm-up over milestones": (
        w(lambda t: 0.1 * min(1, (t + 1) / 5) * 0.1 ** sum(t >= m for m in (30, 60, 80)), 90),
        ChainedScheduler((LinearLR(0.1, start_factor=0.2, total_iters=4), MultiStepLR(0.1, (30, 60, 80)))),
    ),
    "a milestone in the warm-up": (
        w(lambda t: 0.1 * min(1, t / 500) * 0.1 ** sum(t >= m for m in (300, 6000, 8000)), 9000),
        Product(0.1, (LinearRamp(0.1, 500), MultiStepLR(0.1, (300, 6000, 8000)))),
    ),
    "mmengine: LinearLR and MultiStepLR": (
        w(
            lambda t: (
                0.02
                * ((0.001 + (1 - 0.001) * t / 499) if t < 499 else 1)
                * 0.1 ** sum(t >= m for m in (8 * 1000, 11 * 1000))
            ),
            12000,
        ),
        ChainedScheduler((LinearLR(0.02, start_factor=0.001, total_iters=499), MultiStepLR(0.02, (8000, 11000)))),
    ),
    "a cosine past its end": (of(jaxlr.CosineAnnealingLR(0.1, 50), 400), CosineAnnealingLR(0.1, 50)),
    "a part of a cosine": (
        of(jaxlr.CosineAnnealingLR(0.1, 50000, 1e-4), 20000),
        CosineAnnealingLR(0.1, 50000, eta_min=0.0001),
    ),
    "warm restarts": (
        of(jaxlr.CosineAnnealingWarmRestarts(0.1, 10, 2), 300),
        CosineAnnealingWarmRestarts(0.1, 10, T_mult=2),
    ),
    "a warm-up, then restarts": (
        w(lambda t: 0.1 * t / 100 if t < 100 else 0.05 * (1 + math.cos(PI * ((t - 100) % 300) / 300)), 1000),
        SequentialLR(0.1, (LinearRamp(0.1, 100), CosineAnnealingWarmRestarts(0.1, 300)), (100,)),
    ),
    "transformers: hard restarts": (
        w(
            lambda t: 3e-4 * t / 500 if t < 500 else (3e-4 * 0.5 * (1 + math.cos(PI * ((3 * (t - 500) / 9000) % 1)))),
            9500,
        ),
        SequentialLR(0.0003, (LinearRamp(0.0003, 500), CosineAnnealingWarmRestarts(0.0003, 3000)), (500,)),
    ),
    "CyclicLR": (
        of(jaxlr.CyclicLR(0.001, 0.1, 20, 30, cycle_momentum=False), 1000),
        CyclicLR(0.001, 0.1, step_size_up=20.0, step_size_down=30.0, cycle_momentum=False),
    ),
    "triangular2": (
        of(jaxlr.CyclicLR(0.001, 0.1, 20, mode="triangular2", cycle_momentum=False), 1000),
        CyclicLR(0.001, 0.1, step_size_up=20.0, mode="triangular2", cycle_momentum=False),
    ),
    "exp_range": (
        of(jaxlr.CyclicLR(0.001, 0.1, 2000, mode="exp_range", gamma=0.99994, cycle_momentum=False), 20000),
        CyclicLR(0.001, 0.1, mode="exp_range", gamma=0.99994, cycle_momentum=False),
    ),
    "OneCycleLR": (
        of(jaxlr.OneCycleLR(0.1, total_steps=1000, cycle_momentum=False), 1000),
        OneCycleLR(0.1, total_steps=1000, cycle_momentum=False),
    ),
    "three phases": (
        of(jaxlr.OneCycleLR(0.1, total_steps=1000, three_phase=True, cycle_momentum=False), 1000),
        OneCycleLR(0.1, total_steps=1000, cycle_momentum=False, three_phase=True),
    ),
    "OneCycleLR along lines": (
        of(
            jaxlr.OneCycleLR(0.01, total_steps=6250, pct_start=0.25, anneal_strategy="linear", cycle_momentum=False),
            6250,
        ),
        OneCycleLR(0.01, total_steps=6250, pct_start=0.25, anneal_strategy="linear", cycle_momentum=False),
    ),
    "timm: the cosine counts on": (
        w(
            lambda t: (
                1e-6 + t * (1e-3 - 1e-6) / 20 if t < 20 else 1e-5 + 0.5 * (1e-3 - 1e-5) * (1 + math.cos(PI * t / 300))
            ),
            300,
        ),
        SequentialLR(
            0.001,
            (
                LinearLR(0.001, start_factor=0.001, total_iters=20),
                Shifted(CosineAnnealingLR(0.001, 300, eta_min=1e-05), 20),
            ),
            (20,),
        ),
    ),
    "a cosine that counts the warm-up": (
        w(lambda t: 1e-3 * t / 1000 if t < 1000 else 0.5e-3 * (1 + math.cos(PI * t / 30000)), 20000),
        SequentialLR(0.001, (LinearRamp(0.001, 1000), Shifted(CosineAnnealingLR(0.001, 30000), 1000)), (1000,)),
    ),
    "a warm-up over a cosine": (
        w(lambda t: 1e-3 * min(1, t / 500) * 0.5 * (1 + math.cos(PI * t / 10000)), 10000),
        Product(0.001, (LinearRamp(0.001, 500), CosineAnnealingLR(0.001, 10000))),
    ),
    "a cosine once an epoch": (
        of(jaxlr.per_epoch(jaxlr.CosineAnnealingLR(0.1, 90), 390), 35100),
        per_epoch(CosineAnnealingLR(0.1, 90), 390),
    ),
    "a warm-up at every count, a cosine once an epoch": (
        w(lambda t: 0.1 * t / 1950 if t < 1950 else 0.05 * (1 + math.cos(PI * (t // 390) / 90)), 35100),
        SequentialLR(
            0.1,
            (LinearRamp(0.1, 1950), Product(0.1, (per_epoch(Shifted(CosineAnnealingLR(0.1, 90), 5), 390),))),
            (1950,),
        ),
    ),
    "a warm-up laid over a cosine once an epoch": (
        w(lambda t: min(1, (t + 1) / 1950) * 0.05 * (1 + math.cos(PI * (t // 390) / 90)), 35100),
        Product(
            0.1,
            (
                LinearLR(0.1, start_factor=0.0005128205128205128, total_iters=1949),
                per_epoch(CosineAnnealingLR(0.1, 90), 390),
            ),
        ),
    ),
    "a warm-up of 552.32 counts": (w(lambda t: min(t / 552.32, 1.0) * 1e-3, 2000), LinearRamp(0.001, 552.32)),
    "warm-up, stable, decay": (
        w(lambda t: 1e-3 * t / 100 if t < 100 else 1e-3 if t < 800 else 1e-3 * (1 - (t - 800) / 200), 1000),
        SequentialLR(
            0.001, (LinearRamp(0.001, 100), LinearLR(0.001, start_factor=1.0, end_factor=0.0, total_iters=200)), (800,)
        ),
    ),
    "a decay to a floor": (
        w(
            lambda t: 1e-3 * t / 100 if t < 100 else 1e-3 if t < 8000 else 1e-4 + 9e-4 * max(0, 1 - (t - 8000) / 2000),
            11000,
        ),
        SequentialLR(
            0.001,
            (LinearRamp(0.001, 100), LinearLR(0.001, start_factor=1.0, end_factor=0.1, total_iters=2000)),
            (8000,),
        ),
    ),
    "a cosine from mid-curve": (
        of(jaxlr.CosineAnnealingLR(0.1, 1000), 1000)[300:],
        Shifted(CosineAnnealingLR(0.1, 1000), 300),
    ),
    "a constant, then a line": (
        w(lambda t: 2e-4 if t < 100 else 2e-4 * (1 - (t - 100) / 101), 200),
        SequentialLR(
            0.0002,
            (LinearLR(0.0002, start_factor=1.0), LinearLR(0.0002, start_factor=1.0, end_factor=0.0, total_iters=101)),
            (100,),
        ),
    ),
    "an inverse power": (w(lambda t: 0.01 * (1 + 10 * t / 1000) ** -0.75, 1000), InversePower(0.01, 100, power=0.75)),
    "a warm-up over restarts once an epoch": (
        in_epochs(CosineAnnealingWarmRestarts(0.1, 10, T_mult=2)),
        Product(0.1, [WARM_UP, per_epoch(CosineAnnealingWarmRestarts(0.1, 10, T_mult=2), 5)]),
    ),
    "a warm-up over restarts once an epoch, all as long": (
        in_epochs(CosineAnnealingWarmRestarts(0.1, 6)),
        Product(0.1, [WARM_UP, per_epoch(CosineAnnealingWarmRestarts(0.1, 6), 5)]),
    ),
    "a warm-up over a cosine once an epoch, then a level": (
        in_epochs(SequentialLR(0.1, [CosineAnnealingLR(0.1, 50), LinearLR(0.1, 0.2, 0.2)], [40])),
        Product(
            0.1, [WARM_UP, per_epoch(SequentialLR(0.1, [CosineAnnealingLR(0.1, 50), LinearLR(0.1, 0.2, 0.2)], [40]), 5)]
        ),
    ),
    "a warm-up over a cosine once an epoch, then drops": (
        in_epochs(SequentialLR(0.1, [CosineAnnealingLR(0.1, 50), StepLR(0.1, 30, 0.5)], [40])),
        Product(
            0.1, [WARM_UP, per_epoch(SequentialLR(0.1, [CosineAnnealingLR(0.1, 50), StepLR(0.1, 30, 0.5)], [40]), 5)]
        ),
    ),
    "a warm-up over a cosine once an epoch, then a decay once a step": (
        np.where(
            np.arange(1000) < 200,
            in_epochs(CosineAnnealingLR(0.1, 50)),
            0.1 * 0.99 ** (np.arange(1000) - 200.0),
        ),
        Product(
            0.1,
            [
                WARM_UP,
                SequentialLR(
                    0.1, [Product(0.1, [per_epoch(CosineAnnealingLR(0.1, 50), 5)]), ExponentialLR(0.1, 0.99)], [200]
                ),
            ],
        ),
    ),
}


@pytest.mark.parametrize("recipe", of_which(RECIPES, list(RECIPES)[::3]))
def test_a_recipe_is_recognised_in_float64_and_in_float32(recipe):
    values, schedule = RECIPES[recipe]
    found = jaxlr.recognize(values)
    assert found == schedule
    assert proved(found, values)
    assert eval(repr(found), vars(jaxlr)) == found
    rounded = values.astype(np.float32)
    found = jaxlr.recognize(rounded)
    assert type(found) is type(schedule)
    assert proved(found, rounded)


EDITED = ["transformers: linear", "nanoGPT of 2023", "exponential", "StepLR", "a warm-up over milestones", "CyclicLR"]
EDITED += ["warm restarts", "a cosine once an epoch", "a warm-up alone", "timm: the cosine counts on"]


@pytest.mark.parametrize("recipe", of_which(EDITED, EDITED[::3]))
def test_one_value_edited_is_no_schedule(recipe):
    values, _ = RECIPES[recipe]
    n = len(values)
    for at, factor in ((0, 1.001), (1, 1.5), (2, 0.7), (n // 2, 1.001), (n - 2, 0.7), (n - 1, 1.5)):
        edited = values.copy()
        edited[at] = factor * values[at] if values[at] else 0.3 * values.max()
        assert jaxlr.recognize(edited) is None, (at, factor)


@pytest.mark.parametrize("noise", [1e-3, 1e-6])
def test_noise_is_no_schedule(noise):
    values, _ = RECIPES["transformers: cosine"]
    assert jaxlr.recognize(values * (1 + noise * np.random.default_rng(0).standard_normal(len(values)))) is None


_random = np.random.default_rng(1)
_t = np.arange(2_000)


@pytest.mark.parametrize(
    "values",
    [
        _random.random(1_000),
        _random.random(8),
        _random.random(100_000),
        _random.random(40).repeat(50),
        np.abs(np.cumsum(_random.standard_normal(2_000))),
        1 / (1 + np.exp(_t / 200 - 5)),
        np.interp(_t, np.linspace(0, 2_000, 40), _random.random(40)),
        np.full(7, 0.1),
    ],
    ids=["random", "8", "100,000", "levels", "walk", "sigmoid", "lines", "7 values"],
)
def test_what_no_formula_gives_is_none(values):
    assert jaxlr.recognize(values) is None


def test_a_value_within_a_float32_ulp_is_given():
    values = RECIPES["transformers: cosine"][0]
    off = np.spacing(values.astype(np.float32)).astype(np.float64)
    assert jaxlr.recognize(values + 0.4 * off * np.sin(np.arange(len(values)))) == jaxlr.recognize(values)
    assert jaxlr.recognize(values + 2 * off * np.sin(np.arange(len(values)))) is None


@pytest.mark.parametrize("kind", [list, tuple, jnp.asarray, jaxlr.Table])
def test_values_may_be_of_any_kind(kind):
    values = [0.5 * 0.5 ** (t // 3) for t in range(12)]
    assert jaxlr.recognize(kind(values)) == StepLR(0.5, 3, gamma=0.5)


def test_what_is_found_pickles():
    found = jaxlr.recognize(RECIPES["a warm-up over a cosine"][0])
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    "schedule",
    [OneCycleLR(0.1, total_steps=100), CyclicLR(0.01, 0.1, 5, base_momentum=0.85, max_momentum=0.95)],
)
def test_the_momentums_of_a_table_must_be_given_too(schedule):
    momentums = of(schedule.momentum, 100)
    table = jaxlr.Table(of(schedule, 100), momentums)
    assert jaxlr.recognize(table) == schedule
    assert jaxlr.recognize(jaxlr.Table(table.values, momentums[::-1] + 0.01)) is None
    assert jaxlr.recognize(jaxlr.Table(of(StepLR(0.1, 30), 100), momentums)) is None
    assert not hasattr(jaxlr.recognize(table.values), "momentum")


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ("warm-up", TypeError, "recognize: values must be"),
        (0.1, TypeError, "recognize: values must be"),
        (np.ones((3, 4)), TypeError, r"recognize: values must be .* got one of shape \(3, 4\)"),
        ([0.1] * 9 + ["0.1"], TypeError, r"recognize: values\[9\] must be a finite number"),
        (np.r_[np.ones(9), np.nan], ValueError, r"recognize: values\[9\] must be a finite number, got nan"),
        ([0.1] * 4 + [math.inf] * 5, ValueError, r"recognize: values\[4\] must be a finite number, got inf"),
        ([], ValueError, "recognize: values must hold at least one number"),
    ],
)
def test_other_values_are_refused(values, error, said):
    with pytest.raises(error, match=said):
        jaxlr.recognize(values)


def test_a_table_is_read_from_its_count_0():
    values = [0.1 * 0.9**i for i in range(40)]
    assert jaxlr.recognize(jaxlr.Table(values, last_epoch=9)) == jaxlr.recognize(values[10:])


def test_in_a_traced_function():
    @jax.jit
    def at(count):
        return jaxlr.recognize([0.1 * 0.9**i for i in range(20)])(count)

    assert at(3) == jaxlr.ExponentialLR(0.1, 0.9)(3)
