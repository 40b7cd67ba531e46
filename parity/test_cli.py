"""The command line, as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from typer.testing import CliRunner

import jaxlr
from jaxlr._cli import gallery
from jaxlr._cli import plot as _plot
from jaxlr._cli.app import app
from parity.cases import PICTURED
from parity.picture import small_multiples

RUNNER = CliRunner()


RECIPE = """
import torch, optax, jaxlr

optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)

def make_step():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)

def make():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)

def fails():
    return 1 / 0

def inverse(epoch):
    return 1 / (1 + epoch)

def nested():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    lambdas = torch.optim.lr_scheduler.LambdaLR(optimizer, inverse)
    return torch.optim.lr_scheduler.ChainedScheduler([lambdas, torch.optim.lr_scheduler.StepLR(optimizer, 3)])

def several():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer)
    return [warmup, torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)]

def text(count):
    return "a"

stateful = jaxlr.StepLR(0.1, step_size=30).stateful()

def unnamed():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9 ** epoch)

def branching(count):
    return 0.1 if count < 30 else 0.01

def make_schedule():
    return jaxlr.StepLR(0.1, step_size=30)

def broken(count):
    return {}["nothing"]

def make_metrics():
    return [1.0] * 40

def make_cycle(total_steps=20):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=total_steps)

right = jaxlr.StepLR(0.1, step_size=30)
late = lambda count: right(count - 1)
metrics = [1.0] * 40
number = 3
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.py"
    path.write_text(RECIPE)
    return str(path)


def test_convert_prints_code(recipe):
    assert RUNNER.invoke(app, ["convert", f"{recipe}:scheduler"]).output == "jaxlr.StepLR(lr=0.1, step_size=30)\n"
    assert RUNNER.invoke(app, ["convert", f"{recipe}:make"]).output == "jaxlr.ReduceLROnPlateau(lr=0.1, patience=2)\n"


@pytest.mark.parametrize("name", ["scheduler", "make", "nested", "several", "make_cycle"])
def test_what_convert_prints_runs(recipe, name, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(recipe).parent))
    result = RUNNER.invoke(app, ["convert", f"{recipe}:{name}"])
    assert result.exit_code == 0, result.output
    *imports, code = result.output.splitlines()
    namespace = {}
    exec("\n".join(["import jaxlr", *imports, f"schedule = {code}"]), namespace)
    assert isinstance(namespace["schedule"], jaxlr.Schedule)
    assert imports == (["from recipe import inverse"] if name == "nested" else [])
    monkeypatch.delitem(sys.modules, "recipe", raising=False)


def test_convert_prints_a_lambda_as_a_table(recipe):
    result = RUNNER.invoke(app, ["convert", f"{recipe}:unnamed", "--total-steps", "3"])
    assert result.output == "jaxlr.Table(values=(0.1, 0.09000000000000001, 0.08100000000000002))\n"


def test_convert_reads_a_checkpoint(recipe, tmp_path):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    for metric in (1.0, 2.0, 2.0):
        scheduler.step(metric)
    path = tmp_path / "checkpoint.pt"
    torch.save({"epoch": 3, "scheduler": scheduler.state_dict()}, path)
    result = RUNNER.invoke(app, ["convert", f"{recipe}:make", "--state", str(path), "--key", "scheduler"])
    code = "Resumed(schedule=jaxlr.ReduceLROnPlateau(lr=0.1, patience=2), state=(3, 1.0, 0, 2), lr=0.1)"
    assert result.output == f"jaxlr.{code}\n"
    for options, named in ((["--key", "optimizer"], "it has epoch, scheduler"), ([], "must be that of a torch")):
        result = RUNNER.invoke(app, ["convert", f"{recipe}:make", "--state", str(path), *options])
        assert result.exit_code == 2
        assert named in " ".join(result.output.replace("│", "").split())


class HarmfulState:
    restored = False

    def __setstate__(self, state):
        HarmfulState.restored = True


def test_a_checkpoint_with_code_in_it_is_not_unpickled(recipe, tmp_path):
    path = tmp_path / "code.pt"
    harmful = HarmfulState()
    harmful.anything = 1
    torch.save({"scheduler": harmful}, path)
    result = RUNNER.invoke(app, ["convert", f"{recipe}:make", "--state", str(path)])
    assert result.exit_code == 2
    assert not HarmfulState.restored


def test_verify_a_file_against_a_file(recipe, tmp_path):
    result = RUNNER.invoke(app, ["verify", f"{recipe}:scheduler", "--against", f"{recipe}:right", "--steps", "90"])
    assert result.exit_code == 0, result.output
    assert "equal at every step" in result.output
    picture = tmp_path / "out.png"
    command = ["verify", f"{recipe}:scheduler", "--against", f"{recipe}:late", "--steps", "90", "--plot", str(picture)]
    result = RUNNER.invoke(app, [*command, "--json"])
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["diagnosis"] == "equal if the JAX side is shifted by one step: it is one step late"
    assert (report["first_difference"], report["torch"]) == (30, pytest.approx(0.01))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert RUNNER.invoke(app, command).exit_code == 2
    assert RUNNER.invoke(app, ["verify", f"{recipe}:scheduler", "--against", "StepLR(0.1, 30)"]).exit_code == 0
    by_hand = ["--against", f"{recipe}:branching", "--steps", "60"]
    assert RUNNER.invoke(app, ["verify", f"{recipe}:make_step", *by_hand]).exit_code == 0
    assert RUNNER.invoke(app, ["verify", f"{recipe}:make_step", "--against", f"{recipe}:make_schedule"]).exit_code == 0
    for metrics in ("metrics", "make_metrics"):
        options = ["--metrics", f"{recipe}:{metrics}", "--steps", "40"]
        assert RUNNER.invoke(app, ["verify", f"{recipe}:make", *options]).exit_code == 0


def test_version():
    assert RUNNER.invoke(app, ["--version"]).output == f"jaxlr {jaxlr.__version__}\n"


def test_plot_draws_as_far_as_a_recipe_goes(recipe, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(_plot, "curves", lambda values, path: drawn.update(values))
    names = [
        "OneCycleLR(0.1, 20)",
        *(f"{recipe}:{name}" for name in ("make_cycle", "make_schedule", "late", "stateful")),
    ]
    result = RUNNER.invoke(app, ["plot", *names, "--output", str(tmp_path / "a.png")])
    assert result.exit_code == 0, result.output
    assert [len(drawn[name]) for name in names] == [21, 21, 100, 100, 100]
    np.testing.assert_array_max_ulp(drawn[names[0]], drawn[names[1]].astype(np.float32), 1)

    names = [f"{recipe}:make", "ReduceLROnPlateau(0.1, patience=2)", "StepLR(0.1, 3)"]
    command = ["plot", *names, "--metrics", f"{recipe}:metrics", "--output", str(tmp_path / "a.png")]
    result = RUNNER.invoke(app, command)
    assert result.exit_code == 0, result.output
    assert [len(drawn[name]) for name in names] == [41, 41, 41]
    np.testing.assert_array_max_ulp(drawn[names[1]], drawn[names[0]].astype(np.float32), 1)
    assert RUNNER.invoke(app, [*command, "--steps", "42"]).exit_code == 2


def test_plot_and_gallery(recipe, tmp_path):
    picture = tmp_path / "plot.png"
    names = ["StepLR(0.1, 30)", f"{recipe}:scheduler", f"{recipe}:late"]
    assert RUNNER.invoke(app, ["plot", *names, "--output", str(picture)]).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert RUNNER.invoke(app, ["plot", *names, "--output", str(picture)]).exit_code == 2
    picture = tmp_path / "gallery.png"
    assert RUNNER.invoke(app, ["gallery", "--output", str(picture)]).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_pictures_show_steps_and_a_plateau_that_is_cut(monkeypatch):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    lrs = jaxlr.trajectory(jaxlr.StepLR(0.1, 3), 10)
    gallery.draw(Path())
    small_multiples(PICTURED, 33, Path())
    _plot.curves({"StepLR": lrs}, Path())
    _plot.overlay(lrs.astype(np.float64), lrs, Path())
    lines = [
        line for figure in figures for axes in figure.axes for line in axes.lines if line.get_linestyle() != "None"
    ]
    assert {line.get_drawstyle() for line in lines} == {"steps-post"}
    for figure in figures[:2]:
        plateau = figure.axes[-1]
        assert plateau.get_title(loc="left").startswith("ReduceLROnPlateau")
        assert len(set(plateau.lines[0].get_ydata())) >= 4


def test_the_gallery_shows_every_class_without_torch(tmp_path):
    assert {type(schedule).__name__ for schedule in gallery.SCHEDULES} == {case.scheduler for case in PICTURED}
    arguments = ["gallery", "--output", str(tmp_path / "a.png")]
    code = f"import sys; sys.modules['torch'] = None; sys.argv[1:] = {arguments}; import jaxlr.__main__ as m; m.main()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["convert", "{recipe}:nothing"], "has no 'nothing'; it has"),
        (["convert", "{recipe}:number"], "must be a torch scheduler, or return one, got int"),
        (["convert", "{recipe}:fails"], "ZeroDivisionError: division by zero"),
        (["convert", "missing.py:scheduler"], "there is no file 'missing.py'"),
        (["convert", "scheduler"], "must be FILE.py:NAME, got 'scheduler'"),
        (["verify", "{recipe}:scheduler", "--against", "{recipe}:number"], "must be an Optax schedule, got int"),
        (["verify", "{recipe}:scheduler", "--against", "StepLR(0.1"], "neither FILE.py:NAME nor a jaxlr expression"),
        (["verify", "{recipe}:scheduler", "--against", "3"], "must be a jaxlr schedule, got int"),
        (["verify", "{recipe}:make"], "metrics must be at least"),
        (["verify"], "Missing argument 'FILE.py:NAME'"),
        (["verify", "--against", "{recipe}:right"], "Missing argument 'FILE.py:NAME'"),
        (["plot", "{recipe}:make_cycle", "--steps", "30"], "ends after 21 counts: --steps must be at most that"),
        (["plot", "{recipe}:make"], "metrics must be at least 1 numbers for a ReduceLROnPlateau"),
        (["plot", "{recipe}:scheduler", "--group", "1"], "group must be one of 0 .. 0, got 1"),
        (["plot", "{recipe}:broken"], "KeyError: 'nothing'"),
        (["verify", "{recipe}:scheduler", "--against", "{recipe}:broken"], "KeyError: 'nothing'"),
        (["verify", "{recipe}:make", "--metrics", "{recipe}:right"], "must be a sequence of numbers"),
        (["plot", "StepLR(0.1, 0)"], "step_size must be an integer >= 1"),
        (["plot", "StepLR(0.1, 3)", "--output", "a.xyz"], "must end in .png, .svg or .pdf"),
        (["verify", "{recipe}:scheduler", "--plot", "{recipe}/a.png"], "cannot write"),
        (["plot", "StepLR(0.1, 3)", "--output", "{recipe}/a.png"], "cannot write"),
        (["gallery", "--output", "{recipe}/a.png"], "cannot write"),
        (["plot", "{recipe}:text"], "schedule must give one number at each count"),
        (["convert", "{recipe}:scheduler", "--key", "a"], "needs --state"),
        (["convert", "{recipe}:unnamed"], "a function without a name is no code"),
    ],
    ids=str,
)
def test_a_bad_target_is_named(recipe, arguments, named):
    result = RUNNER.invoke(app, [argument.format(recipe=recipe) for argument in arguments], terminal_width=200)
    assert result.exit_code == 2, result.output
    assert named in " ".join(result.output.replace("│", "").split())


def test_a_file_that_fails_shows_its_own_traceback(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def inner():\n    raise RuntimeError('broken here')\n\ninner()\n")
    result = RUNNER.invoke(app, ["convert", f"{path}:scheduler"])
    assert result.exit_code == 2
    assert "RuntimeError: broken here" in result.output
    assert "line 2, in inner" in result.output
    assert "importlib" not in result.output


@pytest.mark.parametrize(
    ("options", "named"), [(["--steps", "0"], "--steps"), (["--steps", "many"], "--steps"), (["--only"], "--only")]
)
def test_bad_options_are_named(recipe, options, named):
    result = RUNNER.invoke(app, ["verify", f"{recipe}:scheduler", *options])
    assert result.exit_code == 2
    assert named in result.output


@pytest.mark.parametrize(
    ("missing", "extra", "arguments"),
    [
        ("typer", "cli", ["gallery"]),
        ("rich", "cli", ["gallery"]),
        ("torch", "torch", ["convert", "a.py:b"]),
        ("torch", "torch", ["verify", "a.py:b"]),
        ("matplotlib", "plot", ["verify", "a.py:b", "--plot", "a.png"]),
        ("matplotlib", "plot", ["plot", "StepLR(0.1, 30)"]),
        ("matplotlib", "plot", ["gallery"]),
    ],
)
def test_a_missing_extra_is_named(missing, extra, arguments):
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments}"
    code += "; import jaxlr.__main__ as m; m.main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert f"pip install 'jaxlr[{extra}]'" in result.stderr
    assert "Traceback" not in result.stderr
