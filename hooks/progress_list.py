"""All tasks and questions of the course as a list, by module and page: what the page "Your progress" marks with what the reader has done."""

import json
import re
from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from mkdocs.structure.pages import Page

from hooks import panels, questions
from hooks.remembered import known
from labs_py import lab
from labs_py.exercise import Predict, Task
from labs_py.report import as_html

_ELEMENT = re.compile(r"(?:<p>\s*)?<nh-progress></nh-progress>(?:\s*</p>)?")
_NO_SCRIPT = "To see here which of these you have done, turn on JavaScript."


def fill(html: str, page: Page, tasks: Sequence[tuple[Page, Sequence[str]]]) -> str:
    """Return a page's HTML with its `<nh-progress>` filled: `tasks` are the pages that have some, each with theirs as "lab/task"."""
    if "<nh-progress>" not in html:
        return html
    modules = groupby(tasks, key=lambda entry: entry[0].parent.title if entry[0].parent else "")
    sections = "".join(
        f'<section class="nh-module"><h2>{escape(title)}</h2>{"".join(_lab_page(page, *entry) for entry in entries)}</section>'
        for title, entries in modules
    )
    filled = f"<nh-progress><noscript><p>{_NO_SCRIPT}</p></noscript>{sections}</nh-progress>"
    return _ELEMENT.sub(lambda _: filled, html)


def _lab_page(page: Page, target: Page, names: Sequence[str]) -> str:
    address = target.file.url_relative_to(page.file)
    rows = "".join(_remembered_row(address, *name.split("/")) for name in names if not name.startswith("quiz/"))
    if any(name.startswith("quiz/") for name in names):
        asked = questions.read(Path(str(target.file.abs_src_path)), target.file.src_uri)
        rows += "".join(_question(address, number, one, target) for number, one in enumerate(asked, 1))
    return (
        f'<section data-page="{escape(target.url, quote=True)}"><h3><a href="{address}">{escape(str(target.title))}</a></h3>'
        f'<ul class="nh-done-list">{rows}</ul></section>'
    )


def _question(address: str, number: int, question: questions.Question, target: Page) -> str:
    asked = questions.plain(question.quiz.question, target.file.src_uri)
    return (
        f'<li data-task="quiz/{question.name}"><a href="{address}#quiz-{question.name}">Question {number}</a> '
        f'<span class="nh-asked">{escape(asked)}</span><span class="nh-outcome"></span></li>'
    )


def _remembered_row(address: str, lab_name: str, task_name: str) -> str:
    made_from = ("task of the progress page", address, lab_name, task_name, panels.version(lab_name))
    return known(made_from, lambda: _row(address, lab_name, task_name))


def _row(address: str, lab_name: str, task_name: str) -> str:
    item = lab.load(lab_name)
    task = item.tasks[item.task_names.index(task_name)]
    title = task_name.replace("-", " ").capitalize()
    return (
        f'<li data-task="{lab_name}/{task_name}"{_answers(task)}><a href="{address}#{lab_name}-{task_name}">{title}</a> '
        f'<span class="nh-asked">{as_html(_asked(task))}</span><span class="nh-outcome"></span></li>'
    )


def _asked(task: Task) -> str:
    return task.question if isinstance(task, Predict) else task.goal


def _answers(task: Task) -> str:
    if not isinstance(task, Predict):
        return ""
    options = escape(json.dumps(list(task.options), ensure_ascii=False), quote=True)
    return f' data-options="{options}" data-right="{task.answer}"'
