"""A ruled table becomes records, whatever its headings suffered."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from extract_pages import table

from pipeline.extract import reasons
from pipeline.extract.confidence import IDENTITY
from pipeline.extract.form import load_forms
from pipeline.extract.hearing import AS_READ, DIGITS, Hearing
from pipeline.extract.records import extract_records
from pipeline.settings import shipped
from pipeline.values import Line, PageReading, Record

FORMS = load_forms(shipped("schemas"))
YEARS = (1986, 1987)

LEFT_HEAD = [
    ["Số thứ tự", "Ngày đăng ký", "Họ và tên", "Nam, nữ", "Sinh ngày", "Nơi sinh", "Dân tộc",
     "Quốc tịch"],
    ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)"],
]  # fmt: skip
RIGHT_HEAD: list[list[str | tuple[str, int]]] = [
    [("Cha", 4), ("Mẹ", 4), "", "", ""],
    ["Họ và tên", "Tuổi", "Nghề nghiệp", "Chỗ ở", "Họ và tên", "Tuổi", "Nghề nghiệp", "Chỗ ở",
     "Người đứng khai", "Ký tên", "Ghi chú"],
]  # fmt: skip
LEFT = [
    ["45", "9/1/1987", "Nguyễn Văn An", "Nam", "2/1/87", "Trạm xá\nxã Đại Đồng", "Kinh",
     "Việt Nam"],
    ["46", '"', "Trần Thị Bưởi", "Nữ", "5/1/87", "-nt-", "〃", "nt"],
    ["47", "12/1/1987", "Lê Văn Cò", "Nam", "8/1/87", "BV huyện", "Kính", "VN"],
    [""] * 8,
]  # fmt: skip
RIGHT = [
    ["Nguyễn Văn Ba", "32", "LR", "thôn Đông", "Lê Thị Sáu", "28", "LR", "thôn Đông", "Ba", "ký",
     ""],
    ["Trần Văn Tư", "1955", "nt", '"', "Phạm Thị Năm", "25", '"', "- - -", "Trần Văn Tư", "ký", ""],
    ["", "", "", "", "Ng. Thị Lý", "19 tuổi", "", "xóm Bắc", "", "", "đã cấp bản sao"],
    [""] * 11,
]  # fmt: skip


def spread() -> list[PageReading]:
    return [table(LEFT_HEAD, LEFT, "left"), table(RIGHT_HEAD, RIGHT, "right")]


def read(
    form: str,
    *sheets: PageReading,
    years: tuple[int, int] = YEARS,
    hearing: Hearing = AS_READ,
) -> tuple[Record, ...]:
    return extract_records(FORMS[form], sheets, "KS1", 3, years, IDENTITY, hearing)


def values(record: Record) -> dict[str, str]:
    return {field.key: field.value for field in record.fields}


def raws(record: Record) -> dict[str, str]:
    return {field.key: field.raw for field in record.fields}


def doubts(record: Record, key: str) -> set[str]:
    return {doubt.reason for doubt in record.doubts if doubt.key == key}


def test_a_row_over_a_spread_is_one_record() -> None:
    records = read("birth_table", *spread())
    assert [record.id for record in records] == ["KS1/3/left/1", "KS1/3/left/2", "KS1/3/left/3"]
    assert values(records[0]) == {
        "so": "45",
        "ngayDangKy": "1987-01-09",
        "nksHoTen": "Nguyễn Văn An",
        "nksGioiTinh": "1",
        "nksNgaySinh": "1987-01-02",
        "nksNoiSinh": "Trạm xá xã Đại Đồng",
        "nksDanToc": "Kinh",
        "nksQuocTich": "Việt Nam",
        "meHoTen": "Lê Thị Sáu",
        "meNgaySinh": "28 tuổi",
        "meNoiCuTru": "thôn Đông",
        "chaHoTen": "Nguyễn Văn Ba",
        "chaNgaySinh": "32 tuổi",
        "chaNoiCuTru": "thôn Đông",
        "nycHoTen": "Ba",
    }
    assert {field.side for field in records[0].fields if field.key.startswith("cha")} == {"right"}


def test_a_record_stands_where_its_row_begins() -> None:
    record = read("birth_table", *spread())[0]
    assert record.polygon == ((0, 300), (1600, 300), (1600, 400), (0, 400))
    name = next(field for field in record.fields if field.key == "nksHoTen")
    assert name.polygon == ((400, 300), (600, 300), (600, 400), (400, 400))


def test_fields_keep_the_order_of_the_form() -> None:
    order = [field.key for field in FORMS["birth_table"].fields]
    for record in read("birth_table", *spread()):
        keys = [field.key for field in record.fields]
        assert keys == sorted(keys, key=order.index)


def test_ditto_marks_take_the_raw_text_above_and_say_so() -> None:
    second = read("birth_table", *spread())[1]
    wanted = {
        "ngayDangKy": ("9/1/1987", "1987-01-09"),
        "nksNoiSinh": ("Trạm xá xã Đại Đồng", "Trạm xá xã Đại Đồng"),
        "nksDanToc": ("Kinh", "Kinh"),
        "nksQuocTich": ("Việt Nam", "Việt Nam"),
        "chaNoiCuTru": ("thôn Đông", "thôn Đông"),
        "meNoiCuTru": ("thôn Đông", "thôn Đông"),
    }
    for key, (raw, value) in wanted.items():
        assert (raws(second)[key], values(second)[key]) == (raw, value)
        assert doubts(second, key) == {reasons.DITTO}


def test_a_ditto_mark_at_the_head_of_a_page_waits_for_the_book() -> None:
    body = [["48", '"', *LEFT[0][2:]]]
    record = read("birth_table", table(LEFT_HEAD, body))[0]
    assert (raws(record)["ngayDangKy"], values(record)["ngayDangKy"]) == ('"', "")
    assert reasons.DITTO_UNRESOLVED in doubts(record, "ngayDangKy")


PARCELS = [["12", "[4", "Lê Thị Sáu", "GDC", "5/2", "ONT", "ONT", "512", ""]]


def digits(numbers: Mapping[str, str]) -> Hearing:
    """An engine that says of some texts what they are if they are numbers."""

    def reread(
        line: Line, _part: tuple[float, float], kind: str, _said: tuple[str, ...]
    ) -> Line | None:
        number = numbers.get(line.text, "")
        return replace(line, text=number, confidence=0.9) if kind == DIGITS and number else None

    return Hearing(reread)


def test_a_column_of_numbers_is_read_with_digits_alone_where_letters_make_no_sense() -> None:
    sheet = table(PARCEL_HEAD, PARCELS)
    (plain,) = read("parcel_table", sheet, years=(2015, 2015))
    assert values(plain)["thua_dat_so"] == values(plain)["hien_trang_dien_tich"] == ""
    hearing = digits({"[4": "14", "5/2": "512", "GDC": "600", "512": "572", "Lê Thị Sáu": "1"})
    (record,) = read("parcel_table", sheet, years=(2015, 2015), hearing=hearing)
    assert (values(record)["thua_dat_so"], raws(record)["thua_dat_so"]) == ("14", "14")
    assert values(record)["hien_trang_dien_tich"] == "512"
    assert reasons.MISREAD_CORRECTED in doubts(record, "thua_dat_so")
    for key in ("ma_doi_tuong", "ten_nguoi_su_dung", "phap_ly_dien_tich"):
        assert values(record)[key] == values(plain)[key]


def test_a_ditto_mark_in_a_column_of_numbers_stays_one() -> None:
    body = [PARCELS[0], ["-nt-", "15", *PARCELS[0][2:]], ["11", "16", *PARCELS[0][2:]]]
    hearing = digits({"-nt-": "7", "11": "11"})
    sheet = table(PARCEL_HEAD, body)
    first, second, third = read("parcel_table", sheet, years=(2015, 2015), hearing=hearing)
    assert values(second)["to_ban_do_so"] == values(first)["to_ban_do_so"] == "12"
    assert doubts(second, "to_ban_do_so") == {reasons.DITTO}
    assert values(third)["to_ban_do_so"] == "11"


def shaped(sheet: PageReading, text: str) -> PageReading:
    """Return the page with the lines of that text as the layout marks a ditto's ink."""
    lines = tuple(replace(line, is_ditto=line.text == text) for line in sheet.lines)
    return replace(sheet, lines=lines)


def test_a_mark_told_by_its_shape_counts_however_it_was_read() -> None:
    body = [LEFT[0], ["46", "JJ", "Trần Thị Bưởi", "Nữ", "5/1/87", "22", "11", ""]]
    sheet = table(LEFT_HEAD, body)
    plain = read("birth_table", sheet)[1]
    assert values(plain)["ngayDangKy"] == ""
    second = read("birth_table", shaped(sheet, "JJ"))[1]
    assert (raws(second)["ngayDangKy"], values(second)["ngayDangKy"]) == ("9/1/1987", "1987-01-09")
    assert doubts(second, "ngayDangKy") == {reasons.DITTO}
    assert values(second)["nksNoiSinh"] == values(plain)["nksNoiSinh"] == "22"


def test_a_mark_told_by_its_shape_with_nothing_above_it_stays_a_mark() -> None:
    body = [["48", "JJ", *LEFT[0][2:]], ["49", "JJ", *LEFT[0][2:]]]
    for record in read("birth_table", shaped(table(LEFT_HEAD, body), "JJ")):
        assert (raws(record)["ngayDangKy"], values(record)["ngayDangKy"]) == ('"', "")
        assert reasons.DITTO_UNRESOLVED in doubts(record, "ngayDangKy")


def test_what_looks_like_a_ditto_mark_is_offered_and_not_taken() -> None:
    body = [LEFT[0], ["46", "9/1/1987", "Trần Thị Bưởi", "Nữ", "5/1/87", "xã", "11", "VN"]]
    record = read("birth_table", table(LEFT_HEAD, body))[1]
    group = next(field for field in record.fields if field.key == "nksDanToc")
    assert group.value == ""
    assert group.alternatives[0].text == "Kinh"
    assert reasons.MAYBE_DITTO in doubts(record, "nksDanToc")


def test_empty_rows_are_no_records() -> None:
    assert read("birth_table", table(LEFT_HEAD, [[""] * 8, [""] * 8])) == ()


def test_dirt_beside_the_cells_that_no_entry_lacks_is_no_record() -> None:
    left = [*LEFT[:3], ["", "", "", "", "", "", "", "7"]]
    right = [*RIGHT[:3], ["", "/", "", "", '"', "", "", "", "", "", "x"]]
    records = read("birth_table", table(LEFT_HEAD, left, "left"), table(RIGHT_HEAD, right, "right"))
    assert [values(record)["so"] for record in records] == ["45", "46", "47"]


def test_columns_may_all_be_on_one_page() -> None:
    head = [[*LEFT_HEAD[0], "Họ và tên cha", "Tuổi", "Họ và tên mẹ", "Tuổi", "Chỗ ở", "Ghi chú"]]
    body = [[*LEFT[0], "Nguyễn Văn Ba", "32", "Lê Thị Sáu", "28", "thôn Đông", ""]]
    got = values(read("birth_table", table(head, body))[0])
    assert (got["chaHoTen"], got["chaNgaySinh"]) == ("Nguyễn Văn Ba", "32 tuổi")
    assert (got["meHoTen"], got["meNgaySinh"]) == ("Lê Thị Sáu", "28 tuổi")
    assert got["meNoiCuTru"] == "thôn Đông"


def test_two_pages_of_a_spread_with_the_same_columns_are_two_tables() -> None:
    sheets = [table(LEFT_HEAD, LEFT[:1], "left"), table(LEFT_HEAD, LEFT[2:3], "right")]
    records = read("birth_table", *sheets)
    assert [(record.side, record.row) for record in records] == [("left", 1), ("right", 1)]


def test_the_mother_may_stand_before_the_father() -> None:
    head: list[list[str | tuple[str, int]]] = [
        ["", "", ("Mẹ", 2), ("Cha", 2)],
        ["Số", "Họ và tên", "Họ và tên", "Tuổi", "Họ và tên", "Tuổi"],
    ]
    body = [["1", "Nguyễn Văn An", "Lê Thị Sáu", "28", "Nguyễn Văn Ba", "32"]]
    got = values(read("birth_table", table(head, body))[0])
    assert (got["meHoTen"], got["meNgaySinh"]) == ("Lê Thị Sáu", "28 tuổi")
    assert (got["chaHoTen"], got["chaNgaySinh"]) == ("Nguyễn Văn Ba", "32 tuổi")


def test_misprinted_headings_are_still_known() -> None:
    worn = [["So thú tự", "Ngàydăng kỳ", "Họ va tèn", "Nam nu", "Sính ngay", "Nơí sinh", "Dàn tôc",
             "Quoc tich"], LEFT_HEAD[1]]  # fmt: skip
    assert values(read("birth_table", table(worn, LEFT))[0]) == values(
        read("birth_table", table(LEFT_HEAD, LEFT))[0]
    )


def test_a_worn_heading_follows_from_its_neighbours_with_a_doubt() -> None:
    worn = [[*LEFT_HEAD[0][:5], "", *LEFT_HEAD[0][6:]], LEFT_HEAD[1]]
    record = read("birth_table", table(worn, LEFT))[0]
    assert values(record)["nksNoiSinh"] == "Trạm xá xã Đại Đồng"
    assert reasons.HEADER_UNREAD in doubts(record, "nksNoiSinh")
    sure = read("birth_table", table(LEFT_HEAD, LEFT))[0]
    confidences = [
        next(field.confidence for field in one.fields if field.key == "nksNoiSinh")
        for one in (record, sure)
    ]
    assert confidences[0] < confidences[1]


def test_a_strange_column_is_left_out() -> None:
    head = [[*LEFT_HEAD[0], "Số hộ khẩu cũ"]]
    got = values(read("birth_table", table(head, [[*LEFT[0], "7788"]]))[0])
    assert "7788" not in got.values()
    assert got["nksQuocTich"] == "Việt Nam"


@pytest.mark.parametrize("flag", [True, False])
def test_the_head_is_told_by_its_words_when_the_layout_did_not_see_it(flag: bool) -> None:  # noqa: FBT001
    sheet = table(LEFT_HEAD, LEFT, flag_header=flag)
    assert [record.row for record in read("birth_table", sheet)] == [1, 2, 3]


def test_a_head_printed_again_in_the_middle_is_no_record() -> None:
    body = [LEFT[0], LEFT_HEAD[0], LEFT_HEAD[1], LEFT[2]]
    assert [values(r)["so"] for r in read("birth_table", table(LEFT_HEAD, body))] == ["45", "47"]


def test_columns_of_yes_or_no_give_the_choice_that_is_marked() -> None:
    head = [["Số", "Họ và tên", "Nam", "Nữ", "Sinh ngày"]]
    body = [["1", "Trần Thị Bưởi", "", "x", "5/1/87"], ["2", "Lê Văn Cò", "+", "-", "8/1/87"]]
    records = read("birth_table", table(head, body))
    assert [values(record)["nksGioiTinh"] for record in records] == ["2", "1"]


def test_half_a_row_of_a_spread_is_kept_and_doubted() -> None:
    sheets = [table(LEFT_HEAD, LEFT[:1], "left"), table(RIGHT_HEAD, RIGHT[:3], "right")]
    records = read("birth_table", *sheets)
    assert len(records) == 3
    assert [reasons.HALF_ROW in doubts(record, "") for record in records] == [False, True, True]
    assert values(records[0])["chaHoTen"] == "Nguyễn Văn Ba"


PARCEL_HEAD: list[list[str | tuple[str, int]]] = [
    ["Tờ bản đồ số", "Thửa đất số", "Tên người sử dụng, quản lý đất",
     "Mã đối tượng sử dụng, quản lý đất", ("Hiện trạng sử dụng đất", 2),
     ("Giấy tờ pháp lý về QSDĐ", 2), "Ghi chú"],
    ["", "", "", "", "Diện tích (m2)", "Loại đất", "Loại đất", "Diện tích (m2)", ""],
    ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)"],
]  # fmt: skip


def test_area_and_code_go_by_their_headings_and_not_by_their_place() -> None:
    row = ["12", "45", "Hộ ông Nguyễn Văn Ba", "GDC", "621,3", "ONT*", "ODT+CLN", "1.234,5", ""]
    [record] = read("parcel_table", table(PARCEL_HEAD, [row]), years=(2015, 2020))
    assert values(record) == {
        "to_ban_do_so": "12",
        "thua_dat_so": "45",
        "ten_nguoi_su_dung": "Hộ ông Nguyễn Văn Ba",
        "ma_doi_tuong": "GDC",
        "hien_trang_dien_tich": "621.3",
        "hien_trang_loai_dat": "ONT",
        "phap_ly_dien_tich": "1234.5",
        "phap_ly_loai_dat": "ODT+CLN",
    }
    assert record.doubts == ()


def test_a_stroke_taken_for_a_rule_parts_neither_row_nor_column() -> None:
    sheet = table(LEFT_HEAD, LEFT[:2])
    cells = [
        replace(cell, row_span=2) if cell.row == 3 and cell.column != 6 else cell
        for cell in sheet.cells
    ]
    # the sixth cell of the first entry is cut in two: grid rows below it move down
    moved = [replace(cell, row=cell.row + 1) if cell.row > 3 else cell for cell in cells]
    cut = next(cell for cell in moved if (cell.row, cell.column) == (3, 6))
    lines = [
        replace(line, cell=(line.cell[0] + 1, line.cell[1]))
        if line.cell and line.cell[0] > 3
        else line
        for line in sheet.lines
    ]
    lower = [line for line in lines if line.cell == (3, 6)][1]
    lines[lines.index(lower)] = replace(lower, cell=(4, 6))
    broken = replace(sheet, cells=(*moved, replace(cut, row=4)), lines=tuple(lines))
    records = read("birth_table", broken)
    assert [values(record)["so"] for record in records] == ["45", "46"]
    assert values(records[0])["nksNoiSinh"] == "Trạm xá xã Đại Đồng"


PAGE_HEAD = [
    [("I - NGƯỜI SỬ DỤNG ĐẤT: Hộ ông: Nguyễn Văn Ba Năm sinh: 1960 CMND: 125123456", 5)],
    ["Ngày tháng năm vào sổ", "Số thứ tự thửa đất", "Số thứ tự tờ bản đồ", "Mục đích sử dụng",
     "Thời hạn sử dụng"],
]  # fmt: skip


def test_what_stands_above_a_table_holds_for_all_its_rows() -> None:
    body = [["12/3/2005", "45", "7", "ONT", "Lâu dài"], ["12/3/2005", "46", "7", "CLN", "10/2045"]]
    records = read("land_page", table(PAGE_HEAD, body), years=(2005, 2005))
    assert [values(record)["thua_dat_so"] for record in records] == ["45", "46"]
    for record in records:
        got = values(record)
        assert (got["nam_sinh"], got["so_cmnd"]) == ("1960", "125123456")
        assert got["ten_chu"].endswith("Nguyễn Văn Ba")
    assert records[1].fields[0].key == "ten_chu"


def test_below_the_parts_title_stand_no_more_parcels() -> None:
    title = "III - NHỮNG THAY ĐỔI TRONG QUÁ TRÌNH SỬ DỤNG ĐẤT VÀ GHI CHÚ"
    body = [["12/3/2005", "45", "7", "ONT", "Lâu dài"], [title, "", "", "", ""],
            ["4/5/2006", "45", "", "tặng cho", ""]]  # fmt: skip
    records = read("land_page", table(PAGE_HEAD, body), years=(2005, 2005))
    assert [values(record)["thua_dat_so"] for record in records] == ["45"]


def test_a_row_of_sums_is_no_parcel_but_a_man_called_so_is() -> None:
    head = [["Số thứ tự thửa", "Tên chủ sử dụng", "Diện tích", "Loại đất", "Hạng đất", "Ghi chú"]]
    body = [["1", "Nguyễn Văn Công", "360", "2L", "3", ""], ["2", "Đồng Sang", "240", "T", "3", ""],
            ["", "Cộng", "600", "", "", ""]]  # fmt: skip
    records = read("parcel_table_1995", table(head, body), years=(1995, 1995))
    names = [values(record)["ten_chu_su_dung"] for record in records]
    assert names == ["Nguyễn Văn Công", "Đồng Sang"]
    assert values(records[0])["loai_dat"] == "2L"


def test_an_old_land_symbol_that_is_not_listed_stays_as_written() -> None:
    head = [["Số thứ tự thửa", "Tên chủ sử dụng", "Diện tích", "Loại đất", "Hạng đất", "Ghi chú"]]
    body = [["1", "Nguyễn Văn An", "360", "Tm", "3", ""]]
    (record,) = read("parcel_table_1995", table(head, body), years=(1995, 1995))
    assert values(record)["loai_dat"] == "Tm"
    assert doubts(record, "loai_dat") >= {reasons.NOT_IN_LIST}
    (field,) = [field for field in record.fields if field.key == "loai_dat"]
    assert field.confidence < 0.5


def test_a_curve_lifts_only_what_names_a_code_of_its_list() -> None:
    head = [["Số thứ tự thửa", "Tên chủ sử dụng", "Diện tích", "Loại đất", "Hạng đất", "Ghi chú"]]
    body = [["1", "Nguyễn Văn An", "360", "Tm", "3", ""], ["2", "Lê Thị Sáu", "240", "T", "3", ""]]
    curves = {("enum", "handwriting"): ((0.1, 0.99),)}
    records = extract_records(
        FORMS["parcel_table_1995"], [table(head, body)], "B", 1, (0, 0), curves
    )
    unknown, known = (
        next(field for field in record.fields if field.key == "loai_dat") for record in records
    )
    assert known.confidence == 0.99
    assert unknown.confidence < 0.5


NOTED_HEAD = [
    ["", "", "", "", ("Ghi chú", 4)],
    ["Số thứ tự thửa đất", "Tên người sử dụng, quản lý", "Loại đối tượng", "Diện tích (m2)",
     *["Số thứ tự thửa đất", "Nội dung thay đổi"] * 2],
]  # fmt: skip


def test_a_note_belongs_to_the_parcel_that_it_names() -> None:
    body = [
        ["45", "Nguyễn Văn An", "GDC", "621", "46", "tách thửa", "", ""],
        ["46", "Lê Thị Sáu", "GDC", "300", "45", "tặng cho con", "46", "cấp GCN"],
        ["47", "Trần Văn Ba", "GDC", "250", "912", "thừa kế", "", ""],
    ]
    first, second, third = read("parcel_table_2004", table(NOTED_HEAD, body), years=(2006, 2010))
    assert values(first)["ghi_chu"] == "tặng cho con"
    assert values(second)["ghi_chu"] == "tách thửa cấp GCN"
    assert values(third)["ghi_chu"] == "912 thừa kế"
    assert doubts(first, "ghi_chu") == doubts(second, "ghi_chu") == set()
    assert reasons.NOTE_ELSEWHERE in doubts(third, "ghi_chu")


def test_a_single_column_of_notes_tells_of_its_own_row() -> None:
    head = [["Số thứ tự thửa đất", "Tên người sử dụng, quản lý", "Loại đối tượng", "Diện tích (m2)",
             "Ghi chú"]]  # fmt: skip
    (record,) = read(
        "parcel_table_2004", table(head, [["45", "Nguyễn Văn An", "GDC", "621", "đã bán"]])
    )
    assert values(record)["ghi_chu"] == "đã bán"
    assert doubts(record, "ghi_chu") == set()
