"""What the pages of the course say about its labs."""

from pathlib import Path

import pytest

from labs_py import lab

PAGES = [
    page.read_text(encoding="utf-8")
    for page in sorted((Path(__file__).parents[1] / "docs").rglob("*.md"))
    if page.stem != "add-a-lab"
]


@pytest.mark.parametrize("kind", ["panel", "limits", "checks", "sources"])
@pytest.mark.parametrize("name", lab.names())
def test_some_page_shows_the_lab_and_what_it_is_held_to(name: str, kind: str) -> None:
    assert any(f'<lab-{kind} name="{name}"' in page for page in PAGES)
