"""k of n, and what they share: copies that are up when enough of them are, and when what all of them need is up too.

`needed` copies must be up, and `spare` more are there. Copies fail independently of one another and of the shared part.

Data:
    independent: availability of the group, nothing shared.
    availability: availability of the group with what the copies share.
    downtime_minutes_per_year, shared_minutes_per_year: of a 365-day year, of the whole and of the shared part alone.

Source:
    Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, "The Calculus of Service Availability", ACM Queue 15(2), 2017,
        https://queue.acm.org/detail.cfm?id=3096459
    "Reliability Modeling: k-out-of-n Configuration", Reliability Analytics, 2011,
        https://reliabilityanalytics.com/blog/2011/09/02/reliability-modeling-k-out-of-n-configutation/

>>> run(needed=1, spare=1, availability=0.99, shared=0.99).data["availability"]
0.989901
"""

from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.conditioning import at_least_of_equals
from labs_py.model.downtime import downtime
from labs_py.numerals import nines, span
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_ANALYTICS = "https://reliabilityanalytics.com/blog/2011/09/02/reliability-modeling-k-out-of-n-configutation/"
_MOST = 9


def group(needed: int, copies: int, availability: float) -> float:
    """Return the probability that at least `needed` of `copies` independent copies are up, rounded to 15 decimals.

    >>> group(2, 3, 0.99)
    0.999702
    """
    return round(float(at_least_of_equals(needed, copies, availability)), 15)


def run(
    *,
    needed: Annotated[int, Range("Copies that must be up", 1, _MOST)] = 2,
    spare: Annotated[int, Range("Spare copies", 0, _MOST - 1)] = 1,
    availability: Annotated[float, Range("Availability of one copy", 0.9, 0.99999, scale="nines")] = 0.99,
    shared: Annotated[float, Range("Availability of what all copies share", 0.9, 0.999999, scale="nines")] = 0.9999,
) -> Report:
    """Return the availability of the group, alone and behind what its copies share."""
    copies = needed + spare
    independent = group(needed, copies, availability)
    whole = round(independent * shared, 15)
    rows = []
    for number in range(needed, needed + max(spare, 5) + 1):
        alone = group(needed, number, availability)
        rows.append((number, alone, downtime(alone), downtime(alone * shared)))
    return Report(
        f"{needed} of {copies} at {availability * 100:.10g} % give {nines(independent)}, "
        f"and behind a shared part of {shared * 100:.10g} % {nines(whole)}: {span(downtime(whole))} down a year.",
        [
            Metric("Nothing shared", nines(independent)),
            Metric("With what is shared", nines(whole)),
            Metric("Down a year", span(downtime(whole))),
            Metric("… by the shared part alone", span(downtime(shared))),
            Figure(
                chart.bars(
                    [(f"{needed} of {number}", max(down, 1e-9), span(down)) for number, _, _, down in rows],
                    x="downtime a year (logarithmic)",
                    colors=[chart.ACCENT if row[0] == copies else chart.NEUTRAL for row in rows],
                    log=True,
                ),
                "Downtime a year by the number of copies, with what they share, logarithmic; the chosen number is in color",
                Table(
                    ["Copies", "Nothing shared", "Down a year", "Down with what is shared"],
                    [(f"{needed} of {number}", nines(alone), span(a), span(b)) for number, alone, a, b in rows],
                ),
            ),
        ],
        {
            "independent": independent,
            "availability": whole,
            "downtime_minutes_per_year": downtime(whole) / 60,
            "shared_minutes_per_year": downtime(shared) / 60,
        },
    )


TASKS = [
    Predict(
        "A node is up 99 % of the time. Three of them need a majority, which is two. Nothing is shared. How does the group compare with one node?",
        ["Down more often: now two must be up", "Down a thirtieth as often", "Down a thousandth as often"],
        1,
        "The group is down when two or three are: 3 × 0.01² × 0.99 + 0.01³ = 0.0003, against 0.01 for one node.",
        {"needed": "2", "spare": "1", "availability": "0.99"},
        lambda data: nearest((2, 1 / 33.6, 1e-3), (1 - data["independent"]) / 0.01),
        hint="How likely is it that two given nodes are down at once? How many pairs are there?",
    ),
    Reach(
        "Copies of 99 %, of which three must be up. Bring the whole to 99.995 %, with at most five copies.",
        lambda data, arguments: (
            int(arguments["needed"]) >= 3
            and int(arguments["needed"]) + int(arguments["spare"]) <= 5
            and float(arguments["availability"]) <= 0.99
            and data["availability"] >= 0.99995
        ),
        {"needed": "3", "spare": "2", "availability": "0.99", "shared": "0.99999"},
        {"needed": "3", "spare": "2", "availability": "0.99", "shared": "0.9999"},
        "Five copies are enough. Look at what is left of the downtime when you add a sixth.",
        "Three of five are 99.999 %, so behind a shared part of 99.99 % nearly all the downtime is the shared part's, and no copy helps.",
    ),
]

ORACLES = [
    Oracle(
        "3 of 4 at 90 %",
        0.9477,
        lambda: group(3, 4, 0.9),
        "Reliability Analytics 2011",
        _ANALYTICS,
        tolerance=5e-5,
        digits=4,
    ),
    Oracle(
        "1 of 4 at 90 %: 1 − Q⁴",
        0.9999,
        lambda: group(1, 4, 0.9),
        "Reliability Analytics 2011",
        _ANALYTICS,
        tolerance=1e-9,
        digits=5,
    ),
]

LIMITS = [
    "Copies fail independently, and all with the same probability. Bursts, such as a rack that loses power, make small groups fail together.",
    "What is shared is one part that is up or down. Real copies share many: a zone, a configuration, a certificate, a release.",
    "Moving from a failed copy to another takes no time, and the others can carry the load.",
]
