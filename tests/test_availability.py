"""Exact availability: closed forms, published numbers, and every state added up one by one."""

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_architectures import architectures, expected

from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.availability import callees_first, system_availability, system_structure
from labs_py.model.conditioning import MOST_CONDITIONINGS, Conditioning, at_least_of_equals
from labs_py.model.failure import Failure
from labs_py.model.structure import Structures


def chance(parts: Structures, function: int, chances: dict[str, float]) -> float:
    return float(Conditioning(parts, chances).probability(function))


def of(services: dict[str, float], *calls: object, **more: Service) -> Architecture:
    """Return a system with one endpoint that enters at a perfect gateway and makes `calls`."""
    made = {name: Service(name, availability) for name, availability in services.items()}
    gateway = Service("gateway", 1.0)
    return Architecture("", {"gateway": gateway, **made, **more}, {"GET /": Endpoint("GET /", "gateway", 1.0, calls)})  # type: ignore[arg-type]


def availability(architecture: Architecture) -> float:
    return system_availability(architecture).availability


# --- closed forms and published numbers ----------------------------------------------------------


@pytest.mark.parametrize(("one", "published"), [(0.9, 0.97848), (0.99, 0.99979805)])
def test_the_bridge_needs_conditioning_and_gets_it(one: float, published: float) -> None:
    parts = Structures()
    a, b, c, d, e = (parts.variable(name) for name in "abcde")
    bridge = parts.any_of([parts.all_of(path) for path in ([a, b], [c, d], [a, e, d], [c, e, b])])
    exact = Conditioning(parts, dict.fromkeys("abcde", one))
    assert float(exact.probability(bridge)) == pytest.approx(published, abs=5e-9)
    assert exact.conditionings > 0


def test_two_paths_over_one_database_count_the_database_once() -> None:
    paths = Alternatives(((Call("app 1"), Call("database")), (Call("app 2"), Call("database"))))
    system = of(dict.fromkeys(["app 1", "app 2", "database"], 0.99), paths)
    assert availability(system) == pytest.approx(0.989901, abs=5e-7)
    if_independent = 1 - (1 - 0.99**2) ** 2
    assert if_independent == pytest.approx(0.999604, abs=5e-7)


@pytest.mark.parametrize(
    ("needs", "replicas", "one", "published"),
    [(2, 3, 0.99, 0.999702), (3, 5, 0.99, 0.99999015), (2, 3, 0.999, 0.999997002), (1, 2, 0.999, 0.999999)],
)
def test_k_of_n_replicas_reproduce_the_published_quorums(
    needs: int, replicas: int, one: float, published: float
) -> None:
    assert float(at_least_of_equals(needs, replicas, one)) == pytest.approx(published, abs=5e-9)
    assert availability(of({}, Call("store"), store=Service("store", one, replicas, needs))) == pytest.approx(
        published, abs=5e-9
    )


@pytest.mark.parametrize(
    ("services", "published"),
    [
        ([0.9995, 0.9999], 0.99940005),  # Azure: App Service and SQL Database
        ([0.9999] * 3, 0.9997),  # AWS Well-Architected: three hard dependencies
        ([0.995, 0.987, 0.973], 0.955549),
        ([0.999] * 5, 0.99501),
        ([0.999] * 8, 0.992028),
    ],
)
def test_hard_dependencies_multiply(services: list[float], published: float) -> None:
    named = {f"s{index}": value for index, value in enumerate(services)}
    assert availability(of(named, *(Call(name) for name in named))) == pytest.approx(published, abs=5e-7)


@pytest.mark.parametrize(
    ("services", "published"),
    [([0.995, 0.987, 0.973], 0.999998245), ([0.9999, 0.999], 0.9999999), ([0.999, 0.999], 0.999999)],
)
def test_alternatives_multiply_their_failures(services: list[float], published: float) -> None:
    named = {f"s{index}": value for index, value in enumerate(services)}
    assert availability(of(named, Alternatives(tuple((Call(name),) for name in named)))) == pytest.approx(
        published, abs=5e-10
    )


def test_a_queue_behind_the_database_leaves_azure_with_the_web_tier() -> None:
    system = of(
        {"web": 0.9995, "database": 0.9999, "queue": 0.999},
        Call("web"),
        Alternatives(((Call("database"),), (Call("queue"),))),
    )
    assert availability(system) == pytest.approx(0.99949990, abs=5e-9)


def test_online_boutique_has_its_published_call_graphs_availability() -> None:
    found = system_availability(load("online_boutique"))
    published = {
        "GET /": 0.995010,
        "GET /product/{id}": 0.995010,
        "POST /cart": 0.996006,
        "GET /cart": 0.994015,
        "POST /cart/checkout": 0.992028,
    }
    for name, value in published.items():
        assert found.endpoints[name].availability == pytest.approx(value, abs=5e-7)
    assert found.availability == pytest.approx(0.995227, abs=5e-7)
    assert found.naive_product == pytest.approx(0.999**11, abs=1e-12)


def test_the_fictional_checkout_is_99_28_and_a_better_inventory_99_68() -> None:
    checkout = load("checkout")
    better = checkout.with_service("inventory", availability=0.999)
    assert availability(checkout) == pytest.approx(0.9928, abs=5e-5)
    assert availability(better) == pytest.approx(0.9968, abs=5e-5)
    assert (availability(better) - availability(checkout)) * 365 * 24 == pytest.approx(35, abs=0.5)


# --- every state added up ------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(architectures())
def test_availability_is_the_sum_over_all_states(architecture: Architecture) -> None:
    found = system_availability(architecture)
    total = sum(endpoint.weight for endpoint in architecture.endpoints.values())
    weighted = []
    for name, endpoint in architecture.endpoints.items():
        by_hand = expected(architecture, endpoint)
        assert found.endpoints[name].availability == pytest.approx(by_hand, abs=1e-12)
        weighted.append(endpoint.weight / total * by_hand)
    assert found.availability == pytest.approx(math.fsum(weighted), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(architectures(), st.data())
def test_importance_is_the_difference_between_surely_up_and_surely_down(
    architecture: Architecture, data: st.DataObject
) -> None:
    service = data.draw(st.sampled_from(list(architecture.services)))
    found = system_availability(architecture)
    total = sum(endpoint.weight for endpoint in architecture.endpoints.values())

    def weighted(**force: bool) -> float:
        return math.fsum(
            item.weight / total * expected(architecture, item, force) for item in architecture.endpoints.values()
        )

    importance = found.services[service]
    assert importance.birnbaum == pytest.approx(weighted(**{service: True}) - weighted(**{service: False}), abs=1e-12)
    assert importance.gain == pytest.approx(weighted(**{service: True}) - weighted(), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(architectures())
def test_importance_of_infrastructure_is_a_difference_too(architecture: Architecture) -> None:
    found = system_availability(architecture)
    for name, value in architecture.infrastructure.items():
        ends = [
            system_availability(
                Architecture(
                    "", architecture.services, architecture.endpoints, {**architecture.infrastructure, name: end}
                )
            )
            for end in (1.0, 0.0)
        ]
        assert found.infrastructure[name].birnbaum == pytest.approx(
            ends[0].availability - ends[1].availability, abs=1e-12
        )
        assert found.infrastructure[name].gain == pytest.approx(
            (1 - value) * found.infrastructure[name].birnbaum, abs=1e-12
        )


@settings(max_examples=100, deadline=None)
@given(architectures(most_replicas=1, zones=False))
def test_success_and_completeness_add_up_what_crashes_do_to_each_endpoint(architecture: Architecture) -> None:
    names = list(architecture.services)
    success = dict.fromkeys(architecture.endpoints, 0.0)
    complete = dict.fromkeys(architecture.endpoints, 0.0)
    for bits in itertools.product((True, False), repeat=len(names)):
        up = [architecture.services[name].availability for name in names]
        chances = [chance if bit else 1 - chance for chance, bit in zip(up, bits, strict=True)]
        down = [name for name, bit in zip(names, bits, strict=True) if not bit]
        for endpoint, outcome in Failure("crash").when_down(architecture, down).items():
            success[endpoint] += math.prod(chances) * (outcome.status != "fails")
            complete[endpoint] += math.prod(chances) * (outcome.status == "ok")
    for name, found in system_availability(architecture).endpoints.items():
        assert found.availability == pytest.approx(success[name], abs=1e-12)
        assert found.complete == pytest.approx(complete[name], abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(architectures())
def test_fractions_go_through_the_same_engine_exactly(architecture: Architecture) -> None:
    half = Fraction(1, 2)
    system = system_structure(architecture, instance=half)
    exact = Conditioning(system.structures, system.chances)
    instances = sum(service.replicas for service in architecture.services.values())
    for works in system.works.values():
        counted = Fraction(exact.probability(works)) * 2**instances
        assert counted.denominator == 1


def test_the_first_alternative_that_works_gives_the_answer_complete_or_not() -> None:
    system = of(
        {"extra": 0.5, "plain": 1.0},
        Alternatives(((Call("rich"),), (Call("plain"),))),
        rich=Service("rich", 0.9, calls=(Call("extra", optional=True),)),
    )
    found = system_availability(system).endpoints["GET /"]
    assert found.availability == pytest.approx(1.0)
    assert found.complete == pytest.approx(0.9 * 0.5 + 0.1)


@pytest.mark.parametrize(("needs", "replicas"), [(1, 3), (2, 3), (3, 3), (2, 4), (3, 5)])
def test_a_quorum_on_two_zones_is_the_sum_over_all_states(needs: int, replicas: int) -> None:
    zones = {"zone 0": 0.9, "zone 1": 0.8}
    store = Service("store", 0.7, replicas, needs, runs_on=tuple(zones))
    web = Service("web", 0.6, 2, calls=(Call("store"),), runs_on=tuple(zones))
    system = Architecture("", {"store": store, "web": web}, {"GET /": Endpoint("GET /", "web")}, zones)
    endpoint = system.endpoints["GET /"]
    found = system_availability(system)
    up, down = (expected(system, endpoint, {"store": state}) for state in (True, False))
    assert found.availability == pytest.approx(expected(system, endpoint))
    assert found.services["store"].birnbaum == pytest.approx(up - down)
    assert found.services["store"].gain == pytest.approx(up - found.availability)


# --- size ----------------------------------------------------------------------------------------


def test_a_chain_of_a_thousand_services_and_alternatives_needs_no_deep_recursion() -> None:
    services = {
        f"s{index}": Service(
            f"s{index}", 0.99, calls=(Alternatives(((Call(f"s{index + 1}"),), (Call(f"x{index % 20}"),))),)
        )
        for index in range(999)
    }
    services |= {"s999": Service("s999", 0.99), **{f"x{index}": Service(f"x{index}", 0.99) for index in range(20)}}
    system = Architecture("chain", services, {"GET /": Endpoint("GET /", "s0")})
    # Each level works when its own service does, and the next level or an alternative; the effect of the levels below dies out
    # long before the first alternative is shared again, 20 levels down.
    tail = 0.99
    for _ in range(10):
        tail = 0.99 * (1 - (1 - tail) * 0.01)
    assert availability(system) == pytest.approx(tail, abs=1e-6)
    assert len(list(callees_first(system))) == 1020


def test_a_structure_that_shares_too_much_is_refused_with_the_rule_and_the_remedy() -> None:
    rng = random.Random(1)
    parts = Structures()
    variables = [parts.variable(str(index)) for index in range(120)]
    tangled = parts.all_of([parts.any_of(rng.sample(variables, 3)) for _ in range(180)])
    with pytest.raises(
        ValueError, match=f"must need at most {MOST_CONDITIONINGS:,} conditionings.*let fewer alternatives share"
    ):
        chance(parts, tangled, dict.fromkeys(map(str, range(120)), 0.9))


def test_too_many_instances_on_infrastructure_are_refused() -> None:
    services = {f"s{index}": Service(f"s{index}", replicas=1000, runs_on=("zone",)) for index in range(6)}
    system = Architecture("", services, {"GET /": Endpoint("GET /", "s0")}, {"zone": 0.99})
    with pytest.raises(ValueError, match="instances on infrastructure must be at most 5,000 in all, got 6,000"):
        system_availability(system)
