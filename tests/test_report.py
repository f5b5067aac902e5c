"""Reports and numerals: the same text everywhere, escaped, with a table beside every figure."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py import numerals
from labs_py.numerals import count, nines, percent, significant, span
from labs_py.report import Figure, Metric, Report, Table

TABLE = Table(["Service", "Down"], [("a<b", "1 h"), ("c", "2 h")], "Downtime")


def test_the_doctests_of_numerals_hold() -> None:
    assert doctest.testmod(numerals) == doctest.TestResults(failed=0, attempted=6)


def test_html_is_escaped_and_neighboring_metrics_share_a_list() -> None:
    html = Report("A & B.", [Metric("x<y", "1"), Metric("z", "2", "note"), TABLE, Metric("w", "3")]).html()
    assert "A &amp; B." in html
    assert html.count("<dl") == 2
    assert "a&lt;b" in html
    assert "x&lt;y" in html


def test_a_number_is_kept_on_one_line_with_its_unit_on_a_page_and_not_in_a_terminal() -> None:
    report = Report("Down 5 min of 30 days, 0.5 %.", [])
    assert "Down 5\u00a0min of 30 days, 0.5\u00a0%." in report.html()
    assert report.text() == "Down 5 min of 30 days, 0.5 %."


def test_a_figure_has_a_plot_with_a_name_and_its_table() -> None:
    report = Report("Done.", [TABLE, Figure({"layer": []}, 'The "down" time', TABLE), Figure({}, "Second", TABLE)])
    assert [figure.caption for figure in report.figures] == ['The "down" time', "Second"]
    assert 'data-figure="0" role="img" aria-label="The &quot;down&quot; time"' in report.html()
    assert 'data-figure="1"' in report.html()
    assert report.html().count("<details") == 2


def test_a_table_with_a_ragged_row_is_refused() -> None:
    with pytest.raises(ValueError, match="row must have 2 cells, got 1"):
        Table(["a", "b"], [("1",)])


def test_a_terminal_gets_the_same_numbers() -> None:
    text = Report("Done.", [Metric("Up", "99 %", "of a year"), Figure({}, "Caption", TABLE)]).text()
    assert text == "Done.\n\nUp: 99 % (of a year)\n\nCaption\nDowntime\nService  Down\na<b      1 h\nc        2 h"


@given(st.floats(1e-9, 1e9), st.integers(2, 6))
def test_rounding_to_significant_digits_errs_by_half_a_unit_of_the_last(value: float, digits: int) -> None:
    shown = float(significant(value, digits).replace(",", ""))
    assert abs(shown - value) <= abs(value) * 0.5 * 10 ** (1 - digits) * (1 + 1e-6)


@given(st.floats(0, 1))
def test_an_availability_never_rounds_up_to_a_hundred_percent(availability: float) -> None:
    if availability < 1 - 1e-11:
        assert float(nines(availability).removesuffix(" %")) < 100 or availability == 1


def test_edges_read_well() -> None:
    assert (percent(0.0), percent(1.0)) == ("0 %", "100 %")
    assert span(float("inf")) == "for ever"
    assert significant(float("inf")) == "∞"
    assert (count(0, "retry", "retries"), count(1, "retry", "retries")) == ("0 retries", "1 retry")
