"""What the bridge does with recipes that are seldom met, each in a branch that no recipe of the other files takes."""

import threading
import types
from functools import partial

import pytest
import torch
from torch.optim import lr_scheduler

import jaxlr
from jaxlr._torch.functions import state_read
from jaxlr._torch.ports import _simplest

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
    assert state_read(partial(constant, (1.0,))) == []
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


def test_a_function_past_the_end_of_what_is_asked_for_stays_as_it_is():
    optimizer = sgd()
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    for _ in range(9):
        scheduler.step()
    with pytest.raises(ValueError, match="total_steps"):
        jaxlr.from_torch(scheduler, total_steps=0)
