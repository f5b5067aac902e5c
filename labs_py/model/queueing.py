"""Queues in steady state, in closed form: what a simulation of them must agree with.

Rates are per second and times in seconds, or both in any other one unit. All arrivals are Poisson, and all queues are served in the
order of arrival. A mean time is that of a request that is served: waiting and service together.

Sources:
    Leonard Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, chapters 3 and 5 (M/M/1, M/M/1/K, M/M/c, M/G/1).
    J. R. Jackson, "Networks of Waiting Lines", Operations Research 5(4), 1957, https://doi.org/10.1287/opre.5.4.518
    John D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9(3), 1961, https://doi.org/10.1287/opre.9.3.383
    Shlomo Halfin and Ward Whitt, "Heavy-Traffic Limits for Queues with Many Exponential Servers", Operations Research 29(3), 1981,
        https://doi.org/10.1287/opre.29.3.567
    Michael Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and Distributed
        Systems 12(10), 2001, https://doi.org/10.1109/71.963420

>>> round(MMc(3.2, 1.0, 4).mean_wait, 6)
0.745541
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

MOST_SERVERS = 1_000_000
_NORMAL = NormalDist()


def erlang_b(servers: int, offered: float) -> float:
    """Return the share of requests that find all `servers` busy and are lost (M/G/c/c).

    `offered` is the arrival rate times the mean service time, in erlangs, above 0. The recursion in the number of servers never
    overflows and loses no digits.

    >>> erlang_b(2, 1.0)
    0.2
    """
    _check("servers", servers, 0, MOST_SERVERS)
    _positive("offered", offered)
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Return the share of requests that have to wait for one of `servers` (M/M/c).

    `offered` is in erlangs, above 0 and below `servers`.

    >>> round(erlang_c(3, 2.0), 12) == round(4 / 9, 12)
    True
    """
    _check("servers", servers, 1, MOST_SERVERS)
    _positive("offered", offered)
    _stable("offered", offered, servers)
    blocked = erlang_b(servers, offered)
    return blocked / (1 - offered / servers * (1 - blocked))


@dataclass(frozen=True)
class MMc:
    """Poisson arrivals, exponential service at `service_rate` by each of `servers`, one unlimited queue.

    Raises:
        ValueError: a rate is not above 0, or requests arrive at least as fast as all servers work.
    """

    arrival_rate: float
    service_rate: float
    servers: int = 1

    def __post_init__(self) -> None:
        _positive("arrival_rate", self.arrival_rate)
        _positive("service_rate", self.service_rate)
        _check("servers", self.servers, 1, MOST_SERVERS)
        _stable("arrival_rate", self.arrival_rate, self.servers * self.service_rate)

    @property
    def offered(self) -> float:
        """Mean number of busy servers, in erlangs."""
        return self.arrival_rate / self.service_rate

    @property
    def utilization(self) -> float:
        """Share of the time that a server is busy."""
        return self.offered / self.servers

    @cached_property
    def wait_probability(self) -> float:
        """Share of requests that have to wait: Erlang's C."""
        return erlang_c(self.servers, self.offered)

    @property
    def spare_rate(self) -> float:
        """By how much all servers together are faster than the arrivals."""
        return self.servers * self.service_rate - self.arrival_rate

    @property
    def mean_wait(self) -> float:
        """Mean time in the queue."""
        return self.wait_probability / self.spare_rate

    @property
    def mean_time(self) -> float:
        """Mean time in the system."""
        return self.mean_wait + 1 / self.service_rate

    @property
    def mean_in_queue(self) -> float:
        """Mean number of requests that wait."""
        return self.arrival_rate * self.mean_wait

    @property
    def mean_in_system(self) -> float:
        """Mean number of requests that wait or are served."""
        return self.arrival_rate * self.mean_time

    def wait_quantile(self, probability: float) -> float:
        """Return the wait that this share of the requests does not exceed; 0 where so many do not wait at all."""
        _share("probability", probability)
        return max(0.0, math.log(self.wait_probability / (1 - probability)) / self.spare_rate)

    def time_cdf(self, t: float) -> float:
        """Return the probability of at most `t` in the system."""
        if t <= 0:
            return 0.0
        # Service ends at the service rate and waiting at the spare rate; the faster one is expressed by the slower, against overflow.
        slower, faster = sorted((self.service_rate, self.spare_rate))
        gap = (faster - slower) * t
        both = 1.0 if gap == 0 else -math.expm1(-gap) / gap
        beyond = self.wait_probability * self.service_rate * t * math.exp(-slower * t) * both
        return 1 - math.exp(-self.service_rate * t) - beyond

    def time_quantile(self, probability: float) -> float:
        """Return the time in the system that this share of the requests does not exceed.

        >>> round(MMc(0.9, 1.0).time_quantile(0.99) / MMc(0.9, 1.0).mean_time, 5)
        4.60517
        """
        _share("probability", probability)
        return _inverse(self.time_cdf, probability, self.mean_time)


def mm1(arrival_rate: float, service_rate: float) -> MMc:
    """Return the queue with one server.

    >>> round(mm1(5, 8).mean_wait, 6), round(mm1(5, 8).mean_time, 6)
    (0.208333, 0.333333)
    """
    return MMc(arrival_rate, service_rate, 1)


@dataclass(frozen=True)
class MG1:
    """Poisson arrivals and one server whose service times have any distribution of this mean and squared coefficient of variation.

    `variation` is variance / mean², 0 for a constant and 1 for an exponential time (Pollaczek and Khinchine's formula).

    >>> [round(MG1(0.8, 1.0, variation).mean_wait, 9) for variation in (0, 1, 4)]
    [2.0, 4.0, 10.0]
    """

    arrival_rate: float
    mean_service: float
    variation: float

    def __post_init__(self) -> None:
        _positive("arrival_rate", self.arrival_rate)
        _positive("mean_service", self.mean_service)
        if not 0 <= self.variation < math.inf:
            raise ValueError(f"variation must be a number of at least 0, got {self.variation!r}")
        _stable("arrival_rate", self.arrival_rate, 1 / self.mean_service)

    @property
    def utilization(self) -> float:
        """Share of the time that the server is busy."""
        return self.arrival_rate * self.mean_service

    @property
    def mean_wait(self) -> float:
        """Mean time in the queue."""
        return self.utilization / (1 - self.utilization) * self.mean_service * (1 + self.variation) / 2

    @property
    def mean_time(self) -> float:
        """Mean time in the system."""
        return self.mean_wait + self.mean_service

    @property
    def mean_in_system(self) -> float:
        """Mean number of requests in the system."""
        return self.arrival_rate * self.mean_time


@dataclass(frozen=True)
class MM1K:
    """Poisson arrivals, one exponential server, and room for `capacity` requests, the one in service included; the rest is refused."""

    arrival_rate: float
    service_rate: float
    capacity: int

    def __post_init__(self) -> None:
        _positive("arrival_rate", self.arrival_rate)
        _positive("service_rate", self.service_rate)
        _check("capacity", self.capacity, 1, MOST_SERVERS)

    @cached_property
    def probabilities(self) -> list[float]:
        """Probability of 0, 1 ... `capacity` requests in the system."""
        ratio = self.arrival_rate / self.service_rate
        # From the likelier end, so that no power overflows.
        weights = [min(ratio, 1 / ratio) ** count for count in range(self.capacity + 1)]
        total = math.fsum(weights)
        found = [weight / total for weight in weights]
        return found if ratio <= 1 else found[::-1]

    @property
    def refused(self) -> float:
        """Share of requests that find the system full."""
        return self.probabilities[-1]

    @property
    def throughput(self) -> float:
        """Rate of requests that are served."""
        return self.arrival_rate * (1 - self.refused)

    @property
    def mean_in_system(self) -> float:
        """Mean number of requests in the system."""
        return math.fsum(count * chance for count, chance in enumerate(self.probabilities))

    @property
    def mean_time(self) -> float:
        """Mean time in the system of a request that is let in."""
        return self.mean_in_system / self.throughput

    def time_cdf(self, t: float) -> float:
        """Return the probability that a request that is let in spends at most `t` in the system."""
        if t <= 0:
            return 0.0
        x = self.service_rate * t
        ends, term, beyond = 0.0, math.exp(-x), []
        for count, chance in enumerate(self.probabilities[:-1]):
            ends += term  # probability of at most `count` services within t
            beyond.append(chance * ends)
            term *= x / (count + 1)
        return 1 - math.fsum(beyond) / (1 - self.refused)

    def time_quantile(self, probability: float) -> float:
        """Return the time in the system that this share of the requests that are let in does not exceed."""
        _share("probability", probability)
        return _inverse(self.time_cdf, probability, self.mean_time)


def littles_law(
    *, in_system: float | None = None, arrival_rate: float | None = None, mean_time: float | None = None
) -> float:
    """Return the one of L = λW that is not given: mean number in a system, rate of arrivals, mean time in it.

    It holds for every system that neither makes nor keeps requests, whatever its distributions and its order of service.

    >>> littles_law(arrival_rate=200.0, mean_time=0.25)
    50.0
    """
    given = {"in_system": in_system, "arrival_rate": arrival_rate, "mean_time": mean_time}
    values = [value for value in given.values() if value is not None]
    if len(values) != 2:
        raise ValueError(f"littles_law must be given exactly two of {', '.join(given)}, got {len(values)}")
    for name, value in given.items():
        if value is not None:
            _positive(name, value)
    first, second = values
    return first * second if in_system is None else first / second


def power_of_choices(choices: int, utilization: float) -> float:
    """Return the mean time in the system, in mean service times, when each request joins the shortest of `choices` random queues.

    The limit for infinitely many exponential servers, each at this `utilization`, which is from 0 to below 1.

    >>> [round(power_of_choices(choices, 0.9), 4) for choices in (1, 2, 3)]
    [10.0, 2.6141, 2.0279]
    """
    _check("choices", choices, 1, 1_000)
    if not 0 <= utilization < 1:
        raise ValueError(f"utilization must be a number from 0 to below 1, got {utilization!r}")
    if choices == 1 or utilization == 0:
        return 1 / (1 - utilization)
    terms: list[float] = []
    exponent = 0
    while not terms or terms[-1] > 1e-17:
        terms.append(utilization**exponent)
        exponent = choices * (exponent + 1)  # 0, d, d + d², …
    return math.fsum(terms)


def halfin_whitt(spare: float) -> float:
    """Return the share of requests that wait when many servers stand over `spare` (β, above 0) square roots of the offered load.

    >>> round(halfin_whitt(1.0), 4)
    0.2234
    """
    _positive("spare", spare)
    return 1 / (1 + spare * _NORMAL.cdf(spare) / _NORMAL.pdf(spare))


def square_root_staffing(offered: float, wait_probability: float) -> int:
    """Return how many servers keep the share of requests that wait near `wait_probability`: R + β√R, rounded up.

    `offered` is R, in erlangs. An approximation for many servers; `servers_needed` is exact.

    >>> square_root_staffing(100, 0.2)
    111
    """
    _positive("offered", offered)
    _inside("wait_probability", wait_probability)
    low, high = 0.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if middle == 0 or halfin_whitt(middle) > wait_probability else (low, middle)
    return math.ceil(offered + high * math.sqrt(offered))


def servers_needed(offered: float, wait_probability: float) -> int:
    """Return the fewest servers with which at most the share `wait_probability` of requests waits (M/M/c).

    >>> servers_needed(100, 0.2)
    111
    """
    _positive("offered", offered)
    _inside("wait_probability", wait_probability)
    if offered >= MOST_SERVERS / 2:
        raise ValueError(f"offered must be below {MOST_SERVERS // 2:,}, got {offered!r}")
    blocked, servers = 1.0, 0
    while True:
        servers += 1
        blocked = offered * blocked / (servers + offered * blocked)
        if servers > offered and blocked / (1 - offered / servers * (1 - blocked)) <= wait_probability:
            return servers


def _inverse(cdf: Callable[[float], float], probability: float, scale: float) -> float:
    """Return where a continuous distribution function reaches `probability`, by bisection from a first guess."""
    low, high = 0.0, scale
    while cdf(high) < probability:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if cdf(middle) < probability else (low, middle)
    return high


def _positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number above 0, got {value!r}")


def _inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}")


def _share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be a number from 0 to below 1, got {value!r}")


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}, got {value!r}")


def _stable(name: str, value: float, limit: float) -> None:
    if not value < limit:
        raise ValueError(f"{name} must be below {limit:g}, what all servers together can do, got {value!r}")
