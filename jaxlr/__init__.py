"""PyTorch's learning-rate schedulers as Optax schedules, at most 1 float32 ulp from the stepped torch scheduler."""

from jaxlr._curves.recognize import recognize
from jaxlr._machine.stateful import State, Stateful
from jaxlr._machine.tabulate import tabulate
from jaxlr._machine.trajectory import trajectory
from jaxlr._schedules.base import Schedule
from jaxlr._schedules.compose import ChainedScheduler, InTurn, SequentialLR, Together
from jaxlr._schedules.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR, OneCycleMomentum
from jaxlr._schedules.decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from jaxlr._schedules.derived import Product, Shifted
from jaxlr._schedules.lambdas import LambdaLR, MultiplicativeLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import PlateauState, ReduceLROnPlateau
from jaxlr._schedules.power import InversePower, PolynomialDecay
from jaxlr._schedules.ramp import LinearRamp
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._schedules.table import Table
from jaxlr._schedules.until import Until
from jaxlr._torch.from_state_dict import from_state_dict
from jaxlr._torch.from_torch import from_torch
from jaxlr._torch.record import record
from jaxlr._torch.to_torch import to_torch
from jaxlr._verify.report import Report
from jaxlr._verify.verify import assert_equivalent, verify
from jaxlr._wide import Wide

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "InTurn",
    "InversePower",
    "LambdaLR",
    "LinearLR",
    "LinearRamp",
    "Momentum",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "OneCycleMomentum",
    "PlateauState",
    "PolynomialDecay",
    "PolynomialLR",
    "Product",
    "ReduceLROnPlateau",
    "Report",
    "Resumed",
    "Schedule",
    "SequentialLR",
    "Shifted",
    "State",
    "Stateful",
    "StepLR",
    "Table",
    "Together",
    "Until",
    "Wide",
    "assert_equivalent",
    "from_state_dict",
    "from_torch",
    "per_epoch",
    "recognize",
    "record",
    "tabulate",
    "to_torch",
    "trajectory",
    "verify",
]
__version__ = "0.1.0"

for _public in __all__:  # a pickle names an object by its module: it survives that the files move
    globals()[_public].__module__ = "jaxlr"
