"""Schedulers that act on one another, on one learning rate."""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxlr._arguments import LAST_EPOCH, integers, real
from jaxlr._float64 import replaced
from jaxlr._schedules.base import Group, Scalar, Schedule
from jaxlr._schedules.momentum import Momentum


class Composite(Schedule):
    """A scheduler that steps others. Its node is its own epoch, where it has one, and the nodes of its members."""

    schedulers: Iterable[Schedule]
    _undoes: ClassVar[int] = 0  # a composite that would take over is refused: its epoch stays

    @property
    def _members(self) -> tuple[Any, ...]:
        return self.schedulers  # type: ignore[return-value]

    @property
    def _initial_lr(self) -> Any:
        """The optimizer's learning rate: that of the members; CyclicLR and OneCycleLR bring their own."""
        return self._lrs[0] if self._lrs else 0.0

    @property
    def _lrs(self) -> tuple[Any, ...]:
        return tuple(lr for member in self._members for lr in member._lrs)

    @property
    def _torchs(self) -> bool:
        return all(member._torchs for member in self._members)

    @property
    def _takes_metric(self) -> bool:
        return any(member._takes_metric for member in self._members)

    @property
    def _sequential(self) -> bool:
        return any(member._sequential for member in self._members)

    @property
    def _sets_initial_lr(self) -> bool:
        return any(member._sets_initial_lr for member in self._members)

    @property
    def _cycles_momentum(self) -> bool:
        return any(member._cycles_momentum for member in self._members)

    @property
    def _own_momentum(self) -> Momentum | None:
        return Momentum(self) if self._cycles_momentum else None

    def _check_members(self, *, plateau: bool) -> None:
        """Members: schedules, at least one, from the start, all of one learning rate."""
        name = type(self).__name__
        if isinstance(self.schedulers, Schedule | str) or not isinstance(self.schedulers, Iterable):
            raise TypeError(f"{name}: schedulers must be a list of jaxlr schedules, got {self.schedulers!r}")
        object.__setattr__(self, "schedulers", tuple(self.schedulers))
        if not self._members:
            raise ValueError(f"{name}: schedulers must hold at least one schedule, got none")
        for i, member in enumerate(self._members):
            if not isinstance(member, Schedule):
                raise TypeError(f"{name}: schedulers[{i}] must be a jaxlr schedule, got {member!r}")
            if member._takes_metric and not plateau:
                raise ValueError(
                    f"{name}: schedulers[{i}] must take no metric, got {member!r}: "
                    "Together steps it beside the others, InTurn before or after them"
                )
            if not member._starts:
                raise TypeError(
                    f"{name}: schedulers[{i}] must be a schedule from its start, got {member!r}: "
                    "resume the composite as a whole"
                )
            if member._first_epoch != 0:
                raise ValueError(
                    f"{name}: schedulers[{i}] must have last_epoch=-1, got {member!r}: a composite resumes as a whole"
                )
        lrs = self._lrs
        traced = any(isinstance(lr, jax.core.Tracer) for lr in lrs)
        if any(lr is not lrs[0] if traced else lr != lrs[0] for lr in lrs):
            raise ValueError(f"{name}: all of lr must be the one learning rate of the optimizer, got {list(lrs)}")

    def _construct_members(self, group: Group, *, lr: bool) -> tuple[tuple[Any, ...], list[Any], Group]:
        """Constructs the members; lr: whether the learning rate that they leave counts."""
        built, nodes = [], []
        for member in self._members:
            if lr or isinstance(member, Composite):
                scheduler, node, group = member._construct(group)
            else:
                (scheduler, group), node = member._registered(group), member._node(0)
            built.append(scheduler)
            nodes.append(node)
        return tuple(built), nodes, group

    def _linked(self, group: Group) -> Any:
        return replaced(self, schedulers=tuple(member._linked(group) for member in self._members))

    def _initial_step(self, node: Any, group: Group) -> tuple[Any, Group]:
        """Torch's _initial_step, which a SequentialLR calls on the member that runs at 0."""
        return self._step(node, group, None)  # torch marks the composite as initial, not its members

    def _start(self) -> tuple[Any, Group]:
        built, node, group = self._built()
        group = Group(lr=jnp.asarray(group.lr, jnp.float64), momentum=_float64(group.momentum))
        node = jax.tree.map(jnp.asarray, node)
        if self._first_epoch == 0:
            return node, group
        return lax.fori_loop(0, self._first_epoch, lambda _, state: built._step(*state, None), (node, group))  # type: ignore[no-any-return]


class Chain(Composite):
    """A composite that steps all its members, in order, at every step."""

    @property
    def _final_epoch(self) -> int | None:
        return min((end for member in self._members if (end := member._final_epoch) is not None), default=None)

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        built, nodes, group = self._construct_members(group, lr=True)
        return replaced(self, schedulers=built), self._node(tuple(nodes)), group

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        nodes = []
        for member, member_node in zip(self._members, self._remembered(node), strict=True):
            stepped, group = member._step(member_node, group, metric)
            nodes.append(stepped)
        return self._node(tuple(nodes)), group

    def _undone(self, node: Any) -> Any:
        nodes = self._remembered(node)
        return self._node(tuple(member._undone(n) for member, n in zip(self._members, nodes, strict=True)))

    def _refuse_past_end(self, node: Any) -> None:
        for member, member_node in zip(self._members, self._remembered(node), strict=True):
            member._refuse_past_end(member_node)

    @property
    def _has_closed_form(self) -> bool:
        return all(member._multiplies for member in self._members)

    def _closed_form(self, t: jax.Array) -> Any:
        factors = [replaced(member, lr=1.0)._closed_form(t) for member in self._members]
        return self._initial_lr * math.prod(factors)


class Relay(Composite):
    """A composite that steps one member at a time, until the milestone at which the next one takes over."""

    milestones: Iterable[int]

    @property
    def _milestones(self) -> tuple[int, ...]:
        return self.milestones  # type: ignore[return-value]

    def _check_milestones(self) -> None:
        name, milestones = type(self).__name__, list(self._milestones)
        if milestones != sorted(milestones):
            raise ValueError(f"{name}: milestones must be in ascending order, got {milestones}")
        if len(milestones) != len(self._members) - 1:
            raise ValueError(
                f"{name}: milestones must be {len(self._members) - 1}, one less than schedulers, "
                f"got {len(milestones)}: {milestones}"
            )

    def _epoch(self, node: Any) -> Any:
        epoch, *_ = self._remembered(node)
        return epoch


@dataclasses.dataclass(frozen=True, repr=False)
class ChainedScheduler(Chain):
    r"""Steps several schedulers, one after another, on one learning rate: torch's ChainedScheduler.

    .. math:: \eta_t = (g_n \circ \dots \circ g_1)(\eta_{t-1}), \qquad g_i(\eta) = \text{scheduler } i
      \text{'s recursive form at } t

    with :math:`t` = count. A scheduler that gives a value of its own (LambdaLR, CyclicLR, OneCycleLR, warm restarts)
    overwrites what came before it. Callable with a count where all schedulers only multiply; elsewhere step
    ``.stateful()``, or take ``tabulate(schedule, steps)``.

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

    schedulers: Iterable[Schedule]

    def __post_init__(self) -> None:
        self._check_members(plateau=False)


@dataclasses.dataclass(frozen=True, repr=False)
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
    schedulers: Iterable[Schedule]
    milestones: Iterable[int]
    last_epoch: int = -1

    def __post_init__(self) -> None:
        self._check(lr=real(at_least=0), milestones=integers, last_epoch=LAST_EPOCH)
        self._check_members(plateau=False)
        self._check_milestones()
        for i, member in enumerate(self._members):
            if not member._torchs:
                raise TypeError(f"SequentialLR: schedulers[{i}] must be a scheduler of torch's, got {member!r}")
        for i in self._entered:
            member = self._members[i]
            if isinstance(member, Composite):
                raise NotImplementedError(
                    f"SequentialLR: schedulers[{i}] must not be a composite, got {member!r}: "
                    "torch raises NotImplementedError when it takes over"
                )
            if not member._enters:
                raise ValueError(
                    f"SequentialLR: schedulers[{i}] must have total_iters >= 1, got {member!r}: "
                    "torch divides by it when it takes over"
                )
        self._check_last_epoch()

    @property
    def _first_epoch(self) -> int:
        return self.last_epoch + 1

    @property
    def _first(self) -> int:
        """The member that runs at epoch 0."""
        return bisect_right(self._milestones, 0)

    @property
    def _entered(self) -> list[int]:
        """The members that take over at a milestone; one whose milestone repeats never does."""
        later = range(self._first + 1, len(self._members))
        return [i for i in later if bisect_right(self._milestones, self._milestones[i - 1]) == i]

    @property
    def _lrs(self) -> tuple[Any, ...]:
        return (self.lr, *super()._lrs)

    @property
    def _final_epoch(self) -> int | None:
        """Where a member ends before the next one takes over."""
        if isinstance(self._members[self._first], Composite):
            return None
        begins = {self._first: 0} | {i: self._milestones[i - 1] for i in self._entered}
        next_begins = [*list(begins.values())[1:], math.inf]
        for (i, begin), next_begin in zip(begins.items(), next_begins, strict=True):
            end = self._members[i]._final_epoch
            if end is not None and begin + end < next_begin - 1:
                return int(begin + end)
        return None

    @property
    def _has_closed_form(self) -> bool:
        first: Schedule
        first, later = self._members[self._first], self._members[self._first + 1 :]
        if isinstance(first, Composite) or (not first._absolute and any(member._sets_initial_lr for member in later)):
            return False
        return first._has_closed_form and all(self._members[i]._closed_after_entering for i in self._entered)

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        built, nodes, group = self._construct_members(group, lr=False)
        built = tuple(member._linked(group) for member in built)
        first = self._first
        nodes = [member._undone(node) for member, node in zip(built, nodes, strict=True)]
        entries = Group(lr=group.initial_lr, momentum=group.momentum)
        nodes[first], entries = built[first]._initial_step(nodes[first], entries)
        later = [
            0 if isinstance(member, Composite) else member._epoch(node)
            for member, node in zip(built[first + 1 :], nodes[first + 1 :], strict=True)
        ]
        node = self._node((0, nodes[first], jnp.asarray(later, jnp.int64)))
        return replaced(self, schedulers=built), node, group._replace(lr=entries.lr, momentum=entries.momentum)

    def _undone(self, node: Any) -> Any:
        epoch, first, later = self._remembered(node)
        undone = jnp.asarray([member._undoes for member in self._members[self._first + 1 :]], jnp.int64)
        return self._node((epoch, self._members[self._first]._undone(first), later - undone))

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        epoch, first, later = self._remembered(node)
        epoch = epoch + 1
        milestones = jnp.asarray(self._milestones, jnp.int64)
        i = jnp.searchsorted(milestones, epoch, side="right", method="scan_unrolled")
        entering = jnp.any(milestones == epoch)

        def step_first(first: Any, later: Any, group: Group) -> tuple[Any, Any, Group]:
            first, group = self._members[self._first]._step(first, group, metric)
            return first, later, group

        def step_later(kind: Kind) -> Any:
            def step(first: Any, later: Any, group: Group) -> tuple[Any, Any, Group]:
                k = i - self._first - 1
                member = kind.member(k)
                node = member._node(later[k])
                entered, stepped = member._enter(node, group), member._step(node, group, metric)
                node, group = jax.tree.map(partial(jnp.where, entering), entered, stepped)
                return first, later.at[k].set(member._epoch(node)), group

            return step

        kinds, kind_of = _kinds(self._members[self._first + 1 :])
        branch = jnp.asarray([0, *(kind + 1 for kind in kind_of)])[i - self._first]
        branches = [step_first, *map(step_later, kinds)]
        operands = jax.tree.map(partial(jnp.asarray, dtype=jnp.int64), (first, later))
        first, later, group = lax.switch(branch, branches, *operands, group)
        return self._node((epoch, first, later)), group

    def _closed_form(self, t: jax.Array) -> Any:
        built, _, _ = self._built()
        first, *later = built._members[self._first :]
        begins = jnp.asarray([0, *self._milestones[self._first :]], jnp.int64)
        i = jnp.searchsorted(begins[1:], t, side="right", method="scan_unrolled")

        def value_of(kind: Kind) -> Any:
            return lambda t: jnp.asarray(kind.member(i - 1)._closed_form(t), jnp.float64)

        kinds, kind_of = _kinds(later)
        branches = [lambda t: jnp.asarray(first._closed_form(t), jnp.float64), *map(value_of, kinds)]
        return lax.switch(jnp.asarray([0, *(kind + 1 for kind in kind_of)])[i], branches, t - begins[i])


@dataclasses.dataclass(frozen=True)
class Kind:
    """Members of a sequence that are alike but for their numbers: one program serves them all.

    Attributes:
      alike: one of them.
      numbers: by the name of the field, those numbers, for every member of the sequence.
    """

    alike: Any
    numbers: dict[str, Any]

    def member(self, k: Any) -> Any:
        """The member at place k of the sequence."""
        return replaced(self.alike, **{name: numbers[k] for name, numbers in self.numbers.items()})


def _kinds(members: Sequence[Any]) -> tuple[list[Kind], list[int]]:
    """The kinds among the members, and which of them each is; a composite among them never runs."""
    of_kind: dict[Any, list[int]] = {}
    for k, member in enumerate(members):
        if isinstance(member, Composite):
            continue
        fields = [field.name for field in dataclasses.fields(member) if field.name not in member._numbers]
        of_kind.setdefault((type(member), *(_hashable(getattr(member, name)) for name in fields)), []).append(k)
    kinds, kind_of = [], [0] * len(members)
    for number, places in enumerate(of_kind.values()):
        alike = members[places[0]]
        names = alike._numbers if len(places) > 1 else ()
        numbers = {name: [getattr(alike, name)] * len(members) for name in names}
        for k in places:
            kind_of[k] = number
            for name in names:
                numbers[name][k] = getattr(members[k], name)
        kinds.append(Kind(alike, {name: _array(column) for name, column in numbers.items()}))
    return kinds, kind_of


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value


def _array(column: list[Any]) -> jax.Array:
    if any(isinstance(x, jax.Array) for x in column):
        return jnp.stack([jnp.asarray(x, jnp.float64) for x in column])
    return jnp.asarray(np.array(column))


@dataclasses.dataclass(frozen=True, repr=False)
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

    schedulers: Iterable[Schedule]

    def __post_init__(self) -> None:
        self._check_members(plateau=True)

    @property
    def _torchs(self) -> bool:
        return False


@dataclasses.dataclass(frozen=True, repr=False)
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

    schedulers: Iterable[Schedule]
    milestones: Iterable[int]

    def __post_init__(self) -> None:
        self._check(milestones=integers)
        self._check_members(plateau=True)
        self._check_milestones()

    @property
    def _torchs(self) -> bool:
        return False

    @property
    def _final_epoch(self) -> int | None:
        """Where a member ends before the next one is stepped."""
        begins = [0, *(max(0, milestone) for milestone in self._milestones)]
        for member, begin, next_begin in zip(self._members, begins, [*begins[1:], math.inf], strict=True):
            end = member._final_epoch
            if end is not None and begin + end < next_begin:
                return int(begin + end)
        return None

    def _construct(self, group: Group) -> tuple[Any, Any, Group]:
        built, nodes, group = self._construct_members(group, lr=True)
        return replaced(self, schedulers=built), self._node((0, tuple(nodes))), group

    def _step(self, node: Any, group: Group, metric: Any) -> tuple[Any, Group]:
        epoch, nodes = self._remembered(node)

        def step_member(i: int) -> Any:
            def step(nodes: Any, group: Group) -> tuple[Any, Group]:
                stepped, group = self._members[i]._step(nodes[i], group, metric)
                return (*nodes[:i], stepped, *nodes[i + 1 :]), group

            return step

        i = jnp.searchsorted(jnp.asarray(self._milestones, jnp.int64), epoch, side="right", method="scan_unrolled")
        nodes, group = lax.switch(i, list(map(step_member, range(len(self._members)))), nodes, group)
        return self._node((epoch + 1, nodes)), group


def _float64(x: Any) -> Any:
    return None if x is None else jnp.asarray(x, jnp.float64)
