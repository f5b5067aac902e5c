"""Recorded requests to learn from: a recording that is shipped, or a file of the reader's, read a piece at a time."""

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, cast

from labs_py.model.trace_file import TraceFileError, recorded
from labs_py.model.trace_summary import TraceSummary

# Bytes read, bytes in all, requests so far.
Progress = Callable[[int, int, int], object]

_CHUNK = 1 << 19
_GZIP = b"\x1f\x8b"
_EMPTY = (
    "must hold at least one request, got none; export traces from Jaeger or from the OpenTelemetry Collector as JSON"
)
_latest: dict[object, "Recording"] = {}


@dataclass(frozen=True, eq=False)
class Recording:
    """Requests from one source. `file` is its name, `note` says how it was made; `summary` is made when it is first asked for."""

    file: str
    note: str
    read: Callable[[], TraceSummary]

    @cached_property
    def summary(self) -> TraceSummary:
        """What the requests have in common.

        Raises:
            TraceFileError: the file cannot be used.
        """
        return self.read()


def names() -> list[str]:
    """Return the names of the recordings that are shipped, in alphabetical order."""
    shipped = (item.name for item in files("labs_py").joinpath("recordings").iterdir())
    return sorted(name.removesuffix(".py") for name in shipped if name.endswith(".py") and name[0] != "_")


def is_shipped(name: str) -> bool:
    """Return whether a recording of that name is shipped. In a browser this lists no folder, since recordings come one by one."""
    return name.isidentifier() and name[0] != "_" and find_spec(f"labs_py.recordings.{name}") is not None


@cache
def load(name: str) -> Recording:
    """Return a recording that is shipped.

    Raises:
        TraceFileError: no recording of that name is shipped.
    """
    if not is_shipped(name):
        raise TraceFileError(f"trace must be one of {', '.join(names())}, or a file of traces, got {name!r}")
    module = import_module(f"labs_py.recordings.{name}")
    lines: str = module.LINES
    return Recording(name, str(module.__doc__), lambda: _summary(iter([lines]), name, lambda _: None))


def parse(text: str, file: str) -> Recording:
    """Return the requests that a text holds.

    Raises:
        TraceFileError: it holds none, or something else.
    """
    return _kept((file, text), Recording(file, "", lambda: _summary(iter([text]), file, lambda _: None)))


def read(path: str, file: str, tell: Progress = lambda done, total, requests: None) -> Recording:
    """Return the requests in a file, which may be compressed by gzip. The one read last is kept and not read again while it stays as it is.

    Raises:
        TraceFileError: the file cannot be read, holds no request, or something else.
    """
    try:
        state = Path(path).stat()
    except OSError as error:
        raise TraceFileError(f"{file} must be a file that can be read, got {_cause(error)}") from None

    def whole() -> TraceSummary:
        done = 0

        def told(requests: int) -> None:
            tell(done, state.st_size, requests)

        def chunks() -> Iterator[str]:
            nonlocal done
            for text, done in _chunks(path, file):  # noqa: B007  `told` says it
                yield text

        return _summary(chunks(), file, told)

    return _kept((path, state.st_size, state.st_mtime_ns), Recording(file, "", whole))


def _kept(key: object, recording: Recording) -> Recording:
    if key not in _latest:
        _latest.clear()  # first, so that not both are in memory
        assert recording.summary  # noqa: S101  read it now: whoever asks wants to hear of mistakes
        _latest[key] = recording
    return _latest[key]


def _summary(chunks: Iterator[str], file: str, tell: Callable[[int], object]) -> TraceSummary:
    summary = TraceSummary()

    def watched() -> Iterator[str]:
        for chunk in chunks:
            tell(summary.requests)
            yield chunk

    for _ in summary.read(recorded(watched(), file)):
        tell(summary.requests)
    if not summary.requests and not summary.architecture.services:
        raise TraceFileError(f"{file} {_EMPTY}")
    return summary


def _chunks(path: str, file: str) -> Iterator[tuple[str, int]]:
    """Yield the text of a file in pieces, each with the number of bytes of the file that have been read."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with Path(path).open("rb") as raw:
            compressed = raw.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
            source = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if compressed else raw
            while chunk := source.read(_CHUNK):
                yield decoder.decode(chunk), raw.tell()
            yield decoder.decode(b"", final=True), raw.tell()
    except UnicodeDecodeError as error:
        raise TraceFileError(
            f"{file} must be JSON, which is text in UTF-8, got the byte 0x{error.object[error.start]:02x} in it that is none. "
            "Traces in the form of Protocol Buffers must be exported as JSON; a zip file must be unpacked."
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TraceFileError(
            f"{file} must be a whole gzip file, got a damaged one ({error}). Copy or compress it again."
        ) from None
    except OSError as error:
        raise TraceFileError(f"{file} must be a file that can be read, got {_cause(error)}") from None


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
