"""The simplest schedule of a curve, as users ask for it."""

from collections.abc import Iterable

from jaxlr._schedules.base import Scalar, Schedule
from jaxlr._schedules.table import Table, table


def recognize(values: "Iterable[Scalar] | Table") -> Schedule | None:
    r"""The simplest schedule that gives every one of the values, or None.

    .. math:: |f(t) - v_t| \le \text{ulp}_{32}(v_t) + 4 n \, 2^{-53} \max_s |v_s|

    for the schedule :math:`f` and each of the :math:`n` values :math:`v_t` at count :math:`t`. The curve is read as
    segments of one formula each; they are the members of a schedule, whose numbers are as short as the bound allows;
    it is returned where it keeps the bound at every count, evaluated in float64. It is never a guess: a member spans at
    least 5 counts, and there are at most 8, or it would say no less than the values do. So a formula in which one value
    has been edited is None, unless that is one again. Fewer counts are enough of a line that begins the curve, where it
    is seen at 3 counts or comes to where the next member begins; of the first value of the next member, held; and of
    the level at the end that the member before has reached.

    What it says past the last value is the formula's, which nobody has seen: put it into an ``Until``, or give values
    past the end of the decay. Values that are rounded, as a log prints them, or that begin within an epoch, have none.

    Args:
      values: the learning rates at counts 0, 1, ...: a sequence, or an array of one dimension, of finite numbers, in
        float32 or in float64; or a Table, from its count 0 on, whose momentums must be given as well where it has them.

    Returns:
      A schedule of jaxlr's, which drives no momentum unless a Table has one; None for fewer than 8 values.

    Raises:
      TypeError, ValueError: values is of another type, is empty, or holds a number that is not finite.

    Example:
      >>> import jaxlr
      >>> rates = [0.1 * min(1, (epoch + 1) / 5) * 0.1 ** (epoch // 30) for epoch in range(90)]
      >>> jaxlr.recognize(rates)
      ChainedScheduler(schedulers=(LinearLR(lr=0.1, start_factor=0.2, total_iters=4), StepLR(lr=0.1, step_size=30)))
    """
    from jaxlr._curves.read import read  # noqa: PLC0415 what reads curves is a third of the import

    if not isinstance(values, Table):
        return read(table("recognize: values", values).array)
    momentums = None if values.momentums is None else values.momentums.array[values._first_epoch :]
    return read(values.values.array[values._first_epoch :], momentums)
