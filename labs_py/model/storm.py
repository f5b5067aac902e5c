"""A chain of services under load, each of which calls the next and tries again: retries as a fluid.

Requests, calls and retries flow in parts of requests, a tenth of a second at a time, as a large system's do on average. At the bottom is
a store that works off so many calls a second, first come first served. All callers wait equally long for an answer. A caller that has
given up does not tell whom it called, so that the services below go on trying: n attempts of each of k services make n^k calls.

Rates are per second and times in seconds; times are rounded to steps of `STEP`.

Sources:
    Nathan Bronson, Abutalib Aghayev, Aleksey Charapko and Timothy Zhu, "Metastable Failures in Distributed Systems", HotOS 2021,
        https://sigops.org/s/conferences/hotos/2021/papers/hotos21-s11-bronson.pdf (stable, vulnerable and metastable states).
    Mike Ulrich, "Addressing Cascading Failures", in Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 22,
        https://sre.google/sre-book/addressing-cascading-failures/ (attempts multiply from layer to layer).
    Marc Brooker, "Fixing retries with token buckets and circuit breakers", 2022, https://brooker.co.za/blog/2022/02/28/retries.html

>>> chain = Chain(layers=1, attempts=2)
>>> calm = chain.run([(0.0, 280.0)], [(0.0, 1.0)], 60.0)
>>> storm = chain.run([(0.0, 280.0)], [(0.0, 1.0), (10.0, 0.0), (20.0, 1.0)], 60.0)
>>> round(calm.calls[-1]), round(calm.answered[-1]), round(storm.calls[-1]), round(storm.answered[-1])
(280, 280, 560, 0)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labs_py.model.policy import FULLEST_BUDGET

STEP = 0.1
_BREAKER_WINDOW = 10  # steps
_BREAKER_PAUSE = 50  # steps
_NOTHING = 1e-9

type Jitter = Literal["none", "equal", "full"]
type Course = Sequence[tuple[float, float]]
"""Values over time: each holds from its time on. The first time is 0."""


@dataclass
class Flow:
    """What has happened, step by step: requests `offered`, `calls` at the store, how many of them it `refused`, requests `answered` in time.

    These are a second, and so is the `capacity` of the store; `waiting` is how many calls wait there at the end of the step.
    """

    offered: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    capacity: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Chain:
    """`layers` services, each calling the one below up to `attempts` times in all, the first included, and a store below them.

    An attempt is given up after `timeout`. The pause before the second attempt is `pause`, doubled before each further one; with jitter
    "full" it is drawn from 0 to that, with "equal" from half of that. The store does `capacity` calls a second, each in `work` seconds.

    With a `budget` every service earns that part of a retry with each call it makes first, and makes no retry it has not earned; it
    keeps up to 10. With a `deadline` a call ends for everybody below when its caller gives up: they try no more, and the store does
    not begin what nobody waits for. With a `breaker` the lowest service stops calling for 5 s when half of the calls that ended in the
    last second failed; then one call tries. No more than `queue` calls wait at the store; it refuses others. Who is refused, by the
    store or a breaker, does not try again.
    """

    layers: int = 2
    attempts: int = 2
    timeout: float = 1.0
    pause: float = 0.0
    jitter: Jitter = "none"
    capacity: float = 300.0
    work: float = 0.05
    budget: float | None = None
    deadline: bool = False
    breaker: bool = False
    queue: float = math.inf

    @property
    def most(self) -> float:
        """Calls that one request makes of the store when none is ever answered in time, and none is refused.

        >>> Chain(layers=3, attempts=4).most, Chain(layers=5, attempts=3).most, round(Chain(budget=0.1).most, 9)
        (64, 243, 1.21)
        """
        retries = self.attempts - 1 if self.budget is None else min(self.attempts - 1, self.budget)
        return (1 + retries) ** (1 if self.deadline else self.layers)

    @property
    def patience(self) -> float:
        """How long a call may wait at the store, and still be answered in time."""
        return self.timeout - self.work

    @property
    def stable_below(self) -> float:
        """Requests a second below which the chain comes back from whatever has happened.

        What keeps it down are calls that wait too long for an answer. A breaker stops them, and a short queue has none.
        """
        if self.breaker or self.queue <= self.capacity * (math.floor(self.patience / STEP + _NOTHING) - 1) * STEP:
            return self.capacity
        return self.capacity / self.most

    def run(self, load: Course, pace: Course, until: float) -> Flow:
        """Return the flow under a `load` in requests a second; `pace` is what part of its capacity the store has."""
        return _Run(self, load, pace, round(until / STEP)).flow


class _Run:
    """One run. Calls of the store are of kinds: 0 is a request's first; others are the nth retry of a layer, the top one being layer 1.

    All callers in a row gave their first attempts the same time, so when such an attempt fails, it fails for all of them at once, and each
    tries again. A retry of layer m is the first attempt for all layers below: when it fails, layer m and those below try again.
    """

    def __init__(self, chain: Chain, load: Course, pace: Course, steps: int) -> None:
        self.chain = chain
        self.wait = round(chain.timeout / STEP)
        self.flow = Flow()
        self.layers = 1 if chain.deadline else chain.layers
        retries = chain.attempts - 1
        # For each kind the layer whose retry it is, and which; then the kinds that follow when it fails.
        self.kinds = [(0, 0)] + [
            (layer, number) for layer in range(1, self.layers + 1) for number in range(1, retries + 1)
        ]
        where = {kind: index for index, kind in enumerate(self.kinds)}
        self.of_layer = [[where[kind] for kind in self.kinds if kind[0] == layer] for layer in range(self.layers + 1)]
        self.follow = [
            [
                where[kind]
                for kind in ((layer, number + 1), *((below, 1) for below in range(layer + 1, self.layers + 1)))
                if kind in where and kind[0]
            ]
            for layer, number in self.kinds
        ]
        self.spread = [_spread(chain, number) for _, number in self.kinds]
        longest = max(end for _, end in self.spread)
        # Retries that are due: how the number a step changes from one step to the next.
        self.change = [[0.0] * (steps + longest + 2) for _ in self.kinds]
        self.due = [0.0] * len(self.kinds)
        self.purses = [FULLEST_BUDGET] * (self.layers + 1)
        self.arrived: list[list[float]] = []
        self.total: list[float] = []
        self.useful: list[float] = []
        self.good: list[float] = []
        self.left: list[float] = []
        self.head = 0
        self.waiting = 0.0
        self.ended: list[tuple[float, float]] = []
        self.opened = -1  # when the breaker opened, or its trial began; -1 while closed
        self.trial = False
        rates, paces = _steps(load, steps), _steps(pace, steps)
        for now in range(steps):
            self._step(now, rates[now] * STEP, paces[now] * chain.capacity * STEP)

    def _step(self, now: int, fresh: float, room: float) -> None:
        chain, flow = self.chain, self.flow
        failed = self._expire(now)
        calls = [fresh]
        for kind in range(1, len(self.kinds)):
            self.due[kind] += self.change[kind][now]
            calls.append(self.due[kind] if self.due[kind] > _NOTHING else 0.0)
        if chain.budget is not None:
            self._earn(chain.budget, calls)
        if chain.breaker and self._open(now):
            calls = [0.0] * len(calls)
        total, refused = sum(calls), 0.0
        if self.waiting + total > chain.queue + room:
            passing = max(0.0, chain.queue + room - self.waiting) / total
            refused = total * (1 - passing)
            calls, total = [count * passing for count in calls], total * passing
        self.arrived.append(calls)
        self.total.append(total)
        # Only a request's own attempts are of use: those who make the others have been given up by their callers.
        self.useful.append(calls[0] + sum(calls[kind] for kind in self.of_layer[1]))
        self.good.append(0.0)
        self.left.append(total)
        self.waiting += total
        answered, well = self._serve(now, room)
        if chain.breaker:
            self.ended = [*self.ended[1 - _BREAKER_WINDOW :], (well, failed)]
        flow.offered.append(fresh / STEP)
        flow.calls.append((total + refused) / STEP)
        flow.answered.append(answered / STEP)
        flow.waiting.append(self.waiting)
        flow.capacity.append(room / STEP)
        flow.refused.append(refused / STEP)

    def _expire(self, now: int) -> float:
        """Have the callers of the step one timeout ago give up what has not been answered, and plan what they try again; return how many."""
        then = now - self.wait
        if then < 0 or self.total[then] <= _NOTHING:
            return 0.0
        share = 1 - self.good[then] / self.total[then]
        if share <= _NOTHING:
            return 0.0
        wanted = [0.0] * len(self.kinds)
        for kind, count in enumerate(self.arrived[then]):
            if count:
                for following in self.follow[kind]:
                    wanted[following] += count * share
        if self.chain.budget is not None:
            self._pay(wanted)
        for kind, count in enumerate(wanted):
            if count > _NOTHING:
                start, end = self.spread[kind]
                self.change[kind][now + start] += count / (end - start)
                self.change[kind][now + end] -= count / (end - start)
        return self.total[then] * share

    def _earn(self, part: float, calls: Sequence[float]) -> None:
        """Have each layer earn by the calls that it makes first: those that reach it, from users or by a retry of a layer above."""
        reaching = calls[0]
        for layer in range(1, self.layers + 1):
            self.purses[layer] += part * reaching
            reaching += sum(calls[kind] for kind in self.of_layer[layer])

    def _pay(self, wanted: list[float]) -> None:
        """Take the price of the wanted retries out of each layer's purse, and cut them where it does not suffice."""
        for layer in range(1, self.layers + 1):
            asked = sum(wanted[kind] for kind in self.of_layer[layer])
            paid = min(asked, self.purses[layer])
            self.purses[layer] = min(FULLEST_BUDGET, self.purses[layer] - paid)
            for kind in self.of_layer[layer]:
                wanted[kind] *= paid / asked if asked else 0.0

    def _serve(self, now: int, room: float) -> tuple[float, float]:
        """Have the store work off what waits; return how many requests were answered in time, and how many calls."""
        chain, answered, well = self.chain, 0.0, 0.0
        while self.head <= now:
            then = self.head
            left = self.left[then]
            if chain.deadline and now - then >= self.wait:
                self.waiting -= left
                self.head += 1
                continue
            done = min(left, room)
            if done > 0 and (now - then + 1) * STEP + chain.work <= chain.timeout + _NOTHING:
                self.good[then] += done
                well += done
                answered += done / self.total[then] * self.useful[then]
            room -= done
            self.waiting -= done
            self.left[then] = left - done
            if self.left[then] > _NOTHING:
                break
            self.waiting -= self.left[then]
            self.head += 1
        self.waiting = max(0.0, self.waiting)
        return answered, well

    def _open(self, now: int) -> bool:
        """Return whether the breaker keeps calls back now."""
        if self.opened < 0:
            well, failed = (math.fsum(counts) for counts in zip(*self.ended, strict=True)) if self.ended else (0.0, 0.0)
            if failed > _NOTHING and failed >= well:
                self.opened, self.trial = now, False
        elif self.trial and self.head > self.opened:
            self.opened, self.ended = -1, []
        elif now >= self.opened + (self.wait if self.trial else _BREAKER_PAUSE):
            # After the pause one call tries, which is next to nothing; when it gets no answer in time, there is another pause.
            self.opened, self.trial = now, not self.trial
        return self.opened >= 0


def _spread(chain: Chain, number: int) -> tuple[int, int]:
    """Return over which steps, from a failure on, the retries with this number are spread; 0 is no retry."""
    pause = chain.pause * 2 ** (number - 1) / STEP if number else 0.0
    first = {"none": pause, "equal": pause / 2}.get(chain.jitter, 0.0)
    start = round(first)
    return start, max(start + 1, round(pause))


def _steps(course: Course, steps: int) -> list[float]:
    """Return the value of each step."""
    values: list[float] = []
    ends = [round(time / STEP) for time, _ in course[1:]] + [steps]
    for (_, value), end in zip(course, ends, strict=True):
        values += [value] * (end - len(values))
    return values[:steps]
