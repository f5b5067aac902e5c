"""MkDocs hook: marks in the navigation say how many tasks of a page are done, "Your progress" lists them all, and the front page leads back."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

_LIST = re.compile(r'<ol class="nh-tasks" data-lab="(\w+)">.*?</ol>', re.DOTALL)
_QUIZ = re.compile(r'<nh-quiz [^>]*data-task="(quiz/\w+)"')
_TASK = re.compile(r'<li (class="nh-task [^>]*data-task="([\w-]+)")')
_LINK = re.compile(r'(<a href="([^"#]*)" class="md-nav__link[^"]*">)(.*?)(</a>)', re.DOTALL)
# On a phone the theme shows this in place of the link to the page that is open.
_OPEN = re.compile(
    r'(<label class="md-nav__link md-nav__link--active" for="__toc">.*?)(<span class="md-nav__icon)', re.DOTALL
)
_RESUME = re.compile(r"(?:<p>\s*)?<nh-resume>(.*?)</nh-resume>(?:\s*</p>)?", re.DOTALL)
_pages: list[Page] = []
# Tasks by the address of their page.
_tasks: dict[str, list[str]] = {}


def with_anchors(html: str) -> tuple[str, list[str]]:
    """Return a page's HTML with an id such as `hop_latency-reach-1` at each task, and the tasks as "lab/task", then the questions as "quiz/name"."""
    found: list[str] = []

    def listed(match: re.Match[str]) -> str:
        lab = match[1]
        found.extend(f"{lab}/{task[2]}" for task in _TASK.finditer(match[0]))
        return _TASK.sub(rf'<li id="{lab}-\2" \1', match[0])

    html = _LIST.sub(listed, html)
    return html, found + _QUIZ.findall(html)


def marked(html: str, tasks: Mapping[str, list[str]], here: str) -> str:
    """Return a page's HTML with a mark in each link of the navigation that leads to tasks: `tasks` by the link's address.

    `here` is the page's own address from the root of the site, if it has tasks.
    """

    def mark(names: list[str], visited: str = "") -> str:
        place = f' data-here="{escape(visited, quote=True)}"' if visited else ""
        return f'<nh-done data-tasks="{" ".join(names)}"{place}></nh-done>' if names else ""

    def linked(match: re.Match[str]) -> str:
        opening, href, title, end = match.groups()
        return f"{opening}{title}{mark(tasks.get(href, []), here if href == './' else '')}{end}"

    html = _OPEN.sub(lambda match: f"{match[1]}{mark(tasks.get('./', []))}{match[2]}", html)
    return _LINK.sub(linked, html)


def with_way_back(html: str, page: Page, targets: Sequence[tuple[Page, Sequence[str]]]) -> str:
    """Return a page's HTML with a link in its `<nh-resume>` to each page that has tasks; docs/assets/resume.js shows the one visited last."""
    if "<nh-resume>" not in html:
        return html
    links = "".join(
        f'<a href="{target.file.url_relative_to(page.file)}" data-page="{escape(target.url, quote=True)}" data-tasks="{" ".join(names)}">'
        f"{escape(str(target.meta.get('title', target.title)))}</a>"
        for target, names in targets
    )
    return _RESUME.sub(
        lambda match: f"<nh-resume><p>{match[1]}</p><span hidden data-search-exclude>{links}</span></nh-resume>", html
    )


def _under(page: Page) -> list[str]:
    # A section is led to by its index page, and sums up all of its pages.
    children = page.parent.children if page.parent and page.is_index else [page]
    return [name for child in children or [] if isinstance(child, Page) for name in _tasks.get(child.url, [])]


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """MkDocs: a build begins, with these pages."""
    _pages[:] = nav.pages
    _tasks.clear()
    return nav


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: note the tasks of each page."""
    html, found = with_anchors(html)
    if found:
        _tasks[page.url] = found
    return html


def on_page_context(context: TemplateContext, page: Page, config: MkDocsConfig, nav: Navigation) -> TemplateContext:
    """MkDocs: fill the list of all tasks, once the pages are known."""
    progress_list: Any = import_module("hooks.progress_list")
    targets = [(other, _tasks[other.url]) for other in _pages if other.url in _tasks]
    page.content = with_way_back(progress_list.fill(page.content or "", page, targets), page, targets)
    return context


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """MkDocs: mark the navigation of a finished page."""
    tasks = {other.file.url_relative_to(page.file): names for other in _pages if (names := _under(other))}
    return marked(output, tasks, page.url if page.url in _tasks else "")
