"""The figures of the lab that lets a service hang under load: answers over time, workers taken service by service, and one run to play."""

import math
from collections.abc import Sequence

from labs_py import chart
from labs_py.model.confidence import Interval, interval
from labs_py.model.outage import Course, Outage, by_depth, share_answered
from labs_py.numerals import percent, significant
from labs_py.report import Figure, Gauge, Playback, Table

VERBS = {"hang": "hangs", "slow": "is slow", "crash": "is down"}
CONFIDENCE = 0.99
_MOST_ROWS = 24


def answered_over_time(outage: Outage, runs: Sequence[Sequence[Sequence[int]]]) -> Figure:
    """Return the share of requests answered in time, second by second, with the interval over the runs; `runs` has what ended in each."""
    looks = round(1 / outage.step)
    seconds: list[tuple[float, Interval]] = []
    table = []
    for first in range(0, outage.looks, looks):
        slices = [ended[first : first + looks] for ended in runs]
        shares = [share for share in map(share_answered, slices) if not math.isnan(share)]
        time = (first + looks) * outage.step - outage.start
        ok, degraded, failed = (sum(counts[kind] for one in slices for counts in one) / len(runs) for kind in range(3))
        table.append([f"{time:g}", significant(ok), significant(degraded), significant(failed)])
        if shares:
            seconds.append((time, interval(shares, CONFIDENCE)))
            table[-1].append(f"{percent(seconds[-1][1].mean, 1)}{_spread(seconds[-1][1])}")
        else:
            table[-1].append("none ended")
    rows = [
        {"t": time, "share": one.mean, "low": max(0.0, min(1.0, one.low)), "high": min(1.0, max(0.0, one.high))}
        for time, one in seconds
    ]
    x = _seconds(outage)
    y: chart.Spec = {"field": "share", "type": "quantitative", "title": "answered in time"}
    y |= {"axis": {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}, "scale": {"domain": [0, 1.2], "nice": False}}
    layers: list[chart.Spec] = [*_fault(outage, y, 1.2, 1.1)]
    if len(runs) > 1:
        band = {"type": "area", "color": chart.SOFT[chart.NETWORK]}
        layers.append({"mark": band, "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}}})
    layers.append({"mark": {"type": "line", "color": chart.NETWORK}, "encoding": {"x": x, "y": y}})
    caption = f"Share of the requests that end in each second that are answered in time; the band is the 99 % interval over {len(runs)} runs"
    return Figure(
        chart.layered(layers, 190, data=chart.values(rows)),
        caption
        if len(runs) > 1
        else "Share of the requests that end in each second that are answered in time, in one run",
        Table(["Second", "Answered", "Degraded", "Failed", "In time"], table),
    )


def workers_over_time(outage: Outage, course: Course) -> Figure:
    """Return the workers taken of each service over time, callers above callees: a block where none is free."""
    shown = shown_services(outage, course)
    workers, count = outage.workers, len(shown)
    areas, blocks, labels, table = [], [], [], []
    for row, name in enumerate(shown):
        base = count - 1 - row
        busy, waiting = course.busy[name], course.waiting[name]
        size = workers[name] or max(1, *busy)
        times = [time - outage.start for time in outage.times]
        areas += [
            {"name": name, "t": times[index] - outage.step / 2, "from": base, "to": base + 0.8 * busy[index] / size}
            for index in range(len(busy))
            if index in (0, len(busy) - 1) or busy[index] != busy[index - 1]  # what does not change needs no point
        ]
        full = [0 < workers[name] <= taken for taken in busy]
        for first, end in _intervals(full):
            begin, over = times[first] - outage.step / 2, times[end - 1] + outage.step / 2
            longest = max(waiting[first:end])
            blocks.append({"t": begin, "end": over, "from": base, "to": base + 0.8})
            if longest and over - begin > 0.2 * outage.until:
                labels.append({"t": over, "y": base + 0.4, "text": f"{longest:,} wait"})
        during = [index for index, time in enumerate(outage.times) if outage.during(time)]
        before = [taken for taken, time in zip(busy, outage.times, strict=True) if time <= outage.start]
        table.append(
            [
                name,
                str(workers[name] or "any number"),
                significant(math.fsum(before) / len(before), 2),
                str(max(busy[index] for index in during)),
                percent(sum(full[index] for index in during) / len(during), 0),
                f"{max(waiting):,}",
            ]
        )
    y = {"type": "quantitative", "scale": {"domain": [0, count + 0.8], "nice": False}, "title": None}
    names = [*reversed(shown)]
    y["axis"] = {
        "values": [index + 0.4 for index in range(count)],
        "labelExpr": f"{[marked(outage, name) for name in names]!r}[floor(datum.value)]",
        "tickCount": count,  # or Vega leaves some of the names out
        "grid": False,
        "labelColor": chart.INK,
        "labelOverlap": False,
    }
    x = _seconds(outage)
    layers = [
        *_fault(outage, y, count + 0.8, count + 0.4),
        {
            "data": chart.values(areas),
            "mark": {"type": "area", "interpolate": "step-after", "color": chart.WORK},
            "encoding": {"x": x, "y": y | {"field": "from"}, "y2": {"field": "to"}, "detail": {"field": "name"}},
        },
        {
            "data": chart.values(blocks),
            "mark": {"type": "rect", "color": chart.FAILS},
            "encoding": {"x": x, "x2": {"field": "end"}, "y": y | {"field": "from"}, "y2": {"field": "to"}},
        },
        {
            "data": chart.values(labels),
            "mark": {"type": "text", "align": "right", "dx": -5, "fontWeight": 600, "color": "var(--nh-paper)"},
            "encoding": {"x": x, "y": y | {"field": "y"}, "text": {"field": "text"}},
        },
    ]
    columns = [
        "Service",
        "Workers",
        "Taken before",
        "Taken at most",
        "Of the fault without a free one",
        "Longest queue",
    ]
    caption = (
        f"One run: workers taken at each service, callers above callees; ✕ {outage.victim} is the victim, and where none is free "
        "the row is a full block"
    )
    return Figure(chart.layered(layers, 26 * count + 21), caption, Table(columns, table))


def playback(outage: Outage, course: Course) -> Playback:
    """Return one run to be played, its still the last moment of the fault."""
    workers, verb = outage.workers, VERBS[outage.kind]
    events = []
    for time, (ok, degraded, failed) in zip(outage.times, course.ended, strict=True):
        what = f"{outage.victim} {verb}" if outage.during(time) else "before" if time <= outage.start else "after"
        events.append(f"{what}, {ok + degraded} answered, {failed} failed")
    acting = {name: states for name, states in course.breakers.items() if any(state != "closed" for state in states)}
    gauges = []
    for name in shown_services(outage, course):
        mine = {pair.partition(" → ")[2]: states for pair, states in acting.items() if pair.partition(" → ")[0] == name}
        size = workers[name] or max(1, *course.busy[name])
        gauges.append(Gauge(marked(outage, name), size, course.busy[name], course.waiting[name], mine))
    still = max(index for index, time in enumerate(outage.times) if outage.during(time))
    return Playback(
        f"One run, moment by moment: {outage.step:g} s from one to the next",
        [f"{time - outage.start:.2f} s" for time in outage.times],
        events,
        gauges,
        still,
    )


def marked(outage: Outage, name: str) -> str:
    """Return a service's name, the victim's with a cross."""
    return f"✕ {name}" if name == outage.victim else name


def shown_services(outage: Outage, course: Course) -> list[str]:
    """Return the services in the figures, callers before callees: all, or of many those whose workers were taken most."""
    workers = outage.workers
    order = list(by_depth(outage.architecture))

    def load(name: str) -> float:
        return (
            (name == outage.victim) + sum(course.busy[name]) / (workers[name] or math.inf) + sum(course.waiting[name])
        )

    kept = sorted(order, key=load, reverse=True)[:_MOST_ROWS]
    return [name for name in order if name in kept]


def _seconds(outage: Outage) -> chart.Spec:
    domain = [-outage.start, outage.until - outage.start]
    title = (
        f"seconds after {outage.victim} {({'hang': 'hung', 'slow': 'slowed down', 'crash': 'crashed'})[outage.kind]}"
    )
    return {"field": "t", "type": "quantitative", "title": title, "scale": {"domain": domain, "nice": False}}


def _fault(outage: Outage, y: chart.Spec, top: float, label: float) -> list[chart.Spec]:
    """Return the layers that mark the time of the fault."""
    length = outage.end - outage.start
    x = _seconds(outage)
    y = y | {"field": "from"}  # with its axis, or that of the other layers would be another one
    text = f"{outage.victim} {VERBS[outage.kind]}"
    return [
        {
            "data": chart.values([{"t": 0, "end": length, "from": 0, "to": top}]),
            "mark": {"type": "rect", "color": chart.SOFT[chart.NEUTRAL]},
            "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"field": "to"}},
        },
        {
            "data": chart.values([{"t": 0, "from": label, "text": text}]),
            "mark": {"type": "text", "align": "left", "dx": 5, "fontWeight": 600},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]


def _intervals(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the stretches of true values, each from its first index to the one behind its last."""
    found: list[tuple[int, int]] = []
    for index, flag in enumerate(flags):
        if flag and found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        elif flag:
            found.append((index, index + 1))
    return found


def _spread(found: Interval) -> str:
    return f" ({percent(max(0.0, found.low), 1)} to {percent(min(1.0, found.high), 1)})" if found.count > 1 else ""
