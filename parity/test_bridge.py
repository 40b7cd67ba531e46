"""from_torch and to_torch: on real torch objects, at random moments."""

import itertools
import math
import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from each import of_which
from hypothesis import given
from hypothesis import strategies as st

import jaxlr
from jaxlr._schedules.base import cycles_momentum
from jaxlr._ulp import compare
from parity import cases
from parity.case import Case
from parity.cases import LRS, RECIPES, exponential
from parity.compare import torch_trajectory
from parity.strategies import numbers, recipes

lr_scheduler = torch.optim.lr_scheduler
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the optimizer itself is not stepped


def sgd(lr=0.1, momentum=0.9, groups=1):
    parameters = [{"params": [torch.zeros(1)]} for _ in range(groups)]
    return torch.optim.SGD(parameters, lr=lr, momentum=momentum)


def stepped(scheduler, steps, metrics=None):
    """What the scheduler leaves in its optimizer from now on, until torch itself has no next value."""
    group = scheduler.optimizer.param_groups[0]
    lrs, momentums = [], []
    for i in range(steps):
        lrs.append(float(group["lr"]))
        momentums.append(group["betas"][0] if "betas" in group else group["momentum"])
        try:
            scheduler.step(*([] if metrics is None else [float(metrics[i])]))
        except (ValueError, OverflowError):
            break
    return np.array(lrs), np.array(momentums)


def assert_goes_on(schedule, lrs, momentums, metrics=None, before=()):
    """The schedule goes on as torch does; before: the run up to now, whose largest value torch's noise is of."""
    ours = jaxlr.trajectory(schedule, len(lrs), metrics=metrics)
    run = np.array([*before, *lrs])
    comparison = compare(np.concatenate([np.float32(before), ours]), run)
    assert comparison.passed, (schedule, comparison)
    if cycles_momentum(schedule):
        ours = jaxlr.trajectory(schedule._momentum, len(lrs), metrics=metrics)
        assert compare(ours, momentums).passed, schedule


def assert_prints_as_code(schedule):
    assert eval(repr(schedule), {"inf": math.inf, **vars(jaxlr), **vars(cases)}) == schedule


@given(
    recipe=recipes(depth=2, steps=200), lr=numbers(LRS), at=st.integers(0, 150), adam=st.booleans(), edit=st.booleans()
)
def test_a_conversion_at_a_random_step_goes_on_for_a_thousand(recipe, lr, at, adam, edit):
    optimizer = torch.optim.Adam([torch.zeros(1)], lr=lr) if adam else sgd(lr)
    scheduler = recipe.torch_on(optimizer)
    before = []
    for _ in range(at):
        before.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    if edit:
        optimizer.param_groups[0]["lr"] = 0.05
        scheduler.step()
    schedule = jaxlr.from_torch(scheduler)
    assert_prints_as_code(schedule)
    assert_goes_on(schedule, *stepped(scheduler, 1_000), before=before)


def test_a_rate_that_torch_has_driven_below_zero_converts():
    scheduler = lr_scheduler.CosineAnnealingLR(sgd(1.0), T_max=2, eta_min=1.0)
    for _ in range(3):
        scheduler.step()
    scheduler.optimizer.param_groups[0]["lr"] = 0.05
    scheduler.step()
    assert scheduler.get_last_lr()[0] < 0
    schedule = jaxlr.from_torch(scheduler)
    assert_prints_as_code(schedule)
    assert_goes_on(schedule, *stepped(scheduler, 100))


@given(
    seed=st.integers(0, 2**16),
    at=st.integers(0, 60),
    arguments=st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["min", "max"]),
            "factor": st.floats(0.1, 0.9),
            "patience": st.integers(0, 4),
            "threshold_mode": st.sampled_from(["rel", "abs"]),
            "cooldown": st.integers(0, 3),
        }
    ),
)
def test_a_plateau_comes_along_in_mid_run(seed, at, arguments):
    metrics = Case("ReduceLROnPlateau", {}, seed=seed).metrics(at + 200)
    scheduler = lr_scheduler.ReduceLROnPlateau(sgd(), **arguments)
    for metric in metrics[:at]:
        scheduler.step(float(metric))
    schedule = jaxlr.from_torch(scheduler)
    assert_prints_as_code(schedule)
    assert_goes_on(schedule, *stepped(scheduler, 200, metrics[at:]), metrics[at:])


FRESH = [
    case
    for case in RECIPES
    if case.of_torch and case.last_epoch == -1 and not case.fractional and case.torch_overflows_at is None
]


COUNT_DRIVEN = [case for case in FRESH if case.scheduler not in ("Together", "InTurn") and case.seed is None]


@pytest.mark.parametrize("case", of_which(COUNT_DRIVEN, COUNT_DRIVEN[::6]), ids=str)
def test_every_fresh_recipe_converts_to_its_own_code(case):
    scheduler = case.torch_scheduler()
    schedule = jaxlr.from_torch(scheduler, total_steps=case.total_steps)
    assert_prints_as_code(schedule)
    n = case.steps(50)
    np.testing.assert_array_equal(jaxlr.trajectory(schedule, n), jaxlr.trajectory(case.schedule(), n))


def test_the_printed_code_is_plain():
    assert repr(jaxlr.from_torch(lr_scheduler.StepLR(sgd(), step_size=30))) == "StepLR(lr=0.1, step_size=30)"
    scheduler = lr_scheduler.OneCycleLR(sgd(), max_lr=0.1, total_steps=77, pct_start=0.3)
    assert repr(jaxlr.from_torch(scheduler)) == "OneCycleLR(max_lr=0.1, total_steps=77)"
    scheduler = lr_scheduler.CyclicLR(sgd(), 0.01, 0.1, step_size_up=7, step_size_down=3)
    assert (
        repr(jaxlr.from_torch(scheduler)) == "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=7.0, step_size_down=3.0)"
    )
    scheduler = lr_scheduler.CosineAnnealingLR(sgd(), T_max=100.0)
    for _ in range(7):
        scheduler.step()
    assert repr(jaxlr.from_torch(scheduler)) == "CosineAnnealingLR(lr=0.1, T_max=100, last_epoch=6)"


def ends(case):
    """Whether it ends within the steps that are taken here."""
    end = case.schedule()._final_epoch
    return end is not None and end < 13


RESTORED = [case for case in COUNT_DRIVEN if case.total_steps is None and not ends(case)][::7]


@pytest.mark.parametrize("case", of_which(RESTORED, RESTORED[::4]), ids=str)
def test_what_load_state_dict_restores_converts(case):
    scheduler = case.torch_scheduler()
    for _ in range(13):
        scheduler.step()
    restored = case.torch_scheduler()
    restored.load_state_dict(scheduler.state_dict())
    restored.optimizer.load_state_dict(scheduler.optimizer.state_dict())
    assert jaxlr.from_torch(restored) == jaxlr.from_torch(scheduler)


def test_a_list_is_stepped_one_after_another():
    optimizer = sgd()
    warmup = lr_scheduler.LinearLR(optimizer, 0.1, total_iters=5)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, factor=0.5)
    metrics = Case("ReduceLROnPlateau", {}, seed=3).metrics(100)
    for metric in metrics[:8]:
        warmup.step()
        plateau.step(float(metric))
    schedule = jaxlr.from_torch([warmup, plateau])
    assert_prints_as_code(schedule)
    lrs = []
    for metric in metrics[8:]:
        lrs.append(optimizer.param_groups[0]["lr"])
        warmup.step()
        plateau.step(float(metric))
    assert_goes_on(schedule, np.array(lrs), None, metrics[8:])


def test_a_learning_rate_that_the_schedulers_did_not_leave_is_refused():
    optimizer = sgd()
    warmup = lr_scheduler.LinearLR(optimizer, 0.1)
    lr_scheduler.ExponentialLR(optimizer, 0.9).step()
    with pytest.raises(ValueError, match=r"holds lr=.*which LinearLR did not leave.*pass all the schedulers"):
        jaxlr.from_torch(warmup)


def test_members_that_were_built_in_another_order_are_refused():
    optimizer = sgd()
    second, third = lr_scheduler.ExponentialLR(optimizer, 0.9), lr_scheduler.OneCycleLR(optimizer, 0.2, 20)
    first = lr_scheduler.StepLR(optimizer, 3)
    with pytest.raises(ValueError, match="built in the order in which they are listed"):
        jaxlr.from_torch(lr_scheduler.SequentialLR(optimizer, [first, second, third], [2, 5]))
    optimizer = sgd()
    second = lr_scheduler.CyclicLR(optimizer, 0.01, 0.2, 3, base_momentum=0.6, max_momentum=0.95)
    first = lr_scheduler.OneCycleLR(optimizer, 0.4, 8)
    with pytest.raises(ValueError, match="built in the order in which they are listed"):
        jaxlr.from_torch(lr_scheduler.SequentialLR(optimizer, [first, second], [4]))


def test_an_averaging_that_starts_late_takes_over_where_the_others_ended():
    optimizer = sgd()
    decay = lr_scheduler.ExponentialLR(optimizer, 0.5)
    for _ in range(3):
        decay.step()
    average = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05)
    assert jaxlr.from_torch(average) == jaxlr.SWALR(0.0125, swa_lr=0.05)
    for _ in range(4):
        average.step()
    assert_goes_on(jaxlr.from_torch(average), *stepped(average, 50))


def test_one_group_of_several():
    optimizer = sgd(groups=3)
    for group, lr in zip(optimizer.param_groups, (0.1, 0.2, 0.3), strict=True):
        group["lr"] = lr
    scheduler = lr_scheduler.CyclicLR(optimizer, [0.01, 0.02, 0.03], [0.1, 0.2, 0.3], step_size_up=5)
    assert jaxlr.from_torch(scheduler, group=1).max_lr == 0.2
    with pytest.raises(
        ValueError, match=r"group must be given for an optimizer of 3 parameter groups.*than group 1, 2"
    ):
        jaxlr.from_torch(scheduler)
    assert [schedule.max_lr for schedule in jaxlr.from_torch(scheduler, group="all")] == [0.1, 0.2, 0.3]
    for bad in (3, -1, "0", "each", 1.0, True):
        with pytest.raises(ValueError, match=r"group must be one of 0 \.\. 2"):
            jaxlr.from_torch(scheduler, group=bad)


def test_groups_of_one_schedule_need_no_naming():
    weight, bias = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    groups = [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    warmup, decay = lr_scheduler.LinearLR(optimizer, 0.1), lr_scheduler.LambdaLR(optimizer, exponential)
    scheduler = lr_scheduler.SequentialLR(optimizer, [warmup, decay], [5])
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    for schedulers in (scheduler, [scheduler, plateau]):
        for _ in range(7):
            scheduler.step()
            if schedulers is not scheduler:
                plateau.step(1.0)
        shared = jaxlr.from_torch(schedulers)
        assert shared == jaxlr.from_torch(schedulers, group=0) == jaxlr.from_torch(schedulers, group=1)
        assert jaxlr.from_torch(schedulers, group="all") == [shared, shared]
    optimizer.param_groups[1]["lr"] = 0.3
    plateau.step(1.0)
    with pytest.raises(ValueError, match=r"group 0 has Resumed\(schedule=Together\(.*another than group 1$"):
        jaxlr.from_torch([scheduler, plateau])
    assert jaxlr.from_torch(lr_scheduler.StepLR(sgd(), 3), group="all") == [jaxlr.StepLR(0.1, 3)]


def test_a_group_added_after_the_scheduler_was_built_is_refused():
    optimizer = sgd()
    scheduler = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(optimizer, 0.9)])
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer)
    optimizer.add_param_group({"params": [torch.zeros(1)], "lr": 0.3})
    assert jaxlr.from_torch(scheduler, group=0) == jaxlr.ChainedScheduler([jaxlr.ExponentialLR(0.1, 0.9)])
    for late in (scheduler, plateau):
        with pytest.raises(ValueError, match=r"group must be one that the optimizer had when .*LR.* was built.*got 1"):
            jaxlr.from_torch(late, group=1)


class HalvingLR(lr_scheduler.StepLR):
    pass


def test_what_has_no_port_is_refused_by_name():
    with pytest.raises(TypeError, match=r"HalvingLR: jaxlr.record"):
        jaxlr.from_torch(HalvingLR(sgd(), 3))
    for bad in (None, 3, sgd(), "StepLR"):
        with pytest.raises(TypeError, match="scheduler must be a torch scheduler"):
            jaxlr.from_torch(bad)
    with pytest.raises(ValueError, match="empty list"):
        jaxlr.from_torch([])
    with pytest.raises(ValueError, match="same optimizer"):
        jaxlr.from_torch([lr_scheduler.StepLR(sgd(), 3), lr_scheduler.StepLR(sgd(), 3)])
    with pytest.raises(ValueError, match="T_max"):
        jaxlr.from_torch(lr_scheduler.CosineAnnealingLR(sgd(), T_max=0))
    restarts = lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 4)
    restarts.step(2.5)
    with pytest.raises(ValueError, match="fractional=True"):
        jaxlr.from_torch(restarts)
    optimizer = sgd()
    optimizer.param_groups[0]["initial_lr"] = 0.1
    resumed = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2, last_epoch=12)
    with pytest.raises(ValueError, match="torch has lost count of the cycles"):
        jaxlr.from_torch(resumed)
    with pytest.raises(ValueError, match="total_steps"):
        jaxlr.from_torch(lr_scheduler.LambdaLR(sgd(), lambda epoch: 1.0 if epoch < 5 else 0.1))


class Trainer:
    """What composer's schedulers read in place of the epoch."""

    def __init__(self):
        self.batch = 0

    def __call__(self, epoch):
        return self.batch / 100

    def factor(self, epoch):
        return self.batch / 100


def closing(read, over):
    return lambda epoch: read(over, epoch)


TRAINER = Trainer()
OF_A_TRAINER = {
    "closure": lambda trainer: lambda epoch: trainer.batch / 100,
    "closure over a function": lambda trainer: closing(lambda scale, epoch: scale * trainer.batch, 0.01),
    "default": lambda trainer: lambda epoch, trainer=trainer: trainer.batch / 100,
    "bound method": lambda trainer: trainer.factor,
    "callable object": lambda trainer: trainer,
    "partial": lambda trainer: partial(Trainer.factor, trainer),
    "list": lambda trainer: lambda epoch, of=(trainer,): of[0].batch / 100,
}


@pytest.mark.parametrize("name", OF_A_TRAINER)
@pytest.mark.parametrize("total_steps", [None, 30])
def test_a_lambda_that_reads_its_trainer_is_named(name, total_steps):
    trainer = Trainer()
    scheduler = lr_scheduler.LambdaLR(sgd(), OF_A_TRAINER[name](trainer))
    with pytest.warns(UserWarning, match=r"lr_lambda gives 0.0 at every epoch tried, and reads .*Trainer.*record"):
        assert jaxlr.from_torch(scheduler, total_steps=total_steps)(3) == 0
    trainer.batch = 10
    with pytest.raises(
        ValueError, match=r"makes the learning rate 0.01.* at epoch 0, where torch has 0.0: jaxlr.record"
    ):
        jaxlr.from_torch(scheduler, total_steps=total_steps)
    scheduler.step()
    with pytest.warns(UserWarning, match="gives 0.1 at every epoch"):
        jaxlr.from_torch(scheduler, total_steps=total_steps)


def test_a_global_that_a_lambda_reads_is_named():
    scheduler = lr_scheduler.MultiplicativeLR(sgd(), lambda epoch: 1 + TRAINER.batch)
    with pytest.warns(UserWarning, match=r"gives 1\.0 at every epoch tried, and reads TRAINER \(a Trainer\)"):
        jaxlr.from_torch(scheduler)
    scheduler = lr_scheduler.CyclicLR(sgd(), 0.01, 0.1, scale_fn=lambda cycle: 1 + TRAINER.batch)
    with pytest.warns(UserWarning, match=r"scale_fn gives 1\.0 at every epoch tried"):
        jaxlr.from_torch(scheduler)


def test_the_warning_points_at_the_callers_line():
    optimizer = sgd(groups=3)
    scheduler = lr_scheduler.LambdaLR(optimizer, Trainer())
    with pytest.warns(UserWarning, match="at every epoch tried") as warned:
        jaxlr.from_torch(lr_scheduler.ChainedScheduler([scheduler]))
    assert [warning.filename for warning in warned] == [__file__]


FACTOR = 0.95
SILENT = {
    "constant": lambda epoch: 0.95,
    "global number": lambda epoch: FACTOR,
    "closure over a number": closing(lambda factor, epoch: factor, 0.95),
    "partial of a number": partial(lambda factor, epoch: factor, 0.95),
    "default number": lambda epoch, factor=0.95: factor,
    "function of the module": lambda epoch: 2 * half(epoch),
    "array": closing(lambda factors, epoch: factors[0], jnp.array([0.5])),
    "jitted": jax.jit(lambda epoch: 0.5),
    "an object's, of the epoch": closing(lambda config, epoch: config["gamma"] ** epoch, {"gamma": 0.9}),
    "late in a table": closing(lambda milestones, epoch: 0.1 if epoch in milestones else 1.0, {25}),
}


def half(epoch):
    return 0.5


@pytest.mark.parametrize("name", SILENT)
@pytest.mark.parametrize("cls", [lr_scheduler.LambdaLR, lr_scheduler.MultiplicativeLR])
def test_a_lambda_of_the_epoch_alone_converts_in_silence(cls, name):
    scheduler = cls(sgd(), SILENT[name])
    for _ in range(3):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule = jaxlr.from_torch(scheduler, total_steps=30)
    assert jaxlr.trajectory(schedule, 1)[0] == np.float32(scheduler.get_last_lr()[0])


@pytest.mark.parametrize("total_steps", [None, 30])
def test_a_lambda_that_gives_other_values_when_it_is_called_again_is_refused(total_steps):
    drawn = np.random.default_rng(0)
    counts = itertools.count()
    for fn in (lambda epoch: drawn.random(), lambda epoch: 0.9 ** next(counts), lambda epoch: next(counts) % 2):
        optimizer = sgd()
        scheduler = lr_scheduler.MultiplicativeLR(optimizer, fn)
        cyclic = lr_scheduler.CyclicLR(sgd(), 0.01, 0.1, scale_fn=fn)
        for one, name in ((scheduler, "lr_lambda"), (cyclic, "scale_fn")):
            with pytest.raises(
                ValueError, match=rf"{name} must be a function of the epoch alone.*again: jaxlr\.record"
            ):
                jaxlr.from_torch(one, total_steps=total_steps)


def test_a_lambda_in_a_composite_is_compared_with_what_torch_has_of_it():
    def built(trainer):
        optimizer = sgd()
        first, last = (
            lr_scheduler.LambdaLR(optimizer, fn) for fn in (exponential, lambda epoch: 1 / (1 + trainer.batch))
        )
        decay = lr_scheduler.StepLR(optimizer, 3)
        return lr_scheduler.ChainedScheduler([lr_scheduler.SequentialLR(optimizer, [first, last], [4]), decay])

    trainer = Trainer()
    scheduler = built(trainer)
    for i in range(9):
        if i == 2:
            trainer.batch = 1  # not of what runs now
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schedule = jaxlr.from_torch(scheduler)
        lr = jaxlr.trajectory(schedule, 1)[0]
        assert lr == np.float32(scheduler.get_last_lr()[0])
        scheduler.step()
    trainer.batch = 3
    with pytest.raises(ValueError, match="lr_lambda must be a function of the epoch alone"):
        jaxlr.from_torch(scheduler)


def test_tensors():
    optimizer = sgd(lr=torch.tensor(0.5))
    assert jaxlr.from_torch(lr_scheduler.StepLR(optimizer, 3)) == jaxlr.StepLR(0.5, 3)
    scheduler = lr_scheduler.StepLR(sgd(), 3)
    scheduler.optimizer.param_groups[0]["lr"] = torch.tensor([0.1, 0.2])
    with pytest.raises(ValueError, match=r"the optimizer's lr must be one number, got a tensor of shape \(2,\)"):
        jaxlr.from_torch(scheduler)
    optimizer = sgd(lr=torch.tensor(0.5))
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer)
    scheduler.min_lrs = [torch.tensor([0.1, 0.2])]
    with pytest.raises(ValueError, match="must be one number, got a tensor of shape"):
        jaxlr.from_torch(scheduler)


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
OF_EACH_CLASS = {case.scheduler: case for case in FRESH if case.scheduler != "InTurn" and case.steps(60) == 60}
OF_SIXTY_STEPS = list(OF_EACH_CLASS.values())


def spacing(lr):
    """From one number to the next in the dtype of the tensor, at its value."""
    dtype = torch.finfo(lr.dtype)
    return dtype.eps * 2.0 ** np.floor(np.log2(max(abs(float(lr)), dtype.smallest_normal)))


TENSORS = [(case, dtype) for case in OF_SIXTY_STEPS for dtype in DTYPES]


@pytest.mark.parametrize(
    ("case", "dtype"), of_which(TENSORS, [(case, torch.float32) for case in OF_SIXTY_STEPS[::2]]), ids=str
)
def test_a_tensor_as_learning_rate_converts_to_what_it_holds(case, dtype):
    optimizer = sgd(torch.tensor(case.lr, dtype=dtype))
    scheduler, held = case.torch_on(optimizer), optimizer.param_groups[0]
    metrics, fresh = case.metrics(60), case.schedule()
    for i in range(42):
        if i in (0, 7, 41):
            schedule = jaxlr.from_torch(scheduler, total_steps=case.total_steps)
            states = [one.state_dict() for one in scheduler] if isinstance(scheduler, list) else scheduler.state_dict()
            restored = jaxlr.from_state_dict(fresh, states, optimizer=optimizer.state_dict())
            for value in (schedule, restored):
                with jax.enable_x64(True):
                    (lr,) = jaxlr.trajectory(value, 1, metrics=None if metrics is None else [])
                noise = 8 * 42 * 2.0**-53 * max(1, case.lr)
                assert abs(lr - float(held["lr"])) <= spacing(held["lr"]) + noise, value
        case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    if dtype in (torch.float32, torch.float64):
        schedule = jaxlr.from_torch(scheduler, total_steps=case.total_steps)
        theirs = []
        for i in range(42, 60):
            theirs.append(float(held["lr"]))
            case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
        ours = jaxlr.trajectory(schedule, 18, metrics=None if metrics is None else metrics[42:])
        np.testing.assert_allclose(ours, theirs, rtol=2**-18, atol=2**-22 * max(map(abs, theirs)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_learning_rate_that_moved_into_a_tensor_in_mid_run(dtype):
    scheduler = lr_scheduler.StepLR(sgd(0.5), 3)
    for _ in range(10):
        scheduler.step()
    (group,) = scheduler.optimizer.param_groups
    group["lr"] = torch.tensor(group["lr"], dtype=dtype)
    expected = jaxlr.StepLR(0.5, 3, last_epoch=9)
    assert jaxlr.from_torch(scheduler) == expected
    state, optimizer = scheduler.state_dict(), scheduler.optimizer.state_dict()
    assert jaxlr.from_state_dict(jaxlr.StepLR(0.5, 3), state, optimizer=optimizer) == expected
    group["lr"] *= 1.1  # by hand
    with pytest.raises(ValueError, match=r"holds lr=.*, which StepLR did not leave in it \(they left 0.0005"):
        jaxlr.from_torch(scheduler)
    with pytest.raises(ValueError, match=r"optimizer must hold lr=0.0005.*, the scheduler's, got tensor"):
        jaxlr.from_state_dict(jaxlr.StepLR(0.5, 3), state, optimizer=scheduler.optimizer.state_dict())


def test_what_a_tensor_holds_in_mid_run_is_kept_where_torchs_roundings_add_up():
    scheduler = lr_scheduler.ExponentialLR(sgd(torch.tensor(0.5, dtype=torch.bfloat16)), 0.999)
    for _ in range(1_000):
        scheduler.step()
    held = float(scheduler.optimizer.param_groups[0]["lr"])
    assert held == 0.5  # in bfloat16, 0.999 of it is itself
    expected = jaxlr.Resumed(jaxlr.ExponentialLR(0.5, 0.999), 1_000, lr=0.5)
    assert jaxlr.from_torch(scheduler) == expected
    assert jaxlr.from_state_dict(jaxlr.ExponentialLR(0.5, 0.999), scheduler.state_dict()) == expected


def test_numbers_in_tensors_convert_to_short_code():
    max_lr = torch.tensor(0.5)
    scheduler = lr_scheduler.OneCycleLR(sgd(torch.tensor(0.1)), max_lr, total_steps=40, div_factor=20.0)
    # Torch anneals in float32, from 0.5 down to 0.025, which it misses by more than one rounding.
    assert jaxlr.from_torch(scheduler).schedule == jaxlr.OneCycleLR(0.5, 40, div_factor=20.0)


@pytest.mark.parametrize("case", of_which(FRESH[::4], FRESH[::12]), ids=str)
def test_there_and_back(case):
    n = min(case.steps(60), 60)
    metrics = case.metrics(n)
    schedule = case.schedule()
    optimizer = sgd(lr=0.7)
    driven = jaxlr.to_torch(schedule, optimizer)
    assert isinstance(driven, lr_scheduler.LRScheduler)
    lrs = []
    for i in range(n):
        if i == n // 2:  # saved, and restored into a new one
            state = driven.state_dict()
            optimizer = sgd(lr=0.7)
            driven = jaxlr.to_torch(schedule, optimizer)
            driven.load_state_dict(state)
            driven._write()
        lrs.append(optimizer.param_groups[0]["lr"])
        assert driven.get_last_lr() == [lrs[-1]]
        if i < n - 1:
            driven.step(*([] if metrics is None else [float(metrics[i])]))
    theirs = torch_trajectory(case, n)
    np.testing.assert_allclose(lrs, theirs["lr"], rtol=4 * n * 2.0**-53, atol=4 * n * 2.0**-53 * theirs["lr"].max())


def test_to_torch_drives_the_momentum_and_every_group():
    schedule = jaxlr.OneCycleLR(0.1, total_steps=10)
    for make in (sgd, lambda: torch.optim.Adam([torch.zeros(1)], lr=0.1)):
        optimizer = make()
        driven = jaxlr.to_torch(schedule, optimizer)
        reference = lr_scheduler.OneCycleLR(make(), 0.1, total_steps=10)
        for _ in range(9):
            driven.step()
            reference.step()
            ours, theirs = optimizer.param_groups[0], reference.optimizer.param_groups[0]
            assert ours["lr"] == pytest.approx(theirs["lr"], rel=1e-14)
            key = (lambda group: group["betas"][0]) if "betas" in ours else (lambda group: group["momentum"])
            assert key(ours) == pytest.approx(key(theirs), rel=1e-14)
    optimizer = sgd(groups=2)
    driven = jaxlr.to_torch([jaxlr.StepLR(0.1, 1), jaxlr.ExponentialLR(0.2, 0.5)], optimizer)
    driven.step()
    np.testing.assert_allclose(driven.get_last_lr(), [0.01, 0.1])


def test_bad_inputs_of_to_torch():
    with pytest.raises(TypeError, match="optimizer must be a torch optimizer"):
        jaxlr.to_torch(jaxlr.StepLR(0.1, 3), None)
    with pytest.raises(TypeError, match="schedule must be a jaxlr schedule"):
        jaxlr.to_torch([optax.constant_schedule(0.1)], sgd())
    for bad in (3, None, lr_scheduler.StepLR(sgd(), 3)):
        with pytest.raises(TypeError, match="schedule must be a jaxlr schedule, or one for each"):
            jaxlr.to_torch(bad, sgd())
    with pytest.raises(ValueError, match="one for each of 1 parameter groups, got 2"):
        jaxlr.to_torch([jaxlr.StepLR(0.1, 3)] * 2, sgd())
    with pytest.raises(ValueError, match="must have a momentum or beta1"):
        jaxlr.to_torch(jaxlr.OneCycleLR(0.1, 10), torch.optim.Adagrad([torch.zeros(1)], lr=0.1))
    driven = jaxlr.to_torch(jaxlr.StepLR(0.1, 3), sgd())
    with pytest.raises(ValueError, match="state_dict must be one of the same schedules"):
        driven.load_state_dict(jaxlr.to_torch(jaxlr.ExponentialLR(0.1, 0.5), sgd()).state_dict())
    with pytest.raises(ValueError, match="state_dict must be one of the same schedules"):
        driven.load_state_dict({})


def test_a_cosine_whose_length_is_not_whole():
    def make():
        return torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=0.03), T_max=160 / 7)

    schedule = jaxlr.from_torch(make())
    assert schedule == jaxlr.CosineAnnealingLR(0.03, T_max=160 / 7)
    assert jaxlr.verify(make(), schedule, steps=100).verdict == "equal"


def test_a_cosine_goes_on_where_torch_divides_by_zero():
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), 10 / 3)
    with pytest.raises(ZeroDivisionError):  # the epoch after 3 T_max
        list(itertools.starmap(scheduler.step, [()] * 20))
    schedule = jaxlr.CosineAnnealingLR(0.1, T_max=10 / 3)
    with jax.enable_x64(True):
        closed, recursive = (jaxlr.trajectory(schedule, 100, form=form) for form in ("closed", "recursive"))
    assert compare(recursive, closed).passed
