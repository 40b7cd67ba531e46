"""What a framework's trainer steps, stepped as it does, on copies."""

import dataclasses
from typing import Any

from jaxlr._arguments import parameter_group
from jaxlr._torch.driven import schedules_of
from jaxlr._torch.drivers import driver_of
from jaxlr._torch.drivers.driver import optimizer_of
from jaxlr._verify.evaluated import of_schedule
from jaxlr._verify.side import Run, Side
from jaxlr._verify.stepped import labels_of, ported_of


def of_framework(parameter: str, value: Any, name: str, group: int | None, run: Run) -> dict[str, Side]:
    """A side for each parameter group of their optimizer, or for the one given, by its label."""
    driver = driver_of(f"verify: {parameter}", value, run.steps_per_epoch)
    groups = optimizer_of(f"verify: {parameter}", driver).param_groups
    tables = schedules_of(f"verify: {parameter}", driver, run.window.stop, [])
    chosen = list(range(len(groups))) if group is None else [parameter_group("verify", group, len(groups))]
    labels = labels_of(groups, chosen)
    return {
        label: dataclasses.replace(
            of_schedule(tables[i], name, run, wide=True),
            schedule=ported_of(value, driver.schedulers, i, run.steps_per_epoch),
        )
        for label, i in zip(labels, chosen, strict=True)
    }
