"""Traces as a perfect tracer would write them: every call of a plan takes exactly its mean, and both sides note it down."""

from labs_py.model.plan import AtMost, InOrder, Plan, Repeated, Span, Together
from labs_py.model.recorded_span import RecordedSpan


class Recorder:
    """Writes down the spans of requests."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []

    def request(self, plan: Span, trace: str, operation: str, start_ns: int = 0) -> int:
        """Record one request from `start_ns` on; return its end."""
        return self._server(plan, trace, "", plan.name, operation, start_ns)

    def _server(self, span: Span, trace: str, parent: str, service: str, operation: str, start: int) -> int:
        ident = f"{len(self.spans)}"
        record = RecordedSpan(trace, ident, parent, service, operation, start, start, "server")
        self.spans.append(record)
        record.end_ns = self._part(span.inner, trace, ident, service, start + round(span.work.mean * span.batch * 1e9))
        return record.end_ns

    def _part(self, plan: Plan, trace: str, parent: str, caller: str, start: int) -> int:
        if isinstance(plan, AtMost):
            return self._part(plan.part, trace, parent, caller, start)
        if isinstance(plan, InOrder):
            for part in plan.parts:
                start = self._part(part, trace, parent, caller, start)
            return start
        if isinstance(plan, Together):
            return max((self._part(branch, trace, parent, caller, start) for branch in plan.branches), default=start)
        if isinstance(plan, Repeated):
            ends = [start]
            for _ in range(plan.times):
                ends.append(self._part(plan.part, trace, parent, caller, start if plan.at_once else ends[-1]))
            return max(ends)
        service, _, operation = plan.name.partition("/")
        ident = f"{len(self.spans)}"
        client = RecordedSpan(trace, ident, parent, caller, f"call {plan.name}", start, start, "client")
        self.spans.append(client)
        way = round(plan.network.mean * 1e9)
        client.end_ns = (
            self._server(plan, trace, ident, service, operation or "default", start + way // 2) + way - way // 2
        )
        return client.end_ns
