"""MkDocs hook: fills the lab elements of every page, with the labs as they are on disk now."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_SOURCES = Path(__file__).parents[1] / "labs_py"
_state: dict[str, float] = {}


def on_pre_build(config: MkDocsConfig) -> None:
    """Forget the labs when one of their files has changed, so that `serve` shows the edit."""
    newest = max(
        path.stat().st_mtime for path in (_SOURCES, *_SOURCES.rglob("*")) if path.suffix in ("", ".py", ".toml")
    )
    if _state.get("newest") != newest:
        for name in [
            name
            for name in sys.modules
            if name.split(".")[0] == "labs_py"
            or name in ("hooks.panels", "hooks.tasks", "hooks.progress_list", "hooks.questions")
        ]:
            del sys.modules[name]
        _state["newest"] = newest


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill the lab elements; what is wrong stops the build with the page's name."""
    panels: Any = import_module("hooks.panels")
    try:
        filled: str = panels.fill(html, page.file.src_uri)
    except ValueError as error:
        raise PluginError(str(error)) from None
    return filled
