"""What dies with a service: laws by hand, and every run of a small system played step by step."""

import math
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_architectures import architectures

from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Parallel, Service, Step
from labs_py.model.architecture_file import load
from labs_py.model.failure import Failure, Outcome, Shares


def system(*calls: Step, **services: Service) -> Architecture:
    names = ("a", "b", "c")
    made = {name: services.get(name, Service(name)) for name in names}
    return Architecture(
        "", {"gateway": Service("gateway"), **made}, {"GET /": Endpoint("GET /", "gateway", 1.0, calls)}
    )


def outcome(architecture: Architecture, down: str, failure: Failure = Failure()) -> Outcome:  # noqa: B008 (frozen)
    return failure.when_down(architecture, [down])["GET /"]


CRASH, HANG = Failure("crash"), Failure("hang")
TIMEOUT, FALLBACK = Failure("hang", "timeout", 0.5), Failure("hang", "fallback", 0.5)


@pytest.mark.parametrize(
    ("call", "failure", "expected"),
    [
        (Call("a"), CRASH, Outcome("fails")),
        (Call("a", optional=True), CRASH, Outcome("degraded")),
        (Call("a"), HANG, Outcome("fails", math.inf)),
        (Call("a", optional=True), HANG, Outcome("fails", math.inf)),  # nobody can do without a call that never ends
        (Call("a", timeout=0.1), HANG, Outcome("fails", 0.1)),
        (Call("a", optional=True, timeout=0.1), HANG, Outcome("degraded", 0.1)),
        (Call("a"), TIMEOUT, Outcome("fails", 0.5)),
        (Call("a", optional=True), TIMEOUT, Outcome("degraded", 0.5)),
        (Call("a", timeout=0.1), TIMEOUT, Outcome("fails", 0.1)),  # a timeout of its own stays
        (Call("a"), FALLBACK, Outcome("degraded", 0.5)),
        (Call("a"), Failure("crash", "fallback"), Outcome("degraded")),
        (Call("a", times=4), TIMEOUT, Outcome("fails", 0.5)),  # the first failure ends the request
        (Call("a", times=4), FALLBACK, Outcome("degraded", 2.0)),  # each call waits before it falls back
        (Call("b"), HANG, Outcome("ok")),
        (Alternatives(((Call("a"),), (Call("b"),))), CRASH, Outcome("ok")),
        (Alternatives(((Call("a"),), (Call("b"),))), HANG, Outcome("fails", math.inf)),  # never gets to the next
        (Alternatives(((Call("a"),), (Call("b"),))), TIMEOUT, Outcome("ok", 0.5)),
        (Alternatives(((Call("a"),), (Call("b"),))), FALLBACK, Outcome("ok", 0.5)),  # the next one before the fallback
        (Alternatives(((Call("a"),), (Call("a"),))), FALLBACK, Outcome("degraded", 1.0)),
        (Alternatives(((Call("a"),), (Call("a"),)), optional=True), CRASH, Outcome("degraded")),
        (
            Parallel(((Call("a", timeout=0.1, optional=True),), (Call("a", timeout=0.3, optional=True),))),
            HANG,
            Outcome("degraded", 0.3),
        ),
        (Parallel(((Call("a"),), (Call("b"),)), optional=True, timeout=0.2), HANG, Outcome("degraded", 0.2)),
    ],
)
def test_what_one_call_does_to_a_request(call: Step, failure: Failure, expected: Outcome) -> None:
    assert outcome(system(call), "a", failure) == expected


def test_the_entry_has_nobody_to_answer_for_it() -> None:
    for failure, wait in ((CRASH, 0.0), (HANG, math.inf), (FALLBACK, math.inf)):
        assert outcome(system(Call("a")), "gateway", failure) == Outcome("fails", wait)


def test_a_timeout_on_the_outer_call_ends_a_hang_deeper_down() -> None:
    deep = Service("a", calls=(Call("b", optional=True),))
    assert outcome(system(Call("a", timeout=0.3), a=deep), "b", HANG) == Outcome("fails", 0.3)
    assert outcome(system(Call("a", timeout=0.3, optional=True), a=deep), "b", HANG) == Outcome("degraded", 0.3)


def test_equal_timeouts_on_both_levels_give_up_together_and_a_shorter_inner_one_leaves_time_to_answer() -> None:
    inner = {limit: Service("a", calls=(Call("b", optional=True, timeout=limit),)) for limit in (10.0, 1.0)}
    assert outcome(system(Call("a", timeout=10.0), a=inner[10.0]), "b", HANG) == Outcome("fails", 10.0)
    assert outcome(system(Call("a", timeout=10.0), a=inner[1.0]), "b", HANG) == Outcome("degraded", 1.0)


def test_waits_add_up_along_a_sequence_until_it_fails() -> None:
    calls = (Call("a", optional=True, timeout=0.2), Call("b", timeout=0.3), Call("c", timeout=0.4))
    assert HANG.when_down(system(*calls), ["a", "b", "c"])["GET /"].wait == pytest.approx(0.5)


def test_online_boutiques_blast_radius_is_what_its_code_says() -> None:
    shares = CRASH.blast_radius(load("online_boutique"))
    published = {
        "frontend": 23,
        "catalog": 21,
        "cart": 21,
        "redis": 21,
        "currency": 18,
        "shipping": 4,
        "checkout": 1,
        "payment": 1,
    }
    for name, requests in published.items():
        assert shares[name].fails == pytest.approx(requests / 23, abs=1e-12)
    for name in ("ad", "recommendation", "email"):
        assert shares[name].fails == 0 < shares[name].degraded


def test_in_online_boutique_only_ads_survive_a_hang() -> None:
    hung = HANG.blast_radius(load("online_boutique"))
    assert hung["ad"].fails == 0  # the one call with a deadline
    assert hung["recommendation"].fails == pytest.approx(17 / 23)
    assert hung["email"].fails == pytest.approx(1 / 23)


def test_the_social_network_has_no_soft_dependency() -> None:
    assert all(share.degraded == 0 for share in CRASH.blast_radius(load("social_network_experiment")).values())


@pytest.mark.parametrize(("calls", "replicas"), [(1, 2), (3, 2), (10, 3), (5, 4)])
def test_a_request_that_makes_m_calls_meets_the_dead_instance_with_the_closed_form(calls: int, replicas: int) -> None:
    hit = 1 - (1 - 1 / replicas) ** calls
    hard, soft = system(Call("a", times=calls)), system(Call("a", times=calls, optional=True))
    assert CRASH.shares(hard, {"a": 1 / replicas}).fails == pytest.approx(hit)
    assert CRASH.shares(soft, {"a": 1 / replicas}) == Shares(0.0, pytest.approx(hit))


def test_hard_and_optional_calls_of_one_service_are_told_apart() -> None:
    mixed = system(Call("a", times=2), Call("a", times=3, optional=True))
    found = CRASH.shares(mixed, {"a": 0.5})
    assert found.fails == pytest.approx(1 - 0.5**2)
    assert found.degraded == pytest.approx(0.5**2 * (1 - 0.5**3))


def test_too_many_different_waits_are_refused() -> None:
    calls = tuple(Call("a", optional=True, timeout=2.0**-index) for index in range(1, 13))
    with pytest.raises(ValueError, match="must add up to at most 2,000 different waiting times"):
        HANG.shares(system(*calls), {"a": 0.5})


# --- every run played ----------------------------------------------------------------------------


class CallError(Exception):
    """A call that failed."""


class Run:
    """One request, run as a program would: exceptions for failures, a clock for waiting."""

    def __init__(self, architecture: Architecture, failure: Failure, meets_dead: Callable[[str], bool]) -> None:
        self.architecture, self.failure, self.meets_dead = architecture, failure, meets_dead
        self.fallback = failure.defense == "fallback"
        self.clock, self.degraded = 0.0, False

    def request(self, endpoint: Endpoint) -> Outcome:
        try:
            self.reach(endpoint.entry, "")
            self.sequence(endpoint.calls, self.fallback)
        except CallError:
            return Outcome("fails", self.clock)
        return Outcome("degraded" if self.degraded else "ok", self.clock)

    def reach(self, service: str, operation: str) -> None:
        if self.meets_dead(service):
            if self.failure.mode == "hang":
                self.clock = math.inf
            raise CallError
        self.sequence(self.architecture.services[service].calls_for(operation), self.fallback)

    def sequence(self, steps: tuple[Step, ...], answered: bool) -> None:
        for step in steps:
            for _ in range(step.times if isinstance(step, Call) else 1):
                self.attempt(step, answered)

    def attempt(self, step: Step, answered: bool) -> None:
        default = self.failure.timeout if self.failure.defense != "none" and isinstance(step, Call) else None
        limit, began, spoiled = step.timeout or default, self.clock, self.degraded
        try:
            self.work(step, answered)
            failed = False
        except CallError:
            failed = True
        if limit is not None and round(self.clock - began, 9) >= limit:
            self.clock, failed = began + limit, True
        if failed:
            self.degraded = spoiled
            if math.isinf(self.clock) or not (step.optional or answered):
                raise CallError
            self.degraded = True

    def work(self, step: Step, answered: bool) -> None:
        if isinstance(step, Call):
            self.reach(step.service, step.operation)
        elif isinstance(step, Parallel):
            self.together(step, answered)
        else:
            self.one_of(step)

    def together(self, step: Parallel, answered: bool) -> None:
        began, ends, failed = self.clock, [self.clock], False
        for branch in step.branches:
            self.clock = began
            try:
                self.sequence(branch, answered)
            except CallError:
                failed = True
            ends.append(self.clock)
        self.clock = max(ends)
        if failed:
            raise CallError

    def one_of(self, step: Alternatives) -> None:
        for branch in step.branches:
            spoiled = self.degraded
            try:
                self.sequence(branch, answered=False)
            except CallError:
                self.degraded = spoiled
                if math.isinf(self.clock):
                    raise
            else:
                return
        raise CallError


def all_runs(
    architecture: Architecture, endpoint: Endpoint, failure: Failure, dead: dict[str, float]
) -> Iterator[tuple[Outcome, float]]:
    """Yield the outcome and the probability of every way the calls can meet dead or living instances."""
    waiting: list[list[bool]] = [[]]
    while waiting:
        script = waiting.pop()
        made: list[tuple[bool, float]] = []

        def meets_dead(service: str, script: list[bool] = script, made: list[tuple[bool, float]] = made) -> bool:
            chance = dead.get(service, 0.0)
            if chance in (0.0, 1.0):
                return chance == 1.0
            met = script[len(made)] if len(made) < len(script) else False
            made.append((met, chance))
            return met

        found = Run(architecture, failure, meets_dead).request(endpoint)
        yield found, math.prod(chance if met else 1 - chance for met, chance in made)
        waiting.extend([met for met, _ in made[:index]] + [True] for index in range(len(script), len(made)))


@settings(max_examples=150, deadline=None)
@given(
    architectures(zones=False),
    st.sampled_from(["crash", "hang"]),
    st.sampled_from(["none", "timeout", "fallback"]),
    st.data(),
)
def test_outcomes_add_up_every_run_of_the_request(
    architecture: Architecture, mode: str, defense: str, data: st.DataObject
) -> None:
    failure = Failure(mode, defense, 0.2)  # type: ignore[arg-type]
    victims = data.draw(st.lists(st.sampled_from(list(architecture.services)), max_size=2))
    dead = {name: data.draw(st.sampled_from([1.0, 0.5, 0.25])) for name in victims}
    found = failure.outcomes(architecture, dead)
    for name, endpoint in architecture.endpoints.items():
        by_hand: dict[tuple[str, float], float] = {}
        for count, (result, chance) in enumerate(all_runs(architecture, endpoint, failure, dead)):
            key = result.status, round(result.wait, 6)
            by_hand[key] = by_hand.get(key, 0.0) + chance
            if count > 3_000:
                return
        ours: dict[tuple[str, float], float] = {}
        for result, chance in found[name].items():
            key = result.status, round(result.wait, 6)
            ours[key] = ours.get(key, 0.0) + chance
        assert ours == pytest.approx(by_hand)
