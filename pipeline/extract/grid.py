"""The table of one side of a scan: its columns with their headings, and its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import NamedTuple

from pipeline.extract.codes import bare
from pipeline.extract.form import Form
from pipeline.extract.headings import (
    Written,
    head_rows,
    is_heading,
    number_rows,
    repeats_head,
    says,
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


class Row(NamedTuple):
    """One row of entries: grid rows from `first` up to, not including, `end`."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Grid:
    """One side's table.

    Attributes:
        cells: by (row, column) of their top left corner.
        lines: of each cell, in reading order.
        body: rows of entries, top to bottom.
    """

    sheet: PageReading
    cells: Mapping[tuple[int, int], Cell]
    lines: Mapping[tuple[int, int], tuple[Line, ...]]
    columns: tuple[Column, ...]
    body: tuple[Row, ...]


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
    grid = Grid(sheet, cells, lines, columns, tuple(_rows(sheet.cells, rows)))
    headings = [" ".join(column.headings) for column in columns]
    body = tuple(
        row
        for row in grid.body
        if not repeats_head(headings, [joined(pieces_in(grid, row, one)) for one in columns])
    )
    if form.ends or form.sums:
        body = tuple(_without_sums(form, replace(grid, body=body)))
    return Grid(sheet, cells, lines, columns, body)


def _without_sums(form: Form, grid: Grid) -> Iterator[Row]:
    """Yield the rows of entries, up to what the form prints below them, and no sums."""
    for row in grid.body:
        texts = [bare(text_in(grid.lines, cell.row, cell.column)) for cell in cells_in(grid, row)]
        if says(form.ends, texts):
            return
        if not says(form.sums, texts):
            yield row


def pieces_in(grid: Grid, row: Row, column: Column) -> tuple[Piece, ...]:
    """Return all that is written in a column of a row, in reading order."""
    return tuple(
        whole(line) for place in _places(row, column) for line in grid.lines.get(place, ())
    )


def place_of(grid: Grid, row: Row, column: Column) -> Polygon | None:
    """Return the outline of a column in a row; None where the grid has no cell."""
    polygons = [grid.cells[place].polygon for place in _places(row, column) if place in grid.cells]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else box_around(polygons)


def cells_in(grid: Grid, row: Row) -> list[Cell]:
    """Return the cells of a row of entries, left to right."""
    cells = [cell for (number, _), cell in grid.cells.items() if row.first <= number < row.end]
    return sorted(cells, key=lambda cell: (cell.column, cell.row))


def is_across(cells: Sequence[Cell], cell: Cell) -> bool:
    """Tell whether a cell reaches over the whole table: a title, or what holds for all its rows."""
    first = min(one.column for one in cells)
    return cell.column_span == max(one.column + one.column_span for one in cells) - first > 1


def _places(row: Row, column: Column) -> Iterator[tuple[int, int]]:
    for number in range(row.first, row.end):
        for index in range(column.first, column.end):
            yield number, index


def _rows(cells: Sequence[Cell], body: Sequence[int]) -> Iterator[Row]:
    """Yield the rows of entries: grid rows joined where few cells are parted.

    A stroke of a pen taken for a rule parts one cell; its neighbours go on across it.
    """
    starts = [number for number in body if not _is_phantom(cells, number)]
    if body and body[0] not in starts:
        starts.insert(0, body[0])
    for first, after in zip_longest(starts, starts[1:]):
        yield Row(first, after or max(body) + 1)


def _is_phantom(cells: Sequence[Cell], number: int) -> bool:
    begin = sum(cell.column_span for cell in cells if cell.row == number)
    pass_by = sum(
        cell.column_span for cell in cells if cell.row < number < cell.row + cell.row_span
    )
    return pass_by > begin


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


def _is_heading(form: Form, cell: Cell | None, lines: Written) -> bool:
    return cell is not None and is_heading(form, text_in(lines, cell.row, cell.column))


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
        if is_across(cells, cell) and end - first < cell.column_span:
            continue
        is_group = cell.column < first or cell.column + cell.column_span > end
        if text:
            (groups if is_group else own).append(text)
    return tuple(groups), tuple(own)
