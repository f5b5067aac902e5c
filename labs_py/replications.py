"""A long run as many short ones: independent replications, whose results are put together in order.

They may run one after another, or spread over the workers of a browser. What comes out is the same, because replication `number`
depends on nothing but `number`, and `summary` sees the results in the order of their numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from labs_py.report import Report


@dataclass(frozen=True)
class Replications:
    """What the `run` of a long lab returns: `count` replications, at least one.

    `one` returns the result of replication 0 ... `count` - 1, of JSON types; it takes its randomness from a seed made of that number.
    `summary` makes the report of the first of these results, however many there are, so that it can be shown while others are under way.
    """

    count: int
    one: Callable[[int], Any]
    summary: Callable[[Sequence[Any]], Report]

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")

    def report(self) -> Report:
        """Return the report of all replications, run here one after another."""
        return self.summary([self.one(number) for number in range(self.count)])
