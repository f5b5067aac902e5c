"""The figure and the table of the lab on stale names: what is still old after an address has moved, and who holds it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from labs_py import chart
from labs_py.model.moved_address import GRID, Ages
from labs_py.numerals import percent, span
from labs_py.report import Figure, Table

_UNITS = [("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0), ("seconds", 1.0)]


def still_old(data: Mapping[str, Any], once: float, last: float) -> Figure:
    """Return the shares of what is old over time, in rows."""
    times = data["times"]
    unit, seconds = next((one for one in _UNITS if times[-1] >= 3 * one[1]), _UNITS[-1])
    rows = {"TTL alone": data["ttl_alone"], "lookups": data["lookups"], "requests": data["stale"]}
    note = f"{percent(once, 1)} until {span(last, 2)}" if once else ""
    shown = [round(index * GRID / 12) for index in range(13)]
    return Figure(
        chart.rows(
            {
                # A point in three draws the same line, and what stays at zero needs none.
                name: [(times[at] / seconds, row[at]) for at in range(0, GRID + 1, 3) if row[max(0, at - 3)] > 1e-6]
                for name, row in rows.items()
            },
            {"TTL alone": chart.NEUTRAL, "lookups": chart.WORK, "requests": chart.FAILS},
            {"requests": note} if note else {},
            x=f"{unit} after the move",
            x_domain=(0, times[-1] / seconds),
            step=64,
        ),
        "What is still old after the move: answers if there were nothing but one cache, lookups of programs, and requests",
        Table(
            ["After", *rows],
            [(span(times[at]), *(percent(max(0.0, row[at]), 1) for row in rows.values())) for at in shown],
        ),
    )


def stages(terms: Sequence[float], program: float, ages: Ages, once: float, restart: float) -> Table:
    """Return how long each part of the way holds an old address."""
    dns = math.fsum(terms)
    parts = [
        ("DNS caches", dns, dns / 2),
        ("The program", program, program / 2),
        ("The connection", ages.ages[-1], ages.mean),
    ]
    rows = [(name, span(most, 2), span(mean, 2)) for name, most, mean in parts if most]
    rows.append(("Together", span(dns + program + ages.ages[-1], 2), span((dns + program) / 2 + ages.mean, 2)))
    if once:
        rows.append(("A program that asks once", span(dns + restart, 2), span((dns + restart) / 2, 2)))
    return Table(
        ["Where", "Holds it at most", "On average"], rows, "Who holds the old address, and for how long after the move"
    )
