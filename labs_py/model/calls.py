"""The steps of a list of calls, made ready to run. Times are in nanoseconds."""

from collections.abc import Iterator
from heapq import heappush
from typing import Protocol

from labs_py.model.agenda import Agenda
from labs_py.model.faults import Cuts
from labs_py.model.frame import Frame, Job
from labs_py.model.host import Host
from labs_py.model.outcome import ANSWERED, DEGRADED, OK, TIMEOUT
from labs_py.model.spans import Span
from labs_py.model.station import Station
from labs_py.model.ticks import NEVER, Draw


class CompiledStep(Protocol):
    """A step of a list of calls; a failed one ends the list unless it is `optional`."""

    optional: bool

    def start(self, at: float, frame: Frame) -> None:
        """Begin at the time `at`, which is now or later, and tell the frame once how it ended."""


class End:
    """What stands behind the last step of a list."""

    __slots__ = ("optional",)

    def __init__(self) -> None:
        self.optional = False

    def start(self, at: float, frame: Frame) -> None:
        """End the list."""
        frame.finish(at, DEGRADED if frame.degraded else OK)


class Return:
    """What stands behind the last call that a service makes: the call of the service itself ends."""

    __slots__ = ("host", "optional")

    def __init__(self, host: Host) -> None:
        self.host = host
        self.optional = False

    def start(self, at: float, frame: Frame) -> None:
        """End the call, as `Job.finish` does."""
        host = self.host
        heappush(host.agenda.heap, (at, host.agenda.number(), host.on_end, frame))


class Route:
    """The way from a caller to an operation of a service: how long one way takes, or how to draw it, and when nothing passes."""

    __slots__ = ("cuts", "draw", "fixed", "operation", "service")

    def __init__(self, service: str, operation: str, fixed: float | None, draw: Draw | None, cuts: Cuts | None) -> None:
        self.service = service
        self.operation = operation
        self.fixed = fixed
        self.draw = draw
        self.cuts = cuts

    def way(self) -> float:
        """Return how long a call takes there, and its answer back."""
        return self.draw() if self.draw is not None else self.fixed or 0.0


class LeafCall:
    """A call of a station, whose answer is known when it arrives. `paced` says that the caller hangs at some time."""

    __slots__ = (
        "agenda",
        "cuts",
        "draw",
        "on_arrive",
        "optional",
        "paced",
        "route",
        "station",
        "sure",
        "timeout",
        "way",
        "works",
    )

    def __init__(
        self,
        agenda: Agenda,
        route: Route,
        station: Station,
        works: Iterator[float],
        timeout: float,
        *,
        optional: bool,
        paced: bool,
    ) -> None:
        self.agenda = agenda
        self.route = route
        self.way = route.fixed
        self.cuts = route.cuts
        self.station = station
        self.works = works
        self.draw = works.__next__
        self.timeout = timeout
        self.optional = optional
        self.paced = paced
        self.sure = timeout if route.cuts is None else 0.0  # a call on a shorter way is heard of
        self.on_arrive = self.arrive

    def start(self, at: float, frame: Frame) -> None:
        """Send the call."""
        way = self.way
        if way is None:
            way = self.route.way()
        frame.sent = at
        frame.way = way
        arrival = at + way
        if arrival < frame.deadline and way < self.sure:
            heappush(self.agenda.heap, (arrival, self.agenda.number(), self.on_arrive, frame))
        else:
            self._start_unsure(at, frame, arrival)

    def _start_unsure(self, at: float, frame: Frame, arrival: float) -> None:
        """Send a call that may get lost, or be given up before it arrives."""
        expires = min(at + self.timeout, frame.deadline)
        if at < expires and not (self.cuts is not None and self.cuts.at(at)):
            self.agenda.at(arrival, self.arrive if arrival < expires else self._arrive_unheard, frame)
            if arrival < expires:
                return
        if frame.span is not None:
            frame.span.call(self.route, at).answered = max(at, expires)
        if expires < NEVER:
            self.agenda.at(max(at, expires), _give_up, frame)

    def _arrive_unheard(self, now: float, frame: Frame) -> None:
        self.station.serve(now, self.draw(), frame.deadline)

    def arrive(self, now: float, frame: Frame) -> None:
        """Work out the answer, and tell the caller when it will come."""
        sent, deadline = frame.sent, frame.deadline
        if frame.gone_at <= sent:
            return
        work = self.draw()
        end, outcome = self.station.serve(now, work, deadline)
        answer = end + frame.way
        if self.cuts is not None and self.cuts.at(end):
            answer = NEVER
        expires = sent + self.timeout
        if deadline < expires:  # noqa: PLR1730 - `min` takes several times as long, in the innermost loop
            expires = deadline
        if frame.span is not None:
            span = frame.span.call(self.route, sent)
            span.arrived, span.ended, span.outcome = now, end, outcome
            span.started = max(now, end - work)
            span.answered = min(answer, expires)
        if answer < expires and outcome is OK and not self.paced:
            frame.position += 1  # what `frame.resume` would do
            frame.steps[frame.position].start(answer, frame)
        elif answer < expires:
            frame.resume(answer, outcome, None)
        elif expires < NEVER:
            frame.resume(expires, TIMEOUT, None)


class JobCall:
    """A call of a host, simulated event by event."""

    __slots__ = (
        "agenda",
        "cuts",
        "draw",
        "host",
        "on_arrive",
        "optional",
        "route",
        "steps",
        "timeout",
        "unsure",
        "way",
    )

    def __init__(
        self,
        agenda: Agenda,
        route: Route,
        host: Host,
        works: Iterator[float],
        steps: tuple[CompiledStep, ...],
        timeout: float,
        optional: bool,
    ) -> None:
        self.agenda = agenda
        self.route = route
        self.cuts = route.cuts
        self.host = host
        self.draw = works.__next__
        self.steps = steps
        self.timeout = timeout
        self.optional = optional
        self.way = route.fixed
        self.unsure = timeout < NEVER or route.cuts is not None  # whether it may not be answered, or not in time
        self.on_arrive = host.arrive

    def start(self, at: float, frame: Frame) -> None:
        """Send the call."""
        if self.unsure or frame.deadline < NEVER or frame.span is not None:
            self.make(at, frame.deadline, frame.span, frame)
            return
        way = self.way
        if way is None:
            way = self.route.way()
        job = Job(self, frame, at, way, NEVER, NEVER, None)
        heappush(self.agenda.heap, (at + way, self.agenda.number(), self.on_arrive, job))

    def make(self, at: float, deadline: float, span: Span | None, caller: object) -> None:
        """Send the call for a caller who waits for it no longer than its timeout and the deadline say."""
        expires = at + self.timeout
        if deadline < expires:  # noqa: PLR1730 - `min` takes several times as long, in the innermost loop
            expires = deadline
        job = self.send(at, deadline, expires, span, caller)
        if expires < NEVER:
            self.agenda.at(max(at, expires), _expire, job)

    def send(self, at: float, deadline: float, expires: float, span: Span | None, caller: object) -> Job:
        """Send the call, unless it is too late for it."""
        way = self.route.way()
        below = None if span is None else span.call(self.route, at)
        job = Job(self, caller, at, way, deadline, expires, below)
        if at < expires and not (self.cuts is not None and self.cuts.at(at)):
            heappush(self.agenda.heap, (at + way, self.agenda.number(), self.on_arrive, job))
        return job


class GroupCall:
    """Branches that run together, or in turn until one works."""

    __slots__ = ("agenda", "branches", "in_turn", "optional", "timeout")

    def __init__(
        self,
        agenda: Agenda,
        branches: tuple[tuple[CompiledStep, ...], ...],
        in_turn: bool,
        timeout: float,
        optional: bool,
    ) -> None:
        self.agenda = agenda
        self.branches = branches
        self.in_turn = in_turn
        self.timeout = timeout
        self.optional = optional

    def start(self, at: float, frame: Frame) -> None:
        """Begin the branches, or the first of them."""
        if frame.gone_at <= at:
            return
        group = Group(self, frame, at + self.timeout)
        frame.group = group
        if group.expires < NEVER:
            self.agenda.at(group.expires, _expire, group)
        group.frames = [
            Frame(branch, group, frame.place, at, frame.deadline, frame.span)
            for branch in (self.branches[:1] if self.in_turn else self.branches)
        ]
        for branch in list(group.frames):
            branch.steps[0].start(at, branch)


class Group:
    """The branches under way of one step."""

    __slots__ = ("done", "ended", "expires", "frame", "frames", "latest", "outcome", "step")

    def __init__(self, step: GroupCall, frame: Frame, expires: float) -> None:
        self.step = step
        self.frame = frame
        self.expires = expires
        self.frames: list[Frame] = []
        self.ended = 0
        self.latest = 0.0
        self.outcome = OK
        self.done = False

    def resume(self, at: float, outcome: str, answerer: Frame) -> None:
        """Hear how a branch ended."""
        self.ended += 1
        self.latest = max(self.latest, at)
        if self.step.in_turn:
            if outcome not in ANSWERED and self.ended < len(self.step.branches):
                if at < self.expires:
                    frame = self.frame
                    branch = Frame(self.step.branches[self.ended], self, frame.place, at, frame.deadline, frame.span)
                    self.frames = [branch]
                    branch.steps[0].start(at, branch)
                return
            self.outcome = outcome
        else:
            if self.outcome in ANSWERED and outcome is not OK:
                self.outcome = outcome
            if self.ended < len(self.step.branches):
                return
        if self.latest < self.expires:
            self._end(self.latest, self.outcome)

    def expire(self, now: float) -> None:
        """Give the branches up."""
        if not self.done:
            for frame in self.frames:
                frame.kill(now)
            self._end(now, TIMEOUT)

    def _end(self, at: float, outcome: str) -> None:
        self.done = True
        self.frame.group = None
        self.frame.resume(at, outcome, self)


def _give_up(now: float, frame: Frame) -> None:
    frame.resume(now, TIMEOUT, None)


def _expire(now: float, waiting: Job | Group) -> None:
    waiting.expire(now)
