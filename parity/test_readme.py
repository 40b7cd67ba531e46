"""The README's code runs, and prints what it says."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import optax
import pytest
import torch
from typer.testing import CliRunner

import jaxlr
from jaxlr._cli.app import app

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
FILES = {block.split()[1]: block for block in BLOCKS if re.match(r"# \w+\.py\n", block)}
CONSOLE = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", README.read_text(), re.MULTILINE)
ROUNDED = re.compile(r"^(?:proof|largest difference|ulps) .*", re.MULTILINE)
RUNNER = CliRunner()


def test_the_doctests_of_the_readme():
    results = doctest.testfile(str(README), module_relative=False)
    assert results.attempted > 15
    assert results.failed == 0


def test_torchs_line_and_ours_are_the_same_schedule():
    (lines,) = (block for block in BLOCKS if "# torch" in block)
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


def test_every_block_is_run_by_a_test():
    for block in BLOCKS:
        assert ">>>" in block or "# torch" in block or block in FILES.values()


@pytest.mark.parametrize(("command", "printed"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_what_a_command_prints(command, printed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, code in FILES.items():
        Path(name).write_text(code)
    program, *arguments = shlex.split(command)
    assert program == "jaxlr"
    output = RUNNER.invoke(app, arguments).output
    if "--accept-float32" in arguments:  # each processor rounds the twin's float32 in its own way
        output, printed = (
            ROUNDED.sub(lambda line: re.sub(r"[\d.,]+", "0", line[0]), text) for text in (output, printed)
        )
    assert output == printed


def test_the_readme_shows_three_reports():
    assert [re.search("verdict +(.*)", printed)[1] for _, printed in CONSOLE] == [
        "different",
        "different",
        "equal in float32 arithmetic",
    ]


def test_the_first_code_is_on_the_first_screen():
    lines = README.read_text().splitlines()
    assert any(line.startswith(">>> print(schedule(29)") for line in lines[:30])


@pytest.mark.parametrize("command", ["convert", "verify", "plot", "gallery"])
def test_the_commands_of_the_readme_exist(command):
    shown = subprocess.run(
        [sys.executable, "-m", "jaxlr", command, "--help"], capture_output=True, text=True, check=True
    )
    for line in re.findall(rf"^jaxlr {command}(.*)$", README.read_text(), re.MULTILINE):
        for option in re.findall(r"--\w+", line):
            assert option in shown.stdout
