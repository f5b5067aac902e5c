"""What many recorded requests have in common: how long they took, what they waited for, and what would make them faster.

Percentiles come from histograms within 0.4 %, sums are exact; a random sample of whole requests is kept for what needs them one by one,
and the slowest. Memory does not grow with the number of requests, nor with that of the names in them.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from labs_py.model.critical_path import critical_path
from labs_py.model.histogram import Histogram
from labs_py.model.operation_names import OperationNames
from labs_py.model.recorded_span import RecordedSpan
from labs_py.model.service_calls import Target, target_of
from labs_py.model.trace import TracedSpan, traces
from labs_py.model.trace_file import Dependency, Recorded
from labs_py.model.traced_architecture import TracedArchitecture
from labs_py.model.what_if import duration_if, gain_at_once

KEPT = 500
SPANS_KEPT = 100_000  # in the sample, of which there is always at least one request
_EVERY = 200  # requests, between two looks at how far it has come


@dataclass
class Share:
    """What one operation contributed: requests that waited for it, its own time on their paths, and its calls in a row.

    `call` says that it is the caller's side of a call: its own time is what the network took, or a callee that wrote no span.
    """

    call: bool = False
    requests: int = 0
    exclusive: Histogram = field(default_factory=Histogram)
    in_a_row_ns: int = 0


class TraceSummary:
    """Learns from requests, one after another. `latency` is by the first span's service and operation, `shares` by each span's."""

    def __init__(self) -> None:
        self.requests = 0
        self.spans = 0
        self.failed = 0
        self.repairs: Counter[str] = Counter()
        self.latency: dict[Target, Histogram] = {}
        self.shares: dict[Target, Share] = {}
        self.kept: list[TracedSpan] = []
        self.slowest: TracedSpan | None = None
        self.architecture = TracedArchitecture()
        self._names = OperationNames(self.repairs)
        self._sizes: list[int] = []
        self._only: dict[str, TraceSummary] = {}
        self._rng = random.Random(1)

    def read(self, recorded: Iterable[Recorded]) -> Iterator[int]:
        """Learn from everything in a file; yield the number of requests so far, now and then and at the end."""
        for first in traces(self._spans(recorded), self.repairs):
            self.add(first)
            if self.requests % _EVERY == 0:
                yield self.requests
        yield self.requests

    def _spans(self, recorded: Iterable[Recorded]) -> Iterator[RecordedSpan]:
        for item in recorded:
            if isinstance(item, Dependency):
                self.architecture.add_dependency(item)
            else:
                item.service, item.operation = self._names.plain(item.service, item.operation)
                yield item

    def add(self, first: TracedSpan) -> None:
        """Learn from one request."""
        self.requests += 1
        self.failed += first.failed
        self.latency.setdefault(target_of(first), Histogram()).add(first.duration_ns)
        own: Counter[Target] = Counter()
        for stretch in critical_path(first):
            own[target_of(stretch.span)] += stretch.duration_ns
            if stretch.span.kind == "client":
                self._share(target_of(stretch.span)).call = True
        for target, nanoseconds in own.items():
            share = self._share(target)
            share.requests += 1
            share.exclusive.add(nanoseconds)
        size = 0
        for span in first.walk():
            size += 1
            if gain := gain_at_once(span):
                self._share(target_of(span)).in_a_row_ns += gain
        self.spans += size
        self.architecture.add(first)
        if self.slowest is None or first.duration_ns > self.slowest.duration_ns:
            self.slowest = first
        self._keep(first, size)

    def _share(self, target: Target) -> Share:
        share = self.shares.get(target)
        if share is None:
            share = self.shares[target] = Share()
        return share

    def _keep(self, first: TracedSpan, size: int) -> None:
        """Keep a random sample (reservoir sampling), smaller where requests are large."""
        room = max(1, min(KEPT, SPANS_KEPT * self.requests // self.spans))
        if self.requests == 1 or (len(self.kept) < room and len(self.kept) == self.requests - 1):
            self.kept.append(first)
            self._sizes.append(size)
        elif (place := self._rng.randrange(self.requests)) < min(room, len(self.kept)):
            self.kept[place], self._sizes[place] = first, size
        while len(self.kept) > 1 and sum(self._sizes) > SPANS_KEPT:
            place = self._rng.randrange(len(self.kept))
            del self.kept[place], self._sizes[place]

    def latencies(self) -> Histogram:
        """Return the latency of all requests, whatever their first span."""
        histogram = Histogram()
        for one in self.latency.values():
            histogram.merge(one)
        return histogram

    def only(self, endpoint: str) -> "TraceSummary":
        """Return the summary of those requests of the sample whose first span has this service and operation, with a space between."""
        if endpoint not in self._only:
            found = TraceSummary()
            for first in self.kept:
                if " ".join(target_of(first)) == endpoint:
                    found.add(first)
            self._only[endpoint] = found
        return self._only[endpoint]

    def latency_if(self, factor: Callable[[TracedSpan], float]) -> Histogram:
        """Return the latency of the sample if each span's own work took `factor(span)` times as long."""
        histogram = Histogram()
        for first in self.kept:
            histogram.add(round(duration_if(first, factor)))
        return histogram
