"""Quorums: what the formulas say is what a list of all sets says."""

import math
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.quorum import at_least, missing, overlap, stale


@st.composite
def quorums(draw: st.DrawFn) -> tuple[int, int, int]:
    replicas = draw(st.integers(1, 8))
    return replicas, draw(st.integers(1, replicas)), draw(st.integers(1, replicas))


@given(quorums())
def test_the_overlap_is_what_a_list_of_all_pairs_of_sets_shows(sizes: tuple[int, int, int]) -> None:
    replicas, read, write = sizes
    pairs = list(product(combinations(range(replicas), read), combinations(range(replicas), write)))
    for held, share in enumerate(overlap(replicas, read, write)):
        assert math.isclose(share, sum(len({*r} & {*w}) == held for r, w in pairs) / len(pairs), abs_tol=1e-12)
    misses, sets = missing(replicas, read, write)
    assert math.isclose(misses / sets, stale(replicas, read, write), abs_tol=1e-12)


@given(quorums())
def test_a_read_is_never_stale_exactly_when_quorums_must_overlap(sizes: tuple[int, int, int]) -> None:
    replicas, read, write = sizes
    assert (stale(replicas, read, write) == 0) == (read + write > replicas)


@given(st.integers(1, 8), st.integers(0, 9), st.floats(0, 1))
def test_enough_replicas_are_up_as_often_as_the_sum_over_all_states_says(replicas: int, needed: int, up: float) -> None:
    states = product((True, False), repeat=replicas)
    summed = math.fsum(math.prod(up if on else 1 - up for on in state) for state in states if sum(state) >= needed)
    assert math.isclose(at_least(replicas, needed, up), summed, abs_tol=1e-12)


@pytest.mark.parametrize(("read", "write"), [(0, 1), (4, 1), (1, 0), (1, 4)])
def test_a_quorum_of_no_or_of_too_many_replicas_is_refused(read: int, write: int) -> None:
    with pytest.raises(ValueError, match="must be from 1 to the number of replicas, 3, got"):
        stale(3, read, write)
