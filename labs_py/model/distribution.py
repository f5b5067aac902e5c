"""The distribution of a time, read from lattices: mean, quantiles, probabilities.

A law with a long tail is held on several lattices, a finer one for each shorter stretch, so that its median is known as well as
its 99.9th percentile.

>>> from labs_py.model.duration import Exponential
>>> law = adaptive(lambda step, limit: Grid(step).leaf(Exponential(0.010), limit), least=0.0, scale=0.010)
>>> round(law.quantile(0.99) / (0.010 * math.log(100)), 3)
1.0
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labs_py.model.lattice import ONE, Grid, Lattice

FARTHEST = 0.9995  # the lattices reach this quantile
_BINS, _COARSE_BINS = 256, 64
_MOST_PASSES, _MOST_LEVELS = 30, 20
# A spread that is so small a share of the time itself is not looked into.
_NARROW = 0.002
# A quantile is read where it is at least so many steps long; more where mass stands at single times, which are known to a step only.
_STEPS_TO_A_QUANTILE, _STEPS_TO_A_JUMP = 60, 150


@dataclass(frozen=True)
class Distribution:
    """A law on one or more lattices, the finest first; each is right up to its limit. Times are in seconds."""

    levels: Sequence[Lattice]
    limits: Sequence[float]

    @property
    def mean(self) -> float:
        """Mean time: the probability of lasting longer, summed up on the finest lattice that reaches each stretch."""
        finest, coarsest = self.levels[0], self.levels[-1]
        if math.isclose(finest.mean, coarsest.mean, rel_tol=1e-9):  # a plain sum, whose mean no lattice blurs
            return finest.mean
        stretches = zip(self.levels, [0.0, *self.limits], self.limits, strict=False)
        pieces = [level.limited_mean(high) - level.limited_mean(low) for level, low, high in stretches]
        return math.fsum(pieces) + _beyond(coarsest, self.limits[-1])

    def cdf(self, t: float) -> float:
        """Return the probability of at most `t` seconds."""
        index = next((index for index, limit in enumerate(self.limits) if t <= limit), len(self.limits) - 1)
        finer = self.levels[index - 1].cumulative[-1] / ONE if index else 0.0
        return max(finer, _cdf(self.levels[index], t))

    def quantile(self, probability: float) -> float:
        """Return the time within which this share of the requests is answered.

        Raises:
            ValueError: `probability` is not from 0 to 0.9995.
        """
        if not 0 <= probability <= FARTHEST:
            raise ValueError(f"probability must be from 0 to {FARTHEST}, got {probability!r}")
        wanted = probability * ONE
        reaching = (index for index, level in enumerate(self.levels) if level.cumulative[-1] >= wanted)
        index = next(reaching, len(self.levels) - 1)
        finer = _quantile(self.levels[index - 1], 1.0) if index else 0.0
        return max(finer, _quantile(self.levels[index], probability))


def adaptive(
    evaluate: Callable[[float, float], Lattice], *, least: float, scale: float, draws: int = 1, reach: float = 0.0
) -> Distribution:
    """Return the law that `evaluate(step, limit)` computes, on lattices fine enough for its quantiles from 0.5 to 0.9995.

    `least` is the law's shortest time and `scale` the rough size of what varies above it, where the search starts. `draws` is how many
    random times are added up at most: a lattice blurs each by half a step or so, and a sum of n by the square root of n times that.
    `reach` is a time, such as a timeout, at which the law changes: the mean needs a lattice that comes so far.
    """
    if scale <= 0:
        return Distribution([Grid(1.0).constant(least)], [math.inf])
    finest = round(_BINS * max(1.0, draws / 100) ** 0.25)
    step, limit, law = _found(evaluate, least, scale, finest)
    levels, limits = [law], [limit]
    steps = _STEPS_TO_A_JUMP if max(law.mass) > 0.05 * ONE else _STEPS_TO_A_QUANTILE
    while _quantile(levels[0], 0.5) < steps * step and len(levels) < _MOST_LEVELS:
        limit = 1.1 * steps * step
        step = (limit - least) / finest
        levels.insert(0, evaluate(step, limit))
        limits.insert(0, limit)
    while (
        limits[-1] < reach
        and len(levels) < _MOST_LEVELS
        and _beyond(levels[-1], limits[-1]) > _NARROW * levels[-1].mean
    ):
        limit = least + 8 * (limits[-1] - least)
        levels.append(evaluate((limit - least) / finest, limit))
        limits.append(limit)
    return Distribution(levels, limits)


def _found(
    evaluate: Callable[[float, float], Lattice], least: float, scale: float, finest: int
) -> tuple[float, float, Lattice]:
    """Return step, limit and law of a lattice that reaches the farthest quantile with about `finest` points.

    A coarse lattice blurs, so a finer one may find less spread and ask for a finer one still.
    """
    bins, step, limit = _COARSE_BINS, 8 * scale / _COARSE_BINS, least + 8 * scale
    law = evaluate(step, limit)
    for _ in range(_MOST_PASSES):
        if law.cumulative[-1] < FARTHEST * ONE:
            step, limit = 4 * step, least + 4 * (limit - least)
        else:
            high = _quantile(law, FARTHEST)
            spread = max(high - _quantile(law, 1 - FARTHEST), step)
            near = high * _NARROW if spread <= 3 * step else 0.0  # as good as one single time: look no closer
            if (bins == finest and spread > 0.7 * finest * step) or spread < _NARROW * high or step <= near:
                break
            bins, step, limit = finest, max(spread / finest, near), high + 2 * step
        law = evaluate(step, limit)
    return step, limit, law


def _beyond(level: Lattice, limit: float) -> float:
    """Return what the part of a law beyond `limit` adds to its mean."""
    return max(0.0, level.mean - level.limited_mean(limit))


def _cdf(level: Lattice, t: float) -> float:
    position = (t - level.least) / level.step - level.first
    if len(level.mass) == 1:  # a constant
        return level.cumulative[-1] / ONE if position >= 0 else 0.0
    position += 0.5
    if t < level.least or position < 0:
        return 0.0
    below = int(position)
    if below >= len(level.mass):
        return min(1.0, level.cumulative[-1] / ONE)
    before = level.cumulative[below - 1] if below else 0
    return (before + (position - below) * level.mass[below]) / ONE


def _quantile(level: Lattice, probability: float) -> float:
    if len(level.mass) == 1:  # a constant
        return level.least + level.first * level.step
    wanted = probability * ONE
    index = min(bisect_left(level.cumulative, wanted), len(level.mass) - 1)
    before = level.cumulative[index - 1] if index else 0
    within = min(1.0, (wanted - before) / level.mass[index]) if level.mass[index] else 0.0
    return level.least + max(0.0, level.first + index - 0.5 + within) * level.step
