"""Gossip: in each round nodes call random others, and what one knows the other learns. Exact for few nodes, simulated for many.

`push` lets those who know call, `pull` those who do not, `both` everyone. A call reaches one of the other nodes, each as likely, and is
lost with probability `loss`. What is learned in a round is passed on from the next.

Source:
    Alan Demers and others, "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987, https://doi.org/10.1145/41840.41841
    Richard Karp and others, "Randomized Rumor Spreading", FOCS 2000, https://doi.org/10.1109/SFCS.2000.892324
"""

import math
import random
from dataclasses import dataclass

LONGEST = 400
"""Rounds after which a simulation gives up."""


@dataclass(frozen=True)
class Setup:
    """How `nodes` gossip: who calls, `fanout` calls a node and round, and the share of calls that is lost."""

    nodes: int
    mode: str = "push"
    fanout: int = 1
    loss: float = 0.0

    def __post_init__(self) -> None:
        if self.nodes < 2 or self.fanout < 1:
            raise ValueError(f"nodes must be at least 2 and fanout at least 1, got {self.nodes} and {self.fanout}")
        if self.mode not in ("push", "pull", "both"):
            raise ValueError(f"mode must be one of push, pull, both, got {self.mode!r}")
        if not 0 <= self.loss < 1:
            raise ValueError(f"loss must be from 0 to below 1, got {self.loss}")

    def told(self, know: float) -> float:
        """Return the probability that a node which calls learns it from at least one of its calls, when so many know."""
        return 1 - (1 - (1 - self.loss) * know / (self.nodes - 1)) ** self.fanout


def expected(setup: Setup, rounds: int) -> list[float]:
    """Return roughly how many know after 0, 1, … rounds: each round as if the expected number knew before it."""
    know, found = 1.0, [1.0]
    for _ in range(rounds):
        others = setup.nodes - know
        missed = 1.0
        if setup.mode != "pull":
            missed *= (1 - (1 - setup.loss) / (setup.nodes - 1)) ** (know * setup.fanout)
        if setup.mode != "push":
            missed *= 1 - setup.told(min(know, setup.nodes - 1))
        know = setup.nodes - others * missed
        found.append(know)
    return found


def exact(setup: Setup, rounds: int) -> list[list[float]]:
    """Return the probabilities that 0, 1, … nodes know, after 0, 1, … rounds: a Markov chain in the number of those who know.

    The time grows with the cube of the nodes; for 50 it is some ten milliseconds.
    """
    steps = [_step(setup, know) if know else [1.0] for know in range(setup.nodes + 1)]
    now = [0.0] * (setup.nodes + 1)
    now[1] = 1.0
    found = [now]
    for _ in range(rounds):
        after = [0.0] * (setup.nodes + 1)
        for know, share in enumerate(now):
            if share:
                for more, chance in enumerate(steps[know]):
                    after[know + more] += share * chance
        found.append(after)
        now = after
    return found


def _step(setup: Setup, know: int) -> list[float]:
    """Return the probabilities that 0, 1, … more nodes know after a round that so many begin with."""
    others = setup.nodes - know
    new = [1.0] + [0.0] * others
    if setup.mode != "pull":
        hit = (1 - setup.loss) / (setup.nodes - 1)
        for _ in range(
            know * setup.fanout
        ):  # one call after another, each to somebody who has not been called yet or not
            for more in range(others, 0, -1):
                new[more] += new[more - 1] * (others - more + 1) * hit - new[more] * (others - more) * hit
            new[0] -= new[0] * others * hit
    if setup.mode == "push":
        return new
    told = setup.told(know)
    found = [0.0] * (others + 1)
    for pushed, share in enumerate(new):
        left = others - pushed
        for pulled in range(left + 1):
            found[pushed + pulled] += share * math.comb(left, pulled) * told**pulled * (1 - told) ** (left - pulled)
    return found


def simulate(setup: Setup, rng: random.Random) -> list[int]:
    """Return how many know after 0, 1, … rounds, until all do."""
    know, found = 1, [1]
    while know < setup.nodes and len(found) <= LONGEST:
        others, learned = setup.nodes - know, 0
        if setup.mode != "pull":
            # Those who do not know yet are the numbers below `others`; the caller itself is among the rest, and is never called.
            reach = (setup.nodes - 1) / (1 - setup.loss)
            called = {
                int(place) for place in (rng.random() * reach for _ in range(know * setup.fanout)) if place < others
            }
            learned = len(called)
        if setup.mode != "push":
            told = setup.told(know)
            learned += sum(rng.random() < told for _ in range(others - learned))
        know += learned
        found.append(know)
    return found


def rumor(nodes: int, give_up: int, rng: random.Random, fanout: int = 1, loss: float = 0.0) -> tuple[list[int], int]:
    """Return how many know after each round, and the calls made, when a node pushes until `give_up` calls in a row told nobody anything new.

    Demers calls it rumor mongering with feedback and counter. A useful call sets the counter back.
    """
    know, active, calls = {0}, {0: 0}, 0
    found = [1]
    while active and len(found) <= LONGEST:
        learned: set[int] = set()
        for caller in list(active):
            for _ in range(fanout):
                called = rng.randrange(nodes - 1)
                called += called >= caller
                calls += 1
                if loss and rng.random() < loss:
                    continue
                if called in know:
                    active[caller] += 1
                else:
                    active[caller] = 0
                    learned.add(called)
            if active[caller] >= give_up:
                del active[caller]
        know |= learned
        active |= dict.fromkeys(sorted(learned), 0)
        found.append(len(know))
    return found, calls
