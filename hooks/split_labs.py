"""What Pyodide runs to take the labs apart: the house, which is what most labs need, and of each lab the compiled code that it needs besides.

The house is pictured, see before_snapshot.py. A lab's code is small and is downloaded when the lab is wanted, so neither a reader's
download nor the picture grows with the course.
"""

import dataclasses
import json
import marshal
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from types import CodeType
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from labs_py import desk, lab

PACKAGE = Path(lab.__file__).parent
# Of each module, the texts of which `dataclasses` has made methods of its classes, and their code.
METHODS: dict[str, dict[str, CodeType]] = defaultdict(dict)


def split(folder: str) -> None:
    """Run every lab and write into `folder` house.zip, house.json (the modules to picture), answers.json, and in code/ a file for each lab.

    Raises:
        RuntimeError: a lab refuses its default values.
    """
    dataclasses.exec = noted  # type: ignore[attr-defined]
    desks = [name for name in sys.modules if ours(name)]
    answers, codes = {}, {}
    for name in lab.names():
        there = set(sys.modules)
        answers[name] = desk.respond(json.dumps({"lab": name, "arguments": {}}))
        if "error" in json.loads(answers[name]):
            raise RuntimeError(f"{name} must run at its default values, got {answers[name]}")
        wanted = [module for module in sys.modules if module not in there and ours(module)]
        codes[name] = {module: code_of(module) for module in wanted}
        for module in wanted:
            forget(module)
    users = Counter(module for code in codes.values() for module in code)
    house = [*desks, *(module for module, count in users.items() if 2 * count >= len(codes))]
    library = [name for name in sys.modules if name.partition(".")[0] in sys.stdlib_module_names]
    output = Path(folder)
    (output / "code").mkdir()
    for name, code in codes.items():
        own = {module: code[module] for module in code if module not in house}
        methods = {text: method for module in own for text, method in METHODS[module].items()}
        (output / "code" / f"{name}.code").write_bytes(zlib.compress(marshal.dumps((own, methods)), 9))
    (output / "answers.json").write_text(json.dumps(answers))
    (output / "house.json").write_text(json.dumps([*sorted(library), *house]))
    write_house(output / "house.zip", house)


def write_house(archive: Path, house: list[str]) -> None:
    """Write the sources of the house's modules, and the files that the labs read."""
    sources = {PACKAGE.parent.joinpath(*name.split(".")) for name in house}
    modules = [source / "__init__.py" if source.is_dir() else source.with_suffix(".py") for source in sources]
    with ZipFile(archive, "w", ZIP_DEFLATED) as written:
        for path in sorted([*modules, *PACKAGE.rglob("*.toml")]):
            written.writestr(ZipInfo(str(path.relative_to(PACKAGE.parent))), path.read_bytes())


def ours(name: str) -> bool:
    """Whether a module belongs to the labs."""
    return name.partition(".")[0] == "labs_py"


def noted(text: str, scope: dict[str, Any], names: dict[str, Any]) -> None:
    """Do what `exec` does for `dataclasses`, and keep the code: to compile it is most of what it takes to import a lab."""
    code = METHODS[scope["__name__"]][text] = compile(text, "<string>", "exec", dont_inherit=True)
    exec(code, scope, names)  # noqa: S102


def code_of(name: str) -> CodeType:
    """The compiled code of a module that is imported."""
    loader: Any = sys.modules[name].__loader__
    code: CodeType = loader.get_code(name)
    return code


def forget(name: str) -> None:
    """Let a module be imported anew by whoever wants it next."""
    del sys.modules[name]
    package, _, last = name.rpartition(".")
    if package in sys.modules:
        delattr(sys.modules[package], last)
