"""Open networks of queues, in closed form: each station behaves as if it stood alone.

Source:
    J. R. Jackson, "Networks of Waiting Lines", Operations Research 5(4), 1957, https://doi.org/10.1287/opre.5.4.518
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labs_py.model.queueing import MMc

_LEAVES = 1e-12


@dataclass(frozen=True)
class Station:
    """Exponential servers with one queue: `service_rate` of each, requests per second from outside, and where requests go next.

    `onward` gives the probability of each next station; what is missing to 1 leaves the network.
    """

    service_rate: float
    servers: int = 1
    arrivals: float = 0.0
    onward: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Network:
    """The steady state of an open network: each station's own queue, and the network's arrivals per second."""

    stations: Mapping[str, MMc]
    arrival_rate: float

    @property
    def mean_in_system(self) -> float:
        """Mean number of requests in the network."""
        return math.fsum(station.mean_in_system for station in self.stations.values())

    @property
    def mean_time(self) -> float:
        """Mean time of a request from its arrival until it leaves the network, in seconds, by Little's law."""
        return self.mean_in_system / self.arrival_rate


def network(stations: Mapping[str, Station]) -> Network:
    """Return the steady state of an open network.

    Raises:
        ValueError: nothing arrives, a probability is wrong, a station gets more than it can serve or is never reached, or requests
            never leave.

    >>> made = network({"web": Station(10, arrivals=4, onward={"store": 0.5}), "store": Station(5, onward={"web": 1.0})})
    >>> [round(station.arrival_rate, 9) for station in made.stations.values()], round(made.mean_time, 9)
    ([8.0, 4.0], 2.0)
    """
    for name, station in stations.items():
        _check(name, station, stations)
    arrival_rate = math.fsum(station.arrivals for station in stations.values())
    if not 0 < arrival_rate < math.inf:
        raise ValueError(f"arrivals must add up to a rate above 0, got {arrival_rate!r}")
    rates = _traffic(stations)
    queues = {}
    for name, station in stations.items():
        try:
            queues[name] = MMc(rates[name], station.service_rate, station.servers)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Network(queues, arrival_rate)


def _check(name: str, station: Station, stations: Mapping[str, Station]) -> None:
    if not 0 <= station.arrivals < math.inf:
        raise ValueError(f"{name}: arrivals must be a rate of at least 0, got {station.arrivals!r}")
    onward = station.onward or {}
    for other, chance in onward.items():
        if other not in stations:
            raise ValueError(f"{name}: onward must name a station, got {other!r}")
        if not 0 <= chance <= 1:
            raise ValueError(f"{name}: onward must give probabilities from 0 to 1, got {chance!r} for {other}")
    if math.fsum(onward.values()) > 1 + _LEAVES:
        raise ValueError(f"{name}: onward must add up to at most 1, got {math.fsum(onward.values())!r}")


def _traffic(stations: Mapping[str, Station]) -> dict[str, float]:
    """Solve λ = arrivals + λ × onward by elimination; no pivot is needed, because each column adds up to at least 0."""
    names = list(stations)
    rows = [
        [float(name == other) - (stations[other].onward or {}).get(name, 0.0) for other in names]
        + [stations[name].arrivals]
        for name in names
    ]
    for index, row in enumerate(rows):
        if row[index] < _LEAVES:
            raise ValueError(
                f"{names[index]}: requests must leave the network some time, got a circle without a way out"
            )
        for other in rows[index + 1 :]:
            factor = other[index] / row[index]
            for column in range(index, len(row)):
                other[column] -= factor * row[column]
    rates = [0.0] * len(names)
    for index in reversed(range(len(names))):
        known = math.fsum(rows[index][column] * rates[column] for column in range(index + 1, len(names)))
        rates[index] = (rows[index][-1] - known) / rows[index][index]
    return dict(zip(names, rates, strict=True))
