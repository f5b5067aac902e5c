"""The lab of end-to-end availability: its numbers, its ranking and its what-ifs."""

import pytest

from labs_py import lab
from labs_py.labs.weakest_link import run
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load

LAB = lab.load("weakest_link")
MINUTES_PER_YEAR, MINUTES_PER_MONTH = 365 * 24 * 60, 30 * 24 * 60


def test_downtime_is_what_availability_leaves_of_the_year_and_the_month() -> None:
    data = run().data
    for part in (data, data["before"], *data["endpoints"].values()):
        assert part["downtime_minutes_per_year"] == pytest.approx((1 - part["availability"]) * MINUTES_PER_YEAR)
    assert data["downtime_minutes_per_month"] == pytest.approx((1 - data["availability"]) * MINUTES_PER_MONTH)


def test_the_whole_is_the_mix_of_its_endpoints() -> None:
    data = run().data
    assert data["availability"] == pytest.approx(
        sum(end["load_share"] * end["availability"] for end in data["endpoints"].values())
    )
    assert sum(end["load_share"] for end in data["endpoints"].values()) == pytest.approx(1)


def test_the_simulated_interval_holds_the_exact_value_on_every_shipped_architecture() -> None:
    for name in ("online_boutique", "social_network", "otel_demo", "textbook_chain", "checkout"):
        data = LAB.report({"architecture": name}).data
        assert data["simulated"]["low"] <= data["availability"] <= data["simulated"]["high"], name


def test_what_a_perfect_service_brings_is_what_raising_it_to_one_brings() -> None:
    before = run().data
    for name in ("redis", "currency", "email"):
        after = run(change="raise", service=name, to=1.0).data
        gained = before["downtime_minutes_per_year"] - after["downtime_minutes_per_year"]
        assert before["services"][name]["downtime_removed_minutes_per_year"] == pytest.approx(gained, abs=1e-6)


def test_optional_services_have_no_importance_and_stand_last() -> None:
    report = run()
    order = [row[0] for row in report.figures[0].table.rows]
    assert order[0] == "frontend"
    assert set(order[-3:]) == {"ad", "email", "recommendation"}
    assert report.data["services"]["ad"] == {"birnbaum_importance": 0.0, "downtime_removed_minutes_per_year": 0.0}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"change": "raise", "service": "inventory", "to": "0.999"}, 0.9999**2 * 0.9995**2 * 0.999**2),
        ({"change": "replica", "service": "inventory"}, 0.9999**2 * 0.9995**2 * 0.999 * (1 - 0.005**2)),
        ({"change": "optional", "service": "inventory"}, 0.9999**2 * 0.9995**2 * 0.999),
        (
            {"change": "alternative", "service": "inventory", "to": "0.9"},
            0.9999**2 * 0.9995**2 * 0.999 * (1 - 0.005 * 0.1),
        ),
        ({"change": "zone", "to": "0.9995"}, 0.9999**2 * 0.9995**3 * 0.999 * 0.995),
    ],
)
def test_every_what_if_on_the_fictional_checkout_is_a_product_by_hand(
    arguments: dict[str, str], expected: float
) -> None:
    data = LAB.report({"architecture": "checkout", **arguments}).data
    assert data["availability"] == pytest.approx(expected, abs=1e-12)
    before = 0.9999**2 * 0.9995**2 * 0.999 * 0.995
    assert data["before"]["availability"] == pytest.approx(before, abs=1e-12)
    assert data["saved_minutes_per_year"] == pytest.approx((expected - before) * MINUTES_PER_YEAR, abs=1e-6)
    assert data["saved_hours_per_year"] == pytest.approx(data["saved_minutes_per_year"] / 60)


def test_the_takeaway_says_more_less_or_as_before() -> None:
    assert run(change="replica", service="redis").takeaway.startswith(
        "With 2 replicas of redis, 99.61 % of requests succeed"
    )
    assert run(change="replica", service="redis").takeaway.endswith("7.96 h less than before.")
    assert run(change="zone", to=0.999).takeaway.endswith("8.72 h more than before.")
    assert run(change="optional", service="frontend").takeaway.endswith("as before.")
    assert run(architecture=load("checkout")).takeaway.endswith("multiplying 6 services says the same.")


def test_the_shared_zone_takes_its_place_in_the_ranking() -> None:
    report = run(change="zone", to=0.99)
    assert report.figures[0].table.rows[0][0] == "shared zone (infrastructure)"
    assert report.data["infrastructure"]["shared zone"]["birnbaum_importance"] == pytest.approx(
        report.data["before"]["availability"]
    )


def test_a_large_system_shows_its_first_twenty_parts_and_tables_them_all() -> None:
    services = {f"s{index}": Service(f"s{index}", 1 - index / 1e5) for index in range(50)}
    calls = tuple(Call(f"s{index}") for index in range(1, 50))
    figure = run(
        architecture=Architecture("", services, {"GET /": Endpoint("GET /", "s0", 1.0, calls)}), service="s0"
    ).figures[0]
    assert figure.caption.endswith("the first 20 of 50")
    assert len(figure.spec["data"]["values"]) == 20
    assert len(figure.table.rows) == 50
    assert figure.table.rows[0][0] == "s49"


def test_a_system_that_never_fails_is_down_for_no_time() -> None:
    perfect = Architecture("", {"a": Service("a", 1.0)}, {"GET /": Endpoint("GET /", "a")})
    report = run(architecture=perfect, service="a")
    assert report.takeaway == "100 % of requests succeed: down 0 s a year; multiplying 1 service says the same."
    assert report.data["availability"] == 1


def test_bars_are_in_minutes_where_no_part_costs_an_hour() -> None:
    good = Architecture("", {"a": Service("a", 0.99999)}, {"GET /": Endpoint("GET /", "a")})
    axis = run(architecture=good, service="a").figures[0].spec["layer"][0]["encoding"]["x"]["title"]
    assert axis == "minutes a year removed"
