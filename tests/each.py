"""The recipes that a property is tested on: all of them, or one of each kind; and what `make test` leaves out."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

from parity.cases import CASES

# What `make test-all` runs beside the rest.
thorough = pytest.mark.thorough


def of_which(values: Iterable[Any], quick: Collection[Any] | Callable[[Any], bool]) -> list[Any]:
    """The values, or tuples of them, as parameters; those not among the quick ones, or not said to be, are thorough."""
    is_quick = quick if callable(quick) else quick.__contains__
    several = [(value, value if isinstance(value, tuple) else (value,)) for value in values]
    return [pytest.param(*of, marks=() if is_quick(value) else thorough) for value, of in several]


# One recipe of each class, with and without a table, fractional and not.
ONE_OF_EACH = list({(c.scheduler, c.total_steps is None, c.fractional): c for c in reversed(CASES)}.values())

each_case = pytest.mark.parametrize("case", of_which(CASES, ONE_OF_EACH), ids=str)
one_of_each = pytest.mark.parametrize("case", of_which(ONE_OF_EACH, ONE_OF_EACH[::2]), ids=str)
