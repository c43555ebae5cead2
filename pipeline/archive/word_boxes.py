"""Where the words of a line stand: for the page text (ALTO) and for the text layer of the PDF."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.letters import nfc
from pipeline.values import Line, Point, Polygon


class Word(NamedTuple):
    """One word of a line.

    left and right are fractions (0 to 1) of the line's width, from its left end.
    """

    text: str
    left: float
    right: float
    confidence: float


def words_of(line: Line) -> list[Word]:
    """Return the words of a line from left to right.

    The letters' places are used when they spell the line's text; else every letter is taken to be
    as wide as the next, and as sure as the line.
    """
    if nfc("".join(letter.text for letter in line.letters)) == nfc(line.text) != "":
        edges = [(letter.text, letter.left, letter.right) for letter in line.letters]
        sureness = [letter.confidence for letter in line.letters]
    else:
        count = len(line.text) or 1
        edges = [(text, at / count, (at + 1) / count) for at, text in enumerate(line.text)]
        sureness = [line.confidence] * len(edges)
    return [
        Word(
            nfc("".join(edges[at][0] for at in group)),
            _fraction(edges[group[0]][1]),
            max(_fraction(edges[group[0]][1]), _fraction(edges[group[-1]][2])),
            _fraction(min(sureness[at] for at in group)),
        )
        for group in _groups([text for text, _left, _right in edges])
    ]


def word_polygon(line: Polygon, word: Word) -> Polygon:
    """Return the part of a line's outline that a word takes, clockwise from its top left."""
    top, bottom = edges_of(line)
    return (
        _along(top, word.left),
        _along(top, word.right),
        _along(bottom, word.right),
        _along(bottom, word.left),
    )


def edges_of(polygon: Polygon) -> tuple[Polygon, Polygon]:
    """Return the upper and the lower edge of a line's outline, both from left to right."""
    half = (len(polygon) + 1) // 2
    return polygon[:half], polygon[: half - 1 : -1]


def bounds(polygons: Sequence[Polygon]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what encloses some polygons."""
    across = [x for polygon in polygons for x, _y in polygon]
    down = [y for polygon in polygons for _x, y in polygon]
    return min(across), min(down), max(across), max(down)


def _groups(texts: Sequence[str]) -> Iterator[list[int]]:
    """Yield the indexes of the letters of each word."""
    group: list[int] = []
    for at, text in enumerate(texts):
        if text.strip():
            group.append(at)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _fraction(value: float) -> float:
    return min(1.0, max(0.0, value))


def _along(edge: Polygon, fraction: float) -> Point:
    left = fraction * sum(math.dist(one, two) for one, two in pairwise(edge))
    for (x, y), (to_x, to_y) in pairwise(edge):
        length = math.dist((x, y), (to_x, to_y))
        if left <= length and length > 0:
            part = left / length
            return x + part * (to_x - x), y + part * (to_y - y)
        left -= length
    return edge[-1]
