"""Two replicas of one shopping cart, clients on both sides, and a link that can be cut: what CP, AP, EC and EL each give up.

Times are whole milliseconds. A client on each side adds one item at a time to the same cart (a write) and looks into it (a read).

- Consistency first means that a write is acknowledged once both replicas hold it; latency or availability first means that it is
  acknowledged by the near replica and sent to the other one.
- What is sent while the link is cut, or is on its way when it is cut, arrives one one-way delay after it heals.
- A read is stale when an item whose write was acknowledged before the read began is missing from the answer.
- After a partition both carts may have grown. Union keeps every item; last write wins keeps the cart that was written last, and with it
  only the items that cart held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SIDES = ("A", "B")


@dataclass(frozen=True)
class Setup:
    """Settings of one run; times in milliseconds. The link is cut from `cut` until `heal` (not at all when they are equal).

    `refuses` says that a write is refused while the other replica cannot be reached (CP); otherwise it is taken (AP). `waits` says that
    a write waits for both replicas while they are connected (EC); otherwise it does not (EL). `union` merges carts after a partition;
    otherwise the last write wins.
    """

    cut: int
    heal: int
    round_trip: int
    refuses: bool
    waits: bool
    union: bool
    length: int = 10_000
    write_every: int = 500
    read_every: int = 200
    read_offset: int = 20

    def __post_init__(self) -> None:
        if not 0 <= self.cut <= self.heal <= self.length:
            raise ValueError(
                f"heal must be from the time of the cut to {self.length} ms, got cut {self.cut} and heal {self.heal}"
            )


@dataclass(frozen=True)
class Write:
    """One write: when and where it began, what became of it (`accepted`, `refused`, `lost`) and how long its client waited.

    `acknowledged` is None when it was refused. `seen` holds the time from which each replica shows it.
    """

    at: int
    side: str
    outcome: str
    latency: int
    acknowledged: int | None
    seen: tuple[int, int]


@dataclass(frozen=True)
class Read:
    """One read: when, where, and whether an acknowledged item was missing."""

    at: int
    side: str
    stale: bool


def operations(setup: Setup) -> tuple[list[Write], list[Read]]:
    """Return all writes and reads of one run, each in the order of time."""
    period = setup.write_every
    times = [
        (at, side)
        for side, offset in zip(SIDES, (0, period // 2), strict=True)
        for at in range(offset, setup.length, period)
    ]
    writes = [_write(setup, at, side) for at, side in sorted(times)]
    if not setup.union:
        writes = _last_write_wins(setup, writes)
    reads = [
        Read(at, side, _stale(writes, at, index))
        for at in range(setup.read_offset, setup.length, setup.read_every)
        for index, side in enumerate(SIDES)
    ]
    return writes, reads


def _write(setup: Setup, at: int, side: str) -> Write:
    one_way = setup.round_trip // 2
    near = SIDES.index(side)

    def seen(here: int, there: int) -> tuple[int, int]:
        return (here, there) if near == 0 else (there, here)

    reachable = not _meets_cut(setup, at, at + setup.round_trip)
    if setup.waits and reachable:
        # Either replica may show the item from the moment both hold it; it is acknowledged when the answer is back.
        return Write(at, side, "accepted", setup.round_trip, at + setup.round_trip, seen(at + one_way, at + one_way))
    if setup.refuses and (_meets_cut(setup, at, at) or setup.waits):
        return Write(at, side, "refused", 0, None, seen(setup.length, setup.length))
    arrives = at + one_way if not _meets_cut(setup, at, at + one_way) else setup.heal + one_way
    return Write(at, side, "accepted", 0, at, seen(at, arrives))


def _meets_cut(setup: Setup, start: int, end: int) -> bool:
    """Return whether the link is cut at some moment from `start` to `end`."""
    return setup.cut < setup.heal and start < setup.heal and end >= setup.cut


def _last_write_wins(setup: Setup, writes: Sequence[Write]) -> list[Write]:
    """Return the writes with those marked lost that stood only in the cart that was written first."""
    apart = [write for write in writes if write.acknowledged is not None and _diverged(setup, write)]
    if len({write.side for write in apart}) < 2:
        return list(writes)
    winner = apart[-1].side
    return [
        Write(write.at, write.side, "lost", write.latency, write.acknowledged, write.seen)
        if write in apart and write.side != winner
        else write
        for write in writes
    ]


def _diverged(setup: Setup, write: Write) -> bool:
    """Return whether the two carts differed by this write until the link healed."""
    return setup.cut < setup.heal and write.at < setup.heal <= max(write.seen)


def _stale(writes: Sequence[Write], at: int, index: int) -> bool:
    return any(write.acknowledged is not None and write.acknowledged <= at < write.seen[index] for write in writes)


def totals(writes: Sequence[Write], reads: Sequence[Read]) -> dict[str, int]:
    """Return how many writes were accepted, refused and lost, and how many reads were fresh and stale."""
    return {
        "accepted_writes": sum(write.outcome == "accepted" for write in writes),
        "refused_writes": sum(write.outcome == "refused" for write in writes),
        "lost_writes": sum(write.outcome == "lost" for write in writes),
        "fresh_reads": sum(not read.stale for read in reads),
        "stale_reads": sum(read.stale for read in reads),
    }
