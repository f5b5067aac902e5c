"""Retries as a fluid, beside the simulation engine, counts by hand, and the states that Bronson and others define."""

import math
from itertools import product

import pytest

from labs_py.labs.retry_storm import database
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.arrivals import Open
from labs_py.model.duration import ZERO, Constant
from labs_py.model.faults import Slow
from labs_py.model.policy import Breaker, Retries
from labs_py.model.simulation import Simulation
from labs_py.model.storm import STEP, Chain, Flow

CALM = [(0.0, 1.0)]
FAULT = [(0.0, 1.0), (10.0, 0.2), (20.0, 1.0)]


def simulated(chain: Chain, rate: float, until: int) -> tuple[list[int], float, int]:
    """Return the requests answered in each second, all calls that have reached the store, and how many of them wait in the end."""
    services = {"store": Service("store", service_time=Constant(chain.work), round_trip=ZERO, servers=15)}
    for number in range(chain.layers):
        below = "store" if number == 0 else str(number - 1)
        retries = Retries(chain.attempts, chain.pause, jitter=chain.jitter, budget=chain.budget)
        breaker = Breaker(0.5, 200, 5.0) if chain.breaker else None
        call = Call(below, timeout=chain.timeout, retries=retries, breaker=breaker)
        services[str(number)] = Service(str(number), service_time=ZERO, round_trip=ZERO, calls=(call,))
    system = Architecture("chain", services, {"GET /": Endpoint("GET /", str(chain.layers - 1))})
    run = Simulation(system, Open(rate), faults=[Slow("store", 5.0, 10.0, 20.0)], foresight=False)
    moments = list(run.moments(until, until))
    waiting = sum(moments[-1].waiting["store"])
    return [moment.ok for moment in moments], run.result().services["store"].served + waiting, waiting


def by_second(values: list[float]) -> list[float]:
    return [math.fsum(values[first : first + 10]) * STEP for first in range(0, len(values), 10)]


@pytest.mark.parametrize(
    ("chain", "until", "within"),
    [
        (Chain(attempts=1), 40, 0.03),
        (Chain(pause=0.1, jitter="full"), 30, 0.03),
        (Chain(layers=1, attempts=3, pause=0.5, jitter="equal"), 30, 0.03),
        (Chain(budget=0.1, pause=0.1, jitter="full"), 55, 0.03),
        (Chain(layers=1, breaker=True, pause=0.1, jitter="full"), 40, 0.08),
    ],
    ids=["no retries", "storm", "one layer", "budget", "breaker"],
)
def test_the_fluid_flows_as_the_requests_of_the_engine_do(chain: Chain, until: int, within: float) -> None:
    flow = chain.run([(0.0, 200.0)], FAULT, until)
    answered, calls, waiting = simulated(chain, 200.0, until)
    # What random arrivals add or take away: a few standard deviations of some thousand requests and calls; and the engine's breaker looks
    # at the last 200 calls, not at the last second.
    assert math.fsum(flow.calls) * STEP == pytest.approx(calls, rel=within)
    assert math.fsum(flow.answered) * STEP == pytest.approx(sum(answered), rel=within, abs=60)
    assert flow.waiting[-1] == pytest.approx(waiting, rel=0.05, abs=60)
    well = [count > 100 for count in answered]
    differ = sum(one != (count > 100) for one, count in zip(well, by_second(flow.answered), strict=True))
    assert differ <= 2  # seconds in which one is up and the other down


@pytest.mark.parametrize(("layers", "attempts"), [(1, 2), (2, 2), (3, 4), (4, 3)])
def test_one_request_makes_attempts_to_the_power_of_layers_calls_each_in_its_round(layers: int, attempts: int) -> None:
    chain = Chain(layers, attempts)
    flow = chain.run([(0.0, 1 / STEP), (STEP, 0.0)], [(0.0, 0.0)], 20.0)
    # A call is made in the round that is the sum, over the layers, of how often each has tried before.
    rounds = [sum(tries) for tries in product(range(attempts), repeat=layers)]
    expected = [rounds.count(number) for number in range(20)]
    assert by_second(flow.calls) == pytest.approx(expected)
    assert sum(expected) == chain.most == attempts**layers


def end(chain: Chain, rate: float, *, fault: bool, until: float = 100.0) -> Flow:
    return chain.run([(0.0, rate)], FAULT if fault else CALM, until)


@pytest.mark.parametrize(
    "chain",
    [
        Chain(layers=1),
        Chain(layers=2),
        Chain(layers=2, attempts=3),
        Chain(layers=2, deadline=True),
        Chain(layers=2, budget=0.2),
        Chain(layers=2, pause=0.5, jitter="full"),
    ],
    ids=["150", "75", "33", "150, deadline", "208", "75, pauses"],
)
def test_a_chain_is_stable_below_a_load_and_vulnerable_above_it(chain: Chain) -> None:
    stable, vulnerable = 0.97 * chain.stable_below, 1.03 * chain.stable_below
    for rate in (stable, vulnerable):
        calm = end(chain, rate, fault=False)
        assert calm.answered[-1] == pytest.approx(rate)  # before: well, whichever it is
        during = end(chain, rate, fault=True, until=20.0)
        assert during.answered[-1] == 0 or rate < 60  # the trigger overloads what is more than it leaves
    # After a trigger that is long enough, the calls of the one can be done and those of the other cannot.
    long = [(0.0, 1.0), (10.0, 0.0), (40.0, 1.0)]
    for rate, back in ((stable, True), (vulnerable, False)):
        flow = chain.run([(0.0, rate)], long, 140.0)
        queue = flow.waiting[1000], flow.waiting[-1]
        assert (flow.calls[-1] < chain.capacity) is back
        assert (queue[1] < queue[0] or queue[1] < 1) is back
        assert back or flow.answered[-1] == pytest.approx(0, abs=1e-6)


def test_the_same_load_has_two_outcomes_and_only_less_load_brings_the_first_one_back() -> None:
    chain = Chain(pause=0.1, jitter="full")
    assert end(chain, 200.0, fault=False).answered[-1] == pytest.approx(200)
    assert end(chain, 200.0, fault=True, until=600.0).answered[-1] == 0
    for share, back in ((0.3, False), (0.0, True)):
        load = [(0.0, 200.0), (40.0, share * 200.0), (100.0, 200.0)]
        assert (chain.run(load, FAULT, 130.0).answered[-1] == pytest.approx(200)) is back


def test_without_retries_the_queue_is_worked_off_by_what_is_spare() -> None:
    flow = end(Chain(attempts=1), 200.0, fault=True)
    assert flow.waiting[199] == pytest.approx((200 - 60) * 10)
    empty = next(step for step in range(200, 1000) if flow.waiting[step] < 1)
    assert empty * STEP - 20 == pytest.approx(1400 / (300 - 200), abs=2 * STEP)


@pytest.mark.parametrize("chain", [Chain(layers=3, attempts=3), Chain(queue=500), Chain(breaker=True)])
def test_what_reaches_the_store_waits_or_has_been_worked_off(chain: Chain) -> None:
    flow = end(chain, 200.0, fault=True, until=60.0)
    waits = 0.0
    for calls, refused, capacity, waiting in zip(flow.calls, flow.refused, flow.capacity, flow.waiting, strict=True):
        waits = max(0.0, waits + (calls - refused - capacity) * STEP)
        assert waiting == pytest.approx(waits, abs=1e-6)
    assert max(flow.waiting) <= chain.queue + 1e-6


def test_a_budget_pays_for_its_part_of_the_calls_and_for_what_it_held_at_first() -> None:
    flow = Chain(layers=1, attempts=5, budget=0.1).run([(0.0, 100.0)], [(0.0, 0.0)], 50.0)
    firsts, calls = (math.fsum(values) * STEP for values in (flow.offered, flow.calls))
    assert firsts + 0.1 * (firsts - 100) < calls <= 1.1 * firsts + 10 + 1e-6


@pytest.mark.parametrize("rate", [280.0, 400.0])
def test_deadlines_alone_do_not_make_a_full_store_answer(rate: float) -> None:
    """First come first served, it begins what is about to be given up: with work of one length, nothing is in time."""
    store = Service("store", service_time=Constant(0.05), round_trip=ZERO, servers=15)
    system = Architecture("store", {"store": store}, {"GET /": Endpoint("GET /", "store", timeout=1.0, deadline=1.0)})
    run = Simulation(system, Open(rate), seed=3)
    answered = [moment.ok for moment in run.moments(30.0, 30)]
    flow = Chain(layers=1, attempts=1, deadline=True).run([(0.0, rate)], CALM, 30.0)
    assert flow.answered[-1] == pytest.approx(sum(answered[15:]) / 15, rel=0.05, abs=1.0)


@pytest.mark.parametrize(
    ("capacity", "as_measured"), [(16_000, False), (16_400, True), (17_000, True), (17_450, True), (18_000, False)]
)
def test_the_four_runs_of_a_real_database_leave_little_room_for_its_one_unknown_number(
    capacity: float, as_measured: bool
) -> None:
    runs = ((6200, 0.22, 10, True), (6200, 0.20, 10, False), (6200, 0.20, 9, True), (4200, 0.20, 10, True))
    ends = [(database(rate, left, seconds, capacity) > 0.9 * rate) is back for rate, left, seconds, back in runs]
    assert all(ends) is as_measured


def test_a_queue_is_short_when_all_of_it_can_be_answered_in_time() -> None:
    short, long = Chain(queue=240), Chain(queue=1000)
    assert (short.stable_below, long.stable_below) == (300, 75)
    assert end(short, 290.0, fault=True).answered[-1] == pytest.approx(290)
    assert end(long, 200.0, fault=True).answered[-1] == 0
