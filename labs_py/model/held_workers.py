"""How many workers a silent service holds, and when its callers run out of them: Little's law, by hand.

A worker that waits for an answer is taken. In front of everything stands the entry service: a request that waits anywhere holds one of
its workers. Requests of kind i come at the rate λᵢ, take Rᵢ when all is well, and wait wᵢ longer while a service hangs (for ever where
nothing ends the wait). By Little's law λᵢ (Rᵢ + wᵢ) workers are taken on average, and on the way there, t seconds after the hang began,
λᵢ (Rᵢ + min(wᵢ, t)): a fluid limit, that is, without the randomness of the arrivals and as long as a worker is free.

Source:
    John D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9(3), 1961, https://doi.org/10.1287/opre.9.3.383

>>> from labs_py.model.architecture_file import load
>>> shop = load("online_boutique").with_service("frontend", servers=16)
>>> round(held_workers(shop, "email", 50.0).exhausted_after, 2)
6.71
"""

import math
from dataclasses import dataclass

from labs_py.model.architecture import Architecture
from labs_py.model.failure import Failure
from labs_py.model.latency import mean_time
from labs_py.model.plan import plan_request


@dataclass(frozen=True)
class HeldWorkers:
    """Workers of the entry service `front`: how many there are (infinite without a limit), and how many are taken on average.

    `busy` are taken before the hang, and `needed` while it lasts (infinite when nothing ends the wait). `waiting_rate` is of the requests
    a second that wait for the hung service. After `exhausted_after` seconds the last worker is taken; infinite when it never is.
    `answered` is the share of all requests that would be answered within the given patience if there were workers enough.
    """

    front: str
    workers: float
    busy: float
    needed: float
    waiting_rate: float
    exhausted_after: float
    answered: float


def entry_of(architecture: Architecture) -> str:
    """Return the service at which the most requests enter."""
    entries = dict.fromkeys(endpoint.entry for endpoint in architecture.endpoints.values())
    return max(
        entries,
        key=lambda name: math.fsum(one.weight for one in architecture.endpoints.values() if one.entry == name),
    )


def held_workers(architecture: Architecture, victim: str, rate: float, patience: float = math.inf) -> HeldWorkers:
    """Return how many workers of the entry service are taken while `victim` hangs, at `rate` requests a second.

    Timeouts and deadlines are those of the architecture; bulkheads, breakers and what else refuses calls are not counted.
    """
    front = entry_of(architecture)
    service = architecture.services[front]
    workers = math.inf if service.servers is None else service.servers * service.replicas
    outcomes = Failure("hang").when_down(architecture, [victim])
    busy, waiting, answered = 0.0, [], 0.0
    for name, endpoint in architecture.endpoints.items():
        own_rate = rate * architecture.load_share(name)
        plan = plan_request(architecture, name)
        took = mean_time(plan)
        wait = min(outcomes[name].wait, math.inf if endpoint.deadline is None else endpoint.deadline)
        if outcomes[name].status != "fails" and took + wait <= patience:
            answered += own_rate / rate
        if endpoint.entry == front:
            busy += own_rate * (took - endpoint.client_round_trip.mean)
            if wait > 0:
                waiting.append((own_rate, wait))
    needed = busy + math.fsum(own_rate * wait for own_rate, wait in waiting)
    return HeldWorkers(
        front,
        workers,
        busy,
        needed,
        math.fsum(own_rate for own_rate, _ in waiting),
        _reached(workers - busy, waiting) if needed > workers else math.inf,
        answered,
    )


def _reached(free: float, waiting: list[tuple[float, float]]) -> float:
    """Return when requests that come at these rates and wait so long have taken `free` workers."""
    if free <= 0:
        return 0.0
    now = 0.0
    for _, until in sorted(waiting, key=lambda item: item[1]):
        # Up to then nobody of those who still wait has given up, and the workers taken grow with the rate of these.
        growth = math.fsum(rate for rate, wait in waiting if wait > now)
        if free <= growth * (until - now):
            return now + free / growth
        free -= growth * (until - now)
        now = until
    return math.inf
