"""Queues: the time in a line grows with one over what is spare, so the last percent of a machine costs far more than the first.

Requests come at random times to servers that each do the same amount of work. Every server has a line of its own and requests choose one
at random; or they join the shorter of two random lines; or one line serves all. All times are means in steady state.

Data:
    rate: requests a second, all servers together.
    own_ms, two_choices_ms, one_line_ms: mean time from arrival to answer for each kind of line; the latter two for exponential work only,
        and two choices for 30 servers or more, else null.
    own_p99_ms, one_line_p99_ms: 99th percentiles, for exponential work only, else null.
    waits: share of requests that wait in the one line, for exponential work only, else null.
    backlog: requests that wait after the outage; drain_s: how long it takes from then until none of them is left.

Source:
    Leonard Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, chapters 3 and 5; the formula of Pollaczek and Khinchine in short,
        https://en.wikipedia.org/wiki/Pollaczek%E2%80%93Khinchine_formula
    Michael Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and Distributed
        Systems 12(10), 2001, https://doi.org/10.1109/71.963420
    David Yanacek, "Avoiding insurmountable queue backlogs", Amazon Builders' Library, 2019,
        https://aws.amazon.com/builders-library/avoiding-insurmountable-queue-backlogs/

>>> run(utilization=95).takeaway
'At 95 % utilization 10 ms of work take 200 ms; an outage of 10.0 min takes 3.17 h to work off.'
"""

import math
from typing import Annotated

from labs_py import chart
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.arrivals import Closed, Open
from labs_py.model.duration import Constant
from labs_py.model.queueing import MG1, MMc, erlang_c, mm1, power_of_choices
from labs_py.numerals import percent, significant, span
from labs_py.overload_runs import simulated_amplification, simulated_retries, simulated_stall
from labs_py.parameter import Range
from labs_py.report import Figure, Metric, Report, Table

_MANY = 30  # servers, from which on the limit of infinitely many says something about two choices
_OWN, _TWO, _ONE = "own lines", "two choices", "one line"
_COLORS = {_OWN: chart.FAILS, _TWO: chart.WORK, _ONE: chart.OK}
_HEIGHT = 260  # pixels


def run(
    *,
    utilization: Annotated[float, Range("Utilization", 1, 99, "%", step=1)] = 80.0,
    servers: Annotated[int, Range("Servers", 2, 200, scale="log")] = 50,
    service_ms: Annotated[float, Range("Work of a request, mean", 0.1, 1000, "ms", scale="log")] = 10.0,
    variation: Annotated[
        float,
        Range("Variation of the work (CV²)", 0, 10, step=0.5, hint="0: all the same; 1: exponential; 10: few are huge"),
    ] = 1.0,
    outage_s: Annotated[float, Range("Outage", 1, 86_400, "s", scale="log")] = 600.0,
) -> Report:
    """Return the mean times in the three kinds of line, as utilization rises, and what an outage leaves to work off."""
    load = utilization / 100
    most = servers * 1000 / service_ms
    rate = load * most
    times = {name: time * service_ms for name, time in mean_times(load, servers, variation).items()}
    shown = {name: f"{significant(time)} ms" for name, time in times.items()}
    pooled = MMc(load * servers, 1.0, servers) if _ONE in times else None
    p99 = {
        name: queue.time_quantile(0.99) * service_ms
        for name, queue in ((_OWN, mm1(load, 1.0)), (_ONE, pooled))
        if pooled and queue
    }
    within = {name: f"99 % within {significant(time)} ms" for name, time in p99.items()}
    backlog, drain = rate * outage_s, draining(rate, most, outage_s)
    return Report(
        f"At {utilization:.4g} % utilization {service_ms:.4g} ms of work take {shown[_OWN]}; "
        f"an outage of {span(outage_s)} takes {span(drain)} to work off.",
        [
            Metric("A line for each server", shown[_OWN], within.get(_OWN, "at random")),
            *([Metric("The shorter of two lines", shown[_TWO], "limit for many servers")] if _TWO in times else []),
            *([Metric("One line for all", shown[_ONE], within[_ONE])] if _ONE in times else []),
            Metric("Backlog of the outage gone in", span(drain), f"{significant(backlog)} requests"),
            _figure(load, servers, variation, service_ms),
        ],
        {
            "rate": rate,
            "own_ms": times[_OWN],
            "two_choices_ms": times.get(_TWO),
            "one_line_ms": times.get(_ONE),
            "own_p99_ms": p99.get(_OWN),
            "one_line_p99_ms": p99.get(_ONE),
            "waits": pooled.wait_probability if pooled else None,
            "backlog": backlog,
            "drain_s": drain,
        },
    )


def mean_times(load: float, servers: int, variation: float) -> dict[str, float]:
    """Return the mean time in the system for each kind of line that has a closed form, in mean service times.

    `load` is the utilization, below 1, and `variation` the squared coefficient of variation of the work.

    >>> {name: round(time, 4) for name, time in mean_times(0.9, 50, 1).items()}
    {'own lines': 10.0, 'two choices': 2.6141, 'one line': 1.0728}
    """
    times = {_OWN: MG1(load, 1.0, variation).mean_time}
    if variation == 1 and servers >= _MANY:
        times[_TWO] = power_of_choices(2, load)
    if variation == 1:
        times[_ONE] = MMc(load * servers, 1.0, servers).mean_time
    return times


def draining(rate: float, most: float, outage: float) -> float:
    """Return how long it takes to work off what came at `rate` during an `outage`, at `most` requests a second while others still come.

    >>> draining(800, 1000, 600)
    2400.0
    """
    return rate * outage / (most - rate)


def _figure(load: float, servers: int, variation: float, service_ms: float) -> Figure:
    """Return the lines from 0 to 98 %, as far as they fit, with the chosen utilization marked on each."""
    chosen = mean_times(load, servers, variation)
    top = service_ms * max(mean_times(0.95, servers, variation)[_OWN], 1.1 * chosen[_OWN])
    steps = [0.01, *(step / 50 for step in range(1, 40)), *(step / 200 for step in range(160, 198))]
    series: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
    for step in steps:
        for name, time in mean_times(step, servers, variation).items():
            if time * service_ms <= top:
                series[name].append((step, time * service_ms))
    spec = chart.named_lines(
        series,
        _COLORS,
        x="utilization",
        y="mean time, ms",
        x_domain=(0, 1),
        y_domain=(0, top),
        x_axis={"values": [0, 0.2, 0.4, 0.6, 0.8, 1], "format": ".0%"},
        height=_HEIGHT,
    )
    x, y, color = (spec["layer"][0]["encoding"][key] for key in ("x", "y", "color"))
    marks = chart.values([{"series": name, "x": load, "y": time * service_ms} for name, time in chosen.items()])
    spec["layer"] += [
        {"data": chart.values([{"x": load}]), "mark": {"type": "rule", "strokeDash": [3, 4]}, "encoding": {"x": x}},
        {
            "data": marks,
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": color},
        },
    ]
    loads = sorted({0.5, 0.8, 0.9, 0.95, 0.99, load})
    rows = [(percent(each, 0), mean_times(each, servers, variation)) for each in loads]
    return Figure(
        spec,
        f"Mean time of a request as utilization rises, with {servers} servers; dots mark {percent(load, 0)}",
        Table(
            ["Utilization", *(f"{name}, ms" for name in chosen)],
            [(name, *(significant(time * service_ms) for time in times.values())) for name, times in rows],
        ),
    )


TASKS = [
    Predict(
        "A server does 10 ms of work for each request, which comes at random times. Its load rises from 80 % to 95 %, by less than a fifth. "
        "How does the mean time of a request change?",
        ["It grows by a fifth", "It doubles", "It is four times as long"],
        2,
        "The time is 10 ms over the spare share: 10 / 0.20 = 50 ms, and 10 / 0.05 = 200 ms. Not the load counts but what is left.",
        {"utilization": "95"},
        lambda data: nearest((1.2, 2, 4), data["own_ms"] / 50),
        hint="What share of the time is the server free, before and after?",
    ),
    Predict(
        "A consumer that is busy 90 % of the time is down for ten minutes. How long after it is back is the backlog gone?",
        ["About 1 minute", "About 10 minutes", "About 90 minutes"],
        2,
        "New messages keep coming, and only the tenth that is spare works on the old ones. Nine minutes of work at a tenth of the speed are "
        "90 minutes.",
        {"utilization": "90"},
        lambda data: nearest((1, 10, 90), data["drain_s"] / 60),
        hint="How much work has piled up, and with how much of its capacity can the consumer take it on?",
    ),
    Reach(
        "Work of 10 ms on average and a CV² of 10, a line for each server. Find the highest utilization, to one percent, with a mean time of "
        "at most 30 ms.",
        lambda data, arguments: (
            float(arguments["service_ms"]) == 10
            and float(arguments["variation"]) == 10
            and float(arguments["utilization"]) >= 26
            and data["own_ms"] <= 30
        ),
        {"utilization": "26", "variation": "10"},
        {"utilization": "50", "variation": "10"},
        "The wait is (1 + CV²) / 2 = 5.5 times that of constant work. How much of it do 20 ms allow?",
        "26 %. Three quarters of the machines would stand idle for the sake of a few huge requests. Give these a line of their own.",
    ),
    to_write(
        "Write the mean wait in front of one server.",
        '''
        def mean_wait(utilization, service, variation):
            """Return the mean time in line before one server whose
            work takes service on average and varies by CV² variation:

                utilization / (1 - utilization)
                    * service * (1 + variation) / 2

            and infinity if there is no steady state.

            >>> round(mean_wait(0.8, 1.0, 0), 6)
            2.0
            """
        ''',
        """
        if utilization >= 1:
            return float("inf")
        return utilization / (1 - utilization) * service * (1 + variation) / 2
        """,
        """
        return utilization / (1 - utilization) * service * (1 + variation) / 2
        """,
        lambda function: first_difference(
            "mean_wait",
            function,
            lambda utilization, service, variation: (
                math.inf if utilization >= 1 else MG1(utilization / service, service, variation).mean_wait
            ),
            cases(
                (0.8, 1.0, 0.0),
                (0.8, 1.0, 1.0),
                (1.25, 1.0, 1.0),
                draw=lambda rng: (rng.randint(1, 120) / 100, rng.randint(1, 40) / 4, rng.randint(0, 20) / 2),
            ),
        ),
        hint="What does the formula say at 125 %, and can a wait be that?",
        because=(
            "Above 100 % the formula gives a negative time, and code that trusts it plans with it. Below, three things multiply: how full, "
            "how long, how uneven."
        ),
    ),
]

_CLOSED = "closed form"
_CIW = "https://github.com/CiwPython/Ciw/blob/05f17273386032dfa9cf95b2922fd84c55c575f8/docs/Background/simulationpractice.rst"
_MM1 = "https://github.com/CiwPython/Ciw/blob/b78119c099e7468e8bfaa972a5308927202a4266/docs/Examples/mm1.rst"
_MG1 = "https://en.wikipedia.org/wiki/Pollaczek%E2%80%93Khinchine_formula"
_MMC = "https://octave.sourceforge.io/queueing/function/erlangc.html"
_BACKLOG = "https://aws.amazon.com/builders-library/avoiding-insurmountable-queue-backlogs/"
_MITZENMACHER = "https://doi.org/10.1109/71.963420"


_STALL = "https://www.infoq.com/presentations/latency-response-time/"
_BROOKER = ("closed form", "https://brooker.co.za/blog/2022/02/28/retries.html")
ORACLES = [
    *(
        Oracle(
            f"Mean time before one server, in times of its work, at {load} %: 1 over what is spare",
            100 / (100 - load),
            lambda load=load: run(utilization=load, service_ms=1).data["own_ms"],  # type: ignore[misc]
            _CLOSED,
            _MM1,
            tolerance=1e-9,
        )
        for load in (80, 95, 99)
    ),
    Oracle(
        "99th percentile over the mean time, one server: the logarithm of 100",
        4.60517,
        lambda: run(utilization=95).data["own_p99_ms"] / run(utilization=95).data["own_ms"],
        _CLOSED,
        _MM1,
        tolerance=5e-6,
        digits=6,
    ),
    Oracle(
        "Mean wait, 5 requests a second before a server that does 8",
        0.201313,
        lambda: mm1(5, 8).mean_wait,
        "Ciw documentation",
        _CIW,
        digits=6,
        note="Ciw's number is the mean of 25 simulated runs of 40 seconds each, ours is what such runs are after. So few and short ones miss it "
        "by a few percent.",
    ),
    *(
        Oracle(
            f"Mean wait before one server at 80 %, in times of its work, CV² {variation}",
            wait,
            lambda variation=variation: run(service_ms=1, variation=variation).data["own_ms"] - 1,  # type: ignore[misc]
            "closed form (Pollaczek and Khinchine)",
            _MG1,
            tolerance=1e-9,
        )
        for variation, wait in ((0, 2), (1, 4), (4, 10))
    ),
    *(
        Oracle(
            f"{servers} servers, one line: {what}",
            value,
            ours,
            "closed form (Erlang)",
            _MMC,
            tolerance=1e-9,
            digits=6,
        )
        for servers, what, value, ours in (
            (2, "share that waits at 80 %", 32 / 45, lambda: run(servers=2).data["waits"]),
            (
                2,
                "mean wait at 80 %, in times of the work",
                16 / 9,
                lambda: run(servers=2, service_ms=1).data["one_line_ms"] - 1,
            ),
            (4, "share that waits at 80 %", 8192 / 13735, lambda: run(servers=4).data["waits"]),
            (
                4,
                "mean wait at 80 %, in times of the work",
                2048 / 2747,
                lambda: run(servers=4, service_ms=1).data["one_line_ms"] - 1,
            ),
            (3, "share that waits, of 2 erlangs", 4 / 9, lambda: erlang_c(3, 2.0)),
        )
    ),
    *(
        Oracle(
            f"Mean time at 90 %, in times of the work, {which}",
            time,
            lambda choices=choices: power_of_choices(choices, 0.9),  # type: ignore[misc]
            "closed form (Mitzenmacher 2001)",
            _MITZENMACHER,
            tolerance=5e-5,
            digits=5,
        )
        for choices, which, time in (
            (1, "a random line", 10),
            (2, "the shorter of two lines", 2.6141),
            (3, "the shortest of three lines", 2.0279),
        )
    ),
    *(
        Oracle(
            f"800 requests a second, capacity for 1,000, 600 s of outage: {what}",
            value,
            lambda name=name: run(servers=2, service_ms=2).data[name],  # type: ignore[misc]
            _CLOSED,
            _BACKLOG,
            tolerance=1e-6,
            digits=6,
        )
        for name, what, value in (("backlog", "requests left", 480_000), ("drain_s", "seconds to drain", 2_400))
    ),
    Oracle(
        "Three layers, four attempts each, the bottom is down: calls that reach it, simulated",
        64,
        lambda: simulated_amplification(3, 4),
        "Ulrich 2016",
        "https://sre.google/sre-book/addressing-cascading-failures/",
        tolerance=0,
    ),
    *(
        Oracle(
            f"Every second call fails, {how}: {what}, simulated",
            value,
            lambda budget=budget, index=index: simulated_retries(budget)[index],  # type: ignore[misc]
            *_BROOKER,
            tolerance=tolerance,
            digits=3,
        )
        for how, budget, index, what, value, tolerance in (
            ("three retries", None, 0, "calls a request, (1 − f⁴) / (1 − f)", 1.875, 0.03),
            ("three retries", None, 1, "share that succeeds, 1 − f⁴", 0.9375, 0.008),
            ("retries for a tenth of the requests", 0.1, 0, "calls a request", 1.1, 0.004),
        )
    ),
    *(
        Oracle(
            f"100 s of answers in 1 ms, then 100 s of standstill: mean latency in seconds, {how}, simulated",
            seconds,
            lambda load=load: simulated_stall(load),  # type: ignore[misc]
            "closed form, after Tene 2015",
            _STALL,
            tolerance=tolerance,
            digits=3,
        )
        for how, load, seconds, tolerance in (
            ("100 requests a second, each counted from when it is due", Open(100.0, paced=True), 25.0005, 0.01),
            ("each sent when the one before is answered, 9 ms later", Closed(1, Constant(0.009)), 110 / 10_001, 0.0001),
        )
    ),
]

LIMITS = [
    "Requests come independently of one another, at a constant mean rate. Real ones come in bursts, and wait longer.",
    "Every line is served in order of arrival, without limit, and nobody gives up. Real callers time out, and try again.",
    "All servers are equally fast. The time to find a server, and to ask how long its line is, is not counted.",
    (
        "Two choices are computed for infinitely many servers. They and the one line are shown for exponential work only, for which there are "
        "closed forms. The panel simulates nothing; tests hold the course's simulation engine to these formulas."
    ),
    "What comes during the outage is kept, all of it is still wanted, and the servers come back at full speed.",
]
