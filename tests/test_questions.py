"""Questions: the rules they are held to, their answers computed a second time, and what a learning platform gets."""

import io
import math
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hooks.questions import QuestionError, package, plain, read
from hooks.quizzes import adapted

DOCS = Path(__file__).parents[1] / "docs"
PAGE = "foundations/index.md"
GOOD = "<quiz>\nWhy?\n\n- [x] So\n> Because.\n- [ ] Not\n> No.\n</quiz>\n"


def right_answers() -> dict[str, str]:
    """The right option of each question of Module 1, by the beginning of the question."""
    return {
        plain(one.quiz.question, PAGE)[:30]: plain(one.quiz.answers[one.right].text, PAGE)
        for one in read(DOCS / PAGE, PAGE)
    }


def test_the_answers_of_questions_that_need_a_lab_are_what_one_computes_without() -> None:
    right = right_answers()
    assert len(right) >= 8
    assert right["Each server is slow once in a "] == str(math.ceil(math.log(0.5) / math.log(0.999)))
    assert right["Five services stand on the cri"] == f"{(1 - 0.9995**5) * 8760:.1f} hours"
    copies = next(c for c in range(1, 9) if (1 - 0.01**c) ** 5 >= 0.9999)
    assert right["A request needs five parts, an"] == str(copies)
    met = max(a for a in (99.95, 99.9, 99.5) if (100 - a) / 100 * 30 * 24 * 60 >= 90)
    assert right["Your objective is measured ove"] == f"{met} percent"


def test_right_options_stand_in_no_place_of_preference() -> None:
    places = [one.right for one in read(DOCS / PAGE, PAGE)]
    assert max(places.count(place) for place in set(places)) <= len(places) / 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (GOOD.replace("[x]", "[ ]"), "page.md:1: a question must have one right option, marked [x], got 0"),
        (GOOD.replace("[ ]", "[x]"), "one right option, marked [x], got 2"),
        (GOOD.replace("> No.\n", ""), "each option must be explained, in a line that begins with '>' right below it"),
        ("\n\n<quiz>\n2 + 2 = [[4]]\n</quiz>\n", "page.md:3: a question must have options, got a blank"),
        ("<quiz>\nWhy?\n</quiz>\n", "each <quiz> must have a question and options"),
        (GOOD + GOOD, "page.md:9: a question must stand on a page once"),
    ],
)
def test_a_question_that_breaks_a_rule_is_refused(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(QuestionError) as refused:
        read(path, "page.md")
    assert message in str(refused.value)


def test_a_question_keeps_its_name_until_its_words_change(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    names = []
    for source in (GOOD, "Text.\n\n" + GOOD.replace("Because.", "For a reason."), GOOD.replace("Not", "Never")):
        path.write_text(source, encoding="utf-8")
        names += [one.name for one in read(path, "page.md")]
    assert names[0] == names[1] != names[2]


def test_another_release_of_the_plugin_is_noticed() -> None:
    with pytest.raises(ValueError, match="another release"):
        adapted("<p>Text</p>", [], [])


@pytest.mark.parametrize("version", ["1.2", "2.1"])
def test_the_file_for_learning_platforms_is_whole_and_knows_the_right_answers(site: Path, version: str) -> None:
    questions = read(DOCS / PAGE, PAGE)
    path = site / f"foundations/index.qti-{version}.zip"
    assert path.read_bytes() == package(questions, "Nines & Hops: Foundations of Distributed Systems", PAGE, version), (
        "the same questions must make the same file"
    )
    with zipfile.ZipFile(path) as archive:
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}  # noqa: S314  our own
    manifest = {element.get("href") for element in trees["imsmanifest.xml"].iter() if element.get("href")}
    assert manifest == trees.keys() - {"imsmanifest.xml"}
    for one in questions:
        item = trees[f"items/question_{one.name}.xml"]
        texts = {e.get("identifier") or e.get("ident"): "".join(e.itertext()).strip() for e in item.iter()}
        correct = next(
            "".join(e.itertext()).strip() for e in item.iter() if e.tag.endswith(("}correctResponse", "}varequal"))
        )
        assert texts[correct] == plain(one.quiz.answers[one.right].text, PAGE)
        everything = " ".join("".join(item.itertext()).split())
        assert all(plain(answer.feedback or "?", PAGE) in everything for answer in one.quiz.answers)
        assert "<" not in everything.replace("< ", "")


def test_the_page_offers_the_files(site: Path) -> None:
    html = (site / "foundations/index.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(io.BytesIO((site / "foundations/index.qti-2.1.zip").read_bytes())) as archive:
        assert archive.testzip() is None
    assert all(f'href="index.qti-{version}.zip"' in html for version in ("1.2", "2.1"))


def test_what_contributors_are_shown_keeps_the_rules(tmp_path: Path) -> None:
    shown = (DOCS / "about" / "questions-and-terms.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```markdown\n(<quiz>.*?)```", shown, re.DOTALL)
    path = tmp_path / "page.md"
    path.write_text(example, encoding="utf-8")
    (question,) = read(path, "page.md")
    assert plain(question.quiz.answers[question.right].text, "page.md") == "98.01 %"
    assert re.findall(r"```markdown\n(## .*?)```", shown, re.DOTALL)[0].strip() in (DOCS / "glossary.md").read_text(
        encoding="utf-8"
    )
