from dataclasses import replace

import pytest

from pipeline.index.query import readings
from pipeline.index.rescue import likely_books, rows_to_see
from pipeline.values import Book, Doubt
from tests.index.index_books import BIRTHS, DEATHS, MARRIAGES, PARCELS, birth

UNKNOWN = Book("x-1", "", "", (0, 0), "")
BOOKS = [UNKNOWN, PARCELS, MARRIAGES, DEATHS, BIRTHS]


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("khai sinh lan 1987", BIRTHS, {UNKNOWN.accession}),
        ("lan 1987 xã vân trung", BIRTHS, {UNKNOWN.accession}),
        ("lan 1987", BIRTHS, {DEATHS.accession, UNKNOWN.accession}),
        ("kết hôn lan 1990", MARRIAGES, {UNKNOWN.accession}),
        ("khai sinh lan 1989", BIRTHS, {UNKNOWN.accession}),  # registered a year late
        ("khai sinh lan 1950", UNKNOWN, set()),
    ],
)
def test_the_books_that_should_hold_it_come_by_kind_place_and_years(text, first, others):
    found = likely_books(readings(text), BOOKS)
    assert found[0] == first
    assert {book.accession for book in found[1:]} == others


def test_a_name_alone_makes_no_book_likelier_than_another():
    assert likely_books(readings("nguyen thi lan"), BOOKS) == []


def test_rows_next_to_the_number_are_to_be_seen_until_a_person_has():
    rows = [birth(row, "Lan", so=str(row)) for row in range(1, 8)]
    (query,) = readings("số 4 năm 1987")
    assert [one.row for one in rows_to_see(query, rows, ())] == [3, 4, 5]
    assert [one.row for one in rows_to_see(query, rows, [rows[3].id])] == [3, 5]


def test_rows_with_a_doubtful_name_are_to_be_seen():
    sure, doubtful = birth(1, "Lan"), birth(2, "Lam")
    doubtful = replace(doubtful, doubts=(Doubt("nksHoTen", "unsure"),))
    other = replace(birth(3, "Mai"), doubts=(Doubt("nksDanToc", "unsure"),))
    (query,) = readings("quach dinh bao 1987")
    assert rows_to_see(query, [sure, doubtful, other], ()) == [doubtful]
