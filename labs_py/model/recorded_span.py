"""A span as a tracer wrote it down: one piece of work of one service, with its parent's id. Nothing is repaired yet."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["server", "client", "producer", "consumer", "internal", ""]


@dataclass(slots=True)
class RecordedSpan:
    """One span. `start_ns` and `end_ns` are nanoseconds since an epoch that all spans of a file share; `parent` is "" for a root.

    `waited_for` is false where the file itself says that the parent does not wait (a reference FOLLOWS_FROM). `links` counts further
    spans that this one names and that are not its parent.
    """

    trace: str
    ident: str
    parent: str
    service: str
    operation: str
    start_ns: int
    end_ns: int
    kind: Kind = ""
    failed: bool = False
    waited_for: bool = True
    links: int = 0
