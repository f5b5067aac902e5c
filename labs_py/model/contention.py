"""Clients that contend for one item under optimistic concurrency control, and how long they wait before they try again.

Each client reads the item, computes, and writes only if nobody else has written since it read; else it waits and begins again. All start
at once, each wants to write once, and the store answers without delay. Times are in milliseconds.

Sources:
    Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015,
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, and its simulator,
        https://github.com/aws-samples/aws-arch-backoff-simulator (the model: an item, clients, a network with normal delays).
    H. T. Kung and John T. Robinson, "On Optimistic Methods for Concurrency Control", ACM Transactions on Database Systems 6(2), 1981,
        https://doi.org/10.1145/319566.319567

>>> Contest(100, network_sd=0.0).run("none", seed=1).calls
5050
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

type Draw = Callable[[], float]
type Waits = Callable[[float, float, Draw], Iterator[float]]


def no_backoff(_base: float, _cap: float, _draw: Draw) -> Iterator[float]:
    """Yield no wait, again and again."""
    while True:
        yield 0.0


def exponential(base: float, cap: float, _draw: Draw) -> Iterator[float]:
    """Yield twice the base, then twice as much each time, at most the cap."""
    wait = base
    while True:
        wait = min(cap, 2 * wait)
        yield wait


def full_jitter(base: float, cap: float, draw: Draw) -> Iterator[float]:
    """Yield anything from zero to the exponential wait; `draw` gives the random numbers, uniform from 0 to 1."""
    for wait in exponential(base, cap, draw):
        yield wait * draw()


def equal_jitter(base: float, cap: float, draw: Draw) -> Iterator[float]:
    """Yield half of the exponential wait, and anything up to the other half."""
    for wait in exponential(base, cap, draw):
        yield wait * (1 + draw()) / 2


def decorrelated_jitter(base: float, cap: float, draw: Draw) -> Iterator[float]:
    """Yield anything from the base to three times the last wait, at most the cap."""
    wait = base
    while True:
        wait = min(cap, base + (3 * wait - base) * draw())
        yield wait


BACKOFFS: Mapping[str, Waits] = {
    "none": no_backoff,
    "exponential": exponential,
    "full": full_jitter,
    "equal": equal_jitter,
    "decorrelated": decorrelated_jitter,
}
"""How long clients wait, by name."""


@dataclass(frozen=True)
class Course:
    """What came of a contest: the time of each write that was tried, in order, and when the last client knew that it had succeeded."""

    writes: tuple[float, ...]
    completion: float

    @property
    def calls(self) -> int:
        """How many writes were tried."""
        return len(self.writes)


@dataclass(frozen=True)
class Contest:
    """`clients` that start at once and want to write once each, over a network whose one-way delay is normal.

    The delay has `network_ms` as its mean and `network_sd` as its standard deviation, which is at most a third of the mean: so it is below
    zero once in 740 times at most, and one in 3.5 million times with the published 10 and 2. It counts as positive then.
    A trip there and back is drawn at once, as the sum of two normal delays.
    """

    clients: int
    base: float = 5.0
    cap: float = 2000.0
    network_ms: float = 10.0
    network_sd: float = 2.0

    def run(self, backoff: str, seed: int | str) -> Course:
        """Return the course of a contest in which all clients wait as the backoff of that name says; a seed gives the same on all platforms.

        Of a client's attempt only its write is an event: it succeeds if no other has since the time of the client's read, and writes come up in
        the order of their times.
        """
        rng = random.Random(seed)
        gauss = rng.gauss
        waits = [BACKOFFS[backoff](self.base, self.cap, rng.random) for _ in range(self.clients)]
        trip, spread = 2 * self.network_ms, math.sqrt(2) * self.network_sd
        reads = [abs(gauss(self.network_ms, self.network_sd)) for _ in waits]
        due = [(read + abs(gauss(trip, spread)), read, client) for client, read in enumerate(reads)]
        heapify(due)
        writes, written, known = [], -math.inf, []
        while due:
            now, read, client = due[0]
            writes.append(now)
            if read >= written:
                written = now
                known.append(now + abs(gauss(self.network_ms, self.network_sd)))
                heappop(due)
            else:
                read = now + abs(gauss(trip, spread)) + next(waits[client])
                heapreplace(due, (read + abs(gauss(trip, spread)), read, client))
        return Course(tuple(writes), max(known))


def calls_in_step(clients: int) -> int:
    """Return how many writes are tried where no delay varies and no wait is random: one client succeeds in each round.

    >>> calls_in_step(3)
    6
    """
    return clients * (clients + 1) // 2


def calls_of_three(width: float, network_ms: float) -> float:
    """Return the mean number of writes of three clients whose network delay is constant.

    One succeeds in the first round. The waits of the other two are uniform over an interval of `width` ms, and they collide if their
    reads are less than a trip there and back apart.

    >>> calls_of_three(40, 10)
    5.75
    """
    apart = max(0.0, 1 - 2 * network_ms / width)
    return 3 + 2 + (1 - apart**2)
