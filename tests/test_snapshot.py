"""The memory snapshot: its file comes back as it was or is refused, and it is made again only when something in it has changed."""

import json
import shutil
import subprocess
import sys
import zipfile
import zipimport
from pathlib import Path

import pytest

from hooks import before_snapshot, snapshot
from hooks.before_snapshot import Hold, Labs, Library, NotYetError, nowhere
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
        """The builds that snapshots were made for, by a stand-in that only writes them down."""
        builds: list[str] = []

        def make(command: list[str], **_: object) -> None:
            folder = Path(command[-1])
            builds.append(folder.name.split("-")[0].removeprefix("."))
            (folder / "labs.snapshot").write_text(f"snapshot {len(builds)}")
            (folder / "contents.json").write_text(f'{{"made": {len(builds)}}}')

        monkeypatch.setattr(snapshot, "run", make)
        return builds

    def test_it_is_made_once_until_the_labs_change(self, made: list[str], tmp_path: Path) -> None:
        wheel = tmp_path / "labs_py-0.1.0-py3-none-any.whl"
        wheel.write_text("one")
        first = labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        wheel.touch()
        assert labs_snapshot(PYODIDE, wheel, tmp_path / "build") == first
        assert made == [first.parent.name]
        wheel.write_text("other")
        assert labs_snapshot(PYODIDE, wheel, tmp_path / "build") != first
        assert len(made) == 2

    @pytest.mark.parametrize("part", ["snapshot.mjs", "before_snapshot.py", "snapshot.js"])
    def test_it_is_made_again_when_what_makes_or_reads_it_changes(
        self, part: str, made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("snapshot.mjs", "before_snapshot.py"):
            shutil.copy(snapshot.HERE / name, tmp_path)
        shutil.copy(snapshot.UNPACKER, tmp_path)
        monkeypatch.setattr(snapshot, "HERE", tmp_path)
        monkeypatch.setattr(snapshot, "UNPACKER", tmp_path / "snapshot.js")
        wheel = tmp_path / "labs_py-0.1.0-py3-none-any.whl"
        wheel.write_text("one")
        labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        (tmp_path / part).write_text((tmp_path / part).read_text() + "\n")
        labs_snapshot(PYODIDE, wheel, tmp_path / "build")
        assert len(set(made)) == 2

    def test_the_manifest_names_it_and_says_what_is_in_it(self, made: list[str], tmp_path: Path) -> None:
        wheel = labs_wheel()
        file = labs_snapshot(PYODIDE, wheel, tmp_path)
        files = pyodide_folder(PYODIDE, wheel, tmp_path, file)
        manifest = json.loads(files["manifest.json"].read_text())
        described = manifest["snapshot"]
        assert files[manifest["index"] + described["name"]] == file
        assert (described["bytes"], described["made"]) == (file.stat().st_size, len(made))
        assert described["name"] not in [item["name"] for item in manifest["files"]]
        file.write_text("another")
        renewed = json.loads(pyodide_folder(PYODIDE, wheel, tmp_path, file)["manifest.json"].read_text())
        assert renewed["snapshot"]["name"] != described["name"]
        assert json.loads(pyodide_folder(PYODIDE, wheel, tmp_path)["manifest.json"].read_text())["snapshot"] is None

    def test_without_pyodide_the_build_stops_with_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match="node_modules must hold pyodide, got nothing: run `make setup`"):
            labs_snapshot(tmp_path / "pyodide", tmp_path / "wheel", tmp_path)

    def test_a_lab_that_breaks_stops_the_build_with_its_own_error(self, tmp_path: Path) -> None:
        wheel = tmp_path / "labs_py-0.1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("labs_py/__init__.py", "")
            archive.writestr("labs_py/lab.py", "raise RuntimeError('a broken lab')")
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
            before = before_snapshot.answers()
            before_snapshot.strip()
            from labs_py.labs import tail_at_scale
            assert before_snapshot.answers() == before
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
        before_snapshot.wake(lambda: None, lambda _: None)
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

    def test_the_wheel_is_unpacked_for_the_first_module_of_ours_that_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        unpacked = []

        def unpack(folder: str) -> None:
            unpacked.append(folder)
            (tmp_path / "rarely_wanted.py").write_text("answer = 42")
            (tmp_path / "seldom_wanted.py").write_text("answer = 43")

        monkeypatch.setattr("labs_py.__path__", [str(tmp_path)])
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Labs(unpack)])
        for name in ("rarely_wanted", "seldom_wanted"):
            monkeypatch.delitem(sys.modules, f"labs_py.{name}", raising=False)
        with pytest.raises(ModuleNotFoundError):
            __import__("not_of_the_labs")
        assert unpacked == []
        assert __import__("labs_py.rarely_wanted").rarely_wanted.answer == 42
        assert __import__("labs_py.seldom_wanted").seldom_wanted.answer == 43
        with pytest.raises(ModuleNotFoundError):
            __import__("labs_py.never_written")
        assert unpacked == [str(before_snapshot.PACKAGE.parent)]
        for name in ("rarely_wanted", "seldom_wanted"):
            monkeypatch.delitem(sys.modules, f"labs_py.{name}")

    def test_what_is_large_is_refused_while_the_picture_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "meta_path", [Hold(), *sys.meta_path])
        monkeypatch.delitem(sys.modules, "labs_py.recordings.online_boutique", raising=False)
        with pytest.raises(NotYetError):
            __import__("labs_py.recordings.online_boutique")
        assert __import__("labs_py.recordings")
