"""The search index waits for the reader, and holds what the labs found."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from hooks.search import patient
from labs_py import lab


def test_the_built_script_waits_for_the_search_field(site: Path) -> None:
    (bundle,) = (site / "assets" / "javascripts").glob("bundle.*.min.js")
    assert re.search(r'\(!1\),\w+\("search"\)\)', bundle.read_text(encoding="utf-8"))


def test_another_theme_is_noticed() -> None:
    with pytest.raises(ValueError, match="must ask once whether to fetch the search index, got 0 places"):
        patient("fetch(index)")


@pytest.mark.parametrize("name", lab.names())
def test_a_labs_result_tasks_and_limits_are_found_and_its_controls_are_not(name: str, site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", " ".join(entry["text"] for entry in index["docs"]))))
    item = lab.load(name)
    assert item.report({}).takeaway in text
    for limit in item.limits:
        assert re.sub(r"`", "", limit) in text
    assert "Run edited code" not in text
    assert " Reset " not in text
