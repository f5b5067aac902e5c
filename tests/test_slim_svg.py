"""Drawings look as Vega has drawn them, in fewer elements and letters."""

import io
import re
import zlib

import pytest
import vl_convert
from PIL import Image, ImageChops

from hooks.figures import VEGA_LITE
from hooks.slim_svg import slim
from labs_py import lab

COLOR = re.compile(r"var\((--[\w-]+)\)")
LABS = ("wire_format", "deadlines", "hop_latency", "weakest_link", "sampling")


def picture(svg: str) -> Image.Image:
    """What a renderer that is not the browser's makes of a drawing; each of the page's colors is one of its own."""
    colored = COLOR.sub(lambda found: f"#{zlib.crc32(found[1].encode()) & 0xBFBFBF:06x}", svg)
    return Image.open(io.BytesIO(vl_convert.svg_to_png(colored, scale=2))).convert("RGBA")


def words(svg: str) -> list[str]:
    return re.findall(r"<text\b[^>]*[^/>]>(.+?)</text>", svg)


@pytest.mark.parametrize("name", LABS)
def test_a_slim_drawing_looks_the_same(name: str) -> None:
    for figure in lab.load(name).report({}).figures:
        drawn = vl_convert.vegalite_to_svg({**figure.spec, "width": 640}, vl_version=VEGA_LITE)
        made = slim(drawn)
        assert words(made) == words(drawn)
        assert len(made) < 0.9 * len(drawn)
        difference = ImageChops.difference(picture(made), picture(drawn)).convert("L")
        levels = difference.histogram()
        # Coordinates are rounded to a hundredth of a pixel, so an edge may be lighter, and no area another one.
        assert not sum(levels[96:])
        assert sum(levels[32:]) < 0.002 * difference.width * difference.height


def test_what_is_painted_stays_painted() -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><g fill="none">'
        '<path class="background" d="M0,0h40v10h-40Z" fill="#eeeeee"/><path class="background" d="M0,0h9v9h-9Z"/>'
        '<g transform="translate(2,0)"><g transform="translate(0,3)"><path d="M0,0h8v4h-8Z" fill="red"/><path d="M6,0h8v4h-8Z" fill="red"/></g></g>'
        '<path d="M20,0h8v9h-8Z" fill="blue" fill-opacity="0.5"/><path d="M24,0h8v9h-8Z" fill="blue" fill-opacity="0.5"/></g></svg>'
    )
    made = slim(drawing)
    assert made.count("<path") == 4
    assert picture(made).tobytes() == picture(drawing).tobytes()
