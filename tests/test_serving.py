"""While the site is served, what an edit does not touch is remembered; what is served is still what a build from nothing makes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from hooks import remembered
from hooks.remembered import forget_the_rest

ROOT = Path(__file__).parents[1]
# Builds as `mkdocs serve` does, once at the beginning and once after each edit; says last which pages' Markdown the last build rendered.
SERVE = """
import json, sys
from pathlib import Path
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.pages import Page

rendered, render = [], Page.render
def counted(page, config, files):
    rendered.append(page.file.src_uri)
    render(page, config, files)
Page.render = counted

for number, edit in enumerate([None, *json.loads(sys.argv[2])]):
    rendered.clear()
    if edit:
        path, before, after = edit
        text = Path(path).read_text(encoding="utf-8")
        assert before in text, edit
        Path(path).write_text(text.replace(before, after), encoding="utf-8")
    config = load_config("mkdocs.yml", site_dir=sys.argv[1])
    if not number:
        config.plugins.on_startup(command="serve", dirty=False)
    config.site_url = "http://127.0.0.1:8000/"
    build(config, serve_url=config.site_url)
print(json.dumps(rendered))
"""
LESSON = """---
title: A lesson
description: It has one of everything.
slides: true
---

# A lesson

A round trip takes time, see [the other page](weakest-link.md).

## What waits

![Two boxes](diagrams/boxes.svg "Boxes")

| How many | Slow |
| --- | --- |
| A hundred | <lab-value name="tail_at_scale" of="slow_share" as="percent:1"></lab-value> |

<quiz>
How many are slow?

- [x] Of a hundred, <lab-value name="tail_at_scale" of="slow_share" as="percent:0"></lab-value>.
  > So it was computed.
- [ ] None.
  > Some are.
</quiz>

<lab-panel name="tail_at_scale"></lab-panel>

## Key terms

<key-terms of="round-trip"></key-terms>
"""
BOXES = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><desc>Boxes</desc><text x="1" y="8">first</text></svg>'
)
NAV = """nav:
  - Home: index.md
  - One:
      - The lesson: foundations/index.md
      - foundations/weakest-link.md
  - Glossary: glossary.md
  - Your progress: progress.md
  - Changes: about/changes.md
  - Plain: plain.md

"""
LESSON_PAGE, OTHER_PAGE = "foundations/index.html", "foundations/weakest-link/index.html"
# A file, a text in it, what takes its place; a page of the site, and what a reader then finds there. A later edit must not make anew what
# an earlier one has left stale: what comes first changes more, or an earlier step of a build.
EDITS = (
    ("docs/assets/stylesheets/way.css", "\n}", "\n  --edited: 1px;\n}", "assets/stylesheets/course.css", "--edited:"),
    ("docs/foundations/weakest-link.md", "title: The", "title: Another", "plain/index.html", "Another weakest link"),
    ("labs_py/numerals.py", ".{decimals}f}", ".{decimals}f}, edited,", OTHER_PAGE, ", edited,"),
    ("docs/glossary.md", "{#round-trip}\n\n", "{#round-trip}\n\nEdited entry. ", LESSON_PAGE, "Edited entry."),
    ("CHANGELOG.md", "\n- ", "\n- An edited change: ", "about/changes/index.html", "<li>An edited change:"),
    ("labs_py/labs/tail_at_scale.py", "One server is slow", "An edited claim", LESSON_PAGE, "An edited claim"),
    (
        "docs/foundations/diagrams/boxes.svg",
        "first",
        "edited drawing",
        "foundations/slides/index.html",
        "edited drawing",
    ),
    ("docs/foundations/weakest-link.md", "wants fewer", "wants edited", OTHER_PAGE, "wants edited"),
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a few pages."""
    folder = tmp_path_factory.mktemp("clone")
    for part in ("docs/assets", "labs_py", "hooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("build", "node_modules", ".venv"):
        (folder / part).symlink_to(ROOT / part)
    for part in ("docs/about", "docs/foundations/diagrams"):
        (folder / part).mkdir(parents=True)
    pages = ("foundations/weakest-link.md", "glossary.md", "progress.md", "about/changes.md")
    project = ("pyproject.toml", "LICENSE", "package-lock.json", "requirements.lock", "CHANGELOG.md")
    for part in (*(f"docs/{page}" for page in pages), *project):
        shutil.copy(ROOT / part, folder / part)
    (folder / "docs" / "index.md").write_text("# Home\n\n<nh-resume>Begin.</nh-resume>\n", encoding="utf-8")
    (folder / "docs" / "plain.md").write_text(
        "# Plain\n\nNothing but its navigation is ever edited.\n", encoding="utf-8"
    )
    (folder / "docs" / "foundations" / "index.md").write_text(LESSON, encoding="utf-8")
    (folder / "docs" / "foundations" / "diagrams" / "boxes.svg").write_text(BOXES, encoding="utf-8")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings, count = re.subn(r"(?ms)^nav:\n.*?(?=^theme:)", lambda _: NAV, settings)
    assert count == 1
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    return folder


def served(clone: Path, site: Path, edits: Sequence[Sequence[str]] = ()) -> list[str]:
    """Serve into a folder; the pages that the last build rendered."""
    command = [sys.executable, "-c", SERVE, str(site), json.dumps(edits)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rendered: list[str] = json.loads(done.stdout.splitlines()[-1])
    return rendered


def test_what_is_served_after_edits_is_what_a_build_from_nothing_makes(clone: Path, tmp_path: Path) -> None:
    edited, fresh = tmp_path / "edited", tmp_path / "fresh"
    rendered = served(clone, edited, [edit[:3] for edit in EDITS])
    assert rendered == ["foundations/weakest-link.md"]  # of the page that is edited last, and of no other
    assert len(served(clone, fresh)) == 7
    files = [path.relative_to(fresh) for path in sorted(fresh.rglob("*")) if path.is_file()]
    assert files == [path.relative_to(edited) for path in sorted(edited.rglob("*")) if path.is_file()]
    assert [path for path in files if (edited / path).read_bytes() != (fresh / path).read_bytes()] == []
    for *_, page, text in EDITS:
        assert text in (edited / page).read_text(encoding="utf-8")


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "serving", True)
    forget_the_rest()
    forget_the_rest()


@pytest.mark.usefixtures("serving")
def test_a_step_is_made_once_for_each_of_its_inputs_and_forgotten_when_a_build_does_not_ask_for_it() -> None:
    made: list[str] = []

    def upper(text: str) -> str:
        made.append(text)
        return text.upper()

    def build(*inputs: str) -> None:
        assert [remembered.remembered(upper, text) for text in inputs] == [text.upper() for text in inputs]
        forget_the_rest()

    build("a", "b", "a")
    assert made == ["a", "b"]
    build("a")
    assert made == ["a", "b"]
    build("a", "b")
    assert made == ["a", "b", "b"]


def test_a_build_that_is_not_served_remembers_nothing() -> None:
    made: list[str] = []
    for _ in range(2):
        remembered.remembered(made.append, "not served")
    assert len(made) == 2
