"""MkDocs hook: says how much text there is in each block of a page, so that a browser can put off laying out what is far.

A block that is put off needs a height meanwhile, and one that is never too small: what stands below would otherwise lie over its text for
whoever asks where things are. The style sheet (site.css) makes it from how many letters a block has and of how many parts it is made,
each of which ends a line.
"""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from hooks.blocks import Block, Held, blocks, text
from hooks.remembered import remembered

# The beginning of a page is laid out at once.
_SHOWN_AT_ONCE = 8
_TEXT = frozenset({"p", "ul", "ol", "dl", "blockquote"})
_PART = re.compile(r"<(?:p|dt|dd|br|hr)\b|<li\b[^>]*>(?!\s*<p)")
# What scrolls or is filled in looks after itself: browsers ask at once for the place of each such thing, which makes them lay it out.
_BUSY = re.compile(r"<(?:form|input|button|select|textarea|table|pre|lab-panel|nh-)")


def measured(html: str) -> str:
    r"""Return a page's content in which each block of text says how many letters and parts it has, but for those at the beginning.

    >>> measured("<p>At once.</p>\n" * 8 + "<ul><li>Two</li><li>words</li></ul>").splitlines()[-1]
    '<ul data-letters="8" data-parts="2"><li>Two</li><li>words</li></ul>'
    """
    held = Held(html)
    said, at = "", 0
    for number, block in enumerate(blocks(held.html)):
        start = held.html.find(block.html, at)
        if start < 0:  # there is a comment in it
            continue
        named = start + len(f"<{block.tag}")
        size = _size(block) if number >= _SHOWN_AT_ONCE else ""
        end = start + len(block.html)
        said += held.html[at:named] + size + held.html[named:end]
        at = end
    return held.restored(said + held.html[at:])


def _size(block: Block) -> str:
    if (block.tag not in _TEXT and "footnote" not in block.classes) or _BUSY.search(block.html):
        return ""
    return f' data-letters="{len(text(block.inner))}" data-parts="{max(1, len(_PART.findall(block.inner)))}"'


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: called with each page, when all that stands in it is there."""
    return remembered(measured, html)
