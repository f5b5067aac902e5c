"""What axe-core finds on a page, and what it must not find in panels and on the page for addresses not found; panels suit fingers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from conftest import PHONE, Visit
from panel_driver import Panel
from playwright.sync_api import Page, expect
from site_server import SiteServer

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: dict[Literal["light", "dark"], str] = {"light": "default", "dark": "slate"}
# landmark-unique: the theme's script puts each code block's copy button into a `nav` without a name.
THEMES_OWN = [".md-code__nav"]
FAULTS = """([rules, exclude]) =>
  axe.run({exclude: exclude.filter(part => document.querySelector(part)).map(part => [part])}, {runOnly: rules, resultTypes: ['violations']})
    .then(found => found.violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => [id, html.slice(0, 200), failureSummary])))"""


def faults(page: Page) -> list[list[str]]:
    """What axe finds: rule, element and reason."""
    page.evaluate(AXE)
    found: list[list[str]] = page.evaluate(FAULTS, [RULES, THEMES_OWN])
    return found


def faults_unfolded(page: Page) -> list[list[str]]:
    """What axe finds on a page with all that folds unfolded."""
    page.evaluate("document.querySelectorAll('article details').forEach(details => details.open = true)")
    return faults(page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_no_fault_on_the_page_for_addresses_not_found(
    open_page: Callable[..., Page], scheme: Literal["light", "dark"]
) -> None:
    page = open_page("404.html", color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[scheme])
    assert faults_unfolded(page) == []


def test_axe_finds_no_fault_in_a_live_panel_with_an_error_and_an_own_file(visit: Visit, homes: dict[str, str]) -> None:
    panel = Panel(visit.go(homes["hop_latency"]), "hop_latency")
    panel.run()
    panel.control("architecture").select_option("@file")
    text = panel.root.locator("[data-text]")
    expect(text).to_have_value(re.compile(r"\[services\."), timeout=40_000)
    text.fill("name = ")
    panel.run_button.click()
    assert "must be TOML" in panel.refused()
    panel.page.emulate_media(reduced_motion="reduce")
    light = faults(panel.page)
    panel.page.get_by_title("Switch to dark").click()
    expect(panel.page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    dark = faults(panel.page)
    panel.page.get_by_title("Switch to light").click()
    panel.page.emulate_media(reduced_motion="null")
    assert (light, dark) == ([], [])


SMALL = """() => {
  const target = element => element.closest('label') ?? (element.type === 'checkbox' ? element.labels[0] : element);
  return [...document.querySelectorAll('lab-panel :is(button, select, input, textarea, summary), .nh-tasks :is(label, summary)')]
    .filter(element => element.checkVisibility({visibilityProperty: true}) && target(element).getBoundingClientRect().height < 44)
    .map(element => element.outerHTML.slice(0, 120));
}"""


def test_everything_in_a_panel_is_large_enough_for_a_finger(
    open_page: Callable[..., Page], server: SiteServer, homes: dict[str, str]
) -> None:
    page = open_page("", viewport=PHONE, has_touch=True, is_mobile=True)
    small = {}
    for address in sorted(set(homes.values())):
        page.goto(server.url + address)
        expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
        page.evaluate("document.querySelectorAll('.nh-file').forEach(box => box.hidden = false)")
        small[address] = page.evaluate(SMALL)
    assert {address: found for address, found in small.items() if found} == {}


def test_chosen_text_ends_before_the_arrow_of_its_select(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    page = open_page(homes["hop_latency"])
    room = page.locator('[name="placement"]').first.evaluate("""select => {
      const style = getComputedStyle(select);
      const pen = new OffscreenCanvas(1, 1).getContext('2d');
      pen.font = style.font;
      const inner = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      return inner - pen.measureText('in two zones of a region: 0.77 ms').width;
    }""")
    assert room >= 0
