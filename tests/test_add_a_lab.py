"""The contributor's page is followed to the letter: its file makes a lab, its line makes a panel."""

import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "about" / "add-a-lab.md").read_text(encoding="utf-8")
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[LINE] = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)
[NAME] = re.findall(r"labs_py/labs/(\w+)\.py", PAGE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    for part in ("labs_py", "hooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("build", "node_modules"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "labs_py" / "labs" / f"{NAME}.py").write_text(CODE, encoding="utf-8")
    return folder


def python(clone: Path, *words: str) -> str:
    return subprocess.run([sys.executable, *words], cwd=clone, capture_output=True, text=True, check=True).stdout


def test_the_file_makes_a_lab_that_the_terminal_lists_and_runs(clone: Path) -> None:
    assert f"{NAME} " in python(clone, "-m", "labs_py", "list")
    assert python(clone, "-m", "labs_py", "run", NAME).startswith("1,000,000 requests at 99.9 % leave 1,000 failures.")
    assert python(clone, "-m", "doctest", f"labs_py/labs/{NAME}.py") == ""


def test_the_line_makes_a_panel(clone: Path) -> None:
    program = f"from hooks.panels import fill; print(fill({LINE.strip()!r}, 'page.md'))"
    html = python(clone, "-c", program)
    assert "1,000,000 requests at 99.9\u00a0% leave 1,000 failures." in html
    assert 'name="objective" value="0.999"' in html


def test_the_file_passes_the_tests_that_every_lab_passes(clone: Path) -> None:
    shutil.copy(ROOT / "tests" / "test_labs.py", clone / "test_labs.py")
    out = python(
        clone,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        ".",
        "test_labs.py",
        "-k",
        NAME,
    )
    assert re.search(r"\d+ passed", out)
    assert "failed" not in out


def test_the_other_elements_that_the_page_shows_are_filled_too(clone: Path) -> None:
    elements = "".join(f'<lab-{kind} name="{NAME}"></lab-{kind}>' for kind in ("tasks", "limits", "checks", "sources"))
    [value] = re.findall(r"`(<lab-value [^`]*>)`", unescape(PAGE))
    html = python(clone, "-c", f"from hooks.panels import fill; print(fill({elements + value!r}, 'page.md'))")
    assert "Find the objective at which" in html
    assert '<span class="nh-value">1,000</span>' in html


EDIT = """
import os
from pathlib import Path
from types import SimpleNamespace
from hooks import labs

page = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))
path = Path("labs_py/labs/error_budget.py")

def build():
    labs.on_pre_build(None)
    html = "".join(f'<lab-{kind} name="error_budget"></lab-{kind}>' for kind in ("panel", "tasks"))
    return labs.on_page_content(html, page, None, None)

before = build()
text = path.read_text()
path.write_text(text.replace('Metric("Failures allowed"', 'Metric("Failures left"'))
os.utime(path, (2e9, 2e9))
after = build()
path.write_text(text)
print("Failures allowed" in before, "Failures left" in before, "Failures left" in after)
"""


def test_an_edited_lab_is_what_the_next_build_of_a_running_serve_shows(clone: Path) -> None:
    assert python(clone, "-c", EDIT) == "True False True\n"
