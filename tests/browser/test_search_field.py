"""Search: nothing is fetched for it before the reader goes there, and then it finds."""

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_the_index_comes_with_the_first_search(open_page: Callable[..., Page]) -> None:
    asked: list[str] = []
    page = open_page(
        "foundations/", prepare=lambda context: context.on("request", lambda request: asked.append(request.url))
    )
    page.wait_for_timeout(500)
    assert not any(url.endswith("search_index.json") for url in asked)
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("tail latency")
    expect(page.locator(".md-search-result__meta")).to_contain_text("matching document")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert any(url.endswith("search_index.json") for url in asked)
