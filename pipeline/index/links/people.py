"""The people of a record, as far as they can be compared with those of another."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.index.rules import search_rules
from pipeline.letters import nfc, syllables
from pipeline.values import Book, FieldValue, Record

_NAME = "HoTen"
_YEAR = re.compile(r"(1[89]\d\d|20\d\d)(-\d\d)?(-\d\d)?")
_AGE = re.compile(r"(\d{1,3})\s*(?:tuổi)?")
_PAPER = re.compile(r"\d{9}|\d{12}")
_PLACES = ("NoiCuTru", "QueQuan", "NoiSinh")
_FEMALE, _MALE = frozenset({"mother", "wife"}), frozenset({"father", "husband"})
_MAX_READINGS = 4  # of a name: the value, and what the reader also thought possible

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One person of one record.

    Attributes:
        record: the record's id.
        role: part of the person in it: self, mother, husband, …
        text: the name as it is shown.
        names: readings of it in syllables, the likeliest first.
        sex: "1" male, "2" female; empty when the record does not say.
        born: first and last year in which the birth may lie; None when unknown.
        date: of birth, as precise as the record: ISO 8601 partial; empty when only an age is told.
        places: where the record says that the person lives or comes from, and the book's place.
        paper: number of an identity paper; empty without one.
        others: names of the other people of the record, in syllables.
        event: year of what the record is about; 0 when unknown.
        died: year of death; 0 when the record tells none.
    """

    record: str
    role: str
    text: str
    names: tuple[Words, ...]
    sex: str
    born: tuple[int, int] | None
    date: str
    places: tuple[str, ...]
    paper: str
    others: tuple[Words, ...]
    event: int
    died: int


def people(record: Record, book: Book) -> list[Person]:
    """Return the people of a record whose names are known."""
    rules = search_rules()
    fields = {field.key: field for field in record.fields}
    named = {
        key: role
        for key, role in rules.names.items()
        if key.endswith(_NAME) and key in fields and _said(fields, key)
    }
    event = _event(fields, book)
    died = _year(_said(fields, "nktNgayChet"))
    return [
        Person(
            record=record.id,
            role=role,
            text=_said(fields, key),
            names=_readings(fields[key]),
            sex=_sex(fields, key.removesuffix(_NAME), role),
            born=_born(_said(fields, key.replace(_NAME, "NgaySinh")), event),
            date=_date(_said(fields, key.replace(_NAME, "NgaySinh"))),
            places=_places(fields, key.removesuffix(_NAME), book),
            paper=_paper(_said(fields, key.replace(_NAME, "SoGiayToTuyThan"))),
            others=tuple(_readings(fields[other])[0] for other in named if other != key),
            event=event,
            died=died if key == "nktHoTen" else 0,
        )
        for key, role in named.items()
    ]


def _said(fields: dict[str, FieldValue], key: str) -> str:
    return nfc(fields[key].value or fields[key].raw).strip() if key in fields else ""


def _readings(field: FieldValue) -> tuple[Words, ...]:
    texts = (field.value or field.raw, *(other.text for other in field.alternatives))
    found = (syllables(text) for text in texts[:_MAX_READINGS])
    return tuple(dict.fromkeys(words for words in found if words)) or ((),)


def _sex(fields: dict[str, FieldValue], prefix: str, role: str) -> str:
    if role in _FEMALE:
        return "2"
    if role in _MALE:
        return "1"
    told = _said(fields, f"{prefix}GioiTinh")
    return told if told in ("1", "2") else ""


def _event(fields: dict[str, FieldValue], book: Book) -> int:
    told = _year(_said(fields, "nktNgayChet")) or _year(_said(fields, "ngayDangKy"))
    return told or (book.years[0] if book.years[0] == book.years[1] else 0)


def _year(text: str) -> int:
    hit = _YEAR.match(text)
    return int(hit[1]) if hit else 0


def _date(text: str) -> str:
    hit = _YEAR.match(text)
    return hit[0] if hit else ""


def _born(text: str, event: int) -> tuple[int, int] | None:
    """Return the years of birth; an age counts from the event, and by tradition one year more."""
    year = _year(text)
    if year:
        return year, year
    age = _AGE.fullmatch(text)
    if age and event:
        return event - int(age[1]) - 1, event - int(age[1]) + 1
    return None


def _places(fields: dict[str, FieldValue], prefix: str, book: Book) -> tuple[str, ...]:
    texts: Iterable[str] = (_said(fields, f"{prefix}{part}") for part in _PLACES)
    return tuple(dict.fromkeys(text for text in (*texts, nfc(book.place)) if text))


def _paper(text: str) -> str:
    return text if _PAPER.fullmatch(text) else ""
