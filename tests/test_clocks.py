"""Clocks: happened-before is reachability, vector clocks are exactly that, Lamport's counter agrees with it, and wall clocks need not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.clocks import Event, causes, lamport, order, random_history, skewed, vectors

PROCESSES = 4


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Any history: an event may hear of any earlier events, of its own process too, in whatever order."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 14))):
        heard = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        events.append(Event(draw(st.integers(0, PROCESSES - 1)), float(number), tuple(heard)))
    return events


def reachable(events: Sequence[Event], source: int, target: int) -> bool:
    """Whether a chain of steps within processes and of messages leads from one event to another, by going along every chain."""
    direct = [
        later
        for later in range(source + 1, len(events))
        if source in events[later].heard or events[later].process == events[source].process
    ]
    return target in direct or any(reachable(events, later, target) for later in direct)


@given(histories())
def test_vector_clocks_are_before_exactly_when_a_chain_leads_there(events: list[Event]) -> None:
    past, stamps = causes(events), vectors(events, PROCESSES)
    for target in range(len(events)):
        for source in range(target):
            chain = reachable(events, source, target)
            assert bool(past[target] >> source & 1) is chain
            assert order(stamps[source], stamps[target]) == ("before" if chain else "concurrent")
            assert order(stamps[target], stamps[source]) == ("after" if chain else "concurrent")


@given(histories())
def test_lamports_counter_never_shows_an_effect_before_its_cause(events: list[Event]) -> None:
    past, stamps = causes(events), lamport(events)
    assert all(
        stamps[source] < stamps[target]
        for target in range(len(events))
        for source in range(target)
        if past[target] >> source & 1
    )


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.integers(0, 99))
def test_a_random_history_is_in_true_time_and_hears_only_what_was_sent_long_enough_ago(
    processes: int, each: int, talk: float, seed: int
) -> None:
    events = random_history(processes, each, talk, seed)
    assert len(events) == processes * each
    assert [event.at for event in events] == sorted(event.at for event in events)
    for event in events:
        assert all(
            events[source].at + 5 <= event.at and events[source].process != event.process for source in event.heard
        )
    heard = [source for event in events for source in event.heard]
    assert len(heard) == len(set(heard))


@given(st.floats(0, 2.49), st.integers(0, 99))
def test_wall_clocks_off_by_less_than_half_the_fastest_message_keep_causes_first(most: float, seed: int) -> None:
    events = random_history(PROCESSES, 6, 0.7, seed)
    past, shown = causes(events), skewed(events, PROCESSES, most, seed)
    assert all(
        shown[source] < shown[target]
        for target in range(len(events))
        for source in range(target)
        if past[target] >> source & 1
    )
