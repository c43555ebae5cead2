"""Rows that no rule parts: where each entry of a table begins, by the writing in its columns."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.layout.rules import Rules
from pipeline.layout.written import InkLine, Written, find_written
from pipeline.values import Cell, PageImage, Polygon

Floats = npt.NDArray[np.float64]

MIN_COLUMNS = 4  # a form's box has fewer
MIN_BODY_MM = 40.0
MIN_ENTRIES = 3


def part_into_entries(image: PageImage, rules: Rules, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells of one table; its body, when no rule parts it, cut into entries.

    The number column tells the entries: every entry has one number, on its first line.
    """
    body = [cell for cell in cells if not cell.is_header]
    if not _is_unparted(body, image.dpi):
        return list(cells)
    written = find_written(image, rules, body)
    starts = _starts([line for line in written.lines if line.cell == 0], written)
    if len(starts) < MIN_ENTRIES:
        return list(cells)
    levels = _levels(starts, body, written)
    header = [cell for cell in cells if cell.is_header]
    entries = []
    for number in range(len(levels) - 1):
        for cell in body:
            polygon = _slice(cell, body[0], levels[number], levels[number + 1])
            entries.append(replace(cell, polygon=polygon, row=cell.row + number))
    return [*header, *entries]


def _is_unparted(body: list[Cell], dpi: float) -> bool:
    """Tell whether the body is one row of long columns."""
    if len(body) < MIN_COLUMNS or len({cell.row for cell in body}) > 1:
        return False
    heights = [cell.polygon[3][1] - cell.polygon[0][1] for cell in body]
    return min(heights) > MIN_BODY_MM * dpi / 25.4


def _starts(lines: list[InkLine], written: Written) -> Floats:
    """Return the middles of the entries' first lines in the number column, page px."""
    if len(lines) < MIN_ENTRIES:
        return np.zeros(0)
    ys = np.sort([(line.quad.top + line.quad.bottom) / 2 for line in lines])
    gaps = np.diff(ys)
    usual = float(np.median(gaps))
    kept = ys[np.concatenate([[True], gaps > 0.5 * usual])]
    return _with_missing(kept, usual) * written.dark.factor


def _with_missing(ys: Floats, usual: float) -> Floats:
    """Return the starts with those of entries without a number, where entries are regular."""
    steps = np.diff(ys) / usual
    whole = np.round(steps)
    if (np.abs(steps - whole) > 0.2).mean() > 0.1:
        return ys
    filled = [np.linspace(ys[i], ys[i + 1], int(whole[i]) + 1)[:-1] for i in range(len(ys) - 1)]
    return np.concatenate([*filled, ys[-1:]])


def _levels(starts: Floats, body: list[Cell], written: Written) -> Floats:
    """Return the heights between entries at the left end of the body, page px.

    Between two numbers the cut is where the least ink stands, as near to the later one as may be.
    """
    top, bottom = body[0].polygon[0][1], body[0].polygon[3][1]
    inked = _inked_rows(body, written)
    levels = [top]
    for above, below in pairwise(starts):
        places = np.arange(int(above), int(below))
        away = np.abs(places - (above + 0.62 * (below - above))) / (below - above)
        cost = inked[np.clip(places, 0, len(inked) - 1)] + 0.6 * away
        levels.append(float(places[int(cost.argmin())]))
    usual = float(np.median(np.diff(starts)))
    rest = bottom - levels[-1]
    lowest = _lowest(body, written)
    end = bottom if rest < 1.8 * usual else max(levels[-1] + usual, min(lowest, bottom))
    return np.array([*levels, end])


def _slope(body: list[Cell]) -> float:
    """Return how the top of the body falls, px down for each px to the right."""
    (x0, y0), (x1, y1) = body[0].polygon[0], body[-1].polygon[1]
    return (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0


def _inked_rows(body: list[Cell], written: Written) -> Floats:
    """Return for every page row how many columns have writing there, the slope taken out."""
    size = int(written.dark.values.shape[0] * written.dark.factor) + 1
    counts = np.zeros((len(body), size))
    slope, left = _slope(body), body[0].polygon[0][0]
    for line in written.lines:
        if line.cell >= 0:
            drop = slope * (line.quad.left * written.dark.factor - left)
            top = int(line.quad.top * written.dark.factor - drop)
            bottom = int(line.quad.bottom * written.dark.factor - drop) + 1
            counts[line.cell, max(0, top) : max(0, bottom)] = 1
    return np.asarray(counts.sum(axis=0))


def _lowest(body: list[Cell], written: Written) -> float:
    inside = [line.quad.bottom for line in written.lines if line.cell >= 0]
    return (max(inside) + written.dark.scale.px(1.0)) * written.dark.factor if inside else 0.0


def _slice(cell: Cell, first: Cell, top: float, bottom: float) -> Polygon:
    """Return the part of a column between two heights, which are those of the first column."""
    left = first.polygon[0]
    (x0, y0), (x1, y1), (x2, _), (x3, _) = cell.polygon

    def at(level: float) -> tuple[tuple[float, float], tuple[float, float]]:
        share_left = (level - left[1]) / max(first.polygon[3][1] - left[1], 1.0)
        return (
            (x0 + (x3 - x0) * share_left, y0 + (level - left[1])),
            (x1 + (x2 - x1) * share_left, y1 + (level - left[1])),
        )

    (a, b), (d, c) = at(top), at(bottom)
    return (a, b, c, d)
