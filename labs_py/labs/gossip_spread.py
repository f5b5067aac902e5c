"""Gossip: everybody calls somebody at random, and in a few rounds all know; telling the last few takes nearly as long as telling the first half.

One node of many learns something new. In each round nodes call others, chosen at random.

Data:
    rounds: rounds until all know, mean of the simulated runs; of those in which all came to know it, null if there is none.
    rounds_exact: the same from the exact Markov chain, where there are few nodes; else null.
    rounds_formula: log2 n + ln n, for pushing with one call a round and nothing lost; else null.
    residue: share of nodes that never learn it, mean of the runs.
    calls: calls by those who know, for each node, until the end.

Source:
    Alan Demers and others, "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987, https://doi.org/10.1145/41840.41841
    Boris Pittel, "On Spreading a Rumor", SIAM Journal on Applied Mathematics 47(1), 1987, https://doi.org/10.1137/0147013
    Richard Karp, Christian Schindelhauer, Scott Shenker and Berthold Vöcking, "Randomized Rumor Spreading", FOCS 2000,
        https://doi.org/10.1109/SFCS.2000.892324

>>> run(nodes=2).data["rounds"]
1.0
"""

import math
import random
from functools import cache
from typing import Annotated

from labs_py import chart
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.gossip import Setup, exact, expected, rumor, simulate
from labs_py.numerals import count, percent, significant
from labs_py.parameter import Choice, Range
from labs_py.report import Figure, Metric, Report, Table

_MODES = {
    "push": "push: who knows calls",
    "pull": "pull: who does not know calls",
    "both": "both: everybody calls",
    "rumor": "rumor: who knows calls, until bored",
}
_EXACT = 250_000  # about the steps of the exact chain in 40 ms
_DEMERS = "https://doi.org/10.1145/41840.41841"


def run(
    *,
    nodes: Annotated[int, Range("Nodes", 2, 2000, scale="log")] = 1000,
    mode: Annotated[str, Choice("In each round", _MODES)] = "push",
    fanout: Annotated[int, Range("Calls of a node in a round", 1, 5)] = 1,
    loss: Annotated[float, Range("Calls that are lost", 0, 0.8, step=0.05)] = 0.0,
    give_up: Annotated[int, Range("Bored after so many useless calls in a row", 1, 6)] = 2,
    seed: Annotated[int, Range("Seed", 1, 999)] = 1,
) -> Report:
    """Return how what one node knows spreads to all, in simulated runs and as computed."""
    runs, calls = _runs(nodes, mode, fanout, loss, give_up, seed)
    residue = math.fsum(1 - know[-1] / nodes for know in runs) / len(runs)
    ended = (
        [len(know) - 1 for know in runs if know[-1] == nodes]
        if mode != "rumor"
        else [know.index(nodes) for know in runs if know[-1] == nodes]
    )
    mean = math.fsum(ended) / len(ended) if ended else None
    longest = max(len(know) for know in runs) - 1
    sure = _until_all(Setup(nodes, mode, fanout, loss)) if mode != "rumor" and nodes**3 * fanout <= _EXACT else None
    formula = math.log2(nodes) + math.log(nodes) if (mode, fanout, loss) == ("push", 1, 0) else None
    takeaway = (
        f"All {nodes:,} nodes know after {significant(mean or 0)} rounds on average; half of them after {_half(runs, nodes)}."
        if mode != "rumor"
        else (
            f"Bored after {count(give_up, 'useless call')} in a row, nodes leave {percent(residue, 2)} of {nodes:,} in the dark, "
            f"for {significant(calls)} calls each."
        )
    )
    note = (
        f"exactly {significant(sure, 4)}"
        if sure is not None
        else f"log₂ n + ln n = {significant(formula)}"
        if formula
        else f"{len(runs)} runs"
    )
    return Report(
        takeaway,
        [
            Metric("Rounds until all know", significant(mean) if mean is not None else "never", note),
            Metric("Never told", percent(residue, 2)),
            Metric("Calls by those who know", f"{significant(calls)} a node"),
            _curve(runs, nodes, None if mode == "rumor" else expected(Setup(nodes, mode, fanout, loss), longest)),
            _in_the_dark(nodes, fanout, loss),
        ],
        {
            "rounds": mean,
            "rounds_exact": sure,
            "rounds_formula": formula,
            "residue": residue,
            "calls": calls,
        },
    )


def _runs(nodes: int, mode: str, fanout: int, loss: float, give_up: int, seed: int) -> tuple[list[list[int]], float]:
    """Return simulated runs, fewer of large ones, and the mean number of calls by those who know, for each node."""
    rng = random.Random(seed)
    many = max(3, min(24, 5_000 // nodes))
    if mode == "rumor":
        told = [rumor(nodes, give_up, rng, fanout, loss) for _ in range(many)]
        return [know for know, _ in told], math.fsum(made for _, made in told) / many / nodes
    runs = [simulate(Setup(nodes, mode, fanout, loss), rng) for _ in range(many)]
    active = 0 if mode == "pull" else fanout
    return runs, active * math.fsum(sum(know[:-1]) for know in runs) / many / nodes


def _until_all(setup: Setup) -> float:
    """Return the expected number of rounds until all know, from the exact chain: the sum of the chances that somebody does not yet."""
    total, rounds = 0.0, 64
    while rounds <= 4096:
        waits = [1 - after[setup.nodes] for after in exact(setup, rounds)]
        total = math.fsum(waits)
        if waits[-1] < 1e-9:
            break
        rounds *= 4
    return total


def _half(runs: list[list[int]], nodes: int) -> str:
    rounds = sorted(next(at for at, know in enumerate(counts) if 2 * know >= nodes) for counts in runs)
    return f"{rounds[len(rounds) // 2]}"


def _curve(runs: list[list[int]], nodes: int, computed: list[float] | None) -> Figure:
    """Return the share of nodes that know, by round, in each run and as computed."""
    rows = [
        {"run": number, "x": at, "y": know / nodes}
        for number, counts in enumerate(runs)
        for at, know in enumerate(counts)
    ]
    longest = max(map(len, runs)) - 1
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "rounds",
        "scale": {"domain": [0, max(1, longest)], "nice": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "nodes that know",
        "axis": {"format": ".0%"},
        "scale": {"domain": [0, 1]},
    }
    line = [{"x": at, "y": know / nodes} for at, know in enumerate(computed or [])]
    middle = [row for row in line if row["y"] >= 0.5][:1]
    layers: list[chart.Spec] = [
        {
            "data": chart.values(rows),
            "mark": {"type": "line", "color": chart.NEUTRAL, "strokeWidth": 1, "opacity": 0.55},
            "encoding": {"x": x, "y": y, "detail": {"field": "run", "type": "nominal"}},
        },
        {
            "data": chart.values(line),
            "mark": {"type": "line", "color": chart.ACCENT, "strokeWidth": 2.5},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": chart.values([{**row, "text": "computed"} for row in middle]),
            "mark": {"type": "text", "align": "right", "dx": -14, "dy": -8, "color": chart.ACCENT, "fontWeight": 600},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]
    shown = range(0, longest + 1, max(1, longest // 16))
    return Figure(
        chart.layered(layers, 210),
        f"Nodes that know by round: {len(runs)} simulated runs, thin"
        + (", and the expected course, bold" if computed else ""),
        Table(
            ["Round", "Fewest", "Mean", "Most", *(["Computed"] if computed else [])],
            [
                (
                    f"{at}",
                    *(percent(share, 1) for share in (min(known), math.fsum(known) / len(known), max(known))),
                    *([percent(computed[at] / nodes, 1)] if computed else []),
                )
                for at in shown
                for known in [[counts[min(at, len(counts) - 1)] / nodes for counts in runs]]
            ],
        ),
    )


def _in_the_dark(nodes: int, fanout: int, loss: float) -> Figure:
    """Return the expected share that does not know, on a logarithmic scale, for each way to call."""
    colors = {"push": chart.WORK, "pull": chart.NETWORK, "both": chart.OK}
    least = 0.3 / nodes
    series: dict[str, list[tuple[float, float]]] = {}
    for mode in colors:
        shares = [1 - know / nodes for know in expected(Setup(nodes, mode, fanout, loss), 120)]
        last = next((at for at, share in enumerate(shares) if share < least), len(shares) - 1)
        series[mode] = [(float(at), share) for at, share in enumerate(shares[: last + 1]) if share > least / 10]
    spec = chart.lines(
        series,
        colors,
        x="rounds",
        y="nodes that do not know (logarithmic)",
        height=200,
    )
    for layer in spec["layer"]:
        layer["encoding"]["y"] |= {
            "scale": {"type": "log", "domain": [least, 1.5], "clamp": True},
            "axis": {
                "format": ".2~%",
                "values": [10.0**-power for power in range(6) if 10.0**-power >= least],
                "labelOverlap": False,
            },
        }
    spec["layer"][1]["mark"] |= {"align": "left", "dx": 6, "dy": 0}
    spec["layer"][0]["encoding"]["x"] = spec["layer"][1]["encoding"]["x"] = {
        "field": "x",
        "type": "quantitative",
        "title": "rounds",
        "scale": {"domain": [0, 1.35 * max(points[-1][0] for points in series.values()) + 1], "nice": False},
    }
    most = max(len(points) for points in series.values())
    return Figure(
        spec,
        (
            "Nodes that do not know yet, expected, for each way to call: at the end pushing divides them by the same number in "
            "each round, pulling squares their share"
        ),
        Table(
            ["Round", *colors],
            [
                (
                    f"{at}",
                    *(percent(points[at][1], 2) if at < len(points) else "about none" for points in series.values()),
                )
                for at in range(0, most, max(1, most // 16))
            ],
        ),
    )


def residue(bored: float) -> float:
    """Return the share that a rumor never reaches if each useless call ends a node's interest with probability 1/`bored`, for many nodes.

    It is the root below 1 of s = exp(-(bored + 1) (1 - s)).

    >>> round(residue(1), 2), round(residue(2), 2)
    (0.2, 0.06)
    """
    share = 0.0
    for _ in range(400):
        share = math.exp(-(bored + 1) * (1 - share))
    return share


TASKS = [
    Predict(
        "A thousand nodes need about 17 rounds of pushing. How many do a million need?",
        ["About 34", "About 170", "About 17,000"],
        0,
        "The rounds grow with the logarithm: log₂ n + ln n is 16.9 for a thousand and 33.7 for a million. Three more zeros cost another 17.",
        {"nodes": "1000"},
        lambda data: nearest((34, 170, 17_000), 2 * data["rounds_formula"]),
        hint="While few know, their number doubles in each round. How often does one double to get a thousand times as many?",
    ),
    Predict(
        "Of a thousand nodes half know already. Which way tells the last ones sooner: those who know call, or those who do not?",
        ["Those who know: they are more and more", "Those who do not know", "No difference"],
        1,
        (
            "Pushing, a node stays in the dark if none of about a thousand calls meets it, which has probability 1/e in each round. Pulling, it "
            "stays so only if it calls another that is in the dark as well, and these are fewer in each round: the share is squared."
        ),
        {"mode": "pull"},
        lambda data: 1 if data["rounds"] < 16 else 0,
        hint="Take the last node that does not know. What is the chance that somebody happens to call it, and what that it calls "
        "somebody who knows?",
    ),
    Reach(
        "A thousand nodes, one call a round, a fifth of the calls lost: tell everyone within 12 rounds on average.",
        lambda data, arguments: (
            arguments["nodes"] == "1000"
            and arguments["fanout"] == "1"
            and float(arguments["loss"]) >= 0.2
            and data["residue"] == 0
            and data["rounds"] <= 12
        ),
        {"mode": "both", "loss": "0.2"},
        {"mode": "push", "loss": "0.2"},
        "Pushing is quick at the beginning, pulling at the end.",
        "Everybody calls, and each call tells in both directions: about 11 rounds in spite of the loss, where pushing alone takes over 20.",
    ),
    to_write(
        "Write which share of many nodes a rumor never reaches.",
        '''
        def residue(k):
            """Return the share s, below 1, with

                s = exp(-(k + 1) * (1 - s))

            to nine digits: whoever makes a useless call loses
            interest with probability 1/k.

            >>> round(residue(1), 4)
            0.2032
            """
        ''',
        """
        from math import exp
        s = 0.0
        for _ in range(400):
            s = exp(-(k + 1) * (1 - s))
        return s
        """,
        """
        from math import exp
        return exp(-(k + 1))
        """,
        lambda function: first_difference(
            "residue", function, residue, cases((1,), (2,), draw=lambda rng: (rng.randint(1, 12),), count=30)
        ),
        hint="Guess a share, put it in on the right, and take what comes out as the next guess. From which guess does that not end at 1?",
        because=(
            "Starting at 0 the guesses rise to the smaller root and stay there; s = 1 is the other. One more of k divides what is left by "
            "almost e: certainty costs a constant number of calls for each factor."
        ),
    ),
]


@cache
def _table_1(give_up: int) -> tuple[float, float, float]:
    """Return residue, calls a node, and the last round that told anybody anything, for 1,000 nodes, mean of 60 runs that got going."""
    rng = random.Random(1)
    runs = [rumor(1000, give_up, rng) for _ in range(60)]
    spread = [(know, calls) for know, calls in runs if know[-1] > 100]
    return (
        math.fsum(1 - know[-1] / 1000 for know, _ in spread) / len(spread),
        math.fsum(calls / 1000 for _, calls in spread) / len(spread),
        math.fsum(know.index(know[-1]) for know, _ in spread) / len(spread),
    )


@cache
def _mean_rounds(nodes: int, runs: int) -> float:
    rng = random.Random(5)
    return math.fsum(len(simulate(Setup(nodes), rng)) - 1 for _ in range(runs)) / runs


_TABLE_1 = "Demers and others 1987, table 1"
ORACLES = [
    *(
        Oracle(
            f"{what}, 1,000 sites, feedback and counter, k = {give_up}",
            published,
            lambda give_up=give_up, column=column: _table_1(give_up)[column],  # type: ignore[misc]
            _TABLE_1,
            _DEMERS,
            tolerance=tolerance,
            digits=digits,
        )
        for give_up, column, what, published, tolerance, digits in (
            (1, 0, "Residue", 0.18, 0.015, 2),
            (1, 1, "Traffic, calls a site", 1.7, 0.1, 2),
            (1, 2, "Last cycle that tells anybody", 16.8, 0.8, 3),
            (2, 0, "Residue", 0.037, 0.003, 2),
            (2, 1, "Traffic, calls a site", 3.3, 0.1, 2),
            (2, 2, "Last cycle that tells anybody", 16.9, 0.8, 3),
            (3, 0, "Residue", 0.011, 0.002, 2),
            (3, 1, "Traffic, calls a site", 4.5, 0.1, 2),
            (3, 2, "Last cycle that tells anybody", 17.4, 0.8, 3),
        )
    ),
    Oracle(
        "Rounds of pushing until all of 1,000 know, beside log₂ n + ln n (which leaves out a constant)",
        math.log2(1000) + math.log(1000),
        lambda: run(nodes=1000).data["rounds"],
        "theorem of Pittel 1987",
        "https://doi.org/10.1137/0147013",
        tolerance=1.5,
        digits=3,
    ),
    Oracle(
        "Rounds of pushing until all of 40 know, 2,000 runs beside the exact chain",
        _until_all(Setup(40)),
        lambda: _mean_rounds(40, 2000),
        "exact Markov chain",
        "https://doi.org/10.1137/0147013",
        tolerance=0.15,
        digits=4,
    ),
]


LIMITS = [
    "Rounds are in step. Real nodes gossip at their own times, which blurs the curve and does not change its shape.",
    "Every node knows every other and may call it. Real ones have partial lists, and prefer neighbors to spare the slow lines.",
    "Nodes neither crash nor join. A call costs the same however much there is to tell.",
    "One piece of news at a time. With many, a call that is useless for one is useful for another, and pulling pays more often.",
]
