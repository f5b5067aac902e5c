"""Gossip: the exact chain is what listing all calls gives, and the simulations follow it."""

import math
import random
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model.gossip import Setup, exact, expected, rumor, simulate


def listed(nodes: int, mode: str, know: int) -> list[float]:
    """The probabilities of how many know after one round, by listing whom each node calls: those below `know` know."""
    callers = [node for node in range(nodes) if mode == "both" or (mode == "push") == (node < know)]
    counts = [0] * (nodes + 1)
    for called in product(range(nodes - 1), repeat=len(callers)):
        after = set(range(know))
        for caller, place in zip(callers, called, strict=True):
            other = place + (place >= caller)
            if caller < know and mode != "pull":
                after.add(other)
            if other < know and mode != "push":
                after.add(caller)
        counts[len(after)] += 1
    return [count / sum(counts) for count in counts]


@pytest.mark.parametrize("mode", ["push", "pull", "both"])
@pytest.mark.parametrize("nodes", [2, 3, 5])
def test_the_chain_is_what_a_list_of_all_calls_gives(mode: str, nodes: int) -> None:
    setup = Setup(nodes, mode)
    now = [0.0] * (nodes + 1)
    now[1] = 1.0
    for after in exact(setup, 4)[1:]:
        summed = [0.0] * (nodes + 1)
        for know in range(1, nodes + 1):
            for total, share in enumerate(listed(nodes, mode, know)):
                summed[total] += now[know] * share
        assert after == pytest.approx(summed, abs=1e-12)
        now = summed


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.sampled_from(["push", "pull", "both"]), st.integers(1, 3), st.floats(0, 0.8))
def test_the_chain_keeps_its_probability_and_never_forgets(nodes: int, mode: str, fanout: int, loss: float) -> None:
    courses = exact(Setup(nodes, mode, fanout, loss), 6)
    means = [math.fsum(know * share for know, share in enumerate(after)) for after in courses]
    assert all(math.fsum(after) == pytest.approx(1) and min(after) > -1e-12 for after in courses)
    assert all(one <= other + 1e-9 for one, other in pairwise(means))


@pytest.mark.parametrize("mode", ["push", "pull", "both"])
@pytest.mark.parametrize(("fanout", "loss"), [(1, 0.0), (2, 0.3)])
def test_the_simulation_follows_the_chain(mode: str, fanout: int, loss: float) -> None:
    setup, rng, runs, rounds = Setup(20, mode, fanout, loss), random.Random(11), 3000, 5
    known = [simulate(setup, rng) for _ in range(runs)]
    for at, after in enumerate(exact(setup, rounds)):
        mean = math.fsum(know * share for know, share in enumerate(after))
        deviation = math.sqrt(max(0.0, math.fsum((know - mean) ** 2 * share for know, share in enumerate(after))))
        drawn = math.fsum(counts[min(at, len(counts) - 1)] for counts in known) / runs
        assert abs(drawn - mean) <= 4.5 * deviation / math.sqrt(runs) + 1e-9


@given(st.integers(2, 2000), st.sampled_from(["push", "pull", "both"]))
def test_the_rough_course_rises_from_one_to_all(nodes: int, mode: str) -> None:
    course = expected(Setup(nodes, mode), 60)
    assert course[0] == 1
    assert course == sorted(course)
    assert course[-1] == pytest.approx(nodes, rel=1e-6)


@given(st.integers(2, 60), st.integers(1, 5), st.integers(0, 99))
def test_a_rumor_dies_only_after_as_many_useless_calls_as_it_takes(nodes: int, give_up: int, seed: int) -> None:
    known, calls = rumor(nodes, give_up, random.Random(seed))
    assert known == sorted(known)
    assert known[-1] <= nodes
    assert (
        calls >= (known[-1] - 1) + give_up
    )  # each but the first was told by a call, and the last to stop had wasted that many
    assert calls >= give_up * known[-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": 1}, "nodes must be at least 2"),
        ({"mode": "shout"}, "mode must be one of"),
        ({"loss": 1.0}, "loss must be from 0"),
    ],
)
def test_what_cannot_gossip_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Setup(**({"nodes": 5} | change))  # type: ignore[arg-type]
