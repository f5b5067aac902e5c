"""Percentiles from a histogram: near the true ones, the same however the times are dealt out."""

import doctest
import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model import confidence
from labs_py.model import histogram as histogram_module
from labs_py.model.confidence import interval, t_quantile
from labs_py.model.histogram import RELATIVE_ERROR, Histogram

TIMES = st.lists(st.one_of(st.integers(0, 600), st.integers(0, 10**13)), min_size=1, max_size=200)


def histogram(times: list[int]) -> Histogram:
    made = Histogram()
    made.add_all([float(time) for time in times])
    return made


@settings(deadline=None)
@given(TIMES, st.floats(0, 1))
def test_a_quantile_is_within_the_stated_error_of_the_true_one(times: list[int], probability: float) -> None:
    true = sorted(times)[max(1, math.ceil(probability * len(times))) - 1]
    assert histogram(times).quantile(probability) * 1e9 == pytest.approx(true, rel=RELATIVE_ERROR, abs=1e-6)


@settings(deadline=None)
@given(TIMES, TIMES)
def test_merging_is_the_same_as_counting_everything_in_one(first: list[int], second: list[int]) -> None:
    merged = histogram(first)
    merged.merge(histogram(second))
    assert merged == histogram(first + second)
    one_by_one = Histogram()
    for time in [*second, *first]:
        one_by_one.add(time)
    assert one_by_one == merged


@settings(deadline=None)
@given(TIMES)
def test_it_survives_json(times: list[int]) -> None:
    made = histogram(times)
    read = Histogram.from_json(json.loads(json.dumps(made.to_json())))
    assert read == made
    assert read.mean == made.mean


@settings(deadline=None)
@given(TIMES)
def test_count_mean_and_extremes_are_exact(times: list[int]) -> None:
    made = histogram(times)
    assert (made.count, made.smallest, made.largest) == (len(times), min(times), max(times))
    assert made.mean == pytest.approx(sum(times) / len(times) / 1e9, rel=1e-12)
    assert made.quantile(1) == max(times) / 1e9 or made.quantile(1) <= max(times) / 1e9


def test_memory_is_bounded_by_the_range_and_not_by_the_number() -> None:
    rng, made = random.Random(1), Histogram()
    for _ in range(20):
        made.add_all([float(round(rng.expovariate(1e-7))) for _ in range(5_000)])
    assert made.count == 100_000
    assert len(made.bins) < 128 * 24


def test_shares_within_a_time_follow_the_times() -> None:
    made = histogram([time * 1_000_000 for time in range(1, 1001)])
    assert made.share_within(0.5) == pytest.approx(0.5, abs=0.005)
    assert (made.share_within(0.0), made.share_within(2.0)) == (0.0, 1.0)


def test_an_empty_histogram_knows_no_time() -> None:
    made = Histogram()
    assert math.isnan(made.mean)
    assert math.isnan(made.quantile(0.5))
    assert math.isnan(made.share_within(1.0))
    assert Histogram.from_json(made.to_json()) == made


def test_a_probability_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="probability must be from 0 to 1, got 99"):
        histogram([1]).quantile(99)


@pytest.mark.parametrize(
    ("freedom", "published"),  # Abramowitz and Stegun, table 26.10: 0.975 and 0.995
    [(1, (12.706, 63.657)), (2, (4.303, 9.925)), (3, (3.182, 5.841)), (10, (2.228, 3.169)), (30, (2.042, 2.750))],
)
def test_students_t_has_the_published_quantiles(freedom: int, published: tuple[float, float]) -> None:
    assert (t_quantile(0.975, freedom), t_quantile(0.995, freedom)) == pytest.approx(published, abs=5e-4)
    assert t_quantile(0.025, freedom) == -t_quantile(0.975, freedom)


def test_99_of_100_intervals_hold_the_true_mean() -> None:
    rng = random.Random(7)
    held = sum(0.0 in interval([rng.gauss(0, 1) for _ in range(5)]) for _ in range(2_000))
    assert 0.983 < held / 2_000 < 0.997


def test_one_replication_says_nothing_about_the_spread() -> None:
    assert interval([3.0]).low == -math.inf
    with pytest.raises(ValueError, match="values must be at least one, got none"):
        interval([])
    with pytest.raises(ValueError, match="confidence must be a number between 0 and 1, got 99"):
        interval([1.0, 2.0], 99)


def test_the_examples_in_the_docstrings_are_true() -> None:
    for module in (confidence, histogram_module):
        assert doctest.testmod(module).failed == 0
