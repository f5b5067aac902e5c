"""What the build writes for the reader's progress: marks in the navigation, an anchor at each task, the list of all tasks."""

import re
from pathlib import Path

from hooks.progress import marked, with_anchors
from labs_py import lab
from labs_py.exercise import Predict

NAVIGATION = """
<label class="md-nav__link md-nav__link--active" for="__toc"><span>One</span><span class="md-nav__icon md-icon"></span></label>
<a href="./" class="md-nav__link md-nav__link--active"><span>One</span></a>
<a href="../" class="md-nav__link "><span>Module</span></a>
<a href="../two/" class="md-nav__link"><span>Two</span></a>
<a href="#part" class="md-nav__link"><span>Part</span></a>
"""
MARK = re.compile(r'<a [^>]*md-nav__link[^>]*>(?:(?!</a>).)*<nh-done data-tasks="([^"]*)"', re.DOTALL)
QUIZ = re.compile(r'<nh-quiz [^>]*data-task="(quiz/\w+)"')
ROW = re.compile(r'<li data-task="(\w+)/([\w-]+)"[^>]*><a href="\.\./([^"#]*)#([^"]+)">')


def test_each_task_gets_an_anchor() -> None:
    html = (
        '<ol class="nh-tasks" data-lab="x"><li class="nh-task nh-reach" data-task="reach-1"></li><li>no task</li></ol>'
    )
    anchored, found = with_anchors(html)
    assert found == ["x/reach-1"]
    assert '<li id="x-reach-1" class="nh-task nh-reach" data-task="reach-1"></li><li>no task</li>' in anchored


def test_links_to_pages_with_tasks_are_marked_and_no_others() -> None:
    html = marked(NAVIGATION, {"./": ["x/reach-1"], "../": ["x/reach-1", "y/reach-1"], "../two/": []}, "one/")
    assert re.findall(r"<span>(\w+)</span>(<nh-done[^>]*>)", html) == [
        ("One", '<nh-done data-tasks="x/reach-1">'),
        ("One", '<nh-done data-tasks="x/reach-1" data-here="one/">'),
        ("Module", '<nh-done data-tasks="x/reach-1 y/reach-1">'),
    ]


def tasks_by_page(site: Path) -> dict[str, set[str]]:
    """The tasks that pages show, as "lab/task", and their questions, as "quiz/name"."""
    found = {}
    for path in site.rglob("index.html"):
        html = path.read_text(encoding="utf-8")
        lists = re.findall(r'<ol class="nh-tasks" data-lab="(\w+)">(.*?)</ol>', html, re.DOTALL)
        tasks = {f"{name}/{task}" for name, rows in lists for task in re.findall(r'data-task="([\w-]+)"', rows)}
        tasks |= set(QUIZ.findall(html))
        if tasks:
            found[path.parent.relative_to(site).as_posix() + "/"] = tasks
    return found


def test_the_list_leads_to_every_task_of_every_page(site: Path) -> None:
    listed: dict[str, set[str]] = {}
    for name, task, address, anchor in ROW.findall((site / "progress" / "index.html").read_text(encoding="utf-8")):
        assert f' id="{anchor}" ' in (site / address / "index.html").read_text(encoding="utf-8"), anchor
        listed.setdefault(address, set()).add(f"{name}/{task}")
    assert listed == tasks_by_page(site)
    assert "foundations/hop-latency/" in listed


def test_the_list_knows_the_options_and_the_answer_of_each_prediction_and_asks_every_question(site: Path) -> None:
    html = (site / "progress" / "index.html").read_text(encoding="utf-8")
    for name in {row[0] for row in ROW.findall(html)} - {"quiz"}:
        item = lab.load(name)
        for task_name, task in zip(item.task_names, item.tasks, strict=True):
            row = re.search(rf'<li data-task="{name}/{task_name}"([^>]*)>', html)
            assert row
            right = re.search(r'data-right="(\d+)"', row[1])
            assert (right and int(right[1])) == (task.answer if isinstance(task, Predict) else None)


def test_every_page_marks_every_page_that_has_tasks_and_each_section_sums_its_own_up(site: Path) -> None:
    tasks = tasks_by_page(site)
    for path in site.rglob("index.html"):
        html = path.read_text(encoding="utf-8")
        if "md-nav" not in html:  # slides have no navigation
            continue
        marks = [set(names.split()) for names in MARK.findall(html)]
        own = [names for address, names in tasks.items() if address.count("/") > 1]  # a lesson's are in its section's
        assert [names for names in own if names not in marks] == [], path
        for section in {address.partition("/")[0] for address in tasks}:
            within = [names for address, names in tasks.items() if address.startswith(f"{section}/")]
            assert set().union(*within) in marks, (path, section)
