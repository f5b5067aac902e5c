"""A system under load, request by request: queues, retries, breakers and faults over time.

A discrete-event simulation of an architecture. The same seed gives the same result on every platform, however the run is cut into
pieces, and what is random in one place (a service's work, a balancer, the arrivals) has a stream of numbers of its own: change one
service, and the rest of the run meets the same luck. Times outside are in seconds, inside in whole nanoseconds.

What is simulated:
    An instance has `servers` workers, or any number. A worker does the service's own work and, when the service is `blocking`, waits for
    the calls that it makes; a call that finds no worker free waits in the instance's queue, first come first served.
    A caller that gives up does not stop the callee's work, unless a deadline has passed before the work began.
    `availability`, `needs` and `after` are not used: what fails is what `faults` says, and calls are made in the order of the file.

Source:
    Jerry Banks, John S. Carson, Barry L. Nelson and David M. Nicol, "Discrete-Event System Simulation", 5th edition, 2010.

>>> from labs_py.model.architecture_file import parse
>>> from labs_py.model.arrivals import Open
>>> shop = parse('''
... [services.web]
... servers = 1
... service_time = {mean = "10 ms", shape = "exponential"}
... [endpoints."GET /"]
... entry = "web"
... ''')
>>> run = Simulation(shop, Open(rate=80.0), requests=20_000)
>>> run.run()
>>> 0.045 < run.endpoints["GET /"].latency.mean < 0.055  # M/M/1: 50 ms
True
"""

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop
from itertools import accumulate, islice, repeat
from typing import TYPE_CHECKING

from labs_py.model.agenda import Agenda
from labs_py.model.architecture import Architecture
from labs_py.model.arrivals import Closed, Load
from labs_py.model.assembly import Assembly
from labs_py.model.attempts import Circuit
from labs_py.model.faults import Fault, check
from labs_py.model.gate import Gate
from labs_py.model.host import Host
from labs_py.model.tally import EndpointTally, Result
from labs_py.model.ticks import NANOSECONDS, NEVER, draws, stream, ticks

if TYPE_CHECKING:
    from labs_py.model.spans import Span

MOST_INSTANCES = 20_000
MOST_WORKERS = 1_000_000
_CHUNK = 4096
_LAST = 2.0**53  # up to here, 104 days, every whole number of nanoseconds is a float


@dataclass(frozen=True)
class Moment:
    """A look at a running simulation at `time` seconds: for each service, how many calls wait and are in service at each instance.

    `ok`, `degraded` and `failed` count the requests that have ended since the look before. `breakers` are the states of the circuit
    breakers that have let a call pass or refused one, by caller and callee: "closed", "open" or "trial", for each of the caller's
    instances and policies.
    """

    time: float
    waiting: dict[str, list[int]]
    busy: dict[str, list[int]]
    ok: int
    degraded: int
    failed: int
    breakers: dict[tuple[str, str], list[str]]


class Simulation:
    """One run of an architecture under a load.

    Requests go to the endpoints by their weights. They come until the run ends, or until `requests` have come. What begins in the first
    `warm_up` seconds is not counted. The calls of the first `traced` requests after that are kept as spans. Without `foresight` every
    call is simulated event by event, which is slower and, but for events at the same nanosecond, the same.

    Raises:
        ValueError: a fault names what the architecture does not have, or a number is out of its range.
    """

    def __init__(
        self,
        architecture: Architecture,
        load: Load,
        *,
        faults: Sequence[Fault] = (),
        seed: object = 1,
        warm_up: float = 0.0,
        requests: int | None = None,
        traced: int = 0,
        foresight: bool = True,
    ) -> None:
        check(architecture, faults)
        instances = sum(service.replicas for service in architecture.services.values())
        workers = sum(service.replicas * (service.servers or 1) for service in architecture.services.values())
        if instances > MOST_INSTANCES or workers > MOST_WORKERS:
            raise ValueError(
                f"an architecture to be simulated must have at most {MOST_INSTANCES:,} instances and {MOST_WORKERS:,} workers in all, "
                f"got {instances:,} and {workers:,}"
            )
        if not 0 <= warm_up * NANOSECONDS < _LAST:
            raise ValueError(f"warm_up must be from 0 s to below 104 days, got {warm_up!r}")
        if requests is not None and requests < 1:
            raise ValueError(f"requests must be at least 1, got {requests!r}")
        self.sent = 0
        self.requests = requests
        self.warm = ticks(warm_up)
        self.agenda = Agenda()
        self._now = 0.0
        self._traced_left = traced
        self.spans: list[Span] = []
        self._assembly = Assembly(architecture, faults, seed, self.agenda, foresight)
        clients = self._assembly.clients
        loaded = {name: endpoint for name, endpoint in architecture.endpoints.items() if endpoint.weight > 0}
        self._gates = [Gate(endpoint, self._assembly.entry(endpoint), clients) for endpoint in loaded.values()]
        running = list(accumulate(endpoint.weight for endpoint in loaded.values()))
        self._shares = [weight / running[-1] for weight in running]
        self._uniform = stream(seed, "endpoints").random
        if warm_up:
            self.agenda.at(self.warm, self._warmed_up, None)
        self._arrivals: Iterator[float] = iter(())
        if isinstance(load, Closed):
            self._think = draws(load.think, stream(seed, "thinking"))
            for gate in self._gates:
                gate.on_end = self._user_thinks
            for _ in range(load.users):
                self.agenda.at(self._think(), self._user_sends, None)
        else:
            self._arrivals = islice(load.arrivals(stream(seed, "arrivals")), requests)
        self._begin = self._begin_one
        self._ahead: list[float] = []  # the next arrivals
        gate = self._gates[0]
        if len(self._gates) == 1 and not traced:
            self._begin = gate.begin
        plain = len(self._gates) == 1 and gate.leaf is not None and not traced and not isinstance(load, Closed)
        self._handle = self._plain_chunk if plain else self._chunk

    @property
    def now(self) -> float:
        """The simulated time, in seconds."""
        return self._now / NANOSECONDS

    def run(self, until: float | None = None) -> None:
        """Go on until the time `until` in seconds, or, without one, until all `requests` have ended and nothing more can happen.

        Raises:
            ValueError: `until` is in the past or beyond 104 days, or neither it nor `requests` is given.
        """
        for _ in self.progress(until):
            pass

    def progress(self, until: float | None = None, every: int = 16) -> Iterator[float]:
        """Go on as `run` does, and yield the share done now and then: every so many times 4,096 events.

        Whoever stops asking stops the simulation there; what it has counted holds, and it can be gone on with.
        """
        if until is None and self.requests is None:
            raise ValueError("until must be a time, or the simulation must be given a number of requests")
        limit = _LAST if until is None else ticks(until)
        if not self._now <= limit <= _LAST:
            raise ValueError(f"until must be from {self.now:g} s, which has been reached, to 104 days, got {until!r}")
        chunks = 0
        while self._handle(limit):
            for gate in self._gates:
                if gate.pending >= gate.settle_at:
                    gate.settle(self._now)
            chunks += 1
            if chunks % every == 0:
                yield self.sent / self.requests if until is None and self.requests else self._now / limit
        self._now = limit if until is not None else max(self._now, *(gate.last for gate in self._gates))

    def moments(self, until: float, count: int) -> Iterator[Moment]:
        """Go on until `until`, and look at the system `count` times at equal distances."""
        start = self.now
        for number in range(1, count + 1):
            self.run(until if number == count else start + (until - start) * number / count)
            yield self.look()

    def look(self) -> Moment:
        """Return what the system looks like now."""
        for gate in self._gates:
            gate.settle(self._now)
        ok, degraded, failed = map(sum, zip(*(gate.take_recent() for gate in self._gates), strict=True))
        services = self._assembly.services
        return Moment(
            self.now,
            {name: [one.waiting(self._now) for one in service.instances] for name, service in services.items()},
            {name: [one.working(self._now) for one in service.instances] for name, service in services.items()},
            ok,
            degraded,
            failed,
            self._breakers(),
        )

    def _breakers(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for name, service in self._assembly.services.items():
            for instance in service.instances if isinstance(service, Host) else ():
                for (callee, _), remembered in instance.memory.items():
                    if isinstance(remembered, Circuit):
                        found.setdefault((name, callee), []).append(remembered.state)
        return found

    @property
    def endpoints(self) -> dict[str, EndpointTally]:
        """What has been counted up to now, by endpoint; it goes on counting."""
        for gate in self._gates:
            gate.settle(self._now)
        return {gate.name: gate.tally for gate in self._gates}

    def result(self) -> Result:
        """Return what has been counted up to now; it stays as it is when the simulation goes on."""
        measured = max(0.0, self._now - self.warm) / NANOSECONDS
        return copy.deepcopy(Result(measured, self.endpoints, self._assembly.tallies))

    # --- events --------------------------------------------------------------------------------

    def _chunk(self, limit: float) -> bool:
        """Handle up to 4,096 events that are not after `limit`; return whether there may be more."""
        heap, begin = self.agenda.heap, self._begin
        if not self._ahead:
            self._ahead = list(islice(self._arrivals, _CHUNK))
        arrivals = iter(self._ahead)
        arrival = next(arrivals, NEVER)
        bound = min(arrival, limit)
        started, now, more = 0, self._now, True
        for _ in repeat(None, _CHUNK):
            if heap and heap[0][0] <= bound:
                now, _number, action, subject = heappop(heap)
                action(now, subject)
            elif arrival <= limit:
                now = arrival
                started += 1
                begin(now)
                arrival = next(arrivals, NEVER)
                if arrival == NEVER:
                    break  # the next ones have not been drawn yet
                bound = min(arrival, limit)
            else:
                more = False
                break
        self._now = now
        self._ahead = self._ahead[started:]
        self.sent += started
        return more

    def _plain_chunk(self, limit: float) -> bool:
        """Do the same where requests go straight to a station and nowhere else: up to the next event they can be handled at once."""
        heap = self.agenda.heap
        if not self._ahead:
            self._ahead = list(islice(self._arrivals, _CHUNK))
        event = heap[0][0] if heap else NEVER
        count = bisect_left(self._ahead, event) if event <= limit else bisect_right(self._ahead, limit)
        if count:
            times, self._ahead = self._ahead[:count], self._ahead[count:]
            self._gates[0].begin_all(times)
            self._now = times[-1]
            self.sent += count
        elif event <= limit:
            self._now, _number, action, subject = heappop(heap)
            action(self._now, subject)
        return count > 0 or event <= limit

    def _begin_one(self, now: float) -> None:
        """Begin a request to an endpoint chosen by weight."""
        gates = self._gates
        gate = gates[bisect_right(self._shares, self._uniform())] if len(gates) > 1 else gates[0]
        if self._traced_left and now >= self.warm:
            self._traced_left -= 1
            self.spans.append(gate.begin_traced(now))
        else:
            gate.begin(now)

    def _user_sends(self, now: float, _: None) -> None:
        if self.requests is None or self.sent < self.requests:
            self.sent += 1
            self._begin(now)

    def _user_thinks(self, at: float) -> None:
        """Have a user whose request ends at `at` send the next one after a while."""
        self.agenda.at(at + self._think(), self._user_sends, None)

    def _warmed_up(self, now: float, _: None) -> None:
        for tally in self._assembly.tallies.values():
            tally.clear()
        for gate in self._gates:
            gate.settle(now)
            gate.warm = now
            gate.tally = EndpointTally()
