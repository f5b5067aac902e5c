"""MkDocs hook: fills the lab elements of every page, with the labs as they are on disk now."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from hooks import remembered

_HOOKS = Path(__file__).parent
_LABS = _HOOKS.parent / "labs_py"
# When each file was changed, as of the last build.
_state: dict[Path, int] = {}


def on_pre_build(config: MkDocsConfig) -> None:
    """Forget the labs, and our modules that use them, when one of their files has changed, so that `serve` shows the edit."""
    files = (_LABS, *_LABS.rglob("*"), *_HOOKS.glob("*.py"))
    found = {path: path.stat().st_mtime_ns for path in files if path.suffix in ("", ".py", ".toml")}
    if _state != found:
        for name in [name for name in sys.modules if name.split(".")[0] in ("labs_py", "hooks")]:
            if name != remembered.__name__:  # what it holds is known by all that it was made from
                del sys.modules[name]
        _state.clear()
        _state.update(found)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill the lab elements; what is wrong stops the build with the page's name."""
    panels: Any = import_module("hooks.panels")
    try:
        filled: str = panels.fill(html, page.file.src_uri, remembered.elements)
    except ValueError as error:
        raise PluginError(str(error)) from None
    return filled
