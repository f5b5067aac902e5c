"""The lab that kills a service: its numbers, its limits, and what it says on unusual architectures."""

import json
import math
from typing import Any

import pytest

from labs_py import lab
from labs_py.failure_figures import RATE
from labs_py.labs.failure_isolation import run
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.kill_experiment import REPLICATED
from labs_py.parameter import LabError
from labs_py.report import Figure, Report, Table

LAB = lab.load("failure_isolation")


def figures(report: Report) -> list[Figure]:
    return report.figures


def table(report: Report, caption: str) -> Table:
    found = [part for part in report.parts if isinstance(part, Table) and caption in part.caption]
    assert len(found) == 1
    return found[0]


def wide(services: int, endpoints: int) -> Architecture:
    made = {f"s{index}": Service(f"s{index}") for index in range(services)}
    ends = {f"GET /{index}": Endpoint(f"GET /{index}", "s0", 1.0, (Call("s1"),)) for index in range(endpoints)}
    return Architecture("wide", made, ends)


def test_the_matrix_has_an_outcome_for_every_endpoint_and_service() -> None:
    data = run().data
    shop = load("online_boutique")
    assert list(data["outcomes"]) == list(shop.endpoints)
    for end in shop.endpoints:
        assert set(data["outcomes"][end]) == set(data["waits_s"][end]) == set(shop.services)
    assert data["outcomes"]["GET /product/{id}"]["recommendation"] == "degraded"
    assert data["outcomes"]["POST /cart/checkout"]["email"] == "degraded"
    assert data["outcomes"]["POST /cart"]["currency"] == "ok"
    assert data["outcomes"]["GET /cart"]["shipping"] == "fails"


def test_the_matrix_the_blast_radius_and_the_takeaway_agree() -> None:
    for arguments in ({}, {"mode": "hang"}, {"mode": "hang", "defense": "timeout"}, {"defense": "fallback"}):
        data = LAB.report(arguments).data
        shop = load("online_boutique")
        for name, share in data["blast_radius"].items():
            lost = sum(shop.load_share(end) for end in shop.endpoints if data["outcomes"][end][name] == "fails")
            assert share == pytest.approx(lost)


def test_waiting_for_ever_is_null_in_the_data_and_said_in_words() -> None:
    report = run(victim="recommendation", mode="hang")
    assert report.data["waits_s"]["GET /cart"]["recommendation"] is None
    assert json.dumps(report.data, allow_nan=False)
    assert "73.9 % of requests wait for ever" in report.takeaway
    assert "waits for ever" in figures(report)[0].table.text()


def test_a_timeout_shows_how_late_the_degraded_answer_is() -> None:
    report = run(victim="recommendation", mode="hang", defense="timeout", timeout_ms=250)
    assert report.data["waits_s"]["GET /cart"]["recommendation"] == pytest.approx(0.25)
    assert "degraded, 250 ms later" in figures(report)[0].table.text()


def test_equal_timeouts_on_both_levels_lose_the_order_for_an_email() -> None:
    # checkout's optional call of email and frontend's call of checkout give up together.
    assert run(mode="hang", defense="timeout").data["outcomes"]["POST /cart/checkout"]["email"] == "fails"
    assert run(mode="crash").data["outcomes"]["POST /cart/checkout"]["email"] == "degraded"


def test_the_quote_service_that_the_demo_labels_low_is_needed_to_order() -> None:
    data = LAB.report({"architecture": "otel_demo", "victim": "quote"}).data
    assert any(outcomes["quote"] == "fails" for outcomes in data["outcomes"].values())


def test_lost_requests_are_the_area_under_the_error_curve() -> None:
    data = run(replicas=3, detection_s=10, restart_s=40).data
    by_hand = sum((phase["end_s"] - phase["start_s"]) * phase["fails_per_s"] for phase in data["phases"])
    assert data["lost_requests"] == pytest.approx(by_hand)
    assert data["monolith_lost_requests"] == pytest.approx(RATE / 3 * 10)
    assert run(replicas=1, restart_s=40).data["monolith_lost_requests"] == pytest.approx(RATE * 40)


@pytest.mark.parametrize(
    ("replicated", "killed", "expected"), [(False, 2, 0.418182), (True, 3, 0.628247), (True, 16, 0.0132)]
)
def test_the_published_experiment_comes_out_of_a_readers_own_settings(
    replicated: bool, killed: int, expected: float
) -> None:
    architecture = load("social_network_experiment")
    for name in REPLICATED if replicated else ():
        architecture = architecture.with_service(name, replicas=3)
    assert run(architecture=architecture, victim="media", killed=killed).data["success_probability"] == pytest.approx(
        expected, abs=5e-7
    )


def test_the_published_experiment_is_shown_with_its_own_architecture_only() -> None:
    shown = LAB.report({"architecture": "social_network_experiment"})
    text = table(shown, "the published experiment").text()
    for number in ("0.418182", "0.4182", "0.5533", "0.5338", "3 of 26", "0.305421", "0.3054", "0.6969", "4 of 36"):
        assert number in text
    assert len(shown.data["experiment"]) == 8
    assert run().data["experiment"] == []
    assert not [part for part in LAB.report({}).parts if isinstance(part, Table)]


def test_the_experiment_as_it_was_run_is_a_count_of_containers() -> None:
    # A read needs 4 of the 26 containers: nginx, the timeline's service, its redis and post-storage. A post needs 20 of them.
    row = LAB.report({"architecture": "social_network_experiment"}).data["experiment"][0]
    read, post = (math.comb(26 - needed, 3) / math.comb(26, 3) for needed in (4, 20))
    assert row["exact_as_run"] == pytest.approx(0.9 * read + 0.1 * post)


def test_counting_what_was_really_run_explains_the_system_without_replicas_but_not_the_one_with() -> None:
    rows = LAB.report({"architecture": "social_network_experiment"}).data["experiment"]
    closer = [abs(row["exact_as_run"] - row["measured"]) < abs(row["published"] - row["measured"]) for row in rows]
    assert closer[:4] == [True] * 4
    assert not all(closer[4:])


def test_the_rule_of_the_experiment_rounds_the_number_of_dead_up() -> None:
    rows = LAB.report({"architecture": "social_network_experiment"}).data["experiment"]
    assert [(row["dead"], row["instances"]) for row in rows] == [
        (2, 12),
        (4, 12),
        (6, 12),
        (9, 12),
        (3, 22),
        (7, 22),
        (11, 22),
        (16, 22),
    ]
    assert [row["dead_as_run"] for row in rows] == [3, 8, 13, 19, 4, 11, 18, 26]


def test_more_dead_than_there_are_means_all_dead() -> None:
    data = run(architecture=load("textbook_chain"), victim="a", killed=200).data
    assert data["killed"] == data["instances"] == 5
    assert data["success_probability"] == 0


def test_nobody_dead_leaves_the_last_figure_out_and_the_probability_at_one() -> None:
    report = run(killed=0)
    assert report.data["success_probability"] == 1
    assert len(figures(report)) == len(figures(run(killed=1))) - 1


def test_more_instances_than_can_be_counted_leave_the_probability_out() -> None:
    report = run(architecture=load("online_boutique").with_service("redis", replicas=300), killed=2)
    assert report.data["success_probability"] is None
    assert report.data["blast_radius"]["currency"] > 0.7


def test_fewer_instances_than_the_file_needs_lower_the_need() -> None:
    quorum = load("online_boutique").with_service("currency", replicas=3, needs=2)
    assert run(architecture=quorum, replicas=1).data["phases"][1]["fails_per_s"] == pytest.approx(100 * 18 / 23)


def test_a_large_system_shows_its_worst_forty_services_and_tables_them_all() -> None:
    report = run(architecture=wide(60, 3), victim="s59")
    matrix = figures(report)[0]
    drawn: list[dict[str, Any]] = matrix.spec["layer"][0]["data"]["values"]
    assert len({row["service"] for row in drawn}) == 40
    assert len(matrix.table.rows) == 60


def test_a_system_too_large_for_a_matrix_is_refused() -> None:
    with pytest.raises(LabError, match="services times endpoints must be at most 20,000 for this lab, got 20,100"):
        run(architecture=wide(201, 100), victim="s0")


def test_a_victim_that_nobody_calls_goes_unnoticed() -> None:
    assert run(architecture=wide(3, 1), victim="s2").takeaway == (
        "With s2 down, no request notices; a monolith that crashed would fail all of them."
    )
