"""Traces put together and put right: each kind of damage is repaired in one known way, and counted."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from labs_py.model import trace
from labs_py.model.recorded_span import Kind, RecordedSpan
from labs_py.model.trace import TracedSpan, requests, traces


def span(
    ident: str, parent: str, start: int, end: int, service: str = "", kind: Kind = "", *, waited_for: bool = True
) -> RecordedSpan:
    return RecordedSpan("T", ident, parent, service or ident, "", start, end, kind, waited_for=waited_for)


def repaired(*spans: RecordedSpan) -> tuple[list[TracedSpan], dict[str, int]]:
    repairs: Counter[str] = Counter()
    found = requests(spans, repairs)
    return found, {what: count for what, count in repairs.items() if count}


def drawn(one: TracedSpan) -> object:
    return (one.service, one.start_ns, one.end_ns, [drawn(child) for child in one.children])


def test_a_sound_trace_needs_no_repair_whatever_the_order_of_its_spans() -> None:
    spans = [span("c", "b", 20, 30), span("a", "", 0, 100), span("b", "a", 10, 50), span("d", "a", 60, 90)]
    found, repairs = repaired(*spans)
    assert [drawn(one) for one in found] == [("a", 0, 100, [("b", 10, 50, [("c", 20, 30, [])]), ("d", 60, 90, [])])]
    assert repairs == {}


def test_a_span_whose_parent_is_missing_hangs_under_the_request_if_it_fits() -> None:
    found, repairs = repaired(span("a", "", 0, 100), span("b", "lost", 10, 20), span("c", "lost", 90, 120))
    assert [drawn(one) for one in found] == [("a", 0, 100, [("b", 10, 20, [])])]
    assert repairs == {trace.ORPHAN: 1, trace.STRAY: 1}


def test_without_a_first_span_the_earliest_takes_its_place() -> None:
    found, repairs = repaired(span("b", "lost", 10, 20), span("a", "lost", 0, 50))
    assert [drawn(one) for one in found] == [("a", 0, 50, [("b", 10, 20, [])])]
    assert repairs == {trace.ORPHAN: 2}


def test_a_span_written_twice_counts_once() -> None:
    found, repairs = repaired(span("a", "", 0, 100), span("b", "a", 10, 20), span("b", "a", 10, 20))
    assert [drawn(one) for one in found] == [("a", 0, 100, [("b", 10, 20, [])])]
    assert repairs == {trace.DUPLICATE: 1}


def test_an_id_shared_by_client_and_server_is_taken_apart() -> None:
    for order in (1, -1):
        both = [span("1", "", 0, 100, "web", "client"), span("1", "", 20, 80, "db", "server")][::order]
        found, repairs = repaired(*both, span("2", "1", 30, 40, "disk"))
        assert [drawn(one) for one in found] == [("web", 0, 100, [("db", 20, 80, [("disk", 30, 40, [])])])]
        assert repairs == {trace.SHARED: 1}


def test_a_clock_that_is_behind_is_moved_with_all_below_it() -> None:
    found, repairs = repaired(span("a", "", 1000, 1100), span("b", "a", 0, 80), span("c", "b", 20, 30))
    assert [drawn(one) for one in found] == [("a", 1000, 1100, [("b", 1010, 1090, [("c", 1030, 1040, [])])])]
    assert repairs == {trace.SKEW: 1}


def test_a_server_that_seems_to_answer_after_its_client_has_the_answer_is_moved() -> None:
    found, _ = repaired(span("a", "", 0, 100, kind="client"), span("b", "a", 50, 130, kind="server"))
    assert drawn(found[0]) == ("a", 0, 100, [("b", 10, 90, [])])


def test_what_sticks_out_is_cut_and_what_lies_outside_was_not_waited_for() -> None:
    found, repairs = repaired(span("a", "", 0, 100), span("b", "a", 60, 130), span("c", "a", 110, 130))
    assert drawn(found[0]) == ("a", 0, 100, [("b", 60, 100, []), ("c", 110, 130, [])])
    assert [child.waited_for for child in found[0].children] == [True, False]
    assert repairs == {trace.CUT: 1, trace.OUTSIDE: 1}


def test_a_consumer_and_what_follows_are_left_where_they_are() -> None:
    found, repairs = repaired(
        span("a", "", 0, 100, kind="producer"),
        span("b", "a", 500, 700, kind="consumer"),
        span("c", "a", 300, 400, waited_for=False),
    )
    assert [(child.service, child.start_ns, child.waited_for) for child in found[0].children] == [
        ("c", 300, False),
        ("b", 500, False),
    ]
    assert repairs == {}


def test_a_span_that_ended_before_it_began_is_an_instant() -> None:
    found, repairs = repaired(span("a", "", 0, 100), span("b", "a", 50, 40))
    assert drawn(found[0]) == ("a", 0, 100, [("b", 50, 50, [])])
    assert repairs == {trace.BACKWARD: 1}


def test_spans_in_a_loop_are_left_out() -> None:
    found, repairs = repaired(span("a", "", 0, 100), span("b", "c", 10, 20), span("c", "b", 10, 20))
    assert [drawn(one) for one in found] == [("a", 0, 100, [])]
    assert repairs == {trace.LOOP: 2}


def test_two_first_spans_are_two_requests() -> None:
    found, repairs = repaired(span("b", "", 200, 300), span("a", "", 0, 100))
    assert [one.service for one in found] == ["a", "b"]
    assert repairs == {trace.SECOND_ROOT: 1}


def test_traces_are_put_together_from_spans_in_any_mixture() -> None:
    spans = [RecordedSpan(f"T{i % 3}", f"{i}", "" if i < 3 else f"{i % 3}", "s", "", i, 100, "") for i in range(30)]
    repairs: Counter[str] = Counter()
    found = list(traces(spans, repairs))
    assert [len(list(one.walk())) for one in found] == [10, 10, 10]
    assert not +repairs


def test_what_comes_after_its_trace_was_let_go_is_counted() -> None:
    spans = [RecordedSpan(f"T{i}", "a", "", "s", "", 0, 9) for i in range(10)]
    repairs: Counter[str] = Counter()
    found = list(traces([*spans, RecordedSpan("T0", "b", "a", "s", "", 1, 2)], repairs, most_held=5))
    assert len(found) == 10
    assert +repairs == {trace.LATE: 1}


KINDS: list[Kind] = ["client", "server", "producer", "consumer", "internal", ""]
ANYTHING = st.builds(
    span,
    st.sampled_from("abcdef"),
    st.sampled_from(["", *"abcdef", "lost"]),
    st.integers(0, 50),
    st.integers(0, 50),
    st.sampled_from(["x", "y"]),
    st.sampled_from(KINDS),
    waited_for=st.booleans(),
)


@given(st.lists(ANYTHING, max_size=12))
def test_whatever_comes_in_sound_trees_come_out_and_every_span_is_accounted_for(spans: list[RecordedSpan]) -> None:
    found, repairs = repaired(*spans)
    kept = 0
    for first in found:
        for one in first.walk():
            kept += 1
            assert one.start_ns <= one.end_ns
            for child in one.children:
                if child.waited_for:
                    assert one.start_ns <= child.start_ns <= child.end_ns <= one.end_ns
    left_out = sum(repairs.get(what, 0) for what in (trace.DUPLICATE, trace.STRAY, trace.LOOP))
    assert kept + left_out == len(spans)
