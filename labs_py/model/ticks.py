"""Simulated time, and streams of random times: whole nanoseconds, the same on every platform.

A time is a float that holds a whole number of nanoseconds, which is exact up to 104 days and quicker to add than an integer. Python's
`log`, `exp`, `sin` and `cos` differ between platforms in their last bit; rounded to a nanosecond at once, the times drawn here do not.
No draw is ever rejected and repeated, so a stream keeps its place even if one should differ.

Source:
    G. E. P. Box and Mervin E. Muller, "A Note on the Generation of Random Normal Deviates", Annals of Mathematical Statistics 29(2),
        1958, https://doi.org/10.1214/aoms/1177706645
"""

import math
import random
from collections.abc import Callable, Iterator
from itertools import chain, repeat

from labs_py.model.duration import Constant, Duration, Empirical, Exponential, Lognormal

NANOSECONDS = 1e9
NEVER = math.inf
_BLOCK = 128
# Added and subtracted, it rounds a float to a whole number: above 2**52 a float has no fraction.
_ROUNDER = 1.5 * 2.0**52

type Draw = Callable[[], float]


def ticks(seconds: float) -> float:
    """Return a time in whole nanoseconds.

    >>> ticks(0.0021), ticks(math.inf)
    (2100000.0, inf)
    """
    return seconds * NANOSECONDS + _ROUNDER - _ROUNDER


def half(nanoseconds: float) -> float:
    """Return half of a time, in whole nanoseconds: one way of a round trip."""
    return nanoseconds / 2 + _ROUNDER - _ROUNDER


def stream(*names: object) -> random.Random:
    """Return the random numbers that belong to these names, the same whatever else is drawn."""
    return random.Random("/".join(str(name) for name in names))


def draws(duration: Duration, rng: random.Random) -> Draw:
    """Return a function that draws one time after the other, in whole nanoseconds."""
    return times(duration, rng).__next__


def times(duration: Duration, rng: random.Random) -> Iterator[float]:
    """Return an endless stream of times, in whole nanoseconds; they are drawn in blocks, which is quicker than one by one."""
    if isinstance(duration, Constant):
        return repeat(ticks(duration.mean))
    uniform, rounder, scale = rng.random, _ROUNDER, duration.mean * NANOSECONDS
    if isinstance(duration, Exponential):
        log = math.log
        return _blocks(lambda: [rounder - scale * log(1.0 - uniform()) - rounder for _ in range(_BLOCK)])
    if isinstance(duration, Lognormal):
        return _blocks(lambda: _lognormals(duration, uniform))
    if isinstance(duration, Empirical):
        values, count = [ticks(value) for value in duration.values], len(duration.values)
        return _blocks(lambda: [values[int(uniform() * count)] for _ in range(_BLOCK)])
    least, power = duration.minimum * NANOSECONDS, -1.0 / duration.alpha
    # Cut off where a sum of times would lose its nanoseconds.
    return _blocks(
        lambda: [min(least * (1.0 - uniform()) ** power, 2.0**51) + rounder - rounder for _ in range(_BLOCK)]
    )


def _blocks(block: Callable[[], list[float]]) -> Iterator[float]:
    return chain.from_iterable(iter(block, None))


def _lognormals(duration: Lognormal, uniform: Draw) -> list[float]:
    mu, spread, turn = duration.mu + math.log(NANOSECONDS), -2.0 * duration.sigma**2, 2.0 * math.pi
    log, sqrt, cos, sin, exp, rounder = math.log, math.sqrt, math.cos, math.sin, math.exp, _ROUNDER
    pairs = [(sqrt(spread * log(1.0 - uniform())), turn * uniform()) for _ in range(_BLOCK // 2)]
    found = [exp(mu + radius * cos(angle)) + rounder - rounder for radius, angle in pairs]
    found += [exp(mu + radius * sin(angle)) + rounder - rounder for radius, angle in pairs]
    return found
