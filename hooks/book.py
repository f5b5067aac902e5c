"""The lessons as an EPUB: lessons and labs with their built-in results and figures, the glossary, and what else stands in the navigation."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from html import escape
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import urldefrag, urljoin
from uuid import NAMESPACE_URL, uuid5

from ebooklib import epub

from hooks.archive import packed, unpacked
from hooks.book_page import anchor, chapter

_STYLES = Path(__file__).with_name("book.css")
_TOKEN = re.compile(r"(--nh-[\w-]+):\s*(#[0-9a-f]{6}|\d+%);")
_SOFT = re.compile(r"(--nh-[\w-]+-soft): color-mix\(in srgb, var\((--[\w-]+)\) var\(--nh-tint\), var\(--nh-paper\)\)")
_FONTS = {"--nh-text-font": "'IBM Plex Sans', sans-serif", "--nh-code-font": "'IBM Plex Mono', monospace"}
_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>
<body>{body}</body>
</html>
"""


@dataclass(frozen=True)
class BookPage:
    """A page of the site: its address below the root, its title, the part of the book, its content, and its sections by their ids."""

    url: str
    title: str
    part: str
    content: str
    sections: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class About:
    """What the title page says. `site` is the address of the site, or nothing if it has none that others can reach."""

    title: str
    description: str
    rights: str
    site: str


def colors(tokens: str) -> dict[str, str]:
    """Return the light colors of a stylesheet of tokens by their variables, the soft ones mixed as a browser mixes them."""
    light = tokens.partition("@media")[0]
    found = dict(_TOKEN.findall(light))
    share = int(found.pop("--nh-tint").rstrip("%")) / 100
    paper = _parts(found["--nh-paper"])
    for name, strong in _SOFT.findall(tokens):
        mixed = (
            round(share * one + (1 - share) * other) for one, other in zip(_parts(found[strong]), paper, strict=True)
        )
        found[name] = "#" + "".join(f"{part:02x}" for part in mixed)
    return found


def _parts(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def made(about: About, pages: Sequence[BookPage], variables: dict[str, str]) -> bytes:
    """Return the book: the same bytes for the same pages.

    Raises:
        KeyError: a drawing has a variable that is not among `variables`.
    """
    known = variables | _FONTS
    names = {page.url: f"{page.url.strip('/').replace('/', '-') or 'home'}.xhtml" for page in pages}
    book = epub.EpubBook()
    texts = [_title_page(about)]
    items = [_page("title.xhtml", about.title, texts[0])]
    contents: list[object] = []
    parts: dict[str, list[object]] = {}
    drawings: dict[str, str] = {}
    for page in pages:
        address_of = partial(_address, page=page, names=names, site=about.site)
        made_of = chapter(page.content, address_of, known.__getitem__)
        drawings |= made_of.drawings
        texts.append(_PAGE.format(title=escape(page.title), body=made_of.body))
        items.append(_page(names[page.url], page.title, texts[-1]))
        links = [
            epub.Link(f"{names[page.url]}#{anchor(ident)}", title, f"{names[page.url]}-{ident}")
            for ident, title in page.sections
        ]
        entry = (epub.Section(page.title, names[page.url]), links) if links else items[-1]
        if page.part and page.part not in parts:
            parts[page.part] = []
            contents.append((epub.Section(page.part, names[page.url]), parts[page.part]))
        (parts[page.part] if page.part else contents).append(entry)
    style = epub.EpubItem("style", "book.css", "text/css", _STYLES.read_bytes())
    for item in [style, *items]:
        book.add_item(item)
    for name, drawing in sorted(drawings.items()):
        book.add_item(
            epub.EpubItem(f"image-{PurePosixPath(name).stem}", f"images/{name}", "image/svg+xml", drawing.encode())
        )
    digest = sha256("".join([*texts, *drawings.values()]).encode()).hexdigest()
    book.set_identifier(f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}")
    book.set_title(about.title)
    book.set_language("en")
    book.add_author(f"The {about.title} contributors")
    book.add_metadata("DC", "description", about.description)
    book.add_metadata("DC", "rights", about.rights)
    book.toc = contents
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = [items[0], "nav", *items[1:]]
    return _written(book)


def _page(name: str, title: str, text: str) -> epub.EpubHtml:
    item = epub.EpubHtml(PurePosixPath(name).stem.join(("page-", "")), name, title=title, lang="en")
    item.get_content = lambda default=None: (
        text.encode()
    )  # what the library would write, it would indent, inside code too
    return item


def _title_page(about: About) -> str:
    site = f'<p><a href="{escape(about.site, quote=True)}">{escape(about.site)}</a></p>' if about.site else ""
    body = (
        f'<section class="title"><h1>{escape(about.title)}</h1><p>{escape(about.description)}</p>{site}<p>{escape(about.rights)}</p>'
        '<p>The license of the text: <a href="https://creativecommons.org/licenses/by/4.0/">creativecommons.org/licenses/by/4.0</a></p>'
        "<p>Each result was computed with the settings that stand above it. On the site the labs run, with settings of your own.</p></section>"
    )
    return _PAGE.format(title=escape(about.title), body=body)


def _address(address: str, page: BookPage, names: dict[str, str], site: str) -> str:
    """Return where a link of a page leads in the book: to a chapter, to another host, to the site if it has an address, or nowhere."""
    if re.match(r"[a-z]+:", address):
        return address
    url, fragment = urldefrag(urljoin(f"/{page.url}", address))
    target = url.removeprefix("/")
    if target in names:
        return f"{names[target]}#{anchor(fragment)}" if fragment else names[target]
    return urljoin(site, address if not page.url else f"{target}#{fragment}" if fragment else target) if site else ""


def _written(book: epub.EpubBook) -> bytes:
    stamp = datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), UTC
    )  # else 1980, where ZIP's time begins
    stream = BytesIO()
    writer = epub.EpubWriter(stream, book, {"epub3_pages": False, "mtime": stamp, "raise_exceptions": True})
    writer.process()
    writer.write()
    return packed(unpacked(stream.getvalue()), first="mimetype")
