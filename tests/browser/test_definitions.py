"""The definition of a term at its link: on hover, on focus and on a tap; dismissed, pointed at, and a plain link where it cannot come."""

from collections.abc import Callable

import pytest
from conftest import PHONE, Visit
from playwright.sync_api import Locator, Page, expect
from test_accessibility import faults

DEFINED = "If there is a partition (P), a replicated system gives up availability (A) or consistency (C)"


def term(page: Page) -> Locator:
    link = page.locator('a.nh-term[href$="#pacelc"]').first
    link.scroll_into_view_if_needed()
    return link


def entered(page: Page) -> None:
    """Wait for the entry; the theme writes the heading in view into the address, which may be another one by then."""
    page.wait_for_url("**/glossary/**")
    expect(page.locator("#pacelc")).to_be_in_viewport()


def test_a_pointer_opens_a_definition_that_can_be_pointed_at_and_escape_closes_it(visit: Visit) -> None:
    page = visit.go("foundations/")
    box = page.get_by_role("tooltip")
    term(page).hover()
    expect(box).to_contain_text(DEFINED)
    expect(box).not_to_contain_text("Source")
    assert box.get_by_role("link").count() == 0
    box.hover()
    page.wait_for_timeout(600)  # longer than it takes to close
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    term(page).hover()
    expect(box).to_be_visible()
    page.mouse.move(5, 5)
    expect(box).to_have_count(0)
    term(page).click()
    entered(page)
    expect(box).to_have_count(0)


def test_the_keyboard_opens_it_and_leads_on(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/")
    link, box = term(page), page.get_by_role("tooltip")
    page.keyboard.press("Tab")
    link.focus()
    expect(box).to_contain_text(DEFINED)
    expect(link).to_have_accessible_description(
        f"PACELC {DEFINED}; else (E), it gives up latency (L) or consistency (C). A system is classed as PA/EL, PC/EC, PA/EC or PC/EL."
    )
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    entered(page)


def test_a_tap_opens_it_and_a_second_leads_to_the_glossary(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/", viewport=PHONE, has_touch=True, is_mobile=True)
    link, box = term(page), page.get_by_role("tooltip")
    link.tap()
    expect(box).to_contain_text("Tap again")
    inside = "box => { const {left, right} = box.getBoundingClientRect(); return left >= 0 && right <= innerWidth; }"
    assert box.evaluate(inside)
    page.locator("h1").first.tap(position={"x": 1, "y": 1}, force=True)
    expect(box).to_have_count(0)
    link.tap()
    expect(box).to_be_visible()
    link.tap()
    entered(page)


@pytest.mark.expects_errors
def test_without_a_network_or_javascript_a_term_is_a_link(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/")
    page.context.set_offline(True)
    term(page).hover()
    page.wait_for_timeout(600)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.context.set_offline(False)
    page.mouse.move(5, 5)
    term(page).hover()
    expect(page.get_by_role("tooltip")).to_contain_text(DEFINED)
    page = open_page("foundations/", java_script_enabled=False)
    term(page).click()
    entered(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_a_definition(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page("foundations/hop-latency/", color_scheme=scheme, reduced_motion="reduce")
    page.locator("a.nh-term").first.hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    assert faults(page) == []


def test_a_footnote_is_read_where_its_number_stands(visit: Visit) -> None:
    page = visit.go("foundations/")
    number, box = page.locator("a.footnote-ref").first, page.get_by_role("tooltip")
    number.scroll_into_view_if_needed()
    number.hover()
    expect(box).to_contain_text("Summary of the Amazon DynamoDB Service Disruption")
    assert box.get_by_role("link").count() == 0
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    number.click()
    expect(page.locator(".footnote li").first).to_be_in_viewport()
