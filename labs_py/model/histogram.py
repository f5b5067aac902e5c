"""Percentiles of any number of times in bounded memory, from a histogram that can be merged with others.

A time is a whole number of nanoseconds, and is counted as the nearest number of 8 binary digits: exactly up to 256 ns, and within 1/256
(0.4 %) of itself above. It is rounded by one multiplication and three sums or differences of floats, which every platform does alike.

Sources:
    Gil Tene, HdrHistogram, http://hdrhistogram.org/ (bins of equal width within each doubling).
    Charles Masson, Jee E. Rim and Homin K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
        Guarantees", PVLDB 12(12), 2019, https://doi.org/10.14778/3352063.3352135 (why a relative error, and why merging matters).
    T. J. Dekker, "A Floating-Point Technique for Extending the Available Precision", Numerische Mathematik 18, 1971,
        https://doi.org/10.1007/BF01397083 (rounding a float to fewer digits).

>>> histogram = Histogram()
>>> for milliseconds in range(1, 1001):
...     histogram.add(milliseconds * 1_000_000)
>>> abs(histogram.quantile(0.99) / 0.990 - 1) < RELATIVE_ERROR
True
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

RELATIVE_ERROR = 1 / 256
NANOSECONDS = 1_000_000_000
_DIGITS = 8
_SPLITTER = 2.0 ** (53 - _DIGITS) + 1


class Histogram:
    """Counts of times in bins, with the exact number, sum, smallest and largest.

    Sums are exact up to 104 days of nanoseconds, and then as good as a float.
    """

    __slots__ = ("bins", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self.bins: dict[float, int] = {}
        self.count = 0
        self.total = 0.0
        self.smallest = math.inf
        self.largest = 0.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def add(self, nanoseconds: float) -> None:
        """Count one time, a whole number of nanoseconds of at least 0, as a float or an integer."""
        high = nanoseconds * _SPLITTER
        high -= high - nanoseconds
        bins = self.bins
        if high in bins:
            bins[high] += 1
        else:
            bins[high] = 1
        self.count += 1
        self.total += nanoseconds
        self.smallest = min(self.smallest, nanoseconds)
        self.largest = max(self.largest, nanoseconds)

    def add_all(self, times: Sequence[float]) -> None:
        """Count many times, which is quicker than one by one."""
        if not times:
            return
        splitter, bins = _SPLITTER, self.bins
        for time, count in Counter([(high := time * splitter) - (high - time) for time in times]).items():
            bins[time] = bins.get(time, 0) + count
        self.count += len(times)
        self.total += math.fsum(times)
        smallest, largest = min(times), max(times)
        self.smallest = min(self.smallest, smallest)
        self.largest = max(self.largest, largest)

    def merge(self, other: "Histogram") -> None:
        """Count everything that `other` has counted, as if it had been added here."""
        for time, count in other.bins.items():
            self.bins[time] = self.bins.get(time, 0) + count
        self.count += other.count
        self.total += other.total
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)

    @property
    def mean(self) -> float:
        """Mean in seconds, exact; nan when nothing has been counted."""
        return self.total / self.count / NANOSECONDS if self.count else math.nan

    def quantile(self, probability: float) -> float:
        """Return the time in seconds that this share of the times does not exceed, within `RELATIVE_ERROR`; nan when there are none.

        It is the smallest time such that at least this share of all times is not larger: the nearest-rank quantile.

        Raises:
            ValueError: `probability` is not from 0 to 1.
        """
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must be from 0 to 1, got {probability!r}")
        if not self.count:
            return math.nan
        rank, seen = max(1, math.ceil(probability * self.count)), 0
        for time in sorted(self.bins):
            seen += self.bins[time]
            if seen >= rank:
                return min(max(time, self.smallest), self.largest) / NANOSECONDS
        raise AssertionError("the bins hold fewer times than were counted")

    def share_within(self, seconds: float) -> float:
        """Return the share of the times that are at most `seconds`, a bin's times spread evenly over it; nan when there are none."""
        if not self.count:
            return math.nan
        limit, parts = seconds * NANOSECONDS, [0.0]
        for time in sorted(self.bins):
            low, high = _edges(time)
            if low > limit:
                break
            parts.append(self.bins[time] * (1.0 if high <= limit else (limit - low) / (high - low)))
        return min(1.0, math.fsum(parts) / self.count)

    def to_json(self) -> dict[str, Any]:
        """Return the histogram as JSON types; `from_json` reads it back."""
        return {
            "bins_ns": [[round(time), self.bins[time]] for time in sorted(self.bins)],
            "total_ns": round(self.total),
            "smallest_ns": round(self.smallest) if self.count else None,
            "largest_ns": round(self.largest),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histogram":
        """Return the histogram that `to_json` wrote."""
        made = cls()
        made.bins = {float(time): int(count) for time, count in data["bins_ns"]}
        made.count = sum(made.bins.values())
        made.total = float(data["total_ns"])
        made.smallest = math.inf if data["smallest_ns"] is None else float(data["smallest_ns"])
        made.largest = float(data["largest_ns"])
        return made


def _edges(time: float) -> tuple[float, float]:
    """Return between which times everything is counted as `time`."""
    digits, exponent = math.frexp(time)
    step = 2.0 ** max(0, exponent - _DIGITS)
    if step == 1:
        return time, time
    return time - (step / 4 if digits == 0.5 else step / 2), time + step / 2
