"""Two replicas and a cut link: invariants that hold for every setting, and counts that can be done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.partition import Setup, operations, totals


@st.composite
def setups(draw: st.DrawFn, **fixed: object) -> Setup:
    cut = draw(st.integers(0, 10_000))
    values: dict[str, object] = {
        "cut": cut,
        "heal": draw(st.integers(cut, 10_000)),
        "round_trip": draw(st.integers(0, 400)),
        "refuses": draw(st.booleans()),
        "waits": draw(st.booleans()),
        "union": draw(st.booleans()),
    }
    return Setup(**{**values, **fixed})  # type: ignore[arg-type]


@given(setups(refuses=True, waits=True))
def test_consistency_first_never_shows_a_stale_cart_and_never_loses_an_item(setup: Setup) -> None:
    numbers = totals(*operations(setup))
    assert numbers["stale_reads"] == numbers["lost_writes"] == 0


@given(setups(refuses=False))
def test_availability_first_refuses_nothing(setup: Setup) -> None:
    assert totals(*operations(setup))["refused_writes"] == 0


@given(setups(union=True))
def test_a_union_loses_nothing(setup: Setup) -> None:
    assert totals(*operations(setup))["lost_writes"] == 0


@given(setups())
def test_every_operation_is_counted_once_and_replicas_agree_in_the_end(setup: Setup) -> None:
    writes, reads = operations(setup)
    numbers = totals(writes, reads)
    assert sum(numbers.values()) == len(writes) + len(reads) == 40 + 100
    assert all(
        max(write.seen) <= max(setup.heal, write.at) + setup.round_trip
        for write in writes
        if write.outcome != "refused"
    )


@given(setups(cut=0, heal=0, waits=False))
def test_without_a_partition_staleness_lasts_one_one_way_delay(setup: Setup) -> None:
    writes, reads = operations(setup)
    one_way = setup.round_trip // 2
    by_hand = sum(
        any(0 <= read.at - write.at < one_way and read.side != write.side for write in writes) for read in reads
    )
    assert totals(writes, reads)["stale_reads"] == by_hand


def test_four_seconds_of_partition_counted_by_hand() -> None:
    # Writes at 3.0, 3.5 … 6.5 s at A and 3.25 … 6.75 s at B: eight on each side while the link is cut.
    assert totals(*operations(Setup(3_000, 7_000, 0, True, True, False)))["refused_writes"] == 16
    lost = totals(*operations(Setup(3_000, 7_000, 0, False, False, False)))["lost_writes"]
    assert lost == 8  # B wrote last, so A's eight go


def test_healing_before_the_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="heal must be from the time of the cut"):
        Setup(5_000, 4_000, 80, True, True, True)
