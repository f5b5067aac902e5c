"""What it waited for: of all that happens in a recorded request, only this made it slow.

A request waits for the call that finishes last; before that call began, for the one that had finished last by then; and so on. What lies
off this path can be made faster for nothing. Reads Jaeger's and OpenTelemetry's JSON, one trace or thousands.

Data:
    traces: requests read. spans, failed: of these. endpoint: the requests looked at ("" for all), looked_at: how many, sampled: whether
        they are a random sample. latency: mean_ms, p50_ms, p95_ms, p99_ms.
    exclusive_us[SERVICE/OPERATION]: mean time a request waited for it and for nothing below it; their sum is the mean latency.
    share[SERVICE]: of the time waited, the part in its own work; share_of_calls: the part in calls, outside of callees that wrote spans.
    what_if: service, speedup, before and after, each mean_ms, p50_ms, p99_ms. request: which, name, duration_ms, spans, waited_for.
    in_a_row_ms[SERVICE/OPERATION]: mean time a request would gain if its calls in a row ran at once. repairs[NAME]: spans.

Source:
    Zhizhou Zhang and others, "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022,
        https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou
    OpenTelemetry, "OpenTelemetry Protocol Specification", https://opentelemetry.io/docs/specs/otlp/
    Jaeger, "APIs", https://www.jaegertracing.io/docs/latest/apis

>>> report = run(endpoint="frontend GET /product/{id}")
>>> report.data["looked_at"], report.data["what_if"]["service"]
(65, 'catalog')
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model import recording
from labs_py.model.critical_path import critical_path
from labs_py.model.histogram import Histogram
from labs_py.model.recording import Recording
from labs_py.model.trace import TracedSpan
from labs_py.model.trace_summary import TraceSummary
from labs_py.numerals import count, milliseconds, percent, significant
from labs_py.parameter import Choice, Range, Traces
from labs_py.recordings import online_boutique, social_network
from labs_py.report import Document, Metric, Part, Report
from labs_py.trace_figures import exclusive_figure, listed, repairs_of, request_figure

# Imported by name, so that the lab as one file has them too.
_RECORDING, _SOCIAL = (
    recording.load(module.__name__.rpartition(".")[2]) for module in (online_boutique, social_network)
)
_ALL = "all"
_WHICH = {"median": "the median one", "p99": "the 99th percentile one", "slowest": "the slowest"}
_MOST_LISTED = 5


def _endpoints(trace: Recording) -> Mapping[str, str]:
    most = sorted(trace.summary.latency.items(), key=lambda item: (-item[1].count, item[0]))
    return {_ALL: "all", **{" ".join(target): " ".join(target) for target, _ in most[:100]}}


def _services(trace: Recording) -> Mapping[str, str]:
    shares = _shares(trace.summary)
    return {name: name for name in sorted(shares, key=lambda name: (-shares[name], name))[:200] or ["none"]}


def run(
    *,
    trace: Annotated[Recording, Traces()] = _RECORDING,
    endpoint: Annotated[str, Choice("Requests to", _endpoints, of="trace")] = _ALL,
    which: Annotated[str, Choice("Draw", _WHICH)] = "median",
    service: Annotated[str, Choice("What if the own work of", _services, of="trace")] = "catalog",
    speedup: Annotated[
        float,
        Range(
            "were so many times as fast", 1, 1000, "×", scale="log", hint="Calls, and all other work, stay as recorded."
        ),
    ] = 2.0,
) -> Report:
    """Return one request over time, what all of them waited for, and what they would gain."""
    whole = trace.summary
    if not whole.requests:
        return _only_counts(trace)
    summary = whole if endpoint == _ALL else whole.only(endpoint)
    drawn = _chosen(summary, which)

    def factor(span: TracedSpan) -> float:
        return 1 / speedup if span.service == service and span.kind != "client" else 1.0

    before, after = summary.latency_if(lambda _: 1.0), summary.latency_if(factor)
    shares = _shares(summary)
    data = {
        "traces": whole.requests,
        "spans": whole.spans,
        "failed": whole.failed,
        "endpoint": "" if endpoint == _ALL else endpoint,
        "looked_at": summary.requests,
        "sampled": len(whole.kept) < whole.requests,
        "latency": _times(summary.latencies()),
        "exclusive_us": {
            "/".join(target): share.exclusive.total / summary.requests / 1000
            for target, share in sorted(summary.shares.items())
            if share.requests
        },
        "share": shares,
        "share_of_calls": max(0.0, 1 - math.fsum(shares.values())),
        "what_if": {"service": service, "speedup": speedup, "before": _times(before), "after": _times(after)},
        "request": _drawn(drawn, which),
        "in_a_row_ms": dict(_in_a_row(summary)),
        "repairs": repairs_of(whole),
    }
    return Report(_takeaway(data), [*_metrics(data), *_parts(trace, summary, drawn, data)], data)


def _times(histogram: Histogram) -> dict[str, float]:
    shares = {f"p{round(share * 100)}_ms": histogram.quantile(share) * 1000 for share in (0.5, 0.95, 0.99)}
    return {"mean_ms": histogram.mean * 1000, **shares}


def _shares(summary: TraceSummary) -> dict[str, float]:
    """Return, for each service, the part of all waiting that went into its own work."""
    total = math.fsum(share.exclusive.total for share in summary.shares.values()) or 1.0
    services = sorted({service for service, _ in summary.shares} | set(summary.architecture.services))
    own = {target: 0.0 if share.call else share.exclusive.total for target, share in summary.shares.items()}
    return {name: math.fsum(own[target] for target in own if target[0] == name) / total for name in services}


def _chosen(summary: TraceSummary, which: str) -> TracedSpan:
    """Return the request to draw, from the sample or, the slowest, from all."""
    assert summary.slowest is not None  # noqa: S101  there is a request
    if which == "slowest":
        return summary.slowest
    ranked = sorted(summary.kept, key=lambda first: first.duration_ns)
    return ranked[max(0, math.ceil({"median": 0.5, "p99": 0.99}[which] * len(ranked)) - 1)]


def _drawn(first: TracedSpan, which: str) -> dict[str, Any]:
    path = {id(stretch.span) for stretch in critical_path(first)}
    size = sum(1 for _ in first.walk())
    duration = first.duration_ns / 1e6
    return {
        "which": which,
        "name": f"{first.service} {first.operation}",
        "duration_ms": duration,
        "spans": size,
        "waited_for": len(path),
    }


def _in_a_row(summary: TraceSummary) -> list[tuple[str, float]]:
    ranked = sorted(summary.shares.items(), key=lambda item: (-item[1].in_a_row_ns, item[0]))
    return [
        ("/".join(target), share.in_a_row_ns / summary.requests / 1e6) for target, share in ranked if share.in_a_row_ns
    ]


def _takeaway(data: Mapping[str, Any]) -> str:
    what = data["what_if"]
    waited = f"{count(data['looked_at'], 'request')} waited {percent(data['share'].get(what['service'], 0.0), 0)} of the time"
    before, after = (f"{significant(what[when]['p50_ms'])} ms" for when in ("before", "after"))
    parts = f"for {what['service']}'s own work and {percent(data['share_of_calls'], 0)} in calls"
    return f"{waited} {parts}: with the former {what['speedup']:.3g} times as fast, their median of {before} would be {after}."


def _metrics(data: Mapping[str, Any]) -> list[Metric]:
    what, drawn = data["what_if"], data["request"]
    failed = f", {data['failed']:,} failed" if data["failed"] else ""
    repaired = sum(data["repairs"].values())

    def gained(title: str, key: str) -> Metric:
        return Metric(
            title,
            f"{significant(what['before'][key])} ms",
            f"{significant(what['after'][key])} ms with {what['service']} faster",
        )

    return [
        Metric("Requests read", f"{data['traces']:,}", f"{data['spans']:,} spans{failed}"),
        gained("Median", "p50_ms"),
        gained("99th percentile", "p99_ms"),
        Metric(
            "On the critical path",
            f"{drawn['waited_for']:,}",
            f"of {count(drawn['spans'], 'span')} of the request drawn",
        ),
        Metric("Repairs", f"{repaired:,}", "listed below" if repaired else "nothing had to be put right"),
    ]


def _parts(trace: Recording, summary: TraceSummary, drawn: TracedSpan, data: Mapping[str, Any]) -> Iterable[Part]:
    request = data["request"]
    title = f"{_WHICH[request['which']].capitalize()} of {count(data['looked_at'], 'request')}, {request['name']}"
    yield request_figure(drawn, f"{title} in {milliseconds(request['duration_ms'] / 1000)}")
    yield exclusive_figure(summary)
    yield from listed(
        "What requests would gain, on average, if the calls that an operation makes in a row ran at once, if none needs another's result",
        ["Operation", "At most, ms"],
        ((name, significant(mean)) for name, mean in _in_a_row(summary)[:_MOST_LISTED]),
    )
    yield from listed(
        "What was put right, and how often",
        ["Repair", "Times"],
        ((name, f"{n:,}") for name, n in data["repairs"].items()),
    )
    yield _document(trace)


def _document(trace: Recording) -> Document:
    stem = trace.file.partition(".")[0] or "traces"
    caption = "These requests as an architecture file: run your own system in the other labs"
    text = trace.summary.architecture.text(stem, f"learned from traces: {trace.file}")
    return Document(f"{stem}.learned.toml", text, caption)


def _only_counts(trace: Recording) -> Report:
    services = trace.summary.architecture.services
    takeaway = f"{trace.file} says which of {count(len(services), 'service')} call which, and holds no request whose time could be told."
    return Report(takeaway, [_document(trace)], {"traces": 0, "exclusive_us": {}, "repairs": {}, "services": services})


# --- tasks and checks ----------------------------------------------------------------------------

_CALLS = (0.005, 0.05, 0.5)


def _gain(data: Mapping[str, Any]) -> float:
    """Return the part of the median that the what-if saves."""
    return 1 - float(data["what_if"]["after"]["p50_ms"]) / float(data["what_if"]["before"]["p50_ms"])


def _waited_for(calls: Iterable[tuple[str, int, int]], end: int) -> list[str]:
    found = []
    for name, start, done in sorted(calls, key=lambda call: -call[2]):
        if done <= end:
            found.append(name)
            end = start
    return found[::-1]


def _exclusive(span: Mapping[str, Any]) -> dict[str, int]:
    path = set(_waited_for([(call["name"], call["start"], call["end"]) for call in span["calls"]], span["end"]))
    waited = [call for call in span["calls"] if call["name"] in path]
    own = span["end"] - span["start"] - sum(call["end"] - call["start"] for call in waited)
    found = {span["name"]: own}
    for call in waited:
        found |= _exclusive(call)
    return found


def _drawn_calls(rng: Random, start: int, end: int) -> list[tuple[int, int]]:
    """Draw starts and ends of calls between two moments; no two end together."""
    ends = rng.sample(range(start + 1, end + 1), min(end - start, rng.randint(0, 4)))
    return [(rng.randint(start, done - 1), done) for done in ends]


def _drawn_row(rng: Random) -> Case:
    end = rng.randint(4, 12)
    return [("abcd"[index], *times) for index, times in enumerate(_drawn_calls(rng, 0, end))], end


def _drawn_span(rng: Random, name: str = "P", start: int = 0, end: int = 12, depth: int = 2) -> dict[str, Any]:
    times = _drawn_calls(rng, start, end) if depth else []
    calls = [_drawn_span(rng, f"{name}{index}", *one, depth - 1) for index, one in enumerate(times, 1)]
    return {"name": name, "start": start, "end": end, "calls": calls}


def _check_waited_for(waited_for: Callable[..., Any]) -> str:
    given = cases(([("first", 100, 150), ("second", 150, 200)], 200), draw=_drawn_row)
    return first_difference("waited_for", waited_for, _waited_for, given)


def _check_exclusive(exclusive: Callable[..., Any]) -> str:
    return first_difference("exclusive", exclusive, _exclusive, cases(draw=lambda rng: (_drawn_span(rng),)))


TASKS = [
    Predict(
        "The recording was made on one machine: every service a process, and not a meter of cable between them. "
        "Of the time that requests to Online Boutique waited, how much went into calls, outside of all services' own work?",
        ["Less than 1 %: nothing is nearer than the same machine", "About 5 %", "About half"],
        2,
        "A call is not only a distance. The text of an HTTP request is written, sent through the kernel, read and taken apart, its answer too, "
        "and on the way there and back it waits for a processor. With 2 ms of work for each call that is about half.",
        {},
        lambda data: nearest(_CALLS, data["share_of_calls"]),
        hint="What has to happen between the moment at which one process decides to call and the moment at which another begins to work?",
    ),
    Predict(
        "To compose a post, the Social Network asks text, user, media and unique-id at the same time, and text asks others in turn. "
        "What would the median of composing a post gain if the own work of unique-id took no time at all?",
        ["About a quarter: one of four", "About a tenth", "Next to nothing"],
        2,
        "unique-id answers long before text does, and the request waits for text. What nobody waits for costs money, but no time.",
        {"trace": "social_network", "endpoint": "nginx compose post", "service": "unique-id", "speedup": "1000"},
        lambda data: nearest((0.25, 0.1, 0.0), _gain(data)),
        hint="Which of the four finishes last? What does the request do in the moment when another of them finishes?",
    ),
    Reach(
        "Find a recorded request that did not wait for a fifth of its spans, or more.",
        lambda data, arguments: data["traces"] > 0 and data["request"]["waited_for"] <= 0.8 * data["request"]["spans"],
        {"trace": "social_network", "endpoint": "nginx compose post"},
        {"trace": "online_boutique", "which": "slowest"},
        "Online Boutique makes every call in a row. Who starts calls at the same time?",
        "Where calls run at once, only the last to finish is on the path. Composing a post starts four.",
    ),
    Reach(
        "Bring the median of Online Boutique's requests to GET /product/{id} down by a tenth or more, by making the own work of one service faster.",
        lambda data, arguments: (
            arguments["trace"] == "online_boutique"
            and arguments["endpoint"].endswith("GET /product/{id}")
            and _gain(data) >= 0.1
        ),
        {"endpoint": "frontend GET /product/{id}", "service": "catalog", "speedup": "1000"},
        {"endpoint": "frontend GET /product/{id}", "service": "ad", "speedup": "1000"},
        "Look for the service with the longest bar of own work. However fast it gets, it cannot save more than that.",
        "catalog answers five or more calls for each product page, one after another. All others together are called less often.",
    ),
    to_write(
        "Walk one request backward: which of its calls did it wait for?",
        '''
        def waited_for(calls: list, end: int) -> list:
            """Return the names of the calls a request waited for, the first one first.

            `calls` are (name, start, end), of which no two end together. The request
            ends at `end`. It waited for the call that finished last by then; and
            before that call began, for the one that had finished last by that moment;
            and so on.

            >>> waited_for([("a", 0, 3), ("b", 1, 7), ("c", 7, 9)], 10)
            ['b', 'c']
            """
        ''',
        """
        found = []
        for name, start, done in sorted(calls, key=lambda call: -call[2]):
            if done <= end:
                found.append(name)
                end = start
        return found[::-1]
        """,
        """
        found = []
        for name, start, done in sorted(calls, key=lambda call: -call[2]):
            if not found or done < end:
                found.append(name)
                end = start
        return found[::-1]
        """,
        _check_waited_for,
        hint="Look at the calls from the one that ends last to the one that ends first, and remember the moment by which the next must have ended.",
        because="A call that ends in the very moment in which the next begins counts: the next one may have needed its result. Jaeger lost such "
        "calls in one of its tools until the summer of 2026; clocks that count in milliseconds make them common.",
    ),
    to_write(
        "Give every moment of a request to the span that it waited for.",
        '''
        def exclusive(span: dict) -> dict:
            """Return how long (ms) a request waited for each span on its path alone.

            `span` has a name of its own, start, end and calls, which are such spans
            within it; no two calls of one span end together. Calls are waited for as
            in the task before. What a span on the path did not spend waiting for calls
            is its own. Spans off the path do not appear.

            >>> b = {"name": "b", "start": 2, "end": 7, "calls": []}
            >>> c = {"name": "c", "start": 3, "end": 9, "calls": []}
            >>> exclusive({"name": "a", "start": 0, "end": 10, "calls": [b, c]})
            {'a': 4, 'c': 6}
            """
        ''',
        """
        end, found = span["end"], {span["name"]: 0}
        own = end - span["start"]
        for call in sorted(span["calls"], key=lambda call: -call["end"]):
            if call["end"] <= end:
                end = call["start"]
                own -= call["end"] - call["start"]
                found |= exclusive(call)
        found[span["name"]] = own
        return found
        """,
        """
        own = span["end"] - span["start"] - sum(call["end"] - call["start"] for call in span["calls"])
        found = {span["name"]: own}
        for call in span["calls"]:
            found |= exclusive(call)
        return found
        """,
        _check_exclusive,
        hint="A call that is waited for lies on the path with all that it waited for in turn: let the function call itself. "
        "A call that is not is left out whole.",
        because="These times add up to the latency, to the last nanosecond, which the lengths of spans do not. That makes them the ones to rank: "
        "a service cannot save more than its own time on the path.",
    ),
]

_CRISP = "https://github.com/uber-research/CRISP/tree/main/test_cases"
_JAEGER = "https://github.com/jaegertracing/jaeger/issues/9148"


def _microseconds(service: str, *spans: tuple[str, str, int, int]) -> float:
    """Return a service's own time on the path of a trace: its spans as (service, parent's service, start, end), in Jaeger's JSON."""
    written = [
        {
            "traceID": "A",
            "spanID": name,
            "operationName": "O",
            "references": [{"refType": "CHILD_OF", "traceID": "A", "spanID": parent}] if parent else [],
            "startTime": start,
            "duration": end - start,
            "process": {"serviceName": name},
        }
        for name, parent, start, end in spans
    ]
    data = run(trace=recording.parse(json.dumps({"data": [{"traceID": "A", "spans": written}]}), "oracle.json")).data
    found: float = data["exclusive_us"].get(f"{service}/O", 0.0)
    return found


def _case(what: str, number: int, published: int, service: str, *spans: tuple[str, str, int, int]) -> Oracle:
    ours = partial(_microseconds, service, *spans)
    return Oracle(what, published, ours, f"CRISP, test case {number}", f"{_CRISP}/{number}.json", tolerance=0, digits=3)


_INNER = (("A", "", 0, 100), ("B", "A", 10, 60), ("C", "B", 20, 30))
_THREE = (("A", "", 0, 100), ("B", "A", 10, 30), ("C", "A", 40, 50), ("D", "A", 60, 90))
_OVER = (("A", "", 0, 100), ("B", "A", 10, 110), ("C", "B", 40, 50))
_AFTER = (("A", "", 0, 100), ("B", "A", 110, 160), ("C", "B", 120, 150), ("D", "A", 60, 90))

ORACLES = [
    _case("A from 0 to 100 calls B from 10 to 60: A's own time", 2, 50, "A", ("A", "", 0, 100), ("B", "A", 10, 60)),
    _case("B also calls C from 20 to 30: B's own time", 4, 40, "B", *_INNER),
    _case("A calls B, C and D in a row: A's own time", 6, 40, "A", *_THREE),
    _case("… D's own time", 6, 30, "D", *_THREE),
    _case("B ends after its caller A: B's own time, cut at A's end and without its call", 7, 80, "B", *_OVER),
    _case("B begins after its caller A has ended: A's own time, B left out", 9, 70, "A", *_AFTER),
    _case("… B's own time", 9, 0, "B", *_AFTER),
    Oracle(
        "Two calls in a row that meet in one instant: the first one's own time",
        50,
        lambda: _microseconds("1", ("P", "", 100, 200), ("1", "P", 100, 150), ("2", "P", 150, 200)),
        "Jaeger, issue 9148",
        _JAEGER,
        tolerance=0,
        digits=3,
    ),
]

LIMITS = [
    "A trace shows what was noted down. A service, a database or a queue that writes no spans is part of its caller's time here.",
    "That a call began when another had ended does not prove that it needed its result. The path takes it so; the code may know better.",
    "In a call's time, network, the writing and reading of messages, and waiting for a connection or a thread of the callee are one.",
    "The what-if keeps all other work as it was. A faster service under load also has a shorter queue, and gains more than that.",
    "Traces that were kept because they were slow or failed are no random sample; their percentiles are not your users'.",
    "Spans whose clocks disagree are moved to where they fit, which gives both ways of a call the same time. Each repair is counted.",
    "Two calls in a row may overlap by a trifle, because of their clocks. Each moment counts once here; CRISP counts it for both.",
    "Of more than 500 requests, the what-if and the requests to one endpoint are looked at in a random sample of 500, fewer if they are large.",
    "Percentiles come from histograms and are within 0.4 %. Sums and means are exact.",
]
