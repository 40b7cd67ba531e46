"""What every test module shares."""

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def _compiled_programs():
    """Forgets a module's programs after it: JAX keeps some thousands, then drops those that a test counts."""
    yield
    jax.clear_caches()
