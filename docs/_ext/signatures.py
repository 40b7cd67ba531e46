"""Signatures with the names of the types as the source writes them: `lr: Scalar`, not the union that it stands for."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

import jaxlr

PUBLIC = {"_Steppable": "Scheduler", "Driven": "LRScheduler"}  # what stands for a private name
CLASSES = {
    node.name: node
    for path in Path(jaxlr.__file__).parent.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.ClassDef)
}


class _Written(str):
    """A default, as it is written."""

    __slots__ = ()
    __repr__ = str.__str__


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str | None, returned: str | None
) -> tuple[str, str] | None:
    if what not in ("class", "function", "method") or arguments == "()":
        return None
    written = dict(_of_class(obj) if inspect.isclass(obj) else _of_function(_parsed(inspect.getsource(obj))))
    result = written.pop("return", "")
    parameters = []
    for parameter in inspect.signature(obj).parameters.values():
        if parameter.name not in ("self", "cls"):
            annotation, default = written.get(parameter.name, (None, None))
            changed: dict[str, Any] = {} if annotation is None else {"annotation": annotation}
            changed |= {} if default is None else {"default": _Written(default)}
            parameters.append(parameter.replace(**changed))
    return stringify_signature(inspect.Signature(parameters)), result


def _of_class(cls: type) -> Iterator[tuple[str, Any]]:
    """By the name of a parameter its annotation and its default: the fields', then of what says what is given."""
    for base in reversed(cls.__mro__):
        nodes = list(ast.walk(CLASSES[base.__name__])) if base.__module__.startswith("jaxlr") else []
        for node in nodes:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                plain = not isinstance(node.value, ast.Call)
                yield node.target.id, (_text(node.annotation), _default(node.value) if plain else None)
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                yield from _of_function(node)
                yield "return", ""


def _of_function(function: Any) -> Iterator[tuple[str, Any]]:
    given = function.args
    positional = given.posonlyargs + given.args
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    for argument, default in zip(positional + given.kwonlyargs, defaults + given.kw_defaults, strict=True):
        yield argument.arg, (_text(argument.annotation), _default(default))
    for argument in filter(None, (given.vararg, given.kwarg)):
        yield argument.arg, (_text(argument.annotation), None)
    yield "return", _text(function.returns) or ""


def _text(node: ast.expr | None) -> str | None:
    if node is None:
        return None
    quoted = isinstance(node, ast.Constant) and isinstance(node.value, str)
    text = str(node.value) if quoted else ast.unparse(node)
    for private, public in PUBLIC.items():
        text = text.replace(private, public)
    return text


def _default(node: ast.expr | None) -> str | None:
    return None if node is None else ast.unparse(node)


def _parsed(source: str) -> Any:
    return ast.parse(textwrap.dedent(source)).body[0]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True}
