"""What the whole book says: it adds doubts and offers, and resolves ditto marks at page heads."""

from collections.abc import Sequence

import pytest
from extract_pages import box

from pipeline.extract import reasons
from pipeline.extract.form import load_forms
from pipeline.extract.sequence import check_book
from pipeline.settings import shipped
from pipeline.values import Doubt, FieldValue, Record

FORMS = load_forms(shipped("schemas"))
BIRTHS, PARCELS = FORMS["birth_table"], FORMS["parcel_table"]


def record(number: int, doubts: Sequence[Doubt] = (), page: int = 1, **fields: str) -> Record:
    values = tuple(
        FieldValue(key, text, text, 0.9, page, box(0, 0, 10, 10)) for key, text in fields.items()
    )
    where = box(0, 0, 100, 10)
    return Record(f"B/{page}/-/{number}", "x", page, None, number, where, values, tuple(doubts))


def births(*entries: tuple[str, str]) -> list[Record]:
    return [record(i, so=so, ngayDangKy=date) for i, (so, date) in enumerate(entries, 1)]


def told(records: Sequence[Record]) -> list[tuple[int, str, str]]:
    return [(one.row, doubt.key, doubt.reason) for one in records for doubt in one.doubts]


def test_a_good_book_raises_no_doubt() -> None:
    book = births(("1", "1987-01-02"), ("2", "1987-01-02"), ("3", "1987-02-01"))
    assert told(check_book(BIRTHS, book)) == []


@pytest.mark.parametrize(
    "serials, reason, row",
    [
        (["1", "2", "5", "6"], reasons.SERIAL_GAP, 3),
        (["1", "2", "2", "3"], reasons.SERIAL_REPEATED, 3),
        (["7", "8", "3", "4"], reasons.SERIAL_FALLS, 3),
    ],
)
def test_gaps_repeats_and_falls_are_told(serials: list[str], reason: str, row: int) -> None:
    book = births(*((serial, "1987-01-02") for serial in serials))
    assert told(check_book(BIRTHS, book)) == [(row, "so", reason)]


def test_a_misread_serial_is_doubted_alone_and_its_neighbours_say_what_it_was() -> None:
    book = births(*((serial, "1987-01-02") for serial in ("12", "73", "14", "15")))
    checked = check_book(BIRTHS, book)
    assert told(checked) == [(2, "so", reasons.SERIAL_GAP)]
    serial = checked[1].fields[0]
    assert serial.value == "73"
    assert serial.alternatives[0].text == "13"


def test_an_unread_serial_is_offered_by_its_neighbours() -> None:
    book = births(*((serial, "1987-01-02") for serial in ("12", "", "14")))
    assert check_book(BIRTHS, book)[1].fields[0].alternatives[0].text == "13"


def test_numbering_begins_again_with_a_new_year() -> None:
    book = births(("51", "1986-12-30"), ("1", "1987-01-04"), ("2", "1987-01-05"))
    assert told(check_book(BIRTHS, book)) == []


def test_a_serial_with_bis_is_no_repeat() -> None:
    book = births(*((serial, "1987-01-02") for serial in ("45", "45 bis", "46")))
    assert told(check_book(BIRTHS, book)) == []


def test_a_registration_that_falls_is_told_where_it_is_out_of_order() -> None:
    late = births(("1", "1987-01-02"), ("2", "1987-05-02"), ("3", "1987-01-09"))
    early = births(("1", "1987-03-02"), ("2", "1987-03-09"), ("3", "1987-01-09"))
    assert told(check_book(BIRTHS, late)) == [(2, "ngayDangKy", reasons.DATE_FALLS)]
    assert told(check_book(BIRTHS, early)) == [(3, "ngayDangKy", reasons.DATE_FALLS)]


def test_a_partial_date_falls_only_when_it_must() -> None:
    book = births(("1", "1987-03-02"), ("2", "1987"), ("3", "1987-03"))
    assert told(check_book(BIRTHS, book)) == []


def test_parcels_rise_within_their_sheet() -> None:
    rows = [("12", "44"), ("12", "45"), ("12", "7"), ("13", "1"), ("13", "2")]
    book = [record(i, to_ban_do_so=s, thua_dat_so=t) for i, (s, t) in enumerate(rows, 1)]
    assert told(check_book(PARCELS, book)) == [(3, "thua_dat_so", reasons.NUMBER_FALLS)]


def test_a_ditto_mark_at_the_head_of_a_page_takes_the_last_row_before() -> None:
    waiting = [Doubt("nksDanToc", reasons.DITTO_UNRESOLVED)]
    last = record(1, page=1, so="1", nksDanToc="Kinh")
    head = record(1, waiting, 2, so="2", nksDanToc='"')
    next_ = record(2, waiting, 2, so="3", nksDanToc="nt")
    checked = check_book(BIRTHS, [last, head, next_])
    for one in checked[1:]:
        assert one.fields[1].raw == "Kinh"
        assert one.fields[1].value == "Kinh"
        assert one.doubts == (Doubt("nksDanToc", reasons.DITTO),)


def test_a_ditto_mark_with_nothing_before_it_stays_open() -> None:
    waiting = (Doubt("nksDanToc", reasons.DITTO_UNRESOLVED),)
    [only] = check_book(BIRTHS, [record(1, waiting, nksDanToc='"')])
    assert only.fields[0].raw == '"'
    assert only.doubts == waiting


def test_checking_twice_says_nothing_twice() -> None:
    book = births(*((serial, "1987-01-02") for serial in ("1", "5", "5", "2")))
    once = check_book(BIRTHS, book)
    assert check_book(BIRTHS, once) == once
