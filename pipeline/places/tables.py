"""The tables as files: those that come with the program, and what an office added to its archive.

`schemas/places/units.tsv.gz` and `events.tsv.gz` are made by `scripts/make_places.py`; a unit's
number is its row. What an office knows better stands in the archive in the form of `form.py`.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from sys import intern
from typing import Literal, cast

from pipeline.places.form import apply, read_own
from pipeline.places.history import Places
from pipeline.places.units import Event, EventKind, Share, Unit, read_when, tell_when
from pipeline.places.written import FOLDER
from pipeline.settings import shipped

UNITS, EVENTS = "units.tsv.gz", "events.tsv.gz"
_CHECKED: dict[bool, Literal["", "?"]] = {True: "", False: "?"}


@cache
def shipped_places() -> Places:
    """Return the places that come with the program."""
    return read_tables(shipped("schemas") / FOLDER)


def load_places(archive: Path | None = None) -> Places:
    """Return the places that come with the program, and the archive's own.

    Raises:
        StorageError: the archive's own places cannot be read.
    """
    rows = read_own(archive) if archive else ()
    return apply(rows, shipped_places()) if rows else shipped_places()


def read_tables(folder: Path) -> Places:
    """Read units and events."""
    units = [_unit(number, row) for number, row in enumerate(_rows(folder / UNITS))]
    return Places(units, [_event(row) for row in _rows(folder / EVENTS)])


def write_tables(folder: Path, places: Places) -> None:
    """Write units and events; the same places are the same bytes."""
    _write(folder / UNITS, (_unit_row(unit) for unit in places.units))
    _write(folder / EVENTS, (_event_row(event) for event in places.events))


def _unit(number: int, row: Sequence[str]) -> Unit:
    level, name, parent, since, until, spellings, codes, source, checked = row
    return Unit(
        number,
        intern(level),
        name,
        int(parent) if parent else -1,
        read_when(since),
        read_when(until),
        tuple(spellings.split("|")) if spellings else (),
        tuple(codes.split()),
        intern(source),  # few are many times the same
        checked != "?",
    )


def _unit_row(unit: Unit) -> list[str]:
    return [
        unit.level,
        unit.name,
        "" if unit.parent < 0 else str(unit.parent),
        tell_when(unit.since),
        tell_when(unit.until),
        "|".join(unit.spellings),
        " ".join(unit.codes),
        unit.source,
        _CHECKED[unit.checked],
    ]


def _event(row: Sequence[str]) -> Event:
    kind, date, old, new, share, note, source, checked = row
    return Event(
        cast(EventKind, intern(kind)),
        read_when(date),
        int(old),
        int(new),
        cast(Share, intern(share)),
        intern(note),
        intern(source),
        checked != "?",
    )


def _event_row(event: Event) -> list[str]:
    return [
        event.kind,
        tell_when(event.date),
        str(event.old),
        str(event.new),
        event.share,
        event.note,
        event.source,
        _CHECKED[event.checked],
    ]


def _rows(file: Path) -> Iterator[list[str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.reader(stream, delimiter="\t")


def _write(file: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    file.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))  # the same bytes each time
