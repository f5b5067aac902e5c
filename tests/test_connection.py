"""The cost of connections: against distances on a globe, packets that are really drawn, and messages that really wait for one another."""

import heapq
import math
import random
from itertools import pairwise

import pytest

from labs_py.model.connection import (
    INITIAL_WINDOW,
    SET_UPS,
    bursts,
    extra_in_order,
    extra_round_trips,
    fiber_round_trip,
    first_byte,
    held_up,
    held_up_in_order,
    whole_answer,
)
from labs_py.model.places import PAIRS, PLACES
from labs_py.model.pool import cold_pool

NEW_YORK, LONDON, SYDNEY, DUBLIN, ASHBURN = (
    (40.71, -74.01),
    (51.51, -0.13),
    (-33.87, 151.21),
    (53.35, -6.26),
    (39.04, -77.49),
)


def kilometers(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places given by latitude and longitude."""
    (a, b), (c, d) = ([math.radians(degrees) for degrees in place] for place in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(half))


@pytest.mark.parametrize(("city", "ms"), [(LONDON, 56), (SYDNEY, 160)])
def test_the_floor_from_new_york_is_that_of_the_great_circle(city: tuple[float, float], ms: float) -> None:
    assert fiber_round_trip(kilometers(NEW_YORK, city)) * 1000 == pytest.approx(ms, abs=0.7)


@pytest.mark.parametrize(
    ("place", "one", "other"),
    [
        ("virginia_ireland", ASHBURN, DUBLIN),
        ("washington_sydney", ASHBURN, SYDNEY),
        ("ireland_sydney", DUBLIN, SYDNEY),
    ],
)
def test_no_measured_round_trip_is_faster_than_light_in_glass_nor_three_times_slower(
    place: str, one: tuple[float, float], other: tuple[float, float]
) -> None:
    floor = fiber_round_trip(kilometers(one, other))
    assert floor < PAIRS[place].round_trip < 3 * floor
    assert not PAIRS.keys() & PLACES.keys()


@pytest.mark.parametrize("name", SET_UPS)
def test_the_first_byte_comes_when_the_last_of_a_chain_of_messages_has_come(name: str) -> None:
    now, work, way = 0.0, 0.04, 0.05
    for _ in SET_UPS[name].exchanges:
        now += way  # the client's message
        now += way  # the server's, which the client has to see before it sends the next
    now += way + work + way
    assert first_byte(SET_UPS[name], 2 * way, work) == pytest.approx(now)


@pytest.mark.parametrize("packets", [1, 9, 10, 11, 45, 1000])
def test_slow_start_sends_everything_and_doubles(packets: int) -> None:
    sent = bursts(packets)
    assert sum(sent) == packets
    assert all(after == 2 * before for before, after in pairwise(sent[:-1]))
    assert sent[0] <= INITIAL_WINDOW
    # As a closed form: after n round trips 10 (2**n - 1) packets are there.
    assert len(sent) == math.ceil(math.log2(packets / INITIAL_WINDOW + 1))
    gone = whole_answer(SET_UPS["tcp"], 1.0, 0.0, packets) - whole_answer(SET_UPS["open"], 1.0, 0.0, packets)
    assert gone == len(sent)  # one for TCP, and one for each burst after the first


@pytest.mark.parametrize(("answers", "packets", "loss"), [(1, 10, 0.05), (10, 10, 0.01), (4, 3, 0.2), (7, 1, 0.1)])
def test_losses_are_as_when_packets_are_drawn(answers: int, packets: int, loss: float) -> None:
    rng, rounds = random.Random(7), 4000
    late = {"tcp": 0, "quic": 0}
    extra = {"tcp": 0, "quic": 0}
    for _ in range(rounds):
        reached, own = 0, [0] * answers
        for number in range(answers * packets):
            trips = 0
            while rng.random() < loss:
                trips += 1
            reached = max(reached, trips)
            stream = number % answers
            own[stream] = max(own[stream], trips)
            if number >= answers * (packets - 1):  # the last packet of its answer
                for name, delay in (("tcp", reached), ("quic", own[stream])):
                    late[name] += delay > 0
                    extra[name] += delay
    drawn = rounds * answers
    # Answers of one round depend on one another; four standard errors of as many independent rounds are room enough.
    room = 4 * 0.5 / math.sqrt(rounds)
    assert late["quic"] / drawn == pytest.approx(held_up(packets, loss), abs=room)
    assert late["tcp"] / drawn == pytest.approx(held_up_in_order(answers, packets, loss), abs=room)
    assert extra["quic"] / drawn == pytest.approx(extra_round_trips(packets, loss), abs=2 * room)
    assert extra["tcp"] / drawn == pytest.approx(extra_in_order(answers, packets, loss), abs=2 * room)


def test_without_losses_nobody_is_late() -> None:
    assert held_up(100, 0.0) == extra_round_trips(100, 0.0) == held_up_in_order(5, 20, 0.0) == 0


@pytest.mark.parametrize(("rate", "pool"), [(100, 32), (100, 40), (100, 60), (50, 20)])
def test_a_cold_pool_recovers_when_requests_are_followed_one_by_one(rate: int, pool: int) -> None:
    cold, warm = 1.5742, 0.2957
    free: list[float] = []  # when each open connection is free again
    opened, starts = 0, []
    for number in range(rate * 40):
        now = number / rate
        if opened < pool and not (free and free[0] <= now):
            opened, start = opened + 1, now
            heapq.heappush(free, now + cold)
        else:
            start = max(now, heapq.heappop(free))
            heapq.heappush(free, start + warm)
        starts.append((now, start))
    waiting = [
        sum(came <= now < start for came, start in starts[: number + 1])
        for number, (now, _) in enumerate(starts[: 3 * rate])
    ]
    calm = next(came for came, start in starts if came > cold and start == came)
    backlog, gone = cold_pool(rate, pool, cold, warm)
    assert gone is not None
    assert max(waiting) == pytest.approx(backlog, abs=1.5)
    assert gone <= calm + 1 / rate <= gone + 2 * warm  # the pool's connections are not free evenly at first


def test_a_cold_pool_that_is_large_enough_makes_nobody_wait_and_one_too_small_never_recovers() -> None:
    assert cold_pool(100, 158, 1.5742, 0.2957) == (0, 0)
    assert cold_pool(100, 29, 1.5742, 0.2957)[1] is None
