"""Quorums that overlap: where reads and writes together ask more replicas than there are, a read meets the last write.

A write is acknowledged by `write` of the replicas, a read asks `read` of them and keeps the newest answer. Both sets are chosen at
random, and nothing spreads in the background.

Data:
    stale: probability that a read misses the last write.
    stale_versions: probability that it misses all of the last `versions` writes.
    missing, read_sets: how many of the possible read sets miss a given write.
    read_availability, write_availability: probability that enough replicas are up.
    read_survives, write_survives: how many dead replicas each can do without.

Source:
    David K. Gifford, "Weighted Voting for Replicated Data", SOSP 1979, https://doi.org/10.1145/800215.806583
    Peter Bailis, Shivaram Venkataraman, Michael J. Franklin, Joseph M. Hellerstein and Ion Stoica,
        "Probabilistically Bounded Staleness for Practical Partial Quorums", PVLDB 5(8), 2012, https://arxiv.org/abs/1204.6082
    Apache Cassandra, issue 4261, "Support consistency-latency prediction in nodetool", 2012, https://issues.apache.org/jira/browse/CASSANDRA-4261

>>> run(read=1, write=1).takeaway
'R + W = 2 is not more than N = 3: 2 of the 3 possible reads miss the last write, 66.7 %.'
"""

import math
import random
from typing import Annotated

from labs_py import chart
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.quorum import at_least, missing, overlap, stale
from labs_py.numerals import nines, percent
from labs_py.parameter import LabError, Range
from labs_py.report import Figure, Metric, Report, Table

_PBS = "https://arxiv.org/abs/1204.6082"
_CASSANDRA = "https://issues.apache.org/jira/browse/CASSANDRA-4261"


def run(
    *,
    replicas: Annotated[int, Range("Replicas, N", 1, 9)] = 3,
    read: Annotated[int, Range("A read asks, R", 1, 9)] = 1,
    write: Annotated[int, Range("A write waits for, W", 1, 9)] = 1,
    versions: Annotated[int, Range("Old enough to hurt: versions behind", 1, 10)] = 2,
    up: Annotated[float, Range("Availability of one replica", 0.9, 0.99999, scale="nines")] = 0.99,
) -> Report:
    """Return how often a read misses the last write, and how often either can be served."""
    for name, size in (("read", read), ("write", write)):
        if size > replicas:
            raise LabError(f"{name} must be at most the number of replicas, {replicas}, got {size}")
    misses, sets = missing(replicas, read, write)
    shares = overlap(replicas, read, write)
    total = read + write
    sure = total > replicas
    takeaway = (
        f"R + W = {total} is more than N = {replicas}: each of the {sets} possible reads meets the last write."
        if sure
        else f"R + W = {total} is not more than N = {replicas}: {misses} of the {sets} possible reads miss the last write, {percent(shares[0], 1)}."
    )
    can_read, can_write = at_least(replicas, read, up), at_least(replicas, write, up)
    return Report(
        takeaway,
        [
            Metric("A read misses the last write", percent(shares[0], 1)),
            Metric(f"Misses the last {versions}", percent(stale(replicas, read, write, versions), 1)),
            Metric("Reads can be served", nines(can_read), f"even with {replicas - read} of {replicas} down"),
            Metric("Writes can be served", nines(can_write), f"even with {replicas - write} of {replicas} down"),
            _map(replicas, read, write),
            _overlaps(shares),
        ],
        {
            "stale": shares[0],
            "stale_versions": stale(replicas, read, write, versions),
            "missing": misses,
            "read_sets": sets,
            "read_availability": can_read,
            "write_availability": can_write,
            "read_survives": replicas - read,
            "write_survives": replicas - write,
        },
    )


def _map(replicas: int, read: int, write: int) -> Figure:
    """Return all choices of R and W, with the share of stale reads in each."""
    sizes = range(1, replicas + 1)
    rows = [
        {
            "R": str(r),
            "W": str(w),
            "text": "✓" if r + w > replicas else percent(stale(replicas, r, w), 0).replace(" ", ""),
            "color": chart.SOFT[chart.OK if r + w > replicas else chart.FAILS],
            "ink": chart.OK if r + w > replicas else chart.FAILS,
        }
        for r in sizes
        for w in sizes
    ]
    order = [str(size) for size in sizes]
    x = {"field": "R", "type": "nominal", "sort": order, "title": "a read asks, R", "axis": {"labelAngle": 0}}
    y = {"field": "W", "type": "nominal", "sort": order, "title": "a write waits for, W"}
    here = {"R": str(read), "W": str(write)}
    spec = chart.layered(
        [
            {
                "mark": {"type": "rect", "cornerRadius": 2},
                "encoding": {"x": x, "y": y, "color": {"field": "color", "type": "nominal", "scale": None}},
            },
            {
                "mark": {"type": "text", "fontSize": 12},
                "encoding": {
                    "x": x,
                    "y": y,
                    "text": {"field": "text"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
            {
                "data": chart.values([here]),
                "mark": {"type": "rect", "fillOpacity": 0, "stroke": chart.INK, "strokeWidth": 2.5, "cornerRadius": 2},
                "encoding": {"x": x, "y": y},
            },
        ],
        {"step": 30},
        data=chart.values(rows),
    )
    return Figure(
        spec,
        f"Reads that miss the last write for every choice of R and W out of {replicas} replicas; a tick means none, the frame is your choice",
        Table(
            ["W \\ R", *order],
            [
                [str(w), *("none" if r + w > replicas else percent(stale(replicas, r, w), 1) for r in sizes)]
                for w in sizes
            ],
        ),
    )


def _overlaps(shares: list[float]) -> Figure:
    """Return the distribution of the overlap of a read with the last write."""
    names = [f"{held} of them" if held else "none: stale" for held in range(len(shares))]
    return Figure(
        chart.bars(
            [(name, share, percent(share, 1)) for name, share in zip(names, shares, strict=True)],
            x="share of reads",
            colors=[chart.FAILS, *[chart.OK] * (len(shares) - 1)],
        ),
        "How many of the replicas that a read asks hold the last write",
        Table(
            ["Replicas with the last write", "Share of reads"],
            [(n, percent(s, 2)) for n, s in zip(names, shares, strict=True)],
        ),
    )


TASKS = [
    Predict(
        "Three replicas. A write waits for one, a read asks one, and nothing spreads afterwards. How many reads miss the last write?",
        ["One in three", "One in two", "Two in three"],
        2,
        "The read finds the one replica that took the write in one case of three. Systems with these settings do better only "
        "because they go on copying after the acknowledgment.",
        {"replicas": "3", "read": "1", "write": "1"},
        lambda data: nearest((1 / 3, 1 / 2, 2 / 3), data["stale"]),
        hint="The write is on one of three. Which one does the reader happen to ask?",
    ),
    Predict(
        "A majority of three replicas survives one dead node. You add a fourth and ask for a majority of four. What does that buy?",
        [
            "It now survives two dead nodes",
            "Still one, and it can be served less often",
            "Still one, but it can be served more often",
        ],
        1,
        "A majority of four is three, so one may be missing, as before; and there are now four nodes that can fail. At 99 % "
        "each, 99.94 % instead of 99.97 %.",
        {"replicas": "4", "read": "3", "write": "3"},
        lambda data: 1 if data["write_survives"] == 1 and data["write_availability"] < at_least(3, 2, 0.99) else 0,
        hint="How many of four are more than half?",
    ),
    Reach(
        "Five replicas: no read may miss the last write, and both reads and writes must survive two dead nodes.",
        lambda data, arguments: (
            arguments["replicas"] == "5"
            and data["stale"] == 0
            and data["read_survives"] >= 2
            and data["write_survives"] >= 2
        ),
        {"replicas": "5", "read": "3", "write": "3"},
        {"replicas": "5", "read": "2", "write": "4"},
        "R + W must be 6 at least. What is the largest that each may be?",
        "R = W = 3, two majorities: any other split of six leaves one side that needs four or five of five.",
    ),
    to_write(
        "Write the probability that a read misses the last write.",
        '''
        def stale(n, r, w):
            """Return the probability that a random set of r replicas
            shares none with a given set of w, out of n replicas.

            >>> stale(5, 2, 2)
            0.3
            """
        ''',
        """
        share = 1.0
        for asked in range(r):
            share *= max(0, n - w - asked) / (n - asked)
        return share
        """,
        "return ((n - w) / n) ** r",
        lambda function: first_difference("stale", function, stale, _sizes()),
        hint="Ask the replicas one after another, never the same twice. What is the chance that the first has not got the write? "
        "And the second, given that?",
        because="Drawing without putting back: (n−w)/n, then (n−w−1)/(n−1), and so on, which is C(n−w, r) / C(n, r). Putting back "
        "would never reach 0, so R + W > N could not work.",
    ),
]


def _sizes() -> list[tuple[int, int, int]]:
    def draw(rng: random.Random) -> tuple[int, int, int]:
        n = rng.randint(1, 30)
        return n, rng.randint(1, n), rng.randint(1, n)

    return cases((3, 1, 1), (3, 2, 2), (5, 2, 2), draw=draw)


def _pbs(versions: int, read: int, write: int) -> float:
    return 1 - stale(3, read, write, versions)


ORACLES = [
    *(
        Oracle(
            f"A read sees one of the last {k} versions, N = 3, R = 1, W = {w}",
            1 - (math.comb(3 - w, 1) / math.comb(3, 1)) ** k,
            lambda k=k, w=w: _pbs(k, 1, w),  # type: ignore[misc]
            "closed form of Bailis and others 2012, section 3.1",
            _PBS,
            tolerance=1e-12,
        )
        for k, w in ((2, 1), (3, 1), (10, 1), (2, 2))
    ),
    Oracle(
        "Read sets that miss the write, N = 9, R = 3, W = 4, listed one by one, beside C(5, 3)",
        math.comb(5, 3),
        lambda: missing(9, 3, 4)[0],
        "closed form",
        _PBS,
        tolerance=0,
    ),
    Oracle(
        "A majority of five is up, each 99 %, beside the sum over two failures",
        0.99**5 + 5 * 0.99**4 * 0.01 + 10 * 0.99**3 * 0.01**2,
        lambda: at_least(5, 3, 0.99),
        "closed form",
        "https://doi.org/10.1145/800215.806583",
        tolerance=1e-12,
        digits=8,
    ),
    Oracle(
        "Consistent reads, N = 3, R = 1, W = 1, in a Cassandra cluster 100 ms after the write",
        0.6789,
        lambda: _pbs(1, 1, 1),
        "Cassandra issue 4261",
        _CASSANDRA,
        note="Predicted there from measured latencies. Cassandra sends each write to all replicas, so within 100 ms more than one of them has it.",
    ),
    Oracle(
        "Consistent reads, N = 3, R = 1, W = 2, the same cluster",
        0.7916,
        lambda: _pbs(1, 1, 2),
        "Cassandra issue 4261",
        _CASSANDRA,
        note="The same reason: here nothing spreads after the acknowledgment.",
    ),
]

LIMITS = [
    (
        "Nothing spreads after the acknowledgment. Real systems send a write to all replicas and repair the rest later, so they are "
        "stale for a while and not for good: the shares here are a worst case."
    ),
    "Read and write sets are chosen at random, each set as likely as any other. A coordinator that prefers the nearest replica does not.",
    (
        "Overlap shows a reader the last acknowledged write. It orders nothing: two writes at once, or a write that failed halfway, "
        "need versions and a rule besides."
    ),
    "Replicas fail independently, and a request reaches all that are up. A partition leaves each side with its own share of the replicas.",
]
