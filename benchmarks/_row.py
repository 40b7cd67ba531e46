"""What a benchmark returns: rows of the table, points of the picture."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: one figure, and what it has to reach.

    Attributes:
      benchmark: the name of the benchmark.
      what: what was measured.
      against: what it is compared with.
      figure: the measured figure.
      unit: of the figure: "x" is a ratio of times, theirs / ours where more is better, ours / theirs elsewhere.
      at_most: the figure that reaches the target, where less is better; None where there is no such target.
      at_least: likewise where more is better.
      note: what else is to be known of it.
    """

    benchmark: str
    what: str
    against: str
    figure: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def target(self) -> str:
        """What the figure has to reach, "" where nothing."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"

    @property
    def reached(self) -> bool | None:
        """Whether the figure reaches its target, None where there is none."""
        if self.at_most is not None:
            return self.figure <= self.at_most
        return None if self.at_least is None else self.figure >= self.at_least


@dataclasses.dataclass(frozen=True)
class Point:
    """A point of the picture.

    Attributes:
      panel: what the horizontal axis counts.
      line: whose time it is.
      size: the count.
      seconds: the time.
    """

    panel: str
    line: str
    size: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Result:
    """What a benchmark has measured."""

    rows: list[Row]
    points: list[Point] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large everything is that is measured.

    Attributes:
      steps: of a trajectory.
      large: the parameters of a train step that is bound by them.
      small: the parameters of a train step in which a scalar operation shows.
      large_scan: the train steps in one call, of the large one.
      small_scan: likewise of the small one.
      milestones: of a MultiStepLR.
      members: of a SequentialLR.
      many_members: of one that is long.
      of_theirs: the schedules that Optax joins in place of so many.
      depth: of a nesting.
      recorded: the steps that record takes.
      swept: the schedules of a sweep.
      processes: the fresh processes that a first call, or a sweep, is timed in.
      repeats: the pairs of timings that a median is taken of.
    """

    steps: int = 1_000_000
    large: int = 1_000_000
    small: int = 1_000
    large_scan: int = 10
    small_scan: int = 4_000
    milestones: int = 1_000
    members: int = 400
    many_members: int = 2_000
    of_theirs: int = 800
    depth: int = 30
    recorded: int = 20_000
    swept: int = 10_000
    processes: int = 3
    repeats: int = 15


QUICK = Sizes(
    steps=2_000,
    large=2_000,
    small=100,
    large_scan=3,
    small_scan=3,
    milestones=20,
    members=6,
    many_members=8,
    of_theirs=4,
    depth=2,
    recorded=1_000,
    swept=20,
    processes=1,
    repeats=3,
)
