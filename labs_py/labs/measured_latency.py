"""Predicted and measured: a model that is told what a call costs on a machine foresees how long requests take there.

Online Boutique as real HTTP services, each a process, all on one machine. Beside what requests took stands what the exact model says
of the same architecture file, with and without the cost of a call, which was measured while they ran.

Data:
    call_ms, request_ms: mean of what a call, and a request of the load generator, took beyond its work and network.
    requests: in all. date, machine, load: when and where, and the load average before the run.
    endpoints[E]: requests; in_a_row: fewest and most calls that a request waited for, and model_in_a_row; p50_ms, p95_ms, p99_ms: measured,
        each with low and high, the ends of its 95 % interval; model_p50_ms … without the cost of a call, here_p50_ms … with it;
        off: measured median over that with it, minus 1.

Source:
    Gil Tene, "How NOT to Measure Latency", 2015, https://www.infoq.com/presentations/latency-response-time/ (each request counts from the
        moment at which it was due)
    W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, section 3.2 (intervals of percentiles),
        https://www.worldcat.org/oclc/39849102

>>> run(endpoint="POST /setCurrency").data["endpoints"]["POST /cart"]["in_a_row"]
[4, 4]
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from labs_py import chart
from labs_py.exercise import Oracle
from labs_py.measurements import online_boutique as measured
from labs_py.model import architecture_file
from labs_py.model.confidence import quantile_interval
from labs_py.model.distribution import Distribution
from labs_py.model.duration import Empirical
from labs_py.model.hop_cost import HopCost
from labs_py.model.latency import distribution, serial_round_trips
from labs_py.model.plan import plan_request
from labs_py.numerals import percent, significant
from labs_py.parameter import Choice, Flag
from labs_py.report import Figure, Metric, Report, Table

_ARCHITECTURE = architecture_file.load("online_boutique")
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def run(
    *,
    endpoint: Annotated[str, Choice("Endpoint", {name: name for name in _ARCHITECTURE.endpoints})] = "GET /",
    with_calls: Annotated[bool, Flag("The model is told what a call costs on that machine")] = True,
) -> Report:
    """Return the latencies of one endpoint, measured and predicted, and all endpoints in a table."""
    data = {name: _figures(name) for name in _ARCHITECTURE.endpoints}
    found, cost = data[endpoint], _cost()
    key = "here" if with_calls else "model"
    return Report(
        _takeaway(endpoint, found, key),
        [
            Metric("Calls in a row", _range(found["in_a_row"]), f"the model says {found['model_in_a_row']}"),
            Metric(
                "Median",
                f"{significant(found['p50_ms'])} ms",
                f"95 % interval {significant(found['p50_low_ms'])} to {significant(found['p50_high_ms'])} ms; "
                f"the model says {significant(found[f'{key}_p50_ms'])} ms",
            ),
            Metric(
                "One call, beyond work and network",
                f"{significant(cost.call.mean * 1000)} ms",
                "measured meanwhile, between services of known length",
            ),
            _figure(endpoint, with_calls),
            _listed(data, key),
            Table(
                ["The run", "Recorded"],
                [
                    ("Date", measured.DATE),
                    ("Machine", measured.MACHINE),
                    ("Load average before", measured.LOAD),
                    (
                        "Load",
                        f"{measured.RATE:g} requests a second for {measured.SECONDS:g} s, by the weights of the file",
                    ),
                    ("Made again by", "python -m tools.record run"),
                ],
                numeric=[],
            ),
        ],
        {
            "requests": sum(item["requests"] for item in data.values()),
            "call_ms": cost.call.mean * 1000,
            "request_ms": cost.request.mean * 1000,
            "date": measured.DATE,
            "machine": measured.MACHINE,
            "load": measured.LOAD,
            "endpoints": data,
        },
    )


@cache
def _cost() -> HopCost:
    return HopCost(*(Empirical(tuple(_seconds(text))) for text in (measured.CALL_MS, measured.REQUEST_MS)))


@cache
def _predicted(endpoint: str, with_calls: bool) -> Distribution:
    architecture = _cost().added(_ARCHITECTURE) if with_calls else _ARCHITECTURE
    return distribution(plan_request(architecture, endpoint))


def _latencies(endpoint: str) -> list[float]:
    return _seconds(measured.LATENCIES_MS[endpoint])


def _seconds(text: str) -> list[float]:
    return [float(value) / 1000 for value in text.split()]


def _figures(endpoint: str) -> dict[str, Any]:
    ranked, found = _latencies(endpoint), dict[str, Any]()
    for name, share in _SHARES.items():
        value, low, high = quantile_interval(ranked, share)
        found |= {f"{name}_ms": value * 1000, f"{name}_low_ms": low * 1000, f"{name}_high_ms": high * 1000}
        found[f"model_{name}_ms"] = _predicted(endpoint, with_calls=False).quantile(share) * 1000
        found[f"here_{name}_ms"] = _predicted(endpoint, with_calls=True).quantile(share) * 1000
    return {
        "requests": len(ranked),
        "in_a_row": list(measured.IN_A_ROW[endpoint]),
        "model_in_a_row": serial_round_trips(plan_request(_ARCHITECTURE, endpoint)),
        **found,
        "off": found["p50_ms"] / found["here_p50_ms"] - 1,
    }


def _range(counts: Sequence[int]) -> str:
    fewest, most = counts
    return f"{fewest}" if fewest == most else f"{fewest} to {most}"


def _takeaway(endpoint: str, found: Mapping[str, Any], key: str) -> str:
    told = "told what a call costs there" if key == "here" else "not told what a call costs there"
    return (
        f"Half of the requests to {endpoint} took at most {significant(found['p50_ms'])} ms; "
        f"the model, {told}, says {significant(found[f'{key}_p50_ms'])} ms."
    )


def _figure(endpoint: str, with_calls: bool) -> Figure:
    ranked, law = _latencies(endpoint), _predicted(endpoint, with_calls)
    step = max(1, len(ranked) // 200)
    end = max(ranked[int(0.95 * len(ranked))], law.quantile(0.98)) * 1000
    points = {
        "measured": [(1000 * ranked[at], (at + 1) / len(ranked)) for at in range(0, len(ranked), step)],
        "model": [(1000 * law.quantile(part / 100), part / 100) for part in range(1, 99)],
    }
    shown = {name: [point for point in line if point[0] <= end] for name, line in points.items()}
    spec = chart.lines(
        shown,
        {"measured": chart.WORK, "model": chart.ACCENT},
        x="milliseconds",
        y="requests answered",
        y_domain=(0, 1),
        y_format=".0%",
        height=220,
    )
    rows = [
        (
            percent(share, 0),
            *(significant(value * 1000) for value in (ranked[int(share * len(ranked))], law.quantile(share))),
        )
        for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    ]
    return Figure(
        spec,
        f"{endpoint}: the share of requests answered within a time, measured and by the model",
        Table(["Requests", "Measured, ms", "Model, ms"], rows),
    )


def _listed(data: Mapping[str, Mapping[str, Any]], key: str) -> Table:
    rows = [
        (
            name,
            f"{item['requests']:,}",
            f"{_range(item['in_a_row'])} / {item['model_in_a_row']}",
            *(f"{significant(item[f'{share}_ms'])} / {significant(item[f'{key}_{share}_ms'])}" for share in _SHARES),
        )
        for name, item in data.items()
    ]
    columns = ["Endpoint", "Requests", "Calls in a row", *(f"{share}, ms" for share in _SHARES)]
    return Table(columns, rows, "Measured / by the model")


def _median(endpoint: str) -> Oracle:
    """Return the measured median beside ours: within 15 %, or, of few requests, within its 95 % interval."""
    value, low, high = (1000 * each for each in quantile_interval(_latencies(endpoint), 0.5))
    return Oracle(
        f"{endpoint}: median, ms",
        value,
        lambda: _predicted(endpoint, with_calls=True).quantile(0.5) * 1000,
        f"measured, {measured.DATE}",
        _SHOP,
        tolerance=max(0.15 * value, value - low, high - value),
        digits=3,
    )


def _calls(endpoint: str) -> Oracle:
    return Oracle(
        f"{endpoint}: calls in a row, in every request",
        float(measured.IN_A_ROW[endpoint][1]),
        lambda: serial_round_trips(plan_request(_ARCHITECTURE, endpoint)),
        f"measured, {measured.DATE}",
        _SHOP,
        tolerance=0,
        digits=2,
    )


_SHOP = "https://github.com/GoogleCloudPlatform/microservices-demo"
ORACLES = [*(_calls(name) for name in _ARCHITECTURE.endpoints), *(_median(name) for name in _ARCHITECTURE.endpoints)]

LIMITS = [
    "The services are stand-ins that make Online Boutique's calls. Work and network are waiting, with the times that the file assumes.",
    "What a call costs is drawn anew for each call. On a real machine the calls of one request are slow together, so measured tails are longer.",
    "The load is light: next to nothing waits for a busy service. What a queue adds is no part of the model.",
    "One machine, one run. Another machine, or the same one in a busier hour, has another cost of a call.",
]
