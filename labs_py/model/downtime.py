"""Availability as time: nines, downtime, error budgets, and mean times between failures and to repair.

A year has 365 days here, a quarter 90 and a month 30, as in the table of the SRE book. Tables that count 365.2425 days, or a month
as a twelfth of a year, print slightly different minutes for the same nines.

Sources:
    Betsy Beyer, Chris Jones, Jennifer Petoff and Niall Richard Murphy (eds.), "Site Reliability Engineering", 2016, appendix A.
    Betsy Beyer, Niall Richard Murphy, David K. Rensin, Kent Kawahara and Stephen Thorne (eds.), "The Site Reliability Workbook",
        2018, chapter 5, "Alerting on SLOs".
    Amazon Web Services, "Reliability Pillar: AWS Well-Architected Framework", section "Availability".
"""

import math

HOUR = 3_600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY
QUARTER = 90 * DAY
YEAR = 365 * DAY
PERIODS = {"year": YEAR, "quarter": QUARTER, "month": MONTH, "week": WEEK, "day": DAY, "hour": HOUR}


def downtime(availability: float, period: float = YEAR) -> float:
    """Return the expected seconds of downtime in `period` seconds.

    Raises:
        ValueError: `availability` is not a probability.

    >>> round(downtime(0.999) / HOUR, 2), round(downtime(0.999, MONTH) / 60, 1)
    (8.76, 43.2)
    """
    return (1 - _probability("availability", availability)) * period


def nines(availability: float) -> float:
    """Return the number of nines, -log10(1 - availability); infinite when nothing ever fails.

    Raises:
        ValueError: `availability` is not a probability.

    >>> round(nines(0.999), 6), round(nines(0.9995), 2)
    (3.0, 3.3)
    """
    unavailability = 1 - _probability("availability", availability)
    return -math.log10(unavailability) if unavailability else math.inf


def error_budget_left(objective: float, outages: float, period: float = MONTH) -> float:
    """Return the seconds of downtime that an objective still allows in a period after `outages` seconds; negative when overspent.

    Raises:
        ValueError: `objective` is not a probability.

    >>> round(error_budget_left(0.999, outages=20 * 60) / 60, 1)
    23.2
    """
    return (1 - _probability("objective", objective)) * period - outages


def burn_rate(share: float, window: float, period: float = MONTH) -> float:
    """Return how many times too fast errors come when a `share` of the period's error budget goes in a window of so many seconds.

    At 1 the budget lasts exactly as long as the period; an alert at this rate fires on errors of (1 - objective) times it.

    Raises:
        ValueError: `share` is not from 0 to 1, or the window is not positive.

    >>> round(burn_rate(0.02, HOUR), 9)
    14.4
    """
    if not window > 0:
        raise ValueError(f"window must be above 0 seconds, got {window}")
    return _probability("share", share) * period / window


def from_repair_times(between_failures: float, to_repair: float) -> float:
    """Return the long-run availability of a part that works `between_failures` on average, then takes `to_repair` to be repaired.

    Both are mean times in seconds; the first counts working time only, so availability = MTBF / (MTBF + MTTR).

    Raises:
        ValueError: a time is not positive.

    >>> round(from_repair_times(150 * DAY, HOUR), 7)
    0.9997223
    """
    for name, value in (("between_failures", between_failures), ("to_repair", to_repair)):
        if not value > 0:
            raise ValueError(f"{name} must be above 0 seconds, got {value}")
    return between_failures / (between_failures + to_repair)


def from_outage(seconds: float, period: float = YEAR) -> float:
    """Return the availability over a period in which the only downtime was `seconds`.

    Raises:
        ValueError: the outage is negative or longer than the period.

    >>> round(from_outage(73 * HOUR), 5)
    0.99167
    """
    if not 0 <= seconds <= period:
        raise ValueError(f"seconds must be from 0 to the period of {period:g}, got {seconds}")
    return 1 - seconds / period


def _probability(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return value
