"""What many recorded requests have in common: how long they took, what they waited for, and what would make them faster.

Percentiles come from histograms within 0.4 %, sums are exact; a random sample of whole requests is kept for what needs them one by one.
Memory does not grow with the number of requests.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from labs_py.model.critical_path import critical_path
from labs_py.model.histogram import Histogram
from labs_py.model.recorded_span import RecordedSpan
from labs_py.model.service_calls import Target, target_of
from labs_py.model.trace import TracedSpan, traces
from labs_py.model.trace_file import Dependency, Recorded
from labs_py.model.traced_architecture import TracedArchitecture
from labs_py.model.what_if import duration_if, gain_at_once

KEPT = 500
_EVERY = 200  # requests, between two looks at how far it has come


@dataclass
class Share:
    """What one operation contributed: requests that waited for it, its own time on their paths, and its calls in a row."""

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
        self.architecture = TracedArchitecture()
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
                yield item

    def add(self, first: TracedSpan) -> None:
        """Learn from one request."""
        self.requests += 1
        self.failed += first.failed
        self.latency.setdefault(target_of(first), Histogram()).add(first.duration_ns)
        own: Counter[Target] = Counter()
        for stretch in critical_path(first):
            own[target_of(stretch.span)] += stretch.duration_ns
        for target, nanoseconds in own.items():
            share = self._share(target)
            share.requests += 1
            share.exclusive.add(nanoseconds)
        for span in first.walk():
            self.spans += 1
            if gain := gain_at_once(span):
                self._share(target_of(span)).in_a_row_ns += gain
        self.architecture.add(first)
        self._keep(first)

    def _share(self, target: Target) -> Share:
        return self.shares.setdefault(target, Share())

    def _keep(self, first: TracedSpan) -> None:
        """Keep a random sample (reservoir sampling)."""
        if len(self.kept) < KEPT:
            self.kept.append(first)
        elif (place := self._rng.randrange(self.requests)) < KEPT:
            self.kept[place] = first

    def latency_if(self, factor: Callable[[TracedSpan], float]) -> Histogram:
        """Return the latency of the sample if each span's own work took `factor(span)` times as long."""
        histogram = Histogram()
        for first in self.kept:
            histogram.add(round(duration_if(first, factor)))
        return histogram
