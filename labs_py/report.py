"""What a lab shows: one sentence, then metrics, tables and figures. The same report becomes HTML, terminal text and JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

_UNIT = re.compile(r"(?<=\d) (?=%|(?:d|h|min|s|ms|µs|ns)\b)")


def as_html(text: str) -> str:
    """Return `text` escaped, each number kept on one line with its unit.

    >>> as_html("63 % < 5 ms").replace(chr(160), "_")
    '63_% &lt; 5_ms'
    """
    return _UNIT.sub("\u00a0", escape(text))


@dataclass(frozen=True)
class Metric:
    """One number with its name; `value` is already text with its unit."""

    label: str
    value: str
    note: str = ""

    def html(self) -> str:
        """Return one group of a definition list."""
        note = f'<dd class="nh-metric-note">{as_html(self.note)}</dd>' if self.note else ""
        return f"<div><dt>{as_html(self.label)}</dt>\n<dd>{as_html(self.value)}</dd>\n{note}</div>"


@dataclass(frozen=True)
class Table:
    """Rows of text. Columns named in `numeric` (all but the first, unless given) are set flush right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numeric: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"row must have {len(self.columns)} cells, got {len(row)}: {row!r}")

    def html(self) -> str:
        """Return a table whose first column names its rows, in a box that scrolls sideways where it must."""
        numeric = set(self.columns[1:] if self.numeric is None else self.numeric)
        kinds = [' class="nh-number"' if column in numeric else "" for column in self.columns]
        # The search reads the text of a page, in which cells that touch would be one word: so a line ends between them.
        head = "\n".join(
            # A corner without a name is no header of anything.
            f'<th scope="col"{kind}>{escape(column)}</th>' if column else "<td></td>"
            for column, kind in zip(self.columns, kinds, strict=True)
        )
        rows = []
        for first, *rest in self.rows:
            cells = "".join(f"\n<td{kind}>{as_html(cell)}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
            rows.append(f'<tr><th scope="row"{kinds[0]}>{as_html(first)}</th>{cells}</tr>')
        caption = f"<caption>{as_html(self.caption)}</caption>" if self.caption else ""
        label = escape(self.caption or ", ".join(filter(None, self.columns)), quote=True)
        table = f"<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{'\n'.join(rows)}</tbody></table>"
        return f'<div class="nh-table" role="region" tabindex="0" aria-label="{label}">{table}</div>'

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [list(self.columns), *[list(row) for row in self.rows]]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        padded = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join(([self.caption] if self.caption else []) + padded)


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite specification (made by `labs_py.chart`), what it shows, and the same content as a table."""

    spec: Mapping[str, Any]
    caption: str
    table: Table

    def html(self, index: int) -> str:
        """Return the figure with an empty plot, which the build or the browser fills, and its table twin."""
        return (
            f'<figure class="nh-figure"><div class="nh-plot" data-figure="{index}" role="img" '
            f'aria-label="{escape(self.caption, quote=True)}"></div>'
            f"<figcaption>{as_html(self.caption)}</figcaption>"
            f'<details class="nh-twin"><summary>The same as a table</summary>{self.table.html()}</details></figure>'
        )


@dataclass(frozen=True)
class Document:
    """A file that the reader can take along, shown folded."""

    name: str
    text: str
    caption: str

    def html(self) -> str:
        """Return a box to open, with the text in it."""
        return (
            f'<details class="nh-document" data-name="{escape(self.name, quote=True)}"><summary>{as_html(self.caption)}</summary>'
            f'<pre tabindex="0" role="region" aria-label="{escape(self.name, quote=True)}">{escape(self.text)}</pre></details>'
        )


Part = Metric | Table | Figure | Document


@dataclass(frozen=True)
class Report:
    """The result of a run.

    `takeaway` is one sentence that states what these settings show. `data` holds the same numbers unrounded, under names that carry
    their unit, as JSON types only.
    """

    takeaway: str
    parts: Sequence[Part] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def documents(self) -> list[Document]:
        """The documents, in order."""
        return [part for part in self.parts if isinstance(part, Document)]

    @property
    def figures(self) -> list[Figure]:
        """The figures, in order."""
        return [part for part in self.parts if isinstance(part, Figure)]

    def html(self) -> str:
        """Return the report as HTML, figures still empty; neighboring metrics share one list."""
        pieces = [f'<p class="nh-takeaway">{as_html(self.takeaway)}</p>']
        metrics: list[str] = []
        figures = 0
        for part in (*self.parts, None):
            if isinstance(part, Metric):
                metrics.append(part.html())
                continue
            if metrics:
                pieces.append(f'<dl class="nh-metrics">{"".join(metrics)}</dl>')
                metrics = []
            if isinstance(part, Figure):
                pieces.append(part.html(figures))
                figures += 1
            elif isinstance(part, Table | Document):
                pieces.append(part.html())
        return "".join(pieces)

    def text(self) -> str:
        """Return the report for a terminal; a figure appears as its table, a document as its name."""
        pieces = [self.takeaway]
        for part in self.parts:
            if isinstance(part, Metric):
                pieces.append(f"{part.label}: {part.value}" + (f" ({part.note})" if part.note else ""))
            elif isinstance(part, Figure):
                pieces.append(f"{part.caption}\n{part.table.text()}")
            elif isinstance(part, Document):
                pieces.append(f"{part.caption}: {part.name}")
            else:
                pieces.append(part.text())
        return "\n\n".join(pieces)
