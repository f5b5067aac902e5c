"""A lab: a function whose signature is its form, its validation, its command line and its tests."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from labs_py.exercise import Oracle, Reach, Task
from labs_py.parameter import Choice, Flag, Kind, LabError, Range, Traces, Upload, as_text, one_of
from labs_py.replications import Replications
from labs_py.report import Report


@dataclass(frozen=True)
class Parameter:
    """One keyword of a lab's `run`: its name, its kind and its default as text."""

    name: str
    kind: Kind
    default: str
    whole: bool

    def parse(self, given: object, values: Mapping[str, object]) -> object:
        """Return the value that `given` stands for; `None` asks for the default.

        A default that another architecture does not have gives way to the first option it does have.
        """
        text = self.default if given is None else given
        if isinstance(self.kind, Upload | Traces):
            return self.kind.parse(self.name, text)
        if not isinstance(text, str):
            raise LabError(f"{self.name} must be given as text, got {text!r}")
        if isinstance(self.kind, Choice):
            options = self.kind.available(values)
            if given is None and text not in options:
                text = next(iter(options))
            return self.kind.parse(self.name, text, options)
        if isinstance(self.kind, Flag):
            return self.kind.parse(self.name, text)
        return self.kind.parse(self.name, text, self.whole)

    def control(self, ident: str, value: object, values: Mapping[str, object]) -> str:
        """Return the control that shows `value`."""
        text = as_text(value)
        if isinstance(self.kind, Choice):
            return self.kind.control(self.name, ident, text, self.kind.available(values))
        if isinstance(self.kind, Range):
            return self.kind.control(self.name, ident, text, self.whole)
        return self.kind.control(self.name, ident, text)


@dataclass(frozen=True)
class Lab:
    """A lab, read from its module: `run`, its parameters, tasks, oracles, limits and sources."""

    name: str
    title: str
    claim: str
    run: Callable[..., Report | Replications]
    parameters: Sequence[Parameter]
    tasks: Sequence[Task]
    oracles: Sequence[Oracle]
    limits: Sequence[str]
    sources: Sequence[str]

    def values(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return the keyword arguments of `run` for texts such as a form or a command line gives.

        Raises:
            LabError: a name is unknown, or a value breaks its parameter's rule.
        """
        known = [item.name for item in self.parameters]
        for name in given:
            if name not in known:
                raise LabError(one_of(f"argument of {self.name}", name, known))
        values: dict[str, object] = {}
        for item in self.parameters:
            values[item.name] = item.parse(given.get(item.name), values)
        return values

    def report(self, given: Mapping[str, object]) -> Report:
        """Return the report for texts, with all replications where the lab is made of them.

        Raises:
            LabError: a name is unknown, a value breaks a rule, or the model refuses the combination.
        """
        found = self.begun(given)
        return found.report() if isinstance(found, Replications) else found

    def begun(self, given: Mapping[str, object]) -> Report | Replications:
        """Return the report for texts or, of a lab that is made of replications, these before any of them has run.

        Raises:
            LabError: as `report` does.
        """
        values = self.values(given)
        try:
            return self.run(**values)
        except LabError:
            raise
        except ValueError as error:
            raise LabError(f"{self.name}: {error}") from error

    @property
    def task_names(self) -> list[str]:
        """The name of each task, in order: its kind and its number among those of its kind, such as "reach-2"."""
        kinds = [type(task).__name__.lower() for task in self.tasks]
        return [f"{kind}-{kinds[: index + 1].count(kind)}" for index, kind in enumerate(kinds)]

    def reached(self, report: Report, values: Mapping[str, object]) -> list[bool]:
        """Return, for each task in order, whether this run reaches it; tasks that are not about settings are never reached so."""
        texts = {name: as_text(value) for name, value in values.items()}
        return [isinstance(task, Reach) and task.met(report.data, texts) for task in self.tasks]

    def form(self, given: Mapping[str, object], ident: str) -> str:
        """Return the controls, set to `given`; `ident` makes their ids unique on the page."""
        values = self.values(given)
        rows = []
        for item in self.parameters:
            key = f"{ident}-{item.name}"
            hint = f'<small class="nh-hint">{escape(item.kind.hint)}</small>' if item.kind.hint else ""
            kind = type(item.kind).__name__.lower()
            rows.append(
                f'<div class="nh-control nh-{kind}"><label for="{key}">{escape(item.kind.label)}</label>'
                f"{item.control(key, values[item.name], values)}{hint}</div>"
            )
        return "".join(rows)


@cache
def load(name: str) -> Lab:
    """Return the lab that the file `labs_py/labs/<name>.py` defines.

    Raises:
        LabError: there is no such lab.
    """
    # In a browser labs come one by one: there is no folder to list.
    if not name.isidentifier() or name[0] == "_" or find_spec(f"labs_py.labs.{name}") is None:
        raise LabError(one_of("lab", name, names()))
    return read(name, import_module(f"labs_py.labs.{name}"))


def read(name: str, module: ModuleType) -> Lab:
    """Return the lab that a module defines.

    Raises:
        LabError: its `run` has a parameter that no form could show.
    """
    heading, _, rest = inspect.cleandoc(module.__doc__ or "").partition("\n")
    title, _, claim = heading.partition(": ")
    return Lab(
        name,
        title,
        claim,
        module.run,
        list(_parameters(module.run)),
        getattr(module, "TASKS", []),
        getattr(module, "ORACLES", []),
        getattr(module, "LIMITS", []),
        _sources(rest),
    )


def names() -> list[str]:
    """Return the names of all labs, in alphabetical order."""
    folder = files("labs_py").joinpath("labs").iterdir()
    return sorted(item.name[:-3] for item in folder if item.name.endswith(".py") and not item.name.startswith("_"))


def value_at(data: object, path: str) -> Any:
    """Return what stands at a path such as `endpoints[GET /].availability`.

    Raises:
        LabError: nothing stands there.
    """
    found = data
    for name, bracketed in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", path):
        key = name or bracketed
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            known = list(found) if isinstance(found, Mapping) else []
            raise LabError(one_of(f"data path {path!r}", key, known))
    return found


def _parameters(run: Callable[..., object]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(run, include_extras=True)
    for item in inspect.signature(run).parameters.values():
        base, *extras = typing.get_args(hints.get(item.name)) or (hints.get(item.name),)
        kinds = [extra for extra in extras if isinstance(extra, Range | Choice | Flag | Upload | Traces)]
        if item.kind is not item.KEYWORD_ONLY or item.default is item.empty or len(kinds) != 1:
            raise LabError(
                f"{run.__module__}.run: {item.name} must be keyword-only, with a default and one Range, Choice, Flag, Upload or Traces"
            )
        yield Parameter(item.name, kinds[0], as_text(item.default), base is int)


def _sources(text: str) -> list[str]:
    """Return the entries of the docstring's Source section: an entry starts four spaces in, its other lines further in."""
    section = re.search(r"^Sources?:\n((?:[ \t]+.*\n?|\n(?=[ \t]))+)", text, re.MULTILINE)
    if section is None:
        return []
    entries: list[str] = []
    for line in section[1].splitlines():
        if line.startswith("     ") and entries:
            entries[-1] += " " + line.strip()
        elif line.strip():
            entries.append(line.strip())
    return entries
