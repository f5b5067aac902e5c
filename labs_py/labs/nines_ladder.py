"""The ladder of nines: each nine more leaves a tenth of the downtime.

A year has 365 days here, a quarter 90 and a month 30.

Data:
    downtime_seconds: of a year, quarter, month, week, day and hour, at the chosen availability.
    downtime_minutes_per_year, downtime_minutes_per_month: the same in minutes.
    outages_of_20_minutes_per_year: how many whole outages of 20 minutes fit into a year.
    failures_per_million: requests of a million that may fail.
    alerts: for the windows of an hour, six hours and three days: the share of a month's error budget that is gone at its end
        when errors burn it at `burn_rate`, the share of requests that fail then, and the seconds until nothing is left.

Source:
    Betsy Beyer and others (editors), "Site Reliability Engineering", 2016, appendix A, "Availability Table",
        https://sre.google/sre-book/availability-table/
    Betsy Beyer and others (editors), "The Site Reliability Workbook", 2018, chapter 5, "Alerting on SLOs",
        https://sre.google/workbook/alerting-on-slos/
    Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, "The Calculus of Service Availability", ACM Queue 15(2), 2017,
        https://queue.acm.org/detail.cfm?id=3096459

>>> run(availability=0.9995).takeaway
'99.95 % allows 4.38 h of downtime a year, 21.6 min in 30 days.'
"""

from functools import partial
from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach
from labs_py.model.downtime import DAY, HOUR, MONTH, PERIODS, YEAR, burn_rate, downtime, from_repair_times
from labs_py.numerals import count, span
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_RUNGS = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999)
_OUTAGE = 20 * 60.0
_ALERTS = {"hour": (HOUR, 0.02), "six_hours": (6 * HOUR, 0.05), "three_days": (3 * DAY, 0.1)}
_WORKBOOK = "https://sre.google/workbook/alerting-on-slos/"
_CALCULUS, _QUEUE = "Treynor and others 2017", "https://queue.acm.org/detail.cfm?id=3096459"
_AWS = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/availability.html"
_SRE = "https://sre.google/sre-book/availability-table/"


def run(*, availability: Annotated[float, Range("Availability", 0.9, 0.999999, scale="nines")] = 0.999) -> Report:
    """Return the downtime that an availability allows, on the ladder of the usual ones."""
    rungs = sorted({*_RUNGS, availability})
    names = {rung: f"{rung * 100:.10g} %" for rung in rungs}
    seconds = {period: downtime(availability, length) for period, length in PERIODS.items()}
    outages = int(seconds["year"] / _OUTAGE + 1e-9)
    return Report(
        f"{names[availability]} allows {span(seconds['year'])} of downtime a year, {span(seconds['month'])} in 30 days.",
        [
            *(Metric(f"Down a {period}", span(seconds[period])) for period in ("year", "month", "week", "day")),
            Metric("Outages of 20 min a year", f"{outages:,}", "what one page, one engineer and one rollback may take"),
            Figure(
                chart.bars(
                    [(names[rung], downtime(rung, YEAR), span(downtime(rung, YEAR))) for rung in rungs],
                    x="downtime a year (logarithmic)",
                    colors=[chart.ACCENT if rung == availability else chart.NEUTRAL for rung in rungs],
                    log=True,
                ),
                "Downtime a year by availability, logarithmic; the chosen availability is in color",
                Table(
                    ["Availability", *(f"a {period}" if period != "hour" else "an hour" for period in PERIODS)],
                    [(names[rung], *(span(downtime(rung, length)) for length in PERIODS.values())) for rung in rungs],
                ),
            ),
        ],
        {
            "downtime_seconds": seconds,
            "downtime_minutes_per_year": seconds["year"] / 60,
            "downtime_minutes_per_month": seconds["month"] / 60,
            "outages_of_20_minutes_per_year": outages,
            "failures_per_million": round((1 - availability) * 1e6, 6),
            "alerts": {name: _alert(availability, *alert) for name, alert in _ALERTS.items()},
        },
    )


def _alert(availability: float, window: float, share: float) -> dict[str, float]:
    rate = burn_rate(share, window)
    return {
        "budget": share,
        "burn_rate": round(rate, 9),
        "error_share": min(1.0, round(rate * (1 - availability), 12)),
        "exhausted_after_seconds": round(MONTH / rate, 6),
    }


TASKS = [
    Predict(
        "Your objective is 99.99 % and repairing an outage takes 20 minutes. How many outages a year can you afford?",
        [count(2, "outage"), count(12, "outage"), count(26, "outage")],
        0,
        "99.99 % of a year leaves 52.6 minutes: two outages of 20 minutes, and the third breaks the objective.",
        {"availability": "0.9999"},
        lambda data: (2, 12, 26).index(data["outages_of_20_minutes_per_year"]),
        hint="How many minutes has a year, and what is a ten-thousandth of them?",
    ),
    Reach(
        "One outage of 20 minutes a year is all that your users will forgive. Find an availability to promise that allows one and not two.",
        lambda data, arguments: data["outages_of_20_minutes_per_year"] == 1,
        {"availability": "0.99995"},
        {"availability": "0.9999"},
        "One such outage takes a 26,280th part of a year, and two take twice that.",
        "99.995 % leaves 26.3 minutes a year: room for one, and 6 minutes to spare. 99.99 % leaves 52.6, which is two.",
    ),
]

ORACLES = [
    Oracle(f"{what}, {name}", value, compute, source, link, tolerance=tolerance, digits=4)
    for what, name, value, compute, tolerance, source, link in [
        ("99 % of a year", "days", 3.65, lambda: downtime(0.99) / 86_400, 0.005, "SRE book 2016", _SRE),
        ("99.9 % of a year", "hours", 8.76, lambda: downtime(0.999) / 3600, 0.005, "SRE book 2016", _SRE),
        (
            "99.9 % of 30 days",
            "minutes",
            43.2,
            lambda: downtime(0.999, PERIODS["month"]) / 60,
            0.05,
            "SRE book 2016",
            _SRE,
        ),
        (
            "99.95 % of a quarter",
            "hours",
            1.08,
            lambda: downtime(0.9995, PERIODS["quarter"]) / 3600,
            0.005,
            "SRE book 2016",
            _SRE,
        ),
        ("99.99 % of a year", "minutes", 52.6, lambda: downtime(0.9999) / 60, 0.05, "SRE book 2016", _SRE),
        ("99.999 % of a year", "minutes", 5.26, lambda: downtime(0.99999) / 60, 0.005, "SRE book 2016", _SRE),
        (
            "Error budget of 43,200 minutes (30 days) at 99.9 %",
            "minutes",
            43.2,
            lambda: 43_200 * (1 - 0.999),
            0.05,
            "SRE book 2016",
            _SRE,
        ),
        (
            "99.99 % of a year, as the paper rounds it",
            "minutes",
            53,
            lambda: downtime(0.9999) / 60,
            0.5,
            _CALCULUS,
            _QUEUE,
        ),
        (
            "Five dependencies of 99.999 % use",
            "minutes",
            26,
            lambda: 5 * downtime(0.99999) / 60,
            0.5,
            _CALCULUS,
            _QUEUE,
        ),
        (
            "… and leave of the year at 99.99 %",
            "minutes",
            27,
            lambda: (downtime(0.9999) - 5 * downtime(0.99999)) / 60,
            1,
            _CALCULUS,
            _QUEUE,
        ),
        (
            "MTBF 150 days, MTTR 1 hour: availability",
            "percent",
            99.97,
            lambda: 100 * from_repair_times(150 * DAY, HOUR),
            0.005,
            "AWS Well-Architected",
            _AWS,
        ),
    ]
]
ORACLES += [
    Oracle(
        f"Burn rate that spends {share * 100:g} % of a 30-day budget in {window / HOUR:g} h",
        published,
        partial(burn_rate, share, window),
        "SRE Workbook 2018, table 5-8",
        _WORKBOOK,
        tolerance=0.05,
        digits=3,
    )
    for (window, share), published in zip(_ALERTS.values(), (14.4, 6, 1), strict=True)
]

LIMITS = [
    "Downtime is counted as if a system were either up or down. A system that fails one request in a thousand, all the time, has the same number.",
    "Other tables count a year of 365.2425 days or a month as a twelfth of a year and print slightly different minutes.",
]
