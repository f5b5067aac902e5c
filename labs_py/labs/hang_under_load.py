"""A hang under load: whoever waits holds a worker, and the front runs out of them.

One service of an architecture hangs, slows down or crashes for a while, under load. Every run is simulated request by request: a worker
is taken until its answer is sent, calls that find none free wait, and users give up after 3 s. Beside the simulation stands what can be
worked out by hand: how many workers the waiting requests hold (Little's law), and when the last one is taken.

Data:
    runs: how many runs there are; each is independent.
    answered, answered_low, answered_high: share of the requests that end during the fault that are answered in time, the mean of the
        runs and its 99 % interval (null for one run).
    answered_with_workers_enough: the exact share if no worker were ever lacking; null where it cannot be said by hand.
    front: the service at which requests enter. workers: how many it has, all instances together.
    busy_by_hand, needed_by_hand: workers taken before the fault and during it, on average; null where never enough, or not by hand.
    exhausted_runs: runs in which the front had no free worker from some time on until the fault ended.
    exhausted_after_s: after how many seconds of the fault, on average over these; null when there are none.
    exhausted_by_hand_s: the same, by hand; null when never, or not by hand.
    recovered_after_s: seconds from the end of the fault until all is well again, the mean of the runs; null if it was not in all of them.
    lost: requests that failed in a run, on average. longest_queue[S]: most calls waiting for service S in any run.

Sources:
    Michael T. Nygard, "Release It!", 2nd edition, 2018, chapters 4 and 5,
        https://pragprog.com/titles/mnee2/release-it-second-edition/ (blocked threads; timeouts, circuit breakers, bulkheads).
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/
    John D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9(3), 1961, https://doi.org/10.1287/opre.9.3.383

>>> run(fault="crash", runs=2).report().takeaway
'With email down, frontend always has a free worker, and 100 % of requests are answered in time.'
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, as_preset
from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.arrivals import Open
from labs_py.model.attempts import Circuit
from labs_py.model.changes import default_policies
from labs_py.model.confidence import interval
from labs_py.model.duration import Constant
from labs_py.model.failure import Failure
from labs_py.model.faults import Hang
from labs_py.model.held_workers import HeldWorkers, entry_of, held_workers
from labs_py.model.latency import all_calls
from labs_py.model.outage import Course, Kind, Outage, by_depth
from labs_py.model.plan import plan_request
from labs_py.model.policy import Breaker
from labs_py.model.queueing import erlang_b
from labs_py.model.simulation import Simulation
from labs_py.numerals import count, percent, significant
from labs_py.outage_figures import CONFIDENCE, VERBS, answered_over_time, playback, workers_over_time
from labs_py.parameter import Choice, LabError, Range, Upload
from labs_py.replications import Replications
from labs_py.report import Metric, Part, Report

_ARCHITECTURE = architecture_file.load("online_boutique")
PATIENCE = 3.0
"""Seconds after which a user gives up."""
_BEFORE, _AFTER = 5, 15
_MOST_CALLS = 1_000_000
_BREAKER = Breaker(failures=0.5, window=10, pause=5.0)
_FAULTS = {
    "hang": "hangs: calls get no answer",
    "slow": "is slow: works 100 times as long",
    "crash": "crashes: calls fail at once",
}
_DEFENSES = {
    "none": "nothing more",
    "timeout": "a timeout on every call",
    "breaker": "timeouts and circuit breakers",
    "bulkhead": "bulkheads: few calls of one service at once",
    "shed": "short queues: no more waiting than workers",
    "deadline": "a deadline: all stop when the user has given up",
}


def _services(architecture: Architecture) -> Mapping[str, str]:
    """Return what can be the victim, the deepest first."""
    return {name: name for name in reversed(by_depth(architecture))}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    victim: Annotated[str, Choice("Victim", _services, of="architecture")] = "email",
    fault: Annotated[str, Choice("The victim", _FAULTS)] = "hang",
    fault_s: Annotated[int, Range("The fault lasts", 1, 60, "s")] = 20,
    rate: Annotated[float, Range("Requests", 1, 200, "/s", 1)] = 50,
    workers: Annotated[int, Range("Workers of each instance", 1, 200, hint="Where the file says nothing.")] = 16,
    defense: Annotated[str, Choice("Beside what the code has", _DEFENSES)] = "none",
    timeout_ms: Annotated[float, Range("Timeout, where the code has none", 1, 60_000, "ms", 1, "log")] = 1_000,
    bulkhead: Annotated[int, Range("Calls a bulkhead lets pass at once", 1, 200)] = 8,
    runs: Annotated[int, Range("Runs", 1, 40)] = 8,
) -> Replications:
    """Return the runs, each with arrivals and service times of its own."""
    system = defended(architecture, defense, workers, timeout_ms / 1000, bulkhead)
    until = _BEFORE + fault_s + _AFTER
    calls = math.fsum(
        architecture.load_share(name) * all_calls(plan_request(system, name)) for name in system.endpoints
    )
    if rate * until * calls > _MOST_CALLS:
        raise LabError(
            f"rate must be at most {_MOST_CALLS / until / calls:.0f} for this architecture and so long a fault, got {rate:g}"
        )
    kind: Kind = fault  # type: ignore[assignment]  # Choice has checked it
    looks = until * (4 if until <= 60 else 2)
    outage = Outage(system, victim, kind, rate, _BEFORE, _BEFORE + fault_s, until, looks)
    by_hand = (
        held_workers(system, victim, rate, PATIENCE)
        if defense not in ("breaker", "bulkhead") and fault == "hang"
        else None
    )
    return Replications(runs, lambda number: _one(outage, number), lambda results: _report(outage, by_hand, results))


def defended(architecture: Architecture, defense: str, workers: int, timeout: float, bulkhead: int) -> Architecture:
    """Return the architecture with so many workers, users of little patience, and a defense; what the file says stays."""
    for name, service in architecture.services.items():
        limit = service.servers or workers
        queue = limit if defense == "shed" and service.queue_limit is None else service.queue_limit
        architecture = architecture.with_service(name, servers=limit, queue_limit=queue)
    if defense in ("timeout", "breaker"):
        architecture = default_policies(architecture, timeout=timeout)
    if defense == "breaker":
        architecture = default_policies(architecture, breaker=_BREAKER)
    if defense == "bulkhead":
        architecture = default_policies(architecture, bulkhead=bulkhead)
    endpoints = {
        name: replace(
            endpoint,
            timeout=endpoint.timeout or PATIENCE,
            deadline=endpoint.deadline or (PATIENCE if defense == "deadline" else None),
        )
        for name, endpoint in architecture.endpoints.items()
    }
    return replace(architecture, endpoints=endpoints)


def _one(outage: Outage, number: int) -> dict[str, Any]:
    """Return what one run has shown; the first also brings its whole course, to be played."""
    course = outage.run(number)
    return {
        "ended": course.ended,
        "answered": _finite(outage.answered(course)),
        "exhausted": _finite(outage.exhausted_after(course)),
        "recovered": _finite(outage.recovered_after(course)),
        "longest": {name: max(waiting) for name, waiting in course.waiting.items()},
        "course": None if number else course.to_json(),
    }


def _data(outage: Outage, by_hand: HeldWorkers | None, results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the numbers of the first runs."""
    shares = [one["answered"] for one in results if one["answered"] is not None]
    answered = interval(shares, CONFIDENCE) if shares else None
    certain = answered is not None and answered.count > 1
    exhausted = [one["exhausted"] for one in results if one["exhausted"] is not None]
    recovered = [one["recovered"] for one in results]
    enough = by_hand.answered if by_hand else None
    if outage.kind == "crash":
        enough = 1 - Failure("crash").shares(outage.architecture, {outage.victim: 1.0}).fails
    front = entry_of(outage.architecture)
    return {
        "runs": len(results),
        "answered": answered.mean if answered else None,
        "answered_low": max(0.0, answered.low) if answered and certain else None,
        "answered_high": min(1.0, answered.high) if answered and certain else None,
        "answered_with_workers_enough": enough,
        "front": front,
        "workers": outage.workers[front],
        "busy_by_hand": by_hand.busy if by_hand else None,
        "needed_by_hand": _finite(by_hand.needed) if by_hand else None,
        "exhausted_runs": len(exhausted),
        "exhausted_after_s": math.fsum(exhausted) / len(exhausted) if exhausted else None,
        "exhausted_by_hand_s": _finite(by_hand.exhausted_after) if by_hand else None,
        "recovered_after_s": None if None in recovered else math.fsum(recovered) / len(recovered),
        "lost": math.fsum(counts[2] for one in results for counts in one["ended"]) / len(results),
        "longest_queue": {name: max(one["longest"][name] for one in results) for name in outage.architecture.services},
    }


def _report(outage: Outage, by_hand: HeldWorkers | None, results: Sequence[Mapping[str, Any]]) -> Report:
    data = _data(outage, by_hand, results)
    course = Course.from_json(results[0]["course"])
    low, high, enough = (data[name] for name in ("answered_low", "answered_high", "answered_with_workers_enough"))
    after, recovered = data["exhausted_after_s"], data["recovered_after_s"]
    while_ = f"while {outage.victim} {VERBS[outage.kind]}"
    if low is not None and low < high:
        while_ += f"; 99 % interval {percent(low, 1)} to {percent(high, 1)}"
    parts: list[Part] = [Metric("Answered in time", _share(data["answered"]), while_)]
    if enough is not None:
        parts.append(Metric("If workers never ran out", percent(enough, 1), "exact, for the same code"))
    parts += [
        Metric(
            f"No free worker at {data['front']}",
            "never for good" if after is None else f"after {significant(after, 2)} s",
            f"in {data['exhausted_runs']} of {count(data['runs'], 'run')}{_by_hand(by_hand)}",
        ),
        Metric(
            "Well again",
            "not yet" if recovered is None else f"after {significant(recovered, 2)} s" if recovered else "at once",
            f"when the fault is over; {significant(data['lost'])} requests failed in a run",
        ),
        answered_over_time(outage, [one["ended"] for one in results]),
        workers_over_time(outage, course),
        playback(outage, course),
    ]
    return Report(_takeaway(outage, data), parts, data)


def _takeaway(outage: Outage, data: Mapping[str, Any]) -> str:
    front, answered, enough = data["front"], data["answered"], data["answered_with_workers_enough"]
    state = {"hang": "hung", "slow": "slow", "crash": "down"}[outage.kind]
    if data["exhausted_runs"] * 2 > data["runs"]:
        what = f"{front} has no free worker after {significant(data['exhausted_after_s'], 2)} s"
    elif data["longest_queue"][front]:
        what = f"{front} does not run out of workers for good"
    else:
        what = f"{front} always has a free worker"
    instead = ""
    if enough is not None and answered is not None and enough > answered + 0.01:
        instead = f" instead of {percent(enough, 1)}"
    return f"With {outage.victim} {state}, {what}, and {_share(answered)} of requests are answered in time{instead}."


def _share(answered: float | None) -> str:
    return "none" if answered is None else percent(answered, 1)


def _by_hand(held: HeldWorkers | None) -> str:
    if held is None:
        return ""
    if math.isinf(held.exhausted_after):
        return f"; by hand {significant(held.needed)} of {held.workers:g} are taken"
    rule = f"({held.workers:g} − {significant(held.busy)}) / {significant(held.waiting_rate)} a second"
    return f"; by hand after {significant(held.exhausted_after, 2)} s = {rule}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --- tasks and checks ----------------------------------------------------------------------------


def _check_pool(pool: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        kinds = [(rng.randint(1, 60), rng.randint(1, 90), rng.randint(0, 3)) for _ in range(rng.randint(0, 4))]
        return kinds, rng.choice([100, 250, 500, 1000, 2000])

    def expected(kinds: list[tuple[int, int, int]], timeout: int) -> int:
        """Raise the number of workers until they work off more than comes: all in whole milliseconds."""
        load = sum(rate * (own + calls * timeout) for rate, own, calls in kinds)
        return next(workers for workers in itertools.count(1) if workers * 1000 > load)

    return first_difference("pool", pool, expected, cases(([(2, 500, 0)], 1000), draw=drawn))


def _check_let_through(let_through: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        times = itertools.accumulate(rng.randint(1, 4) for _ in range(rng.randint(0, 9)))
        return [(time, rng.random() < 0.4) for time in times], rng.randint(1, 3), rng.randint(1, 6)

    def expected(calls: list[tuple[int, bool]], failures: int, pause: int) -> list[bool]:
        """Ask the breaker of the simulation, whose window is as long as the row of failures that it needs."""
        circuit = Circuit(Breaker(1.0, failures, pause))
        found = []
        for time, answered in calls:
            found.append(circuit.allows(time * 1e9))
            if found[-1]:
                circuit.record(time * 1e9, answered)
        return found

    return first_difference("let_through", let_through, expected, cases(([(1, False), (2, True)], 1, 1), draw=drawn))


def _recommendation(arguments: Mapping[str, str]) -> bool:
    kept = as_preset(run, arguments, "architecture", "fault", "rate", "workers")
    long = int(arguments["fault_s"]) >= 20 and int(arguments["runs"]) >= 4
    return kept and long and arguments["victim"] == "recommendation"


TASKS = [
    Predict(
        "One request in 23 asks email for something, and could do without it. email hangs for 20 s, and nobody has a timeout. "
        "What becomes of the shop?",
        [
            "One request in 23 waits, the others notice nothing",
            "Orders fail after 3 s, everything else works",
            "After some seconds nothing is answered any more",
        ],
        2,
        "Each order that waits keeps a worker of checkout and one of the frontend. Two a second come, sixteen workers there are, and after "
        "about seven seconds the frontend has none left for anybody.",
        {},
        lambda data: 2 if data["exhausted_runs"] == data["runs"] and data["answered"] < 0.7 else 0,
        hint="What is kept while a request waits? How many of these does the frontend have?",
    ),
    Predict(
        "Four times the workers, 64, and a hang of 60 s. What does that change?",
        [
            "The frontend survives: 64 workers are more than anybody needs",
            "It falls four times as late",
            "It falls as early: the queue decides, not the workers",
        ],
        1,
        "Workers buy time, and nothing else. 64 of them less the 1.4 that are busy anyway, taken at 2.17 a second, last 29 s. A hang of "
        "20 s they survive.",
        {"workers": "64", "fault_s": "60", "runs": "4"},
        lambda data: 0 if not data["exhausted_runs"] else 1 if 24 < data["exhausted_after_s"] < 34 else 2,
        hint="Nothing ends the wait. How long does it take until the last of 64 is taken?",
    ),
    Predict(
        "recommendation hangs, which 37 requests a second ask and no request needs. Now every call has a timeout of one second. "
        "With 16 workers, what happens?",
        [
            "Pages come a second later, without recommendations",
            "The frontend has no free worker within a second",
            "All is well but for the first second",
        ],
        1,
        "37 requests a second that each hold a worker for a second hold 37 workers. There are 16. A timeout makes the wait end; whether it "
        "ends soon enough is a matter of Little's law.",
        {"victim": "recommendation", "defense": "timeout", "timeout_ms": "1000", "runs": "4"},
        lambda data: 1 if data["exhausted_runs"] == data["runs"] and data["exhausted_after_s"] < 1 else 0,
        hint="How many requests are waiting for their timeout at any one time?",
    ),
    Reach(
        "recommendation hangs, and users get pages without recommendations. See to it that the frontend never runs out of workers for "
        "good, with a timeout alone: 50 requests a second, 16 workers, at least 4 runs.",
        lambda data, arguments: (
            _recommendation(arguments)
            and arguments["defense"] == "timeout"
            and data["exhausted_runs"] == 0
            and data["answered"] > 0.99
        ),
        {"victim": "recommendation", "defense": "timeout", "timeout_ms": "200", "runs": "4"},
        {"victim": "recommendation", "defense": "timeout", "timeout_ms": "500", "runs": "4"},
        "Taken are 1.4 workers anyway, and 37 a second for as long as the timeout. Leave some room: the load is random.",
        "With 200 ms, 1.4 + 37 × 0.2 = 8.8 of 16 workers are taken on average. With 390 ms all are, and half of the time more are wanted.",
    ),
    Reach(
        "email hangs, and there is no timeout anywhere. Have at least 95 % of requests answered all the same: 50 a second, 16 workers.",
        lambda data, arguments: (
            as_preset(run, arguments, "architecture", "victim", "fault", "rate", "workers")
            and arguments["defense"] == "bulkhead"
            and int(arguments["fault_s"]) >= 20
            and data["answered"] >= 0.95
        ),
        {"defense": "bulkhead", "bulkhead": "8", "runs": "4"},
        {"defense": "bulkhead", "bulkhead": "16", "runs": "4"},
        "A bulkhead limits how many workers one silent service can hold. How many may it hold so that the rest can still work? And "
        "how many does a healthy service need at once?",
        "8 of 16: the ninth order fails at once, and half of the workers remain for all others, who need fewer than two on average. With "
        "16 the bulkhead is as wide as the ship; with 2 it refuses calls of healthy services.",
    ),
    to_write(
        "How many workers survive a hang? Write Little's law for the front of a system in which every call has a timeout.",
        '''
        def pool(kinds: list, timeout: int) -> int:
            """Return the fewest workers that work off more than comes.

            `kinds` lists kinds of requests as (rate, own, calls): so many a second,
            each takes `own` milliseconds when all is well, and makes so many optional
            calls of the hung service, one after the other. Each of these keeps the
            worker for `timeout` milliseconds more. Workers that are just enough are
            too few; even without requests there is one.

            >>> pool([(50, 28, 0)], timeout=1000)
            2
            >>> pool([(13, 20, 0), (37, 30, 1)], timeout=1000)
            39
            """
        ''',
        """
        taken = sum(rate * (own + calls * timeout) for rate, own, calls in kinds)
        return taken // 1000 + 1
        """,
        """
        taken = sum(rate * calls * timeout for rate, own, calls in kinds)
        return taken // 1000 + 1
        """,
        _check_pool,
        hint="A rate times a time is a number of requests that are there at once, and each of them has a worker. Milliseconds want to be "
        "divided by a thousand.",
        because="The timeout stands in it as a factor. Ten times the timeout is ten times the pool, and a timeout chosen without the rate of "
        "the calls is a guess. It is a mean: leave room above it.",
    ),
    to_write(
        "A timeout still pays the wait for each call. A circuit breaker stops paying: after some failures it refuses at once, and now and "
        "then lets one call try. Write it.",
        '''
        def let_through(calls: list, failures: int, pause: int) -> list:
            """Return for each call whether the breaker lets it through.

            `calls` are (time, answered): when a call is wanted, in ascending order,
            and whether the callee would answer it. What becomes of a call is known at
            once. So many failures in a row open the breaker. `pause` after it opened,
            or later, the next call is let through as a trial: if it is answered, the
            breaker closes and has forgotten all failures; if not, it stays open for
            another `pause` from then on.

            >>> calls = [(1, False), (2, False), (3, True), (7, True)]
            >>> let_through(calls, failures=2, pause=5)
            [True, True, False, True]
            """
        ''',
        """
        found, row, opened = [], 0, None
        for time, answered in calls:
            passes = opened is None or time >= opened + pause
            found.append(passes)
            if not passes:
                continue
            row = 0 if answered else row + 1
            if answered:
                opened = None
            elif opened is not None or row == failures:
                opened, row = time, 0
        return found
        """,
        """
        found, row, opened = [], 0, None
        for time, answered in calls:
            if opened is not None and time >= opened + pause:
                opened, row = None, 0
            found.append(opened is None)
            if found[-1]:
                row = 0 if answered else row + 1
                opened = time if row == failures else None
        return found
        """,
        _check_let_through,
        hint="Remember two things from call to call: how many have failed in a row, and when the breaker was opened, if it is. A failed trial "
        "opens it again, alone.",
        because="With recommendation hung and timeouts of a second, 16 workers answer 11 % of requests; with breakers beside the "
        "timeouts they answer nearly all. The price: a breaker learns only from calls that have ended, so it opens one timeout too late.",
    ),
]

_LITTLE = ("Little 1961", "https://doi.org/10.1287/opre.9.3.383")
_BY_HAND = ("by hand, and the sum of c gaps", "https://en.wikipedia.org/wiki/Erlang_distribution")
_ERLANG = ("Erlang's B, closed form", "https://en.wikipedia.org/wiki/Erlang_(unit)")


def _pair(rate: float, *, timeout: float | None = None, bulkhead: int | None = None, work: float = 0.001) -> Outage:
    """Return an outage of two services, all of whose requests go from `front` to `back`; it lasts from 1 s to 61 s."""
    call = Call("back", optional=True, timeout=timeout, bulkhead=bulkhead)
    services = {
        "front": Service("front", servers=16, service_time=Constant(0.001), calls=(call,)),
        "back": Service("back", service_time=Constant(work), round_trip=Constant(0.0)),
    }
    system = Architecture("a pair", services, {"GET /": Endpoint("GET /", "front")})
    return Outage(system, "back", "hang", rate, start=1.0, end=61.0, until=61.0, looks=61 * 4)


@cache
def simulated_exhaustion() -> float:
    """Return after how many seconds 16 workers are taken by 50 requests a second, the mean of 100 runs; by hand 16 / 50."""
    outage = replace(_pair(50.0), end=1.8, until=1.8, looks=180)
    return math.fsum(outage.exhausted_after(outage.run(number)) for number in range(100)) / 100


@cache
def simulated_taken() -> float:
    """Return the mean number of workers taken by 20 requests a second that wait 0.3 s each, over 10 runs; by hand 20 × 0.301."""
    outage = _pair(20.0, timeout=0.3)
    courses = [outage.run(number).busy["front"] for number in range(10)]
    late = [index for index, time in enumerate(outage.times) if time > 2.0]
    return math.fsum(busy[index] for busy in courses for index in late) / len(late) / len(courses)


@cache
def simulated_refusals() -> float:
    """Return the share of calls that a bulkhead of 4 refuses of a healthy service: 30 a second, 0.1 s each, over 10 minutes."""
    outage = replace(_pair(30.0, bulkhead=4, work=0.1), start=600.0, end=601.0, until=600.0, looks=600)
    ended = outage.run(0).ended[1:]
    return sum(counts[1] for counts in ended) / sum(map(sum, ended))


@cache
def simulated_handled() -> float:
    """Return the share of requests that find a thread in the book's example, at a 25th of its size: one in twenty waits for 100 s."""
    services = {
        "front": Service("front", servers=40, queue_limit=0, service_time=Constant(0.1)),
        "store": Service("store"),
    }
    endpoints = {
        "usual": Endpoint("usual", "front", 95.0),
        "stuck": Endpoint("stuck", "front", 5.0, (Call("store", timeout=100.0),)),
    }
    simulation = Simulation(Architecture("", services, endpoints), Open(40.0), faults=[Hang("store")], warm_up=200.0)
    simulation.run(2_200.0)
    front = simulation.result().services["front"]
    return front.served / (front.served + sum(front.refused.values()))


ORACLES = [
    Oracle(
        "1,000 threads, one request in twenty waits 100 s for its deadline: share of requests that the frontend can handle",
        0.196,
        simulated_handled,
        "Ulrich 2016, Bimodal latency",
        "https://sre.google/sre-book/addressing-cascading-failures/",
        tolerance=0.02,
        digits=3,
        note="The book divides 1,000 by 5,095. Simulated for 2,000 s at a 25th of the size, about 800 waits for the deadline.",
    ),
    Oracle(
        "50 requests a second that all wait for ever: seconds until none of 16 workers is free",
        16 / 50,
        simulated_exhaustion,
        *_BY_HAND,
        tolerance=0.03,
        digits=3,
        note="The mean of 100 runs: the 99 % interval, and the 0.01 s from look to look.",
    ),
    Oracle(
        "20 requests a second, a timeout of 0.3 s: workers taken during the hang",
        20 * 0.301,
        simulated_taken,
        *_LITTLE,
        tolerance=0.2,
        digits=3,
        note="The mean of 10 runs of 59 s.",
    ),
    Oracle(
        "A bulkhead of 4 before a healthy service, 3 calls at a time on average: share refused",
        erlang_b(4, 3.0),
        simulated_refusals,
        *_ERLANG,
        tolerance=0.015,
        digits=3,
        note="About 18,000 requests.",
    ),
]

LIMITS = [
    "A worker is a thread that waits. Event loops hold a connection and some memory instead: the pool is larger, and it ends too.",
    "Users come at a steady rate, whether or not they are answered, give up after 3 s, and do not try again. Retries would add load (module 2).",
    "Nobody repairs anything: no instance is taken out, restarted or added while the fault lasts.",
    "When a hang ends, the service goes on where it stood, and works for callers that have long given up. So it is with many real ones.",
    "A breaker opens when half of its last 10 calls have failed, and tries again after 5 s. Other numbers are other breakers.",
    "Where your file gives servers, timeouts or policies, these hold, and the settings fill the gaps.",
]
