"""What recipes become as they are found: the table that `make recipes` prints."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from each import of_which
from typer.testing import CliRunner

import jaxlr
from parity.found import __main__ as command
from parity.found import held_out, looked_at
from parity.found.found import by_hand, control, lambda_lr
from parity.found.judged import Judged, good_enough, judge, markdown, summary, unusable

RUNNER = CliRunner()
FOUND = (*looked_at.FOUND, *held_out.FOUND)


@pytest.mark.parametrize("every", of_which([1, 4], [4]))
def test_most_become_native_values_and_none_is_wrong(every):
    judgements = [judge(found) for found in held_out.FOUND[::every]]  # make recipes scores both sets
    recipes = [judged for judged in judgements if not judged.found.control]
    assert len(recipes) >= 60 // every
    assert len({judged.found.package for judged in recipes}) >= 12
    far = [f"{judged.found}: {judged.max_ulp} ulp: {judged}" for judged in recipes if not judged.max_ulp <= 1]
    assert far == []
    assert [str(judged.found) for judged in judgements if judged.found.control and judged.native] == []
    assert unusable(judgements) == []
    missed = [str(judged.found) for judged in recipes if judged.found.expect == "native" and not judged.native]
    assert good_enough(judgements), f"{summary(judgements)}\n" + "\n".join(missed)


def test_names_are_unique():
    names = Counter(map(str, FOUND))
    assert [name for name, times in names.items() if times > 1] == []


def test_the_sets_are_alike():
    for recipes in (looked_at.FOUND, held_out.FOUND):
        assert sum(found.control for found in recipes) >= 4
        assert sum(not found.control for found in recipes) >= 55
        expected = [found.expect for found in recipes if not found.control]
        assert 0.85 <= expected.count("native") / len(expected) < 1
        assert len({found.package for found in recipes}) >= 25


def test_a_recipe_says_where_it_is_from():
    for found in FOUND:
        assert bool(found.source) != found.control, found
        assert "|" not in found.code + found.name, found


LINE = by_hand("script", "a line", "1 - t / 50", lambda t: 0.1 * (1 - t / 50), 50, "script.py")
EDITED = control("edited", "a line but for one value", lambda t: 0.1 * (1 - t / 50) + (t == 7), 50)
TABLE = jaxlr.Table(LINE.stepped()[0])
NATIVE = jaxlr.LinearLR(0.1, start_factor=1.0, end_factor=1 / 50, total_iters=49)


def made_of(value, monkeypatch):
    monkeypatch.setattr(jaxlr, "recognize", lambda values: value, raising=False)


def test_a_native_value_is_one_of_formulas(monkeypatch):
    made_of(NATIVE, monkeypatch)
    judged = judge(LINE)
    assert judged.native
    assert judged.right
    assert judged.max_ulp <= 1
    assert str(judged) == repr(NATIVE)
    made_of(None, monkeypatch)
    judged = judge(LINE)
    assert not judged.native
    assert judged.right
    assert str(judged) == "Table of 50 values"
    assert not Judged(LINE, jaxlr.per_epoch(TABLE, 2), 0.0).native
    assert not Judged(LINE, jaxlr.LambdaLR(0.1, lambda t: t, total_steps=50), 0.0).native


def test_another_curve_is_wrong(monkeypatch):
    made_of(jaxlr.LinearLR(0.1, start_factor=1.0, end_factor=0.0201, total_iters=49), monkeypatch)
    judged = judge(LINE)
    assert judged.native
    assert not judged.right
    assert not good_enough([judged])


def test_a_control_must_stay_a_table(monkeypatch):
    made_of(NATIVE, monkeypatch)
    assert not judge(EDITED).right
    made_of(None, monkeypatch)
    assert judge(EDITED).right


def test_what_is_refused_is_no_recipe_but_right_for_a_control():
    calls = iter(range(10**6))
    drawn = dataclasses.replace(EDITED, make=lambda_lr(0.1, lambda epoch: 1 / (1 + next(calls))))
    judged = judge(drawn)
    assert judged.value is None
    assert judged.right
    assert str(judged).startswith("refused: ")
    assert not judge(dataclasses.replace(drawn, control=False)).right


def test_the_momentum_is_compared():
    one_cycle = next(found for found in held_out.FOUND if found.name == "one cycle of the batch")
    _, momentums = one_cycle.stepped()
    assert len(set(momentums)) > 100
    assert judge(one_cycle).max_ulp <= 1
    assert np.isnan(LINE.stepped()[1]).all()


def test_a_value_that_is_no_code_or_no_pickle_is_named():
    cycle = jaxlr.CyclicLR(0.1, 0.01, 0.1)
    assert unusable([Judged(LINE, NATIVE, 0.0), Judged(LINE, cycle, 0.0)]) == []
    scaled = jaxlr.CyclicLR(0.1, 0.01, 0.1, scale_fn=lambda_of_the_tests)
    (line,) = unusable([Judged(LINE, NATIVE, 0.0), Judged(LINE, scaled, 0.0)])
    assert line.startswith("script: a line: ")


def lambda_of_the_tests(x):
    return 0.5**x


def test_the_table_and_the_score():
    judgements = [Judged(LINE, NATIVE, 0.5), Judged(LINE, TABLE, 0.0), Judged(EDITED, None, np.inf, "random")]
    lines = markdown(judgements).splitlines()
    assert lines[2] == f"| script\\* | a line | `1 - t / 50` | 50 | `{NATIVE!r}` | 0.5 |"
    assert lines[3].endswith("| `Table of 50 values` | 0 |")
    assert lines[4].endswith("| `refused: random` | - |")
    assert lines[-1].endswith("script: script.py.")
    assert summary(judgements) == (
        "2 recipes of 1 packages: 1 native (50%), 2 at most 1 ulp (100%); 1 of 1 controls right"
    )
    assert not good_enough(judgements)
    assert good_enough([judgements[0], judgements[2]])


@pytest.mark.parametrize(("value", "code"), [(NATIVE, 0), (None, 1)])
def test_the_command_exits_by_the_score(value, code, monkeypatch):
    made_of(value, monkeypatch)
    monkeypatch.setattr(command, "SETS", {"one": (LINE,)})
    result = RUNNER.invoke(command.app, [])
    assert result.exit_code == code
    assert result.output.splitlines()[-1].startswith("1 recipes of 1 packages: ")


def test_an_unknown_set_is_named():
    result = RUNNER.invoke(command.app, ["--set", "held"], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "must be one of looked at, held out, got 'held'" in result.output
