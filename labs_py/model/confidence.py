"""Confidence intervals: of a mean over independent replications, by Student's t, and of a quantile of one sample.

Sources:
    "Student" (W. S. Gosset), "The Probable Error of a Mean", Biometrika 6(1), 1908, https://doi.org/10.1093/biomet/6.1.1
    W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, section 3.2 (quantiles).
    Milton Abramowitz and Irene A. Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4 (the distribution function as a
        finite sum).

>>> round(t_quantile(0.995, 9), 4)
3.2498
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A mean over `count` replications and its confidence interval from `low` to `high`; infinite for a single replication."""

    mean: float
    low: float
    high: float
    count: int

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def interval(values: Sequence[float], confidence: float = 0.99) -> Interval:
    """Return the mean of independent replications with its confidence interval.

    Raises:
        ValueError: there are no values, or `confidence` is not between 0 and 1.
    """
    if not values:
        raise ValueError("values must be at least one, got none")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be a number between 0 and 1, got {confidence!r}")
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    reach = t_quantile((1 + confidence) / 2, count - 1) * math.sqrt(variance / count)
    return Interval(mean, mean - reach, mean + reach, count)


def quantile_interval(ranked: Sequence[float], share: float) -> tuple[float, float, float]:
    """Return the nearest-rank quantile of sorted times and its 95 % confidence interval, from the binomial distribution of ranks.

    >>> quantile_interval([float(n) for n in range(1, 101)], 0.5)
    (50.0, 40.0, 61.0)
    """
    count = len(ranked)
    spread = 1.959964 * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - spread), math.ceil(count * share + spread)
    at = math.ceil(count * share) - 1
    return ranked[max(0, at)], ranked[max(0, low - 1)], ranked[min(count - 1, high)]


def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution with `freedom` degrees of freedom, at least 1.

    Raises:
        ValueError: `probability` is not between 0 and 1, or `freedom` is below 1.
    """
    if not 0 < probability < 1:
        raise ValueError(f"probability must be a number between 0 and 1, got {probability!r}")
    if freedom < 1:
        raise ValueError(f"freedom must be at least 1, got {freedom!r}")
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    # The angle is bisected rather than t itself: it lies between 0 and a right angle however heavy the tail.
    low, high, wanted = 0.0, math.pi / 2, 2 * probability - 1
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < wanted else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _between(angle: float, freedom: int) -> float:
    """Return P(|T| <= t) where t is the square root of `freedom` times the tangent of `angle`."""
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term, terms = (math.cos(angle) if odd else 1.0), []
    for index in range(odd, freedom - 1, 2):
        terms.append(term)
        term *= square * (index + 1) / (index + 2)
    series = sine * math.fsum(terms)
    return 2 / math.pi * (angle + series) if odd else series
