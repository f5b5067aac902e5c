"""Retry sums: what attempts gain while failures come by chance, and what they cost when everything fails.

Each attempt fails with the same probability f, whatever came before. With n attempts a request makes (1 - f**n) / (1 - f) calls on average
and succeeds with probability 1 - f**n. A budget lets retries be a share b of the requests, and no more.

Data:
    calls, success: calls a request on average, and the share of requests that succeeds.
    budget_calls, budget_success: the same with the budget on top.
    worst, budget_worst: calls at the bottom for one request when nothing succeeds and all layers retry.

Source:
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/
    Alejandro Forero Cuervo, "Handling Overload", in the same book, chapter 21, https://sre.google/sre-book/handling-overload/
    Marc Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders' Library, 2019,
        https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    Marc Brooker, "Fixing retries with token buckets and circuit breakers", 2022, https://brooker.co.za/blog/2022/02/28/retries.html

>>> run().takeaway
'With 4 attempts a request makes 1.88 calls when 50 % of them fail, and 64 through 3 layers when all do.'
"""

from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.numerals import count, percent, significant
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_SHARES = tuple(step / 20 for step in range(21))


def calls(attempts: int, failing: float) -> float:
    """Return how many calls a request makes on average when each fails with probability `failing` and `attempts` are made at most.

    >>> calls(4, 0.5), calls(4, 1), calls(4, 0)
    (1.875, 4.0, 1.0)
    """
    total = 0.0
    for attempt in range(attempts):
        total += failing**attempt
    return total


def run(
    *,
    attempts: Annotated[int, Range("Attempts of each call", 1, 10, hint="The first included.")] = 4,
    failing: Annotated[float, Range("Attempts that fail", 0, 100, "%", 1)] = 50.0,
    budget: Annotated[float, Range("Budget: retries for 100 requests", 0, 100, step=1)] = 10.0,
    layers: Annotated[int, Range("Layers that retry", 1, 5)] = 3,
) -> Report:
    """Return calls and successes with and without a budget, and the worst case of a chain."""
    share, limit = failing / 100, budget / 100
    plain = calls(attempts, share)
    limited = min(plain, 1 + limit)
    worst, limited_worst = attempts**layers, min(attempts, 1 + limit) ** layers
    curves = {
        count(attempts, "attempt"): [(100 * x, calls(attempts, x)) for x in _SHARES],
        f"and a budget of {budget:g} %": [(100 * x, min(calls(attempts, x), 1 + limit)) for x in _SHARES],
    }
    colors = dict(zip(curves, (chart.FAILS, chart.OK), strict=True))
    rows = [
        (percent(x, 0), *_both(calls(attempts, x), x), *_both(min(calls(attempts, x), 1 + limit), x))
        for x in (0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
    ]
    return Report(
        f"With {count(attempts, 'attempt')} a request makes {significant(plain)} calls when {failing:g} % of them fail, "
        f"and {worst:,} through {count(layers, 'layer')} when all do.",
        [
            Metric("Calls a request", significant(plain), f"with the budget {significant(limited)}"),
            Metric(
                "Requests that succeed",
                percent((1 - share) * plain),
                f"with the budget {percent((1 - share) * limited)}",
            ),
            Metric(
                "Calls at the bottom",
                f"{worst:,}",
                f"of {count(layers, 'layer')} when all fail; with budgets {significant(limited_worst)}",
            ),
            Figure(
                chart.lines(
                    curves,
                    colors,
                    x="attempts that fail (%)",
                    y="calls a request",
                    height=190,
                ),
                "Calls a request, by the share of attempts that fails",
                Table(["Fail", "Calls", "Succeed", "Calls, budget", "Succeed, budget"], rows),
            ),
        ],
        {
            "calls": plain,
            "success": (1 - share) * plain,
            "budget_calls": limited,
            "budget_success": (1 - share) * limited,
            "worst": worst,
            "budget_worst": limited_worst,
        },
    )


def _both(made: float, failing: float) -> tuple[str, str]:
    """Return calls and successes: a request stops at its first success, so it succeeds once for every call that does."""
    return significant(made), percent((1 - failing) * made)


TASKS = [
    Predict(
        "Half of all attempts fail. Instead of three retries for each request you allow one retry for ten requests. How many requests succeed?",
        ["94 %, as with three retries", "75 %", "55 %"],
        2,
        "A budget of a tenth adds a tenth of the calls, and half of those succeed: 50 % and 5 %. It gives up the help of retries just where "
        "so much fails that they would be dangerous.",
        {"budget": "10"},
        lambda data: nearest((0.94, 0.75, 0.55), data["budget_success"]),
        hint="How many calls do 100 requests make now, and how many of those succeed?",
    ),
    Reach(
        "One attempt in ten fails. Have at least 99.9 % of requests succeed, with as few attempts as that takes and a budget that allows "
        "it.",
        lambda data, arguments: (
            float(arguments["failing"]) == 10
            and int(arguments["attempts"]) <= 3
            and data["budget_success"] > 0.999 - 1e-9
        ),
        {"failing": "10", "attempts": "3", "budget": "12"},
        {"failing": "10", "attempts": "3", "budget": "10"},
        "Three attempts fail together once in a thousand. How many retries is that for 100 requests?",
        "Ten requests in a hundred need a second attempt and one of them a third: 11 retries. A budget of 10 % is just too small for failures "
        "of 10 %.",
    ),
]

_SRE21 = ("Forero Cuervo 2016", "https://sre.google/sre-book/handling-overload/")
_SRE22 = ("Ulrich 2016", "https://sre.google/sre-book/addressing-cascading-failures/")
_AMAZON = ("Brooker 2019", "https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/")

ORACLES = [
    Oracle(
        "Three layers that retry three times each: calls at the bottom",
        64,
        lambda: run(attempts=4).data["worst"],
        *_SRE22,
        tolerance=0,
        digits=2,
    ),
    Oracle(
        "Five layers of three tries: calls at the bottom",
        243,
        lambda: run(attempts=3, layers=5).data["worst"],
        *_AMAZON,
        tolerance=0,
        digits=3,
        note="The article calls them three retries and counts three tries. Three retries after a first try would make 4⁵ = 1,024.",
    ),
    Oracle(
        "Nearly all attempts fail, three are made: growth of the load",
        3,
        lambda: run(attempts=3, failing=99).data["calls"],
        *_SRE21,
        digits=3,
        note="“Somewhere just below 3X”, says the book, when a large part is rejected; here 99 percent are.",
    ),
    Oracle(
        "The same with a budget of a tenth",
        1.1,
        lambda: run(attempts=3, failing=99, budget=10).data["budget_calls"],
        *_SRE21,
        tolerance=1e-9,
        digits=2,
    ),
]

LIMITS = [
    "Attempts fail independently, each with the same probability. In an overload they do not: retries make the next failure more likely.",
    "The budget is a mean over many requests. A bucket that has filled up lets more retries through at first.",
    "The worst case of several layers supposes that every layer waits for its attempts to the end, and that nobody's deadline ends them.",
]
