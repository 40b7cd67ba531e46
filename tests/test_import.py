"""Importing jaxlr: what it brings, and what it leaves out."""

import importlib.metadata
import importlib.resources
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxlr


@pytest.mark.parametrize("package", ["torch", "matplotlib", "typer", "rich", "pytest", "hypothesis"])
def test_import_leaves_out(package):
    code = f"import sys, jaxlr; sys.exit({package!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_case_list_needs_no_extra():
    extras = {"torch", "matplotlib", "typer", "rich", "pytest", "hypothesis"}
    code = f"import sys, parity.cases; sys.exit(bool({extras} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=True)


def test_import_computes_nothing():
    # A device that is initialised by an import cannot be configured after it (jax_platforms, XLA_FLAGS).
    code = "import sys, jaxlr; from jax._src import xla_bridge; sys.exit(bool(xla_bridge._backends))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_leaves_x64_alone():
    code = "import sys, jaxlr, jax; sys.exit(jax.config.jax_enable_x64)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_exists():
    assert len(set(jaxlr.__all__)) == len(jaxlr.__all__)
    assert [name for name in jaxlr.__all__ if not hasattr(jaxlr, name)] == []


def test_every_public_object_is_listed():
    public = {name for name, value in vars(jaxlr).items() if callable(value) and not name.startswith("_")}
    assert public == set(jaxlr.__all__)


@pytest.mark.parametrize("name", jaxlr.__all__)
def test_a_pickle_names_no_private_module(name):
    public = getattr(jaxlr, name)
    assert public.__module__ == "jaxlr"
    assert pickle.loads(pickle.dumps(public)) is public


def test_a_pickled_state_names_no_private_module():
    state = jaxlr.Together([jaxlr.LinearLR(0.1), jaxlr.ReduceLROnPlateau(0.1)]).stateful().init()
    state = jax.tree.map(np.asarray, state)
    modules = {argument for _, argument, _ in pickletools.genops(pickle.dumps(state, 2)) if argument is not None}
    assert not any(str(argument).startswith("jaxlr._") for argument in modules)
    jax.tree.map(np.testing.assert_array_equal, pickle.loads(pickle.dumps(state)), state)


def test_the_package_is_typed():
    assert importlib.resources.files("jaxlr").joinpath("py.typed").is_file()


def test_version():
    assert jaxlr.__version__ == importlib.metadata.version("jaxlr")
