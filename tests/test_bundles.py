"""What browsers get of our JavaScript and stylesheets."""

import re
from pathlib import Path

import pytest

from hooks.build_folder import BuildError
from hooks.bundles import BUNDLES, STYLES, bundles
from hooks.labs_wheel import ROOT

PACKAGES = ROOT / "node_modules"
SOURCES = {
    "course.js": 'import { shared } from "./shared.js";\nshared();\nwindow.draw = () => import("./charts.source.js");\n',
    "charts.source.js": 'import { version } from "vega";\nimport { shared } from "./shared.js";\nexport const drawn = [version, shared()];\n',
    "shared.js": "/*! Someone, 2020: their licence */\nexport function shared() { return new URL('./worker.js', import.meta.url); }\n",
    "worker.js": 'import { shared } from "./shared.js";\nself.onmessage = shared;\n',
    "stylesheets/one.css": '@font-face { src: url("../fonts/letters.woff2"); }\n.first { color: red; }\n',
    "stylesheets/two.css": ".second {\n  color: blue;\n}\n",
}
LISTED = ["assets/stylesheets/two.css", "assets/stylesheets/one.css"]


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    assets = tmp_path / "docs" / "assets"
    others = {bundle.source: "self.name;" for bundle in BUNDLES}
    for name, text in (others | SOURCES).items():
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        (assets / name).write_text(text)
    return assets


def made(assets: Path) -> dict[str, Path]:
    return bundles(assets, LISTED, PACKAGES, assets.parents[1] / "build")


def test_the_page_has_one_entry_and_what_it_needs_later_is_a_part_beside_it(assets: Path) -> None:
    files = made(assets)
    scripts = {name: path.read_text() for name, path in files.items() if name.endswith(".js")}
    assert {"assets/course.js", "assets/worker.js"} < set(scripts)
    (charts,) = (name for name in scripts if re.fullmatch(r"assets/charts\.source-\w+\.js", name))
    assert f'import("./{Path(charts).name}")' in scripts["assets/course.js"]
    assert 'from"vega"' not in scripts[charts]
    assert len(scripts["assets/course.js"]) < 1_000
    for name, text in scripts.items():
        for other in re.findall(r'(?:from|import)\s*\(?"\./([^"]+)"', text):
            assert f"assets/{other}" in scripts, name


def test_the_worker_is_one_file(assets: Path) -> None:
    assert not re.search(r'\bimport\s*["{*]|\bfrom\s*"', made(assets)["assets/worker.js"].read_text())


def test_the_stylesheets_are_one_file_in_their_order_with_the_addresses_of_fonts_kept(assets: Path) -> None:
    style = made(assets)[STYLES].read_text()
    assert style.index(".second") < style.index(".first")
    assert "../fonts/letters.woff2" in style
    assert len(style.splitlines()) == 1


def test_comments_on_licences_ship_in_a_file_beside(assets: Path) -> None:
    files = made(assets)
    notes = [path.read_text() for name, path in files.items() if name.endswith(".LEGAL.txt")]
    assert notes
    assert all("their licence" in text for text in notes)


def test_they_are_made_once_until_a_source_changes(assets: Path) -> None:
    first = made(assets)
    (assets / "shared.js").touch()
    assert made(assets) == first
    (assets / "stylesheets" / "one.css").write_text(".first { color: green; }")
    second = made(assets)
    assert second[STYLES] != first[STYLES]
    (assets / "shared.js").write_text("export const shared = () => 1;")
    assert made(assets)["assets/course.js"] != second["assets/course.js"]


@pytest.mark.parametrize("source", [bundle.source for bundle in BUNDLES] + ["stylesheets/one.css"])
def test_a_missing_source_is_named(source: str, assets: Path) -> None:
    (assets / source).unlink()
    with pytest.raises(BuildError, match=rf"{re.escape(Path(source).name)} must be in .*, got nothing"):
        made(assets)


def test_what_esbuild_refuses_is_reported_and_nothing_is_kept(assets: Path) -> None:
    (assets / "shared.js").write_text('import "no-such-library";\n')
    with pytest.raises(BuildError, match='Could not resolve "no-such-library"'):
        made(assets)
    assert list((assets.parents[1] / "build" / "bundles").iterdir()) == []


def test_the_built_site_has_the_bundles_and_none_of_the_sources(site: Path) -> None:
    ours = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / "assets").rglob("*.*")}
    kept = {f"{bundle.folder}/{bundle.source}" for bundle in BUNDLES}
    shipped = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.suffix in (".js", ".css")}
    assert ours & shipped <= kept
    assert STYLES in shipped
    page = (site / "index.html").read_text()
    assert len(re.findall(r'<script src="assets/course\.js\?[0-9a-f]+" type="module">', page)) == 1
    assert len(re.findall(r'<link rel="stylesheet" href="assets/stylesheets/course\.css\?[0-9a-f]+">', page)) == 1
