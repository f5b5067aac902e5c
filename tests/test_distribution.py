"""Sums, maxima and cut-offs on lattices against closed forms, against numerical integration, and against their own laws."""

import doctest
import math
import random
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model import distribution as distribution_module
from labs_py.model import lattice as lattice_module
from labs_py.model.distribution import Distribution, adaptive
from labs_py.model.duration import Constant, Duration, Empirical, Exponential, Lognormal, Pareto
from labs_py.model.lattice import ONE, Grid, shortest

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
SMOOTH: list[Exponential | Lognormal | Pareto] = [
    Exponential(0.01),
    Lognormal(0.002, 0.008),
    Lognormal(0.002, 0.029),
    Pareto(0.003, 2.5),
    Pareto(0.003, 1.5),
    Pareto(0.003, 1.1),
]


def shape(item: object) -> str:
    return repr(item)


def law_of(parts: list[tuple[Duration, int]], *, at_once: bool = False) -> Distribution:
    """The sum, or the maximum, of independent durations, each as many times as stands beside it."""

    def evaluate(step: float, limit: float) -> lattice_module.Lattice:
        grid = Grid(step)
        leasts = [shortest(item) * (1 if at_once else times) for item, times in parts]
        spare = limit - math.fsum(leasts)
        reach = [limit if at_once else shortest(item) + spare for item, _ in parts]
        leaves = [(grid.leaf(item, end), times) for (item, times), end in zip(parts, reach, strict=True)]
        return grid.slowest(leaves, limit) if at_once else grid.sequence(leaves, limit)

    least = max(shortest(item) for item, _ in parts) if at_once else math.fsum(shortest(item) * n for item, n in parts)
    vary = [(item.mean - shortest(item)) * (1 if at_once else times) for item, times in parts]
    draws = 1 if at_once else sum(times for _, times in parts)
    return adaptive(evaluate, least=least, scale=math.fsum(vary), draws=draws)


def inverse(cdf: Callable[[float], float], share: float, high: float) -> float:
    low = 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if cdf(middle) >= share else (middle, high)
    return high


@pytest.mark.parametrize("module", [distribution_module, lattice_module])
def test_the_documentation_examples_run(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


# --- one duration ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", SMOOTH, ids=shape)
def test_one_duration_keeps_its_mean_and_its_quantiles(item: Duration) -> None:
    law = law_of([(item, 1)])
    assert law.mean == pytest.approx(item.mean, rel=1e-12)
    for share in SHARES:
        assert law.quantile(share) == pytest.approx(inverse(item.cdf, share, 1e4), rel=1e-3)


@pytest.mark.parametrize("share", [0.301, 0.501, 0.901, 0.991, 0.999])
def test_measured_times_are_known_to_half_a_percent(share: float) -> None:
    rng = random.Random(7)
    values = tuple(sorted(rng.paretovariate(2) for _ in range(500)))
    assert law_of([(Empirical(values), 1)]).quantile(share) == pytest.approx(
        values[math.ceil(share * 500) - 1], rel=0.006
    )


def test_constants_are_exact_and_cost_no_lattice() -> None:
    law = law_of([(Constant(0.0005), 14), (Constant(0.002), 3)])
    assert [law.quantile(share) for share in (0.0, 0.5, 0.9995)] == [pytest.approx(0.013, rel=1e-15)] * 3
    assert (law.cdf(0.0129), law.cdf(0.0131)) == (0.0, 1.0)
    assert law.levels[0].mass == [ONE]


def test_a_constant_moves_a_law_without_blurring_it() -> None:
    alone, moved = law_of([(Exponential(0.001), 3)]), law_of([(Exponential(0.001), 3), (Constant(0.9), 1)])
    assert moved.quantile(0.99) - 0.9 == pytest.approx(alone.quantile(0.99), rel=0.005)


# --- sums -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 5, 14, 100, 1000, 20_000])
def test_exponentials_in_a_row_follow_erlang(times: int) -> None:
    def erlang(t: float) -> float:
        # At least `times` events of a Poisson process by time t: the side of the sum whose terms are small, as far as they matter.
        counts = range(times, times + 4000) if t < times else range(max(0, times - 4000), times)
        terms = math.fsum(math.exp(max(-700.0, k * math.log(t) - t - math.lgamma(k + 1))) for k in counts)
        return terms if t < times else 1 - terms

    law = law_of([(Exponential(1.0), times)])
    for share in SHARES:
        assert law.quantile(share) == pytest.approx(inverse(erlang, share, 3.0 * times + 30), rel=0.004)
    assert law.mean == pytest.approx(times, rel=1e-9)


def test_two_different_exponentials_in_a_row_are_hypoexponential() -> None:
    a, b = 0.010, 0.0003
    law = law_of([(Exponential(a), 1), (Exponential(b), 1)])
    exact = lambda t: 1 - (a * math.exp(-t / a) - b * math.exp(-t / b)) / (a - b)  # noqa: E731
    for share in SHARES:
        assert law.quantile(share) == pytest.approx(inverse(exact, share, 1.0), rel=1e-3)


@pytest.mark.parametrize("item", SMOOTH, ids=shape)
def test_two_in_a_row_agree_with_numerical_integration(item: Duration) -> None:
    """P(X + Y <= t) is the mean of F(t - X); with X at equally likely quantiles, each half has a bracket from below and above."""
    cells = 20_000
    law = law_of([(item, 2)])
    edges = [inverse_of(item, index / cells) for index in range(cells)] + [math.inf]
    for share in (0.5, 0.99):
        for factor, side in ((1.004, 1), (0.996, -1)):
            t = law.quantile(share) * factor
            early = math.fsum(item.cdf(t - x) for x in edges[:-1]) / cells
            late = math.fsum(item.cdf(t - x) for x in edges[1:]) / cells
            assert late - 1e-9 <= early
            assert late > share if side > 0 else early < share


def inverse_of(item: Duration, share: float) -> float:
    if isinstance(item, Exponential):
        return -item.mean * math.log1p(-share)
    if isinstance(item, Pareto):
        return float(item.minimum * (1 - share) ** (-1 / item.alpha))
    assert isinstance(item, Lognormal)
    return math.exp(item.mu + item.sigma * NormalDist().inv_cdf(share)) if share else 0.0


def test_many_lognormals_in_a_row_come_close_to_the_normal_law() -> None:
    item, times = Lognormal(1.0, 3.0), 400
    variance = math.expm1(item.sigma**2)  # of one, whose mean is 1
    skewness = (math.exp(item.sigma**2) + 2) * math.sqrt(variance) / math.sqrt(times)
    law = law_of([(item, times)])
    for share in (0.5, 0.95, 0.99):
        z = NormalDist().inv_cdf(share)
        cornish_fisher = z + (z * z - 1) * skewness / 6
        assert law.quantile(share) == pytest.approx(times + math.sqrt(times * variance) * cornish_fisher, rel=1e-3)


# --- maxima ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 9, 100, 1000])
@pytest.mark.parametrize("item", SMOOTH, ids=shape)
def test_the_slowest_of_many_has_the_power_of_the_distribution_function(item: Duration, times: int) -> None:
    law = law_of([(item, times)], at_once=True)
    for share in SHARES:
        assert law.quantile(share) == pytest.approx(inverse(lambda t: item.cdf(t) ** times, share, 1e5), rel=4e-3)


@pytest.mark.parametrize("times", [2, 9, 100])
def test_the_mean_of_the_slowest_is_the_closed_form(times: int) -> None:
    harmonic = math.fsum(1 / k for k in range(1, times + 1))
    assert law_of([(Exponential(1.0), times)], at_once=True).mean == pytest.approx(harmonic, rel=1e-4)
    for alpha in (1.1, 1.5, 2.5):
        item = Pareto(1.0, alpha)
        gammas = math.lgamma(times + 1) + math.lgamma(1 - 1 / alpha) - math.lgamma(times + 1 - 1 / alpha)
        exact = item.minimum * math.exp(gammas)
        assert law_of([(item, times)], at_once=True).mean == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("servers", "slow", "published"), [(100, 0.01, 0.63), (2000, 0.0001, 0.18)])
def test_waiting_for_many_servers_is_slow_as_often_as_dean_and_barroso_say(
    servers: int, slow: float, published: float
) -> None:
    leaf = Lognormal(0.01, 0.05)
    law = law_of([(leaf, servers)], at_once=True)
    limit = inverse_of(leaf, 1 - slow)
    assert 1 - law.cdf(limit) == pytest.approx(1 - (1 - slow) ** servers, abs=1e-3)
    assert 1 - law.cdf(limit) == pytest.approx(published, abs=0.005)


def test_a_constant_beside_a_random_time_is_a_floor_with_a_probability_of_its_own() -> None:
    law = law_of([(Constant(0.005), 1), (Exponential(0.001), 3)], at_once=True)
    at_least = -math.expm1(-5.0)
    assert law.cdf(0.00499) == 0.0
    assert law.quantile(0.5) == pytest.approx(0.005, rel=0.005)
    assert law.quantile(0.999) == pytest.approx(inverse(lambda t: Exponential(0.001).cdf(t) ** 3, 0.999, 1.0), rel=2e-3)
    assert law.cdf(0.0051) == pytest.approx(at_least**3, abs=0.004)


# --- cut-offs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", SMOOTH, ids=shape)
@pytest.mark.parametrize("share", [0.3, 0.95, 0.99999])
def test_a_cut_off_time_has_the_closed_form_mean_and_never_exceeds_its_limit(item: Duration, share: float) -> None:
    cap = inverse(item.cdf, share, 1e6)

    def evaluate(step: float, limit: float) -> lattice_module.Lattice:
        grid = Grid(step)
        return grid.at_most(grid.leaf(item, min(limit, cap + 2 * step)), cap, limit)

    law = adaptive(evaluate, least=shortest(item), scale=item.mean, reach=cap)
    assert not isinstance(item, Constant | Empirical)
    assert law.mean == pytest.approx(lattice_module.limited_mean(item, cap), rel=0.003)
    assert law.quantile(0.9995) <= cap * 1.01
    inside = share * 0.5
    assert law.quantile(inside) == pytest.approx(inverse(item.cdf, inside, cap), rel=0.01)


def test_a_limit_below_the_shortest_time_is_all_that_is_waited() -> None:
    grid = Grid(0.001)
    law = grid.at_most(grid.leaf(Pareto(0.03, 1.5), 1.0), 0.005, 1.0)
    assert (law.least, list(law.mass), law.mean) == (0.005, [ONE], 0.005)


# --- what holds for all ---------------------------------------------------------------------------------------------------

# Between two measured times any value is a median; these shares do not fall on such a step of a few equally likely values.
OFF_JUMPS = (0.5037, 0.9037, 0.9917)
means = st.floats(1e-4, 1.0)
durations: st.SearchStrategy[Duration] = st.one_of(
    means.map(Constant),
    means.map(Exponential),
    st.builds(lambda mean, ratio: Lognormal(mean, mean * ratio), means, st.floats(1.1, 14.0)),
    st.builds(Pareto, means, st.floats(1.2, 6.0)),
    st.lists(means, min_size=1, max_size=6).map(lambda values: Empirical(tuple(sorted(values)))),
)
several = st.lists(st.tuples(durations, st.integers(1, 5)), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(several, st.booleans())
def test_quantiles_rise_and_stay_above_the_shortest_time(parts: list[tuple[Duration, int]], at_once: bool) -> None:
    law = law_of(parts, at_once=at_once)
    found = [law.quantile(share / 200) for share in range(200)] + [law.quantile(0.999), law.quantile(0.9995)]
    assert found == sorted(found)
    assert found[0] >= law.levels[0].least
    chances = [law.cdf(t) for t in found]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(chances))


@settings(max_examples=60, deadline=None)
@given(several)
def test_the_mean_of_a_sequence_is_the_sum_of_the_means(parts: list[tuple[Duration, int]]) -> None:
    assert law_of(parts).mean == pytest.approx(math.fsum(item.mean * times for item, times in parts), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(several)
def test_waiting_for_all_takes_at_least_as_long_as_for_each_and_at_most_as_long_as_in_a_row(
    parts: list[tuple[Duration, int]],
) -> None:
    together, in_a_row = law_of(parts, at_once=True), law_of(parts)
    for share in OFF_JUMPS:
        assert all(together.quantile(share) >= law_of([(item, 1)]).quantile(share) * 0.99 for item, _ in parts)
        assert together.quantile(share) <= in_a_row.quantile(share) * 1.01
    assert together.mean >= max(item.mean for item, _ in parts) * 0.99
    assert together.mean <= in_a_row.mean * 1.01


@settings(max_examples=40, deadline=None)
@given(several, st.booleans())
def test_the_order_of_the_parts_does_not_matter(parts: list[tuple[Duration, int]], at_once: bool) -> None:
    law, turned = law_of(parts, at_once=at_once), law_of(parts[::-1], at_once=at_once)
    for share in OFF_JUMPS:
        assert law.quantile(share) == pytest.approx(turned.quantile(share), rel=1e-4)


def test_a_sum_is_the_same_integers_whatever_the_order() -> None:
    grid = Grid(0.0001)
    parts = [(grid.leaf(item, 0.2), times) for item, times in ((Exponential(0.002), 3), (Lognormal(0.003, 0.01), 2))]
    once, turned = grid.sequence(parts, 0.2), grid.sequence(parts[::-1], 0.2)
    assert max(abs(a - b) for a, b in zip(once.mass, turned.mass, strict=False)) <= 4
    assert sum(once.mass) == pytest.approx(ONE, abs=4000)


@pytest.mark.parametrize("share", [-0.1, 0.9996, 1.0, math.nan])
def test_a_quantile_that_is_not_known_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"^probability must be from 0 to 0.9995, got "):
        law_of([(Exponential(1.0), 1)]).quantile(share)


@settings(max_examples=40, deadline=None)
@given(durations, st.integers(2, 9))
def test_a_coarser_lattice_keeps_the_mean_and_the_mass(item: Duration, times: int) -> None:
    fine = Grid(item.mean / 20).leaf(item, 20 * item.mean)
    coarse = fine.coarser(times)
    assert sum(coarse.mass) == sum(fine.mass)
    points = lambda law: math.fsum((law.first + i) * amount for i, amount in enumerate(law.mass)) * law.step  # noqa: E731
    assert points(coarse) == pytest.approx(points(fine), rel=1e-6, abs=1e-12)
