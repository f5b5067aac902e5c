"""A cart on several replicas that people change at all of them, while copies of it travel late, twice or not at all."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs_py.model.crdt import Cart, ObservedCart

ITEMS = "abcd"


@dataclass(frozen=True)
class Change:
    """At a replica, at a time (ms), an item is put in or taken out."""

    at: float
    replica: int
    item: str
    adds: bool


@dataclass(frozen=True)
class Copy:
    """A replica's state, sent at a time (ms) and merged by another when it comes."""

    sent: float
    source: int
    came: float
    target: int


Step = Change | Copy


def history(
    replicas: int, changes: int, removals: float, talk: float, loss: float, twice: bool, seed: int
) -> list[Step]:
    """Return what happens, in order of the time at which it takes effect, a change every 10 ms.

    A person removes, with probability `removals`, an item that is seen at the replica, and else adds any item. After a change, with
    probability `talk`, some replica sends its state to another, which takes 5 to 60 ms; it is lost with probability `loss`, and comes a
    second time if `twice`. What is seen is what the observed-remove set shows.
    """
    rng = random.Random(seed)
    carts = [ObservedCart() for _ in range(replicas)]
    under_way: list[tuple[Copy, ObservedCart]] = []
    steps: list[Step] = []
    for number in range(changes):
        now = 10.0 * (number + 1)
        for copy, state in sorted(
            (entry for entry in under_way if entry[0].came <= now), key=lambda entry: entry[0].came
        ):
            carts[copy.target] = carts[copy.target].merge(state)
            steps.append(copy)
        under_way = [entry for entry in under_way if entry[0].came > now]
        replica = rng.randrange(replicas)
        seen = sorted(carts[replica].items())
        adds = not seen or rng.random() >= removals
        change = Change(now, replica, rng.choice(ITEMS) if adds else rng.choice(seen), adds)
        carts[replica] = _changed(carts[replica], change)
        steps.append(change)
        sends, dropped = rng.random() < talk, rng.random() < loss
        source = rng.randrange(replicas)
        target = (source + rng.randrange(1, replicas)) % replicas
        delays = [rng.uniform(5, 60), rng.uniform(5, 60)]
        if sends and not dropped:
            for delay in delays[: 2 if twice else 1]:
                under_way.append((Copy(now + 1, source, now + 1 + delay, target), carts[source]))
    return steps


def played[C: Cart](steps: Sequence[Step], empty: C, replicas: int) -> list[C]:
    """Return the state of each replica after a history, if they keep the cart in this way.

    A copy carries what its sender knew when it was sent.
    """
    carts = [empty for _ in range(replicas)]
    copies: dict[tuple[float, int], C] = {}
    order = sorted(
        [(step.at if isinstance(step, Change) else step.came, 1, number) for number, step in enumerate(steps)]
        + [(step.sent, 0, number) for number, step in enumerate(steps) if isinstance(step, Copy)]
    )
    for _, takes_effect, number in order:
        step = steps[number]
        if isinstance(step, Change):
            carts[step.replica] = _changed(carts[step.replica], step)
        elif takes_effect:
            carts[step.target] = carts[step.target].merge(copies[step.sent, step.source])
        else:
            copies[step.sent, step.source] = carts[step.source]
    return carts


def together[C: Cart](carts: Sequence[C]) -> C:
    """Return what the replicas hold once each has merged the states of all others."""
    whole = carts[0]
    for cart in carts[1:]:
        whole = whole.merge(cart)
    return whole


def deviations(
    steps: Sequence[Step], kinds: Mapping[str, Cart], replicas: int
) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return, for each kind of cart, the items that are missing in the end and those that are back, by what people did.

    By what they did, an item is in the cart if somebody added it and nobody who had seen that addition removed it.
    """
    wanted = together(played(steps, ObservedCart(), replicas)).items()
    found = {kind: together(played(steps, empty, replicas)).items() for kind, empty in kinds.items()}
    return {kind: (wanted - items, items - wanted) for kind, items in found.items()}


def _changed[C: Cart](cart: C, change: Change) -> C:
    stamp = (change.at, change.replica)
    return cart.add(change.item, stamp) if change.adds else cart.remove(change.item, stamp)
