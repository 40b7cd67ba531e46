"""Hypothesis profiles: `make fuzz` runs the thorough one. And a bound on what a worker remembers."""

from itertools import count

import jax
from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1_000, **COMMON)
settings.load_profile("quick")  # --hypothesis-profile overrides it

_tests = count(1)


def pytest_runtest_teardown() -> None:
    """Forgets the compiled programs after every fiftieth test: a worker stays below 3 GiB."""
    if next(_tests) % 50 == 0:
        jax.clear_caches()
