"""The lab "What it waited for": its numbers add up, its files are read in pieces, and what it learns runs in the other labs."""

import doctest
import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_traces import trees

from labs_py import __main__ as terminal
from labs_py import desk, lab
from labs_py.labs import critical_path as module
from labs_py.model import operation_names, recording
from labs_py.model.critical_path import critical_path
from labs_py.model.operation_names import MOST_NAMES, MOST_SERVICES, REPLACED, TOO_MANY, OperationNames
from labs_py.model.trace import TracedSpan
from labs_py.model.trace_file import TraceFileError
from labs_py.model.trace_summary import KEPT, SPANS_KEPT, TraceSummary
from labs_py.parameter import LabError
from labs_py.report import Document
from labs_py.trace_figures import MOST_ROWS, most_telling, request_figure, rows_of


def data(**arguments: object) -> Mapping[str, Any]:
    return lab.load("critical_path").report(arguments).data


def trace(number: int, *spans: tuple[str, str, str, int, int]) -> dict[str, Any]:
    """A trace of Jaeger's: spans as (id, parent, service/operation, start, end) in milliseconds."""
    return {
        "traceID": f"T{number}",
        "processes": {},
        "spans": [
            {
                "traceID": f"T{number}",
                "spanID": ident,
                "operationName": name.partition("/")[2],
                "references": [{"refType": "CHILD_OF", "traceID": f"T{number}", "spanID": parent}] if parent else [],
                "startTime": start * 1000,
                "duration": (end - start) * 1000,
                "process": {"serviceName": name.partition("/")[0]},
            }
            for ident, parent, name, start, end in spans
        ],
    }


def text_of(*found: Mapping[str, Any]) -> str:
    return json.dumps({"data": list(found)})


SHOP = trace(
    1,
    ("1", "", "web/GET /", 0, 100),
    ("2", "1", "cart/Get", 10, 40),
    ("3", "1", "ad/Ad", 10, 20),
    ("4", "1", "price/Convert", 40, 90),
)


def test_exclusive_times_add_up_to_the_mean_latency() -> None:
    for arguments in ({}, {"trace": "social_network"}, {"endpoint": "frontend GET /"}):
        found = data(**arguments)
        assert math.fsum(found["exclusive_us"].values()) == pytest.approx(found["latency"]["mean_ms"] * 1000)
        assert math.fsum(found["share"].values()) + found["share_of_calls"] == pytest.approx(1)


def test_one_trace_by_hand() -> None:
    found = data(trace={"file": "shop.json", "text": text_of(SHOP)}, service="price", speedup="2")
    assert found["traces"] == 1
    assert found["exclusive_us"] == {"web/GET /": 20_000, "cart/Get": 30_000, "price/Convert": 50_000}
    assert found["request"] | {"duration_ms": 0} == {
        "which": "median", "name": "web GET /", "duration_ms": 0, "spans": 4, "waited_for": 3,
    }  # fmt: skip
    assert found["what_if"]["after"]["mean_ms"] == pytest.approx(75)
    # Cart and ad together, then price: at once they would save the shorter of the two rows.
    assert found["in_a_row_ms"] == {"web/GET /": 30}
    assert found["repairs"] == {}


def test_the_report_says_what_was_put_right_and_names_the_off_path() -> None:
    skewed = trace(2, ("1", "", "web/GET /", 10, 100), ("2", "1", "cart/Get", 0, 30), ("3", "x", "ad/Ad", 40, 50))
    report = lab.load("critical_path").report({"trace": {"file": "skew.json", "text": text_of(SHOP, skewed)}})
    assert sum(report.data["repairs"].values()) == 2
    for name in report.data["repairs"]:
        assert name in report.text()
    [row] = [row for row in report.figures[0].table.rows if row[0].endswith("ad/Ad")]
    assert row[-1] in ("yes", "no")


def test_the_choices_are_those_of_the_file_and_defaults_give_way() -> None:
    answer = json.loads(
        desk.respond(
            json.dumps({"lab": "critical_path", "arguments": {"trace": {"file": "a.json", "text": text_of(SHOP)}}})
        )
    )
    assert [value for value, _ in answer["options"]["service"]] == ["price", "cart", "web", "ad"]
    assert [value for value, _ in answer["options"]["endpoint"]] == ["all", "web GET /"]
    assert answer["arguments"]["trace"] == "a.json"
    assert answer["data"]["what_if"]["service"] == "price"


def test_call_counts_alone_become_an_architecture_and_no_times() -> None:
    counts = json.dumps({"data": [{"parent": "web", "child": "cart", "callCount": 3}]})
    report = lab.load("critical_path").report({"trace": {"file": "deps.json", "text": counts}})
    assert report.data["services"] == ["cart", "web"]
    assert "holds no request" in report.takeaway
    [document] = report.documents
    assert lab.load("weakest_link").report({"architecture": {"file": document.name, "text": document.text}})


@pytest.mark.parametrize("name", recording.names())
@pytest.mark.parametrize("other", ["hop_latency", "failure_isolation", "weakest_link"])
def test_what_is_learned_runs_in_the_other_labs(name: str, other: str) -> None:
    [document] = lab.load("critical_path").report({"trace": name}).documents
    report = lab.load(other).report({"architecture": {"file": document.name, "text": document.text}})
    assert report.takeaway


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold at least one request, got none"),
        ('{"data": []}', "must hold at least one request, got none"),
        ("[1, 2]", "must hold traces of Jaeger"),
        ('{"data": [{"spans": [{"spanID": "1"', "must be JSON"),
        ('{"traceID": "1", "spans": []}', "Export button"),
        ("name,duration\n", "must be JSON"),
        ("[" * 100_000, "nested too deep"),
        (text_of(trace(1, ("1", "", "a/b", 0, 1))).replace('"duration": 1000', '"duration": NaN'), "must be a whole number"),
        (text_of(trace(1, ("1", "", "a/b", 0, 1))).replace('"duration": 1000', f'"duration": {"9" * 5_000}'), "too many digits"),
        (text_of(trace(1, ("1", "", "a/b", 0, 1))).replace('"duration": 1000', '"duration": -5'), "must be a whole number"),
    ],
)  # fmt: skip
def test_a_bad_file_gives_one_message_that_names_it(text: str, message: str) -> None:
    with pytest.raises(LabError, match=r"bad\.json") as caught:
        data(trace={"file": "bad.json", "text": text})
    assert message in str(caught.value)


_JAEGER = text_of(SHOP)
_OTLP = json.dumps(
    {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "a",
                                "spanId": ident,
                                "parentSpanId": parent,
                                "name": "GET /7",
                                "kind": 2,
                                "startTimeUnixNano": "5",
                                "endTimeUnixNano": "90000",
                                "status": {"code": 2},
                                "links": [],
                            }
                            for ident, parent in (("1", ""), ("2", "1"))
                        ]
                    }
                ],
            }
        ]
    }
)
_PIECES = [
    "null",
    "-1",
    "1e400",
    "NaN",
    '"x"',
    "[]",
    "{}",
    "9" * 30,
    "9" * 5_000,
    "[[",
    "}",
    ",",
    '"',
    "0.5",
    "true",
    '"' + "y" * 5_000 + '"',
]
_VALUES = re.compile(r'"[^"]*"(?!:)|\d+|\[\]|null')


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([_JAEGER, _OTLP]),
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(_PIECES)), min_size=1, max_size=3),
)
def test_a_damaged_file_gives_a_result_or_one_message_that_names_it(text: str, damage: list[tuple[int, str]]) -> None:
    for place, piece in damage:
        found = list(_VALUES.finditer(text))
        where = found[place % len(found)]
        text = text[: where.start()] + piece + text[where.end() :]
    request = {"lab": "critical_path", "arguments": {"trace": {"file": "damaged.json", "text": text}}}
    answer = json.loads(desk.respond(json.dumps(request)))
    if "error" in answer:
        assert "damaged.json" in answer["error"]
        assert len(answer["error"]) < 1_000
    else:
        assert json.dumps(answer, allow_nan=False)


def test_a_file_is_read_once_in_pieces_with_progress(tmp_path: Path) -> None:
    file = tmp_path / "many.json"
    one = json.dumps(SHOP)
    file.write_text(f'{{"data": [{", ".join(one.replace("T1", f"T{number}") for number in range(1500))}]}}')
    told: list[tuple[int, int, int]] = []
    arguments: dict[str, object] = {
        "trace": {"file": "many.json", "path": str(file), "tell": lambda *how: told.append(how)}
    }
    found = data(**arguments)
    assert found["traces"] == 1500
    assert found["sampled"]
    size = file.stat().st_size
    assert size > 2 << 19, "the file must be larger than a piece"
    assert {total for _, total, _ in told} == {size}
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1] == (size, size, 1500)
    said = len(told)
    assert data(**arguments, service="web")["what_if"]["service"] == "web"
    assert len(told) == said, "another what-if must not read the file again"
    file.write_text(text_of(SHOP))
    assert data(**arguments)["traces"] == 1, "a file that has changed is read again"


def test_the_desk_passes_on_how_far_a_file_has_been_read(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(text_of(SHOP))
    told: list[tuple[int, int, int]] = []
    request = {"lab": "critical_path", "arguments": {"trace": {"file": "shop.json", "path": str(file)}}}
    answer = json.loads(desk.respond(json.dumps(request), lambda *how: told.append(how)))
    assert answer["data"]["traces"] == 1
    assert told[-1] == (file.stat().st_size, file.stat().st_size, 1)


@pytest.mark.parametrize("form", ["body", "lines", "jaeger 3", "tempo"])
def test_the_forms_in_which_otlp_comes(form: str) -> None:
    times = {"startTimeUnixNano": "0", "endTimeUnixNano": "1000000"}
    span = {"traceId": "a", "spanId": "b", "parentSpanId": "", "name": "GET", "kind": 2, **times}
    part = {
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
        "scopeSpans": [{"spans": [span]}],
    }
    body = json.dumps({"resourceSpans": [part]})
    other = body.replace('"a"', '"c"')
    text = {
        "body": body,
        "lines": f"{body}\n{other}\n",
        "jaeger 3": json.dumps({"result": {"resourceSpans": [part]}}),
        "tempo": json.dumps({"batches": [part]}),
    }[form]
    found = data(trace={"file": "otlp.json", "text": text})
    assert found["exclusive_us"] == {"web/GET": 1000}
    assert found["traces"] == (2 if form == "lines" else 1)


def test_a_compressed_file_is_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.json.gz"
    file.write_bytes(gzip.compress(text_of(SHOP).encode()))
    assert data(trace={"file": file.name, "path": str(file)})["traces"] == 1
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(LabError, match=r"shop\.json\.gz must be a whole gzip file"):
        data(trace={"file": file.name, "path": str(file)})


def test_a_binary_file_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "traces.pb"
    file.write_bytes(b"\x0a\xff\xfe\x00")
    with pytest.raises(LabError, match=r"traces\.pb must be JSON, which is text in UTF-8, got the byte 0xff"):
        data(trace={"file": file.name, "path": str(file)})


def test_the_terminal_reads_a_file_and_writes_the_architecture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "shop.json", tmp_path / "learned.toml"
    file.write_text(text_of(SHOP))
    words = ["run", "critical_path", "--trace", str(file), "--architecture", str(target)]
    assert terminal.main(words) == 0
    assert terminal.main(["run", "hop_latency", "--architecture", str(target)]) == 0
    assert "1 request waited" in capsys.readouterr().out
    assert terminal.main(["run", "critical_path", "--trace", str(tmp_path / "none.json")]) == 2
    assert terminal.main([*words[:-1], str(tmp_path / "no" / "folder.toml")]) == 2
    error = capsys.readouterr().err
    assert "none.json must be a file that can be read, got no such file or directory" in error
    assert "--architecture must be a file that can be written" in error
    assert error.count("\n") == 2


def test_ctrl_c_ends_with_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recording, "recorded", interrupted)
    monkeypatch.setattr(recording, "_latest", {})
    assert terminal.main(["run", "critical_path", "--trace", __file__]) == 130
    assert capsys.readouterr().err == "labs_py: stopped\n"


def test_progress_is_for_terminals_and_not_more_than_twice_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    progress = terminal._Progress()
    for step in range(100):
        now[0] = step / 50
        progress(step, 100, step)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True)
    for step in range(100):
        now[0] = 10 + step / 50
        progress(step, 100, step)
    progress.clear()
    error = capsys.readouterr().err
    assert 3 <= error.count("% read") <= 5
    assert error.endswith("\r\x1b[K")


@given(trees())
def test_the_rows_of_a_request_hold_its_whole_path(first: TracedSpan) -> None:
    rows = rows_of(first)
    assert sum(row.own_ns for row in rows) == first.duration_ns
    waited = {id(stretch.span) for stretch in critical_path(first)}
    assert {id(row.span) for row in rows if row.own_ns} == waited
    chosen = most_telling(rows)
    assert len(chosen) == min(len(rows), MOST_ROWS) or len(rows) > MOST_ROWS
    assert all(row.parent is None or any(row.parent is other for other in chosen) for row in chosen)


def test_both_sides_of_a_call_are_one_row() -> None:
    server = TracedSpan("b", "x", 20, 50, "server", False, True)
    client = TracedSpan("a", "call b", 10, 60, "client", False, True, [server])
    rows = rows_of(TracedSpan("a", "GET", 0, 100, "server", False, True, [client]))
    assert [(row.span.name, row.outer.name) for row in rows] == [("a/GET", "a/GET"), ("b/x", "a/call b")]
    assert [sum(one.duration_ns for one in row.call) for row in rows] == [0, 20]


def test_a_request_of_ten_thousand_spans_is_drawn_with_a_bounded_number_of_rows() -> None:
    children = [TracedSpan("b", f"{n}", n, n + 1, "", False, True) for n in range(10_000)]
    figure = request_figure(TracedSpan("a", "GET", 0, 10_000, "", False, True, children), "One")
    assert len(figure.table.rows) == MOST_ROWS
    assert "9,961 rows with less to tell not shown" in figure.caption


@pytest.mark.parametrize(
    "spans",
    [
        [("0", "", "a/b", 0, 100_000), *((f"{n}", f"{n - 1}", "a/b", n, 100_000 - n) for n in range(1, 20_000))],
        [("0", "", "a/b", 0, 100_000), *((f"{n}", "0", "a/b", n, n + 1) for n in range(1, 20_000))],
        [("0", "", "a/b", 0, 9), *((f"{n}", f"{n % 9_000 + 1}", "a/b", 1, 2) for n in range(1, 9_001))],
        [("x" * 1_000_000, "", "a/" + "y" * 1_000_000, 0, 9)],
    ],
    ids=["a chain", "one parent", "a loop", "long names"],
)
def test_a_hostile_file_costs_no_more_than_its_size(spans: list[Any]) -> None:
    """Each would take hours, or megabytes of answer, if anything grew with the square of it."""
    found = lab.load("critical_path").report({"trace": {"file": "hostile.json", "text": text_of(trace(1, *spans))}})
    assert found.data["traces"] == 1
    assert len(found.html()) < 200_000


def test_the_sample_of_large_requests_is_small() -> None:
    summary = TraceSummary()
    rng = Random(1)
    for number in range(60):
        size = rng.randint(1, 2) * SPANS_KEPT // 20
        children = [TracedSpan("b", "x", n, n + 1, "", False, True) for n in range(size)]
        summary.add(TracedSpan("a", "GET", 0, size + number, "", False, True, children))
        assert 1 <= len(summary.kept) <= KEPT
        assert sum(1 for first in summary.kept for _ in first.walk()) <= SPANS_KEPT + 1
    assert summary.slowest is not None
    assert summary.slowest.duration_ns == max(histogram.largest for histogram in summary.latency.values())


def test_ids_in_names_are_one_name() -> None:
    assert doctest.testmod(operation_names).failed == 0
    repairs: Counter[str] = Counter()
    names = OperationNames(repairs)
    for given_name, plain in {
        "GET /user/123": "GET /user/{id}",
        "GET /user/3fa85f64-5717-4562-b3fc-2c963f66afa6/cart": "GET /user/{id}/cart",
        "GET /object/deadbeef42/": "GET /object/{id}/",
        "GET /search?q=shoes&page=2": "GET /search",
        "SELECT where id=17": "SELECT where id={id}",
        "GET /v2/facade": "GET /v2/facade",
        "HTTP 200": "HTTP 200",
        "GET /user/{id}": "GET /user/{id}",
    }.items():
        assert names.plain("shop", given_name) == ("shop", plain)
    assert repairs == {REPLACED: 5}


def test_names_without_end_end_at_a_thousand() -> None:
    repairs: Counter[str] = Counter()
    names = OperationNames(repairs)
    found = {names.plain(f"s{n % 3}", f"name {n} of many") for n in range(5_000)}
    assert len(found) == MOST_NAMES + 3
    assert repairs[TOO_MANY] == 5_000 - MOST_NAMES
    found = {OperationNames(repairs).plain("a", "b")} | {names.plain(f"t{n}", "b") for n in range(5_000)}
    assert len({service for service, _ in found}) <= MOST_SERVICES + 2


def test_a_thousand_addresses_of_one_operation_are_one_endpoint() -> None:
    many = [trace(n, ("1", "", f"web/GET /user/{n}", 0, 10)) for n in range(1_000)]
    found = recording.parse(text_of(*many), "users.json").summary
    assert list(found.latency) == [("web", "GET /user/{id}")]
    assert found.repairs[REPLACED] == 1_000


@given(st.integers(0, 10_000))
def test_the_references_of_the_tasks_are_what_the_lab_computes(seed: int) -> None:
    drawn = module._drawn_span(Random(seed))

    def traced(span: Mapping[str, Any]) -> TracedSpan:
        return TracedSpan(
            span["name"], "", span["start"], span["end"], "", False, True, [traced(c) for c in span["calls"]]
        )

    found: Counter[str] = Counter()
    for stretch in critical_path(traced(drawn)):
        found[stretch.span.service] += stretch.duration_ns
    expected = module._exclusive(drawn)
    assert {name: time for name, time in expected.items() if time} == dict(found)


def test_a_document_is_folded_in_the_page_and_named_in_the_terminal() -> None:
    document = Document("a.toml", 'name = "<x>"', "As a file")
    assert "&lt;x&gt;" in document.html()
    assert 'data-name="a.toml"' in document.html()
    text = lab.load("critical_path").report({}).text()
    assert "online_boutique.learned.toml" in text


def test_a_recording_that_is_not_shipped_is_refused_by_name() -> None:
    with pytest.raises(
        LabError, match="trace must be one of online_boutique, social_network, got 'boutique'; did you mean"
    ):
        data(trace="boutique")
    with pytest.raises(TraceFileError, match="must be one of online_boutique, social_network"):
        recording.load("boutique")
