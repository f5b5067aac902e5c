"""The closed forms of queues: published numbers, each other, and the equations that they solve."""

import doctest
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model import jackson, queueing
from labs_py.model.jackson import Station, network
from labs_py.model.queueing import (
    MG1,
    MM1K,
    MMc,
    erlang_b,
    erlang_c,
    halfin_whitt,
    littles_law,
    mm1,
    power_of_choices,
    servers_needed,
    square_root_staffing,
)

LOADS = st.floats(0.05, 0.97)
SERVERS = st.integers(1, 60)


def balance(births: list[float], deaths: list[float]) -> list[float]:
    """Return the steady state of a birth-death chain straight from its balance equations."""
    weights = [1.0]
    for birth, death in zip(births, deaths, strict=True):
        weights.append(weights[-1] * birth / death)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


@pytest.mark.parametrize(
    ("servers", "waits", "mean_wait"), [(1, 0.8, 4.0), (2, 0.711111, 1.777778), (4, 0.596432, 0.745541)]
)
def test_the_mean_wait_at_80_percent_is_the_published_one(servers: int, waits: float, mean_wait: float) -> None:
    queue = MMc(0.8 * servers, 1.0, servers)
    assert queue.wait_probability == pytest.approx(waits, abs=5e-7)
    assert queue.mean_wait == pytest.approx(mean_wait, abs=5e-7)


def test_mm1_gives_the_numbers_of_ciws_documentation() -> None:
    queue = mm1(5, 8)
    assert queue.mean_in_system == pytest.approx(1.666667, abs=5e-7)
    assert queue.mean_time == pytest.approx(0.333333, abs=5e-7)
    assert queue.mean_wait == pytest.approx(0.208333, abs=5e-7)


@pytest.mark.parametrize(("load", "time"), [(0.5, 2), (0.8, 5), (0.9, 10), (0.95, 20), (0.99, 100)])
def test_the_time_in_mm1_grows_like_one_over_what_is_spare(load: float, time: float) -> None:
    assert mm1(load, 1.0).mean_time == pytest.approx(time)
    assert mm1(load, 1.0).time_quantile(0.99) == pytest.approx(math.log(100) * time)


def test_erlangs_formulas_give_known_values() -> None:
    assert erlang_b(2, 1.0) == pytest.approx(0.2)
    assert erlang_b(30, 25.0) == pytest.approx(0.05, abs=0.005)  # Wolfram's page on the Erlang B formula
    assert erlang_c(3, 2.0) == pytest.approx(4 / 9)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    # A table that many copied from one page has 0.60, 0.27, 0.13 and 0.06 here, and is wrong.
    assert [round(erlang_c(servers, 2.5), 3) for servers in (3, 4, 5, 6)] == [0.702, 0.320, 0.130, 0.047]


@settings(deadline=None)
@given(SERVERS, LOADS)
def test_erlang_b_and_c_solve_their_chains(servers: int, load: float) -> None:
    offered = load * servers
    lost = balance([offered] * servers, [count + 1.0 for count in range(servers)])
    assert erlang_b(servers, offered) == pytest.approx(lost[-1], rel=1e-9)
    longest = servers + math.ceil(40 / -math.log(load))  # beyond it, there is less than e to the -40
    delayed = balance([offered] * longest, [min(count + 1.0, servers) for count in range(longest)])
    assert erlang_c(servers, offered) == pytest.approx(math.fsum(delayed[servers:]), rel=1e-9)
    mean = math.fsum(count * chance for count, chance in enumerate(delayed))
    assert MMc(offered, 1.0, servers).mean_in_system == pytest.approx(mean, rel=1e-9)


def test_erlangs_recursion_does_not_overflow_where_factorials_would() -> None:
    assert 0.0 < erlang_b(100_000, 100_000.0) < 0.01


@settings(deadline=None)
@given(SERVERS, LOADS, st.floats(0.01, 0.99))
def test_quantiles_invert_the_distribution(servers: int, load: float, probability: float) -> None:
    queue = MMc(load * servers, 1.0, servers)
    assert queue.time_cdf(queue.time_quantile(probability)) == pytest.approx(probability, abs=1e-9)
    wait = queue.wait_quantile(probability)
    assert 1 - queue.wait_probability * math.exp(-queue.spare_rate * wait) >= probability - 1e-12


@settings(max_examples=25, deadline=None)
@given(SERVERS, LOADS)
def test_the_mean_time_is_the_area_above_the_distribution(servers: int, load: float) -> None:
    queue = MMc(load * servers, 1.0, servers)
    end = queue.time_quantile(1 - 1e-9)
    steps = 2_000
    area = math.fsum(1 - queue.time_cdf((step + 0.5) * end / steps) for step in range(steps)) * end / steps
    assert area == pytest.approx(queue.mean_time, rel=1e-3)


def test_the_time_distribution_has_no_hole_where_waiting_and_service_end_equally_fast() -> None:
    exact, beside = MMc(3.0, 1.0, 4), MMc(3.0 + 1e-9, 1.0, 4)
    assert exact.time_cdf(2.0) == pytest.approx(beside.time_cdf(2.0), abs=1e-8)


@pytest.mark.parametrize(("variation", "wait"), [(0, 2.0), (1, 4.0), (4, 10.0)])
def test_the_wait_grows_with_the_variation_of_the_work(variation: float, wait: float) -> None:
    assert MG1(0.8, 1.0, variation).mean_wait == pytest.approx(wait)


@settings(deadline=None)
@given(LOADS)
def test_mg1_with_exponential_work_is_mm1(load: float) -> None:
    assert MG1(load, 1.0, 1.0).mean_time == pytest.approx(mm1(load, 1.0).mean_time)


@settings(deadline=None)
@given(st.floats(0.05, 20), st.integers(1, 80))
def test_mm1k_solves_its_chain(load: float, capacity: int) -> None:
    queue = MM1K(load, 1.0, capacity)
    expected = balance([load] * capacity, [1.0] * capacity)
    assert queue.probabilities == pytest.approx(expected, rel=1e-9, abs=1e-300)
    served = 1 - queue.probabilities[0]  # the server works whenever somebody is there
    assert queue.throughput == pytest.approx(served, rel=1e-9)


def test_mm1k_refuses_one_in_so_many_at_full_load_and_hardly_any_with_much_room() -> None:
    assert MM1K(1.0, 1.0, 4).refused == pytest.approx(1 / 5)
    assert MM1K(2.0, 1.0, 5_000).refused == pytest.approx(0.5)
    roomy = MM1K(0.8, 1.0, 300)
    assert roomy.mean_time == pytest.approx(5.0)
    assert roomy.time_quantile(0.99) == pytest.approx(5 * math.log(100), rel=1e-6)


def test_little_gives_the_third_of_three() -> None:
    assert littles_law(arrival_rate=5, mean_time=1 / 3) == pytest.approx(mm1(5, 8).mean_in_system)
    assert littles_law(in_system=10, mean_time=2) == 5
    assert littles_law(in_system=10, arrival_rate=5) == 2


@pytest.mark.parametrize(("choices", "time"), [(1, 10.0), (2, 2.6141), (3, 2.0279)])
def test_two_choices_are_far_better_than_one_and_three_little_better_than_two(choices: int, time: float) -> None:
    assert power_of_choices(choices, 0.9) == pytest.approx(time, abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 10), st.floats(0, 0.99))
def test_more_choices_never_hurt(choices: int, load: float) -> None:
    assert power_of_choices(choices + 1, load) <= power_of_choices(choices, load)


def test_halfin_and_whitts_limit_is_near_erlangs_formula_for_many_servers() -> None:
    for spare in (0.2, 0.5, 1.0, 2.0):
        offered = 900_000.0
        servers = round(offered + spare * math.sqrt(offered))
        assert erlang_c(servers, offered) == pytest.approx(halfin_whitt(spare), rel=0.01)


@settings(deadline=None)
@given(st.floats(10, 2000), st.floats(0.05, 0.8))
def test_square_root_staffing_is_within_one_server_of_what_is_needed(offered: float, share: float) -> None:
    assert abs(square_root_staffing(offered, share) - servers_needed(offered, share)) <= 1


def test_servers_needed_is_the_fewest() -> None:
    servers = servers_needed(100, 0.2)
    assert erlang_c(servers, 100) <= 0.2 < erlang_c(servers - 1, 100)


def test_a_network_of_one_station_is_that_station() -> None:
    alone = network({"web": Station(1.0, 4, arrivals=3.2)})
    assert alone.mean_time == pytest.approx(MMc(3.2, 1.0, 4).mean_time)


def test_a_request_that_comes_back_loads_its_station_again() -> None:
    # Half of the requests come back: each visits twice on average.
    looped = network({"web": Station(10.0, arrivals=4.0, onward={"web": 0.5})})
    assert looped.stations["web"].arrival_rate == pytest.approx(8.0)
    assert looped.mean_time == pytest.approx(2 * mm1(8, 10).mean_time)


def test_a_chain_of_stations_adds_up_their_times() -> None:
    chained = network(
        {
            "a": Station(10.0, arrivals=6.0, onward={"b": 1.0}),
            "b": Station(4.0, 2, onward={"c": 0.25}),
            "c": Station(3.0),
        }
    )
    expected = mm1(6, 10).mean_time + MMc(6, 4, 2).mean_time + 0.25 * mm1(1.5, 3).mean_time
    assert chained.mean_time == pytest.approx(expected)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: MMc(4.0, 1.0, 4), "arrival_rate must be below 4, what all servers together can do, got 4.0"),
        (lambda: MMc(0.0, 1.0), "arrival_rate must be a number above 0, got 0.0"),
        (lambda: MMc(1.0, 2.0, 0), "servers must be a whole number from 1 to 1,000,000, got 0"),
        (lambda: erlang_c(2, 2.5), "offered must be below 2, what all servers together can do, got 2.5"),
        (lambda: erlang_b(2, math.nan), "offered must be a number above 0, got nan"),
        (lambda: MG1(0.5, 1.0, -1), "variation must be a number of at least 0, got -1"),
        (lambda: MM1K(1.0, 1.0, 0), "capacity must be a whole number from 1 to 1,000,000, got 0"),
        (lambda: mm1(1, 2).time_quantile(1.0), "probability must be a number from 0 to below 1, got 1.0"),
        (lambda: power_of_choices(2, 1.0), "utilization must be a number from 0 to below 1, got 1.0"),
        (lambda: littles_law(in_system=3.0), "littles_law must be given exactly two of in_system, arrival_rate"),
        (lambda: servers_needed(10, 0.0), "wait_probability must be a number between 0 and 1, got 0.0"),
        (lambda: network({"a": Station(1.0)}), "arrivals must add up to a rate above 0, got 0.0"),
        (lambda: network({"a": Station(1.0, arrivals=2.0)}), "a: arrival_rate must be below 1"),
        (lambda: network({"a": Station(1.0, arrivals=0.5, onward={"b": 1})}), "a: onward must name a station, got 'b'"),
        (lambda: network({"a": Station(1.0, arrivals=0.5, onward={"a": 1})}), "a: requests must leave the network"),
    ],
)
def test_what_has_no_steady_state_is_refused(made: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        made()  # type: ignore[operator]


def test_the_examples_in_the_docstrings_are_true() -> None:
    for module in (queueing, jackson):
        assert doctest.testmod(module).failed == 0
