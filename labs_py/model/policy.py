"""What a caller does about calls that fail or take long: retries, circuit breakers and throttles, as data.

Sources:
    Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015,
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    Alejandro Forero Cuervo, "Handling Overload", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 21,
        https://sre.google/sre-book/handling-overload/ (client-side throttling).
    Michael T. Nygard, "Release It!", 2nd edition, 2018, chapter 5 (circuit breaker, bulkheads, shed load).
"""

from dataclasses import dataclass
from typing import Literal

type Jitter = Literal["none", "equal", "full", "decorrelated"]
JITTERS: tuple[Jitter, ...] = ("none", "equal", "full", "decorrelated")
FULLEST_BUDGET = 10.0


@dataclass(frozen=True)
class Retries:
    """At most `attempts` in all, the first included. Times are in seconds.

    The pause before the second attempt is `backoff`, doubled before each further one, at most `longest`. Jitter "full" draws it from 0
    to that, "equal" from half of that to that; "decorrelated" draws it from `backoff` to three times the last one.
    With a `budget`, every call adds so much to a purse that holds up to `FULLEST_BUDGET` and starts full; a retry costs 1, and is not
    made when the purse has less.
    """

    attempts: int
    backoff: float = 0.0
    longest: float = 60.0
    jitter: Jitter = "none"
    budget: float | None = None


@dataclass(frozen=True)
class Breaker:
    """Opens when at least the share `failures` of the last `window` calls has failed; calls then fail at once.

    After `pause` seconds one call is let through as a trial: if it succeeds the breaker closes and forgets, if it fails it stays open
    for another `pause`.
    """

    failures: float = 0.5
    window: int = 20
    pause: float = 5.0


@dataclass(frozen=True)
class Throttle:
    """Of the calls of the last `window` seconds, lets through about `factor` times as many as have succeeded.

    A call is refused by its own caller with probability (requests - factor × successes) / (requests + 1), if that is above 0; the
    requests include those refused in this way.
    """

    factor: float = 2.0
    window: float = 120.0

    def refusal(self, requests: int, successes: int) -> float:
        """Return the probability that the next call is refused.

        >>> Throttle().refusal(100, 50), round(Throttle().refusal(100, 20), 3)
        (0.0, 0.594)
        """
        return max(0.0, (requests - self.factor * successes) / (requests + 1))
