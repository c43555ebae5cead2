"""Tell a ruled table's printed head from its entries, by what is written in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from pipeline.extract.codes import bare
from pipeline.extract.form import Form
from pipeline.extract.matching import best_similarity, misprint_similarity, rough_similarity
from pipeline.extract.pieces import joined, whole
from pipeline.extract.reading_order import bottom, top
from pipeline.values import Cell, Line

Written = Mapping[tuple[int, int], Sequence[Line]]

_COLUMN_NUMBER = re.compile(r"[(\[]?\s*(\d{1,2}|[a-zA-Z])\s*[)\]]?\.?")
_NUMBER_BEHIND = re.compile(r"\s+[(\[]?\d{1,2}[)\]]?\.?$")
MAX_HEAD_ROWS = 4
SURE = 0.7  # similarity from which a heading counts as read
MIN_HEADINGS, MIN_NUMBERS = 2, 3
LONG = 16  # letters of a wording that may be misprinted: "Đồng Sang" is near "Mang sang"
SHORT = 3  # letters and digits of a column number, misread
STRIP = 0.7  # of the usual row's height


def text_in(lines: Written, row: int, column: int) -> str:
    """Return all that is read in a cell."""
    return joined([whole(line) for line in lines.get((row, column), ())])


def head_rows(form: Form, cells: Sequence[Cell], lines: Written) -> set[int]:
    """Return the grid rows of the printed head.

    Rows whose words are the form's headings say where the head ends; what the layout saw
    counts only when none can be read, since thick rules and tall first rows mislead it.
    """
    rows = sorted({cell.row for cell in cells})
    worded = [_is_worded(form, row, cells, lines) for row in rows[:MAX_HEAD_ROWS]]
    if any(worded):
        first = worded.index(True)  # groups alone may stand above it
        end = next((i for i in range(first, len(worded)) if not worded[i]), len(worded))
        head = set(rows[:end])
    else:
        head = {cell.row for cell in cells if cell.is_header and cell.row in rows[:MAX_HEAD_ROWS]}
    head |= number_rows({max(head, default=0) + 1}, cells, lines)
    return head | _blank_rows(max(head, default=0) + 1, cells, lines)


def _blank_rows(row: int, cells: Sequence[Cell], lines: Written) -> set[int]:
    """Return the row below the head when it is a low strip: its numbers are worn away."""
    below = [cell for cell in cells if cell.row == row]
    texts = [bare(text_in(lines, row, cell.column)) for cell in below]
    if row == 1 or not below or any(len(text) > SHORT for text in texts):
        return set()
    usual = median([_height(cell) for cell in cells if cell.row > row] or [0.0])
    is_strip = median(map(_height, below)) < STRIP * usual
    is_blank = not any(texts) and all(cell.is_header for cell in below)
    return {row} if is_strip or is_blank else set()


def _height(cell: Cell) -> float:
    return (bottom(cell.polygon) - top(cell.polygon)) / cell.row_span


def number_rows(rows: Iterable[int], cells: Sequence[Cell], lines: Written) -> set[int]:
    """Return those of the rows in which the columns are numbered."""
    return {
        row
        for row in rows
        if are_column_numbers([text_in(lines, row, c.column) for c in cells if c.row == row])
    }


def is_heading(form: Form, text: str) -> bool:
    """Tell whether a text is one of the form's column headings, not of a block."""
    read = bare(text)
    own = max(best_similarity(read, label, rough_similarity) for label in form.labels)
    texts = [text for block in form.blocks for text in block.texts]
    block = max((rough_similarity(read, bare(one)) for one in texts), default=0.0)
    return own >= SURE and own > block


def without_number(heading: str) -> str:
    """Return a heading without the column number that stands in the same cell."""
    return _NUMBER_BEHIND.sub("", heading)


def are_column_numbers(texts: Sequence[str]) -> bool:
    """Tell whether (1) (2) (3) … is printed here, with some of it misread or worn."""
    written = [text.strip() for text in texts if text.strip()]
    hits = [_COLUMN_NUMBER.fullmatch(text) for text in written]
    numbers = [int(hit[1]) for hit in hits if hit and hit[1].isdigit()]
    rising = sum(after - before == 1 for before, after in pairwise(numbers))
    short = sum(len(bare(text)) <= SHORT for text in written)
    if len(written) < MIN_NUMBERS or rising < 2 or short < len(written) * 0.9:
        return False
    return rising * 3 >= len(written)


def repeats_head(headings: Sequence[str], texts: Sequence[str]) -> bool:
    """Tell whether a row in the middle of a page is the head printed again."""
    pairs = [
        (bare(heading), bare(text))
        for heading, text in zip(headings, texts, strict=True)
        if bare(text)
    ]
    if len(pairs) < MIN_HEADINGS:
        return False
    same = sum(len(text) > 2 and rough_similarity(text, heading) >= SURE for heading, text in pairs)
    numbered = len(pairs) >= len(headings) * 0.8 and are_column_numbers(texts)
    return same > len(pairs) / 2 or numbered


def says(words: Sequence[str], texts: Sequence[str]) -> bool:
    """Tell whether some cell of a row (letters alone) holds one of the wordings and nothing else.

    Long ones are known in spite of a misprint; a short one ("Cộng") is near too many names.
    """
    wanted = [bare(word) for word in words]
    return any(
        text == word or (len(word) >= LONG and misprint_similarity(text, word) > 0)
        for text in texts
        for word in wanted
    )


def _is_worded(form: Form, row: int, cells: Sequence[Cell], lines: Written) -> bool:
    texts = [text_in(lines, row, cell.column) for cell in cells if cell.row == row]
    written = [bare(without_number(text)) for text in texts if bare(text)]
    if len(written) < MIN_HEADINGS:
        return False
    printed = [label for label in form.labels if not label.choice]
    sure = sum(
        max(best_similarity(text, label, rough_similarity) for label in printed) >= SURE
        for text in written
    )
    return sure >= MIN_HEADINGS and sure >= len(written) * 0.4
