"""Hypothesis profiles: `make fuzz` runs the thorough one. And a bound on what a worker remembers."""

from itertools import count
from typing import Any

import jax
from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1_000, **COMMON)
settings.load_profile("quick")  # --hypothesis-profile overrides it

_tests = count(1)


def pytest_runtest_teardown(item: Any) -> None:
    """Forgets the compiled programs of random recipes, and of fifty other tests: a worker stays below 3 GiB."""
    if getattr(item.obj, "is_hypothesis_test", False) or next(_tests) % 50 == 0:
        jax.clear_caches()
