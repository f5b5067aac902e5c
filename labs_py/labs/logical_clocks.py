"""Logical clocks: what wall clocks get wrong, what a counter gets right, and what only a vector can tell.

Four processes, A to D, have six events each and send each other messages, which take 5 to 14 ms. An event can have been caused by
another only if a chain of messages leads from one to the other.

Data:
    caused, independent: pairs of events with such a chain, and without.
    wall_reversed, lamport_reversed, vector_reversed: caused pairs of which the clock shows the effect before, or not after, its cause.
    wall_ordered, lamport_ordered, vector_ordered: independent pairs that the clock puts in an order all the same.
    past, future: events that can have caused the chosen event, and that it can have caused.
    skew_ms: by how much each wall clock is off at most.

Source:
    Leslie Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", Communications of the ACM 21(7), 1978,
        https://doi.org/10.1145/359545.359563
    Friedemann Mattern, "Virtual Time and Global States of Distributed Systems", Parallel and Distributed Algorithms, 1989,
        https://www.vs.inf.ethz.ch/publ/papers/VirtTimeGlobStates.pdf
    Colin J. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", Australian Computer Science Conference, 1988,
        https://fileadmin.cs.lth.se/cs/Personal/Amr_Ergawy/dist-algos-papers/4.pdf
    Giuseppe DeCandia and others, "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, https://doi.org/10.1145/1294261.1294281

>>> run(skew_ms=0).data["wall_reversed"]
0
"""

import random
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

from labs_py import chart, space_time
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach
from labs_py.model.clocks import Event, causes, lamport, order, random_history, skewed, vectors
from labs_py.numerals import count
from labs_py.parameter import Choice, Range
from labs_py.report import Figure, Metric, Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable

PROCESSES, EACH = 4, 6
_NAMES = "ABCD"
_EVENTS = [f"{process}{number}" for process in _NAMES for number in range(1, EACH + 1)]
_SIGNS = {
    "the chosen event": ("diamond", chart.INK, 170),
    "can have caused it": ("square", chart.NETWORK, 80),
    "it can have caused": ("triangle-right", chart.WORK, 100),
    "independent of it": ("circle", chart.NEUTRAL, 50),
}
_CLOCKS = {"wall": "wall clock (ms)", "lamport": "Lamport's counter", "vector": "vector clock (events of A, B, C, D)"}


def run(
    *,
    clock: Annotated[str, Choice("Show", _CLOCKS)] = "wall",
    skew_ms: Annotated[float, Range("Each wall clock is off by up to", 0, 50, "ms", 0.5)] = 15.0,
    talk: Annotated[float, Range("Events that send a message", 0, 1, step=0.05)] = 0.6,
    event: Annotated[str, Choice("Look at event", {name: name for name in _EVENTS})] = "B4",
    seed: Annotated[int, Range("History number", 1, 99)] = 1,
) -> Report:
    """Return what happened, and what the chosen clock says of it."""
    history = random_history(PROCESSES, EACH, talk, seed)
    wall, counter, vector = skewed(history, PROCESSES, skew_ms, seed), lamport(history), vectors(history, PROCESSES)
    numbers = compared(history, wall, counter, vector)
    names = _names(history)
    chosen = names.index(event)
    before = causes(history)
    past, future = before[chosen].bit_count(), sum(mask >> chosen & 1 for mask in before)
    texts = {
        "wall": [f"{shown:.0f}" for shown in wall],
        "lamport": [str(shown) for shown in counter],
        "vector": ["".join(map(str, shown)) for shown in vector],
    }
    caused, independent = numbers["caused"], numbers["independent"]
    takeaway = {
        "wall": f"Wall clocks up to {skew_ms:g} ms off show {numbers['wall_reversed']} of {count(caused, 'effect')} before the cause.",
        "lamport": (
            f"Lamport's counter shows no effect before its cause; of {count(independent, 'independent pair')} it puts "
            f"{numbers['lamport_ordered']} in an order too."
        ),
        "vector": f"Vector clocks tell all {count(caused, 'pair')} with a cause from the {independent} without.",
    }[clock]
    return Report(
        takeaway,
        [
            Metric("Cause and effect", f"{caused} pairs"),
            Metric("Independent", f"{independent} pairs"),
            Metric(f"Can have caused {event}", count(past, "event")),
            Metric(f"{event} can have caused", count(future, "event")),
            Figure(
                _diagram(history, texts[clock], before, chosen),
                f"Events and messages in true time, with the {_CLOCKS[clock]} above each event; the past and the future of {event} are marked",
                Table(
                    ["Event", "True time", "Wall clock", "Lamport", "Vector", f"To {event}"],
                    [
                        (
                            name,
                            f"{item.at:.0f} ms",
                            f"{texts['wall'][place]} ms",
                            texts["lamport"][place],
                            texts["vector"][place],
                            sign,
                        )
                        for place, (name, item) in sorted(
                            enumerate(zip(names, history, strict=True)), key=lambda row: row[1][0]
                        )
                        for sign in [_sign(before, chosen, place)]
                    ],
                ),
            ),
            Table(
                ["Clock", "Effects too early", "Orders independent", "Numbers"],
                [
                    (
                        label,
                        f"{numbers[f'{kind}_reversed']} of {caused}",
                        f"{numbers[f'{kind}_ordered']} of {independent}",
                        size,
                    )
                    for kind, label, size in (
                        ("wall", "Wall clock", "1"),
                        ("lamport", "Lamport's counter", "1"),
                        ("vector", "Vector clock", str(PROCESSES)),
                    )
                ],
            ),
        ],
        {**numbers, "past": past, "future": future, "skew_ms": skew_ms},
    )


def compared(
    history: list[Event], wall: list[float], counter: list[int], vector: list[tuple[int, ...]]
) -> dict[str, int]:
    """Return how often each clock shows a cause not before its effect, and orders what is independent."""
    before = causes(history)
    says: dict[str, Callable[[int, int], bool]] = {
        "wall": lambda a, b: wall[a] < wall[b],
        "lamport": lambda a, b: counter[a] < counter[b],
        "vector": lambda a, b: order(vector[a], vector[b]) == "before",
    }
    pairs = list(combinations(range(len(history)), 2))
    caused = [(a, b) for a, b in pairs if before[b] >> a & 1]
    apart = [(a, b) for a, b in pairs if not before[b] >> a & 1]
    numbers = {"caused": len(caused), "independent": len(apart)}
    for clock, earlier in says.items():
        numbers[f"{clock}_reversed"] = sum(not earlier(a, b) for a, b in caused)
        numbers[f"{clock}_ordered"] = sum(earlier(a, b) or earlier(b, a) for a, b in apart)
    return numbers


def _names(history: list[Event]) -> list[str]:
    seen = [0] * PROCESSES
    names = []
    for event in history:
        seen[event.process] += 1
        names.append(f"{_NAMES[event.process]}{seen[event.process]}")
    return names


def _sign(before: list[int], chosen: int, place: int) -> str:
    own, causing, caused, apart = _SIGNS
    if place == chosen:
        return own
    return causing if before[chosen] >> place & 1 else caused if before[place] >> chosen & 1 else apart


def _diagram(history: list[Event], texts: list[str], before: list[int], chosen: int) -> chart.Spec:
    marks = [
        space_time.Mark(item.at, item.process, _sign(before, chosen, n), texts[n]) for n, item in enumerate(history)
    ]
    lines = [
        space_time.Line(history[source].at, history[source].process, item.at, item.process)
        for item in history
        for source in item.heard
    ]
    return space_time.diagram(
        _NAMES,
        marks,
        lines,
        _SIGNS,
        {"": (chart.MUTED, ())},
        x="true time (ms), which no process knows",
        domain=(-2, 10 * EACH + 2),
    )


def dynamo_figure_3() -> list[Event]:
    """Return the versions D1 to D5 of Dynamo's figure 3 as events of the servers Sx, Sy and Sz: who wrote what after reading what."""
    return [Event(0, 0), Event(0, 1), Event(1, 2, (1,)), Event(2, 2, (1,)), Event(0, 3, (2, 3))]


def _drawn(rng: random.Random) -> tuple[list[int], list[int]]:
    size = rng.randint(1, 4)
    one = [rng.randint(0, 3) for _ in range(size)]
    other = [max(0, entry + rng.choice((0, 0, 1, 1, -1))) for entry in one]
    return one, other


TASKS = [
    Predict(
        "Lamport's counter shows 3 at one event and 7 at another, in another process. What follows?",
        ["The first can have caused the second", "The second did not cause the first", "Nothing"],
        1,
        (
            "A cause always has the smaller number, so the event with the larger one is no cause. The converse fails: most independent "
            "events have different numbers too."
        ),
        {"clock": "lamport"},
        lambda data: 1 if data["lamport_reversed"] == 0 and data["lamport_ordered"] > 0 else 0,
        hint="The counter never puts an effect before its cause. Does it leave independent events unordered?",
    ),
    Predict(
        "No process sends anything. Of the 276 pairs of events, how many are independent?",
        ["None: time orders them", "216", "All 276"],
        1,
        "Events of one process are ordered, 15 pairs in each of four. Between two processes nothing is: six pairs of processes with 36 pairs each.",
        {"talk": "0"},
        lambda data: {0: 0, 216: 1, 276: 2}.get(data["independent"], -1),
        hint="Within one process there is an order even without messages.",
    ),
    Reach(
        (
            "Synchronize the wall clocks just well enough: each may be off by 2 ms or more, six events in ten or more send, and "
            "no effect comes before its cause."
        ),
        lambda data, arguments: (
            data["wall_reversed"] == 0
            and float(arguments["skew_ms"]) >= 2
            and float(arguments["talk"]) >= 0.6
            and data["caused"] >= 100
        ),
        {"skew_ms": "2"},
        {"skew_ms": "12"},
        "The fastest message takes 5 ms. By how much may two clocks differ before it seems to arrive before it was sent?",
        (
            "Two clocks that are each off by 2 ms differ by at most 4 ms, less than any message takes. Spanner does the same with bounds that "
            "its clocks report: it waits until the bound has passed."
        ),
    ),
    to_write(
        "Write the comparison of two vector clocks.",
        '''
        def order(one, other):
            """Return "same", "before", "after" or "concurrent".

            >>> order([2, 1, 0], [2, 0, 1])
            'concurrent'
            """
        ''',
        """
        less = all(a <= b for a, b in zip(one, other))
        more = all(a >= b for a, b in zip(one, other))
        if less and more:
            return "same"
        if less:
            return "before"
        return "after" if more else "concurrent"
        """,
        """
        if one == other:
            return "same"
        return "before" if one < other else "after"
        """,
        lambda function: first_difference(
            "order", function, order, cases(([1, 0], [0, 1]), ([1, 0], [1, 1]), ([1, 1], [1, 1]), draw=_drawn)
        ),
        hint="One is before the other when none of its entries is larger and they are not the same. What if each has an entry that is larger?",
        because=(
            "Each entry counts events of one process that are known. If neither knows all that the other does, neither can have caused the "
            "other. Python compares lists from the left, which orders everything and so finds no conflict."
        ),
    ),
]

_DYNAMO = "https://doi.org/10.1145/1294261.1294281"
_MATTERN = "https://www.vs.inf.ethz.ch/publ/papers/VirtTimeGlobStates.pdf"


def _disagreements(histories: int = 30) -> int:
    """Return on how many pairs of events vector clocks and chains of messages differ, over so many histories."""
    found = 0
    for seed in range(1, histories + 1):
        history = random_history(PROCESSES, EACH, 0.6, seed)
        numbers = compared(history, [0.0] * len(history), lamport(history), vectors(history, PROCESSES))
        found += numbers["vector_reversed"] + numbers["vector_ordered"]
    return found


ORACLES = [
    Oracle(
        "Dynamo's figure 3: Sx's entry in the clock of D5, [Sx, 3] [Sy, 1] [Sz, 1]",
        3,
        lambda: vectors(dynamo_figure_3(), 3)[4][0],
        "DeCandia and others 2007, figure 3",
        _DYNAMO,
        tolerance=0,
    ),
    Oracle(
        "The same figure: pairs of versions that are in conflict (D3 and D4)",
        1,
        lambda: sum(order(a, b) == "concurrent" for a, b in combinations(vectors(dynamo_figure_3(), 3), 2)),
        "DeCandia and others 2007, figure 3",
        _DYNAMO,
        tolerance=0,
    ),
    Oracle(
        "Pairs of events on which vector clocks and chains of messages differ, 30 histories",
        0,
        _disagreements,
        "theorem of Mattern 1989 and Fidge 1988",
        _MATTERN,
        tolerance=0,
    ),
    Oracle(
        "Effects that Lamport's counter shows before their cause",
        0,
        lambda: run(clock="lamport").data["lamport_reversed"],
        "Lamport 1978, clock condition",
        "https://doi.org/10.1145/359545.359563",
        tolerance=0,
    ),
    Oracle(
        "Independent pairs among 4 × 6 events without messages, beside 6 × 36",
        216,
        lambda: run(talk=0).data["independent"],
        "closed form",
        _MATTERN,
        tolerance=0,
    ),
]

LIMITS = [
    "A chain of messages means that one event can have caused the other, not that it did.",
    "Only messages inside the system count. Two users who talk on the telephone have a chain of cause that no clock here sees.",
    "Wall clocks are off by a constant. Real ones drift, jump when they are set, and can go backwards.",
    "The set of processes is fixed. A vector grows with each process that ever took part, and forgetting an entry loses what it told.",
]
