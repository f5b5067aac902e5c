"""One style for all figures: Vega-Lite specifications as plain dicts, colors as the site's CSS variables.

A specification has no width: the renderer sets it, once for a wide column and once for a phone. Colors are never the only sign: label
lines and bars directly, and give each figure a table twin.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

Spec = dict[str, Any]

NETWORK, WORK = "var(--nh-network)", "var(--nh-work)"
OK, DEGRADED, FAILS = "var(--nh-ok)", "var(--nh-degraded)", "var(--nh-fails)"
ACCENT, NEUTRAL, INK, MUTED, RULE = (
    "var(--nh-accent)",
    "var(--nh-neutral)",
    "var(--nh-ink)",
    "var(--nh-muted)",
    "var(--nh-rule)",
)
GROUND = "var(--nh-paper)"
SOFT = {color: color.replace(")", "-soft)") for color in (NETWORK, WORK, OK, DEGRADED, FAILS, NEUTRAL)}

WIDE, NARROW = 640, 340
_NAME_HEIGHT = 17  # pixels
FONT = "IBM Plex Sans"

# Of a mark of texts, the rows made by `haloed`: what lies behind them is covered around their letters.
HALO: Spec = {"stroke": GROUND, "strokeJoin": "round", "strokeWidth": {"expr": "datum.halo"}}

CONFIG: Spec = {
    "aria": False,  # a figure is one image with a description and a table; marks with names of their own would only weigh
    "background": "transparent",
    "font": FONT,
    "padding": {"left": 2, "right": 6, "top": 6, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 12,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": 400,
        "gridColor": RULE,
        "gridWidth": 1,
        "domainColor": MUTED,
        "domainWidth": 1,
        "tickColor": RULE,
        "labelPadding": 6,
        "titlePadding": 8,
        "labelLimit": 190,
        "labelOverlap": True,
    },
    "axisX": {"grid": False, "tickCount": 6},
    "axisY": {"domain": False, "ticks": False, "tickCount": 5},
    "axisBand": {"grid": False, "labelColor": INK},
    "text": {"color": INK, "fontSize": 12, "font": FONT},
    "line": {"strokeWidth": 2.25, "strokeCap": "round"},
    "bar": {"cornerRadiusEnd": 2},
    "rule": {"color": MUTED, "strokeWidth": 1},
    "legend": {"disable": True},
}


def layered(layers: Sequence[Mapping[str, Any]], height: int | Mapping[str, int], **extra: Any) -> Spec:
    """Return a specification of one or more layers in the house style. `height` is in pixels, or {"step": pixels} for bands."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        "layer": list(layers),
        **extra,
    }


def values(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return inline data, numbers cut to six significant digits so that every platform draws the same picture."""
    return {"values": [{key: _cut(value) for key, value in row.items()} for row in rows]}


def each(*names: str, **fields: str) -> Spec:
    """Return properties of a mark that each row sets for itself, in the field of the same name or of another.

    >>> each("align", dy="down")
    {'align': {'expr': 'datum.align'}, 'dy': {'expr': 'datum.down'}}
    """
    return {name: {"expr": f"datum.{field}"} for name, field in [*zip(names, names, strict=True), *fields.items()]}


def haloed(texts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a mark with `HALO`: all the halos, 4 pixels wide, and then the letters."""
    return [{**text, "halo": width} for width in (4, 0) for text in texts]


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    colors: Mapping[str, str],
    *,
    x: str,
    y: str,
    height: int = 240,
    log_x: bool = False,
    y_domain: tuple[float, float] | None = None,
    y_format: str = "",
    steps: bool = False,
) -> Spec:
    """Return lines, each named at its last point. `x` and `y` are axis titles with units; `steps` holds a value until the next point."""
    rows = [{"series": name, "x": a, "y": b} for name, points in series.items() for a, b in points]
    ends = [{"series": name, "x": points[-1][0], "y": points[-1][1]} for name, points in series.items()]
    scale = {"type": "log", "nice": False} if log_x else {"zero": False, "nice": False}
    x_channel = {"field": "x", "type": "quantitative", "title": x, "scale": scale}
    y_axis = {"format": y_format} if y_format else {}
    y_channel = {
        "field": "y",
        "type": "quantitative",
        "title": y,
        "axis": y_axis,
        "scale": {"domain": list(y_domain)} if y_domain else {},
    }
    color = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(series), "range": [colors[name] for name in series]},
    }
    return layered(
        [
            {
                "data": values(rows),
                "mark": {"type": "line", "interpolate": "step-after" if steps else "linear"},
                "encoding": {"x": x_channel, "y": y_channel, "color": color},
            },
            {
                "data": values(ends),
                "mark": {"type": "text", "align": "right", "dx": -4, "dy": -9, "fontWeight": 600},
                "encoding": {"x": x_channel, "y": y_channel, "color": color, "text": {"field": "series"}},
            },
        ],
        height,
    )


def bars(
    rows: Sequence[tuple[str, float, str]],
    *,
    x: str,
    color: str = ACCENT,
    colors: Sequence[str] = (),
    log: bool = False,
    step: int = 26,
) -> Spec:
    """Return horizontal bars, one a row of (name, value, label); the label stands at the bar's end. `log` needs values above 0."""
    data = [
        {"name": name, "value": value, "label": label, "color": colors[index] if colors else color}
        for index, (name, value, label) in enumerate(rows)
    ]
    low = min((value for _, value, _ in rows if value > 0), default=1)
    high = max((value for _, value, _ in rows), default=1)
    # The domain leaves room at its end for the label of the longest bar, on a phone too.
    low, high = low / 3, high or 1.0
    end = high * (high / low) ** 0.45 if log else high * 1.5
    scale: Spec = {"type": "log" if log else "linear", "domain": [low if log else 0, end], "nice": False}
    axis = {"labels": False, "ticks": False, "domain": False} if log else {}
    y_channel = {"field": "name", "type": "nominal", "sort": None, "title": None}
    x_channel = {"field": "value", "type": "quantitative", "title": x, "scale": scale, "axis": axis}
    bar: Spec = {"x": x_channel, "y": y_channel, "color": {"field": "color", "type": "nominal", "scale": None}}
    if log:
        bar["x2"] = {"datum": low}
    return layered(
        [
            {"mark": {"type": "bar", "height": {"band": 0.62}}, "encoding": bar},
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"x": x_channel, "y": y_channel, "text": {"field": "label"}},
            },
        ],
        {"step": step},
        data=values(data),
    )


def _cut(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def named_lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    colors: Mapping[str, str],
    *,
    x: str,
    y: str,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    x_axis: Mapping[str, Any] = MappingProxyType({}),
    y_axis: Mapping[str, Any] = MappingProxyType({}),
    log_y: bool = False,
    room: float = 0.36,
    height: int = 240,
) -> Spec:
    """Return lines, each named to the right of its end, where names of lines that end together are moved apart.

    `x` and `y` are axis titles with units. The names have their room beyond `x_domain`, a share of its width.
    """
    low, high = x_domain
    x_channel = {
        "field": "x",
        "type": "quantitative",
        "title": x,
        "axis": dict(x_axis),
        "scale": {"domain": [low, _cut(high + room * (high - low))], "nice": False},
    }
    y_channel = {
        "field": "y",
        "type": "quantitative",
        "title": y,
        "axis": dict(y_axis),
        "scale": {"domain": list(y_domain), "nice": False, "type": "log" if log_y else "linear"},
    }
    color = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(series), "range": [colors[name] for name in series]},
    }
    laid, read = (math.log, math.exp) if log_y else (float, float)
    least = _NAME_HEIGHT * (laid(y_domain[1]) - laid(y_domain[0])) / height
    names = apart({name: laid(points[-1][1]) for name, points in series.items()}, least)
    rows = [{"series": name, "x": a, "y": b} for name, points in series.items() for a, b in points]
    ends = [{"series": name, "x": series[name][-1][0], "y": read(place)} for name, place in names.items()]
    return layered(
        [
            {"data": values(rows), "mark": "line", "encoding": {"x": x_channel, "y": y_channel, "color": color}},
            {
                "data": values(ends),
                "mark": {"type": "text", "align": "left", "dx": 8, "fontWeight": 600},
                "encoding": {"x": x_channel, "y": y_channel, "color": color, "text": {"field": "series"}},
            },
        ],
        height,
    )


def rows(
    areas: Mapping[str, Sequence[tuple[float, float]]],
    colors: Mapping[str, str],
    notes: Mapping[str, str],
    *,
    x: str,
    x_domain: tuple[float, float],
    steps: bool = False,
    step: int = 48,
) -> Spec:
    """Return areas in rows of their own, the first on top, each named at its left, with a note at its right where there is one.

    Heights are from 0 to 1, which fills a row of `step` pixels but for a gap; `x` is the axis title with its unit, and `steps` holds a
    height until the next point.
    """
    names = list(areas)
    base = {name: len(names) - 1 - index for index, name in enumerate(names)}
    x_channel = {
        "field": "x",
        "type": "quantitative",
        "title": x,
        "scale": {"domain": list(x_domain), "nice": False},
    }
    y_channel = {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, len(names)], "nice": False},
        "axis": {
            "values": [index + 0.3 for index in range(len(names))],
            "labelExpr": f"{names[::-1]!r}[floor(datum.value)]",
            "tickCount": len(names),  # or Vega leaves some of the names out
            "grid": False,
            "labelColor": INK,
            "labelOverlap": False,
        },
    }
    color = {
        "field": "row",
        "type": "nominal",
        "scale": {"domain": names, "range": [colors[name] for name in names]},
    }
    points = [
        {"row": name, "x": place, "from": base[name], "to": base[name] + 0.86 * height}
        for name, area in areas.items()
        for place, height in area
    ]
    texts = [{"x": x_domain[1], "y": base[name] + 0.6, "text": text} for name, text in notes.items()]
    return layered(
        [
            {
                "data": values(points),
                "mark": {"type": "area", "interpolate": "step-after" if steps else "linear"},
                "encoding": {
                    "x": x_channel,
                    "y": y_channel | {"field": "from"},
                    "y2": {"field": "to"},
                    "color": color,
                },
            },
            {
                "data": values(texts),
                "mark": {"type": "text", "align": "right", "dx": -4, "fontWeight": 600},
                "encoding": {"x": x_channel, "y": y_channel | {"field": "y"}, "text": {"field": "text"}},
            },
        ],
        step * len(names),
    )


def apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """Return the places in ascending order, each moved up where it is nearer to the one below than `least`.

    >>> apart({"b": 5, "a": 4, "c": 20}, 10)
    {'a': 4, 'b': 14, 'c': 24}
    """
    moved: dict[str, float] = {}
    below = -math.inf
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        below = moved[name] = max(place, below + least)
    return moved
