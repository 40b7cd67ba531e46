"""What several of the sets are built of."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, ReduceLROnPlateau

from parity.corpus.pair import on_sgd

BOTTOM = "bottom|end value|eta_min|end_factor"


def restarts(lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Callable[[], Any]:
    return on_sgd(lr, lambda optimizer: CosineAnnealingWarmRestarts(optimizer, T_0, T_mult, eta_min))


def plateau(lr: float, **arguments: Any) -> Callable[[], Any]:
    return on_sgd(lr, lambda optimizer: ReduceLROnPlateau(optimizer, **arguments))


def torch_curve(reference: Callable[[], Any], steps: int) -> np.ndarray:
    """The learning rates that a torch scheduler leaves in its optimizer."""
    scheduler = reference()
    optimizer = scheduler.optimizer
    optimizer.step()
    values = np.empty(steps)
    for count in range(steps):
        values[count] = optimizer.param_groups[0]["lr"]
        scheduler.step()
    return values
