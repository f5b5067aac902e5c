"""Every page of the built site has the one policy, and it allows the scripts that stand in the pages and no other."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from hooks.policy import guard, inline_scripts, policy

META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def rules(content: str) -> dict[str, set[str]]:
    return {name: set(values) for name, *values in (rule.split() for rule in content.split("; "))}


def page(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html>\n<html>\n<head>\n  <meta charset="utf-8">\n<title>A page</title></head><body>{body}</body></html>'
    )
    return path


def test_every_built_page_has_the_policy_before_anything_that_loads(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert site / "404.html" in pages
    contents = set()
    for path in pages:
        html = path.read_text(encoding="utf-8")
        (found,) = META.findall(html)
        contents.add(found)
        before = html[: html.index("<meta http-equiv")]
        assert re.fullmatch(r'\s*<!doctype html>\s*<html[^>]*>\s*<head>\s*<meta charset="utf-8">', before), path
        assert len(before.encode()) < 1_024
    assert len(contents) == 1


def test_every_inline_script_of_every_page_is_allowed_by_its_hash_and_nothing_else_is(site: Path) -> None:
    needed: set[str] = set()
    for path in site.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        # Read here by an expression and not by the parser that wrote the policy.
        for attributes, text in re.findall(r"<script\b([^>]*)>(.*?)</script>", html, re.DOTALL):
            if "src=" not in attributes and "json" not in attributes:
                needed.add(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")
        assert not re.search(r"<[^>]+\son\w+=", re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)), path
        assert not re.search(r'(?:href|src|action)="javascript:', html), path
    (content,) = META.findall((site / "index.html").read_text(encoding="utf-8"))
    assert needed
    assert rules(content)["script-src"] == needed | {"'self'", "'wasm-unsafe-eval'"}


def test_the_policy_names_no_host_and_allows_no_eval() -> None:
    found = rules(policy(["one()", "two()", "one()"]))
    assert set().union(*found.values()) <= {
        "'self'", "'none'", "data:", "blob:", "'unsafe-inline'", "'wasm-unsafe-eval'", *found["script-src"],
    }  # fmt: skip
    assert [name for name, values in found.items() if "'unsafe-inline'" in values] == ["style-src"]
    assert [name for name, values in found.items() if "blob:" in values] == ["worker-src", "img-src"]
    assert found["connect-src"] == {"'self'"}
    assert found["object-src"] == found["frame-src"] == found["form-action"] == {"'none'"}
    assert len([value for value in found["script-src"] if value.startswith("'sha256-")]) == 2


def test_the_scripts_of_other_pages_are_allowed_on_each(tmp_path: Path) -> None:
    one, other = (
        page(tmp_path, "index.html", "<script>first()</script>"),
        page(tmp_path, "deep/x.html", "<script>a<b</script>"),
    )
    guard(tmp_path)
    contents = {META.findall(path.read_text())[0] for path in (one, other)}
    assert contents == {policy(["a<b", "first()"])}
    before = one.read_text()
    guard(tmp_path)
    assert one.read_text() == before


def test_scripts_that_do_not_run_need_no_hash() -> None:
    html = (
        '<script src="a.js"></script><script type="application/json">{"a": "<b>"}</script><script type="application/ld+json">{}</script>'
        "<script>\n if (a &amp;&amp; b) c('</p>');\n</script><script type=module>import 'x'</script><p>not a script</p>"
    )
    assert inline_scripts(html) == ["\n if (a &amp;&amp; b) c('</p>');\n", "import 'x'"]


def test_an_author_who_serves_the_site_may_be_sent_scripts_that_change(tmp_path: Path) -> None:
    path = page(tmp_path, "index.html", "<script>first()</script>")
    guard(tmp_path, served=True)
    found = rules(META.findall(path.read_text())[0])
    assert found["script-src"] == {"'self'", "'wasm-unsafe-eval'", "'unsafe-inline'"}
    assert found["connect-src"] == {"'self'"}


def test_a_page_without_a_head_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "bare.html").write_text("<p>bare")
    with pytest.raises(ValueError, match=r"bare\.html must have a head, got none"):
        guard(tmp_path)
