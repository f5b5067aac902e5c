"""What Pyodide runs just before its memory is pictured, and `wake`, which it runs first when the picture comes back to life.

A picture holds memory and no files, so the few files that labs read are kept in memory until then. What no lab needs is dropped before:
the docstrings and line tables of the standard library, caches, garbage. The picture has the house and no lab (see split_labs.py): the
code of a lab is downloaded when the lab is wanted, and the wheel with all sources only for what else is wanted of the labs' package:
a module that the reader's own code imports, lines of source in a traceback, a lab whose code is missing or damaged.
"""

import dataclasses
import gc
import json
import marshal
import random
import sys
import zipimport
import zlib
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper, cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from labs_py import desk, lab
from labs_py.model import architecture_file

PACKAGE = Path(lab.__file__).parent
FILES: dict[Path, bytes] = {}
HAS_DOCSTRING = 0x4000000  # inspect.CO_HAS_DOCSTRING: the first constant of such code is its docstring


def answer(name: str) -> str:
    """The answer of a lab at its default values, as JSON text."""
    return desk.respond(json.dumps({"lab": name, "arguments": {}}))


def prepare(modules: str) -> None:
    """Import the modules that are listed, as JSON text; keep the files that they read, drop what they do not need."""
    for name in json.loads(modules):
        if name not in sys.modules:
            import_module(name)
    for name in architecture_file.names():
        architecture_file.load(name)
    FILES.update({path: path.read_bytes() for path in PACKAGE.rglob("*.toml")})
    for module in list(sys.modules.values()):
        # The package keeps its own loader, which knows where the package's files are.
        if module.__spec__ and module.__name__.startswith("labs_py."):
            module.__spec__.loader = module.__loader__ = LABS
    dataclasses.exec = LABS.make_methods  # type: ignore[attr-defined]
    strip()
    # The list of what the library's archive holds; invalidate_caches() would import a module and with it read the list anew.
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    for item in gc.get_objects():
        if isinstance(item, _lru_cache_wrapper) and not ours(item):
            item.cache_clear()
    sys.path.remove("")  # Pyodide adds it again when it wakes
    gc.collect()


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


class Labs(InspectLoader):
    """Finds and loads the modules of ours that are not in the picture, and the source of those that are."""

    def __init__(self) -> None:
        self.compiled: dict[str, CodeType] = {}
        self.methods: dict[str, CodeType] = {}
        self.unpacked = False
        self.download: Callable[[str], Any]
        self.unpack: Callable[[str, str], Any]

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Where the module is, or None: every finder in `sys.meta_path` is asked so."""
        if not name.startswith("labs_py."):
            return None
        why = f"{name} has no code of its own"
        package, _, last = name.rpartition(".")
        if name not in self.compiled and package == "labs_py.labs":
            try:
                compiled, methods = marshal.loads(zlib.decompress(self.download(last).to_bytes()))  # noqa: S302  of the build
                self.compiled |= compiled
                self.methods |= methods
            except Exception as error:  # noqa: BLE001  whatever it is, the wheel has the lab too
                why = str(error)
        if name in self.compiled:
            return self.spec(name, self.compiled[name].co_filename)
        self.have_files(why)
        for folder in path or ():
            sys.path_importer_cache.pop(folder, None)  # it may not have noticed the new files
        return PathFinder.find_spec(name, path)

    def spec(self, name: str, file: str) -> ModuleSpec:
        """What Python wants to know of a module whose code is there."""
        spec = ModuleSpec(name, self, origin=file, is_package=file.endswith("/__init__.py"))
        spec.has_location = True
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(str(Path(file).parent))
        return spec

    def get_code(self, name: str) -> CodeType:
        """What the module consists of."""
        return self.compiled[name]

    def make_methods(self, text: str, scope: dict[str, Any], names: dict[str, Any]) -> None:
        """Do what `exec` does for `dataclasses`; the text has mostly been compiled before, which takes longer than all else in an import."""
        exec(self.methods.get(text, text), scope, names)  # noqa: S102

    def get_source(self, name: str) -> str:
        """The text of a module: tracebacks show lines of it.

        Raises:
            OSError: the wheel cannot be downloaded.
        """
        try:
            self.have_files("a traceback shows its lines")
        except Exception as error:
            raise OSError(str(error)) from error
        return Path(str(sys.modules[name].__file__)).read_text(encoding="utf-8")

    def have_files(self, why: str) -> None:
        """Unpack the wheel, unless that has been done."""
        if not self.unpacked:
            self.unpack(str(PACKAGE.parent), why)
            self.unpacked = True


LABS = Labs()


def wake(library: Callable[[], Any], code: Callable[[str], Any], unpack: Callable[[str, str], Any]) -> None:
    """Give a picture what it lacks: files, other random numbers than its siblings, and ways to the rest of the standard library and of the labs.

    `library` returns the library's archive and `code` a lab's code, as JavaScript arrays of bytes; `unpack` unpacks the wheel of the
    labs into a folder, and says why.
    """
    for path, content in FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", buffering=0) as file:  # a buffer for each would take ten times as long
            file.write(content)
    FILES.clear()
    random.seed()
    LABS.download, LABS.unpack = code, unpack
    sys.meta_path.insert(0, LABS)
    sys.meta_path.append(Library(library))
