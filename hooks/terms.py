"""The terms of the glossary: read from its Markdown, found in pages, and held to its rules."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = "glossary.md"
_ENTRY = re.compile(r"^## (.+?) \{#([\w-]+)(?: data-forms=\"([^\"]*)\")?\}\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?![a-z]+:)([^)#]*)(#[^)]*)?\)")
_TOKEN = re.compile(r"(<!--.*?-->|<[^>]+>)", re.DOTALL)
_TAG = re.compile(r"<(/?)([\w-]+)")
# Nothing is a link in a link, a title, code, a quotation or a question; what stands behind `_END` is the notes.
_NOT_IN = {
    "a", "blockquote", "button", "code", "h1", "h2", "h3", "h4", "h5", "h6", "label", "nh-quiz", "pre", "script",
    "style", "summary", "svg", "th", "title",
}  # fmt: skip
_NOT_IN_CLASS = '<p class="admonition-title">'
_END = '<div class="footnote">'
# A link that an author has written; at an entry drawn into the page the definition is there already.
_LINKED = re.compile(r'(?<!<dt>)<a href="([^"#]*)#([\w-]+)">')
_NOTE = re.compile(r"(?:</\w+>)?<sup")
_OWN = re.compile(r'<a class="nh-term" href="[^"#]*#([\w-]+)">')
# A term in bold is one that is defined there. A lead ends with a sign, or stands before a colon or alone in its line.
_BOLD = re.compile(r"(?<![*\w])\*\*([^*\n]+?)\*\*(?!\*)")


@dataclass(frozen=True)
class Term:
    """One entry: `forms` are the ways in which pages write it, `text` is its definition in Markdown."""

    name: str
    title: str
    forms: tuple[str, ...]
    text: str
    source: str
    line: int


def read(markdown: str) -> list[Term]:
    """Return the entries of the glossary's Markdown, in their order."""
    found = []
    for entry in _ENTRY.finditer(markdown):
        title, name, forms, body = entry.groups()
        text, _, source = body.strip().partition("\nSource: ")
        written = tuple(form.strip() for form in forms.split(",")) if forms else (_as_written(title),)
        line = markdown[: entry.start()].count("\n") + 1
        found.append(Term(name, title, written, text.strip(), source.strip(), line))
    return found


def _as_written(title: str) -> str:
    # "Round trip" is "round trip" in a sentence, and "PACELC" stays.
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def pattern(forms: Sequence[str]) -> re.Pattern[str]:
    """Return what finds these forms, also in the plural and, if they begin with a small letter, at the beginning of a sentence.

    >>> pattern(["round trip"]).search("Two round trips").group()
    'round trips'
    """
    return _pattern(tuple(forms))


@cache
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    # A page has thousands of pieces of text, and a form is gone with its first use: few patterns, each needed often.
    written = (re.sub(r"\\? ", r"\\s+", re.escape(form)) for form in sorted(forms, key=len, reverse=True))
    either = "|".join(f"[{w[0].upper()}{w[0]}]{w[1:]}" if w[0].islower() else w for w in written)
    return re.compile(rf"(?<![\w-])(?:{either})(?:e?s)?(?![\w-])")


def linked(html: str, terms: Sequence[Term], glossary: str) -> str:
    """Return a page's HTML in which the first use of each term is a link to its entry; `glossary` is the address of the glossary from there.

    What an author has linked before is not linked again.
    """
    names = {term.name for term in terms}
    left = {form: term.name for term in terms for form in term.forms}

    def marked(link: re.Match[str]) -> str:
        return f'<a class="nh-term"{link[0][2:]}' if link[1] == glossary and link[2] in names else link[0]

    body, end, notes = _LINKED.sub(marked, html).partition(_END)
    return "".join(_pieces(body, left, glossary)) + end + notes


def _pieces(html: str, left: dict[str, str], glossary: str) -> Iterator[str]:
    inside: list[str] = []
    tokens = _TOKEN.split(html)
    for index, token in enumerate(tokens):
        tag = _TAG.match(token)
        if own := _OWN.match(token):
            _used(own[1], left)
        if tag and (tag[2] in _NOT_IN or token == _NOT_IN_CLASS or inside[-1:] == [tag[2]]):
            if not tag[1]:
                inside.append(tag[2])
            elif inside[-1:] == [tag[2]]:
                inside.pop()
        yield (
            token
            if tag or inside or token.startswith("<")
            else _first_uses(token, left, glossary, noted=bool(_NOTE.match("".join(tokens[index + 1 : index + 4]))))
        )


def _used(name: str, left: dict[str, str]) -> None:
    for form in [form for form, other in left.items() if other == name]:
        del left[form]


def _first_uses(text: str, left: dict[str, str], glossary: str, *, noted: bool) -> str:
    position, pieces = 0, []
    while left and (use := pattern(list(left)).search(text, position)):
        if noted and use.end() == len(text):  # two links without a space between them are hard to hit apart
            break
        name = next(name for form, name in left.items() if pattern([form]).fullmatch(use[0]))
        pieces.append(f'{text[position : use.start()]}<a class="nh-term" href="{glossary}#{name}">{use[0]}</a>')
        position = use.end()
        _used(name, left)
    return "".join([*pieces, text[position:]])


def drawn(term: Term, page: str) -> str:
    """Return an entry as an item of a Markdown definition list, for a page at this address below docs/."""
    folder = posixpath.dirname(page)

    def moved(link: re.Match[str]) -> str:
        return f"]({posixpath.relpath(link[1] or PAGE, folder or '.')}{link[2] or ''})"

    text = _LINK.sub(moved, term.text).replace("\n", "\n    ")
    return f"[{term.title}]({posixpath.relpath(PAGE, folder or '.')}#{term.name})\n:   {text}\n"


def faults(docs: Path) -> list[str]:
    """Return what is wrong with the glossary and its use, as "file:line: what, and how to mend it"; empty if nothing is."""
    terms = read((docs / PAGE).read_text(encoding="utf-8"))
    pages = {
        path.relative_to(docs).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(docs.rglob("*.md"))
        if path.relative_to(docs).parts[0] not in ("about", PAGE)
    }
    return [*_in_entries(terms, pages), *_in_lessons(terms, pages)]


def _in_entries(terms: Sequence[Term], pages: dict[str, str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    text = "\n".join(pages.values())
    for term in terms:
        place = f"{PAGE}:{term.line}: {term.title}"
        if not term.source:
            yield f'{place} must have a source; write it as the last line, "Source: …"'
        for key in {term.name, *(form.casefold() for form in term.forms)}:
            if seen.setdefault(key, term.name) != term.name:
                yield f'{place} must be the only entry for "{key}"; {seen[key]} is one too'
        if not pattern(term.forms).search(text):
            yield f'{place} must be used on some page; add the form in which pages write it, data-forms="…", or remove it'


def _in_lessons(terms: Sequence[Term], pages: dict[str, str]) -> Iterator[str]:
    known = pattern([*(form for term in terms for form in term.forms), *(term.title for term in terms)])
    lessons = {posixpath.dirname(address) for address, text in pages.items() if "<key-terms " in text}
    for address, text in pages.items():
        if posixpath.dirname(address) not in lessons:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for bold in _BOLD.finditer(line):
                words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", bold[1])
                is_lead = words[-1] in ".?!:" or line[bold.end() : bold.end() + 1] == ":" or bold[0] == line.strip(" -")
                if not is_lead and not known.fullmatch(words):
                    yield f'{address}:{number}: "{words}" is in bold as a term, and the glossary has no entry for it; add one, or use *italics*'
