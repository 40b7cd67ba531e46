"""Schedules that cycle the learning rate, and the momentum against it."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxlr._arguments import (
    LAST_EPOCH,
    choice,
    evaluated,
    flag,
    function,
    integer,
    is_traced,
    length,
    optional,
    real,
    traceable,
)
from jaxlr._float64 import power
from jaxlr._numbers import Numbers
from jaxlr._schedules.base import Absolute, Flag, Integer, Length, Scalar, replaced
from jaxlr._schedules.lambdas import Traced


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class CyclicLR(Absolute):
    r"""Cycles the learning rate between base_lr and max_lr along a triangle: torch's CyclicLR.

    .. math::
      \eta_t = \eta_{base} + (\eta_{max} - \eta_{base}) \, s \, \Delta, \qquad
      \Delta = \begin{cases} x / r & x \le r \\ (x - 1) / (r - 1) & x > r \end{cases}

    with :math:`\eta_{base}` = base_lr, :math:`\eta_{max}` = max_lr, :math:`S` = step_size_up + step_size_down the
    length of a cycle, :math:`r` = step_size_up / S, :math:`c = \lfloor 1 + t/S \rfloor` the number of the cycle,
    :math:`x = 1 + t/S - c` the part of it that is done, :math:`t` = last_epoch + 1 + count, and the scale

    * mode "triangular": :math:`s = 1`
    * mode "triangular2": :math:`s = 1 / 2^{c - 1}`
    * mode "exp_range": :math:`s = \gamma^t` with :math:`\gamma` = gamma
    * scale_fn: :math:`s` = scale_fn(c) where scale_mode is "cycle", scale_fn(t) where it is "iterations".

    Args:
      base_lr: the learning rate at the ends of a cycle: a finite number, or a traced scalar.
      max_lr: the learning rate at the peak (before scaling): a finite number, or a traced scalar.
      step_size_up: the steps from base_lr to max_lr: a number > 0, or a traced one.
      step_size_down: the steps from max_lr to base_lr: a number >= 0, or a traced one; as many
        as up where it is None.
      mode: "triangular", "triangular2" or "exp_range"; ignored where scale_fn is given.
      gamma: the factor of "exp_range": a finite number, or a traced scalar.
      scale_fn: a function of one integer. One that JAX cannot trace needs total_steps.
      scale_mode: "cycle" or "iterations": what scale_fn receives.
      cycle_momentum: whether torch drives the momentum (or beta1) as well: ``.momentum``, the same triangle from
        max_momentum down to base_momentum and back.
      base_momentum: the momentum at the peak: a finite number, or a traced scalar.
      max_momentum: the momentum at the ends of a cycle: a finite number, or a traced scalar.
      last_epoch: the step before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.
      total_steps: where given, an integer >= 1, scale_fn is evaluated in Python, once, at the steps
        0 .. total_steps - 1, and the schedule ends there: past it a concrete count raises, and a traced one holds the
        last value.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.CyclicLR; Smith, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.CyclicLR(0.0, 0.1, step_size_up=4)
      >>> print(schedule(0), schedule(2), schedule(4), schedule.momentum(4))
      0.0 0.05 0.1 0.8
    """

    base_lr: Scalar
    max_lr: Scalar
    step_size_up: Scalar = 2000
    step_size_down: Scalar | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: Scalar = 1.0
    scale_fn: Callable[[Any], Any] | None = None
    scale_mode: Literal["cycle", "iterations"] = "cycle"
    cycle_momentum: Flag = True
    base_momentum: Scalar = 0.8
    max_momentum: Scalar = 0.9
    last_epoch: Integer = -1
    total_steps: Integer | None = dataclasses.field(default=None, kw_only=True)
    _scales: Numbers | None = dataclasses.field(default=None, init=False)  # the table, where there is one
    _sampled: tuple[Any, ...] = dataclasses.field(default=(), init=False)  # what scale_fn gave, where there is none

    def __post_init__(self) -> None:
        self._check(
            base_lr=real(),
            max_lr=real(),
            step_size_up=real(above=0),
            step_size_down=optional(real(at_least=0)),
            gamma=real(),
            scale_fn=optional(function),
            scale_mode=choice("cycle", "iterations"),
            cycle_momentum=flag,
            base_momentum=real(),
            max_momentum=real(),
            last_epoch=LAST_EPOCH,
            total_steps=optional(integer(at_least=1)),
        )
        if self.scale_fn is None:
            self._check(mode=choice("triangular", "triangular2", "exp_range"))
            if self.total_steps is not None:
                raise ValueError(f"CyclicLR: total_steps must be None without a scale_fn, got {self.total_steps}")
        elif self.total_steps is None:
            sampled = traceable("CyclicLR: scale_fn", self.scale_fn, first=1 if self.scale_mode == "cycle" else 0)
            object.__setattr__(self, "_sampled", sampled or (Traced(),))
        else:
            if is_traced(self._cycle_length) and self.scale_mode == "cycle":
                raise TypeError(
                    "CyclicLR: step_size_up and step_size_down must be known when the program is traced, for a table "
                    f"of scale_fn by total_steps, got {self.step_size_up} and {self.step_size_down}"
                )
            steps = range(self.total_steps)
            arguments = [math.floor(1 + t / self._cycle_length) for t in steps] if self.scale_mode == "cycle" else steps
            object.__setattr__(self, "_scales", Numbers(evaluated("CyclicLR: scale_fn", self.scale_fn, arguments)))
        self._check_last_epoch()

    @property
    def _cycle_length(self) -> Any:
        return self.step_size_up + (self.step_size_up if self.step_size_down is None else self.step_size_down)

    @property
    def _final_epoch(self) -> int | None:
        return None if self.total_steps is None else self.total_steps - 1

    @property
    def _momentum(self) -> "CyclicLR | None":
        if not self.cycle_momentum:
            return None
        momentum: CyclicLR = replaced(self, base_lr=self.max_momentum, max_lr=self.base_momentum, cycle_momentum=False)
        return momentum

    def _scale(self, cycle: Any, t: Any) -> Any:
        if self._scales is not None:
            return jnp.asarray(self._scales)[t]
        if self.scale_fn is not None:
            return self.scale_fn(cycle.astype(jnp.int64) if self.scale_mode == "cycle" else t)
        match self.mode:
            case "triangular":
                return 1.0
            case "triangular2":
                return 1 / 2.0 ** (cycle - 1)
            case _:
                return power(self.gamma, t)

    def _closed_form(self, t: jax.Array) -> Any:
        step_ratio = self.step_size_up / self._cycle_length
        cycle = jnp.floor(1 + t / self._cycle_length)
        x = 1 + t / self._cycle_length - cycle
        scale_factor = jnp.where(x <= step_ratio, x / step_ratio, (x - 1) / (step_ratio - 1))
        return self.base_lr + (self.max_lr - self.base_lr) * scale_factor * self._scale(cycle, t)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class OneCycleLR(Absolute):
    r"""Anneals the learning rate up to max_lr and down to far below where it began: torch's OneCycleLR.

    .. math::
      \eta_t = \begin{cases} b + \tfrac{a - b}{2} (1 + \cos \pi p) & \text{cos} \\ a + (b - a) p & \text{linear}
      \end{cases}
      \qquad p = \frac{t - t_a}{t_b - t_a}

    from the learning rate :math:`a` at step :math:`t_a` to :math:`b` at :math:`t_b`, with "cos" or "linear" =
    anneal_strategy, :math:`t` = last_epoch + 1 + count, N = total_steps or else epochs * steps_per_epoch, and phases

    * max_lr / div_factor at 0, max_lr at pct_start * N - 1, max_lr / div_factor / final_div_factor at N - 1
    * three_phase: max_lr / div_factor at 0, max_lr at pct_start * N - 1, max_lr / div_factor at 2 * pct_start * N - 2,
      max_lr / div_factor / final_div_factor at N - 1.

    The optimizer's own learning rate is ignored, as torch ignores it. As in torch, the last phase goes on for one step
    past its end (count N), where it rebounds. Past that a concrete count raises, and a traced one holds the last value.

    Args:
      max_lr: the learning rate at the peak: a finite number, or a traced scalar.
      total_steps: the steps of the cycle: an integer >= 1, or a traced one; None where epochs and steps_per_epoch are
        given. With a traced one no count is refused: past the end the last value holds.
      epochs: the epochs of the cycle: an integer >= 1, or a traced one.
      steps_per_epoch: the steps of an epoch: an integer >= 1, or a traced one.
      pct_start: the part of the cycle that goes up: a float in [0, 1], or a traced scalar.
      anneal_strategy: "cos" or "linear".
      cycle_momentum: whether `momentum` cycles against the learning rate.
      base_momentum: the momentum at the peak: a finite number, or a traced scalar.
      max_momentum: the momentum at the ends: a finite number, or a traced scalar.
      div_factor: max_lr over the first learning rate: a finite number other than 0, or a traced scalar.
      final_div_factor: the first learning rate over the last: a finite number other than 0, or a traced scalar.
      three_phase: whether to return to the first learning rate before the last phase.
      last_epoch: the step before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; or a phase has no length, where torch
        divides by zero (pct_start * total_steps = 1, pct_start = 1).

    Reference:
      torch.optim.lr_scheduler.OneCycleLR; Smith & Topin, Super-Convergence, arXiv:1708.07120

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.OneCycleLR(0.1, total_steps=100)
      >>> print(schedule(0), schedule(29), schedule.momentum(29))
      0.004 0.1 0.85
    """

    max_lr: Scalar
    total_steps: Length | None = None
    epochs: Length | None = None
    steps_per_epoch: Length | None = None
    pct_start: Scalar = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: Flag = True
    base_momentum: Scalar = 0.85
    max_momentum: Scalar = 0.95
    div_factor: Scalar = 25.0
    final_div_factor: Scalar = 1e4
    three_phase: Flag = False
    last_epoch: Integer = -1

    def __post_init__(self) -> None:
        self._check(
            max_lr=real(),
            total_steps=optional(length(at_least=1)),
            epochs=optional(length(at_least=1)),
            steps_per_epoch=optional(length(at_least=1)),
            anneal_strategy=choice("cos", "linear"),
            cycle_momentum=flag,
            base_momentum=real(),
            max_momentum=real(),
            div_factor=real(nonzero=True),
            final_div_factor=real(nonzero=True),
            three_phase=flag,
            last_epoch=LAST_EPOCH,
        )
        if self.total_steps is None and (self.epochs is None or self.steps_per_epoch is None):
            raise ValueError(
                "OneCycleLR: total_steps must be an integer >= 1, or else both epochs and steps_per_epoch, "
                f"got total_steps=None, epochs={self.epochs}, steps_per_epoch={self.steps_per_epoch}"
            )
        self._check(pct_start=_fraction)
        _check_phases("OneCycleLR", self.pct_start, self._total, self.three_phase)
        self._check_last_epoch()

    @property
    def _total(self) -> Any:
        return self.total_steps if self.total_steps is not None else self.epochs * self.steps_per_epoch  # type: ignore[operator]

    @property
    def _ends(self) -> list[Any]:
        return _ends(self.pct_start, self._total, self.three_phase)

    @property
    def _initial_lr(self) -> Scalar:
        return self.max_lr / self.div_factor

    @property
    def _final_epoch(self) -> Any:
        return self._total

    @property
    def _momentum(self) -> "OneCycleMomentum | None":
        if not self.cycle_momentum:
            return None
        return OneCycleMomentum(
            self.base_momentum,
            self.max_momentum,
            self._total,
            pct_start=self.pct_start,
            anneal_strategy=self.anneal_strategy,
            three_phase=self.three_phase,
            last_epoch=self.last_epoch,
        )

    def _closed_form(self, t: jax.Array) -> Any:
        initial_lr = self._initial_lr
        min_lr = initial_lr / self.final_div_factor
        lrs = [initial_lr, self.max_lr, initial_lr, min_lr] if self.three_phase else [initial_lr, self.max_lr, min_lr]
        return _annealed(t, lrs, self._ends, self.anneal_strategy)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class OneCycleMomentum(Absolute):
    r"""The momentum (or beta1) that torch's OneCycleLR drives against its learning rate: OneCycleLR(...).momentum.

    The formula and the phases of OneCycleLR, from max_momentum at 0 to base_momentum at pct_start * total_steps - 1 to
    max_momentum at the end (three_phase: at 2 * pct_start * total_steps - 2, and on).

    Args:
      base_momentum: the momentum at the peak of the learning rate: a finite number, or a traced scalar.
      max_momentum: the momentum at the ends: a finite number, or a traced scalar.
      total_steps: the steps of the cycle: an integer >= 1, or a traced one.
      pct_start, anneal_strategy, three_phase, last_epoch: OneCycleLR's.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range.

    Reference:
      torch.optim.lr_scheduler.OneCycleLR

    Example:
      >>> import jaxlr
      >>> momentum = jaxlr.OneCycleMomentum(0.85, 0.95, total_steps=100)
      >>> print(momentum(0), momentum(29), momentum(99))
      0.95 0.85 0.95
    """

    base_momentum: Scalar
    max_momentum: Scalar
    total_steps: Length
    pct_start: Scalar = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    three_phase: Flag = False
    last_epoch: Integer = -1
    _momentum = None

    def __post_init__(self) -> None:
        self._check(
            base_momentum=real(),
            max_momentum=real(),
            total_steps=length(at_least=1),
            anneal_strategy=choice("cos", "linear"),
            three_phase=flag,
            last_epoch=LAST_EPOCH,
        )
        self._check(pct_start=_fraction)
        _check_phases("OneCycleMomentum", self.pct_start, self.total_steps, self.three_phase)
        self._check_last_epoch()

    @property
    def _final_epoch(self) -> Any:
        return self.total_steps

    def _closed_form(self, t: jax.Array) -> Any:
        momentums = [self.max_momentum, self.base_momentum] + [self.max_momentum] * (2 if self.three_phase else 1)
        ends = _ends(self.pct_start, self.total_steps, self.three_phase)
        return _annealed(t, momentums, ends, self.anneal_strategy)


def _ends(pct_start: Any, total_steps: Any, three_phase: Flag) -> list[Any]:
    """The step at which each phase of a one-cycle schedule ends."""
    first, last = pct_start * total_steps - 1, total_steps - 1.0
    return [first, 2 * pct_start * total_steps - 2, last] if three_phase else [first, last]


def _annealed(t: Any, values: list[Any], ends: list[Any], anneal_strategy: str) -> Any:
    """The value at step t of phases that go from each of the values to the next."""

    def of_phase(choices: list[Any]) -> Any:
        # No table: a TPU and a GPU look one up in a kernel of its own.
        chosen = choices[0]
        for before, later in zip(ends[:-1], choices[1:], strict=True):
            chosen = jnp.where(t > before, later, chosen)
        return chosen

    start, end = of_phase(values[:-1]), of_phase(values[1:])
    start_step, end_step = of_phase([0.0, *ends[:-1]]), of_phase(ends)
    pct = (t - start_step) / (end_step - start_step)
    if anneal_strategy == "cos":
        return end + (start - end) / 2 * (1 + jnp.cos(math.pi * pct))
    return (end - start) * pct + start


def _fraction(name: str, value: Any) -> Any:
    """A float, as torch insists, in [0, 1]; or a traced one."""
    if isinstance(value, jax.Array):  # traced, or an operand under jax_disable_jit
        value = real()(name, value)
    if is_traced(value):
        return value
    if not isinstance(value, float):
        raise TypeError(f"{name} must be a float in [0, 1], got {value!r}")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be a float in [0, 1], got {value!r}")
    return float(value)


def _check_phases(name: str, pct_start: Any, total_steps: Any, three_phase: Flag) -> None:
    """Refuses a pct_start with which torch would divide by the length 0 of a phase, as far as it is known."""
    if is_traced((pct_start, total_steps)):
        return
    ends = _ends(pct_start, total_steps, three_phase)
    if ends[0] == 0 or ends[-1] == ends[-2]:
        phase = "first" if ends[0] == 0 else "last"
        raise ValueError(
            f"{name}: pct_start must leave each phase a length, got pct_start={pct_start!r} with "
            f"total_steps={total_steps}: the {phase} phase has none, and torch divides by it"
        )
