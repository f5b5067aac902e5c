"""What a page and the Python in it can reach: nothing but the site. Tested by trying, against a second server that counts."""

import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator

import pytest
from conftest import keep_workers
from panel_driver import Panel, first
from playwright.sync_api import Browser, BrowserContext, Page, expect
from site_server import SiteServer, without_snapshot

LAB = "tail_at_scale"
ATTEMPTS = {
    "fetch": "await js.fetch(THERE)",
    "fetch without cors": "await js.fetch(THERE, to_js({'mode': 'no-cors'}, dict_converter=js.Object.fromEntries))",
    "pyfetch": "from pyodide.http import pyfetch; await pyfetch(THERE)",
    "synchronous request": "r = js.XMLHttpRequest.new(); r.open('GET', THERE, False); r.send()",
    "open_url": "from pyodide.http import open_url; open_url(THERE)",
    "asynchronous request": "r = js.XMLHttpRequest.new(); r.open('GET', THERE); r.send(); await told(r, 'load', 'error')",
    "web socket": "await told(js.WebSocket.new(THERE.replace('http', 'ws')), 'open', 'error')",
    "event source": "await told(js.EventSource.new(THERE), 'open', 'error')",
    "web transport": "await js.WebTransport.new(THERE.replace('http:', 'https:')).ready",
    "import": "from pyodide.code import run_js; await run_js(f'import(\"{THERE}\")')",
    "importScripts": "js.importScripts(THERE)",
    "beacon": "js.navigator.sendBeacon(THERE)",
    "another worker": "js.Worker.new(THERE)",
    "another worker of the site": "js.Worker.new(js.name)",
    "another worker of its own": "js.Worker.new(js.URL.createObjectURL(js.Blob.new(to_js(['fetch(\"' + THERE + '\")']))))",
    "script": "from pyodide.code import run_js; run_js('1 + 1')",
    "constructor": "js.Function.new('return 1')()",
    "store of pages": "await js.caches.open('pages')",
    "store of data": "js.indexedDB.open('data')",
    "store of files": "await js.navigator.storage.getDirectory()",
    "channel to pages": "js.BroadcastChannel.new('pages')",
}
# Which rule of the policy refuses an attempt; what is not here fails because the worker has no such thing any more, or never had.
REFUSED = {
    name: ["script-src" if name in ("import", "script", "constructor") else "connect-src"]
    for name in (*list(ATTEMPTS)[: list(ATTEMPTS).index("import") + 1], "script", "constructor")
}
# Runs what a stranger could have written, in the lab's own Python, and says what came of it.
TRY = """
import asyncio, js
from pyodide.ffi import create_proxy, to_js
THERE = {there!r}
refused = []
js.addEventListener('securitypolicyviolation', create_proxy(lambda event: refused.append(event.violatedDirective)))
async def told(thing, good, bad):
    ended = asyncio.Future()
    thing.addEventListener(good, create_proxy(lambda event: ended.set_result(None)))
    thing.addEventListener(bad, create_proxy(lambda event: ended.set_exception(OSError(bad))))
    await ended
async def attempt():
    {code}
async def tried():
    try:
        await asyncio.wait_for(attempt(), 4)
        came = 'done'
    except BaseException as error:
        came = type(error).__name__
    await asyncio.sleep(0.1)
    js.postMessage(to_js({{'kind': 'tried', 'came': came, 'refused': refused}}, dict_converter=js.Object.fromEntries))
asyncio.ensure_future(tried())
"""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another server's address, and what has been asked of it; it would answer anybody."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            asked.append(str(self.raw_requestline))
            return super().parse_request()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", asked
        running.shutdown()


@pytest.fixture
def open_unwatched(browser: Browser, server: SiteServer) -> Iterator[Callable[..., Page]]:
    """Opens pages whose requests to other hosts belong to the test."""
    contexts: list[BrowserContext] = []

    def opened(address: str, **options: bool) -> Page:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(20_000)
        keep_workers(contexts[-1])
        page = contexts[-1].new_page()
        page.goto(server.url + address)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def worker(open_unwatched: Callable[..., Page], homes: dict[str, str], server: SiteServer) -> Callable[..., Page]:
    """A page whose worker runs Python that it is sent, started in the way asked for, under the page's policy or not."""

    def opened(*, plainly: bool = False, guarded: bool = True) -> Page:
        obey = first("exec(asked['attempt'], {}) if 'attempt' in asked else None")
        manifest: Callable[[bytes], bytes] = without_snapshot if plainly else bytes
        with server.changed("assets/worker.js", obey), server.changed("manifest.json", manifest):
            panel = Panel(open_unwatched(homes[LAB], bypass_csp=not guarded), LAB)
            panel.run()
        (ready,) = panel.page.evaluate("workers[0].said.filter(({ kind }) => kind === 'ready')")
        assert ready["boot"] == ("plain" if plainly else "snapshot")
        return panel.page

    return opened


def tried(page: Page, code: str, there: str) -> tuple[str, list[str]]:
    """What came of an attempt in Python: "done" or the name of an error, and the rules of the policy that refused it."""
    request = {"text_of": "online_boutique", "attempt": TRY.format(there=there, code=code)}
    page.evaluate("request => workers[0].postMessage({ id: -1, request: JSON.stringify(request), files: {} })", request)
    for _ in range(100):
        said = page.evaluate("workers[0].said.filter(({ kind }) => kind === 'tried')")
        if said:
            page.evaluate("workers[0].said.length = 0")
            return said[0]["came"], said[0]["refused"]
        page.wait_for_timeout(100)
    raise TimeoutError(code)


@pytest.mark.parametrize("plainly", [False, True], ids=["woken", "booted"])
def test_python_can_reach_nothing_but_the_site(
    worker: Callable[..., Page], elsewhere: tuple[str, list[str]], plainly: bool
) -> None:
    there, asked = elsewhere
    page = worker(plainly=plainly)
    came = {name: tried(page, code, there) for name, code in ATTEMPTS.items()}
    assert {name: outcome for name, (outcome, _) in came.items() if outcome == "done"} == {}
    assert asked == []
    # A woken Python has no modules of Pyodide's own but those that labs import.
    expected = {name: rules for name, rules in REFUSED.items() if plainly or name not in ("pyfetch", "open_url")}
    assert {name: came[name][1] for name in expected} == expected


def test_without_the_policy_python_would_reach_it(
    worker: Callable[..., Page], elsewhere: tuple[str, list[str]]
) -> None:
    """Were this to fail, the test above would prove nothing."""
    there, asked = elsewhere
    page = worker(plainly=True, guarded=False)
    for name in REFUSED:
        asked.clear()
        came, _ = tried(page, ATTEMPTS[name], there)
        if name in ("script", "constructor"):
            assert came == "done", name
        elif name != "web transport":  # that needs another kind of server
            assert asked, name


def test_where_a_worker_under_the_policy_stays_silent_another_takes_its_place(
    open_unwatched: Callable[..., Page], homes: dict[str, str]
) -> None:
    page = open_unwatched(homes[LAB])
    page.add_init_script(
        "const Kept = Worker; window.Worker = function (url, options) {"
        " return new Kept(`${url}`.startsWith('blob:') ? URL.createObjectURL(new Blob(['0'])) : url, options); }"
    )
    for silent in (True, False):  # the second time it is known
        page.reload()
        Panel(page, LAB).run()
        assert page.evaluate("workers.some(({ said }) => said.some(({ kind }) => kind === 'ready'))")
        assert page.evaluate("workers[0].said.length === 0") == silent


PAGE_ATTEMPTS = {
    "inline script": "make('script').textContent = 'ran()'",
    "foreign script": "make('script').src = there",
    "script from a blob": "make('script').src = URL.createObjectURL(new Blob(['ran()']))",
    "handler": "make('img', { src: 'data:,' }).setAttribute('onerror', 'ran()')",
    "link that runs": "make('a', { href: 'javascript:ran()' }).click()",
    "eval": "try { eval('ran()') } catch {}",
    "constructor": "try { new Function('ran()')() } catch {}",
    "timer": "setTimeout('ran()')",
    "image": "make('img').src = there",
    "style": "make('div', { style: `background: url(${there})` })",
    "stylesheet": "make('link', { rel: 'stylesheet', href: there })",
    "font": "new FontFace('x', `url(${there})`).load().catch(() => {})",
    "sound": "make('audio', { src: there, preload: 'auto' }).load()",
    "frame": "make('iframe', { src: there })",
    "object": "make('object', { data: there })",
    "form": "make('form', { action: there, method: 'post' }).submit()",
    "base": "make('base', { href: there })",
    "fetch": "fetch(there, { mode: 'no-cors' }).catch(() => {})",
    "beacon": "navigator.sendBeacon(there)",
    "web socket": "new WebSocket(there.replace('http', 'ws'))",
    "worker": "new Worker(URL.createObjectURL(new Blob([`import '${there}'`])), { type: 'module' })",
    "import": "import(there).catch(() => {})",
}


def test_the_page_runs_and_loads_nothing_that_is_not_of_the_site(
    open_unwatched: Callable[..., Page], elsewhere: tuple[str, list[str]]
) -> None:
    there, asked = elsewhere
    page = open_unwatched("glossary/")
    page.evaluate(
        """there => {
          Object.assign(window, { there, refused: [], hasRun: false, ran: () => { hasRun = true; } });
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
          window.make = (name, attributes = {}) => {
            const made = document.createElement(name);
            for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
            return document.body.appendChild(made);
          };
        }""",
        there,
    )
    for name, code in PAGE_ATTEMPTS.items():
        # In a callback, because what a test evaluates itself may use `eval` under any policy.
        page.evaluate(f"() => {{ refused.length = 0; setTimeout(() => {{ {code}; }}); }}")
        for _ in range(30):
            if page.evaluate("refused.length"):
                break
            page.wait_for_timeout(50)
        assert page.evaluate("refused.length") or name == "worker", name  # which hears of it itself
        assert not page.evaluate("hasRun"), name
    assert asked == []
    assert page.url.endswith("glossary/")


# What a stranger could put into a report: none of it may be in the page afterwards.
EVIL = (
    "<meta http-equiv=refresh content=0;url=THERE><base href=THERE><link rel=stylesheet href=THERE><script>ran()</script>"
    "<style>*{background:url(THERE)}</style><iframe src=THERE></iframe><form action=THERE><button>Go</button></form>"
    "<img src=THERE onerror=ran()><a href=THERE>Go</a><svg><a href=THERE><text>Go</text></a><image href=THERE /><use href=THERE /></svg>"
    "<math><mi xlink:href=THERE></mi></math><p style='background:url(THERE)' onclick=ran() id=nh-x name=x class=nh-error>kept</p>"
    "<lab-panel name=tail_at_scale></lab-panel><input autofocus><template><img src=THERE></template><object data=THERE></object>"
    "<noscript><p title='</noscript><img src=THERE onerror=ran()>'></p></noscript><video poster=THERE></video><!-- THERE -->"
)
EVIL_FIGURES = [
    {"data": {"url": "THERE"}, "mark": "point"},
    {"data": {"values": [{"u": "THERE"}]}, "mark": "image", "encoding": {"url": {"field": "u"}}},
    {
        "data": {"values": [{"u": "THERE"}]},
        "mark": "text",
        "encoding": {"href": {"field": "u"}, "text": {"value": "kept"}},
    },
    {
        "data": {"values": [{}]},
        "mark": {"type": "bar", "fill": "url(THERE)", "cursor": "url(THERE)", "href": "javascript:ran()"},
    },
]


def answered(change: str) -> Callable[[bytes], bytes]:
    """A change of the worker's script: Python alters each answer of a lab, which is there as `a`."""
    return first(f"a = json.loads(desk.respond(request)); {change}; return json.dumps(a)")


def test_a_report_is_let_into_the_page_without_what_can_run_or_load(
    open_unwatched: Callable[..., Page], homes: dict[str, str], server: SiteServer, elsewhere: tuple[str, list[str]]
) -> None:
    there, asked = elsewhere
    with server.changed("assets/worker.js", answered(f"a['html'] = {EVIL.replace('THERE', there)!r} + a['html']")):
        panel = Panel(open_unwatched(homes[LAB]), LAB)
        panel.run()
        panel.page.wait_for_timeout(500)
    inside = panel.output.evaluate("one => one.innerHTML")
    assert there not in inside
    assert panel.output.locator("p").first.evaluate("one => one.outerHTML") == "<p>kept</p>"
    assert not re.search(
        r"<(meta|base|link|script|style|iframe|form|img|a|image|use|math|input|template|object|noscript|video|!--)\b",
        inside,
    )
    assert not re.search(r"\s(on\w+|style|href|src|srcdoc)=", inside)
    assert panel.page.locator("lab-panel lab-panel").count() == 0
    assert asked == []


@pytest.mark.parametrize("number", range(len(EVIL_FIGURES)))
def test_a_figure_loads_nothing_and_leads_nowhere(
    open_unwatched: Callable[..., Page],
    homes: dict[str, str],
    server: SiteServer,
    elsewhere: tuple[str, list[str]],
    number: int,
) -> None:
    there, asked = elsewhere
    spec = json.dumps(EVIL_FIGURES[number]).replace("THERE", there)
    with server.changed("assets/worker.js", answered(f"a['figures'] = [json.loads({spec!r})] * len(a['figures'])")):
        panel = Panel(open_unwatched(homes[LAB]), LAB)
        panel.run_button.click()
        expect(panel.status).to_contain_text(re.compile("Updated|last one that worked"), timeout=40_000)
        panel.page.wait_for_timeout(500)
    drawn = panel.output.locator(".nh-plot").first.evaluate("one => one.innerHTML")
    drawn = re.sub(r' aria-label="[^"]*"', "", drawn)  # it may say what it likes
    assert there not in drawn
    assert not re.search('<(a|image|use|script|style|foreignObject)\\b|href=|javascript:|url\\((?!"?#)', drawn)
    assert asked == []
