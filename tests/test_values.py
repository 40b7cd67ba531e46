"""A schedule is a value: it prints as its code, compares, hashes, pickles, is replaced and never changed."""

import copy
import dataclasses
import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from each import each_case

import jaxlr
from jaxlr._numbers import Numbers
from parity import cases
from parity.cases import CASES, OWN, damped, exponential, one

NAMESPACE = vars(cases) | {name: getattr(jaxlr, name) for name in jaxlr.__all__}
SCHEDULES = [case.schedule() for case in CASES]
OTHERS = [
    *(case.schedule() for entry in OWN for case in entry.recipes),
    jaxlr.Table([0.1, 0.2]),
    jaxlr.Table((0.1, 1, 1e-30), last_epoch=1),
    jaxlr.OneCycleLR(0.1, total_steps=9).momentum,
    jaxlr.CyclicLR(0.1, 0.2, scale_fn=damped).momentum,
    jaxlr.per_epoch(jaxlr.LambdaLR(0.1, exponential), 5),
    jaxlr.per_epoch(jaxlr.per_epoch(jaxlr.Table([0.1]), 5), 2),
    jaxlr.StepLR(0.1, step_size=3).stateful(),
]


@pytest.mark.parametrize("schedule", [*SCHEDULES, *OTHERS], ids=repr)
def test_the_repr_is_code_that_builds_an_equal_value(schedule):
    again = eval(repr(schedule), dict(NAMESPACE))
    assert again == schedule
    assert type(again) is type(schedule)
    assert hash(again) == hash(schedule)
    assert repr(again) == repr(schedule)


def test_a_long_table_is_code_that_str_cuts():
    table = jaxlr.Table([0.1, *range(99)])
    assert eval(repr(table), dict(NAMESPACE)) == table
    assert str(jaxlr.per_epoch(table, 3)) == (
        "per_epoch(schedule=Table(values=(0.1, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, ... 90 more)), "
        "steps_per_epoch=3)"
    )
    members = jaxlr.Together([table, jaxlr.StepLR(0.1, 3)])
    assert str(members).endswith("... 90 more)), StepLR(lr=0.1, step_size=3)))")
    assert str(jaxlr.Together([jaxlr.StepLR(0.1, 3)])) == repr(jaxlr.Together([jaxlr.StepLR(0.1, 3)]))


def test_the_repr_leaves_out_defaults():
    assert repr(jaxlr.StepLR(0.1, 3, 0.1)) == "StepLR(lr=0.1, step_size=3)"
    assert repr(jaxlr.MultiStepLR(1, [3, 2])) == "MultiStepLR(lr=1.0, milestones=(3, 2))"
    assert repr(jaxlr.LambdaLR(0.1, one, total_steps=3)) == "LambdaLR(lr=0.1, lr_lambda=one, total_steps=3)"
    assert repr(jaxlr.per_epoch(jaxlr.ExponentialLR(0.1, 0.5), 3)) == (
        "per_epoch(schedule=ExponentialLR(lr=0.1, gamma=0.5), steps_per_epoch=3)"
    )


class Halver:
    def __call__(self, epoch):
        return 0.5**epoch

    def halve(self, epoch):
        return 0.5**epoch


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda epoch: 0.5**epoch, "<lambda>"),
        (functools.partial(pow, 0.5), "partial"),
        (Halver(), "Halver"),
        (Halver().halve, "halve"),
        (jnp.cos, "cos"),
    ],
    ids=["lambda", "partial", "object", "method", "ufunc"],
)
def test_any_function_prints(function, shown):
    schedule = jaxlr.LambdaLR(0.1, function)
    assert repr(schedule).startswith("LambdaLR(lr=0.1, lr_lambda=")
    assert shown in repr(schedule)
    assert schedule == jaxlr.LambdaLR(0.1, function)
    assert hash(schedule) == hash(jaxlr.LambdaLR(0.1, function))


@each_case
def test_copies_are_equal_and_give_the_same_values(case):
    schedule = case.schedule()
    copies = [case.schedule(), copy.copy(schedule), copy.deepcopy(schedule), dataclasses.replace(schedule)]
    copies += [pickle.loads(pickle.dumps(schedule, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert other == schedule
        assert hash(other) == hash(schedule)
        assert repr(other) == repr(schedule)
        assert set(vars(other)) == set(vars(schedule))
    assert pickle.loads(pickle.dumps(schedule.stateful())) == schedule.stateful()


@pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.name)
def test_copies_of_a_formula_of_ours_are_equal(entry):
    for case in entry.recipes:
        schedule = case.schedule()
        copies = [case.schedule(), copy.deepcopy(schedule), dataclasses.replace(schedule)]
        copies += [pickle.loads(pickle.dumps(schedule)), pickle.loads(pickle.dumps(schedule.stateful())).schedule]
        for other in copies:
            assert other == schedule
            assert hash(other) == hash(schedule)
        with pytest.raises(dataclasses.FrozenInstanceError):
            schedule.last_epoch = 3


def test_a_length_that_is_whole_prints_as_an_integer():
    assert repr(jaxlr.LinearRamp(0.1, 500.0)) == "LinearRamp(lr=0.1, total_iters=500)"
    assert repr(jaxlr.InversePower(0.1, np.float32(7.5))) == "InversePower(lr=0.1, timescale=7.5)"
    assert repr(jaxlr.PolynomialDecay(0.1, 2**53, eta_min=1e-7)) == (
        "PolynomialDecay(lr=0.1, total_iters=9007199254740992, eta_min=1e-07)"
    )
    assert jaxlr.LinearRamp(0.1, 1e300)(1) == np.float32(0.0)


@each_case
def test_replace_changes_one_field_and_checks_it(case):
    schedule = case.schedule()
    for field in dataclasses.fields(schedule):
        if field.name in ("lr", "base_lr", "swa_lr", "max_lr"):
            other = dataclasses.replace(schedule, **{field.name: 0.123})
            assert getattr(other, field.name) == 0.123
            assert other != schedule
            assert dataclasses.replace(other, **{field.name: getattr(schedule, field.name)}) == schedule
            with pytest.raises(TypeError, match=field.name):
                dataclasses.replace(schedule, **{field.name: "0.1"})


@each_case
def test_frozen(case):
    schedule = case.schedule()
    for field in dataclasses.fields(schedule):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(schedule, field.name, getattr(schedule, field.name))
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(schedule, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.stateful().schedule = schedule


def test_different_cases_are_different_values():
    # Recipes that two tutorials share are equal; all others differ.
    distinct = {repr(schedule): schedule for schedule in SCHEDULES}
    assert len(set(SCHEDULES)) == len(distinct) > 100
    for schedule in SCHEDULES:
        assert [other for other in distinct.values() if other == schedule] == [distinct[repr(schedule)]]


@pytest.mark.parametrize(
    ("schedule", "other"),
    [
        (jaxlr.StepLR(0.1, 3), jaxlr.StepLR(0.1, 4)),
        (jaxlr.StepLR(0.1, 3), jaxlr.StepLR(0.1, 3, last_epoch=0)),
        (jaxlr.StepLR(0.1, 3), jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 1)),
        (jaxlr.MultiStepLR(0.1, [1, 2]), jaxlr.MultiStepLR(0.1, [2, 1])),
        (jaxlr.LambdaLR(0.1, one), jaxlr.MultiplicativeLR(0.1, one)),
        (jaxlr.LambdaLR(0.1, one), jaxlr.LambdaLR(0.1, one, total_steps=3)),
        (jaxlr.LambdaLR(0.1, one), jaxlr.LambdaLR(0.1, exponential)),
        (jaxlr.OneCycleLR(0.1, 9), jaxlr.OneCycleLR(0.1, 9, three_phase=True)),
        (jaxlr.Table([0.1]), jaxlr.Table([0.1, 0.1])),
        (jaxlr.LinearRamp(0.1, 3), jaxlr.LinearRamp(0.1, 3.5)),
        (jaxlr.Shifted(jaxlr.StepLR(0.1, 3), 1), jaxlr.Shifted(jaxlr.StepLR(0.1, 3), 2)),
        (jaxlr.Shifted(jaxlr.StepLR(0.1, 3), 1), jaxlr.Until(jaxlr.StepLR(0.1, 3), 1)),
        (jaxlr.Product(0.1, [jaxlr.StepLR(0.1, 3)]), jaxlr.ChainedScheduler([jaxlr.StepLR(0.1, 3)])),
        (jaxlr.StepLR(0.1, 3), jaxlr.StepLR(0.1, 3).stateful()),
        (jaxlr.StepLR(0.1, 3), "StepLR(lr=0.1, step_size=3)"),
    ],
    ids=repr,
)
def test_different_arguments_are_different_values(schedule, other):
    assert schedule != other
    assert schedule == copy.copy(schedule)


@pytest.mark.parametrize(
    "one",
    [1, np.float32(1), np.float64(1), np.int8(1), np.array(1), np.array(1.0), jnp.float32(1), jnp.asarray(1)],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
def test_a_concrete_number_becomes_a_python_float(one):
    for schedule, expected in [
        (jaxlr.StepLR(one, step_size=3, gamma=one), jaxlr.StepLR(1.0, step_size=3, gamma=1.0)),
        (jaxlr.ConstantLR(one, factor=one), jaxlr.ConstantLR(1.0, factor=1.0)),
        (jaxlr.LinearLR(one, one, one), jaxlr.LinearLR(1.0, 1.0, 1.0)),
        (jaxlr.PolynomialLR(one, power=one), jaxlr.PolynomialLR(1.0, power=1.0)),
        (jaxlr.CosineAnnealingLR(one, 3, one), jaxlr.CosineAnnealingLR(1.0, 3, 1.0)),
        (jaxlr.CyclicLR(one, one, one, one), jaxlr.CyclicLR(1.0, 1.0, 1.0, 1.0)),
        (jaxlr.OneCycleLR(one, 3, div_factor=one), jaxlr.OneCycleLR(1.0, 3, div_factor=1.0)),
        (jaxlr.SWALR(one, one), jaxlr.SWALR(1.0, 1.0)),
        (jaxlr.LinearRamp(one, one, one, one), jaxlr.LinearRamp(1.0, 1.0, 1.0, 1.0)),
        (jaxlr.PolynomialDecay(one, one, one, one), jaxlr.PolynomialDecay(1.0, 1, 1.0, 1.0)),
        (jaxlr.InversePower(one, one, one), jaxlr.InversePower(1.0, 1.0, 1.0)),
        (jaxlr.Table([one, one]), jaxlr.Table([1.0, 1.0])),
    ]:
        assert schedule == expected
        assert hash(schedule) == hash(expected)
        assert repr(schedule) == repr(expected)
        values = [value for item in vars(schedule).values() for value in (item if isinstance(item, tuple) else [item])]
        assert {type(value) for value in values} <= {float, int, str, bool, type(None), Numbers}


def test_numpy_numbers_become_pythons():
    schedule = jaxlr.OneCycleLR(
        0.1,
        total_steps=np.int64(9),
        pct_start=np.float64(0.4),
        anneal_strategy=np.str_("cos"),
        cycle_momentum=np.True_,
        three_phase=np.False_,
        last_epoch=np.int32(-1),
    )
    assert {type(value) for value in vars(schedule).values()} == {float, int, str, bool, type(None)}
    assert repr(schedule) == "OneCycleLR(max_lr=0.1, total_steps=9, pct_start=0.4)"
    milestones = jaxlr.MultiStepLR(0.1, np.array([3, 5], np.int32)).milestones
    assert milestones == (3, 5)
    assert {type(milestone) for milestone in milestones} == {int}
    assert jaxlr.MultiStepLR(0.1, iter([3, 5])).milestones == (3, 5)
    assert jaxlr.StepLR(0.1, jnp.asarray(3)) == jaxlr.StepLR(0.1, 3)


def test_milestones_from_a_jax_array():
    assert jaxlr.MultiStepLR(0.1, jnp.asarray([3, 5])) == jaxlr.MultiStepLR(0.1, [3, 5])


def test_a_schedule_is_no_pytree_node():
    schedule = jaxlr.StepLR(0.1, step_size=3)
    assert jax.tree.leaves([schedule]) == [schedule]
