"""Kinds turn what is written into a value, or into nothing with a reason; never into an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import reasons
from pipeline.extract.form import load_forms
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.kinds.result import Clues
from pipeline.settings import shipped

FORMS = load_forms(shipped("schemas"))
FIELDS = {field.key: field for form in FORMS.values() for field in form.fields}
YEARS = (1986, 1988)


def value(kind: str, raw: str, years: tuple[int, int] = YEARS) -> str:
    return KINDS[kind](raw, Clues(years)).value


def listed(
    key: str, raw: str, years: tuple[int, int] = (2015, 2020)
) -> tuple[str, tuple[str, ...]]:
    field = FIELDS[key]
    read = KINDS[field.kind](raw, Clues(years, field.codes))
    return read.value, read.doubts


@pytest.mark.parametrize(
    "raw, date",
    [
        ("09.01.1987", "1987-01-09"),
        ("9/1/87", "1987-01-09"),
        ("9-1-1987", "1987-01-09"),
        ("9 . 1 . 1987", "1987-01-09"),
        ("ngày 9 tháng 1 năm 1987", "1987-01-09"),
        ("09 tháng 01 năm 1987", "1987-01-09"),
        ("ngày 9-IV-1955", "1955-04-09"),
        ("8 giờ 30 ngày 9/1/1987", "1987-01-09"),
        ("mồng tám tháng ba năm 1987", "1987-03-08"),
        ("3/1962", "1962-03"),
        ("tháng 3 năm 1962", "1962-03"),
        ("3/62", "1962-03"),
        ("1962", "1962"),
        ("năm 1962", "1962"),
        ("Ất Mùi", "1955"),
        ("12/8/1955 (âl)", "1955"),
        ("31/2/1987", ""),
        ("9/1", ""),
        ("không rõ", ""),
        ("—", ""),
        ("xã Đại Đồng", ""),
    ],
)
def test_a_date_is_as_precise_as_the_book(raw: str, date: str) -> None:
    assert value("partial_date", raw) == date


@pytest.mark.parametrize(
    "raw, date",
    [
        ("l9/0I/1987", "1987-01-19"),
        ("0901.1987", "1987-01-09"),
        ("09011987", "1987-01-09"),
        ("29 thứng.7.năm.1987", "1987-07-29"),
        ('"7-11-1987', "1987-11-07"),
    ],
)
def test_a_mended_date_is_doubted(raw: str, date: str) -> None:
    read = KINDS["date"](raw, Clues(YEARS))
    assert read.value == date
    assert reasons.MISREAD_CORRECTED in read.doubts
    assert read.trust < 1


@pytest.mark.parametrize(
    "raw, reason",
    [("BK 3444O4", reasons.MISREAD_CORRECTED), ("BK 3444041", reasons.CERTIFICATE_SHAPE),
     ("chưa cấp", reasons.CERTIFICATE_SHAPE)],
)  # fmt: skip
def test_a_certificate_of_another_shape_is_doubted(raw: str, reason: str) -> None:
    read = KINDS["certificate_serial"](raw, Clues())
    assert read.doubts == (reason,)
    assert read.trust < 1
    assert KINDS["certificate_serial"]("BK 344404", Clues()).doubts == ()


def test_a_two_digit_year_is_the_last_one_that_the_book_can_know() -> None:
    assert value("partial_date", "1/2/55", (1986, 1988)) == "1955-02-01"
    assert value("partial_date", "1/2/05", (2004, 2006)) == "2005-02-01"
    assert value("partial_date", "1/2/99", (2004, 2006)) == "1999-02-01"


@pytest.mark.parametrize(
    "raw, date, others",
    [("1/2/55", "1955-02-01", ()), ("1/2/05", "2005-02-01", ("1905-02-01",)),
     ("010255", "1955-02-01", ())],
)  # fmt: skip
def test_where_nobody_told_the_books_years_the_nearest_century_is_taken_and_doubted(
    raw: str, date: str, others: tuple[str, ...]
) -> None:
    read = KINDS["partial_date"](raw, Clues())
    assert (read.value, read.others) == (date, others)
    assert reasons.CENTURY_TAKEN in read.doubts
    assert read.trust < 1
    assert reasons.CENTURY_TAKEN not in KINDS["partial_date"]("1/2/1955", Clues()).doubts


def test_a_day_without_its_year_is_offered_and_not_taken() -> None:
    read = KINDS["date"]("9/1", Clues((1987, 1987)))
    assert (read.value, read.others) == ("", ("1987-01-09",))


def test_a_registration_outside_the_book_is_doubted() -> None:
    read = KINDS["date"]("9/1/1978", Clues(YEARS))
    assert read.value == "1978-01-09"
    assert reasons.YEAR_OUTSIDE_BOOK in read.doubts


@pytest.mark.parametrize(
    "raw, age",
    [
        ("32 tuổi", "32 tuổi"),
        ("32", "32 tuổi"),
        ("32t", "32 tuổi"),
        ("1955", "1955"),
        ("12/3/1955", "1955-03-12"),
        ("3Z", "32 tuổi"),
        ("32 toổi", "32 tuổi"),
        ("27 tổi", "27 tuổi"),
        ("32 năm", ""),
    ],
)
def test_a_parent_has_an_age_or_a_birth_year(raw: str, age: str) -> None:
    assert value("partial_date_or_age", raw) == age


@pytest.mark.parametrize(
    "raw, date",
    [
        ("ngày mồng tám tháng ba năm một nghìn chín trăm tám mươi bảy", "1987-03-08"),
        ("Ngày tám, tháng ba, năm một ngàn chín trăm tám bảy", "1987-03-08"),
        ("mùng tám tháng ba năm tám bảy", "1987-03-08"),
        ("ngày năm tháng năm năm một chín năm lăm", "1955-05-05"),
        ("hăm mốt tháng mười một năm hai nghìn không trăm linh năm", "2005-11-21"),
        ("ngày ba mươi mốt tháng chạp năm tám sáu", "1986"),
        ("tháng ba năm một nghìn chín trăm sáu hai", "1962-03"),
        ("năm một chín không không", "1900"),
        ("ngày 8 tháng ba năm 1987", "1987-03-08"),
        ("mông tam thang ba nam mọt nghin chin tram tám mưoi bẩy", "1987-03-08"),
        ("ngày ba mươi tháng hai năm một chín tám bảy", ""),
        ("Nguyễn Văn An", ""),
        ("", ""),
    ],
)
def test_a_date_in_words_is_read_through_wrong_marks(raw: str, date: str) -> None:
    assert value("date_words", raw, (1985, 2005)) == date


def test_a_misspelt_word_costs_trust() -> None:
    read = KINDS["date_words"]("ngày tám thnág ba năm một nghìn chin tram tám mươi bảy", Clues())
    assert read.value == "1987-03-08"
    assert reasons.MISREAD_CORRECTED in read.doubts


@pytest.mark.parametrize(
    "raw, name",
    [
        ("Nguyễn  Văn   An", "Nguyễn Văn An"),
        ("Ng. V. An", "Nguyễn Văn An"),
        ("Ng. Th. Lan", "Nguyễn Thị Lan"),
        ("Ng.Thị Lan", "Nguyễn Thị Lan"),
        ("Tr. Văn Bá", "Tr. Văn Bá"),
        ("GIÀNG.Y MAI", "GIÀNG Y MAI"),
        ("Vàng A Dơ", "Vàng A Dơ"),
        ("H'Niê Êban", "H'Niê Êban"),
        ("H' Liên  Niê", "H'Liên Niê"),
        ("Siu H’ Yiên", "Siu H’Yiên"),
        ("........", ""),
        ("x", ""),
    ],
)
def test_a_name_is_as_written_but_for_plain_abbreviations(raw: str, name: str) -> None:
    assert value("person_name", raw) == name


def test_an_ambiguous_abbreviation_stays_and_is_doubted() -> None:
    assert reasons.ABBREVIATION in KINDS["person_name"]("Tr. Văn Bá", Clues()).doubts


@pytest.mark.parametrize("raw", ["An", "A B C D E Ph", "Nguyễn Văn 1An"])
def test_an_odd_name_is_doubted(raw: str) -> None:
    assert reasons.NAME_SHAPE in KINDS["person_name"](raw, Clues()).doubts


@pytest.mark.parametrize(
    "kind, raw, number",
    [
        ("serial", "45", "45"),
        ("serial", "Số 045", "045"),
        ("serial", "45bis", "45 bis"),
        ("serial", "45/2017", "45"),
        ("serial", "4S", "45"),
        ("serial", "abc", ""),
        ("volume", "Quyển 01/2017", "01/2017"),
        ("volume", "2A", "2A"),
        ("page", "Trang 12", "12"),
        ("int", "12", "12"),
        ("int", "1 2", "12"),
        ("parcel", "123a", "123a"),
        ("parcel", "123/1", "123/1"),
        ("decimal", "621,3", "621.3"),
        ("decimal", "621,3 m2", "621.3"),
        ("decimal", "1.234,5", "1234.5"),
        ("decimal", "1.234", "1234"),
        ("decimal", "621.3", "621.3"),
        ("decimal", "902:3", "902.3"),
        ("decimal", "1,234", ""),
        ("decimal", "T: 100; V: 250", ""),
        ("id_number", "CMND số 125 123 456", "125123456"),
        ("id_number", "027217000123", "027217000123"),
        ("id_number", "B 123", "B 123"),
        ("certificate_serial", "BK 344404", "BK 344404"),
        ("certificate_serial", "bk344404", "BK 344404"),
        ("certificate_serial", "Đ. 012345", "Đ 012345"),
        ("certificate_serial", "AA 01234567", "AA 01234567"),
        ("certificate_serial", "BK 3444O4", "BK 344404"),
        ("certificate_serial", "chưa cấp", "chưa cấp"),
    ],
)
def test_numbers_are_their_digits(kind: str, raw: str, number: str) -> None:
    assert value(kind, raw) == number


@pytest.mark.parametrize(
    "key, raw, code",
    [
        ("nksGioiTinh", "Nam", "1"),
        ("nksGioiTinh", "nữ", "2"),
        ("nksGioiTinh", "con gái", "2"),
        ("nksDanToc", "Kinh", "Kinh"),
        ("nksDanToc", "KINH.", "Kinh"),
        ("nksDanToc", "H'Mông", "HMông"),
        ("nksDanToc", "Ê Đê", "Ê-đê"),
        ("nksQuocTich", "VN", "Việt Nam"),
        ("ma_doi_tuong", "gdc", "GDC"),
        ("hien_trang_loai_dat", "odt + cln", "ODT+CLN"),
        ("hien_trang_loai_dat", "ONT*", "ONT"),
        ("hien_trang_loai_dat", "ODTCLN", "ODT+CLN"),
        ("hien_trang_loai_dat", "LUC;BHK", "LUC+BHK"),
    ],
)
def test_listed_words_become_their_code(key: str, raw: str, code: str) -> None:
    assert listed(key, raw) == (code, ())


@pytest.mark.parametrize(
    "key, raw, code",
    [
        ("nksDanToc", "Kính", "Kinh"),
        ("nksDanToc", "Kjnh", "Kinh"),
        ("nksDanToc", "X'Mông", "HMông"),
        ("nksGioiTinh", "Nạm", "1"),
        ("nksGioiTinh", "rữ", "2"),
        ("nksQuocTich", "Việt Nạn", "Việt Nam"),
        ("hien_trang_loai_dat", "0DT", "ODT"),
    ],
)
def test_a_misread_word_is_mended_with_a_doubt(key: str, raw: str, code: str) -> None:
    assert listed(key, raw) == (code, (reasons.MISREAD_CORRECTED,))


def test_what_may_be_two_codes_is_left_to_a_person() -> None:
    assert listed("nksDanToc", "Xá Lá Vàng") == ("", (reasons.AMBIGUOUS,))
    assert listed("hien_trang_loai_dat", "LUG") == ("", (reasons.AMBIGUOUS,))


def test_an_open_list_keeps_what_it_does_not_know() -> None:
    assert listed("nksQuocTich", "Xứ Sương Mù") == ("Xứ Sương Mù", (reasons.NOT_IN_LIST,))


def test_a_code_of_another_era_is_doubted() -> None:
    assert listed("hien_trang_loai_dat", "T+V", (1996, 1999)) == ("T+V", ())
    assert listed("hien_trang_loai_dat", "T+V", (2015, 2020)) == ("T+V", (reasons.OUTSIDE_ERA,))


@pytest.mark.parametrize("key", sorted({f.key for f in FIELDS.values()}))
@given(raw=st.text(max_size=40), years=st.sampled_from([(0, 0), (1987, 1987), (1960, 1975)]))
def test_any_text_gives_a_value_or_nothing(key: str, raw: str, years: tuple[int, int]) -> None:
    field = FIELDS[key]
    read = KINDS[field.kind](raw, Clues(years, field.codes))
    assert 0 <= read.trust <= 1
    assert read.value == " ".join(read.value.split())


NEARLY = st.text("0123456789OlI./- ,ngaythmộtnăsiubẩhrl'IVX", max_size=30)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(raw=NEARLY)
def test_near_dates_and_numbers_never_fail(kind: str, raw: str) -> None:
    field = next((field for field in FIELDS.values() if field.kind == kind), None)
    read = KINDS[kind](raw, Clues(YEARS, field.codes if field else None))
    if kind in ("date", "partial_date", "date_words") and read.value and "tuổi" not in read.value:
        parts = read.value.split("-")
        assert [len(part) for part in parts] in ([4], [4, 2], [4, 2, 2])
