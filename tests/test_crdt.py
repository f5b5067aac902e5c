"""Carts: merges obey their laws, replicas agree, and the observed-remove set is what chains of cause and effect say."""

import random
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.crdt import Cart, LastCart, LastItemCart, ObservedCart, TwoPhaseCart, UnionCart, merged_counts
from labs_py.model.shared_cart import Change, Copy, Step, deviations, history, played, together

KINDS: dict[str, Cart] = {
    "cart": LastCart(),
    "union": UnionCart(),
    "two_phase": TwoPhaseCart(),
    "item": LastItemCart(),
    "observed": ObservedCart(),
}
REPLICAS = 3


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    return history(
        REPLICAS,
        draw(st.integers(1, 16)),
        draw(st.floats(0, 0.8)),
        draw(st.floats(0, 1)),
        draw(st.floats(0, 0.9)),
        draw(st.booleans()),
        draw(st.integers(0, 999)),
    )


@pytest.mark.parametrize("kind", KINDS)
@given(steps=histories())
def test_a_merge_is_commutative_associative_and_idempotent(kind: str, steps: list[Step]) -> None:
    a, b, c = played(steps, KINDS[kind], REPLICAS)
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a) == a


@pytest.mark.parametrize("kind", KINDS)
@given(steps=histories(), seed=st.integers(0, 99))
def test_replicas_agree_in_the_end_in_whatever_order_and_however_often_they_merge(
    kind: str, steps: list[Step], seed: int
) -> None:
    carts, rng = played(steps, KINDS[kind], REPLICAS), random.Random(seed)
    whole = together(carts)
    for _ in range(REPLICAS):
        received = [*carts, *rng.sample(carts, 2)]
        rng.shuffle(received)
        assert together(received) == whole


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "union"])
@given(steps=histories())
def test_a_change_goes_up_in_the_order_of_the_merge(kind: str, steps: list[Step]) -> None:
    cart = together(played(steps, KINDS[kind], REPLICAS))
    for after in (cart.add("a", (10_000.0, 0)), cart.remove("a", (10_000.0, 0))):
        assert cart.merge(after) == after


def test_a_removal_from_a_plain_union_is_undone_by_an_older_copy() -> None:
    before = UnionCart().add("a", (1.0, 0))
    assert before.remove("a", (2.0, 0)).merge(before).items() == {"a"}


def meant(steps: list[Step]) -> set[str]:
    """What should be in the cart in the end: additions that no removal had seen, by following every chain of steps and copies."""
    effects = [step.at if isinstance(step, Change) else step.came for step in steps]
    links: dict[int, list[int]] = {number: [] for number in range(len(steps))}
    for replica in range(REPLICAS):
        mine = [
            number
            for number, step in enumerate(steps)
            if (step.replica if isinstance(step, Change) else step.target) == replica
        ]
        for one, other in pairwise(sorted(mine, key=lambda number: (effects[number], number))):
            links[one].append(other)
        for number, step in enumerate(steps):
            if isinstance(step, Copy) and step.source == replica:
                earlier = [other for other in mine if effects[other] <= step.sent]
                if earlier:
                    links[max(earlier, key=lambda other: (effects[other], other))].append(number)

    @cache
    def leads(source: int, target: int) -> bool:
        return source == target or any(leads(following, target) for following in links[source])

    changes = [(number, step) for number, step in enumerate(steps) if isinstance(step, Change)]
    return {
        step.item
        for number, step in changes
        if step.adds
        and not any(
            not other.adds and other.item == step.item and leads(number, place)
            for place, other in changes
            if place != number
        )
    }


@given(steps=histories())
def test_the_observed_remove_set_keeps_what_no_removal_had_seen(steps: list[Step]) -> None:
    assert together(played(steps, ObservedCart(), REPLICAS)).items() == meant(steps)


@given(steps=histories())
def test_the_kinds_go_wrong_only_in_their_own_ways(steps: list[Step]) -> None:
    found = deviations(steps, KINDS, REPLICAS)
    assert found["observed"] == (frozenset(), frozenset())
    assert not found["union"][0]
    assert not found["two_phase"][1]


counters = st.dictionaries(st.sampled_from("ABCD"), st.integers(0, 9))


@given(counters, counters, counters)
def test_the_merge_of_counters_obeys_the_same_laws(a: dict[str, int], b: dict[str, int], c: dict[str, int]) -> None:
    assert merged_counts(a, b) == merged_counts(b, a)
    assert merged_counts(merged_counts(a, b), c) == merged_counts(a, merged_counts(b, c))
    assert merged_counts(a, a) == a
