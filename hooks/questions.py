"""The questions of a page, as mkdocs-quiz reads them, held to the rules of the course; and as a file for a learning platform (QTI)."""

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

import markdown
from mkdocs_quiz.parsing import find_quizzes, mask_code_blocks
from mkdocs_quiz.qti import QTIExporter, QTIVersion
from mkdocs_quiz.qti.extractor import extract_quizzes_from_file
from mkdocs_quiz.qti.models import Answer, Quiz, QuizCollection

from hooks import panels, remembered

VERSIONS = {"1.2": QTIVersion.V1_2, "2.1": QTIVersion.V2_1}
"""What learning platforms read: some the older form, some the newer."""
# The day that stands in the archives: what has not changed must not look new.
_DAY = (2026, 1, 1, 0, 0, 0)


class QuestionError(ValueError):
    """A question breaks a rule; the message names the file, the line and the rule."""


@dataclass(frozen=True)
class Question:
    """`name` is made of the words of the question and its options: an answer belongs to the question as it was worded."""

    name: str
    quiz: Quiz

    @property
    def right(self) -> int:
        """The number of the right option, from 0."""
        return [answer.is_correct for answer in self.quiz.answers].index(True)


def read(path: Path, page: str) -> list[Question]:
    """Return the questions of a Markdown file, in their order; `page` is its name in messages.

    Raises:
        QuestionError: one of them breaks a rule.
    """
    source = path.read_text(encoding="utf-8")
    written = find_quizzes(mask_code_blocks(source)[0])
    if not written:
        return []
    found = [_checked(quiz, page) for quiz in extract_quizzes_from_file(path)]
    if len(found) != len(written):
        raise QuestionError(
            f"{page}: each <quiz> must have a question and options such as '- [ ] text', got one without"
        )
    names = [question.name for question in found]
    for number, question in enumerate(found):
        if question.name in names[:number]:
            raise QuestionError(
                f"{page}:{question.quiz.source_line}: a question must stand on a page once, got it again"
            )
    return found


def _checked(quiz: Quiz, page: str) -> Question:
    place = f"{page}:{quiz.source_line}"
    if quiz.blanks:
        raise QuestionError(
            f"{place}: a question must have options, got a blank to fill in: what is typed cannot be explained"
        )
    right = len(quiz.correct_answers)
    if right != 1:
        raise QuestionError(f"{place}: a question must have one right option, marked [x], got {right}")
    for answer in quiz.answers:
        if not answer.feedback:
            raise QuestionError(
                f"{place}: each option must be explained, in a line that begins with '>' right below it, got none at '{answer.text}'"
            )
    words = "\n".join([quiz.question, *(answer.text for answer in quiz.answers)])
    return Question(hashlib.sha256(words.encode()).hexdigest()[:8], quiz)


@cache  # for each version of QTI, and each edit while the site is served; an edited lab makes this module be imported anew
def plain(text: str, page: str) -> str:
    """Return Markdown as plain text, with the values of labs in it."""
    html = panels.fill(remembered.remembered(markdown.markdown, text), page, remembered.elements)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def package(questions: Sequence[Question], title: str, page: str, version: str) -> bytes:
    """Return the questions as a QTI package, a ZIP archive; the same questions make the same bytes.

    The options are explained together, because QTI's exporters know one explanation for each question.
    """
    quizzes = [_exported(question, page) for question in questions]
    names = "".join(question.name for question in questions)
    ident = f"assessment_{hashlib.sha256(names.encode()).hexdigest()[:8]}"
    exporter = QTIExporter.create(QuizCollection(title=title, quizzes=quizzes, identifier=ident), VERSIONS[version])
    files = {"imsmanifest.xml": exporter.generate_manifest(), "assessment.xml": exporter.generate_assessment()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in (files | exporter.generate_items()).items():
            entry = zipfile.ZipInfo(name, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, text)
    return archive.getvalue()


def _exported(question: Question, page: str) -> Quiz:
    answers = [
        Answer(plain(answer.text, page), answer.is_correct, f"answer_{question.name}_{number}")
        for number, answer in enumerate(question.quiz.answers)
    ]
    because = " ".join(
        f"“{shown.text}”: {'right.' if shown.is_correct else 'not so.'} {plain(answer.feedback or '', page)}"
        for shown, answer in zip(answers, question.quiz.answers, strict=True)
    )
    return Quiz(plain(question.quiz.question, page), answers, content=because, identifier=f"question_{question.name}")
