"""record: what a function leaves in a real optimizer, beside a loop that steps a second one by hand."""

import importlib
import math
import time
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
        assert table == jaxlr.Table(lrs, momentums if len(set(momentums)) > 1 else None)


def test_a_hand_written_function():
    optimizer = sgd()

    def adjust_learning_rate(epoch):
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] = 0.1 * (i + 1) * 0.1 ** (epoch // 30)

    first, second = jaxlr.record(adjust_learning_rate, optimizer, 90, counts_from=0)
    assert tuple(first.values) == tuple(0.1 * 0.1 ** (epoch // 30) for epoch in range(90))
    assert tuple(second.values) == tuple(0.2 * 0.1 ** (epoch // 30) for epoch in range(90))


def test_a_method_of_a_trainer_is_called_from_count_0():
    class Trainer:
        def __init__(self):
            self.optimizer = sgd(1)

        def adjust_learning_rate(self, epoch, scale=1.0):
            self.optimizer.param_groups[0]["lr"] = scale * (epoch + 1)

    trainer = Trainer()
    (table,) = jaxlr.record(trainer.adjust_learning_rate, trainer.optimizer, 4, counts_from=0)
    assert tuple(table.values) == (1, 2, 3, 4)


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
    tables = jaxlr.record(lambda count: plateau.step(METRICS[count - 1]), recorded, STEPS, counts_from=1)
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


# Interfaces rebuilt from the source of fairseq (optim/lr_scheduler), timm (scheduler/scheduler.py) and Megatron-LM
# (core/optimizer_param_scheduler.py), which record once took for one another. None of their code is here.


class FairseqLike:
    """fairseq's: its trainer calls step_update(0) when it builds the scheduler, then step_update(n) after update n."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def step(self, epoch, val_loss=None):
        """Does nothing: an inverse square root is of the update."""

    def step_update(self, num_updates):
        for i, group in enumerate(self.optimizer.param_groups):
            group["lr"] = 0.1 * (i + 1) * (num_updates / 10 if num_updates < 10 else (10 / num_updates) ** 0.5)


class TimmLike:
    """timm's: the constructor sets count 0; of step(epoch) and step_update(n) one does nothing."""

    def __init__(self, optimizer, t_in_epochs):
        self.optimizer = optimizer
        self.t_in_epochs = t_in_epochs
        self.base = [group["lr"] for group in optimizer.param_groups]

    def step(self, epoch, metric=None):
        if self.t_in_epochs:
            self._set(epoch)

    def step_update(self, num_updates, metric=None):
        if not self.t_in_epochs:
            self._set(num_updates)

    def _set(self, t):
        noise = np.random.default_rng(t).normal(scale=0.1)  # which the constructor does not draw
        for group, lr in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = lr * 0.9**t * (1 + noise)


class MegatronLike:
    """Megatron's: step(increment) advances by the samples of a batch; the weight decay has a schedule too."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.samples = 0
        self.step(0)

    def step(self, increment):
        self.samples += increment
        for i, group in enumerate(self.optimizer.param_groups):
            group["lr"] = 0.1 * (i + 1) / (1 + self.samples)
            group["weight_decay"] = 0.01 * (i + 1) + 1e-5 * self.samples


def test_step_update_of_fairseq_sets_count_0_too():
    recorded, looped = sgd(), sgd()
    tables = jaxlr.record(FairseqLike(recorded).step_update, recorded, STEPS, counts_from=0)
    reference = FairseqLike(looped)
    reference.step_update(0)
    assert_recorded(tables, looped, reference.step_update)
    assert tables[0].values[0] == 0  # for timm's, it is what the optimizer was built with


@pytest.mark.parametrize(("name", "t_in_epochs"), [("step", True), ("step_update", False)])
def test_a_scheduler_of_timm_has_set_count_0(name, t_in_epochs):
    recorded, looped = sgd(), sgd()
    step = getattr(TimmLike(recorded, t_in_epochs), name)
    tables = jaxlr.record(step, recorded, STEPS, counts_from=1)
    assert [table.values[0] for table in tables] == [0.1, 0.2]
    assert_recorded(tables, looped, getattr(TimmLike(looped, t_in_epochs), name))


@pytest.mark.parametrize(("name", "t_in_epochs"), [("step", False), ("step_update", True)])
def test_the_method_of_timms_other_clock_is_warned_of(name, t_in_epochs):
    optimizer = sgd()
    step = getattr(TimmLike(optimizer, t_in_epochs), name)
    with pytest.warns(
        UserWarning, match=rf"got <bound method TimmLike.{name} .*which changed nothing in {STEPS} counts"
    ):
        jaxlr.record(step, optimizer, STEPS, counts_from=1)


def test_megatrons_increment_is_no_count():
    optimizer = sgd()
    for counts_from in (None, 0, 1):
        with pytest.raises(TypeError, match=r"which takes increment: pass lambda: scheduler.step\(...\)"):
            jaxlr.record(MegatronLike(optimizer).step, optimizer, STEPS, counts_from=counts_from)
    recorded, looped = sgd(), sgd()
    scheduler, reference = MegatronLike(recorded), MegatronLike(looped)
    pairs = jaxlr.record(lambda: scheduler.step(16), recorded, STEPS, weight_decay=True)
    decays = [[] for _ in pairs]

    def advance(count):
        reference.step(16)
        for decay, group in zip(decays, looped.param_groups, strict=True):
            decay.append(group["weight_decay"])

    assert_recorded([lr for lr, _ in pairs], looped, advance)
    assert [tuple(decay.values) for _, decay in pairs] == [(0.01, *decays[0]), (0.02, *decays[1])]


@pytest.mark.parametrize("step", [FairseqLike(sgd()).step_update, TimmLike(sgd(), t_in_epochs=True).step])
def test_a_function_that_needs_an_argument_is_refused_with_both_ways_out(step):
    message = r"where counts_from is not given.*missing.*counts_from=0 .* counts_from=1 .* lambda: step\(...\)"
    with pytest.raises(TypeError, match=message):
        jaxlr.record(step, sgd(), STEPS)
    with pytest.raises(TypeError, match=r"must take the count alone where counts_from is given"):
        jaxlr.record(lambda: None, sgd(), STEPS, counts_from=0)


def test_a_weight_decay_alone_may_have_a_schedule():
    optimizer = sgd(1)

    def cosine(count):  # as DINO's loop writes it
        optimizer.param_groups[0]["weight_decay"] = 0.4 - 0.18 * (1 + math.cos(math.pi * count / STEPS))

    ((lr, decay),) = jaxlr.record(cosine, optimizer, STEPS, counts_from=0, weight_decay=True)
    assert lr == jaxlr.Table([0.1] * STEPS)
    assert decay == jaxlr.Table([0.4 - 0.18 * (1 + math.cos(math.pi * count / STEPS)) for count in range(STEPS)])
    del optimizer.param_groups[0]["weight_decay"]
    with pytest.raises(TypeError, match=r"param_groups\[0\]\['weight_decay'\] at count 0 must be a finite number"):
        jaxlr.record(lambda: None, optimizer, 2, weight_decay=True)


def test_it_costs_at_most_three_times_the_bare_stepping():
    def build():
        groups = [{"params": [torch.zeros(1)], "lr": 0.1 * (i + 1)} for i in range(24)]
        optimizer = torch.optim.SGD(groups, momentum=0.9)
        return optimizer, lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.999**epoch).step

    def bare(optimizer, step):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(1_999):
                step()

    def seconds(run):
        arguments = build()
        start = time.process_time()
        run(*arguments)
        return time.process_time() - start

    pairs = [(seconds(bare), seconds(lambda o, step: jaxlr.record(step, o, 2_000))) for _ in range(5)]
    assert min(recorded / alone for alone, recorded in pairs) < 3, pairs


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
    tables = jaxlr.record(lambda count: plateau.step({"loss": METRICS[count - 1]}), recorded, STEPS, counts_from=1)
    assert_recorded(tables, looped, lambda count: reference.step({"loss": METRICS[count - 1]}))
    with pytest.raises(TypeError, match=r"which takes metrics: pass lambda: scheduler.step\(...\)"):
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
        jaxlr.record(unfreeze, optimizer, 10, counts_from=0)


@pytest.mark.parametrize(("key", "value"), [("lr", None), ("lr", "fast"), ("lr", math.nan), ("lr", torch.ones(2))])
def test_what_is_no_number_is_refused(key, value):
    optimizer = sgd()

    def step(count):
        if count == 3:
            optimizer.param_groups[1][key] = value

    with pytest.raises((TypeError, ValueError), match=r"param_groups\[1\]\['lr'\] at count 3 must be a finite number"):
        jaxlr.record(step, optimizer, 10, counts_from=0)


def test_tensors_are_numbers_and_a_group_without_momentum_has_no_table():
    optimizer = sgd()
    optimizer.param_groups[0].update(lr=torch.tensor(0.5), momentum=torch.tensor(0.25))
    optimizer.param_groups[1].update(momentum=None)

    def halve():  # in place, as torch does
        optimizer.param_groups[0]["lr"].mul_(0.5)
        optimizer.param_groups[0]["momentum"].mul_(0.5)

    tables = jaxlr.record(halve, optimizer, 2)
    assert tables == (jaxlr.Table([0.5, 0.25], [0.25, 0.125]), jaxlr.Table([0.2, 0.2]))


def keyword_only(*, epoch):
    pass


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, sgd(), 3), TypeError, "step must be a function"),
        ((print, None, 3), TypeError, "optimizer must be a torch optimizer"),
        ((lambda: None, sgd(), 0), ValueError, "steps must be an integer >= 1, got 0"),
        ((lambda a, b: None, sgd(), 3), TypeError, "step must take no argument where counts_from is not given"),
        ((lambda a, b: None, sgd(), 3, 0), TypeError, "step must take the count alone where counts_from is given"),
        ((keyword_only, sgd(), 3, 1), TypeError, "step must take the count alone where counts_from is given"),
        ((lambda count: None, sgd(), 3, 2), ValueError, "counts_from must be an integer >= 0 and <= 1, got 2"),
        ((lambda count: None, sgd(), 3, True), TypeError, "counts_from must be an integer >= 0 and <= 1, got True"),
        ((lambda: None, sgd(), 3, None, 1), TypeError, "weight_decay must be True or False, got 1"),
        ((lr_scheduler.ReduceLROnPlateau(sgd()).step, sgd(), 3), TypeError, "which takes metrics: pass lambda"),
        ((lr_scheduler.ReduceLROnPlateau(sgd()).step, sgd(), 3, 1), TypeError, "which takes metrics: pass lambda"),
    ],
    ids=[
        "step", "optimizer", "steps", "two arguments", "two, one of them the count", "keyword only", "counts_from",
        "counts_from=True", "weight_decay", "a plateau", "a plateau, of the count",
    ],
)  # fmt: skip
def test_bad_inputs(arguments, error, message):
    step, optimizer, steps, *keywords = arguments
    with pytest.raises(error, match=message):
        jaxlr.record(step, optimizer, steps, **dict(zip(("counts_from", "weight_decay"), keywords, strict=False)))


def test_momentum_that_is_no_number_is_refused():
    optimizer = sgd()

    def step(count):
        optimizer.param_groups[1]["momentum"] = math.nan if count == 3 else 0.9

    with pytest.raises(ValueError, match=r"param_groups\[1\]'s momentum at count 3 must be a finite number"):
        jaxlr.record(step, optimizer, 10, counts_from=0)
