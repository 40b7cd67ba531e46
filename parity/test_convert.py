"""jaxlr convert, of each schedule of transformers: one line of code, which gives the same rates without torch."""

import importlib.util
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

from jaxlr._cli.app import app
from jaxlr._ulp import compare

STEPS = 6_000
RECIPES = {
    "linear": "get_linear_schedule_with_warmup(optimizer, 600, 6_000)",
    "cosine": "get_cosine_schedule_with_warmup(optimizer, 600, 6_000)",
    "cosine with min lr": "get_cosine_with_min_lr_schedule_with_warmup(optimizer, 600, 6_000, min_lr=5e-6)",
    "polynomial": "get_polynomial_decay_schedule_with_warmup(optimizer, 600, 6_000, power=2.0)",
    "constant with warm-up": "get_constant_schedule_with_warmup(optimizer, 600)",
    "inverse sqrt": "get_inverse_sqrt_schedule(optimizer, 600)",
    "hard restarts": "get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 600, 6_000, num_cycles=3)",
    "WSD": "get_wsd_schedule(optimizer, 600, 1_200, 6_000)",
}
FILE = """
import torch
from transformers import optimization

def make():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=5e-5)
    return optimization.{recipe}
"""
CHILD = """
import json, sys
sys.modules["torch"] = sys.modules["transformers"] = None
import jaxlr
lines, steps = json.load(sys.stdin)
print(json.dumps({name: jaxlr.trajectory(eval(line), steps).tolist() for name, line in lines.items()}))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A recipe file for each schedule."""
    folder = tmp_path_factory.mktemp("recipes")
    paths = {name: folder / f"recipe_{i}.py" for i, name in enumerate(RECIPES)}
    for name, path in paths.items():
        path.write_text(FILE.format(recipe=RECIPES[name]))
    return paths


@pytest.fixture(scope="module")
def lines(files):
    """What jaxlr convert prints of each."""
    printed = {}
    for name, path in files.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # transformers, of its imports
            result = CliRunner().invoke(app, ["convert", f"{path}:make", "--total-steps", str(STEPS)])
        assert result.exit_code == 0, result.output
        printed[name] = result.stdout
    return printed


@pytest.fixture(scope="module")
def rates(lines):
    """The learning rates that the lines give in a process that cannot import torch."""
    given = json.dumps([lines, STEPS])
    child = subprocess.run([sys.executable, "-c", CHILD], input=given, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    return {name: np.array(values, np.float32) for name, values in json.loads(child.stdout).items()}


def stepped(path):
    """The learning rates of the package's own scheduler."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer is not stepped
        spec.loader.exec_module(module)
        scheduler = module.make()
        lrs = np.empty(STEPS)
        for count in range(STEPS):
            lrs[count] = scheduler.optimizer.param_groups[0]["lr"]
            scheduler.step()
    return lrs


@pytest.mark.parametrize("name", RECIPES)
def test_one_line_of_native_code(name, lines):
    (line,) = lines[name].splitlines()
    assert [word for word in ("Table(", "Lambda", "import") if word in line] == []
    assert line.startswith("jaxlr.")
    assert len(line) < 400


@pytest.mark.parametrize("name", RECIPES)
def test_the_line_gives_the_same_rates_without_torch(name, files, rates):
    assert compare(rates[name], stepped(files[name])).max_ulp <= 1
