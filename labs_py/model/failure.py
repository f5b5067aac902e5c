"""What every endpoint does while some services do not answer, and how far one dead instance reaches.

A dead service either crashes (a call fails at once) or hangs (a call costs its timeout, or never ends without one). An optional call
that fails degrades the answer; any other call that fails makes the request fail. A timeout bounds everything below the call, so it
also ends a hang deeper down: when an inner and an outer timeout are equal, the outer call, which started first, gives up.

Three defenses: "none" is the system as the file describes it; "timeout" gives every call without a timeout the same one; "fallback"
also answers every failed call with something in reserve (a cached or default value), so that the answer is degraded instead.

Times are extra waiting, in seconds: what the failure adds, without the normal latency.

Source:
    Michael T. Nygard, "Release It!", 2nd edition, 2018, chapters 4 and 5 (timeouts, and why slow is worse than down).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from labs_py.model.architecture import Alternatives, Architecture, Call, Step
from labs_py.model.availability import callees_first

type Mode = Literal["crash", "hang"]
type Defense = Literal["none", "timeout", "fallback"]
type Status = Literal["ok", "degraded", "fails"]

MOST_WAITS = 2_000


@dataclass(frozen=True, order=True)
class Outcome:
    """How a call or a request ends, and the extra seconds that it waits; infinite when it never ends."""

    status: Status
    wait: float = 0.0


type Outcomes = Mapping[Outcome, float]
"""Every possible outcome with its probability."""

_FINE: Outcomes = {Outcome("ok"): 1.0}
_WORSE = {"ok": 0, "degraded": 1, "fails": 2}


@dataclass(frozen=True)
class Shares:
    """Shares of the load, from 0 to 1, that fail and that get a degraded answer."""

    fails: float
    degraded: float


@dataclass(frozen=True)
class Failure:
    """How services fail and what their callers do about it. `timeout` is in seconds; "none" does not use it."""

    mode: Mode = "crash"
    defense: Defense = "none"
    timeout: float = 1.0

    def outcomes(self, architecture: Architecture, dead: Mapping[str, float]) -> dict[str, Outcomes]:
        """Return the possible outcomes of a request to each endpoint.

        `dead` gives the probability that a call of a service meets a dead instance, independently for each call.

        Raises:
            ValueError: so many different timeouts add up that more than `MOST_WAITS` waiting times are possible.
        """
        return self._outcomes(architecture, dead, list(callees_first(architecture)))

    def _outcomes(
        self, architecture: Architecture, dead: Mapping[str, float], order: Iterable[tuple[str, str]]
    ) -> dict[str, Outcomes]:
        calls: dict[tuple[str, str], Outcomes] = {}
        for service, operation in order:
            steps = architecture.services[service].calls_for(operation)
            calls[service, operation] = self._reached(
                dead.get(service, 0.0), self._sequence(steps, calls, self.defense == "fallback")
            )
        return {
            name: _then(calls[endpoint.entry, ""], self._sequence(endpoint.calls, calls, self.defense == "fallback"))
            for name, endpoint in architecture.endpoints.items()
        }

    def when_down(self, architecture: Architecture, services: Iterable[str]) -> dict[str, Outcome]:
        """Return what each endpoint does while every instance of `services` is dead."""
        found = self.outcomes(architecture, dict.fromkeys(services, 1.0))
        return {name: next(iter(certain)) for name, certain in found.items()}

    @lru_cache(maxsize=8)  # noqa: B019  # a few small keys; another victim asks for the same again
    def each_down(self, architecture: Architecture) -> Mapping[str, Mapping[str, Outcome]]:
        """Return, for each service, what `when_down` returns of it alone."""
        order = list(callees_first(architecture))
        found = {name: self._outcomes(architecture, {name: 1.0}, order) for name in architecture.services}
        return {
            name: {endpoint: next(iter(certain)) for endpoint, certain in outcomes.items()}
            for name, outcomes in found.items()
        }

    def shares(self, architecture: Architecture, dead: Mapping[str, float]) -> Shares:
        """Return the shares of the load that fail and that are degraded; `dead` is as in `outcomes`."""
        return _shares(architecture, self.outcomes(architecture, dead))

    def blast_radius(self, architecture: Architecture) -> dict[str, Shares]:
        """Return, for each service, the shares of the load that fail and are degraded while it is wholly down."""
        return {name: shares_of(architecture, outcomes) for name, outcomes in self.each_down(architecture).items()}

    def _reached(self, dead: float, alive: Outcomes) -> Outcomes:
        """Return the outcomes of a call that meets a dead instance with probability `dead`."""
        if dead == 0:
            return alive
        failed = Outcome("fails", math.inf if self.mode == "hang" else 0.0)
        return _merged([(failed, dead), *((outcome, chance * (1 - dead)) for outcome, chance in alive.items())])

    def _sequence(self, steps: tuple[Step, ...], calls: Mapping[tuple[str, str], Outcomes], answered: bool) -> Outcomes:
        """Return the outcomes of steps one after the other; a failed one ends it. `answered`: failed calls have a fallback."""
        found = _FINE
        for step in steps:
            found = _then(found, self._step(step, calls, answered))
        return found

    def _step(self, step: Step, calls: Mapping[tuple[str, str], Outcomes], answered: bool) -> Outcomes:
        if isinstance(step, Call):
            timeout = step.timeout or (None if self.defense == "none" else self.timeout)
            once = _caught(_bounded(calls[step.service, step.operation], timeout), step.optional or answered)
            return _repeated(once, step.times)
        if isinstance(step, Alternatives):
            # A failed branch is answered by the next one; the fallback, if any, stands behind the last.
            found: Outcomes = {Outcome("fails"): 1.0}
            for branch in step.branches:
                found = _otherwise(found, self._sequence(branch, calls, answered=False))
        else:
            found = _FINE
            for branch in step.branches:
                found = _beside(found, self._sequence(branch, calls, answered))
        return _caught(_bounded(found, step.timeout), step.optional or answered)


def shares_of(architecture: Architecture, outcomes: Mapping[str, Outcome]) -> Shares:
    """Return the shares of the load that fail and that are degraded, for the certain outcome of each endpoint."""
    return _shares(architecture, {name: {outcome: 1.0} for name, outcome in outcomes.items()})


def _shares(architecture: Architecture, endpoints: Mapping[str, Outcomes]) -> Shares:
    load = math.fsum(endpoint.weight for endpoint in architecture.endpoints.values())
    parts: dict[Status, list[float]] = {"ok": [], "degraded": [], "fails": []}
    for name, outcomes in endpoints.items():
        for outcome, chance in outcomes.items():
            parts[outcome.status].append(architecture.endpoints[name].weight / load * chance)
    return Shares(math.fsum(parts["fails"]), math.fsum(parts["degraded"]))


def _merged(pairs: Iterable[tuple[Outcome, float]]) -> Outcomes:
    found: dict[Outcome, float] = {}
    for outcome, chance in pairs:
        if chance:
            key = Outcome(
                outcome.status, round(outcome.wait, 9)
            )  # sums of the same timeouts in another order are the same wait
            found[key] = found.get(key, 0.0) + chance
    if len(found) > MOST_WAITS:
        raise ValueError(
            f"timeouts must add up to at most {MOST_WAITS:,} different waiting times, got more; use fewer different timeouts"
        )
    return found


def _worse(first: Outcome, second: Outcome) -> Status:
    return max(first.status, second.status, key=_WORSE.__getitem__)


def _then(first: Outcomes, second: Outcomes) -> Outcomes:
    """One after the other; the second is not tried when the first has failed."""
    if first is _FINE or second is _FINE:
        return second if first is _FINE else first
    stopped = [(a, p) for a, p in first.items() if a.status == "fails"]
    both = [
        (Outcome(_worse(a, b), a.wait + b.wait), p * q)
        for a, p in first.items()
        if a.status != "fails"
        for b, q in second.items()
    ]
    return _merged(stopped + both)


def _otherwise(first: Outcomes, second: Outcomes) -> Outcomes:
    """The second is tried when the first has failed; a first that never ends is never given up."""
    done = [(a, p) for a, p in first.items() if a.status != "fails" or math.isinf(a.wait)]
    tried = [(a, p) for a, p in first.items() if a.status == "fails" and not math.isinf(a.wait)]
    return _merged(done + [(Outcome(b.status, a.wait + b.wait), p * q) for a, p in tried for b, q in second.items()])


def _beside(first: Outcomes, second: Outcomes) -> Outcomes:
    """Both at once; done when both are."""
    if first is _FINE or second is _FINE:
        return second if first is _FINE else first
    return _merged(
        (Outcome(_worse(a, b), max(a.wait, b.wait)), p * q) for a, p in first.items() for b, q in second.items()
    )


def _repeated(once: Outcomes, times: int) -> Outcomes:
    """The same call `times` times in a row, by repeated doubling."""
    found = _FINE
    while times:
        if times % 2:
            found = _then(found, once)
        times //= 2
        once = _then(once, once) if times else once
    return found


def _bounded(found: Outcomes, timeout: float | None) -> Outcomes:
    """A caller that gives up after `timeout`."""
    if timeout is None or found is _FINE:
        return found
    return _merged((Outcome("fails", timeout) if a.wait >= timeout else a, p) for a, p in found.items())


def _caught(found: Outcomes, answered: bool) -> Outcomes:
    """A caller that can do without the answer: failing degrades it, except that nobody can do without a call that never ends."""
    if not answered or found is _FINE:
        return found
    return _merged(
        (Outcome("degraded", a.wait) if a.status == "fails" and not math.isinf(a.wait) else a, p)
        for a, p in found.items()
    )
