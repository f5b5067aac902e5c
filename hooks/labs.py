"""MkDocs hook: fills the lab elements of every page, with the labs as they are on disk now."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_HOOKS = Path(__file__).parent
_LABS = _HOOKS.parent / "labs_py"
_state: dict[str, float] = {}
# Elements as they were filled, by what they were made from: while `serve` runs, an edit costs only the labs that it touches.
_filled: dict[tuple[str, ...], str] = {}


def on_pre_build(config: MkDocsConfig) -> None:
    """Forget the labs, and our modules that use them, when one of their files has changed, so that `serve` shows the edit."""
    files = (_LABS, *_LABS.rglob("*"), *_HOOKS.glob("*.py"))
    newest = max(path.stat().st_mtime for path in files if path.suffix in ("", ".py", ".toml"))
    if _state.get("newest") != newest:
        for name in [name for name in sys.modules if name.split(".")[0] in ("labs_py", "hooks")]:
            del sys.modules[name]
        _state["newest"] = newest


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill the lab elements; what is wrong stops the build with the page's name."""
    panels: Any = import_module("hooks.panels")
    try:
        filled: str = panels.fill(html, page.file.src_uri, _filled)
    except ValueError as error:
        raise PluginError(str(error)) from None
    return filled
