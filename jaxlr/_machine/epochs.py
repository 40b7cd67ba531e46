"""What schedulers count when their constructors have run: plain numbers, the same at any learning rate.

A SequentialLR undoes its members' first steps, and lets the one that runs at 0 take its own. Traced milestones are
taken to lie beyond the steps of the constructors.
"""

from bisect import bisect_right
from typing import Any, NamedTuple

from jaxlr._arguments import is_traced
from jaxlr._schedules.base import Formula, cycles_momentum
from jaxlr._schedules.compose import Chain, Composite, InTurn, SequentialLR
from jaxlr._schedules.momentum import Momentum
from jaxlr._schedules.per_epoch import per_epoch
from jaxlr._schedules.plateau import ReduceLROnPlateau
from jaxlr._schedules.resumed import Resumed
from jaxlr._schedules.swa import SWALR
from jaxlr._schedules.until import Until


class BeforeFirstStep(NamedTuple):
    """What a SequentialLR's members count before the one that runs at 0 takes its first step.

    Attributes:
      of_members: the same for each member up to that one; None for one that sets no momentum.
      of_first: what that one counts.
    """

    of_members: tuple[Any, ...]
    of_first: Any


def before_first_step(schedule: Any) -> Any:
    """The BeforeFirstStep of each SequentialLR in it."""
    return _constructed(schedule)[0]


def unknown(schedule: Any) -> TypeError:
    """What a wrapper raises that was given no case."""
    return TypeError(
        f"torch's machine has no {type(schedule).__name__}: a scheduler is a Formula; a wrapper has its case in each "
        "function of epochs.py, machine.py, closed_form.py and stateful.py that matches over the classes"
    )


def undone_epoch(schedule: Any, epoch: int) -> int:
    """Torch's recursive_undo of a member: the epoch before.

    SWALR counts its own steps. A composite that takes over is never run: its 0 is a placeholder.
    """
    return epoch if isinstance(schedule, SWALR | Composite) else epoch - 1


def _constructed(schedule: Any) -> tuple[Any, Any]:
    """The schedule's before_first_step, and what it counts after its constructor."""
    match schedule:
        case Momentum() | Resumed() | per_epoch() | Until():
            return before_first_step(schedule.schedule), 0
        case Chain() | InTurn():
            before, nodes = zip(*map(_constructed, schedule.schedulers), strict=True)
            return before, nodes if isinstance(schedule, Chain) else 0
        case SequentialLR():
            members = schedule.schedulers[: schedule._first + 1]
            found, nodes = zip(*map(_constructed, members), strict=True)
            before = tuple(of if cycles_momentum(member) else None for member, of in zip(members, found, strict=True))
            first = members[-1]
            undone = _undone(first, nodes[-1])
            # Torch marks a composite as initial, not its members: its first step is an ordinary one, an epoch further.
            first_node = _stepped(first, undone) if isinstance(first, Composite) else 0
            later = tuple(undone_epoch(member, 0) for member in schedule.schedulers[schedule._first + 1 :])
            return BeforeFirstStep(before, undone), (0, first_node, later)
        case Formula() | ReduceLROnPlateau():
            return None, 0
    raise unknown(schedule)


def _undone(schedule: Any, node: Any) -> Any:
    """Torch's recursive_undo: of a composite it undoes the members, and not the composite's own epoch.

    With the ordinary step that follows, a nested SequentialLR starts one step ahead (pytorch #196243).
    """
    match schedule:
        case Chain():
            return tuple(map(_undone, schedule.schedulers, node))
        case SequentialLR():
            epoch, first, later = node
            members = schedule.schedulers[schedule._first :]
            return epoch, _undone(members[0], first), tuple(map(undone_epoch, members[1:], later))
        case _:
            return undone_epoch(schedule, node)


def _stepped(schedule: Any, node: Any) -> Any:
    match schedule:
        case Chain():
            return tuple(map(_stepped, schedule.schedulers, node))
        case SequentialLR():
            epoch, first, later = node
            epoch, members = epoch + 1, schedule.schedulers[schedule._first :]
            milestones = () if is_traced(schedule.milestones) else schedule.milestones
            turn = max(bisect_right(milestones, epoch) - schedule._first, 0)
            if turn == 0:
                return epoch, _stepped(members[0], first), later
            found = later[turn - 1]
            stepped = found + 1 if epoch not in milestones else found if isinstance(members[turn], SWALR) else 0
            return epoch, first, (*later[: turn - 1], stepped, *later[turn:])
        case _:
            return node + 1
