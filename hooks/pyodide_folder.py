"""The Python that the browser runs: Pyodide from npm, served by the site itself, with the labs wheel in its lock file.

The browser's loader reads `manifest.json`: where the runtime is, which files it consists of and how many bytes each has
(a compressed transfer hides its size, so progress needs the number beforehand), and a hash to add to the lock file's address,
since that file alone keeps its name when the labs change; and the memory snapshot, if there is one, which most boots start from,
with the addresses of the labs' code, which it does not have.
"""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hooks.build_folder import BuildError, content_hash, kept, run
from hooks.snapshot import Snapshot

RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"


def pyodide_folder(package: Path, wheel: Path, build: Path, snapshot: Snapshot | None = None) -> dict[str, Path]:
    """Everything a browser needs to run `wheel`, as addresses below one folder of the site and the files behind them.

    `package` is the unpacked npm package of Pyodide, `build` the folder to keep what is made, `snapshot` what
    `labs_snapshot` has made of both.

    Raises:
        BuildError: the npm package is not installed, or the wheel does not fit into its lock file.
    """
    if not package.is_dir():
        raise BuildError("node_modules must hold pyodide, got nothing: run `make setup`")
    version = json.loads((package / "package.json").read_text())["version"]
    address = f"wheels/{address_of(wheel)}"
    runtime = {name: package / name for name in RUNTIME}
    code = {name: f"code/{address_of(file)}" for name, file in snapshot.code.items()} if snapshot else {}
    pictures = {f"snapshots/{address_of(snapshot.picture)}": snapshot.picture} if snapshot else {}

    def make(folder: Path) -> None:
        copy = folder / address
        copy.parent.mkdir(parents=True)
        shutil.copyfile(wheel, copy)
        write_lock(package / LOCK, copy, folder)
        files = runtime | {LOCK: folder / LOCK, address: copy}
        manifest = {
            "version": version,
            "index": f"{version}/",
            "files": [listed(*item) for item in files.items()],
            "labs": "labs_py",
            "wheel": address,
            "build": folder_key,
            "snapshot": next((described(*item) | {"code": code} for item in pictures.items()), None),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")

    made = [snapshot.picture, *snapshot.code.values()] if snapshot else []
    folder_key = content_hash([package / "package.json", package / LOCK, wheel, *made, Path(__file__)])
    folder = kept(build / "pyodide" / folder_key, make)
    codes = {address: snapshot.code[name] for name, address in code.items()} if snapshot else {}
    served = runtime | pictures | codes | {LOCK: folder / LOCK, address: folder / address}
    return {"manifest.json": folder / "manifest.json"} | {f"{version}/{name}": path for name, path in served.items()}


def listed(name: str, file: Path) -> dict[str, Any]:
    """What the manifest says of a file."""
    return {"name": name, "bytes": file.stat().st_size}


def described(name: str, snapshot: Path) -> dict[str, Any]:
    """What the manifest says of a snapshot."""
    contents: dict[str, Any] = json.loads(snapshot.with_name("contents.json").read_text())
    return listed(name, snapshot) | contents


def address_of(file: Path) -> str:
    """The file's name in a folder that is named by its content, so that no browser can hold on to an older one."""
    return f"{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}/{file.name}"


def write_lock(original: Path, wheel: Path, folder: Path) -> None:
    """Writes `folder`'s lock file: the original's facts about the runtime, and of all packages the wheel alone.

    The hundreds of packages of the original are left out because the site does not serve them.
    """
    bare = folder / "bare.json"
    bare.write_text(json.dumps(json.loads(original.read_text()) | {"packages": {}}))
    pyodide = str(Path(sys.executable).with_name("pyodide"))
    paths = ["--input", str(bare), "--output", str(folder / LOCK), "--base-path", str(folder)]
    run([sys.executable, pyodide, "lockfile", "add-wheels", *paths, str(wheel)], environment=dict(os.environ))
    bare.unlink()
