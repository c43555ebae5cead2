"""A printed form of one entry becomes a record: the text between its labels."""

from dataclasses import replace

import pytest
from extract_pages import form_page

from pipeline.extract import reasons
from pipeline.extract.confidence import IDENTITY
from pipeline.extract.form import load_forms
from pipeline.extract.records import extract_records
from pipeline.settings import shipped
from pipeline.values import Letter, PageReading, Record

FORMS = load_forms(shipped("schemas"))

HEAD = ["Số: 45 Quyển: 01/2017 | Ngày, tháng, năm đăng ký: 09/01/2017"]
CHILD = [
    "Người được đăng ký khai sinh",
    "Họ, chữ đệm, tên: NGUYỄN VĂN AN",
    "Ngày, tháng, năm sinh: 02/01/2017 ghi bằng chữ: Ngày hai tháng một năm",
    "hai nghìn không trăm mười bảy",
    "Giới tính: Nam Dân tộc: Kinh Quốc tịch: Việt Nam",
    "Nơi sinh: Bệnh viện đa khoa huyện Quế Võ,",
    "tỉnh Bắc Ninh",
    "Quê quán: xã Đại Đồng........",
    "Số định danh cá nhân: 027217000123",
]
PARENTS = [
    "Họ, chữ đệm, tên mẹ: Lê Thị Sáu",
    "Năm sinh: 1990 Dân tộc: Kinh Quốc tịch: Việt Nam",
    "Nơi cư trú: thôn Đông, xã Đại Đồng",
    "Họ, chữ đệm, tên cha: Nguyễn Văn Ba",
    "Năm sinh: 1988 Dân tộc: Tày Quốc tịch: Việt Nam",
    "Nơi cư trú: thôn Đông, xã Đại Đồng",
]
FOOT = [
    "Họ, chữ đệm, tên người đi khai sinh: Nguyễn Văn Ba",
    "Giấy tờ tùy thân: CMND số 125 123 456",
    "Họ, chữ đệm, tên, chức vụ người ký Giấy khai sinh/Trích lục ghi vào",
    "sổ hộ tịch việc khai sinh: Trần Văn Chính, Phó Chủ tịch",
    "Người đi khai sinh | Người thực hiện",
    "(Ký, ghi rõ họ, chữ đệm, tên) | (Ký, ghi rõ họ, chữ đệm, tên)",
    "Nguyễn Văn Ba | Hoàng Thị Mơ",
]
NOTES = ["[x] Đúng hạn", "[ ] Quá hạn", "Đăng ký lại", "Ghi chú:", "đã cấp bản sao"]
WANTED = {
    "so": "45",
    "quyenSo": "01/2017",
    "trangSo": "45",
    "ngayDangKy": "2017-01-09",
    "loaiDangKy": "1",
    "nguoiKy": "Trần Văn Chính",
    "chucVuNguoiKy": "Phó Chủ tịch",
    "nguoiThucHien": "Hoàng Thị Mơ",
    "ghiChu": "đã cấp bản sao",
    "nksHoTen": "NGUYỄN VĂN AN",
    "nksGioiTinh": "1",
    "nksNgaySinh": "2017-01-02",
    "nksNgaySinhBangChu": "2017-01-02",
    "nksNoiSinh": "Bệnh viện đa khoa huyện Quế Võ, tỉnh Bắc Ninh",
    "nksQueQuan": "xã Đại Đồng",
    "nksDanToc": "Kinh",
    "nksQuocTich": "Việt Nam",
    "meHoTen": "Lê Thị Sáu",
    "meNgaySinh": "1990",
    "meDanToc": "Kinh",
    "meQuocTich": "Việt Nam",
    "meNoiCuTru": "thôn Đông, xã Đại Đồng",
    "chaHoTen": "Nguyễn Văn Ba",
    "chaNgaySinh": "1988",
    "chaDanToc": "Tày",
    "chaQuocTich": "Việt Nam",
    "chaNoiCuTru": "thôn Đông, xã Đại Đồng",
    "nycHoTen": "Nguyễn Văn Ba",
    "nycSoGiayToTuyThan": "125123456",
}


def read(*sheets: PageReading) -> tuple[Record, ...]:
    return extract_records(FORMS["birth_form"], sheets, "KS2", 4, (2017, 2017), IDENTITY)


def values(record: Record) -> dict[str, str]:
    return {field.key: field.value for field in record.fields}


def page(entry: list[str], notes: list[str] = NOTES) -> PageReading:
    return form_page(HEAD, entry, notes, ["Trang số: 45"])


def test_every_label_of_the_form_gives_its_answer() -> None:
    [record] = read(page([*CHILD, *PARENTS, *FOOT]))
    assert values(record) == WANTED
    assert record.doubts == ()
    assert record.id == "KS2/4/-/1"


def test_the_father_may_stand_before_the_mother() -> None:
    [record] = read(page([*CHILD, *PARENTS[3:], *PARENTS[:3], *FOOT]))
    assert values(record) == WANTED


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("Dân tộc: Tày", "Dãn tôc: Tày"),
        ("Họ, chữ đệm, tên cha", "Ho chư đêm, tên cha"),
        ("Họ, chữ đệm, tên mẹ", "Họ, chữ đệm. tên mc"),
        ("Nơi cư trú: thôn", "Nơi cư chú thôn"),
        ("Giới tính: Nam", "Giơi tinh Nam"),
        ("Quê quán:", "Quẻ quản"),
        ("ghi bằng chữ:", "(ghi băng chử)"),
        ("Quốc tịch: Việt", "Quốctịch: Việt"),
        ("Người thực hiện", "NG Ư ỜI THỰC HIỆN"),
        ("Giấy tờ tùy thân", "Giây tơ tuỳ thản"),
    ],
)
def test_misprinted_labels_are_still_known(right: str, wrong: str) -> None:
    entry = [line.replace(right, wrong) for line in [*CHILD, *PARENTS, *FOOT]]
    assert values(read(page(entry))[0]) == WANTED


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Nam Dân tộc: Kinh Quốc tịch", "NamDân tộc: KinhQuốc tịch"),
        ("1990 Dân tộc: Kinh Quốc", "1990Dân tộc: Kinh.Quốc"),
        ("Dân tộc: Kinh Quốc tịch: Việt", "Dân tộc: Kinh Quốc tịnhViệt"),
    ],
)
def test_a_value_ends_where_the_next_label_begins_however_close(right: str, wrong: str) -> None:
    entry = [line.replace(right, wrong) for line in [*CHILD, *PARENTS, *FOOT]]
    assert entry != [*CHILD, *PARENTS, *FOOT]
    assert values(read(page(entry))[0]) == WANTED


def test_a_wide_gap_parts_an_answer_from_the_label_behind_it() -> None:
    text = "Năm sinh: 1990dân tộc: Kinhquốc tịch: Việt Nam"

    def placed(empty: float) -> PageReading:
        sheet = page([*CHILD, *PARENTS, *FOOT])
        old = next(line for line in sheet.lines if line.text.startswith("Năm sinh: 1990"))
        at, letters = 0.0, []
        for index, letter in enumerate(text):
            beside = index in (13, 14, 26, 27)
            letters.append(Letter(letter, at, at + (empty if beside else 1.0), 0.9))
            at = letters[-1].right
        whole = tuple(one._replace(left=one.left / at, right=one.right / at) for one in letters)
        new = replace(old, text=text, letters=whole)
        lines = tuple(new if line is old else line for line in sheet.lines)
        return replace(sheet, lines=lines)

    got = values(read(placed(9.0))[0])
    assert (got["meNgaySinh"], got["meDanToc"], got["meQuocTich"]) == ("1990", "Kinh", "Việt Nam")
    assert values(read(placed(1.0))[0]) != got


def test_the_year_of_birth_may_stand_behind_the_nationality() -> None:
    moved = list(PARENTS)
    moved[1] = "Dân tộc: Kinh Quốc tịch: Việt Nam Năm sinh: 1990"
    moved[4] = "Dân tộc: Tày Quốc tịch: Việt Nam Năm sinh: 1988"
    for parents in (moved, [*moved[3:], *moved[:3]]):
        assert values(read(page([*CHILD, *parents, *FOOT]))[0]) == WANTED


def test_number_and_volume_may_run_together() -> None:
    head = [line.replace(" Quyển", "Quyển") for line in HEAD]
    assert head != HEAD
    got = values(read(form_page(head, [*CHILD, *PARENTS, *FOOT], NOTES, ["Trang số: 45"]))[0])
    assert (got["so"], got["quyenSo"]) == ("45", "01/2017")


def test_signatures_and_stamps_are_no_part_of_the_answer_above_them() -> None:
    foot = [*FOOT[:2], "Họ, chữ đệm, tên, chức vụ người ký Giấy khai sinh:",
            "Trần Văn Chính, Phó Chủ tịch",
            "  | Ngườia | A)", "  | LJr | au", "  | | mi ử"]  # fmt: skip
    got = values(read(page([*CHILD, *PARENTS, *foot]))[0])
    assert (got["nguoiKy"], got["chucVuNguoiKy"]) == ("Trần Văn Chính", "Phó Chủ tịch")


def test_an_answer_goes_on_at_the_margin_or_after_a_full_line() -> None:
    margin = [*CHILD[:-4], "Nơi sinh: Bệnh viện", "tỉnh Bắc Ninh", *CHILD[-2:]]
    assert values(read(page([*margin, *PARENTS, *FOOT]))[0])["nksNoiSinh"] == (
        "Bệnh viện tỉnh Bắc Ninh"
    )
    long = (
        "Nơi sinh: Bệnh viện đa khoa huyện Quế Võ, phố Mới, thị trấn Phố Mới, huyện Quế Võ, xóm 7"
    )
    full = [*CHILD[:-4], long, " | tỉnh Bắc Ninh", *CHILD[-2:]]
    got = values(read(page([*full, *PARENTS, *FOOT]))[0])
    assert got["nksNoiSinh"].endswith("xóm 7 tỉnh Bắc Ninh")


def test_a_title_without_its_tone_marks_is_still_told_from_the_name_with_a_doubt() -> None:
    entry = [line.replace("Phó Chủ tịch", "Phó Chủ tích") for line in [*CHILD, *PARENTS, *FOOT]]
    [record] = read(page(entry))
    assert values(record) == WANTED | {"chucVuNguoiKy": "Phó Chủ tích"}
    assert {d.key for d in record.doubts if d.reason == reasons.NOT_AS_FORM} == {"chucVuNguoiKy"}


def test_an_unread_label_follows_from_its_neighbours_with_a_doubt() -> None:
    entry = [line.replace("Nơi sinh:", "#%*:") for line in [*CHILD, *PARENTS, *FOOT]]
    [record] = read(page(entry))
    assert values(record) == WANTED
    assert [d.key for d in record.doubts if d.reason == reasons.HEADER_UNREAD] == ["nksNoiSinh"]


@pytest.mark.parametrize(
    "right, wrong, key",
    [
        ("Dân tộc: Kinh Quốc tịch: Việt Nam", "Dn tkc: Kinh Quốc tịch: Việt Nam", "nksDanToc"),
        ("Số: 45", "Sg: 45", "so"),
        ("Quyển: 01", "Qgyhn: 01", "quyenSo"),
    ],
)
def test_a_worn_label_amid_a_line_follows_from_its_neighbours(
    right: str, wrong: str, key: str
) -> None:
    entry = [line.replace(f"Nam {right}", f"Nam {wrong}") for line in [*CHILD, *PARENTS, *FOOT]]
    head = [line.replace(right, wrong) for line in HEAD]
    [record] = read(form_page(head, entry, NOTES, ["Trang số: 45"]))
    assert values(record) == WANTED
    assert [d.key for d in record.doubts if d.reason == reasons.HEADER_UNREAD] == [key]


def test_a_code_or_a_name_never_swallows_the_next_line() -> None:
    entry = [*CHILD, PARENTS[0], PARENTS[1], "kjh xyz thon Dong", *PARENTS[3:], *FOOT]
    got = values(read(page(entry))[0])
    assert got["meQuocTich"] == "Việt Nam"
    assert got["meNoiCuTru"] == "kjh xyz thon Dong"


def test_labels_and_answers_may_be_lines_of_their_own() -> None:
    parts = [line.replace(": ", ": | ", 1) for line in [*CHILD, *PARENTS, *FOOT[:2]]]
    got = values(read(page(parts))[0])
    assert got == {key: WANTED[key] for key in got}
    assert len(got) >= 24


def test_a_field_stands_where_its_own_words_stand() -> None:
    [record] = read(page([*CHILD, *PARENTS, *FOOT]))
    fields = {field.key: field for field in record.fields}
    sex, group = fields["nksGioiTinh"].polygon, fields["nksDanToc"].polygon
    assert sex[0][0] < sex[1][0] < group[0][0] < group[1][0]
    assert sex[0][1] == group[0][1]


def test_two_ticked_boxes_are_no_choice() -> None:
    [record] = read(page([*CHILD, *PARENTS, *FOOT], ["[x] Đúng hạn", "[x] Quá hạn"]))
    assert values(record)["loaiDangKy"] == ""
    assert reasons.SEVERAL_TICKED in {d.reason for d in record.doubts if d.key == "loaiDangKy"}


def test_letters_that_may_be_a_tick_are_a_doubt_and_no_choice() -> None:
    [record] = read(page([*CHILD, *PARENTS, *FOOT], ["K Đúng hạn", "Quá hạn"]))
    assert values(record)["loaiDangKy"] == ""
    assert reasons.TICK_UNCLEAR in {d.reason for d in record.doubts if d.key == "loaiDangKy"}


def test_an_empty_box_is_no_answer() -> None:
    [record] = read(page([*CHILD, *PARENTS, *FOOT], ["[ ] Đúng hạn", "□ Quá hạn", "Đăng ký lại"]))
    assert "loaiDangKy" not in values(record)


def test_an_unused_page_is_no_record() -> None:
    blank = [line.split(":")[0] + ": ......" for line in [*CHILD, *PARENTS] if ":" in line]
    assert read(form_page(["Số: ....."], blank, ["Đúng hạn", "Ghi chú"])) == ()
    assert read(form_page([], [])) == ()


def test_each_side_of_a_spread_has_its_own_entry() -> None:
    left = form_page(HEAD, [*CHILD, *PARENTS, *FOOT], NOTES, side="left")
    right = form_page(["Số: 46"], [*CHILD, *PARENTS, *FOOT], NOTES, side="right")
    records = read(left, right)
    assert [record.id for record in records] == ["KS2/4/left/1", "KS2/4/right/1"]


def test_digits_and_words_that_agree_are_surer_together() -> None:
    [both] = read(page([*CHILD, *PARENTS, *FOOT]))
    alone = [*CHILD[:2], "Ngày, tháng, năm sinh: 02/01/2017", *CHILD[4:]]
    [one] = read(page([*alone, *PARENTS, *FOOT]))
    sure = [{f.key: f.confidence for f in record.fields}["nksNgaySinh"] for record in (both, one)]
    assert sure[0] > sure[1]


def test_digits_against_words_is_an_alert_and_no_choice() -> None:
    entry = [line.replace("02/01/2017", "03/01/2017") for line in [*CHILD, *PARENTS, *FOOT]]
    [record] = read(page(entry))
    assert values(record)["nksNgaySinh"] == "2017-01-03"
    assert values(record)["nksNgaySinhBangChu"] == "2017-01-02"
    alerts = {d.key for d in record.doubts if d.reason == reasons.DIGITS_WORDS_DIFFER}
    assert alerts == {"nksNgaySinh", "nksNgaySinhBangChu"}
    digits = next(field for field in record.fields if field.key == "nksNgaySinh")
    assert digits.alternatives[0].text == "2017-01-02"
    assert digits.confidence < 0.6


COLUMNS = [
    "Họ và tên: Nguyễn Văn An Nam, nữ: Nam",
    "Sinh ngày: 02/01/2001",
    "Nơi sinh: xã Hà Linh",
    "Dân tộc: Kinh Quốc tịch: Việt Nam",
]
SIDES = [
    ("Họ và tên: Nguyễn Văn Ba", "Họ và tên: Lê Thị Sáu"),
    ("Sinh ngày: 1970", "Sinh ngày: 1972"),
    ("Dân tộc: Tày", "Dân tộc: Kinh"),
    ("Quốc tịch: Việt Nam", "Quốc tịch: Việt Nam"),
    ("Nơi thường trú: thôn Đông,", "Nơi thường trú: thôn Tây,"),
    ("xã Hà Linh", "xã Phú Thọ"),
]


def two_columns(heads: tuple[str, str], sides: list[tuple[str, str]], *, as_one: bool) -> Record:
    """Read both columns as lines of their own, or as one line with the leader between them."""
    pairs = [heads, *sides]
    rows = [f"{a:.<44}{b:.<30}" if as_one else f"{a} | {b}" for a, b in pairs]
    head = ["Số: 12 Quyển số: 01 | Ngày, tháng, năm đăng ký: 09/02/2001"]
    sheet = form_page(head, [*COLUMNS, *rows, "Họ, tên người khai: Lê Thị Sáu"], [])
    form = FORMS["birth_columns_form"]
    (record,) = extract_records(form, [sheet], "KS", 1, (2001, 2001), IDENTITY)
    return record


@pytest.mark.parametrize("as_one", [False, True])
def test_headings_tell_whose_column_is_whose(as_one: bool) -> None:  # noqa: FBT001
    wanted = {
        "chaHoTen": "Nguyễn Văn Ba",
        "meHoTen": "Lê Thị Sáu",
        "chaDanToc": "Tày",
        "chaNgaySinh": "1970",
        "meNgaySinh": "1972",
        "chaNoiCuTru": "thôn Đông, xã Hà Linh",
        "meNoiCuTru": "thôn Tây, xã Phú Thọ",
    }
    heads = ("NGƯỜI CHA", "NGƯỜI MẸ")
    mirrored = [(b, a) for a, b in SIDES]
    for names, sides in ((heads, SIDES), (heads[::-1], mirrored)):
        record = two_columns(names, sides, as_one=as_one)
        assert {key: values(record)[key] for key in wanted} == wanted
        assert reasons.HEADER_UNREAD not in {doubt.reason for doubt in record.doubts}


def test_columns_without_headings_are_doubted() -> None:
    record = two_columns(("", ""), SIDES, as_one=False)
    assert values(record)["chaHoTen"] == "Nguyễn Văn Ba"
    doubted = {doubt.key for doubt in record.doubts if doubt.reason == reasons.HEADER_UNREAD}
    assert {"chaHoTen", "meHoTen", "chaNgaySinh"} <= doubted
