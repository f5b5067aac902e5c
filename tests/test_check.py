"""`make check` finds what is planted, and names the file, the line and the remedy."""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
MKDOCS = """\
site_name: A copy
theme: {name: mkdocs}
plugins: []
markdown_extensions: [attr_list, footnotes]
nav:
  - index.md
  - glossary.md
  - gone.md
validation:
  nav: {omitted_files: warn, not_found: warn}
  links: {not_found: warn, anchors: warn}
"""
INDEX = """\
---
title: Home
description: What it is.
---

# Home

A quorom of [two](two.md) or [three](glossary.md#three).[^known]
A note that nobody wrote.[^unknown]
- No list.

![](shown.svg)

[^known]: Somebody, ["A title"](https://example.org/), 2020.
[^idle]: Nobody, 2021.
"""
GLOSSARY = """\
---
title: Glossary
---

# Glossary

## Quorum {#quorum}

Enough of them.

## Latency

A time.
"""
PLANTED = {
    "README.md": "# A copy\n\nSee [the license](LICENCE).\n",
    "mkdocs.yml": MKDOCS,
    "docs/index.md": INDEX,
    "docs/glossary.md": GLOSSARY,
    "docs/lost.md": "---\ntitle: Lost\ndescription: Nothing leads here.\n---\n\n# Lost\n",
    "docs/shown.svg": "<svg xmlns='http://www.w3.org/2000/svg'><text>shown</text></svg>\n",
    "docs/hidden.svg": "<svg xmlns='http://www.w3.org/2000/svg'><text>hidden</text></svg>\n",
    "docs/assets/sum.js": "/** @type {number} */\nexport const sum = 'three';\n",
    "labs_py/__init__.py": '"""Labs."""\n',
    "labs_py/labs/__init__.py": '"""One file a lab."""\n',
    "labs_py/labs/lonely.py": '"""A lab that models the behaviour of nobody."""\n\nimport os\n\nTWO: int = "2"\nTHREE = [1,2]\n',
    "tools/words.txt": "# Words\nzonal\nquorum\n",
}
_LINKS = "name a page and a heading that are there, or drop the link"
EXPECTED = f"""\
README.md:3: there is no file LICENCE; name one that is there
docs/assets/sum.js:2: Type 'string' is not assignable to type 'number' (TS2322); mend the code or its JSDoc type
docs/glossary.md:1: no description; write `description: …` between two lines --- at the top
docs/glossary.md:7: Quorum must be used on some page; add the form in which pages write it, data-forms="…", or remove it
docs/glossary.md:7: Quorum must have a source; write it as the last line, "Source: …"
docs/glossary.md:11: 'Latency' stands after 'Quorum'; put the terms in the order of the alphabet
docs/glossary.md:11: the term 'Latency' has no anchor; write `## Latency {{#latency}}`
docs/hidden.svg:1: no page shows this image; show it or drop it
docs/index.md:8: link 'glossary.md#three' but the doc 'glossary.md' does not contain an anchor '#three'; {_LINKS}
docs/index.md:8: link 'two.md' but the target is not found among documentation files; {_LINKS}
docs/index.md:8: unknown word 'quorom'; write 'quorum' or, if it is right, add it to tools/words.txt
docs/index.md:9: note [^unknown] is used and not written; write `[^unknown]: …` at the end of the page
docs/index.md:10: a list right below a paragraph is not read as one; put an empty line between
docs/index.md:12: Images should have alternate text (alt text) (MD045); say between ![ and ] what the image shows
docs/index.md:15: Link and image reference definitions should be needed (MD053); use it, or drop it
docs/lost.md:1: no entry of the navigation leads to this page; add it to nav in mkdocs.yml
labs_py/labs/lonely.py:1: no page shows this lab; write <lab-panel name="lonely"></lab-panel> in a page, or drop the lab
labs_py/labs/lonely.py:1: unknown word 'behaviour'; write 'behavior' or, if it is right, add it to tools/words.txt
labs_py/labs/lonely.py:3: `os` imported but unused (F401); run `make format`
labs_py/labs/lonely.py:5: Incompatible types in assignment (expression has type "str", variable has type "int"); see https://mypy.readthedocs.io/en/stable/_refs.html#code-assignment
labs_py/labs/lonely.py:6: not in the project's format; run `make format`
mkdocs.yml:8: the navigation names gone.md, which is not in docs; write the page or drop the entry
tools/words.txt:2: 'zonal' is used nowhere; drop it
tools/words.txt:3: 'quorum' stands after 'zonal'; put the words in the order of the alphabet, each once
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's settings and checks, with faults instead of its course."""
    spelling = (ROOT / "cspell.json").read_text(encoding="utf-8")
    (tmp_path / "cspell.json").write_text(
        spelling.replace('Paths": [', 'Paths": ["hooks", "tools", '), encoding="utf-8"
    )
    for name in (".markdownlint-cli2.yaml", "tsconfig.json"):
        shutil.copy(ROOT / name, tmp_path)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        settings.replace('"labs_py", "hooks", "tools"', '"labs_py"'), encoding="utf-8"
    )
    shutil.copytree(
        ROOT / "tools" / "check", tmp_path / "tools" / "check", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "tools" / "__init__.py").write_text('"""Tools."""\n', encoding="utf-8")
    (tmp_path / "hooks").mkdir()
    shutil.copy(ROOT / "hooks" / "terms.py", tmp_path / "hooks")
    (tmp_path / "hooks" / "__init__.py").write_text('"""Hooks."""\n', encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    for name, text in PLANTED.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def check(folder: Path, *names: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "tools.check", *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_every_planted_fault_is_one_line_with_its_place_and_its_remedy(copy: Path) -> None:
    code, lines = check(copy)
    assert "\n".join(lines[:-1]) + "\n" == EXPECTED
    assert "24 findings in " in lines[-1]
    assert code == 1


def test_what_a_hook_refuses_is_found_in_its_page(copy: Path) -> None:
    hook = """
        from mkdocs.exceptions import PluginError


        def on_page_content(html, **rest):
            if "lab-panel" in html:
                raise PluginError("index.md: <lab-panel>: lab must be one of a, b, got 'nine'")
    """
    (copy / "hook.py").write_text(dedent(hook), encoding="utf-8")
    (copy / "mkdocs.yml").write_text(
        "site_name: A copy\ntheme: {name: mkdocs}\nplugins: []\nhooks: [hook.py]\n", encoding="utf-8"
    )
    text = '# Home\n\n<lab-panel name="six"></lab-panel>\n\n<lab-panel name="nine"></lab-panel>\n'
    (copy / "docs" / "index.md").write_text(text, encoding="utf-8")
    code, lines = check(copy, "site")
    assert lines[:-1] == [
        "docs/index.md:5: <lab-panel>: lab must be one of a, b, got 'nine'; mend what the message names"
    ]
    assert code == 1


def test_a_program_that_cannot_run_is_not_taken_for_one_that_finds_nothing(copy: Path) -> None:
    (copy / "tsconfig.json").write_text("{", encoding="utf-8")
    (copy / "docs" / "assets" / "sum.js").unlink()
    code, lines = check(copy, "tsc")
    assert code == 1
    assert "tsc" in lines[0]
    assert lines[0] != lines[-1]


def test_a_name_that_is_no_check_is_answered_with_the_names(copy: Path) -> None:
    code, lines = check(copy, "speling")
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("check must be one of site, mypy, spelling, ")
    assert lines[0].endswith("got 'speling'")
