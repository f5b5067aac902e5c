"""Which of several instances a call goes to.

One balancer stands before each service, and knows how many requests each instance has, waiting or in service. Instances that are down
are not offered to it; hung ones are.

Source:
    Michael Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and Distributed
        Systems 12(10), 2001, https://doi.org/10.1109/71.963420
"""

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from labs_py.model.architecture import Balancer


class Instance(Protocol):
    """What a balancer has to know of an instance."""

    def load(self, now: float) -> int:
        """Return how many requests are waiting or in service."""


type Choose = Callable[[Sequence[Instance], float], int]


def balancer(kind: Balancer, rng: random.Random) -> Choose:
    """Return a function that picks an index into a list of at least one instance, given the time."""
    if kind == "random":
        return lambda instances, now: int(rng.random() * len(instances))
    if kind == "round_robin":
        return _RoundRobin().choose
    if kind == "least_requests":
        return lambda instances, now: _least(instances, now, int(rng.random() * len(instances)))
    return lambda instances, now: _two_choices(instances, now, rng)


class _RoundRobin:
    def __init__(self) -> None:
        self.last = -1

    def choose(self, instances: Sequence[Instance], now: float) -> int:
        self.last = (self.last + 1) % len(instances)
        return self.last


def _least(instances: Sequence[Instance], now: float, first: int) -> int:
    """Return the least loaded instance; looking from a random one on, so that no instance is preferred."""
    count = len(instances)
    best, fewest = first, instances[first].load(now)
    for offset in range(1, count):
        index = (first + offset) % count
        load = instances[index].load(now)
        if load < fewest:
            best, fewest = index, load
    return best


def _two_choices(instances: Sequence[Instance], now: float, rng: random.Random) -> int:
    """Return the less loaded of two different random instances."""
    count = len(instances)
    if count == 1:
        return 0
    one = int(rng.random() * count)
    other = (one + 1 + int(rng.random() * (count - 1))) % count
    return other if instances[other].load(now) < instances[one].load(now) else one
