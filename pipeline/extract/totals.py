"""What a book says of itself on its cover and closing page, against what was found in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.extract.form import Form
from pipeline.extract.sequence import leading_number, value_of
from pipeline.values import Record


@dataclass(frozen=True, slots=True)
class Declared:
    """What the closing page of a book declares; None where it says nothing that can be read.

    Attributes:
        page: number of the scan that says it.
        pages: written in all, likewise `entries`.
        first: serial of the first entry, likewise `last`.
    """

    page: int
    pages: int | None
    entries: int | None
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """The serials of one year's entries.

    Attributes:
        year: four digits; empty when no date of registration could be read.
        missing: first and last of each run of serials that no entry has, from the least that was
            found (or is declared) to the greatest; ascending.
        repeated: serials that several entries have, as written.
    """

    year: str
    missing: tuple[tuple[int, int], ...]
    repeated: tuple[str, ...]


def declared(forms: Mapping[str, Form], records: Iterable[Record]) -> Declared | None:
    """Return what the last closing page among a book's records says; None when there is none.

    A cover that has no totals is not asked.
    """
    told = None
    for record in records:
        if not forms[record.form].about_book:
            continue
        pages, entries, first, last = (
            leading_number(value_of(record, key))
            for key in ("tongSoTrang", "tongSoTruongHop", "tuSo", "denSo")
        )
        if pages is not None or entries is not None or last is not None:
            told = Declared(record.page, pages, entries, first, last)
    return told


def series_of(
    forms: Mapping[str, Form], records: Sequence[Record], said: Declared | None = None
) -> list[Series]:
    """Return the serials of a book by year, in the order of the book.

    Only forms whose serials rise by one have any. What the closing page declares counts where
    the book has one year alone: with several it does not say which of them it means.
    """
    runs = _runs(forms, records)
    return [_series(run, said if len(runs) == 1 else None) for run in runs]


def _runs(forms: Mapping[str, Form], records: Iterable[Record]) -> list[list[tuple[str, str]]]:
    """Return year and serial of the entries; a run ends where the year rises and the serial falls.

    Either alone is a misread date or a misread serial.
    """
    runs: list[list[tuple[str, str]]] = [[]]
    before, latest = 0, ""
    for record in records:
        rule = next((one for one in forms[record.form].rules if one.name == "rises_by_one"), None)
        serial = value_of(record, rule.key) if rule else ""
        number = leading_number(serial)
        if rule is None or number is None:
            continue
        year = value_of(record, rule.other)[:4] if rule.other else ""
        if runs[-1] and number < before and year > latest:
            runs.append([])
        runs[-1].append((year, serial))
        before, latest = number, year or latest
    return [run for run in runs if run]


def _series(run: Sequence[tuple[str, str]], said: Declared | None) -> Series:
    years = Counter(year for year, _serial in run if year)
    serials = [serial for _year, serial in run]
    read = [leading_number(serial) or 0 for serial in serials]
    settled = _as_their_neighbours_say(read)
    known = set(settled)
    least = min(said.first if said and said.first is not None else min(known), *known)
    most = max(said.last if said and said.last is not None else max(known), *known)
    kept = Counter(s for s, one, two in zip(serials, read, settled, strict=True) if one == two)
    stops = [least - 1, *sorted(known), most + 1]
    return Series(
        years.most_common(1)[0][0] if years else "",
        tuple((one + 1, two - 1) for one, two in pairwise(stops) if two - one > 1),
        tuple(serial for serial, count in kept.items() if count > 1),
    )


def _as_their_neighbours_say(numbers: Sequence[int]) -> list[int]:
    """Return the numbers, one that both neighbours deny as what they ask for.

    It is misread, and doubted as that: its entry is not missing.
    """
    said = list(numbers)
    for index in range(1, len(numbers) - 1):
        if numbers[index + 1] == said[index - 1] + 2:
            said[index] = said[index - 1] + 1
    return said
