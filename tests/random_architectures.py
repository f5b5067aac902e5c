"""Random small architectures for property tests, and what they do, worked out a second time in the plainest way."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping

from hypothesis import strategies as st

from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Operation, Parallel, Service, Step

PROBABILITIES = st.sampled_from([0.0, 0.3, 0.5, 0.9, 0.99, 1.0])
TIMEOUTS = st.sampled_from([None, None, 0.1, 0.2, 0.5])


@st.composite
def steps(draw: st.DrawFn, targets: list[tuple[str, str]], depth: int = 0, most: int = 3) -> tuple[Step, ...]:
    made: list[Step] = []
    for _ in range(draw(st.integers(0, most)) if targets else 0):
        optional, timeout = draw(st.booleans()), draw(TIMEOUTS)
        kind = draw(st.sampled_from(["call", "call", "any", "parallel"])) if depth < 2 else "call"
        if kind == "call":
            service, operation = draw(st.sampled_from(targets))
            made.append(Call(service, operation, draw(st.integers(1, 2)), optional, timeout))
        else:
            branches = tuple(draw(steps(targets, depth + 1, 2)) for _ in range(draw(st.integers(1, 2))))
            made.append((Alternatives if kind == "any" else Parallel)(branches, optional, timeout))
    return tuple(made)


@st.composite
def architectures(draw: st.DrawFn, most_replicas: int = 2, zones: bool = True) -> Architecture:
    infrastructure = {f"zone {index}": draw(PROBABILITIES) for index in range(draw(st.integers(0, 2)) if zones else 0)}
    services: dict[str, Service] = {}
    targets: list[tuple[str, str]] = []
    for index in range(draw(st.integers(1, 4))):
        name = f"s{index}"
        replicas = draw(st.integers(1, most_replicas))
        services[name] = Service(
            name,
            draw(PROBABILITIES),
            replicas,
            draw(st.integers(1, replicas)),
            calls=draw(steps(list(targets))),
            operations={"read": Operation(draw(steps(list(targets))))} if draw(st.booleans()) else {},
            runs_on=tuple(infrastructure) if draw(st.booleans()) else (),
        )
        targets += [(name, operation) for operation in ("", *services[name].operations)]
    endpoints = {
        f"GET /{index}": Endpoint(
            f"GET /{index}", draw(st.sampled_from(list(services))), index + 1.0, draw(steps(targets))
        )
        for index in range(draw(st.integers(1, 2)))
    }
    return Architecture("random", services, endpoints, infrastructure)


def states(architecture: Architecture) -> Iterator[tuple[float, Callable[[str], bool]]]:
    """Yield every state of all instances and infrastructure: its probability, and which services are up."""
    parts: list[tuple[object, float]] = list(architecture.infrastructure.items())
    for service in architecture.services.values():
        parts += [((service.name, index), service.availability) for index in range(service.replicas)]
    for bits in itertools.product((True, False), repeat=len(parts)):
        alive = dict(zip((part for part, _ in parts), bits, strict=True))
        chance = math.prod(p if bit else 1 - p for (_, p), bit in zip(parts, bits, strict=True))

        def up(name: str, alive: Mapping[object, bool] = alive) -> bool:
            service = architecture.services[name]
            places = [
                service.runs_on[index % len(service.runs_on)] if service.runs_on else None
                for index in range(service.replicas)
            ]
            return (
                sum(alive[name, index] and (place is None or alive[place]) for index, place in enumerate(places))
                >= service.needs
            )

        yield chance, up


def succeeds(architecture: Architecture, endpoint: Endpoint, up: Callable[[str], bool]) -> bool:
    """Say whether a request succeeds, straight from the definition."""

    def all_work(these: tuple[Step, ...]) -> bool:
        return all(works(step) for step in these if not step.optional)

    def works(step: Step) -> bool:
        if isinstance(step, Call):
            return reached(step.service, step.operation)
        return (any if isinstance(step, Alternatives) else all)(all_work(branch) for branch in step.branches)

    def reached(service: str, operation: str) -> bool:
        return up(service) and all_work(architecture.services[service].calls_for(operation))

    return reached(endpoint.entry, "") and all_work(endpoint.calls)


def expected(architecture: Architecture, endpoint: Endpoint, force: Mapping[str, bool] | None = None) -> float:
    """Return the probability of success by adding up all states; `force` fixes services up or down."""
    fixed = force or {}
    return math.fsum(
        chance
        for chance, up in states(architecture)
        if succeeds(architecture, endpoint, lambda name, up=up: fixed.get(name, up(name)))  # type: ignore[misc]
    )
