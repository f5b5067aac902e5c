"""How a page comes to life: without styling itself twice, one panel after another, and at once where the reader is."""

import base64
import json
import time
import zlib
from collections.abc import Callable

import pytest
from conftest import Visit
from playwright.sync_api import BrowserContext, Page, Route, expect
from site_server import SiteServer

SHEETS = "[...document.querySelectorAll('link[rel=stylesheet]')]"
LESSON = "foundations/"
# Timers never come, so nothing has its turn.
NO_TURNS = """
  const later = window.setTimeout;
  window.setTimeout = (act, after, ...rest) => (after === undefined ? 0 : later(act, after, ...rest));
"""


def stopped(context: BrowserContext) -> None:
    context.add_init_script(NO_TURNS)


def test_no_stylesheet_and_no_font_is_asked_for_twice(open_page: Callable[..., Page]) -> None:
    page = open_page(LESSON)
    page.wait_for_timeout(300)
    names: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map(one => one.name).filter(name => /[.](css|woff2)/.test(name))"
    )
    assert len([name for name in names if ".css" in name]) == 3
    assert len(names) == len(set(names))
    assert page.evaluate(f"{SHEETS}.every(link => !/^[a-z]+:/.test(link.getAttribute('href')))")


def test_the_next_page_keeps_the_stylesheets(visit: Visit) -> None:
    visit.go("")
    page = visit.page
    page.evaluate(f"{SHEETS}.forEach(link => link.mine = true)")
    for address in ("foundations/hop-latency/", "glossary/"):
        visit.go(address)
        assert page.evaluate(f"{SHEETS}.map(link => [link.mine, !!link.sheet])") == [[True, True]] * 3
    assert page.evaluate("window.sameVisit")


def test_who_follows_a_link_while_scrolling_comes_to_its_place_and_back(visit: Visit) -> None:
    page = visit.go(LESSON)

    def late(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    page.route("**/glossary/", late)
    # The theme writes down how far it is scrolled 0.1 s later, when the next page is on its way.
    page.evaluate("""() => {
      addEventListener('scroll', () => document.querySelector('a.nh-term[href$="#pacelc"]').click(), { once: true });
      scrollTo(0, 617);
    }""")
    expect(page.locator("h1")).to_contain_text("Glossary")
    expect(page.locator("#pacelc")).to_be_in_viewport()
    page.unroute("**/glossary/")
    page.go_back()
    expect(page.locator("h1")).not_to_contain_text("Glossary")
    assert page.evaluate("scrollY") == 617
    assert page.evaluate("window.sameVisit")


def test_dark_pages_say_that_they_are_dark(open_page: Callable[..., Page]) -> None:
    page = open_page(LESSON, color_scheme="dark")
    scheme = page.locator("meta[name=color-scheme]")
    expect(scheme).to_have_attribute("content", "dark")
    page.get_by_title("Switch to light").click()
    expect(scheme).to_have_attribute("content", "light")


def test_every_panel_and_task_comes_to_life_untouched(open_page: Callable[..., Page]) -> None:
    page = open_page(LESSON)
    assert page.locator("lab-panel").count() > 3
    expect(page.locator("lab-panel:not([data-live]), nh-tasks:not([data-live])")).to_have_count(0)


def test_the_panel_that_a_reader_comes_to_is_alive_at_once(open_page: Callable[..., Page]) -> None:
    page = open_page(LESSON, prepare=stopped)
    live = page.locator("lab-panel[data-live]")
    expect(live).to_have_count(0)
    page.locator("lab-panel [type=submit]").nth(2).focus()
    expect(live).to_have_count(1)
    page.locator("lab-panel").nth(1).get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_count(2)
    expect(page.locator("lab-panel").nth(1).locator(".nh-status")).to_contain_text("Updated in")


def test_a_link_finds_its_panel_alive(open_page: Callable[..., Page]) -> None:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    link = json.dumps({"lab": "cap_partition", "index": 0, "arguments": {}}).encode()
    code = base64.urlsafe_b64encode(squeeze.compress(link) + squeeze.flush()).decode().rstrip("=")
    page = open_page(f"{LESSON}#lab=v1.{code}", prepare=stopped)
    others = page.locator("lab-panel:not([name=cap_partition])")
    expect(page.locator("lab-panel[data-live]")).to_have_count(0)
    others.first.locator("[type=submit]").focus()
    expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
    expect(page.locator("lab-panel[name=cap_partition] .nh-status").first).to_contain_text("Updated in")


LAID_OUT = (
    "[...document.querySelectorAll('article > .footnote li')].at(-1).checkVisibility({contentVisibilityAuto: true})"
)


def test_a_new_page_lays_out_what_is_far_when_it_comes_near(open_page: Callable[..., Page]) -> None:
    page = open_page(LESSON)
    assert not page.evaluate(LAID_OUT)
    page.keyboard.press("End")
    expect(page.locator("article > .footnote")).to_be_in_viewport()
    assert page.evaluate(LAID_OUT)


def test_a_place_is_where_it_will_stay(open_page: Callable[..., Page], server: SiteServer) -> None:
    page = open_page(LESSON)
    heading = page.locator("#common-mistakes")
    page.locator(".md-sidebar--secondary").get_by_role("link", name="Common mistakes").click()
    expect(heading).to_be_in_viewport()
    assert page.evaluate(LAID_OUT)
    top = heading.bounding_box()["y"]  # type: ignore[index]
    page.reload()
    assert page.evaluate(LAID_OUT)
    page.goto(f"{server.url}about/design/")
    page.goto(f"{server.url}{LESSON}#common-mistakes")
    assert page.evaluate(LAID_OUT)
    expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
    assert heading.bounding_box()["y"] == pytest.approx(top, abs=1)  # type: ignore[index]
