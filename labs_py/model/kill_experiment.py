"""The published experiment that killed random containers of a running Social Network, beside what a count of all sets of dead ones gives.

The author's model is a graph of 12 services; the experiment ran 26 containers. Both are counted here.

Source:
    Anatoly A. Krasnovsky, "Model Discovery and Graph Simulation: A Lightweight Gateway to Chaos Engineering", ICSE-NIER 2026,
        https://arxiv.org/abs/2506.11176, with data and scripts in https://github.com/a-a-k/socialnet-resilience

>>> f"{ROUNDS[0].exact:.6f}"
'0.418182'
"""

import math
from dataclasses import dataclass
from functools import cache

from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture, Call, Operation
from labs_py.model.kills import instances, load_weighted_survival

FILE = "social_network_experiment.toml"
REPLICATED = ("compose-post", "home-timeline", "user-timeline", "text", "media")


@dataclass(frozen=True)
class Round:
    """One round: the `share` of the instances that was killed, with so many `copies` of the replicated services.

    `model` and its `spread` are the author's sampled share of requests that succeed, `measured` is that of the running system.
    """

    share: float
    copies: int
    model: float
    spread: float
    measured: float

    @property
    def instances(self) -> int:
        """How many instances the model has."""
        return instances(_modeled(self.copies))

    @property
    def dead(self) -> int:
        """How many of them die."""
        return _dead(self.share, self.instances)

    @property
    def exact(self) -> float:
        """Share of requests that succeed in the model, exactly."""
        return load_weighted_survival(_modeled(self.copies))[self.dead]

    @property
    def instances_as_run(self) -> int:
        """How many containers the experiment had."""
        return instances(_run(self.copies))

    @property
    def dead_as_run(self) -> int:
        """How many of them died."""
        return _dead(self.share, self.instances_as_run)

    @property
    def exact_as_run(self) -> float:
        """Share of requests that succeed in the system as it was run, exactly."""
        return load_weighted_survival(_run(self.copies))[self.dead_as_run]

    def to_json(self) -> dict[str, float]:
        """Return the round as JSON types."""
        return {
            "dead": self.dead,
            "instances": self.instances,
            "exact": self.exact,
            "published": self.model,
            "measured": self.measured,
            "dead_as_run": self.dead_as_run,
            "instances_as_run": self.instances_as_run,
            "exact_as_run": self.exact_as_run,
        }


ROUNDS = [
    Round(0.1, 1, 0.4182, 0.0005, 0.5533),
    Round(0.3, 1, 0.1613, 0.0005, 0.1775),
    Round(0.5, 1, 0.0454, 0.0002, 0.0376),
    Round(0.7, 1, 0.0014, 0.00005, 0.0067),
    Round(0.1, 3, 0.6281, 0.0005, 0.6969),
    Round(0.3, 3, 0.3054, 0.0007, 0.3054),
    Round(0.5, 3, 0.1145, 0.0004, 0.0958),
    Round(0.7, 3, 0.0132, 0.0001, 0.0155),
]


def _dead(share: float, count: int) -> int:
    """Return how many instances the experiment's rule kills: the share, rounded up."""
    return math.ceil(round(share * count, 9))


@cache
def _modeled(copies: int) -> Architecture:
    return _with_copies(architecture_file.load(FILE.removesuffix(".toml")), copies)


@cache
def _run(copies: int) -> Architecture:
    """Return the Social Network as the experiment ran it: all 26 containers, and stores that were empty.

    A timeline without posts asks post-storage for nothing, so its memcached is not needed; and the code takes an error of the
    user timeline's mongodb for an empty timeline.
    """
    full = architecture_file.load("social_network")
    reads = {
        "post-storage": Operation(()),
        "user-timeline": Operation((Call("user-timeline-redis"), Call("post-storage", "Read"))),
    }
    for name, read in reads.items():
        full = full.with_service(name, operations={**full.services[name].operations, "Read": read})
    return _with_copies(full, copies)


def _with_copies(architecture: Architecture, copies: int) -> Architecture:
    for name in REPLICATED:
        architecture = architecture.with_service(name, replicas=copies)
    return architecture
