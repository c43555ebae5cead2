"""A ticked box is an answer; two, or one in doubt, are a doubt and no silent choice."""

from dataclasses import replace
from typing import Any

import pytest
from extract_pages import LINE_PX, box, form_page

from pipeline.extract import reasons
from pipeline.extract.form import load_forms
from pipeline.extract.records import extract_records
from pipeline.settings import shipped
from pipeline.values import PageReading, Record, TickBox

FORM = load_forms(shipped("schemas"))["birth_form"]
ENTRY = ["Người được đăng ký khai sinh", "Họ, chữ đệm, tên: Nguyễn Văn An",
         "Ngày, tháng, năm sinh: 02/01/2017", "Nơi sinh: xã Hà Linh"]  # fmt: skip
CHOICES = ["Đúng hạn", "Quá hạn", "Đăng ký lại", "Trẻ bị bỏ rơi"]


def ticked(*ink: float, words: list[str] | None = None, after: bool = False) -> PageReading:
    """Return a page with a box before (or after) each choice, with so much ink in it."""
    sheet = form_page(["Số: 45"], ENTRY, words or CHOICES)
    beside = [line for line in sheet.lines if line.cell == (1, 2)]
    boxes = []
    for line, share in zip(beside, ink, strict=True):
        (left, top), (right, _top) = line.polygon[:2]
        x = right + 20 if after else left - 45
        boxes.append(TickBox(box(x, top + 2, x + 26, top + 28), share))
    return replace(sheet, boxes=tuple(boxes))


def read(sheet: PageReading) -> Record:
    (record,) = extract_records(FORM, [sheet], "KS", 1, (2017, 2017), {})
    return record


def field(record: Record, key: str = "loaiDangKy") -> Any:
    return next((field for field in record.fields if field.key == key), None)


def doubts(record: Record, key: str = "loaiDangKy") -> set[str]:
    return {doubt.reason for doubt in record.doubts if doubt.key == key}


@pytest.mark.parametrize(("place", "code"), [(0, "1"), (1, "4"), (2, "2")])
@pytest.mark.parametrize("after", [False, True])
def test_the_ticked_box_names_the_choice(place: int, code: str, after: bool) -> None:  # noqa: FBT001
    ink = [0.01, 0.0, 0.02, 0.0]
    ink[place] = 0.4
    sheet = ticked(*ink, after=after)
    record = read(sheet)
    assert (field(record).value, field(record).raw) == (code, CHOICES[place])
    assert field(record).polygon == sheet.boxes[place].polygon
    assert doubts(record) == set()
    assert field(record, "nksLoaiKhaiSinh") is None


def test_boxes_of_two_fields_in_one_column_are_two_answers() -> None:
    record = read(ticked(0.0, 0.3, 0.0, 0.5))
    assert field(record).value == "4"
    assert field(record, "nksLoaiKhaiSinh").value == "5"


def test_without_a_tick_there_is_no_answer_however_dirty_all_boxes_are() -> None:
    assert field(read(ticked(0.0, 0.01, 0.02, 0.0))) is None
    assert field(read(ticked(0.30, 0.31, 0.29, 0.30))) is None


def test_a_choice_that_leaves_two_codes_open_is_for_a_person() -> None:
    recognition = load_forms(shipped("schemas"))["recognition_form"]
    sheet = ticked(0.0, 0.4, words=["Con nhận cha, mẹ", "Cha, mẹ nhận con"])
    (record,) = extract_records(recognition, [sheet], "CMC", 1, (2017, 2017), {})
    assert (field(record, "loaiXacNhan").value, field(record, "loaiXacNhan").raw) == (
        "",
        "Cha, mẹ nhận con",
    )
    assert [other.text for other in field(record, "loaiXacNhan").alternatives] == ["1", "2"]
    assert reasons.AMBIGUOUS in doubts(record, "loaiXacNhan")


def test_two_ticked_boxes_are_a_doubt_with_both_offered() -> None:
    record = read(ticked(0.3, 0.0, 0.4, 0.0))
    assert field(record).value == ""
    assert {other.text for other in field(record).alternatives} == {"1", "2"}
    assert reasons.SEVERAL_TICKED in doubts(record)


def test_a_little_ink_is_a_doubt_and_no_choice() -> None:
    record = read(ticked(0.0, 0.05, 0.0, 0.0))
    assert field(record).value == ""
    assert [other.text for other in field(record).alternatives] == ["4"]
    assert reasons.TICK_UNCLEAR in doubts(record)


def test_a_little_ink_beside_a_clear_tick_is_shown() -> None:
    record = read(ticked(0.4, 0.05, 0.0, 0.0))
    assert field(record).value == "1"
    assert reasons.TICK_UNCLEAR in doubts(record)
    assert field(record).confidence < field(read(ticked(0.4, 0.0, 0.0, 0.0))).confidence


def test_letters_read_at_empty_boxes_say_nothing_where_the_ink_was_measured() -> None:
    words = ["X Đúng hạn", "Quá hạn", "O Đăng ký lại", "Trẻ bị bỏ rơi"]
    assert field(read(ticked(0.0, 0.4, 0.0, 0.0, words=words))).value == "4"
    assert field(read(ticked(0.0, 0.0, 0.0, 0.0, words=words))) is None


def test_misread_words_at_a_box_are_the_choice_they_are_most_like() -> None:
    words = ["Đúng hạn", "Ouà hgn", "Đăng ký lại", "Trẻ bị bỏ rơi"]
    assert field(read(ticked(0.0, 0.4, 0.0, 0.0, words=words))).value == "4"


def test_a_box_far_below_the_words_is_not_theirs() -> None:
    sheet = ticked(0.0, 0.0, 0.4, 0.0)
    away = tuple(
        replace(one, polygon=tuple((x, y + 10 * LINE_PX) for x, y in one.polygon))
        for one in sheet.boxes
    )
    assert field(read(replace(sheet, boxes=away))) is None
