# ruff: noqa: D100, D102, D106  the names are those of interfaces of importlib
# From here on: what finds the files above, and runs the lab.
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib.abc import ExecutionLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from io import BytesIO, StringIO


class Entry:
    """A file or a folder among the files above, as `importlib.resources` asks for it."""

    def __init__(self, files: Mapping[str, str], path: str) -> None:
        self.files, self.path = files, path
        self.name = path.rpartition("/")[2]

    def is_file(self) -> bool:
        return self.path in self.files

    def is_dir(self) -> bool:
        return any(path.startswith(f"{self.path}/") for path in self.files)

    def iterdir(self) -> Iterator["Entry"]:
        inside = [path.removeprefix(f"{self.path}/") for path in self.files if path.startswith(f"{self.path}/")]
        return (self.joinpath(name) for name in sorted({path.partition("/")[0] for path in inside}))

    def joinpath(self, *parts: str) -> "Entry":
        return Entry(self.files, "/".join([self.path, *parts]))

    __truediv__ = joinpath

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.files[self.path]

    def read_bytes(self) -> bytes:
        return self.read_text().encode()

    def open(self, mode: str = "r", **_: object) -> BytesIO | StringIO:
        return BytesIO(self.read_bytes()) if "b" in mode else StringIO(self.read_text())


class Embedded(ExecutionLoader):
    """Imports the modules among the files above; an error in one shows its line, as one in a file of its own would."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def path_of(self, name: str) -> str:
        path = name.replace(".", "/")
        return next((found for found in (f"{path}/__init__.py", f"{path}.py") if found in self.files), "")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(name, self) if self.path_of(name) else None

    def is_package(self, name: str) -> bool:
        return self.path_of(name).endswith("/__init__.py")

    def get_filename(self, name: str) -> str:
        return f"{__file__}/{self.path_of(name)}"

    def get_source(self, name: str) -> str:
        return self.files[self.path_of(name)]

    def get_resource_reader(self, name: str) -> "Embedded.Reader":
        return Embedded.Reader(Entry(self.files, self.path_of(name).rpartition("/")[0]))

    class Reader:
        def __init__(self, folder: Entry) -> None:
            self.folder = folder

        def files(self) -> Entry:
            return self.folder


def main(name: str, lab: str, files: Mapping[str, str], settings: Mapping[str, object]) -> int:
    """Run the lab as `python -m labs_py run` does."""
    if sys.version_info < (3, 12):  # noqa: UP036  here it may be any Python
        sys.exit(f"{name} needs Python 3.12 or later, got {sys.version.split()[0]}")
    sys.excepthook = traceback.print_exception  # unlike Python's own, it asks `get_source` for the lines
    sys.meta_path.insert(0, Embedded({**files, f"labs_py/labs/{name}.py": lab}))
    from labs_py.__main__ import main as run  # noqa: PLC0415  only now can it be found

    return run(["run", name, *sys.argv[1:]], settings)
