"""Reading order: tables row by row; other writing from top to bottom, column block by block."""

from collections.abc import Sequence

from pipeline.values import Cell, Line

Box = tuple[float, float, float, float]


def in_reading_order(lines: Sequence[Line], cells: Sequence[Cell]) -> tuple[Line, ...]:
    """Return the lines as a person reads the page."""
    tables = _table_of(cells)
    blocks: list[tuple[float, list[Line]]] = []
    outside = [line for line in lines if line.cell is None]
    for places in tables:
        inside = [line for line in lines if line.cell in places]
        tops = [y for cell in cells if (cell.row, cell.column) in places for _, y in cell.polygon]
        blocks.append((min(tops), _by_cell(inside)))
    edges = sorted(top for top, _ in blocks)
    for low, high in zip([float("-inf"), *edges], [*edges, float("inf")], strict=True):
        part = [line for line in outside if low <= _middle(line) < high]
        if part:
            blocks.append((low + 0.5 if edges and low > float("-inf") else low, _by_blocks(part)))
    blocks.sort(key=lambda block: block[0])
    return tuple(line for _, block in blocks for line in block)


def _table_of(cells: Sequence[Cell]) -> list[set[tuple[int, int]]]:
    """Return the places of each table: rows are numbered on, so a step back starts a table."""
    tables: list[set[tuple[int, int]]] = []
    last = None
    for cell in cells:
        if last is None or cell.row < last or (cell.row > last + 1 and cell.column == 1):
            tables.append(set())
        tables[-1].add((cell.row, cell.column))
        last = cell.row
    return tables


def _by_cell(lines: list[Line]) -> list[Line]:
    ordered: list[Line] = []
    for place in sorted({line.cell for line in lines if line.cell is not None}):
        ordered += _by_blocks([line for line in lines if line.cell == place])
    return ordered


def box_of(line: Line) -> Box:
    """Return left, top, right, bottom of a line."""
    xs, ys = [x for x, _ in line.polygon], [y for _, y in line.polygon]
    return min(xs), min(ys), max(xs), max(ys)


def _middle(line: Line) -> float:
    _, top, _, bottom = box_of(line)
    return (top + bottom) / 2


def _by_blocks(lines: list[Line]) -> list[Line]:
    """Return lines from top to bottom; rows that stand in the same columns, column by column."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle):
        if rows and _is_beside(line, rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    ordered: list[Line] = []
    group: list[list[Line]] = []
    for row in rows:
        row.sort(key=lambda line: box_of(line)[0])
        if group and not (len(row) == 2 == len(group[0]) and _common_gap([*group, row])):
            ordered += _columns(group)
            group = []
        group.append(row)
    return ordered + _columns(group)


def _is_beside(line: Line, row: list[Line]) -> bool:
    """Tell whether a line stands on the same level as a row's last one, and not under it."""
    left, top, right, bottom = box_of(line)
    for other in row:
        a, b, c, d = box_of(other)
        shared = min(bottom, d) - max(top, b)
        if min(right, c) - max(left, a) > 0.2 * min(right - left, c - a):
            return False
        if shared < 0.4 * min(bottom - top, d - b):
            return False
    return True


def _common_gap(rows: list[list[Line]]) -> bool:
    return max(box_of(row[0])[2] for row in rows) < min(box_of(row[1])[0] for row in rows)


def _columns(group: list[list[Line]]) -> list[Line]:
    if len(group) > 1 and len(group[0]) == 2:
        return [row[0] for row in group] + [row[1] for row in group]
    return [line for row in group for line in row]
