"""The schedules that torch lacks: where they go, what they take, what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxlr

LR = 0.1
RAMP = jaxlr.LinearRamp(LR, 4)
STEP = jaxlr.StepLR(LR, step_size=3)
COSINE = jaxlr.CosineAnnealingLR(LR, T_max=20, eta_min=0.01)
CYCLE = jaxlr.OneCycleLR(LR, total_steps=20)
PLATEAU = jaxlr.ReduceLROnPlateau(LR, patience=0, factor=0.5)
PRODUCT = jaxlr.Product(LR, [RAMP, COSINE])
TIMM = jaxlr.SequentialLR(LR, [RAMP, jaxlr.Shifted(COSINE, by=4)], [4])


def both_forms(schedule, steps):
    """The values, which are the same in both forms."""
    closed = jaxlr.trajectory(schedule, steps, form="closed")
    np.testing.assert_array_max_ulp(jaxlr.trajectory(schedule, steps, form="recursive"), closed, 1)
    return closed


def test_a_ramp_from_0_rises():
    np.testing.assert_array_equal(both_forms(RAMP, 6), np.float32([0, 0.025, 0.05, 0.075, 0.1, 0.1]))
    assert both_forms(jaxlr.LinearRamp(LR, 1, 0.0, 0.0), 3).tolist() == [0, 0, 0]
    assert both_forms(jaxlr.LinearRamp(0.0, 4), 3).tolist() == [0, 0, 0]


def test_a_product_is_the_product_of_its_factors():
    members = [
        RAMP,
        COSINE,
        jaxlr.SequentialLR(LR, [jaxlr.ConstantLR(LR, 0.5, 2), STEP], [3]),
        jaxlr.ChainedScheduler([STEP, jaxlr.ExponentialLR(LR, 0.9)]),
        jaxlr.per_epoch(jaxlr.StepLR(LR, 2), 3),
        jaxlr.Shifted(COSINE, by=2),
        jaxlr.MultiplicativeLR(LR, lambda epoch: 0.95),
        jaxlr.OneCycleLR(0.3, 40, cycle_momentum=False),  # it overwrites nobody's initial learning rate
        jaxlr.SWALR(LR, 0.05),
        jaxlr.Product(LR, [RAMP]),
        jaxlr.Until(STEP, 30),
    ]
    with jax.enable_x64(True):
        factors = [jaxlr.trajectory(member, 30, form="closed") / LR for member in members]
        values = jaxlr.trajectory(jaxlr.Product(LR, members), 30)
    np.testing.assert_allclose(values, LR * np.prod(factors, axis=0), rtol=1e-13)
    with pytest.raises(ValueError, match="count must be at most 29"):
        jaxlr.Product(LR, members)(30)


def test_a_product_of_a_rate_of_0_is_0():
    assert both_forms(PRODUCT.with_lr(0.0), 3).tolist() == [0, 0, 0]


def test_another_rate_goes_to_every_part():
    assert TIMM.with_lr(0.2) == jaxlr.SequentialLR(
        0.2,
        [jaxlr.LinearRamp(0.2, 4), jaxlr.Shifted(jaxlr.CosineAnnealingLR(0.2, 20, 0.01), by=4)],
        [4],
    )
    assert jaxlr.Until(PRODUCT, 9).with_lr(0.2) == jaxlr.Until(
        jaxlr.Product(0.2, [jaxlr.LinearRamp(0.2, 4), jaxlr.CosineAnnealingLR(0.2, 20, 0.01)]), 9
    )


def test_members_that_are_alike_are_one_program():
    members = [
        RAMP,
        *(jaxlr.Product(LR, [jaxlr.LinearRamp(LR, 2 + i), jaxlr.StepLR(LR, 3 + i)]) for i in range(2)),
        *(jaxlr.Shifted(jaxlr.StepLR(LR, 3 + i), by=i) for i in range(2)),
    ]
    values = both_forms(jaxlr.SequentialLR(LR, members, range(4, 20, 4)), 20)
    for i, member in enumerate(members):
        np.testing.assert_array_equal(values[4 * i : 4 * i + 4], jaxlr.trajectory(member, 4))


def test_beside_schedulers_that_act_on_the_rate():
    metrics = [1.0] * 5
    together = jaxlr.trajectory(jaxlr.Together([RAMP, PLATEAU]), 5, metrics=metrics)
    np.testing.assert_array_equal(together, np.float32([0, 0.025, 0.025, 0.0375, 0.05]))  # a step of it overwrites
    turns = jaxlr.trajectory(jaxlr.InTurn([RAMP, jaxlr.InversePower(LR, 4, 1.0)], [4]), 7)
    np.testing.assert_array_max_ulp(turns, np.float32([0, 0.025, 0.05, 0.075, 0.1, 0.08, 0.1 * 4 / 6]), 1)
    # A OneCycleLR built after it overwrites the initial learning rate: of its parts too.
    later = jaxlr.SequentialLR(LR, [STEP, jaxlr.OneCycleLR(0.5, 20), PRODUCT], [2, 4])
    np.testing.assert_array_max_ulp(jaxlr.trajectory(later, 8)[4:], jaxlr.trajectory(PRODUCT.with_lr(0.5 / 25), 4), 1)


def test_the_momentum_comes_along():
    ahead = jaxlr.Shifted(CYCLE, by=5)
    np.testing.assert_array_equal(both_forms(ahead.momentum, 12), jaxlr.trajectory(CYCLE.momentum, 17)[5:])
    assert jaxlr.Until(ahead, 6).momentum == jaxlr.Until(ahead.momentum, 6)
    assert jaxlr.Until(ahead, 6).momentum(5) == CYCLE.momentum(10)
    sequence = jaxlr.SequentialLR(LR, [STEP, ahead], [2])
    momentum = jaxlr.trajectory(jaxlr.Until(sequence, 6).momentum, 6)
    np.testing.assert_array_equal(momentum[2:], jaxlr.trajectory(ahead.momentum, 4))
    for schedule in (RAMP, PRODUCT, jaxlr.Shifted(STEP, 1), jaxlr.Until(STEP, 3)):
        with pytest.raises(AttributeError, match="momentum is driven by no scheduler"):
            schedule.momentum  # noqa: B018


@pytest.mark.parametrize(
    "schedule",
    [TIMM, jaxlr.per_epoch(jaxlr.OneCycleLR(LR, 20, last_epoch=2), 2)],
    ids=repr,
)
def test_until_ends_it_and_changes_nothing_before(schedule):
    ended = jaxlr.Until(schedule, 7)
    np.testing.assert_array_equal(both_forms(ended, 7), jaxlr.trajectory(schedule, 7))
    with pytest.raises(ValueError, match="count must be at most 6"):
        ended(7)
    held = jax.jit(lambda count, n: (ended(count), jaxlr.Until(schedule, n)(count)))(9, 7)
    assert held[0] == held[1] == schedule(6)
    assert jaxlr.per_epoch(ended, 3)(20) == schedule(6)
    with pytest.raises(ValueError, match="count must be at most 20"):
        jaxlr.per_epoch(ended, 3)(21)


def test_until_steps_what_has_no_closed_form():
    both = jaxlr.Together([jaxlr.ExponentialLR(LR, 0.5), PLATEAU])
    ended = jaxlr.Until(both, 4)
    metrics = [1.0] * 3
    np.testing.assert_array_equal(
        jaxlr.trajectory(ended, 4, metrics=metrics), jaxlr.trajectory(both, 4, metrics=metrics)
    )
    with pytest.raises(TypeError, match="Until has no closed form"):
        ended(3)
    with pytest.raises(ValueError, match="steps must be at most 4"):
        jaxlr.trajectory(ended, 5, metrics=[1.0] * 4)
    resumed = jaxlr.Until(jaxlr.Resumed(TIMM, (6, 3, (2,)), lr=0.05), 3)
    assert len(jaxlr.trajectory(resumed, 3)) == 3
    assert jaxlr.Until(CYCLE, 50)._final_epoch == 20  # it ends itself


def test_a_composite_in_mid_run_and_its_momentum_are_stepped_inside():
    sequence = jaxlr.SequentialLR(LR, [STEP, CYCLE], [2])
    resumed = jaxlr.Resumed(sequence, (4, 1, (2,)), lr=0.05, held_momentum=0.9)
    for inner, outer in (
        (sequence.momentum, jaxlr.Until(sequence, 4).momentum),
        (resumed, jaxlr.per_epoch(resumed, 1)),
    ):
        stateful = outer.stateful()
        state, values = stateful.init(), []
        for _ in range(3):
            values.append(stateful(state))
            state = stateful.update(state)
        np.testing.assert_array_equal([*values, stateful(state)], jaxlr.trajectory(inner, 4))


def test_a_function_may_close_over_a_traced_number():
    def value(factor):
        member = jaxlr.LambdaLR(LR, lambda epoch: factor**epoch)
        parts = jaxlr.Product(LR, [member, STEP]), jaxlr.Shifted(member, by=2), jaxlr.Until(member, 9)
        return jnp.stack([part(1) for part in parts])

    np.testing.assert_allclose(jax.jit(value)(0.5), [0.05, 0.0125, 0.05], rtol=1e-6)


def test_gradients_through_the_parts():
    def value(lr, floor, T, s, p):
        cosine = jaxlr.CosineAnnealingLR(lr, 20, floor)
        product = jaxlr.Product(lr, [jaxlr.LinearRamp(lr, T), jaxlr.Shifted(cosine, by=8)])
        parts = product(2), jaxlr.PolynomialDecay(lr, T, p, floor)(1), jaxlr.InversePower(lr, s, p)(3)
        return jnp.stack(parts)

    lr, floor, T, s, p = LR, 0.01, 4.0, 5.0, 1.5
    slopes = jax.jit(jax.jacfwd(value, range(5)))(lr, floor, T, s, p)
    left, slower = 0.75, s / (s + 3)
    middle, fallen, inverse = (lr + floor) / 2, (lr - floor) * left**p, lr * slower**p
    expected = [
        [0.25, left**p, slower**p],
        [0.25, 1 - left**p, 0],
        [-2 / T**2 * middle, fallen * p / left / T**2, 0],
        [0, 0, inverse * p * (1 / s - 1 / (s + 3))],
        [0, fallen * np.log(left), inverse * np.log(slower)],
    ]
    np.testing.assert_allclose(slopes, expected, rtol=1e-5)


BAD = [
    (lambda: jaxlr.Shifted(TIMM, 3), TypeError, "schedule must be a jaxlr schedule that is one formula"),
    (lambda: jaxlr.Shifted(jaxlr.per_epoch(STEP, 2), 3), TypeError, "that is one formula"),
    (lambda: jaxlr.Shifted(CYCLE, 21), ValueError, r"by must be at most 20 .*there it ends, got 21"),
    (lambda: jaxlr.Shifted(CYCLE, 20, last_epoch=0), ValueError, "last_epoch must be at most -1"),
    (lambda: jaxlr.Product(LR, [CYCLE]), ValueError, r"schedulers\[0\] must drive no momentum.*cycle_momentum=False"),
    (lambda: jaxlr.Product(LR, [STEP, PLATEAU]), TypeError, r"schedulers\[1\] must have a closed form"),
    (
        lambda: jaxlr.Product(LR, [jaxlr.ChainedScheduler([COSINE])]),
        TypeError,
        r"must have a closed form, .*: take tabulate\(it, steps\)",
    ),
    (lambda: jaxlr.Product(LR, [STEP, RAMP.with_lr(0.2)]), ValueError, r"the one learning rate .* \[0.1, 0.1, 0.2\]"),
    (lambda: jaxlr.Product(LR, [jaxlr.StepLR(LR, 3, last_epoch=2)]), ValueError, "resume the Product as a whole"),
    (lambda: jaxlr.SequentialLR(LR, [jaxlr.Until(STEP, 9), RAMP], [3]), TypeError, r"Until\(SequentialLR\(\.\.\.\)"),
    (lambda: jaxlr.ChainedScheduler([jaxlr.Until(STEP, 9)]), TypeError, r"must be no Until.*Until\(ChainedScheduler"),
    (lambda: jaxlr.Together([jaxlr.per_epoch(jaxlr.Until(STEP, 9), 2)]), TypeError, "must be no Until"),
    (lambda: jaxlr.InTurn([STEP, jaxlr.Until(STEP, 9)], [3]), TypeError, r"schedulers\[1\] must be no Until"),
    (lambda: jaxlr.Until(CYCLE, 50)(21), ValueError, "count must be at most 20"),
    (lambda: RAMP(1.5), TypeError, "count must be an integer"),
]


@pytest.mark.parametrize(("build", "error", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_inputs_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_bad_inputs_are_refused_under_jit():
    def build(lr):
        with pytest.raises(ValueError, match="compute it once"):
            jaxlr.Product(lr, [jaxlr.StepLR(lr * 1, 3)])
        with pytest.raises(ValueError, match="total_iters must be a finite number > 0"):
            jaxlr.LinearRamp(lr, 0)
        return jaxlr.Product(lr, [jaxlr.StepLR(lr, 3)])(3)

    assert jax.jit(build)(LR) == STEP(3)
