"""What the page asks of Python: JSON text in, JSON text out, a reader's mistakes as data."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

from labs_py import lab, workbench
from labs_py.model import architecture_file
from labs_py.model.recording import Progress
from labs_py.parameter import Choice, LabError, as_text
from labs_py.replications import Replications
from labs_py.report import Report

JSON = Mapping[str, Any]


def respond(request: str, tell: Progress | None = None) -> str:
    """Answer one request; a mistake of the reader's comes back as {"error": message}.

    `tell` is called now and then while a file is read: an argument {"file": name, "path": where it is}.

    {"text_of": A}: {"text"}, the file of a shipped architecture.

    {"lab": L}: {}; the lab has been imported, and what it is asked next is answered sooner.

    {"lab": L, "arguments": {name: text}}: `html`, `figures` (specifications), `data`, `arguments` (as used), `options` (of the choices that
    depend on another parameter) and `reached` (names of tasks); {…, "stamp": true} asks for `stamp` as well (see `stamp_of`).

    Of a lab that is made of replications the answer is {"replications": count} instead. Then {…, "replication": number} brings
    {"result"}, the result of one, and {…, "results": [the first of them, in order]} the answer of all so far.

    {"lab": L, "arguments": …, "code": text}: the answer of the lab with this text for its module, without `reached` and `stamp`, with
    `word` on arguments that it does not take and what it `printed`. {"lab": L, "task": name, "code": text}: see `workbench.checked`.
    An error in the reader's code comes back as {"error": message, "line": number or null}.
    """
    asked = json.loads(request)
    if tell and "arguments" in asked:
        given = asked["arguments"]
        asked["arguments"] = {name: _told(value, tell) for name, value in given.items()}
    try:
        if "text_of" in asked:
            return json.dumps({"text": architecture_file.text_of(asked["text_of"])})
        item = lab.load(asked["lab"])
        if "task" in asked:
            return json.dumps(workbench.checked(item, asked["task"], asked["code"]))
        if "code" in asked:
            return workbench.as_json(_edited(item, asked))
        return json.dumps(_ran(item, asked) if "arguments" in asked else {})
    except workbench.CodeError as error:
        return json.dumps({"error": str(error), "line": error.line})
    except LabError as error:
        return json.dumps({"error": str(error)})


def _told(value: Any, tell: Progress) -> Any:
    return {**value, "tell": tell} if isinstance(value, Mapping) and "path" in value else value


def stamp_of(report: Report) -> str:
    """Return a hash of all that a report says and holds, numbers to 12 digits: platforms differ in the last bits of `exp` and `log`."""
    whole = [report.html(), [figure.spec for figure in report.figures], report.data]
    return hashlib.sha256(json.dumps(_to_12_digits(whole), sort_keys=True).encode()).hexdigest()[:16]


def _to_12_digits(item: Any) -> Any:
    if isinstance(item, float):
        return float(f"{item:.12g}")
    if isinstance(item, Mapping):
        return {key: _to_12_digits(value) for key, value in item.items()}
    return [_to_12_digits(one) for one in item] if isinstance(item, list | tuple) else item


def _ran(item: lab.Lab, asked: JSON) -> JSON:
    given = asked["arguments"]
    found = item.begun(given)
    if not isinstance(found, Replications):
        return _answer(item, asked, found)
    if "replication" in asked:
        return {"result": found.one(asked["replication"])}
    if "results" in asked:
        return _answer(item, asked, found.summary(asked["results"]))
    return {"replications": found.count}


def _edited(shipped: lab.Lab, asked: JSON) -> JSON:
    with redirect_stdout(workbench.Printed()) as printed:
        made = workbench.edited(shipped, asked["code"], asked["arguments"])
        with workbench.blamed("The report cannot be shown: "):
            answer = _ran(made.item, {**asked, "arguments": made.taken, "stamp": False})
    return {**answer, "word": made.word, "printed": printed.text}


def _answer(item: lab.Lab, asked: JSON, report: Report) -> JSON:
    values = item.values(asked["arguments"])
    options = {
        parameter.name: list(parameter.kind.available(values).items())
        for parameter in item.parameters
        if isinstance(parameter.kind, Choice) and parameter.kind.of
    }
    return {
        "html": report.html(),
        "figures": [figure.spec for figure in report.figures],
        "data": report.data,
        "arguments": {name: as_text(value) for name, value in values.items()},
        "options": options,
        "reached": [name for name, met in zip(item.task_names, item.reached(report, values), strict=True) if met],
        **({"stamp": stamp_of(report)} if asked.get("stamp") else {}),
    }
