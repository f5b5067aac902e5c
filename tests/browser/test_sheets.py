"""The sheets: each fits one page of A4 and of Letter, with nothing cut off at its sides and nothing on it that only works on a screen."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

SHEETS = sorted(path.stem for path in Path("docs/sheets").glob("*.md") if path.stem != "index")
MARGINS = 24  # mm, left and right, as in sheets.css
WIDTHS = {"A4": 210, "Letter": 216}
OUTSIDE = """() => [...document.querySelectorAll('.nh-sheet *')].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1 && !element.closest('li')) && !element.closest('svg');
}).map(element => element.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_is_one_page(open_page: Callable[..., Page], sheet: str) -> None:
    page = open_page(f"sheets/{sheet}/", color_scheme="dark")
    expect(page.get_by_role("button", name="Print this sheet")).to_be_visible()
    page.evaluate("document.fonts.ready.then(() => true)")  # other letters would take other room
    for paper, width in WIDTHS.items():
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) == 1, paper
        page.emulate_media(media="print")
        page.set_viewport_size({"width": int((width - MARGINS) / 25.4 * 96), "height": 900})
        assert page.evaluate(OUTSIDE) == []
        for hidden in ("nh-print", "lab-panel", "nh-tasks"):
            for element in page.locator(hidden).all():
                expect(element).to_be_hidden()
        page.emulate_media(media="null")


def test_the_button_prints(open_page: Callable[..., Page]) -> None:
    page = open_page("sheets/nines/")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print this sheet").click()
    assert page.evaluate("window.printed")
