"""Find the cells of ruled tables: rules → crossings → cells → rows and columns.

A page may hold several tables. The largest is the main table: its rows count from 1. The rows of
the others follow on, from top to bottom, so that (row, column) names one cell of the page.
"""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Darkness, Scale, measure_darkness
from pipeline.layout.entries import MIN_BODY_MM, MIN_COLUMNS, part_into_entries
from pipeline.layout.grid import Grid, find_grids
from pipeline.layout.rules import Rules
from pipeline.values import Cell, PageImage, Polygon

MIN_CELL_MM = 2.5
MIN_HEADER_COLUMNS = 3  # a table of fewer columns is a form's box
MAX_HEADER_ROWS = 5
FULL_ROW = 0.7  # share of the columns that a rule between rows crosses
SAME_HEIGHT = 0.13  # body rows of one print differ by less


def find_cells(image: PageImage, rules: Rules) -> tuple[Cell, ...]:
    """Return the cells, table by table as on the page, row by row."""
    scale = Scale(image.dpi)
    grids = [_without_strokes(grid, scale) for grid in find_grids(rules, scale)]
    tables = [cells for grid in grids if (cells := _cells(grid, scale))]
    if not tables:
        return ()
    dark = measure_darkness(image)
    tables = [part_into_entries(image, rules, _with_header(cells, dark)) for cells in tables]
    main = max(range(len(tables)), key=lambda number: _area(tables[number]))
    offsets = dict.fromkeys(range(len(tables)), 0)
    used = _rows(tables[main])
    for number, cells in enumerate(tables):
        if number != main:
            offsets[number] = used
            used += _rows(cells)
    return tuple(
        replace(cell, row=cell.row + offsets[number])
        for number, cells in enumerate(tables)
        for cell in cells
    )


def _rows(cells: list[Cell]) -> int:
    return max(cell.row + cell.row_span - 1 for cell in cells)


def _area(cells: list[Cell]) -> float:
    return float(sum(cv2.contourArea(np.array(cell.polygon, np.float32)) for cell in cells))


def _without_strokes(grid: Grid, scale: Scale) -> Grid:
    """Return the grid without lines over one column only where no rule parts the body into rows.

    They are long strokes of the pen, or what a clerk drew below an entry.
    """
    full = np.flatnonzero(grid.above.mean(axis=1) >= FULL_ROW)
    if grid.above.shape[1] < MIN_COLUMNS or len(full) < 2:
        return grid
    levels = grid.corners[:, 0, 1]
    heights = np.diff(levels[full])
    body = int(heights.argmax())
    if heights[body] < max(scale.px(MIN_BODY_MM), (levels[-1] - levels[0]) / 2):
        return grid
    above = grid.above.copy()
    inside = above[full[body] + 1 : full[body + 1]]
    inside[inside.sum(axis=1) <= 1] = False
    return replace(grid, above=above)


def _cells(grid: Grid, scale: Scale) -> list[Cell]:
    """Return the grid's cells: unit squares joined where no edge stands between them."""
    rows, columns = grid.beside.shape[0], grid.above.shape[1]
    taken = np.zeros((rows, columns), np.bool_)
    cells = []
    for row in range(rows):
        for column in range(columns):
            if taken[row, column]:
                continue
            down, across = _extent(grid, taken, row, column)
            taken[row : row + down, column : column + across] = True
            if _is_cell(grid, row, column, down, across, scale):
                polygon = _corners(grid, row, column, down, across)
                cells.append(Cell(polygon, row + 1, column + 1, down, across))
    return _without_empty_lines(cells)


def _extent(grid: Grid, taken: npt.NDArray[np.bool_], row: int, column: int) -> tuple[int, int]:
    """Return how many rows and columns the cell that begins here covers."""
    rows, columns = taken.shape
    across = 1
    while (
        column + across < columns
        and not taken[row, column + across]
        and not grid.beside[row, column + across]
    ):
        across += 1
    down = 1
    while (
        row + down < rows
        and not grid.above[row + down, column : column + across].any()
        and not grid.beside[row + down, column + 1 : column + across].any()
        and not taken[row + down, column : column + across].any()
    ):
        down += 1
    return down, across


def _is_cell(grid: Grid, row: int, column: int, down: int, across: int, scale: Scale) -> bool:
    """Tell whether enough of the border is drawn and the inside is large enough."""
    corners = grid.corners
    width = corners[row, column + across, 0] - corners[row, column, 0]
    height = corners[row + down, column, 1] - corners[row, column, 1]
    if min(width, height) < scale.px(MIN_CELL_MM):
        return False
    sides = [
        grid.above[row, column : column + across].mean(),
        grid.above[row + down, column : column + across].mean(),
        grid.beside[row : row + down, column].mean(),
        grid.beside[row : row + down, column + across].mean(),
    ]
    return sum(bool(side >= 0.5) for side in sides) >= 3


def _corners(grid: Grid, row: int, column: int, down: int, across: int) -> Polygon:
    places = [(row, column), (row, column + across), (row + down, column + across),
              (row + down, column)]  # fmt: skip
    return tuple((float(grid.corners[at][0]), float(grid.corners[at][1])) for at in places)


def _without_empty_lines(cells: list[Cell]) -> list[Cell]:
    """Return the cells with rows and columns counted anew, so that none is without a cell."""
    rows = {row: number + 1 for number, row in enumerate(sorted({c.row for c in cells}))}
    columns = {c: number + 1 for number, c in enumerate(sorted({c.column for c in cells}))}
    return [
        replace(
            cell,
            row=rows[cell.row],
            column=columns[cell.column],
            row_span=sum(cell.row <= row < cell.row + cell.row_span for row in rows),
            column_span=sum(
                cell.column <= column < cell.column + cell.column_span for column in columns
            ),
        )
        for cell in cells
    ]


def _with_header(cells: list[Cell], dark: Darkness) -> list[Cell]:
    """Return the cells, those of the printed head marked."""
    columns = max(cell.column + cell.column_span - 1 for cell in cells)
    rows = _rows(cells)
    if columns < MIN_HEADER_COLUMNS or rows < 2:
        return cells
    last = _last_header_row(cells, rows, columns, dark)
    return [replace(cell, is_header=cell.row + cell.row_span - 1 <= last) for cell in cells]


def _last_header_row(cells: list[Cell], rows: int, columns: int, dark: Darkness) -> int:
    """Return the number of the head's last row; 0 when the table has none."""
    heights = _row_heights(cells, rows)
    usual = float(np.median(heights[min(3, rows - 1) :]))
    last = 0
    for row in range(1, min(MAX_HEADER_ROWS, rows - 1) + 1):
        here = [c for c in cells if c.row <= row < c.row + c.row_span]
        is_merged = any(c.row_span > 1 or c.column_span > 1 for c in here)
        is_other = abs(heights[row - 1] / usual - 1) > SAME_HEIGHT
        is_full = _filled(here, dark) >= 0.8
        if (is_merged and row <= last + 1) or (is_other and is_full):
            last = max([row, *(c.row + c.row_span - 1 for c in here if is_merged)])
        elif row > last + 1:
            break
    return min(last, rows - 1)


def _row_heights(cells: list[Cell], rows: int) -> npt.NDArray[np.float64]:
    """Return every row's height in px, by its cells that cover no other row."""
    heights: list[list[float]] = [[] for _ in range(rows)]
    for cell in cells:
        (_, top), _, _, (_, bottom) = cell.polygon
        for row in range(cell.row, cell.row + cell.row_span):
            heights[row - 1].append((bottom - top) / cell.row_span)
    return np.array([float(np.min(row)) if row else 1.0 for row in heights])


def _filled(cells: list[Cell], dark: Darkness) -> float:
    """Return the share of the cells that hold ink."""
    inked = [_ink_share(cell, dark) > 0.006 for cell in cells]
    return float(np.mean(inked)) if inked else 0.0


def _ink_share(cell: Cell, dark: Darkness) -> float:
    """Return the share of the cell's inside that is inked."""
    points = np.array(cell.polygon) / dark.factor
    rim = dark.scale.px(0.8)
    left, top = points.min(axis=0) + rim
    right, bottom = points.max(axis=0) - rim
    part = dark.values[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
    return float((part >= dark.ink).mean()) if part.size else 0.0
