"""What a reader can set: each kind of parameter reads its text, writes it back and draws its control."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any

from labs_py.model import architecture_file, recording
from labs_py.model.architecture import Architecture
from labs_py.model.recording import Recording
from labs_py.model.trace_file import TraceFileError


class LabError(ValueError):
    """A reader or an author gave something that a lab cannot use. The message names the thing, the rule and the value."""


@dataclass(frozen=True)
class Range:
    """A number between two bounds, both included.

    `unit` is shown after the value. `step` is the slider's; any number in the range may be typed. `scale` lays out the slider: "linear",
    "log", or "nines" for probabilities near 1.
    """

    label: str
    low: float
    high: float
    unit: str = ""
    step: float | None = None
    scale: str = "linear"
    hint: str = ""

    def parse(self, name: str, text: str, whole: bool) -> float:
        """Return the number in `text`; `whole` asks for an integer."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise LabError(f"{name} must be {kind} from {self.low:g} to {self.high:g}, got {shorten(text)}")
        return int(value) if whole else value

    def control(self, name: str, ident: str, text: str, whole: bool) -> str:
        """Return a number field with a slider beside it."""
        step = f' data-step="{self.step or 1:g}"' if self.step or whole else ""
        limits = f'min="{self.low:.12g}" max="{self.high:.12g}" step="{1 if whole else "any"}"{step}'
        unit = f'<span class="nh-unit">{escape(self.unit)}</span>' if self.unit else ""
        return (
            f'<input type="range" min="0" max="1000" data-slider="{ident}" data-scale="{self.scale}" '
            f'aria-label="{escape(self.label, quote=True)}"><span class="nh-entry"><input type="number" id="{ident}" name="{name}" '
            f'value="{escape(text, quote=True)}" {limits} inputmode="decimal">{unit}</span>'
        )


@dataclass(frozen=True)
class Choice:
    """One of several options, a mapping of values to labels.

    Where the options depend on an earlier parameter, `options` is a function of that parameter's value and `of` is its name.
    """

    label: str
    options: Mapping[str, str] | Callable[[Any], Mapping[str, str]]
    of: str = ""
    hint: str = ""

    def available(self, values: Mapping[str, object]) -> Mapping[str, str]:
        """Return the options, given the values of the parameters before this one."""
        if isinstance(self.options, Mapping):
            return self.options
        source = values[self.of]
        if not isinstance(source, Architecture | Recording):
            raise LabError(f"of must name an architecture or a recording, got {self.of!r}")
        return self.options(source)

    def parse(self, name: str, text: str, options: Mapping[str, str]) -> str:
        """Return `text` when it is one of the options."""
        if text not in options:
            raise LabError(one_of(name, text, list(options)))
        return text

    def control(self, name: str, ident: str, text: str, options: Mapping[str, str]) -> str:
        """Return a select element."""
        depends = f' data-depends-on="{self.of}"' if self.of else ""
        return f'<select id="{ident}" name="{name}"{depends}>{option_tags(options, text)}</select>'


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    label: str
    hint: str = ""

    def parse(self, name: str, text: str) -> bool:
        """Return whether `text` is "true"; anything else but "false" is refused."""
        if text not in ("true", "false"):
            raise LabError(f"{name} must be true or false, got {shorten(text)}")
        return text == "true"

    def control(self, name: str, ident: str, text: str) -> str:
        """Return a check box."""
        checked = " checked" if text == "true" else ""
        return f'<input type="checkbox" id="{ident}" name="{name}"{checked}>'


@dataclass(frozen=True)
class Upload:
    """An architecture: one that is shipped, or the reader's own file."""

    label: str = "Architecture"
    hint: str = "Your own file stays in your browser."

    def parse(self, name: str, given: object) -> Architecture:
        """Return the architecture: `given` is a shipped name, or a mapping with the `file` name and its `text`."""
        try:
            if isinstance(given, Mapping):
                return architecture_file.parse(str(given["text"]), str(given["file"]))
            return architecture_file.load(str(given))
        except architecture_file.ArchitectureError as error:
            raise LabError(str(error)) from None

    def control(self, name: str, ident: str, text: str) -> str:
        """Return a select of the shipped architectures and a way to choose, read and edit a file."""
        shipped = {item: architecture_file.load(item).name for item in architecture_file.names()}
        return (
            f'<select id="{ident}" name="{name}" data-upload>{option_tags(shipped, text)}<option value="@file">Your own file…</option></select>'
            f'<div class="nh-file" hidden><label class="nh-pick">Choose a .toml file<input type="file" accept=".toml,text/plain" data-file></label>'
            f'<label for="{ident}-text">or edit here, then Run</label>'
            f'<textarea id="{ident}-text" rows="12" spellcheck="false" autocapitalize="off" data-text></textarea></div>'
        )


@dataclass(frozen=True)
class Traces:
    """Recorded requests: those that are shipped, or the reader's own file, however large."""

    label: str = "Recording"
    hint: str = "Your own file stays in your browser."

    def parse(self, name: str, given: object) -> Recording:
        """Return the recording: `given` is a shipped name, or a mapping with the `file` name and its `text`, or its `path` and whom to `tell`."""
        try:
            if not isinstance(given, Mapping):
                if not recording.is_shipped(str(given)):
                    raise LabError(one_of(name, str(given), recording.names()))
                return recording.load(str(given))
            if "text" in given:
                return recording.parse(str(given["text"]), str(given["file"]))
            told = [given["tell"]] if "tell" in given else []
            return recording.read(str(given["path"]), str(given["file"]), *told)
        except TraceFileError as error:
            raise LabError(str(error)) from None

    def control(self, name: str, ident: str, text: str) -> str:
        """Return a select of the shipped recordings and a way to choose a file."""
        shipped = {item: item for item in recording.names()}
        return (
            f'<select id="{ident}" name="{name}" data-traces>{option_tags(shipped, text)}<option value="@file">Your own traces…</option></select>'
            f'<div class="nh-file" hidden><label class="nh-pick">Choose a file of traces<input type="file" '
            f'accept=".json,.jsonl,.ndjson,.gz,application/json,application/gzip" data-file></label>'
            f'<p class="nh-chosen" data-chosen></p></div>'
        )


Kind = Range | Choice | Flag | Upload | Traces


def as_text(value: object) -> str:
    """Return a parameter's value as the text that a form or a command line would give for it."""
    if isinstance(value, Architecture):
        return value.file.removesuffix(".toml")
    if isinstance(value, Recording):
        return value.file
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def one_of(name: str, text: str, known: Sequence[str]) -> str:
    """Return the message for a name that is not known, with the closest one that is."""
    close = get_close_matches(text, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"{name} must be one of {listed}, got {shorten(text)}{meant}"


def shorten(text: str) -> str:
    """Return `text` quoted and, where it is long, cut."""
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else quoted[:57] + "..."


def option_tags(options: Mapping[str, str], chosen: str) -> str:
    """Return option elements."""
    return "".join(
        f'<option value="{escape(value, quote=True)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in options.items()
    )


def architecture_given(value: str) -> str | Mapping[str, str]:
    """Return the file whose path is given in a terminal, as an `Upload` takes it; any other text is the name of a shipped architecture.

    Raises:
        LabError: the file is missing, or cannot be read as UTF-8 text.
    """
    path = Path(value)
    if path.suffix != ".toml" and not path.is_file():
        return value
    try:
        return {"file": path.name, "text": path.read_text(encoding="utf-8")}
    except FileNotFoundError:
        raise LabError(f"architecture file must exist, got {shorten(value)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"architecture file must be readable as UTF-8 text, got {shorten(value)}: {error}") from None
