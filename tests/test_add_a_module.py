"""The contributor's page is followed to the letter: its template and its line in the navigation make a module that builds and passes the checks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "about" / "add-a-module.md").read_text(encoding="utf-8")
[TEMPLATE] = re.findall(r"````markdown\n(.*?)````", PAGE, re.DOTALL)
[LINE] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
[FILE] = re.findall(r"Save this as `(docs/[\w/-]+\.md)`", PAGE)
LAST_MODULE = re.compile(r"(?m)(?:^  - \d+ .*\n(?:^      .*\n)*)+")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    for part in ("docs", "labs_py", "hooks", "tools"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in (
        "pyproject.toml",
        "CHANGELOG.md",
        "LICENSE",
        "package-lock.json",
        "requirements.lock",
        "cspell.json",
        ".markdownlint-cli2.yaml",
    ):
        shutil.copy(ROOT / part, folder / part)
    for part in ("build", "node_modules", ".venv"):
        (folder / part).symlink_to(ROOT / part)
    (folder / FILE).parent.mkdir()
    (folder / FILE).write_text(TEMPLATE, encoding="utf-8")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    [modules] = LAST_MODULE.findall(settings)
    (folder / "mkdocs.yml").write_text(settings.replace(modules, modules + LINE), encoding="utf-8")
    return folder


def run(clone: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_folder_and_one_line_make_a_module_with_a_place_in_the_navigation(clone: Path, tmp_path: Path) -> None:
    assert LINE.count("\n") == 1
    run(clone, "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path))
    page = (tmp_path / Path(FILE).relative_to("docs").parent / "index.html").read_text(encoding="utf-8")
    [title] = re.findall(r"^  - (.*):", LINE)
    for built in (page, (tmp_path / "foundations" / "index.html").read_text(encoding="utf-8")):
        assert re.search(rf'<a href="[^"]*" class="md-nav__link[^>]*>\s*<span class="md-ellipsis">\s*{title}', built)
    assert re.search(r'<span class="nh-value">18\u00a0%</span> of the requests are slow', page)


def test_the_template_passes_the_checks(clone: Path) -> None:
    """But that of the site, which builds it: it finds what stops a strict build, and the test above makes one."""
    assert run(clone, "tools.check", "markdown", "spelling", "course").startswith(
        "markdown, spelling, course: 0 findings"
    )


def test_the_template_has_the_parts_of_the_first_lesson() -> None:
    lesson = (ROOT / "docs" / "foundations" / "index.md").read_text(encoding="utf-8")
    parts = re.findall(r"(?m)^## (.*)$", TEMPLATE)
    theirs = [part for part in re.findall(r"(?m)^## (.*?)(?: \{.*\})?$", lesson) if part in parts]
    assert theirs == [part for part in parts if part != "The first idea"]
