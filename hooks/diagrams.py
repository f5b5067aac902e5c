"""MkDocs hook: diagrams become part of the page, so that the page's colors and type apply to them.

Where `x-narrow.svg` stands beside `x.svg`, the figure holds both drawings and the stylesheet shows the one that fits.
"""

import os.path
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from hooks.build_folder import content_hash
from hooks.remembered import known

_SVG = "http://www.w3.org/2000/svg"
# Between the parts of any other element stands nothing but the file's indents.
_WORDS = frozenset(f"{{{_SVG}}}{name}" for name in ("text", "tspan", "desc", "style"))
ElementTree.register_namespace("", _SVG)

# An image in a paragraph of its own takes the paragraph's place, because a figure cannot stand inside one.
_IMAGE = re.compile(r"<p>\s*(<img\b[^>]*>)\s*</p>|<img\b[^>]*>")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class DiagramError(ValueError):
    """An image of a page cannot become a diagram."""


def inline(html: str, page_dir: Path) -> str:
    """Return a page's HTML with every image of an SVG file of the site replaced by the drawing.

    The relative addresses in `html` start from the folder `page_dir`, which need not exist. An image's text
    alternative is the figure's one name, however many drawings stand in it; the `desc` of the first drawing describes
    it, and the image's title is its caption. An empty alternative marks decoration. Other images stay as they are.

    Raises:
        DiagramError: the file is missing or not SVG, the image has no `alt`, or something stands beside it.
    """
    drawn = 0
    styles: set[str] = set()

    def figure(match: re.Match[str]) -> str:
        nonlocal drawn
        image = _attributes(match[0])
        source = urlsplit(image.get("src", ""))
        if source.scheme or source.netloc or source.path.startswith("/") or not source.path.endswith(".svg"):
            return match[0]
        if "alt" not in image:
            raise DiagramError(f"diagram must have a text alternative, got none for {source.path}")
        if match[1] is None:
            raise DiagramError(f"diagram must stand in a paragraph of its own, got something beside {source.path}")
        # By name only, without asking the disk: the page's own folder exists in the built site alone.
        wide = Path(os.path.normpath(page_dir / unquote(source.path)))
        narrow = wide.with_name(f"{wide.stem}-narrow.svg")
        drawings = []
        for path in [wide, narrow] if narrow.is_file() else [wide]:
            drawn += 1
            drawings.append(_drawing(path, source.path, f"diagram-{drawn}-", styles))
        if len(drawings) == 2:
            for drawing, width in zip(drawings, ["nh-wide", "nh-narrow"], strict=True):
                drawing.set("class", f"{drawing.get('class', '')} {width}".strip())
        return _figure(drawings, image)

    return _IMAGE.sub(figure, html)


def _figure(drawings: list[ElementTree.Element], image: dict[str, str]) -> str:
    """Return the drawings as one figure, announced once: the role is their parent's, and they are hidden."""
    desc = drawings[0].find(f"{{{_SVG}}}desc")
    if image["alt"]:
        role = f'role="img" aria-label="{escape(image["alt"])}"'
        role += "" if desc is None else f' aria-describedby="{desc.get("id")}"'
    else:
        role = 'aria-hidden="true"'
    bodies = "".join(ElementTree.tostring(drawing, encoding="unicode") for drawing in drawings)
    caption = f"<figcaption>{escape(image['title'])}</figcaption>" if image.get("title") else ""
    return f'<figure class="nh-diagram"><div {role}>{bodies}</div>{caption}</figure>'


def _drawing(path: Path, address: str, prefix: str, styles: set[str]) -> ElementTree.Element:
    """Return the drawing of one file, with `prefix` before each of its ids and before each reference to one.

    Its title is left out, because the text alternative takes its place and browsers would show it as a tooltip.
    A style sheet that is already in `styles` is left out, because it holds for the whole page.
    """
    try:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DiagramError(f"diagram must be a file of the site, got {address}") from None
    except ElementTree.ParseError as error:
        raise DiagramError(f"diagram must be well-formed SVG, got {address}: {error}") from None
    for child in list(root):
        if child.tag == f"{{{_SVG}}}title" or (child.tag == f"{{{_SVG}}}style" and child.text in styles):
            root.remove(child)
        elif child.tag == f"{{{_SVG}}}style":
            styles.add(child.text or "")
        elif child.tag == f"{{{_SVG}}}desc":
            child.set("id", "desc")
    for element in root.iter():
        if element.tag not in _WORDS:
            for child in element:
                child.tail = None
            element.text = (element.text or "").strip() or None
    _prefix_ids(root, prefix)
    root.set("aria-hidden", "true")
    return root


def _prefix_ids(root: ElementTree.Element, prefix: str) -> None:
    for element in root.iter():
        for name, value in element.items():
            if name == "id":
                element.set(name, prefix + value)
            elif name.endswith("href") and value.startswith("#"):
                element.set(name, f"#{prefix}{value[1:]}")
            else:
                element.set(name, _REFERENCE.sub(rf"url(#{prefix}\1)", value))


def _attributes(tag: str) -> dict[str, str]:
    """Return the attributes, unescaped, of the image in a piece of HTML."""
    found: dict[str, str] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "img":
                found.update({name: value or "" for name, value in attrs})

    Reader().feed(tag)
    return found


# A checksum of all drawings.
_drawn: list[str] = []


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build."""
    _drawn[:] = [content_hash(sorted(Path(config.docs_dir).rglob("*.svg")))]
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Inline the diagrams of one page; a bad one stops the build with the page's name."""
    try:
        folder = Path(config.docs_dir, unquote(page.url).rpartition("/")[0])
        return known(("diagrams", html, folder, *_drawn), lambda: inline(html, folder))
    except DiagramError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from None
