"""Where the requests of one endpoint begin and end. Times are in nanoseconds."""

from typing import TYPE_CHECKING

from labs_py.model.architecture import Endpoint
from labs_py.model.calls import CompiledStep, End, JobCall, LeafCall
from labs_py.model.frame import Frame, Place
from labs_py.model.outcome import DEGRADED, OK
from labs_py.model.spans import Span
from labs_py.model.tally import EndpointTally
from labs_py.model.ticks import NEVER, ticks

if TYPE_CHECKING:
    from collections.abc import Callable

_SETTLE_AT = 4096


class Gate:
    """One endpoint under load. `tally` counts the requests that began at `warm` or later."""

    __slots__ = (
        "_counts",
        "_ended",
        "_failed",
        "_last_counts",
        "clients",
        "deadline",
        "leaf",
        "name",
        "on_end",
        "settle_at",
        "step",
        "steps",
        "tally",
        "warm",
    )

    gone_at = NEVER

    def __init__(self, endpoint: Endpoint, step: CompiledStep, clients: Place) -> None:
        self.name = endpoint.name
        self.step = step
        self.steps = (step, End())
        self.clients = clients
        self.deadline = NEVER if endpoint.deadline is None else ticks(endpoint.deadline)
        self.warm = 0.0
        self.tally = EndpointTally()
        # Ends that are known, some before their time: when it ends, when it began; of those that are not well, also how.
        self._ended: list[tuple[float, float]] = []
        self._failed: list[tuple[float, float, str]] = []
        self.settle_at = _SETTLE_AT
        self._counts = (0, 0, 0)
        self._last_counts = (0, 0, 0)
        self.on_end: Callable[[float], None] | None = None
        # A station that the client reaches at once needs no frame: half the work of a simple queue.
        direct = isinstance(step, LeafCall) and step.way == 0 and step.timeout == NEVER and self.deadline == NEVER
        self.leaf = step if direct and isinstance(step, LeafCall) else None

    def begin(self, now: float) -> None:
        """Begin a request."""
        self.tally.sent += 1
        leaf, step = self.leaf, self.step
        if leaf is not None:
            end, outcome = leaf.station.serve(now, leaf.draw(), NEVER)
            if end < NEVER:
                self._end(end, now, outcome)
        elif isinstance(step, JobCall):
            step.make(now, now + self.deadline, None, self)
        else:
            step.start(now, Frame(self.steps, self, self.clients, now, now + self.deadline, None))

    def begin_all(self, times: list[float]) -> None:
        """Begin requests at these times to a station that the client reaches at once; nothing else happens until the last of them."""
        leaf = self.leaf
        if leaf is None:
            raise AssertionError("there is no station that the client reaches at once")
        self.tally.sent += len(times)
        found = leaf.station.serve_all(times, leaf.works)
        if found is not None:
            self._end_all(times, *found)
            return
        for now in times:
            end, outcome = leaf.station.serve(now, leaf.draw(), NEVER)
            if end < NEVER:
                self._end(end, now, outcome)

    def begin_traced(self, now: float) -> Span:
        """Begin a request whose calls are kept, and return the span that will hold them."""
        self.tally.sent += 1
        span = Span("client", self.name, now)
        span.arrived = span.started = now
        self.step.start(now, Frame(self.steps, self, self.clients, now, now + self.deadline, span))
        return span

    def resume(self, at: float, outcome: str, answerer: Frame) -> None:
        """Hear that a request ends at `at`."""
        self._end(at, answerer.began, outcome)
        if answerer.span is not None:
            answerer.span.ended = answerer.span.answered = at
            answerer.span.outcome = outcome

    def _end_all(self, times: list[float], ends: list[float], took: list[float]) -> None:
        """Note the ends of requests that began at these times and took so long; most of them can be counted at once."""
        now = times[-1]
        if times[0] >= self.warm:
            done = [time for time, end in zip(took, ends, strict=True) if end <= now]
            ok, degraded, failed = self._counts
            self._counts = (ok + len(done), degraded, failed)
            self.tally.answered(done)
        else:
            now = 0.0
        self._ended += [(end, began) for end, began in zip(ends, times, strict=True) if end > now]

    def _end(self, at: float, began: float, outcome: str) -> None:
        if outcome is OK:
            self._ended.append((at, began))
        else:
            self._failed.append((at, began, outcome))
        if self.on_end is not None:
            self.on_end(at)

    @property
    def pending(self) -> int:
        """How many ends are known and have not been counted."""
        return len(self._ended) + len(self._failed)

    @property
    def last(self) -> float:
        """The last end that is known and has not been counted; 0 when there is none."""
        return max((item[0] for items in (self._ended, self._failed) for item in items), default=0.0)

    def settle(self, now: float) -> None:
        """Count the requests that have ended by now."""
        warm, tally = self.warm, self.tally
        later = [item for item in self._ended if item[0] > now]
        well = len(self._ended) - len(later)
        tally.answered([end - began for end, began in self._ended if end <= now and began >= warm])
        failed = [item for item in self._failed if item[0] <= now]
        tally.not_well((end - began, outcome) for end, began, outcome in failed if began >= warm)
        degraded = sum(outcome is DEGRADED for _, _, outcome in failed)
        ok_before, degraded_before, failed_before = self._counts
        self._counts = (ok_before + well, degraded_before + degraded, failed_before + len(failed) - degraded)
        self._ended = later
        self._failed = [item for item in self._failed if item[0] > now]
        self.settle_at = max(_SETTLE_AT, 2 * self.pending)

    def take_recent(self) -> tuple[int, int, int]:
        """Return how many requests have ended well, degraded and failed since this was last asked."""
        before, self._last_counts = self._last_counts, self._counts
        ok, degraded, failed = (now - then for now, then in zip(self._counts, before, strict=True))
        return ok, degraded, failed
