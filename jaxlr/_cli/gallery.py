"""The cheat sheet of all schedulers."""

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import jaxlr
from jaxlr._cli.plot import STEPS

COUNTS = 33
METRICS = np.append(np.linspace(1.0, 0.3, 12), np.full(COUNTS, 0.3))  # falls, then rests


def exponential(epoch: Any) -> Any:
    return 0.95**epoch


def shrinking(epoch: Any) -> Any:
    return 1 - 1 / (epoch + 10)


LR = 1e-3
SCHEDULES: tuple[jaxlr.Schedule, ...] = (
    jaxlr.StepLR(LR, step_size=4, gamma=0.5),
    jaxlr.MultiStepLR(LR, milestones=[8, 24, 28], gamma=0.5),
    jaxlr.ConstantLR(LR, factor=0.5, total_iters=8),
    jaxlr.LinearLR(LR, start_factor=0.5, total_iters=8),
    jaxlr.ExponentialLR(LR, gamma=0.9),
    jaxlr.PolynomialLR(LR, total_iters=24, power=2),
    jaxlr.CosineAnnealingLR(LR, T_max=16, eta_min=1e-4),
    jaxlr.CosineAnnealingWarmRestarts(LR, T_0=4, T_mult=2, eta_min=1e-4),
    jaxlr.LambdaLR(LR, exponential),
    jaxlr.MultiplicativeLR(LR, shrinking),
    jaxlr.CyclicLR(base_lr=1e-4, max_lr=LR, step_size_up=4),
    jaxlr.CyclicLR(base_lr=1e-4, max_lr=LR, step_size_up=4, mode="triangular2"),
    jaxlr.CyclicLR(base_lr=1e-4, max_lr=LR, step_size_up=4, mode="exp_range", gamma=0.95),
    jaxlr.OneCycleLR(max_lr=LR, total_steps=32),
    jaxlr.OneCycleLR(max_lr=LR, total_steps=32, anneal_strategy="linear"),
    jaxlr.SWALR(LR, swa_lr=1e-4, anneal_epochs=20),
    jaxlr.SequentialLR(
        LR, [jaxlr.LinearLR(LR, start_factor=0.1, total_iters=8), jaxlr.CosineAnnealingLR(LR, T_max=24)], [8]
    ),
    jaxlr.ChainedScheduler([jaxlr.ConstantLR(LR, factor=0.5, total_iters=8), jaxlr.ExponentialLR(LR, gamma=0.9)]),
    jaxlr.ReduceLROnPlateau(LR, patience=3, factor=0.5),
)


class Panel(NamedTuple):
    """A curve of the picture: torch's points on it where they are given."""

    title: str
    lrs: np.ndarray
    torch: np.ndarray | None = None


def draw(path: Path) -> None:
    """Draws the cheat sheet."""
    draw_panels(map(_panel, SCHEDULES), path)


def _panel(schedule: jaxlr.Schedule) -> Panel:
    metrics = METRICS if isinstance(schedule, jaxlr.ReduceLROnPlateau) else None
    name, arguments = re.sub(r"\blr=[^,)]*, ", "", repr(schedule)).removesuffix(")").split("(", 1)
    return Panel(f"{name}\n{textwrap.fill(arguments, 46)}", jaxlr.trajectory(schedule, COUNTS, metrics=metrics))


def draw_panels(panels: Iterable[Panel], path: Path) -> None:
    """Draws the panels, four in a row: jaxlr's learning rates as a line, those of torch as points."""
    panels = list(panels)
    columns = 4
    rows = -(-len(panels) // columns)
    with matplotlib.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(3.1 * columns, 2.0 * rows), layout="constrained")
        for i, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, i + 1)
            counts = np.arange(len(panel.lrs))
            axes.plot(counts, panel.lrs, drawstyle=STEPS, color="#1f5fa8", linewidth=1.4, label="jaxlr")
            if panel.torch is not None:
                axes.plot(counts, panel.torch, ".", color="#e4572e", markersize=3.5, label="torch")
            axes.set_title(panel.title, fontsize=7, loc="left")
            axes.set_ylim(bottom=0)
            axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
            if i == 0 and panel.torch is not None:
                axes.legend(frameon=False, loc="upper right")
        figure.supxlabel("step")
        figure.supylabel("learning rate")
        figure.savefig(path, dpi=140)
