"""PyTorch's learning-rate schedulers as Optax schedules, at most 1 float32 ulp from the stepped torch scheduler."""

from jaxlr._base import Schedule, State, Stateful, Wide
from jaxlr._compose import ChainedScheduler, InTurn, SequentialLR, Together
from jaxlr._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._cycle import CyclicLR, OneCycleLR, OneCycleMomentum
from jaxlr._decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._from_state_dict import from_state_dict
from jaxlr._from_torch import from_torch
from jaxlr._lambda import LambdaLR, MultiplicativeLR
from jaxlr._momentum import Momentum
from jaxlr._per_epoch import per_epoch
from jaxlr._plateau import PlateauState, ReduceLROnPlateau
from jaxlr._record import record
from jaxlr._resumed import Resumed
from jaxlr._swa import SWALR
from jaxlr._table import Table, tabulate
from jaxlr._to_torch import to_torch
from jaxlr._trajectory import trajectory
from jaxlr._verify import Report, assert_equivalent, verify

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "InTurn",
    "LambdaLR",
    "LinearLR",
    "Momentum",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "OneCycleMomentum",
    "PlateauState",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "Report",
    "Resumed",
    "Schedule",
    "SequentialLR",
    "State",
    "Stateful",
    "StepLR",
    "Table",
    "Together",
    "Wide",
    "assert_equivalent",
    "from_state_dict",
    "from_torch",
    "per_epoch",
    "record",
    "tabulate",
    "to_torch",
    "trajectory",
    "verify",
]
__version__ = "0.1.0"

for _public in __all__:  # a pickle names an object by its module: it survives that the files move
    globals()[_public].__module__ = "jaxlr"
