"""torch's own schedulers, those of transformers and diffusers among them: each steps once a count, in order.

A training loop of torch's, transformers' Trainer and diffusers' scripts call ``scheduler.step()`` after each update; a
recipe of torchvision's after each epoch. The scheduler itself does not say which.
"""

from typing import Any

from jaxlr._torch.drivers.driver import Driver, check_left_out


def driver(parameter: str, schedulers: list[Any], steps_per_epoch: int | None) -> Driver:
    """One step of each, in order."""
    check_left_out(
        parameter,
        'a torch scheduler, which does not say when it is stepped: pass {"scheduler": scheduler, "interval": "epoch"}',
        steps_per_epoch,
    )
    return Driver(schedulers, own=False)
