"""Stale addresses: the TTL of a record is where the waiting begins, and programs, connections and restarts decide when it ends.

A record moves to a new address, and the old server goes on answering. An answer is old for as long as it is in a cache of the DNS; a
program keeps what it was told; a connection stays with the server that it was opened to; and some programs ask once, when they start.
Caches and programs are asked all the time, so at the moment of the move each is anywhere in its term with equal chance.

Data:
    half_s: after so many seconds half of the requests go to the new address; null if that is never but by restarts.
    moved_s: when the last request of those that ask again has gone to the old address; connections that idle hardly ever last so long.
    last_s: the same of all.
    stale_at_ttl: share of requests that go to the old address when the TTL is over; stale_after_1_min: a minute after the move.
    requests: requests in all that go to the old address, of 1,000 a second; asking_again: those of programs that ask again.
    opening: share of requests that open a connection.
    times, ttl_alone, lookups, stale: share of what is old over time in seconds: by the TTL alone, of lookups, of requests.

Sources:
    Paul Mockapetris, "Domain Names: Implementation and Specification", RFC 1035, 1987, https://www.rfc-editor.org/rfc/rfc1035
    Robert Elz and Randy Bush, "Clarifications to the DNS Specification", RFC 2181, 1997, section 8,
        https://www.rfc-editor.org/rfc/rfc2181
    Ashley Flavel, Pradeepkumar Mani and David A. Maltz, "Re-evaluating the Responsiveness of DNS-Based Network Control", IEEE LANMAN,
        2014, https://doi.org/10.1109/LANMAN.2014.7028641

>>> run(once_percent=0).takeaway
'The TTL is 1.0 min; the last request goes to the old address after 6.5 min.'
"""

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Annotated, Any

from labs_py.address_figures import stages, still_old
from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, as_preset, nearest
from labs_py.model.downtime import DAY
from labs_py.model.moved_address import GRID, connection_ages, held, old_answers, simulated, value_at
from labs_py.numerals import percent, significant, span
from labs_py.parameter import Choice, Range
from labs_py.report import Metric, Report

_RATE = 1000  # requests a second, all connections together
_KEPT = {"rest": "what is left of the TTL", "whole": "the whole TTL again"}


def run(
    *,
    ttl_s: Annotated[float, Range("TTL of the record", 1, 86_400, "s", scale="log")] = 60.0,
    caches: Annotated[int, Range("DNS caches in a row", 1, 4)] = 2,
    kept: Annotated[str, Choice("A cache keeps an answer of another for", _KEPT)] = "rest",
    program_s: Annotated[float, Range("A program keeps an address", 0, 600, "s", 1, hint="Whatever the TTL.")] = 30.0,
    connection_s: Annotated[
        float, Range("A connection lives at most", 0, 3600, "s", 1, hint="0: one request each.")
    ] = 300.0,
    idle_s: Annotated[float, Range("… and is closed when idle for", 1, 3600, "s", scale="log")] = 90.0,
    rate: Annotated[float, Range("Requests on a connection", 0.001, 100, "/s", scale="log")] = 1.0,
    once_percent: Annotated[float, Range("Programs that ask only when they start", 0, 100, "%", 0.5)] = 2.0,
    restart_days: Annotated[float, Range("… and are restarted every", 0.01, 365, "days", scale="log")] = 7.0,
) -> Report:
    """Return which share of requests goes to the old address over time, until when, and how many these are."""
    terms = [ttl_s] * (caches if kept == "whole" else 1)
    program = program_s if program_s >= 0.001 else 0.0  # less is nothing, and too little to divide by
    asked = [*terms, program] if program else terms
    ages = connection_ages(connection_s, idle_s, rate)
    moved = math.fsum(asked) + ages.ages[-1]
    once, restart = once_percent / 100, restart_days * DAY
    step = max(moved, ttl_s) * 1.02 / GRID
    times = [index * step for index in range(GRID + 1)]
    dns = old_answers(terms, step)
    lookups = old_answers(asked, step)
    again = ages.held(lookups, step)
    never = held(dns, restart, step)
    stale = [(1 - once) * one + once * other for one, other in zip(again, never, strict=True)]
    asking_again = _RATE * (1 - once) * (math.fsum(asked) / 2 + ages.mean)
    asking_once = _RATE * once * (math.fsum(terms) / 2 + restart / 2)
    last = max(moved if once < 1 else 0.0, math.fsum(terms) + restart if once else 0.0)
    half = next((time for time, share in zip(times, stale, strict=True) if share <= 0.5), None)
    data: dict[str, Any] = {
        "half_s": half,
        "moved_s": moved,
        "last_s": last,
        "stale_at_ttl": value_at(stale, ttl_s, step),
        "stale_after_1_min": value_at(stale, 60.0, step),
        "requests": asking_again + asking_once,
        "asking_again": asking_again,
        "opening": 1 / ages.requests,
        "times": times,
        "ttl_alone": [max(0.0, 1 - time / ttl_s) for time in times],
        "lookups": lookups,
        "stale": stale,
    }
    return Report(
        _takeaway(ttl_s, once, moved, last),
        [
            Metric("When the TTL is over", percent(data["stale_at_ttl"], 0), "of requests still go to the old address"),
            Metric(
                "Requests to the old address",
                significant(data["requests"]),
                f"of {_RATE:,} a second; {significant(asking_again)} by those that ask again",
            ),
            Metric("Requests that open a connection", percent(data["opening"], 1), "the price of moving sooner"),
            still_old(data, once, last),
            stages(terms, program, ages, once, restart),
        ],
        data,
    )


def _takeaway(ttl: float, once: float, moved: float, last: float) -> str:
    """Return the sentence: of some requests and then the rest, if some programs ask once and others again, or else of all."""
    head = f"The TTL is {span(ttl, 2)};"
    if 0 < once < 1:
        most = percent(1 - once, 0 if abs(100 * once - round(100 * once)) < 1e-9 else 1)
        return f"{head} {most} of requests have left the old address after {span(moved, 2)}, the last after {span(last, 2)}."
    return f"{head} the last request goes to the old address after {span(last, 2)}."


# --- tasks and checks ----------------------------------------------------------------------------


def _check_answers(answers: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        return sorted(rng.sample(range(40), rng.randint(1, 9))), rng.randint(1, 12), rng.randint(0, 30)

    def expected(queries: list[int], ttl: int, moved: int) -> list[str]:
        """Find the queries that miss, and then for each query the last of these."""
        misses: list[int] = []
        for time in queries:
            if not misses or time >= misses[-1] + ttl:
                misses.append(time)
        return ["old" if max(miss for miss in misses if miss <= time) < moved else "new" for time in queries]

    return first_difference(
        "answers", answers, expected, cases(([0, 50, 100], 60, 40), ([0, 50, 100, 150], 60, 40), draw=drawn)
    )


def _check_safe(safe: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        begins = sorted(rng.sample(range(1, 200), rng.randint(0, 3)))
        changes = [(time, rng.choice([5, 20, 60, 300])) for time in (0, *begins)]
        return changes, max(time for time, _ in changes) + rng.randint(1, 100)

    def expected(changes: list[tuple[int, int]], moved: int) -> int:
        """Look at every moment at which a cache may have asked."""
        latest = 0
        for time in range(moved):
            ttl = next(ttl for begin, ttl in reversed(changes) if begin <= time)
            latest = max(latest, time + 1 + ttl)
        return latest

    fixed = [([(0, 60)], 100), ([(0, 3600), (1000, 60)], 1200), ([(0, 3600), (1000, 60)], 4700)]
    return first_difference("safe", safe, expected, cases(*fixed, draw=drawn))


TASKS = [
    Predict(
        "A record has a TTL of one minute. Programs keep an address for 30 s, and a connection lives for up to five minutes. One minute after "
        "the move, which share of the requests still goes to the old address?",
        ["None: the TTL is over", "About a third", "About nine tenths"],
        2,
        "A request asks nobody: it takes the connection that is there, and that may be five minutes old. Only a new connection looks up, and "
        "even that lookup may get an answer of a minute and a half ago.",
        {},
        lambda data: nearest((0, 1 / 3, 0.9), data["stale_at_ttl"]),
        hint="How many of the connections that were open at the move have been closed a minute later?",
    ),
    Predict(
        "Four DNS caches stand in a row instead of two: the resolver, the cluster's, the node's, the container's. Each obeys the TTL of one "
        "minute, and passes on what is left of it. How much longer does the last lookup get the old address?",
        ["Two minutes longer", "Not longer at all", "Twice as long"],
        1,
        "An answer that has ten seconds left in the first cache has ten seconds left in all of them. Only a cache that begins a term of its own "
        "adds to the wait, as the program with its 30 s does.",
        {"caches": "4"},
        lambda data: {510: 0, 390: 1, 780: 2}.get(round(data["moved_s"]), 2),
        hint="The second cache asks the first when 50 s of the minute are over. Which TTL does it get?",
    ),
    Predict(
        "2 % of the programs look the address up when they start and never again; they are restarted once a week. Of all requests that "
        "reach the old address after the move, how many are theirs?",
        ["About 2 %", "About a third", "Nearly all"],
        2,
        "They send a fiftieth of the requests, but for half a week on average, and the others for three minutes. Half a week is 1,500 times as "
        "long.",
        {},
        lambda data: nearest((0.02, 1 / 3, 1), 1 - data["asking_again"] / data["requests"]),
        hint="Compare how long each kind goes on: minutes for some, days for others.",
    ),
    Reach(
        "Leave the DNS and the programs as they are, with a TTL of 60 s. See to it that all but the 2 % have moved within two minutes, and "
        "that at most one request in 20 opens a connection.",
        lambda data, arguments: (
            as_preset(run, arguments, but=["connection_s", "idle_s"])
            and data["moved_s"] <= 120
            and data["opening"] <= 0.05
        ),
        {"connection_s": "30"},
        {"idle_s": "10"},
        "What ends a connection that has a request every second? And how many seconds do the caches leave you?",
        "60 + 30 s are gone before a connection is opened; 30 s remain for its age. One request in 31 then opens one. An idle timeout does "
        "nothing for connections that are not idle.",
    ),
    Reach(
        "Your client library has no limit of age: connections may live for an hour. They have a request every 20 s. Have 90 % of the requests "
        "moved after ten minutes, 2 % asking once, and let at most one in three open a connection.",
        lambda data, arguments: (
            as_preset(run, arguments, but=["connection_s", "rate", "idle_s"])
            and (arguments["connection_s"], arguments["rate"]) == ("3600", "0.05")
            and value_at(data["stale"], 600, data["times"][1]) <= 0.1
            and data["opening"] <= 1 / 3
        ),
        {"connection_s": "3600", "rate": "0.05", "idle_s": "40"},
        {"connection_s": "3600", "rate": "0.05", "idle_s": "90"},
        "With an idle time of 90 s a connection ends after a pause of that length. How often are there 90 s without a request, if one comes "
        "every 20 s on average?",
        "With 40 s one gap in seven ends the connection. With 90 s it is one in ninety, and half an hour is nothing for it. The busier a "
        "connection, the longer an idle timeout lets it live.",
    ),
    to_write(
        "Write a cache that obeys the TTL.",
        '''
        def answers(queries: list, ttl: int, moved: int) -> list:
            """Return for each query whether its answer is "old" or "new".

            A cache is empty at first. Queries come at these times, in ascending
            order. What it does not have, the cache fetches at once: "old" before
            the time `moved`, and "new" from then on. It keeps what it has fetched
            for `ttl`, and then no more.

            >>> answers([0, 50, 100], ttl=60, moved=40)
            ['old', 'old', 'new']
            """
        ''',
        """
        found, fetched = [], None
        for time in queries:
            if fetched is None or time >= fetched + ttl:
                fetched = time
            found.append("old" if fetched < moved else "new")
        return found
        """,
        """
        found, kept, used = [], None, None
        for time in queries:
            if kept is None or time >= used + ttl:
                kept = "old" if time < moved else "new"
            used = time
            found.append(kept)
        return found
        """,
        _check_answers,
        hint="From when does the term run: from when the answer was fetched, or from when it was last asked for?",
        because="A cache that counts from the last use never lets go of a name that is asked for all the time, and these are the names that "
        "matter. The term is counted from the source.",
    ),
    to_write(
        "You lower the TTL before you move. From when on has no cache the old address?",
        '''
        def safe(changes: list, moved: int) -> int:
            """Return the time from which on no cache that obeys gives the old address.

            `changes` are (time, ttl): from that time on the record is given with
            that TTL. They ascend, the first is at time 0, and the record moves after
            the last of them. A cache may have asked at any time before the move.

            >>> safe([(0, 60)], moved=100)
            160
            >>> safe([(0, 3600), (1000, 60)], moved=1200)
            4600
            """
        ''',
        """
        ends = [time for time, _ in changes[1:]] + [moved]
        return max(end + ttl for end, (_, ttl) in zip(ends, changes))
        """,
        """
        return moved + changes[-1][1]
        """,
        _check_safe,
        hint="A cache that asked one second before you lowered the TTL: which TTL has it, and until when?",
        because="Whoever asked just before the change keeps the old TTL. Lower it at least one old TTL before you move, or you have lowered "
        "nothing.",
    ),
]


_CLOSED = ("closed form, sum of uniform waits", "https://en.wikipedia.org/wiki/Irwin%E2%80%93Hall_distribution")
_DNS = {"program_s": 0.0, "connection_s": 0.0, "once_percent": 0.0}


def _share(time: float, **settings: Any) -> float:
    """Return the share of requests that go to the old address at a time."""
    data = run(**settings).data
    share: float = value_at(data["stale"], time, data["times"][1])
    return share


def _area() -> float:
    """Return the requests that go to the old address, summed over time."""
    data = run(connection_s=0.0, once_percent=0.0).data
    step: float = data["times"][1]
    return _RATE * step * math.fsum((one + two) / 2 for one, two in pairwise(data["stale"]))


ORACLES = [
    *(
        Oracle(
            f"TTL 60 s, {what}: share of old answers after {time} s",
            published,
            lambda time=time, settings=settings: _share(time, **_DNS | settings),  # type: ignore[misc]
            *_CLOSED,
            tolerance=1e-4,
        )
        for what, settings, time, published in (
            ("one cache, filled at a random moment: 1 − t / TTL", {"caches": 1}, 15, 0.75),
            ("one cache", {"caches": 1}, 45, 0.25),
            ("four caches that pass on what is left", {"caches": 4}, 45, 0.25),
            ("two caches that each begin anew", {"caches": 2, "kept": "whole"}, 90, 0.125),
            ("three caches that each begin anew", {"caches": 3, "kept": "whole"}, 90, 0.5),
            ("one cache, and programs that keep an address for 30 s", {"caches": 1, "program_s": 30.0}, 60, 0.25),
        )
    ),
    Oracle(
        "Requests to the old address, 1,000 a second, TTL 60 s and programs 30 s: half of both terms, and the area under our curve",
        _RATE * (60 + 30) / 2,
        _area,
        "closed form",
        _CLOSED[1],
        tolerance=20,
        digits=5,
    ),
    Oracle(
        "Requests on a connection until 30 s pass without one, if 0.1 a second come: the exponential of 30 × 0.1",
        math.exp(3),
        lambda: connection_ages(3600.0, 30.0, 0.1).requests,
        "closed form, geometric",
        "https://en.wikipedia.org/wiki/Geometric_distribution",
        tolerance=0.005,
        digits=5,
    ),
    Oracle(
        "Seconds of requests to the old address, as preset but for those that ask once",
        run(once_percent=0.0).data["requests"] / _RATE,
        lambda: simulated(1.0, 90.0, 300.0, (60.0, 30.0), 400.0),
        "simulation of caches, connections and requests",
        "https://www.rfc-editor.org/rfc/rfc1035",
        tolerance=13,
        digits=4,
        note="Here the simulation stands on the right and the exact value on the left. 600 connections; 3.3 standard errors.",
    ),
    Oracle(
        "… with connections of up to an hour, a request every 20 s, closed after 40 s without one",
        run(once_percent=0.0, connection_s=3600.0, rate=0.05, idle_s=40.0).data["requests"] / _RATE,
        lambda: simulated(0.05, 40.0, 3600.0, (60.0, 30.0), 2000.0),
        "simulation of caches, connections and requests",
        "https://www.rfc-editor.org/rfc/rfc1035",
        tolerance=24,
        digits=4,
    ),
    Oracle(
        "TTL 20 s: share of requests to the old address after 60 s",
        0.1,
        lambda: _share(60.0, ttl_s=20.0, caches=1, program_s=60.0, connection_s=0.0),
        "Flavel and others 2014",
        "https://doi.org/10.1109/LANMAN.2014.7028641",
        digits=2,
        note="Ours with programs that keep an address for a minute, and the 2 % of users that were measured after 15 minutes. With half a "
        "minute it is 2 %. What the real programs kept was not measured.",
    ),
]

LIMITS = [
    "The old server goes on answering. If it stops, connections break, and those clients ask again at once, and may be told the old address again.",
    "Caches and programs are asked all the time. One that is asked seldom is empty when it is asked, and its answer is new.",
    "All caches obey: none keeps an answer longer than its term, and none gives old answers because it reaches nobody (RFC 8767).",
    "A program that asks once opens all its connections to that address until it is restarted.",
    "Requests on a connection come at random. Such as come at even times, or with pings between them, never leave it idle.",
    "One record moves at once. A change of name servers, or of a name that points to a name, waits for several records.",
]
