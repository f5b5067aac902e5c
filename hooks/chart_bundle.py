"""The chart code of the site: docs/assets/charts.source.js and the libraries it imports, in one ES module."""

import os
from pathlib import Path

from hooks.build_folder import BuildError, content_hash, kept, run

ENTRY = "charts.source.js"


def chart_bundle(entry: Path, packages: Path, build: Path) -> Path:
    """The bundle of `entry` with what it imports from `packages` (a node_modules folder), kept under `build`.

    Raises:
        BuildError: the entry is missing, or esbuild refuses it; the message is then esbuild's.
    """
    if not entry.is_file():
        raise BuildError(f"{ENTRY} must be in {entry.parent}, got nothing: live figures are drawn by it")
    lock = packages.parent / "package-lock.json"
    inputs = [lock, *sorted(entry.parent.rglob("*.js")), Path(__file__)]

    def make(folder: Path) -> None:
        options = "--bundle --format=esm --minify --target=es2022 --log-level=warning --legal-comments=eof"
        command = [
            str(packages / ".bin" / "esbuild"),
            str(entry),
            f"--outfile={folder / 'charts.js'}",
            *options.split(),
        ]
        path = f"{packages.parent / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        run(command, environment=os.environ | {"NODE_PATH": str(packages), "PATH": path})

    return kept(build / "charts" / content_hash(inputs), make) / "charts.js"
