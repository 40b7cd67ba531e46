"""The types say what is true: what they accept runs, what they refuse raises."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typed_program
from each import of_which

PROGRAM = Path(typed_program.__file__)
FUNCTIONS = {node.name: node for node in ast.parse(PROGRAM.read_text()).body if isinstance(node, ast.FunctionDef)}
WRONG = FUNCTIONS["wrong"].body[1:]


def output_of(*checker):
    command = [sys.executable, "-m", *checker, PROGRAM]
    return subprocess.run(command, cwd=PROGRAM.parent.parent, capture_output=True, text=True, check=False).stdout


def mypy():
    output = output_of("mypy", "--strict", "--config-file=", "--cache-dir=.mypy_cache/program", "--output=json")
    return [(error["line"], error["message"]) for error in map(json.loads, output.splitlines())]


def pyright():
    errors = json.loads(output_of("pyright", "--outputjson", "--pythonpath", sys.executable))["generalDiagnostics"]
    return [(error["range"]["start"]["line"] + 1, error["message"]) for error in errors]


@pytest.mark.parametrize("checker", of_which([mypy, pyright], [pyright]))
def test_exactly_the_wrong_lines_are_errors(checker):
    errors, wrong = checker(), {statement.lineno for statement in WRONG}
    assert [error for error in errors if error[0] not in wrong] == []
    assert wrong - {line for line, _ in errors} == set()


def test_what_is_right_runs():
    typed_program.right()


@pytest.mark.parametrize("statement", WRONG, ids=ast.unparse)
def test_what_is_wrong_raises(statement):
    with pytest.raises((AttributeError, TypeError, ValueError)):
        exec(ast.unparse(statement), dict(vars(typed_program)))
