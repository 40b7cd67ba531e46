"""What torch is given for a schedule that it lacks: a LambdaLR of the formula as recipes write it, in Python."""

import math
import warnings
from collections.abc import Callable
from typing import Any

Factor = Callable[[int], float]


def linear_ramp(lr: float, total_iters: float, start_factor: float = 0.0, end_factor: float = 1.0) -> Factor:
    """The warm-up of transformers' schedules, and of lit-gpt's from a factor other than 0."""
    del lr

    def factor(current_step: int) -> float:
        if current_step < total_iters:
            return start_factor + (end_factor - start_factor) * (float(current_step) / float(total_iters))
        return end_factor

    return factor


def polynomial_decay(lr: float, total_iters: float, power: float = 1.0, eta_min: float = 0.0) -> Factor:
    """Transformers' _get_polynomial_decay_schedule_with_warmup_lr_lambda, after the warm-up."""

    def factor(current_step: int) -> float:
        lr_range = lr - eta_min
        pct_remaining = 1 - min(current_step, total_iters) / total_iters
        return float((lr_range * pct_remaining**power + eta_min) / lr)

    return factor


def inverse_power(lr: float, timescale: float, power: float = 0.5) -> Factor:
    """Transformers' _get_inverse_sqrt_schedule_lr_lambda, after the warm-up, with a power of one's own."""
    del lr
    return lambda current_step: 1.0 / ((current_step + timescale) / timescale) ** power


def shifted(lr: float, schedule: Any, by: int) -> Factor:
    """A torch scheduler that has been stepped so many times before."""
    stepped = Stepped(schedule, lr)
    return lambda epoch: stepped(epoch + by) / lr


def product(lr: float, schedulers: Any) -> Factor:
    """Torch schedulers, each on an optimizer of its own, whose factors the training loop multiplies."""
    stepped = [Stepped(member, lr) for member in schedulers]
    return lambda epoch: math.prod(one(epoch) / lr for one in stepped)


FACTORS: dict[str, Callable[..., Factor]] = {
    "LinearRamp": linear_ramp,
    "PolynomialDecay": polynomial_decay,
    "InversePower": inverse_power,
    "Shifted": shifted,
    "Product": product,
}


class Stepped:
    """The learning rates of a recipe's torch scheduler, on an optimizer of its own, stepped as far as one asks."""

    def __init__(self, case: Any, lr: float) -> None:
        import torch  # noqa: PLC0415 tests/ runs without torch

        self.case = case
        self.optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9)
        self.scheduler = case.torch_on(self.optimizer)
        self.lrs = [float(self.optimizer.param_groups[0]["lr"])]

    def __call__(self, epoch: int) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the optimizer itself is not stepped
            while len(self.lrs) <= epoch:
                self.case.torch_step(self.scheduler, len(self.lrs) - 1, None)
                self.lrs.append(float(self.optimizer.param_groups[0]["lr"]))
        return self.lrs[epoch]


def inverse_power_in_a_chain(optimizer: Any, timescale: float, power: float = 0.5) -> Any:
    """The same as a scheduler that multiplies, as torch's PolynomialLR does: what a ChainedScheduler steps."""
    from torch.optim.lr_scheduler import LRScheduler  # noqa: PLC0415 tests/ runs without torch

    class InversePower(LRScheduler):
        def get_lr(self) -> Any:
            rates = [group["lr"] for group in self.optimizer.param_groups]
            if self._is_initial or self.last_epoch == 0:
                return rates
            factor = inverse_power(0.0, timescale, power)
            return [lr * factor(self.last_epoch) / factor(self.last_epoch - 1) for lr in rates]

        def _get_closed_form_lr(self) -> Any:
            return [lr * inverse_power(0.0, timescale, power)(self.last_epoch) for lr in self.base_lrs]

    return InversePower(optimizer)
