"""What the page asks of Python: JSON text in, JSON text out, a reader's mistakes as data."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from labs_py import lab
from labs_py.model import architecture_file
from labs_py.parameter import Choice, LabError
from labs_py.replications import Replications
from labs_py.report import Report

JSON = Mapping[str, Any]


def respond(request: str) -> str:
    """Answer one request; a mistake of the reader's comes back as {"error": message}.

    {"text_of": A}: {"text"}, the file of a shipped architecture.

    {"lab": L, "arguments": {name: text}}: `html`, `figures` (specifications), `data`, `arguments` (as used), `options` (of the choices that
    depend on another parameter), `reached` (names of tasks) and `stamp` (see `stamp_of`). Of a lab that is made of replications
    the answer is {"replications": count} instead. Then {…, "replication": number} brings {"result"}, the result of one, and
    {…, "results": [the first of them, in order]} the answer of all so far.
    """
    asked = json.loads(request)
    try:
        if "text_of" in asked:
            return json.dumps({"text": architecture_file.text_of(asked["text_of"])})
        return json.dumps(_ran(lab.load(asked["lab"]), asked))
    except LabError as error:
        return json.dumps({"error": str(error)})


def stamp_of(report: Report) -> str:
    """Return a hash of all that a report says and holds: two machines with the same stamp have got the same result to the last digit."""
    whole = [report.html(), [figure.spec for figure in report.figures], report.data]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


def _ran(item: lab.Lab, asked: JSON) -> JSON:
    given = asked["arguments"]
    found = item.begun(given)
    if not isinstance(found, Replications):
        return _answer(item, given, found)
    if "replication" in asked:
        return {"result": found.one(asked["replication"])}
    if "results" in asked:
        return _answer(item, given, found.summary(asked["results"]))
    return {"replications": found.count}


def _answer(item: lab.Lab, given: Mapping[str, object], report: Report) -> JSON:
    values = item.values(given)
    options = {
        parameter.name: list(parameter.kind.available(values).items())
        for parameter in item.parameters
        if isinstance(parameter.kind, Choice) and parameter.kind.of
    }
    return {
        "html": report.html(),
        "figures": [figure.spec for figure in report.figures],
        "data": report.data,
        "arguments": {name: lab.as_text(value) for name, value in values.items()},
        "options": options,
        "reached": [name for name, met in zip(item.task_names, item.reached(report, values), strict=True) if met],
        "stamp": stamp_of(report),
    }
