"""Clients that contend for one item, beside a simulation of every message, and what the published article says."""

import doctest
import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator

import pytest

from labs_py import chart, lab
from labs_py.labs import backoff_jitter
from labs_py.model import contention
from labs_py.model.confidence import interval
from labs_py.model.contention import BACKOFFS, Contest, calls_of_three


def every_message(contest: Contest, backoff: str, seed: int) -> tuple[int, float]:
    """Return calls and completion of a contest in which each message is an event, the store keeps a version, and waits follow their formulas."""
    rng = random.Random(seed)
    ticket = itertools.count()
    agenda: list[tuple[float, int, Callable[[float], None]]] = []
    version = calls = 0

    def send(now: float, then: Callable[[float], None]) -> None:
        delay = abs(rng.normalvariate(contest.network_ms, contest.network_sd))
        heapq.heappush(agenda, (now + delay, next(ticket), then))

    def client(waits: Iterator[float]) -> Callable[[float], None]:
        def at_store_to_read(now: float) -> None:
            seen = version
            send(now, lambda later: send(later, lambda last: at_store_to_write(last, seen)))

        def at_store_to_write(now: float, seen: int) -> None:
            nonlocal version, calls
            calls += 1
            if seen == version:
                version += 1
                send(now, lambda _: None)
            else:
                send(now, lambda later: send(later + next(waits), at_store_to_read))

        return at_store_to_read

    def waits() -> Iterator[float]:
        sleep = contest.base
        for attempt in itertools.count(1):
            longest = min(contest.cap, contest.base * 2**attempt)
            sleep = min(contest.cap, rng.uniform(contest.base, sleep * 3))
            yield {
                "none": 0.0,
                "exponential": longest,
                "full": rng.uniform(0, longest),
                "equal": longest / 2 + rng.uniform(0, longest / 2),
                "decorrelated": sleep,
            }[backoff]

    for _ in range(contest.clients):
        send(0.0, client(waits()))
    now = 0.0
    while agenda:
        now, _, act = heapq.heappop(agenda)
        act(now)
    return calls, now


@pytest.mark.parametrize("backoff", BACKOFFS)
@pytest.mark.parametrize("contest", [Contest(20), Contest(8, base=50.0, cap=400.0, network_sd=3.0)])
def test_a_contest_gives_what_a_simulation_of_every_message_gives(contest: Contest, backoff: str) -> None:
    runs = 120
    ours = [contest.run(backoff, seed) for seed in range(runs)]
    theirs = [every_message(contest, backoff, seed) for seed in range(runs)]
    for mine, other in (
        ([float(one.calls) for one in ours], [float(calls) for calls, _ in theirs]),
        ([one.completion for one in ours], [completion for _, completion in theirs]),
    ):
        a, b = interval(mine, 0.999), interval(other, 0.999)
        assert abs(a.mean - b.mean) <= math.hypot(a.high - a.mean, b.high - b.mean) + 1e-9


@pytest.mark.parametrize("clients", [1, 2, 7, 50])
def test_in_step_the_calls_are_a_triangle_number_with_and_without_exponential_backoff(clients: int) -> None:
    for backoff in ("none", "exponential"):
        assert Contest(clients, network_sd=0.0).run(backoff, 1).calls == clients * (clients + 1) // 2
    assert Contest(clients, network_sd=0.0).run("none", 1).completion == pytest.approx(40 * clients)


def test_two_of_three_clients_meet_as_often_as_the_closed_form_says() -> None:
    found = [Contest(3, base=40.0, network_sd=0.0).run("full", seed).calls for seed in range(2_000)]
    assert calls_of_three(80, 10) in interval([float(calls) for calls in found], 0.999)
    assert calls_of_three(15, 10) == 6


def test_waits_stay_in_their_bounds_however_often_a_client_fails() -> None:
    draw = random.Random(1).random
    for name, (low, high) in {
        "none": (0, 0),
        "exponential": (10, 2000),
        "full": (0, 2000),
        "equal": (5, 2000),
        "decorrelated": (5, 2000),
    }.items():
        waits = list(itertools.islice(BACKOFFS[name](5.0, 2000.0, draw), 5_000))
        assert low <= min(waits) <= max(waits) <= high, name


def test_jitter_cuts_the_calls_of_a_hundred_clients_by_more_than_half() -> None:
    calls = lab.load("backoff_jitter").report({"runs": "3"}).data["calls"]
    assert calls["full"]["high"] < calls["exponential"]["low"] / 2


def test_the_first_replication_alone_makes_a_report() -> None:
    run = backoff_jitter.run(clients=10, runs=3)
    assert run.summary([run.one(0)]).data["runs"] == 1
    assert len(run.one(0)["over_time"][1]["none"]) == 160
    assert "over_time" not in run.one(1)


def test_names_of_lines_that_end_together_are_apart() -> None:
    spec = chart.named_lines(
        {"a": [(0, 1), (1, 5)], "b": [(0, 1), (1, 5)]},
        {"a": chart.OK, "b": chart.FAILS},
        x="x",
        y="y",
        x_domain=(0, 1),
        y_domain=(0, 10),
        height=170,
    )
    assert [row["y"] for row in spec["layer"][1]["data"]["values"]] == [5, 6]
    assert doctest.testmod(chart).failed == 0
    assert doctest.testmod(contention).failed == 0
