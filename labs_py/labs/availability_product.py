"""The product of availabilities: a request that needs many parts is up less often than any of them.

`parts` components stand in series, and a request needs them all. Each is made of `copies` in parallel, of which one is enough. All fail
independently.

Data:
    one_part: availability of one component, its copies included.
    availability: availability of the whole.
    downtime_hours_per_year: of a 365-day year.

Source:
    Betsy Beyer and others (editors), "Site Reliability Engineering", 2016, appendix A, https://sre.google/sre-book/availability-table/
    Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, "The Calculus of Service Availability", ACM Queue 15(2), 2017,
        https://queue.acm.org/detail.cfm?id=3096459
    AWS, "Availability", Well-Architected Framework, Reliability Pillar,
        https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/availability.html

>>> run(parts=5, availability=0.999).takeaway
'5 parts of 99.9 % each give 99.50 %: 1.82 d down a year.'
"""

from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.downtime import MONTH, YEAR
from labs_py.numerals import count, nines, span
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_AWS = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/availability.html"


def series(parts: int, availability: float, copies: int) -> float:
    """Return the availability of `parts` groups in series, each of `copies` in parallel.

    >>> round(series(2, 0.99, 2), 9)
    0.99980001
    """
    return float((1 - (1 - availability) ** copies) ** parts)


def run(
    *,
    parts: Annotated[int, Range("Parts that a request needs", 1, 100, scale="log")] = 5,
    availability: Annotated[float, Range("Availability of one copy", 0.9, 0.99999, scale="nines")] = 0.999,
    copies: Annotated[int, Range("Copies of each part (one is enough)", 1, 4)] = 1,
) -> Report:
    """Return the availability of the whole and how it falls with the number of parts."""
    one_part = series(1, availability, copies)
    whole = series(parts, availability, copies)
    down = (1 - whole) * YEAR
    curves = {
        f"{count(number, 'copy', 'copies')}": [
            (float(n), (1 - series(n, availability, number)) * YEAR / 3600) for n in range(1, 101)
        ]
        for number in (1, 2)
    }
    sizes = sorted({1, 2, 5, 10, 20, 50, 100, parts})
    shown = f"{availability * 100:.10g} %"
    plural = count(parts, "part")
    return Report(
        f"{plural} of {shown} each{f' in {copies} copies' if copies > 1 else ''} give {nines(whole)}: {span(down)} down a year.",
        [
            Metric("One part", nines(one_part)),
            Metric("All parts", nines(whole)),
            Metric("Down a year", span(down)),
            Metric("Down in 30 days", span((1 - whole) * MONTH)),
            Figure(
                chart.lines(
                    curves,
                    {"1 copy": chart.FAILS, "2 copies": chart.OK},
                    x="parts that a request needs",
                    y="hours down a year",
                    height=190,
                ),
                f"Hours down a year by the number of parts, each copy {shown} available",
                Table(
                    ["Parts", "1 copy each", "2 copies each"],
                    [
                        (f"{n}", *(span((1 - series(n, availability, number)) * YEAR) for number in (1, 2)))
                        for n in sizes
                    ],
                ),
            ),
        ],
        {"one_part": one_part, "availability": whole, "downtime_hours_per_year": down / 3600},
    )


TASKS = [
    Predict(
        "Five services at 99.95 % stand on a request's path. How long is the path down a year?",
        ["4.4 h, like one of them", "About 22 h", "About 44 h"],
        1,
        "0.9995 to the power of 5 is 99.75 %. A quarter of a percent of 8,760 hours is 21.9 h.",
        {"parts": "5", "availability": "0.9995"},
        lambda data: nearest((4.4, 22, 44), data["downtime_hours_per_year"]),
        hint="While downtimes are rare they hardly ever coincide. What becomes of five of them?",
    ),
    Reach(
        "Ten parts, each copy no better than 99 %. Reach 99.95 % for the whole.",
        lambda data, arguments: (
            int(arguments["parts"]) >= 10
            and float(arguments["availability"]) <= 0.99
            and data["availability"] >= 0.9995
        ),
        {"parts": "10", "availability": "0.99", "copies": "3"},
        {"parts": "10", "availability": "0.99", "copies": "2"},
        "Two copies are 99.99 % each. Ten of those?",
        "Two copies give 0.9999 to the power of 10, 99.90 %, and a third copy of each lifts the whole to 99.999 %.",
    ),
]

ORACLES = [
    Oracle(
        "Three parts of 99.99 %",
        0.9997,
        lambda: series(3, 0.9999, 1),
        "AWS Well-Architected",
        _AWS,
        tolerance=5e-7,
        digits=6,
    ),
    Oracle(
        "Two copies of 99.9 %",
        0.999999,
        lambda: series(1, 0.999, 2),
        "AWS Well-Architected",
        _AWS,
        tolerance=5e-10,
        digits=8,
    ),
]

LIMITS = [
    "Parts fail independently. A shared power feed, deploy or configuration makes them fail together, and then copies help less than this says.",
    "A copy takes over at once and costs nothing to switch to.",
    "Every part is needed. Where a failed part only degrades the answer, multiply only those that are needed.",
]
