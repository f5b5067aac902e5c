"""An architecture learned from traces of a known system is that system again."""

from collections import Counter

import pytest
from recorded_plans import Recorder

from labs_py.model import architecture_file
from labs_py.model.latency import all_calls, floor, serial_round_trips
from labs_py.model.plan import Arrangement, plan_request
from labs_py.model.recorded_span import RecordedSpan
from labs_py.model.trace import requests, traces
from labs_py.model.trace_file import Dependency
from labs_py.model.traced_architecture import TracedArchitecture


@pytest.mark.parametrize("arrangement", ["as_written", "parallel"])
@pytest.mark.parametrize("name", ["online_boutique", "social_network", "otel_demo", "checkout"])
def test_a_shipped_system_is_learned_from_one_trace_of_each_request(name: str, arrangement: Arrangement) -> None:
    known = architecture_file.load(name)
    plans = {endpoint: plan_request(known, endpoint, arrangement) for endpoint in known.endpoints}
    recorder = Recorder()
    for number, (endpoint, plan) in enumerate(plans.items()):
        recorder.request(plan, f"T{number}", endpoint, start_ns=number * 10**12)
    learned, repairs = TracedArchitecture(), Counter[str]()
    for first in traces(recorder.spans, repairs):
        learned.add(first)
    assert not +repairs
    found = architecture_file.parse(learned.text(known.name, "our own traces"), "learned.toml")
    assert sorted(found.endpoints) == sorted(known.endpoints)
    for endpoint, plan in plans.items():
        again = plan_request(found, endpoint)
        assert serial_round_trips(again) == serial_round_trips(plan), endpoint
        assert all_calls(again) == all_calls(plan), endpoint
        assert floor(again) == pytest.approx(floor(plan) - plan.network.mean, rel=0.01, abs=1e-9), endpoint


def one(service: str, start: int, end: int, parent: str = "", *, failed: bool = False, ident: str = "") -> RecordedSpan:
    return RecordedSpan("T", ident or service, parent, service, "run", start * 10**6, end * 10**6, failed=failed)


def learn(*traced: list[RecordedSpan]) -> TracedArchitecture:
    learned = TracedArchitecture()
    for spans in traced:
        for first in requests(spans, Counter()):
            learned.add(first)
    return learned


def test_a_failure_belongs_to_the_service_in_which_it_began() -> None:
    sound = [one("a", 0, 100), one("b", 10, 50, "a")]
    broken = [one("a", 0, 100, failed=True), one("b", 10, 50, "a", failed=True)]
    found = architecture_file.parse(learn(sound, sound, sound, broken).text("x", "y"))
    assert (found.services["a"].availability, found.services["b"].availability) == (1.0, 0.75)


def test_a_callee_whose_failures_never_hurt_is_optional() -> None:
    survived = [one("a", 0, 100), one("b", 10, 50, "a", failed=True)]
    hurt = [one("a", 0, 100, failed=True), one("b", 10, 50, "a", failed=True)]
    always = architecture_file.parse(learn(*[survived] * 3).text("x", "y"))
    once = architecture_file.parse(learn(*[survived] * 3, hurt).text("x", "y"))
    assert [found.endpoints["run"].calls[0].optional for found in (always, once)] == [True, False]


def test_calls_that_nobody_waits_for_are_left_out_and_counted() -> None:
    late = RecordedSpan("T", "c", "a", "c", "run", 60 * 10**6, 10**9, "consumer", waited_for=False)
    text = learn([one("a", 0, 100), one("b", 10, 50, "a"), late]).text("x", "y")
    assert "1 calls that nobody waited for are left out" in text
    assert [call.service for call in architecture_file.parse(text).endpoints["run"].calls] == ["b"]  # type: ignore[union-attr]


def test_functions_inside_a_service_are_part_of_its_work() -> None:
    text = learn([one("a", 0, 100), one("a", 10, 90, "a", ident="inner"), one("b", 20, 50, "inner")]).text("x", "y")
    found = architecture_file.parse(text)
    assert sorted(found.services) == ["a", "b"]
    assert found.services["a"].service_time.mean == pytest.approx(0.070)


def test_a_call_that_leads_back_to_its_caller_is_left_out() -> None:
    round_about = [one("a", 0, 100), one("b", 10, 90, "a"), one("a", 20, 80, "b", ident="again")]
    found = architecture_file.parse(learn(round_about).text("x", "y"))
    assert sorted(found.services) == ["a", "b"]


def test_counted_dependencies_make_a_graph_without_times() -> None:
    learned = TracedArchitecture()
    for caller, callee in (("web", "cart"), ("cart", "redis"), ("web", "ads"), ("redis", "cart")):
        learned.add_dependency(Dependency(caller, callee, 5))
    found = architecture_file.parse(learned.text("x", "jaeger"))
    assert sorted(found.services) == ["ads", "cart", "redis", "web"]
    assert [call.service for call in found.services["web"].calls] == ["ads", "cart"]  # type: ignore[union-attr]
    assert list(found.endpoints) == ["web"]


def test_names_of_all_sorts_come_through() -> None:
    strange = 'GET /a/b?"x"=\\ é\n'
    spans = [
        RecordedSpan("T", "1", "", "my.web/front end", strange, 0, 10**7),
        RecordedSpan("T", "2", "1", "my.web/front end 2", strange, 10**6, 10**6 * 2),
    ]
    found = architecture_file.parse(learn(spans).text('a "name"', "a\tsource"))
    assert (found.name, list(found.endpoints)) == ('a "name"', [strange])
    assert found.endpoints[strange].calls[0].operation == strange  # type: ignore[union-attr]


def test_nothing_learned_is_said_in_words() -> None:
    with pytest.raises(ValueError, match=r"traces\.json must hold at least one request or dependency, got none"):
        TracedArchitecture().text("x", "traces.json")
