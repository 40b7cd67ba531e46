"""What a training loop of a framework's used at each update, beside the schedules that from_torch makes of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import jaxlr

Row = list[tuple[float, float]]  # the learning rate, and the momentum or beta1, of each parameter group


# What from_torch makes of what it has stepped for real: formulas where they give every value, else a table.
SEEN = (jaxlr.Until, jaxlr.Table)


def held(optimizer: Any) -> Row:
    """What each parameter group holds."""
    return [
        (float(group["lr"]), float(group["betas"][0] if "betas" in group else group["momentum"]))
        for group in optimizer.param_groups
    ]


def assert_follows(schedules: Sequence[jaxlr.Schedule], rows: Sequence[Row], metrics: Any = None) -> None:
    """The schedules, one a group, give what the updates used, at most 1 float32 ulp from it."""
    assert len(schedules) == len(rows[0])
    used = np.asarray(rows, np.float32)
    for i, schedule in enumerate(schedules):
        lrs, momentums = used[:, i, 0], used[:, i, 1]
        assert len(set(lrs.tolist())) > 1 or len(set(momentums.tolist())) > 1  # something is scheduled
        ours = jaxlr.trajectory(schedule, len(rows), metrics=metrics)
        np.testing.assert_array_max_ulp(ours, lrs, maxulp=1)
        if schedule._momentum is not None:
            np.testing.assert_array_max_ulp(jaxlr.trajectory(schedule.momentum, len(rows)), momentums, maxulp=1)
        else:
            assert len(set(momentums.tolist())) == 1
