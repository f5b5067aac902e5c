"""How a simulation closes in on an availability, and how many requests that takes: numbers and figures of the lab `sampling`."""

import math
from collections.abc import Sequence

from labs_py import chart
from labs_py.model.monte_carlo import Estimate
from labs_py.numerals import nines, percent, significant, span
from labs_py.report import Figure, Table

RATE = 100.0  # requests a second, for a feeling of what a number of requests means


def requests_to_see_one(unavailability: float) -> float:
    """Return after how many requests at least one has failed, with 95 % certainty: the rule of three says 3 / unavailability.

    >>> round(requests_to_see_one(0.001))
    2994
    """
    return math.log(0.05) / math.log1p(-unavailability) if unavailability < 1 else 1.0


def requests_to_a_tenth(unavailability: float) -> float:
    """Return after how many requests the 99 % interval of the normal law is a tenth of the unavailability wide to either side.

    >>> round(requests_to_a_tenth(0.001))
    662826
    """
    return 663.4897 * (1 - unavailability) / unavailability


def finely(share: float, estimate: Estimate) -> str:
    """Return a share with as many decimals as its interval is worth."""
    return percent(share, min(9, max(2, 1 - math.floor(math.log10((estimate.high - estimate.low) * 100)))))


def funnel(estimates: Sequence[Estimate], exact: float) -> Figure:
    """Return the interval closing in on the exact value as requests are added."""
    shown = [item for item in estimates if item.trials >= 1000]
    rows = [
        {"n": item.trials, "low": item.low * 100, "high": item.high * 100, "share": item.share * 100} for item in shown
    ]
    x = {
        "field": "n",
        "type": "quantitative",
        "title": "requests simulated (logarithmic)",
        "scale": {"type": "log", "nice": False},
        "axis": {"format": "~s"},
    }
    y = {
        "field": "low",
        "type": "quantitative",
        "title": "requests that succeed (%)",
        "scale": {"zero": False, "nice": False},
    }
    band = (
        {"type": "area", "color": chart.SOFT[chart.NETWORK]}
        if len(shown) > 1
        else {"type": "rule", "color": chart.NETWORK, "strokeWidth": 3}
    )
    layers: list[chart.Spec] = [
        {"mark": band, "encoding": {"x": x, "y": y, "y2": {"field": "high"}}},
        {
            "mark": {"type": "line", "color": chart.NETWORK, "point": {"color": chart.NETWORK, "size": 30}},
            "encoding": {"x": x, "y": y | {"field": "share"}},
        },
        {
            "data": chart.values([{"exact": exact * 100}]),
            "mark": {"type": "rule", "color": chart.INK, "strokeDash": [4, 3]},
            "encoding": {"y": {"field": "exact", "type": "quantitative"}},
        },
        {
            "data": chart.values([{"exact": exact * 100, "text": "exact"}]),
            "mark": {"type": "text", "align": "right", "dy": -8, "fontWeight": 600, "x": "width"},
            "encoding": {"y": {"field": "exact", "type": "quantitative"}, "text": {"field": "text"}},
        },
    ]
    table = [
        (
            f"{item.trials:,}",
            f"{item.trials - round(item.share * item.trials):,}",
            finely(item.share, item),
            f"{finely(item.low, item)} to {finely(item.high, item)}",
            f"{significant((item.high - item.low) * 100, 2)}",
        )
        for item in estimates
    ]
    return Figure(
        chart.layered(layers, 220, data=chart.values(rows)),
        "The estimate and its 99 % interval as requests are added, and the exact availability",
        Table(["Requests", "Failed", "Succeeded", "99 % interval", "Points wide"], table),
    )


def ladder(lost: float) -> Figure:
    """Return how many requests it takes to see one fail, for each number of nines and for this architecture."""
    rungs = sorted({*(10.0**-power for power in range(2, 7)), *([lost] if lost > 1e-12 else [])}, reverse=True)
    needed = [(nines(1 - rung), requests_to_see_one(rung), requests_to_a_tenth(rung)) for rung in rungs]
    return Figure(
        chart.bars(
            [(name, one, significant(one)) for name, one, _ in needed],
            x="requests until one has failed, with 95 % certainty (logarithmic)",
            colors=[chart.ACCENT if rung == lost else chart.NEUTRAL for rung in rungs],
            log=True,
        ),
        "Requests it takes to see one fail, by availability, logarithmic; this architecture is in color",
        Table(
            [
                "Availability",
                "To see one fail",
                f"at {RATE:.0f} a second",
                "To know failures to a tenth",
                f"at {RATE:.0f} a second ",
            ],
            [
                (name, significant(one), span(one / RATE), significant(tenth), span(tenth / RATE))
                for name, one, tenth in needed
            ],
        ),
    )
