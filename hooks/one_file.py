"""MkDocs hook: what it takes to have a lab in one Python file that needs nothing else: its source, a frame, and the modules it may import.

The page puts them together, with the reader's settings and edits (docs/assets/one-file.js); `of` does the same with neither.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
RUNNER = Path(__file__).with_name("one_file_runner.py")
FOLDER = "assets/labs"
PARTS = f"{FOLDER}/parts.json"
_MODULES = ("*.py", "model/*.py", "labs/__init__.py", "recordings/*.py", "measurements/*.py", "architectures/*.toml")
# Few labs need one of these, and they are large: the page fetches it only then.
_LARGE = "labs_py/recordings/"
# In every file: what runs a lab, the packages, and the architectures, one of which can be chosen in place of another.
_ALWAYS = re.compile(r"/__(main|init)__\.py$|\.toml$")
_IMPORT = re.compile(
    r"^[ \t]*(?:from (labs_py[\w.]*) import (?:\(([^)]*)\)|(.*))|import (labs_py[\w.]*))", re.MULTILINE
)

_FRAME = """\
# @TITLE@: a lab of the course Nines & Hops, in one file. It needs Python 3.12 or later and nothing else.
#
#     python @NAME@.py                      the result with the settings below
#     python @NAME@.py --parameter value    with another setting
#     python @NAME@.py --json               the result as data
#     python @NAME@.py --help               all parameters

ARGUMENTS = @ARGUMENTS@

# The lab. What you change here, the next run uses.
LAB = @LAB@

# What the lab needs: modules of the course, and its architectures.
FILES = {
@FILES@}

@RUNNER@

if __name__ == "__main__":
    sys.exit(main("@NAME@", LAB, FILES, ARGUMENTS))
"""


def names(package: Path) -> list[str]:
    """Return the names of the labs in a `labs_py` folder."""
    return sorted(path.stem for path in (package / "labs").glob("*.py") if not path.stem.startswith("_"))


def modules(package: Path) -> dict[str, str]:
    """Return what labs can import, and the architectures, by address such as labs_py/model/plan.py."""
    paths = sorted(path for pattern in _MODULES for path in package.glob(pattern))
    return {path.relative_to(package.parent).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def needed(source: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return those of `files` that a lab with this source needs, in their order."""
    found = {address for address in files if _ALWAYS.search(address)}
    waiting = [source, *(files[address] for address in found)]
    while waiting:
        fresh = _imported(waiting.pop()) & files.keys() - found
        found |= fresh
        waiting += [files[address] for address in fresh]
    return {address: text for address, text in files.items() if address in found}


@cache
def _imported(source: str) -> frozenset[str]:
    return frozenset(_addresses(source))


def _addresses(source: str) -> Iterator[str]:
    for package, listed, line, module in _IMPORT.findall(source):
        names = re.findall(r"\w+", listed or line)
        for name in [package or module, *(f"{package}.{name}" for name in names)]:
            yield f"{name.replace('.', '/')}.py"


def of(name: str, package: Path) -> str:
    """Return the file of one lab, as it is and with its defaults."""
    source = (package / "labs" / f"{name}.py").read_text(encoding="utf-8")
    files = needed(source, modules(package))
    filled = {
        "TITLE": (ast.get_docstring(ast.parse(source)) or name).partition(": ")[0],
        "NAME": name,
        "ARGUMENTS": "{}",
        "LAB": literal(source),
        "FILES": "".join(f'    "{address}": {literal(text)},\n' for address, text in files.items()),
    }
    return re.sub(r"@(\w+)@", lambda place: filled[place[1]], frame())


def frame() -> str:
    """Return the file of any lab, with places for what is the lab's own."""
    # The runner's first line speaks to those who check it.
    return _FRAME.replace("@RUNNER@", RUNNER.read_text(encoding="utf-8").partition("\n")[2].strip())


def literal(text: str) -> str:
    """Return a text as a Python literal that, where that can be, reads as the text itself.

    >>> literal("x = 1")
    "r'''x = 1'''"
    """
    pieces = text.split("'''")
    if not any(re.search(r"[\r\0]|['\\]\Z", piece) for piece in pieces):
        return " \"'''\" ".join(f"r'''{piece}'''" for piece in pieces)
    lines = "".join(f"    {json.dumps(line, ensure_ascii=False)}\n" for line in text.splitlines(keepends=True))
    return f"(\n{lines})"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build."""
    package = ROOT / "labs_py"
    known = modules(package)
    large = [address for address in known if address.startswith(_LARGE) and not _ALWAYS.search(address)]
    parts = {"frame": frame(), "files": known | dict.fromkeys(large)}
    files.append(File.generated(config, PARTS, content=json.dumps(parts, ensure_ascii=False)))
    for address in [*large, *(f"labs_py/labs/{name}.py" for name in names(package))]:
        served = f"{FOLDER}/{address.removeprefix('labs_py/labs/')}"
        files.append(File.generated(config, served, abs_src_path=str(ROOT / address)))
    return files
