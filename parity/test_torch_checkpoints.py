"""A torch checkpoint, read without unpickling code, restores into a schedule."""

import dataclasses
import io

import numpy as np
import pytest
import torch
from each import of_which

import jaxlr
from jaxlr._ulp import compare
from parity.case import Case
from parity.cases import RECIPES

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the optimizer itself is not stepped

RECIPES_OF_TORCH = [
    case
    for case in RECIPES
    if case.of_torch
    and case.scheduler not in ("Together", "InTurn")
    and case.last_epoch == -1
    and not case.fractional
    and case.total_steps is None
    and case.steps(60) == 60
]


def saved(thing):
    """As it comes back from a .pt file that holds plain data."""
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("case", of_which(RECIPES_OF_TORCH[::3], RECIPES_OF_TORCH[::9]), ids=str)
def test_a_checkpoint_goes_on_as_torch_does(case):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=case.lr, momentum=0.9)
    scheduler = case.torch_on(optimizer)
    metrics = case.metrics(60)
    for i in range(17):
        case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    state_dict, optimizer_state = saved(scheduler.state_dict()), saved(optimizer.state_dict())
    schedule = jaxlr.from_state_dict(case.schedule(), state_dict, optimizer=optimizer_state)
    lrs = []
    for i in range(17, 60):
        lrs.append(optimizer.param_groups[0]["lr"])
        case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    ours = jaxlr.trajectory(schedule, len(lrs), metrics=None if metrics is None else metrics[17:])
    assert ours[0] == np.float32(lrs[0])
    assert compare(ours, np.array(lrs, np.float64)).passed


def state_dict_of(case):
    return case.torch_scheduler().state_dict()


STEP = Case("StepLR", {"step_size": 30})
NESTED = next(case for case in RECIPES if case.scheduler == "SequentialLR" and "nested" in case.quirk)
CYCLIC = Case("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2})
CYCLE = Case("SequentialLR", {"schedulers": [CYCLIC, STEP], "milestones": [5]})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jaxlr.from_state_dict(None, {}), TypeError, "schedule must be a jaxlr schedule"),
        (lambda: jaxlr.from_state_dict(STEP.schedule(), None), TypeError, "state_dict must be a torch scheduler's"),
        (lambda: jaxlr.from_state_dict(STEP.schedule(), {}), ValueError, "state_dict must be that of a torch StepLR"),
        (
            lambda: jaxlr.from_state_dict(STEP.schedule(), {"step_size": 30, "gamma": 0.1}),
            ValueError,
            "state_dict must be that of a torch StepLR, with step_size, gamma, last_epoch",
        ),
        (
            lambda: jaxlr.from_state_dict(jaxlr.StepLR(0.1, 20), state_dict_of(STEP)),
            ValueError,
            "got one with step_size=30",
        ),
        (
            lambda: jaxlr.from_state_dict(jaxlr.ReduceLROnPlateau(0.1), state_dict_of(STEP)),
            ValueError,
            "must be that of a torch ReduceLROnPlateau",
        ),
        (
            lambda: jaxlr.from_state_dict(jaxlr.ChainedScheduler([STEP.schedule()]), state_dict_of(NESTED)),
            ValueError,
            "state_dict must have 1 members, got 2",
        ),
        (
            lambda: jaxlr.from_state_dict(
                STEP.schedule(), state_dict_of(STEP), optimizer={"param_groups": [{"lr": 0.5, "momentum": 0.9}]}
            ),
            ValueError,
            "optimizer must hold lr=0.1, the scheduler's, got 0.5",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_inputs_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


OTHERS = [
    (Case("MultiStepLR", {"milestones": [3, 6]}), jaxlr.MultiStepLR(0.1, [5, 9])),
    (Case("MultiStepLR", {"milestones": [3, 6]}), jaxlr.StepLR(0.1, 3)),
    (Case("ExponentialLR", {"gamma": 0.5}), jaxlr.ConstantLR(0.1)),
    (Case("CosineAnnealingLR", {"T_max": 5}), jaxlr.PolynomialLR(0.1)),
    (Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 9}), jaxlr.OneCycleLR(0.1, 10)),
    (Case("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2}), jaxlr.CyclicLR(0.1, 0.2, 30)),
    (Case("SWALR", {"swa_lr": 0.1}), jaxlr.SWALR(0.1, 0.1, anneal_strategy="linear")),
    (
        Case("SequentialLR", {"schedulers": [STEP, STEP], "milestones": [3]}),
        jaxlr.SequentialLR(0.1, [jaxlr.StepLR(0.1, 30)] * 2, [5]),
    ),
]


@pytest.mark.parametrize(("case", "schedule"), OTHERS, ids=str)
def test_the_state_of_another_recipe_is_refused(case, schedule):
    with pytest.raises(ValueError, match="state_dict must be that of"):
        jaxlr.from_state_dict(schedule, state_dict_of(case))
    with pytest.raises(TypeError, match="schedule must be a scheduler of torch's"):
        jaxlr.from_state_dict(jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 2), state_dict_of(case))


ANNEALED = {
    "OneCycleLR": lambda optimizer, strategy: torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.1, total_steps=50, anneal_strategy=strategy
    ),
    "SWALR": lambda optimizer, strategy: torch.optim.swa_utils.SWALR(optimizer, 0.05, 20, strategy),
}
OLD_NAMES = {"OneCycleLR": ("_annealing_cos", "_annealing_linear"), "SWALR": ("_cosine_anneal", "_linear_anneal")}
OTHER = {"cos": "linear", "linear": "cos"}


def aged(scheduler, strategy):
    """The state_dict as an old torch has saved it: with the function, without its name."""
    cls = type(scheduler)
    state = {key: value for key, value in scheduler.state_dict().items() if not key.startswith("_anneal")}
    return state | {"anneal_func": getattr(cls, OLD_NAMES[cls.__name__][strategy == "linear"])}


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("name", ANNEALED)
def test_the_state_of_an_old_torch_restores(name, strategy):
    def built(strategy):
        return ANNEALED[name](torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9), strategy)

    scheduler = built(strategy)
    fresh = jaxlr.from_torch(scheduler)
    for _ in range(7):
        scheduler.step()
    state, optimizer = aged(scheduler, strategy), scheduler.optimizer.state_dict()
    expected = jaxlr.from_torch(scheduler)
    assert expected == dataclasses.replace(fresh, last_epoch=6)
    assert jaxlr.from_state_dict(fresh, state, optimizer=optimizer) == expected
    silent = {key: value for key, value in state.items() if key != "anneal_func"}
    assert jaxlr.from_state_dict(fresh, silent, optimizer=optimizer) == expected
    with pytest.raises(ValueError, match=r"state_dict must be that of .* got one with anneal_strategy"):
        jaxlr.from_state_dict(jaxlr.from_torch(built(OTHER[strategy])), state, optimizer=optimizer)
    with pytest.raises(ValueError, match="got one with anneal_strategy=<function"):
        jaxlr.from_state_dict(fresh, state | {"anneal_func": lambda pct: pct}, optimizer=optimizer)

    # A scheduler that was pickled as a whole has the function alone.
    unpickled = built(strategy)
    vars(unpickled).clear()
    vars(unpickled).update(state, optimizer=scheduler.optimizer)
    assert jaxlr.from_torch(unpickled) == expected
    unpickled.anneal_func = lambda *arguments: 0.5
    with pytest.raises(ValueError, match=rf"the anneal_func of {name} must be torch's own, got .*jaxlr\.record"):
        jaxlr.from_torch(unpickled)
    unpickled.anneal_func = state["anneal_func"]
    scheduler.step()
    lr = scheduler.optimizer.param_groups[0]["lr"]
    scheduler.optimizer.load_state_dict(optimizer)
    unpickled.step()
    assert unpickled.optimizer.param_groups[0]["lr"] == lr


def test_an_old_state_that_torch_loads_keeps_the_strategy_of_the_scheduler():
    for name, make in ANNEALED.items():
        old = make(torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9), "linear")
        for _ in range(7):
            old.step()
        loaded = make(torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9), "cos")
        loaded.load_state_dict(aged(old, "linear"))
        loaded.optimizer.load_state_dict(old.optimizer.state_dict())
        schedule = jaxlr.from_torch(loaded)
        lrs = []
        for _ in range(20):
            lrs.append(loaded.optimizer.param_groups[0]["lr"])
            loaded.step()
        assert compare(jaxlr.trajectory(schedule, 20), np.array(lrs)).passed, name


def test_a_momentum_in_mid_run_needs_the_optimizers_state():
    scheduler = CYCLE.torch_scheduler()
    for _ in range(7):
        scheduler.step()
    scheduler.optimizer.param_groups[0]["lr"] = 0.3
    scheduler.step()
    with pytest.raises(ValueError, match="optimizer must be given"):
        jaxlr.from_state_dict(CYCLE.schedule(), scheduler.state_dict())
    state = scheduler.optimizer.state_dict()
    resumed = jaxlr.from_state_dict(CYCLE.schedule(), scheduler.state_dict(), optimizer=state)
    assert resumed.held_momentum == scheduler.optimizer.param_groups[0]["momentum"]


@pytest.mark.parametrize("optimizer", [{}, {"param_groups": []}, {"param_groups": [{}]}, 3, [1]], ids=repr)
def test_an_optimizer_that_is_no_state_dict_is_named(optimizer):
    with pytest.raises(TypeError, match="optimizer must be the state_dict of a torch optimizer of at least 1"):
        jaxlr.from_state_dict(STEP.schedule(), state_dict_of(STEP), optimizer=optimizer)


def test_an_optimizer_without_momentum_is_named():
    optimizer = {"param_groups": [{"lr": 0.1, "weight_decay": 0.0}]}
    with pytest.raises(ValueError, match="must have a momentum or betas, its group has lr, weight_decay"):
        jaxlr.from_state_dict(CYCLIC.schedule(), state_dict_of(CYCLIC), optimizer=optimizer)


CONTRADICTED = [
    (Case("CosineAnnealingLR", {"T_max": 10}), jaxlr.CosineAnnealingLR(0.2, 10), "base_lrs"),
    (Case("CosineAnnealingWarmRestarts", {"T_0": 4}), jaxlr.CosineAnnealingWarmRestarts(0.2, 4), "base_lrs"),
    (
        Case("SequentialLR", {"schedulers": [STEP, STEP], "milestones": [3]}),
        jaxlr.SequentialLR(0.2, [jaxlr.StepLR(0.2, 30)] * 2, [3]),
        "base_lrs",
    ),
    (Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 20}), jaxlr.OneCycleLR(0.2, 20), "base_lrs"),
    (
        Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 20}),
        jaxlr.OneCycleLR(0.1, 20, pct_start=0.5),
        "phases that end",
    ),
    (Case("OneCycleLR", {"max_lr": 0.1, "total_steps": 20}), jaxlr.OneCycleLR(0.2, 20, div_factor=50.0), "max_lr"),
    (CYCLIC, jaxlr.CyclicLR(0.1, 0.4), "max_lrs"),
    (CYCLIC, jaxlr.CyclicLR(0.1, 0.2, base_momentum=0.5), "base_momentum"),
    (Case("SWALR", {"swa_lr": 0.05}), jaxlr.SWALR(0.1, 0.02), "swa_lr"),
    (Case("ReduceLROnPlateau", {"min_lr": 1e-3}, seed=1), jaxlr.ReduceLROnPlateau(0.1), "min_lrs"),
]


@pytest.mark.parametrize(("case", "schedule", "named"), CONTRADICTED, ids=lambda value: str(value)[:60])
def test_a_learning_rate_that_the_checkpoint_contradicts_is_refused(case, schedule, named):
    scheduler = case.torch_scheduler()
    metrics = case.metrics(7)
    for i in range(7):
        case.torch_step(scheduler, i, None if metrics is None else float(metrics[i]))
    optimizer = scheduler.optimizer.state_dict()
    with pytest.raises(ValueError, match=f"from_state_dict: .*{named}"):
        jaxlr.from_state_dict(schedule, scheduler.state_dict(), optimizer=optimizer)
    right = jaxlr.from_state_dict(case.schedule(), scheduler.state_dict(), optimizer=optimizer)
    held = scheduler.optimizer.param_groups[0]["lr"]
    assert jaxlr.trajectory(right, 1, metrics=None if metrics is None else [])[0] == np.float32(held)


def test_the_schedulers_of_a_loop_are_restored_from_the_list_of_theirs():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=5)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5)

    def step(metric):
        warmup.step()
        plateau.step(metric)

    for _ in range(4):
        step(1.0)
    recipe = jaxlr.Together(
        [jaxlr.LinearLR(0.1, 0.1, total_iters=5), jaxlr.ReduceLROnPlateau(0.1, patience=1, factor=0.5)]
    )
    schedule = jaxlr.from_state_dict(recipe, [warmup.state_dict(), plateau.state_dict()])
    lrs = []
    for _ in range(20):
        lrs.append(optimizer.param_groups[0]["lr"])
        step(1.0)
    assert compare(jaxlr.trajectory(schedule, 20, metrics=[1.0] * 19), np.array(lrs)).passed
    for bad in ([], [warmup.state_dict()], [warmup.state_dict(), 3]):
        with pytest.raises((TypeError, ValueError), match="from_state_dict: state_dict must"):
            jaxlr.from_state_dict(recipe, bad)
