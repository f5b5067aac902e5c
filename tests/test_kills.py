"""Instances that die: exact counts against the published experiment and against every set of dead instances."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_architectures import architectures, succeeds

from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.failure import Failure, Shares
from labs_py.model.kills import instances, load_weighted_survival, phases, survival

REPLICATED = ("compose-post", "home-timeline", "user-timeline", "text", "media")


def experiment(replicas: int) -> Architecture:
    architecture = load("social_network_experiment")
    for name in REPLICATED:
        architecture = architecture.with_service(name, replicas=replicas)
    return architecture


@pytest.mark.parametrize(
    ("replicas", "dead", "exact", "sampled"),
    [
        (1, 2, 0.418182, 0.4182),
        (1, 4, 0.161212, 0.1613),
        (1, 6, 0.045455, 0.0454),
        (1, 9, 0.001364, 0.0014),
        (3, 3, 0.628247, 0.6281),
        (3, 7, 0.305421, 0.3054),
        (3, 11, 0.114429, 0.1145),
        (3, 16, 0.013200, 0.0132),
    ],
)
def test_the_published_model_is_reproduced_exactly(replicas: int, dead: int, exact: float, sampled: float) -> None:
    found = load_weighted_survival(experiment(replicas))[dead]
    assert found == pytest.approx(exact, abs=5e-7)
    assert found == pytest.approx(sampled, abs=5e-4)  # the widest interval that the author gives


def test_each_endpoint_of_the_replicated_experiment() -> None:
    found = survival(experiment(3))
    assert [found[name][3] for name in ("home timeline", "user timeline", "compose post")] == pytest.approx(
        [0.628571, 0.739610, 0.292208], abs=5e-7
    )


@settings(max_examples=100, deadline=None)
@given(architectures(most_replicas=3, zones=False))
def test_survival_counts_every_set_of_dead_instances(architecture: Architecture) -> None:
    pool = [(service.name, index) for service in architecture.services.values() for index in range(service.replicas)]
    found = survival(architecture)
    for dead in range(len(pool) + 1):
        wins = dict.fromkeys(architecture.endpoints, 0)
        for killed in itertools.combinations(pool, dead):
            lost = {name: sum(victim == name for victim, _ in killed) for name in architecture.services}

            def up(name: str, lost: dict[str, int] = lost) -> bool:
                service = architecture.services[name]
                return service.replicas - lost[name] >= service.needs

            for name, endpoint in architecture.endpoints.items():
                wins[name] += succeeds(architecture, endpoint, up)
        for name, count in wins.items():
            assert found[name][dead] == pytest.approx(count / math.comb(len(pool), dead), abs=1e-15)


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_request_that_needs_some_of_many_single_instances_is_hypergeometric(needed: int, spare: int) -> None:
    services = {f"s{index}": Service(f"s{index}") for index in range(needed + spare)}
    calls = tuple(Call(f"s{index}") for index in range(1, needed))
    found = survival(Architecture("", services, {"GET /": Endpoint("GET /", "s0", 1.0, calls)}))["GET /"]
    total = needed + spare
    assert found == pytest.approx([math.comb(spare, dead) / math.comb(total, dead) for dead in range(total + 1)])


def test_infrastructure_does_not_die_in_this_experiment() -> None:
    placed = Architecture(
        "", {"a": Service("a", replicas=2, runs_on=("zone",))}, {"GET /": Endpoint("GET /", "a")}, {"zone": 0.5}
    )
    assert load_weighted_survival(placed) == [1.0, 1.0, 0.0]


def test_too_many_instances_are_refused_and_the_most_are_counted() -> None:
    services = {f"s{index}": Service(f"s{index}", replicas=100) for index in range(2)}
    endpoint = {"GET /": Endpoint("GET /", "s0", 1.0, (Call("s1"),))}
    assert instances(Architecture("", services, endpoint)) == 200
    assert survival(Architecture("", services, endpoint))["GET /"][99] == 1.0
    services["s2"] = Service("s2")
    with pytest.raises(ValueError, match=r"instances must be at most 200 in all .* got 201; lower replicas"):
        survival(Architecture("", services, endpoint))


# --- one instance over time ----------------------------------------------------------------------


def course(architecture: Architecture, victim: str, failure: Failure) -> dict[str, tuple[float, float, Shares, float]]:
    found = phases(architecture, victim, failure, detection=30, restart=60)
    return {phase.name: (phase.start, phase.end, phase.shares, phase.monolith_fails) for phase in found}


def test_the_only_instance_is_missed_until_it_is_back() -> None:
    found = course(load("online_boutique"), "currency", Failure())
    lost = Shares(pytest.approx(18 / 23), 0.0)
    assert found == {
        "before": (-30, 0, Shares(0.0, 0.0), 0.0),
        "not noticed": (0, 30, lost, 1.0),
        "taken out": (30, 60, lost, 1.0),
        "restarted": (60, 90, Shares(0.0, 0.0), 0.0),
    }


def test_one_of_three_instances_is_missed_until_health_checks_notice_and_many_calls_hurt_more_than_a_monolith() -> None:
    currency = load("online_boutique").with_service("currency", replicas=3)
    found = course(currency, "currency", Failure())
    # Calls of currency per request: 10 home, 2 product, 3 GET cart, checkout 2 + 1; weights 1, 13, 3, 1 of 23.
    hit = [1 - (2 / 3) ** calls for calls in (10, 2, 3, 3)]
    expected = math.fsum(weight * chance for weight, chance in zip((1, 13, 3, 1), hit, strict=True)) / 23
    assert found["not noticed"][2].fails == pytest.approx(expected)
    assert found["not noticed"][2].fails > found["not noticed"][3] == pytest.approx(1 / 3)
    assert found["taken out"][2:] == (Shares(0.0, 0.0), 0.0)


def test_when_too_few_instances_are_left_the_service_is_down_at_once() -> None:
    quorum = load("online_boutique").with_service("currency", replicas=3, needs=3)
    found = course(quorum, "currency", Failure())
    assert found["not noticed"][2].fails == found["taken out"][2].fails == pytest.approx(18 / 23)


def test_health_checks_turn_a_hang_into_a_refusal() -> None:
    found = course(load("online_boutique"), "recommendation", Failure("hang"))
    assert found["not noticed"][2] == Shares(pytest.approx(17 / 23), 0.0)
    assert found["taken out"][2] == Shares(0.0, pytest.approx(17 / 23))


def test_a_restart_before_the_health_checks_leaves_out_the_phase_between() -> None:
    found = phases(load("online_boutique"), "currency", Failure(), detection=30, restart=10)
    assert [(phase.name, phase.start, phase.end) for phase in found] == [
        ("before", -30, 0),
        ("not noticed", 0, 10),
        ("restarted", 10, 40),
    ]
