"""The examples in the docstrings run, and print what they say."""

import doctest
import inspect

import pytest

import jaxlr

NAMES = [name for name in jaxlr.__all__ if not inspect.isabstract(getattr(jaxlr, name))]
# Nobody builds these: Stateful.init and verify do.
WITH_EXAMPLE = [name for name in NAMES if name not in ("State", "Report")]
WITHOUT_TORCH = [name for name in WITH_EXAMPLE if "import torch" not in getattr(jaxlr, name).__doc__]


@pytest.mark.parametrize("name", jaxlr.__all__)
def test_has_a_docstring(name):
    assert len(inspect.cleandoc(getattr(jaxlr, name).__doc__).splitlines()[0]) > 20


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(jaxlr, name), name, globs={})
    assert test.examples[0].source == "import jaxlr\n"
    assert any(example.want for example in test.examples)
    report = []
    results = doctest.DocTestRunner().run(test, out=report.append)
    assert results.failed == 0, "".join(report)


@pytest.mark.parametrize("name", [name for name in jaxlr.__all__ if inspect.isclass(getattr(jaxlr, name))])
def test_every_public_method_has_a_docstring(name):
    cls = getattr(jaxlr, name)
    public = [member for key, member in vars(cls).items() if not key.startswith("_") and isinstance(member, property)]
    public += [member for key, member in vars(cls).items() if not key.startswith("_") and inspect.isfunction(member)]
    assert [member for member in public if not member.__doc__] == []


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_every_parameter_is_documented(name):
    documented = getattr(jaxlr, name).__doc__
    parameters = inspect.signature(getattr(jaxlr, name)).parameters
    assert [parameter for parameter in parameters if parameter not in documented] == []
