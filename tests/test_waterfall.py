"""One request over time: where its calls stand, which of them it waits for, and that a drawing stays small."""

import pytest

from labs_py.model import architecture_file
from labs_py.model.duration import ZERO, Constant
from labs_py.model.latency import mean_time
from labs_py.model.plan import AtMost, InOrder, Plan, Repeated, Span, Together, plan_request
from labs_py.model.waterfall import MOST_ROWS, Waterfall

NOTHING = InOrder(())


def call(name: str, network: float, work: float, inner: Plan = NOTHING) -> Span:
    return Span(name, Constant(network), Constant(work), 1, inner)


def web(inner: Plan) -> Span:
    return Span("web", ZERO, Constant(1.0), 1, inner)


def test_a_call_travels_works_waits_for_its_callee_and_travels_back() -> None:
    drawn = Waterfall(web(call("a", 2.0, 3.0, call("b", 4.0, 5.0))))
    _, first, second = drawn.rows
    assert [(piece.kind, piece.start, piece.end) for piece in first.stretches] == [
        ("network", 1.0, 2.0),
        ("work", 2.0, 5.0),
        ("network", 14.0, 15.0),
    ]
    assert (second.start, second.end, second.depth) == (5.0, 14.0, 2)
    assert (first.spent("network"), first.spent("work")) == (2.0, 3.0)
    assert drawn.end == 15.0


def test_the_critical_path_follows_the_slower_branch_all_the_way_down() -> None:
    branches = Together((call("quick", 1.0, 1.0, call("below quick", 0.0, 1.0)), call("slow", 1.0, 5.0)))
    drawn = Waterfall(web(InOrder((branches, call("after", 0.0, 1.0)))))
    assert {row.name: row.critical for row in drawn.rows} == {
        "web": True,
        "quick": False,
        "below quick": False,
        "slow": True,
        "after": True,
    }


def test_of_equal_branches_one_is_critical() -> None:
    drawn = Waterfall(web(Together((call("a", 0.0, 1.0), call("b", 0.0, 1.0)))))
    assert [row.critical for row in drawn.rows] == [True, True, False]


def test_repeats_share_a_row_one_stretch_after_the_other() -> None:
    (_, row) = Waterfall(web(Repeated(call("a", 2.0, 1.0), 9, at_once=False))).rows
    assert (row.times, row.at_once, row.start, row.end) == (9, False, 1.0, 28.0)
    assert len(row.stretches) == 27
    assert (row.spent("network"), row.spent("work")) == (18.0, 9.0)


def test_repeats_at_once_are_drawn_once() -> None:
    (_, row) = Waterfall(web(Repeated(call("a", 2.0, 1.0), 9, at_once=True))).rows
    assert (row.times, row.at_once, row.end, len(row.stretches)) == (9, True, 4.0, 3)


def test_very_many_repeats_are_drawn_as_one_long_call_of_the_same_length() -> None:
    inner = call("a", 0.002, 0.001, call("b", 0.001, 0.001))
    drawn = Waterfall(web(Repeated(Repeated(inner, 100, at_once=False), 10, at_once=False)))
    first, second = drawn.rows[1:]
    assert (first.times, second.times) == (1000, 1000)
    assert len(first.stretches) <= 90
    assert first.spent("network") == pytest.approx(2.0)
    assert second.spent("work") == pytest.approx(1.0)
    assert drawn.end == pytest.approx(1 + 1000 * 0.005)


def test_a_call_that_is_given_up_ends_at_its_limit() -> None:
    drawn = Waterfall(
        web(InOrder((AtMost(call("slow", 2.0, 10.0, call("below", 2.0, 2.0)), 4.0), call("next", 0.0, 1.0))))
    )
    _, slow, below, following = drawn.rows
    assert (slow.end, following.start, drawn.end) == (5.0, 5.0, 6.0)
    assert max(piece.end for piece in slow.stretches) == 5.0
    assert below.stretches == []


def test_a_large_plan_shows_its_first_rows_and_counts_the_rest() -> None:
    drawn = Waterfall(web(InOrder(tuple(call(f"a{index}", 0.0, 1.0) for index in range(100)))))
    assert (len(drawn.rows), drawn.hidden) == (MOST_ROWS, 101 - MOST_ROWS)
    assert drawn.end == 101.0


@pytest.mark.parametrize("name", architecture_file.names())
@pytest.mark.parametrize("arrangement", ["as_written", "parallel", "batched"])
def test_a_shipped_request_ends_with_its_last_row_and_its_critical_path_covers_it(name: str, arrangement: str) -> None:
    system = architecture_file.load(name)
    for endpoint in system.endpoints:
        request = plan_request(system, endpoint, arrangement, Constant(0.001))  # type: ignore[arg-type]
        drawn = Waterfall(request)
        assert drawn.end == pytest.approx(mean_time(request))
        assert max(row.end for row in drawn.rows) == pytest.approx(drawn.end)
        covered = sum(piece.end - piece.start for row in drawn.rows if row.critical for piece in row.stretches)
        assert covered == pytest.approx(drawn.end)
        assert all(
            row.start <= piece.start <= piece.end <= row.end + 1e-12 for row in drawn.rows for piece in row.stretches
        )
