"""An address that has moved, and who still has the old one: caches and programs that keep an answer for a term, connections that live on.

Each holder's term begins anew with what the one before it gives, at a random moment: the share of old answers is the chance that a sum of
uniform waits is longer than the time since the move. It is computed on a grid of times; a closed form and a simulation stand beside it.

Source:
    "Irwin–Hall distribution", https://en.wikipedia.org/wiki/Irwin%E2%80%93Hall_distribution
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from random import Random

GRID = 240
"""Steps from the move to when all that ask again have moved."""

_RARE = 1e-4  # a share of requests whose connection may be older than the oldest that counts


def old_answers(terms: Sequence[float], step: float) -> list[float]:
    """Return the share of old answers at 0, 1, 2 ... steps after the move, where each of these terms begins anew with what the one before gave."""
    shares = [max(0.0, 1 - index * step / terms[0]) for index in range(GRID + 1)]
    for term in terms[1:]:
        shares = held(shares, term, step)
    return shares


def held(shares: Sequence[float], term: float, step: float) -> list[float]:
    """Return the shares where each answer is held for a term, and is anywhere in it: each share is the mean of those over the last term."""
    sums = [0.0]
    for first, second in pairwise(shares):
        sums.append(sums[-1] + (first + second) / 2 * step)
    begins = [index * step - term for index in range(len(shares))]
    return [
        (total - (begin if begin <= 0 else value_at(sums, begin, step))) / term  # before the move all were old
        for total, begin in zip(sums, begins, strict=True)
    ]


def exact_old_answers(terms: Sequence[float], time: float) -> float:
    """Return the same share in closed form: the chance that a sum of independent uniform waits is longer than `time`.

    >>> exact_old_answers([60, 60], 90)
    0.125
    """
    count = len(terms)
    over = math.fsum(
        (-1) ** size * max(0.0, time - math.fsum(some)) ** count
        for size in range(count + 1)
        for some in combinations(terms, size)
    )
    return 1 - over / math.factorial(count) / math.prod(terms)


def value_at(values: Sequence[float], time: float, step: float) -> float:
    """Return the value at a time, between two steps by a straight line."""
    place = min(time / step, len(values) - 1.0)
    index = min(int(place), len(values) - 2)
    return values[index] + (place - index) * (values[index + 1] - values[index])


@dataclass(frozen=True)
class Ages:
    """How old the connection is that a request uses.

    `ages` ascend from zero to the oldest; `expected` has the number of requests of a connection up to each of these ages, the first included.
    """

    ages: Sequence[float]
    expected: Sequence[float]

    @property
    def requests(self) -> float:
        """Requests on a connection, on average."""
        return self.expected[-1]

    @property
    def mean(self) -> float:
        """The mean age of the connection of a request."""
        parts = zip(pairwise(self.ages), pairwise(self.expected), strict=True)
        return math.fsum((low + high) / 2 * (more - less) for (low, high), (less, more) in parts) / self.requests

    def up_to(self, age: float) -> float:
        """Return the share of requests whose connection is at most so old."""
        index = bisect_left(self.ages, age)
        if index == len(self.ages):
            return 1.0
        (low, less), (high, more) = ((self.ages[at], self.expected[at]) for at in (max(0, index - 1), index))
        return (less + ((age - low) / (high - low) * (more - less) if index else 0.0)) / self.requests

    def held(self, lookups: Sequence[float], step: float) -> list[float]:
        """Return the share of requests whose connection was opened to the old address, at each step; before the move all were."""
        reach = [self.up_to(index * step) for index in range(len(lookups))]
        parts = [more - less for less, more in pairwise(reach)]
        middles = [(first + second) / 2 for first, second in pairwise(lookups)]
        return [
            reach[0] * share + math.sumprod(parts[:index], middles[:index][::-1]) + 1 - reach[index]
            for index, share in enumerate(lookups)
        ]


def connection_ages(most: float, idle: float, rate: float) -> Ages:
    """Return the ages where a connection lives at most `most` s, is closed after `idle` s without a request, and has `rate` requests a second.

    Requests come at random. Let m(a) be the rate of requests at age a of a connection that has not been closed. Up to a = `idle` it is `rate`;
    there it falls by c = rate exp(-rate idle), and from there on m'(a) = -c m(a - idle): gone are those whose last request was `idle` ago.

    >>> round(connection_ages(3600, 30, 0.1).requests, 1)  # exp(3), as hardly any lives for an hour
    20.1
    """
    leave = rate * math.exp(-rate * idle)
    if most <= idle or leave * most < 1e-9:
        return Ages([0.0, most], [1.0, 1 + rate * most]) if most else Ages([0.0], [1.0])
    parts = max(2, min(24, int(4_000 * idle / most)))  # steps to an idle time
    step = idle / parts
    expected = [1 + rate * step * index for index in range(parts + 1)]
    now = rate - leave
    while len(expected) * step < most and now > 1e-7 * rate:
        later = max(0.0, now - leave * (expected[-parts] - expected[-parts - 1]))
        expected.append(expected[-1] + step * (now + later) / 2)
        now = later
    ages = [step * index for index in range(len(expected))]
    ages.append(most)
    expected.append(expected[-1] + (most - ages[-2]) * now)
    old = bisect_left(expected, (1 - _RARE) * expected[-1])
    return Ages(ages[: old + 1], expected[: old + 1])


@cache
def simulated(rate: float, idle: float, connection: float, terms: tuple[float, ...], until: float) -> float:
    """Return for how many seconds' worth of requests a connection's go to the old address within `until` s of the move, simulated.

    Caches and programs fetch in their own rhythm from what is before them; requests come at random and use the connection that they find.
    """
    rng = Random(1)
    old = 0
    trials = 600
    for _ in range(trials):
        phases = [(term, rng.uniform(0, term)) for term in reversed(terms)]
        now, opened, goes_old = -2 * connection - rng.uniform(0, connection), -math.inf, True
        while now < until:
            gap = rng.expovariate(rate)
            now += gap
            if gap > idle or now - opened > connection:
                opened = asked = now
                for term, phase in phases:
                    asked -= (asked - phase) % term
                goes_old = asked < 0
            old += goes_old and 0 <= now < until
    return old / trials / rate
