"""What a span's service did for one call: its own work, and which calls of other services it waited for, in a row or at once.

A tracer writes down more than services: functions inside one, and both sides of a call. Spans of one service that stand under one
another are one piece of work here, and a client's span with the server's below it is one call.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from labs_py.model.trace import TracedSpan

# A service and one of its operations; "" where there is no telling which.
Target = tuple[str, str]
# The calls of one piece of work: steps in a row, of branches at once, of calls in a row.
Shape = tuple[tuple[tuple[Target, ...], ...], ...]


def target_of(span: TracedSpan) -> Target:
    """Return what a span is a call of."""
    return span.service, span.operation


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One call of another service: `span` is the callee's, from `start_ns` to `end_ns` the caller waited.

    `network_ns` is how long it waited beyond the callee's span; None where only the callee wrote the call down.
    """

    span: TracedSpan
    start_ns: int
    end_ns: int
    network_ns: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work of one service. `dropped` counts calls that it did not wait for."""

    span: TracedSpan
    calls: tuple[ServiceCall, ...]
    dropped: int

    @property
    def own_ns(self) -> int:
        """The time in which it waited for no call."""
        waited, until = 0, self.span.start_ns
        for call in self.calls:
            waited += max(0, call.end_ns - max(until, call.start_ns))
            until = max(until, call.end_ns)
        return self.span.duration_ns - waited

    @property
    def shape(self) -> Shape:
        """What it calls: calls that overlap are one step, in which each branch is a row of calls."""
        steps: list[list[list[ServiceCall]]] = []
        until = self.span.start_ns
        for call in self.calls:
            if not steps or call.start_ns >= until:
                steps.append([])
            branch = next((row for row in steps[-1] if row[-1].end_ns <= call.start_ns), None)
            if branch is None:
                steps[-1].append([call])
            else:
                branch.append(call)
            until = max(until, call.end_ns)
        return tuple(tuple(tuple(target_of(call.span) for call in row) for row in step) for step in steps)


def works(first: TracedSpan) -> Iterator[Work]:
    """Yield every piece of work of a request that somebody waited for, the request's own first."""
    waiting = [first]
    while waiting:
        work = _work(waiting.pop())
        yield work
        waiting.extend(call.span for call in reversed(work.calls))


def _work(span: TracedSpan) -> Work:
    calls: list[ServiceCall] = []
    dropped = 0
    inside = [span]
    while inside:
        one = inside.pop()
        for child in one.children:
            if not child.waited_for:
                dropped += 1
            elif child.service == span.service:
                inside.append(child)
            else:
                both = one is not span and (one.kind, child.kind) == ("client", "server")
                outer = one if both else child
                network = one.duration_ns - child.duration_ns if both else None
                calls.append(ServiceCall(child, outer.start_ns, outer.end_ns, network))
    calls.sort(key=lambda call: (call.start_ns, call.end_ns, call.span.name))
    return Work(span, tuple(calls), dropped)
