"""Where the time goes: latency follows from how many round trips wait for one another, and how far each has to go.

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
    Matt Adorjan, "CloudPing", medians of the year to 29 May 2025, https://www.cloudping.co/

>>> run(plan="parallel").takeaway
'GET / waits for 2 round trips in a row: at 0.77 ms each, the network takes 14 % of its mean of 10.6 ms.'
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Annotated, Any, cast

from labs_py.checking import Case, agree, cases, first_complaint, first_difference, shown, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.latency_figures import distribution_figure, waterfall_figure
from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture
from labs_py.model.distribution import Distribution
from labs_py.model.duration import ZERO, Constant, Exponential
from labs_py.model.latency import all_calls, distribution, floor, serial_round_trips
from labs_py.model.places import PLACES, TEXTBOOK
from labs_py.model.plan import Arrangement, InOrder, Repeated, Span, Together, plan_request
from labs_py.model.waterfall import Waterfall
from labs_py.numerals import count, milliseconds, percent, significant
from labs_py.parameter import Choice, Range, Upload
from labs_py.report import Metric, Report, Table

_ARCHITECTURE = architecture_file.load("online_boutique")
_PLACEMENTS = {
    **{name: f"{place.label}: {place.round_trip * 1000:g} ms" for name, place in PLACES.items()},
    "as_in_file": "as far apart as the file says",
    "value": "as far apart as given below",
}
_PLANS = {
    "as_written": "in the order written",
    "parallel": "as early as their inputs allow",
    "batched": "in the order written, repeats in one call",
}


def _endpoints(architecture: Architecture) -> Mapping[str, str]:
    return {name: name for name in architecture.endpoints}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    endpoint: Annotated[str, Choice("Endpoint", _endpoints, of="architecture")] = "GET /",
    placement: Annotated[str, Choice("Caller and callee stand", _PLACEMENTS)] = "across_zones",
    round_trip_ms: Annotated[
        float, Range("Round trip", 0, 1000, "ms", scale="log", hint="Used only “as far apart as given below”.")
    ] = 1.5,
    plan: Annotated[str, Choice("Calls are made", _PLANS)] = "as_written",
) -> Report:
    """Return one request over time, its latency beside the monolith's, and all endpoints in a table."""
    round_trips = {**{name: place.round_trip for name, place in PLACES.items()}, "value": round_trip_ms / 1000}
    way = Constant(round_trips[placement]) if placement in round_trips else None
    measured = {name: _measured(architecture, name, cast("Arrangement", plan), way) for name in architecture.endpoints}
    request, services, monolith = measured[endpoint]
    data = {name: _figures(*item) for name, item in measured.items()}
    chosen = data[endpoint]
    return Report(
        _takeaway(endpoint, chosen, way),
        [
            Metric("Round trips in series", f"{chosen['serial_round_trips']}", f"of {chosen['round_trips']} in all"),
            Metric("Network floor", milliseconds(floor(request)), "if work were free"),
            Metric("Median", milliseconds(services.quantile(0.5)), f"monolith {milliseconds(monolith.quantile(0.5))}"),
            Metric(
                "99th percentile",
                milliseconds(services.quantile(0.99)),
                f"monolith {milliseconds(monolith.quantile(0.99))}",
            ),
            waterfall_figure(endpoint, Waterfall(request)),
            distribution_figure(endpoint, services, monolith),
            _listed(data),
        ],
        {"endpoint": endpoint, "round_trip_ms": None if way is None else way.mean * 1000, "endpoints": data},
    )


def _measured(
    architecture: Architecture, endpoint: str, plan: Arrangement, way: Constant | None
) -> tuple[Span, Distribution, Distribution]:
    request = plan_request(architecture, endpoint, plan, way)
    return request, distribution(request), distribution(plan_request(architecture, endpoint, plan, ZERO))


def _figures(request: Span, services: Distribution, monolith: Distribution) -> dict[str, Any]:
    return {
        "round_trips": all_calls(request) - 1,
        "serial_round_trips": serial_round_trips(request),
        "floor_ms": floor(request) * 1000,
        "mean_ms": services.mean * 1000,
        **{f"p{round(share * 100)}_ms": services.quantile(share) * 1000 for share in (0.5, 0.95, 0.99)},
        "monolith_mean_ms": monolith.mean * 1000,
        "monolith_p50_ms": monolith.quantile(0.5) * 1000,
        "network_share": max(0.0, 1 - monolith.mean / services.mean) if services.mean else 0.0,
    }


def _takeaway(endpoint: str, found: Mapping[str, Any], way: Constant | None) -> str:
    mean = f"{significant(found['mean_ms'])} ms"
    if not found["round_trips"]:
        return f"{endpoint} calls no other service: its mean of {mean} is the same in a monolith."
    trips = count(found["serial_round_trips"], "round trip")
    each = "as far apart as the file says" if way is None else f"at {way.mean * 1000:.3g} ms each"
    return f"{endpoint} waits for {trips} in a row: {each}, the network takes {percent(found['network_share'], 0)} of its mean of {mean}."


def _listed(data: Mapping[str, Mapping[str, Any]]) -> Table:
    times = {"Floor": "floor_ms", "Mean": "mean_ms", "p50": "p50_ms", "p95": "p95_ms", "p99": "p99_ms"}
    rows = [
        (
            name,
            f"{item['serial_round_trips']} of {item['round_trips']}",
            *(significant(item[key]) for key in times.values()),
            percent(item["network_share"], 0),
            significant(item["monolith_p50_ms"]),
        )
        for name, item in data.items()
    ]
    columns = ["Endpoint", "In series", *times, "Network", "Monolith p50"]
    return Table(
        columns, rows, "All endpoints: round trips in series, milliseconds, and the network's share of the mean"
    )


# --- tasks and checks ----------------------------------------------------------------------------


def _on_boutique(arguments: Mapping[str, str], **settings: str) -> bool:
    return all(arguments[name] == value for name, value in {"architecture": "online_boutique", **settings}.items())


def _as_span(call: Mapping[str, Any]) -> Span:
    inner = tuple(_as_span(each) for each in call["calls"])
    network, work = Constant(call["network"]), Constant(call["work"])
    return Span("", network, work, 1, Together(inner) if call["together"] else InOrder(inner))


def _drawn_call(rng: Random, depth: int = 2) -> dict[str, Any]:
    calls = [_drawn_call(rng, depth - 1) for _ in range(rng.randint(0, 2) if depth else 0)]
    return {"network": rng.randint(0, 3), "work": rng.randint(1, 9), "together": rng.random() < 0.5, "calls": calls}


def _check_latency(latency: Callable[..., Any]) -> str:
    alone = {"network": 1, "work": 2, "together": True, "calls": []}
    given = cases((alone,), draw=lambda rng: (_drawn_call(rng),))
    return first_difference("latency", latency, lambda call: Waterfall(_as_span(call)).end, given)


def _drawn_calls(rng: Random) -> Case:
    names = "abcdef"[: rng.randint(1, 6)]
    return (
        {
            name: (rng.randint(1, 9), [earlier for earlier in names[:index] if rng.random() < 0.4])
            for index, name in enumerate(names)
        },
    )


def _check_start_times(start_times: Callable[..., Any]) -> str:
    def rule(got: object, calls: Mapping[str, tuple[float, Sequence[str]]]) -> str:
        if not isinstance(got, dict) or got.keys() != calls.keys():
            return f"must be a dict with the keys {', '.join(calls)}"
        for name, (_, inputs) in calls.items():  # inputs first, so those times are right
            due = max((got[earlier] + calls[earlier][0] for earlier in inputs), default=0)
            if not agree(got[name], due):
                why = f"when {' and '.join(inputs)} {'is' if len(inputs) == 1 else 'are'} done" if inputs else "at once"
                return f"must start {name} at {shown(due)}, {why}"
        return ""

    return first_complaint("start_times", start_times, rule, cases(draw=_drawn_calls))


TASKS = [
    Predict(
        "The home page shows nine products with prices in the visitor's currency, the size of the cart, and an ad. "
        "How many round trips between services finish one after another before it is sent?",
        ["1", "5", "14", "90"],
        2,
        "Currencies 1, products 1, cart 2 (it asks Redis), one conversion for each of nine products, ad 1. The code makes them in a row.",
        {},
        lambda data: nearest((1, 5, 14, 90), data["endpoints"]["GET /"]["serial_round_trips"]),
        hint="Count calls, not services: a call in a loop is one for each turn, and a callee may have to ask somebody else first.",
    ),
    Predict(
        "All services stand in one zone, 0.1 ms apart. How much of the home page's mean time is network?",
        ["About 5 %", "About 25 %", "About 50 %", "About 75 %"],
        0,
        "14 round trips of 0.1 ms are 1.4 ms, beside 28.5 ms of work. Inside one zone the network is not what makes this page slow.",
        {"placement": "one_zone"},
        lambda data: nearest((0.05, 0.25, 0.5, 0.75), data["endpoints"]["GET /"]["network_share"]),
        hint="Each of the 14 calls in a row costs one round trip, and about 2 ms of work at the callee.",
    ),
    Predict(
        "In two zones of a region, the home page's median is 39 ms. What is it when one call converts all nine prices?",
        ["About 32 ms", "About 20 ms", "About 10 ms"],
        0,
        "Eight round trips of 0.77 ms are saved, 6.2 ms. The nine conversions are still done, one after another. "
        "Making the calls early saves that wait too, and leaves 10 ms.",
        {"plan": "batched"},
        lambda data: nearest((32, 20, 10), data["endpoints"]["GET /"]["p50_ms"]),
        hint="What does the currency service do with the nine prices once it has them? Which of its costs were paid nine times for nothing?",
    ),
    Predict(
        "Start every call as early as its inputs allow. If each took exactly its mean, the page would be done after 7.5 ms. "
        "What is its mean over many requests?",
        ["7.5 ms too: fast and slow calls even out", "About 8 ms", "About 10.6 ms"],
        2,
        "The page waits for the slowest of nine conversions, and the slowest of nine is slower than an average one, every time. "
        "In a row fast and slow do even out: 39.3 ms, by means and on average.",
        {"plan": "parallel"},
        lambda data: nearest((7.5, 8, 10.6), data["endpoints"]["GET /"]["mean_ms"]),
        hint="Throw nine dice and keep the highest. Is its mean that of one die?",
    ),
    Reach(
        "Two regions, 64 ms apart. Bring the median of Online Boutique's home page under 200 ms without moving anything.",
        lambda data, arguments: (
            _on_boutique(arguments, placement="two_regions") and data["endpoints"]["GET /"]["p50_ms"] < 200
        ),
        {"placement": "two_regions", "plan": "parallel"},
        {"placement": "two_regions", "plan": "batched"},
        "Each round trip in series costs 64 ms. How many can you afford?",
        "Two round trips in a row instead of 14. Batching leaves six, and six are 384 ms of network.",
    ),
    Reach(
        "With calls in the order written, find the round trip at which the network takes half of the home page's mean time.",
        lambda data, arguments: (
            _on_boutique(arguments, plan="as_written") and 0.49 <= data["endpoints"]["GET /"]["network_share"] <= 0.51
        ),
        {"placement": "value", "round_trip_ms": "2"},
        {"placement": "value", "round_trip_ms": "1"},
        "Half is where 14 round trips take as long as the work.",
        "28.5 ms of work over 14 round trips is 2.04 ms. The two zones of Dallas that are farthest apart measured 2.16 ms.",
    ),
    Reach(
        "Find an endpoint of Online Boutique that calls others and gains nothing when calls start as early as their inputs allow.",
        lambda data, arguments: (
            _on_boutique(arguments, plan="parallel")
            and 0
            < data["endpoints"][data["endpoint"]]["round_trips"]
            == data["endpoints"][data["endpoint"]]["serial_round_trips"]
        ),
        {"plan": "parallel", "endpoint": "POST /cart"},
        {"plan": "parallel", "endpoint": "GET /cart"},
        "Look for a chain in which each call needs the answer of the one before.",
        "POST /cart looks the product up, then adds it, and adding reads Redis before it writes: four calls, four in a row.",
    ),
    to_write(
        "How long does a call take that makes calls? Write the function that the waterfall rests on.",
        '''
        def latency(call: dict) -> float:
            """Return how long a call takes (ms): network, own work, then its calls.

            The calls in `call["calls"]` all start at once if `call["together"]`;
            otherwise each starts when the one before is done.

            >>> cart = {"network": 1, "work": 2, "together": False, "calls": []}
            >>> latency(cart)
            3
            >>> latency({**cart, "calls": [cart, cart]})
            9
            """
        ''',
        """
        times = [latency(inner) for inner in call["calls"]]
        waited = max(times, default=0) if call["together"] else sum(times)
        return call["network"] + call["work"] + waited
        """,
        """
        return call["network"] + call["work"] + sum(latency(inner) for inner in call["calls"])
        """,
        _check_latency,
        hint="Ask each inner call how long it takes, then think of what the caller waits for: of all of them, or of one? And if there is none?",
        because="In a row times add up; side by side only the slowest counts, and the others have time to spare. With every call at its "
        "mean that turns Online Boutique's home page from 39.3 ms into 7.5. Adding up the work of parallel calls tells you what to pay for, not "
        "how long to wait.",
    ),
    to_write(
        "A handler makes its calls one after another. Find out when each could start.",
        '''
        def start_times(calls: dict) -> dict:
            """Return when each call starts (ms): at 0, or when its last input is done.

            `calls[name]` is (how long the call takes, its inputs: the names of the
            calls whose results it needs). Inputs stand before who needs them.

            >>> start_times({"cart": (9, []), "list": (4, []), "price": (6, ["list"])})
            {'cart': 0, 'list': 0, 'price': 4}
            """
        ''',
        """
        starts, done = {}, {}
        for name, (takes, inputs) in calls.items():
            starts[name] = max((done[earlier] for earlier in inputs), default=0)
            done[name] = starts[name] + takes
        return starts
        """,
        """
        starts = {}
        for name, (takes, inputs) in calls.items():
            starts[name] = max((calls[earlier][0] for earlier in inputs), default=0)
        return starts
        """,
        _check_start_times,
        hint="A call that needs an input waits for when that input is done, which is later than how long it takes if it had to wait itself.",
        because="Not the order in the code decides, but the longest chain of results that need one another. In placing an order that chain is "
        "9 round trips of 20; no rewriting of the handler makes it shorter, only fewer or nearer services do.",
    ),
]

_BOUTIQUE = "https://github.com/GoogleCloudPlatform/microservices-demo/blob/34ffea917/src/frontend/handlers.go"
_SOCIAL = "https://github.com/delimitrou/DeathStarBench/blob/6ecb097/socialNetwork/src/ComposePostService/ComposePostHandler.h"


def _counted(
    what: str, published: int, link: str, name: str, endpoint: str, plan: Arrangement = "as_written"
) -> Oracle:
    def ours() -> int:
        return serial_round_trips(plan_request(architecture_file.load(name), endpoint, plan))

    return Oracle(what, published, ours, "counted in the source code", link, tolerance=0, digits=2)


def _floor_ms(round_trip_ms: float) -> float:
    return floor(plan_request(_ARCHITECTURE, "GET /", round_trip=Constant(round_trip_ms / 1000))) * 1000


def _steps(times: int, *, at_once: bool) -> Distribution:
    return distribution(Repeated(Span("step", ZERO, Exponential(1.0), 1, InOrder(())), times, at_once))


ORACLES = [
    _counted("Round trips in series, Online Boutique GET /", 14, _BOUTIQUE, "online_boutique", "GET /"),
    _counted("… as early as their inputs allow", 2, _BOUTIQUE, "online_boutique", "GET /", "parallel"),
    _counted("Round trips in series, GET /product/{id}", 13, _BOUTIQUE, "online_boutique", "GET /product/{id}"),
    _counted("… as early as their inputs allow", 3, _BOUTIQUE, "online_boutique", "GET /product/{id}", "parallel"),
    _counted("Round trips in series, Social Network compose post", 14, _SOCIAL, "social_network", "compose post"),
    Oracle(
        "… in all, waited for or not",
        19,
        lambda: all_calls(plan_request(architecture_file.load("social_network"), "compose post")) - 1,
        "counted in the source code",
        _SOCIAL,
        tolerance=0,
        digits=2,
    ),
    *(
        Oracle(
            f"Network floor of GET / at {each:g} ms a round trip, in ms",
            14 * each,
            partial(_floor_ms, each),
            "14 × the round trip",
            _BOUTIQUE,
            tolerance=1e-9,
            digits=3,
        )
        for each in (0.1, 0.5, 1.5, 64.0)
    ),
    Oracle(
        "Ten exponential steps of mean 1 in a row, 99th percentile: half of chi-square with 20 degrees of freedom",
        37.566 / 2,
        lambda: _steps(10, at_once=False).quantile(0.99),
        "NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4",
        "https://www.itl.nist.gov/div898/handbook/eda/section3/eda3674.htm",
        tolerance=0.01,
    ),
    Oracle(
        "Requests that take longer than one server's 99th percentile when they wait for 100 servers",
        0.63,
        lambda: 1 - _steps(100, at_once=True).cdf(_steps(1, at_once=True).quantile(0.99)),
        "Dean and Barroso 2013",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=0.005,
    ),
    Oracle(
        "A round trip inside a data center, in ms",
        TEXTBOOK.round_trip * 1000,
        lambda: PLACES["one_zone"].round_trip * 1000,
        f"{TEXTBOOK.source}, {TEXTBOOK.date}",
        TEXTBOOK.link,
        note=(
            f"Ours is measured: {PLACES['one_zone'].source}, {PLACES['one_zone'].measured} ({PLACES['one_zone'].date}). "
            "The networks became faster; the figure stayed."
        ),
    ),
]

LIMITS = [
    "No queues. Every service answers as if it were idle; under load, waiting for a busy service can outweigh all the rest.",
    "Calls are independent: a slow Redis does not make the next call to Redis slow.",
    "Call order and deadlines come from the code; work times do not. They are assumptions of the architecture file, stated in its note.",
    "The round trips do not vary and carry nothing: no jitter, no connection set-up, no retries, no large answers.",
    "Every call between services gets the same round trip. When a part of a system moves to another region, only some calls cross.",
    "Calls made at once find an idle server each: nine conversions at once run on nine processors.",
    "The monolith has the best case: its stores stand in the same process, and its calls take no time.",
    "Everything is up. What a dead or hanging service does is the next lab.",
]
