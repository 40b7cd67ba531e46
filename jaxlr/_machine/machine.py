"""Torch's schedulers as a state machine that acts on one parameter group of the optimizer.

What torch's constructors and steps do, and what a SequentialLR does to its members, one function each. A node is what a
scheduler remembers: a Formula its epoch, a composite its own epoch, where it has one, and its members' nodes. Inside,
the numbers of a schedule are arrays, and its members are Members (structure.py).
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxlr._float64 import power
from jaxlr._machine.epochs import BeforeFirstStep, undone_epoch, unknown
from jaxlr._machine.structure import Members, at_row, kind_of_rows
from jaxlr._schedules.base import Formula, Schedule, replaced, walk
from jaxlr._schedules.compose import Chain, Composite, InTurn, SequentialLR
from jaxlr._schedules.cycle import CyclicLR, OneCycleLR
from jaxlr._schedules.decay import ConstantLR, MultiStepLR
from jaxlr._schedules.derived import Derived
from jaxlr._schedules.lambdas import MultiplicativeLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import PlateauState, ReduceLROnPlateau
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._schedules.table import Table
from jaxlr._schedules.until import Until

Node = Any  # an epoch, a PlateauState, or a tuple of nodes


class Group(NamedTuple):
    """What schedulers read and write of torch's optimizer.param_groups[0]; None where there is no such entry."""

    lr: Any
    initial_lr: Any = None
    momentum: Any = None
    base_momentum: Any = None
    max_momentum: Any = None
    one_cycle: Any = None  # the OneCycleLR built last: all of them read its max_lr, initial_lr and min_lr
    swa_lr: Any = None

    def with_initial_lr(self) -> "Group":
        """What torch's LRScheduler does first: the learning rate found becomes the initial one, if there is none."""
        return self if self.initial_lr is not None else self._replace(initial_lr=self.lr)


def build(schedule: Any) -> tuple[Any, Group]:
    """The schedule and the group after all constructors, without their first steps."""
    built, group = registered(schedule, Group(lr=_lr_found(schedule)))
    return linked(built, group), group


def _lr_found(schedule: Any) -> Any:
    """The learning rate that the optimizer holds; 0 where all schedulers bring their own."""
    takers = (part for part in walk(schedule) if hasattr(part, "lr") and not isinstance(part, Resumed))
    return next((taker.lr for taker in takers), jnp.zeros(()))


def registered(schedule: Any, group: Group) -> tuple[Any, Group]:
    """Torch's constructor but for its first step: the schedule with the initial_lr that it found, and the group."""
    match schedule:
        case Momentum() | Resumed():
            return registered(schedule.schedule, group)
        case CyclicLR():
            group = group._replace(lr=schedule.base_lr).with_initial_lr()
            return schedule, _with_momentums(schedule, group)
        case OneCycleLR():
            group = group._replace(initial_lr=schedule._initial_lr, one_cycle=schedule)
            return schedule, _with_momentums(schedule, group)
        case SWALR():
            group = group._replace(swa_lr=schedule.swa_lr).with_initial_lr()
            return replaced(schedule, lr=group.initial_lr), group
        case Table():
            return schedule, _with_momentums(schedule, group.with_initial_lr())
        case Derived():
            group = group.with_initial_lr()
            built = _of_parts(schedule, group.initial_lr)
            return built, _with_momentum_at(built, group, jnp.asarray(0, jnp.int64))
        case Formula():
            group = group.with_initial_lr()
            return replaced(schedule, lr=group.initial_lr), group
        case ReduceLROnPlateau():
            return schedule, group
        case per_epoch() | Until():
            built, group = registered(schedule.schedule, group)
            return replaced(schedule, schedule=built), group
        case Composite():
            return _registered_members(schedule, group, ())
    raise unknown(schedule)


def _of_parts(schedule: Derived, initial_lr: Any) -> Any:
    """The formula with its parts built, each on a group of its own: nobody steps them."""

    def of_part(part: Any) -> Any:
        built, group = registered(part, Group(initial_lr, initial_lr))
        return linked(built, group)

    fields: dict[str, Any] = {"lr": initial_lr} if hasattr(schedule, "lr") else {}
    if hasattr(schedule, "schedulers"):
        return replaced(schedule, schedulers=tuple(map(of_part, schedule.schedulers)), **fields)
    return replaced(schedule, schedule=of_part(*schedule._parts), **fields)


def _with_momentums(schedule: CyclicLR | OneCycleLR | Table, group: Group) -> Group:
    group = _with_momentum_at(schedule, group, jnp.asarray(0, jnp.int64))
    if isinstance(schedule, Table) or not schedule.cycle_momentum:
        return group
    return group._replace(base_momentum=schedule.base_momentum, max_momentum=schedule.max_momentum)


def _registered_members(schedule: Any, group: Group, before: Any) -> tuple[Any, Group]:
    """Likewise for members, in order; of many that are alike and only read the group, at once.

    Where the first step of a composite sets a momentum, that step is taken too: no later one need set it again.
    """
    members = schedule.schedulers
    built: list[list[Any]] = [[] for _ in members.kinds]
    for i, k in enumerate(members.kind_of):
        if isinstance(members.kinds[k], _WRITERS) or not isinstance(members.kinds[k], Formula):
            if i < len(before) and before[i] is not None:
                member, _, group = construct(members[i], group, before[i])
            else:
                member, group = registered(members[i], group)
            built[k].append(member)
        else:
            group = group.with_initial_lr()
            built[k].append(group.initial_lr)
    kinds = [
        kind_of_rows(of_kind) if isinstance(of_kind[0], Schedule) else replaced(kind, lr=_column(of_kind))
        for kind, of_kind in zip(members.kinds, built, strict=True)
    ]
    return replaced(schedule, schedulers=Members(tuple(kinds), members.kind_of)), group


# They write entries of the group that others read; a Derived has parts to be built.
_WRITERS = (CyclicLR, OneCycleLR, SWALR, Table, Derived)


def _column(values: Sequence[Any]) -> jax.Array:
    """The values, of which few differ, as an array; one alone as it is."""
    if len(values) == 1:
        return values[0]  # type: ignore[no-any-return]
    different = list({id(value): value for value in values}.values())
    if len(different) == 1:
        return jnp.broadcast_to(different[0], (len(values),))
    place = {id(value): i for i, value in enumerate(different)}
    return jnp.stack(different)[np.array([place[id(value)] for value in values])]


def linked(schedule: Any, group: Group) -> Any:
    """The schedule with what later constructors have written over its entries in the group."""
    match schedule:
        case OneCycleLR():
            last = group.one_cycle
            entries = {"max_lr": last.max_lr, "div_factor": last.div_factor, "final_div_factor": last.final_div_factor}
            if schedule.cycle_momentum:
                entries |= {"base_momentum": group.base_momentum, "max_momentum": group.max_momentum}
            return replaced(schedule, **{name: _like(getattr(schedule, name), x) for name, x in entries.items()})
        case SWALR():
            return replaced(schedule, swa_lr=_like(schedule.swa_lr, group.swa_lr))
        case Composite():
            members: Any = schedule.schedulers
            kinds = tuple(linked(kind, group) for kind in members.kinds)
            return replaced(schedule, schedulers=Members(kinds, members.kind_of))
        case per_epoch() | Until():
            return replaced(schedule, schedule=linked(schedule.schedule, group))
        case Formula() | ReduceLROnPlateau():
            return schedule
    raise unknown(schedule)


def _like(column: Any, x: Any) -> jax.Array:
    """The number for every row that the column has."""
    return jnp.broadcast_to(x, jnp.shape(column))


def construct(schedule: Any, group: Group, before: Any) -> tuple[Any, Node, Group]:
    """Torch's constructor: the schedule with the initial_lr that it found, its node, and the group.

    Args:
      schedule: the schedule.
      group: what it finds.
      before: its epochs.before_first_step.
    """
    match schedule:
        case per_epoch() | Until():
            built, node, group = construct(schedule.schedule, group, before)
            return replaced(schedule, schedule=built), (0, node), group
        case ReduceLROnPlateau():
            worst = jnp.asarray(math.inf if schedule.mode == "min" else -math.inf, jnp.float64)
            return schedule, PlateauState._make((0, worst, 0, 0)), group
        case Chain():
            members, nodes, group = _construct_members(schedule.schedulers, group, before)
            return replaced(schedule, schedulers=members), nodes, group
        case InTurn():
            members, nodes, group = _construct_members(schedule.schedulers, group, before)
            return replaced(schedule, schedulers=members), (0, nodes), group
        case SequentialLR():
            return _construct_sequence(schedule, group, before)
        case CyclicLR():  # torch takes its first step, which gives initial_lr, before it knows base_lr
            built, group = registered(schedule, group)
            return built, 0, group._replace(lr=group.initial_lr)
        case Formula():
            built, group = registered(schedule, group)
            return built, 0, edited(built, group, 0, initial=True)
    raise unknown(schedule)


def _construct_members(members: Any, group: Group, before: Any) -> tuple[Members, tuple[Node, ...], Group]:
    built: list[list[Any]] = [[] for _ in members.kinds]
    nodes = []
    for i, k in enumerate(members.kind_of):
        member, node, group = construct(members[i], group, before[i])
        built[k].append(member)
        nodes.append(node)
    return Members(tuple(map(kind_of_rows, built)), members.kind_of), tuple(nodes), group


def _construct_sequence(
    schedule: SequentialLR, group: Group, before: BeforeFirstStep
) -> tuple[SequentialLR, Node, Group]:
    """Undoes the members' own first steps; the one that runs at 0 takes its first step again, from initial_lr."""
    built, group = _registered_members(schedule, group, before.of_members)
    built = linked(built, group)
    first, later = schedule._first, built.schedulers.kind_of[schedule._first + 1 :]
    first_node, started = initial_step(
        built.schedulers[first], before.of_first, Group(group.initial_lr, momentum=group.momentum)
    )
    node = (0, first_node, jnp.asarray([undone_epoch(built.schedulers.kinds[k], 0) for k in later], jnp.int64))
    return built, node, group._replace(lr=started.lr, momentum=started.momentum)


def start(schedule: Any, before: Any) -> tuple[Node, Group]:
    """Node and group right after torch's constructor, or where last_epoch, or a Resumed, goes on."""
    match schedule:
        case Momentum():
            return start(schedule.schedule, before)
        case Resumed():
            node, _ = start(schedule.schedule, before)
            return _filled(node, schedule.state), Group(lr=schedule.lr, momentum=schedule.held_momentum)
        case per_epoch() | Until():
            node, group = start(schedule.schedule, before)
            return (0, node), group
    built, node, group = construct(schedule, Group(lr=_lr_found(schedule)), before)
    built, epoch = linked(built, group), schedule._first_epoch
    if epoch == 0:
        return node, group
    if isinstance(schedule, Formula):
        t = jnp.asarray(epoch, jnp.int64)
        return t, _with_momentum_at(built, group._replace(lr=built._closed_form(t)), t)
    held = jax.tree.map(jnp.asarray, (node, Group(lr=group.lr, momentum=group.momentum)))
    return lax.fori_loop(0, epoch, lambda _, at: step(built, at[0], at[1], None), held)  # type: ignore[no-any-return]


def _filled(node: Node, state: Any) -> Node:
    """The node with the numbers of the state, in order."""
    numbers = iter([number for leaf in jax.tree.leaves(state) for number in jnp.ravel(leaf)])

    def fill(leaf: Any) -> Any:
        leaf = jnp.asarray(leaf)
        return jnp.asarray([next(numbers) for _ in range(leaf.size)], leaf.dtype).reshape(leaf.shape)

    return jax.tree.map(fill, node)


def step(schedule: Any, node: Node, group: Group, metric: Any, runs: Any = True) -> tuple[Node, Group]:
    """Torch's step, of a schedule that is built; past the end everything stays as it is.

    Where runs is false the node stays, and the caller must ignore the group: a composite steps all its members, and
    keeps what the running one gives.
    """
    match schedule:
        case Momentum() | Resumed():
            return step(schedule.schedule, node, group, metric, runs)
        case per_epoch():
            return _step_batch(schedule, node, group, metric, runs)
        case Until():
            return _step_until(schedule, node, group, metric, runs)
        case ReduceLROnPlateau():
            remembered, lr = schedule._reduced(node, group.lr, metric)
            return _where(runs, remembered, node), group._replace(lr=lr)
        case Chain():
            nodes = []
            for member, of_member in zip(schedule.schedulers, node, strict=True):
                stepped, group = step(member, of_member, group, metric, runs)
                nodes.append(stepped)
            return tuple(nodes), group
        case InTurn():
            return _step_in_turn(schedule, node, group, metric, runs)
        case SequentialLR():
            return _step_sequence(schedule, node, group, metric, runs)
        case Formula():
            stepped = edited(schedule, group, node + 1, initial=False)
            end = schedule._final_epoch
            if end is None:
                return jnp.where(runs, node + 1, node), stepped
            return jnp.where(runs & (node < end), node + 1, node), _where(node < end, stepped, group)
    raise unknown(schedule)


def edited(schedule: Formula, group: Group, t: Any, initial: bool) -> Group:
    """The group with the learning rate, and the momentum, of epoch t."""
    t = jnp.asarray(t, jnp.int64)
    lr = jnp.asarray(schedule._recursive_form(group.lr, t, initial), jnp.float64)
    return _with_momentum_at(schedule, group._replace(lr=lr), t)


def _with_momentum_at(schedule: Formula, group: Group, t: Any) -> Group:
    momentum: Any = schedule._momentum
    return group if momentum is None else group._replace(momentum=momentum._closed_form(t))


def _step_batch(schedule: per_epoch, node: Node, group: Group, metric: Any, runs: Any) -> tuple[Node, Group]:
    batch, inner = node[0] + 1, node[1]
    if schedule.fractional:
        leaf: Any = schedule.schedule
        group = group._replace(lr=leaf._closed_form(schedule._epoch(batch)))
    else:
        new_epoch = batch % schedule.steps_per_epoch == 0
        inner, stepped = step(schedule.schedule, inner, group, metric, runs & new_epoch)
        group = _where(new_epoch, stepped, group)
    return (jnp.where(runs, batch, node[0]), inner), group


def _step_until(schedule: Until, node: Node, group: Group, metric: Any, runs: Any) -> tuple[Node, Group]:
    count, inner = node
    goes_on = count < schedule._final_epoch
    inner, stepped = step(schedule.schedule, inner, group, metric, runs & goes_on)
    return (jnp.where(runs & goes_on, count + 1, count), inner), _where(goes_on, stepped, group)


def _step_in_turn(schedule: InTurn, node: Node, group: Group, metric: Any, runs: Any) -> tuple[Node, Group]:
    epoch, nodes = node
    turn = jnp.sum(jnp.asarray(schedule.milestones) <= epoch)
    stepped_nodes, after = [], group
    for i, (member, of_member) in enumerate(zip(schedule.schedulers, nodes, strict=True)):
        stepped, group_of_member = step(member, of_member, group, metric, runs & (turn == i))
        stepped_nodes.append(stepped)
        after = _where(turn == i, group_of_member, after)
    return (jnp.where(runs, epoch + 1, epoch), tuple(stepped_nodes)), after


def _step_sequence(schedule: SequentialLR, node: Node, group: Group, metric: Any, runs: Any) -> tuple[Node, Group]:
    epoch, first_node, later = node
    t, members, first = epoch + 1, schedule.schedulers, schedule._first
    milestones = jnp.asarray(schedule.milestones)
    turn = jnp.sum(milestones <= t)
    first_node, of_first = step(members[first], first_node, group, metric, runs & (turn == first))
    epoch = jnp.where(runs, t, epoch)
    if not len(later):
        return (epoch, first_node, later), of_first

    place = jnp.maximum(turn - first - 1, 0)
    node_found = lax.dynamic_index_in_dim(later, place, keepdims=False)
    entering = jnp.any(milestones == t)

    def step_later(member: Any) -> Any:
        return _where(entering, entered(member, node_found, group), step(member, node_found, group, metric))

    stepped, group = by_kind(members, first, turn, lambda: (node_found, of_first), step_later)
    later = jnp.where(runs & (jnp.arange(len(later)) == turn - first - 1), stepped, later)
    return (epoch, first_node, later), group


def by_kind(members: Any, first: int, turn: Any, of_first: Callable[[], Any], of_later: Callable[[Any], Any]) -> Any:
    """What the member whose turn it is gives: one program for all the later members of a kind.

    A composite among those that take over never runs.
    """
    branch_of, row_of = np.zeros(len(members), int), np.zeros(len(members), int)
    branches: list[Callable[[], Any]] = [of_first]

    def of_kind_at(k: int) -> Any:
        return of_later(members.row(k, _looked_up(row_of, turn)))

    for k, kind in enumerate(members.kinds):
        of_kind = members.of_kind(k)
        row_of[of_kind] = range(len(of_kind))
        if isinstance(kind, Composite) or of_kind[-1] <= first:
            continue
        branch_of[[i for i in of_kind if i > first]] = len(branches)
        branches.append(partial(of_kind_at, k))
    return one_of(_looked_up(branch_of[first:], turn - first), branches)


def _looked_up(table: np.ndarray, i: Any) -> Any:
    """table[i]; nothing where it is i itself."""
    return i if np.array_equal(table, np.arange(len(table))) else at_row(jnp.asarray(table), i)


def one_of(branch: Any, branches: Sequence[Callable[[], Any]]) -> Any:
    """What the branch of that number gives. A few are all computed: it costs less than a conditional."""
    # JAX fails to batch a conditional in shard_map where its operands vary over the devices.
    if len(branches) > 8 and not jax.sharding.get_abstract_mesh().manual_axes:
        return lax.switch(branch, branches)
    results = [of_branch() for of_branch in branches]
    result = results[0]
    for i, other in enumerate(results[1:], 1):
        result = _where(branch == i, other, result)
    return result


def _where(condition: Any, a: Any, b: Any) -> Any:
    return jax.tree.map(partial(jnp.where, condition), a, b)


# What a SequentialLR does to its members. SWALR counts its own steps: it is neither undone nor entered.


def initial_step(schedule: Any, node: Node, group: Group) -> tuple[Node, Group]:
    """Torch's _initial_step, on the member that runs at 0; of a composite it is an ordinary step of the members."""
    if isinstance(schedule, Composite):
        return step(schedule, _arrays(schedule, node), group, None)
    t = 0 if isinstance(schedule, SWALR) else node + 1
    return t, edited(schedule, group, t, initial=True)


def _arrays(schedule: Any, node: Node) -> Node:
    """The node of plain numbers as one of arrays."""
    match schedule:
        case Chain():
            return tuple(map(_arrays, schedule.schedulers, node))
        case SequentialLR():
            epoch, first_node, later = node
            first = schedule.schedulers[schedule._first]
            return jnp.asarray(epoch), _arrays(first, first_node), jnp.asarray(later, jnp.int64)
        case _:
            return jnp.asarray(node)


def entered(schedule: Formula, node: Node, group: Group) -> tuple[Node, Group]:
    """Torch's _update_lr(0), at a milestone: its closed form at 0 where it has one, else its recursive form there."""
    if isinstance(schedule, SWALR):
        return node, edited(schedule, group, node, initial=False)
    zero = jnp.asarray(0, jnp.int64)
    at_0 = edited(schedule, group, zero, initial=False)
    match schedule:
        case MultiplicativeLR():  # it has no closed form
            return zero, at_0
        case MultiStepLR():  # torch's closed form counts the milestones below 0
            lr = schedule.lr * power(schedule.gamma, jnp.sum(jnp.asarray(schedule.milestones) <= 0))
        case ConstantLR():  # torch's closed form forgets the factor that stays for ever
            lr = schedule.lr * jnp.where(schedule.total_iters <= 0, 1.0, schedule.factor)
        case _:
            lr = schedule._closed_form(zero)
    return zero, at_0._replace(lr=jnp.asarray(lr, jnp.float64))


def held(schedule: Any, group: Group) -> Any:
    """What the schedule gives, of the group."""
    match schedule:
        case Momentum():
            return group.momentum
        case per_epoch() | Until():
            return held(schedule.schedule, group)
        case Formula() | ReduceLROnPlateau() | Composite() | Resumed():
            return group.lr
    raise unknown(schedule)
