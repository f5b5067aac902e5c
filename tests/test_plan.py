"""Call plans: who waits for whom in each arrangement, by hand, against a scheduler of this test's own, and for the shipped systems."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture
from labs_py.model.duration import ZERO, Constant
from labs_py.model.latency import all_calls, longest_chain, mean_time, serial_round_trips
from labs_py.model.plan import Arrangement, AtMost, InOrder, Plan, Repeated, Span, Together, plan_request

ARRANGEMENTS: tuple[Arrangement, ...] = ("as_written", "parallel", "batched")
# Own work of a to h in milliseconds: all sums of them differ, so that a total names its parts.
WORK = {name: 2**index for index, name in enumerate("abcdefgh")}


def shop(calls: str, more: str = "") -> Architecture:
    services = "".join(f'[services.{name}]\nservice_time = "{work} ms"\n' for name, work in WORK.items())
    return architecture_file.parse(
        f'[defaults]\nround_trip = "1000 ms"\nservice_time = "0 ms"\n[services.web]\n{services}{more}'
        f'[endpoints.page]\nentry = "web"\ncalls = {calls}\n'
    )


def work_ms(architecture: Architecture, arrangement: Arrangement) -> float:
    """How long a page takes when the network takes no time, in milliseconds."""
    return mean_time(plan_request(architecture, "page", arrangement, ZERO)) * 1000


def trips(architecture: Architecture, arrangement: Arrangement) -> int:
    return serial_round_trips(plan_request(architecture, "page", arrangement))


def total_work(plan: Plan) -> float:
    """All work that a plan does, waited for or not; what a timeout cuts off is counted too."""
    if isinstance(plan, Span):
        return plan.work.mean * plan.batch + total_work(plan.inner)
    if isinstance(plan, Repeated):
        return plan.times * total_work(plan.part)
    if isinstance(plan, AtMost):
        return total_work(plan.part)
    return sum(total_work(part) for part in (plan.parts if isinstance(plan, InOrder) else plan.branches))


@pytest.mark.parametrize(
    ("calls", "written", "early", "trips_written", "trips_early"),
    [
        ('["a", "b", "c"]', 7, 4, 3, 1),
        ('["a", {service="b", after=["a"]}, "c"]', 7, 4, 3, 2),
        ('["a", {service="b", after=["a"]}, {service="c", after=["b"]}]', 7, 7, 3, 3),
        # a tree: b and c both wait for a, not for each other
        ('["a", {service="b", after=["a"]}, {service="c", after=["a"]}]', 7, 5, 3, 2),
        # a join: c waits for a and b
        ('["a", "b", {service="c", after=["a", "b"]}]', 7, 6, 3, 2),
        # a chain beside something slow
        ('["a", {service="b", after=["a"]}, "h"]', 131, 128, 3, 2),
        # d needs a and c, c needs b: stages {a, b}, {c}, {d}
        ('["a", "b", {service="c", after=["b"]}, {service="d", after=["a", "c"]}]', 15, 14, 4, 3),
        # what another step waits for already adds nothing: still a chain
        ('["a", {service="b", after=["a"]}, {service="c", after=["a", "b"]}]', 7, 7, 3, 3),
        # branches and alternatives
        ('[{parallel=["a", ["b", "c"]]}]', 6, 4, 2, 1),
        ('[{any=["c", "a"]}, "b"]', 6, 4, 2, 1),
        ('["a", {parallel=["b", "c"], after=["a"]}]', 5, 5, 2, 2),
        ('[{parallel=["a", "b"]}, {service="c", after=["a"]}]', 6, 6, 2, 2),
        ("[]", 0, 0, 0, 0),
    ],
)
def test_calls_wait_for_what_they_need_and_for_nothing_else(
    calls: str, written: int, early: int, trips_written: int, trips_early: int
) -> None:
    page = shop(calls)
    assert work_ms(page, "as_written") == pytest.approx(written)
    assert work_ms(page, "parallel") == pytest.approx(early)
    assert (trips(page, "as_written"), trips(page, "parallel")) == (trips_written, trips_early)


def test_a_name_that_several_earlier_calls_have_stands_for_all_of_them() -> None:
    page = shop('["a", "c", "a", {service="b", after=["a"]}]')
    assert trips(page, "parallel") == 2
    assert isinstance(plan_request(page, "page", "parallel").inner, InOrder)
    assert work_ms(page, "parallel") == pytest.approx(4)  # both a's, then b, beside c


def test_repeats_run_in_a_row_at_once_or_as_one_call() -> None:
    page = shop('[{service="b", times=9}]')
    assert [trips(page, arrangement) for arrangement in ARRANGEMENTS] == [9, 1, 1]
    assert [work_ms(page, arrangement) for arrangement in ARRANGEMENTS] == [pytest.approx(x) for x in (18, 2, 18)]
    assert [all_calls(plan_request(page, "page", arrangement)) - 1 for arrangement in ARRANGEMENTS] == [9, 9, 1]


def test_a_batched_call_batches_what_its_callee_asks_for() -> None:
    page = shop('[{service="x", times=3}]', '[services.x]\ncalls = [{service="a", times=2}, "b"]\n')
    assert [trips(page, arrangement) for arrangement in ARRANGEMENTS] == [12, 2, 3]
    assert work_ms(page, "batched") == pytest.approx(3 * (2 * 1 + 2))


def test_the_entry_works_once_and_calls_before_the_endpoint_does() -> None:
    page = architecture_file.parse("""
        [defaults]
        round_trip = "1 ms"
        service_time = "5 ms"
        [services.web]
        calls = ["a"]
        [services.a]
        [services.b]
        [endpoints.page]
        entry = "web"
        calls = ["b"]
        client_round_trip = "40 ms"
        """)
    request = plan_request(page, "page", "parallel")
    assert serial_round_trips(request) == 2  # b comes after a in every arrangement
    assert mean_time(request) == pytest.approx(0.040 + 3 * 0.005 + 2 * 0.001)
    assert request.network == Constant(0.040)
    assert mean_time(plan_request(page, "page", "as_written", Constant(0.1))) == pytest.approx(0.040 + 0.015 + 0.2)


def test_an_operation_has_its_own_work_and_calls() -> None:
    more = '[services.x]\nservice_time = "64 ms"\ncalls = ["a"]\noperations = {Read = {service_time = "32 ms", calls = ["b"]}}\n'
    assert work_ms(shop('["x/Read"]', more), "as_written") == pytest.approx(34)
    assert work_ms(shop('["x"]', more), "as_written") == pytest.approx(65)


@pytest.mark.parametrize(
    ("call", "milliseconds"),
    [
        ('{service="h", optional=true, timeout="100 ms"}', 100),
        ('{service="c", optional=true, timeout="100 ms"}', 4),
        ('{service="h", optional=true}', 128),
        ('{service="h", timeout="100 ms"}', 128),  # cutting it short would fail the request: not a latency
        ('{service="h", optional=true, timeout="100 ms", times=3}', 300),  # each call has its own timeout
        ('{parallel=["h", "a"], optional=true, timeout="100 ms"}', 100),
        ('{any=["h", "a"], optional=true, timeout="100 ms"}', 100),
    ],
)
def test_only_an_optional_call_is_cut_short_by_its_timeout(call: str, milliseconds: int) -> None:
    assert work_ms(shop(f"[{call}]"), "as_written") == pytest.approx(milliseconds)


# --- a scheduler of our own: each call starts when the last of those it needs is done ------------------------------------


@st.composite
def lists(draw: st.DrawFn, most_needs: int) -> list[list[int]]:
    size = draw(st.integers(1, 8))
    return [
        sorted(draw(st.sets(st.integers(0, index - 1), max_size=min(index, most_needs)))) if index else []
        for index in range(size)
    ]


def page_of(needs: Sequence[Sequence[int]]) -> Architecture:
    names = "abcdefgh"
    calls = ", ".join(
        f'{{service = "{names[index]}", after = [{", ".join(repr(names[other]) for other in earlier)}]}}'
        for index, earlier in enumerate(needs)
    )
    return shop(f"[{calls}]".replace("'", '"'))


def earliest_end(needs: Sequence[Sequence[int]]) -> int:
    ends: list[int] = []
    for index, earlier in enumerate(needs):
        ends.append(2**index + max((ends[other] for other in earlier), default=0))
    return max(ends)


@settings(max_examples=80, deadline=None)
@given(lists(1))
def test_calls_that_need_at_most_one_other_end_as_early_as_they_can(needs: list[list[int]]) -> None:
    assert work_ms(page_of(needs), "parallel") == pytest.approx(earliest_end(needs))


@settings(max_examples=80, deadline=None)
@given(lists(3))
def test_any_calls_end_between_the_earliest_possible_and_the_order_written(needs: list[list[int]]) -> None:
    early = work_ms(page_of(needs), "parallel")
    assert earliest_end(needs) - 1e-9 <= early <= 2 ** len(needs) - 1 + 1e-9


# --- shipped systems ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "endpoint", "written", "early", "batched", "in_all"),
    [
        ("online_boutique", "GET /", 14, 2, 6, 14),
        ("online_boutique", "GET /product/{id}", 13, 3, 9, 13),
        ("online_boutique", "GET /cart", 14, 5, 10, 14),
        ("online_boutique", "POST /cart", 4, 4, 4, 4),
        ("online_boutique", "POST /cart/checkout", 20, 9, 16, 20),
        ("online_boutique", "POST /setCurrency", 0, 0, 0, 0),
        ("social_network", "home timeline", 4, 4, 4, 4),
        ("social_network", "user timeline", 5, 5, 5, 6),
        ("social_network", "compose post", 14, 14, 14, 19),
        ("textbook_chain", "GET /", 4, 4, 4, 4),
        ("checkout", "POST /checkout", 5, 5, 5, 5),
    ],
)
def test_the_shipped_systems_wait_for_as_many_round_trips_as_their_code_makes(
    name: str, endpoint: str, written: int, early: int, batched: int, in_all: int
) -> None:
    system = architecture_file.load(name)
    plans = [plan_request(system, endpoint, arrangement) for arrangement in ARRANGEMENTS]
    assert [serial_round_trips(plan) for plan in plans] == [written, early, batched]
    assert all_calls(plans[0]) - 1 == in_all


@pytest.mark.parametrize("name", architecture_file.names())
def test_every_arrangement_does_the_same_work_and_waits_no_longer_than_the_order_written(name: str) -> None:
    system = architecture_file.load(name)
    for endpoint in system.endpoints:
        plans = [plan_request(system, endpoint, arrangement) for arrangement in ARRANGEMENTS]
        assert [total_work(plan) for plan in plans[1:]] == [pytest.approx(total_work(plans[0]))] * 2
        assert all(mean_time(plan) <= mean_time(plans[0]) + 1e-12 for plan in plans[1:])
        assert all(serial_round_trips(plan) <= serial_round_trips(plans[0]) for plan in plans[1:])


def test_plans_that_differ_in_names_only_are_equal() -> None:
    first, second = (plan_request(shop(f'["a", {{parallel=["b", "{name}"]}}]'), "page") for name in "bb")
    assert first == second
    assert plan_request(shop('["a"]'), "page") != plan_request(shop('["b"]'), "page")
    assert Together((first,)) == Together((second,))
    assert longest_chain(first, lambda way: way.mean, lambda work: 0.0) == pytest.approx(2.0)
