"""docs/develop.md: the scheduler that the page adds is one, and the house is as the page says."""

import doctest
import importlib.util
import pickle
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import jaxlr
from jaxlr._ulp import compare

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/develop.md").read_text()
STEPS = 1_000


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The file of the page, imported."""
    (code,) = re.findall(r"```python\n(# warmup_sqrt.py\n.*?)```", PAGE, re.DOTALL)
    path = tmp_path_factory.mktemp("page") / "warmup_sqrt.py"
    path.write_text(code)
    specification = importlib.util.spec_from_file_location("warmup_sqrt", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["warmup_sqrt"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["warmup_sqrt"]


@pytest.fixture(scope="module")
def theirs():
    """The learning rates of torch's LambdaLR of the same formula, stepped."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    factor = lambda epoch: min((epoch + 1) / 100, (100 / (epoch + 1)) ** 0.5)  # noqa: E731 as people write it
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    lrs = []
    for _ in range(STEPS):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(lrs)


def test_its_closed_form_is_torchs(module, theirs):
    schedule = jax.jit(module.WarmupSqrt(0.1, warmup=100))
    assert compare(np.asarray(schedule(jnp.arange(STEPS))), theirs).passed
    assert not compare(np.asarray(jax.jit(module.WarmupSqrt(0.1, 100.001))(jnp.arange(STEPS))), theirs).passed


def test_its_stateful_form_is_torchs(module, theirs):
    stateful = module.WarmupSqrt(0.1, warmup=100).stateful()
    _, lrs = jax.lax.scan(lambda state, _: (stateful.update(state), stateful(state)), stateful.init(), length=STEPS)
    assert compare(np.asarray(lrs), theirs).passed


def test_it_is_a_member_like_any_other(module, theirs):
    chained = jaxlr.SequentialLR(0.1, [jaxlr.ConstantLR(0.1), module.WarmupSqrt(0.1, warmup=100)], [7])
    assert compare(jaxlr.trajectory(chained, STEPS)[7:], theirs[:-7]).passed
    resumed = module.WarmupSqrt(0.1, warmup=100, last_epoch=6)
    assert compare(jaxlr.trajectory(resumed, STEPS - 7), theirs[7:]).passed


def test_it_drives_an_optimizer_and_survives_a_pickle(module):
    schedule = pickle.loads(pickle.dumps(module.WarmupSqrt(0.1, warmup=100)))
    optimizer = optax.sgd(schedule)
    updates, _ = jax.jit(optimizer.update)(jnp.ones(()), optimizer.init(jnp.zeros(())))
    assert updates == -jnp.float32(0.001)


@pytest.mark.parametrize("arguments", [{"lr": -1, "warmup": 1}, {"lr": 1, "warmup": 0}, {"lr": 1, "warmup": "1"}])
def test_it_refuses_what_is_out_of_range(module, arguments):
    with pytest.raises((TypeError, ValueError), match="WarmupSqrt: "):
        module.WarmupSqrt(**arguments)


@pytest.mark.usefixtures("module")
def test_the_examples_print_what_the_page_says():
    results = doctest.testfile(str(ROOT / "docs/develop.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 5
    assert results.failed == 0


def test_the_picture_names_every_folder_and_file():
    (picture,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    package = Path(jaxlr.__file__).parent
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    files = {path.name for path in package.glob("_*.py")} - {"__init__.py", "__main__.py"}
    assert set(re.findall(r"^ (_\w+) ", picture, re.MULTILINE)) == folders
    assert set(re.findall(r"_\w+\.py", picture)) == files


def test_imports_go_down_the_picture():
    order = re.findall(r"^ (_\w+) ", PAGE, re.MULTILINE)
    package = Path(jaxlr.__file__).parent
    for i, folder in enumerate(order):
        for path in package.glob(f"{folder}/**/*.py"):
            # At the top of a file: not where a function, or a type checker, imports.
            imported = re.findall(r"^from jaxlr\.(_\w+)", path.read_text(), re.MULTILINE)
            assert set(imported).isdisjoint(order[:i]), path
