"""Results under build/ that are made once and kept for as long as what they were made from has the same content."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


class BuildError(Exception):
    """A part of the site cannot be made; the message says which, why, and what to do about it."""


def content_hash(paths: Iterable[Path]) -> str:
    """Twelve hexadecimal digits that change when a file is added, removed, renamed or edited, and not when it is touched.

    Folders stand for every file below them, without Python's compiled ones.

    Raises:
        BuildError: a path is neither a file nor a folder.
    """
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            raise BuildError(f"{path.name} must be there before the site is built, got nothing at {path}")
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        for file in files:
            if "__pycache__" not in file.parts:
                data = file.read_bytes()
                digest.update(f"{file.relative_to(path.parent)}\0{len(data)}\0".encode())
                digest.update(data)
    return digest.hexdigest()[:12]


def kept(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, filled by `make` unless it is already there; a `make` that fails or is interrupted leaves nothing behind."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            make(scratch)
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():  # a second build that finished first has made the same
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder


def run(command: list[str], *, environment: dict[str, str]) -> None:
    """Runs a program that says nothing unless it fails.

    Raises:
        BuildError: the program ended with an error; the message is the program's own.
    """
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")
