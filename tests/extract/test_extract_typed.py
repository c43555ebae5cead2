"""Typed tables and lines: what is right becomes a field, what is wrong is told with its place."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.typed.cells import read_cell
from pipeline.extract.typed.entry import Choices, TypedEntry, record_id
from pipeline.extract.typed.layout import column_fields, find_heading, known_forms, ministry
from pipeline.extract.typed.lines import line_entries
from pipeline.extract.typed.report import report
from pipeline.extract.typed.sheets import sheet_entries
from pipeline.values import RowFault, SheetCell, SheetRow

FIELDS = column_fields(ministry().layouts["birth"], known_forms()["birth_form"])
KEYS = ["so", "quyenSo", "ngayDangKy", "noiDangKy", "nksHoTen", "nksGioiTinh", "nksNgaySinh"]
KEYS += ["chaNgaySinh", "tenTep"]
RIGHT = ["45/1987", "02/1987", "09.01.1987", "07801", "Nguyễn Thị Lan", "2", "08.01.1987", "", ""]
PLACES = {"07801": "xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang"}


def row(number: int, *texts: str | SheetCell, name: str = "KS") -> SheetRow:
    cells = tuple(SheetCell(text) if isinstance(text, str) else text for text in texts)
    return SheetRow(1, name, number, cells)


def entries(*rows: SheetRow, choices: Choices = Choices()) -> list[TypedEntry]:  # noqa: B008
    return list(sheet_entries(rows, choices, lambda code: PLACES.get(code, "")))


def entry(**changed: str | SheetCell) -> TypedEntry:
    texts = [changed.get(key, text) for key, text in zip(KEYS, RIGHT, strict=True)]
    return entries(row(1, *KEYS), row(2, *texts))[0]


def test_the_columns_are_those_of_the_ministry_in_its_order() -> None:
    counts = {layout.code: len(layout.columns) for layout in ministry().layouts.values()}
    assert counts == {"KS": 60, "KT": 48, "KH": 44, "CMC": 50, "HN": 35}
    for name, layout in ministry().layouts.items():
        shared = known_forms()[layout.form].fields
        own = [field.key for field in shared if field.key in {one.key for one in layout.columns}]
        assert own == [one.key for one in layout.columns], name


@pytest.mark.corpus
def test_the_columns_are_those_that_the_domain_notes_list(corpus: Path) -> None:
    file = corpus.parent / "domain" / "civil-status-fields.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    for layout in ministry().layouts.values():
        fields = told[layout.code]["fields"]
        assert [one["key"] for one in fields] == [one.key for one in layout.columns]
        required = {one["key"] for one in fields if one.get("required")}
        assert required == {one.key for one in layout.columns if one.required}


@pytest.mark.parametrize(
    "key, cell, value",
    [
        ("ngayDangKy", SheetCell("09.01.2017"), "2017-01-09"),
        ("ngayDangKy", SheetCell("2017-01-09", "date"), "2017-01-09"),
        ("nksNgaySinh", SheetCell("1987"), "1987"),
        ("nksNgaySinh", SheetCell("1987", "number"), "1987"),
        ("chaNgaySinh", SheetCell("32 tuổi"), "32 tuổi"),
        ("chaNgaySinh", SheetCell("32t"), "32 tuổi"),
        ("so", SheetCell("45/1987"), "45"),
        ("so", SheetCell("45 bis/1987"), "45 bis"),
        ("quyenSo", SheetCell("01/2017"), "01/2017"),
        ("trangSo", SheetCell("7", "number"), "7"),
        ("nksGioiTinh", SheetCell("1", "number"), "1"),
        ("nksGioiTinh", SheetCell("Nữ"), "2"),
        ("nksGioiTinh", SheetCell("0"), ""),
        ("nksDanToc", SheetCell("Tày (Phén)"), "Tày"),
        ("nksQuocTich", SheetCell("Xứ Mơ"), "Xứ Mơ"),
        ("nksMatTich", SheetCell("1", "yes_no"), "1"),
        ("meSoGiayToTuyThan", SheetCell("123456789", "number"), "123456789"),
        ("nksHoTen", SheetCell("Nguyễn  Thị\nLan"), "Nguyễn Thị Lan"),
        ("nksNgaySinhBangChu", SheetCell("mồng tám tháng ba năm 1987"), "1987-03-08"),
    ],
)
def test_a_right_cell_has_its_value(key: str, cell: SheetCell, value: str) -> None:
    read = read_cell(FIELDS[key], cell)
    assert (read.fault, read.value) == ("", value)


@pytest.mark.parametrize(
    "key, cell, part",
    [
        ("ngayDangKy", SheetCell("1987"), "09.01.2017"),
        ("ngayDangKy", SheetCell("9.1.2017"), "09.01.2017"),
        ("ngayDangKy", SheetCell("09/01/2017"), "09.01.2017"),
        ("ngayDangKy", SheetCell("31905", "number"), "09.01.2017"),
        ("ngayDangKy", SheetCell("31.02.1987"), "lịch"),
        ("nksNgaySinh", SheetCell("03.1987"), "chỉ năm"),
        ("nksNgaySinh", SheetCell("32 tuổi"), "chỉ năm"),
        ("nksNgaySinh", SheetCell("1905-06-09", "odd_date"), "gõ lại"),
        ("nksNgaySinh", SheetCell("9999"), "năm không thể có"),
        ("chaNgaySinh", SheetCell("32"), "tuổi"),
        ("chaNgaySinh", SheetCell("320 tuổi"), "tuổi"),
        ("so", SheetCell("45"), "số/năm"),
        ("so", SheetCell("45", "number"), "số/năm"),
        ("quyenSo", SheetCell("2017-01-01", "date"), "Excel đã đổi"),
        ("trangSo", SheetCell("7a"), "chữ số"),
        ("nksGioiTinh", SheetCell("7"), "danh mục"),
        ("nksDanToc", SheetCell("Kinhh"), "danh mục"),
        ("nksMatTich", SheetCell("có"), "0 hoặc 1"),
        ("nksHoTen", SheetCell("123", "number"), "tên người"),
        ("meSoGiayToTuyThan", SheetCell("12345678", "number"), "số 0"),
        ("ghiChu", SheetCell("", "formula"), "công thức"),
        ("ghiChu", SheetCell("a", "merged"), "gộp"),
        ("ghiChu", SheetCell("", "error"), "báo lỗi"),
        ("ghiChu", SheetCell("a", "long"), "dài"),
    ],
)
def test_a_wrong_cell_says_why(key: str, cell: SheetCell, part: str) -> None:
    assert part in read_cell(FIELDS[key], cell).fault


@given(
    st.sampled_from(sorted(FIELDS)),
    st.text(max_size=30),
    st.sampled_from(["text", "number", "date", "odd_date", "time", "yes_no", "formula"]),
)
def test_any_cell_is_right_or_wrong_and_never_an_error(key: str, text: str, kind: str) -> None:
    read_cell(FIELDS[key], SheetCell(text, kind))  # type: ignore[arg-type]


def test_a_right_row_becomes_an_entry_of_its_book() -> None:
    made = entry(tenTep="KS.1987.02.45.pdf", chaNgaySinh="32 tuổi")
    assert (made.form, made.volume, made.years) == ("birth_form", "02", (1987, 1987))
    assert made.place == PLACES["07801"]
    assert made.scan == "KS.1987.02.45.pdf"
    told = {field.key: (field.raw, field.value) for field in made.fields}
    assert told["so"] == ("45/1987", "45")
    assert told["noiDangKy"] == ("07801", PLACES["07801"])
    assert told["chaNgaySinh"] == ("32 tuổi", "32 tuổi")
    assert made.faults == ()


def test_text_is_stored_composed_however_it_was_typed() -> None:
    made = entry(nksHoTen="Nguye\u0302\u0303n Thi\u0323 Lan")
    assert next(one.value for one in made.fields if one.key == "nksHoTen") == "Nguyễn Thị Lan"
    assert record_id("a", made.form, made.fields) == record_id("a", *_told(entry()))


def _told(made: TypedEntry) -> tuple[str, tuple[object, ...]]:
    return made.form, made.fields


@pytest.mark.parametrize(
    "changed, column",
    [
        ({"so": ""}, "A (so)"),
        ({"so": "45/1988"}, "A (so)"),
        ({"quyenSo": "02/1988"}, "B (quyenSo)"),
        ({"ngayDangKy": ""}, "C (ngayDangKy)"),
        ({"noiDangKy": "99999"}, "D (noiDangKy)"),
        ({"noiDangKy": ""}, "D (noiDangKy)"),
        ({"nksHoTen": ""}, "E (nksHoTen)"),
    ],
)
def test_a_wrong_row_names_row_and_column(changed: dict[str, str], column: str) -> None:
    made = entry(**changed)
    assert [(fault.kind, fault.row, fault.column) for fault in made.faults] == [
        ("wrong", 2, column)
    ]
    assert made.fields == ()


def test_every_wrong_cell_of_a_row_is_told() -> None:
    made = entry(so="45", nksGioiTinh="9", nksNgaySinh="x")
    assert [fault.column[0] for fault in made.faults] == ["A", "F", "G"]


def test_empty_rows_are_passed_over_and_titles_and_numbers_below_the_keys_are_no_entries() -> None:
    titles = [FIELDS[key].title if key in FIELDS else key for key in KEYS]
    numbers = [f"({index})" for index, _key in enumerate(KEYS, 1)]
    found = entries(
        row(1, "BẢNG NHẬP SỔ KHAI SINH"),
        row(3, *KEYS),
        row(4, *titles),
        row(5, *numbers),
        row(6, *[""] * len(KEYS)),
        row(7, *RIGHT),
    )
    assert [(one.row, one.is_wrong) for one in found] == [(7, False)]


def test_headings_may_be_vietnamese_words_in_any_order() -> None:
    found = entries(
        row(1, "Họ và tên trẻ", "Số", "Quyển số", "Ngày đăng ký", "Nơi đăng ký", "Họ tên mẹ"),
        row(2, "Nguyễn Thị Lan", "45/1987", "02/1987", "09.01.1987", "Xã Thử", "Trần Thị Hoa"),
    )
    assert {field.key for field in found[0].fields} >= {"nksHoTen", "so", "meHoTen"}


@pytest.mark.parametrize(
    "headings, part",
    [
        (["a", "b", "c"], "tiêu đề"),
        (["so", "quyenSo", "ngayDangKy", "nksHoTen", "meHoTen"], "noiDangKy"),
        ([*KEYS, "so"], "hai cột"),
    ],
)
def test_a_sheet_with_wrong_columns_is_told_once(headings: list[str], part: str) -> None:
    found = entries(row(1, *headings), row(2, *RIGHT), row(3, *RIGHT))
    assert len(found) == 1
    assert found[0].is_wrong and part in found[0].faults[0].reason


def test_a_column_that_the_ministry_does_not_have_is_noted_and_ignored() -> None:
    found = entries(row(1, *KEYS, "Nhóm máu", "STT"), row(2, *RIGHT, "O", "1"))
    assert [fault.kind for one in found for fault in one.faults] == ["note"]
    assert "Nhóm máu" in found[0].faults[0].reason and "STT" not in found[0].faults[0].reason
    assert found[1].fields


def test_a_place_that_is_told_for_all_needs_no_column() -> None:
    keys = [key for key in KEYS if key != "noiDangKy"]
    texts = [text for key, text in zip(KEYS, RIGHT, strict=True) if key != "noiDangKy"]
    found = entries(row(1, *keys), row(2, *texts), choices=Choices(place="Xã Thử"))
    assert found[0].place == "Xã Thử"


def test_rules_that_a_row_breaks_are_doubts_and_no_faults() -> None:
    made = entry(nksNgaySinh="01.02.1987")
    assert {doubt.reason for doubt in made.doubts} == {"dates_reversed"}


@pytest.mark.parametrize("name", sorted(ministry().layouts))
def test_each_book_is_told_by_its_keys(name: str) -> None:
    layout = ministry().layouts[name]
    found = find_heading([row(1, *[column.key for column in layout.columns])])
    assert found and found[1].layout.name == name and not found[1].missing


LINE = {
    "form": "birth_form",
    "place": "Xã Thử",
    "years": [1987, 1987],
    "volume": "02",
    "fields": [
        {"key": "nksHoTen", "raw": "Ng. Thị Lan", "value": "Nguyễn Thị Lan", "confidence": 0.9,
         "alternatives": [{"text": "Nguyễn Thị Lam", "confidence": 0.1}]},
        {"key": "so", "raw": "45/1987", "value": "45"},
    ],
}  # fmt: skip


def from_line(line: object, choices: Choices = Choices()) -> TypedEntry:  # noqa: B008
    packed = line if isinstance(line, bytes) else json.dumps(line).encode()
    return next(line_entries([(7, 0, packed)], choices))


def test_a_line_becomes_an_entry_with_what_it_says_of_its_fields() -> None:
    made = from_line(LINE)
    so, name = made.fields  # in the form's order
    assert (so.key, name.raw, name.value, name.confidence) == (
        "so", "Ng. Thị Lan", "Nguyễn Thị Lan", 0.9,
    )  # fmt: skip
    assert name.alternatives[0].text == "Nguyễn Thị Lam"
    assert (made.place, made.years, made.volume) == ("Xã Thử", (1987, 1987), "02")


def test_fields_may_be_an_object_by_key_and_a_value_may_be_left_to_the_program() -> None:
    fields = {"nksHoTen": {"raw": "Ng. Thị Lan"}, "ngayDangKy": {"raw": "9/1/1987"}}
    made = from_line({"form": "birth_form", "place": "Xã Thử", "fields": fields})
    assert [field.value for field in made.fields] == ["1987-01-09", "Nguyễn Thị Lan"]
    assert made.years == (1987, 1987)


@pytest.mark.parametrize(
    "line, column",
    [
        (b"{", ""),
        (b"[" * 5000, ""),
        (b"\xff\xfe", ""),
        (b"[1]", ""),
        ({**LINE, "form": "x"}, "form"),
        ({**LINE, "colour": "red"}, "colour"),
        ({**LINE, "place": ""}, "place"),
        ({**LINE, "years": [1, 2]}, "years"),
        ({**LINE, "years": None}, "years"),
        ({**LINE, "fields": []}, "fields"),
        ({**LINE, "fields": {"zz": {"raw": "1"}}}, "zz"),
        ({**LINE, "fields": {"so": {"rawx": "1"}}}, "fields.so.raw"),
        ({**LINE, "fields": {"so": {"raw": "1", "confidence": 2}}}, "fields.so.confidence"),
        ({**LINE, "fields": {"so": {"raw": "1" * 3000}}}, "fields.so.raw"),
        ({**LINE, "fields": {"nksNgaySinh": {"raw": "x", "value": "1987-02-30"}}}, "nksNgaySinh"),
        ({**LINE, "fields": {"nksNgaySinh": {"raw": "x", "value": "30.2.87"}}}, "nksNgaySinh"),
        ({**LINE, "fields": {"nksGioiTinh": {"raw": "x", "value": "7"}}}, "nksGioiTinh"),
        ({**LINE, "fields": [*LINE["fields"], {"key": "so", "raw": "4"}]}, "so"),  # type: ignore[misc]
    ],
)
def test_a_wrong_line_names_its_number_and_key(line: object, column: str) -> None:
    (fault,) = from_line(line).faults
    assert (fault.kind, fault.row, fault.column) == ("wrong", 7, column)


def test_the_list_of_faults_opens_in_excel_and_acts_on_nothing() -> None:
    told = b"".join(report([RowFault("wrong", "=cmd", 3, "A (so)", "+x, y")])).decode("utf-8-sig")
    head, line = told.splitlines()
    assert head.startswith("trang tính,hàng,cột")
    assert line == '\'=cmd,3,A (so),"sai, không nhập","\'+x, y"'


def test_the_rows_of_a_large_sheet_are_not_gathered() -> None:
    asked: list[int] = []

    def rows() -> Iterator[SheetRow]:
        yield row(1, *KEYS)
        for number in range(2, 5000):
            asked.append(number)
            yield row(number, *RIGHT)

    told = sheet_entries(rows(), Choices(), lambda code: PLACES.get(code, ""))
    assert next(told).row == 2
    assert len(asked) < 100
