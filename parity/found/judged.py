"""What a found recipe becomes, and how far that is from the stepped recipe."""

import dataclasses
import pickle
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import jaxlr
from jaxlr._schedules.base import walk
from jaxlr._ulp import compare
from parity.found.found import Found

SHARE = 0.85  # of the recipes that must be native
_TABLES = (jaxlr.Table, jaxlr.LambdaLR, jaxlr.MultiplicativeLR)


@dataclasses.dataclass(frozen=True)
class Judged:
    """A recipe converted.

    Attributes:
      found: the recipe.
      value: what it becomes; None where it is refused.
      max_ulp: how far the value is from the stepped recipe, over the whole run; infinite where there is none.
      refused: why there is no value.
    """

    found: Found
    value: jaxlr.Schedule | None
    max_ulp: float
    refused: str = ""

    @property
    def native(self) -> bool:
        """Whether the value is of formulas alone."""
        return self.value is not None and not any(isinstance(part, _TABLES) for part in walk(self.value))

    @property
    def right(self) -> bool:
        """Whether nothing false is said: the value is the curve, and a control is no formula."""
        return not self.native if self.found.control else self.max_ulp <= 1

    def __str__(self) -> str:
        if self.value is None:
            return f"refused: {self.refused}"
        return repr(self.value) if self.native else f"Table of {self.found.steps:,} values"


def judge(found: Found) -> Judged:
    """Converts a recipe as its user would, and compares it with a fresh one that is stepped."""
    lrs, momentums = found.stepped()
    try:
        value = converted(found)
    except (TypeError, ValueError) as error:
        return Judged(found, None, np.inf, str(error))
    distance = compare(jaxlr.trajectory(value, found.steps), lrs).max_ulp
    if value._momentum is not None:
        distance = max(distance, compare(jaxlr.trajectory(value.momentum, found.steps), momentums).max_ulp)
    return Judged(found, value, distance)


def converted(found: Found) -> jaxlr.Schedule:
    """from_torch of a scheduler, recognize of an array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks, of their imports; from_torch, of what never changes
        recipe = found.make()
        if not isinstance(recipe, np.ndarray):
            return jaxlr.from_torch(recipe, total_steps=found.steps, steps_per_epoch=found.steps_per_epoch)
        recognize: Any = getattr(jaxlr, "recognize", lambda values: None)
        value: jaxlr.Schedule | None = recognize(recipe)
    return jaxlr.Table(recipe) if value is None else value


_CHILD = """
import pickle, sys
for name in ("torch", "transformers", "mmengine", "fvcore", "lightning", "accelerate", "parity"):
    sys.modules[name] = None
import jaxlr
names = {name: getattr(jaxlr, name) for name in jaxlr.__all__}
for name, code, pickled in pickle.load(sys.stdin.buffer):
    try:
        evaluated, loaded = eval(code, {"__builtins__": {}} | names), pickle.loads(pickled)
        assert evaluated == loaded, "another value"
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
"""


def unusable(judgements: Sequence[Judged]) -> list[str]:
    """The native values that do not print as code that runs, or do not pickle, where there is no torch."""
    sent = [(str(j.found), repr(j.value), pickle.dumps(j.value)) for j in judgements if j.native]
    child = subprocess.run([sys.executable, "-c", _CHILD], input=pickle.dumps(sent), capture_output=True, check=False)
    if child.returncode:
        raise RuntimeError(child.stderr.decode())
    return child.stdout.decode().splitlines()


def good_enough(judgements: Sequence[Judged]) -> bool:
    """Whether nothing is wrong, and enough is native."""
    recipes = [judged for judged in judgements if not judged.found.control]
    native = sum(judged.native for judged in recipes)
    return all(judged.right for judged in judgements) and native >= SHARE * len(recipes)


def markdown(judgements: Sequence[Judged]) -> str:
    """Every recipe on a line of a table, the controls last."""
    lines = [
        "| package | recipe | what the user writes | updates | the value | max ulp |",
        "| --- | --- | --- | ---: | --- | ---: |",
    ]
    for judged in sorted(judgements, key=lambda judged: judged.found.control):
        found = judged.found
        mark = "\\*" if found.rebuilt else ""
        ulp = "-" if judged.value is None else f"{judged.max_ulp:.2g}"
        cells = [found.package + mark, found.name, _code(found.code), f"{found.steps:,}", _code(str(judged)), ulp]
        lines.append(f"| {' | '.join(cells)} |")
    sources = sorted({f"{j.found.package}: {j.found.source}" for j in judgements if j.found.rebuilt})
    rebuilt = "\\* rebuilt from the source, whose package the tests do without: " + "; ".join(sources) + "."
    return "\n".join([*lines, "", rebuilt] if sources else lines)


def summary(judgements: Sequence[Judged]) -> str:
    """The score."""
    recipes = [judged for judged in judgements if not judged.found.control]
    controls = [judged for judged in judgements if judged.found.control]
    native, close = sum(judged.native for judged in recipes), sum(judged.max_ulp <= 1 for judged in recipes)
    of = max(len(recipes), 1)
    return (
        f"{len(recipes)} recipes of {len({judged.found.package for judged in recipes})} packages: "
        f"{native} native ({native / of:.0%}), {close} at most 1 ulp ({close / of:.0%}); "
        f"{sum(judged.right for judged in controls)} of {len(controls)} controls right"
    )


def _code(text: str) -> str:
    return f"`{text.replace('|', '&#124;')}`"
