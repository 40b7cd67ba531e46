"""A schedule is a structure and its numbers: programs belong to the structure, any number may be traced."""

import copy
import dataclasses
import functools
import gc
import pickle
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from each import ONE_OF_EACH, of_which, one_of_each

import jaxlr
from jaxlr import _float64
from jaxlr._arguments import is_traced
from jaxlr._machine.structure import _of_any, _of_scalars, split
from jaxlr._schedules.base import Formula, walk
from parity.cases import COMPOSITES, RECIPES

COUNTS = np.array([0, 1, 2, 3, 5, 7, 10, 11, 12, 25, 40, 200])


def programs():
    """How many programs jaxlr has compiled, or had from its cache."""
    return _float64._compiled.cache_info().misses


# What a program is made from, and no number of: where a schedule is resumed, the lengths of tables, powers of cycles.
STRUCTURE = {"last_epoch", "T_mult"}


def traced_again(schedule, replace):
    """The schedule, every number of it replaced by what `replace` makes of it, the optimizer's lr by the same."""
    lr = {}

    def again(x):
        fields = {}
        for field in dataclasses.fields(x):
            value = getattr(x, field.name)
            if not field.init or field.name in STRUCTURE or (field.name == "total_steps" and hasattr(x, "_sampled")):
                continue
            if field.name == "lr":
                fields["lr"] = lr.setdefault("lr", replace(value))
            elif field.name == "schedulers":
                fields["schedulers"] = [again(member) for member in value]
            elif field.name == "schedule":
                fields["schedule"] = again(value)
            elif field.name == "milestones":
                fields["milestones"] = [replace(milestone) for milestone in value]
            elif type(value) in (int, float):
                fields[field.name] = replace(value)
        return dataclasses.replace(x, **fields)

    return again(schedule)


def is_plain(case):
    """Whether milestones say all: of traced ones it is not known that they are negative, or repeat."""
    milestones = [m for part in walk(case.schedule()) for m in getattr(part, "milestones", ())]
    tables = any(getattr(part, "_scales", None) is not None for part in walk(case.schedule()))
    return min(milestones, default=1) >= 1 and len(set(milestones)) == len(milestones) < 40 and not tables


# One of each class, a third of what acts on one another, and what torch lacks.
LACKED = [case for case in RECIPES if not case.of_torch and case not in COMPOSITES[::3]][-2:]
SOME = [case for case in [*ONE_OF_EACH, *LACKED, *COMPOSITES[::3]] if is_plain(case) and case.fractional is None]


@pytest.mark.parametrize("case", of_which(SOME, SOME[::3]), ids=str)
def test_every_number_may_be_traced(case):
    schedule = case.schedule()
    steps = case.steps(30)
    metrics = case.metrics(steps)
    known = jaxlr.trajectory(schedule, steps, form="recursive", metrics=metrics)

    def run(*numbers):
        again = iter(numbers)
        stateful = traced_again(schedule, lambda _: next(again)).stateful()

        def step(state, metric):
            return stateful.update(state, value=metric), stateful(state)

        received = None if metrics is None else jnp.asarray(metrics)
        return jax.lax.scan(step, stateful.init(), received, length=steps)[1]

    numbers = []
    traced_again(schedule, lambda number: numbers.append(number) or number)
    with jax.enable_x64(True):
        traced = jax.jit(run)(*numbers)
    np.testing.assert_array_max_ulp(np.asarray(traced).astype(np.float32), known, 1)


@pytest.mark.parametrize("case", of_which([case for case in SOME if case.closed], SOME[1::3]), ids=str)
def test_every_number_of_a_closed_form_may_be_traced(case):
    schedule = case.schedule()
    counts = COUNTS[case.steps(1000) > COUNTS]

    def call(*numbers):
        again = iter(numbers)
        return traced_again(schedule, lambda _: next(again))(jnp.asarray(counts))

    numbers = []
    traced_again(schedule, lambda number: numbers.append(number) or number)
    with jax.enable_x64(True):
        traced = jax.jit(call)(*numbers)
        np.testing.assert_array_equal(traced, schedule(counts))


def test_a_fractional_epoch_needs_its_cycles_known():
    with pytest.raises(TypeError, match=r"CosineAnnealingWarmRestarts: T_0 must be known .* T_mult=2"):
        jax.jit(lambda T_0: jaxlr.CosineAnnealingWarmRestarts(0.1, T_0, T_mult=2)(4.5))(3)
    assert jax.jit(lambda T_0: jaxlr.CosineAnnealingWarmRestarts(0.1, T_0)(4.5))(3) > 0


@one_of_each
def test_an_eager_sweep_compiles_once(case):
    schedule = case.schedule()
    if not any(hasattr(part, "lr") for part in walk(schedule)):
        schedule = dataclasses.replace(schedule, max_lr=0.3) if hasattr(schedule, "max_lr") else schedule
        others = [dataclasses.replace(schedule, max_lr=0.1 + i / 100) for i in range(20)]
    else:
        others = [schedule.with_lr(0.1 + i / 100) for i in range(20)]
    assert len(set(others)) == 20
    others[0](1)
    others[0].stateful().update(others[0].stateful().init())
    before = programs()
    values = {float(other(1)) for other in others}
    for other in others:
        other.stateful().update(other.stateful().init())
    assert programs() == before
    assert len(values) == 20 or values == {0.0}


def test_a_sweep_over_lengths_compiles_once():
    first = jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1, total_iters=3), jaxlr.CosineAnnealingLR(0.1, T_max=9)], [3])
    first(4)
    before = programs()
    for warmup in range(1, 30):
        members = [jaxlr.LinearLR(0.1, total_iters=warmup), jaxlr.CosineAnnealingLR(0.1, T_max=50 - warmup)]
        assert jaxlr.SequentialLR(0.1, members, [warmup])(warmup) == np.float32(0.1)
    assert programs() == before


@pytest.mark.parametrize("form", ["closed", "recursive"])
def test_trajectories_of_other_lengths_compile_once(form, caplog):
    def run(total_steps):
        return jaxlr.trajectory(jaxlr.OneCycleLR(0.1, total_steps), total_steps + 1, form=form)

    run(140)
    with jax.log_compiles():
        for total_steps in (130, 145, 255):
            assert len(run(total_steps)) == total_steps + 1
        assert not [record for record in caplog.records if "Compiling" in record.message]
        run(256)
    assert [record for record in caplog.records if "Compiling" in record.message], "nothing would be noticed"


def test_another_length_does_not_compile_a_training_step_again():
    @jax.jit
    def train(params, count, T_max):
        return params - jaxlr.CosineAnnealingLR(0.1, T_max)(count)

    for T_max in (10, 20, 30):
        assert train(1.0, T_max, T_max) == 1
    assert train._cache_size() == 1


def test_programs_are_forgotten(monkeypatch):
    assert _float64._compiled.cache_info().maxsize == 512
    programs, made = [], _float64._compiled.__wrapped__

    def compiled(*key):
        program = made(*key)
        programs.append(weakref.ref(program))
        return program

    monkeypatch.setattr(_float64, "_compiled", functools.lru_cache(maxsize=2)(compiled))
    for i in range(6):  # each function is a structure of its own
        jaxlr.LambdaLR(0.1, lambda epoch, i=i: 0.5 ** (epoch + i))(1)
    gc.collect()
    assert [program() is None for program in programs] == [True] * 4 + [False] * 2


SCHEDULES = [case.schedule() for case in RECIPES]


@pytest.mark.parametrize("every", of_which([1, 4], [4]))
def test_what_compares_equal_computes_equal(every):
    by_value = {}
    for case in RECIPES[::every]:
        schedule, steps = case.schedule(), case.steps(12)
        values = jaxlr.trajectory(schedule, steps, metrics=case.metrics(steps)).tolist()
        assert by_value.setdefault((schedule, case.seed), values) == values
    # And a schedule of other numbers is another value.
    for schedule in SCHEDULES:
        for field in dataclasses.fields(schedule):
            value = getattr(schedule, field.name)
            if field.name in ("lr", "gamma", "factor", "eta_min") and not hasattr(schedule, "schedulers"):
                assert dataclasses.replace(schedule, **{field.name: value * 0.5 + 0.01}) != schedule


WARMUP = 4


def warm(epoch):
    return min(1.0, (epoch + 1) / WARMUP)


def warm_traceable(epoch):
    return jnp.minimum(1.0, (epoch + 1) / WARMUP)


@pytest.mark.parametrize(
    "build",
    [
        lambda: jaxlr.LambdaLR(0.1, warm, total_steps=20),
        lambda: jaxlr.MultiplicativeLR(0.1, warm, total_steps=20),
        lambda: jaxlr.CyclicLR(0.1, 0.2, step_size_up=2, scale_fn=warm, total_steps=20),
        lambda: jaxlr.LambdaLR(0.1, warm_traceable),
        lambda: jaxlr.MultiplicativeLR(0.1, warm_traceable),
        lambda: jaxlr.CyclicLR(0.1, 0.2, step_size_up=2, scale_fn=warm_traceable),
    ],
    ids=["LambdaLR", "MultiplicativeLR", "CyclicLR", "traced LambdaLR", "traced MultiplicativeLR", "traced CyclicLR"],
)
def test_a_function_that_gives_other_values_is_another_schedule(build, monkeypatch):
    counts = np.arange(1, 6)
    first = build()
    before = first(counts)
    monkeypatch.setitem(globals(), "WARMUP", 8)
    second = build()
    assert first != second
    assert hash(first) != hash(second)
    assert not np.array_equal(second(counts), before)
    monkeypatch.setitem(globals(), "WARMUP", 4)
    np.testing.assert_array_equal(build()(counts), before)


def test_a_schedule_of_a_traced_number_goes_where_functions_go():
    def values(lr, T_max):
        schedule = jaxlr.CosineAnnealingLR(lr, T_max)
        other = jaxlr.StepLR(lr, step_size=T_max)
        assert schedule == schedule  # noqa: PLR0124
        assert schedule != jaxlr.CosineAnnealingLR(lr, T_max + 1)
        assert hash(schedule) == hash(jaxlr.CosineAnnealingLR(lr, T_max))
        return (
            jax.jit(schedule)(3),
            jax.checkpoint(schedule)(3),
            jax.lax.switch(1, [other, schedule], 3),
            jax.vmap(schedule)(jnp.arange(4))[3],
            jax.lax.cond(T_max > 5, schedule, other, 3),
        )

    known = jaxlr.CosineAnnealingLR(0.125, 10)(3)
    assert set(map(float, jax.jit(values)(0.125, 10))) == {float(known)}


def test_a_function_may_close_over_a_traced_number():
    def value(warmup, count):
        return jaxlr.LambdaLR(0.1, lambda epoch: jnp.minimum(1.0, (epoch + 1) / warmup))(count)

    np.testing.assert_array_max_ulp(jax.jit(value)(4.0, 1), np.float32(0.05), 1)
    np.testing.assert_array_max_ulp(jax.vmap(value, (0, None))(jnp.array([4.0, 8.0]), 1), np.float32([0.05, 0.025]), 1)
    np.testing.assert_allclose(jax.grad(value)(4.0, 1), -0.1 * 2 / 16, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.grad(value))(4.0, 1), -0.1 * 2 / 16, rtol=1e-6)


@pytest.mark.parametrize("cls", [jaxlr.LambdaLR, jaxlr.MultiplicativeLR])
def test_a_function_that_cares_for_the_type_of_the_epoch(cls):
    schedule = cls(0.1, jax.scipy.special.expit)
    assert jax.jit(schedule)(3) == schedule(3) > 0
    np.testing.assert_array_equal(jaxlr.trajectory(schedule, 4, form="recursive")[3], schedule(3))


def test_one_function_that_closes_over_one_traced_number_and_then_another():
    closed_over = {}

    def function(epoch):
        return closed_over["gamma"] ** epoch

    def both(a, b):
        closed_over["gamma"] = a
        first = jaxlr.LambdaLR(0.1, function)
        value = first(3)
        closed_over["gamma"] = b
        second = jaxlr.LambdaLR(0.1, function)
        assert first != second
        return value, second(3)

    np.testing.assert_array_max_ulp(jax.jit(both)(0.5, 1.0), np.float32([0.0125, 0.1]), 1)
    np.testing.assert_array_max_ulp(jax.jit(lambda a: both(a, a))(0.5), np.float32([0.0125, 0.0125]), 1)
    with jax.checking_leaks():
        jax.jit(lambda gamma: jaxlr.LambdaLR(0.1, lambda epoch: gamma**epoch)(3))(0.5)


def test_nothing_leaks_through_the_class_of_a_function():
    def value(gamma):
        class Decay:
            def __call__(self, epoch):
                return gamma**epoch

        return jaxlr.LambdaLR(0.1, Decay())(3)

    with jax.checking_leaks():
        assert jax.jit(value)(0.5) == np.float32(0.0125)


def test_forward_mode_from_a_python_number():
    def value(gamma):
        return jaxlr.ExponentialLR(0.1, gamma)(3)

    def stepped(gamma):
        return stateful_value(jaxlr.ExponentialLR(0.1, gamma))

    np.testing.assert_allclose(jax.jvp(value, (0.5,), (1.0,)), (0.0125, 0.075), rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(value)(0.5), 0.075, rtol=1e-6)
    np.testing.assert_allclose(jax.linearize(value, 0.5)[1](1.0), 0.075, rtol=1e-6)
    np.testing.assert_allclose(jax.hessian(value)(0.5), 0.3, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(stepped)(0.5), 0.1, rtol=1e-6)


def stateful_value(schedule):
    stateful = schedule.stateful()
    return stateful(stateful.update(stateful.init()))


@pytest.mark.parametrize(
    "build",
    [
        lambda lr: jaxlr.StepLR(lr, 2),
        lambda lr: jaxlr.CyclicLR(lr, 5.0),
        lambda lr: jaxlr.Resumed(jaxlr.StepLR(1.0, 2), 1, lr=lr),
    ],
    ids=["StepLR", "CyclicLR", "Resumed"],
)
def test_a_traced_integer_is_a_learning_rate(build):
    assert jax.jit(lambda lr: stateful_value(build(lr)))(1) == stateful_value(build(1))
    assert jax.jit(lambda lr: jaxlr.ReduceLROnPlateau(lr)(jaxlr.ReduceLROnPlateau(lr).init()))(1) == 1


@dataclasses.dataclass
class Unhashable:
    rate: float

    def __call__(self, epoch):
        return self.rate**epoch


def test_a_function_that_does_not_hash():
    function = Unhashable(0.5)
    schedule = jaxlr.LambdaLR(0.1, function)
    assert schedule(3) == np.float32(0.0125)
    assert schedule == jaxlr.LambdaLR(0.1, function)
    assert schedule != jaxlr.LambdaLR(0.1, Unhashable(0.25))


def test_a_table_of_factors_takes_over_with_the_factor_of_0():
    def sequence(function, **arguments):
        member = jaxlr.MultiplicativeLR(0.1, function, **arguments)
        return jaxlr.SequentialLR(0.1, [jaxlr.ConstantLR(0.1, 1.0, 1), member], [2])

    tabled, traced = sequence(lambda epoch: 0.5, total_steps=20), sequence(lambda epoch: 0.5)
    np.testing.assert_array_equal(jaxlr.trajectory(tabled, 6), jaxlr.trajectory(traced, 6))
    np.testing.assert_array_max_ulp(jaxlr.trajectory(tabled, 4), np.float32([0.1, 0.1, 0.05, 0.025]), 1)
    with pytest.raises(ValueError, match=r"schedulers\[1\] must have a lr_lambda that is defined at 0"):
        sequence(lambda epoch: {1: 0.5}.get(epoch) or 1 / epoch, total_steps=20)


def test_a_table_with_momentums_takes_over():
    table = jaxlr.Table([0.1, 0.2, 0.3], momentums=[0.9, 0.8, 0.7])
    schedule = jaxlr.SequentialLR(0.1, [jaxlr.StepLR(0.1, 5), table], [2])
    np.testing.assert_array_equal(jaxlr.trajectory(schedule, 4), np.float32([0.1, 0.1, 0.1, 0.2]))
    np.testing.assert_array_equal(jaxlr.trajectory(schedule.momentum, 4)[2:], np.float32([0.9, 0.8]))


def test_what_is_kept_for_the_next_call_is_no_part_of_the_value():
    schedule = jaxlr.StepLR(0.1, 3)
    schedule(1)
    assert pickle.loads(pickle.dumps(schedule)) == copy.copy(schedule) == jaxlr.StepLR(0.1, 3)
    assert len(pickle.dumps(schedule)) == len(pickle.dumps(jaxlr.StepLR(0.1, 3)))
    assert dataclasses.replace(schedule, lr=0.2)(1) == np.float32(0.2)


def test_members_of_an_expression_evaluated_twice_are_told_how_to_pass_one():
    def build(lr):
        members = [jaxlr.LinearLR(lr * 2), jaxlr.StepLR(lr * 2, step_size=3)]
        return jaxlr.SequentialLR(lr * 2, members, [5])(0)

    with pytest.raises(
        ValueError, match=r"the same traced value.*compute it once, lr = \.\.\., and give that lr to each"
    ):
        jax.jit(build)(0.1)


@pytest.mark.parametrize("case", [case for case in COMPOSITES if case.seed is None], ids=str)
def test_a_recipe_at_another_learning_rate(case):
    schedule = case.schedule()
    if not any(hasattr(part, "lr") for part in walk(schedule)):
        with pytest.raises(TypeError, match="with_lr: the schedule must have an lr"):
            schedule.with_lr(0.2)
        return
    other = schedule.with_lr(0.25)
    assert {part.lr for part in walk(other) if hasattr(part, "lr")} == {0.25}
    assert other.with_lr(case.lr) == schedule


def test_with_lr_refuses_what_has_no_one_learning_rate():
    with pytest.raises(TypeError, match="brings its own"):
        jaxlr.OneCycleLR(0.1, total_steps=9).with_lr(0.2)
    resumed = jaxlr.Resumed(jaxlr.ReduceLROnPlateau(0.1), (1, 0.5, 0, 0), lr=0.05)
    with pytest.raises(TypeError, match=r"State\.with_lr"):
        resumed.with_lr(0.2)
    with pytest.raises(ValueError, match="lr must be a finite number"):
        jaxlr.StepLR(0.1, 3).with_lr(-1.0)
    assert jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 5).with_lr(0.2) == jaxlr.per_epoch(jaxlr.StepLR(0.2, 3), 5)


def test_the_learning_rate_in_a_state_is_set():
    stateful = jaxlr.ExponentialLR(0.1, gamma=0.5).stateful()
    state = stateful.init().with_lr(0.4)
    assert stateful(state) == np.float32(0.4)
    assert float(state.lr) == 0.4
    assert stateful(stateful.update(state)) == np.float32(0.2)
    plateau = jaxlr.ReduceLROnPlateau(0.1, patience=0)
    cut = jax.jit(lambda lr: plateau.update(plateau.init().with_lr(lr), value=jnp.nan))(0.3)
    np.testing.assert_array_max_ulp(plateau(cut), np.float32(0.03), 1)
    population = jax.vmap(lambda lr: stateful(stateful.update(stateful.init().with_lr(lr))))(jnp.array([0.2, 0.4]))
    np.testing.assert_array_equal(population, np.float32([0.1, 0.2]))


@pytest.mark.parametrize("bad", [None, "0.1", np.ones(2), True, 1j], ids=repr)
def test_a_state_is_given_no_other_thing(bad):
    with pytest.raises(TypeError, match=r"State\.with_lr: lr must be a finite number"):
        jaxlr.StepLR(0.1, 3).stateful().init().with_lr(bad)
    with pytest.raises(ValueError, match=r"State\.with_lr: lr must be a finite number"):
        jaxlr.StepLR(0.1, 3).stateful().init().with_lr(np.nan)


def nested(depth):
    schedule = jaxlr.ExponentialLR(0.1, 0.99)
    for i in range(depth):
        schedule = jaxlr.SequentialLR(0.1, [schedule, jaxlr.StepLR(0.1, 3 + i)], [1000 - i])
    return schedule


def test_a_nest_grows_linearly():
    def lines(depth):
        stateful = nested(depth).stateful()
        init = jax.jit(stateful.init).lower().as_text()
        step = jax.jit(stateful.update).lower(stateful.init()).as_text()
        return init.count("\n") + step.count("\n")

    assert lines(12) <= 3.3 * lines(4)


def test_a_sequence_of_two_thousand_members_is_built_fast():
    begin = time.process_time()
    members = [jaxlr.StepLR(0.1, 2 + i, 0.9) for i in range(2000)]
    schedule = jaxlr.SequentialLR(0.1, members, [5 * i for i in range(1, 2000)])
    assert schedule(7) == np.float32(0.1)
    schedule.stateful().update(schedule.stateful().init())
    assert time.process_time() - begin < 10  # 2 s on an idle machine


class Scaled(NamedTuple):
    """A function that is a tuple, of a number that does not hash."""

    by: Any

    def __call__(self, epoch):
        return self.by / (self.by + epoch)


@pytest.mark.parametrize("by", [2.0, np.array(2.0), jnp.float32(2)], ids=["a float", "NumPy's", "JAX's"])
def test_a_function_may_be_a_tuple(by):
    def lr(by):
        return jaxlr.LambdaLR(0.1, Scaled(by))(3)

    assert lr(by) == np.float32(0.04)
    assert jax.jit(lr)(2.0) == np.float32(0.04)


@dataclasses.dataclass(frozen=True, eq=False, repr=False, slots=True)
class Named(jaxlr.StepLR):
    """A scheduler of a user's, with slots."""

    note: str = "mine"


def test_a_scheduler_may_have_slots():
    schedule = Named(0.1, 3)
    assert schedule(3) == np.float32(0.01)
    assert jaxlr.ChainedScheduler([schedule, jaxlr.ExponentialLR(0.1, 0.5)])(3) == np.float32(0.00125)
    assert schedule != Named(0.1, 3, note="yours")


def test_the_numbers_are_no_part_of_the_structure():
    structure, numbers = split(jaxlr.SequentialLR(0.1, [jaxlr.StepLR(0.1, 3), jaxlr.StepLR(0.1, 4)], [7]))
    again, others = split(jaxlr.SequentialLR(0.2, [jaxlr.StepLR(0.2, 5), jaxlr.StepLR(0.2, 6)], [8]))
    assert structure == again
    assert hash(structure) == hash(again)
    assert len(numbers) == len(others) == 5  # lr, three columns of the two members, milestones
    assert not any(map(is_traced, numbers))


def test_scalars_are_split_as_anything_is():
    """Those that are split at a glance have the structure and the numbers that any schedule is split into."""
    classes = set()
    for part in [part for case in [*ONE_OF_EACH, *COMPOSITES] for part in walk(case.schedule())]:
        at_a_glance = _of_scalars(part)
        if at_a_glance is None:
            continue
        structure, numbers = _of_any(part)
        assert at_a_glance[0] == structure
        assert hash(at_a_glance[0]) == hash(structure)
        as_bytes = [[(x.dtype, x.tobytes()) for x in each] for each in (at_a_glance[1], numbers)]
        assert as_bytes[0] == as_bytes[1]
        classes.add(type(part).__name__)
    assert classes >= {"StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "OneCycleLR", "ReduceLROnPlateau"}


def test_what_is_traced_and_what_is_known_are_of_one_structure():
    known, _ = split(jaxlr.StepLR(0.1, 3))

    def lr(gamma):
        assert split(jaxlr.StepLR(0.1, 3, gamma))[0] == known
        return jaxlr.StepLR(0.1, 3, gamma)(3)

    assert jax.jit(lr)(0.5) == np.float32(0.05)


def test_fields_that_are_no_numbers_are_part_of_the_structure():
    cycle = jaxlr.OneCycleLR(0.1, total_steps=9)
    changed = [{"anneal_strategy": "linear"}, {"three_phase": True}, {"cycle_momentum": False}, {"last_epoch": 4}]
    structures = {split(dataclasses.replace(cycle, **fields))[0] for fields in [{}, {"div_factor": 5.0}, *changed]}
    assert len(structures) == 1 + len(changed)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class InverseSquareRoot(Formula):
    """A scheduler written by hand: no more than its fields, its formulas, its end and its momentum."""

    lr: float | jax.Array
    warmup: int | jax.Array
    last_epoch: int = -1
    _final_epoch = None
    _momentum = None

    def _closed_form(self, t):
        return self.lr * jnp.sqrt(self.warmup / jnp.maximum(t, self.warmup))

    def _recursive_form(self, lr, t, initial):
        return self._closed_form(t)


def test_a_scheduler_written_by_hand_goes_everywhere():
    schedule = InverseSquareRoot(0.1, 100)
    expected = np.float32([0.1, 0.1, 0.05])
    np.testing.assert_array_max_ulp(schedule(np.array([0, 100, 400])), expected, 1)
    np.testing.assert_array_equal(jaxlr.trajectory(schedule, 50, form="recursive"), schedule(np.arange(50)))
    sequence = jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1), schedule], [5])
    np.testing.assert_array_max_ulp(sequence(np.array([5, 105, 405])), expected, 1)
    np.testing.assert_array_max_ulp(jaxlr.trajectory(sequence, 406, form="recursive")[[5, 105, 405]], expected, 1)
    assert jaxlr.per_epoch(schedule, 3)(3 * 400) == schedule(400)
    assert repr(schedule) == "InverseSquareRoot(lr=0.1, warmup=100)"
    assert jax.jit(lambda warmup: InverseSquareRoot(0.1, warmup)(400))(100) == schedule(400)
    assert schedule.with_lr(0.2) == InverseSquareRoot(0.2, 100)


def test_what_a_scheduler_written_by_hand_does_not_check_is_computed_with():
    assert InverseSquareRoot(0.1, True)(4) == InverseSquareRoot(0.1, 1)(4) == np.float32(0.05)
    with jax.enable_x64(True):
        smallest = np.finfo(np.float64).smallest_normal
        assert InverseSquareRoot(np.float64(1e-310), 1)(0) == InverseSquareRoot(1e-310, 1)(0) == smallest


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Remembering(InverseSquareRoot):
    """Keeps what it has computed once, and gives away all that it has."""

    @functools.cached_property
    def peak(self):
        return self.lr * 2

    def _closed_form(self, t):
        return self.peak * super()._closed_form(t) / self.lr

    def __getstate__(self):
        return dict(vars(self))


def test_a_structure_has_nothing_of_the_schedule_that_came_first():
    first = Remembering(0.1, 4)
    assert first.peak == 0.2
    assert first(0) == np.float32(0.2)
    assert Remembering(0.3, 4)(np.arange(2)).tolist() == np.float32([0.6, 0.6]).tolist()
    assert jaxlr.trajectory(Remembering(0.4, 4), 2, form="recursive").tolist() == np.float32([0.8, 0.8]).tolist()
    assert pickle.loads(pickle.dumps(first))(0) == first(0)
    kept = weakref.ref(first)
    del first
    gc.collect()
    assert kept() is None


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Halved(InverseSquareRoot):
    """Computes with a number that is no field: no part of what it compares by."""

    def __post_init__(self):
        object.__setattr__(self, "half", self.lr / 2)

    def _closed_form(self, t):
        return self.half + 0.0 * t


def test_a_number_that_is_no_field_is_refused():
    assert Halved(0.1, 4).half == 0.05
    with pytest.raises(AttributeError, match="'Halved' object has no attribute 'half'"):
        Halved(0.1, 4)(0)


def test_threads_may_make_the_first_call_at_once():
    def first_call(schedule, at_once):
        at_once.wait()
        return split(schedule)[0]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as threads:
            for last_epoch in range(1_500):  # each is a structure of its own
                arguments = jaxlr.StepLR(0.1, 3, last_epoch=last_epoch), threading.Barrier(3)
                structures = [threads.submit(first_call, *arguments) for _ in range(3)]
                assert len({future.result() for future in structures}) == 1
    finally:
        sys.setswitchinterval(interval)
