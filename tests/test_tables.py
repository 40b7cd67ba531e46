"""Schedules as arrays, as tables, and as schedules of the batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from each import one_of_each

import jaxlr
from jaxlr._machine import trajectory as _trajectory
from parity.cases import looked_up, shrinking

FORMS = ["auto", "closed", "recursive"]


@pytest.mark.parametrize("form", FORMS)
def test_a_trajectory_is_the_first_learning_rates(form):
    lrs = jaxlr.trajectory(jaxlr.StepLR(0.5, step_size=2, gamma=0.5), 5, form=form)
    assert type(lrs) is np.ndarray
    assert (lrs.shape, lrs.dtype) == ((5,), np.float32)
    np.testing.assert_array_equal(lrs, [0.5, 0.5, 0.25, 0.25, 0.125])
    for integer in (np.int64, np.int8, np.uint64):
        assert jaxlr.trajectory(jaxlr.StepLR(0.5, step_size=2), integer(127), form=form).size == 127
    assert jaxlr.trajectory(jaxlr.StepLR(0.5, step_size=2), 1, form=form).tolist() == [0.5]


@pytest.mark.parametrize("form", FORMS)
def test_a_trajectory_with_x64(form):
    with jax.enable_x64(True):
        lrs = jaxlr.trajectory(jaxlr.StepLR(0.1, step_size=2, gamma=0.1), 5, form=form)
    assert lrs.dtype == np.float64
    np.testing.assert_allclose(lrs, [0.1, 0.1, 0.01, 0.01, 0.001], rtol=0, atol=4 * 5 * 2.0**-53 * 0.1)  # torch's noise


@one_of_each
def test_the_closed_trajectory_is_the_call(case):
    schedule, steps = case.schedule(), case.steps(40)
    lrs = jaxlr.trajectory(schedule, steps, form="closed")
    assert (lrs.shape, lrs.dtype) == ((steps,), np.float32)
    np.testing.assert_array_equal(lrs, jax.jit(schedule)(np.arange(steps, dtype=np.int32)))


def test_auto_avoids_a_form_that_grows_with_the_count():
    growing, table = jaxlr.MultiplicativeLR(0.1, shrinking), jaxlr.MultiplicativeLR(0.1, shrinking, total_steps=99)
    steps = 90
    np.testing.assert_array_equal(jaxlr.trajectory(growing, steps), jaxlr.trajectory(growing, steps, form="recursive"))
    np.testing.assert_array_equal(jaxlr.trajectory(table, steps), jaxlr.trajectory(table, steps, form="closed"))
    assert len(jaxlr.trajectory(growing, 1_000_000)) == 1_000_000  # a closed form would take 5 * 10^11 products
    assert len(jaxlr.trajectory(jaxlr.per_epoch(growing, 2), 1_000_000)) == 1_000_000


@pytest.mark.parametrize("form", FORMS)
def test_a_trajectory_longer_than_a_chunk(form):
    chunk = _trajectory._CHUNK
    steps = 2 * chunk + 17
    schedule = jaxlr.MultiStepLR(0.5, [chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 16], gamma=0.5)
    lrs = jaxlr.trajectory(schedule, steps, form=form)
    drops = np.searchsorted(np.array(schedule.milestones), np.arange(steps), side="right")
    np.testing.assert_array_equal(lrs, np.float32(0.5) ** (1 + drops))
    assert lrs.dtype == np.float32


@pytest.mark.parametrize("form", FORMS)
def test_a_trajectory_ends_where_the_schedule_does(form):
    schedule = jaxlr.OneCycleLR(0.1, total_steps=10)
    assert len(jaxlr.trajectory(schedule, 11, form=form)) == 11
    with pytest.raises(ValueError, match=r"steps must be at most 11 .*ends"):
        jaxlr.trajectory(schedule, 12, form=form)


def test_metrics_are_refused_where_none_are_taken():
    with pytest.raises(ValueError, match="metrics must be None for StepLR"):
        jaxlr.trajectory(jaxlr.StepLR(0.1, 3), 3, metrics=[1.0, 2.0])


def test_arguments_that_must_be_named():
    with pytest.raises(TypeError, match="positional"):
        jaxlr.trajectory(jaxlr.StepLR(0.1, 3), 3, "closed")


@one_of_each
def test_a_table_equals_its_schedule_at_every_count(case):
    schedule, steps = case.schedule(), case.steps(40)
    table = jaxlr.tabulate(schedule, steps)
    assert type(table) is jaxlr.Table
    assert len(table.values) == steps
    with jax.enable_x64(True):
        np.testing.assert_array_equal(np.array(table.values), jaxlr.trajectory(schedule, steps))
        np.testing.assert_array_equal(jaxlr.trajectory(table, steps), np.array(table.values))
    lrs = jaxlr.trajectory(table, steps)
    assert lrs.dtype == np.float32
    np.testing.assert_array_equal(lrs, jaxlr.trajectory(schedule, steps))
    with pytest.raises(ValueError, match=f"count must be at most {steps - 1}"):
        table(steps)
    np.testing.assert_array_equal(jax.jit(table)(steps + 5), table(steps - 1))


def test_tabulate_past_the_end():
    with pytest.raises(ValueError, match=r"steps must be at most 5 .*ends"):
        jaxlr.tabulate(jaxlr.LambdaLR(0.1, looked_up, total_steps=5), 6)
    assert len(jaxlr.tabulate(jaxlr.LambdaLR(0.1, looked_up, total_steps=5), 5).values) == 5


@pytest.mark.parametrize("function", [jaxlr.trajectory, jaxlr.tabulate], ids=lambda function: function.__name__)
def test_too_many_steps_are_refused_by_name(function):
    with pytest.raises(ValueError, match=r"steps\b.* 5"):
        function(jaxlr.Table([0.1, 0.2]), 5)


def test_tabulate_names_itself():
    with pytest.raises(ValueError, match="tabulate: steps must be an integer >= 1, got 0"):
        jaxlr.tabulate(jaxlr.StepLR(0.1, 3), 0)


@pytest.mark.parametrize(
    "values",
    [[1, 0.5], (1.0, 0.5), np.array([1, 0.5]), jnp.asarray([1, 0.5]), iter([1, 0.5])],
    ids=lambda v: type(v).__name__,
)
def test_a_table_of_any_iterable(values):
    table = jaxlr.Table(values)
    assert table == jaxlr.Table((1.0, 0.5))
    np.testing.assert_array_equal(table(np.array([0, 1])), np.array([1, 0.5], np.float32))


def test_a_table_holds_float64():
    table = jaxlr.Table([0.1, 1e-40, -2.5, 1e-300])
    with jax.enable_x64(True):
        np.testing.assert_array_equal(table(np.arange(4)), np.array([0.1, 1e-40, -2.5, 1e-300]))
    np.testing.assert_array_equal(table(np.array([0, 2, 3])), np.array([0.1, -2.5, 0], np.float32))


def test_a_table_resumes():
    table = jaxlr.Table([0.5, 0.25, 0.125], last_epoch=0)
    np.testing.assert_array_equal(jaxlr.trajectory(table, 2), np.array([0.25, 0.125], np.float32))
    np.testing.assert_array_equal(jaxlr.trajectory(table, 2, form="recursive"), np.array([0.25, 0.125], np.float32))
    with pytest.raises(ValueError, match="count must be at most 1"):
        table(2)


@one_of_each
def test_per_epoch_is_the_schedule_of_the_whole_epoch(case):
    schedule, n = case.schedule(), 3
    steps = n * case.steps(4)
    batches = jaxlr.per_epoch(schedule, n)
    expected = schedule(np.arange(steps) // n)
    np.testing.assert_array_equal(batches(np.arange(steps)), expected)
    recursive = jaxlr.trajectory(batches, steps, form="recursive")
    np.testing.assert_array_equal(recursive, np.repeat(jaxlr.trajectory(schedule, steps // n, form="recursive"), n))


def test_per_epoch_resumes_with_its_schedule():
    schedule = jaxlr.StepLR(0.5, step_size=3, gamma=0.5, last_epoch=4)
    for form in FORMS:
        lrs = jaxlr.trajectory(jaxlr.per_epoch(schedule, 2), 4, form=form)
        np.testing.assert_array_equal(lrs, np.array([0.25, 0.25, 0.125, 0.125], np.float32))


@pytest.mark.parametrize("T_mult", [1, 2])
@pytest.mark.parametrize("last_epoch", [-1, 3])
def test_fractional_epochs(T_mult, last_epoch):
    schedule = jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=3, T_mult=T_mult, eta_min=0.01, last_epoch=last_epoch)
    batches = jaxlr.per_epoch(schedule, 7, fractional=True)
    i = np.arange(60)
    expected = schedule(i // 7 + i % 7 / 7)
    np.testing.assert_array_equal(batches(i), expected)
    np.testing.assert_array_equal(jax.jit(batches)(i.astype(np.int32)), expected)
    np.testing.assert_array_equal(jaxlr.trajectory(batches, 60, form="recursive"), expected)
    assert len(np.unique(expected)) > 15


def test_fractional_is_for_warm_restarts_alone():
    with pytest.raises(ValueError, match=r"fractional must be False .* got True for StepLR"):
        jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 4, fractional=True)


def test_per_epoch_of_per_epoch():
    schedule = jaxlr.ExponentialLR(0.5, 0.5)
    np.testing.assert_array_equal(
        jaxlr.trajectory(jaxlr.per_epoch(jaxlr.per_epoch(schedule, 2), 3), 30, form="closed"),
        jaxlr.trajectory(jaxlr.per_epoch(schedule, 6), 30, form="recursive"),
    )


def test_per_epoch_of_a_cycle_has_its_momentum():
    for schedule in (jaxlr.OneCycleLR(0.1, total_steps=10), jaxlr.CyclicLR(0.1, 0.2, step_size_up=3)):
        momentum = jaxlr.per_epoch(schedule, 4).momentum
        assert momentum == jaxlr.per_epoch(schedule.momentum, 4)
        np.testing.assert_array_equal(momentum(np.arange(40)), schedule.momentum(np.arange(40) // 4))
    with pytest.raises(AttributeError, match="driven by no scheduler of per_epoch"):
        jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 4).momentum  # noqa: B018
    with pytest.raises(AttributeError, match="cycle_momentum=False"):
        jaxlr.per_epoch(jaxlr.OneCycleLR(0.1, total_steps=10, cycle_momentum=False), 4).momentum  # noqa: B018


def test_per_epoch_ends_with_the_last_batch_of_the_last_epoch():
    batches = jaxlr.per_epoch(jaxlr.Table([0.5, 0.25, 0.125], last_epoch=0), 4)
    assert len(jaxlr.trajectory(batches, 8)) == len(jaxlr.trajectory(batches, 8, form="recursive")) == 8
    with pytest.raises(ValueError, match="count must be at most 7"):
        batches(8)
    assert jax.jit(batches)(8) == np.float32(0.125)


def test_a_table_whose_copy_on_the_device_was_deleted_is_copied_again():
    table = jaxlr.Table([0.3, 0.2, 0.1])
    assert table(1) == np.float32(0.2)
    table.values.on_device.delete()
    assert table(1) == np.float32(0.2)


@pytest.mark.parametrize("evaluated", [lambda table: table(4_321), lambda table: jax.jit(table)(4_321)])
def test_tables_whose_hashes_are_equal_are_told_apart(evaluated):
    values = np.linspace(0.1, 0.2, 5_000)
    other = values.copy()
    other[4_321] = 0.5
    tables = [jaxlr.Table(values), jaxlr.Table(other)]
    assert hash(tables[0]) == hash(tables[1])
    assert tables[0] != tables[1]
    assert [float(evaluated(table)) for table in tables] == [np.float32(values[4_321]), 0.5]
