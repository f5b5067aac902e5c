"""MkDocs hook: the theme's templates are compiled once and kept under build/, so that no later build waits for that again."""

from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

FOLDER = Path(__file__).parents[1] / "build" / "templates"


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> Environment:
    """MkDocs: called before the first template is rendered. What is kept is known by a template's content, and by Python's version."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(FOLDER))
    return env
