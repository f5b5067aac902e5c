"""A lab in one file: a plain Python in an empty folder gives what the course gives."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.one_file import literal, names, needed, of
from labs_py import __main__ as terminal
from labs_py import lab

PACKAGE = Path(lab.__file__).parent


def run_alone(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a file with nothing of ours, or of anybody's, to import."""
    command = [sys.executable, "-I", "-S", file.name, *words]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", lab.names())
def test_the_file_prints_what_the_course_prints(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"{name}.py"
    file.write_text(of(name, PACKAGE), encoding="utf-8")
    for words in ([], ["--json"], ["--help"]):
        done = run_alone(file, *words)
        assert terminal.main(["run", name, *words]) == 0
        assert (done.stdout, done.stderr) == (capsys.readouterr().out, "")


@pytest.fixture(scope="module")
def hop_latency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("alone") / "hop_latency.py"
    file.write_text(of(file.stem, PACKAGE), encoding="utf-8")
    return file


def test_settings_stand_in_the_file_and_words_outweigh_them(hop_latency: Path, tmp_path: Path) -> None:
    own = "r'''[services.a]\nservice_time = \"5 ms\"\n[endpoints.x]\nentry = \"a\"\n'''"
    settings = f'{{"architecture": {{"file": "mine.toml", "text": {own}}}, "endpoint": "x", "plan": "batched"}}'
    file = tmp_path / "mine.py"
    file.write_text(hop_latency.read_text().replace("ARGUMENTS = {}", f"ARGUMENTS = {settings}"))
    used = json.loads(run_alone(file, "--json").stdout)["arguments"]
    assert (used["architecture"], used["endpoint"], used["plan"]) == ("mine", "x", "batched")
    used = json.loads(run_alone(file, "--json", "--plan", "parallel").stdout)["arguments"]
    assert (used["architecture"], used["plan"]) == ("mine", "parallel")


def test_the_lab_is_first_and_what_is_edited_in_it_counts(hop_latency: Path, tmp_path: Path) -> None:
    text = hop_latency.read_text()
    assert text.index("\nARGUMENTS = {}\n") < text.index("\nLAB = r'''") < text.index("\nFILES = {") < 60_000
    file = tmp_path / "edited.py"
    file.write_text(text.replace("round trips in a row", "hops in a row").replace('"round trip")', '"hop")'))
    assert "14 hops in a row" in run_alone(file).stdout


def test_an_error_shows_its_own_line(hop_latency: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text(hop_latency.read_text().replace("chosen = data[endpoint]", "chosen = data[no_such]"))
    done = run_alone(file)
    assert done.returncode == 1
    assert "chosen = data[no_such]" in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("NameError: name 'no_such' is not defined")


def test_a_mistake_is_one_line_and_exit_code_2(hop_latency: Path) -> None:
    done = run_alone(hop_latency, "--placement", "the_moon")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "placement must be one of" in done.stderr


def test_an_older_python_is_told_so(hop_latency: Path, tmp_path: Path) -> None:
    file = tmp_path / "older.py"
    file.write_text(
        hop_latency.read_text().replace("import traceback\n", "import traceback\nsys.version_info = (3, 11, 7)\n")
    )
    done = run_alone(file)
    assert done.returncode == 1
    assert "hop_latency needs Python 3.12 or later" in done.stderr


def test_the_file_holds_what_the_lab_imports_and_no_more(hop_latency: Path) -> None:
    text = hop_latency.read_text()
    assert names(PACKAGE) == lab.names()
    for address in ("labs_py/model/waterfall.py", "labs_py/latency_figures.py", "labs_py/architectures/checkout.toml"):
        assert f'"{address}"' in text
    for address in ("labs_py/desk.py", "labs_py/failure_figures.py", "labs_py/model/conditioning.py"):
        assert f'"{address}"' not in text


def test_imports_are_followed_however_they_are_written() -> None:
    files = {
        "labs_py/__init__.py": "",
        "labs_py/a.py": "def late():\n    from labs_py import b\n",
        "labs_py/b.py": "from labs_py.model.c import (\n    One,\n    Two,\n)\n",
        "labs_py/model/c.py": "import labs_py.model.d\n",
        "labs_py/model/d.py": "from labs_py.model import (\n    e as other,\n)\n",
        "labs_py/model/e.py": "",
        "labs_py/model/f.py": "",
    }
    assert list(needed("from labs_py.a import x", files)) == [name for name in files if name != "labs_py/model/f.py"]
    assert list(needed("", files)) == ["labs_py/__init__.py"]


@given(st.text(alphabet=st.sampled_from("ab'\"\\\n\r\0é\u2028@")))
def test_any_text_comes_back_from_its_literal(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


def test_a_text_with_quotes_is_readable_in_its_literal() -> None:
    assert literal("a = '''b'''\n") == "r'''a = ''' \"'''\" r'''b''' \"'''\" r'''\n'''"
