"""CRDTs: replicas that change a cart on their own always agree in the end, if the merge is right; whether on what people meant is another matter.

A cart is kept on three replicas. Somebody changes it at one of them every 10 ms, and copies travel from one to another. In the end all
copies are merged. The five ways to keep the cart get the same changes and the same copies.

Data:
    lost, back: for the chosen way, items that are missing in the end and items that came back, over 100 changes, in 60 histories.
    lost_of, back_of: the same for every way.
    wrong: share of those histories in which the chosen way ends with another cart than people meant.
    missing, returned: the items of the history shown.
    meant, items: what the cart should hold in the end in that history, and what it holds.

Source:
    Marc Shapiro, Nuno Preguiça, Carlos Baquero and Marek Zawirski, "A Comprehensive Study of Convergent and Commutative Replicated Data
        Types", INRIA RR-7506, 2011, https://inria.hal.science/inria-00555588
    Giuseppe DeCandia and others, "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, https://doi.org/10.1145/1294261.1294281
    Redis, "Sets in Active-Active databases",
        https://redis.io/docs/latest/operate/rs/databases/active-active/develop/data-types/sets

>>> run(kind="observed").data["lost"], run(kind="observed").data["back"]
(0.0, 0.0)
"""

import random
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Annotated

from labs_py import chart, space_time
from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach
from labs_py.model.crdt import LastCart, LastItemCart, ObservedCart, TwoPhaseCart, UnionCart, merged_counts
from labs_py.model.shared_cart import Change, Step, deviations, history, played, together
from labs_py.numerals import percent, significant
from labs_py.parameter import Choice, Flag, Range
from labs_py.report import Figure, Metric, Report, Table

if TYPE_CHECKING:
    from labs_py.model.crdt import Cart

REPLICAS, HISTORIES = 3, 60
_EMPTY: dict[str, "Cart"] = {
    "cart": LastCart(),
    "union": UnionCart(),
    "two_phase": TwoPhaseCart(),
    "item": LastItemCart(),
    "observed": ObservedCart(),
}
_NAMES = {
    "cart": "cart written last wins",
    "union": "union of the carts",
    "two_phase": "two-phase set",
    "item": "item written last wins",
    "observed": "observed-remove set",
}
_SIGNS = {
    "puts in": ("triangle-up", chart.OK, 110),
    "takes out": ("triangle-down", chart.FAILS, 110),
    "merges a copy": ("circle", chart.NEUTRAL, 40),
}
_SHAPIRO = "https://inria.hal.science/inria-00555588"
_REDIS = "https://redis.io/docs/latest/operate/rs/databases/active-active/develop/data-types/sets"


def run(
    *,
    kind: Annotated[str, Choice("The cart is kept as", _NAMES)] = "cart",
    changes: Annotated[int, Range("Changes", 2, 20)] = 12,
    removals: Annotated[float, Range("Of them removals", 0, 0.8, step=0.05)] = 0.4,
    talk: Annotated[float, Range("Copies sent for each change", 0, 1, step=0.05)] = 0.7,
    loss: Annotated[float, Range("Copies that are lost", 0, 0.9, step=0.05)] = 0.0,
    twice: Annotated[bool, Flag("Every copy comes twice")] = False,
    seed: Annotated[int, Range("History number", 1, 99)] = 1,
) -> Report:
    """Return how far the carts end from what people meant, for the chosen way to keep them and the others."""
    shown = history(REPLICAS, changes, removals, talk, loss, twice, seed)
    missing, returned = deviations(shown, {kind: _EMPTY[kind]}, REPLICAS)[kind]
    meant = together(played(shown, ObservedCart(), REPLICAS)).items()
    lost, back, wrong = _rates(changes, removals, talk, loss, twice)
    return Report(
        (
            f"{_NAMES[kind].capitalize()}: of 100 changes {significant(lost[kind], 2)} additions are lost and "
            f"{significant(back[kind], 2)} removals undone."
        ),
        [
            Metric("Additions lost", significant(lost[kind], 2), f"of 100 changes, {HISTORIES} histories"),
            Metric("Removals undone", significant(back[kind], 2), f"of 100 changes, {HISTORIES} histories"),
            Metric("Carts that end wrong", percent(wrong[kind], 0), f"{HISTORIES} histories"),
            Metric("In the history below", _listed((meant - missing) | returned), f"meant: {_listed(meant)}"),
            _timeline(shown, changes),
            _compared(lost, back, kind),
        ],
        {
            "lost": lost[kind],
            "back": back[kind],
            "lost_of": lost,
            "back_of": back,
            "wrong": wrong[kind],
            "missing": len(missing),
            "returned": len(returned),
            "meant": _listed(meant),
            "items": _listed((meant - missing) | returned),
        },
    )


def _listed(items: frozenset[str]) -> str:
    return " ".join(sorted(items)) or "empty"


@cache
def _rates(
    changes: int, removals: float, talk: float, loss: float, twice: bool
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return lost additions and undone removals over 100 changes, and the share of wrong carts, for each way to keep them."""
    lost, back, wrong = (dict.fromkeys(_EMPTY, 0) for _ in range(3))
    for seed in range(1, HISTORIES + 1):
        found = deviations(history(REPLICAS, changes, removals, talk, loss, twice, seed), _EMPTY, REPLICAS)
        for kind, (missing, returned) in found.items():
            lost[kind] += len(missing)
            back[kind] += len(returned)
            wrong[kind] += bool(missing or returned)
    over = changes * HISTORIES / 100
    return (
        {kind: count / over for kind, count in lost.items()},
        {kind: count / over for kind, count in back.items()},
        {kind: count / HISTORIES for kind, count in wrong.items()},
    )


def _timeline(steps: list[Step], changes: int) -> Figure:
    """Return the changes and the copies of one history."""
    put, took, merged = _SIGNS
    marks, lines, rows = [], [], []
    for step in steps:
        if isinstance(step, Change):
            marks.append(
                space_time.Mark(
                    step.at, step.replica, put if step.adds else took, f"{'+' if step.adds else '−'}{step.item}"
                )
            )
            rows.append((step.at, "ABC"[step.replica], f"{put if step.adds else took} {step.item}"))
        else:
            marks.append(space_time.Mark(step.came, step.target, merged))
            lines.append(space_time.Line(step.sent, step.source, step.came, step.target))
            rows.append((step.came, "ABC"[step.target], f"merges what {'ABC'[step.source]} sent at {step.sent:.0f} ms"))
    return Figure(
        space_time.diagram(
            "ABC", marks, lines, _SIGNS, {"": (chart.MUTED, ())}, x="ms", domain=(0, 10 * changes + 10), columns=3
        ),
        (
            "One history: what people put in and take out at the replicas A, B and C, and the copies that travel between them; "
            "afterward all copies are merged"
        ),
        Table(
            ["Time", "Replica", "What"],
            [(f"{at:.0f} ms", where, what) for at, where, what in sorted(rows)],
            numeric=["Time"],
        ),
    )


def _compared(lost: dict[str, float], back: dict[str, float], chosen: str) -> Figure:
    """Return what each way to keep the cart gets wrong."""
    totals = {kind: lost[kind] + back[kind] for kind in _EMPTY}
    return Figure(
        chart.bars(
            [(_NAMES[kind], total, significant(total, 2)) for kind, total in totals.items()],
            x="lost or undone, of 100 changes",
            colors=[chart.ACCENT if kind == chosen else chart.NEUTRAL for kind in totals],
        ),
        "Additions lost and removals undone, of 100 changes, for each way to keep the cart",
        Table(
            ["Kept as", "Additions lost", "Removals undone"],
            [(_NAMES[kind], significant(lost[kind], 2), significant(back[kind], 2)) for kind in _EMPTY],
        ),
    )


def _drawn(rng: random.Random) -> tuple[dict[str, int], dict[str, int]]:
    return tuple({name: rng.randint(0, 9) for name in sorted(rng.sample("ABCDE", rng.randint(0, 4)))} for _ in range(2))  # type: ignore[return-value]


TASKS = [
    Predict(
        "Clocks are perfect, and the cart that was written last wins. Do the replicas agree in the end, and is anything lost?",
        ["They agree, and nothing is lost", "They agree, and acknowledged additions are lost", "They do not agree"],
        1,
        (
            "The greater time stamp is the same for everyone, so all end with one cart. But each writer wrote the whole cart as it was known "
            "there, so what others had put in at the same time is gone."
        ),
        {"kind": "cart"},
        lambda data: 1 if data["lost"] > 0 else 0,
        hint="To agree it is enough that everybody prefers the same one. What does the one that loses take along?",
    ),
    Predict(
        "Every copy now comes twice, at different times. What happens to the carts of the observed-remove set?",
        ["Items are counted twice", "Some removals are undone", "Nothing"],
        2,
        (
            "Merging what is known already changes nothing: a set united with its own part is itself. That is idempotence, and it "
            "makes retries harmless."
        ),
        {"kind": "observed", "twice": "true"},
        lambda data: 2 if data["lost"] == data["back"] == 0 else 1,
        hint="What is the union of a set with a set that is part of it?",
    ),
    Reach(
        "Let at least three copies in ten be lost, and lose not one addition although nothing is kept of removals; find what you pay for it.",
        lambda data, arguments: float(arguments["loss"]) >= 0.3 and data["lost"] == 0 and data["back"] > 0,
        {"kind": "union", "loss": "0.3"},
        {"kind": "two_phase", "loss": "0.3"},
        "One of the ways keeps no trace of a removal.",
        (
            "The plain union loses nothing that was put in, and brings back what was taken out whenever an older copy arrives. Dynamo's carts "
            "did so, and Amazon preferred that to losing an item."
        ),
    ),
    to_write(
        "Write the merge of two counters that only grow. Each holds a count for every replica; its value is their sum.",
        '''
        def merge(one, other):
            """Return the counter that knows what both know.

            >>> merge({"A": 3, "B": 1}, {"A": 2, "B": 4})
            {'A': 3, 'B': 4}
            """
        ''',
        """
        merged = dict(one)
        for replica, count in other.items():
            merged[replica] = max(count, merged.get(replica, 0))
        return merged
        """,
        """
        merged = dict(one)
        for replica, count in other.items():
            merged[replica] = count + merged.get(replica, 0)
        return merged
        """,
        lambda function: first_difference(
            "merge",
            function,
            merged_counts,
            cases(({"A": 1}, {"A": 1}), ({"A": 3, "B": 1}, {"A": 2, "B": 4}), draw=_drawn),
        ),
        hint="Only replica A raises A's count. If one copy says 3 and the other 2, how often has A counted?",
        because=(
            "Each entry is a count by one replica, so the larger is the newer. Adding would count an increment again each time a copy comes; "
            "merging a counter with itself must give itself."
        ),
    ),
]


@cache
def _law_violations() -> int:
    """Return how often a merge of reachable states is not commutative, associative or idempotent, over all types."""
    broken = 0
    for empty, seed in product(_EMPTY.values(), range(1, 28)):
        states = played(history(REPLICAS, 8, 0.4, 0.7, 0.2, False, seed), empty, REPLICAS)
        for a, b, c in product(states, repeat=3):
            broken += a.merge(b) != b.merge(a) or a.merge(b).merge(c) != a.merge(b.merge(c)) or a.merge(a) != a
    return broken


def _redis_add_wins() -> int:
    first, second = ObservedCart().add("a", (1, 1)), ObservedCart().add("b", (2, 2))
    return len(first.merge(second).items())


def _add_and_remove() -> int:
    start = ObservedCart().add("a", (1, 1))
    return len(start.add("a", (2, 1)).merge(start.remove("a", (2, 2))).items())


ORACLES = [
    Oracle(
        "Items after SADD a at one instance and SADD b at the other, then a sync",
        2,
        _redis_add_wins,
        "Redis, sets in Active-Active databases",
        _REDIS,
        tolerance=0,
    ),
    Oracle(
        "Items after one replica adds again what the other removes at the same time (“add wins”)",
        1,
        _add_and_remove,
        "Shapiro and others 2011, observed-remove set",
        _SHAPIRO,
        tolerance=0,
    ),
    Oracle(
        "Merges that are not commutative, associative and idempotent, among 3,645 triples of states",
        0,
        _law_violations,
        "Shapiro and others 2011, semilattice",
        _SHAPIRO,
        tolerance=0,
    ),
    Oracle(
        "Additions lost by the two-phase set when nobody removes anything",
        0,
        lambda: run(kind="two_phase", removals=0.0).data["lost"],
        "Shapiro and others 2011, two-phase set",
        _SHAPIRO,
        tolerance=0,
    ),
]

LIMITS = [
    (
        "What people meant is taken to be: an item stays if nobody who had seen its addition removed it. Where a removal is to "
        "win over an addition at the same time, another type is right."
    ),
    "Clocks are perfect here. With real ones, the last writer is whoever's clock is ahead.",
    "Whole states are sent and tags of removed items are kept for ever. Real libraries send differences and forget what all replicas have seen.",
    "A merge looks at one cart. A rule across several, such as a stock that must not fall below zero, cannot be kept by merging.",
]
