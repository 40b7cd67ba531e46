"""The curve of a schedule as two SVGs, for a light page and for a dark one, readable at the width of a phone."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from guide import Entry
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import jaxlr
from jaxlr._cli.plot import steps

CURVE, METRIC, INK = "#1f5fa8", "#c2410c", "#444444"
ON_DARK = {CURVE: "#7db7ff", METRIC: "#ffa057", INK: "#c8c8c8"}
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "svg.hashsalt": "jaxlr",  # the same curve is the same file
}


def draw(entry: Entry, folder: Path) -> None:
    """Draws folder/name-light.svg and folder/name-dark.svg."""
    metrics = entry.metrics()
    values = jaxlr.trajectory(entry.schedule(), entry.steps, metrics=metrics)
    light = folder / f"{entry.name}-light.svg"
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.6, 2.2), layout="constrained")
        axes = figure.add_subplot()
        steps(axes, values, color=CURVE, linewidth=1.8)
        axes.set_xlabel("count")
        axes.set_ylabel(entry.quantity)
        axes.set_xlim(0, entry.steps)
        axes.set_ylim(0.75 if entry.quantity == "momentum" else 0, 1.08 * float(np.max(values)))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        if metrics is not None:
            _draw_metric(axes, np.asarray(metrics[: entry.steps]))
        figure.savefig(light, transparent=True, metadata={"Date": None, "Creator": None})
    text = light.read_text()
    for color, on_dark in ON_DARK.items():
        text = text.replace(color, on_dark)
    (folder / f"{entry.name}-dark.svg").write_text(text)


def _draw_metric(axes: Any, metrics: np.ndarray) -> None:
    right = axes.twinx()
    right.plot(np.arange(1, len(metrics) + 1), metrics, ":", color=METRIC, linewidth=1.6)  # the step before the count
    right.set_ylim(bottom=0)
    right.set_ylabel("metric", color=METRIC)
    right.set_yticks([])
