"""Where does the time go? Latency follows from how many round trips wait for one another, and how far each has to go.

Every latency is exact: the distribution of the whole call plan, not a simulation. The monolith makes the same calls in the same order
with the same work, inside one process: only the round trips between services are gone.

Data:
    endpoint: the endpoint drawn. round_trip_ms: of every call between services; null where the file says it.
    endpoints[E]: round_trips (all), serial_round_trips (those that wait for one another), floor_ms (network alone, at its mean),
        mean_ms, p50_ms, p95_ms, p99_ms, monolith_mean_ms, monolith_p50_ms, network_share (of the mean: what a free network would save).

Source:
    Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013,
        https://research.google/pubs/the-tail-at-scale/
    IBM Cloud, "Network latency dashboards", averages of 18 July to 16 August 2026,
        https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard
    Matt Adorjan, "CloudPing", median of the year to 29 May 2025, https://www.cloudping.co/

>>> run(plan="parallel").takeaway
'GET / waits for 2 round trips in a row: at 0.77 ms each, the network takes 14 % of its mean of 10.6 ms.'
"""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach
from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture
from labs_py.model.distribution import Distribution
from labs_py.model.duration import Constant, Exponential
from labs_py.model.latency import all_calls, distribution, floor, serial_round_trips
from labs_py.model.places import PLACES, TEXTBOOK
from labs_py.model.plan import Arrangement, InOrder, Repeated, Span, plan_request
from labs_py.model.waterfall import Row, Waterfall
from labs_py.numerals import count, milliseconds, percent, significant
from labs_py.parameter import Choice, Range, Upload
from labs_py.report import Figure, Metric, Report, Table

_ARCHITECTURE = architecture_file.load("online_boutique")
_PLACEMENTS = {
    **{name: f"{place.label}: {significant(place.round_trip * 1000)} ms" for name, place in PLACES.items()},
    "as_in_file": "as the architecture file says",
    "value": "as given below",
}
_PLANS = {
    "as_written": "as written",
    "parallel": "calls as early as their inputs allow",
    "batched": "repeated calls in one",
}
_SHARES = [0.001, 0.005, *(step / 100 for step in range(1, 100)), 0.995, 0.999]


def _endpoints(architecture: Architecture) -> Mapping[str, str]:
    return {name: name for name in architecture.endpoints}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    endpoint: Annotated[str, Choice("Endpoint", _endpoints, of="architecture")] = "GET /",
    placement: Annotated[str, Choice("Two services that talk stand", _PLACEMENTS)] = "across_zones",
    round_trip_ms: Annotated[
        float, Range("Round trip", 0, 1000, "ms", 0.1, hint="Used when the round trip is as given below.")
    ] = 1.5,
    plan: Annotated[str, Choice("Calls are made", _PLANS)] = "as_written",
) -> Report:
    """Return the waterfall of one request, its latency beside the monolith's, and all endpoints in a table."""
    given = {name: place.round_trip for name, place in PLACES.items()} | {"value": round_trip_ms / 1000}
    way = Constant(given[placement]) if placement in given else None
    arrangement = cast(Arrangement, plan)
    rows = {name: _measured(architecture, name, arrangement, way) for name in architecture.endpoints}
    request, law, monolith = rows[endpoint]
    data = {name: _figures(*row) for name, row in rows.items()}
    return Report(
        _takeaway(endpoint, data[endpoint], way),
        [
            Metric(
                "Round trips in series",
                f"{data[endpoint]['serial_round_trips']}",
                f"of {count(data[endpoint]['round_trips'], 'call')} in all",
            ),
            Metric("Network floor", milliseconds(floor(request)), "no work can make it less"),
            Metric("Median", milliseconds(law.quantile(0.5)), f"monolith {milliseconds(monolith.quantile(0.5))}"),
            Metric(
                "99th percentile", milliseconds(law.quantile(0.99)), f"monolith {milliseconds(monolith.quantile(0.99))}"
            ),
            _drawn(endpoint, Waterfall(request)),
            _compared(endpoint, law, monolith),
            _listed(data),
        ],
        {"endpoint": endpoint, "round_trip_ms": None if way is None else way.mean * 1000, "endpoints": data},
    )


def _measured(
    architecture: Architecture, endpoint: str, plan: Arrangement, way: Constant | None
) -> tuple[Span, Distribution, Distribution]:
    request = plan_request(architecture, endpoint, plan, way)
    return request, distribution(request), distribution(plan_request(architecture, endpoint, plan, Constant(0.0)))


def _figures(request: Span, law: Distribution, monolith: Distribution) -> dict[str, Any]:
    return {
        "round_trips": all_calls(request) - 1,
        "serial_round_trips": serial_round_trips(request),
        "floor_ms": floor(request) * 1000,
        "mean_ms": law.mean * 1000,
        **{f"p{round(share * 100)}_ms": law.quantile(share) * 1000 for share in (0.5, 0.95, 0.99)},
        "monolith_mean_ms": monolith.mean * 1000,
        "monolith_p50_ms": monolith.quantile(0.5) * 1000,
        "network_share": max(0.0, 1 - monolith.mean / law.mean) if law.mean else 0.0,
    }


def _takeaway(endpoint: str, found: Mapping[str, Any], way: Constant | None) -> str:
    mean = f"{significant(found['mean_ms'])} ms"
    if not found["round_trips"]:
        return f"{endpoint} calls no other service: its mean of {mean} is the same in a monolith."
    trips = count(found["serial_round_trips"], "round trip")
    each = "with the file's round trips" if way is None else f"at {way.mean * 1000:.3g} ms each"
    return f"{endpoint} waits for {trips} in a row: {each}, the network takes {percent(found['network_share'], 0)} of its mean of {mean}."


def _drawn(endpoint: str, drawn: Waterfall) -> Figure:
    """Return the waterfall of one request: work thick, network thin, the critical path in full color."""
    rows = [(str(index), row) for index, row in enumerate(drawn.rows)]
    pieces = [
        {
            "row": index,
            "start": piece.start * 1000,
            "end": piece.end * 1000,
            "kind": piece.kind,
            "opacity": 1.0 if row.critical else 0.4,
        }
        for index, row in rows
        for piece in row.stretches
    ]
    y = {
        "field": "row",
        "type": "ordinal",
        "axis": None,
        "sort": None,
        "scale": {"domain": ["key", *(index for index, _ in rows)]},
    }
    x = {
        "type": "quantitative",
        "title": "milliseconds, each call taking its mean",
        "scale": {"domain": [0, drawn.end * 1000 or 1], "nice": False},
    }

    def bars(kind: str, height: int, color: str) -> chart.Spec:
        return {
            "data": chart.values([piece for piece in pieces if piece["kind"] == kind]),
            "mark": {"type": "bar", "height": height, "yOffset": 7, "color": color, "cornerRadiusEnd": 0},
            "encoding": {
                "y": y,
                "x": {**x, "field": "start"},
                "x2": {"field": "end"},
                "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
            },
        }

    def labels(waited_for: bool, early: bool) -> chart.Spec:
        chosen = [
            (index, row) for index, row in rows if row.critical == waited_for and (row.start <= drawn.end / 2) == early
        ]
        texts = [
            {"row": index, "at": (row.start if early else row.end) * 1000, "text": _label(row)} for index, row in chosen
        ]
        align, weight = "left" if early else "right", 600 if waited_for else 400
        return {
            "data": chart.values(texts),
            "mark": {"type": "text", "align": align, "baseline": "middle", "yOffset": -8, "fontWeight": weight},
            "encoding": {"y": y, "x": {**x, "field": "at"}, "text": {"field": "text"}},
        }

    def key(text: str, at: int, color: str) -> chart.Spec:
        mark = {"type": "text", "align": "left", "baseline": "middle", "fontWeight": 600, "color": color, "text": text}
        return {"data": chart.values([{"row": "key"}]), "mark": mark, "encoding": {"y": y, "x": {"value": at}}}

    spans = {
        "data": chart.values([{"row": index, "start": row.start * 1000, "end": row.end * 1000} for index, row in rows]),
        "mark": {"type": "rule", "yOffset": 7, "color": chart.NEUTRAL, "opacity": 0.6},
        "encoding": {"y": y, "x": {**x, "field": "start"}, "x2": {"field": "end"}},
    }
    layers = [spans, bars("network", 5, chart.NETWORK), bars("work", 13, chart.WORK)]
    layers += [labels(waited_for, early) for waited_for in (True, False) for early in (True, False)]
    layers += [key("■ work", 0, chart.WORK), key("– network", 64, chart.NETWORK)]
    more = f"; {count(drawn.hidden, 'more place')} not shown" if drawn.hidden else ""
    twin = [
        (
            "– " * row.depth + _name(row),
            significant(row.start * 1000),
            significant(row.end * 1000),
            significant(row.spent("network") * 1000),
            significant(row.spent("work") * 1000),
            "yes" if row.critical else "no",
        )
        for _, row in rows
    ]
    columns = ["Call", "Starts, ms", "Ends, ms", "Network, ms", "Work, ms", "On the critical path"]
    caption = f"One request to {endpoint}, each call taking its mean; in bold, the calls that it waits for{more}"
    return Figure(chart.layered(layers, {"step": 36}), caption, Table(columns, twin))


def _name(row: Row) -> str:
    batch = f", {row.batch} in one call" if row.batch > 1 else ""
    times = f" ×{row.times:,}" + (" at once" if row.at_once else "") if row.times > 1 else ""
    return f"{row.name}{times}{batch}"


def _label(row: Row) -> str:
    return f"{_name(row)}, {milliseconds(row.end - row.start)}"


def _compared(endpoint: str, law: Distribution, monolith: Distribution) -> Figure:
    """Return both distribution functions, each named at its median."""
    laws = {"monolith": (monolith, chart.WORK), "services": (law, chart.NETWORK)}
    end = max(law.quantile(0.999), monolith.quantile(0.999)) * 1000 or 1.0
    x = {"type": "quantitative", "title": "milliseconds", "scale": {"domain": [0, end], "nice": False}}
    y = {"type": "quantitative", "title": "requests answered", "axis": {"format": ".0%"}, "scale": {"domain": [0, 1]}}
    layers: list[chart.Spec] = []
    for name, (item, color) in laws.items():
        points = [{"t": item.quantile(share) * 1000, "share": share} for share in _SHARES]
        points = [{"t": points[0]["t"], "share": 0.0}, *points, {"t": end, "share": 1.0}]
        median = item.quantile(0.5) * 1000
        # Each curve is named where the other is not, as long as the name fits between the curve and the edge.
        high = name == "monolith"
        share = 0.85 if high else 0.15
        beside = item.quantile(share) * 1000
        left = beside > (0.4 if high else 0.58) * end
        line = {"type": "line", "color": color, "strokeDash": [6, 4] if high else [1, 0]}
        text = {
            "type": "text",
            "align": "right" if left else "left",
            "dx": -10 if left else 10,
            "color": color,
            "fontWeight": 600,
        }
        label = {"t": beside, "share": share, "text": f"{name} {significant(median)} ms"}
        encoding = {"x": {**x, "field": "t"}, "y": {**y, "field": "share"}}
        dot = {"type": "point", "filled": True, "size": 70, "color": color, "opacity": 1}
        layers += [
            {"data": chart.values(points), "mark": line, "encoding": encoding},
            {"data": chart.values([{"t": median, "share": 0.5}]), "mark": dot, "encoding": encoding},
            {"data": chart.values([label]), "mark": text, "encoding": {**encoding, "text": {"field": "text"}}},
        ]
    rows = [
        (percent(share, 1).replace(".0 ", " "), *(milliseconds(item.quantile(share)) for item, _ in laws.values()))
        for share in (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
    ]
    caption = (
        f"How many requests to {endpoint} are answered within a time, as services and as a monolith; dots are medians"
    )
    return Figure(chart.layered(layers, 220), caption, Table(["Requests answered", "Monolith", "Services"], rows))


def _listed(data: Mapping[str, Mapping[str, Any]]) -> Table:
    times = {"Network floor": "floor_ms", "Mean": "mean_ms", "p50": "p50_ms", "p95": "p95_ms", "p99": "p99_ms"}
    rows = [
        (
            name,
            f"{item['serial_round_trips']} of {item['round_trips']}",
            *(f"{significant(item[key])} ms" for key in times.values()),
            percent(item["network_share"], 0),
            f"{significant(item['monolith_p50_ms'])} ms",
        )
        for name, item in data.items()
    ]
    return Table(
        ["Endpoint", "Round trips in series", *times, "Network's share", "Monolith p50"], rows, "All endpoints"
    )


TASKS = [
    Predict(
        "The home page shows nine products, their prices in the reader's currency, the size of the cart and an ad. How many round trips finish one after another before it is sent?",
        ["1", "5", "14", "90"],
        2,
        "Currencies 1, products 1, cart 2 (it asks Redis), one conversion for each of 9 products, ad 1: 14, and the code makes them in a row.",
        {},
        lambda data: {1: 0, 5: 1, 14: 2, 90: 3}.get(data["endpoints"]["GET /"]["serial_round_trips"], -1),
    ),
    Predict(
        "Put all services into one zone, 0.1 ms apart. How much of the home page's mean time is network?",
        ["About 5 %", "About 25 %", "About 50 %", "About 75 %"],
        0,
        "14 round trips of 0.1 ms are 1.4 ms beside 28.5 ms of work. Inside a zone the network is not what makes this page slow.",
        {"placement": "one_zone"},
        lambda data: min(
            range(4),
            key=lambda index: abs(data["endpoints"]["GET /"]["network_share"] - (0.05, 0.25, 0.5, 0.75)[index]),
        ),
    ),
    Predict(
        "One call may convert all nine prices. Services stand in two zones. What does that take off the home page's median of 39 ms?",
        ["About 6 ms", "About 20 ms", "About 30 ms"],
        0,
        "Eight round trips of 0.77 ms, 6.2 ms. The nine conversions are still done, one after another. Calls at once save that wait too: they leave 10 ms.",
        {"plan": "batched"},
        lambda data: min(
            range(3), key=lambda index: abs(38.6 - data["endpoints"]["GET /"]["p50_ms"] - (6, 20, 30)[index])
        ),
    ),
    Reach(
        "Two regions, 64 ms apart. Bring the home page's median under 200 ms without moving anything.",
        lambda data, arguments: (
            arguments["architecture"] == "online_boutique"
            and arguments["placement"] == "two_regions"
            and data["endpoints"]["GET /"]["p50_ms"] < 200
        ),
        {"placement": "two_regions", "plan": "parallel"},
        {"placement": "two_regions", "plan": "batched"},
        "Count the round trips in series: each costs 64 ms. How many can you afford?",
        "Two round trips in a row instead of 14. Batching leaves six, which is still 384 ms of network.",
    ),
    Reach(
        "With calls as written, find the round trip at which the network takes half of the home page's mean time.",
        lambda data, arguments: (
            arguments["architecture"] == "online_boutique"
            and arguments["plan"] == "as_written"
            and 0.49 <= data["endpoints"]["GET /"]["network_share"] <= 0.51
        ),
        {"placement": "value", "round_trip_ms": "2"},
        {"placement": "value", "round_trip_ms": "1"},
        "Half is where 14 round trips take as long as the work, and the monolith's mean is all work.",
        "28.5 ms of work over 14 round trips is 2.04 ms: the slowest pairs of zones in one region are that far apart.",
    ),
    Reach(
        "Find an endpoint of Online Boutique that makes calls and gains nothing from making them as early as their inputs allow.",
        lambda data, arguments: (
            arguments["architecture"] == "online_boutique"
            and arguments["plan"] == "parallel"
            and 0
            < data["endpoints"][data["endpoint"]]["round_trips"]
            == data["endpoints"][data["endpoint"]]["serial_round_trips"]
        ),
        {"plan": "parallel", "endpoint": "POST /cart"},
        {"plan": "parallel", "endpoint": "GET /cart"},
        "Look for a chain: each call needs the answer of the one before.",
        "POST /cart looks the product up, adds it, and adding reads Redis before it writes. Four calls, four in a row.",
    ),
]

_BOUTIQUE = "https://github.com/GoogleCloudPlatform/microservices-demo/blob/34ffea917/src/frontend/handlers.go"
_SOCIAL = "https://github.com/delimitrou/DeathStarBench/blob/6ecb097/socialNetwork/src/ComposePostService/ComposePostHandler.h"
_READ = "counted in the source code"


def _trips(name: str, endpoint: str, plan: Arrangement = "as_written") -> float:
    return serial_round_trips(plan_request(architecture_file.load(name), endpoint, plan))


def _floor_ms(round_trip_ms: float) -> float:
    return floor(plan_request(_ARCHITECTURE, "GET /", round_trip=Constant(round_trip_ms / 1000))) * 1000


def _steps(times: int, at_once: bool) -> Distribution:
    return distribution(Repeated(Span("step", Constant(0.0), Exponential(1.0), 1, InOrder(())), times, at_once))


ORACLES = [
    Oracle(
        "Round trips in series, Online Boutique GET /",
        14,
        lambda: _trips("online_boutique", "GET /"),
        _READ,
        _BOUTIQUE,
        0,
    ),
    Oracle(
        "… with calls as early as their inputs allow",
        2,
        lambda: _trips("online_boutique", "GET /", "parallel"),
        _READ,
        _BOUTIQUE,
        0,
    ),
    Oracle(
        "Round trips in series, GET /product/{id}",
        13,
        lambda: _trips("online_boutique", "GET /product/{id}"),
        _READ,
        _BOUTIQUE,
        0,
    ),
    Oracle(
        "… with calls as early as their inputs allow",
        3,
        lambda: _trips("online_boutique", "GET /product/{id}", "parallel"),
        _READ,
        _BOUTIQUE,
        0,
    ),
    Oracle(
        "Round trips in series, Social Network compose post",
        14,
        lambda: _trips("social_network", "compose post"),
        _READ,
        _SOCIAL,
        0,
    ),
    Oracle(
        "… in all",
        19,
        lambda: all_calls(plan_request(architecture_file.load("social_network"), "compose post")) - 1,
        _READ,
        _SOCIAL,
        0,
    ),
    *(
        Oracle(
            f"Network floor of GET /, {each} ms a round trip, in ms",
            14 * each,
            lambda each=each: _floor_ms(each),
            "14 × the round trip",
            _BOUTIQUE,
            1e-9,
        )
        for each in (0.1, 0.5, 1.5, 64.0)
    ),
    Oracle(
        "99th percentile of ten exponential steps of mean 1 in a row: half the chi-square value for 20 degrees of freedom",
        37.566 / 2,
        lambda: _steps(10, at_once=False).quantile(0.99),
        "NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4",
        "https://www.itl.nist.gov/div898/handbook/eda/section3/eda3674.htm",
        tolerance=0.01,
    ),
    Oracle(
        "Requests slower than one server's 99th percentile, when they wait for 100 servers",
        0.63,
        lambda: 1 - _steps(100, at_once=True).cdf(_steps(1, at_once=True).quantile(0.99)),
        "Dean and Barroso 2013",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=0.005,
    ),
    Oracle(
        "A round trip inside one zone, in ms",
        TEXTBOOK.round_trip * 1000,
        lambda: PLACES["one_zone"].round_trip * 1000,
        f"{TEXTBOOK.source}, {TEXTBOOK.date}",
        TEXTBOOK.link,
        note=f"Ours is measured: {PLACES['one_zone'].source}, {PLACES['one_zone'].date}, {PLACES['one_zone'].measured}. Networks became faster; the figure stayed.",
    ),
]

LIMITS = [
    "No queues. Every service answers as if it were idle; under load, waiting for a busy service soon outweighs the rest.",
    "Calls are independent: a slow Redis does not make the next call to Redis slow.",
    "Only call order and deadlines come from the code. Work times are assumptions of the file, printed in its note; replace them by yours.",
    "A round trip is one time for all calls, without spread, connection set-up, retries or the size of what is sent; writing and reading messages belongs to the work.",
    "Every call between services gets the same round trip. In a real second region only some calls cross, and caches answer others.",
    "Calls made at once find an idle server each: nine conversions run on nine processors.",
    "The monolith is given the best case: its stores stand in the same process, and its calls take no time at all.",
    "All services are up. What happens when one is not is the next lab.",
]
