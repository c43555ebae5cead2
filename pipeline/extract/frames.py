"""Ruled frames that stand one under the other on a page: an entry in each, or the parts of one."""

from dataclasses import replace

from pipeline.extract.pieces import box_around
from pipeline.extract.reading_order import bottom, middle, top
from pipeline.values import Cell, Line, PageReading


def frames_of(sheet: PageReading) -> list[PageReading]:
    """Return the page cut between ruled frames that stand one under the other."""
    frames: list[list[Cell]] = []
    for cell in sorted(sheet.cells, key=lambda cell: top(cell.polygon)):
        if frames and top(cell.polygon) < max(bottom(one.polygon) for one in frames[-1]):
            frames[-1].append(cell)
        else:
            frames.append([cell])
    if len(frames) < 2:
        return [sheet]
    boxes = [box_around([cell.polygon for cell in frame]) for frame in frames]

    def nearest(line: Line) -> int:
        y = middle(line.polygon)
        away = [max(top(box) - y, y - bottom(box)) for box in boxes]
        return away.index(min(away))

    lines: list[list[Line]] = [[] for _frame in frames]
    for line in sheet.lines:
        lines[nearest(line)].append(line)
    return [
        replace(sheet, cells=tuple(cells), lines=tuple(own))
        for cells, own in zip(frames, lines, strict=True)
    ]
