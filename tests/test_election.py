"""Raft's election: at most one leader a term, only with votes that were given, and split votes as often as the closed form says."""

import math
import random
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.election import PATIENCE, Setup, downtimes, elect, split_share


@st.composite
def setups(draw: st.DrawFn) -> Setup:
    return Setup(
        draw(st.integers(3, 9)),
        draw(st.floats(50, 300)),
        draw(st.floats(20, 300)),
        draw(st.floats(0.5, 40)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@given(setups(), st.integers(0, 1000))
def test_a_leader_has_a_majority_and_nobody_votes_twice_in_a_term(setup: Setup, seed: int) -> None:
    found = elect(setup, seed, record=True)
    assert found.leader is not None
    assert setup.low / 2 <= found.downtime < PATIENCE
    stood = {server: [at for at, who in found.timeouts if who == server] for server in range(setup.servers - 1)}
    won = [
        sent for sent, _, _, candidate in found.votes if candidate == found.leader and sent > stood[found.leader][-1]
    ]
    assert len(won) + 1 > setup.servers / 2
    granted = sorted((voter, came) for _, _, came, voter, yes in found.requests if yes)
    for voter, votes in groupby(granted, key=lambda vote: vote[0]):
        times = [came for _, came in votes]
        # A server that has voted waits for a timeout of its own or for a later term, which begins with somebody's timeout.
        for one, other in pairwise(times):
            assert any(one - setup.broadcast <= at <= other for at, who in found.timeouts if who != voter)


@given(setups(), st.integers(0, 1000))
def test_recording_changes_nothing(setup: Setup, seed: int) -> None:
    plain, recorded = elect(setup, seed), elect(setup, seed, record=True)
    assert (plain.downtime, plain.term, plain.leader) == (recorded.downtime, recorded.term, recorded.leader)


def drawn_share(servers: int, share: float, trials: int = 40_000) -> float:
    """How often the first candidate lacks a majority, from the timeouts alone."""
    rng = random.Random(7)
    lost = 0
    for _ in range(trials):
        places = [rng.random() for _ in range(servers - 1)]
        spent = sum(place < min(places) + share for place in places) - 1
        lost += servers - 1 - spent <= servers / 2
    return lost / trials


@pytest.mark.parametrize(("servers", "share"), [(3, 0.1), (4, 0.2), (5, 0.1), (5, 0.4), (7, 0.3), (9, 0.5)])
def test_the_closed_form_of_a_split_vote_is_what_drawn_timeouts_show(servers: int, share: float) -> None:
    assert split_share(servers, share) == pytest.approx(drawn_share(servers, share), abs=0.011)


@pytest.mark.parametrize(("servers", "spread"), [(3, 60), (5, 40), (7, 30)])
def test_the_simulation_splits_as_often_as_the_closed_form_says(servers: int, spread: float) -> None:
    elections = downtimes(Setup(servers, 150, spread, 15, logs=False, vary=False), 3)
    lost = sum(election.term != 1 for election in elections) / len(elections)
    exact = split_share(servers, 7.5 / spread)
    assert abs(lost - exact) < 4 * math.sqrt(exact * (1 - exact) / len(elections))


def test_without_randomness_and_variety_nobody_is_ever_elected() -> None:
    assert all(election.leader is None for election in downtimes(Setup(5, 150, 0, 15, logs=False, vary=False), 1))


@pytest.mark.parametrize(
    ("change", "message"), [({"servers": 2}, "servers must be at least 3"), ({"spread": -1.0}, "times must be above 0")]
)
def test_a_cluster_that_cannot_be_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Setup(**({"servers": 5, "low": 150.0, "spread": 5.0, "broadcast": 15.0} | change))  # type: ignore[arg-type]
