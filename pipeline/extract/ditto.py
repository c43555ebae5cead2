"""Ditto marks: ", ”, 〃, -nt-, `như trên`, or a long stroke mean the text of the row above.

Here they are known by what was read; the layout marks lines by their shape (`Line.is_ditto`).
"""

import re

from pipeline.letters import fold

DITTO = '"'  # what stands for a mark that was seen and not read
# Between two dashes stands nothing but nt, however it was read.
_MARK = re.compile(
    r"""["“”„‟″〃»«]+|[,'’‘`]{2}|,\s,|/{2}|[-–—_.]*\s*n[\s.]?[t+][\s.]*[-–—_]*\s*|nhu\s*tren\.?"""
    r"""|[-–—]\s*(?:[hmnruitlf]{1,2}|/)\s*[-–—]|[—–]{2,}|[-–—_~]{3,}|(?:[-–—]\s+){2,}[-–—]|—"""
)
# What engines make of the two strokes of a ditto mark.
_LOOKS_LIKE = frozenset(
    {"11", "ii", "ll", "il", "li", "1i", "i1", "1l", "l1", "||", "h", "n", "u", "4"}
)


def is_ditto(text: str) -> bool:
    """Tell whether the text is nothing but a ditto mark."""
    return _MARK.fullmatch(fold(text).strip(" .:")) is not None


def may_be_ditto(text: str) -> bool:
    """Tell whether the text may be a misread ditto mark; never enough to inherit by."""
    return fold(text).strip(" .,'") in _LOOKS_LIKE
