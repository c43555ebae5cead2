"""The table of one side of a scan: its columns with their headings, and its rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.extract.form import Form
from pipeline.extract.headings import (
    Written,
    head_rows,
    is_heading,
    number_rows,
    repeats_head,
    text_in,
    without_number,
)
from pipeline.extract.pieces import Piece, box_around, joined, whole
from pipeline.extract.reading_order import rows_of
from pipeline.values import Cell, Line, PageReading, Polygon

SPLIT = 0.5  # share of rows that show a rule below a heading, for it to part two columns


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a side.

    Attributes:
        first: first grid column that belongs to it; `end` is the one after its last.
        groups: headings that stand above several columns, outermost first.
        headings: its own headings, top to bottom; empty when none was read.
    """

    first: int
    end: int
    groups: tuple[str, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """One side's table.

    Attributes:
        cells: by (row, column) of their top left corner.
        lines: of each cell, in reading order.
        body: grid rows with entries, top to bottom.
    """

    sheet: PageReading
    cells: Mapping[tuple[int, int], Cell]
    lines: Mapping[tuple[int, int], tuple[Line, ...]]
    columns: tuple[Column, ...]
    body: tuple[int, ...]


def read_grid(form: Form, sheet: PageReading) -> Grid | None:
    """Return the table of a side with its head told from its body; None without cells."""
    if not sheet.cells:
        return None
    cells = {(cell.row, cell.column): cell for cell in sheet.cells}
    lines = _lines_by_cell(sheet)
    head = head_rows(form, sheet.cells, lines)
    rows = sorted({cell.row for cell in sheet.cells} - head)
    worded = head - number_rows(head, sheet.cells, lines)
    columns = _columns(form, sheet.cells, worded, rows, lines)
    grid = Grid(sheet, cells, lines, columns, tuple(rows))
    headings = [" ".join(column.headings) for column in columns]
    body = tuple(
        row
        for row in rows
        if not repeats_head(headings, [joined(pieces_in(grid, row, one)) for one in columns])
    )
    return Grid(sheet, cells, lines, columns, body)


def pieces_in(grid: Grid, row: int, column: Column) -> tuple[Piece, ...]:
    """Return all that is written in a column of a row, in reading order."""
    places = [(row, number) for number in range(column.first, column.end)]
    return tuple(whole(line) for place in places for line in grid.lines.get(place, ()))


def place_of(grid: Grid, row: int, column: Column) -> Polygon | None:
    """Return the outline of a column in a row; None where the grid has no cell."""
    polygons = [
        grid.cells[row, number].polygon
        for number in range(column.first, column.end)
        if (row, number) in grid.cells
    ]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else box_around(polygons)


def _lines_by_cell(sheet: PageReading) -> dict[tuple[int, int], tuple[Line, ...]]:
    grouped: dict[tuple[int, int], list[Line]] = {}
    for line in sheet.lines:
        if line.cell is not None:
            grouped.setdefault(line.cell, []).append(line)
    return {
        place: tuple(line for row in rows_of(lines) for line in row)
        for place, lines in grouped.items()
    }


def _columns(
    form: Form, cells: Sequence[Cell], head: set[int], body: Sequence[int], lines: Written
) -> tuple[Column, ...]:
    """Return the columns: grid columns under one lowest heading, unless the body parts them."""
    count = max(cell.column + cell.column_span for cell in cells)
    starts = Counter(cell.column for cell in cells if cell.row in body)
    edges = [1]
    for number in range(2, count):
        lowest, before = _lowest(cells, head, number), _lowest(cells, head, number - 1)
        parted = starts[number] > SPLIT * len(body)
        if (
            lowest is None
            or lowest is not before
            or (parted and not is_heading(form, text_in(lines, lowest.row, lowest.column)))
        ):
            edges.append(number)
    return tuple(
        Column(first, end, *_headings(cells, head, first, end, lines))
        for first, end in zip(edges, [*edges[1:], count], strict=True)
    )


def _lowest(cells: Sequence[Cell], head: set[int], number: int) -> Cell | None:
    above = [cell for cell in cells if cell.row in head and _covers(cell, number)]
    return max(above, key=lambda cell: cell.row, default=None)


def _covers(cell: Cell, number: int) -> bool:
    return cell.column <= number < cell.column + cell.column_span


def _headings(
    cells: Sequence[Cell], head: set[int], first: int, end: int, lines: Written
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the group headings and the own headings above a column."""
    above = [
        cell
        for cell in cells
        if cell.row in head and any(_covers(cell, number) for number in range(first, end))
    ]
    groups: list[str] = []
    own: list[str] = []
    for cell in sorted(above, key=lambda cell: (cell.row, cell.column)):
        text = without_number(text_in(lines, cell.row, cell.column)).strip()
        is_group = cell.column < first or cell.column + cell.column_span > end
        if text:
            (groups if is_group else own).append(text)
    return tuple(groups), tuple(own)
