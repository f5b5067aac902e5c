"""Sums, maxima and cut-offs of independent times, as probability mass on an even lattice.

A time is a shortest time, exact, plus a variable part whose mass stands on the lattice's points. Sums are convolutions,
computed as one product of two big integers (Kronecker substitution): integer arithmetic gives the same digits on every
platform, and at these sizes it is several times as fast in pure Python as a fast Fourier transform.
No time is negative, so mass beyond the end of a lattice can never come back below it: it is dropped, and the rest stays right.

Source:
    D. Harvey, "Faster polynomial multiplication via multipoint Kronecker substitution", 2007, https://arxiv.org/abs/0712.4046

>>> step = Grid(0.001).leaf(Exponential(0.010), limit=0.2)
>>> two = Grid(0.001).sequence([(step, 2)], limit=0.2)
>>> round(two.mean, 9), round(two.up_to(50) / ONE, 3)
(0.02, 0.961)
"""

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from labs_py.model.duration import Constant, Duration, Empirical, Exponential, Lognormal, Pareto

ONE = 1 << 31  # probability 1: the product of two masses, and any sum of such products, fits in 64 bits


@dataclass(frozen=True)
class Lattice:
    """Mass `mass[i]` / 2**31 at the time `least + (first + i) * step`; what is missing to 1 lies beyond the end.

    `mean` is that of the whole law, the part beyond the end included. Times are in seconds.
    """

    step: float
    least: float
    first: int
    mass: Sequence[int]
    mean: float

    @cached_property
    def cumulative(self) -> list[int]:
        """Running totals of `mass`. Entry i is the probability averaged over the step after point i, about that of its middle."""
        return list(accumulate(self.mass))

    def up_to(self, index: int) -> int:
        """Return the mass at or before point `index`, counted from `least`."""
        position = min(index - self.first, len(self.mass) - 1)
        return self.cumulative[position] if position >= 0 else 0

    def limited_mean(self, t: float) -> float:
        """Return the mean of the smaller of the time and `t` seconds, for `t` up to the lattice's end."""
        position = (t - self.least) / self.step
        if position <= self.first:
            return t
        whole = math.floor(position)
        lasting = [ONE - total for total in self.cumulative[: whole - self.first]]
        lasting += [ONE - self.cumulative[-1]] * (whole - self.first - len(lasting))
        rest = (position - whole) * (ONE - self.up_to(whole))
        return self.least + self.step * (self.first + (sum(lasting) + rest) / ONE)

    def coarser(self, times: int) -> "Lattice":
        """Return the law on a lattice whose step is `times` as long; the mean stays."""
        mass = [0] * ((self.first + len(self.mass) - 1) // times + 2)
        for index, amount in enumerate(self.mass, self.first):
            below, over = divmod(index, times)
            later = (amount * over + times // 2) // times
            mass[below] += amount - later
            mass[below + 1] += later
        return _trimmed(self.step * times, self.least, 0, mass, self.mean)

    def raised(self, least: float) -> "Lattice":
        """Return the law of the larger of the time and the later `least`."""
        offset = (least - self.least) / self.step
        if not offset:
            return self
        whole = math.floor(offset)
        mass = [0] * (max(0, self.first + len(self.mass) - whole) + 1)
        for index, amount in enumerate(self.mass, self.first - whole):
            early = round(amount * (offset - whole))
            mass[max(0, index - 1)] += early
            mass[max(0, index)] += amount - early
        return _trimmed(self.step, least, 0, mass, self.mean)


@dataclass(frozen=True)
class Grid:
    """Operations on lattices of one step, in seconds. Nothing is kept beyond the time `limit`."""

    step: float

    def leaf(self, duration: Duration, limit: float) -> Lattice:
        """Return the lattice of one duration. What falls between two points is shared so that the mean stays."""
        least, last = shortest(duration), self._last(limit - shortest(duration))
        if isinstance(duration, Constant):
            return self.constant(least)
        if isinstance(duration, Empirical):
            shares = [0.0] * (last + 2)
            for value in duration.values:
                position = (value - least) / self.step
                below = int(position)
                if below <= last:
                    shares[below] += below + 1 - position
                    shares[below + 1] += position - below
            scale = ONE / len(duration.values)
            return _trimmed(self.step, least, 0, [round(share * scale) for share in shares[: last + 1]], duration.mean)
        mass: list[int] = []
        lasting, before = 1.0, least  # the probability to last longer, averaged over the step before a point
        for index in range(1, last + 2):
            here = limited_mean(duration, least + index * self.step)
            longer = (here - before) / self.step
            mass.append(max(0, round((lasting - longer) * ONE)))
            if longer * ONE < 0.25:
                break
            lasting, before = longer, here
        return _trimmed(self.step, least, 0, mass, duration.mean)

    def constant(self, time: float) -> Lattice:
        """Return the law of a time that never varies."""
        return Lattice(self.step, time, 0, [ONE], time)

    def sequence(self, parts: Iterable[tuple[Lattice, int]], limit: float) -> Lattice:
        """Return the law of a sum: each part as many times as stands beside it, all independent."""
        counted = list(parts)
        least = math.fsum(part.least * times for part, times in counted)
        last = self._last(limit - least)
        first, mass = 0, [ONE]
        for part, times in counted:
            left, power_first, power = times, part.first, list(part.mass)
            while left and (power != [ONE] or power_first):  # by squaring; a constant adds nothing to the variable part
                if left % 2:
                    first, mass = _convolved(first, mass, power_first, power, last)
                left //= 2
                if left:
                    power_first, power = _convolved(power_first, power, power_first, power, last)
        return Lattice(self.step, least, first, mass, math.fsum(part.mean * times for part, times in counted))

    def slowest(self, parts: Iterable[tuple[Lattice, int]], limit: float) -> Lattice:
        """Return the law of a maximum: each part as many times as stands beside it, all independent; at least one part."""
        counted = list(parts)
        least = max(part.least for part, _ in counted)
        raised = [(part.raised(least), times) for part, times in counted]
        first = max(part.first for part, _ in raised)
        end = max(part.first + len(part.mass) for part, _ in raised)
        size = max(1, min(self._last(limit - least), end) + 1 - first)
        edges, middles = [1.0] * (size + 1), [1.0] * size
        for part, times in raised:
            own_edges, own_middles = _within_steps(part, first, size)
            edges = [chance * own**times for chance, own in zip(edges, own_edges, strict=True)]
            middles = [chance * own**times for chance, own in zip(middles, own_middles, strict=True)]
        averages = [(low + 4 * middle + high) / 6 for low, middle, high in zip(edges, middles, edges[1:], strict=False)]
        totals = [round(average * ONE) for average in averages]
        mass = [here - before for before, here in pairwise([0, *totals])]
        law = _trimmed(self.step, least, first, mass, 0.0)
        # Beyond the limit at most one part lasts, as good as always, so that the means of their excesses add up.
        excess = math.fsum(max(0.0, part.mean - part.limited_mean(limit)) * times for part, times in counted)
        return Lattice(self.step, least, law.first, law.mass, law.limited_mean(limit) + excess)

    def at_most(self, part: Lattice, cap: float, limit: float) -> Lattice:
        """Return the law of the smaller of a time and the constant `cap`."""
        if cap <= part.least:
            return self.constant(cap)
        if cap >= limit:
            inside = part.limited_mean(limit)
            beyond = (cap - limit) * (1 - part.cumulative[-1] / ONE)
            mean = inside + max(0.0, min(part.mean - inside, beyond))
            return Lattice(self.step, part.least, part.first, part.mass, mean)
        position = (cap - part.least) / self.step
        below = int(position)
        rest = max(0, ONE - part.up_to(below))
        later = round(rest * (position - below))
        mass = ([0] * part.first + list(part.mass) + [0] * (below + 1))[: below + 1]
        mass[below] += rest - later
        return _trimmed(self.step, part.least, 0, [*mass, later], part.limited_mean(cap))

    def _last(self, reach: float) -> int:
        return max(1, int(reach / self.step))


def shortest(duration: Duration) -> float:
    """Return the least time that a duration can take, in seconds.

    >>> shortest(Pareto(mean=0.003, alpha=1.5)), shortest(Exponential(0.003))
    (0.001, 0.0)
    """
    if isinstance(duration, Constant):
        return duration.mean
    if isinstance(duration, Pareto):
        return duration.minimum
    return duration.values[0] if isinstance(duration, Empirical) else 0.0


def limited_mean(duration: Exponential | Lognormal | Pareto, t: float) -> float:
    """Return the mean of the smaller of the duration and `t` seconds, `t` at least 0: the integral of 1 - cdf up to `t`.

    >>> limited_mean(Exponential(2.0), math.inf)
    2.0
    """
    if isinstance(duration, Exponential):
        return duration.mean * -math.expm1(-t / duration.mean)
    if isinstance(duration, Pareto):
        minimum, alpha = duration.minimum, duration.alpha
        return min(t, minimum) + minimum * (1.0 - float(max(1.0, t / minimum) ** (1 - alpha))) / (alpha - 1)
    if t <= 0:
        return 0.0
    z = (math.log(t) - duration.mu) / duration.sigma
    below = duration.mean * 0.5 * math.erfc((duration.sigma - z) / math.sqrt(2))
    return below + t * 0.5 * math.erfc(z / math.sqrt(2))


def _trimmed(step: float, least: float, first: int, mass: list[int], mean: float) -> Lattice:
    low, high = _bounds(mass)
    return Lattice(step, least, first + low, mass[low:high], mean)


def _bounds(mass: Sequence[int]) -> tuple[int, int]:
    low, high = 0, len(mass)
    while high > 1 and not mass[high - 1]:
        high -= 1
    while low < high - 1 and not mass[low]:
        low += 1
    return low, high


def _convolved(first: int, mass: list[int], other_first: int, other: list[int], last: int) -> tuple[int, list[int]]:
    """Return first index and masses of a sum, nothing beyond index `last`."""
    left = int.from_bytes(array("Q", mass).tobytes(), sys.byteorder)
    right = left if mass is other else int.from_bytes(array("Q", other).tobytes(), sys.byteorder)
    slots = array("Q")
    slots.frombytes((left * right).to_bytes(8 * (len(mass) + len(other) - 1), sys.byteorder))
    first += other_first
    kept = [(slot + (ONE >> 1)) >> 31 for slot in slots[: max(1, last + 1 - first)]]
    low, high = _bounds(kept)
    return first + low, kept[low:high]


def _within_steps(part: Lattice, first: int, size: int) -> tuple[list[float], list[float]]:
    """Return the distribution function at the edges and in the middle of `size` steps from point `first` on.

    The running totals are averages over a step. Multiplying those would make a maximum a little too slow; multiplying these values and
    averaging by Simpson's rule does not, and gives back the same average where there is only one part.
    """
    start = first - 1 - part.first
    totals = [total / ONE for total in part.cumulative[max(0, start) : start + size + 2]] or [part.cumulative[-1] / ONE]
    averages = [0.0] * max(0, -start) + totals
    averages += [totals[-1]] * (size + 2 - len(averages))
    edges = [(before + after) / 2 for before, after in pairwise(averages)]
    if not first:  # the shortest time may have a probability of its own
        edges[0] = max(0.0, averages[1] - (averages[2] - averages[1]) / 2)
    steps = zip(edges, averages[1:], edges[1:], strict=False)
    middles = [min(high, max(low, (6 * own - low - high) / 4)) for low, own, high in steps]
    return edges, middles
