"""What the command line does where a package or a file is missing, or the user's own function raises, in this process.

parity/test_cli.py starts processes for some of it, which a coverage of lines does not see.
"""

import io
import runpy
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from jaxlr.__main__ import main
from jaxlr._cli import progress
from jaxlr._cli.app import app
from jaxlr._cli.targets import _takes_argument, reported

RUNNER = CliRunner()

RECIPE = """
import torch
from helper import helped

scheduler = torch.optim.lr_scheduler.StepLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), step_size=30)

def fails():
    return 1 / 0

def lacks():
    raise ModuleNotFoundError("No module named 'torch'", name="torch")
"""


@pytest.fixture
def _recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    (tmp_path / "helper.py").write_text("def helped(count):\n    return {}[count]\n")
    (tmp_path / "recipe.py").write_text(RECIPE)


@pytest.mark.usefixtures("_recipe")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["convert", "recipe.py:fails"], "ZeroDivisionError: division by zero"),
        (["convert", "recipe.py:lacks"], "torch is missing: pip install 'jaxlr[torch]'"),
        (["verify", "recipe.py:scheduler", "--against", "recipe.py:helped", "--steps", "9"], "a side failed:"),
        (["convert", "recipe.py:scheduler", "--state", "nowhere.pt"], "there is no file 'nowhere.pt'"),
    ],
    ids=str,
)
def test_what_fails_is_said(arguments, said):
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


@pytest.mark.usefixtures("_recipe")
def test_a_picture_needs_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = RUNNER.invoke(app, ["plot", "StepLR(0.1, 30)", "--steps", "9"])
    assert result.exit_code == 2
    assert "matplotlib is missing: pip install 'jaxlr[plot]'" in result.output


def test_a_function_that_does_not_tell_takes_an_argument():
    assert _takes_argument(type)  # a builtin without a signature
    assert _takes_argument(abs)
    assert not _takes_argument(lambda: 0)


def test_a_bug_of_ours_is_raised_as_it_is():
    with pytest.raises(KeyError):
        reported({}.__getitem__, 0)


def test_the_bar_is_taken_away():
    console = Console(file=io.StringIO(), force_terminal=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "Console", lambda **_: console)
        for _ in progress.tracked(100_000)(["one"], "looking for the cause"):
            assert "looking for the cause" in console.file.getvalue()
    assert console.file.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, the line is empty


def test_the_console_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["jaxlr", "--help"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    with pytest.raises(SystemExit), pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module("jaxlr.__main__", run_name="__main__")
    assert capsys.readouterr().out.count("Usage: jaxlr") == 2


def test_the_console_script_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "jaxlr._cli.app")
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit, match=r"^jaxlr: typer is missing: pip install 'jaxlr\[cli\]'$"):
        main()


def test_another_missing_module_is_an_error_as_it_is(monkeypatch):
    monkeypatch.setitem(sys.modules, "jaxlr._cli.app", None)
    with pytest.raises(ModuleNotFoundError, match=r"jaxlr\._cli\.app"):
        main()
