"""Curves as the tests make them, and what is read in them and said of two."""

import numpy as np

import jaxlr
from jaxlr._curves.diagnosis import Curve, diagnose
from jaxlr._curves.proof import evaluated
from jaxlr._curves.segments import segments
from jaxlr._float64 import float64
from jaxlr._ulp import compare

ROUNDING = {np.float64: 3e-9, np.float32: 3e-7}  # of the peak


def of(schedule, steps, metrics=None):
    """The values of a schedule, in float64."""
    with float64():
        return np.asarray(jaxlr.trajectory(schedule, steps, metrics=metrics), np.float64)


def written(rate, steps):
    """Those of a function of the count."""
    return np.array([rate(t) for t in range(steps)], np.float64)


def proved(schedule, values):
    """Whether a schedule gives every value."""
    return compare(evaluated(schedule, np.arange(len(values))), np.asarray(values, np.float64)).passed


def read(values, dtype=np.float64, start=0):
    """The segments of a curve, as text."""
    values = values.astype(dtype).astype(np.float64)
    tolerance = ROUNDING[dtype] * np.max(np.abs(values[np.isfinite(values)]))
    return [str(segment) for segment in segments(values, tolerance, start)]


def curve(name, values, schedule=None, metrics=None, start=0, dtype=np.float64):
    """A side of a comparison."""
    values = np.asarray(values).astype(dtype).astype(np.float64)
    return Curve(name, values, ROUNDING[dtype] * np.nanmax(np.abs(values)), start, schedule, metrics)


def said(theirs, ours, schedule=None, metrics=None, dtype=np.float64, start=0, other=None):
    """What is said of two arrays, R and O, of schedules that are perhaps known: the alternatives, as text."""
    sides = curve("R", theirs, schedule, metrics, start), curve("O", ours, other, metrics, start, dtype)
    return ["; ".join(cause.text for cause in causes) for causes in diagnose(*sides).alternatives]
