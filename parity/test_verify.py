"""verify on the real torch: sides, verdicts, momentum, parameter groups, windows, the page, and bad input."""

import json
import math
import re

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import jaxlr

lr_scheduler = torch.optim.lr_scheduler
COSINE = jaxlr.CosineAnnealingLR(0.1, 200)
DECAY = 0.1 * 0.9 ** np.arange(40)


def sgd(*lrs, momentum=0.9, names=()):
    groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in lrs or (0.1,)]
    for group, name in zip(groups, names, strict=False):
        group["name"] = name
    return torch.optim.SGD(groups, lr=0.1, momentum=momentum)


def decay():
    return lr_scheduler.ExponentialLR(sgd(), 0.9)


def late(count):
    return COSINE(count - 1)


def in_python(count):
    return 0.1 * 0.9**count if count < 1_000 else 0.0


def in_float32(count):
    return jnp.float32(0.1) * jnp.float32(0.9) ** count


SIDES = {
    "torch": (decay, "torch"),
    "a list of torch schedulers": (lambda: [decay()], "torch"),
    "to_torch": (lambda: jaxlr.to_torch(jaxlr.ExponentialLR(0.1, 0.9), sgd()), "torch"),
    "a jaxlr value": (lambda: jaxlr.ExponentialLR(0.1, 0.9), "jax"),
    "a stateful form": (lambda: jaxlr.ExponentialLR(0.1, 0.9).stateful(), "jax"),
    "a table": (lambda: jaxlr.record((scheduler := decay()).step, scheduler.optimizer, 40)[0], "jax"),
    "an array": (lambda: DECAY, "values"),
    "a float32 array": (lambda: jnp.float32(DECAY), "values"),
    "a list of numbers": (DECAY.tolist, "values"),
    "a function": (lambda: in_python, "in_python"),
    "a lambda": (lambda: lambda count: jaxlr.ExponentialLR(0.1, 0.9)(1 * count), "jax"),
}


@pytest.mark.parametrize("other", SIDES)
@pytest.mark.parametrize("reference", SIDES)
def test_two_sides_of_any_kind(reference, other):
    (make_reference, first), (make_other, second) = SIDES[reference], SIDES[other]
    report = jaxlr.verify(make_reference(), make_other(), steps=40)
    assert report.passed, report
    assert report.verdict == "equal"
    assert report.names == (("first", "second") if first == second else (first, second))


@pytest.mark.parametrize("reference", SIDES)
def test_one_value_that_is_off(reference):
    make_reference, _ = SIDES[reference]
    report = jaxlr.verify(make_reference(), lambda count: in_python(count) * (1 + 1e-4 * (count == 7)), steps=40)
    assert (report.verdict, report.argmax) == ("different", 7)


def test_what_from_torch_makes_is_the_other_side_where_none_is_given():
    assert jaxlr.verify(lr_scheduler.OneCycleLR(sgd(), 0.1, total_steps=50), steps=51).passed
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(0.1, 0.2), 3), steps=20)
    assert report.passed
    assert list(report.groups) == ["group 0", "group 1"]


def test_a_plateau():
    metrics = [1.0] * 30
    report = jaxlr.verify(
        lr_scheduler.ReduceLROnPlateau(sgd(), patience=2),
        jaxlr.ReduceLROnPlateau(0.1, patience=3),
        steps=30,
        metrics=metrics,
    )
    assert not report.passed
    assert report.first_difference == 4
    report = jaxlr.verify(lr_scheduler.ReduceLROnPlateau(sgd()), jaxlr.StepLR(0.1, 30), steps=30, metrics=metrics)
    assert (report.passed, report.first_difference) == (False, 12)
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(), 30), jaxlr.ReduceLROnPlateau(0.1), steps=30, metrics=metrics)
    assert not report.passed


class PatientLR(lr_scheduler.ReduceLROnPlateau):
    pass


def test_what_receives_a_metric():
    plateau, metrics = jaxlr.ReduceLROnPlateau(0.1, patience=2), [1.0] * 30
    assert jaxlr.verify(jaxlr.to_torch(plateau, sgd()), plateau, steps=30, metrics=metrics).passed
    assert jaxlr.verify(PatientLR(sgd(), patience=2), plateau, steps=30, metrics=metrics).passed
    assert jaxlr.verify(jaxlr.to_torch(jaxlr.StepLR(0.1, 3), sgd()), jaxlr.StepLR(0.1, 3), steps=30).passed
    assert jaxlr.verify(PatientLR(sgd(), patience=2), plateau.stateful(), steps=30, metrics=metrics).passed


# Verdicts.


def twin(count):
    return optax.cosine_decay_schedule(0.1, 200)(count)


def casts(count):
    return twin(count).astype(jnp.float32)


@pytest.mark.parametrize(
    ("other", "proof"),
    [
        (twin, r"twin in float64 is within \de-\d\d of the peak"),
        (casts, r"at most \de-0[78] of the peak apart, and casts cannot be evaluated in float64"),
        (np.float32(0.05 * (1 + np.cos(np.arange(200) * (np.pi / 200)))) + 5e-9, r"and values cannot be evaluated"),
    ],
)
def test_equal_in_float32_arithmetic(other, proof):
    report = jaxlr.verify(lr_scheduler.CosineAnnealingLR(sgd(), 200), other, steps=200)
    assert (report.verdict, report.passed) == ("equal in float32 arithmetic", False)
    assert re.search(proof, report.proof)
    assert "accept_float32=True (--accept-float32) lets it pass" in str(report).splitlines()[-1]
    report = jaxlr.verify(lr_scheduler.CosineAnnealingLR(sgd(), 200), other, steps=200, accept_float32=True)
    assert (report.verdict, report.passed) == ("equal in float32 arithmetic", True)
    assert "cause" not in str(report)
    jaxlr.assert_equivalent(lr_scheduler.CosineAnnealingLR(sgd(), 200), other, steps=200, accept_float32=True)


@pytest.mark.parametrize(
    "other",
    [
        optax.cosine_decay_schedule(0.1 * (1 + 3e-6), 200),
        optax.cosine_decay_schedule(0.1, 200, alpha=1e-5),
        lambda count: casts(count) * (1 + 3e-6),
        jaxlr.CosineAnnealingLR(0.1, 200, eta_min=1e-9),
        in_python,
    ],
)
def test_what_is_not_rounding_is_different(other):
    scheduler = lr_scheduler.CosineAnnealingLR(sgd(), 200)
    report = jaxlr.verify(scheduler, other, steps=200, accept_float32=True)
    assert (report.verdict, report.passed, report.proof) == ("different", False, "")


def test_rounding_that_has_lost_the_curve_is_different_and_said_to_be_rounding():
    gamma = 1 - 3e-8  # in float32 twice as far from 1
    drift = optax.exponential_decay(1.0, 1, gamma)
    report = jaxlr.verify(jaxlr.ExponentialLR(1.0, gamma), drift, steps=400_000, accept_float32=True)
    assert report.largest > 0.01
    assert (report.verdict, report.causes[0][0].kind) == ("different", "rounding")


def test_a_float32_reference_is_evaluated_again():
    report = jaxlr.verify(twin, COSINE, steps=200, accept_float32=True)
    assert report.passed
    assert report.proof.startswith("twin in float64")
    report = jaxlr.verify(twin, lambda count: 0.1 * jnp.cos(jnp.pi * count / 400) ** 2, steps=200, accept_float32=True)
    assert report.passed
    assert report.proof.startswith("twin and jax in float64")


def test_a_tensor_learning_rate_is_float32():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=torch.tensor(0.1))
    report = jaxlr.verify(lr_scheduler.ExponentialLR(optimizer, 0.9), jaxlr.ExponentialLR(0.1, 0.9), steps=60)
    assert report.verdict == "equal in float32 arithmetic"
    assert "torch cannot be evaluated in float64" in report.proof


@pytest.mark.parametrize(
    ("rtol", "atol", "passed"),
    [(1.1e-3, None, True), (0.9e-3, None, False), (None, 1.1e-4, True), (0.5e-3, 0.6e-4, True), (0, 0, False)],
)
def test_within_a_tolerance(rtol, atol, passed):
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(), 30), jaxlr.StepLR(0.1001, 30), steps=25, rtol=rtol, atol=atol)
    assert (report.passed, report.verdict) == (passed, "within tolerance" if passed else "different")
    ours, theirs = jaxlr.trajectory(jaxlr.StepLR(0.1001, 30), 25), np.full(25, 0.1)
    assert np.allclose(ours, theirs, rtol=rtol or 0, atol=atol or 0) == passed


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_never_passes(value):
    report = jaxlr.verify(decay(), lambda count: jnp.where(count < 17, 0.1 * 0.9**count, value), steps=40, rtol=1e9)
    assert not report.passed
    what = "NaN" if math.isnan(value) else "infinite"
    assert f"jax is {what} at 23 of 40 counts, first at 17" in str(report)
    named = "NaN" if math.isnan(value) else "not finite"
    assert str(report).splitlines()[-1] == f"cause               jax is {named} from count 17 on"
    assert json.loads(report.to_json())["largest"] is None


# Momentum.


def one_cycle(optimizer, **options):
    return lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=100, **options)


def test_momentum_is_compared():
    report = jaxlr.verify(one_cycle(sgd()), steps=101)
    assert report.passed
    assert report.momentum.passed
    assert "momentum            equal" in str(report)
    adam = torch.optim.AdamW([torch.zeros(1)], lr=0.1, betas=(0.9, 0.99))
    report = jaxlr.verify(one_cycle(adam), steps=101)
    assert report.momentum.passed
    assert report.momentum.theirs[0] == 0.95


def test_momentum_that_neither_drives_is_not_compared():
    assert jaxlr.verify(decay(), in_python, steps=40).momentum is None
    report = jaxlr.verify(one_cycle(sgd(), cycle_momentum=False), steps=101)
    assert report.passed
    assert report.momentum is None


@pytest.mark.parametrize("held", ["drives none", "holds 0.9"])
def test_momentum_that_is_not_cycled_is_a_difference(held):
    still = jaxlr.OneCycleLR(0.1, total_steps=100, cycle_momentum=False)
    table = jaxlr.Table(jaxlr.trajectory(still, 101), momentums=[0.9] * 101)
    report = jaxlr.verify(one_cycle(sgd()), still if held == "drives none" else table, steps=101)
    assert (report.verdict, report.passed) == ("different", False)
    assert report.own_verdict in ("equal", "equal in float32 arithmetic")
    assert report.diagnosis == f"momentum is not cycled: jax {held} where torch cycles 0.85..0.95"
    report = jaxlr.verify(one_cycle(sgd(), cycle_momentum=False), jaxlr.OneCycleLR(0.1, total_steps=100), steps=101)
    assert report.diagnosis == "momentum is cycled: jax cycles 0.85..0.95 where torch holds 0.9"


def test_the_range_of_a_momentum_is_compared():
    other = jaxlr.OneCycleLR(0.1, total_steps=100, base_momentum=0.8)
    report = jaxlr.verify(one_cycle(sgd()), other, steps=101)
    assert (report.own_verdict, report.verdict) == ("equal", "different")
    assert "momentum            different, 5.26 % of the peak, at count 29: torch 0.85, jax 0.8" in str(report)
    assert re.fullmatch("cause +momentum: .*", str(report).splitlines()[-1])


def test_the_range_of_a_cyclic_momentum_is_said_in_the_words_of_a_curve():
    scheduler = lr_scheduler.CyclicLR(sgd(), 0.01, 0.1, step_size_up=20)
    report = jaxlr.verify(scheduler, jaxlr.CyclicLR(0.01, 0.1, step_size_up=20, base_momentum=0.7), steps=90)
    assert report.diagnosis == "momentum: triangular wave: bottom 0.7 where torch has 0.8"


def test_the_picture_of_a_momentum_that_one_side_does_not_drive(tmp_path):
    report = jaxlr.verify(one_cycle(sgd()), lambda count: jaxlr.OneCycleLR(0.1, 100)(1 * count), steps=101)
    assert report.diagnosis == "momentum is not cycled: jax drives none where torch cycles 0.85..0.95"
    assert json.loads(report.to_json())["momentum"]["at_argmax"]["jax"] is None
    report.plot(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_an_array_says_nothing_of_a_momentum():
    values = jaxlr.trajectory(jaxlr.OneCycleLR(0.1, total_steps=100), 101)
    report = jaxlr.verify(one_cycle(sgd()), values, steps=101)
    assert report.passed
    assert "momentum not compared: values holds learning rates alone" in str(report)


# Parameter groups.


@pytest.mark.parametrize(
    "schedules",
    [
        [jaxlr.StepLR(0.1, 30), jaxlr.StepLR(0.2, 31)],
        (jaxlr.StepLR(0.1, 30), [0.2] * 31 + [0.02] * 69),
        {"head": jaxlr.StepLR(0.2, 31), "body": jaxlr.StepLR(0.1, 30)},
    ],
)
def test_all_parameter_groups_at_once(schedules):
    scheduler = lr_scheduler.StepLR(sgd(0.1, 0.2, names=("body", "head")), 30)
    report = jaxlr.verify(scheduler, schedules, steps=60)
    labels = ("body", "head") if isinstance(schedules, dict) else ("group 0", "group 1")
    assert {label: group.verdict for label, group in report.groups.items()} == dict(
        zip(labels, ("equal", "different"), strict=True)
    )
    assert (report.verdict, report.passed, report.argmax) == ("different", False, 30)
    assert str(report).startswith(f"verdict             different, {labels[1]}\n")
    assert json.loads(report.to_json())["groups"][labels[0]]["verdict"] == "equal"


def test_one_schedule_for_groups_that_share_it():
    assert jaxlr.verify(lr_scheduler.StepLR(sgd(0.1, 0.1), 30), jaxlr.StepLR(0.1, 30), steps=60).passed
    assert jaxlr.verify(lr_scheduler.StepLR(sgd(0.1, 0.2), 30), jaxlr.StepLR(0.2, 30), steps=60, group=1).passed
    pair = (lr_scheduler.StepLR(sgd(0.1, 0.2), 30) for _ in range(2))
    assert list(jaxlr.verify(*pair, steps=60).groups) == ["group 0", "group 1"]


# The window, and the page.


def test_a_window():
    warm = jaxlr.SequentialLR(0.1, [jaxlr.LinearLR(0.1), COSINE], [5])
    torchs = [lr_scheduler.CosineAnnealingLR(sgd(), 200) for _ in range(2)]
    report = jaxlr.verify(torchs[0], lambda count: warm(count + 5), start=20, steps=50)
    assert report.passed
    assert report.theirs[0] == pytest.approx(0.05 * (1 + math.cos(math.pi / 10)))
    assert "50 counts, 20..69" in str(report)
    report = jaxlr.verify(torchs[1], lambda count: jnp.where(count == 30, 1.0, COSINE(count)), start=20, steps=50)
    assert report.argmax == report.first_difference == 30
    assert report.spans == ((20, 29, True), (30, 30, False), (31, 69, True))


def test_the_page_says_all_in_order():
    report = jaxlr.verify(lr_scheduler.CosineAnnealingLR(sgd(), 200), late, steps=199)
    lines = [(line[:20].rstrip(), line[20:]) for line in str(report).splitlines()]
    names = ["verdict", "compared", "largest difference", "differ", "area", "equal", "different", "torch", "late"]
    assert [name for name, _ in lines] == [*names, "cause"]
    page = dict(lines)
    assert page["verdict"] == "different"
    assert page["compared"] == "late with torch, 199 counts, 0..198"
    i, theirs = report.argmax, 0.05 * (1 + np.cos(np.pi * np.arange(199) / 200))
    ours = np.concatenate([[0.1], theirs[:-1]])
    assert i == np.argmax(np.abs(ours - theirs))
    share = 100 * (ours - theirs)[i] / 0.1
    assert page["largest difference"] == (
        f"{share:.3g} % of the peak, at count {i}: torch {theirs[i]:.9g}, late {report.ours[i]:.9g}"
    )
    far = np.abs(ours - theirs) > 1e-4
    share = f"{np.sum(far)} of {len(far)} counts ({100 * np.mean(far):.3g} %)"
    assert page["differ"] == f"{share}, by more than 0.1 % of the peak"
    assert page["area"] == f"{100 * (ours.sum() / theirs.sum() - 1):+.3g} %"
    assert (page["equal"], page["different"]) == ("0, to 1e-6 of the peak", "1..198")
    assert page["cause"] == report.diagnosis == "late reads count - 1: it is 1 step late"
    with pytest.raises(AssertionError, match="it is 1 step late"):
        jaxlr.assert_equivalent(lr_scheduler.CosineAnnealingLR(sgd(), 200), late, steps=199)


def test_ulps_are_said_of_what_is_nearly_equal():
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(), 30), jaxlr.StepLR(0.1 * (1 + 1e-6), 30), steps=100)
    assert re.search(
        r"ulps                at most (1[0-9]|9)\.?\d* float32 ulps; 0.0000% of the counts bit-equal", str(report)
    )
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(), 30, gamma=1e-30), jaxlr.StepLR(0.1, 30, gamma=1e-10), steps=100)
    assert "ulp" not in str(report)
    assert "inf" not in str(report)


def test_what_nothing_explains_is_said_to_have_no_cause():
    noise = np.random.default_rng(0).uniform(0, 0.1, 199)
    report = jaxlr.verify(lr_scheduler.CosineAnnealingLR(sgd(), 200), noise, steps=199)
    assert report.diagnosis is None
    assert str(report).splitlines()[-1] == "cause               none found"


def test_many_spans_are_cut():
    steps = jaxlr.StepLR(0.1, 30, gamma=0.5)
    report = jaxlr.verify(lr_scheduler.StepLR(sgd(), 30, gamma=0.5), lambda count: steps(count - 1), steps=300)
    assert "different           30, 60, 90, 120 and 5 more" in str(report)
    assert "equal               0..29, 31..59, 61..89, 91..119 and 6 more" in str(report)


def test_json():
    report = jaxlr.verify(lr_scheduler.CosineAnnealingLR(sgd(), 200), late, steps=199)
    data = json.loads(report.to_json())
    assert (data["verdict"], data["passed"], data["names"]) == ("different", False, ["torch", "late"])
    ((cause,),) = data["causes"]
    assert (cause["kind"], cause["text"]) == ("shift", report.diagnosis)
    assert {"kind", "parameter", "ours", "theirs", "text"} == set(cause)
    assert data["spans"] == [{"first": 0, "last": 0, "equal": True}, {"first": 1, "last": 198, "equal": False}]
    assert (data["argmax"], data["area"]) == (report.argmax, report.area)
    assert data["at_argmax"] == {
        name: float(values[report.argmax]) for name, values in (("torch", report.theirs), ("late", report.ours))
    }
    assert data["versions"]["jaxlr"] == jaxlr.__version__
    assert data["versions"]["torch"] == torch.__version__


def test_csv(tmp_path):
    path = tmp_path / "curves.csv"
    report = jaxlr.verify(one_cycle(sgd()), steps=10, start=5)
    report.to_csv(path)
    lines = path.read_text().splitlines()
    assert lines[0] == "count,torch,jax,torch momentum,jax momentum"
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 0], np.arange(5, 15))
    np.testing.assert_array_equal(rows[:, 1], report.theirs)
    np.testing.assert_array_equal(rows[:, 2], report.ours)
    np.testing.assert_array_equal(rows[:, 3], report.momentum.theirs)
    jaxlr.verify(lr_scheduler.StepLR(sgd(0.1, 0.2), 3), steps=4).to_csv(path)
    assert path.read_text().splitlines()[0] == "count,group 0 torch,group 0 jax,group 1 torch,group 1 jax"


# Bad input.


class TimmLike:
    def __init__(self):
        self.optimizer = sgd()

    def step(self, epoch):
        pass


def step_lr(*lrs):
    return lr_scheduler.StepLR(sgd(*lrs), 3)


def on_one_optimizer():
    optimizer = sgd()
    return [lr_scheduler.StepLR(optimizer, 3) for _ in range(2)]


ERRORS = [
    (lambda: jaxlr.verify(step_lr(), steps=0), ValueError, "steps must be an integer >= 1"),
    (lambda: jaxlr.verify(step_lr(), steps=3, start=-1), ValueError, "start must be an integer >= 0"),
    (lambda: jaxlr.verify([], steps=3), ValueError, r"reference must hold a scheduler, .* got \[\]"),
    (lambda: jaxlr.verify(step_lr(), {}, steps=3), ValueError, r"other must hold a scheduler, .* got \{\}"),
    (lambda: jaxlr.verify(None, steps=3), TypeError, "reference must be a torch scheduler .* got None"),
    (lambda: jaxlr.verify(sgd(), steps=3), TypeError, "reference must be a torch scheduler"),
    (lambda: jaxlr.verify(jaxlr.StepLR(0.1, 3), steps=3), TypeError, "other must be given"),
    (lambda: jaxlr.verify(step_lr(), 0.1, steps=3), TypeError, "other must be a torch scheduler .* got 0.1"),
    (lambda: jaxlr.verify(step_lr(), jaxlr.StepLR, steps=3), TypeError, "other must be a torch scheduler"),
    (
        lambda: jaxlr.verify(step_lr(), [COSINE, step_lr()], steps=3),
        TypeError,
        "torch schedulers or schedules, not both",
    ),
    (lambda: jaxlr.verify(TimmLike(), COSINE, steps=3), TypeError, "whose step takes no argument, .* jaxlr.record"),
    (lambda: jaxlr.verify([step_lr(), step_lr()], COSINE, steps=3), ValueError, "or a list of one optimizer's"),
    (lambda: jaxlr.verify(*on_one_optimizer(), steps=3), ValueError, "other must be on an optimizer of its own"),
    (lambda: jaxlr.verify(step_lr(), steps=3, group=-1), ValueError, r"group must be one of 0 \.\. 0"),
    (lambda: jaxlr.verify(COSINE, COSINE, steps=3, group=0), ValueError, "group must be None where no side is torch's"),
    (lambda: jaxlr.verify(step_lr(), [COSINE], steps=3, group=0), ValueError, "group must be None beside a list"),
    (lambda: jaxlr.verify(step_lr(0.1, 0.2), COSINE, steps=3), ValueError, r"group must be given, one of 0 \.\. 1"),
    (lambda: jaxlr.verify(step_lr(0.1, 0.2), [COSINE] * 3, steps=3), ValueError, "each of 2 parameter groups, got 3"),
    (lambda: jaxlr.verify(lr_scheduler.ReduceLROnPlateau(sgd()), steps=3), ValueError, "metrics must be at least 2"),
    (lambda: jaxlr.verify(step_lr(), jaxlr.ReduceLROnPlateau(0.1), steps=3), ValueError, "metrics must be at least 2"),
    (
        lambda: jaxlr.verify(lr_scheduler.ReduceLROnPlateau(sgd()), steps=3, start=4, metrics=[1.0] * 5),
        ValueError,
        "metrics must be at least 6 numbers for a ReduceLROnPlateau, got 5",
    ),
    (
        lambda: jaxlr.verify(lr_scheduler.ReduceLROnPlateau(sgd()), steps=3, metrics="many"),
        TypeError,
        "metrics must be a sequence of numbers, got 'many'",
    ),
    (lambda: jaxlr.verify(step_lr(), COSINE, steps=3, rtol=-1e-3), ValueError, "rtol must be a finite number >= 0"),
    (lambda: jaxlr.verify(step_lr(), COSINE, steps=3, atol=math.nan), ValueError, "atol must be a finite number >= 0"),
    (lambda: jaxlr.verify(step_lr(), COSINE, steps=3, accept_float32=1), TypeError, "accept_float32 must be True"),
    (lambda: jaxlr.verify(one_cycle(sgd()), COSINE, steps=200), ValueError, "must be at most 101, where torch ends"),
    (
        lambda: jaxlr.verify(COSINE, jaxlr.OneCycleLR(0.1, 100), steps=90, start=20),
        ValueError,
        r"start \+ steps must be at most 101, where second ends, got 110",
    ),
    (
        lambda: jaxlr.verify(COSINE, [0.1] * 9, steps=10),
        ValueError,
        "steps must be at most 9, where values ends, got 10",
    ),
    (lambda: jaxlr.verify(COSINE, np.zeros((3, 3)), steps=3), TypeError, "other must hold one number at each count"),
    (lambda: jaxlr.verify(COSINE, np.array(["a"]), steps=1), TypeError, "other must hold one number at each count"),
    (
        lambda: jaxlr.verify(step_lr(), lambda count: jnp.zeros(2), steps=3),
        ValueError,
        r"jax must give one number .*\(2,\)",
    ),
    (lambda: jaxlr.verify(step_lr(), lambda count: "a", steps=3), ValueError, "jax must give one number at each count"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[message for _, _, message in ERRORS])
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def in_epochs(optimizer=None, frequency=1):
    """As Lightning's configure_optimizers says it."""
    scheduler = lr_scheduler.StepLR(optimizer or sgd(), 3)
    return {"scheduler": scheduler, "interval": "epoch", "frequency": frequency}


@pytest.mark.parametrize("given", [in_epochs, lambda: [in_epochs()]], ids=["dict", "list"])
def test_what_a_trainer_steps_is_stepped_as_it_does(given):
    native = jaxlr.per_epoch(jaxlr.StepLR(0.1, 3), 10)
    assert jaxlr.verify(given(), native, steps=60, steps_per_epoch=10).verdict == "equal"
    assert jaxlr.verify(native, given(), steps=60, steps_per_epoch=10).verdict == "equal"
    assert jaxlr.verify(given(), steps=60, steps_per_epoch=10).verdict == "equal"
    late = jaxlr.verify(given(), jaxlr.per_epoch(jaxlr.StepLR(0.1, 4), 10), steps=60, steps_per_epoch=10)
    assert "step_size=4 where torch has 3" in str(late)


def test_every_group_of_what_a_trainer_steps():
    groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in (0.1, 0.2)]
    recipe = in_epochs(torch.optim.SGD(groups, lr=0.1))
    schedules = [jaxlr.per_epoch(jaxlr.StepLR(lr, 3), 10) for lr in (0.1, 0.2)]
    report = jaxlr.verify(recipe, schedules, steps=60, steps_per_epoch=10)
    assert report.verdict == "equal"
    assert list(report.groups) == ["group 0", "group 1"]
    assert jaxlr.verify(recipe, schedules[1], steps=60, steps_per_epoch=10, group=1).verdict == "equal"
    assert recipe["scheduler"].last_epoch == 0  # a copy is stepped


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: jaxlr.verify(in_epochs(), COSINE, steps=9),
            ValueError,
            "^verify: steps_per_epoch must be given for StepLR",
        ),
        (
            lambda: jaxlr.verify(step_lr(), COSINE, steps=9, steps_per_epoch=3),
            ValueError,
            "^verify: steps_per_epoch must be left out where no side is what a framework's trainer steps, got 3",
        ),
        (
            lambda: jaxlr.verify(in_epochs(), COSINE, steps=9, steps_per_epoch=0),
            ValueError,
            "^verify: steps_per_epoch must be",
        ),
        (
            lambda: jaxlr.verify(COSINE, {"scheduler": 3}, steps=9, steps_per_epoch=2),
            TypeError,
            "^verify: other must be one of a torch optimizer, got 3",
        ),
        (
            lambda: jaxlr.verify({"scheduler": step_lr(), "interval": "day"}, COSINE, steps=9),
            ValueError,
            '^verify: "interval" must be',
        ),
        (
            lambda: jaxlr.verify(
                {"scheduler": lr_scheduler.ReduceLROnPlateau(sgd()), "interval": "step"}, COSINE, steps=9
            ),
            ValueError,
            "^verify: reference must be a function of the count to be stepped into a table, got ReduceLROnPlateau",
        ),
    ],
)
def test_bad_input_of_what_a_trainer_steps_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_one_optimizer_is_not_edited_by_both_sides():
    optimizer = sgd()
    with pytest.raises(ValueError, match="other must be on an optimizer of its own"):
        jaxlr.verify(in_epochs(optimizer), lr_scheduler.StepLR(optimizer, 3), steps=9, steps_per_epoch=3)


def test_a_side_that_raises_in_mid_run_is_left_as_it_is_and_named():
    def broken(count):
        return 0.1 if count < 17 else [][count]

    def untraceable(count):
        raise RuntimeError("broken here")

    with pytest.raises(IndexError, match="list index out of range") as caught:
        jaxlr.verify(step_lr(), broken, steps=30)
    assert caught.value.__notes__ == ["verify: broken raised at count 17"]
    with pytest.raises(RuntimeError, match="broken here") as caught:
        jaxlr.verify(step_lr(), untraceable, steps=30)
    assert caught.value.__notes__[-1] == "verify: untraceable raised"
    scheduler = lr_scheduler.LambdaLR(sgd(), lambda epoch: 1 / (17 - epoch))
    with pytest.raises(ZeroDivisionError) as caught:
        jaxlr.verify(scheduler, COSINE, steps=30)
    assert caught.value.__notes__ == ["verify: torch raised in its step from count 16 to the next"]


def test_parameter_groups_of_one_name_are_all_compared():
    optimizer = sgd(0.1, 0.01, names=("backbone", "backbone"))
    with pytest.raises(ValueError, match="whose learning rates or momentums differ, got one schedule"):
        jaxlr.verify(lr_scheduler.StepLR(optimizer, 3), jaxlr.StepLR(0.01, 3), steps=9)
    optimizer = sgd(0.1, 0.01, names=("backbone", "backbone"))
    report = jaxlr.verify(lr_scheduler.StepLR(optimizer, 3), [jaxlr.StepLR(0.2, 3), jaxlr.StepLR(0.01, 3)], steps=9)
    assert {label: one.passed for label, one in report.groups.items()} == {"group 0": False, "group 1": True}


def test_groups_that_differ_in_their_momentum_alone_need_a_schedule_each():
    optimizer = sgd(0.1, 0.1)
    scheduler = lr_scheduler.CyclicLR(optimizer, 0.1, 0.2, step_size_up=5, base_momentum=[0.7, 0.8])
    with pytest.raises(ValueError, match="learning rates or momentums differ"):
        jaxlr.verify(scheduler, jaxlr.CyclicLR(0.1, 0.2, step_size_up=5, base_momentum=0.7), steps=20)


def test_names_of_parameter_groups_that_do_not_match_are_refused():
    scheduler = lr_scheduler.StepLR(sgd(0.1, 0.1, names=("decay", "no_decay")), 3)
    schedules = {"no_decay": jaxlr.StepLR(0.1, 3), "dekay": jaxlr.StepLR(0.1, 3)}
    with pytest.raises(ValueError, match="other must name the parameter groups 'decay', 'no_decay', got"):
        jaxlr.verify(scheduler, schedules, steps=9)


def test_an_array_of_float64_is_not_off_by_float32():
    counts = np.arange(200)
    values = 5e-8 + (0.1 - 5e-8) * (1 + np.cos(np.pi * counts / 200)) / 2
    scheduler = lr_scheduler.CosineAnnealingLR(sgd(), 200)
    assert jaxlr.verify(scheduler, values, steps=200, accept_float32=True).verdict == "different"


def test_a_list_of_what_a_schedule_gives_is_a_list_of_learning_rates():
    schedule = jaxlr.StepLR(0.1, 3)
    lrs = [schedule(count) for count in range(9)]
    assert jaxlr.verify(lr_scheduler.StepLR(sgd(), 3), lrs, steps=9, accept_float32=True).passed
