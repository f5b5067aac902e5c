"""How recorded requests are drawn: one over time, with what it waited for in bold, and the own time of operations over all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from labs_py import chart
from labs_py.model.critical_path import Stretch, critical_path
from labs_py.model.trace import TracedSpan
from labs_py.model.trace_summary import TraceSummary
from labs_py.numerals import count, milliseconds, percent, significant
from labs_py.report import Figure, Table

MOST_ROWS = 40
MOST_BARS = 12
_LONGEST_NAME = 48


@dataclass
class Row:
    """A span, or both sides of a call: `span` is the callee's then, `outer` the caller's."""

    span: TracedSpan
    outer: TracedSpan
    depth: int
    parent: "Row | None"
    work: list[Stretch] = field(default_factory=list)
    call: list[Stretch] = field(default_factory=list)
    waited_for: bool = False

    @property
    def own_ns(self) -> int:
        """How long the request waited for this row and for none below it."""
        return sum(stretch.duration_ns for stretch in (*self.work, *self.call))


def rows_of(first: TracedSpan) -> list[Row]:
    """Return the rows of a request, parents before children, each with its stretches of the critical path."""
    rows: list[Row] = []
    by_span: dict[int, tuple[Row, bool]] = {}
    waiting: list[tuple[TracedSpan, Row | None]] = [(first, None)]
    while waiting:
        outer, parent = waiting.pop()
        both = outer.kind == "client" and [child.kind for child in outer.children] == ["server"]
        span = outer.children[0] if both and outer.children[0].waited_for else outer
        row = Row(span, outer, parent.depth + 1 if parent else 0, parent)
        rows.append(row)
        by_span[id(outer)] = row, outer.kind == "client"
        by_span[id(span)] = row, span.kind == "client"
        waiting.extend((child, row) for child in reversed(span.children))
    for stretch in critical_path(first):
        owner, is_call = by_span[id(stretch.span)]
        (owner.call if is_call else owner.work).append(stretch)
        ancestor: Row | None = owner
        while ancestor and not ancestor.waited_for:
            ancestor.waited_for = True
            ancestor = ancestor.parent
    return rows


def most_telling(rows: Sequence[Row]) -> list[Row]:
    """Return at most `MOST_ROWS` rows in their order: what the request waited for longest, and what stands above it."""
    chosen: set[int] = set()
    for row in sorted(rows, key=lambda row: (-row.own_ns, -row.outer.duration_ns)):
        above = [row]
        # Not further than there is room: in a chain of spans that would be all of them, for each of them.
        while len(chosen) + len(above) <= MOST_ROWS and above[-1].parent and id(above[-1].parent) not in chosen:
            above.append(above[-1].parent)
        if id(row) not in chosen and len(chosen) + len(above) <= MOST_ROWS:
            chosen |= {id(one) for one in above}
    return [row for row in rows if id(row) in chosen]


def request_figure(first: TracedSpan, which: str) -> Figure:
    """Return one request over time; in bold and in full color what it waited for."""
    everything = rows_of(first)
    rows = [(str(index), row) for index, row in enumerate(most_telling(everything))]
    end = max(row.outer.end_ns for _, row in rows) - first.start_ns

    def at(nanoseconds: int) -> float:
        return (nanoseconds - first.start_ns) / 1e6

    places = {"domain": ["key", *(index for index, _ in rows)]}
    y = {"field": "row", "type": "ordinal", "axis": None, "sort": None, "scale": places}
    times = {"domain": [0, end / 1e6 or 1], "nice": False}
    x = {"type": "quantitative", "title": "milliseconds since the request began", "scale": times}

    def stretches(kind: str, height: int, color: str) -> chart.Spec:
        found = [
            {"row": index, "start": at(one.start_ns), "end": at(one.end_ns)}
            for index, row in rows
            for one in (row.work if kind == "work" else row.call)
        ]
        mark = {"type": "bar", "height": height, "yOffset": 7, "color": color, "cornerRadiusEnd": 0}
        return {
            "data": chart.values(found),
            "mark": mark,
            "encoding": {"y": y, "x": {**x, "field": "start"}, "x2": {"field": "end"}},
        }

    def named(*, early: bool, bold: bool) -> chart.Spec:
        found = [
            {
                "row": index,
                "at": at(row.outer.start_ns if early else row.outer.end_ns),
                "text": f"{_short(row.span.service, row.span.operation)}, {milliseconds(row.outer.duration_ns / 1e9)}",
            }
            for index, row in rows
            if row.waited_for is bold and (at(row.outer.start_ns) + at(row.outer.end_ns) <= end / 1e6) is early
        ]
        mark = {"type": "text", "align": "left" if early else "right", "baseline": "middle", "yOffset": -8}
        mark |= {"fontWeight": 600 if bold else 400, "color": chart.INK if bold else chart.MUTED}
        return {
            "data": chart.values(found),
            "mark": mark,
            "encoding": {"y": y, "x": {**x, "field": "at"}, "text": {"field": "text"}},
        }

    spans = [{"row": index, "start": at(row.outer.start_ns), "end": at(row.outer.end_ns)} for index, row in rows]
    layers: list[chart.Spec] = [
        {
            "data": chart.values(spans),
            "mark": {"type": "rule", "yOffset": 7, "color": chart.NEUTRAL, "opacity": 0.6},
            "encoding": {"y": y, "x": {**x, "field": "start"}, "x2": {"field": "end"}},
        },
        stretches("call", 5, chart.NETWORK),
        stretches("work", 13, chart.WORK),
        *(named(early=early, bold=bold) for bold in (True, False) for early in (True, False)),
        _key("■ own work waited for", 0, chart.WORK, y),
        _key("– call waited for", 150, chart.NETWORK, y),
    ]
    hidden = len(everything) - len(rows)
    more = f"; {count(hidden, 'row')} with less to tell not shown" if hidden else ""
    caption = f"{which}, over time; in bold what it waited for{more}"
    columns = ["Span", "Starts, ms", "Ends, ms", "Waited for it alone, ms", "On the critical path"]
    listed = [
        (
            "– " * row.depth + row.span.name,
            *(significant(at(time)) for time in (row.outer.start_ns, row.outer.end_ns)),
            significant(row.own_ns / 1e6),
            "yes" if row.waited_for else "no",
        )
        for _, row in rows
    ]
    return Figure(chart.layered(layers, {"step": 34}), caption, Table(columns, listed))


def exclusive_figure(summary: TraceSummary) -> Figure:
    """Return the operations that requests waited for longest, with each one's own time."""
    total = sum(share.exclusive.total for share in summary.shares.values()) or 1.0
    ranked = sorted(summary.shares.items(), key=lambda item: (-item[1].exclusive.total, item[0]))
    ranked = [(target, share) for target, share in ranked if share.requests]
    means = [share.exclusive.total / summary.requests / 1e6 for _, share in ranked]
    bars = [
        {
            "row": str(index),
            "value": means[index],
            "text": _short(*target),
            "label": f"{significant(means[index])} ms, {percent(share.exclusive.total / total, 0)}",
            "color": chart.NETWORK if share.call else chart.WORK,
        }
        for index, (target, share) in enumerate(ranked[:MOST_BARS])
    ]
    y = {"field": "row", "type": "ordinal", "axis": None, "sort": None}
    scale = {"domain": [0, max(means, default=0.0) * 1.35 or 1], "nice": False}
    x = {"field": "value", "type": "quantitative", "title": "milliseconds a request, on average", "scale": scale}
    color = {"field": "color", "type": "nominal", "scale": None}
    text = {"type": "text", "align": "left", "baseline": "middle"}
    layers: list[chart.Spec] = [
        {"mark": {"type": "bar", "height": 11, "yOffset": 7}, "encoding": {"y": y, "x": x, "color": color}},
        {"mark": {**text, "yOffset": -7}, "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "text"}}},
        {
            "mark": {**text, "dx": 6, "yOffset": 7, "fontWeight": 600},
            "encoding": {"y": y, "x": x, "text": {"field": "label"}},
        },
    ]
    rows = [
        (
            "/".join(target),
            "call" if share.call else "own work",
            f"{share.requests:,}",
            significant(share.exclusive.total / summary.requests / 1e6),
            percent(share.exclusive.total / total, 1),
            *(significant(share.exclusive.quantile(part) * 1000) for part in (0.5, 0.95, 0.99)),
        )
        for target, share in ranked[:100]
    ]
    columns = ["Operation", "Time in", "Requests", "Mean, ms", "Share", "p50, ms", "p95, ms", "p99, ms"]
    left = f"; {len(ranked) - MOST_BARS:,} more are in the table" if len(ranked) > MOST_BARS else ""
    caption = (
        "Time that requests waited for an operation and for nothing below it. The mean is over all requests, "
        f"the percentiles over those that waited for it{left}"
    )
    return Figure(chart.layered(layers, {"step": 34}, data=chart.values(bars)), caption, Table(columns, rows))


def listed(title: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[Table]:
    """Return a table, or nothing where there is nothing to list."""
    found = list(rows)
    return [Table(columns, found, title)] if found else []


def repairs_of(summary: TraceSummary) -> Mapping[str, int]:
    """Return how often what was repaired, the most frequent first."""
    return {
        name: times for name, times in sorted(summary.repairs.items(), key=lambda item: (-item[1], item[0])) if times
    }


def _short(service: str, operation: str) -> str:
    name = service if operation == service else f"{service}/{operation}"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _key(text: str, at: int, color: str, y: chart.Spec) -> chart.Spec:
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontWeight": 600, "color": color, "text": text}
    return {"data": chart.values([{"row": "key"}]), "mark": mark, "encoding": {"y": y, "x": {"value": at}}}
