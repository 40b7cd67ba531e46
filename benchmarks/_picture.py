"""The picture of what grows with the number of steps, milestones and members."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from benchmarks._row import Point

_COLOURS = {"jaxlr": "#1f5fa8", "jaxlr, closed form": "#1f5fa8", "jaxlr, recursive form": "#5aa9e6"}


def scaling(points: list[Point], path: Path) -> None:
    """Draws a panel for each thing that is counted, both axes logarithmic."""
    panels = list(dict.fromkeys(point.panel for point in points))
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
        for i, panel in enumerate(panels):
            axes = figure.add_subplot(1, len(panels), i + 1)
            for line in dict.fromkeys(point.line for point in points if point.panel == panel):
                drawn = sorted((p.size, p.seconds) for p in points if (p.panel, p.line) == (panel, line))
                color = _COLOURS.get(line, "#e4572e")
                axes.plot(*zip(*drawn, strict=True), "o-", markersize=4, color=color, label=line)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel(panel)
            axes.set_ylabel("seconds" if panel.startswith("steps") else "trace + compile, seconds")
            axes.grid(alpha=0.25)
            axes.legend(frameon=False, fontsize=8)
        figure.savefig(path, dpi=140)
