"""Our lines as OCRmyPDF wants them: px of the page as it stands upright, words with their boxes."""

import math
from collections.abc import Sequence
from typing import Any

from pipeline.archive.word_boxes import bounds, edges_of, word_polygon, words_of
from pipeline.letters import nfc
from pipeline.values import Line, Point, Polygon, Turn

DESCENT = 0.22  # of a line's height: how far its outline reaches below the baseline
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
        "lines": [
            _line(line, width_px, height_px, turn_deg) for line in lines if line.text.strip()
        ],
    }


def _line(line: Line, width_px: int, height_px: int, turn_deg: Turn) -> dict[str, Any]:
    outline = _upright(line.polygon, width_px, height_px, turn_deg)
    words = [(_clean(word.text), word_polygon(outline, word)) for word in words_of(line)]
    top, bottom = edges_of(outline)
    (left, low), (right, lowest) = bottom[0], bottom[-1]
    lean_deg = math.degrees(math.atan2(lowest - low, right - left))
    told = {"words": [(text, _box([polygon])) for text, polygon in words]}
    if abs(lean_deg) > STEEP_DEG:
        return {
            **told,
            "box": _box([outline]),
            "slope": 0.0,
            "intercept": 0.0,
            "angle": -90.0 * round(lean_deg / 90),
        }
    # The box of the line's left end: a leaning line's enclosing box is higher than its writing.
    height = max(1.0, math.dist(top[0], bottom[0]))
    return {
        **told,
        "box": (left, low - height, max(right, left + 1), low),
        "slope": (lowest - low) / max(right - left, 1.0),
        "intercept": -DESCENT * height,
        "angle": 0.0,
    }


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
