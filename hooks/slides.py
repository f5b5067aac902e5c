"""MkDocs hook: a lesson that says `slides: true` at its head gets a page of slides beside it, made of its own text (hooks/deck.py)."""

from html import escape
from pathlib import Path
from string import Template

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from hooks import paper
from hooks.build_folder import content_hash
from hooks.deck import Slide, stacks
from hooks.feed import FEED
from hooks.remembered import remembered

_FOLDER = "slides/"
_TEMPLATE = Path(__file__).with_name("slides.html")
_LINK = f'<p class="nh-to-slides"><a href="{_FOLDER}">Slides of this module</a>, with speaker notes</p>'


def linked(html: str) -> str:
    """Return a lesson's page with the link to its slides below its title."""
    return html.replace("</h1>", f"</h1>{_LINK}", 1)


def _on_paper(slide: Slide, lesson: str) -> tuple[str, str]:
    """Return the attributes that say what of a panel is printed, and the line that says where the rest is; `lesson` is its address."""
    printed = paper.shown("".join(slide.body))
    what = "The rest of this panel, live and with its settings, is" if printed.rest else "This panel is live"
    address = f'<a href="../#{escape(slide.place)}">{escape(lesson)}#{escape(slide.place)}</a>'
    attributes = f' data-printed="{printed.figures}" style="--nh-printed: {printed.scale}"'
    return attributes, f'<p class="nh-rest">{what} in the lesson: {address}</p>'


def _section(slide: Slide, lesson: str) -> str:
    above = f'<p class="nh-above">{slide.above}</p>' if slide.above else ""
    part = f' <small class="nh-part">{slide.part}</small>' if slide.part else ""
    head = f'<div class="nh-slide-head">{above}<h2>{slide.title}{part}</h2></div>'
    # On a touch screen a finger in a panel moves its sliders, or scrolls it, and does not turn the slide.
    still = " data-prevent-swipe" if slide.kind == "panel" else ""
    body = f'<div class="nh-slide-body"{still}>{"".join(slide.body)}</div>'
    attributes, rest = _on_paper(slide, lesson) if slide.kind == "panel" else ("", "")
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>' if slide.notes else ""
    ident = escape(slide.ident, quote=True)
    return (
        f'<section id="{ident}"><div class="nh-slide nh-slide-{slide.kind}"{attributes}>{head}{body}{rest}</div>'
        f"{notes}</section>"
    )


def deck(lesson: Page, content: str, config: MkDocsConfig) -> str:
    """Return the page of slides of a lesson with this content."""
    site = Path(config.site_dir)
    opening, *others = remembered(stacks, content)
    title, description = opening[0].title, escape(str(lesson.meta.get("description", "")))
    place = escape(str(lesson.parent.title)) if lesson.parent else ""
    scripts = [one.path for one in config.extra_javascript if isinstance(one, ExtraScriptValue)]
    root = "../" * (f"{lesson.url}{_FOLDER}".count("/"))
    address = lesson.canonical_url or lesson.url

    def fresh(address: str) -> str:
        return f"{root}{address}?{content_hash([site / address])}"

    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=title,
        description=description,
        site=escape(config.site_name),
        place=place,
        rights=escape(config.copyright or ""),
        root=root,
        styles="".join(f'<link rel="stylesheet" href="{root}{path}">' for path in config.extra_css),
        own_style=f'<link rel="stylesheet" href="{fresh("assets/slides.css")}">',
        scripts="".join(f'<script type="module" src="{root}{path}"></script>' for path in scripts),
        own_script=f'<script type="module" src="{fresh("assets/slides.js")}"></script>',
        feed=f"{root}{FEED}",
        opening="".join(_section(slide, address) for slide in opening),
        slides="".join(
            f"<section>{''.join(_section(slide, address) for slide in stack)}</section>\n" for stack in others
        ),
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """MkDocs: called with each finished page; its content is as every hook has left it, and the assets are there already."""
    if not page.meta.get("slides"):
        return output
    path = Path(config.site_dir, page.url, _FOLDER, "index.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(deck(page, page.content or "", config), encoding="utf-8")
    return linked(output)
