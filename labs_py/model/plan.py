"""The call plan of one request: who waits for whom, in one of three arrangements.

- `as_written`: calls one after the other, as the file says.
- `parallel`: the calls of a list start as soon as those they come `after` are done, the others at once; repeats run at once.
- `batched`: as written, but a call made n times becomes one call with n times the work, its callees' included.

All arrangements do the same work; they differ in the round trips that are waited for. Everything is up: of alternatives the
first is taken, and a timeout counts only on an optional call, where it cuts a slow call short and the request goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labs_py.model.architecture import Alternatives, Architecture, Call, Step, walk
from labs_py.model.duration import Duration

type Arrangement = Literal["as_written", "parallel", "batched"]


@dataclass(frozen=True)
class Span:
    """One call: the way there and back, the callee's own work `batch` times, then what the callee calls.

    Plans that differ in names only are equal: they take the same time.
    """

    name: str = field(compare=False)
    network: Duration
    work: Duration
    batch: int
    inner: "Plan"


@dataclass(frozen=True)
class InOrder:
    """Parts one after the other."""

    parts: tuple["Plan", ...]


@dataclass(frozen=True)
class Together:
    """Branches that start at once; done when the last one is."""

    branches: tuple["Plan", ...]


@dataclass(frozen=True)
class Repeated:
    """One part `times` times, each with a time of its own, one after the other or all at once."""

    part: "Plan"
    times: int
    at_once: bool


@dataclass(frozen=True)
class AtMost:
    """A part that is given up after `limit` seconds."""

    part: "Plan"
    limit: float


type Plan = Span | InOrder | Together | Repeated | AtMost


def plan_request(
    architecture: Architecture,
    endpoint: str,
    arrangement: Arrangement = "as_written",
    round_trip: Duration | None = None,
) -> Span:
    """Return the plan of one request to `endpoint`: the span of its entry service, whose network part is the client's.

    `round_trip` replaces the network's part of every call between services; `Constant(0.0)` makes a monolith of the same calls.
    """
    entered = architecture.endpoints[endpoint]
    entry = architecture.services[entered.entry]
    build = _Builder(architecture, arrangement, round_trip)
    inner = InOrder((build.calls(entry.calls, 1), build.calls(entered.calls, 1)))
    return Span(entry.name, entered.client_round_trip, entry.service_time, 1, inner)


class _Builder:
    def __init__(self, architecture: Architecture, arrangement: Arrangement, round_trip: Duration | None) -> None:
        self.architecture = architecture
        self.arrangement = arrangement
        self.round_trip = round_trip
        self.spans: dict[tuple[str, str, int], Span] = {}

    def calls(self, steps: Sequence[Step], batch: int) -> Plan:
        """Return the plan of one list of calls; `batch` is how often a batched caller asks for each."""
        parts = [self.step(step, batch) for step in steps]
        return _as_early_as_possible(steps, parts) if self.arrangement == "parallel" else InOrder(tuple(parts))

    def step(self, step: Step, batch: int) -> Plan:
        times = 1
        part: Plan
        if isinstance(step, Call):
            times = 1 if self.arrangement == "batched" else step.times
            part = self.span(step, batch * step.times // times)
        elif isinstance(step, Alternatives):
            part = self.calls(step.branches[0], batch)
        else:
            part = _together([self.calls(branch, batch) for branch in step.branches])
        if step.optional and step.timeout is not None:
            part = AtMost(part, step.timeout)
        return part if times == 1 else Repeated(part, times, self.arrangement == "parallel")

    def span(self, call: Call, batch: int) -> Span:
        key = (call.service, call.operation, batch)
        if key not in self.spans:
            callee = self.architecture.services[call.service]
            network = callee.round_trip if self.round_trip is None else self.round_trip
            inner = self.calls(callee.calls_for(call.operation), batch)
            self.spans[key] = Span(call.target, network, callee.work_for(call.operation), batch, inner)
        return self.spans[key]


def _as_early_as_possible(steps: Sequence[Step], parts: Sequence[Plan]) -> Plan:
    """Start each part when those its step comes `after` are done.

    Steps that no `after` connects run side by side. Connected ones in which each waits for at most one other form a tree, and
    start one by one; any others form stages, each of which waits for the whole stage before it.
    """
    needs = _needs(steps)
    depth: list[int] = []
    for earlier in needs:
        depth.append(1 + max((depth[index] for index in earlier), default=-1))
    group = list(range(len(steps)))
    for index, earlier in enumerate(needs):
        for other in earlier:
            old, new = group[index], group[other]
            group = [new if value == old else value for value in group]

    def tree(index: int) -> Plan:
        dependents = [tree(other) for other, earlier in enumerate(needs) if earlier == [index]]
        return InOrder((parts[index], _together(dependents))) if dependents else parts[index]

    branches: list[Plan] = []
    for name in dict.fromkeys(group):
        members = [index for index, value in enumerate(group) if value == name]
        if all(len(needs[index]) <= 1 for index in members):
            branches += [tree(index) for index in members if not needs[index]]
        else:
            stages = range(1 + max(depth[index] for index in members))
            at = [[parts[index] for index in members if depth[index] == stage] for stage in stages]
            branches.append(InOrder(tuple(_together(stage) for stage in at)))
    return _together(branches)


def _together(branches: Sequence[Plan]) -> Plan:
    return branches[0] if len(branches) == 1 else Together(tuple(branches))


def _needs(steps: Sequence[Step]) -> list[list[int]]:
    """Return, for each step, the earlier steps that it waits for; not those that another of them waits for already."""
    known = [{name for call in walk((step,)) for name in (call.service, call.target)} for step in steps]
    needs: list[list[int]] = []
    ancestors: list[int] = []  # one bit a step
    for index, step in enumerate(steps):
        direct = [other for other in range(index) if any(name in known[other] for name in step.after)]
        implied = 0
        for other in direct:
            implied |= ancestors[other]
        needs.append([other for other in direct if not implied >> other & 1])
        ancestors.append(implied | sum(1 << other for other in direct))
    return needs
