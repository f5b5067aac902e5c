"""The labs in a terminal: `python -m labs_py list`, `python -m labs_py run LAB [--parameter value …] [--json]`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from labs_py import lab
from labs_py.parameter import Choice, Flag, LabError, Range, Upload, shorten

_USAGE = """usage: python -m labs_py list
       python -m labs_py run LAB [--parameter value …] [--json]
       python -m labs_py run LAB --help"""


def main(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; print the result, or one line on standard error; return the exit code (2 for a mistake)."""
    match arguments:
        case ["list"]:
            for name in lab.names():
                item = lab.load(name)
                print(f"{name:<22}{item.title}: {item.claim}")
            return 0
        case ["run", name, *rest]:
            try:
                print(_help(lab.load(name)) if "--help" in rest else _run(lab.load(name), rest))
            except LabError as error:
                print(f"labs_py: {error}", file=sys.stderr)
                return 2
            return 0
        case [] | ["--help" | "-h"]:
            print(_USAGE)
            return 0
    print(
        f"labs_py: command must be list or run LAB, got {shorten(' '.join(arguments))}; try python -m labs_py --help",
        file=sys.stderr,
    )
    return 2


def _run(item: lab.Lab, rest: Sequence[str]) -> str:
    as_json = "--json" in rest
    given = _given(item, [word for word in rest if word != "--json"])
    values = item.values(given)
    report = item.report(given)
    if not as_json:
        return report.text()
    texts = {name: lab.as_text(value) for name, value in values.items()}
    return json.dumps(
        {"lab": item.name, "arguments": texts, "takeaway": report.takeaway, "data": report.data},
        indent=2,
        ensure_ascii=False,
    )


def _given(item: lab.Lab, words: Sequence[str]) -> Mapping[str, object]:
    """Return the texts of `--name value` and `--name=value`; an architecture may be a path."""
    uploads = {parameter.name for parameter in item.parameters if isinstance(parameter.kind, Upload)}
    given: dict[str, object] = {}
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("--"):
            raise LabError(f"argument must start with --, got {shorten(word)}")
        option, equals, value = word.removeprefix("--").partition("=")
        name = option.replace("-", "_")
        if not equals:
            if not remaining:
                raise LabError(f"--{name} must be followed by a value, got nothing")
            value = remaining.pop(0)
        given[name] = _file(value) if name in uploads else value
    return given


def _file(value: str) -> object:
    """Return the file that `value` names, ready to be parsed; any other text is the name of a shipped architecture."""
    path = Path(value)
    if path.suffix != ".toml" and not path.is_file():
        return value
    try:
        return {"file": path.name, "text": path.read_text(encoding="utf-8")}
    except FileNotFoundError:
        raise LabError(f"architecture file must exist, got {shorten(value)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"architecture file must be readable as UTF-8 text, got {shorten(value)}: {error}") from None


def _help(item: lab.Lab) -> str:
    lines = [f"{item.title}: {item.claim}", ""]
    values = item.values({})
    for parameter in item.parameters:
        kind = parameter.kind
        match kind:
            case Range():
                rule = f"{kind.low:g} to {kind.high:g}{' ' + kind.unit if kind.unit else ''}"
            case Choice():
                rule = " | ".join(kind.available(values)) + (f" (of the {kind.of})" if kind.of else "")
            case Flag():
                rule = "true | false"
            case Upload():
                rule = "a shipped architecture or the path of a .toml file"
        lines.append(f"  --{parameter.name:<18}{kind.label}: {rule}; default {parameter.default}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
