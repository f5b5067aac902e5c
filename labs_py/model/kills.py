"""Instances that die: one of them over time, or K of them at random.

One dead instance: calls are spread over a service's instances at random, one by one, so until health checks take the dead one out, a
request that calls the service m times meets it with probability 1 - (1 - 1/N)**m. With no instance left, callers get refusals.

K dead instances: all sets of K are equally likely, so the probability of success is a count of sets, and the engine for independent
parts can count. Let every instance work with probability 1 / (1 + x): a request's probability of success times (1 + x)**N is then the
polynomial in x whose coefficient at x**K is the number of sets of K dead instances under which the request succeeds. With x a power of
two larger than every coefficient, the coefficients are the digits of one whole number (Kronecker substitution).

Source:
    Anatoly A. Krasnovsky, "Model Discovery and Graph Simulation: A Lightweight Gateway to Chaos Engineering", ICSE-NIER 2026 (the
        experiment that kills K random containers, and the model whose sampled numbers this computes exactly).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from labs_py.model.architecture import Architecture
from labs_py.model.availability import system_structure
from labs_py.model.conditioning import Conditioning
from labs_py.model.failure import Failure, Shares

MOST_INSTANCES = 200


@dataclass(frozen=True)
class Phase:
    """What holds from `start` to `end`, in seconds after the kill: shares of the load, and the share that a monolith would lose."""

    name: str
    start: float
    end: float
    shares: Shares
    monolith_fails: float


def phases(
    architecture: Architecture, victim: str, failure: Failure, *, detection: float, restart: float, shown: float = 30.0
) -> list[Phase]:
    """Return the phases around the death of one instance of `victim` at time 0; expected shares, not samples.

    Health checks notice it after `detection` seconds; it answers again after `restart` seconds. `shown` is how long before the kill and
    after the restart to show. The monolith has as many instances as the victim, each holding all of the code.
    """
    service = architecture.services[victim]
    left = service.replicas - 1
    enough = left >= service.needs
    refused = replace(failure, mode="crash")
    fine = failure.shares(architecture, {})
    unnoticed = failure.shares(architecture, {victim: 1 / service.replicas if enough else 1.0})
    noticed = fine if enough else refused.shares(architecture, {victim: 1.0})
    noticed_at = min(detection, restart)
    course = [
        Phase("before", -shown, 0.0, fine, 0.0),
        Phase("not noticed", 0.0, noticed_at, unnoticed, 1 / service.replicas),
        Phase("taken out", noticed_at, restart, noticed, 0.0 if left else 1.0),
        Phase("restarted", restart, restart + shown, fine, 0.0),
    ]
    return [phase for phase in course if phase.end > phase.start]


def instances(architecture: Architecture) -> int:
    """Return the number of instances of all services together."""
    return sum(service.replicas for service in architecture.services.values())


def survival(architecture: Architecture) -> dict[str, list[float]]:
    """Return, for each endpoint, the probability of success when 0, 1, 2, … and finally all instances are dead.

    The dead instances are drawn at random, without replacement, from all instances of all services. Infrastructure stays up.

    Raises:
        ValueError: there are more than `MOST_INSTANCES` instances.
    """
    total = instances(architecture)
    if total > MOST_INSTANCES:
        raise ValueError(
            f"instances must be at most {MOST_INSTANCES} in all to count every set of dead ones, got {total}; lower replicas"
        )
    digit = total + 1  # bits: a coefficient is at most the number of all sets, below 2**(total + 1)
    system = system_structure(architecture, instance=Fraction(1, 1 + (1 << digit)))
    exact = Conditioning(system.structures, system.chances)
    ways = [math.comb(total, dead) for dead in range(total + 1)]
    result = {}
    for name, works in system.works.items():
        polynomial = int(Fraction(exact.probability(works)) * (1 + (1 << digit)) ** total)
        counts = [(polynomial >> (digit * dead)) & ((1 << digit) - 1) for dead in range(total + 1)]
        result[name] = [count / all_ways for count, all_ways in zip(counts, ways, strict=True)]
    return result


@lru_cache(maxsize=32)  # another victim asks for the same again, and so do the rounds of the published experiment
def load_weighted_survival(architecture: Architecture) -> Sequence[float]:
    """Return the probability that a request succeeds, endpoints weighted by load share, for 0, 1, 2, … and finally all instances dead.

    Raises:
        ValueError: there are more than `MOST_INSTANCES` instances.
    """
    endpoints = survival(architecture)
    shares = {name: architecture.load_share(name) for name in endpoints}
    return [
        math.fsum(shares[name] * chances[dead] for name, chances in endpoints.items())
        for dead in range(instances(architecture) + 1)
    ]
