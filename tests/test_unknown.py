"""A schedule of a kind that the machine does not know: none of its functions takes it for another."""

import dataclasses

import pytest

import jaxlr
from jaxlr._machine import machine
from jaxlr._machine.closed_form import closed_form
from jaxlr._machine.epochs import before_first_step


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Unknown(jaxlr.Schedule):
    lr: float = 0.1
    _final_epoch = None
    _momentum = None


GROUP = machine.Group(lr=0.1)
FUNCTIONS = {
    "before_first_step": before_first_step,
    "registered": lambda schedule: machine.registered(schedule, GROUP),
    "linked": lambda schedule: machine.linked(schedule, GROUP),
    "construct": lambda schedule: machine.construct(schedule, GROUP, None),
    "step": lambda schedule: machine.step(schedule, 0, GROUP, None),
    "held": lambda schedule: machine.held(schedule, GROUP),
    "closed_form": lambda schedule: closed_form(schedule, 0),
    "a call": lambda schedule: schedule(0),
    "init": lambda schedule: schedule.stateful().init(),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_is_refused_by_name(function):
    with pytest.raises(TypeError, match="Unknown"):
        function(Unknown())
