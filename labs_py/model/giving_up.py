"""What becomes of a request when callers stop waiting: who gives up and when, and what goes on below for nobody.

A caller that gives up learns nothing more, and the called service learns nothing at all: it works on, and makes its next calls. With a
deadline that is carried along, every service knows until when the answer is wanted: past that it begins nothing, makes no call, and, if
it `stops`, drops what it is doing. Branches that run together are done when the last one is, also when one of them fails.

Times are whole nanoseconds, as in the simulation. Every service takes one of a few times, each with its probability and independently of
all others; all results are exact sums over these.

Source:
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/ (deadline propagation, cancellation propagation).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from labs_py.model.architecture import Alternatives, Architecture, Call, Service, Step
from labs_py.model.outcome import ANSWERED, DEGRADED, OK, TIMEOUT
from labs_py.model.ticks import NEVER, half, ticks

type Works = Sequence[tuple[float, float]]
"""The times that a service's own work may take, in seconds, each with its probability."""

type Ends = Mapping[tuple[float, str], float]
"""When something may end, and how, with the probability of each."""


@dataclass(frozen=True)
class Patience:
    """How long callers wait. Times are in seconds; `timeout` is the limit of the outermost call.

    Each level below has `keep` less than the one above, and no limit at all if not `inner`. A limit counts from when the call is made or,
    if it is `carried`, the outermost one from when the request began, and each other is what its caller has left, less `keep`. `stops`
    needs `carried`: work under way ends when the limit has passed.
    """

    timeout: float
    keep: float = 0.0
    inner: bool = True
    carried: bool = False
    stops: bool = False

    def expires(self, depth: int, now: float, gone: float) -> float:
        """Return when a call that is made `now` is given up; `depth` is 0 for the outermost call. Times are in nanoseconds.

        `gone` is when the first of the callers above stops waiting.
        """
        if depth < 0 or (depth and not self.inner):
            return NEVER
        if self.carried:
            return gone - ticks(self.keep) if depth else ticks(self.timeout)
        return now + ticks(self.timeout) - depth * ticks(self.keep)


@dataclass(frozen=True)
class Place:
    """A place in the code that makes a call: whom it calls, and what that one does then; `depth` is -1 for the entry service.

    `limit` is how long this call is waited for at most, whatever else limits it. Times are in nanoseconds.
    """

    name: str
    caller: str
    depth: int
    way: float
    works: tuple[tuple[float, float], ...]
    steps: tuple["Place | Branches", ...] = ()
    optional: bool = False
    limit: float = NEVER


@dataclass(frozen=True)
class Branches:
    """Lists of calls that start at once."""

    lists: tuple[tuple["Place | Branches", ...], ...]
    optional: bool = False


def request(architecture: Architecture, endpoint: str, works: Callable[[Service, str], Works]) -> Place:
    """Return what a request to `endpoint` does, from its entry service on; `works` gives each service's own times by operation.

    Of the timeouts in the architecture, those of optional calls limit them; the others are left to a `Patience`.

    Raises:
        ValueError: the architecture tries alternatives one after the other, which is not covered here.
    """

    def place(name: str, caller: str, call: Call, more: tuple[Step, ...], depth: int) -> Place:
        service = architecture.services[call.service]
        below = (*service.calls_for(call.operation), *more)
        return Place(
            name,
            caller,
            depth,
            half(ticks(service.round_trip.mean)) if depth >= 0 else 0.0,
            tuple((ticks(time), chance) for time, chance in works(service, call.operation)),
            steps(below, name, depth + 1),
            call.optional,
            ticks(call.timeout) if call.optional and call.timeout else NEVER,
        )

    def steps(given: Sequence[Step], caller: str, depth: int) -> tuple[Place | Branches, ...]:
        found: list[Place | Branches] = []
        for step in given:
            if isinstance(step, Alternatives):
                raise ValueError(f"calls of {caller} must not have alternatives here, got {step!r}")
            if isinstance(step, Call):
                found += [place(step.target, caller, step, (), depth)] * step.times
            else:
                found.append(Branches(tuple(steps(one, caller, depth) for one in step.branches), step.optional))
        return tuple(found)

    entered = architecture.endpoints[endpoint]
    return place(entered.entry, "user", Call(entered.entry), entered.calls, -1)


def chain(works: Sequence[Works], limits: Sequence[float] = ()) -> Place:
    """Return services that each do their own work and then call the next; `limits` are of these calls, in seconds. The network is free.

    >>> Course(Patience(10.0)).follow(chain([[(1.0, 1.0)], [(4.0, 0.5), (12.0, 0.5)]]))
    {(5000000000.0, 'ok'): 0.5, (11000000000.0, 'timed out'): 0.5}
    """
    own = [tuple((ticks(time), chance) for time, chance in each) for each in works]
    names = ["user", *(f"service {number}" for number in range(1, len(own) + 1))]
    steps: tuple[Place, ...] = ()
    for depth in reversed(range(-1, len(own) - 1)):
        limit = ticks(limits[depth]) if limits and depth >= 0 else NEVER
        steps = (Place(names[depth + 2], names[depth + 1], depth, 0.0, own[depth + 1], steps, limit=limit),)
    return steps[0]


def places(place: Place) -> Iterator[Place]:
    """Yield a place and all below it, callers before callees, in the order of the code."""
    yield place
    waiting = list(reversed(place.steps))
    while waiting:
        step = waiting.pop()
        if isinstance(step, Place):
            yield from places(step)
        else:
            waiting += [one for branch in reversed(step.lists) for one in reversed(branch)]


@dataclass
class Count:
    """What happens at one place, on average over all requests. Times are in nanoseconds.

    `made` counts calls and `given_up` those whose caller stops waiting; `late` are calls that are made after somebody above has given
    up, `worked_late` and `held_late` the own work and the time in service after that, `worked` all own work. `unheard` are calls that
    succeed when their caller has given up.
    """

    made: float = 0.0
    given_up: float = 0.0
    late: float = 0.0
    worked: float = 0.0
    worked_late: float = 0.0
    held_late: float = 0.0
    unheard: float = 0.0


@dataclass(frozen=True)
class Visit:
    """One call as it happened: sent, taken up, done with the own work, ended, and heard of or given up by its caller.

    Nobody above waits any more from `gone` on. A call that was not made has no time but `sent`.
    """

    place: Place
    sent: float
    arrived: float = NEVER
    worked: float = NEVER
    ended: float = NEVER
    heard: float = NEVER
    gone: float = NEVER
    given_up: bool = False


@dataclass
class Course:
    """Follows a request. `counts` belong to the places by their identity.

    `visits` are the calls that have been worked out: where each service takes one time only, those of the one request.
    """

    patience: Patience
    counts: dict[int, tuple[Place, Count]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    def follow(self, entry: Place) -> Ends:
        """Return when, from the request's start, and how the user is answered."""
        return dict(sorted(self._call(entry, 0.0, NEVER, 1.0).items()))

    def total(self, what: str) -> float:
        """Return the sum of one count over all places."""
        return math.fsum(getattr(count, what) for _, count in self.counts.values())

    def _call(self, place: Place, sent: float, gone: float, chance: float) -> Ends:
        """Make a call, with this chance; `gone` is when the first of the callers above stops waiting."""
        expires = min(self.patience.expires(place.depth, sent, gone), sent + place.limit)
        count = self.counts.setdefault(id(place), (place, Count()))[1]
        if sent >= expires:
            self.visits.append(Visit(place, sent))
            return {(sent, TIMEOUT): 1.0}
        count.made += chance
        if sent >= gone:
            count.late += chance
        gone = min(gone, expires)
        arrived = sent + place.way
        ends = self._serve(place, count, arrived, expires, gone, chance)
        heard: dict[tuple[float, str], float] = defaultdict(float)
        for (ended, outcome), share in ends.items():
            count.held_late += chance * share * max(0.0, ended - max(arrived, gone))
            if ended + place.way < expires:
                heard[ended + place.way, outcome] += share
            else:
                count.given_up += chance * share
                count.unheard += chance * share * (outcome in ANSWERED)
                heard[expires, TIMEOUT] += share
        ended, told = max(ends)[0], max(heard)[0]
        worked = min(arrived + max(place.works)[0], ended)
        self.visits.append(Visit(place, sent, arrived, worked, ended, told, gone, told == expires))
        return heard

    def _serve(self, place: Place, count: Count, arrived: float, expires: float, gone: float, chance: float) -> Ends:
        """Do a service's own work and then its calls; `gone` is when the first of its callers stops waiting."""
        if self.patience.carried and arrived >= expires:
            return {(arrived, TIMEOUT): 1.0}
        ends: dict[tuple[float, str], float] = defaultdict(float)
        for work, share in place.works:
            stopped = self.patience.stops and arrived + work > expires
            done = expires if stopped else arrived + work
            count.worked += chance * share * (done - arrived)
            count.worked_late += chance * share * max(0.0, done - max(arrived, gone))
            found = {(done, TIMEOUT): 1.0} if stopped else self._list(place.steps, done, gone, chance * share)
            for end, part in found.items():
                ends[end] += share * part
        return ends

    def _list(self, steps: Sequence[Place | Branches], start: float, gone: float, chance: float) -> Ends:
        """Make calls one after the other, up to the first that fails and is not optional."""
        going: Ends = {(start, OK): 1.0}
        ends: dict[tuple[float, str], float] = defaultdict(float)
        for step in steps:
            after: dict[tuple[float, str], float] = defaultdict(float)
            for (now, so_far), share in going.items():
                for (end, outcome), part in self._step(step, now, gone, chance * share).items():
                    if outcome in ANSWERED or step.optional:
                        after[end, OK if so_far == outcome == OK else DEGRADED] += share * part
                    else:
                        ends[end, outcome] += share * part
            going = after
        for end_ok, share in going.items():
            ends[end_ok] += share
        return ends

    def _step(self, step: Place | Branches, now: float, gone: float, chance: float) -> Ends:
        if isinstance(step, Place):
            return self._call(step, now, gone, chance)
        both: Ends = {(now, OK): 1.0}
        for one in step.lists:
            found = self._list(one, now, gone, chance)
            joined: dict[tuple[float, str], float] = defaultdict(float)
            for (end, outcome), share in both.items():
                for (other_end, other), part in found.items():
                    joined[max(end, other_end), max(outcome, other, key=_WORSE.index)] += share * part
            both = joined
        return both


_WORSE = (OK, DEGRADED, TIMEOUT)
