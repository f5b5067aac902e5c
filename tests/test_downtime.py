"""Availability as time: the SRE book's table, error budgets, and real outages as nines."""

import math

import pytest

from labs_py.model import downtime
from labs_py.model.downtime import DAY, HOUR, MONTH, PERIODS, QUARTER, WEEK, YEAR

# Beyer and others, "Site Reliability Engineering", appendix A: year, quarter, month, week, day, hour; the last digit printed is
# the tolerance. In seconds.
SRE_TABLE = {
    0.9: (36.5 * DAY, 9 * DAY, 3 * DAY, 16.8 * HOUR, 2.4 * HOUR, 6 * 60),
    0.95: (18.25 * DAY, 4.5 * DAY, 1.5 * DAY, 8.4 * HOUR, 1.2 * HOUR, 3 * 60),
    0.99: (3.65 * DAY, 21.6 * HOUR, 7.2 * HOUR, 1.68 * HOUR, 14.4 * 60, 36),
    0.995: (1.83 * DAY, 10.8 * HOUR, 3.6 * HOUR, 50.4 * 60, 7.2 * 60, 18),
    0.999: (8.76 * HOUR, 2.16 * HOUR, 43.2 * 60, 10.1 * 60, 1.44 * 60, 3.6),
    0.9995: (4.38 * HOUR, 1.08 * HOUR, 21.6 * 60, 5.04 * 60, 43.2, 1.8),
    0.9999: (52.6 * 60, 12.96 * 60, 4.32 * 60, 60.5, 8.64, 0.36),
    0.99999: (5.26 * 60, 1.30 * 60, 25.9, 6.05, 0.87, 0.04),
}


@pytest.mark.parametrize("availability", SRE_TABLE)
def test_the_sre_books_table_is_reproduced_to_its_last_digit(availability: float) -> None:
    ours = [downtime.downtime(availability, period) for period in (YEAR, QUARTER, MONTH, WEEK, DAY, HOUR)]
    # Half a unit of the third significant digit. The book prints its smallest entries with two decimals, and one of them
    # rounded up: 0.87 s a day for five nines, where 86,400 s times 0.00001 is 0.864 s.
    assert ours == pytest.approx(SRE_TABLE[availability], rel=0.005, abs=0.0065)
    assert list(PERIODS.values()) == [YEAR, QUARTER, MONTH, WEEK, DAY, HOUR]


def test_nines_and_downtime_agree() -> None:
    assert downtime.nines(0.99999) == pytest.approx(5)
    assert downtime.nines(1) == math.inf
    assert downtime.nines(0) == 0
    assert downtime.downtime(1 - 10**-4.5) == pytest.approx(YEAR * 10**-4.5)


def test_google_clouds_budget_of_43_minutes_in_a_month() -> None:
    assert downtime.error_budget_left(0.999, 0) == pytest.approx(43.2 * 60)
    assert MONTH == 43_200 * 60


def test_the_calculus_of_service_availability_counts_each_dependency_once() -> None:
    # 99.99 % is 53 minutes a year; five dependencies of 99.999 % use 26; 27 are left; three outages of 20 minutes are too many.
    budget = downtime.downtime(0.9999)
    dependencies = 5 * downtime.downtime(0.99999)
    assert round(budget / 60) == 53
    assert round(dependencies / 60) == 26
    assert downtime.error_budget_left(0.9999, dependencies, YEAR) / 60 == pytest.approx(27, abs=1)
    assert downtime.error_budget_left(0.9999, 3 * 20 * 60, YEAR) < 0


def test_aws_150_days_between_failures_and_one_hour_to_repair() -> None:
    assert downtime.from_repair_times(150 * DAY, HOUR) == pytest.approx(0.9997223, abs=5e-8)


@pytest.mark.parametrize(
    ("hours", "availability"),
    [(14 + 32 / 60, 0.99834), (73, 0.99167), (4 + 17 / 60, 0.99951), (6, 0.99932), (7, 0.99920)],
)
def test_real_outages_as_the_only_downtime_of_a_year(hours: float, availability: float) -> None:
    assert downtime.from_outage(hours * HOUR) == pytest.approx(availability, abs=5e-6)


def test_values_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"availability must be from 0 to 1, got 1\.1"):
        downtime.downtime(1.1)
    with pytest.raises(ValueError, match=r"availability must be from 0 to 1, got -0\.1"):
        downtime.nines(-0.1)
    with pytest.raises(ValueError, match="objective must be from 0 to 1, got 2"):
        downtime.error_budget_left(2, 0)
    with pytest.raises(ValueError, match="to_repair must be above 0 seconds, got 0"):
        downtime.from_repair_times(1, 0)
    with pytest.raises(ValueError, match="seconds must be from 0 to the period of 60, got 61"):
        downtime.from_outage(61, 60)
