"""What browsers get of our JavaScript and stylesheets: bundled, minified and split by esbuild from the sources in docs/assets/.

Of third-party code, the comments about its license stand in a `.LEGAL.txt` file beside each bundle, and ship with it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

from hooks.build_folder import BuildError, content_hash, kept, run

STYLES = "assets/stylesheets/course.css"
MODULE = "--format=esm"


@dataclass(frozen=True)
class Bundle:
    """`source` is a file of docs/assets/; the bundle has its name, without `.source`, in `folder` below the site's root."""

    source: str
    folder: str
    options: Sequence[str]


# To add an entry, add a line. What course.js imports is not an entry, nor what it imports on demand: `import("./x.source.js")`
# becomes a file of its own. All parts lie beside the entry, so that an address made with import.meta.url means the same in each.
BUNDLES = (
    Bundle("course.js", "assets", [MODULE, "--splitting"]),
    Bundle("slides.source.js", "assets", [MODULE, "--external:*.woff2"]),
    Bundle("worker.js", "assets", [MODULE]),
    Bundle("sw.source.js", ".", ["--format=iife"]),
)

# What the questions of a page do. The plugin's script expects to stand in a page and to keep answers in localStorage; as a function it
# gets that name as an argument, so that answers go where the rest of the reader's progress is. Without `document$`, it does not
# look out for the next page: docs/assets/quiz.js does.
QUIZ = "mkdocs-quiz"
_QUIZ = "/*! {terms} */\nexport function begin(localStorage, document$) {{\n{script}\n}}\n"


def quiz_script() -> str:
    """The script of mkdocs-quiz as an ES module."""
    terms = metadata.distribution(QUIZ).read_text("licenses/LICENSE") or ""
    return _QUIZ.format(
        terms=f"{QUIZ} {metadata.version(QUIZ)}, its script made a function. {terms.strip()}",
        script=(resources.files("mkdocs_quiz.js") / "quiz.js").read_text(),
    )


def bundles(assets: Path, styles: Sequence[str], packages: Path, build: Path) -> dict[str, Path]:
    """Addresses below the site's root and the files behind them, kept under `build`.

    `assets` is docs/assets, `styles` the addresses of the stylesheets, in their order, and `packages` a node_modules folder.

    Raises:
        BuildError: a source is missing, or esbuild refuses one; the message is then esbuild's.
    """
    docs = assets.parent
    for source in [*(assets / bundle.source for bundle in BUNDLES), *(docs / style for style in styles)]:
        if not source.is_file():
            raise BuildError(f"{source.name} must be in {source.parent}, got nothing: pages are made with it")

    def make(folder: Path) -> None:
        quiz = folder / f"{QUIZ}.js"
        quiz.write_text(quiz_script())

        def esbuild(entry: Path, target: str, options: Sequence[str]) -> None:
            common = "--bundle --minify --target=es2022 --log-level=warning --legal-comments=linked"
            names = ["--chunk-names=[name]-[hash]", f"--outdir={folder / target}", f"--alias:{QUIZ}={quiz}"]
            path = f"{packages.parent / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
            command = [str(packages / ".bin" / "esbuild"), str(entry), *common.split(), *names, *options]
            run(command, environment=os.environ | {"NODE_PATH": str(packages), "PATH": path})

        for bundle in BUNDLES:
            name = bundle.source.removesuffix(".js").removesuffix(".source")
            esbuild(assets / bundle.source, bundle.folder, [*bundle.options, f"--entry-names={name}"])
        if styles:
            target, _, name = STYLES.rpartition("/")
            entry = folder / name
            entry.write_text("".join(f'@import "{docs / style}";\n' for style in styles))
            esbuild(entry, target, ["--external:*.woff2"])
            entry.unlink()
        quiz.unlink()

    sources = [
        packages.parent / "package-lock.json",
        packages.parent / "requirements.lock",
        Path(__file__),
        *(docs / style for style in styles),
    ]
    sources += sorted(path for kind in ("*.js", "*.source.css") for path in assets.rglob(kind))
    folder = kept(build / "bundles" / content_hash(sources), make)
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
