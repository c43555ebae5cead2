"""Small builders: read pages without pictures. Everybody in them is invented."""

from collections.abc import Mapping, Sequence

from pipeline.values import Alternative, Cell, Letter, Line, PageReading, Polygon, Script, Side

ROW_PX, COLUMN_PX, LINE_PX = 100.0, 200.0, 40.0


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def line(
    text: str,
    place: Polygon,
    cell: tuple[int, int] | None = None,
    confidence: float = 0.95,
    script: Script = "handwriting",
    alternatives: Mapping[str, float] | None = None,
) -> Line:
    others = tuple(Alternative(*pair) for pair in (alternatives or {}).items())
    width = max(1, len(text))
    letters = tuple(
        Letter(letter, index / width, (index + 1) / width, confidence)
        for index, letter in enumerate(text)
    )
    return Line(place, cell, text, confidence, script, others, letters)


def page(
    lines: Sequence[Line], cells: Sequence[Cell] = (), side: Side | None = None
) -> PageReading:
    outline = box(0, 0, 3000, 2000)
    return PageReading(side, 0, 0.0, "", 0.0, outline, tuple(cells), tuple(lines))


def table(
    header: Sequence[Sequence[str | tuple[str, int]]],
    body: Sequence[Sequence[str]],
    side: Side | None = None,
    *,
    flag_header: bool = True,
    confidence: float = 0.95,
) -> PageReading:
    """A ruled table; a header cell may be (text, columns), an empty one below a text joins it.

    A body text may hold several lines, separated by a line break.
    """
    cells: list[Cell] = []
    lines: list[Line] = []
    for row, texts in enumerate(header, 1):
        column = 1
        for item in texts:
            text, span = item if isinstance(item, tuple) else (item, 1)
            place = _cell_box(row, column, span)
            cells.append(Cell(place, row, column, 1, span, flag_header))
            lines += _written(text, place, (row, column), "print", confidence)
            column += span
    for row, words in enumerate(body, len(header) + 1):
        for column, text in enumerate(words, 1):
            place = _cell_box(row, column, 1)
            cells.append(Cell(place, row, column))
            lines += _written(text, place, (row, column), "handwriting", confidence)
    return page(lines, cells, side)


def _cell_box(row: int, column: int, span: int) -> Polygon:
    left, top = (column - 1) * COLUMN_PX, row * ROW_PX
    return box(left, top, left + span * COLUMN_PX, top + ROW_PX)


def _written(
    text: str, place: Polygon, cell: tuple[int, int], script: Script, confidence: float
) -> list[Line]:
    (left, top), (right, _top) = place[0], place[1]
    return [
        line(
            part,
            box(left + 5, top + 30 * i, right - 5, top + 30 * i + 28),
            cell,
            confidence,
            script,
        )
        for i, part in enumerate(text.split("\n"))
        if part
    ]


def form_page(
    above: Sequence[str],
    entry: Sequence[str],
    notes: Sequence[str] = (),
    below: Sequence[str] = (),
    side: Side | None = None,
    confidence: float = 0.95,
) -> PageReading:
    """A bordered form of two cells: the entry at the left, tick boxes and notes at the right.

    A line may be several segments side by side, separated by " | ".
    """
    height = LINE_PX * (max(len(entry), len(notes)) + 1)
    top = LINE_PX * (len(above) + 1)
    cells = [
        Cell(box(0, top, 1400, top + height), 1, 1),
        Cell(box(1400, top, 2000, top + height), 1, 2),
    ]
    lines = _running(above, 0, 2000, 0, None, confidence)
    lines += _running(entry, 10, 1390, top + 5, (1, 1), confidence)
    lines += _running(notes, 1410, 1990, top + 5, (1, 2), confidence)
    lines += _running(below, 0, 2000, top + height + 5, None, confidence)
    return page(lines, cells, side)


def _running(
    texts: Sequence[str],
    left: float,
    right: float,
    top: float,
    cell: tuple[int, int] | None,
    confidence: float,
) -> list[Line]:
    lines = []
    for row, text in enumerate(texts):
        parts = text.split(" | ")
        width = (right - left) / len(parts)
        for index, part in enumerate(parts):
            start = left + index * width
            end = start + min(width * 0.95, 14 * max(1, len(part)))
            place = box(start, top + row * LINE_PX, end, top + row * LINE_PX + 30)
            if part.strip():
                lines.append(line(part, place, cell, confidence, "print"))
    return lines
