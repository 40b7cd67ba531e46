"""from_torch of what a framework's trainer steps, beside that trainer's loop, stepped for real."""

import functools
import importlib
import math
import subprocess
import sys
import types
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import jaxlr
from parity.loops import SEEN, assert_follows, held

lr_scheduler = torch.optim.lr_scheduler
EPOCHS, N = 12, 7  # the epochs of a run, and the updates of each


def sgd(momentum=0.9):
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": 0.1 * (i + 1)} for i in range(2)]
    return torch.optim.SGD(groups, lr=0.1, momentum=momentum)


def converted(make, **keywords):
    """The schedules of what make builds on an optimizer, which the conversion leaves as it was."""
    optimizer = sgd()
    recipe = make(optimizer)
    before = [{**group} for group in optimizer.param_groups]
    schedules = jaxlr.from_torch(recipe, group="all", **keywords)
    assert optimizer.param_groups == before
    assert jaxlr.from_torch(recipe, group="all", **keywords) == schedules  # no scheduler was stepped either
    return schedules


def loop(make, after_batch=lambda recipe, update: None, after_epoch=lambda recipe, epoch: None):
    """What each update of a run uses; a framework's loop says what follows a batch, and an epoch."""
    optimizer = sgd()
    recipe, rows = make(optimizer), []
    for epoch in range(EPOCHS):
        for batch in range(N):
            rows.append(held(optimizer))
            optimizer.step()
            after_batch(recipe, epoch * N + batch + 1)
        after_epoch(recipe, epoch + 1)
    return rows


# Torch's own, at two cadences.


def detection(optimizer):
    """As torchvision's references/detection: milestones of the epoch, built first; a warm-up of the first epoch."""
    milestones = lr_scheduler.MultiStepLR(optimizer, milestones=[4, 9])
    return lr_scheduler.LinearLR(optimizer, start_factor=0.001, total_iters=min(1000, N - 1)), milestones


def test_torchvisions_detection_reference():
    def at_two_cadences(optimizer):
        warmup, milestones = detection(optimizer)
        return [{"scheduler": warmup, "interval": "step"}, {"scheduler": milestones, "interval": "epoch"}]

    # the reference steps the warm-up in the first epoch alone
    rows = loop(detection, lambda recipe, n: recipe[0].step() if n <= N else None, lambda recipe, _: recipe[1].step())
    schedules = converted(at_two_cadences, total_steps=EPOCHS * N, steps_per_epoch=N)
    assert_follows(schedules, rows)
    assert all(isinstance(schedule, SEEN) for schedule in schedules)


def test_one_clock_gives_the_native_value():
    def step_lr(**entries):
        return lambda optimizer: {"scheduler": lr_scheduler.StepLR(optimizer, 3), **entries}

    native = [jaxlr.StepLR(0.1, 3), jaxlr.StepLR(0.2, 3)]
    assert converted(step_lr(interval="step")) == native
    assert converted(step_lr(interval="step"), steps_per_epoch=N) == native
    assert converted(step_lr(), steps_per_epoch=N) == [jaxlr.per_epoch(one, N) for one in native]
    assert converted(step_lr(), steps_per_epoch=1) == native
    assert converted(step_lr(frequency=2), steps_per_epoch=N) == [jaxlr.per_epoch(one, 2 * N) for one in native]
    every_third = converted(step_lr(interval="step", frequency=3), steps_per_epoch=9)
    assert every_third == [jaxlr.per_epoch(one, 3) for one in native]
    optimizer = sgd()
    all_of_it = {"optimizer": optimizer, "lr_scheduler": lr_scheduler.StepLR(optimizer, 3)}
    assert jaxlr.from_torch(all_of_it, group=0, steps_per_epoch=N) == jaxlr.per_epoch(native[0], N)


def test_in_mid_run_on_one_clock_count_0_is_the_epoch_that_begins():
    def make(optimizer):
        scheduler = lr_scheduler.SequentialLR(
            optimizer, [lr_scheduler.LinearLR(optimizer, 0.1), lr_scheduler.ExponentialLR(optimizer, 0.9)], [3]
        )
        for _ in range(4):
            optimizer.step()
            scheduler.step()
        return {"scheduler": scheduler, "interval": "epoch"}

    rows = loop(make, after_epoch=lambda recipe, _: recipe["scheduler"].step())
    assert_follows(converted(make, steps_per_epoch=N), rows)


def test_a_lambda_that_jax_cannot_trace_is_a_table_of_so_many_epochs():
    def make(optimizer):
        return {"scheduler": lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0 if epoch < 5 else 0.5**epoch)}

    rows = loop(make, after_epoch=lambda recipe, _: recipe["scheduler"].step())
    schedules = converted(make, total_steps=EPOCHS * N, steps_per_epoch=N)
    assert_follows(schedules, rows)
    assert schedules[0].schedule.total_steps == EPOCHS


def test_a_plateau_of_the_epoch():
    metrics = [1.0 if update % 13 else 0.9 for update in range(EPOCHS * N)]

    def make(optimizer):
        return {"scheduler": lr_scheduler.ReduceLROnPlateau(optimizer, patience=1), "monitor": "loss"}

    rows = loop(make, after_epoch=lambda recipe, epoch: recipe["scheduler"].step(metrics[epoch * N - 1]))
    assert_follows(converted(make, steps_per_epoch=N), rows, metrics)


class HalvingLR(lr_scheduler.StepLR):
    pass


def test_a_scheduler_without_a_port_is_stepped_for_real_where_its_clock_is_known():
    def make(optimizer):
        return {"scheduler": HalvingLR(optimizer, 2, gamma=0.5)}

    rows = loop(make, after_epoch=lambda recipe, _: recipe["scheduler"].step())
    schedules = converted(make, total_steps=EPOCHS * N, steps_per_epoch=N)
    assert_follows(schedules, rows)
    assert [type(schedule.schedule) for schedule in schedules] == [jaxlr.Table] * 2  # of 12 numbers, not of 84


def test_tensors_are_given_back_as_they_were():
    optimizer = sgd()
    lrs = [torch.tensor(0.5), torch.tensor(0.25)]
    for group, lr in zip(optimizer.param_groups, lrs, strict=True):
        group["lr"] = lr
    table = jaxlr.from_torch({"scheduler": HalvingLR(optimizer, 1)}, group=0, total_steps=3, steps_per_epoch=1)
    np.testing.assert_allclose(table.values, [0.5, 0.05, 0.005])
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]
    assert all(group["lr"] is lr for group, lr in zip(optimizer.param_groups, lrs, strict=True))
    assert "HalvingLR" not in optimizer.param_groups[0]


# mmengine, the package: its Runner is run.


@pytest.fixture
def mmengine(monkeypatch):
    """Its runner imports OpenCV, which mmengine-lite does not bring, to set its number of threads."""
    if importlib.util.find_spec("cv2") is None:
        cv2 = types.ModuleType("cv2")
        cv2.setNumThreads, cv2.ocl, cv2.__version__ = lambda _: None, types.SimpleNamespace(setUseOpenCL=bool), "none"
        monkeypatch.setitem(sys.modules, "cv2", cv2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = ("model", "hooks", "runner")
        yield types.SimpleNamespace(**{name: importlib.import_module(f"mmengine.{name}") for name in names})


WARMUP = {"type": "LinearLR", "start_factor": 0.01, "by_epoch": False, "begin": 0, "end": 10}
MMENGINE = {
    "a list of two clocks": [WARMUP, {"type": "MultiStepLR", "milestones": [4, 8]}],
    "by iteration": [WARMUP, {"type": "CosineAnnealingLR", "T_max": 74, "by_epoch": False, "begin": 10, "end": 84}],
    "by epoch": [{"type": "ExponentialLR", "gamma": 0.8}, {"type": "LinearMomentum", "start_factor": 0.5, "end": 6}],
    "converted": [
        {"type": "CosineAnnealingLR", "T_max": 12, "convert_to_iter_based": True},
        {"type": "PolyMomentum", "power": 2, "eta_min": 0.5, "end": 9, "convert_to_iter_based": True},
    ],
}


@pytest.mark.parametrize("name", MMENGINE)
def test_mmengine(mmengine, name, tmp_path):
    class Model(mmengine.model.BaseModel):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def forward(self, x, mode):
            return {"loss": self.layer(x).sum()}

    class Recorder(mmengine.hooks.Hook):
        priority = "HIGHEST"

        def __init__(self):
            self.rows = []

        def before_train(self, runner):
            self.schedules = jaxlr.from_torch(
                runner.param_schedulers, group="all", total_steps=EPOCHS * N, steps_per_epoch=N
            )

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.rows.append(held(runner.optim_wrapper))

    recorder, no_hooks = Recorder(), ("runtime_info", "timer", "sampler_seed", "logger", "checkpoint")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mmengine.runner.Runner(
            Model(),
            str(tmp_path),
            train_dataloader=torch.utils.data.DataLoader([{"x": torch.zeros(1)}] * N),
            train_cfg={"by_epoch": True, "max_epochs": EPOCHS},
            optim_wrapper={"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
            param_scheduler=MMENGINE[name],
            custom_hooks=[recorder],
            default_hooks=dict.fromkeys(no_hooks),
            log_level="ERROR",
        ).train()
    assert len(recorder.rows) == EPOCHS * N
    assert_follows(recorder.schedules, recorder.rows)
    assert isinstance(recorder.schedules[0], jaxlr.per_epoch if name == "by epoch" else SEEN)


def test_what_mmengine_steps_otherwise_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optim = importlib.import_module("mmengine.optim")
    plateau = optim.ReduceOnPlateauLR(sgd(), monitor="loss")
    with pytest.raises(ValueError, match=r"ReduceOnPlateauLR, which reads a metric: .*jaxlr.record\(lambda count"):
        jaxlr.from_torch(plateau, total_steps=9, steps_per_epoch=3)
    accumulating = optim.OptimWrapper(sgd(), accumulative_counts=4)
    with pytest.raises(ValueError, match=r"accumulative_counts=1.*got accumulative_counts=4"):
        jaxlr.from_torch(optim.ExponentialLR(accumulating, 0.9), total_steps=9, steps_per_epoch=3)
    with pytest.raises(TypeError, match=r"of one optimizer, got a dict of lists, 'generator'"):
        jaxlr.from_torch({"generator": [optim.ExponentialLR(sgd(), 0.9)]}, total_steps=9, steps_per_epoch=3)
    optimizer = sgd()
    warmup, decay = optim.LinearLR(optimizer, 0.1, by_epoch=False), optim.ExponentialLR(optimizer, 0.9)
    optimizer.step()
    warmup.step()
    with pytest.raises(ValueError, match=r"must be at its start for .*by_epoch.*got LinearLR after 1 steps"):
        jaxlr.from_torch([warmup, decay], total_steps=9, steps_per_epoch=3)


# fvcore, the package, as detectron2 drives it: detectron2 installs from its source alone, so that its LRMultiplier is
# rebuilt here from the interface, none of its code: after each iteration a rate is its initial one times a multiplier.


class LRMultiplier(lr_scheduler.LRScheduler):
    __module__ = "detectron2.solver.lr_scheduler"

    def __init__(self, optimizer, multiplier, max_iter):
        self.of_the_run, self.length = multiplier, max_iter
        super().__init__(optimizer)

    def get_lr(self):
        return [base_lr * self.of_the_run(self.last_epoch / self.length) for base_lr in self.base_lrs]


def test_fvcore_as_detectron2_drives_it():
    fvcore = importlib.import_module("fvcore.common.param_scheduler")
    multiplier = fvcore.CompositeParamScheduler(
        [
            fvcore.LinearParamScheduler(0.001, 1),
            fvcore.MultiStepParamScheduler([1, 0.1], milestones=[40], num_updates=80),
        ],
        lengths=[0.1, 0.9],
        interval_scaling=["rescaled", "fixed"],
    )
    make = functools.partial(LRMultiplier, multiplier=multiplier, max_iter=EPOCHS * N)
    rows = loop(make, after_batch=lambda scheduler, _: scheduler.step())
    assert_follows(converted(make, total_steps=EPOCHS * N), rows)


# timm imports torchvision, whose wheels do not load beside a CPU torch: its interface is rebuilt from the source
# (scheduler/scheduler.py, cosine_lr.py, train.py), none of its code. Either clock, the other method does nothing.


class Scheduler:
    __module__ = "timm.scheduler.scheduler"
    param_group_field = "lr"

    def __init__(self, optimizer, t_in_epochs, warmup_t=5, warmup_lr_init=1e-6):
        self.optimizer, self.t_in_epochs = optimizer, t_in_epochs
        self.warmup_t, self.warmup_lr_init = warmup_t, warmup_lr_init
        self.base_values = [group["lr"] for group in optimizer.param_groups]
        self._set([warmup_lr_init] * len(self.base_values) if warmup_t else self.base_values)

    def step(self, epoch, metric=None):
        if self.t_in_epochs:
            self._set(self._values(epoch))

    def step_update(self, num_updates, metric=None):
        if not self.t_in_epochs:
            self._set(self._values(num_updates))

    def _set(self, values):
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = value * group.get("lr_scale", 1)

    def _values(self, t):
        raise NotImplementedError


class CosineLRScheduler(Scheduler):
    def _values(self, t):  # a warm-up to where the cosine, which counts from 0, is at 1
        if t < self.warmup_t:
            return [self.warmup_lr_init + t * (base - self.warmup_lr_init) / self.warmup_t for base in self.base_values]
        return [base * (1 + math.cos(math.pi * min(1, t / 60))) / 2 for base in self.base_values]


@pytest.mark.parametrize("t_in_epochs", [True, False])
@pytest.mark.parametrize("warmup_t", [5, 0])
def test_timm(t_in_epochs, warmup_t):
    make = functools.partial(CosineLRScheduler, t_in_epochs=t_in_epochs, warmup_t=warmup_t)
    rows = loop(
        make,
        lambda scheduler, update: scheduler.step_update(num_updates=update, metric=0.5),
        lambda scheduler, epoch: scheduler.step(epoch, 0.5),
    )
    schedules = converted(make, total_steps=EPOCHS * N, steps_per_epoch=N)
    assert_follows(schedules, rows)
    assert all(isinstance(one, jaxlr.per_epoch if t_in_epochs else SEEN) for one in schedules)


def test_a_layer_decay_of_timm_is_a_scale_of_each_group():
    def make(optimizer):
        for i, group in enumerate(optimizer.param_groups):
            group["lr_scale"] = 0.75**i
        return CosineLRScheduler(optimizer, t_in_epochs=False)

    rows = loop(make, lambda scheduler, update: scheduler.step_update(update))
    assert_follows(converted(make, total_steps=EPOCHS * N), rows)


def test_what_timm_steps_otherwise_is_refused():
    optimizer = sgd()
    scheduler = CosineLRScheduler(optimizer, t_in_epochs=True)
    scheduler.step(3)
    with pytest.raises(ValueError, match=r"at its start, since CosineLRScheduler of timm does not hold its epoch"):
        jaxlr.from_torch(scheduler, total_steps=9, steps_per_epoch=3)
    plateau = type("PlateauLRScheduler", (Scheduler,), {})(sgd(), t_in_epochs=True)
    with pytest.raises(ValueError, match=r"PlateauLRScheduler, which reads a metric"):
        jaxlr.from_torch(plateau, total_steps=9, steps_per_epoch=3)
    with pytest.raises(ValueError, match=r"must be one scheduler of timm, got a list of 2"):
        jaxlr.from_torch([CosineLRScheduler(sgd(), t_in_epochs=True)] * 2, total_steps=9, steps_per_epoch=3)


# What is asked for, and what is refused.


def step_lr():
    return lr_scheduler.StepLR(sgd(), 3)


def at_two_cadences(stepped=0):
    optimizer = sgd()
    warmup, decay = lr_scheduler.LinearLR(optimizer), lr_scheduler.StepLR(optimizer, 3)
    for _ in range(stepped):
        optimizer.step()
        warmup.step()
    return [{"scheduler": warmup, "interval": "step"}, {"scheduler": decay}]


def with_plateau():
    plateau = lr_scheduler.ReduceLROnPlateau(sgd())
    return [{"scheduler": plateau}, {"scheduler": lr_scheduler.LinearLR(plateau.optimizer), "interval": "step"}]


@pytest.mark.parametrize(
    ("recipe", "keywords", "error", "message"),
    [
        (step_lr, {"steps_per_epoch": 5}, ValueError, r'left out for a torch scheduler.*"interval": "epoch"}, got 5'),
        (
            lambda: {"scheduler": step_lr()},
            {},
            ValueError,
            r"must be given for StepLR with interval='epoch'",
        ),
        (
            lambda: {"scheduler": step_lr(), "interval": "step", "frequency": 2},
            {},
            ValueError,
            "steps_per_epoch must be given for StepLR with frequency=2",
        ),
        (lambda: CosineLRScheduler(sgd(), True), {}, ValueError, "steps_per_epoch must be given for CosineLRScheduler"),
        (lambda: CosineLRScheduler(sgd(), False), {}, ValueError, "total_steps must be given for CosineLRScheduler"),
        (at_two_cadences, {"steps_per_epoch": 5}, ValueError, "total_steps must be given for LinearLR, StepLR"),
        (at_two_cadences, {"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be an integer >= 1, got 0"),
        (at_two_cadences, {"steps_per_epoch": 5, "total_steps": 0}, ValueError, "total_steps must be an integer >= 1"),
        (functools.partial(at_two_cadences, 2), {"steps_per_epoch": 5}, ValueError, "at its start.*after 2 steps"),
        (with_plateau, {"steps_per_epoch": 5, "total_steps": 9}, ValueError, "ReduceLROnPlateau, which reads a metric"),
        (lambda: [step_lr(), {"scheduler": step_lr()}], {"steps_per_epoch": 5}, TypeError, "say when it is stepped"),
        (lambda: {"sched": step_lr()}, {"steps_per_epoch": 5}, TypeError, "with the key .*got one with 'sched'"),
        (lambda: {"scheduler": 3}, {"steps_per_epoch": 5}, TypeError, "must be one of a torch optimizer, got 3"),
        (lambda: {"scheduler": step_lr(), "interval": "batch"}, {}, ValueError, "must be one of 'step', 'epoch'"),
        (lambda: {"scheduler": step_lr(), "frequency": 0}, {}, ValueError, '"frequency" must be an integer >= 1'),
        (
            lambda: LRMultiplier(sgd(), float, 9),
            {"steps_per_epoch": 5},
            ValueError,
            "left out for a scheduler of detectron2, which counts iterations, got 5",
        ),
    ],
)
def test_bad_inputs(recipe, keywords, error, message):
    with pytest.raises(error, match=message):
        jaxlr.from_torch(recipe(), group=0, **keywords)


def test_what_never_changes_is_warned_of():
    optimizer = sgd()
    recipe = {"scheduler": lr_scheduler.StepLR(optimizer, 1), "interval": "step", "frequency": 9}  # of 7 batches
    with pytest.warns(UserWarning, match=r"must change the learning rate, got StepLR, which never does in 84 steps"):
        jaxlr.from_torch(recipe, group=0, total_steps=84, steps_per_epoch=N)


# Several groups.


def test_a_list_of_schedules_goes_into_optax_partition_beside_torch():
    weights = [torch.nn.Parameter(torch.tensor([1.0, -2.0])), torch.nn.Parameter(torch.tensor([0.5]))]
    groups = [{"params": [weights[0]], "lr": 0.1}, {"params": [weights[1]], "lr": 0.02, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.1)
    scheduler = lr_scheduler.OneCycleLR(optimizer, [0.1, 0.02], total_steps=40)
    schedules = jaxlr.from_torch(scheduler, group="all")
    decays = [group["weight_decay"] for group in optimizer.param_groups]

    transforms = {
        str(i): optax.inject_hyperparams(optax.adamw)(schedule, b1=schedule.momentum, weight_decay=decay)
        for i, (schedule, decay) in enumerate(zip(schedules, decays, strict=True))
    }
    ours = optax.partition(transforms, {"weight": "0", "bias": "1"})
    params = {"weight": jnp.array([1.0, -2.0]), "bias": jnp.array([0.5])}

    @jax.jit
    def update(params, state):
        gradients = jax.tree.map(lambda p: 2 * p + 1, params)
        updates, state = ours.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    state = ours.init(params)
    for _ in range(40):
        params, state = update(params, state)
        for weight in weights:
            weight.grad = 2 * weight.detach() + 1
        optimizer.step()
        scheduler.step()
    for weight, name in zip(weights, ("weight", "bias"), strict=True):
        np.testing.assert_allclose(params[name], weight.detach().numpy(), rtol=2e-5)


def test_groups_of_one_schedule_need_no_group_and_others_do():
    def shared(lrs):
        groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in lrs]
        return CosineLRScheduler(torch.optim.SGD(groups, lr=0.1), t_in_epochs=False)

    one = jaxlr.from_torch(shared([0.1, 0.1]), total_steps=20)
    assert jaxlr.from_torch(shared([0.1, 0.1]), total_steps=20, group="all") == [one, one]
    with pytest.raises(ValueError, match=r'group must be given .*"all" for a list.*another than group 1$'):
        jaxlr.from_torch(shared([0.1, 0.2]), total_steps=20)


def test_nobody_is_imported_whom_the_user_did_not_bring():
    code = (
        "import sys, torch, jaxlr\n"
        "optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)\n"
        "scheduler = {'scheduler': torch.optim.lr_scheduler.StepLR(optimizer, 3)}\n"
        "jaxlr.from_torch(scheduler, steps_per_epoch=5)\n"
        "brought = {'timm', 'mmengine', 'lightning', 'pytorch_lightning', 'accelerate', 'detectron2', 'fvcore'}\n"
        "sys.exit(', '.join(brought & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
