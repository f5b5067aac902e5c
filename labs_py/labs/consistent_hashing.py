"""Consistent hashing: when a node comes or goes, only the keys that must move do, and how evenly the rest lies is a question of points.

Keys and nodes are hashed to places on a ring; a key belongs to the first node at or after its place. Each node puts several points there.

Data:
    moved: share of the keys that belong to another node after the change; moved_least: the share that has to.
    busiest, busiest_after: load of the busiest node over the mean load, before and after.
    spread, spread_expected: standard deviation of the loads over their mean, here and expected over all rings (null where there is none).

Source:
    David Karger and others, "Consistent Hashing and Random Trees", STOC 1997, https://doi.org/10.1145/258533.258660
    John Lamping and Eric Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014, https://arxiv.org/abs/1406.2294
    Apache Cassandra, "Dynamo", architecture documentation,
        https://github.com/apache/cassandra/blob/098ab9f044cd02967d1d182d5d3293ac6dbc4a0c/doc/modules/cassandra/pages/architecture/dynamo.adoc

>>> run(method="modulo", nodes=10).takeaway
'With 11 nodes instead of 10, 90.5 % of the keys move; 9.1 % would have to.'
"""

import math
import random
from functools import cache
from typing import TYPE_CHECKING, Annotated

from labs_py import chart
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.hashing import Point, arcs, jump, load_quantile, load_spread, owner, ring, shares
from labs_py.numerals import percent, significant
from labs_py.parameter import Choice, Range
from labs_py.report import Figure, Metric, Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = 4000
_MOST_ARCS = 300
_ROOM = 0.03  # of the circle: an arc that has room for a number
_OLD = (chart.NETWORK, chart.WORK, chart.NEUTRAL)
_METHODS = {"ring": "ring of points", "jump": "jump hash", "modulo": "hash modulo the number of nodes"}
_JUMP = "https://arxiv.org/abs/1406.2294"


def run(
    *,
    method: Annotated[str, Choice("A key's node by", _METHODS)] = "ring",
    nodes: Annotated[int, Range("Nodes", 2, 12)] = 5,
    points: Annotated[int, Range("Points of each node on the ring", 1, 200, scale="log")] = 8,
    change: Annotated[str, Choice("Then", {"join": "a node joins", "leave": "the last node fails"})] = "join",
    seed: Annotated[int, Range("Seed", 1, 999)] = 1,
) -> Report:
    """Return who holds how much before and after the change, and what has moved."""
    after = nodes + 1 if change == "join" else nodes - 1
    loads, loads_after, moved = _loads(method, nodes, after, points, seed)
    least = 1 / max(nodes, after)
    mean, mean_after = 1 / nodes, 1 / after
    busiest, busiest_after = max(loads) / mean, max(loads_after) / mean_after
    spread = math.sqrt(math.fsum((load / mean - 1) ** 2 for load in loads) / nodes)
    expected = load_spread(nodes, points) if method == "ring" else None
    parts = [_ring(nodes, after, points, seed)] if method == "ring" and max(nodes, after) * points <= _MOST_ARCS else []
    word = "node" if after == 1 else "nodes"
    return Report(
        f"With {after} {word} instead of {nodes}, {percent(moved, 1)} of the keys move; {percent(least, 1)} would have to.",
        [
            Metric("Keys that move", percent(moved, 1)),
            Metric("Busiest node", f"{significant(busiest)} × mean", f"after: {significant(busiest_after)} × mean"),
            Metric(
                "Spread of loads",
                percent(spread, 1),
                f"expected {percent(expected, 1)}" if expected else "standard deviation",
            ),
            *parts,
            _bars(loads, loads_after),
        ],
        {
            "moved": moved,
            "moved_least": least,
            "busiest": busiest,
            "busiest_after": busiest_after,
            "spread": spread,
            "spread_expected": expected,
        },
    )


def _loads(method: str, nodes: int, after: int, points: int, seed: int) -> tuple[list[float], list[float], float]:
    """Return the load of each node before and after, as shares, and the share that moves: of the ring itself, or of `KEYS` keys."""
    if method == "ring":
        many = max(nodes, after)
        whole = shares(ring(range(many), points, seed), range(many))
        fewer = shares(ring(range(many - 1), points, seed), range(many - 1))
        sides = [list(whole.values()), list(fewer.values())]
        return *(sides if nodes == many else sides[::-1]), whole[many - 1]  # type: ignore[return-value]
    place: Callable[[int, int], int] = jump if method == "jump" else lambda key, buckets: key % buckets
    keys = _keys(seed)
    one, other = [place(key, nodes) for key in keys], [place(key, after) for key in keys]
    moved = sum(a != b for a, b in zip(one, other, strict=True)) / KEYS
    return [one.count(node) / KEYS for node in range(nodes)], [other.count(node) / KEYS for node in range(after)], moved


@cache
def _keys(seed: int) -> list[int]:
    rng = random.Random(seed)
    return [rng.getrandbits(64) for _ in range(KEYS)]


def _ring(nodes: int, after: int, points: int, seed: int) -> Figure:
    """Return the ring before (inside) and after (outside); what changes hands stands out."""
    many = max(nodes, after)
    changed = many - 1
    rows, labels = [], []
    for inner, size in ((0.5, nodes), (0.76, after)):
        for start, end, node in arcs(ring(range(size), points, seed)):
            mine = node == changed
            rows.append(
                {
                    "from": 2 * math.pi * start,
                    "to": 2 * math.pi * end,
                    "inner": inner * 100,
                    "outer": (inner + (0.24 if mine else 0.19)) * 100,
                    "color": chart.ACCENT if mine else chart.SOFT[_OLD[node % len(_OLD)]],
                }
            )
            if end - start > _ROOM:
                middle = math.pi * (start + end)
                ink = chart.GROUND if mine else chart.INK
                labels.append({"at": middle, "radius": (inner + 0.1) * 100, "text": str(node + 1), "ink": ink})
    radius = {"type": "linear", "domain": [0, 100], "zero": True}
    turn = {"type": "quantitative", "scale": {"domain": [0, 6.283185307]}}
    spec = chart.layered(
        [
            {
                "data": chart.values(rows),
                "mark": {"type": "arc", "stroke": chart.GROUND, "strokeWidth": 1},
                "encoding": {
                    "theta": {"field": "from", **turn},
                    "theta2": {"field": "to"},
                    "radius": {"field": "outer", "type": "quantitative", "scale": radius},
                    "radius2": {"field": "inner"},
                    "color": {"field": "color", "type": "nominal", "scale": None},
                },
            },
            {
                "data": chart.values(labels),
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {
                    "theta": {"field": "at", **turn, "stack": None},
                    "radius": {"field": "radius", "type": "quantitative", "scale": radius},
                    "text": {"field": "text"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
        300,
    )
    name = _name(changed)
    loads = [shares(ring(range(size), points, seed), range(size)) for size in (nodes, after)]
    return Figure(
        spec,
        (
            f"The ring before (inside) and after (outside): the arcs of {name}, which {'joins' if after > nodes else 'fails'}, stand out; "
            "numbers name the nodes"
        ),
        Table(
            ["Node", "Ring before", "Ring after"],
            [
                (_name(node), *(percent(load[node], 1) if node in load else "none" for load in loads))
                for node in range(many)
            ],
        ),
    )


def _bars(before: list[float], after: list[float]) -> Figure:
    """Return the load of each node over the mean, after the change."""
    ratios, earlier = [load * len(after) for load in after], [load * len(before) for load in before]
    fresh = len(after) > len(before)
    labels = [f"{ratio:.2f}" for ratio in ratios]
    return Figure(
        chart.bars(
            [(_name(node), ratio, label) for node, (ratio, label) in enumerate(zip(ratios, labels, strict=True))],
            x="load after the change, over the mean",
            colors=[chart.ACCENT if fresh and node == len(before) else chart.NEUTRAL for node in range(len(after))],
        ),
        "Load of each node after the change, over the mean; 1 would be even",
        Table(
            ["Node", "Before, over the mean", "After, over the mean"],
            [
                (_name(node), *(f"{loads[node]:.2f}" if node < len(loads) else "none" for loads in (earlier, ratios)))
                for node in range(max(len(before), len(after)))
            ],
        ),
    )


def _name(node: int) -> str:
    return f"node {node + 1}"


def _drawn(rng: random.Random) -> tuple[list[Point], float]:
    points = sorted((round(rng.random(), 2), rng.randint(1, 5)) for _ in range(rng.randint(1, 6)))
    return points, rng.choice((round(rng.random(), 2), points[0][0], points[-1][0]))


TASKS = [
    Predict(
        "Ten caches, a key's cache is its hash modulo ten. You add an eleventh. How many keys are no longer where they are looked for?",
        ["About one in eleven", "About half", "About ten in eleven"],
        2,
        (
            "A key stays only if its hash has the same remainder by 10 and by 11, which is so for one in eleven. The other caches are as good as "
            "empty, and the database behind them gets the requests."
        ),
        {"method": "modulo", "nodes": "10"},
        lambda data: nearest((1 / 11, 1 / 2, 10 / 11), data["moved"]),
        hint="Take hashes from 0 to 109. For which of them are the two remainders the same?",
    ),
    Predict(
        "A ring with one point for each of ten nodes. How much does the busiest node hold, over the mean, on an average ring?",
        ["About 1.1 times", "About 1.7 times", "About 2.9 times"],
        2,
        (
            "The expected longest of N arcs is the mean times 1 + 1/2 + … + 1/N: 2.93 for ten. With one point a node the places are a lottery, "
            "and more points are more tickets for everyone."
        ),
        {"nodes": "10", "points": "1"},
        lambda data: 2 if abs(longest(10) - 2.93) < 0.01 and data["spread_expected"] > 0.8 else 0,
        hint="Ten random points cut a circle into ten arcs. The lengths are far from equal: their standard deviation is about the mean.",
    ),
    Reach(
        "Ten nodes or more on a ring: bring the expected spread of their loads down to 10 % with at most 150 points each.",
        lambda data, arguments: (
            arguments["method"] == "ring"
            and int(arguments["nodes"]) >= 10
            and data["spread_expected"] <= 0.1
            and int(arguments["points"]) <= 150
        ),
        {"nodes": "10", "points": "100"},
        {"nodes": "10", "points": "10"},
        "The spread falls with the square root of the points: ten times as even takes a hundred times as many.",
        (
            "About 100 points: the spread is close to one over their square root. For 1 % it would take 10,000, in the memory of "
            "everyone who looks up a key."
        ),
    ),
    to_write(
        "Write the look-up on a ring.",
        '''
        def owner(points, place):
            """Return the node of the first point at or after place.

            points are (place, node), in order of places from 0 to 1;
            after the last comes the first again.

            >>> owner([(0.2, "a"), (0.6, "b")], 0.3)
            'b'
            """
        ''',
        """
        for where, node in points:
            if where >= place:
                return node
        return points[0][1]
        """,
        """
        for where, node in points:
            if where >= place:
                return node
        return points[-1][1]
        """,
        lambda function: first_difference(
            "owner", function, owner, cases(([(0.2, 7), (0.6, 8)], 0.3), ([(0.2, 7), (0.6, 8)], 0.9), draw=_drawn)
        ),
        hint="What belongs to a place behind the last point? The line is a circle.",
        because=(
            "Behind the last point the search begins again with the first. With thousands of points one would halve the list instead of walking "
            "it; the answer is the same."
        ),
    ),
]


def longest(nodes: int) -> float:
    """Return the expected share of the busiest of `nodes` nodes with one point each, over the mean: the harmonic number.

    >>> round(longest(10), 3)
    2.929
    """
    return math.fsum(1 / n for n in range(1, nodes + 1))


@cache
def _average(nodes: int, points: int, rings: int) -> tuple[float, float]:
    """Return the mean over so many rings of the busiest load and of the squared deviation of loads, over the mean load."""
    loads = [
        [share * nodes for share in shares(ring(range(nodes), points, seed), range(nodes)).values()]
        for seed in range(rings)
    ]
    return (
        math.fsum(max(each) for each in loads) / rings,
        math.sqrt(math.fsum((load - 1) ** 2 for each in loads for load in each) / (rings * nodes)),
    )


_TABLE = "Lamping and Veach 2014, table of bucket sizes"
ORACLES = [
    *(
        Oracle(
            f"Standard error of bucket sizes on a ring, {points} points a node",
            published,
            lambda points=points: load_spread(1000, points),  # type: ignore[misc]
            _TABLE,
            _JUMP,
            tolerance=0.002,
        )
        for points, published in ((1, 0.9979060), (10, 0.3151810), (100, 0.0996996), (1000, 0.0315723))
    ),
    *(
        Oracle(
            f"99 % of bucket sizes with {points} points a node: {which}, over the mean",
            published,
            lambda points=points, quantile=quantile: load_quantile(quantile, points),  # type: ignore[misc]
            _TABLE,
            _JUMP,
            tolerance=0.03,
            digits=3,
        )
        for points, which, quantile, published in (
            (10, "lower end", 0.005, 0.37),
            (10, "upper end", 0.995, 1.98),
            (100, "lower end", 0.005, 0.76),
            (100, "upper end", 0.995, 1.28),
        )
    ),
    Oracle(
        "Jump hash of the key 256 into 1,024 buckets",
        520,
        lambda: jump(256, 1024),
        "example of go-jump-consistent-hash",
        "https://pkg.go.dev/github.com/lithammer/go-jump-consistent-hash",
        tolerance=0,
    ),
    Oracle(
        "Keys that jump hash moves from 10 to 11 nodes, beside 1/11",
        1 / 11,
        lambda: run(method="jump", nodes=10).data["moved"],
        "closed form",
        _JUMP,
        tolerance=0.015,
    ),
    Oracle(
        "Keys that the remainder moves from 10 to 11 nodes, beside 10/11",
        10 / 11,
        lambda: run(method="modulo", nodes=10).data["moved"],
        "closed form",
        _JUMP,
        tolerance=0.015,
    ),
    Oracle(
        "Busiest of 10 nodes with one point each, mean of 1,000 rings, beside 1 + 1/2 + … + 1/10",
        longest(10),
        lambda: _average(10, 1, 1000)[0],
        "closed form",
        "https://doi.org/10.1145/258533.258660",
        tolerance=0.1,
        digits=3,
    ),
    Oracle(
        "Spread of loads, 10 nodes with 10 points each, 500 rings, beside the square root of (N−1)/(NV+1)",
        load_spread(10, 10),
        lambda: _average(10, 10, 500)[1],
        "closed form",
        _JUMP,
        tolerance=0.015,
        digits=3,
    ),
]

LIMITS = [
    "All keys are asked for equally often. One that everybody wants makes its node hot on the evenest ring.",
    (
        "Keys have no copies. Stores keep each on the next few different nodes of the ring, and then more points mean more "
        "neighbors with whom data is shared."
    ),
    "Points lie where chance puts them. Newer allocators choose places, and need fewer points for the same evenness.",
    "Moving is counted, not timed: what moves has to be copied, and until it is, somebody must know both places.",
]
