"""What verify names: the corpus, and that a wrong name is caught."""

import dataclasses
import re
from collections import Counter

import pytest
from each import of_which
from typer.testing import CliRunner

import jaxlr
from parity import diagnose
from parity.corpus import held_out, looked_at, tuned
from parity.corpus.pair import (
    HELD,
    SCALE,
    SHIFT,
    STRETCH,
    WARPS,
    Pair,
    differs,
    early,
    either,
    family,
    faster,
    held,
    lambda_lr,
    late,
    number,
    only_has,
    scaled,
    slower,
    together,
)

RUNNER = CliRunner()


@pytest.mark.parametrize("every", of_which([1, 4], [4]))
@pytest.mark.parametrize("name", ["held out", "public"])  # make diagnose scores all of them
def test_nine_in_ten_are_named_and_none_wrong(name, every):
    judgements = [diagnose.judge(pair) for pair in diagnose.SETS[name][::every]]
    missed = [j for j in judgements if j.score not in ("named", "accepted")]
    shown = "\n".join(f"{j.score}: {j.pair.kind}, {j.pair.name}\n{j.cause}" for j in missed)
    assert diagnose.good_enough(judgements), f"{diagnose.summary(name, judgements)}\n{shown}"


def test_names_are_unique():
    names = Counter(pair.name for pairs in diagnose.SETS.values() for pair in pairs)
    assert [name for name, times in names.items() if times > 1] == []


def test_each_kind_is_planted_five_times():
    kinds = Counter(pair.kind for pair in (*tuned.PAIRS, *looked_at.PAIRS))
    assert {kind: times for kind, times in kinds.items() if times < 5 and kind != "nan"} == {}
    for pairs in (tuned.PAIRS, looked_at.PAIRS):
        assert sum(pair.verdict == "different" for pair in pairs) >= 40


def test_each_kind_is_held_out():
    kinds = Counter(pair.kind for pair in held_out.PAIRS)
    planted = {pair.kind for pair in (*tuned.PAIRS, *looked_at.PAIRS)}
    assert {kind for kind in planted if kinds[kind] < 2} == {"nan"}
    differences = [pair for pair in held_out.PAIRS if pair.verdict == "different" and pair.kind != "trap"]
    assert len(differences) >= 45
    assert kinds["control"] >= 10


def test_a_difference_has_words_and_a_control_none():
    for pairs in diagnose.SETS.values():
        for pair in pairs:
            assert bool(pair.must) == (pair.verdict == "different"), pair.name


@dataclasses.dataclass(frozen=True)
class Said:
    """What a report says."""

    passed: bool
    cause: str

    def __str__(self):
        return f"verdict             {'equal' if self.passed else 'different'}\nlargest difference  1\n{self.cause}"


DIFFERENCE = Pair(
    "late",
    "shift",
    lambda_lr(0.1, lambda count: 1.0),
    lambda: lambda count: 0.1,
    steps=10,
    must=(late(1),),
    must_not=(SCALE,),
)
CONTROL = dataclasses.replace(DIFFERENCE, name="equal", kind="control", verdict="equal", must=(), must_not=())


@pytest.mark.parametrize(
    ("pair", "passed", "cause", "score"),
    [
        (DIFFERENCE, False, "cause  jax reads count - 1: it is 1 step late", "named"),
        (DIFFERENCE, False, "cause  consistent with: jax reads count - 1: it is 1 step late; or: gamma 1", "named"),
        (DIFFERENCE, False, "cause  none found", "not named"),
        (DIFFERENCE, False, "", "not named"),
        (DIFFERENCE, False, "cause  jax reads count - 2: it is 2 steps late", "WRONG"),
        (DIFFERENCE, False, "cause  jax reads count + 1: it is 1 step early", "WRONG"),
        (DIFFERENCE, False, "cause  jax reads count - 1: it is 1 step late; jax is 0.5 x torch", "WRONG"),
        (DIFFERENCE, False, "cause  momentum: gamma 1 where torch has 2\ncause  none found", "WRONG"),
        (DIFFERENCE, True, "", "WRONG"),
        (DIFFERENCE, True, "cause  jax reads count - 1: it is 1 step late", "WRONG"),
        (CONTROL, True, "", "accepted"),
        (CONTROL, True, "cause  none found", "accepted"),
        (CONTROL, False, "cause  none found", "refused"),
        (CONTROL, True, "cause  jax is 1.0001 x torch", "WRONG"),
        (CONTROL, False, "cause  jax is 1.0001 x torch", "WRONG"),
    ],
)
def test_a_cause_is_judged_by_its_words(pair, passed, cause, score, monkeypatch):
    monkeypatch.setattr(jaxlr, "verify", lambda *sides, **options: Said(passed, cause))
    assert diagnose.judge(pair).score == score


def test_an_error_names_the_pair(monkeypatch):
    def broken(*sides, **options):
        raise ValueError("broken")

    monkeypatch.setattr(jaxlr, "verify", broken)
    with pytest.raises(ValueError, match="broken") as error:
        diagnose.judge(DIFFERENCE)
    assert error.value.__notes__ == ["in the pair 'late'"]


@pytest.mark.parametrize(("wrong", "named", "code"), [(0, 10, 0), (0, 9, 0), (0, 8, 1), (1, 9, 1)])
def test_the_command_exits_by_the_score(wrong, named, code, monkeypatch):
    said = [
        *["cause  jax reads count - 1: it is 1 step late"] * named,
        *["cause  gamma 1 where torch has 2"] * wrong,
        *["cause  none found"] * (10 - named - wrong),
    ]
    pairs = tuple(dataclasses.replace(DIFFERENCE, name=str(i)) for i in range(10))
    monkeypatch.setattr(diagnose, "SETS", {"ten": pairs})
    monkeypatch.setattr(jaxlr, "verify", lambda *sides, **options: Said(False, said.pop()))
    result = RUNNER.invoke(diagnose.app, [])
    assert result.exit_code == code
    assert result.output.splitlines()[-1] == f"ten: {named} of 10 named, {wrong} wrong, 0 of 0 controls accepted"
    assert ("gamma 1 where torch has 2" in result.output) == bool(wrong)


def test_a_refused_control_fails(monkeypatch):
    monkeypatch.setattr(diagnose, "SETS", {"one": (CONTROL,)})
    monkeypatch.setattr(jaxlr, "verify", lambda *sides, **options: Said(False, "cause  none found"))
    result = RUNNER.invoke(diagnose.app, [])
    assert result.exit_code == 1
    assert "refused: equal" in result.output
    assert "0 of 1 controls accepted" in result.output.splitlines()[-1]


def test_an_unknown_set_is_named():
    result = RUNNER.invoke(diagnose.app, ["--set", "tunde"], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "tunde" in result.output


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (number(9_990), "T 9,990 where", True),
        (number(9_990), "T_max=9990 where", True),
        (number(9_990), "19,990", False),
        (number(9_990), "9,990,000", False),
        (number(0.95), "0.9501", False),
        (number(1e-5), "eta_min=1e-05", True),
        (number(1e-3), "0.001", True),
        (number(0.0), "0..499", True),
        (number(0.0), "0.1", False),
        (number(1 / 3), "0.333333 x", True),
        (differs("T|T_max", 9_990, 10_000), "cosine: T 9,990 where torch has 10,000 (x 999/1000)", True),
        (differs("T|T_max", 9_990, 10_000), "T_max=9990 where torch has 10000", True),
        (differs("T|T_max", 9_990, 10_000), "T_max=10000 where torch has 9990", False),
        (differs("T|T_max", 9_990, 10_000), "T 9,990; counted from 0 where torch has 10,000", False),
        (differs("milestones?", 6_001, 6_000), "milestones=(3000, 6001) where torch has (3000, 6000)", True),
        (differs("threshold_mode", "abs", "rel"), "threshold_mode='abs' where torch has 'rel'", True),
        (late(1), "jax reads count - 1: it is 1 step late", True),
        (late(500), "jax reads count - 500: it is 500 steps late", True),
        (late(1), "jax reads count - 1,000: it is 1,000 steps late", False),
        (early(3), "jax reads count + 3: it is 3 steps early", True),
        (scaled(0.5), "jax is 0.5 x torch", True),
        (scaled(1 / 3, "1/3"), "jax is 1/3 x torch", True),
        (scaled(0.5), "jax is 0.25 x torch", False),
        (faster("391/390"), "jax runs 391/390 times as fast: its count t is torch's 391/390 t", True),
        (slower(4), "jax runs 4 times as slowly: its count 4t is torch's t", True),
        (held(390), "jax is stepped once in 390 counts, torch at every count", True),
        (family("linear", "cosine"), "500..9,999: linear where torch has cosine", True),
        (only_has(0, 499, "linear"), "only torch has: 0..499 linear 0 -> 0.1", True),
        (only_has(0, 499, "linear"), "only torch has: 0..599 linear 0 -> 0.1", False),
        (either(late(1), scaled(0.5)), "jax is 0.5 x torch", True),
        (together(late(1), scaled(0.5)), "cause  jax is 0.5 x torch; jax reads count - 1: it is 1 step late", True),
        (together(late(1), scaled(0.5)), "cause  jax is 0.5 x torch", False),
        (
            together(late(1), scaled(0.5)),
            "cause  consistent with: jax is 0.5 x torch; or: jax reads count - 1: it is 1 step late",
            False,
        ),
        (
            together(late(1), scaled(0.5)),
            "cause  consistent with: gamma 1 where torch has 2; or: jax is 0.5 x torch; "
            "jax reads count - 1: it is 1 step late",
            True,
        ),
    ],
)
def test_the_words_are_found(pattern, text, found):
    assert (re.search(pattern, text, re.IGNORECASE) is not None) == found


def test_each_warp_is_told_from_the_others():
    texts = (
        "jax reads count - 1: it is 1 step late",
        "jax is 0.5 x torch",
        "jax runs 4 times as fast: its count t is torch's 4t",
        "jax is stepped once in 390 counts, torch at every count",
    )
    for text, own in zip(texts, (SHIFT, SCALE, STRETCH, HELD), strict=True):
        assert [warp for warp in WARPS if re.search(warp, text)] == [own]
