"""The code of the README and of the pages runs, and prints what it says."""

import doctest
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import jax.numpy as jnp
import optax
import pytest
import torch
from typer.testing import CliRunner

import jaxlr
from jaxlr._cli.app import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted(ROOT.glob("docs/*.md"))]
BLOCKS = {page: re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL) for page in PAGES}
FILES = {
    page: {block.split()[1]: block for block in blocks if re.match(r"# \w+\.py\n", block)}
    for page, blocks in BLOCKS.items()
}
CONSOLE = [
    (page, command, printed)
    for page in PAGES
    for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", page.read_text(), re.MULTILINE)
]
SHELL = "".join(block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL))
COMMANDS = re.findall(r"^jaxlr (\w.*)$", SHELL, re.MULTILINE)
PAIRED = ("README.md", "optimizers.md")  # torch's line and ours, which the test below and test_optimizers.py read
ROUNDED = re.compile(r"^(?:proof|largest difference|ulps) .*", re.MULTILINE)
RUNNER = CliRunner()
GUIDE = runpy.run_path(str(ROOT / "docs" / "_ext" / "guide.py"))


def named(parameter):
    return parameter.name if isinstance(parameter, Path) else None


@pytest.mark.parametrize("page", [page for page in PAGES if ">>>" in page.read_text()], ids=named)
def test_doctests(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, code in FILES[page].items():
        Path(name).write_text(code)
    assert doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS).failed == 0


def test_torchs_line_and_ours_are_the_same_schedule():
    (lines,) = (block for block in BLOCKS[README] if "# torch" in block)
    torch_line, our_line = lines.strip().splitlines()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    scheduler = eval(torch_line, {"torch": torch, "optimizer": optimizer})
    theirs = []
    for _ in range(65):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()

    transformation = eval(our_line, {"optax": optax, "jaxlr": jaxlr})
    updates, _ = transformation.update(jnp.ones(()), transformation.init(jnp.zeros(())))
    assert updates == -jnp.float32(theirs[0])
    ours = jaxlr.trajectory(eval(re.search(r"jaxlr\.StepLR\(.*?\)", our_line).group(), {"jaxlr": jaxlr}), 65)
    assert [float(lr) for lr in ours] == [float(jnp.float32(lr)) for lr in theirs]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_is_run_by_a_test(page):
    for block in BLOCKS[page]:
        assert ">>>" in block or block in FILES[page].values() or ("# torch" in block and page.name in PAIRED)


@pytest.mark.parametrize("entry", GUIDE["ENTRIES"], ids=lambda entry: entry.name)
def test_the_guide_draws_what_torch_does(entry):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    names = {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler, "swa_utils": torch.optim.swa_utils}
    names["scheduler"] = GUIDE["last_value"](entry.torch, names)
    theirs = []
    for i in range(entry.steps):
        theirs.append(optimizer.param_groups[0]["momentum" if entry.quantity == "momentum" else "lr"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the optimizer itself is not stepped
            if i < entry.steps - 1:
                exec(entry.loop or "scheduler.step()", names | {"i": i, "metric": GUIDE["METRICS"][i]})
    schedule = entry.schedule()
    assert type(schedule).__name__ == entry.name
    jaxlr.assert_equivalent(theirs, schedule, steps=entry.steps, metrics=entry.metrics())


def test_the_guide_has_a_card_for_each():
    cards = re.findall(r"```{cards}\n(.*?)```", (ROOT / "docs" / "which.md").read_text(), re.DOTALL)
    assert sorted(" ".join(cards).split()) == sorted(entry.name for entry in GUIDE["ENTRIES"])


@pytest.mark.parametrize(
    ("page", "command", "printed"), CONSOLE, ids=[f"{page.name}: {command}" for page, command, _ in CONSOLE]
)
def test_what_a_command_prints(page, command, printed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, code in FILES[page].items():
        Path(name).write_text(code)
    program, *arguments = shlex.split(command)
    assert program == "jaxlr"
    output = RUNNER.invoke(app, arguments).output
    if "--accept-float32" in arguments:  # each processor rounds the twin's float32 in its own way
        output, printed = (
            ROUNDED.sub(lambda line: re.sub(r"[\d.,]+", "0", line[0]), text) for text in (output, printed)
        )
    assert output == printed


def test_the_readme_shows_a_report():
    (printed,) = (printed for page, _, printed in CONSOLE if page == README)
    assert re.search("verdict +(.*)", printed)[1] == "different"
    assert "it is 1 step late" in printed


def test_the_first_code_is_on_the_first_screen():
    lines = README.read_text().splitlines()
    assert any(line.startswith(">>> print(schedule(29)") for line in lines[:30])


@pytest.mark.parametrize("command", sorted({line.split()[0] for line in COMMANDS}))
def test_the_commands_exist(command):
    shown = subprocess.run(
        [sys.executable, "-m", "jaxlr", command, "--help"], capture_output=True, text=True, check=True
    )
    for line in COMMANDS:
        for option in re.findall(r"--\w+", line) if line.split()[0] == command else []:
            assert option in shown.stdout
