"""MkDocs hook: the theme's script starts without making the browser lay the whole page out again.

As it comes, it writes every relative address of the page anew, which loads all stylesheets and fonts a second time and computes the
style of every link again: here it leaves out the stylesheets, and does it when the page is idle, or when the reader goes to another
page, which is what it is for. It turns transitions off and on again for colors that the page has already; and that it runs at all it
says when the page has been styled as if it did not. It puts a box around each table, and each time the style of the whole article is
computed again: the boxes stand in the page as it is built, where they also serve readers without JavaScript. And every font that comes
late makes a layout of all text before it necessary, so the page begins with something in each font that it needs: in time, and not in
the way of the first paint, as a link to preload it would be. On a long page each of these costs a phone up to half a second.

One more place in that script is a fault: where a reader is, it writes down late, even into what the history then says of the next page.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

from hooks.remembered import remembered

# What stands in the theme's script, and what takes its place. When the theme goes to another page it keeps the stylesheets that the
# other page has too; it knows them by their text, so those whose text stays relative must be known by where they came from. How far a
# page is scrolled and which heading is in view it writes to the history a moment later: not once its reader has gone on, or the next page
# would begin at the height of the one that was left. That one is left until its container has made way for the next.
_PLACES = {
    'M("[href], [src]",e))for(let r of': 'M("[href]:not([rel=stylesheet]), [src]",e))for(let r of',
    "t.set(r.outerHTML,r)": 't.set(r.rel==="stylesheet"?(r.sheet||r).href:r.outerHTML,r)',
    'document.body.setAttribute("data-md-color-switching","")': (
        'document.body.dataset.mdColorScheme!==s.color.scheme&&document.body.setAttribute("data-md-color-switching","")'
    ),
    'o=x("meta",{name:"color-scheme"});document.head.appendChild(o);': 'o=x("meta",{name:"color-scheme"});',
    "return o.content=a.colorScheme,": (
        'return((o.content=a.colorScheme)==="dark"||o.isConnected)&&document.head.appendChild(o),'
    ),
    '...M("table:not([class])",e).map(i=>ti(i)),': "",
    "$(document).subscribe(vi)": "(self.requestIdleCallback||setTimeout)(()=>vi(document))",
    'history.pushState(null,"",a)': 'vi(document),history.pushState(null,"",a)',
    "b(a=>xr(a,{progress$:o})": 'O(()=>{self.nhLeft=Ce("container")}),b(a=>xr(a,{progress$:o})',
    '{history.replaceState(a,"")}': '{self.nhLeft?.isConnected||history.replaceState(a,"")}',
    "let c=we(),p=a[a.length-1];if(p&&p.length)": (
        "if(self.nhLeft?.isConnected)return;let c=we(),p=a[a.length-1];if(p&&p.length)"
    ),
}

# The first two are classes that the theme's script gives to the page, the second one is that of a helper within it. With the third a page
# lays out what is far from the reader when it comes near (site.css): one that is newly opened, at its beginning. In any other the reader
# is brought to a place, which must be where it was or will be.
_AT_ONCE = (
    "<script>document.documentElement.className="
    '"js js-focus-visible"+(location.hash||performance.getEntriesByType("navigation")[0]?.type!=="navigate"?"":" nh-folded")</script>'
)

# The tables of a lab's report have a box of their own.
_TABLE = re.compile(r'(<div class="nh-table\b[^>]*>\s*)?(<table>.*?</table>)', re.DOTALL)
_BOXED = '<div class="md-typeset__scrollwrap"><div class="md-typeset__table">{}</div></div>'

# Something in each font that is not the page's first, and by what in its article a page is known to need it.
_FONTS = {
    "<code>–</code>": re.compile("<code|<pre"),
    "<em>–</em>": re.compile("<em"),
    "ć": re.compile("[\u0100-\u0130\u0132-\u0151\u0154-\u017f]"),
}
_BODY = re.compile("<body[^>]*>")


def steady(script: str) -> str:
    """Return the theme's script, made to leave alone what is right already.

    Raises:
        ValueError: a place is not there exactly once, so the theme is another one.
    """
    for before, after in _PLACES.items():
        if script.count(before) != 1:
            raise ValueError(f"the theme's script must hold {before} once, got {script.count(before)} places")
        script = script.replace(before, after)
    return script


def boxed(html: str) -> str:
    """Return HTML with a box that scrolls around each table that has none.

    >>> boxed('<table>1</table>').count("<div"), boxed('<div class="nh-table"><table>1</table></div>').count("<div")
    (2, 1)
    """
    return _TABLE.sub(lambda found: found[0] if found[1] else _BOXED.format(found[2]), html)


def fonts(html: str) -> str:
    """Return an element to stand first in a page, so that the browser asks at its first layout for the fonts that its HTML needs."""
    needed = "".join(sample for sample, sign in _FONTS.items() if sign.search(html))
    return f'<span class="nh-fonts" aria-hidden="true" data-nosnippet>{needed}</span>' if needed else ""


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """MkDocs: called with each page."""
    output = _BODY.sub(lambda body: body[0] + fonts(page.content or ""), remembered(boxed, output), count=1)
    return output.replace("</head>", f"{_AT_ONCE}</head>", 1)


def on_post_build(config: MkDocsConfig) -> None:
    """MkDocs: called when all files are written."""
    (bundle,) = (Path(config.site_dir) / "assets" / "javascripts").glob("bundle.*.min.js")
    try:
        bundle.write_text(steady(bundle.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        raise PluginError(f"hooks/quick_start.py: {error}; see whether it is still needed") from None
