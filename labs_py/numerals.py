"""Numbers as the reader sees them. Rounding happens here and nowhere else, so every platform prints the same text."""

import math

_SPANS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def percent(share: float, decimals: int = 2) -> str:
    """Return a share of 1 as a percentage.

    >>> percent(0.995010), percent(1.0), percent(0.63, 0)
    ('99.50 %', '100 %', '63 %')
    """
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return f"{share * 100:.{decimals}f} %"


def nines(availability: float) -> str:
    """Return an availability with enough decimals that its first digits that are not nine show.

    >>> nines(0.9995), nines(0.99999999), nines(0.5), nines(1.0)
    ('99.950 %', '99.9999990 %', '50.00 %', '100 %')
    """
    if availability in (0, 1):
        return percent(availability)
    return percent(availability, min(12, max(2, math.ceil(-math.log10(1 - availability) - 1e-6) - 1)))


def significant(value: float, digits: int = 3) -> str:
    """Return a number rounded to so many significant digits, with thousands separated by commas.

    >>> significant(1234.5), significant(0.012345), significant(0), significant(99.96)
    ('1,230', '0.0123', '0', '100')
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def milliseconds(seconds: float, digits: int = 3) -> str:
    """Return a time in milliseconds.

    >>> milliseconds(0.0314159), milliseconds(0)
    ('31.4 ms', '0 ms')
    """
    return f"{significant(seconds * 1000, digits)} ms"


def span(seconds: float, digits: int = 3) -> str:
    """Return a time in the largest unit that leaves a number of at least 1.

    >>> span(31_536), span(0.00015), span(0), span(math.inf), span(59.9999)
    ('8.76 h', '150 µs', '0 s', 'for ever', '1.00 min')
    """
    if seconds == 0:
        return "0 s"
    if math.isinf(seconds):
        return "for ever"
    rounded = float(f"{seconds:.{digits - 1}e}")
    size, unit = next((pair for pair in _SPANS if rounded >= pair[0]), _SPANS[-1])
    return f"{significant(seconds / size, digits)} {unit}"


def count(value: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    >>> count(1, "call"), count(1200, "retry", "retries")
    ('1 call', '1,200 retries')
    """
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"
