"""Replicated data types: carts that each replica changes on its own, and merges that some of them get right.

Replicas that have seen the same changes hold the same, however often and in whatever order they merged, if the merge is commutative,
associative and idempotent and a change only ever goes up in the order that the merge makes. `UnionCart` is the one here whose removal goes
down, and so is undone. The others converge, and still differ in what they make of changes that did not know of one another.
States are values: a change or a merge returns a new one.

Source:
    Marc Shapiro, Nuno Preguiça, Carlos Baquero and Marek Zawirski, "Conflict-free Replicated Data Types", SSS 2011, and "A Comprehensive
        Study of Convergent and Commutative Replicated Data Types", INRIA RR-7506, 2011, https://inria.hal.science/inria-00555588
"""

# ruff: noqa: D102  what the methods do is said once, in `Cart`

from dataclasses import dataclass, field
from typing import Protocol, Self

type Stamp = tuple[float, int]
"""When, and by which replica, so that no two are equal."""


class Cart(Protocol):
    """A set of items that can be kept on many replicas."""

    def add(self, item: str, stamp: Stamp) -> Self:
        """Return the cart with an item put in."""

    def remove(self, item: str, stamp: Stamp) -> Self:
        """Return the cart with an item taken out."""

    def merge(self, other: Self) -> Self:
        """Return the cart that knows what both know."""

    def items(self) -> frozenset[str]:
        """Return what is in the cart."""


@dataclass(frozen=True)
class LastCart:
    """The whole cart is one value, and the one written last wins."""

    stamp: Stamp = (-1.0, -1)
    content: frozenset[str] = frozenset()

    def add(self, item: str, stamp: Stamp) -> "LastCart":
        return LastCart(stamp, self.content | {item})

    def remove(self, item: str, stamp: Stamp) -> "LastCart":
        return LastCart(stamp, self.content - {item})

    def merge(self, other: "LastCart") -> "LastCart":
        return max(self, other, key=lambda cart: cart.stamp)

    def items(self) -> frozenset[str]:
        return self.content


@dataclass(frozen=True)
class UnionCart:
    """Carts are united; there is no trace of a removal."""

    content: frozenset[str] = frozenset()

    def add(self, item: str, stamp: Stamp) -> "UnionCart":
        return UnionCart(self.content | {item})

    def remove(self, item: str, stamp: Stamp) -> "UnionCart":
        return UnionCart(self.content - {item})

    def merge(self, other: "UnionCart") -> "UnionCart":
        return UnionCart(self.content | other.content)

    def items(self) -> frozenset[str]:
        return self.content


@dataclass(frozen=True)
class TwoPhaseCart:
    """A set of what was added and one of what was removed, both only growing: what was removed never comes back."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def add(self, item: str, stamp: Stamp) -> "TwoPhaseCart":
        return TwoPhaseCart(self.added | {item}, self.removed)

    def remove(self, item: str, stamp: Stamp) -> "TwoPhaseCart":
        return TwoPhaseCart(self.added, self.removed | {item})

    def merge(self, other: "TwoPhaseCart") -> "TwoPhaseCart":
        return TwoPhaseCart(self.added | other.added, self.removed | other.removed)

    def items(self) -> frozenset[str]:
        return self.added - self.removed


@dataclass(frozen=True)
class LastItemCart:
    """Each item has the stamp of its last addition or removal, and the later one holds."""

    last: tuple[tuple[str, Stamp, bool], ...] = ()

    def _with(self, changes: tuple[tuple[str, Stamp, bool], ...]) -> "LastItemCart":
        newest: dict[str, tuple[str, Stamp, bool]] = {}
        for entry in (*self.last, *changes):
            if entry[0] not in newest or newest[entry[0]][1] < entry[1]:
                newest[entry[0]] = entry
        return LastItemCart(tuple(sorted(newest.values())))

    def add(self, item: str, stamp: Stamp) -> "LastItemCart":
        return self._with(((item, stamp, True),))

    def remove(self, item: str, stamp: Stamp) -> "LastItemCart":
        return self._with(((item, stamp, False),))

    def merge(self, other: "LastItemCart") -> "LastItemCart":
        return self._with(other.last)

    def items(self) -> frozenset[str]:
        return frozenset(item for item, _, there in self.last if there)


@dataclass(frozen=True)
class ObservedCart:
    """The observed-remove set: each addition has a tag of its own, and a removal takes the tags that its replica has seen."""

    added: frozenset[tuple[str, Stamp]] = field(default_factory=frozenset)
    removed: frozenset[Stamp] = frozenset()

    def add(self, item: str, stamp: Stamp) -> "ObservedCart":
        return ObservedCart(self.added | {(item, stamp)}, self.removed)

    def remove(self, item: str, stamp: Stamp) -> "ObservedCart":
        return ObservedCart(self.added, self.removed | {tag for name, tag in self.added if name == item})

    def merge(self, other: "ObservedCart") -> "ObservedCart":
        return ObservedCart(self.added | other.added, self.removed | other.removed)

    def items(self) -> frozenset[str]:
        return frozenset(item for item, tag in self.added if tag not in self.removed)


def merged_counts(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """Return the merge of two grow-only counters, each a count for every replica: the larger of the two, replica by replica.

    >>> merged_counts({"A": 3, "B": 1}, {"A": 2, "B": 4, "C": 1})
    {'A': 3, 'B': 4, 'C': 1}
    """
    return {replica: max(one.get(replica, 0), other.get(replica, 0)) for replica in sorted({*one, *other})}
