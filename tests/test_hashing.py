"""Consistent hashing: nothing moves that need not, arcs are what keys find, and loads spread as the closed forms say."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.hashing import arcs, jump, load_quantile, load_spread, owner, ring, shares


@given(st.integers(1, 8), st.integers(1, 20), st.integers(0, 99), st.floats(0, 1))
def test_a_key_moves_only_to_the_node_that_joins(nodes: int, points: int, seed: int, place: float) -> None:
    before, after = (owner(ring(range(size), points, seed), place) for size in (nodes, nodes + 1))
    assert after in (before, nodes)


@given(st.integers(1, 8), st.integers(1, 20), st.integers(0, 99))
def test_the_arcs_cover_the_ring_once_and_belong_to_whom_their_keys_find(nodes: int, points: int, seed: int) -> None:
    placed = ring(range(nodes), points, seed)
    pieces = arcs(placed)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    assert all(owner(placed, (start + end) / 2) == node for start, end, node in pieces)
    assert math.isclose(sum(shares(placed, range(nodes)).values()), 1)


@given(st.integers(0, 2**64 - 1), st.integers(1, 200))
def test_jump_hash_moves_a_key_only_to_the_new_bucket(key: int, buckets: int) -> None:
    before, after = jump(key, buckets), jump(key, buckets + 1)
    assert 0 <= before < buckets
    assert after in (before, buckets)


def test_jump_hash_fills_its_buckets_evenly() -> None:
    rng = random.Random(3)
    held = [0] * 10
    for _ in range(20_000):
        held[jump(rng.getrandbits(64), 10)] += 1
    assert (
        sum((count - 2000) ** 2 / 2000 for count in held) < 27.9
    )  # the 99.9 % point of chi-squared with 9 degrees of freedom


@pytest.mark.parametrize(("nodes", "points"), [(2, 1), (5, 3), (10, 20)])
def test_loads_spread_as_much_as_the_closed_form_says(nodes: int, points: int) -> None:
    rings = 400
    squares = [
        (share * nodes - 1) ** 2
        for seed in range(rings)
        for share in shares(ring(range(nodes), points, seed), range(nodes)).values()
    ]
    assert math.sqrt(math.fsum(squares) / len(squares)) == pytest.approx(load_spread(nodes, points), rel=0.1)


def test_quantiles_of_one_point_are_those_of_the_exponential_distribution() -> None:
    for probability in (0.005, 0.5, 0.995):
        assert load_quantile(probability, 1) == pytest.approx(-math.log(1 - probability))


def test_a_ring_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="points must be at least one, got none"):
        owner([], 0.5)
