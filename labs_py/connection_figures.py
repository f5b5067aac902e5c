"""A connection over time, and what ways to set one up, sizes of a pool and losses of packets do to a request."""

from collections.abc import Callable, Mapping, Sequence

from labs_py import chart
from labs_py.model.connection import SET_UPS, SetUp, bursts, held_up, held_up_in_order, whole_answer
from labs_py.numerals import milliseconds, percent, significant
from labs_py.report import Figure, Table
from labs_py.space_time import Line, Mark, diagram

_SIGNS = {
    "sets the connection up": ("circle", chart.NETWORK, 60),
    "request": ("triangle-right", chart.WORK, 120),
    "first byte": ("diamond", chart.OK, 150),
    "last byte": ("square", chart.OK, 80),
}
_STROKES = {
    "set-up": (chart.NETWORK, ()),
    "request": (chart.WORK, ()),
    "answer": (chart.OK, ()),
    "acknowledged": (chart.NEUTRAL, (3, 3)),
}
_SET_UP, _REQUEST, _FIRST, _LAST = _SIGNS
_CLOSE = 0.14  # of the figure's width: nearer to one another, names do not fit on a phone
type Event = tuple[float, str, str]


def timeline(set_up: SetUp, round_trip: float, work: float, packets: int) -> Figure:
    """Return a request over a new connection, and one over an open connection below it, in milliseconds."""
    marks: list[Mark] = []
    lines: list[Line] = []
    events: list[Event] = []
    new = whole_answer(set_up, round_trip, work, packets) * 1000
    _drawn(set_up, round_trip * 1000, work * 1000, bursts(packets), (0, 1, "new"), (marks, lines, events))
    _drawn(SET_UPS["open"], round_trip * 1000, work * 1000, [packets], (2, 3, "open"), (marks, lines, events))
    if round_trip * 1000 < _CLOSE * new:  # names would lie on one another; the table has them
        marks = [
            Mark(mark.at, mark.lane, mark.sign, mark.text if mark.sign in (_FIRST, _LAST) else "") for mark in marks
        ]
        late = max(mark.at for mark in marks)
        marks = [
            Mark(
                mark.at, mark.lane, mark.sign, "" if mark.lane == 0 and 0 < late - mark.at < _CLOSE * new else mark.text
            )
            for mark in marks
        ]
    room = 0.05 * new
    spec = diagram(
        ["client, new", "server", "client, open", "server"],
        marks,
        lines,
        _SIGNS,
        _STROKES,
        x="milliseconds",
        domain=(-room, new + 1.4 * room),
        step=58,
    )
    rows = [(f"{significant(at)} ms", who, what) for at, who, what in events]
    caption = (
        f"A request over {set_up.label if set_up is SET_UPS['open'] else 'a new connection, ' + set_up.label}, above; the same request over "
        "a connection that is open already, below. Dashed: the client acknowledges, and the server may send twice as much"
    )
    return Figure(spec, caption, Table(["Time", "Connection", "What"], rows, numeric=["Time"]))


def _drawn(
    set_up: SetUp,
    trip: float,
    work: float,
    sent: Sequence[int],
    where: tuple[int, int, str],
    into: tuple[list[Mark], list[Line], list[Event]],
) -> None:
    """Add one connection to the marks, lines and events."""
    client, server, name = where
    marks, lines, events = into
    now = 0.0
    for (asks, asks_whole), (says, says_whole) in set_up.exchanges:
        marks += [Mark(now, client, _SET_UP, asks), Mark(now + trip / 2, server, _SET_UP, says, below=True)]
        lines += [
            Line(now, client, now + trip / 2, server, "set-up"),
            Line(now + trip / 2, server, now + trip, client, "set-up"),
        ]
        events += [(now, name, f"client sends {asks_whole}"), (now + trip / 2, name, f"server sends {says_whole}")]
        now += trip
    marks.append(Mark(now, client, _REQUEST, "GET"))
    lines.append(Line(now, client, now + trip / 2, server, "request"))
    events.append((now, name, "client sends the request"))
    now += trip / 2 + work
    for number, packets in enumerate(sent):
        lines.append(Line(now, server, now + trip / 2, client, "answer"))
        events.append((now, name, f"server sends {packets} packet{'s' * (packets != 1)} of the answer"))
        now += trip / 2
        if number == 0:
            marks.append(Mark(now, client, _FIRST, f"{significant(now)} ms"))
            events.append((now, name, "the first byte of the answer comes"))
        if number < len(sent) - 1:
            lines.append(Line(now, client, now + trip / 2, server, "acknowledged"))
            now += trip / 2
        elif number:
            marks.append(Mark(now, client, _LAST, f"{significant(now)} ms"))
            events.append((now, name, "the last byte of the answer comes"))


def waits(times: Mapping[str, tuple[int, float, float]], chosen: str) -> Figure:
    """Return the time to the first byte for each set-up, given (round trips, time to the first byte, time to the last byte)."""
    rows = [(SET_UPS[name].label, first * 1000, milliseconds(first)) for name, (_, first, _) in times.items()]
    colors = [chart.ACCENT if name == chosen else chart.NEUTRAL for name in times]
    listed = [
        (SET_UPS[name].label, f"{trips}", milliseconds(first), milliseconds(last))
        for name, (trips, first, last) in times.items()
    ]
    table = Table(["Connection", "Round trips", "First byte", "Last byte"], listed)
    return Figure(
        chart.bars(rows, x="ms until the first byte", colors=colors),
        f"Time until the first byte; in color, {SET_UPS[chosen].label}",
        table,
    )


def pool_sizes(time_at: Callable[[int], float | None], needed: float, chosen: int, hold: float) -> Figure:
    """Return the mean time of a request over the size of the pool; `time_at` is None where the pool is too small for ever."""
    least = int(needed) + 1
    most = max(chosen, round(least * 1.4) + 4)
    step = max(1, (most - least) // 40)
    sizes = sorted({*range(least, most + 1, step), most, *([chosen] if chosen >= least else [])})
    points = [(float(size), time * 1000) for size in sizes if (time := time_at(size)) is not None]
    top = 3.5 * hold * 1000
    shown = [(size, time) for size, time in points if time <= top] or points[-1:]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "connections in the pool",
        "scale": {"domain": [0, most], "nice": False},
    }
    y = {"field": "y", "type": "quantitative", "title": "mean time, ms", "scale": {"domain": [0, top], "nice": False}}
    line = chart.values([{"x": size, "y": time} for size, time in shown])
    layers: list[chart.Spec] = [
        {
            "data": chart.values([{"x": 0, "x2": needed, "y": 0, "y2": top}]),
            "mark": {"type": "rect", "color": chart.SOFT[chart.FAILS]},
            "encoding": {"x": x, "x2": {"field": "x2"}, "y": y, "y2": {"field": "y2"}},
        },
        *(
            []
            if needed < most / 4
            else [
                {
                    "data": chart.values([{"x": needed / 2, "y": top / 2, "text": "never enough"}]),
                    "mark": {"type": "text", "color": chart.FAILS, "fontWeight": 600},
                    "encoding": {"x": x, "y": y, "text": {"field": "text"}},
                }
            ]
        ),
        {"data": line, "mark": {"type": "line", "color": chart.ACCENT}, "encoding": {"x": x, "y": y}},
    ]
    seen = (time := time_at(chosen)) is not None and time * 1000 <= top
    if time is not None and seen:
        dot = chart.values([{"x": chosen, "y": time * 1000}])
        mark = {"type": "point", "filled": True, "size": 80, "opacity": 1, "color": chart.ACCENT}
        layers.append({"data": dot, "mark": mark, "encoding": {"x": x, "y": y}})
    caption = (
        f"Mean time of a request, waiting for a connection included, over the size of the pool; below {significant(needed)} connections "
        f"the line of those who wait grows without end. "
        + (f"The dot: {chosen}" if seen else f"{chosen} would be {'left' if time is None else 'above'}")
    )
    return Figure(
        chart.layered(layers, 190),
        caption,
        Table(["Connections", "Mean time"], [(f"{size:.0f}", f"{significant(time)} ms") for size, time in points]),
    )


def losses(answers: int, packets: int, loss: float) -> Figure:
    """Return the share of answers that are held up, over the rate of loss, on one TCP connection and on QUIC's streams."""
    rates = sorted({*(10 ** (-4 + step / 12) for step in range(28)), *([loss] if loss >= 1e-4 else [])})
    series = {
        "QUIC streams": [(rate * 100, held_up(packets, rate)) for rate in rates],
        "one TCP connection": [(rate * 100, held_up_in_order(answers, packets, rate)) for rate in rates],
    }
    if answers == 1:
        series = {"TCP and QUIC": series["QUIC streams"]}
    colors = {"TCP and QUIC": chart.OK, "QUIC streams": chart.OK, "one TCP connection": chart.FAILS}
    spec = chart.lines(
        series,
        colors,
        x="packets lost, % (logarithmic)",
        y="answers held up",
        log_x=True,
        y_domain=(0, 1.12),
        y_format=".0%",
        height=190,
    )
    if answers > 1:  # the lower label keeps away from the upper one, below its line
        highest = {"QUIC streams": 0.84, "one TCP connection": 1.0}
        ends = [
            {"series": name, "x": points[-1][0], "y": min(points[-1][1], highest[name])}
            for name, points in series.items()
        ]
        spec["layer"][1]["data"] = chart.values(ends)
    if loss >= 1e-4:
        x, y, color = (spec["layer"][0]["encoding"][key] for key in ("x", "y", "color"))
        dots = [{"series": name, "x": loss * 100, "y": dict(points)[loss * 100]} for name, points in series.items()]
        spec["layer"].append(
            {
                "data": chart.values(dots),
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": color},
            }
        )
    listed = [
        (
            f"{rate * 100:.2g} %",
            percent(held_up(packets, rate), 1),
            percent(held_up_in_order(answers, packets, rate), 1),
        )
        for rate in sorted({0.0001, 0.001, 0.01, 0.02, loss})
    ]
    caption = (
        f"Share of answers that a lost packet holds up: {answers} at once, {packets} packet{'s' * (packets != 1)} each, "
        f"packets taking turns" + (f". Dots: {loss * 100:.3g} %" if loss >= 1e-4 else "")
    )
    return Figure(spec, caption, Table(["Packets lost", "QUIC streams", "One TCP connection"], listed))
