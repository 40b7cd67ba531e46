"""`jaxlr verify`, as a person runs it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from jaxlr import _compare
from jaxlr._cases import RECIPES
from jaxlr._cli import app

RUNNER = CliRunner()


def test_prints_a_table_that_passes():
    result = RUNNER.invoke(app, ["verify", "--steps", "50", "--only", "OneCycleLR"])
    assert result.exit_code == 0, result.output
    n = sum("OneCycleLR" in str(case) for case in RECIPES)
    assert f"{n} recipes" in result.output.splitlines()[-1]
    assert "all PASS" in result.output.splitlines()[-1]
    assert "recursive, momentum" in result.output
    assert "FAIL" not in result.output


def test_a_wrong_port_fails_with_status_1(monkeypatch):
    right = _compare.trajectory
    monkeypatch.setattr(_compare, "trajectory", lambda *args, **kwargs: np.roll(right(*args, **kwargs), 1))
    result = RUNNER.invoke(app, ["verify", "--steps", "50", "--only", "ExponentialLR(lr=0.1, gamma=0.98)"])
    assert result.exit_code == 1
    assert "2 FAIL" in result.output.splitlines()[-1]


def test_writes_markdown_json_and_a_picture_and_overwrites_none(tmp_path):
    paths = {
        option: tmp_path / "out" / name
        for option, name in [("markdown", "t.md"), ("json", "t.json"), ("plot", "c.png")]
    }
    options = [part for option, path in paths.items() for part in (f"--{option}", str(path))]
    command = ["verify", "--steps", "20", "--only", "SWALR", *options]
    assert RUNNER.invoke(app, command).exit_code == 0
    assert "| `SWALR(lr=0.1, swa_lr=0.05)` | closed | 20 |" in paths["markdown"].read_text()
    written = json.loads(paths["json"].read_text())
    assert all(row["passed"] and row["steps"] == 20 for row in written["rows"])
    assert paths["plot"].read_bytes().startswith(b"\x89PNG")

    result = RUNNER.invoke(app, command)
    assert result.exit_code == 2
    assert "exists" in result.output
    assert RUNNER.invoke(app, [*command, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--only", "NoSuchLR"], "NoSuchLR"), (["--steps", "0"], "--steps"), (["--steps", "many"], "--steps")],
)
def test_bad_options_are_named(options, named):
    result = RUNNER.invoke(app, ["verify", *options])
    assert result.exit_code == 2
    assert named in result.output


@pytest.mark.parametrize(("missing", "extra"), [("typer", "cli"), ("torch", "torch")])
def test_a_missing_extra_is_named(missing, extra):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = ['verify']; import jaxlr.__main__ as m; m.main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert f"pip install 'jaxlr[{extra}]'" in result.stderr
    assert "Traceback" not in result.stderr
