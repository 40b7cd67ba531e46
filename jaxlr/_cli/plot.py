"""Pictures of learning rates, each constant from one count to the next."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from jaxlr._verify.report import Report

STEPS = "steps-post"
_BLUE, _RED, _GREY = "#1f5fa8", "#e4572e", "#444444"
_LEAST = 1e-3  # of the peak: a smaller difference does not fill the axis


def overlay(report: "Report", path: Path) -> None:
    """Draws both curves, and below their difference as a share of the peak; of the momentum too where it differs."""
    momentum = report.momentum
    drawn = {"learning rate": report}
    drawn |= {"momentum": momentum} if momentum is not None and momentum.verdict != "equal" else {}
    label = next((f", {label}" for label, one in report.groups.items() if one.theirs is report.theirs), "")
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.5 * len(drawn)), layout="constrained")
        panels = figure.subplots(2 * len(drawn), 1, sharex=True, height_ratios=(3, 1) * len(drawn))
        for i, (quantity, one) in enumerate(drawn.items()):
            _overlay_one(panels[2 * i], panels[2 * i + 1], one, quantity)
        reference, other = (textwrap.shorten(name, 40) for name in report.names)
        panels[0].set_title(f"{report.verdict}{label}: {other} and {reference}", loc="left")
        panels[-1].set_xlabel("count")
        figure.savefig(path, dpi=140)


def _overlay_one(curves: Any, differences: Any, report: "Report", quantity: str) -> None:
    reference, other = report.names
    start = report.start
    steps(curves, report.ours, start, color=_BLUE, linewidth=1.6, label=textwrap.shorten(other, 40))
    steps(curves, report.theirs, start, "--", color=_RED, linewidth=1.2, label=textwrap.shorten(reference, 40))
    steps(differences, report.shares, start, color=_GREY, linewidth=1.0)
    if report.own_verdict == "different":
        shaded = [(first, last + 1 - first) for first, last, equal in report.spans if not equal]
        for axes in (curves, differences):
            axes.broken_barh(shaded, (0, 1), transform=axes.get_xaxis_transform(), color=_RED, alpha=0.12, linewidth=0)
    for segments, color in zip(report.segments, (_RED, _BLUE), strict=True):
        for segment in segments[1:]:
            curves.axvline(segment.start, color=color, linestyle=":", linewidth=0.8)
    curves.set_ylabel(quantity)
    curves.legend(frameon=False)
    most = 1.1 * max(_LEAST, np.max(np.abs(report.shares), initial=0, where=np.isfinite(report.shares)))
    differences.set_ylim(-most, most)
    differences.set_ylabel("difference\n/ peak")


def steps(axes: Any, values: np.ndarray, start: int = 0, *line: str, **style: Any) -> None:
    """Draws the value of each count, the last one too, as wide as the count is."""
    counts = np.arange(start, start + len(values) + 1)
    axes.plot(counts, np.append(values, values[-1]), *line, drawstyle=STEPS, **style)


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
