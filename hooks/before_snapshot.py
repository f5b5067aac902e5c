"""What Pyodide runs just before its memory is pictured, and `wake`, which it runs first when the picture comes back to life.

A picture holds memory and no files, so the files of the labs are kept in memory until then. What no lab needs is dropped before:
the docstrings and line tables of the standard library, caches, garbage. That halves the download. What only one lab needs and is large,
the recordings, is left out with that lab, and so is each module that no lab has imported: the wheel is downloaded when one is wanted.
"""

import gc
import json
import random
import sys
import zipimport
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper, cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from labs_py import desk, lab

PACKAGE = Path(lab.__file__).parent
FILES: dict[Path, bytes] = {}
LARGE = "labs_py.recordings."
LEFT: set[str] = set()  # the labs that need what is large
HAS_DOCSTRING = 0x4000000  # inspect.CO_HAS_DOCSTRING: the first constant of such code is its docstring


class NotYetError(ImportError):
    """What is large must not be in the picture."""


class Hold:
    """Finds nothing, and refuses what is large."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        """Refuse."""
        if name.startswith(LARGE):
            raise NotYetError(name)


def answer(name: str) -> str:
    """The answer of a lab at its default values, as JSON text."""
    return desk.respond(json.dumps({"lab": name, "arguments": {}}))


def answers() -> str:
    """The answers of all labs that are in the picture, as JSON text."""
    return json.dumps([answer(name) for name in lab.names() if name not in LEFT])


def answers_of_the_left() -> str:
    """The answers of the other labs, as JSON text: each imports what it lacks."""
    return json.dumps([answer(name) for name in sorted(LEFT)])


def prepare() -> str:
    """Import and run the labs, keep their files, drop what they do not need; returns their answers."""
    sys.meta_path.insert(0, Hold())
    for name in lab.names():
        try:
            answer(name)
        except NotYetError:
            LEFT.add(name)
    del sys.meta_path[0]
    answered = answers()
    imported = {getattr(module, "__file__", None) for module in sys.modules.values()}
    for path in PACKAGE.parent.rglob("*"):
        # The folder of the labs is what tells which ones there are.
        if path.is_file() and (str(path) in imported or path.suffix == ".toml" or path.parent.name == "labs"):
            FILES[path] = path.read_bytes()
    strip()
    # The list of what the library's archive holds; invalidate_caches() would import a module and with it read the list anew.
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    for item in gc.get_objects():
        if isinstance(item, _lru_cache_wrapper) and not ours(item):
            item.cache_clear()
    sys.path.remove("")  # Pyodide adds it again when it wakes
    gc.collect()
    return answered


def ours(item: object) -> bool:
    """Whether a module, or what a module defines, belongs to the labs."""
    name = item.__name__ if isinstance(item, ModuleType) else item.__module__
    return str(name).partition(".")[0] in ("labs_py", __name__)


def strip() -> None:
    """Drop the docstrings and line tables of all that is not ours: tracebacks then have no line numbers for the standard library."""
    known: dict[CodeType, CodeType] = {}

    def bare(code: CodeType) -> CodeType:
        if code not in known:
            constants = [bare(item) if isinstance(item, CodeType) else item for item in code.co_consts]
            if code.co_flags & HAS_DOCSTRING:
                constants[0] = None
            known[code] = code.replace(co_linetable=nowhere(len(code.co_code) // 2), co_consts=tuple(constants))
        return known[code]

    for item in gc.get_objects():
        if not isinstance(item, FunctionType | type | ModuleType) or ours(item):
            continue
        if isinstance(item, FunctionType):
            item.__code__ = bare(item.__code__)
            item.__doc__ = None
        elif item.__doc__:
            try:
                item.__doc__ = None
            except (AttributeError, TypeError):
                continue  # a type written in C keeps its own


@cache
def nowhere(instructions: int) -> bytes:
    """The line table that gives no instruction a line. Each of its bytes stands for up to eight.

    Source: CPython, "Code objects", InternalDocs/code_objects.md: an entry is a byte of 1, the code (here 15: no location) in
    four bits, and the number of instructions less one in three.
    """
    whole, rest = divmod(instructions, 8)
    return b"\xff" * whole + (bytes([0xF8 + rest - 1]) if rest else b"")


class Library:
    """Finds the modules of the standard library that no lab has imported: its archive is downloaded when the first is wanted."""

    def __init__(self, download: Callable[[], Any]) -> None:
        self.download = download
        self.archive = Path(next(entry for entry in sys.path if entry.endswith(".zip")))

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Where the module is, or None: every finder in `sys.meta_path` is asked so."""
        if name.partition(".")[0] not in sys.stdlib_module_names or self.archive.stat().st_size:
            return None
        self.archive.write_bytes(self.download().to_bytes())
        return PathFinder.find_spec(name, path)


class Labs:
    """Finds the modules of ours that are not in the picture: the wheel is unpacked when the first is wanted."""

    def __init__(self, unpack: Callable[[str], Any]) -> None:
        self.unpack = unpack
        self.unpacked = False

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Where the module is, or None: every finder in `sys.meta_path` is asked so."""
        if not name.startswith("labs_py.") or self.unpacked:
            return None
        self.unpack(str(PACKAGE.parent))
        self.unpacked = True
        for folder in path or ():
            sys.path_importer_cache.pop(folder, None)  # it may not have noticed the new files
        return PathFinder.find_spec(name, path)


def wake(download: Callable[[], Any], unpack: Callable[[str], Any]) -> None:
    """Give a picture what it lacks: files, other random numbers than its siblings, and the rest of the standard library and of the labs.

    `download` returns the library's archive as a JavaScript array of bytes, `unpack` unpacks the wheel of the labs into a folder.
    """
    for folder in {path.parent for path in FILES}:
        folder.mkdir(parents=True, exist_ok=True)
    for path, content in FILES.items():
        with path.open("wb", buffering=0) as file:  # a buffer for each would take ten times as long
            file.write(content)
    FILES.clear()
    random.seed()
    sys.meta_path += [Library(download), Labs(unpack)]
