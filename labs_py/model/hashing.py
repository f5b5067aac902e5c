"""Which node holds a key: a ring of points, jump hash, and the remainder of a division; what each moves when a node comes or goes.

Source:
    David Karger and others, "Consistent Hashing and Random Trees", STOC 1997, https://doi.org/10.1145/258533.258660
    John Lamping and Eric Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014, https://arxiv.org/abs/1406.2294
"""

import math
import random
from bisect import bisect_left
from collections.abc import Sequence

Point = tuple[float, int]
"""A place on the ring, from 0 to 1, and the node that put it there."""

_MASK = (1 << 64) - 1


def ring(nodes: Sequence[int], points: int, seed: int) -> list[Point]:
    """Return the points of all nodes, in order; a node's points do not depend on which other nodes there are."""
    found = []
    for node in nodes:
        rng = random.Random(f"{seed} {node}")
        found += [(rng.random(), node) for _ in range(points)]
    return sorted(found)


def owner(points: Sequence[Point], place: float) -> int:
    """Return the node of the first point at or after a place, going round.

    >>> owner([(0.2, 7), (0.6, 8)], 0.3), owner([(0.2, 7), (0.6, 8)], 0.9)
    (8, 7)

    Raises:
        ValueError: there are no points.
    """
    if not points:
        raise ValueError("points must be at least one, got none")
    return points[bisect_left(points, (place, -1)) % len(points)][1]


def arcs(points: Sequence[Point]) -> list[tuple[float, float, int]]:
    """Return the arcs of the ring, each as start, end and owner; the one across 0 in two parts."""
    starts = [0.0, *(place for place, _ in points)]
    ends = [*(place for place, _ in points), 1.0]
    owners = [*(node for _, node in points), points[0][1]]
    return [arc for arc in zip(starts, ends, owners, strict=True) if arc[1] > arc[0]]


def shares(points: Sequence[Point], nodes: Sequence[int]) -> dict[int, float]:
    """Return each node's share of the ring."""
    pieces: dict[int, list[float]] = {node: [] for node in nodes}
    for start, end, node in arcs(points):
        pieces[node].append(end - start)
    return {node: math.fsum(lengths) for node, lengths in pieces.items()}


def jump(key: int, buckets: int) -> int:
    """Return the bucket, from 0, of a 64-bit key by jump consistent hash.

    The key seeds a generator of random numbers, which says at which numbers of buckets the key moves on.

    >>> jump(256, 1024)
    520
    """
    bucket, following = -1, 0
    while following < buckets:
        bucket = following
        key = (key * 2862933555777941757 + 1) & _MASK
        following = int((bucket + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return bucket


def load_spread(nodes: int, points: int) -> float:
    """Return the standard deviation of a node's share of the ring over the mean share (the shares are Dirichlet distributed).

    >>> round(load_spread(10, 100), 4)
    0.0948
    """
    return math.sqrt((nodes - 1) / (nodes * points + 1))


def load_quantile(probability: float, points: int) -> float:
    """Return the quantile of a node's share over the mean share, on a ring of very many nodes (a gamma distribution).

    A node's share is below x times the mean when a Poisson process of rate `points` has at least `points` arrivals until x.
    """
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _gamma(middle * points, points) < probability else (low, middle)
    return (low + high) / 2


def _gamma(x: float, shape: int) -> float:
    """Return the probability that a gamma variable of whole `shape` and scale 1 is at most `x`."""
    if x <= 0:
        return 0.0
    return 1 - math.fsum(math.exp(n * math.log(x) - x - math.lgamma(n + 1)) for n in range(shape))
