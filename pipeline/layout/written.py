"""The writing in each cell and outside cells, as outlines at the working scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components, Ints, Labels, find_components
from pipeline.layout.corrections import with_corrections
from pipeline.layout.darkness import Darkness, Scale, measure_darkness
from pipeline.layout.ink import erase_from
from pipeline.layout.rules import Rule, Rules
from pipeline.layout.writing import Quad, Span, band_heights, find_quads
from pipeline.values import Cell, PageImage

BIG_CELL_MM = 60.0  # a cell as wide as this is a form's box: rows in it may hold two columns
MIN_STROKE_MM = 0.9  # the longest side of what counts as writing in a cell: a ditto mark
MIN_LINE_MM = 1.2  # height of what counts as writing outside tables
EDGE_MM = 1.5  # ink at the very edge of the sheet is dirt or the next page


class InkLine(NamedTuple):
    """One written line.

    cell: number of its cell; -1 outside tables.
    pieces: numbers of its pieces of ink, without those of a word that is struck out.
    struck: the piece that is such a word; None where there is none with its correction above.
    """

    cell: int
    quad: Quad
    pieces: Ints
    struck: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What is written on a page: outlines and pieces of ink in px of the working scale."""

    dark: Darkness
    lines: tuple[InkLine, ...]
    pieces: Components


def find_written(image: PageImage, rules: Rules, cells: Sequence[Cell]) -> Written:
    """Return the written lines, cell by cell, from top to bottom in each."""
    dark = measure_darkness(image)
    small = _at_scale(rules, dark.factor)
    even = np.asarray(255 - dark.values, np.uint8)
    erase_from(even, small, dark.scale)
    mask = ((255 - even) >= dark.ink).astype(np.uint8)
    pieces = find_components(mask, small, _regions(cells, dark), dark.scale)
    spans = [_span(leader) for leader in small.leaders]
    regions = _members(pieces)
    usual = _usual_height(pieces, regions, dark.scale)
    lines = []
    for number, members in regions:
        is_wide = number < 0 or _width(cells[number]) > dark.scale.px(BIG_CELL_MM) * dark.factor
        found, pieces = find_quads(
            pieces, members, dark.scale, spans, usual=0.0 if is_wide else usual, cut=is_wide
        )
        lines += [
            InkLine(number, line.quad, line.pieces, struck)
            for line, struck in with_corrections(pieces, found, dark.scale)
            if _is_written(line.quad, dark, in_cell=number >= 0)
        ]
    return Written(dark, tuple(lines), pieces)


def _span(leader: Rule) -> Span:
    (left, y), (right, end) = leader.points[0], leader.points[-1]
    return Span(left, right, y, end - y)


def _at_scale(rules: Rules, factor: float) -> Rules:
    """Return the rules in px of the working scale."""

    def shrunk(group: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(
            rule._replace(
                points=tuple(((x + 0.5) / factor - 0.5, (y + 0.5) / factor - 0.5)
                             for x, y in rule.points),
                thickness=rule.thickness / factor,
            )
            for rule in group
        )  # fmt: skip

    return Rules(shrunk(rules.horizontal), shrunk(rules.vertical), shrunk(rules.leaders))


def _regions(cells: Sequence[Cell], dark: Darkness) -> Labels:
    """Return the number of the cell at each point of the working scale, -1 outside."""
    regions = np.full(dark.values.shape, -1, np.int32)
    for number, cell in enumerate(cells):
        points = np.round(np.asarray(cell.polygon) / dark.factor).astype(np.int32)
        cv2.fillConvexPoly(regions, points, number)
    return regions


def _members(pieces: Components) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Return the pieces of each cell, and of the page outside cells (-1)."""
    order = np.argsort(pieces.cell, kind="stable")
    names, starts = np.unique(pieces.cell[order], return_index=True)
    groups = np.split(order, starts[1:]) if len(names) else []
    return [(int(n), group) for n, group in zip(names, groups, strict=True) if n > -2]


def _usual_height(
    pieces: Components, regions: list[tuple[int, npt.NDArray[np.int64]]], scale: Scale
) -> float:
    """Return the height of one written line, as the cells of the page tell it; 0 if they do not.

    Lines that touch look like one; but most tables have columns where a cell holds but one.
    """
    heights = [
        height
        for number, members in regions
        if number >= 0
        for height in band_heights(pieces, members, scale)
        if height > scale.px(2.2)
    ]
    return float(np.percentile(heights, 40)) if len(heights) >= 12 else 0.0


def _width(cell: Cell) -> float:
    return cell.polygon[1][0] - cell.polygon[0][0]


def _is_written(quad: Quad, dark: Darkness, *, in_cell: bool) -> bool:
    """Tell whether an outline is large enough for writing and not dirt at the sheet's edge."""
    width, height = quad.right - quad.left, quad.bottom - quad.top
    if in_cell:
        return max(width, height) >= dark.scale.px(MIN_STROKE_MM)
    edge = dark.scale.px(EDGE_MM)
    rows, columns = dark.values.shape
    is_inside = (
        quad.right > edge and quad.left < columns - edge
        and quad.bottom > edge and quad.top < rows - edge
    )  # fmt: skip
    return is_inside and height >= dark.scale.px(MIN_LINE_MM) and width >= dark.scale.px(1.0)
