"""End-to-end availability of an architecture: exact, with shared services and shared infrastructure counted once.

A service is up when at least `needs` of its `replicas` instances are; an instance is up when it works itself and what it
runs on is up. A call succeeds when its service is up and every call that the service makes for it succeeds, optional ones
left out. Alternatives succeed when one of them does. Instances and infrastructure fail independently of one another.

Sources:
    Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, "The Calculus of Service Availability", ACM Queue 15(2), 2017.
    Z. W. Birnbaum, "On the importance of different components in a multicomponent system", 1969.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labs_py.model.architecture import Alternatives, Architecture, Call, Step, walk
from labs_py.model.conditioning import Chance, Conditioning, at_least_of_equals
from labs_py.model.structure import Structures

MOST_PLACED_INSTANCES = 5_000


@dataclass(frozen=True)
class EndpointAvailability:
    """Probability that a request to one endpoint succeeds, and that it succeeds with nothing optional missing."""

    availability: float
    complete: float


@dataclass(frozen=True)
class Importance:
    """What one service, or one shared infrastructure, means for the load-weighted availability.

    `birnbaum` is the availability with the part surely up minus that with it surely down; `gain` is what the availability
    would rise by if the part were perfect.
    """

    birnbaum: float
    gain: float


@dataclass(frozen=True)
class SystemAvailability:
    """Availability of a whole architecture. `availability` and `complete` are weighted by the endpoints' share of the load.

    `naive_product` multiplies the availability of every service, as if each request needed all of them and shared nothing.
    """

    availability: float
    complete: float
    naive_product: float
    endpoints: Mapping[str, EndpointAvailability]
    services: Mapping[str, Importance]
    infrastructure: Mapping[str, Importance]


@dataclass
class SystemStructure:
    """The structure functions of an architecture, with the probability of each of their variables.

    `up` is each service's own; `works` and `complete` are each endpoint's.
    """

    structures: Structures = field(default_factory=Structures)
    chances: dict[str, Chance] = field(default_factory=dict)
    up: dict[str, int] = field(default_factory=dict)
    works: dict[str, int] = field(default_factory=dict)
    complete: dict[str, int] = field(default_factory=dict)

    def variable(self, name: str, chance: Chance) -> int:
        """Return a variable's structure function, recording the variable's probability."""
        self.chances[name] = chance
        return self.structures.variable(name)


def callees_first(architecture: Architecture) -> Iterator[tuple[str, str]]:
    """Yield every service and operation ("" for the service's own calls) after all that it calls."""
    done: set[tuple[str, str]] = set()
    waiting = [
        ((name, operation), False)
        for name, service in architecture.services.items()
        for operation in ("", *service.operations)
    ]
    while waiting:
        node, callees_done = waiting.pop()
        if node in done:
            continue
        if callees_done:
            done.add(node)
            yield node
            continue
        waiting.append((node, True))
        calls = architecture.services[node[0]].calls_for(node[1])
        waiting.extend(((call.service, call.operation), False) for call in walk(calls))


def system_structure(architecture: Architecture, instance: Chance | None = None) -> SystemStructure:
    """Return the structure functions of every service and endpoint.

    With `instance`, every instance works with that probability, and only instances can fail.

    Raises:
        ValueError: more than `MOST_PLACED_INSTANCES` instances run on infrastructure.
    """
    system = SystemStructure()
    placed = sum(service.replicas for service in architecture.services.values() if service.runs_on)
    if placed > MOST_PLACED_INSTANCES:
        raise ValueError(
            f"instances on infrastructure must be at most {MOST_PLACED_INSTANCES:,} in all, got {placed:,}; "
            "lower replicas or leave out runs_on"
        )
    parts = system.structures
    for name in architecture.services:
        system.up[name] = _up(system, architecture, name, instance)
    works: dict[tuple[str, str], int] = {}
    complete: dict[tuple[str, str], int] = {}
    for node in callees_first(architecture):
        up, calls = system.up[node[0]], architecture.services[node[0]].calls_for(node[1])
        works[node] = parts.all_of([up, _all_work(parts, calls, works)])
        complete[node] = parts.all_of([up, _all_complete(parts, calls, works, complete)])
    for name, endpoint in architecture.endpoints.items():
        entry, calls = (endpoint.entry, ""), endpoint.calls
        system.works[name] = parts.all_of([works[entry], _all_work(parts, calls, works)])
        system.complete[name] = parts.all_of([complete[entry], _all_complete(parts, calls, works, complete)])
    return system


def system_availability(architecture: Architecture) -> SystemAvailability:
    """Return the exact availability of every endpoint and of the whole, and the importance of every part.

    Raises:
        ValueError: the architecture shares too much for an exact answer (see `labs_py.model.conditioning`).
    """
    system = system_structure(architecture)
    exact = Conditioning(system.structures, system.chances)
    shares = {name: architecture.load_share(name) for name in architecture.endpoints}
    endpoints = {
        name: EndpointAvailability(
            float(exact.probability(system.works[name])), float(exact.probability(system.complete[name]))
        )
        for name in architecture.endpoints
    }
    weights: dict[int, float] = {}
    for name, share in shares.items():
        weights[system.works[name]] = weights.get(system.works[name], 0.0) + share
    slopes = exact.derivatives(weights)
    return SystemAvailability(
        math.fsum(shares[name] * item.availability for name, item in endpoints.items()),
        math.fsum(shares[name] * item.complete for name, item in endpoints.items()),
        math.prod(float(exact.probability(up)) for up in system.up.values()),
        endpoints,
        {name: _importance(slopes, system.chances, "service", name) for name in architecture.services},
        {name: _importance(slopes, system.chances, "infrastructure", name) for name in architecture.infrastructure},
    )


def _up(system: SystemStructure, architecture: Architecture, name: str, instance: Chance | None) -> int:
    """Return the structure function of one service's own state.

    Instances that share nothing are one variable. Instances on infrastructure are a variable each; then two switches, "surely
    up" (off, probability 0) and "not surely down" (on, probability 1), stand between them and the service, so that the
    derivatives by the switches give the service's importance.
    """
    service = architecture.services[name]
    if instance is not None or not service.runs_on:
        chance = service.availability if instance is None else instance
        return system.variable(f"service {name}", at_least_of_equals(service.needs, service.replicas, chance))
    instances = []
    for index in range(service.replicas):
        place = service.runs_on[index % len(service.runs_on)]
        infrastructure = system.variable(f"infrastructure {place}", architecture.infrastructure[place])
        instances.append(
            system.structures.all_of(
                [infrastructure, system.variable(f"instance {index} of {name}", service.availability)]
            )
        )
    enough = system.structures.at_least(service.needs, instances)
    not_down = system.structures.all_of([enough, system.variable(f"not surely down: {name}", 1.0)])
    return system.structures.any_of([not_down, system.variable(f"surely up: {name}", 0.0)])


def _all_work(structures: Structures, steps: tuple[Step, ...], works: Mapping[tuple[str, str], int]) -> int:
    return structures.all_of([_works(structures, step, works) for step in steps if not step.optional])


def _works(structures: Structures, step: Step, works: Mapping[tuple[str, str], int]) -> int:
    if isinstance(step, Call):
        return works[step.service, step.operation]
    branches = [_all_work(structures, branch, works) for branch in step.branches]
    return structures.any_of(branches) if isinstance(step, Alternatives) else structures.all_of(branches)


def _all_complete(
    structures: Structures,
    steps: tuple[Step, ...],
    works: Mapping[tuple[str, str], int],
    complete: Mapping[tuple[str, str], int],
) -> int:
    return structures.all_of([_complete(structures, step, works, complete) for step in steps])


def _complete(
    structures: Structures, step: Step, works: Mapping[tuple[str, str], int], complete: Mapping[tuple[str, str], int]
) -> int:
    if isinstance(step, Call):
        return complete[step.service, step.operation]
    whole = [_all_complete(structures, branch, works, complete) for branch in step.branches]
    if not isinstance(step, Alternatives):
        return structures.all_of(whole)
    # The first alternative that works gives the answer, complete or not; one that is complete whenever it works needs no "not".
    failed: list[int] = []
    answers = []
    for branch, answer in zip(step.branches, whole, strict=True):
        answers.append(structures.all_of([answer, *failed]))
        working = _all_work(structures, branch, works)
        if working != answer:
            failed.append(structures.negation(working))
    return structures.any_of(answers)


def _importance(slopes: Mapping[str, float], chances: Mapping[str, Chance], kind: str, name: str) -> Importance:
    variable = f"{kind} {name}"
    if variable in slopes:
        return Importance(slopes[variable], slopes[variable] * float(1 - chances[variable]))
    if f"surely up: {name}" in slopes and kind == "service":
        gain, loss = slopes[f"surely up: {name}"], slopes[f"not surely down: {name}"]
        return Importance(gain + loss, gain)
    return Importance(0.0, 0.0)  # infrastructure that nothing runs on
