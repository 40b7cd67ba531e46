"""What the bridge does with recipes that are seldom met, each in a branch that no recipe of the other files takes."""

import threading
import types
from functools import partial

import pytest
import torch
from torch.optim import lr_scheduler

import jaxlr
from jaxlr._torch.functions import _steps_said, state_read
from jaxlr._torch.ports import _simplest
from jaxlr._torch.versions import _older_rules

CLOCKS = {"steps_per_epoch": 5, "total_steps": 20}

pytestmark = pytest.mark.filterwarnings("ignore:.*optimizer.step:UserWarning")  # the optimizer itself is not stepped


def sgd(lr=0.1):
    return torch.optim.SGD([torch.zeros(1)], lr=lr)


def two_clocks(first, optimizer):
    per_epoch = {"scheduler": lr_scheduler.MultiStepLR(optimizer, [2]), "interval": "epoch"}
    return [{"scheduler": first, "interval": "step"}, per_epoch]


def test_a_scheduler_that_cannot_be_copied_cannot_be_stepped():
    class Locked:
        def __init__(self):
            self.lock = threading.Lock()

        def __call__(self, epoch):
            return 0.9**epoch

    optimizer = sgd()
    first = lr_scheduler.LambdaLR(optimizer, Locked())
    first.lock = threading.Lock()
    with pytest.raises(ValueError, match=r"must be one that can be copied, to be stepped, got .*TypeError: cannot"):
        jaxlr.from_torch(two_clocks(first, optimizer), **CLOCKS)


def test_what_a_step_adds_to_the_group_is_taken_away():
    class Marks(lr_scheduler.StepLR):
        def step(self, *args):
            super().step(*args)
            self.optimizer.param_groups[0]["marked"] = self.last_epoch

    optimizer = sgd()
    scheduler = Marks(optimizer, 3)
    del optimizer.param_groups[0]["marked"]  # of its own first step
    jaxlr.from_torch(two_clocks(scheduler, optimizer), **CLOCKS)
    assert "marked" not in optimizer.param_groups[0]


def test_a_chain_on_two_clocks_has_taken_the_steps_of_its_members():
    optimizer = sgd()
    chain = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(optimizer, 0.9)])
    if hasattr(chain, "last_epoch"):
        del chain.last_epoch
    jaxlr.from_torch(two_clocks(chain, optimizer), **CLOCKS)
    chain.step()
    with pytest.raises(ValueError, match="a recipe of two clocks"):
        jaxlr.from_torch(two_clocks(chain, optimizer), **CLOCKS)


def test_a_scheduler_of_timm_for_something_else_is_refused():
    weight_decay = types.new_class("CosineLRScheduler")
    weight_decay.__module__ = "timm.scheduler.cosine_lr"
    scheduler = weight_decay()
    scheduler.optimizer, scheduler.param_group_field, scheduler.t_in_epochs = sgd(), "weight_decay", True
    with pytest.raises(ValueError, match="must be one of the learning rate, got one of 'weight_decay'"):
        jaxlr.from_torch(scheduler, **CLOCKS)


def test_what_a_partial_reads():
    def constant(box, epoch, scale=1.0):
        return box[0] * scale

    assert state_read(partial(constant, [1.0])) == ["argument 0 (a list)"]
    assert state_read(partial(constant, (1.0,))) == state_read(abs) == []
    with pytest.warns(UserWarning, match=r"reads argument 0 \(a list\)"):
        jaxlr.from_torch(lr_scheduler.LambdaLR(sgd(), partial(constant, [1.0])))


def test_a_number_that_takes_seventeen_digits_is_itself():
    number = 0.1 + 0.2
    assert _simplest(number, lambda x: x == number) == number
    assert _simplest(number, lambda x: abs(x - number) < 1e-9) == 0.3


def test_a_builtin_that_does_not_tell_its_arguments_is_called():
    with pytest.raises(TypeError, match="expected at least 1 argument, got 0"):
        jaxlr.record(next, sgd(), 3)


def test_drives_an_optimizer_whose_rate_is_a_tensor():
    optimizer = sgd(torch.tensor(0.5, dtype=torch.float64))
    held = optimizer.param_groups[0]["lr"]
    scheduler = jaxlr.to_torch(jaxlr.ExponentialLR(0.5, 0.5), optimizer)
    scheduler.step()
    assert held.item() == 0.25
    assert optimizer.param_groups[0]["lr"] is held


def test_a_factor_of_1_is_the_same_by_older_rules():
    (rule,) = _older_rules(jaxlr.MultiplicativeLR(0.1, lambda epoch: 0.5), -1, 3)
    assert rule[0] == (2, 8)
    assert list(_older_rules(jaxlr.MultiplicativeLR(0.1, lambda epoch: 1.0), -1, 3)) == []


def test_a_function_past_the_steps_that_are_asked_for_stays_as_it_is():
    def power(epoch):
        return 0.9**epoch

    scheduler = lr_scheduler.LambdaLR(sgd(), power)
    for _ in range(9):
        scheduler.step()
    assert jaxlr.from_torch(scheduler, total_steps=9) == jaxlr.LambdaLR(0.1, power, last_epoch=8)


def stepped(scheduler, steps):
    for _ in range(steps):
        scheduler.step()
    return scheduler.state_dict()


def test_the_steps_of_a_run_are_in_what_transformers_binds():
    assert _steps_said(partial(pow, num_warmup_steps=5, num_training_steps=100)) == 100
    assert _steps_said(partial(pow, num_warmup_steps=5, num_stable_steps=50, num_decay_steps=45)) == 100
    assert _steps_said(partial(pow, num_warmup_steps=5)) is None


def test_what_is_known_for_so_many_steps_is_restored_by_its_own_class():
    saved = stepped(lr_scheduler.StepLR(sgd(), 3), 4)
    restored = jaxlr.from_state_dict(jaxlr.Until(jaxlr.StepLR(0.1, 3), 20), saved)
    assert restored == jaxlr.Until(jaxlr.StepLR(0.1, 3, last_epoch=3), 16)


def test_what_is_known_for_so_many_steps_is_restored_of_a_chain():
    saved = stepped(lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(sgd(), 0.5)]), 2)
    chain = jaxlr.ChainedScheduler([jaxlr.ExponentialLR(0.1, 0.5)])
    restored = jaxlr.from_state_dict(jaxlr.Until(chain, 20), saved)
    assert jaxlr.trajectory(restored, 3).tolist() == jaxlr.trajectory(chain, 5)[2:].tolist()


def test_a_checkpoint_of_functions_at_its_start():
    saved = lr_scheduler.LambdaLR(sgd(), lambda epoch: 0.5**epoch).state_dict()
    schedule = jaxlr.ExponentialLR(0.1, 0.5)
    assert jaxlr.from_state_dict(schedule, saved) == schedule


@pytest.mark.parametrize(
    ("schedule", "change", "message"),
    [
        (jaxlr.ExponentialLR(0.1, 0.5, last_epoch=4), {}, "schedule must have last_epoch=-1"),
        (jaxlr.ExponentialLR(0.1, 0.5), {"_last_lr": None}, "must have been stepped, with a _last_lr"),
        (jaxlr.per_epoch(jaxlr.OneCycleLR(0.3, 50), 2), {}, "must be one that starts at any epoch"),
        (jaxlr.Until(jaxlr.ExponentialLR(0.1, 0.5), 20), {"last_epoch": -1}, "with a last_epoch >= 0"),
    ],
    ids=str,
)
def test_a_checkpoint_that_cannot_be_restored_is_refused(schedule, change, message):
    saved = stepped(lr_scheduler.LambdaLR(sgd(), lambda epoch: 0.5**epoch), 3)
    with pytest.raises((TypeError, ValueError), match=f"from_state_dict: .*{message}"):
        jaxlr.from_state_dict(schedule, saved | change)


def test_what_goes_on_from_a_state_is_not_restored():
    resumed = jaxlr.Resumed(jaxlr.StepLR(0.1, 3), state=4, lr=0.05)
    saved = stepped(lr_scheduler.StepLR(sgd(), 3), 4)
    with pytest.raises(ValueError, match="must be one from its start"):
        jaxlr.from_state_dict(jaxlr.Until(resumed, 20), saved)
