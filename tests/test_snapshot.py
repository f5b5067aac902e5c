"""The memory snapshot: its file comes back as it was or is refused, only what has changed is made again, and labs come to it one by one."""

import json
import marshal
import shutil
import subprocess
import sys
import zipfile
import zipimport
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from traceback import format_exc
from typing import Any

import pytest

from hooks import before_snapshot, snapshot
from hooks.before_snapshot import Labs, Library, nowhere
from hooks.build_folder import BuildError
from hooks.labs_wheel import labs_wheel
from hooks.pyodide_folder import pyodide_folder
from hooks.snapshot import labs_snapshot

ROOT = Path(__file__).parents[1]
PYODIDE = ROOT / "node_modules" / "pyodide"

# What the worker does with a file, on a picture of our own: some constants changed, some heap filled.
ROUND_TRIP = """
import { readFileSync } from "node:fs";
import { zstdCompressSync, constants } from "node:zlib";
import { differ, stretches, waking } from "ROOT/docs/assets/snapshot.js";

const START = 144;
const module = await WebAssembly.compile(readFileSync("ROOT/node_modules/pyodide/pyodide.asm.wasm"));
const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = kind === "global" ? new WebAssembly.Global({ value: "i32", mutable: true }, 0) : () => 0;
}
const instance = async () => await WebAssembly.instantiate(module, imports);

async function pictured(pages = 0) {
  const exports = (await instance()).exports;
  exports.memory.grow(pages);
  const memory = new Uint8Array(exports.memory.buffer);
  const [[, still], [heap]] = stretches(exports);
  const picture = new Uint8Array(START + memory.length);
  picture.set(memory, START);
  for (let index = 0; index < 3000; index++) {
    picture[START + index * 997] ^= index % 251;
    picture[START + heap + index * 1009] = index % 241;
  }
  if (pages) picture.fill(7, picture.length - 5);
  picture.fill(9, 0, START);
  const sent = picture.slice();
  differ(sent.subarray(START), (await instance()).exports);
  const stretch = (at, end) => ({ at, length: end - at, bytes: zstdCompressSync(sent.subarray(at, end), {
    params: { [constants.ZSTD_c_checksumFlag]: 1 }, pledgedSrcSize: end - at }) });
  const packed = [stretch(0, START + still), stretch(START + heap, picture.length)];
  const frames = packed.map(({ at, length, bytes }) => ({ at, length, packed: bytes.length }));
  const contents = { length: picture.length, start: START, lock: { packages: {} }, frames };
  return { file: Buffer.concat(packed.map(({ bytes }) => bytes)), contents, picture };
}

async function woken(contents, file) {
  const create = (settings) => new Promise((resolve) => settings.instantiateWasm({}, (one) => resolve(one)));
  const options = waking(contents, file, create);
  const used = await options.createPyodideModule({ instantiateWasm: (_, done) => void instance().then((one) => done(one, module)) });
  return { picture: options._loadSnapshot, lock: options.lockFileContents, memory: Buffer.from(used.exports.memory.buffer) };
}
""".replace("ROOT", ROOT.as_posix())


def node(script: str) -> str:
    """What a script, written as the end of ROUND_TRIP, prints; an error it does not catch is the test's."""
    command = [Path(sys.executable).with_name("node"), "--input-type=module", "--eval", ROUND_TRIP + script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class TestFile:
    @pytest.mark.parametrize("pages", [0, 40])
    def test_a_picture_comes_back_as_it_was_and_memory_is_left_as_it_was(self, pages: int) -> None:
        script = f"""
        const {{ file, contents, picture }} = await pictured({pages});
        const got = await woken(contents, Promise.resolve(file));
        const fresh = Buffer.from((await instance()).exports.memory.buffer);
        console.log(JSON.stringify({{
          same: Buffer.compare(got.picture, picture), lock: got.lock, smaller: file.length < picture.length / 100,
          clean: Buffer.compare(got.memory.subarray(0, fresh.length), fresh),
          grown: got.memory.length - fresh.length, zero: got.memory.subarray(fresh.length).every((byte) => byte === 0),
        }}));"""
        assert json.loads(node(script)) == {
            "same": 0, "lock": {"packages": {}}, "smaller": True, "clean": 0, "grown": pages * 65_536, "zero": True,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            ("file[file.length - 1] ^= 1", "the snapshot is damaged"),
            ("file[file.length >> 1] ^= 1", "the snapshot is damaged"),
            ("file = file.subarray(0, -1)", "the snapshot must have"),
            ("file = Buffer.from('<!doctype html><title>Not found</title>')", "the snapshot must have"),
            ("contents.frames[0].length += 8", "the snapshot is damaged"),
            ("contents.frames[0].packed -= 8; contents.frames[1].packed += 8", "the snapshot is damaged"),
            ("contents.frames[1].length = 2 ** 40", "the snapshot is damaged"),
            ("contents.length = 2 ** 60", "nvalid typed array length"),
            ("file = Promise.reject(new Error('it never came'))", "it never came"),
        ],
    )
    def test_what_is_damaged_or_another_file_is_refused(self, damage: str, message: str) -> None:
        script = f"""
        let {{ file, contents }} = await pictured();
        {damage};
        const waiting = Promise.resolve(file);
        waiting.catch(() => {{}});
        await woken(contents, waiting).then(() => console.log("woken"), (error) => console.log(error.message));"""
        assert message in node(script)


class TestMaking:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The steps that were taken, by a stand-in that only writes them down. A wheel's first line is its house, the second its labs."""
        steps: list[str] = []

        def make(command: list[str], **_: object) -> None:
            step, source, folder = command[2], Path(command[4]), Path(command[-1])
            steps.append(step)
            if step == "split":
                house, labs = source.read_text().splitlines()[:2]
                (folder / "house.zip").write_text(house)
                (folder / "house.json").write_text("[]")
                (folder / "code").mkdir()
                for name in ("tail_at_scale", "weakest_link"):
                    (folder / "code" / f"{name}.code").write_text(f"{name} {labs}")
            if step == "picture":
                (folder / "python.snapshot").write_text((source / "house.zip").read_text())
                (folder / "contents.json").write_text('{"made": 1}')

        monkeypatch.setattr(snapshot, "run", make)
        return steps

    @pytest.fixture
    def wheel(self, tmp_path: Path) -> Path:
        wheel = tmp_path / "labs_py-0.1.0-py3-none-any.whl"
        wheel.write_text("house\nlabs\n")
        return wheel

    def test_only_what_has_changed_is_made_again(self, made: list[str], wheel: Path, tmp_path: Path) -> None:
        first = labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert sorted(first.code) == ["tail_at_scale", "weakest_link"]
        wheel.touch()
        assert labs_snapshot(PYODIDE, wheel, tmp_path / "build") == first
        assert made == ["split", "picture", "check"]
        made.clear()
        wheel.write_text("house\nother labs\n")
        edited = labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert (made, edited.picture) == (["split", "check"], first.picture)
        assert edited.code["weakest_link"].read_text() == "weakest_link other labs"
        made.clear()
        wheel.write_text("another house\nother labs\n")
        assert labs_snapshot(PYODIDE, wheel, tmp_path / "build").picture != first.picture
        assert made == ["split", "picture", "check"]

    @pytest.mark.parametrize("part", ["snapshot.mjs", "split_labs.py", "before_snapshot.py", "snapshot.js"])
    def test_it_is_made_again_when_what_makes_or_reads_it_changes(
        self, part: str, made: list[str], wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("snapshot.mjs", "split_labs.py", "before_snapshot.py"):
            shutil.copy(snapshot.HERE / name, tmp_path)
        shutil.copy(snapshot.UNPACKER, tmp_path)
        monkeypatch.setattr(snapshot, "HERE", tmp_path)
        monkeypatch.setattr(snapshot, "UNPACKER", tmp_path / "snapshot.js")
        labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        (tmp_path / part).write_text((tmp_path / part).read_text() + "\n")
        labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert made == 2 * ["split", "picture", "check"]

    def test_a_check_that_failed_is_made_again(
        self, made: list[str], wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake = snapshot.run

        def failing(command: list[str], **options: dict[str, str]) -> None:
            fake(command, **options)  # type: ignore[arg-type]
            if command[2] == "check":
                raise BuildError("node failed: weakest_link must answer the same when woken as before")

        monkeypatch.setattr(snapshot, "run", failing)
        for _ in range(2):
            with pytest.raises(BuildError, match="must answer the same"):
                labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert made == ["split", "picture", "check", "check"]

    def test_the_manifest_names_it_and_says_what_is_in_it(self, made: list[str], wheel: Path, tmp_path: Path) -> None:
        found = labs_snapshot(PYODIDE, wheel, tmp_path)
        real = labs_wheel()
        files = pyodide_folder(PYODIDE, real, tmp_path, found)
        manifest = json.loads(files["manifest.json"].read_text())
        described = manifest["snapshot"]
        assert files[manifest["index"] + described["name"]] == found.picture
        assert (described["bytes"], described["made"]) == (found.picture.stat().st_size, 1)
        for lab, address in described["code"].items():
            assert files[manifest["index"] + address] == found.code[lab]
        assert not {described["name"], *described["code"].values()} & {item["name"] for item in manifest["files"]}
        found.code["weakest_link"].write_text("another")
        renewed = json.loads(pyodide_folder(PYODIDE, real, tmp_path, found)["manifest.json"].read_text())["snapshot"]
        assert renewed["name"] == described["name"]
        assert renewed["code"]["weakest_link"] != described["code"]["weakest_link"]
        assert renewed["code"]["tail_at_scale"] == described["code"]["tail_at_scale"]
        found.picture.write_text("another")
        again = json.loads(pyodide_folder(PYODIDE, real, tmp_path, found)["manifest.json"].read_text())["snapshot"]
        assert again["name"] != described["name"]
        assert json.loads(pyodide_folder(PYODIDE, real, tmp_path)["manifest.json"].read_text())["snapshot"] is None

    def test_without_pyodide_the_build_stops_with_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match="node_modules must hold pyodide, got nothing: run `make setup`"):
            labs_snapshot(tmp_path / "pyodide", tmp_path / "wheel", tmp_path)

    def test_a_lab_that_breaks_stops_the_build_with_its_own_error(self, tmp_path: Path) -> None:
        wheel = tmp_path / "labs_py-0.1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("labs_py/__init__.py", "")
            archive.writestr("labs_py/desk.py", "raise RuntimeError('a broken lab')")
        with pytest.raises(BuildError, match="node failed:") as caught:
            labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert str(caught.value).endswith("RuntimeError: a broken lab")
        assert len(str(caught.value)) < 1_000
        assert list((tmp_path / "build" / "snapshot").iterdir()) == []


class TestMemory:
    @pytest.mark.parametrize("instructions", [*range(40), 1_000])
    def test_a_line_table_of_nothing_gives_each_instruction_no_line(self, instructions: int) -> None:
        code = compile("", "", "exec").replace(co_code=b"\x09\x00" * instructions, co_linetable=nowhere(instructions))
        assert list(code.co_positions()) == [(None, None, None, None)] * instructions

    def test_labs_answer_the_same_without_docstrings_and_lines_of_the_library(self) -> None:
        """In a process of its own, since nothing brings them back."""
        script = """
            import collections, json, traceback
            from hooks import before_snapshot
            from labs_py import lab
            from labs_py.labs import tail_at_scale
            before = [before_snapshot.answer(name) for name in lab.names()]
            before_snapshot.strip()
            assert [before_snapshot.answer(name) for name in lab.names()] == before
            assert json.loads.__doc__ is json.__doc__ is collections.Counter.__doc__ is None
            assert tail_at_scale.__doc__ and tail_at_scale.run.__code__.co_linetable
            def outer():
                "kept?"
            try:
                json.loads("{")
            except ValueError:
                print(traceback.format_exc())
        """
        lines = "\n".join(line.removeprefix(" " * 12) for line in script.splitlines())
        done = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=False)
        assert "JSONDecodeError: Expecting property name" in done.stdout, done.stderr

    def test_a_woken_picture_has_its_files_and_numbers_of_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(before_snapshot, "FILES", {tmp_path / "a" / "b.toml": b"text"})
        monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "library.zip")])
        state = before_snapshot.random.getstate()
        before_snapshot.wake(lambda: None, lambda _: None, lambda *_: None)
        assert (tmp_path / "a" / "b.toml").read_bytes() == b"text"
        assert before_snapshot.random.getstate() != state

    def test_the_library_is_downloaded_for_the_first_module_that_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = tmp_path / "library.zip"
        with zipfile.ZipFile(archive, "w") as library:
            library.writestr("rarely_wanted.py", "answer = 42")
            library.writestr("seldom_wanted.py", "answer = 43")
        content = archive.read_bytes()
        # As in a picture: Python has seen the archive, but then the file is empty and what it held is forgotten.
        monkeypatch.setitem(sys.path_importer_cache, str(archive), zipimport.zipimporter(str(archive)))
        zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]
        archive.write_bytes(b"")
        downloads = []

        class Proxy:
            def to_bytes(self) -> bytes:
                downloads.append(archive)
                return content

        monkeypatch.setattr(sys, "stdlib_module_names", frozenset({"rarely_wanted", "seldom_wanted"}))
        monkeypatch.setattr(sys, "path", [str(archive)])
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Library(Proxy)])
        with pytest.raises(ModuleNotFoundError):
            __import__("not_of_the_library")
        assert downloads == []
        assert __import__("rarely_wanted").answer == 42
        assert __import__("seldom_wanted").answer == 43
        assert downloads == [archive]


PACKAGE = {
    "__init__.py": "",
    "desk.py": "import json\ndef respond(request):\n    from labs_py import lab\n    return lab.answer(json.loads(request)['lab'])",
    "lab.py": (
        "from importlib import import_module\ndef names():\n    return ['first', 'second', 'third']\n"
        "def answer(name):\n    return import_module(f'labs_py.labs.{name}').run()"
    ),
    "chart.py": "import bisect\nfrom dataclasses import dataclass\n@dataclass\nclass Line:\n    y: int",
    "shared.py": "def price():\n    return 1 / 0",
    "shop.toml": "price = 1",
    "unused.py": "",
    "labs/__init__.py": "",
    "labs/first.py": "from labs_py import chart, shared\ndef run():\n    return '{}'",
    "labs/second.py": (
        "import colorsys\nfrom dataclasses import dataclass\nfrom labs_py import chart\n"
        "@dataclass\nclass Price:\n    x: int\ndef run():\n    return '{}'"
    ),
    "labs/third.py": 'def run():\n    from labs_py import shared\n    return \'{"error": "no"}\'',
}


class TestSplitting:
    @pytest.fixture
    def split(self, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
        """Splits a course of three labs, in a process of its own, into the folder out."""

        def splitting(**changes: str) -> subprocess.CompletedProcess[str]:
            for name, text in (PACKAGE | {f"labs/{name}.py": text for name, text in changes.items()}).items():
                path = tmp_path / "labs_py" / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            shutil.copy(snapshot.HERE / "split_labs.py", tmp_path)
            (tmp_path / "out").mkdir()
            command = [sys.executable, "-c", "import split_labs; split_labs.split('out')"]
            return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

        return splitting

    def test_the_house_is_what_most_labs_need_and_each_lab_has_the_rest_of_its_own(
        self, split: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
    ) -> None:
        done = split(third="def run():\n    return '{}'")
        assert (done.returncode, done.stderr) == (0, "")
        code = {
            path.stem: marshal.loads(zlib.decompress(path.read_bytes()))  # noqa: S302  written just now
            for path in (tmp_path / "out/code").iterdir()
        }
        assert {name: sorted(found) for name, (found, _) in code.items()} == {
            "first": ["labs_py.labs.first", "labs_py.shared"],
            "second": ["labs_py.labs.second"],
            "third": ["labs_py.labs.third"],
        }
        assert [len(methods) for _, (_, methods) in sorted(code.items())] == [0, 1, 0]
        [(text, method)] = code["second"][1].items()
        assert "def __init__(self,x:" in text
        assert method == compile(text, "<string>", "exec", dont_inherit=True)
        modules = json.loads((tmp_path / "out/house.json").read_text())
        ours = {name for name in modules if name.startswith("labs_py")}
        assert ours == {"labs_py", "labs_py.desk", "labs_py.lab", "labs_py.labs", "labs_py.chart"}
        assert {"bisect", "colorsys"} < set(modules), "the picture has what labs need of the standard library"
        names = zipfile.ZipFile(tmp_path / "out/house.zip").namelist()
        wanted = ["__init__.py", "chart.py", "desk.py", "lab.py", "labs/__init__.py", "shop.toml"]
        assert names == [f"labs_py/{name}" for name in wanted]
        assert json.loads((tmp_path / "out/answers.json").read_text()) == dict.fromkeys(code, "{}")

    def test_what_two_labs_need_each_has_unless_they_are_most(
        self, split: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
    ) -> None:
        assert split(third="from labs_py import shared\ndef run():\n    return '{}'").returncode == 0
        assert "labs_py.shared" in json.loads((tmp_path / "out/house.json").read_text())

    def test_a_lab_that_refuses_its_default_values_stops_the_build(
        self, split: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        assert "third must run at its default values, got" in split().stderr


class TestLabs:
    """How labs and other modules of ours come to a picture that has woken."""

    @pytest.fixture
    def labs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        """Has a woken Python whose only lab is `rare`, with the model `seldom`; returns what is downloaded as it comes."""
        texts = {
            "labs/rare.py": "from labs_py import seldom\n\ndef run():\n    return seldom.price()\n",
            "seldom.py": "def price():\n    # of nothing\n    return 1 / 0\n",
            "other.py": "answer = 42\n",
        }
        names = {"labs_py.labs.rare": "labs/rare.py", "labs_py.seldom": "seldom.py"}
        folder = tmp_path / "labs_py"

        def awake(change: Callable[[bytes], bytes] = bytes) -> list[str]:
            downloads = []
            compiled = {
                name: compile(texts[file], str(folder / file), "exec", dont_inherit=True)
                for name, file in names.items()
            }
            packed = change(zlib.compress(marshal.dumps((compiled, {"x = 1": compile("x = 2", "", "exec")}))))

            class Proxy:
                def to_bytes(self) -> bytes:
                    return packed

            def code(lab: str) -> Proxy:
                downloads.append(lab)
                if lab != "rare":
                    raise OSError(f"{lab} could not be downloaded")
                return Proxy()

            def unpack(to: str, why: str) -> None:
                assert to == str(before_snapshot.PACKAGE.parent)
                downloads.append(f"wheel: {why}")
                (folder / "labs").mkdir(parents=True)
                for file, text in texts.items():
                    (folder / file).write_text(text)

            import_module("labs_py.labs")
            finder = Labs()
            finder.download, finder.unpack = code, unpack
            monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
            monkeypatch.setattr("labs_py.__path__", [str(folder)])
            monkeypatch.setattr("labs_py.labs.__path__", [str(folder / "labs")])
            for name in (*names, "labs_py.other", "labs_py.labs.missing"):
                # So that pytest takes away again what is imported now.
                monkeypatch.setitem(sys.modules, name, sys)
                monkeypatch.delitem(sys.modules, name)
                monkeypatch.delattr(name, raising=False)
            return downloads

        return awake

    def test_a_lab_comes_with_its_own_code_alone(self, labs: Callable[..., list[str]]) -> None:
        downloads = labs()
        with pytest.raises(ModuleNotFoundError):
            __import__("not_of_the_labs")
        assert downloads == []
        module = import_module("labs_py.labs.rare")
        assert (module.__file__ or "").endswith("labs_py/labs/rare.py")
        assert downloads == ["rare"]

    def test_methods_of_dataclasses_come_compiled(self, labs: Callable[..., list[str]]) -> None:
        labs()
        import_module("labs_py.labs.rare")
        finder: Any = sys.meta_path[0]
        names: dict[str, int] = {}
        finder.make_methods("x = 1", {}, names)
        finder.make_methods("y = 1", {}, names)
        assert names == {"x": 2, "y": 1}, "the text that is known has its own code, any other is compiled"

    def test_its_tracebacks_have_lines_with_their_source(self, labs: Callable[..., list[str]]) -> None:
        downloads = labs()
        module = import_module("labs_py.labs.rare")
        try:
            module.run()
        except ZeroDivisionError:
            told = format_exc()
        assert 'labs/rare.py", line 4, in run\n    return seldom.price()' in told
        assert 'seldom.py", line 3, in price\n    return 1 / 0' in told
        assert downloads == ["rare", "wheel: a traceback shows its lines"]

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda data: data[:-1], "incomplete or truncated stream"),
            (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "Error -3"),
            (lambda _: b"<!doctype html><title>Not found</title>", "incorrect header check"),
            (lambda _: zlib.compress(b""), "EOF read where object expected"),
        ],
        ids=["cut", "damaged", "a page", "empty"],
    )
    def test_a_lab_whose_code_is_of_no_use_comes_from_the_wheel(
        self, labs: Callable[..., list[str]], change: Callable[[bytes], bytes], why: str
    ) -> None:
        downloads = labs(change)
        assert import_module("labs_py.labs.rare").seldom.price.__module__ == "labs_py.seldom"
        assert downloads[0] == "rare"
        assert downloads[1].startswith("wheel: ")
        assert why in downloads[1]

    def test_the_wheel_is_unpacked_once_for_what_has_no_code_of_its_own(self, labs: Callable[..., list[str]]) -> None:
        downloads = labs()
        assert __import__("labs_py.other").other.answer == 42
        assert downloads == ["wheel: labs_py.other has no code of its own"]
        with pytest.raises(ModuleNotFoundError):
            __import__("labs_py.labs.missing")
        with pytest.raises(ModuleNotFoundError):
            __import__("labs_py.never_written")
        assert downloads[1:] == ["missing"]
