"""What is drawn is understood: each form is told by its print, its fields land under their keys.

The lines are the truth's own, so that only the form is on trial and no reader.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.extract import reasons
from pipeline.extract.confidence import IDENTITY
from pipeline.extract.form import load_forms
from pipeline.extract.reading_order import bottom, left, right, top
from pipeline.extract.recognise import recognise
from pipeline.extract.records import extract_records
from pipeline.layout.writing import CUT_MM
from pipeline.settings import shipped
from pipeline.values import Cell, Letter, Line, PageReading, Polygon, Record, TickBox

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from synthesis.books import Layout, Order, load_layouts
from synthesize_pages import synthesize

Json = dict[str, Any]
FORMS = load_forms(shipped("schemas"))
LOOKS = load_layouts()

CUT_PX = CUT_MM * 100 / 25.4  # drawn at 100 dpi; layout parts a row at wider gaps


def polygon(corners: list[list[float]]) -> Polygon:
    return tuple((x, y) for x, y in corners)


def cell_of(place: Polygon, cells: list[Cell]) -> tuple[int, int] | None:
    x = (left(place) + right(place)) / 2
    y = (top(place) + bottom(place)) / 2
    for cell in cells:
        box = cell.polygon
        if left(box) <= x <= right(box) and top(box) <= y <= bottom(box):
            return cell.row, cell.column
    return None


def joined_lines(page: Json, cells: list[Cell]) -> list[Line]:
    """Return the lines; on a form, print and writing side by side are one line, as layout reads."""
    pieces = [(polygon(line["polygon"]), line["text"], line["script"]) for line in page["lines"]]
    pieces.sort(key=lambda piece: left(piece[0]))
    rows: list[list[tuple[Polygon, str, str]]] = []
    for piece in pieces:
        for row in rows:
            last = row[-1]
            apart = left(piece[0]) - right(last[0])
            level = abs(bottom(piece[0]) - bottom(last[0])) + abs(top(piece[0]) - top(last[0]))
            same = cell_of(piece[0], cells) == cell_of(last[0], cells)
            if same and apart < CUT_PX and level < 22 and FORMS[page["form"]].layout == "form":
                row.append(piece)
                break
        else:
            rows.append([piece])
    return [line(row, cells) for row in rows]


def line(row: list[tuple[Polygon, str, str]], cells: list[Cell]) -> Line:
    text = " ".join(text for _place, text, _script in row)
    xs = [x for place, _text, _script in row for x, _y in place]
    ys = [y for place, _text, _script in row for _x, y in place]
    place = ((min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys)))
    letters = tuple(Letter(c, i / len(text), (i + 1) / len(text), 0.95) for i, c in enumerate(text))
    script = row[-1][2]
    return Line(place, cell_of(place, cells), text, 0.95, script, (), letters)  # type: ignore[arg-type]


def sheet(page: Json, look: Layout) -> PageReading:
    """Return the page as layout and a perfect reader would hand it over."""
    cells = [
        Cell(
            polygon(cell["polygon"]), cell["row"], cell["column"], cell["row_span"],
            cell["column_span"], is_header=cell["is_header"],
        )
        for cell in page["cells"]
    ]  # fmt: skip
    keys = {tick.key for tick in look.ticks}
    boxes = tuple(
        TickBox(polygon(true["polygon"]), 0.4)
        for record in page["records"]
        for key, true in record["fields"].items()
        if key in keys
    )
    outline = (
        (0.0, 0.0),
        (page["width_px"], 0.0),
        (page["width_px"], page["height_px"]),
        (0.0, page["height_px"]),
    )
    lines = tuple(joined_lines(page, cells))
    return PageReading(page["side"], 0, 0.0, "", 0.0, outline, tuple(cells), lines, boxes=boxes)


def drawn(look: Layout, folder: Path) -> list[Json]:
    order = Order(
        form=look.form, layout=look.id, layout_set=look.part, fonts_set=look.part, pages=1, seed=3,
        dpi=100, entries=5, degrade="none", script="print",
    )  # fmt: skip
    return list(synthesize(order, folder))


def values(record: Record) -> dict[str, str]:
    return {field.key: field.value for field in record.fields if field.value}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.id)
def test_a_drawn_page_is_told_and_its_fields_land_under_their_keys(
    look: Layout, tmp_path: Path
) -> None:
    pages = drawn(look, tmp_path)
    sheets = [sheet(page, look) for page in pages]
    form, sure = recognise(FORMS, sheets)
    assert form is not None
    assert form.id == look.form
    assert sure > 0.7
    true = [record for page in pages for record in page["records"]]
    records = extract_records(form, sheets, "B", 1, (0, 0), IDENTITY)
    assert len(records) == len(true)
    for record, wanted in zip(records, true, strict=True):
        told = {key: field["value"] for key, field in wanted["fields"].items() if field["value"]}
        assert values(record) == told
        assert reasons.HEADER_UNREAD not in {doubt.reason for doubt in record.doubts}


def test_every_form_with_a_place_for_its_fields_can_be_drawn() -> None:
    assert {look.form for look in LOOKS} == set(FORMS)
