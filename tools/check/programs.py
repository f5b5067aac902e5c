"""Ruff, mypy, tsc, cspell and markdownlint, their answers in one form."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.check.finding import Finding

FORMAT = "run `make format`"
WORDS = "tools/words.txt"
_RULES = "https://github.com/DavidAnson/markdownlint/blob/main/doc"
_CODES = "https://mypy.readthedocs.io/en/stable/_refs.html#code-"
_MENDS = {
    "MD007": "indent an inner list by four spaces",
    "MD022": "put an empty line before and after the heading",
    "MD031": "put an empty line before and after the block of code",
    "MD034": "write [words](address)",
    "MD040": "name the language after the ```, or `text`",
    "MD045": "say between ![ and ] what the image shows",
    "MD053": "use it, or drop it",
}


class BrokenError(Exception):
    """A program failed and found nothing: it is not installed, or its configuration is wrong."""


def ruff(root: Path) -> list[Finding]:
    """What ruff's rules in pyproject.toml refuse."""
    done = _run(root, [sys.executable, "-m", "ruff", "check", "--output-format", "json"])
    return _or_broken(done, [_ruff_finding(entry, root) for entry in json.loads(done.stdout or "[]")])


def _ruff_finding(entry: dict[str, Any], root: Path) -> Finding:
    fix, mend = entry["fix"], f"see {entry['url']}" if entry["url"] else "mend the syntax"
    if fix:
        mend = FORMAT if fix["applicability"] == "safe" else (fix["message"] or mend)
    file = os.path.relpath(entry["filename"], root)
    return Finding(file, entry["location"]["row"], f"{entry['message']} ({entry['code']})", mend)


def layout(root: Path) -> list[Finding]:
    """Python that is not in the one format."""
    done = _run(root, [sys.executable, "-m", "ruff", "format", "--diff"])
    return _or_broken(done, list(_layout_findings(done.stdout)))


def _layout_findings(diff: str) -> Iterator[Finding]:
    for part in re.split(r"(?m)^--- ", diff)[1:]:
        file, _, rest = part.partition("\n")
        start = re.search(r"(?m)^@@ -(\d+).*\n((?: .*\n)*)", rest)
        line = int(start[1]) + start[2].count("\n") if start else 1
        yield Finding(file, line, "not in the project's format", FORMAT)


def mypy(root: Path) -> list[Finding]:
    """What mypy's strict mode refuses."""
    done = _run(root, [sys.executable, "-m", "mypy", "--output", "json"])
    entries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return _or_broken(done, [_mypy_finding(entry) for entry in entries if entry["severity"] == "error"])


def _mypy_finding(entry: dict[str, Any]) -> Finding:
    mend = (entry["hint"] or f"see {_CODES}{entry['code']}").replace("\n", " ")
    return Finding(entry["file"], max(entry["line"], 1), entry["message"], mend)


def tsc(root: Path) -> list[Finding]:
    """What TypeScript's strict mode refuses in the JavaScript and its JSDoc types."""
    done = _run(root, _node(root, "tsc", "--noEmit", "--pretty", "false"))
    places = re.findall(r"(?m)^(.+?)\((\d+),\d+\): error (TS\d+): (.*?)\.?$", done.stdout)
    mend = "mend the code or its JSDoc type"
    return _or_broken(done, [Finding(file, int(line), f"{what} ({code})", mend) for file, line, code, what in places])


def spelling(root: Path) -> list[Finding]:
    """Words that are neither American English nor in the project's list; cspell.json says where they are looked for."""
    cache = ("--cache", "--cache-strategy", "content", "--cache-location", str(root / "build" / "cspell.json"))
    done = _run(
        root, _node(root, "cspell", "lint", "--no-progress", "--no-summary", "--dot", "--show-suggestions", *cache)
    )
    pattern = r"(?m)^(.+?):(\d+):\d+ - (Unknown|Forbidden) word \((.+?)\)(?: (?:fix|Suggestions): [(\[](.*)[)\]])?"
    return _or_broken(done, list(_spelled(re.findall(pattern, done.stdout))))


def _spelled(places: Iterable[tuple[str, ...]]) -> Iterator[Finding]:
    for file, line, kind, word, others in places:
        near = others.replace("*", "").split(", ")[0]
        add = f"if it is right, add it to {WORDS}"
        mend = f"write {near!r}" if kind == "Forbidden" else f"write {near!r} or, {add}" if near else add
        yield Finding(
            file,
            int(line),
            f"{word!r} is not spelled as Americans do" if kind == "Forbidden" else f"unknown word {word!r}",
            mend,
        )


def markdown(root: Path) -> list[Finding]:
    """What markdownlint's rules in .markdownlint-cli2.yaml refuse."""
    done = _run(root, _node(root, "markdownlint-cli2"))
    places = re.findall(r"(?m)^(.+?):(\d+)(?::\d+)? error (MD\d+)\S* (.*?)(?: \[.*)?$", done.stderr)
    return _or_broken(
        done,
        [
            Finding(file, int(line), f"{wrong} ({rule})", _MENDS.get(rule, f"see {_RULES}/{rule.lower()}.md"))
            for file, line, rule, wrong in places
        ],
    )


def _node(root: Path, program: str, *words: str) -> list[str]:
    return [str(root / "node_modules" / ".bin" / program), *words]


def _run(root: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # Node is beside Python
    return subprocess.run(
        command, cwd=root, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def _or_broken(done: subprocess.CompletedProcess[str], found: list[Finding]) -> list[Finding]:
    if done.returncode and not found:
        raise BrokenError(f"{' '.join(done.args)}: {(done.stderr or done.stdout).strip()}")
    return found
