"""What every test module shares."""

from itertools import count

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def _compiled_programs():
    """Forgets a module's programs after it: JAX keeps some thousands, then drops those that a test counts."""
    yield
    jax.clear_caches()


_tests = count(1)


def pytest_runtest_teardown() -> None:
    """And after every hundredth test: a worker stays below 3 GiB."""
    if next(_tests) % 100 == 0:
        jax.clear_caches()
