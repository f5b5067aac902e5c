"""What many requests have in common adds up to what each of them says."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_traces import trees
from recorded_plans import Recorder

from labs_py.model import architecture_file
from labs_py.model.critical_path import critical_path
from labs_py.model.plan import plan_request
from labs_py.model.trace import TracedSpan
from labs_py.model.trace_file import Dependency
from labs_py.model.trace_summary import KEPT, TraceSummary


@given(st.lists(trees(), min_size=1, max_size=5))
def test_exclusive_times_add_up_to_the_latencies(found: list[TracedSpan]) -> None:
    summary = TraceSummary()
    for first in found:
        summary.add(first)
    assert math.fsum(share.exclusive.total for share in summary.shares.values()) == sum(
        first.duration_ns for first in found
    )
    assert sum(histogram.count for histogram in summary.latency.values()) == summary.requests == len(found)
    by_service = Counter[str]()
    for first in found:
        for stretch in critical_path(first):
            by_service[stretch.span.service] += stretch.duration_ns
    for service, total in by_service.items():
        assert math.fsum(s.exclusive.total for (name, _), s in summary.shares.items() if name == service) == total


def test_a_service_made_faster_shortens_what_waits_for_it() -> None:
    plan = plan_request(architecture_file.load("online_boutique"), "GET /")
    recorder, summary = Recorder(), TraceSummary()
    for number in range(30):
        recorder.request(plan, f"T{number}", "GET /", number * 10**10)
    assert list(summary.read(recorder.spans)) == [30]
    recorded = summary.latency["frontend", "GET /"].mean
    assert recorded == pytest.approx(recorder.spans[0].end_ns / 1e9)
    currency = math.fsum(s.exclusive.total for (name, _), s in summary.shares.items() if name == "currency") / 30 / 1e9
    faster = summary.latency_if(lambda span: 0.5 if span.service == "currency" else 1.0)
    assert faster.mean == pytest.approx(recorded - currency / 2, rel=1e-6)
    # Every call of the home page follows the one before: at once they would take as long as the longest.
    rows = summary.shares["frontend", "GET /"].in_a_row_ns / 30 / 1e9
    assert 0.5 * recorded < rows < recorded


def test_a_sample_is_kept_and_progress_told_however_many_requests_there_are() -> None:
    recorder, summary = Recorder(), TraceSummary()
    plan = plan_request(
        architecture_file.load("textbook_chain"), next(iter(architecture_file.load("textbook_chain").endpoints))
    )
    for number in range(KEPT + 150):
        recorder.request(plan, f"T{number}", "GET", number * 10**10)
    assert list(summary.read(recorder.spans)) == [200, 400, 600, KEPT + 150]
    assert len(summary.kept) == KEPT
    assert len({id(first) for first in summary.kept}) == KEPT


def test_dependencies_among_the_spans_go_to_the_architecture() -> None:
    summary = TraceSummary()
    assert list(summary.read([Dependency("web", "cart", 3)])) == [0]
    assert 'services."cart"' in summary.architecture.text("x", "y")
