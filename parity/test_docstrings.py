"""The examples in the docstrings of what needs torch run, and print what they say."""

import doctest
import inspect

import pytest

import jaxlr

OBJECTS = {name: getattr(jaxlr, name) for name in jaxlr.__all__ if not inspect.isabstract(getattr(jaxlr, name))}
WITH_TORCH = [name for name, value in OBJECTS.items() if "import torch" in value.__doc__]


def test_the_bridge_has_examples():
    bridge = {"assert_equivalent", "from_state_dict", "from_torch", "record", "to_torch", "verify"}
    assert set(WITH_TORCH) == bridge


@pytest.mark.parametrize("name", WITH_TORCH)
def test_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(OBJECTS[name], name, globs={})
    report = []
    results = doctest.DocTestRunner().run(test, out=report.append)
    assert results.attempted >= 3
    assert results.failed == 0, "".join(report)
