"""The benchmark command: what it prints and writes, and what it refuses. Not its figures."""

import dataclasses
import importlib
import json
import math

import pytest
from typer.testing import CliRunner

import jaxlr
from benchmarks import _braintools, accuracy, bridge, eager, first_call, second_state, sweep
from benchmarks.__main__ import BENCHMARKS, app
from benchmarks._measure import in_turn, shown
from benchmarks._nearest import nearest
from benchmarks._picture import scaling
from benchmarks._recipes import recipes
from benchmarks._row import QUICK, Point, Row
from benchmarks._table import as_json, markdown, summary
from jaxlr._machine.closed_form import has_closed_form
from parity.cases import CASES, OWN

REACHED = Row("one", "a|b", "optax.c", 0.5, "x", at_most=1.0, note="first")
MISSED = Row("one", "d", "torch", 12.0, "x faster", at_least=80)
UNJUDGED = Row("two", "e", "torch", math.nan, "ulp", note="not installed")
ROWS = [REACHED, MISSED, UNJUDGED]


def test_the_command_prints_a_table_and_writes_it(tmp_path, monkeypatch):
    importlib.import_module("braintools")  # without it the table lacks its rows
    few = {name: recipes(QUICK.steps)[name] for name in ("StepLR", "ExponentialLR", "CyclicLR", "ChainedScheduler")}
    for module in (accuracy, eager):
        monkeypatch.setattr(module, "recipes", lambda steps: few)
    result = CliRunner().invoke(app, ["accuracy", "eager", "--quick", "--output", str(tmp_path / "bench")])
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "bench/table.json").read_text())
    assert [row["benchmark"] for row in written["rows"] if row["what"].startswith("StepLR")] == ["accuracy"] * 3 + [
        "eager"
    ]
    assert written["sizes"]["steps"] == QUICK.steps
    accurate = {row["what"]: row for row in written["rows"] if row["benchmark"] == "accuracy"}
    assert all(row["reached"] and row["figure"] <= 1 for what, row in accurate.items() if what.endswith(", jaxlr"))
    assert accurate["ExponentialLR, optax.exponential_decay"]["figure"] > 1
    assert accurate["ExponentialLR, braintools.optim.ExponentialLR"]["reached"] is None
    text = (tmp_path / "bench/table.md").read_text()
    for row in written["rows"]:
        assert row["what"] in text
    assert "StepLR, jaxlr" in result.output
    assert written["summary"].split(" (")[0] in result.output
    assert not (tmp_path / "bench/scaling.png").exists()  # neither of them measures what grows


def test_what_happens_once_is_measured(monkeypatch):
    few = {name: recipes(QUICK.steps)[name] for name in ("StepLR", "OneCycleLR", "SequentialLR")}
    for module in (bridge, first_call, second_state):
        monkeypatch.setattr(module, "recipes", lambda steps: few)
    monkeypatch.setattr(first_call, "fresh", lambda code: "0.5")
    monkeypatch.setattr(sweep, "fresh", lambda code: "0.5 2.0")
    names = ["composites", "first_call", "second_state", "sweep", "tables", "bridge"]
    result = CliRunner().invoke(app, [*names, "--quick"])
    assert result.exit_code == 0, result.output
    for what in ("nested", "the first (5)", "init + update + call", "memory", "pickle", "record", "to_torch"):
        assert what in result.output
    assert " 2 MB more" in result.output


def test_a_first_call_is_timed_where_its_schedule_is_new():
    assert first_call.seconds_of("ExponentialLR", QUICK.steps, "ours") > 0
    assert first_call.seconds_of("ExponentialLR", QUICK.steps, "theirs") > 0
    seconds, growth = sweep.run("ExponentialLR", 3, "ours")
    assert seconds > 0
    assert growth < 100


def test_unknown_names_are_listed_with_the_known_ones():
    result = CliRunner().invoke(app, ["eager", "fast", "slow"], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "no benchmark fast, slow; there are" in result.output
    assert all(name in result.output for name in BENCHMARKS)


def test_an_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("kept")
    result = CliRunner().invoke(app, ["eager", "--output", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert (tmp_path / "file").read_text() == "kept"


def test_rows_are_judged_by_their_targets():
    assert (REACHED.target, REACHED.reached) == ("<= 1", True)
    assert (MISSED.target, MISSED.reached) == (">= 80", False)
    assert (UNJUDGED.target, UNJUDGED.reached) == ("", None)
    assert summary(ROWS).startswith("1 of 2 targets reached (Python")


def test_the_table_as_markdown_and_json():
    text = markdown(ROWS)
    assert "## one" in text
    assert "| a\\|b | optax.c | 0.5 x | <= 1 | reached | first |" in text
    assert "| d | torch | 12 x faster | >= 80 | NOT REACHED |  |" in text
    assert "| e | torch | - ulp |  |  | not installed |" in text
    rows = json.loads(as_json(ROWS, QUICK))["rows"]
    assert [(row["figure"], row["reached"]) for row in rows] == [(0.5, True), (12.0, False), (None, None)]


def test_a_missed_target_has_its_reason_beside_it():
    missed = Row("trajectories", "StepLR, closed, 10 steps", "stepping torch", 3, "x faster", at_least=150, note="2 ms")
    assert "| NOT REACHED | 2 ms; an integer division" in markdown([missed])
    assert "an integer division" not in markdown([dataclasses.replace(missed, figure=151)])
    assert json.loads(as_json([missed], QUICK))["rows"][0]["reason"].startswith("an integer division")


def test_the_picture(tmp_path):
    points = [Point("steps", line, size, 0.1 * size) for line in ("jaxlr", "torch") for size in (100, 10)]
    scaling(points, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")


def test_pairs_are_taken_in_turn():
    calls = []
    pair = in_turn(lambda: calls.append("ours"), lambda: calls.append("theirs"), 2)
    assert calls == ["ours", "theirs", "ours", "theirs", "theirs", "ours"]
    assert pair.ours > 0
    assert pair.ratio > 0


@pytest.mark.parametrize(("seconds", "text"), [(2.0, "2 s"), (0.01234, "12.3 ms"), (5e-6, "5 us"), (5e-8, "0.05 us")])
def test_times_are_shown_in_their_unit(seconds, text):
    assert shown(seconds) == text


def test_every_class_is_measured():
    assert {case.scheduler for case in recipes(2_000).values()} >= {case.scheduler for case in CASES}


@pytest.mark.parametrize("name", recipes(2_000))
def test_optax_nearest_is_near(name):
    schedule = recipes(2_000)[name].schedule()
    theirs = nearest(schedule)
    if theirs is None:
        without = (jaxlr.LambdaLR, jaxlr.MultiplicativeLR, jaxlr.CyclicLR)
        own = {entry.name for entry in OWN}
        assert isinstance(schedule, without) or type(schedule).__name__ in own or not has_closed_form(schedule)
        return
    for count in (0, 1, 99, 100, 999, 1500, 1999):
        assert float(theirs.schedule(count)) == pytest.approx(float(schedule(count)), rel=1e-3, abs=1e-7)


def test_a_braintools_that_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(_braintools.importlib.util, "find_spec", lambda name: None)
    assert _braintools.missing() == "braintools is not installed: pip install 'jaxlr[bench]'"
