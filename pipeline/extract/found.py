"""Which printed labels of a form were found on a page, and how surely."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.extract.anchors import Anchor, find_anchors
from pipeline.extract.codes import bare
from pipeline.extract.columns import ColumnLabel, label_columns
from pipeline.extract.form import Form, Label
from pipeline.extract.grid import Grid, read_grid
from pipeline.extract.matching import best_similarity, misprint_similarity
from pipeline.extract.pieces import Piece, box_around, cut, text_of
from pipeline.extract.reading_order import Row, regions_of
from pipeline.extract.worn import with_worn
from pipeline.values import PageReading, Polygon, Side


@dataclass(frozen=True, slots=True)
class FoundLabel:
    """A label of a form on a page.

    Attributes:
        read: what stands there.
        polygon: where, px of the page image of `side`.
        similarity: of what was read to the nearest wording, 0 to 1; 0 when only its place tells.
    """

    label: Label
    side: Side | None
    read: str
    polygon: Polygon
    similarity: float


def find_labels(form: Form, sheets: Sequence[PageReading]) -> list[FoundLabel]:
    """Return the labels on the one or two sides of a scan, in the order in which they stand.

    Those above a table are left out.
    """
    if form.layout == "form":
        return [one for sheet in sheets for one in _on_form(form, sheet)]
    grids = [grid for grid in (read_grid(form, sheet) for sheet in sheets) if grid]
    labelled = label_columns(form, grids) if grids else []
    return [one for column in labelled for one in _of_column(form, grids, column)]


def _on_form(form: Form, sheet: PageReading) -> Iterator[FoundLabel]:
    regions = regions_of(sheet)
    for region, anchors in zip(regions, find_anchors(form, regions), strict=True):
        for anchor in with_worn(form, region, anchors):
            label, pieces = form.labels[anchor.order], _pieces(region, anchor)
            read = " ".join(text_of(piece) for piece in pieces).strip()
            similar = best_similarity(bare(read), label, misprint_similarity)
            yield FoundLabel(
                label,
                sheet.side,
                read,
                box_around([cut(piece) for piece in pieces]),
                0.0 if anchor.is_assumed else similar,
            )


def _pieces(region: Sequence[Row], anchor: Anchor) -> list[Piece]:
    """Return the parts of the lines from a label's first to its last word."""
    if anchor.line is anchor.first_line:
        return [Piece(anchor.line, anchor.start, max(anchor.start, anchor.end))]
    lines = [line for row in region for line in row]
    first, last = (
        next(at for at, line in enumerate(lines) if line is end)
        for end in (anchor.first_line, anchor.line)
    )
    between = [Piece(line, 0, len(line.text)) for line in lines[first + 1 : last]]
    return [
        Piece(anchor.first_line, anchor.start, len(anchor.first_line.text)),
        *between,
        Piece(anchor.line, 0, anchor.end),
    ]


def _of_column(form: Form, grids: Sequence[Grid], column: ColumnLabel) -> Iterator[FoundLabel]:
    if column.order is None:
        return
    sheet = grids[column.grid].sheet
    own = column.column
    cells = [cell for cell in sheet.cells if own.first <= cell.column < own.end]
    heads = [cell.polygon for cell in cells if cell.is_header] or [cells[0].polygon]
    yield FoundLabel(
        form.labels[column.order],
        sheet.side,
        " ".join(own.headings),
        box_around(heads),
        0.0 if column.is_assumed else column.similarity,
    )
