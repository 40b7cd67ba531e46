"""An older torch: what it goes on with by other rules is refused, all else is converted; the others are warned of."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

import jaxlr
from jaxlr._torch import versions as installed
from parity import versions
from parity.case import Case
from parity.cases import RECIPES, constant

pytestmark = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")  # the optimizer is not stepped
lr_scheduler = torch.optim.lr_scheduler
LINEAR, STEP, HALF = Case("LinearLR", {}), Case("StepLR", {"step_size": 3}), Case("ExponentialLR", {"gamma": 0.5})
MULTIPLICATIVE, SWA = Case("MultiplicativeLR", {"lr_lambda": constant}), Case("SWALR", {"swa_lr": 0.05})
COSINE = Case("CosineAnnealingLR", {"T_max": 9})


def one(epoch):
    return 1.0


def sequence(*members, milestones):
    return Case("SequentialLR", {"schedulers": list(members), "milestones": milestones})


def chain(*members):
    return Case("ChainedScheduler", {"schedulers": list(members)})


def at(case, steps):
    scheduler = case.torch_scheduler()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer itself is not stepped
        for _ in range(steps):
            scheduler.step()
    return scheduler


def become(monkeypatch, version):
    monkeypatch.setattr(torch, "__version__", version)


REFUSED = [
    (sequence(LINEAR, MULTIPLICATIVE, milestones=[5]), "2.7.1", "MultiplicativeLR that takes over"),
    (sequence(LINEAR, SWA, milestones=[5]), "2.8.0+cpu", "SWALR that takes over"),
    (chain(sequence(LINEAR, SWA, milestones=[5]), STEP), "2.4.1", "SWALR that takes over"),
    (sequence(sequence(HALF, SWA, milestones=[5]), STEP, milestones=[9]), "2.8.0", "SWALR that takes over"),
    (
        sequence(LINEAR, MULTIPLICATIVE, SWA, milestones=[5, 9]),
        "2.7.1",
        "SWALR .* upgrade torch to 2.9",
    ),
]


@pytest.mark.parametrize(("case", "version", "what"), REFUSED, ids=str)
def test_what_an_older_torch_will_do_by_another_rule_is_refused(case, version, what, monkeypatch):
    scheduler = at(case, 3)
    state, optimizer = scheduler.state_dict(), scheduler.optimizer.state_dict()
    expected = jaxlr.from_torch(scheduler)
    become(monkeypatch, version)
    for caller, convert in {
        "from_torch": lambda: jaxlr.from_torch(scheduler),
        "from_state_dict": lambda: jaxlr.from_state_dict(case.schedule(), state, optimizer=optimizer),
    }.items():
        with pytest.raises(ValueError, match=what) as refused:
            convert()
        for said in (f"{caller}: torch {version} ", repr(case.schedule())[:40], "upgrade torch to 2.", "jaxlr.record("):
            assert said in str(refused.value)
    become(monkeypatch, "2.9.0")
    assert jaxlr.from_torch(scheduler) == expected


@pytest.mark.parametrize("member", [HALF, COSINE, MULTIPLICATIVE, Case("PolynomialLR", {})], ids=str)
def test_a_first_step_to_epoch_0_is_refused(member, monkeypatch):
    case = sequence(LINEAR, member, milestones=[0])
    scheduler = case.torch_scheduler()
    scheduler._schedulers[1].last_epoch = -1  # where torch before 2.13 left it: the first member took the first step
    become(monkeypatch, "2.7.0")
    with pytest.raises(ValueError, match=f"the first step of a {member.scheduler} changes nothing"):
        jaxlr.from_torch(scheduler)
    become(monkeypatch, "2.12.0")
    assert jaxlr.from_torch(scheduler).state == (0, -1, ())


CONVERTED = [
    (sequence(LINEAR, MULTIPLICATIVE, milestones=[5]), 5),  # it has taken over
    (sequence(LINEAR, SWA, milestones=[5]), 6),
    (sequence(LINEAR, SWA, STEP, milestones=[5, 5]), 0),  # it never takes over
    (sequence(sequence(HALF, SWA, milestones=[9]), STEP, milestones=[4]), 0),
    (sequence(LINEAR, Case("MultiplicativeLR", {"lr_lambda": one}), milestones=[5]), 0),
    (sequence(LINEAR, Case("SWALR", {"swa_lr": 0.05, "anneal_epochs": 0}), milestones=[5]), 0),
    (sequence(SWA, STEP, milestones=[5]), 0),
    (sequence(LINEAR, STEP, milestones=[0]), 0),
    (sequence(chain(HALF, STEP), STEP, milestones=[4]), 0),
    (MULTIPLICATIVE, 0),
    (SWA, 3),
]


@pytest.mark.parametrize(("case", "steps"), CONVERTED, ids=str)
def test_all_else_converts_in_an_older_torch(case, steps, monkeypatch):
    scheduler = at(case, steps)
    expected = jaxlr.from_torch(scheduler)
    become(monkeypatch, "2.6.0")
    assert jaxlr.from_torch(scheduler) == expected


def test_a_resumed_recipe_takes_a_state():
    case = sequence(LINEAR, STEP, milestones=[0])
    fresh = case.torch_scheduler()
    fresh._schedulers[1].last_epoch = -1
    recipe = jaxlr.from_torch(fresh)
    assert isinstance(recipe, jaxlr.Resumed)
    scheduler = at(case, 4)
    expected = jaxlr.from_torch(scheduler)
    assert jaxlr.from_state_dict(recipe, scheduler.state_dict()) == expected


def calls(optimizer):
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    return {
        "from_torch": lambda: jaxlr.from_torch(scheduler),
        "from_state_dict": lambda: jaxlr.from_state_dict(jaxlr.StepLR(0.1, 3), scheduler.state_dict()),
        "to_torch": lambda: jaxlr.to_torch(jaxlr.StepLR(0.1, 3), optimizer),
        "record": lambda: jaxlr.record(scheduler.step, optimizer, 4),
        "verify": lambda: jaxlr.verify(scheduler, jaxlr.StepLR(0.1, 3), steps=2),
    }


@pytest.mark.parametrize("caller", ["from_torch", "from_state_dict", "to_torch", "record", "verify"])
@pytest.mark.parametrize(("version", "how"), [("2.3.1", "older"), ("2.16.0a0+git1", "newer"), ("3.0", "newer")])
def test_a_torch_that_was_not_tried_is_warned_of_once(caller, version, how, monkeypatch):
    call = calls(torch.optim.SGD([torch.zeros(1)], lr=0.1))[caller]
    installed._warn.cache_clear()
    become(monkeypatch, version)
    with pytest.warns(UserWarning, match=re.escape(f"torch {version} is {how} than those tried, 2.4 to 2.15")):
        call()
    with warnings.catch_warnings(record=True) as caught:
        call()
    assert not [warning for warning in caught if "than those tried" in str(warning.message)]
    installed._warn.cache_clear()


@pytest.mark.parametrize("version", ["2.4.0", "2.13.0+cpu", "2.15.1", "unknown"])
def test_a_torch_that_was_tried_is_not(version, monkeypatch):
    become(monkeypatch, version)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jaxlr.from_torch(lr_scheduler.StepLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), 3))


def test_without_torch_a_state_dict_goes_on_and_to_torch_names_the_extra():
    code = """
import sys; sys.modules["torch"] = None
import jaxlr
state = {"step_size": 3, "gamma": 0.1, "base_lrs": [0.1], "last_epoch": 4, "_step_count": 5, "_last_lr": [0.1 * 0.1]}
print(jaxlr.from_state_dict(jaxlr.StepLR(0.1, 3), state))
jaxlr.to_torch(jaxlr.StepLR(0.1, 3), None)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout == "StepLR(lr=0.1, step_size=3, last_epoch=3)\n"
    assert "jaxlr.to_torch needs torch: pip install 'jaxlr[torch]'" in result.stderr


def test_every_named_difference_has_a_recipe_and_a_row_of_the_page():
    page = (Path(__file__).parents[1] / "docs" / "versions.md").read_text()
    for difference in versions.DIFFERENCES:
        before = f"{difference.until[0]}.{difference.until[1] - 1}"
        assert any(difference.name in versions.named(case, before) for case in RECIPES), difference.name
        row = f"| {difference.until[0]}.{difference.until[1]} | {difference.change} |"
        assert row in page, row
    assert not any(versions.named(case, "2.13") for case in RECIPES)


def test_the_command_runs_the_files_that_are_there(tmp_path):
    for name in versions.FILES:
        source = Path(sys.modules[f"torch.optim.{name}"].__file__).read_text()
        (tmp_path / f"{name}.py").write_text(source.replace('group["lr"] * self.gamma', '2 * group["lr"] * self.gamma'))
    code = f"""
from pathlib import Path
from parity import versions
from parity.case import Case
versions.load("2.6.0", Path({str(tmp_path)!r}))
for case in (Case("MultiStepLR", {{"milestones": [3]}}), Case("SWALR", {{"swa_lr": 0.05}})):
    print(versions.compared(case, 9))
import torch
print(torch.__version__, torch.optim.lr_scheduler.__file__)
"""
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    assert lines[:2] == ["['count 3', 'count 3']", "[None, None]"], result.stderr
    assert lines[2] == f"2.6.0 {tmp_path / 'lr_scheduler.py'}"
