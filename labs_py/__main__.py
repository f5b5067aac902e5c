"""The labs in a terminal: `python -m labs_py list`, `run LAB [--parameter value …] [--json]`, `sweep LAB …`, `live ARCHITECTURE …`."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from labs_py import lab
from labs_py.model import recording
from labs_py.parameter import (
    Choice,
    Flag,
    Kind,
    LabError,
    Range,
    Traces,
    Upload,
    architecture_given,
    as_text,
    shorten,
)
from labs_py.report import Report

_SAVE = "architecture"
_MOST_PROCESSES = 1_000
_USAGE = """usage: python -m labs_py list
       python -m labs_py run LAB [--parameter value …] [--json]
       python -m labs_py run critical_path --trace FILE [--architecture OUT.toml]
       python -m labs_py run LAB --help
       python -m labs_py sweep LAB --parameter value,value,… [--processes 4] [--json]
       python -m labs_py live ARCHITECTURE [--rate 20] [--kill SERVICE@2s] …"""


def main(arguments: Sequence[str], settings: Mapping[str, object] = MappingProxyType({})) -> int:
    """Do what `arguments` say; print the result, or one line on standard error; return the exit code (2 for a mistake).

    `settings` are those of a lab that is run, as texts, where `arguments` do not say otherwise.
    """
    match arguments:
        case ["list"]:
            for name in lab.names():
                item = lab.load(name)
                print(f"{name:<22}{item.title}: {item.claim}")
            return 0
        case ["run", name, *rest]:
            return _printed(lambda: _help(lab.load(name)) if "--help" in rest else _run(lab.load(name), rest, settings))
        case ["sweep", name, *rest]:
            return _printed(lambda: _swept(lab.load(name), rest))
        case ["live", *rest]:
            return _live(rest)
        case [] | ["--help" | "-h"]:
            print(_USAGE)
            return 0
    print(
        f"labs_py: command must be list, run LAB, sweep LAB or live ARCHITECTURE, got {shorten(' '.join(arguments))}; try python -m labs_py --help",
        file=sys.stderr,
    )
    return 2


def _printed(text: Callable[[], str]) -> int:
    try:
        print(text(), flush=True)
    except LabError as error:
        print(f"labs_py: {error}", file=sys.stderr)
        return 2
    except (
        BrokenPipeError
    ):  # the reader has seen enough, such as `head`; what is left must not be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("labs_py: stopped", file=sys.stderr)
        return 130
    return 0


def _live(rest: Sequence[str]) -> int:
    try:
        live = import_module("labs_py.live.__main__")
    except ModuleNotFoundError as error:
        print(f'labs_py: live needs {error.name}; install it with pip install "labs_py[live]"', file=sys.stderr)
        return 2
    code: int = live.main(rest)
    return code


def _run(item: lab.Lab, rest: Sequence[str], settings: Mapping[str, object]) -> str:
    as_json = "--json" in rest
    words = {**settings, **_given(item, [word for word in rest if word != "--json"])}
    target = str(words.pop(_SAVE)) if _saves(item) and _SAVE in words else ""
    progress = _Progress()
    given = {name: _told(value, progress) for name, value in words.items()}
    try:
        values = item.values(given)
        report = item.report(given)
    finally:
        progress.clear()
    if target:
        _save(target, report)
    if not as_json:
        return report.text()
    texts = {name: as_text(value) for name, value in values.items()}
    return json.dumps(
        {"lab": item.name, "arguments": texts, "takeaway": report.takeaway, "data": report.data},
        indent=2,
        ensure_ascii=False,
    )


def _swept(item: lab.Lab, rest: Sequence[str]) -> str:
    """Return a lab's results at every combination of the values that `rest` lists, each list separated by commas."""
    sweeping = import_module("labs_py.sweep")  # a lab in one file does without
    if "--help" in rest:
        return f"{_help(item)}\n\n  Each may be several values, separated by commas. --processes N spreads the runs; --json prints their data."
    words = dict(_options([word for word in rest if word != "--json"]))
    count = words.pop("processes", "1")
    if not (count.isascii() and count.isdecimal() and 1 <= int(count) <= _MOST_PROCESSES):
        raise LabError(f"--processes must be a whole number from 1 to {_MOST_PROCESSES}, got {shorten(count)}")
    kinds = {parameter.name: parameter.kind for parameter in item.parameters}
    grid = {name: [_read(kinds.get(name), each) for each in value.split(",")] for name, value in words.items()}
    with sweeping.processes(int(count)) if count != "1" else nullcontext() as executor:
        told: str = sweeping.told(sweeping.sweep(item.name, grid, executor), "--json" in rest)
    return told


def _saves(item: lab.Lab) -> bool:
    """Return whether the lab learns an architecture, which `--architecture FILE` saves; elsewhere that is a parameter."""
    return any(isinstance(parameter.kind, Traces) for parameter in item.parameters)


def _save(target: str, report: Report) -> None:
    try:
        Path(target).write_text("".join(document.text for document in report.documents), encoding="utf-8")
    except OSError as error:
        raise LabError(
            f"--{_SAVE} must be a file that can be written, got {shorten(target)}: {error.strerror}"
        ) from None


def _told(value: object, progress: "_Progress") -> object:
    """Return a value; of a file that is read a piece at a time, with whom to tell how far that is."""
    return {**value, "tell": progress} if isinstance(value, Mapping) and "path" in value else value


class _Progress:
    """Says on a terminal, at most twice a second, how much of a file has been read; elsewhere nothing."""

    def __init__(self) -> None:
        self._said = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int, requests: int) -> None:
        now = time.monotonic()
        if now - self._said < 0.5 or not sys.stderr.isatty():
            return
        # None is whole as long as more of its spans may follow.
        found = f", {requests:,} requests" if requests else ""
        print(f"\r{done * 100 // max(total, 1)} % read{found}", end="\x1b[K", file=sys.stderr, flush=True)
        self._said, self._shown = now, True

    def clear(self) -> None:
        """Take what was said away."""
        if self._shown:
            print(end="\r\x1b[K", file=sys.stderr, flush=True)
        self._shown = False


def _given(item: lab.Lab, words: Sequence[str]) -> Mapping[str, object]:
    """Return the texts of `--name value` and `--name=value`; an architecture may be a path."""
    kinds = {parameter.name: parameter.kind for parameter in item.parameters}
    return {name: _read(kinds.get(name), value) for name, value in _options(words)}


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each `--name value` and `--name=value`."""
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
        yield name, value


def _read(kind: Kind | None, value: str) -> object:
    """Return the value of a parameter as its kind takes it."""
    match kind:
        case Upload():
            return architecture_given(value)
        case Traces() if value not in recording.names():
            return {"file": Path(value).name or value, "path": value}
        case _:
            return value


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
            case Traces():
                rule = f"{' | '.join(recording.names())} | the path of a file of traces"
        lines.append(f"  --{parameter.name:<18}{kind.label}: {rule}; default {parameter.default}")
    if _saves(item):
        lines.append(
            f"  --{_SAVE:<18}Where to write what the traces say as an architecture file: the path of a .toml file"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
