"""MkDocs hook: the search index, a fifth of what a page weighs, is fetched when the reader goes to the search field and not before.

The theme's script subscribes to the index at once, unless the page came from a file; then it waits for the field. It is told to wait always.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

_AT_ONCE = re.compile(r'\(location\.protocol!=="file:"\)(?=,\w+\("search"\)\))')


def patient(script: str) -> str:
    """Return the theme's script, made to wait.

    Raises:
        ValueError: the place is not there exactly once, so the theme is another one.
    """
    waiting, count = _AT_ONCE.subn("(!1)", script)
    if count != 1:
        raise ValueError(f"the theme's script must ask once whether to fetch the search index, got {count} places")
    return waiting


def on_post_build(config: MkDocsConfig) -> None:
    """MkDocs: called when all files are written."""
    (bundle,) = (Path(config.site_dir) / "assets" / "javascripts").glob("bundle.*.min.js")
    try:
        bundle.write_text(patient(bundle.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        raise PluginError(f"hooks/search.py: {error}; see whether it is still needed") from None
