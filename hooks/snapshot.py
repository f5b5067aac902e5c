"""What Python boots from in the browser: a picture of its memory, and each lab's code. Made in Node, and kept while what went in is the same."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hooks.build_folder import BuildError, content_hash, kept, run

HERE = Path(__file__).parent
UNPACKER = HERE.parent / "docs" / "assets" / "snapshot.js"


@dataclass(frozen=True)
class Snapshot:
    """`picture` is the file with the house; beside it contents.json says what is in it. `code` has a file for each lab, by the lab's name."""

    picture: Path
    code: dict[str, Path]


def labs_snapshot(package: Path, wheel: Path, build: Path) -> Snapshot:
    """The snapshot of Pyodide's memory with the house of `wheel` imported, and the code of its labs, kept under `build`.

    `package` is the unpacked npm package of Pyodide. Making it all takes some fifteen seconds; when only a lab has changed, the picture
    stays as it is.

    Raises:
        BuildError: the npm package is not installed, a lab breaks on its default values, or what was made does not wake.
    """
    if not package.is_dir():
        raise BuildError("node_modules must hold pyodide, got nothing: run `make setup`")

    def made(step: str, *sources: Path, of: Sequence[Path]) -> Path:
        scripts = [HERE / "snapshot.mjs", HERE / "split_labs.py", HERE / "before_snapshot.py", UNPACKER, Path(__file__)]
        node = str(Path(sys.executable).with_name("node"))
        command = [node, *map(str, (scripts[0], step, package, *sources))]
        key = content_hash([package / "package.json", *scripts, *of])
        return kept(
            build / "snapshot" / f"{step}-{key}",
            lambda folder: run([*command, str(folder)], environment=dict(os.environ)),
        )

    split = made("split", wheel, of=[wheel])
    house = made("picture", split, of=[split / "house.zip", split / "house.json"])
    made("check", split, house, of=[split, house])
    return Snapshot(house / "python.snapshot", {path.stem: path for path in sorted((split / "code").iterdir())})
