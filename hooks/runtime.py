"""Adds to the site what the browser runs: Python with the labs wheel, our JavaScript, stylesheets and fonts, made under build/."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from hooks.build_folder import BuildError, content_hash
from hooks.bundles import STYLES, bundles
from hooks.fonts import figure_fonts, light_fonts
from hooks.labs_wheel import ROOT, labs_wheel
from hooks.pyodide_folder import pyodide_folder
from hooks.snapshot import labs_snapshot

serving = False


def runtime_files(styles: Sequence[str], root: Path = ROOT, *, pictured: bool = True) -> dict[str, Path]:
    """Addresses below the site's root, and the file behind each, made now if its sources have changed.

    `styles` are the addresses of the stylesheets to bundle. Unless `pictured`, there is no memory snapshot among the files, and
    Python boots the slow way.

    Raises:
        BuildError: one of them cannot be made.
    """
    packages, build = root / "node_modules", root / "build"
    package, wheel = packages / "pyodide", labs_wheel(root)
    snapshot = labs_snapshot(package, wheel, build) if pictured else None
    pyodide = pyodide_folder(package, wheel, build, snapshot)
    return {
        **bundles(root / "docs" / "assets", styles, packages, build),
        **{f"assets/fonts/{name}": path for name, path in light_fonts(packages, build).items()},
        **{f"assets/pyodide/{name}": path for name, path in pyodide.items()},
    }


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once. While an author serves the site, every edit of a lab would cost another snapshot of ten seconds."""
    global serving  # noqa: PLW0603  MkDocs says it here and nowhere else
    serving = command == "serve"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build; the sources of bundles give way to the bundles."""
    styles = config.extra_css
    try:
        made = runtime_files(styles, pictured=not serving)
        figure_fonts(ROOT / "node_modules", ROOT / "build")
    except BuildError as error:
        raise PluginError(str(error)) from error
    assets = Path(config.docs_dir, "assets")
    for file in list(files):
        path = Path(file.abs_src_path or "")
        source = path.suffix == ".js" or path.name.endswith(".source.css")
        if file.src_uri in styles or (source and path.is_relative_to(assets)):
            files.remove(file)
    for address, path in made.items():
        files.append(File.generated(config, address, abs_src_path=str(path)))
    # A browser may hold on to an older file of the same name, which asks for parts that are gone: so the content is in the address.
    config.extra_css = [f"{STYLES}?{content_hash([made[STYLES]])}"]
    for script in config.extra_javascript:
        if isinstance(script, ExtraScriptValue) and (bundle := made.get(script.path)):
            script.path = f"{script.path}?{content_hash([bundle])}"
    return files
