"""The command line, as a person runs it."""

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from rich.console import Console
from typer.testing import CliRunner

import jaxlr
from jaxlr._cli import gallery, progress
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

def scaled():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return torch.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.1, scale_fn=lambda x: 0.9**x, cycle_momentum=False)

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

def make_groups():
    parameters = [{"params": [torch.zeros(1)], "lr": lr} for lr in (0.1, 0.2)]
    return torch.optim.lr_scheduler.StepLR(torch.optim.SGD(parameters, lr=0.1), step_size=30)

def exits(count):
    raise SystemExit("leaving")

def overflows():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, 1e300.__pow__)

def trained():
    return {"scheduler": make_step(), "interval": "epoch"}

groups = make_groups()
per_group = {"a": jaxlr.StepLR(0.1, step_size=30), "b": jaxlr.StepLR(0.2, step_size=30)}
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), 200)
twin = optax.cosine_decay_schedule(0.1, 200)
values = [0.1] * 30 + [0.01] * 20
wobbly = [0.1 + 0.01 * (7 * i * i % 11) for i in range(50)]
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
    *imports, code = result.stdout.splitlines()
    namespace = {}
    exec("\n".join(["import jaxlr", *imports, f"schedule = {code}"]), namespace)
    assert isinstance(namespace["schedule"], jaxlr.Schedule)
    assert imports == (["from recipe import inverse"] if name == "nested" else [])
    monkeypatch.delitem(sys.modules, "recipe", raising=False)


def test_convert_calls_a_function_so_often_where_nothing_says_how_long_the_run_is(recipe):
    result = RUNNER.invoke(app, ["convert", f"{recipe}:unnamed"])
    assert result.stdout == "jaxlr.Until(schedule=jaxlr.ExponentialLR(lr=0.1, gamma=0.9), total_steps=10000)\n"
    assert result.stderr == "jaxlr: a function was called for 10,000 steps: --total-steps reads more, or fewer\n"


def test_convert_prints_the_formulas_of_learning_rates(recipe):
    result = RUNNER.invoke(app, ["convert", f"{recipe}:branching", "--total-steps", "90"])
    stepped = "jaxlr.MultiStepLR(lr=0.1, milestones=(30,))"
    assert (result.stdout, result.stderr) == (f"jaxlr.Until(schedule={stepped}, total_steps=90)\n", "")
    assert "was called for 10,000 steps" in RUNNER.invoke(app, ["convert", f"{recipe}:branching"]).stderr
    result = RUNNER.invoke(app, ["convert", f"{recipe}:values"])
    assert result.stdout == f"jaxlr.Until(schedule={stepped}, total_steps=50)\n"
    result = RUNNER.invoke(app, ["convert", f"{recipe}:wobbly"])
    assert (result.exit_code, result.stdout[:20]) == (0, "jaxlr.Table(values=(")
    assert "no formula was found that gives every value" in result.stderr
    result = RUNNER.invoke(app, ["convert", f"{recipe}:broken"])
    assert (result.exit_code, "KeyError: 'nothing'" in result.output) == (2, True)


def test_convert_prints_a_lambda_as_a_table(recipe):
    result = RUNNER.invoke(app, ["convert", f"{recipe}:unnamed", "--total-steps", "3"])
    assert result.stdout == "jaxlr.Table(values=(0.1, 0.09000000000000001, 0.08100000000000002))\n"
    assert (
        result.stderr == "jaxlr: no formula was found that gives every value: the values themselves are the schedule\n"
    )


def test_what_a_trainer_steps_by_the_epoch(recipe, tmp_path):
    native, epochs = (
        "jaxlr.per_epoch(schedule=jaxlr.StepLR(lr=0.1, step_size=30), steps_per_epoch=4)",
        ["--steps-per-epoch", "4"],
    )
    assert RUNNER.invoke(app, ["convert", f"{recipe}:trained", *epochs]).output == f"{native}\n"
    result = RUNNER.invoke(app, ["verify", f"{recipe}:trained", *epochs])
    assert (result.exit_code, "covers the whole recipe" in result.output) == (0, True)
    assert RUNNER.invoke(app, ["verify", f"{recipe}:trained", "--against", native, *epochs]).exit_code == 0
    result = RUNNER.invoke(app, ["verify", f"{recipe}:trained", "--against", "StepLR(0.1, 30)", *epochs])
    assert (result.exit_code, "cause" in result.output) == (1, True)
    picture = tmp_path / "trained.svg"
    assert RUNNER.invoke(app, ["plot", f"{recipe}:trained", "--output", str(picture), *epochs]).exit_code == 0
    for command in ("convert", "verify", "plot"):
        result = RUNNER.invoke(app, [command, f"{recipe}:trained"])
        assert (result.exit_code, "steps_per_epoch must be given for StepLR" in result.output) == (2, True)


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


def verified(*arguments):
    result = RUNNER.invoke(app, ["verify", *arguments])
    return result.exit_code, result.output


def test_verify_a_file_against_a_file(recipe, tmp_path):
    code, output = verified(f"{recipe}:scheduler", "--against", f"{recipe}:right", "--steps", "90")
    assert code == 0, output
    lines = output.splitlines()
    assert lines[0] == "verdict             equal"
    assert lines[1] == f"compared            {recipe}:right with {recipe}:scheduler, 90 counts, 0..89"
    picture, table = tmp_path / "out.png", tmp_path / "out.csv"
    command = [f"{recipe}:scheduler", "--against", f"{recipe}:late", "--steps", "150", "--plot", str(picture)]
    code, output = verified(*command, "--csv", str(table), "--json")
    assert code == 1
    report = json.loads(output)
    assert f"{recipe}:late reads count - 1: it is 1 step late" in report["diagnosis"]
    assert report["names"] == [f"{recipe}:scheduler", f"{recipe}:late"]
    assert (report["argmax"], report["at_argmax"][f"{recipe}:scheduler"]) == (30, pytest.approx(0.01))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert table.read_text().startswith(f"count,{recipe}:scheduler,{recipe}:late\n0,0.1,0.1")
    assert verified(*command)[0] == 2
    assert verified(f"{recipe}:scheduler", "--csv", str(table))[0] == 2
    assert verified(f"{recipe}:scheduler", "--against", "StepLR(0.1, 30)")[0] == 0
    assert verified(f"{recipe}:make_step", "--against", f"{recipe}:branching", "--steps", "60")[0] == 0
    assert verified(f"{recipe}:make_step", "--against", f"{recipe}:make_schedule")[0] == 0
    for metrics in ("metrics", "make_metrics"):
        code, output = verified(f"{recipe}:make", "--metrics", f"{recipe}:{metrics}")
        assert (code, "41 counts, 0..40" in output) == (0, True), output


def test_verify_takes_any_side(recipe):
    assert verified("StepLR(0.1, 30)", "--against", f"{recipe}:right")[0] == 0
    assert verified(f"{recipe}:scheduler", "--against", f"{recipe}:make_step")[0] == 0
    assert verified(f"{recipe}:values", "--against", f"{recipe}:right")[0] == 0
    assert verified(f"{recipe}:groups", "--against", f"{recipe}:per_group")[0] == 0
    assert verified(f"{recipe}:groups", "--group", "1", "--against", "StepLR(0.2, 30)")[0] == 0


def test_verify_lets_pass_what_it_is_told_to(recipe):
    twin = (f"{recipe}:cosine", "--against", f"{recipe}:twin")
    assert verified(*twin)[0] == 1
    assert verified(*twin, "--accept-float32")[0] == 0
    assert verified(*twin, "--atol", "1e-7")[0] == 0
    assert verified(*twin, "--rtol", "1e-12")[0] == 1
    code, output = verified(*twin, "--rtol", "-1")
    assert (code, "rtol must be a finite number >= 0, got -1.0" in output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "counts", "covered"),
    [
        (["OneCycleLR(0.1, 30)"], 31, "covers the whole recipe"),
        (["CosineAnnealingLR(0.1, 2500)"], 2501, "covers the whole recipe"),
        (["CosineAnnealingWarmRestarts(0.1, 500, T_mult=2)"], 1501, "covers the whole recipe"),
        (["MultiStepLR(0.1, [3000, 8000])"], 8801, "covers the whole recipe"),
        (["LinearLR(0.1, total_iters=5)"], 100, "covers the whole recipe"),
        (["StepLR(0.1, 500)"], 2501, "covers the whole recipe"),
        (["StepLR(0.1, 500, last_epoch=99)"], 2401, "covers the whole recipe"),
        (["CyclicLR(0.1, 0.2, step_size_up=300)"], 1201, "covers the whole recipe"),
        (["SWALR(0.1, 0.05, anneal_epochs=200)"], 221, "covers the whole recipe"),
        (["PolynomialLR(0.1, 2000)"], 2201, "covers the whole recipe"),
        (["Table([0.1] * 40)"], 40, "covers the whole recipe"),
        (["SequentialLR(0.1, [LinearLR(0.1), CosineAnnealingLR(0.1, 900)], [100])"], 1001, "covers the whole recipe"),
        (["ChainedScheduler([LinearLR(0.1, total_iters=100), StepLR(0.1, 500)])"], 2501, "covers the whole recipe"),
        (["per_epoch(CosineAnnealingLR(0.1, 9), 50)"], 500, "covers the whole recipe"),
        (["CosineAnnealingLR(0.1, 450)", "--against", "CosineAnnealingLR(0.1, 900)"], 901, "covers the whole recipe"),
        (["MultiStepLR(0.1, [30])", "--against", "MultiStepLR(0.1, [30, 200])"], 221, "covers the whole recipe"),
        (
            ["ExponentialLR(0.1, 0.9)", "--against", "CosineAnnealingLR(0.1, 900)"],
            901,
            "covers the whole of CosineAnnealingLR(0.1, 900); how long ExponentialLR(0.1, 0.9) is is not known",
        ),
        (
            ["CosineAnnealingLR(0.1, 2500)", "--against", "Table([0.1] * 40)"],
            40,
            "covers all counts that both sides have a value for, 40; 2,461 of the recipe are left out",
        ),
        (["CosineAnnealingLR(0.1, 2500)", "--start", "500"], 2001, "covers the whole recipe, from count 500"),
        (["ExponentialLR(0.1, 0.99)"], 10_000, "how long ExponentialLR(0.1, 0.99) is is not known: --steps"),
        (["OneCycleLR(0.1, 30)", "--against", "OneCycleLR(0.1, 29)"], 30, "covers all counts that both sides have"),
        (["{recipe}:make_cycle"], 21, "covers the whole recipe"),
        (
            ["{recipe}:values", "--against", "CosineAnnealingLR(0.1, 2500)"],
            50,
            "covers all counts that both sides have",
        ),
    ],
    ids=str,
)
def test_verify_covers_the_whole_recipe(recipe, arguments, counts, covered):
    arguments = [argument.format(recipe=recipe) for argument in arguments]
    other = [] if len(arguments) == 1 and recipe in arguments[0] else ["--against", arguments[0]]
    code, output = verified(*arguments, *([] if "--against" in arguments else other))
    assert code < 2, output
    assert f"{counts:,} counts" in output
    assert f"note                {covered}" in output
    assert "note" not in verified(*arguments, *([] if "--against" in arguments else other), "--steps", "9")[1]


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
    jaxlr.verify(jaxlr.OneCycleLR(0.1, 9, base_momentum=0.8), jaxlr.OneCycleLR(0.1, 9), steps=10).plot(Path())
    lines = [line for figure in figures for axes in figure.axes for line in axes.lines]
    lines = [line for line in lines if line.get_linestyle() not in ("None", ":")]  # points, and the ends of segments
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
        (
            ["verify", "{recipe}:scheduler", "--against", "{recipe}:number"],
            "recipe.py:number must be a torch scheduler",
        ),
        (["verify", "StepLR(0.1, 30)"], "other must be given where the reference is no torch scheduler"),
        (["verify", "{recipe}:values", "--against", "{recipe}:metrics"], "--steps must be given for learning rates of"),
        (["verify", "{recipe}:values", "--against", "{recipe}:right", "--start", "50"], "--start must be at most 49"),
        (["verify", "{recipe}:scheduler", "--steps", "60", "--against", "{recipe}:values"], "values ends, got 60"),
        (["verify", "{recipe}:scheduler", "--against", "{recipe}:exits"], "SystemExit: leaving"),
        (["plot", "{recipe}:exits"], "SystemExit: leaving"),
        (
            ["verify", "{recipe}:overflows", "--against", "{recipe}:right"],
            "raised in its step from count 1 to the next",
        ),
        (["plot", "{recipe}:per_group"], "must be one schedule, or its learning rates, got 2 of them"),
        (["plot", "{recipe}:groups"], "group must be given for an optimizer of 2 parameter groups"),
        (["verify", "{recipe}:scheduler", "--against", "StepLR(0.1"], "neither FILE.py:NAME nor a jaxlr expression"),
        (["verify", "{recipe}:scheduler", "--against", "3"], "must be a jaxlr schedule, got int"),
        (["verify", "{recipe}:make"], "metrics must be at least"),
        (["verify"], "Missing argument 'FILE.py:NAME'"),
        (["verify", "--against", "{recipe}:right"], "Missing argument 'FILE.py:NAME'"),
        (["plot", "{recipe}:make_cycle", "--steps", "30"], "steps must be at most 21, where"),
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
        (["plot", "{recipe}:text"], "recipe.py:text must give one number at each count"),
        (["convert", "{recipe}:scheduler", "--key", "a"], "needs --state"),
        (["convert", "{recipe}:scaled"], "a function without a name is no code"),
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


@pytest.mark.parametrize("call", ["sys.exit(0)", "def leave(): sys.exit(0)"])
def test_a_file_that_exits_is_reported(tmp_path, call):
    path = tmp_path / "leaves.py"
    path.write_text(f"import sys\n{call}\n")
    for command in ("convert", "verify", "plot"):
        result = RUNNER.invoke(app, [command, f"{path}:leave"])
        assert result.exit_code == 2, result.output
        assert "leaves.py failed" in result.output
        assert "SystemExit: 0" in result.output


def test_a_side_that_raises_shows_its_own_traceback_shortened(recipe):
    code, output = verified(f"{recipe}:overflows", "--against", f"{recipe}:right")
    assert code == 2
    assert "OverflowError" in output
    assert len(output.splitlines()) < 20
    code, output = verified(f"{recipe}:scheduler", "--against", f"{recipe}:broken")
    assert output.splitlines()[0].endswith("recipe.py failed:")
    assert "in broken" in output
    assert f"verify: {recipe}:broken raised" in output
    assert "jax/_src" not in output


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


def test_a_recipe_that_needs_torch_names_the_extra(tmp_path):
    path = tmp_path / "recipe.py"
    path.write_text("import torch\n")
    code = f"import sys; sys.modules['torch'] = None; sys.argv[1:] = ['verify', '{path}:b']"
    code += "; import jaxlr.__main__ as m; m.main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install 'jaxlr[torch]'" in result.stderr


def drawn(report, monkeypatch):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    report.plot(Path())
    return figures[0].axes


def test_the_picture_shades_what_differs(monkeypatch):
    right = jaxlr.StepLR(0.1, 30)
    report = jaxlr.verify(right, lambda count: right(count - 1), steps=90)
    curves, differences = drawn(report, monkeypatch)
    assert curves.get_title(loc="left") == "different: second and first"
    (shade,) = curves.collections
    shaded = [path.get_extents().intervalx.tolist() for path in shade.get_paths()]
    assert shaded == [[30, 31], [60, 61]]
    low, high = differences.get_ylim()
    assert high == -low == pytest.approx(1.1 * 0.9, rel=1e-6)


def test_the_picture_does_not_blow_up_what_is_small(monkeypatch):
    curves, differences = drawn(
        jaxlr.verify(jaxlr.StepLR(0.1, 30), jaxlr.StepLR(0.1 + 1e-9, 30), steps=90), monkeypatch
    )
    assert not curves.collections or not curves.collections[0].get_paths()
    assert differences.get_ylim() == pytest.approx((-1.1e-3, 1.1e-3))


def test_progress_is_shown_of_what_takes_more_than_a_second(monkeypatch):
    seconds, shown = itertools.count(), []
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=io.StringIO(), force_terminal=True))
    monkeypatch.setattr(progress.Progress, "start", lambda bar: shown.append(bar.tasks[0].description))
    assert list(progress.tracked(10)(range(3), "stepping torch")) == [0, 1, 2]
    assert set(shown) == {"stepping torch"}
    shown.clear()
    monkeypatch.setattr(progress.time, "monotonic", lambda: 0.0)
    assert list(progress.tracked(10)(["one"], "looking for the cause")) == ["one"]
    assert shown == []
    assert list(progress.tracked(100_000)(["one"], "looking for the cause")) == ["one"]
    assert shown == ["looking for the cause"]
