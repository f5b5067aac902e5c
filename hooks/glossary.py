"""MkDocs hook: terms of the glossary become links where a page first uses them, and `<key-terms of="…">` draws entries into a page.

docs/assets/terms.js shows the definition at such a link; it stands in the glossary and nowhere else.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from hooks import terms
from hooks.remembered import remembered

_KEY_TERMS = re.compile(r'^<key-terms of="([^"]*)"></key-terms>$', re.MULTILINE)
_SOURCE = re.compile(r"\n(Source: .*?)</p>", re.DOTALL)
_FORMS = re.compile(r'(?<=<h2) data-forms="[^"]*"')
_ABOUT = "about/"
_known: dict[str, terms.Term] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build."""
    _known.clear()
    markdown = Path(config.docs_dir, terms.PAGE).read_text(encoding="utf-8")
    _known.update({term.name: term for term in terms.read(markdown)})
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: draw the key terms that a page names, by the anchors of their entries."""

    def drawn(element: re.Match[str]) -> str:
        names = element[1].split()
        unknown = [name for name in names if name not in _known]
        if unknown:
            raise PluginError(
                f"{page.file.src_uri}: <key-terms> must name anchors of {terms.PAGE}, got {', '.join(unknown)}"
            )
        return "\n".join(terms.drawn(_known[name], page.file.src_uri) for name in names)

    return markdown if page.file.src_uri.startswith(_ABOUT) else _KEY_TERMS.sub(drawn, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: link the terms of a page; what is for contributors has other terms, and the front page invites and does not define."""
    address = page.file.src_uri
    if address == terms.PAGE:
        html = _FORMS.sub("", html)
        return _SOURCE.sub(r' <span class="nh-source">\1</span></p>', html)
    glossary = files.get_file_from_path(terms.PAGE)
    if glossary is None or page.is_homepage or address.startswith(_ABOUT):
        return html
    return remembered(terms.linked, html, tuple(_known.values()), glossary.url_relative_to(page.file))
