"""What goes on at the head of the next page comes to the entry it belongs to, and says so."""

from dataclasses import replace

from extract_pages import box, page, table

from pipeline.extract import reasons
from pipeline.extract.continued import is_rest, put_together
from pipeline.extract.form import load_forms
from pipeline.extract.records import extract_records
from pipeline.settings import shipped
from pipeline.values import Doubt, FieldValue, Record

FORMS = load_forms(shipped("schemas"))
FORM = FORMS["birth_table"]
HEAD = ["Số", "Ngày tháng năm đăng ký", "Họ và tên", "Ngày sinh", "Nơi sinh"]
ROW = ["13", "4/5/1987", "Lê Thị Nga", "2/5/1987", "Vân Trung"]


def entry(row: int, number: int = 1, *, rest: bool = False, **fields: str) -> Record:
    values = tuple(
        FieldValue(key, text, text, 0.9, number, box(0, 0, 9, 9)) for key, text in fields.items()
    )
    doubts = (Doubt("", reasons.CONTINUED),) if rest else ()
    return Record(f"B/{number}/-/{row}", "birth_table", number, None, row, box(0, 0, 99, 9),
                  values, doubts)  # fmt: skip


def test_a_first_row_without_what_no_entry_lacks_is_a_rest() -> None:
    rows = [["", "", "", "", "huyện Việt Yên"], ROW, ["", "", "", "", "tại nhà"]]
    first, second = extract_records(FORM, [table([HEAD], rows)], "B", 2, (0, 0))
    assert is_rest(first)
    assert [field.raw for field in first.fields] == ["huyện Việt Yên"]
    assert not is_rest(second)  # and a row below that has only a place is none at all


def test_it_comes_behind_what_the_last_entry_of_the_page_before_has() -> None:
    book = [
        entry(1, so="12", nksNoiSinh="trạm xá xã Vân Trung,"),
        entry(1, 2, rest=True, nksNoiSinh="huyện Việt Yên", ghiChu="đã sửa"),
        entry(2, 2, so="13"),
    ]
    first, second = put_together(FORM, book)
    told = {field.key: (field.raw, field.page) for field in first.fields}
    assert told["nksNoiSinh"] == ("trạm xá xã Vân Trung, huyện Việt Yên", 1)
    assert told["ghiChu"] == ("đã sửa", 2)
    assert {doubt.key for doubt in first.doubts} == {"nksNoiSinh", "ghiChu"}
    place = next(field for field in first.fields if field.key == "nksNoiSinh")
    assert abs(place.confidence - 0.81) < 1e-9
    assert second == book[2]


def test_without_an_entry_before_it_is_none() -> None:
    rest, next_ = entry(1, rest=True, nksNoiSinh="huyện Việt Yên"), entry(2, so="1")
    assert put_together(FORM, [rest, next_]) == [next_]


def test_a_stroke_is_no_rest_of_a_text() -> None:
    book = [entry(1, so="12"), entry(1, 2, rest=True, nksNoiSinh="—")]
    assert put_together(FORM, book) == [book[0]]


def test_what_stands_above_the_table_is_of_its_own_page() -> None:
    book = [entry(1, so="12", trangSo="6"), entry(1, 2, rest=True, trangSo="7")]
    assert put_together(FORMS["marriage_table"], book) == [book[0]]


def test_a_page_without_a_table_has_no_rest() -> None:
    assert extract_records(FORM, [page([])], "B", 1, (0, 0)) == ()
    assert not is_rest(replace(entry(1), doubts=(Doubt("so", reasons.CONTINUED),)))
