"""What a closing page declares is read, and the serials of a book are held against it."""

from collections.abc import Sequence

import pytest
from extract_pages import box

from pipeline.extract.form import load_forms
from pipeline.extract.totals import Declared, Series, declared, series_of
from pipeline.settings import shipped
from pipeline.values import FieldValue, Record

FORMS = load_forms(shipped("schemas"))


def record(form: str, page: int, **fields: str) -> Record:
    values = tuple(
        FieldValue(key, text, text, 0.9, page, box(0, 0, 9, 9)) for key, text in fields.items()
    )
    return Record(f"B/{page}/-/1", form, page, None, 1, box(0, 0, 9, 9), values)


def births(*entries: tuple[str, str]) -> list[Record]:
    return [record("birth_table", 1, so=so, ngayDangKy=date) for so, date in entries]


def series(serials: Sequence[str], said: Declared | None = None) -> list[Series]:
    return series_of(FORMS, births(*((serial, "1987-03-01") for serial in serials)), said)


def test_the_last_closing_page_declares() -> None:
    told = declared(
        FORMS,
        [
            record("book_cover", 1, quyenSo="01"),
            record("birth_table", 2, so="3"),
            record("book_closing", 9, tongSoTrang="8", tongSoTruongHop="45", tuSo="1", denSo="45"),
        ],
    )
    assert told == Declared(9, 8, 45, 1, 45)


def test_a_cover_without_totals_declares_nothing() -> None:
    assert declared(FORMS, [record("book_cover", 1, quyenSo="01")]) is None
    assert declared(FORMS, births(("3", "1987-03-01"))) is None


def test_a_whole_book_misses_nothing() -> None:
    assert series(["1", "2", "3"], Declared(9, None, 3, 1, 3)) == [Series("1987", (), ())]


def test_gaps_and_repeats_are_told_and_bis_is_no_repeat() -> None:
    told = series(["3", "4", "4 bis", "7", "7", "8", "10"])
    assert told == [Series("1987", ((5, 6), (9, 9)), ("7",))]


def test_what_is_declared_is_missing_at_both_ends() -> None:
    told = series(["3", "4"], Declared(9, None, None, 1, 6))
    assert told == [Series("1987", ((1, 2), (5, 6)), ())]


def test_a_misread_serial_between_two_that_agree_is_not_missing() -> None:
    assert series(["12", "73", "14", "15"]) == [Series("1987", (), ())]


@pytest.mark.parametrize("misread", ["1989-03-01", ""])
def test_a_misread_date_begins_no_new_year(misread: str) -> None:
    book = births(("1", "1987-03-01"), ("2", misread), ("3", "1987-03-02"))
    assert series_of(FORMS, book) == [Series("1987", (), ())]


def test_each_year_of_a_volume_has_its_own_serials_and_totals_are_not_shared_out() -> None:
    book = births(("7", "1987-12-01"), ("9", "1987-12-02"), ("1", "1988-01-04"), ("2", ""))
    told = series_of(FORMS, book, Declared(9, None, None, 1, 40))
    assert told == [Series("1987", ((8, 8),), ()), Series("1988", (), ())]


def test_a_book_without_rising_serials_has_none() -> None:
    assert series_of(FORMS, [record("parcel_table", 1, thua_dat_so="7")]) == []
