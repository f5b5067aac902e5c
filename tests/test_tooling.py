"""The set-up, the pins, and what the build puts beside the pages."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
import vl_convert
import yaml
from fontTools.ttLib import TTFont

from hooks.build_folder import BuildError, content_hash, kept
from hooks.fonts import figure_fonts, served_fonts
from hooks.labs_wheel import ROOT, labs_wheel
from hooks.pyodide_folder import pyodide_folder
from tools import browser, engines

PACKAGES = ROOT / "node_modules"


def tracked_files() -> list[Path]:
    """Files that are in git or would be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


class TestPins:
    lock = (ROOT / "requirements.lock").read_text()

    def test_every_python_package_has_a_released_version_and_hashes(self) -> None:
        entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^ *#.*\n", "", self.lock))
        assert len(entries) > 50
        for entry in entries:
            assert re.match(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ;[^\n]*)? \\\n    --hash=sha256:[0-9a-f]{64}", entry)
        assert "://" not in self.lock

    def test_the_python_lock_file_is_in_step_with_pyproject(self) -> None:
        locked = dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", self.lock))
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        for pin in project["dependency-groups"]["dev"]:
            name, version = re.sub(r"\[.*\]", "", pin).replace("_", "-").split("==")
            assert locked[name] == version

    def test_every_npm_package_has_a_hash_and_no_address(self) -> None:
        packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
        wanted = json.loads((ROOT / "package.json").read_text())
        for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
            assert packages[f"node_modules/{name}"]["version"] == version
        del packages[""]
        for package in packages.values():
            assert package["integrity"].startswith("sha512-")
            assert "resolved" not in package

    def test_live_figures_use_the_vega_of_the_built_ones(self) -> None:
        wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
        assert wanted["vega"] == vl_convert.get_vega_version()
        assert wanted["vega-lite"].rpartition(".")[0] == max(
            vl_convert.get_vegalite_versions(), key=lambda version: [int(part) for part in version.split(".")]
        )

    def test_every_action_is_pinned_by_commit_with_its_version_beside_it(self) -> None:
        uses = [
            line.partition("uses:")[2].strip()
            for workflow in (ROOT / ".github" / "workflows").glob("*.yml")
            for line in workflow.read_text().splitlines()
            if "uses:" in line
        ]
        assert len(uses) > 5
        for use in uses:
            assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)

    def test_no_file_names_a_package_registry(self) -> None:
        hosts = re.compile(
            rb"regist[r]y\.(npmjs|yarnpkg)|np[m]mirror|py[p]i\.(org|python)|python[h]osted|de[b]\.debian\."
        )
        assert [path for path in tracked_files() if hosts.search(path.read_bytes())] == []


class TestCommands:
    def test_ci_runs_the_tests_and_nothing_else(self) -> None:
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert script.read_text() == "#!/usr/bin/env bash\nexec make test\n"

    def test_make_alone_lists_every_command(self) -> None:
        listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = [line.split()[1] for line in listed.stdout.splitlines()]
        assert {"serve", "site", "test", "check", "clean"} <= set(names)
        phony = re.search(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text())
        assert phony
        assert names == phony[1].split()

    @pytest.mark.parametrize(
        ("origin", "link"),
        [
            ("https://github.com/someone/nines.git", "https://github.com/someone/nines"),
            ("https://name:secret@github.com/someone/nines", "https://github.com/someone/nines"),
            ("git@gitlab.com:someone/nines.git", "https://gitlab.com/someone/nines"),
            ("ssh://git@codeberg.org/someone/nines.git", "https://codeberg.org/someone/nines"),
            ("/srv/git/nines.git", ""),
            ("git@git.example.org:nines.git", ""),
            (None, ""),
        ],
    )
    def test_repository_links_follow_the_origin(self, origin: str | None, link: str, tmp_path: Path) -> None:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        if origin:
            subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", origin], check=True)
        (tmp_path / "Makefile").write_text(f'include {ROOT}/Makefile\nshow:\n\t@echo "<$$REPO_URL> <$$EDIT_URI>"\n')
        environment = {name: value for name, value in os.environ.items() if name not in ("REPO_URL", "EDIT_URI")}
        command = ["make", "--no-print-directory", "show"]
        shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert shown.stdout == f"<{link}> <{'edit/main/docs/' if link else ''}>\n"
        command.append("REPO_URL=https://example.org/mine")
        shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert shown.stdout == "<https://example.org/mine> <edit/main/docs/>\n"


class TestContributing:
    def test_no_workflow_runs_a_pull_request_with_more_rights_than_reading(self) -> None:
        for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
            text = workflow.read_text()
            assert "pull_request_target" not in re.sub(r"(?m)^ *#.*$", "", text)
            assert "workflow_run" not in re.sub(r"(?m)^ *#.*$", "", text)
            if "pull_request:" in text:
                assert re.findall(r"(?m)^ *permissions:\n((?: +.*\n)+?)(?=\S)", text) == ["  contents: read\n"]
                assert "secrets." not in text

    def test_every_issue_form_asks_for_something_and_can_be_read(self) -> None:
        forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
        assert len(forms) == 3
        for form in forms:
            asked = yaml.safe_load(form.read_text())
            assert asked.keys() == {"name", "description", "title", "body"}
            idents = [field["id"] for field in asked["body"]]
            assert all(isinstance(ident, str) for ident in idents)
            assert len(set(idents)) == len(idents)
            assert all(field["attributes"]["label"] for field in asked["body"])

    def test_every_command_that_the_contributors_pages_name_exists(self) -> None:
        pages = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *(ROOT / "docs" / "about").glob("add-*.md")]
        commands = set(re.search(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text())[1].split())  # type: ignore[index]
        for page in pages:
            code = re.findall(r"(?s)```sh\n.*?```|`[^`\n]+`", page.read_text())
            assert set(re.findall(r"\bmake ([a-z]+)", "\n".join(code))) <= commands, page
        assert "CONTRIBUTING.md" in (ROOT / "README.md").read_text()


class TestSetUp:
    """tools/setup in a folder of its own, with stand-ins for Python and npm that write down how they are called."""

    PYTHON = """#!/bin/sh
echo "python $*" >>"{log}"
case "$*" in
*"-m venv"*) mkdir -p .venv/bin && cp "{python}" .venv/bin/python && cp "{npm}" .venv/bin/npm ;;
*"-m pip"*) [ ! -e pip-fails ] ;;
*) echo 3.13.1 ;;
esac
"""
    NPM = """#!/bin/sh
echo "npm $*" >>"{log}"
mkdir -p node_modules
"""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "clone"
        (folder / "tools").mkdir(parents=True)
        for name in (
            "tools/setup",
            ".python-version",
            "requirements.lock",
            "package.json",
            "package-lock.json",
            ".npmrc",
        ):
            shutil.copy(ROOT / name, folder / name)
        names = {"log": tmp_path / "log", "python": tmp_path / "python", "npm": tmp_path / "npm"}
        self.write_program(tmp_path / "python", self.PYTHON.format(**names))
        self.write_program(tmp_path / "npm", self.NPM.format(**names))
        return folder

    @staticmethod
    def write_program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    @staticmethod
    def set_up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHON": str(folder.parent / "python")} | environment
        return subprocess.run(
            [folder / "tools" / "setup"], env=environment, capture_output=True, text=True, check=False
        )

    @staticmethod
    def calls(folder: Path) -> list[str]:
        log = folder.parent / "log"
        lines = [line for line in log.read_text().splitlines() if re.match("python -m|npm", line)]
        log.write_text("")
        return lines

    def test_the_first_call_installs_with_hashes_and_runs_no_package_script(self, folder: Path) -> None:
        assert self.set_up(folder).returncode == 0
        make, install, npm = self.calls(folder)
        assert make == "python -m venv --clear .venv"
        assert "--require-hashes --requirement requirements.lock" in install
        assert npm.startswith("npm ci")
        assert "ignore-scripts=true" in (ROOT / ".npmrc").read_text().splitlines()

    def test_a_second_call_does_nothing_even_when_files_were_touched(self, folder: Path) -> None:
        self.set_up(folder)
        self.calls(folder)
        for path in folder.iterdir():
            os.utime(path)
        again = self.set_up(folder)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        assert self.calls(folder) == []

    @pytest.mark.parametrize(
        ("edited", "programs"), [("requirements.lock", ["python", "python"]), ("package-lock.json", ["npm"])]
    )
    def test_an_edited_lock_file_is_installed_again(self, edited: str, programs: list[str], folder: Path) -> None:
        self.set_up(folder)
        self.calls(folder)
        (folder / edited).write_text((folder / edited).read_text() + "\n")
        assert self.set_up(folder).returncode == 0
        assert [call.split()[0] for call in self.calls(folder)] == programs

    def test_a_failed_install_is_tried_again(self, folder: Path) -> None:
        (folder / "pip-fails").touch()
        assert self.set_up(folder).returncode != 0
        (folder / "pip-fails").unlink()
        self.calls(folder)
        assert self.set_up(folder).returncode == 0
        assert len(self.calls(folder)) == 3

    def test_an_old_python_is_one_line_that_says_what_to_do(self, folder: Path) -> None:
        self.write_program(folder.parent / "old", "#!/bin/sh\necho 3.11.2\nexit 1\n")
        refused = self.set_up(folder, PYTHON=str(folder.parent / "old"))
        assert refused.returncode == 2
        assert refused.stdout == ""
        assert refused.stderr == (
            f"Python must be 3.12 or newer, got {folder.parent}/old (3.11.2): "
            "install Python 3.13, or name one with PYTHON=/path/to/python3.13\n"
        )

    def test_all_pythons_are_looked_at_and_a_broken_one_is_passed_over(self, folder: Path) -> None:
        programs = folder.parent / "bin"
        programs.mkdir()
        for name in ("cat", "cksum", "dirname"):
            found = shutil.which(name)
            assert found
            (programs / name).symlink_to(found)
        environment = {
            "PYTHON": "",
            "PATH": str(programs),
            "HOME": str(folder.parent),
            "PYENV_ROOT": str(folder.parent),
        }
        assert "got none on this machine" in self.set_up(folder, **environment).stderr
        self.write_program(programs / "python3.13", "#!/bin/sh\necho 'no such version' >&2\nexit 127\n")
        self.write_program(programs / "python3.12", "#!/bin/sh\necho 3.12.4\necho 'without ensurepip'\nexit 1\n")
        self.write_program(programs / "python3", "#!/bin/sh\necho 2.7.18\nexit 1\n")
        refused = self.set_up(folder, **environment)
        assert refused.returncode == 2
        assert f"got {programs}/python3.12 (3.12.4 without ensurepip), {programs}/python3 (2.7.18): " in refused.stderr
        assert refused.stderr.count("\n") == 1


class TestBrowser:
    def test_a_named_browser_that_does_not_start_is_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("NINES_CHROMIUM", "/no/such/chromium")
        assert browser.main() == 2
        assert capsys.readouterr().err == "NINES_CHROMIUM must be a Chromium that starts, got /no/such/chromium\n"

    def test_a_found_browser_is_remembered_until_it_is_gone(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        stand_in = tmp_path / "chromium"
        stand_in.write_text("#!/bin/sh\necho Chromium 150\n")
        stand_in.chmod(0o755)
        monkeypatch.delenv("NINES_CHROMIUM", raising=False)
        monkeypatch.setattr(browser, "RECORD", tmp_path / "build" / "browser.txt")
        monkeypatch.setattr(browser, "candidates", lambda: iter([tmp_path / "missing", stand_in]))
        assert browser.main() == 0
        monkeypatch.setattr(browser, "candidates", lambda: iter([]))
        assert browser.launch_options()["executable_path"] == str(stand_in)
        stand_in.unlink()
        with pytest.raises(browser.NoBrowserError, match="no Chromium on this machine"):
            browser.launch_options()

    def test_when_nothing_can_be_installed_one_line_names_what_was_tried(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("NINES_CHROMIUM", raising=False)
        monkeypatch.setattr(browser, "RECORD", tmp_path / "browser.txt")
        monkeypatch.setattr(browser, "candidates", lambda: iter([]))
        monkeypatch.setattr(browser, "installers", lambda: iter([("one", [["false"]]), ("two", [["no-such-program"]])]))
        assert browser.main() == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert "one (" in last
        assert "two (" in last
        assert last.endswith("or name one with NINES_CHROMIUM=/path/to/chromium")


class TestEngines:
    def test_a_firefox_is_taken_only_if_it_starts_as_one(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name, line in (
            ("broken", "exit 1"),
            ("firefox", "echo Chromium 150"),
            ("firefox-esr", "echo Mozilla Firefox 153"),
        ):
            (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.delenv("NINES_FIREFOX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(engines, "FIREFOX_ON_MAC", str(tmp_path / "broken"))
        assert engines.firefox() == tmp_path / "firefox-esr"
        (tmp_path / "firefox-esr").unlink()
        with pytest.raises(browser.NoBrowserError, match=r"no Firefox on this machine: install Firefox .*firefox-esr"):
            engines.firefox()
        monkeypatch.setenv("NINES_FIREFOX", str(tmp_path / "broken"))
        with pytest.raises(browser.NoBrowserError, match=r"NINES_FIREFOX must be a Firefox that starts, got .*broken"):
            engines.firefox()

    def test_webkit_needs_its_driver_its_browser_and_a_screen(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        library = tmp_path / "lib" / "some-machine" / "webkit2gtk-4.1"
        library.mkdir(parents=True)
        monkeypatch.setattr(engines, "WEBKIT_FOLDERS", (str(tmp_path / "lib"),))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("DISPLAY", raising=False)
        with pytest.raises(
            browser.NoBrowserError, match=r"no WebKitWebDriver and no MiniBrowser and no Xvfb .*webkit2gtk"
        ):
            engines.webkit()
        for path in (tmp_path / "WebKitWebDriver", library / "MiniBrowser", tmp_path / "Xvfb"):
            path.touch(mode=0o755)
        assert engines.webkit() == engines.WebKit(
            tmp_path / "WebKitWebDriver", library / "MiniBrowser", tmp_path / "Xvfb"
        )
        monkeypatch.setenv("DISPLAY", ":7")
        assert engines.webkit().screen is None


class TestBuildFolder:
    def test_the_hash_follows_content_and_names_and_not_dates(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("1")
        (tmp_path / "b").write_text("2")
        before = content_hash([tmp_path])
        os.utime(tmp_path / "a", (0, 0))
        assert content_hash([tmp_path]) == before
        (tmp_path / "a").rename(tmp_path / "c")
        assert content_hash([tmp_path]) != before

    def test_what_failed_is_not_kept(self, tmp_path: Path) -> None:
        def fail(folder: Path) -> None:
            (folder / "half").touch()
            raise BuildError("no")

        with pytest.raises(BuildError):
            kept(tmp_path / "made", fail)
        assert list(tmp_path.iterdir()) == []
        assert kept(tmp_path / "made", lambda folder: (folder / "whole").touch()).is_dir()
        kept(tmp_path / "made", fail)


class TestWheel:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copy(ROOT / name, tmp_path)
        shutil.copytree(ROOT / "labs_py", tmp_path / "labs_py", ignore=shutil.ignore_patterns("__pycache__"))
        return tmp_path

    def test_the_same_sources_give_the_same_bytes_anywhere(self, copy: Path) -> None:
        (copy / "labs_py" / "__init__.py").touch()
        assert labs_wheel(copy).read_bytes() == labs_wheel().read_bytes()

    def test_it_holds_every_file_of_the_package_and_depends_on_nothing(self) -> None:
        with zipfile.ZipFile(labs_wheel()) as wheel:
            held = {name for name in wheel.namelist() if name.startswith("labs_py/")}
            metadata = wheel.read("labs_py-0.1.0.dist-info/METADATA").decode()
        package = ROOT / "labs_py"
        sources = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert held == {str(path.relative_to(ROOT)) for path in sources}
        assert "labs_py/architectures/online_boutique.toml" in held
        needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
        assert needed
        assert all(line.endswith('; extra == "live"') for line in needed), "the labs alone need nothing"
        assert "Requires-Python: >=3.12" in metadata

    def test_an_edit_gives_another_wheel(self, copy: Path) -> None:
        before = labs_wheel(copy)
        assert labs_wheel(copy) == before
        (copy / "labs_py" / "__init__.py").write_text('"""Edited."""\n\n__version__ = "0.1.0"\n')
        assert labs_wheel(copy) != before


class TestRuntime:
    def test_the_lock_file_holds_the_wheel_alone_with_its_hash_and_the_manifest_counts_the_bytes(
        self, tmp_path: Path
    ) -> None:
        wheel = labs_wheel()
        files = pyodide_folder(PACKAGES / "pyodide", wheel, tmp_path)
        manifest = json.loads(files["manifest.json"].read_text())
        index = manifest["index"]
        assert {f"{index}{file['name']}": file["bytes"] for file in manifest["files"]} == {
            name: path.stat().st_size for name, path in files.items() if name != "manifest.json"
        }
        packages = json.loads(files[f"{index}pyodide-lock.json"].read_text())["packages"]
        (package,) = packages.values()
        assert package["imports"] == ["labs_py"]
        assert package["file_name"] == manifest["wheel"]
        assert package["sha256"] == hashlib.sha256(files[index + manifest["wheel"]].read_bytes()).hexdigest()
        assert files[index + manifest["wheel"]].read_bytes() == wheel.read_bytes()

    def test_other_labs_get_another_address_and_another_build(self, tmp_path: Path) -> None:
        shutil.copytree(ROOT / "labs_py", tmp_path / "labs_py", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copy(ROOT / name, tmp_path)
        (tmp_path / "labs_py" / "__init__.py").write_text('"""Edited."""\n\n__version__ = "0.1.0"\n')
        manifests = [
            json.loads(pyodide_folder(PACKAGES / "pyodide", wheel, tmp_path / "build")["manifest.json"].read_text())
            for wheel in (labs_wheel(), labs_wheel(tmp_path))
        ]
        assert manifests[0]["wheel"] != manifests[1]["wheel"]
        assert manifests[0]["build"] != manifests[1]["build"]

    def test_missing_packages_are_named_with_the_command_that_installs_them(self, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match="node_modules must hold pyodide, got nothing: run `make setup`"):
            pyodide_folder(tmp_path / "pyodide", tmp_path / "wheel", tmp_path)
        with pytest.raises(BuildError, match="node_modules must hold @fontsource"):
            served_fonts(tmp_path)

    def test_figures_are_measured_with_the_letters_the_site_serves(self) -> None:
        folder = figure_fonts(PACKAGES, ROOT / "build")
        fonts = {path.stem: TTFont(path) for path in folder.glob("*.ttf")}
        assert {name: font["OS/2"].usWeightClass for name, font in fonts.items()} == {
            "ibm-plex-sans-400": 400, "ibm-plex-sans-600": 600, "ibm-plex-mono-400": 400, "ibm-plex-mono-600": 600,
        }  # fmt: skip
        assert {font["name"].getBestFamilyName() for font in fonts.values()} == {"IBM Plex Sans", "IBM Plex Mono"}
        served = TTFont(served_fonts(PACKAGES)["ibm-plex-sans-latin-normal.woff2"])
        assert fonts["ibm-plex-sans-400"].getBestCmap().keys() == served.getBestCmap().keys()
