"""A second copy for the slow few: asking another server after a short wait cuts the tail by far more than it adds load.

One request makes many reads at once and waits for all. A read that has no answer after a while is sent to a second server as well, and
the first answer counts. Its time exceeds t with probability P(T > t) P(T > t - wait). This is exact for servers that are slow
independently of each other; beside it stands a discrete-event simulation of single reads.

Data:
    more_reads: share of reads that are sent a second time.
    read[Q], request[Q]: plain_ms and hedged_ms, of one read and of a request, for Q in p50, p90, p99, p999; both are exact.
    simulated[Q]: plain_ms and hedged_ms of one read, and simulated.more_reads.

Source:
    Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013,
        https://research.google/pubs/the-tail-at-scale/

>>> run().takeaway
'With a second copy after 10 ms, 99.9 % of requests are done within 53.4 ms instead of 1,800 ms, for 2.0 % more reads.'
"""

import math
from collections.abc import Mapping
from functools import cache, partial
from statistics import NormalDist
from typing import Annotated, Any

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.arrivals import Open
from labs_py.model.duration import ZERO, Duration, Lognormal, Pareto
from labs_py.model.simulation import Simulation
from labs_py.numerals import percent, significant
from labs_py.parameter import Choice, Range
from labs_py.report import Figure, Metric, Report, Table

_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
_READS = {
    "thousand": "as in Google's benchmark",
    "idle": "as from a file system that does little else",
    "sorting": "as from one on which a large sort runs",
}
_SIMULATED = 20_000


def _pareto(at: tuple[float, float], far: tuple[float, float]) -> Pareto:
    """Return the Pareto law for which two times, in seconds, are exceeded with these probabilities."""
    alpha = math.log(at[1] / far[1]) / math.log(far[0] / at[0])
    return Pareto(at[0] * at[1] ** (1 / alpha) * alpha / (alpha - 1), alpha)


def _lognormal(median: float, p99: float) -> Lognormal:
    sigma = math.log(p99 / median) / NormalDist().inv_cdf(0.99)
    return Lognormal(median * math.exp(sigma**2 / 2), p99)


# 2 % of the reads were sent again after 10 ms, and 0.1 % of 1,000 reads took longer than 1.8 s; medians and 99th percentiles of table 2.
_LAWS: Mapping[str, Duration] = {
    "thousand": _pareto((0.010, 0.02), (1.8, -math.expm1(math.log(0.999) / 1000))),
    "idle": _lognormal(0.019, 0.067),
    "sorting": _lognormal(0.024, 0.108),
}


def run(
    *,
    reads: Annotated[str, Choice("Reads take", _READS)] = "thousand",
    fan_out: Annotated[int, Range("Reads that one request makes", 1, 1000, scale="log")] = 1000,
    wait_ms: Annotated[float, Range("Wait before the second copy", 0.1, 1000, "ms", scale="log")] = 10.0,
) -> Report:
    """Return the latency of requests with and without a second copy, the price of shorter waits, and a simulation of one read."""
    law, wait = _LAWS[reads], wait_ms / 1000
    more = 1 - law.cdf(wait)
    read, request = ({name: _both(law, share, wait, wide) for name, share in _SHARES.items()} for wide in (1, fan_out))
    simulated = _simulated(reads, wait)
    plain, hedged = (significant(request["p999"][name]) for name in ("plain_ms", "hedged_ms"))
    return Report(
        f"With a second copy after {wait_ms:.4g} ms, 99.9 % of requests are done within {hedged} ms instead of {plain} ms, "
        f"for {percent(more, 1)} more reads.",
        [
            Metric("Reads sent twice", percent(more, 1), f"those without an answer after {wait_ms:.4g} ms"),
            Metric("99.9th percentile of a request", f"{hedged} ms", f"without second copies {plain} ms"),
            Metric(
                "Median of a request",
                f"{significant(request['p50']['hedged_ms'])} ms",
                f"without {significant(request['p50']['plain_ms'])} ms",
            ),
            _figure(law, wait, fan_out),
            _prices(law, fan_out),
            _beside(read, simulated, more),
        ],
        {"more_reads": more, "read": read, "request": request, "simulated": simulated},
    )


def exceeds(law: Duration, time: float, wait: float) -> float:
    """Return the probability that a read takes longer than `time` when a second copy is sent after `wait`; both in seconds."""
    first = 1 - law.cdf(time)
    return first * (1 - law.cdf(time - wait)) if time > wait else first


def quantile(law: Duration, share: float, wait: float, fan_out: int) -> float:
    """Return the time in seconds within which a share of requests is done that wait for `fan_out` reads.

    >>> round(quantile(_LAWS["thousand"], 0.999, math.inf, 1000), 6)
    1.8
    """
    allowed = -math.expm1(math.log(share) / fan_out)
    low, high = 0.0, law.mean
    while exceeds(law, high, wait) > allowed:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(law, middle, wait) > allowed else (low, middle)
    return high


def _both(law: Duration, share: float, wait: float, fan_out: int) -> dict[str, float]:
    waits = {"plain_ms": math.inf, "hedged_ms": wait}
    return {name: quantile(law, share, each, fan_out) * 1000 for name, each in waits.items()}


@cache
def _simulated(reads: str, wait: float) -> dict[str, Any]:
    """Return percentiles of single reads in a simulated system, without and with a second copy, and the share sent twice."""
    runs = {}
    for name, hedge in (("plain_ms", None), ("hedged_ms", wait)):
        services = {
            "reader": Service("reader", service_time=ZERO, calls=(Call("store", hedge=hedge),)),
            "store": Service("store", service_time=_LAWS[reads], round_trip=ZERO),
        }
        run = Simulation(
            Architecture("reads", services, {"read": Endpoint("read", "reader")}), Open(100.0), requests=_SIMULATED
        )
        run.run()
        runs[name] = run.result()
    found: dict[str, Any] = {
        quantile_name: {name: result.endpoints["read"].latency.quantile(share) * 1000 for name, result in runs.items()}
        for quantile_name, share in _SHARES.items()
    }
    return found | {"more_reads": runs["hedged_ms"].services["store"].served / _SIMULATED - 1}


def _figure(law: Duration, wait: float, fan_out: int) -> Figure:
    shares = [*(part / 50 for part in range(1, 50)), 0.99, 0.995, 0.999]
    lines = {
        name: [(quantile(law, share, each, fan_out) * 1000, share) for share in shares]
        for name, each in (("one copy", math.inf), ("a second copy", wait))
    }
    spec = chart.lines(
        lines,
        {"one copy": chart.FAILS, "a second copy": chart.OK},
        x="milliseconds (logarithmic)",
        y="requests done",
        log_x=True,
        y_domain=(0, 1.05),
        y_format=".0%",
        height=220,
    )
    rows = [
        (_named(share), *(significant(quantile(law, share, each, fan_out) * 1000) for each in (math.inf, wait)))
        for share in _SHARES.values()
    ]
    return Figure(
        spec,
        "Requests done within a time, with one copy of each read and with a second one",
        Table(["Requests done", "One copy, ms", "A second copy, ms"], rows),
    )


def _named(share: float) -> str:
    return percent(share, 0 if share <= 0.99 else 1)


def _prices(law: Duration, fan_out: int) -> Table:
    rows = []
    for more in (0.2, 0.1, 0.05, 0.02, 0.01, 0.001):
        wait = quantile(law, 1 - more, math.inf, 1)
        found = (quantile(law, share, wait, fan_out) * 1000 for share in (0.5, 0.999))
        rows.append(
            (
                percent(more, 0 if more >= 0.01 else 1),
                f"{significant(wait * 1000)} ms",
                *(f"{significant(each)} ms" for each in found),
            )
        )
    columns = ["More reads", "Wait", "Median of a request", "99.9th percentile"]
    return Table(columns, rows, "What a wait costs and buys")


def _beside(read: Mapping[str, Any], simulated: Mapping[str, Any], more: float) -> Table:
    kinds = {"plain_ms": "one copy", "hedged_ms": "a second copy"}
    rows = [
        (
            f"{_named(share)}, {kind}",
            f"{significant(read[name][key])} ms",
            f"{significant(simulated[name][key])} ms",
        )
        for name, share in _SHARES.items()
        for key, kind in kinds.items()
    ]
    rows.append(("Reads sent twice", percent(more, 1), percent(simulated["more_reads"], 1)))
    return Table(["One read", "Exact", "Simulated"], rows, f"{_SIMULATED:,} simulated reads beside the exact result")


TASKS = [
    Predict(
        "In Google's benchmark one request reads 1,000 keys, and one request in a thousand took 1.8 s. "
        "How many more reads does it cost to bring that under a tenth of a second?",
        ["2 %", "20 %", "Twice as many: each has to be sent two times"],
        0,
        "Only what has had no answer for 10 ms is sent again, and that is one read in fifty. Both copies are hardly ever slow.",
        {},
        lambda data: nearest((0.02, 0.2, 1.0), data["more_reads"]),
        hint="Which of the 1,000 reads need the second copy, and how could one recognize them?",
    ),
    Reach(
        "Keep the 99.9th percentile of a request with 1,000 reads, as in Google's benchmark, under 70 ms, for at most half a percent more reads.",
        lambda data, arguments: (
            arguments["reads"] == "thousand"
            and arguments["fan_out"] == "1000"
            and data["request"]["p999"]["hedged_ms"] < 70
            and data["more_reads"] <= 0.005
        ),
        {"wait_ms": "25"},
        {"wait_ms": "5"},
        "A longer wait sends fewer reads twice. What does it do to the far tail?",
        "Little. To be among the slowest both copies must be slow, and against that a few milliseconds of wait are nothing. "
        "It is the median that pays for a long wait.",
    ),
]

_PAPER = "https://research.google/pubs/the-tail-at-scale/"
_TIED = (
    "Here both copies run to their end, independently, at twice the load. The real ones shared disks and a network, and the one that began "
    "later was called off when the other began: nearly as good, for less than 1 % more disk time."
)


def _tied(reads: str, name: str) -> float:
    found: float = _simulated(reads, 0.001)[name]["hedged_ms"]
    return found


def _plain(reads: str, share: float) -> float:
    return quantile(_LAWS[reads], share, math.inf, 1) * 1000


ORACLES = [
    Oracle(
        "A second copy after the 95th percentile: more reads, in %, simulated",
        5,
        lambda: 100 * _simulated("idle", quantile(_LAWS["idle"], 0.95, math.inf, 1))["more_reads"],
        "Dean and Barroso 2013",
        _PAPER,
        tolerance=0.5,
        digits=2,
    ),
    Oracle(
        "1,000 reads with a second copy after 10 ms, 99.9th percentile (ms)",
        74,
        lambda: quantile(_LAWS["thousand"], 0.999, 0.010, 1000) * 1000,
        "Dean and Barroso 2013",
        _PAPER,
        digits=3,
        note="From the other two published numbers, 2 % more reads and 1.8 s without, by a power law between them. The real second copies were "
        "slower than that: what slows one server at times slows another.",
    ),
    *(
        Oracle(
            f"One read, {where}, a tied copy after 1 ms: {name[1:].replace('999', '99.9')} % done within (ms), simulated",
            published,
            partial(_tied, reads, name),
            "Dean and Barroso 2013, table 2",
            _PAPER,
            digits=3,
            note=_TIED if (reads, name) == ("idle", "p50") else "As above.",
        )
        for reads, where, row in (
            ("idle", "idle cluster", (16, 29, 42, 61)),
            ("sorting", "while sorting", (19, 38, 67, 108)),
        )
        for name, published in zip(_SHARES, row, strict=True)
    ),
    *(
        Oracle(
            f"… without a copy, {where}: {name} (ms), by a lognormal law through the median and the 99th percentile",
            published,
            partial(_plain, reads, share),
            "Dean and Barroso 2013, table 2",
            _PAPER,
            tolerance=tolerance,
            digits=3,
        )
        for reads, where, name, share, published, tolerance in (
            ("idle", "idle cluster", "90th percentile", 0.9, 38, 1),
            ("idle", "idle cluster", "99.9th percentile", 0.999, 98, 5),
            ("sorting", "while sorting", "90th percentile", 0.9, 56, 2),
        )
    ),
]

LIMITS = [
    "Servers are slow independently of each other. A cause that they share slows both copies.",
    "The benchmark's 1,000 reads went to 100 servers. Here each is independent of the others.",
    "There are no queues: a second copy takes nobody's turn. On servers that are nearly full it does, and hedging can make all of them slower.",
    "The first copy is not called off. Where it can be, in time, shorter waits cost less.",
    "The law of the first choice is a power law through two published points; the body of the real distribution has not been published.",
    "Reads only. A write that is sent twice must be safe to do twice.",
]
