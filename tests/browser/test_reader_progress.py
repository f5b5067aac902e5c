"""The reader's progress: kept in the browser, shown in the navigation and on its page, a file out and in, and never lost unsaid."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import PHONE
from playwright.sync_api import BrowserContext, Page, expect
from test_accessibility import faults

from labs_py import lab
from labs_py.exercise import Predict

KEY = "nines-and-hops/progress/1"
LAB = "hop_latency"
TITLE = "Where does the time go?"
TASKS = lab.load(LAB).task_names
PREDICTION = next(task for task in lab.load(LAB).tasks if isinstance(task, Predict))
WRONG = (PREDICTION.answer + 1) % len(PREDICTION.options)
SET_ASIDE = "Object.entries(localStorage).filter(([key]) => key.includes('set-aside')).map(([, text]) => text)"
DAY = "2026-11-21T10:00:00.000Z"
RECORD: dict[str, Any] = {
    "format": "Nines & Hops progress",
    "version": 1,
    "tasks": {
        f"{LAB}/predict-1": {"choice": WRONG, "done": True, "when": DAY},
        f"{LAB}/reach-1": {"done": True, "when": DAY},
        "weakest_link/write-1": {"code": "def f():\n    return 1\n", "when": DAY},
    },
    "last": "",
}


def give(page: Page, content: object, name: str = "progress.json") -> None:
    """Import a file with this content: bytes, or what is written as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    page.locator("nh-progress input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": data}
    )


def told(page: Page, words: str) -> None:
    """Wait until the page says this."""
    expect(page.locator(".nh-told")).to_contain_text(words)


def kept(page: Page) -> dict[str, Any]:
    """What the browser keeps of the tasks."""
    text = page.evaluate("key => localStorage.getItem(key)", KEY)
    return dict(json.loads(text)["tasks"]) if text else {}


def mark(page: Page, done: int) -> None:
    """Wait until the navigation says that this many tasks of the lab are done, be it folded or not."""
    link = page.locator("a.md-nav__link", has_text=TITLE).first
    expect(link).to_have_text(re.compile(rf"^\s*{re.escape(TITLE)}\s*{done} of {len(TASKS)} tasks done\s*$"))


def test_a_record_is_shown_on_the_page_and_in_the_navigation_also_after_a_reload(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("progress/")
    expect(page.locator(".nh-sum")).to_have_text("Nothing done yet.")
    expect(page.get_by_role("button", name="Export")).to_be_hidden()
    assert page.locator("nh-done:not(:empty)").count() == 0
    give(page, RECORD)
    told(page, "3 tasks read, 3 new.")
    give(page, RECORD)
    told(page, "3 tasks read, none new.")
    for _ in range(2):
        mark(page, 2)
        expect(page.get_by_role("link", name=re.compile(r"^1 Foundations 2 of \d+ tasks done$"))).to_be_visible()
        expect(page.locator(".nh-sum")).to_contain_text("Predictions: 0 right, 1 not")
        row = page.locator(f'[data-task="{LAB}/predict-1"]')
        right = PREDICTION.options[PREDICTION.answer]
        expect(row).to_contain_text(f"“{PREDICTION.options[WRONG]}”. It is “{right}”: worth remembering.")
        expect(page.locator(f'[data-task="{LAB}/reach-1"][data-done]')).to_contain_text("Done, November 21, 2026.")
        expect(page.locator('[data-task="weakest_link/write-1"]:not([data-done])')).to_contain_text("Begun")
        page.reload()


def test_the_navigation_keeps_its_marks_from_page_to_page_and_the_last_lab_page_is_remembered(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("progress/")
    give(page, RECORD)
    page.evaluate("window.sameVisit = true")
    page.get_by_role("link", name=re.compile("^1 Foundations 2 of")).click()
    page.get_by_role("link", name=f"{TITLE} 2 of").click()
    page.wait_for_url("**/foundations/hop-latency/")
    mark(page, 2)
    page.get_by_role("link", name="Your progress").click()
    page.wait_for_url("**/progress/")
    expect(page.locator(".nh-next")).to_have_text(f"The lab page you saw last: {TITLE}")
    assert page.evaluate("window.sameVisit")
    page.locator(f'[data-task="{LAB}/reach-1"] a').click()
    page.wait_for_url("**/foundations/hop-latency/#hop_latency-reach-1")
    expect(page.locator("#hop_latency-reach-1")).to_be_in_viewport()


def test_a_prediction_made_beside_a_lab_is_marked_at_once_and_kept(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/hop-latency/")
    task = page.locator("#hop_latency-predict-1")
    task.locator(f"input[value='{PREDICTION.answer}']").check()
    task.get_by_role("button", name="Commit").click()
    mark(page, 1)
    page.goto(page.url.replace("foundations/hop-latency/", "progress/"))
    expect(page.locator(f'[data-task="{LAB}/predict-1"]')).to_contain_text("Right.")
    mark(page, 1)


def test_another_tab_shows_what_is_done_in_this_one_and_both_keep_theirs(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/")
    other = page.context.new_page()
    other.goto(page.url)
    give(page, RECORD)
    mark(other, 2)
    give(other, RECORD | {"tasks": {f"{LAB}/reach-2": {"done": True, "when": DAY}}})
    mark(page, 3)
    assert len(kept(page)) == 4


def test_a_record_can_be_exported_erased_brought_back_and_imported(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/")
    give(page, RECORD)
    told(page, "3 new")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = download.value.path().read_bytes()
    assert json.loads(text) == RECORD
    erase = page.get_by_role("button", name="Erase", exact=True)
    erase.click()
    expect(page.locator(".nh-ask")).to_contain_text("3 tasks, with the code you wrote for 1 of them")
    page.get_by_role("button", name="Keep it").click()
    expect(erase).to_be_focused()
    assert kept(page) == RECORD["tasks"]
    erase.click()
    page.get_by_role("button", name="Erase it").click()
    expect(page.locator("nh-done:not(:empty)")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('nines-and-hops'))") == []
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    undo.click()
    mark(page, 2)
    assert kept(page) == RECORD["tasks"]
    erase.click()
    page.get_by_role("button", name="Erase it").click()
    page.reload()
    expect(undo).to_have_count(0)
    give(page, text, "exported.json")
    told(page, "3 tasks read, 3 new.")
    assert kept(page) == RECORD["tasks"]


def test_an_import_never_undoes_what_is_done_and_the_newer_text_wins(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/")
    newer = "2026-11-22T00:00:00.000Z"
    give(page, RECORD)
    give(page, RECORD | {"tasks": {f"{LAB}/reach-1": {"done": False, "code": "new", "when": newer}}})
    told(page, "1 task read, 1 new.")
    give(page, RECORD | {"tasks": {f"{LAB}/reach-1": {"code": "old", "when": "2020-01-01"}}})
    told(page, "1 task read, none new.")
    assert kept(page)[f"{LAB}/reach-1"] == {"done": True, "code": "new", "when": newer}


BAD = {
    "not JSON": (b"{", "the text must be JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0", "the text must be JSON"),
    "a list": ([], "tasks must be an object, got nothing"),
    "another program's": ({"tasks": {}}, 'format must be "Nines & Hops progress", version 1, got'),
    "from the future": (RECORD | {"version": 2}, "version 1, got"),
    "a strange name": (RECORD | {"tasks": {"__proto__/x": {}}}, '"__proto__/x": its name must be'),
    "a strange entry": (RECORD | {"tasks": {f"{LAB}/reach-1": 3}}, "must be an object, got 3"),
    "a strange choice": (
        RECORD | {"tasks": {f"{LAB}/predict-1": {"choice": -1, "when": DAY}}},
        "choice must be a whole number from 0, got -1",
    ),
    "a strange day": (RECORD | {"tasks": {f"{LAB}/reach-1": {"when": "today"}}}, 'when must be a date, got "today"'),
    "a strange page": (RECORD | {"last": "//other.example/"}, "last must be the address of a page"),
    "too large": (b" " * 5_000_001, "must be at most 5 MB, got 5.0 MB"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_gives_one_message_and_what_is_kept_stays(open_page: Callable[..., Page], fault: str) -> None:
    page = open_page("progress/")
    give(page, RECORD)
    told(page, "3 new")
    content, words = BAD[fault]
    give(page, content, "bad.json")
    told(page, words)
    message = page.locator(".nh-told").inner_text()
    assert message.startswith("bad.json"), message
    assert "Choose a file that this page has exported" in message
    assert kept(page) == RECORD["tasks"]
    mark(page, 2)


def test_junk_in_storage_is_set_aside_and_what_can_be_read_of_it_stays(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/")
    good = RECORD["tasks"][f"{LAB}/reach-1"]
    partly = json.dumps({"tasks": {f"{LAB}/reach-1": good, f"{LAB}/reach-2": {"done": "yes", "when": DAY}}, "last": ""})
    for junk, left in (("{{{", {}), ("null", {}), (partly, {f"{LAB}/reach-1": good})):
        page.evaluate("([key, text]) => { localStorage.clear(); localStorage.setItem(key, text); }", [KEY, junk])
        page.reload()
        expect(
            page.get_by_role("alert").filter(has_text="It was set aside in this browser, not deleted")
        ).to_be_visible()
        assert kept(page) == left
        assert page.evaluate(SET_ASIDE) == [junk]
        give(page, RECORD)
        mark(page, 2)


def test_when_storage_is_full_the_page_says_so_and_all_else_works(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/")
    page.evaluate("""() => {
      for (let size = 4e6; size >= 1; size = Math.floor(size / 2)) {
        try { for (let i = 0; ; i++) localStorage.setItem(`filler ${size} ${i}`, 'x'.repeat(size)); } catch { /* no room for more of this size */ }
      }
    }""")
    give(page, RECORD)
    warning = page.get_by_role("alert").filter(has_text="storage for this site is full")
    expect(warning).to_be_visible()
    mark(page, 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert json.loads(download.value.path().read_text())["tasks"] == RECORD["tasks"]
    page.get_by_role("link", name=re.compile("^1 Foundations 2 of")).click()
    page.get_by_role("link", name=f"{TITLE} 2 of").click()
    page.wait_for_url("**/foundations/hop-latency/")
    mark(page, 2)
    page.evaluate(
        "Object.keys(localStorage).filter(key => key.startsWith('filler')).forEach(key => localStorage.removeItem(key))"
    )
    page.get_by_role("link", name="Your progress").click()
    page.wait_for_url("**/progress/")
    give(page, RECORD)
    expect(warning).to_be_hidden()
    page.reload()
    mark(page, 2)
    assert kept(page) == RECORD["tasks"]


def no_writing(context: BrowserContext) -> None:
    context.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };")


def no_storage(context: BrowserContext) -> None:
    refuse = "{get() { throw new DOMException('no', 'SecurityError'); }}"
    context.add_init_script(f"Object.defineProperty(window, 'localStorage', {refuse});")


@pytest.mark.expects_errors  # the theme itself complains when it cannot read the palette that was chosen
@pytest.mark.parametrize("deny", [no_writing, no_storage])
def test_when_storage_is_denied_the_page_says_so_and_all_else_works(
    open_page: Callable[..., Page], deny: Callable[[BrowserContext], None]
) -> None:
    page = open_page("progress/", prepare=deny)
    give(page, RECORD)
    expect(page.get_by_role("alert").filter(has_text="does not let this site store anything")).to_be_visible()
    mark(page, 2)
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_role("button", name="Erase it").click()
    expect(page.locator("nh-done:not(:empty)")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    mark(page, 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_a_marked_page_with_a_question_and_a_warning(
    open_page: Callable[..., Page], scheme: str
) -> None:
    page = open_page("progress/", prepare=no_writing, color_scheme=scheme, reduced_motion="reduce")
    give(page, RECORD)
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    assert faults(page) == []


def test_a_phone_shows_the_marks_in_its_drawer_and_buttons_suit_fingers(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/", viewport=PHONE, has_touch=True, is_mobile=True)
    give(page, RECORD)
    told(page, "3 new")
    for button in page.locator("nh-progress button:visible").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("header label[for=__drawer]").click()
    expect(page.get_by_role("link", name=re.compile(r"^1 Foundations 2 of \d+ tasks done$"))).to_be_visible()


def test_without_javascript_the_list_of_tasks_leads_to_each(open_page: Callable[..., Page]) -> None:
    page = open_page("progress/", java_script_enabled=False)
    expect(page.locator("nh-progress noscript p")).to_be_visible()
    page.locator(f'[data-task="{LAB}/reach-1"] a').click()
    page.wait_for_url("**/foundations/hop-latency/#hop_latency-reach-1")
