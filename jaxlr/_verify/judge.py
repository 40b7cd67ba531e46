"""Two sides of one parameter group judged: are they equal, how is it known, and if not, why."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from jaxlr._curves.diagnosis import Cause, Curve, Diagnosis, diagnose, diagnose_momentum
from jaxlr._curves.families import Cosine
from jaxlr._curves.segments import Segment
from jaxlr._schedules.cycle import CyclicLR
from jaxlr._ulp import compare
from jaxlr._verify.page import ROUNDING
from jaxlr._verify.report import Report, Verdict, peak
from jaxlr._verify.side import Float64Curve, Run, Side

# Shares of the peak.
_PROVED = 1e-9  # two float64 evaluations of one formula are nearer, all else is further apart
_LOST = 1e-2  # what is further off has lost more than digits

_NOTHING = Diagnosis((), ((), ()))


@dataclasses.dataclass(frozen=True)
class Question:
    """At which counts two sides are compared, and what passes."""

    run: Run
    accept_float32: bool
    rtol: float | None
    atol: float | None


def report(theirs: Side, ours: Side, question: Question) -> Report:
    """Their learning rates compared, and their momentums."""
    reference = theirs.lrs.astype(np.float64)
    verdict, proof, diagnosis = _judged(reference, theirs, ours, question)
    momentum, notes = _momentum(theirs, ours, question)
    for side, segments in zip((theirs, ours), diagnosis.segments, strict=True):
        notes += () if side.schedule else tuple(_goes_on(side.name, segments))
    return Report(
        (theirs.name, ours.name),
        reference,
        ours.lrs,
        verdict,
        proof,
        question.accept_float32,
        question.run.window.start,
        diagnosis.alternatives,
        diagnosis.segments,
        momentum,
        notes=notes,
    )


def _goes_on(name: str, segments: tuple[Segment, ...]) -> Iterator[str]:
    """That less than half of a cosine is seen: what follows may show that it is none, or ends elsewhere."""
    match segments:
        case (*_, Segment(start, end, Cosine(T=T, origin=origin))) if end - start < T / 2 and end < origin + T:
            yield f"{name}'s cosine would go on to count {round(origin + T):,}: compare as many"


def _judged(reference: np.ndarray, theirs: Side, ours: Side, question: Question) -> tuple[Verdict, str, Diagnosis]:
    """The verdict on the learning rates, how equality in float32 arithmetic is known, and why they differ."""
    if _equal(reference, ours.lrs, question):
        return "equal", "", _NOTHING
    apart = _apart(reference, ours.lrs)
    proof = _proof(theirs, ours, apart, question)
    within = _within(reference, ours.lrs, question)
    if proof and apart <= _LOST and (question.accept_float32 or not within):
        return "equal in float32 arithmetic", proof, _NOTHING
    verdict: Verdict = "within tolerance" if within else "different"
    if proof:
        cause = Cause("rounding", None, None, None, f"rounding in float32 arithmetic: {proof}")
        return verdict, "", Diagnosis(((cause,),), ((), ()))
    return verdict, "", _diagnosed(diagnose, _curve(theirs, question), _curve(ours, question), question)


def _equal(theirs: np.ndarray, ours: np.ndarray, question: Question) -> bool:
    finite = np.isfinite(theirs).all() and np.isfinite(ours).all()
    return bool(finite and compare(ours, theirs, before=question.run.window.start).passed)


def _apart(theirs: np.ndarray, ours: np.ndarray) -> float:
    """The largest difference, as a share of the reference's peak; NaN where a side is."""
    largest = float(np.max(np.abs(ours - theirs)))
    return largest / peak(theirs, ours)


def _within(theirs: np.ndarray, ours: np.ndarray, question: Question) -> bool:
    if question.rtol is None and question.atol is None:
        return False
    allowed = (question.atol or 0.0) + (question.rtol or 0.0) * np.abs(theirs)
    return bool(np.all(np.abs(ours - theirs) <= allowed))


def _proof(theirs: Side, ours: Side, apart: float, question: Question) -> str:
    """How it is known that nothing but float32 arithmetic sets them apart; "" where it is not."""
    rounded = [side for side in (theirs, ours) if side.float32]
    if not rounded:
        return ""
    (reference, _), (other, _) = wides = [_float64_curve(side) for side in (theirs, ours)]
    in_float64 = _apart(reference, other)
    noise = 4 * question.run.window.stop * 2.0**-53  # of torch's recursion
    again = [side.name for side in rounded if side.in_float64 is not None]
    if again and in_float64 <= _PROVED + noise:
        return f"{' and '.join(again)} in float64 is within {in_float64:.1g} of the peak"
    sides = [(side.name, wide.obstacle) for side, wide in zip((theirs, ours), wides, strict=True) if wide.obstacle]
    if sides and apart <= ROUNDING:
        why = " and ".join(f"{name} cannot be evaluated in float64: {obstacle}" for name, obstacle in sides)
        return f"at most {apart:.1g} of the peak apart, and {why}"
    return ""


def _float64_curve(side: Side) -> Float64Curve:
    if side.in_float64 is not None:
        return side.in_float64()
    return Float64Curve(side.lrs.astype(np.float64), "it is numbers of float32" if side.float32 else "")


def _momentum(theirs: Side, ours: Side, question: Question) -> tuple[Report | None, tuple[str, ...]]:
    """The momentums compared where either side drives its own; else perhaps a note why they are not."""
    if not any(map(_moves, (theirs.momentums, ours.momentums))):
        return None, ()
    for side in (theirs, ours):
        if side.only_lrs:
            return None, (f"momentum not compared: {side.name} holds learning rates alone",)
    none = np.full(len(theirs.lrs), np.nan)
    reference = none if theirs.momentums is None else theirs.momentums.astype(np.float64)
    other = none if ours.momentums is None else ours.momentums
    verdict: Verdict = "within tolerance" if _within(reference, other, question) else "different"
    diagnosis = _NOTHING
    if _equal(reference, other, question):
        verdict = "equal"
    elif ours.momentums is None or not _moves(theirs.momentums):
        diagnosis = Diagnosis(((_one_sided(theirs, ours),),), ((), ()))
    else:
        curves = _curve_of_momentum(theirs, reference, question), _curve_of_momentum(ours, other, question)
        diagnosis = _diagnosed(diagnose_momentum, *curves, question)
    names, start = (theirs.name, ours.name), question.run.window.start
    momentum = Report(names, reference, other, verdict, "", False, start, diagnosis.alternatives, diagnosis.segments)
    return momentum, ()


def _moves(momentums: np.ndarray | None) -> bool:
    return momentums is not None and bool(np.ptp(momentums) > 0)


def _one_sided(theirs: Side, ours: Side) -> Cause:
    """The cause where ours drives no momentum, or where ours alone cycles it."""
    how = "not cycled" if ours.momentums is None else "cycled"
    other, reference = (f"{side.name} {_described(side.momentums)}" for side in (ours, theirs))
    text = f"momentum is {how}: {other} where {reference}"
    return Cause("momentum", None, _range(ours.momentums), _range(theirs.momentums), text)


def _range(momentums: np.ndarray | None) -> tuple[float, float] | None:
    return None if momentums is None else (float(np.min(momentums)), float(np.max(momentums)))


def _described(momentums: np.ndarray | None) -> str:
    if momentums is None:
        return "drives none"
    least, most = f"{np.min(momentums):.6g}", f"{np.max(momentums):.6g}"
    return f"cycles {least}..{most}" if _moves(momentums) else f"holds {least}"


def _curve(side: Side, question: Question) -> Curve:
    """The learning rates as exactly as they are known."""
    wide = _float64_curve(side)
    values = side.lrs if wide.obstacle else wide.values
    run, known = question.run, values.astype(np.float64)
    return Curve(side.name, known, _tolerance(values), run.window.start, side.schedule, run.metrics)


def _curve_of_momentum(side: Side, momentums: np.ndarray, question: Question) -> Curve:
    schedule = None if side.schedule is None else side.schedule._momentum
    if isinstance(schedule, CyclicLR):  # whose fields are named as those of a learning rate
        schedule = None
    run, wide = question.run, momentums.astype(np.float64)
    return Curve(side.name, wide, _tolerance(momentums), run.window.start, schedule, run.metrics)


def _tolerance(values: np.ndarray) -> float:
    """By how much rounding may have changed a value: by less where one of them is no float32."""
    rounded = np.array_equal(values, values.astype(np.float32), equal_nan=True)
    return (3e-7 if rounded else 3e-9) * peak(values, values)


def _diagnosed(
    search: Callable[[Curve, Curve], Diagnosis], theirs: Curve, ours: Curve, question: Question
) -> Diagnosis:
    (diagnosis,) = [search(*curves) for curves in question.run.each([(theirs, ours)], "looking for the cause")]
    return diagnosis
