"""Simulated faults do what the exact model of failure says, and policies do what they promise."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_architectures import architectures

from labs_py.model.architecture import Architecture, Call, Endpoint, Parallel, Service, Step
from labs_py.model.arrivals import Closed, Open
from labs_py.model.attempts import Circuit, Crowd, Purse, Valve, backoff
from labs_py.model.duration import ZERO, Constant, Exponential
from labs_py.model.failure import Failure, Outcome
from labs_py.model.faults import Crash, Fault, Hang, Loss, Pace, Partition, Slow
from labs_py.model.host import Host
from labs_py.model.policy import Breaker, Retries, Throttle
from labs_py.model.queueing import MM1K
from labs_py.model.simulation import Simulation
from labs_py.model.spans import otlp
from labs_py.model.tally import EndpointTally
from labs_py.model.trace_file import recorded

PAGE = "GET /"


def chain(names: str, **call: object) -> Architecture:
    """Return services that call one another in a row, by calls with these policies; all times are 0."""
    services = {}
    for name, callee in zip(names, [*names[1:], ""], strict=True):
        calls = (Call(callee, **call),) if callee else ()  # type: ignore[arg-type]
        services[name] = Service(name, service_time=ZERO, round_trip=ZERO, calls=calls)
    return Architecture("chain", services, {PAGE: Endpoint(PAGE, names[0])})


def simulated(architecture: Architecture, faults: list[Fault], requests: int = 1, rate: float = 1.0) -> Simulation:
    run = Simulation(architecture, Open(rate, paced=True), faults=faults, requests=requests)
    run.run()
    return run


def outcome(tally: EndpointTally) -> Outcome:
    """Return how all requests ended, which must be in one way."""
    if tally.under_way == tally.sent:
        return Outcome("fails", math.inf)
    ended = tally.latency if tally.latency.count else tally.failing
    assert ended.count == tally.sent
    assert ended.smallest == ended.largest
    status = "ok" if tally.ok == tally.sent else "degraded" if tally.degraded == tally.sent else "fails"
    return Outcome(status, ended.largest / 1e9)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(architectures(zones=False), st.data(), st.sampled_from(["crash", "hang"]), st.booleans())
def test_while_services_are_down_every_request_ends_as_the_exact_model_says(
    architecture: Architecture, data: st.DataObject, mode: str, foresight: bool
) -> None:
    dead = data.draw(st.lists(st.sampled_from(list(architecture.services)), unique=True))
    for name in architecture.services:
        architecture = architecture.with_service(name, service_time=ZERO, round_trip=ZERO)
    expected = Failure(mode).when_down(architecture, dead)  # type: ignore[arg-type]
    # A hung service has no work to hang in when its work takes no time.
    faults: list[Fault] = []
    for name in dead:
        faults.append(Crash(name) if mode == "crash" else Hang(name))
        architecture = architecture.with_service(name, service_time=Constant(1e-9))
    run = Simulation(architecture, Open(0.01, paced=True), faults=faults, requests=6, foresight=foresight)
    run.run()
    for name, tally in run.endpoints.items():
        if tally.sent:
            found = outcome(tally)
            assert (found.status, found.wait) == (expected[name].status, pytest.approx(expected[name].wait)), name


POLICIES = st.fixed_dictionaries(
    {
        "timeout": st.sampled_from([None, 0.005, 0.05]),
        "retries": st.sampled_from([None, None, Retries(3), Retries(4, 0.004, jitter="full", budget=0.2)]),
        "hedge": st.sampled_from([None, None, 0.003]),
        "breaker": st.sampled_from([None, None, Breaker(0.5, 4, 0.05)]),
        "bulkhead": st.sampled_from([None, None, 1, 3]),
        "throttle": st.sampled_from([None, None, Throttle(2.0, 0.2)]),
    }
)


def with_policies(steps: tuple[Step, ...], data: st.DataObject) -> tuple[Step, ...]:
    """Return the steps with random policies on every call."""
    return tuple(
        replace(step, **data.draw(POLICIES))
        if isinstance(step, Call)
        else replace(step, branches=tuple(with_policies(branch, data) for branch in step.branches))
        for step in steps
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(architectures(), st.data(), st.integers(0, 9))
def test_whatever_is_combined_every_request_ends_and_nothing_stays_taken(
    architecture: Architecture, data: st.DataObject, seed: int
) -> None:
    entries = [endpoint.entry for endpoint in architecture.endpoints.values()]
    for service in list(architecture.services.values()):
        architecture = architecture.with_service(
            service.name,
            calls=with_policies(service.calls, data),
            service_time=Exponential(0.004),
            # Only an endpoint's own calls may lead back to its entry, whose workers would then wait for one another for ever.
            servers=None if service.name in entries else data.draw(st.sampled_from([None, 1, 4])),
            queue_limit=data.draw(st.sampled_from([None, 1])),
            blocking=data.draw(st.booleans()),
        )
    endpoints = {
        name: replace(
            endpoint,
            calls=with_policies(endpoint.calls, data),
            deadline=data.draw(st.sampled_from([None, 0.03])),
            retries=data.draw(st.sampled_from([None, Retries(2)])),
        )
        for name, endpoint in architecture.endpoints.items()
    }
    faults: list[Fault] = [Crash("s0", 0.1, 0.2), Slow("s0", 3.0, 0.2, 0.3), Hang("s0", 0.3, 0.35)]
    faults += [Loss(name, 0.15, 0.25) for name in architecture.infrastructure]

    def run() -> Simulation:
        made = Simulation(
            replace(architecture, endpoints=endpoints), Open(150.0), faults=faults, seed=seed, requests=60, traced=5
        )
        made.run()
        return made

    once, again = run(), run()
    assert once.result().to_json() == again.result().to_json()
    assert [span.to_json() for span in once.spans] == [span.to_json() for span in again.spans]
    assert sum(tally.sent for tally in once.endpoints.values()) == 60
    assert all(tally.under_way == 0 for tally in once.endpoints.values())
    look = once.look()
    assert not any(count for services in (look.waiting, look.busy) for counts in services.values() for count in counts)
    for host in once._assembly.services.values():
        if isinstance(host, Host):
            for instance in host.instances:
                assert not instance.inside
                assert all(crowd.size == 0 for crowd in instance.memory.values() if isinstance(crowd, Crowd))


@pytest.mark.parametrize(("names", "retries", "calls"), [("abcd", 3, 4**3), ("abcdef", 2, 3**5), ("abcdef", 3, 4**5)])
def test_retries_at_every_layer_multiply(names: str, retries: int, calls: int) -> None:
    run = simulated(chain(names, retries=Retries(retries + 1)), [Crash(names[-1])])
    assert run.result().services[names[-1]].refused == {"down": calls}
    assert run.endpoints[PAGE].failed == {"down": 1}


def half_failing(retries: Retries | None, requests: int = 20_000) -> tuple[float, float]:
    """Return calls per request and the share of successes when each call fails with probability one half."""
    made = chain("ab", timeout=0.001, retries=retries).with_service("b", replicas=2, balancer="random")
    made = made.with_service("b", service_time=Constant(0.0001))
    run = Simulation(made, Open(100.0), faults=[Hang("b", instance=0)], requests=requests, seed=2)
    run.run()
    return run.result().services["b"].served / requests, run.endpoints[PAGE].success_share


def test_three_retries_make_of_every_second_call_what_the_formula_says() -> None:
    load, success = half_failing(Retries(4))
    assert load == pytest.approx((1 - 0.5**4) / (1 - 0.5), rel=0.02)
    assert success == pytest.approx(1 - 0.5**4, abs=0.006)
    assert half_failing(None) == (1.0, pytest.approx(0.5, abs=0.012))


def test_a_budget_of_a_tenth_bounds_the_load_of_retries() -> None:
    load, success = half_failing(Retries(4, budget=0.1))
    assert load == pytest.approx(1.1, abs=0.002)  # the purse that was full at first pays for ten more
    assert success == pytest.approx(0.55, abs=0.012)


@pytest.mark.parametrize(
    ("jitter", "low", "high"), [("none", 0.4, 0.4), ("equal", 0.2, 0.4), ("full", 0.0, 0.4), ("decorrelated", 0.1, 1.2)]
)
def test_the_pause_before_the_fourth_attempt_is_drawn_from_its_range(jitter: str, low: float, high: float) -> None:
    policy = Retries(9, backoff=0.1, longest=10.0, jitter=jitter)  # type: ignore[arg-type]
    assert backoff(policy, 3, 0.4e9, 0.0) == pytest.approx(low * 1e9)
    assert backoff(policy, 3, 0.4e9, 1.0) == pytest.approx(high * 1e9)
    assert backoff(replace(policy, longest=0.15), 3, 0.4e9, 1.0) <= 0.15e9


def test_attempts_wait_their_pause_and_stop_at_the_deadline() -> None:
    made = chain("ab", retries=Retries(4, backoff=0.1))
    run = simulated(made, [Crash("b")])
    assert run.endpoints[PAGE].failing.largest == 0.7e9  # 0.1 + 0.2 + 0.4
    hurried = replace(made, endpoints={PAGE: Endpoint(PAGE, "a", deadline=0.35)})
    run = simulated(hurried, [Crash("b")])
    assert run.endpoints[PAGE].failing.largest == 0.35e9
    assert run.result().services["b"].refused == {"down": 3}


def test_a_purse_buys_one_retry_for_ten_tenths() -> None:
    purse = Purse(0.0)
    for _ in range(9):
        purse.earn(0.1)
        assert not purse.pay()
    purse.earn(0.1)
    assert purse.pay()
    assert not purse.pay()


def test_a_breaker_opens_tries_once_and_closes_again() -> None:
    circuit = Circuit(Breaker(failures=0.5, window=4, pause=1.0))
    for good in (True, True, False):
        assert circuit.allows(0)
        circuit.record(0, good)
    assert circuit.allows(0)
    circuit.record(0, False)  # two of the last four
    assert not circuit.allows(0.9e9)
    assert circuit.allows(1.0e9)
    assert not circuit.allows(1.0e9)  # the trial is under way
    circuit.record(1.1e9, False)
    assert not circuit.allows(2.0e9)
    assert circuit.allows(2.1e9)
    circuit.record(2.2e9, True)
    for _ in range(3):  # it has forgotten what it knew
        assert circuit.allows(2.2e9)
        circuit.record(2.2e9, False)
    assert circuit.allows(2.2e9)


def test_a_breaker_spares_callers_the_wait_for_a_hung_service() -> None:
    made = chain("ab", timeout=1.0, breaker=Breaker(0.5, 10, 5.0)).with_service("b", service_time=Constant(0.001))
    run = simulated(made, [Hang("b", 0.0, 20.0)], requests=4_000, rate=100.0)
    failed = run.endpoints[PAGE].failed
    # It opens when ten have timed out, 1.1 s after the start; by then 110 have been sent. Trials at 6.1, 12.1 and 18.1 s fail 1 s later,
    # the last just before the hang ends; that of 24.1 s closes it.
    assert failed["timed out"] == pytest.approx(110 + 3, abs=1)
    assert failed["breaker open"] == pytest.approx(100 * 23.0 - 3, abs=2)
    assert run.endpoints[PAGE].ok == 4_000 - sum(failed.values())


def test_a_throttle_sends_twice_what_succeeds_however_much_is_asked_for() -> None:
    made = chain("ab", throttle=Throttle(2.0, 10.0))
    made = made.with_service("b", servers=1, queue_limit=1, service_time=Exponential(0.010))
    run = Simulation(made, Open(1_000.0), warm_up=20.0, seed=6)
    run.run(80.0)
    tally, served = run.endpoints[PAGE], run.result().services["b"]
    reached = served.served + served.refused["queue full"]
    assert reached / served.served == pytest.approx(2.0, rel=0.05)
    assert tally.failed["throttled"] == pytest.approx(tally.sent - reached, abs=5)
    # The load on an M/M/1/2 queue that is twice what it serves: the golden ratio.
    load = (1 + math.sqrt(5)) / 2
    assert MM1K(load, 1.0, 2).throughput == pytest.approx(load / 2)
    assert served.served / 60.0 == pytest.approx(100 * load / 2, rel=0.03)


def test_a_throttle_lets_everything_through_again_when_its_window_has_passed() -> None:
    valve = Valve(Throttle(2.0, 60.0))
    for second in range(30):
        valve.allows(second * 1e9, 1.0)
    assert valve.policy.refusal(valve.requests, valve.successes) == pytest.approx(30 / 31)
    assert not valve.allows(31e9, 0.5)
    assert valve.allows(95e9, 0.0)
    assert valve.requests == 1


@pytest.mark.parametrize(("load", "survives"), [(0.60, True), (0.72, False)])
def test_three_zones_that_are_two_thirds_full_survive_the_loss_of_one(load: float, survives: bool) -> None:
    made = chain("a").with_service(
        "a", replicas=3, servers=10, service_time=Exponential(0.010), runs_on=("x", "y", "z")
    )
    made = replace(made, infrastructure={"x": 1.0, "y": 1.0, "z": 1.0})
    run = Simulation(made, Open(load * 3_000.0), faults=[Loss("x", 1.0)], seed=8)
    run.run(11.0)
    waiting = sum(run.look().waiting["a"])
    # Two zones serve 2,000 a second: what is above that piles up for 10 s.
    assert waiting < 200 if survives else waiting == pytest.approx((load * 3_000 - 2_000) * 10, rel=0.25)


def shop(**call: object) -> Architecture:
    """Return a page that needs the store and one that does not, of one service with ten workers."""
    services = {
        "web": Service("web", service_time=Exponential(0.001), round_trip=ZERO, servers=10),
        "store": Service("store", service_time=Exponential(0.001), round_trip=ZERO, servers=10),
    }
    endpoints = {
        "GET /stored": Endpoint("GET /stored", "web", 1.0, (Call("store", **call),)),  # type: ignore[arg-type]
        "GET /plain": Endpoint("GET /plain", "web", 1.0),
    }
    return Architecture("shop", services, endpoints)


def plain_answers(architecture: Architecture) -> float:
    """Return the share of plain pages answered within 100 ms while the store hangs."""
    run = Simulation(architecture, Open(200.0), faults=[Hang("store", 1.0)], warm_up=2.0, seed=4)
    run.run(30.0)
    tally = run.endpoints["GET /plain"]
    quick = tally.latency.share_within(0.1) * tally.latency.count if tally.latency.count else 0
    return quick / tally.sent


def test_a_hang_takes_its_callers_workers_and_with_them_what_does_not_need_it() -> None:
    assert plain_answers(shop()) == 0


@pytest.mark.parametrize(
    "call",
    [{"timeout": 0.02}, {"bulkhead": 5}, {"timeout": 0.2, "breaker": Breaker(0.5, 10, 5.0)}],
    ids=["timeout", "bulkhead", "breaker"],
)
def test_a_timeout_a_bulkhead_or_a_breaker_keeps_the_rest_alive(call: dict[str, object]) -> None:
    assert plain_answers(shop(**call)) > 0.97


def test_workers_that_do_not_wait_are_not_taken_either() -> None:
    assert plain_answers(shop().with_service("web", blocking=False)) > 0.99


def test_a_hedge_after_the_95th_percentile_adds_five_percent_of_load_and_cuts_the_tail() -> None:
    mean, hedge = 0.010, 0.010 * math.log(20)
    made = chain("ab", hedge=hedge).with_service("b", service_time=Exponential(mean))
    run = simulated(made, [], requests=40_000, rate=1_000.0)
    calls = run.result().services["b"].served / 40_000
    assert calls == pytest.approx(1.05, abs=0.004)
    # Nobody has answered by t when neither the first, nor the second, sent at `hedge`, has.
    p999 = (mean * math.log(1000) + hedge) / 2
    assert run.endpoints[PAGE].latency.quantile(0.999) == pytest.approx(p999, rel=0.06)
    plain = simulated(
        replace(made, services={**made.services, "a": replace(made.services["a"], calls=(Call("b"),))}), []
    )
    assert plain.result().services["b"].served == 1


def test_a_copy_that_still_waits_is_withdrawn_when_the_other_has_answered() -> None:
    # Round robin: the second call finds the instance with a queue, its copy the idle one.
    made = chain("ab", hedge=0.010).with_service("b", replicas=2, servers=1, service_time=Constant(0.004))
    run = simulated(made, [Hang("b", 0.0, 1.0, instance=0)], requests=50, rate=100.0)
    assert run.endpoints[PAGE].ok == 50
    assert run.endpoints[PAGE].latency.largest < 0.05e9
    assert run.result().services["b"].served < 60


def test_a_caller_that_gives_up_leaves_the_work_behind_and_a_deadline_does_not() -> None:
    made = chain("ab").with_service("b", servers=1, service_time=Constant(0.010))
    impatient = replace(made, endpoints={PAGE: Endpoint(PAGE, "a", timeout=0.030)})
    hurried = replace(made, endpoints={PAGE: Endpoint(PAGE, "a", deadline=0.030)})
    wasted, spared = (simulated(each, [], requests=400, rate=200.0) for each in (impatient, hurried))
    assert wasted.result().services["b"].served == 400
    assert wasted.endpoints[PAGE].ok < 10  # the queue is full of calls that nobody waits for
    assert spared.result().services["b"].refused["deadline passed"] > 150
    # First come first served, a call begins just before its deadline and ends just after it. Giving up sooner is what helps.
    assert spared.endpoints[PAGE].ok < 10
    sooner = simulated(hurried.with_service("b", shed_after=0.015), [], requests=400, rate=200.0)
    assert sooner.endpoints[PAGE].ok > 180


def test_load_shedding_keeps_the_answers_quick_when_there_is_too_much() -> None:
    made = chain("a").with_service("a", servers=1, service_time=Exponential(0.010))
    flooded = simulated(made, [], requests=3_000, rate=150.0)
    shed = simulated(made.with_service("a", shed_after=0.05), [], requests=3_000, rate=150.0)
    limited = simulated(made.with_service("a", queue_limit=5), [], requests=3_000, rate=150.0)
    assert flooded.endpoints[PAGE].latency.quantile(0.5) > 2.0
    for run in (shed, limited):
        assert run.endpoints[PAGE].latency.quantile(0.5) < 0.1
        assert run.endpoints[PAGE].ok / run.now == pytest.approx(97, abs=6)


def test_an_outage_leaves_a_backlog_that_takes_its_time_to_drain() -> None:
    # 800 a second into 1,000 a second, 600 s out: a backlog of 480,000 and 2,400 s to drain it. Here in hundredths.
    made = chain("a").with_service("a", servers=1, service_time=Constant(0.001))
    run = Simulation(made, Open(800.0, paced=True), faults=[Hang("a", 1.0, 7.0)])
    run.run(7.0)
    assert sum(run.look().waiting["a"]) == pytest.approx(4_800, abs=3)
    drained = next(moment.time for moment in run.moments(40.0, 3_300) if sum(moment.waiting["a"]) == 0)
    assert drained - 7.0 == pytest.approx(24.0, abs=0.1)


def test_who_measures_only_what_he_sends_misses_the_stall() -> None:
    # Gil Tene's example: 100 s of answers in 1 ms, then 100 s of standstill, measured 100 times a second.
    made = chain("a").with_service("a", service_time=Constant(0.001))
    stall = [Hang("a", 100.0, 200.0)]
    true = simulated(made, stall, requests=20_000, rate=100.0).endpoints[PAGE].latency
    assert true.mean == pytest.approx(25.0, rel=0.001)
    assert true.quantile(0.75) == pytest.approx(50.0, rel=0.005)
    naive = Simulation(made, Closed(1, Constant(0.009)), faults=stall)
    naive.run(200.005)
    seen = naive.endpoints[PAGE].latency
    assert seen.mean == pytest.approx(0.0110, rel=0.01)
    assert seen.quantile(0.9999) == pytest.approx(0.001, rel=0.01)


def test_a_partition_cuts_two_services_and_nobody_else() -> None:
    made = chain("abc", timeout=0.5)
    cut = simulated(made, [Partition("b", "c", 0.0, 10.5)], requests=20)
    assert (cut.endpoints[PAGE].failed, cut.endpoints[PAGE].ok) == ({"timed out": 10}, 10)
    assert cut.result().services["b"].served == 20
    assert simulated(made, [Partition("a", "c")]).endpoints[PAGE].ok == 1


def test_an_answer_into_a_partition_is_lost_though_the_work_is_done() -> None:
    made = chain("ab", timeout=2.0).with_service("b", service_time=Constant(0.5))
    run = simulated(made, [Partition("a", "b", 1.2, 1.6)])
    assert run.endpoints[PAGE].failed == {"timed out": 1}
    assert run.result().services["b"].served == 1


def test_without_one_zone_the_instances_of_the_other_do_the_work() -> None:
    made = chain("ab").with_service("b", replicas=3, servers=1, service_time=Constant(0.005), runs_on=("east", "west"))
    made = replace(made, infrastructure={"east": 1.0, "west": 1.0})
    run = Simulation(made, Open(100.0), faults=[Loss("east", 10.0, 20.0)], seed=3)
    looks = list(run.moments(30.0, 3_000))
    east = [sum(look.busy["b"][::2]) for look in looks if 10.01 < look.time < 20.0]
    assert sum(east) == 0
    assert sum(look.busy["b"][1] for look in looks if 10.01 < look.time < 20.0) > 400
    assert run.endpoints[PAGE].failures <= 2  # those inside when the zone was lost
    assert run.endpoints[PAGE].success_share > 0.998


def test_a_crash_fails_what_is_inside_and_a_restart_begins_idle() -> None:
    made = chain("ab").with_service("b", servers=1, service_time=Constant(1.0))
    run = simulated(made, [Crash("b", 5.5, 6.2)], requests=8, rate=4.0)
    # Sent at 0.25, 0.5 ... 2.0: five are done by 5.5; one is in service and two wait.
    assert (run.endpoints[PAGE].ok, run.endpoints[PAGE].failed) == (5, {"crashed": 3})
    assert run.endpoints[PAGE].failing.largest == pytest.approx(5.5e9 - 1.5e9)


def test_a_caller_that_crashed_sends_no_more_calls() -> None:
    made = chain("ab").with_service("a", calls=(Call("b", times=10),)).with_service("b", service_time=Constant(0.1))
    run = simulated(made, [Crash("a", 1.45)])
    assert run.endpoints[PAGE].failed == {"crashed": 1}
    assert run.result().services["b"].served == 5  # at 1.0, 1.1 ... 1.4


@pytest.mark.parametrize("foresight", [True, False])
def test_what_a_caller_would_send_after_its_crash_is_not_sent(foresight: bool) -> None:
    made = chain("ab").with_service("a", calls=(Call("b", times=9),)).with_service("b", round_trip=Constant(0.2))
    # The first call arrives at 1.1 s; its answer, at 1.2 s, finds nobody.
    run = Simulation(made, Open(1.0, paced=True), faults=[Crash("a", 1.15, 1.18)], requests=1, foresight=foresight)
    run.run()
    assert run.result().services["b"].served == 1


def test_a_caller_that_crashed_does_not_retry() -> None:
    run = simulated(chain("ab", retries=Retries(9, backoff=0.1)), [Crash("b"), Crash("a", 1.25)])
    assert run.result().services["b"].refused == {"down": 2}  # at 1.0 and 1.1, and not at 1.3


def test_a_restarted_caller_has_forgotten_that_its_breaker_was_open() -> None:
    made = chain("ab", breaker=Breaker(0.5, 2, 1_000.0))
    down = Crash("b", 0.0, 5.5)
    assert simulated(made, [down], requests=20).endpoints[PAGE].failed == {"down": 2, "breaker open": 18}
    restarted = simulated(made, [down, Crash("a", 8.2, 8.8)], requests=20)
    assert restarted.endpoints[PAGE].failed == {"down": 2, "breaker open": 6}


@pytest.mark.parametrize("foresight", [True, False])
def test_a_caller_that_hangs_goes_on_where_it_stood(foresight: bool) -> None:
    made = chain("ab").with_service("a", calls=(Call("b", times=2),)).with_service("b", service_time=Constant(0.5))
    run = Simulation(made, Open(1.0, paced=True), faults=[Hang("a", 1.2, 3.0)], requests=1, foresight=foresight)
    run.run()
    assert run.endpoints[PAGE].latency.largest == 2.5e9  # b's first answer, at 1.5 s, is read at 3.0 s


def test_a_service_that_waits_for_its_own_workers_waits_for_ever() -> None:
    made = chain("a").with_service("a", servers=1)
    made = replace(made, endpoints={PAGE: Endpoint(PAGE, "a", calls=(Call("a"),))})
    assert simulated(made, [], requests=3).endpoints[PAGE].under_way == 3
    assert simulated(made.with_service("a", blocking=False), [], requests=3).endpoints[PAGE].ok == 3


def test_parallel_branches_given_up_stop_calling() -> None:
    slow = Parallel(((Call("b", times=10),), (Call("c"),)), timeout=0.35)
    made = chain("abc").with_service("b", calls=(), service_time=Constant(0.1)).with_service("a", calls=(slow,))
    run = simulated(made, [])
    assert run.endpoints[PAGE].failed == {"timed out": 1}
    assert run.endpoints[PAGE].failing.largest == 0.35e9
    assert run.result().services["b"].served == 4


def test_slowness_stretches_work_and_a_hang_adds_to_it() -> None:
    pace = Pace([Slow("a", 4.0, 1.0, 2.0), Hang("a", 3.0, 5.0)])
    assert pace.finish(0.0, 0.5e9) == 0.5e9
    assert pace.finish(1.5e9, 0.05e9) == 1.7e9
    assert pace.finish(1.5e9, 1.0e9) == 2.0e9 + 0.875e9
    assert pace.finish(2.5e9, 1.0e9) == 5.5e9
    assert pace.awake(4.0e9) == 5.0e9
    assert Pace([Hang("a")]).finish(0.0, 1.0) == math.inf


def test_a_trace_holds_every_call_with_its_times() -> None:
    made = chain("abc").with_service("b", round_trip=Constant(0.002)).with_service("c", service_time=Constant(0.003))
    run = Simulation(made, Open(1.0, paced=True), requests=3, traced=1)
    run.run()
    assert len(run.spans) == 1
    (a,) = run.spans[0].children
    (b,) = a.children
    (c,) = b.children
    assert [span.service for span in (a, b, c)] == ["a", "b", "c"]
    assert (b.arrived - b.sent, b.answered - b.ended, c.ended - c.started) == (1e6, 1e6, 3e6)
    assert run.spans[0].to_json()["calls"][0]["outcome"] == "ok"
    assert len(list(recorded([json.dumps(otlp(run.spans))], "simulated.json"))) == 7
    exported = otlp(run.spans)["resourceSpans"]
    assert [resource["resource"]["attributes"][0]["value"]["stringValue"] for resource in exported] == [
        "client",
        *"abc",
    ]
    spans = [span for resource in exported for span in resource["scopeSpans"][0]["spans"]]
    assert len({span["spanId"] for span in spans}) == len(spans) == 7
    known = {span["spanId"] for span in spans}
    assert sum(not span["parentSpanId"] for span in spans) == 1
    assert all(span["parentSpanId"] in known for span in spans if span["parentSpanId"])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Crash("z"), "Crash must name a service, got 'z'"),
        (Hang("a", 2.0, 1.0), "Hang must start at 0 s or later and end after that, got 2.0 to 1.0"),
        (Hang("a", instance=1), "Hang.instance must be a whole number from 0 to 0, got 1"),
        (Slow("a", 0.0), "Slow.factor must be a number above 0, got 0.0"),
        (Partition("a", "z"), "Partition must name a service, got 'z'"),
        (Loss("east"), "Loss must name an infrastructure, got 'east'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: Fault, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        Simulation(chain("a"), Open(1.0), faults=[fault])
