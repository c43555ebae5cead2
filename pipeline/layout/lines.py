"""Find the written lines of a page: in the cells of its tables, and outside them."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.connected import chosen
from pipeline.layout.darkness import Darkness
from pipeline.layout.order import box_of, in_reading_order
from pipeline.layout.rules import Rules
from pipeline.layout.writing import Quad
from pipeline.layout.written import InkLine, Written, find_written
from pipeline.values import Cell, Line, PageImage, Polygon, Strokes

MARGIN_MM = 0.5


def find_lines(
    image: PageImage, rules: Rules, cells: tuple[Cell, ...]
) -> tuple[tuple[Line, ...], Strokes]:
    """Return outlines of the written lines in reading order, yet unread, and their ink."""
    written = find_written(image, rules, cells)
    lines = [
        Line(
            _polygon(line.quad, written.dark, image),
            (cells[line.cell].row, cells[line.cell].column) if line.cell >= 0 else None,
            struck=_struck(written, line),
        )
        for line in written.lines
    ]
    ordered = in_reading_order(lines, cells)
    return ordered, _strokes(written, lines, ordered)


def lines_in_red(red: PageImage, cells: tuple[Cell, ...]) -> tuple[tuple[Line, ...], Strokes]:
    """Return the lines that are written in red, each in the cell of its middle, and their ink."""
    lines, strokes = find_lines(red, Rules(), ())
    return tuple(replace(line, cell=_cell_at(line, cells), ink="red") for line in lines), strokes


def _cell_at(line: Line, cells: tuple[Cell, ...]) -> tuple[int, int] | None:
    left, top, right, bottom = box_of(line)
    middle = ((left + right) / 2, (top + bottom) / 2)
    for cell in cells:
        if cv2.pointPolygonTest(np.array(cell.polygon, np.float32), middle, measureDist=False) >= 0:
            return cell.row, cell.column
    return None


def _strokes(written: Written, lines: list[Line], ordered: tuple[Line, ...]) -> Strokes:
    """Return which line each stroke belongs to."""
    place = {id(line): number for number, line in enumerate(ordered)}
    owner = np.full(len(written.pieces.area) + 1, -1, np.int32)  # the last is that of the paper
    for line, ink in zip(lines, written.lines, strict=True):
        owner[ink.pieces] = place[id(line)]
        if ink.struck is not None:
            owner[ink.struck] = len(lines)  # of no line, and shown with none
    return Strokes(chosen(written.pieces.labels, owner), written.dark.factor)


def _struck(written: Written, line: InkLine) -> tuple[tuple[float, float], ...]:
    """Return where a word is struck out, as fractions of the line's width."""
    if line.struck is None:
        return ()
    left, width = line.quad.left, line.quad.right - line.quad.left
    ends = (written.pieces.left[line.struck], written.pieces.right[line.struck])
    start, end = ((float(x) - left) / width for x in ends)
    return ((start, end),)


def _polygon(quad: Quad, dark: Darkness, image: PageImage) -> Polygon:
    """Return the outline with a small margin, px of the page image."""
    margin = dark.scale.px(MARGIN_MM)
    left, right = quad.left - margin, quad.right + margin
    rise = quad.slope * (right - left)
    top, bottom = quad.top - margin - quad.slope * margin, quad.bottom + margin
    height, width = image.pixels.shape

    def point(x: float, y: float) -> tuple[float, float]:
        return (
            min(max(x * dark.factor, 0.0), float(width)),
            min(max(y * dark.factor, 0.0), float(height)),
        )

    return (
        point(left, top), point(right, top + rise),
        point(right, bottom + rise), point(left, bottom),
    )  # fmt: skip
