"""Pages that seem to be another book's: form, volume, year, place."""

from dataclasses import replace

import pytest

from pipeline.quality.book import book_findings
from pipeline.quality.profiles import load_rules
from pipeline.values import Book, FieldValue, PageReading, Record

BOOK = Book("ks", "", "Xã Vân Trung", (1987, 1988), "02")
TITLES = {"birth_form": "Sổ khai sinh", "death_form": "Sổ khai tử"}
OUTLINE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


def side(form: str = "birth_form", *entries: dict[str, str], sure: float = 0.99) -> PageReading:
    records = tuple(
        Record(
            f"ks/1/-/{row}", form, 1, None, row, OUTLINE,
            tuple(FieldValue(key, text, text, sure, 1, OUTLINE) for key, text in entry.items()),
        )
        for row, entry in enumerate(entries, 1)
    )  # fmt: skip
    return PageReading(None, 0, 0.0, form, 0.97, OUTLINE, records=records)


def test_a_slip_on_a_page_hides_something() -> None:
    told = found(side(), replace(side(), slips=(OUTLINE,)))
    assert told == {2: [("pasted_slip", "", "")]}


def found(*pages: PageReading, book: Book = BOOK) -> dict[int, list[tuple[str, str, str]]]:
    readings = {number: (page,) for number, page in enumerate(pages, 1)}
    told = book_findings(book, readings, load_rules().card, TITLES)
    return {number: [tuple(one) for one in some] for number, some in told.items() if some}


@pytest.mark.parametrize(
    "key, right, wrong, name",
    [
        ("quyenSo", ["2", "02/1987", "02"], "03/1987", "wrong_volume"),
        ("ngayDangKy", ["1987-03-02", "1988"], "1993-05-01", "wrong_year"),
        ("noiDangKy", ["xã Vân Trung, Việt Yên", "vân trung"], "UBND xã Nếnh", "wrong_place"),
    ],
)  # fmt: skip
def test_what_the_page_says_otherwise_than_the_card_is_told(
    key: str, right: list[str], wrong: str, name: str
) -> None:
    for text in right:
        assert found(side("birth_form", {key: text})) == {}
    ((told, value, _asked),) = found(side("birth_form", {key: wrong}))[1]
    assert (told, value) == (name, wrong)


def test_a_doubtful_field_speaks_against_no_page() -> None:
    assert found(side("birth_form", {"quyenSo": "07"}, sure=0.8)) == {}


def test_one_misread_entry_of_many_speaks_against_no_page() -> None:
    dates = [{"ngayDangKy": text} for text in ("1987-01-02", "1937-01-03", "1987-01-04")]
    assert found(side("birth_table", *dates)) == {}
    other = [{"ngayDangKy": text} for text in ("1993-01-02", "1987-01-03", "1993-01-04")]
    assert [name for name, *_rest in found(side("birth_table", *other))[1]] == ["wrong_year"]


def test_a_page_of_another_form_than_its_neighbours_is_told() -> None:
    pages = [side() for _page in range(6)]
    pages[3] = side("death_form")
    assert found(*pages) == {4: [("wrong_form", "Sổ khai tử", "Sổ khai sinh")]}


def test_where_a_book_goes_over_to_another_form_no_page_is_told() -> None:
    assert found(*[side()] * 6, *[side("death_form")] * 6) == {}


def test_few_neighbours_say_nothing() -> None:
    assert found(side(), side("death_form"), side()) == {}


def test_a_page_that_fits_another_form_than_the_cards_is_told() -> None:
    card = replace(BOOK, form="birth_form")
    odd = replace(side(), other_form="death_form")
    assert found(side(), odd, book=card) == {2: [("wrong_form", "Sổ khai tử", "Sổ khai sinh")]}
