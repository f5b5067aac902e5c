"""The theme's script leaves alone what is right already."""

from pathlib import Path

import pytest

from hooks.quick_start import steady


def test_the_built_script_leaves_the_stylesheets_alone(site: Path) -> None:
    (bundle,) = (site / "assets" / "javascripts").glob("bundle.*.min.js")
    script = bundle.read_text(encoding="utf-8")
    assert script.count("[href]:not([rel=stylesheet])") == 1
    assert script.count("document.head.appendChild(o),a.backgroundColor") == 1


def test_another_theme_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"the theme's script must hold M\(.* once, got 0 places"):
        steady("start()")
