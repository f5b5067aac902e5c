"""A fault for a while, in a system under load: what becomes of the requests, and who runs out of workers.

One service hangs, crashes or slows down between two times of a simulation, and the system is looked at at equal distances. The look
numbered n, from 0, is at the time (n + 1) × `step`, and what it says of requests holds for the step before it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from labs_py.model.architecture import Architecture, Step, walk
from labs_py.model.arrivals import Open
from labs_py.model.availability import callees_first
from labs_py.model.faults import Crash, Fault, Hang, Slow
from labs_py.model.held_workers import entry_of
from labs_py.model.simulation import Simulation

type Kind = Literal["hang", "slow", "crash"]

SLOWER = 100.0
"""How many times as long a service works that is slow."""


@dataclass(frozen=True)
class Course:
    """One run, look by look. `ended` counts the requests that were answered, were answered degraded, and failed in each step.

    `busy` and `waiting` are workers taken and calls that wait, by service, all instances together. `breakers` are the states of the
    circuit breakers, by "caller → callee": "closed", "open" or "trial", the worst of all instances.
    """

    ended: Sequence[Sequence[int]]
    busy: Mapping[str, Sequence[int]]
    waiting: Mapping[str, Sequence[int]]
    breakers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the course as JSON types."""
        return {"ended": self.ended, "busy": self.busy, "waiting": self.waiting, "breakers": self.breakers}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Course":
        """Return what `to_json` wrote."""
        return cls(data["ended"], data["busy"], data["waiting"], data["breakers"])


@dataclass(frozen=True)
class Outage:
    """`victim` is at fault from `start` to `end` while `rate` requests come a second; all is over at `until`. Times are in seconds."""

    architecture: Architecture
    victim: str
    kind: Kind
    rate: float
    start: float
    end: float
    until: float
    looks: int

    @property
    def step(self) -> float:
        """Seconds from one look to the next."""
        return self.until / self.looks

    @property
    def times(self) -> list[float]:
        """When the looks are."""
        return [(number + 1) * self.step for number in range(self.looks)]

    @property
    def workers(self) -> dict[str, int]:
        """How many workers each service has, all instances together; 0 where there is no limit."""
        return {name: one.replicas * (one.servers or 0) for name, one in self.architecture.services.items()}

    def during(self, time: float) -> bool:
        """Return whether a look at that time is one of a service at fault; the last is at the end."""
        return self.start < time <= self.end + 1e-9

    def run(self, number: int) -> Course:
        """Simulate replication `number`, from 0."""
        fault: Fault = Hang(self.victim, self.start, self.end)
        if self.kind != "hang":
            crash, slow = Crash(self.victim, self.start, self.end), Slow(self.victim, SLOWER, self.start, self.end)
            fault = crash if self.kind == "crash" else slow
        simulation = Simulation(self.architecture, Open(self.rate), faults=[fault], seed=f"outage {number}")
        moments = list(simulation.moments(self.until, self.looks))
        names = list(self.architecture.services)
        pairs = dict.fromkeys(pair for moment in moments for pair in moment.breakers)
        return Course(
            [[moment.ok, moment.degraded, moment.failed] for moment in moments],
            {name: [sum(moment.busy[name]) for moment in moments] for name in names},
            {name: [sum(moment.waiting[name]) for moment in moments] for name in names},
            {
                f"{caller} → {callee}": [_worst(moment.breakers.get((caller, callee), ())) for moment in moments]
                for caller, callee in pairs
            },
        )

    def answered(self, course: Course) -> float:
        """Return the share of the requests that ended during the fault that were answered; nan when none ended."""
        ended = [counts for counts, time in zip(course.ended, self.times, strict=True) if self.during(time)]
        return share_answered(ended)

    def exhausted_after(self, course: Course) -> float:
        """Return after how many seconds of the fault the entry service had no free worker until its end; infinite when it had one then."""
        front = entry_of(self.architecture)
        since = math.inf
        for time, busy in zip(self.times, course.busy[front], strict=True):
            if self.during(time):
                since = min(since, time - self.start) if 0 < self.workers[front] <= busy else math.inf
        return since

    def recovered_after(self, course: Course) -> float:
        """Return for how many seconds after the fault calls still waited at the entry service, or a quarter of the requests failed.

        Infinite when that was so until all was over.
        """
        front = entry_of(self.architecture)
        last = 0.0
        for time, counts, waiting in zip(self.times, course.ended, course.waiting[front], strict=True):
            if time > self.end and (waiting or counts[2] > sum(counts) / 4):
                last = time - self.end
        return last if last < self.until - self.end - self.step / 2 else math.inf


def share_answered(ended: Sequence[Sequence[int]]) -> float:
    """Return the share of ended requests that were answered, degraded ones included; nan when none ended."""
    total = sum(map(sum, ended))
    return sum(counts[0] + counts[1] for counts in ended) / total if total else math.nan


def by_depth(architecture: Architecture) -> dict[str, int]:
    """Return the services that requests reach, callers before callees, and how many calls deep each is: its longest way from a user."""
    depths: dict[tuple[str, str], int] = {}

    def called(steps: tuple[Step, ...], depth: int) -> None:
        for call in walk(steps):
            node = call.service, call.operation
            depths[node] = max(depths.get(node, 0), depth)

    for endpoint in architecture.endpoints.values():
        depths.setdefault((endpoint.entry, ""), 0)
        called(endpoint.calls, 1)
    for service, operation in reversed(list(callees_first(architecture))):
        if (service, operation) in depths:
            called(architecture.services[service].calls_for(operation), depths[service, operation] + 1)
    found = {
        name: max(depth for (service, _), depth in depths.items() if service == name)
        for name in dict.fromkeys(service for service, _ in depths)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _worst(states: Sequence[str]) -> str:
    return next((state for state in ("open", "trial") if state in states), "closed")
