"""What a request waited for: the stretches of time, span by span, that add up to its latency.

The path is walked backward from the end of a span: the child that finished last is what it waited for; before that child began, it
waited for the child that had finished last by then; and so on. What is left between is the span's own time.

Source:
    Zhang and others, "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022,
        https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from labs_py.model.trace import TracedSpan

# Two children in a row whose clocks overlap by less than this share of their parent were one after the other (CRISP's rule).
_OVERLAP = 0.01


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, in nanoseconds, in which a request waited for the own work of one span."""

    span: TracedSpan
    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """Its length."""
        return self.end_ns - self.start_ns


def critical_path(first: TracedSpan) -> list[Stretch]:
    """Return the stretches that a request waited for, in order of time. They are disjoint, and their lengths add up to its own."""
    path: list[Stretch] = []
    waiting = [(first, first.start_ns, first.end_ns)]
    while waiting:
        span, start, until = waiting.pop()
        for child, begin, end in _waited_for(span, start, until):
            if end < until:
                path.append(Stretch(span, end, until))
            waiting.append((child, begin, end))
            until = begin
        if start < until:
            path.append(Stretch(span, start, until))
    return sorted(path, key=lambda stretch: stretch.start_ns)


def _waited_for(span: TracedSpan, start: int, until: int) -> Iterator[tuple[TracedSpan, int, int]]:
    """Yield the children that a span waited for between two moments, the last first, each with the time waited for it."""
    children = [child for child in span.children if child.waited_for and child.duration_ns]
    # Of two that ended together, the one that began first explains more.
    children.sort(key=lambda child: (-child.end_ns, child.start_ns, child.name))
    events = sorted([*(child.start_ns for child in children), *(child.end_ns for child in children)])
    slack = span.duration_ns * _OVERLAP
    for child in children:
        if child.start_ns >= until or child.end_ns <= start:
            continue
        overlap = child.end_ns - until
        alone = bisect_left(events, child.end_ns) == bisect_right(events, until)
        if overlap <= 0 or (overlap < slack and alone):
            begin = max(child.start_ns, start)
            yield child, begin, min(child.end_ns, until)
            until = begin
