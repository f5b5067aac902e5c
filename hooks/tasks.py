"""The tasks of a lab as HTML. Without JavaScript hints and answers are folded; with it, docs/assets/tasks.js says when they may open."""

import json
from collections.abc import Mapping
from html import escape

from labs_py import lab
from labs_py.exercise import Predict, Reach, Task, Write
from labs_py.parameter import as_text
from labs_py.report import as_html

_KEYS = "Tab leaves the editor. Enter keeps the indentation, Ctrl + ] indents, Ctrl + Enter {does}; on a Mac, Command for Ctrl."


def listed(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    """Return the tasks of a lab as a list."""
    rows = "".join(
        _task(item, name, task, f"{ident}-{name}") for name, task in zip(item.task_names, item.tasks, strict=True)
    )
    return f'<nh-tasks><ol class="nh-tasks" data-lab="{item.name}">{rows}</ol></nh-tasks>'


def editor(ident: str, label: str, code: str, rows: int, does: str) -> str:
    """Return a text field for code, which JavaScript makes a better editor of; `does` is what Ctrl + Enter does."""
    return (
        f'<div class="nh-editor"><span class="nh-name" id="{ident}-label">{escape(label)}</span>'
        f'<textarea id="{ident}" rows="{rows}" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" '
        f'aria-labelledby="{ident}-label" aria-describedby="{ident}-keys">\n{escape(code)}</textarea>'
        f'<small class="nh-keys" id="{ident}-keys">{_KEYS.format(does=does)}</small></div>'
    )


def _task(item: lab.Lab, name: str, task: Task, ident: str) -> str:
    if isinstance(task, Predict):
        return _predict(item, name, task, ident)
    return _write(name, task, ident) if isinstance(task, Write) else _reach(item, name, task)


def _predict(item: lab.Lab, name: str, task: Predict, ident: str) -> str:
    options = "".join(
        f'<label><input type="radio" name="{ident}" value="{number}"> <span>{as_html(text)}</span></label>'
        for number, text in enumerate(task.options)
    )
    right = as_html(task.options[task.answer])
    answer = f"<p><strong>{right}.</strong> {as_html(task.because)}</p>{_shown(item, task.arguments, 'Show it in the panel')}"
    return (
        f'<li class="nh-task nh-predict" data-task="{name}" data-right="{task.answer}">'
        f"<fieldset><legend>{as_html(task.question)}</legend>{options}</fieldset>"
        f"{_acts('commit', 'Commit')}{_SAID}{_hint(task.hint)}{_answer('Answer', answer)}</li>"
    )


def _reach(item: lab.Lab, name: str, task: Reach) -> str:
    settings = ", ".join(f"{key} = {value}" for key, value in task.solution.items())
    answer = (
        f"<p><code>{escape(settings)}</code></p><p>{as_html(task.because)}</p>"
        f"{_shown(item, task.solution, 'Try the solution in the panel')}"
    )
    return (
        f'<li class="nh-task nh-reach" data-task="{name}"><p>{as_html(task.goal)} <span class="nh-met" hidden>Reached</span></p>'
        f"{_SAID}{_hint(task.hint)}{_answer('Solution', answer)}</li>"
    )


def _write(name: str, task: Write, ident: str) -> str:
    solution = f'<pre><code>{escape(task.solution)}</code></pre><p class="nh-because">{as_html(task.because)}</p>'
    buttons = (
        '<button type="button" data-act="check">Check</button><button type="button" data-act="stop" hidden>Stop</button>'
        '<button type="button" data-act="reset">Reset to the start</button>'
    )
    return (
        f'<li class="nh-task nh-write" data-task="{name}"><p>{as_html(task.goal)} <span class="nh-met" hidden>Done</span></p>'
        f'{editor(f"{ident}-code", "Your code", task.start, task.start.count("\n") + 3, "checks")}<div class="nh-acts">{buttons}</div>{_SAID}'
        f"{_hint(task.hint)}{_answer('Solution', solution)}</li>"
    )


# What happens in a task is said here.
_SAID = '<p class="nh-verdict" role="status"></p>'


def _acts(act: str, label: str) -> str:
    return f'<div class="nh-acts"><button type="button" data-act="{act}">{label}</button></div>'


def _shown(item: lab.Lab, arguments: Mapping[str, str], label: str) -> str:
    """Return a button that sets the page's panel to these arguments; all are named, because the panel may stand at others."""
    texts = {name: as_text(value) for name, value in item.values(arguments).items()}
    settings = escape(json.dumps(texts, ensure_ascii=False), quote=True)
    return (
        f'<div class="nh-acts"><button type="button" data-act="show" data-settings="{settings}">{label}</button></div>'
    )


def _hint(text: str) -> str:
    return f'<details class="nh-hint-text"><summary>Hint</summary><p>{as_html(text)}</p></details>' if text else ""


def _answer(name: str, html: str) -> str:
    return f'<details class="nh-answer"><summary>{name}</summary>{html}</details>'
