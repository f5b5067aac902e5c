"""The tail at scale: rare slow servers make most wide requests slow.

A request that asks n servers at once and waits for all of them is slow when at least one is, with probability 1 - (1 - p)**n.

Data:
    slow_share: probability that a request waits for at least one slow server.
    fan_out_at_half: smallest fan-out at which at least half of the requests are slow; null where none up to a billion is.

Source:
    Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013,
        https://research.google/pubs/the-tail-at-scale/

>>> run(fan_out=100, p_slow=0.01).takeaway
'63 % of requests wait for at least one slow server.'
"""

import math
from statistics import NormalDist
from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.numerals import percent
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_FAN_OUTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def slow_share(fan_out: int, p_slow: float) -> float:
    """Return the probability that at least one of `fan_out` servers is slow, each independently with probability `p_slow`.

    >>> round(slow_share(2000, 0.0001), 6)
    0.181277
    """
    return -math.expm1(fan_out * math.log1p(-p_slow)) if p_slow < 1 else 1.0


def fan_out_at_half(p_slow: float) -> int | None:
    """Return the smallest fan-out at which at least half of the requests are slow; None when it is above a billion servers.

    >>> fan_out_at_half(0.01), fan_out_at_half(1), fan_out_at_half(0)
    (69, 1, None)
    """
    if p_slow < 1e-9:
        return None
    return math.ceil(math.log(0.5) / math.log1p(-p_slow)) if p_slow < 1 else 1


def leaf_quantile(share: float) -> float:
    """Return the time (ms) within which so many answers of one leaf come, if it is lognormal with the measured median, 1 ms, and p99, 10 ms.

    >>> round(leaf_quantile(0.5), 6), round(leaf_quantile(0.99), 6)
    (1.0, 10.0)
    """
    normal = NormalDist()
    return math.exp(math.log(10) * normal.inv_cdf(share) / normal.inv_cdf(0.99))


def leaves_for_median(median: float) -> float:
    """Return how many independent leaves, all waited for, have this median (ms).

    >>> round(leaf_quantile(0.5 ** (1 / leaves_for_median(40))), 6)
    40.0
    """
    normal = NormalDist()
    slower = normal.cdf(-math.log(median) / math.log(10) * normal.inv_cdf(0.99))
    return math.log(0.5) / math.log1p(-slower)


def run(
    *,
    fan_out: Annotated[int, Range("Servers that one request asks", 1, 2000, scale="log")] = 100,
    p_slow: Annotated[float, Range("Probability that one server is slow", 1e-6, 1, scale="log")] = 0.01,
) -> Report:
    """Return the share of requests that wait for at least one slow server, beside other fan-outs."""
    share = slow_share(fan_out, p_slow)
    each = f"{p_slow * 100:.10g} %"
    half = fan_out_at_half(p_slow)
    sizes = sorted({*_FAN_OUTS, fan_out})
    rows = [(f"{size:,}", percent(slow_share(size, p_slow), 1)) for size in sizes]
    points = [(float(size), slow_share(size, p_slow)) for size in range(1, 2001) if size <= 50 or size % 10 == 0]
    spec = chart.lines(
        {"slow requests": points},
        {"slow requests": chart.ACCENT},
        x="servers asked by one request (logarithmic)",
        y="requests that are slow",
        log_x=True,
        y_domain=(0, 1),
        y_format=".0%",
        height=200,
    )
    spec["layer"].append(
        {
            "data": chart.values([{"x": fan_out, "y": share, "text": percent(share, 0)}]),
            "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
            "layer": [
                {"mark": {"type": "point", "filled": True, "size": 90, "color": chart.FAILS, "opacity": 1}},
                {
                    "mark": {"type": "text", "align": "right", "dx": -10, "fontWeight": 600},
                    "encoding": {"text": {"field": "text"}},
                },
            ],
        }
    )
    return Report(
        f"{percent(share, 0)} of requests wait for at least one slow server.",
        [
            Metric("One server is slow", each),
            Metric("A request is slow", percent(share, 1)),
            Metric("Half of the requests are slow from", f"{half:,} servers" if half else "no fan-out on"),
            Figure(
                spec,
                f"Requests that wait for at least one slow server, by fan-out, when {each} of servers are slow",
                Table(["Servers asked", "Slow requests"], rows),
            ),
        ],
        {"slow_share": share, "fan_out_at_half": half},
    )


TASKS = [
    Predict(
        "One server in a hundred is slow. A request asks 100 servers and waits for all. How many requests are slow?",
        ["About 1 %", "About 10 %", "About 63 %", "All of them"],
        2,
        "Each request escapes only if all 100 servers are fast: 0.99 to the power of 100 is 0.366, so 63.4 % are slow.",
        {"fan_out": "100", "p_slow": "0.01"},
        lambda data: nearest((0.01, 0.1, 0.634, 1), data["slow_share"]),
        hint="Turn it round: how likely is it that none of the 100 is slow?",
    ),
    Reach(
        "Keep the fan-out at 100 and bring the slow requests down to 1 % or less. How rarely may one server be slow?",
        lambda data, arguments: arguments["fan_out"] == "100" and data["slow_share"] <= 0.01,
        {"fan_out": "100", "p_slow": "0.0001"},
        {"fan_out": "100", "p_slow": "0.001"},
        "The share is close to fan-out times probability while both are small.",
        "One in 10,000: a wide request needs leaves a hundred times better than itself.",
    ),
]

ORACLES = [
    Oracle(
        "Slow requests, 100 servers, 1 in 100 slow",
        0.63,
        lambda: slow_share(100, 0.01),
        "Dean and Barroso 2013",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=0.005,
    ),
    Oracle(
        "Slow requests, 2,000 servers, 1 in 10,000 slow (“almost one in five”)",
        0.2,
        lambda: slow_share(2000, 0.0001),
        "Dean and Barroso 2013",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=0.02,
    ),
    Oracle(
        "One leaf server of a Google service, 95th percentile (ms), from its median and 99th percentile",
        5,
        lambda: leaf_quantile(0.95),
        "Dean and Barroso 2013, table 1",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=0.1,
        digits=3,
    ),
    Oracle(
        "All leaves, 99th percentile (ms)",
        140,
        lambda: leaf_quantile(0.99 ** (1 / leaves_for_median(40))),
        "Dean and Barroso 2013, table 1",
        "https://research.google/pubs/the-tail-at-scale/",
        digits=3,
        note="Here: as many independent leaves as give the measured median of 40 ms. The real tail is longer, so leaves were slow together at times.",
    ),
    Oracle(
        "The first 95 % of the leaves, median (ms)",
        12,
        lambda: leaf_quantile(0.95),
        "Dean and Barroso 2013, table 1",
        "https://research.google/pubs/the-tail-at-scale/",
        digits=3,
        note="Of very many independent leaves 95 % would nearly always have answered by one leaf's 95th percentile. They were slow together.",
    ),
]

LIMITS = [
    "Servers are slow independently of one another. A shared cause (a full disk array, a garbage-collection storm) makes them slow together.",
    "Slow is yes or no here; how slow is another question, which the distribution in “Where does the time go?” answers.",
]
