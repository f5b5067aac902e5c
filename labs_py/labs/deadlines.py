"""Deadlines: a caller that gives up stops nothing, and a timeout on every call still says nothing about the request as a whole.

A request goes through the Social Network of DeathStarBench while some of its services are slow. Callers wait as the code says, or with a
timeout on every call, or with a deadline that is carried along; each way is computed exactly, over all ways in which calls may be slow.
Calls that are not slow take their mean.

Data:
    limits: the way that is drawn, a key of `ways`. calls: how many calls a request makes when all is well.
    ways[W]: answered and failed, shares of requests; degraded, of those answered; told_after_s, the mean time until the user is told;
        unheard, the share of requests of which the user is told that they failed, and that go through all the same;
        late_calls, late_work_s and late_held_s: calls that begin, own work, and time in service of a request, on average, for callers
        that have given up.
    ways[W].made[P]: how often a request calls P, on average.
    first, first_after_s: who gives up first in the request drawn, and when; null if nobody does. drawn_told_s: when its user is told.

Sources:
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/
    gRPC Authors, "Deadlines", https://grpc.io/docs/guides/deadlines/
    gRPC Authors, "gRPC over HTTP2", https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
    DeathStarBench, Social Network, source at commit 6ecb097, June 2024,
        https://github.com/delimitrou/DeathStarBench/tree/6ecb097/socialNetwork

>>> run(slow_s=0).takeaway
'No user is told of a failure, and no work is done for nobody.'
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_complaint, first_difference, to_write
from labs_py.deadline_figures import beside, calls, first_to_give_up, late_work, seconds, timeline
from labs_py.deadline_runs import STORES, left, of_three, simulated_late_work
from labs_py.exercise import Oracle, Predict, Reach, as_preset, nearest
from labs_py.model import architecture_file
from labs_py.model.architecture import Service
from labs_py.model.changes import default_policies, make_optional
from labs_py.model.giving_up import Course, Patience, Place, Works, chain, places, request
from labs_py.model.outcome import ANSWERED, DEGRADED
from labs_py.numerals import percent
from labs_py.parameter import Choice, LabError, Range
from labs_py.report import Metric, Report

_ARCHITECTURE = architecture_file.load("social_network")
_CALLED = list(
    dict.fromkeys(
        place.name.partition("/")[0]
        for endpoint in _ARCHITECTURE.endpoints
        for place in places(request(_ARCHITECTURE, endpoint, lambda *_: [(0.0, 1.0)]))
        if place.depth >= 0
    )
)
_SLOW = {
    "stores": "every store",
    "-mongodb": "every MongoDB",
    "-redis": "every Redis",
    **{name: name for name in _CALLED},
}
_NEEDED = ("compose-post", "home-timeline", "user-timeline")  # nginx can do nothing without these
_NEEDLESS = {"none": "nothing", **{name: name for name in _CALLED if name not in _NEEDED}}
_WAYS = {
    "code": "as in the code: nginx alone",
    "equal": "every call, the same",
    "nested": "every call, less at each level",
    "carried": "a deadline, carried along",
    "stopping": "a deadline at which work stops",
}
_COMPARED = ("equal", "carried")
_STEPS = 25


def run(
    *,
    endpoint: Annotated[str, Choice("Request", {name: name for name in _ARCHITECTURE.endpoints})] = "compose post",
    slow: Annotated[str, Choice("Slow is", _SLOW)] = "stores",
    slow_s: Annotated[float, Range("A slow call takes longer by", 0, 60, "s", 0.1)] = 3.0,
    share: Annotated[float, Range("Share of its calls that are slow", 1, 100, "%", 1)] = 100.0,
    limits: Annotated[str, Choice("Who limits the wait", _WAYS)] = "equal",
    timeout_s: Annotated[float, Range("Limit", 0.5, 60, "s", 0.1)] = 10.0,
    keep_ms: Annotated[
        float, Range("Less at each level", 0, 2000, "ms", 10, hint="Not used by the first two ways.")
    ] = 300.0,
    needless: Annotated[str, Choice("Callers can do without", _NEEDLESS)] = "none",
    needless_s: Annotated[float, Range("and wait for it at most", 0.1, 60, "s", 0.1)] = 60.0,
) -> Report:
    """Return one request over time, and what becomes of requests for each way to limit the wait."""
    without = (needless, needless_s)
    entry, drawn = (_request(endpoint, slow, slow_s, chance, *without) for chance in (share / 100, 1.0))
    ways = patiences(timeout_s, keep_ms / 1000)
    levels = 1 + max(place.depth for place in places(entry))
    if timeout_s * 1000 <= (levels - 1) * keep_ms:
        most = timeout_s * 1000 / (levels - 1)
        raise LabError(
            f"keep_ms must be below {most:.6g} for a limit of {timeout_s:g} s on {levels} levels of calls, got {keep_ms:g}"
        )
    found = {name: _measured(entry, patience) for name, patience in ways.items()}
    one = Course(ways[limits])
    one.follow(drawn)
    first = first_to_give_up(one.visits)
    told = next(visit.ended for visit in one.visits if visit.place is drawn) / 1e9
    chosen = found[limits]
    how = "all of them slow" if share < 100 else f"{_SLOW[slow]} slower by {seconds(slow_s * 1e9)}"
    caption = f"One request to {endpoint}, {how}; limited: {_WAYS[limits]}"
    return Report(
        takeaway(chosen),
        [
            Metric(
                "Users told of a failure",
                percent(chosen["failed"], 1),
                f"users hear after {seconds(chosen['told_after_s'] * 1e9)} on average",
            ),
            Metric("Failed, and done all the same", percent(chosen["unheard"], 1), "of requests"),
            Metric(
                "The first gives up after",
                seconds(first.heard) if first else "–",
                f"{first.place.caller}, on {first.place.name}" if first else "nobody does, in the request drawn",
            ),
            Metric(
                "Work for nobody",
                seconds(chosen["late_work_s"] * 1e9),
                f"a request, in {calls(chosen['late_calls'])} late calls; threads held: {seconds(chosen['late_held_s'] * 1e9)}",
            ),
            timeline(drawn, one.visits, caption),
            beside({label: found[name] for name, label in _WAYS.items()}),
            late_work(_late_work(endpoint, slow, timeout_s, keep_ms / 1000, *without), slow_s),
        ],
        {
            "limits": limits,
            "calls": sum(1 for _ in places(drawn)) - 1,
            "ways": found,
            "first": first.place.caller if first else None,
            "first_after_s": first.heard / 1e9 if first else None,
            "drawn_told_s": told,
        },
    )


@lru_cache(maxsize=64)
def _request(endpoint: str, slow: str, slower: float, share: float, needless: str, needless_s: float) -> Place:
    """Return what a request does when a share of the calls of some services takes longer, by so many seconds."""
    system = _ARCHITECTURE
    if needless != "none":
        system = default_policies(make_optional(system, needless), timeout=needless_s)

    def works(service: Service, operation: str) -> Works:
        usual = service.work_for(operation).mean
        hit = (
            service.name == slow
            or (slow == "stores" and service.name.endswith(STORES))
            or (slow[0] == "-" and service.name.endswith(slow))
        )
        return [(usual + slower, share), *([(usual, 1 - share)] if share < 1 else [])] if hit else [(usual, 1.0)]

    return request(system, endpoint, works)


@lru_cache(maxsize=16)
def _late_work(
    endpoint: str, slow: str, timeout: float, keep: float, needless: str, needless_s: float
) -> dict[str, list[tuple[float, float]]]:
    """Return, for two ways to limit the wait, the seconds of work for nobody by how much longer every slow call takes.

    Where it drops, because a stage is no longer begun, both sides of the edge are among the points.
    """

    def late(patience: Patience, slower: float) -> float:
        course = Course(patience)
        course.follow(_request(endpoint, slow, slower, 1.0, needless, needless_s))
        return course.total("worked_late") / 1e9

    found: dict[str, list[tuple[float, float]]] = {}
    for name in _COMPARED:
        patience = patiences(timeout, keep)[name]
        points = found[_WAYS[name]] = [(0.0, late(patience, 0.0))]
        for step in range(1, _STEPS + 1):
            slower = 1.25 * timeout * step / _STEPS
            after = (slower, late(patience, slower))
            if after[1] < points[-1][1]:
                points += edge(lambda at, patience=patience: late(patience, at), points[-1], after)  # type: ignore[misc]
            points.append(after)
    return found


def edge(
    measured: Callable[[float], float], low: tuple[float, float], high: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return two points close to each other, between which a rising curve drops; `low` is before that and `high` after it."""
    for _ in range(5):
        at = (low[0] + high[0]) / 2
        point = (at, measured(at))
        low, high = (point, high) if point[1] >= low[1] else (low, point)
    return [low, high]


def patiences(timeout: float, keep: float) -> dict[str, Patience]:
    """Return the ways to limit the wait, by name; times in seconds."""
    return {
        "code": Patience(timeout, inner=False),
        "equal": Patience(timeout),
        "nested": Patience(timeout, keep),
        "carried": Patience(timeout, keep, carried=True),
        "stopping": Patience(timeout, keep, carried=True, stops=True),
    }


def _measured(entry: Place, patience: Patience) -> dict[str, Any]:
    """Return what becomes of requests, on average."""
    course = Course(patience)
    ends = course.follow(entry)
    answered = math.fsum(part for (_, outcome), part in ends.items() if outcome in ANSWERED)
    degraded = math.fsum(part for (_, outcome), part in ends.items() if outcome == DEGRADED)
    counts = list(course.counts.values())
    made = {place.name: 0.0 for place in places(entry)}
    for place, tally in counts:
        made[place.name] += tally.made
    return {
        "answered": answered,
        "failed": max(0.0, 1 - answered) if answered < 1 - 1e-12 else 0.0,
        "degraded": degraded / answered if answered else 0.0,
        "told_after_s": math.fsum(time * part for (time, _), part in ends.items()) / 1e9,
        "unheard": math.fsum(tally.unheard for place, tally in counts if place.depth == 0 and not place.optional),
        "late_calls": course.total("late"),
        "late_work_s": course.total("worked_late") / 1e9,
        "late_held_s": course.total("held_late") / 1e9,
        "made": made,
    }


def takeaway(found: Mapping[str, Any]) -> str:
    """Return what becomes of requests in one sentence."""
    failed = found["failed"]
    who = "Every user is" if failed == 1 else f"{percent(failed, 1)} of users are" if failed else "No user is"
    when = f" after {seconds(found['told_after_s'] * 1e9)}" if failed == 1 else ""
    lesser = f", {percent(found['degraded'], 0)} of answers are degraded" if found["degraded"] else ""
    through = found["unheard"] / failed if failed else 0.0
    done = f", {f'{percent(through, 0)} of ' * (through < 1 - 1e-9)}what failed is done all the same" if through else ""
    late = found["late_work_s"]
    work = f"a request leaves {seconds(late * 1e9)} of work for nobody" if late else "no work is done for nobody"
    return f"{who} told of a failure{when}{lesser}{done}, and {work}."


# --- tasks and checks ----------------------------------------------------------------------------

_UNITS = {"n": 1, "u": 10**3, "m": 10**6, "S": 10**9, "M": 60 * 10**9, "H": 3600 * 10**9}


def _check_header(header: Callable[..., Any]) -> str:
    def rule(got: object, left: int) -> str:
        unit, size = next((name, size) for name, size in _UNITS.items() if left // size < 10**8)
        if not isinstance(got, str) or got[-1:] not in _UNITS or not got[:-1].isdecimal():
            return "must be digits and a unit"
        if not 1 <= len(got) - 1 <= 8 or int(got[:-1]) == 0:
            return "must have one to eight digits, and not be zero"
        if int(got[:-1]) * _UNITS[got[-1]] > left:
            return "must not promise more time than is left"
        return "" if got == f"{left // size}{unit}" else f"must be {left // size}{unit}, the finest unit that fits"

    given = cases((1,), (100_000_000,), draw=lambda rng: (rng.randrange(1, 10 ** rng.randint(1, 17)),))
    return first_complaint("header", header, rule, given)


def _check_learns(learns: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        callers = rng.randint(1, 4)
        return [rng.randint(0, 4) for _ in range(callers)], [rng.randint(1, 12) for _ in range(callers)]

    def expected(works: Sequence[int], timeouts: Sequence[int]) -> list[float]:
        course = Course(Patience(1e6))
        course.follow(chain([*([(work, 1.0)] for work in works), [(1e5, 1.0)]], timeouts))
        heard = {visit.place.depth: visit.heard / 1e9 for visit in course.visits}
        return [heard[depth] for depth in range(len(works))]

    return first_difference("learns", learns, expected, cases(([0], [5]), ([0, 1], [9, 9]), draw=drawn))


_HANG = {"slow": "user-mongodb", "slow_s": "60"}

TASKS = [
    Predict(
        "You write a post while every store takes 3 s longer, and every call has a timeout of 10 s. No call below nginx's own takes "
        "longer than about 6 s. What do you get?",
        [
            "Your post, after 21 s: no timeout is reached",
            "An error after 10 s, and no post",
            "An error after 10 s, and a little later the post is there",
        ],
        2,
        "nginx waits 10 s for everything together. The services below never learn that it has gone: five more calls begin, and after 21 s the "
        "post stands in every timeline. You have posted it again by then.",
        {},
        lambda data: 2 if data["ways"]["equal"]["unheard"] == 1 else 1 if data["ways"]["equal"]["failed"] else 0,
        hint="A timeout bounds one call. Which call contains all others, and who tells the others when it is over?",
    ),
    Predict(
        "So the timeouts are made to shrink on the way down: 10 s for nginx, then 9.7, 9.4 and 9.1 s. The stores are as slow as before. "
        "How much work is still done for nobody?",
        ["None", "About half", "Exactly as much as before"],
        2,
        "Each call counts its own seconds from when it is made, and none of them needs nine. What is too long is the sum of four stages, and "
        "nobody below nginx knows the sum.",
        {"limits": "nested"},
        lambda data: 2 if data["ways"]["nested"] == data["ways"]["equal"] else 0,
        hint="How long does the longest call below nginx's own take, and what is its limit now?",
    ),
    Predict(
        "Every call has a timeout of 10 s, and every store is 4.5 s slower: a post leaves 21.5 s of work for nobody. Now the stores get slower "
        "still, 6 s. How much work is done for nobody?",
        ["About 30 s", "About 20 s", "About 2 s"],
        2,
        "user-mention asks two stores in a row. At 6 s each it takes 12 s, runs into its own timeout, and the stages after it are never begun. "
        "What is just not slow enough for any inner timeout does the most harm.",
        {"slow_s": "6"},
        lambda data: nearest((30, 20, 2), data["ways"]["equal"]["late_work_s"]),
        hint="Which call takes longest after nginx's own and compose-post's? When does its timeout end it, and what is not begun then?",
    ),
    Predict(
        "Now one store at the bottom hangs: user-mongodb, which only user-mention asks. Every call has a timeout of 10 s. Who gives up first?",
        ["user-mention, which waits for the store", "text, which waits for user-mention", "nginx, which knows neither"],
        2,
        "All wait equally long, and nginx began first. Those below give up milliseconds later, and their errors reach nobody. nginx can report "
        "that compose-post is slow, which is three levels above the store that hangs.",
        {**_HANG},
        lambda data: ("user-mention", "text", "nginx").index(data["first"]),
        hint="A clock starts with each call. In which order do the calls begin?",
    ),
    Predict(
        "A deadline is carried along, and text can do without user-mention: a post without mentions is better than none. user-mongodb hangs. "
        "What do users get?",
        [
            "A post without mentions, at once",
            "A post without mentions, after 9 s",
            "An error",
        ],
        2,
        "text waits for the mentions nearly until the deadline. Then it goes on without them, and there is no time left for what comes "
        "after: the post is stored, and the followers' timelines are out of reach.",
        {**_HANG, "limits": "carried", "needless": "user-mention"},
        lambda data: 2 if data["ways"]["carried"]["failed"] == 1 else 1 if data["drawn_told_s"] > 5 else 0,
        hint="A deadline says when all must be over. Does it say how much of that time one call may use up?",
    ),
    Reach(
        "The same hang of 60 s: have all users answered within 2 s, with a deadline of 10 s that is carried along.",
        lambda data, arguments: (
            as_preset(run, arguments, "endpoint", "share", "timeout_s")
            and {**_HANG, "limits": "carried"}.items() <= arguments.items()
            and data["ways"]["carried"]["failed"] == 0
            and data["ways"]["carried"]["told_after_s"] < 2
        ),
        {**_HANG, "limits": "carried", "needless": "user-mention", "needless_s": "1"},
        {**_HANG, "limits": "carried", "needless": "user-mention", "keep_ms": "2000"},
        "Whose answer can a post do without, and how long would you wait for it?",
        "A call that one can do without needs a limit of its own, shorter than what is left. A larger margin on each level only makes "
        "everybody give up sooner, those included whose answers are needed.",
    ),
    Reach(
        "One call in ten of a store takes 2 s longer. With a deadline carried along and 300 ms kept on each level, find the shortest limit, "
        "to half a second, that fails at most one post in a hundred.",
        lambda data, arguments: (
            as_preset(run, arguments, "endpoint", "slow", "keep_ms", "needless")
            and {"slow_s": "2", "share": "10", "limits": "carried"}.items() <= arguments.items()
            and float(arguments["timeout_s"]) <= 7
            and data["ways"]["carried"]["failed"] <= 0.01
        ),
        {"slow_s": "2", "share": "10", "limits": "carried", "timeout_s": "7"},
        {"slow_s": "2", "share": "10", "limits": "carried", "timeout_s": "6.5"},
        "How many slow calls can a post have in a row? How many of them fit into the limit, on the lowest level?",
        "7 s: three slow calls in a row fit, and more than three have a chance of one in 300. With 6.5 s only two do, because the lowest level "
        "has 0.9 s less, and one post in 32 fails. A limit is paid for in whole slow calls.",
    ),
    to_write(
        "A deadline crosses the network as the time that is left, because two machines' clocks differ. Write it as gRPC does, in the header "
        "grpc-timeout.",
        '''
        def header(left: int) -> str:
            """Return the value of the header for so many nanoseconds left.

            That is one to eight digits and a unit: n, u, m (nano-, micro-,
            milliseconds), S, M, H (seconds, minutes, hours). Take the finest unit that
            fits into eight digits, and round down: promise no time that is not there.

            >>> header(10_000_000_000)
            '10000000u'
            >>> header(1_999_999)
            '1999999n'
            """
        ''',
        """
        size = 1
        factors = {"n": 1000, "u": 1000, "m": 1000, "S": 60, "M": 60, "H": 1}
        for unit, factor in factors.items():
            if left // size < 100_000_000:
                return f"{left // size}{unit}"
            size *= factor
        """,
        """
        size = 3600 * 10**9
        for unit, factor in [("H", 60), ("M", 60), ("S", 1000), ("m", 1000), ("u", 1000), ("n", 1)]:
            if left >= size:
                return f"{left // size}{unit}"
            size //= factor
        """,
        _check_header,
        hint="Go from nanoseconds upward, and stop at the first unit in which the number has at most eight digits.",
        because="The coarsest unit loses most: 1.9 s would become 1S, and nearly half of the time is gone at the first hop. What is sent is a "
        "duration, so the way there is not counted: the callee's deadline is late by the time that the header travels.",
    ),
    to_write(
        "Who notices first? Services call one another in a chain, and the last one hangs. Write down when each caller learns that its call has "
        "failed.",
        '''
        def learns(works: list, timeouts: list) -> list:
            """Return for each caller when it learns of the failure.

            Service i works for works[i] seconds, then calls service i + 1 and waits for
            it for at most timeouts[i] seconds. The service after the last caller never
            answers. A caller that learns of a failure tells its own caller at once, if
            that one still waits.

            >>> learns([0, 1, 2], [10, 10, 10])
            [10, 11, 13]
            >>> learns([0, 1, 2], [10, 8, 5])
            [8, 8, 8]
            """
        ''',
        """
        found, start = [], 0
        for work, timeout in zip(works, timeouts):
            start += work
            found.append(start + timeout)
        for index in reversed(range(len(found) - 1)):
            found[index] = min(found[index], found[index + 1])
        return found
        """,
        """
        found, start = [], 0
        for work, timeout in zip(works, timeouts):
            start += work
            found.append(start + timeout)
        return found
        """,
        _check_learns,
        hint="First go down: when does each call begin, and when would its own patience end? Then go up: an error from below may come sooner.",
        because="With equal timeouts the list ascends: the outermost learns first, and has nothing to tell. With timeouts that shrink by more "
        "than the work above takes, all learn at the same moment, from the bottom, and the error names what hangs.",
    ),
]

_SRE = ("Ulrich 2016, Deadline propagation", "https://sre.google/sre-book/addressing-cascading-failures/")
_GRPC = ("gRPC documentation, Deadline Propagation", "https://grpc.io/docs/guides/deadlines/")
_COUNTED = ("all 27 cases: sums have the trinomial coefficients", "https://oeis.org/A027907")
_BY_HAND = (
    "by hand, from the calls in the source",
    "https://github.com/delimitrou/DeathStarBench/blob/6ecb097/socialNetwork/src/ComposePostService/ComposePostHandler.h",
)

ORACLES = [
    *(
        Oracle(what, seconds, partial(left, works, limit, depth), *source, tolerance=1e-9, digits=2)
        for what, seconds, works, limit, depth, source in (
            ("A has 30 s, works 7 s and calls B: seconds left for B", 23, (7, 4, 1), 30, 0, _SRE),
            ("… B works 4 s and calls C: seconds left for C", 19, (7, 4, 1), 30, 1, _SRE),
            ("A gives B 10 s, and B takes 8 s to call C: seconds left for C", 2, (0, 8, 1), 10, 1, _SRE),
            ("A client gives 2 s, a server spends 0.5 s and calls another: seconds left", 1.5, (0.5, 9), 2, 0, _GRPC),
        )
    ),
    *(
        Oracle(
            f"A calls B calls C, each takes 1, 4 or 7 s, every limit is 10 s: {what}",
            published,
            ours,
            *_COUNTED,
            tolerance=1e-9,
        )
        for what, published, ours in (
            ("A is given up", 17 / 27, partial(of_three, "given_up", 0)),
            ("B is given up", 9 / 27, partial(of_three, "given_up", 1)),
            ("C is given up", 0, partial(of_three, "given_up", 2)),
            ("seconds of work for nobody", 79 / 27, lambda: of_three("worked_late") / 1e9),
        )
    ),
    *(
        Oracle(
            f"A post, every store 3 s slower, every limit 10 s: seconds of work for nobody, {how}",
            11.02125,
            ours,
            *_BY_HAND,
            tolerance=1e-9,
            digits=7,
        )
        for how, ours in (
            ("computed", lambda: run().data["ways"]["equal"]["late_work_s"]),
            ("simulated", simulated_late_work),
        )
    ),
]

LIMITS = [
    "A timeout on every call of the Social Network is our addition. In its code only nginx has one.",
    "The clients of the stores have limits of their own by default (5 s for that of memcached), which are left out.",
    "nginx's 10 s hold for each operation on its socket. An answer that came in pieces could take longer.",
    "No queues and no pools: a held thread is counted, and takes nobody's place. What that does under load is a lab of module 1.",
    "Nobody tries again: neither the user nor a service. Retries after a timeout would do the same work twice, while the first is under way.",
    "Slow calls are slow independently of each other, all by the same time. What the others take is an assumption of the architecture file.",
    "A store that is told to stop stops at once. Many have no way to be told, and a write that was under way may or may not have happened.",
    "What goes on for nobody is counted as own work and as time in service. A cache that it fills on the way may still be of use to somebody.",
]
