"""`make versions`: what it prints, with the runs themselves replaced."""

import subprocess
import sys

import pytest
from typer import Typer
from typer.testing import CliRunner

from parity import versions_matrix

app = Typer()
app.command()(versions_matrix.main)


caches = []  # of the commands that were run, where one has any


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """The commands that were run, and what each of them prints."""
    caches.clear()
    commands, printed = [], {"pytest": (0, "== 3 passed, 1 skipped in 2.00s =="), "parity.versions": (0, "no line")}

    def run(*command, cwd=None, env=None):
        commands.append([*map(str, command)])
        caches.append(env and env["JAX_COMPILATION_CACHE_DIR"])
        code, stdout = next((printed[word] for word in printed if word == command[2]), (0, "3.12.1 0.8.0 0.2.5 2.5.5"))
        return subprocess.CompletedProcess(command, code, stdout, "")

    for name, value in (("_run", run), ("VENVS", tmp_path), ("interpreter", {"3.12": "/bin/python"}.get)):
        monkeypatch.setattr(versions_matrix, name, value)
    return commands, printed


def test_a_row_for_each_cell(ran):
    commands, printed = ran
    printed["parity.versions"] = (0, "a table\ntorch 2.6: 440 of 448 comparisons equal, 8 named differences: a, b")
    result = CliRunner().invoke(app)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert len(lines) == 2 + len(versions_matrix.CELLS) + len(versions_matrix.PARITY) + len(versions_matrix.TORCHES)
    assert "| 3.12.1 | 0.8.0 | 0.2.5 | 2.5.5 |  | 3 passed, 1 skipped |" in lines
    assert "| 3.14 | newest | newest |  |  | no interpreter |" in lines
    assert "| 3.12.1 | 0.8.0 | 0.2.5 | 2.5.5 | 2.6 | 440 of 448 comparisons equal, 8 named differences: a, b |" in lines
    (installed,) = [command for command in commands if "install" in command and "jax==0.9.2" in command]
    assert "optax==0.2.5" in installed


def test_no_python_reads_what_another_has_compiled(ran, monkeypatch):
    monkeypatch.setattr(versions_matrix, "interpreter", str)
    assert CliRunner().invoke(app, ["--only", "jax newest"]).exit_code == 0
    assert len(set(filter(None, caches))) == 2  # of 3.13, in two cells, and 3.14


def test_parity_runs_with_torch_and_the_extras(ran, monkeypatch):
    commands, _ = ran
    monkeypatch.setattr(versions_matrix, "interpreter", {"3.11": "/bin/python"}.get)
    result = CliRunner().invoke(app, ["--only", "3.11 jax 0.8.0 optax 0.2.5 parity"])
    assert result.output.splitlines()[2:] == ["| 3.12.1 | 0.8.0 | 0.2.5 | 2.5.5 | 2.13 | 3 passed, 1 skipped |"]
    (installed,) = [command for command in commands if "install" in command]
    assert {"jax==0.8.0", "optax==0.2.5", "torch==2.13.0", "hypothesis"} <= set(installed)
    assert commands[-2][-1] == "parity"


def test_what_failed_is_listed(ran):
    _, printed = ran
    printed["pytest"] = (1, "FAILED tests/test_a.py::test[x y] - AssertionError\n== 1 failed, 2 passed in 2.00s ==")
    result = CliRunner().invoke(app, ["--only", "3.12 jax 0.8"])
    assert result.exit_code == 1
    assert result.output.splitlines()[2:] == [
        "| 3.12.1 | 0.8.0 | 0.2.5 | 2.5.5 |  | 1 failed, 2 passed |",
        "",
        "3.12 jax 0.8.0 optax 0.2.5:",
        "FAILED tests/test_a.py::test[x y] - AssertionError",
    ]


def test_a_torch_that_differs_fails(ran):
    _, printed = ran
    printed["parity.versions"] = (1, "torch 2.6: 440 of 448 comparisons equal, 0 named differences")
    result = CliRunner().invoke(app, ["--only", "torch 2.6"])
    assert result.exit_code == 1
    assert "torch 2.6:\n440 of 448" in result.output


def test_an_unknown_cell_is_named():
    result = CliRunner().invoke(app, ["--only", "jax 9"], env={"COLUMNS": "600"})
    assert result.exit_code == 2
    assert "no cell contains 'jax 9'; there are 3.11 jax 0.8.0 optax 0.2.5" in result.output


def test_an_interpreter_is_found_or_not(monkeypatch, tmp_path):
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert versions_matrix.interpreter("3.99") is None
    (tmp_path / "versions/3.99.1/bin").mkdir(parents=True)
    (tmp_path / "versions/3.99.1/bin/python").symlink_to(sys.executable)
    assert versions_matrix.interpreter("3.99") == str(tmp_path / "versions/3.99.1/bin/python")
