"""Raft's leader election: randomized timeouts, one vote a term, a majority; simulated message by message, split votes also exactly.

Times are milliseconds. At time 0 every server has just heard the leader, which crashes some time later. Whoever's timeout ends first asks
the others for their votes in a new term, and waits for a new timeout of its own. A server grants one vote a term, to the first who asks
and whose log is not behind its own, and then waits for a new timeout. An answered request is a round trip of at most `broadcast`.

Source:
    Diego Ongaro and John Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version of the paper at USENIX
        ATC 2014, sections 5.2, 5.4.1 and 9.3, https://raft.github.io/raft.pdf
"""

import heapq
import math
import random
from dataclasses import dataclass, field

PATIENCE = 10_000.0
"""An election that has lasted so long counts as one without end (ms)."""


@dataclass(frozen=True)
class Setup:
    """A cluster whose leader crashes. Timeouts are drawn evenly from `low` to `low + spread`.

    A message takes half of `broadcast`, or, with `vary`, anything up to that, evenly. With `logs` every server has a log of another
    length, so some cannot win. The leader crashes evenly within half of `low` after it was last heard.
    """

    servers: int
    low: float
    spread: float
    broadcast: float
    logs: bool = True
    vary: bool = True

    def __post_init__(self) -> None:
        if self.servers < 3:
            raise ValueError(f"servers must be at least 3, got {self.servers}")
        if min(self.low, self.broadcast) <= 0 or self.spread < 0:
            raise ValueError(f"times must be above 0 ms and spread at least 0 ms, got {self}")


@dataclass
class Election:
    """One election: how long there was no leader, the term that the leader was elected in (1 for the first), and what happened.

    `leader` is None where `PATIENCE` ran out. `crash` is when the leader crashed. `timeouts` are (time, server), `requests` are
    (sent, candidate, came, voter, whether the vote was granted), `votes` are (sent, voter, came, candidate).
    """

    crash: float
    downtime: float = PATIENCE
    term: int = 0
    leader: int | None = None
    timeouts: list[tuple[float, int]] = field(default_factory=list)
    requests: list[tuple[float, int, float, int, bool]] = field(default_factory=list)
    votes: list[tuple[float, int, float, int]] = field(default_factory=list)
    steps: int = 0


def split_share(servers: int, share: float) -> float:
    """Return the probability that nobody wins the first term, when logs are equal and each message takes the same time.

    `share` is that time over the spread of timeouts. The first candidate gets every vote but those of servers whose own timeout ended
    before its request came; how many those are is a binomial number, because the places of the other timeouts between the first and the
    end of the spread are again even.

    >>> round(split_share(5, 0.1), 4), split_share(5, 1)
    (0.0523, 1.0)
    """
    share = min(1.0, share)
    living = servers - 1
    spare = living - (servers // 2 + 1)
    wins = math.fsum(
        math.comb(living, others) * share**others * (1 - share) ** (living - others) for others in range(spare + 1)
    )
    return 1 - wins


def elect(setup: Setup, seed: int, record: bool = False) -> Election:
    """Return one simulated election; `record` keeps what happened."""
    return _Cluster(setup, random.Random(seed), record).run()


class _Cluster:
    """The servers that are left, and the messages and timeouts ahead."""

    def __init__(self, setup: Setup, rng: random.Random, record: bool) -> None:
        living = setup.servers - 1
        self.setup, self.rng, self.record = setup, rng, record
        self.one_way = setup.broadcast / 2
        self.terms, self.voted, self.votes, self.ends = [0] * living, [-1] * living, [0] * living, [0.0] * living
        self.lengths = rng.sample(range(living), living) if setup.logs else [0] * living
        self.found = Election(rng.uniform(0, setup.low / 2))
        # When it happens, a number that orders what happens at once, what, where, who sent it, its term, and when it was sent.
        self.ahead: list[tuple[float, int, str, int, int, int, float]] = []

    def run(self) -> Election:
        for server in range(self.setup.servers - 1):
            self.wait(server, 0.0)
        while self.found.leader is None and self.ahead[0][0] - self.found.crash < PATIENCE:
            now, _, kind, server, sender, term, sent = heapq.heappop(self.ahead)
            if kind == "vote":
                self.count(now, server, sender, term, sent)
            elif kind == "request":
                self.answer(now, server, sender, term, sent)
            elif self.ends[server] == now:  # else it has been reset since
                self.stand(now, server)
        return self.found

    def post(self, at: float, kind: str, to: int, sender: int, term: int, sent: float) -> None:
        self.found.steps += 1
        heapq.heappush(self.ahead, (at, self.found.steps, kind, to, sender, term, sent))

    def wait(self, server: int, now: float) -> None:
        """Begin a new timeout."""
        self.ends[server] = now + self.rng.uniform(self.setup.low, self.setup.low + self.setup.spread)
        self.post(self.ends[server], "timeout", server, server, 0, now)

    def arrival(self, now: float) -> float:
        return now + (self.rng.uniform(0, self.one_way) if self.setup.vary else self.one_way)

    def stand(self, now: float, server: int) -> None:
        """A timeout has ended: vote for oneself in a new term, and ask all others."""
        self.terms[server] += 1
        self.voted[server], self.votes[server] = server, 1
        if self.record:
            self.found.timeouts.append((now, server))
        self.wait(server, now)
        for other in range(len(self.terms)):
            if other != server:
                self.post(self.arrival(now), "request", other, server, self.terms[server], now)

    def answer(self, now: float, server: int, candidate: int, term: int, sent: float) -> None:
        """A request for a vote has come."""
        if term > self.terms[server]:
            self.terms[server], self.voted[server], self.votes[server] = term, -1, 0
        free = term == self.terms[server] and self.voted[server] < 0
        granted = free and self.lengths[candidate] >= self.lengths[server]
        if self.record:
            self.found.requests.append((sent, candidate, now, server, granted))
        if granted:
            self.voted[server] = candidate
            self.wait(server, now)
            self.post(self.arrival(now), "vote", candidate, server, term, now)

    def count(self, now: float, candidate: int, voter: int, term: int, sent: float) -> None:
        """A vote has come; it counts if the candidate still stands in its term."""
        if term != self.terms[candidate] or not self.votes[candidate]:
            return
        self.votes[candidate] += 1
        if self.record:
            self.found.votes.append((sent, voter, now, candidate))
        if self.votes[candidate] > self.setup.servers / 2:
            self.found.downtime, self.found.term, self.found.leader = now - self.found.crash, term, candidate


def downtimes(setup: Setup, seed: int, trials: int = 1000, most_steps: int = 60_000) -> list[Election]:
    """Return so many elections, or fewer where they are long: as many as took `most_steps` messages and timeouts, at least 10."""
    found: list[Election] = []
    steps = 0
    for trial in range(trials):
        found.append(elect(setup, seed * 100_000 + trial))
        steps += found[-1].steps
        if steps > most_steps and len(found) >= 10:
            break
    return found
