"""Years of the sixty-year cycle: Giáp Tý, Ất Sửu and so on."""

import re

from pipeline.letters import fold

_STEMS = ["giap", "at", "binh", "dinh", "mau", "ky", "canh", "tan", "nham", "quy"]
_BRANCHES = [
    {"ty"},
    {"suu"},
    {"dan"},
    {"mao", "meo"},
    {"thin"},
    {"ty"},
    {"ngo"},
    {"mui"},
    {"than"},
    {"dau"},
    {"tuat"},
    {"hoi"},
]
_YEAR = re.compile(r"(?:nam\s+)?([a-z]+)\s+([a-z]+)")


def canchi_year(text: str, last_year: int) -> int | None:
    """Return the latest year up to `last_year` of that name; None when it names none.

    Tý and Tỵ fold alike, but their places in the cycle are even and odd, as the stem tells.
    """
    hit = _YEAR.fullmatch(fold(text).strip())
    if hit is None or not last_year:
        return None
    stem, branch = hit[1].replace("ki", "ky").replace("qui", "quy"), hit[2].replace("ti", "ty")
    if stem not in _STEMS:
        return None
    place = _STEMS.index(stem)
    for offset in range(60):
        year = last_year - offset
        if (year - 4) % 10 == place and branch in _BRANCHES[(year - 4) % 12]:
            return year
    return None
