"""The search index waits for the reader."""

import re
from pathlib import Path

import pytest

from hooks.search import patient


def test_the_built_script_waits_for_the_search_field(site: Path) -> None:
    (bundle,) = (site / "assets" / "javascripts").glob("bundle.*.min.js")
    assert re.search(r'\(!1\),\w+\("search"\)\)', bundle.read_text(encoding="utf-8"))


def test_another_theme_is_noticed() -> None:
    with pytest.raises(ValueError, match="must ask once whether to fetch the search index, got 0 places"):
        patient("fetch(index)")
