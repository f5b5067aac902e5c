"""The figures of the lab on retry storms: rates, the wait at the store and calls per request over time, and the map of states."""

from collections.abc import Sequence
from dataclasses import dataclass

from labs_py import chart
from labs_py.model.storm import STEP, Chain, Flow
from labs_py.numerals import significant
from labs_py.report import Figure, Table

_A_SECOND = round(1 / STEP)
_NAMES = {"calls": chart.FAILS, "requests": chart.NETWORK, "answered": chart.OK}
_DASHES = {"calls": [1, 0], "requests": [6, 3], "answered": [1, 0]}
_LABELS = 1.3  # where the domain of time ends, so that the names of the lines fit behind them
_AXIS = {"minExtent": 34}  # so that the figures over time stand below one another
_HEIGHT, _LOW, _APART = 200, 84, 17  # pixels


@dataclass(frozen=True)
class Storm:
    """One run: the chain, what has flowed, and when the fault began and ended, in seconds; the run shows time from the fault on."""

    chain: Chain
    flow: Flow
    start: float
    end: float
    relief: tuple[float, float] | None

    @property
    def until(self) -> float:
        """How long the run lasts."""
        return len(self.flow.calls) * STEP

    def seconds(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """Return the means over each second, each at its middle, counted from the beginning of the fault."""
        return [
            ((first + _A_SECOND / 2) * STEP - self.start, sum(values[first : first + _A_SECOND]) / _A_SECOND)
            for first in range(0, len(values), _A_SECOND)
        ]


def rates(storm: Storm) -> Figure:
    """Return the requests of users, the calls at the store, and the requests answered in time: all a second."""
    flow = storm.flow
    series = {
        name: storm.seconds(of) for name, of in zip(_NAMES, (flow.calls, flow.offered, flow.answered), strict=True)
    }
    top = 1.2 * max(storm.chain.capacity, *(value for _, value in series["calls"]))
    rows = [
        {"series": name, "t": time, "y": value} for name, points in series.items() for time, value in _bends(points)
    ]
    # Rounded, so that of lines that end together the first of these is the lowest on every platform.
    ends = chart.apart({name: round(series[name][-1][1], 3) for name in reversed(series)}, top * _APART / _HEIGHT)
    last = storm.until - storm.start
    x = _time(storm, titled=True)
    y: chart.Spec = {
        "field": "y",
        "type": "quantitative",
        "title": "a second",
        "axis": _AXIS,
        "scale": {"domain": [0, top], "nice": False},
    }
    scale = {"domain": list(_NAMES), "range": list(_NAMES.values())}
    color = {"field": "series", "type": "nominal", "scale": scale}
    dash = {"field": "series", "type": "nominal", "scale": {"domain": list(_DASHES), "range": list(_DASHES.values())}}
    layers = [
        *_marked(storm, x, y, top),
        *_rule(storm.chain.capacity, f"capacity {storm.chain.capacity:g}", x, y, storm),
        {"data": chart.values(rows), "mark": "line", "encoding": {"x": x, "y": y, "color": color, "strokeDash": dash}},
        {
            "data": chart.values([{"series": name, "t": last, "y": place} for name, place in ends.items()]),
            "mark": {"type": "text", "align": "left", "dx": 5, "dy": -7, "fontWeight": 600},
            "encoding": {"x": x, "y": y, "color": color, "text": {"field": "series"}},
        },
    ]
    shown = _shown(storm)
    table = [
        [f"{time - 0.5:+.0f} s", *(significant(series[name][at][1]) for name in ("requests", "calls", "answered"))]
        for at, (time, _) in enumerate(series["calls"])
        if at in shown
    ]
    return Figure(
        chart.layered(layers, _HEIGHT),
        "Requests of users (dashed), the calls at the store that come of them, and the requests answered in time",
        Table(["From the fault on", "Requests a second", "Calls a second", "Answered in time"], table),
    )


def wait(storm: Storm) -> Figure:
    """Return how long a call that comes has to wait at the store, at its full capacity."""
    chain = storm.chain
    points = storm.seconds([waiting / chain.capacity for waiting in storm.flow.waiting])
    return _small(
        storm,
        points,
        (chain.patience, "too long"),
        chart.WORK,
        "s of wait",
        "How long the queue at the store is, in seconds of its work; what waits longer than the dashed line is answered too late",
        "Wait, s",
    )


def amplification(storm: Storm) -> Figure:
    """Return how many calls reach the store for each request of a user."""
    flow = storm.flow
    offered, calls = storm.seconds(flow.offered), storm.seconds(flow.calls)
    points = [(time, count / of if of else None) for (time, of), (_, count) in zip(offered, calls, strict=True)]
    room = storm.chain.capacity / flow.offered[0]
    return _small(
        storm,
        points,
        (room, f"room for {significant(room, 2)}"),
        chart.FAILS,
        "calls a request",
        "Calls that reach the store for each request; above the dashed line they are more than it can do",
        "Calls a request",
    )


def states(storm: Storm, rate: float, answered: float) -> Figure:
    """Return what is answered at every load: before a fault, and after one that the chain does not come back from."""
    chain = storm.chain
    most, stable = chain.capacity, chain.stable_below
    end = most * 1.3
    zones = [
        ("stable", 0.0, stable, chart.OK),
        ("vulnerable", stable, most, chart.DEGRADED),
        ("overloaded", most, end, chart.FAILS),
    ]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "requests a second",
        "scale": {"domain": [0, end], "nice": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "answered",
        "scale": {"domain": [0, most * 1.3], "nice": False},
    }
    areas = [
        {"x": low, "x2": high, "y": 0, "y2": most * 1.3, "color": chart.SOFT[color]} for _, low, high, color in zones
    ]
    # A narrow zone has no room for its name.
    names = [
        {"x": (low + high) / 2, "y": most * 1.17, "text": name}
        for name, low, high, _ in zones
        if high - low > end * 0.18
    ]
    align, dx = ("right", -9) if rate > end / 2 else ("left", 9)
    dot = [{"x": rate, "y": answered, "text": f"{rate:g} → {significant(answered)}", "align": align, "dx": dx}]
    layers: list[chart.Spec] = [
        {
            "data": chart.values(areas),
            "mark": "rect",
            "encoding": {
                "x": x,
                "x2": {"field": "x2"},
                "y": y,
                "y2": {"field": "y2"},
                "color": {"field": "color", "type": "nominal", "scale": None},
            },
        },
        {"data": chart.values(names), "mark": "text", "encoding": {"x": x, "y": y, "text": {"field": "text"}}},
        {
            "data": chart.values([{"x": 0, "y": 0}, {"x": most, "y": most}]),
            "mark": {"type": "line", "color": chart.OK},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": chart.values([{"x": stable, "y": stable}, {"x": stable, "y": 0}, {"x": end, "y": 0}]),
            "mark": {"type": "line", "color": chart.FAILS, "strokeDash": [6, 3]},
            "encoding": {"x": x, "y": y, "order": {"value": 0}},
        },
        {
            "data": chart.values(dot),
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1, "color": chart.INK},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": chart.values(dot),
            "mark": {"type": "text", "dy": -10, "fontWeight": 600, **chart.each("align", "dx")},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]
    rows = [
        ["stable: it always comes back", f"0 to {significant(stable)}"],
        [
            "vulnerable: well, until something happens",
            f"{significant(stable)} to {significant(most)}" if stable < most else "none",
        ],
        ["overloaded: never well", f"from {significant(most)}"],
    ]
    return Figure(
        chart.layered(layers, 150),
        "What is answered at each load: as long as nothing has happened (solid), and once the chain is down (dashed); the dot is the end of this run",
        Table(["State", "Requests a second"], rows),
    )


def _small(
    storm: Storm,
    points: Sequence[tuple[float, float | None]],
    limit: tuple[float, str],
    color: str,
    title: str,
    caption: str,
    column: str,
) -> Figure:
    top = 1.25 * max(limit[0], *(value for _, value in points if value is not None))
    x = _time(storm, titled=False)
    y: chart.Spec = {
        "field": "y",
        "type": "quantitative",
        "title": title,
        "axis": {"tickCount": 3, **_AXIS},
        "scale": {"domain": [0, top], "nice": False},
    }
    data = chart.values([{"t": time, "y": value} for time, value in _bends(points)])
    layers = [
        *_marked(storm, x, y, top, named=False),
        {"data": data, "mark": {"type": "line", "color": color}, "encoding": {"x": x, "y": y}},
        *_rule(*limit, x, y, storm),
    ]
    shown = _shown(storm)
    rows = [
        [f"{time - 0.5:+.0f} s", "no requests" if value is None else significant(value)]
        for at, (time, value) in enumerate(points)
        if at in shown
    ]
    return Figure(chart.layered(layers, _LOW), caption, Table(["From the fault on", column], rows))


def _time(storm: Storm, *, titled: bool) -> chart.Spec:
    last = storm.until - storm.start
    return {
        "field": "t",
        "type": "quantitative",
        "title": "seconds from the beginning of the fault" if titled else None,
        "scale": {"domain": [-storm.start, last * _LABELS], "nice": False},
        "axis": {"values": list(range(0, int(last) + 1, 20))},
    }


def _marked(storm: Storm, x: chart.Spec, y: chart.Spec, top: float, *, named: bool = True) -> list[chart.Spec]:
    """Return the layers that mark the time of the fault, and that of less load."""
    spans = [(0.0, storm.end - storm.start, chart.SOFT[chart.FAILS], "fault")]
    if storm.relief:
        spans.append((storm.relief[0] - storm.start, storm.relief[1] - storm.start, chart.SOFT[chart.OK], "less load"))
    rows = [{"t": left, "end": right, "y": 0, "to": top, "color": color} for left, right, color, _ in spans]
    color = {"field": "color", "type": "nominal", "scale": None}
    layers: list[chart.Spec] = [
        {
            "data": chart.values(rows),
            "mark": "rect",
            "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"field": "to"}, "color": color},
        }
    ]
    if named:
        layers.append(
            {
                "data": chart.values([{"t": left, "y": top, "text": text} for left, _, _, text in spans]),
                "mark": {"type": "text", "align": "left", "baseline": "top", "dx": 3, "dy": 4},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            }
        )
    return layers


def _rule(at: float, text: str, x: chart.Spec, y: chart.Spec, storm: Storm) -> list[chart.Spec]:
    data = chart.values([{"t": -storm.start, "end": storm.until - storm.start, "y": at, "text": text}])
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [3, 4], "color": chart.INK},
            "encoding": {"x": x, "x2": {"field": "end"}, "y": y},
        },
        {
            "data": data,
            "mark": {"type": "text", "align": "right", "baseline": "bottom", "dx": -3, "dy": -2, "color": chart.MUTED},
            "encoding": {"x": x | {"field": "end"}, "y": y, "text": {"field": "text"}},
        },
    ]


def _shown(storm: Storm) -> range:
    """Return which seconds the tables show."""
    return range(0, round(storm.until), 5)


def _bends[Value: float | None](points: Sequence[tuple[float, Value]]) -> list[tuple[float, Value]]:
    """Return the points without those on the straight line between the points beside them, all a second apart."""
    values = [value for _, value in points]
    return [
        points[at]
        for at in range(len(points))
        if not 0 < at < len(points) - 1 or not _straight(*values[at - 1 : at + 2])
    ]


def _straight(before: float | None, value: float | None, after: float | None) -> bool:
    if before is None or value is None or after is None:
        return before is value is after
    return abs(before + after - 2 * value) <= 1e-6 * max(1.0, value)
