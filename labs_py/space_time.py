"""Space-time diagrams: a lane for each process, time to the right, events as signs, messages as lines from lane to lane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs_py import chart


@dataclass(frozen=True)
class Mark:
    """An event: when (in the unit of the axis), in which lane, what kind it is of, and what stands above it, or `below` it."""

    at: float
    lane: int
    sign: str
    text: str = ""
    below: bool = False


@dataclass(frozen=True)
class Line:
    """A message: when and in which lane it left, when and in which lane it came, and the kind it is of."""

    left: float
    source: int
    came: float
    target: int
    kind: str = ""


Sign = tuple[str, str, int]
"""Shape, color and size (area in pixels) of a sign."""

Stroke = tuple[str, Sequence[int]]
"""Color and dashes of a message; no dashes make a solid line."""


def diagram(
    lanes: Sequence[str],
    marks: Sequence[Mark],
    lines: Sequence[Line],
    signs: Mapping[str, Sign],
    strokes: Mapping[str, Stroke],
    *,
    x: str,
    domain: tuple[float, float],
    step: int = 44,
    columns: int = 2,
) -> chart.Spec:
    """Return the diagram. `signs` and `strokes` say how each kind looks, signs in the order of the legend; `x` is the axis title with its unit."""
    low, high = -0.65, len(lanes) - 0.6
    across = {
        "field": "x",
        "type": "quantitative",
        "title": x,
        "scale": {"domain": list(domain), "nice": False, "zero": False},
        "axis": {"labelSeparation": 6},
    }
    names = "[" + ",".join(f"'{name}'" for name in lanes) + "]"
    down = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [low, high], "reverse": True, "nice": False},
        "axis": {
            "values": list(range(len(lanes))),
            "labelExpr": f"{names}[datum.value]",
            "labelColor": chart.INK,
            "grid": True,
        },
    }
    kinds = list(signs)

    def styled(field: int) -> dict[str, object]:
        return {
            "field": "sign",
            "type": "nominal",
            "scale": {"domain": kinds, "range": [signs[kind][field] for kind in kinds]},
        }

    legend = {
        "disable": False,
        "orient": "bottom",
        "title": None,
        "columns": columns,
        "labelColor": chart.INK,
        "labelFontSize": 12,
        "labelLimit": 300,
        "symbolSize": 70,
    }
    messages = [
        {
            "data": chart.values(
                [
                    {"x": line.left, "y": line.source, "x2": line.came, "y2": line.target}
                    for line in lines
                    if line.kind == kind
                ]
            ),
            "mark": {"type": "rule", "color": color, "strokeDash": list(dashes), "strokeWidth": 1.25},
            "encoding": {"x": across, "y": down, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
        }
        for kind, (color, dashes) in strokes.items()
    ]
    points = chart.values([{"x": mark.at, "y": mark.lane, "sign": mark.sign} for mark in marks])
    texts = [
        {"x": mark.at, "y": mark.lane, "text": mark.text, "down": 15 if mark.below else -13}
        for mark in sorted(marks, key=lambda mark: mark.below)
    ]
    return chart.layered(
        [
            *messages,
            {
                "data": points,
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {
                    "x": across,
                    "y": down,
                    "shape": {**styled(0), "legend": legend},
                    "color": styled(1),
                    "size": styled(2),
                },
            },
            {
                "data": chart.values(chart.haloed(texts)),
                "mark": {"type": "text", "fontSize": 11, **chart.each(dy="down"), **chart.HALO},
                "encoding": {"x": across, "y": down, "text": {"field": "text"}},
            },
        ],
        step * len(lanes),
    )
