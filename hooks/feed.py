"""MkDocs hook: CHANGELOG.md, the one source of what has changed, as a page and as an Atom feed with an entry for each line."""

import hashlib
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

from markdown import markdown as as_html
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FEED = "feed.xml"
PAGE = "about/changes.md"
SOURCE = Path(__file__).parents[1] / "CHANGELOG.md"
_ATOM = "http://www.w3.org/2005/Atom"
_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
_LINE = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOST = 50


@dataclass(frozen=True)
class Change:
    """One line of the list: the day of its section, and its Markdown."""

    day: str
    text: str


def changes(changelog: str) -> list[Change]:
    """Return the changes, newest first.

    Raises:
        ValueError: a section is not headed by a day, or none has a change.
    """
    _, *parts = _SECTION.split(changelog)
    found = []
    for day, body in zip(parts[::2], parts[1::2], strict=True):
        if not _DAY.fullmatch(day):
            raise ValueError(f"a section of {SOURCE.name} must be headed by a day such as 2026-11-22, got {day!r}")
        found += [Change(day, re.sub(r"\s+", " ", text)) for text in reversed(_LINE.findall(body))]
    if not found:
        raise ValueError(f"{SOURCE.name} must list at least one change, got none")
    return sorted(found, key=lambda change: change.day, reverse=True)


def feed(found: list[Change], site: str, name: str) -> str:
    """Return the newest changes as an Atom feed. `site` is the address of the site's root, `name` its name."""
    page = urljoin(site, PAGE.removesuffix(".md") + "/")
    root = ElementTree.Element("feed", xmlns=_ATOM)
    _element(root, "title", f"{name}: changes")
    _element(root, "id", urljoin(site, FEED))
    _element(root, "updated", _moment(found[0].day))
    _element(_element(root, "author"), "name", name)
    _element(root, "link", rel="self", type="application/atom+xml", href=urljoin(site, FEED))
    _element(root, "link", rel="alternate", type="text/html", href=page)
    for change in found[:MOST]:
        html = as_html(change.text)
        plain = unescape(re.sub(r"<[^>]*>", "", html))
        entry = _element(root, "entry")
        _element(entry, "title", plain if len(plain) <= 80 else plain[:80].rpartition(" ")[0].rstrip(".,;:") + " …")
        _element(entry, "id", f"{page}#{hashlib.sha256(change.text.encode()).hexdigest()[:16]}")
        _element(entry, "updated", _moment(change.day))
        _element(entry, "link", rel="alternate", type="text/html", href=f"{page}#{change.day}")
        _element(entry, "content", html, type="html")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


def _element(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text or None
    return element


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: the page has the list under its own introduction."""
    if page.file.src_uri != PAGE:
        return markdown
    _, heading, rest = SOURCE.read_text(encoding="utf-8").partition("\n## ")
    return f"{markdown.rstrip()}\n{heading}{rest}"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: the feed is a file of the site, which pages may link to."""
    try:
        found = changes(SOURCE.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PluginError(str(error)) from None
    files.append(File.generated(config, FEED, content=feed(found, config.site_url or "", config.site_name)))
    return files
