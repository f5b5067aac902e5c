"""What-ifs: an architecture with one thing changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from labs_py.model.architecture import Alternatives, Architecture, Call, Operation, Service, Step

SHARED_ZONE = "shared zone"


def set_availability(architecture: Architecture, service: str, availability: float) -> Architecture:
    """Return the architecture with another availability of each instance of `service`."""
    return architecture.with_service(service, availability=availability)


def add_replica(architecture: Architecture, service: str) -> Architecture:
    """Return the architecture with one more instance of `service`, of which no more are needed than before."""
    return architecture.with_service(service, replicas=architecture.services[service].replicas + 1)


def make_optional(architecture: Architecture, service: str) -> Architecture:
    """Return the architecture in which nobody needs the answers of `service`; its role as an entry stays."""
    return _with_calls(architecture, lambda call: replace(call, optional=True) if call.service == service else call)


def add_alternative(architecture: Architecture, service: str, availability: float) -> Architecture:
    """Return the architecture in which every call of `service` that fails goes to a stand-in instead.

    The stand-in is one new service of the given availability that calls nothing: a cached answer, a default, another supplier.
    """
    stand_in = f"stand-in for {service}"
    while stand_in in architecture.services:
        stand_in += "′"
    added = Service(stand_in, availability)

    def with_stand_in(call: Call) -> Step:
        if call.service != service:
            return call
        first = replace(call, optional=False, after=())
        return Alternatives(((first,), (Call(stand_in, times=call.times),)), call.optional, after=call.after)

    changed = _with_calls(architecture, with_stand_in)
    return replace(changed, services={**changed.services, stand_in: added})


def share_zone(architecture: Architecture, availability: float) -> Architecture:
    """Return the architecture with every instance of every service in one zone of the given availability, and in no other."""
    services = {name: replace(service, runs_on=(SHARED_ZONE,)) for name, service in architecture.services.items()}
    return replace(architecture, services=services, infrastructure={SHARED_ZONE: availability})


def default_policies(architecture: Architecture, **policies: Any) -> Architecture:
    """Return the architecture in which each call has these policies where its own are None, such as `timeout` in seconds or `bulkhead`.

    >>> from labs_py.model.architecture_file import load
    >>> shop = default_policies(load("online_boutique"), timeout=1.0)
    >>> [call.timeout for call in shop.endpoints["GET /"].calls][-2:]
    [1.0, 0.1]
    """

    def filled(call: Call) -> Call:
        return replace(call, **{name: value for name, value in policies.items() if getattr(call, name) is None})

    return _with_calls(architecture, filled)


def _with_calls(architecture: Architecture, change: Callable[[Call], Step]) -> Architecture:
    def steps(old: tuple[Step, ...]) -> tuple[Step, ...]:
        return tuple(step(item) for item in old)

    def step(old: Step) -> Step:
        if isinstance(old, Call):
            return change(old)
        branches = tuple(steps(branch) for branch in old.branches)
        return replace(old, branches=branches)

    def service(old: Service) -> Service:
        operations = {name: operation(item) for name, item in old.operations.items()}
        return replace(old, calls=steps(old.calls), operations=operations)

    def operation(old: Operation) -> Operation:
        return replace(old, calls=None if old.calls is None else steps(old.calls))

    return replace(
        architecture,
        services={name: service(item) for name, item in architecture.services.items()},
        endpoints={name: replace(item, calls=steps(item.calls)) for name, item in architecture.endpoints.items()},
    )


def fail_less(architecture: Architecture, times: float) -> Architecture:
    """Return the architecture in which each service's instances and each infrastructure are down so many times less often.

    >>> from labs_py.model.architecture_file import load
    >>> round(fail_less(load("textbook_chain"), 10).services["a"].availability, 6)
    0.9999
    """
    services = {
        name: replace(service, availability=1 - (1 - service.availability) / times)
        for name, service in architecture.services.items()
    }
    places = {name: 1 - (1 - availability) / times for name, availability in architecture.infrastructure.items()}
    return replace(architecture, services=services, infrastructure=places)
