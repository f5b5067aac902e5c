"""What a page says of its blocks of text, so that a browser can put off laying them out."""

import re

from hooks.folding import measured

_SAID = re.compile(r' data-letters="\d+" data-parts="\d+"')


def test_a_page_is_left_as_it_is_but_for_what_is_said() -> None:
    page = (
        "<h1>Title</h1><p>Under it.</p>\n\n"
        + "<p>Said twice.</p> " * 8
        + "<!-- a note --><p>Before.<!-- in it --></p>\n"
        '<p class="x">Here &amp; there</p>&#8203;<svg><p>4</p></svg>\n<blockquote>\n  <p>One</p>\n  <p>Two</p></blockquote>\n<p>Two</p>\n'
    )
    said = measured(page)
    assert _SAID.sub("", said) == page
    assert '<p class="x"' not in said
    assert '<p data-letters="16" data-parts="1" class="x">' in said
    assert said.endswith('<p data-letters="3" data-parts="1">Two</p>\n')
    assert said.count("<p>Said twice.") == 6
