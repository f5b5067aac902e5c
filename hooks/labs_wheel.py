"""The wheel of labs_py: the same content gives the same bytes, so a test, a page and a browser run one and the same package."""

import os
import sys
from pathlib import Path

from hooks.build_folder import content_hash, kept, run

ROOT = Path(__file__).parents[1]


def labs_wheel(root: Path = ROOT) -> Path:
    """The wheel made from `root`'s labs_py as it is now, under build/wheel/<hash of the content>/.

    Raises:
        BuildError: labs_py cannot be made into a wheel.
    """
    inputs = [root / "pyproject.toml", root / "LICENSE", root / "labs_py", Path(__file__)]

    def make(folder: Path) -> None:
        # A fixed date (1 January 1980, the first one that a zip file can hold) in place of the files' own.
        environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}
        run([sys.executable, "-m", "flit_core.wheel", str(root), "--outdir", str(folder)], environment=environment)

    (wheel,) = kept(root / "build" / "wheel" / content_hash(inputs), make).glob("*.whl")
    return wheel


if __name__ == "__main__":
    print(labs_wheel())
