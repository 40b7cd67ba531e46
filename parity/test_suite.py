"""`python -m parity`, as a person runs it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parity import compare
from parity.__main__ import app
from parity.cases import RECIPES

RUNNER = CliRunner()


def test_prints_a_table_that_passes():
    result = RUNNER.invoke(app, ["--steps", "50", "--only", "OneCycleLR(lr=0.1, max_lr=0.1, total_steps=50"])
    assert result.exit_code == 0, result.output
    n = sum("OneCycleLR(lr=0.1, max_lr=0.1, total_steps=50" in str(case) for case in RECIPES)
    assert f"{n} recipes" in result.output.splitlines()[-1]
    assert "all PASS" in result.output.splitlines()[-1]
    assert "recursive, momentum" in result.output
    assert "FAIL" not in result.output


def test_a_wrong_port_fails_with_status_1(monkeypatch):
    for form in ("trajectory", "stepped"):
        right = getattr(compare, form)
        monkeypatch.setattr(compare, form, lambda *args, right=right, **kwargs: np.roll(right(*args, **kwargs), 1))
    result = RUNNER.invoke(app, ["--steps", "50", "--only", "ExponentialLR(lr=0.1, gamma=0.98)"])
    assert result.exit_code == 1
    assert "2 FAIL" in result.output.splitlines()[-1]


def test_prints_json():
    result = RUNNER.invoke(app, ["--steps", "20", "--only", "SWALR(lr=0.1, swa_lr=0.05)", "--json"])
    assert result.exit_code == 0, result.output
    assert {row["form"] for row in json.loads(result.stdout)["rows"]} == {"closed", "recursive"}


def test_writes_markdown_json_and_a_picture_and_overwrites_none(tmp_path):
    output = tmp_path / "out"
    command = ["--steps", "20", "--only", "SWALR(lr=0.1, swa_lr=0.05)", "--output", str(output)]
    assert RUNNER.invoke(app, command).exit_code == 0
    assert "| `SWALR(lr=0.1, swa_lr=0.05)` | closed | 20 |" in (output / "table.md").read_text()
    written = json.loads((output / "table.json").read_text())
    assert all(row["passed"] and row["steps"] == 20 for row in written["rows"])
    assert (output / "curves.png").read_bytes().startswith(b"\x89PNG")

    result = RUNNER.invoke(app, command)
    assert result.exit_code == 2
    assert "exists" in result.output
    assert RUNNER.invoke(app, [*command, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--only", "NoSuchLR"], "NoSuchLR"),
        (["--steps", "0"], "--steps"),
        (["--steps", "many"], "--steps"),
        (["--output", __file__], Path(__file__).name),
    ],
    ids=str,
)
def test_bad_options_are_named(options, named):
    result = RUNNER.invoke(app, options, env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert named in result.output


@pytest.mark.parametrize("test", ["def test():\n    ", ""], ids=["in a test", "in a module"])
def test_a_missing_extra_is_named(test, tmp_path):
    shutil.copy(Path(__file__).parent / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(f"""{test}raise ModuleNotFoundError("No module named 'fvcore.common'")""")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert 'fvcore is missing: pip install "jaxlr[integrations]"' in result.stdout
    assert "Traceback" not in result.stdout
