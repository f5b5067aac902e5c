"""What a call costs on a real machine beyond the work and the network that a file states, and an architecture with that cost added.

Processor time to write, send and read HTTP, the wait for a processor, and sleeps that end late.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labs_py.model.architecture import Architecture
from labs_py.model.duration import ZERO, Constant, Duration, Empirical

_PARTS = 40


@dataclass(frozen=True)
class HopCost:
    """What one call between two processes took beyond what it was to take, and what one request of the load generator did."""

    call: Duration = ZERO
    request: Duration = ZERO

    def added(self, architecture: Architecture) -> Architecture:
        """Return the architecture as it runs there: every call costs `call` more, every request `request`."""
        services = {
            name: replace(service, round_trip=total(service.round_trip, self.call))
            for name, service in architecture.services.items()
        }
        endpoints = {
            name: replace(endpoint, client_round_trip=total(endpoint.client_round_trip, self.request))
            for name, endpoint in architecture.endpoints.items()
        }
        return replace(architecture, services=services, endpoints=endpoints)


def total(first: Duration, second: Duration) -> Duration:
    """Return how long two independent steps take one after the other; what varies is taken at 40 values that are equally likely.

    >>> total(Constant(0.002), Empirical((0.001, 0.003)))
    Empirical(values=(0.003, 0.005))
    """
    if isinstance(first, Constant) and isinstance(second, Constant):
        return Constant(first.mean + second.mean)
    sums = [math.fsum((one, other)) for one in _values(first) for other in _values(second)]
    return Empirical(tuple(sorted(sums)))


def _values(duration: Duration) -> Sequence[float]:
    if isinstance(duration, Constant):
        return (duration.mean,)
    if isinstance(duration, Empirical) and len(duration.values) <= _PARTS:
        return duration.values
    return [quantile(duration, (2 * part + 1) / (2 * _PARTS)) for part in range(_PARTS)]


def quantile(duration: Duration, share: float) -> float:
    """Return the time that a share of a duration's draws does not exceed, by bisection of its distribution function."""
    low, high = 0.0, max(duration.mean, 1e-9)
    while duration.cdf(high) < share:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if duration.cdf(middle) < share else (low, middle)
    return high


def thinned(times: Sequence[float]) -> Empirical:
    """Return measured times as at most 40 values that are equally likely.

    >>> thinned([0.003, 0.001])
    Empirical(values=(0.001, 0.003))
    """
    ranked = sorted(times)
    if len(ranked) <= _PARTS:
        return Empirical(tuple(ranked))
    return Empirical(tuple(ranked[(2 * part + 1) * len(ranked) // (2 * _PARTS)] for part in range(_PARTS)))
