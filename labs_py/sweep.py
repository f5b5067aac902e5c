"""One lab at many settings: computed here, or by any `concurrent.futures.Executor`, on the processors of one machine or of many.

Each run is a task of its own, and so is each replication of a lab that is made of them. A task is the lab's name and its settings as
text, and its result is JSON, so both travel wherever Python and labs_py are.

>>> [round(point.data["slow_share"], 3) for point in sweep("tail_at_scale", {"fan_out": [10, 100]}, p_slow=0.01)]
[0.096, 0.634]
"""

import json
import multiprocessing
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

from labs_py import lab
from labs_py.parameter import LabError, as_text
from labs_py.replications import Replications
from labs_py.report import Table


@dataclass(frozen=True)
class Point:
    """The result of one run. `settings` are as given, `data` as the lab's docstring says."""

    settings: Mapping[str, object]
    takeaway: str
    data: Mapping[str, Any]


def sweep(
    name: str, grid: Mapping[str, Sequence[object]], executor: Executor | None = None, **fixed: object
) -> list[Point]:
    """Return the runs of a lab at every combination of the values in `grid`, the last parameter changing fastest.

    Values are numbers, or texts such as a form or a command line gives; `fixed` are the same in all runs. Whatever the executor,
    the results and their order are the same. Without one, all is computed here, one after another.

    Raises:
        LabError: there is no such lab, or it cannot use a setting; none is run then that was not under way.
    """
    item = lab.load(name)
    settings = [fixed | dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    given = [{key: _text(value) for key, value in one.items()} for one in settings]
    for one, texts in zip(settings, given, strict=True):
        with _Named(name, one):
            item.values(texts)
    futures: list[Future[Any]] = []
    try:
        begun: list[Future[Any]] = []
        parts: list[list[Future[Any]]] = []
        for one, texts in zip(settings, given, strict=True):
            with _Named(name, one):
                begun.append(_submitted(executor, futures, _begun, name, texts))
        for one, texts, first in zip(settings, given, begun, strict=True):
            with _Named(name, one):
                numbers = range(first.result()[0])
                parts.append([_submitted(executor, futures, _replication, name, texts, number) for number in numbers])
        return [_point(name, *run) for run in zip(settings, given, begun, parts, strict=True)]
    finally:
        for future in futures:
            future.cancel()


def _point(
    name: str, settings: Mapping[str, object], texts: Mapping[str, object], begun: Future[Any], parts: list[Future[Any]]
) -> Point:
    with _Named(name, settings):
        count, takeaway, data = begun.result()
        if count:
            found = lab.load(name).begun(texts)
            assert isinstance(found, Replications)  # noqa: S101  it said so when it was begun
            report = found.summary([part.result() for part in parts])
            takeaway, data = report.takeaway, report.data
    return Point(settings, takeaway, data)


def _begun(name: str, texts: Mapping[str, object]) -> tuple[int, str, Mapping[str, Any]]:
    """Return the number of replications of a run; where there are none, what came of it."""
    found = lab.load(name).begun(texts)
    return (found.count, "", {}) if isinstance(found, Replications) else (0, found.takeaway, found.data)


def _replication(name: str, texts: Mapping[str, object], number: int) -> Any:
    found = lab.load(name).begun(texts)
    assert isinstance(found, Replications)  # noqa: S101  it said so when it was begun
    return found.one(number)


def _submitted(executor: Executor | None, futures: list[Future[Any]], call: Any, *arguments: Any) -> Future[Any]:
    if executor is not None:
        futures.append(executor.submit(call, *arguments))
        return futures[-1]
    done: Future[Any] = Future()
    done.set_result(call(*arguments))
    return done


def _text(value: object) -> object:
    return value if isinstance(value, Mapping) else as_text(value)


class _Named:
    """Says of an error in the block at which settings it happened."""

    def __init__(self, name: str, settings: Mapping[str, object]) -> None:
        self._where = f"{name} with {described(settings)}" if settings else name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LabError):
            raise LabError(f"{self._where}: {error}") from None
        if error is not None:
            error.add_note(self._where)


def told(points: Sequence[Point], as_json: bool) -> str:
    """Return the results for a terminal: a table of settings and takeaways, or JSON with the data."""
    if as_json:
        runs = [{"settings": _shown(point), "takeaway": point.takeaway, "data": point.data} for point in points]
        return json.dumps(runs, indent=2, ensure_ascii=False)
    return Table(
        [*points[0].settings, "Result"], [(*_shown(point).values(), point.takeaway) for point in points]
    ).text()


def _shown(point: Point) -> dict[str, str]:
    return {name: shown(value) for name, value in point.settings.items()}


def processes(count: int) -> Executor:
    """Return so many processes of this machine; Ctrl-C is left to whoever waits for them."""
    return ProcessPoolExecutor(
        count,
        multiprocessing.get_context("spawn"),  # a fork would copy locks that other threads hold
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )


def described(settings: Mapping[str, object]) -> str:
    """Return settings in words; of a file, its name.

    >>> described({"fan_out": 10, "p_slow": 0.01})
    'fan_out = 10, p_slow = 0.01'
    """
    return ", ".join(f"{name} = {shown(value)}" for name, value in settings.items())


def shown(value: object) -> str:
    """Return one setting as text; of a file, its name."""
    return str(value["file"]) if isinstance(value, Mapping) else as_text(value)
