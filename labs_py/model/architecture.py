"""A distributed system as data: services, the endpoints that call them, and the infrastructure they share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from labs_py.model.duration import ZERO, Constant, Duration
from labs_py.model.policy import Breaker, Retries, Throttle

type Balancer = Literal["random", "round_robin", "least_requests", "two_choices"]
BALANCERS: tuple[Balancer, ...] = ("random", "round_robin", "least_requests", "two_choices")


@dataclass(frozen=True)
class Call:
    """A call of one service, made `times` times in a row.

    `timeout` is in seconds. `after` names earlier calls of the same list whose results this one needs.
    Only a simulation heeds the rest. `hedge` is after how many seconds without an answer a second copy is sent; `bulkhead` is how many
    of these calls one instance of the caller has under way at most.
    """

    service: str
    operation: str = ""
    times: int = 1
    optional: bool = False
    timeout: float | None = None
    after: tuple[str, ...] = ()
    retries: Retries | None = None
    hedge: float | None = None
    breaker: Breaker | None = None
    bulkhead: int | None = None
    throttle: Throttle | None = None

    @property
    def target(self) -> str:
        """`service`, or `service/operation`."""
        return f"{self.service}/{self.operation}" if self.operation else self.service


@dataclass(frozen=True)
class Parallel:
    """Branches that start at once; done when the last branch is. Each branch is a sequence."""

    branches: tuple[tuple["Step", ...], ...]
    optional: bool = False
    timeout: float | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alternatives:
    """Branches tried in order until one works. Each branch is a sequence."""

    branches: tuple[tuple["Step", ...], ...]
    optional: bool = False
    timeout: float | None = None
    after: tuple[str, ...] = ()


Step = Call | Parallel | Alternatives


@dataclass(frozen=True)
class Operation:
    """What a service does for one kind of call, where that differs from the service's own `calls` and `service_time`."""

    calls: tuple[Step, ...] | None = None
    service_time: Duration | None = None


@dataclass(frozen=True)
class Service:
    """One component: `replicas` identical instances of which `needs` must be up.

    `availability` is that of one instance, a probability. Instance i stands on `runs_on[i % len(runs_on)]`.
    `round_trip` is the network's part of a call of this service; `service_time` is the service's own work per call.

    Only a simulation heeds the rest. Each instance has `servers` workers, or any number (None); at most `queue_limit` requests wait for
    one. A worker is kept until the answer is sent when the service is `blocking`, else only for the service's own work. A request whose
    turn comes after more than `shed_after` seconds is refused. `balancer` is how calls find an instance.
    """

    name: str
    availability: float = 0.999
    replicas: int = 1
    needs: int = 1
    round_trip: Duration = field(default=Constant(0.0005))
    service_time: Duration = field(default=Constant(0.002))
    calls: tuple[Step, ...] = ()
    operations: Mapping[str, Operation] = field(default_factory=dict)
    runs_on: tuple[str, ...] = ()
    servers: int | None = None
    queue_limit: int | None = None
    shed_after: float | None = None
    blocking: bool = True
    balancer: Balancer = "round_robin"

    def calls_for(self, operation: str) -> tuple[Step, ...]:
        """Return what a call of `operation` does downstream."""
        own = self.operations[operation].calls if operation else None
        return self.calls if own is None else own

    def work_for(self, operation: str) -> Duration:
        """Return the service's own work in a call of `operation`."""
        own = self.operations[operation].service_time if operation else None
        return self.service_time if own is None else own


@dataclass(frozen=True)
class Endpoint:
    """One kind of request: it enters at `entry` and then makes `calls` in order. `weight` is its share of the load, unnormalized.

    Only a simulation heeds the rest, all of it the client's doing: how long it waits for an answer, what it retries, and the `deadline`
    that it passes on, after which nobody starts to work on the request any more. Times are in seconds.
    """

    name: str
    entry: str
    weight: float = 1.0
    calls: tuple[Step, ...] = ()
    client_round_trip: Duration = ZERO
    timeout: float | None = None
    deadline: float | None = None
    retries: Retries | None = None


@dataclass(frozen=True)
class Architecture:
    """A whole system. `infrastructure` maps what services share (a zone, a cluster) to its availability; `file` is where it was read.

    Every name used is defined, and no call leads back to itself: `labs_py.model.architecture_file` sees to it.
    """

    name: str
    services: Mapping[str, Service]
    endpoints: Mapping[str, Endpoint]
    infrastructure: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    note: str = ""
    file: str = ""

    def __hash__(self) -> int:
        # Of a few fields: equal architectures have the same, and what is computed of one can be kept for it.
        return hash((self.name, self.file, len(self.services), len(self.endpoints)))

    def endpoint_calls(self, endpoint: Endpoint) -> tuple[Step, ...]:
        """Return everything that `endpoint` does after it has entered: the entry service's own calls, then the endpoint's."""
        return self.services[endpoint.entry].calls + endpoint.calls

    def load_share(self, endpoint: str) -> float:
        """Return the endpoint's share of all requests, between 0 and 1."""
        return self.endpoints[endpoint].weight / sum(item.weight for item in self.endpoints.values())

    def with_service(self, name: str, **changes: object) -> "Architecture":
        """Return a copy in which the service `name` has other values."""
        changed = replace(self.services[name], **changes)  # type: ignore[arg-type]
        return replace(self, services={**self.services, name: changed})


def walk(steps: tuple[Step, ...]) -> Iterator[Call]:
    """Yield every call in `steps`, in order, those inside parallel branches and alternatives too, but not the callees' own."""
    for step in steps:
        if isinstance(step, Call):
            yield step
        else:
            for branch in step.branches:
                yield from walk(branch)
