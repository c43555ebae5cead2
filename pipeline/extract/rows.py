"""Entries of a ruled table: one row of the page, or of both sides of a spread, is one entry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.answers import find_above
from pipeline.extract.codes import bare
from pipeline.extract.columns import ColumnLabel, label_columns
from pipeline.extract.form import Form
from pipeline.extract.grid import (
    Grid,
    Row,
    cells_in,
    is_across,
    pieces_in,
    place_of,
    read_grid,
)
from pipeline.extract.kinds.result import Read
from pipeline.extract.pieces import Piece, box_around, confidence_of, joined
from pipeline.extract.reading_order import left, right, top
from pipeline.extract.slots import ASSUMED, Entry, Slot
from pipeline.values import Line, PageReading, Polygon

Pair = tuple[Row | None, ...]
_NO_MARK = frozenset("-–—.…_0oO")


def find_rows(form: Form, sheets: Sequence[PageReading]) -> list[Entry]:
    """Return the entries of all tables on the sheets, top to bottom."""
    grids = [grid for grid in (read_grid(form, sheet) for sheet in sheets) if grid]
    entries: list[Entry] = []
    for group in _tables(form, grids):
        labels = label_columns(form, group)
        if any(label.order is not None for label in labels):
            above = [
                slot for grid in group for slot in find_above(form, grid.sheet, _outside(grid))
            ]
            found = _with_notes(list(_entries(form, group, labels)), _notes(form, group, labels))
            entries += [replace(one, slots=(*one.slots, *above)) for one in found]
    return entries


def _outside(grid: Grid) -> list[Line]:
    """Return the lines of a side that stand outside its columns: around the table or across it."""
    across = {place for place, cell in grid.cells.items() if is_across(grid.sheet.cells, cell)}
    return [line for line in grid.sheet.lines if line.cell is None or line.cell in across]


def _tables(form: Form, grids: Sequence[Grid]) -> list[list[Grid]]:
    """Join the sides of a spread, unless both have the same columns: then they are two pages."""
    if len(grids) != 2:
        return [[grid] for grid in grids]
    first, second = (
        {label.order for label in label_columns(form, [grid])} - {None} for grid in grids
    )
    if len(first & second) > min(len(first), len(second)) / 2:
        return [[grid] for grid in grids]
    return [list(grids)]


def _entries(form: Form, grids: Sequence[Grid], labels: Sequence[ColumnLabel]) -> Iterator[Entry]:
    for number, rows in enumerate(_paired(grids), 1):
        slots = tuple(_slots(form, grids, labels, rows))
        # Where the cells that no entry lacks are all empty, the rest is a stamp, dirt or a tail;
        # at the head of a page perhaps of the last entry of the page before.
        named = [slot for slot in slots if not set(form.required).isdisjoint(slot.keys)]
        is_rest = bool(named) and not any(slot.pieces for slot in named)
        if (is_rest and number > 1) or not any(slot.pieces for slot in slots):
            continue
        side = next(index for index, row in enumerate(rows) if row is not None)
        row = rows[side]
        assert row is not None
        grid = grids[side]
        # Of a spread, only one side of the row was found.
        doubts = (reasons.HALF_ROW,) if len(grids) == 2 and None in rows else ()
        if is_rest:
            doubts = (*doubts, reasons.CONTINUED)
        yield Entry(number, grid.sheet.side, _row_polygon(grid, row), slots, doubts)


def _slots(
    form: Form, grids: Sequence[Grid], labels: Sequence[ColumnLabel], rows: Pair
) -> Iterator[Slot]:
    noted = [pair[1] for pair in _note_columns(form, labels)]
    for column in labels:
        row = rows[column.grid]
        if column.order is None or row is None:
            continue
        grid, label = grids[column.grid], form.labels[column.order]
        place = place_of(grid, row, column.column)
        pieces = pieces_in(grid, row, column.column)
        if not label.keys or place is None or column in noted:
            continue
        is_marked = label.choice and _is_mark(pieces)
        read = Read(label.choice, trust=confidence_of(pieces)) if is_marked else None
        trust = ASSUMED if column.is_assumed else 1.0
        yield Slot(
            label.keys, pieces, place, grid.sheet.side, read, trust, is_assumed=column.is_assumed
        )


class _Note(NamedTuple):
    """A note that tells of some entry of the page: of which, where it stands, and in which row."""

    number: tuple[Piece, ...]
    slot: Slot
    key: str
    row: int


def _note_columns(
    form: Form, labels: Sequence[ColumnLabel]
) -> Iterator[tuple[ColumnLabel, ColumnLabel]]:
    """Yield the columns of notes, each with the one before it that says of what they tell."""
    for before, column in pairwise(labels):
        if before.order is None or column.order is None or before.grid != column.grid:
            continue
        named, label = form.labels[before.order], form.labels[column.order]
        if label.joins and not named.keys and named.block == label.block:
            yield before, column


def _notes(form: Form, grids: Sequence[Grid], labels: Sequence[ColumnLabel]) -> Iterator[_Note]:
    columns = list(_note_columns(form, labels))
    for number, rows in enumerate(_paired(grids) if columns else [], 1):
        for before, column in columns:
            row, grid = rows[column.grid], grids[column.grid]
            place = place_of(grid, row, column.column) if row is not None else None
            if row is None or place is None or column.order is None:
                continue
            label, pieces = form.labels[column.order], pieces_in(grid, row, column.column)
            if pieces:
                slot = Slot(label.keys, pieces, place, grid.sheet.side)
                yield _Note(pieces_in(grid, row, before.column), slot, label.joins, number)


def _with_notes(entries: list[Entry], notes: Iterable[_Note]) -> list[Entry]:
    """Return the entries with the notes that name them.

    A note that names none of the page stays in its row, with its number, and in doubt.
    """
    for note in notes:
        wanted = bare(joined(note.number))
        named = [
            at for at, one in enumerate(entries) if wanted and _number(one, note.key) == wanted
        ]
        if named:
            entries[named[0]] = _noted(entries[named[0]], note.slot)
            continue
        rows = [at for at, one in enumerate(entries) if one.row <= note.row]
        if entries:
            at = rows[-1] if rows else 0
            slot = replace(
                note.slot,
                pieces=(*note.number, *note.slot.pieces),
                trust=ASSUMED,
                doubts=(reasons.NOTE_ELSEWHERE,),
            )
            entries[at] = _noted(entries[at], slot)
    return entries


def _number(entry: Entry, key: str) -> str:
    return next((bare(joined(slot.pieces)) for slot in entry.slots if key in slot.keys), "")


def _noted(entry: Entry, note: Slot) -> Entry:
    """Return the entry with a note more, behind those that it has."""
    for at, slot in enumerate(entry.slots):
        if slot.keys == note.keys and slot.pieces:
            both = replace(
                slot,
                pieces=(*slot.pieces, *note.pieces),
                polygon=box_around([slot.polygon, note.polygon]),
                trust=min(slot.trust, note.trust),
                doubts=tuple(dict.fromkeys((*slot.doubts, *note.doubts))),
            )
            return replace(entry, slots=(*entry.slots[:at], both, *entry.slots[at + 1 :]))
    return replace(entry, slots=(*entry.slots, note))


def _is_mark(pieces: Sequence[Piece]) -> bool:
    """Tell whether a cell of a yes-or-no column holds a mark instead of a word."""
    text = joined(pieces)
    return bool(pieces) and len(bare(text)) <= 1 and not set(text) & _NO_MARK


def _paired(grids: Sequence[Grid]) -> list[Pair]:
    """Return the grid rows of each entry, one for each side."""
    if len(grids) == 1:
        return [(row,) for row in grids[0].body]
    first, second = grids
    if len(first.body) == len(second.body):
        return list(zip(first.body, second.body, strict=True))
    return list(_by_height(first, second))


def _by_height(first: Grid, second: Grid) -> list[Pair]:
    """Match rows of two sides by their distance from the heading.

    The sides are images of their own; their tables begin at the same height on paper.
    """
    lefts, rights = _heights(first), _heights(second)
    if not lefts or not rights:
        return [(row, None) for row, _y in lefts] + [(None, row) for row, _y in rights]
    spaces = [b - a for (_r, a), (_s, b) in pairwise(lefts)]
    near = 0.5 * (median(spaces) if spaces else float("inf"))
    pairs: list[tuple[float, Pair]] = []
    free = list(rights)
    for row, y in lefts:
        hit = min(free, key=lambda other: abs(other[1] - y), default=None)
        if hit is not None and abs(hit[1] - y) <= near:
            free.remove(hit)
            pairs.append((y, (row, hit[0])))
        else:
            pairs.append((y, (row, None)))
    pairs += [(y, (None, row)) for row, y in free]
    return [pair for _y, pair in sorted(pairs, key=lambda item: item[0])]


def _heights(grid: Grid) -> list[tuple[Row, float]]:
    tops = {row: median(top(cell.polygon) for cell in cells_in(grid, row)) for row in grid.body}
    start = min(tops.values(), default=0.0)
    return [(row, height - start) for row, height in tops.items()]


def _row_polygon(grid: Grid, row: Row) -> Polygon:
    """Return the row's corners; they follow its slope when the cells do."""
    polygons = [cell.polygon for cell in cells_in(grid, row)]
    first, last = min(polygons, key=left), max(polygons, key=right)
    if row.end - row.first == 1 and len(first) == len(last) == 4:
        return (first[0], last[1], last[2], first[3])
    return box_around(polygons)
