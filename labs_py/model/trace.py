"""Recorded spans as trees, one a request, with what is wrong in them repaired and every repair counted.

Clocks of different machines disagree, spans get lost, and some are written twice. A child of another service that starts before its
parent, or the server's span of a call that does not fit into the client's, shows a clock that is off: it and all below it are moved, to
the middle of the parent if it fits there, as Jaeger does. What still sticks out is cut. What lies outside was not waited for.

Source:
    Jaeger, "Clock Skew Adjustment", https://www.jaegertracing.io/docs/latest/deployment/cli/ (query.max-clock-skew-adjustment)
    Zhang and others, "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022,
        https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from labs_py.model.recorded_span import Kind, RecordedSpan

DUPLICATE = "spans written twice, the second left out"
SHARED = "spans that client and server shared, taken apart"
ORPHAN = "spans whose parent is missing, hung under the request's first span"
STRAY = "spans whose parent is missing, and that lie outside the request: left out"
LOOP = "spans that were their own ancestors, left out"
BACKWARD = "spans that ended before they began, taken as instants"
SKEW = "spans moved, because a clock was off"
CUT = "spans that stuck out of their parents, cut"
OUTSIDE = "spans outside their parents, taken as not waited for"
SECOND_ROOT = "further first spans of one trace, taken as requests of their own"
LATE = "spans that came long after the rest of their trace, left out"


@dataclass(slots=True)
class TracedSpan:
    """One span of a repaired tree. Times are in nanoseconds; children lie within it unless it does not wait for them."""

    service: str
    operation: str
    start_ns: int
    end_ns: int
    kind: Kind
    failed: bool
    waited_for: bool
    children: list["TracedSpan"] = field(default_factory=list)

    @property
    def duration_ns(self) -> int:
        """Its length."""
        return self.end_ns - self.start_ns

    @property
    def name(self) -> str:
        """`SERVICE/OPERATION`."""
        return f"{self.service}/{self.operation}"

    def walk(self) -> Iterator["TracedSpan"]:
        """Yield this span and all below it, parents before children."""
        waiting = [self]
        while waiting:
            span = waiting.pop()
            yield span
            waiting.extend(reversed(span.children))


def traces(spans: Iterable[RecordedSpan], repairs: Counter[str], most_held: int = 200_000) -> Iterator[TracedSpan]:
    """Yield the first span of every request, with the whole tree below it; count what was repaired in `repairs`.

    A trace is put together from spans anywhere among `most_held` spans in a row; those of it that come later are left out.
    """
    held: dict[str, list[RecordedSpan]] = {}
    done: dict[str, None] = {}
    count = 0
    for span in spans:
        if span.trace in done:
            repairs[LATE] += 1
            continue
        # Taken out and put in again, a trace that has just grown stands last.
        own = held.pop(span.trace, None) or []
        own.append(span)
        held[span.trace] = own
        count += 1
        while count > most_held:
            oldest = next(iter(held))
            count -= len(held[oldest])
            yield from requests(held.pop(oldest), repairs)
            done[oldest] = None
            if len(done) > most_held:
                del done[next(iter(done))]
    for own in held.values():
        yield from requests(own, repairs)


def requests(spans: Iterable[RecordedSpan], repairs: Counter[str]) -> list[TracedSpan]:
    """Return the first spans of the requests in one trace, repaired, the earliest first."""
    known, parents = _identified(spans, repairs)
    children: dict[str, list[str]] = {key: [] for key in known}
    roots, orphans = [], []
    for key, parent in parents.items():
        if not parent:
            roots.append(key)
        elif parent in known:
            children[parent].append(key)
        else:
            orphans.append(key)
    orphans.sort(key=lambda key: (known[key].start_ns, -known[key].end_ns))
    if not roots and orphans:
        roots.append(orphans.pop(0))
        repairs[ORPHAN] += 1
    roots.sort(key=lambda key: known[key].start_ns)
    if len(roots) > 1:
        repairs[SECOND_ROOT] += len(roots) - 1
    strays = []
    for key in orphans:
        home = next((root for root in roots if _within(known[key], known[root])), None)
        if home is None:
            strays.append(key)
        else:
            repairs[ORPHAN] += 1
            children[home].append(key)
    lost = _count(strays, children)
    repairs[STRAY] += lost
    repairs[LOOP] += len(known) - lost - _count(roots, children)
    return [_tree(root, known, children, repairs) for root in roots]


def _count(tops: Iterable[str], children: Mapping[str, list[str]]) -> int:
    """Return the number of spans in the trees with these tops."""
    waiting, count = list(tops), 0
    while waiting:
        count += 1
        waiting.extend(children[waiting.pop()])
    return count


def _within(inner: RecordedSpan, outer: RecordedSpan) -> bool:
    return outer.start_ns <= inner.start_ns and inner.end_ns <= outer.end_ns


def _identified(
    spans: Iterable[RecordedSpan], repairs: Counter[str]
) -> tuple[Mapping[str, RecordedSpan], Mapping[str, str]]:
    """Return spans by an id that is theirs alone, and the id of each one's parent."""
    known: dict[str, RecordedSpan] = {}
    parents: dict[str, str] = {}
    shared: dict[str, str] = {}
    for span in spans:
        other = known.get(span.ident)
        if other is None:
            known[span.ident] = span
            parents[span.ident] = "" if span.parent == span.ident else span.parent
            continue
        if {other.kind, span.kind} != {"client", "server"} or span.ident in shared:
            repairs[DUPLICATE] += 1
            continue
        # Zipkin's habit: one id for both sides of a call. The server's side is what the client's waits for.
        repairs[SHARED] += 1
        key = f"{span.ident} server"
        client, server = (other, span) if span.kind == "server" else (span, other)
        known[span.ident], known[key] = client, server
        parents[span.ident], parents[key] = client.parent, span.ident
        shared[span.ident] = key
    for key, parent in parents.items():
        # What the server's side called names the shared id; it belongs to the server.
        if parent in shared and shared[parent] != key:
            parents[key] = shared[parent]
    return known, parents


def _tree(
    top: str, known: Mapping[str, RecordedSpan], children: Mapping[str, list[str]], repairs: Counter[str]
) -> TracedSpan:
    """Return the tree below a span, each span put right as soon as its parent stands fast."""
    first = _traced(known[top], 0, repairs)
    waiting = [(top, first, 0)]
    while waiting:
        key, parent, moved = waiting.pop()
        for child in children[key]:
            span = _traced(known[child], moved, repairs)
            shift = _placed(span, parent, repairs)
            parent.children.append(span)
            waiting.append((child, span, moved + shift))
        parent.children.sort(key=lambda span: (span.start_ns, span.end_ns, span.name))
    return first


def _traced(span: RecordedSpan, moved: int, repairs: Counter[str]) -> TracedSpan:
    if span.end_ns < span.start_ns:
        repairs[BACKWARD] += 1
    start, end = span.start_ns + moved, max(span.start_ns, span.end_ns) + moved
    return TracedSpan(span.service, span.operation, start, end, span.kind, span.failed, span.waited_for)


def _placed(span: TracedSpan, parent: TracedSpan, repairs: Counter[str]) -> int:
    """Put a span where its parent allows it to be; return by how many nanoseconds it has been moved."""
    if not span.waited_for or (parent.kind, span.kind) == ("producer", "consumer"):
        span.waited_for = False
        return 0
    shift = 0
    one_call = (parent.kind, span.kind) == ("client", "server")
    if span.service != parent.service and (
        span.start_ns < parent.start_ns or (one_call and span.end_ns > parent.end_ns)
    ):
        repairs[SKEW] += 1
        spare = parent.duration_ns - span.duration_ns
        shift = parent.start_ns + max(0, spare) // 2 - span.start_ns
        span.start_ns += shift
        span.end_ns += shift
    start, end = max(span.start_ns, parent.start_ns), min(span.end_ns, parent.end_ns)
    if start > end or (start == end and span.duration_ns):
        repairs[OUTSIDE] += 1
        span.waited_for = False
    elif (start, end) != (span.start_ns, span.end_ns):
        repairs[CUT] += 1
        span.start_ns, span.end_ns = start, end
    return shift
