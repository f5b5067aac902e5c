"""Raft's election: a few milliseconds of chance decide whether a cluster is without a leader for an instant or for ten seconds.

The leader of a cluster crashes. The other servers notice when their timeouts end, and ask one another for votes.

Data:
    median_ms, mean_ms, worst_ms: time without a leader; worst of the elections simulated, 10,000 for one that did not end before.
    split: share of elections in which the first term elected nobody.
    split_exact: the same from the closed form; null unless logs are equal and messages take the same time.
    endless: share of elections that had not ended after 10 s.
    trials: elections simulated.

Source:
    Diego Ongaro and John Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version of the paper at USENIX
        ATC 2014, section 9.3 and figure 16, https://raft.github.io/raft.pdf
    etcd, "Tuning", https://etcd.io/docs/v3.5/tuning/

>>> run(spread_ms=0).takeaway
'Without randomness no leader is elected within 10 s in 100 % of elections.'
"""

import math
import random
from functools import cache
from typing import Annotated

from labs_py import chart, space_time
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach
from labs_py.model.election import PATIENCE, Election, Setup, downtimes, elect, split_share
from labs_py.numerals import percent, significant
from labs_py.parameter import Flag, Range
from labs_py.report import Figure, Metric, Report, Table

_PAPER = "https://raft.github.io/raft.pdf"
_SIGNS = {
    "timeout ends, asks for votes": ("triangle-up", chart.WORK, 110),
    "elected": ("diamond", chart.OK, 190),
}
_STROKES = {
    "refused": (chart.FAILS, (3, 3)),
    "granted": (chart.OK, ()),
    "vote": (chart.NETWORK, ()),
}


def run(
    *,
    spread_ms: Annotated[float, Range("Randomness of the timeout", 0, 500, "ms")] = 5.0,
    low_ms: Annotated[float, Range("Shortest timeout", 10, 1000, "ms", scale="log")] = 150.0,
    broadcast_ms: Annotated[float, Range("Votes are back after at most", 0.5, 50, "ms", scale="log")] = 15.0,
    servers: Annotated[int, Range("Servers", 3, 9)] = 5,
    logs: Annotated[bool, Flag("Logs of different lengths: some servers cannot win")] = True,
    vary: Annotated[bool, Flag("Messages differ in how long they take")] = True,
    seed: Annotated[int, Range("Seed", 1, 999)] = 1,
) -> Report:
    """Return how long the cluster is without a leader, over many elections, and the course of one of them."""
    setup = Setup(servers, low_ms, spread_ms, broadcast_ms, logs, vary)
    elections = downtimes(setup, seed, trials=300, most_steps=15_000)
    times = sorted(election.downtime for election in elections)
    trials = len(times)
    median, mean = times[(trials - 1) // 2], math.fsum(times) / trials
    split = sum(election.term != 1 for election in elections) / trials
    endless = sum(election.leader is None for election in elections) / trials
    exact = (
        None
        if logs or vary or low_ms <= broadcast_ms
        else split_share(servers, broadcast_ms / 2 / spread_ms if spread_ms else 1.0)
    )
    between = f"Timeouts from {low_ms:g} to {low_ms + spread_ms:g} ms"
    takeaway = (
        f"{between}: half of the elections take more than {_time(median)}, and in {percent(split, 0)} the first term elects nobody."
        if endless < 0.5
        else f"{between if spread_ms else 'Without randomness'} no leader is elected within 10 s in {percent(endless, 0)} of elections."
    )
    typical = elect(setup, seed * 100_000 + _middle(elections), record=True)
    note = f"exactly {percent(exact, 1)}" if exact is not None else f"of {trials:,} elections"
    return Report(
        takeaway,
        [
            Metric("Without a leader, median", _time(median)),
            Metric("Mean", _time(mean)),
            Metric("Worst", _time(times[-1]), f"of {trials:,} elections"),
            Metric("First term elects nobody", percent(split, 1), note),
            _course(setup, typical),
            _distribution(times, setup, seed),
        ],
        {
            "median_ms": median,
            "mean_ms": mean,
            "worst_ms": times[-1],
            "split": split,
            "split_exact": exact,
            "endless": endless,
            "trials": trials,
        },
    )


def _time(ms: float) -> str:
    return "over 10 s" if ms >= PATIENCE else f"{significant(ms)} ms"


def _middle(elections: list[Election]) -> int:
    """Return which election took the median time."""
    order = sorted(range(len(elections)), key=lambda place: (elections[place].downtime, place))
    return order[(len(order) - 1) // 2]


def _course(setup: Setup, election: Election) -> Figure:
    """Return the space-time diagram of the first term of an election."""
    asks, elected = _SIGNS
    first = election.timeouts[0][0]
    over = first + setup.broadcast + setup.spread
    end = min(over, election.crash + election.downtime)
    marks = [space_time.Mark(at - first, server, asks) for at, server in election.timeouts if at <= end]
    if election.leader is not None and end < over:
        marks.append(space_time.Mark(end - first, election.leader, elected))
    lines = [
        space_time.Line(sent - first, candidate, came - first, voter, "granted" if granted else "refused")
        for sent, candidate, came, voter, granted in election.requests
        if came <= end
    ] + [
        space_time.Line(sent - first, voter, came - first, candidate, "vote")
        for sent, voter, came, candidate in election.votes
        if came <= end
    ]
    lanes = [f"S{number + 1}" for number in range(setup.servers - 1)]
    rows = sorted(
        [(mark.at, lanes[mark.lane], mark.sign) for mark in marks]
        + [
            (line.came, lanes[line.target], f"{line.kind}, asked by {lanes[line.source]}")
            for line in lines
            if line.kind != "vote"
        ]
        + [
            (line.came, lanes[line.target], f"vote of {lanes[line.source]} comes")
            for line in lines
            if line.kind == "vote"
        ]
    )
    room = 0.04 * (end - first)
    result = "elects a leader" if election.term == 1 else "elects nobody"
    return Figure(
        space_time.diagram(
            lanes,
            marks,
            lines,
            _SIGNS,
            _STROKES,
            x="ms since the first timeout ended",
            domain=(-room, end - first + room),
            step=40,
            columns=1,
        ),
        (
            f"The first candidates of an election of median length: the first term {result}. Dashed: a request for a vote that is refused. "
            "Solid: one that is granted, and the vote that comes back"
        ),
        Table(["Time", "Server", "What"], [(f"{at:.1f} ms", lane, what) for at, lane, what in rows], numeric=["Time"]),
    )


def _distribution(times: list[float], setup: Setup, seed: int) -> Figure:
    """Return the distribution of the time without a leader, beside that of timeouts from the lowest to twice that."""
    doubled = Setup(setup.servers, setup.low, setup.low, setup.broadcast, setup.logs, setup.vary)
    beside = sorted(election.downtime for election in downtimes(doubled, seed, trials=150, most_steps=8_000))
    here, there = f"{setup.low:g}–{setup.low + setup.spread:g} ms", f"{setup.low:g}–{2 * setup.low:g} ms"
    samples = {there: beside, here: times}
    series = {name: _cumulative(sample) for name, sample in samples.items()}
    shares = (0.5, 0.9, 0.99, 1.0)
    return Figure(
        chart.lines(
            series,
            {there: chart.NEUTRAL, here: chart.ACCENT},
            x="ms without a leader (logarithmic)",
            y="elections that have ended",
            log_x=True,
            y_domain=(0, 1),
            y_format=".0%",
            height=180,
            steps=True,
        ),
        f"Share of elections that have ended, by the time without a leader: your timeouts, and timeouts from {there}",
        Table(
            ["Elections ended", *series],
            [
                (
                    percent(share, 0),
                    *(_time(sample[math.ceil(share * len(sample)) - 1]) for sample in samples.values()),
                )
                for share in shares
            ],
        ),
    )


def _cumulative(times: list[float]) -> list[tuple[float, float]]:
    step = max(1, len(times) // 100)
    places = sorted({*range(0, len(times), step), len(times) - 1})
    return [(times[place], (place + 1) / len(times)) for place in places]


def _won(timeouts: list[float], one_way: float) -> int:
    """Return the place of the server that a first term elects, or -1; logs are equal, messages take `one_way`, the old leader is gone."""
    first = min(timeouts)
    votes = 1 + sum(time >= first + one_way for time in timeouts)
    return timeouts.index(first) if votes >= (len(timeouts) + 1) // 2 + 1 else -1


def _drawn(rng: random.Random) -> tuple[list[float], float]:
    return [round(rng.uniform(150, 170), 1) for _ in range(rng.choice((2, 4, 6)))], rng.choice((1.0, 5.0, 10.0))


TASKS = [
    Predict(
        "Timeouts are drawn from 150 to 155 ms, and votes are back within 15 ms. How long is the median time without a leader?",
        [
            "About 120 ms: one timeout and one round of votes",
            "About 280 ms: the first vote splits, the second elects",
            "Several seconds",
        ],
        1,
        (
            "All four timeouts end within 5 ms, before most requests arrive, so most votes are spent on oneself. Each split adds a timeout, "
            "and with it new chance. Ongaro and Ousterhout measured 287 ms."
        ),
        {"spread_ms": "5"},
        lambda data: 0 if data["median_ms"] < 200 else 1 if data["median_ms"] < 1000 else 2,
        hint="How many of the four have asked for votes themselves when the first request reaches them?",
    ),
    Predict(
        "You take the randomness away: every timeout is exactly 150 ms. What happens?",
        [
            "The server with the longest log wins at once",
            "The first to be heard wins",
            "Vote after vote splits, for seconds",
        ],
        2,
        (
            "Everybody asks at the same moment, votes for itself, waits equally long and asks again. Nothing in the rule breaks "
            "the tie; chance has to."
        ),
        {"spread_ms": "0"},
        lambda data: 2 if data["endless"] > 0.9 else 0,
        hint="What does each server do with its one vote before it hears from the others?",
    ),
    Reach(
        (
            "Votes come back within 15 ms and logs differ. Bring the median below 70 ms and every simulated election below 300 ms, with a "
            "shortest timeout of at least 30 ms, or a healthy leader's heartbeats would come too late."
        ),
        lambda data, arguments: (
            arguments["broadcast_ms"] == "15"
            and arguments["logs"] == "true"
            and float(arguments["low_ms"]) >= 30
            and data["median_ms"] < 70
            and data["worst_ms"] < 300
        ),
        {"low_ms": "40", "spread_ms": "40"},
        {"low_ms": "40", "spread_ms": "5"},
        "A short timeout is noticed soon; but chance must be spread wider than messages take.",
        (
            "40 to 80 ms: about as wide as five one-way trips. With 40 to 45 ms the first term fails nine times in ten, and the worst "
            "election takes half a second."
        ),
    ),
    to_write(
        "Write who wins the first term: logs are equal and each message takes the same time.",
        '''
        def winner(timeouts, one_way):
            """Return the place of the server that is elected, or -1.

            timeouts are those of all servers but the crashed leader,
            which still counts for the majority.

            >>> winner([150.0, 151.0, 160.0, 170.0], 5.0)
            0
            """
        ''',
        """
        first = min(timeouts)
        votes = 1
        for time in timeouts:
            if time >= first + one_way:
                votes += 1
        servers = len(timeouts) + 1
        enough = votes > servers / 2
        return timeouts.index(first) if enough else -1
        """,
        "return timeouts.index(min(timeouts))",
        lambda function: first_difference(
            "winner",
            function,
            _won,
            cases(([150.0, 151.0, 160.0, 170.0], 5.0), ([150.0, 151.0, 152.0, 170.0], 5.0), draw=_drawn),
        ),
        hint="Who has not yet spent its vote when the first candidate's request comes? And a majority of how many is needed?",
        because=(
            "Whoever is still waiting when the request comes votes for the first candidate; whoever has timed out before has voted for itself. "
            "The crashed server gives no vote and still counts in the majority, or two halves of a cluster could each elect a leader."
        ),
    ),
]


@cache
def _figure_16(low: float, high: float) -> list[float]:
    """Return the times without a leader of 1,000 elections in the paper's cluster, sorted."""
    return sorted(election.downtime for election in downtimes(Setup(5, low, high - low, 15), 1))


@cache
def _first_terms_lost() -> float:
    return sum(election.term != 1 for election in downtimes(Setup(5, 150, 40, 15, logs=False, vary=False), 1)) / 1000


_CAPTION = "Ongaro and Ousterhout 2014, figure 16 and section 9.3"
ORACLES = [
    Oracle(
        "Timeouts 150–150 ms: share of elections that take longer than 10 s (“consistently”)",
        1,
        lambda: sum(time >= PATIENCE for time in _figure_16(150, 150)) / len(_figure_16(150, 150)),
        _CAPTION,
        _PAPER,
        tolerance=0.01,
    ),
    Oracle(
        "Timeouts 150–155 ms: median time without a leader (ms)",
        287,
        lambda: _figure_16(150, 155)[499],
        _CAPTION,
        _PAPER,
        tolerance=40,
        digits=3,
    ),
    Oracle(
        "Timeouts 150–200 ms: worst of 1,000 elections (ms)",
        513,
        lambda: _figure_16(150, 200)[-1],
        _CAPTION,
        _PAPER,
        digits=3,
        note="One number out of a thousand, so it differs from run to run, theirs as ours: other seeds of ours give 500 to 750 ms.",
    ),
    Oracle(
        "Timeouts 12–24 ms: mean time without a leader (ms)",
        35,
        lambda: math.fsum(_figure_16(12, 24)) / 1000,
        _CAPTION,
        _PAPER,
        tolerance=6,
        digits=3,
    ),
    Oracle(
        "Timeouts 12–24 ms: longest election (ms)",
        152,
        lambda: _figure_16(12, 24)[-1],
        _CAPTION,
        _PAPER,
        digits=3,
        note="Again the worst of 1,000.",
    ),
    Oracle(
        "First terms that elect nobody, five servers, equal logs, messages of 7.5 ms, timeouts 150–190 ms: simulated beside exact",
        split_share(5, 7.5 / 40),
        _first_terms_lost,
        "closed form",
        _PAPER,
        tolerance=0.045,
        digits=3,
    ),
]

LIMITS = [
    "The paper gives the broadcast time, about 15 ms, and not how single messages vary. Here each way takes anything up to half of it, evenly.",
    (
        "No message is lost and no server is slow. A server that hears nothing keeps raising its term and unseats leaders when "
        "it is back: pre-vote is the remedy."
    ),
    "The elected leader's first heartbeat is not waited for, and nobody else's timeout is shown to end before it comes.",
    "The log matters only for who may win. Replication, commitment and changes of membership are left out.",
]
