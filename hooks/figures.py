"""Figures drawn at build time: a Vega-Lite specification becomes SVG without a browser."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

from hooks.build_folder import content_hash
from hooks.fonts import figure_fonts
from hooks.slim_svg import slim

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "build" / "figures"
VEGA_LITE = "6.4"


def svg(spec: Mapping[str, Any], width: int) -> str:
    """Return `spec` drawn `width` pixels wide. Drawings are kept by content, so that an unchanged figure costs nothing."""
    sized = {**spec, "width": width}
    fonts = _register_fonts()
    key = hashlib.sha256(
        f"{version('vl-convert-python')} {fonts.name} {_form()} {json.dumps(sized, sort_keys=True)}".encode()
    ).hexdigest()
    kept = CACHE / f"{key}.svg"
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    drawn = slim(vl_convert.vegalite_to_svg(sized, vl_version=VEGA_LITE))
    CACHE.mkdir(parents=True, exist_ok=True)
    kept.write_text(drawn, encoding="utf-8")
    return drawn


@cache
def _form() -> str:
    return content_hash([ROOT / "hooks" / "slim_svg.py"])


@cache
def _register_fonts() -> Path:
    # Without the site's own fonts the widths of labels, and with them the layout, would differ from the browser's.
    fonts = figure_fonts(ROOT / "node_modules", ROOT / "build")
    vl_convert.register_font_directory(str(fonts))
    return fonts
