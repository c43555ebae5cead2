"""Our lines as OCRmyPDF wants them: px of the page as it stands upright, words with their boxes."""

import math
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from pipeline.archive.word_boxes import Word, bounds, edges_of, word_polygon, words_of
from pipeline.letters import nfc
from pipeline.values import Line, Point, Polygon, Turn

DESCENT = 0.22  # of a line's height: how far its outline reaches below the baseline
LETTER_EM, SPACE_EM = 0.55, 0.26  # how wide a letter and a space of the hidden font are
MAX_GAP = 2.0  # line heights
LEVEL_DEG = 0.3  # under three px in 500: no reader minds
CORNERS = 4
STEEP_DEG = 30.0  # a line that leans more was written across the page


def page_text(
    width_px: int, height_px: int, dpi: float, turn_deg: Turn, lines: Sequence[Line]
) -> dict[str, Any]:
    """Return the text of a page, ready for JSON.

    Args:
        width_px: of the scan as a viewer shows it, likewise `height_px`.
        turn_deg: clockwise turn that makes that scan upright.
        lines: in reading order, polygons in px of that scan.
    """
    is_sideways = turn_deg in (90, 270)
    return {
        "width_px": height_px if is_sideways else width_px,
        "height_px": width_px if is_sideways else height_px,
        "dpi": dpi,
        "lines": [told for line in lines for told in _lines(line, width_px, height_px, turn_deg)],
    }


def _lines(line: Line, width_px: int, height_px: int, turn_deg: Turn) -> Iterator[dict[str, Any]]:
    """Yield a line as OCRmyPDF is to write it: whole when it is level, else word by word.

    Poppler tears leaning words to letters; level words, each on its own height, stay whole.
    """
    outline = _upright(line.polygon, width_px, height_px, turn_deg)
    words = [
        (text, word_polygon(outline, word))
        for word in _spaced(words_of(line), outline)
        if (text := _clean(word.text))
    ]
    _top, bottom = edges_of(outline)
    (left, low), (right, lowest) = bottom[0], bottom[-1]
    lean_deg = math.degrees(math.atan2(lowest - low, right - left))
    if not words:
        return
    if abs(lean_deg) > STEEP_DEG:
        yield _told(words, _box([outline]), -90.0 * round(lean_deg / 90))
    elif abs(lean_deg) < LEVEL_DEG and len(outline) == CORNERS:
        yield _told(words, _level_box(outline), 0.0)
    else:
        for text, polygon in words:
            yield _told([(text, polygon)], _level_box(polygon), 0.0)


def _told(
    words: Sequence[tuple[str, Polygon]], box: tuple[float, float, float, float], angle_deg: float
) -> dict[str, Any]:
    return {
        "words": [(text, _box([polygon])) for text, polygon in words],
        "box": box,
        "intercept": -DESCENT * (box[3] - box[1]),
        "angle": angle_deg,
    }


def _level_box(outline: Polygon) -> tuple[float, float, float, float]:
    """Return the box of writing that hardly leans: as high as the writing, around its middle."""
    left, top, right, bottom = bounds([outline])
    upper, lower = edges_of(outline)
    half, middle = max(1.0, math.dist(upper[0], lower[0])) / 2, (top + bottom) / 2
    return left, middle - half, max(right, left + 1), middle + half


def _spaced(words: Sequence[Word], outline: Polygon) -> list[Word]:
    """Stretch each word so that one space fills the gap to the next: searching needs that.

    Readers take a wide gap for two columns. Gaps wider than two letters are high stay: there, two
    things may stand beside each other.
    """
    top, bottom = edges_of(outline)
    wide = MAX_GAP * math.dist(top[0], bottom[0]) / max(math.dist(bottom[0], bottom[-1]), 1.0)
    spaced = []
    for word, following in zip_longest(words, words[1:]):
        if following and 0 < following.left - word.right <= wide:
            letters = len(word.text) * LETTER_EM
            share = letters / (letters + SPACE_EM)
            spaced.append(word._replace(right=word.left + (following.left - word.left) * share))
        else:
            spaced.append(word)
    return spaced


def _upright(polygon: Polygon, width_px: int, height_px: int, turn_deg: Turn) -> Polygon:
    def turned(point: Point) -> Point:
        x, y = point
        if turn_deg == 90:
            return height_px - y, x
        if turn_deg == 180:
            return width_px - x, height_px - y
        if turn_deg == 270:
            return y, width_px - x
        return x, y

    return tuple(turned(point) for point in polygon)


def _box(polygons: Sequence[Polygon]) -> tuple[float, float, float, float]:
    left, top, right, bottom = bounds(polygons)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _clean(text: str) -> str:
    """Return a word without control characters, which no font has and PDF/A forbids."""
    return nfc("".join(letter for letter in text if letter.isprintable()))
