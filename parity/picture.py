"""One picture of recipes, with torch's points on the curves."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from jaxlr import trajectory
from jaxlr._cli.gallery import Panel, draw_panels
from parity.cases import Case
from parity.compare import torch_trajectory


def small_multiples(cases: Sequence[Case], steps: int, path: Path) -> None:
    """Draws a panel a case."""
    draw_panels([_panel(case, case.steps(steps)) for case in cases], path)


def _panel(case: Case, steps: int) -> Panel:
    arguments = str(case).split("(", 1)[1].removesuffix(")").split(", ", 1)[1]
    lrs = trajectory(case.schedule(), steps, metrics=case.metrics(steps))
    return Panel(f"{case.scheduler}\n{textwrap.fill(arguments, 46)}", lrs, torch_trajectory(case, steps)["lr"])
