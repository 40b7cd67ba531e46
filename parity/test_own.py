"""jaxlr's own schedules beside torch: its own class where both can say it, else a LambdaLR; long runs, checkpoints."""

import dataclasses
import io
import math

import jax
import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

import jaxlr
from jaxlr._ulp import compare
from parity.case import Case
from parity.cases import MILLION, OWN
from parity.compare import torch_trajectory
from parity.twins import FACTORS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the optimizer itself is not stepped

STEPS = 400


def sgd(lr=0.1):
    return torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9)


def chained(*members):
    return Case("ChainedScheduler", {"schedulers": members})


COSINE = Case("CosineAnnealingLR", {"T_max": 300, "eta_min": 0.01})
DROPS = Case("MultiStepLR", {"milestones": [80, 120]})
WARMUP = Case("LinearLR", {"start_factor": 0.1, "total_iters": 40})
MEMBERS = [jaxlr.LinearRamp(0.1, 40, 0.1), jaxlr.MultiStepLR(0.1, [80, 120])]


@pytest.mark.parametrize(
    ("schedule", "case"),
    [
        (jaxlr.LinearRamp(0.1, 5, 1 / 3, 1.0), Case("LinearLR", {})),
        (
            jaxlr.LinearRamp(0.1, 100, 0.9, 0.0),
            Case("LinearLR", {"start_factor": 0.9, "end_factor": 0.0} | {"total_iters": 100}),
        ),
        (jaxlr.PolynomialDecay(0.1, 300, 0.9), Case("PolynomialLR", {"total_iters": 300, "power": 0.9})),
        (jaxlr.Shifted(jaxlr.StepLR(0.1, 70), 30), Case("StepLR", {"step_size": 70}, last_epoch=29)),
        (jaxlr.Product(0.1, MEMBERS), chained(WARMUP, DROPS)),
        (jaxlr.Product(0.1, [jaxlr.CosineAnnealingLR(0.1, 300, 0.01)]), COSINE),
        (
            jaxlr.Until(jaxlr.ChainedScheduler([jaxlr.LinearLR(0.1, 0.1, total_iters=40), MEMBERS[1]]), STEPS),
            chained(WARMUP, DROPS),
        ),
    ],
    ids=str,
)
def test_where_torch_has_a_class_it_gives_the_same(schedule, case):
    assert compare(jaxlr.trajectory(schedule, STEPS), torch_trajectory(case, STEPS)["lr"]).passed


RAMP = Case("LinearRamp", {"total_iters": 40})
BY_50 = Case("Shifted", {"schedule": COSINE, "by": 50})
PRODUCT = Case("Product", {"schedulers": (RAMP, COSINE)})
POLYNOMIAL = Case("PolynomialDecay", {"total_iters": 99.5, "power": 2.0, "eta_min": 0.01})
INVERSE = Case("InversePower", {"timescale": 100})


def one_step_ahead(epoch):
    return (100 / (epoch + 101)) ** 0.5


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        (RAMP, jaxlr.LinearRamp(0.1, 40, 1e-8)),
        (RAMP, jaxlr.LinearRamp(0.1, 40.001)),
        (POLYNOMIAL, jaxlr.PolynomialDecay(0.1, 99.5, 2.0, 0.01001)),
        (POLYNOMIAL, jaxlr.PolynomialDecay(0.1, 99, 2.0, 0.01)),
        (INVERSE, jaxlr.InversePower(0.1, 100.001)),
        (INVERSE, jaxlr.LambdaLR(0.1, one_step_ahead)),
        (BY_50, jaxlr.Shifted(jaxlr.CosineAnnealingLR(0.1, 300, 0.01), 51)),
        (BY_50, jaxlr.CosineAnnealingLR(0.1, 250, 0.01)),
        (PRODUCT, jaxlr.Product(0.1, [jaxlr.LinearRamp(0.1, 40), jaxlr.CosineAnnealingLR(0.1, 300)])),
        (PRODUCT, jaxlr.SequentialLR(0.1, [jaxlr.LinearRamp(0.1, 40), jaxlr.CosineAnnealingLR(0.1, 300, 0.01)], [40])),
    ],
    ids=str,
)
def test_another_schedule_is_told_from_it(case, wrong):
    theirs = torch_trajectory(case, STEPS)["lr"]
    assert compare(jaxlr.trajectory(case.schedule(), STEPS), theirs).passed
    assert not compare(jaxlr.trajectory(wrong, STEPS), theirs).passed


@pytest.mark.parametrize("case", [case for entry in OWN for case in entry.million], ids=str)
def test_a_million_steps_within_one_ulp(case):
    schedule = case.schedule()
    epochs = np.unique(np.geomspace(1, MILLION, 2_000).astype(int)) - 1
    optimizer = sgd(case.lr)
    scheduler = lr_scheduler.LambdaLR(optimizer, FACTORS[case.scheduler](case.lr, **case.arguments))
    theirs = np.empty(MILLION)
    for epoch in epochs.tolist():  # torch's scheduler.step takes an epoch as well
        scheduler.step(epoch)
        theirs[epoch] = optimizer.param_groups[0]["lr"]
    for form in ("closed", "recursive"):
        ours = jaxlr.trajectory(schedule, MILLION, form=form)
        known = np.full(MILLION, 0.0)
        known[epochs] = theirs[epochs]
        kept = np.zeros_like(ours)
        kept[epochs] = ours[epochs]
        assert compare(kept, known).passed, form


def timm_cosine(epoch):
    """Timm's CosineLRScheduler(t_initial=300, lr_min=1e-5, warmup_t=20, warmup_lr_init=1e-6), at lr 5e-4."""
    if epoch < 20:
        return (1e-6 + epoch * (5e-4 - 1e-6) / 20) / 5e-4
    return (1e-5 + 0.5 * (5e-4 - 1e-5) * (1 + math.cos(math.pi * epoch / 300))) / 5e-4


def noam(epoch):
    """The annotated transformer's, at its peak of 1."""
    return min((epoch or 1) ** -0.5, epoch * 400**-1.5) * 400**0.5


LR = 5e-4
TIMM = jaxlr.SequentialLR(
    LR,
    [jaxlr.LinearRamp(LR, 20, 1e-6 / LR), jaxlr.Shifted(jaxlr.CosineAnnealingLR(LR, 300, 1e-5), 20)],
    [20],
)
NOAM = jaxlr.SequentialLR(LR, [jaxlr.LinearRamp(LR, 400), jaxlr.InversePower(LR, 400)], [400])


@pytest.mark.parametrize(("schedule", "formula", "steps"), [(TIMM, timm_cosine, 300), (NOAM, noam, 3_000)])
def test_a_recipe_that_is_one_lambda_goes_on_from_its_checkpoint(schedule, formula, steps):
    optimizer = sgd(LR)
    scheduler = lr_scheduler.LambdaLR(optimizer, formula)
    lrs, saved = [], None
    for i in range(steps):
        if i == 123:
            file = io.BytesIO()
            torch.save(scheduler.state_dict(), file)
            file.seek(0)
            saved = torch.load(file, weights_only=True)
        lrs.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    assert compare(jaxlr.trajectory(schedule, steps), np.array(lrs)).passed
    resumed = jaxlr.from_state_dict(schedule, saved)
    assert resumed == dataclasses.replace(schedule, last_epoch=122)
    assert compare(jaxlr.trajectory(resumed, steps - 123), np.array(lrs[123:])).passed
    assert jaxlr.from_state_dict(jaxlr.Until(schedule, steps), saved) == jaxlr.Until(resumed, steps - 123)
    with pytest.raises(ValueError, match=r"state_dict must be that of .*, got one with base_lrs="):
        jaxlr.from_state_dict(schedule.with_lr(1e-4), saved)
    with pytest.raises(ValueError, match=r"state_dict must be at an epoch of 0 .*, got 123"):
        jaxlr.from_state_dict(jaxlr.Until(schedule, 123), saved)


@pytest.mark.parametrize(
    "entry",
    [entry for entry in OWN if entry.name in ("InversePower", "Shifted", "Product")],
    ids=lambda entry: entry.name,
)
def test_a_checkpoint_of_its_lambda_resumes_it(entry):
    case = entry.moving
    optimizer = sgd(case.lr)
    scheduler = lr_scheduler.LambdaLR(optimizer, FACTORS[case.scheduler](case.lr, **case.arguments))
    for _ in range(7):
        scheduler.step()
    assert jaxlr.from_state_dict(case.schedule(), scheduler.state_dict()) == dataclasses.replace(
        case.schedule(), last_epoch=6
    )
    sequence = lr_scheduler.SequentialLR(
        optimizer := sgd(case.lr),
        [
            lr_scheduler.ConstantLR(optimizer, 0.5, 3),
            lr_scheduler.LambdaLR(optimizer, FACTORS[case.scheduler](case.lr, **case.arguments)),
        ],
        [3],
    )
    for _ in range(7):
        sequence.step()
    ours = jaxlr.SequentialLR(0.1, [jaxlr.ConstantLR(0.1, 0.5, 3), case.schedule()], [3])
    assert jaxlr.from_state_dict(ours, sequence.state_dict()) == dataclasses.replace(ours, last_epoch=6)


def test_a_checkpoint_of_what_has_no_last_epoch():
    scheduler = lr_scheduler.LambdaLR(sgd(), lambda epoch: 0.5**epoch)
    scheduler.step()
    chain = jaxlr.ChainedScheduler([jaxlr.ExponentialLR(0.1, 0.5)])
    resumed = jaxlr.from_state_dict(chain, scheduler.state_dict())
    assert resumed == jaxlr.Product(0.1, [jaxlr.ExponentialLR(0.1, 0.5)], last_epoch=0)


def test_drives_a_torch_optimizer():
    schedule, optimizer = jaxlr.Until(jaxlr.Shifted(jaxlr.OneCycleLR(0.3, 400), by=100), 50), sgd()
    scheduler = jaxlr.to_torch(schedule, optimizer)
    lrs, momentums = [], []
    for i in range(12):
        lrs.append(optimizer.param_groups[0]["lr"])
        momentums.append(optimizer.param_groups[0]["momentum"])
        if i == 6:
            restored = jaxlr.to_torch(schedule, sgd())
            restored.load_state_dict(scheduler.state_dict())
            assert restored.get_last_lr() == scheduler.get_last_lr()
        scheduler.step()
    with jax.enable_x64(True):
        assert lrs == jaxlr.trajectory(schedule, 12, form="recursive").tolist()
        np.testing.assert_allclose(momentums, jaxlr.trajectory(schedule.momentum, 12), rtol=1e-15)
