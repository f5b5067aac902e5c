"""The exact distribution of a plan against closed forms and against simulation, by replications and their standard error."""

import math
import random
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model import architecture_file
from labs_py.model.duration import ZERO, Constant, Duration, Empirical, Exponential, Lognormal, Pareto
from labs_py.model.latency import all_calls, distribution, floor, mean_time, sample, serial_round_trips
from labs_py.model.plan import AtMost, InOrder, Plan, Repeated, Span, Together, plan_request

NOTHING = InOrder(())
T_99_9 = 4.6  # Student's t for 12 replications: the mean is so many standard errors off once in 1,000 times


def call(work: Duration, network: Duration = ZERO, inner: Plan = NOTHING, batch: int = 1) -> Span:
    return Span("step", network, work, batch, inner)


def page(name: str, endpoint: str, round_trip: float | None = None) -> Span:
    way = None if round_trip is None else Constant(round_trip)
    return plan_request(architecture_file.load(name), endpoint, round_trip=way)


# --- structure ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("round_trip", "milliseconds"), [(0.0001, 1.4), (0.0005, 7.0), (0.0015, 21.0), (0.064, 896.0)])
def test_the_network_floor_of_the_home_page_is_fourteen_round_trips(round_trip: float, milliseconds: float) -> None:
    assert floor(page("online_boutique", "GET /", round_trip)) * 1000 == pytest.approx(milliseconds)


def test_the_textbook_chain_has_a_floor_of_five_hops_of_five_milliseconds() -> None:
    chain = page("textbook_chain", "GET /")
    assert (serial_round_trips(chain), all_calls(chain)) == (4, 5)
    assert floor(chain) == pytest.approx(0.025)
    assert mean_time(chain) == pytest.approx(0.030)


def test_a_timeout_shortens_the_floor_but_not_the_count() -> None:
    slow = Span("web", ZERO, Constant(0.001), 1, AtMost(call(Constant(0.01), Constant(0.3)), 0.1))
    assert (floor(slow), mean_time(slow), serial_round_trips(slow)) == (0.1, pytest.approx(0.101), 1)


# --- closed forms ---------------------------------------------------------------------------------------------------------


def test_a_plan_of_constants_takes_one_exact_time() -> None:
    law = distribution(
        Together((call(Constant(0.002), Constant(0.001)), Repeated(call(Constant(0.0005)), 9, at_once=False)))
    )
    assert [law.quantile(share) for share in (0.01, 0.5, 0.999)] == [pytest.approx(0.0045, rel=1e-12)] * 3
    assert law.mean == pytest.approx(0.0045, rel=1e-12)


def test_parallel_branches_of_erlang_times_multiply_their_distribution_functions() -> None:
    def erlang_2(t: float) -> float:
        return 1 - math.exp(-t) * (1 + t)

    law = distribution(
        Together((call(Exponential(1.0), Exponential(1.0)), Repeated(call(Exponential(1.0)), 2, at_once=False)))
    )
    for t in (1.0, 3.0, 6.0, 10.0):
        assert law.cdf(t) == pytest.approx(erlang_2(t) ** 2, abs=2e-4)


def test_stages_with_barriers_add_up_maxima() -> None:
    stage = Repeated(call(Exponential(1.0)), 3, at_once=True)
    law = distribution(InOrder((stage, stage, stage, stage)))
    assert law.mean == pytest.approx(4 * (1 + 1 / 2 + 1 / 3), rel=1e-3)


def test_a_part_that_may_be_given_up_adds_its_capped_mean() -> None:
    capped = AtMost(call(Exponential(0.05)), 0.1)
    law = distribution(InOrder((call(Exponential(0.01)), capped)))
    assert law.mean == pytest.approx(0.01 + 0.05 * -math.expm1(-2.0), rel=1e-3)
    assert distribution(AtMost(call(Constant(3.0)), 0.1)).quantile(0.5) == 0.1


def test_a_batched_call_draws_its_work_as_often_as_it_was_asked() -> None:
    batched, repeated = call(Exponential(1.0), batch=9), Repeated(call(Exponential(1.0)), 9, at_once=False)
    assert distribution(batched).quantile(0.99) == pytest.approx(distribution(repeated).quantile(0.99), rel=1e-9)


def test_nothing_takes_no_time() -> None:
    for plan in (NOTHING, Together(()), InOrder((NOTHING, Together((NOTHING,))))):
        assert (distribution(plan).quantile(0.99), distribution(plan).mean, mean_time(plan)) == (0.0, 0.0, 0.0)


def test_many_small_maxima_in_a_heavy_sum_keep_their_mean() -> None:
    """40 times the slowest of 9, whose spread is small beside that of the whole: the mean of one, by its closed form, times 40."""
    item = Pareto(0.074, 2.0)
    one = item.minimum * math.exp(math.lgamma(10) + math.lgamma(0.5) - math.lgamma(9.5))
    law = distribution(Repeated(Repeated(call(item), 9, at_once=True), 40, at_once=False))
    assert law.mean == pytest.approx(40 * one, rel=2e-3)
    exact_median = law.quantile(0.5)
    assert 0.9 * 40 * one < exact_median < 40 * one


# --- simulation -----------------------------------------------------------------------------------------------------------

SHAPES: list[Duration] = [
    Constant(0.002),
    Exponential(0.002),
    Lognormal(0.002, 0.008),
    Lognormal(0.002, 0.025),
    Pareto(0.002, 2.5),
    Empirical(tuple(0.0005 * 1.1**index for index in range(40))),
]


def replicated(plan: Plan, shares: tuple[float, ...], size: int) -> list[tuple[float, float, float]]:
    """Each share with the mean and the standard error of its quantile over 12 independent simulations."""
    found = []
    for replication in range(12):
        rng = random.Random(20260101 + replication)
        drawn = sorted(sample(plan, rng) for _ in range(size))
        found.append([drawn[math.ceil(share * size) - 1] for share in shares])
    columns = zip(shares, zip(*found, strict=True), strict=True)
    return [(share, fmean(column), stdev(column) / math.sqrt(12)) for share, column in columns]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_each_shape_in_a_small_plan_agrees_with_simulation(shape: Duration) -> None:
    plan = InOrder((call(shape, Exponential(0.0002)), Together((call(shape), call(shape, Constant(0.001))))))
    law = distribution(plan)
    for share, mean, error in replicated(plan, (0.5, 0.95, 0.99), 5000):
        assert abs(law.quantile(share) - mean) <= T_99_9 * error, (share, law.quantile(share), mean, error)
        assert T_99_9 * error <= 0.13 * mean  # a test that could not fail would say nothing


@pytest.mark.parametrize(
    ("name", "endpoint", "round_trip", "size"),
    [("online_boutique", "GET /", 0.00077, 3000), ("social_network", "compose post", None, 2000)],
)
def test_the_99th_percentile_of_a_real_request_is_within_one_percent_of_a_long_simulation(
    name: str, endpoint: str, round_trip: float | None, size: int
) -> None:
    plan = page(name, endpoint, round_trip)
    ((_, mean, error),) = replicated(plan, (0.99,), size)
    exact = distribution(plan).quantile(0.99)
    assert abs(exact - mean) <= T_99_9 * error
    assert abs(exact - mean) <= 0.01 * mean
    assert error <= 0.008 * mean


def test_the_mean_of_every_shipped_endpoint_agrees_with_simulation_called_as_early_as_possible() -> None:
    for name in ("online_boutique", "social_network", "otel_demo"):
        system = architecture_file.load(name)
        for endpoint in system.endpoints:
            plan = plan_request(system, endpoint, "parallel")
            rng = random.Random(7)
            drawn = [sample(plan, rng) for _ in range(400)]
            error = stdev(drawn) / math.sqrt(len(drawn))
            assert abs(distribution(plan).mean - fmean(drawn)) <= 4.5 * error, (name, endpoint)


# --- random plans ---------------------------------------------------------------------------------------------------------

seconds = st.sampled_from([0.0001, 0.001, 0.01, 0.1])
durations: st.SearchStrategy[Duration] = st.one_of(
    seconds.map(Constant),
    seconds.map(Exponential),
    st.builds(lambda mean, ratio: Lognormal(mean, mean * ratio), seconds, st.sampled_from([1.1, 4.0, 12.0])),
    st.builds(Pareto, seconds, st.sampled_from([1.5, 3.0])),
    st.just(ZERO),
)
plans: st.SearchStrategy[Plan] = st.recursive(
    st.builds(call, durations, durations, batch=st.integers(1, 3)),
    lambda inner: st.one_of(
        st.builds(call, durations, durations, inner),
        st.lists(inner, max_size=3).map(lambda parts: InOrder(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Together(tuple(parts))),
        st.builds(Repeated, inner, st.integers(1, 9), st.booleans()),
        st.builds(AtMost, inner, st.sampled_from([0.0005, 0.02, 0.5])),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_a_random_plan_agrees_with_its_own_simulation(plan: Plan) -> None:
    if all_calls(plan) > 200:
        return
    law, size, rng = distribution(plan), 400, random.Random(11)
    drawn = sorted(sample(plan, rng) for _ in range(size))
    for share in (0.5, 0.9):
        # The count of draws below the exact quantile is binomial: five standard deviations either way, and 1 % for the lattice.
        spread = 5 * math.sqrt(size * share * (1 - share))
        low, high = drawn[max(0, int(size * share - spread) - 1)], drawn[min(size - 1, int(size * share + spread) + 1)]
        assert low * 0.99 <= law.quantile(share) <= high * 1.01 + 1e-12
    assert law.mean >= law.levels[0].least * (1 - 1e-9)
