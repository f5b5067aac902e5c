"""Two replicas and a cut link: you choose what a partition costs, and what every write costs without one.

A cart is kept on replicas A and B. Clients on both sides add an item every 0.5 s and look into the cart every 0.2 s, for 10 s.

Data:
    refused_writes, lost_writes, accepted_writes, stale_reads, fresh_reads: counts over the run.
    write_latency_ms: what a write waits for while the replicas are connected.
    class: the PACELC class of the choices, such as PA/EL.

Source:
    Seth Gilbert and Nancy Lynch, "Brewer's Conjecture and the Feasibility of Consistent, Available, Partition-Tolerant Web Services",
        ACM SIGACT News 33(2), 2002, https://doi.org/10.1145/564585.564601
    Daniel J. Abadi, "Consistency Tradeoffs in Modern Distributed Database System Design", IEEE Computer 45(2), 2012,
        https://doi.org/10.1109/MC.2012.33
    Giuseppe DeCandia and others, "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, https://doi.org/10.1145/1294261.1294281

>>> run(partition="CP").takeaway
'PC/EL: the cut from 3 s to 7 s refuses 16 writes and leaves 6 reads stale; no acknowledged item is lost.'
"""

from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.partition import SIDES, Read, Setup, Write, operations, totals
from labs_py.numerals import count
from labs_py.parameter import Choice, LabError, Range
from labs_py.report import Figure, Metric, Report, Table

_SIGNS = {
    "write taken": ("circle", chart.OK, 60),
    "write refused": ("cross", chart.FAILS, 80),
    "write taken, then lost": ("diamond", chart.FAILS, 90),
    "read fresh": ("square", chart.NEUTRAL, 16),
    "read stale": ("triangle-up", chart.DEGRADED, 60),
}


def run(
    *,
    partition: Annotated[
        str, Choice("While the link is cut", {"CP": "CP: refuse writes", "AP": "AP: take writes"})
    ] = "AP",
    otherwise: Annotated[
        str, Choice("While it is whole", {"EC": "EC: a write waits for both", "EL": "EL: a write waits for one"})
    ] = "EL",
    merge: Annotated[
        str, Choice("When it heals", {"last": "the cart written last wins", "union": "keep every item"})
    ] = "last",
    cut_s: Annotated[float, Range("Cut the link at", 0, 10, "s", 0.5)] = 3.0,
    heal_s: Annotated[float, Range("Heal it at", 0, 10, "s", 0.5)] = 7.0,
    round_trip_ms: Annotated[int, Range("Round trip between the replicas", 0, 400, "ms", 10)] = 80,
) -> Report:
    """Return what happened to every write and read."""
    if heal_s < cut_s:
        raise LabError(f"heal_s must be at least cut_s, {cut_s:g} s, got {heal_s:g}")
    setup = Setup(
        round(cut_s * 1000), round(heal_s * 1000), round_trip_ms, partition == "CP", otherwise == "EC", merge == "union"
    )
    writes, reads = operations(setup)
    numbers = totals(writes, reads)
    latency = round_trip_ms if otherwise == "EC" else 0
    name = f"P{partition[0]}/{otherwise}"
    cut = setup.cut < setup.heal
    lost = (
        f"{count(numbers['lost_writes'], 'acknowledged item is', 'acknowledged items are')} lost"
        if numbers["lost_writes"]
        else "no acknowledged item is lost"
    )
    takeaway = (
        f"{name}: the cut from {cut_s:g} s to {heal_s:g} s refuses {count(numbers['refused_writes'], 'write')} "
        f"and leaves {count(numbers['stale_reads'], 'read')} stale; {lost}."
        if cut
        else f"{name} without a partition: every write waits {latency} ms for the other replica, "
        f"and {count(numbers['stale_reads'], 'read is', 'reads are')} stale."
    )
    return Report(
        takeaway,
        [
            Metric("Writes refused", f"{numbers['refused_writes']} of {len(writes)}"),
            Metric("Reads stale", f"{numbers['stale_reads']} of {len(reads)}"),
            Metric("Items lost after “added”", str(numbers["lost_writes"])),
            Metric("A write waits, link whole", f"{latency} ms"),
            Figure(
                _timeline(setup, writes, reads),
                "Every write and read, by replica and time; the shaded span is the partition",
                _twin(setup, writes, reads),
            ),
        ],
        {**numbers, "write_latency_ms": latency, "class": name},
    )


def _marks(writes: list[Write], reads: list[Read]) -> list[tuple[int, str, str]]:
    """Return (time, lane, sign) of every operation."""
    signs = {"accepted": "write taken", "refused": "write refused", "lost": "write taken, then lost"}
    return [(write.at, f"writes at {write.side}", signs[write.outcome]) for write in writes] + [
        (read.at, f"reads at {read.side}", "read stale" if read.stale else "read fresh") for read in reads
    ]


def _timeline(setup: Setup, writes: list[Write], reads: list[Read]) -> chart.Spec:
    lanes = [f"{kind} at {side}" for side in SIDES for kind in ("writes", "reads")]
    x = {
        "field": "s",
        "type": "quantitative",
        "title": "time (s)",
        "scale": {"domain": [0, setup.length / 1000], "nice": False},
    }
    y = {"field": "lane", "type": "nominal", "sort": lanes, "title": None, "scale": {"domain": lanes}}
    domain = list(_SIGNS)
    marks = {
        "data": chart.values(
            [{"s": at / 1000, "lane": lane, "sign": sign} for at, lane, sign in _marks(writes, reads)]
        ),
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {
            "x": x,
            "y": y,
            "shape": {
                "field": "sign",
                "type": "nominal",
                "scale": {"domain": domain, "range": [_SIGNS[sign][0] for sign in domain]},
                "legend": {
                    "disable": False,
                    "orient": "bottom",
                    "title": None,
                    "columns": 2,
                    "labelColor": chart.INK,
                    "labelFontSize": 12,
                    "symbolSize": 70,
                },
            },
            "color": {
                "field": "sign",
                "type": "nominal",
                "scale": {"domain": domain, "range": [_SIGNS[sign][1] for sign in domain]},
            },
            "size": {
                "field": "sign",
                "type": "nominal",
                "scale": {"domain": domain, "range": [_SIGNS[sign][2] for sign in domain]},
            },
        },
    }
    shade = {
        "data": chart.values([{"a": setup.cut / 1000, "b": setup.heal / 1000}] if setup.cut < setup.heal else []),
        "mark": {"type": "rect", "color": chart.SOFT[chart.FAILS]},
        "encoding": {"x": {"field": "a", "type": "quantitative"}, "x2": {"field": "b"}},
    }
    return chart.layered([shade, marks], {"step": 34})


def _twin(setup: Setup, writes: list[Write], reads: list[Read]) -> Table:
    spans = {
        "before the cut": (0, setup.cut),
        "while cut": (setup.cut, setup.heal),
        "after it healed": (setup.heal, setup.length),
    }
    rows = []
    for label, (start, end) in spans.items():
        inside = [sign for at, _, sign in _marks(writes, reads) if start <= at < end]
        rows.append([label, *(str(inside.count(sign)) for sign in _SIGNS)])
    return Table(["", *_SIGNS], rows)


TASKS = [
    Predict(
        "The link is cut for 4 s. Each side writes twice a second. The carts merge by “last write wins”. How many acknowledged items vanish?",
        [
            "None: every write was acknowledged",
            "About half of what was written during the cut",
            "All of what was written during the cut",
        ],
        1,
        "Each side took 8 or 9 items that the other could not see. The cart written last survives whole, so the other side's items vanish, "
        "although their clients were told “added”.",
        {"partition": "AP", "merge": "last"},
        lambda data: nearest((0, 8, 16), data["lost_writes"]),
        hint="When the link heals there are two carts, and one of them is kept. Which items are only in the other?",
    ),
    Predict(
        "Same cut, but CP with EC: a write needs both replicas. What do the readers get during the cut?",
        ["Stale carts", "Errors", "Correct carts: nothing new can be written"],
        2,
        "Every write during the cut is refused, so no acknowledged item is missing anywhere. The price is paid by the writers.",
        {"partition": "CP", "otherwise": "EC"},
        lambda data: 2 if data["stale_reads"] == 0 and data["refused_writes"] > 0 else 0,
        hint="A read is stale when somebody was told “added” and the reader does not see the item. Is anybody told so during the cut?",
    ),
    Reach(
        "Keep a partition of at least 3 s, refuse no write and lose no item.",
        lambda data, arguments: (
            float(arguments["heal_s"]) - float(arguments["cut_s"]) >= 3
            and data["refused_writes"] == data["lost_writes"] == 0
        ),
        {"partition": "AP", "merge": "union"},
        {"partition": "AP", "merge": "last"},
        "Taking writes on both sides needs a merge that keeps both sides.",
        "AP with a union: available and nothing lost, but reads were stale meanwhile, and a removed item could come back (Dynamo's cart did that).",
    ),
    Reach(
        "No partition at all: make every read fresh, and find what each write pays for it at 200 ms between the replicas.",
        lambda data, arguments: (
            arguments["cut_s"] == arguments["heal_s"]
            and arguments["round_trip_ms"] == "200"
            and data["stale_reads"] == 0
            and data["write_latency_ms"] == 200
        ),
        {"cut_s": "0", "heal_s": "0", "round_trip_ms": "200", "otherwise": "EC"},
        {"cut_s": "0", "heal_s": "0", "round_trip_ms": "200", "otherwise": "EL"},
        "PACELC's second half: else, latency or consistency.",
        "With EC every write waits one round trip, 200 ms, on every day without a partition.",
    ),
]

ORACLES = [
    Oracle(
        "Stale reads with CP and EC (a write is on both replicas before it is acknowledged)",
        0,
        lambda: run(partition="CP", otherwise="EC").data["stale_reads"],
        "Gilbert and Lynch 2002",
        "https://doi.org/10.1145/564585.564601",
        tolerance=0,
    ),
    Oracle(
        "Refused writes with AP",
        0,
        lambda: run(partition="AP").data["refused_writes"],
        "Gilbert and Lynch 2002",
        "https://doi.org/10.1145/564585.564601",
        tolerance=0,
    ),
]

LIMITS = [
    "Two replicas have no majority, so CP refuses writes on both sides. With three, the side that holds two goes on writing (see Raft and Paxos).",
    "Clients never move to the other side, never retry and never remove an item.",
    "The link is cut both ways at once and heals at once. Real partitions can be one-way, partial or flapping.",
    "Replicas notice the cut at once; real ones need a timeout, during which a CP write neither succeeds nor fails.",
]
