"""Corrections take the place of what they correct; later notes and cancelled entries are told."""

from dataclasses import replace

import pytest
from extract_pages import box, line, page

from pipeline.extract import reasons
from pipeline.extract.later import (
    HIDDEN,
    as_meant,
    beside_slips,
    is_cancelled,
    under_slips,
    with_later,
)
from pipeline.extract.pieces import joined, whole
from pipeline.extract.slots import Entry, Slot
from pipeline.values import Line, PageReading, Polygon, Record

BASE = line("Nguyễn Thành", box(0, 50, 600, 100))  # twelve letters of 50 px
STRUCK = ((0.5, 0.6),)


def struck(text: str, span: tuple[float, float]) -> Line:
    """Return a line of 600 px with a gap where a word is struck out."""
    left, right = (part.strip() for part in text.split("|"))
    letters = [*line(left, BASE.polygon).letters, *line(right, BASE.polygon).letters]
    start, end = span
    placed = [
        one._replace(left=one.left * start, right=one.right * start) for one in letters[: len(left)]
    ] + [
        one._replace(left=end + one.left * (1 - end), right=end + one.right * (1 - end))
        for one in letters[len(left) :]
    ]
    made = line(left + right, BASE.polygon)
    return replace(made, letters=tuple(placed), struck=(span,))


def meant(*lines: Line) -> tuple[str, tuple[str, ...]]:
    told = as_meant([whole(one) for one in lines])
    return joined(told.pieces), told.doubts


@pytest.mark.parametrize(
    ("text", "span", "place", "wanted"),
    [
        ("Nguyễn | Thành", (0.45, 0.6), box(280, 10, 350, 50), "Nguyễn Văn Thành"),
        ("| Văn Thành", (0.0, 0.2), box(10, 10, 110, 50), "Văn Văn Thành"),
        ("Nguyễn Thị |", (0.8, 1.0), box(490, 10, 590, 50), "Nguyễn Thị Văn"),
    ],
)
def test_a_correction_stands_where_the_struck_word_stood(
    text: str, span: tuple[float, float], place: Polygon, wanted: str
) -> None:
    assert meant(line("Văn", place), struck(text, span)) == (wanted, (reasons.STRUCK_OUT,))


@pytest.mark.parametrize(
    "place",
    [box(10, 10, 110, 50), box(0, 10, 600, 50), box(280, 60, 350, 100)],
    ids=["above another word", "a whole line above", "on the line"],
)
def test_what_does_not_stand_above_the_struck_word_stays_in_its_order(place: Polygon) -> None:
    text, doubts = meant(line("Văn", place), struck("Nguyễn | Thành", (0.45, 0.6)))
    assert text == "Văn NguyễnThành"
    assert doubts == ()


def in_red(text: str, place: Polygon, cell: tuple[int, int] | None = None) -> Line:
    return replace(line(text, place, cell), ink="red")


def test_a_note_in_red_beside_other_writing_is_left_out_and_told() -> None:
    assert meant(in_red("Cải chính 1980", box(0, 0, 400, 40)), BASE) == (
        "Nguyễn Thành",
        (reasons.OTHER_INK,),
    )


def test_what_stands_alone_in_red_is_read_and_told() -> None:
    assert meant(in_red("Đã cấp bản sao", BASE.polygon)) == (
        "Đã cấp bản sao",
        (reasons.OTHER_INK,),
    )


def test_a_correction_in_red_is_no_note() -> None:
    told = meant(in_red("Văn", box(280, 10, 350, 50)), struck("Nguyễn | Thành", (0.45, 0.6)))
    assert told == ("Nguyễn Văn Thành", (reasons.STRUCK_OUT, reasons.OTHER_INK))


ENTRY = Record("B/1/-/3", "birth_table", 1, None, 3, box(100, 300, 1100, 380), ())


def looked_at(*lines: Line, slashes: tuple[Polygon, ...] = ()) -> set[str]:
    sheet: PageReading = replace(page(lines), slashes=slashes)
    record = with_later(ENTRY, [sheet])
    assert is_cancelled(record) == (reasons.CANCELLED in {one.reason for one in record.doubts})
    assert all(one.key == "" for one in record.doubts)
    return {one.reason for one in record.doubts}


@pytest.mark.parametrize(
    ("slash", "is_so"),
    [
        (((110.0, 375.0), (1090.0, 305.0)), True),  # along the entry
        (((110.0, 900.0), (1090.0, 100.0)), True),  # over the page, through the entry
        (((110.0, 480.0), (1090.0, 390.0)), False),  # along the next entry
        (((110.0, 400.0), (1090.0, 366.0)), False),  # empty rows below were struck out
        (((300.0, 375.0), (420.0, 310.0)), False),  # short
    ],
)
def test_an_entry_that_a_long_stroke_crosses_is_cancelled(slash: Polygon, *, is_so: bool) -> None:
    assert looked_at(slashes=(slash,)) == ({reasons.CANCELLED} if is_so else set())


@pytest.mark.parametrize(
    ("text", "is_so"), [("Hủy", True), ("(đã huỷ)", True), ("Huy", False), ("Hủy kết hôn", False)]
)
def test_an_entry_that_says_so_is_cancelled(text: str, *, is_so: bool) -> None:
    found = looked_at(line(text, box(800, 320, 900, 360)))
    assert found == ({reasons.CANCELLED} if is_so else set())
    assert looked_at(line(text, box(800, 420, 900, 460))) == set()  # in the next entry


def test_red_ink_across_an_entry_is_told_once() -> None:
    lines = [in_red("Cải chính", box(200, 310, 400, 340)), in_red("1980", box(500, 310, 600, 340))]
    assert looked_at(*lines) == {reasons.OTHER_INK}


SLIP = ((390.0, 310.0), (900.0, 330.0), (897.0, 410.0), (387.0, 390.0))  # it leans


def test_what_is_written_on_a_slip_is_no_part_of_the_page() -> None:
    own, on_it = line("Lê Văn Tám", box(110, 310, 380, 350)), line("Cải", box(500, 340, 700, 370))
    sheet = replace(page([own, on_it]), slips=(SLIP,))
    assert beside_slips(sheet).lines == (own,)
    assert beside_slips(page([own, on_it])).lines == (own, on_it)


def test_what_a_slip_may_hide_is_told_and_trusted_less() -> None:
    places = [box(100, 300, 400, 380), box(910, 300, 1100, 380)]  # a part is under it; none is
    slots = tuple(Slot(("key",), (), place, None) for place in places)
    sheet = replace(page([]), slips=(SLIP,))
    here = under_slips(Entry(3, None, box(100, 300, 1100, 380), slots), [sheet])
    assert [(slot.trust, slot.doubts) for slot in here.slots] == [
        (HIDDEN, (reasons.PASTED_SLIP,)),
        (1.0, ()),
    ]
    assert here.doubts == (reasons.PASTED_SLIP,)
    empty = under_slips(Entry(4, None, box(100, 380, 1100, 460), ()), [sheet])
    assert empty.doubts == (reasons.PASTED_SLIP,)  # its lower corner lies there
    below = Entry(5, None, box(100, 460, 1100, 540), ())
    assert under_slips(below, [sheet]) == below


def test_a_slip_on_one_side_of_a_spread_is_not_on_the_other() -> None:
    slot = Slot(("key",), (), box(100, 300, 400, 380), "right")
    entry = Entry(3, "left", box(100, 300, 1100, 380), (slot,))
    sheets = [replace(page([], side="left"), slips=(SLIP,)), page([], side="right")]
    here = under_slips(entry, sheets)
    assert here.slots == entry.slots
    assert here.doubts == (reasons.PASTED_SLIP,)
