"""Finding one's way: the front page leads back to where one was, and the search puts the page first that one looks for."""

from collections.abc import Callable

from conftest import PHONE
from playwright.sync_api import Page, expect

from labs_py import lab

QUERIES = {
    "tail latency": "glossary/#tail-latency",
    "error budget": "sheets/nines/",
    "burn rate": "sheets/nines/",
    "latency numbers": "sheets/latency/",
    "CAP theorem": "glossary/#cap-theorem",
    "blast radius": "glossary/#blast-radius",
    "round trip between zones": "foundations/hop-latency/",
    "kill service": "foundations/failure-isolation/",
    "weakest link": "foundations/weakest-link/",
    "p99": "foundations/#the-mean-says-little-about-the-tail",
    "add a lab": "about/add-a-lab/",
}
FIRST = """() => [...(document.querySelector('.md-search-result__item')?.querySelectorAll('a') ?? [])]
  .map(link => link.href.replace(/\\?[^#]*/, ''))"""


def test_the_front_page_leads_back_to_the_lab_seen_last(open_page: Callable[..., Page]) -> None:
    page = open_page("", viewport=PHONE)
    expect(page.locator("nh-resume")).to_contain_text("Nothing to install")
    # The line says something else later, and nothing below it moves.
    height = page.locator("nh-resume").bounding_box()["height"]  # type: ignore[index]
    page.locator("article").get_by_role("link", name="Kill one service").first.click()
    expect(page.locator("h1")).to_contain_text("Kill one service")
    page.locator("#failure_isolation-predict-1 label").first.click()
    page.locator('#failure_isolation-predict-1 [data-act="commit"]').click()
    tasks = sum(len(lab.load(name).tasks) for name in ("failure_isolation", "hang_under_load", "measured_failures"))
    last = f"You were last at Kill one service, 1 of {tasks} tasks done."
    page.go_back()
    expect(page.locator("nh-resume")).to_contain_text(last)
    page.reload()
    expect(page.locator("nh-resume")).to_contain_text(last)
    assert page.locator("nh-resume").bounding_box()["height"] == height  # type: ignore[index]
    page.locator("nh-resume").get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("Kill one service")


def test_the_search_puts_first_what_one_looks_for(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    field = page.get_by_role("textbox", name="Search")
    field.click()
    expect(page.locator(".md-search-result__meta")).to_contain_text("Type to start searching", timeout=20_000)
    for query, wanted in QUERIES.items():
        field.fill("")
        field.press_sequentially(query)
        found: list[str] = []
        for _ in range(200):
            found = page.evaluate(FIRST)
            if any(link.endswith(wanted) for link in found):
                break
            page.wait_for_timeout(100)
        assert any(link.endswith(wanted) for link in found), f"{query}: {found}"
