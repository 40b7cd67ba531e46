"""Schedulers that act on one another, on one learning rate."""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Never

import jax

from jaxlr._arguments import LAST_EPOCH, is_traced, lengths, real, shown
from jaxlr._schedules.base import (
    Formula,
    Integer,
    Length,
    Scalar,
    Schedule,
    Wrapper,
    check_one_lr,
    cycles_momentum,
    schedules,
)
from jaxlr._schedules.decay import LinearLR
from jaxlr._schedules.derived import acting
from jaxlr._schedules.lambdas import MultiplicativeLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import ReduceLROnPlateau, takes_metric
from jaxlr._schedules.until import Until


class Composite(Schedule):
    """A scheduler that steps others."""

    schedulers: tuple[Schedule, ...]

    @property
    def _momentum(self) -> Momentum | None:
        return Momentum(self) if cycles_momentum(self) else None

    def _check_members(self) -> None:
        """Members: schedules, at least one, from the start, all of one learning rate."""
        name = type(self).__name__
        self._check(schedulers=schedules)
        for i, member in enumerate(self.schedulers):
            if any(isinstance(part, Until) for part in acting(member)):
                raise TypeError(
                    f"{name}: schedulers[{i}] must be no Until, got {shown(member)}: "
                    f"put the whole into one, Until({name}(...), total_steps)"
                )
            if not all(
                isinstance(part, Formula | ReduceLROnPlateau | Composite | per_epoch) for part in acting(member)
            ):
                raise TypeError(
                    f"{name}: schedulers[{i}] must be a schedule from its start, got {member!r}: "
                    "resume the composite as a whole"
                )
            if member._first_epoch != 0:
                raise ValueError(
                    f"{name}: schedulers[{i}] must have last_epoch=-1, got {member!r}: a composite resumes as a whole"
                )
        check_one_lr(self)

    def _check_without_plateau(self) -> None:
        for i, member in enumerate(self.schedulers):
            if takes_metric(member):
                raise ValueError(
                    f"{type(self).__name__}: schedulers[{i}] must take no metric, got {member!r}: "
                    "Together steps it beside the others, InTurn before or after them"
                )


class Chain(Composite):
    """A composite that steps all its members, in order, at every step."""

    @property
    def _final_epoch(self) -> int | None:
        ends = [member._final_epoch for member in self.schedulers]
        return min((end for end in ends if end is not None and not is_traced(end)), default=None)


class Relay(Composite):
    """A composite that steps one member at a time, until the milestone at which the next one takes over."""

    milestones: tuple[int | jax.Array, ...]

    def _check_milestones(self) -> None:
        name, milestones = type(self).__name__, self.milestones
        if not is_traced(milestones) and list(milestones) != sorted(milestones):
            raise ValueError(f"{name}: milestones must be in ascending order, got {list(milestones)}")
        if len(milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"{name}: milestones must be {len(self.schedulers) - 1}, one less than schedulers, "
                f"got {len(milestones)}: {list(milestones)}"
            )


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class ChainedScheduler(Chain):
    r"""Steps several schedulers, one after another, on one learning rate: torch's ChainedScheduler.

    .. math:: \eta_t = (g_n \circ \cdots \circ g_1)(\eta_{t-1}), \qquad g_i(\eta) = \text{scheduler } i
      \text{'s recursive form at } t

    with :math:`t` = count. A scheduler that gives a value of its own (LambdaLR, CyclicLR, OneCycleLR, warm restarts)
    overwrites what came before it. Callable with a count where all schedulers only multiply; elsewhere step
    ``.stateful()``, or take ``tabulate(schedule, steps)``. A call is NaN where one factor alone leaves float64 at its
    upper end and another at its lower (10 ** 308): there too take the others.

    Args:
      schedulers: the schedules, in order, each with the optimizer's learning rate as its lr.

    Raises:
      TypeError, ValueError: a member is no schedule, takes a metric, or has another lr; there is none.

    Reference:
      torch.optim.lr_scheduler.ChainedScheduler

    Example:
      >>> import jaxlr
      >>> schedule = jaxlr.ChainedScheduler([jaxlr.ConstantLR(0.1, factor=0.5), jaxlr.ExponentialLR(0.1, gamma=0.5)])
      >>> print(schedule(0), schedule(1), schedule(5))
      0.05 0.025 0.003125
    """

    schedulers: tuple[Schedule, ...]

    if TYPE_CHECKING:  # what is given, where the fields say what is read

        def __init__(self, schedulers: Iterable[Schedule]) -> None: ...

    def __post_init__(self) -> None:
        self._check_members()
        self._check_without_plateau()


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class SequentialLR(Relay):
    r"""Hands one learning rate from scheduler to scheduler at milestones: torch's SequentialLR.

    .. math:: \eta_t = f_i(t - m_i), \qquad i = |\{m \in M : m \le t\}|

    with :math:`M` = milestones, :math:`m_i` the milestone at which scheduler :math:`i` of schedulers takes over (0 for
    the first), :math:`f_i` its closed form, and :math:`t` = last_epoch + 1 + count. As in torch a scheduler takes over
    with its closed form at 0, from the initial learning rate; one that has none (MultiplicativeLR, SWALR) goes on from
    the value it finds. A composite as first member starts one step ahead (pytorch #196243).

    Callable with a count where the closed form is known to be torch's value: the members have one, and none needs the
    value that it finds. Elsewhere step ``.stateful()``, or take ``tabulate(schedule, steps)``.

    Args:
      lr: the optimizer's learning rate: a finite number >= 0, or a traced scalar.
      schedulers: the schedules, each with the optimizer's learning rate as its lr.
      milestones: the epochs at which the next one takes over: integers in ascending order, one less than schedulers.
        Traced ones must be ascending, different and at least 1: it is not checked.
      last_epoch: the epoch before count 0: an integer >= -1. Resumes to the value of the uninterrupted run.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; a member takes a metric, or has
        another lr.
      NotImplementedError: a composite would take over at a milestone, where torch raises it.

    Reference:
      torch.optim.lr_scheduler.SequentialLR

    Example:
      >>> import jaxlr
      >>> warmup = jaxlr.LinearLR(0.5, start_factor=0.01, total_iters=5)
      >>> cosine = jaxlr.CosineAnnealingLR(0.5, T_max=595)
      >>> schedule = jaxlr.SequentialLR(0.5, [warmup, cosine], milestones=[5])
      >>> print(schedule(0), schedule(5), schedule(600))
      0.005 0.5 0.0
    """

    lr: Scalar
    schedulers: tuple[Schedule, ...]
    milestones: tuple[int | jax.Array, ...]
    last_epoch: Integer = -1
    _first: int = dataclasses.field(default=0, init=False)  # the member that runs at epoch 0

    if TYPE_CHECKING:  # what is given, where the fields say what is read

        def __init__(
            self, lr: Scalar, schedulers: Iterable[Schedule], milestones: Iterable[Length], last_epoch: Integer = -1
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), milestones=lengths, last_epoch=LAST_EPOCH)
        self._check_members()
        self._check_without_plateau()
        self._check_milestones()
        for i, member in enumerate(self.schedulers):
            if any(isinstance(part, Wrapper | Together | InTurn) for part in acting(member)):
                raise TypeError(f"SequentialLR: schedulers[{i}] must be a scheduler of torch's, got {member!r}")
        if not is_traced(self.milestones):
            object.__setattr__(self, "_first", bisect_right(self.milestones, 0))
        for i in self._entered:
            member = self.schedulers[i]
            if isinstance(member, Composite):
                raise NotImplementedError(
                    f"SequentialLR: schedulers[{i}] must not be a composite, got {member!r}: "
                    "torch raises NotImplementedError when it takes over"
                )
            if isinstance(member, LinearLR) and not is_traced(member.total_iters) and member.total_iters == 0:
                raise ValueError(
                    f"SequentialLR: schedulers[{i}] must have total_iters >= 1, got {member!r}: "
                    "torch divides by it when it takes over"
                )
            if isinstance(member, MultiplicativeLR) and member._factors is not None and math.isnan(member._factors[0]):
                raise ValueError(
                    f"SequentialLR: schedulers[{i}] must have a lr_lambda that is defined at 0, where it takes over, "
                    f"got {member!r}"
                )
        self._check_last_epoch()

    @property
    def _entered(self) -> list[int]:
        """The members that take over at a milestone; one whose milestone repeats never does."""
        later = range(self._first + 1, len(self.schedulers))
        if is_traced(self.milestones):
            return list(later)
        return [i for i in later if i == len(self.milestones) or self.milestones[i - 1] < self.milestones[i]]

    @property
    def _final_epoch(self) -> int | None:
        """Where a member ends before the next one takes over."""
        first = self.schedulers[self._first]
        if isinstance(first, Composite) or is_traced(self.milestones):
            return None
        begins = {self._first: 0} | {i: self.milestones[i - 1] for i in self._entered}
        return _first_end(begins, self.schedulers, 1)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Together(Chain):
    r"""Schedulers whose ``step`` a training loop calls one after another, a ReduceLROnPlateau among them.

    A ChainedScheduler that also steps a ReduceLROnPlateau, with the metric that
    ``.stateful().update(state, value=metric)`` receives.

    Args:
      schedulers: the schedules, in the order in which they are built and stepped, each with the optimizer's learning
        rate as its lr.

    Raises:
      TypeError, ValueError: a member is no schedule, or has another lr; there is none.

    Example:
      >>> import jaxlr
      >>> warmup = jaxlr.LinearLR(0.1, start_factor=0.5, total_iters=2)
      >>> schedule = jaxlr.Together([warmup, jaxlr.ReduceLROnPlateau(0.1, patience=0)])
      >>> print(jaxlr.trajectory(schedule, 4, metrics=[3.0, 2.0, 2.0]))
      [0.05  0.075 0.1   0.01 ]
    """

    schedulers: tuple[Schedule, ...]

    if TYPE_CHECKING:  # what is given, where the fields say what is read; and no call, for it has no closed form

        def __init__(self, schedulers: Iterable[Schedule]) -> None: ...

        def __call__(self, count: Never) -> jax.Array: ...  # type: ignore[override]

    def __post_init__(self) -> None:
        self._check_members()


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class InTurn(Relay):
    r"""Schedulers of which a training loop steps one until a milestone, then the next.

    The loop ``if epoch < 150: plateau.step(metric)``, ``else: swa.step()``. The step from epoch t to t + 1 is that of
    scheduler :math:`i = |\{m \in M : m \le t\}|` with :math:`M` = milestones. All are built at the start, in order;
    unlike in a SequentialLR, each goes on from the learning rate that it finds.

    Args:
      schedulers: the schedules, each with the optimizer's learning rate as its lr.
      milestones: the epochs from which the next one is stepped: integers in ascending order, one less than schedulers.

    Raises:
      TypeError, ValueError: an argument is of another type, or out of its range; a member has another lr.

    Example:
      >>> import jaxlr
      >>> plateau = jaxlr.ReduceLROnPlateau(0.8, patience=50)
      >>> schedule = jaxlr.InTurn([plateau, jaxlr.SWALR(0.8, swa_lr=1e-3, anneal_epochs=1)], milestones=[150])
      >>> print(jaxlr.trajectory(schedule, 152, metrics=[1.0] * 151)[[0, 52, 150, 151]])
      [0.8   0.08  0.008 0.001]
    """

    schedulers: tuple[Schedule, ...]
    milestones: tuple[int | jax.Array, ...]

    if TYPE_CHECKING:  # what is given, where the fields say what is read; and no call, for it has no closed form

        def __init__(self, schedulers: Iterable[Schedule], milestones: Iterable[Length]) -> None: ...

        def __call__(self, count: Never) -> jax.Array: ...  # type: ignore[override]

    def __post_init__(self) -> None:
        self._check(milestones=lengths)
        self._check_members()
        self._check_milestones()

    @property
    def _final_epoch(self) -> int | None:
        """Where a member ends before the next one is stepped."""
        if is_traced(self.milestones):
            return None
        begins = dict(enumerate([0, *(max(0, milestone) for milestone in self.milestones)]))
        return _first_end(begins, self.schedulers, 0)


def _first_end(begins: dict[int, Any], members: Sequence[Schedule], gap: int) -> int | None:
    """The epoch at which a member, of those that begin, ends more than `gap` epochs before the next one begins."""
    next_begins = [*list(begins.values())[1:], math.inf]
    for (i, begin), next_begin in zip(begins.items(), next_begins, strict=True):
        end = members[i]._final_epoch
        if end is not None and not is_traced(end) and begin + end < next_begin - gap:
            return int(begin + end)
    return None
