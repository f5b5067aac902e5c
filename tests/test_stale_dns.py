"""Addresses that have moved: the shares on a grid beside sums of uniform waits in closed form, and the ages of connections beside a simulation."""

import doctest
import math
from itertools import pairwise
from random import Random

import pytest

from labs_py import lab
from labs_py.model import moved_address
from labs_py.model.confidence import interval
from labs_py.model.moved_address import connection_ages, exact_old_answers, old_answers


def test_the_examples_hold() -> None:
    result = doctest.testmod(moved_address)
    assert result.attempted
    assert result.failed == 0


@pytest.mark.parametrize("terms", [[60.0], [60.0, 30.0], [20.0, 60.0, 5.0], [60.0] * 4 + [30.0], [3600.0, 600.0]])
def test_old_answers_are_a_sum_of_uniform_waits(terms: list[float]) -> None:
    step = sum(terms) / 240
    shares = old_answers(terms, step)
    for index, share in enumerate(shares):
        assert share == pytest.approx(exact_old_answers(terms, index * step), abs=1e-3)
    assert all(first >= second - 1e-12 for first, second in pairwise(shares))


def test_connections_that_never_idle_have_any_age_with_equal_chance() -> None:
    found = connection_ages(300.0, 90.0, 1.0)
    assert found.requests == pytest.approx(301)
    assert found.up_to(0.0) == pytest.approx(1 / 301)
    assert found.up_to(150.0) == pytest.approx(151 / 301)
    assert connection_ages(0.0, 90.0, 1.0).held([1.0, 0.5, 0.0], 1.0) == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(("most", "idle", "rate"), [(100.0, 10.0, 0.2), (1000.0, 30.0, 0.1), (50.0, 40.0, 0.05)])
def test_the_ages_of_connections_are_those_of_a_simulation(most: float, idle: float, rate: float) -> None:
    exact = connection_ages(most, idle, rate)
    rng = Random(3)
    counts, sums = [], []
    for _ in range(4_000):
        age, ages = 0.0, [0.0]
        while (gap := rng.expovariate(rate)) <= idle and age + gap <= most:
            age += gap
            ages.append(age)
        counts.append(float(len(ages)))
        sums.append(math.fsum(ages))
    assert exact.requests == pytest.approx(math.fsum(counts) / len(counts), rel=0.05)
    found = interval([total - exact.mean * count for total, count in zip(sums, counts, strict=True)], 0.999)
    assert 0.0 in found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kept": "whole", "caches": "3"},
        {"connection_s": "3600", "rate": "0.05", "idle_s": "40"},
        {"once_percent": "0"},
    ],
)
def test_requests_to_the_old_address_are_the_area_under_the_shares(settings: dict[str, str]) -> None:
    data = lab.load("stale_dns").report(settings | {"restart_days": "0.01"}).data
    step, stale = data["times"][1], data["stale"]
    late = max(0.0, 864.0 + 180.0 - data["moved_s"])  # what asks once may go on longer than the figure shows
    area = 1000 * math.fsum((one + two) / 2 for one, two in pairwise(stale)) * step
    assert area <= data["requests"] * 1.001
    assert area >= data["requests"] - 1000 * stale[-1] * late - 0.002 * data["requests"]
    assert stale[0] == pytest.approx(1.0)
    assert all(first >= second - 1e-12 for first, second in pairwise(stale))


def test_more_caches_that_pass_on_what_is_left_change_nothing() -> None:
    few, many = (lab.load("stale_dns").report({"caches": count}).data for count in ("1", "4"))
    assert few == many
