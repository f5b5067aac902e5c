"""A page of the site as a chapter of the book: well-formed XHTML that e-readers know, with drawings as files of their own."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lxml import etree, html

from hooks.blocks import Held

# What does something only where scripts run, or is about the page and not about the subject.
_DROPPED_TAGS = {"script", "style", "noscript", "template", "button", "progress", "input", "select", "svg"}
_DROPPED = {
    "headerlink", "quiz-feedback", "nh-acts", "nh-actions", "nh-code", "nh-edited", "nh-error", "nh-file", "nh-hint", "nh-keys", "nh-met",
    "nh-name", "nh-spoken", "nh-status", "nh-verdict",
}  # fmt: skip
_BECOMES = {
    "details": "div", "fieldset": "div", "form": "div", "nav": "div", "label": "p", "legend": "p", "summary": "p", "textarea": "pre",
}  # fmt: skip
_KEPT = {"id", "class", "href", "src", "alt", "title", "lang", "start", "colspan", "rowspan", "scope"}
_VARIABLE = re.compile(r"var\((--[\w-]+)(?:,[^()]*)?\)")
_STYLE = re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL)
_OF_THE_PAGE = re.compile(r' (?:aria-\w+|focusable|role|data-[\w-]+)(?:="[^"]*")?')

Lookup = Callable[[str], str]


@dataclass(frozen=True)
class Chapter:
    """The body of a chapter as XHTML, and its drawings by the names that the body has for them."""

    body: str
    drawings: dict[str, str]


def chapter(content: str, address_of: Lookup, variable: Lookup) -> Chapter:
    """Return a page's content as a chapter.

    `address_of` gives for an address of the page the one in the book, or nothing if it leads nowhere; `variable` gives the value of a
    CSS variable.
    """
    held = Held(content)
    root = html.fragment_fromstring(held.html, create_parent="section")
    drawings = dict(_drawn(root, held, variable))
    for tabs in _of_class(root, "tabbed-set"):
        _unfold(tabs)
    for form in _of_class(root, "nh-form"):
        _settings(form)
    for twin in _of_class(root, "nh-twin"):
        twin.getparent().addnext(twin)  # a figure ends with its caption
    _clean(root, address_of)
    return Chapter(str(etree.tostring(root, encoding="unicode")), drawings)


def anchor(ident: str) -> str:
    """Return an id that XML allows, for one of the page.

    >>> anchor("fn:aws2025"), anchor("1-hop")
    ('fn-aws2025', 'n1-hop')
    """
    plain = re.sub(r"[^\w.-]", "-", ident)
    return plain if re.match(r"[A-Za-z_]", plain) else f"n{plain}"


def _of_class(root: Any, name: str) -> list[Any]:
    return [one for one in root.iter() if name in (one.get("class") or "").split()]


def _drawn(root: Any, held: Held, variable: Lookup) -> Iterator[tuple[str, str]]:
    """Put an image in the place of each picture, and yield the files: of a drawing in two widths the wide one."""
    shared = "".join(dict.fromkeys(style for style in _STYLE.findall(held.restored(held.html))))
    for picture in [one for one in root.iter() if one.get("role") == "img"]:
        first = next(picture.iter("svg"), None)
        if first is None:
            continue
        drawing = held.restored(f'<svg data-held="{first.get("data-held")}"></svg>')
        drawing = _alone(drawing, shared if 'class="nh-d' in drawing else "", variable)
        name = f"{sha256(drawing.encode()).hexdigest()[:12]}.svg"
        image = etree.Element("img", {"src": f"images/{name}", "alt": picture.get("aria-label") or ""})
        image.tail = picture.tail
        picture.getparent().replace(picture, image)
        yield name, drawing


def _alone(drawing: str, style: str, variable: Lookup) -> str:
    """Return a drawing that needs no page: its colors are real, and it lies on paper, whatever the reader's background."""
    head, end, rest = _STYLE.sub("", drawing).partition(">")
    head = _OF_THE_PAGE.sub("", head)
    if head.count(" class=") > 1:  # a browser takes the first, XML neither
        head = head.replace(' class="nh-wide"', "", 1)
    paper = '<rect x="-9999" y="-9999" width="29999" height="29999" fill="var(--nh-paper)"/>'
    whole = f'<?xml version="1.0" encoding="utf-8"?>\n{head}{end}{style}{paper}{rest}'
    # Drawings outside of the page have the reader's own letters; where IBM Plex is missing, others of its kind.
    whole = re.sub(r'font-family="(IBM Plex \w+)"', r"""font-family="'\1', sans-serif\"""", whole)
    return _VARIABLE.sub(lambda place: variable(place[1]).replace('"', "'"), whole)


def _unfold(tabs: Any) -> None:
    """Put the label of each tab above what is behind it."""
    labels = [label for part in _of_class(tabs, "tabbed-labels") for label in part.iter("label")]
    for label, block in zip(labels, _of_class(tabs, "tabbed-block"), strict=True):
        title = etree.Element("p", {"class": "tab"})
        title.text = label.text_content()
        block.insert(0, title)
    for part in _of_class(tabs, "tabbed-labels"):
        part.getparent().remove(part)


def _settings(form: Any) -> None:
    """Say in words what the result of a panel was computed with."""
    said = []
    for control in _of_class(form, "nh-control"):
        label = next(control.iter("label"), None)
        field = next((one for one in control.iter("select", "input") if one.get("name")), None)
        if label is not None and field is not None:
            unit = "".join(f" {one.text_content().strip()}" for one in _of_class(control, "nh-unit"))
            said.append(f"{label.text_content().strip()}: {_value(field)}{unit}")
    for child in list(form):
        form.remove(child)
    form.tag, form.text = "p", f"Computed with: {'; '.join(said)}." if said else ""
    form.attrib.clear()
    form.set("class", "settings")


def _value(field: Any) -> str:
    if field.tag == "select":
        options = list(field.iter("option"))
        chosen = next((one for one in options if one.get("selected") is not None), options[0])
        return str(chosen.text_content()).strip()
    if field.get("type") == "checkbox":
        return "no" if field.get("checked") is None else "yes"
    return field.get("value") or ""


def _clean(root: Any, address_of: Lookup) -> None:
    """Leave only elements and attributes that every e-reader knows."""
    seen: set[str] = set()
    for element in list(root.iter()):
        if not isinstance(element.tag, str):  # a comment
            element.drop_tree()
            continue
        classes = set((element.get("class") or "").split())
        if element.tag in _DROPPED_TAGS or classes & _DROPPED:
            if element.getparent() is not None:
                element.drop_tree()
            continue
        _attributes(element, seen, address_of)
        if element.tag == "div" and element.getparent().tag == "dl":
            element.drop_tag()
            continue
        if "-" in element.tag or element.tag == "details":
            element.set("class", f"{element.get('class', '')} {element.tag}".strip())
        element.tag = _BECOMES.get(element.tag, _own(element) if "-" in element.tag else element.tag)
        if element.tag == "a" and "href" not in element.attrib:
            element.tag = "span"


def _own(element: Any) -> str:
    """Return what takes the place of an element of ours."""
    return "span" if element.getparent().tag in ("p", "span", "a") else "div"


def _attributes(element: Any, seen: set[str], address_of: Lookup) -> None:
    for name in list(element.attrib):
        if name not in _KEPT:
            del element.attrib[name]
    if "id" in element.attrib:
        ident = anchor(element.get("id"))
        if ident in seen:
            del element.attrib["id"]
        else:
            element.set("id", ident)
        seen.add(ident)
    if "href" in element.attrib:
        address = address_of(element.get("href"))
        if address:
            element.set("href", address)
        else:
            del element.attrib["href"]
