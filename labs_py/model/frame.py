"""Lists of calls under way: who made them, how far they have come, and what becomes of an answer.

An answer is often known before its time: a frame may be told "at 12 ms, ok" while the clock shows 10 ms. It then only puts down what it
will do at 12 ms, so nothing happens early.
"""

from heapq import heappush
from typing import TYPE_CHECKING, Any

from labs_py.model.faults import Pace
from labs_py.model.outcome import DEGRADED, OK, TIMEOUT
from labs_py.model.ticks import NEVER

if TYPE_CHECKING:
    from labs_py.model.calls import CompiledStep, JobCall
    from labs_py.model.spans import Span


class Place:
    """Where a list of calls is worked on: an instance of a service, or the clients together.

    `memory` keeps what its policies have to remember, by callee and policy: breakers, throttles, purses for retries, bulkheads.
    """

    __slots__ = ("memory", "pace")

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace
        self.memory: dict[tuple[str, object], Any] = {}


class Frame:
    """A list of calls, made one after the other; `caller` hears how it ended. `began` is when it started, in nanoseconds.

    The last of the steps is an `End`.
    """

    __slots__ = (
        "began",
        "caller",
        "deadline",
        "degraded",
        "gone_at",
        "group",
        "place",
        "position",
        "sent",
        "span",
        "steps",
        "way",
    )

    sent: float  # when the call of a station that is under way was sent,
    way: float  # and how long it takes to get there

    def __init__(
        self,
        steps: "tuple[CompiledStep, ...]",
        caller: Any,
        place: Any,
        began: float,
        deadline: float,
        span: "Span | None",
    ) -> None:
        self.steps = steps
        self.caller = caller
        self.place = place
        self.began = began
        self.deadline = deadline
        self.span = span
        self.position = 0
        self.degraded = False
        self.gone_at = NEVER  # when it crashed or was given up from within
        self.group: Any = None  # the branches under way

    def resume(self, at: float, outcome: str, answerer: Any) -> None:
        """Hear how the call under way ended, and go on at `at`."""
        place = self.place
        if place is not None and place.pace is not None:
            at = place.pace.awake(at)
        if self.gone_at <= at or at == NEVER:
            return
        if outcome is not OK:
            if outcome is not DEGRADED and not self.steps[self.position].optional:
                self.finish(at, outcome)
                return
            self.degraded = True
        self.position += 1
        self.steps[self.position].start(at, self)

    def finish(self, at: float, outcome: str) -> None:
        """Tell the caller."""
        self.caller.resume(at, outcome, self)

    def kill(self, now: float) -> None:
        """Give up everything from within: no more calls are made, and answers are not heard."""
        self.gone_at = min(self.gone_at, now)
        if self.group is not None:
            for frame in self.group.frames:
                frame.kill(now)


class Job(Frame):
    """A call that one instance works on: a worker, the service's own work, then its list of calls, then the answer.

    It was sent when it `began`; the caller stops listening when it `expires`, and has `heard` an answer or given up before.
    """

    __slots__ = ("arrived", "attempt", "back", "call", "expires", "heard", "outcome", "work")

    arrived: float
    work: float
    outcome: str
    attempt: int

    def __init__(
        self,
        call: "JobCall",
        caller: Any,
        began: float,
        back: float,
        deadline: float,
        expires: float,
        span: "Span | None",
    ) -> None:
        # As `Frame` does; a second call would take as long again. What is set before it is read is not set here.
        self.call = call
        self.steps = call.steps
        self.caller = caller
        self.place = None
        self.began = began
        self.back = back
        self.deadline = deadline
        self.expires = expires
        self.heard = False
        self.span = span
        self.position = 0
        self.degraded = False
        self.gone_at = NEVER
        self.group = None
        self.outcome = ""  # why it failed

    def finish(self, at: float, outcome: str) -> None:
        """End at `at`, which frees the worker and sends the answer."""
        self.outcome = outcome
        host = self.call.host
        heappush(host.agenda.heap, (at, host.agenda.number(), host.on_end, self))

    def answer(self, now: float, outcome: str) -> None:
        """Send the answer, which the caller hears if it comes through and in time."""
        at = now + self.back
        if self.span is not None:
            self.span.ended, self.span.outcome = now, outcome
        if at >= self.expires or self.heard or (self.call.cuts is not None and self.call.cuts.at(now)):
            return
        self.heard = True
        if self.span is not None:
            self.span.answered = at
        self.caller.resume(at, outcome, self)

    def expire(self, now: float) -> None:
        """Have the caller stop listening; the work goes on."""
        if not self.heard:
            self.heard = True
            if self.span is not None:
                self.span.answered = now
            self.caller.resume(now, TIMEOUT, self)
