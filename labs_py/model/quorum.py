"""Quorums: of `replicas` copies a write waits for `write` and a read asks `read`, each set chosen at random, equally likely.

Nothing spreads in the background: what a write did not reach stays old. So these shares of stale reads are the worst that sets chosen at
random can do.

Source:
    Peter Bailis and others, "Probabilistically Bounded Staleness for Practical Partial Quorums", PVLDB 5(8), 2012, section 3.1,
        https://arxiv.org/abs/1204.6082
    David K. Gifford, "Weighted Voting for Replicated Data", SOSP 1979, https://doi.org/10.1145/800215.806583
"""

import math
from itertools import combinations


def overlap(replicas: int, read: int, write: int) -> list[float]:
    """Return the probability that 0, 1, … `read` of the replicas that a read asks hold the last write (hypergeometric).

    >>> overlap(3, 2, 1)
    [0.3333333333333333, 0.6666666666666666, 0.0]

    Raises:
        ValueError: a quorum is not from 1 to `replicas`.
    """
    _checked(replicas, read, write)
    sets = math.comb(replicas, read)
    return [math.comb(write, held) * math.comb(replicas - write, read - held) / sets for held in range(read + 1)]


def stale(replicas: int, read: int, write: int, versions: int = 1) -> float:
    """Return the probability that a read sees none of the last `versions` writes, each of which chose its replicas anew.

    >>> stale(3, 1, 1, 2), stale(3, 2, 2)
    (0.4444444444444444, 0.0)
    """
    return float(overlap(replicas, read, write)[0] ** versions)


def missing(replicas: int, read: int, write: int) -> tuple[int, int]:
    """Return how many sets of `read` replicas hold nothing of a write that reached the first `write`, and how many sets there are, by listing them.

    >>> missing(5, 2, 2)
    (3, 10)
    """
    _checked(replicas, read, write)
    sets = list(combinations(range(replicas), read))
    return sum(min(asked) >= write for asked in sets), len(sets)


def at_least(replicas: int, needed: int, up: float) -> float:
    """Return the probability that at least `needed` of the replicas are up, each with probability `up`, independently.

    >>> round(at_least(3, 2, 0.99), 9)
    0.999702
    """
    return math.fsum(math.comb(replicas, n) * up**n * (1 - up) ** (replicas - n) for n in range(needed, replicas + 1))


def _checked(replicas: int, read: int, write: int) -> None:
    for name, size in (("read", read), ("write", write)):
        if not 1 <= size <= replicas:
            raise ValueError(f"{name} must be from 1 to the number of replicas, {replicas}, got {size}")
