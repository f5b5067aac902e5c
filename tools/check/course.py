"""What no other program looks at: labs and images that no page shows, notes, the glossary, front matter, the word list, links of the README."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hooks import terms
from tools.check.finding import Finding, line_of
from tools.check.programs import WORDS

_FENCE = re.compile(r"(?ms)^( *)(```+).*?^\1\2[ ]*$")
_IMAGES = (".svg", ".png", ".jpg", ".webp")


def course(root: Path) -> list[Finding]:
    """All findings of this module."""
    pages = {path: text_of(path) for path in sorted((root / "docs").rglob("*.md"))}
    found = [*orphans(root, pages), *word_list(root), *glossary(root / "docs")]
    for path in pages:
        found += [*front_matter(path), *notes(path), *lists(path)]
    for path in [*root.glob("*.md"), *(root / ".github").rglob("*.md")]:
        found += files_linked(path)
    return [Finding(str(Path(one.file).relative_to(root)), one.line, one.wrong, one.mend) for one in found]


def text_of(path: Path) -> str:
    """A page's Markdown with its blocks of code blank; lines keep their numbers."""
    return _FENCE.sub(lambda block: "\n" * block[0].count("\n"), path.read_text(encoding="utf-8"))


def orphans(root: Path, pages: dict[Path, str]) -> Iterator[Finding]:
    """Labs that no page shows, and images of docs/ that no page names."""
    everything = "\n".join(pages.values())
    for path in sorted((root / "labs_py" / "labs").glob("[!_]*.py")):
        if not re.search(rf'<lab-panel\s[^>]*\bname="{path.stem}"', everything):
            line = f'<lab-panel name="{path.stem}"></lab-panel>'
            yield Finding(str(path), 1, "no page shows this lab", f"write {line} in a page, or drop the lab")
    for path in sorted((root / "docs").rglob("*")):
        name = path.name.replace("-narrow.svg", ".svg")
        if path.suffix in _IMAGES and "assets" not in path.parts and name not in everything:
            yield Finding(str(path), 1, "no page shows this image", "show it or drop it")


def front_matter(path: Path) -> Iterator[Finding]:
    """Pages without what search engines and shared links show."""
    matter = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.DOTALL)
    for key in ("title", "description"):
        if not matter or not re.search(rf"(?m)^{key}: \S", matter[1]):
            yield Finding(str(path), 1, f"no {key}", f"write `{key}: …` between two lines --- at the top")


def notes(path: Path) -> Iterator[Finding]:
    """Footnotes that are used and not written, which Markdown leaves as they are."""
    text = re.sub(r"`[^`\n]*`", lambda span: " " * len(span[0]), text_of(path))
    written = set(re.findall(r"(?m)^\[\^(\S+?)\]:", text))
    for match in re.finditer(r"\[\^([^\]\s]+)\](?!:)", text):
        if match[1] not in written:
            mend = f"write `[^{match[1]}]: …` at the end of the page"
            yield Finding(str(path), _line(text, match), f"note [^{match[1]}] is used and not written", mend)


def lists(path: Path) -> Iterator[Finding]:
    """Lists right below a paragraph: Markdown would take them for a part of it."""
    for match in re.finditer(
        r"(?m)(?:^|\n\n)(?![-*+] |\d+\. )\w[^\n]*\n(?:\w[^\n]*\n)*?((?:[-*+]|1\.) )", text_of(path)
    ):
        line = text_of(path).count("\n", 0, match.start(1)) + 1
        yield Finding(str(path), line, "a list right below a paragraph is not read as one", "put an empty line between")


def glossary(docs: Path) -> Iterator[Finding]:
    """What the build holds against terms and their use, entries that it cannot read, and entries out of order."""
    path = docs / terms.PAGE
    for fault in terms.faults(docs):
        file, line, text = re.split(r":(\d+): ", fault, maxsplit=1)
        wrong, _, mend = text.partition("; ")
        yield Finding(str(docs / file), int(line), wrong, mend)
    entries = [(match[1], _line(text_of(path), match)) for match in re.finditer(r"(?m)^## (.*)$", text_of(path))]
    for entry, line in entries:
        if not re.search(r" \{#[\w-]+.*\}$", entry):
            slug = re.sub(r"\W+", "-", entry.lower()).strip("-")
            yield Finding(str(path), line, f"the term {entry!r} has no anchor", f"write `## {entry} {{#{slug}}}`")
    for (before, _), (entry, line) in pairwise([(entry.partition(" {")[0], line) for entry, line in entries]):
        if entry.casefold() < before.casefold():
            wrong, mend = f"{entry!r} stands after {before!r}", "put the terms in the order of the alphabet"
            yield Finding(str(path), line, wrong, mend)


def word_list(root: Path) -> Iterator[Finding]:
    """Words out of order, given twice, or no longer used."""
    path = root / WORDS
    words = [
        (word, line)
        for line, word in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word[:1] not in ("", "#")
    ]
    for (before, _), (word, line) in pairwise(words):
        if word.lower() <= before.lower():
            yield Finding(
                str(path),
                line,
                f"{word!r} stands after {before!r}",
                "put the words in the order of the alphabet, each once",
            )
    kinds = (
        "*.md",
        "docs/**/*.md",
        "docs/**/*.svg",
        "docs/**/*.js",
        "labs_py/**/*.py",
        "labs_py/**/*.toml",
        "hooks/*.py",
        "tools/**/*.py",
        ".github/**/*",
    )
    files = {file for kind in kinds for file in root.glob(kind) if file.is_file() and file.suffix != ".png"}
    texts = "\n".join(file.read_text(encoding="utf-8") for file in sorted(files)).lower()
    for word, line in words:
        if word.lower() not in texts:
            yield Finding(str(path), line, f"{word!r} is used nowhere", "drop it")


def files_linked(path: Path) -> Iterator[Finding]:
    """Links of a file outside the site to files that are not there; MkDocs looks at those of the site."""
    for match in re.finditer(r"\]\((?!\w+:|#)([^)#\s]+)", text_of(path)):
        if not (path.parent / match[1]).exists():
            yield Finding(
                str(path), line_of(path, f"({match[1]}"), f"there is no file {match[1]}", "name one that is there"
            )


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1
