"""Each shape's mean, distribution and samples agree with one another and with closed forms."""

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.duration import (
    Constant,
    Duration,
    Empirical,
    Exponential,
    Lognormal,
    Pareto,
    parse_duration,
    parse_seconds,
)

SHAPES: list[Duration] = [
    Constant(0.002),
    Exponential(0.002),
    Lognormal(0.002, 0.008),
    Pareto(0.002, 2.5),
    Empirical((0.001, 0.002, 0.002, 0.009)),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_samples_follow_the_distribution_function(shape: Duration) -> None:
    rng = random.Random(20260101)
    drawn = sorted(shape.sample(rng) for _ in range(20_000))
    # The Dvoretzky–Kiefer–Wolfowitz bound: the gap exceeds 0.0136 with probability below 0.001.
    gap = max(
        abs(shape.cdf(drawn[index]) - (index + 1) / len(drawn))
        for index in range(len(drawn))
        if index + 1 == len(drawn) or drawn[index] < drawn[index + 1]
    )
    assert gap < 0.0136


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_the_mean_is_the_area_above_the_distribution_function(shape: Duration) -> None:
    step = 2e-6
    area = math.fsum(1 - shape.cdf((index + 0.5) * step) for index in range(500_000)) * step
    tail = 0.0
    if isinstance(shape, Pareto):
        tail = shape.minimum**shape.alpha / (shape.alpha - 1) / (500_000 * step) ** (shape.alpha - 1)
    assert area + tail == pytest.approx(shape.mean, rel=1e-3)


def test_sample_means_come_near_the_mean_within_five_standard_errors() -> None:
    for shape in SHAPES[1:3]:
        rng = random.Random(7)
        drawn = [shape.sample(rng) for _ in range(20_000)]
        mean = fmean(drawn)
        error = math.sqrt(fmean((value - mean) ** 2 for value in drawn) / len(drawn))
        assert abs(mean - shape.mean) < 5 * error


@given(st.floats(1.01, 14.8))
def test_a_lognormal_has_the_given_p99_at_every_ratio(ratio: float) -> None:
    assert Lognormal(1.0, ratio).cdf(ratio) == pytest.approx(0.99, abs=1e-9)


def test_times_are_read_with_their_unit() -> None:
    assert [parse_seconds(text) for text in ("2 ms", "150us", "1.5 s", "3e-1 ms", "2 min")] == [
        0.002,
        0.00015,
        1.5,
        0.0003,
        120.0,
    ]
    assert parse_duration({"shape": "empirical", "values": ["9 ms", "1 ms"]}) == Empirical((0.001, 0.009))
    assert parse_duration({"shape": "pareto", "mean": "3 ms", "alpha": 2}) == Pareto(0.003, 2.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2", "must be a time with a unit"),
        (2, "must be a time with a unit"),
        ("-2 ms", "must be a time with a unit"),
        ("1 year", "must be a time with a unit"),
        ("99999 h", "must be at most 7 days"),
        (
            {"shape": "gamma", "mean": "1 ms"},
            "shape must be one of constant, exponential, lognormal, pareto, empirical, got 'gamma'",
        ),
        ({"shape": "lognormal", "mean": "1 ms"}, "a lognormal time must have exactly mean, p99, got mean"),
        (
            {"shape": "lognormal", "mean": "1 ms", "p99": "20 ms"},
            "p99 must be above the mean and below 14.9 times the mean",
        ),
        ({"shape": "pareto", "mean": "1 ms", "alpha": 1}, "alpha must be a number above 1 and below 100, got 1"),
        ({"shape": "exponential", "mean": "0 ms"}, "mean must be above 0, got '0 ms'"),
        ({"shape": "empirical", "values": []}, "values must be a list of 1 to 10,000 times, got 0"),
    ],
)
def test_a_time_that_is_none_is_refused_with_rule_and_value(value: object, message: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        parse_duration(value)
    assert message in str(caught.value)
