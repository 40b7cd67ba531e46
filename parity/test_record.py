"""record: what a function leaves in a real optimizer, beside a loop that steps a second one by hand."""

import functools
import importlib
import math
import warnings

import numpy as np
import pytest
import torch

import jaxlr

lr_scheduler = torch.optim.lr_scheduler
STEPS = 60
METRICS = [max(0.2, 1 - 0.05 * i) + 0.02 * math.sin(7 * i) for i in range(STEPS)]


def sgd(groups=2):
    parameters = [{"params": [torch.zeros(1, requires_grad=True)], "lr": 0.1 * (i + 1)} for i in range(groups)]
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def adam():
    return torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=0.1)


def assert_recorded(tables, optimizer, advance):
    """The tables are what optimizer, a second one, holds at each count; advance(count) steps it to that count."""
    expected = []
    for count in range(STEPS):
        if count:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the optimizer itself is not stepped
                advance(count)
        expected.append([(g["lr"], g["betas"][0] if "betas" in g else g["momentum"]) for g in optimizer.param_groups])
    assert len(tables) == len(optimizer.param_groups)
    for table, group in zip(tables, zip(*expected, strict=True), strict=True):
        lrs, momentums = zip(*group, strict=True)
        assert len(set(lrs)) > 1 or len(set(momentums)) > 1  # something is scheduled
        assert (table.values, table.momentums) == (lrs, momentums)


def test_a_hand_written_function():
    optimizer = sgd()

    def adjust_learning_rate(epoch):
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] = 0.1 * (i + 1) * 0.1 ** (epoch // 30)

    first, second = jaxlr.record(adjust_learning_rate, optimizer, 90)
    assert first.values == tuple(0.1 * 0.1 ** (epoch // 30) for epoch in range(90))
    assert second.values == tuple(0.2 * 0.1 ** (epoch // 30) for epoch in range(90))


def test_a_method_of_a_trainer_is_called_from_count_0():
    class Trainer:
        def __init__(self):
            self.optimizer = sgd(1)

        def adjust_learning_rate(self, epoch, scale=1.0):
            self.optimizer.param_groups[0]["lr"] = scale * (epoch + 1)

    trainer = Trainer()
    (table,) = jaxlr.record(trainer.adjust_learning_rate, trainer.optimizer, 4)
    assert table.values == (1, 2, 3, 4)


class HalvingLR(lr_scheduler.StepLR):
    pass


@pytest.mark.parametrize(
    "build",
    [
        lambda optimizer: HalvingLR(optimizer, 7, gamma=0.5),
        lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS),
        lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 10),  # step(epoch=None)
    ],
    ids=["a class of one's own", "momentum", "an optional epoch"],
)
@pytest.mark.parametrize("optimizer", [sgd, adam])
def test_a_torch_scheduler(build, optimizer):
    recorded, looped = optimizer(), optimizer()
    tables = jaxlr.record(build(recorded).step, recorded, STEPS)
    reference = build(looped)
    assert_recorded(tables, looped, lambda count: reference.step())


def test_a_plateau_is_given_its_metric():
    recorded, looped = sgd(), sgd()
    plateau, reference = (lr_scheduler.ReduceLROnPlateau(o, patience=1) for o in (recorded, looped))
    tables = jaxlr.record(lambda count: count and plateau.step(METRICS[count - 1]), recorded, STEPS)
    assert_recorded(tables, looped, lambda count: reference.step(METRICS[count - 1]))


def test_a_generator():
    recorded, looped = sgd(), sgd()

    def training(scheduler):
        while True:
            scheduler.step()
            yield

    tables = jaxlr.record(training(lr_scheduler.ExponentialLR(recorded, 0.9)).__next__, recorded, STEPS)
    reference = lr_scheduler.ExponentialLR(looped, 0.9)
    assert_recorded(tables, looped, lambda count: reference.step())


class TimmLike:
    """A scheduler of timm's interface: the constructor sets count 0; what is drawn by a step is not there."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.base = [group["lr"] for group in optimizer.param_groups]

    def step(self, epoch: int, metric: float | None = None) -> None:
        noise = np.random.default_rng(epoch).normal(scale=0.1)
        for group, lr in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = lr * 0.9**epoch * (1 + noise) * (1 if metric is None else metric)

    def step_update(self, num_updates: int, metric: float | None = None) -> None:
        self.step(num_updates, metric)


@pytest.mark.parametrize("name", ["step", "step_update"])
def test_a_timm_scheduler_is_called_from_count_1(name):
    recorded, looped = sgd(), sgd()
    tables = jaxlr.record(getattr(TimmLike(recorded), name), recorded, STEPS)
    assert [table.values[0] for table in tables] == [0.1, 0.2]
    assert_recorded(tables, looped, TimmLike(looped).step)

    recorded, looped = sgd(), sgd()
    scheduler, reference = TimmLike(recorded), TimmLike(looped)
    tables = jaxlr.record(lambda epoch: epoch and scheduler.step(epoch, METRICS[epoch - 1]), recorded, STEPS)
    assert_recorded(tables, looped, lambda epoch: reference.step(epoch, METRICS[epoch - 1]))


@pytest.fixture(scope="module")
def mmengine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls torch.jit.script, which torch has deprecated
        return importlib.import_module("mmengine.optim")


MMENGINE = {
    "CosineAnnealingLR": {"T_max": 20, "eta_min": 1e-3, "begin": 5, "end": 25},
    "LinearLR": {"start_factor": 0.01, "end": 10},
    "OneCycleLR": {"eta_max": 0.3, "total_steps": STEPS},
    "PolyLR": {"power": 0.9, "eta_min": 1e-4, "end": 40},
    "CosineAnnealingMomentum": {"T_max": 20, "eta_min": 0.5},
    "LinearMomentum": {"start_factor": 0.1, "end": 10},
}


@pytest.mark.parametrize("name", MMENGINE)
@pytest.mark.parametrize("optimizer", [sgd, adam])
def test_mmengine(mmengine, name, optimizer):
    recorded, looped = optimizer(), optimizer()
    tables = jaxlr.record(getattr(mmengine, name)(recorded, **MMENGINE[name]).step, recorded, STEPS)
    reference = getattr(mmengine, name)(looped, **MMENGINE[name])
    assert_recorded(tables, looped, lambda count: reference.step())


def test_several_of_mmengine_on_one_optimizer(mmengine):
    def build(optimizer):
        return [
            mmengine.LinearLR(optimizer, start_factor=0.01, end=10),
            mmengine.CosineAnnealingLR(optimizer, T_max=50, begin=10, end=STEPS),
            mmengine.LinearMomentum(optimizer, start_factor=0.5, end=10),
        ]

    recorded, looped = mmengine.OptimWrapper(sgd(1)), sgd(1)
    schedulers, references = build(recorded), build(looped)
    tables = jaxlr.record(lambda: [scheduler.step() for scheduler in schedulers], recorded, STEPS)
    assert_recorded(tables, looped, lambda count: [reference.step() for reference in references])


@pytest.mark.parametrize("name", ["ReduceOnPlateauLR", "ReduceOnPlateauMomentum"])
def test_a_plateau_of_mmengine_is_given_its_metrics(mmengine, name):
    recorded, looped = sgd(), sgd()
    plateau, reference = (
        getattr(mmengine, name)(o, monitor="loss", rule="less", patience=1) for o in (recorded, looped)
    )
    tables = jaxlr.record(lambda count: count and plateau.step({"loss": METRICS[count - 1]}), recorded, STEPS)
    assert_recorded(tables, looped, lambda count: reference.step({"loss": METRICS[count - 1]}))
    with pytest.raises(TypeError, match=r"which takes metrics: pass lambda count: count and scheduler.step\(metrics"):
        jaxlr.record(plateau.step, recorded, STEPS)


class LRMultiplier(lr_scheduler.LRScheduler):
    """A multiplier of fvcore on each group's learning rate, as detectron2 drives it."""

    def __init__(self, optimizer, multiplier, max_iter):
        self.multiplier, self.max_iter = multiplier, max_iter
        super().__init__(optimizer)

    def get_lr(self):
        multiplier = self.multiplier(self.last_epoch / self.max_iter)
        return [base_lr * multiplier for base_lr in self.base_lrs]


def test_fvcore():
    fvcore = importlib.import_module("fvcore.common.param_scheduler")
    multiplier = fvcore.CompositeParamScheduler(
        [fvcore.LinearParamScheduler(0.01, 1), fvcore.CosineParamScheduler(1, 0)],
        lengths=[0.2, 0.8],
        interval_scaling=["rescaled", "rescaled"],
    )
    recorded, looped = sgd(), sgd()
    tables = jaxlr.record(LRMultiplier(recorded, multiplier, max_iter=STEPS).step, recorded, STEPS)

    def advance(count):
        for group, base_lr in zip(looped.param_groups, (0.1, 0.2), strict=True):
            group["lr"] = base_lr * multiplier(count / STEPS)

    advance(0)
    assert_recorded(tables, looped, advance)


@pytest.mark.parametrize(("change", "groups"), [("append", 3), ("pop", 1)])
def test_a_parameter_group_that_comes_or_goes_is_refused(change, groups):
    optimizer = sgd()

    def unfreeze(epoch):
        if epoch == 5:
            getattr(optimizer.param_groups, change)(*[sgd(1).param_groups[0]] if change == "append" else [])

    message = rf"step must leave the optimizer its 2 parameter groups, got {groups} at count 5"
    with pytest.raises(ValueError, match=message):
        jaxlr.record(unfreeze, optimizer, 10)


@pytest.mark.parametrize(("key", "value"), [("lr", None), ("lr", "fast"), ("lr", math.nan), ("lr", torch.ones(2))])
def test_what_is_no_number_is_refused(key, value):
    optimizer = sgd()

    def step(count):
        if count == 3:
            optimizer.param_groups[1][key] = value

    with pytest.raises((TypeError, ValueError), match=r"param_groups\[1\]\['lr'\] at count 3 must be a finite number"):
        jaxlr.record(step, optimizer, 10)


def test_tensors_are_numbers_and_a_group_without_momentum_has_no_table():
    optimizer = sgd()
    optimizer.param_groups[0].update(lr=torch.tensor(0.5), momentum=torch.tensor(0.25))
    optimizer.param_groups[1].update(momentum=None)
    tables = jaxlr.record(lambda: None, optimizer, 2)
    assert tables == (jaxlr.Table([0.5, 0.5], [0.25, 0.25]), jaxlr.Table([0.2, 0.2]))


def keyword_only(*, epoch):
    pass


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, sgd(), 3), TypeError, "step must be a function"),
        ((print, None, 3), TypeError, "optimizer must be a torch optimizer"),
        ((lambda: None, sgd(), 0), ValueError, "steps must be an integer >= 1, got 0"),
        ((lambda a, b: None, sgd(), 3), TypeError, "step must take no argument, or the count alone"),
        ((keyword_only, sgd(), 3), TypeError, "step must take no argument, or the count alone.* of 1 arguments"),
        ((functools.partial(next, iter([])), sgd(), 3), TypeError, "whose arguments Python cannot tell: pass a lambda"),
        ((lr_scheduler.ReduceLROnPlateau(sgd()).step, sgd(), 3), TypeError, "which takes metrics: pass lambda count"),
    ],
    ids=["step", "optimizer", "steps", "two arguments", "keyword only", "a builtin", "a plateau"],
)
def test_bad_inputs(arguments, error, message):
    with pytest.raises(error, match=message):
        jaxlr.record(*arguments)
