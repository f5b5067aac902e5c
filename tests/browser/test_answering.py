"""Questions in the lesson: answered by hand and by key, explained, kept with the rest of the reader's progress, and there without JavaScript."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PHONE, Visit
from playwright.sync_api import Locator, Page, expect
from site_server import SiteServer
from test_accessibility import faults

from hooks.questions import read

PAGE = "foundations/index.md"
QUESTIONS = read(Path(__file__).parents[2] / "docs" / PAGE, PAGE)
FIRST = QUESTIONS[0]
WRONG = (FIRST.right + 1) % len(FIRST.quiz.answers)
KEY = "nines-and-hops/progress/1"


def first(page: Page) -> Locator:
    question = page.locator("nh-quiz").first
    question.scroll_into_view_if_needed()
    return question


def kept(page: Page) -> dict[str, object]:
    """What is kept of questions, by name, and without the day."""
    tasks = json.loads(page.evaluate(f"localStorage.getItem('{KEY}')") or '{"tasks": {}}')["tasks"]
    return {
        name: {key: value for key, value in entry.items() if key != "when"}
        for name, entry in tasks.items()
        if name.startswith("quiz/")
    }


def answer(question: Locator, option: int) -> None:
    question.locator("label").nth(option).click()
    question.get_by_role("button", name="Submit").click()


def test_an_answer_is_explained_kept_and_shown_again(open_page: Callable[..., Page], server: SiteServer) -> None:
    page = open_page("foundations/")
    question = first(page)
    question.get_by_role("button", name="Submit").click()
    expect(question.get_by_role("status")).to_have_text("Choose an answer first.")
    expect(question.locator(".nh-answer")).to_be_hidden()
    assert kept(page) == {}
    answer(question, WRONG)
    verdict = question.locator(".quiz-feedback")
    expect(verdict).to_be_focused()
    expect(verdict.locator(".incorrect")).to_be_visible()
    question.get_by_text("All options, explained").click()
    expect(question.locator("dd")).to_have_count(len(FIRST.quiz.answers))
    assert kept(page) == {f"quiz/{FIRST.name}": {"choice": WRONG}}
    page.reload()
    expect(first(page).locator(".quiz-feedback .incorrect")).to_be_visible()
    question.get_by_role("button", name="Try again").click()
    answer(question, FIRST.right)
    expect(verdict.locator(".correct")).to_be_visible()
    right = {f"quiz/{FIRST.name}": {"choice": FIRST.right, "done": True}}
    assert kept(page) == right
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('quiz'))") == []
    page.goto(page.url.replace("foundations/", "progress/"))
    row = page.locator(f'[data-task="quiz/{FIRST.name}"][data-done]')
    expect(row).to_contain_text("Answered")
    link = row.get_by_role("link", name="Question 1")
    # The property, because the theme writes addresses out once one has gone from page to page.
    expect(link).to_have_js_property("href", f"{server.url}foundations/#quiz-{FIRST.name}")
    link.click()
    page.wait_for_url("**/foundations/**")  # the theme may have written another heading into the address by then
    expect(first(page).locator(".quiz-feedback .correct")).to_be_visible()


def test_questions_come_alive_on_a_page_that_was_not_loaded_and_answer_to_keys(visit: Visit) -> None:
    for _ in range(2):
        page = visit.go("foundations/")
        question = first(page)
        question.locator("input").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(question.locator(".quiz-feedback")).to_be_focused()
        expect(question.locator(".quiz-feedback-item")).to_have_count(1)
        expect(question.locator(f".{'correct' if FIRST.right == 1 else 'incorrect'}").first).to_be_visible()
        page.keyboard.press("Tab")
        expect(question.get_by_role("button", name="Try again")).to_be_focused()
        page.keyboard.press("Enter")
        expect(question.get_by_role("button", name="Submit")).to_be_visible()
        visit.go("glossary/")
    assert visit.page.evaluate("window.sameVisit")


def test_an_answer_from_another_tab_is_shown_in_this_one(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/")
    question = first(page)
    expect(question).to_have_attribute("data-live", "")
    other = page.context.new_page()
    other.goto(page.url)
    answer(first(other), FIRST.right)
    expect(question.locator(".quiz-feedback .correct")).to_be_visible()
    question.get_by_role("button", name="Try again").click()
    answer(question, WRONG)
    expect(first(other).locator(".quiz-feedback .incorrect")).to_be_visible()


@pytest.mark.expects_errors
def test_without_its_script_a_question_says_so_and_without_javascript_it_can_be_read(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("foundations/", prepare=lambda context: context.route("**/mkdocs-quiz-*.js", lambda r: r.abort()))
    answer(first(page), WRONG)
    expect(first(page).get_by_role("status")).to_contain_text("did not load")
    page = open_page("foundations/", java_script_enabled=False)
    question = first(page)
    expect(question.get_by_role("button")).to_have_count(0)
    expect(question.locator("dd").first).to_be_hidden()
    question.get_by_text("All options, explained").click()
    expect(question.locator("dt").nth(FIRST.right)).to_contain_text("✓ right")
    expect(question.locator("dd").first).to_be_visible()


def test_on_paper_the_answers_stand_below_the_question(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/")
    question = first(page)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(question.locator("dd").last).to_be_visible()
    expect(question.get_by_role("button", name="Submit")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_answered_questions(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page("foundations/", color_scheme=scheme, reduced_motion="reduce")
    answer(first(page), WRONG)
    second = page.locator("nh-quiz").nth(1)
    answer(second, QUESTIONS[1].right)
    second.get_by_text("All options, explained").click()
    assert faults(page) == []


def test_on_a_phone_questions_suit_fingers(open_page: Callable[..., Page]) -> None:
    page = open_page("foundations/", viewport=PHONE, has_touch=True, is_mobile=True)
    first(page).locator("label").nth(WRONG).tap()
    first(page).get_by_role("button", name="Submit").tap()
    expect(first(page).get_by_role("button", name="Try again")).to_be_visible()
    small = "all => all.filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"
    assert page.locator("nh-quiz :is(label, button, summary)").evaluate_all(small) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
