"""What surprises people in torch 2.13: the real object shows each, and the port does the same, or says why not."""

import warnings

import numpy as np
import pytest
import torch

import jaxlr
from jaxlr._ulp import compare
from parity.case import Case
from parity.compare import torch_trajectory

lr_scheduler = torch.optim.lr_scheduler
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the optimizer itself is not stepped


def sgd(lr=0.1, **options):
    return torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9, **options)


def both(case, steps, metrics=None):
    ours = jaxlr.trajectory(case.schedule(), steps, form="recursive", metrics=metrics)
    theirs = torch_trajectory(case, steps)["lr"]
    assert compare(ours, theirs).passed
    return theirs


def test_a_linear_in_a_sequence_starts_from_the_initial_lr_not_from_where_the_first_ended():
    first, second = Case("ExponentialLR", {"gamma": 0.5}), Case("LinearLR", {"start_factor": 0.1, "total_iters": 4})
    case = Case("SequentialLR", {"schedulers": [first, second], "milestones": [3]}, lr=1.0)
    np.testing.assert_allclose(both(case, 5), [1, 0.5, 0.25, 0.1, 0.325])


def test_one_cycle_overwrites_the_initial_lr_of_everyone():
    members = [Case("ConstantLR", {"factor": 0.5}), Case("OneCycleLR", {"max_lr": 2.0, "total_steps": 100})]
    case = Case("SequentialLR", {"schedulers": members, "milestones": [9]})
    np.testing.assert_allclose(both(case, 5)[0], 0.04)


def test_cyclic_sets_the_learning_rate_to_its_base_lr():
    members = [Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2}), Case("ExponentialLR", {"gamma": 0.5})]
    np.testing.assert_allclose(both(Case("ChainedScheduler", {"schedulers": members}), 2)[0], 0.01)


@pytest.mark.parametrize("kind", ["SequentialLR", "ChainedScheduler"])
def test_a_composite_as_first_member_starts_one_step_ahead(kind):  # pytorch #196243
    inner = {"schedulers": [Case("ExponentialLR", {"gamma": 0.5})]}
    inner |= {"milestones": []} if kind == "SequentialLR" else {}
    members = [Case(kind, inner), Case("StepLR", {"step_size": 9})]
    case = Case("SequentialLR", {"schedulers": members, "milestones": [5]})
    np.testing.assert_allclose(both(case, 3), [0.05, 0.025, 0.0125])


def test_a_swalr_that_takes_over_in_the_first_step_of_a_composite_counts_no_step():
    members = [Case("ExponentialLR", {"gamma": 0.5}), Case("SWALR", {"swa_lr": 0.0, "anneal_epochs": 6})]
    case = Case("SequentialLR", {"schedulers": members, "milestones": [1]})
    for _ in range(2):
        case = Case("SequentialLR", {"schedulers": [case], "milestones": []})
    both(case, 8)


def test_a_composite_cannot_take_over():
    optimizer = sgd()
    first, later = lr_scheduler.ExponentialLR(optimizer, 0.5), lr_scheduler.StepLR(optimizer, 3)
    sequence = lr_scheduler.SequentialLR(optimizer, [first, lr_scheduler.ChainedScheduler([later])], [2])
    sequence.step()
    with pytest.raises(NotImplementedError):
        sequence.step()
    members = [jaxlr.ExponentialLR(0.1, 0.5), jaxlr.ChainedScheduler([jaxlr.StepLR(0.1, 3)])]
    with pytest.raises(NotImplementedError, match="torch raises NotImplementedError"):
        jaxlr.SequentialLR(0.1, members, [2])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("StepLR", {"step_size": 3}),
        ("MultiStepLR", {"milestones": [3]}),
        ("ConstantLR", {"factor": 0.5, "total_iters": 3}),
    ],
)
def test_resuming_at_a_drop_torch_applies_it_twice_and_we_do_not(name, arguments):
    uninterrupted = torch_trajectory(Case(name, arguments), 6)["lr"]
    optimizer = sgd()
    scheduler = getattr(lr_scheduler, name)(optimizer, **arguments)
    for _ in range(3):
        scheduler.step()
    resumed = sgd()
    resumed.load_state_dict(optimizer.state_dict())
    getattr(lr_scheduler, name)(resumed, **arguments, last_epoch=scheduler.last_epoch - 1)
    assert resumed.param_groups[0]["lr"] != pytest.approx(uninterrupted[3])
    ours = getattr(jaxlr, name)(0.1, **arguments, last_epoch=scheduler.last_epoch - 1)
    assert compare(jaxlr.trajectory(ours, 3), uninterrupted[3:]).passed


def test_resuming_in_a_later_cycle_torchs_warm_restarts_lose_count_and_ours_do_not():
    through = torch_trajectory(Case("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2}), 40)["lr"]
    optimizer = sgd()
    optimizer.param_groups[0]["initial_lr"] = 0.1
    resumed = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2, last_epoch=12)
    assert (resumed.T_cur, resumed.T_i) == (1, 8)
    assert abs(optimizer.param_groups[0]["lr"] - through[13]) > 2e-3
    ours = jaxlr.trajectory(jaxlr.CosineAnnealingWarmRestarts(0.1, 4, 2, last_epoch=12), 27)
    assert compare(ours, through[13:]).passed


def test_cosine_past_its_end_is_periodic():
    theirs = both(Case("CosineAnnealingLR", {"T_max": 10}), 41)
    np.testing.assert_allclose(theirs[[10, 20, 30, 40]], [0, 0.1, 0, 0.1], atol=1e-12)


def test_restarts_on_fractional_epochs_begin_where_torchs_logarithm_does():
    optimizer = sgd()
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=1, T_mult=3)
    ours = jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=1, T_mult=3)
    scheduler.step(121.0)  # log(243, 3) = 4.999...: the end of cycle 4, not the beginning of cycle 5
    assert optimizer.param_groups[0]["lr"] == ours(121.0) == 0
    scheduler.step(121.001)
    assert ours(121.001) == np.float32(optimizer.param_groups[0]["lr"])
    assert ours(121) == np.float32(0.1)  # 121 whole steps


def test_warm_restarts_never_reach_eta_min_on_whole_steps():
    assert both(Case("CosineAnnealingWarmRestarts", {"T_0": 10, "eta_min": 0.01}), 100).min() > 0.011


def test_one_cycle_goes_one_step_past_its_end_and_rebounds():
    optimizer = sgd()
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
    ours = jaxlr.OneCycleLR(0.1, total_steps=10)
    lrs = []
    for _ in range(10):
        scheduler.step()
        lrs.append(optimizer.param_groups[0]["lr"])
    assert lrs[-1] > lrs[-2]
    assert ours(10) == np.float32(lrs[-1])
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.step()
    with pytest.raises(ValueError, match="at most 10"):
        ours(11)


def test_triangular2_overflows_in_torch_after_1024_cycles():
    case = Case("CyclicLR", {"base_lr": 1e-4, "max_lr": 1e-3, "step_size_up": 4, "mode": "triangular2"})
    with pytest.raises(OverflowError):
        torch_trajectory(case, 8193)
    assert case.schedule()(8193) == np.float32(1e-4)


@pytest.mark.parametrize(
    "growing",
    [
        Case("ExponentialLR", {"gamma": 10.0}, lr=0.0),
        Case("StepLR", {"step_size": 1, "gamma": 10.0}, lr=0.0),
        Case("ChainedScheduler", {"schedulers": [Case("ExponentialLR", {"gamma": 10.0})] * 2}, lr=0.0),
    ],
    ids=str,
)
def test_a_rate_of_0_stays_0_when_its_factor_overflows(growing):
    theirs = both(growing, 401)
    assert growing.schedule()(400) == theirs[400] == 0.0


def test_a_composite_leaves_the_momentum_of_its_own_first_member():
    cyclic = Case("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "base_momentum": 0.6, "max_momentum": 0.85})
    one_cycle = Case("OneCycleLR", {"max_lr": 0.3, "total_steps": 60, "max_momentum": 0.97})
    skipped = Case("SequentialLR", {"schedulers": [cyclic, one_cycle], "milestones": [3]})
    step = Case("StepLR", {"step_size": 5})
    taken_over = Case("SequentialLR", {"schedulers": [cyclic, step, one_cycle], "milestones": [1, 40]})
    theirs = torch_trajectory(nested := Case("SequentialLR", {"schedulers": [taken_over], "milestones": []}), 5)
    ours = jaxlr.trajectory(nested.schedule().momentum, 5, form="recursive")
    assert theirs["momentum"].tolist() == [0.85] * 5
    assert compare(ours, theirs["momentum"]).passed
    for first in (skipped, Case("ChainedScheduler", {"schedulers": [skipped]})):
        case = Case("SequentialLR", {"schedulers": [first, step], "milestones": [0]})
        theirs = torch_trajectory(case, 5)["momentum"]
        ours = jaxlr.trajectory(case.schedule().momentum, 5, form="recursive")
        assert theirs.tolist() == [0.85] * 5
        assert compare(ours, theirs).passed


def test_swalr_counts_its_own_steps():
    members = [Case("ExponentialLR", {"gamma": 0.5}), Case("SWALR", {"swa_lr": 0.01, "anneal_epochs": 2})]
    theirs = both(Case("SequentialLR", {"schedulers": members, "milestones": [3]}), 6)
    np.testing.assert_allclose(theirs[2:], [0.025, 0.025, 0.0175, 0.01])


def test_no_iterations_of_constant_and_linear():
    assert both(Case("ConstantLR", {"factor": 0.5, "total_iters": 0}), 5).tolist() == [0.05] * 5
    assert both(Case("LinearLR", {"start_factor": 0.5, "total_iters": 0}), 5).tolist() == [0.05] * 5
    optimizer = sgd()
    members = [lr_scheduler.StepLR(optimizer, 3), lr_scheduler.LinearLR(optimizer, total_iters=0)]
    sequence = lr_scheduler.SequentialLR(optimizer, members, [1])
    with pytest.raises(ZeroDivisionError):
        sequence.step()


def plateau(metrics, **arguments):
    optimizer = sgd()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
    lrs = []
    for metric in [*metrics, None]:
        lrs.append(optimizer.param_groups[0]["lr"])
        if metric is not None:
            scheduler.step(metric)
    ours = jaxlr.trajectory(jaxlr.ReduceLROnPlateau(0.1, **arguments), len(lrs), metrics=metrics)
    np.testing.assert_array_equal(ours, np.float32(lrs))
    return lrs


def test_the_plateau_cuts_at_the_bad_step_after_its_patience():
    assert np.flatnonzero(np.diff(plateau([1.0] * 9, patience=2))).tolist() == [3, 6]


def test_nan_is_a_bad_step():
    assert np.flatnonzero(np.diff(plateau([1.0, float("nan"), float("nan")], patience=1))).tolist() == [2]


def test_relative_with_a_constant_negative_metric_never_cuts():
    assert set(plateau([-1.0] * 50, patience=1)) == {0.1}


def test_no_cut_smaller_than_eps():
    assert set(plateau([1.0] * 50, patience=0, eps=0.09)) == {0.1}


def test_a_float32_tensor_as_learning_rate_makes_torch_round_at_every_step():
    optimizer = sgd(lr=torch.tensor(0.1))
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.999)
    for _ in range(1000):
        scheduler.step()
    rounded = float(optimizer.param_groups[0]["lr"])
    float64 = torch_trajectory(Case("ExponentialLR", {"gamma": 0.999}), 1001)["lr"][-1]
    ours = float(jaxlr.ExponentialLR(0.1, 0.999)(1000))
    assert abs(rounded - float64) > 5 * np.spacing(np.float32(float64))
    assert abs(ours - float64) <= np.spacing(np.float32(float64))
    scheduler = lr_scheduler.ExponentialLR(sgd(lr=torch.tensor(0.5, dtype=torch.bfloat16)), 0.999)
    for _ in range(1000):
        scheduler.step()
    assert scheduler.get_last_lr() == [0.5]


CRASHES = [
    ("StepLR", {"step_size": 0}, ZeroDivisionError),
    ("CosineAnnealingLR", {"T_max": 0}, ZeroDivisionError),
    ("ConstantLR", {"factor": 0.0, "total_iters": 2}, ZeroDivisionError),
    ("PolynomialLR", {"total_iters": 3, "power": -1.0}, ZeroDivisionError),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 0}, ZeroDivisionError),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "pct_start": 0.1}, ZeroDivisionError),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "pct_start": 1.0}, ZeroDivisionError),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "div_factor": 0.0}, ZeroDivisionError),
]


@pytest.mark.parametrize(("name", "arguments", "error"), CRASHES, ids=str)
def test_what_crashes_torch_later_is_refused_at_once(name, arguments, error):
    case = Case(name, arguments)
    with pytest.raises(error):
        torch_trajectory(case, 20)
    with pytest.raises((ValueError, TypeError), match=name):
        case.schedule()


REFUSED = [
    ("ConstantLR", {"factor": 1.5}),
    ("ConstantLR", {"factor": -0.5}),
    ("LinearLR", {"start_factor": 0.0}),
    ("LinearLR", {"start_factor": 1.5}),
    ("LinearLR", {"end_factor": -0.1}),
    ("LinearLR", {"end_factor": 1.1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2.5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "eta_min": "0"}),
    ("MultiplicativeLR", {"lr_lambda": 0.9}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "mode": "square"}),
    ("OneCycleLR", {"max_lr": 0.1}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 0}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 3}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 3, "steps_per_epoch": 0}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "pct_start": 1}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "pct_start": 1.5}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "anneal_strategy": "poly"}),
    ("SWALR", {"swa_lr": 0.1, "anneal_epochs": -1}),
    ("SWALR", {"swa_lr": 0.1, "anneal_epochs": 2.5}),
    ("SWALR", {"swa_lr": 0.1, "anneal_strategy": "poly"}),
    ("ReduceLROnPlateau", {"factor": 1.0}),
    ("ReduceLROnPlateau", {"mode": "least"}),
    ("ReduceLROnPlateau", {"threshold_mode": "relative"}),
    ("SequentialLR", {"schedulers": [], "milestones": []}),
    ("SequentialLR", {"schedulers": [Case("StepLR", {"step_size": 3})], "milestones": [3]}),
    ("SequentialLR", {"schedulers": [Case("ReduceLROnPlateau", {})], "milestones": []}),
    ("ChainedScheduler", {"schedulers": []}),
    ("ChainedScheduler", {"schedulers": [Case("ReduceLROnPlateau", {})]}),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=str)
def test_what_torch_refuses_is_refused(name, arguments):
    with pytest.raises((ValueError, TypeError)):
        Case(name, arguments).torch_scheduler()
    with pytest.raises((ValueError, TypeError), match=name):
        Case(name, arguments).schedule()


def test_a_negative_learning_rate_is_torchs_to_refuse_and_ours():
    with pytest.raises(ValueError, match="Invalid learning rate"), warnings.catch_warnings():
        sgd(lr=-0.1)
    with pytest.raises(ValueError, match="lr must be a finite number >= 0"):
        jaxlr.StepLR(-0.1, 3)
