"""A call whose caller retries, hedges, breaks the circuit or limits what it has under way. Times are in nanoseconds.

Retries are outermost; inside them the bulkhead, the throttle, the breaker, the timeout of one attempt, and the hedge.

Sources:
    Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013,
        https://doi.org/10.1145/2408776.2408794 (hedged requests; a copy is withdrawn from its queue when the other has answered).
    Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015,
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    Alejandro Forero Cuervo, "Handling Overload", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 21,
        https://sre.google/sre-book/handling-overload/ (client-side throttling).
    Michael T. Nygard, "Release It!", 2nd edition, 2018, chapter 5 (circuit breaker, bulkheads).
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from labs_py.model.agenda import Agenda
from labs_py.model.architecture import Call
from labs_py.model.calls import JobCall
from labs_py.model.frame import Frame, Job
from labs_py.model.outcome import ANSWERED, CROWDED, OPEN, THROTTLED, TIMEOUT
from labs_py.model.policy import FULLEST_BUDGET, Breaker, Retries, Throttle
from labs_py.model.ticks import NEVER, Draw, ticks

_PIECES = 60  # of a throttle's window


@dataclass
class Purse:
    """What is left to be spent on retries."""

    content: float = FULLEST_BUDGET

    def earn(self, amount: float) -> None:
        """Put in what a call brings."""
        self.content = min(FULLEST_BUDGET, self.content + amount)

    def pay(self) -> bool:
        """Take out the price of a retry, if it is there; sums of tenths are rounded so that ten of them are one."""
        if round(self.content, 9) < 1:
            return False
        self.content -= 1
        return True


class Circuit:
    """The state of a breaker: closed, open until a time, or open with a trial under way."""

    __slots__ = ("failed", "last", "policy", "reopens", "trial")

    def __init__(self, policy: Breaker) -> None:
        self.policy = policy
        self.last: deque[bool] = deque(maxlen=policy.window)
        self.failed = 0
        self.reopens = 0.0  # 0 while closed
        self.trial = False

    def allows(self, now: float) -> bool:
        """Return whether a call may pass now; the first after the pause is the trial."""
        if self.reopens == 0:
            return True
        if now < self.reopens or self.trial:
            return False
        self.trial = True
        return True

    @property
    def state(self) -> str:
        """What it does with calls: "closed" lets them pass, "open" refuses them, "trial" waits for the end of the one that it let pass."""
        return "trial" if self.trial else "open" if self.reopens else "closed"

    def record(self, now: float, good: bool) -> None:
        """Note how a call that passed has ended."""
        if self.reopens:
            if not self.trial:
                return  # it was sent before the breaker opened
            self.trial = False
            self.reopens = 0.0 if good else now + ticks(self.policy.pause)
            self._forget()
            return
        if len(self.last) == self.last.maxlen and not self.last[0]:
            self.failed -= 1
        self.last.append(good)
        self.failed += not good
        if len(self.last) == self.last.maxlen and self.failed >= self.policy.failures * self.policy.window:
            self.reopens = now + ticks(self.policy.pause)
            self._forget()

    def _forget(self) -> None:
        self.last.clear()
        self.failed = 0


class Valve:
    """The state of a throttle: requests and successes in the pieces of its window, the oldest first."""

    __slots__ = ("pieces", "policy", "requests", "successes")

    def __init__(self, policy: Throttle) -> None:
        self.policy = policy
        self.pieces: deque[list[float]] = deque()  # number of the piece, requests, successes
        self.requests = 0
        self.successes = 0

    def allows(self, now: float, chance: float) -> bool:
        """Count a request and return whether it may pass; `chance` is a uniform number from 0 to 1."""
        self._count(now, 1, 0)
        return chance >= self.policy.refusal(self.requests - 1, self.successes)

    def record(self, now: float, good: bool) -> None:
        """Note how a call that passed has ended."""
        self._count(now, 0, int(good))

    def _count(self, now: float, requests: int, successes: int) -> None:
        piece = now // ticks(self.policy.window / _PIECES)
        while self.pieces and self.pieces[0][0] <= piece - _PIECES:
            _, old_requests, old_successes = self.pieces.popleft()
            self.requests -= int(old_requests)
            self.successes -= int(old_successes)
        if not self.pieces or self.pieces[-1][0] != piece:
            self.pieces.append([piece, 0, 0])
        self.pieces[-1][1] += requests
        self.pieces[-1][2] += successes
        self.requests += requests
        self.successes += successes


@dataclass
class Crowd:
    """How many calls are under way behind a bulkhead."""

    size: int = 0


class PolicyCall:
    """A call with a policy; what it remembers, the caller's instance keeps, for all its calls of this service with the same policy."""

    __slots__ = (
        "agenda",
        "breaker",
        "bulkhead",
        "call",
        "hedge",
        "optional",
        "retries",
        "throttle",
        "timeout",
        "uniform",
    )

    def __init__(self, agenda: Agenda, call: JobCall, uniform: Draw, policies: Call) -> None:
        self.agenda = agenda
        self.call = call
        self.timeout = call.timeout
        self.optional = call.optional
        self.uniform = uniform
        self.retries = policies.retries
        self.hedge = NEVER if policies.hedge is None else ticks(policies.hedge)
        self.breaker = policies.breaker
        self.bulkhead = policies.bulkhead
        self.throttle = policies.throttle

    def start(self, at: float, frame: Frame) -> None:
        """Make the call when it is time: what the policies have to know is not known before."""
        self.agenda.at(at, self._begin, frame)

    def _begin(self, now: float, frame: Frame) -> None:
        Attempts(self, frame).attempt(now, None)

    def remembered(self, frame: Frame, policy: object, make: Any) -> Any:
        """Return what the caller's instance remembers for a policy toward the callee."""
        memory, key = frame.place.memory, (self.call.route.service, policy)
        if key not in memory:
            memory[key] = make()
        return memory[key]


class Attempts:
    """One call's attempts, one after the other, each of one copy or, hedged, of two."""

    __slots__ = ("circuit", "copies", "crowd", "frame", "number", "pause", "purse", "step", "under_way", "valve")

    gone_at = NEVER

    def __init__(self, step: PolicyCall, frame: Frame) -> None:
        self.step = step
        self.frame = frame
        self.number = 0
        self.under_way = False
        self.pause = 0.0
        self.copies: list[Job] = []
        self.circuit: Circuit | None = None
        self.crowd: Crowd | None = None
        self.purse: Purse | None = None
        self.valve: Valve | None = None

    def attempt(self, now: float, _: None) -> None:
        """Make the next attempt."""
        step, frame = self.step, self.frame
        if frame.gone_at <= now:
            return
        if now >= frame.deadline:
            frame.resume(now, TIMEOUT, None)
            return
        self.number += 1
        if self.number == 1 and step.retries is not None and step.retries.budget is not None:
            self.purse = step.remembered(frame, step.retries, Purse)
            self.purse.earn(step.retries.budget)
        refused = self._refused(now)
        if refused:
            self._failed(now, refused)
            return
        if self.crowd is not None:
            self.crowd.size += 1
        self.copies = []
        self.under_way = True
        expires = min(now + step.timeout, frame.deadline)
        self._send(now)
        if expires < NEVER:
            step.agenda.at(expires, self._expire, self.number)
        if now + step.hedge < expires:
            step.agenda.at(now + step.hedge, self._hedge, self.number)

    def _refused(self, now: float) -> str:
        """Return why the caller's own policies forbid an attempt now; nothing when they do not."""
        step, frame = self.step, self.frame
        self.circuit = self.crowd = self.valve = None
        if step.bulkhead is not None:
            crowd: Crowd = step.remembered(frame, ("bulkhead", step.bulkhead), Crowd)
            if crowd.size >= step.bulkhead:
                return CROWDED
            self.crowd = crowd
        throttle = step.throttle
        if throttle is not None:
            valve: Valve = step.remembered(frame, throttle, lambda: Valve(throttle))
            if not valve.allows(now, step.uniform()):
                return THROTTLED
            self.valve = valve
        policy = step.breaker
        if policy is not None:
            circuit: Circuit = step.remembered(frame, policy, lambda: Circuit(policy))
            if not circuit.allows(now):
                return OPEN
            self.circuit = circuit
        return ""

    def _send(self, now: float) -> None:
        job = self.step.call.send(now, self.frame.deadline, NEVER, self.frame.span, self)
        job.attempt = self.number
        self.copies.append(job)

    def resume(self, at: float, outcome: str, job: Job) -> None:
        """Hear of a copy's end in good time."""
        self.step.agenda.at(at, self._answer, (job, outcome))

    def _answer(self, now: float, answer: tuple[Job, str]) -> None:
        job, outcome = answer
        if not self.under_way or job.attempt != self.number:
            return
        self.copies.remove(job)
        if outcome in ANSWERED or not self.copies:
            self._settle(now, outcome)

    def _expire(self, now: float, number: int) -> None:
        if self.under_way and number == self.number:
            for job in self.copies:
                if job.span is not None:
                    job.span.answered = now
            self._settle(now, TIMEOUT)

    def _hedge(self, now: float, number: int) -> None:
        if self.under_way and number == self.number and self.frame.gone_at > now:
            self._send(now)

    def _settle(self, now: float, outcome: str) -> None:
        """End an attempt."""
        self.under_way = False
        good = outcome in ANSWERED
        if self.crowd is not None:
            self.crowd.size -= 1
        if self.valve is not None:
            self.valve.record(now, good)
        if self.circuit is not None:
            self.circuit.record(now, good)
        if good:
            for job in self.copies:
                self.step.call.host.withdraw(job)
            self.frame.resume(now, outcome, None)
        else:
            self._failed(now, outcome)

    def _failed(self, now: float, outcome: str) -> None:
        """Retry, or tell the caller."""
        retries = self.step.retries
        if retries is None or self.number >= retries.attempts or not (self.purse is None or self.purse.pay()):
            self.frame.resume(now, outcome, None)
            return
        self.pause = backoff(retries, self.number, self.pause, self.step.uniform())
        self.step.agenda.at(now + self.pause, self.attempt, None)


def backoff(retries: Retries, attempts: int, last: float, chance: float) -> float:
    """Return the pause after so many attempts, in nanoseconds; `last` is the pause before, `chance` a uniform number from 0 to 1."""
    shortest, longest = ticks(retries.backoff), ticks(retries.longest)
    if retries.jitter == "decorrelated":
        widest = max(shortest, 3 * last)
        return min(longest, float(round(shortest + chance * (widest - shortest))))
    full = min(longest, shortest * 2.0 ** min(attempts - 1, 60))
    part = {"none": 1.0, "equal": (1 + chance) / 2, "full": chance}[retries.jitter]
    return float(round(full * part))
