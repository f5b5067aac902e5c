"""MkDocs hook: while the site is served, what MkDocs, its theme and its plugins make of a page is remembered, as our own steps are.

MkDocs makes every page anew after every edit. Markdown, questions, the search index and the templates are nearly all of that.
"""

import logging
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Literal

from jinja2 import Environment
from material.plugins.search.plugin import SearchIndex, SearchPlugin
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext
from mkdocs_quiz.plugin import MkDocsQuizPlugin

from hooks import remembered
from hooks.remembered import known

# What rendering Markdown leaves on a page, apart from the links to other files.
_RENDERED = ("content", "toc", "_title_from_render", "present_anchor_ids")
_nav: list[Navigation] = []


class _Asked(Files):
    """The files of the site, and what has been found among them."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self.found: dict[str, Hashable] = {}

    def get_file_from_path(self, path: str) -> File | None:
        file = super().get_file_from_path(path)
        self.found[path] = _place(file)
        return file


class _Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def _place(file: File | None) -> Hashable:
    return file and (file.src_uri, file.url, file.inclusion)


def looked_up[R](made_from: tuple[Hashable, ...], files: Files, make: Callable[[Files], R]) -> R:
    """Return what `make` makes, or what it made of the same when it found the same files; then, what it logged is logged again."""
    kept = known(made_from, dict[str, Any])
    if kept and all(_place(files.get_file_from_path(path)) == place for path, place in kept["found"].items()):
        for record in kept["said"]:
            logging.getLogger(record.name).handle(record)
    else:
        asked, heard, logger = _Asked(files), _Heard(), logging.getLogger("mkdocs")
        logger.addHandler(heard)
        try:
            result = make(asked)
        finally:
            logger.removeHandler(heard)
        kept.update(result=result, found=asked.found, said=heard.records)
    made: R = kept["result"]
    return made


def _render(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Do what `Page.render` does."""

    def rendered(asked: Files) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
        Page.render(page, config, asked)
        links = {file.src_uri: anchors for file, anchors in (page.links_to_anchors or {}).items()}
        return {name: getattr(page, name) for name in _RENDERED}, links

    made, links = looked_up(("Markdown", page.file.src_uri, page.markdown, repr(config.user_configs)), files, rendered)
    vars(page).update(made)
    page.links_to_anchors = {files.src_uris[address]: anchors for address, anchors in links.items()}


def _questions(event: Callable[..., str], html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Do what the plugin for questions does with a page's HTML; it has read the page's Markdown before."""
    made_from = ("questions", page.file.src_uri, page.file.content_string, html, repr(config.user_configs))
    return looked_up(made_from, files, lambda asked: event(html, page=page, config=config, files=asked))


def _index(index: SearchIndex, page: Page) -> None:
    """Do what `SearchIndex.add_entry_from_context` does."""

    def entries() -> list[dict[str, Any]]:
        before = len(index.entries)
        SearchIndex.add_entry_from_context(index, page)
        made: list[dict[str, Any]] = index.entries[before:]
        del index.entries[before:]
        return made

    made_from = ("search", page.url, str(page.title), page.content, str(page.toc), repr(page.meta))
    index.entries += known(made_from, entries)


def _written(render: Callable[[TemplateContext], str], site: tuple[str, ...], context: TemplateContext) -> str:
    """Do what a template does for a page; `site` is what all pages show."""
    page = context["page"]
    if page is None:
        return render(context)
    shown = (page.url, str(page.title), page.content, str(page.toc), repr(page.meta))
    addresses = (page.canonical_url, page.abs_url, page.edit_url, page.update_date)
    return known(("template", site, shown, addresses), lambda: render(context))


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once."""
    remembered.serving = command == "serve"


def on_pre_build(config: MkDocsConfig) -> None:
    """MkDocs: a build begins."""
    if remembered.serving:
        events = config.plugins.events["page_content"]
        for place, event in enumerate(events):
            if isinstance(getattr(event, "__self__", None), MkDocsQuizPlugin):
                events[place] = partial(_questions, event)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """MkDocs: the pages are known."""
    _nav[:] = [nav]
    return nav


def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> Page:
    """MkDocs: called with each page before it is read."""
    if remembered.serving:
        vars(page)["render"] = partial(_render, page)
    return page


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> Environment:
    """MkDocs: called when the pages have their content and before they are written."""
    if remembered.serving:
        for plugin in config.plugins.values():
            if isinstance(plugin, SearchPlugin) and plugin.config.enabled:
                vars(plugin.search_index)["add_entry_from_context"] = partial(_index, plugin.search_index)
        (nav,) = _nav
        scripts = map(str, config.extra_javascript)
        metas = [repr(page.meta) for page in nav.pages]
        site = (str(nav), *metas, *config.extra_css, *scripts, str(config.site_url), repr(config.user_configs))
        for name in sorted({page.meta.get("template", "main.html") for page in nav.pages}):
            template = env.get_template(name)
            vars(template)["render"] = partial(_written, template.render, site)
    return env


def on_post_build(config: MkDocsConfig) -> None:
    """MkDocs: called when all files are written."""
    remembered.forget_the_rest()
