"""The critical path: instant by instant it is what the request waited for, and a request is as long as its path."""

import pytest
from hypothesis import given
from random_traces import trees

from labs_py.model.critical_path import critical_path
from labs_py.model.trace import TracedSpan
from labs_py.model.what_if import duration_if, gain_at_once


def span(name: str, start: int, end: int, *children: TracedSpan, waited_for: bool = True) -> TracedSpan:
    return TracedSpan(name, "", start, end, "", False, waited_for, list(children))


def walked(first: TracedSpan) -> list[tuple[str, int, int]]:
    return [(item.span.service, item.start_ns, item.end_ns) for item in critical_path(first)]


def blamed(one: TracedSpan, moment: int, until: int) -> TracedSpan:
    """The span whose own work was waited for in the nanosecond from `moment` on, found by asking downward for that moment alone."""
    finished = [c for c in one.children if c.waited_for and c.start_ns < c.end_ns <= until]
    if not finished:
        return one
    last = min(finished, key=lambda c: (-c.end_ns, c.start_ns, c.name))
    if moment >= last.end_ns:
        return one
    return blamed(last, moment, last.end_ns) if moment >= last.start_ns else blamed(one, moment, last.start_ns)


@given(trees())
def test_each_moment_belongs_to_the_span_that_was_waited_for(first: TracedSpan) -> None:
    path = critical_path(first)
    owners = {moment: item.span for item in path for moment in range(item.start_ns, item.end_ns)}
    assert sum(item.duration_ns for item in path) == first.duration_ns == len(owners)
    for moment, owner in owners.items():
        assert owner is blamed(first, moment, first.end_ns)


def test_three_calls_in_a_row_are_all_on_the_path() -> None:
    first = span("P", 0, 100, span("A", 10, 30), span("B", 30, 60), span("C", 60, 90))
    assert walked(first) == [("P", 0, 10), ("A", 10, 30), ("B", 30, 60), ("C", 60, 90), ("P", 90, 100)]


def test_calls_that_meet_in_one_instant_were_one_after_the_other() -> None:
    # The case of jaegertracing/jaeger issue 9148, where the first call was lost.
    assert walked(span("P", 100, 200, span("1", 100, 150), span("2", 150, 200))) == [("1", 100, 150), ("2", 150, 200)]


def test_of_calls_at_once_only_the_last_to_finish_counts() -> None:
    assert walked(span("P", 0, 100, span("A", 10, 40), span("B", 10, 80))) == [
        ("P", 0, 10),
        ("B", 10, 80),
        ("P", 80, 100),
    ]


def test_what_nobody_waited_for_is_not_on_the_path() -> None:
    first = span("P", 0, 100, span("A", 0, 40), span("late", 40, 100, waited_for=False))
    assert walked(first) == [("A", 0, 40), ("P", 40, 100)]


def test_a_trifling_overlap_of_two_calls_in_a_row_is_a_matter_of_clocks() -> None:
    close = span("P", 0, 1000, span("A", 0, 505), span("B", 500, 1000))
    assert walked(close) == [("A", 0, 500), ("B", 500, 1000)]
    far = span("P", 0, 1000, span("A", 0, 520), span("B", 500, 1000))
    assert walked(far) == [("P", 0, 500), ("B", 500, 1000)]
    crowded = span("P", 0, 1000, span("A", 0, 505), span("C", 100, 503), span("B", 500, 1000))
    assert walked(crowded)[-1] == ("B", 500, 1000)
    assert ("A", 0, 500) not in walked(crowded)


def test_a_chain_of_ten_thousand_spans_is_no_deeper_than_one() -> None:
    first = inner = span("P", 0, 100_000)
    for depth in range(1, 10_000):
        inner.children.append(span("P", depth, 100_000 - depth))
        inner = inner.children[0]
    assert sum(item.duration_ns for item in critical_path(first)) == 100_000
    assert duration_if(first, lambda _: 0.5) == 50_000


@given(trees())
def test_with_the_recorded_speed_a_request_takes_as_long_as_recorded(first: TracedSpan) -> None:
    assert duration_if(first, lambda _: 1.0) == first.duration_ns
    assert duration_if(first, lambda _: 2.0) == pytest.approx(2 * first.duration_ns)
    assert duration_if(first, lambda _: 0.0) == 0


@given(trees())
def test_a_faster_service_gains_at_most_its_time_on_the_path(first: TracedSpan) -> None:
    on_path = sum(item.duration_ns for item in critical_path(first) if item.span.service == "a")
    faster = duration_if(first, lambda one: 0.0 if one.service == "a" else 1.0)
    assert first.duration_ns - on_path - 1e-9 <= faster <= first.duration_ns


def test_a_call_that_runs_beside_a_longer_one_gains_nothing() -> None:
    first = span("P", 0, 100, span("A", 10, 40), span("B", 10, 80))
    assert duration_if(first, lambda one: 0.5 if one.service == "A" else 1.0) == 100
    assert duration_if(first, lambda one: 0.0 if one.service == "B" else 1.0) == 60


def test_calls_in_a_row_could_gain_all_but_the_longest() -> None:
    assert gain_at_once(span("P", 0, 100, span("A", 10, 30), span("B", 30, 60), span("C", 60, 90))) == 50
    assert gain_at_once(span("P", 0, 100, span("A", 10, 40), span("B", 10, 80))) == 0
    assert gain_at_once(span("P", 0, 100)) == 0
