"""One request over time, every call taking exactly its mean: one row for each place in the plan that makes calls."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from labs_py.model.latency import mean_time
from labs_py.model.plan import InOrder, Plan, Repeated, Span, Together

MOST_ROWS = 40
MOST_TURNS = 30  # repeats in a row that are drawn one by one; more are drawn as one long call

type Kind = Literal["network", "work"]


@dataclass(frozen=True)
class Stretch:
    """A stretch of one call, in seconds from the request's start."""

    kind: Kind
    start: float
    end: float


@dataclass
class Row:
    """All calls that one place in the plan makes: how many, how deep below the entry, and from when to when in seconds.

    `critical` says whether the request waits for them: were they slower, it would be too.
    """

    name: str
    depth: int
    times: int
    batch: int
    at_once: bool
    critical: bool
    start: float
    end: float
    stretches: list[Stretch] = field(default_factory=list)

    def spent(self, kind: Kind) -> float:
        """Return the seconds drawn as this kind."""
        return math.fsum(stretch.end - stretch.start for stretch in self.stretches if stretch.kind == kind)


@dataclass(frozen=True)
class _Turn:
    """What a part of the plan inherits from those around it; `scale` is how many repeats are drawn as one long call."""

    depth: int = 0
    times: int = 1
    drawn: int = 1
    scale: int = 1
    at_once: bool = False
    critical: bool = True
    stop: float = math.inf


class Waterfall:
    """The rows of one request, callers before callees, at most `MOST_ROWS`; `hidden` counts the places left out."""

    def __init__(self, request: Span) -> None:
        self._rows: dict[tuple[int, ...], Row] = {}
        self.end = self._place(request, 0.0, (), _Turn())

    @property
    def rows(self) -> list[Row]:
        """The rows, callers before callees."""
        return list(self._rows.values())[:MOST_ROWS]

    @property
    def hidden(self) -> int:
        """How many places the plan has beyond the rows."""
        return max(0, len(self._rows) - MOST_ROWS)

    def _place(self, plan: Plan, start: float, path: tuple[int, ...], turn: _Turn) -> float:
        """Draw a plan from `start` on and return its end."""
        if isinstance(plan, Span):
            return self._span(plan, start, path, turn)
        if isinstance(plan, Repeated):
            return self._repeated(plan, start, path, turn)
        if isinstance(plan, InOrder):
            for index, part in enumerate(plan.parts):
                start = self._place(part, start, (*path, index), turn)
            return start
        if isinstance(plan, Together):
            times = [mean_time(branch) for branch in plan.branches]
            ends = [start]
            for index, branch in enumerate(plan.branches):
                waited_for = turn.critical and index == times.index(max(times))
                ends.append(self._place(branch, start, (*path, index), replace(turn, critical=waited_for)))
            return max(ends)
        stop = start + plan.limit * turn.scale
        return min(stop, self._place(plan.part, start, path, replace(turn, stop=min(turn.stop, stop))))

    def _repeated(self, plan: Repeated, start: float, path: tuple[int, ...], turn: _Turn) -> float:
        inner = replace(turn, times=turn.times * plan.times, at_once=turn.at_once or plan.at_once)
        if plan.at_once:
            return self._place(plan.part, start, path, inner)
        if turn.drawn * plan.times > MOST_TURNS:
            return self._place(plan.part, start, path, replace(inner, scale=turn.scale * plan.times))
        for _ in range(plan.times):
            start = self._place(plan.part, start, path, replace(inner, drawn=turn.drawn * plan.times))
        return start

    def _span(self, plan: Span, start: float, path: tuple[int, ...], turn: _Turn) -> float:
        row = self._rows.setdefault(
            path, Row(plan.name, turn.depth, turn.times, plan.batch, turn.at_once, False, start, start)
        )
        half = plan.network.mean * turn.scale / 2
        arrived = start + half
        worked = arrived + plan.work.mean * plan.batch * turn.scale
        replied = self._place(plan.inner, worked, (*path, 0), replace(turn, depth=turn.depth + 1))
        pieces: list[tuple[Kind, float, float]] = [
            ("network", start, arrived),
            ("work", arrived, worked),
            ("network", replied, replied + half),
        ]
        row.stretches += [
            Stretch(kind, low, min(high, turn.stop)) for kind, low, high in pieces if low < min(high, turn.stop)
        ]
        row.start = min(row.start, start)
        row.end = max(row.end, min(replied + half, turn.stop))
        row.critical = row.critical or turn.critical
        return replied + half
