"""The numbers that a torch scheduler and its optimizer hold."""

import math
from typing import Any, Literal

WAY_OUT = "jaxlr.record steps anything, for real, into an exact table"


def number_of(name: str, value: Any) -> float:
    """The one number; name: the caller, and what it is of."""
    if getattr(value, "numel", lambda: 1)() != 1:
        raise ValueError(f"{name} must be one number, got a tensor of shape {tuple(value.shape)}")
    return float(value)


def is_rounded(theirs: Any, ours: Any) -> bool:
    """Whether torch's number is ours, but for the rounding of a tensor's dtype."""
    return getattr(theirs, "numel", lambda: 1)() == 1 and abs(float(theirs) - float(ours)) <= rounding(theirs)


def rounding(value: Any) -> float:
    """From one number to the next in a tensor's dtype, at its value; 0 for a Python number."""
    if not hasattr(value, "is_floating_point") or not value.is_floating_point():
        return 0.0
    import torch  # noqa: PLC0415 jaxlr itself never imports torch

    dtype = torch.finfo(value.dtype)
    _, exponent = math.frexp(max(abs(float(value)), dtype.smallest_normal))
    return float(math.ldexp(dtype.eps, exponent - 1))


def momentum_of(caller: str, group: dict[str, Any]) -> float:
    """The momentum, or beta1, that a parameter group holds."""
    if not {"betas", "momentum"} & group.keys():
        raise ValueError(f"{caller}: the optimizer must have a momentum or betas, its group has {', '.join(group)}")
    return float(group["betas"][0] if "betas" in group else group["momentum"])


def strategy_of(anneal_func: Any) -> Literal["cos", "linear"] | None:
    """The anneal_strategy that a function of torch's is of."""
    cos, linear = ("_annealing_cos", "_cosine_anneal"), ("_annealing_linear", "_linear_anneal")
    name = getattr(anneal_func, "__name__", None)
    return "cos" if name in cos else "linear" if name in linear else None
