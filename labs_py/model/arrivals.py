"""When requests come: open, bursty, changing and closed load.

Rates are in requests per second, times in seconds.

Source:
    Bianca Schroeder, Adam Wierman and Mor Harchol-Balter, "Open Versus Closed: A Cautionary Tale", NSDI 2006,
        https://www.usenix.org/legacy/event/nsdi06/tech/schroeder.html (open users do not wait for one another, closed ones do).
    Wolfgang Fischer and Kathleen Meier-Hellstern, "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation
        18(2), 1993, https://doi.org/10.1016/0166-5316(93)90035-S (bursts).
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from labs_py.model.duration import Constant, Duration, Exponential
from labs_py.model.ticks import NEVER, times

MOST_USERS = 100_000
_SHORTEST = 1e-6


@dataclass(frozen=True)
class Open:
    """Requests come at `rate` whether or not earlier ones have been answered: a Poisson process, or evenly spaced when `paced`."""

    rate: float
    paced: bool = False

    def __post_init__(self) -> None:
        _rate("rate", self.rate)

    def arrivals(self, rng: random.Random) -> Iterator[float]:
        """Return the times of the requests in nanoseconds, ascending."""
        gap = 1 / self.rate
        return accumulate(times(Constant(gap) if self.paced else Exponential(gap), rng))


@dataclass(frozen=True)
class Changing:
    """A Poisson process whose rate changes: `rates` are pairs of a time, from which on it holds, and a rate, which may be 0.

    The first time is 0.
    """

    rates: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        starts = [start for start, _ in self.rates]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"rates must start at 0 s and go on at later and later times, got {starts}")
        for _, rate in self.rates:
            if not 0 <= rate < 1e9:
                raise ValueError(f"rates must be from 0 to below 1e9 per second, got {rate!r}")

    def arrivals(self, rng: random.Random) -> Iterator[float]:
        """Return the times of the requests in nanoseconds, ascending."""
        ends = [start * 1e9 for start, _ in self.rates[1:]] + [NEVER]
        return _modulated(((rate, end) for (_, rate), end in zip(self.rates, ends, strict=True)), rng)


@dataclass(frozen=True)
class Bursty:
    """Calm and bursts in turn, each of exponential length: requests come at `rate` on average, and `factor` times that in a burst.

    Bursts take the share `share` of the time and last `length` seconds on average. `factor` is at least 1 and at most 1 / `share`,
    with which nothing comes in between.
    """

    rate: float
    factor: float
    share: float
    length: float

    def __post_init__(self) -> None:
        _rate("rate", self.rate)
        if not 0 < self.share < 1:
            raise ValueError(f"share must be a number between 0 and 1, got {self.share!r}")
        if not 1 <= self.factor <= 1 / self.share:
            raise ValueError(f"factor must be from 1 to 1 / share = {1 / self.share:g}, got {self.factor!r}")
        if not _SHORTEST <= self.length < math.inf:
            raise ValueError(f"length must be a time of at least 1 us, got {self.length!r} s")

    def arrivals(self, rng: random.Random) -> Iterator[float]:
        """Return the times of the requests in nanoseconds, ascending."""
        return _modulated(self._phases(rng), rng)

    def _phases(self, rng: random.Random) -> Iterator[tuple[float, float]]:
        calm = max(0.0, self.rate * (1 - self.factor * self.share) / (1 - self.share))
        lengths = {True: self.length, False: self.length * (1 - self.share) / self.share}
        burst, end = rng.random() < self.share, 0.0
        while True:
            end += round(-lengths[burst] * math.log(1.0 - rng.random()) * 1e9)
            yield (self.rate * self.factor if burst else calm), end
            burst = not burst


@dataclass(frozen=True)
class Closed:
    """`users` who each send a request, wait for its end, think, and send the next. They start spread over one thinking time."""

    users: int
    think: Duration

    def __post_init__(self) -> None:
        if not 1 <= self.users <= MOST_USERS:
            raise ValueError(f"users must be a whole number from 1 to {MOST_USERS:,}, got {self.users!r}")
        if self.think.mean < _SHORTEST:  # or a service that fails at once would be asked for ever at one moment
            raise ValueError(f"think must take at least 1 us on average, got {self.think.mean!r} s")


type Load = Open | Changing | Bursty | Closed


def _modulated(phases: Iterator[tuple[float, float]], rng: random.Random) -> Iterator[float]:
    """Yield the arrivals of a Poisson process whose rate holds until a time; what is left of a gap at a change is drawn anew."""
    now = 0.0
    for rate, end in phases:
        while rate > 0:
            later = now + round(-math.log(1.0 - rng.random()) / rate * 1e9)
            if later >= end:
                break
            now = later
            yield now
        now = end


def _rate(name: str, value: float) -> None:
    if not 0 < value < 1e9:
        raise ValueError(f"{name} must be above 0 and below 1e9 per second, got {value!r}")
