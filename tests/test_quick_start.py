"""The theme's script leaves alone what is right already."""

import re
from pathlib import Path

import pytest

from hooks.quick_start import steady


def test_the_built_script_leaves_the_stylesheets_alone(site: Path) -> None:
    (bundle,) = (site / "assets" / "javascripts").glob("bundle.*.min.js")
    script = bundle.read_text(encoding="utf-8")
    assert script.count("[href]:not([rel=stylesheet])") == 1
    assert script.count("document.head.appendChild(o),a.backgroundColor") == 1
    assert "table:not([class])" not in script


def test_every_table_stands_in_a_box_that_scrolls_as_the_page_comes(site: Path) -> None:
    for page in ("foundations", "sheets/nines"):
        html = (site / page / "index.html").read_text(encoding="utf-8")
        boxes = re.findall(r'<div class="(?:md-typeset__table|nh-table\b[^"]*)"[^>]*>\s*<table>', html)
        assert 0 < len(boxes) == html.count("<table>")


def test_a_page_begins_with_the_fonts_that_its_text_needs(site: Path) -> None:
    for page, needed in (("foundations", "<code>–</code><em>–</em>ć"), ("guide/quorums", "<code>–</code><em>–</em>")):
        html = (site / page / "index.html").read_text(encoding="utf-8")
        assert re.findall(r'<body[^>]*><span class="nh-fonts"[^>]*>(.*?)</span>', html) == [needed]


def test_another_theme_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"the theme's script must hold M\(.* once, got 0 places"):
        steady("start()")
