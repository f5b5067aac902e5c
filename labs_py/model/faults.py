"""What goes wrong while a simulation runs, from a time to a time, in seconds.

A crashed instance refuses calls at once, and what it was working on fails. A hung one does nothing, answers nothing and refuses nothing;
when the hang ends it goes on where it stood. A slow one works `factor` times as long. Across a partition no message arrives, and
nobody is told. When infrastructure is lost, all that stands on it crashes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from labs_py.model.architecture import Architecture


@dataclass(frozen=True)
class Crash:
    """Instances of a service are down; `instance` is one of them, from 0, or None for all."""

    service: str
    start: float = 0.0
    end: float = math.inf
    instance: int | None = None


@dataclass(frozen=True)
class Hang:
    """Instances of a service stand still."""

    service: str
    start: float = 0.0
    end: float = math.inf
    instance: int | None = None


@dataclass(frozen=True)
class Slow:
    """Instances of a service take `factor` times as long for their own work."""

    service: str
    factor: float
    start: float = 0.0
    end: float = math.inf
    instance: int | None = None


@dataclass(frozen=True)
class Partition:
    """No message passes between two services, either way."""

    service: str
    other: str
    start: float = 0.0
    end: float = math.inf


@dataclass(frozen=True)
class Loss:
    """A piece of infrastructure is lost with every instance on it."""

    infrastructure: str
    start: float = 0.0
    end: float = math.inf


type Fault = Crash | Hang | Slow | Partition | Loss


def check(architecture: Architecture, faults: Iterable[Fault]) -> None:
    """Raise a ValueError when a fault names what the architecture does not have, or has an impossible time or factor."""
    for fault in faults:
        kind = type(fault).__name__
        if not 0 <= fault.start < fault.end:
            raise ValueError(
                f"{kind} must start at 0 s or later and end after that, got {fault.start!r} to {fault.end!r}"
            )
        if isinstance(fault, Loss):
            if fault.infrastructure not in architecture.infrastructure:
                raise ValueError(f"{kind} must name an infrastructure, got {fault.infrastructure!r}")
            continue
        for name in (fault.service, fault.other) if isinstance(fault, Partition) else (fault.service,):
            if name not in architecture.services:
                raise ValueError(f"{kind} must name a service, got {name!r}")
        if isinstance(fault, Partition):
            continue
        replicas = architecture.services[fault.service].replicas
        if fault.instance is not None and not 0 <= fault.instance < replicas:
            raise ValueError(f"{kind}.instance must be a whole number from 0 to {replicas - 1}, got {fault.instance!r}")
        if isinstance(fault, Slow) and not 0 < fault.factor < math.inf:
            raise ValueError(f"{kind}.factor must be a number above 0, got {fault.factor!r}")


def crashes(architecture: Architecture, faults: Iterable[Fault]) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """Return when each instance (service, number) is down, overlapping times joined, ascending; only those that ever are."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for fault in faults:
        for service in architecture.services.values():
            for number in range(service.replicas):
                if isinstance(fault, Crash):
                    hit = fault.service == service.name and fault.instance in (None, number)
                else:
                    places = service.runs_on
                    hit = (
                        isinstance(fault, Loss)
                        and bool(places)
                        and places[number % len(places)] == fault.infrastructure
                    )
                if hit:
                    found.setdefault((service.name, number), []).append((fault.start, fault.end))
    return {instance: joined(times) for instance, times in found.items()}


class Cuts:
    """When no message passes between two services. Times in nanoseconds."""

    __slots__ = ("times",)

    def __init__(self, times: list[tuple[float, float]]) -> None:
        self.times = [(start * 1e9, end * 1e9) for start, end in times]

    def at(self, now: float) -> bool:
        """Return whether a message sent now is lost."""
        return any(start <= now < end for start, end in self.times)


def cuts(faults: Iterable[Fault], service: str, other: str) -> Cuts | None:
    """Return when no message passes between two services, either way; None when messages always pass."""
    pairs = ((service, other), (other, service))
    found = [
        (fault.start, fault.end)
        for fault in faults
        if isinstance(fault, Partition) and (fault.service, fault.other) in pairs
    ]
    return Cuts(joined(found)) if found else None


def joined(times: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the union of intervals, ascending."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(times):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


class Pace:
    """How fast an instance works over time: 1 normally, 0 while it hangs. Times in nanoseconds."""

    __slots__ = ("ends", "rates", "starts")

    def __init__(self, architecture_faults: Iterable[Hang | Slow]) -> None:
        faults = list(architecture_faults)
        edges = sorted({0.0, *(fault.start * 1e9 for fault in faults), *(fault.end * 1e9 for fault in faults)})
        self.starts = [edge for edge in edges if edge < math.inf]
        self.ends = [*self.starts[1:], math.inf]
        self.rates = []
        for edge in self.starts:
            rate = 1.0
            for fault in faults:
                if fault.start * 1e9 <= edge < fault.end * 1e9:
                    rate = 0.0 if isinstance(fault, Hang) else rate / fault.factor
            self.rates.append(rate)

    def finish(self, now: float, work: float) -> float:
        """Return when work begun `now` is done; infinite when never."""
        for end, rate in zip(self.ends, self.rates, strict=True):
            if end <= now:
                continue
            if rate > 0 and now + work / rate <= end:
                return float(round(now + work / rate)) if work / rate < math.inf else math.inf
            work -= (end - now) * rate
            now = end
        return math.inf

    def awake(self, now: float) -> float:
        """Return `now`, or the end of the hang that it falls into."""
        for end, rate in zip(self.ends, self.rates, strict=True):
            if now < end and rate > 0:
                return now
            now = max(now, end)
        return now


def paces(architecture: Architecture, faults: Iterable[Fault]) -> dict[tuple[str, int], Pace]:
    """Return the pace of each instance (service, number) that hangs or slows down at some time."""
    found: dict[tuple[str, int], list[Hang | Slow]] = {}
    for fault in faults:
        if isinstance(fault, Hang | Slow):
            replicas = architecture.services[fault.service].replicas
            numbers = range(replicas) if fault.instance is None else [fault.instance]
            for number in numbers:
                found.setdefault((fault.service, number), []).append(fault)
    return {instance: Pace(items) for instance, items in found.items()}
