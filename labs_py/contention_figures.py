"""The figures of clients that contend for one item: calls and times as there are more of them, and when the calls of one contest were made."""

import math
from collections.abc import Mapping, Sequence

from labs_py import chart
from labs_py.model.contention import Course
from labs_py.numerals import significant
from labs_py.report import Figure, Table

NAMES = {
    "none": "none",
    "exponential": "exponential",
    "decorrelated": "decorrelated",
    "equal": "equal jitter",
    "full": "full jitter",
}
"""Every kind of backoff as the figures name it, in the order of their rows."""
_COLORS = {
    "none": chart.NEUTRAL,
    "exponential": chart.FAILS,
    "decorrelated": chart.WORK,
    "equal": chart.NETWORK,
    "full": chart.OK,
}
_SLICES, _SHOWN = 160, 8


def over_clients(sizes: Sequence[int], means: Mapping[str, Sequence[float]], *, calls: bool) -> Figure:
    """Return the means of the calls, or of the completion in seconds, for each kind of backoff as the number of clients rises."""
    everything = [mean for series in means.values() for mean in series]
    low, high = min(everything), max(everything)
    spec = chart.named_lines(
        {NAMES[name]: list(zip(map(float, sizes), means[name], strict=True)) for name in NAMES},
        {NAMES[name]: color for name, color in _COLORS.items()},
        x="clients",
        y="calls" if calls else "seconds (logarithmic)",
        x_domain=(0, sizes[-1]),
        y_domain=(0, 1.05 * high) if calls else (low / 1.5, high * 1.5),
        x_axis={"values": list(sizes)},
        y_axis={} if calls else {"values": _steps(low / 1.5, high * 1.5)},
        log_y=not calls,
        room=0.46,
        height=230,
    )
    rows = [(f"{size:,}", *(significant(means[name][index]) for name in NAMES)) for index, size in enumerate(sizes)]
    caption = (
        "Calls until all have written, as there are more clients"
        if calls
        else "Time until all have written, as there are more clients; the scale is logarithmic"
    )
    unit = "calls" if calls else "seconds"
    return Figure(spec, caption, Table(["Clients", *(f"{name}, {unit}" for name in NAMES.values())], rows))


def _steps(low: float, high: float) -> list[float]:
    """Return the powers of ten, and three times each, as far as they are within the bounds."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in (1, 3) if low <= step * 10.0**power <= high]


def slices(courses: Mapping[str, Course]) -> tuple[float, dict[str, list[int]]]:
    """Return the length of a slice of time in ms, and how many calls of each contest fall into each slice.

    The slices end when all contests but that of exponential backoff alone are over, which may go on for ten times as long.
    """
    end = max(course.completion for name, course in courses.items() if name != "exponential")
    width = end / _SLICES
    found = {}
    for name, course in courses.items():
        counts = found[name] = [0] * _SLICES
        for at in course.writes:
            if at < end:
                counts[int(at / width)] += 1
    return width, found


def over_time(width: float, counts: Mapping[str, Sequence[int]], completion: Mapping[str, float]) -> Figure:
    """Return the calls of one contest over time, a row for each kind of backoff; `width` and `completion` are in ms."""
    names = list(NAMES)
    most = max(max(counts[name]) for name in names)
    end = width * _SLICES / 1000
    areas = {}
    for name in names:
        around = [0, *counts[name], 0, 0]
        areas[NAMES[name]] = [
            (index * width / 1000, around[index + 1] / most)
            for index in range(_SLICES + 1)
            if any(around[index : index + 3])  # what stays at zero needs no point
        ]
    late = {NAMES[name]: time / 1000 for name, time in completion.items() if time / 1000 > end}
    spec = chart.rows(
        areas,
        {NAMES[name]: color for name, color in _COLORS.items()},
        {name: f"until {significant(time)} s" for name, time in late.items()},
        x="seconds",
        x_domain=(0, end),
        steps=True,
    )
    size = _SLICES // _SHOWN
    rows = [
        (
            f"{significant(first * width / 1000, 2)} to {significant((first + size) * width / 1000, 2)} s",
            *(f"{sum(counts[name][first : first + size]):,}" for name in names),
        )
        for first in range(0, _SLICES, size)
    ]
    return Figure(
        spec,
        "One contest: when calls are made. All rows have the same scale, so equal areas are equally many calls",
        Table(["Time", *NAMES.values()], rows),
    )
