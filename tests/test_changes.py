"""What-ifs change what they say and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_architectures import architectures

from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Operation, Parallel, Service
from labs_py.model.architecture_file import load
from labs_py.model.availability import system_availability
from labs_py.model.changes import add_alternative, add_replica, make_optional, set_availability, share_zone

BOUTIQUE = load("online_boutique")


def availability(architecture: Architecture) -> float:
    return system_availability(architecture).availability


def nested() -> Architecture:
    """Return a system in which c is called from an operation, inside parallel branches and inside alternatives."""
    inside = (Parallel(((Call("c"),), (Alternatives(((Call("c"),),)),))),)
    a = Service("a", 1.0, operations={"read": Operation(inside)})
    return Architecture(
        "", {"a": a, "c": Service("c", 0.9)}, {"GET /": Endpoint("GET /", "a", 1.0, (Call("a", "read"),))}
    )


@settings(max_examples=80, deadline=None)
@given(architectures(), st.data(), st.sampled_from([0.5, 0.99, 1.0]))
def test_help_never_hurts(architecture: Architecture, data: st.DataObject, value: float) -> None:
    service = data.draw(st.sampled_from(list(architecture.services)))
    before = availability(architecture)
    one = architecture.services[service].availability
    better = [
        add_alternative(architecture, service, value),
        make_optional(architecture, service),
        set_availability(architecture, service, max(value, one)),
    ]
    if not architecture.services[service].runs_on:  # a new instance may move the next ones to another zone
        better.append(add_replica(architecture, service))
    assert all(availability(changed) >= before - 1e-12 for changed in better)


@settings(max_examples=50, deadline=None)
@given(architectures(zones=False), st.sampled_from([0.0, 0.5, 0.999]))
def test_one_zone_for_everything_multiplies_everything_by_its_availability(
    architecture: Architecture, zone: float
) -> None:
    assert availability(share_zone(architecture, zone)) == pytest.approx(zone * availability(architecture), abs=1e-12)


def test_calls_are_changed_wherever_they_stand() -> None:
    assert availability(nested()) == pytest.approx(0.9)
    assert availability(make_optional(nested(), "c")) == pytest.approx(1.0)
    assert availability(add_alternative(nested(), "c", 0.9)) == pytest.approx(0.99)


def test_a_perfect_stand_in_is_as_good_as_no_need_for_the_service() -> None:
    assert availability(add_alternative(BOUTIQUE, "currency", 1.0)) == pytest.approx(
        availability(make_optional(BOUTIQUE, "currency"))
    )


def test_a_replica_squares_the_chance_of_losing_the_service() -> None:
    found = system_availability(add_replica(BOUTIQUE, "redis"))
    assert found.endpoints["GET /"].availability == pytest.approx(0.999**4 * (1 - 0.001**2))


def test_an_entry_cannot_be_made_optional() -> None:
    assert availability(make_optional(BOUTIQUE, "frontend")) == availability(BOUTIQUE)


def test_a_stand_in_does_not_take_the_name_of_another_service() -> None:
    twice = add_alternative(add_alternative(nested(), "c", 0.9), "c", 0.9)
    assert len(twice.services) == 4
    assert availability(twice) == pytest.approx(0.999)


def test_optional_calls_stay_optional_with_a_stand_in() -> None:
    assert availability(add_alternative(BOUTIQUE, "ad", 0.0)) == availability(BOUTIQUE)


def test_a_perfect_stand_in_for_an_optional_service_leaves_nothing_to_miss() -> None:
    complete = system_availability(add_alternative(BOUTIQUE, "ad", 1.0)).endpoints["GET /"].complete
    assert complete == pytest.approx(0.999**5)
