"""How one request's time is drawn: over time, and as a distribution."""

from collections.abc import Sequence
from typing import Any

from labs_py import chart
from labs_py.model.distribution import Distribution
from labs_py.model.waterfall import Kind, Row, Waterfall
from labs_py.numerals import count, milliseconds, percent, significant
from labs_py.report import Figure, Table

_SHARES = [0.001, 0.005, *(step / 100 for step in range(1, 100)), 0.995, 0.999]
_LISTED = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)


def waterfall_figure(endpoint: str, drawn: Waterfall) -> Figure:
    """Return one request over time: work thick, network thin; in bold and in full color what the request waits for."""
    rows = [(str(index), row) for index, row in enumerate(drawn.rows)]
    places = {"domain": ["key", *(index for index, _ in rows)]}
    y = {"field": "row", "type": "ordinal", "axis": None, "sort": None, "scale": places}
    times = {"domain": [0, drawn.end * 1000 or 1], "nice": False}
    x = {"type": "quantitative", "title": "milliseconds, each call taking its mean", "scale": times}
    half = drawn.end / 2
    # A call is named above its bar, from the bar's start on, or up to its end where that leaves no room.
    named = [
        _names(
            [(index, row) for index, row in rows if row.critical is critical and (row.start <= half) is early],
            early,
            x,
            y,
        )
        for critical in (True, False)
        for early in (True, False)
    ]
    layers = [
        _spans(rows, x, y),
        _bars(rows, "network", 5, chart.NETWORK, x, y),
        _bars(rows, "work", 13, chart.WORK, x, y),
        *named,
        _key("■ work", 0, chart.WORK, y),
        _key("– network", 64, chart.NETWORK, y),
    ]
    more = f"; {count(drawn.hidden, 'more place')} in the plan not shown" if drawn.hidden else ""
    caption = f"One request to {endpoint}, each call taking its mean; in bold, the calls that it waits for{more}"
    columns = ["Call", "Starts, ms", "Ends, ms", "Network, ms", "Work, ms", "On the critical path"]
    listed = [
        (
            "– " * row.depth + _name(row),
            *(significant(time * 1000) for time in (row.start, row.end, row.spent("network"), row.spent("work"))),
            "yes" if row.critical else "no",
        )
        for _, row in rows
    ]
    return Figure(chart.layered(layers, {"step": 36}), caption, Table(columns, listed))


def distribution_figure(endpoint: str, services: Distribution, monolith: Distribution) -> Figure:
    """Return both distribution functions, each named beside its curve with its median."""
    end = max(services.quantile(0.999), monolith.quantile(0.999)) * 1000 or 1.0
    layers = [
        *_curve("monolith", monolith, end, chart.WORK, [6, 4], 0.85),
        *_curve("services", services, end, chart.NETWORK, [1, 0], 0.15),
    ]
    listed = [
        (
            percent(share, 1).replace(".0 ", " "),
            milliseconds(monolith.quantile(share)),
            milliseconds(services.quantile(share)),
        )
        for share in _LISTED
    ]
    caption = (
        f"Requests to {endpoint} that are answered within a time, as services and as a monolith; the dots are medians"
    )
    return Figure(chart.layered(layers, 220), caption, Table(["Requests answered", "Monolith", "Services"], listed))


def _spans(rows: Sequence[tuple[str, Row]], x: chart.Spec, y: chart.Spec) -> chart.Spec:
    return {
        "data": chart.values([{"row": index, "start": row.start * 1000, "end": row.end * 1000} for index, row in rows]),
        "mark": {"type": "rule", "yOffset": 7, "color": chart.NEUTRAL, "opacity": 0.6},
        "encoding": {"y": y, "x": {**x, "field": "start"}, "x2": {"field": "end"}},
    }


def _bars(
    rows: Sequence[tuple[str, Row]], kind: Kind, height: int, color: str, x: chart.Spec, y: chart.Spec
) -> chart.Spec:
    stretches = [
        {"row": index, "start": piece.start * 1000, "end": piece.end * 1000, "opacity": 1.0 if row.critical else 0.4}
        for index, row in rows
        for piece in row.stretches
        if piece.kind == kind
    ]
    opacity = {"field": "opacity", "type": "quantitative", "scale": None}
    return {
        "data": chart.values(stretches),
        "mark": {"type": "bar", "height": height, "yOffset": 7, "color": color, "cornerRadiusEnd": 0},
        "encoding": {"y": y, "x": {**x, "field": "start"}, "x2": {"field": "end"}, "opacity": opacity},
    }


def _names(rows: Sequence[tuple[str, Row]], early: bool, x: chart.Spec, y: chart.Spec) -> chart.Spec:
    texts = [
        {
            "row": index,
            "at": (row.start if early else row.end) * 1000,
            "text": f"{_name(row)}, {milliseconds(row.end - row.start)}",
        }
        for index, row in rows
    ]
    weight = 600 if any(row.critical for _, row in rows) else 400
    return {
        "data": chart.values(texts),
        "mark": {
            "type": "text",
            "align": "left" if early else "right",
            "baseline": "middle",
            "yOffset": -8,
            "fontWeight": weight,
        },
        "encoding": {"y": y, "x": {**x, "field": "at"}, "text": {"field": "text"}},
    }


def _key(text: str, at: int, color: str, y: chart.Spec) -> chart.Spec:
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontWeight": 600, "color": color, "text": text}
    return {"data": chart.values([{"row": "key"}]), "mark": mark, "encoding": {"y": y, "x": {"value": at}}}


def _name(row: Row) -> str:
    times = f" ×{row.times:,}" + (" at once" if row.at_once else "") if row.times > 1 else ""
    batch = f", {row.batch:,} in one call" if row.batch > 1 else ""
    return f"{row.name}{times}{batch}"


def _curve(
    name: str, law: Distribution, end: float, color: str, dash: Sequence[int], named_at: float
) -> list[dict[str, Any]]:
    points = [{"t": law.quantile(share) * 1000, "share": share} for share in _SHARES]
    points = [{"t": points[0]["t"], "share": 0.0}, *points, {"t": end, "share": 1.0}]
    median, beside = law.quantile(0.5) * 1000, law.quantile(named_at) * 1000
    # High on its curve the name stands to the left, low to the right, where the other curve is not; unless the edge is near.
    left = beside > (0.4 if named_at > 0.5 else 0.58) * end
    encoding: chart.Spec = {
        "x": {
            "field": "t",
            "type": "quantitative",
            "title": "milliseconds",
            "scale": {"domain": [0, end], "nice": False},
        },
        "y": {
            "field": "share",
            "type": "quantitative",
            "title": "requests answered",
            "axis": {"format": ".0%"},
            "scale": {"domain": [0, 1]},
        },
    }
    text = {"type": "text", "align": "right" if left else "left", "dx": -10 if left else 10, "color": color}
    label = {"t": beside, "share": named_at, "text": f"{name} {significant(median)} ms"}
    return [
        {
            "data": chart.values(points),
            "mark": {"type": "line", "color": color, "strokeDash": dash},
            "encoding": encoding,
        },
        {
            "data": chart.values([{"t": median, "share": 0.5}]),
            "mark": {"type": "point", "filled": True, "size": 70, "color": color, "opacity": 1},
            "encoding": encoding,
        },
        {
            "data": chart.values([label]),
            "mark": {**text, "fontWeight": 600},
            "encoding": {**encoding, "text": {"field": "text"}},
        },
    ]
