"""An architecture made ready to be simulated: its services as stations and hosts, its lists of calls as steps. Times in nanoseconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from labs_py.model.agenda import Agenda
from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Step, walk
from labs_py.model.attempts import PolicyCall
from labs_py.model.balancer import balancer
from labs_py.model.calls import CompiledStep, End, GroupCall, JobCall, LeafCall, Return, Route
from labs_py.model.duration import Constant, Duration
from labs_py.model.faults import Fault, crashes, cuts, paces
from labs_py.model.frame import Place
from labs_py.model.host import Host, Instance
from labs_py.model.station import Station
from labs_py.model.tally import ServiceTally
from labs_py.model.ticks import NEVER, Draw, draws, half, stream, ticks, times


@dataclass
class Assembly:
    """Builds the parts of a simulation, each once. `foresight` lets stations work out whole calls; without it, all is events."""

    architecture: Architecture
    faults: Sequence[Fault]
    seed: object
    agenda: Agenda
    foresight: bool = True
    tallies: dict[str, ServiceTally] = field(default_factory=dict)
    services: dict[str, Station | Host] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clients = Place()
        self._lists: dict[tuple[str, str, str], tuple[CompiledStep, ...]] = {}
        self._draws: dict[tuple[str, ...], Draw] = {}
        self._works: dict[tuple[str, ...], Iterator[float]] = {}
        self._end = End()
        hosts = self._hosts()
        down, slowed = crashes(self.architecture, self.faults), paces(self.architecture, self.faults)
        self._slowed = dict.fromkeys(name for name, _ in slowed)
        for name, service in self.architecture.services.items():
            tally = self.tallies[name] = ServiceTally()
            choose = balancer(service.balancer, stream(self.seed, name, "balancer"))
            instances = [(name, number) for number in range(service.replicas)]
            if name not in hosts:
                self.services[name] = Station(service, choose, [slowed.get(one) for one in instances], tally)
                continue
            made = [Instance(slowed.get(one), one in down) for one in instances]
            host = self.services[name] = Host(service, self.agenda, choose, made, tally)
            for one, instance in zip(instances, made, strict=True):
                for start, end in down.get(one, ()):
                    self.agenda.at(ticks(start), host.crash, instance)
                    if end < NEVER:
                        self.agenda.at(ticks(end), host.restart, instance)

    def _hosts(self) -> dict[str, None]:
        """Return the services that have to be simulated event by event."""
        services, endpoints = self.architecture.services, self.architecture.endpoints.values()
        if not self.foresight:
            return dict.fromkeys(services)
        lists = [endpoint.calls for endpoint in endpoints]
        lists += [service.calls_for(name) for service in services.values() for name in ("", *service.operations)]
        found = [
            service.name
            for service in services.values()
            if any(service.calls_for(name) for name in ("", *service.operations))
        ]
        found += [endpoint.entry for endpoint in endpoints if endpoint.calls or endpoint.retries]
        found += [call.service for calls in lists for call in walk(calls) if _has_policy(call)]
        found += [name for name, _ in crashes(self.architecture, self.faults)]
        return dict.fromkeys(found)

    def entry(self, endpoint: Endpoint) -> CompiledStep:
        """Return the client's call of an endpoint."""
        calls = self.architecture.endpoint_calls(endpoint)
        timeout = NEVER if endpoint.timeout is None else ticks(endpoint.timeout)
        route = self._route("", endpoint.entry, "", endpoint.client_round_trip)
        steps = self._steps(calls, endpoint.entry, self._last(endpoint.entry))
        return self._called(Call(endpoint.entry, retries=endpoint.retries), route, steps, timeout, "")

    def _last(self, service: str) -> CompiledStep:
        """Return what stands behind the last call that a service makes."""
        host = self.services[service]
        return Return(host) if isinstance(host, Host) else self._end

    def _steps(self, steps: Sequence[Step], caller: str, last: CompiledStep) -> tuple[CompiledStep, ...]:
        """Return a list of calls that `caller` makes, with what stands behind it."""
        made: list[CompiledStep] = []
        for step in steps:
            timeout = NEVER if step.timeout is None else ticks(step.timeout)
            if isinstance(step, Call):
                made += [self._call(step, caller, timeout)] * step.times
                continue
            branches = tuple(self._steps(branch, caller, self._end) for branch in step.branches)
            in_turn = isinstance(step, Alternatives)
            if all(len(branch) == 1 for branch in (branches[:1] if in_turn else branches)):
                continue  # nothing is called
            made.append(GroupCall(self.agenda, branches, in_turn, timeout, step.optional))
        return (*made, last)

    def _call(self, call: Call, caller: str, timeout: float) -> CompiledStep:
        callee = self.architecture.services[call.service]
        route = self._route(caller, call.service, call.operation, callee.round_trip)
        key = (call.service, call.operation, "")
        if key not in self._lists:
            self._lists[key] = self._steps(callee.calls_for(call.operation), call.service, self._last(call.service))
        return self._called(call, route, self._lists[key], timeout, caller)

    def _called(
        self, call: Call, route: Route, steps: tuple[CompiledStep, ...], timeout: float, caller: str
    ) -> CompiledStep:
        service, works = self.services[route.service], self._work(route.service, route.operation)
        if isinstance(service, Station):
            paced = caller in self._slowed
            return LeafCall(self.agenda, route, service, works, timeout, optional=call.optional, paced=paced)
        made = JobCall(self.agenda, route, service, works, steps, timeout, call.optional)
        if not _has_policy(call):
            return made
        key = (route.service, "", "policies")
        uniform = self._draws.setdefault(key, stream(self.seed, *key).random)
        return PolicyCall(self.agenda, made, uniform, call)

    def _work(self, service: str, operation: str) -> Iterator[float]:
        """Return the times of a service's own work in one operation; one stream, whoever calls."""
        key = (service, operation, "work")
        if key not in self._works:
            work = self.architecture.services[service].work_for(operation)
            self._works[key] = times(work, stream(self.seed, *key))
        return self._works[key]

    def _route(self, caller: str, service: str, operation: str, round_trip: Duration) -> Route:
        lost = cuts(self.faults, caller, service)
        if isinstance(round_trip, Constant):
            return Route(service, operation, half(ticks(round_trip.mean)), None, lost)
        key = (caller, service, "way")
        if key not in self._draws:
            draw = draws(round_trip, stream(self.seed, *key))
            self._draws[key] = lambda: half(draw())
        return Route(service, operation, None, self._draws[key], lost)


def _has_policy(call: Call) -> bool:
    policies = (call.retries, call.hedge, call.breaker, call.bulkhead, call.throttle)
    return any(policy is not None for policy in policies)
