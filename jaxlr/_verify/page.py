"""A report as a page of text."""

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxlr._verify.report import Report

ROUNDING = 1e-6  # of the peak: what float32 arithmetic leaves between two curves that are the same
NEARLY = 1e-4  # of the peak: what is closer is said in ulps as well
SPANS, SEGMENTS = 4, 8  # so many are shown


def page(report: "Report") -> str:
    """What was found, a line each: its name, and what is said of it; of several parameter groups a page each."""
    if not report.groups:
        return _table(_lines(report))
    apart = [label for label, one in report.groups.items() if one.verdict == report.verdict]
    where = "" if report.verdict == "equal" else f", {', '.join(apart)}"
    lines = [("verdict", f"{report.verdict}{where}"), *(("note", note) for note in report.notes)]
    return "\n\n".join([_table(lines), *(f"{label}\n{one}" for label, one in report.groups.items())])


def _table(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<19} {value}" for name, value in lines)


def _lines(report: "Report") -> Iterator[tuple[str, str]]:
    reference, other = report.names
    yield "verdict", report.verdict
    if report.proof:
        yield "proof", report.proof
    counts = "1 count" if report.steps == 1 else f"{report.steps:,} counts"
    span = _span(report.start, report.start + report.steps - 1)
    yield "compared", f"{other} with {reference}, {counts}, {span}"
    yield "largest difference", _largest(report)
    if report.own_verdict in ("within tolerance", "different"):
        apart = f"{round(report.differing * report.steps):,} of {report.steps:,} counts ({_percent(report.differing)})"
        yield "differ", f"{apart}, by more than 0.1 % of the peak"
        if math.isfinite(report.area):
            yield "area", f"{100 * report.area:+.3g} %"
        equal = _some(_span(first, last) for first, last, equal in report.spans if equal)
        to = "" if report.largest <= ROUNDING else ", to 1e-6 of the peak"  # else they are told apart to the bit
        yield "equal", equal if equal == "nowhere" else f"{equal}{to}"
        yield "different", _some(_span(first, last) for first, last, equal in report.spans if not equal)
    if report.largest < NEARLY and report.max_ulp < 1e6:
        most = f"{report.max_ulp:.3g}" if report.max_ulp < 100 else f"{report.max_ulp:,.0f}"
        bits = f"at most {most} float32 ulps; {report.bit_equal:.4%} of the counts bit-equal in {report.ours.dtype}"
        yield "ulps", "bit-equal at every count" if report.bit_equal == 1 else bits
    for name, segments in zip(report.names, report.segments, strict=True):
        if segments:
            more = f" | and {len(segments) - SEGMENTS:,} more" if len(segments) > SEGMENTS else ""
            yield name, " | ".join(map(str, segments[:SEGMENTS])) + more
    if report.momentum is not None:
        yield "momentum", _momentum(report.momentum)
    yield from (("note", note) for note in report.notes)
    yield from (("cause", cause) for cause in _causes(report))


def _largest(report: "Report") -> str:
    """The largest difference, and where it is; or what keeps a side from having one."""
    for name, values in report.by_name:
        if not np.isfinite(values).all():
            found, what = (np.isnan(values), "NaN") if np.isnan(values).any() else (np.isinf(values), "infinite")
            first = report.start + int(np.argmax(found))
            return f"{name} is {what} at {np.sum(found):,} of {report.steps:,} counts, first at {first:,}"
    if report.largest == 0:
        return "none"
    here = ", ".join(f"{name} {values[report.argmax - report.start]:.9g}" for name, values in report.by_name)
    return f"{_percent(report.largest)} of the peak, at count {report.argmax:,}: {here}"


def _momentum(report: "Report") -> str:
    if report.verdict == "equal":
        return "equal"
    missing = [f"{name} drives none" for name, values in report.by_name if np.isnan(values).all()]
    return f"{report.verdict}, {missing[0] if missing else _largest(report)}"


def _causes(report: "Report") -> Iterator[str]:
    """Why the learning rates differ, and why the momentums do."""
    if len(report.causes) == 1:
        yield from (cause.text for cause in report.causes[0])
    elif report.causes:
        yield f"consistent with: {'; or: '.join('; '.join(cause.text for cause in each) for each in report.causes)}"
    elif report.own_verdict == "different":
        yield "none found"
    elif report.own_verdict == "equal in float32 arithmetic" and not report.accept_float32:
        yield "float32 arithmetic: accept_float32=True (--accept-float32) lets it pass"
    if report.momentum is not None:
        yield from (cause if "momentum" in cause else f"momentum: {cause}" for cause in _causes(report.momentum))


def _span(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,}..{last:,}"


def _some(spans: Iterable[str]) -> str:
    """The first few of them."""
    spans = list(spans)
    more = f" and {len(spans) - SPANS:,} more" if len(spans) > SPANS else ""
    return ", ".join(spans[:SPANS]) + more or "nowhere"


def _percent(share: float) -> str:
    """12.3 %, or where that would be a very small number 1.2e-07."""
    return f"{100 * share:.3g} %" if share >= NEARLY or share == 0 else f"{share:.2g}"
