"""One picture of schedules, with torch's points on the curves."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from jaxlr._cases import Case
from jaxlr._compare import torch_trajectory
from jaxlr._machine.trajectory import trajectory


def small_multiples(cases: Sequence[Case], steps: int, path: Path, *, with_torch: bool = True) -> None:
    """Draws a panel a case: jaxlr's learning rates as a line, those of the stepped torch scheduler as points."""
    columns = 4
    rows = -(-len(cases) // columns)
    with matplotlib.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(3.1 * columns, 2.0 * rows), layout="constrained")
        for i, case in enumerate(cases):
            axes = figure.add_subplot(rows, columns, i + 1)
            n = case.steps(steps)
            counts = np.arange(n)
            axes.plot(
                counts,
                trajectory(case.schedule(), n, metrics=case.metrics(n)),
                color="#1f5fa8",
                linewidth=1.4,
                label="jaxlr",
            )
            if with_torch:
                axes.plot(counts, torch_trajectory(case, n)["lr"], ".", color="#e4572e", markersize=3.5, label="torch")
            arguments = str(case).split("(", 1)[1].removesuffix(")").split(", ", 1)[1]
            axes.set_title(f"{case.scheduler}\n{textwrap.fill(arguments, 46)}", fontsize=7, loc="left")
            axes.set_ylim(bottom=0)
            axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
            if i == 0 and with_torch:
                axes.legend(frameon=False, loc="upper right")
        figure.supxlabel("step")
        figure.supylabel("learning rate")
        figure.savefig(path, dpi=140)


def overlay(theirs: np.ndarray, ours: np.ndarray, path: Path) -> None:
    """Draws torch's learning rates and ours on one axis, and their difference below."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        curves, differences = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        counts = np.arange(len(theirs))
        curves.plot(counts, ours, color="#1f5fa8", linewidth=1.6, label="jax")
        curves.plot(counts, theirs, "--", color="#e4572e", linewidth=1.2, label="torch")
        curves.set_ylabel("learning rate")
        curves.legend(frameon=False)
        differences.plot(counts, ours.astype(np.float64) - theirs, color="#444444", linewidth=1.0)
        differences.set_ylabel("jax - torch")
        differences.set_xlabel("count")
        figure.savefig(path, dpi=140)


def curves(values: dict[str, np.ndarray], path: Path) -> None:
    """Draws several learning rates on one axis, each with its name."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        for name, lrs in values.items():
            axes.plot(np.arange(len(lrs)), lrs, linewidth=1.5, label=textwrap.shorten(name, 70))
        axes.set_xlabel("count")
        axes.set_ylabel("learning rate")
        axes.legend(frameon=False, fontsize=7)
        figure.savefig(path, dpi=140)
