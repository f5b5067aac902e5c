"""What a simulation counts: requests by endpoint and calls by service, as data that can be merged."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_py.model.histogram import NANOSECONDS, Histogram
from labs_py.model.outcome import DEGRADED


@dataclass(slots=True)
class ServiceTally:
    """Calls of one service. `waited` and `worked` are nanoseconds, in queues and of the service's own work, over the calls served.

    `refused` counts by reason the calls that were not served. Where the future of a call is known when it arrives, it counts then.
    """

    served: int = 0
    waited: float = 0.0
    worked: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str) -> str:
        """Count a call that is not served, and return why."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return reason

    @property
    def mean_wait(self) -> float:
        """Mean wait for a worker of the calls served, in seconds; nan when there are none."""
        return self.waited / self.served / NANOSECONDS if self.served else math.nan

    def clear(self) -> None:
        """Forget everything counted so far."""
        self.served = 0
        self.waited = self.worked = 0.0
        self.refused.clear()

    def merge(self, other: "ServiceTally") -> None:
        """Add what `other` has counted."""
        self.served += other.served
        self.waited += other.waited
        self.worked += other.worked
        _merge_counts(self.refused, other.refused)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON types."""
        return {
            "served": self.served,
            "waited_ns": self.waited,
            "worked_ns": self.worked,
            "refused": dict(sorted(self.refused.items())),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ServiceTally":
        """Return what `to_json` wrote."""
        return cls(data["served"], data["waited_ns"], data["worked_ns"], dict(data["refused"]))


@dataclass
class EndpointTally:
    """Requests to one endpoint, those sent after the warm-up.

    `latency` is of the requests that were answered, degraded ones included; `failed` counts the others by reason, and `failing` is how
    long they took to fail. What is neither is under way.
    """

    sent: int = 0
    ok: int = 0
    degraded: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    latency: Histogram = field(default_factory=Histogram)
    failing: Histogram = field(default_factory=Histogram)

    def answered(self, times: Sequence[float]) -> None:
        """Count requests that ended well after these times."""
        self.ok += len(times)
        self.latency.add_all(times)

    def not_well(self, ended: Iterable[tuple[float, str]]) -> None:
        """Count requests that were degraded or failed, by how long they took and how they ended."""
        answered, failing = [], []
        for time, outcome in ended:
            if outcome is DEGRADED:
                answered.append(time)
            else:
                self.failed[outcome] = self.failed.get(outcome, 0) + 1
                failing.append(time)
        self.degraded += len(answered)
        self.latency.add_all(answered)
        self.failing.add_all(failing)

    @property
    def failures(self) -> int:
        """How many requests have failed, for whatever reason."""
        return sum(self.failed.values())

    @property
    def under_way(self) -> int:
        """How many requests have been sent and have not ended."""
        return self.sent - self.ok - self.degraded - self.failures

    @property
    def success_share(self) -> float:
        """Share of the ended requests that were answered, degraded ones included; nan when none has ended."""
        ended = self.sent - self.under_way
        return (self.ok + self.degraded) / ended if ended else math.nan

    def merge(self, other: "EndpointTally") -> None:
        """Add what `other` has counted."""
        self.sent += other.sent
        self.ok += other.ok
        self.degraded += other.degraded
        _merge_counts(self.failed, other.failed)
        self.latency.merge(other.latency)
        self.failing.merge(other.failing)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON types."""
        return {
            "sent": self.sent,
            "ok": self.ok,
            "degraded": self.degraded,
            "failed": dict(sorted(self.failed.items())),
            "latency": self.latency.to_json(),
            "failing": self.failing.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "EndpointTally":
        """Return what `to_json` wrote."""
        return cls(
            data["sent"],
            data["ok"],
            data["degraded"],
            dict(data["failed"]),
            Histogram.from_json(data["latency"]),
            Histogram.from_json(data["failing"]),
        )


@dataclass
class Result:
    """What a simulation counted in `seconds` after its warm-up, by endpoint and by service; for several merged ones, all their seconds."""

    seconds: float
    endpoints: dict[str, EndpointTally]
    services: dict[str, ServiceTally]

    def merge(self, other: "Result") -> None:
        """Add what another run of the same architecture has counted."""
        self.seconds += other.seconds
        for name, endpoint in other.endpoints.items():
            self.endpoints.setdefault(name, EndpointTally()).merge(endpoint)
        for name, service in other.services.items():
            self.services.setdefault(name, ServiceTally()).merge(service)

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "seconds": self.seconds,
            "endpoints": {name: tally.to_json() for name, tally in self.endpoints.items()},
            "services": {name: tally.to_json() for name, tally in self.services.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Result":
        """Return what `to_json` wrote."""
        return cls(
            data["seconds"],
            {name: EndpointTally.from_json(tally) for name, tally in data["endpoints"].items()},
            {name: ServiceTally.from_json(tally) for name, tally in data["services"].items()},
        )


def _merge_counts(into: dict[str, int], counts: Mapping[str, int]) -> None:
    for reason, count in counts.items():
        into[reason] = into.get(reason, 0) + count
