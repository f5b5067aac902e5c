"""Lab elements in, filled HTML out; what is wrong names the page, the element and the mend."""

import re

import pytest

from hooks.panels import fill, formatted, within
from labs_py.parameter import LabError


def test_a_panel_is_filled_with_its_form_its_result_and_its_figures() -> None:
    html = fill('<h1>x</h1><p><lab-panel name="tail_at_scale" fan_out="10"></lab-panel></p>', "page.md")
    assert "<p><lab-panel" not in html
    assert "10\u00a0% of requests wait for at least one slow server." in html
    assert re.search(r'name="fan_out" value="10"', html)
    assert html.count("<svg ") == 2
    assert 'data-arguments="{&quot;fan_out&quot;: &quot;10&quot;}"' in html
    assert "turn on JavaScript" in html


def test_two_panels_of_one_lab_have_different_ids() -> None:
    html = fill('<lab-panel name="tail_at_scale"></lab-panel>' * 2, "page.md")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_what_was_filled_once_is_known_until_another_lab_or_argument_is_asked_for() -> None:
    known: dict[tuple[str, ...], str] = {}
    value = '<lab-value name="tail_at_scale" of="slow_share" as="percent:1"></lab-value>'
    fill(value, "page.md", known)
    [key] = known
    known[key] = "remembered"
    assert fill(value, "other.md", known) == "remembered"
    assert "63.4" not in fill(value.replace(" of=", ' fan_out="10" of='), "page.md", known)
    assert "remembered" not in fill(value.replace("percent:1", "percent:2"), "page.md", known)


def test_a_value_stands_in_its_sentence() -> None:
    html = fill(
        '<p>So <lab-value name="tail_at_scale" of="slow_share" as="percent:1"></lab-value> wait.</p>', "page.md"
    )
    assert html == '<p>So <span class="nh-value">63.4\u00a0%</span> wait.</p>'


def test_a_code_sample_of_an_element_stays_as_it_is() -> None:
    sample = '<code>&lt;lab-panel name="nothing"&gt;&lt;/lab-panel&gt;</code>'
    assert fill(sample, "page.md") == sample


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ('<lab-panel name="tail_at_scal"></lab-panel>', "page.md: <lab-panel>: lab must be one of "),
        ('<lab-panel name="tail_at_scal"></lab-panel>', "did you mean 'tail_at_scale'?"),
        (
            '<lab-panel name="tail_at_scale" fan="3"></lab-panel>',
            "argument of tail_at_scale must be one of fan_out, p_slow, got 'fan'",
        ),
        (
            '<lab-panel name="tail_at_scale" fan_out="0"></lab-panel>',
            "fan_out must be a whole number from 1 to 2000, got '0'",
        ),
        ('<lab-value name="tail_at_scale" of="slow"></lab-value>', "data path 'slow' must be one of slow_share"),
        (
            '<lab-value name="tail_at_scale" of="slow_share" as="percents"></lab-value>',
            "as must be one of text, percent",
        ),
        ("<lab-panel></lab-panel>", "must have a name="),
        ('<lab-pannel name="tail_at_scale"></lab-pannel>', "did you mean 'lab-panel'?"),
        ("<lab-panel name='tail_at_scale'></lab-panel>", "must be written <lab-panel name="),
        ('<lab-value name="tail_at_scale" of="slow_share">', "must be written <lab-panel name="),
    ],
)
def test_a_mistake_stops_with_the_page_and_the_mend(element: str, message: str) -> None:
    with pytest.raises(LabError) as caught:
        fill(element, "page.md")
    assert str(caught.value).startswith("page.md: ")
    assert message in str(caught.value)


def test_checks_show_published_and_our_number_with_the_tolerance() -> None:
    html = fill('<lab-checks name="tail_at_scale"></lab-checks>', "page.md")
    assert "0.6300" in html
    assert "0.6340" in html
    assert "Dean and Barroso 2013" in html


@pytest.mark.parametrize(
    ("tolerance", "shown"),
    [
        (None, "measured"),
        (0, "exact"),
        (0.15, "± 0.15"),
        (8.154, "± 8.154"),
        (1.5, "± 1.5"),
        (24, "± 24"),
        (2000.0, "± 2,000"),
        (0.0005, "± 0.0005"),
        (1e-9, "± 10<sup>−9</sup>"),
        (5e-13, "± 5 × 10<sup>−13</sup>"),
    ],
)
def test_a_tolerance_is_shown_with_all_its_digits(tolerance: float | None, shown: str) -> None:
    assert within(tolerance) == shown


def test_tasks_show_options_hints_and_answers_folded() -> None:
    html = fill('<lab-tasks name="tail_at_scale"></lab-tasks>', "page.md")
    assert html.count('type="radio"') == 4
    assert 'data-right="2"' in html
    assert "p_slow = 0.0001" in html


def test_numbers_are_written_as_asked() -> None:
    assert formatted(0.99501, "percent:3") == "99.501 %"
    assert formatted(14, "text") == "14"
    assert formatted(1234.56, "number:1") == "1,234.6"
    assert formatted(0.0123456, "significant:3") == "0.0123"
    with pytest.raises(LabError, match="must be used with a number"):
        formatted("x", "percent:3")
