"""Adds to the site what the browser runs: Python with the labs wheel, the chart code and the fonts, made under build/."""

from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from hooks.build_folder import BuildError
from hooks.chart_bundle import ENTRY, chart_bundle
from hooks.fonts import figure_fonts, served_fonts
from hooks.labs_wheel import ROOT, labs_wheel
from hooks.pyodide_folder import pyodide_folder
from hooks.snapshot import labs_snapshot

serving = False


def runtime_files(root: Path = ROOT, *, pictured: bool = True) -> dict[str, Path]:
    """Addresses below the site's root, and the file behind each, made now if its sources have changed.

    Unless `pictured`, there is no memory snapshot among them, and Python boots the slow way.

    Raises:
        BuildError: one of them cannot be made.
    """
    packages, build = root / "node_modules", root / "build"
    charts = chart_bundle(root / "docs" / "assets" / ENTRY, packages, build)
    package, wheel = packages / "pyodide", labs_wheel(root)
    snapshot = labs_snapshot(package, wheel, build) if pictured else None
    pyodide = pyodide_folder(package, wheel, build, snapshot)
    return {
        "assets/charts.js": charts,
        **{f"assets/fonts/{name}": path for name, path in served_fonts(packages).items()},
        **{f"assets/pyodide/{name}": path for name, path in pyodide.items()},
    }


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once. While an author serves the site, every edit of a lab would cost another snapshot of ten seconds."""
    global serving  # noqa: PLW0603  MkDocs says it here and nowhere else
    serving = command == "serve"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build; the source of the bundle gives way to the bundle."""
    try:
        made = runtime_files(pictured=not serving)
        figure_fonts(ROOT / "node_modules", ROOT / "build")
    except BuildError as error:
        raise PluginError(str(error)) from error
    if source := files.get_file_from_path(f"assets/{ENTRY}"):
        files.remove(source)
    for address, path in made.items():
        files.append(File.generated(config, address, abs_src_path=str(path)))
    return files
