"""MkDocs hook: the time to read and the time to do, under the title of every page that has a lab; the rule is on "About the course".

`page.meta["minutes"]` holds both. `<nh-hours of="foundations/">` becomes their sum over the section that this page opens.
"""

import math
import re
from collections.abc import Iterable
from html.parser import HTMLParser

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

from hooks.remembered import remembered

WORDS_A_MINUTE = 238
# What is counted, by how it begins in the HTML, with its name, its plural, and its minutes.
DOINGS = (
    ("<lab-panel ", "panel", "panels", 3),
    ('class="nh-task nh-predict"', "prediction", "predictions", 1),
    ('class="nh-task nh-reach"', "goal", "goals", 3),
    ('class="nh-task nh-write"', "function to write", "functions to write", 10),
    ("<nh-quiz ", "question", "questions", 1),
)
_NOT_READ = {"lab-panel", "nh-tasks", "svg", "script", "style", "noscript", "pre", "button"}
_NOT_READ_CLASSES = {"footnote", "nh-checks", "quiz", "headerlink"}
_VOID = {"br", "hr", "img", "input", "wbr"}
_HOURS = re.compile(r'<nh-hours of="([^"]*)"></nh-hours>')


class _Prose(HTMLParser):
    """Collects what a reader reads from top to bottom."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self._inside: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            classes = set((dict(attrs).get("class") or "").split())
            self._inside.append(tag in _NOT_READ or bool(classes & _NOT_READ_CLASSES))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._inside):
            self.text.append(data)


def reading(html: str) -> int:
    """Return the minutes that the prose of a page takes, rounded up."""
    return math.ceil(len(" ".join(_Prose(html).text).split()) / WORDS_A_MINUTE)


def doing(html: str) -> tuple[int, list[str]]:
    """Return the minutes that a page's panels and tasks take, and what they are."""
    counts = [(html.count(sign), one, many, minutes) for sign, one, many, minutes in DOINGS]
    what = [f"{count} {one if count == 1 else many}" for count, one, many, _ in counts if count]
    return sum(count * minutes for count, _, _, minutes in counts), what


def hours(minutes: int) -> str:
    """Return minutes as hours, to the nearest half.

    >>> hours(214), hours(58), hours(150)
    ('3½ hours', '1 hour', '2½ hours')
    """
    whole, half = divmod(max(1, round(minutes / 30)), 2)
    number = f"{whole or ''}{'½' if half else ''}"
    return f"{number} hour{'' if number in ('1', '½') else 's'}"


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: called with each page, when its labs are filled."""
    minutes, what = doing(html)
    if page.is_homepage or "<lab-panel " not in html or page.meta.get("times") is False:
        return html
    read = remembered(reading, html)
    page.meta["minutes"] = (read, minutes)
    line = f'<p class="nh-times" data-search-exclude>Reading {read} min. Doing {minutes} min: {_listed(what)}.</p>'
    return html.replace("</h1>", f"</h1>{line}", 1)


def _listed(what: Iterable[str]) -> str:
    *first, last = what
    return f"{', '.join(first)} and {last}" if first else last


def on_page_context(context: TemplateContext, page: Page, config: MkDocsConfig, nav: Navigation) -> TemplateContext:
    """MkDocs: called when the times of all pages are known."""
    page.content = _HOURS.sub(lambda match: hours(_section(match[1], nav)), page.content or "")
    return context


def _section(address: str, nav: Navigation) -> int:
    (first,) = (page for page in nav.pages if page.url == address)
    pages = first.parent.children if first.parent else [first]
    return sum(sum(page.meta.get("minutes", ())) for page in pages if isinstance(page, Page))
