"""A message byte by byte, as a grid in which bytes that belong together touch, and how two encodings compare as a list grows."""

from collections import Counter
from collections.abc import Mapping, Sequence

from labs_py import chart
from labs_py.model.protobuf_wire import Piece
from labs_py.numerals import significant
from labs_py.report import Figure, Table

_COLUMNS = 16
_GAP = 0.05
_MONO = "IBM Plex Mono"
_LOOKS: Mapping[str, tuple[str, str]] = {
    "tag": ("tag", chart.FAILS),
    "length": ("length", chart.WORK),
    "number": ("number", chart.NETWORK),
    "text": ("text", chart.NEUTRAL),
    "name": ("field name", chart.FAILS),
    "sign": ("bracket, colon or comma", chart.WORK),
    "value": ("value", chart.NEUTRAL),
}
type Series = Mapping[str, Sequence[tuple[float, float]]]


def byte_grid(data: bytes, found: Sequence[Piece], most: int) -> Figure:
    """Return the first `most` bytes in hexadecimal, with what they mean above them, and all of them as a table."""
    shown = [piece for piece in found if piece.start < most]
    hexes = [_at(place, f"{data[place]:02x}") for place in range(min(most, len(data)))]
    briefs = []
    for piece in shown:
        if piece.kind == "text":
            briefs += [_at(place, _letter(data[place])) for place in range(piece.start, min(piece.end, most))]
        else:
            first = min(piece.end, most, (piece.start // _COLUMNS + 1) * _COLUMNS) - piece.start
            brief = piece.brief if len(piece.brief) <= 3 * first else ""
            briefs.append(_at(piece.start, brief, first / 2))
    rows = -(-len(hexes) // _COLUMNS)
    layers = [*_boxes(shown, most), *_written(hexes, 6, 12, chart.INK, _MONO), *_written(briefs, -9, 10, chart.MUTED)]
    caption = (
        "As Protocol Buffers: above each byte its letter, or what it means with its neighbors; "
        f"2:L is a tag, field 2 with a length, and 2:V is field 2 with a varint{_cut(len(data), most)}"
    )
    listed = [
        (f"{piece.start}", data[piece.start : piece.end].hex(" "), piece.kind, piece.says, piece.field)
        for piece in found[:200]
    ]
    table = Table(["Byte", "Hexadecimal", "Kind", "Says", "Field"], listed, numeric=["Byte"])
    return Figure(_grid(layers, rows, 40), caption, table)


def text_grid(text: str, found: Sequence[Piece], most: int) -> Figure:
    """Return the first `most` bytes of a JSON text, a letter each, and how many bytes are for what as a table."""
    data = text.encode()
    letters = [_at(place, _letter(data[place])) for place in range(min(most, len(data)))]
    rows = -(-len(letters) // _COLUMNS)
    shown = [piece for piece in found if piece.start < most]
    sizes: Counter[str] = Counter()
    for piece in found:
        sizes[piece.kind] += piece.end - piece.start
    listed = [(_LOOKS[kind][0], f"{sizes[kind]:,}") for kind in ("name", "sign", "value")]
    layers = [*_boxes(shown, most), *_written(letters, 0, 12, chart.INK, _MONO)]
    caption = f"The same message as JSON without white space, a byte a box{_cut(len(data), most)}"
    return Figure(_grid(layers, rows, 26), caption, Table(["What the bytes are for", "Bytes"], listed))


def ratio_lines(series: Series, items: int, things: str, caption: str) -> Figure:
    """Return how many times fewer bytes, over the number of items; a dashed line where both are equal and a dot at the chosen number."""
    colors = dict(zip(series, (chart.ACCENT, chart.WORK), strict=True))
    top = 1.15 * max(y for points in series.values() for _, y in points)
    spec = chart.lines(
        series, colors, x=f"{things} (logarithmic)", y="times fewer bytes", log_x=True, y_domain=(0, top), height=200
    )
    x, y, color = (spec["layer"][0]["encoding"][key] for key in ("x", "y", "color"))
    dots = [{"series": name, "x": items, "y": dict(points)[items]} for name, points in series.items()]
    spec["layer"] += [
        {
            "data": chart.values([{"y": 1.0}]),
            "mark": {"type": "rule", "strokeDash": [4, 4]},
            "encoding": {"y": y},
        },
        {
            "data": chart.values(dots),
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": color},
        },
    ]
    numbers = [place for place, _ in next(iter(series.values()))]
    rows = [(f"{place:.0f}", *(significant(dict(points)[place]) for points in series.values())) for place in numbers]
    return Figure(spec, caption, Table([things.capitalize(), *series], rows))


def _at(place: int, text: str, offset: float = 0.5) -> dict[str, object]:
    return {"x": place % _COLUMNS + offset, "y": place // _COLUMNS + 0.5, "text": text}


def _letter(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else "·"


def _cut(size: int, most: int) -> str:
    return f" (the first {most} of {size:,} bytes)" if size > most else ""


def _boxes(found: Sequence[Piece], most: int) -> list[chart.Spec]:
    """Return a box for each piece, one a row where it goes on in the next row, with a gap where pieces meet."""
    kinds = list(dict.fromkeys(piece.kind for piece in found))
    order = [kind for kind in _LOOKS if kind in kinds]
    boxes = []
    for piece in found:
        start, end = piece.start, min(piece.end, most)
        for row in range(start // _COLUMNS, -(-end // _COLUMNS)):
            left, right = max(start, row * _COLUMNS), min(end, (row + 1) * _COLUMNS)
            boxes.append(
                {
                    "kind": _LOOKS[piece.kind][0],
                    "x": left - row * _COLUMNS + (_GAP if left == start else 0),
                    "x2": right - row * _COLUMNS - (_GAP if right == piece.end else 0),
                    "y": row + 0.04,
                    "y2": row + 0.96,
                }
            )
    legend = {"disable": False, "orient": "bottom", "title": None, "columns": 2, "labelColor": chart.INK}
    legend |= {"labelFontSize": 12, "symbolType": "square", "symbolSize": 130, "symbolStrokeWidth": 1.5}
    names = [_LOOKS[kind][0] for kind in order]
    fill = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": names, "range": [chart.SOFT[_LOOKS[kind][1]] for kind in order]},
        "legend": legend,
    }
    edge = {**fill, "scale": {"domain": names, "range": [_LOOKS[kind][1] for kind in order]}}
    return [
        {
            "data": chart.values(boxes),
            "mark": {"type": "rect", "cornerRadius": 2, "strokeWidth": 1},
            "encoding": {
                "x": _ACROSS,
                "x2": {"field": "x2"},
                "y": _DOWN,
                "y2": {"field": "y2"},
                "fill": fill,
                "stroke": edge,
            },
        }
    ]


_ACROSS: chart.Spec = {
    "field": "x",
    "type": "quantitative",
    "axis": None,
    "scale": {"domain": [0, _COLUMNS], "nice": False},
}
_DOWN: chart.Spec = {"field": "y", "type": "quantitative", "axis": None, "scale": {"reverse": True, "nice": False}}


def _written(
    texts: Sequence[Mapping[str, object]], down: int, size: int, color: str, font: str = chart.FONT
) -> list[chart.Spec]:
    encoding = {"x": _ACROSS, "y": _DOWN, "text": {"field": "text"}}
    mark = {"type": "text", "dy": down, "fontSize": size, "color": color, "font": font}
    return [{"data": chart.values(texts), "mark": mark, "encoding": encoding}]


def _grid(layers: Sequence[chart.Spec], rows: int, step: int) -> chart.Spec:
    """Return the layers over so many rows, the first one at the top."""
    for layer in layers:
        domain = {"domain": [0, rows], "reverse": True, "nice": False}
        layer["encoding"]["y"] = _DOWN | {"scale": domain}
    return chart.layered(layers, step * rows)
