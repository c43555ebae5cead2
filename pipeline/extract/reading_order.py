"""Lines of a page in the order a person reads them: regions, rows, left to right."""

from collections.abc import Sequence
from statistics import median

from pipeline.values import Line, PageReading, Polygon

Row = list[Line]
SAME_ROW = 0.5  # shared height of lines side by side
SIDE_OVERLAP = 0.3  # shared width of lines that stand above each other


def left(polygon: Polygon) -> float:
    """Return the left end in px, likewise `right`, `top`, `bottom`."""
    return min(x for x, _y in polygon)


def right(polygon: Polygon) -> float:
    """Return the right end in px."""
    return max(x for x, _y in polygon)


def top(polygon: Polygon) -> float:
    """Return the upper end in px."""
    return min(y for _x, y in polygon)


def bottom(polygon: Polygon) -> float:
    """Return the lower end in px."""
    return max(y for _x, y in polygon)


def middle(polygon: Polygon) -> float:
    """Return the height of the middle in px from the top of the image."""
    return (top(polygon) + bottom(polygon)) / 2


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Return lines that stand side by side together, top to bottom, each row left to right.

    Lines of tight handwriting overlap in height; those above each other are still two rows.
    """
    rows: list[Row] = []
    for line in sorted(lines, key=lambda line: middle(line.polygon)):
        beside = [row for row in rows[-3:] if _is_beside(line, row)]
        if beside:
            max(beside, key=lambda row: _overlap(line, row[-1])).append(line)
        else:
            rows.append([line])
    rows.sort(key=lambda row: median(middle(line.polygon) for line in row))
    return [sorted(row, key=lambda line: left(line.polygon)) for row in rows]


def _is_beside(line: Line, row: Row) -> bool:
    start, end = left(line.polygon), right(line.polygon)
    for other in row:
        width = min(end - start, right(other.polygon) - left(other.polygon))
        if min(end, right(other.polygon)) - max(start, left(other.polygon)) > SIDE_OVERLAP * width:
            return False
    return max(_overlap(line, other) for other in row) >= SAME_ROW


def _overlap(first: Line, second: Line) -> float:
    """Return the shared height as a share of the lower line's."""
    shared = min(bottom(first.polygon), bottom(second.polygon)) - max(
        top(first.polygon), top(second.polygon)
    )
    heights = [bottom(line.polygon) - top(line.polygon) for line in (first, second)]
    return shared / max(1e-6, min(heights))


def regions_of(sheet: PageReading) -> list[list[Row]]:
    """Return what stands above the ruled cells, each cell in turn, and what stands below."""
    outside = [line for line in sheet.lines if line.cell is None]
    by_cell: dict[tuple[int, int], list[Line]] = {}
    for line in sheet.lines:
        if line.cell is not None:
            by_cell.setdefault(line.cell, []).append(line)
    half = _half_height(sheet)
    above = [line for line in outside if middle(line.polygon) < half]
    below = [line for line in outside if middle(line.polygon) >= half]
    cells = [by_cell[place] for place in sorted(by_cell)]
    return [rows_of(lines) for lines in (above, *cells, below) if lines]


def _half_height(sheet: PageReading) -> float:
    polygons = [cell.polygon for cell in sheet.cells]
    if not polygons:
        return float("inf")
    return (min(map(top, polygons)) + max(map(bottom, polygons))) / 2
