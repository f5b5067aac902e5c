"""Recorded traces, read from the files that Jaeger and OpenTelemetry write, however large.

Understood, and told apart by content: Jaeger's JSON (the answer of its API and what its page downloads; times in microseconds), OTLP
JSON as a request body or as the file exporter's lines (times in nanoseconds, as strings), and Jaeger's dependencies, which hold call
counts and no spans.

Source:
    OpenTelemetry, "OpenTelemetry Protocol Specification" (JSON Protobuf Encoding), https://opentelemetry.io/docs/specs/otlp/
    Jaeger, "APIs", https://www.jaegertracing.io/docs/latest/architecture/apis/
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labs_py.model.json_stream import JSONStreamError, elements
from labs_py.model.recorded_span import Kind, RecordedSpan

_OTLP = ("resourceSpans", "resource_spans", "batches")  # the last is what Grafana Tempo says
_ARRAYS = ("data", *_OTLP)
_OTLP_KINDS: Mapping[object, Kind] = {
    **dict.fromkeys((1, "SPAN_KIND_INTERNAL"), "internal"),
    **dict.fromkeys((2, "SPAN_KIND_SERVER"), "server"),
    **dict.fromkeys((3, "SPAN_KIND_CLIENT"), "client"),
    **dict.fromkeys((4, "SPAN_KIND_PRODUCER"), "producer"),
    **dict.fromkeys((5, "SPAN_KIND_CONSUMER"), "consumer"),
}
_JAEGER_KINDS: Mapping[object, Kind] = {kind: kind for kind in ("server", "client", "producer", "consumer", "internal")}


class TraceFileError(ValueError):
    """A file of traces cannot be used. The message names the file, the rule, what was found, and the remedy."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """How often one service called another, by Jaeger's own count."""

    caller: str
    callee: str
    calls: int


Recorded = RecordedSpan | Dependency


def recorded(chunks: Iterable[str], file: str) -> Iterator[Recorded]:
    """Yield what a file holds, in its order. `chunks` are the pieces of its text, `file` its name for messages.

    What is held in memory is one element at a time: a trace of Jaeger's, a resource's spans or a line of OTLP's.

    Raises:
        TraceFileError: the text is not JSON, is none of these formats, or lacks what a span must have.
    """
    count = 0
    try:
        for key, item in elements(chunks, _ARRAYS):
            found = list(_element(key, item, file))
            count += len(found)
            yield from found
    except (AttributeError, KeyError, TypeError) as error:
        raise TraceFileError(
            f"{file} must have the form of Jaeger's or OTLP's JSON, got something else after {count:,} spans ({error}). Export the traces again."
        ) from None
    except JSONStreamError as error:
        after = f", after {count:,} spans" if count else ""
        what = f"{str(error).removesuffix(' starting at')} at character {error.position + 1:,}{after}"
        raise TraceFileError(
            f"{file} must be JSON: {what}. Export the traces again, or cut the damaged end off."
        ) from None


def _element(key: str, item: Any, file: str) -> Iterable[Recorded]:
    if key in _OTLP:
        return _otlp(item, f"{file}: {key}")
    if key == "result" and isinstance(item, Mapping):  # an answer of Jaeger's API in version 3
        return (span for part in item.get("resourceSpans") or () for span in _otlp(part, file))
    if key == "spans":  # what the page of Jaeger writes since 2025: times in it are cut to milliseconds
        raise TraceFileError(
            f"{file} must be a trace as Jaeger's API gives it, got what its Export button writes, which has start times in milliseconds only. "
            "Choose Trace JSON (unadjusted) in the same page, and save that."
        )
    if key in ("data", "") and not (
        key == "data" and item is None
    ):  # None is what Jaeger answers when it finds nothing
        return _listed(item, file)
    return []  # Jaeger's total, limit, offset, errors


def _listed(item: Any, file: str) -> Iterable[Recorded]:
    """Return what an element of a list is about: a trace of Jaeger's, a dependency, or a line of OTLP's that somebody put there."""
    if isinstance(item, Mapping):
        if "parent" in item and "child" in item:
            return [_dependency(item, file)]
        if "spans" in item:
            return _jaeger(item, file)
        if "resourceSpans" in item:
            return (span for part in item["resourceSpans"] for span in _otlp(part, file))
    raise TraceFileError(
        f"{file} must hold traces of Jaeger (data, with spans and processes) or OTLP (resourceSpans), got {_short(item)}"
    )


def _jaeger(trace: Mapping[str, Any], file: str) -> Iterator[RecordedSpan]:
    processes = trace.get("processes") or {}
    for span in trace["spans"] or ():
        where = f"{file}: span {_short(span.get('spanID') if isinstance(span, Mapping) else span)}"
        process = _field(span, "process", where) if "process" in span else processes.get(span.get("processID"), {})
        tags = {tag.get("key"): tag.get("value") for tag in span.get("tags") or ()}
        parent, waited_for, links = _parent_of(span, where)
        start = _whole(span, "startTime", where) * 1000
        yield RecordedSpan(
            _text(span.get("traceID", trace.get("traceID")), "traceID", where),
            _text(span.get("spanID"), "spanID", where),
            parent,
            str(process.get("serviceName") or "unknown"),
            str(span.get("operationName") or "unnamed"),
            start,
            start + _whole(span, "duration", where) * 1000,
            _JAEGER_KINDS.get(tags.get("span.kind"), ""),
            tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR",
            waited_for,
            links,
        )


def _parent_of(span: Mapping[str, Any], where: str) -> tuple[str, bool, int]:
    """Return a Jaeger span's parent, whether it waits for the span, and the number of other references."""
    references = span.get("references") or ()
    own = [item for item in references if item.get("traceID", span.get("traceID")) == span.get("traceID")]
    chosen = next((item for item in own if item.get("refType") == "CHILD_OF"), own[0] if own else None)
    if chosen is None:
        return str(span.get("parentSpanID") or ""), True, len(references)
    return (
        _text(chosen.get("spanID"), "spanID of a reference", where),
        chosen.get("refType") != "FOLLOWS_FROM",
        len(references) - 1,
    )


def _otlp(resource_spans: Any, file: str) -> Iterator[RecordedSpan]:
    resource = resource_spans.get("resource") or {}
    service = _attributes(resource).get("service.name") or "unknown"
    scopes = resource_spans.get("scopeSpans") or resource_spans.get("instrumentationLibrarySpans") or ()
    for span in (span for scope in scopes for span in scope.get("spans") or ()):
        where = f"{file}: span {_short(span.get('spanId'))}"
        kind: Kind = _OTLP_KINDS.get(span.get("kind"), "")
        yield RecordedSpan(
            _text(span.get("traceId"), "traceId", where),
            _text(span.get("spanId"), "spanId", where),
            str(span.get("parentSpanId") or "").strip("0") and str(span["parentSpanId"]),
            str(service),
            str(span.get("name") or "unnamed"),
            _whole(span, "startTimeUnixNano", where),
            _whole(span, "endTimeUnixNano", where),
            kind,
            (span.get("status") or {}).get("code") in (2, "STATUS_CODE_ERROR"),
            True,
            len(span.get("links") or ()),
        )


def _attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {
        item.get("key"): next(iter((item.get("value") or {}).values()), None) for item in holder.get("attributes") or ()
    }


def _dependency(item: Mapping[str, Any], file: str) -> Dependency:
    where = f"{file}: dependency"
    calls = _whole(item, "callCount", where)
    return Dependency(_text(item["parent"], "parent", where), _text(item["child"], "child", where), calls)


def _field(span: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = span[name]
    if not isinstance(value, Mapping):
        raise TraceFileError(f"{where}: {name} must be an object, got {_short(value)}")
    return value


def _text(value: object, name: str, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise TraceFileError(f"{where}: {name} must be text that is not empty, got {_short(value)}")
    return value


def _whole(item: Mapping[str, Any], name: str, where: str) -> int:
    """Return a whole number that is given as one or, as OTLP does, as a string of digits."""
    value = item.get(name)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1 and value >= 0:
        return int(value)
    raise TraceFileError(f"{where}: {name} must be a whole number, at least 0, got {_short(value)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
