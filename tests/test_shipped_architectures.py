"""The shipped architecture files against numbers worked out from the source code that they describe, or published.

The files are read here as plain TOML with a walker of this test's own: a mistake in the model cannot hide a mistake in a file.
"""

import math
import re
import tomllib
from fractions import Fraction
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from labs_py.model import architecture_file

Document = dict[str, Any]

FOLDER = files("labs_py") / "architectures"
NAMES = sorted(item.name.removesuffix(".toml") for item in FOLDER.iterdir() if item.name.endswith(".toml"))
FORMAT_PAGE = (Path(__file__).parents[1] / "docs" / "about" / "architecture-files.md").read_text(encoding="utf-8")
REPLICATED = ("compose-post", "home-timeline", "user-timeline", "text", "media")


def read(name: str) -> Document:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


# --- a second way to read the format: no classes, no shared code ---------------------------------------------------------


def steps_of(document: Document, endpoint: str) -> list[Any]:
    table = document["endpoints"][endpoint]
    return [*document["services"][table["entry"]].get("calls", []), *table.get("calls", [])]


def called(document: Document, step: Any) -> tuple[str, list[Any]]:
    """The service that a step calls, and what that service calls in turn."""
    if isinstance(step, str):
        service, _, operation = step.partition("/")
    else:
        service, operation = step["service"], step.get("operation", "")
    table = document["services"][service]
    own = table["operations"][operation] if operation else {}
    return service, own.get("calls", table.get("calls", []))


def times(step: Any) -> int:
    return 1 if isinstance(step, str) else step.get("times", 1)


def branches(step: Any) -> list[list[Any]] | None:
    if isinstance(step, str) or "parallel" not in step:
        return None
    return [branch if isinstance(branch, list) else [branch] for branch in step["parallel"]]


def round_trips(document: Document, steps: list[Any]) -> int:
    """All calls, the callees' included."""
    total = 0
    for step in steps:
        if (at_once := branches(step)) is not None:
            total += sum(round_trips(document, branch) for branch in at_once)
        else:
            total += times(step) * (1 + round_trips(document, called(document, step)[1]))
    return total


def in_series(document: Document, steps: list[Any]) -> int:
    """The calls on the longest path, as written."""
    total = 0
    for step in steps:
        if (at_once := branches(step)) is not None:
            total += max(in_series(document, branch) for branch in at_once)
        else:
            total += times(step) * (1 + in_series(document, called(document, step)[1]))
    return total


def at_best(document: Document, steps: list[Any]) -> int:
    """The calls on the longest path when each starts as soon as what it comes after is done, repeated ones at once."""
    done: dict[str, int] = {}
    for step in steps:
        start = max((done[name] for name in (step.get("after", []) if isinstance(step, dict) else [])), default=0)
        if (at_once := branches(step)) is not None:
            end = start + max(at_best(document, branch) for branch in at_once)
            names = [name for branch in at_once for inner in branch for name in called_names(inner)]
        else:
            end = start + 1 + at_best(document, called(document, step)[1])
            names = called_names(step)
        for name in names:
            done[name] = max(end, done.get(name, 0))
    return max(done.values(), default=0)


def called_names(step: Any) -> list[str]:
    if isinstance(step, str):
        return [step, step.partition("/")[0]]
    operation = step.get("operation")
    return [step["service"], f"{step['service']}/{operation}"] if operation else [step["service"]]


def reached(document: Document, steps: list[Any], hard_only: bool) -> set[str]:
    found: set[str] = set()
    for step in steps:
        if hard_only and isinstance(step, dict) and step.get("optional"):
            continue
        if (at_once := branches(step)) is not None:
            for branch in at_once:
                found |= reached(document, branch, hard_only)
        else:
            service, below = called(document, step)
            found |= {service} | reached(document, below, hard_only)
    return found


def hard_set(document: Document, endpoint: str) -> set[str]:
    return {document["endpoints"][endpoint]["entry"]} | reached(document, steps_of(document, endpoint), hard_only=True)


def shares(document: Document) -> dict[str, Fraction]:
    weights = {name: Fraction(str(table.get("weight", 1))) for name, table in document["endpoints"].items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def blast_radius(document: Document, service: str) -> float:
    return float(sum(share for name, share in shares(document).items() if service in hard_set(document, name)))


def availability(document: Document, endpoint: str) -> float:
    default = document.get("defaults", {}).get("availability", 0.999)
    return math.prod(
        float(document["services"][name].get("availability", default)) for name in hard_set(document, endpoint)
    )


def calls_in(value: Any) -> list[dict[str, Any]]:
    """Every call that is written as a table, anywhere in a document."""
    if isinstance(value, list):
        return [call for item in value for call in calls_in(item)]
    if isinstance(value, dict):
        below = [call for item in value.values() for call in calls_in(item)]
        return [value, *below] if "service" in value else below
    return []


# --- every file -----------------------------------------------------------------------------------------------------------


def test_the_files_in_the_folder_are_the_shipped_architectures() -> None:
    assert architecture_file.names() == NAMES
    assert NAMES == [
        "checkout",
        "online_boutique",
        "otel_demo",
        "social_network",
        "social_network_experiment",
        "textbook_chain",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_parses_and_nothing_in_it_is_lost(name: str) -> None:
    document, architecture = read(name), architecture_file.load(name)
    assert list(architecture.services) == list(document["services"])
    assert list(architecture.endpoints) == list(document["endpoints"])
    assert (architecture.name, architecture.source, architecture.note) == tuple(
        document[key] for key in ("name", "source", "note")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_names_the_commit_it_was_read_at_or_says_that_it_is_invented(name: str) -> None:
    source = read(name)["source"]
    assert ("https://github.com/" in source and " at " in source) or "invented" in source


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_says_which_of_its_numbers_are_not_measured(name: str) -> None:
    note = read(name)["note"]
    assert any(word in note for word in ("assumption", "invented", "stand for nothing"))


@pytest.mark.parametrize("name", NAMES)
def test_every_service_is_reached_by_a_request_or_listed_as_unreached(name: str) -> None:
    document = read(name)
    used = {document["endpoints"][endpoint]["entry"] for endpoint in document["endpoints"]}
    for endpoint in document["endpoints"]:
        used |= reached(document, steps_of(document, endpoint), hard_only=False)
    unreached = {
        "media-frontend",
        "media-memcached",
        "media-mongodb",
        "social-graph-mongodb",
        "url-shorten-memcached",
    }
    assert set(document["services"]) - used == (unreached if name == "social_network" else set())


# --- Online Boutique ------------------------------------------------------------------------------------------------------

BOUTIQUE_HARD = {
    "GET /": {"frontend", "currency", "catalog", "cart", "redis"},
    "GET /product/{id}": {"frontend", "currency", "catalog", "cart", "redis"},
    "GET /cart": {"frontend", "currency", "catalog", "cart", "redis", "shipping"},
    "POST /cart": {"frontend", "catalog", "cart", "redis"},
    "POST /cart/checkout": {"frontend", "checkout", "cart", "redis", "catalog", "currency", "shipping", "payment"},
    "POST /setCurrency": {"frontend"},
}


def test_the_hard_dependencies_of_online_boutique_are_those_of_its_handlers() -> None:
    document = read("online_boutique")
    assert {endpoint: hard_set(document, endpoint) for endpoint in document["endpoints"]} == BOUTIQUE_HARD


def test_the_round_trips_of_online_boutique_are_counted_from_its_handlers() -> None:
    document, items = read("online_boutique"), 1
    counted = {endpoint: in_series(document, steps_of(document, endpoint)) for endpoint in document["endpoints"]}
    assert counted == {
        "GET /": 14,
        "GET /product/{id}": 13,
        "GET /cart": 12 + 2 * items,
        "POST /cart": 4,
        "POST /cart/checkout": 18 + 2 * items,
        "POST /setCurrency": 0,
    }
    assert counted == {endpoint: round_trips(document, steps_of(document, endpoint)) for endpoint in counted}


def test_the_home_page_of_online_boutique_needs_only_2_round_trips_in_series() -> None:
    document = read("online_boutique")
    assert [at_best(document, steps_of(document, endpoint)) for endpoint in document["endpoints"]] == [2, 3, 5, 4, 9, 0]


def test_the_load_mix_of_online_boutique_is_23_requests() -> None:
    document = read("online_boutique")
    assert sum(table["weight"] for table in document["endpoints"].values()) == 23


def test_the_blast_radius_of_each_service_of_online_boutique_is_its_share_of_the_23_requests() -> None:
    document = read("online_boutique")
    assert {service: round(100 * blast_radius(document, service), 1) for service in document["services"]} == {
        "frontend": 100.0,
        "currency": 78.3,
        "catalog": 91.3,
        "cart": 91.3,
        "redis": 91.3,
        "recommendation": 0.0,
        "shipping": 17.4,
        "checkout": 4.3,
        "payment": 4.3,
        "email": 0.0,
        "ad": 0.0,
    }


def test_the_availability_of_online_boutique_is_higher_than_the_product_of_its_services() -> None:
    document = read("online_boutique")
    each = {endpoint: availability(document, endpoint) for endpoint in document["endpoints"]}
    assert {endpoint: round(value, 6) for endpoint, value in each.items()} == {
        "GET /": 0.995010,
        "GET /product/{id}": 0.995010,
        "GET /cart": 0.994015,
        "POST /cart": 0.996006,
        "POST /cart/checkout": 0.992028,
        "POST /setCurrency": 0.999,
    }
    mix = math.fsum(float(share) * each[endpoint] for endpoint, share in shares(document).items())
    assert round(mix, 6) == 0.995227
    assert round(0.999 ** len(document["services"]), 6) == 0.989055


def test_only_ad_and_redis_have_a_deadline_in_online_boutique() -> None:
    deadlines = {(call["service"], call["timeout"]) for call in calls_in(read("online_boutique")) if "timeout" in call}
    assert deadlines == {("ad", "100 ms"), ("redis", "5 s")}


# --- DeathStarBench Social Network ------------------------------------------------------------------------------------------


def test_composing_a_post_takes_19_round_trips_of_which_14_are_in_series() -> None:
    document = read("social_network")
    counted = {
        endpoint: (round_trips(document, steps), in_series(document, steps), at_best(document, steps))
        for endpoint in document["endpoints"]
        for steps in [steps_of(document, endpoint)]
    }
    assert counted == {"home timeline": (4, 4, 4), "user timeline": (6, 5, 5), "compose post": (19, 14, 14)}


def test_the_social_network_has_no_soft_dependency_and_a_deadline_only_at_nginx() -> None:
    document = read("social_network")
    assert not [call for call in calls_in(document) if call.get("optional")]
    assert not [call for call in calls_in(document["services"]) if "timeout" in call]
    assert [call["timeout"] for call in calls_in(document["endpoints"])] == ["10 s", "10 s", "10 s"]


def test_the_social_network_reads_60_and_30_and_writes_10_of_100_requests() -> None:
    assert list(shares(read("social_network")).values()) == [Fraction(6, 10), Fraction(3, 10), Fraction(1, 10)]


def test_the_experiment_requires_the_services_that_its_author_lists() -> None:
    document = read("social_network_experiment")
    assert {endpoint: hard_set(document, endpoint) for endpoint in document["endpoints"]} == {
        "home timeline": {"nginx", "home-timeline", "post-storage", "social-graph"},
        "user timeline": {"nginx", "user-timeline", "post-storage"},
        "compose post": set(document["services"]),
    }
    assert len(document["services"]) == 12


def survival(replicas: int, killed: int) -> tuple[float, dict[str, float]]:
    """Probability that a request succeeds with `killed` random instances dead, by trying every set of victims."""
    document = read("social_network_experiment")
    instances = [service for service in document["services"] for _ in range(replicas if service in REPLICATED else 1)]
    needed = {endpoint: hard_set(document, endpoint) for endpoint in document["endpoints"]}
    succeeded = dict.fromkeys(needed, 0)
    tried = 0
    for victims in combinations(range(len(instances)), killed):
        tried += 1
        dead = frozenset(victims)
        alive = {service for index, service in enumerate(instances) if index not in dead}
        for endpoint, services in needed.items():
            succeeded[endpoint] += services <= alive
    each = {endpoint: Fraction(count, tried) for endpoint, count in succeeded.items()}
    return float(sum(share * each[endpoint] for endpoint, share in shares(document).items())), {
        endpoint: float(value) for endpoint, value in each.items()
    }


@pytest.mark.parametrize(
    ("replicas", "killed", "exact", "published"),
    [
        (1, 2, 0.418182, 0.4182),
        (1, 4, 0.161212, 0.1613),
        (1, 6, 0.045455, 0.0454),
        (1, 9, 0.001364, 0.0014),
        (1, 11, 0.0, 0.0),
        (3, 3, 0.628247, 0.6281),
        (3, 7, 0.305421, 0.3054),
        (3, 16, 0.013200, 0.0132),
    ],
)
def test_trying_every_set_of_victims_gives_the_published_survival(
    replicas: int, killed: int, exact: float, published: float
) -> None:
    mixed, _ = survival(replicas, killed)
    assert round(mixed, 6) == exact
    assert mixed == pytest.approx(published, abs=0.0005)  # the published model was sampled 500,000 times


def test_killing_3_of_22_instances_leaves_the_published_share_of_each_endpoint() -> None:
    _, each = survival(replicas=3, killed=3)
    assert {endpoint: round(value, 6) for endpoint, value in each.items()} == {
        "home timeline": 0.628571,
        "user timeline": 0.739610,
        "compose post": 0.292208,
    }


# --- OpenTelemetry demo -------------------------------------------------------------------------------------------------------


def test_the_round_trips_of_the_opentelemetry_demo_are_counted_from_its_handlers() -> None:
    document = read("otel_demo")
    counted = {
        endpoint: (round_trips(document, steps), in_series(document, steps), at_best(document, steps))
        for endpoint in document["endpoints"]
        for steps in [steps_of(document, endpoint)]
    }
    assert counted == {
        "GET /": (1, 1, 1),
        "GET /api/products?currencyCode=CHF": (13, 4, 4),
        "GET /api/products/{id}": (3, 3, 3),
        "GET /api/recommendations": (12, 6, 6),
        "GET /api/data": (2, 2, 2),
        "GET /api/cart": (7, 5, 5),
        "POST /api/cart": (7, 7, 7),
        "POST /api/checkout": (24, 22, 14),
    }


def test_nothing_can_be_ordered_from_the_opentelemetry_demo_without_quote() -> None:
    document = read("otel_demo")
    ordering = hard_set(document, "POST /api/checkout")
    assert "quote" in ordering
    assert ordering == {
        "frontend-proxy", "frontend", "checkout", "cart", "valkey-cart", "product-catalog", "astronomy-db", "currency",
        "shipping", "quote", "payment",
    }  # fmt: skip


def test_checkout_of_the_opentelemetry_demo_ignores_three_failures_and_the_storefront_none() -> None:
    document = read("otel_demo")
    soft = [(call["service"], call.get("operation", "")) for call in calls_in(document) if call.get("optional")]
    assert soft == [("cart", "EmptyCart"), ("email", ""), ("kafka", "")]


def test_the_deadlines_of_the_opentelemetry_demo_are_those_of_its_proxy_and_of_two_client_libraries() -> None:
    deadlines = {(call["service"], call["timeout"]) for call in calls_in(read("otel_demo")) if "timeout" in call}
    assert deadlines == {("frontend", "15 s"), ("valkey-cart", "5 s"), ("quote", "5 s")}


def test_the_load_mix_of_the_opentelemetry_demo_is_34_requests() -> None:
    weights = {name: table["weight"] for name, table in read("otel_demo")["endpoints"].items()}
    items_of_several = Fraction(2 + 3 + 4, 3)
    assert weights["GET /api/products/{id}"] == 10 + 2 + 1 + items_of_several
    assert weights["POST /api/cart"] == 2 + 1 + items_of_several
    assert sum(weights.values()) == 34


# --- the invented two ---------------------------------------------------------------------------------------------------------


def test_the_textbook_chain_spends_25_ms_on_the_network() -> None:
    document = read("textbook_chain")
    hops = 1 + in_series(document, steps_of(document, "GET /"))  # the user's own hop comes first
    assert {document["defaults"]["round_trip"], document["endpoints"]["GET /"]["client_round_trip"]} == {"5 ms"}
    assert hops * 5 == 25
    assert round(availability(document, "GET /"), 6) == 0.995010


def test_the_fictional_checkout_is_available_99_28_percent_and_99_68_with_a_better_inventory() -> None:
    document = read("checkout")
    assert len(document["services"]) == 6
    assert f"{availability(document, 'POST /checkout'):.2%}" == "99.28%"
    document["services"]["inventory"]["availability"] = 0.9990
    assert f"{availability(document, 'POST /checkout'):.2%}" == "99.68%"


# --- the page that describes the format -----------------------------------------------------------------------------------

EXAMPLE = FORMAT_PAGE.split("```toml\n")[1].split("```")[0]
MISTAKES = [
    ("availability = 0.9995\n[services.payment-two]", "availability = 99.95\n[services.payment-two]"),
    ('timeout = "2 s"', "timeout = 2"),
    ("needs = 2 ", "needs = 4 "),
    ("replicas = 3", "replica = 3"),
    ('calls = ["catalog-db"]', 'calls = ["catalogdb"]'),
    ('  "cart/Show",\n', '  "cart/Shown",\n'),
    ('after = ["catalog"]', 'after = ["catalogue"]'),
    ("[services.web]\n", '[services.web]\ncalls = ["web"]\n'),
]


def test_the_example_on_the_format_page_is_a_valid_file() -> None:
    shop = architecture_file.parse(EXAMPLE, "shop.toml")
    assert shop.name == "Corner shop"
    document = tomllib.loads(EXAMPLE)
    assert hard_set(document, "GET /product") == {"web", "catalog", "catalog-db", "cart", "cart-db"}
    assert in_series(document, steps_of(document, "GET /product")) == 4


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_the_format_page_quotes_the_message_that_a_mistake_gives(right: str, wrong: str) -> None:
    assert EXAMPLE.count(right) == 1
    with pytest.raises(architecture_file.ArchitectureError) as caught:
        architecture_file.parse(EXAMPLE.replace(right, wrong), "shop.toml")
    assert f"| `{caught.value}` |" in FORMAT_PAGE


def test_every_message_on_the_format_page_belongs_to_a_mistake_that_is_tried() -> None:
    assert FORMAT_PAGE.count("| `shop.toml: ") == len(MISTAKES)


def test_the_format_page_lists_every_key_of_the_shipped_files() -> None:
    listed = set(re.findall(r"^\| `([a-z_]+)", FORMAT_PAGE, flags=re.MULTILINE))
    for name in NAMES:
        document = read(name)
        used = set(document)
        for table in [*document["services"].values(), *document["endpoints"].values(), *calls_in(document)]:
            used |= set(table)
        assert used <= listed
