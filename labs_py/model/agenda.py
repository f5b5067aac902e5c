"""The events that are still to come, in order of time; those of one time in the order in which they were put down."""

from collections.abc import Callable
from heapq import heappush
from itertools import count
from typing import Any

type Event = tuple[float, int, Callable[[float, Any], None], Any]


class Agenda:
    """A heap of events. Handlers called often push onto `heap` themselves, as `at` does."""

    __slots__ = ("heap", "number")

    def __init__(self) -> None:
        self.heap: list[Event] = []
        self.number = count().__next__

    def at(self, time: float, action: Callable[[float, Any], None], subject: Any) -> None:
        """Have `action(time, subject)` called."""
        heappush(self.heap, (time, self.number(), action, subject))
