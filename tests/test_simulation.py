"""Simulated queues agree with their closed forms; a run is the same however it is cut; what goes in comes out."""

import doctest
import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_architectures import architectures

from labs_py.model import policy, simulation, ticks
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.arrivals import Bursty, Changing, Closed, Load, Open
from labs_py.model.confidence import Interval, interval
from labs_py.model.duration import ZERO, Constant, Duration, Exponential, Lognormal
from labs_py.model.faults import Fault, Hang, Partition, Slow
from labs_py.model.histogram import RELATIVE_ERROR
from labs_py.model.jackson import Station, network
from labs_py.model.queueing import MG1, MM1K, MMc, power_of_choices
from labs_py.model.simulation import Simulation
from labs_py.model.spans import Span
from labs_py.model.tally import EndpointTally, Result

MEAN = 0.010
PAGE = "GET /"


def queue(servers: int = 1, work: Duration | None = None, **more: object) -> Architecture:
    service = Service("web", service_time=work or Exponential(MEAN), round_trip=ZERO, servers=servers, **more)  # type: ignore[arg-type]
    return Architecture("queue", {"web": service}, {PAGE: Endpoint(PAGE, "web")})


def replicated(
    architecture: Architecture, arriving: Load, measure: Callable[[Simulation], float], requests: int = 20_000
) -> Interval:
    """Return the 99 % confidence interval of a measure over ten independent runs, warmed up."""
    values = []
    for number in range(10):
        run = Simulation(architecture, arriving, seed=f"replication {number}", warm_up=10.0, requests=requests)
        run.run()
        values.append(measure(run))
    return interval(values)


def mean(run: Simulation) -> float:
    return run.endpoints[PAGE].latency.mean


def p99(run: Simulation) -> float:
    return run.endpoints[PAGE].latency.quantile(0.99)


def close(found: Interval, exact: float) -> bool:
    """Say whether the interval, as wide as the histogram's error makes it, holds the exact value and is no wider than 10 % of it."""
    slack = RELATIVE_ERROR * exact
    assert found.high - found.low < 0.2 * exact
    return found.low - slack <= exact <= found.high + slack


@pytest.mark.parametrize("servers", [1, 4])
def test_mean_and_99th_percentile_of_an_mmc_queue_are_the_exact_ones(servers: int) -> None:
    exact = MMc(0.7 * servers / MEAN, 1 / MEAN, servers)
    arriving = Open(exact.arrival_rate)
    assert close(replicated(queue(servers), arriving, mean), exact.mean_time)
    assert close(replicated(queue(servers), arriving, p99), exact.time_quantile(0.99))


@pytest.mark.parametrize("work", [Constant(MEAN), Lognormal(MEAN, 4 * MEAN)])
def test_the_mean_wait_grows_with_the_variation_of_the_work(work: Constant | Lognormal) -> None:
    variation = 0.0 if isinstance(work, Constant) else math.exp(work.sigma**2) - 1
    exact = MG1(0.6 / MEAN, MEAN, variation)
    found = replicated(queue(1, work), Open(exact.arrival_rate), mean, 40_000)
    assert close(found, exact.mean_time)


def test_a_queue_with_little_room_refuses_and_delays_as_it_should() -> None:
    exact = MM1K(1.2 / MEAN, 1 / MEAN, 5)
    small, arriving = queue(1, queue_limit=4), Open(exact.arrival_rate)

    def refused(run: Simulation) -> float:
        tally = run.endpoints[PAGE]
        return tally.failed["queue full"] / tally.sent

    def p90(run: Simulation) -> float:
        return run.endpoints[PAGE].latency.quantile(0.9)

    assert close(replicated(small, arriving, refused), exact.refused)
    assert close(replicated(small, arriving, mean), exact.mean_time)
    assert close(replicated(small, arriving, p90), exact.time_quantile(0.9))


def test_a_network_whose_workers_do_not_wait_is_a_jackson_network() -> None:
    services = {
        "web": Service("web", service_time=Exponential(0.004), round_trip=ZERO, servers=1, blocking=False),
        "store": Service("store", service_time=Exponential(0.010), round_trip=ZERO, servers=2),
    }
    endpoints = {
        PAGE: Endpoint(PAGE, "web", 1.0, (Call("store"),)),
        "GET /static": Endpoint("GET /static", "web", 1.0),
    }
    exact = network(
        {"web": Station(250.0, arrivals=160.0, onward={"store": 0.5}), "store": Station(100.0, 2)},
    )

    def over_all(run: Simulation) -> float:
        tallies = run.endpoints.values()
        return math.fsum(tally.latency.total for tally in tallies) / sum(tally.ok for tally in tallies) / 1e9

    shop = Architecture("shop", services, endpoints)
    assert close(replicated(shop, Open(160.0), over_all), exact.mean_time)
    page = exact.stations["web"].mean_time + exact.stations["store"].mean_time
    assert close(replicated(shop, Open(160.0), mean), page)


def test_users_who_wait_and_think_give_the_machine_repair_model() -> None:
    users, think = 12, 0.080
    weights = [1.0]  # of 0, 1 ... requests at the server
    for count in range(users):
        weights.append(weights[-1] * (users - count) * MEAN / think)
    busy = 1 - weights[0] / math.fsum(weights)
    exact = users / (busy / MEAN) - think  # the interactive response time law
    assert close(replicated(queue(), Closed(users, Exponential(think)), mean), exact)


def test_two_choices_come_near_their_limit_and_one_choice_is_a_simple_queue() -> None:
    def waiting_time(balancer: str) -> float:
        run = Simulation(
            queue(1, replicas=200, balancer=balancer), Open(0.9 * 200 / MEAN), warm_up=2.0, requests=150_000
        )
        run.run()
        return mean(run) / MEAN

    assert waiting_time("two_choices") == pytest.approx(power_of_choices(2, 0.9), rel=0.03)
    assert waiting_time("random") == pytest.approx(power_of_choices(1, 0.9), rel=0.12)


def test_balancers_that_know_more_do_better() -> None:
    times = []
    for balancer in ("least_requests", "two_choices", "round_robin", "random"):
        run = Simulation(queue(1, replicas=10, balancer=balancer), Open(8.5 / MEAN), requests=30_000)
        run.run()
        times.append(mean(run))
    assert times == sorted(times)


def test_bursts_of_the_same_mean_rate_cost_far_longer_waits() -> None:
    smooth, bursty = Open(60.0), Bursty(60.0, factor=3.0, share=0.2, length=0.5)
    runs = [Simulation(queue(), arriving, requests=30_000) for arriving in (smooth, bursty)]
    for run in runs:
        run.run()
    assert runs[1].now == pytest.approx(500, rel=0.1)  # 30,000 requests at 60 per second
    assert mean(runs[1]) > 3 * mean(runs[0])


def test_a_rate_that_changes_sends_what_it_says() -> None:
    run = Simulation(queue(8), Changing(((0.0, 100.0), (10.0, 0.0), (20.0, 400.0))), seed=3)
    sent = []
    for moment in run.moments(30.0, 3):
        sent.append(run.sent - sum(sent))
        assert moment.time == pytest.approx(10.0 * len(sent))
    assert sent[0] == pytest.approx(1_000, abs=130)
    assert sent[1] == 0
    assert sent[2] == pytest.approx(4_000, abs=260)


def test_what_a_run_counts_does_not_depend_on_how_it_is_cut() -> None:
    shop = load("online_boutique").with_service("currency", servers=1, queue_limit=3)
    faults = [Slow("currency", 3.0, 1.0, 2.0), Hang("cart", 2.0, 2.5)]

    def fresh() -> Simulation:
        return Simulation(shop, Open(120.0), faults=faults, seed=5, warm_up=0.5)

    whole, cut = fresh(), fresh()
    whole.run(4.0)
    for share in cut.progress(1.3, every=1):
        assert 0 <= share <= 1
    for _ in cut.moments(3.1, 17):
        pass
    stopped = cut.progress(4.0, every=1)
    next(stopped, None)
    cut.run(4.0)
    assert cut.result().to_json() == whole.result().to_json()
    assert json.loads(json.dumps(whole.result().to_json())) == whole.result().to_json()
    other = Simulation(shop, Open(120.0), faults=faults, seed=6, warm_up=0.5)
    other.run(4.0)
    assert other.result().to_json() != whole.result().to_json()


def test_results_of_replications_add_up() -> None:
    runs = [Simulation(queue(2), Open(150.0), seed=number, requests=500) for number in range(3)]
    for run in runs:
        run.run()
    merged = Result.from_json(runs[0].result().to_json())
    for run in runs[1:]:
        merged.merge(Result.from_json(run.result().to_json()))
    assert merged.endpoints[PAGE].sent == merged.endpoints[PAGE].latency.count == 1_500
    assert merged.services["web"].served == 1_500
    assert merged.seconds == pytest.approx(sum(run.now for run in runs))


def test_changing_one_service_leaves_the_luck_of_the_others_alone() -> None:
    shop = load("online_boutique")
    slower = shop.with_service("ad", service_time=Exponential(0.020))
    runs = [Simulation(each, Open(50.0), requests=400) for each in (shop, slower)]
    for run in runs:
        run.run()
    quick, slow = (run.endpoints for run in runs)
    assert quick["POST /cart"].to_json() == slow["POST /cart"].to_json()
    assert quick["GET /"].latency.mean < slow["GET /"].latency.mean


@st.composite
def loaded(draw: st.DrawFn) -> Architecture:
    """Return a random architecture with queues, whose times hardly ever fall together."""
    made = draw(architectures(zones=False))
    for index, service in enumerate(list(made.services.values())):
        made = made.with_service(
            service.name,
            service_time=Exponential(draw(st.sampled_from([0.001, 0.004, 0.015]))),
            round_trip=Constant(0.0003 + index * 0.0000137),
            servers=draw(st.sampled_from([None, 1, 2, 3])),
            queue_limit=draw(st.sampled_from([None, None, 0, 2])),
            shed_after=draw(st.sampled_from([None, None, 0.01])),
            blocking=draw(st.booleans()),
            balancer=draw(st.sampled_from(["random", "round_robin", "least_requests", "two_choices"])),
        )
    endpoints = {
        name: replace(endpoint, deadline=draw(st.sampled_from([None, None, 0.05])))
        for name, endpoint in made.endpoints.items()
    }
    return replace(made, endpoints=endpoints)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loaded(), st.integers(0, 99), st.sampled_from([20.0, 200.0]))
def test_foresight_changes_nothing_but_the_speed(architecture: Architecture, seed: int, rate: float) -> None:
    # Callers that wake up, or are refused, at the same nanosecond go on in an order that may differ: nothing here makes them.
    for name in architecture.services:
        architecture = architecture.with_service(name, shed_after=None)
    faults: list[Fault] = [Slow("s0", 4.0, 0.1, 0.3)]
    if all(endpoint.entry != "s0" for endpoint in architecture.endpoints.values()):
        faults.append(Hang("s0", 0.4, 0.5))
    faults += [Partition("s0", name, 0.2, 0.25) for name in architecture.services if name != "s0"]
    found = []
    for foresight in (True, False):
        run = Simulation(architecture, Open(rate), faults=faults, seed=seed, requests=60, foresight=foresight)
        run.run()
        found.append(run.result().to_json() | {"seconds": None})
    assert found[0] == found[1]


def test_foresight_sheds_what_the_events_shed() -> None:
    found = []
    for foresight in (True, False):
        run = Simulation(queue(2, shed_after=0.015), Open(230.0), seed=2, requests=3_000, foresight=foresight)
        run.run()
        found.append(run.result().to_json())
    assert found[0] == found[1]
    assert found[0]["services"]["web"]["refused"]["waited too long"] > 300


def spans_of(span: Span) -> list[Span]:
    return [span, *(below for child in span.children for below in spans_of(child))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loaded(), st.booleans(), st.integers(0, 99))
def test_no_request_and_no_call_is_lost_or_made_up(architecture: Architecture, foresight: bool, seed: int) -> None:
    services = {name: replace(service, blocking=True) for name, service in architecture.services.items()}
    run = Simulation(
        replace(architecture, services=services), Open(150.0), seed=seed, traced=10_000, foresight=foresight
    )
    ended = 0
    for moment in run.moments(0.5, 7):
        tallies = run.endpoints.values()
        ended += moment.ok + moment.degraded + moment.failed
        assert ended == sum(tally.ok + tally.degraded + tally.failures for tally in tallies)
        assert run.sent == sum(tally.sent for tally in tallies) == ended + sum(tally.under_way for tally in tallies)
        for tally in tallies:
            assert tally.latency.count == tally.ok + tally.degraded
            assert tally.failing.count == tally.failures
        # Every call that a span shows inside a service is one of those that wait or are in service there.
        now = moment.time * 1e9
        inside = dict.fromkeys(services, 0)
        for root in run.spans:
            for span in spans_of(root):
                if span.service in inside and span.arrived <= now < span.ended:
                    inside[span.service] += 1
        for name in services:
            assert inside[name] == sum(moment.waiting[name]) + sum(moment.busy[name]), name


def test_the_number_in_the_system_is_the_rate_times_the_time() -> None:
    run = Simulation(queue(2), Open(170.0), seed=1)
    inside = [sum(moment.waiting["web"]) + sum(moment.busy["web"]) for moment in run.moments(2_000.0, 20_000)]
    rate = run.sent / run.now
    assert sum(inside) / len(inside) == pytest.approx(rate * mean(run), rel=0.02)


def test_time_is_linear_and_memory_flat_in_the_number_of_requests() -> None:
    run = Simulation(queue(), Open(50.0), requests=60_000)
    for _ in run.progress():
        assert len(run.agenda.heap) <= 1
    run.run()
    assert run.endpoints[PAGE].latency.count == 60_000
    assert len(run.endpoints[PAGE].latency.bins) < 3_000


def test_a_service_without_workers_to_count_serves_everybody_at_once() -> None:
    run = Simulation(queue(servers=None), Open(1_000.0), requests=5_000)  # type: ignore[arg-type]
    run.run()
    assert run.result().services["web"].mean_wait == 0
    assert mean(run) == pytest.approx(MEAN, rel=0.05)


def test_a_simulation_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="until must be a time, or the simulation must be given a number of requests"):
        Simulation(queue(), Open(1.0)).run()
    run = Simulation(queue(), Open(1.0))
    run.run(5.0)
    with pytest.raises(ValueError, match=r"until must be from 5 s, which has been reached, to 104 days, got 3\.0"):
        run.run(3.0)
    with pytest.raises(ValueError, match="requests must be at least 1, got 0"):
        Simulation(queue(), Open(1.0), requests=0)
    with pytest.raises(ValueError, match="rate must be above 0 and below 1e9 per second, got 0"):
        Open(0.0)
    with pytest.raises(ValueError, match=r"factor must be from 1 to 1 / share = 4, got 5"):
        Bursty(10.0, 5.0, 0.25, 1.0)
    with pytest.raises(ValueError, match="rates must start at 0 s"):
        Changing(((1.0, 5.0),))
    with pytest.raises(ValueError, match=r"length must be a time of at least 1 us, got 0\.0 s"):
        Bursty(10.0, 2.0, 0.25, 0.0)
    with pytest.raises(ValueError, match=r"think must take at least 1 us on average, got 0\.0 s"):
        Closed(1, ZERO)
    with pytest.raises(
        ValueError, match="at most 20,000 instances and 1,000,000 workers in all, got 30,000 and 60,000"
    ):
        Simulation(queue(2, replicas=30_000), Open(1.0))
    with pytest.raises(ValueError, match="users must be a whole number from 1 to 100,000, got 0"):
        Closed(0, ZERO)


def test_nothing_counted_says_nothing() -> None:
    assert math.isnan(EndpointTally().success_share)


def test_the_examples_in_the_docstrings_are_true() -> None:
    for module in (policy, simulation, ticks):
        assert doctest.testmod(module).failed == 0
