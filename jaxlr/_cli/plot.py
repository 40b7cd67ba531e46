"""Pictures of learning rates, each constant from one count to the next."""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

STEPS = "steps-post"


def overlay(theirs: np.ndarray, ours: np.ndarray, path: Path) -> None:
    """Draws torch's learning rates and ours on one axis, and their difference below."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        curves, differences = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        counts = np.arange(len(theirs))
        curves.plot(counts, ours, drawstyle=STEPS, color="#1f5fa8", linewidth=1.6, label="jax")
        curves.plot(counts, theirs, "--", drawstyle=STEPS, color="#e4572e", linewidth=1.2, label="torch")
        curves.set_ylabel("learning rate")
        curves.legend(frameon=False)
        differences.plot(counts, ours.astype(np.float64) - theirs, drawstyle=STEPS, color="#444444", linewidth=1.0)
        differences.set_ylabel("jax - torch")
        differences.set_xlabel("count")
        figure.savefig(path, dpi=140)


def curves(values: dict[str, np.ndarray], path: Path) -> None:
    """Draws several learning rates on one axis, each with its name."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        for name, lrs in values.items():
            label = textwrap.shorten(name, 70)
            axes.plot(np.arange(len(lrs)), lrs, drawstyle=STEPS, linewidth=1.5, label=label)
        axes.set_xlabel("count")
        axes.set_ylabel("learning rate")
        axes.legend(frameon=False, fontsize=7)
        figure.savefig(path, dpi=140)
