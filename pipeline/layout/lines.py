"""Find the written lines of a page: in the cells of its tables, and outside them."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components, Labels, find_components
from pipeline.layout.darkness import Darkness, measure_darkness
from pipeline.layout.ink import erase_rules
from pipeline.layout.order import in_reading_order
from pipeline.layout.rules import Rule, Rules
from pipeline.layout.writing import Quad, Span, find_quads
from pipeline.values import Cell, Line, PageImage, Polygon

BIG_CELL_MM = 60.0  # a cell as wide as this is a form's box: rows in it may hold two columns
MARGIN_MM = 0.5
MIN_STROKE_MM = 0.9  # the longest side of what counts as writing in a cell: a ditto mark
MIN_LINE_MM = 1.2  # height of what counts as writing outside tables
EDGE_MM = 1.5  # ink at the very edge of the sheet is dirt or the next page


def find_lines(image: PageImage, rules: Rules, cells: tuple[Cell, ...]) -> tuple[Line, ...]:
    """Return outlines of the written lines in reading order, their text yet empty."""
    whole = measure_darkness(image)
    small = _at_scale(rules, whole.factor)
    clean = erase_rules(_shrunk(image, whole), small)
    mask = ((255 - clean.pixels) >= whole.ink).astype(np.uint8)
    regions = _regions(cells, whole)
    pieces = find_components(mask, small, regions, whole.scale)
    spans = [Span(r.points[0][0], r.points[-1][0], r.points[0][1]) for r in small.leaders]
    lines = []
    for number, members in _members(pieces):
        cell = cells[number] if number >= 0 else None
        cut = cell is None or _width(cell) > whole.scale.px(BIG_CELL_MM) * whole.factor
        for quad in find_quads(pieces, members, whole.scale, spans, cut=cut):
            if _is_written(quad, whole, in_cell=cell is not None):
                place = (cell.row, cell.column) if cell else None
                lines.append(Line(_polygon(quad, whole, image), place))
    return in_reading_order(lines, cells)


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


def _shrunk(image: PageImage, dark: Darkness) -> PageImage:
    """Return the page at the working scale."""
    size = dark.values.shape[::-1]
    pixels = image.pixels
    if pixels.shape != dark.values.shape:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return replace(image, pixels=pixels, dpi=dark.scale.dpi)


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
