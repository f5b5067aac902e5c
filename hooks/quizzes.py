"""MkDocs hook: fits the questions that mkdocs-quiz writes to this site, and puts each page's questions beside it as files for learning platforms.

The plugin brings its script and style with every page, inline; here they are bundled (docs/assets/quiz.js says how the script runs).
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils.meta import get_data

# All that the plugin adds to a page stands behind the page, and this comes first.
_ADDED = '<div id="quiz-progress-sidebar"'
_QUIZ = re.compile(r'<div class="quiz"\s+id="quiz-(\d+)">(.*?</section>)\s*</div>', re.DOTALL)
_LINK = re.compile(r'(<a href="#[^"]*" class="quiz-header-link")>#</a>')
_FORM = re.compile(r"<form [^>]*>")
_OPTION = re.compile(
    r'<label for="[^"]*">(.*?)</label><div class="answer-feedback hidden">(.*?)</div></div>', re.DOTALL
)
_MARKS = {
    True: '<span class="nh-mark nh-right">✓ right</span>',
    False: '<span class="nh-mark nh-wrong">✗ not so</span>',
}


def adapted(html: str, names: list[str], rights: list[int]) -> str:
    """Return a page's HTML with its questions in our elements: `names` and the numbers of the right options are those of the page, in order.

    Raises:
        ValueError: the plugin has written something else than expected.
    """
    page, added, _ = html.partition(_ADDED)
    if not added:
        raise ValueError(f"mkdocs-quiz must add {_ADDED} to a page, got none: it is another release")

    def fitted(match: re.Match[str]) -> str:
        number, inner = int(match[1]), match[2]
        name = names[number]
        inner = _LINK.sub(rf"\1>Question {number + 1}</a>", inner)
        # Outside a dialog this method does nothing, and no script stands in the page.
        inner = _FORM.sub('<form method="dialog">', inner)
        inner = re.sub(rf"\bquiz-{number}(?=[-\"])", f"quiz-{name}", inner)
        rows = "".join(
            f"<dt>{option} {_MARKS[place == rights[number]]}</dt><dd>{because}</dd>"
            for place, (option, because) in enumerate(_OPTION.findall(inner))
        )
        answers = f'<details class="nh-answer"><summary>All options, explained</summary><dl class="nh-options">{rows}</dl></details>'
        return f'<nh-quiz class="quiz" id="quiz-{name}" data-task="quiz/{name}" data-search-exclude>{inner}{answers}</nh-quiz>'

    page, count = _QUIZ.subn(fitted, page)
    if count != len(names):
        raise ValueError(f"mkdocs-quiz must write {len(names)} questions, got {count} in the form expected")
    return page


def address(page: str, version: str) -> str:
    """The address of the file with a page's questions, for one version of QTI: beside the page's source.

    >>> address("foundations/index.md", "2.1")
    'foundations/index.qti-2.1.zip'
    """
    return f"{page.removesuffix('.md')}.qti-{version}.zip"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs: called with the files of docs/ before each build."""
    questions: Any = import_module("hooks.questions")
    try:
        for file in files.documentation_pages():
            found = questions.read(Path(file.abs_src_path), file.src_uri) if file.abs_src_path else []
            for version in questions.VERSIONS if found else ():
                title = get_data(file.content_string)[1].get("title", file.name)
                packed = questions.package(found, f"{config.site_name}: {title}", file.src_uri, version)
                files.append(File.generated(config, address(file.src_uri, version), content=packed))
    except ValueError as error:
        raise PluginError(str(error)) from None
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: called with each page, after mkdocs-quiz."""
    questions: Any = import_module("hooks.questions")
    found = questions.read(Path(page.file.abs_src_path), page.file.src_uri) if page.file.abs_src_path else []
    try:
        return adapted(html, [question.name for question in found], [question.right for question in found])
    except ValueError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from None
