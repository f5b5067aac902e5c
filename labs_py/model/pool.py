"""A pool of connections, each of which carries one request at a time: how long requests wait for one, and how a cold pool warms up.

Rates are per second, times in seconds.

Source:
    John D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9(3), 1961, https://doi.org/10.1287/opre.9.3.383
"""

import math

from labs_py.model.queueing import MMc


def pool_wait(rate: float, hold: float, pool: int) -> float | None:
    """Return the mean wait (s) for one of `pool` connections that each request holds for `hold` s; None where they are too few for ever.

    >>> round(pool_wait(3.2, 1.0, 4) or 0, 6), pool_wait(4, 1.0, 4)
    (0.745541, None)
    """
    return MMc(rate, 1 / hold, pool).mean_wait if rate * hold < pool * (1 - 1e-9) else None


def pool_time(rate: float, hold: float, pool: int) -> float | None:
    """Return the mean time (s) of a request, its wait for a connection included; None where there are too few for ever."""
    wait = pool_wait(rate, hold, pool)
    return None if wait is None else wait + hold


def in_use(rate: float, hold: float, pool: int) -> float:
    """Return how many connections are in use on average, from the probabilities of the states of the queue, up to where they are tiny."""
    weights = [1.0]
    for state in range(1, 40 * pool):
        weights.append(weights[-1] * rate * hold / min(state, pool))
    return math.fsum(min(state, pool) * weight for state, weight in enumerate(weights)) / math.fsum(weights)


def cold_pool(rate: float, pool: int, cold: float, warm: float) -> tuple[float, float | None]:
    """Return how many requests wait at most when a pool starts without connections, and when nobody waits any more (s; None for never).

    Requests come evenly at `rate`. The first over each connection takes `cold`, every further one `warm`. By the time the first connection
    is free again, rate * cold have come and `pool` of them are under way. The rest is worked off with what the warm pool has to spare.

    >>> backlog, gone = cold_pool(100, 32, 1.5742, 0.2957)
    >>> round(backlog), round(gone or 0)
    (125, 17)
    """
    backlog, spare = max(0.0, rate * cold - pool), pool / warm - rate
    if not backlog:
        return 0.0, 0.0
    return backlog, cold + backlog / spare if spare > 1e-9 * rate else None
