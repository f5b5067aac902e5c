"""An architecture file made from recorded traces: services, calls and their order, times, and failures as they were observed."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labs_py.model.service_calls import Shape, Target, Work, target_of, works
from labs_py.model.trace import TracedSpan
from labs_py.model.trace_file import Dependency

_VALUES = 10  # of a distribution, in the file
_KEPT = 1_000  # times of one kind of call, to take them from
_SHAPES = 200  # different orders of calls that are counted for one kind of call
_LONGEST_SHAPE = 5_000  # calls of one piece of work whose order is looked at
_ENOUGH = 3  # failures of a callee, before "its caller never minded" means something


class _Sample:
    """A random sample of times, of bounded size (reservoir sampling; Vitter, "Random Sampling with a Reservoir", 1985)."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.count = 0
        self._rng = random.Random(1)

    def add(self, value: int) -> None:
        self.count += 1
        if len(self.values) < _KEPT:
            self.values.append(value)
        elif (place := self._rng.randrange(self.count)) < _KEPT:
            self.values[place] = value

    def text(self) -> str:
        """The middle values of ten equal parts of the sample, as the file writes times."""
        ranked = sorted(self.values)
        count = min(_VALUES, len(ranked))
        chosen = [ranked[(2 * part + 1) * len(ranked) // (2 * count)] for part in range(count)]
        if chosen[0] == chosen[-1]:
            return _time(chosen[0])
        return f'{{shape = "empirical", values = [{", ".join(_time(value) for value in chosen)}]}}'


@dataclass
class _Kind:
    """All calls of one operation of one service."""

    count: int = 0
    own: _Sample = field(default_factory=_Sample)
    shapes: Counter[Shape] = field(default_factory=Counter)
    as_request: int = 0

    def add(self, work: Work, *, as_request: bool) -> None:
        self.count += 1
        self.as_request += as_request
        self.own.add(work.own_ns)
        shape = work.shape if len(work.calls) <= _LONGEST_SHAPE else ()
        if shape in self.shapes or len(self.shapes) < _SHAPES:
            self.shapes[shape] += 1

    def usual(self) -> Shape:
        """The order of calls seen most often; of several, the one with more calls."""
        return max(self.shapes, key=lambda shape: (self.shapes[shape], _size(shape), shape))


class TracedArchitecture:
    """Learns a system from its requests, one after another, in memory that does not grow with their number."""

    def __init__(self) -> None:
        self._kinds: dict[Target, _Kind] = {}
        self._network: dict[str, _Sample] = {}
        self._calls: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._survived: Counter[tuple[Target, Target]] = Counter()
        self._suffered: Counter[tuple[Target, Target]] = Counter()
        self._dependencies: dict[tuple[str, str], int] = {}
        self.requests = 0
        self.dropped = 0

    def add(self, first: TracedSpan) -> None:
        """Learn from one request."""
        self.requests += 1
        for work in works(first):
            span = work.span
            self._kinds.setdefault(target_of(span), _Kind()).add(work, as_request=span is first)
            self._calls[span.service] += 1
            self.dropped += work.dropped
            failing = [call.span for call in work.calls if call.span.failed]
            # A failure belongs to the service in which it began.
            self._failures[span.service] += span.failed and not failing
            for callee in failing:
                (self._suffered if span.failed else self._survived)[target_of(span), target_of(callee)] += 1
            for call in work.calls:
                if call.network_ns is not None:
                    self._network.setdefault(call.span.service, _Sample()).add(call.network_ns)

    def add_dependency(self, dependency: Dependency) -> None:
        """Learn that one service calls another, where there are counts and no traces."""
        self._dependencies[dependency.caller, dependency.callee] = dependency.calls

    @property
    def services(self) -> list[str]:
        """The names of all services, in alphabetical order."""
        called = {service for pair in self._dependencies for service in pair}
        return sorted({service for service, _ in self._kinds} or called)

    def text(self, name: str, source: str) -> str:
        """Return the architecture file.

        Raises:
            ValueError: nothing has been learned that a request could be made of.
        """
        if not self._kinds and not self._dependencies:
            raise ValueError(f"{source} must hold at least one request or dependency, got none")
        lines = [f"name = {_quoted(name)}", f"source = {_quoted(source)}", f"note = {_quoted(self._note())}", ""]
        return "\n".join(lines + (self._from_traces() if self._kinds else self._from_dependencies())) + "\n"

    def _note(self) -> str:
        if not self._kinds:
            return "Made from call counts: who calls whom is known, order and times are not."
        said = (
            f"Made from {self.requests:,} recorded requests. Calls stand in the order seen most often; "
            "availability is the share of calls without a failure of their own."
        )
        return f"{said} {self.dropped:,} calls that nobody waited for are left out." if self.dropped else said

    def _from_traces(self) -> list[str]:
        called = _acyclic({target: kind.usual() for target, kind in sorted(self._kinds.items())})
        lines: list[str] = []
        for service in sorted({service for service, _ in self._kinds}):
            lines += [f"[services.{_quoted(service)}]", f"availability = {self._availability(service)}"]
            if service in self._network:
                lines.append(f"round_trip = {self._network[service].text()}")
            entered = _Sample()
            for (owner, _), kind in sorted(self._kinds.items()):
                if owner == service and kind.as_request:
                    for value in kind.own.values:
                        entered.add(value)
            if entered.count:
                lines.append(f"service_time = {entered.text()}")
            for (owner, operation), kind in sorted(self._kinds.items()):
                if owner == service and kind.count > kind.as_request:
                    calls = self._steps((service, operation), called[service, operation])
                    lines += [
                        f"[services.{_quoted(service)}.operations.{_quoted(operation)}]",
                        f"service_time = {kind.own.text()}",
                        f"calls = [{calls}]",
                    ]
            lines.append("")
        endpoints = [(key, kind) for key, kind in sorted(self._kinds.items()) if kind.as_request]
        doubled = Counter(operation for (_, operation), _ in endpoints)
        for (service, operation), kind in endpoints:
            title = operation if doubled[operation] == 1 else f"{service} {operation}"
            calls = self._steps((service, operation), called[service, operation])
            lines += [
                f"[endpoints.{_quoted(title)}]",
                f"entry = {_quoted(service)}",
                f"weight = {kind.as_request}",
                f"calls = [{calls}]",
                "",
            ]
        return lines[:-1]

    def _availability(self, service: str) -> str:
        return f"{1 - self._failures[service] / self._calls[service]:.6g}"

    def _steps(self, caller: Target, shape: Shape) -> str:
        written = []
        for step in shape:
            branches = [self._row(caller, row) for row in step]
            if len(branches) == 1:
                written.append(branches[0])
            else:
                rows = ", ".join(f"[{row}]" if len(step[index]) > 1 else row for index, row in enumerate(branches))
                written.append(f"{{parallel = [{rows}]}}")
        return ", ".join(written)

    def _row(self, caller: Target, row: Iterable[Target]) -> str:
        counted: list[tuple[Target, int]] = []
        for target in row:
            if counted and counted[-1][0] == target and counted[-1][1] < 1_000:
                counted[-1] = (target, counted[-1][1] + 1)
            else:
                counted.append((target, 1))
        return ", ".join(self._call(caller, target, times) for target, times in counted)

    def _call(self, caller: Target, target: Target, times: int) -> str:
        service, operation = target
        parts = [f"service = {_quoted(service)}", f"operation = {_quoted(operation)}"]
        if times > 1:
            parts.append(f"times = {times}")
        pair = (caller, target)
        if self._survived[pair] >= _ENOUGH and not self._suffered[pair]:
            parts.append("optional = true")
        return f"{{{', '.join(parts)}}}"

    def _from_dependencies(self) -> list[str]:
        shapes: dict[Target, Shape] = {
            (caller, ""): tuple((((callee, ""),),) for one, callee in sorted(self._dependencies) if one == caller)
            for caller, _ in sorted(self._dependencies)
        }
        called = _acyclic(shapes)
        callees = {callee for _, callee in self._dependencies}
        lines: list[str] = []
        for service in sorted({caller for caller, _ in self._dependencies} | callees):
            calls = ", ".join(_quoted(step[0][0][0]) for step in called.get((service, ""), ()))
            lines += [f"[services.{_quoted(service)}]", f"calls = [{calls}]", ""]
        entries = sorted({caller for caller, _ in self._dependencies} - callees)
        for entry in entries or [min(caller for caller, _ in self._dependencies)]:
            lines += [f"[endpoints.{_quoted(entry)}]", f"entry = {_quoted(entry)}", ""]
        return lines[:-1]


def _acyclic(shapes: Mapping[Target, Shape]) -> dict[Target, Shape]:
    """Return the shapes without the calls that would lead back to their caller."""
    kept: dict[Target, Shape] = {}

    def leads_to(start: Target, goal: Target) -> bool:
        waiting, seen = [start], {start}
        while waiting:
            target = waiting.pop()
            if target == goal:
                return True
            new = {one for step in kept.get(target, ()) for row in step for one in row} - seen
            waiting.extend(new)
            seen |= new
        return False

    for caller, shape in shapes.items():
        rows = (tuple(tuple(one for one in row if not leads_to(one, caller)) for row in step) for step in shape)
        steps = (tuple(row for row in step if row) for step in rows)
        kept[caller] = tuple(step for step in steps if step)
    return kept


def _size(shape: Shape) -> int:
    return sum(len(row) for step in shape for row in step)


def _quoted(text: str) -> str:
    """Return a text as TOML writes it between quotation marks: JSON's way is one that TOML understands."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _time(nanoseconds: int) -> str:
    """Return a time as the file writes it, to three digits."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds >= size:
            return (
                f'"{nanoseconds / size:.3g} {unit}"' if nanoseconds < 1000 * size else f'"{nanoseconds // size} {unit}"'
            )
    return f'"{nanoseconds} ns"'
