"""Backoff and jitter: waiting longer spreads the same crowd over more time, and only chance makes it less of a crowd.

Clients contend for one item. Each reads it and writes only if nobody else has written since; else it waits and begins again. All start at
once. A call is a write that is tried. The network takes 10 ms each way, normally distributed.

Data:
    runs: how many contests there are of each kind and size.
    clients: the numbers of clients, in ascending order; the last is the chosen one.
    calls[B], completion_s[B]: with backoff B of none, exponential, full, equal, decorrelated, and the chosen number of clients: mean, low
        and high over the runs. Completion is the time until the last client knows that it has written.
    calls_by_clients[B]: the mean calls for each number of clients.
    in_step: calls if nothing were random, closed form.

Source:
    Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015,
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    Marc Brooker, aws-arch-backoff-simulator, 2015, https://github.com/aws-samples/aws-arch-backoff-simulator
    Marc Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders' Library, 2019,
        https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

>>> run(clients=20, network_sd_ms=0, runs=1).report().data["calls"]["exponential"]["mean"]
210.0
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.contention_figures import NAMES, over_clients, over_time, slices
from labs_py.exercise import Oracle, Predict, Reach, as_preset, nearest
from labs_py.model.contention import BACKOFFS, Contest, Course, calls_in_step, calls_of_three
from labs_py.numerals import significant
from labs_py.parameter import Range
from labs_py.replications import Replications
from labs_py.report import Metric, Report, Table

_SIZES = 5


def run(
    *,
    clients: Annotated[int, Range("Clients", 2, 200)] = 100,
    base_ms: Annotated[float, Range("Base of the backoff", 1, 2000, "ms", scale="log")] = 5.0,
    cap_ms: Annotated[float, Range("Longest backoff", 10, 20_000, "ms", scale="log")] = 2000.0,
    network_sd_ms: Annotated[
        float, Range("Network varies by", 0, 3, "ms", 0.1, hint="Standard deviation; the mean is 10 ms each way.")
    ] = 2.0,
    runs: Annotated[int, Range("Runs", 1, 100)] = 10,
) -> Replications:
    """Return the runs; each has a contest for every kind of backoff and several numbers of clients."""
    sizes = sorted({max(1, round(clients * part / _SIZES)) for part in range(1, _SIZES + 1)})
    contests = {size: Contest(size, base_ms, cap_ms, 10.0, network_sd_ms) for size in sizes}
    return Replications(runs, partial(_one, contests), partial(_report, sizes))


def _one(contests: Mapping[int, Contest], number: int) -> dict[str, Any]:
    """Return calls and completion of one contest for each backoff and size; of the first run also when the calls were made."""
    found: dict[str, Any] = {"calls": {name: [] for name in BACKOFFS}, "completion": {name: [] for name in BACKOFFS}}
    courses: dict[str, Course] = {}
    for size, contest in contests.items():
        for name in BACKOFFS:
            courses[name] = contest.run(name, f"{name} {size} {number}")
            found["calls"][name].append(courses[name].calls)
            found["completion"][name].append(courses[name].completion / 1000)
    return found | ({} if number else {"over_time": slices(courses)})


def _summed(values: Sequence[float]) -> dict[str, float]:
    return {"mean": math.fsum(values) / len(values), "low": min(values), "high": max(values)}


def _report(sizes: Sequence[int], results: Sequence[Mapping[str, Any]]) -> Report:
    """Return the report of the first runs."""
    summed = {
        what: {
            name: [_summed([one[what][name][index] for one in results]) for index in range(len(sizes))]
            for name in BACKOFFS
        }
        for what in ("calls", "completion")
    }
    means = {what: {name: [one["mean"] for one in of[name]] for name in NAMES} for what, of in summed.items()}
    calls, times = ({name: of[name][-1] for name in BACKOFFS} for of in (summed["calls"], summed["completion"]))
    written = {name: f"{round(calls[name]['mean']):,}" for name in BACKOFFS}
    done = {name: f"{significant(times[name]['mean'])} s" for name in BACKOFFS}
    clients = sizes[-1]
    first = results[0]
    width, counts = first["over_time"]
    return Report(
        f"{clients} clients that want one item make {written['none']} calls without backoff, {written['exponential']} with exponential "
        f"backoff, and {written['full']} with full jitter.",
        [
            Metric("Calls with full jitter", written["full"], f"exponential alone {written['exponential']}"),
            Metric(
                "All have written after", done["full"], f"exponential alone {done['exponential']}, none {done['none']}"
            ),
            Metric("If all kept step", f"{calls_in_step(clients):,} calls", "n (n + 1) / 2, exact"),
            over_clients(sizes, means["calls"], calls=True),
            over_time(width, counts, {name: first["completion"][name][-1] * 1000 for name in BACKOFFS}),
            over_clients(sizes, means["completion"], calls=False),
            _table(calls, times, clients, len(results)),
        ],
        {
            "runs": len(results),
            "clients": list(sizes),
            "calls": calls,
            "completion_s": times,
            "calls_by_clients": {name: means["calls"][name] for name in BACKOFFS},
            "in_step": calls_in_step(clients),
        },
    )


def _table(
    calls: Mapping[str, Mapping[str, float]], times: Mapping[str, Mapping[str, float]], clients: int, runs: int
) -> Table:
    rows = [
        (
            label,
            f"{round(calls[name]['mean']):,} ({calls[name]['low']:,} to {calls[name]['high']:,})",
            significant(calls[name]["mean"] / clients),
            f"{significant(times[name]['mean'])} s ({significant(times[name]['low'])} to {significant(times[name]['high'])})",
        )
        for name, label in NAMES.items()
    ]
    columns = ["Backoff", "Calls", "A client", "All have written after"]
    of = f"the mean of {runs} runs, and the least and the most" if runs > 1 else "one run"
    return Table(columns, rows, f"{clients} clients: {of}")


# --- tasks and checks ----------------------------------------------------------------------------


def _check_wait(wait: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        return rng.randint(1, 40), rng.choice([5, 50, 100]), rng.choice([100, 2000, 20_000]), rng.randint(0, 99) / 100

    def expected(attempt: int, base: int, cap: int, chance: float) -> float:
        """Double step by step, as the model does."""
        longest = base
        for _ in range(attempt):
            longest = min(cap, 2 * longest)
        return chance * longest

    fixed = [(1, 5, 2000, 0.5), (3, 5, 2000, 0.5), (12, 5, 2000, 0.25), (5000, 5.0, 2000.0, 0.5)]
    return first_difference("wait", wait, expected, cases(*fixed, draw=drawn))


def _check_written(written: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        writes = sorted(rng.sample(range(2, 40), rng.randint(1, 7)))
        return ([(max(0, write - rng.randint(1, 12)) + 0.5, write) for write in writes],)

    def expected(tries: list[tuple[float, int]]) -> list[bool]:
        """Keep a version: each try remembers the one that it read, and a write needs it unchanged."""
        events = sorted(
            [(read, 0, number) for number, (read, _) in enumerate(tries)]
            + [(write, 1, number) for number, (_, write) in enumerate(tries)]
        )
        version, seen, found = 0, [0] * len(tries), [False] * len(tries)
        for _, is_write, number in events:
            if not is_write:
                seen[number] = version
            elif seen[number] == version:
                version, found[number] = version + 1, True
        return found

    return first_difference(
        "written",
        written,
        expected,
        cases(([(0.5, 2), (1.5, 4), (3.5, 6)],), ([(0.5, 2), (1.5, 3), (2.5, 4)],), draw=drawn),
    )


TASKS = [
    Predict(
        "100 clients want to write one item, and each that fails tries again at once: about 2,400 calls. Now they double their wait each time they "
        "fail, up to 2 s, all by the same rule. How many calls do they make?",
        ["About 1,900", "About 800", "About 200: two each"],
        0,
        "Who fails together waits equally long, and comes back together. The crowd is the same, only later; what thins it is the network, "
        "which delivers some a few milliseconds after others.",
        {},
        lambda data: nearest((1900, 800, 200), data["calls"]["exponential"]["mean"]),
        hint="Ten clients fail at the same moment for the third time. When does each of them come back?",
    ),
    Predict(
        "Which clients are all done first: those that try again at once, those with exponential backoff, or those with full jitter?",
        ["Those that try again at once", "Those with exponential backoff", "Those with full jitter"],
        0,
        "After 2 s, where full jitter takes 5 and exponential backoff alone a minute. The store never rests while there is somebody to "
        "write. The price is three times the calls, and here a call that fails costs the store nothing: a real one would slow down.",
        {},
        lambda data: min(
            range(3), key=lambda index: data["completion_s"][("none", "exponential", "full")[index]]["mean"]
        ),
        hint="When is the item not being written to, although somebody wants to?",
    ),
    Predict(
        "The network becomes perfect: each message takes exactly 10 ms. How many calls do 100 clients with exponential backoff make?",
        ["Fewer: about 1,000", "As many as before: about 1,900", "5,050, as many as without backoff"],
        2,
        "Now nothing separates them at all. All fail together but one, wait together and come back together: 100 + 99 + 98 and so on. What "
        "the backoff seemed to save before, the network's own jitter had saved.",
        {"network_sd_ms": "0", "runs": "2"},
        lambda data: nearest((1000, 1900, 5050), data["calls"]["exponential"]["mean"]),
        hint="Does anything tell two clients apart that fail in the same round?",
    ),
    Reach(
        "Full jitter, 100 clients on the usual network. Bring the mean calls below 400, all written within 6 s on average, in at least 5 runs.",
        lambda data, arguments: (
            as_preset(run, arguments, "clients", "network_sd_ms")
            and int(arguments["runs"]) >= 5
            and data["calls"]["full"]["mean"] < 400
            and data["completion_s"]["full"]["mean"] < 6
        ),
        {"base_ms": "320", "runs": "5"},
        {"cap_ms": "20000", "runs": "5"},
        "A hundred clients need the store for 20 ms each. How long would they have to spread out, and how many tries does it take to get "
        "from 5 ms to that?",
        "With a base of 320 ms the first wait is drawn from 640 ms, which a base of 5 ms reaches with the seventh. Six tries, in which nearly "
        "everybody failed, are saved. How long it takes in the end is a matter of the cap.",
    ),
    Reach(
        "The library knows exponential backoff without jitter and nothing else. Have all 100 clients written within 6 s on average all the "
        "same, on the usual network, in at least 5 runs; then look at the calls.",
        lambda data, arguments: (
            as_preset(run, arguments, "clients", "network_sd_ms")
            and int(arguments["runs"]) >= 5
            and data["completion_s"]["exponential"]["mean"] < 6
        ),
        {"cap_ms": "100", "runs": "5"},
        {"base_ms": "1", "runs": "5"},
        "Soon everybody has reached the longest backoff. One or two write in each round, and then all wait again. How long?",
        "With a cap of 100 ms. The minute was 2 s of waiting in each of some thirty rounds. The calls have not changed: without chance, no "
        "base and no cap makes them fewer.",
    ),
    to_write(
        "Write the wait of full jitter, so that it still works after a night of failures.",
        '''
        def wait(attempt: int, base: float, cap: float, chance: float) -> float:
            """Return how long to wait after so many failed attempts, 1 or more.

            Anything from zero to base * 2 ** attempt, or to `cap` if that is less;
            `chance`, a random number from 0 to 1, says how much of it.

            >>> wait(3, 5, 2000, 0.5)
            20.0
            >>> wait(20, 5, 2000, 0.25)
            500.0
            """
        ''',
        """
        return chance * min(cap, base * 2 ** min(attempt, 60))
        """,
        """
        return min(cap, chance * base * 2 ** attempt)
        """,
        _check_wait,
        hint="Is the limit of what is drawn capped, or what has been drawn? And what is a float times 2 to the power of 5,000?",
        because="If the cap comes after chance, nearly all who have failed often wait for exactly the cap, and are in step again. And two to the "
        "power of a few thousand is more than a float can hold: without a limit of its own the client that has waited longest ends in an "
        "OverflowError.",
    ),
    to_write(
        "Write the store's side: which of these tries succeed?",
        '''
        def written(tries: list) -> list:
            """Return for each try whether its write succeeds.

            `tries` are (read, write): when a client read the item, and when its
            write came, in ascending order of the writes. No two times are equal.
            A write succeeds if no other write has succeeded since its read.

            >>> written([(0.5, 2), (1.5, 4), (3.5, 6)])
            [True, False, True]
            """
        ''',
        """
        last, found = 0, []
        for read, write in tries:
            found.append(read > last)
            if found[-1]:
                last = write
        return found
        """,
        """
        last, found = 0, []
        for read, write in tries:
            found.append(read > last)
            last = write
        return found
        """,
        _check_written,
        hint="What must the store remember: the last try, or the last that it let through?",
        because="A try that failed has changed nothing, so it is in nobody's way. In each crowd at least one write succeeds, and that is why "
        "optimistic clients always get on, however slowly.",
    ),
]

_SIMULATOR = "https://github.com/aws-samples/aws-arch-backoff-simulator/blob/66cb169277051eea207dbef8c7f71767fe6af144/src/backoff_simulator.py"
_ARTICLE = "https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"
_RUNS = 100
# 100 runs of the AWS simulator with 100 clients: mean, standard deviation, least and most of calls, and the same of completion in ms.
_AWS = {
    "none": ((2420.9, 32.0, 2343, 2545), (2033.0, 44.7, 1943, 2172)),
    "exponential": ((1854.2, 59.0, 1715, 2000), (63698.0, 3805.9, 55942, 74327)),
    "full": ((796.7, 6.5, 780, 814), (4979.4, 555.8, 4040, 6895)),
    "equal": ((812.9, 7.3, 800, 831), (6611.1, 648.5, 5308, 7839)),
    "decorrelated": ((1003.5, 25.8, 940, 1062), (4539.2, 642.0, 3409, 6441)),
}


def _chance(deviation: float) -> float:
    """Return by how much the means of 100 runs on each side differ once in a thousand times, rounded up to one digit."""
    reach = 3.29 * deviation * math.sqrt(2 / _RUNS)
    power = 10.0 ** math.floor(math.log10(reach))
    return math.ceil(reach / power) * power


@cache
def _contests(backoff: str) -> tuple[float, float]:
    """Return the mean calls, and the mean completion in ms, of 100 contests with 100 clients and the settings of the simulator."""
    courses = [Contest(100).run(backoff, number) for number in range(_RUNS)]
    return math.fsum(course.calls for course in courses) / _RUNS, math.fsum(one.completion for one in courses) / _RUNS


def _three(backoff: str, base: float) -> float:
    contest = Contest(3, base, network_sd=0.0)
    return math.fsum(contest.run(backoff, f"{backoff} {number}").calls for number in range(4_000)) / 4_000


ORACLES = [
    *(
        Oracle(
            f"100 clients, {NAMES[name]}: {what}",
            published[0],
            lambda name=name, index=index: _contests(name)[index],  # type: ignore[misc]
            "AWS simulator, 100 runs",
            _SIMULATOR,
            tolerance=_chance(published[1]),
            note=f"Single runs of theirs: {published[2]:,} to {published[3]:,}.",
        )
        for index, what in enumerate(("calls", "all have written after (ms)"))
        for name, published in ((name, _AWS[name][index]) for name in NAMES)
    ),
    Oracle(
        "Calls with full jitter over those with exponential backoff alone, 100 clients (“more than half” less)",
        0.5,
        lambda: _contests("full")[0] / _contests("exponential")[0],
        "Brooker 2015",
        _ARTICLE,
        digits=3,
        note="The article gives a bound and shows a curve; ours lies below the bound.",
    ),
    *(
        Oracle(
            f"100 clients in step (no delay varies), {name}: calls",
            calls_in_step(100),
            lambda name=name: Contest(100, network_sd=0.0).run(name, 1).calls,  # type: ignore[misc]
            "closed form, n (n + 1) / 2",
            _ARTICLE,
            tolerance=0,
            note="With n clients in the first round and one less in each, as the article explains the square.",
        )
        for name in ("none", "exponential")
    ),
    Oracle(
        "… none: all have written after (ms), n rounds of four messages",
        100 * 4 * 10,
        lambda: Contest(100, network_sd=0.0).run("none", 1).completion,
        "closed form",
        _ARTICLE,
        tolerance=1e-6,
    ),
    *(
        Oracle(
            f"3 clients, no delay varies, {NAMES[name]}, base {base} ms: calls, simulated 4,000 times",
            calls_of_three(width, 10),
            partial(_three, name, base),
            "closed form",
            "https://en.wikipedia.org/wiki/Triangular_distribution",
            tolerance=0.026,
            note="Two waits, uniform over an interval, are less than a trip there and back apart.",
        )
        for name, base, width in (("full", 20, 40), ("equal", 40, 40), ("decorrelated", 40, 80))
    ),
]

LIMITS = [
    "A call that fails costs the store nothing, and the store is never slow. One that is would make those without backoff wait for each other.",
    "All clients start at once, as after a restart or at a full hour, and each writes once. A steady stream of new ones is another matter.",
    "Nobody gives up, no message is lost, no client stops.",
    "Delays are independent, and normal as in the published simulator. Real ones have a long tail, which spreads a crowd further.",
    "Each client decides for itself. A store that says when to come back, or a queue, needs fewer calls than any backoff.",
    "Contention for one item is not overload. Backoff does not end an overload that goes on: it asks later, and it asks.",
]
