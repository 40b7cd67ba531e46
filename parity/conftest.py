"""Hypothesis profiles: `make fuzz` runs the thorough one. A bound on what a worker remembers. Missing extras."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import jax
import pytest
from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=10, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1_000, **COMMON)
settings.load_profile("quick")  # --hypothesis-profile overrides it

_tests = count(1)


def pytest_runtest_teardown(item: Any) -> None:
    """Forgets the compiled programs of random recipes, and of fifty other tests: a worker stays below 3 GiB."""
    if getattr(item.obj, "is_hypothesis_test", False) or next(_tests) % 50 == 0:
        jax.clear_caches()


EXTRAS = {
    "torch": "torch",
    "matplotlib": "plot",
    **dict.fromkeys(("rich", "typer"), "cli"),
    **dict.fromkeys(("equinox", "flax", "fvcore", "mmengine", "orbax", "sklearn", "transformers"), "integrations"),
    **dict.fromkeys(("brainstate", "braintools"), "bench"),
}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """A module that lacks a package fails, and says what to install."""
    return _with_pip_line((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """And so does a test, or a fixture."""
    return _with_pip_line((yield))


def _with_pip_line(report: Any) -> Any:
    missing = re.search(r"No module named '(\w+)", str(report.longrepr)) if report.failed else None
    if missing and missing[1] in EXTRAS:
        report.longrepr = f'{missing[1]} is missing: pip install "jaxlr[{EXTRAS[missing[1]]}]"'
    return report
