"""The exact distribution of sums, maxima and cut-offs of independent times, on a lattice.

A time is a least value, exact, plus a variable part whose probability mass stands on the points of an even grid. Sums
are convolutions, computed as one product of two big integers (Kronecker substitution): integer arithmetic gives the same
digits everywhere, and for the lattices used here it is faster in pure Python than a fast Fourier transform.
All times are at least 0, so whatever lies beyond the end of a lattice can never come back below it: it is dropped, and what
stays is exact. A law with a long tail is therefore held on several lattices, a finer one for each shorter stretch.

Source:
    L. Kronecker, "Grundzüge einer arithmetischen Theorie der algebraischen Größen", 1882 (the substitution);
    H. U. Gerber, "On the numerical evaluation of the distribution of aggregate claims", 1982 (mass dispersal that keeps the mean).

>>> leaf = Exponential(0.010)
>>> law = adaptive(lambda step, limit: Grid(step).leaf(leaf, limit), least=0.0, scale=0.010)
>>> round(law.quantile(0.99) / (0.010 * math.log(100)), 3)
1.0
"""

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from labs_py.model.duration import Constant, Duration, Empirical, Exponential, Lognormal, Pareto

ONE = 1 << 31  # probability 1; the product of two masses fits in 64 bits
BINS = 256
FARTHEST = 0.9995  # the grid reaches at least this quantile
_COARSE_BINS = 64
_MOST_PASSES = 30
_MOST_LEVELS = 20
_NARROW = 0.002  # a spread that is so small a share of the time itself is not looked into
_STEPS_TO_A_QUANTILE = 60  # a quantile is read where it is at least so many steps long,
_STEPS_TO_A_JUMP = (
    150  # or so many where mass stands at single times: it is known to a step there, not to a fraction of one
)


@dataclass(frozen=True)
class Lattice:
    """Mass `mass[i]` / 2**31 at the time `least + (first + i) * step`; what is missing to 1 lies beyond the limit it was made with.

    `mean` is that of the whole law, the part beyond the limit included. Times are in seconds.
    """

    step: float
    least: float
    first: int
    mass: Sequence[int]
    mean: float

    @cached_property
    def cumulative(self) -> list[int]:
        """Running totals of `mass`: entry i is the probability up to half a step after point i."""
        return list(accumulate(self.mass))

    def up_to(self, index: int) -> int:
        """Return the mass at or before point `index`, counted from `least`."""
        position = min(index - self.first, len(self.mass) - 1)
        return self.cumulative[position] if position >= 0 else 0

    def limited_mean(self, t: float) -> float:
        """Return the mean of the smaller of the time and `t` seconds, for `t` up to the limit."""
        position = (t - self.least) / self.step
        if position <= self.first:
            return t
        whole = math.floor(position)
        counted = [ONE - total for total in self.cumulative[: whole - self.first]]
        counted += [ONE - self.cumulative[-1]] * (whole - self.first - len(counted))
        part = (position - whole) * (ONE - self.up_to(whole))
        return self.least + self.step * (self.first + (sum(counted) + part) / ONE)

    def coarser(self, times: int) -> "Lattice":
        """Return the law on a lattice whose step is `times` as long."""
        size = (self.first + len(self.mass) - 1) // times + 2
        mass = [0] * size
        for index, amount in enumerate(self.mass, self.first):
            below, over = divmod(index, times)
            later = (amount * over + times // 2) // times
            mass[below] += amount - later
            mass[below + 1] += later
        return _trimmed(self.step * times, self.least, 0, mass, self.mean)


@dataclass(frozen=True)
class Grid:
    """Operations on lattices of one step, in seconds. `limit` is the time beyond which nothing is kept."""

    step: float

    def leaf(self, duration: Duration, limit: float) -> Lattice:
        """Return the lattice of one duration. Mass between two points is shared so that the mean stays exact."""
        least = shortest(duration)
        bins = self._bins(limit - least)
        if isinstance(duration, Constant):
            return Lattice(self.step, least, 0, [ONE], least)
        if isinstance(duration, Empirical):
            shares = [0.0] * (bins + 2)
            for value in duration.values:
                position = (value - least) / self.step
                if position < bins + 1:
                    below = int(position)
                    shares[below] += below + 1 - position
                    shares[below + 1] += position - below
            return _trimmed(
                self.step,
                least,
                0,
                [round(share * ONE / len(duration.values)) for share in shares[: bins + 1]],
                duration.mean,
            )
        survival = 1.0  # average probability, over the cell before a point, of lasting longer
        mass = []
        before = least
        for index in range(1, bins + 2):
            here = limited_mean(duration, least + index * self.step)
            after = (here - before) / self.step
            mass.append(round((survival - after) * ONE))
            if after * ONE < 0.25:
                break
            survival, before = after, here
        return _trimmed(self.step, least, 0, mass, duration.mean)

    def sequence(self, parts: Iterable[tuple[Lattice, int]], limit: float) -> Lattice:
        """Return the law of a sum: each part as many times as its count says, all independent."""
        chosen = [(part, count) for part, count in parts if count]
        least = math.fsum(part.least * count for part, count in chosen)
        mean = math.fsum(part.mean * count for part, count in chosen)
        bins = self._bins(limit - least)
        first, mass = 0, [ONE]
        for part, count in chosen:
            base_first, base = part.first, list(part.mass)
            while base != [ONE] or base_first:
                if count % 2:
                    first, mass = _convolved(first, mass, base_first, base, bins)
                count //= 2
                if not count:
                    break
                base_first, base = _convolved(base_first, base, base_first, base, bins)
        return Lattice(self.step, least, first, mass, mean)

    def slowest(self, parts: Iterable[tuple[Lattice, int]], limit: float) -> Lattice:
        """Return the law of a maximum: each part as many times as its count says, all independent."""
        chosen = list(parts)
        least = max(part.least for part, _ in chosen)
        bins = self._bins(limit - least)
        moved = [(self._raised(part, least), count) for part, count in chosen]
        first = max(part.first for part, _ in moved)
        last = min(bins, max(part.first + len(part.mass) for part, _ in moved))
        size = max(0, last + 1 - first)
        edges, middles = [1.0] * (size + 1), [1.0] * size
        for part, count in moved:
            own_edges, own_middles = _within_cells(part, first, size)
            edges = [chance * own**count for chance, own in zip(edges, own_edges, strict=True)]
            middles = [chance * own**count for chance, own in zip(middles, own_middles, strict=True)]
        totals = [
            round((low + 4 * middle + high) / 6 * ONE)
            for low, middle, high in zip(edges, middles, edges[1:], strict=False)
        ]
        mass = [here - before for here, before in zip(totals, [0, *totals], strict=False)] or [0]
        law = _trimmed(self.step, least, first, mass, 0.0)
        # Beyond the limit at most one part lasts, as good as always: the means of their excesses add up.
        excess = math.fsum(max(0.0, part.mean - part.limited_mean(limit)) * count for part, count in chosen)
        return Lattice(self.step, least, law.first, law.mass, law.limited_mean(limit) + excess)

    def at_most(self, part: Lattice, cap: float, limit: float) -> Lattice:
        """Return the law of the smaller of a time and the constant `cap`."""
        if cap <= part.least:
            return Lattice(self.step, cap, 0, [ONE], cap)
        reach = self._bins(limit - part.least)
        position = (cap - part.least) / self.step
        if position >= reach:
            inside = part.limited_mean(limit)
            beyond = max(0.0, cap - limit) * (1 - part.up_to(reach) / ONE)
            return Lattice(
                self.step, part.least, part.first, part.mass, inside + min(max(0.0, part.mean - inside), beyond)
            )
        below = int(position)
        share = position - below
        kept = ([0] * part.first + list(part.mass) + [0] * (below + 1))[: below + 1]
        rest = ONE - part.up_to(below)
        kept[below] += rest - round(rest * share)
        kept.append(round(rest * share))
        return _trimmed(self.step, part.least, 0, kept, part.limited_mean(cap))

    def _bins(self, reach: float) -> int:
        return max(1, int(reach / self.step))

    def _raised(self, part: Lattice, least: float) -> Lattice:
        """Return `part` counted from a later `least`: what is earlier waits at it."""
        offset = (least - part.least) / self.step
        if not offset:
            return part
        whole = math.floor(offset)
        share = offset - whole
        mass = [0] * (max(0, part.first + len(part.mass) - whole) + 1)
        for index, amount in enumerate(part.mass, part.first - whole):
            early = round(amount * share)
            mass[max(0, index - 1)] += early
            mass[max(0, index)] += amount - early
        return _trimmed(self.step, least, 0, mass, part.mean)


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
        ratio, alpha = max(1.0, t / duration.minimum), duration.alpha
        return min(t, duration.minimum) + duration.minimum * (1 - ratio ** (1 - alpha)) / (alpha - 1)
    if t <= 0:
        return 0.0
    z = (math.log(t) - duration.mu) / duration.sigma
    below = duration.mean * 0.5 * math.erfc((duration.sigma - z) / math.sqrt(2))
    return below + t * 0.5 * math.erfc(z / math.sqrt(2))


@dataclass(frozen=True)
class Distribution:
    """A law on one or more lattices, the finest first; each is exact up to its `limit`. Times are in seconds."""

    levels: Sequence[Lattice]
    limits: Sequence[float]

    @property
    def mean(self) -> float:
        """Mean time: the integral of the survival function, each stretch on the finest lattice that reaches it."""
        finest, coarsest = self.levels[0], self.levels[-1]
        if math.isclose(finest.mean, coarsest.mean, rel_tol=1e-9):  # a plain sum: its mean needs no lattice
            return finest.mean
        bounds = [0.0, *self.limits]
        pieces = [
            level.limited_mean(high) - level.limited_mean(low)
            for level, low, high in zip(self.levels, bounds, self.limits, strict=False)
        ]
        return math.fsum(pieces) + max(0.0, coarsest.mean - coarsest.limited_mean(self.limits[-1]))

    def cdf(self, t: float) -> float:
        """Return the probability of at most `t` seconds."""
        index = next((index for index, limit in enumerate(self.limits) if t <= limit), len(self.limits) - 1)
        finer = self.levels[index - 1].cumulative[-1] / ONE if index else 0.0
        return max(finer, _cdf(self.levels[index], t))

    def quantile(self, probability: float) -> float:
        """Return the time that a share `probability` of the requests stays within.

        Raises:
            ValueError: `probability` is not from 0 to 0.9995.
        """
        if not 0 <= probability <= FARTHEST:
            raise ValueError(f"probability must be from 0 to {FARTHEST}, got {probability!r}")
        index = next(
            (index for index, level in enumerate(self.levels) if level.cumulative[-1] >= probability * ONE),
            len(self.levels) - 1,
        )
        finer = _quantile(self.levels[index - 1], 1.0) if index else 0.0
        return max(finer, _quantile(self.levels[index], probability))


def adaptive(
    evaluate: Callable[[float, float], Lattice], *, least: float, scale: float, draws: int = 1
) -> Distribution:
    """Return the law that `evaluate(step, limit)` computes, on lattices fine enough for every quantile from 0.5 to 0.9995.

    `least` is the law's shortest time; `scale`, the rough size of what varies above it, is where the search starts. `draws` is how many
    random times are added up at most: each is blurred by half a step or so, and a sum of n by the square root of n times that.
    """
    if scale <= 0:
        return Distribution([Lattice(1.0, least, 0, [ONE], least)], [math.inf])
    finest = round(BINS * max(1.0, draws / 100) ** 0.25)
    bins, step, limit = _COARSE_BINS, 8 * scale / _COARSE_BINS, least + 8 * scale
    law = evaluate(step, limit)
    for _ in range(
        _MOST_PASSES
    ):  # find where the mass is; a coarse lattice blurs, so a finer one may find less spread and ask for a finer one still
        if law.cumulative[-1] < FARTHEST * ONE:
            step, limit = 4 * step, least + 4 * (limit - least)
        else:
            high = _quantile(law, FARTHEST)
            spread = max(high - _quantile(law, 1 - FARTHEST), step)
            small = (
                high * _NARROW if spread <= 3 * step else 0.0
            )  # all of it at one time, or nearly: look no closer than needed
            if (bins == finest and spread > 0.7 * finest * step) or spread < _NARROW * high or step <= small:
                break
            bins, step, limit = finest, max(spread / finest, small), high + 2 * step
        law = evaluate(step, limit)
    levels, limits = [law], [limit]
    steps = _STEPS_TO_A_JUMP if max(law.mass) > 0.05 * ONE else _STEPS_TO_A_QUANTILE
    while _quantile(levels[0], 0.5) < steps * step and len(levels) < _MOST_LEVELS:
        limit = 1.1 * steps * step
        step = (limit - least) / finest
        levels.insert(0, evaluate(step, limit))
        limits.insert(0, limit)
    return Distribution(levels, limits)


def _trimmed(step: float, least: float, first: int, mass: list[int], mean: float) -> Lattice:
    low, high = 0, len(mass)
    while high > 1 and mass[high - 1] <= 0:
        high -= 1
    while low < high - 1 and mass[low] <= 0:
        low += 1
    return Lattice(step, least, first + low, mass[low:high], mean)


def _convolved(first: int, mass: list[int], other_first: int, other: list[int], bins: int) -> tuple[int, list[int]]:
    """Return first index and masses of a sum, nothing beyond index `bins`."""
    left = int.from_bytes(array("Q", mass).tobytes(), sys.byteorder)
    right = left if mass is other else int.from_bytes(array("Q", other).tobytes(), sys.byteorder)
    count = len(mass) + len(other) - 1
    slots = array("Q")
    slots.frombytes((left * right).to_bytes(8 * count, sys.byteorder))
    first += other_first
    kept = [(slot + (ONE >> 1)) >> 31 for slot in slots[: max(1, bins + 1 - first)]]
    low, high = 0, len(kept)
    while high > 1 and not kept[high - 1]:
        high -= 1
    while low < high - 1 and not kept[low]:
        low += 1
    return first + low, kept[low:high]


def _within_cells(part: Lattice, first: int, size: int) -> tuple[list[float], list[float]]:
    """Return the distribution function at the edges and in the middle of `size` cells from point `first` on.

    Entry i of the running totals is the function's average over the cell after point i; Simpson's rule gives it back.
    """
    start = first - 1 - part.first
    totals = [total / ONE for total in part.cumulative[max(0, start) : start + size + 2]] or [part.cumulative[-1] / ONE]
    averages = [0.0] * max(0, -start) + totals
    averages += [totals[-1]] * (size + 2 - len(averages))
    edges = [(before + after) / 2 for before, after in pairwise(averages)]
    if not first:
        edges[0] = max(0.0, averages[1] - (averages[2] - averages[1]) / 2)
    middles = [
        min(high, max(low, (6 * own - low - high) / 4))
        for low, own, high in zip(edges, averages[1:], edges[1:], strict=False)
    ]
    return edges, middles


def _cdf(level: Lattice, t: float) -> float:
    position = (t - level.least) / level.step - level.first
    if len(level.mass) == 1:  # a constant
        return level.cumulative[-1] / ONE if position >= 0 else 0.0
    position += 0.5
    if t < level.least or position < 0:
        return 0.0
    below = int(position)
    if below >= len(level.mass):
        return level.cumulative[-1] / ONE
    before = level.cumulative[below - 1] if below else 0
    return (before + (position - below) * level.mass[below]) / ONE


def _quantile(level: Lattice, probability: float) -> float:
    if len(level.mass) == 1:  # a constant
        return level.least + level.first * level.step
    wanted = probability * ONE
    index = min(bisect_left(level.cumulative, wanted), len(level.mass) - 1)
    before = level.cumulative[index - 1] if index else 0
    within = (wanted - before) / level.mass[index] if level.mass[index] else 0.0
    return level.least + max(0.0, level.first + index - 0.5 + min(1.0, within)) * level.step
