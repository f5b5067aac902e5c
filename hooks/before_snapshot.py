"""What Pyodide runs just before its memory is pictured, and `wake`, which it runs first whenever a picture comes back to life.

A picture holds memory and no files, so the labs' files are kept in memory until then. What no lab needs is dropped before:
the docstrings and line tables of the standard library, caches, garbage. That halves the download.
"""

import functools
import gc
import importlib
import json
import linecache
import random
import sys
import types
import zipimport
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

FILES: dict[Path, bytes] = {}
HAS_DOCSTRING = 0x4000000  # inspect.CO_HAS_DOCSTRING: the first constant of such a code is its docstring


def ask_all() -> str:
    """Import all of labs_py, run every lab at its default values, and return the answers as JSON text."""
    from labs_py import lab  # noqa: PLC0415  it is there only inside Pyodide

    package = Path(lab.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.stem not in ("__init__", "__main__"):
            importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))
    return json.dumps([json.loads(lab.answer(json.dumps({"lab": name, "arguments": {}}))) for name in lab.names()])


def prepare() -> None:
    """Make memory small: keep the labs' files, drop what no lab needs."""
    import labs_py  # noqa: PLC0415

    for path in Path(labs_py.__file__).parents[1].rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            FILES[path] = path.read_bytes()
    strip()
    linecache.clearcache()
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]
    for item in gc.get_objects():
        if isinstance(item, functools._lru_cache_wrapper):
            item.cache_clear()
    sys._clear_internal_caches()  # type: ignore[attr-defined]
    sys.path.remove("")  # Pyodide adds it again when it wakes
    gc.collect()


def strip() -> None:
    """Drop the docstrings and line tables of all that is not ours. A traceback then shows no line numbers of the standard library."""
    known: dict[types.CodeType, types.CodeType] = {}

    def bare(code: types.CodeType) -> types.CodeType:
        if code not in known:
            constants = [bare(item) if isinstance(item, types.CodeType) else item for item in code.co_consts]
            if code.co_flags & HAS_DOCSTRING:
                constants[0] = None
            known[code] = code.replace(co_linetable=nowhere(len(code.co_code) // 2), co_consts=tuple(constants))
        return known[code]

    for item in gc.get_objects():
        module = item.__name__ if isinstance(item, types.ModuleType) else getattr(item, "__module__", None)
        if not isinstance(module, str) or module.partition(".")[0] in ("labs_py", "__main__"):
            continue
        if isinstance(item, types.FunctionType):
            item.__code__ = bare(item.__code__)
            item.__doc__ = None
        elif isinstance(item, type | types.ModuleType) and item.__doc__:
            try:
                item.__doc__ = None
            except (AttributeError, TypeError):
                continue  # a type written in C keeps its own


def nowhere(instructions: int) -> bytes:
    """The line table that says of each instruction that it has no line: an entry is one byte and stands for up to eight of them.

    Source: "Description of the locations table", Objects/locations.md (InternalDocs) of CPython.
    """
    whole, rest = divmod(instructions, 8)
    return b"\xff" * whole + (bytes([0xF8 | (rest - 1)]) if rest else b"")


class Library:
    """Finds modules of the standard library that no lab has imported: its archive is downloaded when the first one is wanted."""

    def __init__(self, download: Callable[[], Any]) -> None:
        self.download = download
        self.archive = Path(next(entry for entry in sys.path if entry.endswith(".zip")))

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Return where the module is, like every finder of `sys.meta_path`."""
        if name.partition(".")[0] not in sys.stdlib_module_names or self.archive.stat().st_size:
            return None
        self.archive.write_bytes(self.download().to_bytes())
        importlib.invalidate_caches()
        return PathFinder.find_spec(name, path)


def wake(download: Callable[[], Any]) -> None:
    """Undo what a picture does to a living Python: its files are gone, and its random numbers would be the same in every browser.

    `download` gives the archive of the standard library, as a JavaScript array of bytes.
    """
    for path, content in FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    FILES.clear()
    random.seed()
    sys.meta_path.append(Library(download))
