"""What happened to a simulated request, call by call, and its export as a trace.

Source:
    OpenTelemetry Authors, "OpenTelemetry Protocol Specification" (JSON Protobuf encoding), https://opentelemetry.io/docs/specs/otlp/
"""

from typing import TYPE_CHECKING, Any

from labs_py.model.outcome import ANSWERED
from labs_py.model.ticks import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labs_py.model.calls import Route


class Span:
    """One call. Times are in nanoseconds: the caller sent it and heard of its end; the callee got it, started to work and ended.

    A time is infinite when it never came, or had not come when the simulation stopped.
    """

    __slots__ = ("answered", "arrived", "children", "ended", "operation", "outcome", "sent", "service", "started")

    def __init__(self, service: str, operation: str, sent: float) -> None:
        self.service = service
        self.operation = operation
        self.sent = sent
        self.arrived = self.started = self.ended = self.answered = NEVER
        self.outcome = ""
        self.children: list[Span] = []

    def call(self, route: "Route", sent: float) -> "Span":
        """Return a new span of a call that this one makes."""
        made = Span(route.service, route.operation, sent)
        self.children.append(made)
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the span with all below it as JSON types, times in nanoseconds, null for one that never came."""
        return {
            "service": self.service,
            "operation": self.operation,
            "outcome": self.outcome or "under way",
            **{
                name: None if value == NEVER else int(value)
                for name, value in (
                    ("sent_ns", self.sent),
                    ("arrived_ns", self.arrived),
                    ("started_ns", self.started),
                    ("ended_ns", self.ended),
                    ("answered_ns", self.answered),
                )
            },
            "calls": [child.to_json() for child in self.children],
        }


def otlp(roots: "Sequence[Span]") -> dict[str, Any]:
    """Return traces as an OTLP JSON request body: for each call that ended, a server span, and a client span of the one who made it.

    The simulation's zero stands for the Unix epoch. What had not ended is left out, as a tracer would.
    """
    exported = _Export()
    for number, root in enumerate(roots, 1):
        exported.server(root, f"{number:032x}", "")
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                "scopeSpans": [{"scope": {"name": "labs_py.model.simulation"}, "spans": spans}],
            }
            for service, spans in exported.spans.items()
        ]
    }


class _Export:
    def __init__(self) -> None:
        self.spans: dict[str, list[dict[str, Any]]] = {}
        self.number = 0

    def server(self, span: Span, trace: str, parent: str) -> None:
        mine = parent
        if span.arrived < NEVER and span.ended < NEVER:
            mine = self.add(span.service, span, 2, span.arrived, span.ended, trace, parent)
        for child in span.children:
            above = mine
            if child.answered < NEVER:
                above = self.add(span.service, child, 3, child.sent, child.answered, trace, mine)
            self.server(child, trace, above)

    def add(self, service: str, span: Span, kind: int, start: float, end: float, trace: str, parent: str) -> str:
        self.number += 1
        made = f"{self.number:016x}"
        self.spans.setdefault(service, []).append(
            {
                "traceId": trace,
                "spanId": made,
                "parentSpanId": parent,
                "name": f"{span.service}/{span.operation}" if span.operation else span.service,
                "kind": kind,
                "startTimeUnixNano": str(int(start)),
                "endTimeUnixNano": str(int(end)),
                "attributes": [],
                "status": {"code": 0} if span.outcome in ANSWERED else {"code": 2, "message": span.outcome},
            }
        )
        return made
