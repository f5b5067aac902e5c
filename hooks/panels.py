"""The lab elements of a page, filled: panels with their real results, single values, tasks, limits, checks and sources."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from hooks import figures, one_file, tasks
from labs_py import chart, lab
from labs_py.desk import stamp_of
from labs_py.exercise import Oracle
from labs_py.numerals import nines, percent, significant, span
from labs_py.parameter import LabError, one_of
from labs_py.report import Report, as_html

_HERE = Path(__file__).parent
_ELEMENT = re.compile(r'<(lab-[a-z]+)((?:\s+[\w-]+="[^"]*")*)\s*></\1>')
# Markdown wraps an element that stands alone in a paragraph, which may not hold a form or a table.
_ALONE = re.compile(r'<p>\s*(<(lab-(?!value)[a-z]+)(?:\s+[\w-]+="[^"]*")*\s*></\2>)\s*</p>')
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;)]")
_NO_SCRIPT = "This is the result that was computed when the page was built. To change the settings, turn on JavaScript."


def fill(html: str, page: str, known: MutableMapping[tuple[str, ...], str] | None = None) -> str:
    """Return a page's HTML with every lab element filled. `known` keeps them for the next time, by what they were made from.

    Raises:
        LabError: an element, lab, argument, value or path is unknown; the message starts with `page`.
    """
    html = _ALONE.sub(r"\1", html)
    known = {} if known is None else known
    seen: dict[str, int] = {}

    def filled(match: re.Match[str]) -> str:
        element = match[1]
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(match[2])}
        try:
            if element not in _FILLERS:
                raise LabError(one_of("element", element, list(_FILLERS)))
            if "name" not in attributes:
                raise LabError(f'{element} must have a name="…" that names a lab, got none')
            name = attributes.pop("name")
            seen[name] = seen.get(name, 0) + (element == "lab-panel")
            ident = f"{name}-{seen[name]}"
            key = (element, ident, json.dumps(attributes), version(name))
            if key not in known:
                known[key] = _FILLERS[element](lab.load(name), attributes, ident)
            return known[key]
        except LabError as error:
            raise LabError(f"{page}: <{element}>: {error}") from None

    html = _ELEMENT.sub(filled, html)
    left = re.search(r"<lab-(?!panel )[^>]*>|<lab-panel(?! name=\"[^\"]*\" data-arguments)[^>]*>", html)
    if left:
        raise LabError(
            f'{page}: a lab element must be written <lab-panel name="…" argument="…"></lab-panel> with double quotes, got {left[0]}'
        )
    return html


@cache
def version(name: str) -> str:
    """Return a checksum of what a lab's elements are made from: its source, what it needs, and the hooks; empty if there is no such lab."""
    source = _HERE.parent / "labs_py" / "labs" / f"{name}.py"
    if not source.is_file():
        return ""
    text, hooks, modules = source.read_text(encoding="utf-8"), _hooks(), _modules()
    texts = [text, hooks, *(one_file.needed(text, modules) | one_file.needed(hooks, modules)).values()]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@cache
def _hooks() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(_HERE.glob("*.py")))


@cache
def _modules() -> dict[str, str]:
    return one_file.modules(_HERE.parent / "labs_py")


@cache
def _report(name: str, arguments: tuple[tuple[str, str], ...]) -> Report:
    return lab.load(name).report(dict(arguments))


def _plots(html: str, report: Report) -> str:
    """Return a report's HTML with its figures drawn, once for a wide column and once for a narrow one."""
    for index, figure in enumerate(report.figures):
        drawn = "".join(
            figures.svg(figure.spec, width).replace(
                "<svg ", f'<svg class="{name}" aria-hidden="true" focusable="false" data-search-exclude ', 1
            )
            for name, width in (("nh-wide", chart.WIDE), ("nh-narrow", chart.NARROW))
        )
        before, plot, after = html.partition(f'<div class="nh-plot" data-figure="{index}"')
        opening, end, rest = after.partition("></div>")
        html = f"{before}{plot}{opening}>{drawn}</div>{rest}" if end else html
    return html


def _panel(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    report = _report(item.name, tuple(attributes.items()))
    arguments = escape(json.dumps(dict(attributes), ensure_ascii=False), quote=True)
    title, claim = escape(item.title), escape(item.claim[:1].upper() + item.claim[1:])
    # Outside a dialog this method does nothing: Run pressed before the scripts are there must not load the page anew.
    return (
        f'<lab-panel name="{item.name}" data-arguments="{arguments}" data-stamp="{stamp_of(report)}">'
        f'<div class="nh-head"><span class="nh-title">{title}</span><span class="nh-claim">{claim}</span></div>'
        f'<form class="nh-form" method="dialog" novalidate data-search-exclude aria-label="Settings: {escape(item.title, quote=True)}">'
        f"{item.form(attributes, ident)}"
        '<div class="nh-actions"><button type="submit">Run</button><button type="reset">Reset</button></div></form>'
        '<div class="nh-line"><div class="nh-status" role="status"></div></div><div class="nh-error" role="alert" hidden></div>'
        f"{_code(ident)}"
        f'<div class="nh-output">{_plots(report.html(), report)}</div>'
        f"<noscript data-search-exclude><p>{_NO_SCRIPT}</p></noscript></lab-panel>"
    )


def _code(ident: str) -> str:
    """Return the place of the lab's own source; it is fetched when it is opened."""
    field = tasks.editor(f"{ident}-source", "The lab's own source", "", 20, "runs it")
    return (
        f'<details class="nh-code" data-search-exclude><summary>Code</summary>{field}<div class="nh-acts">'
        '<button type="button" data-act="run">Run edited code</button>'
        '<button type="button" data-act="reset">Reset to the lab’s code</button></div>'
        '<p class="nh-verdict"></p></details>'  # what is wrong is announced by the panel
        '<div class="nh-edited" role="note" hidden></div>'
    )


def _value(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    arguments = dict(attributes)
    path, style = arguments.pop("of", ""), arguments.pop("as", "text")
    value = lab.value_at(_report(item.name, tuple(arguments.items())).data, path)
    return f'<span class="nh-value">{as_html(formatted(value, style))}</span>'


def formatted(value: Any, style: str) -> str:
    """Return a value as `percent:D`, `number:D`, `significant:D`, `span:D`, `nines`, `integer` or `text` says; D is a number of digits.

    A span is seconds, in the unit that suits them.

    >>> formatted(0.99501, "percent:3"), formatted(1234.5, "number:1"), formatted(14, "text"), formatted(0.0314, "span:2")
    ('99.501 %', '1,234.5', '14', '31 ms')

    Raises:
        LabError: the style is unknown, or the value is no number where one is needed.
    """
    kind, _, digits = style.partition(":")
    styles: dict[str, Callable[[float, int], str]] = {
        "percent": percent,
        "number": lambda number, decimals: f"{number:,.{decimals}f}",
        "significant": significant,
        "span": span,
        "nines": lambda share, _: nines(share),
        "integer": lambda number, _: f"{round(number):,}",
    }
    if kind == "text":
        return str(value)
    if kind not in styles:
        raise LabError(one_of("as", kind, ["text", *styles]))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LabError(f"as={style!r} must be used with a number, got {value!r}")
    return styles[kind](value, int(digits or (3 if kind == "span" else 2)))


def _limits(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    return "<ul>" + "".join(f"<li>{as_html(limit)}</li>" for limit in item.limits) + "</ul>"


def _checks(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    rows = "".join(_check(oracle) for oracle in item.oracles)
    numeric = "".join(f'<th scope="col" class="nh-number">{title}</th>' for title in ("Published", "Here", "Within"))
    head = f'<tr><th scope="col">What</th>{numeric}<th scope="col">Source</th></tr>'
    return (
        f'<div class="nh-table nh-checks" role="region" tabindex="0" aria-label="Checked against: {escape(item.title, quote=True)}">'
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def _check(oracle: Oracle) -> str:
    limit = "exact" if isinstance(oracle.published, str) else within(oracle.tolerance)
    note = f"<br><small>{escape(oracle.note)}</small>" if oracle.note else ""
    numbers = "\n".join(
        f'<td class="nh-number">{text}</td>'
        for text in (_result(oracle.published, oracle.digits), _result(oracle.ours(), oracle.digits), limit)
    )
    source = f'<a href="{escape(oracle.link, quote=True)}">{escape(oracle.source)}</a>'
    return f'<tr><th scope="row">{as_html(oracle.what)}{note}</th>\n{numbers}\n<td>{source}</td></tr>'


def _result(value: float | str, digits: int) -> str:
    return f"<code>{escape(value)}</code>" if isinstance(value, str) else significant(value, digits)


def within(tolerance: float | None) -> str:
    """Return a tolerance with all its digits, as HTML: what is shown is what is tested."""
    if not tolerance:
        return "measured" if tolerance is None else "exact"
    mantissa, power = f"{tolerance:.11e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    if tolerance < 1e-6:
        times = "" if mantissa == "1" else f"{mantissa} × "
        return f"± {times}10<sup>−{-int(power)}</sup>"
    return f"± {significant(tolerance, len(mantissa.replace('.', '')))}"


def _sources(item: lab.Lab, attributes: Mapping[str, str], ident: str) -> str:
    entries = (
        _LINK.sub(lambda link: f'<a href="{link[0]}">{link[0]}</a>', escape(entry, quote=False))
        for entry in item.sources
    )
    return "<ul>" + "".join(f"<li>{entry}</li>" for entry in entries) + "</ul>"


_FILLERS: dict[str, Callable[[lab.Lab, Mapping[str, str], str], str]] = {
    "lab-panel": _panel,
    "lab-value": _value,
    "lab-tasks": tasks.listed,
    "lab-limits": _limits,
    "lab-checks": _checks,
    "lab-sources": _sources,
}
