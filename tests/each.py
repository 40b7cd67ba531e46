"""The recipes that a property is tested on: all of them, or one of each kind."""

import pytest

from parity.cases import CASES

# One recipe of each class, with and without a table, fractional and not.
ONE_OF_EACH = list({(c.scheduler, c.total_steps is None, c.fractional): c for c in reversed(CASES)}.values())

each_case = pytest.mark.parametrize("case", CASES, ids=str)
one_of_each = pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
