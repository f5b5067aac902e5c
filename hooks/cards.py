"""The picture of a page that other sites show beside a link to it: its title and description in the course's own letters."""

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import vl_convert
from fontTools.ttLib import TTFont
from PIL import Image

from hooks.fonts import figure_fonts

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT = 1200, 630
COLORS = 48
_LEFT, _ROOM = 90, 1020
_INK, _MUTED, _PAPER, _ACCENT, _RULE = "#1a2230", "#57606e", "#fcfbf8", "#0b6b75", "#d8d4ca"
# The course's mark, as in assets/favicon.svg.
_MARK = (
    f'<rect width="48" height="48" rx="11" fill="{_ACCENT}"/>'
    '<g fill="none" stroke="#ffffff" stroke-width="4.5" stroke-linecap="round"><circle cx="27.5" cy="17.5" r="8.75"/>'
    '<path d="M36.25 17.5c0 10.5-4.75 17.25-14 20"/></g><circle cx="13.25" cy="36.25" r="3.75" fill="#ffffff"/>'
)


@cache
def _fonts() -> tuple[Path, Mapping[int, tuple[Mapping[int, str], Mapping[str, tuple[int, int]], int]]]:
    folder = figure_fonts(ROOT / "node_modules", ROOT / "build")
    vl_convert.register_font_directory(str(folder))
    fonts = {}
    for weight in (400, 600):
        font = TTFont(folder / f"ibm-plex-sans-{weight}.ttf")
        fonts[weight] = (font.getBestCmap(), font["hmtx"].metrics, font["head"].unitsPerEm)
    return folder, fonts


def width(text: str, size: float, weight: int) -> float:
    """Return how wide a text is in pixels, without kerning; letters that the font lacks count as an em."""
    letters, metrics, em = _fonts()[1][weight]
    return sum(metrics[letters[ord(letter)]][0] if ord(letter) in letters else em for letter in text) * size / em


def wrapped(text: str, size: float, weight: int, most: int) -> list[str]:
    """Return a text in at most so many lines that fit the card; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size, weight) <= _ROOM:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(word)
        else:
            while width(f"{lines[-1]} …", size, weight) > _ROOM:
                lines[-1] = lines[-1].rpartition(" ")[0]
            lines[-1] = lines[-1].rstrip(".,;:") + " …"
            break
    return lines


def drawing(site: str, title: str, description: str) -> str:
    """Return the card as SVG."""
    size = 76 if len(wrapped(title, 76, 600, 3)) < 3 else 60
    parts = []

    def lines(texts: list[str], y: float, size: float, weight: int, color: str) -> float:
        for text in texts:
            y += size * 1.2 if weight == 600 else size * 1.42
            parts.append(
                f'<text x="{_LEFT}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" fill="{color}">{escape(text)}</text>'
            )
        return y

    y = lines(wrapped(title, size, 600, 3), 178, size, 600, _INK)
    lines(wrapped(description, 32, 400, 4), y + 22, 32, 400, _MUTED)
    hops = "".join(f'<circle cx="{_LEFT + 8 + 112 * hop}" cy="572" r="8" fill="{_ACCENT}"/>' for hop in range(10))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="IBM Plex Sans">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_PAPER}"/>'
        f'<g transform="translate({_LEFT} 72) scale(1.5)">{_MARK}</g>'
        f'<text x="{_LEFT + 96}" y="120" font-size="36" font-weight="600" fill="{_INK}">{escape(site)}</text>'
        f'<path d="M{_LEFT} 572H{_LEFT + _ROOM}" stroke="{_RULE}" stroke-width="3"/>{hops}{"".join(parts)}</svg>'
    )


def card(site: str, title: str, description: str) -> bytes:
    """Return the card as PNG, 1200 by 630 pixels. Cards are kept by content under build/."""
    svg = drawing(site, title, description)
    key = hashlib.sha256(
        f"{version('vl-convert-python')} {version('pillow')} {COLORS} {_fonts()[0].name} {svg}".encode()
    ).hexdigest()[:16]
    kept = ROOT / "build" / "cards" / f"{key}.png"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        drawn = Image.open(BytesIO(vl_convert.svg_to_png(svg, scale=1))).convert("RGB")
        part = kept.with_suffix(f".{os.getpid()}")  # another build may read it meanwhile
        drawn.quantize(COLORS, dither=Image.Dither.NONE).save(part, "PNG", optimize=True)
        part.replace(kept)
    return kept.read_bytes()
