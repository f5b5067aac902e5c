"""The tasks of a lab as HTML: what is asked, hints and solutions, folded."""

from collections.abc import Mapping
from html import escape

from labs_py import lab
from labs_py.exercise import Predict, Task, Write
from labs_py.report import as_html


def listed(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    """Return the tasks of a lab as a list."""
    rows = "".join(
        _task(item, name, task, f"{ident}-{name}") for name, task in zip(item.task_names, item.tasks, strict=True)
    )
    return f'<ol class="nh-tasks" data-lab="{item.name}">{rows}</ol>'


def _task(item: lab.Lab, name: str, task: Task, ident: str) -> str:
    if isinstance(task, Predict):
        options = "".join(
            f'<label><input type="radio" name="{ident}" value="{number}"> {as_html(text)}</label>'
            for number, text in enumerate(task.options)
        )
        return (
            f'<li class="nh-task nh-predict" data-task="{name}" data-right="{task.answer}">'
            f"<fieldset><legend>{as_html(task.question)}</legend>{options}</fieldset>"
            f'<details class="nh-answer"><summary>Answer</summary><p><strong>{as_html(task.options[task.answer])}.</strong> '
            f"{as_html(task.because)}</p></details></li>"
        )
    if isinstance(task, Write):
        return (
            f'<li class="nh-task nh-write" data-task="{name}"><p>{as_html(task.goal)}</p><pre><code>{escape(task.start)}</code></pre>'
            f'<details class="nh-hint-text"><summary>Hint</summary><p>{as_html(task.hint)}</p></details>'
            f'<details class="nh-answer"><summary>Solution</summary><pre><code>{escape(task.solution)}</code></pre>'
            f"<p>{as_html(task.because)}</p></details></li>"
        )
    settings = ", ".join(f"{name} = {value}" for name, value in task.solution.items())
    return (
        f'<li class="nh-task nh-reach" data-task="{name}"><p>{as_html(task.goal)} <span class="nh-met" hidden>Reached</span></p>'
        f'<details class="nh-hint-text"><summary>Hint</summary><p>{as_html(task.hint)}</p></details>'
        f'<details class="nh-answer"><summary>Solution</summary><p><code>{escape(settings)}</code></p><p>{as_html(task.because)}</p></details></li>'
    )
