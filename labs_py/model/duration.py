"""How long one step takes: a shape with a mean, in seconds.

Every shape knows its mean, its cumulative distribution function and how to draw a sample, so that an exact computation
and a simulation can use the same object.
"""

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist

# Fractions, so that "9 ms" is the float nearest to 0.009.
UNITS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
}
_QUANTITY = re.compile(r"\s*([0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?)\s*([a-zµ]+)\s*")
_Z99 = NormalDist().inv_cdf(0.99)
LONGEST = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Constant:
    """Always the same time.

    >>> Constant(0.002).cdf(0.001), Constant(0.002).cdf(0.002)
    (0.0, 1.0)
    """

    mean: float

    def cdf(self, t: float) -> float:
        """Return the probability that the step takes at most `t` seconds."""
        return 1.0 if t >= self.mean else 0.0

    def sample(self, rng: random.Random) -> float:
        """Return the mean; draws nothing from `rng`."""
        return self.mean


@dataclass(frozen=True)
class Exponential:
    """Memoryless time with the given mean.

    >>> round(Exponential(1.0).cdf(math.log(100)), 6)
    0.99
    """

    mean: float

    def cdf(self, t: float) -> float:
        """Return 1 - exp(-t / mean), and 0 before time 0."""
        return -math.expm1(-t / self.mean) if t > 0 else 0.0

    def sample(self, rng: random.Random) -> float:
        """Draw one time by inversion."""
        return -self.mean * math.log(1.0 - rng.random())


@dataclass(frozen=True)
class Lognormal:
    """Lognormal time, given by its mean and its 99th percentile.

    With z the standard normal 0.99 quantile, p99 / mean = exp(z*sigma - sigma**2 / 2), which has a solution
    when the ratio is at most exp(z**2 / 2), about 14.97; the smaller sigma is taken.

    >>> shape = Lognormal(mean=0.002, p99=0.008)
    >>> round(shape.cdf(0.008), 9)
    0.99
    """

    mean: float
    p99: float

    @cached_property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return _Z99 - math.sqrt(_Z99**2 - 2 * math.log(self.p99 / self.mean))

    @cached_property
    def mu(self) -> float:
        """Mean of the logarithm."""
        return math.log(self.mean) - self.sigma**2 / 2

    def cdf(self, t: float) -> float:
        """Return the normal CDF of the standardized logarithm of `t`."""
        if t <= 0:
            return 0.0
        return 0.5 * math.erfc((self.mu - math.log(t)) / (self.sigma * math.sqrt(2)))

    def sample(self, rng: random.Random) -> float:
        """Draw one time."""
        return rng.lognormvariate(self.mu, self.sigma)


@dataclass(frozen=True)
class Pareto:
    """Pareto (type I) time: P(T > t) = (minimum / t)**alpha. A heavy tail; the mean is finite because alpha > 1.

    >>> round(Pareto(mean=0.003, alpha=1.5).minimum, 6)
    0.001
    """

    mean: float
    alpha: float

    @cached_property
    def minimum(self) -> float:
        """Shortest possible time: mean * (alpha - 1) / alpha."""
        return self.mean * (self.alpha - 1) / self.alpha

    def cdf(self, t: float) -> float:
        """Return 1 - (minimum / t)**alpha, and 0 below the minimum."""
        return 1.0 - (self.minimum / t) ** self.alpha if t > self.minimum else 0.0

    def sample(self, rng: random.Random) -> float:
        """Draw one time by inversion."""
        return float(self.minimum * (1.0 - rng.random()) ** (-1.0 / self.alpha))


@dataclass(frozen=True)
class Empirical:
    """Measured times, each equally likely; kept sorted.

    >>> Empirical((0.001, 0.002, 0.009)).mean
    0.004
    """

    values: tuple[float, ...]

    @cached_property
    def mean(self) -> float:
        """Arithmetic mean of the values."""
        return math.fsum(self.values) / len(self.values)

    def cdf(self, t: float) -> float:
        """Return the share of values that are at most `t`."""
        low, high = 0, len(self.values)
        while low < high:
            middle = (low + high) // 2
            if self.values[middle] <= t:
                low = middle + 1
            else:
                high = middle
        return low / len(self.values)

    def sample(self, rng: random.Random) -> float:
        """Draw one of the values."""
        return rng.choice(self.values)


Duration = Constant | Exponential | Lognormal | Pareto | Empirical
ZERO = Constant(0.0)
_KEYS = {
    "constant": {"mean"},
    "exponential": {"mean"},
    "lognormal": {"mean", "p99"},
    "pareto": {"mean", "alpha"},
    "empirical": {"values"},
}


def parse_seconds(value: object) -> float:
    """Return the seconds in a text such as "2 ms" or "150 us".

    Raises:
        ValueError: `value` is not a number with a unit, or is longer than seven days.

    >>> parse_seconds("150 us")
    0.00015
    """
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in UNITS:
        raise ValueError(f'must be a time with a unit ({", ".join(UNITS)}), such as "2 ms", got {value!r}')
    seconds = float(Fraction(match[1]) * UNITS[match[2]])
    if not seconds <= LONGEST:
        raise ValueError(f"must be at most 7 days, got {value!r}")
    return seconds


def parse_duration(value: object) -> Duration:
    """Return the duration that a text ("2 ms") or a table ({mean = "2 ms", shape = "lognormal", p99 = "9 ms"}) describes.

    Raises:
        ValueError: with the rule that is broken and the value.
    """
    if not isinstance(value, Mapping):
        return Constant(parse_seconds(value))
    shape = value.get("shape", "constant")
    if shape not in _KEYS:
        raise ValueError(f"shape must be one of {', '.join(_KEYS)}, got {shape!r}")
    given, wanted = set(value) - {"shape"}, _KEYS[shape]
    if given != wanted:
        raise ValueError(
            f"a {shape} time must have exactly {', '.join(sorted(wanted))}, got {', '.join(sorted(given)) or 'nothing'}"
        )
    if shape == "empirical":
        return _empirical(value["values"])
    mean = _positive("mean", value["mean"])
    if shape == "lognormal":
        return _lognormal(mean, _positive("p99", value["p99"]), value)
    if shape == "pareto":
        alpha = value["alpha"]
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 1 < alpha < 100:
            raise ValueError(f"alpha must be a number above 1 and below 100, got {alpha!r}")
        return Pareto(mean, float(alpha))
    return Exponential(mean) if shape == "exponential" else Constant(mean)


def _positive(name: str, value: object) -> float:
    try:
        seconds = parse_seconds(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
    if seconds <= 0:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    return seconds


def _lognormal(mean: float, p99: float, value: Mapping[str, object]) -> Lognormal:
    if not 1.0 < p99 / mean < math.exp(_Z99**2 / 2):
        raise ValueError(
            f"p99 must be above the mean and below 14.9 times the mean, got {value['p99']!r} with mean {value['mean']!r}"
        )
    return Lognormal(mean, p99)


def _empirical(values: object) -> Empirical:
    if not isinstance(values, list) or not 1 <= len(values) <= 10_000:
        raise ValueError(
            "values must be a list of 1 to 10,000 times, got "
            + (f"{len(values)}" if isinstance(values, list) else repr(values))
        )
    return Empirical(tuple(sorted(_positive("values", item) for item in values)))
