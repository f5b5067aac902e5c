"""The lab that lets a service hang under load: the simulation against what is known exactly, and the run that can be played."""

import json
from dataclasses import replace
from typing import Any

import pytest

from labs_py import desk, lab
from labs_py.labs.hang_under_load import PATIENCE, defended, run
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.confidence import interval
from labs_py.model.duration import Constant
from labs_py.model.failure import Failure
from labs_py.model.held_workers import held_workers
from labs_py.model.outage import Outage, by_depth, share_answered
from labs_py.model.queueing import erlang_b
from labs_py.parameter import LabError
from labs_py.report import Gauge, Playback

LAB = lab.load("hang_under_load")
SHOP = load("online_boutique")


def outage(
    defense: str = "none", victim: str = "email", kind: Any = "hang", workers: int = 16, **more: float
) -> Outage:
    system = defended(SHOP, defense, workers, more.get("timeout", 1.0), 8)
    return Outage(system, victim, kind, 50.0, 5.0, 25.0, 40.0, 160)


def played(**arguments: Any) -> Playback:
    parts = run(runs=1, **arguments).report().parts
    [found] = [part for part in parts if isinstance(part, Playback)]
    return found


# --- by hand --------------------------------------------------------------------------------------


def chain(timeout: float | None = None) -> Architecture:
    call = Call("back", optional=True, timeout=timeout)
    services = {
        "front": Service("front", servers=8, service_time=Constant(0.01), calls=(call,)),
        "back": Service("back"),
    }
    ends = {
        "asks": Endpoint("asks", "front", 3.0),
        "again": Endpoint("again", "front", 1.0, (Call("back", optional=True, timeout=2.0),)),
    }
    return Architecture("", services, ends)


def test_waiting_requests_hold_rate_times_wait_workers() -> None:
    # 30 a second wait once, 10 a second wait a second time, for 2 s; each takes 12.5 ms or 15 ms when all is well.
    held = held_workers(chain(0.1), "back", 40.0)
    assert held.busy == pytest.approx(30 * 0.0125 + 10 * 0.015)
    assert held.needed == pytest.approx(held.busy + 30 * 0.1 + 10 * 2.1)
    assert held.waiting_rate == pytest.approx(40)


def test_the_last_worker_is_taken_when_the_fluid_has_risen_that_far() -> None:
    held = held_workers(chain(0.1), "back", 40.0)
    # In the first 0.1 s 40 a second join, then 10 a second.
    assert held.exhausted_after == pytest.approx(0.1 + (8 - held.busy - 4) / 10)
    assert held_workers(chain(None), "back", 40.0).exhausted_after == pytest.approx((8 - held.busy) / 40)
    assert held_workers(chain(None), "back", 4.0).needed == float("inf")
    assert held_workers(chain(0.1), "back", 1.0).exhausted_after == float("inf")


def test_a_hung_front_is_full_at_the_rate_of_all_requests() -> None:
    system = defended(SHOP, "none", 16, 1.0, 8)
    assert held_workers(system, "frontend", 50.0).waiting_rate == pytest.approx(50)
    assert held_workers(system, "frontend", 50.0, PATIENCE).answered == 0


# --- the simulation against it --------------------------------------------------------------------


def test_before_the_hang_littles_law_holds_at_the_front() -> None:
    one = outage()
    before = [sum(one.run(number).busy["frontend"][4:20]) / 16 for number in range(12)]
    assert held_workers(one.architecture, "email", 50.0).busy in interval(before, 0.999)


def test_with_a_timeout_as_many_workers_are_taken_as_littles_law_says() -> None:
    one = outage("timeout", "recommendation", workers=60, timeout=0.2)
    means = [sum(one.run(number).busy["frontend"][30:100]) / 70 for number in range(12)]
    assert held_workers(one.architecture, "recommendation", 50.0).needed in interval(means, 0.999)


@pytest.mark.parametrize(
    ("victim", "kind", "defense"), [("currency", "crash", "none"), ("shipping", "hang", "timeout")]
)
def test_with_workers_enough_the_share_answered_is_the_exact_one(victim: str, kind: Any, defense: str) -> None:
    one = outage(defense, victim, kind, workers=200, timeout=0.2)
    courses = [one.run(number) for number in range(12)]
    late = [share_answered(course.ended[30:100]) for course in courses]
    exact = 1 - Failure(kind).shares(one.architecture, {victim: 1.0}).fails
    assert exact in interval(late, 0.999)


def test_a_bulkhead_refuses_a_healthy_service_as_erlang_says() -> None:
    call = Call("back", optional=True, bulkhead=3)
    services = {
        "front": Service("front", service_time=Constant(0.0), calls=(call,)),
        "back": Service("back", service_time=Constant(0.1), round_trip=Constant(0.0)),
    }
    system = Architecture("", services, {"GET /": Endpoint("GET /", "front")})
    one = Outage(system, "back", "hang", 20.0, 60.0, 61.0, 60.0, 60)
    refused = [
        1 - sum(ok for ok, *_ in course.ended[1:]) / sum(map(sum, course.ended[1:]))
        for course in map(one.run, range(12))
    ]
    assert erlang_b(3, 2.0) in interval(refused, 0.999)


def test_every_request_that_ends_is_counted_once() -> None:
    one = outage("deadline")
    course = one.run(0)
    assert 0.9 * 50 * 40 < sum(map(sum, course.ended)) < 1.1 * 50 * 40


# --- what the lab says ----------------------------------------------------------------------------


def test_a_hang_takes_the_front_down_and_a_crash_does_not() -> None:
    hung, crashed = run(runs=3).report().data, run(runs=3, fault="crash").report().data
    assert hung["exhausted_runs"] == 3
    assert hung["answered"] < 0.7
    assert hung["answered_with_workers_enough"] == pytest.approx(22 / 23)
    assert crashed["exhausted_runs"] == 0
    assert crashed["answered"] == crashed["answered_with_workers_enough"] == 1


@pytest.mark.parametrize("defense", ["timeout", "breaker", "bulkhead", "deadline"])
def test_each_defense_keeps_the_front_free(defense: str) -> None:
    data = run(runs=3, defense=defense).report().data
    assert data["exhausted_runs"] == 0
    assert data["answered"] > 0.93


def test_short_queues_free_no_worker_but_recover_at_once() -> None:
    long, short = run(runs=3).report().data, run(runs=3, defense="shed").report().data
    assert short["exhausted_runs"] == 3
    assert max(short["longest_queue"].values()) == 16
    assert short["recovered_after_s"] < long["recovered_after_s"]


def test_what_the_file_says_stays() -> None:
    own = SHOP.with_service("cart", servers=3, queue_limit=5)
    own = replace(own, endpoints={name: replace(end, timeout=1.0) for name, end in own.endpoints.items()})
    system = defended(own, "shed", 16, 1.0, 8)
    assert (system.services["cart"].servers, system.services["cart"].queue_limit) == (3, 5)
    assert (system.services["ad"].servers, system.services["ad"].queue_limit) == (16, 16)
    assert {end.timeout for end in system.endpoints.values()} == {1.0}
    timeouts = {
        call.service: call.timeout
        for call in defended(SHOP, "timeout", 16, 1.0, 8).endpoints["GET /"].calls
        if isinstance(call, Call)
    }
    assert (timeouts["ad"], timeouts["cart"]) == (0.1, 1.0)


def test_a_partial_result_is_that_of_the_first_runs() -> None:
    def asked(**more: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            desk.respond(json.dumps({"lab": "hang_under_load", "arguments": {"runs": "3"}, **more}))
        )
        return found

    assert asked() == {"replications": 3}
    results = [asked(replication=number)["result"] for number in range(3)]
    first = asked(results=results[:1])
    assert first["data"]["runs"] == 1
    assert first["data"]["answered_low"] is None
    assert asked(results=results)["html"] == LAB.report({"runs": "3"}).html()
    assert json.dumps(LAB.report({"runs": "1"}).data, allow_nan=False)


def test_more_calls_than_a_page_can_bear_are_refused() -> None:
    wide = SHOP.with_service("ad", calls=(Call("redis", times=1_000),))
    with pytest.raises(LabError, match="rate must be at most 40 for this architecture and so long a fault, got 50"):
        run(architecture=wide)


def test_callers_stand_above_callees() -> None:
    order = by_depth(SHOP)
    assert (order["frontend"], order["checkout"], order["email"], order["redis"]) == (0, 1, 2, 3)
    assert next(iter(order)) == "frontend"


# --- the run that can be played -------------------------------------------------------------------


def test_the_still_is_the_last_moment_of_the_fault() -> None:
    found = played()
    assert found.moments[found.still] == "20.00 s"
    assert found.events[found.still].startswith("email hangs")
    assert found.events[found.still + 1].startswith("after")
    [front] = [gauge for gauge in found.gauges if gauge.name == "frontend"]
    assert (front.size, front.busy[found.still]) == (16, 16)
    assert front.waiting[found.still] > 100


def test_the_table_has_every_moment_and_every_service() -> None:
    found = played()
    assert len(found.table.rows) == 160
    assert found.table.columns[2] == "frontend"
    assert "✕ email" in found.table.columns
    number = found.still
    assert found.table.rows[number][2] == f"16 + {found.gauges[0].waiting[number]:,}"


def test_breakers_that_act_are_shown_at_their_callers() -> None:
    found = played(victim="recommendation", defense="breaker")
    states = {(gauge.name, what): texts for gauge in found.gauges for what, texts in gauge.states.items()}
    assert set(states) == {("frontend", "recommendation")}
    texts = states["frontend", "recommendation"]
    assert texts[0] == "closed"
    assert texts[found.still] == "open"
    assert texts[-1] == "closed"
    assert '<span class="nh-state">recommendation: open</span>' in found.html()
    assert "frontend: recommendation" in found.table.columns


def test_names_in_a_run_are_no_markup() -> None:
    html = Playback("a < b", ["0 s"], ["<i>"], [Gauge("<b>", 2, [2], [1_234], {"<u>": ["open"]})], 0).html()
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in html
    assert 'value="2"' in html
    assert "1,234" in html
