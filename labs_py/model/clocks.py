"""Events of processes that send messages, which of them can have caused which, and what three kinds of clock say of it.

A history is a list of events in the order of true time, which nobody in the system knows. An event that receives messages names the
events that sent them by their place in the list.

Source:
    Leslie Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", Communications of the ACM 21(7), 1978,
        https://doi.org/10.1145/359545.359563
    Colin J. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", ACSC 1988.
    Friedemann Mattern, "Virtual Time and Global States of Distributed Systems", Parallel and Distributed Algorithms, 1989.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Order = Literal["same", "before", "after", "concurrent"]


@dataclass(frozen=True)
class Event:
    """One event: the process, the true time in milliseconds, and the events whose messages it receives."""

    process: int
    at: float
    heard: tuple[int, ...] = ()


def causes(events: Sequence[Event]) -> list[int]:
    """Return, for each event, the events that happened before it, as an integer with a 1 at the place of each.

    Happened before: earlier in the same process, or sent what is received, or before something that was.
    """
    found: list[int] = []
    last: dict[int, int] = {}
    for place, event in enumerate(events):
        past = 0
        for source in (*event.heard, *([last[event.process]] if event.process in last else [])):
            past |= found[source] | 1 << source
        found.append(past)
        last[event.process] = place
    return found


def lamport(events: Sequence[Event]) -> list[int]:
    """Return Lamport's logical clock at each event: one more than the largest that its process has shown or heard."""
    shown: dict[int, int] = {}
    stamps: list[int] = []
    for event in events:
        stamp = 1 + max([shown.get(event.process, 0), *(stamps[source] for source in event.heard)])
        shown[event.process] = stamp
        stamps.append(stamp)
    return stamps


def vectors(events: Sequence[Event], processes: int) -> list[tuple[int, ...]]:
    """Return the vector clock at each event: how many events of each process happened before it, its own counted."""
    known = [(0,) * processes for _ in range(processes)]
    stamps: list[tuple[int, ...]] = []
    for event in events:
        heard = [known[event.process], *(stamps[source] for source in event.heard)]
        most = [max(entries) for entries in zip(*heard, strict=True)]
        most[event.process] += 1
        known[event.process] = tuple(most)
        stamps.append(tuple(most))
    return stamps


def order(one: Sequence[int], other: Sequence[int]) -> Order:
    """Return how two vector clocks stand to each other.

    >>> order((2, 1, 0), (2, 0, 1)), order((2, 0, 0), (2, 1, 0))
    ('concurrent', 'before')
    """
    less = all(a <= b for a, b in zip(one, other, strict=True))
    more = all(a >= b for a, b in zip(one, other, strict=True))
    return "same" if less and more else "before" if less else "after" if more else "concurrent"


def random_history(
    processes: int, each: int, talk: float, seed: int, fastest: float = 5.0, slowest: float = 14.0
) -> list[Event]:
    """Return a history with `each` events in each process, about 10 ms apart.

    An event takes all messages that have come and then, with probability `talk`, sends one to another process, which comes after
    `fastest` to `slowest` milliseconds.
    """
    rng = random.Random(seed)
    times = sorted((10 * slot + rng.uniform(2, 8), process) for process in range(processes) for slot in range(each))
    under_way: list[list[tuple[float, int]]] = [[] for _ in range(processes)]
    events: list[Event] = []
    for at, process in times:
        come = [(arrival, sender) for arrival, sender in under_way[process] if arrival <= at]
        under_way[process] = [message for message in under_way[process] if message not in come]
        if processes > 1 and rng.random() < talk:
            target = (process + rng.randrange(1, processes)) % processes
            under_way[target].append((at + rng.uniform(fastest, slowest), len(events)))
        events.append(Event(process, at, tuple(sorted(sender for _, sender in come))))
    return events


def skewed(events: Sequence[Event], processes: int, most: float, seed: int) -> list[float]:
    """Return what the process's own wall clock shows at each event, in milliseconds; each clock is off by up to `most`, either way."""
    rng = random.Random(seed)
    off = [rng.uniform(-most, most) for _ in range(processes)]
    return [event.at + off[event.process] for event in events]
