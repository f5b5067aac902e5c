"""MkDocs hook: the built site can be stored on a reader's device. The service worker gets its list of files, the page about it the sizes."""

from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority

from hooks import precache
from hooks.build_folder import BuildError

ELEMENT = "<course-offline></course-offline>"
NO_SCRIPT = "To store the course, turn on JavaScript and reload this page. Without it, save single pages with the browser's own command."
SERVED = (
    "This copy comes from <code>mkdocs serve</code>, where nothing can be stored: "
    "you would be shown old pages while you write. To try it, build the site and serve the result."
)
serving = False


def filled(html: str, size: precache.Size | None) -> str:
    """Return a page's HTML with its `<course-offline>` filled: what storing takes, or that it is not offered while an author serves the site."""
    if not size:
        return html.replace(ELEMENT, f"<course-offline data-serving><p>{SERVED}</p></course-offline>")
    download, space = (max(1, round(amount / 1e6)) for amount in (size.download, size.space))
    panel = (
        f'<course-offline data-download="{download}" data-space="{space}">'
        f"<p>Storing the course downloads about {download} MB and takes about {space} MB on this device.</p>"
        f"<noscript><p>{NO_SCRIPT}</p></noscript></course-offline>"
    )
    return html.replace(ELEMENT, panel)


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once. An author who serves the site must never be shown a stored, old one."""
    global serving  # noqa: PLW0603  MkDocs says it here and nowhere else
    serving = command == "serve"


@event_priority(-100)
def on_post_build(config: MkDocsConfig) -> None:
    """MkDocs: all files are written, and by the priority no other hook changes one after this."""
    site = Path(config.site_dir)
    size = None if serving else precache.size(site)
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        if ELEMENT in html:
            page.write_text(filled(html, size), encoding="utf-8")
    try:
        precache.fill(site, (site / precache.WORKER).read_text(encoding="utf-8"), empty=serving)
    except BuildError as error:
        raise PluginError(str(error)) from error
