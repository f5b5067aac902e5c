"""The lab "Where does the time go?": its numbers hang together, its pictures fit, and its answers come quickly."""

import doctest
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from labs_py import lab
from labs_py.labs import hop_latency
from labs_py.model import architecture_file, latency, places
from labs_py.model.lattice import Lattice
from labs_py.parameter import LabError

KEYS = {
    "round_trips",
    "serial_round_trips",
    "floor_ms",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "monolith_mean_ms",
    "monolith_p50_ms",
    "network_share",
}


def data(**arguments: str) -> Mapping[str, Any]:
    return lab.load("hop_latency").report(arguments).data


def home(**arguments: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = data(**arguments)["endpoints"]["GET /"]
    return found


def test_the_default_is_online_boutiques_home_page_across_zones_as_written() -> None:
    found = data()
    assert found["endpoint"] == "GET /"
    assert found["round_trip_ms"] == pytest.approx(0.77)
    assert list(found["endpoints"]) == list(architecture_file.load("online_boutique").endpoints)
    assert all(set(item) == KEYS for item in found["endpoints"].values())
    assert (found["endpoints"]["GET /"]["serial_round_trips"], found["endpoints"]["GET /"]["round_trips"]) == (14, 14)


@pytest.mark.parametrize(
    ("arguments", "floor"),
    [
        ({"placement": "one_zone"}, 1.4),
        ({"placement": "as_in_file"}, 7.0),
        ({"placement": "value", "round_trip_ms": "1.5"}, 21.0),
        ({"placement": "two_regions"}, 896.0),
        ({"placement": "value", "round_trip_ms": "0"}, 0.0),
    ],
)
def test_the_floor_of_the_home_page_is_fourteen_round_trips(arguments: Mapping[str, str], floor: float) -> None:
    assert home(**arguments)["floor_ms"] == pytest.approx(floor)


@pytest.mark.parametrize("placement", ["one_zone", "across_zones", "two_regions", "as_in_file"])
def test_in_the_order_written_services_are_slower_than_the_monolith_by_exactly_the_floor(placement: str) -> None:
    for item in data(placement=placement)["endpoints"].values():
        assert item["mean_ms"] - item["monolith_mean_ms"] == pytest.approx(item["floor_ms"], abs=1e-4)
        assert item["p50_ms"] - item["monolith_p50_ms"] == pytest.approx(item["floor_ms"], rel=1e-3, abs=0.01)
        assert item["network_share"] == pytest.approx(item["floor_ms"] / item["mean_ms"], abs=1e-6)


@pytest.mark.parametrize("plan", ["as_written", "parallel", "batched"])
def test_a_free_network_makes_services_a_monolith(plan: str) -> None:
    for item in data(placement="value", round_trip_ms="0", plan=plan)["endpoints"].values():
        assert item["network_share"] == 0.0
        assert item["mean_ms"] == item["monolith_mean_ms"]
        assert item["p50_ms"] == item["monolith_p50_ms"]


def test_the_users_own_round_trip_is_the_monoliths_too() -> None:
    chain = data(architecture="textbook_chain", placement="as_in_file")["endpoints"]["GET /"]
    assert chain["floor_ms"] == pytest.approx(25.0)
    assert chain["mean_ms"] == pytest.approx(30.0)
    assert chain["monolith_mean_ms"] == pytest.approx(10.0)
    assert chain["network_share"] == pytest.approx(2 / 3)


def test_batching_saves_round_trips_and_no_work_while_calling_early_saves_both() -> None:
    written, early, batched = (home(plan=plan) for plan in ("as_written", "parallel", "batched"))
    assert written["mean_ms"] - batched["mean_ms"] == pytest.approx(8 * 0.77)
    assert batched["monolith_mean_ms"] == pytest.approx(written["monolith_mean_ms"])
    assert early["monolith_mean_ms"] < 0.4 * written["monolith_mean_ms"]
    assert [item["serial_round_trips"] for item in (written, early, batched)] == [14, 2, 6]


def test_percentiles_rise_for_every_architecture_placement_and_plan() -> None:
    plans = ("as_written", "parallel", "batched")
    for name, plan in itertools.product(architecture_file.names(), plans):
        for item in data(architecture=name, plan=plan)["endpoints"].values():
            assert item["floor_ms"] <= item["p50_ms"] <= item["p95_ms"] <= item["p99_ms"]
            assert 0 <= item["network_share"] < 1
            assert item["monolith_p50_ms"] <= item["p50_ms"] * 1.001


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"endpoint": "GET /produkt"}, "endpoint must be one of GET /,"),
        ({"placement": "two_region"}, "did you mean 'two_regions'?"),
        ({"round_trip_ms": "1001"}, "round_trip_ms must be a number from 0 to 1000, got '1001'"),
        ({"plan": "paralel"}, "did you mean 'parallel'?"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_rule(arguments: Mapping[str, str], message: str) -> None:
    with pytest.raises(LabError) as refused:
        data(**arguments)
    assert message in str(refused.value)


def test_another_architecture_without_the_default_endpoint_starts_with_its_first() -> None:
    assert data(architecture="social_network")["endpoint"] == "home timeline"


def test_an_endpoint_that_calls_nobody_says_so() -> None:
    report = lab.load("hop_latency").report({"endpoint": "POST /setCurrency"})
    assert report.takeaway == "POST /setCurrency calls no other service: its mean of 2.00 ms is the same in a monolith."


def test_the_waterfall_and_its_table_show_every_call_of_the_request() -> None:
    waterfall, laws = lab.load("hop_latency").report({}).figures
    assert [row[0] for row in waterfall.table.rows] == [
        "frontend",
        "– currency/GetSupportedCurrencies",
        "– catalog/ListProducts",
        "– cart/GetCart",
        "– – redis/Get",
        "– currency/Convert ×9",
        "– ad",
    ]
    assert {row[-1] for row in waterfall.table.rows} == {"yes"}
    assert [row[0] for row in laws.table.rows][2:6] == ["50 %", "75 %", "90 %", "95 %"]
    early = lab.load("hop_latency").report({"plan": "parallel"}).figures[0]
    assert [row[0] for row in early.table.rows if row[-1] == "yes"] == [
        "frontend",
        "– catalog/ListProducts",
        "– currency/Convert ×9 at once",
    ]


def test_figures_are_plain_json_in_the_sites_colors_and_stay_small() -> None:
    for name in architecture_file.names():
        for figure in lab.load("hop_latency").report({"architecture": name}).figures:
            text = json.dumps(figure.spec, allow_nan=False)
            assert len(text) < 60_000
            assert "#" not in text


def test_a_large_architecture_is_drawn_within_bounds() -> None:
    services = "".join(f"[services.s{index}]\n" for index in range(100))
    calls = ", ".join(f'{{service = "s{index}", times = 100}}' for index in range(100))
    text = f'[services.web]\n{services}[endpoints."GET /"]\nentry = "web"\ncalls = [{calls}]\n'
    report = lab.load("hop_latency").report({"architecture": {"file": "big.toml", "text": text}})
    assert "61 more places in the plan not shown" in report.figures[0].caption
    assert len(json.dumps(report.figures[0].spec)) < 100_000
    assert report.data["endpoints"]["GET /"]["round_trips"] == 10_000


def test_a_distribution_takes_a_handful_of_lattices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed, counted in lattices rather than in seconds: a run of all endpoints evaluates few, and none is large."""
    evaluated: list[int] = []
    original: Callable[..., Any] = latency.adaptive

    def counting(evaluate: Callable[[float, float], Lattice], **settings: Any) -> Any:
        def counted(step: float, limit: float) -> Lattice:
            found = evaluate(step, limit)
            evaluated.append(len(found.mass))
            return found

        return original(counted, **settings)

    monkeypatch.setattr(latency, "adaptive", counting)
    for plan in ("as_written", "parallel", "batched"):
        evaluated.clear()
        data(plan=plan)
        assert len(evaluated) <= 12 * 4
        assert max(evaluated) <= 400


def test_places_are_cited_and_lie_in_the_order_of_their_distance() -> None:
    trips = [place.round_trip for place in places.PLACES.values()]
    assert trips == sorted(trips)
    for place in (*places.PLACES.values(), places.TEXTBOOK):
        assert place.link.startswith("https://")
        assert place.source
        assert any(character.isdigit() for character in place.date)


@pytest.mark.parametrize("module", [hop_latency])
def test_the_documentation_examples_run(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
