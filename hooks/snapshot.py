"""The memory snapshot that Python boots from in the browser: made once in Node, and kept while what went into it stays the same."""

import os
import sys
from pathlib import Path

from hooks.build_folder import BuildError, content_hash, kept, run

HERE = Path(__file__).parent
UNPACKER = HERE.parent / "docs" / "assets" / "snapshot.js"


def labs_snapshot(package: Path, wheel: Path, build: Path) -> Path:
    """The snapshot of Pyodide's memory with `wheel` imported, kept under `build`, and beside it contents.json, which says what is in it.

    `package` is the unpacked npm package of Pyodide. Making it takes about ten seconds.

    Raises:
        BuildError: the npm package is not installed, a lab breaks on its default values, or what was made does not wake.
    """
    if not package.is_dir():
        raise BuildError("node_modules must hold pyodide, got nothing: run `make setup`")
    scripts = [HERE / "snapshot.mjs", HERE / "before_snapshot.py", UNPACKER, Path(__file__)]
    key = content_hash([package / "package.json", wheel, *scripts])

    def make(folder: Path) -> None:
        node = str(Path(sys.executable).with_name("node"))
        command = [node, str(scripts[0]), str(package), str(wheel), str(folder)]
        run(command, environment=dict(os.environ))

    return kept(build / "snapshot" / key, make) / "labs.snapshot"
