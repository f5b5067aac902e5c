"""Availability estimated by simulated requests, as a check on the exact answer.

One integer holds one variable's state in all trials, a bit a trial, so that "and" and "or" of two integers work on every trial at
once. The same seed gives the same estimate on every platform.

Source:
    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
        Association 22(158), 1927 (the interval).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from labs_py.model.architecture import Architecture
from labs_py.model.availability import SystemStructure, system_structure
from labs_py.model.conditioning import Chance
from labs_py.model.structure import FAILS, WORKS, Structures

_Z99 = NormalDist().inv_cdf(0.995)


@dataclass(frozen=True)
class Estimate:
    """A share of successes among `trials`, with Wilson's 99 % confidence interval from `low` to `high`."""

    share: float
    low: float
    high: float
    trials: int


def simulated_availability(
    architecture: Architecture, trials: int = 100_000, seed: int = 1
) -> tuple[Estimate, dict[str, Estimate]]:
    """Return estimates of the load-weighted availability and of each endpoint's.

    Every trial draws the state of all parts and one endpoint, by load share; the first estimate counts those requests. Each
    endpoint's own estimate asks that endpoint in every trial.

    Raises:
        ValueError: `trials` is below 1, or too many instances run on infrastructure.
    """
    if trials < 1:
        raise ValueError(f"trials must be at least 1, got {trials}")
    system = system_structure(architecture)
    successes, states = simulated_requests(architecture, system, random.Random(seed), trials)
    endpoints = {name: wilson(states[system.works[name]].bit_count(), trials) for name in architecture.endpoints}
    return wilson(successes.bit_count(), trials), endpoints


def simulated_requests(
    architecture: Architecture, system: SystemStructure, rng: random.Random, trials: int
) -> tuple[int, dict[int, int]]:
    """Return an integer with a 1 for each simulated request that succeeds, and the state of every structure function in every trial.

    Each trial draws the state of all parts, and one endpoint by its share of the load.
    """
    everything = system.structures.any_of(system.works.values())
    states = bit_states(system.structures, [everything, *system.works.values()], system.chances, rng, trials)
    waiting, successes, weight_left = (1 << trials) - 1, 0, sum(item.weight for item in architecture.endpoints.values())
    for name, endpoint in architecture.endpoints.items():
        chosen = waiting & random_bits(rng, trials, min(1.0, endpoint.weight / weight_left)) if weight_left > 0 else 0
        waiting ^= chosen
        weight_left -= endpoint.weight
        successes |= chosen & states[system.works[name]]
    return successes, states


def wilson(successes: int, trials: int) -> Estimate:
    """Return the share of successes with Wilson's 99 % interval.

    >>> wilson(9_900, 10_000).low < 0.99 < wilson(9_900, 10_000).high
    True
    """
    share = successes / trials
    center = (share + _Z99**2 / (2 * trials)) / (1 + _Z99**2 / trials)
    reach = _Z99 / (1 + _Z99**2 / trials) * (share * (1 - share) / trials + _Z99**2 / (4 * trials**2)) ** 0.5
    return Estimate(share, max(0.0, center - reach), min(1.0, center + reach), trials)


def random_bits(rng: random.Random, trials: int, chance: float) -> int:
    """Return an integer of which each of the low `trials` bits is 1 with probability `chance`, exactly.

    Each trial compares a uniform random number with `chance`, bit by bit from the top, and is decided at the first bit that
    differs; half of the trials are decided at each step.
    """
    undecided = (1 << trials) - 1
    if chance >= 1:
        return undecided
    below = 0
    while undecided and chance > 0:
        chance *= 2
        random_bit = rng.getrandbits(trials)
        if chance >= 1:
            chance -= 1
            below |= undecided & ~random_bit
            undecided &= random_bit
        else:
            undecided &= ~random_bit
    return below


def bit_states(
    structures: Structures, functions: list[int], chances: Mapping[str, Chance], rng: random.Random, trials: int
) -> dict[int, int]:
    """Return the state of every function inside `functions` in every trial."""
    ones = (1 << trials) - 1
    states = {FAILS: 0, WORKS: ones}
    for number in sorted({below for function in functions for below in structures.below(function)}):
        node = structures.nodes[number]
        if node.kind == "variable":
            states[number] = random_bits(rng, trials, float(chances[structures.names[number]]))
        elif node.kind == "not":
            states[number] = ones ^ states[node.children[0]]
        elif node.kind != "constant":
            needs = {"any": 1, "all": len(node.children)}.get(node.kind, node.needs)
            states[number] = _at_least(needs, [states[child] for child in node.children], ones)
    return states


def _at_least(needs: int, children: list[int], ones: int) -> int:
    if needs == len(children):
        result = ones
        for child in children:
            result &= child
        return result
    reached = [ones] + [0] * needs  # reached[k]: trials in which at least k of the children seen so far work
    for child in children:
        for count in range(needs, 0, -1):
            reached[count] |= reached[count - 1] & child
    return reached[needs]
