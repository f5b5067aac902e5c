"""A drawing of Vega's with the same pixels in half of the letters and elements: half of a lesson's HTML would be drawings.

Vega writes for each mark and group what a viewer may ask later: what it is, where nothing is painted, which values are the defaults.
In a page nobody asks; every element costs a phone time, and every letter a reader on a slow line.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_G, _TEXT, _LINE, _PATH, _CLIP, _DEFS = (
    f"{{{_SVG}}}{name}" for name in ("g", "text", "line", "path", "clipPath", "defs")
)

# What says nothing to whom the drawing is hidden (its figure has a text of its own), and what is the default anyway.
_SILENT = ("class", "role", "pointer-events", "aria-hidden", "aria-label", "aria-roledescription")
_DEFAULTS = {"opacity": "1", "stroke-width": "1", "transform": "translate(0,0)", "font-weight": "400"}
_ORIGIN = ("x1", "y1", "x2", "y2")
# What elements take over from those around them. The second kind concerns nothing but text.
_PAINT = ("fill", "stroke", "stroke-width", "stroke-dasharray")
_LETTERS = ("font-family", "font-size", "font-weight", "text-anchor")

_CURVE = 300
_LONG = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_NUMBERS = ("d", "transform", "x", "y", "width", "height", *_ORIGIN)
_BOX = re.compile(r"M[-\d.,]+h[\d.]+v[\d.]+h-[\d.]+Z")
_MOVED = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")


def slim(svg: str) -> str:
    """Return a drawing of Vega's that looks the same and is smaller.

    >>> line = '<line transform="translate({},0)" x2="0" y2="5" stroke="red" opacity="1"/>'
    >>> slim(f'<svg xmlns="{_SVG}"><g class="marks"><g>{line.format(0.0001)}{line.format(7)}</g></g></svg>')
    '<svg xmlns="http://www.w3.org/2000/svg"><path stroke="red" d="M0,0v5M7,0v5"/></svg>'
    """
    root = ElementTree.fromstring(svg)
    root.attrib.pop("class", None)
    _bare(root)
    _flatten(root)
    _hoist(root)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _bare(parent: ElementTree.Element) -> None:
    """Take from all below what says nothing, and what paints nothing."""
    for element in list(parent):
        for name in _SILENT:
            element.attrib.pop(name, None)
        for name, value in _DEFAULTS.items():
            if element.get(name) == value:
                del element.attrib[name]
        for name in _NUMBERS:
            if name in element.attrib:
                element.set(name, _rounded(element.get(name, ""), 3 if name == "transform" else 2))
        painted = "fill" in element.attrib or "stroke" in element.attrib
        if element.get("display") == "none" or (element.tag == _PATH and not painted and parent.tag != _CLIP):
            parent.remove(element)
            continue
        _bare(element)
        _place(element)
        if (element.tag == _G and not len(element)) or (element.tag == _TEXT and not "".join(element.itertext())):
            parent.remove(element)


def _place(element: ElementTree.Element) -> None:
    """Write the place of a line as its coordinates. A text stays where it is moved to: browsers round its coordinates otherwise."""
    moved = _MOVED.fullmatch(element.get("transform", ""))
    if not moved or element.tag != _LINE:
        return
    del element.attrib["transform"]
    x, y = map(float, moved.groups())
    for across, down in (("x1", "y1"), ("x2", "y2")):
        element.set(across, _short(x + float(element.get(across, "0"))))
        element.set(down, _short(y + float(element.get(down, "0"))))


def _rounded(numbers: str, digits: int) -> str:
    """Return numbers with at most so many decimals: a hundredth of a pixel for shapes, a tenth for curves of many points. Letters ask for more."""
    digits = min(digits, 1 if len(numbers) > _CURVE else digits)
    return _LONG.sub(lambda number: _short(float(number[0]), digits), numbers)


def _short(number: float, digits: int = 2) -> str:
    return f"{round(number, digits) + 0:.10g}"


def _flatten(parent: ElementTree.Element) -> None:
    """Dissolve groups that say nothing, make one of two that hold each other, and one path of lines that look alike."""
    children: list[ElementTree.Element] = []
    for element in parent:
        _flatten(element)
        if element.tag == _G and not element.attrib:
            children += element
        else:
            children.append(element)
    parent[:] = list(_joined(children))
    if (
        parent.tag == _G
        and len(parent) == 1
        and parent[0].tag == _G
        and not parent.attrib.keys() & parent[0].attrib.keys() - {"transform"}
    ):
        inner = parent[0]
        if "clip-path" in inner.attrib or ("clip-path" in parent.attrib and "transform" in inner.attrib):
            return  # a clip is measured in the group that has it
        both = " ".join(group.get("transform", "") for group in (parent, inner)).strip()
        parent.attrib |= inner.attrib | ({"transform": both} if both else {})
        parent[:] = list(inner)


def _joined(elements: list[ElementTree.Element]) -> Iterator[ElementTree.Element]:
    """Yield the elements, with one path for neighboring lines or boxes of one look, unless they are translucent and may cross."""
    last: ElementTree.Element | None = None
    for element in elements:
        drawn = _drawn(element)
        if not drawn:
            last = None
            yield element
            continue
        look = {name: value for name, value in element.attrib.items() if name not in (*_ORIGIN, "d")}
        if (
            last is not None
            and not any("opacity" in name for name in look)
            and {**last.attrib, "d": ""} == {**look, "d": ""}
        ):
            last.set("d", last.get("d", "") + drawn)
        else:
            last = ElementTree.Element(_PATH, look | {"d": drawn})
            yield last


def _drawn(element: ElementTree.Element) -> str:
    """Return the path of a line or of a box that has no outline; empty for all else."""
    if len(element) or "transform" in element.attrib:
        return ""
    if element.tag == _PATH and "stroke" not in element.attrib and _BOX.fullmatch(element.get("d", "")):
        return element.get("d", "")
    if element.tag != _LINE:
        return ""
    x1, y1, x2, y2 = (float(element.get(name, "0")) for name in _ORIGIN)
    begin = f"M{_short(x1)},{_short(y1)}"
    if y1 == y2:
        return f"{begin}h{_short(x2 - x1)}"
    return f"{begin}v{_short(y2 - y1)}" if x1 == x2 else f"{begin}L{_short(x2)},{_short(y2)}"


def _hoist(group: ElementTree.Element) -> None:
    """Give to a group what all within it say alike."""
    for element in group:
        _hoist(element)
    if group.tag in (_TEXT, _CLIP, _DEFS):
        return
    for name in (*_PAINT, *_LETTERS):
        heeding = [one for one in group if name in _PAINT or one.tag == _TEXT or one.find(f".//{_TEXT}") is not None]
        values = {element.get(name) for element in heeding}
        if len(heeding) < 2 or len(values) > 1 or (value := values.pop()) is None:
            continue
        group.set(name, value)
        for element in heeding:
            del element.attrib[name]
