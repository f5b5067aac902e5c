"""What of a lesson's section stands on its slides, piece by piece, and what goes with each piece into the notes."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from hooks.blocks import Block, blocks, text

_WIDTH = 79  # letters in a line
_GAP = 0.45  # lines between two pieces
_TABLE_WIDTH = 96  # letters in a row of a table, whose type is smaller
_TABLE_LINE = 0.86  # of a line of text
_TABLE_ROOM = 11.0
_KEY = re.compile(r"<strong>|nh-value")
_RUN_IN = re.compile(r"<strong>(?:(?!</strong>).)*[.?!]</strong>\s*$", re.DOTALL)
# Between two sentences of one line: after its end, what closes there, and before a capital letter.
_END = re.compile(
    r"(?<=[.?!])((?:[\"”’)]|</\w+>|<sup\b.*?</sup>)*)\s+(?=[\"“(]*(?:<(?:strong|em|a|code|span)\b[^>]*>)*[A-Z])"
)
_LIST_ROOM = 12.4  # a longer list goes over several slides
_LONG = 190
_ITEM = re.compile(r"^\s*<p>(.*?)</p>\s*$", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """`shown` and `notes` are HTML, either may be empty; `lines` is the room that `shown` takes. Some kinds want a slide of their own.

    The first piece of what should not be torn apart says how many lines that has `together`, and the others are `within` it.
    """

    shown: str
    lines: float = 0
    notes: str = ""
    kind: str = "text"
    title: str = ""
    together: float = 0
    within: bool = False


def of(section: Sequence[Block]) -> Iterator[Piece]:
    """Yield the pieces of a section in their order."""
    plain = not any(block.tag != "p" or _KEY.search(block.inner) for block in section)
    first = True
    lead = ""
    for number, block in enumerate(section):
        after = section[number + 1] if number + 1 < len(section) else None
        if block.tag == "p":
            shown, lead, rest = _sorted(block, after, opening=plain or first)
            yield from (Piece(f"<p>{one}</p>", _lines(one) + _GAP) for one in shown)
            if rest:
                yield Piece("", notes=f"<p>{rest}</p>")
            first = False
        else:
            yield from _with_lead(lead, _others(block))
            lead = ""


def _sorted(block: Block, after: Block | None, *, opening: bool) -> tuple[list[str], str, str]:
    """Return the sentences of a paragraph for the slide, the one that leads to what comes `after`, and the rest."""
    sentences = [line.strip() for line in block.inner.split("\n") if line.strip()]
    if "no-slide" in block.classes:
        return [], "", " ".join(sentences)
    lead = sentences.pop() if sentences and after and _leads(sentences[-1], after) else ""
    chosen = [bool("slide" in block.classes or _KEY.search(one)) for one in sentences]
    if opening and sentences:
        chosen[0] = True
    shown: list[str] = []
    rest: list[str] = []
    joining = False
    for sentence, on_slide in zip(sentences, chosen, strict=True):
        if joining:
            shown[-1] += f" {sentence}"
        elif on_slide:
            shown.append(sentence)
        else:
            rest.append(sentence)
        joining = bool(_RUN_IN.match(sentence))
    return shown, lead, " ".join(rest)


def _leads(sentence: str, after: Block) -> bool:
    return after.tag in ("ul", "ol") or (after.tag in ("table", "blockquote", "pre") and text(sentence).endswith(":"))


def _with_lead(lead: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Put the sentence that leads to some pieces before the first of them, on the same slide."""
    first = next(pieces, None)
    if first:
        head = f"<p>{lead}</p>" if lead else ""
        lines = _lines(lead) + _GAP if lead else 0
        yield replace(first, shown=head + first.shown, lines=first.lines + lines, together=first.together + lines)
        yield from pieces
    elif lead:
        yield Piece("", notes=f"<p>{lead}</p>")


def _others(block: Block) -> Iterator[Piece]:
    """Yield the pieces of anything but a paragraph; what has no place in a talk, such as tasks, yields none."""
    if "no-slide" in block.classes:
        yield Piece("", notes=block.html)
        return
    kinds = [block.tag, *block.classes]
    found = next((_KINDS[kind](block) for kind in kinds if kind in _KINDS), iter(()))
    yield from found


def _whole(block: Block) -> Iterator[Piece]:
    breaks = block.inner.count("\n") if block.tag != "blockquote" else 0
    yield Piece(block.html, max(_lines(block.inner), breaks) + 2 * _GAP)


def _figure(block: Block) -> Iterator[Piece]:
    yield Piece(block.html, kind="figure")


def _panel(block: Block) -> Iterator[Piece]:
    named = re.search(r'class="nh-title">(.*?)</span>', block.html)
    yield Piece(block.html, kind="panel", title=named[1] if named else "")


def _details(block: Block) -> Iterator[Piece]:
    summary, *body = blocks(block.inner)
    yield _question(summary.inner, "".join(one.html for one in body))


def _quiz(block: Block) -> Iterator[Piece]:
    inside = list(blocks(block.inner))
    asked = next((one.inner for one in inside if "quiz-question" in one.classes), "")
    yield _question(asked, "".join(one.inner for one in inside if one.tag == "section"))


def _cards(block: Block) -> Iterator[Piece]:
    yield Piece(f'<div class="nh-cards">{block.inner}</div>', ceil(block.inner.count("<li>") / 2) * 4)


def _list(block: Block) -> Iterator[Piece]:
    """Yield the items of a list, each as a list of its own; the stylesheet lets no one see the seams."""
    found: list[Piece] = []
    for number, item in enumerate((one for one in blocks(block.inner) if one.tag == "li"), 1):
        alone = _ITEM.match(item.inner)
        whole = alone[1] if alone else item.inner
        shown, rest = _shortened(whole)
        start = f' start="{number}"' if block.tag == "ol" and number > 1 else ""
        listed = f"<{block.tag}{start}><li>{shown}</li></{block.tag}>"
        found.append(Piece(listed, _lines(shown) + _GAP, f"<p>{rest}</p>" if rest else ""))
    total = sum(piece.lines for piece in found)
    for number, piece in enumerate(found):
        kept = total <= _LIST_ROOM
        yield replace(piece, within=kept and number > 0, together=total if kept and number == 0 else 0)


def _shortened(html: str) -> tuple[str, str]:
    """Return the first sentences of a long item, and the rest: after what stands in bold, one more."""
    if len(text(html)) <= _LONG or "<p>" in html or "<li>" in html:
        return html, ""
    ends = [
        match
        for match in _END.finditer(html)
        if html.count("<a ", 0, match.end(1)) == html.count("</a>", 0, match.end(1))
    ]
    want = 2 if _RUN_IN.match(html[: ends[0].end(1)] if ends else "") else 1
    if len(ends) < want:
        return html, ""
    cut = ends[want - 1].end(1)
    return html[:cut], html[cut:].strip()


def _table(block: Block) -> Iterator[Piece]:
    """Yield a table, in several parts with the same head if it is long."""
    parts = {one.tag: one for one in blocks(block.inner)}
    head = parts["thead"].html if "thead" in parts else ""
    rows = [one for one in blocks(parts["tbody"].inner) if one.tag == "tr"]
    titles = [text(cell.inner) for row in blocks(parts["thead"].inner) for cell in blocks(row.inner)] if head else []
    cells = [[text(cell.inner) for cell in blocks(row.inner) if cell.tag in ("td", "th")] for row in rows]
    widths = [max(8.0, sum(map(len, column)) / len(column)) for column in zip(*cells, strict=True)]
    share = [width / sum(widths) * _TABLE_WIDTH for width in widths]
    top, *takes = (
        _TABLE_LINE
        * (max((ceil(len(cell) / (room * 0.93)) for cell, room in zip(row, share, strict=False)), default=0) + 0.55)
        for row in [titles, *cells]
    )
    pages = ceil(sum(takes) / (_TABLE_ROOM - top))
    most = (sum(takes) + 0.001) / pages
    group: list[int] = []
    groups = [group]
    for number, lines in enumerate(takes):
        if group and sum(takes[one] for one in group) + lines / 2 > most and len(groups) < pages:
            group = []
            groups.append(group)
        group.append(number)
    for group in groups:
        body = "".join(rows[number].html for number in group)
        yield Piece(f"<table>{head}<tbody>{body}</tbody></table>", sum(takes[number] for number in group) + top + _GAP)


def _question(asked: str, answer: str) -> Piece:
    inner = _ITEM.match(asked)
    question = inner[1] if inner else asked
    notes = f"<p><strong>{question}</strong></p>{answer}"
    return Piece(f'<p class="nh-question">{question}</p>', _lines(question) + _GAP, notes)


def _aside(block: Block) -> Iterator[Piece]:
    """Yield a box: all of a short one, of a long one its key sentences."""
    inside = [one for one in blocks(block.inner) if one.tag == "p"]
    title, *rest = inside
    if sum(len(text(one.inner)) for one in rest) <= 2 * _LONG:
        shown, notes = [one.inner for one in rest], ""
    else:
        sorted_ = [_sorted(one, None, opening=False) for one in rest]
        shown = [sentence for found, _, _ in sorted_ for sentence in found]
        notes = "".join(f"<p>{left}</p>" for _, _, left in sorted_ if left)
    body = "".join(f"<p>{one}</p>" for one in shown)
    html = f'<div class="nh-aside"><p class="nh-aside-title">{title.inner}</p>{body}</div>'
    yield Piece(html, sum(_lines(one) + _GAP for one in shown) + 1.6, notes)


def _columns(block: Block) -> Iterator[Piece]:
    """Yield what stands behind tabs side by side."""
    parts = {name: one for one in blocks(block.inner) for name in one.classes}
    labels = [one.inner for one in blocks(parts["tabbed-labels"].inner)]
    bodies = [one.inner for one in blocks(parts["tabbed-content"].inner)]
    columns = "".join(f"<div><h3>{label}</h3>{body}</div>" for label, body in zip(labels, bodies, strict=True))
    yield Piece(f'<div class="nh-columns">{columns}</div>', 0, kind="columns")


def _lines(html: str) -> int:
    return ceil(max(1, len(text(html))) / _WIDTH)


# By tag or class.
_KINDS: dict[str, Callable[[Block], Iterator[Piece]]] = {
    "ul": _list, "ol": _list, "table": _table, "blockquote": _whole, "pre": _whole, "dl": _whole, "highlight": _whole, "figure": _figure,
    "lab-panel": _panel, "details": _details, "quiz": _quiz, "admonition": _aside, "tabbed-set": _columns, "cards": _cards,
}  # fmt: skip
