"""The strict build of the site: links, anchors, pages that the navigation lacks, elements of labs, diagrams."""

import logging
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from tools.check.finding import Finding, line_of

_LINK = re.compile(r"Doc file '(?P<page>[^']+)' contains an? (?:[\w ]+ )?link '(?P<link>[^']*)',? ?(?P<wrong>.*)")
_OMITTED = "The following pages exist in the docs directory"
_NOT_FOUND = re.compile(r"A reference to '([^']+)' is included in the 'nav' configuration")
_READING = re.compile(r"Error reading page '[^']+':")
_PAGE = re.compile(r"(?:Error reading page ')?(?P<page>[\w./-]+\.md)'?: (?P<wrong>.*)")


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def site(root: Path) -> list[Finding]:
    """What MkDocs and the hooks warn of or stop at. Built as `make serve` does, so that an edited lab needs no new snapshot."""
    kept = _Kept()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(kept)
    logger.propagate = False
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = load_config(str(root / "mkdocs.yml"), site_dir=folder)
            config.plugins.on_startup(command="serve", dirty=False)
            build(config)
    except Abort:
        pass  # the reason was logged
    except Exception as error:  # noqa: BLE001  a lab may raise anything, and the log names the page
        kept.messages.append(
            f"{kept.messages.pop() if kept.messages else 'mkdocs.yml'}: {type(error).__name__}: {error}"
        )
    finally:
        logger.removeHandler(kept)
    return sorted(set(findings(root, kept.messages)))


def findings(root: Path, messages: Iterable[str]) -> Iterator[Finding]:
    """What MkDocs logged, with the line that it does not name."""
    docs = root / "docs"
    for text in messages:
        message = " ".join(text.split()).rstrip(".")
        if _READING.fullmatch(message) or "This seems to be a footnote" in message:
            continue  # the reason comes next; notes that are not used are found by markdownlint
        if link := _LINK.match(message):
            file = f"docs/{link['page']}"
            line = line_of(root / file, f"({link['link']}")
            mend = "name a page and a heading that are there, or drop the link"
            yield Finding(file, line, f"link {link['link']!r} {link['wrong']}", mend)
        elif message.startswith(_OMITTED):
            for page in re.findall(r"(?m)^  - (.*)$", text):
                wrong, mend = "no entry of the navigation leads to this page", "add it to nav in mkdocs.yml"
                yield Finding(f"docs/{page}", 1, wrong, mend)
        elif nav := _NOT_FOUND.match(message):
            wrong, mend = f"the navigation names {nav[1]}, which is not in docs", "write the page or drop the entry"
            yield Finding("mkdocs.yml", line_of(root / "mkdocs.yml", nav[1]), wrong, mend)
        elif page := _PAGE.match(message):
            element = re.match(r"<[\w-]+", page["wrong"])
            part = element[0] if element else page["wrong"].split()[-1]
            line = line_of(docs / page["page"], part, *re.findall(r"got '(\w+)'", page["wrong"]))
            yield Finding(f"docs/{page['page']}", line, page["wrong"], "mend what the message names")
        else:
            yield Finding("mkdocs.yml", 1, message, "run `make site` to see where it comes from")
