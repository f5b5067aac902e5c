"""How a request is drawn whose callers stop waiting: call by call over time, with what goes on when nobody waits any more."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs_py import chart
from labs_py.model.giving_up import Place, Visit, places
from labs_py.numerals import percent, significant, span
from labs_py.report import Figure, Table

_LINE, _BAR = 5, 13  # pixels


def timeline(entry: Place, visits: Sequence[Visit], caption: str) -> Figure:
    """Return a request over time, one row a call: work thick, waiting thin, both red from when nobody above waits any more."""
    by_place = {id(visit.place): visit for visit in visits}
    rows = [(str(index), place, by_place.get(id(place))) for index, place in enumerate(places(entry))]
    made = [(row, visit) for row, _, visit in rows if visit and visit.arrived < visit.ended]
    told = by_place[id(entry)]
    end = max(visit.ended for _, visit in made) / 1e9
    shown = {"domain": ["key", "told", *(row for row, *_ in rows)]}
    y = {"field": "row", "type": "ordinal", "axis": None, "sort": None, "scale": shown}
    scale = {"domain": [0, end], "nice": False}
    x = {"type": "quantitative", "title": "seconds since the request came", "scale": scale}
    ways = [{"row": row, "from": visit.sent / 1e9, "to": min(visit.heard, visit.ended) / 1e9} for row, visit in made]
    bars = [
        *_parted([(row, visit.worked, visit.ended, visit.gone) for row, visit in made], _LINE, chart.NEUTRAL),
        *_parted([(row, visit.arrived, visit.worked, visit.gone) for row, visit in made], _BAR, chart.WORK),
    ]
    answered = told.ended / 1e9
    answer = {"row": "told", "to": rows[-1][0], "at": answered, "text": f"user is told, {seconds(told.ended)}"}
    crosses = [{"row": row, "at": visit.heard / 1e9, "text": "✕"} for row, visit in made if visit.given_up]
    texts = [
        *({**cross, "align": "center", "down": 7, "size": 15, "weight": 700} for cross in crosses),
        {**answer, "align": "left" if answered <= end / 2 else "right", "down": -2},
        *_names(rows, end),
    ]
    keys = [
        {"row": "key", "across": at, "text": text, "color": color}
        for at, text, color in (
            (0, "■ work", chart.WORK),
            (58, "– waits", chart.NEUTRAL),
            (116, "■ for nobody", chart.FAILS),
            (208, "✕ caller gives up", chart.INK),
        )
    ]
    layers: list[chart.Spec] = [
        {
            "data": chart.values(ways),
            "mark": {"type": "rule", "yOffset": 7, "color": chart.NEUTRAL, "opacity": 0.6},
            "encoding": {"y": y, "x": {**x, "field": "from"}, "x2": {"field": "to"}},
        },
        {
            "data": chart.values(bars),
            "mark": {"type": "bar", "yOffset": 7, "cornerRadiusEnd": 0, **chart.each("height", "color")},
            "encoding": {"y": y, "x": {**x, "field": "from"}, "x2": {"field": "to"}},
        },
        {
            "data": chart.values([answer]),
            "mark": {"type": "rule", "color": chart.INK, "strokeDash": [4, 3], "yOffset": 7, "y2Offset": 15},
            "encoding": {"x": {**x, "field": "at"}, "y": y, "y2": {"field": "to"}},
        },
        {
            "data": chart.values(
                chart.haloed([{"color": chart.INK, "size": 12, "weight": 400, **text} for text in texts])
            ),
            "mark": {
                "type": "text",
                "baseline": "middle",
                **chart.each("align", "color"),
                **chart.each(yOffset="down", fontSize="size", fontWeight="weight"),
                **chart.HALO,
            },
            "encoding": {"y": y, "x": {**x, "field": "at"}, "text": {"field": "text"}},
        },
        {
            "data": chart.values(keys),
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "middle",
                "fontWeight": 600,
                **chart.each("color", x="across"),
            },
            "encoding": {"y": y, "text": {"field": "text"}},
        },
    ]
    return Figure(chart.layered(layers, {"step": 34}), caption, _listed(rows))


def _parted(
    stretches: Sequence[tuple[str, float, float, float]], height: int, color: str
) -> Iterator[Mapping[str, Any]]:
    """Yield what lies before the moment from which nobody waits, and then what lies after it."""
    before = [(row, start, min(end, gone)) for row, start, end, gone in stretches]
    after = [(row, max(start, gone), end) for row, start, end, gone in stretches]
    for found, fill in ((before, color), (after, chart.FAILS)):
        for row, low, high in found:
            if low < high:
                yield {"row": row, "from": low / 1e9, "to": high / 1e9, "height": height, "color": fill}


def _names(rows: Sequence[tuple[str, Place, Visit | None]], end: float) -> Iterator[Mapping[str, Any]]:
    """Yield the names of the calls above their bars, from the start on, or up to the end where that leaves no room."""
    for row, place, visit in rows:
        happened = visit is not None and visit.arrived < visit.ended
        if visit is not None and happened:
            text, start, stop = f"{place.name}, {seconds(visit.ended - visit.arrived)}", visit.sent, visit.ended
        else:
            what = "not called" if visit is None or visit.arrived == math.inf else "not begun"
            text, start, stop = f"{place.name}: {what}", 0.0 if visit is None else visit.sent, end * 1e9
        early = start / 1e9 <= end / 2
        yield {
            "row": row,
            "at": (start if early else stop) / 1e9,
            "text": text,
            "align": "left" if early else "right",
            "down": -8,
            "color": chart.INK if happened else chart.MUTED,
        }


def _listed(rows: Sequence[tuple[str, Place, Visit | None]]) -> Table:
    cells: list[tuple[str, ...]] = []
    for _, place, visit in rows:
        name = "– " * (place.depth + 1) + place.name
        if visit is None or visit.arrived >= visit.ended:
            cells.append((name, *("–",) * 5))
            continue
        late = visit.ended - max(visit.arrived, visit.gone)
        cells.append(
            (
                name,
                *(significant(time / 1e9) for time in (visit.sent, visit.ended, visit.heard)),
                "yes" if visit.given_up else "no",
                significant(max(0.0, late) / 1e9),
            )
        )
    columns = ["Call", "Sent, s", "Ends, s", "Caller hears, s", "Gives up", "For nobody, s"]
    return Table(columns, cells, numeric=["Sent, s", "Ends, s", "Caller hears, s", "For nobody, s"])


def first_to_give_up(visits: Sequence[Visit]) -> Visit | None:
    """Return the call that is given up first; of several at once the outermost."""
    given_up = [visit for visit in visits if visit.given_up]
    return min(given_up, key=lambda visit: (visit.heard, visit.place.depth), default=None)


def beside(ways: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table with a row for each way to limit the wait."""
    rows = [
        (
            label,
            percent(found["failed"], 1),
            seconds(found["told_after_s"] * 1e9),
            percent(found["unheard"], 1),
            calls(found["late_calls"]),
            seconds(found["late_work_s"] * 1e9),
            seconds(found["late_held_s"] * 1e9),
        )
        for label, found in ways.items()
    ]
    columns = [
        "Limit on",
        "Told of a failure",
        "Told after",
        "Done all the same",
        "Late calls",
        "Late work",
        "Threads held late",
    ]
    return Table(
        columns, rows, "The five ways, on average over requests; late is what is done for callers that have given up"
    )


def late_work(found: Mapping[str, Sequence[tuple[float, float]]], slower: float) -> Figure:
    """Return the work for nobody by how much longer a slow call takes, a line for each of two ways, named where it is highest."""
    colors = dict(zip(found, (chart.FAILS, chart.OK), strict=True))
    spec = chart.lines(found, colors, x="a slow call takes longer by, seconds", y="late work, seconds", height=200)
    x, y, color = (spec["layer"][0]["encoding"][name] for name in ("x", "y", "color"))
    end = max(points[-1][0] for points in found.values())
    highest = {name: max(points, key=lambda point: point[1]) for name, points in found.items()}
    labels = [
        {"x": at, "y": high, "series": name, "align": "left" if at < end / 2 else "right"}
        for name, (at, high) in highest.items()
        if high
    ]
    named = {
        # Where both are highest at one place, the halo of the second covers the first.
        "data": chart.values([row for label in labels for row in chart.haloed([label])]),
        "mark": {"type": "text", "dy": -10, "fontWeight": 600, **chart.each("align"), **chart.HALO},
        "encoding": {"x": x, "y": y, "color": color, "text": {"field": "series"}},
    }
    chosen = {
        "data": chart.values([{"x": slower}] if slower <= end else []),
        "mark": {"type": "rule", "strokeDash": [3, 4]},
        "encoding": {"x": x},
    }
    spec["layer"] = [spec["layer"][0], named, chosen]
    columns = [dict(points) for points in found.values()]
    table = Table(
        ["Slow calls take longer by, s", *(f"{name}, s" for name in found)],
        [
            (significant(at), *(significant(column[at]) for column in columns))
            for at in columns[0]
            if all(at in column for column in columns)
        ],
    )
    return Figure(
        spec, "Work for nobody that one request leaves when all calls that may be slow are; dotted: the setting", table
    )


def calls(number: float) -> str:
    """Return a mean number of calls, without decimals where it has none.

    >>> calls(5.0), calls(0.1939)
    ('5', '0.194')
    """
    return f"{round(number)}" if number == round(number) else significant(number)


def seconds(nanoseconds: float) -> str:
    """Return a time in seconds or, below one, in the unit that suits it, so that long ones can be found on an axis of seconds.

    >>> seconds(60.002e9), seconds(4.5e6)
    ('60.0 s', '4.50 ms')
    """
    return f"{significant(nanoseconds / 1e9)} s" if nanoseconds >= 0.9995e9 else span(nanoseconds / 1e9)
