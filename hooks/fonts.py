"""The type of the course, IBM Plex: woff2 files that the site serves, and the same letters as TrueType for figures built here.

A figure's labels are placed by their width, so the program that draws it must have the letters that the reader will see; it
reads TrueType, one weight a file.
"""

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from hooks.build_folder import BuildError, content_hash, kept

SANS = "@fontsource-variable/ibm-plex-sans"
MONO = "@fontsource/ibm-plex-mono"
WEIGHTS = (400, 600)
EUROPEAN_FROM = "ibm-plex-sans-latin-ext-normal.woff2"
EUROPEAN = "ibm-plex-sans-latin-a-normal.woff2"
LATIN_EXTENDED_A = set(range(0x100, 0x180))


def served_fonts(packages: Path) -> dict[str, Path]:
    """File names and sources of what the stylesheet may name: Plex Sans in all weights, Plex Mono in two, and their licenses.

    Raises:
        BuildError: one of them is not in `packages`, a node_modules folder.
    """
    fonts = {}
    for letters in ("latin", "latin-ext"):
        for style in ("normal", "italic"):
            fonts[f"ibm-plex-sans-{letters}-{style}.woff2"] = f"{SANS}/files/ibm-plex-sans-{letters}-wght-{style}.woff2"
        for weight in WEIGHTS:
            fonts[f"ibm-plex-mono-{letters}-{weight}.woff2"] = (
                f"{MONO}/files/ibm-plex-mono-{letters}-{weight}-normal.woff2"
            )
    fonts["ibm-plex-sans-license.txt"] = f"{SANS}/LICENSE"
    fonts["ibm-plex-mono-license.txt"] = f"{MONO}/LICENSE"
    for source in fonts.values():
        if not (packages / source).is_file():
            raise BuildError(f"node_modules must hold {source}, got nothing: run `make setup`")
    return {name: packages / source for name, source in fonts.items()}


def light_fonts(packages: Path, build: Path) -> dict[str, Path]:
    """As `served_fonts`, but half as heavy: without hints for coarse screens, and without the weights that no page uses; kept under `build`.

    The letters of European names, Latin Extended-A, have a file of their own, since most pages need no others of `latin-ext`. What
    has been changed may not bear the reserved name, so the files are left with no name but that in their copyright.

    Raises:
        BuildError: as `served_fonts`.
    """
    served = served_fonts(packages)
    fonts = {name: path for name, path in served.items() if path.suffix == ".woff2"}
    names = [*fonts, EUROPEAN]

    def make(folder: Path) -> None:
        for name in names:
            font = TTFont(served[EUROPEAN_FROM if name == EUROPEAN else name])
            if "fvar" in font:
                instantiateVariableFont(font, {"wght": 400 if "italic" in name else (400, 700)}, inplace=True)
                font.save(folder / name)
                font = TTFont(folder / name)
            letters = set(font.getBestCmap())
            if name == EUROPEAN:
                letters &= LATIN_EXTENDED_A
            elif name == EUROPEAN_FROM:
                letters -= LATIN_EXTENDED_A
            options = Options(
                hinting=False, name_IDs=[0, 13, 14], layout_features=["ccmp", "kern", "liga", "locl", "mark", "rvrn"]
            )
            subsetter = Subsetter(options)
            subsetter.populate(unicodes=letters)
            subsetter.subset(font)
            font.flavor = "woff2"
            font.save(folder / name)

    folder = kept(build / "webfonts" / content_hash([*fonts.values(), Path(__file__)]), make)
    return served | {name: folder / name for name in names}


def figure_fonts(packages: Path, build: Path) -> Path:
    """The folder of TrueType files, kept under `build`, with the families "IBM Plex Sans" and "IBM Plex Mono".

    Raises:
        BuildError: as `served_fonts`.
    """
    served = served_fonts(packages)
    sans = served["ibm-plex-sans-latin-normal.woff2"]
    mono = {weight: served[f"ibm-plex-mono-latin-{weight}.woff2"] for weight in WEIGHTS}

    def make(folder: Path) -> None:
        for weight in WEIGHTS:
            for name, font in (("sans", TTFont(sans)), ("mono", TTFont(mono[weight]))):
                if "fvar" in font:
                    instantiateVariableFont(font, {"wght": weight}, inplace=True)
                # Name 16, the family, is missing where name 1 carries the weight ("IBM Plex Mono SemiBold").
                font["name"].setName("IBM Plex Sans" if name == "sans" else "IBM Plex Mono", 16, 3, 1, 0x409)
                font.flavor = None
                font.save(folder / f"ibm-plex-{name}-{weight}.ttf")

    return kept(build / "fonts" / content_hash([sans, *mono.values(), Path(__file__)]), make)
