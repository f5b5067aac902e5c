"""The contract between a lab, the page, the terminal and the browser."""

import json
from typing import Annotated

import pytest

from labs_py import desk, lab
from labs_py.exercise import as_preset, nearest
from labs_py.parameter import Choice, LabError, Range
from labs_py.report import Report


def test_an_unknown_lab_is_refused_with_the_closest_name() -> None:
    with pytest.raises(LabError, match=r"lab must be one of .*, got 'tail_at_scal'; did you mean 'tail_at_scale'\?"):
        lab.load("tail_at_scal")


def test_an_unknown_argument_is_refused_with_the_closest_name() -> None:
    with pytest.raises(
        LabError,
        match=r"argument of tail_at_scale must be one of fan_out, p_slow, got 'fanout'; did you mean 'fan_out'\?",
    ):
        lab.load("tail_at_scale").values({"fanout": "3"})


def test_the_nearest_option_is_the_first_of_two_that_are_equally_near() -> None:
    assert nearest((0.3, 1.6, 17), 14.9) == 2
    assert nearest((3, 1), 2) == 0


def test_settings_are_as_preset_where_they_are_the_defaults_of_run() -> None:
    def run(*, rate: float = 200.0, deadline: bool = False, place: str = "near") -> None:
        del rate, deadline, place

    presets = {"rate": "200", "deadline": "false", "place": "near"}
    assert as_preset(run, presets)
    for name in presets:
        changed = {**presets, name: "other"}
        assert not as_preset(run, changed)
        assert not as_preset(run, changed, name)
        assert as_preset(run, changed, but=[name])
        assert as_preset(run, changed, *(presets.keys() - {name}))


def test_an_answer_is_json_with_everything_the_page_needs() -> None:
    answer = json.loads(desk.respond('{"lab": "tail_at_scale", "arguments": {"fan_out": "2000", "p_slow": "0.0001"}}'))
    assert sorted(answer) == ["arguments", "data", "figures", "html", "options", "reached"]
    assert answer["arguments"] == {"fan_out": "2000", "p_slow": "0.0001"}
    assert answer["data"]["slow_share"] == pytest.approx(0.181277, abs=1e-6)
    assert answer["figures"][0]["layer"]


def test_a_mistake_is_an_error_in_the_answer_and_nothing_else() -> None:
    answer = json.loads(desk.respond('{"lab": "tail_at_scale", "arguments": {"fan_out": "2.5"}}'))
    assert answer == {"error": "fan_out must be a whole number from 1 to 2000, got '2.5'"}


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e99", "-1", "one", "0x10", "9" * 400])
def test_a_number_that_is_none_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(LabError, match="fan_out must be a whole number from 1 to 2000, got "):
        lab.load("tail_at_scale").values({"fan_out": text})


def test_a_parameter_without_a_kind_is_refused_when_the_lab_is_read() -> None:
    def run(*, speed: float = 1.0, fan: Annotated[int, Range("Fan", 1, 2)] = 1) -> Report:
        raise AssertionError(speed, fan)

    with pytest.raises(
        LabError, match="speed must be keyword-only, with a default and one Range, Choice, Flag, Upload or Traces"
    ):
        list(lab._parameters(run))


def test_the_options_of_a_choice_may_depend_on_the_architecture_before_it() -> None:
    dependent = [
        (name, item.name)
        for name in lab.names()
        for item in lab.load(name).parameters
        if isinstance(item.kind, Choice) and item.kind.of == "architecture"
    ]
    assert dependent
    for name, parameter in dependent:
        asked = {"lab": name, "arguments": {"architecture": "textbook_chain"}}
        answer = json.loads(desk.respond(json.dumps(asked)))
        if "replications" in answer:
            first = json.loads(desk.respond(json.dumps({**asked, "replication": 0})))["result"]
            answer = json.loads(desk.respond(json.dumps({**asked, "results": [first]})))
        options = [value for value, _ in answer["options"][parameter]]
        assert answer["arguments"][parameter] in options


def test_a_path_into_the_data_names_what_it_does_not_find() -> None:
    data = {"endpoints": {"GET /": {"p99_ms": 3}}, "list": [1, 2]}
    assert lab.value_at(data, "endpoints[GET /].p99_ms") == 3
    assert lab.value_at(data, "list[1]") == 2
    with pytest.raises(LabError, match=r"got 'p9_ms'; did you mean 'p99_ms'"):
        lab.value_at(data, "endpoints[GET /].p9_ms")


def test_the_sources_of_a_docstring_are_one_entry_each() -> None:
    text = 'Something.\n\nSource:\n    A. Author, "Title",\n        https://a.example/x\n    B. Other, "Book"\n\n>>> 1\n1\n'
    assert lab._sources(text) == ['A. Author, "Title", https://a.example/x', 'B. Other, "Book"']
