"""What of a panel stands on a printed slide: nothing can be scrolled there, so the figures are those that fit, whole and large enough to read."""

import re
from dataclasses import dataclass
from math import ceil

# In units of a slide, as its stylesheet has them: the place of the figures, a line of a caption, and what is around a caption.
_WIDTH, _HEIGHT = 752, 594
_CAPTION_LINE, _GAP = 22, 20
_LETTERS = 92  # in a line of a caption
_DRAWN = 640  # the width of a drawing in its own units
_LEAST = 0.85  # the scale at which the letters of two figures are still nearly as large as in the lesson
_FIGURE = re.compile(
    rf'<figure class="nh-figure">.*?viewBox="0 0 {_DRAWN} ([\d.]+)".*?<figcaption>(.*?)</figcaption>', re.DOTALL
)


@dataclass(frozen=True)
class Shown:
    """How many `figures` of a panel are printed, how large they are beside their own size, and whether there is a `rest` of the result."""

    figures: int
    scale: float
    rest: bool


def shown(panel: str) -> Shown:
    """Return what of a panel is printed; `panel` is its HTML with the drawings."""
    sizes = [(float(height), ceil(len(caption) / _LETTERS)) for height, caption in _FIGURE.findall(panel)]
    others = '<div class="nh-output"' in panel and panel.count('class="nh-table"') > panel.count('class="nh-twin"')
    both = len(sizes) > 1 and _scale(sizes[:2]) >= _LEAST
    count = 2 if both else min(1, len(sizes))
    return Shown(count, _scale(sizes[:count]), others or count < len(sizes))


def _scale(figures: list[tuple[float, int]]) -> float:
    drawn = sum(height for height, _ in figures)
    captions = sum(lines * _CAPTION_LINE + _GAP for _, lines in figures)
    widest = _WIDTH / _DRAWN
    return round(min(widest, (_HEIGHT - captions) / drawn) if drawn else widest, 3)
