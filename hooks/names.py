"""MkDocs hook: gives two parts of the theme that come without a name the names that screen readers need."""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from hooks.remembered import remembered

_SEARCH = re.compile(r'(<div class="md-search"[^>]*? role="dialog")>')
# The theme names the list of a section by the label of its arrow, which is empty where the section has a page of its own.
_LIST = re.compile(r'aria-labelledby="(__nav_[\d_]+)_label"([^>]*>\s*<label class="md-nav__title") for="\1">')


def named(html: str) -> str:
    """Return a page's HTML with a name for the search dialog, and each section's list named by its own title."""
    html = _SEARCH.sub(r'\1 aria-label="Search">', html)
    return _LIST.sub(r'aria-labelledby="\1_title"\2 for="\1" id="\1_title">', html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """MkDocs: called with each finished page."""
    return remembered(named, output)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """MkDocs: called with what no page of docs/ is behind, as the page for addresses not found."""
    return named(output_content)
