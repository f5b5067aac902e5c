"""The slides of a lesson, taken from its own HTML: there is no second text to maintain.

On a slide stand the sentences that carry a term or a computed number, what begins a section, what is set in bold at the head of a
paragraph, and every list, table, quotation, diagram and panel. All the rest goes into the notes of the slide beside it. What an author
marks `{ .slide }` is shown whole, what is marked `{ .no-slide }` is not: a paragraph goes to the notes, a heading takes its section along.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil

from hooks import pieces
from hooks.blocks import Block, Held, blocks
from hooks.pieces import Piece

# What fits on a slide, in lines of text of the size that the stylesheet gives it.
ROOM = 13.9
_BESIDE_A_FIGURE = 2.6
_STATEMENT = 5.4
_HEADERLINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
_ADDRESS = re.compile(r'\b(href|src)="(?![a-z]+:|//)([^"]*)"')
_BACK = re.compile(r' id="fnref[^"]*"')


@dataclass
class Slide:
    """One slide: `kind` is text, statement, figure, panel or columns; `body` and `notes` are HTML, and `lines` is the room taken so far.

    `ident` is its own, and `place` that of its section in the lesson.
    """

    title: str
    above: str
    ident: str
    kind: str = "text"
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: float = 0
    part: str = ""
    place: str = field(init=False)

    def __post_init__(self) -> None:
        self.place = self.ident


@dataclass
class Section:
    """A heading of the lesson and the blocks up to the next one."""

    level: int
    title: str
    ident: str
    blocks: list[Block]


def stacks(html: str) -> list[list[Slide]]:
    """Return the slides of a lesson, those of each `h2` together; `html` is the lesson's content as its page shows it."""
    held = Held(html)
    found: list[list[Slide]] = []
    above = module = ""
    sections = list(_sections(held.html))
    for number, section in enumerate(sections):
        if section.level == 1:
            module = section.title
        if section.level < 3:
            above = section.title
            found.append([])
        slides = _slides(section, above if section.level > 2 else module if section.level == 2 else "")
        if section.level == 2 and not any(slide.body for slide in slides):
            below = sections[number + 1 :]
            upto = next((index for index, one in enumerate(below) if one.level < 3), len(below))
            slides = _overview(section, module, below[:upto])
        found[-1] += slides
    for stack in found:
        for slide in stack:
            slide.body = [_moved(held.restored(part)) for part in slide.body]
            slide.notes = [_moved(held.restored(part)) for part in slide.notes]
    return [stack for stack in found if stack]


def _sections(html: str) -> Iterator[Section]:
    current: Section | None = None
    left_out = 0
    for block in blocks(html):
        if "nh-times" in block.classes:  # said of the page, and not by it
            continue
        level = int(block.tag[1]) if re.fullmatch(r"h[1-4]", block.tag) else 0
        if level:
            left_out = left_out if left_out and level > left_out else level if "no-slide" in block.classes else 0
            if current:
                yield current
            current = None
            if not left_out:
                title = _HEADERLINK.sub("", block.inner).strip()
                current = Section(level, title, block.attributes.get("id", ""), [])
        elif current:
            current.blocks.append(block)
    if current:
        yield current


def _overview(section: Section, above: str, below: Iterable[Section]) -> list[Slide]:
    links = [f'<li><a href="#/{one.ident}">{one.title}</a></li>' for one in below]
    if len(links) < 2:  # the next slide says it all
        return []
    return [Slide(section.title, above, section.ident, body=[f'<ul class="nh-agenda">{"".join(links)}</ul>'])]


def _slides(section: Section, above: str) -> list[Slide]:
    slides: list[Slide] = []
    run: list[Piece] = []
    for piece in [*pieces.of(section.blocks), None]:
        if piece and (piece.kind == "text" or not piece.shown):
            run.append(piece)
            continue
        slides += _filled(run, section, above)
        run = []
        if not piece:
            break
        last = slides[-1] if slides else None
        joins = (
            last and piece.kind == "figure" and (last.kind in ("text", "statement") and last.lines <= _BESIDE_A_FIGURE)
        )
        if not (last and joins):
            last = Slide(section.title, above, section.ident)
            slides.append(last)
        if piece.title:
            last.title, last.above = piece.title, section.title
        last.kind = piece.kind
        last.body.append(piece.shown)
        last.notes += [piece.notes] if piece.notes else []
    return _numbered(_with_body(slides))


def _filled(run: list[Piece], section: Section, above: str) -> list[Slide]:
    """Return the slides of pieces that can share one, each about as full as the others."""
    total = sum(piece.lines for piece in run)
    count = ceil(total / ROOM)
    slides = [Slide(section.title, above, section.ident)] if run else []
    for piece in run:
        now = slides[-1].lines
        full = now + min(ROOM, max(piece.lines, piece.together)) > ROOM
        full |= not piece.within and now + piece.lines / 2 > total / max(1, count) and len(slides) < count
        if piece.shown and now and full:
            slides.append(Slide(section.title, above, section.ident))
        slides[-1].lines += piece.lines
        slides[-1].body += [piece.shown] if piece.shown else []
        slides[-1].notes += [piece.notes] if piece.notes else []
    for slide in slides:
        if slide.lines <= _STATEMENT and "<table" not in "".join(slide.body):
            slide.kind = "statement"
    return slides


def _with_body(slides: list[Slide]) -> list[Slide]:
    """Return the slides that show something; the notes of one that does not go to the one before, or else after."""
    shown = [slide for slide in slides if slide.body]
    for number, slide in enumerate(slides):
        if not slide.body and shown:
            before = [one for one in slides[:number] if one.body]
            if before:
                before[-1].notes += slide.notes
            else:
                shown[0].notes[:0] = slide.notes
    return shown


def _numbered(slides: list[Slide]) -> list[Slide]:
    alike = [slide for slide in slides if slide.above and slide.title == slides[0].title]
    for number, slide in enumerate(slides, 1):
        slide.ident += f"-{number}" if number > 1 else ""
    if len(alike) > 1:
        for number, slide in enumerate(alike, 1):
            slide.part = f"{number} of {len(alike)}"
    return slides


def _moved(html: str) -> str:
    """Return HTML whose addresses start one folder further down; those of slides stay."""

    def moved(match: re.Match[str]) -> str:
        name, address = match.groups()
        return match[0] if address.startswith("#/") else f'{name}="../{address}"'

    held = Held(_BACK.sub("", html))
    return held.restored(_ADDRESS.sub(moved, held.html))
