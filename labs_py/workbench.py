"""The reader's own code: a lab's source as edited in the page, and functions completed for a task; run, checked, and explained where they break."""

import inspect
import io
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from labs_py import lab
from labs_py.exercise import Write
from labs_py.parameter import Choice, LabError, one_of
from labs_py.replications import Replications
from labs_py.report import Report

# The name of the reader's module: it takes the place of no lab that is shipped.
NAME = "your_code"
_FILE = f"{NAME}.py"
_LONGEST_MESSAGE = 400
_LONGEST_PRINT = 4_000


class CodeError(LabError):
    """The reader's code broke. `line` is the line of it that did, if one is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Printed(io.TextIOBase):
    """Where the reader's code prints to: the first characters are kept, so that a loop that prints for ever fills no memory."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str, /) -> int:
        """Keep what still has room."""
        self.text += text[: _LONGEST_PRINT - len(self.text)]
        return len(text)


@dataclass(frozen=True)
class Edited:
    """A lab as edited: itself, which of the given arguments it takes, and a word on the others."""

    item: lab.Lab
    taken: Mapping[str, object]
    word: str


@contextmanager
def blamed(what: str = "") -> Iterator[None]:
    """Turn whatever the reader's code raises into a `CodeError`: the error, and the line of the reader's that led to it, or else `what`."""
    try:
        yield
    except CodeError:
        raise
    except LabError as error:
        # What a lab says of its settings is no fault of a line, unless an error in a line is behind it.
        raise CodeError(str(error), _line_of(error.__cause__) if error.__cause__ else None) from error
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        line = _line_of(error)
        raise CodeError(_message_of(error) if line else what + _message_of(error), line) from error


def module_of(source: str) -> ModuleType:
    """Return a fresh module that `source` has filled.

    Raises:
        CodeError: the source is not Python, or breaks as it runs.
    """
    module = ModuleType(NAME)
    sys.modules[NAME] = module  # dataclasses and pickles look their module up
    with blamed():
        exec(compile(source, _FILE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  that is what it is for
    return module


def edited(shipped: lab.Lab, source: str, given: Mapping[str, object]) -> Edited:
    """Return a shipped lab with `source` for its module. It has no tasks, because goals are about the lab as it is.

    Raises:
        CodeError: the source breaks, or has no `run` that a panel could show.
    """
    module = module_of(source)
    run = _function(module, "run")
    with blamed():
        try:
            item = replace(lab.read(shipped.name, module), run=_reporting(run), tasks=[])
        except LabError as error:
            raise CodeError(str(error), _line_of_function(run)) from error
        return Edited(item, *_fitted(shipped, item, given))


def as_json(answer: Mapping[str, Any]) -> str:
    """Return the answer of an edited lab as JSON text.

    Raises:
        CodeError: its report holds what is no JSON.
    """
    try:
        return json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CodeError(
            f"The report's data and figures must hold text, finite numbers, lists and dicts only ({error})"
        ) from error


def checked(shipped: lab.Lab, name: str, source: str) -> dict[str, Any]:
    """Check the reader's code for a task: {"passed", "says", "line", "printed"}; `says` is the counterexample, "" when it passes.

    Raises:
        CodeError: the code breaks, or does not define the function that the task asks for.
        LabError: the lab has no such task to write.
    """
    tasks = dict(zip(shipped.task_names, shipped.tasks, strict=True))
    task = tasks.get(name)
    if not isinstance(task, Write):
        known = [known for known, item in tasks.items() if isinstance(item, Write)]
        raise LabError(one_of(f"task of {shipped.name}", name, known))
    with redirect_stdout(Printed()) as printed:
        function = _function(module_of(source), task.name)
        _same_parameters(function, module_of(task.start).__dict__[task.name])
        with blamed():
            says = task.check(function)
    return {"passed": not says, "says": says, "line": None, "printed": printed.text}


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = vars(module).get(name)
    if callable(found):
        return found  # type: ignore[no-any-return]
    functions = [key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == NAME]
    got = "none" if found is None else repr(found)
    if found is None and functions:
        got = f"only {', '.join(functions[:5])}"
    raise CodeError(f"Your code must define a function {name}, got {got}")


def _same_parameters(function: Callable[..., Any], asked: Callable[..., Any]) -> None:
    wanted = list(inspect.signature(asked).parameters)
    try:
        inspect.signature(function).bind(*wanted)
    except TypeError:
        listed = f"{len(wanted)} argument{'' if len(wanted) == 1 else 's'} ({', '.join(wanted)})"
        got = ", ".join(map(str, inspect.signature(function).parameters.values())) or "none"
        raise CodeError(f"{asked.__name__} must take {listed}, got {got}", _line_of_function(function)) from None
    except ValueError:  # some functions written in C tell no signature
        return


def _reporting(run: Callable[..., Any]) -> Callable[..., Report | Replications]:
    """Return `run`, held to return what a panel can show."""

    def reported(**values: object) -> Report | Replications:
        found = run(**values)
        if isinstance(found, Report | Replications):
            return found
        remedy = "; does every path through it end in a return?" if found is None else ""
        got = "None" if found is None else type(found).__name__
        raise CodeError(f"run must return a Report, got {got}{remedy}", _line_of_function(run))

    return reported


def _fitted(shipped: lab.Lab, item: lab.Lab, given: Mapping[str, object]) -> tuple[dict[str, object], str]:
    """Return the arguments that an edited lab takes, and a word on the others, which stand in the form of the lab as shipped."""
    now = {parameter.name: parameter for parameter in item.parameters}
    before = {parameter.name: parameter for parameter in shipped.parameters}
    gone = [name for name in given if name not in now]
    moved = [
        name
        for name, value in given.items()
        if name in now and isinstance(value, str) and (options := _options(now[name].kind)) is not None
        if value not in options and value in (_options(before[name].kind) or ())
    ]
    added = [f"{name} = {parameter.default}" for name, parameter in now.items() if name not in before]
    words = [f"Your run does not take {', '.join(gone)}; what is set above is not used." if gone else ""]
    words += [f"{name} no longer offers {given[name]}; it is {now[name].default}." for name in moved]
    words += [f"New: {', '.join(added)}." if added else ""]
    taken = {name: value for name, value in given.items() if name not in gone and name not in moved}
    return taken, " ".join(filter(None, words))


def _options(kind: object) -> Mapping[str, str] | None:
    return kind.options if isinstance(kind, Choice) and isinstance(kind.options, Mapping) else None


def _message_of(error: BaseException) -> str:
    """Return an error as Python's last line names it, with the notes that a check has added."""
    if isinstance(error, SyntaxError):
        message = f"{type(error).__name__}: {error.msg}"
        if error.msg.endswith("outside function"):
            message += ": indent this line as far as the others of the function"
    else:
        named = traceback.TracebackException.from_exception(error, lookup_lines=False)
        named.__notes__ = None
        message = "".join(named.format_exception_only()).strip().removeprefix(f"{NAME}.")
    notes = [str(note) for note in getattr(error, "__notes__", [])]
    whole = ". ".join([message, *notes])
    return whole if len(whole) <= _LONGEST_MESSAGE else whole[:_LONGEST_MESSAGE] + "…"


def _line_of_function(function: Callable[..., Any]) -> int | None:
    return function.__code__.co_firstlineno if inspect.isfunction(function) else None


def _line_of(error: BaseException) -> int | None:
    """Return the innermost line of the reader's that led to an error."""
    if isinstance(error, SyntaxError) and error.filename == _FILE:
        return error.lineno
    walked = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in walked if frame.f_code.co_filename == _FILE]
    return lines[-1] if lines else None
