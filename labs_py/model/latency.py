"""What a call plan costs: round trips in series, the network's floor, the exact distribution, and draws to check it with.

Times are in seconds. All calls take their times independently of one another.
"""

import math
import random
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from labs_py.model.distribution import Distribution, adaptive
from labs_py.model.duration import Constant, Duration
from labs_py.model.lattice import Grid, Lattice, shortest
from labs_py.model.plan import AtMost, InOrder, Plan, Repeated, Span, Together

_FEW_PARTS = 2  # so many maxima may be added up on the lattice of the whole;
_STEPS_TO_A_PART = 6  # more are put on one that has so many steps to the typical length of each,
_MOST_ZOOM = 32  # but at most so many to one step of the whole

type Measure = Callable[[Duration], float]


def longest_chain(plan: Plan, network: Measure, work: Measure, *, cut: bool = True) -> float:
    """Return the longest sum along calls that wait for one another, each counted by `network` of its way and `work` of its own work.

    `cut` lets a timeout end a part early.
    """
    if isinstance(plan, Span):
        return network(plan.network) + work(plan.work) * plan.batch + longest_chain(plan.inner, network, work, cut=cut)
    if isinstance(plan, InOrder):
        return math.fsum(longest_chain(part, network, work, cut=cut) for part in plan.parts)
    if isinstance(plan, Together):
        return max((longest_chain(branch, network, work, cut=cut) for branch in plan.branches), default=0.0)
    once = longest_chain(plan.part, network, work, cut=cut)
    if isinstance(plan, AtMost):
        return min(once, plan.limit) if cut else once
    return once if plan.at_once else once * plan.times


def mean_time(plan: Plan) -> float:
    """Return how long a plan takes when every call takes exactly its mean.

    Where calls run together this is less than the mean of the distribution: the slowest of several is slower than the average one.
    """
    return longest_chain(plan, _mean, _mean)


def floor(request: Span) -> float:
    """Return what the network alone takes at mean round trips, the client's included: the time of a request whose work is free."""
    return longest_chain(request, _mean, _nothing)


def serial_round_trips(request: Span) -> int:
    """Return the longest chain of round trips between services that wait for one another; the client's own is not counted."""
    return round(longest_chain(request.inner, lambda way: 1.0, _nothing, cut=False))


def all_calls(plan: Plan) -> int:
    """Return how many calls a plan makes in all, waited for or not, the client's own included."""
    if isinstance(plan, Span):
        return 1 + all_calls(plan.inner)
    if isinstance(plan, Repeated):
        return plan.times * all_calls(plan.part)
    if isinstance(plan, AtMost):
        return all_calls(plan.part)
    return sum(all_calls(part) for part in (plan.parts if isinstance(plan, InOrder) else plan.branches))


def sample(plan: Plan, rng: random.Random) -> float:
    """Draw one time of a plan."""
    if isinstance(plan, Span):
        work = math.fsum(plan.work.sample(rng) for _ in range(plan.batch))
        return plan.network.sample(rng) + work + sample(plan.inner, rng)
    if isinstance(plan, InOrder):
        return math.fsum(sample(part, rng) for part in plan.parts)
    if isinstance(plan, Together):
        return max((sample(branch, rng) for branch in plan.branches), default=0.0)
    if isinstance(plan, AtMost):
        return min(sample(plan.part, rng), plan.limit)
    times = [sample(plan.part, rng) for _ in range(plan.times)]
    return max(times) if plan.at_once else math.fsum(times)


@lru_cache(maxsize=32)  # the monolith's does not change with the network, nor anything that a reader comes back to
def distribution(plan: Plan) -> Distribution:
    """Return the exact distribution of a plan's time."""
    least = longest_chain(plan, shortest, shortest)
    draws = round(longest_chain(plan, _varies, _varies, cut=False))
    reach = least + _longest_timeout(plan)
    return adaptive(
        lambda step, limit: _OnGrid(step).law(plan, limit), least=least, scale=_scale(plan), draws=draws, reach=reach
    )


class _OnGrid:
    """Evaluates plans on lattices of one step; `limit` is always the longest time of the part that can still matter to the whole."""

    def __init__(self, step: float, zoom: int = 1) -> None:
        self.grid = Grid(step)
        self.zoom = zoom
        self.finer: dict[int, _OnGrid] = {}
        self.leaves: dict[tuple[Duration, float], Lattice] = {}
        self.laws: dict[tuple[Plan, float], Lattice] = {}

    def law(self, plan: Plan, limit: float) -> Lattice:
        """Return the law of a plan; equal plans are evaluated once."""
        key = (plan, limit)
        if key not in self.laws:
            self.laws[key] = self._law(plan, limit)
        return self.laws[key]

    def _law(self, plan: Plan, limit: float) -> Lattice:
        if isinstance(plan, Together) and plan.branches:
            return self.grid.slowest(
                [(self.law(branch, limit), times) for branch, times in Counter(plan.branches).items()], limit
            )
        if isinstance(plan, Repeated) and plan.at_once:
            return self.grid.slowest([(self.law(plan.part, limit), plan.times)], limit)
        if isinstance(plan, AtMost):
            inside = min(limit, plan.limit + 2 * self.grid.step)
            return self.grid.at_most(self.law(plan.part, inside), plan.limit, limit)
        return self._sum(plan, limit)

    def _sum(self, plan: Plan, limit: float) -> Lattice:
        """Add up everything that happens in order, equal parts counted together."""
        durations: Counter[Duration] = Counter()
        plans: Counter[Plan] = Counter()
        _collect(plan, 1, durations, plans)
        leaves = [(duration, shortest(duration), times) for duration, times in durations.items()]
        others = [(part, longest_chain(part, shortest, shortest), times) for part, times in plans.items()]
        spare = limit - math.fsum(least * times for _, least, times in (*leaves, *others))
        evaluate = self.law if plans.total() <= _FEW_PARTS else self._law_of_many
        parts = [(self._leaf(duration, least + spare), times) for duration, least, times in leaves]
        parts += [(evaluate(part, least + spare), times) for part, least, times in others]
        return self.grid.sequence(parts, limit)

    def _law_of_many(self, plan: Plan, limit: float) -> Lattice:
        """Return the law of one of many maxima that are added up: each is a little off where the step is coarse, and that adds up too."""
        wanted = math.ceil(_STEPS_TO_A_PART * self.grid.step / (_scale(plan) or math.inf))
        times = min(max(1, wanted), _MOST_ZOOM // self.zoom)
        if times == 1:
            return self.law(plan, limit)
        finer = self.finer.setdefault(times, _OnGrid(self.grid.step / times, self.zoom * times))
        return finer.law(plan, limit).coarser(times)

    def _leaf(self, duration: Duration, limit: float) -> Lattice:
        key = (duration, limit)
        if key not in self.leaves:
            self.leaves[key] = self.grid.leaf(duration, limit)
        return self.leaves[key]


def _collect(plan: Plan, times: int, durations: Counter[Duration], plans: Counter[Plan]) -> None:
    """Count the durations that a plan adds up, and the parts of it that are more than a sum."""
    if isinstance(plan, Span):
        durations[plan.network] += times
        durations[plan.work] += times * plan.batch
        _collect(plan.inner, times, durations, plans)
    elif isinstance(plan, InOrder):
        for part in plan.parts:
            _collect(part, times, durations, plans)
    elif isinstance(plan, Repeated) and not plan.at_once:
        _collect(plan.part, times * plan.times, durations, plans)
    elif not isinstance(plan, Together) or plan.branches:
        plans[plan] += times


def _scale(plan: Plan) -> float:
    return longest_chain(plan, _variable_part, _variable_part, cut=False)


def _longest_timeout(plan: Plan) -> float:
    if isinstance(plan, AtMost):
        return max(plan.limit, _longest_timeout(plan.part))
    if isinstance(plan, Repeated | Span):
        return _longest_timeout(plan.part if isinstance(plan, Repeated) else plan.inner)
    return max(
        (_longest_timeout(part) for part in (plan.parts if isinstance(plan, InOrder) else plan.branches)), default=0.0
    )


def _mean(duration: Duration) -> float:
    return duration.mean


def _nothing(_duration: Duration) -> float:
    return 0.0


def _variable_part(duration: Duration) -> float:
    return duration.mean - shortest(duration)


def _varies(duration: Duration) -> float:
    return 0.0 if isinstance(duration, Constant) else 1.0
