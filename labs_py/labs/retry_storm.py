"""A retry storm: a fault of seconds can keep a chain of services down for good, because each of them tries again.

A row of services, each of which calls the next and retries, and a store at the bottom that does 300 calls a second, first come first
served. For some seconds it does less. What follows is computed as a fluid, in steps of a tenth of a second; tests and checks hold it to
the course's simulation engine, which goes request by request.

Data:
    most_calls: calls at the store that one request makes when none is answered in time; stable_below: requests a second below which
        the chain always comes back.
    state_before: "stable" or "vulnerable". state_during: "overloaded" when more calls come than the store can do, else "well".
    state_after: "well", "recovering" (fewer calls come than the store can do) or "metastable".
    recovered_after_s: seconds from the end of the fault until all is well for the rest of the run; null when it is not at its end.
    answered_during, answered_after: share of requests answered in time, in the fault and from its end on; null without requests.
    calls_end, answered_end: a second, mean of the last 5 s. most_calls_a_second: highest mean of one second.
    wait_end_s: how long a call that comes at the end has to wait. backlog_s: how long the store would need, 20 s after the end of the
        fault, to work off what waits if no more came.

Sources:
    Nathan Bronson, Abutalib Aghayev, Aleksey Charapko and Timothy Zhu, "Metastable Failures in Distributed Systems", HotOS 2021,
        https://sigops.org/s/conferences/hotos/2021/papers/hotos21-s11-bronson.pdf
    Lexiang Huang and others, "Metastable Failures in the Wild", OSDI 2022, https://www.usenix.org/conference/osdi22/presentation/huang-lexiang
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/
    Marc Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders' Library, 2019,
        https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    Marc Brooker, "Fixing retries with token buckets and circuit breakers", 2022, https://brooker.co.za/blog/2022/02/28/retries.html

>>> run().takeaway
'100 s after a fault of 10 s, 200 requests a second still make 800 calls a second, and none is answered in time.'
>>> run(attempts=1).takeaway
'12.3 s after a fault of 10 s all is well again.'
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_complaint, first_difference, shown, to_write
from labs_py.exercise import Oracle, Predict, Reach, as_preset, nearest
from labs_py.model.storm import STEP, Chain
from labs_py.numerals import count, percent, significant
from labs_py.overload_runs import simulated_amplification, simulated_retries
from labs_py.parameter import Choice, Flag, Range
from labs_py.report import Metric, Part, Report
from labs_py.storm_figures import Storm, amplification, rates, states, wait

_BEFORE, _AFTER, _RELIEF = 10, 100, 20  # seconds; the last from the end of the fault on
_LAST = round(5 / STEP)
_JITTERS = {"full": "full: from nothing to all of it", "equal": "equal: half of it to all", "none": "none"}
_BUDGETS = {
    "none": "no limit",
    "50": "one for two calls",
    "20": "one for five calls",
    "10": "one for ten calls",
    "1": "one for a hundred calls",
}


def run(
    *,
    rate: Annotated[float, Range("Requests", 10, 290, "/s", 1)] = 200.0,
    fault_s: Annotated[int, Range("The fault lasts", 1, 60, "s")] = 10,
    left_percent: Annotated[int, Range("The store then does", 0, 100, "%", hint="Of 300 calls a second.")] = 20,
    layers: Annotated[int, Range("Services in a row that retry", 1, 4)] = 2,
    attempts: Annotated[int, Range("Attempts of each call", 1, 5, hint="The first included.")] = 2,
    timeout_ms: Annotated[float, Range("Timeout of an attempt", 200, 5000, "ms", 100)] = 1000.0,
    pause_ms: Annotated[
        float, Range("Pause before the second", 0, 5000, "ms", 100, hint="Doubled before each further one.")
    ] = 100.0,
    jitter: Annotated[str, Choice("Jitter of the pause", _JITTERS)] = "full",
    budget: Annotated[str, Choice("Retries of each service", _BUDGETS)] = "none",
    deadline: Annotated[bool, Flag("Deadlines are passed on")] = False,
    breaker: Annotated[bool, Flag("A circuit breaker before the store")] = False,
    queue: Annotated[int, Range("Calls that may wait at the store", 10, 100_000, scale="log")] = 100_000,
    relief_percent: Annotated[int, Range("20 s after the fault, load falls to", 0, 100, "%")] = 100,
    relief_s: Annotated[int, Range("Less load for", 1, 75, "s")] = 30,
) -> Report:
    """Return the course of a fault, and what is answered before it, during it and after it."""
    chain = Chain(
        layers,
        attempts,
        timeout_ms / 1000,
        pause_ms / 1000,
        jitter,  # type: ignore[arg-type]  # Choice has checked it
        budget=None if budget == "none" else int(budget) / 100,
        deadline=deadline,
        breaker=breaker,
        queue=queue,
    )
    end = _BEFORE + fault_s
    relief = end + _RELIEF, end + _RELIEF + relief_s
    load = [(0.0, rate), (relief[0], rate * relief_percent / 100), (relief[1], rate)]
    flow = chain.run(load, [(0.0, 1.0), (_BEFORE, left_percent / 100), (end, 1.0)], end + _AFTER)
    storm = Storm(chain, flow, _BEFORE, end, relief if relief_percent < 100 else None)
    data = _data(storm, rate)
    parts: list[Part] = [
        Metric(
            "Calls that one request can make",
            f"{data['most_calls']:.4g}",
            "when none is answered in time",
        ),
        Metric(
            "Comes back by itself below",
            f"{data['stable_below']:.4g}/s",
            f"at {rate:g} a second it is {data['state_before']}",
        ),
        Metric(
            "After the fault",
            data["state_after"],
            f"before it {data['state_before']}, in it {data['state_during']}; {percent(data['answered_after'] or 0, 1)} answered since",
        ),
        Metric(
            "Wait at the end",
            f"{significant(data['wait_end_s'])} s",
            f"an answer in time needs less than {significant(chain.patience, 2)} s",
        ),
        rates(storm),
        wait(storm),
        amplification(storm),
        states(storm, rate, data["answered_end"]),
    ]
    return Report(_takeaway(data, rate, fault_s), parts, data)


def _data(storm: Storm, rate: float) -> dict[str, Any]:
    chain, flow = storm.chain, storm.flow
    start, end = round(storm.start / STEP), round(storm.end / STEP)
    bad = [
        step
        for step in range(end, len(flow.calls))
        if flow.answered[step] < 0.9 * flow.offered[step] or flow.waiting[step] > chain.capacity * chain.patience
    ]
    recovered = (bad[-1] + 1 - end) * STEP if bad else 0.0
    well = recovered < _AFTER - _LAST * STEP
    calls_end = math.fsum(flow.calls[-_LAST:]) / _LAST
    return {
        "most_calls": chain.most,
        "stable_below": chain.stable_below,
        "state_before": "stable" if rate < chain.stable_below else "vulnerable",
        "state_during": "overloaded" if flow.calls[end - 1] > flow.capacity[end - 1] else "well",
        "state_after": "well" if well else "recovering" if calls_end < chain.capacity * (1 - 1e-6) else "metastable",
        "recovered_after_s": round(recovered, 1) if well else None,
        "answered_during": _share(flow.answered[start:end], flow.offered[start:end]),
        "answered_after": _share(flow.answered[end:], flow.offered[end:]),
        "calls_end": calls_end,
        "answered_end": math.fsum(flow.answered[-_LAST:]) / _LAST,
        "most_calls_a_second": max(value for _, value in storm.seconds(flow.calls)),
        "wait_end_s": flow.waiting[-1] / chain.capacity,
        "backlog_s": flow.waiting[end + round(_RELIEF / STEP) - 1] / chain.capacity,
    }


def _share(answered: list[float], offered: list[float]) -> float | None:
    return min(1.0, math.fsum(answered) / math.fsum(offered)) if any(offered) else None


def _takeaway(data: Mapping[str, Any], rate: float, fault_s: int) -> str:
    fault = f"a fault of {fault_s} s"
    if data["state_after"] == "well":
        later = data["recovered_after_s"]
        return f"{later:g} s after {fault} all is well again." if later else f"After {fault} all is well at once."
    if data["state_after"] == "recovering":
        return f"{_AFTER} s after {fault} the store still works off its queue, and a call waits {significant(data['wait_end_s'])} s."
    answered = data["answered_end"]
    what = f"{significant(answered)} a second are" if answered >= 1 else "none is"
    calls = significant(data["calls_end"])
    return f"{_AFTER} s after {fault}, {rate:g} requests a second still make {calls} calls a second, and {what} answered in time."


# --- tasks and checks ----------------------------------------------------------------------------


_PRICE = 10
_AFTERWARDS = ("well", "recovering", "metastable")  # as the options of two predictions stand


def _check_allowed(allowed: Callable[..., Any]) -> str:
    """Hold a token bucket to what must be true of one, whatever it is made of."""

    def drawn(rng: Random) -> Case:
        size, calls = rng.randint(10, 45), rng.randint(1, 6)
        events = "".join(rng.choice("c" * calls + "rr") * rng.choice((1, 1, 2, 12)) for _ in range(rng.randint(0, 9)))
        return events, size, rng.choice((1, 1, 2, 5, 10))

    def rule(got: object, events: str, size: int, deposit: int) -> str:
        wanted = events.count("r")
        if not isinstance(got, list) or len(got) != wanted or not all(type(one) is bool for one in got):
            return f"must be a list of {count(wanted, 'value')}, True or False"
        least = most = size  # what is in a bucket that fills up, and in one that does not
        answers = iter(got)
        for at, event in enumerate(events, 1):
            if event == "c":
                least, most = min(size, least + deposit), most + deposit
                continue
            number = got[: events[:at].count("r")].count(True)
            if next(answers):
                least, most = least - _PRICE, most - _PRICE
                if most < 0:
                    return f"must allow fewer retries: after {shown(events[:at])} {number} cost {number * _PRICE}, more than ever was in the bucket"
                if least < 0:
                    return f"must not allow the last retry of {shown(events[:at])}: the bucket never holds more than {size}"
            elif least >= _PRICE:
                return f"must allow the last retry of {shown(events[:at])}: there are {least} in the bucket"
        return ""

    fixed: list[Case] = [("r", 20, 1), ("rrr", 25, 1), ("rr" + "c" * 10 + "rr", 20, 1), ("c" * 40 + "rrr", 20, 1)]
    return first_complaint("allowed", allowed, rule, cases(*fixed, draw=drawn))


def _check_stable_below(stable_below: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        layers = [(rng.randint(0, 4), rng.choice((None, None, 10, 20, 50, 150))) for _ in range(rng.randint(0, 5))]
        return rng.choice((100, 300, 1000, 6400)), layers

    def expected(capacity: int, layers: list[tuple[int, int | None]]) -> float:
        """Count the calls of a hundred requests, retry by retry, on the way down."""
        calls = 100.0
        for retries, budget in layers:
            calls += min(sum(calls for _ in range(retries)), math.inf if budget is None else calls * budget / 100)
        return capacity * 100 / calls

    fixed: list[Case] = [(300, [(1, None)]), (300, [(3, None), (3, None)]), (300, [(1, 10), (1, 10)])]
    return first_difference("stable_below", stable_below, expected, cases(*fixed, draw=drawn))


TASKS = [
    Predict(
        "The store can do 300 calls a second and gets 200. For 10 s it does only 60. Two services in a row call it, and each tries "
        "everything at most twice. What do users see 100 s after the store is whole again?",
        [
            "All is well: there is a third to spare",
            "It is better, but the queue has not been worked off",
            "Hardly any request is answered",
        ],
        2,
        "While answers are late, each request makes 2 × 2 calls. 800 calls a second come to a store that does 300, so answers stay late. "
        "The fault is not needed any more.",
        {},
        lambda data: _AFTERWARDS.index(data["state_after"]),
        hint="How many calls does a request make as long as no answer comes in time?",
    ),
    Predict(
        "The pauses are raised to 5 s, doubled each time and with full jitter, as everybody recommends. Does the chain come back?",
        ["Yes: the retries are spread far enough", "Yes, but it takes a minute longer", "No"],
        2,
        "Users do not wait for one another: 200 a second come, however long those before them pause, and each makes four calls in the "
        "end. A pause moves a retry. It does not take it away.",
        {"pause_ms": "5000"},
        lambda data: _AFTERWARDS.index(data["state_after"]),
        hint="Count the calls that one request makes in the end, not when it makes them.",
    ),
    Predict(
        "Nobody retries any more than once for ten calls: a budget of 10 % in each of the two services. How many calls can a request make "
        "on average, at worst?",
        ["1.1", "1.2", "1.21"],
        2,
        "Each service turns ten calls into eleven, and the lower one does so with those of the upper one too: 1.1 × 1.1. Budgets multiply "
        "as attempts do, but 1.1 is a good number to multiply by.",
        {"budget": "10"},
        lambda data: nearest((1.1, 1.2, 1.21), data["most_calls"]),
        hint="The calls that the lower service makes first are all that reach it. Are these 200 a second?",
    ),
    Reach(
        "The chain is down. Bring it back as an operator would, with less load for a while and nothing else.",
        lambda data, arguments: (
            as_preset(run, arguments, but=["relief_percent", "relief_s"]) and data["state_after"] == "well"
        ),
        {"relief_percent": "0", "relief_s": "60"},
        {"relief_percent": "30", "relief_s": "75"},
        "Two things must be over when the load comes back: the storm, and the queue. See how long the queue is after 20 s.",
        "16,400 calls wait, 55 s of work, and three seconds more for the retries that are still under way: 58 s without any load. With 30 % "
        "of it, 60 requests make 240 calls a second, and the queue shrinks by 60 a second.",
    ),
    Reach(
        "The load, the fault, the two services, their two attempts and the timeout stay, and there is neither a breaker nor a limit of the "
        "queue. Have all be well within a second after the fault.",
        lambda data, arguments: (
            as_preset(run, arguments, but=["budget", "deadline", "pause_ms", "jitter", "relief_s"])
            and data["recovered_after_s"] is not None
            and data["recovered_after_s"] <= 1
        ),
        {"budget": "10", "deadline": "true"},
        {"budget": "10"},
        "One thing has to keep the load below 300 a second, another has to make the store forget what nobody waits for.",
        "The budget ends the storm, and the deadline empties the queue. With the budget alone 242 calls a second come, and what has piled up "
        "takes another half minute. With the deadline alone, 200 requests make 400 calls.",
    ),
    Reach(
        "Keep all but the load. With how many requests a second, at least 60, does the chain come back within 100 s?",
        lambda data, arguments: (
            as_preset(run, arguments, but=["rate", "relief_s"])
            and float(arguments["rate"]) >= 60
            and data["recovered_after_s"] is not None
        ),
        {"rate": "70"},
        {"rate": "100"},
        "When all goes wrong, each request makes four calls. How many requests make fewer than the store can do?",
        "Fewer than 300 / 4 = 75. So a quarter of what the store can do is safe, and the rest is borrowed: it works until something happens.",
    ),
    to_write(
        "A retry budget is a bucket of tokens. Write it.",
        '''
        def allowed(events: str, size: int, deposit: int) -> list:
            """Return for each retry that is wanted whether it is allowed.

            `events` has a "c" for each call and an "r" for each wanted retry, in
            order. The bucket is full at first, with `size` tokens, and never holds
            more. Each call puts `deposit` tokens in. A retry takes 10 out; where
            fewer are left it is not allowed, and takes none.

            >>> allowed("rrr", size=25, deposit=1)
            [True, True, False]
            >>> allowed("rr" + 10 * "c" + "rr", size=20, deposit=1)
            [True, True, True, False]
            """
        ''',
        """
        found, tokens = [], size
        for event in events:
            if event == "c":
                tokens = min(size, tokens + deposit)
            else:
                found.append(tokens >= 10)
                tokens -= 10 if found[-1] else 0
        return found
        """,
        """
        found, tokens = [], size
        for event in events:
            if event == "c":
                tokens += deposit
            else:
                found.append(tokens >= 10)
                tokens -= 10 if found[-1] else 0
        return found
        """,
        _check_allowed,
        hint="One number is all there is to remember. When can it rise, when can it fall, and what are its bounds?",
        because="Of many calls, at most the share deposit / 10 can be retried, beyond what was in the bucket at first. Its size matters as much: "
        "a bucket without a bound saves up in a calm week for a storm.",
    ),
    to_write(
        "Up to which load does a chain always come back? Write it for services with their retries and budgets.",
        '''
        def stable_below(capacity: float, layers: list) -> float:
            """Return the requests a second that make `capacity` calls at worst.

            `layers` lists services as (retries, budget), the upper one first. When no
            answer comes, a service makes each call once and then `retries` times
            again; with a budget, no more retries than `budget` percent of the calls
            that reach it. No budget is None.

            >>> stable_below(300, [(1, None)])
            150.0
            >>> round(stable_below(300, [(2, None), (3, 10)]), 6)
            90.909091
            """
        ''',
        """
        calls = 1.0
        for retries, budget in layers:
            more = retries if budget is None else min(retries, budget / 100)
            calls *= 1 + more
        return capacity / calls
        """,
        """
        calls = 1.0
        for retries, budget in layers:
            more = retries if budget is None else min(retries, budget / 100)
            calls += more
        return capacity / calls
        """,
        _check_stable_below,
        hint="Follow one request down. How many calls leave a service for each call that reaches it? Three retries are four attempts.",
        because="Attempts are retries and one, and the services multiply. Three retries in three services leave a 64th of the capacity "
        "as safe load, and budgets of 10 % three quarters.",
    ),
]

_SRE = ("Ulrich 2016", "https://sre.google/sre-book/addressing-cascading-failures/")
_AMAZON = ("Brooker 2019", "https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/")
_BRONSON = (
    "Bronson et al. 2021, section 2.1",
    "https://sigops.org/s/conferences/hotos/2021/papers/hotos21-s11-bronson.pdf",
)
_HUANG = ("Huang et al. 2022, section 5.2", "https://www.usenix.org/system/files/osdi22-huang-lexiang.pdf")
_CLOSED = ("closed form", "https://brooker.co.za/blog/2022/02/28/retries.html")


@cache
def _outage(rate: float) -> tuple[float, float]:
    """Return calls and answers a second, 80 s after an outage of 10 s, of a store that does 300 and is asked twice."""
    flow = Chain(layers=1, attempts=2).run([(0.0, rate)], [(0.0, 1.0), (10.0, 0.0), (20.0, 1.0)], 100.0)
    return round(flow.calls[-1], 6), round(flow.answered[-1], 6)


def _threshold() -> float:
    """Return the lowest whole number of requests a second of which, after that outage, no fewer calls come than the store can do."""
    return next(rate for rate in range(140, 300) if _outage(rate)[0] >= 300)


@cache
def database(rate: float, left: float, seconds: float, capacity: float = 17_000.0) -> float:
    """Return the answers a second of a database seven minutes after a fault that left a part of its capacity, which is fitted."""
    chain = Chain(layers=1, attempts=5, timeout=3.0, capacity=capacity)
    return chain.run([(0.0, rate)], [(0.0, 1.0), (60.0, left), (60.0 + seconds, 1.0)], 500.0).answered[-1]


ORACLES = [
    Oracle(
        "Three layers, four attempts each, the bottom is down: calls that reach it, simulated",
        64,
        lambda: simulated_amplification(3, 4),
        *_SRE,
        tolerance=0,
        digits=2,
    ),
    Oracle(
        "Five layers, three tries each: calls that reach the bottom, simulated",
        243,
        lambda: simulated_amplification(5, 3),
        *_AMAZON,
        tolerance=0,
        digits=3,
        note="The article says “three retries at each layer” and counts “first three tries, then nine tries”. Three retries after a first try "
        "are four attempts, and 4⁵ = 1,024.",
    ),
    *(
        Oracle(
            f"Every second call fails, {how}: {what}, simulated", value, ours, *_CLOSED, tolerance=tolerance, digits=3
        )
        for how, what, value, ours, tolerance in (
            ("three retries", "calls a request, (1 − f⁴) / (1 − f)", 1.875, lambda: simulated_retries(None)[0], 0.03),
            ("three retries", "share that succeeds, 1 − f⁴", 0.9375, lambda: simulated_retries(None)[1], 0.008),
            ("a budget of 10 %", "calls a request", 1.1, lambda: simulated_retries(0.1)[0], 0.004),
        )
    ),
    Oracle(
        "A database for 300 queries a second gets 280, each tried twice. Queries a second after 10 s of outage",
        560,
        lambda: _outage(280)[0],
        *_BRONSON,
        tolerance=0,
        digits=3,
    ),
    Oracle(
        "… answered in time",
        0,
        lambda: _outage(280)[1],
        *_BRONSON,
        tolerance=0,
        note="Next to nothing, says the paper.",
    ),
    Oracle("… the load from which on it does not come back", 150, _threshold, *_BRONSON, tolerance=0, digits=3),
    *(
        Oracle(
            f"MongoDB, {rate:,} inserts a second, CPU cut by {cut} % for {seconds} s: inserts a second in the end",
            published,
            lambda rate=rate, cut=cut, seconds=seconds: database(rate, 1 - cut / 100, seconds),  # type: ignore[misc]
            *_HUANG,
            tolerance=tolerance,
            digits=3,
            note=note,
        )
        for rate, cut, seconds, published, tolerance, note in (
            (
                6200,
                78,
                10,
                6200,
                1.0,
                "Timeout 3 s, five attempts. One number is fitted to all four runs: a capacity of 17,000 a second; 16,400 to 17,450 would do.",
            ),
            (
                6200,
                80,
                10,
                600,
                None,
                "It stays down, as in the experiment. There a tenth was still answered; in a fluid all are equally late.",
            ),
            (6200, 80, 9, 6200, 1.0, ""),
            (4200, 80, 10, 4200, 1.0, ""),
        )
    ),
]

LIMITS = [
    "A fluid is the mean of a large system. Chance is left out, and chance alone can push a chain that is nearly full over the edge.",
    "The store works first come first served and always at the same speed. Real ones get slower as they fill, and then less load is safe.",
    "Only the store is ever short of anything. The services above it have workers without end; real ones run out of them (module 1).",
    "Who is refused, by a breaker or a full queue, does not try again, as if the answer said so. Where it does not, short queues help less.",
    "Users come at a steady rate, answered or not, and do not press reload. Clients that ask again only once answered would slow the storm.",
    "All callers share one breaker. It opens when half of the calls that ended in the last second failed, and after 5 s lets one call try.",
    "With deadlines the store begins no call that was given up, but some that soon will be. Were calls of many lengths, a few would be in time.",
]
