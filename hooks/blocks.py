"""A page's HTML as the blocks that its author wrote, one after another: headings, paragraphs, lists, tables, figures, panels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

# No end tag follows one of these.
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_HELD = re.compile(r'<svg data-held="(\d+)"></svg>')
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Block:
    """One element: its tag, its attributes, all of its HTML, and the HTML inside it. What stands between elements has the tag ""."""

    tag: str
    attributes: dict[str, str]
    html: str
    inner: str

    @property
    def classes(self) -> list[str]:
        """The names in its class attribute."""
        return self.attributes.get("class", "").split()


class Held:
    """A piece of HTML whose drawings are set aside, since they are most of what there is to read and nobody looks into them."""

    def __init__(self, html: str) -> None:
        self._drawings: list[str] = []

        def hold(drawing: re.Match[str]) -> str:
            self._drawings.append(drawing[0])
            return f'<svg data-held="{len(self._drawings) - 1}"></svg>'

        self.html = _DRAWING.sub(hold, html)

    def restored(self, html: str) -> str:
        """Return a part of the HTML with its drawings."""
        return _HELD.sub(lambda place: self._drawings[int(place[1])], html)


def blocks(html: str) -> Iterator[Block]:
    """Yield the elements at the top of a piece of HTML, in their order. Drawings in it should be held."""
    yield from _Reader(html).found


def text(html: str) -> str:
    """Return the words of a piece of HTML, for counting; entities stay as they are.

    >>> text("<p>A <b>hop</b>,   twice</p>")
    'A hop, twice'
    """
    return _SPACE.sub(" ", _TAG.sub("", html)).strip()


class _Reader(HTMLParser):
    """Cuts HTML at the ends of its outermost elements; what it passes on is what it has read, letter for letter."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Block] = []
        self._open: list[str] = []
        self._first: tuple[str, dict[str, str]] = ("", {})
        self._read: list[str] = []
        self.feed(html)
        self.close()
        self._cut()

    def _cut(self, end: str = "") -> None:
        read, (tag, attributes) = "".join(self._read), self._first
        if tag:
            self.found.append(Block(tag, attributes, read + end, read[len(self._read[0]) :]))
        elif read.strip():
            self.found.append(Block("", {}, read, read))
        self._first, self._read = ("", {}), []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._open:
            self._cut()
            self._first = (tag, {name: value or "" for name, value in attrs})
        self._read.append(self.get_starttag_text() or "")
        if tag not in _VOID:
            self._open.append(tag)
        elif not self._open:
            self._cut()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        while self._open.pop() != tag:  # an end tag may be left out, as of a list's item
            pass
        if self._open:
            self._read.append(f"</{tag}>")
        else:
            self._cut(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._read.append(data)

    def handle_entityref(self, name: str) -> None:
        self._read.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._read.append(f"&#{name};")
