"""The times under a title: what is counted, what is not, and that every page with a lab says them."""

import re
from pathlib import Path

from hooks.times import WORDS_A_MINUTE, doing, hours, reading


def test_prose_is_counted_and_panels_tasks_code_and_footnotes_are_not() -> None:
    prose = "<p>" + "word " * WORDS_A_MINUTE + "</p>"
    others = "<pre>a b</pre><lab-panel name='x'><p>c<br>d</p></lab-panel><div class='footnote'>e</div><svg><text>f</text></svg>"
    assert reading(prose + others) == 1
    assert reading(prose + others + "<p>one<br>more</p>") == 2


def test_each_kind_of_doing_has_its_minutes() -> None:
    tasks = '<li class="nh-task nh-predict"><li class="nh-task nh-reach"><li class="nh-task nh-write">'
    question = '<nh-quiz class="quiz"><div class="quiz-question">'
    assert doing('<lab-panel name="x">' + 2 * tasks + question) == (
        3 + 2 * (1 + 3 + 10) + 1,
        ["1 panel", "2 predictions", "2 goals", "2 functions to write", "1 question"],
    )
    assert hours(75) == "1 hour"
    assert hours(76) == "1½ hours"


def test_a_page_with_a_lab_says_its_times_under_the_title_and_the_front_page_their_sum(site: Path) -> None:
    total = 0
    for path in sorted((site / "foundations").rglob("index.html")):
        if path.parent.name == "slides":
            continue
        found = re.findall(
            r'</h1>(?:<p class="nh-to-slides">.*?</p>)?<p class="nh-times"[^>]*>Reading (\d+) min\. Doing (\d+) min: [^<]*\.</p>',
            path.read_text("utf-8"),
        )
        assert len(found) == 1, path
        total += sum(int(minutes) for minutes in found[0])
    assert f"about {hours(total)}</em>" in (site / "index.html").read_text("utf-8")
