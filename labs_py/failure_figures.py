"""The figures of the lab that kills a service."""

import math
from collections.abc import Mapping, Sequence

from labs_py import chart
from labs_py.model.failure import Outcome, Shares, Status
from labs_py.model.kill_experiment import Round
from labs_py.model.kills import Phase
from labs_py.numerals import percent, significant, span
from labs_py.report import Figure, Table

RATE = 100
"""Requests per second in the figure over time."""

_MOST_ROWS = 40
_LETTERS: Mapping[Status, str] = {"ok": "·", "degraded": "D", "fails": "F"}
_COLORS: Mapping[Status, str] = {"ok": chart.OK, "degraded": chart.DEGRADED, "fails": chart.FAILS}


def widest_first(radius: Mapping[str, Shares]) -> list[str]:
    """Return the services, those whose failure hurts the most requests first."""
    return sorted(radius, key=lambda name: (-round(radius[name].fails, 12), -round(radius[name].degraded, 12), name))


def matrix(down: Mapping[str, Mapping[str, Outcome]], victim: str) -> Figure:
    """Return the endpoints that each service's failure breaks, one row a service."""
    shown = list(down)[:_MOST_ROWS]
    rows = [
        {"service": name, "endpoint": end, "letter": _LETTERS[outcome.status], "color": _COLORS[outcome.status]}
        for name in shown
        for end, outcome in down[name].items()
    ]
    endpoints = list(next(iter(down.values())))
    top = {
        "orient": "top",
        "labelAngle": -60,
        "labelOverlap": False,
        "labelLimit": 130,
        "domain": False,
        "ticks": False,
    }
    x = {"field": "endpoint", "type": "nominal", "sort": endpoints, "title": None, "axis": top}
    y = {"field": "service", "type": "nominal", "sort": shown, "title": None}
    soft = [{**row, "color": chart.SOFT[row["color"]]} for row in rows]
    fill = {"field": "color", "type": "nominal", "scale": None}
    outline = [{"service": victim, "endpoint": end} for end in endpoints] if victim in shown else []
    spec = chart.layered(
        [
            {
                "data": chart.values(soft),
                "mark": {"type": "rect", "cornerRadius": 3},
                "encoding": {"x": x, "y": y, "color": fill},
            },
            {
                "data": chart.values(outline),
                "mark": {"type": "rect", "filled": False, "stroke": chart.INK, "strokeWidth": 1.25},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": chart.values(rows),
                "mark": {"type": "text", "fontWeight": 700},
                "encoding": {"x": x, "y": y, "text": {"field": "letter"}, "color": fill},
            },
        ],
        {"step": 24},
        padding={"left": 2, "right": 48, "top": 6, "bottom": 2},  # for the slanted name of the last column
    )
    caption = f"Row by row, what happens when that service is down: F fails, D degraded, · fine; outlined: {victim}"
    cells = [[name, *(_said(outcome) for outcome in outcomes.values())] for name, outcomes in down.items()]
    return Figure(spec, caption, Table(["Service down", *endpoints], cells, numeric=[]))


def blast_radius(radius: Mapping[str, Shares]) -> Figure:
    """Return the share of the load that each service's failure takes with it."""
    order = widest_first(radius)
    rows, labels = [], []
    for name in order[:_MOST_ROWS]:
        fails, degraded = radius[name].fails, radius[name].degraded
        rows.append({"name": name, "from": 0.0, "to": fails, "color": chart.FAILS})
        rows.append({"name": name, "from": fails, "to": fails + degraded, "color": chart.DEGRADED})
        said = [f"{percent(share, 1)} {kind}" for share, kind in ((fails, "fail"), (degraded, "degraded")) if share]
        labels.append({"name": name, "to": fails + degraded, "label": ", ".join(said) or "nobody notices"})
    y = {"field": "name", "type": "nominal", "sort": order[:_MOST_ROWS], "title": None}
    axis = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
    x = {
        "field": "to",
        "type": "quantitative",
        "title": "share of requests",
        "axis": axis,
        "scale": {"domain": [0, 1.5]},
    }
    color = {"field": "color", "type": "nominal", "scale": None}
    spec = chart.layered(
        [
            {
                "data": chart.values(rows),
                "mark": {"type": "bar", "height": {"band": 0.62}, "cornerRadiusEnd": 0},
                "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}, "y": y, "color": color},
            },
            {
                "data": chart.values(labels),
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"x": x, "y": y, "text": {"field": "label"}},
            },
        ],
        {"step": 24},
    )
    cells = [[name, percent(radius[name].fails, 1), percent(radius[name].degraded, 1), "100 %"] for name in order]
    columns = ["Service down", "Requests that fail", "Degraded", "Fail in a monolith"]
    return Figure(spec, "Blast radius: the share of requests that one service takes with it", Table(columns, cells))


def over_time(course: Sequence[Phase]) -> Figure:
    """Return the requests per second that fail and are degraded around the death of one instance."""
    kinds = {
        "fail": ([phase.shares.fails * RATE for phase in course], chart.FAILS, []),
        "degraded": ([phase.shares.degraded * RATE for phase in course], chart.DEGRADED, []),
        "fail in a monolith": ([phase.monolith_fails * RATE for phase in course], chart.NEUTRAL, [5, 4]),
    }
    x = {
        "field": "t",
        "type": "quantitative",
        "title": "seconds after one instance died",
        "scale": {"nice": False, "zero": False},
    }
    y = {
        "field": "rate",
        "type": "quantitative",
        "title": "of 100 requests a second",
        "scale": {"domain": [0, 125], "nice": False},
    }
    y["axis"] = {"values": [0, 25, 50, 75, 100]}
    layers: list[chart.Spec] = []
    floor = -100.0
    for name, (rates, color, dash) in sorted(kinds.items(), key=lambda item: item[1][0][1]):
        points = [{"t": phase.start, "rate": rate} for phase, rate in zip(course, rates, strict=True)]
        points.append({"t": course[-1].end, "rate": rates[-1]})
        line = {"type": "line", "interpolate": "step-after", "color": color, "strokeDash": dash}
        layers.append({"data": chart.values(points), "mark": line, "encoding": {"x": x, "y": y}})
        floor = max(rates[1], floor + 11)  # labels of lines that lie close together are set one above the other
        label = {"type": "text", "align": "left", "dx": 5, "dy": -8, "fontWeight": 600, "color": color}
        text = [{"t": course[1].start, "rate": floor, "text": name}]
        layers.append(
            {"data": chart.values(text), "mark": label, "encoding": {"x": x, "y": y, "text": {"field": "text"}}}
        )
    rows = [
        [
            phase.name,
            f"{phase.start:g} to {phase.end:g}",
            *(significant(rates[index]) for rates, _, _ in kinds.values()),
        ]
        for index, phase in enumerate(course)
    ]
    caption = "One instance of the victim dies at 0 s: requests a second that fail or are degraded, until health checks notice and it is back"
    return Figure(chart.layered(layers, 220), caption, Table(["Phase", "Seconds", *kinds], rows))


def survival_curve(survival: Sequence[float], killed: int) -> Figure:
    """Return the share of requests that succeed by the number of random dead instances."""
    points = [(float(dead), chance) for dead, chance in enumerate(survival)]
    spec = chart.lines(
        {"requests that succeed": points},
        {"requests that succeed": chart.ACCENT},
        x="random instances dead at once",
        y="requests that succeed",
        y_domain=(0, 1),
        y_format=".0%",
        height=190,
    )
    spec["layer"][1] = {
        "data": chart.values(
            [{"x": killed, "y": survival[killed], "text": f"{percent(survival[killed], 1)} with {killed} dead"}]
        ),
        "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 90, "color": chart.FAILS, "opacity": 1}},
            {
                "mark": {"type": "text", "align": "left", "dx": 10, "dy": -8, "fontWeight": 600},
                "encoding": {"text": {"field": "text"}},
            },
        ],
    }
    rows = [(str(dead), percent(chance, 2)) for dead, chance in enumerate(survival)]
    caption = f"Requests that succeed when so many of {len(survival) - 1} instances, chosen at random, are dead"
    return Figure(spec, caption, Table(["Dead", "Succeed"], rows))


def experiment_table(rounds: Sequence[Round]) -> Table:
    """Return the rounds of the published experiment: exact, sampled by its author, measured, and exact as it was run."""
    rows = [
        [
            f"{one.dead} of {one.instances}",
            f"{one.exact:.6f}",
            f"{one.model:.4f}",
            f"{one.measured:.4f}",
            f"{one.exact_as_run:.4f}",
            f"{one.dead_as_run} of {one.instances_as_run}",
        ]
        for one in rounds
    ]
    columns = ["Dead", "Exact, here", "Author's model", "Measured", "Exact, as it was run", "Dead, as it was run"]
    return Table(columns, rows, "Requests that succeed: the published experiment on the running system")


def _said(outcome: Outcome) -> str:
    if math.isinf(outcome.wait):
        return "waits for ever"
    return f"{outcome.status}, {span(outcome.wait)} later" if outcome.wait else outcome.status
