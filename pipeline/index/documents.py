"""What is searched of a record: names by role, years, places, numbers; one for all back ends."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.index.rules import SearchRules, search_rules
from pipeline.letters import nfc
from pipeline.values import Book, FieldValue, Record, Rights, Side

_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?$")
_AGE = re.compile(r"^(\d{1,3})\s*(?:tuổi)?$")
_MAX_BOOK_YEARS = 12
_MAX_ALTERNATIVES = 3  # of one field; more would index noise


class Name(NamedTuple):
    """A person's name in a record; an alternative is what the reader also thought possible."""

    key: str
    role: str
    text: str
    is_alternative: bool = False


class Year(NamedTuple):
    """A year in a record. `event` is birth, death, registration, book, or the role it belongs to.

    `spread` is how many years it may be off: 0 when written, 1 when made from an age. `date` is
    as precise as the book (ISO 8601 partial), empty when no more than the year is known.
    """

    key: str
    event: str
    year: int
    spread: int = 0
    date: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A record as search sees it.

    Attributes:
        id: the record's id.
        place: the book's place as its card writes it (NFC); rights go by it.
        kind: kind of book (birth, death, land, …); empty when the form is unknown.
        page: number of the scan, counted from 1.
        places: field key and text, as written; the book's own place has an empty key.
        numbers: part (number, volume, page, sheet, parcel), field key and number as
            `plain_number` leaves it; what the book's card says has an empty key.
        revision: of two documents with one id the higher one is the newer.
    """

    id: str
    accession: str
    place: str
    form: str
    kind: str
    page: int
    side: Side | None
    names: tuple[Name, ...]
    years: tuple[Year, ...]
    places: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str, str], ...]
    revision: int = 0


def document(record: Record, book: Book, revision: int = 0) -> Document:
    """Return what is searched of a record."""
    rules = search_rules()
    form = record.form or book.form
    return Document(
        id=record.id,
        accession=book.accession,
        place=nfc(book.place),
        form=form,
        kind=rules.kind_of(form),
        page=record.page,
        side=record.side,
        names=tuple(_names(record, rules)),
        years=tuple(_years(record, book, rules)),
        places=tuple(_places(record, book, rules)),
        numbers=tuple(_numbers(record, book, rules)),
        revision=revision,
    )


def may_see(rights: Rights, accession: str, place: str, kind: str) -> bool:
    """Say whether rights leave the entries of that kind in a book of that place open."""
    return (
        (rights.places is None or nfc(place) in rights.places)
        and (rights.kinds is None or kind in rights.kinds)
        and accession not in rights.closed
    )


def plain_number(text: str) -> str:
    """Return a number without its year, leading zeros and case: `02/1987` → 2, `45A` → 45a."""
    letters = "".join(letter for letter in nfc(text.split("/")[0]).lower() if letter.isalnum())
    return letters.lstrip("0") or letters[:1]


def years_in(text: str) -> list[int]:
    """Return the years (1800 to 2099) that stand in a text."""
    return [int(year) for year in _YEAR.findall(text)]


def _texts(field: FieldValue) -> list[str]:
    """Return a field's value, then its alternatives; no text twice."""
    others = (other.text for other in field.alternatives[:_MAX_ALTERNATIVES])
    said = (nfc(text).strip() for text in (field.value or field.raw, *others))
    return [text for text in dict.fromkeys(said) if text]


def _names(record: Record, rules: SearchRules) -> Iterator[Name]:
    for field in record.fields:
        role = rules.names.get(field.key)
        if role is None:
            continue
        for index, text in enumerate(_texts(field)):
            yield Name(field.key, role, text, is_alternative=index > 0)


def _years(record: Record, book: Book, rules: SearchRules) -> list[Year]:
    fields = [field for field in record.fields if field.key in rules.years]
    written = [
        Year(field.key, rules.years[field.key], year, date=text if _DATE.match(text) else "")
        for field in fields
        for text in _texts(field)
        for year in years_in(text)[:1]
    ]
    registered = next((item.year for item in written if item.event == "registration"), None)
    first, last = book.years
    if registered is None and first == last:
        registered = first
    if not any(item.event in ("birth", "death", "registration") for item in written):
        written += [Year("", "book", year) for year in _book_years(first, last)]
    if registered is not None:
        written += [
            Year(field.key, rules.years[field.key], registered - int(age.group(1)), spread=1)
            for field in fields
            if (age := _AGE.match(field.value or field.raw))
        ]
    return list(dict.fromkeys(written))


def _book_years(first: int, last: int) -> Iterable[int]:
    """Return the years of a book, of a long one the ends: an entry cannot stand for a century."""
    years = range(first, last + 1) if last - first < _MAX_BOOK_YEARS else (first, last)
    return (year for year in years if year)


def _places(record: Record, book: Book, rules: SearchRules) -> Iterator[tuple[str, str]]:
    if book.place:
        yield "", nfc(book.place)
    for field in record.fields:
        if field.key in rules.places:
            yield from ((field.key, text) for text in _texts(field)[:1])


def _numbers(record: Record, book: Book, rules: SearchRules) -> list[tuple[str, str, str]]:
    found = [
        (rules.numbers[field.key], field.key, number)
        for field in record.fields
        if field.key in rules.numbers
        for text in _texts(field)
        if (number := plain_number(text))
    ]
    if book.volume and (volume := plain_number(book.volume)):
        found.append(("volume", "", volume))
    return list(dict.fromkeys(found))
