"""How long a recorded request would have taken if some work in it had been faster.

What a span did between its calls keeps its length or is scaled; a call begins as long after the calls that had ended before it as it
did. So what ran at once still does, and what ran in a row too.

Source:
    Zhang and others, "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022,
        https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou
"""

from collections.abc import Callable

from labs_py.model.trace import TracedSpan


def duration_if(first: TracedSpan, factor: Callable[[TracedSpan], float]) -> float:
    """Return a request's duration in nanoseconds if each span's own work took `factor(span)` times as long, 0 or more.

    With a factor of 1 everywhere it is the recorded duration.
    """
    lengths: dict[int, float] = {}
    for span in reversed(list(first.walk())):
        lengths[id(span)] = _length(span, factor(span), lengths)
    return lengths[id(first)]


def _length(span: TracedSpan, factor: float, lengths: dict[int, float]) -> float:
    """Return a span's new length from those of its children."""
    children = [child for child in span.children if child.waited_for and child.duration_ns]
    finished = sorted(children, key=lambda child: child.end_ns)
    ends: dict[int, float] = {}
    done = 0
    # When the last of the calls that had ended by then ended, as recorded and as it would.
    before, then = span.start_ns, 0.0
    for child in children:
        while finished[done].end_ns <= child.start_ns:
            before = finished[done].end_ns
            then = max(then, ends[id(finished[done])])
            done += 1
        ends[id(child)] = then + (child.start_ns - before) * factor + lengths[id(child)]
    last = finished[-1].end_ns if finished else span.start_ns
    return max(ends.values(), default=0.0) + (span.end_ns - last) * factor


def gain_at_once(span: TracedSpan) -> int:
    """Return how many nanoseconds a span's calls in a row cost beyond the longest of them.

    It is what the span would gain if they all ran at once, which only its code can tell to be possible.
    """
    children = [child for child in span.children if child.waited_for and child.duration_ns]
    rows: list[tuple[int, int]] = []
    for child in children:
        if rows and child.start_ns < rows[-1][1]:
            start, end = rows[-1]
            rows[-1] = start, max(end, child.end_ns)
        else:
            rows.append((child.start_ns, child.end_ns))
    lengths = [end - start for start, end in rows]
    return sum(lengths) - max(lengths, default=0)
