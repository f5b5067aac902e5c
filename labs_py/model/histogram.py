"""Percentiles of any number of times in bounded memory, from a histogram that can be merged with others.

A time is a whole number of nanoseconds. Up to 255 ns each has a bin of its own; above, each doubling is divided into 128 bins of equal
width, so that the middle of a bin is within 1/256 (0.4 %) of every time in it. Bins are found with integers only, so every platform
fills the same ones.

Sources:
    Gil Tene, HdrHistogram, http://hdrhistogram.org/ (bins of equal width within each doubling).
    Charles Masson, Jee E. Rim and Homin K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
        Guarantees", PVLDB 12(12), 2019, https://doi.org/10.14778/3352063.3352135 (why a relative error, and why merging matters).

>>> histogram = Histogram()
>>> for milliseconds in range(1, 1001):
...     histogram.add(milliseconds * 1_000_000)
>>> abs(histogram.quantile(0.99) / 0.990 - 1) < RELATIVE_ERROR
True
"""

import math
from collections.abc import Mapping
from typing import Any

RELATIVE_ERROR = 1 / 256
NANOSECONDS = 1_000_000_000
_BITS = 7  # log2 of the number of bins to a doubling


class Histogram:
    """Counts of times in bins, with the exact number, sum, smallest and largest.

    Sums are exact up to 104 days of nanoseconds, and then as good as a float.
    """

    __slots__ = ("bins", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self.bins: dict[int, int] = {}
        self.count = 0
        self.total = 0.0
        self.smallest = math.inf
        self.largest = 0.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def add(self, nanoseconds: float) -> None:
        """Count one time, a whole number of nanoseconds of at least 0, as a float or an integer."""
        number = int(nanoseconds)
        shift = number.bit_length() - 1 - _BITS
        if shift > 0:
            number = (shift << _BITS) + (number >> shift)
        bins = self.bins
        if number in bins:
            bins[number] += 1
        else:
            bins[number] = 1
        self.count += 1
        self.total += nanoseconds
        if nanoseconds > self.largest:
            self.largest = nanoseconds
        if nanoseconds < self.smallest:
            self.smallest = nanoseconds

    def merge(self, other: "Histogram") -> None:
        """Count everything that `other` has counted, as if it had been added here."""
        for number, count in other.bins.items():
            self.bins[number] = self.bins.get(number, 0) + count
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
        for number in sorted(self.bins):
            seen += self.bins[number]
            if seen >= rank:
                return min(max(_middle(number), self.smallest), self.largest) / NANOSECONDS
        raise AssertionError("the bins hold fewer times than were counted")

    def share_within(self, seconds: float) -> float:
        """Return the share of the times that are at most `seconds`, a bin's times spread evenly over it; nan when there are none."""
        if not self.count:
            return math.nan
        limit, parts = seconds * NANOSECONDS, [0.0]
        for number in sorted(self.bins):
            low, width = _edges(number)
            if low > limit:
                break
            parts.append(self.bins[number] * min(1.0, (limit - low + 1) / width))
        return min(1.0, math.fsum(parts) / self.count)

    def to_json(self) -> dict[str, Any]:
        """Return the histogram as JSON types; `from_json` reads it back."""
        return {
            "bins": [[number, self.bins[number]] for number in sorted(self.bins)],
            "total_ns": round(self.total),
            "smallest_ns": round(self.smallest) if self.count else None,
            "largest_ns": round(self.largest),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histogram":
        """Return the histogram that `to_json` wrote."""
        made = cls()
        made.bins = {int(number): int(count) for number, count in data["bins"]}
        made.count = sum(made.bins.values())
        made.total = float(data["total_ns"])
        made.smallest = math.inf if data["smallest_ns"] is None else float(data["smallest_ns"])
        made.largest = float(data["largest_ns"])
        return made


def _edges(number: int) -> tuple[int, int]:
    """Return the smallest time of a bin, and how many whole nanoseconds fall into it."""
    shift = max(0, (number >> _BITS) - 1)
    return (number - (shift << _BITS)) << shift, 1 << shift


def _middle(number: int) -> float:
    low, width = _edges(number)
    return low + (width - 1) / 2
