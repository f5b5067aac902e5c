"""Long runs: replications give the same result however they are spread, and the lab that is made of them."""

import json
import math
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from labs_py import desk, lab
from labs_py.labs import sampling
from labs_py.model import changes
from labs_py.model.architecture_file import load
from labs_py.model.availability import system_availability, system_structure
from labs_py.model.monte_carlo import simulated_requests
from labs_py.replications import Replications
from labs_py.report import Report

LONG = {"samples": "1000000"}


def asked(**more: object) -> dict[str, object]:
    answer: dict[str, object] = json.loads(
        desk.respond(json.dumps({"lab": "sampling", "arguments": LONG, "stamp": True} | more))
    )
    return answer


def test_a_run_needs_at_least_one_replication() -> None:
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        Replications(0, lambda number: number, lambda results: Report(""))


def test_a_report_of_replications_sees_all_results_in_the_order_of_their_numbers() -> None:
    def summary(results: Sequence[int]) -> Report:
        return Report(f"{list(results)}")

    assert Replications(3, lambda number: number * 10, summary).report().takeaway == "[0, 10, 20]"


def test_what_comes_out_does_not_depend_on_who_ran_what_and_when() -> None:
    """As a page does it with several workers: replications in any order, each in an interpreter that knows nothing of the others."""
    count = asked()["replications"]
    assert count == 4
    done = {number: asked(replication=number)["result"] for number in (2, 0, 3, 1)}
    answer = asked(results=[done[number] for number in sorted(done)])
    whole = lab.load("sampling").report(LONG)
    assert answer["html"] == whole.html()
    assert answer["data"] == json.loads(json.dumps(whole.data))
    assert answer["stamp"] == desk.stamp_of(whole)


def test_the_first_results_make_a_report_of_their_own() -> None:
    first = asked(replication=0)["result"]
    data = asked(results=[first])["data"]
    assert isinstance(data, dict)
    assert data["samples"] == 250_000
    assert data["widths"].keys() == {"100", "1000", "10000", "100000"}


@pytest.mark.parametrize("samples", [1_000, 250_000, 250_001, 999_999, 9_999_999, 100_000_000])
def test_the_requests_are_shared_evenly_and_none_is_lost(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "simulated", lambda architecture, requests, number: [(requests, requests)])
    found = sampling.run(samples=samples)
    sizes = [found.one(number)[-1][0] for number in range(found.count)]
    assert sum(sizes) == samples
    assert max(sizes) - min(sizes) <= 1
    assert found.count <= 40


def test_steps_between_are_those_of_the_same_requests() -> None:
    system = changes.fail_less(load("online_boutique"), 1)
    points = sampling.simulated(system, 250_000, 3)
    steps = [requests for requests, _ in points]
    assert steps[:4] == [100, 200, 500, 1_000]
    assert steps[-3:] == [100_000, 200_000, 250_000]
    assert all(0 <= before <= after for (_, before), (_, after) in pairwise(points))
    # The first thousand of a longer replication are the first thousand of any that is as long as its first block.
    assert sampling.simulated(system, 100_000, 3)[3] == points[3]


def test_replications_are_different_draws() -> None:
    system = load("online_boutique")
    assert len({sampling.simulated(system, 50_000, number)[-1] for number in range(20)}) > 10


def test_the_interval_narrows_with_the_square_root_of_the_number_of_requests() -> None:
    widths = lab.load("sampling").report({"samples": "10000000"}).data["widths"]
    for few, many in (("10000", "1000000"), ("100000", "10000000")):
        assert widths[few] / widths[many] == pytest.approx(10, rel=0.08)


@pytest.mark.parametrize("name", ["textbook_chain", "online_boutique", "checkout", "social_network"])
def test_a_million_requests_agree_with_the_exact_value(name: str) -> None:
    data = lab.load("sampling").report({"architecture": name} | LONG).data
    exact = system_availability(load(name)).availability
    assert data["exact"] == exact
    assert abs(data["share"] - exact) < 4 * math.sqrt(exact * (1 - exact) / 1_000_000)


@pytest.mark.parametrize("times", [10, 1000])
def test_parts_that_fail_less_are_down_that_many_times_less(times: float) -> None:
    before, after = load("social_network"), changes.fail_less(load("social_network"), times)
    for name, service in before.services.items():
        assert (1 - after.services[name].availability) * times == pytest.approx(1 - service.availability)
    assert system_availability(after).availability > system_availability(before).availability


def test_a_system_that_never_fails_is_said_to_need_no_number() -> None:
    perfect = '[services.a]\navailability = 1\n[endpoints."GET /"]\nentry = "a"\n'
    report = lab.load("sampling").report({"architecture": {"file": "mine.toml", "text": perfect}, "samples": "1000"})
    assert report.data["requests_to_see_one"] is None
    assert "fewer than 3 in 1,000" in report.takeaway
    assert "no number" in report.text()


def test_no_failure_yet_is_told_by_the_rule_of_three() -> None:
    report = lab.load("sampling").report({"fail": "1000", "samples": "1000"})
    assert report.data["failures"] == 0
    assert report.takeaway.endswith("fewer than 3 in 1,000 do.")
    assert sampling.most_failures_unseen(1_000) == pytest.approx(3 / 1_000, rel=0.01)
    assert (1 - sampling.most_failures_unseen(50)) ** 50 == pytest.approx(0.05)


def test_simulated_requests_are_those_whose_endpoint_works() -> None:
    system = load("textbook_chain")
    parts = system_structure(system)
    bits, states = simulated_requests(system, parts, random.Random(1), 1_000)
    assert bits == states[parts.works["GET /"]]
