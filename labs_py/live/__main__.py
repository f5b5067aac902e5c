"""The command `python -m labs_py live`."""

import json
import sys
from collections.abc import Sequence

from labs_py.live.run import USAGE, parsed, run
from labs_py.live.system import LiveError
from labs_py.model import architecture_file
from labs_py.model.architecture_file import ArchitectureError
from labs_py.parameter import LabError, architecture_given


def main(words: Sequence[str]) -> int:
    """Do what the words after `live` say; return the exit code: 2 for a mistake, 130 after Ctrl-C."""
    if not words or "--help" in words or words[0].startswith("-"):
        print(USAGE)
        return 0 if "--help" in words else 2
    name, *rest = words
    try:
        options = parsed(rest)
        given = architecture_given(name)
        if isinstance(given, str):
            given = {"file": f"{given}.toml", "text": architecture_file.text_of(given)}
        report = run(given["text"], given["file"], options)
    except (ArchitectureError, LabError, LiveError, OSError) as error:
        print(f"labs_py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("labs_py: stopped; every process has been ended", file=sys.stderr)
        return 130
    print(
        json.dumps({"takeaway": report.takeaway, "data": report.data}, indent=2) if options.as_json else report.text()
    )
    return 0
