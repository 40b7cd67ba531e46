"""The real torch scheduler, stepped for every step, and the time that it takes."""

import time
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks._recipes import PLATEAU, recipes
from parity.cases import Case


class TorchRun:
    """A torch scheduler that is stepped part by part: 10^6 steps take seconds, in which a machine may change.

    Attributes:
      lrs: the learning rates that it has left in its optimizer, one a step.
      seconds: of each part.
    """

    def __init__(self, case: Case, steps: int) -> None:
        import torch  # noqa: PLC0415 slow to import: the command needs it only here

        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=case.lr, momentum=0.9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the optimizer, which is not stepped
            self._scheduler: Any = case.torch_on(optimizer)
        self._group = optimizer.param_groups[0]
        metrics = case.metrics(steps)
        self._metrics = None if metrics is None else metrics.tolist()
        self.lrs: list[float] = []
        self.seconds: list[float] = []

    def advance(self, steps: int) -> None:
        """So many more steps, with nothing around them but what a training loop does that logs its learning rate."""
        group, step, append = self._group, self._scheduler.step, self.lrs.append
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._metrics is None:
                start = time.perf_counter()
                for _ in range(steps):
                    append(group["lr"])
                    step()
            else:
                metrics = self._metrics[len(self.lrs) : len(self.lrs) + steps]
                start = time.perf_counter()
                for metric in metrics:
                    append(group["lr"])
                    step(metric)
            self.seconds.append(time.perf_counter() - start)


@lru_cache
def torch_run(name: str, steps: int) -> TorchRun:
    """The run of a recipe of so many steps, the one that every benchmark of this command looks at."""
    return TorchRun(PLATEAU if name == "ReduceLROnPlateau" else recipes(steps)[name], steps)


def torch_lrs(name: str, steps: int) -> np.ndarray:
    """The learning rates of all steps of a recipe, in float64."""
    run = torch_run(name, steps)
    run.advance(steps - len(run.lrs))
    return np.array(run.lrs, np.float64)
