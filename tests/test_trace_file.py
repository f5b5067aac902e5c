"""Files of traces: the formats that are read, and one clear message for all others."""

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.recorded_span import RecordedSpan
from labs_py.model.trace_file import Dependency, TraceFileError, recorded

JAEGER: dict[str, Any] = {
    "data": [
        {
            "traceID": "A",
            "spans": [
                {
                    "traceID": "A",
                    "spanID": "1",
                    "operationName": "GET /",
                    "references": [],
                    "startTime": 1000,
                    "duration": 100,
                    "processID": "p1",
                    "tags": [{"key": "span.kind", "type": "string", "value": "server"}],
                },
                {
                    "traceID": "A",
                    "spanID": "2",
                    "operationName": "GetCart",
                    "references": [{"refType": "CHILD_OF", "traceID": "A", "spanID": "1"}],
                    "startTime": 1010,
                    "duration": 50,
                    "processID": "p2",
                    "tags": [{"key": "error", "type": "bool", "value": True}],
                },
            ],
            "processes": {"p1": {"serviceName": "frontend", "tags": []}, "p2": {"serviceName": "cart", "tags": []}},
        }
    ],
    "total": 0,
    "limit": 0,
    "errors": None,
}
FROM_JAEGER = [
    RecordedSpan("A", "1", "", "frontend", "GET /", 1_000_000, 1_100_000, "server"),
    RecordedSpan("A", "2", "1", "cart", "GetCart", 1_010_000, 1_060_000, "", failed=True),
]
OTLP: dict[str, Any] = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]},
            "scopeSpans": [
                {
                    "scope": {"name": "lib"},
                    "spans": [
                        {
                            "traceId": "5B8EFFF798038103D269B633813FC60C",
                            "spanId": "EEE19B7EC3C1B174",
                            "parentSpanId": "",
                            "name": "GET /",
                            "kind": 2,
                            "startTimeUnixNano": "1544712660000000000",
                            "endTimeUnixNano": "1544712661000000001",
                            "attributes": [],
                            "links": [{"traceId": "1", "spanId": "2"}],
                            "status": {"code": 2},
                            "aFieldOfTomorrow": 1,
                        }
                    ],
                }
            ],
        }
    ]
}
FROM_OTLP = RecordedSpan(
    "5B8EFFF798038103D269B633813FC60C",
    "EEE19B7EC3C1B174",
    "",
    "frontend",
    "GET /",
    1544712660000000000,
    1544712661000000001,
    "server",
    failed=True,
    links=1,
)


def read(document: object) -> list[Any]:
    return list(recorded([json.dumps(document)], "my.json"))


def test_jaegers_json_is_read() -> None:
    assert read(JAEGER) == FROM_JAEGER
    assert read(JAEGER["data"]) == FROM_JAEGER, "a bare list of traces"


def test_an_otlp_body_and_the_exporters_lines_give_the_same_spans() -> None:
    assert read(OTLP) == [FROM_OTLP]
    line = json.dumps(OTLP)
    assert list(recorded([f"{line}\n", f"{line}\n"], "traces.jsonl")) == [FROM_OTLP, FROM_OTLP]


def test_a_parent_of_nothing_but_zeros_is_none() -> None:
    document = deepcopy(OTLP)
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["parentSpanId"] = "0000000000000000"
    assert read(document)[0].parent == ""


def test_enumerations_may_be_names_and_older_files_name_the_scope_otherwise() -> None:
    document = deepcopy(OTLP)
    part = document["resourceSpans"][0]
    part["scopeSpans"][0]["spans"][0] |= {"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_OK"}}
    part["instrumentationLibrarySpans"] = part.pop("scopeSpans")
    assert (read(document)[0].kind, read(document)[0].failed) == ("client", False)


def test_references_say_what_is_a_child_and_what_only_follows() -> None:
    document = deepcopy(JAEGER)
    span = document["data"][0]["spans"][1]
    span["references"] = [
        {"refType": "FOLLOWS_FROM", "traceID": "B", "spanID": "9"},
        {"refType": "FOLLOWS_FROM", "traceID": "A", "spanID": "1"},
    ]
    found = read(document)[1]
    assert (found.parent, found.waited_for, found.links) == ("1", False, 1)
    span["references"] = []
    span["parentSpanID"] = "1"
    assert read(document)[1].parent == "1"


def test_jaegers_dependencies_are_read() -> None:
    assert read({"data": [{"parent": "a", "child": "b", "callCount": 7}]}) == [Dependency("a", "b", 7)]


def test_an_empty_answer_holds_nothing() -> None:
    assert read({"data": []}) == read({"data": None}) == read({"resourceSpans": []}) == []
    assert list(recorded([], "empty.json")) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["data", 0, "spans", 0, "startTime"], "soon", "my.json: span '1': startTime must be a whole number, at least 0, got 'soon'"),
        (["data", 0, "spans", 0, "duration"], -1, "my.json: span '1': duration must be a whole number, at least 0, got -1"),
        (["data", 0, "spans", 0, "spanID"], "", "my.json: span '': spanID must be text that is not empty, got ''"),
        (["data", 0, "spans", 0], 5, "my.json must have the form of Jaeger's or OTLP's JSON, got something else"),
        (["data", 0], "trace", "my.json must hold traces of Jaeger .* or OTLP .*, got 'trace'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(path: list[Any], value: object, message: str) -> None:
    document = deepcopy(JAEGER)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(TraceFileError, match=message):
        read(document)


def test_a_damaged_file_says_where_and_what_came_before() -> None:
    text = json.dumps(JAEGER["data"])[:-1] + ', {"spans'
    with pytest.raises(TraceFileError, match=r"my.json must be JSON: .* at character [\d,]+, after 2 spans"):
        list(recorded([text], "my.json"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["spans", "spanID", "key", "x"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@given(st.sampled_from([JAEGER, OTLP]), st.lists(st.integers(0, 9), max_size=9), VALUES)
def test_a_file_with_anything_anywhere_is_read_or_refused_in_words(original: Any, turns: list[int], value: Any) -> None:
    document = deepcopy(original)
    place, last = {"top": document}, "top"
    for turn in turns:
        inner = place[last]
        keys: list[Any] = (
            list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        )
        if not keys:
            break
        place, last = inner, keys[turn % len(keys)]
    place[last] = value
    with suppress(TraceFileError):
        assert all(isinstance(item, RecordedSpan | Dependency) for item in read(document if last != "top" else value))
