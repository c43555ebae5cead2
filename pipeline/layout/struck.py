"""Words struck out: a straight pen stroke through ink of which the reader made no letters.

Either alone says little: flourishes and the bars of t and đ look like such strokes (one line in
nine of invented registers has some), and ink is left unread for many reasons.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.values import Line, Strokes

LEAST_MM = 3.5  # of a stroke through a word
THICK_MM = 1.0  # a pen's stroke, however pressed
SLOPES = np.linspace(-0.15, 0.15, 9)  # of the stroke against the line
NEAR_MM = 0.5  # above and below the stroke; what it goes through shows for twice as far again
THROUGH = 0.2  # share of its length with ink above, and with ink below
JOIN_MM = 1.0  # strokes this close strike out one word
READ = (
    0.45  # share of a stroke's length over letters that were read: from here on nothing is struck
)

Mask = npt.NDArray[np.uint8]
Span = tuple[float, float]


def mark_struck(lines: Sequence[Line], strokes: Strokes, dpi: float) -> tuple[Line, ...]:
    """Return the lines with the parts of them that are struck out, if they were not told before.

    Args:
        lines: read; in the order in which `strokes` counts them.
        strokes: which line each piece of ink belongs to.
        dpi: of the page image.
    """
    px_mm = dpi / strokes.factor / 25.4
    return tuple(
        line if line.struck else replace(line, struck=_struck(line, number, strokes, px_mm))
        for number, line in enumerate(lines)
    )


def _struck(line: Line, number: int, strokes: Strokes, px_mm: float) -> tuple[Span, ...]:
    """Return from where to where a line is struck out, as fractions of its width."""
    points = np.asarray(line.polygon) / strokes.factor
    left, top = np.maximum(0, np.floor(points.min(axis=0))).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int)
    width = right + 1 - left
    if not line.letters or _widest_gap(line) * width < LEAST_MM * px_mm:
        return ()
    ink = (strokes.lines[top : bottom + 1, left : right + 1] == number).astype(np.uint8)
    if not ink.any():
        return ()
    spans = _joined(strokes_through(ink, px_mm), JOIN_MM * px_mm)
    shares = [(a / width, b / width) for a, b in spans]
    return tuple(span for span in shares if _read(line, span) < READ)


def strokes_through(ink: Mask, px_mm: float, share: float = THROUGH) -> list[tuple[int, int]]:
    """Return from which column to which straight strokes run through other ink.

    Args:
        ink: 1 where there is any.
        px_mm: px of it a mm.
        share: of its length with ink above, and with ink below.
    """
    sheared = (_sheared(ink, float(slope)) for slope in SLOPES)
    return [span for one in sheared for span in _through(one, px_mm, share)]


def _widest_gap(line: Line) -> float:
    """Return the widest stretch without letters, as a fraction of the line's width."""
    ends = [0.0, *(letter.right for letter in line.letters)]
    starts = [*(letter.left for letter in line.letters), 1.0]
    return max(start - end for end, start in zip(ends, starts, strict=True))


def _read(line: Line, span: Span) -> float:
    """Return the share of a stretch that letters cover."""
    start, end = span
    covered = (
        max(0.0, min(end, letter.right) - max(start, letter.left))
        for letter in line.letters
        if not letter.text.isspace()
    )
    return sum(covered) / (end - start)


def _sheared(ink: Mask, slope: float) -> Mask:
    """Return the ink so that strokes of the slope lie level."""
    height, width = ink.shape
    rise = abs(slope) * width
    matrix = np.array([[1.0, 0.0, 0.0], [-slope, 1.0, rise if slope > 0 else 0.0]])
    size = (width, int(height + rise) + 1)
    return np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_NEAREST), np.uint8)


def _through(ink: Mask, px_mm: float, share: float) -> list[tuple[int, int]]:
    """Return the columns from and to of level strokes with ink above and below them."""
    long = np.ones((1, max(2, round(LEAST_MM * px_mm))), np.uint8)
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, long)
    _labels, boxes, _centres = connected(runs)
    near = max(1, round(NEAR_MM * px_mm))
    spans = []
    for x, y, wide, high, area in boxes[1:].tolist():
        above = ink[max(0, y - 3 * near) : max(0, y - near), x : x + wide]
        below = ink[y + high + near : y + high + 3 * near, x : x + wide]
        is_thin = area / wide <= THICK_MM * px_mm
        if is_thin and min(_inked(above), _inked(below)) >= share:
            spans.append((x, x + wide))
    return spans


def _inked(part: Mask) -> float:
    """Return the share of columns in which there is ink."""
    return float(part.any(axis=0).mean()) if part.size else 0.0


def _joined(spans: list[tuple[int, int]], apart: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
