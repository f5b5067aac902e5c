"""The list of what a reader's device stores, and the sizes that the page about it names."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from hooks import offline, precache
from hooks.build_folder import BuildError

SCRIPT = "before(self.__WB_MANIFEST);after()"


@pytest.fixture
def small_site(tmp_path: Path) -> Path:
    contents = {
        "index.html": b"<h1>Home</h1>" * 100,
        "a page/index.html": b"<h1>Page</h1>",
        "404.html": b"<h1>404</h1>",
        "assets/course.js": b"run()" * 50,
        "assets/part-ABCD2345.js": b"part()",
        "assets/javascripts/bundle.0123abcd.min.js": b"theme()",
        "assets/pyodide/1.0/python.wasm": bytes(10_000),
        "assets/pyodide/1.0/snapshots/0123456789ab/python.snapshot": b"\x00" * 5_000,
        "assets/pyodide/manifest.json": b"{}",
        "assets/javascripts/bundle.0123abcd.min.js.map": b"not needed",
        "assets/javascripts/lunr/min/lunr.ar.min.js": b"not needed",
        "sitemap.xml": b"<urlset/>",
        "sitemap.xml.gz": b"not needed",
        ".nojekyll": b"",
        "sw.js": b"not itself",
    }
    for address, data in contents.items():
        (tmp_path / address).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / address).write_bytes(data)
    return tmp_path


def test_pages_come_first_and_python_last(small_site: Path) -> None:
    assert precache.files(small_site) == [
        "404.html",
        "a page/index.html",
        "index.html",
        "assets/course.js",
        "assets/javascripts/bundle.0123abcd.min.js",
        "assets/part-ABCD2345.js",
        "sitemap.xml",
        "assets/pyodide/1.0/python.wasm",
        "assets/pyodide/1.0/snapshots/0123456789ab/python.snapshot",
        "assets/pyodide/manifest.json",
    ]


def test_every_entry_names_its_file_from_the_folder_of_the_worker_with_its_checksum(small_site: Path) -> None:
    entries = {entry["url"]: entry for entry in precache.entries(small_site)}
    assert not [url for url in entries if url.startswith("/") or ":" in url]
    data = (small_site / "a page" / "index.html").read_bytes()
    digest = hashlib.sha256(data)
    assert entries["a%20page/index.html"] == {
        "url": "a%20page/index.html",
        "revision": digest.hexdigest()[:12],
        "integrity": f"sha256-{base64.b64encode(digest.digest()).decode()}",
        "bytes": len(data),
    }


def test_only_what_has_its_checksum_in_its_address_has_no_revision(small_site: Path) -> None:
    assert [entry["url"] for entry in precache.entries(small_site) if entry["revision"] is None] == [
        "assets/javascripts/bundle.0123abcd.min.js",
        "assets/part-ABCD2345.js",
        "assets/pyodide/1.0/snapshots/0123456789ab/python.snapshot",
    ]


def test_text_and_webassembly_are_counted_as_hosts_compress_them_and_nothing_else(small_site: Path) -> None:
    size = precache.size(small_site)
    files = [small_site / address for address in precache.files(small_site)]
    assert size.space == sum(path.stat().st_size for path in files)
    snapshot = 5_000
    packed = sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in files if path.suffix != ".snapshot")
    assert size.download == packed + snapshot


def written(site: Path) -> str:
    precache.fill(site, SCRIPT)
    return (site / "sw.js").read_text(encoding="utf-8")


def test_the_worker_is_the_same_for_the_same_site_and_another_for_another(small_site: Path) -> None:
    first = written(small_site)
    assert written(small_site) == first
    (small_site / "index.html").write_text("edited")
    second = written(small_site)
    builds = [re.search(r'\{"build":"(\w{8})"', script) for script in (first, second)]
    assert builds[0]
    assert builds[1]
    assert builds[0][1] != builds[1][1]


def test_a_worker_can_be_written_with_nothing_in_it(small_site: Path) -> None:
    precache.fill(small_site, SCRIPT, empty=True)
    assert '"entries":[]' in (small_site / "sw.js").read_text()


@pytest.mark.parametrize("script", ["nothing()", SCRIPT + SCRIPT])
def test_a_script_without_one_place_for_the_list_is_refused(small_site: Path, script: str) -> None:
    with pytest.raises(BuildError, match=r"must name self\.__WB_MANIFEST once"):
        precache.fill(small_site, script)


def test_the_page_names_the_sizes_in_megabytes() -> None:
    html = offline.filled(f"<p>{offline.ELEMENT}</p>", precache.Size(download=11_400_000, space=20_600_000))
    assert 'data-download="11" data-space="21"' in html
    assert "downloads about 11 MB and takes about 21 MB" in html
    assert "<noscript>" in html


def test_while_an_author_serves_the_site_the_page_offers_nothing() -> None:
    html = offline.filled(offline.ELEMENT, None)
    assert "data-serving" in html
    assert "MB" not in html


def test_the_built_site_is_listed_whole(site: Path) -> None:
    script = (site / "sw.js").read_text(encoding="utf-8")
    manifest = json.JSONDecoder().raw_decode(script, script.index('{"build":'))[0]
    listed = [entry["url"] for entry in manifest["entries"]]
    assert len(listed) == len(set(listed))
    left_out = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} - set(listed)
    assert {
        address
        for address in left_out
        if not re.fullmatch(
            r"sw\.js|downloads/.*|sitemap\.xml\.gz|feed\.xml|assets/cards/.*|.*\.map|assets/javascripts/lunr/.*",
            address,
        )
    } == set()
    assert sum(entry["bytes"] for entry in manifest["entries"]) == sum((site / url).stat().st_size for url in listed)
    megabytes = round(precache.size(site).download / 1e6)
    assert f"about {megabytes} MB" in (site / "offline" / "index.html").read_text(encoding="utf-8")
