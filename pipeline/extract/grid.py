"""The ruled grid of one side: which rows are heading, and what is written in which cell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.extract.codes import bare
from pipeline.extract.form import Form
from pipeline.extract.matching import best_similarity, rough_similarity
from pipeline.extract.pieces import Piece, joined, whole
from pipeline.extract.reading_order import rows_of
from pipeline.values import Cell, Line, PageReading

_COLUMN_NUMBER = re.compile(r"[(\[]?\s*(\d{1,2}|[a-zA-Z])\s*[)\]]?\.?")
MAX_HEADER_ROWS = 4
SURE = 0.75  # similarity from which a heading counts as read
MIN_HEADINGS = 2
MIN_NUMBERS = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a side.

    Attributes:
        number: grid column, counted from 1.
        headings: what is printed above it, outermost group first; bare text may be empty.
    """

    number: int
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
    """Return the table of a side with its heading told from its body; None without cells."""
    if not sheet.cells:
        return None
    cells = {(cell.row, cell.column): cell for cell in sheet.cells}
    lines = _lines_by_cell(sheet)
    heading = _heading_rows(form, sheet.cells, lines)
    count = max(cell.column + cell.column_span for cell in sheet.cells)
    worded = heading - _number_rows(heading, sheet.cells, lines)
    columns = tuple(
        Column(number, _headings(number, worded, sheet.cells, lines)) for number in range(1, count)
    )
    rows = sorted({cell.row for cell in sheet.cells} - heading)
    body = tuple(row for row in rows if not _is_repeated_heading(row, columns, lines))
    return Grid(sheet, cells, lines, columns, body)


def pieces_in(grid: Grid, row: int, column: int) -> tuple[Piece, ...]:
    """Return all that is written in a cell, in reading order."""
    return tuple(whole(line) for line in grid.lines.get((row, column), ()))


def _lines_by_cell(sheet: PageReading) -> dict[tuple[int, int], tuple[Line, ...]]:
    grouped: dict[tuple[int, int], list[Line]] = {}
    for line in sheet.lines:
        if line.cell is not None:
            grouped.setdefault(line.cell, []).append(line)
    return {
        place: tuple(line for row in rows_of(lines) for line in row)
        for place, lines in grouped.items()
    }


def _text(lines: Mapping[tuple[int, int], tuple[Line, ...]], place: tuple[int, int]) -> str:
    return joined([whole(line) for line in lines.get(place, ())])


def _heading_rows(
    form: Form, cells: Sequence[Cell], lines: Mapping[tuple[int, int], tuple[Line, ...]]
) -> set[int]:
    """Return the rows that the layout calls heading, or whose words are headings."""
    heading = {cell.row for cell in cells if cell.is_header}
    rows = sorted({cell.row for cell in cells})
    for row in rows[:MAX_HEADER_ROWS]:
        texts = [_text(lines, (cell.row, cell.column)) for cell in cells if cell.row == row]
        written = [text for text in texts if bare(text)]
        if _are_headings(form, written):
            heading |= {above for above in rows if above <= row}
    following = {max(heading, default=0) + 1}
    return heading | _number_rows(following, cells, lines)


def _number_rows(
    rows: Iterable[int],
    cells: Sequence[Cell],
    lines: Mapping[tuple[int, int], tuple[Line, ...]],
) -> set[int]:
    """Return those of the rows in which the columns are numbered."""
    return {
        row
        for row in rows
        if _are_column_numbers([_text(lines, (row, c.column)) for c in cells if c.row == row])
    }


def _are_headings(form: Form, texts: Sequence[str]) -> bool:
    if len(texts) < MIN_HEADINGS:
        return False
    sure = sum(
        max(best_similarity(bare(text), label, rough_similarity) for label in form.labels) >= SURE
        for text in texts
    )
    return sure >= MIN_HEADINGS and sure >= len(texts) / 2


def _are_column_numbers(texts: Sequence[str]) -> bool:
    """Tell whether (1) (2) (3) … is printed here, with some of it misread or worn."""
    written = [text.strip() for text in texts if text.strip()]
    hits = [_COLUMN_NUMBER.fullmatch(text) for text in written]
    numbers = [int(hit[1]) for hit in hits if hit and hit[1].isdigit()]
    rising = sum(after - before == 1 for before, after in pairwise(numbers))
    short = sum(len(bare(text)) <= 3 for text in written)
    if len(written) < MIN_NUMBERS or rising < 2 or short < len(written) * 0.9:
        return False
    return rising >= len(written) / 3


def _headings(
    column: int,
    heading: set[int],
    cells: Sequence[Cell],
    lines: Mapping[tuple[int, int], tuple[Line, ...]],
) -> tuple[str, ...]:
    above = [
        cell
        for cell in cells
        if cell.row in heading and cell.column <= column < cell.column + cell.column_span
    ]
    read = [
        (_text(lines, (cell.row, cell.column)), cell.column_span)
        for cell in sorted(above, key=lambda cell: cell.row)
    ]
    kept = [(text, span) for text, span in read if text.strip()]
    own = [text for text, span in kept if span == 1]
    texts = tuple(text for text, _span in kept)
    return texts if own or not texts else (*texts, "")


def _is_repeated_heading(
    row: int,
    columns: Sequence[Column],
    lines: Mapping[tuple[int, int], tuple[Line, ...]],
) -> bool:
    """Tell whether the heading is printed again in the middle of a page."""
    texts = [(column, bare(_text(lines, (row, column.number)))) for column in columns]
    written = [(column, text) for column, text in texts if text]
    if len(written) < MIN_HEADINGS:
        return False
    same = sum(
        any(rough_similarity(text, bare(heading)) >= SURE for heading in column.headings if heading)
        for column, text in written
        if len(text) > 2
    )
    numbers = [_text(lines, (row, column.number)) for column, _text_ in written]
    return same > len(written) / 2 or (
        len(written) >= len(columns) * 0.8 and _are_column_numbers(numbers)
    )
