"""What reading tells about pages: which seem to be another book's, which hide something."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from rapidfuzz.fuzz import partial_ratio

from pipeline.letters import fold, words
from pipeline.quality.profiles import Card
from pipeline.quality.verdict import Finding
from pipeline.values import Book, FieldValue, PageReading

SURE = 0.9  # confidence of a field, or of a form, that may speak against a page
NEIGHBOURS = 6  # pages around one that tell what the book looks like
AGREE = 0.75  # share of them that must have one form, and at least `FEWEST`
FEWEST = 3
ALIKE = 80.0  # of 100: a name of a place as it was read beside the card's
_NUMBER = re.compile(r"\d+")
_LEVELS = frozenset(
    ["thon", "xom", "ap", "to", "dan", "pho", "khu", "xa", "phuong", "thi", "tran", "huyen", "quan"]
) | frozenset(["tinh", "thanh", "ubnd", "uy", "ban", "nhan"])  # and whose register it is


def book_findings(
    book: Book,
    readings: Mapping[int, Sequence[PageReading]],
    card: Card,
    titles: Mapping[str, str],
) -> dict[int, list[Finding]]:
    """Return for each page, by number, what speaks against its being a whole page of this book.

    Args:
        readings: of each page that was read, its sides; in the order of the book.
        card: which fields stand on the book's card too.
        titles: of the forms, by id.
    """
    forms = {at: form for at, sides in enumerate(readings.values()) if (form := _form(sides))}
    return {
        number: [
            *(
                Finding("wrong_form", titles[own], titles[usual])
                for own, usual in _other_form(book, at, sides, forms)
            ),
            *_other_book(book, [one for side in sides for one in _fields(side)], card),
            *[Finding("pasted_slip")] * any(side.slips for side in sides),
        ]
        for at, (number, sides) in enumerate(readings.items())
    }


def _form(sides: Sequence[PageReading]) -> str:
    """Return the form that a page surely has; empty when that is not sure."""
    return next((side.form for side in sides if side.form_confidence >= SURE), "")


def _fields(side: PageReading) -> Iterator[FieldValue]:
    return (field for record in side.records for field in record.fields)


def _other_form(
    book: Book, at: int, sides: Sequence[PageReading], forms: Mapping[int, str]
) -> Iterator[tuple[str, str]]:
    """Yield the form that the page at a place has, and the one that it should have."""
    if book.form:
        others = {side.other_form for side in sides} - {""}
        if others:
            yield min(others), book.form
        return
    own = forms.get(at)
    near = sorted((other for other in forms if other != at), key=lambda one: abs(one - at))
    around = Counter(forms[other] for other in near[:NEIGHBOURS])
    usual, count = around.most_common(1)[0] if around else ("", 0)
    if own and own != usual and count >= max(FEWEST, AGREE * around.total()):
        yield own, usual


def _other_book(book: Book, fields: Sequence[FieldValue], card: Card) -> Iterator[Finding]:
    first, last = book.years
    checks: tuple[tuple[str, tuple[str, ...], Callable[[str], bool | None], str], ...] = (
        ("wrong_volume", card.volume, partial(_is_volume, book.volume), book.volume),
        ("wrong_year", card.registered, partial(_is_year, book.years), _years(first, last)),
        ("wrong_place", card.place, partial(_is_place, book.place), book.place),
    )
    for name, keys, fits, asked in checks:
        sure = [one for one in fields if one.key in keys and one.confidence >= SURE and one.value]
        told = [(one.value, fits(one.value)) for one in sure]
        against = [value for value, is_fit in told if is_fit is False]
        # one misread entry of many must not speak for the page
        if len(against) > sum(is_fit is True for _value, is_fit in told):
            yield Finding(name, Counter(against).most_common(1)[0][0], asked)


def _years(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _is_volume(volume: str, read: str) -> bool | None:
    """Compare "01" on a card with "1/1987" on a page; None where no number stands."""
    numbers = [_NUMBER.search(text) for text in (volume, read)]
    if None in numbers:
        return None
    return len({int(number.group()) for number in numbers if number}) == 1


def _is_year(years: tuple[int, int], date: str) -> bool | None:
    year = date[:4]
    return years[0] <= int(year) <= years[1] if year.isdecimal() and len(year) == 4 else None


def _is_place(place: str, read: str) -> bool | None:
    """Compare the card's lowest unit with a place that may be written out further."""
    lowest = place.split(",")[0]
    name = " ".join(word for word in words(lowest) if word not in _LEVELS)
    return partial_ratio(name, fold(read)) >= ALIKE if name else None
